//! 运营主体 (E-84), minimal: who is entrusted with running estates.

use crate::{
    dictionary::{OperatorType, OrganizationStatus},
    id::{OperatorId, OrganizationId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatorRow {
    pub id: OperatorId,
    pub code: String,
    pub name: String,
    pub kind: OperatorType,
    pub uscc: String,
    pub contact: Option<String>,
    /// those the actor sees
    pub estates: i64,
    pub status: OrganizationStatus,
}

/// An operator with all its fields. Its telephone number is masked (domain.md §2.7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operator {
    pub row: OperatorRow,
    pub organization_id: OrganizationId,
    pub organization: String,
    pub phone: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// 运营主体 list (S1-14.1).
#[rustfmt::skip] // a table: one line per column
pub const OPERATOR_LIST: ListSheet<OperatorRow> = ListSheet {
    key: "operator",
    noun: "运营主体",
    path: "/operators",
    search_hint: "名称、编码、统一社会信用代码",
    columns: &[
        ListColumn { key: "name", header: "名称", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(&row.name, format!("/operators/{}", row.id)) },
        ListColumn { key: "code", header: "编码", kind: Kind::Text, sortable: true, essential: false, cell: |row| Cell::text(&row.code) },
        ListColumn { key: "type", header: "类型", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "uscc", header: "统一社会信用代码", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.uscc) },
        ListColumn { key: "contact", header: "联系人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.contact.as_deref().unwrap_or_default()) },
        ListColumn { key: "estates", header: "小区数", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Number(row.estates) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: false, cell: |row| Cell::status(row.status) },
    ],
    filters: &[
        Filter { key: "type", label: "类型", choices: Choices::Of(OperatorType::choices) },
        Filter { key: "status", label: "状态", choices: Choices::Of(OrganizationStatus::choices) },
    ],
    default_sort: ("name", false),
    jumps: false,
};
