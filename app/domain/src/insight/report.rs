//! Reports (domain.md §8): one piece for all of them. A report is sums by group; what is shown beside them – rates, means –
//! is derived from the sums of its line, so that totals are weighed and never means of rates (§4.9).

use super::ratio::Ratio;
use crate::{
    billing::{bill::BILL_LIST, ledger::parse_month},
    dictionary::FeeItem,
    failure::FieldErrors,
    form::date,
    insight::report_sheet::REPORTS,
    list::{ListQuery, percent_encode},
    sheet::{Cell, Kind},
    value::{Area, Money, decimal_text, round_half_up},
};
use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// What the lines of a report are (市→区县→小区 and further).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    District,
    Estate,
    Building,
    Item,
    Month,
    Year,
    Day,
    Method,
    Cashier,
}

impl By {
    /// As addresses name it, and what it says.
    #[must_use]
    pub const fn named(self) -> (&'static str, &'static str) {
        match self {
            Self::District => ("district", "区县"),
            Self::Estate => ("estate", "小区"),
            Self::Building => ("building", "楼栋"),
            Self::Item => ("item", "费项"),
            Self::Month => ("month", "月份"),
            Self::Year => ("year", "年度"),
            Self::Day => ("day", "日期"),
            Self::Method => ("method", "支付方式"),
            Self::Cashier => ("cashier", "收款人"),
        }
    }
}

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

/// What a column is made of: places in the sums of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Count(usize),
    Money(usize),
    Area(usize),
    /// part and whole
    Rate(usize, usize),
    /// the same, with the colour of §4.9
    Hued(usize, usize),
    /// so much per one: days per case, with one decimal
    Mean(usize, usize),
    /// money per square metre
    Price(usize, usize),
}

/// One column of a report.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    pub header: &'static str,
    pub of: Of,
    /// whether it stays on a phone
    pub essential: bool,
}

impl Figure {
    /// What stands there in a line of these sums.
    #[must_use]
    pub fn cell(&self, sums: &[i64]) -> Cell {
        let at = |place: usize| sums.get(place).copied().unwrap_or_default();
        let per = |sum: usize, count: usize, tenfold: i128, digits| match at(count) {
            0 => Cell::Text("--".to_owned()),
            count => Cell::Text(decimal_text(
                round_half_up(i128::from(at(sum)) * tenfold * i128::from(count.signum()), count.unsigned_abs().into()),
                digits,
            )),
        };
        match self.of {
            Of::Count(place) => Cell::Number(at(place)),
            Of::Money(place) => Cell::Money(Money::from_fen(at(place))),
            Of::Area(place) => Area::try_from(at(place)).map_or(Cell::Empty, Cell::Area),
            Of::Rate(part, whole) | Of::Hued(part, whole) => Cell::Text(Ratio::new(at(part), at(whole)).text()),
            Of::Mean(sum, count) => per(sum, count, 10, 1),
            // fen over hundredths of a square metre is yuan over square metres
            Of::Price(sum, area) => per(sum, area, 100, 2),
        }
    }

    /// The colour of a collection rate.
    #[must_use]
    pub fn hue(&self, sums: &[i64]) -> Option<u16> {
        match self.of {
            Of::Hued(part, whole) => Ratio::new(*sums.get(part)?, *sums.get(whole)?).hue(),
            _ => None,
        }
    }
}

/// A report as data; one constant each.
pub struct ReportSheet {
    /// as addresses and exports name it
    pub key: &'static str,
    /// RP-nn of domain.md §8
    pub no: &'static str,
    pub title: &'static str,
    /// what its lines may be
    pub groups: &'static [By],
    /// what each of them is parted into, with subtotals
    pub second: Option<&'static str>,
    pub period: Period,
    /// the fee items of which one can be chosen
    pub items: fn(FeeItem) -> bool,
    pub figures: &'static [Figure],
    /// which of the sums stands in words below a printed report; none: it is not about money
    pub capital: Option<usize>,
    /// how what stands there was counted (口径)
    pub note: &'static str,
    /// where a line of an estate leads to: the records behind it
    pub records: Option<&'static str>,
}

impl ReportSheet {
    /// The report of that name.
    #[must_use]
    pub fn of(key: &str) -> Option<&'static Self> {
        REPORTS.iter().copied().find(|sheet| sheet.key == key)
    }

    /// How many sums a line has.
    #[must_use]
    pub fn width(&self) -> usize {
        let places = self.figures.iter().map(|figure| match figure.of {
            Of::Count(place) | Of::Money(place) | Of::Area(place) => place,
            Of::Rate(a, b) | Of::Hued(a, b) | Of::Mean(a, b) | Of::Price(a, b) => a.max(b),
        });
        places.chain(self.capital).max().map_or(0, |last| last + 1)
    }
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
        if errors.is_empty() { Ok(Self { by, from, to, district, estate, item }) } else { Err(errors) }
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
        for (key, id) in [("district", self.district), ("estate", self.estate)] {
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

/// Most lines of a report on a page, which is drawn whole; a file has as many as an export may (PRM-01).
pub const PAGE_LINES_MAX: u32 = 2_000;

/// Where reports live.
pub const PATH: &str = "/insight/reports";

fn field_text(day: NaiveDate, sheet: &ReportSheet) -> String {
    if sheet.period == Period::Days { day.to_string() } else { day.format("%Y-%m").to_string() }
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

/// The last day of the month that begins on this day.
#[must_use]
pub fn month_end(month: NaiveDate) -> NaiveDate {
    month.checked_add_months(Months::new(1)).and_then(|next| next.checked_sub_days(Days::new(1))).unwrap_or(month)
}

/// One group of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRow {
    /// of a district, an estate, a building or a cashier; none of what is neither place nor person
    pub id: Option<i64>,
    pub name: Cell,
    /// what it is parted into
    pub second: Option<Cell>,
    pub sums: Vec<i64>,
}

/// A report that was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub key: String,
    /// as it was understood
    pub query: ReportQuery,
    pub by: By,
    /// 单位: whose figures they are
    pub of: String,
    /// 数据截至
    pub at: DateTime<Utc>,
    pub rows: Vec<ReportRow>,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    Row,
    Subtotal,
    Total,
}

