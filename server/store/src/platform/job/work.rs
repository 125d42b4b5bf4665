//! The end of jobs, and how a worker holds one. However many workers mean to be the one at work – a process that was
//! paused wakes up when another has long taken over – a job moves on only from where its worker left it, so that nothing
//! is done or counted twice. It also ends only once: a job that was stopped is found stopped by its worker's next step.

use super::{job_id, result, title};
use crate::{
    Database, Result,
    ctx::{Tx, begin_city, connection},
    error::stored,
    platform::message::message_send,
};
use domain::{
    failure::Failure,
    platform::{
        job::{JobKind, JobStatus},
        message::Notice,
    },
};
use sqlx::types::Uuid;

/// Holds a job for one step of the worker that left it in this stage at this row, until the end of the transaction.
///
/// # Errors
/// [`Failure::Conflict`] when the job stands elsewhere.
pub(crate) async fn hold(tx: &mut Tx, id: &str, stage: JobStatus, done_row: u32) -> Result<()> {
    let job = sqlx::query!("select status, done_row from job where id = $1 for update", job_id(id)?)
        .fetch_optional(connection(tx))
        .await?;
    match job {
        Some(job) if job.status == stage.code() && job.done_row.unsigned_abs() == done_row => Ok(()),
        _ => Err(Failure::Conflict.into()),
    }
}

/// Whether nothing is left to be done of a job.
///
/// # Errors
/// When the database fails.
pub async fn job_is_over(database: &Database, id: &str) -> Result<bool> {
    let mut tx = begin_city(database).await?;
    let status = sqlx::query_scalar!("select status from job where id = $1", job_id(id)?)
        .fetch_optional(connection(&mut tx))
        .await?;
    tx.commit().await?;
    let status = status.map(|status| stored(&status, JobStatus::from_code)).transpose()?;
    Ok(status.is_none_or(|status| !status.is_open()))
}

/// Tells whoever started a job how it ended: by the queue, that is; at a command line he has seen it. To be called
/// before the job's file is dropped.
pub(crate) async fn ended(tx: &mut Tx, id: Uuid) -> Result<()> {
    let job = sqlx::query!(
        r#"select kind, sheet, status, actor_id, message, succeeded, failed, cancelled_by, user_name(cancelled_by) as canceller,
                  exists (select from job_file f where f.job_id = job.id) as "queued!"
           from job where id = $1"#,
        id
    )
    .fetch_one(connection(tx))
    .await?;
    if !job.queued {
        return Ok(());
    }
    let kind = stored(&job.kind, JobKind::from_code)?;
    let status = stored(&job.status, JobStatus::from_code)?;
    let title = title(kind, &job.sheet)?;
    let link = match kind {
        JobKind::Import => format!("/imports/{id}"),
        JobKind::Export | JobKind::BillRun | JobKind::TakeOver => format!("/platform/jobs/{id}"),
    };
    let told = result(kind, status, job.message.as_deref(), job.succeeded, job.failed).unwrap_or_default();
    let (notice, params) = match status {
        JobStatus::Finished => (Notice::JobFinished, vec![("任务", title), ("结果", told)]),
        JobStatus::Failed => (Notice::JobFailed, vec![("任务", title), ("原因", told)]),
        JobStatus::Cancelled if job.cancelled_by != Some(job.actor_id) => {
            let canceller = job.canceller.unwrap_or_else(|| "系统".to_owned());
            (Notice::JobCancelled, vec![("任务", title), ("操作人", canceller), ("结果", told)])
        }
        _ => return Ok(()),
    };
    let params: Vec<(&str, &str)> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
    message_send(tx, job.actor_id, notice, &params, &link).await
}

/// Refuses a job as a whole, or gives it up. Of an import that was under way the rows that went in stay, with their
/// counts, and it can go on from there; what was only being checked is dropped, because its file is what is wrong. A job
/// that is answered or ended already stays as it is.
///
/// # Errors
/// When the database fails.
pub async fn job_refuse(database: &Database, id: &str, sentence: &str) -> Result<()> {
    let id = job_id(id)?;
    let mut tx = begin_city(database).await?;
    let refused = sqlx::query_scalar!(
        r#"update job set status = 'FAILED', message = $2, finished_at = now(),
                  succeeded = case when status = 'EXECUTING' and kind = 'IMPORT' then succeeded else 0 end,
                  failed = case when status = 'EXECUTING' and kind = 'IMPORT' then failed else 0 end,
                  resumes = case when not exists (select from job_file f where f.job_id = $1) then null
                                 when kind <> 'IMPORT' then 'UPLOADED' when status = 'EXECUTING' then 'EXECUTING' end
           where id = $1 and status in ('UPLOADED', 'PARSING', 'EXECUTING')
           returning resumes is not null as "resumes!""#,
        id,
        sentence,
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    if let Some(resumes) = refused {
        ended(&mut tx, id).await?;
        if !resumes {
            sqlx::query!("delete from job_file where job_id = $1", id).execute(connection(&mut tx)).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Ends the jobs that nobody works on any more: those of a command line whose session, and with it its lock, is gone,
/// and those that the queue has given up, which can be tried again. Answers how many.
///
/// # Errors
/// When the database fails.
pub async fn jobs_settle(database: &Database) -> Result<u64> {
    let mut tx = begin_city(database).await?;
    let left = sqlx::query_scalar!(
        r#"with running as materialized (
             select j.id, j.kind, exists (select from job_file f where f.job_id = j.id) as queued
             from job j where j.status in ('UPLOADED', 'PARSING', 'EXECUTING')
           )
           select id as "id!" from running
           where case when queued then not job_queued(lower(kind) || ':' || id)
                      else pg_try_advisory_xact_lock(hashtextextended(id::text, 0)) end"#
    )
    .fetch_all(connection(&mut tx))
    .await?;
    if left.is_empty() {
        return Ok(0);
    }
    // Looked at again with the row locked: a job may have ended, or been confirmed, since.
    let settled = sqlx::query_scalar!(
        "update job j set status = 'FAILED', finished_at = now(),
                message = case when kind = 'EXPORT' then '导出进程中断，请重试'
                               when kind = 'BILL_RUN' then '生成账单中断，已生成的账单保留，请重试'
                               when kind = 'TAKE_OVER' then '接管中断，已接管的合同保留，请重试'
                               when status = 'EXECUTING' then '导入进程中断，已导入的行保留'
                               else '校验进程中断，请重试' end,
                succeeded = case when status = 'EXECUTING' and kind = 'IMPORT' then succeeded else 0 end,
                failed = case when status = 'EXECUTING' and kind = 'IMPORT' then failed else 0 end,
                resumes = case when not exists (select from job_file f where f.job_id = j.id) then null
                               when kind = 'IMPORT' and status = 'EXECUTING' then 'EXECUTING' else 'UPLOADED' end
         where j.id = any($1) and j.status in ('UPLOADED', 'PARSING', 'EXECUTING')
           and (not exists (select from job_file f where f.job_id = j.id) or not job_queued(lower(j.kind) || ':' || j.id))
         returning j.id",
        &left
    )
    .fetch_all(connection(&mut tx))
    .await?;
    for id in &settled {
        ended(&mut tx, *id).await?;
    }
    tx.commit().await?;
    Ok(settled.len() as u64)
}
