//! Columns of buildings: the list, and template I-02 建筑信息 (domain.md §7.2).

use crate::{
    dictionary::{Decoration, HousingCategory, Item, LayoutType, Orientation, Structure, UnitStatus},
    housing::{
        building::{BuildingImportForm, BuildingRow, FLOOR_MIN, FLOORS_MAX},
        unit::rate_cell,
    },
    sheet::{
        Cell, Choices, Filter, ImportColumn, ImportSheet, Kind, ListColumn, ListSheet, cell_or_empty, estate_href,
    },
    value::{Area, Check, Complaint, CoordinateSystem, text_max},
};

/// 楼栋 list.
#[rustfmt::skip] // a table: one line per column
pub const BUILDING_LIST: ListSheet<BuildingRow> = ListSheet {
    key: "building",
    noun: "楼栋",
    path: "/housing/buildings",
    search_hint: "小区名称、楼栋号",
    columns: &[
        ListColumn { key: "no", header: "楼栋号", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.no, format!("/housing/buildings/{}", row.id)) },
        ListColumn { key: "estate", header: "小区名称", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.estate, estate_href(row.estate_id)) },
        ListColumn { key: "district", header: "所属区县", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "project", header: "项目", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.project) },
        ListColumn { key: "structure", header: "建筑结构", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.structure, Cell::coded) },
        ListColumn { key: "floors_up", header: "地上层数", kind: Kind::Number, sortable: true, essential: false, cell: |row| Cell::Number(row.floors_up.into()) },
        ListColumn { key: "entrances", header: "单元数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.entrances.into()) },
        ListColumn { key: "units", header: "房源套数", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.units) },
        ListColumn { key: "rate", header: "配租率", kind: Kind::Number, sortable: false, essential: false, cell: |row| rate_cell(row.rented, row.lettable) },
        ListColumn { key: "updated_at", header: "更新时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.updated_at) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "project", label: "项目", choices: Choices::Linked },
        Filter { key: "structure", label: "建筑结构", choices: Choices::Of(Structure::choices) },
    ],
    default_sort: ("estate", false),
    jumps: false,
};

