//! The second factor of somebody else's account: taken away when it is lost, sealed anew under another key.

use super::{record::user_hold, watch::user_watches};
use crate::{
    Ctx, Database, Result,
    ctx::{Tx, begin_platform, connection},
    platform::{
        cipher::Kind,
        password::{password_hash, password_set},
        second_factor::factor_end,
        session::sessions_end,
        token::random_password,
    },
};
use chrono::{DateTime, Utc};
use domain::{
    failure::{Failure, FieldErrors},
    id::UserId,
    platform::{approval::reason_check, permission::Permission},
};

/// Takes a lost factor away from an account, which ends its sessions, and gives it a new password, which is answered to be
/// shown once: the factor stood against whoever knows the old one. At its next sign-in it sets up another factor.
///
/// # Errors
/// Without [`Permission::UserWrite`]; a refusal for the own account, and for one that watches over administrators; a
/// complaint about `reason`.
pub async fn user_factor_remove(ctx: &Ctx, id: UserId, reason: &str) -> Result<String> {
    ctx.require(Permission::UserWrite)?;
    if id == ctx.actor().id {
        return Err(Failure::refused("不能解除自己的二次验证，请在“二次验证”页面更换").into());
    }
    let reason = reason_check(reason).map_err(|complaint| FieldErrors::from(("reason", complaint.text())))?;
    let password = random_password();
    let hash = password_hash(password.clone()).await?;
    let mut tx = ctx.begin_platform().await?;
    user_hold(&mut tx, id).await?;
    if user_watches(&mut tx, id).await? {
        let sentence = "复核人的二次验证不能由提交人解除，请由服务器管理员执行 server user factor";
        return Err(Failure::refused(sentence).into());
    }
    factor_take(&mut tx, id.0, Some(ctx.actor().id), &reason, ctx.now()).await?;
    password_set(&mut tx, id.0, &hash, true, Some(ctx.actor().id.0), ctx.now()).await?;
    tx.commit().await?;
    Ok(password)
}

/// The same from the command line, whose user owns the machine anyway and brings the new password.
///
/// # Errors
/// A refusal when there is no such account, or none that has a factor.
pub async fn user_factor_drop(database: &Database, login: &str, password: String, now: DateTime<Utc>) -> Result<()> {
    let hash = password_hash(password).await?;
    let mut tx = begin_platform(database).await?;
    let id = sqlx::query_scalar!("select id from app_user where login = $1 and deleted_at is null for update", login)
        .fetch_optional(connection(&mut tx))
        .await?;
    let Some(id) = id else { return Err(Failure::refused(format!("账号【{login}】不存在")).into()) };
    factor_take(&mut tx, id, None, "命令行解除", now).await?;
    password_set(&mut tx, id, &hash, true, None, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Seals with the key in use the secrets that another key sealed; answers how many.
///
/// # Errors
/// When the database fails, or a secret cannot be opened.
pub async fn factor_rotate(database: &Database) -> Result<u64> {
    let ring = database.keys()?;
    let mut tx = begin_platform(database).await?;
    let rows = sqlx::query!(
        r#"select id, secret as "secret!" from user_factor where key_id <> $1 order by id for update"#,
        ring.active()
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let sealed = rows
        .iter()
        .map(|row| Ok(ring.seal_bytes(Kind::SecondFactor, &ring.open_bytes(Kind::SecondFactor, &row.secret)?)))
        .collect::<Result<Vec<_>>>()?;
    sqlx::query!(
        "update user_factor f set secret = n.secret, key_id = $3
         from unnest($1::bigint[], $2::bytea[]) as n (id, secret) where f.id = n.id",
        &ids,
        &sealed,
        ring.active(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(rows.len() as u64)
}

/// Takes the factor of an account away and ends its sessions.
async fn factor_take(tx: &mut Tx, user: i64, by: Option<UserId>, reason: &str, now: DateTime<Utc>) -> Result<()> {
    let factor = sqlx::query_scalar!(
        "select id from user_factor where user_id = $1 and removed_at is null and confirmed_at is not null for update",
        user
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(factor) = factor else { return Err(Failure::refused("该账号未启用二次验证").into()) };
    factor_end(tx, factor, by, reason, now).await?;
    sessions_end(tx, user).await
}
