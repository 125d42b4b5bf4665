//! The import log (S1-3.2): who imported what, when, and which rows failed.

use super::{readable, require_log};
use crate::{
    Ctx, Error, Result,
    ctx::connection,
    error::stored,
    list::{SmallList, contains_pattern, push_code},
    platform::{
        cipher::Kind,
        job::{job_id, push_days},
    },
};
use chrono::{DateTime, Utc};
use domain::{
    failure::Failure,
    import::{FailedRows, ImportJob, ImportRow, ImportStatus, SheetKey},
    list::{ListQuery, Page},
    sheet::RowError,
};
use sqlx::types::Uuid;

/// Failed rows that the page of a job shows; all of them are in the file to download.
const ROWS_SHOWN: i64 = 100;

/// One job with its counts.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn job_get(ctx: &Ctx, id: &str) -> Result<ImportJob> {
    let mut query = ListQuery::default();
    query.filter.insert("id".to_owned(), job_id(id)?.to_string());
    job_list(ctx, &query).await?.rows.pop().ok_or_else(|| Failure::NotFound.into())
}

#[derive(sqlx::FromRow)]
struct Record {
    id: Uuid,
    sheet: String,
    file_name: String,
    status: String,
    actor: Option<String>,
    mine: bool,
    total: Option<i32>,
    succeeded: i32,
    failed: i32,
    message: Option<String>,
    repeats: Option<DateTime<Utc>>,
    retriable: bool,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

/// The import log, newest first: the actor's own jobs, and those of sheets that he may import himself. Filters: sheet, status, operator (part of login or name), since and until (days).
///
/// # Errors
/// Without the right to look at the log.
pub async fn job_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<ImportJob>> {
    require_log(ctx)?;
    let page = SmallList {
        columns: "j.id, j.sheet, j.file_name, j.status, user_name(j.actor_id) as actor, j.actor_id = scope_actor() as mine,
                  j.total, j.succeeded, j.failed, j.message,
                  (select max(e.created_at) from job e where e.sheet = j.sheet and e.digest = j.digest and e.id <> j.id
                     and e.status = 'FINISHED' and e.created_at < j.created_at) as repeats,
                  j.resumes is not null and j.actor_id = scope_actor() and exists (select from job_file f where f.job_id = j.id) as retriable,
                  j.created_at, j.finished_at",
        from: "from job j where j.kind = 'IMPORT'",
        searched: &["j.file_name"],
        filter: &|sql| {
            sql.push(" and (j.actor_id = scope_actor() or j.sheet = any(").push_bind(readable(ctx)).push("))");
            if let Some(id) = query.filter("id").and_then(|id| id.parse::<Uuid>().ok()) {
                sql.push(" and j.id = ").push_bind(id);
            }
            push_code(sql, query, "sheet", "j.sheet");
            push_code(sql, query, "status", "j.status");
            if let Some(operator) = query.filter("operator") {
                sql.push(" and j.actor_id in (select users_named(").push_bind(contains_pattern(operator)).push("))");
            }
            push_days(sql, query, "j.created_at");
        },
        order: "j.created_at",
        descending: true,
        tie: "j.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|row| {
        Ok(ImportJob {
            id: row.id.to_string(),
            sheet: stored(&row.sheet, SheetKey::from_code)?,
            file_name: row.file_name,
            status: stored(&row.status, ImportStatus::from_code)?,
            actor: row.actor.unwrap_or_default(),
            mine: row.mine,
            total: row.total,
            succeeded: row.succeeded,
            failed: row.failed,
            message: row.message,
            repeats: row.repeats,
            retriable: row.retriable,
            created_at: row.created_at,
            finished_at: row.finished_at,
        })
    })
}

/// When the very same file was imported before, as far as the actor sees.
///
/// # Errors
/// Without the right to look at the log.
pub async fn job_earlier(ctx: &Ctx, sheet: SheetKey, file_digest: &str) -> Result<Option<DateTime<Utc>>> {
    require_log(ctx)?;
    let mut tx = ctx.begin().await?;
    let at = sqlx::query_scalar!(
        "select max(created_at) from job
         where kind = 'IMPORT' and sheet = $1 and digest = $2 and status = 'FINISHED' and (actor_id = scope_actor() or sheet = any($3))",
        sheet.code(),
        file_digest,
        &readable(ctx)
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(at)
}

/// What a sealed row holds.
#[derive(serde::Deserialize)]
struct Sealed {
    raw: Vec<String>,
    errors: Vec<RowError>,
}

/// Failed rows of a job in file order, `most` of them behind row `after`. Those with numbers of persons are shown to
/// nobody but the person who uploaded them: his own file tells him nothing new, and others see numbers for a reason
/// only (domain.md §2.7).
///
/// # Errors
/// [`Failure::NotFound`] outside the scope; a refusal of somebody else's personal rows.
pub async fn job_rows(ctx: &Ctx, id: &str, after: i32, most: i64) -> Result<Vec<ImportRow>> {
    require_log(ctx)?;
    let id = job_id(id)?;
    let mut tx = ctx.begin().await?;
    let job = sqlx::query!(
        "select sheet, actor_id from job
         where id = $1 and kind = 'IMPORT' and (actor_id = scope_actor() or sheet = any($2))",
        id,
        &readable(ctx)
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if stored(&job.sheet, SheetKey::from_code)?.is_personal() && job.actor_id != ctx.actor().id.0 {
        return Err(Failure::refused("失败数据含个人信息，仅上传人可以查看").into());
    }
    let rows = sqlx::query!(
        "select row_no, raw, errors, sealed from import_row where job_id = $1 and row_no > $2 order by row_no limit $3",
        id,
        after,
        most
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let broken = |error: serde_json::Error| Error::Broken(error.to_string());
    let ring = ctx.database().keys()?;
    rows.into_iter()
        .map(|row| {
            let (raw, errors) = match row.sealed {
                Some(sealed) => {
                    let Sealed { raw, errors } =
                        serde_json::from_str(&ring.open(Kind::ImportRow, &sealed)?).map_err(broken)?;
                    (raw, errors)
                }
                // Written by a server that did not seal yet.
                None => {
                    let errors = serde_json::from_value(row.errors.unwrap_or_default()).map_err(broken)?;
                    (row.raw.unwrap_or_default(), errors)
                }
            };
            Ok(ImportRow { row_no: row.row_no, raw, errors })
        })
        .collect()
}

/// The first failed rows of a job, with the headers of its sheet.
///
/// # Errors
/// As [`job_rows`].
pub async fn job_failures(ctx: &Ctx, id: &str) -> Result<FailedRows> {
    let headers = job_get(ctx, id).await?.sheet.headers().into_iter().map(ToOwned::to_owned).collect();
    Ok(FailedRows { headers, rows: job_rows(ctx, id, 0, ROWS_SHOWN).await? })
}