/// A line as page and file show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub rank: Rank,
    pub names: Vec<Cell>,
    pub cells: Vec<Cell>,
    /// the colour of each cell that has one
    pub hues: Vec<Option<u16>>,
}

impl Report {
    /// The sheet that it was counted by.
    #[must_use]
    pub fn sheet(&self) -> Option<&'static ReportSheet> {
        ReportSheet::of(&self.key)
    }

    /// Headers and kinds of the columns.
    #[must_use]
    pub fn columns(&self, sheet: &ReportSheet) -> Vec<(&'static str, Kind)> {
        let names = std::iter::once(self.by.named().1).chain(sheet.second).map(|header| (header, Kind::Text));
        names.chain(sheet.figures.iter().map(|figure| (figure.header, Kind::Number))).collect()
    }

    /// The sums of all rows.
    #[must_use]
    pub fn total(&self, sheet: &ReportSheet) -> Vec<i64> {
        summed(sheet.width(), &self.rows)
    }

    /// The amount below a printed report in words.
    #[must_use]
    pub fn capital(&self, sheet: &ReportSheet) -> Option<String> {
        let total = self.total(sheet);
        sheet.capital.and_then(|place| total.get(place).copied()).map(|fen| Money::from_fen(fen).capital())
    }

    /// Rows with a subtotal behind each group of several, and the total; nothing where there is nothing.
    #[must_use]
    pub fn lines(&self, sheet: &ReportSheet) -> Vec<Line> {
        let mut lines = Vec::with_capacity(self.rows.len() + 1);
        for group in self.rows.chunk_by(|a, b| (a.id, &a.name) == (b.id, &b.name)) {
            for row in group {
                let names = std::iter::once(self.linked(sheet, row)).chain(row.second.clone()).collect();
                lines.push(line(sheet, Rank::Row, names, &row.sums));
            }
            // People of one name are two groups; without parts there is nothing to add up.
            if sheet.second.is_some() && group.len() > 1 {
                let names = vec![group[0].name.clone(), Cell::text("小计")];
                lines.push(line(sheet, Rank::Subtotal, names, &summed(sheet.width(), group)));
            }
        }
        if !lines.is_empty() {
            let mut names = vec![Cell::text("合计")];
            names.extend(sheet.second.map(|_| Cell::Empty));
            lines.push(line(sheet, Rank::Total, names, &self.total(sheet)));
        }
        lines
    }

    /// The name of a row, which leads to what is below it: estates of a district, buildings or records of an estate.
    fn linked(&self, sheet: &ReportSheet, row: &ReportRow) -> Cell {
        let (Some(id), Cell::Text(name)) = (row.id, &row.name) else { return row.name.clone() };
        let below = |by| sheet.groups.contains(&by);
        let href = match self.by {
            By::District if below(By::Estate) => {
                ReportQuery { by: Some(By::Estate), district: Some(id), ..self.query.clone() }.address(sheet)
            }
            By::Estate if below(By::Building) => {
                ReportQuery { by: Some(By::Building), estate: Some(id), ..self.query.clone() }.address(sheet)
            }
            By::Estate => match sheet.records {
                Some(records) => self.records(records, id),
                None => return row.name.clone(),
            },
            By::Building => format!("/housing/buildings/{id}"),
            _ => return row.name.clone(),
        };
        Cell::link(name, href)
    }

    /// The records behind the line of an estate; bills of the fee item that was asked for. Late fees have no bills of their own.
    fn records(&self, records: &str, estate: i64) -> String {
        let item = self.query.item.filter(|item| records.starts_with(BILL_LIST.path) && *item != FeeItem::Late);
        let item = item.map(|item| format!("&fee_item={}", item.code())).unwrap_or_default();
        format!("{records}estate={estate}{item}")
    }
}

fn summed(width: usize, rows: &[ReportRow]) -> Vec<i64> {
    let mut sums = vec![0; width];
    for row in rows {
        sums.iter_mut().zip(&row.sums).for_each(|(sum, value)| *sum += value);
    }
    sums
}

fn line(sheet: &ReportSheet, rank: Rank, names: Vec<Cell>, sums: &[i64]) -> Line {
    Line {
        rank,
        names,
        cells: sheet.figures.iter().map(|figure| figure.cell(sums)).collect(),
        hues: sheet.figures.iter().map(|figure| figure.hue(sums)).collect(),
    }
}

/// The report that an export asks for.
#[must_use]
pub fn exported(query: &ListQuery) -> Option<&'static ReportSheet> {
    query.filter("report").and_then(ReportSheet::of)
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
