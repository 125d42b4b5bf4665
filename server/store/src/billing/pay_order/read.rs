//! An order as its tenant sees it.

use super::{Order, Record};
use crate::{Result, ctx::connection, error::stored, portal::Tenant};
use domain::{
    billing::pay_order::{PayChannel, PayOrderStatus},
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
        "select id, account_id, order_no, channel, status, amount_fen, subject, made_at, expires_at, pay_url, paid_at, payment_id,
                message
         from pay_order where order_no = $1 and account_id = any($2)",
        order_no,
        &tenant.accounts()
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    let status = stored(&row.status, PayOrderStatus::from_code)?;
    Ok(TenantOrder {
        id: row.id,
        order_no: row.order_no,
        channel: stored(&row.channel, PayChannel::from_code)?,
        status,
        amount: Money::from_fen(row.amount_fen),
        subject: row.subject,
        address: tenant.address(row.account_id),
        made_at: row.made_at,
        expires_at: row.expires_at,
        pay_url: row.pay_url.filter(|_| status == PayOrderStatus::Paying && row.expires_at > tenant.now()),
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
