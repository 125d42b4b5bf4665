//! 费用明细 (domain.md §3.6 L1, §4.4): the bills that follow from the terms of a contract.
//!
//! They are computed and never stored before they are receivables: a plan that was written down would have to be
//! rewritten with each change of the rent, for every month of five years.

use crate::{
    billing::schedule::{self, Line, RentFrom},
    dictionary::{DayBase, RentSplit},
    value::Money,
};
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// What the bills of a contract follow from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub start_on: NaiveDate,
    pub end_on: NaiveDate,
    /// days before it are free
    pub rent_start_on: NaiveDate,
    pub split: RentSplit,
    /// months in one bill, and in the first
    pub cycle: u8,
    pub first: u8,
    pub due_day: u8,
    /// before and after what is taken off, from a day on; in the order of the days
    pub rents: Vec<Rent>,
    /// months in one bill from a day on, with which a bill begins (C10); in the order of the days
    pub cycles: Vec<Cycle>,
    /// §3.27: periods that began by this day were charged by the system before, and what is open of them came with the take-over
    pub charged_to: Option<NaiveDate>,
    pub base: DayBase,
}

/// Months in one bill from a day on: the cycle was changed, or the term was made longer behind a bill that ended with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycle {
    pub from: NaiveDate,
    pub months: u8,
}

/// A rent from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rent {
    pub from: NaiveDate,
    /// 应收租金
    pub full: Money,
    /// 实际应缴
    pub payable: Money,
}

/// A bill of the plan: from day to day, what it costs and when it has to be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedBill {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// rent months in it
    pub months: u8,
    pub due_on: NaiveDate,
    pub lines: Vec<PlannedLine>,
}

/// A line of the plan; 核减 is negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedLine {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub days: u32,
    /// of the month that the days are a part of
    pub of: u32,
    pub monthly: Money,
    /// 应收租金 of these days
    pub full: Money,
    /// 实际应缴 of these days
    pub payable: Money,
}

impl PlannedBill {
    /// 实际应缴
    #[must_use]
    pub fn amount(&self) -> Money {
        self.lines.iter().map(|line| line.payable).sum()
    }

    /// 核减, not negative
    #[must_use]
    pub fn reduction(&self) -> Money {
        self.lines.iter().map(|line| line.full - line.payable).sum()
    }

    /// The accounting month it belongs to: that of its first day.
    #[must_use]
    pub fn month(&self) -> NaiveDate {
        month_of(self.from)
    }
}

/// The first day of the day's month.
#[must_use]
pub fn month_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// The bills of the whole term, in order.
#[must_use]
pub fn bills(terms: &Terms) -> Vec<PlannedBill> {
    let periods = periods(terms);
    grouped(&periods, terms)
        .into_iter()
        .map(|periods| {
            let (first, last) = (periods[0], periods[periods.len() - 1]);
            PlannedBill {
                from: first.from,
                to: last.to,
                months: u8::try_from(periods.len()).unwrap_or(u8::MAX),
                due_on: first.due_on(terms.due_day.into()),
                lines: periods.iter().flat_map(|period| lines(*period, terms)).collect(),
            }
        })
        .collect()
}

/// The periods of the term, cut where a bill has to begin: a month that was charged to the end of a shorter term is two parts.
fn periods(terms: &Terms) -> Vec<schedule::Period> {
    let mut periods = schedule::periods(terms.start_on, terms.end_on, terms.split);
    for cycle in &terms.cycles {
        let cut = periods.iter().enumerate().find_map(|(place, period)| Some((place, period.cut(cycle.from)?)));
        if let Some((place, (before, after))) = cut {
            periods.splice(place..=place, [before, after]);
        }
    }
    periods
}

