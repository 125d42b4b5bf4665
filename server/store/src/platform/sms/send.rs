//! Sending what the outbox holds: claimed, handed to the gateway, and ended by a receipt. Each step is a transaction of its
//! own; whoever is cut off between them is followed by another, and the gateway knows a message by its id.

use crate::{
    Ctx, Database, Result,
    ctx::{Tx, connection},
    error::stored,
    platform::cipher::Kind,
};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use domain::{
    billing::sms::{
        ATTEMPTS, CLAIM_MINUTES, Channel, KEPT_HOURS, Prices, SILENT_HOURS, SmsEvent, SmsStatus, retry_at, send_before,
        send_from,
    },
    value::{Money, Phone},
};

/// Messages that are ended in one transaction.
const PORTION: i64 = 500;

/// A message for the gateway. It holds a telephone number in clear: it is never shown or logged.
pub struct Outgoing {
    pub id: i64,
    pub channel: Channel,
    pub phone: String,
    pub sign: String,
    pub content: String,
    /// it is not to be delivered from then on
    pub send_before: DateTime<FixedOffset>,
}

/// Takes messages that are due, up to `most`; nothing in the quiet hours. One whose debt was paid or whose dunning was stopped
/// is cancelled instead, also when it was on its way before; one whose number cannot receive any is ended.
///
/// # Errors
/// When the database fails.
pub async fn sms_claim(database: &Database, most: i64, now: DateTime<Utc>) -> Result<Vec<Outgoing>> {
    if send_from(now) > now {
        return Ok(Vec::new());
    }
    let ring = database.keys()?;
    loop {
        let rows = claim(database, most, now).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut claimed = Vec::with_capacity(rows.len());
        for row in rows.into_iter().filter(|row| !row.stopped) {
            let channel = stored(&row.channel, Channel::from_code)?;
            let refusal = match ring.open(Kind::Phone, &row.phone) {
                // Whoever has no mobile telephone can still be called.
                Ok(phone) if Phone::parse(&phone).is_ok_and(|phone| channel == Channel::Voice || phone.is_mobile()) => {
                    let (id, send_before) = (row.id, send_before(now));
                    claimed.push(Outgoing { id, channel, phone, sign: row.sign, content: row.content, send_before });
                    continue;
                }
                Ok(_) => "联系电话不是手机号码",
                Err(error) => {
                    tracing::error!(id = row.id, %error, "the number of a text message cannot be opened");
                    "联系电话无法读取"
                }
            };
            // In a transaction of its own: a message goes before its record here, and behind it in payments.
            let ctx = Ctx::server(database, now);
            let mut tx = ctx.begin().await?;
            move_on(&mut tx, &ctx, row.id, SmsEvent::Refuse { last: true }, Some(refusal)).await?;
            tx.commit().await?;
        }
        if !claimed.is_empty() {
            return Ok(claimed);
        }
    }
}

struct Claimed {
    id: i64,
    dunning: Option<i64>,
    stopped: bool,
    channel: String,
    sign: String,
    content: String,
    phone: Vec<u8>,
}

/// Takes what is due; none: nothing is.
async fn claim(database: &Database, most: i64, now: DateTime<Utc>) -> Result<Vec<Claimed>> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let rows = sqlx::query_as!(
        Claimed,
        r#"with due as (
             select s.id, coalesce(k.status = 'CANCELLED', false)
                    or exists (select from sms_block b where b.account_id = s.account_id and b.ended_at is null) as stopped
             from sms s left join dunning_record k on k.id = s.dunning_id
             where s.status in ('QUEUED', 'SENDING') and s.not_before <= $1 and s.attempts < $4
                 and (s.status = 'QUEUED' or s.claimed_at < $2)
             order by s.not_before, s.id limit $3 for update of s skip locked)
         update sms s set status = case when due.stopped then 'CANCELLED' else 'SENDING' end,
             message = case when due.stopped then '已缴清或停止催缴' else s.message end,
             attempts = s.attempts + case when due.stopped then 0 else 1 end, claimed_at = $1, phone_mask = p.phone_mask
         from due, account a, person p
         where s.id = due.id and a.id = s.account_id and p.id = a.person_id
         returning s.id, s.dunning_id as dunning, due.stopped as "stopped!", s.channel, s.sign, s.content, p.phone"#,
        now,
        now - TimeDelta::minutes(CLAIM_MINUTES),
        most,
        ATTEMPTS,
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let stopped: Vec<i64> = rows.iter().filter(|row| row.stopped).filter_map(|row| row.dunning).collect();
    if !stopped.is_empty() {
        let mut tx = ctx.begin().await?;
        records_cancel(&mut tx, &ctx, &stopped, "已缴清或停止催缴").await?;
        tx.commit().await?;
    }
    Ok(rows)
}

