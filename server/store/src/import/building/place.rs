//! What I-02 writes first: estates and buildings that are not there yet.

use super::{Building, Buildings};
use crate::{
    Result,
    ctx::{Tx, connection},
    import::{Row, Run},
};
use domain::{housing::building::BuildingImportForm, value::natural_key};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

impl Buildings {
    /// Creates the estates that the rows need and the database lacks.
    pub(super) async fn write_estates(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: &[Row<BuildingImportForm>],
    ) -> Result<()> {
        let mut wanted: BTreeMap<(i64, String), String> = BTreeMap::new();
        for key in self.row_estates(rows) {
            if let Some(estate) = self.estates.get(&key).filter(|estate| estate.id.is_none()) {
                wanted.insert(key, estate.address.clone());
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let (keys, addresses): (Vec<(i64, String)>, Vec<String>) = wanted.into_iter().unzip();
        let (districts, names): (Vec<i64>, Vec<String>) = keys.into_iter().unzip();
        sqlx::query!(
            "insert into estate (district_id, name, address, created_by, updated_by, created_at, updated_at)
             select w.district_id, w.name, w.address, $4, $4, $5, $5
             from unnest($1::bigint[], $2::text[], $3::text[]) as w (district_id, name, address)
             on conflict (district_id, name) where deleted_at is null do nothing",
            &districts,
            &names,
            &addresses,
            run.ctx.actor().id.0,
            run.ctx.now(),
        )
        .execute(connection(tx))
        .await?;
        // Read back rather than returned: another import may have created one of them meanwhile.
        let wanted: HashSet<(i64, String)> = districts.into_iter().zip(names).collect();
        for key in &wanted {
            self.estates.remove(key);
        }
        self.learn_estates(tx, wanted).await
    }

    fn row_estates(&self, rows: &[Row<BuildingImportForm>]) -> BTreeSet<(i64, String)> {
        let placed = rows.iter().filter_map(|row| Some((self.districts.named(&row.form.district)?.id, &row.form)));
        placed.map(|(district, form)| (district, form.estate.clone())).collect()
    }

    /// Creates missing buildings and notes higher floors and further entrances of known ones.
    pub(super) async fn write_buildings(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: &[Row<BuildingImportForm>],
    ) -> Result<()> {
        let mut keys: Vec<(i64, String, String)> = Vec::new();
        let mut met = HashSet::new();
        for row in rows {
            if let Some(district) = self.districts.named(&row.form.district) {
                let key = (district.id, row.form.estate.clone(), row.form.building.clone());
                if met.insert(key.clone()) {
                    keys.push(key);
                }
            }
        }
        let fresh: Vec<&(i64, String, String)> =
            keys.iter().filter(|key| self.buildings.get(key).is_some_and(|b| b.id.is_none())).collect();
        if !fresh.is_empty() {
            self.create_buildings(run, tx, &fresh).await?;
        }
        let (mut ids, mut floors, mut given, mut entrances) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for key in &keys {
            if let Some(Building { id: Some(id), dirty, floors: height, floors_given, entrances: doors, .. }) =
                self.buildings.get_mut(key)
                && std::mem::take(dirty)
            {
                ids.push(*id);
                floors.push(*height);
                given.push(*floors_given);
                entrances.push(i32::try_from(doors.len()).unwrap_or(i32::MAX));
            }
        }
        if !ids.is_empty() {
            sqlx::query!(
                "update building b set floors_up = greatest(b.floors_up, w.floors), floors_given = b.floors_given or w.given,
                        entrances = greatest(b.entrances, w.entrances)
                 from unnest($1::bigint[], $2::int[], $3::bool[], $4::int[]) as w (id, floors, given, entrances)
                 where b.id = w.id and (b.floors_up < w.floors or b.entrances < w.entrances or b.floors_given < w.given)",
                &ids,
                &floors,
                &given,
                &entrances
            )
            .execute(connection(tx))
            .await?;
        }
        Ok(())
    }

    async fn create_buildings(&mut self, run: &Run, tx: &mut Tx, fresh: &[&(i64, String, String)]) -> Result<()> {
        let mut new = NewBuildings::default();
        for key in fresh {
            let estate = self.estates[&(key.0, key.1.clone())].id.expect("its estate was written before");
            new.push(key.0, estate, &key.2, &self.buildings[*key]);
        }
        // Numbers inside an estate are drawn under the estate's row lock, in the order of the file.
        let rows = sqlx::query!(
            "with w as (
                 select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::int[], $8::bool[],
                                      $9::int[], $10::float8[], $11::float8[], $12::text[], $13::float8[], $14::float8[])
                     with ordinality as t (district_id, estate_id, project_id, no, no_key, structure, floors_up, floors_given,
                                           entrances, lng, lat, coordinate_system, map_lng, map_lat, place)
             ), drawn as (
                 update estate e set building_seq = e.building_seq + n.count
                 from (select estate_id, count(*)::int as count from w group by 1) n where e.id = n.estate_id
                 returning e.id, e.building_seq - n.count as base
             )
             insert into building (district_id, estate_id, project_id, seq, no, no_key, structure, floors_up, floors_given, entrances,
                                   lng, lat, coordinate_system, map_lng, map_lat, created_by, updated_by, created_at, updated_at)
             select w.district_id, w.estate_id, w.project_id,
                    d.base + row_number() over (partition by w.estate_id order by w.place),
                    w.no, w.no_key, w.structure, w.floors_up, w.floors_given, w.entrances,
                    w.lng, w.lat, w.coordinate_system, w.map_lng, w.map_lat, $15, $15, $16, $16
             from w join drawn d on d.id = w.estate_id
             on conflict (estate_id, no) where deleted_at is null do nothing returning id, district_id, estate_id, no, seq",
            &new.districts,
            &new.estates,
            &new.projects,
            &new.numbers,
            &new.keys,
            &new.structures as &[Option<String>],
            &new.floors,
            &new.given,
            &new.entrances,
            &new.lngs as &[Option<f64>],
            &new.lats as &[Option<f64>],
            &new.systems as &[Option<String>],
            &new.map_lngs as &[Option<f64>],
            &new.map_lats as &[Option<f64>],
            run.ctx.actor().id.0,
            run.ctx.now(),
        )
        .fetch_all(connection(tx))
        .await?;
        let created: HashMap<(i64, String), (i64, i32)> =
            rows.into_iter().map(|row| ((row.estate_id, row.no), (row.id, row.seq))).collect();
        for (key, estate) in fresh.iter().zip(new.estates) {
            match created.get(&(estate, key.2.clone())) {
                Some((id, seq)) => {
                    let building = self.buildings.get_mut(*key).expect("it was planned");
                    (building.id, building.seq, building.dirty) = (Some(*id), *seq, false);
                }
                // Another import created it meanwhile: take that one.
                None => {
                    self.buildings.remove(*key);
                    self.learn_buildings(tx, HashSet::from([(*key).clone()])).await?;
                }
            }
        }
        Ok(())
    }
}

