//! The queue's worker (architecture §2): graphile_worker on the city's own database.

use crate::plan;
use domain::{failure::Failure, platform::job::Plan};
use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext, WorkerOptions, WorkerRecoveryConfig};
use serde::{Deserialize, Serialize};
use std::{future::Future, time::Duration};
use store::{
    Database, Error,
    platform::{
        job::{job_refuse, jobs_settle},
        plan::Outcome,
    },
};
use tokio::task::JoinHandle;

/// Jobs that one process works on at the same time.
const CONCURRENCY: usize = 2;

/// What the queue holds of a job (`store::platform::job`): its number. One type per kind, because the queue calls them by
/// their names.
#[derive(Debug, Deserialize, Serialize)]
struct ImportTask {
    job: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct ExportTask {
    job: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct BillRunTask {
    job: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct TakeOverTask {
    job: String,
}

/// The database, and whether this is the last attempt.
fn attempt(ctx: &WorkerContext) -> Result<(&Database, bool), String> {
    let database = ctx.get_ext::<Database>().ok_or("the worker has no database")?;
    Ok((database, ctx.job().attempts() >= ctx.job().max_attempts()))
}

impl TaskHandler for ImportTask {
    const IDENTIFIER: &'static str = "import";

    async fn run(self, ctx: WorkerContext) -> impl IntoTaskHandlerResult {
        let (database, last) = attempt(&ctx)?;
        run_attempt(database, &self.job, last, crate::import::run_job(database, &self.job)).await
    }
}

impl TaskHandler for ExportTask {
    const IDENTIFIER: &'static str = "export";

    async fn run(self, ctx: WorkerContext) -> impl IntoTaskHandlerResult {
        let (database, last) = attempt(&ctx)?;
        run_attempt(database, &self.job, last, crate::export::run_job(database, &self.job)).await
    }
}

impl TaskHandler for BillRunTask {
    const IDENTIFIER: &'static str = "bill_run";

    async fn run(self, ctx: WorkerContext) -> impl IntoTaskHandlerResult {
        let (database, last) = attempt(&ctx)?;
        let work = store::billing::run_job::bill_run_work(database, &self.job, chrono::Utc::now());
        run_attempt(database, &self.job, last, work).await
    }
}

impl TaskHandler for TakeOverTask {
    const IDENTIFIER: &'static str = "take_over";

    async fn run(self, ctx: WorkerContext) -> impl IntoTaskHandlerResult {
        let (database, last) = attempt(&ctx)?;
        let work = store::tenancy::take_over::take_over_work(database, &self.job, chrono::Utc::now());
        run_attempt(database, &self.job, last, work).await
    }
}

/// Work on a job, for the queue. After its last attempt nobody comes back to it, so it ends there, with the number under
/// which the log says why.
///
/// # Errors
/// One line for the queue, which tries again unless this was the last attempt. Also when another worker goes on with
/// the job: the queue takes success for the end of the job, and it is not this worker's to end.
pub async fn run_attempt(
    database: &Database,
    job: &str,
    last: bool,
    work: impl Future<Output = store::Result<()>>,
) -> Result<(), String> {
    match work.await {
        Ok(()) => Ok(()),
        Err(Error::Failure(Failure::Conflict)) => match store::platform::job::job_is_over(database, job).await {
            // Somebody stopped it.
            Ok(true) => Ok(()),
            Ok(false) => Err("another worker goes on with it".to_owned()),
            Err(error) => Err(error.to_string()),
        },
        Err(error) if last => {
            let text = error.to_string();
            let sentence = match Failure::from(error) {
                Failure::Internal(id) => {
                    format!(
                        "多次尝试后仍未能完成（已保存的内容保留），可以重试；如仍不能解决，请将编号{id}告知系统管理员"
                    )
                }
                failure => failure.to_string(),
            };
            job_refuse(database, job, &sentence).await.map_err(|error| error.to_string())?;
            Err(text)
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Prepares the queue and starts a worker that ends after `stop`.
///
/// # Errors
/// When the queue's tables cannot be prepared.
pub async fn start(
    database: &Database,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<JoinHandle<()>, String> {
    // Two servers may start at once, and the queue's own migrations do not wait for each other.
    let lock = store::database::start_lock(database).await.map_err(|error| error.to_string())?;
    let worker = WorkerOptions::default()
        .pg_pool(database.owner().clone())
        .schema("graphile_worker")
        .concurrency(CONCURRENCY)
        .define_job::<ImportTask>()
        .define_job::<ExportTask>()
        .define_job::<BillRunTask>()
        .define_job::<TakeOverTask>()
        .add_extension(database.clone())
        .worker_recovery(WorkerRecoveryConfig {
            enabled: true,
            heartbeat_interval: Duration::from_secs(2),
            sweep_interval: Duration::from_secs(3),
            sweep_threshold: Duration::from_secs(10),
            recovery_delay: Duration::from_millis(100),
            ..WorkerRecoveryConfig::default()
        })
        .listen_os_shutdown_signals(false)
        .shutdown_signal(stop)
        .init()
        .await
        .map_err(|error| format!("the job queue cannot be prepared: {error}"))?;
    lock.release().await.map_err(|error| error.to_string())?;
    let database = database.clone();
    Ok(tokio::spawn(async move {
        tokio::select! {
            ended = worker.run() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "the job worker ended");
                }
            }
            () = plan::keep(database, Plan::JobSettle, std::future::pending(), settle) => {}
        }
    }))
}

/// Ends the jobs whose process is gone: nobody comes back to those of a command line, nor to those that the queue gave
/// up.
async fn settle(database: Database) -> Outcome {
    match jobs_settle(&database).await {
        Ok(0) => Ok(None),
        Ok(count) => {
            tracing::warn!(count, "jobs were cut off and are given up");
            Ok(Some(format!("结束{count}个中断的任务")))
        }
        Err(error) => Err(error.to_string()),
    }
}