/// Cancels records whose message is not sent any more.
async fn records_cancel(tx: &mut Tx, ctx: &Ctx, records: &[i64], why: &str) -> Result<()> {
    sqlx::query!(
        "update dunning_record set status = 'CANCELLED', done_at = $2, result = $3, version = version + 1
         where id = any($1) and status = 'OPEN'",
        records,
        ctx.now(),
        why
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Puts messages back that were taken while the gateway could not be reached: that counts as no attempt, and is tried again
/// after five minutes.
///
/// # Errors
/// When the database fails.
pub async fn sms_put_back(database: &Database, ids: &[i64], why: &str, now: DateTime<Utc>) -> Result<()> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    sqlx::query!(
        "update sms set status = 'QUEUED', attempts = greatest(attempts - 1, 0), not_before = coalesce($2, not_before), message = $3
         where id = any($1) and status = 'SENDING'",
        ids,
        retry_at(1, now),
        why
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Cancels what could not be sent for [`KEPT_HOURS`], because there is no carrier or the sending was switched off; answers how
/// many. A reminder of the day before yesterday is no news, and would come with today's.
///
/// # Errors
/// When the database fails.
pub async fn sms_expire(database: &Database, now: DateTime<Utc>) -> Result<u64> {
    let ctx = Ctx::server(database, now);
    let why = format!("超过{KEPT_HOURS}小时未发送");
    let mut ended = 0;
    loop {
        let mut tx = ctx.begin().await?;
        let rows = sqlx::query!(
            "select id, dunning_id from sms
             where queued_at < $1 and status in ('QUEUED', 'SENDING') and (status = 'QUEUED' or status = 'SENDING' and attempts < $3 and claimed_at < $2)
             order by id limit $4",
            now - TimeDelta::hours(KEPT_HOURS),
            now - TimeDelta::minutes(CLAIM_MINUTES),
            ATTEMPTS,
            PORTION,
        )
        .fetch_all(connection(&mut tx))
        .await?;
        if rows.is_empty() {
            return Ok(ended);
        }
        let records: Vec<i64> = rows.iter().filter_map(|row| row.dunning_id).collect();
        records_cancel(&mut tx, &ctx, &records, &why).await?;
        ended += sqlx::query!(
            "update sms set status = 'CANCELLED', message = $2
             where id = any($1) and (status = 'QUEUED' or status = 'SENDING' and claimed_at < $3)",
            &rows.iter().map(|row| row.id).collect::<Vec<_>>(),
            why,
            now - TimeDelta::minutes(CLAIM_MINUTES),
        )
        .execute(connection(&mut tx))
        .await?
        .rows_affected();
        tx.commit().await?;
    }
}

/// Notes that the gateway took a message, under its own number, at a price per part.
///
/// # Errors
/// When the database fails.
pub async fn sms_sent(database: &Database, id: i64, gateway_no: &str, price: Money, now: DateTime<Utc>) -> Result<()> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    sqlx::query!(
        "update sms set gateway_no = $2, cost_fen = parts * $3::bigint, sent_at = coalesce(sent_at, $4), message = null
         where id = $1",
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

/// Notes what became of a message; whether it changed anything: only its first receipt does. One that comes before we noted
/// that the message was sent, or after we gave it up, says that it was sent, at a price per part.
///
/// # Errors
/// When the database fails.
pub async fn sms_receipt(
    database: &Database,
    id: i64,
    (delivered, code): (bool, &str),
    prices: Prices,
    now: DateTime<Utc>,
) -> Result<bool> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    // It is the carrier's own word, and the database takes no NUL.
    let code: String = code.chars().filter(|letter| !letter.is_control()).take(50).collect();
    let first = sqlx::query!(
        "update sms set sent_at = coalesce(sent_at, $3), receipt_at = $3, receipt_code = $2, message = null,
             cost_fen = case when sent_at is not null then cost_fen when channel = 'VOICE' then $5::bigint else parts * $4::bigint end
         where id = $1 and receipt_at is null and status in ('SENDING', 'SENT', 'SILENT', 'FAILED')",
        id,
        code,
        now,
        prices.part.fen(),
        prices.call.fen(),
    )
    .execute(connection(&mut tx))
    .await?;
    let changed =
        first.rows_affected() > 0 && move_on(&mut tx, &ctx, id, SmsEvent::Receipt { delivered }, None).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Ends what nobody heard of any more: sent long ago without a receipt ([`SmsEvent::Wait`]), or claimed for the last time by a
/// process that is gone ([`SmsEvent::Refuse`]). Answers how many.
///
/// # Errors
/// When the database fails; what was ended by then stays.
pub async fn sms_settle(database: &Database, now: DateTime<Utc>) -> Result<u64> {
    let ctx = Ctx::server(database, now);
    let mut settled = 0;
    loop {
        let mut tx = ctx.begin().await?;
        let moved = silent_end(&mut tx, &ctx).await? + lost_end(&mut tx, &ctx).await?;
        tx.commit().await?;
        if moved == 0 {
            return Ok(settled);
        }
        settled += u64::try_from(moved).unwrap_or_default();
    }
}

async fn silent_end(tx: &mut Tx, ctx: &Ctx) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"with due as (
             select id from sms where status = 'SENT' and sent_at < $1 order by sent_at limit $2 for update skip locked),
         moved as (
             update sms s set status = 'SILENT' from due where s.id = due.id returning s.id, s.dunning_id, s.channel),
         told as (
             update dunning_record k set status = 'DONE', done_at = coalesce(k.done_at, $3), result = case moved.channel when 'VOICE' then '语音' else '短信' end || '无回执', version = k.version + 1
             from moved where k.id = moved.dunning_id and k.status <> 'CANCELLED'
                 and not exists (select from sms n where n.resend_of = moved.id))
         select count(*) as "moved!" from moved"#,
        ctx.now() - TimeDelta::hours(SILENT_HOURS),
        PORTION,
        ctx.now(),
    )
    .fetch_one(connection(tx))
    .await?)
}

