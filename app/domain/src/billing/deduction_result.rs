//! What a line of a bank's response comes to (domain.md §3.7), when a failed deduction is tried again (PRM-46), and what of an
//! item was paid.

use crate::{
    dictionary::{DeductFail, DeductStatus, DifferenceKind, Resolution},
    value::Money,
};
use chrono::{Datelike as _, Months, NaiveDate};

/// The result codes of docs/bank.md besides those of D-33.
pub const SUCCESS: &str = "SUCCESS";
pub const PARTIAL: &str = "PARTIAL";

/// A line of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// what the bank repeats of the request
    pub due: Money,
    pub result: &'a str,
    pub deducted: Money,
}

/// What a line comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Success,
    Partial,
    Fail(DeductFail),
    /// a person has to look
    Differs(DifferenceKind),
}

impl Verdict {
    /// As it is stored beside the line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Success => DeductStatus::Success.code(),
            Self::Partial => DeductStatus::Partial.code(),
            Self::Fail(reason) => reason.code(),
            Self::Differs(kind) => kind.code(),
        }
    }

    /// The verdict of a stored code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match DeductStatus::from_code(code) {
            Some(DeductStatus::Success) => Some(Self::Success),
            Some(DeductStatus::Partial) => Some(Self::Partial),
            _ => DeductFail::from_code(code)
                .map(Self::Fail)
                .or_else(|| DifferenceKind::from_code(code).map(Self::Differs)),
        }
    }
}

/// The reason behind a result code: one of D-33, or 其他 for a code that nobody agreed on.
#[must_use]
pub fn fail_reason(result: &str) -> DeductFail {
    DeductFail::from_code(result).unwrap_or(DeductFail::Other)
}

/// Holds a line against what was asked for: amount deducted ≤ requested, and code and amount say the same.
#[must_use]
pub fn judge(requested: Money, line: Line<'_>) -> Verdict {
    let differs = Verdict::Differs;
    if line.due != requested {
        return differs(DifferenceKind::AmountChanged);
    }
    if line.deducted > requested {
        return differs(DifferenceKind::OverDeducted);
    }
    match (line.result, line.deducted) {
        (_, deducted) if deducted < Money::ZERO => differs(DifferenceKind::Contradiction),
        (SUCCESS, deducted) if deducted == requested => Verdict::Success,
        (PARTIAL, deducted) if deducted > Money::ZERO && deducted < requested => Verdict::Partial,
        (SUCCESS | PARTIAL, _) => differs(DifferenceKind::Contradiction),
        (result, Money::ZERO) => Verdict::Fail(fail_reason(result)),
        _ => differs(DifferenceKind::Contradiction),
    }
}

/// What is entered of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// a payment of so much: of more than was asked for, the rest becomes balance
    Enter(Money),
    Fail(DeductFail),
}

/// What becomes of an item whose line came, differed and was decided about; without a line, or with a decision to enter
/// nothing, it has failed.
#[must_use]
pub fn outcome(verdict: Option<Verdict>, deducted: Money, resolution: Option<Resolution>) -> Outcome {
    match (verdict, resolution) {
        (Some(Verdict::Success | Verdict::Partial), _) | (Some(Verdict::Differs(_)), Some(Resolution::Enter))
            if deducted > Money::ZERO =>
        {
            Outcome::Enter(deducted)
        }
        (Some(Verdict::Fail(reason)), _) => Outcome::Fail(reason),
        _ => Outcome::Fail(DeductFail::Other),
    }
}

/// PRM-46: the days of a month on which is deducted, and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeductionDays(Vec<u32>);

impl Default for DeductionDays {
    /// 15th, retry 20th, 25th
    fn default() -> Self {
        Self(vec![15, 20, 25])
    }
}

