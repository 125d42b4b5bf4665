//! 退租 (E-80, S0-17, S1-5.6; domain.md §3.15, §3.26 X1, X7 to X11): a contract that ends by its lessee's wish, from the
//! request to the bank's answer.
//!
//! Owns the state machine and what is entered. What the contract and the home become is theirs to say.

use crate::{
    dictionary::{ContractStatus, ExitStatus, ExitType, dictionary},
    failure::{Failure, FieldErrors},
    form::{date, optional_text},
    id::{AccountId, ContractId, ExitId, UnitId},
    tenancy::{exit_bill::ExitBill, exit_inspection::Inspection},
    value::{Area, Check, Complaint, Money, Rate, required, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Most cards that a household can give back.
pub const CARDS_MAX: u8 = 99;

dictionary! {
    /// What can happen to an exit (domain.md §3.26). The label completes `不能…`.
    ExitEvent = "E-80.event" "退租事件" {
        // C6
        Accept = "ACCEPT" "同意退租",
        Refuse = "REFUSE" "驳回退租",
        // X7
        Inspect = "INSPECT" "登记验房",
        // X8
        Settle = "SETTLE" "制作退租账单",
        // X9
        Clear = "CLEAR" "确认结清",
        AwaitRefund = "AWAIT_REFUND" "确认待退款",
        ReturnKeys = "RETURN_KEYS" "登记交还钥匙",
        // X10
        Close = "CLOSE" "完成退租",
        // X11
        Revoke = "REVOKE" "撤销退租",
    }
}

impl ExitStatus {
    /// The status after the event (domain.md §3.15, voluntary part). This is the whole state machine.
    ///
    /// # Errors
    /// The sentence, when the event does not exist in this status.
    pub fn next(self, event: ExitEvent) -> Result<Self, Failure> {
        use ExitEvent as E;
        Ok(match (event, self) {
            (E::Accept, Self::Applied) => Self::Accepted,
            (E::Refuse, Self::Applied) => Self::Revoked,
            // A sheet is corrected until the bill is made from it, and after that bill was sent back, which is the caller's
            // to ask.
            (E::Inspect, Self::Accepted | Self::Inspection | Self::Settlement) => Self::Inspection,
            (E::Settle, Self::Inspection | Self::Settlement) => Self::Settlement,
            (E::Clear, Self::Settlement) => Self::Paid,
            (E::AwaitRefund, Self::Settlement) => Self::RefundPending,
            (E::ReturnKeys, Self::Paid | Self::RefundPending) => Self::KeysReturned,
            (E::Close, Self::KeysReturned) => Self::Closed,
            // Once the exit bill is entered the money has moved: that nothing is entered is the caller's to ask.
            (E::Revoke, Self::Applied | Self::Accepted | Self::Inspection | Self::Settlement) => Self::Revoked,
            (event, status) => return Err(Failure::refused(format!("退租状态为“{status}”，不能{event}"))),
        })
    }

    /// Whether something is still to be done.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Closed | Self::Revoked)
    }
}

/// The types that a clerk enters for a household that leaves by itself. The others follow from a case of the district
/// (domain.md §3.15, forced).
pub const VOLUNTARY: [ExitType; 4] = [ExitType::Voluntary, ExitType::Expired, ExitType::Deceased, ExitType::Swap];

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExitRow {
    pub id: ExitId,
    pub exit_no: String,
    pub contract_id: ContractId,
    pub contract_no: Option<String>,
    pub account_id: AccountId,
    pub lessee: String,
    pub unit_id: UnitId,
    pub estate: String,
    pub address: String,
    pub kind: ExitType,
    pub exit_on: NaiveDate,
    pub status: ExitStatus,
    /// 退租账单: what is to be paid; negative: to be given back; none before it is made
    pub total: Option<Money>,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub version: i32,
}

/// An exit with all that its page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exit {
    pub row: ExitRow,
    pub reason: String,
    pub remark: Option<String>,
    pub contract_status: ContractStatus,
    /// what the bank said last about its end, and how often it was told
    pub sync_message: Option<String>,
    pub sync_tries: i32,
    /// whether the bank has forgotten the contract, and only our own rules stand against its end
    pub bank_forgot: bool,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    pub inspection: Option<Inspection>,
    pub bill: Option<ExitBill>,
    pub funds: ExitFunds,
    /// 欠款确认: amount, words, by whom
    pub debt: Option<(Money, String, Option<String>)>,
    pub keys: Option<KeysBack>,
    /// how many keys were handed over; none: the home never was
    pub keys_then: Option<i32>,
    pub revoked_reason: Option<String>,
    pub closed_at: Option<DateTime<Utc>>,
    pub history: Vec<ExitLine>,
    pub turns: ExitTurns,
    pub today: NaiveDate,
}

/// What the household's account holds and owes now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitFunds {
    pub balance: Money,
    pub deposit: Money,
    pub outstanding: Money,
    /// of balance and deposit, what a refund that was agreed to takes
    pub refunding: Money,
}

