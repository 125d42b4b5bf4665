//! Accounts that a file brings: made together, agreed to together by another person (domain.md §6.4), and handed their
//! first passwords together, once.

use super::{
    grant::grant_check,
    watch::{users_watching, watchers_renew},
};
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    platform::{
        approval::{Change, Request, approval_submit, outdated, refused_as_one},
        cipher::KeyRing,
        password::{NO_PASSWORD, password_hash},
        token::random_password,
    },
};
use domain::{
    dictionary::{ApprovalKind, ApprovalStatus},
    failure::Failure,
    id::{ApprovalId, OrganizationId, RoleId, UserId},
    platform::{approval::ChangeLine, permission::Permission, user_form::GrantFields},
};
use sqlx::Acquire as _;
use std::collections::{BTreeSet, HashSet};

/// Accounts per request: more lines nobody reads, and more passwords are not drawn while somebody waits.
const ACCOUNTS_PER_REQUEST: usize = 200;
/// Passwords that are hashed side by side; each takes some twenty megabytes meanwhile.
const HASHED_AT_ONCE: usize = 4;

/// A checked row.
pub(crate) struct NewAccount {
    pub login: String,
    pub name: String,
    pub department: Option<String>,
    pub organization: OrganizationId,
    pub organization_name: String,
    pub roles: Vec<RoleId>,
    pub role_names: String,
    pub phone_sealed: Vec<u8>,
    pub phone_mask: String,
    /// under every key of the ring, in its order
    pub phone_digests: Vec<Vec<u8>>,
}

/// A first password, as it is handed out.
#[derive(Clone, Debug)]
pub struct FirstPassword {
    pub login: String,
    pub name: String,
    pub password: String,
}

/// Makes accounts that wait for their checker; answers the rows that somebody else was faster with, each with the column
/// that is taken.
pub(crate) async fn accounts_make(
    tx: &mut Tx,
    ctx: &Ctx,
    job: Option<&str>,
    mut accounts: Vec<(u32, NewAccount)>,
) -> Result<Vec<(u32, &'static str)>> {
    let mut refused = Vec::new();
    let mut ids = Vec::new();
    while !accounts.is_empty() {
        let mut attempt = connection(tx).begin().await?;
        match accounts_insert(&mut attempt, ctx, &accounts).await {
            Ok(made) => {
                attempt.commit().await?;
                ids = made;
                break;
            }
            // Somebody made one of them at this moment: which, the database tells.
            Err(Error::Database(sqlx::Error::Database(error)))
                if matches!(error.constraint(), Some("app_user_login_key" | "user_phone_digest_key")) =>
            {
                attempt.rollback().await?;
                let before = accounts.len();
                let (logins, phones) = taken(tx, &accounts).await?;
                accounts.retain(|(row_no, account)| {
                    let column = if logins.contains(&account.login) {
                        "账号"
                    } else if account.phone_digests.iter().any(|digest| phones.contains(digest)) {
                        "手机号"
                    } else {
                        return true;
                    };
                    refused.push((*row_no, column));
                    false
                });
                if accounts.len() == before {
                    return Err(Error::Broken("a login is taken by nobody".into()));
                }
            }
            Err(error) => return Err(error),
        }
    }
    let file = match job {
        Some(job) => file_name(tx, job).await?,
        None => None,
    };
    let made: Vec<(UserId, &NewAccount)> = ids.into_iter().zip(accounts.iter().map(|(_, account)| account)).collect();
    for part in made.chunks(ACCOUNTS_PER_REQUEST) {
        request(tx, ctx, file.as_deref(), part).await?;
    }
    Ok(refused)
}

