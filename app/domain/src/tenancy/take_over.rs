//! 存量合同接管 (domain.md §3.27): contracts, balances, deposits and arrears of a city that runs already, as at a cut-off day;
//! staged by one, agreed to by another once for the whole batch, then written by a job.

use crate::{
    billing::{plan::month_of, schedule::Period},
    dictionary::dictionary,
    failure::Failure,
    id::ContractId,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, TURN, cell_or_empty},
    value::Money,
};
use chrono::{DateTime, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

dictionary! {
    /// 接管批次状态
    TakeOverStatus = "take_over.status" "接管批次状态" {
        Draft = "DRAFT" "待提交",
        Pending = "PENDING" "待审批",
        Approved = "APPROVED" "接管中",
        Done = "DONE" "已接管",
        Refused = "REFUSED" "已驳回",
        Withdrawn = "WITHDRAWN" "已作废",
    }
}

dictionary! {
    /// 接管明细状态
    TakeOverState = "take_over.state" "接管明细状态" {
        Staged = "STAGED" "待接管",
        Written = "WRITTEN" "已接管",
        Failed = "FAILED" "未接管",
        Dropped = "DROPPED" "已作废",
    }
}

/// What happens to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TakeOverEvent {
    Submit,
    Approve,
    Refuse,
    Withdraw,
    /// every row is written, or told why not
    Finish,
    /// the rest of it is given up
    Abandon,
}

impl TakeOverStatus {
    /// The status after the event. This is the whole state machine; what was refused is brought anew.
    ///
    /// # Errors
    /// The sentence, when the event does not exist in this status.
    pub fn next(self, event: TakeOverEvent) -> Result<Self, Failure> {
        match (event, self) {
            (TakeOverEvent::Submit, Self::Draft) => Ok(Self::Pending),
            (TakeOverEvent::Approve, Self::Pending) => Ok(Self::Approved),
            // A draft, too: whoever made it may have left.
            (TakeOverEvent::Refuse, Self::Draft | Self::Pending) => Ok(Self::Refused),
            (TakeOverEvent::Withdraw, Self::Draft | Self::Pending) => Ok(Self::Withdrawn),
            (TakeOverEvent::Finish | TakeOverEvent::Abandon, Self::Approved) => Ok(Self::Done),
            _ => Err(Failure::refused(format!("接管批次状态为“{self}”，请刷新后再办理"))),
        }
    }
}

/// An opening bill: a month of which something is open at the cut-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningBill {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub due_on: NaiveDate,
    pub amount: Money,
}

/// The opening bills of a household that owes an amount for the rent of some months (by their first days): the newest months
/// owe a month's rent each and the oldest what is left, because what was paid went to the oldest first (PRM-45, §4.10). Where
/// more is owed than the rents of all months, the oldest bears it. None begins before the contract or ends behind the last day
/// that was charged, so that this system's own periods begin behind them.
#[must_use]
pub fn opening_bills(
    amount: Money,
    (from, to): (NaiveDate, NaiveDate),
    rent: Money,
    due_day: u8,
    (start_on, charged_to): (NaiveDate, NaiveDate),
) -> Vec<OpeningBill> {
    let mut left = amount;
    let mut month = month_of(to);
    let mut bills = Vec::new();
    while left > Money::ZERO && month >= month_of(from) {
        let oldest = month == month_of(from);
        let share = if oldest || rent <= Money::ZERO { left } else { left.min(rent) };
        let next = month.checked_add_months(Months::new(1)).unwrap_or(month);
        let last = next.pred_opt().unwrap_or(month).min(charged_to);
        let from = month.max(start_on).min(last);
        let due_on = Period { from, to: last, of: 1 }.due_on(due_day.into());
        bills.push(OpeningBill { from, to: last, due_on, amount: share });
        left = left - share;
        month = month.checked_sub_months(Months::new(1)).unwrap_or(month);
        if oldest {
            break;
        }
    }
    bills.reverse();
    bills
}

/// Counts and sums of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOverTotals {
    pub rows: i32,
    pub balance: Money,
    pub deposit: Money,
    pub arrears: Money,
}

/// A batch as the list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TakeOverRow {
    pub id: i64,
    pub batch_no: String,
    pub district: String,
    pub cutoff_on: NaiveDate,
    pub file_name: String,
    pub staged: TakeOverTotals,
    pub written: TakeOverTotals,
    pub failed: i32,
    pub digest: Option<String>,
    pub status: TakeOverStatus,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    pub finished_at: Option<DateTime<Utc>>,
    /// why what was left was given up
    pub end_reason: Option<String>,
    pub version: i32,
    pub submittable: bool,
    pub decidable: bool,
    /// a draft that another may put aside
    pub refusable: bool,
    pub withdrawable: bool,
    /// agreed to and not done, and no job is at it: it may go on, or be given up
    pub resumable: bool,
}

