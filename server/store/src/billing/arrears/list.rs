//! 欠费台账: the households that are behind, those first who have been for longest.

use crate::{
    Ctx, Error, Result, Scope,
    billing::named::{Named, words},
    ctx::connection,
    error::stored,
    list::{push_code, push_id, push_scope},
    long_list::{LongList, Order, day_cursor},
    walk::Walk,
};
use chrono::NaiveDate;
use domain::{
    billing::arrears_sheet::{ARREARS_LIST, ArrearsRow},
    dictionary::ArrearsLevel,
    id::{AccountId, ContractId, UnitId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "r.id, r.account_id, a.account_no, coalesce(c.lessee_name, p.name, '') as lessee,
     coalesce(c.id_number_mask, p.id_number_mask, '') as id_number_mask, d.name as district, e.name as estate, r.unit_id,
     u.address, c.id as contract_id, c.contract_no, r.periods, r.consecutive, r.amount_fen, r.since, r.level";
const JOINS: &str =
    "join account a on a.id = r.account_id join unit u on u.id = r.unit_id join estate e on e.id = r.estate_id
     join organization d on d.id = r.district_id left join person p on p.id = a.person_id
     left join contract c on c.id = r.contract_id";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    account_id: i64,
    account_no: String,
    lessee: String,
    id_number_mask: String,
    district: String,
    estate: String,
    unit_id: i64,
    address: String,
    contract_id: Option<i64>,
    contract_no: Option<String>,
    periods: i32,
    consecutive: i32,
    amount_fen: i64,
    since: Option<NaiveDate>,
    level: String,
}

impl TryFrom<Record> for ArrearsRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            account_id: AccountId(record.account_id),
            account_no: record.account_no,
            lessee: record.lessee,
            id_number_mask: record.id_number_mask,
            district: record.district,
            estate: record.estate,
            unit_id: UnitId(record.unit_id),
            address: record.address,
            contract_id: record.contract_id.map(ContractId),
            contract_no: record.contract_no,
            periods: record.periods.into(),
            consecutive: record.consecutive.into(),
            amount: Money::from_fen(record.amount_fen),
            since: record.since,
            level: stored(&record.level, ArrearsLevel::from_code)?,
        })
    }
}

/// A page of the households in scope that are behind.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn arrears_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<ArrearsRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = ARREARS_LIST.sort(query);
    let mut tx = ctx.begin().await?;
    let named = Named::read(&mut tx, ctx, words(query)).await?;
    let walk = named.narrow(Walk::new(ctx, query, &[("estate", "estate_id")]));
    let list = LongList {
        table: "arrears",
        columns: COLUMNS,
        joins: JOINS,
        filter: &|sql| {
            push_behind(sql);
            push_filter(sql, query);
            named.push(sql);
        },
        order: Order::Day("since"),
        descending,
    };
    let page = list
        .page(tx, query, &walk, |row: &Record| row.since.map(|day| day_cursor(day, row.id)).unwrap_or_default())
        .await?;
    page.try_map(ArrearsRow::try_from)
}

/// The accounts of a list that owe two months or more (L2 and above), as it is filtered, up to so many.
pub(crate) async fn arrears_ids(ctx: &Ctx, query: &ListQuery, most: usize) -> Result<Vec<i64>> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let named = Named::read(&mut tx, ctx, words(query)).await?;
    let mut sql = QueryBuilder::new("select r.account_id from arrears r where r.level in ('L2', 'L3', 'L4')");
    named.narrow(Walk::new(ctx, query, &[("estate", "estate_id")])).push(&mut sql, "r");
    push_filter(&mut sql, query);
    named.push(&mut sql);
    sql.push(" order by r.since, r.id limit ").push_bind(i64::try_from(most).unwrap_or(i64::MAX));
    let ids = sql.build_query_scalar().fetch_all(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(ids)
}

fn push_filter(sql: &mut QueryBuilder<Postgres>, query: &ListQuery) {
    push_id(sql, query, "district", "r.district_id");
    push_id(sql, query, "estate", "r.estate_id");
    push_code(sql, query, "level", "r.level");
}

/// Adds that the household `r` is behind: the condition of the list, and of what home says of it.
pub(crate) fn push_behind(sql: &mut QueryBuilder<Postgres>) {
    sql.push(" and r.level <> 'L0'");
}

/// Adds a query of how many are behind in the scope, from the kept counters: a city has more than home can count.
pub(crate) fn push_behind_count(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    // A district's sum is for who sees all of it.
    let table = match ctx.scope() {
        Scope::City { .. } | Scope::Districts(_) => "district_arrears_tally",
        Scope::Estates(_) | Scope::Nothing => "building_arrears_tally",
    };
    sql.push(format!("select coalesce(sum(r.accounts), 0)::bigint from {table} r where true"));
    push_behind(sql);
    push_scope(sql, ctx, "r.district_id", "r.estate_id");
}
