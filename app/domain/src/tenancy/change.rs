//! 合同变更 (E-41, domain.md §3.5 C10): what of a contract in force changes from a day on, asked for by one, agreed to by
//! another. The rent changes by an adjustment (E-55), not here. Two households who swap their homes (调换) are two changes that
//! go together, with a form of their own (`tenancy::swap`).
//!
//! Only another cycle begins with a bill period. A term ends, and goes on, inside one by days; what else changes costs nothing.

use crate::{
    billing::payment::is_uuid,
    dictionary::{ContractStatus, PayCycle, Relation, dictionary},
    failure::{Failure, FieldErrors},
    form::{date, optional_text, pick},
    id::{ContractId, PersonId},
    tenancy::{contract::Contract, contract_form::ResidentForm, swap::SwapSide},
    value::{BankCard, Check, Complaint, Phone, required, text_max},
};
use chrono::{DateTime, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

dictionary! {
    /// 变更类型 (E-41 `kind`)
    ChangeKind = "E-41.kind" "合同变更类型" {
        Account = "ACCOUNT" "变更代扣账户",
        Phone = "PHONE" "变更联系电话",
        Residents = "RESIDENTS" "变更同住人",
        Lessee = "LESSEE" "变更承租人",
        Cycle = "CYCLE" "变更缴费周期",
        Term = "TERM" "变更租期",
        Swap = "SWAP" "调换住房",
    }
}

dictionary! {
    /// 变更状态 (E-41 `status`)
    ChangeStatus = "E-41.status" "合同变更状态" {
        Draft = "DRAFT" "待提交",
        Pending = "PENDING" "待审批",
        Approved = "APPROVED" "待生效",
        Refused = "REFUSED" "已驳回",
        Withdrawn = "WITHDRAWN" "已撤回",
        Effective = "EFFECTIVE" "已生效",
        Lapsed = "LAPSED" "未生效",
    }
}

dictionary! {
    /// 变更承租人的原因 (R-73, C10)
    SuccessionGround = "E-41.ground" "变更承租人原因" {
        Death = "DEATH" "承租人死亡",
        Divorce = "DIVORCE" "离婚",
        Other = "OTHER" "家庭内部调整",
    }
}

pub use super::change_state::{ChangeState, Difference, differences};

/// What happens to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeEvent {
    Submit,
    Approve,
    Refuse,
    Withdraw,
    /// its day has come and, where the account changes, the bank knows
    Take,
    /// the contract is not as it was any more
    Lapse,
    /// somebody gives up what was agreed to and does not hold yet
    Revoke,
}

/// Days ahead that somebody decides about.
const AHEAD: Months = Months::new(12);
/// 该合同已有办理中的变更
pub const CHANGE_IS_OPEN: &str = "该合同已有办理中的变更";
/// C10: only what runs is changed.
pub const NOT_IN_FORCE: &str = "合同不在履行中，不能变更";
/// C9: what was entered to follow the contract has taken over its lessee, account and last day.
pub const RENEWAL_IS_OPEN: &str = "该合同已有办理中的续签，不能变更";
/// The reverse of it.
pub const CHANGE_BEFORE_RENEWAL: &str = "该合同有办理中的变更，请在变更生效或撤销后续签";
/// C10: the first day of a bill period.
pub const NO_PERIOD: &str = "缴费周期的生效日期须为尚未生成账单的账期首日";

impl ChangeStatus {
    /// The status after the event (C10). This is the whole state machine.
    ///
    /// # Errors
    /// The sentence, when the event does not exist in this status.
    pub fn next(self, event: ChangeEvent) -> Result<Self, Failure> {
        match (event, self) {
            (ChangeEvent::Submit, Self::Draft) => Ok(Self::Pending),
            (ChangeEvent::Approve, Self::Pending) => Ok(Self::Approved),
            // A draft, too: whoever made it may have left.
            (ChangeEvent::Refuse, Self::Draft | Self::Pending) => Ok(Self::Refused),
            (ChangeEvent::Withdraw, Self::Draft | Self::Pending) => Ok(Self::Withdrawn),
            (ChangeEvent::Take, Self::Approved) => Ok(Self::Effective),
            (ChangeEvent::Lapse | ChangeEvent::Revoke, Self::Approved) => Ok(Self::Lapsed),
            _ => Err(Failure::refused(format!("变更状态为“{self}”，请刷新后再办理"))),
        }
    }

    /// Whether nothing else may be asked for meanwhile.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::Pending | Self::Approved)
    }
}

impl ChangeKind {
    /// Whether the bank has to know before it holds: the account that is debited is another.
    #[must_use]
    pub const fn tells_bank(self) -> bool {
        matches!(self, Self::Account | Self::Lessee)
    }

