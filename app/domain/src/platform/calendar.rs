//! 工作日历 (E-137, S1-9.13) and the counting of working days with it (domain.md §4.18).
//!
//! Saturday and Sunday are free and the other days are not, unless the calendar says otherwise. A year of which nothing
//! is entered is not known: nothing is counted in it.

use crate::{
    dictionary::DayKind,
    failure::FieldErrors,
    form::date,
    sheet::{Cell, ImportColumn, ImportSheet, Kind, ListColumn, ListSheet},
    value::text_max,
};
use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Most working days that are counted at once: more than the longest period of the law is (one year), several times.
pub const WORKING_DAYS_MAX: u32 = 1_000;
/// Longest name of a day.
const NAME_MAX: usize = 30;

/// A day that differs from its weekday.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    pub date: NaiveDate,
    pub kind: DayKind,
    pub name: String,
}

/// One year as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarYear {
    pub year: i32,
    pub holidays: Vec<Holiday>,
    /// the years of which something is entered
    pub years: Vec<i32>,
    /// what is missing, if anything is
    pub warning: Option<String>,
}

/// The days that differ, of as many years as are entered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkCalendar {
    days: BTreeMap<NaiveDate, DayKind>,
    years: BTreeSet<i32>,
}

/// Nothing is entered of a year in which days are to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingYear(pub i32);

impl fmt::Display for MissingYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}年的节假日未录入，无法计算期限，请联系系统管理员", self.0)
    }
}

impl FromIterator<(NaiveDate, DayKind)> for WorkCalendar {
    fn from_iter<I: IntoIterator<Item = (NaiveDate, DayKind)>>(days: I) -> Self {
        let days: BTreeMap<_, _> = days.into_iter().collect();
        let years = days.keys().map(|day| day.year()).collect();
        Self { days, years }
    }
}

impl WorkCalendar {
    /// Whether people work on that day.
    ///
    /// # Errors
    /// When nothing is entered of its year.
    pub fn is_working(&self, day: NaiveDate) -> Result<bool, MissingYear> {
        if !self.years.contains(&day.year()) {
            return Err(MissingYear(day.year()));
        }
        Ok(match self.days.get(&day) {
            Some(kind) => *kind == DayKind::Work,
            None => !is_weekend(day),
        })
    }

    /// The day on which a period of working days ends; the day of the event is day 0 (R-78, §4.18).
    ///
    /// # Errors
    /// When a year that the period touches is not entered.
    pub fn add_working_days(&self, event: NaiveDate, days: u32) -> Result<NaiveDate, MissingYear> {
        let mut day = event;
        let mut left = days.min(WORKING_DAYS_MAX);
        while left > 0 {
            day = day.checked_add_days(Days::new(1)).ok_or(MissingYear(day.year()))?;
            left -= u32::from(self.is_working(day)?);
        }
        Ok(day)
    }

    /// The working days behind `event` up to and with `until`: 0 when `until` is not later.
    ///
    /// # Errors
    /// When a year between the two is not entered.
    pub fn working_days(&self, event: NaiveDate, until: NaiveDate) -> Result<u32, MissingYear> {
        let mut count = 0;
        for day in event.iter_days().skip(1).take_while(|day| *day <= until) {
            count += u32::from(self.is_working(day)?);
        }
        Ok(count)
    }

    /// What an administrator is told today: this year is missing, or in December the next one (S1-9.13).
    #[must_use]
    pub fn warning(&self, today: NaiveDate) -> Option<String> {
        let next = (today.month() == 12).then_some(today.year() + 1);
        let missing = [Some(today.year()), next].into_iter().flatten().find(|year| !self.years.contains(year))?;
        Some(format!("{missing}年的节假日尚未录入，请在国务院办公厅公布后录入或导入；未录入的年份不能计算工作日期限"))
    }

    /// The years of which something is entered.
    #[must_use]
    pub fn years(&self) -> Vec<i32> {
        self.years.iter().copied().collect()
    }
}

