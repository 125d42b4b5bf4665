//! An order is paid: the money is entered once, whoever tells it, how often and how late (domain.md §4.10, §0.5 rule 10).

use super::{note, odd::odd_keep};
use crate::{
    Ctx, Database, Error, Result,
    billing::{
        account::{account_close, account_reopen},
        debt::open_bills,
        deduction::{items_paid_elsewhere, unsent_hold},
        payment::{Entry, Held, Paid, hold, payments_enter},
        rule::billing_rule,
    },
    ctx::{Tx, china_day, connection},
    error::stored,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{
        allocation::{Debt, allocate},
        pay_odd::PayOddReason,
        pay_order::{PayEvent, PayOrderStatus, Told},
        rule::BillingRule,
    },
    failure::Failure,
    id::AccountId,
    value::Money,
};

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// the payment was entered
    Entered,
    /// it had been already
    Known,
    /// it is not what an order asked for: it waits in the pool (`odd`) for a person
    Odd,
}

/// An order whose row is locked.
struct Asked {
    id: i64,
    request: String,
    amount_fen: i64,
    bill_ids: Vec<i64>,
    status: String,
    made_at: DateTime<Utc>,
    trade_no: Option<String>,
}

/// Enters what a payment company says of an order, after its signature was found to be right. The bills of the order are paid
/// as far as they are still open; one that a batch has collected meanwhile is taken out of it as long as nothing was sent
/// (§3.7), and stays with the bank behind that. What is left – because it was paid elsewhere, or the bank is asked for it –
/// goes to the balance of the account, which the next batch uses first. An order that was closed and is paid after all is
/// entered too: the money is there. Money that is not the order's is kept in the pool, so that the company can be told that we
/// have understood.
///
/// # Errors
/// A refusal: the month is closed.
pub async fn order_paid(database: &Database, told: &Told, now: DateTime<Utc>) -> Result<Verdict> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    // Neither ever changes.
    let place = sqlx::query!(
        "select account_id, bill_ids from pay_order where order_no = $1 and channel = $2",
        told.order_no,
        told.channel.code()
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let Some(place) = place else { return odd_keep(tx, told, None, PayOddReason::Unknown, now).await };
    // Batches, then accounts, then what is theirs: everybody locks in this order.
    let unsent = unsent_hold(&mut tx, &place.bill_ids).await?;
    let account = hold(&mut tx, AccountId(place.account_id)).await?;
    let order = sqlx::query_as!(
        Asked,
        r#"select id, request_id::text as "request!", amount_fen, bill_ids, status, made_at, trade_no from pay_order
           where order_no = $1 and channel = $2 for update"#,
        told.order_no,
        told.channel.code()
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let status = stored(&order.status, PayOrderStatus::from_code)?;
    let held = Some((order.id, status));
    if order.trade_no.as_ref().is_some_and(|known| *known != told.trade_no) {
        return odd_keep(tx, told, held, PayOddReason::Second, now).await;
    }
    if Money::from_fen(order.amount_fen) != told.amount {
        return odd_keep(tx, told, held, PayOddReason::Amount, now).await;
    }
    let Some(next) = status.next(PayEvent::Pay) else { return Ok(Verdict::Known) };
    if !note(&mut tx, order.id, now, "支付成功", told.notice_id.as_deref(), None).await? {
        // A notice of another order under the id of one that was believed: no company sends that.
        return Err(Failure::refused("通知编号重复").into());
    }
    items_paid_elsewhere(&mut tx, &unsent, account.id, &order.bill_ids).await?;
    let paid_at = told.paid_at.min(now);
    let payment = enter(&mut tx, &ctx, account, &order, told, paid_at).await?;
    sqlx::query!(
        "update pay_order set status = $2, trade_no = $3, paid_at = $4, payment_id = $5, ask_at = null, message = null
         where id = $1",
        order.id,
        next.code(),
        told.trade_no,
        paid_at,
        payment
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(Verdict::Entered)
}

/// Enters the payment of an order; answers its id.
async fn enter(tx: &mut Tx, ctx: &Ctx, held: Held, order: &Asked, told: &Told, paid_at: DateTime<Utc>) -> Result<i64> {
    let day = counted_to(tx, &order.bill_ids, china_day(order.made_at), ctx.today()).await?;
    // By the rule of the day that the late fee is counted to: one that began since was not there when the amount was named.
    let rule = billing_rule(tx, held.district_id, day).await?;
    let shares = divide(tx, held.id, &order.bill_ids, told.amount, &rule, day).await?;
    let entry = Entry {
        estate: held.estate_id,
        account: held.id,
        request: order.request.clone(),
        method: told.channel.method(),
        amount: told.amount,
        payer: held.payer,
        bank_serial: Some(told.trade_no.clone()),
        paid_at,
        remark: Some(format!("手机支付 {}", told.order_no)),
        shift: None,
        shares,
    };
    enter_online(tx, ctx, held.district_id, day, entry).await
}

/// Enters one payment that came through a payment company; answers its id. An account that was closed opens again for money
/// that is left over, so that it can be given back, and one of a household that has left closes with its last debt.
pub(super) async fn enter_online(
    tx: &mut Tx,
    ctx: &Ctx,
    district: i64,
    counted_to: NaiveDate,
    entry: Entry,
) -> Result<i64> {
    let account = entry.account;
    let ids = payments_enter(tx, ctx, district, counted_to, &[entry]).await?;
    let left = sqlx::query_scalar!(r#"select balance_fen > 0 as "left!" from account where id = $1"#, account)
        .fetch_one(connection(tx))
        .await?;
    if left {
        account_reopen(tx, account).await?;
    }
    account_close(tx, ctx, account).await?;
    ids.first().copied().ok_or_else(|| Error::Broken("a payment was not entered".to_owned()))
}

/// Up to which day late fees count: that on which the order was made, because it names the amount that was asked for – unless
/// somebody has paid a part of a bill meanwhile, who was charged up to a later day, behind which nobody may go back.
async fn counted_to(tx: &mut Tx, bills: &[i64], made_on: NaiveDate, today: NaiveDate) -> Result<NaiveDate> {
    let later = sqlx::query_scalar!(
        r#"select coalesce(bool_or(late_to > $2), false) as "later!" from bill where id = any($1)"#,
        bills,
        made_on
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(if later { today } else { made_on })
}

async fn divide(
    tx: &mut Tx,
    account: i64,
    bills: &[i64],
    amount: Money,
    rule: &BillingRule,
    day: NaiveDate,
) -> Result<Vec<Paid>> {
    let open = open_bills(tx, &[account], None, rule, day).await?;
    let chosen: Vec<_> = open.iter().filter(|open| bills.contains(&open.owed.debt.bill) && !open.in_batch).collect();
    let debts: Vec<Debt> = chosen.iter().map(|open| open.owed.debt).collect();
    // They come by age, and are paid so.
    let (shares, _) = allocate(amount, &debts, true, rule.first);
    Ok(shares
        .into_iter()
        .filter_map(|share| {
            chosen.iter().find(|open| open.owed.debt.bill == share.bill).map(|open| open.owed.paid(share))
        })
        .collect())
}
