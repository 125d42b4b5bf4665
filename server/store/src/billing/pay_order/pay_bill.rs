//! T+1: a payment company's bill of a day against the orders and against what was entered (E-49, domain.md §3.7, X-09). A payment
//! that only the bill tells of is entered like any other word of the company's; what does not agree goes to the pool
//! (`odd`), and each district's three sums are kept as a row of its day.

use super::{Verdict, order_paid};
use crate::{
    Ctx, Database, Result,
    ctx::{Tx, china_day, china_day_bounds, connection},
};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::billing::pay_order::{BILL_DAYS, BILL_HOUR, PayChannel, Told};
use std::collections::HashSet;

/// Lines in one statement of SQL.
const PORTION: usize = 10_000;

/// A company's bill of a day, as its file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayBill {
    /// SHA-256 of the file, in hexadecimal digits
    pub digest: String,
    /// what was paid, each trade once
    pub trades: Vec<Told>,
    /// what was paid back in the company's own desk
    pub refunds: i32,
    pub refund_fen: i64,
}

/// What came of a bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Billed {
    pub lines: i32,
    /// orders of which the bill alone has told
    pub entered: i32,
    pub differences: i32,
}

/// The days whose bills of a company are to be had and were not: since its first order, at most so far back as companies
/// keep them ready, and yesterday's from the hour at which it is there.
///
/// # Errors
/// When the database fails.
pub async fn pay_bills_due(database: &Database, channel: PayChannel, now: DateTime<Utc>) -> Result<Vec<NaiveDate>> {
    let ready = china_day(now - TimeDelta::hours(BILL_HOUR));
    let Some(last) = ready.pred_opt() else { return Ok(Vec::new()) };
    let from = last.checked_sub_days(Days::new(BILL_DAYS)).unwrap_or(last);
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    Ok(sqlx::query_scalar!(
        r#"select d::date as "day!" from generate_series(
               greatest($2::date, (select min(made_at at time zone 'Asia/Shanghai')::date from pay_order where channel = $1)),
               $3::date, interval '1 day') as d
           where exists (select from pay_order where channel = $1)
             and not exists (select from pay_bill b where b.channel = $1 and b.day = d::date)
           order by d"#,
        channel.code(),
        from,
        last
    )
    .fetch_all(connection(&mut tx))
    .await?)
}

/// How many orders are paid through a company on a day, as we know it: without any, a day without a bill is no wonder.
///
/// # Errors
/// When the database fails.
pub async fn paid_count(database: &Database, channel: PayChannel, day: NaiveDate, now: DateTime<Utc>) -> Result<i64> {
    let (from, to) = china_day_bounds(day)?;
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from pay_order where channel = $1 and paid_at >= $2 and paid_at < $3"#,
        channel.code(),
        from,
        to
    )
    .fetch_one(connection(&mut tx))
    .await?)
}

