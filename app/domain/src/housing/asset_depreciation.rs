//! Straight-line depreciation of asset cards (domain.md §4.13, R-53, PRM-70), and its monthly runs (§3.19 T5).
//!
//! The arithmetic here is what the database's `asset_residual` and `asset_monthly` compute for a whole city at once;
//! the store's tests hold the two against each other.

use crate::{
    dictionary::Structure,
    id::DepreciationRunId,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::{Check, Complaint, Money, normalize, round_half_up},
};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A calendar month (会计期间).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "NaiveDate", into = "NaiveDate")]
pub struct Month(NaiveDate);

impl Month {
    /// The month in which a day lies.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    /// Its first day: what is stored.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        self.0
    }

    /// The month after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add_months(chrono::Months::new(1)).unwrap_or(self.0))
    }

    /// Whole months from `earlier` to this one; negative when it is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> i32 {
        (self.0.year() - earlier.0.year()) * 12 + self.0.month() as i32 - earlier.0.month() as i32
    }

    /// `2026-11`.
    ///
    /// # Errors
    /// `应为YYYY-MM`.
    pub fn parse(text: &str) -> Check<Self> {
        let text = normalize(text);
        let mark = |(place, byte): (usize, u8)| if place == 4 { byte == b'-' } else { byte.is_ascii_digit() };
        let well_formed = text.len() == 7 && text.bytes().enumerate().all(mark);
        let day = format!("{text}-01").parse::<NaiveDate>().ok();
        day.filter(|day| well_formed && (1900..=2999).contains(&day.year()))
            .map(Self)
            .ok_or(Complaint::about("格式应为YYYY-MM"))
    }
}

impl TryFrom<NaiveDate> for Month {
    type Error = &'static str;

    fn try_from(day: NaiveDate) -> Result<Self, Self::Error> {
        if day.day() == 1 { Ok(Self(day)) } else { Err("a month is named by its first day") }
    }
}

impl From<Month> for NaiveDate {
    fn from(month: Month) -> Self {
        month.0
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

/// PRM-70: years by structure, and what is left at the end in 1/100 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepreciationLife {
    pub concrete: i32,
    pub brick: i32,
    pub simple: i32,
    pub residual_rate: i32,
}

impl Default for DepreciationLife {
    fn default() -> Self {
        Self { concrete: 50, brick: 30, simple: 8, residual_rate: 0 }
    }
}

impl DepreciationLife {
    /// `50/30/8`, or with the residual in percent `50/30/8/3`.
    ///
    /// # Errors
    /// The sentence that shows the form.
    pub fn parse(text: &str) -> Check<Self> {
        let wrong = || {
            Complaint::says(
                "折旧年限须为“钢混/砖混/简易”三个年数，不少于50/30/8，可再加残值率（百分数，0至20），如50/30/8或50/30/8/3",
            )
        };
        let parts: Vec<i32> =
            text.split('/').map(|part| part.trim().parse()).collect::<Result<_, _>>().map_err(|_| wrong())?;
        let (concrete, brick, simple, residual) = match parts[..] {
            [concrete, brick, simple] => (concrete, brick, simple, 0),
            [concrete, brick, simple, residual] => (concrete, brick, simple, residual),
            _ => return Err(wrong()),
        };
        let years = |years: i32, least: i32| (least..=100).contains(&years);
        if years(concrete, 50) && years(brick, 30) && years(simple, 8) && (0..=20).contains(&residual) {
            Ok(Self { concrete, brick, simple, residual_rate: residual * 100 })
        } else {
            Err(wrong())
        }
    }

    /// As it is stored.
    #[must_use]
    pub fn code(self) -> String {
        let years = format!("{}/{}/{}", self.concrete, self.brick, self.simple);
        if self.residual_rate == 0 { years } else { format!("{years}/{}", self.residual_rate / 100) }
    }

