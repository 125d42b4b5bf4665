//! The register of meters (S4-1.3.3): by hand, for all homes of an estate at once, and their replacement and removal.

use super::{Held, empty_refresh, history_add, hold, opening};
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    tenancy::assignment::opinion_check,
};
use domain::{
    billing::{
        meter::{MeterOffer, MeterShare, Span},
        meter_form::{AutoForm, MeterFields, MeterForm, MeterPlace, ReplaceForm},
    },
    dictionary::MeterType,
    failure::{Failure, FieldErrors},
    platform::permission::Permission,
    tenancy::hand_over::Reading,
};

/// What is told about a meter that was taken down.
const IS_OFF: &str = "该表具已拆除";

/// What the form offers.
///
/// # Errors
/// Without [`Permission::MeterWrite`].
pub async fn meter_offer(ctx: &Ctx) -> Result<MeterOffer> {
    ctx.require(Permission::MeterWrite)?;
    let mut tx = ctx.begin().await?;
    let estates = sqlx::query!("select id, name from estate where deleted_at is null order by name, id")
        .fetch_all(connection(&mut tx))
        .await?;
    let buildings = sqlx::query!(
        r#"select b.id, e.name || ' ' || b.no as "name!" from building b join estate e on e.id = b.estate_id
           where b.deleted_at is null and e.deleted_at is null order by e.name, b.no_key, b.id"#
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(MeterOffer {
        estates: estates.into_iter().map(|row| (row.id, row.name)).collect(),
        buildings: buildings.into_iter().map(|row| (row.id, row.name)).collect(),
        today: ctx.today().to_string(),
    })
}

fn refused(error: sqlx::Error) -> Error {
    Error::from(error).or_field(&[
        ("meter_no_key", "meter_no", "表具编号已存在"),
        ("meter_unit_key", "unit", "该房间已有在用的同类表具，请办理换表"),
    ])
}

/// District, estate, building and home of a place.
type At = (i64, i64, Option<i64>, Option<i64>, Option<MeterShare>);

async fn place(tx: &mut Tx, fields: &MeterFields) -> Result<At> {
    let missing = |field: &str, sentence: &str| Error::from(FieldErrors::from((field, sentence)));
    match fields.place {
        MeterPlace::Unit(unit) => {
            let row =
                sqlx::query!("select district_id, estate_id from unit where id = $1 and deleted_at is null", unit.0)
                    .fetch_optional(connection(tx))
                    .await?
                    .ok_or_else(|| missing("unit", "房间不存在"))?;
            Ok((row.district_id, row.estate_id, None, Some(unit.0), None))
        }
        MeterPlace::Building(building, share) => {
            let row = sqlx::query!(
                "select district_id, estate_id from building where id = $1 and deleted_at is null",
                building.0
            )
            .fetch_optional(connection(tx))
            .await?
            .ok_or_else(|| missing("building", "楼栋不存在"))?;
            Ok((row.district_id, row.estate_id, Some(building.0), None, Some(share)))
        }
        MeterPlace::Estate(estate, share) => {
            let row = sqlx::query!("select district_id from estate where id = $1 and deleted_at is null", estate.0)
                .fetch_optional(connection(tx))
                .await?
                .ok_or_else(|| missing("estate", "小区不存在"))?;
            Ok((row.district_id, estate.0, None, None, Some(share)))
        }
    }
}

/// Registers a meter.
///
/// # Errors
/// Complaints by field: `表具编号已存在`; without [`Permission::MeterWrite`].
pub async fn meter_create(ctx: &Ctx, form: &MeterForm) -> Result<i64> {
    ctx.require(Permission::MeterWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let (district, estate, building, unit, share) = place(&mut tx, &fields).await?;
    let id = sqlx::query_scalar!(
        "insert into meter (district_id, estate_id, building_id, unit_id, meter_no, type, share, multiplier, max_value, install_on,
                            initial, smart, vendor_no, remark, created_at, created_by, updated_at, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $15, $16) returning id",
        district,
        estate,
        building,
        unit,
        fields.meter_no,
        fields.meter.code(),
        share.map(MeterShare::code),
        i32::try_from(fields.multiplier).unwrap_or(100),
        fields.max.map(|max| max.0),
        fields.install_on,
        fields.initial.map(|initial| initial.0),
        fields.smart,
        fields.vendor_no,
        fields.remark,
        ctx.now(),
        ctx.actor().id.0,
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(refused)?;
    history_add(&mut tx, ctx, id, None, "登记", None).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a meter: its number, its type and its home stay, and once it was read also what usage follows from.
///
/// # Errors
/// Complaints by field: `表具编号不能修改`; [`Failure::Conflict`]; without [`Permission::MeterWrite`].
pub async fn meter_update(ctx: &Ctx, id: i64, version: i32, form: &MeterForm) -> Result<()> {
    ctx.require(Permission::MeterWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let held = on(&mut tx, id, version).await?;
    let row = sqlx::query!(
        r#"select meter_no, initial, install_on, building_id, share, estate_id,
                  exists (select from meter_reading r where r.meter_id = m.id and r.closing is not null) as "read!",
                  exists (select from meter_reading r where r.meter_id = m.id and r.closing > $2) as "higher!",
                  exists (select from meter_reading r where r.meter_id = m.id and r.status in ('READ', 'ABNORMAL', 'CONFIRMED')) as "waiting!"
           from meter m where id = $1"#,
        id,
        fields.max.map_or(i64::MAX, |max| max.0),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let (_, estate, building, unit, share) = place(&mut tx, &fields).await?;
    let mut errors = FieldErrors::default();
    if fields.meter_no != row.meter_no {
        errors.add("meter_no", "表具编号不能修改");
    }
    if fields.meter != held.meter {
        errors.add("meter", "表具类型不能修改");
    }
    if unit != held.unit || estate != row.estate_id {
        errors.add("unit", "表具的房间不能修改，请拆除后重新登记");
    }
    if row.read && fields.multiplier != held.multiplier {
        errors.add("multiplier", "已抄表，倍率不能修改");
    }
    if row.higher {
        errors.add("max_value", "最大读数小于已抄的读数");
    }
    if row.waiting && (building != row.building_id || share.map(MeterShare::code) != row.share.as_deref()) {
        errors.add("share", "有已抄未出账的读数，请出账后再修改分摊");
    }
    if row.read && (fields.initial.map(|initial| initial.0) != row.initial || fields.install_on != row.install_on) {
        errors.add("initial", "已抄表，期初值和安装日期不能修改");
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    sqlx::query!(
        "update meter set building_id = $2, share = $3, multiplier = $4, max_value = $5, install_on = $6, initial = $7, smart = $8,
                vendor_no = $9, remark = $10, updated_at = $11, updated_by = $12, version = version + 1 where id = $1",
        id,
        building,
        share.map(MeterShare::code),
        i32::try_from(fields.multiplier).unwrap_or(100),
        fields.max.map(|max| max.0),
        fields.install_on,
        fields.initial.map(|initial| initial.0),
        fields.smart,
        fields.vendor_no,
        fields.remark,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    empty_refresh(&mut tx, id).await?;
    history_add(&mut tx, ctx, id, None, "修改", None).await?;
    tx.commit().await?;
    Ok(())
}

/// A meter that is in use and was not changed meanwhile.
async fn on(tx: &mut Tx, id: i64, version: i32) -> Result<Held> {
    let held = hold(tx, id).await?;
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    if held.is_on { Ok(held) } else { Err(Failure::refused(IS_OFF).into()) }
}

/// 自动创建: a meter of a type for every home of an estate that has none, under the code of the home; what it shows is said with
/// its first reading. Answers how many, and how many homes were left out because another meter has that number.
///
/// # Errors
/// Complaints by field; without [`Permission::MeterWrite`]; [`Failure::NotFound`] outside the scope.
pub async fn meters_create(ctx: &Ctx, form: &AutoForm) -> Result<(i64, i64)> {
    ctx.require(Permission::MeterWrite)?;
    let (estate, meter) = form.check()?;
    let mut tx = ctx.begin().await?;
    sqlx::query!("select id from estate where id = $1 and deleted_at is null", estate.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let letter = match meter {
        MeterType::Water => "S",
        MeterType::Power => "D",
        MeterType::Gas => "Q",
        MeterType::Heat => "R",
    };
    let made = sqlx::query!(
        r#"with made as (
             insert into meter (district_id, estate_id, unit_id, meter_no, type, install_on, created_at, created_by, updated_at, updated_by)
             select u.district_id, u.estate_id, u.id, $3 || u.code, $2, $4, $5, $6, $5, $6 from unit u
             where u.estate_id = $1 and u.deleted_at is null
                 and not exists (select from meter m where m.unit_id = u.id and m.type = $2 and m.status = 'ON')
             order by u.id on conflict (meter_no) do nothing returning id, district_id, estate_id),
           noted as (
             insert into meter_history (district_id, estate_id, meter_id, at, actor_id, event)
             select district_id, estate_id, id, $5, $6, '自动创建' from made)
           select (select count(*) from made) as "made!",
                  (select count(*) from unit u where u.estate_id = $1 and u.deleted_at is null
                       and not exists (select from meter m where m.unit_id = u.id and m.type = $2 and m.status = 'ON')) as "wanted!""#,
        estate.0,
        meter.code(),
        letter,
        ctx.today(),
        ctx.now(),
        ctx.actor().id.0,
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    // The snapshot of the statement counts the homes as they were before it.
    Ok((made.made, made.wanted - made.made))
}

/// 换表 (§4.12): the old meter's remainder is carried to the first reading of the new one.
///
/// # Errors
/// Complaints by field; [`Failure::Conflict`]; a refusal while a reading of the old one waits to be billed.
pub async fn meter_replace(ctx: &Ctx, id: i64, version: i32, form: &ReplaceForm) -> Result<i64> {
    ctx.require(Permission::MeterWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let held = on(&mut tx, id, version).await?;
    settled(&mut tx, id).await?;
    let from = opening(&mut tx, id, None).await?;
    if from.read_on.is_some_and(|day| day > fields.replaced_on) {
        return Err(FieldErrors::from(("replaced_on", "换表日期不能早于最近一次抄表")).into());
    }
    if held.install_on > fields.replaced_on {
        return Err(FieldErrors::from(("replaced_on", "换表日期不能早于原表安装日期")).into());
    }
    let span = Span {
        // Of a meter that nobody has looked at nothing is known.
        opening: from.value.unwrap_or(fields.final_value),
        closing: fields.final_value,
        multiplier: held.multiplier,
        max: held.max,
        rolled: fields.rolled,
        carried: from.carried,
    };
    let carried = span.usage().map_err(|complaint| FieldErrors::from(("final_value", complaint.text())))?;
    take_down(&mut tx, ctx, id, fields.replaced_on, fields.final_value).await?;
    let new = sqlx::query_scalar!(
        "insert into meter (district_id, estate_id, building_id, unit_id, meter_no, type, share, multiplier, max_value, install_on,
                            initial, carried, replaces_id, smart, created_at, created_by, updated_at, updated_by)
         select district_id, estate_id, building_id, unit_id, $2, type, share, multiplier, $3, $4, $5, $6, id, smart, $7, $8, $7, $8
         from meter where id = $1 returning id",
        id,
        fields.meter_no,
        fields.max.map(|max| max.0),
        fields.replaced_on,
        fields.initial.0,
        carried,
        ctx.now(),
        ctx.actor().id.0,
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(refused)?;
    // Of an open period the new one is read instead.
    sqlx::query!(
        "insert into meter_reading (district_id, estate_id, meter_id, source, period_id, from_on, opening, carried)
         select p.district_id, p.estate_id, m.id, 'PERIOD', p.id, m.install_on, m.initial, m.carried
         from meter m join meter_period p on p.estate_id = m.estate_id and p.type = m.type and p.status in ('OPEN', 'READING')
         where m.id = $1",
        new
    )
    .execute(connection(&mut tx))
    .await?;
    history_add(&mut tx, ctx, id, None, "换表拆除", Some(&fields.reason)).await?;
    history_add(&mut tx, ctx, new, None, "换表安装", Some(&fields.reason)).await?;
    tx.commit().await?;
    Ok(new)
}

/// 拆除: nobody is charged by it any more; what it measured since its last reading is nobody's.
///
/// # Errors
/// [`Failure::Conflict`]; a missing reason; a refusal while a reading waits to be billed.
pub async fn meter_remove(ctx: &Ctx, id: i64, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::MeterWrite)?;
    let reason = opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    on(&mut tx, id, version).await?;
    settled(&mut tx, id).await?;
    let last = opening(&mut tx, id, None).await?;
    take_down(&mut tx, ctx, id, ctx.today(), last.value.unwrap_or(Reading(0))).await?;
    history_add(&mut tx, ctx, id, None, "拆除", reason.as_deref()).await?;
    tx.commit().await?;
    Ok(())
}

/// A value that was read and not billed yet would be lost with its meter.
async fn settled(tx: &mut Tx, id: i64) -> Result<()> {
    let waiting = sqlx::query_scalar!(
        r#"select exists (select from meter_reading where meter_id = $1 and status in ('READ', 'ABNORMAL', 'CONFIRMED')) as "waiting!""#,
        id
    )
    .fetch_one(connection(tx))
    .await?;
    if waiting { Err(Failure::refused("该表具有已抄未出账的读数，请先出账").into()) } else { Ok(()) }
}

async fn take_down(tx: &mut Tx, ctx: &Ctx, id: i64, day: chrono::NaiveDate, last: Reading) -> Result<()> {
    sqlx::query!(
        "update meter set status = 'OFF', removed_on = $2, final_value = $3, updated_at = $4, updated_by = $5, version = version + 1
         where id = $1",
        id,
        day,
        last.0,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("delete from meter_reading where meter_id = $1 and status = 'EMPTY'", id)
        .execute(connection(tx))
        .await?;
    Ok(())
}
