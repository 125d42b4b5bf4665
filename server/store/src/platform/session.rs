//! Signing in and out (S1-1.1): captchas, attempts, lockout, sessions. Takes the [`Database`] where
//! nobody is known yet.

use crate::{
    Ctx, Database, Error, Result,
    ctx::{Tx, begin_platform, connection},
    platform::{
        message::message_send,
        password::{REMEMBERED, password_hash, password_matches, password_remembered, password_set},
        second_factor::factor_has,
        setting::settings_load,
        token::{digest, secret},
        user::{actor_load, scope_load},
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    failure::{Failure, FieldErrors},
    platform::{
        actor::{
            CAPTCHA_SECONDS, DESK_HOURS, DESK_IDLE_MINUTES, KIOSK_DAYS, LOCK_AFTER, LOCK_MINUTES, SessionKind,
            password_check,
        },
        message::Notice,
        permission::Permission,
        second_factor::DUE_MINUTES,
    },
};
use sqlx::types::Uuid;

/// What a person enters to sign in.
#[derive(Clone, Debug)]
pub struct SignIn {
    pub login: String,
    pub password: String,
    pub captcha_id: String,
    pub captcha: String,
    /// network address, for the attempt log
    pub address: String,
}

/// Keeps the answer of a captcha that is being shown (PRM-04: five minutes).
///
/// # Errors
/// When the database fails.
pub async fn captcha_create(database: &Database, answer: &str, now: DateTime<Utc>) -> Result<String> {
    let mut tx = begin_platform(database).await?;
    let id = sqlx::query_scalar!(
        "insert into captcha (answer, expires_at) values ($1, $2) returning id",
        answer,
        now + TimeDelta::seconds(CAPTCHA_SECONDS),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    // Whoever comes by sweeps; an index keeps it cheap.
    sqlx::query!("delete from captcha where expires_at < $1", now).execute(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(id.to_string())
}

/// Whether a captcha was read right; none: it is over. Single use: it is gone whether the answer is right or not.
pub(crate) async fn captcha_take(tx: &mut Tx, id: &str, answer: &str, now: DateTime<Utc>) -> Result<Option<bool>> {
    let Ok(id) = id.parse::<Uuid>() else { return Ok(None) };
    let known = sqlx::query_scalar!("delete from captcha where id = $1 and expires_at >= $2 returning answer", id, now)
        .fetch_optional(connection(tx))
        .await?;
    Ok(known.map(|known| known.eq_ignore_ascii_case(answer.trim())))
}

/// Signs in: captcha, account, lock, password, in this order; answers the secret for the cookie. With a second factor
/// the session opens nothing until [`super::second_factor::factor_verify`] has seen its code.
///
/// # Errors
/// The sentences of S1-1.1; each attempt is logged, also a refused one.
pub async fn sign_in(database: &Database, entered: SignIn, now: DateTime<Utc>) -> Result<String> {
    let mut tx = begin_platform(database).await?;
    let verdict = sign_in_judge(&mut tx, &entered, now).await?;
    let result = match verdict {
        // The counter stays: who knows the password alone must not begin anew with guessing codes.
        Verdict::Welcome(user) if factor_has(&mut tx, user).await? => {
            attempt_log(&mut tx, &entered.attempt(Some(user)), "FACTOR_DUE", now).await?;
            Ok(session_create(&mut tx, user, SessionKind::Desk, true, now).await?)
        }
        Verdict::Welcome(user) => {
            sqlx::query!(
                "update app_user set failed_attempts = 0, locked_until = null, last_login_at = $2 where id = $1",
                user,
                now
            )
            .execute(connection(&mut tx))
            .await?;
            attempt_log(&mut tx, &entered.attempt(Some(user)), "OK", now).await?;
            Ok(session_create(&mut tx, user, SessionKind::Desk, false, now).await?)
        }
        Verdict::Refused { user, code, sentence } => {
            attempt_log(&mut tx, &entered.attempt(user), code, now).await?;
            Err(Error::from(Failure::refused(sentence)))
        }
    };
    tx.commit().await?;
    result
}

enum Verdict {
    Welcome(i64),
    Refused { user: Option<i64>, code: &'static str, sentence: String },
}

async fn sign_in_judge(tx: &mut Tx, entered: &SignIn, now: DateTime<Utc>) -> Result<Verdict> {
    let refused = |user, code, sentence: &str| Ok(Verdict::Refused { user, code, sentence: sentence.to_owned() });
    match captcha_take(tx, &entered.captcha_id, &entered.captcha, now).await? {
        Some(true) => {}
        Some(false) => return refused(None, "CAPTCHA", "验证码错误"),
        None => return refused(None, "CAPTCHA", "验证码已过期，请刷新"),
    }
    // The row lock makes guesses at one account queue up, so that the counter cannot be outrun.
    let account = sqlx::query!(
        "select id, password_hash, status, failed_attempts, locked_until from app_user
         where login = $1 and deleted_at is null for update",
        entered.login.trim(),
    )
    .fetch_optional(connection(tx))
    .await?;
    if let Some(account) = &account
        && let Some(sentence) = locked(account.locked_until, now)
    {
        return refused(Some(account.id), "LOCKED", &sentence);
    }
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let matches = password_matches(entered.password.clone(), hash).await?;
    let Some(account) = account else { return refused(None, "PASSWORD", "账号或密码错误") };
    if !matches {
        let locked = attempt_failed(tx, account.id, account.failed_attempts, account.locked_until, now).await?;
        return refused(Some(account.id), "PASSWORD", locked.as_deref().unwrap_or("账号或密码错误"));
    }
    // Also when the organisation is closed: such a session would open nothing and say nothing.
    if account.status != "ON" || actor_load(tx, account.id, SessionKind::Desk, now).await?.is_none() {
        return refused(Some(account.id), "DISABLED", "账号已停用");
    }
    Ok(Verdict::Welcome(account.id))
}

/// What is counted of an account; its row is held until the transaction ends.
pub(super) struct Account {
    pub password_hash: String,
    pub failed_attempts: i32,
    pub locked_until: Option<DateTime<Utc>>,
}

pub(super) async fn account_hold(tx: &mut Tx, user: i64) -> Result<Account> {
    Ok(sqlx::query_as!(
        Account,
        "select password_hash, failed_attempts, locked_until from app_user where id = $1 for update",
        user
    )
    .fetch_one(connection(tx))
    .await?)
}

/// The sentence about a lock that holds. One that lasts longer than one can was set by a clock that ran ahead and was put
/// right since.
pub(super) fn locked(until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<String> {
    let until = until.filter(|until| *until > now && *until - now <= TimeDelta::minutes(LOCK_MINUTES))?;
    Some(format!("账号已锁定，请{}分钟后重试", (until - now).num_minutes() + 1))
}

/// Counts a wrong password or a wrong code of an account whose row is held and that is not [`locked`]; answers the
/// sentence when that locks it. The first failure after a lock begins a new count.
pub(super) async fn attempt_failed(
    tx: &mut Tx,
    user: i64,
    failed_before: i32,
    locked_before: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Option<String>> {
    let failed = if locked_before.is_some() { 1 } else { failed_before + 1 };
    let locked = (failed >= LOCK_AFTER).then(|| now + TimeDelta::minutes(LOCK_MINUTES));
    sqlx::query!("update app_user set failed_attempts = $2, locked_until = $3 where id = $1", user, failed, locked)
        .execute(connection(tx))
        .await?;
    Ok(locked.map(|_| format!("账号已锁定，请{LOCK_MINUTES}分钟后重试")))
}

/// Asks a signed-in person for the own password, whose row stays held: at a desk that was left open somebody else
/// stands. A wrong one counts as at the door, also when nothing else happens.
///
/// # Errors
/// A complaint about the field: what `wrong` says, or that the account is locked.
pub(super) async fn password_prove(mut tx: Tx, ctx: &Ctx, wrong: (&str, &str), password: String) -> Result<Tx> {
    let user = ctx.actor().id.0;
    let account = account_hold(&mut tx, user).await?;
    let (field, sentence) = wrong;
    if let Some(sentence) = locked(account.locked_until, ctx.now()) {
        return Err(FieldErrors::from((field, sentence.as_str())).into());
    }
    if password_matches(password, Some(account.password_hash)).await? {
        return Ok(tx);
    }
    let locked = attempt_failed(&mut tx, user, account.failed_attempts, account.locked_until, ctx.now()).await?;
    tx.commit().await?;
    Err(FieldErrors::from((field, locked.as_deref().unwrap_or(sentence))).into())
}

/// Who tries to come in, and from where.
pub(super) struct Attempt<'a> {
    pub login: &'a str,
    pub address: &'a str,
    pub user: Option<i64>,
}

impl SignIn {
    fn attempt(&self, user: Option<i64>) -> Attempt<'_> {
        Attempt { login: &self.login, address: &self.address, user }
    }
}

pub(super) async fn attempt_log(tx: &mut Tx, attempt: &Attempt<'_>, result: &str, now: DateTime<Utc>) -> Result<()> {
    let login: String = attempt.login.trim().chars().take(30).collect();
    sqlx::query!(
        "insert into login_attempt (at, login, user_id, address, result) values ($1, $2, $3, $4, $5)",
        now,
        login,
        attempt.user,
        attempt.address,
        result
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Begins a session; one whose second factor is due opens nothing, and not for long.
pub(super) async fn session_create(
    tx: &mut Tx,
    user: i64,
    kind: SessionKind,
    factor_due: bool,
    now: DateTime<Utc>,
) -> Result<String> {
    let secret = secret();
    let life = if factor_due { TimeDelta::minutes(DUE_MINUTES) } else { life(kind) };
    sqlx::query!(
        "insert into session (token_digest, user_id, kind, factor_due, created_at, seen_at, expires_at)
         values ($1, $2, $3, $4, $5, $5, $6)",
        &digest(secret.as_bytes())[..],
        user,
        kind.code(),
        factor_due,
        now,
        now + life,
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("delete from session where expires_at < $1", now).execute(connection(tx)).await?;
    if kind == SessionKind::Desk && !factor_due {
        places_limit(tx, user, &secret, now).await?;
    }
    Ok(secret)
}

/// An account is signed in at so many places at once (domain.md §2.6): beside the new one the oldest end, those that were
/// used longest ago, and the person is told. What is idle too long is no place any more.
async fn places_limit(tx: &mut Tx, user: i64, newest: &str, now: DateTime<Utc>) -> Result<()> {
    let most = i64::from(settings_load(tx).await?.session_limit);
    if most == 0 {
        return Ok(());
    }
    let ended = sqlx::query!(
        "delete from session where token_digest in (
             select token_digest from session
             where user_id = $1 and kind = 'DESK' and not factor_due and expires_at > $2 and seen_at > $3 and token_digest <> $4
             order by seen_at desc, created_at desc offset $5)",
        user,
        now,
        now - TimeDelta::minutes(DESK_IDLE_MINUTES),
        &digest(newest.as_bytes())[..],
        most - 1,
    )
    .execute(connection(tx))
    .await?;
    if ended.rows_affected() > 0 {
        let most = most.to_string();
        message_send(tx, user, Notice::SessionEnded, &[("上限", most.as_str())], "/password").await?;
    }
    Ok(())
}

/// How long a session lasts at most.
fn life(kind: SessionKind) -> TimeDelta {
    match kind {
        SessionKind::Desk => TimeDelta::hours(DESK_HOURS),
        SessionKind::Kiosk => TimeDelta::days(KIOSK_DAYS),
    }
}

/// The context of a cookie's secret, or nothing when it belongs to no live session. Being asked
/// counts as activity (to the minute, which spares a write per request).
///
/// # Errors
/// When the database fails.
pub async fn session_ctx(database: &Database, secret: &str, now: DateTime<Utc>) -> Result<Option<Ctx>> {
    session_load(database, secret, now, true).await
}

/// The same without counting as activity: an open stream is no person at work.
///
/// # Errors
/// When the database fails.
pub async fn session_peek(database: &Database, secret: &str, now: DateTime<Utc>) -> Result<Option<Ctx>> {
    session_load(database, secret, now, false).await
}

async fn session_load(database: &Database, secret: &str, now: DateTime<Utc>, active: bool) -> Result<Option<Ctx>> {
    let digest = digest(secret.as_bytes());
    let mut tx = begin_platform(database).await?;
    let session = sqlx::query!(
        r#"select user_id, kind, seen_at,
                  (select count(*) from message m where m.receiver_id = session.user_id and m.read_at is null) as "unread!"
           from session
           where token_digest = $1 and not factor_due and expires_at > $2 and (kind = 'KIOSK' or seen_at > $3)"#,
        &digest[..],
        now,
        now - TimeDelta::minutes(DESK_IDLE_MINUTES),
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let Some(session) = session else { return Ok(None) };
    let kind = if session.kind == "KIOSK" { SessionKind::Kiosk } else { SessionKind::Desk };
    let Some((actor, reach)) = actor_load(&mut tx, session.user_id, kind, now).await? else { return Ok(None) };
    let scope = scope_load(&mut tx, reach).await?;
    let idle = now - session.seen_at;
    // A clock that was set back has left marks in the future; limits count from now on, so that none grows by the jump.
    if idle < -TimeDelta::minutes(1) || active && idle > TimeDelta::minutes(1) {
        sqlx::query!(
            "update session set seen_at = $2, expires_at = least(expires_at, $3) where token_digest = $1",
            &digest[..],
            now,
            now + life(kind)
        )
        .execute(connection(&mut tx))
        .await?;
    }
    tx.commit().await?;
    Ok(Some(Ctx::new(actor, scope, now, database.clone()).with_unread(session.unread)))
}

/// Whether a cookie's secret belongs to a session that waits for the code of a second factor. To everything else such a
/// session is nobody.
///
/// # Errors
/// When the database fails.
pub async fn session_factor_due(database: &Database, secret: &str, now: DateTime<Utc>) -> Result<bool> {
    let mut tx = begin_platform(database).await?;
    let due = sqlx::query_scalar!(
        r#"select exists (select from session where token_digest = $1 and factor_due and expires_at > $2) as "due!""#,
        &digest(secret.as_bytes())[..],
        now
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(due)
}

/// Ends every session of an account.
pub(super) async fn sessions_end(tx: &mut Tx, user: i64) -> Result<()> {
    sqlx::query!("delete from session where user_id = $1", user).execute(connection(tx)).await?;
    Ok(())
}

/// Ends the session of a cookie.
///
/// # Errors
/// When the database fails.
pub async fn sign_out(database: &Database, secret: &str) -> Result<()> {
    let mut tx = begin_platform(database).await?;
    sqlx::query!("delete from session where token_digest = $1", &digest(secret.as_bytes())[..])
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Turns the present desk session into one for a wall: no idle limit, home and map only. Answers the
/// new secret; the old session ends.
///
/// # Errors
/// [`Failure::Forbidden`] without the permission.
pub async fn kiosk_start(ctx: &Ctx, old_secret: &str) -> Result<String> {
    ctx.require(Permission::KioskStart)?;
    let mut tx = ctx.begin().await?;
    let secret = session_create(&mut tx, ctx.actor().id.0, SessionKind::Kiosk, false, ctx.now()).await?;
    sqlx::query!("delete from session where token_digest = $1", &digest(old_secret.as_bytes())[..])
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(secret)
}

/// Changes the actor's own password and ends all his other sessions; answers a fresh secret.
///
/// # Errors
/// Complaints about `old`, `new` or `again`; [`Failure::Forbidden`] from a wall, where anybody stands.
pub async fn password_change(ctx: &Ctx, old: String, new: String, again: &str) -> Result<String> {
    if ctx.actor().session == SessionKind::Kiosk {
        return Err(Failure::Forbidden.into());
    }
    let mut errors = FieldErrors::default();
    errors.take("new", password_check(&new, &ctx.actor().login));
    if new != again {
        errors.add("again", "两次输入的密码不一致");
    }
    if new == old {
        errors.add("new", "新密码不能与原密码相同");
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let mut tx = password_prove(ctx.begin().await?, ctx, ("old", "原密码错误"), old).await?;
    let user = ctx.actor().id.0;
    if password_remembered(&mut tx, user, &new).await? {
        let sentence = format!("新密码不能与最近{REMEMBERED}次使用过的密码相同");
        return Err(FieldErrors::from(("new", sentence.as_str())).into());
    }
    let hash = password_hash(new).await?;
    password_set(&mut tx, user, &hash, false, Some(user), ctx.now()).await?;
    let secret = session_create(&mut tx, user, SessionKind::Desk, false, ctx.now()).await?;
    tx.commit().await?;
    Ok(secret)
}
