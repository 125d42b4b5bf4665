//! Many units changed at once (S1-4.2): one transaction, each unit judged by itself, those that stay are named.

use super::batch::mgmt_unit_check;
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
    housing::{rent_standard::rent_standards_in_force, room::rate_column},
};
use chrono::NaiveDate;
use domain::{
    dictionary::{Decoration, HousingCategory, LayoutType, ProjectStatus, UnitStatus},
    failure::{Failure, FieldErrors},
    housing::{
        unit_change::{
            BatchOutcome, BatchRefusal, CHANGE_MAX, CHANGED_MEANWHILE, ChosenRow, ChosenUnit, UnitBefore, UnitChange,
            UnitChangeForm, in_batch,
        },
        unit_status::{Circumstances, Grounds, UnitEvent},
    },
    id::{OrganizationId, RentStandardId, UnitId},
    platform::permission::Permission,
    value::{Area, Rate},
};
use std::collections::HashMap;

/// A chosen unit, held until the end of the transaction.
struct Held {
    address: String,
    district: i64,
    version: i32,
    vacant_since: Option<NaiveDate>,
    before: UnitBefore,
    project: ProjectStatus,
    frozen_from: Option<UnitStatus>,
}

/// The chosen units as they are now, in the order of the stock; those out of sight are left out.
///
/// # Errors
/// Without [`Permission::UnitRead`].
pub async fn units_chosen(ctx: &Ctx, chosen: &[ChosenUnit]) -> Result<Vec<ChosenRow>> {
    ctx.require(Permission::UnitRead)?;
    few(chosen)?;
    let ids: Vec<i64> = chosen.iter().map(|unit| unit.id.0).collect();
    let mut tx = ctx.begin().await?;
    let rows = sqlx::query!(
        r#"select u.id, u.version, u.code, e.name as estate, u.address, u.category, u.building_area, u.usable_area, u.district_id,
                  m.name as mgmt_unit, r.code as "rent_standard?", u.status
           from unit u join estate e on e.id = u.estate_id join organization m on m.id = u.mgmt_unit_id
           left join rent_standard r on r.id = u.rent_standard_id
           where u.id = any($1) and u.deleted_at is null order by u.code"#,
        &ids
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|row| {
            Ok(ChosenRow {
                id: UnitId(row.id),
                version: row.version,
                code: row.code,
                estate: row.estate,
                address: row.address,
                category: stored(&row.category, HousingCategory::from_code)?,
                building_area: Area::from_hundredths(row.building_area.into()),
                usable_area: Area::from_hundredths(row.usable_area.into()),
                mgmt_unit: row.mgmt_unit,
                rent_standard: row.rent_standard,
                district_id: OrganizationId(row.district_id),
                status: stored(&row.status, UnitStatus::from_code)?,
            })
        })
        .collect()
}

