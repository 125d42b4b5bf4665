//! Accounts that watch over administrators (domain.md §6.4): whoever asks for rights must not be able to sign in as the
//! person who agrees to them.

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    platform::{password::NO_PASSWORD, second_factor::factors_end, session::sessions_end},
};
use domain::{
    id::{RoleId, UserId},
    platform::permission::Permission,
};

/// Whether an account holds such a right.
pub(super) async fn user_watches(tx: &mut Tx, id: UserId) -> Result<bool> {
    Ok(!users_watching(tx, &[id.0]).await?.is_empty())
}

/// Whether an account would begin to hold one with some roles.
pub(super) async fn watch_begins(tx: &mut Tx, id: UserId, roles: &[RoleId]) -> Result<bool> {
    let roles: Vec<i64> = roles.iter().map(|role| role.0).collect();
    let watching = sqlx::query_scalar!(
        r#"select exists (select from role_permission where role_id = any($1) and permission = any($2)) as "watching!""#,
        &roles,
        &Permission::watching()
    );
    Ok(watching.fetch_one(connection(tx)).await? && !user_watches(tx, id).await?)
}

/// Those of some accounts that hold one.
pub(crate) async fn users_watching(tx: &mut Tx, users: &[i64]) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!(
        "select distinct ur.user_id from user_role ur join role_permission p on p.role_id = ur.role_id
         where ur.user_id = any($1) and p.permission = any($2)",
        users,
        &Permission::watching()
    )
    .fetch_all(connection(tx))
    .await?)
}

/// Lets accounts that hold one now and held none `before` begin anew: until then whoever asks for rights could give them
/// passwords and take their factors away, so none of it is trusted any more. Their passwords come from the command line
/// (`server user password`).
pub(crate) async fn watchers_renew(tx: &mut Tx, ctx: &Ctx, users: &[i64], before: &[i64]) -> Result<()> {
    let mut fresh = users_watching(tx, users).await?;
    fresh.retain(|user| !before.contains(user));
    sqlx::query!(
        "update app_user set password_hash = $2, must_change_password = true where id = any($1) and password_hash <> $2",
        &fresh,
        NO_PASSWORD
    )
    .execute(connection(tx))
    .await?;
    factors_end(tx, &fresh, Some(ctx.actor().id), "开始复核管理员的申请", ctx.now()).await?;
    for user in fresh {
        sessions_end(tx, user).await?;
    }
    Ok(())
}
