//! Columns of asset cards (S1-4.3, S1-4.4): lists and exports.

use crate::{
    dictionary::{AcquireMode, AssetClass, AssetStatus, AssetUse},
    housing::{asset_master::AssetMasterRow, asset_sub::AssetSubRow},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
};

/// 资产主卡片 list.
#[rustfmt::skip] // a table: one line per column
pub const ASSET_MASTER_LIST: ListSheet<AssetMasterRow> = ListSheet {
    key: "asset_master",
    noun: "资产主卡片",
    path: "/assets/masters",
    search_hint: "卡片编号、资产名称、资产编码、坐落",
    columns: &[
        ListColumn { key: "card_no", header: "卡片编号", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.card_no, format!("/assets/masters/{}", row.id)) },
        ListColumn { key: "asset_name", header: "资产名称", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::text(&row.asset_name) },
        ListColumn { key: "project", header: "项目", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.project, format!("/housing/projects/{}", row.project_id)) },
        ListColumn { key: "owner", header: "产权单位", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.owner) },
        ListColumn { key: "acquire_mode", header: "取得方式", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.acquire_mode) },
        ListColumn { key: "acquired_on", header: "取得日期", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Date(row.acquired_on) },
        ListColumn { key: "original", header: "原值(元)", kind: Kind::Number, sortable: true, essential: false, cell: |row| Cell::Money(row.original) },
        ListColumn { key: "accumulated", header: "累计折旧(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.accumulated) },
        ListColumn { key: "net", header: "净值(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.original - row.accumulated) },
        ListColumn { key: "total_area", header: "面积(㎡)", kind: Kind::Number, sortable: true, essential: false, cell: |row| Cell::Area(row.total_area) },
        ListColumn { key: "units_count", header: "套数", kind: Kind::Number, sortable: true, essential: false, cell: |row| Cell::Number(row.units_count.into()) },
        ListColumn { key: "use_status", header: "使用状况", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.use_status) },
        ListColumn { key: "status", header: "卡片状态", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "status", label: "卡片状态", choices: Choices::Of(AssetStatus::choices) },
        Filter { key: "use_status", label: "使用状况", choices: Choices::Of(AssetUse::choices) },
        Filter { key: "acquire_mode", label: "取得方式", choices: Choices::Of(AcquireMode::choices) },
        Filter { key: "class", label: "资产分类", choices: Choices::Of(AssetClass::choices) },
        Filter { key: "project", label: "项目", choices: Choices::Linked },
    ],
    default_sort: ("card_no", false),
    jumps: false,
};

/// 资产子卡片 list. The tenant's column comes with contracts, which say who lives there.
#[rustfmt::skip] // a table: one line per column
pub const ASSET_SUB_LIST: ListSheet<AssetSubRow> = ListSheet {
    key: "asset_sub",
    noun: "资产子卡片",
    path: "/assets/subs",
    search_hint: "卡片编号、资产名称、坐落、房源编码",
    columns: &[
        ListColumn { key: "card_no", header: "卡片编号", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.card_no, format!("/assets/subs/{}", row.id)) },
        ListColumn { key: "master", header: "主卡片", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.master_no, format!("/assets/masters/{}", row.master_id)) },
        ListColumn { key: "unit", header: "房源", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.unit_code, format!("/housing/units/{}", row.unit_id)) },
        ListColumn { key: "location", header: "坐落", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.location) },
        ListColumn { key: "building_area", header: "面积(㎡)", kind: Kind::Number, sortable: true, essential: false, cell: |row| Cell::Area(row.building_area) },
        ListColumn { key: "original", header: "原值(元)", kind: Kind::Number, sortable: true, essential: false, cell: |row| Cell::Money(row.original) },
        ListColumn { key: "net", header: "净值(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.original - row.accumulated) },
        ListColumn { key: "use_status", header: "使用状况", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.use_status) },
        ListColumn { key: "status", header: "卡片状态", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "status", label: "卡片状态", choices: Choices::Of(AssetStatus::choices) },
        Filter { key: "use_status", label: "使用状况", choices: Choices::Of(AssetUse::choices) },
        Filter { key: "master", label: "主卡片", choices: Choices::Linked },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
    ],
    default_sort: ("card_no", false),
    jumps: false,
};
