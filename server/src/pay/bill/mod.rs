//! The companies' daily bills (X-09, docs/pay.md), to the plan 支付渠道对账: each day's is fetched once, from ten in the morning of the
//! next day on, and held against the orders (`store::billing::pay_order::pay_bill_enter`). Nothing is noted of a bill that
//! cannot be had or is damaged: it is fetched again with the next round.

pub mod alipay;
pub mod wechat;

use super::Till;
use crate::plan;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::pay_order::{PayChannel, Told},
    platform::job::Plan,
};
use sha2::{Digest as _, Sha256};
use std::{collections::HashSet, time::Duration};
use store::{
    Database, Error,
    billing::pay_order::{Billed, PayBill, paid_count, pay_bill_enter, pay_bills_due},
    platform::{plan::Outcome, token::hex},
};
use tokio::{sync::watch, task::JoinHandle};

/// A hundred thousand payments are about 30 MB.
pub(super) const BILL_BYTES: usize = 128 * 1024 * 1024;
/// Nobody waits for a bill; a large one takes its time.
pub(super) const BILL_PATIENCE: Duration = Duration::from_secs(120);

/// Fetches bills to the plan until the process is to end.
pub fn start(database: Database, till: Till, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| {
            let till = till.clone();
            async move { reconcile(&database, &till, Utc::now()).await }
        };
        plan::keep(database, Plan::PayBill, stop, work).await;
    })
}

/// One round: every bill that is due. Answers what was done, in words.
///
/// # Errors
/// The first thing that failed, after everything else was tried.
pub async fn reconcile(database: &Database, till: &Till, now: DateTime<Utc>) -> Outcome {
    let (mut days, mut all, mut failed) = (0, Billed::default(), None);
    for channel in till.channels() {
        for day in pay_bills_due(database, channel, now).await.map_err(text)? {
            match reconcile_day(database, till, channel, day, now).await {
                Ok(Some(billed)) => {
                    days += 1;
                    all.lines += billed.lines;
                    all.entered += billed.entered;
                    all.differences += billed.differences;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(channel = channel.code(), %day, error, "a bill could not be reconciled");
                    failed.get_or_insert(format!("{}{day}账单：{error}", channel.label()));
                }
            }
        }
    }
    let Billed { lines, entered, differences } = all;
    match failed {
        Some(error) => Err(error),
        None => Ok((days > 0).then(|| {
            let said =
                if differences == 0 { "账单与订单一致".to_owned() } else { format!("差异{differences}条") };
            format!("核对支付渠道账单{days}份，{lines}笔，补入账{entered}笔，{said}")
        })),
    }
}

async fn reconcile_day(
    database: &Database,
    till: &Till,
    channel: PayChannel,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Option<Billed>, String> {
    let gateway = till.gateway(channel).ok_or("the channel is not set up any more")?;
    let bill = match gateway.bill(day).await? {
        Some(bill) => bill,
        // A day without money has no bill. One with money of ours has one, sooner or later.
        None => match paid_count(database, channel, day, now).await.map_err(text)? {
            0 => PayBill { digest: digest(b""), ..PayBill::default() },
            paid => return Err(format!("there is none, although {paid} orders were paid")),
        },
    };
    pay_bill_enter(database, channel, day, &bill, now).await.map_err(text)
}

/// By which a file is known again.
pub(super) fn digest(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

/// Reads an answer to its end, however slow, but no further than a bill may be long.
pub(super) async fn content(mut answer: reqwest::Response) -> Result<Vec<u8>, String> {
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(format!("the bill's address answers {status}"));
    }
    let mut content = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|error| error.without_url().to_string())? {
        if content.len() + part.len() > BILL_BYTES {
            return Err("the bill is too long".to_owned());
        }
        content.extend_from_slice(&part);
    }
    Ok(content)
}

/// A table with a line of headers.
struct Columns<'a>(Vec<&'a str>);

impl Columns<'_> {
    /// Where a column stands.
    fn at(&self, name: &str) -> Result<usize, String> {
        self.0.iter().position(|header| *header == name).ok_or_else(|| format!("the bill has no column {name}"))
    }
}

/// A trade that comes twice would be money that comes twice.
fn each_once(trades: &[Told]) -> Result<(), String> {
    let mut seen = HashSet::new();
    match trades.iter().find(|told| !seen.insert(&told.trade_no)) {
        Some(twice) => Err(format!("the bill has trade {} twice", twice.trade_no)),
        None => Ok(()),
    }
}

/// What the bill says at its end against what its lines yield.
fn agree<T: PartialEq + std::fmt::Display>(what: &str, said: &T, found: &T) -> Result<(), String> {
    if said == found {
        Ok(())
    } else {
        Err(format!("the bill says {said} {what} and its lines {found}: it is cut off"))
    }
}

#[allow(clippy::needless_pass_by_value)] // as map_err wants it
fn text(error: Error) -> String {
    error.to_string()
}
