//! 租金核减 (E-56, S2-2.4, domain.md §4.3): what is taken off a contract's rent for some months, asked for by one, agreed to
//! by another.
//!
//! A reduction that is agreed to lies over the rents of the contract's terms: it ends by itself, and follows a rent that
//! changes meanwhile.

use crate::{
    billing::{
        payment::is_uuid,
        plan::Rent,
        rent::{MonthlyRent, Reduction, monthly_rent},
        run::month_parse,
    },
    dictionary::{ApplicantCategory, dictionary},
    failure::{Failure, FieldErrors},
    form::{optional, optional_text},
    id::ContractId,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, TURN, cell_or_empty},
    value::{Area, Check, Complaint, Money, Rate, required, text_max},
};
use chrono::{DateTime, Days, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

dictionary! {
    /// 租金核减状态 (E-56 `status`)
    ReductionStatus = "E-56.status" "租金核减状态" {
        Pending = "PENDING" "待审批",
        Approved = "APPROVED" "已批准",
        Refused = "REFUSED" "已驳回",
        Withdrawn = "WITHDRAWN" "已撤回",
        Stopped = "STOPPED" "已终止",
    }
}

/// What happens to a reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReductionEvent {
    Approve,
    Refuse,
    Withdraw,
    Stop,
}

impl ReductionStatus {
    /// The status after the event. This is the whole state machine; what was refused is asked for anew.
    ///
    /// # Errors
    /// The sentence, when the event does not exist in this status.
    pub fn next(self, event: ReductionEvent) -> Result<Self, Failure> {
        use ReductionEvent as E;
        match (event, self) {
            (E::Approve, Self::Pending) => Ok(Self::Approved),
            (E::Refuse, Self::Pending) => Ok(Self::Refused),
            (E::Withdraw, Self::Pending) => Ok(Self::Withdrawn),
            (E::Stop, Self::Approved) => Ok(Self::Stopped),
            _ => Err(Failure::refused(format!("租金核减状态为“{self}”，请刷新后再办理"))),
        }
    }
}

/// Months of one reduction: behind them the household is reviewed (年度复核) and it is asked for anew.
pub const MONTHS_MAX: u32 = 12;
/// Days before its end in which a reduction is to be reviewed, unless the city says otherwise (参数 REDUCTION_DAYS).
pub const ENDING_DAYS: u16 = 30;
/// What the city may say: a year is as long as a reduction.
pub const ENDING_DAYS_MAX: u16 = 180;
/// 合同不存在或未生效
pub const NO_CONTRACT: &str = "合同不存在或未生效";
/// Two of them would not know which one holds.
pub const OVERLAPS: &str = "该合同在此期间已有租金核减";
/// 核减期限超出合同期限
pub const BEYOND: &str = "核减期限超出合同期限";

/// A reduction that holds from a day to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Off {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub reduction: Reduction,
}

/// The rents of a contract, each with its rate, under its reductions: what is to be paid is never more than without them.
#[must_use]
pub fn overlay(rents: &[(Rent, Rate)], area: Area, offs: &[Off]) -> Vec<Rent> {
    let Some((first, _)) = rents.first() else { return Vec::new() };
    let begins = offs.iter().flat_map(|off| [Some(off.from), off.to.checked_add_days(Days::new(1))]).flatten();
    let mut days: Vec<NaiveDate> =
        rents.iter().map(|(rent, _)| rent.from).chain(begins.filter(|day| *day > first.from)).collect();
    days.sort_unstable();
    days.dedup();
    let at = |day: NaiveDate| {
        let (rent, rate) = rents.iter().rev().find(|(rent, _)| rent.from <= day).copied()?;
        let off = offs.iter().find(|off| off.from <= day && day <= off.to);
        let reduced = off.map_or(rent.payable, |off| monthly_rent(area, rate, Some(off.reduction)).payable);
        Some(Rent { from: day, payable: rent.payable.min(reduced), ..rent })
    };
    days.into_iter().filter_map(at).collect()
}

