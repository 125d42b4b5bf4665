//! 忘记密码 (S1-1.1): a code to the account's registered telephone, and another password for the code. Takes the [`Database`],
//! because nobody is known yet.
//!
//! An account that does not exist, is closed or has another telephone is treated like any other – the same rows, the same
//! limits, the same sentences – except that no message goes out. The second factor stays: who has set the password signs in
//! with both. Accounts that watch over administrators get no code: whoever keeps accounts sets their telephones.

use super::{
    cipher::{KeyRing, Kind},
    password::{REMEMBERED, password_hash, password_remembered, password_set},
    phone_code::{Drawn, PhoneCode, code_missed, code_rule, codes_asked, outgoing},
    session::{Attempt, attempt_log, captcha_take},
    sms::Outgoing,
    user::{actor_load, watch::users_watching},
};
use crate::{
    Database, Error, Result,
    ctx::{Tx, begin_city, connection},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    failure::FieldErrors,
    platform::{
        actor::SessionKind,
        forgotten::{CODES_PER_NETWORK, asked_check, message, new_check},
    },
    portal::sign_in::{CODE_IS_OVER, CODE_IS_SPENT, CODE_IS_WRONG},
    value::text::normalize,
};
use sqlx::types::Uuid;

/// What is entered to get a code.
#[derive(Clone, Copy)]
pub struct CodeRequest<'a> {
    pub login: &'a str,
    pub phone: &'a str,
    pub captcha_id: &'a str,
    pub captcha: &'a str,
    /// network address
    pub address: &'a str,
}

/// A code that was asked for.
pub struct CodeAsked {
    /// what the form with the code brings back
    pub ticket: String,
    /// the message to be sent; none where account and telephone are nobody's
    pub message: Option<Outgoing>,
}

/// Makes a code for an account's owner. The caller sends the message, if there is one, and lets nobody wait for it.
///
/// # Errors
/// Complaints about `login`, `phone` and `captcha`; a refusal for who asks too often.
pub async fn password_code_create(
    database: &Database,
    request: CodeRequest<'_>,
    now: DateTime<Utc>,
) -> Result<CodeAsked> {
    let (login, phone) = asked_check(request.login, request.phone)?;
    let ring = database.keys()?;
    let digests = ring.indexes(Kind::Phone, phone.as_str());
    let phone_digest = digests.first().ok_or_else(|| Error::Broken("the ring has no key".to_owned()))?;
    let mut tx = begin_city(database).await?;
    let complaint = match captcha_take(&mut tx, request.captcha_id, request.captcha, now).await? {
        Some(true) => None,
        Some(false) => Some("验证码错误"),
        None => Some("验证码已过期，请刷新"),
    };
    if let Some(sentence) = complaint {
        // A captcha is worth one try.
        tx.commit().await?;
        return Err(FieldErrors::from(("captcha", sentence)).into());
    }
    let rule = code_rule(&mut tx, now).await?;
    let asked = codes_asked(&mut tx, PhoneCode::Password, (phone_digest, request.address), now).await?;
    // Counted by telephone and not by account: who knows an account alone keeps nobody from asking.
    if let Err(refusal) = rule.allows(asked, CODES_PER_NETWORK) {
        // The captcha is gone all the same.
        tx.commit().await?;
        return Err(refusal.into());
    }
    let user = owner(&mut tx, &login, &digests, now).await?;
    let Drawn { ticket, code } = Drawn::by(rule);
    let expires_at = now + TimeDelta::seconds(rule.valid_seconds);
    let made = sqlx::query!(
        "insert into password_code (ticket, login, phone_digest, code_signature, address, sent_at, expires_at, user_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning id, (select sign from sms_template order by id limit 1) as sign",
        ticket,
        login,
        phone_digest,
        ring.sign(&signed(ticket, &code)),
        request.address,
        now,
        expires_at,
        user,
    )
    .fetch_one(connection(&mut tx))
    .await?;
    attempt_log(&mut tx, &Attempt { login: &login, address: request.address, user }, "RESET_ASKED", now).await?;
    tx.commit().await?;
    let message =
        user.is_some().then(|| outgoing(made.id, (phone.as_str(), made.sign), message(rule, &code), expires_at));
    Ok(CodeAsked { ticket: ticket.to_string(), message })
}

