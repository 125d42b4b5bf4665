//! Many new units in one statement, with their rooms, timelines and the notice for open boards: for imports (U1) and for
//! a building that is filled by pattern.

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
};
use domain::dictionary::RoomType;
use std::collections::HashSet;

/// Columns of units to be created.
#[derive(Default)]
pub(crate) struct NewUnits {
    pub districts: Vec<i64>,
    pub estates: Vec<i64>,
    pub buildings: Vec<i64>,
    pub codes: Vec<String>,
    pub entrances: Vec<String>,
    pub floors: Vec<i16>,
    pub rooms: Vec<String>,
    pub positions: Vec<String>,
    pub addresses: Vec<String>,
    pub mgmt_units: Vec<i64>,
    pub categories: Vec<&'static str>,
    pub layouts: Vec<&'static str>,
    pub building_areas: Vec<i32>,
    pub usable_areas: Vec<i32>,
    pub inner_areas: Vec<Option<i32>>,
    pub orientations: Vec<Option<&'static str>>,
    pub decorations: Vec<Option<&'static str>>,
    pub standards: Vec<Option<i64>>,
    pub real_estate_nos: Vec<Option<String>>,
    pub cert_nos: Vec<Option<String>>,
    pub statuses: Vec<&'static str>,
    pub remarks: Vec<Option<String>>,
}

impl NewUnits {
    /// Inserts and answers the codes of the units that went in: a position that is there already is left out.
    pub async fn insert(&self, ctx: &Ctx, tx: &mut Tx, event: &str) -> Result<HashSet<String>> {
        let written = sqlx::query_scalar!(
            r#"with new as (
                 insert into unit (district_id, estate_id, building_id, code, entrance, floor, room_no, position_key, address,
                                   mgmt_unit_id, category, layout, building_area, usable_area, inner_area, orientation, decoration,
                                   rent_standard_id, real_estate_no, cert_no, status, remark, vacant_since, created_by, updated_by,
                                   created_at, updated_at, status_since)
                 select t.*, case when t.status = 'VACANT' then $23::date end, $24, $24, $25, $25, $25
                 from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::smallint[], $7::text[], $8::text[],
                             $9::text[], $10::bigint[], $11::text[], $12::text[], $13::int[], $14::int[], $15::int[], $16::text[],
                             $17::text[], $18::bigint[], $19::text[], $20::text[], $21::text[], $22::text[])
                     as t (district_id, estate_id, building_id, code, entrance, floor, room_no, position_key, address, mgmt_unit_id,
                           category, layout, building_area, usable_area, inner_area, orientation, decoration, rent_standard_id,
                           real_estate_no, cert_no, status, remark)
                 on conflict (building_id, entrance, room_no) where deleted_at is null do nothing
                 returning id, district_id, estate_id, building_id, code, room_no, building_area, status
             ), rooms as (
                 insert into room (district_id, estate_id, unit_id, name, type, area, created_by)
                 select district_id, estate_id, id, room_no, $26, building_area, $24 from new
             ), timeline as (
                 insert into unit_history (district_id, estate_id, unit_id, at, actor_id, event, to_status)
                 select district_id, estate_id, id, $25, $24, $27, status from new
             ), notice as (
                 insert into change (district_id, estate_id, building_id)
                 select distinct district_id, estate_id, building_id from new
             )
             select code as "code!" from new"#,
            &self.districts,
            &self.estates,
            &self.buildings,
            &self.codes,
            &self.entrances,
            &self.floors,
            &self.rooms,
            &self.positions,
            &self.addresses,
            &self.mgmt_units,
            &self.categories as &[&str],
            &self.layouts as &[&str],
            &self.building_areas,
            &self.usable_areas,
            &self.inner_areas as &[Option<i32>],
            &self.orientations as &[Option<&str>],
            &self.decorations as &[Option<&str>],
            &self.standards as &[Option<i64>],
            &self.real_estate_nos as &[Option<String>],
            &self.cert_nos as &[Option<String>],
            &self.statuses as &[&str],
            &self.remarks as &[Option<String>],
            ctx.today(),
            ctx.actor().id.0,
            ctx.now(),
            RoomType::Suite.code(),
            event,
        )
        .fetch_all(connection(tx))
        .await?;
        Ok(written.into_iter().collect())
    }
}
