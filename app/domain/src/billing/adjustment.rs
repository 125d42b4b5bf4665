//! 租金调整 (E-55, S1-7.1): the rent of contracts changes from a bill period on, asked for by one, agreed to by another.
//!
//! Plans are computed from the terms, so a change that is agreed to needs nothing rewritten: the terms have one rent more.

use crate::{
    billing::{
        payment::is_uuid,
        plan::{self, Terms},
        run::{month_parse, month_text},
    },
    dictionary::{ApplicantCategory, dictionary},
    failure::{Failure, FieldErrors},
    form::{optional, optional_text, pick},
    id::{ContractId, EstateId, OrganizationId, RentStandardId},
    value::{Area, Check, Complaint, Money, Rate, monthly_rent, required, round_half_up, text_max},
};
use chrono::{DateTime, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

dictionary! {
    /// 租金调整类型 (D-53)
    AdjustType = "D-53" "租金调整类型" {
        Standard = "STANDARD" "标准调整",
        Category = "CATEGORY" "保障类别变化",
        Reduction = "REDUCTION" "核减",
        Market = "MARKET" "转市场租金",
        Correct = "CORRECT" "更正",
    }
}

dictionary! {
    /// 租金调整状态 (E-55 `status`)
    AdjustStatus = "E-55.status" "租金调整状态" {
        Pending = "PENDING" "待审批",
        Approved = "APPROVED" "已批准",
        Refused = "REFUSED" "已驳回",
        Withdrawn = "WITHDRAWN" "已撤回",
    }
}

/// What happens to an adjustment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdjustEvent {
    Approve,
    Refuse,
    Withdraw,
}

impl AdjustStatus {
    /// The status after the event. This is the whole state machine; what was refused is asked for anew.
    ///
    /// # Errors
    /// The sentence, when the event does not exist in this status.
    pub fn next(self, event: AdjustEvent) -> Result<Self, Failure> {
        match (event, self) {
            (AdjustEvent::Approve, Self::Pending) => Ok(Self::Approved),
            (AdjustEvent::Refuse, Self::Pending) => Ok(Self::Refused),
            (AdjustEvent::Withdraw, Self::Pending) => Ok(Self::Withdrawn),
            _ => Err(Failure::refused(format!("租金调整状态为“{self}”，请刷新后再办理"))),
        }
    }
}

impl AdjustType {
    /// Whether the new rate must be one of the published standards; the others follow from a decision of their own.
    #[must_use]
    pub const fn follows_standard(self) -> bool {
        matches!(self, Self::Standard | Self::Category)
    }

    /// Whether what is taken off changes with it: then it is of one household, and what is left to pay comes with it (I-12).
    #[must_use]
    pub const fn names_payable(self) -> bool {
        matches!(self, Self::Category | Self::Reduction)
    }

    /// What can be asked for on the page: of what many have in common, the rate.
    #[must_use]
    pub fn of_pages() -> Vec<Self> {
        Self::ALL.iter().copied().filter(|kind| !kind.names_payable()).collect()
    }
}

/// Days before the first higher rent in which tenants should know of it (S1-7.1).
pub const NOTICE_DAYS: i64 = 30;
/// 合同不存在或未生效
pub const NO_CONTRACT: &str = "合同不存在或未生效";
/// 生效月份不能早于已生成账单的月份
pub const IS_BILLED: &str = "生效月份不能早于已生成账单的月份";
/// A second change while the first waits would not know what it changes.
pub const IS_PENDING: &str = "该合同已有待审批的租金调整";
/// What is told of a contract whose reduction (E-56) covers the month.
pub const IS_REDUCED: &str = "合同在该月份有租金核减，请先提前终止核减";
/// Its last bills are cut and settled by the exit: made anew they would be charged in full once more.
pub const IS_LEAVING: &str = "该合同正在办理退租";
/// 新租金标准未经批准
pub const NO_STANDARD: &str = "新租金标准未经批准，请先维护租金标准";

/// How a contract stands when its rent is to change.
#[derive(Clone, Debug)]
pub struct Standing {
    pub terms: Terms,
    pub area: Area,
    /// in force now, before changes that are agreed to for later
    pub rate: Rate,
    /// the month of the last rent bill that was posted
    pub billed: Option<NaiveDate>,
    /// the day from which the last change holds that was agreed to
    pub changed_on: Option<NaiveDate>,
    /// a change waits for its checker
    pub pending: bool,
    /// an exit is under way
    pub leaving: bool,
}

/// A rent as it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRent {
    /// 执行日期: the first day of a bill period
    pub from: NaiveDate,
    pub old_full: Money,
    pub old_payable: Money,
    pub full: Money,
    pub payable: Money,
}

