//! Columns of estates: the list, and template I-03 小区数据 (domain.md §7.3).

use crate::{
    housing::{
        estate::{EstateImportForm, EstateRow, parse_count, parse_percent},
        project_sheet::COMMUNITY_ALONE,
        unit::rate_cell,
    },
    sheet::{Cell, Choices, Filter, ImportColumn, ImportSheet, Kind, ListColumn, ListSheet, estate_href},
    value::{CoordinateSystem, Phone, text_max},
};

/// 小区 list.
#[rustfmt::skip] // a table: one line per column
pub const ESTATE_LIST: ListSheet<EstateRow> = ListSheet {
    key: "estate",
    noun: "小区",
    path: "/housing/estates",
    search_hint: "小区名称、编码、地址",
    columns: &[
        ListColumn { key: "name", header: "小区名称", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.name, estate_href(row.id)) },
        ListColumn { key: "code", header: "小区编码", kind: Kind::Text, sortable: true, essential: false, cell: |row| Cell::text(&row.code) },
        ListColumn { key: "district", header: "所属区县", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "address", header: "小区地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "operator", header: "运营主体", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.operator.as_deref().unwrap_or_default()) },
        ListColumn { key: "buildings", header: "楼栋数", kind: Kind::Number, sortable: true, essential: false, cell: |row| Cell::Number(row.buildings) },
        ListColumn { key: "units", header: "房源套数", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Number(row.units) },
        ListColumn { key: "rented", header: "已租套数", kind: Kind::Number, sortable: true, essential: false, cell: |row| Cell::Number(row.rented) },
        ListColumn { key: "rate", header: "配租率", kind: Kind::Number, sortable: true, essential: true, cell: |row| rate_cell(row.rented, row.lettable) },
        ListColumn { key: "located", header: "地图位置", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(if row.located { "已标注" } else { "待完善" }) },
        ListColumn { key: "updated_at", header: "更新时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.updated_at) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "located", label: "地图位置", choices: Choices::Fixed(located_choices) },
        Filter { key: "project", label: "项目", choices: Choices::Linked },
    ],
    default_sort: ("name", false),
    jumps: false,
};

/// Estates without coordinates are a work list of their own (S1-2.2).
fn located_choices() -> Vec<(&'static str, &'static str)> {
    vec![("yes", "已标注"), ("no", "待完善")]
}

/// I-03 小区数据.
#[rustfmt::skip] // a table: one line per column
pub const ESTATE_IMPORT: ImportSheet<EstateImportForm> = ImportSheet {
    key: "estate",
    title: "小区数据",
    columns: &[
        ImportColumn { header: "小区名称", required: true, example: "示例小区", note: "同一区县内不得重复", choices: Vec::new, parse: |text, form| { form.name = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "所属区县", required: true, example: "示例区", note: "名称或编码", choices: Vec::new, parse: |text, form| { form.district = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "街道", required: false, example: "", note: "名称或编码，须为所属区县下已存在的街道", choices: Vec::new, parse: |text, form| { form.street = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "社区", required: false, example: "", note: "名称或编码，须为该街道下已存在的社区", choices: Vec::new, parse: |text, form| { form.community = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "小区地址", required: true, example: "示例路1号", note: "最长200字", choices: Vec::new, parse: |text, form| { form.address = text_max(text, 200)?; Ok(()) } },
        ImportColumn { header: "物业公司", required: false, example: "", note: "名称或编码，须已存在", choices: Vec::new, parse: |text, form| { form.property_company = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "运营主体", required: false, example: "", note: "名称或编码，须已存在", choices: Vec::new, parse: |text, form| { form.operator = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "规划户数", required: false, example: "500", note: "不小于0的整数", choices: Vec::new, parse: |text, form| { form.households_planned = Some(parse_count(text)?); Ok(()) } },
        ImportColumn { header: "车位数", required: false, example: "200", note: "不小于0的整数", choices: Vec::new, parse: |text, form| { form.parking_total = Some(parse_count(text)?); Ok(()) } },
        ImportColumn { header: "绿化率(%)", required: false, example: "35.00", note: "0至100", choices: Vec::new, parse: |text, form| { form.green_rate = Some(parse_percent(text)?); Ok(()) } },
        ImportColumn { header: "联系人", required: false, example: "", note: "最长30字", choices: Vec::new, parse: |text, form| { form.contact = text_max(text, 30)?; Ok(()) } },
        ImportColumn { header: "联系电话", required: false, example: "", note: "手机或固定电话", choices: Vec::new, parse: |text, form| { form.phone = Phone::parse(text)?.as_str().to_owned(); Ok(()) } },
        ImportColumn { header: "经度", required: false, example: "", note: "与纬度、坐标系同时填写", choices: Vec::new, parse: |text, form| form.place.read_lng(text) },
        ImportColumn { header: "纬度", required: false, example: "", note: "最多7位小数", choices: Vec::new, parse: |text, form| form.place.read_lat(text) },
        ImportColumn { header: "坐标系", required: false, example: "", note: "从下拉值中选择", choices: CoordinateSystem::choices, parse: |text, form| form.place.read_system(text) },
    ],
    check: |form, row| {
        row.rule(&["街道", "社区"], form.street.is_empty() && !form.community.is_empty(), COMMUNITY_ALONE);
        form.place.check(row, "经度", "纬度");
    },
};
