//! The writing of a batch as a job of the queue. The rows' own marks say what is done; the job only shows how far it is, and is
//! asked after every portion whether it was stopped.

use super::{
    decide::free,
    write::{finish, is_to_write, portion},
};
use crate::{
    Ctx, Database, Error, Result,
    ctx::{begin_city, connection},
    platform::{
        cipher::Kind,
        job::{ended, hold, job_id, job_refuse},
        user::{UserRef, user_ctx},
    },
};
use chrono::{DateTime, Utc};
use domain::{failure::Failure, list::group_thousands, platform::job::JobStatus};
use serde::{Deserialize, Serialize};

/// What a job was asked for.
#[derive(Deserialize, Serialize)]
pub(super) struct Asked {
    pub take_over: i64,
}

/// Writes a batch that was agreed to. It may be cut off at any moment; run again, it goes on behind the last portion that was
/// saved.
///
/// # Errors
/// When the database fails; the queue then tries again. [`Failure::Conflict`] when it was stopped.
pub async fn take_over_work(database: &Database, job: &str, now: DateTime<Utc>) -> Result<()> {
    let Some((actor, asked, written)) = load(database, job).await? else { return Ok(()) };
    let done = match user_ctx(database, UserRef::Id(actor), now).await {
        Ok(ctx) => steps(&ctx, job, asked.take_over, written).await,
        Err(error) => Err(error),
    };
    match done {
        // A failure that trying again would not mend ends the job; any other is the queue's.
        Err(Error::Failure(failure)) if failure != Failure::Conflict => {
            job_refuse(database, job, &failure.to_string()).await
        }
        done => done,
    }
}

/// Begins the job, or begins it anew; `None` when there is nothing left to do.
async fn load(database: &Database, job: &str) -> Result<Option<(i64, Asked, i32)>> {
    let id = job_id(job)?;
    let mut tx = begin_city(database).await?;
    let content = sqlx::query_scalar!("select content from job_file where job_id = $1", id)
        .fetch_optional(connection(&mut tx))
        .await?;
    let Some(content) = content else { return Ok(None) };
    let opened = database.keys()?.open_bytes(Kind::JobFile, &content)?;
    let asked: Asked = serde_json::from_slice(&opened).map_err(|error| Error::Broken(error.to_string()))?;
    let done = sqlx::query_scalar!(
        r#"select written_rows + failed_rows as "done!" from take_over where id = $1"#,
        asked.take_over
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let actor = sqlx::query_scalar!(
        "update job set status = 'EXECUTING', done_row = $2, succeeded = $2, started_at = coalesce(started_at, now())
         where id = $1 and kind = 'TAKE_OVER' and status in ('UPLOADED', 'EXECUTING') returning actor_id",
        id,
        done
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(actor.map(|actor| (actor, asked, done)))
}

async fn steps(ctx: &Ctx, job: &str, batch: i64, written: i32) -> Result<()> {
    let mut noted = written.unsigned_abs();
    if !is_to_write(ctx, batch).await? {
        // It has ended another way, and its rows only wait to be free.
        while freed(ctx, batch).await? > 0 {}
        return end(ctx.database(), job, noted, "房源和人员已释放，可重新导入").await;
    }
    while let Some(done) = portion(ctx, batch).await? {
        noted = note(ctx.database(), job, noted, done).await?;
    }
    let (written, failed) = finish(ctx, batch).await?;
    let told = format!("接管合同{}份，未接管{}份", group_thousands(written.into()), group_thousands(failed.into()));
    end(ctx.database(), job, noted, &told).await
}

async fn freed(ctx: &Ctx, batch: i64) -> Result<u64> {
    let mut tx = ctx.begin().await?;
    let freed = free(&mut tx, batch).await?;
    tx.commit().await?;
    Ok(freed)
}

/// Moves the mark that people see.
async fn note(database: &Database, job: &str, before: u32, done: i32) -> Result<u32> {
    let mut tx = begin_city(database).await?;
    hold(&mut tx, job, JobStatus::Executing, before).await?;
    sqlx::query!("update job set done_row = $2, succeeded = $2 where id = $1", job_id(job)?, done)
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(done.unsigned_abs())
}

async fn end(database: &Database, job: &str, noted: u32, told: &str) -> Result<()> {
    let mut tx = begin_city(database).await?;
    hold(&mut tx, job, JobStatus::Executing, noted).await?;
    let id = job_id(job)?;
    sqlx::query!(
        "update job j set status = 'FINISHED', finished_at = now(), message = $2,
                succeeded = coalesce(b.written_rows, 0), failed = coalesce(b.failed_rows, 0)
         from (select max(written_rows) as written_rows, max(failed_rows) as failed_rows from take_over where write_job_id = $1) b
         where j.id = $1",
        id,
        told
    )
    .execute(connection(&mut tx))
    .await?;
    ended(&mut tx, id).await?;
    // It has made no file, and cannot be tried again.
    sqlx::query!("delete from job_file where job_id = $1", id).execute(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(())
}
