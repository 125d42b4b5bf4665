//! Reminds whom the rules reach (domain.md S0-19, S4-3.16), once a day soon after midnight; messages wait for the morning.

use crate::plan;
use domain::platform::job::Plan;
use store::{Database, billing::dunning::dunning_run};
use tokio::{sync::watch, task::JoinHandle};

/// Looks every hour until the process is to end; what was made already is not made again.
pub fn start(database: Database, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| async move {
            let ran = dunning_run(&database, chrono::Utc::now()).await.map_err(|error| error.to_string())?;
            let said = || format!("生成催缴记录{}条，结束暂停和分期{}项", ran.made, ran.ended);
            Ok((ran.made + ran.ended > 0).then(said))
        };
        plan::keep(database, Plan::Dunning, stop, work).await;
    })
}
