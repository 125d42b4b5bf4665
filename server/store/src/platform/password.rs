//! Password hashes (argon2id) and their checks; both take tens of milliseconds and leave the
//! async threads alone.

use crate::{
    Error, Result,
    ctx::{Tx, connection},
    platform::token::secret,
};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use chrono::{DateTime, Utc};
use std::sync::OnceLock;

/// How many former passwords may not come back (domain.md §2.6).
pub const REMEMBERED: i64 = 5;

/// In the place of a hash: the account has no password yet, and none opens it.
pub(crate) const NO_PASSWORD: &str = "!";

/// The argon2id hash of a password with a fresh salt.
///
/// # Errors
/// When the thread that hashes dies.
pub async fn password_hash(password: String) -> Result<String> {
    tokio::task::spawn_blocking(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|error| Error::Broken(format!("password hash: {error}")))
    })
    .await
    .map_err(|error| Error::Broken(error.to_string()))?
}

/// Whether the password belongs to the hash. Without a hash (unknown account, or [`NO_PASSWORD`]) the same work is done
/// for nothing, so that the time taken does not tell which accounts exist.
///
/// # Errors
/// When the thread that checks dies.
pub async fn password_matches(password: String, hash: Option<String>) -> Result<bool> {
    /// Of a random password nobody kept.
    static NOBODY: OnceLock<String> = OnceLock::new();
    tokio::task::spawn_blocking(move || {
        let hash = hash.filter(|hash| hash != NO_PASSWORD);
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| {
            NOBODY
                .get_or_init(|| {
                    let nobody = Argon2::default().hash_password(secret().as_bytes());
                    nobody.map(|hash| hash.to_string()).unwrap_or_default()
                })
                .clone()
        });
        let matches = PasswordHash::new(&hash)
            .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok());
        known && matches
    })
    .await
    .map_err(|error| Error::Broken(error.to_string()))
}

/// Gives an account another password: remembers it, opens the account's lock and ends its sessions.
pub(crate) async fn password_set(
    tx: &mut Tx,
    user: i64,
    hash: &str,
    must_change: bool,
    by: Option<i64>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app_user set password_hash = $2, must_change_password = $3, password_changed_at = $5, failed_attempts = 0,
                locked_until = null, updated_at = $5, updated_by = $4, version = version + 1
         where id = $1",
        user,
        hash,
        must_change,
        by,
        now,
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("insert into password_history (user_id, password_hash, at) values ($1, $2, $3)", user, hash, now)
        .execute(connection(tx))
        .await?;
    sqlx::query!(
        "delete from password_history where user_id = $1
         and id not in (select id from password_history where user_id = $1 order by id desc limit $2)",
        user,
        REMEMBERED
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("delete from session where user_id = $1", user).execute(connection(tx)).await?;
    Ok(())
}

/// Whether an account had the password lately.
pub(crate) async fn password_remembered(tx: &mut Tx, user: i64, password: &str) -> Result<bool> {
    let hashes = sqlx::query_scalar!("select password_hash from password_history where user_id = $1", user)
        .fetch_all(connection(tx))
        .await?;
    for hash in hashes {
        if password_matches(password.to_owned(), Some(hash)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
