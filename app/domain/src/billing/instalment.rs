//! The two ways in which arrears rest (domain.md §3.8): 暂停催缴 (SUSPENDED) until a day, and 分期还款 (INSTALMENT) by dates.

use super::dunning_sheet::turns;
use crate::{
    dictionary::{ArrearsLevel, dictionary},
    failure::{Failure, FieldErrors},
    form::date,
    id::AccountId,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::{Complaint, Money, required, text_max},
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// The longest pause, in days.
pub const PAUSE_DAYS: u64 = 366;
/// Lines of a plan.
pub const LINES_MAX: usize = 24;
/// The last day of a plan, in days from today.
const PLAN_DAYS: u64 = 2 * 366;

dictionary! {
    /// 暂停原因 (§3.8)
    PauseGround = "E-51.suspend" "暂停原因" {
        Hardship = "HARDSHIP" "生活困难",
        Dispute = "DISPUTE" "存在争议",
        Subsidy = "SUBSIDY" "等待补贴",
    }
}

dictionary! {
    /// 暂停状态
    PauseStatus = "E-51.suspend_status" "暂停状态" {
        Pending = "PENDING" "待复核",
        Active = "ACTIVE" "暂停中",
        Refused = "REFUSED" "已驳回",
        Ended = "ENDED" "已恢复",
    }
}

dictionary! {
    /// 分期状态
    InstalmentStatus = "E-52.plan" "分期状态" {
        Pending = "PENDING" "待复核",
        Active = "ACTIVE" "履行中",
        Refused = "REFUSED" "已驳回",
        Done = "DONE" "已还清",
        Broken = "BROKEN" "已违约",
    }
}

impl PauseStatus {
    /// The status after it was decided about, or after it ended.
    ///
    /// # Errors
    /// The sentence, when that cannot happen in this status.
    pub fn decided(self, approve: bool) -> Result<Self, Failure> {
        match (self, approve) {
            (Self::Pending, true) => Ok(Self::Active),
            (Self::Pending, false) => Ok(Self::Refused),
            _ => Err(Failure::refused(format!("暂停状态为“{self}”，请刷新后再办理"))),
        }
    }

    /// # Errors
    /// As [`Self::decided`].
    pub fn ended(self) -> Result<Self, Failure> {
        match self {
            Self::Active => Ok(Self::Ended),
            _ => Err(Failure::refused(format!("暂停状态为“{self}”，请刷新后再办理"))),
        }
    }
}

impl InstalmentStatus {
    /// # Errors
    /// The sentence, when it was decided about already.
    pub fn decided(self, approve: bool) -> Result<Self, Failure> {
        match (self, approve) {
            (Self::Pending, true) => Ok(Self::Active),
            (Self::Pending, false) => Ok(Self::Refused),
            _ => Err(Failure::refused(format!("分期状态为“{self}”，请刷新后再办理"))),
        }
    }
}

/// A line of a plan: what is paid by a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalmentLine {
    pub due_on: NaiveDate,
    pub amount: Money,
}

/// Where a running plan stands on a day: so much was paid since it was made, so much is left of its bills. What is charged for
/// paying late meanwhile is no part of it, and is dunned as ever once all lines were kept.
#[must_use]
pub fn instalment_stands(lines: &[InstalmentLine], paid: Money, left: Money, today: NaiveDate) -> InstalmentStatus {
    let sum = |until: NaiveDate| lines.iter().filter(|line| line.due_on < until).map(|line| line.amount).sum::<Money>();
    if left <= Money::ZERO || paid >= sum(NaiveDate::MAX) {
        return InstalmentStatus::Done;
    }
    if paid < sum(today) { InstalmentStatus::Broken } else { InstalmentStatus::Active }
}

/// A pause as it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseForm {
    pub ground: String,
    pub until: String,
    pub reason: String,
}

/// The same, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseFields {
    pub ground: PauseGround,
    pub until: NaiveDate,
    pub reason: String,
}

impl PauseForm {
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<PauseFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let ground =
            errors.take("ground", PauseGround::from_code(&self.ground).ok_or(Complaint::says("请选择暂停原因")));
        let last = today.checked_add_days(Days::new(PAUSE_DAYS)).unwrap_or(today);
        let until = date(self.until.trim()).and_then(|day| {
            if day <= today {
                Err(Complaint::says("截止日期须晚于今天"))
            } else if day > last {
                Err(Complaint::says("暂停不能超过一年"))
            } else {
                Ok(day)
            }
        });
        let until = errors.take("until", until);
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        match (ground, until, reason) {
            (Some(ground), Some(until), Some(reason)) => Ok(PauseFields { ground, until, reason }),
            _ => Err(errors),
        }
    }
}

/// A line as it is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineForm {
    pub due_on: String,
    pub amount: String,
}

