//! What I-02 writes then: units with their rooms, timelines and notices.

use super::Buildings;
use crate::{
    Result,
    ctx::{Tx, connection},
    housing::unit::{area_column, floor_column, position_key, unit_code},
    import::{Errors, Importer as _, Row, Run},
};
use domain::{
    dictionary::{Decoration, HousingCategory, LayoutType, Orientation, RoomType, UnitStatus},
    housing::building::BuildingImportForm,
};
use std::collections::{BTreeMap, HashMap, HashSet};

impl Buildings {
    /// Writes units, their rooms, their timelines and the notice for open boards in one statement.
    pub(super) async fn write_units(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: &[Row<BuildingImportForm>],
        errors: &mut Errors,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut new = NewUnits::default();
        let mut places = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(district) = self.districts.named(&row.form.district) else { continue };
            places.push((district.id, row));
        }
        let codes = self.draw_codes(tx, &places).await?;
        for ((district, row), code) in places.iter().zip(codes) {
            self.push_unit(run, &mut new, *district, &row.form, code);
        }
        let written = new.insert(run, tx).await?;
        if written.len() < rows.len() {
            // Somebody entered the same rooms between our look and our write.
            for ((_, row), code) in places.iter().zip(&new.codes) {
                if !written.contains(code) {
                    errors.push(row.row_no, self.taken(&row.form));
                }
            }
        }
        Ok(())
    }

    /// Draws the running numbers of the new units under the row locks of their buildings.
    async fn draw_codes(&mut self, tx: &mut Tx, places: &[(i64, &Row<BuildingImportForm>)]) -> Result<Vec<String>> {
        let mut counts: BTreeMap<i64, i32> = BTreeMap::new();
        let mut ids = Vec::with_capacity(places.len());
        for (district, row) in places {
            let building = &self.buildings[&(*district, row.form.estate.clone(), row.form.building.clone())];
            let id = building.id.expect("its building was written before");
            *counts.entry(id).or_default() += 1;
            ids.push((id, building.seq, self.estates[&(*district, row.form.estate.clone())].code.clone()));
        }
        let (buildings, wanted): (Vec<i64>, Vec<i32>) = counts.into_iter().unzip();
        let drawn = sqlx::query!(
            r#"update building b set unit_seq = b.unit_seq + w.count
               from unnest($1::bigint[], $2::int[]) as w (id, count) where b.id = w.id
               returning b.id, b.unit_seq - w.count as "base!""#,
            &buildings,
            &wanted
        )
        .fetch_all(connection(tx))
        .await?;
        let mut next: HashMap<i64, i32> = drawn.into_iter().map(|row| (row.id, row.base)).collect();
        Ok(ids
            .into_iter()
            .map(|(id, seq, estate)| {
                let number = next.entry(id).or_default();
                *number += 1;
                unit_code(&estate, seq, *number)
            })
            .collect())
    }

    fn push_unit(&self, run: &Run, new: &mut NewUnits, district: i64, form: &BuildingImportForm, code: String) {
        let building = &self.buildings[&(district, form.estate.clone(), form.building.clone())];
        let status = form.status.unwrap_or(UnitStatus::Vacant);
        let project = self.projects[&(district, form.project.clone())].as_ref();
        let category =
            form.category.or(project.map(|project| project.category)).unwrap_or(HousingCategory::PublicRental);
        new.districts.push(district);
        new.estates.push(self.estates[&(district, form.estate.clone())].id.expect("written before"));
        new.buildings.push(building.id.expect("written before"));
        new.codes.push(code);
        new.entrances.push(form.entrance.clone());
        new.floors.push(floor_column(form.floor));
        new.rooms.push(form.room_no.clone());
        new.positions.push(position_key(&form.entrance, form.floor, &form.room_no));
        new.addresses.push(run.settings.unit_address(&form.building, &form.entrance, &form.room_no));
        new.mgmt_units.push(self.mgmt_unit(form, district).ok().flatten().expect("judged before"));
        new.categories.push(category.code());
        new.layouts.push(form.layout.map_or("", LayoutType::code));
        new.building_areas.push(form.building_area.map_or(0, area_column));
        new.usable_areas.push(form.usable_area.map_or(0, area_column));
        new.inner_areas.push(form.inner_area.map(area_column));
        new.orientations.push(form.orientation.map(Orientation::code));
        new.decorations.push(form.decoration.map(Decoration::code));
        new.standards.push(self.standards.get(&form.rent_standard).copied().flatten().map(|standard| standard.id));
        new.real_estate_nos.push(Some(form.real_estate_no.clone()).filter(|no| !no.is_empty()));
        new.cert_nos.push(Some(form.cert_no.clone()).filter(|no| !no.is_empty()));
        new.statuses.push(status.code());
        new.remarks.push(Some(form.remark.clone()).filter(|remark| !remark.is_empty()));
    }
}

/// Columns of units to be created.
#[derive(Default)]
struct NewUnits {
    districts: Vec<i64>,
    estates: Vec<i64>,
    buildings: Vec<i64>,
    codes: Vec<String>,
    entrances: Vec<String>,
    floors: Vec<i16>,
    rooms: Vec<String>,
    positions: Vec<String>,
    addresses: Vec<String>,
    mgmt_units: Vec<i64>,
    categories: Vec<&'static str>,
    layouts: Vec<&'static str>,
    building_areas: Vec<i32>,
    usable_areas: Vec<i32>,
    inner_areas: Vec<Option<i32>>,
    orientations: Vec<Option<&'static str>>,
    decorations: Vec<Option<&'static str>>,
    standards: Vec<Option<i64>>,
    real_estate_nos: Vec<Option<String>>,
    cert_nos: Vec<Option<String>>,
    statuses: Vec<&'static str>,
    remarks: Vec<Option<String>>,
}

impl NewUnits {
    /// Inserts and answers the codes of the units that went in.
    async fn insert(&self, run: &Run, tx: &mut Tx) -> Result<HashSet<String>> {
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
                 on conflict (building_id, entrance, room_no) do nothing
                 returning id, district_id, estate_id, building_id, code, room_no, building_area, status
             ), rooms as (
                 insert into room (district_id, estate_id, unit_id, name, type, area, created_by)
                 select district_id, estate_id, id, room_no, $26, building_area, $24 from new
             ), timeline as (
                 insert into unit_history (district_id, estate_id, unit_id, at, actor_id, event, to_status)
                 select district_id, estate_id, id, $25, $24, '导入', status from new
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
            run.ctx.today(),
            run.ctx.actor().id.0,
            run.ctx.now(),
            RoomType::Suite.code(),
        )
        .fetch_all(connection(tx))
        .await?;
        Ok(written.into_iter().collect())
    }
}
