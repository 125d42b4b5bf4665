//! Password hashes (argon2id) and their checks; both take tens of milliseconds and leave the
//! async threads alone.

use crate::{Error, Result, platform::token::secret};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use std::sync::OnceLock;

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

/// Whether the password belongs to the hash. Without a hash (unknown account) the same work is done
/// for nothing, so that the time taken does not tell which accounts exist.
///
/// # Errors
/// When the thread that checks dies.
pub async fn password_matches(password: String, hash: Option<String>) -> Result<bool> {
    /// Of a random password nobody kept.
    static NOBODY: OnceLock<String> = OnceLock::new();
    tokio::task::spawn_blocking(move || {
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
