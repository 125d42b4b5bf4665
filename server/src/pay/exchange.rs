//! Orders of which the payment company said nothing, to the plan 支付订单查询: it is asked, and what is over is closed.

use super::{Asked, Till};
use crate::plan;
use chrono::Utc;
use domain::{billing::pay_order::PayOrderStatus, platform::job::Plan};
use store::{
    Database, Error,
    billing::pay_order::{OrderAsked, Verdict, order_close, order_paid, orders_ask},
    platform::plan::Outcome,
};
use tokio::{sync::watch, task::JoinHandle};

/// Orders in one round.
const MOST: i64 = 200;

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
    let (mut entered, mut closed, mut failed) = (0, 0, None);
    for asked in orders_ask(database, MOST, now).await.map_err(text)? {
        match ask(database, till, &asked, now).await {
            Ok(End::Entered) => entered += 1,
            Ok(End::Closed) => closed += 1,
            Ok(End::Open) => {}
            Err(error) => {
                tracing::warn!(order = asked.order.order_no, error, "it is not known what became of an order");
                failed.get_or_insert(error);
            }
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok((entered + closed > 0).then(|| format!("查询支付订单：到账{entered}笔，关闭{closed}笔"))),
    }
}

/// Where an order stands after it was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Entered,
    Closed,
    Open,
}

/// Asks about one order; closes it when it is over or gone.
///
/// # Errors
/// One line.
pub async fn ask(
    database: &Database,
    till: &Till,
    asked: &OrderAsked,
    now: chrono::DateTime<Utc>,
) -> Result<End, String> {
    let OrderAsked { order, over } = asked;
    let Some(gateway) = till.gateway(order.channel) else {
        return Err(format!("{} is not set up any more", order.channel.code()));
    };
    let close = |why: &'static str| async move {
        let closed = order_close(database, order.id, why, now).await.map_err(text)?;
        Ok(if closed { End::Closed } else { End::Open })
    };
    match gateway.ask(&order.order_no).await? {
        Asked::Paid(told) => match order_paid(database, &told, now).await.map_err(text)? {
            Verdict::Entered | Verdict::Known => Ok(End::Entered),
        },
        Asked::Gone if *over => close("超时未支付").await,
        // The company has not heard of it yet.
        Asked::Gone if order.status == PayOrderStatus::New => Ok(End::Open),
        Asked::Gone => close("支付渠道已关闭").await,
        Asked::Open if *over => {
            gateway.close(&order.order_no).await?;
            close("超时未支付").await
        }
        Asked::Open => Ok(End::Open),
    }
}

#[allow(clippy::needless_pass_by_value)] // as map_err wants it
fn text(error: Error) -> String {
    error.to_string()
}
