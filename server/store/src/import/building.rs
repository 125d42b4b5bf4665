//! I-02 建筑信息 (domain.md §7.2): estate, building and unit from one row; the big import.
//!
//! What the file names is looked up once per chunk, set-wise, and kept for the whole file: estates
//! and buildings are few, units are many. Planning never writes, so that a check and an import say
//! the same about a row.

use super::{Districts, Errors, Importer, Row, Run, map_point, organizations_named};
use crate::{
    Result,
    ctx::{Tx, connection},
    error::stored,
    housing::unit::{area_column, floor_column, position_key, unit_code},
};
use domain::{
    dictionary::{Decoration, HousingCategory, LayoutType, Orientation, RoomType, Structure, UnitStatus},
    housing::{
        building::{BuildingImportForm, needs_rent_standard},
        building_sheet::BUILDING_IMPORT,
        place::Place,
    },
    sheet::ImportSheet,
    value::{Point, natural_key},
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The importer of I-02 with what it has learnt about the file so far.
#[derive(Default)]
pub(super) struct Buildings {
    districts: Districts,
    /// (district, name); none: looked up and missing
    projects: HashMap<(i64, String), Option<Project>>,
    units: HashMap<String, Option<i64>>,
    standards: HashMap<String, Option<i64>>,
    estates: HashMap<(i64, String), Estate>,
    buildings: HashMap<(i64, String, String), Building>,
}

#[derive(Clone)]
struct Project {
    id: i64,
    category: HousingCategory,
}

/// An estate of the database, or one that the file is about to create.
struct Estate {
    id: Option<i64>,
    code: String,
    address: String,
}

/// A building of the database, or one that the file is about to create.
struct Building {
    id: Option<i64>,
    seq: i32,
    project: i64,
    project_name: String,
    floors: i32,
    floors_given: bool,
    structure: Option<Structure>,
    place: Option<(Place, Point)>,
    entrances: BTreeSet<String>,
    /// floors or entrances grew beyond what the database holds
    dirty: bool,
}

impl From<Districts> for Buildings {
    fn from(districts: Districts) -> Self {
        Self { districts, ..Self::default() }
    }
}

impl Importer<BuildingImportForm> for Buildings {
    fn sheet(&self) -> &'static ImportSheet<BuildingImportForm> {
        &BUILDING_IMPORT
    }

    fn key(&self, form: &BuildingImportForm) -> String {
        [&self.districts.one_name(&form.district), &form.estate, &form.building, &form.entrance, &form.room_no]
            .map(String::as_str)
            .join("\u{1}")
    }

    async fn plan(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<BuildingImportForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<BuildingImportForm>>> {
        self.learn(run, tx, &rows).await?;
        let taken = self.taken(run, tx, &rows).await?;
        let mut planned = Vec::with_capacity(rows.len());
        let mut met = HashSet::new();
        for row in rows {
            let key = self.key(&row.form);
            match self.judge(run, tx, &row.form, &taken, met.contains(&key)).await? {
                Ok(()) => planned.push(row),
                Err((column, sentence)) => {
                    errors.add(row.row_no, column, sentence);
                    continue;
                }
            }
            met.insert(key);
        }
        Ok(planned)
    }

    async fn write(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<BuildingImportForm>>,
        errors: &mut Errors,
    ) -> Result<()> {
        self.write_estates(run, tx, &rows).await?;
        self.write_buildings(run, tx, &rows).await?;
        self.write_units(run, tx, &rows, errors).await
    }
}

impl Buildings {
    /// Looks up what the chunk names and this import has not met yet: one query per kind.
    async fn learn(&mut self, run: &Run, tx: &mut Tx, rows: &[Row<BuildingImportForm>]) -> Result<()> {
        let mut districts: HashMap<&str, i64> = HashMap::new();
        for row in rows {
            if !districts.contains_key(row.form.district.as_str()) {
                if let Ok(district) = self.districts.find(run, tx, &row.form.district).await? {
                    districts.insert(&row.form.district, district.id);
                }
            }
        }
        let placed = || rows.iter().filter_map(|row| Some((*districts.get(row.form.district.as_str())?, &row.form)));
        self.learn_projects(tx, placed().map(|(district, form)| (district, form.project.clone())).collect()).await?;
        self.learn_estates(tx, placed().map(|(district, form)| (district, form.estate.clone())).collect()).await?;
        self.learn_buildings(
            tx,
            placed().map(|(district, form)| (district, form.estate.clone(), form.building.clone())).collect(),
        )
        .await?;
        let names: HashSet<&str> =
            rows.iter().map(|row| row.form.mgmt_unit.as_str()).filter(|name| !self.units.contains_key(*name)).collect();
        if !names.is_empty() {
            let found = organizations_named(tx, names.clone()).await?;
            self.units.extend(names.into_iter().map(|name| (name.to_owned(), found.get(name).copied())));
        }
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

    async fn learn_estates(&mut self, tx: &mut Tx, mut wanted: HashSet<(i64, String)>) -> Result<()> {
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

    async fn learn_buildings(&mut self, tx: &mut Tx, mut wanted: HashSet<(i64, String, String)>) -> Result<()> {
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
                    array(select distinct u.entrance from unit u where u.building_id = b.id) as entrances
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
            "select id, code from rent_standard where code = any($1) and valid_from <= $2 and (valid_to is null or valid_to >= $2)",
            &codes,
            run.ctx.today()
        )
        .fetch_all(connection(tx))
        .await?;
        self.standards.extend(codes.into_iter().map(|code| (code, None)));
        self.standards.extend(found.into_iter().map(|row| (row.code, Some(row.id))));
        Ok(())
    }

    /// The units of this chunk that the database has already.
    async fn taken(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: &[Row<BuildingImportForm>],
    ) -> Result<HashSet<(i64, String, String)>> {
        let (mut buildings, mut entrances, mut rooms) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            if let Some(id) = self.building_id(run, tx, &row.form).await? {
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
               on w.building_id = u.building_id and w.entrance = u.entrance and w.room_no = u.room_no",
            &buildings,
            &entrances,
            &rooms
        )
        .fetch_all(connection(tx))
        .await?;
        Ok(taken.into_iter().map(|row| (row.building_id, row.entrance, row.room_no)).collect())
    }

    async fn building_id(&mut self, run: &Run, tx: &mut Tx, form: &BuildingImportForm) -> Result<Option<i64>> {
        let Ok(district) = self.districts.find(run, tx, &form.district).await? else { return Ok(None) };
        let key = (district.id, form.estate.clone(), form.building.clone());
        Ok(self.buildings.get(&key).and_then(|building| building.id))
    }

    /// All rules of §7.2 that need more than the row itself; the first complaint is the row's. A row that
    /// repeats an earlier one will not go in, so its building must not grow by it.
    async fn judge(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        form: &BuildingImportForm,
        taken: &HashSet<(i64, String, String)>,
        repeats: bool,
    ) -> Result<std::result::Result<(), (&'static str, String)>> {
        let district = match self.districts.find(run, tx, &form.district).await? {
            Ok(district) => district.clone(),
            Err(sentence) => return Ok(Err(("所属区县", sentence))),
        };
        let map = match map_point(run, &district, form.place.place()) {
            Ok(map) => map,
            Err(sentence) => return Ok(Err(("楼栋经度", sentence))),
        };
        Ok(self.judge_names(form, district.id).and_then(|project| {
            self.judge_place(form, district.id, &project, taken)?;
            if !repeats {
                self.adopt(form, district.id, &project, form.place.place().zip(map));
            }
            Ok(())
        }))
    }

    fn judge_names(
        &self,
        form: &BuildingImportForm,
        district: i64,
    ) -> std::result::Result<Project, (&'static str, String)> {
        let Some(Some(project)) = self.projects.get(&(district, form.project.clone())) else {
            return Err(("项目名称", format!("项目【{}】不存在，请先导入项目", form.project)));
        };
        if self.units.get(&form.mgmt_unit).copied().flatten().is_none() {
            return Err(("住房管理单位", format!("住房管理单位【{}】不存在", form.mgmt_unit)));
        }
        if form.rent_standard.is_empty() {
            let status = form.status.unwrap_or(UnitStatus::Vacant);
            if needs_rent_standard(form.category.unwrap_or(project.category), status) {
                return Err(("租金标准编码", "【租金标准编码】不能为空".to_owned()));
            }
        } else if self.standards.get(&form.rent_standard).copied().flatten().is_none() {
            return Err(("租金标准编码", format!("租金标准【{}】不存在或不在有效期内", form.rent_standard)));
        }
        Ok(project.clone())
    }

    fn judge_place(
        &self,
        form: &BuildingImportForm,
        district: i64,
        project: &Project,
        taken: &HashSet<(i64, String, String)>,
    ) -> std::result::Result<(), (&'static str, String)> {
        if let Some(estate) = self.estates.get(&(district, form.estate.clone())) {
            if estate.address != form.estate_address {
                return Err(("小区地址", "小区已存在但地址不一致".to_owned()));
            }
        }
        let Some(building) = self.buildings.get(&(district, form.estate.clone(), form.building.clone())) else {
            return Ok(());
        };
        if building.project != project.id {
            return Err(("楼栋号", format!("楼栋已绑定项目【{}】", building.project_name)));
        }
        if building.floors_given && form.floor > building.floors {
            return Err(("楼层", "【楼层】不能大于地上层数".to_owned()));
        }
        if building.id.is_some_and(|id| taken.contains(&(id, form.entrance.clone(), form.room_no.clone()))) {
            let place = format!("{}{}{}{}", form.estate, form.building, form.entrance, form.room_no);
            return Err(("房号", format!("{place}已存在，不能重复导入")));
        }
        Ok(())
    }

    /// Notes the estate and building of a good row; the first row of a new building says what it is like.
    fn adopt(&mut self, form: &BuildingImportForm, district: i64, project: &Project, place: Option<(Place, Point)>) {
        self.estates.entry((district, form.estate.clone())).or_insert_with(|| Estate {
            id: None,
            code: String::new(),
            address: form.estate_address.clone(),
        });
        let key = (district, form.estate.clone(), form.building.clone());
        let building = self.buildings.entry(key).or_insert_with(|| Building {
            id: None,
            seq: 0,
            project: project.id,
            project_name: form.project.clone(),
            floors: form.floors_up.unwrap_or(form.floor.max(1)),
            floors_given: form.floors_up.is_some(),
            structure: form.structure,
            place,
            entrances: BTreeSet::new(),
            dirty: false,
        });
        if !building.floors_given && form.floor > building.floors {
            building.floors = form.floor;
            building.dirty = true;
        }
        if !building.entrances.contains(&form.entrance) {
            building.entrances.insert(form.entrance.clone());
            building.dirty = true;
        }
    }

    /// Creates the estates that the rows need and the database lacks.
    async fn write_estates(&mut self, run: &Run, tx: &mut Tx, rows: &[Row<BuildingImportForm>]) -> Result<()> {
        let mut wanted: BTreeMap<(i64, String), String> = BTreeMap::new();
        for key in self.row_estates(run, tx, rows).await? {
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
             on conflict (district_id, name) do nothing",
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

    async fn row_estates(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: &[Row<BuildingImportForm>],
    ) -> Result<BTreeSet<(i64, String)>> {
        let mut keys = BTreeSet::new();
        for row in rows {
            if let Ok(district) = self.districts.find(run, tx, &row.form.district).await? {
                keys.insert((district.id, row.form.estate.clone()));
            }
        }
        Ok(keys)
    }

    /// Creates missing buildings and notes higher floors and further entrances of known ones.
    async fn write_buildings(&mut self, run: &Run, tx: &mut Tx, rows: &[Row<BuildingImportForm>]) -> Result<()> {
        let mut keys: Vec<(i64, String, String)> = Vec::new();
        let mut met = HashSet::new();
        for row in rows {
            if let Ok(district) = self.districts.find(run, tx, &row.form.district).await? {
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
        let (mut ids, mut floors, mut entrances) = (Vec::new(), Vec::new(), Vec::new());
        for key in &keys {
            if let Some(Building { id: Some(id), dirty, floors: height, entrances: doors, .. }) =
                self.buildings.get_mut(key)
            {
                if std::mem::take(dirty) {
                    ids.push(*id);
                    floors.push(*height);
                    entrances.push(i32::try_from(doors.len()).unwrap_or(i32::MAX));
                }
            }
        }
        if !ids.is_empty() {
            sqlx::query!(
                "update building b set floors_up = greatest(b.floors_up, w.floors), entrances = greatest(b.entrances, w.entrances)
                 from unnest($1::bigint[], $2::int[], $3::int[]) as w (id, floors, entrances)
                 where b.id = w.id and (b.floors_up < w.floors or b.entrances < w.entrances)",
                &ids,
                &floors,
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
             on conflict (estate_id, no) do nothing returning id, district_id, estate_id, no, seq",
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

    /// Writes units, their rooms, their timelines and the notice for open boards in one statement.
    async fn write_units(
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
            let district = match self.districts.find(run, tx, &row.form.district).await? {
                Ok(district) => district.id,
                Err(_) => continue,
            };
            places.push((district, row));
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
                    let form = &row.form;
                    let place = format!("{}{}{}{}", form.estate, form.building, form.entrance, form.room_no);
                    errors.add(row.row_no, "房号", format!("{place}已存在，不能重复导入"));
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
        new.mgmt_units.push(self.units[&form.mgmt_unit].expect("judged before"));
        new.categories.push(category.code());
        new.layouts.push(form.layout.map_or("", LayoutType::code));
        new.building_areas.push(form.building_area.map_or(0, area_column));
        new.usable_areas.push(form.usable_area.map_or(0, area_column));
        new.inner_areas.push(form.inner_area.map(area_column));
        new.orientations.push(form.orientation.map(Orientation::code));
        new.decorations.push(form.decoration.map(Decoration::code));
        new.standards.push(self.standards.get(&form.rent_standard).copied().flatten());
        new.real_estate_nos.push(Some(form.real_estate_no.clone()).filter(|no| !no.is_empty()));
        new.cert_nos.push(Some(form.cert_no.clone()).filter(|no| !no.is_empty()));
        new.statuses.push(status.code());
        new.remarks.push(Some(form.remark.clone()).filter(|remark| !remark.is_empty()));
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
