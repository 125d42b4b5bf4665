//! Made-up records: many rows, long texts, empty and large values.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::{
    dictionary::UnitStatus,
    list::{ListQuery, Page, Position},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
    value::{Area, Money},
};

/// A record of everything that a list can show.
pub struct Sample {
    pub no: i64,
    pub status: UnitStatus,
}

/// So many that the pager has work.
const ROWS: i64 = 137;
const STATUSES: [UnitStatus; 10] = [
    UnitStatus::Prep,
    UnitStatus::Vacant,
    UnitStatus::Reserved,
    UnitStatus::Assigned,
    UnitStatus::Signed,
    UnitStatus::Occupied,
    UnitStatus::Repair,
    UnitStatus::Frozen,
    UnitStatus::Sold,
    UnitStatus::OffShelf,
];

impl Sample {
    pub fn name(&self) -> String {
        if self.no % 10 == 3 {
            format!("第{}号样例，名称特别长，长到任何一列都放不下，用来看表格、手机和打印时怎样换行", self.no)
        } else {
            format!("样例{}", self.no)
        }
    }

    fn amount(&self) -> Money {
        Money::from_fen(self.no * 98_765_431 - 5_000_000_000)
    }

    fn day(&self) -> Option<NaiveDate> {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1)?;
        (self.no % 7 != 0).then(|| first + Days::new(self.no.unsigned_abs()))
    }

    fn at(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_600) + TimeDelta::minutes(self.no * 97)
    }
}

/// The columns, one of each kind.
#[rustfmt::skip] // a table: one line per column
pub const fn sheet(path: &'static str) -> ListSheet<Sample> {
    ListSheet {
        key: "sample",
        noun: "样例",
        path,
        search_hint: "编号或名称",
        columns: &[
            ListColumn { key: "no", header: "编号", kind: Kind::Text, sortable: true, essential: true, cell: |row| Cell::link(format!("YL-{:04}", row.no), "/ui/record") },
            ListColumn { key: "name", header: "名称", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::Text(row.name()) },
            ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.status) },
            ListColumn { key: "amount", header: "金额(元)", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Money(row.amount()) },
            ListColumn { key: "area", header: "面积(㎡)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Area::parse(&format!("{}.5", row.no * 37)).map_or(Cell::Empty, Cell::Area) },
            ListColumn { key: "count", header: "套数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.no * 12_345) },
            ListColumn { key: "day", header: "日期", kind: Kind::Time, sortable: false, essential: false, cell: |row| row.day().map_or(Cell::Empty, Cell::Date) },
            ListColumn { key: "at", header: "更新时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| Cell::Time(row.at()) },
        ],
        filters: &[
            Filter { key: "status", label: "状态", choices: Choices::Of(UnitStatus::choices) },
            Filter { key: "name", label: "名称", choices: Choices::Text("如 样例12") },
            Filter { key: "day", label: "日期", choices: Choices::Day },
            Filter { key: "theme", label: "主题", choices: Choices::Linked },
        ],
        default_sort: ("no", false),
        jumps: false,
    }
}

/// The page of rows that a query asks for, as the store would answer it.
pub fn page(query: &ListQuery) -> Page<Sample> {
    let all = (1..=ROWS).map(|no| Sample { no, status: STATUSES[no.unsigned_abs() as usize % STATUSES.len()] });
    let meant = |row: &Sample| {
        let text = format!("YL-{:04} {}", row.no, row.name());
        text.contains(&query.q)
            && query.filter("status").is_none_or(|status| row.status.code() == status)
            && query.filter("name").is_none_or(|name| row.name().contains(name))
            && query.filter("day").is_none_or(|day| row.day().is_some_and(|own| own.to_string() == day))
    };
    let mut rows: Vec<Sample> = all.filter(meant).collect();
    if query.descending {
        rows.reverse();
    }
    let total = rows.len() as i64;
    let before = match query.at {
        Position::Page(page) => (page as usize - 1) * usize::from(query.size),
        _ => 0,
    };
    let rows = rows.into_iter().skip(before).take(usize::from(query.size) + 1).collect();
    Page::numbered(query, rows, total)
}
