//! The units of a building by pattern (S1-4.2 batch generate): all of them, or none.

use super::{NewUnits, area_column, floor_column, position_key, unit_code};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    housing::rent_standard::rent_standard_check,
    platform::setting::settings_load,
};
use domain::{
    dictionary::{Decoration, OrganizationType, Orientation},
    failure::{Failure, FieldErrors},
    housing::unit_batch::{UnitBatch, UnitBatchForm, batch_conflict},
    id::{BuildingId, OrganizationId},
    import::MANAGEMENT_UNITS,
    platform::{permission::Permission, setting::CitySettings},
};

/// The building that is filled.
struct Place {
    id: i64,
    district_id: i64,
    estate_id: i64,
    no: String,
    seq: i32,
    unit_seq: i32,
    floors_up: i32,
    estate_code: String,
}

/// Makes the planned units with their rooms and timelines; answers how many.
///
/// # Errors
/// Complaints by field; [`Failure::Refused`] naming the numbers that are there already, and then nothing is made.
pub async fn unit_generate(ctx: &Ctx, building: BuildingId, form: &UnitBatchForm) -> Result<u32> {
    ctx.require(Permission::UnitWrite)?;
    let mut tx = ctx.begin().await?;
    // Held until the end: nobody enters a unit into it, or takes its running numbers, meanwhile.
    let place = sqlx::query_as!(
        Place,
        "select b.id, b.district_id, b.estate_id, b.no, b.seq, b.unit_seq, b.floors_up, e.code as estate_code
         from building b join estate e on e.id = b.estate_id where b.id = $1 and b.deleted_at is null for no key update of b",
        building.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let batch = form.check(place.floors_up)?;
    rent_standard_check(&mut tx, ctx.today(), OrganizationId(place.district_id), batch.rent_standard_id, None).await?;
    mgmt_unit_check(&mut tx, batch.mgmt_unit_id).await?;
    let taken = taken(&mut tx, &place, &batch).await?;
    if !taken.is_empty() {
        return Err(Failure::refused(batch_conflict(&taken)).into());
    }
    let settings = settings_load(&mut tx).await?;
    let new = new_units(&place, &batch, &settings);
    let count = i32::try_from(batch.units.len()).expect("a batch is small");
    sqlx::query!(
        "update building set unit_seq = unit_seq + $2,
                entrances = greatest(entrances, (select count(distinct x)::int from unnest(
                    array(select entrance from unit where building_id = $1 and deleted_at is null) || $3::text[]) as x))
         where id = $1",
        place.id,
        count,
        &new.entrances
    )
    .execute(connection(&mut tx))
    .await?;
    let written = new.insert(ctx, &mut tx, "批量生成").await?;
    if written.len() != batch.units.len() {
        // An import that holds no building row was faster; the transaction is left unfinished.
        return Err(Failure::Conflict.into());
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(count.unsigned_abs())
}

/// Planned positions that the building has already, in order.
async fn taken(tx: &mut Tx, place: &Place, batch: &UnitBatch) -> Result<Vec<(String, String)>> {
    let entrances: Vec<String> = batch.units.iter().map(|unit| unit.entrance.clone()).collect();
    let rooms: Vec<String> = batch.units.iter().map(|unit| unit.room_no.clone()).collect();
    let rows = sqlx::query!(
        "select u.entrance, u.room_no from unit u
         join unnest($2::text[], $3::text[]) as w (entrance, room_no) on w.entrance = u.entrance and w.room_no = u.room_no
         where u.building_id = $1 and u.deleted_at is null order by u.position_key",
        place.id,
        &entrances,
        &rooms
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows.into_iter().map(|row| (row.entrance, row.room_no)).collect())
}

/// 住房管理单位 must be an organisation that does that work.
pub(super) async fn mgmt_unit_check(tx: &mut Tx, id: OrganizationId) -> Result<()> {
    let kind = sqlx::query_scalar!(
        "select type from organization where id = $1 and status = 'ON' and deleted_at is null",
        id.0
    )
    .fetch_optional(connection(tx))
    .await?;
    let kind = kind.and_then(|kind| OrganizationType::from_code(&kind));
    if kind.is_some_and(|kind| MANAGEMENT_UNITS.contains(&kind)) {
        return Ok(());
    }
    Err(FieldErrors::from(("mgmt_unit", "住房管理单位不存在或已停用，请重新选择")).into())
}

fn new_units(place: &Place, batch: &UnitBatch, settings: &CitySettings) -> NewUnits {
    let mut new = NewUnits::default();
    for (number, unit) in (place.unit_seq + 1..).zip(&batch.units) {
        let position = &batch.positions[unit.position];
        new.districts.push(place.district_id);
        new.estates.push(place.estate_id);
        new.buildings.push(place.id);
        new.codes.push(unit_code(&place.estate_code, place.seq, number));
        new.entrances.push(unit.entrance.clone());
        new.floors.push(floor_column(unit.floor));
        new.rooms.push(unit.room_no.clone());
        new.positions.push(position_key(&unit.entrance, unit.floor, &unit.room_no));
        new.addresses.push(settings.unit_address(&place.no, &unit.entrance, &unit.room_no));
        new.mgmt_units.push(batch.mgmt_unit_id.0);
        new.categories.push(batch.category.code());
        new.layouts.push(position.layout.code());
        new.building_areas.push(area_column(position.building_area));
        new.usable_areas.push(area_column(position.usable_area));
        new.inner_areas.push(None);
        new.orientations.push(position.orientation.map(Orientation::code));
        new.decorations.push(batch.decoration.map(Decoration::code));
        new.standards.push(batch.rent_standard_id.map(|id| id.0));
        new.real_estate_nos.push(None);
        new.cert_nos.push(None);
        new.statuses.push(batch.status.code());
        new.remarks.push(None);
    }
    new
}
