//! Orders by which tenants pay on their telephones (domain.md §4.10, D-31). Asked for by a tenant, placed with a payment company,
//! and ended by what that company says: paid once, or closed.
//!
//! What a tenant asks for is written by the server, bound to the tenant's own accounts: a tenant's transaction only reads.

mod ask;
mod list;
mod odd;
mod odd_list;
mod pay_bill;
mod read;
mod settle;

pub use ask::{OrderAsked, order_answered, orders_ask};
pub use list::{pay_order_get, pay_order_list};
pub use odd::{pay_odd_decide, pay_odd_propose};
pub use odd_list::{pay_odd_get, pay_odd_list};
pub use pay_bill::{Billed, PayBill, paid_count, pay_bill_enter, pay_bills_due};
pub use read::{order_get, order_of, order_press};
pub use settle::{Verdict, order_paid};

use crate::{
    Ctx, Database, Error, Result,
    billing::{
        debt::{BILL_IS_IN_BATCH, open_bills},
        payment::{Held, hold},
        rule::billing_rule,
    },
    ctx::{Tx, connection},
    error::stored,
    platform::token::random_bytes,
    portal::Tenant,
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    billing::{
        pay_order::{
            BILLS_MAX, CLOSE_AFTER_SECONDS, ORDER_MINUTES, PayChannel, PayEvent, PayOrderStatus, ask_at, ask_closed_at,
            order_no,
        },
        payment::is_uuid,
    },
    failure::Failure,
    id::{AccountId, BillId},
    value::Money,
};

/// An order, as it is placed with a payment company.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub id: i64,
    pub order_no: String,
    pub channel: PayChannel,
    pub status: PayOrderStatus,
    pub amount: Money,
    pub subject: String,
    pub made_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    order_no: String,
    channel: String,
    status: String,
    amount_fen: i64,
    subject: String,
    made_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl TryFrom<Record> for Order {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: record.id,
            order_no: record.order_no,
            channel: stored(&record.channel, PayChannel::from_code)?,
            status: stored(&record.status, PayOrderStatus::from_code)?,
            amount: Money::from_fen(record.amount_fen),
            subject: record.subject,
            made_at: record.made_at,
            expires_at: record.expires_at,
        })
    }
}

/// Makes an order for open bills of a tenant's own account. Its amount is what is owed for them today and does not change any
/// more. The same request again finds the first order.
///
/// # Errors
/// [`Failure::NotFound`] for an account of somebody else; refusals: nothing chosen, bills that are not open any more or that
/// the bank is being asked for, another order that is open.
pub async fn order_create(
    tenant: &Tenant,
    account: AccountId,
    bills: &[BillId],
    channel: PayChannel,
    request: &str,
) -> Result<Order> {
    if !tenant.has(account) {
        return Err(Failure::refused("该房间不属于您").into());
    }
    if !is_uuid(request) {
        return Err(Failure::refused("页面已过期，请刷新后重试").into());
    }
    let chosen = chosen(bills)?;
    let ctx = Ctx::server(tenant.database(), tenant.now());
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, account).await?;
    if let Some(known) = known(&mut tx, account, request).await? {
        return Ok(known);
    }
    over_close(&mut tx, account, ctx.now()).await?;
    let amount = amount_of(&mut tx, &held, &chosen, ctx.today()).await?;
    let random = u64::from_le_bytes(random_bytes()[..8].try_into().unwrap_or_default());
    let record = sqlx::query_as!(
        Record,
        "insert into pay_order (district_id, estate_id, account_id, person_id, order_no, request_id, channel, amount_fen, bill_ids,
                                subject, made_at, expires_at, ask_at)
         values ($1, $2, $3, $4, $5, $6::text::uuid, $7, $8, $9, $10, $11, $12, $13)
         returning id, order_no, channel, status, amount_fen, subject, made_at, expires_at",
        held.district_id,
        held.estate_id,
        held.id,
        tenant.person(),
        order_no(ctx.now(), random),
        request,
        channel.code(),
        amount.fen(),
        &chosen,
        // It stands in the payer's own list and with the payment company: whose and where is not written there.
        format!("公租房费用{}笔", chosen.len()),
        ctx.now(),
        ctx.now() + TimeDelta::minutes(ORDER_MINUTES),
        ask_at(0, ctx.now()),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    note(&mut tx, record.id, ctx.now(), "下单", None, None).await?;
    tx.commit().await?;
    record.try_into()
}

/// The bills that were chosen, each once, in order.
fn chosen(bills: &[BillId]) -> Result<Vec<i64>> {
    let mut chosen: Vec<i64> = bills.iter().map(|bill| bill.0).collect();
    chosen.sort_unstable();
    chosen.dedup();
    if chosen.is_empty() {
        return Err(Failure::refused("请选择要缴的账单").into());
    }
    if chosen.len() > BILLS_MAX {
        return Err(Failure::refused(format!("一次最多缴{BILLS_MAX}笔账单")).into());
    }
    Ok(chosen)
}