/// Saturday or Sunday.
#[must_use]
pub fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// What is entered for a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayForm {
    pub date: String,
    /// code of a [`DayKind`]; empty: like its weekday
    pub kind: String,
    pub name: String,
}

impl HolidayForm {
    /// Checks a day; answers no holiday for one that is to be like its weekday.
    ///
    /// # Errors
    /// Complaints by field.
    pub fn check(&self) -> Result<(NaiveDate, Option<Holiday>), FieldErrors> {
        let mut errors = FieldErrors::default();
        let day = errors.take("date", date(self.date.trim()));
        let name = errors.take("name", text_max(&self.name, NAME_MAX));
        let kind = DayKind::from_code(&self.kind);
        if kind.is_none() && !self.kind.is_empty() {
            errors.add("kind", "请选择列表中的类型");
        }
        match (day, name) {
            (Some(date), Some(name)) if errors.is_empty() => Ok((date, kind.map(|kind| Holiday { date, kind, name }))),
            _ => Err(errors),
        }
    }
}

/// One row of template I-24.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HolidayImportForm {
    pub date: NaiveDate,
    pub kind: Option<DayKind>,
    pub name: String,
}

/// 节假日 list (S1-9.13): what an export holds.
#[rustfmt::skip] // a table: one line per column
pub const HOLIDAY_LIST: ListSheet<Holiday> = ListSheet {
    key: "calendar",
    noun: "公共节假日",
    path: "/platform/calendar",
    search_hint: "名称",
    columns: &[
        ListColumn { key: "date", header: "日期", kind: Kind::Time, sortable: false, essential: true, cell: |day| Cell::Date(day.date) },
        ListColumn { key: "kind", header: "类型", kind: Kind::Text, sortable: false, essential: true, cell: |day| Cell::coded(day.kind) },
        ListColumn { key: "name", header: "名称", kind: Kind::Text, sortable: false, essential: true, cell: |day| Cell::text(&day.name) },
    ],
    filters: &[],
    default_sort: ("date", false),
    jumps: false,
};