/// What the signed-in reader may do about it now, by right and by whose work it is (domain.md §6.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "one per button")]
pub struct ExitTurns {
    pub decide: bool,
    pub inspect: bool,
    pub settle: bool,
    pub check: bool,
    pub clear: bool,
    pub acknowledge: bool,
    pub keys: bool,
    pub tell: bool,
    pub revoke: bool,
}

/// 交还钥匙
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysBack {
    pub keys: i32,
    pub cards: i32,
    pub on: NaiveDate,
    pub by: Option<String>,
}

/// A line of the timeline, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitLine {
    pub at: DateTime<Utc>,
    pub actor: Option<String>,
    pub event: String,
    pub from: Option<ExitStatus>,
    pub to: ExitStatus,
    pub reason: Option<String>,
}

/// What the form of a request shows of its contract (S0-17).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExitOffer {
    pub contract_id: ContractId,
    pub contract_no: Option<String>,
    pub status: ContractStatus,
    pub lessee: String,
    pub id_number_mask: String,
    pub mgmt_unit: String,
    pub unit_id: UnitId,
    pub place: String,
    pub building_area: Area,
    pub usable_area: Area,
    pub unit_rate: Rate,
    pub monthly_rent: Money,
    pub funds: ExitFunds,
    pub term: ExitTerm,
}

/// The days between which a contract can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitTerm {
    /// of the lease, or of the hand-over where that came later
    pub from: NaiveDate,
    pub end_on: NaiveDate,
    pub today: NaiveDate,
    /// 欠租金额 that is due now
    pub owed: Money,
}

/// What is entered to ask for the end of a contract.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExitForm {
    pub kind: String,
    pub exit_on: String,
    pub reason: String,
    pub remark: String,
    /// 欠租转入退租账单
    pub carry: bool,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitFields {
    pub kind: ExitType,
    pub exit_on: NaiveDate,
    pub reason: String,
    pub remark: Option<String>,
}

impl ExitForm {
    /// Checks every field.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, term: ExitTerm) -> Result<ExitFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let kind = ExitType::from_code(&self.kind).filter(|kind| VOLUNTARY.contains(kind));
        let kind = errors.take("kind", kind.ok_or(Complaint::says("请选择退租类型")));
        let exit_on = required(&self.exit_on).and_then(|text| date(&text)).and_then(|day| within(day, term));
        let exit_on = errors.take("exit_on", exit_on);
        if let (Some(ExitType::Expired), Some(day)) = (kind, exit_on)
            && day < term.end_on
        {
            errors.add("exit_on", format!("到期不续的退租日期不能早于合同到期日{}", term.end_on));
        }
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        let remark = errors.take("remark", optional_text(&self.remark, 500)).flatten();
        if term.owed > Money::ZERO && !self.carry {
            errors.add("carry", format!("存在欠租{}元，请先结清或转入退租账单", term.owed));
        }
        match (kind, exit_on, reason) {
            (Some(kind), Some(exit_on), Some(reason)) if errors.is_empty() => {
                Ok(ExitFields { kind, exit_on, reason, remark })
            }
            _ => Err(errors),
        }
    }
}

/// Nobody leaves before he came; a term that is over may be left until today.
fn within(day: NaiveDate, term: ExitTerm) -> Check<NaiveDate> {
    let last = term.end_on.max(term.today);
    if day < term.from {
        Err(Complaint::says(format!("退租日期不能早于起租或入住日期{}", term.from)))
    } else if day > last {
        Err(Complaint::says(format!("退租日期不能晚于{last}")))
    } else {
        Ok(day)
    }
}

/// What is entered when the keys come back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeysForm {
    pub keys: String,
    pub cards: String,
    pub on: String,
}

/// A form that passed its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeysFields {
    pub keys: u8,
    pub cards: u8,
    pub on: NaiveDate,
}

impl KeysForm {
    /// Checks every field; keys come back after the inspection and not tomorrow.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, inspected_on: NaiveDate, today: NaiveDate) -> Result<KeysFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let keys = errors.take("keys", required(&self.keys).and_then(|text| count(&text)));
        let cards = errors.take("cards", required(&self.cards).and_then(|text| count(&text)));
        let on = errors.take("on", required(&self.on).and_then(|text| date(&text)));
        if on.is_some_and(|day| day > today) {
            errors.add("on", "不能晚于今天");
        }
        if on.is_some_and(|day| day < inspected_on) {
            errors.add("on", format!("不能早于验房日期{inspected_on}"));
        }
        match (keys, cards, on) {
            (Some(keys), Some(cards), Some(on)) if errors.is_empty() => Ok(KeysFields { keys, cards, on }),
            _ => Err(errors),
        }
    }
}

