//! 续签 (C9, domain.md §3.5): the contract that follows another for the same home and the same lessee. It is entered,
//! approved and told to the bank like any other; when it comes into force the one before is RENEWED, and account, deposit and
//! people go on under it.

use crate::{
    dictionary::ContractStatus,
    failure::{Failure, FieldErrors},
    tenancy::{contract::Contract, contract_form::ContractForm},
    value::Money,
};
use chrono::{Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// What the form of a renewal shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenewalOffer {
    pub contract: Contract,
    /// what the standard of the home asks for now; none: no standard is in force
    pub assessed: Option<crate::tenancy::contract_form::Assessed>,
    /// the last day of the window (PRM-31), where it has passed
    pub closed_on: Option<NaiveDate>,
    pub today: NaiveDate,
}

/// When a contract is renewed (PRM-31, R-25), in days before its last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenewalWindow {
    pub opens: u32,
    pub closes: u32,
}

impl Default for RenewalWindow {
    fn default() -> Self {
        Self { opens: 180, closes: 90 }
    }
}

impl RenewalWindow {
    /// Reads `180/90`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (opens, closes) = text.split_once('/')?;
        let window = Self { opens: opens.parse().ok()?, closes: closes.parse().ok()? };
        ((1..=1830).contains(&window.opens) && window.closes <= window.opens).then_some(window)
    }

    /// As [`Self::parse`] reads it.
    #[must_use]
    pub fn code(self) -> String {
        format!("{}/{}", self.opens, self.closes)
    }

    /// Refuses a renewal before its time. Afterwards it is still possible: the household applied in time, or the contract
    /// would end and the household stay.
    ///
    /// # Errors
    /// `续签须在合同到期前…天内办理`.
    pub fn require_open(self, end_on: NaiveDate, today: NaiveDate) -> Result<(), Failure> {
        let first = before(end_on, self.opens);
        if today >= first {
            Ok(())
        } else {
            Err(Failure::refused(format!("续签须在合同到期前{}天内办理，即{first}起", self.opens)))
        }
    }

    /// The last day on which the household applies, where it has passed.
    #[must_use]
    pub fn closed_on(self, end_on: NaiveDate, today: NaiveDate) -> Option<NaiveDate> {
        Some(before(end_on, self.closes)).filter(|last| *last < today)
    }
}

fn before(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_sub_days(Days::new(days.into())).unwrap_or(day)
}

/// Whether a contract in this status can be followed by another.
///
/// # Errors
/// `合同状态为“…”，不能续签`.
pub fn may_renew(status: ContractStatus) -> Result<(), Failure> {
    match status {
        ContractStatus::Active | ContractStatus::Expired => Ok(()),
        status => Err(Failure::refused(format!("合同状态为“{status}”，不能续签"))),
    }
}

/// The term of a renewal begins where the one before ends: on the next day, or later where the one before has expired
/// already. `end_on`: its last day, or the last one for which rent was agreed to since (`tenancy::stay`).
///
/// # Errors
/// A complaint about `start_on`.
pub fn follows(start_on: NaiveDate, status: ContractStatus, end_on: NaiveDate) -> Result<(), FieldErrors> {
    let next = end_on.succ_opt().unwrap_or(end_on);
    let late = status == ContractStatus::Expired && start_on > next;
    if start_on == next || late {
        Ok(())
    } else {
        let sentence = format!("续签合同须自原合同到期次日{next}开始");
        Err(FieldErrors::from(("start_on", sentence.as_str())))
    }
}

/// What is still to be paid as a deposit: what the household left under the contract before counts.
#[must_use]
pub fn deposit_due(wanted: Money, held: Money) -> Money {
    (wanted - held).max(Money::ZERO)
}

impl RenewalOffer {
    /// What the form begins with: the same terms for as long again, signed today. The number of the account stays what it is.
    #[must_use]
    pub fn form(&self) -> ContractForm {
        let row = &self.contract.row;
        let last = self.contract.charged_until();
        let start = last.succ_opt().unwrap_or(last);
        let behind = row.end_on.succ_opt().unwrap_or(row.end_on);
        // Months of the term before, counted from its first day.
        let months = (1..=crate::tenancy::contract_form::LEASE_MONTHS_MAX)
            .take_while(|months| row.start_on.checked_add_months(Months::new(*months)).is_some_and(|day| day <= behind))
            .last()
            .unwrap_or(12);
        let end = start.checked_add_months(Months::new(months)).and_then(|day| day.checked_sub_days(Days::new(1)));
        let signed = self.today.min(start).to_string();
        ContractForm {
            assignment: String::new(),
            contract_no: String::new(),
            start_on: start.to_string(),
            end_on: end.unwrap_or(start).to_string(),
            rent_start_on: String::new(),
            first_pay_months: "1".to_owned(),
            explained_on: String::new(),
            sign_on: signed,
            remark: String::new(),
            ..self.contract.form()
        }
    }
}

/// A form that is checked like that of an assignment, which a renewal has none of.
#[must_use]
pub fn without_assignment(form: &ContractForm) -> ContractForm {
    ContractForm { assignment: "0".to_owned(), ..form.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn what_runs_or_is_over_is_renewed() {
        for status in ContractStatus::ALL {
            let may = matches!(status, ContractStatus::Active | ContractStatus::Expired);
            assert_eq!(may_renew(*status).is_ok(), may, "{status}");
        }
        assert_eq!(may_renew(ContractStatus::CancelPending), Err(Failure::refused("合同状态为“注销待审批”，不能续签")));
    }

    #[test]
    fn a_term_begins_where_the_one_before_ends() {
        let end = day("2026-12-31");
        let told = |start: &str, status| follows(day(start), status, end);
        assert!(told("2027-01-01", ContractStatus::Active).is_ok());
        assert!(told("2027-01-02", ContractStatus::Active).is_err());
        assert!(told("2026-12-31", ContractStatus::Expired).is_err());
        assert!(told("2027-03-01", ContractStatus::Expired).is_ok());
    }

    #[test]
    fn a_renewal_has_its_time() {
        let (end, window) = (day("2026-12-31"), RenewalWindow::default());
        assert_eq!(
            window.require_open(end, day("2026-07-03")),
            Err(Failure::refused("续签须在合同到期前180天内办理，即2026-07-04起"))
        );
        assert_eq!(window.require_open(end, day("2026-07-04")), Ok(()));
        assert_eq!(window.require_open(end, day("2027-02-01")), Ok(()), "late is better than never");
        assert_eq!(window.closed_on(end, day("2026-10-02")), None);
        assert_eq!(window.closed_on(end, day("2026-10-03")), Some(day("2026-10-02")));
    }

    #[test]
    fn a_deposit_is_carried_over() {
        let fen = Money::from_fen;
        assert_eq!(deposit_due(fen(120_000), fen(100_000)), fen(20_000));
        assert_eq!(deposit_due(fen(80_000), fen(100_000)), Money::ZERO);
    }
}
