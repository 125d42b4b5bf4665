//! Reports (domain.md §8): one piece for all of them. A report is sums by group; what is shown beside them – rates, means –
//! is derived from the sums of its line, so that totals are weighed and never means of rates (§4.9).

use super::{
    ratio::Ratio,
    report_query::{Period, ReportQuery, months_between},
};
use crate::{
    billing::{bill::BILL_LIST, run::month_text},
    dictionary::FeeItem,
    insight::report_sheet::REPORTS,
    list::ListQuery,
    sheet::{Cell, Kind},
    value::{Area, Money, decimal_text, round_half_up},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What the lines of a report are (市→区县→小区 and further).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    District,
    Estate,
    Building,
    /// 三级账户: a project, a door of it, a household behind the door
    Project,
    Unit,
    Account,
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
            Self::Project => ("project", "项目"),
            Self::Unit => ("unit", "门牌"),
            Self::Account => ("account", "分户"),
            Self::Item => ("item", "费项"),
            Self::Month => ("month", "月份"),
            Self::Year => ("year", "年度"),
            Self::Day => ("day", "日期"),
            Self::Method => ("method", "支付方式"),
            Self::Cashier => ("cashier", "收款人"),
        }
    }
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
    /// of a report whose lines are parted into months: the places of what a month opens with, which is what the one before has
    /// closed with, and of what it closes with
    pub carried: Option<(usize, usize)>,
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

/// Most lines of a report on a page, which is drawn whole; a file has as many as an export may (PRM-01).
pub const PAGE_LINES_MAX: u32 = 2_000;

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
        let mut total = vec![0; sheet.width()];
        for group in self.groups() {
            add(&mut total, &of_group(sheet, group));
        }
        total
    }

    /// The rows of one place, item or person each. People of one name are two groups.
    fn groups(&self) -> impl Iterator<Item = &[ReportRow]> {
        self.rows.chunk_by(|a, b| (a.id, &a.name) == (b.id, &b.name))
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
        for group in self.groups() {
            for row in group {
                let second = row.second.as_ref().map(|second| self.of_month(sheet, row, second));
                let names = std::iter::once(self.linked(sheet, row)).chain(second).collect();
                lines.push(line(sheet, Rank::Row, names, &row.sums));
            }
            // Without parts there is nothing to add up.
            if sheet.second.is_some() && group.len() > 1 {
                let names = vec![group[0].name.clone(), Cell::text("小计")];
                lines.push(line(sheet, Rank::Subtotal, names, &of_group(sheet, group)));
            }
        }
        if !lines.is_empty() {
            let mut names = vec![Cell::text("合计")];
            names.extend(sheet.second.map(|_| Cell::Empty));
            lines.push(line(sheet, Rank::Total, names, &self.total(sheet)));
        }
        lines
    }

    /// The name of a row, which leads to what is below it: estates of a district, doors of a project, households behind a door,
    /// and at last the records themselves.
    fn linked(&self, sheet: &ReportSheet, row: &ReportRow) -> Cell {
        match (&row.name, self.below(sheet, row)) {
            (Cell::Text(name), Some(href)) => Cell::link(name, href),
            _ => row.name.clone(),
        }
    }

    fn below(&self, sheet: &ReportSheet, row: &ReportRow) -> Option<String> {
        let asked = |by| sheet.groups.contains(&by).then(|| ReportQuery { by: Some(by), ..self.query.clone() });
        match (self.by, row.id) {
            (By::District, Some(id)) => Some(ReportQuery { district: Some(id), ..asked(By::Estate)? }.address(sheet)),
            (By::Estate, Some(id)) => match asked(By::Building).or_else(|| asked(By::Unit)) {
                Some(parts) => Some(ReportQuery { estate: Some(id), ..parts }.address(sheet)),
                None => Self::records(sheet, None, Some(id), self.query.item, None),
            },
            (By::Building, Some(id)) => Some(format!("/housing/buildings/{id}")),
            (By::Project, Some(id)) => Some(ReportQuery { project: Some(id), ..asked(By::Unit)? }.address(sheet)),
            (By::Unit, Some(id)) => Some(ReportQuery { unit: Some(id), ..asked(By::Account)? }.address(sheet)),
            (By::Account, Some(id)) => Some(format!("/billing/accounts/{id}/entries")),
            _ => None,
        }
    }

    /// The month of a row of what is carried on, which leads to the bills that moved in it.
    fn of_month(&self, sheet: &ReportSheet, row: &ReportRow, month: &Cell) -> Cell {
        let Cell::Text(text) = month else { return month.clone() };
        let district = if self.by == By::District { row.id } else { self.query.district };
        let estate = if self.by == By::Estate { row.id } else { self.query.estate };
        let item = self.item_of(row).or(self.query.item);
        match sheet.carried.and_then(|_| Self::records(sheet, district, estate, item, Some(text))) {
            Some(records) => Cell::link(text, records),
            None => month.clone(),
        }
    }

    fn item_of(&self, row: &ReportRow) -> Option<FeeItem> {
        match &row.name {
            Cell::Coded { code, .. } if self.by == By::Item => FeeItem::from_code(code),
            _ => None,
        }
    }

    /// The records behind a line; bills of its fee item, and of the month in which they moved. Late fees have no bills of their own.
    fn records(
        sheet: &ReportSheet,
        district: Option<i64>,
        estate: Option<i64>,
        item: Option<FeeItem>,
        booked: Option<&str>,
    ) -> Option<String> {
        let records = sheet.records?;
        let item = item.filter(|item| records.starts_with(BILL_LIST.path) && *item != FeeItem::Late);
        let wishes = [
            district.map(|id| format!("district={id}")),
            estate.map(|id| format!("estate={id}")),
            item.map(|item| format!("fee_item={}", item.code())),
            booked.map(|month| format!("booked={month}")),
        ];
        let wishes: Vec<String> = wishes.into_iter().flatten().collect();
        Some(format!("{records}{}", wishes.join("&")))
    }
}

