//! The list of units (S1-4.2) over more than a million rows.
//!
//! Three habits keep it fast at that size: it walks the index of one district (or estate, or
//! building) at a time and merges, so no plan depends on how much the actor may *not* see; it pages
//! by value behind the first ten thousand rows; and it counts from the kept counters.

use crate::{
    Ctx, Error, Result, Scope,
    ctx::{Tx, connection},
    error::stored,
    list::contains_pattern,
};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Utc};
use domain::{
    dictionary::{HousingCategory, LayoutType, UnitStatus},
    housing::{unit::UnitRow, unit_sheet::UNIT_LIST},
    id::{BuildingId, EstateId, UnitId},
    list::{ListQuery, PAGE_REACH, Page, Position},
    platform::permission::Permission,
    value::Area,
};
use sqlx::{Postgres, QueryBuilder};

#[derive(Clone, sqlx::FromRow)]
struct Record {
    id: i64,
    code: String,
    estate_id: i64,
    estate: String,
    building_id: i64,
    address: String,
    district: String,
    mgmt_unit: String,
    category: String,
    layout: String,
    building_area: i32,
    usable_area: i32,
    status: String,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Record> for UnitRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: UnitId(record.id),
            code: record.code,
            estate_id: EstateId(record.estate_id),
            estate: record.estate,
            building_id: BuildingId(record.building_id),
            address: record.address,
            district: record.district,
            mgmt_unit: record.mgmt_unit,
            category: stored(&record.category, HousingCategory::from_code)?,
            layout: stored(&record.layout, LayoutType::from_code)?,
            building_area: Area::from_hundredths(record.building_area.into()),
            usable_area: Area::from_hundredths(record.usable_area.into()),
            status: stored(&record.status, UnitStatus::from_code)?,
            updated_at: record.updated_at,
        })
    }
}

/// Below this many matches a filter without an index of its own is served building by building.
const RARE: i64 = 2_000;

/// The index to walk: its leading column and the values of it that are in scope and asked for.
struct Walk {
    column: &'static str,
    ids: Vec<i64>,
}

/// What the rows must match besides lying on the walk.
#[derive(Default)]
struct Match {
    status: Option<UnitStatus>,
    layout: Option<LayoutType>,
    category: Option<HousingCategory>,
    /// buildings that the keyword names
    buildings: Option<Vec<i64>>,
    /// words of the keyword that no estate or building explains: room numbers or codes
    words: Vec<String>,
    /// a filter holds a value that exists nowhere
    nothing: bool,
}

/// A page of units in scope.
///
/// # Errors
/// Without [`Permission::UnitRead`].
pub async fn unit_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<UnitRow>> {
    ctx.require(Permission::UnitRead)?;
    let mut tx = ctx.begin().await?;
    let mut walk = walk(ctx, query);
    let matching = matching(&mut tx, query, &walk).await?;
    let (total, exact) = total(&mut tx, &walk, &matching).await?;
    if matching.nothing || walk.ids.is_empty() || total == 0 {
        return Ok(Page { rows: Vec::new(), total: 0, exact: true, previous: None, next: None });
    }
    if exact && total <= RARE && (matching.layout.is_some() || matching.category.is_some()) {
        walk = Walk { column: "building_id", ids: buildings_with(&mut tx, &walk, &matching).await? };
    }
    let page = fetch(&mut tx, query, &walk, &matching).await?;
    tx.commit().await?;
    let mut page = page.try_map(UnitRow::try_from)?;
    (page.total, page.exact) = (total, exact);
    Ok(page)
}

/// The first rows of the list for an export, at most `most`.
///
/// # Errors
/// Without [`Permission::UnitRead`].
pub async fn unit_rows(ctx: &Ctx, query: &ListQuery, most: u32) -> Result<Vec<UnitRow>> {
    let mut rows = Vec::new();
    let mut query = ListQuery { size: 1_000, at: Position::Page(1), ..query.clone() };
    loop {
        let page = unit_list(ctx, &query).await?;
        rows.extend(page.rows);
        match page.next {
            Some(next) if rows.len() < most as usize => query.at = next,
            _ => break,
        }
    }
    rows.truncate(most as usize);
    Ok(rows)
}