/// What an accountant enters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReductionForm {
    /// id of the request, drawn by the browser (a UUID): pressed twice it makes one reduction
    pub request: String,
    pub contract_no: String,
    pub category: String,
    /// what is paid of the rent of the standard area, in percent
    pub percent: String,
    pub standard_area: String,
    /// of a square metre beyond; empty: as any other
    pub over_rate: String,
    /// `2027-01`
    pub from: String,
    pub to: String,
    pub doc_no: String,
    pub remark: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReductionFields {
    pub request: String,
    pub contract_no: String,
    pub category: ApplicantCategory,
    pub off: Off,
    pub doc_no: String,
    pub remark: Option<String>,
}

impl ReductionForm {
    /// Checks every field on a day.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<ReductionFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let contract_no = errors.take("contract_no", required(&self.contract_no).and_then(|text| text_max(&text, 30)));
        let category = ApplicantCategory::from_code(&self.category).ok_or(Complaint::says("请选择保障类别"));
        let category = errors.take("category", category);
        let percent = errors.take("percent", required(&self.percent).and_then(|text| percent(&text)));
        let area = errors.take("standard_area", required(&self.standard_area).and_then(|text| Area::parse(&text)));
        let over_rate = errors.take("over_rate", optional(&self.over_rate, super::adjustment::rate)).flatten();
        let from = errors.take("from", required(&self.from).and_then(|text| month(&text, today)));
        let to = errors.take("to", required(&self.to).and_then(|text| month(&text, today)).map(last_day));
        let doc_no = errors.take("doc_no", required(&self.doc_no).and_then(|text| text_max(&text, 50)));
        let remark = errors.take("remark", optional_text(&self.remark, 200)).flatten();
        if let (Some(from), Some(to)) = (from, to) {
            if to < from {
                errors.add("to", "终止月份不能早于起始月份");
            } else if from.checked_add_months(Months::new(MONTHS_MAX)).is_some_and(|end| to >= end) {
                errors.add("to", format!("一次核减不超过{MONTHS_MAX}个月，到期复核后重新办理"));
            }
        }
        if !is_uuid(&self.request) {
            errors.add("doc_no", "页面已过期，请刷新后再办理");
        }
        match (contract_no, category, percent, area, from, to, doc_no) {
            (Some(contract_no), Some(category), Some(percent), Some(area), Some(from), Some(to), Some(doc_no))
                if errors.is_empty() =>
            {
                let reduction = Reduction { percent, standard_area: area, over_rate };
                let off = Off { from, to, reduction };
                Ok(ReductionFields { request: self.request.clone(), contract_no, category, off, doc_no, remark })
            }
            _ => Err(errors),
        }
    }
}

/// The last day of the month of a first day.
#[must_use]
pub fn last_day(month: NaiveDate) -> NaiveDate {
    month.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(month)
}

/// A month of a reduction; nobody decides about rents five years ahead, or of long ago.
fn month(text: &str, today: NaiveDate) -> Check<NaiveDate> {
    let month = month_parse(text).ok_or(Complaint::about("应为年月，如2027-01"))?;
    let last = today.checked_add_months(Months::new(60)).unwrap_or(today);
    let first = today.checked_sub_months(Months::new(13)).unwrap_or(today);
    if month > last || month < first {
        Err(Complaint::says("月份须在一年前至五年后之间"))
    } else {
        Ok(month)
    }
}

/// 100 would be no reduction.
fn percent(text: &str) -> Check<u32> {
    let percent = text.parse().ok().filter(|percent| *percent < 100 && !text.starts_with('+'));
    percent.ok_or(Complaint::about("应为0至99的整数"))
}

/// What a reduction would come to (§4.3): full, taken off, to be paid.
///
/// # Errors
/// A refusal, when nothing is taken off.
pub fn preview(area: Area, rate: Rate, reduction: Reduction) -> Check<MonthlyRent> {
    let rent = monthly_rent(area, rate, Some(reduction));
    if rent.payable < rent.full {
        Ok(rent)
    } else {
        Err(Complaint::says("按所填比例和面积没有可核减的租金"))
    }
}

