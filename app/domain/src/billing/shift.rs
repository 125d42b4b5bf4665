//! 收款班次 (E-107, S4-1.11): what a cashier took between opening and closing the drawer, whether it is all there, and when
//! its cash has reached the bank.

use crate::{
    billing::ledger::Subject,
    dictionary::{FeeItem, PayMethod},
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
    /// why the slip was given back, the last time
    pub returned_reason: Option<String>,
    /// what has arrived at the bank, as somebody else than the cashier has seen it
    pub banked: Option<Money>,
    pub banked_at: Option<DateTime<Utc>>,
    pub banked_by: Option<String>,
    pub banked_note: Option<String>,
    pub version: i32,
}

/// A shift with what was taken in it, by method and by fee item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    pub row: ShiftRow,
    pub totals: Vec<ShiftTotal>,
    /// 日结: the same money by what it paid
    pub items: Vec<ShiftItem>,
    /// whether it is the reader's own
    pub own: bool,
    /// whether the one who asks may confirm that its cash is at the bank, or give the slip back
    pub bankable: bool,
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

/// What was taken for a fee item, without what was voided; none: kept as balance (预存).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftItem {
    pub fee_item: Option<FeeItem>,
    pub amount: Money,
}

impl ShiftRow {
    /// 差额: counted less what should be there.
    #[must_use]
    pub fn difference(&self) -> Option<Money> {
        self.counted_cash.map(|counted| counted - self.system_cash)
    }

    /// 现金收款: what the shift took in cash and did not give back at once.
    #[must_use]
    pub fn taken(&self) -> Money {
        self.system_cash - self.opening_cash
    }

    /// 应交现金: what was counted without the change that was there before, which stays in the drawer; in it the difference.
    #[must_use]
    pub fn due(&self) -> Money {
        self.counted_cash.map_or(Money::ZERO, |counted| counted - self.opening_cash).max(Money::ZERO)
    }

    /// 开班, 已结, 已交款, 已入账
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (self.closed_at, self.handed_in_at, self.banked_at) {
            (None, ..) => "开班",
            (Some(_), None, _) => "已结",
            (Some(_), Some(_), None) => "已交款",
            (Some(_), Some(_), Some(_)) => "已入账",
        }
    }
}

/// States of a shift that a list can be asked for: code and label.
pub const SHIFT_STATES: [(&str, &str); 4] =
    [("OPEN", "开班"), ("CLOSED", "已结"), ("HANDED_IN", "已交款"), ("BANKED", "已入账")];

/// What an accountant enters who has seen a shift's cash at the bank.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShiftBankForm {
    /// 银行入账金额 as the slip says
    pub amount: String,
    pub note: String,
}

impl ShiftBankForm {
    /// Checks what the slip says against what was to be handed in; a difference has to be explained.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, due: Money) -> Result<(Money, Option<String>), FieldErrors> {
        let mut errors = FieldErrors::default();
        let banked = errors.take("amount", required(&self.amount).and_then(|text| amount(&text)));
        let note = errors.take("note", optional_text(&self.note, 200)).flatten();
        if banked.is_some_and(|banked| banked != due) && note.is_none() {
            errors.add("note", format!("入账金额与应交现金{due}元不符，请填写说明"));
        }
        match banked {
            Some(banked) if errors.is_empty() => Ok((banked, note)),
            _ => Err(errors),
        }
    }
}

/// A transfer of a shift's cash: of which of its parts, between what, how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashMove {
    pub part: usize,
    pub debit: Subject,
    pub credit: Subject,
    pub amount: Money,
}