    /// Whether a contract that is to follow has what this changes as it was.
    #[must_use]
    pub const fn is_renewed(self) -> bool {
        !matches!(self, Self::Cycle)
    }

    /// How it stands with a contract in a status: while its end is asked for, whoever leaves still pays and is called, but
    /// nobody takes his place and no term becomes another.
    #[must_use]
    pub const fn fit(self, status: ContractStatus) -> Fit {
        match status {
            ContractStatus::Active => Fit::Now,
            ContractStatus::CancelPending | ContractStatus::CancelSyncing => match self {
                Self::Lessee | Self::Term => Fit::Later,
                Self::Account | Self::Phone | Self::Residents | Self::Cycle => Fit::Now,
                // Who leaves has no home to exchange, and the other does not wait for him.
                Self::Swap => Fit::Never,
            },
            _ => Fit::Never,
        }
    }
}

/// Whether a change can be taken into its contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    Now,
    /// when the contract goes on (C6)
    Later,
    Never,
}

/// What a clerk enters.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangeForm {
    /// id of the request, drawn by the browser (a UUID): pressed twice it makes one change
    pub request: String,
    pub kind: String,
    pub effective_on: String,
    pub reason: String,
    pub doc_no: String,
    pub bank_name: String,
    pub bank_no: String,
    pub phone: String,
    pub residents: Vec<ResidentForm>,
    /// the new lessee
    pub person: String,
    pub ground: String,
    pub pay_cycle: String,
    pub end_on: String,
}

/// Without account and telephone, so that logs never carry them.
impl fmt::Debug for ChangeForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeForm").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What is to be otherwise.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    Account {
        bank_name: String,
        bank_no: BankCard,
    },
    Phone(Phone),
    Residents(Vec<(PersonId, Relation)>),
    Lessee {
        person: PersonId,
        ground: SuccessionGround,
        bank_name: String,
        bank_no: BankCard,
        /// who goes on living there, and what each is to the new lessee
        residents: Vec<(PersonId, Relation)>,
    },
    Cycle(PayCycle),
    Term(NaiveDate),
}

/// A form that passed its check.
#[derive(Clone, PartialEq, Eq)]
pub struct ChangeFields {
    pub request: String,
    pub kind: ChangeKind,
    pub effective_on: NaiveDate,
    pub reason: String,
    pub doc_no: Option<String>,
    pub content: Content,
}

impl ChangeForm {
    /// Checks the fields of the chosen kind on a day.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<ChangeFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let kind = ChangeKind::from_code(&self.kind).filter(|kind| *kind != ChangeKind::Swap);
        let kind = errors.take("kind", kind.ok_or(Complaint::says("请选择变更类型")));
        // Another last day needs no day on which it begins to be the last.
        let day = match kind {
            Some(ChangeKind::Term) => Ok(today),
            _ => required(&self.effective_on).and_then(|text| date(&text)).and_then(|day| is_near(day, today)),
        };
        let day = errors.take("effective_on", day);
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        let doc_no = errors.take("doc_no", optional_text(&self.doc_no, 50)).flatten();
        let content = kind.and_then(|kind| self.content(kind, &mut errors));
        if !is_uuid(&self.request) {
            errors.add("kind", "页面已过期，请刷新后再办理");
        }
        match (kind, day, reason, content) {
            (Some(kind), Some(effective_on), Some(reason), Some(content)) if errors.is_empty() => {
                Ok(ChangeFields { request: self.request.clone(), kind, effective_on, reason, doc_no, content })
            }
            _ => Err(errors),
        }
    }

    fn content(&self, kind: ChangeKind, errors: &mut FieldErrors) -> Option<Content> {
        match kind {
            ChangeKind::Account => {
                let (bank_name, bank_no) = self.account(errors)?;
                Some(Content::Account { bank_name, bank_no })
            }
            ChangeKind::Phone => {
                let phone = required(&self.phone).and_then(|text| Phone::parse(&text));
                errors.take("phone", phone).map(Content::Phone)
            }
            ChangeKind::Residents => Some(Content::Residents(self.residents(errors, None))),
            ChangeKind::Lessee => {
                let person = errors.take("person", pick(&self.person, "请选择新承租人")).map(PersonId);
                let ground = SuccessionGround::from_code(&self.ground).ok_or(Complaint::says("请选择变更原因"));
                let ground = errors.take("ground", ground);
                let account = self.account(errors);
                let residents = self.residents(errors, person);
                let (bank_name, bank_no) = account?;
                Some(Content::Lessee { person: person?, ground: ground?, bank_name, bank_no, residents })
            }
            ChangeKind::Cycle => {
                let cycle = PayCycle::from_code(&self.pay_cycle).ok_or(Complaint::says("请选择缴费周期"));
                errors.take("pay_cycle", cycle).map(Content::Cycle)
            }
            ChangeKind::Term => {
                let day = required(&self.end_on).and_then(|text| date(&text));
                errors.take("end_on", day).map(Content::Term)
            }
            // It has a form of its own.
            ChangeKind::Swap => None,
        }
    }

    fn account(&self, errors: &mut FieldErrors) -> Option<(String, BankCard)> {
        let name = errors.take("bank_name", required(&self.bank_name).and_then(|text| text_max(&text, 50)));
        let card = errors.take("bank_no", required(&self.bank_no).and_then(|text| BankCard::parse(&text)));
        name.zip(card)
    }

    /// The co-residents; somebody stands among them once, and the lessee does not.
    fn residents(&self, errors: &mut FieldErrors, lessee: Option<PersonId>) -> Vec<(PersonId, Relation)> {
        let mut residents: Vec<(PersonId, Relation)> = Vec::new();
        for resident in &self.residents {
            let person = errors.take("residents", pick(&resident.person, "请选择同住人")).map(PersonId);
            let relation = errors.take("residents", Relation::parse(&resident.relation));
            let (Some(person), Some(relation)) = (person, relation) else { continue };
            let twice = residents.iter().any(|(known, _)| *known == person);
            if relation == Relation::Oneself || twice || lessee == Some(person) {
                errors.add("residents", "同住人不能重复，也不能是承租人本人");
            }
            residents.push((person, relation));
        }
        residents
    }
}

