//! What a backup and a restore do inside the database; the copying itself is PostgreSQL's own `pg_dump`.
//!
//! A restore does not drop what it replaces before the new is complete: the schemas are renamed, and renamed back when
//! it fails.

use crate::{Error, Result, database::APPLICATION_ROLE};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use std::str::FromStr as _;

/// The schema of the queue, which makes its tables itself.
const QUEUE: &str = "graphile_worker";
/// What stands in front of the name of a schema that is being replaced.
const REPLACED: &str = "replaced_";

/// A database that a backup is of, or goes into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// major version of the server
    pub major: u32,
    /// newest migration that is applied; none in an empty database
    pub migration: Option<i64>,
}

/// # Errors
/// When the database cannot be reached.
pub async fn facts(url: &str) -> Result<Facts> {
    let mut connection = connect(url).await?;
    let version: i32 =
        sqlx::query_scalar("select current_setting('server_version_num')::int").fetch_one(&mut connection).await?;
    let known: bool =
        sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(&mut connection).await?;
    let migration = if known {
        sqlx::query_scalar("select max(version) from _sqlx_migrations where success").fetch_one(&mut connection).await?
    } else {
        None
    };
    connection.close().await?;
    Ok(Facts { major: u32::try_from(version / 10_000).unwrap_or_default(), migration })
}

/// The newest migration of this program.
#[must_use]
pub fn newest_migration() -> i64 {
    crate::database::MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// Whether a restore would replace something.
///
/// # Errors
/// When the database fails.
pub async fn is_filled(url: &str) -> Result<bool> {
    let mut connection = connect(url).await?;
    let filled = sqlx::query_scalar(
        "select exists (select from pg_class where relnamespace = current_schema()::regnamespace)
             or exists (select from pg_namespace where nspname = $1)",
    )
    .bind(QUEUE)
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok(filled)
}

/// Puts aside what is there and makes ready for the tables to come, which bring their own rights: the application's
/// role, and the closed door of the database, which no dump of it carries (migration `platform_scope`).
///
/// # Errors
/// When a server works on the database, or the database fails.
pub async fn restore_begin(url: &str) -> Result<()> {
    let mut connection = connect(url).await?;
    let others: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity
         where datname = current_database() and application_name = 'housing' and pid <> pg_backend_pid()",
    )
    .fetch_one(&mut connection)
    .await?;
    if others > 0 {
        return Err(Error::Broken("a server works on this database: stop it, then restore".into()));
    }
    let mut tx = connection.begin().await?;
    let own = own_schema(&mut tx).await?;
    for schema in [own.as_str(), QUEUE] {
        if !exists(&mut tx, schema).await? {
            continue;
        }
        // A restore that was cut off has put aside what is to be kept, and what is there now is half of the new.
        let aside = if exists(&mut tx, &format!("{REPLACED}{schema}")).await? {
            format!("drop schema {} cascade", quoted(schema))
        } else {
            format!("alter schema {} rename to {}", quoted(schema), quoted(&format!("{REPLACED}{schema}")))
        };
        run(&mut tx, &aside).await?;
    }
    run(&mut tx, &format!("create schema {}", quoted(&own))).await?;
    run(
        &mut tx,
        &format!(
            "do $$ begin
                 create role {APPLICATION_ROLE} nologin nosuperuser nocreatedb nocreaterole nobypassrls;
             exception when duplicate_object or unique_violation then null;
             end $$;
             do $$ begin
                 if not pg_has_role(current_user, '{APPLICATION_ROLE}', 'usage') then
                     execute format('grant {APPLICATION_ROLE} to %I', current_user);
                 end if;
                 execute format('revoke connect on database %I from public', current_database());
             end $$"
        ),
    )
    .await?;
    tx.commit().await?;
    connection.close().await?;
    Ok(())
}

/// Drops what was put aside, or brings it back.
///
/// # Errors
/// When the database fails.
pub async fn restore_end(url: &str, complete: bool) -> Result<()> {
    let mut connection = connect(url).await?;
    let mut tx = connection.begin().await?;
    if complete {
        log_renumber(&mut tx).await?;
    }
    let aside: Vec<String> =
        sqlx::query_scalar("select nspname::text from pg_namespace where starts_with(nspname::text, $1)")
            .bind(REPLACED)
            .fetch_all(&mut *tx)
            .await?;
    for aside in aside {
        if !complete {
            let schema = aside.trim_start_matches(REPLACED);
            run(&mut tx, &format!("drop schema if exists {} cascade", quoted(schema))).await?;
            run(&mut tx, &format!("alter schema {} rename to {}", quoted(&aside), quoted(schema))).await?;
        } else {
            run(&mut tx, &format!("drop schema {} cascade", quoted(&aside))).await?;
        }
    }
    tx.commit().await?;
    connection.close().await?;
    Ok(())
}

/// The operation log is sealed in the order of transactions (`platform::audit`), and another cluster counts these from
/// its own beginning: new lines would come before the last block, never be sealed, and look as if somebody had put
/// them in between. So what was restored gets the lowest numbers, in the order it had: lines that somebody did put in
/// between, sealed lines, lines that wait for their seal. Numbers of transactions are no part of any hash.
///
/// The owner may do so only while row-level security does not rule him, for which he has to say so to two tables.
async fn log_renumber(connection: &mut PgConnection) -> Result<()> {
    run(
        connection,
        "alter table audit_log no force row level security;
         alter table audit_block no force row level security;
         with last as (select to_xid, to_id from audit_block order by seq desc limit 1),
              sealed as (select unnest(row_ids) as id from audit_block)
         update audit_log a set xid = case
             when a.id in (select id from sealed) then '1'
             when (a.xid, a.id) <= (select to_xid, to_id from last) then '0'
             else '3'
         end::xid8;
         update audit_block set to_xid = '1';
         alter table audit_log force row level security;
         alter table audit_block force row level security",
    )
    .await
}

async fn connect(url: &str) -> Result<PgConnection> {
    Ok(PgConnectOptions::from_str(url)?.application_name("housing-backup").connect().await?)
}

/// Where our tables are: the first schema of the search path, also when it does not exist at the moment.
async fn own_schema(connection: &mut PgConnection) -> Result<String> {
    let known: Option<String> = sqlx::query_scalar("select current_schema()::text").fetch_one(connection).await?;
    Ok(known.unwrap_or_else(|| "public".to_owned()))
}

async fn exists(connection: &mut PgConnection, schema: &str) -> Result<bool> {
    let known = sqlx::query_scalar("select exists (select from pg_namespace where nspname = $1)");
    Ok(known.bind(schema).fetch_one(connection).await?)
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await?;
    Ok(())
}

/// A name in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
