//! Import of 100,000 rows of I-02 (issue 2, Measured), into a database that holds the whole city already: an
//! import into an empty one would be faster than what people see. The floor does the least that leaves the
//! same rows behind: it reads the same workbook once, takes the values as they are and copies them in one
//! transaction into tables as full as those of the city, with the same columns, checks and indexes.

use super::{
    city::{Ground, IMPORT_MEGABYTES, succeeded, text},
    report::Report,
    timing::Times,
};
use crate::{
    hdb::{City, Options},
    workbook::{Limits, read::read, template::template_of},
};
use domain::{
    dictionary::{HousingCategory, LayoutType, UnitStatus},
    import::SheetKey,
    value::Area,
};
use std::{
    collections::HashMap,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Instant,
};
use store::bench::{FloorRows, FloorUnit, district_first, floor_copy, floor_create, floor_drop, settle, unit_count};

const ROWS: u32 = 100_000;
const QUICK_ROWS: u32 = 200;
/// Floor and import take turns this often; the middle of each counts.
const ROUNDS: usize = 3;
/// An import may take this many times its floor.
const TIMES_FLOOR: f64 = 4.0;

/// Measures imports beside their floor.
///
/// # Errors
/// One line that says what failed.
pub async fn measure(ground: &Ground, report: &mut Report) -> Result<(), String> {
    let (rows, rounds) = if ground.quick { (QUICK_ROWS, 1) } else { (ROWS, ROUNDS) };
    let ctx = ground.ctx("city").await?;
    let district = district_first(&ctx).await.map_err(text)?.1;
    let units = unit_count(&ctx).await.map_err(text)?;
    eprintln!("bench: writing {rounds} workbooks of {rows} rows, copying the tables of {units} units for the floor");
    let files = (1..=rounds)
        .map(|round| workbook(ground, rows, &format!("Plus {units} {round}")))
        .collect::<Result<Vec<_>, _>>()?;
    let mut next = 1 + floor_create(&ground.database).await.map_err(text)?;
    settle(&ground.database, &ground.superuser).await.map_err(text)?;
    let (mut floors, mut times, mut peak) = (Vec::new(), Vec::new(), None::<f64>);
    for file in files {
        eprintln!("bench: import of {rows} rows into {units} units");
        let began = Instant::now();
        let path = file.clone();
        let prepared = tokio::task::spawn_blocking(move || prepared(&path, district, next))
            .await
            .map_err(|error| error.to_string())??;
        floor_copy(&ground.database, prepared).await.map_err(text)?;
        floors.push(began.elapsed().as_secs_f64());
        next += i64::from(rows);
        let finished = ground.program.import(SheetKey::Building.code(), &[file], "city").await?;
        let written = succeeded(&finished.output)?;
        if written != u64::from(rows) {
            return Err(format!("{written} of {rows} rows went in"));
        }
        times.push(finished.seconds);
        peak = peak.into_iter().chain(finished.peak_megabytes).reduce(f64::max);
    }
    floor_drop(&ground.database).await.map_err(text)?;
    let (time, floor) = (Times::new(times).percentile(50), Times::new(floors).percentile(50));
    let name = format!("import of {rows} rows of I-02");
    report.at_most(format!("{name}: time"), time, "s", Some(floor), floor * TIMES_FLOOR);
    report.tell(format!("{name}: speed"), f64::from(rows) / time, "row/s", Some(f64::from(rows) / floor));
    if let Some(peak) = peak {
        report.at_most(format!("{name}: peak memory"), peak, "MB", None, IMPORT_MEGABYTES);
    }
    Ok(())
}

/// One workbook of exactly this many rows of new units in the first district.
fn workbook(ground: &Ground, rows: u32, label: &str) -> Result<PathBuf, String> {
    let source = ground.source.addition(rows, label)?;
    let options = Options { city: Some(String::new()), rows_max: rows as usize, ..Options::default() };
    let path = ground.program.data.join(format!("{}.xlsx", label.replace(' ', "-")));
    City::read(&source.blocks, &source.areas, options)?.books(|book| match book.sheet {
        SheetKey::Building => {
            std::fs::write(&path, &book.content).map_err(|error| format!("{}: {error}", path.display()))
        }
        _ => Ok(()),
    })?;
    Ok(path)
}

/// Reads a workbook into rows for `copy`: labels become codes, names become numbers, nothing is checked.
fn prepared(path: &Path, district: i64, first_id: i64) -> Result<FloorRows, String> {
    let content = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let template = template_of(SheetKey::Building);
    let place = |header: &str| {
        template.columns.iter().position(|column| column.header == header).ok_or_else(|| format!("no column {header}"))
    };
    let [estate, building, entrance, floor, room] = ["小区名称", "楼栋号", "单元号", "楼层", "房号"].map(place);
    let [layout, area, usable, category, status] =
        ["户型", "建筑面积(㎡)", "使用面积(㎡)", "住房类别", "状态"].map(place);
    let [standard, remark] = ["租金标准编码", "备注"].map(place);
    let (estate, building, entrance, floor, room) = (estate?, building?, entrance?, floor?, room?);
    let (layout, area, usable, category, status) = (layout?, area?, usable?, category?, status?);
    let (standard, remark) = (standard?, remark?);
    let mut rows = FloorRows::default();
    let mut estates: HashMap<String, i64> = HashMap::new();
    // building by estate and number: its id, and how many units it has
    let mut buildings: HashMap<(i64, String), (i64, i64)> = HashMap::new();
    let mut id = first_id;
    let hundredths =
        |text: &str| Area::parse(text).ok().and_then(|area| i32::try_from(area.hundredths()).ok()).unwrap_or_default();
    read(&content, &template.headers(), &Limits::COMMAND, |row| {
        let cell = |place: usize| row.cells[place].as_str();
        let known = first_id + estates.len() as i64;
        let estate_id = *estates.entry(cell(estate).to_owned()).or_insert(known);
        let known = first_id + buildings.len() as i64;
        let (building_id, count) = buildings.entry((estate_id, cell(building).to_owned())).or_insert((known, 0));
        *count += 1;
        rows.push(&FloorUnit {
            id,
            district,
            estate: estate_id,
            building: *building_id,
            code: &format!("XR{estate_id:09}-{building_id:09}-{count:04}"),
            entrance: cell(entrance),
            floor: cell(floor).parse().unwrap_or(1),
            room_no: cell(room),
            address: &format!("{}号楼{}单元{}室", cell(building), cell(entrance), cell(room)),
            mgmt_unit: district,
            category: HousingCategory::parse(cell(category)).map_or("", HousingCategory::code),
            layout: LayoutType::parse(cell(layout)).map_or("", LayoutType::code),
            building_area: hundredths(cell(area)),
            usable_area: hundredths(cell(usable)),
            rent_standard: (!cell(standard).is_empty()).then_some(1),
            status: UnitStatus::parse(cell(status)).map_or("", UnitStatus::code),
            remark: cell(remark),
        });
        id += 1;
        ControlFlow::Continue(())
    })
    .map_err(|refusal| refusal.to_string())?;
    Ok(rows)
}
