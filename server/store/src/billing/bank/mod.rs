//! Files between the city and its bank (domain.md X-01): what went out, what came in, what came of it. How a file looks and
//! how it travels is the server's business (`server::bank`); here it is rows.
//!
//! The functions work as the server itself, over the whole city: nobody in particular is the author of a bank's answer. What
//! is written to the bank is fixed by rows first and sent after the commit, so a crash in between sends the same file again.

pub mod contract_file;
pub mod pos;
mod reconcile;
pub mod statement;

use crate::{
    Ctx, Database, Result,
    ctx::{Tx, connection},
    platform::cipher::{KeyRing, Kind},
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::{BankFileKind, BankFileState},
    failure::Failure,
    value::Passbook,
};

/// 该回盘文件已处理: the same content under the same number.
pub const FILE_IS_KNOWN: &str = "该回盘文件已处理";
/// Letters of a message that are kept.
const MESSAGE: usize = 200;

/// What a line for the bank needs of sealed numbers. Not `Debug`: the account is in clear.
pub(crate) struct Numbers {
    pub account_no: String,
    /// 证件后6位
    pub id_last: String,
}

/// Opens the numbers of one line. One that cannot be read, because its key is missing, its value was changed, or it is no
/// account's, is that line's trouble and nobody else's: the other way out is the sentence that the clerk reads.
pub(crate) fn numbers_open(
    ring: &KeyRing,
    bank_no: &[u8],
    id_number: &[u8],
) -> std::result::Result<Numbers, &'static str> {
    let account_no = ring.open(Kind::BankAccount, bank_no).map_err(|error| {
        tracing::error!(%error, "a bank account cannot be told to the bank");
        "银行账号无法读取（密钥缺失或数据损坏），请重新登记扣款账号"
    })?;
    // Cards and passbooks alike: whatever is no number at all would be refused by the bank with the whole file.
    if Passbook::parse(&account_no).is_err() {
        return Err("银行账号格式不正确，请重新登记扣款账号");
    }
    let id_number = ring.open(Kind::IdNumber, id_number).map_err(|error| {
        tracing::error!(%error, "an identity number cannot be told to the bank");
        "证件号码无法读取（密钥缺失或数据损坏），请联系系统管理员恢复数据"
    })?;
    Ok(Numbers { account_no, id_last: last_six(&id_number) })
}

fn last_six(number: &str) -> String {
    let letters: Vec<char> = number.chars().collect();
    letters[letters.len().saturating_sub(6)..].iter().collect()
}

/// A file that the bank sent, before anybody has looked into it.
#[derive(Clone, Debug)]
pub struct Received<'a> {
    pub kind: BankFileKind,
    pub name: &'a str,
    /// the number in its header or, where that cannot be read, in its name
    pub file_no: &'a str,
    /// SHA-256 of its bytes
    pub digest: &'a str,
}

/// Notes that a file has reached the bank's side.
///
/// # Errors
/// When the database fails.
pub async fn bank_file_sent(database: &Database, id: i64, name: &str, digest: &str, now: DateTime<Utc>) -> Result<()> {
    let mut tx = Ctx::server(database, now).begin().await?;
    sqlx::query!(
        "update bank_file set state = 'SENT', name = $2, digest = $3, done_at = $4 where id = $1 and state = 'MADE'",
        id,
        name,
        digest,
        now
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Notes that nothing of a file that was made is left to be sent, and why: it never goes out.
pub(crate) async fn withhold(tx: &mut Tx, id: i64, why: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update bank_file set state = 'REJECTED', lines = 0, message = $2, done_at = $3 where id = $1 and state = 'MADE'",
        id,
        shortened(why),
        now
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Notes a file that nothing can be done with, and why.
///
/// # Errors
/// When the database fails.
pub async fn bank_file_refused(
    database: &Database,
    file: &Received<'_>,
    message: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut tx = Ctx::server(database, now).begin().await?;
    refuse(&mut tx, file, message, now).await?;
    tx.commit().await?;
    Ok(())
}

pub(crate) async fn refuse(tx: &mut Tx, file: &Received<'_>, message: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into bank_file (district_id, direction, kind, name, file_no, state, digest, message, made_at, done_at)
         values ((select district_id from deduction_batch where batch_no = $3), 'IN', $1, $2, $3, 'REJECTED', $4, $5, $6, $6)",
        file.kind.code(),
        file.name,
        file.file_no,
        file.digest,
        shortened(message),
        now,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Takes up a file: answers its row, the same one when it was taken up before and not finished.
///
/// # Errors
/// [`FILE_IS_KNOWN`] for one that was finished.
pub(crate) async fn take_up(
    tx: &mut Tx,
    file: &Received<'_>,
    district: Option<i64>,
    now: DateTime<Utc>,
) -> Result<i64> {
    let known = sqlx::query!(
        "select id, state from bank_file
         where direction = 'IN' and kind = $1 and file_no = $2 and digest = $3 and state <> 'REJECTED' for update",
        file.kind.code(),
        file.file_no,
        file.digest
    )
    .fetch_optional(connection(tx))
    .await?;
    match known {
        Some(row) if row.state == BankFileState::Reading.code() => Ok(row.id),
        Some(_) => Err(Failure::refused(FILE_IS_KNOWN).into()),
        None => Ok(sqlx::query_scalar!(
            "insert into bank_file (district_id, direction, kind, name, file_no, state, digest, made_at)
             values ($1, 'IN', $2, $3, $4, 'READING', $5, $6) returning id",
            district,
            file.kind.code(),
            file.name,
            file.file_no,
            file.digest,
            now,
        )
        .fetch_one(connection(tx))
        .await?),
    }
}

/// Ends the reading of a file.
pub(crate) async fn finish(tx: &mut Tx, id: i64, lines: i32, message: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update bank_file set state = 'DONE', lines = $2, message = $3, done_at = $4 where id = $1 and state = 'READING'",
        id,
        lines,
        shortened(message),
        now
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// The bank's words, as many as are kept.
pub(crate) fn shortened(message: &str) -> String {
    message.chars().filter(|letter| !letter.is_control()).take(MESSAGE).collect()
}
