//! What the meters measured for who leaves (§4.12): on his exit bill, which a second accountant checks, so that what was read in
//! a period need not be checked first; of who leaves by a swap (R-19) on bills of their own, with the hand-over to the other household. Nobody pays what was measured behind his inspection; if he stays after all, he does.

use super::{
    charge::{Due, Measure, charge, dues, payers_named, tariff_on},
    empty_refresh,
    period::billed,
};
use crate::{
    Ctx, Result,
    billing::account::account_reopen,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    billing::{meter::months_since, plan::month_of},
    dictionary::{ExitLineKind, MeterType},
    failure::Failure,
    tenancy::exit_bill::ExitBillLine,
    value::Money,
};

/// Which readings of the home are meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// his last one, and what was read before it and not billed
    Inspected,
    /// his last one, and what waited for him in periods that were billed meanwhile
    Revoked,
}

/// What is not billed yet of an exit, with who pays it; the meters and their readings are locked.
///
/// # Errors
/// A refusal while a strange value is not confirmed, and where no price is set.
async fn measures(tx: &mut Tx, ctx: &Ctx, exit: i64, until: Until) -> Result<(Vec<Measure>, i64)> {
    let case =
        sqlx::query!("select unit_id, account_id from exit_case where id = $1", exit).fetch_one(connection(tx)).await?;
    sqlx::query!("select id from meter where unit_id = $1 order by id for update", case.unit_id)
        .fetch_all(connection(tx))
        .await?;
    let rows = sqlx::query!(
        r#"select r.id, r.status, m.meter_no, m.type, m.unit_id, r.from_on, r.read_on as "read_on!", r.usage as "usage!",
                  m.district_id, m.estate_id, p.month as "month?", p.to_on as "to_on?", reading_month_before(r.id) as before
           from exit_case x join meter m on m.unit_id = x.unit_id
           join meter_reading r on r.meter_id = m.id and r.status in ('READ', 'ABNORMAL', 'CONFIRMED')
           left join meter_period p on p.id = r.period_id
           where x.id = $1 and (r.exit_id = x.id or r.source = 'PERIOD'
               and case when $2 then p.status in ('BILLED', 'CLOSED') else r.read_on <= x.inspected_on and not exists (
                   select from meter_reading e where e.exit_id = x.id and e.meter_id = m.id
                       and (e.read_on, e.read_at, e.id) < (r.read_on, r.read_at, r.id)) end)
           order by m.id, r.read_on, r.id for update of r"#,
        exit,
        until == Until::Revoked,
    )
    .fetch_all(connection(tx))
    .await?;
    let mut measures = Vec::with_capacity(rows.len());
    for row in rows {
        if row.status == "ABNORMAL" {
            return Err(strange(&row.meter_no).into());
        }
        let meter = stored(&row.r#type, MeterType::from_code)?;
        let month = row.month.unwrap_or(month_of(row.read_on));
        let tariff = tariff_on(tx, ctx, row.district_id, meter, row.to_on.unwrap_or(row.read_on)).await?;
        measures.push(Measure {
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
            month,
            usage: row.usage,
            tariff: tariff.over(months_since(row.before, month)),
        });
    }
    Ok((measures, case.account_id))
}

async fn all_dues(tx: &mut Tx, measures: &[Measure], account: i64) -> Result<Vec<Due>> {
    let payers = payers_named(tx, &[account]).await?;
    Ok(measures.iter().flat_map(|measure| dues(measure, payers.clone())).collect())
}

async fn bill(tx: &mut Tx, ctx: &Ctx, exit: i64, until: Until) -> Result<Money> {
    let (measures, account) = measures(tx, ctx, exit, until).await?;
    let Some(district) = measures.first().map(|measure| measure.district) else { return Ok(Money::ZERO) };
    let all = all_dues(tx, &measures, account).await?;
    let amount = charge(tx, ctx, district, all).await?;
    billed(tx, &measures).await?;
    Ok(amount)
}

/// What a household has used of a home that it gives to another by a swap (R-19): up to the hand-over, and what was read before it
/// and not billed. The readings of the hand-over itself are nobody's otherwise.
///
/// # Errors
/// As [`exit_readings_bill`].
pub(crate) async fn swap_readings_bill(tx: &mut Tx, ctx: &Ctx, hand_over: i64, account: i64) -> Result<()> {
    let rows = sqlx::query!(
        r#"select r.id, r.status, m.meter_no, m.type, m.unit_id, r.from_on, r.read_on as "read_on!", r.usage as "usage!",
                  m.district_id, m.estate_id, p.month as "month?", p.to_on as "to_on?", reading_month_before(r.id) as before
           from hand_over h join meter m on m.unit_id = h.unit_id join meter_reading r on r.meter_id = m.id
           left join meter_period p on p.id = r.period_id
           where h.id = $1 and (r.hand_over_id = h.id and r.usage > 0
                   and not exists (select from meter_charge g where g.reading_id = r.id)
               or r.source = 'PERIOD' and r.status in ('READ', 'ABNORMAL', 'CONFIRMED') and r.read_on <= h.handed_on)
           order by m.id, r.read_on, r.id for update of r"#,
        hand_over
    )
    .fetch_all(connection(tx))
    .await?;
    let mut measures = Vec::with_capacity(rows.len());
    for row in rows {
        if row.status == "ABNORMAL" {
            return Err(strange(&row.meter_no).into());
        }
        let meter = stored(&row.r#type, MeterType::from_code)?;
        let month = row.month.unwrap_or(month_of(row.read_on));
        let tariff = tariff_on(tx, ctx, row.district_id, meter, row.to_on.unwrap_or(row.read_on)).await?;
        measures.push(Measure {
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
            month,
            usage: row.usage,
            tariff: tariff.over(months_since(row.before, month)),
        });
    }
    let Some(district) = measures.first().map(|measure| measure.district) else { return Ok(()) };
    account_reopen(tx, account).await?;
    let all = all_dues(tx, &measures, account).await?;
    charge(tx, ctx, district, all).await?;
    billed(tx, &measures).await
}

fn strange(meter_no: &str) -> Failure {
    Failure::refused(format!("表具{meter_no}的读数异常，请先在抄表记录中确认"))
}

/// The lines that [`exit_readings_bill`] will make bills of; nothing is written.
///
/// # Errors
/// As [`exit_readings_bill`].
pub(crate) async fn exit_readings_offer(tx: &mut Tx, ctx: &Ctx, exit: i64) -> Result<Vec<ExitBillLine>> {
    let (measures, account) = measures(tx, ctx, exit, Until::Inspected).await?;
    let dues = all_dues(tx, &measures, account).await?;
    let line = |due: Due| ExitBillLine {
        kind: ExitLineKind::Owed,
        fee_item: due.meter.fee_item(),
        bill: None,
        from: Some(due.from),
        to: Some(due.to),
        amount: due.amount,
        note: format!("{}，保存时出账", due.measured.formula),
    };
    Ok(dues.into_iter().filter(|due| due.amount > Money::ZERO).map(line).collect())
}

/// Bills what the meters of a home measured for who leaves it: his last reading, and what was read in a period and not billed
/// yet. Answers what it comes to.
///
/// # Errors
/// A refusal while a strange value is not confirmed, and where no price is set.
pub(crate) async fn exit_readings_bill(tx: &mut Tx, ctx: &Ctx, exit: i64) -> Result<Money> {
    bill(tx, ctx, exit, Until::Inspected).await
}

/// The household stays: what the meters showed is taken back, unless it was billed or read on behind it. Then it is charged
/// now, with what waited for the exit in periods that were billed meanwhile.
///
/// # Errors
/// As [`exit_readings_bill`].
pub(crate) async fn exit_readings_revoke(tx: &mut Tx, ctx: &Ctx, exit: i64) -> Result<()> {
    let meters = sqlx::query_scalar!(
        "delete from meter_reading r where r.exit_id = $1 and r.status <> 'BILLED' and not exists (
             select from meter_reading l where l.meter_id = r.meter_id and l.closing is not null
                 and (l.read_on, l.read_at, l.id) > (r.read_on, r.read_at, r.id))
         returning r.meter_id",
        exit
    )
    .fetch_all(connection(tx))
    .await?;
    for meter in meters {
        empty_refresh(tx, meter).await?;
    }
    bill(tx, ctx, exit, Until::Revoked).await?;
    Ok(())
}

/// The household has left: what was read behind its inspection, in periods that were billed meanwhile, is nobody's.
pub(crate) async fn exit_readings_end(tx: &mut Tx, exit: i64) -> Result<()> {
    sqlx::query!(
        "update meter_reading r set status = 'BILLED', amount_fen = 0, version = r.version + 1
         from exit_case x join meter m on m.unit_id = x.unit_id, meter_period p
         where x.id = $1 and r.meter_id = m.id and p.id = r.period_id and p.status in ('BILLED', 'CLOSED')
             and r.status in ('READ', 'CONFIRMED')",
        exit
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
