//! Buildings entered, changed and deleted by hand (S1-4.2): bound to an estate and to a project of its district.

use super::building_load;
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    live::change_add,
    platform::{attachment::attachments_delete, division::place_on_map, setting::settings_load},
};
use domain::{
    dictionary::AttachmentOwner,
    failure::{Failure, FieldErrors},
    housing::{
        building_form::{BuildingFields, BuildingForm},
        removal::BUILDING_HAS_UNITS,
    },
    id::{BuildingId, EstateId, ProjectId},
    platform::permission::Permission,
    value::{Point, natural_key},
};

/// Enters a building into an estate.
///
/// # Errors
/// Complaints by field; [`Failure::NotFound`] for an estate outside the scope.
pub async fn building_create(ctx: &Ctx, estate: EstateId, form: &BuildingForm) -> Result<BuildingId> {
    ctx.require(Permission::BuildingWrite)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    // Draws the building's number in the unit codes under the estate's lock, which also keeps the estate.
    let place = sqlx::query!(
        "update estate set building_seq = building_seq + 1 where id = $1 and deleted_at is null
         returning district_id, building_seq",
        estate.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    project_check(&mut tx, place.district_id, fields.project_id).await?;
    let map = place_on_map(&mut tx, place.district_id, fields.place).await?;
    let id = sqlx::query_scalar!(
        "insert into building (district_id, estate_id, seq, created_by, created_at, updated_by, updated_at, project_id, no, no_key, name,
                structure, floors_up, floors_down, entrances, units_per_floor, height, has_elevator, elevators, build_year, area,
                house_code, completed_on, warranty, status, lng, lat, coordinate_system, map_lng, map_lat)
         select $1, $2, $3, $4, $5, $4, $5, t.*
         from jsonb_to_record($6) as t (project_id bigint, no text, no_key text, name text, structure text, floors_up int,
                floors_down int, entrances int, units_per_floor int, height int, has_elevator bool, elevators int, build_year int,
                area bigint, house_code text, completed_on date, warranty text, status text, lng float8, lat float8,
                coordinate_system text, map_lng float8, map_lat float8)
         returning id",
        place.district_id,
        estate.0,
        place.building_seq,
        ctx.actor().id.0,
        ctx.now(),
        record(&fields, map),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(constraints)?;
    change_add(&mut tx, place.district_id, estate.0, id, None).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(BuildingId(id))
}

/// Changes a building that nobody else changed since `version` was read. Its number is part of the addresses of its
/// units, which follow.
///
/// # Errors
/// Complaints by field; [`Failure::Conflict`] when somebody was faster.
pub async fn building_update(ctx: &Ctx, id: BuildingId, version: i32, form: &BuildingForm) -> Result<()> {
    ctx.require(Permission::BuildingWrite)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    let before = building_load(&mut tx, id).await?;
    let district = before.district_id.0;
    if before.project_id != fields.project_id {
        project_check(&mut tx, district, fields.project_id).await?;
    }
    let highest =
        sqlx::query_scalar!("select max(floor)::int from unit where building_id = $1 and deleted_at is null", id.0)
            .fetch_one(connection(&mut tx))
            .await?;
    if let Some(highest) = highest.filter(|highest| *highest > fields.floors_up) {
        let sentence = format!("已有第{highest}层的房源，地上层数不能小于{highest}");
        return Err(FieldErrors::from(("floors_up", sentence.as_str())).into());
    }
    let map = place_on_map(&mut tx, district, fields.place).await?;
    let updated = sqlx::query!(
        "update building b set updated_by = $3, updated_at = $4, version = b.version + 1, floors_given = true,
                (project_id, no, no_key, name, structure, floors_up, floors_down, entrances, units_per_floor, height, has_elevator,
                 elevators, build_year, area, house_code, completed_on, warranty, status, lng, lat, coordinate_system, map_lng,
                 map_lat)
              = (select t.*
                 from jsonb_to_record($5) as t (project_id bigint, no text, no_key text, name text, structure text, floors_up int,
                      floors_down int, entrances int, units_per_floor int, height int, has_elevator bool, elevators int,
                      build_year int, area bigint, house_code text, completed_on date, warranty text, status text, lng float8,
                      lat float8, coordinate_system text, map_lng float8, map_lat float8))
         where b.id = $1 and b.version = $2",
        id.0,
        version,
        ctx.actor().id.0,
        ctx.now(),
        record(&fields, map),
    )
    .execute(connection(&mut tx))
    .await
    .map_err(constraints)?;
    if updated.rows_affected() == 0 {
        return Err(Failure::Conflict.into());
    }
    if before.no != fields.no {
        readdress(&mut tx, ctx, id, &fields.no).await?;
    }
    change_add(&mut tx, district, before.estate_id.0, id.0, None).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}

/// Deletes a building without units.
///
/// # Errors
/// [`Failure::Refused`] with [`BUILDING_HAS_UNITS`]; [`Failure::Conflict`] when somebody changed it meanwhile.
pub async fn building_delete(ctx: &Ctx, id: BuildingId, version: i32) -> Result<()> {
    ctx.require(Permission::BuildingWrite)?;
    let mut tx = ctx.begin().await?;
    // Held against a unit that is being entered.
    let building = sqlx::query!(
        r#"select district_id, estate_id, version,
                  exists (select from unit u where u.building_id = b.id and u.deleted_at is null) as "units!"
           from building b where id = $1 and deleted_at is null for update"#,
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if building.version != version {
        return Err(Failure::Conflict.into());
    }
    if building.units {
        return Err(Failure::refused(BUILDING_HAS_UNITS).into());
    }
    sqlx::query!(
        "update building set deleted_at = $2, updated_at = $2, updated_by = $3, version = version + 1 where id = $1",
        id.0,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    attachments_delete(&mut tx, ctx, AttachmentOwner::Building, id.0).await?;
    change_add(&mut tx, building.district_id, building.estate_id, id.0, None).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}

/// A building belongs to a project of its own district (S1-4.2, §7.2); held, so that it is not deleted meanwhile.
async fn project_check(tx: &mut Tx, district: i64, project: ProjectId) -> Result<()> {
    let known = sqlx::query_scalar!(
        "select 1 from project where id = $1 and district_id = $2 and deleted_at is null for share",
        project.0,
        district
    )
    .fetch_optional(connection(tx))
    .await?;
    match known {
        Some(_) => Ok(()),
        None => Err(FieldErrors::from(("project", "项目不存在或不属于该区县，请重新选择")).into()),
    }
}

/// Makes the addresses of a building's units anew (PRM-06).
async fn readdress(tx: &mut Tx, ctx: &Ctx, id: BuildingId, no: &str) -> Result<()> {
    let settings = settings_load(tx).await?;
    let units =
        sqlx::query!("select id, entrance, room_no from unit where building_id = $1 and deleted_at is null", id.0)
            .fetch_all(connection(tx))
            .await?;
    let (ids, addresses): (Vec<i64>, Vec<String>) =
        units.into_iter().map(|unit| (unit.id, settings.unit_address(no, &unit.entrance, &unit.room_no))).unzip();
    sqlx::query!(
        "update unit u set address = w.address, updated_by = $3, updated_at = $4, version = u.version + 1
         from unnest($1::bigint[], $2::text[]) as w (id, address) where u.id = w.id",
        &ids,
        &addresses,
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// The columns that a form writes.
fn record(fields: &BuildingFields, map: Option<Point>) -> serde_json::Value {
    let point = fields.place.map(|place| place.point);
    serde_json::json!({
        "project_id": fields.project_id.0, "no": fields.no, "no_key": natural_key(&fields.no), "name": fields.name,
        "structure": fields.structure.map(|value| value.code()), "floors_up": fields.floors_up,
        "floors_down": fields.floors_down, "entrances": fields.entrances, "units_per_floor": fields.units_per_floor,
        "height": fields.height, "has_elevator": fields.has_elevator, "elevators": fields.elevators,
        "build_year": fields.build_year, "area": fields.area.map(|area| area.hundredths()),
        "house_code": fields.house_code, "completed_on": fields.completed_on, "warranty": fields.warranty,
        "status": fields.status.code(), "lng": point.map(|point| point.lng), "lat": point.map(|point| point.lat),
        "coordinate_system": fields.place.map(|place| place.system.code()),
        "map_lng": map.map(|point| point.lng), "map_lat": map.map(|point| point.lat),
    })
}

fn constraints(error: sqlx::Error) -> Error {
    Error::from(error)
        .or_field(&[("building_no_key", "no", "楼栋号已存在"), ("building_project_id_fkey", "project", "项目不存在")])
}