/// Columns of buildings to be created.
#[derive(Default)]
struct NewBuildings {
    districts: Vec<i64>,
    estates: Vec<i64>,
    projects: Vec<i64>,
    numbers: Vec<String>,
    keys: Vec<String>,
    structures: Vec<Option<String>>,
    floors: Vec<i32>,
    given: Vec<bool>,
    entrances: Vec<i32>,
    lngs: Vec<Option<f64>>,
    lats: Vec<Option<f64>>,
    systems: Vec<Option<String>>,
    map_lngs: Vec<Option<f64>>,
    map_lats: Vec<Option<f64>>,
}

impl NewBuildings {
    fn push(&mut self, district: i64, estate: i64, no: &str, building: &Building) {
        self.districts.push(district);
        self.estates.push(estate);
        self.projects.push(building.project);
        self.numbers.push(no.to_owned());
        self.keys.push(natural_key(no));
        self.structures.push(building.structure.map(|structure| structure.code().to_owned()));
        self.floors.push(building.floors);
        self.given.push(building.floors_given);
        self.entrances.push(i32::try_from(building.entrances.len().max(1)).unwrap_or(i32::MAX));
        self.lngs.push(building.place.map(|(place, _)| place.point.lng));
        self.lats.push(building.place.map(|(place, _)| place.point.lat));
        self.systems.push(building.place.map(|(place, _)| place.system.code().to_owned()));
        self.map_lngs.push(building.place.map(|(_, map)| map.lng));
        self.map_lats.push(building.place.map(|(_, map)| map.lat));
    }
}
