//! Columns of 合同变更 (E-41).

use super::change::{ChangeKind, ChangeRow, ChangeStatus};
use crate::sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, TURN, cell_or_empty};

/// 合同变更 list.
#[rustfmt::skip] // a table: one line per column
pub const CHANGE_LIST: ListSheet<ChangeRow> = ListSheet {
    key: "contract_change",
    noun: "合同变更",
    path: "/tenancy/changes",
    search_hint: "变更单号、合同编号、承租人、住房地址",
    columns: &[
        ListColumn { key: "change_no", header: "变更单号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.change_no, format!("/tenancy/changes/{}", row.id)) },
        ListColumn { key: "kind", header: "变更类型", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "contract_no", header: "合同编号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.contract_no, format!("/tenancy/contracts/{}", row.contract_id)) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.lessee) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "effective_on", header: "生效日期", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Date(row.effective_on) },
        ListColumn { key: "reason", header: "变更原因", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.reason) },
        ListColumn { key: "doc_no", header: "文号", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.doc_no.as_deref(), Cell::text) },
        ListColumn { key: "maker", header: "经办人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.maker.as_deref(), Cell::text) },
        ListColumn { key: "made_at", header: "录入时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(ChangeStatus::choices) },
        Filter { key: "kind", label: "变更类型", choices: Choices::Of(ChangeKind::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "contract", label: "合同", choices: Choices::Linked },
        TURN,
    ],
    default_sort: ("made_at", true),
    jumps: false,
};

/// A change as label and value.
#[must_use]
pub fn change_fields(row: &ChangeRow) -> Vec<(&'static str, Cell)> {
    let text = |text: &Option<String>| cell_or_empty(text.as_ref(), |text| Cell::text(text));
    let mut fields = CHANGE_LIST.fields(row);
    fields.extend([
        ("审批人", text(&row.checker)),
        ("审批时间", cell_or_empty(row.checked_at, Cell::Time)),
        ("审批意见", text(&row.opinion)),
        ("生效时间", cell_or_empty(row.effective_at, Cell::Time)),
        ("办理情况", text(&row.message)),
    ]);
    fields
}