/// Not past, and not so far away that nobody can say what will be.
pub(super) fn is_near(day: NaiveDate, today: NaiveDate) -> Check<NaiveDate> {
    if day < today {
        Err(Complaint::says("生效日期不能早于今天"))
    } else if today.checked_add_months(AHEAD).is_some_and(|last| day > last) {
        Err(Complaint::says("生效日期不能晚于1年之后"))
    } else {
        Ok(day)
    }
}

/// Who may become the lessee: who lives there by the contract; after a death nobody else does.
///
/// # Errors
/// The sentence about who may not, or about the one who stays though he is gone.
pub fn may_succeed(
    contract: &Contract,
    person: PersonId,
    ground: SuccessionGround,
    residents: &[(PersonId, Relation)],
) -> Result<(), FieldErrors> {
    if person == contract.person_id {
        return Err(("person", "新承租人就是现承租人").into());
    }
    if !contract.residents.iter().any(|resident| resident.person_id == person) {
        return Err(("person", "新承租人须为合同登记的同住人").into());
    }
    let stays = residents.iter().any(|(resident, _)| *resident == contract.person_id);
    if stays && ground != SuccessionGround::Other {
        return Err(("residents", "原承租人已不在此居住，请从同住人中移除").into());
    }
    let known = |person: PersonId| {
        person == contract.person_id || contract.residents.iter().any(|resident| resident.person_id == person)
    };
    if residents.iter().any(|(resident, _)| !known(*resident)) {
        return Err(("residents", "同住人只能从原合同的人员中保留，新增同住人请另行办理变更").into());
    }
    Ok(())
}

/// A change as the list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeRow {
    pub id: i64,
    pub change_no: String,
    pub kind: ChangeKind,
    pub contract_id: ContractId,
    pub contract_no: String,
    pub lessee: String,
    pub address: String,
    pub effective_on: NaiveDate,
    pub reason: String,
    pub doc_no: Option<String>,
    pub status: ChangeStatus,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    pub effective_at: Option<DateTime<Utc>>,
    /// what the bank or our own rules said last
    pub message: Option<String>,
    pub version: i32,
    pub submittable: bool,
    pub decidable: bool,
    /// a draft that another may put aside
    pub refusable: bool,
    pub withdrawable: bool,
    /// agreed to, and may be given up before it holds
    pub revocable: bool,
    /// the bank refused it three times: somebody may have it told again
    pub repeatable: bool,
}

/// A change with its difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContractChange {
    pub row: ChangeRow,
    pub ground: Option<SuccessionGround>,
    pub before: ChangeState,
    pub after: ChangeState,
    /// of a swap (调换): both households, this change's first; nobody for who sees one of the two homes only
    pub swap: Vec<SwapSide>,
}

/// What the form shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeOffer {
    pub contract: Contract,
    pub today: NaiveDate,
    /// first days of bill periods that are not charged yet
    pub periods: Vec<NaiveDate>,
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
