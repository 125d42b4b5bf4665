//! 房间 (E-14): the physical room of a unit, where people, devices and cards are bound.

use crate::{
    dictionary::RoomType,
    id::{RoomId, UnitId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::Area,
};
use serde::{Deserialize, Serialize};

/// A row of the room list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomRow {
    pub id: RoomId,
    pub unit_id: UnitId,
    pub unit_code: String,
    pub estate: String,
    pub address: String,
    pub name: String,
    pub kind: RoomType,
    pub area: Option<Area>,
    pub capacity: Option<i32>,
}

/// 房间 list.
#[rustfmt::skip] // a table: one line per column
pub const ROOM_LIST: ListSheet<RoomRow> = ListSheet {
    key: "room",
    noun: "房间",
    path: "/housing/rooms",
    search_hint: "房源编码",
    columns: &[
        ListColumn { key: "name", header: "房间名", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.name, format!("/housing/units/{}", row.unit_id)) },
        ListColumn { key: "estate", header: "小区名称", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.estate) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "unit", header: "房源编码", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.unit_code) },
        ListColumn { key: "type", header: "类型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.kind.label()) },
        ListColumn { key: "area", header: "面积(㎡)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.area, Cell::Area) },
        ListColumn { key: "capacity", header: "可住人数", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.capacity, |count| Cell::Number(count.into())) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "unit", label: "房源", choices: Choices::Linked },
    ],
    default_sort: ("id", false),
    jumps: false,
};
