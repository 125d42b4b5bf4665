//! Sweeps, every hour, what nobody will ask for again.

use crate::plan;
use domain::platform::job::Plan;
use store::{Database, housekeeping::sweep, platform::attachment::attachments_sweep};
use tokio::{sync::watch, task::JoinHandle};

/// Sweeps every hour until the process is to end. What fails is tried again an hour later.
pub fn start(database: Database, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| async move {
            let now = chrono::Utc::now();
            let swept = sweep(&database, now).await.map_err(|error| error.to_string())?;
            let files = attachments_sweep(&database, now).await.map_err(|error| error.to_string())?;
            let files = (files > 0).then(|| format!("清除附件文件{files}个"));
            Ok(swept.sentence().into_iter().chain(files).reduce(|all, more| format!("{all}，{more}")))
        };
        plan::keep(database, Plan::Housekeeping, stop, work).await;
    })
}