fn walk(ctx: &Ctx, query: &ListQuery) -> Walk {
    let named = |key| query.filter(key).map(|id| id.parse().unwrap_or(-1));
    if let Some(building) = named("building") {
        return Walk { column: "building_id", ids: vec![building] };
    }
    if let Some(estate) = named("estate") {
        return Walk { column: "estate_id", ids: vec![estate] };
    }
    match ctx.scope() {
        Scope::City { districts } | Scope::Districts(districts) => {
            let wanted: Option<i64> = named("district");
            let ids = districts.iter().copied().filter(|id| wanted.is_none_or(|wanted| wanted == *id)).collect();
            Walk { column: "district_id", ids }
        }
        Scope::Estates(estates) => Walk { column: "estate_id", ids: estates.clone() },
        Scope::Nothing => Walk { column: "district_id", ids: Vec::new() },
    }
}

async fn matching(tx: &mut Tx, query: &ListQuery, walk: &Walk) -> Result<Match> {
    let mut matching = Match::default();
    let mut read = |key: &str, known: bool| {
        if query.filter(key).is_some() && !known {
            matching.nothing = true;
        }
    };
    let status = query.filter("status").and_then(UnitStatus::from_code);
    let layout = query.filter("layout").and_then(LayoutType::from_code);
    let category = query.filter("category").and_then(HousingCategory::from_code);
    read("status", status.is_some());
    read("layout", layout.is_some());
    read("category", category.is_some());
    (matching.status, matching.layout, matching.category) = (status, layout, category);
    let mut words: Vec<String> = query.q.split_whitespace().take(6).map(ToOwned::to_owned).collect();
    if !words.is_empty() {
        let buildings = buildings_named(tx, &mut words, walk).await?;
        // When no estate or building explains any word, the words are codes or room numbers.
        matching.buildings = (!buildings.is_empty()).then_some(buildings);
        matching.words = words;
    }
    Ok(matching)
}

/// The buildings that most of the words name, and the words that are left over. Words are taken from
/// the front: 小区 楼栋 房号 is how people write an address.
async fn buildings_named(tx: &mut Tx, words: &mut Vec<String>, walk: &Walk) -> Result<Vec<i64>> {
    let mut found: Vec<i64> = Vec::new();
    let mut used = 0;
    for count in (1..=words.len()).rev() {
        let mut sql = QueryBuilder::<Postgres>::new(
            "select b.id from building b join estate e on e.id = b.estate_id where b.deleted_at is null",
        );
        let column = if walk.column == "building_id" { "id" } else { walk.column };
        sql.push(format!(" and b.{column} = any(")).push_bind(walk.ids.clone()).push(")");
        for word in &words[..count] {
            sql.push(" and (e.name ilike ").push_bind(contains_pattern(word));
            sql.push(" or e.address ilike ").push_bind(contains_pattern(word));
            sql.push(" or b.no = ").push_bind(word.trim_end_matches("号楼").to_owned());
            sql.push(" or b.no = ").push_bind(word.clone()).push(")");
        }
        found = sql.build_query_scalar().fetch_all(connection(tx)).await?;
        if !found.is_empty() {
            used = count;
            break;
        }
    }
    words.drain(..used);
    Ok(found)
}

