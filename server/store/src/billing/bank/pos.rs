//! T+1: the bank's statement of the counters' terminals against the slips that cashiers wrote down and against what was entered
//! (E-49, domain.md §3.7, D-31 POS). What only one side says goes to the difference pool; each district's three sums are kept as a
//! row of its day, as those of direct debits are.

use super::{
    Received,
    reconcile::{Ours, Pair, Pays, Reading, Reconciled, StatementLine},
};
use crate::{
    Database, Result,
    ctx::{Tx, china_day_bounds, connection},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    billing::reconciliation::{ReconciliationChannel, SLIP_DAYS, pair},
    value::Money,
};

/// Takes a day's statement of terminals in, in one transaction: a day is reconciled whole or not at all.
///
/// # Errors
/// [`super::FILE_IS_KNOWN`]; a refusal for a day that was reconciled by another statement.
pub async fn pos_statement_enter(
    database: &Database,
    file: &Received<'_>,
    day: NaiveDate,
    lines: &[StatementLine],
    now: DateTime<Utc>,
) -> Result<Reconciled> {
    let mut reading = Reading::begin(database, file, (day, ReconciliationChannel::Pos), now).await?;
    let paid = paid(&mut reading.tx, day, lines).await?;
    reading.keep(lines, &paid).await?;
    let (pairs, ours) = (pairs(&mut reading).await?, ours(&mut reading).await?);
    reading.end(&pairs, &ours).await
}

/// A payment by card that no statement has paid yet.
struct Slip {
    id: i64,
    district_id: i64,
    serial: String,
    amount_fen: i64,
}

/// The payments that the lines may pay, the latest first: of several with one number the nearest to the day is meant.
async fn slips(tx: &mut Tx, day: NaiveDate, lines: &[StatementLine]) -> Result<Vec<Slip>> {
    let (from, _) = china_day_bounds(day)?;
    let serials: Vec<String> = lines.iter().map(|line| line.serial.clone()).collect();
    Ok(sqlx::query_as!(
        Slip,
        r#"select p.id, p.district_id, p.bank_serial as "serial!", p.amount_fen from payment p
           where p.method = 'POS' and p.status = 'NORMAL' and p.bank_serial = any($1) and p.paid_at >= $2
               and not exists (select from bank_statement_line l where l.payment_id = p.id)
           order by p.paid_at desc, p.id desc"#,
        &serials,
        from - TimeDelta::days(SLIP_DAYS)
    )
    .fetch_all(connection(tx))
    .await?)
}

/// Which payment each line pays.
async fn paid(tx: &mut Tx, day: NaiveDate, lines: &[StatementLine]) -> Result<Vec<Pays>> {
    let slips = slips(tx, day, lines).await?;
    let told: Vec<(&str, Money)> = lines.iter().map(|line| (line.serial.as_str(), line.amount)).collect();
    let written: Vec<(&str, Money)> =
        slips.iter().map(|slip| (slip.serial.as_str(), Money::from_fen(slip.amount_fen))).collect();
    let of = |slip: &Slip| Pays { district: Some(slip.district_id), payment: Some(slip.id), item: None };
    let pays = pair(&told, &written).into_iter().map(|place| place.map_or_else(Pays::default, |nth| of(&slips[nth])));
    Ok(pays.collect())
}

/// What only one side says, and where the two have another amount.
async fn pairs(reading: &mut Reading<'_>) -> Result<Vec<Pair>> {
    let (from, to) = china_day_bounds(reading.day)?;
    Ok(sqlx::query_as!(
        Pair,
        r#"select l.district_id as district, null::bigint as batch, l.line as "line?", null::bigint as item, l.payment_id as payment,
                  p.amount_fen as "own?", l.amount_fen as "their?", l.serial as "serial?"
           from bank_statement_line l left join payment p on p.id = l.payment_id
           where l.bank_file_id = $1 and p.amount_fen is distinct from l.amount_fen
           union all
           select p.district_id, null, null, null, p.id, p.amount_fen, null, p.bank_serial
           from payment p
           where p.method = 'POS' and p.status = 'NORMAL' and p.paid_at >= $2 and p.paid_at < $3
               and not exists (select from bank_statement_line l where l.payment_id = p.id)"#,
        reading.file,
        from,
        to
    )
    .fetch_all(connection(&mut reading.tx))
    .await?)
}

/// Of the payments that the statement pays or should: 账单 is what the ledger has at the bank of them, 渠道 what the slips say.
async fn ours(reading: &mut Reading<'_>) -> Result<Vec<Ours>> {
    let (from, to) = china_day_bounds(reading.day)?;
    Ok(sqlx::query_as!(
        Ours,
        r#"select p.district_id as district, sum(p.amount_fen)::bigint as "channel!",
                  sum((select coalesce(sum(e.amount_fen * ((e.debit = 'BANK')::int - (e.credit = 'BANK')::int)), 0)
                       from ledger_entry e where e.payment_id = p.id))::bigint as "own!"
           from payment p
           where p.id in (select payment_id from bank_statement_line where bank_file_id = $1)
               or (p.method = 'POS' and p.status = 'NORMAL' and p.paid_at >= $2 and p.paid_at < $3
                   and not exists (select from bank_statement_line l where l.payment_id = p.id))
           group by p.district_id"#,
        reading.file,
        from,
        to
    )
    .fetch_all(connection(&mut reading.tx))
    .await?)
}
