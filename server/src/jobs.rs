//! The queue's worker (architecture §2): graphile_worker on the city's own database.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext, WorkerOptions, WorkerRecoveryConfig};
use serde::{Deserialize, Serialize};
use std::{future::Future, time::Duration};
use store::Database;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

/// Imports that one process works on at the same time.
const CONCURRENCY: usize = 2;
/// How often imports that nobody works on any more are looked for.
const SETTLE: Duration = Duration::from_secs(5);

/// `store::import::job` puts these into the queue.
#[derive(Debug, Deserialize, Serialize)]
struct ImportTask {
    job: String,
}

impl TaskHandler for ImportTask {
    const IDENTIFIER: &'static str = store::import::job::TASK;

    async fn run(self, ctx: WorkerContext) -> impl IntoTaskHandlerResult {
        let Some(database) = ctx.get_ext::<Database>() else { return Err("the worker has no database".to_owned()) };
        let last = ctx.job().attempts() >= ctx.job().max_attempts();
        crate::import::run_attempt(database, &self.job, last).await
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
            () = settle(&database) => {}
        }
    }))
}

/// Ends, from the start on and for ever, the imports whose process is gone: nobody comes back to those of a command
/// line, nor to those that the queue gave up.
async fn settle(database: &Database) {
    let mut clock = tokio::time::interval(SETTLE);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        match store::import::job::jobs_settle(database).await {
            Ok(0) => {}
            Ok(count) => tracing::warn!(count, "imports were cut off and are given up"),
            Err(error) => tracing::warn!(%error, "cannot look for imports that were cut off"),
        }
    }
}
