//! Late fees (违约金, domain.md §4.5, PRM-43).

use crate::value::{Money, money::round_half_up};
use chrono::{Days, NaiveDate};

/// How the city charges what is late (PRM-43).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateFee {
    /// of the principal and a day, in millionths: 500 is 0.0005
    pub daily: i64,
    /// days after the due day that cost nothing
    pub grace: u32,
    /// the most that is ever charged, in percent of the principal
    pub cap: u32,
}

impl LateFee {
    /// Days that cost something, of what is paid on a day: from the day after the grace to the day itself.
    #[must_use]
    pub fn days(self, due_on: NaiveDate, paid_on: NaiveDate) -> i64 {
        due_on.checked_add_days(Days::new(self.grace.into())).map_or(0, |free| (paid_on - free).num_days().max(0))
    }

    /// The fee on a principal that stood for some days, rounded once and capped.
    #[must_use]
    pub fn of(self, principal: Money, days: i64) -> Money {
        let size = i128::from(principal.fen().max(0));
        let fee = round_half_up(size * i128::from(self.daily) * i128::from(days.max(0)), 1_000_000);
        let cap = round_half_up(size * i128::from(self.cap), 100);
        Money::from_fen(fee.min(cap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: LateFee = LateFee { daily: 500, grace: 5, cap: 100 };

    fn fee(principal: &str, days: i64) -> String {
        USUAL.of(Money::parse_yuan(principal).unwrap(), days).to_string()
    }

    /// The worked examples of domain.md §4.5.
    #[test]
    fn what_is_late_costs_by_the_day() {
        assert_eq!(fee("111.80", 20), "1.12");
        assert_eq!(fee("223.60", 31), "3.47");
        assert_eq!(fee("100", 0), "0.00");
        assert_eq!(fee("-100", 20), "0.00");
        assert_eq!(fee("100", 2_000), "100.00");
        assert_eq!(fee("100", 2_001), "100.00", "never more than the principal");
    }

    #[test]
    fn grace_costs_nothing() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (paid_on, days) in
            [("2014-12-01", 0), ("2014-12-10", 0), ("2014-12-15", 0), ("2014-12-16", 1), ("2015-01-10", 26)]
        {
            assert_eq!(USUAL.days(day("2014-12-10"), day(paid_on)), days, "{paid_on}");
        }
    }
}
