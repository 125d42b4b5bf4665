//! What a unit's form writes.

use super::{area_column, floor_column, position_key, unit_code};
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
};
use domain::{
    dictionary::{Decoration, Orientation, RoomType, UnitStatus},
    housing::unit::{Unit, UnitFields},
    value::Money,
};

/// The building that a new unit comes into, with the number that was drawn for it.
pub(super) struct Place {
    pub id: i64,
    pub district_id: i64,
    pub estate_id: i64,
    pub no: String,
    pub seq: i32,
    pub unit_seq: i32,
    pub floors_up: i32,
    pub estate_code: String,
}

/// Inserts a unit and its one room.
pub(super) async fn unit_insert(
    tx: &mut Tx,
    ctx: &Ctx,
    place: &Place,
    status: UnitStatus,
    fields: &UnitFields,
    address: &str,
) -> Result<i64> {
    let optional = &fields.optional;
    let id = sqlx::query_scalar!(
        "insert into unit (district_id, estate_id, building_id, code, entrance, floor, room_no, position_key, address, mgmt_unit_id,
                           title_holder, category, layout, building_area, usable_area, inner_area, shared_area, orientation, decoration,
                           facilities, rent_standard_id, market_rent_fen, real_estate_no, cert_no, house_code, deliver_on, supply_pool,
                           status, vacant_since, remark, created_by, updated_by, created_at, updated_at, status_since)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26,
                 $27, $28, $29, $30, $31, $31, $32, $32, $32) returning id",
        place.district_id,
        place.estate_id,
        place.id,
        unit_code(&place.estate_code, place.seq, place.unit_seq),
        fields.entrance,
        floor_column(fields.floor),
        fields.room_no,
        position_key(&fields.entrance, fields.floor, &fields.room_no),
        address,
        fields.mgmt_unit_id.0,
        optional.title_holder,
        fields.category.code(),
        fields.layout.code(),
        area_column(fields.building_area),
        area_column(fields.usable_area),
        optional.inner_area.map(area_column),
        optional.shared_area.map(area_column),
        optional.orientation.map(Orientation::code),
        optional.decoration.map(Decoration::code),
        &optional.facilities,
        fields.rent_standard_id.map(|id| id.0),
        optional.market_rent.map(Money::fen),
        optional.real_estate_no,
        optional.cert_no,
        optional.house_code,
        optional.deliver_on,
        optional.supply_pool,
        status.code(),
        (status == UnitStatus::Vacant).then(|| ctx.today()),
        optional.remark,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(tx))
    .await
    .map_err(constraints)?;
    sqlx::query!(
        "insert into room (district_id, estate_id, unit_id, name, type, area, created_by, updated_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $8)",
        place.district_id,
        place.estate_id,
        id,
        fields.room_no,
        RoomType::Suite.code(),
        area_column(fields.building_area),
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    Ok(id)
}

/// Changes the fields of a unit that is still in version `version`; answers how many rows that were.
pub(super) async fn unit_write(
    tx: &mut Tx,
    ctx: &Ctx,
    before: &Unit,
    version: i32,
    fields: &UnitFields,
    address: &str,
) -> Result<u64> {
    let optional = &fields.optional;
    let updated = sqlx::query!(
        "update unit set entrance = $3, floor = $4, room_no = $5, position_key = $6, address = $7, mgmt_unit_id = $8, title_holder = $9,
                category = $10, layout = $11, building_area = $12, usable_area = $13, inner_area = $14, shared_area = $15,
                orientation = $16, decoration = $17, facilities = $18, rent_standard_id = $19, market_rent_fen = $20,
                real_estate_no = $21, cert_no = $22, house_code = $23, deliver_on = $24, supply_pool = $25, remark = $26,
                updated_by = $27, updated_at = $28, version = version + 1
         where id = $1 and version = $2",
        before.id.0,
        version,
        fields.entrance,
        floor_column(fields.floor),
        fields.room_no,
        position_key(&fields.entrance, fields.floor, &fields.room_no),
        address,
        fields.mgmt_unit_id.0,
        optional.title_holder,
        fields.category.code(),
        fields.layout.code(),
        area_column(fields.building_area),
        area_column(fields.usable_area),
        optional.inner_area.map(area_column),
        optional.shared_area.map(area_column),
        optional.orientation.map(Orientation::code),
        optional.decoration.map(Decoration::code),
        &optional.facilities,
        fields.rent_standard_id.map(|id| id.0),
        optional.market_rent.map(Money::fen),
        optional.real_estate_no,
        optional.cert_no,
        optional.house_code,
        optional.deliver_on,
        optional.supply_pool,
        optional.remark,
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(tx))
    .await
    .map_err(constraints)?;
    Ok(updated.rows_affected())
}

fn constraints(error: sqlx::Error) -> Error {
    Error::from(error).or_field(&[
        ("unit_position_key", "room_no", "该房号已存在"),
        ("unit_mgmt_unit_id_fkey", "mgmt_unit", "住房管理单位不存在"),
        ("unit_rent_standard_id_fkey", "rent_standard", "租金标准不存在"),
    ])
}
