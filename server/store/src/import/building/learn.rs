//! What I-02 looks up: one query per kind and chunk, kept for the whole file.

use super::{Building, Buildings, Estate, Project, Standard};
use crate::{
    Result,
    ctx::{Tx, connection},
    error::stored,
    import::{Row, Run},
};
use domain::{dictionary::HousingCategory, housing::building::BuildingImportForm};
use std::collections::HashSet;

impl Buildings {
    /// Looks up what the chunk names and this import has not met yet: one query per kind.
    pub(super) async fn learn(&mut self, run: &Run, tx: &mut Tx, rows: &[Row<BuildingImportForm>]) -> Result<()> {
        let (mut projects, mut estates, mut buildings) = (HashSet::new(), HashSet::new(), HashSet::new());
        for form in rows.iter().map(|row| &row.form) {
            let Some(district) = self.districts.named(&form.district).map(|district| district.id) else { continue };
            projects.insert((district, form.project.clone()));
            estates.insert((district, form.estate.clone()));
            buildings.insert((district, form.estate.clone(), form.building.clone()));
        }
        self.learn_projects(tx, projects).await?;
        self.learn_estates(tx, estates).await?;
        self.learn_buildings(tx, buildings).await?;
        self.organizations.learn(tx, rows.iter().map(|row| row.form.mgmt_unit.as_str())).await?;
        self.learn_standards(run, tx, rows).await
    }

    async fn learn_projects(&mut self, tx: &mut Tx, mut wanted: HashSet<(i64, String)>) -> Result<()> {
        wanted.retain(|key| !self.projects.contains_key(key));
        if wanted.is_empty() {
            return Ok(());
        }
        let (districts, names): (Vec<i64>, Vec<String>) = wanted.iter().cloned().unzip();
        let rows = sqlx::query!(
            "select p.id, p.district_id, p.name, p.category from project p
             join unnest($1::bigint[], $2::text[]) as w (district_id, name) on w.district_id = p.district_id and w.name = p.name
             where p.deleted_at is null",
            &districts,
            &names
        )
        .fetch_all(connection(tx))
        .await?;
        self.projects.extend(wanted.into_iter().map(|key| (key, None)));
        for row in rows {
            let category = stored(&row.category, HousingCategory::from_code)?;
            self.projects.insert((row.district_id, row.name), Some(Project { id: row.id, category }));
        }
        Ok(())
    }

    pub(super) async fn learn_estates(&mut self, tx: &mut Tx, mut wanted: HashSet<(i64, String)>) -> Result<()> {
        wanted.retain(|key| !self.estates.contains_key(key));
        if wanted.is_empty() {
            return Ok(());
        }
        let (districts, names): (Vec<i64>, Vec<String>) = wanted.into_iter().unzip();
        let rows = sqlx::query!(
            "select e.id, e.district_id, e.name, e.code, e.address from estate e
             join unnest($1::bigint[], $2::text[]) as w (district_id, name) on w.district_id = e.district_id and w.name = e.name
             where e.deleted_at is null",
            &districts,
            &names
        )
        .fetch_all(connection(tx))
        .await?;
        for row in rows {
            self.estates
                .insert((row.district_id, row.name), Estate { id: Some(row.id), code: row.code, address: row.address });
        }
        Ok(())
    }

    pub(super) async fn learn_buildings(
        &mut self,
        tx: &mut Tx,
        mut wanted: HashSet<(i64, String, String)>,
    ) -> Result<()> {
        wanted.retain(|key| !self.buildings.contains_key(key));
        let mut places: Vec<(i64, String)> = Vec::new();
        for (district, estate, no) in wanted {
            if let Some(id) = self.estates.get(&(district, estate)).and_then(|estate| estate.id) {
                places.push((id, no));
            }
        }
        if places.is_empty() {
            return Ok(());
        }
        let (estates, numbers): (Vec<i64>, Vec<String>) = places.into_iter().unzip();
        let rows = sqlx::query!(
            "select b.id, b.district_id, e.name as estate, b.no, b.seq, b.floors_up, b.floors_given, b.project_id, p.name as project,
                    array(select distinct u.entrance from unit u where u.building_id = b.id and u.deleted_at is null) as entrances
             from building b join estate e on e.id = b.estate_id join project p on p.id = b.project_id
             join unnest($1::bigint[], $2::text[]) as w (estate_id, no) on w.estate_id = b.estate_id and w.no = b.no
             where b.deleted_at is null",
            &estates,
            &numbers
        )
        .fetch_all(connection(tx))
        .await?;
        for row in rows {
            let building = Building {
                id: Some(row.id),
                seq: row.seq,
                project: row.project_id,
                project_name: row.project,
                floors: row.floors_up,
                floors_given: row.floors_given,
                structure: None,
                place: None,
                entrances: row.entrances.unwrap_or_default().into_iter().collect(),
                dirty: false,
            };
            self.buildings.insert((row.district_id, row.estate, row.no), building);
        }
        Ok(())
    }

    async fn learn_standards(&mut self, run: &Run, tx: &mut Tx, rows: &[Row<BuildingImportForm>]) -> Result<()> {
        let codes: Vec<String> = rows
            .iter()
            .map(|row| row.form.rent_standard.as_str())
            .filter(|code| !code.is_empty() && !self.standards.contains_key(*code))
            .collect::<HashSet<_>>()
            .into_iter()
            .map(ToOwned::to_owned)
            .collect();
        if codes.is_empty() {
            return Ok(());
        }
        let found = sqlx::query!(
            "select id, code, district_id from rent_standard where code = any($1) and valid_from <= $2 and (valid_to is null or valid_to >= $2)",
            &codes,
            run.ctx.today()
        )
        .fetch_all(connection(tx))
        .await?;
        self.standards.extend(codes.into_iter().map(|code| (code, None)));
        self.standards
            .extend(found.into_iter().map(|row| (row.code, Some(Standard { id: row.id, district: row.district_id }))));
        Ok(())
    }

    /// The units of this chunk that the database has already.
    pub(super) async fn taken_units(
        &self,
        tx: &mut Tx,
        rows: &[Row<BuildingImportForm>],
    ) -> Result<HashSet<(i64, String, String)>> {
        let (mut buildings, mut entrances, mut rooms) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            if let Some(id) = self.building_id(&row.form) {
                buildings.push(id);
                entrances.push(row.form.entrance.clone());
                rooms.push(row.form.room_no.clone());
            }
        }
        if buildings.is_empty() {
            return Ok(HashSet::new());
        }
        let taken = sqlx::query!(
            "select u.building_id, u.entrance, u.room_no from unit u
             join unnest($1::bigint[], $2::text[], $3::text[]) as w (building_id, entrance, room_no)
               on w.building_id = u.building_id and w.entrance = u.entrance and w.room_no = u.room_no
             where u.deleted_at is null",
            &buildings,
            &entrances,
            &rooms
        )
        .fetch_all(connection(tx))
        .await?;
        Ok(taken.into_iter().map(|row| (row.building_id, row.entrance, row.room_no)).collect())
    }

    fn building_id(&self, form: &BuildingImportForm) -> Option<i64> {
        let district = self.districts.named(&form.district)?;
        let key = (district.id, form.estate.clone(), form.building.clone());
        self.buildings.get(&key)?.id
    }
}
