//! Rent periods of a contract and what each costs (账单明细, domain.md §4.4).

use crate::{
    dictionary::{DayBase, RentSplit},
    platform::calendar::{MissingYear, WorkCalendar},
    value::{Money, money::round_half_up},
};
use chrono::{Datelike, Days, Months, NaiveDate};

/// A stretch of days for which rent is charged at once, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// days of the whole month that this is, or is a part of
    pub of: i64,
}

impl Period {
    /// How many days it has.
    #[must_use]
    pub fn days(self) -> i64 {
        (self.to - self.from).num_days() + 1
    }

    /// Whether it is a whole month, for which the monthly rent is charged as it is.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.days() == self.of
    }

    /// The rent of the period (PRM-41), rounded once. A part never costs more than the whole.
    #[must_use]
    pub fn charge(self, monthly: Money, base: DayBase) -> Money {
        if self.is_whole() {
            return monthly;
        }
        let (rent, days) = (i128::from(monthly.fen()), i128::from(self.days()));
        let part = match base {
            DayBase::Actual => round_half_up(rent * days, i128::from(self.of)),
            DayBase::Thirty => round_half_up(rent * days, 30),
            DayBase::Year => round_half_up(rent * 12 * days, 365),
        };
        Money::from_fen(part).min(monthly)
    }

    /// The period cut in two at a day, which begins the second part; nothing when it lies outside. Both are parts of the
    /// same month: a change of the rent inside a period makes two lines.
    #[must_use]
    pub fn cut(self, at: NaiveDate) -> Option<(Self, Self)> {
        let before = at.pred_opt().filter(|_| self.from < at && at <= self.to)?;
        Some((Self { to: before, ..self }, Self { from: at, ..self }))
    }

    /// The day on which it has to be paid: the first `due_day` of a month (1 to 31, clamped to the month's last) that does
    /// not lie before its first day.
    #[must_use]
    pub fn due_on(self, due_day: u32) -> NaiveDate {
        let this = month_day(self.from, due_day);
        if this >= self.from {
            this
        } else {
            month_day(add_months(self.from.with_day(1).unwrap_or(self.from), 1), due_day)
        }
    }
}

/// PRM-42: a day on which nobody works moves to the next on which somebody does.
///
/// # Errors
/// When the calendar of that year is not entered.
pub fn due_on_working_day(due: NaiveDate, calendar: &WorkCalendar) -> Result<NaiveDate, MissingYear> {
    let mut day = due;
    while !calendar.is_working(day)? {
        day = day + Days::new(1);
    }
    Ok(day)
}

fn month_day(month: NaiveDate, day: u32) -> NaiveDate {
    (28..=day.clamp(1, 31))
        .rev()
        .find_map(|day| month.with_day(day))
        .or_else(|| month.with_day(day.max(1)))
        .unwrap_or(month)
}

/// Months later; a day that the month lacks becomes its last.
fn add_months(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX)
}

/// The periods of a term, both days included, in order and without a gap; none when it ends before it starts.
#[must_use]
pub fn periods(start: NaiveDate, end: NaiveDate, split: RentSplit) -> Vec<Period> {
    let anchor = match split {
        RentSplit::Natural => start.with_day(1).unwrap_or(start),
        RentSplit::Contract => start,
    };
    let mut periods = Vec::new();
    for index in 0.. {
        // Always from the anchor: from a period before, a day that was clamped once would stay so.
        let (from, next) = (add_months(anchor, index), add_months(anchor, index + 1));
        if from > end {
            break;
        }
        let to = (next - Days::new(1)).min(end);
        periods.push(Period { from: from.max(start), to, of: (next - from).num_days() });
    }
    periods
}

/// The periods of the bills of a term: `first` periods in the first bill (首付款月), then `cycle` in each (月/季/半年/年).
#[must_use]
pub fn bills(periods: &[Period], first: usize, cycle: usize) -> Vec<&[Period]> {
    let (head, rest) = periods.split_at(first.clamp(1, periods.len().max(1)).min(periods.len()));
    let head = (!head.is_empty()).then_some(head);
    head.into_iter().chain(rest.chunks(cycle.max(1))).collect()
}

/// A rent that holds from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RentFrom {
    pub from: NaiveDate,
    pub monthly: Money,
}