/// The periods of each bill: as many as the cycle has that holds on its first day. Behind what another system has charged they
/// are counted anew: how it made its bills nobody knows.
fn grouped<'a>(periods: &'a [schedule::Period], terms: &Terms) -> Vec<&'a [schedule::Period]> {
    let (mut rest, mut bills) = (periods, Vec::new());
    let (mut first, mut cycle) = (terms.first, terms.cycle);
    if let Some(day) = terms.charged_to {
        let charged = rest.partition_point(|period| period.from <= day);
        (first, rest) = (if charged > 0 { cycle } else { first }, &rest[charged..]);
    }
    for next in &terms.cycles {
        let (before, after) = rest.split_at(rest.partition_point(|period| period.from < next.from));
        bills.extend(schedule::bills(before, first.into(), cycle.into()));
        // Where nothing was charged yet the first bill has the new months too.
        (first, cycle, rest) = (next.months, next.months, after);
    }
    bills.extend(schedule::bills(rest, first.into(), cycle.into()));
    bills
}

/// The first day of the first bill in a month or behind it, which the lines of no bill are needed for; none: the term is over.
#[must_use]
pub fn first_day(terms: &Terms, month: NaiveDate) -> Option<NaiveDate> {
    let periods = periods(terms);
    let mut starts = grouped(&periods, terms).into_iter().map(|periods| periods[0].from);
    starts.find(|from| month_of(*from) >= month)
}

/// The bills whose first day lies in a month: what the run of that month makes (PRM-40).
#[must_use]
pub fn bills_of_month(terms: &Terms, month: NaiveDate) -> Vec<PlannedBill> {
    let is_in = |day: NaiveDate| (day.year(), day.month()) == (month.year(), month.month());
    bills(terms).into_iter().filter(|bill| is_in(bill.from)).collect()
}

/// The lines of a period: one for each rent that holds in it. Free days cost nothing and are a line of their own.
fn lines(period: schedule::Period, terms: &Terms) -> Vec<PlannedLine> {
    let free = RentFrom { from: terms.start_on, monthly: Money::ZERO };
    let rents = |pick: fn(&Rent) -> Money| -> Vec<RentFrom> {
        let charged =
            terms.rents.iter().map(|rent| RentFrom { from: rent.from.max(terms.rent_start_on), monthly: pick(rent) });
        std::iter::once(free).filter(|_| terms.rent_start_on > terms.start_on).chain(charged).collect()
    };
    // A line ends where either of the two changes.
    let full = schedule::lines(period, &rents(|rent| rent.full), terms.base);
    let payable = schedule::lines(period, &rents(|rent| rent.payable), terms.base);
    if full.len() == payable.len() && full.iter().zip(&payable).all(|(a, b)| a.period == b.period) {
        return full.into_iter().zip(payable).map(|(full, payable)| line(full, payable.amount)).collect();
    }
    finest(period, terms)
}

/// Lines cut at every day on which anything changes, so that full and payable rent stand side by side.
fn finest(period: schedule::Period, terms: &Terms) -> Vec<PlannedLine> {
    let (mut rest, mut lines) = (period, Vec::new());
    let mut cuts: Vec<NaiveDate> = terms.rents.iter().map(|rent| rent.from).chain([terms.rent_start_on]).collect();
    cuts.sort_unstable();
    for at in cuts {
        if let Some((before, after)) = rest.cut(at) {
            lines.push(before);
            rest = after;
        }
    }
    lines.push(rest);
    lines
        .into_iter()
        .map(|part| {
            let rent = terms.rents.iter().rev().find(|rent| rent.from <= part.from).or(terms.rents.first());
            let rent = rent.filter(|_| part.from >= terms.rent_start_on);
            let (full, payable) = rent.map_or((Money::ZERO, Money::ZERO), |rent| (rent.full, rent.payable));
            let charged = Line { period: part, monthly: full, amount: part.charge(full, terms.base) };
            line(charged, part.charge(payable, terms.base))
        })
        .collect()
}

