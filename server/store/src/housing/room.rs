//! Rooms (E-14): there are as many as units, so their list is walked as theirs is (see [`crate::walk`]).

mod write;

pub use write::{room_create, room_delete, room_update};

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    walk::{self, ESTATES_MOST, Named, Walk, buildings_named, push_inside, push_words},
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::{RoomType, UseStatus},
    failure::Failure,
    housing::room::{ROOM_LIST, Room, RoomRow},
    id::{EstateId, RoomId, UnitId},
    list::{ListQuery, PAGE_REACH, Page},
    platform::permission::Permission,
    value::{Area, Rate},
};
use sqlx::{Postgres, QueryBuilder};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    unit_id: i64,
    unit_code: String,
    estate_id: i64,
    estate: String,
    address: String,
    name: String,
    kind: String,
    area: Option<i32>,
    capacity: Option<i32>,
    bed_count: Option<i32>,
    status: String,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Record> for RoomRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: RoomId(record.id),
            unit_id: UnitId(record.unit_id),
            unit_code: record.unit_code,
            estate_id: EstateId(record.estate_id),
            estate: record.estate,
            address: record.address,
            name: record.name,
            kind: stored(&record.kind, RoomType::from_code)?,
            area: record.area.map(|area| Area::from_hundredths(area.into())),
            capacity: record.capacity,
            bed_count: record.bed_count,
            status: stored(&record.status, UseStatus::from_code)?,
            updated_at: record.updated_at,
        })
    }
}

/// What the keyword says.
#[derive(Default)]
struct Match {
    named: Option<Named>,
    words: Vec<String>,
}

/// A page of rooms in scope. Nobody keeps counters of rooms, so counting stops at [`PAGE_REACH`].
///
/// # Errors
/// Without [`Permission::RoomRead`].
pub async fn room_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<RoomRow>> {
    ctx.require(Permission::RoomRead)?;
    let mut tx = ctx.begin().await?;
    let mut walk = Walk::new(ctx, query, &[("unit", "unit_id"), ("estate", "estate_id")]);
    let mut matching =
        Match { named: None, words: query.q.split_whitespace().take(6).map(ToOwned::to_owned).collect() };
    matching.named = buildings_named(&mut tx, &mut matching.words, &walk).await?;
    // Named buildings are looked for in their estates, not in everything that lies in their districts.
    if let (Some(named), "district_id") = (&matching.named, walk.column) {
        walk = if named.estates.len() <= ESTATES_MOST {
            Walk { column: "estate_id", ids: named.estates.clone() }
        } else {
            walk.ids.retain(|id| named.districts.contains(id));
            walk
        };
    }
    let total = count(&mut tx, &walk, &matching).await?;
    let page = fetch(&mut tx, query, &walk, &matching).await?;
    tx.commit().await?;
    let mut page = page.try_map(RoomRow::try_from)?;
    (page.total, page.exact) = (total.min(PAGE_REACH.into()), total <= i64::from(PAGE_REACH));
    Ok(page)
}

async fn count(tx: &mut Tx, walk: &Walk, matching: &Match) -> Result<i64> {
    let searched = matching.named.is_some() || !matching.words.is_empty();
    let mut sql = QueryBuilder::<Postgres>::new("select count(*) from (select 1 from room r");
    // Rooms know district, estate and unit themselves; only a keyword looks at the unit.
    sql.push(if searched { " join unit u on u.id = r.unit_id where true" } else { " where true" });
    sql.push(" and r.deleted_at is null");
    walk.push(&mut sql, if searched && walk.column != "unit_id" { "u" } else { "r" });
    push_inside(&mut sql, walk, matching.named.as_ref());
    push_words(&mut sql, &matching.words, matching.named.is_some());
    sql.push(" limit ").push_bind(i64::from(PAGE_REACH) + 1).push(") m");
    Ok(sql.build_query_scalar().fetch_one(connection(tx)).await?)
}

