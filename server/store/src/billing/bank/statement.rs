//! T+1: the bank's statement of a day against the responses and against what was entered (E-49, §3.7). What only one side says
//! goes to the difference pool; each district's three sums are kept as a row of its day.

use super::{Received, finish, take_up};
use crate::{
    Ctx, Database, Error, Result,
    ctx::{Tx, china_day_bounds, connection},
    error::stored,
    list::{SmallList, push_code, push_district_scope, push_id},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::reconciliation::{RECONCILIATION_LIST, ReconciliationChannel, ReconciliationRow, compare},
    dictionary::DifferenceKind,
    failure::Failure,
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use std::collections::HashSet;

/// Lines in one statement of SQL.
const PORTION: usize = 10_000;

/// A line of a statement: money that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// of the file, from 1
    pub line: i32,
    /// the bank's number of the deduction, or of the slip
    pub serial: String,
    /// 批次号 of a direct debit, 终端号 of a card at a counter
    pub source: String,
    pub amount: Money,
    pub at: Option<DateTime<Utc>>,
}

/// What came of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    pub lines: i32,
    pub differences: i32,
}

/// Takes a day's statement in, in one transaction: a day is reconciled whole or not at all.
///
/// # Errors
/// [`super::FILE_IS_KNOWN`]; a refusal for a day that was reconciled by another statement.
pub async fn statement_enter(
    database: &Database,
    file: &Received<'_>,
    day: NaiveDate,
    lines: &[StatementLine],
    now: DateTime<Utc>,
) -> Result<Reconciled> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let id = take_up(&mut tx, file, None, now).await?;
    if day_is_reconciled(&mut tx, day, ReconciliationChannel::Debit).await? {
        return Err(Failure::refused(format!("{day}的银行流水已对账")).into());
    }
    let mut paid = HashSet::new();
    for portion in lines.chunks(PORTION) {
        lines_insert(&mut tx, id, portion, &mut paid).await?;
    }
    let differences = differences_insert(&mut tx, id, day, now).await?;
    days_insert(&mut tx, id, day, now).await?;
    let count = i32::try_from(lines.len()).unwrap_or(i32::MAX);
    let said = if differences == 0 { "三方一致".to_owned() } else { format!("差异{differences}条") };
    finish(&mut tx, id, count, &said, now).await?;
    tx.commit().await?;
    database.announce();
    Ok(Reconciled { lines: count, differences })
}

/// Whether a statement of the day was taken in already.
pub(super) async fn day_is_reconciled(tx: &mut Tx, day: NaiveDate, channel: ReconciliationChannel) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from reconciliation where day = $1 and channel = $2) as "known!""#,
        day,
        channel.code()
    )
    .fetch_one(connection(tx))
    .await?)
}

