//! Rooms entered, changed and deleted by hand (E-14, S1-4.2): always bound to a unit.

use crate::{Ctx, Error, Result, ctx::connection};
use domain::{
    failure::Failure,
    housing::{
        removal::{LAST_ROOM, ROOM_IS_LIVED_IN},
        room::RoomForm,
    },
    id::{RoomId, UnitId},
    platform::permission::Permission,
};

/// Enters a room into a unit.
///
/// # Errors
/// Complaints by field; [`Failure::NotFound`] for a unit outside the scope.
pub async fn room_create(ctx: &Ctx, unit: UnitId, form: &RoomForm) -> Result<RoomId> {
    ctx.require(Permission::RoomWrite)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    // Held, so that the unit is not deleted meanwhile.
    let place = sqlx::query!(
        "select district_id, estate_id from unit where id = $1 and deleted_at is null for no key update",
        unit.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let id = sqlx::query_scalar!(
        "insert into room (district_id, estate_id, unit_id, name, type, area, capacity, bed_count, property_rate, status,
                           created_by, updated_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $12) returning id",
        place.district_id,
        place.estate_id,
        unit.0,
        fields.name,
        fields.kind.code(),
        fields.area.map(super::super::unit::area_column),
        fields.capacity,
        fields.bed_count,
        fields.property_rate.map(super::rate_column),
        fields.status.code(),
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(constraints)?;
    tx.commit().await?;
    Ok(RoomId(id))
}

/// Changes a room that nobody else changed since `version` was read.
///
/// # Errors
/// Complaints by field; [`Failure::Conflict`] when somebody was faster.
pub async fn room_update(ctx: &Ctx, id: RoomId, version: i32, form: &RoomForm) -> Result<()> {
    ctx.require(Permission::RoomWrite)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    let known = sqlx::query_scalar!("select 1 from room where id = $1 and deleted_at is null", id.0)
        .fetch_optional(connection(&mut tx))
        .await?;
    known.ok_or(Failure::NotFound)?;
    let updated = sqlx::query!(
        "update room set name = $3, type = $4, area = $5, capacity = $6, bed_count = $7, property_rate = $8, status = $9,
                updated_by = $10, updated_at = $11, version = version + 1
         where id = $1 and version = $2",
        id.0,
        version,
        fields.name,
        fields.kind.code(),
        fields.area.map(super::super::unit::area_column),
        fields.capacity,
        fields.bed_count,
        fields.property_rate.map(super::rate_column),
        fields.status.code(),
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await
    .map_err(constraints)?;
    if updated.rows_affected() == 0 {
        return Err(Failure::Conflict.into());
    }
    tx.commit().await?;
    Ok(())
}

/// Deletes a room; the last one of a unit stays, and one in which somebody lives.
///
/// # Errors
/// [`Failure::Refused`] with [`LAST_ROOM`] or [`ROOM_IS_LIVED_IN`]; [`Failure::Conflict`] when somebody changed it meanwhile.
pub async fn room_delete(ctx: &Ctx, id: RoomId, version: i32) -> Result<()> {
    ctx.require(Permission::RoomWrite)?;
    let mut tx = ctx.begin().await?;
    let room = sqlx::query!("select unit_id, version from room where id = $1 and deleted_at is null", id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    // Two who delete the last two rooms wait for each other here.
    sqlx::query!("select 1 as one from unit where id = $1 for no key update", room.unit_id)
        .fetch_one(connection(&mut tx))
        .await?;
    let others = sqlx::query_scalar!(
        r#"select count(*) as "count!" from room where unit_id = $1 and id <> $2 and deleted_at is null"#,
        room.unit_id,
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if others == 0 {
        return Err(Failure::refused(LAST_ROOM).into());
    }
    // Held before it is asked: who moves in holds the room, too.
    sqlx::query!("select 1 as one from room where id = $1 for no key update", id.0)
        .fetch_one(connection(&mut tx))
        .await?;
    let lived_in = sqlx::query_scalar!(
        r#"select exists (select from binding where room_id = $1 and to_on is null) as "lived_in!""#,
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if lived_in {
        return Err(Failure::refused(ROOM_IS_LIVED_IN).into());
    }
    let deleted = sqlx::query!(
        "update room set deleted_at = $3, updated_at = $3, updated_by = $4, version = version + 1
         where id = $1 and version = $2 and deleted_at is null",
        id.0,
        version,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    if deleted.rows_affected() == 0 {
        return Err(Failure::Conflict.into());
    }
    tx.commit().await?;
    Ok(())
}

fn constraints(error: sqlx::Error) -> Error {
    Error::from(error).or_field(&[("room_name_key", "name", "房间已存在")])
}
