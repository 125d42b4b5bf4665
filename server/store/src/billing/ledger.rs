//! Transfers of the ledger: append-only, each between two subjects of one household's account, or of a cashier's shift.

use super::debt::BILL_IS_IN_BATCH;
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::Error,
};
use chrono::NaiveDate;
use domain::{billing::ledger::Subject, dictionary::FeeItem, failure::Failure, value::Money};

/// What is told of a month in which nothing is entered any more.
const IS_CLOSED: &str = "会计期间已结账";

/// What belongs to a transfer besides its sides.
pub(super) struct Transfer<'a> {
    pub account: i64,
    pub debit: Subject,
    pub credit: Subject,
    pub fee_item: FeeItem,
    pub amount: Money,
    pub reason: &'a str,
    pub bill: Option<i64>,
    pub payment: Option<i64>,
}

/// Enters transfers in one statement. A transfer of nothing is none.
///
/// # Errors
/// A refusal when the month of the day is closed.
pub(super) async fn transfer(tx: &mut Tx, ctx: &Ctx, booked_on: NaiveDate, transfers: &[Transfer<'_>]) -> Result<()> {
    let transfers: Vec<&Transfer<'_>> = transfers.iter().filter(|transfer| transfer.amount > Money::ZERO).collect();
    if transfers.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&Transfer<'_>) -> i64| transfers.iter().map(|transfer| of(transfer)).collect::<Vec<_>>();
    let text = |of: for<'t> fn(&'t Transfer<'_>) -> &'t str| {
        transfers.iter().map(|transfer| of(transfer).to_owned()).collect::<Vec<_>>()
    };
    let optional =
        |of: fn(&Transfer<'_>) -> Option<i64>| transfers.iter().map(|transfer| of(transfer)).collect::<Vec<_>>();
    sqlx::query!(
        "insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason,
                                   bill_id, payment_id, at, actor_id)
         select a.district_id, a.estate_id, a.id, $1, t.debit, t.credit, t.fee_item, t.amount, t.reason, t.bill, t.payment, $2, $3
         from unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::bigint[], $11::bigint[])
              as t (account, debit, credit, fee_item, amount, reason, bill, payment)
         join account a on a.id = t.account",
        booked_on,
        ctx.now(),
        ctx.actor_id(),
        &column(|transfer| transfer.account),
        &text(|transfer| transfer.debit.code()),
        &text(|transfer| transfer.credit.code()),
        &text(|transfer| transfer.fee_item.code()),
        &column(|transfer| transfer.amount.fen()),
        &text(|transfer| transfer.reason),
        &optional(|transfer| transfer.bill) as &[Option<i64>],
        &optional(|transfer| transfer.payment) as &[Option<i64>],
    )
    .execute(connection(tx))
    .await
    .map_err(refusal)?;
    Ok(())
}

/// A transfer of a shift's cash, which is no household's any more.
pub(super) struct ShiftTransfer {
    pub district: i64,
    pub estate: i64,
    pub debit: Subject,
    pub credit: Subject,
    pub fee_item: FeeItem,
    pub amount: Money,
    pub reason: &'static str,
}

/// Enters where the cash of a shift went, in one statement.
///
/// # Errors
/// A refusal when the month of the day is closed.
pub(super) async fn transfer_shift(
    tx: &mut Tx,
    ctx: &Ctx,
    booked_on: NaiveDate,
    shift: i64,
    transfers: &[ShiftTransfer],
) -> Result<()> {
    if transfers.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&ShiftTransfer) -> i64| transfers.iter().map(of).collect::<Vec<_>>();
    let text =
        |of: fn(&ShiftTransfer) -> &'static str| transfers.iter().map(|step| of(step).to_owned()).collect::<Vec<_>>();
    sqlx::query!(
        "insert into ledger_entry (district_id, estate_id, shift_id, booked_on, debit, credit, fee_item, amount_fen, reason, at, actor_id)
         select t.district, t.estate, $1, $2, t.debit, t.credit, t.fee_item, t.amount, t.reason, $3, $4
         from unnest($5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[])
              as t (district, estate, debit, credit, fee_item, amount, reason)",
        shift,
        booked_on,
        ctx.now(),
        ctx.actor_id(),
        &column(|step| step.district),
        &column(|step| step.estate),
        &text(|step| step.debit.code()),
        &text(|step| step.credit.code()),
        &text(|step| step.fee_item.code()),
        &column(|step| step.amount.fen()),
        &text(|step| step.reason),
    )
    .execute(connection(tx))
    .await
    .map_err(refusal)?;
    Ok(())
}

/// Enters the counter-transfers of a payment that is taken back.
///
/// # Errors
/// As [`transfer`].
pub(super) async fn reverse_payment(tx: &mut Tx, ctx: &Ctx, payment: i64, reason: &str) -> Result<()> {
    sqlx::query!(
        "insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason,
                                   bill_id, payment_id, reverses_id, at, actor_id)
         select district_id, estate_id, account_id, $2, credit, debit, fee_item, amount_fen, $3, bill_id, payment_id, id, $4, $5
         from ledger_entry where payment_id = $1 and reverses_id is null order by id",
        payment,
        ctx.today(),
        reason,
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await
    .map_err(refusal)?;
    Ok(())
}

/// Enters the counter-transfers of bills that are taken back: of their charging, that is, not of their payments. They belong
/// to the counter-bills, which are there already.
///
/// # Errors
/// As [`transfer`].
pub(super) async fn reverse_bills(tx: &mut Tx, ctx: &Ctx, bills: &[i64], reason: &str) -> Result<()> {
    sqlx::query!(
        "insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason,
                                   bill_id, reverses_id, at, actor_id)
         select e.district_id, e.estate_id, e.account_id, $2, e.credit, e.debit, e.fee_item, e.amount_fen, $3, coalesce(k.id, e.bill_id),
                e.id, $4, $5
         from ledger_entry e left join bill k on k.reverses_id = e.bill_id
         where e.bill_id = any($1) and e.payment_id is null and e.reverses_id is null order by e.id",
        bills,
        ctx.today(),
        reason,
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await
    .map_err(refusal)?;
    Ok(())
}

/// Refuses a change within a closed month, and holds the month open until the end of the transaction, as every entry does.
///
/// # Errors
/// The refusal.
pub(super) async fn period_hold(tx: &mut Tx, district: i64, month: NaiveDate) -> Result<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock_shared(ledger_lock_class(), id::integer) from organization where id = $1",
        district
    )
    .execute(connection(tx))
    .await?;
    // Behind the lock: whoever was closing the month has closed it by now.
    let closed = sqlx::query_scalar!(
        r#"select exists (select from ledger_period where district_id = $1 and month = $2) as "closed!""#,
        district,
        month
    )
    .fetch_one(connection(tx))
    .await?;
    if closed { Err(Failure::refused(IS_CLOSED).into()) } else { Ok(()) }
}

/// What the database refuses, in words.
pub(crate) fn refusal(error: sqlx::Error) -> Error {
    let constraint = match &error {
        sqlx::Error::Database(database) => database.constraint().unwrap_or_default(),
        _ => "",
    };
    match constraint {
        "ledger_period_closed" => Failure::refused(IS_CLOSED).into(),
        "account_balance_check" => Failure::refused("账户余额不足").into(),
        "bill_in_batch" => Failure::refused(BILL_IS_IN_BATCH).into(),
        "account_deposit_check" => Failure::refused("保证金余额不足").into(),
        _ => error.into(),
    }
}
