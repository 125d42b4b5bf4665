//! Meters at the door: what they show when a home is handed over is the opening of its lessee, and what they show when he
//! leaves is his closing (S4-1.5.3, S4-1.5.4, §4.12).

use super::{
    charge::{Measure, charge, dues},
    empty_refresh, history_add, opening,
    period::billed,
};
use crate::{
    Ctx, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
};
use chrono::NaiveDate;
use domain::{
    billing::meter::{Span, no_tariff},
    dictionary::MeterType,
    failure::{Failure, FieldErrors},
    tenancy::hand_over::{Reading, meter_field},
    value::Money,
};

/// Which record the values stand in.
#[derive(Clone, Copy)]
enum Door {
    HandOver(i64),
    Exit(i64),
}

impl Door {
    fn ids(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::HandOver(id) => (Some(id), None),
            Self::Exit(id) => (None, Some(id)),
        }
    }
}

/// Takes what the meters of a home showed when it was handed over: what was measured before is nobody's.
///
/// # Errors
/// Complaints by field: less than what was read last, or another value than one that later readings follow.
pub(crate) async fn at_hand_over(
    tx: &mut Tx,
    ctx: &Ctx,
    (hand_over, unit): (i64, i64),
    day: NaiveDate,
    readings: &[(MeterType, Reading)],
) -> Result<()> {
    taken(tx, ctx, Door::HandOver(hand_over), unit, day, readings).await
}

/// Takes what the meters of a home showed when its lessee left.
///
/// # Errors
/// As [`at_hand_over`].
pub(crate) async fn at_exit(
    tx: &mut Tx,
    ctx: &Ctx,
    (exit, unit): (i64, i64),
    day: NaiveDate,
    readings: &[(MeterType, Reading)],
) -> Result<()> {
    taken(tx, ctx, Door::Exit(exit), unit, day, readings).await
}

/// Takes back what the meters showed, of an exit that was revoked: unless it was billed, or read on behind it.
pub(crate) async fn exit_readings_drop(tx: &mut Tx, exit: i64) -> Result<()> {
    let meters = sqlx::query_scalar!(
        "delete from meter_reading r where r.exit_id = $1 and r.status <> 'BILLED' and not exists (
             select from meter_reading l where l.meter_id = r.meter_id and l.closing is not null and (l.read_on, l.read_at, l.id) > (r.read_on, r.read_at, r.id))
         returning r.meter_id",
        exit
    )
    .fetch_all(connection(tx))
    .await?;
    for meter in meters {
        empty_refresh(tx, meter).await?;
    }
    Ok(())
}

/// A meter of the home, with what its record holds of it already.
struct Known {
    meter: i64,
    r#type: MeterType,
    multiplier: i64,
    max: Option<Reading>,
    reading: Option<i64>,
    closing: Option<i64>,
    billed: bool,
    /// something was read behind it
    followed: bool,
}

async fn known(tx: &mut Tx, door: Door, unit: i64) -> Result<Vec<Known>> {
    let (hand_over, exit) = door.ids();
    sqlx::query!(
        r#"select m.id, m.type, m.multiplier, m.max_value, r.id as "reading?", r.closing as "closing?",
                  coalesce(r.status = 'BILLED' and r.source = 'EXIT', false) as "billed!",
                  exists (select from meter_reading l where l.meter_id = m.id and l.closing is not null and r.id is not null
                          and (l.read_on, l.read_at, l.id) > (r.read_on, r.read_at, r.id)) as "followed!"
           from meter m left join meter_reading r on r.meter_id = m.id and (r.hand_over_id = $2 or r.exit_id = $3)
           where m.unit_id = $1 and m.status = 'ON' order by m.id for update of m"#,
        unit,
        hand_over,
        exit,
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(Known {
            meter: row.id,
            r#type: stored(&row.r#type, MeterType::from_code)?,
            multiplier: row.multiplier.into(),
            max: row.max_value.map(Reading),
            reading: row.reading,
            closing: row.closing,
            billed: row.billed,
            followed: row.followed,
        })
    })
    .collect()
}

