//! 收款班次 (E-107, S4-1.11): what a cashier took between opening and closing the drawer, and whether it is all there.

use crate::{
    dictionary::PayMethod,
    failure::FieldErrors,
    form::optional_text,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::{Check, Complaint, Money, required},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A shift, as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShiftRow {
    pub id: i64,
    pub cashier: Option<String>,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub opening_cash: Money,
    /// cash that should be in the drawer; while it is open, now
    pub system_cash: Money,
    pub counted_cash: Option<Money>,
    pub explanation: Option<String>,
    pub bank_slip_no: Option<String>,
    pub handed_in_at: Option<DateTime<Utc>>,
    pub version: i32,
}

/// A shift with what was taken in it, by method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    pub row: ShiftRow,
    pub totals: Vec<ShiftTotal>,
    /// whether it is the reader's own
    pub own: bool,
}

/// What was taken by a method, and how much of it was voided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftTotal {
    pub method: PayMethod,
    pub payments: i64,
    pub amount: Money,
    pub voided: i64,
    pub voided_amount: Money,
}

impl ShiftRow {
    /// 差额: counted less what should be there.
    #[must_use]
    pub fn difference(&self) -> Option<Money> {
        self.counted_cash.map(|counted| counted - self.system_cash)
    }

    /// 开班, 已结, 已交款
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (self.closed_at, self.handed_in_at) {
            (None, _) => "开班",
            (Some(_), None) => "已结",
            (Some(_), Some(_)) => "已交款",
        }
    }
}

/// What is entered to close a shift.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShiftCloseForm {
    pub counted_cash: String,
    pub explanation: String,
}

impl ShiftCloseForm {
    /// Checks the count against what should be there; a difference has to be explained.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, system: Money) -> Result<(Money, Option<String>), FieldErrors> {
        let mut errors = FieldErrors::default();
        let counted = errors.take("counted_cash", required(&self.counted_cash).and_then(|text| amount(&text)));
        let explanation = errors.take("explanation", optional_text(&self.explanation, 200)).flatten();
        if counted.is_some_and(|counted| counted != system) && explanation.is_none() {
            errors.add("explanation", "班次存在差额，请填写说明");
        }
        match counted {
            Some(counted) if errors.is_empty() => Ok((counted, explanation)),
            _ => Err(errors),
        }
    }
}

/// An amount of cash that is not negative.
///
/// # Errors
/// `应为不小于0的数字，最多2位小数`.
pub fn amount(text: &str) -> Check<Money> {
    Money::parse_yuan(text)
        .ok()
        .filter(|amount| (0..=1_000_000_000).contains(&amount.fen()))
        .ok_or(Complaint::about("应为不小于0的数字，最多2位小数"))
}

/// 收款班次 list.
#[rustfmt::skip] // a table: one line per column
pub const SHIFT_LIST: ListSheet<ShiftRow> = ListSheet {
    key: "cashier_shift",
    noun: "收款班次",
    path: "/billing/shifts",
    search_hint: "交款单号",
    columns: &[
        ListColumn { key: "opened_at", header: "开班时间", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Time(row.opened_at) },
        ListColumn { key: "cashier", header: "收银员", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(row.cashier.as_deref().unwrap_or("查看"), format!("/billing/shifts/{}", row.id)) },
        ListColumn { key: "closed_at", header: "结班时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.closed_at, Cell::Time) },
        ListColumn { key: "system_cash", header: "系统额(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.system_cash) },
        ListColumn { key: "counted_cash", header: "实点额(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.counted_cash, Cell::Money) },
        ListColumn { key: "difference", header: "差额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| cell_or_empty(row.difference(), Cell::Money) },
        ListColumn { key: "bank_slip_no", header: "交款单号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.bank_slip_no.as_deref().unwrap_or_default()) },
        ListColumn { key: "state", header: "状态", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(row.state()) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "open", label: "未交款", choices: Choices::Linked },
    ],
    default_sort: ("opened_at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_to_be_explained() {
        let form = |counted: &str, explanation: &str| ShiftCloseForm {
            counted_cash: counted.into(),
            explanation: explanation.into(),
        };
        let system = Money::from_fen(12_345);
        assert_eq!(form("123.45", "").check(system), Ok((system, None)));
        assert_eq!(form("123.44", "").check(system).unwrap_err().get("explanation"), Some("班次存在差额，请填写说明"));
        assert!(form("123.44", "找零差错").check(system).is_ok());
        for counted in ["", "-1", "1.234", "多"] {
            assert!(form(counted, "x").check(system).unwrap_err().get("counted_cash").is_some(), "{counted}");
        }
    }
}
