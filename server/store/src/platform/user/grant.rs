//! What an account may do, and where: asked for by one administrator, agreed to by another (domain.md §6.4).

use super::{
    Reach,
    import::import_pending,
    listed_scope,
    record::{city_eyes, own_eyes, user_hold},
    watch::{users_watching, watch_begins, watchers_renew},
};
use crate::{
    Ctx, Result, Scope,
    ctx::{Tx, connection},
    error::stored,
    platform::approval::{Change, Request, approval_submit, outdated, refused_as_one, waits_already},
};
use domain::{
    dictionary::{ApprovalKind, OrganizationType, UserStatus},
    failure::{Failure, FieldErrors},
    id::{ApprovalId, EstateId, OrganizationId, RoleId, UserId},
    platform::{
        approval::ChangeLine,
        permission::{Permission, exclusions_check},
        user::roles_check,
        user_form::{GrantFields, GrantForm, Reachable},
    },
};

/// Asks for other rights of an account.
///
/// # Errors
/// Without [`Permission::UserWrite`]; complaints by field; a refusal for the own account; [`Failure::Conflict`] when the
/// account was changed since it was read.
pub async fn user_grant_request(ctx: &Ctx, id: UserId, version: i32, form: &GrantForm) -> Result<ApprovalId> {
    ctx.require(Permission::UserWrite)?;
    if id == ctx.actor().id {
        return Err(Failure::refused("不能变更自己的授权").into());
    }
    let grant = form.check()?;
    let mut tx = ctx.begin_platform().await?;
    if user_hold(&mut tx, id).await?.2 != version {
        return Err(Failure::Conflict.into());
    }
    let request = request_in(&mut tx, ctx, id, grant).await?;
    tx.commit().await?;
    Ok(request)
}

pub(super) async fn request_in(
    tx: &mut Tx,
    ctx: &Ctx,
    id: UserId,
    (after, reason): (GrantFields, String),
) -> Result<ApprovalId> {
    let (login, status, _) = user_hold(tx, id).await?;
    if import_pending(tx, id).await?.is_some() {
        return Err(waits_already().into());
    }
    grant_check(tx, &after).await?;
    let before = grant_load(tx, id).await?;
    let request = Request {
        kind: ApprovalKind::UserGrant,
        subject: format!("用户：{login}"),
        subject_key: login,
        lines: lines(tx, id, (status != UserStatus::New).then_some(&before), &after).await?,
        change: Change::UserGrant { user: id, before, after },
        reason,
    };
    approval_submit(tx, ctx, request).await
}

/// What an account has now.
async fn grant_load(tx: &mut Tx, id: UserId) -> Result<GrantFields> {
    let row = sqlx::query!(
        r#"select organization_id,
                  array(select role_id from user_role where user_id = u.id order by 1) as "roles!",
                  array(select district_id from user_district where user_id = u.id order by 1) as "districts!",
                  array(select estate_id from user_estate where user_id = u.id order by 1) as "estates!"
           from app_user u where id = $1"#,
        id.0
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(GrantFields {
        organization: OrganizationId(row.organization_id),
        roles: row.roles.into_iter().map(RoleId).collect(),
        districts: row.districts.into_iter().map(OrganizationId).collect(),
        estates: row.estates.into_iter().map(EstateId).collect(),
    })
}

async fn lines(tx: &mut Tx, id: UserId, before: Option<&GrantFields>, after: &GrantFields) -> Result<Vec<ChangeLine>> {
    let mut lines = Vec::new();
    let organization = match before {
        Some(before) => Some(organization_name(tx, before.organization).await?),
        None => None,
    };
    let roles = match before {
        Some(before) => role_names(tx, &before.roles).await?,
        None => None,
    };
    let districts = match before {
        Some(before) => district_names(tx, &before.districts).await?,
        None => None,
    };
    let estates = match before {
        Some(before) => estate_names(tx, &before.estates).await?,
        None => None,
    };
    lines.extend(ChangeLine::of("所属机构", organization, Some(organization_name(tx, after.organization).await?)));
    lines.extend(ChangeLine::of("角色", roles, role_names(tx, &after.roles).await?));
    lines.extend(ChangeLine::of("可见区县", districts, district_names(tx, &after.districts).await?));
    lines.extend(ChangeLine::of("负责楼盘", estates, estate_names(tx, &after.estates).await?));
    if watch_begins(tx, id, &after.roles).await? {
        let told = "复核通过后原密码和二次验证失效，由服务器管理员执行 server user password 重设";
        lines.extend(ChangeLine::of("登录", None, Some(told.to_owned())));
    }
    Ok(lines)
}

async fn organization_name(tx: &mut Tx, id: OrganizationId) -> Result<String> {
    Ok(sqlx::query_scalar!("select name from organization where id = $1", id.0).fetch_one(connection(tx)).await?)
}

async fn role_names(tx: &mut Tx, ids: &[RoleId]) -> Result<Option<String>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Ok(sqlx::query_scalar!("select string_agg(name, '、' order by id) from role where id = any($1)", &ids)
        .fetch_one(connection(tx))
        .await?)
}

