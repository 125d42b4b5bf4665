//! Follows the calendar with the arrears (domain.md §3.6 L4), once a day soon after midnight.

use crate::plan;
use domain::platform::job::Plan;
use store::{Database, billing::arrears::arrears_follow};
use tokio::{sync::watch, task::JoinHandle};

/// Looks every hour until the process is to end. What was cut off goes on at the next look.
pub fn start(database: Database, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| async move {
            let looked = arrears_follow(&database, chrono::Utc::now()).await.map_err(|error| error.to_string())?;
            Ok((looked > 0).then(|| format!("重算租金账户{looked}个")))
        };
        plan::keep(database, Plan::ArrearsCount, stop, work).await;
    })
}