/// The number of matches: from the counters; only words about single units must be counted one by
/// one, and then counting stops at [`PAGE_REACH`].
async fn total(tx: &mut Tx, walk: &Walk, matching: &Match) -> Result<(i64, bool)> {
    if matching.nothing || walk.ids.is_empty() {
        return Ok((0, true));
    }
    if !matching.words.is_empty() {
        let mut sql =
            QueryBuilder::<Postgres>::new("select count(*) from (select 1 from unit u where u.deleted_at is null");
        sql.push(format!(" and u.{} = any(", walk.column)).push_bind(walk.ids.clone()).push(")");
        push_match(&mut sql, matching);
        sql.push(" limit ").push_bind(i64::from(PAGE_REACH) + 1).push(") m");
        let counted: i64 = sql.build_query_scalar().fetch_one(connection(tx)).await?;
        return Ok((counted.min(PAGE_REACH.into()), counted <= i64::from(PAGE_REACH)));
    }
    let by_district = walk.column == "district_id" && matching.buildings.is_none();
    let table = if by_district { "district_tally" } else { "building_tally" };
    let mut sql =
        QueryBuilder::<Postgres>::new(format!("select coalesce(sum(units), 0)::bigint from {table} u where true"));
    push_walk_and_tally(&mut sql, walk, matching);
    Ok((sql.build_query_scalar().fetch_one(connection(tx)).await?, true))
}

async fn buildings_with(tx: &mut Tx, walk: &Walk, matching: &Match) -> Result<Vec<i64>> {
    let mut sql = QueryBuilder::<Postgres>::new("select distinct building_id from building_tally u where units > 0");
    push_walk_and_tally(&mut sql, walk, matching);
    Ok(sql.build_query_scalar().fetch_all(connection(tx)).await?)
}

fn push_walk_and_tally(sql: &mut QueryBuilder<Postgres>, walk: &Walk, matching: &Match) {
    sql.push(format!(" and u.{} = any(", walk.column)).push_bind(walk.ids.clone()).push(")");
    if let Some(buildings) = &matching.buildings {
        sql.push(" and u.building_id = any(").push_bind(buildings.clone()).push(")");
    }
    push_codes(sql, matching);
}

fn push_codes(sql: &mut QueryBuilder<Postgres>, matching: &Match) {
    if let Some(status) = matching.status {
        sql.push(" and u.status = ").push_bind(status.code());
    }
    if let Some(layout) = matching.layout {
        sql.push(" and u.layout = ").push_bind(layout.code());
    }
    if let Some(category) = matching.category {
        sql.push(" and u.category = ").push_bind(category.code());
    }
}

fn push_match(sql: &mut QueryBuilder<Postgres>, matching: &Match) {
    push_codes(sql, matching);
    if let Some(buildings) = &matching.buildings {
        sql.push(" and u.building_id = any(").push_bind(buildings.clone()).push(")");
    }
    for word in &matching.words {
        // A range of codes can use the index also behind row-level security; LIKE could not.
        sql.push(" and ((u.code >= ").push_bind(word.to_uppercase());
        sql.push(" and u.code < ").push_bind(format!("{}\u{10FFFF}", word.to_uppercase())).push(")");
        if matching.buildings.is_some() {
            sql.push(" or u.room_no = ").push_bind(word.trim_end_matches('室').to_owned());
            sql.push(" or u.room_no = ").push_bind(word.clone());
        }
        sql.push(")");
    }
}

