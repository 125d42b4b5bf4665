//! 调换 (R-19, C10): what becomes of a contract whose household exchanges its home, and the one that follows for the other home.
//! The two of a swap are ended before either is followed, so that both homes and both lessees are free for what comes.

use super::{
    Held,
    decide::{digest, number},
    history_add,
    home::{Home, property_columns, rate_column},
    renew::reduction_follows,
    sync::account_open,
    terms::billed_read_one,
};
use crate::{
    Ctx, Result,
    billing::{moving::funds_move, post, rule::billing_rule, run::charges_until},
    ctx::{Tx, connection},
    housing::unit::area_column,
    platform::calendar::calendar_load,
};
use chrono::NaiveDate;
use domain::{
    dictionary::ContractStatus,
    failure::Failure,
    tenancy::{contract_status::ContractEvent, property_fee::PropertyFee},
    value::Money,
};

/// Ends a contract on the day before a swap: what follows is for another home. Who lived in its home does so no more.
///
/// # Errors
/// The state machine's refusal.
pub(in crate::tenancy) async fn swap_end(
    tx: &mut Tx,
    ctx: &Ctx,
    held: &Held,
    day: NaiveDate,
    told: &str,
) -> Result<()> {
    let next = held.status.next(ContractEvent::Swap).map_err(Failure::from)?;
    sqlx::query!(
        "update contract set status = $2, ended_on = $3::date - 1, updated_at = $4, updated_by = $5, version = version + 1 where id = $1",
        held.id,
        next.code(),
        day,
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    // Also whom no contract brought there: the home is handed over to others.
    sqlx::query!(
        "update binding set to_on = greatest(from_on, $2::date - 1), ended_reason = '调换', ended_at = $3, ended_by = $4
         where unit_id = $1 and to_on is null",
        held.unit_id,
        day,
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    history_add(tx, ctx, held.id, ContractEvent::Swap.label(), (Some(held.status), next), Some(told)).await
}

/// What a contract that follows by a swap is made of.
pub(in crate::tenancy) struct Following<'a> {
    /// the contract that was ended
    pub before: i64,
    pub home: &'a Home,
    pub day: NaiveDate,
    pub signed_on: NaiveDate,
    /// of the assessed rent, by the contract itself
    pub reduction: Money,
    /// of the home, as the contract has it that was ended for it
    pub property: Option<PropertyFee>,
    /// months in one bill
    pub cycle: i16,
    /// the change that was agreed to: its maker is the author, its checker the approver
    pub change: i64,
    pub told: &'a str,
}

/// Brings the contract for the other home into force: with the lessee, the people, the bank account, the deposit and the rest of the
/// term of the one before, at the rent of the home. Money that the household has paid ahead goes along.
///
/// # Errors
/// A refusal when the month is closed.
pub(in crate::tenancy) async fn swap_follow(tx: &mut Tx, ctx: &Ctx, following: &Following<'_>) -> Result<i64> {
    let id = insert(tx, ctx, following).await?;
    people_follow(tx, following.before, id).await?;
    let account = account_open(tx, ctx, id).await?;
    in_force(tx, ctx, following, (id, account)).await?;
    let before =
        sqlx::query_scalar!(r#"select account_id as "account!" from contract where id = $1"#, following.before)
            .fetch_one(connection(tx))
            .await?;
    funds_move(tx, ctx, (before, account), following.told).await?;
    reduction_follows(tx, ctx, (following.before, id), "调换沿用").await?;
    history_add(tx, ctx, id, ContractEvent::Swap.label(), (None, ContractStatus::Active), Some(following.told)).await?;
    let rule = billing_rule(tx, following.home.district_id, ctx.today()).await?;
    let calendar = calendar_load(tx).await?;
    let (billed, _) = billed_read_one(tx, id).await?;
    let mut charges = charges_until(&billed, ctx.today(), &rule, &calendar);
    for charge in &mut charges {
        // Agreed to behind its day, nobody is late with what he was not asked for.
        charge.bill.due_on = charge.bill.due_on.max(ctx.today());
    }
    post(tx, ctx, &charges, None, ctx.today()).await?;
    Ok(id)
}

async fn insert(tx: &mut Tx, ctx: &Ctx, following: &Following<'_>) -> Result<i64> {
    let Following { home, .. } = following;
    let (property_rate, property_fen) = property_columns(following.property);
    Ok(sqlx::query_scalar!(
        "insert into contract (district_id, estate_id, unit_id, lessor_id, address, layout, building_area, usable_area, rent_standard_id,
                unit_rate, area_basis, rent_area, base_rent_fen, reduction_fen, monthly_rent_fen, start_on, rent_start_on, pay_cycle,
                first_pay_months, sign_on, explained_on, created_at, updated_at, submitted_at, created_by, updated_by, author_ids,
                prev_contract_id, swapped, person_id, household_id, lessee_name, id_number, id_number_mask, phone, phone_mask, category,
                deposit_fen, end_on, split, due_day, bank_name, bank_no, bank_no_mask, bank_holder, debit_agreement_no,
                block_access_clause, sign_mode, key_id, property_rate, property_fee_fen)
         select $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $14 - $15::bigint, $16, $16, $17, $17, $18, $18, $19, $19,
                h.made_at, h.maker_id, h.maker_id, array[h.maker_id], c.id, true, c.person_id, c.household_id, c.lessee_name, c.id_number,
                c.id_number_mask, c.phone, c.phone_mask, c.category, c.deposit_fen, c.end_on, c.split, c.due_day, c.bank_name, c.bank_no,
                c.bank_no_mask, c.bank_holder, c.debit_agreement_no, c.block_access_clause, 'PAPER', c.key_id, $21, $22
         from contract c join contract_change h on h.id = $20 where c.id = $1 returning id",
        following.before,
        home.district_id,
        home.estate_id,
        home.unit_id,
        home.lessor_id,
        home.address,
        home.layout,
        home.building_area,
        home.usable_area,
        home.standard_id,
        rate_column(home.assessed.rate),
        home.assessed.basis.code(),
        area_column(home.assessed.area),
        home.assessed.rent.fen(),
        following.reduction.fen(),
        following.day,
        following.cycle,
        following.signed_on,
        ctx.now(),
        following.change,
        property_rate,
        property_fen,
    )
    .fetch_one(connection(tx))
    .await?)
}

/// Who lives with the lessee moves along.
async fn people_follow(tx: &mut Tx, before: i64, new: i64) -> Result<()> {
    sqlx::query!(
        "insert into contract_resident (contract_id, person_id, district_id, estate_id, name, relation)
         select c.id, r.person_id, c.district_id, c.estate_id, r.name, r.relation
         from contract_resident r join contract c on c.id = $2 where r.contract_id = $1",
        before,
        new,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Its number and its content are fixed as those of any contract that was approved (C2). The bank debits the same payer as before, so
/// nobody waits for it.
async fn in_force(tx: &mut Tx, ctx: &Ctx, following: &Following<'_>, (id, account): (i64, i64)) -> Result<()> {
    let number = number(tx, ctx, id).await?;
    let digest = digest(tx, ctx, id).await?;
    sqlx::query!(
        "update contract c set status = 'ACTIVE', contract_no = $2, digest = $3, account_id = $4, checker_id = h.checker_id,
                checked_at = h.checked_at, opinion = h.opinion, active_at = $5, synced_at = $5, updated_at = $5, version = c.version + 1
         from contract_change h where c.id = $1 and h.id = $6",
        id,
        number,
        digest,
        account,
        ctx.now(),
        following.change,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
