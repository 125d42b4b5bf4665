//! What an administrator does to accounts by himself; rights need a second person (`grant`).

use super::{
    grant::request_in,
    import::import_pending,
    phone::{phone_free, phone_put},
    record::user_hold,
    watch::user_watches,
};
use crate::{
    Ctx, Error, Result,
    ctx::connection,
    platform::{
        password::{password_hash, password_set},
        session::sessions_end,
        token::random_password,
        workflow::{workflows_kept, workflows_passable},
    },
};
use domain::{
    dictionary::UserStatus,
    failure::{Failure, FieldErrors},
    id::UserId,
    platform::{
        permission::Permission,
        user_form::{GrantForm, UserForm},
    },
};

/// Makes an account and asks for its rights; it opens when another person has agreed. Answers the first password,
/// which is shown once and has to be changed at the first sign-in (PRM-80).
///
/// # Errors
/// Without [`Permission::UserWrite`]; complaints by field, among them `账号已存在` and `手机号已被使用`.
pub async fn user_register(ctx: &Ctx, form: &UserForm, grant: &GrantForm) -> Result<(UserId, String)> {
    ctx.require(Permission::UserWrite)?;
    let (fields, grant) = match (form.check(false), grant.check()) {
        (Ok(fields), Ok(grant)) => (fields, grant),
        (fields, grant) => {
            let mut errors = fields.err().unwrap_or_default();
            for (field, message) in grant.err().unwrap_or_default().0 {
                errors.add(&field, message);
            }
            return Err(errors.into());
        }
    };
    let ring = ctx.database().keys()?;
    let password = random_password();
    let hash = password_hash(password.clone()).await?;
    let mut tx = ctx.begin_platform().await?;
    if let Some(phone) = &fields.phone {
        phone_free(&mut tx, ring, None, phone).await?;
    }
    let id = sqlx::query_scalar!(
        "insert into app_user (login, name, organization_id, department, password_hash, status, valid_from, valid_to,
                               created_by, updated_by, created_at, updated_at, password_changed_at)
         values ($1, $2, $3, $4, $5, 'NEW', $6, $7, $8, $8, $9, $9, $9)
         on conflict (login) do nothing returning id",
        fields.login,
        fields.name,
        grant.0.organization.0,
        fields.department,
        hash,
        fields.valid_from,
        fields.valid_to,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_optional(connection(&mut tx))
    .await
    .map_err(|error| {
        Error::from(error).or_field(&[("app_user_organization_id_fkey", "organization", "所属机构不存在或已停用")])
    })?;
    let Some(id) = id else { return Err(FieldErrors::from(("login", "账号已存在")).into()) };
    if let Some(phone) = &fields.phone {
        phone_put(&mut tx, ring, id, phone).await?;
    }
    request_in(&mut tx, ctx, UserId(id), grant).await?;
    tx.commit().await?;
    Ok((UserId(id), password))
}

