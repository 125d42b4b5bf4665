//! Sheets: one constant per list or import template says what its columns are, and everything that
//! shows, sorts, exports, reads or explains them is driven by that constant (architecture §3).
//!
//! Plain function pointers on purpose: no derive, no reflection, and the pieces that use a sheet are
//! compiled once, not once per noun.

use crate::{
    dictionary::{Item, LabelBook},
    id::EstateId,
    value::{Area, Check, Complaint, Money, normalize},
};
use chrono::{DateTime, FixedOffset, NaiveDate, Timelike as _, Utc};
use serde::{Deserialize, Serialize};

/// One value as a list shows it and an export writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cell {
    Empty,
    Text(String),
    Number(i64),
    Money(Money),
    Area(Area),
    Date(NaiveDate),
    Time(DateTime<Utc>),
    /// a dictionary value, under the program's label: whoever shows it asks the label book ([`Self::told`])
    Coded {
        dictionary: String,
        code: String,
        label: String,
        /// whether it has a coloured tile
        badge: bool,
    },
    /// a state that no dictionary holds, with its colour: `tone` names the CSS variable `--tone-…`
    Badge {
        tone: String,
        label: String,
    },
    Link {
        text: String,
        href: String,
    },
}

impl Cell {
    /// Text, or an empty cell for an empty text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }

    /// A link to a page of our own.
    pub fn link(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self::Link { text: text.into(), href: href.into() }
    }

    /// A dictionary value.
    pub fn coded(value: impl Into<Item>) -> Self {
        Self::item(value.into(), false)
    }

    /// A dictionary value with its colour.
    pub fn status(value: impl Into<Item>) -> Self {
        Self::item(value.into(), true)
    }

    fn item(item: Item, badge: bool) -> Self {
        let dictionary = item.dictionary_id().to_owned();
        Self::Coded { dictionary, code: item.code.to_owned(), label: item.label.to_owned(), badge }
    }

    /// The same as text where a dictionary value stands: under the city's label.
    #[must_use]
    pub fn told(self, book: &LabelBook) -> Self {
        match self {
            Self::Coded { dictionary, code, label, .. } => {
                Self::Text(book.label_of(&dictionary, &code, &label).to_owned())
            }
            cell => cell,
        }
    }

    /// A coloured state that no dictionary holds.
    #[must_use]
    pub fn badge(code: &str, label: &str) -> Self {
        Self::Badge { tone: code.to_ascii_lowercase(), label: label.to_owned() }
    }
}

/// An instant as people in China read it.
#[must_use]
pub fn time_text(at: DateTime<Utc>) -> String {
    match FixedOffset::east_opt(8 * 3600) {
        // A pattern would bring its reader along, which is ten kilobytes of every list.
        Some(china) => {
            let at = at.with_timezone(&china);
            format!("{} {:02}:{:02}", at.date_naive(), at.hour(), at.minute())
        }
        None => at.to_rfc3339(),
    }
}

/// An optional value as a cell.
pub fn cell_or_empty<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell) -> Cell {
    value.map_or(Cell::Empty, cell)
}

/// How a column's values are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// right-aligned, tabular figures
    Number,
    Time,
    Badge,
    /// what can be done with a row: a link, which is of no use in a file
    Action,
}

/// One column of a list.
pub struct ListColumn<R: 'static> {
    pub key: &'static str,
    pub header: &'static str,
    pub kind: Kind,
    /// whether the store can sort by it without reading the whole table
    pub sortable: bool,
    /// whether it stays on a phone
    pub essential: bool,
    pub cell: fn(&R) -> Cell,
}

/// One structured filter of a list.
pub struct Filter {
    pub key: &'static str,
    pub label: &'static str,
    pub choices: Choices,
}