/// Answers the ids in the order of the accounts.
async fn accounts_insert(
    attempt: &mut sqlx::PgConnection,
    ctx: &Ctx,
    accounts: &[(u32, NewAccount)],
) -> Result<Vec<UserId>> {
    let ring = ctx.database().keys()?;
    let ids: Vec<i64> = sqlx::query_scalar!(
        r#"select nextval(pg_get_serial_sequence('app_user', 'id')) as "id!" from generate_series(1, $1)"#,
        i32::try_from(accounts.len()).unwrap_or(i32::MAX)
    )
    .fetch_all(&mut *attempt)
    .await?;
    let logins: Vec<String> = accounts.iter().map(|(_, account)| account.login.clone()).collect();
    let names: Vec<String> = accounts.iter().map(|(_, account)| account.name.clone()).collect();
    let departments: Vec<Option<String>> = accounts.iter().map(|(_, account)| account.department.clone()).collect();
    let organizations: Vec<i64> = accounts.iter().map(|(_, account)| account.organization.0).collect();
    let phones: Vec<Vec<u8>> = accounts.iter().map(|(_, account)| account.phone_sealed.clone()).collect();
    let masks: Vec<String> = accounts.iter().map(|(_, account)| account.phone_mask.clone()).collect();
    sqlx::query!(
        "insert into app_user (id, login, name, department, organization_id, phone, phone_mask, key_id, password_hash, status,
                               created_by, updated_by, created_at, updated_at, password_changed_at)
         overriding system value
         select id, login, name, department, organization_id, phone, phone_mask, $8, $9, 'NEW', $10, $10, $11, $11, $11
         from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bytea[], $7::text[])
              as t (id, login, name, department, organization_id, phone, phone_mask)",
        &ids,
        &logins,
        &names,
        &departments as _,
        &organizations,
        &phones,
        &masks,
        ring.active(),
        NO_PASSWORD,
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(&mut *attempt)
    .await?;
    phones_index(attempt, ring, &ids, accounts).await?;
    Ok(ids.into_iter().map(UserId).collect())
}

/// Writes the digests of telephones under every key of the ring.
async fn phones_index(
    attempt: &mut sqlx::PgConnection,
    ring: &KeyRing,
    ids: &[i64],
    accounts: &[(u32, NewAccount)],
) -> Result<()> {
    let keys: Vec<i16> = ring.checks().into_iter().map(|(key, _)| key).collect();
    let (mut users, mut key_ids, mut digests) = (Vec::new(), Vec::new(), Vec::new());
    for (id, (_, account)) in ids.iter().zip(accounts) {
        for (key, digest) in keys.iter().zip(&account.phone_digests) {
            users.push(*id);
            key_ids.push(*key);
            digests.push(digest.clone());
        }
    }
    sqlx::query!(
        "insert into user_phone (user_id, key_id, digest)
         select user_id, key_id, digest from unnest($1::bigint[], $2::smallint[], $3::bytea[]) as t (user_id, key_id, digest)",
        &users,
        &key_ids,
        &digests,
    )
    .execute(&mut *attempt)
    .await?;
    Ok(())
}

/// Which logins and telephones of these accounts others have.
async fn taken(tx: &mut Tx, accounts: &[(u32, NewAccount)]) -> Result<(HashSet<String>, HashSet<Vec<u8>>)> {
    let logins: Vec<String> = accounts.iter().map(|(_, account)| account.login.clone()).collect();
    let digests: Vec<Vec<u8>> =
        accounts.iter().flat_map(|(_, account)| account.phone_digests.iter().cloned()).collect();
    let logins = sqlx::query_scalar!("select login from app_user where login = any($1)", &logins)
        .fetch_all(connection(tx))
        .await?;
    let phones = sqlx::query_scalar!("select digest from user_phone where digest = any($1)", &digests)
        .fetch_all(connection(tx))
        .await?;
    Ok((logins.into_iter().collect(), phones.into_iter().collect()))
}

async fn file_name(tx: &mut Tx, job: &str) -> Result<Option<String>> {
    let job = job.parse::<sqlx::types::Uuid>().map_err(|_| Failure::NotFound)?;
    Ok(sqlx::query_scalar!("select file_name from job where id = $1", job).fetch_optional(connection(tx)).await?)
}