fn line(full: Line, payable: Money) -> PlannedLine {
    let count = |days: i64| u32::try_from(days).unwrap_or_default();
    PlannedLine {
        from: full.period.from,
        to: full.period.to,
        days: count(full.period.days()),
        of: count(full.period.of),
        monthly: full.monthly,
        full: full.amount,
        payable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn fen(fen: i64) -> Money {
        Money::from_fen(fen)
    }

    fn terms(start: &str, end: &str) -> Terms {
        Terms {
            start_on: day(start),
            end_on: day(end),
            rent_start_on: day(start),
            split: RentSplit::Natural,
            cycle: 1,
            first: 1,
            due_day: 10,
            rents: vec![Rent { from: day(start), full: fen(11180), payable: fen(1118) }],
            cycles: Vec::new(),
            charged_to: None,
            base: DayBase::Actual,
        }
    }

    /// §4.3 within §4.4: full rent, what is taken off, what is paid.
    #[test]
    fn a_bill_shows_what_was_taken_off() {
        let bills = bills(&terms("2016-03-29", "2017-03-28"));
        assert_eq!(bills.len(), 13);
        assert_eq!((bills[1].amount(), bills[1].reduction()), (fen(1118), fen(10062)));
        assert_eq!((bills[0].lines[0].full, bills[0].amount()), (fen(1082), fen(108)));
        assert_eq!((bills[0].due_on, bills[0].month()), (day("2016-04-10"), day("2016-03-01")));
    }

    #[test]
    fn free_days_are_a_line_that_costs_nothing() {
        let terms = Terms { rent_start_on: day("2026-01-16"), ..terms("2026-01-01", "2026-03-31") };
        let lines = &bills(&terms)[0].lines;
        let told: Vec<_> = lines.iter().map(|line| (line.days, line.full, line.payable)).collect();
        assert_eq!(told, [(15, Money::ZERO, Money::ZERO), (16, fen(5770), fen(577))]);
        assert_eq!(bills(&terms)[1].amount(), fen(1118));
    }

    #[test]
    fn a_rent_whose_reduction_alone_changes_makes_two_lines() {
        let mut terms = terms("2026-01-01", "2026-12-31");
        terms.rents.push(Rent { from: day("2026-04-11"), full: fen(11180), payable: fen(11180) });
        let april = &bills(&terms)[3];
        let told: Vec<_> = april.lines.iter().map(|line| (line.days, line.full, line.payable)).collect();
        assert_eq!(told, [(10, fen(3727), fen(373)), (20, fen(7453), fen(7453))]);
    }

    #[test]
    fn quarters_come_in_the_month_of_their_first_day() {
        let terms = Terms { cycle: 3, first: 2, ..terms("2026-01-01", "2026-12-31") };
        let made: Vec<_> = (1..=12)
            .flat_map(|month| bills_of_month(&terms, NaiveDate::from_ymd_opt(2026, month, 1).unwrap()))
            .map(|bill| (bill.from.month(), bill.months))
            .collect();
        assert_eq!(made, [(1, 2), (3, 3), (6, 3), (9, 3), (12, 1)]);
    }

    #[test]
    fn another_cycle_begins_with_a_bill() {
        let cycles = vec![Cycle { from: day("2026-04-01"), months: 3 }, Cycle { from: day("2026-10-01"), months: 1 }];
        let terms = Terms { cycles, ..terms("2026-01-01", "2026-12-31") };
        let told: Vec<_> = bills(&terms).iter().map(|bill| (bill.from.month(), bill.months)).collect();
        assert_eq!(told, [(1, 1), (2, 1), (3, 1), (4, 3), (7, 3), (10, 1), (11, 1), (12, 1)]);
    }

    /// A term to 12-15 was charged to its end, then made longer: the rest of December is charged, and nothing twice.
    #[test]
    fn a_longer_term_goes_on_behind_the_last_bill() {
        let longer = |end: &str, split, cycle, seam: &str| {
            let cycles = vec![Cycle { from: day(seam), months: cycle }];
            let terms = Terms { cycles, split, cycle, first: cycle, ..terms("2026-01-01", end) };
            let bills = bills(&terms);
            bills
                .into_iter()
                .skip_while(|bill| bill.from < day("2026-10-01"))
                .map(|bill| (bill.from, bill.to))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            longer("2027-01-31", RentSplit::Natural, 1, "2026-12-16")[2..],
            [
                (day("2026-12-01"), day("2026-12-15")),
                (day("2026-12-16"), day("2026-12-31")),
                (day("2027-01-01"), day("2027-01-31")),
            ]
        );
        // Quarters of which the last had two months only.
        assert_eq!(
            longer("2027-03-31", RentSplit::Natural, 3, "2026-12-01"),
            [
                (day("2026-10-01"), day("2026-11-30")),
                (day("2026-12-01"), day("2027-02-28")),
                (day("2027-03-01"), day("2027-03-31")),
            ]
        );
    }

    /// §3.27: a period that began by the day to which was charged belongs to the system before; bills are grouped anew from there.
    #[test]
    fn a_contract_that_was_taken_over_is_charged_behind_what_was_charged() {
        let over = |text: &str, cycle| {
            let terms = Terms { charged_to: Some(day(text)), cycle, first: cycle, ..terms("2026-01-01", "2026-12-31") };
            bills(&terms).first().map(|bill| (bill.from, bill.to))
        };
        assert_eq!(over("2026-09-30", 1), Some((day("2026-10-01"), day("2026-10-31"))));
        assert_eq!(over("2026-10-01", 1), Some((day("2026-11-01"), day("2026-11-30"))));
        assert_eq!(over("2026-09-30", 6), Some((day("2026-10-01"), day("2026-12-31"))), "its half-years begin anew");
        assert_eq!(over("2026-06-30", 6), Some((day("2026-07-01"), day("2026-12-31"))));
        assert_eq!(over("2026-12-31", 1), None);
    }

    proptest! {
        /// The months' runs together make the plan, each bill once, and every day of the term is charged once.
        #[test]
        fn the_runs_make_the_plan(
            start in 0i64..800, days in 1i64..1200, free in 0i64..60, cycle in 1u8..=12, first in 1u8..=12,
            contract in any::<bool>(), change in 0i64..1200, other in 1u8..=12, otherwise in 0i64..1200,
            charged in prop::option::of(0i64..1200),
        ) {
            let start_on = day("2024-01-01") + chrono::Days::new(start.unsigned_abs());
            let end_on = start_on + chrono::Days::new(days.unsigned_abs());
            let rent_start_on = (start_on + chrono::Days::new(free.unsigned_abs())).min(end_on);
            let terms = Terms {
                start_on, end_on, rent_start_on,
                split: if contract { RentSplit::Contract } else { RentSplit::Natural },
                cycle, first, due_day: 10, base: DayBase::Actual,
                cycles: vec![Cycle { from: start_on + chrono::Days::new(otherwise.unsigned_abs()), months: other }],
                charged_to: charged.map(|days| start_on + chrono::Days::new(days.unsigned_abs())),
                rents: vec![
                    Rent { from: start_on, full: fen(11180), payable: fen(3354) },
                    Rent { from: start_on + chrono::Days::new(change.unsigned_abs()), full: fen(14560), payable: fen(3354) },
                ],
            };
            let plan = bills(&terms);
            let mut by_month = Vec::new();
            let mut month = month_of(start_on);
            while month <= end_on {
                by_month.extend(bills_of_month(&terms, month));
                month = month.checked_add_months(chrono::Months::new(1)).unwrap();
            }
            prop_assert_eq!(&plan, &by_month);
            let month = month_of(rent_start_on);
            prop_assert_eq!(first_day(&terms, month), plan.iter().map(|bill| bill.from).find(|from| month_of(*from) >= month));
            let mut next = plan.first().map_or(end_on.succ_opt().unwrap(), |bill| bill.from);
            match terms.charged_to {
                None => prop_assert_eq!(next, start_on),
                // Not a day is missed, and no period that was charged is charged again.
                Some(charged) => prop_assert!(next > end_on || next > charged && next <= charged + chrono::Days::new(31)),
            }
            for line in plan.iter().flat_map(|bill| &bill.lines) {
                prop_assert_eq!(line.from, next);
                prop_assert!(line.payable <= line.full && line.payable >= Money::ZERO);
                next = line.to.succ_opt().unwrap();
            }
            prop_assert_eq!(next, end_on.succ_opt().unwrap());
        }
    }
}
