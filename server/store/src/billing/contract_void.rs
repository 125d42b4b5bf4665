//! What a contract that is void (domain.md §3.5 C11) leaves in the books: bills that nobody paid, each with its counter-bill.

use super::{
    arrears::arrears_recount,
    bill::counter_bills,
    ledger::{refusal, reverse_bills},
    payment::hold,
};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
};
use domain::{billing::bill_status::BillEvent, dictionary::BillStatus, id::AccountId};

/// What speaks against voiding a contract, of its money: whether something came in for it, and whether somebody is asked for
/// a bill. The account is locked, so that nothing comes in meanwhile.
pub(crate) async fn contract_paid(tx: &mut Tx, account: i64, contract: i64) -> Result<(bool, bool)> {
    hold(tx, AccountId(account)).await?;
    let found = sqlx::query!(
        r#"select exists (select from bill where contract_id = c.id and paid_fen + late_paid_fen > 0)
                  or exists (select from payment p where p.account_id = c.account_id and p.status = 'NORMAL' and p.paid_at >= c.active_at)
                      as "paid!",
                  exists (select from bill where contract_id = c.id and in_batch is not null)
                  or exists (select from pay_order o where o.account_id = c.account_id and o.status in ('NEW', 'PAYING')) as "asked!"
           from contract c where c.id = $1"#,
        contract
    )
    .fetch_one(connection(tx))
    .await?;
    Ok((found.paid, found.asked))
}

/// Voids what was charged under a contract (L10) and nobody has decided about.
///
/// # Errors
/// A refusal when the month is closed.
pub(crate) async fn contract_bills_void(
    tx: &mut Tx,
    ctx: &Ctx,
    account: i64,
    contract: i64,
    reason: &str,
) -> Result<()> {
    let ids = sqlx::query_scalar!(
        "select id from bill where contract_id = $1 and decision is null and reverses_id is null order by id for update",
        contract
    )
    .fetch_all(connection(tx))
    .await?;
    if ids.is_empty() {
        return Ok(());
    }
    let counters = counter_bills(tx, ctx, &ids, BillStatus::Void, reason).await?;
    reverse_bills(tx, ctx, &ids, reason).await?;
    sqlx::query!("update bill set decision = 'VOID', version = version + 1 where id = any($1)", &ids)
        .execute(connection(tx))
        .await
        .map_err(refusal)?;
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen, reason)
         select district_id, estate_id, id, $2, $3, $4, amount_fen, $5 from bill where id = any($1) order by id",
        &[ids, counters].concat(),
        ctx.now(),
        ctx.actor_id(),
        BillEvent::Void.label(),
        reason,
    )
    .execute(connection(tx))
    .await?;
    arrears_recount(tx, ctx, &[account]).await
}