/// Fetches one page along the walk: along the units' codes, or along the rooms' own index by time.
async fn fetch(tx: &mut Tx, query: &ListQuery, walk: &Walk, matching: &Match) -> Result<Page<Record>> {
    let (sort, descending) = ROOM_LIST.sort(query);
    let by_time = sort == "updated_at";
    let direction = if descending == walk::is_backwards(query) { "" } else { " desc" };
    let first = if by_time { "updated_at" } else { "unit_code" };
    let order = format!("{first}{direction}, id{direction}");
    let lead = if by_time || walk.column == "unit_id" { "r" } else { "u" };
    let most = query.offset() + i64::from(query.size) + 1;
    let mut sql = QueryBuilder::<Postgres>::new(
        "select x.id, x.unit_id, x.unit_code, x.estate_id, e.name as estate, x.address, x.name, x.type as kind, x.area, x.capacity,
                x.bed_count, x.status, x.updated_at
         from (select r.* from unnest(",
    );
    sql.push_bind(walk.ids.clone());
    sql.push(format!(
        "::bigint[]) as w (id) cross join lateral (
           select r.*, u.code as unit_code, u.address from unit u join room r on r.unit_id = u.id
           where r.deleted_at is null and {lead}.{} = w.id",
        walk.column
    ));
    push_inside(&mut sql, walk, matching.named.as_ref());
    push_words(&mut sql, &matching.words, matching.named.is_some());
    push_start(&mut sql, query, by_time, descending);
    sql.push(format!(" order by {order} limit ")).push_bind(most);
    sql.push(format!(") r order by {order} limit "))
        .push_bind(i64::from(query.size) + 1)
        .push(" offset ")
        .push_bind(query.offset());
    sql.push(format!(") x join estate e on e.id = x.estate_id order by {order}"));
    let rows: Vec<Record> = sql.build_query_as().fetch_all(connection(tx)).await?;
    Ok(walk::page(query, rows, |row| {
        if by_time { walk::time_cursor(row.updated_at, row.id) } else { format!("{}~{}", row.unit_code, row.id) }
    }))
}

fn push_start(sql: &mut QueryBuilder<Postgres>, query: &ListQuery, by_time: bool, descending: bool) {
    let Some((sign, text)) = walk::start(query, descending) else { return };
    if by_time {
        if let Some((at, id)) = walk::time_of_cursor(text, descending) {
            sql.push(format!(" and (r.updated_at, r.id) {sign} (")).push_bind(at).push(", ").push_bind(id).push(")");
        }
        return;
    }
    let typed = (text, if descending { i64::MAX } else { 0 });
    let (code, id) = text.rsplit_once('~').and_then(|(code, id)| Some((code, id.parse().ok()?))).unwrap_or(typed);
    // The index of the units knows their codes only; the pair then cuts inside one unit.
    sql.push(format!(" and u.code {} ", if sign.starts_with('>') { ">=" } else { "<=" })).push_bind(code.to_owned());
    sql.push(format!(" and (u.code, r.id) {sign} (")).push_bind(code.to_owned()).push(", ").push_bind(id).push(")");
}

/// One room.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn room_get(ctx: &Ctx, id: RoomId) -> Result<Room> {
    ctx.require(Permission::RoomRead)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        "select r.*, u.code as unit_code, u.address, e.name as estate, d.name as district, user_name(r.updated_by) as updated_by_name
         from room r join unit u on u.id = r.unit_id join estate e on e.id = r.estate_id join organization d on d.id = r.district_id
         where r.id = $1 and r.deleted_at is null",
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    let record = Record {
        id: row.id,
        unit_id: row.unit_id,
        unit_code: row.unit_code,
        estate_id: row.estate_id,
        estate: row.estate,
        address: row.address,
        name: row.name,
        kind: row.r#type,
        area: row.area,
        capacity: row.capacity,
        bed_count: row.bed_count,
        status: row.status,
        updated_at: row.updated_at,
    };
    Ok(Room {
        row: record.try_into()?,
        district: row.district,
        property_rate: row.property_rate.map(|rate| Rate::from_ten_thousandths(rate.into())),
        owner_name: row.owner_name,
        owner_phone: row.owner_phone_mask,
        version: row.version,
        updated_by: row.updated_by_name,
    })
}

/// 1/10000 yuan, as the table keeps a rate.
pub(crate) fn rate_column(rate: Rate) -> i32 {
    i32::try_from(rate.ten_thousandths()).expect("a parsed rate has at most nine digits")
}
