//! The queue's worker (architecture §2): graphile_worker on the city's own database.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext, WorkerOptions, WorkerRecoveryConfig};
use serde::{Deserialize, Serialize};
use std::{future::Future, time::Duration};
use store::Database;
use tokio::task::JoinHandle;

/// Imports that one process works on at the same time.
const CONCURRENCY: usize = 2;

/// `store::import::job` puts these into the queue.
#[derive(Debug, Deserialize, Serialize)]
struct ImportTask {
    job: String,
}

impl TaskHandler for ImportTask {
    const IDENTIFIER: &'static str = store::import::job::TASK;

    async fn run(self, ctx: WorkerContext) -> impl IntoTaskHandlerResult {
        let Some(database) = ctx.get_ext::<Database>() else { return Err("the worker has no database".to_owned()) };
        crate::import::run_job(database, &self.job).await.map_err(|error| error.to_string())
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
    Ok(tokio::spawn(async move {
        if let Err(error) = worker.run().await {
            tracing::error!(%error, "the job worker ended");
        }
    }))
}
