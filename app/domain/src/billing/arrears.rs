//! How far somebody is behind with the rent (domain.md §4.11), and the step of dunning that follows (§3.8).

use crate::{
    dictionary::{ArrearsLevel, PayColor},
    value::Money,
};
use chrono::{Days, NaiveDate};

/// PRM-48, PRM-51 and the grace of PRM-43.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrearsRule {
    /// overdue periods from which L1, L2, L3 and L4 begin
    pub from: [i64; 4],
    /// what is not counted
    pub minor: Money,
    /// days after the due day
    pub grace: u32,
}

impl Default for ArrearsRule {
    fn default() -> Self {
        Self { from: [1, 2, 3, 6], minor: Money::from_fen(100), grace: 5 }
    }
}

/// A posted rent bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RentDue {
    pub due_on: NaiveDate,
    /// rent months in it: a bill of a quarter counts as three
    pub periods: i64,
    pub outstanding: Money,
}

/// Where a household stands on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrears {
    /// rent periods that are overdue
    pub periods: i64,
    /// the longest run of adjacent ones
    pub consecutive: i64,
    /// all that is outstanding of them
    pub amount: Money,
    /// since when the oldest is due
    pub since: Option<NaiveDate>,
}

impl ArrearsRule {
    /// Whether a bill is overdue on a day: more than a trifle of it is outstanding after the grace.
    #[must_use]
    pub fn is_overdue(&self, bill: &RentDue, today: NaiveDate) -> bool {
        bill.outstanding > self.minor
            && bill.due_on.checked_add_days(Days::new(self.grace.into())).is_some_and(|last| today > last)
    }

    /// Counts the bills of a contract in the order of their due days.
    #[must_use]
    pub fn count(&self, bills: &[RentDue], today: NaiveDate) -> Arrears {
        let (mut arrears, mut run) = (Arrears::default(), 0);
        for bill in bills {
            if !self.is_overdue(bill, today) {
                run = 0;
                continue;
            }
            run += bill.periods;
            arrears.periods += bill.periods;
            arrears.consecutive = arrears.consecutive.max(run);
            arrears.amount = arrears.amount + bill.outstanding;
            arrears.since = arrears.since.or(Some(bill.due_on));
        }
        arrears
    }

    /// The level that so many overdue periods ask for. L3 and L4 besides need a notice and an approval (PRM-49), which is not
    /// for arithmetic to say.
    #[must_use]
    pub fn level(&self, arrears: &Arrears) -> ArrearsLevel {
        let reached = self.from.iter().filter(|from| arrears.periods >= **from).count();
        ArrearsLevel::ALL[reached]
    }

    /// Where a household that stood at `before` stands after a count. A count leads no higher than L2; whoever was led to L3
    /// or L4 by an approval stays there as long as the count still asks for it, and is let off with the first that does not
    /// (§3.8: the recount after any payment gives ≤ L2).
    #[must_use]
    pub fn standing(&self, before: ArrearsLevel, arrears: &Arrears) -> ArrearsLevel {
        let asked = self.level(arrears);
        if asked < ArrearsLevel::L3 { asked } else { before.max(ArrearsLevel::L2) }
    }
}

impl ArrearsLevel {
    /// The payment colour of a household's home (§1.3, §3.8).
    #[must_use]
    pub const fn color(self) -> PayColor {
        match self {
            Self::L0 => PayColor::Green,
            Self::L1 | Self::L2 => PayColor::Yellow,
            Self::L3 | Self::L4 => PayColor::Red,
        }
    }

    /// The levels of a household that is behind.
    #[must_use]
    pub fn behind() -> &'static [Self] {
        &Self::ALL[1..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn bill(due_on: &str, outstanding: &str) -> RentDue {
        RentDue { due_on: day(due_on), periods: 1, outstanding: Money::parse_yuan(outstanding).unwrap() }
    }

    /// The worked example of domain.md §4.11.
    #[test]
    fn a_bill_is_overdue_after_its_grace() {
        let bills = [bill("2014-10-10", "0"), bill("2014-11-10", "111.80"), bill("2014-12-10", "111.80")];
        let rule = ArrearsRule::default();
        let told = |today: &str| {
            let arrears = rule.count(&bills, day(today));
            (arrears.periods, arrears.amount.to_string(), rule.level(&arrears))
        };
        assert_eq!(told("2014-11-15"), (0, "0.00".to_owned(), ArrearsLevel::L0));
        assert_eq!(told("2014-12-11"), (1, "111.80".to_owned(), ArrearsLevel::L1));
        assert_eq!(told("2014-12-16"), (2, "223.60".to_owned(), ArrearsLevel::L2));
        assert_eq!(rule.count(&bills, day("2014-12-16")).since, Some(day("2014-11-10")));
    }

    /// Nobody is shut out by arithmetic, and nobody stays shut out who has paid enough.
    #[test]
    fn a_count_leads_to_l2_and_out_of_l3() {
        use ArrearsLevel::{L0, L1, L2, L3, L4};
        let rule = ArrearsRule::default();
        for (before, periods, after) in [
            (L0, 0, L0),
            (L0, 1, L1),
            (L0, 3, L2),
            (L1, 9, L2),
            (L2, 6, L2),
            (L3, 3, L3),
            (L3, 6, L3),
            (L3, 2, L2),
            (L3, 0, L0),
            (L4, 6, L4),
            (L4, 3, L4),
            (L4, 1, L1),
        ] {
            assert_eq!(
                rule.standing(before, &Arrears { periods, ..Arrears::default() }),
                after,
                "{before:?} {periods}"
            );
        }
        assert_eq!(
            ArrearsLevel::ALL.iter().map(|level| level.color().code()).collect::<Vec<_>>(),
            ["GREEN", "YELLOW", "YELLOW", "RED", "RED"]
        );
    }

    #[test]
    fn a_trifle_is_not_counted_and_a_quarter_counts_three_times() {
        let rule = ArrearsRule::default();
        let quarter = RentDue { periods: 3, ..bill("2014-01-10", "335.40") };
        let bills = [
            quarter,
            bill("2014-04-10", "1"),
            bill("2014-05-10", "1.01"),
            bill("2014-06-10", "5"),
            bill("2014-07-10", "5"),
        ];
        let arrears = rule.count(&bills, day("2014-12-01"));
        assert_eq!((arrears.periods, arrears.consecutive), (6, 3));
        assert_eq!(rule.level(&arrears), ArrearsLevel::L4);
        assert_eq!(rule.level(&Arrears { periods: 5, ..arrears }), ArrearsLevel::L3);
    }
}
