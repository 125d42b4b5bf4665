//! The state of a list screen (search, filters, sort, page), which lives in the address bar, and
//! the page of rows that answers it (domain.md §0.5 rule 6).

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt::Write as _};

/// Rows per page that a person may choose from.
pub const PAGE_SIZES: [u16; 4] = [10, 20, 50, 100];
/// Rows that can be reached by page number; behind it a list is walked by value.
pub const PAGE_REACH: u32 = 10_000;
/// PRM-01: most rows one export may hold, unless the city has set another number.
pub const EXPORT_MAX: u32 = 50_000;
/// Rows an export takes at a time: more than any page a person may choose, which is how a list knows
/// that it is walked to its end and not looked through.
pub const EXPORT_STEP: u16 = 1_000;
/// Longest text in a list's address that is taken as it is: keyword, filter, cursor.
const TEXT_MAX: usize = 100;
/// Filters beyond these were not made by a page of ours.
const FILTERS_MAX: usize = 20;
/// More columns than any list has.
const COLUMNS_MAX: usize = 60;

/// Where in the sorted rows a page starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Position {
    /// Page number, from 1, up to [`PAGE_REACH`] rows.
    Page(u32),
    /// The rows behind the row with this cursor.
    After(String),
    /// The rows just before the row with this cursor.
    Before(String),
    /// The rows from this value of the sort column on (jump).
    From(String),
    /// The last rows.
    Last,
}

/// What a list screen asks for. Whatever comes in from outside, by address or as JSON, is brought
/// within bounds first: a page has a size from [`PAGE_SIZES`], a keyword a length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Sent")]
pub struct ListQuery {
    /// keyword (关键字)
    pub q: String,
    /// structured filters by key
    pub filter: BTreeMap<String, String>,
    /// key of the sorted column, or empty for the list's own order
    pub sort: String,
    pub descending: bool,
    pub size: u16,
    pub at: Position,
    /// keys of the columns that are shown and exported; none: all
    pub columns: Vec<String>,
}

/// A [`ListQuery`] as somebody sent it.
#[derive(Deserialize)]
struct Sent {
    q: String,
    filter: BTreeMap<String, String>,
    sort: String,
    descending: bool,
    size: u16,
    at: Position,
    #[serde(default)]
    columns: Vec<String>,
}

impl From<Sent> for ListQuery {
    fn from(sent: Sent) -> Self {
        let Sent { q, filter, sort, descending, size, at, columns } = sent;
        Self { q, filter, sort, descending, size, at, columns }.bounded()
    }
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            q: String::new(),
            filter: BTreeMap::new(),
            sort: String::new(),
            descending: false,
            size: 20,
            at: Position::Page(1),
            columns: Vec::new(),
        }
    }
}