/// Asks for the rights of accounts that a file has brought, a line each.
async fn request(tx: &mut Tx, ctx: &Ctx, file: Option<&str>, accounts: &[(UserId, &NewAccount)]) -> Result<()> {
    let Some((_, first)) = accounts.first() else { return Ok(()) };
    let lines = accounts
        .iter()
        .filter_map(|(_, account)| {
            let NewAccount { login, name, organization_name, role_names, phone_mask, .. } = account;
            let after = format!("{organization_name}；{role_names}；{phone_mask}");
            ChangeLine::of(&format!("{login} {name}"), None, Some(after))
        })
        .collect();
    let grants = accounts
        .iter()
        .map(|(id, account)| {
            let grant = GrantFields {
                organization: account.organization,
                roles: account.roles.clone(),
                districts: Vec::new(),
                estates: Vec::new(),
            };
            (*id, grant)
        })
        .collect();
    let request = Request {
        kind: ApprovalKind::UserGrant,
        subject: format!("批量导入用户：{}等{}个账号", first.login, accounts.len()),
        // No login has a colon.
        subject_key: format!("import:{}", first.login),
        change: Change::UserImport { grants },
        lines,
        reason: file.map_or_else(|| "批量导入".to_owned(), |file| format!("批量导入：{file}")),
    };
    let id = approval_submit(tx, ctx, request).await?;
    let users: Vec<i64> = accounts.iter().map(|(id, _)| id.0).collect();
    sqlx::query!("update app_user set import_request_id = $1 where id = any($2)", id.0, &users)
        .execute(connection(tx))
        .await?;
    Ok(())
}

/// The import's request that an account waits for.
pub(super) async fn import_pending(tx: &mut Tx, id: UserId) -> Result<Option<ApprovalId>> {
    let request = sqlx::query_scalar!(
        "select a.id from app_user u join approval a on a.id = u.import_request_id
         where u.id = $1 and u.status = 'NEW' and a.status = 'PENDING'",
        id.0
    )
    .fetch_optional(connection(tx))
    .await?;
    Ok(request.map(ApprovalId))
}

/// Opens the accounts of an import with the rights that were asked for; all of them or none.
pub(crate) async fn import_apply(
    tx: &mut Tx,
    ctx: &Ctx,
    request: ApprovalId,
    grants: &[(UserId, GrantFields)],
) -> Result<()> {
    let users: Vec<i64> = grants.iter().map(|(id, _)| id.0).collect();
    let waiting = sqlx::query_scalar!(
        "select id from app_user where id = any($1) and import_request_id = $2 and status = 'NEW' and deleted_at is null
         for update",
        &users,
        request.0
    )
    .fetch_all(connection(tx))
    .await?;
    if waiting.len() != users.len() {
        return Err(outdated());
    }
    // Roles may have changed since: asked once for what many accounts share.
    let mut checked = BTreeSet::new();
    for (_, grant) in grants {
        if checked.insert((grant.organization.0, grant.roles.iter().map(|role| role.0).collect::<Vec<_>>())) {
            grant_check(tx, grant).await.map_err(refused_as_one)?;
        }
    }
    sqlx::query!(
        "update app_user set status = 'ON', updated_at = $2, updated_by = $3, version = version + 1 where id = any($1)",
        &users,
        ctx.now(),
        ctx.actor().id.0
    )
    .execute(connection(tx))
    .await?;
    let (mut holders, mut roles) = (Vec::new(), Vec::new());
    for (id, grant) in grants {
        for role in &grant.roles {
            holders.push(id.0);
            roles.push(role.0);
        }
    }
    sqlx::query!(
        "insert into user_role (user_id, role_id) select * from unnest($1::bigint[], $2::bigint[])",
        &holders,
        &roles
    )
    .execute(connection(tx))
    .await?;
    watchers_renew(tx, ctx, &users, &[]).await
}