/// I-02 建筑信息: creates estate and building where missing, then the unit and one room.
#[rustfmt::skip] // a table: one line per column
pub const BUILDING_IMPORT: ImportSheet<BuildingImportForm> = ImportSheet {
    key: "building",
    title: "建筑信息",
    columns: &[
        ImportColumn { header: "项目名称", required: true, example: "示例项目", note: "须已存在", choices: Vec::new, parse: |text, form| { form.project = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "小区名称", required: true, example: "示例小区", note: "不存在时自动创建", choices: Vec::new, parse: |text, form| { form.estate = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "所属区县", required: true, example: "示例区", note: "须与项目的所属区县一致", choices: Vec::new, parse: |text, form| { form.district = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "小区地址", required: true, example: "示例路1号", note: "小区已存在时须与其地址一致", choices: Vec::new, parse: |text, form| { form.estate_address = text_max(text, 200)?; Ok(()) } },
        ImportColumn { header: "楼栋号", required: true, example: "01", note: "不存在时自动创建并绑定项目", choices: Vec::new, parse: |text, form| { form.building = text_max(text, 20)?; Ok(()) } },
        ImportColumn { header: "地上层数", required: false, example: "18", note: "1至60；为空时取该楼栋最高楼层，后面的行可补填", choices: Vec::new, parse: |text, form| { form.floors_up = Some(parse_between(text, 1, FLOORS_MAX)?); Ok(()) } },
        ImportColumn { header: "楼栋经度", required: false, example: "", note: "与纬度、坐标系同时填写", choices: Vec::new, parse: |text, form| form.place.read_lng(text) },
        ImportColumn { header: "楼栋纬度", required: false, example: "", note: "最多7位小数", choices: Vec::new, parse: |text, form| form.place.read_lat(text) },
        ImportColumn { header: "坐标系", required: false, example: "", note: "从下拉值中选择", choices: CoordinateSystem::choices, parse: |text, form| form.place.read_system(text) },
        ImportColumn { header: "建筑结构", required: false, example: "钢筋混凝土", note: "从下拉值中选择", choices: Structure::choices, parse: |text, form| { form.structure = Some(Structure::parse(text)?); Ok(()) } },
        ImportColumn { header: "单元号", required: true, example: "03", note: "最长10字", choices: Vec::new, parse: |text, form| { form.entrance = text_max(text, 10)?; Ok(()) } },
        ImportColumn { header: "楼层", required: true, example: "4", note: "-3至60，不含0", choices: Vec::new, parse: |text, form| { form.floor = parse_floor(text)?; Ok(()) } },
        ImportColumn { header: "房号", required: true, example: "0401", note: "同一楼栋单元内不得重复", choices: Vec::new, parse: |text, form| { form.room_no = text_max(text, 20)?; Ok(()) } },
        ImportColumn { header: "户型", required: true, example: "两居室", note: "从下拉值中选择", choices: LayoutType::choices, parse: |text, form| { form.layout = Some(LayoutType::parse(text)?); Ok(()) } },
        ImportColumn { header: "建筑面积(㎡)", required: true, example: "57.00", note: "大于0，不超过300", choices: Vec::new, parse: |text, form| { form.building_area = Some(unit_area(text)?); Ok(()) } },
        ImportColumn { header: "使用面积(㎡)", required: true, example: "43.00", note: "不大于建筑面积", choices: Vec::new, parse: |text, form| { form.usable_area = Some(Area::parse(text)?); Ok(()) } },
        ImportColumn { header: "套内面积(㎡)", required: false, example: "", note: "不大于建筑面积", choices: Vec::new, parse: |text, form| { form.inner_area = Some(Area::parse(text)?); Ok(()) } },
        ImportColumn { header: "朝向", required: false, example: "", note: "从下拉值中选择", choices: Orientation::choices, parse: |text, form| { form.orientation = Some(Orientation::parse(text)?); Ok(()) } },
        ImportColumn { header: "装修", required: false, example: "简装", note: "从下拉值中选择", choices: Decoration::choices, parse: |text, form| { form.decoration = Some(Decoration::parse(text)?); Ok(()) } },
        ImportColumn { header: "住房管理单位", required: true, example: "示例住房管理中心", note: "名称或编码，须已存在", choices: Vec::new, parse: |text, form| { form.mgmt_unit = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "住房类别", required: false, example: "", note: "为空时同项目", choices: HousingCategory::choices, parse: |text, form| { form.category = Some(HousingCategory::parse(text)?); Ok(()) } },
        ImportColumn { header: "租金标准编码", required: false, example: "ZJ-01", note: "公租房、廉租房未售的必填，须已存在、有效且适用于本区县", choices: Vec::new, parse: |text, form| { form.rent_standard = text_max(text, 30)?; Ok(()) } },
        ImportColumn { header: "产权证号", required: false, example: "", note: "最长50字", choices: Vec::new, parse: |text, form| { form.cert_no = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "不动产单元号", required: false, example: "", note: "28位", choices: Vec::new, parse: |text, form| { form.real_estate_no = real_estate_no(text)?; Ok(()) } },
        ImportColumn { header: "状态", required: false, example: "闲置房", note: "为空时为闲置房", choices: importable, parse: |text, form| { form.status = Some(import_status(text)?); Ok(()) } },
        ImportColumn { header: "备注", required: false, example: "", note: "最长200字", choices: Vec::new, parse: |text, form| { form.remark = text_max(text, 200)?; Ok(()) } },
    ],
    check: |form, row| {
        let area = "建筑面积(㎡)";
        row.rule(&["使用面积(㎡)", area], form.usable_area > form.building_area, "使用面积不能大于建筑面积");
        row.rule(&["套内面积(㎡)", area], form.inner_area > form.building_area, "套内面积不能大于建筑面积");
        let above = form.floors_up.is_some_and(|floors| form.floor > floors);
        row.rule(&["楼层", "地上层数"], above, "【楼层】不能大于地上层数");
        form.place.check(row, "楼栋经度", "楼栋纬度");
    },
};

/// An integer between two bounds.
///
/// # Errors
/// `应为{least}至{most}之间的整数`.
pub fn parse_between(text: &str, least: i32, most: i32) -> Check<i32> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| Complaint::About(format!("应为{least}至{most}之间的整数").into()))
}

/// A storey: −3…60 without 0.
///
/// # Errors
/// `应为-3至60之间的整数`.
pub fn parse_floor(text: &str) -> Check<i32> {
    parse_between(text, FLOOR_MIN, FLOORS_MAX)
        .and_then(|floor| if floor == 0 { Err(Complaint::About("不能为0层".into())) } else { Ok(floor) })
}

/// The building area of one unit: > 0, ≤ 300 m² (domain.md §7.2).
///
/// # Errors
/// As [`Area::parse`], or `不能大于300`.
pub fn unit_area(text: &str) -> Check<Area> {
    Area::parse(text).and_then(|area| {
        if area.hundredths() <= 30_000 { Ok(area) } else { Err(Complaint::About("不能大于300".into())) }
    })
}

/// 不动产单元号: 28 characters.
///
/// # Errors
/// `应为28位`.
pub fn real_estate_no(text: &str) -> Check<String> {
    fixed_code(text, 28)
}

/// 房屋代码: 26 characters.
///
/// # Errors
/// `应为26位`.
pub fn house_code(text: &str) -> Check<String> {
    fixed_code(text, 26)
}

fn fixed_code(text: &str, length: usize) -> Check<String> {
    if text.chars().count() == length && text.chars().all(|c| c.is_ascii_alphanumeric()) {
        Ok(text.to_ascii_uppercase())
    } else {
        Err(Complaint::About(format!("应为{length}位").into()))
    }
}

fn importable() -> Vec<Item> {
    UnitStatus::ALL.iter().filter(|status| status.importable()).map(|status| Item::from(*status)).collect()
}

fn import_status(text: &str) -> Check<UnitStatus> {
    let status = UnitStatus::parse(text)?;
    if status.importable() {
        Ok(status)
    } else {
        Err(Complaint::About(format!("取值不在字典范围内：{text}").into()))
    }
}