impl Standing {
    /// The rent of this contract from an effective month on; `payable` is what is left to be paid where that is named, otherwise
    /// what is taken off stays the same part of the rent (§4.3 is proportional to the rate).
    ///
    /// # Errors
    /// Why the contract cannot be adjusted from there on.
    pub fn adjusted(&self, month: NaiveDate, rate: Rate, payable: Option<Money>) -> Check<NewRent> {
        if self.pending {
            return Err(Complaint::says(IS_PENDING));
        }
        if self.leaving {
            return Err(Complaint::says(IS_LEAVING));
        }
        if self.billed.is_some_and(|billed| billed >= month) {
            return Err(Complaint::says(IS_BILLED));
        }
        let from = plan::first_day(&self.terms, month).ok_or(Complaint::says("生效月份晚于合同期限"))?;
        if self.changed_on.is_some_and(|day| day >= from) {
            return Err(Complaint::says("该合同已有同期或更晚生效的租金调整"));
        }
        let present = self.terms.rents.iter().rev().find(|rent| rent.from <= from).or(self.terms.rents.first());
        let present = present.ok_or(Complaint::says(NO_CONTRACT))?;
        let full = monthly_rent(self.area, rate);
        let kept = || match present.full.fen() {
            0 => full,
            whole => {
                let part = i128::from(full.fen()) * i128::from(present.payable.fen());
                Money::from_fen(round_half_up(part, whole.into()))
            }
        };
        let payable = payable.unwrap_or_else(kept);
        if payable > full || payable < Money::ZERO {
            return Err(Complaint::says(format!("新月租金不能高于核定租金{full}元")));
        }
        if (full, payable) == (present.full, present.payable) && rate == self.rate {
            return Err(Complaint::says("新租金与现租金相同"));
        }
        Ok(NewRent { from, old_full: present.full, old_payable: present.payable, full, payable })
    }
}

/// What an accountant enters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdjustmentForm {
    /// id of the request, drawn by the browser (a UUID): pressed twice it makes one adjustment
    pub request: String,
    /// one contract by its number; empty: all that the following name
    pub contract_no: String,
    pub district: String,
    pub standard: String,
    pub estate: String,
    pub category: String,
    pub kind: String,
    pub new_rate: String,
    /// `2027-01`
    pub month: String,
    pub doc_no: String,
    pub remark: String,
}

/// Which contracts an adjustment is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Contract(String),
    All {
        district: OrganizationId,
        standard: Option<RentStandardId>,
        estate: Option<EstateId>,
        category: Option<ApplicantCategory>,
    },
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdjustmentFields {
    pub request: String,
    pub target: Target,
    pub kind: AdjustType,
    pub rate: Rate,
    pub month: NaiveDate,
    pub doc_no: String,
    pub remark: Option<String>,
}

impl AdjustmentForm {
    /// Checks every field on a day.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<AdjustmentFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let target = self.target(&mut errors);
        let kind = AdjustType::from_code(&self.kind).filter(|kind| AdjustType::of_pages().contains(kind));
        let kind = errors.take("kind", kind.ok_or(Complaint::says("请选择调整类型")));
        let rate = errors.take("new_rate", required(&self.new_rate).and_then(|text| rate(&text)));
        let month = errors.take("month", required(&self.month).and_then(|text| month(&text, today)));
        let doc_no = errors.take("doc_no", required(&self.doc_no).and_then(|text| text_max(&text, 50)));
        let remark = errors.take("remark", optional_text(&self.remark, 200)).flatten();
        if !is_uuid(&self.request) {
            errors.add("doc_no", "页面已过期，请刷新后再办理");
        }
        match (target, kind, rate, month, doc_no) {
            (Some(target), Some(kind), Some(rate), Some(month), Some(doc_no)) if errors.is_empty() => {
                Ok(AdjustmentFields { request: self.request.clone(), target, kind, rate, month, doc_no, remark })
            }
            _ => Err(errors),
        }
    }

    fn target(&self, errors: &mut FieldErrors) -> Option<Target> {
        let contract_no = errors.take("contract_no", optional_text(&self.contract_no, 30)).flatten();
        if let Some(contract_no) = contract_no {
            let alone = [&self.standard, &self.estate, &self.category].into_iter().all(|text| text.trim().is_empty());
            if !alone {
                errors.add("contract_no", "填写合同编号时，不再选择租金标准、小区和保障类别");
            }
            return Some(Target::Contract(contract_no));
        }
        let district = errors.take("district", pick(&self.district, "请选择区县，或填写一份合同的编号"));
        let standard = errors.take("standard", optional(&self.standard, |text| pick(text, "请选择租金标准"))).flatten();
        let estate = errors.take("estate", optional(&self.estate, |text| pick(text, "请选择小区"))).flatten();
        let category = errors.take("category", optional(&self.category, ApplicantCategory::parse)).flatten();
        if standard.is_none() && estate.is_none() && category.is_none() && errors.is_empty() {
            errors.add("standard", "请至少选择租金标准、小区、保障类别中的一项");
        }
        Some(Target::All {
            district: OrganizationId(district?),
            standard: standard.map(RentStandardId),
            estate: estate.map(EstateId),
            category,
        })
    }
}