async fn district_names(tx: &mut Tx, ids: &[OrganizationId]) -> Result<Option<String>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Ok(sqlx::query_scalar!(
        "select string_agg(name, '、' order by sort, code) from organization where id = any($1)",
        &ids
    )
    .fetch_one(connection(tx))
    .await?)
}

async fn estate_names(tx: &mut Tx, ids: &[EstateId]) -> Result<Option<String>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let scope = city_eyes(tx).await?;
    let names = sqlx::query_scalar!(
        "select string_agg(name, '、' order by name collate natural_order, id) from estate where id = any($1)",
        &ids
    )
    .fetch_one(connection(tx))
    .await?;
    own_eyes(tx, &scope).await?;
    Ok(names)
}

/// The rules of a grant: what it names exists, its roles go together (domain.md §6.4), districts are listed for the
/// administration alone, and its estates lie in what it would see.
pub(super) async fn grant_check(tx: &mut Tx, grant: &GrantFields) -> Result<()> {
    let mut errors = FieldErrors::default();
    let known = sqlx::query_scalar!(
        r#"select exists (select from organization where id = $1 and status = 'ON' and deleted_at is null) as "known!""#,
        grant.organization.0
    )
    .fetch_one(connection(tx))
    .await?;
    if !known {
        errors.add("organization", "所属机构不存在或已停用");
    }
    let ids: Vec<i64> = grant.roles.iter().map(|id| id.0).collect();
    let roles = sqlx::query!(
        r#"select r.code, array(select permission from role_permission p where p.role_id = r.id) as "permissions!"
           from role r where r.id = any($1)"#,
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    if roles.len() != ids.len() {
        errors.add("roles", "所选角色不存在，请刷新后重新选择");
    }
    let codes: Vec<&str> = roles.iter().map(|role| role.code.as_str()).collect();
    errors.take("roles", roles_check(&codes));
    let held: Vec<Permission> =
        roles.iter().flat_map(|role| role.permissions.iter().filter_map(|code| Permission::from_code(code))).collect();
    errors.take("roles", exclusions_check(&held));
    if known && !(grant.districts.is_empty() && grant.estates.is_empty()) {
        let inside = reachable(tx, grant.organization, &grant.districts).await?;
        if !grant.districts.iter().all(|district| inside.districts.iter().any(|(id, _)| id == district)) {
            errors.add("districts", "只有市、区县和管理单位的账号可以自定义可见区县，且区县须存在");
        }
        if !grant.estates.iter().all(|estate| inside.estates.iter().any(|(id, _)| id == estate)) {
            errors.add("estates", "负责楼盘须在账号的可见范围内");
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

/// What an account of an organisation could be limited to: the districts that can be listed for it, and the estates in
/// those that are, or in what its organisation sees.
///
/// # Errors
/// Without [`Permission::UserWrite`].
pub async fn user_reach(ctx: &Ctx, organization: OrganizationId, districts: &[OrganizationId]) -> Result<Reachable> {
    ctx.require(Permission::UserWrite)?;
    let mut tx = ctx.begin_platform().await?;
    let reachable = reachable(&mut tx, organization, districts).await?;
    tx.commit().await?;
    Ok(reachable)
}

async fn reachable(tx: &mut Tx, id: OrganizationId, listed: &[OrganizationId]) -> Result<Reachable> {
    let Some(row) = sqlx::query!("select type as kind, district_id from organization where id = $1", id.0)
        .fetch_optional(connection(tx))
        .await?
    else {
        return Ok(Reachable::default());
    };
    let kind = stored(&row.kind, OrganizationType::from_code)?;
    let districts = sqlx::query!(
        "select id, name from organization where $1 and type = 'DISTRICT' and status = 'ON' and deleted_at is null
         order by sort, code",
        kind.is_administrative()
    )
    .fetch_all(connection(tx))
    .await?;
    let own = city_eyes(tx).await?;
    let reach = Reach { user: 0, organization: id.0, kind: Some(kind), district: row.district_id, business: true };
    let listed = listed.iter().map(|id| id.0).collect();
    let (all, inside, estates) = match listed_scope(tx, &reach, listed).await? {
        Scope::City { .. } => (true, Vec::new(), Vec::new()),
        Scope::Districts(districts) => (false, districts, Vec::new()),
        Scope::Estates(estates) => (false, Vec::new(), estates),
        Scope::Nothing => (false, Vec::new(), Vec::new()),
    };
    let rows = sqlx::query!(
        "select id, name from estate where deleted_at is null and ($1 or district_id = any($2) or id = any($3))
         order by name collate natural_order, id limit 5000",
        all,
        &inside,
        &estates
    )
    .fetch_all(connection(tx))
    .await?;
    own_eyes(tx, &own).await?;
    Ok(Reachable {
        districts: districts.into_iter().map(|row| (OrganizationId(row.id), row.name)).collect(),
        estates: rows.into_iter().map(|row| (EstateId(row.id), row.name)).collect(),
    })
}

/// Does what a request about an account asks for. Its sessions stay: each of their requests asks for the rights anew.
pub(crate) async fn grant_apply(
    tx: &mut Tx,
    ctx: &Ctx,
    id: UserId,
    before: &GrantFields,
    after: &GrantFields,
) -> Result<()> {
    user_hold(tx, id).await?;
    if grant_load(tx, id).await? != *before {
        return Err(outdated());
    }
    grant_check(tx, after).await.map_err(refused_as_one)?;
    sqlx::query!(
        "update app_user set organization_id = $2, status = case status when 'NEW' then 'ON' else status end,
                updated_at = $3, updated_by = $4, version = version + 1
         where id = $1",
        id.0,
        after.organization.0,
        ctx.now(),
        ctx.actor().id.0
    )
    .execute(connection(tx))
    .await?;
    let watched = users_watching(tx, &[id.0]).await?;
    let roles: Vec<i64> = after.roles.iter().map(|id| id.0).collect();
    let districts: Vec<i64> = after.districts.iter().map(|id| id.0).collect();
    let estates: Vec<i64> = after.estates.iter().map(|id| id.0).collect();
    // Only what differs is written, so that the operation log shows what changed.
    sqlx::query!("delete from user_role where user_id = $1 and role_id <> all($2)", id.0, &roles)
        .execute(connection(tx))
        .await?;
    sqlx::query!(
        "insert into user_role (user_id, role_id) select $1, id from unnest($2::bigint[]) as id on conflict do nothing",
        id.0,
        &roles
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("delete from user_district where user_id = $1 and district_id <> all($2)", id.0, &districts)
        .execute(connection(tx))
        .await?;
    sqlx::query!(
        "insert into user_district (user_id, district_id) select $1, id from unnest($2::bigint[]) as id
         on conflict do nothing",
        id.0,
        &districts
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("delete from user_estate where user_id = $1 and estate_id <> all($2)", id.0, &estates)
        .execute(connection(tx))
        .await?;
    let own = city_eyes(tx).await?;
    sqlx::query!(
        "insert into user_estate (user_id, estate_id) select $1, id from unnest($2::bigint[]) as id on conflict do nothing",
        id.0,
        &estates
    )
    .execute(connection(tx))
    .await?;
    own_eyes(tx, &own).await?;
    watchers_renew(tx, ctx, &[id.0], &watched).await
}
