//! 到期处置 (domain.md §3.5 C8, R-26, R-74): what becomes of a household that lives on in a home whose contract has expired and was
//! not renewed. First the lessor objects to it in writing and gives it a time to move, at the rent of the contract (搬迁期,
//! PRM-33); then, as long as it has no other home, it pays what the market asks (市场租金). One enters each of the two, another
//! agrees. In the same way days that were agreed to are taken back before they are over (提前终止): the household has another home,
//! or the time was given by mistake. Who moves out leaves by an exit instead, which charges no day behind it.
//!
//! Owns which of them comes next and what is entered. What is charged is the plan's (`billing::plan`).

use crate::{
    dictionary::{ContractStatus, dictionary},
    failure::{Failure, FieldErrors},
    form::date,
    id::{ContractId, StayId},
    value::{Check, Complaint, Money, required, text_max},
};
use chrono::{DateTime, Days, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// PRM-33 where nothing is set: months in which a household moves.
pub const RELOCATION_MONTHS: u32 = 3;
/// Months for which market rent is agreed to at once; after that somebody looks again.
pub const MARKET_MONTHS: u32 = 12;
/// What is told in another status.
pub const NOT_EXPIRED: &str = "合同未到期或已办理退租、续签，不能办理到期处置";
/// What is told where one waits for its approval.
pub const STAY_IS_OPEN: &str = "该合同已有待审批的到期处置";
/// What is told where there are no days that could be taken back.
pub const NOTHING_TO_END: &str = "该合同没有可以提前终止的到期处置";
/// What is told where the contract that follows is under way.
pub const RENEWAL_IS_COMING: &str = "该合同已有办理中的续签，不能办理到期处置";

dictionary! {
    /// 到期处置
    StayKind = "E-40.stay" "到期处置" {
        Relocation = "RELOCATION" "搬迁期",
        Market = "MARKET" "市场租金",
        End = "END" "提前终止",
    }
}

dictionary! {
    /// 到期处置状态
    StayStatus = "E-40.stay_status" "到期处置状态" {
        Pending = "PENDING" "待审批",
        Approved = "APPROVED" "已同意",
        Refused = "REFUSED" "已驳回",
        // all of its days were taken back
        Withdrawn = "WITHDRAWN" "已撤销",
    }
}

dictionary! {
    /// 送达方式, of the objection
    ServedWay = "E-40.served_way" "送达方式" {
        Hand = "HAND" "当面送达",
        Mail = "MAIL" "邮寄送达",
        Posted = "POSTED" "张贴送达",
        Public = "PUBLIC" "公告送达",
    }
}

impl StayKind {
    /// What comes after what was agreed to already: the time to move comes once, and first. `last`: what of it grants
    /// days, and none that takes them back.
    #[must_use]
    pub const fn after(last: Option<Self>) -> Self {
        match last {
            None => Self::Relocation,
            Some(_) => Self::Market,
        }
    }
}

impl StayStatus {
    /// The status after a decision. This is the whole state machine.
    ///
    /// # Errors
    /// When it was decided about already.
    pub fn next(self, agreed: bool) -> Result<Self, Failure> {
        match self {
            Self::Pending => Ok(if agreed { Self::Approved } else { Self::Refused }),
            decided => Err(Failure::refused(format!("到期处置状态为“{decided}”，请刷新"))),
        }
    }
}

/// Whether it can be entered for a contract.
///
/// # Errors
/// [`NOT_EXPIRED`].
pub fn may_stay(status: ContractStatus) -> Result<(), Failure> {
    if status == ContractStatus::Expired { Ok(()) } else { Err(Failure::refused(NOT_EXPIRED)) }
}

/// One that was entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    pub id: StayId,
    pub kind: StayKind,
    /// of days that are taken back the first one
    pub from: NaiveDate,
    /// the last day that is left of it; of days that are taken back the last one
    pub to: NaiveDate,
    /// 合同月租金 on its first day
    pub rent: Money,
    /// 市场月租金
    pub market: Option<Money>,
    /// 异议文书: when it was served, how, and its number
    pub served: Option<(NaiveDate, ServedWay, String)>,
    pub reason: String,
    pub status: StayStatus,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    pub version: i32,
    /// the reader may decide about it
    pub decidable: bool,
}

