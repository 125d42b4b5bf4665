//! What is asked of a report: its lines, its time and its place, as an address and an export write them.

use super::report::{By, ReportSheet};
use crate::{
    billing::{ledger::parse_month, run::month_text},
    dictionary::FeeItem,
    failure::FieldErrors,
    form::date,
    list::{ListQuery, percent_encode},
};
use chrono::{Datelike as _, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// What time a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// as things stand now
    Now,
    /// months, at first those of this year
    Year,
    /// months, at first those of this year up to the present one
    Months,
    /// at first this month
    Month,
    /// days, at first today
    Days,
}

/// What is asked of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportQuery {
    /// none: as the scope of who asks suggests
    pub by: Option<By>,
    /// both days included
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub district: Option<i64>,
    pub estate: Option<i64>,
    /// of a report that goes down to households: the two levels above them (三级)
    pub project: Option<i64>,
    pub unit: Option<i64>,
    pub item: Option<FeeItem>,
}

impl ReportQuery {
    /// Reads what an address or an export says.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn of(sheet: &ReportSheet, query: &ListQuery, today: NaiveDate) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let (from, to) = match sheet.period {
            Period::Now => (today, today),
            Period::Days => days(query, today, &mut errors),
            period => months(query, period, today, &mut errors),
        };
        if from > to {
            errors.add("end", "截止不能早于起始");
        }
        // What somebody else's address names is looked for and not found; what is no number is neither.
        let id = |key| query.filter(key).map(|text| text.parse::<i64>().unwrap_or(-1));
        let by = query.filter("by").and_then(|name| sheet.groups.iter().copied().find(|by| by.named().0 == name));
        let item = query.filter("item").and_then(FeeItem::from_code).filter(|item| (sheet.items)(*item));
        let (district, estate) = (id("district"), id("estate"));
        let level = |key, by| sheet.groups.contains(&by).then(|| id(key)).flatten();
        let (project, unit) = (level("project", By::Project), level("unit", By::Unit));
        if errors.is_empty() { Ok(Self { by, from, to, district, estate, project, unit, item }) } else { Err(errors) }
    }

    /// The address of a report with these wishes.
    #[must_use]
    pub fn address(&self, sheet: &ReportSheet) -> String {
        let mut address = format!("{PATH}/{}?", sheet.key);
        let mut put = |key: &str, value: &str| {
            let _ = write!(address, "{key}={}&", percent_encode(value));
        };
        if let Some(by) = self.by {
            put("by", by.named().0);
        }
        if sheet.period != Period::Now {
            put("start", &self.start(sheet));
            put("end", &self.end(sheet));
        }
        let places =
            [("district", self.district), ("estate", self.estate), ("project", self.project), ("unit", self.unit)];
        for (key, id) in places {
            if let Some(id) = id {
                put(key, &id.to_string());
            }
        }
        if let Some(item) = self.item {
            put("item", item.code());
        }
        address.pop();
        address
    }

    /// The first month or day, as its field has it.
    #[must_use]
    pub fn start(&self, sheet: &ReportSheet) -> String {
        field_text(self.from, sheet)
    }

    /// The last one.
    #[must_use]
    pub fn end(&self, sheet: &ReportSheet) -> String {
        field_text(self.to, sheet)
    }

    /// The period in words.
    #[must_use]
    pub fn period_text(&self, sheet: &ReportSheet) -> String {
        let (from, to) = (self.start(sheet), self.end(sheet));
        match sheet.period {
            Period::Now => format!("截至{}", self.to),
            _ if from == to => from,
            _ => format!("{from} 至 {to}"),
        }
    }
}

/// Where reports live.
pub const PATH: &str = "/insight/reports";

fn field_text(day: NaiveDate, sheet: &ReportSheet) -> String {
    if sheet.period == Period::Days { day.to_string() } else { month_text(day) }
}

fn days(query: &ListQuery, today: NaiveDate, errors: &mut FieldErrors) -> (NaiveDate, NaiveDate) {
    let mut read = |key: &'static str| match query.filter(key) {
        None => today,
        Some(text) => errors.take(key, date(text)).unwrap_or(today),
    };
    (read("start"), read("end"))
}

fn months(query: &ListQuery, period: Period, today: NaiveDate, errors: &mut FieldErrors) -> (NaiveDate, NaiveDate) {
    let present = today.with_day(1).unwrap_or(today);
    let january = present.with_month(1).unwrap_or(present);
    let (first, last) = match period {
        Period::Year => (january, present.with_month(12).unwrap_or(present)),
        Period::Months => (january, present),
        _ => (present, present),
    };
    let mut read = |key: &'static str, own| match query.filter(key) {
        None => own,
        Some(text) => errors.take(key, parse_month(text)).unwrap_or(own),
    };
    let (first, last) = (read("start", first), read("end", last));
    (first, month_end(last))
}

/// The months of a report, each by its first day.
pub fn months_between(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    let next = |month: &NaiveDate| month.checked_add_months(Months::new(1));
    std::iter::successors(Some(from), next).take_while(move |month| *month <= to)
}

/// The last day of the month that begins on this day.
#[must_use]
pub fn month_end(month: NaiveDate) -> NaiveDate {
    month.checked_add_months(Months::new(1)).and_then(|next| next.checked_sub_days(Days::new(1))).unwrap_or(month)
}
