//! Makes the bills of a month on its day, uses what was paid ahead (domain.md §3.6 L2, PRM-47), and makes the batches of a day of
//! direct debit (PRM-46).

use crate::plan;
use domain::platform::job::Plan;
use store::{
    Database,
    billing::{daily::billing_follow, deduction::deductions_follow},
};
use tokio::{sync::watch, task::JoinHandle};

/// Looks every hour until the process is to end. What was cut off goes on at the next look.
pub fn start(database: Database, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| async move {
            let now = chrono::Utc::now();
            let done = billing_follow(&database, now).await.map_err(|error| error.to_string())?;
            // Behind them: what was billed today and paid ahead is not asked of the bank.
            let batches = deductions_follow(&database, now).await.map_err(|error| error.to_string())?;
            let mut said = Vec::new();
            if done.bills > 0 {
                said.push(format!("生成账单{}份", done.bills));
            }
            if done.payments > 0 {
                said.push(format!("余额抵扣{}笔，共{}元", done.payments, done.paid));
            }
            if batches > 0 {
                said.push(format!("制作代扣批次{batches}个"));
            }
            Ok((!said.is_empty()).then(|| said.join("；")))
        };
        plan::keep(database, Plan::Billing, stop, work).await;
    })
}