/// Lets the accounts of an import go that nobody agreed to, so that the file can be mended and brought again. They were
/// drafts: nobody could ever sign in with them (domain.md §0.5 rule 4).
pub(crate) async fn import_drop(tx: &mut Tx, request: ApprovalId) -> Result<()> {
    sqlx::query!("delete from app_user where import_request_id = $1 and status = 'NEW'", request.0)
        .execute(connection(tx))
        .await?;
    Ok(())
}

/// How many accounts of an import still have no password.
pub(crate) async fn passwords_due(tx: &mut Tx, request: ApprovalId) -> Result<i64> {
    Ok(i64::try_from(without_password(tx, request).await?.len()).unwrap_or(i64::MAX))
}

/// The accounts of an import that wait for their first password, in the order of their logins. Of one that watches over
/// administrators nobody among them hands it out: it comes from the command line.
async fn without_password(tx: &mut Tx, request: ApprovalId) -> Result<Vec<(i64, String, String)>> {
    let rows = sqlx::query!(
        "select id, login, name from app_user
         where import_request_id = $1 and password_hash = $2 and status <> 'NEW' and deleted_at is null
         order by login collate natural_order",
        request.0,
        NO_PASSWORD
    )
    .fetch_all(connection(tx))
    .await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let watching = users_watching(tx, &ids).await?;
    Ok(rows.into_iter().filter(|row| !watching.contains(&row.id)).map(|row| (row.id, row.login, row.name)).collect())
}

/// Draws the first passwords of the accounts of an import, for the person who brought them. Each is told this once and
/// has to be changed at the first sign-in (PRM-80); whoever loses the answer resets one account after the other.
///
/// # Errors
/// Without [`Permission::UserWrite`]; [`Failure::NotFound`] for somebody else's request; a refusal before it is approved
/// and when the passwords were drawn already.
pub async fn passwords_draw(ctx: &Ctx, request: ApprovalId) -> Result<Vec<FirstPassword>> {
    ctx.require(Permission::UserWrite)?;
    let mut tx = ctx.begin_platform().await?;
    let status = sqlx::query_scalar!(
        "select status from approval where id = $1 and made_by = $2 for update",
        request.0,
        ctx.actor().id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if status != ApprovalStatus::Approved.code() {
        return Err(Failure::refused("申请复核通过后才能领取初始密码").into());
    }
    // Held, so that nobody gives one of them a right or a password while the new ones are made.
    sqlx::query!("select id from app_user where import_request_id = $1 order by id for update", request.0)
        .fetch_all(connection(&mut tx))
        .await?;
    let accounts = without_password(&mut tx, request).await?;
    if accounts.is_empty() {
        return Err(Failure::refused("初始密码已领取；遗失的请在用户页面逐个重置密码").into());
    }
    let ids: Vec<i64> = accounts.iter().map(|(id, ..)| *id).collect();
    let drawn: Vec<FirstPassword> = accounts
        .into_iter()
        .map(|(_, login, name)| FirstPassword { login, name, password: random_password() })
        .collect();
    let hashes = hashes(&drawn).await?;
    sqlx::query!(
        "update app_user u set password_hash = n.hash, must_change_password = true, password_changed_at = $3,
                failed_attempts = 0, locked_until = null, updated_at = $3, updated_by = $4, version = version + 1
         from unnest($1::bigint[], $2::text[]) as n (id, hash) where u.id = n.id",
        &ids,
        &hashes,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!(
        "insert into password_history (user_id, password_hash, at)
         select id, hash, $3 from unnest($1::bigint[], $2::text[]) as n (id, hash)",
        &ids,
        &hashes,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(drawn)
}

/// The hashes of passwords, in their order.
async fn hashes(drawn: &[FirstPassword]) -> Result<Vec<String>> {
    let mut hashes = Vec::with_capacity(drawn.len());
    for part in drawn.chunks(HASHED_AT_ONCE) {
        let running: Vec<_> = part.iter().map(|first| tokio::spawn(password_hash(first.password.clone()))).collect();
        for one in running {
            hashes.push(one.await.map_err(|error| Error::Broken(error.to_string()))??);
        }
    }
    Ok(hashes)
}
