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

    /// What is to be charged of a bill on a day, beyond what was charged before. The fee is counted anew with every change
    /// of the principal (§4.5), up to the cap of the whole bill; what was counted before stays.
    #[must_use]
    pub fn accrued(self, bill: &Charged, today: NaiveDate) -> Money {
        let before = bill.to.map_or(0, |to| self.days(bill.due_on, to));
        let most = bill.amount.fen() * i64::from(self.cap) / 100 - bill.late_fee.fen();
        let days = self.days(bill.due_on, today) - before;
        self.of(bill.principal, days).min(Money::from_fen(most.max(0)))
    }
}

/// A bill for which something is charged for paying late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    pub due_on: NaiveDate,
    pub amount: Money,
    /// what is not paid of the amount
    pub principal: Money,
    /// charged so far
    pub late_fee: Money,
    /// up to which day it was counted
    pub to: Option<NaiveDate>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        /// However a bill is paid bit by bit, no day is charged twice and never more than the cap in all.
        #[test]
        fn a_day_is_charged_once(amount in 1i64..1_000_000, cap in 1u32..=100, steps in prop::collection::vec((0u64..400, 0i64..200_000), 1..9)) {
            let rule = LateFee { cap, ..USUAL };
            let due_on: NaiveDate = "2014-12-10".parse().unwrap();
            let amount = Money::from_fen(amount);
            let mut bill = Charged { due_on, amount, principal: amount, late_fee: Money::ZERO, to: None };
            let mut today = due_on;
            for (later, paid) in steps {
                today = today + Days::new(later);
                bill.late_fee = bill.late_fee + rule.accrued(&bill, today);
                bill.to = Some(today);
                prop_assert_eq!(rule.accrued(&bill, today), Money::ZERO);
                prop_assert!(bill.late_fee.fen() <= amount.fen() * i64::from(cap) / 100);
                bill.principal = bill.principal - Money::from_fen(paid).min(bill.principal);
            }
        }
    }
}