/// Template I-24 公共节假日 (domain.md §7.14).
#[rustfmt::skip] // a table: one line per column
pub const HOLIDAY_IMPORT: ImportSheet<HolidayImportForm> = ImportSheet {
    key: "calendar",
    title: "公共节假日",
    columns: &[
        ImportColumn { header: "日期", required: true, example: "示例-2026-01-01", note: "YYYY-MM-DD，不得重复；导入时勾选“更新”则覆盖已录入的日期", choices: Vec::new, parse: |text, form| { form.date = date(text)?; Ok(()) } },
        ImportColumn { header: "类型", required: true, example: "休", note: "休为放假，班为调休上班", choices: DayKind::choices, parse: |text, form| { form.kind = Some(DayKind::parse(text)?); Ok(()) } },
        ImportColumn { header: "名称", required: false, example: "元旦", note: "最长30字", choices: Vec::new, parse: |text, form| { form.name = text_max(text, NAME_MAX)?; Ok(()) } },
    ],
    check: |_, _| {},
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    /// National Day 2026 as the State Council published it, with Mid-Autumn before it.
    fn autumn() -> WorkCalendar {
        let rest = ["2026-09-25", "2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"];
        let work = ["2026-09-20", "2026-10-10"];
        rest.map(|text| (day(text), DayKind::Rest))
            .into_iter()
            .chain(work.map(|text| (day(text), DayKind::Work)))
            .collect()
    }

    #[test]
    fn the_figures_of_section_4_18() {
        let calendar = autumn();
        // Accepted Fri 2026-09-25, 5 working days: 28, 29, 30 September, 8 and 9 October.
        assert_eq!(calendar.add_working_days(day("2026-09-25"), 5), Ok(day("2026-10-09")));
        // The sixth is the Saturday that is worked instead.
        assert_eq!(calendar.add_working_days(day("2026-09-25"), 6), Ok(day("2026-10-10")));
        assert_eq!(calendar.add_working_days(day("2026-09-25"), 7), Ok(day("2026-10-12")));
        assert_eq!(calendar.add_working_days(day("2026-09-25"), 0), Ok(day("2026-09-25")), "day 0 is the event");
        assert_eq!(calendar.working_days(day("2026-09-25"), day("2026-10-10")), Ok(6));
        assert_eq!(calendar.working_days(day("2026-10-10"), day("2026-09-25")), Ok(0));
        assert_eq!(calendar.is_working(day("2026-09-20")), Ok(true));
        assert_eq!(calendar.is_working(day("2026-10-01")), Ok(false));
    }

    #[test]
    fn a_year_that_is_not_entered_is_not_counted() {
        let calendar = autumn();
        assert_eq!(calendar.add_working_days(day("2026-12-31"), 1), Err(MissingYear(2027)));
        assert_eq!(calendar.working_days(day("2025-12-30"), day("2026-01-05")), Err(MissingYear(2025)));
        let sentence = MissingYear(2027).to_string();
        assert_eq!(sentence, "2027年的节假日未录入，无法计算期限，请联系系统管理员");
    }

    #[test]
    fn december_asks_for_the_next_year() {
        let calendar = autumn();
        assert_eq!(calendar.warning(day("2026-11-30")), None);
        assert!(calendar.warning(day("2026-12-01")).is_some_and(|text| text.starts_with("2027年")));
        assert!(calendar.warning(day("2027-01-01")).is_some_and(|text| text.starts_with("2027年")));
        assert!(WorkCalendar::default().warning(day("2026-05-01")).is_some_and(|text| text.starts_with("2026年")));
    }

    #[test]
    fn a_day_is_entered_or_taken_back() {
        let form = HolidayForm { date: "2026-10-01".into(), kind: "REST".into(), name: " 国庆节 ".into() };
        let (date, holiday) = form.check().expect("it is right");
        assert_eq!(holiday, Some(Holiday { date, kind: DayKind::Rest, name: "国庆节".into() }));
        assert_eq!(HolidayForm { kind: String::new(), ..form.clone() }.check().map(|(_, holiday)| holiday), Ok(None));
        let errors = HolidayForm { date: "2026-02-30".into(), kind: "X".into(), ..form }.check().unwrap_err();
        assert!(errors.get("date").is_some() && errors.get("kind").is_some());
    }

    fn calendars() -> impl Strategy<Value = WorkCalendar> {
        prop::collection::btree_map(0u64..730, any::<bool>(), 0..60).prop_map(|days| {
            // One day of each year at least, so that both are entered.
            let known = [(day("2026-01-01"), DayKind::Rest), (day("2027-01-01"), DayKind::Rest)];
            let drawn = days.into_iter().map(|(offset, rest)| {
                (day("2026-01-01") + Days::new(offset), if rest { DayKind::Rest } else { DayKind::Work })
            });
            known.into_iter().chain(drawn).collect()
        })
    }

    proptest! {
        #[test]
        fn a_period_has_as_many_working_days_as_were_added(calendar in calendars(), start in 0u64..300, days in 0u32..120) {
            let event = day("2026-01-01") + Days::new(start);
            let end = calendar.add_working_days(event, days).expect("both years are entered");
            prop_assert_eq!(calendar.working_days(event, end), Ok(days));
            prop_assert!(days == 0 || calendar.is_working(end) == Ok(true), "a period ends on a working day");
        }

        #[test]
        fn periods_can_be_put_behind_each_other(calendar in calendars(), start in 0u64..200, a in 0u32..60, b in 0u32..60) {
            let event = day("2026-01-01") + Days::new(start);
            let middle = calendar.add_working_days(event, a).expect("entered");
            prop_assert_eq!(calendar.add_working_days(middle, b), calendar.add_working_days(event, a + b));
        }
    }
}