fn count(text: &str) -> Check<u8> {
    text.parse()
        .ok()
        .filter(|number| *number <= CARDS_MAX)
        .ok_or_else(|| Complaint::about(format!("应为0至{CARDS_MAX}的整数")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ExitEvent as E;
    use ExitStatus as S;

    /// domain.md §3.15 and §3.26, the voluntary part: every status, and where its events lead.
    const TABLE: [(S, &[(E, S)]); 9] = [
        (S::Applied, &[(E::Accept, S::Accepted), (E::Refuse, S::Revoked), (E::Revoke, S::Revoked)]),
        (S::Accepted, &[(E::Inspect, S::Inspection), (E::Revoke, S::Revoked)]),
        (S::Inspection, &[(E::Inspect, S::Inspection), (E::Settle, S::Settlement), (E::Revoke, S::Revoked)]),
        (
            S::Settlement,
            &[
                (E::Inspect, S::Inspection),
                (E::Settle, S::Settlement),
                (E::Clear, S::Paid),
                (E::AwaitRefund, S::RefundPending),
                (E::Revoke, S::Revoked),
            ],
        ),
        (S::Paid, &[(E::ReturnKeys, S::KeysReturned)]),
        (S::RefundPending, &[(E::ReturnKeys, S::KeysReturned)]),
        (S::KeysReturned, &[(E::Close, S::Closed)]),
        (S::Closed, &[]),
        (S::Revoked, &[]),
    ];

    #[test]
    fn every_event_in_every_status() {
        assert_eq!(TABLE.map(|(status, _)| status), S::ALL);
        for (status, allowed) in TABLE {
            for event in E::ALL {
                let to = allowed.iter().find(|(known, _)| known == event).map(|(_, to)| *to);
                assert_eq!(status.next(*event).ok(), to, "{status} {event}");
            }
        }
        assert_eq!(S::Closed.next(E::Revoke).unwrap_err(), Failure::refused("退租状态为“已退租”，不能撤销退租"));
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn term() -> ExitTerm {
        ExitTerm { from: day("2026-01-05"), end_on: day("2026-12-31"), today: day("2026-11-28"), owed: Money::ZERO }
    }

    fn form() -> ExitForm {
        ExitForm {
            kind: "VOLUNTARY".into(),
            exit_on: "2026-12-05".into(),
            reason: "购买了住房".into(),
            ..ExitForm::default()
        }
    }

    #[test]
    fn a_request_names_a_day_of_the_term() {
        assert_eq!(form().check(term()).unwrap().exit_on, day("2026-12-05"));
        for (wrong, sentence) in [
            ("2026-01-04", "退租日期不能早于起租或入住日期2026-01-05"),
            ("2027-01-01", "退租日期不能晚于2026-12-31"),
            ("2026-02-30", "日期格式应为YYYY-MM-DD"),
            ("", "不能为空"),
        ] {
            let errors = ExitForm { exit_on: wrong.into(), ..form() }.check(term()).unwrap_err();
            assert_eq!(errors.get("exit_on"), Some(sentence), "{wrong}");
        }
        // A term that is over is left until today.
        let over = ExitTerm { end_on: day("2026-06-30"), ..term() };
        let late = ExitForm { exit_on: "2026-11-28".into(), kind: "EXPIRED".into(), ..form() };
        assert!(late.check(over).is_ok());
        assert!(ExitForm { exit_on: "2026-11-29".into(), ..late.clone() }.check(over).is_err());
        let early = ExitForm { exit_on: "2026-06-29".into(), ..late }.check(over).unwrap_err();
        assert_eq!(early.get("exit_on"), Some("到期不续的退租日期不能早于合同到期日2026-06-30"));
    }

    #[test]
    fn forced_types_are_not_asked_for_by_a_clerk() {
        for kind in ["", "ARREARS", "FRAUD", "FORCED", "VIOLATION", "INELIGIBLE"] {
            let errors = ExitForm { kind: kind.into(), ..form() }.check(term()).unwrap_err();
            assert_eq!(errors.get("kind"), Some("请选择退租类型"), "{kind}");
        }
        assert!(ExitForm { reason: " ".into(), ..form() }.check(term()).is_err());
    }

    /// S0-17
    #[test]
    fn arrears_are_paid_or_carried_over() {
        let owing = ExitTerm { owed: Money::from_fen(11_180), ..term() };
        let errors = form().check(owing).unwrap_err();
        assert_eq!(errors.get("carry"), Some("存在欠租111.80元，请先结清或转入退租账单"));
        assert!(ExitForm { carry: true, ..form() }.check(owing).is_ok());
    }

    #[test]
    fn keys_come_back_after_the_inspection() {
        let form = |keys: &str, on: &str| KeysForm { keys: keys.into(), cards: "2".into(), on: on.into() };
        let check = |form: KeysForm| form.check(day("2026-11-20"), day("2026-11-28"));
        assert_eq!(check(form("3", "2026-11-28")), Ok(KeysFields { keys: 3, cards: 2, on: day("2026-11-28") }));
        assert!(check(form("0", "2026-11-20")).is_ok());
        for (keys, on) in [
            ("-1", "2026-11-28"),
            ("100", "2026-11-28"),
            ("", "2026-11-28"),
            ("1", "2026-11-19"),
            ("1", "2026-11-29"),
            ("1", "x"),
        ] {
            assert!(check(form(keys, on)).is_err(), "{keys} {on}");
        }
    }
}
