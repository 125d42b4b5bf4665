//! Asking for the end of a contract (X1, C5), what another decides about it (C6), and taking it back (X11).

use super::{history_add, hold};
use crate::{
    Ctx, Error, Result,
    billing::{
        exit_bill::{exit_funds, exit_owed},
        meter::exit_readings_revoke,
        post,
        rule::billing_rule,
        run::charges_until,
    },
    ctx::{Tx, china_day, connection},
    error::stored,
    platform::calendar::calendar_load,
    tenancy::{
        assignment::opinion_check,
        contract::{self, terms::billed_read_one},
    },
};
use domain::{
    dictionary::{ContractStatus, ExitStatus},
    failure::Failure,
    id::{ContractId, ExitId, UnitId},
    platform::permission::Permission,
    tenancy::{
        contract_status::ContractEvent,
        exit::{ExitEvent, ExitForm, ExitOffer, ExitTerm},
    },
    value::{Area, Money, Rate},
};

/// What is told where an exit is under way.
const IS_LEAVING: &str = "该合同已有办理中的退租";

/// What the form shows of a contract (S0-17).
///
/// # Errors
/// Without [`Permission::ContractWrite`]; [`Failure::NotFound`] outside the scope; a refusal of one that cannot end.
pub async fn exit_offer(ctx: &Ctx, contract: ContractId) -> Result<ExitOffer> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        r#"select c.contract_no, c.status, c.lessee_name, c.id_number_mask, m.name as mgmt_unit, c.unit_id,
                  e.name || ' ' || c.address as "place!", c.building_area, c.usable_area, c.unit_rate, c.account_id,
                  contract_rent_on(c.id, $2, c.monthly_rent_fen) as "monthly_rent_fen!"
           from contract c join organization m on m.id = c.lessor_id join estate e on e.id = c.estate_id
           where c.id = $1 and c.deleted_at is null"#,
        contract.0,
        ctx.today()
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let status = stored(&row.status, ContractStatus::from_code)?;
    status.next(ContractEvent::RequestCancel).map_err(Failure::from)?;
    let account = row.account_id.ok_or(Failure::NotFound)?;
    let offer = ExitOffer {
        contract_id: contract,
        contract_no: row.contract_no,
        status,
        lessee: row.lessee_name,
        id_number_mask: row.id_number_mask,
        mgmt_unit: row.mgmt_unit,
        unit_id: UnitId(row.unit_id),
        place: row.place,
        building_area: Area::from_hundredths(row.building_area.into()),
        usable_area: Area::from_hundredths(row.usable_area.into()),
        unit_rate: Rate::from_ten_thousandths(row.unit_rate.into()),
        monthly_rent: Money::from_fen(row.monthly_rent_fen),
        funds: exit_funds(&mut tx, account).await?,
        term: term(&mut tx, ctx, contract.0, account).await?,
    };
    tx.commit().await?;
    Ok(offer)
}

/// The days between which a contract can end, and what is owed today.
async fn term(tx: &mut Tx, ctx: &Ctx, contract: i64, account: i64) -> Result<ExitTerm> {
    let days = sqlx::query!(
        r#"select greatest(c.start_on, h.handed_on) as "from!", c.end_on from contract c
           left join hand_over h on h.contract_id = c.id where c.id = $1"#,
        contract
    )
    .fetch_one(connection(tx))
    .await?;
    let owed = exit_owed(tx, account, ctx.today()).await?;
    Ok(ExitTerm { from: days.from, end_on: days.end_on, today: ctx.today(), owed })
}

