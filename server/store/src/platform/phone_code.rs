//! A code that is sent to a telephone (domain.md R-93, PRM-03), whatever it opens: how often one is asked for, how it is drawn and
//! sent, and how often it is mistaken. Whose it is, and what it opens, says who keeps it.

use super::{sms::Outgoing, token::random_bytes};
use crate::{
    Database, Error, Result,
    ctx::{Tx, begin_city, china_day, china_midnight, connection},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    billing::sms::Channel,
    platform::setting::code,
    portal::sign_in::{CodeRule, CodesAsked},
};
use sqlx::{AssertSqlSafe, types::Uuid};

/// What a code opens; each kind is kept in a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneCode {
    /// a tenant's own pages
    Tenant,
    /// an account whose password was forgotten
    Password,
}

impl PhoneCode {
    const fn table(self) -> &'static str {
        match self {
            Self::Tenant => "tenant_code",
            Self::Password => "password_code",
        }
    }

    /// Under which seed a number is locked: who asks for one kind does not wait for the other.
    const fn seed(self) -> i64 {
        match self {
            Self::Tenant => 7,
            Self::Password => 9,
        }
    }
}

/// The rule in force (PRM-03).
pub(crate) async fn code_rule(tx: &mut Tx, now: DateTime<Utc>) -> Result<CodeRule> {
    let value = sqlx::query_scalar!(
        "select value from parameter where code = $1 and district_id is null and valid_from <= $2
         order by valid_from desc limit 1",
        code::SMS_CODE,
        china_day(now)
    )
    .fetch_optional(connection(tx))
    .await?;
    match value {
        Some(value) => CodeRule::parse(&value)
            .map_err(|_| Error::Broken(format!("parameter {} is stored as {value:?}", code::SMS_CODE))),
        None => Ok(CodeRule::default()),
    }
}

/// How often codes of a kind were asked for. Two who ask at once for the same number ask one after the other.
pub(crate) async fn codes_asked(
    tx: &mut Tx,
    kind: PhoneCode,
    (phone_digest, address): (&[u8], &str),
    now: DateTime<Utc>,
) -> Result<CodesAsked> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), $2)) as lock",
        phone_digest,
        kind.seed()
    )
    .fetch_one(connection(tx))
    .await?;
    let table = kind.table();
    let statement = format!(
        "select max(sent_at), count(*) filter (where sent_at >= $2),
                (select count(*) from {table} where address = $4 and sent_at > $5)
         from {table} where phone_digest = $1 and sent_at <= $3"
    );
    let (last, today, from_here): (Option<DateTime<Utc>>, i64, i64) = sqlx::query_as(AssertSqlSafe(statement))
        .bind(phone_digest)
        .bind(china_midnight(china_day(now)).unwrap_or(now))
        .bind(now)
        .bind(address)
        .bind(now - TimeDelta::hours(1))
        .fetch_one(connection(tx))
        .await?;
    Ok(CodesAsked { since_last: last.map(|last| (now - last).num_seconds()), today, from_here })
}

/// A code, and the ticket by which the form with it is known.
pub(crate) struct Drawn {
    pub ticket: Uuid,
    pub code: String,
}

impl Drawn {
    pub fn by(rule: CodeRule) -> Self {
        let random = random_bytes();
        Self {
            ticket: Uuid::from_bytes(random[8..24].try_into().unwrap_or_default()),
            code: rule.draw(u64::from_le_bytes(random[..8].try_into().unwrap_or_default())),
        }
    }
}

/// The message that brings a code to a number. One that is over by the time it arrives only confuses.
pub(crate) fn outgoing(
    id: i64,
    (phone, sign): (&str, Option<String>),
    content: String,
    expires_at: DateTime<Utc>,
) -> Outgoing {
    Outgoing {
        id,
        channel: Channel::Sms,
        phone: phone.to_owned(),
        sign: sign.unwrap_or_default(),
        content,
        send_before: expires_at.fixed_offset(),
    }
}

/// Notes what the carrier said of a code's message.
///
/// # Errors
/// When the database fails.
pub async fn phone_code_sent(
    database: &Database,
    kind: PhoneCode,
    id: i64,
    said: std::result::Result<&str, &str>,
) -> Result<()> {
    let (number, message) = match said {
        Ok(number) => (Some(number), None),
        Err(why) => (None, Some(why.chars().take(200).collect::<String>())),
    };
    let mut tx = begin_city(database).await?;
    let statement = format!("update {} set gateway_no = $2, message = $3 where id = $1", kind.table());
    sqlx::query(AssertSqlSafe(statement)).bind(id).bind(number).bind(message).execute(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(())
}

/// Notes that a code was mistaken; `spent`: once too often.
pub(crate) async fn code_missed(tx: &mut Tx, kind: PhoneCode, id: i64, spent: bool, now: DateTime<Utc>) -> Result<()> {
    let statement = format!(
        "update {} set tries = tries + 1, ended_at = case when $2 then $3::timestamptz end where id = $1",
        kind.table()
    );
    sqlx::query(AssertSqlSafe(statement)).bind(id).bind(spent).bind(now).execute(connection(tx)).await?;
    Ok(())
}
