//! A monthly run as a job of the queue: somebody starts it and nobody waits for it. The run's own row is the mark
//! ([`super::run`]); the job only shows how far it is, and is asked after every portion whether it was stopped.

use super::run::{Run, allowed};
use crate::{
    Ctx, Database, Error, Result,
    ctx::{begin_city, connection},
    platform::{
        cipher::Kind,
        job::{ended, enqueue, hold, job_id, job_refuse},
        user::{UserRef, user_ctx},
    },
    tenancy::contract::terms::billed_count,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{
        bill::RunSummary,
        payment::is_uuid,
        run::{RunForm, month_text},
    },
    failure::Failure,
    id::OrganizationId,
    list::group_thousands,
    platform::job::{JobKind, JobStatus},
};
use serde::{Deserialize, Serialize};

/// What a run was asked for.
#[derive(Deserialize, Serialize)]
struct Asked {
    district: OrganizationId,
    month: NaiveDate,
}

/// Puts the run of a month into the queue; answers the job's id. The same request again finds the first job.
///
/// # Errors
/// Complaints by field; without [`domain::platform::permission::Permission::BillWrite`]; [`Failure::NotFound`] for a district
/// outside the scope.
pub async fn bill_run_create(ctx: &Ctx, form: &RunForm) -> Result<String> {
    let fields = form.check(ctx.today())?;
    let month = allowed(ctx, fields.district, fields.month)?;
    if !is_uuid(&form.request) {
        return Err(Failure::refused("页面已过期，请刷新后再生成").into());
    }
    let mut tx = ctx.begin().await?;
    let made = sqlx::query_scalar!(
        "insert into job (kind, request_id, actor_id, sheet, file_name, status, created_at)
         values ('BILL_RUN', $1::text::uuid, $2, $3, $4, 'UPLOADED', $5)
         on conflict (actor_id, request_id) do nothing returning id",
        form.request,
        ctx.actor().id.0,
        month_text(month),
        format!("{} {}", JobKind::BillRun.label(), month_text(month)),
        ctx.now(),
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let Some(id) = made else {
        let known = sqlx::query_scalar!(
            "select id from job where actor_id = $1 and request_id = $2::text::uuid",
            ctx.actor().id.0,
            form.request
        )
        .fetch_one(connection(&mut tx))
        .await?;
        return Ok(known.to_string());
    };
    let ring = ctx.database().keys()?;
    let asked = serde_json::to_vec(&Asked { district: fields.district, month })
        .map_err(|error| Error::Broken(error.to_string()))?;
    sqlx::query!(
        "insert into job_file (job_id, content, key_id) values ($1, $2, $3)",
        id,
        ring.seal_bytes(Kind::JobFile, &asked),
        ring.active()
    )
    .execute(connection(&mut tx))
    .await?;
    enqueue(&mut tx, JobKind::BillRun, id).await?;
    tx.commit().await?;
    Ok(id.to_string())
}

/// Carries out a run that was put into the queue. It may be cut off at any moment; run again, it goes on behind the last
/// portion that was saved.
///
/// # Errors
/// When the database fails; the queue then tries again. [`Failure::Conflict`] when it was stopped.
pub async fn bill_run_work(database: &Database, job: &str, now: DateTime<Utc>) -> Result<()> {
    let Some((actor, asked)) = load(database, job).await? else { return Ok(()) };
    let done = match user_ctx(database, UserRef::Id(actor), now).await {
        Ok(ctx) => steps(&ctx, job, &asked).await,
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
async fn load(database: &Database, job: &str) -> Result<Option<(i64, Asked)>> {
    let id = job_id(job)?;
    let mut tx = begin_city(database).await?;
    let actor = sqlx::query_scalar!(
        "update job set status = 'EXECUTING', done_row = 0, succeeded = 0, started_at = coalesce(started_at, now())
         where id = $1 and kind = 'BILL_RUN' and status in ('UPLOADED', 'EXECUTING') returning actor_id",
        id
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let content = sqlx::query_scalar!("select content from job_file where job_id = $1", id)
        .fetch_optional(connection(&mut tx))
        .await?;
    let (Some(actor), Some(content)) = (actor, content) else { return Ok(None) };
    let opened = database.keys()?.open_bytes(Kind::JobFile, &content)?;
    let asked: Asked = serde_json::from_slice(&opened).map_err(|error| Error::Broken(error.to_string()))?;
    let total = billed_count(&mut tx, asked.district.0, asked.month).await?;
    sqlx::query!("update job set total = $2 where id = $1", id, total).execute(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(Some((actor, asked)))
}

async fn steps(ctx: &Ctx, job: &str, asked: &Asked) -> Result<()> {
    let mut run = Run::begin(ctx, asked.district, asked.month).await?;
    let mut noted = 0;
    while run.portion(ctx).await? {
        noted = note(ctx.database(), job, noted, run.contracts).await?;
    }
    let summary = run.end(ctx).await?;
    end(ctx.database(), job, noted, summary).await
}

/// Moves the mark that people see.
async fn note(database: &Database, job: &str, before: u32, contracts: i32) -> Result<u32> {
    let mut tx = begin_city(database).await?;
    hold(&mut tx, job, JobStatus::Executing, before).await?;
    sqlx::query!("update job set done_row = $2, succeeded = $2 where id = $1", job_id(job)?, contracts)
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(contracts.unsigned_abs())
}

async fn end(database: &Database, job: &str, noted: u32, summary: RunSummary) -> Result<()> {
    let mut tx = begin_city(database).await?;
    hold(&mut tx, job, JobStatus::Executing, noted).await?;
    let id = job_id(job)?;
    let told = format!(
        "合同{}份，本账期累计账单{}张、应收{}元",
        group_thousands(summary.contracts.into()),
        group_thousands(summary.bills.into()),
        summary.amount
    );
    sqlx::query!(
        "update job set status = 'FINISHED', finished_at = now(), total = $2, done_row = $2, succeeded = $2, message = $3 where id = $1",
        id,
        summary.contracts,
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