async fn lost_end(tx: &mut Tx, ctx: &Ctx) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"with due as (
             select id from sms where status = 'SENDING' and attempts >= $1 and claimed_at < $2 order by id limit $3
             for update skip locked),
         moved as (
             update sms s set status = 'FAILED', message = '发送中断' from due where s.id = due.id returning s.id, s.dunning_id, s.channel),
         told as (
             update dunning_record k set status = 'DONE', done_at = coalesce(k.done_at, $4), result = case moved.channel when 'VOICE' then '语音' else '短信' end || '发送失败', version = k.version + 1
             from moved where k.id = moved.dunning_id and k.status <> 'CANCELLED'
                 and not exists (select from sms n where n.resend_of = moved.id))
         select count(*) as "moved!" from moved"#,
        ATTEMPTS,
        ctx.now() - TimeDelta::minutes(CLAIM_MINUTES),
        PORTION,
        ctx.now(),
    )
    .fetch_one(connection(tx))
    .await?)
}

/// Takes a message to its next status, and the record of dunning that it carries out with it, unless another message does so
/// now; whether anything happened.
async fn move_on(tx: &mut Tx, ctx: &Ctx, id: i64, event: SmsEvent, message: Option<&str>) -> Result<bool> {
    let row = sqlx::query!("select status, channel, dunning_id from sms where id = $1 for update", id)
        .fetch_optional(connection(tx))
        .await?;
    let Some(row) = row else { return Ok(false) };
    let Some(next) = stored(&row.status, SmsStatus::from_code)?.next(event) else { return Ok(false) };
    sqlx::query!("update sms set status = $2, message = coalesce($3, message) where id = $1", id, next.code(), message)
        .execute(connection(tx))
        .await?;
    let result = match next {
        SmsStatus::Sent => "已提交",
        SmsStatus::Delivered => "已送达",
        SmsStatus::Failed => "发送失败",
        SmsStatus::Silent => "无回执",
        _ => return Ok(true),
    };
    let result = format!("{}{result}", stored(&row.channel, Channel::from_code)?);
    sqlx::query!(
        "update dunning_record set status = 'DONE', done_at = coalesce(done_at, $2), result = $3, version = version + 1
         where id = $1 and status <> 'CANCELLED' and not exists (select from sms n where n.resend_of = $4)",
        row.dunning_id,
        ctx.now(),
        result,
        id,
    )
    .execute(connection(tx))
    .await?;
    Ok(true)
}
