//! T+1: the bank's statement of a day against the responses and against what was entered (E-49, §3.7). What only one side says
//! goes to the difference pool; each district's three sums are kept as a row of its day.

pub use super::reconcile::{Reconciled, StatementLine};

use super::{
    Received,
    reconcile::{Ours, Pair, Pays, Reading},
};
use crate::{
    Ctx, Database, Error, Result,
    ctx::{Tx, china_day_bounds, connection},
    error::stored,
    list::{SmallList, push_code, push_district_scope, push_id},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::reconciliation::{RECONCILIATION_LIST, ReconciliationChannel, ReconciliationRow},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use std::collections::HashSet;

/// Lines in one statement of SQL.
const PORTION: usize = 10_000;

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
    let mut reading = Reading::begin(database, file, (day, ReconciliationChannel::Debit), now).await?;
    let mut seen = HashSet::new();
    for portion in lines.chunks(PORTION) {
        let paid = paid(&mut reading.tx, portion, &mut seen).await?;
        reading.keep(portion, &paid).await?;
    }
    let (pairs, ours) = (pairs(&mut reading).await?, ours(&mut reading).await?);
    reading.end(&pairs, &ours).await
}

/// Which item each line pays; a number that comes a second time pays nothing.
async fn paid(tx: &mut Tx, lines: &[StatementLine], seen: &mut HashSet<i64>) -> Result<Vec<Pays>> {
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
    let pays = known.iter().map(|row| Pays {
        district: row.district,
        item: row.item.filter(|item| seen.insert(*item)),
        payment: None,
    });
    Ok(pays.collect())
}

/// What only one side says of direct debits, and where the two have another amount.
async fn pairs(reading: &mut Reading<'_>) -> Result<Vec<Pair>> {
    let (from, to) = china_day_bounds(reading.day)?;
    // What agrees stays in the database: of half a million lines it is all but a few.
    Ok(sqlx::query_as!(
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
        reading.file,
        from,
        to
    )
    .fetch_all(connection(&mut reading.tx))
    .await?)
}

/// Of the deductions that the statement pays or should: 账单 is what bills and balances got of them, 渠道 what the responses say.
async fn ours(reading: &mut Reading<'_>) -> Result<Vec<Ours>> {
    let (from, to) = china_day_bounds(reading.day)?;
    Ok(sqlx::query_as!(
        Ours,
        r#"select i.district_id as district, sum(i.deducted_fen)::bigint as "channel!", sum(p.amount_fen)::bigint as "own!"
           from deduction_item i join payment p on p.id = i.payment_id and p.status = 'NORMAL'
           where i.id in (select item_id from bank_statement_line where bank_file_id = $1)
               or (i.deducted_at >= $2 and i.deducted_at < $3
                   and not exists (select from bank_statement_line l where l.item_id = i.id))
           group by i.district_id"#,
        reading.file,
        from,
        to
    )
    .fetch_all(connection(&mut reading.tx))
    .await?)
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
