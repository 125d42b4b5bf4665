//! The second factor of an account (domain.md §2.6): set up, asked for at the door, renewed, taken away.
//!
//! The secret is sealed; recovery codes are kept as digests keyed with it, so that a copy of the database cannot try
//! them and a new key of the ring leaves them as they are. Wrong codes count like wrong passwords.

use super::{
    session::{Attempt, account_hold, attempt_failed, attempt_log, locked, password_prove, session_create},
    token::random_bytes,
    totp::{SECRET, accepted, base32, five_bits, step},
};
use crate::{
    Ctx, Database, Result,
    ctx::{Tx, begin_platform, connection},
    platform::{
        cipher::{KeyRing, Kind},
        token::digest,
    },
};
use chrono::{DateTime, Utc};
use domain::{
    failure::{Failure, FieldErrors},
    id::UserId,
    platform::{
        actor::SessionKind,
        second_factor::{
            Entered, FactorOffer, FactorState, RECOVERY_ALPHABET, RECOVERY_CODES, RECOVERY_LENGTH, grouped,
        },
    },
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What is told of a code that does not fit; also of one that did before.
const WRONG: &str = "验证码错误或已使用过，请核对手机时间，用验证器最新显示的验证码重试";

/// A factor in use.
struct Factor {
    id: i64,
    secret: Vec<u8>,
    recovery: Vec<Vec<u8>>,
    used_step: i64,
}

/// How a code was taken.
enum Taken {
    Code,
    Recovery,
}

/// Where the own account stands.
///
/// # Errors
/// [`Failure::Forbidden`] from a wall, or before the password was changed.
pub async fn factor_state(ctx: &Ctx) -> Result<FactorState> {
    let mut tx = own_begin(ctx).await?;
    let row = sqlx::query!(
        r#"select confirmed_at as "confirmed_at!", cardinality(recovery) as "left!" from user_factor
           where user_id = $1 and removed_at is null and confirmed_at is not null"#,
        ctx.actor().id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let wanted = super::user::factor_wanted(&mut tx, ctx.today()).await?;
    tx.commit().await?;
    let holds = ctx.actor().permissions.iter().any(|permission| permission.needs_second_factor());
    Ok(FactorState {
        since: row.as_ref().map(|row| row.confirmed_at),
        recovery_left: row.map_or(0, |row| usize::try_from(row.left).unwrap_or_default()),
        required: ctx.actor().must_enrol || (wanted && holds),
    })
}

/// Draws a secret for the own account; an earlier one that was not confirmed is forgotten.
///
/// # Errors
/// A refusal when a factor is in use; as [`factor_state`].
pub async fn factor_offer(ctx: &Ctx) -> Result<FactorOffer> {
    let ring = ctx.database().keys()?;
    let secret = &random_bytes()[..SECRET];
    let mut tx = own_begin(ctx).await?;
    let offered = sqlx::query_scalar!(
        "insert into user_factor (user_id, secret, key_id, offered_at) values ($1, $2, $3, $4)
         on conflict (user_id) where removed_at is null do update
         set secret = excluded.secret, key_id = excluded.key_id, offered_at = excluded.offered_at
         where user_factor.confirmed_at is null returning id",
        ctx.actor().id.0,
        ring.seal_bytes(Kind::SecondFactor, secret),
        ring.active(),
        ctx.now(),
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    if offered.is_none() {
        return Err(in_use().into());
    }
    tx.commit().await?;
    Ok(FactorOffer { key: base32(secret), login: ctx.actor().login.clone() })
}

/// Takes the offered secret into use when the phone shows its code. Answers the secret of the session that goes on –
/// the account's other desks are signed out – and the recovery codes, which are shown once. It asks for the password as
/// well: at a desk that was left open somebody else would bind his phone.
///
/// # Errors
/// Complaints about `code` and `password`, of which a wrong one counts; a refusal when nothing is offered; as
/// [`factor_state`].
pub async fn factor_confirm(ctx: &Ctx, code: &str, password: String) -> Result<(String, Vec<String>)> {
    let tx = own_begin(ctx).await?;
    let entered = Entered::parse_code(code).map_err(|complaint| FieldErrors::from(("code", complaint.text())))?;
    let ring = ctx.database().keys()?;
    let user = ctx.actor().id.0;
    // The account is held from here on, so that nobody signs in by the password alone meanwhile.
    let mut tx = password_prove(tx, ctx, ("password", "密码错误"), password).await?;
    let offered = sqlx::query!(
        r#"select id, secret as "secret!", confirmed_at from user_factor where user_id = $1 and removed_at is null
           for update"#,
        user
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let offered = match offered {
        Some(row) if row.confirmed_at.is_some() => return Err(in_use().into()),
        Some(row) => row,
        None => return Err(Failure::refused("请先扫描二维码，再输入验证码").into()),
    };
    let secret = ring.open_bytes(Kind::SecondFactor, &offered.secret)?;
    let Some(used) = accepted(&secret, entered, step(ctx.now()), 0) else {
        return Err(FieldErrors::from(("code", WRONG)).into());
    };
    let (codes, digests) = recovery_codes(&secret);
    sqlx::query!(
        "update user_factor set confirmed_at = $2, used_step = $3, recovery = $4 where id = $1",
        offered.id,
        ctx.now(),
        used,
        &digests
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!("delete from session where user_id = $1 and kind = 'DESK'", user).execute(connection(&mut tx)).await?;
    let session = session_create(&mut tx, user, SessionKind::Desk, false, ctx.now()).await?;
    tx.commit().await?;
    Ok((session, codes))
}

/// Draws new recovery codes; the earlier ones are good for nothing any more.
///
/// # Errors
/// A complaint about `code`; a refusal without a factor, or of a locked account; as [`factor_state`].
pub async fn factor_codes_renew(ctx: &Ctx, code: &str) -> Result<Vec<String>> {
    let (mut tx, factor) = own_proven(ctx, code).await?;
    let (codes, digests) = recovery_codes(&factor.secret);
    sqlx::query!("update user_factor set recovery = $2 where id = $1", factor.id, &digests)
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(codes)
}

/// Gives the own factor up, to take over another phone or because it is not required.
///
/// # Errors
/// As [`factor_codes_renew`].
pub async fn factor_disable(ctx: &Ctx, code: &str) -> Result<()> {
    let (mut tx, factor) = own_proven(ctx, code).await?;
    let own = ctx.actor().id;
    factor_end(&mut tx, factor.id, Some(own), "本人停用", ctx.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// The second step at the door: the session that waits for a code ends, and one that opens begins; answers its secret.
///
/// # Errors
/// [`Failure::NotSignedIn`] without such a session; the sentences of a wrong code and of a locked account, which are
/// logged like those of a wrong password.
pub async fn factor_verify(
    database: &Database,
    pending: &str,
    code: &str,
    address: &str,
    now: DateTime<Utc>,
) -> Result<String> {
    let entered = Entered::parse(code).map_err(|complaint| Failure::refused(complaint.text()))?;
    let mut tx = begin_platform(database).await?;
    let account = sqlx::query!(
        "select u.id, u.login from session s join app_user u on u.id = s.user_id
         where s.token_digest = $1 and s.factor_due and s.expires_at > $2",
        &digest(pending.as_bytes())[..],
        now,
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotSignedIn)?;
    let who = Attempt { login: &account.login, address, user: Some(account.id) };
    // Two requests with one cookie wait for each other here; the second finds no session any more.
    account_hold(&mut tx, account.id).await?;
    let waiting = sqlx::query_scalar!(
        r#"select exists (select from session where token_digest = $1 and factor_due) as "waiting!""#,
        &digest(pending.as_bytes())[..]
    );
    if !waiting.fetch_one(connection(&mut tx)).await? {
        return Err(Failure::NotSignedIn.into());
    }
    let verdict = judge(&mut tx, database.keys()?, account.id, &entered, now).await?;
    let result = match verdict {
        Ok((_, taken)) => {
            sqlx::query!("delete from session where token_digest = $1", &digest(pending.as_bytes())[..])
                .execute(connection(&mut tx))
                .await?;
            sqlx::query!("update app_user set last_login_at = $2 where id = $1", account.id, now)
                .execute(connection(&mut tx))
                .await?;
            let outcome = match taken {
                Taken::Code => "OK",
                Taken::Recovery => "RECOVERY",
            };
            attempt_log(&mut tx, &who, outcome, now).await?;
            Ok(session_create(&mut tx, account.id, SessionKind::Desk, false, now).await?)
        }
        Err(refusal) => {
            attempt_log(&mut tx, &who, refusal.outcome, now).await?;
            if refusal.locked {
                sqlx::query!("delete from session where user_id = $1 and factor_due", account.id)
                    .execute(connection(&mut tx))
                    .await?;
            }
            Err(Failure::refused(refusal.sentence).into())
        }
    };
    tx.commit().await?;
    result
}

/// Whether an account has a factor in use.
pub(super) async fn factor_has(tx: &mut Tx, user: i64) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from user_factor
                          where user_id = $1 and removed_at is null and confirmed_at is not null) as "has!""#,
        user
    )
    .fetch_one(connection(tx))
    .await?)
}

fn in_use() -> Failure {
    Failure::refused("已启用二次验证；更换手机请先停用")
}

/// The transaction of somebody at a desk about his own factor.
async fn own_begin(ctx: &Ctx) -> Result<Tx> {
    if ctx.actor().session == SessionKind::Kiosk || ctx.actor().must_change_password {
        return Err(Failure::Forbidden.into());
    }
    ctx.begin().await
}

/// The own factor, after a code has proven that the phone is at hand.
async fn own_proven(ctx: &Ctx, code: &str) -> Result<(Tx, Factor)> {
    let mut tx = own_begin(ctx).await?;
    let entered = Entered::parse(code).map_err(|complaint| FieldErrors::from(("code", complaint.text())))?;
    match judge(&mut tx, ctx.database().keys()?, ctx.actor().id.0, &entered, ctx.now()).await? {
        Ok((factor, _)) => Ok((tx, factor)),
        Err(refusal) => {
            // The wrong code counts although nothing else happens.
            tx.commit().await?;
            Err(FieldErrors::from(("code", refusal.sentence.as_str())).into())
        }
    }
}

/// Why a code was not taken.
struct Refusal {
    /// as the log of attempts names it
    outcome: &'static str,
    sentence: String,
    locked: bool,
}

/// Compares what was entered with the factor of an account and uses it up; counts what is wrong. The account's row is
/// held, so that guesses queue up and the counter cannot be outrun.
async fn judge(
    tx: &mut Tx,
    ring: &KeyRing,
    user: i64,
    entered: &Entered,
    now: DateTime<Utc>,
) -> Result<std::result::Result<(Factor, Taken), Refusal>> {
    let account = account_hold(tx, user).await?;
    if let Some(sentence) = locked(account.locked_until, now) {
        return Ok(Err(Refusal { outcome: "LOCKED", sentence, locked: true }));
    }
    let Some(factor) = factor_load(tx, ring, user).await? else {
        let sentence = "该账号未启用二次验证，请重新登录".to_owned();
        return Ok(Err(Refusal { outcome: "FACTOR", sentence, locked: true }));
    };
    let taken = match entered {
        Entered::Code(code) => match accepted(&factor.secret, *code, step(now), factor.used_step) {
            Some(used) => {
                sqlx::query!("update user_factor set used_step = $2 where id = $1", factor.id, used)
                    .execute(connection(tx))
                    .await?;
                Some(Taken::Code)
            }
            None => None,
        },
        Entered::Recovery(code) => {
            let digest = recovery_digest(&factor.secret, code);
            let known = factor.recovery.contains(&digest);
            if known {
                // Whose deed it is, the log is told: nobody is signed in yet.
                sqlx::query!("select set_config('app.actor', $1, true)", user.to_string())
                    .fetch_one(connection(tx))
                    .await?;
                sqlx::query!(
                    "update user_factor set recovery = array_remove(recovery, $2) where id = $1",
                    factor.id,
                    digest
                )
                .execute(connection(tx))
                .await?;
            }
            known.then_some(Taken::Recovery)
        }
    };
    match taken {
        Some(taken) => {
            sqlx::query!("update app_user set failed_attempts = 0, locked_until = null where id = $1", user)
                .execute(connection(tx))
                .await?;
            Ok(Ok((factor, taken)))
        }
        None => {
            let locked = attempt_failed(tx, user, account.failed_attempts, account.locked_until, now).await?;
            let sentence = locked.clone().unwrap_or_else(|| match entered {
                Entered::Code(_) => WRONG.to_owned(),
                Entered::Recovery(_) => "恢复码错误或已使用过".to_owned(),
            });
            Ok(Err(Refusal { outcome: "FACTOR", sentence, locked: locked.is_some() }))
        }
    }
}

async fn factor_load(tx: &mut Tx, ring: &KeyRing, user: i64) -> Result<Option<Factor>> {
    let row = sqlx::query!(
        r#"select id, secret as "secret!", recovery, used_step from user_factor
           where user_id = $1 and removed_at is null and confirmed_at is not null for update"#,
        user
    )
    .fetch_optional(connection(tx))
    .await?;
    row.map(|row| {
        let secret = ring.open_bytes(Kind::SecondFactor, &row.secret)?;
        Ok(Factor { id: row.id, secret, recovery: row.recovery, used_step: row.used_step })
    })
    .transpose()
}

/// Ends whatever factors some accounts have, also those that were only offered.
pub(super) async fn factors_end(
    tx: &mut Tx,
    users: &[i64],
    by: Option<UserId>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let ids = sqlx::query_scalar!(
        "select id from user_factor where user_id = any($1) and removed_at is null order by id for update",
        users
    )
    .fetch_all(connection(tx))
    .await?;
    for id in ids {
        factor_end(tx, id, by, reason, now).await?;
    }
    Ok(())
}

pub(super) async fn factor_end(
    tx: &mut Tx,
    id: i64,
    by: Option<UserId>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update user_factor set secret = null, key_id = null, recovery = '{}', removed_at = $2, removed_by = $3, reason = $4
         where id = $1",
        id,
        now,
        by.map(|by| by.0),
        reason
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// New recovery codes as they are shown, and their digests.
fn recovery_codes(secret: &[u8]) -> (Vec<String>, Vec<Vec<u8>>) {
    (0..RECOVERY_CODES)
        .map(|_| {
            let code = five_bits(&random_bytes(), RECOVERY_ALPHABET)[..RECOVERY_LENGTH].to_owned();
            (grouped(&code, RECOVERY_LENGTH / 2, "-"), recovery_digest(secret, &code))
        })
        .unzip()
}

/// Keyed with the account's own secret: who has only the database cannot try codes against it.
fn recovery_digest(secret: &[u8], code: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length is a key");
    mac.update(b"recovery\0");
    mac.update(code.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
