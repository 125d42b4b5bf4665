//! I-02 建筑信息 (domain.md §7.2): estate, building and unit from one row; the big import.
//!
//! What the file names is looked up once per chunk, set-wise, and kept for the whole file: estates
//! and buildings are few, units are many. Planning never writes, so that a check and an import say
//! the same about a row.

mod learn;
mod place;
mod unit;

use super::{Districts, Errors, Importer, Row, Run, map_point};
use crate::{Result, ctx::Tx};
use domain::{
    dictionary::{HousingCategory, Structure, UnitStatus},
    housing::{
        building::{BuildingImportForm, needs_rent_standard},
        building_sheet::BUILDING_IMPORT,
        place::Place,
    },
    sheet::ImportSheet,
    value::Point,
};
use std::collections::{BTreeSet, HashMap, HashSet};

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
        if let Some(estate) = self.estates.get(&(district, form.estate.clone()))
            && estate.address != form.estate_address
        {
            return Err(("小区地址", "小区已存在但地址不一致".to_owned()));
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
}
