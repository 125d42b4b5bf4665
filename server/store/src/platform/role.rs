//! Roles (E-03, S1-9.2): named sets of permissions, changed by one person and agreed to by another.

use super::{
    approval::{Change, Request, approval_pending, approval_submit, outdated, refused_as_one},
    user::watch::{users_watching, watchers_renew},
    workflow::nodes_asking,
};
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    list::SmallList,
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::ApprovalKind,
    failure::{Failure, FieldErrors},
    id::{ApprovalId, RoleId},
    list::{ListQuery, Page},
    platform::{
        approval::ChangeLine,
        permission::{Permission, exclusions_check},
        role::{ROLE_LIST, Role, RoleFields, RoleForm, RoleRow},
    },
};

/// The constraints of roles, as complaints.
const COMPLAINTS: &[(&str, &str, &str)] =
    &[("role_code_key", "code", "角色编码已存在"), ("role_name_key", "name", "角色名称已存在")];

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    code: String,
    name: String,
    description: Option<String>,
    users: i64,
    system: bool,
    updated_at: DateTime<Utc>,
}

impl From<Record> for RoleRow {
    fn from(record: Record) -> Self {
        Self {
            id: RoleId(record.id),
            code: record.code,
            name: record.name,
            description: record.description,
            users: record.users,
            system: record.system,
            updated_at: record.updated_at,
        }
    }
}

/// A page of roles.
///
/// # Errors
/// Without [`Permission::RoleRead`].
pub async fn role_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<RoleRow>> {
    ctx.require(Permission::RoleRead)?;
    let (sort, descending) = ROLE_LIST.sort(query);
    let order = match sort {
        "name" => "r.name collate natural_order",
        "users" => "users",
        "updated_at" => "r.updated_at",
        _ => "r.code",
    };
    let page = SmallList {
        columns: "r.id, r.code, r.name, r.description, r.system, r.updated_at,
            (select count(*) from user_role ur join app_user u on u.id = ur.user_id
             where ur.role_id = r.id and u.deleted_at is null) as users",
        from: "from role r where true",
        searched: &["r.name", "r.code"],
        filter: &|_| {},
        order,
        descending,
        tie: "r.id",
    }
    .page_in::<Record>(ctx.begin_platform().await?, query)
    .await?;
    Ok(page.map(RoleRow::from))
}

/// One role with what it grants, and the request that waits about it.
///
/// # Errors
/// Without [`Permission::RoleRead`]; [`Failure::NotFound`].
pub async fn role_get(ctx: &Ctx, id: RoleId) -> Result<(Role, Option<ApprovalId>)> {
    ctx.require(Permission::RoleRead)?;
    let mut tx = ctx.begin_platform().await?;
    let role = role_load(&mut tx, id).await?.ok_or(Failure::NotFound)?;
    let pending = approval_pending(&mut tx, ApprovalKind::Role, &role.row.code).await?;
    tx.commit().await?;
    Ok((role, pending))
}

