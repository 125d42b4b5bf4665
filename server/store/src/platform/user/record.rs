//! Accounts as administrators look at them (S1-9.3).

use super::import::import_pending;
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_ending},
    platform::{approval::approval_pending, second_factor::factor_has},
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::{ApprovalKind, UserStatus},
    failure::Failure,
    id::{EstateId, OrganizationId, RoleId, UserId},
    list::{ListQuery, Page},
    platform::{
        organization::organization_tree,
        permission::Permission,
        user_form::{AttemptLine, SessionLine, USER_LIST, User, UserChoices, UserRow},
    },
};
use sqlx::{Postgres, QueryBuilder};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    login: String,
    name: String,
    organization: String,
    roles: Option<String>,
    phone_mask: Option<String>,
    status: String,
    locked_until: Option<DateTime<Utc>>,
    last_login_at: Option<DateTime<Utc>>,
    second_factor: bool,
}

impl Record {
    fn row(self, now: DateTime<Utc>) -> Result<UserRow> {
        Ok(UserRow {
            id: UserId(self.id),
            login: self.login,
            name: self.name,
            organization: self.organization,
            roles: self.roles.unwrap_or_default(),
            phone: self.phone_mask,
            status: stored(&self.status, UserStatus::from_code)?,
            locked_until: self.locked_until.filter(|until| *until > now),
            last_login_at: self.last_login_at,
            second_factor: self.second_factor,
        })
    }
}

/// A page of accounts.
///
/// # Errors
/// Without [`Permission::UserRead`].
pub async fn user_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<UserRow>> {
    ctx.require(Permission::UserRead)?;
    let (sort, descending) = USER_LIST.sort(query);
    let order = match sort {
        "name" => "u.name collate natural_order",
        "organization" => "o.name collate natural_order",
        "last_login_at" => "u.last_login_at",
        _ => "u.login collate natural_order",
    };
    let page = SmallList {
        columns:
            "u.id, u.login, u.name, o.name as organization, u.phone_mask, u.status, u.locked_until, u.last_login_at,
            (select string_agg(r.name, '、' order by r.id) from user_role ur join role r on r.id = ur.role_id
             where ur.user_id = u.id) as roles,
            exists (select from user_factor f where f.user_id = u.id and f.confirmed_at is not null
                    and f.removed_at is null) as second_factor",
        from: "from app_user u join organization o on o.id = u.organization_id where u.deleted_at is null",
        searched: &["u.login", "u.name"],
        filter: &|sql| {
            push_code(sql, query, "status", "u.status");
            if query.filter("ending").is_some() {
                push_user_ending(sql, ctx);
            }
        },
        order,
        descending,
        tie: "u.id",
    }
    .page_in::<Record>(ctx.begin_platform().await?, query)
    .await?;
    let now = ctx.now();
    page.try_map(|record: Record| record.row(now))
}

/// Adds that the account `u` ends soon and is not closed anyway: of the reminder and the list behind it.
pub(crate) fn push_user_ending(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and u.status <> 'OFF'");
    push_ending(sql, ctx, "u.valid_to");
}

/// One account.
///
/// # Errors
/// Without [`Permission::UserRead`]; [`Failure::NotFound`].
pub async fn user_get(ctx: &Ctx, id: UserId) -> Result<User> {
    ctx.require(Permission::UserRead)?;
    let mut tx = ctx.begin_platform().await?;
    let user = user_load(&mut tx, id, ctx.now()).await?;
    tx.commit().await?;
    Ok(user)
}

