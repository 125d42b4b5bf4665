//! Orders of which nothing was heard: the payment company is asked what became of them.

use super::{Order, Record};
use crate::{Ctx, Database, Result, ctx::connection};
use chrono::{DateTime, TimeDelta, Utc};
use domain::billing::pay_order::{CLOSE_AFTER_SECONDS, ask_at};

/// An order to be asked about.
pub struct OrderAsked {
    pub order: Order,
    /// what is not paid now will not be: it is to be closed
    pub over: bool,
}

/// Takes up to `most` orders that are to be asked about. Whoever takes them moves the time of the next question, so that of two
/// processes each asks about others.
///
/// # Errors
/// When the database fails.
pub async fn orders_ask(database: &Database, most: i64, now: DateTime<Utc>) -> Result<Vec<OrderAsked>> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let due = sqlx::query!(
        "select id, asked from pay_order where status in ('NEW', 'PAYING') and ask_at <= $1 order by ask_at, id limit $2
         for update skip locked",
        now,
        most
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let ids: Vec<i64> = due.iter().map(|row| row.id).collect();
    let again: Vec<DateTime<Utc>> = due.iter().map(|row| ask_at(row.asked + 1, now)).collect();
    // One that is over is asked about soon after its end, and not only when its turn comes.
    let records = sqlx::query_as!(
        Record,
        "update pay_order o set asked = o.asked + 1,
                ask_at = case when o.expires_at > $3 then least(d.again, o.expires_at + $4::bigint * interval '1 second') else d.again end
         from unnest($1::bigint[], $2::timestamptz[]) as d (id, again) where o.id = d.id
         returning o.id, o.order_no, o.channel, o.status, o.amount_fen, o.subject, o.made_at, o.expires_at",
        &ids,
        &again,
        now,
        CLOSE_AFTER_SECONDS,
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    records
        .into_iter()
        .map(|record| {
            let order = Order::try_from(record)?;
            let over = order.expires_at + TimeDelta::seconds(CLOSE_AFTER_SECONDS) <= now;
            Ok(OrderAsked { order, over })
        })
        .collect()
}
