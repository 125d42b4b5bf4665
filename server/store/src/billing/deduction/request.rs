//! What is sent to the bank of a batch (F-03), and the bank's receipt for it. The lines are read from the contracts when the
//! file is written, so no account number is kept twice. An item whose account cannot be read fails before anything is sent, and
//! holds nobody else up.

use super::{By, Held, bills_free, hold, post::failures_note};
use crate::{
    Ctx, Database, Result,
    billing::bank::{Received, finish, numbers_open, shortened, take_up, withhold},
    ctx::{Tx, china_day, connection},
    platform::message::message_send,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::deduction_status::DeductionEvent,
    dictionary::{BankFileKind, DeductFail, DeductionStatus},
    platform::message::Notice,
    value::Money,
};

/// A request that is to be sent.
#[derive(Clone, Debug)]
pub struct DeductionRequest {
    pub file_id: i64,
    pub batch_id: i64,
    pub batch_no: String,
    pub count: i32,
    pub total: Money,
    pub made_on: NaiveDate,
    /// the month that is collected, for the summary on the tenant's bank statement
    pub month: NaiveDate,
}

/// One line of it. Not `Debug`: the account is in clear.
pub struct RequestLine {
    pub seq: i32,
    pub account_no: String,
    pub holder: String,
    pub id_last: String,
    pub amount: Money,
    pub contract_no: String,
}

/// The next request that waits to be sent.
///
/// # Errors
/// When the database fails.
pub async fn deduction_request_next(database: &Database, now: DateTime<Utc>) -> Result<Option<DeductionRequest>> {
    let mut tx = Ctx::server(database, now).begin().await?;
    let row = sqlx::query!(
        "select f.id, f.made_at, b.id as batch_id, b.batch_no, b.items, b.amount_fen, b.month
         from bank_file f join deduction_batch b on b.batch_no = f.file_no
         where f.state = 'MADE' and f.kind = 'REQUEST' and b.status = 'EXPORTED' order by f.id limit 1"
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(row.map(|row| DeductionRequest {
        file_id: row.id,
        batch_id: row.batch_id,
        batch_no: row.batch_no,
        count: row.items,
        total: Money::from_fen(row.amount_fen),
        made_on: china_day(row.made_at),
        month: row.month,
    }))
}

/// The next lines of a request.
pub struct RequestPortion {
    pub lines: Vec<RequestLine>,
    /// items among them whose numbers cannot be read: the request cannot go out with them
    pub unreadable: Vec<Unreadable>,
    /// the number behind which there may be more; none: there are none
    pub last: Option<i32>,
}

/// An item that the bank cannot be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Unreadable {
    item: i64,
    why: &'static str,
}

/// The lines of a request behind a number, as many as are wanted, in their order.
///
/// # Errors
/// When the database fails.
pub async fn deduction_request_lines(
    database: &Database,
    batch: i64,
    after: i32,
    most: i64,
    now: DateTime<Utc>,
) -> Result<RequestPortion> {
    let ring = database.keys()?;
    let mut tx = Ctx::server(database, now).begin().await?;
    let rows = sqlx::query!(
        r#"select i.id, i.seq, c.bank_holder, i.due_fen, c.bank_no, c.id_number, coalesce(c.contract_no, '') as "contract_no!"
           from deduction_item i join contract c on c.id = i.contract_id
           where i.batch_id = $1 and i.seq > $2 and i.status in ('WAIT', 'SENT') order by i.seq limit $3"#,
        batch,
        after,
        most
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let mut portion = RequestPortion {
        lines: Vec::with_capacity(rows.len()),
        unreadable: Vec::new(),
        last: rows.last().map(|row| row.seq),
    };
    for row in rows {
        match numbers_open(ring, &row.bank_no, &row.id_number) {
            Ok(numbers) => portion.lines.push(RequestLine {
                seq: row.seq,
                account_no: numbers.account_no,
                // With the account goes its holder, also when the lessee is another since the batch was built (C10).
                holder: row.bank_holder,
                id_last: numbers.id_last,
                amount: Money::from_fen(row.due_fen),
                contract_no: row.contract_no,
            }),
            Err(why) => portion.unreadable.push(Unreadable { item: row.id, why }),
        }
    }
    Ok(portion)
}

/// Takes the items out of a released request whose numbers cannot be read: they have failed with that reason, their bills are
/// free for the counter and for the next batch, and the request is of the others. Whoever works on the batch is told. When
/// nobody is left, the batch waits to be given up.
///
/// # Errors
/// When the database fails.
pub async fn deduction_request_withhold(
    database: &Database,
    request: &DeductionRequest,
    unreadable: &[Unreadable],
    now: DateTime<Utc>,
) -> Result<()> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let batch = hold(&mut tx, By::No(&request.batch_no)).await?;
    if batch.status != DeductionStatus::Exported {
        return Ok(());
    }
    let items: Vec<i64> = unreadable.iter().map(|item| item.item).collect();
    let left = sqlx::query_scalar!(
        "with failed as (
             update deduction_item i set status = 'FAIL', fail_reason = $2, fail_text = '未发送银行：' || r.why
             from unnest($3::bigint[], $4::text[]) as r (id, why)
             where i.id = r.id and i.batch_id = $1 and i.status in ('WAIT', 'SENT') returning i.due_fen),
         lost as (select count(*)::integer as items, coalesce(sum(due_fen), 0)::bigint as fen from failed)
         update deduction_batch b set items = b.items - lost.items, amount_fen = b.amount_fen - lost.fen,
                failed = b.failed + lost.items, message = $5, version = b.version + 1
         from lost where b.id = $1 returning b.items",
        batch.id,
        DeductFail::Other.code(),
        &items,
        &unreadable.iter().map(|item| item.why.to_owned()).collect::<Vec<_>>(),
        format!("{}笔的账号或证件号码无法读取，未发送银行，原因见代扣明细", items.len()),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    failures_note(&mut tx, &ctx, &items).await?;
    bills_free(&mut tx, &items).await?;
    if left == 0 {
        let next = batch.next(DeductionEvent::Withhold)?;
        sqlx::query!("update deduction_batch set status = $2 where id = $1", batch.id, next.code())
            .execute(connection(&mut tx))
            .await?;
        withhold(&mut tx, request.file_id, "没有可发送的明细", now).await?;
    } else {
        sqlx::query!(
            "update bank_file f set lines = b.items, amount_fen = b.amount_fen from deduction_batch b where f.id = $1 and b.id = $2",
            request.file_id,
            batch.id
        )
        .execute(connection(&mut tx))
        .await?;
    }
    withheld_tell(&mut tx, &batch, items.len()).await?;
    tx.commit().await?;
    database.announce();
    Ok(())
}

