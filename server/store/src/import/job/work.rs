//! Work on a job: by a worker of the queue, or by the command line. However many of them mean to be the one at work –
//! a process that was paused wakes up when another has long taken over – a job moves on only from where its worker
//! left it, so that every row is decided and counted once.

use super::job_id;
use crate::{
    Database, Result,
    ctx::{Tx, begin_city, connection},
    error::stored,
    import::Outcome,
    platform::cipher::{KeyRing, Kind},
};
use domain::{
    failure::Failure,
    import::{ImportRow, ImportStatus, SheetKey},
};

/// What a worker needs to begin or go on.
#[derive(Debug)]
pub struct JobWork {
    pub actor: i64,
    pub sheet: SheetKey,
    pub status: ImportStatus,
    pub file_name: String,
    /// what is there already is changed instead of refused
    pub update_known: bool,
    pub content: Vec<u8>,
    /// all rows up to here are decided
    pub done_row: u32,
    /// of those, the ones that failed
    pub failed_rows: Vec<u32>,
}

/// Loads a job for the worker; `None` when there is nothing left to do.
///
/// # Errors
/// When the database fails.
pub async fn job_load(database: &Database, id: &str) -> Result<Option<JobWork>> {
    let id = job_id(id)?;
    let mut tx = begin_city(database).await?;
    // Locked, so that the failed rows belong to the mark.
    let row = sqlx::query!(
        "select actor_id, sheet, status, file_name, done_row, update_known from import_job where id = $1 for share",
        id
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let content = sqlx::query!("select content, key_id from import_file where job_id = $1", id)
        .fetch_optional(connection(&mut tx))
        .await?;
    let (Some(row), Some(content)) = (row, content) else { return Ok(None) };
    let status = stored(&row.status, ImportStatus::from_code)?;
    if !status.is_running() {
        return Ok(None);
    }
    let failed = sqlx::query_scalar!("select row_no from import_row where job_id = $1", id)
        .fetch_all(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(Some(JobWork {
        actor: row.actor_id,
        sheet: stored(&row.sheet, SheetKey::from_code)?,
        status,
        file_name: row.file_name,
        update_known: row.update_known,
        content: match content.key_id {
            Some(_) => database.keys()?.open_bytes(Kind::ImportFile, &content.content)?,
            None => content.content,
        },
        done_row: row.done_row.unsigned_abs(),
        failed_rows: failed.into_iter().map(i32::unsigned_abs).collect(),
    }))
}

/// Begins a check or goes on with it: `UPLOADED → PARSING`. A check writes nothing but its findings,
/// so a restart begins it anew.
///
/// # Errors
/// [`Failure::Conflict`] when the job is past its check.
pub async fn job_check_begin(database: &Database, id: &str, total: u32) -> Result<()> {
    let id = job_id(id)?;
    let mut tx = begin_city(database).await?;
    let begun = sqlx::query!(
        "update import_job set status = 'PARSING', total = $2, done_row = 0, succeeded = 0, failed = 0,
                started_at = coalesce(started_at, now()) where id = $1 and status in ('UPLOADED', 'PARSING')",
        id,
        i32::try_from(total).unwrap_or(i32::MAX)
    )
    .execute(connection(&mut tx))
    .await?;
    if begun.rows_affected() == 0 {
        return Err(Failure::Conflict.into());
    }
    sqlx::query!("delete from import_row where job_id = $1", id).execute(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(())
}

/// Holds a job for one step of the worker that left it in this stage at this row, until the end of the transaction.
///
/// # Errors
/// [`Failure::Conflict`] when the job stands elsewhere.
pub(crate) async fn hold(tx: &mut Tx, id: &str, stage: ImportStatus, done_row: u32) -> Result<()> {
    let job = sqlx::query!("select status, done_row from import_job where id = $1 for update", job_id(id)?)
        .fetch_optional(connection(tx))
        .await?;
    match job {
        Some(job) if job.status == stage.code() && job.done_row.unsigned_abs() == done_row => Ok(()),
        _ => Err(Failure::Conflict.into()),
    }
}

/// Ends a stage: the check (`→ VALIDATED`) or the import (`→ FINISHED`, the file is dropped).
///
/// # Errors
/// As [`hold`].
pub(crate) async fn end(database: &Database, id: &str, stage: ImportStatus, done_row: u32) -> Result<()> {
    let mut tx = begin_city(database).await?;
    hold(&mut tx, id, stage, done_row).await?;
    let id = job_id(id)?;
    let finished = stage == ImportStatus::Executing;
    let status = if finished { ImportStatus::Finished } else { ImportStatus::Validated };
    sqlx::query!(
        "update import_job set status = $2, finished_at = case when $3 then now() end where id = $1",
        id,
        status.code(),
        finished
    )
    .execute(connection(&mut tx))
    .await?;
    if finished {
        sqlx::query!("delete from import_file where job_id = $1", id).execute(connection(&mut tx)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Refuses a file as a whole, or gives an import up: the rows that went in stay, and so do their counts; those of a
/// check, of which nothing was written, do not. A job that is answered or ended already stays as it is.
///
/// # Errors
/// When the database fails.
pub async fn job_refuse(database: &Database, id: &str, sentence: &str) -> Result<()> {
    let id = job_id(id)?;
    let mut tx = begin_city(database).await?;
    let refused = sqlx::query!(
        "update import_job set status = 'FAILED', message = $2, finished_at = now(),
                succeeded = case status when 'EXECUTING' then succeeded else 0 end,
                failed = case status when 'EXECUTING' then failed else 0 end
         where id = $1 and status in ('UPLOADED', 'PARSING', 'EXECUTING')",
        id,
        sentence
    )
    .execute(connection(&mut tx))
    .await?;
    if refused.rows_affected() > 0 {
        sqlx::query!("delete from import_file where job_id = $1", id).execute(connection(&mut tx)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Ends the jobs that nobody works on any more: those of a command line whose session, and with it its lock, is gone,
/// and those whose file the queue has given up. Answers how many.
///
/// # Errors
/// When the database fails.
pub async fn jobs_settle(database: &Database) -> Result<u64> {
    let mut tx = begin_city(database).await?;
    let left = sqlx::query_scalar!(
        r#"with running as materialized (
             select j.id, exists (select from import_file f where f.job_id = j.id) as uploaded
             from import_job j where j.status in ('UPLOADED', 'PARSING', 'EXECUTING')
           )
           select id as "id!" from running
           where case when uploaded then not job_queued('import:' || id)
                      else pg_try_advisory_xact_lock(hashtextextended(id::text, 0)) end"#
    )
    .fetch_all(connection(&mut tx))
    .await?;
    if left.is_empty() {
        return Ok(0);
    }
    // Looked at again with the row locked: a job may have ended, or been confirmed, since.
    let settled = sqlx::query_scalar!(
        "update import_job j set status = 'FAILED', finished_at = now(),
                message = case status when 'EXECUTING' then '导入进程中断，已导入的行保留' else '校验进程中断，请重新上传' end,
                succeeded = case status when 'EXECUTING' then succeeded else 0 end,
                failed = case status when 'EXECUTING' then failed else 0 end
         where j.id = any($1) and j.status in ('UPLOADED', 'PARSING', 'EXECUTING')
           and (not exists (select from import_file f where f.job_id = j.id) or not job_queued('import:' || j.id))
         returning j.id",
        &left
    )
    .fetch_all(connection(&mut tx))
    .await?;
    sqlx::query!("delete from import_file where job_id = any($1)", &settled).execute(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(settled.len() as u64)
}

/// Sets the number of rows, once the whole file was read.
///
/// # Errors
/// When the database fails.
pub async fn job_total(database: &Database, id: &str, total: u32) -> Result<()> {
    let mut tx = begin_city(database).await?;
    sqlx::query!(
        "update import_job set total = $2 where id = $1",
        job_id(id)?,
        i32::try_from(total).unwrap_or(i32::MAX)
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// A failed row at rest: its cells, and the complaints, which repeat what stood in them.
fn row_seal(ring: &KeyRing, row: &ImportRow) -> Vec<u8> {
    ring.seal(Kind::ImportRow, &serde_json::json!({"raw": row.raw, "errors": row.errors}).to_string())
}

/// Moves the mark of a job and writes its failed rows, in the transaction of the chunk.
pub(crate) async fn progress(
    tx: &mut Tx,
    database: &Database,
    id: &str,
    last_row: u32,
    outcome: &Outcome,
) -> Result<()> {
    let id = job_id(id)?;
    if !outcome.failed.is_empty() {
        let ring = database.keys()?;
        let row_nos: Vec<i32> = outcome.failed.iter().map(|row| row.row_no).collect();
        let sealed: Vec<Vec<u8>> = outcome.failed.iter().map(|row| row_seal(ring, row)).collect();
        sqlx::query!(
            "insert into import_row (job_id, row_no, sealed, key_id)
         select $1, r.row_no, r.sealed, $4 from unnest($2::int[], $3::bytea[]) as r (row_no, sealed)",
            id,
            &row_nos,
            &sealed,
            ring.active(),
        )
        .execute(connection(tx))
        .await?;
    }
    sqlx::query!(
        "update import_job set done_row = $2, succeeded = succeeded + $3, failed = failed + $4 where id = $1",
        id,
        i32::try_from(last_row).unwrap_or(i32::MAX),
        i32::try_from(outcome.succeeded).unwrap_or(i32::MAX),
        i32::try_from(outcome.failed.len()).unwrap_or(i32::MAX),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
