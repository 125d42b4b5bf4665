//! Periods (§3.24): opened by who reads, checked by a supervisor, billed by an accountant, and closed.

use super::{
    charge::{Measure, charge, dues},
    reading::{Period, period_hold, status_set},
};
use crate::{
    Ctx, Error, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    tenancy::assignment::opinion_check,
};
use domain::{
    billing::{
        meter::{MeterShare, Tariff, no_tariff},
        meter_reading::{PeriodEvent, PeriodForm, PeriodOffer, PeriodStatus},
        reduction::last_day,
        run::month_text,
    },
    dictionary::MeterType,
    failure::{Failure, FieldErrors},
    platform::permission::Permission,
    value::Money,
};

/// What the form of a new period offers: this month.
///
/// # Errors
/// Without [`Permission::MeterWrite`].
pub async fn meter_period_offer(ctx: &Ctx) -> Result<PeriodOffer> {
    ctx.require(Permission::MeterWrite)?;
    let mut tx = ctx.begin().await?;
    let estates = sqlx::query!(
        "select id, name from estate e where deleted_at is null and exists (select from meter m where m.estate_id = e.id) order by name, id"
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let first = domain::billing::plan::month_of(ctx.today());
    Ok(PeriodOffer {
        estates: estates.into_iter().map(|row| (row.id, row.name)).collect(),
        month: month_text(first),
        from: first.to_string(),
        to: last_day(first).to_string(),
    })
}

/// Opens a period (Z1), with a row for every meter in use.
///
/// # Errors
/// Complaints by field; a refusal while another one is open, and where no price is set.
pub async fn meter_period_open(ctx: &Ctx, form: &PeriodForm) -> Result<i64> {
    ctx.require(Permission::MeterWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let district =
        sqlx::query_scalar!("select district_id from estate where id = $1 and deleted_at is null", fields.estate.0)
            .fetch_optional(connection(&mut tx))
            .await?
            .ok_or_else(|| FieldErrors::from(("estate", "小区不存在")))?;
    if !billing_rule(&mut tx, district, ctx.today()).await?.tariff(fields.meter).is_set() {
        return Err(FieldErrors::from(("meter", no_tariff(fields.meter).as_str())).into());
    }
    let id = sqlx::query_scalar!(
        "insert into meter_period (district_id, estate_id, type, month, from_on, to_on, maker_id, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
        district,
        fields.estate.0,
        fields.meter.code(),
        fields.month,
        fields.from,
        fields.to,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(|error| {
        Error::from(error).or_field(&[
            ("meter_period_key", "month", "该小区本期已建立"),
            ("meter_period_open_key", "estate", "该小区此类表具有未出账的抄表期间，请先办结"),
        ])
    })?;
    if rows_add(&mut tx, id).await? == 0 {
        return Err(FieldErrors::from(("meter", "该小区没有在用的此类表具")).into());
    }
    tx.commit().await?;
    Ok(id)
}

/// A row for every meter in use that has none; answers how many.
async fn rows_add(tx: &mut Tx, period: i64) -> Result<u64> {
    let added = sqlx::query!(
        "insert into meter_reading (district_id, estate_id, meter_id, source, period_id, from_on, opening, carried)
         select m.district_id, m.estate_id, m.id, 'PERIOD', p.id, coalesce(l.read_on + 1, m.install_on), coalesce(l.closing, m.initial),
                case when l.closing is null then m.carried else 0 end
         from meter_period p join meter m on m.estate_id = p.estate_id and m.type = p.type and m.status = 'ON'
         left join lateral (
             select closing, read_on from meter_reading r where r.meter_id = m.id and r.closing is not null
             order by r.read_on desc, r.read_at desc, r.id desc limit 1) l on true
         where p.id = $1 order by m.id on conflict (period_id, meter_id) do nothing",
        period
    )
    .execute(connection(tx))
    .await?;
    Ok(added.rows_affected())
}

/// 同步表具: meters that came meanwhile get a row.
///
/// # Errors
/// A refusal when the period was checked; without [`Permission::MeterWrite`].
pub async fn meter_period_sync(ctx: &Ctx, id: i64, version: i32) -> Result<()> {
    ctx.require(Permission::MeterWrite)?;
    let mut tx = ctx.begin().await?;
    let held = period_hold(&mut tx, id, Some(version)).await?;
    if !held.status.is_open() {
        return Err(Failure::refused("抄表期间已审核，不能同步表具").into());
    }
    rows_add(&mut tx, id).await?;
    status_set(&mut tx, id, held.status).await?;
    tx.commit().await?;
    Ok(())
}

/// Checks a period (Z4): nobody who opened it or read in it, and nothing strange unconfirmed.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one's own; without [`Permission::MeterCheck`].
pub async fn meter_period_check(ctx: &Ctx, id: i64, version: i32) -> Result<()> {
    ctx.require(Permission::MeterCheck)?;
    let mut tx = ctx.begin().await?;
    let held = period_hold(&mut tx, id, Some(version)).await?;
    let next = held.status.next(PeriodEvent::Check)?;
    let found = sqlx::query!(
        r#"select count(*) filter (where status = 'ABNORMAL') as "abnormal!",
                  count(*) filter (where $2 in (reader_id, confirmer_id)) as "own!"
           from meter_reading where period_id = $1"#,
        id,
        ctx.actor().id.0,
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if held.maker == ctx.actor().id.0 || found.own > 0 {
        return Err(Failure::refused("不能审核本人建立或抄录的读数").into());
    }
    if found.abnormal > 0 {
        return Err(Failure::refused(format!("还有{}块表的读数异常，请先确认", found.abnormal)).into());
    }
    sqlx::query!(
        "update meter_period set checker_id = $2, checked_at = $3 where id = $1",
        id,
        ctx.actor().id.0,
        ctx.now()
    )
    .execute(connection(&mut tx))
    .await?;
    status_set(&mut tx, id, next).await?;
    tx.commit().await?;
    Ok(())
}

/// Sends a checked period back to be read anew.
///
/// # Errors
/// [`Failure::Conflict`]; the state machine's refusal; without [`Permission::MeterCheck`].
pub async fn meter_period_return(ctx: &Ctx, id: i64, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::MeterCheck)?;
    opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    let held = period_hold(&mut tx, id, Some(version)).await?;
    let next = held.status.next(PeriodEvent::Return)?;
    sqlx::query!(
        "update meter_period set status = $2, checker_id = null, checked_at = null, version = version + 1 where id = $1",
        id,
        next.code()
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// The readings of a period that are to be billed, in the order of their meters.
async fn measures(tx: &mut Tx, period: &Period) -> Result<Vec<Measure>> {
    sqlx::query!(
        r#"select r.id, m.meter_no, m.type, m.unit_id, m.building_id, m.share, r.from_on, r.read_on as "read_on!", r.usage as "usage!"
           from meter_reading r join meter m on m.id = r.meter_id
           where r.period_id = $1 and r.status in ('READ', 'CONFIRMED') order by m.id for update of r"#,
        period.id
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(Measure {
            reading: row.id,
            meter_no: row.meter_no,
            meter: stored(&row.r#type, MeterType::from_code)?,
            unit: row.unit_id,
            building: row.building_id,
            estate: period.estate,
            district: period.district,
            share: row.share.map(|share| stored(&share, MeterShare::from_code)).transpose()?,
            from: row.from_on,
            to: row.read_on,
            usage: row.usage,
            payer: None,
        })
    })
    .collect()
}

/// Bills a checked period (Z5) at the price that is in force where it lies; answers what all bills come to. Meters that were
/// not read are left out: their next reading holds it all.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal where no price is set, when nothing was read and when the month is closed; without
/// [`Permission::BillWrite`].
pub async fn meter_period_bill(ctx: &Ctx, id: i64, version: i32) -> Result<Money> {
    ctx.require(Permission::BillWrite)?;
    let mut tx = ctx.begin().await?;
    let held = period_hold(&mut tx, id, Some(version)).await?;
    let next = held.status.next(PeriodEvent::Bill)?;
    let measures = measures(&mut tx, &held).await?;
    let meter = measures.first().map(|measure| measure.meter).ok_or(Failure::refused("本期没有已抄的读数"))?;
    let rule = billing_rule(&mut tx, held.district, ctx.today()).await?;
    let tariff = rule.tariff(meter);
    if !tariff.is_set() {
        return Err(Failure::refused(no_tariff(meter)).into());
    }
    let mut all = Vec::new();
    for measure in &measures {
        all.extend(dues(&mut tx, measure, tariff).await?);
    }
    let amount = charge(&mut tx, ctx, held.district, all).await?;
    billed(&mut tx, &measures, tariff).await?;
    sqlx::query!(
        "update meter_period set status = $2, tariff = $3, billed_by = $4, billed_at = $5, version = version + 1 where id = $1",
        id,
        next.code(),
        tariff.code(),
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!("delete from meter_reading where period_id = $1 and status = 'EMPTY'", id)
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(amount)
}

/// Readings with what they come to and the price they were charged at.
pub(super) async fn billed(tx: &mut Tx, measures: &[Measure], tariff: &Tariff) -> Result<()> {
    let ids: Vec<i64> = measures.iter().map(|measure| measure.reading).collect();
    let amounts: Vec<i64> = measures.iter().map(|measure| tariff.charge(measure.usage).fen()).collect();
    sqlx::query!(
        "update meter_reading r set status = 'BILLED', tariff = $3, amount_fen = t.amount, version = r.version + 1
         from unnest($1::bigint[], $2::bigint[]) as t (id, amount) where r.id = t.id",
        &ids,
        &amounts,
        tariff.code(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Closes a period (Z6): its readings are not corrected any more.
///
/// # Errors
/// [`Failure::Conflict`]; the state machine's refusal; without [`Permission::BillWrite`].
pub async fn meter_period_close(ctx: &Ctx, id: i64, version: i32) -> Result<PeriodStatus> {
    ctx.require(Permission::BillWrite)?;
    let mut tx = ctx.begin().await?;
    let held = period_hold(&mut tx, id, Some(version)).await?;
    let next = held.status.next(PeriodEvent::Close)?;
    status_set(&mut tx, id, next).await?;
    tx.commit().await?;
    Ok(next)
}
