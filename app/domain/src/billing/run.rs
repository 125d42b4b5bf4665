//! 生成账单 (domain.md §3.6 L2, PRM-40, S1-7.3): the runs of a district's months as a list shows them, and what is entered to
//! start one.

use crate::{
    failure::FieldErrors,
    id::OrganizationId,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::{Complaint, Money},
};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A row of the list: one district's month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    pub id: i64,
    pub district_id: OrganizationId,
    pub district: String,
    pub month: NaiveDate,
    /// all contracts were looked at
    pub done: bool,
    /// looked at by the last run
    pub contracts: i32,
    /// posted by all runs of the month
    pub bills: i32,
    pub amount: Money,
    pub started_at: DateTime<Utc>,
    pub started_by: Option<String>,
    pub finished_at: Option<DateTime<Utc>>,
}

impl RunRow {
    fn status(&self) -> Cell {
        if self.done { Cell::badge("completed", "已完成") } else { Cell::badge("pending", "未完成") }
    }
}

/// A month as people and addresses write it: `2026-03`.
#[must_use]
pub fn month_text(month: NaiveDate) -> String {
    format!("{:04}-{:02}", month.year(), month.month())
}

/// The first day of a month that somebody wrote as `2026-03`.
#[must_use]
pub fn month_parse(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    // The parser itself would also take `2026-3` and `+2026-03`.
    let plain = text.len() == 7
        && text.bytes().enumerate().all(|(at, byte)| if at == 4 { byte == b'-' } else { byte.is_ascii_digit() });
    if plain { format!("{text}-01").parse().ok() } else { None }
}

/// Nobody's books here are older.
const FIRST_YEAR: i32 = 2000;

/// What starts a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunForm {
    /// id of the request, drawn by the browser (a UUID): pressed twice it starts one job
    pub request: String,
    pub district: String,
    /// `2026-03`
    pub month: String,
}

/// A form that passed its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunFields {
    pub district: OrganizationId,
    pub month: NaiveDate,
}

impl RunForm {
    /// Checks the fields on a day: a month is billed when it has begun, and not before the city kept its books here.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<RunFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let district = self.district.parse().ok().map(OrganizationId);
        let district = errors.take("district", district.ok_or(Complaint::says("请选择区县")));
        let month = month_parse(&self.month).ok_or(Complaint::says("请填写账期，如 2026-03"));
        let month = errors.take(
            "month",
            month.and_then(|month| match month {
                month if month > today => Err(Complaint::says("该月份尚未开始，不能生成账单")),
                month if month.year() < FIRST_YEAR => Err(Complaint::says("账期不能早于2000年")),
                month => Ok(month),
            }),
        );
        match (district, month) {
            (Some(district), Some(month)) if errors.is_empty() => Ok(RunFields { district, month }),
            _ => Err(errors),
        }
    }
}

/// 生成账单 list.
#[rustfmt::skip] // a table: one line per column
pub const RUN_LIST: ListSheet<RunRow> = ListSheet {
    key: "bill_run",
    noun: "账单生成记录",
    path: "/billing/runs",
    search_hint: "区县",
    columns: &[
        ListColumn { key: "district", header: "所属区县", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "month", header: "账期", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::link(month_text(row.month), format!("/billing/bills?district={}&month={}", row.district_id, month_text(row.month))) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: RunRow::status },
        ListColumn { key: "contracts", header: "合同数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.contracts.into()) },
        ListColumn { key: "bills", header: "生成账单数", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.bills.into()) },
        ListColumn { key: "amount", header: "应收金额(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "started_at", header: "首次生成", kind: Kind::Time, sortable: false, essential: false, cell: |row| Cell::Time(row.started_at) },
        ListColumn { key: "started_by", header: "操作人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.started_by.as_deref(), Cell::text) },
        ListColumn { key: "finished_at", header: "最近完成", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.finished_at, Cell::Time) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
    ],
    default_sort: ("month", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_written_one_way() {
        assert_eq!(month_parse(" 2026-03 "), Some(day("2026-03-01")));
        for wrong in ["", "2026", "2026-3", "2026-13", "2026-00", "+026-03", "2026/03", "2026-03-01", "二〇二六"] {
            assert_eq!(month_parse(wrong), None, "{wrong}");
        }
        assert_eq!(month_text(day("2026-03-31")), "2026-03");
    }

    #[test]
    fn a_month_is_billed_when_it_has_begun() {
        let form = |month: &str| RunForm { district: "7".into(), month: month.into(), ..RunForm::default() };
        let today = day("2026-03-01");
        assert_eq!(form("2026-03").check(today), Ok(RunFields { district: OrganizationId(7), month: today }));
        for month in ["2026-04", "1999-12", "0000-01", "9999-12"] {
            assert!(form(month).check(today).unwrap_err().get("month").is_some(), "{month}");
        }
        let nothing = RunForm::default().check(today).unwrap_err();
        assert!(nothing.get("district").is_some() && nothing.get("month").is_some());
    }
}
