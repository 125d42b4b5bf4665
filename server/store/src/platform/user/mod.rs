//! Users (E-02): who an account is, what it may do, how far it sees (domain.md §6.2).

mod factor;
mod grant;
pub(crate) mod import;
mod phone;
mod record;
pub(super) mod watch;
mod write;

pub use factor::{factor_rotate, user_factor_drop, user_factor_remove};
pub(crate) use grant::grant_apply;
pub use grant::{user_grant_request, user_reach};
pub use import::{FirstPassword, passwords_draw};
pub use phone::user_rotate;
pub(crate) use record::push_user_ending;
pub use record::{user_choices, user_get, user_list};
pub use write::{user_password_new, user_register, user_sessions_end, user_status_set, user_unlock, user_update};

use crate::{
    Ctx, Database, Result, Scope,
    ctx::{Tx, begin_platform, china_day, connection},
    platform::password::{password_hash, password_set},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    dictionary::OrganizationType,
    failure::Failure,
    id::{OrganizationId, UserId},
    platform::{
        actor::{Actor, SessionKind},
        permission::Permission,
        setting::{CitySettings, code},
        user::{login_check, name_check, roles_check},
    },
    value::Complaint,
};

/// Where an account stands in the organisation tree; its scope is made of this.
pub(crate) struct Reach {
    user: i64,
    organization: i64,
    kind: Option<OrganizationType>,
    district: Option<i64>,
    business: bool,
}

