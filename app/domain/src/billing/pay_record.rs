//! 缴退记录 (S0-13, E-46, E-47): what households have paid and what was paid back to them, as one list.

use crate::{
    billing::refund::{RefundKind, RefundStatus},
    dictionary::{Item, PayKind, PayMethod, PaymentStatus},
    id::{AccountId, PaymentId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
    value::Money,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What moved, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Moved {
    In { payment: PaymentId, kind: PayKind, status: PaymentStatus },
    Out { refund: i64, kind: RefundKind },
}

impl Moved {
    /// Its page.
    #[must_use]
    pub fn href(self) -> String {
        match self {
            Self::In { payment, .. } => format!("/billing/payments/{payment}"),
            Self::Out { refund, .. } => format!("/billing/refunds/{refund}"),
        }
    }

    fn kind(self) -> Cell {
        match self {
            Self::In { kind, .. } => Cell::coded(kind),
            Self::Out { kind, .. } => Cell::coded(kind),
        }
    }

    fn status(self) -> Cell {
        match self {
            Self::In { status, .. } => Cell::coded(status),
            Self::Out { .. } => Cell::coded(RefundStatus::Paid),
        }
    }
}

/// A payment, or a refund that the bank has paid out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PayRecordRow {
    pub moved: Moved,
    /// 票据: the receipt's number, or that of the bank's slip
    pub number: String,
    pub account_id: AccountId,
    pub person: String,
    pub id_number_mask: String,
    pub address: String,
    pub method: PayMethod,
    pub amount: Money,
    pub at: DateTime<Utc>,
    pub actor: Option<String>,
}

/// Every value of D-34: of what comes in and of what goes out.
fn kinds() -> Vec<Item> {
    PayKind::choices().into_iter().chain(RefundKind::choices()).collect()
}

/// Which way money went: code and label.
pub const FLOWS: [(&str, &str); 2] = [("IN", "缴费"), ("OUT", "退费")];

/// 缴退记录 list.
#[rustfmt::skip] // a table: one line per column
pub const PAY_RECORD_LIST: ListSheet<PayRecordRow> = ListSheet {
    key: "pay_record",
    noun: "缴退记录",
    path: "/billing/records",
    search_hint: "收据号、姓名、账户号、住房地址",
    columns: &[
        ListColumn { key: "number", header: "票据号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.number, row.moved.href()) },
        ListColumn { key: "person", header: "住用人姓名", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.person, format!("/billing/accounts/{}", row.account_id)) },
        ListColumn { key: "id_number", header: "身份证号码", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.id_number_mask) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "kind", header: "缴费类型", kind: Kind::Text, sortable: false, essential: true, cell: |row| row.moved.kind() },
        ListColumn { key: "amount", header: "缴退金额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "at", header: "缴费时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.at) },
        ListColumn { key: "method", header: "方式", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.method) },
        ListColumn { key: "actor", header: "操作员", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.actor.as_deref().unwrap_or_default()) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| row.moved.status() },
    ],
    filters: &[
        Filter { key: "flow", label: "收退", choices: Choices::Fixed(|| FLOWS.to_vec()) },
        Filter { key: "kind", label: "缴费类型", choices: Choices::Of(kinds) },
        Filter { key: "method", label: "方式", choices: Choices::Of(PayMethod::choices) },
        Filter { key: "status", label: "状态", choices: Choices::Of(PaymentStatus::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "account", label: "账户", choices: Choices::Linked },
        Filter { key: "since", label: "起始日期", choices: Choices::Day },
        Filter { key: "until", label: "截止日期", choices: Choices::Day },
    ],
    default_sort: ("at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_dictionary_can_be_asked_for() {
        let codes: Vec<_> = kinds().iter().map(|item| item.code).collect();
        assert_eq!(
            codes,
            ["RENT_IN", "RECHARGE", "PROPERTY_IN", "DEPOSIT_IN", "REFUND_BAL", "REFUND_DEP", "REFUND_OVER"]
        );
    }

    #[test]
    fn a_record_leads_to_its_own_page() {
        let paid = Moved::In { payment: PaymentId(7), kind: PayKind::RentIn, status: PaymentStatus::Normal };
        assert_eq!(paid.href(), "/billing/payments/7");
        assert_eq!(Moved::Out { refund: 7, kind: RefundKind::Balance }.href(), "/billing/refunds/7");
    }
}
