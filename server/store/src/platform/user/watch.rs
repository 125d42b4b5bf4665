//! Accounts that watch over administrators (domain.md §6.4): whoever asks for rights must not be able to sign in as the
//! person who agrees to them.

use crate::{
    Result,
    ctx::{Tx, connection},
    platform::password::NO_PASSWORD,
};
use domain::{id::UserId, platform::permission::Permission};

/// Whether an account holds such a right.
pub(super) async fn user_watches(tx: &mut Tx, id: UserId) -> Result<bool> {
    Ok(!users_watching(tx, &[id.0]).await?.is_empty())
}

/// Those of some accounts that hold one.
pub(super) async fn users_watching(tx: &mut Tx, users: &[i64]) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!(
        "select distinct ur.user_id from user_role ur join role_permission p on p.role_id = ur.role_id
         where ur.user_id = any($1) and p.permission = any($2)",
        users,
        &Permission::watching()
    )
    .fetch_all(connection(tx))
    .await?)
}

/// Of those of some accounts that hold one, makes the passwords useless that their owners have not chosen themselves,
/// because whoever made the accounts knows them. Others come from the command line (`server user password`).
pub(super) async fn first_passwords_void(tx: &mut Tx, users: &[i64]) -> Result<()> {
    let watching = users_watching(tx, users).await?;
    sqlx::query!(
        "update app_user set password_hash = $2 where id = any($1) and must_change_password and password_hash <> $2",
        &watching,
        NO_PASSWORD
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
