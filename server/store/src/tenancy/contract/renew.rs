//! 续签 (C9): entering the contract that follows another, and what becomes of the one before when it comes into force.

use super::{
    Held, history_add, hold, home_load,
    stay::require_settled,
    write::{Kept, enter},
};
use crate::{
    Ctx, Result,
    billing::{exit_bill::exit_funds, rule::billing_rule},
    ctx::{Tx, connection},
    error::stored,
    tenancy::change::change_is_open,
};
use chrono::NaiveDate;
use domain::{
    dictionary::ContractStatus,
    failure::Failure,
    id::{ContractId, PersonId},
    platform::permission::Permission,
    tenancy::{
        change::CHANGE_BEFORE_RENEWAL,
        contract_form::ContractForm,
        contract_status::ContractEvent,
        renewal::{RenewalOffer, deposit_due, follows, may_renew, without_assignment},
    },
    value::Money,
};

/// What the form of a renewal shows.
///
/// # Errors
/// Without [`Permission::ContractWrite`]; [`Failure::NotFound`] outside the scope; a refusal of one that cannot be renewed, or not
/// yet (PRM-31).
pub async fn contract_renewal_offer(ctx: &Ctx, id: ContractId) -> Result<RenewalOffer> {
    ctx.require(Permission::ContractWrite)?;
    let contract = super::contract_get(ctx, id).await?;
    may_renew(contract.row.status)?;
    let mut tx = ctx.begin().await?;
    let district = sqlx::query_scalar!("select district_id from contract where id = $1", id.0)
        .fetch_one(connection(&mut tx))
        .await?;
    let window = billing_rule(&mut tx, district, ctx.today()).await?.renewal;
    window.require_open(contract.row.end_on, ctx.today())?;
    let closed_on = window.closed_on(contract.row.end_on, ctx.today());
    let assessed = home_load(&mut tx, ctx, contract.row.unit_id.0).await.ok().map(|home| home.assessed);
    tx.commit().await?;
    Ok(RenewalOffer { contract, assessed, closed_on, today: ctx.today() })
}

/// Enters the contract that follows another; `submit` sends it to the approver at once. The rent is what the home's standard
/// asks for now.
///
/// # Errors
/// Complaints by field; a refusal of one that cannot be renewed, or not yet (PRM-31).
pub async fn contract_renew(ctx: &Ctx, id: ContractId, form: &ContractForm, submit: bool) -> Result<ContractId> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let before = hold(&mut tx, id).await?;
    may_renew(before.status)?;
    // The new contract would have lessee, account and last day as they were.
    if change_is_open(&mut tx, before.id).await? {
        return Err(Failure::refused(CHANGE_BEFORE_RENEWAL).into());
    }
    let rule = billing_rule(&mut tx, before.district_id, ctx.today()).await?;
    let fields = without_assignment(form).check(rule.lease_months)?;
    let row = sqlx::query!(
        r#"select person_id, end_on, greatest(end_on, stay_to) as "charged_to!", bank_name, bank_holder, bank_no, bank_no_mask
           from contract where id = $1"#,
        before.id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    rule.renewal.require_open(row.end_on, ctx.today())?;
    require_settled(&mut tx, before.id).await?;
    follows(fields.start_on, before.status, row.charged_to)?;
    let kept = Kept {
        bank_name: row.bank_name,
        bank_holder: row.bank_holder,
        bank_no: row.bank_no,
        bank_no_mask: row.bank_no_mask,
    };
    let home = home_load(&mut tx, ctx, before.unit_id).await?;
    let new = enter(&mut tx, ctx, &home, PersonId(row.person_id), &fields, Some((before.id, kept))).await?;
    let told = "续签原合同";
    history_add(&mut tx, ctx, new, "录入", (None, ContractStatus::Draft), Some(told)).await?;
    if submit {
        super::decide::submit(&mut tx, ctx, new, ContractStatus::Draft).await?;
    }
    tx.commit().await?;
    Ok(ContractId(new))
}

