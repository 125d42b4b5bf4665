//! 备案 (R-14: 公共租赁住房管理办法 art. 17): a signed contract is filed with the authority within thirty days.

use crate::{
    dictionary::ContractStatus,
    failure::FieldErrors,
    form::date,
    value::{Check, Complaint, required, text_max},
};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

/// 备案期限: days after the signing in which a contract is filed.
pub const FILING_DAYS: u64 = 30;

/// The last day for the filing of a contract that was signed on a day.
#[must_use]
pub fn filing_until(sign_on: NaiveDate) -> NaiveDate {
    sign_on.checked_add_days(Days::new(FILING_DAYS)).unwrap_or(sign_on)
}

/// How far the filing of contracts is, as the filter of the list names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilingState {
    /// not filed, whether late or not
    Open,
    /// not filed, and the days are over
    Late,
    Done,
}

impl FilingState {
    /// What the list offers.
    pub const ALL: [Self; 3] = [Self::Open, Self::Late, Self::Done];

    /// As the address names it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Late => "LATE",
            Self::Done => "DONE",
        }
    }

    /// As people call it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "待备案",
            Self::Late => "逾期未备案",
            Self::Done => "已备案",
        }
    }

    /// The filter of an address.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

impl ContractStatus {
    /// Whether its filing can be entered or corrected: once it is approved, and as long as it counts.
    #[must_use]
    pub const fn is_filed(self) -> bool {
        !matches!(self, Self::Draft | Self::Pending | Self::Rejected | Self::Void)
    }
}

/// What is entered of a filing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FilingForm {
    pub filing_no: String,
    pub filed_on: String,
}

impl FilingForm {
    /// Checks number and day of a contract that was signed on a day.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, sign_on: NaiveDate, today: NaiveDate) -> Result<(String, NaiveDate), FieldErrors> {
        let mut errors = FieldErrors::default();
        let number = errors.take("filing_no", required(&self.filing_no).and_then(|text| text_max(&text, 50)));
        let day = required(&self.filed_on).and_then(|text| date(&text)).and_then(|day| day_check(day, sign_on, today));
        match (number, errors.take("filed_on", day)) {
            (Some(number), Some(day)) => Ok((number, day)),
            _ => Err(errors),
        }
    }
}

fn day_check(day: NaiveDate, sign_on: NaiveDate, today: NaiveDate) -> Check<NaiveDate> {
    if day < sign_on {
        Err(Complaint::says("备案日期不能早于签订日期"))
    } else if day > today {
        Err(Complaint::says("备案日期不能晚于今天"))
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

    #[test]
    fn a_filing_lies_between_signing_and_today() {
        let check = |number: &str, filed_on: &str| {
            let form = FilingForm { filing_no: number.into(), filed_on: filed_on.into() };
            form.check(day("2026-11-01"), day("2026-11-20"))
        };
        assert_eq!(check(" BA-1 ", "2026-11-20"), Ok(("BA-1".to_owned(), day("2026-11-20"))));
        assert_eq!(check("BA-1", "2026-10-31").unwrap_err().get("filed_on"), Some("备案日期不能早于签订日期"));
        assert_eq!(check("BA-1", "2026-11-21").unwrap_err().get("filed_on"), Some("备案日期不能晚于今天"));
        assert!(check("", "2026-11-20").unwrap_err().get("filing_no").is_some());
        assert!(check(&"9".repeat(51), "2026-02-30").is_err());
        assert_eq!(filing_until(day("2026-11-01")), day("2026-12-01"));
    }
}
