//! Carrying out imports (domain.md §7.0): here the queue's task behind an upload, in [`command`] the command line.
//!
//! A file is read on a thread of its own and comes in chunks through a short channel, so that
//! unpacking and the database's work overlap and a file of any length needs little memory. What a
//! row is worth is decided by [`store::import`], the same for both ways.

mod command;
mod file;

pub use command::{Command, CommandEnd, import_files, run_command};

use crate::workbook::Limits;
use chrono::Utc;
use domain::{failure::Failure, import::ImportStatus};
use file::File;
use std::{collections::HashSet, sync::Arc};
use store::{
    Ctx, Database, Error,
    import::{
        Import,
        job::{JobWork, job_check_begin, job_load, job_refuse},
    },
    platform::user::{UserRef, user_ctx},
};

/// Works on an uploaded file: checks it, or writes the rows that its person confirmed. It may be cut
/// off at any moment; run again, it goes on where the database says it was.
///
/// # Errors
/// When the database fails; the queue then tries again.
pub async fn run_job(database: &Database, job: &str) -> store::Result<()> {
    let Some(work) = job_load(database, job).await? else { return Ok(()) };
    let done = match user_ctx(database, UserRef::Id(work.actor), Utc::now()).await {
        Ok(ctx) if work.status == ImportStatus::Executing => execute(&ctx, job, work).await,
        Ok(ctx) => check(&ctx, job, work).await,
        Err(error) => Err(error),
    };
    match done {
        // Another worker goes on with it.
        Err(Error::Failure(Failure::Conflict)) => Err(Failure::Conflict.into()),
        // The account was switched off or lost its right meanwhile: trying again would not help.
        Err(Error::Failure(failure)) => job_refuse(database, job, &failure.to_string()).await,
        done => done,
    }
}

/// `UPLOADED → PARSING → VALIDATED`. The file is counted first: that refuses what has to be refused as a
/// whole before a single row is looked at, and the progress bar knows its end.
async fn check(ctx: &Ctx, job: &str, work: JobWork) -> store::Result<()> {
    let file = File { content: Arc::new(work.content), sheet: work.sheet, limits: Limits::BROWSER };
    let total = match file.count().await {
        Ok(total) => total,
        Err(refusal) => return job_refuse(ctx.database(), job, &refusal.to_string()).await,
    };
    let mut import = Import::start(ctx, work.sheet, false).await?.updating(work.update_known);
    job_check_begin(ctx.database(), job, total).await?;
    let mut chunks = file.chunks();
    while let Some(rows) = chunks.next().await {
        import.chunk(rows, Some(job)).await?;
    }
    chunks.end().await?;
    import.end(job).await
}

/// `EXECUTING → FINISHED`. Rows that an earlier run decided are only remembered, so that their
/// duplicates further down are still found.
async fn execute(ctx: &Ctx, job: &str, work: JobWork) -> store::Result<()> {
    let failed: HashSet<u32> = work.failed_rows.into_iter().collect();
    let mut import = Import::start(ctx, work.sheet, true).await?.updating(work.update_known);
    let file = File { content: Arc::new(work.content), sheet: work.sheet, limits: Limits::BROWSER };
    let mut chunks = file.chunks();
    while let Some(mut rows) = chunks.next().await {
        let fresh = rows.split_off(rows.partition_point(|row| row.row_no <= work.done_row));
        import.replay(&rows, &failed);
        if !fresh.is_empty() {
            import.chunk(fresh, Some(job)).await?;
        }
    }
    chunks.end().await?;
    import.end(job).await
}
