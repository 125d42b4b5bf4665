//! 对账 (E-49, domain.md §3.7): a day of a channel on three sides. Of direct debits what was entered, what the responses say and what
//! the bank's statement says; of cards at a counter what was entered, what the slips say and what the statement of the terminals
//! says; of payments by telephone what was entered, what the orders say and what the company's bill says.

use crate::{
    dictionary::{DifferenceKind, dictionary},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
    value::Money,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

dictionary! {
    /// 对账渠道
    ReconciliationChannel = "Reconciliation.channel" "对账渠道" {
        Debit = "DEBIT" "银行代扣",
        Pos = "POS" "柜台POS",
        WeChat = "WECHAT" "微信支付",
        Alipay = "ALIPAY" "支付宝",
    }
}

/// A day of a district.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReconciliationRow {
    pub id: i64,
    pub day: NaiveDate,
    pub by: ReconciliationChannel,
    /// none: money of which nobody knows whose it is
    pub district: Option<String>,
    /// entered to bills and balances
    pub own: Money,
    /// taken, as the responses, the slips or the orders say
    pub channel: Money,
    /// arrived, as the bank's statement or the company's bill says
    pub their: Money,
    pub lines: i32,
    pub differences: i32,
    /// of them, those that nobody has decided about
    pub open: i64,
    pub made_at: DateTime<Utc>,
}

impl ReconciliationRow {
    /// Whether the three sides say the same.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.differences == 0 && self.own == self.channel && self.channel == self.their
    }
}

/// Days before a statement's own in which a payment is looked for by its slip: the numbers of slips begin anew.
pub const SLIP_DAYS: i64 = 31;

/// Which payment each line of a statement pays: one of its slip number and amount, or else one of its number alone; no payment
/// twice. Both are slip number and amount; of payments that are equally good the first is taken. Answers a place among the
/// payments for each line.
#[must_use]
pub fn pair(lines: &[(&str, Money)], payments: &[(&str, Money)]) -> Vec<Option<usize>> {
    let mut by_slip: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, (slip, _)) in payments.iter().enumerate() {
        by_slip.entry(*slip).or_default().push(place);
    }
    let mut found = vec![None; lines.len()];
    for exact in [true, false] {
        for ((slip, amount), found) in lines.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
            let Some(places) = by_slip.get_mut(slip) else { continue };
            if let Some(nth) = places.iter().position(|place| !exact || payments[*place].1 == *amount) {
                *found = Some(places.remove(nth));
            }
        }
    }
    found
}

/// What is said of one deduction or payment by our books and by the statement; none: they agree.
#[must_use]
pub fn compare(own: Option<Money>, their: Option<Money>) -> Option<DifferenceKind> {
    match (own, their) {
        (Some(own), Some(their)) if own == their => None,
        (Some(_), Some(_)) => Some(DifferenceKind::AmountDiffers),
        (Some(_), None) => Some(DifferenceKind::BookOnly),
        (None, Some(_)) => Some(DifferenceKind::BankOnly),
        (None, None) => None,
    }
}

/// 对账 list.
#[rustfmt::skip] // a table: one line per column
pub const RECONCILIATION_LIST: ListSheet<ReconciliationRow> = ListSheet {
    key: "reconciliation",
    noun: "银行对账",
    path: "/billing/deductions/reconciliations",
    search_hint: "区县",
    columns: &[
        ListColumn { key: "day", header: "账务日期", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.day) },
        ListColumn { key: "by", header: "渠道", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(row.by.label()) },
        ListColumn { key: "district", header: "所属区县", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.district.as_deref().unwrap_or("无法归属")) },
        ListColumn { key: "own", header: "账单入账(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.own) },
        ListColumn { key: "channel", header: "回盘/刷卡单/订单(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.channel) },
        ListColumn { key: "their", header: "流水/账单(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.their) },
        ListColumn { key: "lines", header: "流水/账单笔数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.lines.into()) },
        ListColumn { key: "differences", header: "差异", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.differences.into()) },
        ListColumn { key: "open", header: "待处理", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.open) },
        ListColumn { key: "result", header: "结果", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(if row.agrees() { "三方一致" } else { "有差异" }) },
        ListColumn { key: "made_at", header: "对账时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| Cell::Time(row.made_at) },
    ],
    filters: &[
        Filter { key: "by", label: "渠道", choices: Choices::Of(ReconciliationChannel::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "since", label: "起始日期", choices: Choices::Day },
        Filter { key: "until", label: "截止日期", choices: Choices::Day },
    ],
    default_sort: ("day", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_paid_once_and_best_by_its_own_amount() {
        let fen = |pairs: &[(&'static str, i64)]| -> Vec<(&'static str, Money)> {
            pairs.iter().map(|(slip, fen)| (*slip, Money::from_fen(*fen))).collect()
        };
        let paired =
            |lines: &[(&'static str, i64)], payments: &[(&'static str, i64)]| pair(&fen(lines), &fen(payments));
        assert_eq!(paired(&[("1", 5), ("2", 7)], &[("2", 7), ("1", 5)]), [Some(1), Some(0)]);
        // Two terminals with the same number: each line has its own, whichever comes first.
        assert_eq!(paired(&[("1", 5), ("1", 7)], &[("1", 7), ("1", 5)]), [Some(1), Some(0)]);
        // Of another amount it is still this slip, unless a line of the right amount follows.
        assert_eq!(paired(&[("1", 6)], &[("1", 5)]), [Some(0)]);
        assert_eq!(paired(&[("1", 6), ("1", 5)], &[("1", 5)]), [None, Some(0)]);
        // The same line twice pays once, and a number that nobody wrote down pays nothing.
        assert_eq!(paired(&[("1", 5), ("1", 5), ("9", 5)], &[("1", 5)]), [Some(0), None, None]);
        assert_eq!(paired(&[("1", 5)], &[]), [None]);
    }

    #[test]
    fn what_only_one_side_says_is_a_difference() {
        let (one, other) = (Some(Money::from_fen(1)), Some(Money::from_fen(2)));
        for (own, their, kind) in [
            (one, one, None),
            (one, other, Some(DifferenceKind::AmountDiffers)),
            (one, None, Some(DifferenceKind::BookOnly)),
            (None, one, Some(DifferenceKind::BankOnly)),
            (None, None, None),
        ] {
            assert_eq!(compare(own, their), kind);
        }
    }
}
