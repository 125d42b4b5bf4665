//! One error type that keeps what people may see apart from what only the log may say.

use domain::failure::{Failure, FieldErrors};
use std::fmt;

/// What a store function can end with.
#[derive(Debug)]
pub enum Error {
    /// for the person in front of the screen
    Failure(Failure),
    /// for the log
    Database(sqlx::Error),
    /// for the log: something that must not happen did
    Broken(String),
}

pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failure(failure) => failure.fmt(f),
            Self::Database(error) => error.fmt(f),
            Self::Broken(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<FieldErrors> for Error {
    fn from(errors: FieldErrors) -> Self {
        Self::Failure(errors.into())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Failure {
    /// Internal text is logged under an id; the person gets the id.
    fn from(error: Error) -> Self {
        match error {
            Error::Failure(failure) => failure,
            full if full.is_disk_full() => {
                tracing::error!(error = %full, "the database's disk is full");
                Self::refused("服务器磁盘空间不足，本次未保存。请联系系统管理员清理空间后重试")
            }
            internal => {
                let id = crate::platform::token::short_id();
                tracing::error!(%id, error = %internal, "internal failure");
                Self::Internal(id)
            }
        }
    }
}

impl Error {
    /// Whether PostgreSQL had no room to write: what was to be done is undone, and can be tried again.
    fn is_disk_full(&self) -> bool {
        let Self::Database(sqlx::Error::Database(database)) = self else { return false };
        database.code().as_deref() == Some("53100")
    }

    /// Turns the violation of a named constraint into a complaint about a field; other errors stay.
    #[must_use]
    pub fn or_field(self, constraints: &[(&str, &str, &str)]) -> Self {
        let Self::Database(sqlx::Error::Database(database)) = &self else { return self };
        let violated = database.constraint().unwrap_or_default();
        match constraints.iter().find(|(constraint, ..)| *constraint == violated) {
            Some((_, field, message)) => FieldErrors::from((*field, *message)).into(),
            None => self,
        }
    }
}

/// A value of a closed list that was read back from the database.
pub(crate) fn stored<T>(code: &str, from_code: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    from_code(code).ok_or_else(|| Error::Broken(format!("the database holds the unknown code {code:?}")))
}
