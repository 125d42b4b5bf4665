//! What goes to the carrier and what comes back, to the plan 短信发送.

use super::{Carrier, Unsent};
use crate::plan;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{billing::sms::send_from, platform::job::Plan};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::{
    Database, Error,
    platform::{
        plan::Outcome,
        sms::{sms_claim, sms_expire, sms_put_back, sms_receipt, sms_refused, sms_sent, sms_settle},
    },
};
use tokio::{sync::watch, task::JoinHandle};

/// Messages that are claimed at a time: few, so that little is on its way when somebody pays.
const CLAIMED: i64 = 20;
/// Portions in one round.
const PORTIONS: usize = 250;
/// Failures one after the other that end a round.
const GIVE_UP: usize = 3;

/// Exchanges to the plan until the process is to end; `every`: how often, where it is not as the plan says.
pub fn start(
    database: Database,
    carrier: Option<Arc<Carrier>>,
    every: Option<Duration>,
    mut stopping: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| {
            let carrier = carrier.clone();
            async move { exchange(&database, carrier.as_deref(), Utc::now()).await }
        };
        plan::keep_every(database, Plan::SmsSend, every, stop, work).await;
    })
}

/// A round whose clock goes on from the moment it began at.
#[derive(Clone, Copy)]
struct Clock(DateTime<Utc>, Instant);

impl Clock {
    fn now(self) -> DateTime<Utc> {
        self.0 + TimeDelta::from_std(self.1.elapsed()).unwrap_or_default()
    }
}

/// What became of the messages of a round.
#[derive(Default)]
struct Sent {
    sent: u32,
    refused: u32,
    /// failures since the last that was taken
    failing: usize,
    /// what failed first
    failed: Option<String>,
}

/// One round: what waited too long, receipts, what is due, and what nobody heard of any more. Answers what was done, in words.
///
/// # Errors
/// The first thing that failed, after everything else was tried.
pub async fn exchange(database: &Database, carrier: Option<&Carrier>, now: DateTime<Utc>) -> Outcome {
    let clock = Clock(now, Instant::now());
    let expired = sms_expire(database, clock.now()).await.map_err(text)?;
    let Some(carrier) = carrier else {
        let more = if expired > 0 { format!("，超时取消{expired}条") } else { String::new() };
        return Ok(Some(format!("未配置短信接口{more}")));
    };
    let mut round = Sent::default();
    let received = receipts_read(database, carrier, clock).await.unwrap_or_else(|error| {
        round.failed = Some(error);
        0
    });
    for _ in 0..PORTIONS {
        if !portion(database, carrier, clock, &mut round).await? {
            break;
        }
    }
    let settled = sms_settle(database, clock.now()).await.map_err(text)?;
    let Sent { sent, refused, failed, .. } = round;
    match failed {
        Some(error) => Err(error),
        None => Ok((u64::from(sent + refused) + received + settled + expired > 0).then(|| {
            format!("发送短信{sent}条，回执{received}条，未接受{refused}条，无回执{settled}条，超时取消{expired}条")
        })),
    }
}

/// Sends what is claimed at a time; whether the round goes on.
async fn portion(database: &Database, carrier: &Carrier, clock: Clock, round: &mut Sent) -> Result<bool, String> {
    let messages = sms_claim(database, CLAIMED, clock.now()).await.map_err(text)?;
    let mut back = Vec::new();
    for message in &messages {
        let quiet = send_from(clock.now()) > clock.now();
        if quiet || round.failing >= GIVE_UP {
            back.push(message.id);
            continue;
        }
        match carrier.gateway.send(message).await {
            Ok(number) => {
                sms_sent(database, message.id, &number, carrier.prices.of(message.channel), clock.now())
                    .await
                    .map_err(text)?;
                (round.sent, round.failing) = (round.sent + 1, 0);
            }
            Err(error) => {
                tracing::warn!(id = message.id, %error, "a text message was not taken");
                round.failing += 1;
                match error {
                    Unsent::Away(_) => back.push(message.id),
                    Unsent::Refused(_) => {
                        sms_refused(database, message.id, "短信接口未接受", clock.now()).await.map_err(text)?;
                        round.refused += 1;
                    }
                }
                round.failed.get_or_insert(error.to_string());
            }
        }
    }
    if !back.is_empty() {
        sms_put_back(database, &back, "短信接口未响应，稍后再发", clock.now()).await.map_err(text)?;
    }
    Ok(!messages.is_empty() && back.is_empty())
}

/// Notes the receipts that wait. One that cannot be put away is read again next time, which changes nothing.
async fn receipts_read(database: &Database, carrier: &Carrier, clock: Clock) -> Result<u64, String> {
    let mut received = 0;
    let mut failed = None;
    for receipt in carrier.gateway.receipts().await? {
        let heard = (receipt.delivered, receipt.code.as_str());
        if sms_receipt(database, receipt.id, heard, carrier.prices, clock.now()).await.map_err(text)? {
            received += 1;
        }
        if let Err(error) = carrier.gateway.acknowledge(&receipt).await {
            tracing::warn!(id = receipt.id, error, "a receipt of the carrier cannot be put away");
            failed.get_or_insert(error);
        }
    }
    failed.map_or(Ok(received), Err)
}

#[allow(clippy::needless_pass_by_value)] // as map_err wants it
fn text(error: Error) -> String {
    error.to_string()
}