async fn taken(
    tx: &mut Tx,
    ctx: &Ctx,
    door: Door,
    unit: i64,
    day: NaiveDate,
    readings: &[(MeterType, Reading)],
) -> Result<()> {
    let mut errors = FieldErrors::default();
    for known in known(tx, door, unit).await? {
        let value = readings.iter().find(|(meter, _)| *meter == known.r#type).map(|(_, value)| *value);
        let field = meter_field(known.r#type);
        if known.billed || known.followed {
            if value.map(|value| value.0) != known.closing {
                let why = if known.billed {
                    "该表已出账，请在抄表记录中更正"
                } else {
                    "该表已有后续抄表，不能修改"
                };
                errors.add(field, why);
            }
            continue;
        }
        let Some(value) = value else {
            if let Some(reading) = known.reading {
                sqlx::query!("delete from meter_reading where id = $1", reading).execute(connection(tx)).await?;
                empty_refresh(tx, known.meter).await?;
            }
            continue;
        };
        let begin = opening(tx, known.meter, known.reading).await?;
        // Read behind that day already: the chain is ahead of the record.
        if begin.read_on.is_some_and(|last| last > day) {
            continue;
        }
        let span = Span {
            opening: begin.value,
            closing: value,
            multiplier: known.multiplier,
            max: known.max,
            // Who leaves has said why it shows less (the sheet asks for it): it went past its highest value.
            rolled: matches!(door, Door::Exit(_)) && known.max.is_some() && value < begin.value,
            carried: begin.carried,
        };
        match span.usage() {
            Ok(usage) => write(tx, ctx, door, &known, day, (begin.from, &span, usage)).await?,
            Err(_) => errors.add(field, format!("须不小于上次抄表的{}，且不大于表具最大读数", begin.value)),
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    door: Door,
    known: &Known,
    day: NaiveDate,
    (from, span, usage): (NaiveDate, &Span, i64),
) -> Result<()> {
    let (hand_over, exit) = door.ids();
    if let Some(reading) = known.reading {
        sqlx::query!("delete from meter_reading where id = $1", reading).execute(connection(tx)).await?;
    }
    // What nobody pays is billed with nothing.
    sqlx::query!(
        "insert into meter_reading (district_id, estate_id, meter_id, source, hand_over_id, exit_id, from_on, opening, closing, read_on,
                                    carried, usage, status, amount_fen, reader_id, read_at, rolled)
         select district_id, estate_id, id, case when $2::bigint is null then 'EXIT' else 'HAND_OVER' end, $2, $3, $4, $5, $6, $7, $8, $9,
                case when $2::bigint is null then 'READ' else 'BILLED' end, case when $2::bigint is null then null else 0 end, $10, $11, $12
         from meter where id = $1",
        known.meter,
        hand_over,
        exit,
        from.min(day),
        span.opening.0,
        span.closing.0,
        day,
        span.carried,
        usage,
        ctx.actor_id(),
        ctx.now(),
        span.rolled,
    )
    .execute(connection(tx))
    .await?;
    let event = if exit.is_some() { "退租验房" } else { "交房" };
    history_add(tx, ctx, known.meter, None, &format!("{event}抄表{}", span.closing), None).await?;
    empty_refresh(tx, known.meter).await
}

/// Bills what the meters of a home measured for who leaves it: his last reading, and what was read in a period and not billed
/// yet. Answers what it comes to.
///
/// # Errors
/// A refusal while a strange value is not confirmed, and where no price is set.
pub(crate) async fn exit_readings_bill(tx: &mut Tx, ctx: &Ctx, exit: i64) -> Result<Money> {
    let rows = sqlx::query!(
        r#"select r.id, r.status, m.meter_no, m.type, m.unit_id, r.from_on, r.read_on as "read_on!", r.usage as "usage!",
                  x.account_id, m.district_id, m.estate_id
           from exit_case x join meter m on m.unit_id = x.unit_id
           join meter_reading r on r.meter_id = m.id and r.status in ('READ', 'ABNORMAL', 'CONFIRMED')
               and (r.exit_id = x.id or r.source = 'PERIOD' and r.read_on <= x.inspected_on)
           where x.id = $1 order by m.id, r.id for update of r"#,
        exit
    )
    .fetch_all(connection(tx))
    .await?;
    let mut total = Money::ZERO;
    for row in rows {
        if row.status == "ABNORMAL" {
            return Err(Failure::refused(format!("表具{}的读数异常，请先确认", row.meter_no)).into());
        }
        let meter = stored(&row.r#type, MeterType::from_code)?;
        let rule = billing_rule(tx, row.district_id, ctx.today()).await?;
        let tariff = rule.tariff(meter);
        if !tariff.is_set() {
            return Err(Failure::refused(no_tariff(meter)).into());
        }
        let measure = Measure {
            reading: row.id,
            meter_no: row.meter_no,
            meter,
            unit: row.unit_id,
            building: None,
            estate: row.estate_id,
            district: row.district_id,
            share: None,
            from: row.from_on,
            to: row.read_on,
            usage: row.usage,
            payer: Some(row.account_id),
        };
        let due = dues(tx, &measure, tariff).await?;
        total = total + charge(tx, ctx, row.district_id, due).await?;
        billed(tx, &[measure], tariff).await?;
    }
    Ok(total)
}
