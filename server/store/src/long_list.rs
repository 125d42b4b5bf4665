//! A list over a table that grows by millions of rows a year (bills, payments): walked along an index by the scope
//! ([`crate::walk`]) in one order, counted no further than [`PAGE_REACH`].

use crate::{
    Result,
    ctx::{Tx, connection},
    walk::{self, Walk},
};
use chrono::{Datelike as _, NaiveDate};
use domain::list::{ListQuery, PAGE_REACH, Page};
use sqlx::{FromRow, Postgres, QueryBuilder, postgres::PgRow};

/// What the rows are ordered by besides their id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// a column of days
    Day(&'static str),
    /// a column of instants
    Time(&'static str),
    /// nothing: the id alone
    Id,
}

/// The list; `r` is a row of its table.
pub(crate) struct LongList<'a> {
    pub table: &'static str,
    /// the columns, without `select`
    pub columns: &'a str,
    /// ` join …` to what is shown along
    pub joins: &'static str,
    /// more conditions on `r` alone, each beginning with ` and `
    pub filter: &'a (dyn Fn(&mut QueryBuilder<Postgres>) + Sync),
    pub order: Order,
    pub descending: bool,
}

impl LongList<'_> {
    /// Fetches the page that the query asks for; `cursor` names a row by what it is ordered by.
    pub(crate) async fn page<R>(
        &self,
        mut tx: Tx,
        query: &ListQuery,
        walk: &Walk,
        cursor: impl Fn(&R) -> String,
    ) -> Result<Page<R>>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let rows = self.rows(query, walk).build_query_as::<R>().fetch_all(connection(&mut tx)).await?;
        // An export asks page after page, and nobody looks at the number.
        let found = if query.is_export() { 0 } else { self.count(walk, &mut tx).await? };
        tx.commit().await?;
        let mut page = walk::page(query, rows, cursor);
        let reach = i64::from(PAGE_REACH);
        (page.total, page.exact) = (found.min(reach), found <= reach);
        Ok(page)
    }

    async fn count(&self, walk: &Walk, tx: &mut Tx) -> Result<i64> {
        let mut sql = QueryBuilder::new(format!("select count(*) from (select 1 from {} r where true", self.table));
        walk.push(&mut sql, "r");
        (self.filter)(&mut sql);
        sql.push(" limit ").push_bind(i64::from(PAGE_REACH) + 1).push(") m");
        Ok(sql.build_query_scalar().fetch_one(connection(tx)).await?)
    }

    fn rows(&self, query: &ListQuery, walk: &Walk) -> QueryBuilder<Postgres> {
        let direction = if self.descending != walk::is_backwards(query) { "desc" } else { "asc" };
        let order = match self.order {
            Order::Day(column) | Order::Time(column) => format!("r.{column} {direction}, r.id {direction}"),
            Order::Id => format!("r.id {direction}"),
        };
        let most = query.offset() + i64::from(query.size) + 1;
        let mut sql = QueryBuilder::<Postgres>::new(format!("select {} from (select r.* from unnest(", self.columns));
        sql.push_bind(walk.ids.clone());
        sql.push(format!(
            "::bigint[]) as w (id) cross join lateral (select * from {} r where r.{} = w.id",
            self.table, walk.column
        ));
        (self.filter)(&mut sql);
        self.push_start(&mut sql, query);
        sql.push(format!(" order by {order} limit ")).push_bind(most);
        sql.push(format!(") r order by {order} limit "))
            .push_bind(i64::from(query.size) + 1)
            .push(" offset ")
            .push_bind(query.offset());
        sql.push(format!(") r {} order by {order}", self.joins));
        sql
    }

    /// Behind the row whose cursor the address holds; a cursor that nobody can read is none.
    fn push_start(&self, sql: &mut QueryBuilder<Postgres>, query: &ListQuery) {
        let Some((sign, text)) = walk::start(query, self.descending) else { return };
        match self.order {
            Order::Day(column) => {
                let (day, id) = text.split_once('~').unwrap_or((text, "0"));
                // Farther days than these no row has, and the database takes not all of them.
                let day = day.parse::<NaiveDate>().ok().filter(|day| (1..=9_999).contains(&day.year()));
                if let (Some(day), Ok(id)) = (day, id.parse::<i64>()) {
                    sql.push(format!(" and (r.{column}, r.id) {sign} ("))
                        .push_bind(day)
                        .push(", ")
                        .push_bind(id)
                        .push(")");
                }
            }
            Order::Time(column) => {
                if let Some((at, id)) = walk::time_of_cursor(text, self.descending) {
                    sql.push(format!(" and (r.{column}, r.id) {sign} ("))
                        .push_bind(at)
                        .push(", ")
                        .push_bind(id)
                        .push(")");
                }
            }
            Order::Id => {
                if let Ok(id) = text.parse::<i64>() {
                    sql.push(format!(" and r.id {sign} ")).push_bind(id);
                }
            }
        }
    }
}

/// The cursor of a row that is ordered by a day.
pub(crate) fn day_cursor(day: NaiveDate, id: i64) -> String {
    format!("{day}~{id}")
}

/// Sums over what a list holds.
pub(crate) fn sums(
    columns: &str,
    table: &str,
    walk: &Walk,
    filter: &(dyn Fn(&mut QueryBuilder<Postgres>) + Sync),
) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new(format!("select {columns} from {table} r where true"));
    walk.push(&mut sql, "r");
    filter(&mut sql);
    sql
}