/// Where a filter's values come from.
#[derive(Clone, Copy)]
pub enum Choices {
    /// a dictionary, under the city's labels
    Of(fn() -> Vec<Item>),
    /// choices that no dictionary holds: code and label of each
    Fixed(fn() -> Vec<(&'static str, &'static str)>),
    /// the districts in the actor's scope
    Districts,
    /// set by a link from another page, shown as a removable mark
    Linked,
    /// free text, with an example of what to write
    Text(&'static str),
    /// a calendar day
    Day,
}

/// Leaves what waits for the actor himself: the list that a reminder of home leads to (S4-1.1).
pub const TURN: Filter =
    Filter { key: "turn", label: "办理", choices: Choices::Fixed(|| vec![("MINE", "待我处理")]) };

/// A list screen: its columns drive the table, the sorting, the export and the read-only detail.
pub struct ListSheet<R: 'static> {
    pub key: &'static str,
    /// 房源, 小区 … as in `房源列表`
    pub noun: &'static str,
    /// where the list lives
    pub path: &'static str,
    /// what the keyword is compared with
    pub search_hint: &'static str,
    pub columns: &'static [ListColumn<R>],
    pub filters: &'static [Filter],
    /// column and direction used when the address names none
    pub default_sort: (&'static str, bool),
    /// whether the list is so long that one jumps by value
    pub jumps: bool,
}

/// A column without its row type, as the list page needs it.
#[derive(Clone, Copy, Debug)]
pub struct ColumnSpec {
    pub key: &'static str,
    pub header: &'static str,
    pub kind: Kind,
    pub sortable: bool,
    pub essential: bool,
}

/// A list sheet without its row type: the list page is compiled once, not once per noun.
#[derive(Clone)]
pub struct ListSpec {
    pub key: &'static str,
    pub noun: &'static str,
    pub path: &'static str,
    pub search_hint: &'static str,
    pub columns: Vec<ColumnSpec>,
    pub filters: &'static [Filter],
    pub default_sort: (&'static str, bool),
    /// whether the list is so long that one jumps by value
    pub jumps: bool,
}

impl ListSpec {
    /// Places of the columns to show, in the sheet's order. The first names the row and always stays; a choice that
    /// names no column of this list means all.
    #[must_use]
    pub fn shown(&self, chosen: &[String]) -> Vec<usize> {
        let named = |column: &ColumnSpec| chosen.iter().any(|key| key == column.key);
        let all = !self.columns.iter().any(named);
        let places = self.columns.iter().enumerate();
        places.filter(|(place, column)| all || *place == 0 || named(column)).map(|(place, _)| place).collect()
    }
}

impl<R> ListSheet<R> {
    /// The sheet without its row type.
    #[must_use]
    pub fn spec(&self) -> ListSpec {
        let columns = self.columns.iter().map(|column| ColumnSpec {
            key: column.key,
            header: column.header,
            kind: column.kind,
            sortable: column.sortable,
            essential: column.essential,
        });
        ListSpec {
            key: self.key,
            noun: self.noun,
            path: self.path,
            search_hint: self.search_hint,
            columns: columns.collect(),
            filters: self.filters,
            default_sort: self.default_sort,
            jumps: self.jumps,
        }
    }

    /// The sort that a query asks for, if this list can do it, else the list's own.
    #[must_use]
    pub fn sort<'a>(&'a self, query: &crate::list::ListQuery) -> (&'a str, bool) {
        self.columns
            .iter()
            .find(|column| column.sortable && column.key == query.sort)
            .map_or(self.default_sort, |column| (column.key, query.descending))
    }

    /// A row as label and value, for a read-only page; what else is known of it follows in the list.
    #[must_use]
    pub fn fields(&self, row: &R) -> Vec<(&'static str, Cell)> {
        // The page is that row already: its name need not lead there.
        let here = |cell: Cell| match cell {
            Cell::Link { text, href } if href.strip_prefix(self.path).is_some_and(|rest| rest.starts_with('/')) => {
                Cell::Text(text)
            }
            cell => cell,
        };
        self.columns.iter().map(|column| (column.header, here((column.cell)(row)))).collect()
    }

    /// A row as cells, in the order of the columns.
    #[must_use]
    pub fn cells(&self, row: &R) -> Vec<Cell> {
        self.columns.iter().map(|column| (column.cell)(row)).collect()
    }
}

/// What is wrong with one row of an import file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// header of the column, empty when the row as a whole is meant
    pub column: String,
    pub message: String,
}

impl RowError {
    /// A complaint about one column.
    #[must_use]
    pub fn of(column: &str, complaint: &Complaint) -> Self {
        Self { column: column.to_owned(), message: complaint.in_column(column) }
    }

    /// A sentence about a column or, with an empty name, the row.
    pub fn says(column: &str, sentence: impl Into<String>) -> Self {
        Self { column: column.to_owned(), message: sentence.into() }
    }
}

