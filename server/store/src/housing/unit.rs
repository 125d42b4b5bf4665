//! Units (E-13): detail, form, and the changes of status that a clerk makes by hand (§3.27).

mod batch;
mod change;
mod insert;
mod load;
mod offshelf;
mod write;

pub use batch::unit_generate;
pub use change::{units_change, units_chosen, units_transition};
pub(crate) use insert::NewUnits;
pub(crate) use offshelf::unit_offshelf_apply;
pub use offshelf::unit_offshelf_request;

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
    housing::rent_standard::rent_standard_check,
    live::change_add,
    platform::{attachment::attachments_delete, setting::settings_load},
};
use domain::{
    dictionary::{AttachmentOwner, HousingCategory, ProjectStatus, UnitStatus},
    failure::{Failure, FieldErrors},
    housing::{
        removal::{UNIT_HAS_CARD, UNIT_HAS_ROOMS, unit_removal},
        unit::{Unit, UnitForm},
        unit_change::{AREA_IS_LET, area_is_bound, inner_area_is_bound},
        unit_status::{Circumstances, Grounds, UnitEvent},
    },
    id::{BuildingId, OrganizationId, UnitId},
    platform::permission::Permission,
    value::{Area, natural_key},
};
use load::unit_load;
use write::{Place, unit_insert, unit_write};

/// One unit with its rooms and its timeline (newest first).
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn unit_get(ctx: &Ctx, id: UnitId) -> Result<Unit> {
    ctx.require(Permission::UnitRead)?;
    let mut tx = ctx.begin().await?;
    let unit = unit_load(&mut tx, id).await?;
    tx.commit().await?;
    Ok(unit)
}