impl TakeOverRow {
    /// Whether what was written is what was staged: each total of its own. None before it is done.
    #[must_use]
    pub fn balanced(&self) -> Option<bool> {
        (self.status == TakeOverStatus::Done).then(|| self.failed == 0 && self.staged == self.written)
    }
}

/// A row of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TakeOverItem {
    pub take_over_id: i64,
    pub batch_no: String,
    pub row_no: i32,
    pub contract_no: String,
    pub contract_id: Option<ContractId>,
    pub lessee: String,
    pub id_number_mask: String,
    pub address: String,
    pub start_on: NaiveDate,
    pub end_on: NaiveDate,
    pub monthly_rent: Money,
    pub balance: Money,
    pub deposit: Money,
    pub arrears: Money,
    pub state: TakeOverState,
    pub message: Option<String>,
}

/// A batch with the first of its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TakeOver {
    pub row: TakeOverRow,
    /// those that were not written first
    pub items: Vec<TakeOverItem>,
    /// the job that writes it, of one that was agreed to
    pub job: Option<String>,
    /// what stands against its submission or approval
    pub obstacle: Option<String>,
}

/// Rows that the page of a batch shows.
pub const SHOWN: usize = 50;

/// 存量合同接管 list: one row per batch.
#[rustfmt::skip] // a table: one line per column
pub const TAKE_OVER_LIST: ListSheet<TakeOverRow> = ListSheet {
    key: "take_over",
    noun: "存量合同接管",
    path: "/tenancy/take-overs",
    search_hint: "批次号、文件名",
    columns: &[
        ListColumn { key: "batch_no", header: "批次号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.batch_no, format!("/tenancy/take-overs/{}", row.id)) },
        ListColumn { key: "district", header: "区县", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "cutoff_on", header: "接管日", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.cutoff_on) },
        ListColumn { key: "file_name", header: "文件名", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.file_name) },
        ListColumn { key: "rows", header: "合同数", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Number(row.staged.rows.into()) },
        ListColumn { key: "balance", header: "账户余额合计(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.staged.balance) },
        ListColumn { key: "deposit", header: "押金合计(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.staged.deposit) },
        ListColumn { key: "arrears", header: "欠费合计(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.staged.arrears) },
        ListColumn { key: "written", header: "已接管", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.written.rows.into()) },
        ListColumn { key: "failed", header: "未接管", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.failed.into()) },
        ListColumn { key: "maker", header: "经办人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.maker.as_deref().unwrap_or_default()) },
        ListColumn { key: "made_at", header: "导入时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(TakeOverStatus::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        TURN,
    ],
    default_sort: ("made_at", true),
    jumps: false,
};

/// The rows of batches.
#[rustfmt::skip] // a table: one line per column
pub const TAKE_OVER_ITEM_LIST: ListSheet<TakeOverItem> = ListSheet {
    key: "take_over_item",
    noun: "接管明细",
    path: "/tenancy/take-overs/items",
    search_hint: "合同编号、承租人、住房地址",
    columns: &[
        ListColumn { key: "contract_no", header: "合同编号", kind: Kind::Text, sortable: false, essential: true, cell: |row| match row.contract_id { Some(id) => Cell::link(&row.contract_no, format!("/tenancy/contracts/{id}")), None => Cell::text(&row.contract_no) } },
        ListColumn { key: "batch_no", header: "批次号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.batch_no, format!("/tenancy/take-overs/{}", row.take_over_id)) },
        ListColumn { key: "row_no", header: "文件行号", kind: Kind::Number, sortable: true, essential: false, cell: |row| Cell::Number(row.row_no.into()) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.lessee) },
        ListColumn { key: "id_number", header: "证件号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.id_number_mask) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "start_on", header: "开始日期", kind: Kind::Time, sortable: false, essential: false, cell: |row| Cell::Date(row.start_on) },
        ListColumn { key: "end_on", header: "结束日期", kind: Kind::Time, sortable: false, essential: false, cell: |row| Cell::Date(row.end_on) },
        ListColumn { key: "monthly_rent", header: "月租金(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.monthly_rent) },
        ListColumn { key: "balance", header: "账户余额(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.balance) },
        ListColumn { key: "deposit", header: "押金(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.deposit) },
        ListColumn { key: "arrears", header: "欠费(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.arrears) },
        ListColumn { key: "state", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.state) },
        ListColumn { key: "message", header: "未接管原因", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.message.as_deref(), Cell::text) },
    ],
    filters: &[
        Filter { key: "state", label: "状态", choices: Choices::Of(TakeOverState::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "batch", label: "接管批次", choices: Choices::Linked },
    ],
    default_sort: ("row_no", false),
    jumps: false,
};

/// A batch as label and value.
#[must_use]
pub fn take_over_fields(row: &TakeOverRow) -> Vec<(&'static str, Cell)> {
    let text = |text: &Option<String>| cell_or_empty(text.as_ref(), |text| Cell::text(text));
    let mut fields = TAKE_OVER_LIST.fields(row);
    fields.extend([
        ("数据摘要(SHA-256)", text(&row.digest)),
        ("审批人", text(&row.checker)),
        ("审批时间", cell_or_empty(row.checked_at, Cell::Time)),
        ("审批意见", text(&row.opinion)),
        ("完成时间", cell_or_empty(row.finished_at, Cell::Time)),
        ("终止原因", text(&row.end_reason)),
    ]);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use TakeOverEvent as E;
    use TakeOverStatus as S;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn fen(fen: i64) -> Money {
        Money::from_fen(fen)
    }

    #[test]
    fn every_event_in_every_status() {
        let allowed = [
            (E::Submit, S::Draft, S::Pending),
            (E::Approve, S::Pending, S::Approved),
            (E::Refuse, S::Draft, S::Refused),
            (E::Refuse, S::Pending, S::Refused),
            (E::Withdraw, S::Draft, S::Withdrawn),
            (E::Withdraw, S::Pending, S::Withdrawn),
            (E::Finish, S::Approved, S::Done),
            (E::Abandon, S::Approved, S::Done),
        ];
        for event in [E::Submit, E::Approve, E::Refuse, E::Withdraw, E::Finish, E::Abandon] {
            for status in S::ALL {
                let to = allowed.iter().find(|(known, from, _)| (*known, *from) == (event, *status)).map(|it| it.2);
                assert_eq!(status.next(event).ok(), to, "{status} {event:?}");
            }
        }
    }

    /// Three months behind with a rent of 111.80, of which 20.00 were paid on the oldest.
    #[test]
    fn what_is_owed_is_owed_by_the_newest_months() {
        let bills = opening_bills(
            fen(3 * 11_180 - 2_000),
            (day("2026-08-01"), day("2026-10-01")),
            fen(11_180),
            10,
            (day("2026-01-01"), day("2026-10-20")),
        );
        let told: Vec<_> = bills.iter().map(|bill| (bill.from, bill.to, bill.due_on, bill.amount.fen())).collect();
        assert_eq!(
            told,
            [
                (day("2026-08-01"), day("2026-08-31"), day("2026-08-10"), 9_180),
                (day("2026-09-01"), day("2026-09-30"), day("2026-09-10"), 11_180),
                (day("2026-10-01"), day("2026-10-20"), day("2026-10-10"), 11_180),
            ]
        );
    }

    proptest! {
        /// Whatever is owed for whichever months: the bills come to it, each of another month between the two, none of nothing.
        #[test]
        fn opening_bills_come_to_what_is_owed(
            owed in 1i64..5_000_000, rent in 0i64..200_000, months in 0u32..120, due in 1u8..=28, start in 1u32..=28, cut in 1u32..=28,
        ) {
            let to = day("2026-10-01");
            let from = to.checked_sub_months(Months::new(months)).unwrap();
            let start_on = from + chrono::Days::new(u64::from(start) - 1);
            let cutoff_on = to + chrono::Days::new(u64::from(cut.max(start)) - 1);
            let bills = opening_bills(fen(owed), (from, to), fen(rent), due, (start_on, cutoff_on));
            prop_assert_eq!(bills.iter().map(|bill| bill.amount).sum::<Money>(), fen(owed));
            prop_assert!(bills.len() <= months as usize + 1);
            for bill in &bills {
                prop_assert!(bill.amount > Money::ZERO && bill.from <= bill.to);
                prop_assert!(bill.from >= start_on && bill.to <= cutoff_on);
                prop_assert_eq!(month_of(bill.from), month_of(bill.to));
            }
            prop_assert!(bills.windows(2).all(|pair| pair[0].to < pair[1].from));
        }
    }
}