/// A rate that is not nothing.
///
/// # Errors
/// About `应为大于0的数字，最多4位小数`.
pub fn rate(text: &str) -> Check<Rate> {
    let rate = Rate::parse(text).ok().filter(|rate| rate.ten_thousandths() > 0);
    rate.ok_or(Complaint::about("应为大于0的数字，最多4位小数"))
}

/// An effective month; nobody decides about rents five years ahead.
fn month(text: &str, today: NaiveDate) -> Check<NaiveDate> {
    let month = month_parse(text).ok_or(Complaint::about("应为年月，如2027-01"))?;
    let last = today.checked_add_months(Months::new(60)).unwrap_or(today);
    if month > last { Err(Complaint::says("生效月份不能晚于5年之后")) } else { Ok(month) }
}

/// An adjustment as the list shows it: one document, one rate, one or many contracts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdjustmentRow {
    pub id: i64,
    pub adjustment_no: String,
    pub kind: AdjustType,
    pub district: String,
    /// which contracts, in words
    pub target: String,
    pub month: NaiveDate,
    pub doc_no: String,
    pub contracts: i32,
    /// 应缴月租金 of all of them, before and after
    pub old_total: Money,
    pub new_total: Money,
    pub status: AdjustStatus,
    pub remark: Option<String>,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    pub version: i32,
    /// whether the one who asks may decide about it, or take it back
    pub decidable: bool,
    pub withdrawable: bool,
}

/// A contract whose rent an adjustment changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RentChangeRow {
    pub adjustment_id: i64,
    pub adjustment_no: String,
    pub kind: AdjustType,
    pub contract_id: ContractId,
    pub contract_no: String,
    pub lessee: String,
    pub address: String,
    pub old_rate: Rate,
    pub new_rate: Rate,
    pub old_rent: Money,
    pub new_rent: Money,
    pub from_on: NaiveDate,
    pub doc_no: String,
    /// none: it was agreed to and could not be done
    pub status: Option<AdjustStatus>,
    /// why it could not be done, or what is to be looked at
    pub remark: Option<String>,
}

/// 未执行: code and label.
pub const LAPSED: (&str, &str) = ("LAPSED", "未执行");

/// An adjustment with the first of its contracts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adjustment {
    pub row: AdjustmentRow,
    pub changes: Vec<RentChangeRow>,
    /// contracts that stayed as they were, by the reason
    pub lapsed: Vec<(String, i64)>,
    /// contracts whose lessee or address is another one in the file that was imported
    pub differing: i64,
    /// it waits, and the first higher rent is nearer than [`NOTICE_DAYS`]
    pub short_notice: bool,
}

/// Contracts that one document takes.
pub const CONTRACTS_MAX: i64 = 20_000;
/// Contracts that a preview and a page show; the list has all.
pub const SHOWN: usize = 50;

/// Who would be affected (S1-7.1 preview).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AdjustmentPreview {
    pub contracts: i32,
    pub old_total: Money,
    pub new_total: Money,
    /// the first of them
    pub changes: Vec<PreviewRow>,
    /// contracts that stay as they are, by the reason
    pub left_out: Vec<(String, i32)>,
    /// the first higher rent is nearer than [`NOTICE_DAYS`]
    pub short_notice: bool,
}

/// A contract of a preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviewRow {
    pub contract_no: String,
    pub lessee: String,
    pub address: String,
    pub old_rate: Rate,
    pub old_rent: Money,
    pub new_rent: Money,
    pub from_on: NaiveDate,
}

/// What the form offers to choose from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AdjustmentOffer {
    pub districts: Vec<(i64, String)>,
    pub standards: Vec<(i64, String)>,
    pub estates: Vec<(i64, String)>,
    /// the next month, in which nobody has been billed yet
    pub month: String,
}

/// `2027-01` of the month behind a day.
#[must_use]
pub fn next_month(today: NaiveDate) -> String {
    month_text(plan::month_of(today).checked_add_months(Months::new(1)).unwrap_or(today))
}

#[cfg(test)]
#[path = "adjustment_tests.rs"]
mod tests;