/// Writes what the form says over every chosen unit that may take it.
///
/// # Errors
/// Complaints by field about the form itself, and without [`Permission::RoomWrite`] where it says something of the rooms; what stands
/// against single units is in the outcome.
pub async fn units_change(ctx: &Ctx, chosen: &[ChosenUnit], form: &UnitChangeForm) -> Result<BatchOutcome> {
    ctx.require(Permission::UnitWrite)?;
    few(chosen)?;
    let change = form.check()?;
    if change.property_rate.is_some() {
        ctx.require(Permission::RoomWrite)?;
    }
    let mut tx = ctx.begin().await?;
    if let Some(id) = change.mgmt_unit_id {
        mgmt_unit_check(&mut tx, id).await?;
    }
    let standard = match change.rent_standard_id {
        None => None,
        Some(id) => {
            let known = rent_standards_in_force(&mut tx, ctx.today()).await?;
            let wanted = known.into_iter().find(|standard| standard.id == id.0);
            Some(wanted.ok_or_else(|| FieldErrors::from(("rent_standard", "租金标准已失效，请重新选择")))?)
        }
    };
    let held = hold(&mut tx, chosen).await?;
    let (fitting, refused) = judge(chosen, &held, |unit| {
        if standard.as_ref().is_some_and(|standard| !standard.fits(unit.district)) {
            return Err("租金标准不适用于该房源所在区县".to_owned());
        }
        change.fits(&unit.before).map_err(ToOwned::to_owned)
    });
    let ids: Vec<i64> = fitting.iter().map(|(id, ())| *id).collect();
    if !ids.is_empty() {
        write(&mut tx, ctx, &ids, &change).await?;
        if let Some(rate) = change.property_rate {
            rooms_write(&mut tx, ctx, &ids, rate).await?;
        }
        let statuses: Vec<&str> = ids.iter().map(|id| held[id].before.status.code()).collect();
        let events = Events { event: "批量修改", reason: Some(change.named()), from: &statuses, to: &statuses };
        timeline(&mut tx, ctx, &ids, &events).await?;
        notice(&mut tx, &ids, false).await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(BatchOutcome { changed: count(ids.len()), refused })
}

/// Locks or unlocks every chosen unit whose status allows it (§3.27 U3).
///
/// # Errors
/// A missing reason, or an event that is not for many at once; what stands against single units is in the outcome.
pub async fn units_transition(
    ctx: &Ctx,
    chosen: &[ChosenUnit],
    event: UnitEvent,
    grounds: impl Into<Grounds>,
) -> Result<BatchOutcome> {
    ctx.require(Permission::UnitTransition)?;
    few(chosen)?;
    if !in_batch(event) {
        return Err(Failure::refused(format!("{event}须逐套办理")).into());
    }
    let (reason, _) = grounds.into().check(event)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, chosen).await?;
    let (fitting, refused) = judge(chosen, &held, |unit| {
        let circumstances = Circumstances {
            status: unit.before.status,
            category: unit.before.category,
            project: unit.project,
            frozen_from: unit.frozen_from,
        };
        circumstances.transition_by_hand(event).map_err(|failure| failure.to_string())
    });
    let ids: Vec<i64> = fitting.iter().map(|(id, _)| *id).collect();
    if !ids.is_empty() {
        let from: Vec<&str> = ids.iter().map(|id| held[id].before.status.code()).collect();
        let to: Vec<&str> = fitting.iter().map(|(_, to)| to.code()).collect();
        let vacant: Vec<Option<NaiveDate>> = fitting
            .iter()
            .map(|(id, to)| to.vacant_since(held[id].before.status, held[id].vacant_since, ctx.today()))
            .collect();
        sqlx::query!(
            "update unit u set status = w.status, status_since = $4, vacant_since = w.vacant_since,
                    lock_reason = case when w.status in ('RESERVED', 'FROZEN') then $5 end, updated_at = $4, updated_by = $6,
                    version = u.version + 1
             from unnest($1::bigint[], $2::text[], $3::date[]) as w (id, status, vacant_since) where u.id = w.id",
            &ids,
            &to as &[&str],
            &vacant as &[Option<NaiveDate>],
            ctx.now(),
            reason,
            ctx.actor().id.0,
        )
        .execute(connection(&mut tx))
        .await?;
        let events = Events { event: event.label(), reason, from: &from, to: &to };
        timeline(&mut tx, ctx, &ids, &events).await?;
        notice(&mut tx, &ids, true).await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(BatchOutcome { changed: count(ids.len()), refused })
}

fn count(units: usize) -> u32 {
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// A choice is there, and small enough for one transaction.
fn few(chosen: &[ChosenUnit]) -> Result<()> {
    match chosen.len() {
        0 => Err(Failure::refused("请先选择房源").into()),
        1..=CHANGE_MAX => Ok(()),
        _ => Err(Failure::refused(format!("一次最多处理{CHANGE_MAX}套，请分批处理")).into()),
    }
}

/// Locks the chosen units in the order of their ids, so that two of these never wait for each other.
async fn hold(tx: &mut Tx, chosen: &[ChosenUnit]) -> Result<HashMap<i64, Held>> {
    let ids: Vec<i64> = chosen.iter().map(|unit| unit.id.0).collect();
    let rows = sqlx::query!(
        "select u.id, u.address, u.district_id, u.version, u.status, u.category, u.building_area, u.usable_area, u.inner_area,
                u.shared_area, u.rent_standard_id, u.vacant_since, p.status as project_status,
                (select h.from_status from unit_history h where h.unit_id = u.id and h.to_status = 'FROZEN'
                  order by h.id desc limit 1) as frozen_from
         from unit u join building b on b.id = u.building_id join project p on p.id = b.project_id
         where u.id = any($1) and u.deleted_at is null order by u.id for update of u",
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    let area = |hundredths: i32| Area::from_hundredths(hundredths.into());
    rows.into_iter()
        .map(|row| {
            let held = Held {
                address: row.address,
                district: row.district_id,
                version: row.version,
                vacant_since: row.vacant_since,
                before: UnitBefore {
                    status: stored(&row.status, UnitStatus::from_code)?,
                    category: stored(&row.category, HousingCategory::from_code)?,
                    building_area: area(row.building_area),
                    usable_area: area(row.usable_area),
                    inner_area: row.inner_area.map(area),
                    shared_area: row.shared_area.map(area),
                    rent_standard_id: row.rent_standard_id.map(RentStandardId),
                },
                project: stored(&row.project_status, ProjectStatus::from_code)?,
                frozen_from: row.frozen_from.as_deref().map(|code| stored(code, UnitStatus::from_code)).transpose()?,
            };
            Ok((row.id, held))
        })
        .collect()
}

/// Parts the chosen units into those that may and those that may not; a unit chosen twice counts once.
fn judge<T>(
    chosen: &[ChosenUnit],
    held: &HashMap<i64, Held>,
    may: impl Fn(&Held) -> std::result::Result<T, String>,
) -> (Vec<(i64, T)>, Vec<BatchRefusal>) {
    let (mut fitting, mut refused) = (Vec::new(), Vec::new());
    let mut met = std::collections::HashSet::new();
    for unit in chosen.iter().filter(|unit| met.insert(unit.id)) {
        let found = held.get(&unit.id.0);
        let verdict = match found {
            // Out of the scope looks the same as gone.
            None => Err(Failure::NotFound.to_string()),
            Some(held) if held.version != unit.version => Err(CHANGED_MEANWHILE.to_owned()),
            Some(held) => may(held),
        };
        match verdict {
            Ok(fits) => fitting.push((unit.id.0, fits)),
            Err(reason) => {
                let address = found.map(|held| held.address.clone()).unwrap_or_default();
                refused.push(BatchRefusal { id: unit.id, address, reason });
            }
        }
    }
    (fitting, refused)
}

async fn write(tx: &mut Tx, ctx: &Ctx, ids: &[i64], change: &UnitChange) -> Result<()> {
    sqlx::query!(
        "update unit set mgmt_unit_id = coalesce($2, mgmt_unit_id), category = coalesce($3, category), layout = coalesce($4, layout),
                building_area = coalesce($5, building_area), usable_area = coalesce($6, usable_area),
                rent_standard_id = coalesce($7, rent_standard_id), decoration = coalesce($8, decoration),
                title_holder = coalesce($9, title_holder), supply_pool = coalesce($10, supply_pool),
                updated_by = $11, updated_at = $12, version = version + 1
         where id = any($1)",
        ids,
        change.mgmt_unit_id.map(|id| id.0),
        change.category.map(HousingCategory::code),
        change.layout.map(LayoutType::code),
        change.building_area.map(super::area_column),
        change.usable_area.map(super::area_column),
        change.rent_standard_id.map(|id| id.0),
        change.decoration.map(Decoration::code),
        change.title_holder,
        change.supply_pool,
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// 物业费单价 of all rooms of the units (S4-1.3.2), which the contract of a home is offered.
async fn rooms_write(tx: &mut Tx, ctx: &Ctx, units: &[i64], rate: Rate) -> Result<()> {
    sqlx::query!(
        "update room set property_rate = $2, updated_by = $3, updated_at = $4, version = version + 1
         where unit_id = any($1) and deleted_at is null",
        units,
        rate_column(rate),
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// What the timelines of many units say.
struct Events<'a> {
    event: &'a str,
    reason: Option<String>,
    from: &'a [&'a str],
    to: &'a [&'a str],
}

async fn timeline(tx: &mut Tx, ctx: &Ctx, ids: &[i64], events: &Events<'_>) -> Result<()> {
    sqlx::query!(
        "insert into unit_history (district_id, estate_id, unit_id, at, actor_id, event, from_status, to_status, reason)
         select u.district_id, u.estate_id, u.id, $4, $5, $6, w.from_status, w.to_status, $7
         from unnest($1::bigint[], $2::text[], $3::text[]) as w (id, from_status, to_status) join unit u on u.id = w.id
         order by u.id",
        ids,
        events.from as &[&str],
        events.to as &[&str],
        ctx.now(),
        ctx.actor().id.0,
        events.event,
        events.reason,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Tells open boards: each unit with its new status, or only that something in its building changed.
async fn notice(tx: &mut Tx, ids: &[i64], each: bool) -> Result<()> {
    sqlx::query!(
        "insert into change (district_id, estate_id, building_id, unit_id, status)
         select distinct district_id, estate_id, building_id, case when $2 then id end, case when $2 then status end
         from unit where id = any($1)",
        ids,
        each
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