/// Enters a unit into a building, PREP or VACANT (U1), with its one room.
///
/// # Errors
/// Complaints by field; [`Failure::NotFound`] for a building outside the scope.
pub async fn unit_create(ctx: &Ctx, building: BuildingId, status: UnitStatus, form: &UnitForm) -> Result<UnitId> {
    ctx.require(Permission::UnitWrite)?;
    if !matches!(status, UnitStatus::Prep | UnitStatus::Vacant) {
        return Err(FieldErrors::from(("status", "新增房源只能为筹建中或闲置房")).into());
    }
    let fields = form.check(status)?;
    let mut tx = ctx.begin().await?;
    let place = sqlx::query_as!(
        Place,
        "update building b set unit_seq = unit_seq + 1 from estate e
         where b.id = $1 and e.id = b.estate_id and b.deleted_at is null
         returning b.id, b.district_id, b.estate_id, b.no, b.seq, b.unit_seq, b.floors_up, e.code as estate_code",
        building.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if fields.floor > place.floors_up {
        return Err(FieldErrors::from(("floor", "楼层不能大于楼栋的地上层数")).into());
    }
    let district = OrganizationId(place.district_id);
    rent_standard_check(&mut tx, ctx.today(), district, fields.rent_standard_id, None).await?;
    let settings = settings_load(&mut tx).await?;
    let address = settings.unit_address(&place.no, &fields.entrance, &fields.room_no);
    let id = unit_insert(&mut tx, ctx, &place, status, &fields, &address).await?;
    history_add(&mut tx, ctx, id, Line { from: None, to: status, event: "新增", reason: None, document: None }).await?;
    change_add(&mut tx, place.district_id, place.estate_id, building.0, None).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(UnitId(id))
}

/// Changes a unit's fields (not its status) that nobody else changed since `version` was read.
///
/// # Errors
/// Complaints by field; [`Failure::Conflict`] when somebody was faster.
pub async fn unit_update(ctx: &Ctx, id: UnitId, version: i32, form: &UnitForm) -> Result<()> {
    ctx.require(Permission::UnitWrite)?;
    let mut tx = ctx.begin().await?;
    let before = unit_load(&mut tx, id).await?;
    let fields = form.check(before.status)?;
    let floors = sqlx::query_scalar!("select floors_up from building where id = $1", before.building_id.0)
        .fetch_one(connection(&mut tx))
        .await?;
    if fields.floor > floors {
        return Err(FieldErrors::from(("floor", "楼层不能大于楼栋的地上层数")).into());
    }
    let areas = ((before.building_area, before.usable_area), (fields.building_area, fields.usable_area));
    if area_is_bound(before.status, areas.0, areas.1) {
        return Err(FieldErrors::from(("building_area", AREA_IS_LET)).into());
    }
    let basis = before.rent.as_ref().map(|rent| rent.basis);
    if inner_area_is_bound(before.status, basis, before.inner_area, fields.optional.inner_area) {
        return Err(FieldErrors::from(("inner_area", AREA_IS_LET)).into());
    }
    let present = before.rent.as_ref().map(|rent| rent.standard_id);
    rent_standard_check(&mut tx, ctx.today(), before.district_id, fields.rent_standard_id, present).await?;
    let settings = settings_load(&mut tx).await?;
    let updated = unit_write(
        &mut tx,
        ctx,
        &before,
        version,
        &fields,
        &settings.unit_address(&before.building_no, &fields.entrance, &fields.room_no),
    )
    .await?;
    if updated == 0 {
        return Err(Failure::Conflict.into());
    }
    change_add(&mut tx, before.district_id.0, before.estate_id.0, before.building_id.0, None).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}

/// Changes a unit's status by an event (§3.27) and tells every board that looks on.
///
/// # Errors
/// The state machine's refusal; [`Failure::Conflict`] when the unit is no longer in version `version`.
pub async fn unit_transition(
    ctx: &Ctx,
    id: UnitId,
    version: i32,
    event: UnitEvent,
    grounds: impl Into<Grounds>,
) -> Result<UnitStatus> {
    ctx.require(Permission::UnitTransition)?;
    let mut tx = ctx.begin().await?;
    let unit = sqlx::query!(
        "select u.district_id, u.estate_id, u.building_id, u.status, u.category, u.version, u.vacant_since, p.status as project_status,
                (select h.from_status from unit_history h where h.unit_id = u.id and h.to_status = 'FROZEN' order by h.id desc limit 1) as frozen_from
         from unit u join building b on b.id = u.building_id join project p on p.id = b.project_id
         where u.id = $1 and u.deleted_at is null for update of u",
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if unit.version != version {
        return Err(Failure::Conflict.into());
    }
    let from = stored(&unit.status, UnitStatus::from_code)?;
    let circumstances = Circumstances {
        status: from,
        category: stored(&unit.category, HousingCategory::from_code)?,
        project: stored(&unit.project_status, ProjectStatus::from_code)?,
        frozen_from: unit.frozen_from.as_deref().map(|code| stored(code, UnitStatus::from_code)).transpose()?,
    };
    let to = circumstances.transition_by_hand(event)?;
    let (reason, document) = grounds.into().check(event)?;
    sqlx::query!(
        "update unit set status = $2, status_since = $3, vacant_since = $4, lock_reason = $5, updated_at = $3, updated_by = $6,
                version = version + 1 where id = $1",
        id.0,
        to.code(),
        ctx.now(),
        to.vacant_since(from, unit.vacant_since, ctx.today()),
        reason.as_deref().filter(|_| matches!(to, UnitStatus::Reserved | UnitStatus::Frozen)),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    let line =
        Line { from: Some(from), to, event: event.label(), reason: reason.as_deref(), document: document.as_deref() };
    history_add(&mut tx, ctx, id.0, line).await?;
    change_add(&mut tx, unit.district_id, unit.estate_id, unit.building_id, Some((id.0, to.code()))).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(to)
}

/// What happens to a unit because of something else: an assignment, a contract, a hand-over, an exit.
pub(crate) struct Moved<'a> {
    pub event: UnitEvent,
    pub reason: Option<&'a str>,
}

/// Moves a unit through §3.27 inside the transaction of what causes it, and tells every board that looks on.
///
/// # Errors
/// The state machine's refusal; [`Failure::NotFound`] outside the scope.
pub(crate) async fn unit_move(tx: &mut Tx, ctx: &Ctx, id: UnitId, moved: Moved<'_>) -> Result<UnitStatus> {
    unit_moved(tx, ctx, id, moved, None).await
}

/// The same by a paper, whose number stands in the timeline.
async fn unit_moved(
    tx: &mut Tx,
    ctx: &Ctx,
    id: UnitId,
    moved: Moved<'_>,
    document: Option<&str>,
) -> Result<UnitStatus> {
    let unit = sqlx::query!(
        "select district_id, estate_id, building_id, status, vacant_since from unit
         where id = $1 and deleted_at is null for update",
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let from = stored(&unit.status, UnitStatus::from_code)?;
    let to = from.next(moved.event).map_err(Failure::from)?;
    sqlx::query!(
        "update unit set status = $2, status_since = $3, vacant_since = $4, lock_reason = null, updated_at = $3, updated_by = $5,
                version = version + 1 where id = $1",
        id.0,
        to.code(),
        ctx.now(),
        to.vacant_since(from, unit.vacant_since, ctx.today()),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    let line = Line { from: Some(from), to, event: moved.event.label(), reason: moved.reason, document };
    history_add(tx, ctx, id.0, line).await?;
    change_add(tx, unit.district_id, unit.estate_id, unit.building_id, Some((id.0, to.code()))).await?;
    Ok(to)
}

/// Notes in the history of a unit what happens to it without its status becoming another, and tells every board that looks on.
pub(crate) async fn unit_note(tx: &mut Tx, ctx: &Ctx, id: UnitId, event: &str, reason: &str) -> Result<()> {
    let unit = sqlx::query!("select district_id, estate_id, building_id, status from unit where id = $1", id.0)
        .fetch_one(connection(tx))
        .await?;
    let stays = stored(&unit.status, UnitStatus::from_code)?;
    let line = Line { from: Some(stays), to: stays, event, reason: Some(reason), document: None };
    history_add(tx, ctx, id.0, line).await?;
    change_add(tx, unit.district_id, unit.estate_id, unit.building_id, Some((id.0, stays.code()))).await
}

/// Deletes a unit that never bound anybody and has no rooms but the one it was entered with, which goes with it.
///
/// # Errors
/// [`Failure::Refused`] with the sentence of the rule; [`Failure::Conflict`] when somebody changed it meanwhile.
pub async fn unit_delete(ctx: &Ctx, id: UnitId, version: i32) -> Result<()> {
    ctx.require(Permission::UnitWrite)?;
    let mut tx = ctx.begin().await?;
    let unit = sqlx::query!(
        r#"select district_id, estate_id, building_id, status, version,
                  exists (select from asset_sub s where s.unit_id = u.id and s.deleted_at is null and s.status <> 'DISPOSED')
                      as "card!",
                  exists (select from meter m where m.unit_id = u.id and m.status = 'ON') as "meter!"
           from unit u where id = $1 and deleted_at is null for update"#,
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if unit.version != version {
        return Err(Failure::Conflict.into());
    }
    if unit.card {
        return Err(Failure::refused(UNIT_HAS_CARD).into());
    }
    if unit.meter {
        return Err(Failure::refused("房源有在用的表具，请先拆除表具").into());
    }
    let status = stored(&unit.status, UnitStatus::from_code)?;
    let ever = sqlx::query_scalar!("select distinct to_status from unit_history where unit_id = $1", id.0)
        .fetch_all(connection(&mut tx))
        .await?
        .iter()
        .map(|code| stored(code, UnitStatus::from_code))
        .collect::<Result<Vec<_>>>()?;
    unit_removal(status, &ever).map_err(Failure::refused)?;
    let rooms = sqlx::query!(
        "update room set deleted_at = $2, updated_at = $2, updated_by = $3, version = version + 1
         where unit_id = $1 and deleted_at is null",
        id.0,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    if rooms.rows_affected() > 1 {
        return Err(Failure::refused(UNIT_HAS_ROOMS).into());
    }
    sqlx::query!(
        "update unit set deleted_at = $2, updated_at = $2, updated_by = $3, version = version + 1 where id = $1",
        id.0,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    attachments_delete(&mut tx, ctx, AttachmentOwner::Unit, id.0).await?;
    let line = Line { from: Some(status), to: status, event: "删除", reason: None, document: None };
    history_add(&mut tx, ctx, id.0, line).await?;
    change_add(&mut tx, unit.district_id, unit.estate_id, unit.building_id, None).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}

/// One line of the timeline.
struct Line<'a> {
    from: Option<UnitStatus>,
    to: UnitStatus,
    event: &'a str,
    reason: Option<&'a str>,
    document: Option<&'a str>,
}

async fn history_add(tx: &mut Tx, ctx: &Ctx, unit: i64, line: Line<'_>) -> Result<()> {
    sqlx::query!(
        "insert into unit_history (district_id, estate_id, unit_id, at, actor_id, event, from_status, to_status, reason, document_no)
         select district_id, estate_id, id, $2, $3, $4, $5, $6, $7, $8 from unit where id = $1",
        unit,
        ctx.now(),
        ctx.actor_id(),
        line.event,
        line.from.map(UnitStatus::code),
        line.to.code(),
        line.reason,
        line.document,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// 房源编码: estate, building, running number; ordered codes are the order of the stock.
pub(crate) fn unit_code(estate_code: &str, building_seq: i32, unit_seq: i32) -> String {
    format!("{estate_code}-{building_seq:03}-{unit_seq:04}")
}

/// Natural order inside a building: entrance, floor (basements first), room.
pub(crate) fn position_key(entrance: &str, floor: i32, room_no: &str) -> String {
    format!("{}\u{1}{:02}\u{1}{}", natural_key(entrance), floor + 10, natural_key(room_no))
}

/// Floors were checked to be −3…60.
pub(crate) fn floor_column(floor: i32) -> i16 {
    i16::try_from(floor).expect("a checked floor fits")
}

/// Unit areas were checked to be at most 300 m².
pub(crate) fn area_column(area: Area) -> i32 {
    i32::try_from(area.hundredths()).expect("a checked unit area fits")
}