/// The rows of a report whose months are carried on ([`ReportSheet::carried`]): every month of a group that anything stands in, and
/// each opens with what the one before has closed with. What is counted are the movements; those of the first month come with
/// what was there before.
#[must_use]
pub fn carried_on(sheet: &ReportSheet, query: &ReportQuery, rows: Vec<ReportRow>) -> Vec<ReportRow> {
    let Some((opening, closing)) = sheet.carried else { return rows };
    let mut all = Vec::with_capacity(rows.len());
    for group in rows.chunk_by(|a, b| (a.id, &a.name) == (b.id, &b.name)) {
        let mut held = 0;
        for month in months_between(query.from, query.to) {
            let month = Cell::Text(month_text(month));
            let known = group.iter().find(|row| row.second.as_ref() == Some(&month));
            let mut sums = known.map_or_else(|| vec![0; sheet.width()], |row| row.sums.clone());
            sums[opening] += held;
            sums[closing] += held;
            held = sums[closing];
            // A month in which nothing was there and nothing came is left out.
            if sums.iter().any(|sum| *sum != 0) {
                all.push(ReportRow { id: group[0].id, name: group[0].name.clone(), second: Some(month), sums });
            }
        }
    }
    all
}

/// The sums of a group's rows: of what is carried on, what the first opens and the last closes with.
fn of_group(sheet: &ReportSheet, group: &[ReportRow]) -> Vec<i64> {
    let mut sums = vec![0; sheet.width()];
    for row in group {
        add(&mut sums, &row.sums);
    }
    if let (Some((opening, closing)), [first, .., last]) = (sheet.carried, group) {
        sums[opening] = first.sums[opening];
        sums[closing] = last.sums[closing];
    }
    sums
}

fn add(sums: &mut [i64], more: &[i64]) {
    sums.iter_mut().zip(more).for_each(|(sum, value)| *sum += value);
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
