//! Connections: one pool for the application role, which row-level security rules, and one for the
//! owner, which migrates, listens and runs the queue and never answers a person.

use crate::{
    Error, Result,
    files::Files,
    platform::cipher::{KeyRing, keys_check},
};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr as _, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// The schema, compiled in: the server and its tests carry the same one.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// The role all business runs as; it owns nothing and cannot bypass row-level security.
pub const APPLICATION_ROLE: &str = "housing_app";

/// Database and owner in a private cluster.
const PRIVATE: &str = "housing";

/// Both doors to the city's database.
#[derive(Clone, Debug)]
pub struct Database {
    pub(crate) app: PgPool,
    owner: PgPool,
    /// rung after a commit that boards should hear of
    pub(crate) bell: Arc<Notify>,
    keys: Option<KeyRing>,
    files: Option<Files>,
}

impl Database {
    /// Connects as the owner given by `url`, migrates under sqlx' advisory lock (so that two servers
    /// can start at once), and opens the application's pool.
    ///
    /// # Errors
    /// When the database cannot be reached, is older than PostgreSQL 15, is not UTF-8, or a migration fails.
    pub async fn open(url: &str, connections: u32) -> Result<Self> {
        Self::connect(PgConnectOptions::from_str(url)?, connections).await
    }

    /// Prepares a private cluster, of which `url` names the superuser, and opens the database in it:
    /// an owner who is no superuser, so that the private cluster and a city's own are ruled alike.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_private(url: &str, connections: u32) -> Result<Self> {
        Self::private(url).await?;
        Self::connect(PgConnectOptions::from_str(url)?.username(PRIVATE).database(PRIVATE), connections).await
    }

    /// Makes owner and database in a private cluster where they are missing, and nothing else; answers the name that
    /// both have.
    ///
    /// # Errors
    /// When the cluster cannot be reached.
    pub async fn private(url: &str) -> Result<&'static str> {
        let superuser = PgConnectOptions::from_str(url)?;
        // Owner and superuser share the generated secret: both are this process.
        let password =
            url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).and_then(|(user, _)| user.split_once(':'));
        let password = password.map_or("", |(_, password)| password);
        let mut connection = superuser.connect().await?;
        for (known, create) in [
            (
                "select 1 from pg_roles where rolname = $1",
                format!("create role {PRIVATE} login createrole password '{password}'"),
            ),
            ("select 1 from pg_database where datname = $1", format!("create database {PRIVATE} owner {PRIVATE}")),
        ] {
            if sqlx::query(known).bind(PRIVATE).fetch_optional(&mut connection).await?.is_none() {
                match sqlx::query(AssertSqlSafe(create)).execute(&mut connection).await {
                    // Another server started beside us and was first (duplicate role, database or key).
                    Err(sqlx::Error::Database(error))
                        if matches!(error.code().as_deref(), Some("42710" | "42P04" | "23505")) => {}
                    other => {
                        other?;
                    }
                }
            }
        }
        connection.close().await?;
        Ok(PRIVATE)
    }

    async fn connect(options: PgConnectOptions, connections: u32) -> Result<Self> {
        let options = options.application_name("housing");
        let owner = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.clone())
            .await?;
        check_server(&owner).await?;
        MIGRATIONS.run(&owner).await.map_err(|error| Error::Broken(format!("migration failed: {error}")))?;
        Ok(Self {
            app: Self::application_pool(options, connections).await?,
            owner,
            bell: Arc::default(),
            keys: None,
            files: None,
        })
    }

    /// For tests, whose database is there and migrated already.
    ///
    /// # Errors
    /// When the application role cannot be taken.
    pub async fn adopt(owner: PgPool) -> Result<Self> {
        let options = owner.connect_options().as_ref().clone();
        Ok(Self {
            app: Self::application_pool(options, 8).await?,
            owner,
            bell: Arc::default(),
            keys: None,
            files: None,
        })
    }

    async fn application_pool(options: PgConnectOptions, connections: u32) -> Result<PgPool> {
        // The role is taken when the connection opens: nothing runs on this pool as the owner.
        let options = options.options([("role", APPLICATION_ROLE)]);
        Ok(PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await?)
    }

    /// Takes the keys of the city's personal numbers, after making sure that they are this database's.
    ///
    /// # Errors
    /// One line that says which key is missing or of another installation.
    pub async fn with_keys(mut self, keys: KeyRing) -> Result<Self> {
        keys_check(&self, &keys).await?;
        self.keys = Some(keys);
        Ok(self)
    }

    /// What seals and opens personal numbers.
    pub(crate) fn keys(&self) -> Result<&KeyRing> {
        self.keys.as_ref().ok_or_else(|| Error::Broken("the server was started without keys".into()))
    }

    /// Takes the place where files lie.
    #[must_use]
    pub fn with_files(self, files: Files) -> Self {
        Self { files: Some(files), ..self }
    }

    /// Whether files can be stored: a start fails and not the first upload.
    ///
    /// # Errors
    /// One line for the operator.
    pub async fn check_files(&self) -> std::result::Result<(), String> {
        self.files().map_err(|error| error.to_string())?.check().await
    }

    /// Where files lie.
    pub(crate) fn files(&self) -> Result<&Files> {
        self.files.as_ref().ok_or_else(|| Error::Broken("the server was started without a store of files".into()))
    }

    /// The owner's pool, for the queue and for listening; not for the work of people.
    #[must_use]
    pub fn owner(&self) -> &PgPool {
        &self.owner
    }

    /// Says that a change was committed; the publisher of [`crate::live`] passes it on.
    pub(crate) fn announce(&self) {
        self.bell.notify_one();
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.app).await?;
        Ok(())
    }

    /// Waits for the running transactions and closes both pools.
    pub async fn close(&self) {
        self.app.close().await;
        self.owner.close().await;
    }
}

