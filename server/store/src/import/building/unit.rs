//! What I-02 writes then: units with their rooms, timelines and notices.

use super::Buildings;
use crate::{
    Result,
    ctx::{Tx, connection},
    housing::unit::{NewUnits, area_column, floor_column, position_key, unit_code},
    import::{Errors, Importer as _, Row, Run},
};
use domain::{
    dictionary::{Decoration, HousingCategory, LayoutType, Orientation, UnitStatus},
    housing::building::BuildingImportForm,
};
use std::collections::{BTreeMap, HashMap};

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
        let written = new.insert(&run.ctx, tx, "导入").await?;
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