/// How the cash of a shift goes to the bank: all of it leaves the drawer, what has arrived is at the bank, and what is missing
/// or too much is 待处理现金长短款. `held`: what the drawer has taken, by estate and fee item, each more than nothing; what is
/// missing is taken from the first of them on, what is too much belongs to the first. Nothing taken moves nothing.
#[must_use]
pub fn cash_moves(held: &[Money], banked: Money) -> Vec<CashMove> {
    let taken: Money = held.iter().copied().sum();
    let mut missing = (taken - banked).max(Money::ZERO);
    let mut moves = Vec::with_capacity(held.len() + 1);
    for (part, held) in held.iter().copied().enumerate() {
        let lost = missing.min(held);
        missing = missing - lost;
        moves.push(CashMove { part, debit: Subject::Bank, credit: Subject::Cash, amount: held - lost });
        moves.push(CashMove { part, debit: Subject::CashDifference, credit: Subject::Cash, amount: lost });
    }
    let over = (banked - taken).max(Money::ZERO);
    if !held.is_empty() {
        moves.push(CashMove { part: 0, debit: Subject::Bank, credit: Subject::CashDifference, amount: over });
    }
    moves.retain(|step| step.amount > Money::ZERO);
    moves
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
        ListColumn { key: "banked", header: "银行入账(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.banked, Cell::Money) },
        ListColumn { key: "banked_at", header: "入账时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.banked_at, Cell::Time) },
        ListColumn { key: "banked_by", header: "入账确认人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.banked_by.as_deref(), Cell::text) },
        ListColumn { key: "state", header: "状态", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(row.state()) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "state", label: "状态", choices: Choices::Fixed(|| SHIFT_STATES.to_vec()) },
        Filter { key: "open", label: "未交款", choices: Choices::Linked },
    ],
    default_sort: ("opened_at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_missing_at_the_bank_has_to_be_explained() {
        let form = |amount: &str, note: &str| ShiftBankForm { amount: amount.into(), note: note.into() };
        let due = Money::from_fen(12_345);
        assert_eq!(form("123.45", "").check(due), Ok((due, None)));
        assert_eq!(
            form("123.44", "").check(due).unwrap_err().get("note"),
            Some("入账金额与应交现金123.45元不符，请填写说明")
        );
        assert!(form("123.44", "银行收到残币1枚").check(due).is_ok());
        for amount in ["", "-1", "1.234", "多"] {
            assert!(form(amount, "x").check(due).unwrap_err().get("amount").is_some(), "{amount}");
        }
    }

    #[test]
    fn what_is_missing_is_taken_from_the_first_on() {
        let fen = Money::from_fen;
        let step = |part, debit, credit, amount| CashMove { part, debit, credit, amount: fen(amount) };
        use Subject::{Bank, Cash, CashDifference};
        assert_eq!(cash_moves(&[fen(300), fen(100)], fen(400)), [step(0, Bank, Cash, 300), step(1, Bank, Cash, 100)]);
        assert_eq!(
            cash_moves(&[fen(300), fen(100)], fen(50)),
            [step(0, CashDifference, Cash, 300), step(1, Bank, Cash, 50), step(1, CashDifference, Cash, 50)]
        );
        assert_eq!(cash_moves(&[fen(300)], fen(301)), [step(0, Bank, Cash, 300), step(0, Bank, CashDifference, 1)]);
        assert_eq!(cash_moves(&[], fen(5)), []);
    }

    proptest! {
        /// The drawer is empty, the bank has what has arrived, and the rest is told.
        #[test]
        fn all_cash_leaves_the_drawer(held in prop::collection::vec(1_i64..1_000_000, 1..6), banked in 0_i64..5_000_000) {
            let parts: Vec<Money> = held.iter().copied().map(Money::from_fen).collect();
            let moves = cash_moves(&parts, Money::from_fen(banked));
            let of = |subject, part: Option<usize>| -> i64 {
                let of_part = moves.iter().filter(|step| part.is_none_or(|part| part == step.part));
                of_part.map(|step| step.amount.fen() * (i64::from(step.debit == subject) - i64::from(step.credit == subject))).sum()
            };
            for (part, fen) in held.iter().enumerate() {
                prop_assert_eq!(of(Subject::Cash, Some(part)), -fen);
            }
            prop_assert_eq!(of(Subject::Bank, None), banked);
            prop_assert_eq!(of(Subject::CashDifference, None), held.iter().sum::<i64>() - banked);
            prop_assert!(moves.iter().all(|step| step.amount > Money::ZERO && step.debit != step.credit));
        }
    }

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
