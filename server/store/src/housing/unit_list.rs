//! The list of units (S1-4.2) over more than a million rows.
//!
//! Three habits keep it fast at that size: it walks an index by the scope (see [`crate::walk`]); it
//! counts from the kept counters; and from the same counters it knows which districts, estates or buildings
//! hold a match at all, and goes only there.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    walk::{self, ESTATES_MOST, Named, Walk, buildings_named, push_inside, push_words},
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::{HousingCategory, LayoutType, UnitStatus},
    housing::{unit::UnitRow, unit_sheet::UNIT_LIST},
    id::{BuildingId, EstateId, UnitId},
    list::{ListQuery, PAGE_REACH, Page},
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
    version: i32,
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
            version: record.version,
            updated_at: record.updated_at,
        })
    }
}

/// Below this many matches a filter without an index of its own may be served building by building.
const RARE: i64 = 2_000;
/// More units than these are not sorted for a page: the index of a district by time is walked instead.
const SORT_MOST: i64 = 100_000;

/// What the rows must match besides lying on the walk.
#[derive(Default)]
struct Match {
    status: Option<UnitStatus>,
    layout: Option<LayoutType>,
    category: Option<HousingCategory>,
    /// what the keyword names
    named: Option<Named>,
    /// words of the keyword that no estate or building explains: room numbers or codes
    words: Vec<String>,
    /// the tree names one; like a word, the counters do not know it
    entrance: Option<String>,
    /// a filter holds a value that exists nowhere
    nothing: bool,
}

/// How many matches one value of a walk's column has, by the counters; words about single units are
/// not counted there.
#[derive(sqlx::FromRow)]
struct Share {
    id: i64,
    units: i64,
}

