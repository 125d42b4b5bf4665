//! Exports (E-129, domain.md §0.5 rule 6): who may take how many rows of what, a trace of it in the operation log, and
//! the job behind a long one.
//!
//! An export only reads, and what it made is there with its last step or not at all: cut off, it begins anew.

use crate::{
    Ctx, Database, Error, Result,
    ctx::{Tx, begin_city, connection},
    error::stored,
    platform::{
        cipher::Kind,
        job::{ended, enqueue, hold, job_id},
        setting::settings_load,
    },
};
use domain::{
    export::{Export, rows_check},
    failure::Failure,
    list::ListQuery,
    platform::job::{JobKind, JobStatus},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Checks the right to export and how much is asked for; answers what is exported.
///
/// # Errors
/// Without the permission to export that list; a refusal of more rows than PRM-01 allows; [`Failure::NotFound`].
pub async fn export_begin(ctx: &Ctx, list: &str, wanted: u32) -> Result<Export> {
    let mut tx = ctx.begin().await?;
    let export = export_check(&mut tx, ctx, list, wanted).await?;
    tx.commit().await?;
    Ok(export)
}

async fn export_check(tx: &mut Tx, ctx: &Ctx, list: &str, wanted: u32) -> Result<Export> {
    let export = Export::of(list).ok_or(Failure::NotFound)?;
    export_require(ctx, export)?;
    let most = settings_load(tx).await?.export_rows;
    rows_check(wanted, most).map_err(|complaint| Failure::refused(complaint.text()))?;
    Ok(export)
}

/// Refuses an export to whoever may not take it away.
///
/// # Errors
/// [`Failure::Forbidden`].
pub fn export_require(ctx: &Ctx, export: Export) -> Result<()> {
    if export.is_for(|permission| ctx.actor().may(permission)) { Ok(()) } else { Err(Failure::Forbidden.into()) }
}

/// Writes what an export delivers into the operation log: before it is sent, so that nothing leaves unnoted, and how much
/// that is, not how much was asked for.
///
/// # Errors
/// When the database fails.
pub async fn export_note(ctx: &Ctx, list: &str, query: &ListQuery, rows: u32) -> Result<()> {
    let mut tx = ctx.begin().await?;
    note(&mut tx, ctx, list, query, rows).await?;
    tx.commit().await?;
    Ok(())
}

async fn note(tx: &mut Tx, ctx: &Ctx, list: &str, query: &ListQuery, rows: u32) -> Result<()> {
    sqlx::query!(
        "insert into audit_log (actor_id, action, object_type, rows, after) values ($1, 'EXPORT', $2, $3, $4)",
        ctx.actor().id.0,
        list,
        i32::try_from(rows).unwrap_or(i32::MAX),
        json!({"filter": query.filter, "sort": query.sort}),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// What an export was asked for; sealed like any file of a job, because a keyword may be somebody's name.
#[derive(Deserialize, Serialize)]
struct Asked {
    query: ListQuery,
    rows: u32,
}

/// Puts an export into the queue; answers the job's id.
///
/// # Errors
/// As [`export_begin`].
pub async fn export_create(ctx: &Ctx, list: &str, query: &ListQuery, wanted: u32) -> Result<String> {
    let mut tx = ctx.begin().await?;
    let export = export_check(&mut tx, ctx, list, wanted).await?;
    let id = sqlx::query_scalar!(
        "insert into job (kind, request_id, actor_id, sheet, file_name, status, total, created_at)
         values ('EXPORT', gen_random_uuid(), $1, $2, $3, 'UPLOADED', $4, $5) returning id",
        ctx.actor().id.0,
        list,
        format!("{}.xlsx", export.noun),
        i32::try_from(wanted).unwrap_or(i32::MAX),
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let ring = ctx.database().keys()?;
    let asked = serde_json::to_vec(&Asked { query: query.clone(), rows: wanted })
        .map_err(|error| Error::Broken(error.to_string()))?;
    sqlx::query!(
        "insert into job_file (job_id, content, key_id) values ($1, $2, $3)",
        id,
        ring.seal_bytes(Kind::JobFile, &asked),
        ring.active()
    )
    .execute(connection(&mut tx))
    .await?;
    enqueue(&mut tx, JobKind::Export, id).await?;
    tx.commit().await?;
    Ok(id.to_string())
}

/// What a worker needs.
#[derive(Debug)]
pub struct ExportWork {
    pub actor: i64,
    pub list: String,
    pub query: ListQuery,
    pub rows: u32,
}

/// Begins an export, or begins it anew; `None` when there is nothing left to do.
///
/// # Errors
/// When the database fails.
pub async fn export_load(database: &Database, id: &str) -> Result<Option<ExportWork>> {
    let id = job_id(id)?;
    let mut tx = begin_city(database).await?;
    let job = sqlx::query!(
        "update job set status = 'EXECUTING', done_row = 0, succeeded = 0, started_at = coalesce(started_at, now())
         where id = $1 and kind = 'EXPORT' and status in ('UPLOADED', 'EXECUTING') returning actor_id, sheet",
        id
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let content = sqlx::query_scalar!("select content from job_file where job_id = $1", id)
        .fetch_optional(connection(&mut tx))
        .await?;
    let (Some(job), Some(content)) = (job, content) else { return Ok(None) };
    tx.commit().await?;
    let Asked { query, rows } = asked(database, &content)?;
    stored(&job.sheet, Export::of)?;
    Ok(Some(ExportWork { actor: job.actor_id, list: job.sheet, query, rows }))
}

fn asked(database: &Database, sealed: &[u8]) -> Result<Asked> {
    let asked = database.keys()?.open_bytes(Kind::JobFile, sealed)?;
    serde_json::from_slice(&asked).map_err(|error| Error::Broken(error.to_string()))
}

/// Moves the mark of an export from `before` rows to `now`.
///
/// # Errors
/// [`Failure::Conflict`] when the job was stopped, or another worker is at it.
pub async fn export_progress(database: &Database, id: &str, before: u32, now: u32) -> Result<()> {
    let mut tx = begin_city(database).await?;
    hold(&mut tx, id, JobStatus::Executing, before).await?;
    let now = i32::try_from(now).unwrap_or(i32::MAX);
    sqlx::query!("update job set done_row = $2, succeeded = $2 where id = $1", job_id(id)?, now)
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Ends an export with what it made, which stands in the place of what was asked for; and notes in the operation log how
/// much that is, and the scope with which it was made, of the context that read the rows.
///
/// # Errors
/// As [`export_progress`].
pub async fn export_end(ctx: &Ctx, id: &str, rows: u32, content: &[u8]) -> Result<()> {
    let ring = ctx.database().keys()?;
    let sealed = ring.seal_bytes(Kind::JobFile, content);
    let mut tx = begin_city(ctx.database()).await?;
    hold(&mut tx, id, JobStatus::Executing, rows).await?;
    let id = job_id(id)?;
    let work =
        sqlx::query!("select j.sheet, f.content from job j join job_file f on f.job_id = j.id where j.id = $1", id)
            .fetch_one(connection(&mut tx))
            .await?;
    note(&mut tx, ctx, &work.sheet, &asked(ctx.database(), &work.content)?.query, rows).await?;
    sqlx::query!("update job_file set content = $2, key_id = $3 where job_id = $1", id, sealed, ring.active())
        .execute(connection(&mut tx))
        .await?;
    // Less than was asked for is all there is.
    sqlx::query!(
        "update job set status = 'FINISHED', finished_at = now(), total = succeeded, scope = $2 where id = $1",
        id,
        ctx.reach()
    )
    .execute(connection(&mut tx))
    .await?;
    ended(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}
