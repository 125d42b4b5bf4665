//! I-02 建筑信息 (domain.md §7.2): estate, building and unit from one row; the big import.
//!
//! What the file names is looked up once per chunk, set-wise, and kept for the whole file: estates
//! and buildings are few, units are many. Planning never writes, so that a check and an import say
//! the same about a row.

mod learn;
mod place;
mod unit;

use super::{
    Errors, Importer, Row, Run,
    name::{District, Districts, Organizations, map_point},
};
use crate::{Result, ctx::Tx};
use domain::{
    dictionary::{HousingCategory, Structure, UnitStatus},
    housing::{
        building::{BuildingImportForm, needs_rent_standard},
        building_sheet::BUILDING_IMPORT,
        place::Place,
    },
    import::MANAGEMENT_UNITS,
    sheet::{ImportSheet, RowError},
    value::Point,
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The importer of I-02 with what it has learnt about the file so far.
#[derive(Default)]
pub(super) struct Buildings {
    districts: Districts,
    /// (district, name); none: looked up and missing
    projects: HashMap<(i64, String), Option<Project>>,
    organizations: Organizations,
    standards: HashMap<String, Option<Standard>>,
    estates: HashMap<(i64, String), Estate>,
    buildings: HashMap<(i64, String, String), Building>,
}

#[derive(Clone, Copy)]
struct Project {
    id: i64,
    category: HousingCategory,
}

/// A rent standard that is valid today.
#[derive(Clone, Copy)]
struct Standard {
    id: i64,
    /// none: the whole city
    district: Option<i64>,
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
    /// floors or entrances changed from what the database holds
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

    fn taken(&self, form: &BuildingImportForm) -> RowError {
        let place = format!("{}{}{}{}", form.estate, form.building, form.entrance, form.room_no);
        RowError::says("房号", format!("{place}已存在，不能重复导入"))
    }

    async fn plan(
        &mut self,
        run: &Run,
        tx: &mut Tx,
        rows: Vec<Row<BuildingImportForm>>,
        errors: &mut Errors,
    ) -> Result<Vec<Row<BuildingImportForm>>> {
        self.learn(run, tx, &rows).await?;
        let taken = self.taken_units(tx, &rows).await?;
        let mut planned = Vec::with_capacity(rows.len());
        let mut met = HashSet::new();
        for row in rows {
            let key = self.key(&row.form);
            // A row that repeats a good one will not go in, so its building must not grow by it.
            if !met.contains(&key) {
                let Some(adopted) = self.judge(run, &row, &taken, errors) else { continue };
                self.adopt(&row.form, adopted);
                met.insert(key);
            }
            planned.push(row);
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

/// What a good row resolved to.
struct Judged {
    district: i64,
    project: Project,
    place: Option<(Place, Point)>,
}

impl Buildings {
    /// All rules of §7.2 that need more than the row itself; complains about every one that is broken.
    fn judge(
        &self,
        run: &Run,
        row: &Row<BuildingImportForm>,
        taken: &HashSet<(i64, String, String)>,
        errors: &mut Errors,
    ) -> Option<Judged> {
        let (row_no, form) = (row.row_no, &row.form);
        let Some(district) = self.districts.named(&form.district) else {
            errors.add(row_no, "所属区县", "所属区县不存在");
            return None;
        };
        let estate = self.estates.get(&(district.id, form.estate.clone()));
        // Who looks after some estates may fill them, and makes no new ones.
        if !run.ctx.sees(district.id, estate.and_then(|estate| estate.id).unwrap_or_default()) {
            errors.add(row_no, "所属区县", district.forbidden());
            return None;
        }
        let map = map_point(run, district, form.place.place()).unwrap_or_else(|sentence| {
            errors.add(row_no, "楼栋经度", sentence);
            None
        });
        let project = self.projects.get(&(district.id, form.project.clone())).copied().flatten();
        if project.is_none() {
            errors.add(row_no, "项目名称", format!("项目【{}】不存在，请先导入项目", form.project));
        }
        self.judge_names(row, district, project, errors);
        if estate.is_some_and(|estate| estate.address != form.estate_address) {
            errors.add(row_no, "小区地址", "小区已存在但地址不一致");
        }
        self.judge_place(row, district.id, project, taken, errors);
        let judged = Judged { district: district.id, project: project?, place: form.place.place().zip(map) };
        (!errors.has(row_no)).then_some(judged)
    }

    fn judge_names(
        &self,
        row: &Row<BuildingImportForm>,
        district: &District,
        project: Option<Project>,
        errors: &mut Errors,
    ) {
        let (row_no, form) = (row.row_no, &row.form);
        match self.mgmt_unit(form, district.id) {
            Ok(Some(_)) => {}
            Ok(None) => {
                errors.add(row_no, "住房管理单位", format!("住房管理单位【{}】不存在", form.mgmt_unit));
            }
            Err(sentence) => errors.add(row_no, "住房管理单位", sentence),
        }
        if form.rent_standard.is_empty() {
            let status = form.status.unwrap_or(UnitStatus::Vacant);
            let category = form.category.or(project.map(|project| project.category));
            if category.is_some_and(|category| needs_rent_standard(category, status)) {
                errors.add(row_no, "租金标准编码", format!("第{row_no}行【租金标准编码】不能为空"));
            }
            return;
        }
        let code = &form.rent_standard;
        match self.standards.get(code).copied().flatten() {
            None => errors.add(row_no, "租金标准编码", format!("租金标准【{code}】不存在或不在有效期内")),
            Some(standard) if standard.district.is_some_and(|only| only != district.id) => {
                errors.add(row_no, "租金标准编码", format!("租金标准【{code}】不适用于【{}】", district.name));
            }
            Some(_) => {}
        }
    }

    /// Who looks after the unit of a row; the complaint when several bear the name.
    fn mgmt_unit(&self, form: &BuildingImportForm, district: i64) -> std::result::Result<Option<i64>, String> {
        let found = self.organizations.find("住房管理单位", &form.mgmt_unit, MANAGEMENT_UNITS, Some(district));
        found.map(|unit| unit.map(|unit| unit.id))
    }

    fn judge_place(
        &self,
        row: &Row<BuildingImportForm>,
        district: i64,
        project: Option<Project>,
        taken: &HashSet<(i64, String, String)>,
        errors: &mut Errors,
    ) {
        let (row_no, form) = (row.row_no, &row.form);
        let Some(building) = self.buildings.get(&(district, form.estate.clone(), form.building.clone())) else {
            return;
        };
        if project.is_some_and(|project| project.id != building.project) {
            errors.add(row_no, "楼栋号", format!("楼栋已绑定项目【{}】", building.project_name));
        }
        match form.floors_up {
            _ if building.floors_given && form.floor > building.floors => {
                errors.add(row_no, "楼层", "【楼层】不能大于地上层数");
            }
            Some(floors) if !building.floors_given && floors < building.floors => {
                errors.add(row_no, "地上层数", format!("【地上层数】不能小于该楼栋已有的最高楼层{}", building.floors));
            }
            _ => {}
        }
        if building.id.is_some_and(|id| taken.contains(&(id, form.entrance.clone(), form.room_no.clone()))) {
            errors.push(row_no, self.taken(form));
        }
    }

    /// Notes the estate and building of a good row; the first row of a new building says what it is like, and how
    /// high it is the first row that knows.
    fn adopt(&mut self, form: &BuildingImportForm, judged: Judged) {
        let Judged { district, project, place } = judged;
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
        if !building.floors_given {
            let floors = form.floors_up.unwrap_or_else(|| building.floors.max(form.floor));
            building.dirty |= floors > building.floors || form.floors_up.is_some();
            building.floors = floors;
            building.floors_given = form.floors_up.is_some();
        }
        if !building.entrances.contains(&form.entrance) {
            building.entrances.insert(form.entrance.clone());
            building.dirty = true;
        }
    }
}
