//! The large import files: every flat of a town, in files that a browser may upload.

use super::{
    Book, Options,
    block::Block,
    book::{Sheet, degrees, fixed, made},
    flat::{Flat, flats},
    town::{Estate, Town, decade},
};
use domain::{
    dictionary::{HousingCategory, Structure, UnitStatus},
    import::SheetKey,
    value::CoordinateSystem,
};
use std::borrow::Cow;

/// What stands beside every invented occupancy.
const SIMULATED: &str = "入住状态为模拟数据";

/// Makes a town's files, each of at most `rows_max` rows, and hands each to `take`. A building is
/// never cut in two unless it is larger than a file.
pub fn unit_books(town: &Town, options: &Options, take: &impl Fn(Book) -> Result<(), String>) -> Result<(), String> {
    let mut sheet = Sheet::new(SheetKey::Building);
    let mut file = 0;
    let mut hand_over = |sheet: &mut Sheet| {
        file += 1;
        take(sheet.book(format!("05-building-{}-{file:02}.xlsx", town.code))?)
    };
    for estate in &town.estates {
        for block in &estate.blocks {
            if sheet.len() > 0 && sheet.len() + block.units() as usize > options.rows_max {
                hand_over(&mut sheet)?;
            }
            for flat in flats(block, &options.seed) {
                if sheet.len() >= options.rows_max {
                    hand_over(&mut sheet)?;
                }
                push(&mut sheet, town, estate, block, flat);
            }
        }
    }
    if sheet.len() > 0 { hand_over(&mut sheet) } else { Ok(()) }
}

fn push(sheet: &mut Sheet, town: &Town, estate: &Estate, block: &Block, flat: Flat) {
    let (category, status) = match flat.occupied {
        None => (HousingCategory::Sale, UnitStatus::Sold),
        Some(true) => (HousingCategory::PublicRental, UnitStatus::Occupied),
        Some(false) => (HousingCategory::PublicRental, UnitStatus::Vacant),
    };
    sheet.push([
        ("项目名称", made(town.project_name(decade(block)))),
        ("小区名称", made(&estate.name)),
        ("所属区县", made(&town.district)),
        ("小区地址", made(&estate.address)),
        ("楼栋号", made(&block.no)),
        ("地上层数", made(block.floors)),
        ("楼栋经度", degrees(block.place.lng)),
        ("楼栋纬度", degrees(block.place.lat)),
        ("坐标系", fixed(CoordinateSystem::Wgs84.label())),
        ("建筑结构", fixed(Structure::ReinforcedConcrete.label())),
        ("单元号", fixed("01")),
        ("楼层", made(flat.floor)),
        ("房号", Cow::Owned(flat.room_no)),
        ("户型", fixed(flat.kind.layout.label())),
        ("建筑面积(㎡)", fixed(flat.kind.building_area)),
        ("使用面积(㎡)", fixed(flat.kind.usable_area)),
        ("住房管理单位", made(town.office())),
        ("住房类别", fixed(category.label())),
        ("租金标准编码", fixed(flat.kind.standard.map_or("", |(code, ..)| code))),
        ("状态", fixed(status.label())),
        ("备注", fixed(if flat.occupied.is_some() { SIMULATED } else { "" })),
    ]);
}