/// What the form shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StayOffer {
    pub contract_id: ContractId,
    pub contract_no: Option<String>,
    pub lessee: String,
    pub place: String,
    pub term: StayTerm,
    /// what can be taken back instead; none: nothing was agreed to
    pub end: Option<StayEnd>,
    pub version: i32,
}

/// The days of which some can be taken back: those behind the contract that were agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StayEnd {
    /// the last day of the contract
    pub end_on: NaiveDate,
    /// the last day that was agreed to
    pub to: NaiveDate,
}

/// Between which days it lies, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StayTerm {
    pub kind: StayKind,
    /// the last day of the contract
    pub end_on: NaiveDate,
    /// the first day that nothing was agreed to for
    pub from: NaiveDate,
    /// PRM-33
    pub relocation_months: u32,
    /// 合同月租金
    pub rent: Money,
    /// 市场月租金; none: nobody has entered one
    pub market: Option<Money>,
    pub today: NaiveDate,
}

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StayForm {
    /// what comes next, or that days are taken back
    pub kind: String,
    /// of a time to move
    pub served_on: String,
    pub served_way: String,
    pub doc_no: String,
    pub to: String,
    /// of market rent: the household has no other home
    pub no_home: bool,
    /// of days that are taken back: the last one that stays
    pub last: String,
    pub reason: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StayFields {
    pub kind: StayKind,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub market: Option<Money>,
    pub served: Option<(NaiveDate, ServedWay, String)>,
    pub reason: String,
}

impl StayTerm {
    /// The last day that can be entered: PRM-33 from the objection or, where that came before, from the end of the contract.
    #[must_use]
    pub fn latest(self, served_on: Option<NaiveDate>) -> NaiveDate {
        match self.kind {
            StayKind::Relocation => {
                months_on(served_on.map_or(self.end_on, |day| day.max(self.end_on)), self.relocation_months)
            }
            StayKind::Market | StayKind::End => before(months_on(self.from, MARKET_MONTHS)),
        }
    }

    /// What the form begins with.
    #[must_use]
    pub fn form(self) -> StayForm {
        let to = match self.kind {
            StayKind::Relocation => self.latest(None),
            StayKind::Market | StayKind::End => before(months_on(self.from, 3)),
        };
        StayForm { kind: self.kind.code().to_owned(), to: to.to_string(), ..StayForm::default() }
    }
}

impl StayEnd {
    /// `day`, if it can be the last one that is charged.
    fn leaves(self, day: NaiveDate) -> Check<NaiveDate> {
        if day < self.end_on {
            Err(Complaint::says(format!("最后计费日期不能早于合同到期日{}", self.end_on)))
        } else if day >= self.to {
            Err(Complaint::says(format!("最后计费日期须早于原截止日期{}", self.to)))
        } else {
            Ok(day)
        }
    }
}

fn months_on(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_add_months(Months::new(months)).unwrap_or(day)
}

fn before(day: NaiveDate) -> NaiveDate {
    day.checked_sub_days(Days::new(1)).unwrap_or(day)
}

impl StayForm {
    /// Whether days are taken back.
    #[must_use]
    pub fn ends(&self) -> bool {
        self.kind == StayKind::End.code()
    }

    /// Checks every field of what was chosen; `end`: days were agreed to, of which some can be taken back instead.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, term: StayTerm, end: Option<StayEnd>) -> Result<StayFields, FieldErrors> {
        match end {
            Some(end) if self.ends() => self.check_end(end),
            None if self.ends() => Err(FieldErrors::from(("kind", NOTHING_TO_END))),
            Some(_) if self.kind != term.kind.code() => Err(FieldErrors::from(("kind", "请选择处置方式"))),
            _ => self.check_term(term),
        }
    }

    /// At least a day is taken back, and at most all behind the contract.
    fn check_end(&self, end: StayEnd) -> Result<StayFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let last = required(&self.last).and_then(|text| date(&text)).and_then(|day| end.leaves(day));
        let last = errors.take("last", last);
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        match (last.and_then(|day| day.succ_opt()), reason) {
            (Some(from), Some(reason)) if errors.is_empty() => {
                Ok(StayFields { kind: StayKind::End, from, to: end.to, market: None, served: None, reason })
            }
            _ => Err(errors),
        }
    }

    /// What comes next.
    fn check_term(&self, term: StayTerm) -> Result<StayFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let served = match term.kind {
            StayKind::Relocation => self.served(term.today, &mut errors),
            StayKind::Market | StayKind::End => None,
        };
        let latest = term.latest(served.as_ref().map(|(day, ..)| *day));
        let to = errors
            .take("to", required(&self.to).and_then(|text| date(&text)).and_then(|day| within(day, term.from, latest)));
        let market = match term.kind {
            StayKind::Market => self.market(term, &mut errors),
            StayKind::Relocation | StayKind::End => None,
        };
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        match (to, reason) {
            (Some(to), Some(reason)) if errors.is_empty() => {
                Ok(StayFields { kind: term.kind, from: term.from, to, market, served, reason })
            }
            _ => Err(errors),
        }
    }

    /// without an objection in writing the lease would go on without an end.
    fn served(&self, today: NaiveDate, errors: &mut FieldErrors) -> Option<(NaiveDate, ServedWay, String)> {
        let day = errors.take("served_on", required(&self.served_on).and_then(|text| date(&text)));
        if day.is_some_and(|day| day > today) {
            errors.add("served_on", "送达日期不能晚于今天");
        }
        let way = ServedWay::from_code(&self.served_way).ok_or(Complaint::says("请选择送达方式"));
        let way = errors.take("served_way", way);
        let number = errors.take("doc_no", required(&self.doc_no).and_then(|text| text_max(&text, 50)));
        Some((day?, way?, number?))
    }

    /// who has another home gives this one back, and pays no rent for it.
    fn market(&self, term: StayTerm, errors: &mut FieldErrors) -> Option<Money> {
        if !self.no_home {
            errors.add("no_home", "请核实承租人无其他住房；有其他住房的应当腾退，不适用市场租金");
        }
        match term.market {
            Some(market) if market > term.rent => return Some(market),
            Some(_) => errors.add("market", "市场租金不高于合同租金，请先维护房源或租金标准的市场租金"),
            None => errors.add("market", "该房源没有市场租金，请先维护房源或租金标准的市场租金"),
        }
        None
    }
}