/// Fetches one page along the walk, in the wanted order, forwards or backwards.
async fn fetch(tx: &mut Tx, query: &ListQuery, walk: &Walk, matching: &Match) -> Result<Page<Record>> {
    let (sort, descending) = UNIT_LIST.sort(query);
    let backwards = matches!(query.at, Position::Before(_) | Position::Last);
    let order = match (sort, descending != backwards) {
        ("updated_at", false) => "u.updated_at, u.id",
        ("updated_at", true) => "u.updated_at desc, u.id desc",
        (_, false) => "u.code",
        (_, true) => "u.code desc",
    };
    let size = usize::from(query.size);
    let most = query.offset() + i64::from(query.size) + 1;
    let mut sql = QueryBuilder::<Postgres>::new(
        "select u.id, u.code, u.estate_id, e.name as estate, u.building_id, u.address, d.name as district, m.name as mgmt_unit,
                u.category, u.layout, u.building_area, u.usable_area, u.status, u.updated_at
         from (select u.* from unnest(",
    );
    sql.push_bind(walk.ids.clone());
    sql.push(format!(
        "::bigint[]) as w (id) cross join lateral (select * from unit u where u.{} = w.id and u.deleted_at is null",
        walk.column
    ));
    push_match(&mut sql, matching);
    push_start(&mut sql, query, sort, descending);
    sql.push(format!(" order by {order} limit ")).push_bind(most);
    sql.push(format!(") u order by {order} limit "))
        .push_bind(i64::from(query.size) + 1)
        .push(" offset ")
        .push_bind(query.offset());
    sql.push(format!(
        ") u join estate e on e.id = u.estate_id join organization d on d.id = u.district_id
         join organization m on m.id = u.mgmt_unit_id order by {order}"
    ));
    let mut rows: Vec<Record> = sql.build_query_as().fetch_all(connection(tx)).await?;
    let more = rows.len() > size;
    rows.truncate(size);
    if backwards {
        rows.reverse();
    }
    let (previous, next) = neighbours(query, sort, &rows, more);
    Ok(Page { rows, total: 0, exact: true, previous, next })
}

/// Where the walk starts inside the order: behind a cursor, before it, or from a typed value.
fn push_start(sql: &mut QueryBuilder<Postgres>, query: &ListQuery, sort: &str, descending: bool) {
    let (text, inclusive, forwards) = match &query.at {
        Position::After(cursor) => (cursor, false, true),
        Position::Before(cursor) => (cursor, false, false),
        Position::From(value) => (value, true, true),
        Position::Page(_) | Position::Last => return,
    };
    let sign = match (forwards != descending, inclusive) {
        (true, true) => ">=",
        (true, false) => ">",
        (false, true) => "<=",
        (false, false) => "<",
    };
    if sort == "updated_at" {
        if let Some((at, id)) = time_cursor(text, descending) {
            sql.push(format!(" and (u.updated_at, u.id) {sign} (")).push_bind(at).push(", ").push_bind(id).push(")");
        }
    } else {
        sql.push(format!(" and u.code {sign} ")).push_bind(text.clone());
    }
}

/// `<microseconds>~<id>` of a row, or a day that a person typed: its first moment, or its last when
/// the newest come first.
fn time_cursor(text: &str, descending: bool) -> Option<(DateTime<Utc>, i64)> {
    if let Some((at, id)) = text.split_once('~') {
        return Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, id.parse().ok()?));
    }
    let day = text.parse::<NaiveDate>().ok()?;
    let day = if descending { day.succ_opt()? } else { day };
    let at = day.and_time(NaiveTime::MIN).and_local_timezone(FixedOffset::east_opt(8 * 3600)?).single()?;
    Some((at.to_utc(), 0))
}

fn cursor(record: &Record, sort: &str) -> String {
    if sort == "updated_at" {
        format!("{}~{}", record.updated_at.timestamp_micros(), record.id)
    } else {
        record.code.clone()
    }
}

fn neighbours(query: &ListQuery, sort: &str, rows: &[Record], more: bool) -> (Option<Position>, Option<Position>) {
    let before = || rows.first().map(|row| Position::Before(cursor(row, sort)));
    let after = || rows.last().map(|row| Position::After(cursor(row, sort)));
    match &query.at {
        Position::Page(page) => {
            let reachable = i64::from(query.size) * i64::from(*page) < i64::from(PAGE_REACH);
            let next = if !more {
                None
            } else if reachable && query.size <= 100 {
                Some(Position::Page(page + 1))
            } else {
                after()
            };
            ((*page > 1).then(|| Position::Page(page - 1)), next)
        }
        Position::After(_) | Position::From(_) => (before(), more.then(after).flatten()),
        Position::Before(_) => (more.then(before).flatten(), after()),
        Position::Last => (more.then(before).flatten(), None),
    }
}
