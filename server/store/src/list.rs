//! What list queries have in common: scope, keyword, order, page.

use crate::{
    Ctx, Result, Scope,
    ctx::{Tx, connection},
};
use chrono::Days;
use domain::list::{ListQuery, Page, Position};
use sqlx::{FromRow, Postgres, QueryBuilder, postgres::PgRow};

/// A list over a small table (at most some ten thousand rows): counted and paged by number.
pub(crate) struct SmallList<'a> {
    /// the columns, without `select`
    pub columns: &'a str,
    /// `from … where …`, ending in a condition
    pub from: &'static str,
    /// what the keyword is compared with
    pub searched: &'static [&'static str],
    /// more conditions, each beginning with ` and `
    pub filter: &'a (dyn Fn(&mut QueryBuilder<Postgres>) + Sync),
    /// the `order by` expression of the wanted sort
    pub order: &'a str,
    pub descending: bool,
    /// breaks ties, so that pages do not overlap
    pub tie: &'static str,
}

impl SmallList<'_> {
    /// Fetches the page that the query asks for.
    pub(crate) async fn page<R>(&self, ctx: &Ctx, query: &ListQuery) -> Result<Page<R>>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.page_in(ctx.begin().await?, query).await
    }

    /// The same in a transaction that sees more or less than the actor's own.
    pub(crate) async fn page_in<R>(&self, mut tx: Tx, query: &ListQuery) -> Result<Page<R>>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let total: i64 = self.build("count(*)", query).build_query_scalar().fetch_one(connection(&mut tx)).await?;
        let mut sql = self.build(self.columns, query);
        let direction = if self.descending { "desc" } else { "asc" };
        sql.push(format!(" order by {} {direction} nulls last, {} {direction} limit ", self.order, self.tie));
        sql.push_bind(i64::from(query.size) + 1).push(" offset ").push_bind(query.offset());
        let rows = sql.build_query_as::<R>().fetch_all(connection(&mut tx)).await?;
        tx.commit().await?;
        let mut asked = query.clone();
        if !matches!(asked.at, Position::Page(_)) {
            asked.at = Position::Page(1);
        }
        Ok(Page::numbered(&asked, rows, total))
    }

    fn build(&self, columns: &str, query: &ListQuery) -> QueryBuilder<Postgres> {
        let mut sql = QueryBuilder::new(format!("select {columns} {}", self.from));
        (self.filter)(&mut sql);
        for word in query.q.split_whitespace() {
            sql.push(" and (");
            for (index, column) in self.searched.iter().enumerate() {
                sql.push(if index > 0 { " or " } else { "" })
                    .push(format!("{column} ilike "))
                    .push_bind(contains_pattern(word));
            }
            sql.push(")");
        }
        sql
    }
}

/// The same where a row belongs to a whole district: who sees single estates sees none.
pub(crate) fn push_district_scope(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx, district: &str) {
    push_scope(sql, ctx, district, "null::bigint");
}

/// `%word%` with the wildcards of LIKE taken literally.
pub(crate) fn contains_pattern(word: &str) -> String {
    format!("%{}%", word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// The first wall of data scope: the query asks only for what the actor may see. `district` and
/// `estate` are the columns that say where a row belongs.
pub(crate) fn push_scope(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx, district: &str, estate: &str) {
    match ctx.scope() {
        Scope::City { .. } => {}
        Scope::Districts(districts) => {
            sql.push(format!(" and {district} = any(")).push_bind(districts.clone()).push(")");
        }
        Scope::Estates(estates) => {
            sql.push(format!(" and {estate} = any(")).push_bind(estates.clone()).push(")");
        }
        Scope::Nothing => {
            sql.push(" and false");
        }
    }
}

/// Adds ` and {column} = {id}` for a filter that names an id; nonsense finds nothing.
pub(crate) fn push_id(sql: &mut QueryBuilder<Postgres>, query: &ListQuery, key: &str, column: &str) {
    if let Some(id) = query.filter(key) {
        sql.push(format!(" and {column} = ")).push_bind(id.parse::<i64>().unwrap_or(-1));
    }
}

/// Adds ` and {column} = {code}` for a filter that names a dictionary value.
pub(crate) fn push_code(sql: &mut QueryBuilder<Postgres>, query: &ListQuery, key: &str, column: &str) {
    if let Some(code) = query.filter(key) {
        sql.push(format!(" and {column} = ")).push_bind(code.to_owned());
    }
}

/// Days before something ends in which lists and reminders say so.
const SOON_DAYS: u64 = 30;

/// Adds ` and {column} between today and in thirty days`: 即将到期, of a list and of the reminder that leads there.
pub(crate) fn push_ending(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx, column: &str) {
    let today = ctx.today();
    sql.push(format!(" and {column} between ")).push_bind(today).push(" and ");
    sql.push_bind(today.checked_add_days(Days::new(SOON_DAYS)).unwrap_or(today));
}