/// Keeps lines with the items that they pay; a number that comes a second time pays nothing.
async fn lines_insert(tx: &mut Tx, file: i64, lines: &[StatementLine], paid: &mut HashSet<i64>) -> Result<()> {
    let serials: Vec<String> = lines.iter().map(|line| line.serial.clone()).collect();
    let batches: Vec<String> = lines.iter().map(|line| line.source.clone()).collect();
    let known = sqlx::query!(
        r#"select l.n as "n!", b.district_id as "district?",
                  (select max(i.id) from deduction_item i
                   where i.batch_id = b.id and i.bank_serial = l.serial and i.payment_id is not null) as item
           from unnest($1::text[], $2::text[]) with ordinality as l (serial, batch, n)
           left join deduction_batch b on b.batch_no = l.batch order by l.n"#,
        &serials,
        &batches
    )
    .fetch_all(connection(tx))
    .await?;
    let items: Vec<Option<i64>> = known.iter().map(|row| row.item.filter(|item| paid.insert(*item))).collect();
    sqlx::query!(
        "insert into bank_statement_line (bank_file_id, line, district_id, serial, batch_no, amount_fen, at, item_id)
         select $1, l.* from unnest($2::integer[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[], $8::bigint[]) as l",
        file,
        &lines.iter().map(|line| line.line).collect::<Vec<_>>(),
        &known.iter().map(|row| row.district).collect::<Vec<_>>() as &[Option<i64>],
        &serials,
        &batches,
        &lines.iter().map(|line| line.amount.fen()).collect::<Vec<_>>(),
        &lines.iter().map(|line| line.at).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
        &items as &[Option<i64>],
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// A deduction, or a payment at a counter, as one side or both have it.
pub(super) struct Pair {
    pub district: Option<i64>,
    pub batch: Option<i64>,
    pub line: Option<i32>,
    pub item: Option<i64>,
    pub payment: Option<i64>,
    pub own: Option<i64>,
    pub their: Option<i64>,
    pub serial: Option<String>,
}

/// Puts into the pool what only one side says of direct debits; answers how much it was.
async fn differences_insert(tx: &mut Tx, file: i64, day: NaiveDate, now: DateTime<Utc>) -> Result<i32> {
    let (from, to) = china_day_bounds(day)?;
    // What agrees stays in the database: of half a million lines it is all but a few.
    let pairs = sqlx::query_as!(
        Pair,
        r#"select l.district_id as district, b.id as "batch?", l.line as "line?", l.item_id as item,
                  null::bigint as payment, i.deducted_fen as "own?", l.amount_fen as "their?", l.serial as "serial?"
           from bank_statement_line l left join deduction_item i on i.id = l.item_id left join deduction_batch b on b.batch_no = l.batch_no
           where l.bank_file_id = $1 and i.deducted_fen is distinct from l.amount_fen
           union all
           select i.district_id, i.batch_id, null, i.id, null, i.deducted_fen, null, i.bank_serial
           from deduction_item i
           where i.payment_id is not null and i.deducted_at >= $2 and i.deducted_at < $3
               and not exists (select from bank_statement_line l where l.item_id = i.id)"#,
        file,
        from,
        to
    )
    .fetch_all(connection(tx))
    .await?;
    pool_insert(tx, file, &pairs, now).await
}

/// Puts into the pool those of the pairs of a file whose sides differ; answers how many these are.
pub(super) async fn pool_insert(tx: &mut Tx, file: i64, pairs: &[Pair], now: DateTime<Utc>) -> Result<i32> {
    let money = |fen: Option<i64>| fen.map(Money::from_fen);
    let found: Vec<(&Pair, DifferenceKind)> =
        pairs.iter().filter_map(|pair| Some((pair, compare(money(pair.own), money(pair.their))?))).collect();
    sqlx::query!(
        "insert into bank_difference (district_id, kind, batch_id, bank_file_id, line, item_id, payment_id, own_fen, their_fen,
                                      bank_serial, created_at)
         select d.district, d.kind, d.batch, $1, d.line, d.item, d.payment, d.own, d.their, d.serial, $2
         from unnest($3::bigint[], $4::text[], $5::bigint[], $6::integer[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
                     $11::text[]) as d (district, kind, batch, line, item, payment, own, their, serial)",
        file,
        now,
        &found.iter().map(|(pair, _)| pair.district).collect::<Vec<_>>() as &[Option<i64>],
        &found.iter().map(|(_, kind)| kind.code().to_owned()).collect::<Vec<_>>(),
        &found.iter().map(|(pair, _)| pair.batch).collect::<Vec<_>>() as &[Option<i64>],
        &found.iter().map(|(pair, _)| pair.line).collect::<Vec<_>>() as &[Option<i32>],
        &found.iter().map(|(pair, _)| pair.item).collect::<Vec<_>>() as &[Option<i64>],
        &found.iter().map(|(pair, _)| pair.payment).collect::<Vec<_>>() as &[Option<i64>],
        &found.iter().map(|(pair, _)| pair.own.unwrap_or_default()).collect::<Vec<_>>(),
        &found.iter().map(|(pair, _)| pair.their.unwrap_or_default()).collect::<Vec<_>>(),
        &found.iter().map(|(pair, _)| pair.serial.clone()).collect::<Vec<_>>() as &[Option<String>],
    )
    .execute(connection(tx))
    .await?;
    Ok(i32::try_from(found.len()).unwrap_or(i32::MAX))
}

/// Keeps the three sums of every district that the day concerns: of the deductions that the statement pays or should.
async fn days_insert(tx: &mut Tx, file: i64, day: NaiveDate, now: DateTime<Utc>) -> Result<()> {
    let (from, to) = china_day_bounds(day)?;
    sqlx::query!(
        "with theirs as (
             select district_id, sum(amount_fen)::bigint as fen, count(*)::integer as lines from bank_statement_line
             where bank_file_id = $1 group by district_id),
         ours as (
             select i.district_id, sum(i.deducted_fen)::bigint as channel, sum(p.amount_fen)::bigint as own
             from deduction_item i join payment p on p.id = i.payment_id and p.status = 'NORMAL'
             where i.id in (select item_id from bank_statement_line where bank_file_id = $1)
                 or (i.deducted_at >= $3 and i.deducted_at < $4
                     and not exists (select from bank_statement_line l where l.item_id = i.id))
             group by i.district_id),
         differing as (select district_id, count(*)::integer as count from bank_difference where bank_file_id = $1 group by district_id),
         districts as (select district_id from theirs union select district_id from ours)
         insert into reconciliation (district_id, day, bank_file_id, own_fen, channel_fen, their_fen, lines, differences, made_at)
         select d.district_id, $2, $1, coalesce(o.own, 0), coalesce(o.channel, 0), coalesce(t.fen, 0), coalesce(t.lines, 0),
                coalesce(f.count, 0), $5
         from districts d left join theirs t on t.district_id is not distinct from d.district_id
         left join ours o on o.district_id = d.district_id left join differing f on f.district_id is not distinct from d.district_id
         order by d.district_id",
        file,
        day,
        from,
        to,
        now
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    day: NaiveDate,
    channel: String,
    district: Option<String>,
    own_fen: i64,
    channel_fen: i64,
    their_fen: i64,
    lines: i32,
    differences: i32,
    open: i64,
    made_at: DateTime<Utc>,
}

/// A page of reconciled days in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn reconciliation_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<ReconciliationRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = RECONCILIATION_LIST.sort(query);
    let day = |key: &str| query.filter(key).and_then(|text| text.parse::<NaiveDate>().ok());
    let page = SmallList {
        columns:
            "r.id, r.day, r.channel, o.name as district, r.own_fen, r.channel_fen, r.their_fen, r.lines, r.differences, r.made_at,
                  case when r.channel in ('DEBIT', 'POS')
                      then (select count(*) from bank_difference d where d.bank_file_id = r.bank_file_id
                                and d.district_id is not distinct from r.district_id and d.status = 'OPEN')
                      else (select count(*) from pay_odd d where d.channel = r.channel and d.status <> 'DONE'
                                and d.district_id is not distinct from r.district_id
                                and d.paid_at >= r.day::timestamp at time zone 'Asia/Shanghai'
                                and d.paid_at < (r.day + 1)::timestamp at time zone 'Asia/Shanghai') end as open",
        from: "from reconciliation r left join organization o on o.id = r.district_id where true",
        searched: &["o.name"],
        filter: &|sql| {
            push_district_scope(sql, ctx, "r.district_id");
            push_code(sql, query, "by", "r.channel");
            push_id(sql, query, "district", "r.district_id");
            if let Some(since) = day("since") {
                sql.push(" and r.day >= ").push_bind(since);
            }
            if let Some(until) = day("until") {
                sql.push(" and r.day <= ").push_bind(until);
            }
        },
        order: "r.day",
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| {
        Ok::<_, Error>(ReconciliationRow {
            id: record.id,
            day: record.day,
            by: stored(&record.channel, ReconciliationChannel::from_code)?,
            district: record.district,
            own: Money::from_fen(record.own_fen),
            channel: Money::from_fen(record.channel_fen),
            their: Money::from_fen(record.their_fen),
            lines: record.lines,
            differences: record.differences,
            open: record.open,
            made_at: record.made_at,
        })
    })
}