/// Changes who an account belongs to. Its login stays: it stands in logs.
///
/// # Errors
/// Without [`Permission::UserWrite`]; complaints by field; [`Failure::Conflict`].
pub async fn user_update(ctx: &Ctx, id: UserId, version: i32, form: &UserForm) -> Result<()> {
    ctx.require(Permission::UserWrite)?;
    let ring = ctx.database().keys()?;
    let mut tx = ctx.begin_platform().await?;
    let (login, _, present) = user_hold(&mut tx, id).await?;
    if import_pending(&mut tx, id).await?.is_some() {
        // The checker reads whose account it is in the request.
        return Err(Failure::refused("该账号随批量导入待复核，请等待处理，或撤回导入申请后修改文件").into());
    }
    let has_phone = sqlx::query_scalar!(r#"select phone is not null as "has!" from app_user where id = $1"#, id.0)
        .fetch_one(connection(&mut tx))
        .await?;
    let fields = UserForm { login, ..form.clone() }.check(has_phone)?;
    if version != present {
        return Err(Failure::Conflict.into());
    }
    if let Some(phone) = &fields.phone {
        phone_free(&mut tx, ring, Some(id.0), phone).await?;
        phone_put(&mut tx, ring, id.0, phone).await?;
    }
    sqlx::query!(
        "update app_user set name = $2, department = $3, valid_from = $4, valid_to = $5, updated_at = $6, updated_by = $7,
                version = version + 1
         where id = $1",
        id.0,
        fields.name,
        fields.department,
        fields.valid_from,
        fields.valid_to,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Closes an account, which ends its sessions, or opens it again.
///
/// # Errors
/// Without [`Permission::UserWrite`]; `不能停用自己`; a refusal for an account whose rights nobody has agreed to yet, and for one
/// without whom nobody could decide about some matter.
pub async fn user_status_set(ctx: &Ctx, id: UserId, on: bool) -> Result<()> {
    ctx.require(Permission::UserWrite)?;
    if id == ctx.actor().id {
        return Err(Failure::refused("不能停用自己").into());
    }
    let mut tx = ctx.begin_platform().await?;
    let (_, status, _) = user_hold(&mut tx, id).await?;
    if status == UserStatus::New {
        return Err(Failure::refused("账号的授权尚未复核通过，不能启用或停用").into());
    }
    let passable = workflows_passable(&mut tx, ctx).await?;
    let status = if on { UserStatus::On } else { UserStatus::Off };
    sqlx::query!(
        "update app_user set status = $2, updated_at = $3, updated_by = $4, version = version + 1 where id = $1",
        id.0,
        status.code(),
        ctx.now(),
        ctx.actor().id.0
    )
    .execute(connection(&mut tx))
    .await?;
    workflows_kept(&mut tx, ctx, &passable).await?;
    if !on {
        sessions_end(&mut tx, id.0).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Opens an account that wrong passwords have locked.
///
/// # Errors
/// Without [`Permission::UserWrite`]; [`Failure::NotFound`].
pub async fn user_unlock(ctx: &Ctx, id: UserId) -> Result<()> {
    ctx.require(Permission::UserWrite)?;
    let mut tx = ctx.begin_platform().await?;
    user_hold(&mut tx, id).await?;
    sqlx::query!("update app_user set failed_attempts = 0, locked_until = null where id = $1", id.0)
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Gives an account a new password, ends its sessions and makes its owner choose one of his own. Answers it, to be
/// shown once.
///
/// # Errors
/// Without [`Permission::UserWrite`]; a refusal for the own account, which has a page for that, and for one that watches
/// over administrators.
pub async fn user_password_new(ctx: &Ctx, id: UserId) -> Result<String> {
    ctx.require(Permission::UserWrite)?;
    if id == ctx.actor().id {
        return Err(Failure::refused("请通过“修改密码”更换自己的密码").into());
    }
    let password = random_password();
    let hash = password_hash(password.clone()).await?;
    let mut tx = ctx.begin_platform().await?;
    user_hold(&mut tx, id).await?;
    if user_watches(&mut tx, id).await? {
        return Err(Failure::refused("复核人的密码不能由提交人重置，请由服务器管理员执行 server user password").into());
    }
    password_set(&mut tx, id.0, &hash, true, Some(ctx.actor().id.0), ctx.now()).await?;
    tx.commit().await?;
    Ok(password)
}

/// Signs an account out everywhere (强制下线).
///
/// # Errors
/// Without [`Permission::UserWrite`]; [`Failure::NotFound`].
pub async fn user_sessions_end(ctx: &Ctx, id: UserId) -> Result<()> {
    ctx.require(Permission::UserWrite)?;
    let mut tx = ctx.begin_platform().await?;
    user_hold(&mut tx, id).await?;
    sessions_end(&mut tx, id.0).await?;
    tx.commit().await?;
    Ok(())
}