impl ListQuery {
    /// Reads the parameters of an address. Unknown ones become filters; a list ignores those it does
    /// not know, and what cannot be read falls back to the default, because an address is typed by people.
    pub fn from_params<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut query = Self::default();
        for (key, value) in params {
            match key {
                "q" => value.clone_into(&mut query.q),
                "sort" => {
                    let column = value.strip_prefix('-');
                    query.descending = column.is_some();
                    column.unwrap_or(value).clone_into(&mut query.sort);
                }
                "size" => query.size = value.parse().unwrap_or(20),
                "page" => query.at = Position::Page(value.parse().unwrap_or(1)),
                "after" => query.at = Position::After(value.to_owned()),
                "before" => query.at = Position::Before(value.to_owned()),
                "from" => query.at = Position::From(value.to_owned()),
                "last" => query.at = Position::Last,
                // A form sends one parameter per box, a link all in one.
                "cols" => query.columns.extend(value.split('.').map(ToOwned::to_owned)),
                _ if value.is_empty() => {}
                _ => {
                    query.filter.insert(key.to_owned(), value.to_owned());
                }
            }
        }
        query.bounded()
    }

    /// The same question within the bounds that a person's question keeps to. Nobody types a control character, and a
    /// database cannot hold all of them.
    fn bounded(mut self) -> Self {
        let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect::<String>();
        self.q = short(self.q.trim()).trim().to_owned();
        self.sort = short(&self.sort);
        // The list's own order has its own direction.
        self.descending &= !self.sort.is_empty();
        if !PAGE_SIZES.contains(&self.size) {
            self.size = 20;
        }
        let plain = |text: &str| text.chars().count() <= TEXT_MAX && !text.contains(char::is_control);
        self.filter.retain(|key, value| !value.is_empty() && plain(key) && plain(value));
        while self.filter.len() > FILTERS_MAX {
            self.filter.pop_last();
        }
        self.columns.retain(|key| !key.is_empty() && key.len() <= TEXT_MAX);
        self.columns.truncate(COLUMNS_MAX);
        self.at = match self.at {
            Position::Page(page) => Position::Page(page.clamp(1, PAGE_REACH / u32::from(self.size))),
            Position::After(cursor) => Position::After(short(&cursor)),
            Position::Before(cursor) => Position::Before(short(&cursor)),
            Position::From(value) => Position::From(short(&value)),
            Position::Last => Position::Last,
        };
        self
    }

    /// The same list from its beginning, in steps to its end: what an export asks for.
    #[must_use]
    pub fn in_steps(&self) -> Self {
        Self { size: EXPORT_STEP, at: Position::Page(1), ..self.clone() }
    }

    /// Whether the list is walked to its end, and not looked through page by page.
    #[must_use]
    pub fn is_export(&self) -> bool {
        PAGE_SIZES.iter().all(|size| *size < self.size)
    }

    /// The number of the next page, as far as numbers reach.
    #[must_use]
    pub fn next_number(&self) -> Option<u32> {
        match self.at {
            Position::Page(page) if page.max(1).saturating_mul(self.size.into()) < PAGE_REACH => Some(page.max(1) + 1),
            _ => None,
        }
    }

    /// The parameters to put into an address; defaults are left out so that addresses stay short.
    #[must_use]
    pub fn to_params(&self) -> Vec<(String, String)> {
        let mut params = Vec::new();
        let mut put = |key: &str, value: String| params.push((key.to_owned(), value));
        if !self.q.is_empty() {
            put("q", self.q.clone());
        }
        for (key, value) in &self.filter {
            put(key, value.clone());
        }
        if !self.sort.is_empty() {
            put("sort", format!("{}{}", if self.descending { "-" } else { "" }, self.sort));
        }
        if self.size != 20 {
            put("size", self.size.to_string());
        }
        if !self.columns.is_empty() {
            put("cols", self.columns.join("."));
        }
        match &self.at {
            Position::Page(1) => {}
            Position::Page(page) => put("page", page.to_string()),
            Position::After(cursor) => put("after", cursor.clone()),
            Position::Before(cursor) => put("before", cursor.clone()),
            Position::From(value) => put("from", value.clone()),
            Position::Last => put("last", "1".to_owned()),
        }
        params
    }

    /// `?a=b&c=d`, percent-encoded, or nothing.
    #[must_use]
    pub fn to_search(&self) -> String {
        let mut search = String::new();
        for (key, value) in self.to_params() {
            let mark = if search.is_empty() { '?' } else { '&' };
            let _ = write!(search, "{mark}{}={}", percent_encode(&key), percent_encode(&value));
        }
        search
    }

    /// The same list, seen from another place.
    #[must_use]
    pub fn at(&self, at: Position) -> Self {
        Self { at, ..self.clone() }
    }

    /// The same rows with other columns.
    #[must_use]
    pub fn with_columns(&self, columns: Vec<String>) -> Self {
        Self { columns, ..self.clone() }
    }

    /// The value of a filter, if it is set.
    #[must_use]
    pub fn filter(&self, key: &str) -> Option<&str> {
        self.filter.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Rows before the page; 0 unless a page number is asked for.
    #[must_use]
    pub fn offset(&self) -> i64 {
        match self.at {
            Position::Page(page) => i64::from(page.max(1) - 1) * i64::from(self.size),
            _ => 0,
        }
    }
}

/// Percent-encodes one component of an address (RFC 3986 unreserved characters stay).
#[must_use]
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<R> {
    pub rows: Vec<R>,
    /// all rows that match, over all pages
    pub total: i64,
    /// false when counting stopped at [`PAGE_REACH`]
    pub exact: bool,
    /// where the neighbouring pages start, if there are any
    pub previous: Option<Position>,
    pub next: Option<Position>,
}

impl<R> Page<R> {
    /// The page that a list by page number answers: `rows` has at most one row more than fits,
    /// which tells that there is a next page. Numbers end at [`PAGE_REACH`] rows, except for an export.
    #[must_use]
    pub fn numbered(query: &ListQuery, mut rows: Vec<R>, total: i64) -> Self {
        let page = match query.at {
            Position::Page(page) => page.max(1),
            _ => 1,
        };
        let more = rows.len() > usize::from(query.size);
        rows.truncate(usize::from(query.size));
        let next = if query.is_export() { Some(page + 1) } else { query.at(Position::Page(page)).next_number() };
        Self {
            rows,
            total,
            exact: true,
            previous: (page > 1).then(|| Position::Page(page - 1)),
            next: next.filter(|_| more).map(Position::Page),
        }
    }

    /// The same page with other rows.
    #[must_use]
    pub fn map<T>(self, row: impl FnMut(R) -> T) -> Page<T> {
        let Self { rows, total, exact, previous, next } = self;
        Page { rows: rows.into_iter().map(row).collect(), total, exact, previous, next }
    }

    /// The same page with other rows, unless one cannot be had.
    ///
    /// # Errors
    /// The first error of `row`.
    pub fn try_map<T, E>(self, row: impl FnMut(R) -> Result<T, E>) -> Result<Page<T>, E> {
        let Self { rows, total, exact, previous, next } = self;
        Ok(Page { rows: rows.into_iter().map(row).collect::<Result<_, E>>()?, total, exact, previous, next })
    }