/// Takes a bill in. The same day's bill again changes nothing, whatever it says: none.
///
/// # Errors
/// A refusal of a payment that cannot be entered, because its month is closed: then nothing is noted of the bill, and it is
/// taken in again later.
pub async fn pay_bill_enter(
    database: &Database,
    channel: PayChannel,
    day: NaiveDate,
    bill: &PayBill,
    now: DateTime<Utc>,
) -> Result<Option<Billed>> {
    let ctx = Ctx::server(database, now);
    let (mut entered, mut failed) = (0, None);
    // Each is the company's word of one order, as a notice is; all but a few were heard before.
    for told in unheard(&ctx, channel, day, bill).await? {
        match order_paid(database, told, now).await {
            Ok(verdict) => entered += i32::from(verdict == Verdict::Entered),
            // One that cannot be entered keeps none of the others waiting.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let mut tx = ctx.begin().await?;
    let count = i32::try_from(bill.trades.len()).unwrap_or(i32::MAX);
    let id = sqlx::query_scalar!(
        "insert into pay_bill (channel, day, digest, lines, amount_fen, refunds, refund_fen, entered, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (channel, day) do nothing returning id",
        channel.code(),
        day,
        bill.digest,
        count,
        bill.trades.iter().map(|told| told.amount.fen()).sum::<i64>(),
        bill.refunds,
        bill.refund_fen,
        entered,
        now
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let Some(id) = id else { return Ok(None) };
    for (nth, portion) in bill.trades.chunks(PORTION).enumerate() {
        lines_insert(&mut tx, id, channel, nth * PORTION, portion).await?;
    }
    missing_insert(&mut tx, channel, day, now).await?;
    let differences = days_insert(&mut tx, id, channel, day, now).await?;
    tx.commit().await?;
    database.announce();
    Ok(Some(Billed { lines: count, entered, differences }))
}

/// The trades of a bill that are not entered as their order's, with its amount; none of a bill that was taken in already.
async fn unheard<'a>(ctx: &Ctx, channel: PayChannel, day: NaiveDate, bill: &'a PayBill) -> Result<Vec<&'a Told>> {
    let mut tx = ctx.begin().await?;
    let known = sqlx::query_scalar!(
        r#"select exists (select from pay_bill where channel = $1 and day = $2) as "known!""#,
        channel.code(),
        day
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if known {
        return Ok(Vec::new());
    }
    let mut heard: HashSet<String> = HashSet::new();
    for portion in bill.trades.chunks(PORTION) {
        let columns = Columns::of(portion);
        heard.extend(
            sqlx::query_scalar!(
                r#"select t.trade_no as "trade_no!" from unnest($2::text[], $3::text[], $4::bigint[]) as t (order_no, trade_no, fen)
                   join pay_order o on o.order_no = t.order_no and o.channel = $1
                   where o.status = 'PAID' and o.trade_no = t.trade_no and o.amount_fen = t.fen"#,
                channel.code(),
                &columns.orders,
                &columns.trades,
                &columns.amounts
            )
            .fetch_all(connection(&mut tx))
            .await?,
        );
    }
    Ok(bill.trades.iter().filter(|told| !heard.contains(&told.trade_no)).collect())
}

/// Trades as columns.
struct Columns {
    orders: Vec<String>,
    trades: Vec<String>,
    amounts: Vec<i64>,
    moments: Vec<DateTime<Utc>>,
}

impl Columns {
    fn of(trades: &[Told]) -> Self {
        Self {
            orders: trades.iter().map(|told| told.order_no.clone()).collect(),
            trades: trades.iter().map(|told| told.trade_no.clone()).collect(),
            amounts: trades.iter().map(|told| told.amount.fen()).collect(),
            moments: trades.iter().map(|told| told.paid_at).collect(),
        }
    }
}

/// Keeps lines with the orders that they pay: whose trade they are, whatever their amount. One that another day's bill has had
/// already is not kept twice.
async fn lines_insert(tx: &mut Tx, bill: i64, channel: PayChannel, before: usize, trades: &[Told]) -> Result<()> {
    let columns = Columns::of(trades);
    sqlx::query!(
        "insert into pay_bill_line (pay_bill_id, line, district_id, channel, trade_no, order_no, amount_fen, paid_at, order_id)
         select $1, ($2::bigint + t.n)::integer, coalesce(o.district_id, d.district_id), $3, t.trade_no, t.order_no, t.fen, t.at, o.id
         from unnest($4::text[], $5::text[], $6::bigint[], $7::timestamptz[]) with ordinality as t (order_no, trade_no, fen, at, n)
         left join pay_order o on o.channel = $3 and o.trade_no = t.trade_no
         left join pay_odd d on d.channel = $3 and d.trade_no = t.trade_no
         on conflict (channel, trade_no) do nothing",
        bill,
        i64::try_from(before).unwrap_or(i64::MAX),
        channel.code(),
        &columns.orders,
        &columns.trades,
        &columns.amounts,
        &columns.moments,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Puts into the pool what is paid by our books and stands in no bill.
async fn missing_insert(tx: &mut Tx, channel: PayChannel, day: NaiveDate, now: DateTime<Utc>) -> Result<()> {
    let (from, to) = china_day_bounds(day)?;
    let missing = sqlx::query_scalar!(
        r#"insert into pay_odd (district_id, estate_id, account_id, order_id, channel, trade_no, order_no, amount_fen, paid_at, reason,
                                found_at)
           select o.district_id, o.estate_id, o.account_id, o.id, o.channel, o.trade_no, o.order_no, 0, o.paid_at, 'MISSING', $4
           from pay_order o
           where o.channel = $1 and o.paid_at >= $2 and o.paid_at < $3
             and not exists (select from pay_bill_line l where l.order_id = o.id)
           on conflict (channel, trade_no) do nothing returning order_no"#,
        channel.code(),
        from,
        to,
        now
    )
    .fetch_all(connection(tx))
    .await?;
    for order in missing {
        tracing::error!(order, channel = channel.code(), %day, "a payment that was entered is not in the company's bill");
    }
    Ok(())
}

/// Keeps the three sums of every district that the day concerns; answers how many differences there are.
async fn days_insert(tx: &mut Tx, bill: i64, channel: PayChannel, day: NaiveDate, now: DateTime<Utc>) -> Result<i32> {
    let (from, to) = china_day_bounds(day)?;
    Ok(sqlx::query_scalar!(
        r#"with theirs as (
               select district_id, sum(amount_fen)::bigint as fen, count(*)::integer as lines from pay_bill_line
               where pay_bill_id = $1 group by district_id),
           ours as (
               select o.district_id, sum(o.amount_fen)::bigint as channel, sum(p.amount_fen)::bigint as own
               from pay_order o join payment p on p.id = o.payment_id
               where o.id in (select order_id from pay_bill_line where pay_bill_id = $1)
                   or (o.channel = $2 and o.paid_at >= $4 and o.paid_at < $5
                       and not exists (select from pay_bill_line l where l.order_id = o.id))
               group by o.district_id),
           differing as (
               select d.district_id, count(*)::integer as count from pay_odd d
               where d.channel = $2 and (d.trade_no in (select trade_no from pay_bill_line where pay_bill_id = $1)
                   or (d.reason = 'MISSING' and d.paid_at >= $4 and d.paid_at < $5))
               group by d.district_id),
           districts as (
               select district_id from theirs union select district_id from ours union select district_id from differing),
           made as (
               insert into reconciliation (district_id, day, channel, pay_bill_id, own_fen, channel_fen, their_fen, lines, differences,
                                           made_at)
               select s.district_id, $3, $2, $1, coalesce(o.own, 0), coalesce(o.channel, 0), coalesce(t.fen, 0), coalesce(t.lines, 0),
                      coalesce(f.count, 0), $6
               from districts s left join theirs t on t.district_id is not distinct from s.district_id
               left join ours o on o.district_id = s.district_id left join differing f on f.district_id is not distinct from s.district_id
               order by s.district_id
               returning differences)
           select coalesce(sum(differences), 0)::integer as "differences!" from made"#,
        bill,
        channel.code(),
        day,
        from,
        to,
        now
    )
    .fetch_one(connection(tx))
    .await?)
}