/// A plan as it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalmentForm {
    /// id of the request, drawn by the browser once (a UUID)
    pub request: String,
    pub reason: String,
    pub lines: Vec<LineForm>,
}

/// The same, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalmentFields {
    pub request: String,
    pub reason: String,
    pub lines: Vec<InstalmentLine>,
}

impl InstalmentForm {
    /// Checks a plan for a debt: its lines come to it, one day after the other.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, debt: Money, today: NaiveDate) -> Result<InstalmentFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        if self.request.len() != 36 {
            errors.add("reason", "页面已过期，请刷新后再办理");
        }
        if !(2..=LINES_MAX).contains(&self.lines.len()) {
            errors.add("lines", format!("分期须为2至{LINES_MAX}期"));
        }
        let last = today.checked_add_days(Days::new(PLAN_DAYS)).unwrap_or(today);
        let mut lines: Vec<InstalmentLine> = Vec::new();
        for (place, form) in self.lines.iter().enumerate() {
            let nth = place + 1;
            let Ok(due_on) = date(form.due_on.trim()) else {
                errors.add("lines", format!("第{nth}期：日期格式应为YYYY-MM-DD"));
                continue;
            };
            let Some(amount) = Money::parse_yuan(&form.amount).ok().filter(|amount| *amount > Money::ZERO) else {
                errors.add("lines", format!("第{nth}期：金额应为大于0的数字，最多2位小数"));
                continue;
            };
            if due_on <= lines.last().map_or(today, |line| line.due_on) {
                errors.add("lines", format!("第{nth}期：日期须晚于今天和上一期"));
            } else if due_on > last {
                errors.add("lines", format!("第{nth}期：分期不能超过两年"));
            }
            lines.push(InstalmentLine { due_on, amount });
        }
        let sum: Money = lines.iter().map(|line| line.amount).sum();
        if sum != debt {
            errors.add("lines", format!("各期合计{sum}元，须等于欠费{debt}元"));
        }
        match reason {
            Some(reason) if errors.is_empty() => Ok(InstalmentFields { request: self.request.clone(), reason, lines }),
            _ => Err(errors),
        }
    }
}

/// A pause, as lists and its page show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PauseRow {
    pub id: i64,
    pub account_id: AccountId,
    pub lessee: String,
    pub address: String,
    pub ground: PauseGround,
    pub reason: String,
    pub until: NaiveDate,
    pub status: PauseStatus,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    pub ended_at: Option<DateTime<Utc>>,
    /// before its day: by whom, and why
    pub ender: Option<String>,
    pub end_reason: Option<String>,
    pub version: i32,
    pub decidable: bool,
}

/// 暂停催缴 list.
#[rustfmt::skip] // a table: one line per column
pub const PAUSE_LIST: ListSheet<PauseRow> = ListSheet {
    key: "dunning_pause",
    noun: "暂停催缴",
    path: "/billing/dunning/pauses",
    search_hint: "承租人、住房地址",
    columns: &[
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.lessee, format!("/billing/dunning/pauses/{}", row.id)) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.address, format!("/billing/dunning/accounts/{}", row.account_id)) },
        ListColumn { key: "ground", header: "暂停原因", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.ground) },
        ListColumn { key: "reason", header: "说明", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.reason) },
        ListColumn { key: "until", header: "截止日期", kind: Kind::Time, sortable: false, essential: true, cell: |row| Cell::Date(row.until) },
        ListColumn { key: "maker", header: "申请人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.maker.as_deref(), Cell::text) },
        ListColumn { key: "made_at", header: "申请时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "checker", header: "复核人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.checker.as_deref(), Cell::text) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(PauseStatus::choices) },
        Filter { key: "turn", label: "待办", choices: Choices::Fixed(turns) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
    ],
    default_sort: ("made_at", true),
    jumps: false,
};

/// A plan, as lists and its page show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstalmentRow {
    pub id: i64,
    pub account_id: AccountId,
    pub lessee: String,
    pub address: String,
    pub debt: Money,
    /// of its bills, now
    pub outstanding: Money,
    pub reason: String,
    pub status: InstalmentStatus,
    pub level_before: ArrearsLevel,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    pub ended_on: Option<NaiveDate>,
    pub version: i32,
    pub decidable: bool,
}

