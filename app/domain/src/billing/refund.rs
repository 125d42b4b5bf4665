//! 退费 (E-47, S0-11): money that goes back to a household, asked for by one, agreed to by another, and then paid.

use crate::{
    dictionary::dictionary,
    failure::{Failure, FieldErrors},
    id::{AccountId, BillId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::{Check, Complaint, Money, required, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

dictionary! {
    /// 退费类型 (D-34, of money that goes out)
    RefundKind = "D-34.out" "退费类型" {
        Balance = "REFUND_BAL" "退余额",
        Deposit = "REFUND_DEP" "退押金",
        Over = "REFUND_OVER" "退多收",
    }
}

dictionary! {
    /// 退费状态 (E-47 `status`)
    RefundStatus = "E-47.status" "退费状态" {
        Pending = "PENDING" "待审批",
        Approved = "APPROVED" "待付款",
        Refused = "REFUSED" "已驳回",
        Paid = "PAID" "已退",
        Failed = "FAILED" "退款失败",
    }
}

/// What happens to a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefundEvent {
    Approve,
    Refuse,
    Pay,
    Fail,
}

impl RefundStatus {
    /// The status after the event. This is the whole state machine; a refund that failed is asked for again.
    ///
    /// # Errors
    /// The sentence, when the event does not exist in this status.
    pub fn next(self, event: RefundEvent) -> Result<Self, Failure> {
        use RefundEvent as E;
        match (event, self) {
            (E::Approve, Self::Pending) => Ok(Self::Approved),
            (E::Refuse, Self::Pending) => Ok(Self::Refused),
            (E::Pay, Self::Approved) => Ok(Self::Paid),
            (E::Fail, Self::Approved) => Ok(Self::Failed),
            _ => Err(Failure::refused(format!("退费状态为“{self}”，请刷新后再办理"))),
        }
    }

    /// Whether its money is still in the account and may not be asked for a second time.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Pending | Self::Approved)
    }
}

/// A refund, as lists and its page show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundRow {
    pub id: i64,
    pub account_id: AccountId,
    pub account_no: String,
    pub lessee: String,
    pub address: String,
    pub kind: RefundKind,
    pub amount: Money,
    pub reason: String,
    pub bank_name: String,
    pub bank_holder: String,
    pub bank_no_mask: String,
    pub status: RefundStatus,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    pub bank_serial: Option<String>,
    pub paid_on: Option<NaiveDate>,
    /// L9: whose payments go back, with its number
    pub bill: Option<(BillId, String)>,
    pub version: i32,
    /// whether the one who asks may decide about it
    pub decidable: bool,
}

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RefundForm {
    /// id of the request, drawn by the browser once (a UUID)
    pub request: String,
    pub kind: String,
    pub amount: String,
    pub reason: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundFields {
    pub request: String,
    pub kind: RefundKind,
    pub amount: Money,
    pub reason: String,
}

impl RefundForm {
    /// Checks every field; `balance` is what can be given back.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, balance: impl Fn(RefundKind) -> Money) -> Result<RefundFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let kind = errors.take("kind", RefundKind::from_code(&self.kind).ok_or(Complaint::says("请选择退费类型")));
        let amount = errors.take("amount", required(&self.amount).and_then(|text| positive(&text)));
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        if self.request.len() != 36 {
            errors.add("amount", "页面已过期，请刷新后再办理");
        }
        if let (Some(kind), Some(amount)) = (kind, amount)
            && amount > balance(kind)
        {
            errors.add("amount", format!("退费金额不能大于可退余额{}元", balance(kind)));
        }
        match (kind, amount, reason) {
            (Some(kind), Some(amount), Some(reason)) if errors.is_empty() => {
                Ok(RefundFields { request: self.request.clone(), kind, amount, reason })
            }
            _ => Err(errors),
        }
    }
}

/// An amount of money that is some.
///
/// # Errors
/// `应为大于0的数字，最多2位小数`.
fn positive(text: &str) -> Check<Money> {
    Money::parse_yuan(text)
        .ok()
        .filter(|amount| *amount > Money::ZERO)
        .ok_or(Complaint::about("应为大于0的数字，最多2位小数"))
}

/// 退费 list.
#[rustfmt::skip] // a table: one line per column
pub const REFUND_LIST: ListSheet<RefundRow> = ListSheet {
    key: "refund",
    noun: "退费",
    path: "/billing/refunds",
    search_hint: "承租人、账户号、住房地址",
    columns: &[
        ListColumn { key: "lessee", header: "住用人姓名", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.lessee, format!("/billing/refunds/{}", row.id)) },
        ListColumn { key: "account_no", header: "账户号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.account_no, format!("/billing/accounts/{}", row.account_id)) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "kind", header: "缴费类型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "amount", header: "缴退金额(元)", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "bank_no", header: "收款账号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.bank_no_mask) },
        ListColumn { key: "maker", header: "经办人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.maker.as_deref().unwrap_or_default()) },
        ListColumn { key: "made_at", header: "申请时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "paid_on", header: "退款日期", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.paid_on, Cell::Date) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(RefundStatus::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "account", label: "账户", choices: Choices::Linked },
        Filter { key: "turn", label: "待我办理", choices: Choices::Linked },
    ],
    default_sort: ("made_at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;
    use RefundEvent as E;
    use RefundStatus as S;

    #[test]
    fn the_life_of_a_refund() {
        let events = [E::Approve, E::Refuse, E::Pay, E::Fail];
        let table = [
            (S::Pending, [Some(S::Approved), Some(S::Refused), None, None]),
            (S::Approved, [None, None, Some(S::Paid), Some(S::Failed)]),
            (S::Refused, [None; 4]),
            (S::Paid, [None; 4]),
            (S::Failed, [None; 4]),
        ];
        assert_eq!(table.map(|(status, _)| status), S::ALL);
        for (status, to) in table {
            assert_eq!(events.map(|event| status.next(event).ok()), to, "{status}");
            assert_eq!(status.holds(), to.iter().any(Option::is_some));
        }
    }

    #[test]
    fn no_more_goes_back_than_is_there() {
        let form = |amount: &str| RefundForm {
            request: "00000000-0000-4000-8000-000000000000".into(),
            kind: "REFUND_BAL".into(),
            amount: amount.into(),
            reason: "多缴".into(),
        };
        let balance = |kind| if kind == RefundKind::Balance { Money::from_fen(1000) } else { Money::ZERO };
        assert_eq!(form("10").check(balance).map(|fields| fields.amount.fen()), Ok(1000));
        for amount in ["10.01", "0", "-1", "1.001", ""] {
            assert!(form(amount).check(balance).unwrap_err().get("amount").is_some(), "{amount}");
        }
        let deposit = RefundForm { kind: "REFUND_DEP".into(), ..form("1") };
        assert_eq!(deposit.check(balance).unwrap_err().get("amount"), Some("退费金额不能大于可退余额0.00元"));
    }
}