/// Whether a contract that was entered to follow another still does, with the day on which it would begin: the one before
/// can have gone another way meanwhile. Nothing to ask of a first contract. The home, and with it the one before, is locked.
///
/// # Errors
/// A refusal of one that cannot be renewed any more; a complaint about `start_on`.
pub(super) async fn succession_check(tx: &mut Tx, contract: i64, start_on: NaiveDate) -> Result<()> {
    let before = sqlx::query!(
        r#"select b.id, b.status, greatest(b.end_on, b.stay_to) as "charged_to!", b.person_id <> c.person_id
                  or exists (select from contract_change h where h.contract_id = b.id and h.kind in ('ACCOUNT', 'LESSEE')
                             and h.status = 'EFFECTIVE' and h.effective_at > c.created_at) as "other!"
           from contract c join contract b on b.id = c.prev_contract_id where c.id = $1"#,
        contract
    )
    .fetch_optional(connection(tx))
    .await?;
    if let Some(before) = before {
        let status = stored(&before.status, ContractStatus::from_code)?;
        may_renew(status)?;
        // One that was refused and is sent in again may be older than a change.
        if change_is_open(tx, before.id).await? {
            return Err(Failure::refused(CHANGE_BEFORE_RENEWAL).into());
        }
        if before.other {
            return Err(Failure::refused("原合同的承租人或扣款账户已变更，请重新办理续签").into());
        }
        follows(start_on, status, before.charged_to)?;
    }
    Ok(())
}

/// The one before gives way to the one that comes into force (C9): it is RENEWED, and who lives there does so under the new
/// one. Nothing to do for a first contract.
///
/// # Errors
/// The state machine's refusal, when the one before is being ended.
pub(super) async fn succeed(tx: &mut Tx, ctx: &Ctx, new: &Held) -> Result<bool> {
    let before = sqlx::query!("select prev_contract_id, start_on from contract where id = $1", new.id)
        .fetch_one(connection(tx))
        .await?;
    let Some(previous) = before.prev_contract_id else { return Ok(false) };
    let held = hold(tx, ContractId(previous)).await?;
    let next = held.status.next(ContractEvent::Renew).map_err(Failure::from)?;
    sqlx::query!(
        "update contract set status = $2, ended_on = least(greatest(end_on, stay_to), $3::date - 1), updated_at = $4, version = version + 1 where id = $1",
        held.id,
        next.code(),
        before.start_on,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("update binding set contract_id = $2 where contract_id = $1 and to_on is null", held.id, new.id)
        .execute(connection(tx))
        .await?;
    reduction_follows(tx, ctx, (held.id, new.id), "续签沿用").await?;
    history_add(tx, ctx, held.id, ContractEvent::Renew.label(), (Some(held.status), next), None).await?;
    Ok(true)
}

/// What is left of a rent reduction (E-56) goes on with the contract that follows: the same document, agreed to by the same
/// people. What it comes to follows from the rent of the new contract.
pub(super) async fn reduction_follows(tx: &mut Tx, ctx: &Ctx, (before, new): (i64, i64), event: &str) -> Result<()> {
    sqlx::query!(
        "with carried as (
             insert into rent_reduction (district_id, estate_id, request_id, contract_id, category, percent, standard_area, over_rate,
                                         from_on, to_on, doc_no, remark, full_fen, payable_fen, status, maker_id, made_at, checker_id,
                                         checked_at, opinion)
             select c.district_id, c.estate_id, gen_random_uuid(), c.id, d.category, d.percent, d.standard_area, d.over_rate,
                    greatest(d.from_on, date_trunc('month', c.start_on)::date), d.to_on, d.doc_no, d.remark, c.base_rent_fen,
                    least(c.monthly_rent_fen, rent_reduced(c.rent_area, c.unit_rate, d.percent, d.standard_area, d.over_rate)),
                    'APPROVED', d.maker_id, d.made_at, d.checker_id, d.checked_at, d.opinion
             from rent_reduction d join contract c on c.id = $2
             where d.contract_id = $1 and d.status = 'APPROVED' and d.to_on >= c.start_on
                 and least(c.monthly_rent_fen, rent_reduced(c.rent_area, c.unit_rate, d.percent, d.standard_area, d.over_rate)) < c.base_rent_fen
             order by d.id
             returning id, district_id, estate_id)
         insert into rent_reduction_history (district_id, estate_id, reduction_id, at, actor_id, event)
         select district_id, estate_id, id, $3, $4, $5 from carried",
        before,
        new,
        ctx.now(),
        ctx.actor_id(),
        event,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Of a deposit that a renewed contract asks for, what the account does not hold already or is asked for.
pub(super) async fn deposit_of(tx: &mut Tx, account: i64, wanted: Money) -> Result<Money> {
    let held = exit_funds(tx, account).await?.deposit;
    let asked = sqlx::query_scalar!(
        r#"select coalesce(sum(amount_fen - paid_fen), 0)::bigint as "fen!" from bill
           where account_id = $1 and kind = 'DEPOSIT' and decision is null"#,
        account
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(deposit_due(wanted, held + Money::from_fen(asked)))
}
