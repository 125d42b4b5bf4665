//! How a list of more than a million rows is walked.
//!
//! It goes along an index that begins with a column of the scope, one value of that column at a time, and
//! merges: no plan depends on how much the actor may *not* see. Pages go by number as far as
//! [`domain::list::PAGE_REACH`], behind it (and in the steps of an export) by value.

use crate::{
    Ctx, Result, Scope,
    ctx::{Tx, connection},
    list::contains_pattern,
};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Utc};
use domain::list::{ListQuery, Page, Position};
use sqlx::{Postgres, QueryBuilder};

/// The index to walk: its leading column and the values of it that are in scope and asked for.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    pub column: &'static str,
    pub ids: Vec<i64>,
}

impl Walk {
    /// Along the first of the `named` filters that is set, or else along the scope.
    pub(crate) fn new(ctx: &Ctx, query: &ListQuery, named: &[(&str, &'static str)]) -> Self {
        // What is no number names nothing.
        let id = |key| query.filter(key).map(|id| id.parse().unwrap_or(-1));
        for (key, column) in named {
            if let Some(id) = id(key) {
                return Self { column, ids: vec![id] };
            }
        }
        match ctx.scope() {
            Scope::City { districts } | Scope::Districts(districts) => {
                let wanted: Option<i64> = id("district");
                let ids = districts.iter().copied().filter(|id| wanted.is_none_or(|wanted| wanted == *id)).collect();
                Self { column: "district_id", ids }
            }
            Scope::Estates(estates) => Self { column: "estate_id", ids: estates.clone() },
            Scope::Nothing => Self { column: "district_id", ids: Vec::new() },
        }
    }

    /// Adds the condition that a row lies on the walk.
    pub(crate) fn push(&self, sql: &mut QueryBuilder<Postgres>, table: &str) {
        sql.push(format!(" and {table}.{} = any(", self.column)).push_bind(self.ids.clone()).push(")");
    }
}

/// More estates than these are not looked into one by one.
pub(crate) const ESTATES_MOST: usize = 2_000;

/// What the words of a keyword name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    pub districts: Vec<i64>,
    pub estates: Vec<i64>,
    pub buildings: Vec<i64>,
}

/// The buildings on the walk that most of the words name; those words are taken out. From the front,
/// because 小区 楼栋 房号 is how people write an address.
pub(crate) async fn buildings_named(tx: &mut Tx, words: &mut Vec<String>, walk: &Walk) -> Result<Option<Named>> {
    for count in (1..=words.len()).rev() {
        let mut sql = QueryBuilder::<Postgres>::new(
            "select b.district_id, b.estate_id, b.id from building b join estate e on e.id = b.estate_id where b.deleted_at is null",
        );
        match walk.column {
            "building_id" => drop(sql.push(" and b.id = any(").push_bind(walk.ids.clone()).push(")")),
            // The rooms of one unit: whatever is found lies where the unit does, or not on the walk at all.
            "unit_id" => {}
            _ => walk.push(&mut sql, "b"),
        }
        for word in &words[..count] {
            sql.push(" and (e.name ilike ").push_bind(contains_pattern(word));
            sql.push(" or e.address ilike ").push_bind(contains_pattern(word));
            sql.push(" or b.no = ").push_bind(word.trim_end_matches("号楼").to_owned());
            sql.push(" or b.no = ").push_bind(word.clone()).push(")");
        }
        let found: Vec<(i64, i64, i64)> = sql.build_query_as().fetch_all(connection(tx)).await?;
        if !found.is_empty() {
            words.drain(..count);
            return Ok(Some(Named {
                districts: distinct(found.iter().map(|(district, ..)| *district)),
                estates: distinct(found.iter().map(|(_, estate, _)| *estate)),
                buildings: found.into_iter().map(|(.., building)| building).collect(),
            }));
        }
    }
    Ok(None)
}

fn distinct(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    ids.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// That the unit `u` lies in a named building; a walk along buildings goes only there anyway. A sum is in no
/// index: a plan made without knowing how many buildings there are would fetch them all again for each estate
/// (665 ms instead of 7, for 40,000 of 400,000 units).
pub(crate) fn push_inside(sql: &mut QueryBuilder<Postgres>, walk: &Walk, named: Option<&Named>) {
    if let Some(named) = named.filter(|_| walk.column != "building_id") {
        sql.push(" and (u.building_id + 0) = any(").push_bind(named.buildings.clone()).push(")");
    }
}

/// The words that no estate or building explained: each the beginning of a unit's code or, inside known
/// buildings, a room's number. `u` is the unit.
pub(crate) fn push_words(sql: &mut QueryBuilder<Postgres>, words: &[String], in_buildings: bool) {
    for word in words {
        // A range of codes can use the index also behind row-level security; LIKE could not.
        sql.push(" and ((u.code >= ").push_bind(word.to_uppercase());
        sql.push(" and u.code < ").push_bind(format!("{}\u{10FFFF}", word.to_uppercase())).push(")");
        if in_buildings {
            sql.push(" or u.room_no = ").push_bind(word.trim_end_matches('室').to_owned());
            sql.push(" or u.room_no = ").push_bind(word.clone());
        }
        sql.push(")");
    }
}

/// Whether the rows come in the opposite order first: they are turned around by [`page`].
pub(crate) fn is_backwards(query: &ListQuery) -> bool {
    matches!(query.at, Position::Before(_) | Position::Last)
}

/// Where a walk starts inside the order: behind a cursor, before it, or from a typed value. The sign
/// compares a row with the text.
pub(crate) fn start(query: &ListQuery, descending: bool) -> Option<(&'static str, &str)> {
    let (text, inclusive, forwards) = match &query.at {
        Position::After(cursor) => (cursor, false, true),
        Position::Before(cursor) => (cursor, false, false),
        Position::From(value) => (value, true, true),
        Position::Page(_) | Position::Last => return None,
    };
    let sign = match (forwards != descending, inclusive) {
        (true, true) => ">=",
        (true, false) => ">",
        (false, true) => "<=",
        (false, false) => "<",
    };
    Some((sign, text))
}

/// The cursor of a row that is sorted by the time of its change.
pub(crate) fn time_cursor(at: DateTime<Utc>, id: i64) -> String {
    format!("{}~{id}", at.timestamp_micros())
}

/// The time and id of a [`time_cursor`], or a day that a person typed: its first moment, or its last
/// when the newest come first.
pub(crate) fn time_of_cursor(text: &str, descending: bool) -> Option<(DateTime<Utc>, i64)> {
    if let Some((at, id)) = text.split_once('~') {
        return Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, id.parse().ok()?));
    }
    let day = text.parse::<NaiveDate>().ok()?;
    let day = if descending { day.succ_opt()? } else { day };
    let at = day.and_time(NaiveTime::MIN).and_local_timezone(FixedOffset::east_opt(8 * 3600)?).single()?;
    Some((at.to_utc(), 0))
}

/// The page of rows that were fetched with one more than fits. The total is the caller's.
pub(crate) fn page<R>(query: &ListQuery, mut rows: Vec<R>, cursor: impl Fn(&R) -> String) -> Page<R> {
    let more = rows.len() > usize::from(query.size);
    rows.truncate(usize::from(query.size));
    if is_backwards(query) {
        rows.reverse();
    }
    let before = || rows.first().map(|row| Position::Before(cursor(row)));
    let after = || rows.last().map(|row| Position::After(cursor(row)));
    let (previous, next) = match &query.at {
        Position::Page(page) => {
            // An export never counts rows from the front again.
            let number = query.next_number().filter(|_| !query.is_export()).map(Position::Page);
            ((*page > 1).then(|| Position::Page(page - 1)), more.then(|| number.or_else(after)).flatten())
        }
        Position::After(_) | Position::From(_) => (before(), more.then(after).flatten()),
        Position::Before(_) => (more.then(before).flatten(), after()),
        Position::Last => (more.then(before).flatten(), None),
    };
    Page { rows, total: 0, exact: true, previous, next }
}