fn within(day: NaiveDate, from: NaiveDate, latest: NaiveDate) -> Check<NaiveDate> {
    if day < from {
        Err(Complaint::says(format!("截止日期不能早于{from}")))
    } else if day > latest {
        Err(Complaint::says(format!("截止日期不能晚于{latest}")))
    } else {
        Ok(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn term(kind: StayKind) -> StayTerm {
        StayTerm {
            kind,
            end_on: day("2026-09-30"),
            from: day(if kind == StayKind::Relocation { "2026-10-01" } else { "2027-01-01" }),
            relocation_months: 3,
            rent: Money::from_fen(11_180),
            market: Some(Money::from_fen(40_000)),
            today: day("2026-11-28"),
        }
    }

    fn moving() -> StayForm {
        StayForm {
            served_on: "2026-10-08".into(),
            served_way: "HAND".into(),
            doc_no: "腾退〔2026〕1号".into(),
            to: "2026-12-31".into(),
            reason: "未续签，给予搬迁期".into(),
            ..StayForm::default()
        }
    }

    #[test]
    fn the_time_to_move_comes_first_and_once() {
        assert_eq!(StayKind::after(None), StayKind::Relocation);
        assert_eq!(StayKind::after(Some(StayKind::Relocation)), StayKind::Market);
        assert_eq!(StayKind::after(Some(StayKind::Market)), StayKind::Market);
        for status in ContractStatus::ALL {
            assert_eq!(may_stay(*status).is_ok(), *status == ContractStatus::Expired, "{status}");
        }
        assert_eq!(StayStatus::Pending.next(true), Ok(StayStatus::Approved));
        assert_eq!(StayStatus::Pending.next(false), Ok(StayStatus::Refused));
        for decided in [StayStatus::Approved, StayStatus::Refused, StayStatus::Withdrawn] {
            assert!(decided.next(true).is_err() && decided.next(false).is_err());
        }
    }

    /// PRM-33 from the objection, or from the end where that came before.
    #[test]
    fn a_household_has_time_to_move() {
        let term = term(StayKind::Relocation);
        let fields = moving().check(term, None).unwrap();
        assert_eq!((fields.from, fields.to, fields.market), (day("2026-10-01"), day("2026-12-31"), None));
        assert_eq!(term.latest(None), day("2026-12-30"));
        assert_eq!(term.latest(Some(day("2026-08-01"))), day("2026-12-30"));
        assert_eq!(term.form().to, "2026-12-30");
        for (to, sentence) in [
            ("2026-09-30", "截止日期不能早于2026-10-01"),
            ("2027-01-09", "截止日期不能晚于2027-01-08"),
            ("", "不能为空"),
        ] {
            let errors = StayForm { to: to.into(), ..moving() }.check(term, None).unwrap_err();
            assert_eq!(errors.get("to"), Some(sentence), "{to}");
        }
        let late = StayForm { served_on: "2026-11-29".into(), ..moving() }.check(term, None).unwrap_err();
        assert_eq!(late.get("served_on"), Some("送达日期不能晚于今天"));
        let errors = StayForm { to: "2026-12-01".into(), ..StayForm::default() }.check(term, None).unwrap_err();
        for field in ["served_on", "served_way", "doc_no", "reason"] {
            assert!(errors.get(field).is_some(), "{field}");
        }
    }

    #[test]
    fn then_the_market_asks() {
        let term = term(StayKind::Market);
        let form =
            StayForm {
                to: "2027-06-30".into(), no_home: true, reason: "无其他住房".into(), ..StayForm::default()
            };
        let fields = form.check(term, None).unwrap();
        assert_eq!((fields.market, fields.served), (Some(Money::from_fen(40_000)), None));
        assert_eq!(term.latest(None), day("2027-12-31"));
        let errors = StayForm { no_home: false, ..form.clone() }.check(term, None).unwrap_err();
        assert_eq!(errors.get("no_home"), Some("请核实承租人无其他住房；有其他住房的应当腾退，不适用市场租金"));
        for market in [None, Some(Money::from_fen(11_180))] {
            assert!(form.check(StayTerm { market, ..term }, None).unwrap_err().get("market").is_some());
        }
    }

    /// At least a day is taken back, and none of the contract's own.
    #[test]
    fn days_are_taken_back() {
        let end = StayEnd { end_on: day("2026-09-30"), to: day("2026-12-31") };
        let form = |last: &str| StayForm {
            kind: "END".into(),
            last: last.into(),
            reason: "承租人已取得其他住房".into(),
            ..StayForm::default()
        };
        assert!(form("").ends() && !moving().ends());
        let (term, end) = (term(StayKind::Market), Some(end));
        let fields = form("2026-11-15").check(term, end).unwrap();
        assert_eq!((fields.kind, fields.from, fields.to), (StayKind::End, day("2026-11-16"), day("2026-12-31")));
        assert_eq!((fields.market, fields.served), (None, None));
        assert_eq!(form("2026-09-30").check(term, end).unwrap().from, day("2026-10-01"), "all of them");
        assert_eq!(form("2026-12-30").check(term, end).unwrap().from, day("2026-12-31"), "one of them");
        for (last, sentence) in [
            ("2026-09-29", "最后计费日期不能早于合同到期日2026-09-30"),
            ("2026-12-31", "最后计费日期须早于原截止日期2026-12-31"),
            ("", "不能为空"),
        ] {
            assert_eq!(form(last).check(term, end).unwrap_err().get("last"), Some(sentence), "{last}");
        }
        let errors = StayForm { reason: " ".into(), ..form("2026-11-15") }.check(term, end).unwrap_err();
        assert_eq!(errors.get("reason"), Some("不能为空"));
        // One of the two is chosen, where there are two.
        assert_eq!(form("2026-11-15").check(term, None).unwrap_err().get("kind"), Some(NOTHING_TO_END));
        let open = StayForm { kind: String::new(), ..form("2026-11-15") };
        assert_eq!(open.check(term, end).unwrap_err().get("kind"), Some("请选择处置方式"));
    }
}
