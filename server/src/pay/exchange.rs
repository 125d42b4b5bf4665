//! Orders of which the payment company said nothing, to the plan 支付订单查询: it is asked, and what is over is closed.

use super::{Asked, Till};
use crate::plan;
use chrono::{TimeDelta, Utc};
use domain::{
    billing::pay_order::{PayChannel, PayOrderStatus, ask_closed_at},
    platform::job::Plan,
};
use std::{collections::HashMap, time::Instant};
use store::{
    Database, Error,
    billing::pay_order::{OrderAsked, Verdict, order_answered, order_close, order_paid, orders_ask},
    platform::plan::Outcome,
};
use tokio::{sync::watch, task::JoinHandle};

/// Orders in one round.
const MOST: i64 = 200;
/// Failures of one company one after the other, after which it is left alone for this round: the others come with their next turn.
const GIVE_UP: usize = 3;

/// Asks to the plan until the process is to end.
pub fn start(database: Database, till: Till, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| {
            let till = till.clone();
            async move { exchange(&database, &till, Utc::now()).await }
        };
        plan::keep(database, Plan::PayQuery, stop, work).await;
    })
}

/// One round. Answers what was done, in words.
///
/// # Errors
/// The first thing that failed, after everything else was tried.
pub async fn exchange(database: &Database, till: &Till, now: chrono::DateTime<Utc>) -> Outcome {
    let began = Instant::now();
    let (mut entered, mut closed, mut odd, mut failed) = (0, 0, 0, None);
    // A company that is away keeps nobody waiting who pays through the other one.
    let mut failing: HashMap<PayChannel, usize> = HashMap::new();
    for asked in orders_ask(database, MOST, now).await.map_err(text)? {
        let channel = asked.order.channel;
        if failing.get(&channel).is_some_and(|times| *times >= GIVE_UP) {
            continue;
        }
        let moment = now + TimeDelta::from_std(began.elapsed()).unwrap_or_default();
        let end = ask(database, till, &asked, moment).await;
        if end.is_ok() {
            failing.remove(&channel);
        }
        match end {
            Ok(End::Entered) => entered += 1,
            Ok(End::Closed) => closed += 1,
            Ok(End::Odd) => odd += 1,
            Ok(End::Open) => {}
            Err(error) => {
                tracing::warn!(order = asked.order.order_no, error, "it is not known what became of an order");
                *failing.entry(channel).or_default() += 1;
                // One that was closed here already stands in nobody's way; it is asked about again.
                if asked.order.status.is_open() {
                    failed.get_or_insert(error);
                }
            }
        }
    }
    match failed {
        Some(error) => Err(error),
        None if odd > 0 => Ok(Some(format!("查询支付订单：到账{entered}笔，关闭{closed}笔，待核实{odd}笔"))),
        None => Ok((entered + closed > 0).then(|| format!("查询支付订单：到账{entered}笔，关闭{closed}笔"))),
    }
}

/// Where an order stands after it was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Entered,
    Closed,
    Open,
    /// the company has money that is not the order's; the order is closed
    Odd,
}

/// Asks about one order; closes it when it is over or gone – and when its end is long past and the company cannot be asked, so that
/// no home waits for a company that is away or not worked with any more.
///
/// # Errors
/// One line.
pub async fn ask(
    database: &Database,
    till: &Till,
    asked: &OrderAsked,
    now: chrono::DateTime<Utc>,
) -> Result<End, String> {
    let OrderAsked { order, over, stale } = asked;
    let close = |why: &'static str, again: Option<chrono::DateTime<Utc>>| async move {
        let closed = order_close(database, order.id, why, again, now).await.map_err(text)?;
        if !closed && again.is_none() {
            // Here it was closed already; now the company has said so too.
            order_answered(database, order.id, now).await.map_err(text)?;
        }
        Ok(if closed { End::Closed } else { End::Open })
    };
    let answer = match said(till, asked).await {
        Ok(answer) => answer,
        Err(error) if *stale && order.status.is_open() => {
            tracing::warn!(order = order.order_no, error, "an order ended and cannot be asked about");
            return close("支付渠道无答复，已关闭", ask_closed_at(order.expires_at, now)).await;
        }
        Err(error) => return Err(error),
    };
    match answer {
        Asked::Paid(told) => match order_paid(database, &told, now).await.map_err(text)? {
            Verdict::Entered | Verdict::Known => Ok(End::Entered),
            Verdict::Odd => close("到账待核实", None).await.map(|_| End::Odd),
        },
        // The company has not heard of it yet.
        Asked::Gone if order.status == PayOrderStatus::New && !over => Ok(End::Open),
        Asked::Gone if !over => close("支付渠道已关闭", None).await,
        Asked::Gone | Asked::Open if *over => close("超时未支付", None).await,
        Asked::Gone | Asked::Open => Ok(End::Open),
    }
}

/// What the company says of an order. One that is over and could still be paid is closed there first.
async fn said(till: &Till, asked: &OrderAsked) -> Result<Asked, String> {
    let order = &asked.order;
    let gateway =
        till.gateway(order.channel).ok_or_else(|| format!("{} is not set up any more", order.channel.code()))?;
    let answer = gateway.ask(&order.order_no).await?;
    if answer == Asked::Open && asked.over {
        gateway.close(&order.order_no).await?;
    }
    Ok(answer)
}

#[allow(clippy::needless_pass_by_value)] // as map_err wants it
fn text(error: Error) -> String {
    error.to_string()
}
