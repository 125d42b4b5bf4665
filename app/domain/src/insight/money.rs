//! What the home page says of money (S4-1.1.0, §4.9, RP-15): the collection rate of the year, and how old debts are.

use crate::{
    housing::unit::rate_text,
    value::{Money, round_half_up},
};
use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// What a debt is called by its age (RP-15).
pub const AGES: [&str; 5] = ["1个月以内", "1至3个月", "3至6个月", "6至12个月", "12个月以上"];

/// The first day on which what became due is not older than 1, 3, 6 and 12 months.
#[must_use]
pub fn age_limits(today: NaiveDate) -> [NaiveDate; 4] {
    [1, 3, 6, 12].map(|months| today.checked_sub_months(Months::new(months)).unwrap_or(today))
}

/// Bills of this year, and all that is overdue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyFigures {
    /// 截至: the day that they were counted on, where it is not today. As a number: home is everybody's first page, and a
    /// reader of dates would be a twentieth of its code.
    #[serde(with = "crate::value::day_number")]
    pub as_of: Option<NaiveDate>,
    /// 应收: bills that are due in this year
    pub receivable: Money,
    /// 实收: what of them an accountant has verified
    pub verified: Money,
    /// overdue, in the order of [`AGES`]
    pub ages: [Money; AGES.len()],
}

impl MoneyFigures {
    /// 收缴率 as text.
    #[must_use]
    pub fn rate(&self) -> String {
        rate_text(self.verified.fen(), self.receivable.fen())
    }

    /// 欠费: all that is overdue.
    #[must_use]
    pub fn overdue(&self) -> Money {
        self.ages.into_iter().sum()
    }

    /// An amount in 万元 with two decimals: what a home page, whose figures are large and whose cards are small, has room for.
    #[must_use]
    pub fn in_ten_thousands(amount: Money) -> String {
        Money::from_fen(round_half_up(amount.fen().into(), 10_000)).to_string()
    }

    /// Adds the figures of another place. Together they are as old as the older of both.
    pub fn merge(&mut self, other: &Self) {
        self.as_of = self.as_of.into_iter().chain(other.as_of).min();
        self.receivable = self.receivable + other.receivable;
        self.verified = self.verified + other.verified;
        for (mine, theirs) in self.ages.iter_mut().zip(other.ages) {
            *mine = *mine + theirs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_begin_on_the_same_day_of_a_month_before() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let limits = |today| age_limits(day(today)).map(|limit| limit.to_string());
        assert_eq!(limits("2026-12-16"), ["2026-11-16", "2026-09-16", "2026-06-16", "2025-12-16"]);
        // A shorter month ends earlier.
        assert_eq!(limits("2026-03-31"), ["2026-02-28", "2025-12-31", "2025-09-30", "2025-03-31"]);
    }

    #[test]
    fn districts_add_up() {
        let fen = Money::from_fen;
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        let a = MoneyFigures {
            as_of: None,
            receivable: fen(12_000_000),
            verified: fen(9_800_000),
            ages: [fen(1), fen(2), fen(3), fen(4), fen(5)],
        };
        let b = MoneyFigures {
            as_of: day("2026-11-27"),
            receivable: fen(3_000_000),
            verified: fen(3_000_000),
            ages: [fen(10); 5],
        };
        let mut both = a;
        both.merge(&b);
        assert_eq!((both.rate().as_str(), both.overdue().fen()), ("85.33%", 65));
        assert_eq!(both.as_of, day("2026-11-27"));
        both.merge(&MoneyFigures { as_of: day("2026-11-26"), ..a });
        assert_eq!(both.as_of, day("2026-11-26"), "as old as the oldest");
        assert_eq!(MoneyFigures::default().rate(), "--");
        let shown = |fen_: i64| MoneyFigures::in_ten_thousands(fen(fen_));
        assert_eq!(
            (shown(1_234_567_895_000).as_str(), shown(4_999).as_str(), shown(5_000).as_str()),
            ("1,234,567.90", "0.00", "0.01")
        );
    }
}
