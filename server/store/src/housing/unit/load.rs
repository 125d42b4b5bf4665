//! One unit with what hangs on it.

use crate::{
    Result,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    dictionary::{
        AreaBasis, Decoration, HousingCategory, LayoutType, Orientation, ProjectStatus, RoomType, UnitStatus, UseStatus,
    },
    failure::Failure,
    housing::unit::{Unit, UnitHistory, UnitRent, UnitRoom},
    id::{BuildingId, EstateId, OrganizationId, RentStandardId, RoomId, UnitId},
    value::{Area, Money, Rate},
};

pub(super) async fn unit_load(tx: &mut Tx, id: UnitId) -> Result<Unit> {
    let row = sqlx::query!(
        r#"select u.*, d.name as district, e.name as estate, b.no as building_no, m.name as mgmt_unit, user_name(u.updated_by) as updated_by_name,
                  r.code as "standard_code?", r.name as "standard_name?", r.unit_rate as "unit_rate?", r.basis as "basis?",
                  p.status as project_status,
                  (select h.from_status from unit_history h where h.unit_id = u.id and h.to_status = 'FROZEN' order by h.id desc limit 1) as frozen_from
           from unit u join organization d on d.id = u.district_id join estate e on e.id = u.estate_id
           join building b on b.id = u.building_id join project p on p.id = b.project_id join organization m on m.id = u.mgmt_unit_id
           left join rent_standard r on r.id = u.rent_standard_id
           where u.id = $1 and u.deleted_at is null"#,
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let rent = match (row.rent_standard_id, row.standard_code, row.standard_name, row.unit_rate, row.basis) {
        (Some(standard), Some(code), Some(name), Some(rate), Some(basis)) => Some(UnitRent {
            standard_id: RentStandardId(standard),
            code,
            name,
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
        shared_area: row.shared_area.map(|area| Area::from_hundredths(area.into())),
        orientation: row.orientation.as_deref().map(|code| stored(code, Orientation::from_code)).transpose()?,
        decoration: row.decoration.as_deref().map(|code| stored(code, Decoration::from_code)).transpose()?,
        facilities: row.facilities,
        rent,
        market_rent: row.market_rent_fen.map(Money::from_fen),
        real_estate_no: row.real_estate_no,
        cert_no: row.cert_no,
        house_code: row.house_code,
        deliver_on: row.deliver_on,
        supply_pool: row.supply_pool,
        project_status: stored(&row.project_status, ProjectStatus::from_code)?,
        frozen_from: row.frozen_from.as_deref().map(|code| stored(code, UnitStatus::from_code)).transpose()?,
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
    sqlx::query!(
        "select id, name, type as kind, area, capacity, bed_count, status from room where unit_id = $1 and deleted_at is null order by id",
        id.0
    )
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
            bed_count: row.bed_count,
            status: stored(&row.status, UseStatus::from_code)?,
        })
    })
    .collect()
}

async fn unit_history(tx: &mut Tx, id: UnitId) -> Result<Vec<UnitHistory>> {
    // Names of colleagues are read through a function of the database: accounts are not in scope.
    sqlx::query!(
        r#"select h.at, user_name(h.actor_id) as actor, h.event, h.from_status, h.to_status, h.reason, h.document_no
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
            document: row.document_no,
        })
    })
    .collect()
}
