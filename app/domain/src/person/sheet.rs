//! Columns of persons: the list (S1-5.4).

use super::PersonRow;
use crate::{
    dictionary::{IdType, IdVerified, PersonType},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
};

/// 人员 list.
#[rustfmt::skip] // a table: one line per column
pub const PERSON_LIST: ListSheet<PersonRow> = ListSheet {
    key: "person",
    noun: "人员",
    path: "/persons",
    search_hint: "姓名",
    columns: &[
        ListColumn { key: "name", header: "姓名", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.name, format!("/persons/{}", row.id)) },
        ListColumn { key: "person_type", header: "人员类型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.person_type) },
        ListColumn { key: "id_type", header: "证件类型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.id_type) },
        ListColumn { key: "id_number", header: "证件号码", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.id_number) },
        ListColumn { key: "id_verified", header: "证件核验", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.id_verified) },
        ListColumn { key: "phone", header: "手机号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.phone) },
        ListColumn { key: "room", header: "房间", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.room.as_deref(), |room| Cell::link(room, format!("/tenancy/residents?person={}", row.id))) },
        ListColumn { key: "moved_in_on", header: "入住日期", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.moved_in_on, Cell::Date) },
        ListColumn { key: "organization", header: "所属机构", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.organization) },
        ListColumn { key: "district", header: "所属区县", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.district.as_deref().unwrap_or("全市")) },
        ListColumn { key: "updated_at", header: "更新时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.updated_at) },
    ],
    filters: &[
        Filter { key: "person_type", label: "人员类型", choices: Choices::Of(PersonType::choices) },
        Filter { key: "id_type", label: "证件类型", choices: Choices::Of(IdType::choices) },
        Filter { key: "id_verified", label: "证件核验", choices: Choices::Of(IdVerified::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
    ],
    default_sort: ("updated_at", true),
    jumps: false,
};
