//! 打印记录 (S1-12.7): the log of prints as a list, and the estates whose notices can be printed.

use crate::{
    Ctx, Error, Result,
    ctx::connection,
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    failure::Failure,
    housing::choice::Choice,
    list::{ListQuery, Page},
    platform::{
        permission::Permission,
        print::{FETCH_MINUTES, PRINT_LIST, PaperKind, PrintKind, PrintRow, PrintStatus},
    },
};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    paper: String,
    object_id: i64,
    number: String,
    month: Option<NaiveDate>,
    template: Option<String>,
    kind: String,
    nth: Option<i32>,
    copies: i32,
    reason: Option<String>,
    digest: String,
    printed_by: Option<String>,
    at: DateTime<Utc>,
    open: bool,
    status: String,
    issued_to: Option<String>,
    issued_at: Option<DateTime<Utc>>,
    issued_by: Option<String>,
    ended_at: Option<DateTime<Utc>>,
    end_reason: Option<String>,
    ended_by: Option<String>,
    version: i32,
}

impl TryFrom<Record> for PrintRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: record.id,
            paper: stored(&record.paper, PaperKind::from_code)?,
            object_id: record.object_id,
            number: record.number,
            month: record.month,
            template: record.template,
            kind: stored(&record.kind, PrintKind::from_code)?,
            nth: record.nth,
            copies: record.copies,
            reason: record.reason,
            digest: record.digest,
            printed_by: record.printed_by,
            at: record.at,
            open: record.open,
            status: stored(&record.status, PrintStatus::from_code)?,
            issued_to: record.issued_to,
            issued_at: record.issued_at,
            issued_by: record.issued_by,
            ended_at: record.ended_at,
            end_reason: record.end_reason,
            ended_by: record.ended_by,
            version: record.version,
        })
    }
}

const FROM: &str = "from print_log r left join document_template t on t.id = r.template_id where true";

/// The columns; what can still be fetched is told as `print_get` hands it out.
fn columns(ctx: &Ctx) -> String {
    let since = ctx.now() - TimeDelta::minutes(FETCH_MINUTES);
    format!(
        "r.id, r.paper, r.object_id, r.number, r.month, t.name || ' V' || t.version as template, r.kind, r.nth, r.copies,
         r.reason, left(r.digest, 16) as digest, user_name(r.printed_by) as printed_by, r.at,
         r.printed_by = scope_actor() and r.at >= timestamptz '{}' as open, r.status, r.issued_to, r.issued_at,
         user_name(r.issued_by) as issued_by, r.ended_at, r.end_reason, user_name(r.ended_by) as ended_by, r.version",
        since.to_rfc3339()
    )
}

/// One line of the log.
///
/// # Errors
/// Without [`Permission::PrintRead`]; [`Failure::NotFound`] outside the scope.
pub async fn print_copy_get(ctx: &Ctx, id: i64) -> Result<PrintRow> {
    ctx.require(Permission::PrintRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {} {FROM} and r.id = $1", columns(ctx));
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    record.try_into()
}

/// A page of the log (S1-12.7).
///
/// # Errors
/// Without [`Permission::PrintRead`].
pub async fn print_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<PrintRow>> {
    ctx.require(Permission::PrintRead)?;
    let (_, descending) = PRINT_LIST.sort(query);
    let page = SmallList {
        columns: &columns(ctx),
        from: FROM,
        searched: &["r.number"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "paper", "r.paper");
            push_code(sql, query, "kind", "r.kind");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "object", "r.object_id");
            push_id(sql, query, "batch", "r.batch");
            push_code(sql, query, "status", "r.status");
        },
        order: "r.at",
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(PrintRow::try_from)
}

/// The estates in scope, for notices of all their households.
///
/// # Errors
/// Without [`Permission::NoticePrint`].
pub async fn print_estates(ctx: &Ctx) -> Result<Vec<Choice>> {
    ctx.require(Permission::NoticePrint)?;
    let mut tx = ctx.begin().await?;
    let estates = sqlx::query!(
        "select id, name from estate where deleted_at is null order by name collate natural_order limit 5000"
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(estates.into_iter().map(|row| Choice { id: row.id, label: row.name }).collect())
}
