//! The columns of the menu's entries.

use crate::{
    platform::menu::{MenuEntry, permission_text},
    sheet::{Cell, Kind, ListColumn, ListSheet},
};

/// 菜单 list (S1-9.1): what an export holds.
#[rustfmt::skip] // a table: one line per column
pub const MENU_LIST: ListSheet<MenuEntry> = ListSheet {
    key: "menu",
    noun: "菜单",
    path: "/platform/menus",
    search_hint: "菜单名称",
    columns: &[
        ListColumn { key: "name", header: "菜单名称", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.name) },
        ListColumn { key: "type", header: "类型", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(if row.directory { "目录" } else { "菜单" }) },
        ListColumn { key: "icon", header: "图标", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.icon) },
        ListColumn { key: "sort", header: "排序", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.sort.into()) },
        ListColumn { key: "path", header: "路由", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.path) },
        ListColumn { key: "permission", header: "权限标识", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&permission_text(row)) },
        ListColumn { key: "status", header: "状态", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(if row.visible { "显示" } else { "隐藏" }) },
    ],
    filters: &[],
    default_sort: ("", false),
    jumps: false,
};
