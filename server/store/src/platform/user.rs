//! Users (E-02): who an account is, what it may do, how far it sees (domain.md §6.2).

use crate::{
    Ctx, Database, Error, Result, Scope,
    ctx::{Tx, begin_platform, connection},
    platform::password::password_hash,
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::OrganizationType,
    id::{OrganizationId, UserId},
    platform::{
        actor::{Actor, SessionKind},
        permission::Permission,
    },
};

/// Where an account stands in the organisation tree; its scope is made of this.
pub(crate) struct Reach {
    user: i64,
    organization: i64,
    kind: String,
    district: Option<i64>,
    business: bool,
}

/// Loads an enabled account with its roles and permissions.
pub(crate) async fn actor_load(tx: &mut Tx, user: i64, session: SessionKind) -> Result<Option<(Actor, Reach)>> {
    let row = sqlx::query!(
        r#"select u.id, u.login, u.name, u.must_change_password, u.organization_id, o.name as organization, o.type as kind,
                  o.district_id,
                  array(select r.code from user_role ur join role r on r.id = ur.role_id where ur.user_id = u.id order by r.code) as "roles!",
                  array(select distinct p.permission from user_role ur join role_permission p on p.role_id = ur.role_id
                        where ur.user_id = u.id) as "permissions!"
           from app_user u join organization o on o.id = u.organization_id
           where u.id = $1 and u.status = 'ON' and u.deleted_at is null and o.status = 'ON'"#,
        user
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(row) = row else { return Ok(None) };
    // A permission that a newer version granted is unknown here and therefore not held.
    let mut permissions: Vec<Permission> =
        row.permissions.iter().filter_map(|code| Permission::from_code(code)).collect();
    permissions.sort_unstable();
    let reach = Reach {
        user: row.id,
        organization: row.organization_id,
        kind: row.kind,
        district: row.district_id,
        business: permissions.iter().any(|permission| permission.code().starts_with("housing:")),
    };
    let actor = Actor {
        id: UserId(row.id),
        login: row.login,
        name: row.name,
        organization_id: OrganizationId(row.organization_id),
        organization: row.organization,
        roles: row.roles,
        permissions,
        session,
        must_change_password: row.must_change_password,
    };
    Ok(Some((actor, reach)))
}

/// The scope of an account (domain.md §6.2): its estates where it looks after some, those of its
/// operator, its district, or the city; nothing without a business permission.
pub(crate) async fn scope_load(tx: &mut Tx, reach: Reach) -> Result<Scope> {
    if !reach.business {
        return Ok(Scope::Nothing);
    }
    // Reads with the city's eyes, inside this statement only: the scope is what is being found out.
    sqlx::query!("select set_config('app.districts', '*', true)").fetch_one(connection(tx)).await?;
    let own: Vec<i64> =
        sqlx::query_scalar!("select estate_id from user_estate where user_id = $1 order by 1", reach.user)
            .fetch_all(connection(tx))
            .await?;
    let scope = if !own.is_empty() {
        Scope::Estates(own)
    } else if reach.kind == OrganizationType::Operator.code() || reach.kind == OrganizationType::PropertyCompany.code()
    {
        let estates = sqlx::query_scalar!(
            "select e.id from estate e left join operator o on o.id = e.operator_id
             where (o.organization_id = $1 or e.property_company_id = $1) and e.deleted_at is null order by 1",
            reach.organization,
        )
        .fetch_all(connection(tx))
        .await?;
        Scope::Estates(estates)
    } else if let Some(district) = reach.district {
        Scope::Districts(vec![district])
    } else if reach.kind == OrganizationType::City.code() {
        let districts = sqlx::query_scalar!("select id from organization where type = 'DISTRICT' order by id")
            .fetch_all(connection(tx))
            .await?;
        Scope::City { districts }
    } else {
        Scope::Nothing
    };
    sqlx::query!("select set_config('app.districts', '', true)").fetch_one(connection(tx)).await?;
    Ok(scope)
}

/// The context of an account without a session: for the command line (`--as <login>`) and for jobs,
/// which act for the person who asked.
///
/// # Errors
/// A refusal when there is no such enabled account.
pub async fn user_ctx(database: &Database, user: UserRef<'_>, now: DateTime<Utc>) -> Result<Ctx> {
    let mut tx = begin_platform(database).await?;
    let id = match user {
        UserRef::Id(id) => Some(id),
        UserRef::Login(login) => {
            sqlx::query_scalar!("select id from app_user where login = $1 and deleted_at is null", login)
                .fetch_optional(connection(&mut tx))
                .await?
        }
    };
    let loaded = match id {
        Some(id) => actor_load(&mut tx, id, SessionKind::Desk).await?,
        None => None,
    };
    let Some((mut actor, reach)) = loaded else {
        return Err(domain::failure::Failure::refused("账号不存在或已停用").into());
    };
    // The command line and the queue are no first sign-in.
    actor.must_change_password = false;
    let scope = scope_load(&mut tx, reach).await?;
    tx.commit().await?;
    Ok(Ctx::new(actor, scope, now, database.clone()))
}

/// How an account is named.
#[derive(Clone, Copy, Debug)]
pub enum UserRef<'a> {
    Id(i64),
    Login(&'a str),
}

/// An account to be made by the server itself: the first administrator, and those of the demo city.
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    pub login: &'a str,
    pub name: &'a str,
    pub organization_code: &'a str,
    pub role: &'a str,
    pub password: String,
    pub must_change_password: bool,
    pub demo: bool,
}

/// Makes an account unless its login is taken; answers whether it did.
///
/// # Errors
/// When the role or organisation does not exist.
pub async fn user_seed(database: &Database, user: NewUser<'_>) -> Result<bool> {
    let hash = password_hash(user.password).await?;
    let mut tx = begin_platform(database).await?;
    let id = sqlx::query_scalar!(
        "insert into app_user (login, name, organization_id, password_hash, must_change_password, demo)
         select $1, $2, id, $4, $5, $6 from organization where code = $3
         on conflict (login) do nothing returning id",
        user.login,
        user.name,
        user.organization_code,
        hash,
        user.must_change_password,
        user.demo,
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let Some(id) = id else { return Ok(false) };
    let granted =
        sqlx::query!("insert into user_role (user_id, role_id) select $1, id from role where code = $2", id, user.role)
            .execute(connection(&mut tx))
            .await?;
    if granted.rows_affected() == 0 {
        return Err(Error::Broken(format!("no role {}", user.role)));
    }
    tx.commit().await?;
    Ok(true)
}

/// Whether there is any account yet.
///
/// # Errors
/// When the database fails.
pub async fn user_any(database: &Database) -> Result<bool> {
    let mut tx = begin_platform(database).await?;
    Ok(sqlx::query_scalar!(r#"select exists (select from app_user) as "any!""#).fetch_one(connection(&mut tx)).await?)
}