pub(super) async fn user_load(tx: &mut Tx, id: UserId, now: DateTime<Utc>) -> Result<User> {
    let row = sqlx::query!(
        "select u.*, o.name as organization, user_name(u.updated_by) as editor
         from app_user u join organization o on o.id = u.organization_id where u.id = $1 and u.deleted_at is null",
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let roles = sqlx::query!(
        "select r.id, r.name from user_role ur join role r on r.id = ur.role_id where ur.user_id = $1 order by r.id",
        id.0
    )
    .fetch_all(connection(tx))
    .await?;
    let roles: Vec<(RoleId, String)> = roles.into_iter().map(|role| (RoleId(role.id), role.name)).collect();
    let pending = match approval_pending(tx, ApprovalKind::UserGrant, &row.login).await? {
        None => import_pending(tx, id).await?,
        own => own,
    };
    let record = Record {
        id: row.id,
        login: row.login,
        name: row.name,
        organization: row.organization,
        roles: Some(roles.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join("、")),
        phone_mask: row.phone_mask,
        status: row.status,
        locked_until: row.locked_until,
        last_login_at: row.last_login_at,
        second_factor: factor_has(tx, id.0).await?,
    };
    Ok(User {
        row: record.row(now)?,
        organization_id: OrganizationId(row.organization_id),
        department: row.department,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        must_change_password: row.must_change_password,
        password_changed_at: row.password_changed_at,
        roles,
        districts: districts_of(tx, id).await?,
        estates: estates_of(tx, id).await?,
        sessions: sessions_of(tx, id, now).await?,
        attempts: attempts_of(tx, id).await?,
        pending,
        updated_at: row.updated_at,
        updated_by: row.editor,
        version: row.version,
    })
}

/// The districts that are listed for an account.
async fn districts_of(tx: &mut Tx, id: UserId) -> Result<Vec<(OrganizationId, String)>> {
    let districts = sqlx::query!(
        "select o.id, o.name from user_district u join organization o on o.id = u.district_id where u.user_id = $1
         order by o.sort, o.code",
        id.0
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(districts.into_iter().map(|district| (OrganizationId(district.id), district.name)).collect())
}

/// The estates an account is limited to. Their names are read with the city's eyes: an administrator sees no stock.
async fn estates_of(tx: &mut Tx, id: UserId) -> Result<Vec<(EstateId, String)>> {
    let scope = city_eyes(tx).await?;
    let estates = sqlx::query!(
        "select e.id, e.name from user_estate u join estate e on e.id = u.estate_id where u.user_id = $1
         order by e.name collate natural_order, e.id",
        id.0
    )
    .fetch_all(connection(tx))
    .await?;
    own_eyes(tx, &scope).await?;
    Ok(estates.into_iter().map(|estate| (EstateId(estate.id), estate.name)).collect())
}

/// Opens the whole city for the statements until [`own_eyes`]; answers the scope to go back to.
pub(super) async fn city_eyes(tx: &mut Tx) -> Result<String> {
    let scope = sqlx::query_scalar!(r#"select coalesce(current_setting('app.districts', true), '') as "scope!""#)
        .fetch_one(connection(tx))
        .await?;
    sqlx::query!("select set_config('app.districts', '*', true)").fetch_one(connection(tx)).await?;
    Ok(scope)
}

pub(super) async fn own_eyes(tx: &mut Tx, scope: &str) -> Result<()> {
    sqlx::query!("select set_config('app.districts', $1, true)", scope).fetch_one(connection(tx)).await?;
    Ok(())
}

async fn sessions_of(tx: &mut Tx, id: UserId, now: DateTime<Utc>) -> Result<Vec<SessionLine>> {
    let rows = sqlx::query!(
        "select kind, created_at, seen_at from session where user_id = $1 and not factor_due and expires_at > $2 order by seen_at desc limit 20",
        id.0,
        now
    )
    .fetch_all(connection(tx))
    .await?;
    let line = |kind: String, created_at, seen_at| SessionLine { kiosk: kind == "KIOSK", created_at, seen_at };
    Ok(rows.into_iter().map(|row| line(row.kind, row.created_at, row.seen_at)).collect())
}

async fn attempts_of(tx: &mut Tx, id: UserId) -> Result<Vec<AttemptLine>> {
    let rows = sqlx::query!(
        "select at, address, result from login_attempt where user_id = $1 order by at desc limit 10",
        id.0
    )
    .fetch_all(connection(tx))
    .await?;
    let outcome = |result: &str| match result {
        "OK" => "成功",
        "RECOVERY" => "成功（使用恢复码）",
        "CAPTCHA" => "图形验证码错误",
        "PASSWORD" => "密码错误",
        "FACTOR_DUE" => "密码正确，待二次验证",
        "FACTOR" => "二次验证错误",
        "LOCKED" => "账号锁定中",
        "RESET_ASKED" => "忘记密码，获取短信验证码",
        "RESET_CODE" => "忘记密码，短信验证码错误",
        "RESET" => "忘记密码，已重置密码",
        _ => "账号已停用",
    };
    let line = |at, address, result: String| AttemptLine { at, address, outcome: outcome(&result).to_owned() };
    Ok(rows.into_iter().map(|row| line(row.at, row.address, row.result)).collect())
}

/// What the forms choose from.
///
/// # Errors
/// Without [`Permission::UserWrite`].
pub async fn user_choices(ctx: &Ctx) -> Result<UserChoices> {
    ctx.require(Permission::UserWrite)?;
    let mut tx = ctx.begin_platform().await?;
    let organizations = sqlx::query!(
        "select id, parent_id, name from organization where status = 'ON' and deleted_at is null
         order by name collate natural_order, id limit 5000"
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let roles =
        sqlx::query!("select id, name from role order by system desc, id").fetch_all(connection(&mut tx)).await?;
    tx.commit().await?;
    let organizations =
        organizations.into_iter().map(|row| (OrganizationId(row.id), row.parent_id.map(OrganizationId), row.name));
    Ok(UserChoices {
        organizations: organization_tree(organizations.collect()),
        roles: roles.into_iter().map(|row| (RoleId(row.id), row.name)).collect(),
    })
}

/// An account that is about to be changed, held until the transaction ends.
pub(super) async fn user_hold(tx: &mut Tx, id: UserId) -> Result<(String, UserStatus, i32)> {
    let row = sqlx::query!(
        "select login, status, version from app_user where id = $1 and deleted_at is null for update",
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or_else(|| Error::from(Failure::NotFound))?;
    Ok((row.login, stored(&row.status, UserStatus::from_code)?, row.version))
}