/// 分期还款 list.
#[rustfmt::skip] // a table: one line per column
pub const INSTALMENT_LIST: ListSheet<InstalmentRow> = ListSheet {
    key: "instalment",
    noun: "分期还款",
    path: "/billing/dunning/instalments",
    search_hint: "承租人、住房地址",
    columns: &[
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.lessee, format!("/billing/dunning/instalments/{}", row.id)) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.address, format!("/billing/dunning/accounts/{}", row.account_id)) },
        ListColumn { key: "debt", header: "欠费(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.debt) },
        ListColumn { key: "outstanding", header: "未还(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.outstanding) },
        ListColumn { key: "level_before", header: "分期前等级", kind: Kind::Badge, sortable: false, essential: false, cell: |row| Cell::status(row.level_before) },
        ListColumn { key: "reason", header: "说明", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.reason) },
        ListColumn { key: "maker", header: "申请人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.maker.as_deref(), Cell::text) },
        ListColumn { key: "made_at", header: "申请时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "checker", header: "复核人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.checker.as_deref(), Cell::text) },
        ListColumn { key: "ended_on", header: "结束日期", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.ended_on, Cell::Date) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(InstalmentStatus::choices) },
        Filter { key: "turn", label: "待办", choices: Choices::Fixed(turns) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
    ],
    default_sort: ("made_at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn plan(lines: &[(&str, &str)]) -> InstalmentForm {
        InstalmentForm {
            request: "00000000-0000-4000-8000-000000000001".into(),
            reason: "暂时困难".into(),
            lines: lines
                .iter()
                .map(|(day, amount)| LineForm { due_on: (*day).into(), amount: (*amount).into() })
                .collect(),
        }
    }

    #[test]
    fn the_lines_come_to_the_debt() {
        let debt = Money::from_fen(22_360);
        let check = |lines: &[(&str, &str)]| plan(lines).check(debt, day("2026-11-28"));
        let fields = check(&[("2026-12-10", "111.80"), ("2027-01-10", "111.80")]).expect("it is right");
        assert_eq!(fields.lines.len(), 2);
        let said = |lines: &[(&str, &str)]| check(lines).unwrap_err().get("lines").unwrap_or_default().to_owned();
        assert_eq!(said(&[("2026-12-10", "111.80"), ("2027-01-10", "111.79")]), "各期合计223.59元，须等于欠费223.60元");
        assert_eq!(said(&[("2026-12-10", "223.60")]), "分期须为2至24期");
        assert_eq!(said(&[("2026-11-28", "111.80"), ("2027-01-10", "111.80")]), "第1期：日期须晚于今天和上一期");
        assert_eq!(said(&[("2026-12-10", "111.80"), ("2026-12-10", "111.80")]), "第2期：日期须晚于今天和上一期");
        assert_eq!(said(&[("x", "111.80"), ("2027-01-10", "111.80")]), "第1期：日期格式应为YYYY-MM-DD");
        assert_eq!(said(&[("2026-12-10", "0"), ("2027-01-10", "111.80")]), "第1期：金额应为大于0的数字，最多2位小数");
    }

    #[test]
    fn a_plan_is_kept_broken_or_done() {
        use InstalmentStatus as S;
        let lines = [
            InstalmentLine { due_on: day("2026-12-10"), amount: Money::from_fen(10_000) },
            InstalmentLine { due_on: day("2027-01-10"), amount: Money::from_fen(12_360) },
        ];
        let stands = |paid: i64, left: i64, today: &str| {
            instalment_stands(&lines, Money::from_fen(paid), Money::from_fen(left), day(today))
        };
        assert_eq!(stands(0, 22_360, "2026-12-10"), S::Active, "the day itself is in time");
        assert_eq!(stands(0, 22_360, "2026-12-11"), S::Broken);
        assert_eq!(stands(9_999, 12_361, "2026-12-11"), S::Broken);
        assert_eq!(stands(10_000, 12_360, "2026-12-11"), S::Active);
        assert_eq!(stands(10_000, 12_900, "2026-12-11"), S::Active, "a late fee that grew breaks nothing");
        assert_eq!(stands(10_000, 12_360, "2027-01-11"), S::Broken);
        assert_eq!(stands(10_000, 0, "2026-12-01"), S::Done);
        assert_eq!(stands(22_360, 540, "2027-01-11"), S::Done, "all lines were kept");
    }

    #[test]
    fn a_pause_ends_within_a_year() {
        let form =
            |until: &str| PauseForm {
                ground: "HARDSHIP".into(), until: until.into(), reason: "低保审批中".into()
            };
        let said =
            |until: &str| form(until).check(day("2026-11-28")).unwrap_err().get("until").unwrap_or_default().to_owned();
        assert!(form("2026-12-31").check(day("2026-11-28")).is_ok());
        assert_eq!(said("2026-11-28"), "截止日期须晚于今天");
        assert_eq!(said("2027-11-30"), "暂停不能超过一年");
        assert_eq!(PauseStatus::Pending.decided(true), Ok(PauseStatus::Active));
        assert_eq!(PauseStatus::Active.ended(), Ok(PauseStatus::Ended));
        assert!(PauseStatus::Ended.ended().is_err() && PauseStatus::Active.decided(false).is_err());
        assert_eq!(InstalmentStatus::Pending.decided(false), Ok(InstalmentStatus::Refused));
        assert!(InstalmentStatus::Broken.decided(true).is_err());
    }
}
