//! Columns of units: the list of seed 000 / S1-4.2, which also drives the export.

use crate::{
    dictionary::{HousingCategory, LayoutType, UnitStatus},
    housing::unit::UnitRow,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, estate_href},
};

/// 房源 list.
#[rustfmt::skip] // a table: one line per column
pub const UNIT_LIST: ListSheet<UnitRow> = ListSheet {
    key: "unit",
    noun: "房源",
    path: "/housing/units",
    search_hint: "小区、楼栋、房号或房源编码，以空格分隔",
    columns: &[
        ListColumn { key: "code", header: "房源编码", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.code, format!("/housing/units/{}", row.id)) },
        ListColumn { key: "estate", header: "小区名称", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.estate, estate_href(row.estate_id)) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.address, format!("/housing/buildings/{}", row.building_id)) },
        ListColumn { key: "layout", header: "户型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.layout) },
        ListColumn { key: "building_area", header: "建筑面积(㎡)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Area(row.building_area) },
        ListColumn { key: "usable_area", header: "使用面积(㎡)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Area(row.usable_area) },
        ListColumn { key: "district", header: "所属城区", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "mgmt_unit", header: "住房管理单位", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.mgmt_unit) },
        ListColumn { key: "category", header: "住房类别", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.category) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.status) },
        ListColumn { key: "updated_at", header: "更新时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.updated_at) },
    ],
    filters: &[
        Filter { key: "district", label: "所属城区", choices: Choices::Districts },
        Filter { key: "status", label: "状态", choices: Choices::Of(UnitStatus::choices) },
        Filter { key: "layout", label: "户型", choices: Choices::Of(LayoutType::choices) },
        Filter { key: "category", label: "住房类别", choices: Choices::Of(HousingCategory::choices) },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "building", label: "楼栋", choices: Choices::Linked },
        Filter { key: "entrance", label: "单元", choices: Choices::Linked },
    ],
    default_sort: ("code", false),
    jumps: true,
};
