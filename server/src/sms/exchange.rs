//! What goes to the carrier and what comes back, to the plan 短信发送.

use super::Carrier;
use crate::plan;
use chrono::{DateTime, Utc};
use domain::platform::job::Plan;
use std::{sync::Arc, time::Duration};
use store::{
    Database, Error,
    platform::{
        plan::Outcome,
        sms::{sms_claim, sms_receipt, sms_refused, sms_sent, sms_settle},
    },
};
use tokio::{sync::watch, task::JoinHandle};

/// Messages that are claimed at a time.
const CLAIMED: i64 = 100;
/// Portions in one round.
const PORTIONS: usize = 50;

/// Exchanges to the plan until the process is to end; `every`: how often, where it is not as the plan says.
pub fn start(
    database: Database,
    carrier: Option<Carrier>,
    every: Option<Duration>,
    mut stopping: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let carrier = Arc::new(carrier);
    tokio::spawn(async move {
        let stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| {
            let carrier = carrier.clone();
            async move { exchange(&database, carrier.as_ref().as_ref(), Utc::now()).await }
        };
        plan::keep_every(database, Plan::SmsSend, every, stop, work).await;
    })
}

/// One round: receipts, what is due, and what nobody heard of any more. Answers what was done, in words.
///
/// # Errors
/// The first thing that failed, after everything else was tried.
pub async fn exchange(database: &Database, carrier: Option<&Carrier>, now: DateTime<Utc>) -> Outcome {
    let Some(carrier) = carrier else { return Ok(Some("未配置短信接口".to_owned())) };
    let mut failed = None;
    let received = receipts_read(database, carrier, now).await.unwrap_or_else(|error| {
        failed = Some(error);
        0
    });
    let (mut sent, mut refused) = (0, 0);
    for _ in 0..PORTIONS {
        let messages = sms_claim(database, CLAIMED, now).await.map_err(text)?;
        if messages.is_empty() {
            break;
        }
        for message in messages {
            match carrier.gateway.send(&message).await {
                Ok(number) => {
                    sms_sent(database, message.id, &number, carrier.price, now).await.map_err(text)?;
                    sent += 1;
                }
                Err(error) => {
                    sms_refused(database, message.id, "短信接口未接受", now).await.map_err(text)?;
                    tracing::warn!(id = message.id, error, "a text message was not taken");
                    failed.get_or_insert(error);
                    refused += 1;
                }
            }
        }
    }
    let settled = sms_settle(database, now).await.map_err(text)?;
    match failed {
        Some(error) => Err(error),
        None => Ok((sent + received + refused + settled > 0)
            .then(|| format!("发送短信{sent}条，回执{received}条，未接受{refused}条，无回执{settled}条"))),
    }
}

async fn receipts_read(database: &Database, carrier: &Carrier, now: DateTime<Utc>) -> Result<u64, String> {
    let mut received = 0;
    for receipt in carrier.gateway.receipts().await? {
        if sms_receipt(database, receipt.id, receipt.delivered, &receipt.code, now).await.map_err(text)? {
            received += 1;
        }
        carrier.gateway.acknowledge(&receipt).await?;
    }
    Ok(received)
}

#[allow(clippy::needless_pass_by_value)] // as map_err wants it
fn text(error: Error) -> String {
    error.to_string()
}
