//! Orders of which nothing was heard: the payment company is asked what became of them.

use super::{Order, Record};
use crate::{Ctx, Database, Result, ctx::connection, error::stored};
use chrono::{DateTime, TimeDelta, Utc};
use domain::billing::pay_order::{CLOSE_AFTER_SECONDS, PayOrderStatus, STALE_AFTER_MINUTES, ask_at, ask_closed_at};

/// An order to be asked about.
#[derive(Clone, Debug)]
pub struct OrderAsked {
    pub order: Order,
    /// what is not paid now will not be: it is to be closed
    pub over: bool,
    /// it ended so long ago that it is closed here even when the company cannot be asked
    pub stale: bool,
}

impl OrderAsked {
    /// An order as it stands at a moment.
    #[must_use]
    pub fn new(order: Order, now: DateTime<Utc>) -> Self {
        let over = order.expires_at + TimeDelta::seconds(CLOSE_AFTER_SECONDS) <= now;
        let stale = order.expires_at + TimeDelta::minutes(STALE_AFTER_MINUTES) <= now;
        Self { order, over, stale }
    }
}

/// Takes up to `most` orders that are to be asked about, those among them that were closed here without the company's final
/// word. Whoever takes them moves the time of the next question, so that of two processes each asks about others.
///
/// # Errors
/// When the database fails.
pub async fn orders_ask(database: &Database, most: i64, now: DateTime<Utc>) -> Result<Vec<OrderAsked>> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let due = sqlx::query!(
        "select id, asked, status, expires_at from pay_order where ask_at <= $1 order by ask_at, id limit $2
         for update skip locked",
        now,
        most
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let ids: Vec<i64> = due.iter().map(|row| row.id).collect();
    let mut again: Vec<Option<DateTime<Utc>>> = Vec::with_capacity(due.len());
    for row in &due {
        let open = stored(&row.status, PayOrderStatus::from_code)?.is_open();
        let over = row.expires_at + TimeDelta::seconds(CLOSE_AFTER_SECONDS);
        let next = ask_at(row.asked + 1, now);
        again.push(match open {
            // One that is over is asked about soon after its end, and not only when its turn comes.
            true if row.expires_at > now => Some(next.min(over)),
            true => Some(next),
            false => ask_closed_at(row.expires_at, now),
        });
    }
    let records = sqlx::query_as!(
        Record,
        "update pay_order o set asked = o.asked + 1, ask_at = d.again
         from unnest($1::bigint[], $2::timestamptz[]) as d (id, again) where o.id = d.id
         returning o.id, o.order_no, o.channel, o.status, o.amount_fen, o.subject, o.made_at, o.expires_at",
        &ids,
        &again as &[Option<DateTime<Utc>>],
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    records.into_iter().map(|record| Ok(OrderAsked::new(Order::try_from(record)?, now))).collect()
}

/// Notes that the company has given its final word about an order that was closed here: it is not asked again.
///
/// # Errors
/// When the database fails.
pub async fn order_answered(database: &Database, id: i64, now: DateTime<Utc>) -> Result<()> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    sqlx::query!("update pay_order set ask_at = null where id = $1 and status = 'CLOSED'", id)
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(())
}