/// Loads an enabled account with its roles and permissions. A password that has expired has to be changed first, and a
/// second factor set up where it is asked for; not on a wall, where nobody could.
pub(crate) async fn actor_load(
    tx: &mut Tx,
    user: i64,
    session: SessionKind,
    now: DateTime<Utc>,
) -> Result<Option<(Actor, Reach)>> {
    let today = china_day(now);
    let row = sqlx::query!(
        r#"select u.id, u.login, u.name, u.organization_id,
                  u.must_change_password, u.password_changed_at, u.valid_from, u.valid_to,
                  (select p.value from parameter p where p.code = $2 and p.district_id is null and p.valid_from <= $3
                   order by p.valid_from desc limit 1) as password_days,
                  (select p.value from parameter p where p.code = $4 and p.district_id is null and p.valid_from <= $3
                   order by p.valid_from desc limit 1) as factor_wanted,
                  (select f.removed_at is null or f.removed_by is not distinct from f.user_id from user_factor f
                   where f.user_id = u.id and f.confirmed_at is not null order by f.id desc limit 1) as "factor_kept?",
                  exists (select from user_factor f where f.user_id = u.id and f.confirmed_at is not null
                          and f.removed_at is null) as "factor!",
                  o.name as organization, o.type as kind,
                  o.district_id,
                  array(select r.code from user_role ur join role r on r.id = ur.role_id where ur.user_id = u.id order by r.code) as "roles!",
                  array(select distinct p.permission from user_role ur join role_permission p on p.role_id = ur.role_id
                        where ur.user_id = u.id) as "permissions!"
           from app_user u join organization o on o.id = u.organization_id
           where u.id = $1 and u.status = 'ON' and u.deleted_at is null and o.status = 'ON'
             and $3 between coalesce(u.valid_from, '-infinity') and coalesce(u.valid_to, 'infinity')"#,
        user,
        code::PASSWORD_DAYS,
        today,
        code::SECOND_FACTOR,
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(row) = row else { return Ok(None) };
    let days = row.password_days.and_then(|days| days.parse().ok()).unwrap_or(CitySettings::default().password_days);
    let expired =
        session == SessionKind::Desk && days > 0 && row.password_changed_at + TimeDelta::days(days.into()) < now;
    // A permission that a newer version granted is unknown here and therefore not held.
    let mut permissions: Vec<Permission> =
        row.permissions.iter().filter_map(|code| Permission::from_code(code)).collect();
    permissions.sort_unstable();
    // What an administrator took away has to be set up again, whatever the city asks for.
    let taken = row.factor_kept == Some(false);
    let powerful = permissions.iter().any(|permission| permission.needs_second_factor());
    let must_enrol =
        session == SessionKind::Desk && !row.factor && (taken || (powerful && is_wanted(row.factor_wanted)));
    let reach = Reach {
        user: row.id,
        organization: row.organization_id,
        kind: OrganizationType::from_code(&row.kind),
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
        must_change_password: row.must_change_password || expired,
        must_enrol,
    };
    Ok(Some((actor, reach)))
}

/// Whether the city asks powerful accounts for a second factor.
pub(super) async fn factor_wanted(tx: &mut Tx, today: NaiveDate) -> Result<bool> {
    let set = sqlx::query_scalar!(
        "select value from parameter where code = $1 and district_id is null and valid_from <= $2
         order by valid_from desc limit 1",
        code::SECOND_FACTOR,
        today
    )
    .fetch_optional(connection(tx))
    .await?;
    Ok(is_wanted(set))
}

fn is_wanted(set: Option<String>) -> bool {
    set.unwrap_or_else(|| CitySettings::default().value(code::SECOND_FACTOR)) == "true"
}

/// The scope of an account (domain.md §6.2): what its organisation sees or the districts that are listed for it, and of
/// that only the estates it looks after (负责楼盘) where it has some; nothing without a business permission.
pub(crate) async fn scope_load(tx: &mut Tx, reach: Reach) -> Result<Scope> {
    if !reach.business {
        return Ok(Scope::Nothing);
    }
    // Reads with the city's eyes, inside this statement only: the scope is what is being found out.
    sqlx::query!("select set_config('app.districts', '*', true)").fetch_one(connection(tx)).await?;
    let listed = sqlx::query_scalar!("select district_id from user_district where user_id = $1 order by 1", reach.user)
        .fetch_all(connection(tx))
        .await?;
    let scope = listed_scope(tx, &reach, listed).await?;
    let own = sqlx::query!(
        "select e.id, e.district_id from user_estate u join estate e on e.id = u.estate_id where u.user_id = $1 order by 1",
        reach.user
    )
    .fetch_all(connection(tx))
    .await?;
    sqlx::query!("select set_config('app.districts', '', true)").fetch_one(connection(tx)).await?;
    if own.is_empty() || scope == Scope::Nothing {
        return Ok(scope);
    }
    let inside = |estate: i64, district: i64| match &scope {
        Scope::City { .. } => true,
        Scope::Districts(districts) => districts.contains(&district),
        Scope::Estates(estates) => estates.contains(&estate),
        Scope::Nothing => false,
    };
    Ok(Scope::Estates(own.iter().filter(|own| inside(own.id, own.district_id)).map(|own| own.id).collect()))
}

/// The districts that are listed for an account, or what its organisation sees where none is.
async fn listed_scope(tx: &mut Tx, reach: &Reach, listed: Vec<i64>) -> Result<Scope> {
    match reach.kind {
        Some(kind) if !listed.is_empty() && kind.is_administrative() => Ok(Scope::Districts(listed)),
        _ => organization_scope(tx, reach).await,
    }
}

/// What an organisation sees: the city, its district, the estates in its street or community, or those it
/// runs; nothing where none of these is said.
async fn organization_scope(tx: &mut Tx, reach: &Reach) -> Result<Scope> {
    use OrganizationType as Type;
    Ok(match (reach.kind, reach.district) {
        (Some(Type::City), _) => {
            let districts = sqlx::query_scalar!("select id from organization where type = 'DISTRICT' order by id")
                .fetch_all(connection(tx))
                .await?;
            Scope::City { districts }
        }
        (Some(Type::Operator | Type::PropertyCompany), _) => {
            let estates = sqlx::query_scalar!(
                "select e.id from estate e left join operator o on o.id = e.operator_id
                 where (o.organization_id = $1 or e.property_company_id = $1) and e.deleted_at is null order by 1",
                reach.organization,
            )
            .fetch_all(connection(tx))
            .await?;
            Scope::Estates(estates)
        }
        (Some(Type::Street | Type::Community), Some(district)) => {
            match street_estates(tx, reach.organization, district).await? {
                estates if estates.is_empty() => Scope::Nothing,
                estates => Scope::Estates(estates),
            }
        }
        (Some(Type::District | Type::ManagementUnit | Type::Finance | Type::CivilAffairs), Some(district)) => {
            Scope::Districts(vec![district])
        }
        _ => Scope::Nothing,
    })
}

/// The estates of a street or community. Estates name theirs as text, so they are found by name, within the
/// district; of a community below a street only those that name no other street.
async fn street_estates(tx: &mut Tx, organization: i64, district: i64) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!(
        "select e.id from organization o
         left join organization p on p.id = o.parent_id and p.type = 'STREET'
         join estate e on e.district_id = $2 and e.deleted_at is null
         where o.id = $1 and case o.type
             when 'STREET' then e.street in (o.name, o.short_name)
             else e.community in (o.name, o.short_name)
                  and (p.id is null or e.street is null or e.street in (p.name, p.short_name))
         end
         order by 1",
        organization,
        district,
    )
    .fetch_all(connection(tx))
    .await?)
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
        Some(id) => actor_load(&mut tx, id, SessionKind::Desk, now).await?,
        None => None,
    };
    let Some((mut actor, reach)) = loaded else {
        return Err(Failure::refused("账号不存在或已停用").into());
    };
    // The command line and the queue are no first sign-in.
    (actor.must_change_password, actor.must_enrol) = (false, false);
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

