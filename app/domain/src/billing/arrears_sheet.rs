//! 欠费台账 (domain.md §3.8, E-51): the households that are behind with the rent, as a list.

use crate::{
    dictionary::{ArrearsLevel, Item},
    id::{AccountId, ContractId, UnitId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::Money,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// A row of the list: an account at L1 or above.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrearsRow {
    pub account_id: AccountId,
    pub account_no: String,
    pub lessee: String,
    pub id_number_mask: String,
    pub district: String,
    pub estate: String,
    pub unit_id: UnitId,
    pub address: String,
    pub contract_id: Option<ContractId>,
    pub contract_no: Option<String>,
    /// rent periods that are overdue
    pub periods: i64,
    /// the longest run of adjacent ones
    pub consecutive: i64,
    pub amount: Money,
    /// the due day of the oldest
    pub since: Option<NaiveDate>,
    pub level: ArrearsLevel,
}

/// The levels that the list can be narrowed to.
fn levels() -> Vec<Item> {
    ArrearsLevel::behind().iter().copied().map(Item::from).collect()
}

/// 欠费台账 list.
#[rustfmt::skip] // a table: one line per column
pub const ARREARS_LIST: ListSheet<ArrearsRow> = ListSheet {
    key: "arrears",
    noun: "欠费",
    path: "/billing/arrears",
    search_hint: "承租人、账户号、合同编号、住房地址",
    columns: &[
        ListColumn { key: "account_no", header: "账户号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.account_no, format!("/billing/accounts/{}", row.account_id)) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.lessee, format!("/billing/accounts/{}", row.account_id)) },
        ListColumn { key: "id_number", header: "身份证号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.id_number_mask) },
        ListColumn { key: "district", header: "所属区县", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "estate", header: "小区", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.estate) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.address, format!("/housing/units/{}", row.unit_id)) },
        ListColumn { key: "contract_no", header: "合同编号", kind: Kind::Text, sortable: false, essential: false, cell: |row| match (row.contract_id, &row.contract_no) {
            (Some(id), Some(no)) => Cell::link(no, format!("/tenancy/contracts/{id}")),
            _ => Cell::Empty,
        } },
        ListColumn { key: "periods", header: "欠费月数", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.periods) },
        ListColumn { key: "consecutive", header: "最长连续月数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.consecutive) },
        ListColumn { key: "amount", header: "欠费金额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "since", header: "最早应缴日", kind: Kind::Time, sortable: true, essential: false, cell: |row| cell_or_empty(row.since, Cell::Date) },
        ListColumn { key: "level", header: "欠费等级", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.level) },
        ListColumn { key: "dunning", header: "操作", kind: Kind::Action, sortable: false, essential: false, cell: |row| Cell::link("催缴", format!("/billing/dunning/accounts/{}", row.account_id)) },
    ],
    filters: &[
        Filter { key: "level", label: "欠费等级", choices: Choices::Of(levels) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
    ],
    default_sort: ("since", false),
    jumps: false,
};
