//! Sweeps, now and then, what nobody will ask for again.

use std::time::Duration;
use store::{Database, housekeeping::sweep, platform::attachment::attachments_sweep};
use tokio::{sync::watch, task::JoinHandle, time};

/// How often; each process does it, and a second one finds little left.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Sweeps at once and then every hour until the process is to end. What fails is tried again an hour later.
pub fn start(database: Database, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut hours = time::interval(EVERY);
        hours.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = async { drop(stopping.wait_for(|stopping| *stopping).await) } => return,
                _ = hours.tick() => {
                    let now = chrono::Utc::now();
                    match sweep(&database, now).await {
                        Ok(swept) => tracing::debug!(?swept, "swept"),
                        Err(error) => tracing::warn!(%error, "could not sweep; tried again in an hour"),
                    }
                    match attachments_sweep(&database, now).await {
                        Ok(files) => tracing::debug!(files, "files swept"),
                        Err(error) => tracing::warn!(%error, "could not sweep files; tried again in an hour"),
                    }
                }
            }
        }
    })
}
