//! 房间 (E-14): the physical room of a unit, where people, devices and cards are bound.

use crate::{
    dictionary::{RoomType, UseStatus},
    id::{EstateId, RoomId, UnitId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty, estate_href},
    value::Area,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A row of the room list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomRow {
    pub id: RoomId,
    pub unit_id: UnitId,
    pub unit_code: String,
    pub estate_id: EstateId,
    pub estate: String,
    pub address: String,
    pub name: String,
    pub kind: RoomType,
    pub area: Option<Area>,
    pub capacity: Option<i32>,
    pub bed_count: Option<i32>,
    pub status: UseStatus,
    pub updated_at: DateTime<Utc>,
}

/// A room with all its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Room {
    pub row: RoomRow,
    pub district: String,
    pub version: i32,
    pub updated_by: Option<String>,
}

/// 房间 list.
#[rustfmt::skip] // a table: one line per column
pub const ROOM_LIST: ListSheet<RoomRow> = ListSheet {
    key: "room",
    noun: "房间",
    path: "/housing/rooms",
    search_hint: "小区、楼栋、房号或房源编码，以空格分隔",
    columns: &[
        ListColumn { key: "name", header: "房间名", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.name, format!("/housing/rooms/{}", row.id)) },
        ListColumn { key: "estate", header: "小区名称", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.estate, estate_href(row.estate_id)) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "unit", header: "房源编码", kind: Kind::Text, sortable: true, essential: false, cell: |row| Cell::link(&row.unit_code, format!("/housing/units/{}", row.unit_id)) },
        ListColumn { key: "type", header: "类型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.kind.label()) },
        ListColumn { key: "area", header: "面积(㎡)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.area, Cell::Area) },
        ListColumn { key: "capacity", header: "可住人数", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.capacity, |count| Cell::Number(count.into())) },
        ListColumn { key: "bed_count", header: "床位数", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.bed_count, |count| Cell::Number(count.into())) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: false, cell: |row| Cell::badge(row.status.code(), row.status.label()) },
        ListColumn { key: "updated_at", header: "更新时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.updated_at) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "unit", label: "房源", choices: Choices::Linked },
    ],
    default_sort: ("unit", false),
    jumps: true,
};