/// One line of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub period: Period,
    pub monthly: Money,
    pub amount: Money,
}

/// The lines of a period under rents that change (in the order of their days; the first one also holds before its own): one
/// for each rent that holds in it.
#[must_use]
pub fn lines(period: Period, rents: &[RentFrom], base: DayBase) -> Vec<Line> {
    let line = |period: Period, monthly: Money| Line { period, monthly, amount: period.charge(monthly, base) };
    let Some(first) = rents.iter().rev().find(|rent| rent.from <= period.from).or(rents.first()) else {
        return Vec::new();
    };
    let (mut lines, mut rest, mut monthly) = (Vec::new(), period, first.monthly);
    for rent in rents {
        let Some((before, after)) = rest.cut(rent.from) else { continue };
        if rent.monthly != monthly {
            lines.push(line(before, monthly));
            (rest, monthly) = (after, rent.monthly);
        }
    }
    lines.push(line(rest, monthly));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn yuan(text: &str) -> Money {
        Money::parse_yuan(text).unwrap()
    }

    fn shown(periods: &[Period]) -> Vec<String> {
        periods.iter().map(|period| format!("{}…{}", period.from, period.to)).collect()
    }

    fn amounts(periods: &[Period], monthly: &str, base: DayBase) -> Vec<String> {
        periods.iter().map(|period| period.charge(yuan(monthly), base).to_string()).collect()
    }

    /// The worked example of domain.md §4.4.
    #[test]
    fn the_seed_contract_costs_the_same_both_ways() {
        let (start, end) = (day("2016-03-29"), day("2017-03-28"));
        let natural = periods(start, end, RentSplit::Natural);
        assert_eq!(natural.len(), 13);
        assert_eq!(shown(&natural)[..2], ["2016-03-29…2016-03-31", "2016-04-01…2016-04-30"]);
        let costs = amounts(&natural, "111.80", DayBase::Actual);
        assert_eq!((costs[0].as_str(), costs[12].as_str()), ("10.82", "100.98"));
        assert!(costs[1..12].iter().all(|cost| cost == "111.80"));
        let contract = periods(start, end, RentSplit::Contract);
        assert_eq!(contract.len(), 12);
        assert_eq!(
            [&shown(&contract)[..2], &shown(&contract)[10..]].concat(),
            ["2016-03-29…2016-04-28", "2016-04-29…2016-05-28", "2017-01-29…2017-02-27", "2017-02-28…2017-03-28"]
        );
        for periods in [natural, contract] {
            let sum: Money = periods.iter().map(|period| period.charge(yuan("111.80"), DayBase::Actual)).sum();
            assert_eq!(sum, yuan("1,341.60"));
        }
    }

    #[test]
    fn a_day_that_a_month_lacks_is_its_last() {
        let periods = periods(day("2016-01-31"), day("2016-06-30"), RentSplit::Contract);
        assert_eq!(
            shown(&periods),
            [
                "2016-01-31…2016-02-28",
                "2016-02-29…2016-03-30",
                "2016-03-31…2016-04-29",
                "2016-04-30…2016-05-30",
                "2016-05-31…2016-06-29",
                "2016-06-30…2016-06-30",
            ]
        );
        assert_eq!(amounts(&periods[5..], "111.80", DayBase::Actual), ["3.61"]);
    }

    #[test]
    fn the_seed_exit_by_every_base() {
        let periods = periods(day("2014-10-01"), day("2014-12-05"), RentSplit::Natural);
        for (base, december) in [(DayBase::Actual, "18.03"), (DayBase::Thirty, "18.63"), (DayBase::Year, "18.38")] {
            assert_eq!(amounts(&periods, "111.80", base), ["111.80", "111.80", december]);
        }
    }

    #[test]
    fn a_rent_that_changes_makes_two_lines() {
        let april = periods(day("2016-04-01"), day("2016-04-30"), RentSplit::Natural)[0];
        let rents = [
            RentFrom { from: day("2016-01-01"), monthly: yuan("111.80") },
            RentFrom { from: day("2016-04-11"), monthly: yuan("145.60") },
            RentFrom { from: day("2016-05-01"), monthly: yuan("1") },
        ];
        let told: Vec<_> = lines(april, &rents, DayBase::Actual)
            .iter()
            .map(|line| (line.period.days(), line.amount.to_string()))
            .collect();
        assert_eq!(told, [(10, "37.27".to_owned()), (20, "97.07".to_owned())]);
        let same = [rents[0], RentFrom { from: day("2016-04-11"), ..rents[0] }];
        assert_eq!(lines(april, &same, DayBase::Actual).len(), 1, "nothing has changed");
        assert_eq!(lines(april, &rents[2..], DayBase::Actual)[0].amount, yuan("1"));
        assert!(lines(april, &[], DayBase::Actual).is_empty());
    }

    #[test]
    fn a_period_is_due_on_the_next_due_day() {
        let period = |from: &str| periods(day(from), day("2099-12-31"), RentSplit::Contract)[0];
        for (from, due_day, due) in [
            ("2016-04-01", 10, "2016-04-10"),
            ("2016-03-29", 10, "2016-04-10"),
            ("2016-04-10", 10, "2016-04-10"),
            ("2016-01-31", 31, "2016-01-31"),
            ("2016-02-01", 31, "2016-02-29"),
            ("2016-12-30", 5, "2017-01-05"),
        ] {
            assert_eq!(period(from).due_on(due_day), day(due), "{from} {due_day}");
        }
    }

    #[test]
    fn bills_join_periods() {
        let year = periods(day("2016-01-01"), day("2016-12-31"), RentSplit::Natural);
        let lengths = |first, cycle| bills(&year, first, cycle).iter().map(|bill| bill.len()).collect::<Vec<_>>();
        assert_eq!(lengths(1, 1), [1; 12]);
        assert_eq!(lengths(2, 3), [2, 3, 3, 3, 1]);
        assert_eq!(lengths(0, 0), [1; 12]);
        assert_eq!(lengths(99, 3), [12]);
        assert!(bills(&[], 1, 1).is_empty());
    }

    proptest! {
        /// Every day of the term belongs to exactly one period, whichever way it is cut.
        #[test]
        fn no_day_is_lost_or_charged_twice(start in 0_u64..20_000, length in 0_u64..4_000, natural: bool) {
            let start = day("1990-01-01") + Days::new(start);
            let end = start + Days::new(length);
            let periods = periods(start, end, if natural { RentSplit::Natural } else { RentSplit::Contract });
            prop_assert_eq!((periods[0].from, periods[periods.len() - 1].to), (start, end));
            for pair in periods.windows(2) {
                prop_assert_eq!(pair[0].to + Days::new(1), pair[1].from);
            }
            for period in periods {
                prop_assert!(1 <= period.days() && period.days() <= period.of && (28..=31).contains(&period.of));
                if natural {
                    prop_assert_eq!(period.from.month(), period.to.month());
                }
            }
        }

        /// n contract months cost n rents, by every base.
        #[test]
        fn contract_months_cost_their_rents(start in 0_u64..20_000, months in 1_u32..120, fen in 0_i64..1_000_000) {
            let start = day("1990-01-01") + Days::new(start);
            let end = add_months(start, months) - Days::new(1);
            for base in [DayBase::Actual, DayBase::Thirty, DayBase::Year] {
                let periods = periods(start, end, RentSplit::Contract);
                let sum: Money = periods.iter().map(|period| period.charge(Money::from_fen(fen), base)).sum();
                prop_assert_eq!(sum.fen(), fen * i64::from(months));
            }
        }

        /// The parts of a period that is cut cost what it costs, to half a fen each.
        #[test]
        fn a_cut_costs_no_more(start in 0_u64..20_000, at in 1_u64..28, fen in 0_i64..1_000_000) {
            let start = day("1990-01-01") + Days::new(start);
            let period = periods(start, start + Days::new(400), RentSplit::Contract)[0];
            let (before, after) = period.cut(start + Days::new(at)).expect("inside");
            prop_assert_eq!(before.days() + after.days(), period.days());
            let parts = before.charge(Money::from_fen(fen), DayBase::Actual)
                + after.charge(Money::from_fen(fen), DayBase::Actual);
            prop_assert!((parts.fen() - fen).abs() <= 1);
        }
    }
}
