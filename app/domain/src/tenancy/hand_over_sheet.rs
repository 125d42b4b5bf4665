//! Columns of hand-overs: the list 交房管理 (S4-1.5.3), both of what waits and of what was done.

use super::hand_over::HandOverRow;
use crate::sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty};

/// What waits for its hand-over, as the filter `state` names it.
pub const WAITING: &str = "WAITING";
/// What was handed over.
pub const DONE: &str = "DONE";

/// 交房管理.
#[rustfmt::skip] // a table: one line per column
pub const HAND_OVER_LIST: ListSheet<HandOverRow> = ListSheet {
    key: "hand_over",
    noun: "交房",
    path: "/tenancy/hand-overs",
    search_hint: "客户、合同编号、住房地址",
    columns: &[
        ListColumn { key: "lessee", header: "客户", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.lessee, href(row)) },
        ListColumn { key: "estate", header: "小区", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.estate) },
        ListColumn { key: "address", header: "房间", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.address, format!("/housing/units/{}", row.unit_id)) },
        ListColumn { key: "contract_no", header: "合同编号", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.contract_no.as_deref(), |number| Cell::link(number, format!("/tenancy/contracts/{}", row.contract_id))) },
        ListColumn { key: "start_on", header: "租赁开始日期", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Date(row.start_on) },
        ListColumn { key: "state", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| if row.done.is_some() { Cell::badge("occupied", "已交房") } else { Cell::badge("signed", "待入住") } },
        ListColumn { key: "handed_on", header: "交房日", kind: Kind::Time, sortable: true, essential: true, cell: |row| cell_or_empty(row.done.as_ref(), |done| Cell::Date(done.handed_on)) },
        ListColumn { key: "clerk", header: "经办", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.done.as_ref().and_then(|done| done.clerk.as_deref()).unwrap_or_default()) },
        ListColumn { key: "keys", header: "钥匙数", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.done.as_ref(), |done| Cell::Number(done.keys.into())) },
        ListColumn { key: "signed_by", header: "签收人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.done.as_ref().map_or("", |done| done.signed_by.as_str())) },
    ],
    filters: &[
        Filter { key: "state", label: "状态", choices: Choices::Fixed(|| vec![(WAITING, "待入住"), (DONE, "已交房")]) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "contract", label: "合同", choices: Choices::Linked },
    ],
    default_sort: ("start_on", true),
    jumps: false,
};

/// Where a row leads: to what was done, or to doing it.
fn href(row: &HandOverRow) -> String {
    match &row.done {
        Some(done) => format!("{}/{}", HAND_OVER_LIST.path, done.id),
        None => format!("{}/new?contract={}", HAND_OVER_LIST.path, row.contract_id),
    }
}