async fn role_load(tx: &mut Tx, id: RoleId) -> Result<Option<Role>> {
    let row = sqlx::query!(
        r#"select r.id, r.code, r.name, r.description, r.system, r.updated_at, r.version, user_name(r.updated_by) as editor,
                  (select count(*) from user_role ur join app_user u on u.id = ur.user_id
                   where ur.role_id = r.id and u.deleted_at is null) as "users!",
                  array(select permission from role_permission p where p.role_id = r.id) as "permissions!"
           from role r where r.id = $1"#,
        id.0
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(row) = row else { return Ok(None) };
    // One that a newer version granted is unknown here, and stays granted only until somebody saves the role.
    let mut permissions: Vec<Permission> =
        row.permissions.iter().filter_map(|code| Permission::from_code(code)).collect();
    permissions.sort_unstable();
    let record = Record {
        id: row.id,
        code: row.code,
        name: row.name,
        description: row.description,
        users: row.users,
        system: row.system,
        updated_at: row.updated_at,
    };
    Ok(Some(Role { row: record.into(), permissions, updated_by: row.editor, version: row.version }))
}

/// Asks for a new role, or for the change of one.
///
/// # Errors
/// Without [`Permission::RoleWrite`]; complaints by field, also of accounts that would hold what excludes each other;
/// [`Failure::Conflict`] when the role was changed since it was read.
pub async fn role_request(ctx: &Ctx, role: Option<(RoleId, i32)>, form: &RoleForm) -> Result<ApprovalId> {
    ctx.require(Permission::RoleWrite)?;
    let (fields, reason) = form.check()?;
    let mut tx = ctx.begin_platform().await?;
    let before = match role {
        Some((id, version)) => {
            let before = role_load(&mut tx, id).await?.ok_or(Failure::NotFound)?;
            if before.version != version {
                return Err(Failure::Conflict.into());
            }
            if before.row.system && before.row.code != fields.code {
                return Err(FieldErrors::from(("code", "系统内置角色不可修改编码")).into());
            }
            Some(before)
        }
        None => None,
    };
    names_free(&mut tx, role.map(|(id, _)| id), &fields).await?;
    if let Some((id, _)) = role {
        holders_check(&mut tx, id, &fields.permissions).await?;
        nodes_check(&mut tx, id, &fields.permissions).await?;
    }
    let request = Request {
        kind: ApprovalKind::Role,
        subject: format!("角色：{}", fields.name),
        subject_key: before.as_ref().map_or(&fields.code, |before| &before.row.code).clone(),
        lines: lines(before.as_ref(), &fields),
        change: Change::Role {
            role: role.map(|(id, _)| id),
            version: before.map_or(0, |before| before.version),
            fields,
        },
        reason,
    };
    let id = approval_submit(&mut tx, ctx, request).await?;
    tx.commit().await?;
    Ok(id)
}

fn lines(before: Option<&Role>, after: &RoleFields) -> Vec<ChangeLine> {
    let held = before.map(|before| before.permissions.as_slice()).unwrap_or_default();
    let named = |permissions: Vec<Permission>| {
        let names: Vec<_> = permissions.iter().map(|permission| permission.label()).collect();
        (!names.is_empty()).then(|| names.join("、"))
    };
    let added = after.permissions.iter().copied().filter(|permission| !held.contains(permission)).collect();
    let removed = held.iter().copied().filter(|permission| !after.permissions.contains(permission)).collect();
    let lines = [
        ChangeLine::of("角色名称", before.map(|before| before.row.name.clone()), Some(after.name.clone())),
        ChangeLine::of("角色编码", before.map(|before| before.row.code.clone()), Some(after.code.clone())),
        ChangeLine::of("说明", before.and_then(|before| before.row.description.clone()), after.description.clone()),
        ChangeLine::of("增加权限", None, named(added)),
        ChangeLine::of("移除权限", named(removed), None),
    ];
    lines.into_iter().flatten().collect()
}

async fn names_free(tx: &mut Tx, own: Option<RoleId>, fields: &RoleFields) -> Result<()> {
    let taken = sqlx::query!(
        r#"select coalesce(bool_or(code = $2), false) as "code!", coalesce(bool_or(name = $3), false) as "name!"
           from role where id is distinct from $1 and (code = $2 or name = $3)"#,
        own.map(|id| id.0),
        fields.code,
        fields.name,
    )
    .fetch_one(connection(tx))
    .await?;
    let mut errors = FieldErrors::default();
    for (constraint, field, message) in COMPLAINTS {
        if if *constraint == "role_code_key" { taken.code } else { taken.name } {
            errors.add(field, *message);
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

/// Whoever holds the role besides others must not come to hold what excludes each other.
async fn holders_check(tx: &mut Tx, id: RoleId, permissions: &[Permission]) -> Result<()> {
    let holders = sqlx::query!(
        r#"select u.login, array_agg(distinct p.permission) as "others!"
           from user_role held join app_user u on u.id = held.user_id and u.deleted_at is null
           join user_role other on other.user_id = held.user_id and other.role_id <> held.role_id
           join role_permission p on p.role_id = other.role_id
           where held.role_id = $1 group by u.login order by u.login"#,
        id.0
    )
    .fetch_all(connection(tx))
    .await?;
    for holder in holders {
        let others = holder.others.iter().filter_map(|code| Permission::from_code(code));
        let all: Vec<Permission> = permissions.iter().copied().chain(others).collect();
        if let Err(complaint) = exclusions_check(&all) {
            let sentence = format!("账号【{}】还有其他角色，合计后{}", holder.login, complaint.text());
            return Err(FieldErrors::from(("permissions", sentence.as_str())).into());
        }
    }
    Ok(())
}

/// The role of a node of a workflow in force keeps the right to check there: without it nobody passes (E-127).
async fn nodes_check(tx: &mut Tx, id: RoleId, permissions: &[Permission]) -> Result<()> {
    let asking = nodes_asking(tx, id.0).await?;
    let Some(stuck) = asking.iter().find(|asking| asking.on && !permissions.contains(&asking.kind.checker())) else {
        return Ok(());
    };
    let (workflow, right) = (stuck.kind.label(), stuck.kind.checker().label());
    let sentence = format!(
        "流程【{workflow}】第{}版的节点【{}】由该角色办理，不能移除权限【{right}】，请先发布不用该角色的新版本",
        stuck.version, stuck.node
    );
    Err(Failure::refused(sentence).into())
}

/// Does what a request about a role asks for.
pub(crate) async fn role_apply(
    tx: &mut Tx,
    ctx: &Ctx,
    role: Option<RoleId>,
    version: i32,
    fields: &RoleFields,
) -> Result<()> {
    let id = match role {
        Some(id) => {
            holders_check(tx, id, &fields.permissions).await.map_err(refused_as_one)?;
            nodes_check(tx, id, &fields.permissions).await?;
            let updated = sqlx::query_scalar!(
                "update role set code = $3, name = $4, description = $5, version = version + 1, updated_at = $6, updated_by = $7
                 where id = $1 and version = $2 returning id",
                id.0,
                version,
                fields.code,
                fields.name,
                fields.description,
                ctx.now(),
                ctx.actor().id.0,
            )
            .fetch_optional(connection(tx))
            .await;
            updated.map_err(|error| Error::from(error).or_field(COMPLAINTS))?.ok_or_else(outdated)?
        }
        None => {
            let inserted = sqlx::query_scalar!(
                "insert into role (code, name, description, updated_at, updated_by) values ($1, $2, $3, $4, $5) returning id",
                fields.code,
                fields.name,
                fields.description,
                ctx.now(),
                ctx.actor().id.0,
            )
            .fetch_one(connection(tx))
            .await;
            inserted.map_err(|error| Error::from(error).or_field(COMPLAINTS))?
        }
    };
    let codes: Vec<String> = fields.permissions.iter().map(|permission| permission.code().to_owned()).collect();
    let holders = sqlx::query_scalar!(
        "select u.id from app_user u join user_role ur on ur.user_id = u.id where ur.role_id = $1 order by u.id for update of u",
        id
    )
    .fetch_all(connection(tx))
    .await?;
    let watched = users_watching(tx, &holders).await?;
    sqlx::query!("delete from role_permission where role_id = $1 and permission <> all($2)", id, &codes)
        .execute(connection(tx))
        .await?;
    sqlx::query!(
        "insert into role_permission (role_id, permission) select $1, code from unnest($2::text[]) as code
         on conflict do nothing",
        id,
        &codes
    )
    .execute(connection(tx))
    .await?;
    watchers_renew(tx, ctx, &holders, &watched).await
}

/// Deletes a role that nobody holds; what grants nothing to anybody needs no second person.
///
/// # Errors
/// Without [`Permission::RoleWrite`]; a refusal for a role of the program, one that is held (S1-9.2), or one that a node of
/// a workflow asks for.
pub async fn role_delete(ctx: &Ctx, id: RoleId) -> Result<()> {
    ctx.require(Permission::RoleWrite)?;
    let mut tx = ctx.begin_platform().await?;
    let role = sqlx::query!(
        r#"select system, exists (select from user_role where role_id = r.id) as "held!" from role r where id = $1 for update"#,
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if role.system {
        return Err(Failure::refused("系统内置角色不能删除").into());
    }
    if role.held {
        return Err(Failure::refused("角色已分配用户，不能删除").into());
    }
    if !nodes_asking(&mut tx, id.0).await?.is_empty() {
        return Err(Failure::refused("角色用于流程定义的节点，不能删除").into());
    }
    sqlx::query!("delete from role where id = $1", id.0).execute(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(())
}
