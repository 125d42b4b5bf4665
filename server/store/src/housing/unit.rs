//! Units (E-13): detail, form, and the changes of status that a clerk makes by hand (§3.27).

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    live::change_add,
    platform::setting::settings_load,
};
use domain::{
    dictionary::{AreaBasis, Decoration, HousingCategory, LayoutType, Orientation, RoomType, UnitStatus},
    failure::{Failure, FieldErrors},
    housing::{
        unit::{Unit, UnitFields, UnitForm, UnitHistory, UnitRent, UnitRoom},
        unit_status::{UnitEvent, transition_by_hand},
    },
    id::{BuildingId, EstateId, OrganizationId, RentStandardId, RoomId, UnitId},
    platform::permission::Permission,
    value::{Area, Rate, natural_key},
};

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

async fn unit_load(tx: &mut Tx, id: UnitId) -> Result<Unit> {
    let row = sqlx::query!(
        r#"select u.*, d.name as district, e.name as estate, b.no as building_no, m.name as mgmt_unit, user_name(u.updated_by) as updated_by_name,
                  r.code as "standard_code?", r.unit_rate as "unit_rate?", r.basis as "basis?"
           from unit u join organization d on d.id = u.district_id join estate e on e.id = u.estate_id
           join building b on b.id = u.building_id join organization m on m.id = u.mgmt_unit_id
           left join rent_standard r on r.id = u.rent_standard_id
           where u.id = $1 and u.deleted_at is null"#,
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let rent = match (row.rent_standard_id, row.standard_code, row.unit_rate, row.basis) {
        (Some(standard), Some(code), Some(rate), Some(basis)) => Some(UnitRent {
            standard_id: RentStandardId(standard),
            code,
            rate: Rate::from_ten_thousandths(rate.into()),
            basis: stored(&basis, AreaBasis::from_code)?,
        }),
        _ => None,
    };
    Ok(Unit {
        id,
        code: row.code,
        district_id: OrganizationId(row.district_id),
        district: row.district,
        estate_id: EstateId(row.estate_id),
        estate: row.estate,
        building_id: BuildingId(row.building_id),
        building_no: row.building_no,
        entrance: row.entrance,
        floor: row.floor.into(),
        room_no: row.room_no,
        address: row.address,
        mgmt_unit_id: OrganizationId(row.mgmt_unit_id),
        mgmt_unit: row.mgmt_unit,
        title_holder: row.title_holder,
        category: stored(&row.category, HousingCategory::from_code)?,
        layout: stored(&row.layout, LayoutType::from_code)?,
        building_area: Area::from_hundredths(row.building_area.into()),
        usable_area: Area::from_hundredths(row.usable_area.into()),
        inner_area: row.inner_area.map(|area| Area::from_hundredths(area.into())),
        orientation: row.orientation.as_deref().map(|code| stored(code, Orientation::from_code)).transpose()?,
        decoration: row.decoration.as_deref().map(|code| stored(code, Decoration::from_code)).transpose()?,
        rent,
        real_estate_no: row.real_estate_no,
        cert_no: row.cert_no,
        status: stored(&row.status, UnitStatus::from_code)?,
        status_since: row.status_since,
        vacant_since: row.vacant_since,
        lock_reason: row.lock_reason,
        remark: row.remark,
        version: row.version,
        updated_at: row.updated_at,
        updated_by: row.updated_by_name,
        rooms: unit_rooms(tx, id).await?,
        history: unit_history(tx, id).await?,
    })
}

async fn unit_rooms(tx: &mut Tx, id: UnitId) -> Result<Vec<UnitRoom>> {
    sqlx::query!("select id, name, type as kind, area, capacity from room where unit_id = $1 order by id", id.0)
        .fetch_all(connection(tx))
        .await?
        .into_iter()
        .map(|row| {
            Ok(UnitRoom {
                id: RoomId(row.id),
                name: row.name,
                kind: stored(&row.kind, RoomType::from_code)?,
                area: row.area.map(|area| Area::from_hundredths(area.into())),
                capacity: row.capacity,
            })
        })
        .collect()
}

async fn unit_history(tx: &mut Tx, id: UnitId) -> Result<Vec<UnitHistory>> {
    // Names of colleagues are read through a function of the database: accounts are not in scope.
    sqlx::query!(
        r#"select h.at, user_name(h.actor_id) as actor, h.event, h.from_status, h.to_status, h.reason
           from unit_history h where h.unit_id = $1 order by h.id desc limit 200"#,
        id.0
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(UnitHistory {
            at: row.at,
            actor: row.actor,
            event: row.event,
            from: row.from_status.as_deref().map(|code| stored(code, UnitStatus::from_code)).transpose()?,
            to: stored(&row.to_status, UnitStatus::from_code)?,
            reason: row.reason,
        })
    })
    .collect()
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
    let place = sqlx::query!(
        "update building b set unit_seq = unit_seq + 1 from estate e
         where b.id = $1 and e.id = b.estate_id and b.deleted_at is null
         returning b.district_id, b.estate_id, b.no, b.seq, b.unit_seq, b.floors_up, e.code as estate_code",
        building.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if fields.floor > place.floors_up {
        return Err(FieldErrors::from(("floor", "楼层不能大于楼栋的地上层数")).into());
    }
    let settings = settings_load(&mut tx).await?;
    let id = sqlx::query_scalar!(
        "insert into unit (district_id, estate_id, building_id, code, entrance, floor, room_no, position_key, address, mgmt_unit_id,
                           title_holder, category, layout, building_area, usable_area, inner_area, orientation, decoration,
                           rent_standard_id, real_estate_no, cert_no, status, vacant_since, remark, created_by, updated_by,
                           created_at, updated_at, status_since)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $25,
                 $26, $26, $26) returning id",
        place.district_id,
        place.estate_id,
        building.0,
        unit_code(&place.estate_code, place.seq, place.unit_seq),
        fields.entrance,
        floor_column(fields.floor),
        fields.room_no,
        position_key(&fields.entrance, fields.floor, &fields.room_no),
        settings.unit_address(&place.no, &fields.entrance, &fields.room_no),
        fields.mgmt_unit_id.0,
        fields.title_holder,
        fields.category.code(),
        fields.layout.code(),
        area_column(fields.building_area),
        area_column(fields.usable_area),
        fields.inner_area.map(area_column),
        fields.orientation.map(Orientation::code),
        fields.decoration.map(Decoration::code),
        fields.rent_standard_id.map(|id| id.0),
        fields.real_estate_no,
        fields.cert_no,
        status.code(),
        (status == UnitStatus::Vacant).then(|| ctx.today()),
        fields.remark,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(constraints)?;
    sqlx::query!(
        "insert into room (district_id, estate_id, unit_id, name, type, area, created_by) values ($1, $2, $3, $4, $5, $6, $7)",
        place.district_id,
        place.estate_id,
        id,
        fields.room_no,
        RoomType::Suite.code(),
        area_column(fields.building_area),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    history_add(&mut tx, ctx, id, None, status, "新增", None).await?;
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

async fn unit_write(
    tx: &mut Tx,
    ctx: &Ctx,
    before: &Unit,
    version: i32,
    fields: &UnitFields,
    address: &str,
) -> Result<u64> {
    let updated = sqlx::query!(
        "update unit set entrance = $3, floor = $4, room_no = $5, position_key = $6, address = $7, mgmt_unit_id = $8, title_holder = $9,
                category = $10, layout = $11, building_area = $12, usable_area = $13, inner_area = $14, orientation = $15,
                decoration = $16, rent_standard_id = $17, real_estate_no = $18, cert_no = $19, remark = $20,
                updated_by = $21, updated_at = $22, version = version + 1
         where id = $1 and version = $2",
        before.id.0,
        version,
        fields.entrance,
        floor_column(fields.floor),
        fields.room_no,
        position_key(&fields.entrance, fields.floor, &fields.room_no),
        address,
        fields.mgmt_unit_id.0,
        fields.title_holder,
        fields.category.code(),
        fields.layout.code(),
        area_column(fields.building_area),
        area_column(fields.usable_area),
        fields.inner_area.map(area_column),
        fields.orientation.map(Orientation::code),
        fields.decoration.map(Decoration::code),
        fields.rent_standard_id.map(|id| id.0),
        fields.real_estate_no,
        fields.cert_no,
        fields.remark,
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(tx))
    .await
    .map_err(constraints)?;
    Ok(updated.rows_affected())
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
    reason: &str,
) -> Result<UnitStatus> {
    ctx.require(Permission::UnitTransition)?;
    let mut tx = ctx.begin().await?;
    let unit = sqlx::query!(
        "select district_id, estate_id, building_id, status, category, version from unit where id = $1 and deleted_at is null for update",
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if unit.version != version {
        return Err(Failure::Conflict.into());
    }
    let from = stored(&unit.status, UnitStatus::from_code)?;
    let to = transition_by_hand(from, stored(&unit.category, HousingCategory::from_code)?, event, reason)?;
    let reason = Some(reason.trim()).filter(|reason| !reason.is_empty());
    sqlx::query!(
        "update unit set status = $2, status_since = $3, vacant_since = $4, lock_reason = $5, updated_at = $3, updated_by = $6,
                version = version + 1 where id = $1",
        id.0,
        to.code(),
        ctx.now(),
        (to == UnitStatus::Vacant).then(|| ctx.today()),
        matches!(to, UnitStatus::Reserved | UnitStatus::Frozen).then_some(reason).flatten(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    history_add(&mut tx, ctx, id.0, Some(from), to, event.label(), reason).await?;
    change_add(&mut tx, unit.district_id, unit.estate_id, unit.building_id, Some((id.0, to.code()))).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(to)
}

async fn history_add(
    tx: &mut Tx,
    ctx: &Ctx,
    unit: i64,
    from: Option<UnitStatus>,
    to: UnitStatus,
    event: &str,
    reason: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "insert into unit_history (district_id, estate_id, unit_id, at, actor_id, event, from_status, to_status, reason)
         select district_id, estate_id, id, $2, $3, $4, $5, $6, $7 from unit where id = $1",
        unit,
        ctx.now(),
        ctx.actor().id.0,
        event,
        from.map(UnitStatus::code),
        to.code(),
        reason,
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

fn constraints(error: sqlx::Error) -> Error {
    Error::from(error).or_field(&[
        ("unit_position_key", "room_no", "该房号已存在"),
        ("unit_mgmt_unit_id_fkey", "mgmt_unit", "住房管理单位不存在"),
        ("unit_rent_standard_id_fkey", "rent_standard", "租金标准不存在"),
    ])
}