    /// The fewest years over which a structure may be depreciated.
    #[must_use]
    pub fn years(self, structure: Structure) -> i32 {
        match structure {
            Structure::ReinforcedConcrete | Structure::Steel => self.concrete,
            Structure::BrickConcrete | Structure::BrickWood => self.brick,
            Structure::Other => self.simple,
        }
    }
}

/// One amount that is depreciated over months: a sub card, or the part of a master card that no sub card has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub original: Money,
    /// what is left at the end, in 1/100 % of the original value
    pub residual_rate: i32,
    /// what was depreciated before
    pub accumulated: Money,
    /// months that are left
    pub months: i32,
}

impl Schedule {
    /// What is left at the end of the life.
    #[must_use]
    pub fn residual(&self) -> Money {
        Money::from_fen(round_half_up(i128::from(self.original.fen()) * i128::from(self.residual_rate), 10_000))
    }

    /// What is still to be depreciated; never negative.
    #[must_use]
    pub fn remaining(&self) -> Money {
        (self.original - self.residual() - self.accumulated).max(Money::ZERO)
    }

    /// The amount of every month but the last: rounded down to fen, so that the last one is never below it.
    #[must_use]
    pub fn monthly(&self) -> Money {
        if self.months <= 0 { Money::ZERO } else { Money::from_fen(self.remaining().fen() / i64::from(self.months)) }
    }

    /// The amount of the `nth` month from now, from 1; the last month takes the remainder (§4.13).
    #[must_use]
    pub fn amount(&self, nth: i32) -> Money {
        match nth {
            nth if nth < 1 || nth > self.months => Money::ZERO,
            nth if nth == self.months => {
                self.remaining() - Money::from_fen(self.monthly().fen() * i64::from(self.months - 1))
            }
            _ => self.monthly(),
        }
    }
}

/// A monthly run in the list of runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepreciationRunRow {
    pub id: DepreciationRunId,
    pub district: String,
    pub period: Month,
    /// the run that this one takes back, if it is a counter run
    pub reverses: Option<DepreciationRunId>,
    pub state: RunState,
    pub masters: i32,
    pub subs: i32,
    pub amount: Money,
    pub reason: Option<String>,
    pub made_at: DateTime<Utc>,
    pub made_by: Option<String>,
    /// whether it is the newest one of its district that counts
    pub newest: bool,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunState {
    Posted,
    Reversed,
    /// the counter run itself
    Counter,
    /// its period is closed: it stays
    Closed,
}

impl RunState {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Posted => "已计提",
            Self::Reversed => "已冲回",
            Self::Counter => "冲回",
            Self::Closed => "已结账",
        }
    }
}

/// What a run over the districts in scope did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOutcome {
    /// districts that got the month now
    pub districts: i64,
    /// districts that had it already
    pub skipped: i64,
    pub masters: i64,
    pub subs: i64,
    pub amount: Money,
}

/// A month of a card's ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepreciationLine {
    pub period: Month,
    pub amount: Money,
    /// of a counter run
    pub counter: bool,
    pub at: DateTime<Utc>,
}

