//! Follows the calendar with contracts and assignments (domain.md §3.5 C8, C10, §3.27 U4), once a day soon after midnight.

use crate::plan;
use domain::platform::job::Plan;
use store::{
    Database,
    tenancy::{assignment::assignments_lapse, change::changes_apply, contract::contracts_expire},
};
use tokio::{sync::watch, task::JoinHandle};

/// Looks every hour until the process is to end. What was cut off goes on at the next look.
pub fn start(database: Database, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| async move {
            let now = chrono::Utc::now();
            let text = |error: store::Error| error.to_string();
            // Before terms end: one that is made longer today does not.
            let changed = changes_apply(&database, now).await.map_err(text)?;
            let expired = contracts_expire(&database, now).await.map_err(text)?;
            let lapsed = assignments_lapse(&database, now).await.map_err(text)?;
            let parts =
                [(changed, "生效的合同变更", "项"), (expired, "到期合同", "份"), (lapsed, "逾期未签的分配", "个")];
            let told =
                parts.iter().filter(|(count, ..)| *count > 0).map(|(count, what, of)| format!("{what}{count}{of}"));
            Ok(told.reduce(|all, more| format!("{all}，{more}")))
        };
        plan::keep(database, Plan::ContractExpire, stop, work).await;
    })
}
