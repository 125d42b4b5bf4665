//! Columns of exits: the list 退租管理 (S0-17, S1-5.6, S4-1.5.4, S1-7.4).

use super::exit::ExitRow;
use crate::{
    dictionary::{ExitStatus, ExitType},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
};

/// 退租 list.
#[rustfmt::skip] // a table: one line per column
pub const EXIT_LIST: ListSheet<ExitRow> = ListSheet {
    key: "exit",
    noun: "退租",
    path: "/tenancy/exits",
    search_hint: "承租人、合同编号、退租编号、住房地址",
    columns: &[
        ListColumn { key: "exit_no", header: "退租编号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.exit_no, format!("/tenancy/exits/{}", row.id)) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::text(&row.lessee) },
        ListColumn { key: "estate", header: "小区", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.estate) },
        ListColumn { key: "address", header: "房间", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.address, format!("/housing/units/{}", row.unit_id)) },
        ListColumn { key: "contract_no", header: "合同编号", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.contract_no.as_deref(), |no| Cell::link(no, format!("/tenancy/contracts/{}", row.contract_id))) },
        ListColumn { key: "kind", header: "退租类型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "exit_on", header: "退租日期", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.exit_on) },
        ListColumn { key: "total", header: "应补(退)金额(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.total, Cell::Money) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.status) },
        ListColumn { key: "maker", header: "申请人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.maker.as_deref().unwrap_or_default()) },
        ListColumn { key: "made_at", header: "申请时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(ExitStatus::choices) },
        Filter { key: "kind", label: "退租类型", choices: Choices::Of(ExitType::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "contract", label: "合同", choices: Choices::Linked },
        Filter { key: "account", label: "账户", choices: Choices::Linked },
        Filter { key: "turn", label: "待我办理", choices: Choices::Linked },
    ],
    default_sort: ("made_at", true),
    jumps: false,
};