/// One column of an import template.
pub struct ImportColumn<F: 'static> {
    pub header: &'static str,
    pub required: bool,
    /// what the example row of the template holds
    pub example: &'static str,
    /// what the instruction sheet says about it
    pub note: &'static str,
    /// drop-down values, empty when free
    pub choices: fn() -> Vec<Item>,
    /// reads one trimmed, half-width, non-empty text into the form
    pub parse: fn(&str, &mut F) -> Check<()>,
}

impl<F> ImportColumn<F> {
    fn read(&self, text: &str, form: &mut F, book: &LabelBook) -> Check<()> {
        // Only where the city calls something otherwise is there anything to look up.
        let code = if book.is_empty() { None } else { book.read(&(self.choices)(), text)? };
        (self.parse)(code.unwrap_or(text), form)
    }
}

/// An import template (domain.md §7).
pub struct ImportSheet<F: 'static> {
    /// as the command line and the address name it
    pub key: &'static str,
    /// 建筑信息 …
    pub title: &'static str,
    pub columns: &'static [ImportColumn<F>],
    /// rules between columns of one row; also asked when some columns could not be read
    pub check: fn(&F, &mut RowCheck),
}

/// What the rules between the columns of one row complain about.
pub struct RowCheck<'a> {
    /// columns that could not be read
    unread: &'a [RowError],
    broken: Vec<RowError>,
}

impl RowCheck<'_> {
    /// Complains about the first of some columns when a rule between them is broken. A column that could not be read
    /// is not there to be compared, and its own complaint says enough: the rule is silent then.
    pub fn rule(&mut self, columns: &[&str], broken: bool, sentence: &str) {
        if broken && !self.unread.iter().any(|error| columns.contains(&error.column.as_str())) {
            self.broken.push(RowError::says(columns.first().copied().unwrap_or_default(), sentence));
        }
    }
}

impl<F: Default> ImportSheet<F> {
    /// Reads one row. The cells are in template order; missing trailing ones count as empty. Dictionary values may
    /// stand there under the city's labels.
    ///
    /// # Errors
    /// Every complaint about the row, as domain.md §7.0 words them: those about columns in their order, then those
    /// about what does not go together.
    pub fn parse(&self, row_no: u32, cells: &[String], book: &LabelBook) -> Result<F, Vec<RowError>> {
        let mut form = F::default();
        let mut errors = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let text = cells.get(index).map(|cell| normalize(cell)).unwrap_or_default();
            if text.is_empty() {
                if column.required {
                    errors.push(RowError::says(column.header, format!("第{row_no}行【{}】不能为空", column.header)));
                }
            } else if let Err(complaint) = column.read(&text, &mut form, book) {
                errors.push(RowError::of(column.header, &complaint));
            }
        }
        let mut check = RowCheck { unread: &errors, broken: Vec::new() };
        (self.check)(&form, &mut check);
        let broken = check.broken;
        errors.extend(broken);
        if errors.is_empty() { Ok(form) } else { Err(errors) }
    }
}

impl<F> ImportSheet<F> {
    /// The header row of the template; `*` marks required columns.
    #[must_use]
    pub fn headers(&self) -> Vec<String> {
        self.columns
            .iter()
            .map(|column| if column.required { format!("*{}", column.header) } else { column.header.to_owned() })
            .collect()
    }
}

/// The address of an estate's page, used by several sheets.
#[must_use]
pub fn estate_href(id: EstateId) -> String {
    format!("/housing/estates/{id}")
}

#[cfg(test)]
mod tests {
    use crate::housing::unit_sheet::UNIT_LIST;

    #[test]
    fn of_the_columns_those_that_were_chosen_are_shown_and_the_first() {
        let spec = UNIT_LIST.spec();
        let shown = |chosen: &[&str]| spec.shown(&chosen.iter().map(ToString::to_string).collect::<Vec<_>>());
        let all: Vec<usize> = (0..spec.columns.len()).collect();
        assert_eq!(shown(&[]), all);
        assert_eq!(shown(&["nonsense"]), all);
        assert_eq!(shown(&["layout", "estate", "nonsense"]), [0, 1, 3]);
        assert_eq!(shown(&["code"]), [0]);
    }
}