/// Whose account and telephone they are: of somebody who may sign in, and who watches over nobody.
async fn owner(tx: &mut Tx, login: &str, digests: &[Vec<u8>], now: DateTime<Utc>) -> Result<Option<i64>> {
    let user = sqlx::query_scalar!(
        "select u.id from app_user u where u.login = $1 and u.status = 'ON' and u.deleted_at is null
           and exists (select from user_phone p where p.user_id = u.id and p.digest = any($2))",
        login,
        digests
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(user) = user else { return Ok(None) };
    Ok(may_reset(tx, user, now).await?.then_some(user))
}

async fn may_reset(tx: &mut Tx, user: i64, now: DateTime<Utc>) -> Result<bool> {
    let enabled = actor_load(tx, user, SessionKind::Desk, now).await?.is_some();
    Ok(enabled && users_watching(tx, &[user]).await?.is_empty())
}

fn signed(ticket: Uuid, code: &str) -> String {
    format!("password-code/{ticket}/{code}")
}

/// What is entered to set another password.
pub struct NewPassword {
    pub ticket: String,
    pub code: String,
    pub new: String,
    pub again: String,
    /// network address
    pub address: String,
}

/// Gives the account of a code another password, opens its lock and ends all its sessions; the code is used up.
///
/// # Errors
/// Complaints about `new` and `again`, which cost no try; about `code`, the same for everybody.
pub async fn password_forgotten_set(database: &Database, entered: NewPassword, now: DateTime<Utc>) -> Result<()> {
    let refused = |sentence: &str| Error::from(FieldErrors::from(("code", sentence)));
    let mut tx = begin_city(database).await?;
    let rule = code_rule(&mut tx, now).await?;
    let Some(asked) = asked(&mut tx, &entered.ticket).await? else { return Err(refused(CODE_IS_OVER)) };
    if asked.tries >= rule.tries {
        return Err(refused(CODE_IS_SPENT));
    }
    if asked.ended_at.is_some() || asked.expires_at <= now {
        return Err(refused(CODE_IS_OVER));
    }
    new_check(&asked.login, &entered.new, &entered.again)?;
    let attempt = Attempt { login: &asked.login, address: &entered.address, user: asked.user_id };
    let right = is_right(database.keys()?, &asked, &entered.code);
    let user = match asked.user_id.filter(|_| right) {
        Some(user) if may_reset(&mut tx, user, now).await? => user,
        _ => {
            let spent = asked.tries + 1 >= rule.tries;
            code_missed(&mut tx, PhoneCode::Password, asked.id, spent, now).await?;
            attempt_log(&mut tx, &attempt, "RESET_CODE", now).await?;
            tx.commit().await?;
            return Err(refused(if spent { CODE_IS_SPENT } else { CODE_IS_WRONG }));
        }
    };
    if password_remembered(&mut tx, user, &entered.new).await? {
        let sentence = format!("新密码不能与最近{REMEMBERED}次使用过的密码相同");
        return Err(FieldErrors::from(("new", sentence.as_str())).into());
    }
    let hash = password_hash(entered.new.clone()).await?;
    // The owner did it, and the operation log says so.
    sqlx::query!("select set_config('app.actor', $1, true) as actor", user.to_string())
        .fetch_one(connection(&mut tx))
        .await?;
    password_set(&mut tx, user, &hash, false, Some(user), now).await?;
    sqlx::query!("update password_code set ended_at = $2 where user_id = $1 and ended_at is null", user, now)
        .execute(connection(&mut tx))
        .await?;
    attempt_log(&mut tx, &attempt, "RESET", now).await?;
    tx.commit().await?;
    Ok(())
}

/// A code that was asked for, whose row is locked.
struct Asked {
    id: i64,
    ticket: Uuid,
    login: String,
    code_signature: String,
    expires_at: DateTime<Utc>,
    tries: i16,
    ended_at: Option<DateTime<Utc>>,
    user_id: Option<i64>,
}

async fn asked(tx: &mut Tx, ticket: &str) -> Result<Option<Asked>> {
    let Ok(ticket) = ticket.parse::<Uuid>() else { return Ok(None) };
    Ok(sqlx::query_as!(
        Asked,
        "select id, ticket, login, code_signature, expires_at, tries, ended_at, user_id from password_code
         where ticket = $1 for update",
        ticket
    )
    .fetch_optional(connection(tx))
    .await?)
}

fn is_right(ring: &KeyRing, asked: &Asked, code: &str) -> bool {
    ring.is_signed(&signed(asked.ticket, &normalize(code)), &asked.code_signature)
}
