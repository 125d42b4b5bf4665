//! 抄录 (S4-1.6.2, I-15; Z2, Z3): the values of a period, by the grid or by a file, and the confirming of strange ones.

use super::history_add;
use crate::{
    Ctx, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    tenancy::assignment::opinion_check,
};
use chrono::NaiveDate;
use domain::{
    billing::{
        meter::{COMPARED, Span, abnormal},
        meter_reading::{PeriodEvent, PeriodStatus, ReadingStatus, ReadingsForm, reading_field},
    },
    failure::{Failure, FieldErrors},
    platform::permission::Permission,
    tenancy::hand_over::Reading,
    value::Complaint,
};

/// A period whose row is locked.
pub(super) struct Period {
    pub id: i64,
    pub district: i64,
    pub estate: i64,
    pub status: PeriodStatus,
    pub maker: i64,
}

pub(super) async fn period_hold(tx: &mut Tx, id: i64, version: Option<i32>) -> Result<Period> {
    let row = sqlx::query!(
        "select id, district_id, estate_id, status, maker_id, version from meter_period where id = $1 for update",
        id
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if version.is_some_and(|version| version != row.version) {
        return Err(Failure::Conflict.into());
    }
    Ok(Period {
        id: row.id,
        district: row.district_id,
        estate: row.estate_id,
        status: stored(&row.status, PeriodStatus::from_code)?,
        maker: row.maker_id,
    })
}

/// A reading that is entered, as its row stands.
struct Row {
    id: i64,
    meter: i64,
    version: i32,
    status: ReadingStatus,
    from: NaiveDate,
    span: Span,
    occupied: bool,
}

/// The rows of a period that are asked for, locked with their meters in the order of the meters.
async fn rows_hold(tx: &mut Tx, period: i64, ids: &[i64]) -> Result<Vec<Row>> {
    sqlx::query!(
        r#"select r.id, r.meter_id, r.version, r.status, r.from_on, r.opening, r.carried, m.multiplier, m.max_value,
                  exists (select from account a join contract c on c.account_id = a.id
                          where a.unit_id = m.unit_id and a.status = 'ON' and c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED')) as "occupied!"
           from meter_reading r join meter m on m.id = r.meter_id
           where r.period_id = $1 and r.id = any($2) order by m.id for update of r, m"#,
        period,
        ids
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(Row {
            id: row.id,
            meter: row.meter_id,
            version: row.version,
            status: stored(&row.status, ReadingStatus::from_code)?,
            from: row.from_on,
            span: Span {
                opening: Reading(row.opening),
                closing: Reading(row.opening),
                multiplier: row.multiplier.into(),
                max: row.max_value.map(Reading),
                rolled: false,
                carried: row.carried,
            },
            occupied: row.occupied,
        })
    })
    .collect()
}

/// The usages of a meter's last periods, which a new one is compared with.
async fn before(tx: &mut Tx, meter: i64, reading: i64) -> Result<Vec<i64>> {
    let most = i64::try_from(COMPARED).unwrap_or(6);
    let usages = sqlx::query_scalar!(
        r#"select usage as "usage!" from meter_reading where meter_id = $1 and id <> $2 and source = 'PERIOD' and usage is not null
           order by read_on desc, read_at desc, id desc limit $3"#,
        meter,
        reading,
        most
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(usages)
}

/// What of a row cannot be entered.
fn allowed(row: &Row, read_on: NaiveDate, closing: Reading, rolled: bool) -> std::result::Result<i64, Complaint> {
    if row.status == ReadingStatus::Billed {
        return Err(Complaint::says("该表本期已出账，请在抄表记录中更正"));
    }
    if read_on < row.from.pred_opt().unwrap_or(row.from) {
        return Err(Complaint::says("抄表日期早于上次抄表"));
    }
    Span { closing, rolled, ..row.span }.usage()
}

/// Enters one value, and whether it has to be confirmed.
async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    row: &Row,
    (read_on, closing, rolled, usage): (NaiveDate, Reading, bool, i64),
    (factor, reader): (u32, Option<&str>),
) -> Result<()> {
    let note = abnormal(usage, &before(tx, row.meter, row.id).await?, factor, row.occupied);
    let status = if note.is_some() { ReadingStatus::Abnormal } else { ReadingStatus::Read };
    sqlx::query!(
        "update meter_reading set closing = $2, read_on = $3, rolled = $4, usage = $5, status = $6, reader_id = $7, reader = $8,
                read_at = $9, confirm_reason = null, confirmer_id = null, version = version + 1 where id = $1",
        row.id,
        closing.0,
        read_on,
        rolled,
        usage,
        status.code(),
        ctx.actor().id.0,
        reader,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    history_add(tx, ctx, row.meter, Some(row.id), &format!("抄表{closing}"), note.as_deref()).await
}

/// Saves what was entered in the grid of a period; answers how many values.
///
/// # Errors
/// Complaints by field, under `reading_field`; [`Failure::Conflict`]; a refusal when the period was checked;
/// without [`Permission::MeterWrite`].
pub async fn readings_save(ctx: &Ctx, period: i64, form: &ReadingsForm) -> Result<i32> {
    ctx.require(Permission::MeterWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let held = period_hold(&mut tx, period, None).await?;
    let next = held.status.next(PeriodEvent::Read)?;
    let rule = billing_rule(&mut tx, held.district, fields.read_on).await?;
    let ids: Vec<i64> = fields.readings.iter().map(|(id, ..)| *id).collect();
    let rows = rows_hold(&mut tx, held.id, &ids).await?;
    if rows.len() < ids.len() {
        return Err(Failure::Conflict.into());
    }
    let mut errors = FieldErrors::default();
    let mut saved = 0;
    for row in &rows {
        let Some((_, version, closing, rolled)) = fields.readings.iter().find(|(id, ..)| *id == row.id) else {
            continue;
        };
        if *version != row.version {
            return Err(Failure::Conflict.into());
        }
        let allowed = allowed(row, fields.read_on, *closing, *rolled);
        if let Some(usage) = errors.take(&reading_field(row.id), allowed) {
            write(&mut tx, ctx, row, (fields.read_on, *closing, *rolled, usage), (rule.meter_factor, None)).await?;
            saved += 1;
        }
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    status_set(&mut tx, held.id, next).await?;
    tx.commit().await?;
    Ok(saved)
}

pub(super) async fn status_set(tx: &mut Tx, period: i64, status: PeriodStatus) -> Result<()> {
    sqlx::query!("update meter_period set status = $2, version = version + 1 where id = $1", period, status.code())
        .execute(connection(tx))
        .await?;
    Ok(())
}

/// Confirms a strange value with its reason (Z3).
///
/// # Errors
/// [`Failure::Conflict`]; a missing reason; a refusal when it is not strange; without [`Permission::MeterWrite`].
pub async fn reading_confirm(ctx: &Ctx, id: i64, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::MeterWrite)?;
    let reason = opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!("select meter_id, status, version from meter_reading where id = $1 for update", id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    if stored(&row.status, ReadingStatus::from_code)? != ReadingStatus::Abnormal {
        return Err(Failure::refused("该读数无须确认，请刷新").into());
    }
    sqlx::query!(
        "update meter_reading set status = 'CONFIRMED', confirm_reason = $2, confirmer_id = $3, version = version + 1 where id = $1",
        id,
        reason,
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    history_add(&mut tx, ctx, row.meter_id, Some(id), "确认异常读数", reason.as_deref()).await?;
    tx.commit().await?;
    Ok(())
}

/// A row of I-15.
pub(crate) struct Imported<'a> {
    pub month: NaiveDate,
    pub meter_no: &'a str,
    pub closing: Reading,
    pub read_on: NaiveDate,
    pub reader: Option<&'a str>,
}

/// Enters the values of a file, or with `write_down` false only tries them; answers the complaint about each that is not
/// entered: `表具不存在`, `期末值小于期初值`, `本期已抄`.
pub(crate) async fn readings_import(
    tx: &mut Tx,
    ctx: &Ctx,
    rows: &[Imported<'_>],
    write_down: bool,
) -> Result<Vec<Option<(&'static str, String)>>> {
    let mut complaints = Vec::with_capacity(rows.len());
    for row in rows {
        complaints.push(import_one(tx, ctx, row, write_down).await?);
    }
    Ok(complaints)
}

async fn import_one(
    tx: &mut Tx,
    ctx: &Ctx,
    row: &Imported<'_>,
    write_down: bool,
) -> Result<Option<(&'static str, String)>> {
    let says = |column: &'static str, sentence: &str| Ok(Some((column, sentence.to_owned())));
    let found = sqlx::query!(
        r#"select m.id, r.id as "reading?", r.status as "reading_status?", p.id as "period?"
           from meter m
           left join meter_period p on p.estate_id = m.estate_id and p.type = m.type and p.month = $2
           left join meter_reading r on r.period_id = p.id and r.meter_id = m.id
           where m.meter_no = $1 and m.status = 'ON'"#,
        row.meter_no,
        row.month
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(found) = found else { return says("表具编号", "表具不存在") };
    let Some(period) = found.period else { return says("期间", "该小区本期尚未建立抄表期间") };
    let Some(reading) = found.reading else {
        return says("表具编号", "本期没有该表具，请先同步表具");
    };
    if found.reading_status.as_deref() != Some("EMPTY") {
        return says("期间", "本期已抄");
    }
    if row.read_on > ctx.today() {
        return says("抄表日期", "抄表日期不能晚于今天");
    }
    let held = period_hold(tx, period, None).await?;
    let next = match held.status.next(PeriodEvent::Read) {
        Ok(next) => next,
        Err(refusal) => return says("期间", &refusal.to_string()),
    };
    let rows = rows_hold(tx, period, &[reading]).await?;
    let Some(stands) = rows.first() else { return says("表具编号", "本期没有该表具，请先同步表具") };
    let usage = match allowed(stands, row.read_on, row.closing, false) {
        Ok(usage) => usage,
        Err(complaint) if complaint.text().starts_with("抄表日期") => return says("抄表日期", complaint.text()),
        Err(complaint) => return says("期末值", complaint.text()),
    };
    if write_down {
        let rule = billing_rule(tx, held.district, row.read_on).await?;
        write(tx, ctx, stands, (row.read_on, row.closing, false, usage), (rule.meter_factor, row.reader)).await?;
        status_set(tx, period, next).await?;
    }
    Ok(None)
}
