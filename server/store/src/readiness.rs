//! Whether this process may be sent requests, as a load balancer asks it every few seconds.

use crate::{
    Database, Error, Result,
    database::{APPLICATION_ROLE, MIGRATIONS},
};

/// Why not.
#[derive(Debug)]
pub enum NotReady {
    /// the database does not answer
    Unreachable(Error),
    /// a migration that this program carries is not applied, or was applied with another text
    Behind(i64),
    /// business would run as another role than [`APPLICATION_ROLE`], or as one that row-level security does not rule
    Role(String),
}

/// Asks the database one question: does it answer, and are we the role that row-level security rules?
///
/// # Errors
/// The reason.
pub async fn role_check(database: &Database) -> std::result::Result<(), NotReady> {
    let (role, ruled): (String, bool) = sqlx::query_as(
        "select rolname::text, not rolsuper and not rolbypassrls from pg_roles where rolname = current_user",
    )
    .fetch_one(&database.app)
    .await
    .map_err(|error| NotReady::Unreachable(error.into()))?;
    if role == APPLICATION_ROLE && ruled { Ok(()) } else { Err(NotReady::Role(role)) }
}

/// Whether every migration of this program is applied as it is written here. What a newer server has added
/// beside does no harm: migrations expand before they contract.
///
/// # Errors
/// The reason.
pub async fn migrations_check(database: &Database) -> std::result::Result<(), NotReady> {
    let applied = applied(database).await.map_err(NotReady::Unreachable)?;
    let missing = MIGRATIONS.iter().find(|migration| {
        !applied.iter().any(|(version, sum)| *version == migration.version && *sum == *migration.checksum)
    });
    missing.map_or(Ok(()), |migration| Err(NotReady::Behind(migration.version)))
}

async fn applied(database: &Database) -> Result<Vec<(i64, Vec<u8>)>> {
    Ok(sqlx::query_as("select version, checksum from _sqlx_migrations where success")
        .fetch_all(database.owner())
        .await?)
}
