//! T+1: the bank's statement of the counters' terminals against the slips that cashiers wrote down and against what was entered
//! (E-49, domain.md §3.7, D-31 POS). What only one side says goes to the difference pool; each district's three sums are kept as a
//! row of its day, as those of direct debits are.

use super::{
    Received, finish,
    statement::{Pair, Reconciled, StatementLine, day_is_reconciled, pool_insert},
    take_up,
};
use crate::{
    Ctx, Database, Result,
    ctx::{Tx, china_day_bounds, connection},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    billing::reconciliation::{ReconciliationChannel, SLIP_DAYS, pair},
    failure::Failure,
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
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let id = take_up(&mut tx, file, None, now).await?;
    if day_is_reconciled(&mut tx, day, ReconciliationChannel::Pos).await? {
        return Err(Failure::refused(format!("{day}的POS对账单已对账")).into());
    }
    lines_insert(&mut tx, id, day, lines).await?;
    let differences = differences_insert(&mut tx, id, day, now).await?;
    days_insert(&mut tx, id, day, now).await?;
    let count = i32::try_from(lines.len()).unwrap_or(i32::MAX);
    let said = if differences == 0 { "三方一致".to_owned() } else { format!("差异{differences}条") };
    finish(&mut tx, id, count, &said, now).await?;
    tx.commit().await?;
    database.announce();
    Ok(Reconciled { lines: count, differences })
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

/// Keeps lines with the payments that they pay.
async fn lines_insert(tx: &mut Tx, file: i64, day: NaiveDate, lines: &[StatementLine]) -> Result<()> {
    let slips = slips(tx, day, lines).await?;
    let told: Vec<(&str, Money)> = lines.iter().map(|line| (line.serial.as_str(), line.amount)).collect();
    let written: Vec<(&str, Money)> =
        slips.iter().map(|slip| (slip.serial.as_str(), Money::from_fen(slip.amount_fen))).collect();
    let paid: Vec<Option<&Slip>> =
        pair(&told, &written).into_iter().map(|place| place.map(|nth| &slips[nth])).collect();
    sqlx::query!(
        "insert into bank_statement_line (bank_file_id, line, district_id, serial, terminal_no, amount_fen, at, payment_id)
         select $1, l.* from unnest($2::integer[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[], $8::bigint[]) as l",
        file,
        &lines.iter().map(|line| line.line).collect::<Vec<_>>(),
        &paid.iter().map(|slip| slip.map(|slip| slip.district_id)).collect::<Vec<_>>() as &[Option<i64>],
        &lines.iter().map(|line| line.serial.clone()).collect::<Vec<_>>(),
        &lines.iter().map(|line| line.source.clone()).collect::<Vec<_>>(),
        &lines.iter().map(|line| line.amount.fen()).collect::<Vec<_>>(),
        &lines.iter().map(|line| line.at).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
        &paid.iter().map(|slip| slip.map(|slip| slip.id)).collect::<Vec<_>>() as &[Option<i64>],
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Puts into the pool what only one side says; answers how much it was.
async fn differences_insert(tx: &mut Tx, file: i64, day: NaiveDate, now: DateTime<Utc>) -> Result<i32> {
    let (from, to) = china_day_bounds(day)?;
    let pairs = sqlx::query_as!(
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
        file,
        from,
        to
    )
    .fetch_all(connection(tx))
    .await?;
    pool_insert(tx, file, &pairs, now).await
}

/// Keeps the three sums of every district that the day concerns: of the payments that the statement pays or should. 账单 is what
/// the ledger has at the bank of them, 渠道 what the slips say.
async fn days_insert(tx: &mut Tx, file: i64, day: NaiveDate, now: DateTime<Utc>) -> Result<()> {
    let (from, to) = china_day_bounds(day)?;
    sqlx::query!(
        "with theirs as (
             select district_id, sum(amount_fen)::bigint as fen, count(*)::integer as lines from bank_statement_line
             where bank_file_id = $1 group by district_id),
         ours as (
             select p.district_id, sum(p.amount_fen)::bigint as channel,
                    sum((select coalesce(sum(e.amount_fen * ((e.debit = 'BANK')::int - (e.credit = 'BANK')::int)), 0)
                         from ledger_entry e where e.payment_id = p.id))::bigint as own
             from payment p
             where p.id in (select payment_id from bank_statement_line where bank_file_id = $1)
                 or (p.method = 'POS' and p.status = 'NORMAL' and p.paid_at >= $3 and p.paid_at < $4
                     and not exists (select from bank_statement_line l where l.payment_id = p.id))
             group by p.district_id),
         differing as (select district_id, count(*)::integer as count from bank_difference where bank_file_id = $1 group by district_id),
         districts as (select district_id from theirs union select district_id from ours)
         insert into reconciliation (district_id, day, channel, bank_file_id, own_fen, channel_fen, their_fen, lines, differences, made_at)
         select d.district_id, $2, 'POS', $1, coalesce(o.own, 0), coalesce(o.channel, 0), coalesce(t.fen, 0), coalesce(t.lines, 0),
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
