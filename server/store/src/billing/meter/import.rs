//! I-15: the values of a file, set-wise; a meter that rolled over is entered by hand.

use super::reading::{Asked, Row, Value, Written, rows_hold, rows_write, status_set};
use crate::{
    Ctx, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
};
use chrono::NaiveDate;
use domain::{
    billing::meter_reading::{PeriodEvent, PeriodStatus, ReadingStatus},
    tenancy::hand_over::Reading,
};
use std::collections::{BTreeMap, HashMap};

/// A row of I-15.
pub(crate) struct Imported<'a> {
    pub month: NaiveDate,
    pub meter_no: &'a str,
    pub opening: Option<Reading>,
    pub closing: Reading,
    pub read_on: NaiveDate,
    pub reader: Option<&'a str>,
}

/// The column that a complaint is about, and what it says.
type Said = (&'static str, String);

/// Where a row of the file belongs.
struct Found {
    meter: Option<i64>,
    period: Option<i64>,
    reading: Option<i64>,
}

async fn find(tx: &mut Tx, rows: &[Imported<'_>]) -> Result<Vec<Found>> {
    let found = sqlx::query!(
        r#"select m.id as "meter?", p.id as "period?", r.id as "reading?"
           from unnest($1::date[], $2::text[]) with ordinality as t (month, meter_no, place)
           left join meter m on m.meter_no = t.meter_no and m.status = 'ON'
           left join meter_period p on p.estate_id = m.estate_id and p.type = m.type and p.month = t.month and p.status <> 'CANCELLED'
           left join meter_reading r on r.period_id = p.id and r.meter_id = m.id
           order by t.place"#,
        &Vec::from_iter(rows.iter().map(|row| row.month)),
        &Vec::from_iter(rows.iter().map(|row| row.meter_no.to_owned())),
    )
    .fetch_all(connection(tx))
    .await?;
    let found = found.into_iter().map(|row| Found { meter: row.meter, period: row.period, reading: row.reading });
    Ok(found.collect())
}

/// The periods, locked in the order of their ids, with how they stand.
async fn periods_hold(tx: &mut Tx, found: &[Found]) -> Result<HashMap<i64, PeriodStatus>> {
    let ids: Vec<i64> = found.iter().filter_map(|found| found.period).collect();
    sqlx::query!("select id, status from meter_period where id = any($1) order by id for update", &ids)
        .fetch_all(connection(tx))
        .await?
        .into_iter()
        .map(|row| Ok((row.id, stored(&row.status, PeriodStatus::from_code)?)))
        .collect()
}

/// Enters the values of a file, or with `write_down` false only tries them; answers the complaint about each that is not
/// entered: `表具不存在`, `期末值小于期初值`, `本期已抄`.
pub(crate) async fn readings_import(
    tx: &mut Tx,
    ctx: &Ctx,
    rows: &[Imported<'_>],
    write_down: bool,
) -> Result<Vec<Option<Said>>> {
    let found = find(tx, rows).await?;
    let periods = periods_hold(tx, &found).await?;
    let ids: Vec<i64> = found.iter().filter_map(|found| found.reading).collect();
    let held: HashMap<i64, Row> = rows_hold(tx, &ids).await?.into_iter().map(|row| (row.id, row)).collect();
    let mut complaints = Vec::with_capacity(rows.len());
    let mut written = Vec::new();
    let mut factors = BTreeMap::new();
    for (row, found) in rows.iter().zip(&found) {
        let value = Value {
            read_on: row.read_on,
            opening: row.opening,
            closing: row.closing,
            rolled: false,
            reader: row.reader,
        };
        match checked(ctx, found, &periods, &held, &value) {
            Ok((row, span, usage)) => {
                let factor = match factors.get(&row.district) {
                    Some(factor) => *factor,
                    None => {
                        let factor = billing_rule(tx, row.district, ctx.today()).await?.meter_factor;
                        factors.insert(row.district, factor);
                        factor
                    }
                };
                written.push(Written { row, value, span, usage, factor });
                complaints.push(None);
            }
            Err(said) => complaints.push(Some(said)),
        }
    }
    if write_down && !written.is_empty() {
        rows_write(tx, ctx, &written).await?;
        let mut read: Vec<i64> = written.iter().map(|one| one.row.period).collect();
        read.sort_unstable();
        read.dedup();
        for period in read {
            status_set(tx, period, PeriodStatus::Reading).await?;
        }
    }
    Ok(complaints)
}

fn checked<'a>(
    ctx: &Ctx,
    found: &Found,
    periods: &HashMap<i64, PeriodStatus>,
    held: &'a HashMap<i64, Row>,
    value: &Value<'_>,
) -> std::result::Result<(&'a Row, domain::billing::meter::Span, i64), Said> {
    let says = |column: &'static str, sentence: &str| Err((column, sentence.to_owned()));
    if found.meter.is_none() {
        return says("表具编号", "表具不存在");
    }
    let Some(status) = found.period.and_then(|period| periods.get(&period)) else {
        return says("期间", "该小区本期尚未建立抄表期间");
    };
    let Some(row) = found.reading.and_then(|reading| held.get(&reading)) else {
        return says("表具编号", "本期没有该表具，请先同步表具");
    };
    if row.status != ReadingStatus::Empty {
        return says("期间", "本期已抄");
    }
    if value.read_on > ctx.today() {
        return says("抄表日期", "抄表日期不能晚于今天");
    }
    status.next(PeriodEvent::Read).map_err(|refusal| ("期间", refusal.to_string()))?;
    let (span, usage) = row.taken(value).map_err(|(asked, complaint)| {
        let column = match asked {
            Asked::Day => "抄表日期",
            Asked::Opening => "期初值",
            Asked::Closing => "期末值",
        };
        (column, complaint.text().to_owned())
    })?;
    Ok((row, span, usage))
}
