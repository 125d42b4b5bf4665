//! Reading a response back and reconciling it (§3.7): each number once, nothing taken beyond what was asked for, no number that
//! was not asked. What does not agree goes to the difference pool, and nothing is entered before somebody has decided.

use super::{By, Held, hold};
use crate::{
    Ctx, Database, Result,
    billing::bank::{FILE_IS_KNOWN, Received, finish, refuse, shortened, take_up},
    ctx::{Tx, connection},
    error::Error,
};
use chrono::{DateTime, Utc};
use domain::{
    billing::{
        deduction_result::{Line, Verdict, judge},
        deduction_status::DeductionEvent,
    },
    dictionary::{DeductionStatus, DifferenceKind},
    failure::Failure,
    value::Money,
};
use std::collections::{HashMap, HashSet};

/// Lines in one transaction.
pub const PORTION: usize = 10_000;

/// A line of a response, read and not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseLine {
    /// of the file, from 1
    pub line: i32,
    pub seq: i64,
    /// what the bank repeats of the request
    pub due: Money,
    pub result: String,
    pub deducted: Money,
    pub serial: Option<String>,
    pub at: Option<DateTime<Utc>>,
    pub message: Option<String>,
}

/// A response that is being read.
#[derive(Debug)]
pub struct Reading {
    file_id: i64,
    batch_id: i64,
    district_id: i64,
    lines: i32,
    seen: HashSet<i64>,
}

/// Takes a response up whose form was checked as a whole. One that was cut off on our side is read again from its begin.
///
/// # Errors
/// A refusal for a number that no batch has, for one that waits for no response, and [`FILE_IS_KNOWN`].
pub async fn response_begin(
    database: &Database,
    file: &Received<'_>,
    batch_no: &str,
    now: DateTime<Utc>,
) -> Result<Reading> {
    let mut tx = Ctx::server(database, now).begin().await?;
    let batch = hold(&mut tx, By::No(batch_no)).await.map_err(|error| match error {
        Error::Failure(Failure::NotFound) => Failure::refused(format!("没有代扣批次{batch_no}")).into(),
        error => error,
    })?;
    let file_id = take_up(&mut tx, file, Some(batch.district_id), now).await?;
    let again = batch.response_id == Some(file_id) && batch.status == DeductionStatus::Responded;
    if !again {
        let Ok(next) = batch.status.next(DeductionEvent::Receive) else {
            tx.rollback().await?;
            return Err(late(database, file, &batch, now).await?.into());
        };
        sqlx::query!(
            "update deduction_batch set status = $2, responded_at = $3, response_id = $4, message = null, version = version + 1
             where id = $1",
            batch.id,
            next.code(),
            now,
            file_id
        )
        .execute(connection(&mut tx))
        .await?;
    }
    tx.commit().await?;
    Ok(Reading { file_id, batch_id: batch.id, district_id: batch.district_id, lines: 0, seen: HashSet::new() })
}

