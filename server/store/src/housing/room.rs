//! Rooms (E-14).

use crate::{Ctx, Error, Result, Scope, ctx::connection, error::stored};
use domain::{
    dictionary::RoomType,
    housing::room::RoomRow,
    id::{RoomId, UnitId},
    list::{ListQuery, PAGE_REACH, Page},
    platform::permission::Permission,
    value::Area,
};
use sqlx::{Postgres, QueryBuilder};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    unit_id: i64,
    unit_code: String,
    estate: String,
    address: String,
    name: String,
    kind: String,
    area: Option<i32>,
    capacity: Option<i32>,
}

impl TryFrom<Record> for RoomRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: RoomId(record.id),
            unit_id: UnitId(record.unit_id),
            unit_code: record.unit_code,
            estate: record.estate,
            address: record.address,
            name: record.name,
            kind: stored(&record.kind, RoomType::from_code)?,
            area: record.area.map(|area| Area::from_hundredths(area.into())),
            capacity: record.capacity,
        })
    }
}

/// A page of rooms in the order of their entry. There are as many as units, so the order is that of
/// the index and counting stops at [`PAGE_REACH`].
///
/// # Errors
/// Without [`Permission::RoomRead`].
pub async fn room_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<RoomRow>> {
    ctx.require(Permission::RoomRead)?;
    let Some((column, ids)) = walk(ctx, query) else { return Ok(Page::numbered(query, Vec::new(), 0)) };
    let mut tx = ctx.begin().await?;
    let mut sql = QueryBuilder::<Postgres>::new("select count(*) from (");
    push_rooms(&mut sql, column, &ids, query, i64::from(PAGE_REACH) + 1);
    sql.push(") r");
    let total: i64 = sql.build_query_scalar().fetch_one(connection(&mut tx)).await?;
    let mut sql = QueryBuilder::<Postgres>::new(
        "select r.id, r.unit_id, u.code as unit_code, e.name as estate, u.address, r.name, r.type as kind, r.area, r.capacity from (",
    );
    push_rooms(&mut sql, column, &ids, query, query.offset() + i64::from(query.size) + 1);
    sql.push(") r join unit u on u.id = r.unit_id join estate e on e.id = r.estate_id order by r.id offset ");
    sql.push_bind(query.offset());
    let rows: Vec<Record> = sql.build_query_as().fetch_all(connection(&mut tx)).await?;
    tx.commit().await?;
    let mut page = Page::numbered(query, rows, total.min(PAGE_REACH.into())).try_map(RoomRow::try_from)?;
    page.exact = total <= i64::from(PAGE_REACH);
    Ok(page)
}

/// The index column to walk along and its values: a unit or estate when one is named, else the scope.
fn walk(ctx: &Ctx, query: &ListQuery) -> Option<(&'static str, Vec<i64>)> {
    if let Some(unit) = query.filter("unit") {
        return Some(("unit_id", vec![unit.parse().ok()?]));
    }
    if let Some(estate) = query.filter("estate") {
        return Some(("estate_id", vec![estate.parse().ok()?]));
    }
    let district: Option<i64> = match query.filter("district") {
        Some(district) => Some(district.parse().ok()?),
        None => None,
    };
    match ctx.scope() {
        Scope::City { districts } | Scope::Districts(districts) => Some((
            "district_id",
            districts.iter().copied().filter(|id| district.is_none_or(|wanted| wanted == *id)).collect(),
        )),
        Scope::Estates(estates) => Some(("estate_id", estates.clone())),
        Scope::Nothing => None,
    }
}

fn push_rooms(sql: &mut QueryBuilder<Postgres>, column: &str, ids: &[i64], query: &ListQuery, most: i64) {
    sql.push("select x.* from unnest(")
        .push_bind(ids.to_vec())
        .push(format!("::bigint[]) as w (id) cross join lateral (select * from room where {column} = w.id"));
    if !query.q.is_empty() {
        sql.push(" and unit_id in (select id from unit where code = ").push_bind(query.q.clone()).push(")");
    }
    sql.push(" order by id limit ").push_bind(most).push(") x order by x.id limit ").push_bind(most);
}
