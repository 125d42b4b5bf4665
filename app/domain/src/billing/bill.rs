//! 账单 (E-42, E-43, S1-7.2, S1-7.3): what a list row and the page of a bill carry, and the list's columns.

use crate::{
    billing::ledger::Subject,
    dictionary::{BillKind, BillStatus, FeeItem, Item},
    id::{AccountId, BillId, ContractId, PaymentId, UnitId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::Money,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BillRow {
    pub id: BillId,
    pub bill_no: String,
    pub contract_id: Option<ContractId>,
    pub contract_no: Option<String>,
    pub account_id: AccountId,
    pub lessee: String,
    pub unit_id: UnitId,
    pub address: String,
    pub kind: BillKind,
    pub fee_item: FeeItem,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub due_on: NaiveDate,
    pub amount: Money,
    pub late_fee: Money,
    /// of both
    pub paid: Money,
    /// of both
    pub outstanding: Money,
    pub status: BillStatus,
    /// 剩余天数 to the due day, negative behind it; none when nothing is to be paid
    pub days_left: Option<i32>,
    /// 提醒次数
    pub reminded: i64,
}

/// 即将到期 and 已逾期 of S1-7.2, as the filter of the list names them: what is to be paid within so many days, or is
/// overdue (D-29: behind the days of grace).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueFilter {
    Within(u16),
    Late,
}

impl DueFilter {
    /// What the list offers.
    pub const ALL: [Self; 5] = [Self::Within(3), Self::Within(7), Self::Within(15), Self::Within(30), Self::Late];

    /// As the address names it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Within(3) => "3",
            Self::Within(7) => "7",
            Self::Within(15) => "15",
            Self::Within(_) => "30",
            Self::Late => "LATE",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Within(3) => "3天内到期",
            Self::Within(7) => "7天内到期",
            Self::Within(15) => "15天内到期",
            Self::Within(_) => "30天内到期",
            Self::Late => "已逾期",
        }
    }

    /// The filter of an address.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|filter| filter.code() == code)
    }
}

/// What the bills of a list come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillSums {
    pub bills: i64,
    /// 应收 with late fees
    pub amount: Money,
    pub paid: Money,
    pub outstanding: Money,
}

/// A bill with its lines and all that happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bill {
    pub row: BillRow,
    pub reduction: Money,
    pub lines: Vec<BillLine>,
    pub shares: Vec<BillShare>,
    pub entries: Vec<BillEntry>,
    pub history: Vec<BillNote>,
    /// the counter-entry of this one, or the one that this reverses
    pub reversal: Option<BillId>,
    pub posted_at: DateTime<Utc>,
    pub posted_by: Option<String>,
    pub remark: Option<String>,
    pub version: i32,
}

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BillLine {
    pub fee_item: FeeItem,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub days: Option<i32>,
    pub formula: String,
    pub amount: Money,
}

/// What a payment paid of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BillShare {
    pub payment_id: PaymentId,
    pub receipt_no: String,
    pub paid_at: DateTime<Utc>,
    pub principal: Money,
    pub late_fee: Money,
    /// the payment was voided
    pub void: bool,
}

/// A transfer of the ledger that belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BillEntry {
    pub booked_on: NaiveDate,
    pub debit: Subject,
    pub credit: Subject,
    pub fee_item: FeeItem,
    pub amount: Money,
    pub reason: String,
}

/// A line of the timeline, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BillNote {
    pub at: DateTime<Utc>,
    pub actor: Option<String>,
    pub event: String,
    pub amount: Option<Money>,
    pub reason: Option<String>,
}

/// What a run of a month did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    pub contracts: i32,
    pub bills: i32,
    pub amount: Money,
}

/// 账单 list.
#[rustfmt::skip] // a table: one line per column
pub const BILL_LIST: ListSheet<BillRow> = ListSheet {
    key: "bill",
    noun: "账单",
    path: "/billing/bills",
    search_hint: "账单号、合同编号、承租人、住房地址",
    columns: &[
        ListColumn { key: "bill_no", header: "账单号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.bill_no, format!("/billing/bills/{}", row.id)) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.lessee, format!("/billing/accounts/{}", row.account_id)) },
        ListColumn { key: "address", header: "房间", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.address, format!("/housing/units/{}", row.unit_id)) },
        ListColumn { key: "fee_item", header: "费项", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.fee_item) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.status) },
        ListColumn { key: "outstanding", header: "未收(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.outstanding) },
        ListColumn { key: "amount", header: "应收(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "due_on", header: "到期日", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Date(row.due_on) },
        ListColumn { key: "from", header: "账期起", kind: Kind::Time, sortable: false, essential: true, cell: |row| Cell::Date(row.from) },
        ListColumn { key: "to", header: "账期止", kind: Kind::Time, sortable: false, essential: false, cell: |row| Cell::Date(row.to) },
        ListColumn { key: "days_left", header: "剩余天数", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.days_left, |days| Cell::Number(days.into())) },
        ListColumn { key: "reminded", header: "提醒次数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.reminded) },
        ListColumn { key: "late_fee", header: "滞纳金(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.late_fee) },
        ListColumn { key: "paid", header: "已收(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.paid) },
        ListColumn { key: "contract_no", header: "合同编号", kind: Kind::Text, sortable: false, essential: false, cell: |row| contract_cell(row) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(posted_statuses) },
        Filter { key: "due", label: "到期", choices: Choices::Fixed(|| DueFilter::ALL.map(|due| (due.code(), due.label())).to_vec()) },
        Filter { key: "fee_item", label: "费项", choices: Choices::Of(FeeItem::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "contract", label: "合同", choices: Choices::Linked },
        Filter { key: "account", label: "账户", choices: Choices::Linked },
        Filter { key: "month", label: "账期", choices: Choices::Text("如 2026-03") },
        Filter { key: "booked", label: "记账月份", choices: Choices::Linked },
    ],
    default_sort: ("due_on", true),
    jumps: false,
};

/// A plan is no row, so nobody looks for one.
fn posted_statuses() -> Vec<Item> {
    BillStatus::choices().into_iter().filter(|item| item.code != BillStatus::Planned.code()).collect()
}

fn contract_cell(row: &BillRow) -> Cell {
    cell_or_empty(row.contract_no.clone().zip(row.contract_id), |(no, id)| {
        Cell::link(&no, format!("/tenancy/contracts/{id}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A screen of 1440 pixels shows so many columns before somebody has to scroll.
    #[test]
    fn state_and_debt_stand_where_they_are_seen() {
        let seen: Vec<&str> = BILL_LIST.columns[..7].iter().map(|column| column.key).collect();
        assert!(seen.contains(&"status") && seen.contains(&"outstanding"), "{seen:?}");
    }
}
