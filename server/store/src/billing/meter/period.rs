//! Periods (§3.24): opened by who reads, checked by a supervisor, billed by an accountant, and closed.

use super::{
    charge::{Measure, charge, dues, payers, tariff_find, tariff_on},
    reading::{Period, period_hold, status_set},
};
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    tenancy::assignment::opinion_check,
};
use domain::{
    billing::{
        meter::{MeterShare, months_since, no_tariff},
        meter_reading::{PeriodEvent, PeriodFields, PeriodForm, PeriodOffer, PeriodStatus},
        reduction::last_day,
        run::month_text,
    },
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
    if tariff_find(&mut tx, ctx, district, fields.meter, fields.to).await?.is_none() {
        return Err(FieldErrors::from(("meter", no_tariff(fields.meter).as_str())).into());
    }
    apart(&mut tx, &fields).await?;
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

/// Refuses days of another period of the estate and the type.
async fn apart(tx: &mut Tx, fields: &PeriodFields) -> Result<()> {
    let other = sqlx::query_scalar!(
        "select month from meter_period
         where estate_id = $1 and type = $2 and status <> 'CANCELLED' and month <> $3 and from_on <= $5 and to_on >= $4 limit 1",
        fields.estate.0,
        fields.meter.code(),
        fields.month,
        fields.from,
        fields.to,
    )
    .fetch_optional(connection(tx))
    .await?;
    match other {
        Some(month) => {
            let sentence = format!("与{}的抄表期间日期重叠", month_text(month));
            Err(FieldErrors::from(("from", sentence.as_str())).into())
        }
        None => Ok(()),
    }
}

/// A row for every meter in use that has none; answers how many.
async fn rows_add(tx: &mut Tx, period: i64) -> Result<u64> {
    let added = sqlx::query!(
        "insert into meter_reading (district_id, estate_id, meter_id, source, period_id, from_on, opening, carried)
         select m.district_id, m.estate_id, m.id, 'PERIOD', p.id, coalesce(l.read_on + 1, m.install_on), coalesce(l.closing, m.initial),
                case when l.closing is null then m.carried else 0 end
         from meter_period p join meter m on m.estate_id = p.estate_id and m.type = p.type and m.status = 'ON'
             and not exists (select from unit u where u.id = m.unit_id and u.deleted_at is not null)
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
    let reason = opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    let held = period_hold(&mut tx, id, Some(version)).await?;
    let next = held.status.next(PeriodEvent::Return)?;
    sqlx::query!(
        "update meter_period set status = $2, checker_id = null, checked_at = null, return_reason = $3, version = version + 1
         where id = $1",
        id,
        next.code(),
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Takes back a period that was opened by mistake: what was read in it is read in another one.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal of one that was checked, of which something was billed at an exit, or behind which a meter
/// was read; without [`Permission::MeterWrite`].
pub async fn meter_period_cancel(ctx: &Ctx, id: i64, version: i32) -> Result<()> {
    ctx.require(Permission::MeterWrite)?;
    let mut tx = ctx.begin().await?;
    let held = period_hold(&mut tx, id, Some(version)).await?;
    let next = held.status.next(PeriodEvent::Cancel)?;
    meters_hold(&mut tx, id).await?;
    let stands = sqlx::query_scalar!(
        r#"select exists (
               select from meter_reading r where r.period_id = $1 and (r.status = 'BILLED' or r.closing is not null and exists (
                   select from meter_reading l where l.meter_id = r.meter_id and l.closing is not null
                       and (l.read_on, l.read_at, l.id) > (r.read_on, r.read_at, r.id)))) as "stands!""#,
        id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if stands {
        return Err(Failure::refused("本期有读数已出账或已有后续抄表，不能作废").into());
    }
    sqlx::query!("delete from meter_reading where period_id = $1", id).execute(connection(&mut tx)).await?;
    status_set(&mut tx, id, next).await?;
    tx.commit().await?;
    Ok(())
}

/// Locks the meters of a period in the order of their ids.
async fn meters_hold(tx: &mut Tx, period: i64) -> Result<()> {
    sqlx::query!(
        "select id from meter where id in (select meter_id from meter_reading where period_id = $1) order by id for update",
        period
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(())
}

/// The readings of a period that are to be billed, in the order of their meters. Those of a home that was inspected for an
/// exit wait: they are on its exit bill, nobody's when it is closed, or its household's when it is revoked (`leaving`).
async fn measures(tx: &mut Tx, ctx: &Ctx, period: &Period) -> Result<Vec<Measure>> {
    meters_hold(tx, period.id).await?;
    let tariff = tariff_on(tx, ctx, period.district, period.meter, period.to).await?;
    sqlx::query!(
        r#"select r.id, m.meter_no, m.unit_id, m.building_id, m.share, r.from_on, r.read_on as "read_on!", r.usage as "usage!",
                  reading_month_before(r.id) as before
           from meter_reading r join meter m on m.id = r.meter_id
           where r.period_id = $1 and r.status in ('READ', 'CONFIRMED') and not exists (
               select from exit_case x where x.unit_id = m.unit_id and x.inspected_on is not null and x.status not in ('CLOSED', 'REVOKED'))
           order by m.id for update of r"#,
        period.id
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(Measure {
            reading: row.id,
            meter_no: row.meter_no,
            meter: period.meter,
            unit: row.unit_id,
            building: row.building_id,
            estate: period.estate,
            district: period.district,
            share: row.share.map(|share| stored(&share, MeterShare::from_code)).transpose()?,
            from: row.from_on,
            to: row.read_on,
            month: period.month,
            usage: row.usage,
            tariff: tariff.over(months_since(row.before, period.month)),
        })
    })
    .collect()
}

/// Bills a checked period (Z5) at the price that was in force at its end where it lies; answers what all bills come to. Meters
/// that were not read are left out: their next reading holds it all.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal where no price is set, when nothing was read and when the month is closed; without
/// [`Permission::BillWrite`].
pub async fn meter_period_bill(ctx: &Ctx, id: i64, version: i32) -> Result<Money> {
    ctx.require(Permission::BillWrite)?;
    let mut tx = ctx.begin().await?;
    let held = period_hold(&mut tx, id, Some(version)).await?;
    let next = held.status.next(PeriodEvent::Bill)?;
    let measures = measures(&mut tx, ctx, &held).await?;
    // All of it may have been billed at exits, or wait for them.
    let read = sqlx::query_scalar!(
        r#"select exists (select from meter_reading where period_id = $1 and status <> 'EMPTY') as "read!""#,
        id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if !read {
        return Err(Failure::refused("本期没有已抄的读数，请退回后补抄或作废本期").into());
    }
    let mut payers = payers(&mut tx, &measures).await?;
    let all = measures.iter().flat_map(|measure| dues(measure, payers.remove(&measure.reading).unwrap_or_default()));
    let amount = charge(&mut tx, ctx, held.district, all.collect()).await?;
    billed(&mut tx, &measures).await?;
    let tariff = tariff_on(&mut tx, ctx, held.district, held.meter, held.to).await?;
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
pub(super) async fn billed(tx: &mut Tx, measures: &[Measure]) -> Result<()> {
    let ids: Vec<i64> = measures.iter().map(|measure| measure.reading).collect();
    let amounts: Vec<i64> = measures.iter().map(|measure| measure.amount().fen()).collect();
    let tariffs: Vec<String> = measures.iter().map(|measure| measure.tariff.code()).collect();
    sqlx::query!(
        "update meter_reading r set status = 'BILLED', tariff = t.tariff, amount_fen = t.amount, version = r.version + 1
         from unnest($1::bigint[], $2::bigint[], $3::text[]) as t (id, amount, tariff) where r.id = t.id",
        &ids,
        &amounts,
        &tariffs,
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
