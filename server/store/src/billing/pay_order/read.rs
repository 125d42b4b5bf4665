//! An order as its tenant sees it.

use super::{Order, Record};
use crate::{Ctx, Result, ctx::connection, error::stored, portal::Tenant};
use chrono::TimeDelta;
use domain::{
    billing::pay_order::{PRESS_SECONDS, PayChannel, PayOrderStatus},
    failure::Failure,
    id::PaymentId,
    portal::view::TenantOrder,
    value::Money,
};

/// An order of a tenant.
///
/// # Errors
/// [`Failure::NotFound`] for an order of somebody else.
pub async fn order_get(tenant: &Tenant, order_no: &str) -> Result<TenantOrder> {
    let mut tx = tenant.begin().await?;
    let row = sqlx::query!(
        "select id, account_id, order_no, channel, status, amount_fen, subject, made_at, expires_at, pay_url, placed_at, paid_at,
                payment_id, message
         from pay_order where order_no = $1 and account_id = any($2)",
        order_no,
        &tenant.accounts()
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    let status = stored(&row.status, PayOrderStatus::from_code)?;
    let channel = stored(&row.channel, PayChannel::from_code)?;
    let payable = status.is_open() && row.expires_at > tenant.now();
    // An address that leads nowhere any more is not offered; another one can be had.
    let fresh = row.placed_at.is_some_and(|at| at + TimeDelta::minutes(channel.address_minutes()) > tenant.now());
    let pay_url = row.pay_url.filter(|_| payable && fresh);
    Ok(TenantOrder {
        id: row.id,
        order_no: row.order_no,
        channel,
        status,
        amount: Money::from_fen(row.amount_fen),
        subject: row.subject,
        address: tenant.address(row.account_id),
        made_at: row.made_at,
        expires_at: row.expires_at,
        placeable: payable && pay_url.is_none(),
        pay_url,
        paid_at: row.paid_at,
        payment_id: row.payment_id.map(PaymentId),
        message: row.message,
    })
}

/// An order of a tenant, as it is placed.
///
/// # Errors
/// As [`order_get`].
pub async fn order_of(tenant: &Tenant, order_no: &str) -> Result<Order> {
    let mut tx = tenant.begin().await?;
    let record = sqlx::query_as!(
        Record,
        "select id, order_no, channel, status, amount_fen, subject, made_at, expires_at from pay_order
         where order_no = $1 and account_id = any($2)",
        order_no,
        &tenant.accounts()
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    record.try_into()
}

/// Notes that somebody presses a button behind which the payment company is asked.
///
/// # Errors
/// [`Failure::NotFound`] for an order of somebody else; `操作过于频繁，请于{n}秒后再试` (§0.5 rule 11).
pub async fn order_press(tenant: &Tenant, order_no: &str) -> Result<Order> {
    let order = order_of(tenant, order_no).await?;
    let (ctx, now) = (Ctx::server(tenant.database(), tenant.now()), tenant.now());
    let mut tx = ctx.begin().await?;
    let pressed = sqlx::query!(
        "update pay_order set pressed_at = $2 where id = $1 and (pressed_at is null or pressed_at <= $3)",
        order.id,
        now,
        now - TimeDelta::seconds(PRESS_SECONDS)
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    if pressed.rows_affected() == 0 {
        return Err(Failure::refused(format!("操作过于频繁，请于{PRESS_SECONDS}秒后再试")).into());
    }
    Ok(order)
}
