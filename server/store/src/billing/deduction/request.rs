//! What is sent to the bank of a batch (F-03), and the bank's receipt for it. The lines are read from the contracts when the
//! file is written, so no account number is kept twice.

use super::{By, hold};
use crate::{
    Ctx, Database, Result,
    billing::bank::{Received, contract_file::last_six, finish, shortened, take_up},
    ctx::{china_day, connection},
    platform::cipher::Kind,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::deduction_status::DeductionEvent,
    dictionary::{BankFileKind, DeductionStatus},
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

/// The lines of a request behind a number, as many as are wanted, in their order.
///
/// # Errors
/// When the database fails, or a sealed number cannot be opened.
pub async fn deduction_request_lines(
    database: &Database,
    batch: i64,
    after: i32,
    most: i64,
    now: DateTime<Utc>,
) -> Result<Vec<RequestLine>> {
    let ring = database.keys()?;
    let mut tx = Ctx::server(database, now).begin().await?;
    let rows = sqlx::query!(
        r#"select i.seq, c.bank_holder, i.due_fen, c.bank_no, c.id_number, coalesce(c.contract_no, '') as "contract_no!"
           from deduction_item i join contract c on c.id = i.contract_id
           where i.batch_id = $1 and i.seq > $2 and i.status in ('WAIT', 'SENT') order by i.seq limit $3"#,
        batch,
        after,
        most
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|row| {
            Ok(RequestLine {
                seq: row.seq,
                account_no: ring.open(Kind::BankAccount, &row.bank_no)?,
                // With the account goes its holder, also when the lessee is another since the batch was built (C10).
                holder: row.bank_holder,
                id_last: last_six(&ring.open(Kind::IdNumber, &row.id_number)?),
                amount: Money::from_fen(row.due_fen),
                contract_no: row.contract_no,
            })
        })
        .collect()
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