/// Asks for the end of a contract that runs or whose term is over (C5, X1).
///
/// # Errors
/// Complaints by field; a refusal of one that cannot end, and while an exit of it is under way.
pub async fn exit_create(ctx: &Ctx, contract: ContractId, form: &ExitForm) -> Result<ExitId> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let held = contract::hold(&mut tx, contract).await?;
    if held.status == ContractStatus::CancelPending || held.status == ContractStatus::CancelSyncing {
        return Err(Failure::refused(IS_LEAVING).into());
    }
    let account = sqlx::query_scalar!("select account_id from contract where id = $1", held.id)
        .fetch_one(connection(&mut tx))
        .await?
        .ok_or_else(|| Failure::refused(format!("合同状态为“{}”，不能办理退租", held.status)))?;
    let term = term(&mut tx, ctx, held.id, account).await?;
    let fields = form.check(term)?;
    contract::cancel_request(&mut tx, ctx, &held, &fields.reason).await?;
    let id = sqlx::query_scalar!(
        "insert into exit_case (district_id, estate_id, unit_id, contract_id, account_id, type, exit_on, reason, remark, maker_id, made_at)
         select district_id, estate_id, unit_id, id, account_id, $2, $3, $4, $5, $6, $7 from contract where id = $1 returning id",
        held.id,
        fields.kind.code(),
        fields.exit_on,
        fields.reason,
        fields.remark,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(|error| match error {
        sqlx::Error::Database(taken) if taken.constraint() == Some("exit_case_open_key") => {
            Failure::refused(IS_LEAVING).into()
        }
        error => Error::from(error),
    })?;
    history_add(&mut tx, ctx, id, "申请退租", (None, ExitStatus::Applied), Some(&fields.reason)).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(ExitId(id))
}

/// Agrees to an exit or refuses it (C6, S1-5.6): refused, the contract goes on; agreed to, rent goes on until the
/// day of the exit.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal of one's own; a missing opinion when it is refused.
pub async fn exit_decide(ctx: &Ctx, id: ExitId, version: i32, approve: bool, opinion: &str) -> Result<ExitStatus> {
    ctx.require(Permission::ContractCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    held.seen(version)?;
    if held.maker_id == ctx.actor().id.0 {
        return Err(Failure::refused("不能审批本人申请的退租").into());
    }
    let (event, of_contract) = if approve {
        (ExitEvent::Accept, ContractEvent::ApproveCancel)
    } else {
        (ExitEvent::Refuse, ContractEvent::RefuseCancel)
    };
    held.status.next(event)?;
    contract::cancel_decide(&mut tx, ctx, &held.contract, of_contract, opinion.as_deref()).await?;
    let next = held.status.next(event)?;
    sqlx::query!(
        "update exit_case set status = $2, checker_id = $3, checked_at = $4, opinion = $5, revoked_reason = $6, version = version + 1
         where id = $1",
        held.id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
        opinion.as_deref().filter(|_| !approve),
    )
    .execute(connection(&mut tx))
    .await?;
    history_add(&mut tx, ctx, held.id, event.label(), (Some(held.status), next), opinion.as_deref()).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(next)
}

/// Takes an exit back (X11) as long as its bill is not entered: the contract goes on, and the rent that was not charged
/// meanwhile is charged now.
///
/// # Errors
/// Without [`Permission::ExitRevoke`]; [`Failure::Conflict`]; a missing reason; a refusal once the money has moved.
pub async fn exit_revoke(ctx: &Ctx, id: ExitId, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::ExitRevoke)?;
    let reason = opinion_check(reason, true)?.unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    held.seen(version)?;
    held.status.next(ExitEvent::Revoke)?;
    if held.is_entered() {
        return Err(Failure::refused("退租账单已入账，不能撤销退租").into());
    }
    contract::cancel_decide(&mut tx, ctx, &held.contract, ContractEvent::RevokeCancel, Some(&reason)).await?;
    sqlx::query!(
        "update exit_case set status = 'REVOKED', revoked_reason = $2, version = version + 1 where id = $1",
        held.id,
        reason
    )
    .execute(connection(&mut tx))
    .await?;
    exit_readings_revoke(&mut tx, ctx, held.id).await?;
    let label = ExitEvent::Revoke.label();
    history_add(&mut tx, ctx, held.id, label, (Some(held.status), ExitStatus::Revoked), Some(&reason)).await?;
    // Until it was agreed to the months were charged; what was voided before stays so.
    let checked = sqlx::query_scalar!("select checked_at from exit_case where id = $1", held.id)
        .fetch_one(connection(&mut tx))
        .await?;
    if let Some(checked_on) = checked.map(china_day) {
        let rule = billing_rule(&mut tx, held.contract.district_id, ctx.today()).await?;
        let calendar = calendar_load(&mut tx).await?;
        let (contract, _) = billed_read_one(&mut tx, held.contract.id).await?;
        let mut missed = charges_until(&contract, ctx.today(), &rule, &calendar);
        missed.retain(|charge| charge.bill.to >= checked_on);
        for charge in &mut missed {
            // Nobody is late with what he was not asked for.
            charge.bill.due_on = charge.bill.due_on.max(ctx.today());
        }
        post(&mut tx, ctx, &missed, None, ctx.today()).await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}