/// Tells those who made, checked and sent the batch that somebody is missing in it.
async fn withheld_tell(tx: &mut Tx, batch: &Held, count: usize) -> Result<()> {
    let people = sqlx::query_scalar!(
        "select u.id from app_user u join deduction_batch b on u.id in (b.maker_id, b.checker_id, b.sender_id)
         where b.id = $1 order by u.id",
        batch.id
    )
    .fetch_all(connection(tx))
    .await?;
    let (count, link) = (count.to_string(), format!("/billing/deductions/{}", batch.id));
    let params = [("批次", batch.batch_no.as_str()), ("笔数", count.as_str())];
    for person in people {
        message_send(tx, person, Notice::DeductionWithheld, &params, &link).await?;
    }
    Ok(())
}

/// Notes that a request has reached the bank's side.
///
/// # Errors
/// When the database fails.
pub async fn deduction_request_sent(
    database: &Database,
    request: &DeductionRequest,
    name: &str,
    digest: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut tx = Ctx::server(database, now).begin().await?;
    let batch = hold(&mut tx, By::No(&request.batch_no)).await?;
    let next = batch.next(DeductionEvent::Send)?;
    sqlx::query!(
        "update bank_file set state = 'SENT', name = $2, digest = $3, done_at = $4 where id = $1 and state = 'MADE'",
        request.file_id,
        name,
        digest,
        now
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!("update deduction_item set status = 'SENT' where batch_id = $1 and status = 'WAIT'", batch.id)
        .execute(connection(&mut tx))
        .await?;
    sqlx::query!(
        "update deduction_batch set status = $2, sent_at = $3, version = version + 1 where id = $1",
        batch.id,
        next.code(),
        now
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    database.announce();
    Ok(())
}

/// What the bank says on receiving a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub batch_no: String,
    /// `ACCEPTED`, `DUPLICATE`, or the bank's own code of refusal
    pub result: String,
    /// SHA-256 of the file that the bank has
    pub digest: String,
    pub message: Option<String>,
}

/// Enters a receipt: the bank accepts the file, or it does not. A file that it knows already it has accepted before.
///
/// # Errors
/// A refusal for a number that no batch has, and for a receipt that was entered before.
pub async fn deduction_receipt(
    database: &Database,
    file: &Received<'_>,
    receipt: &Receipt,
    now: DateTime<Utc>,
) -> Result<DeductionStatus> {
    let mut tx = Ctx::server(database, now).begin().await?;
    let batch = hold(&mut tx, By::No(&receipt.batch_no)).await?;
    let id = take_up(&mut tx, file, Some(batch.district_id), now).await?;
    let sent = sqlx::query_scalar!(
        "select digest from bank_file where direction = 'OUT' and kind = $1 and file_no = $2",
        BankFileKind::Request.code(),
        receipt.batch_no
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .flatten();
    let whole = sent.is_some_and(|sent| sent.eq_ignore_ascii_case(&receipt.digest));
    let accepted = whole && matches!(receipt.result.as_str(), "ACCEPTED" | "DUPLICATE");
    let event = if accepted { DeductionEvent::Accept } else { DeductionEvent::RejectFile };
    let words = match (&receipt.message, accepted) {
        (_, true) => receipt.result.clone(),
        (_, false) if !whole => "银行收到的文件与发送的不一致".to_owned(),
        (Some(message), false) => format!("银行未受理：{} {message}", receipt.result),
        (None, false) => format!("银行未受理：{}", receipt.result),
    };
    // After the response, or once more: it changes nothing.
    let changes = if accepted { batch.status == DeductionStatus::Sent } else { batch.status.next(event).is_ok() };
    let status = if changes { batch.next(event)? } else { batch.status };
    if changes {
        sqlx::query!(
            "update deduction_batch set status = $2, accepted_at = case when $3 then $4 else accepted_at end,
                    message = case when $3 then null else $5 end, version = version + 1
             where id = $1",
            batch.id,
            status.code(),
            accepted,
            now,
            shortened(&words),
        )
        .execute(connection(&mut tx))
        .await?;
    }
    finish(&mut tx, id, 1, &words, now).await?;
    tx.commit().await?;
    database.announce();
    Ok(status)
}