/// What is owed today for chosen bills of an account.
async fn amount_of(tx: &mut Tx, held: &Held, chosen: &[i64], today: NaiveDate) -> Result<Money> {
    let rule = billing_rule(tx, held.district_id, today).await?;
    let open = open_bills(tx, &[held.id], None, &rule, today).await?;
    let picked: Vec<_> = open.iter().filter(|open| chosen.binary_search(&open.owed.debt.bill).is_ok()).collect();
    if picked.len() < chosen.len() {
        return Err(Failure::refused("所选账单已缴清或已变更，请刷新后重新选择").into());
    }
    if picked.iter().any(|open| open.in_batch) {
        return Err(Failure::refused(BILL_IS_IN_BATCH).into());
    }
    Ok(picked.iter().map(|open| open.owed.debt.total()).sum())
}

/// Refuses a second order beside one that can still be paid. One whose end is behind it and of which the payment company has
/// not said anything since stands in nobody's way: it is closed, and asked about on.
async fn over_close(tx: &mut Tx, account: AccountId, now: DateTime<Utc>) -> Result<()> {
    let open = sqlx::query!(
        "select id, expires_at from pay_order where account_id = $1 and status in ('NEW', 'PAYING') for update",
        account.0
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(open) = open else { return Ok(()) };
    if open.expires_at + TimeDelta::seconds(CLOSE_AFTER_SECONDS) > now {
        return Err(Failure::refused("您有一笔支付尚未完成，请先完成支付或取消").into());
    }
    close(tx, open.id, "超时未支付", ask_closed_at(open.expires_at, now), now).await?;
    Ok(())
}

/// The order that the same request has made already.
async fn known(tx: &mut Tx, account: AccountId, request: &str) -> Result<Option<Order>> {
    let whose = sqlx::query_scalar!("select account_id from pay_order where request_id = $1::text::uuid", request)
        .fetch_optional(connection(tx))
        .await?;
    if whose.is_some_and(|whose| whose != account.0) {
        return Err(Failure::refused("页面已过期，请刷新后重试").into());
    }
    let record = sqlx::query_as!(
        Record,
        "select id, order_no, channel, status, amount_fen, subject, made_at, expires_at from pay_order
         where request_id = $1::text::uuid",
        request
    )
    .fetch_optional(connection(tx))
    .await?;
    record.map(Order::try_from).transpose()
}

/// Notes where an order is paid; also once more, because the first address may be dead by then.
///
/// # Errors
/// When the database fails.
pub async fn order_placed(database: &Database, id: i64, pay_url: &str, now: DateTime<Utc>) -> Result<()> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    if let Some(status) = held(&mut tx, id).await?.filter(|status| status.is_open()) {
        let next = status.next(PayEvent::Place).unwrap_or(status);
        sqlx::query!(
            "update pay_order set status = $2, pay_url = $3, placed_at = $4, message = null where id = $1",
            id,
            next.code(),
            pay_url,
            now
        )
        .execute(connection(&mut tx))
        .await?;
        note(&mut tx, id, now, "提交支付渠道", None, None).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Closes an order that can be paid no more; whether it did. The payment company closes it first: what is closed here alone
/// could still be paid there, and is asked about again at `ask_at`.
///
/// # Errors
/// When the database fails.
pub async fn order_close(
    database: &Database,
    id: i64,
    why: &str,
    ask_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let closed = close(&mut tx, id, why, ask_at, now).await?;
    tx.commit().await?;
    Ok(closed)
}

async fn close(tx: &mut Tx, id: i64, why: &str, ask_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<bool> {
    let next = held(tx, id).await?.and_then(|status| status.next(PayEvent::Close));
    if let Some(next) = next {
        sqlx::query!(
            "update pay_order set status = $2, closed_at = $3, message = $4, ask_at = $5 where id = $1",
            id,
            next.code(),
            now,
            why,
            ask_at
        )
        .execute(connection(tx))
        .await?;
        note(tx, id, now, "关闭", None, Some(why)).await?;
    }
    Ok(next.is_some())
}

/// The status of an order whose row is held.
async fn held(tx: &mut Tx, id: i64) -> Result<Option<PayOrderStatus>> {
    let status = sqlx::query_scalar!("select status from pay_order where id = $1 for update", id)
        .fetch_optional(connection(tx))
        .await?;
    status.map(|status| stored(&status, PayOrderStatus::from_code)).transpose()
}

/// Adds a line to an order's timeline; whether the notice that was its cause is new.
async fn note(
    tx: &mut Tx,
    id: i64,
    at: DateTime<Utc>,
    event: &str,
    notice: Option<&str>,
    message: Option<&str>,
) -> Result<bool> {
    let noted = sqlx::query!(
        "insert into pay_order_event (district_id, estate_id, order_id, at, event, notice_id, channel, message)
         select district_id, estate_id, id, $2, $3, $4, channel, $5 from pay_order where id = $1
         on conflict (channel, notice_id) where notice_id is not null do nothing",
        id,
        at,
        event,
        notice,
        message
    )
    .execute(connection(tx))
    .await?;
    Ok(noted.rows_affected() > 0)
}
