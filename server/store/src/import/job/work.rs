//! Work on an import: by a worker of the queue, or by the command line. A chunk moves on only from where its worker left
//! the job (`platform::job`), so that every row is decided and counted once.

use crate::{
    Database, Result,
    ctx::{Tx, begin_city, connection},
    error::stored,
    import::Outcome,
    platform::{
        cipher::{KeyRing, Kind},
        job::{ended, hold, job_id},
    },
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
        "select actor_id, sheet, status, file_name, done_row, update_known from job where id = $1 and kind = 'IMPORT' for share",
        id
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let content = sqlx::query!("select content, key_id from job_file where job_id = $1", id)
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
            Some(_) => database.keys()?.open_bytes(Kind::JobFile, &content.content)?,
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
        "update job set status = 'PARSING', total = $2, done_row = 0, succeeded = 0, failed = 0,
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
        "update job set status = $2, finished_at = case when $3 then now() end where id = $1",
        id,
        status.code(),
        finished
    )
    .execute(connection(&mut tx))
    .await?;
    if finished {
        ended(&mut tx, id).await?;
        sqlx::query!("delete from job_file where job_id = $1", id).execute(connection(&mut tx)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Sets the number of rows, once the whole file was read.
///
/// # Errors
/// When the database fails.
pub async fn job_total(database: &Database, id: &str, total: u32) -> Result<()> {
    let mut tx = begin_city(database).await?;
    sqlx::query!("update job set total = $2 where id = $1", job_id(id)?, i32::try_from(total).unwrap_or(i32::MAX))
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
        "update job set done_row = $2, succeeded = succeeded + $3, failed = failed + $4 where id = $1",
        id,
        i32::try_from(last_row).unwrap_or(i32::MAX),
        i32::try_from(outcome.succeeded).unwrap_or(i32::MAX),
        i32::try_from(outcome.failed.len()).unwrap_or(i32::MAX),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
