//! A swap on its day: both contracts are followed by one for the home of the other, or neither is.

use super::{
    super::{Held, apply::tell_anew, charged_from, renewal_is_open},
    side::{Party, cycle_on, obstacles, party},
};
use crate::{
    Ctx, Error, Result,
    billing::{post, rule::billing_rule, run::charges_until},
    ctx::{Tx, connection},
    housing::unit::unit_note,
    platform::calendar::calendar_load,
    tenancy::contract::{Following, hold_all, home_load, swap_end, swap_follow, terms::billed_read_one},
};
use domain::{
    dictionary::ContractStatus,
    failure::Failure,
    id::{ContractId, UnitId},
    tenancy::change::{ChangeEvent, ChangeStatus, NOT_IN_FORCE, RENEWAL_IS_OPEN},
    value::Money,
};

/// The two changes of a swap, in the order in which they were asked for.
fn pair(held: &Held) -> Result<[&Held; 2]> {
    let other = held.other.as_deref().ok_or_else(|| Error::Broken("a swap of one".to_owned()))?;
    Ok(if held.id < other.id { [held, other] } else { [other, held] })
}

async fn parties(tx: &mut Tx, held: &Held) -> Result<[Party; 2]> {
    let [first, second] = pair(held)?;
    Ok([party(tx, ContractId(first.contract)).await?, party(tx, ContractId(second.contract)).await?])
}

/// Whether both households and both homes still are as was asked for; the rents are those that two people look at.
///
/// # Errors
/// A refusal with the first thing that stands against it.
pub(in crate::tenancy::change) async fn ready(tx: &mut Tx, ctx: &Ctx, held: &Held) -> Result<()> {
    let [first, second] = pair(held)?;
    let parties = parties(tx, held).await?;
    let against = obstacles(tx, ctx, &parties, (held.effective_on, Some(first.id))).await?;
    if let Some(sentence) = against.into_iter().next() {
        return Err(Failure::refused(sentence).into());
    }
    for (change, party, other) in [(first, &parties[0], &parties[1]), (second, &parties[1], &parties[0])] {
        let home = home_load(tx, ctx, other.unit).await?;
        let agreed = sqlx::query_scalar!(
            r#"select (after ->> 'rent')::bigint as "rent!" from contract_change where id = $1"#,
            change.id
        )
        .fetch_one(connection(tx))
        .await?;
        if home.assessed.rent - party.reduction_of(&home) != Money::from_fen(agreed) {
            return Err(Failure::refused("住房的核定租金已与申请时不同，请重新办理调换").into());
        }
        if party.start_on >= change.effective_on || party.end_on <= change.effective_on {
            return Err(Failure::refused("调换日期不在租赁期限内，请重新办理调换").into());
        }
    }
    Ok(())
}

/// Exchanges the homes, in the transaction of its caller.
///
/// # Errors
/// A refusal when the contracts are not as they were when the swap was agreed to: neither is changed then.
pub(in crate::tenancy::change) async fn take_in(tx: &mut Tx, ctx: &Ctx, held: &Held) -> Result<ChangeStatus> {
    let next = held.status.next(ChangeEvent::Take)?;
    let changes = pair(held)?;
    let contracts = hold_all(tx, &changes.map(|change| change.contract)).await?;
    for change in changes {
        if renewal_is_open(tx, change.contract).await? {
            return Err(Failure::refused(RENEWAL_IS_OPEN).into());
        }
        if charged_from(tx, change).await? {
            return Err(Failure::refused("该账期已生成账单，请重新办理调换").into());
        }
    }
    if contracts.iter().any(|contract| contract.status != ContractStatus::Active) {
        return Err(Failure::refused(NOT_IN_FORCE).into());
    }
    ready(tx, ctx, held).await?;
    let parties = parties(tx, held).await?;
    let homes = [home_load(tx, ctx, parties[1].unit).await?, home_load(tx, ctx, parties[0].unit).await?];
    let day = held.effective_on;
    let mut cycles = [1; 2];
    for (place, party) in parties.iter().enumerate() {
        let (billed, _) = billed_read_one(tx, party.contract).await?;
        cycles[place] = cycle_on(&billed, day).into();
        let told =
            format!("{}：与{}调换至{}", changes[place].change_no, parties[1 - place].lessee, homes[place].address);
        let contract = contracts.iter().find(|contract| contract.id == party.contract);
        let contract = contract.ok_or(Failure::NotFound)?;
        swap_end(tx, ctx, contract, day, &told).await?;
    }
    for (place, party) in parties.iter().enumerate() {
        let (change, home) = (changes[place], &homes[place]);
        let told = format!("{} 调换住房", change.change_no);
        let signed_on =
            sqlx::query_scalar!(r#"select signed_on as "on!" from contract_change where id = $1"#, change.id)
                .fetch_one(connection(tx))
                .await?;
        let following = Following {
            before: party.contract,
            home,
            day,
            signed_on,
            reduction: party.reduction_of(home),
            property: parties[1 - place].property_of(home)?,
            cycle: cycles[place],
            change: change.id,
            told: &told,
        };
        let new = swap_follow(tx, ctx, &following).await?;
        effective(tx, ctx, change, (next, new)).await?;
        let told = format!("{}：{}迁出，{}待办理交房", change.change_no, party.lessee, parties[1 - place].lessee);
        unit_note(tx, ctx, UnitId(party.unit), "调换", &told).await?;
    }
    Ok(next)
}

/// The change has come into force, and the bank is told of the contract that followed.
async fn effective(tx: &mut Tx, ctx: &Ctx, change: &Held, (next, new): (ChangeStatus, i64)) -> Result<()> {
    sqlx::query!(
        "update contract_change set status = $2, new_contract_id = $3, effective_at = $4, updated_at = $4, version = version + 1
         where id = $1",
        change.id,
        next.code(),
        new,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    tell_anew(tx, ctx, change).await
}

/// A swap that was agreed to came to nothing: the contract goes on, and is charged for what the runs left out since its day.
pub(in crate::tenancy::change) async fn goes_on(tx: &mut Tx, ctx: &Ctx, held: &Held) -> Result<()> {
    let contract = hold_all(tx, &[held.contract]).await?;
    let Some(contract) = contract.first().filter(|contract| contract.status.is_open()) else { return Ok(()) };
    let rule = billing_rule(tx, contract.district_id, ctx.today()).await?;
    let calendar = calendar_load(tx).await?;
    let (billed, _) = billed_read_one(tx, contract.id).await?;
    let mut missed = charges_until(&billed, ctx.today(), &rule, &calendar);
    missed.retain(|charge| charge.bill.from >= held.effective_on);
    for charge in &mut missed {
        // Nobody is late with what he was not asked for.
        charge.bill.due_on = charge.bill.due_on.max(ctx.today());
    }
    post(tx, ctx, &missed, None, ctx.today()).await?;
    Ok(())
}