/// A response for a batch that waits for none: what was answered already stays, and somebody has to look why the bank answers
/// twice.
async fn late(database: &Database, file: &Received<'_>, batch: &Held, now: DateTime<Utc>) -> Result<Failure> {
    if !matches!(
        batch.status,
        DeductionStatus::Reconciled | DeductionStatus::ReconDiff | DeductionStatus::Posted | DeductionStatus::Closed
    ) {
        return Ok(Failure::refused(format!("代扣批次状态为“{}”，不接收回盘", batch.status)));
    }
    let mut tx = Ctx::server(database, now).begin().await?;
    // Once for each such file, however often it lies there.
    sqlx::query!(
        "insert into bank_difference (district_id, kind, batch_id, own_fen, their_fen, created_at)
         select b.district_id, 'LATE_FILE', b.id, b.deducted_fen, 0, $2 from deduction_batch b
         where b.id = $1 and not exists (select from bank_file f where f.kind = 'RESPONSE' and f.file_no = b.batch_no
                                             and f.digest = $3 and f.state = 'REJECTED')",
        batch.id,
        now,
        file.digest
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(Failure::refused("该批次已有回盘，本文件未处理"))
}

/// Judges and keeps the next lines of a response. Lines that are kept already stay as they are.
///
/// # Errors
/// When the database fails.
pub async fn response_lines(
    database: &Database,
    reading: &mut Reading,
    lines: &[ResponseLine],
    now: DateTime<Utc>,
) -> Result<()> {
    let mut tx = Ctx::server(database, now).begin().await?;
    let requested = requested(&mut tx, reading.batch_id, lines).await?;
    let verdicts: Vec<Verdict> = lines
        .iter()
        .map(|line| match requested.get(&line.seq) {
            None => Verdict::Differs(DifferenceKind::UnknownSeq),
            Some(_) if !reading.seen.insert(line.seq) => Verdict::Differs(DifferenceKind::DuplicateSeq),
            Some(asked) => judge(*asked, Line { due: line.due, result: &line.result, deducted: line.deducted }),
        })
        .collect();
    let column = |of: fn(&ResponseLine) -> i64| lines.iter().map(of).collect::<Vec<_>>();
    let text = |of: fn(&ResponseLine) -> Option<&str>| -> Vec<Option<String>> {
        lines.iter().map(|line| of(line).map(shortened)).collect()
    };
    sqlx::query!(
        "insert into deduction_line (bank_file_id, line, batch_id, district_id, seq, due_fen, result, deducted_fen, bank_serial,
                                     deducted_at, message, verdict)
         select $1, l.line, $2, $3, l.seq, l.due, coalesce(l.result, ''), l.deducted, l.serial, l.at, l.message, l.verdict
         from unnest($4::integer[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[], $9::text[], $10::timestamptz[], $11::text[],
                     $12::text[])
              as l (line, seq, due, result, deducted, serial, at, message, verdict)
         on conflict (bank_file_id, line) do nothing",
        reading.file_id,
        reading.batch_id,
        reading.district_id,
        &lines.iter().map(|line| line.line).collect::<Vec<_>>(),
        &column(|line| line.seq),
        &column(|line| line.due.fen()),
        &text(|line| Some(&line.result)) as &[Option<String>],
        &column(|line| line.deducted.fen()),
        &text(|line| line.serial.as_deref()) as &[Option<String>],
        &lines.iter().map(|line| line.at).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
        &text(|line| line.message.as_deref()) as &[Option<String>],
        &verdicts.iter().map(|verdict| verdict.code().to_owned()).collect::<Vec<_>>(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    reading.lines += i32::try_from(lines.len()).unwrap_or(i32::MAX);
    Ok(())
}

/// What was asked for under the numbers of some lines.
async fn requested(tx: &mut Tx, batch: i64, lines: &[ResponseLine]) -> Result<HashMap<i64, Money>> {
    // They stand in their order, so those between the first and the last are hardly more.
    let numbers = lines.iter().filter_map(|line| i32::try_from(line.seq).ok());
    let (Some(first), Some(last)) = (numbers.clone().min(), numbers.max()) else { return Ok(HashMap::new()) };
    let rows = sqlx::query!(
        "select seq, due_fen from deduction_item where batch_id = $1 and seq between $2 and $3 and status = 'SENT'",
        batch,
        first,
        last
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows.into_iter().map(|row| (i64::from(row.seq), Money::from_fen(row.due_fen))).collect())
}

/// Holds the whole response against the batch: everything agrees, or the differences wait in the pool. Answers the status
/// that the batch has then.
///
/// # Errors
/// When the database fails.
pub async fn response_reconcile(database: &Database, reading: Reading, now: DateTime<Utc>) -> Result<DeductionStatus> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let batch = sqlx::query_scalar!("select batch_no from deduction_batch where id = $1", reading.batch_id)
        .fetch_one(connection(&mut tx))
        .await?;
    let batch = hold(&mut tx, By::No(&batch)).await?;
    let parsed = batch.next(DeductionEvent::Parse)?;
    let differences = differences_insert(&mut tx, &reading, now).await?;
    let event = if differences == 0 { DeductionEvent::Reconcile } else { DeductionEvent::Differ };
    let status = parsed.next(event).map_err(Failure::from)?;
    sqlx::query!(
        "update deduction_batch set status = $2, reconciled_at = case when $3 then $4::timestamptz end,
                message = $5, version = version + 1
         where id = $1",
        batch.id,
        status.code(),
        differences == 0,
        now,
        (differences > 0).then(|| format!("对账有差异{differences}条，请在差异池中处理")),
    )
    .execute(connection(&mut tx))
    .await?;
    let said = if differences == 0 { "对账相符".to_owned() } else { format!("差异{differences}条") };
    finish(&mut tx, reading.file_id, reading.lines, &said, now).await?;
    tx.commit().await?;
    database.announce();
    Ok(status)
}

/// Puts what differs into the pool: lines that a person has to look at, and items of which the bank said nothing.
async fn differences_insert(tx: &mut Tx, reading: &Reading, now: DateTime<Utc>) -> Result<u64> {
    let kinds: Vec<String> = DifferenceKind::ALL.iter().map(|kind| kind.code().to_owned()).collect();
    let lines = sqlx::query!(
        "insert into bank_difference (district_id, kind, batch_id, bank_file_id, line, seq, item_id, own_fen, their_fen, bank_serial,
                                      created_at)
         select l.district_id, l.verdict, l.batch_id, l.bank_file_id, l.line, l.seq, i.id, coalesce(i.due_fen, 0), l.deducted_fen,
                l.bank_serial, $3
         from deduction_line l
         left join deduction_item i on i.batch_id = l.batch_id and i.seq = l.seq and l.verdict <> 'UNKNOWN_SEQ'
         where l.bank_file_id = $1 and l.verdict = any($2) order by l.line",
        reading.file_id,
        &kinds,
        now
    )
    .execute(connection(tx))
    .await?;
    let missing = sqlx::query!(
        "insert into bank_difference (district_id, kind, batch_id, bank_file_id, seq, item_id, own_fen, their_fen, created_at)
         select i.district_id, 'MISSING', i.batch_id, $2, i.seq, i.id, i.due_fen, 0, $3 from deduction_item i
         where i.batch_id = $1 and i.status = 'SENT' and not exists (
             select from deduction_line l where l.bank_file_id = $2 and l.seq = i.seq)
         order by i.seq",
        reading.batch_id,
        reading.file_id,
        now
    )
    .execute(connection(tx))
    .await?;
    Ok(lines.rows_affected() + missing.rows_affected())
}

/// Notes a response that cannot be read: the batch waits for another one. Answers what to tell.
///
/// # Errors
/// When the database fails.
pub async fn response_refuse(database: &Database, file: &Received<'_>, why: &str, now: DateTime<Utc>) -> Result<()> {
    let mut tx = Ctx::server(database, now).begin().await?;
    refuse(&mut tx, file, why, now).await?;
    match hold(&mut tx, By::No(file.file_no)).await {
        Ok(batch) => {
            // One that waits already for a better one goes on waiting.
            if let Ok(next) = batch.status.next(DeductionEvent::RejectFile) {
                sqlx::query!(
                    "update deduction_batch set status = $2, responded_at = coalesce(responded_at, $3), message = $4,
                            version = version + 1
                     where id = $1",
                    batch.id,
                    next.code(),
                    now,
                    shortened(&format!("回盘文件无法处理：{why}")),
                )
                .execute(connection(&mut tx))
                .await?;
            }
        }
        Err(Error::Failure(Failure::NotFound)) => {}
        Err(error) => return Err(error),
    }
    tx.commit().await?;
    database.announce();
    Ok(())
}

/// Whether a refusal says that the file was read before: then nothing is wrong with the batch.
#[must_use]
pub fn is_known(error: &Error) -> bool {
    matches!(error, Error::Failure(Failure::Refused(sentence)) if sentence == FILE_IS_KNOWN)
}