/// A reduction, as lists and its page show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReductionRow {
    pub id: i64,
    pub reduction_no: String,
    pub contract_id: ContractId,
    pub contract_no: String,
    pub lessee: String,
    pub address: String,
    pub category: ApplicantCategory,
    pub percent: i16,
    pub standard_area: Area,
    pub over_rate: Option<Rate>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub full: Money,
    pub payable: Money,
    pub doc_no: String,
    pub remark: Option<String>,
    pub status: ReductionStatus,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    pub stop_reason: Option<String>,
    /// the last day for which it holds, once its end is asked for
    pub stop_on: Option<NaiveDate>,
    pub version: i32,
    /// whether the one who asks may decide about it, take it back, ask for its end, or decide about that
    pub decidable: bool,
    pub withdrawable: bool,
    pub stoppable: bool,
    pub stop_decidable: bool,
}

impl ReductionRow {
    /// 核减额: what is taken off a month. Written without a sign, as in the list; on a bill it is a line that subtracts.
    #[must_use]
    pub fn off(&self) -> Money {
        self.full - self.payable
    }
}

/// A line of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    pub at: DateTime<Utc>,
    pub actor: Option<String>,
    pub event: String,
    pub reason: Option<String>,
}

/// One reduction with its timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReductionRecord {
    pub row: ReductionRow,
    pub history: Vec<Note>,
}

/// 租金核减 list.
#[rustfmt::skip] // a table: one line per column
pub const REDUCTION_LIST: ListSheet<ReductionRow> = ListSheet {
    key: "rent_reduction",
    noun: "租金核减",
    path: "/billing/reductions",
    search_hint: "核减单号、合同编号、承租人、批准文号",
    columns: &[
        ListColumn { key: "reduction_no", header: "核减单号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.reduction_no, format!("/billing/reductions/{}", row.id)) },
        ListColumn { key: "contract_no", header: "合同编号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.contract_no, format!("/tenancy/contracts/{}", row.contract_id)) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.lessee) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "category", header: "保障类别", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.category) },
        ListColumn { key: "percent", header: "缴纳比例(%)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.percent.into()) },
        ListColumn { key: "standard_area", header: "保障面积(㎡)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Area(row.standard_area) },
        ListColumn { key: "full", header: "应收月租金(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.full) },
        ListColumn { key: "off", header: "核减额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.off()) },
        ListColumn { key: "payable", header: "实际应缴(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.payable) },
        ListColumn { key: "from", header: "起始日期", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.from) },
        ListColumn { key: "to", header: "终止日期", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.to) },
        ListColumn { key: "doc_no", header: "批准文号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.doc_no) },
        ListColumn { key: "maker", header: "经办人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.maker.as_deref().unwrap_or_default()) },
        ListColumn { key: "made_at", header: "提交时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(ReductionStatus::choices) },
        Filter { key: "category", label: "保障类别", choices: Choices::Of(ApplicantCategory::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "ending", label: "到期", choices: Choices::Fixed(|| vec![("SOON", "即将到期，须复核")]) },
        Filter { key: "contract", label: "合同", choices: Choices::Linked },
        TURN,
    ],
    default_sort: ("made_at", true),
    jumps: false,
};

/// A reduction as label and value.
#[must_use]
pub fn reduction_fields(row: &ReductionRow) -> Vec<(&'static str, Cell)> {
    let text = |text: &Option<String>| cell_or_empty(text.as_ref(), |text| Cell::text(text));
    let mut fields = REDUCTION_LIST.fields(row);
    fields.extend([
        ("超标面积单价", cell_or_empty(row.over_rate, |rate| Cell::Text(rate.to_string()))),
        ("备注", text(&row.remark)),
        ("审批人", text(&row.checker)),
        ("审批时间", cell_or_empty(row.checked_at, Cell::Time)),
        ("审批意见", text(&row.opinion)),
        ("提前终止至", cell_or_empty(row.stop_on, Cell::Date)),
        ("终止原因", text(&row.stop_reason)),
    ]);
    fields
}

#[cfg(test)]
#[path = "reduction_tests.rs"]
mod tests;
