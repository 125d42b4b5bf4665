//! Sending what the outbox holds: claimed, handed to the gateway, and ended by a receipt. Each step is a transaction of its
//! own; whoever is cut off between them is followed by another, and the gateway knows a message by its id.

use crate::{
    Ctx, Database, Result,
    ctx::{Tx, connection},
    error::stored,
    platform::cipher::Kind,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    billing::sms::{ATTEMPTS, CLAIM_MINUTES, SILENT_HOURS, SmsEvent, SmsStatus, retry_at, send_from},
    value::{Money, Phone},
};

/// A message for the gateway. It holds a telephone number in clear: it is never shown or logged.
pub struct Outgoing {
    pub id: i64,
    pub phone: String,
    pub sign: String,
    pub content: String,
}

/// Takes messages that are due, up to `most`; nothing in the quiet hours. One whose number cannot receive any is ended at
/// once.
///
/// # Errors
/// When the database fails.
pub async fn sms_claim(database: &Database, most: i64, now: DateTime<Utc>) -> Result<Vec<Outgoing>> {
    if send_from(now) > now {
        return Ok(Vec::new());
    }
    let ctx = Ctx::server(database, now);
    let ring = database.keys()?;
    let mut tx = ctx.begin().await?;
    let rows = sqlx::query!(
        "update sms s set status = 'SENDING', attempts = s.attempts + 1, claimed_at = $1
         from (select id from sms
               where status in ('QUEUED', 'SENDING') and not_before <= $1 and attempts < $4
                   and (status = 'QUEUED' or claimed_at < $2)
               order by not_before, id limit $3 for update skip locked) due, contract c
         where s.id = due.id and c.id = s.contract_id
         returning s.id, s.sign, s.content, c.phone",
        now,
        now - TimeDelta::minutes(CLAIM_MINUTES),
        most,
        ATTEMPTS,
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let phone = ring.open(Kind::Phone, &row.phone)?;
        if Phone::parse(&phone).is_ok_and(|phone| phone.is_mobile()) {
            claimed.push(Outgoing { id: row.id, phone, sign: row.sign, content: row.content });
        } else {
            move_on(&mut tx, &ctx, row.id, SmsEvent::Refuse { last: true }, Some("联系电话不是手机号码")).await?;
        }
    }
    tx.commit().await?;
    Ok(claimed)
}

/// Notes that the gateway took a message, under its own number, at a price per part.
///
/// # Errors
/// When the database fails.
pub async fn sms_sent(database: &Database, id: i64, gateway_no: &str, price: Money, now: DateTime<Utc>) -> Result<()> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    sqlx::query!(
        "update sms set gateway_no = $2, cost_fen = parts * $3::bigint, sent_at = coalesce(sent_at, $4) where id = $1",
        id,
        gateway_no,
        price.fen(),
        now,
    )
    .execute(connection(&mut tx))
    .await?;
    move_on(&mut tx, &ctx, id, SmsEvent::Accept, None).await?;
    tx.commit().await?;
    Ok(())
}

/// Notes that the gateway did not take it: it is tried again, three times in all.
///
/// # Errors
/// When the database fails.
pub async fn sms_refused(database: &Database, id: i64, why: &str, now: DateTime<Utc>) -> Result<()> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let attempts = sqlx::query_scalar!("select attempts from sms where id = $1 for update", id)
        .fetch_optional(connection(&mut tx))
        .await?
        .unwrap_or(ATTEMPTS);
    let again = retry_at(attempts, now);
    let why: String = why.chars().take(200).collect();
    move_on(&mut tx, &ctx, id, SmsEvent::Refuse { last: again.is_none() }, Some(&why)).await?;
    if let Some(again) = again {
        sqlx::query!("update sms set not_before = $2 where id = $1 and status = 'QUEUED'", id, again)
            .execute(connection(&mut tx))
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Notes what became of a message; whether it changed anything: a receipt that comes twice does not.
///
/// # Errors
/// When the database fails.
pub async fn sms_receipt(
    database: &Database,
    id: i64,
    delivered: bool,
    code: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let code: String = code.chars().take(50).collect();
    sqlx::query!(
        "update sms set sent_at = coalesce(sent_at, $3), receipt_at = $3, receipt_code = $2
         where id = $1 and status in ('SENDING', 'SENT', 'SILENT')",
        id,
        code,
        now
    )
    .execute(connection(&mut tx))
    .await?;
    let changed = move_on(&mut tx, &ctx, id, SmsEvent::Receipt { delivered }, None).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Ends what nobody heard of any more: sent long ago without a receipt, or claimed for the last time by a process that is
/// gone. Answers how many.
///
/// # Errors
/// When the database fails.
pub async fn sms_settle(database: &Database, now: DateTime<Utc>) -> Result<u64> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let silent = sqlx::query_scalar!(
        "select id from sms where status = 'SENT' and sent_at < $1 order by id limit 5000",
        now - TimeDelta::hours(SILENT_HOURS)
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let lost = sqlx::query_scalar!(
        "select id from sms where status = 'SENDING' and attempts >= $1 and claimed_at < $2 order by id limit 5000",
        ATTEMPTS,
        now - TimeDelta::minutes(CLAIM_MINUTES)
    )
    .fetch_all(connection(&mut tx))
    .await?;
    for id in &silent {
        move_on(&mut tx, &ctx, *id, SmsEvent::Wait, None).await?;
    }
    for id in &lost {
        move_on(&mut tx, &ctx, *id, SmsEvent::Refuse { last: true }, Some("发送中断")).await?;
    }
    tx.commit().await?;
    Ok((silent.len() + lost.len()) as u64)
}

/// Takes a message to its next status, and the record of dunning that it carries out with it; whether anything happened.
async fn move_on(tx: &mut Tx, ctx: &Ctx, id: i64, event: SmsEvent, message: Option<&str>) -> Result<bool> {
    let row = sqlx::query!("select status, dunning_id from sms where id = $1 for update", id)
        .fetch_optional(connection(tx))
        .await?;
    let Some(row) = row else { return Ok(false) };
    let Some(next) = stored(&row.status, SmsStatus::from_code)?.next(event) else { return Ok(false) };
    sqlx::query!("update sms set status = $2, message = coalesce($3, message) where id = $1", id, next.code(), message)
        .execute(connection(tx))
        .await?;
    let result = match next {
        SmsStatus::Sent => "短信已提交",
        SmsStatus::Delivered => "短信已送达",
        SmsStatus::Failed => "短信发送失败",
        SmsStatus::Silent => "短信无回执",
        _ => return Ok(true),
    };
    sqlx::query!(
        "update dunning_record set status = 'DONE', done_at = coalesce(done_at, $2), result = $3, version = version + 1
         where id = $1 and status <> 'CANCELLED'",
        row.dunning_id,
        ctx.now(),
        result,
    )
    .execute(connection(tx))
    .await?;
    Ok(true)
}