/// An account to be made by the server itself: from the command line, whose user owns the machine anyway, and those of
/// the demo city. People make them under maker and checker ([`user_register`]).
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    pub login: &'a str,
    pub name: &'a str,
    pub organization_code: &'a str,
    pub roles: &'a [&'a str],
    pub password: String,
    pub must_change_password: bool,
    pub demo: bool,
}

/// Makes an account unless its login is taken; answers whether it did.
///
/// # Errors
/// A refusal of a login, a name, an organisation or roles that there cannot be, or not together.
pub async fn user_create(database: &Database, user: NewUser<'_>) -> Result<bool> {
    let said = |complaint: Complaint| Failure::refused(complaint.text());
    let (login, name) = (login_check(user.login).map_err(said)?, name_check(user.name).map_err(said)?);
    roles_check(user.roles).map_err(said)?;
    let hash = password_hash(user.password).await?;
    let mut tx = begin_platform(database).await?;
    let organization = sqlx::query_scalar!(
        "select id from organization where code = $1 and status = 'ON' and deleted_at is null",
        user.organization_code
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let Some(organization) = organization else {
        let code = user.organization_code;
        return Err(Failure::refused(format!("机构编码【{code}】不存在或已停用，请先导入组织机构")).into());
    };
    let id = sqlx::query_scalar!(
        "insert into app_user (login, name, organization_id, password_hash, must_change_password, demo)
         values ($1, $2, $3, $4, $5, $6) on conflict (login) do nothing returning id",
        login,
        name,
        organization,
        hash,
        user.must_change_password,
        user.demo,
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let Some(id) = id else { return Ok(false) };
    roles_grant(&mut tx, id, user.roles).await?;
    tx.commit().await?;
    Ok(true)
}

async fn roles_grant(tx: &mut Tx, user: i64, roles: &[&str]) -> Result<()> {
    let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
    sqlx::query!("insert into user_role (user_id, role_id) select $1, id from role where code = any($2)", user, &roles)
        .execute(connection(tx))
        .await?;
    let known = sqlx::query_scalar!("select code from role order by id").fetch_all(connection(tx)).await?;
    match roles.iter().find(|role| !known.contains(role)) {
        None => Ok(()),
        Some(role) => Err(Failure::refused(format!("角色【{role}】不存在，可选：{}", known.join("、"))).into()),
    }
}

/// Gives an account another password, opens its lock and ends its sessions; for whoever forgot his.
///
/// # Errors
/// A refusal when there is no such account.
pub async fn user_password_reset(
    database: &Database,
    login: &str,
    password: String,
    must_change: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    let hash = password_hash(password).await?;
    let mut tx = begin_platform(database).await?;
    let id = sqlx::query_scalar!("select id from app_user where login = $1 and deleted_at is null for update", login)
        .fetch_optional(connection(&mut tx))
        .await?;
    let Some(id) = id else { return Err(Failure::refused(format!("账号【{login}】不存在")).into()) };
    password_set(&mut tx, id, &hash, must_change, None, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether there is any account yet.
///
/// # Errors
/// When the database fails.
pub async fn user_any(database: &Database) -> Result<bool> {
    let mut tx = begin_platform(database).await?;
    Ok(sqlx::query_scalar!(r#"select exists (select from app_user) as "any!""#).fetch_one(connection(&mut tx)).await?)
}

/// Whether there is an account that the demo did not make: then this is no demo, whatever else is there.
///
/// # Errors
/// When the database fails.
pub async fn user_any_real(database: &Database) -> Result<bool> {
    let mut tx = begin_platform(database).await?;
    Ok(sqlx::query_scalar!(r#"select exists (select from app_user where not demo) as "any!""#)
        .fetch_one(connection(&mut tx))
        .await?)
}