/// Holds back other servers that start on the same database.
pub struct StartLock(sqlx::pool::PoolConnection<sqlx::Postgres>);

/// Number of the advisory lock that servers start under.
const START_LOCK: i64 = 0x0068_6f75_7369_6e67;

/// Waits until no other server is starting.
///
/// # Errors
/// When the database fails.
pub async fn start_lock(database: &Database) -> Result<StartLock> {
    let mut connection = database.owner.acquire().await?;
    // The lock belongs to the connection: whoever fails in between must not hand it back to the pool.
    connection.close_on_drop();
    sqlx::query("select pg_advisory_lock($1)").bind(START_LOCK).execute(&mut *connection).await?;
    Ok(StartLock(connection))
}

impl StartLock {
    /// Lets the next one start. (A lock that is dropped or a connection that is lost lets go as well.)
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release(mut self) -> Result<()> {
        sqlx::query("select pg_advisory_unlock($1)").bind(START_LOCK).execute(&mut *self.0).await?;
        Ok(())
    }
}

/// PostgreSQL ≥ 15 in UTF-8 with a UTF-8 ctype: under ctype C trigrams of Chinese are empty.
async fn check_server(pool: &PgPool) -> Result<()> {
    let (version, encoding, ctype): (i32, String, String) = sqlx::query_as(
        "select current_setting('server_version_num')::int, pg_encoding_to_char(encoding)::text, datctype::text
         from pg_database where datname = current_database()",
    )
    .fetch_one(pool)
    .await?;
    if version < 150_000 {
        return Err(Error::Broken(
            "PostgreSQL 15 or newer is needed: upgrade the server or change DATABASE_URL".into(),
        ));
    }
    if encoding != "UTF8" || !ctype.to_ascii_lowercase().replace('-', "").contains("utf8") {
        return Err(Error::Broken(format!(
            "the database is {encoding} with ctype {ctype}: create it with encoding UTF8 and a UTF-8 ctype such as C.UTF-8"
        )));
    }
    Ok(())
}
