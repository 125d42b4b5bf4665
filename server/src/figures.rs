//! Keeps what home and reports add up (domain.md §4.9, §8).

use crate::plan;
use domain::platform::job::Plan;
use store::{Database, insight::figure::figures_follow};
use tokio::{sync::watch, task::JoinHandle};

/// Looks every minute until the process is to end.
pub fn start(database: Database, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| async move {
            let melted = figures_follow(&database, chrono::Utc::now()).await.map_err(|error| error.to_string())?;
            Ok((melted > 0).then(|| format!("汇总收支变动{melted}条")))
        };
        plan::keep(database, Plan::Figures, stop, work).await;
    })
}