/// A page of units in scope.
///
/// # Errors
/// Without [`Permission::UnitRead`].
pub async fn unit_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<UnitRow>> {
    ctx.require(Permission::UnitRead)?;
    let mut tx = ctx.begin().await?;
    let scope = Walk::new(ctx, query, &[("building", "building_id"), ("estate", "estate_id")]);
    let matching = matching(&mut tx, query, &scope).await?;
    let (walk, counted) = narrowed(&mut tx, query, scope, &matching).await?;
    let (total, exact) = total(&mut tx, &walk, &matching, counted).await?;
    if total == 0 {
        return Ok(Page { rows: Vec::new(), total: 0, exact: true, previous: None, next: None });
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
    let mut query = query.in_steps();
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
    matching.entrance = query.filter("entrance").map(ToOwned::to_owned);
    let mut words: Vec<String> = query.q.split_whitespace().take(6).map(ToOwned::to_owned).collect();
    if !words.is_empty() {
        // When no estate or building explains any word, the words are codes or room numbers.
        matching.named = buildings_named(tx, &mut words, walk).await?;
        matching.words = words;
    }
    Ok(matching)
}

/// The walk that meets the matches and as little else as can be known from the counters, and how
/// many matches these count.
async fn narrowed(tx: &mut Tx, query: &ListQuery, scope: Walk, matching: &Match) -> Result<(Walk, i64)> {
    if matching.nothing || scope.ids.is_empty() {
        return Ok((Walk { ids: Vec::new(), ..scope }, 0));
    }
    // Named buildings are looked for in their estates, not in everything that lies in their districts.
    let column = if matching.named.is_some() && scope.column == "district_id" { "estate_id" } else { scope.column };
    let shares = shares(tx, column, &scope, matching).await?;
    let counted = shares.iter().map(|share| share.units).sum();
    let by_time = UNIT_LIST.sort(query).0 == "updated_at";
    let many = shares.len() > ESTATES_MOST || (by_time && counted > SORT_MOST);
    let walk = match &matching.named {
        Some(named) if column != scope.column && many => {
            let ids = scope.ids.iter().copied().filter(|id| named.districts.contains(id)).collect();
            Walk { column: scope.column, ids }
        }
        _ => Walk { column, ids: ids(&shares) },
    };
    let rare = matching.layout.is_some() || matching.category.is_some() || matching.named.is_some();
    if counted == 0 || counted > RARE || !rare || walk.column == "building_id" {
        return Ok((walk, counted));
    }
    // Few matches: to read the buildings that have them, or to walk until a page is full?
    let all = units_on(tx, &walk).await?;
    let wanted = query.offset() + i64::from(query.size) + 1;
    let sorted = by_time && walk.column != "district_id";
    let passed = if sorted { all } else { all.min(wanted * walk.ids.len() as i64 * all / counted) };
    let buildings = Walk { column: "building_id", ids: ids(&self::shares(tx, "building_id", &scope, matching).await?) };
    let walk = if units_on(tx, &buildings).await? < passed { buildings } else { walk };
    Ok((walk, counted))
}

fn ids(shares: &[Share]) -> Vec<i64> {
    shares.iter().map(|share| share.id).collect()
}

/// How many units lie on a walk, matching or not.
async fn units_on(tx: &mut Tx, walk: &Walk) -> Result<i64> {
    let table = if walk.column == "district_id" { "district_tally" } else { "building_tally" };
    let mut sql =
        QueryBuilder::<Postgres>::new(format!("select coalesce(sum(u.units), 0)::bigint from {table} u where true"));
    walk.push(&mut sql, "u");
    Ok(sql.build_query_scalar().fetch_one(connection(tx)).await?)
}

/// The values of a column that hold matches on the walk, by the counters.
async fn shares(tx: &mut Tx, column: &str, walk: &Walk, matching: &Match) -> Result<Vec<Share>> {
    let by_district = column == "district_id" && walk.column == "district_id" && matching.named.is_none();
    let table = if by_district { "district_tally" } else { "building_tally" };
    let mut sql = QueryBuilder::<Postgres>::new(format!(
        "select u.{column} as id, sum(u.units)::bigint as units from {table} u where u.units > 0"
    ));
    walk.push(&mut sql, "u");
    push_match(&mut sql, matching);
    push_named(&mut sql, matching);
    sql.push(" group by 1 order by 1");
    Ok(sql.build_query_as().fetch_all(connection(tx)).await?)
}

/// The number of matches: from the counters; only words about single units must be counted one by
/// one, and then counting stops at [`PAGE_REACH`].
async fn total(tx: &mut Tx, walk: &Walk, matching: &Match, counted: i64) -> Result<(i64, bool)> {
    if (matching.words.is_empty() && matching.entrance.is_none()) || counted == 0 {
        return Ok((counted, true));
    }
    let mut sql =
        QueryBuilder::<Postgres>::new("select count(*) from (select 1 from unit u where u.deleted_at is null");
    walk.push(&mut sql, "u");
    push_match(&mut sql, matching);
    push_inside(&mut sql, walk, matching.named.as_ref());
    push_words(&mut sql, &matching.words, matching.named.is_some());
    push_entrance(&mut sql, matching);
    sql.push(" limit ").push_bind(i64::from(PAGE_REACH) + 1).push(") m");
    let found: i64 = sql.build_query_scalar().fetch_one(connection(tx)).await?;
    Ok((found.min(PAGE_REACH.into()), found <= i64::from(PAGE_REACH)))
}

/// What units and counters have in common; `u` is either.
fn push_match(sql: &mut QueryBuilder<Postgres>, matching: &Match) {
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

fn push_entrance(sql: &mut QueryBuilder<Postgres>, matching: &Match) {
    if let Some(entrance) = &matching.entrance {
        sql.push(" and u.entrance = ").push_bind(entrance.clone());
    }
}

/// The named buildings, for the counters.
fn push_named(sql: &mut QueryBuilder<Postgres>, matching: &Match) {
    if let Some(named) = &matching.named {
        sql.push(" and u.building_id = any(").push_bind(named.buildings.clone()).push(")");
    }
}

/// Fetches one page along the walk, in the wanted order, forwards or backwards.
async fn fetch(tx: &mut Tx, query: &ListQuery, walk: &Walk, matching: &Match) -> Result<Page<Record>> {
    let (sort, descending) = UNIT_LIST.sort(query);
    let order = match (sort, descending != walk::is_backwards(query)) {
        ("updated_at", false) => "u.updated_at, u.id",
        ("updated_at", true) => "u.updated_at desc, u.id desc",
        (_, false) => "u.code",
        (_, true) => "u.code desc",
    };
    let most = query.offset() + i64::from(query.size) + 1;
    let mut sql = QueryBuilder::<Postgres>::new(
        "select u.id, u.code, u.estate_id, e.name as estate, u.building_id, u.address, d.name as district, m.name as mgmt_unit,
                u.category, u.layout, u.building_area, u.usable_area, u.status, u.version, u.updated_at
         from (select u.* from unnest(",
    );
    sql.push_bind(walk.ids.clone());
    sql.push(format!(
        "::bigint[]) as w (id) cross join lateral (select * from unit u where u.{} = w.id and u.deleted_at is null",
        walk.column
    ));
    push_match(&mut sql, matching);
    push_inside(&mut sql, walk, matching.named.as_ref());
    push_words(&mut sql, &matching.words, matching.named.is_some());
    push_entrance(&mut sql, matching);
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
    let rows: Vec<Record> = sql.build_query_as().fetch_all(connection(tx)).await?;
    Ok(walk::page(query, rows, |row| match sort {
        "updated_at" => walk::time_cursor(row.updated_at, row.id),
        _ => row.code.clone(),
    }))
}

fn push_start(sql: &mut QueryBuilder<Postgres>, query: &ListQuery, sort: &str, descending: bool) {
    let Some((sign, text)) = walk::start(query, descending) else { return };
    if sort != "updated_at" {
        sql.push(format!(" and u.code {sign} ")).push_bind(text.to_owned());
    } else if let Some((at, id)) = walk::time_of_cursor(text, descending) {
        sql.push(format!(" and (u.updated_at, u.id) {sign} (")).push_bind(at).push(", ").push_bind(id).push(")");
    }
}