impl DeductionDays {
    /// Reads `15/20/25`: one to six growing days, none of which a month lacks.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let days: Option<Vec<u32>> = text.split('/').map(|day| day.parse().ok()).collect();
        let days = days.filter(|days| (1..=6).contains(&days.len()))?;
        let grow = days.windows(2).all(|pair| pair[0] < pair[1]);
        (grow && days.iter().all(|day| (1..=28).contains(day))).then_some(Self(days))
    }

    /// As [`Self::parse`] reads it.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(u32::to_string).collect::<Vec<_>>().join("/")
    }

    /// Whether a day is one of them.
    #[must_use]
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.0.contains(&day.day())
    }

    /// For which of these days a batch is made on a day: for itself, or for the last one that has gone by since it was looked
    /// (`looked`) and on which no server ran. Where nobody has looked before, none has been missed.
    #[must_use]
    pub fn wanted(&self, today: NaiveDate, looked: Option<NaiveDate>) -> Option<NaiveDate> {
        if self.contains(today) {
            return Some(today);
        }
        self.before(today).filter(|day| looked.is_some_and(|looked| looked < *day))
    }

    /// The last of these days before a day.
    fn before(&self, day: NaiveDate) -> Option<NaiveDate> {
        let this = self.0.iter().rev().filter_map(|wanted| day.with_day(*wanted)).find(|wanted| *wanted < day);
        this.or_else(|| day.with_day(1)?.pred_opt()?.with_day(*self.0.last()?))
    }

    /// The first of these days that is not before a day.
    #[must_use]
    pub fn from(&self, day: NaiveDate) -> NaiveDate {
        let this = self.0.iter().filter_map(|wanted| day.with_day(*wanted)).find(|wanted| *wanted >= day);
        let next = || {
            let month = day.with_day(1)?.checked_add_months(Months::new(1))?;
            month.with_day(*self.0.first()?)
        };
        this.or_else(next).unwrap_or(day)
    }

    /// When a deduction that failed on a day is tried again: the next of these days.
    #[must_use]
    pub fn after(&self, day: NaiveDate) -> NaiveDate {
        day.succ_opt().map_or(day, |next| self.from(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judged(requested: i64, due: i64, result: &str, deducted: i64) -> Verdict {
        let line = Line { due: Money::from_fen(due), result, deducted: Money::from_fen(deducted) };
        judge(Money::from_fen(requested), line)
    }

    #[test]
    fn a_line_is_what_was_asked_for_or_a_matter_for_a_person() {
        use DifferenceKind as D;
        let differs = Verdict::Differs;
        for (due, result, deducted, verdict) in [
            (11_180, SUCCESS, 11_180, Verdict::Success),
            (11_180, PARTIAL, 5_000, Verdict::Partial),
            (11_180, "NSF", 0, Verdict::Fail(DeductFail::Nsf)),
            (11_180, "MISMATCH", 0, Verdict::Fail(DeductFail::Mismatch)),
            (11_180, "E4711", 0, Verdict::Fail(DeductFail::Other)),
            (11_180, SUCCESS, 11_181, differs(D::OverDeducted)),
            (11_180, "NSF", 11_181, differs(D::OverDeducted)),
            (11_180, SUCCESS, 11_179, differs(D::Contradiction)),
            (11_180, SUCCESS, 0, differs(D::Contradiction)),
            (11_180, PARTIAL, 11_180, differs(D::Contradiction)),
            (11_180, PARTIAL, 0, differs(D::Contradiction)),
            (11_180, "NSF", 1, differs(D::Contradiction)),
            (11_180, "NSF", -1, differs(D::Contradiction)),
            (11_181, SUCCESS, 11_181, differs(D::AmountChanged)),
        ] {
            assert_eq!(judged(11_180, due, result, deducted), verdict, "{due} {result} {deducted}");
        }
    }

    #[test]
    fn a_verdict_is_read_back() {
        let mut all = vec![Verdict::Success, Verdict::Partial];
        all.extend(DeductFail::ALL.iter().map(|reason| Verdict::Fail(*reason)));
        all.extend(DifferenceKind::ALL.iter().map(|kind| Verdict::Differs(*kind)));
        for verdict in all {
            assert_eq!(Verdict::from_code(verdict.code()), Some(verdict));
        }
        assert_eq!(Verdict::from_code("WAIT"), None);
    }

    #[test]
    fn what_differed_is_entered_only_when_somebody_said_so() {
        let (some, none) = (Money::from_fen(500), Money::ZERO);
        let differs = Some(Verdict::Differs(DifferenceKind::OverDeducted));
        let other = Outcome::Fail(DeductFail::Other);
        for (verdict, deducted, resolution, result) in [
            (Some(Verdict::Success), some, None, Outcome::Enter(some)),
            (Some(Verdict::Partial), some, None, Outcome::Enter(some)),
            (Some(Verdict::Fail(DeductFail::Nsf)), none, None, Outcome::Fail(DeductFail::Nsf)),
            (differs, some, Some(Resolution::Enter), Outcome::Enter(some)),
            (differs, some, Some(Resolution::Note), other),
            (differs, some, None, other),
            (differs, none, Some(Resolution::Enter), other),
            (None, none, Some(Resolution::Note), other),
        ] {
            assert_eq!(outcome(verdict, deducted, resolution), result, "{verdict:?} {resolution:?}");
        }
    }

    #[test]
    fn days_of_deduction() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let days = DeductionDays::default();
        for (from, to) in [
            ("2026-11-01", "2026-11-15"),
            ("2026-11-15", "2026-11-15"),
            ("2026-11-16", "2026-11-20"),
            ("2026-11-26", "2026-12-15"),
            ("2026-12-31", "2027-01-15"),
        ] {
            assert_eq!(days.from(day(from)), day(to), "{from}");
        }
        assert_eq!(days.after(day("2026-11-15")), day("2026-11-20"));
        assert_eq!(days.after(day("2026-11-25")), day("2026-12-15"));
        for wrong in ["", "0", "29", "15/15", "20/15", "15/", "1/2/3/4/5/6/7", "十五"] {
            assert_eq!(DeductionDays::parse(wrong), None, "{wrong}");
        }
        assert_eq!(DeductionDays::parse("15/20/25"), Some(days));
    }

    #[test]
    fn a_day_that_was_missed_is_made_up_for() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let days = DeductionDays::default();
        for (today, looked, wanted) in [
            ("2026-11-15", None, Some("2026-11-15")),
            ("2026-11-15", Some("2026-11-15"), Some("2026-11-15")),
            ("2026-11-16", Some("2026-11-15"), None),
            ("2026-11-16", Some("2026-11-14"), Some("2026-11-15")),
            ("2026-11-16", None, None),
            ("2026-11-20", Some("2026-11-14"), Some("2026-11-20")),
            ("2026-11-30", Some("2026-10-01"), Some("2026-11-25")),
            ("2026-12-03", Some("2026-11-24"), Some("2026-11-25")),
            ("2027-01-14", Some("2026-12-25"), None),
        ] {
            let made = days.wanted(day(today), looked.map(day));
            assert_eq!(made, wanted.map(day), "{today} after {looked:?}");
        }
    }

    proptest! {
        /// Whatever days a server runs on: no day is made twice, and none is left out before the next one comes.
        #[test]
        fn every_day_is_made_once(up in prop::collection::btree_set(0u64..200, 1..60), a in 1u32..=28, b in 1u32..=28) {
            let first = "2026-01-01".parse::<NaiveDate>().unwrap();
            let days = DeductionDays::parse(&if a < b { format!("{a}/{b}") } else { a.to_string() }).unwrap();
            let up: Vec<NaiveDate> = up.into_iter().map(|later| first + chrono::Days::new(later)).collect();
            let mut looked = None;
            let mut made = Vec::new();
            for today in &up {
                made.extend(days.wanted(*today, looked).filter(|day| !made.contains(day)));
                // Looked at for a second time, there is nothing to be made but on the day itself.
                prop_assert!(days.wanted(*today, Some(*today)).is_none_or(|day| day == *today));
                looked = Some(*today);
            }
            prop_assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
            let last = *up.last().unwrap();
            let mut day = days.from(up[0]);
            while day <= last {
                let next = days.after(day);
                prop_assert!(made.contains(&day) || !up.iter().any(|today| (day..next).contains(today)), "{}", day);
                day = next;
            }
        }

        /// No line takes more of a household than was asked for without somebody looking.
        #[test]
        fn nothing_beyond_the_request_passes(requested in 1i64..1_000_000, due in 0i64..1_000_000, deducted in -10i64..1_000_000,
            result in prop::sample::select(&["SUCCESS", "PARTIAL", "NSF", "X"][..])) {
            match judged(requested, due, result, deducted) {
                Verdict::Success => prop_assert!(due == requested && deducted == requested),
                Verdict::Partial => prop_assert!(due == requested && (1..requested).contains(&deducted)),
                Verdict::Fail(_) => prop_assert!(due == requested && deducted == 0),
                Verdict::Differs(_) => {}
            }
        }

        #[test]
        fn a_retry_is_later_and_on_one_of_the_days(offset in 0i64..2_000, a in 1u32..=28, b in 1u32..=28) {
            let day = "2026-01-01".parse::<NaiveDate>().unwrap() + chrono::TimeDelta::days(offset);
            let days = DeductionDays::parse(&if a < b { format!("{a}/{b}") } else { a.to_string() }).unwrap();
            let again = days.after(day);
            prop_assert!(again > day && (again.day() == a || again.day() == b));
            prop_assert_eq!(DeductionDays::parse(&days.text()), Some(days));
        }
    }
}