    /// `共 1,234 条`, or `约 10,000 条以上` when counting stopped.
    #[must_use]
    pub fn total_label(&self) -> String {
        if self.exact {
            format!("共 {} 条", group_thousands(self.total))
        } else {
            format!("约 {} 条以上", group_thousands(self.total))
        }
    }
}

/// `1056940` → `1,056,940`.
#[must_use]
pub fn group_thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        grouped.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_that_makes_no_sense_falls_back() {
        let query = ListQuery::from_params([("size", "7"), ("page", "x"), ("status", "VACANT"), ("empty", "")]);
        assert_eq!((query.size, &query.at), (20, &Position::Page(1)));
        assert_eq!(query.filter("status"), Some("VACANT"));
        assert_eq!(query.filter("empty"), None);
    }

    #[test]
    fn columns_come_from_boxes_or_from_a_link() {
        let read = |params: &[(&str, &str)]| ListQuery::from_params(params.iter().copied()).columns;
        assert_eq!(read(&[("cols", "code"), ("cols", "name")]), ["code", "name"]);
        assert_eq!(read(&[("cols", "code.name")]), ["code", "name"]);
        assert_eq!(read(&[("cols", ".")]), [""; 0]);
        assert_eq!(read(&[("cols", &"x.".repeat(500))]).len(), COLUMNS_MAX);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            ["0", "999", "1,000", "-1,056,940"],
            [0, 999, 1000, -1_056_940].map(group_thousands).each_ref().map(String::as_str)
        );
    }

    #[test]
    fn a_page_knows_its_neighbours() {
        let query = ListQuery { size: 10, at: Position::Page(2), ..ListQuery::default() };
        let page = Page::numbered(&query, (0..11).collect(), 31);
        assert_eq!((page.rows.len(), page.previous, page.next), (10, Some(Position::Page(1)), Some(Position::Page(3))));
    }

    #[test]
    fn numbers_end_where_rows_would_repeat() {
        let last = ListQuery { size: 100, at: Position::Page(100), ..ListQuery::default() };
        let page = Page::numbered(&last, (0..101).collect(), 12_000);
        assert_eq!((last.offset(), page.previous, page.next), (9_900, Some(Position::Page(99)), None));
        // An export goes on, each step where the last one ended.
        let step = ListQuery { at: Position::Page(12), ..last.in_steps() };
        let page = Page::numbered(&step, (0..=1_000).collect(), 12_500);
        assert_eq!((step.offset(), page.next), (11_000, Some(Position::Page(13))));
    }

    #[test]
    fn what_comes_from_outside_is_bounded() {
        let long = "长".repeat(101);
        let sent = |size: u32, at: serde_json::Value| {
            serde_json::json!({"q": format!("  {long}"), "filter": {"status": long, "layout": "ONE", "none": ""}, "sort": "code",
                               "descending": true, "size": size, "at": at})
        };
        let read = |sent| serde_json::from_value::<ListQuery>(sent).unwrap();
        let query = read(sent(65_535, serde_json::json!({"Page": u32::MAX})));
        assert_eq!((query.q.chars().count(), query.size, &query.at), (100, 20, &Position::Page(500)));
        assert_eq!(query.filter, BTreeMap::from([("layout".to_owned(), "ONE".to_owned())]));
        assert_eq!((query.sort.as_str(), query.descending), ("code", true));
        assert_eq!(read(sent(50, serde_json::json!({"Page": 0}))).at, Position::Page(1));
        let after = read(sent(10, serde_json::json!({"After": long.repeat(9)})));
        assert_eq!((after.size, after.at), (10, Position::After(long.chars().take(100).collect())));
        // Nobody outside can ask for the steps of an export.
        assert!(!read(sent(EXPORT_STEP.into(), serde_json::json!("Last"))).is_export());
        assert!(ListQuery::default().in_steps().is_export());
        let many = serde_json::json!({"q": "", "filter": (0..99).map(|n| (n.to_string(), "x".to_owned())).collect::<BTreeMap<_, _>>(),
                                      "sort": "", "descending": false, "size": 20, "at": {"Page": 1}});
        assert_eq!(read(many).filter.len(), FILTERS_MAX);
        assert_eq!(ListQuery::from_params([("page", "1000"), ("size", "100")]).at, Position::Page(100));
    }

    proptest! {
        #[test]
        fn what_is_written_into_an_address_is_read_back(
            q in "[a-z一-龥 ]{0,8}", status in "[A-Z]{1,6}", sort in "[a-z_]{1,8}", descending: bool,
            size in prop::sample::select(&PAGE_SIZES[..]), page in 1u32..=100,
            columns in prop::collection::vec("[a-z_]{1,8}", 0..4),
        ) {
            let query = ListQuery {
                q: q.trim().to_owned(), filter: [("status".to_owned(), status)].into(), sort, descending, size,
                at: Position::Page(page), columns,
            };
            let params = query.to_params();
            let read = ListQuery::from_params(params.iter().map(|(key, value)| (key.as_str(), value.as_str())));
            prop_assert_eq!(read, query);
        }
    }
}
