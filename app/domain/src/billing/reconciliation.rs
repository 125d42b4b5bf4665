//! 对账 (E-49, domain.md §3.7): a day of a channel on three sides. Of direct debits what was entered, what the responses say and what
//! the bank's statement says; of payments by telephone what was entered, what the orders say and what the company's bill says.

use crate::{
    dictionary::{DifferenceKind, dictionary},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
    value::Money,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

dictionary! {
    /// 对账渠道
    ReconciliationChannel = "Reconciliation.channel" "对账渠道" {
        Debit = "DEBIT" "银行代扣",
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
    /// taken, as the responses or the orders say
    pub channel: Money,
    /// arrived, as the statement or the company's bill says
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

/// What is said of one deduction by our books and by the statement; none: they agree.
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
        ListColumn { key: "channel", header: "回盘/订单(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.channel) },
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