/// The list of runs.
#[rustfmt::skip] // a table: one line per column
pub const DEPRECIATION_LIST: ListSheet<DepreciationRunRow> = ListSheet {
    key: "asset_depreciation",
    noun: "折旧计提",
    path: "/assets/depreciation",
    search_hint: "区县、原因",
    columns: &[
        ListColumn { key: "period", header: "会计期间", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Text(row.period.to_string()) },
        ListColumn { key: "district", header: "所属区县", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "state", header: "状态", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(row.state.label()) },
        ListColumn { key: "masters", header: "主卡片数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.masters.into()) },
        ListColumn { key: "subs", header: "子卡片数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.subs.into()) },
        ListColumn { key: "amount", header: "折旧额(元)", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "reason", header: "原因", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.reason.as_deref(), Cell::text) },
        ListColumn { key: "made_at", header: "计提时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "made_by", header: "经办人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.made_by.as_deref(), Cell::text) },
    ],
    filters: &[Filter { key: "district", label: "所属区县", choices: Choices::Districts }],
    default_sort: ("period", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn yuan(text: &str) -> Money {
        Money::parse_yuan(text).unwrap()
    }

    /// domain.md §4.13, word for word.
    #[test]
    fn the_worked_example() {
        let schedule =
            Schedule { original: yuan("180,000.00"), residual_rate: 0, accumulated: Money::ZERO, months: 50 * 12 };
        assert_eq!(schedule.monthly(), yuan("300.00"));
        let two_years: Money = (1..=24).map(|nth| schedule.amount(nth)).sum();
        assert_eq!(schedule.original - two_years, yuan("172,800.00"));
        assert_eq!(schedule.amount(600), yuan("300.00"));
        assert_eq!((schedule.amount(0), schedule.amount(601)), (Money::ZERO, Money::ZERO));
    }

    #[test]
    fn the_last_month_takes_the_remainder() {
        let schedule = Schedule { original: yuan("1.01"), residual_rate: 0, accumulated: Money::ZERO, months: 3 };
        assert_eq!([1, 2, 3].map(|nth| schedule.amount(nth).fen()), [33, 33, 35]);
        // Less than a fen a month: nothing until the last one.
        let poor = Schedule { original: yuan("3.00"), months: 600, ..schedule };
        assert_eq!((poor.amount(599), poor.amount(600)), (Money::ZERO, yuan("3.00")));
        let kept = Schedule { original: yuan("100.00"), residual_rate: 300, ..schedule };
        assert_eq!((kept.residual(), kept.remaining()), (yuan("3.00"), yuan("97.00")));
    }

    #[test]
    fn years_by_structure() {
        let life = DepreciationLife::default();
        let of = |structure| life.years(structure);
        assert_eq!(Structure::ALL.iter().copied().map(of).collect::<Vec<_>>(), [50, 50, 30, 30, 8]);
        assert_eq!(DepreciationLife::parse("60/30/8/3").map(|life| (life.concrete, life.residual_rate)), Ok((60, 300)));
        for text in ["50/30/8", "70/40/10/5"] {
            assert_eq!(DepreciationLife::parse(text).map(DepreciationLife::code).as_deref(), Ok(text));
        }
        for wrong in ["", "50/30", "49/30/8", "50/29/8", "50/30/7", "50/30/8/21", "50/30/8/-1", "a/b/c", "101/30/8"] {
            assert!(DepreciationLife::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn months_are_counted_over_years() {
        let month = |text| Month::parse(text).unwrap();
        assert_eq!(month("2026-11").since(month("2024-12")), 23);
        assert_eq!(month("2026-01").since(month("2026-02")), -1);
        assert_eq!(month("2026-12").next().to_string(), "2027-01");
        assert_eq!(Month::of(NaiveDate::from_ymd_opt(2028, 2, 29).unwrap()).to_string(), "2028-02");
        for wrong in ["", "2026-13", "2026-1", "26-01", "2026-01-01", "202601"] {
            assert_eq!(Month::parse(wrong), Err(Complaint::about("格式应为YYYY-MM")), "{wrong}");
        }
    }

    proptest! {
        /// The sum over the life is exactly what was to be depreciated; no month is negative.
        #[test]
        fn the_life_adds_up(
            fen in 0i64..9_000_000_000_000, rate in 0i32..=2_000, months in 1i32..=1_200, before in 0i64..=100,
        ) {
            let whole = Schedule { original: Money::from_fen(fen), residual_rate: rate, accumulated: Money::ZERO, months };
            let accumulated = Money::from_fen(whole.remaining().fen() / 100 * before);
            let schedule = Schedule { accumulated, ..whole };
            let amounts: Vec<Money> = (1..=months).map(|nth| schedule.amount(nth)).collect();
            prop_assert!(amounts.iter().all(|amount| *amount >= Money::ZERO));
            prop_assert!(amounts.windows(2).all(|pair| pair[0] <= pair[1]));
            let sum: Money = amounts.into_iter().sum();
            prop_assert_eq!(sum + accumulated, schedule.original - schedule.residual());
        }
    }
}
