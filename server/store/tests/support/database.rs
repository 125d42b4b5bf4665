//! A database per test: a copy of a template that is migrated and filled once, dropped at the end.
//!
//! `DATABASE_URL` names a superuser of a cluster that may be spoiled (`make test` starts one). The copies
//! belong to an owner who is no superuser, as in production; only [`TestDatabase::admin`] sees everything.

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    str::FromStr as _,
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};
use store::{Database, files::Files};

/// Owns every test database; may create the application's role, and that is all.
const OWNER: &str = "housing_test";
/// Advisory lock under which the template is made and copied.
const TEMPLATE_LOCK: i64 = 0x7465_6d70;
/// First half of the advisory locks that let so many tests run at once and no more: a cluster has a
/// hundred connections, a machine may have as many cores.
const SLOT_LOCK: i32 = 0x736c_6f74;
const SLOTS: u32 = 10;

/// One test's database. Two of them in one test may wait for each other for ever.
pub struct TestDatabase {
    pub database: Database,
    /// a superuser in this database: past row-level security, for looking and for making stock
    pub admin: PgPool,
    name: Name,
}

impl TestDatabase {
    /// A migrated database with the small city of [`super::city`] in it.
    pub async fn with_city() -> Self {
        Self::with_city_in(Cluster::from_environment()).await
    }

    /// The same in a cluster that the test has started itself, and may kill.
    #[allow(dead_code, reason = "the model test of the server is what kills")]
    pub async fn with_city_at(superuser_url: &str) -> Self {
        let test = Self::with_city_in(Cluster::at(superuser_url)).await;
        // PostgreSQL copies the sequences of a template as they lie in memory: the log of the copy knows their last number and not
        // the 32 that were logged ahead, but the next ones are drawn without logging them, so that after a crash they would come
        // again. Behind a checkpoint the next number is logged anew. (Only copies of a used database are like that.)
        sqlx::query("checkpoint").execute(&test.admin).await.expect("a checkpoint");
        test
    }

    async fn with_city_in(cluster: Cluster) -> Self {
        let slot = cluster.slot().await;
        let mut postgres = cluster.locked().await;
        let template = template(&cluster, &mut postgres).await;
        let name = Name::fresh(cluster, slot);
        run(&mut postgres, &format!("create database {} template {template} owner {OWNER}", name.text)).await;
        drop(postgres);
        let owner = PgPoolOptions::new()
            .max_connections(4)
            .connect_with(name.cluster.owner(&name.text))
            .await
            .expect("the owner connects");
        let admin =
            PgPoolOptions::new().max_connections(2).connect_with(name.cluster.superuser.clone().database(&name.text));
        let admin = admin.await.expect("the superuser connects");
        Self { database: adopted(owner, &[KEY], &name).await.expect("its own keys"), admin, name }
    }

    /// A connection as the application works: the owner's login, the role without rights.
    pub async fn application(&self) -> PgConnection {
        let options = self.name.cluster.owner(&self.name.text).options([("role", store::database::APPLICATION_ROLE)]);
        options.connect().await.expect("the application's role can be taken")
    }

    /// The address at which a process of its own finds it.
    #[allow(dead_code, reason = "processes that the tests of the server start ask for it")]
    pub fn url(&self) -> String {
        self.name.cluster.owner(&self.name.text).to_url_lossy().to_string()
    }

    /// A second process on the same database.
    pub async fn second(&self) -> Database {
        self.second_with(&[KEY]).await.expect("its own keys")
    }

    /// The same with other keys.
    pub async fn second_with(&self, keys: &[&str]) -> store::Result<Database> {
        let owner =
            PgPoolOptions::new().max_connections(2).connect_with(self.name.cluster.owner(&self.name.text)).await;
        adopted(owner.expect("the owner connects"), keys, &self.name).await
    }

    /// Where its files lie; goes with the database.
    pub fn files(&self) -> PathBuf {
        self.name.files()
    }
}

/// The key of all test databases.
pub const KEY: &str = "1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

async fn adopted(owner: PgPool, keys: &[&str], name: &Name) -> store::Result<Database> {
    let database = Database::adopt(owner).await.expect("the application's role can be taken");
    let database = database.with_files(Files::folder(&name.files()).expect("a folder"));
    database.with_keys(store::platform::cipher::KeyRing::parse(&keys.join("\n")).expect("a ring")).await
}

/// A database without any table, and the address at which its owner finds it.
pub struct EmptyDatabase {
    pub url: String,
    pub admin: PgPool,
    /// drops it
    _name: Name,
}

impl EmptyDatabase {
    /// `options` is how `create database` goes on.
    pub async fn create(options: &str) -> Self {
        let cluster = Cluster::from_environment();
        let slot = cluster.slot().await;
        let mut postgres = cluster.locked().await;
        let name = Name::fresh(cluster, slot);
        run(&mut postgres, &format!("create database {} owner {OWNER} {options}", name.text)).await;
        drop(postgres);
        let admin =
            PgPoolOptions::new().max_connections(2).connect_with(name.cluster.superuser.clone().database(&name.text));
        let url = name.cluster.owner(&name.text).to_url_lossy().to_string();
        Self { url, admin: admin.await.expect("the superuser connects"), _name: name }
    }
}

/// Where the tests' cluster is.
#[derive(Clone)]
struct Cluster {
    superuser: PgConnectOptions,
    password: String,
}

impl Cluster {
    fn from_environment() -> Self {
        Self::at(&std::env::var("DATABASE_URL").unwrap_or_else(|_| panic!("DATABASE_URL is not set: run `make test`")))
    }

    fn at(url: &str) -> Self {
        let login = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(login, _)| login);
        let password = login.and_then(|login| login.split_once(':')).map_or("", |(_, password)| password).to_owned();
        let superuser = PgConnectOptions::from_str(url).expect("an address of PostgreSQL");
        Self { superuser, password }
    }

    /// The owner's own login: what a role may do is told by who signed in, not only by who one acts as.
    fn owner(&self, database: &str) -> PgConnectOptions {
        self.superuser.clone().username(OWNER).database(database)
    }

    async fn connect(&self) -> PgConnection {
        self.superuser.connect().await.unwrap_or_else(|error| panic!("DATABASE_URL does not answer: {error}"))
    }

    /// Waits until no other test makes or copies the template, which can have one visitor at a time; sees to
    /// the owner. The lock ends with the connection.
    async fn locked(&self) -> PgConnection {
        let mut postgres = self.connect().await;
        sqlx::query("select pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut postgres).await.expect("the lock");
        owner_ensure(self, &mut postgres).await;
        postgres
    }

    /// Waits until one more test may run; the connection holds its place.
    async fn slot(&self) -> PgConnection {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let mut connection = self.connect().await;
        let slot = std::process::id().wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed)) % SLOTS;
        let slot = i32::try_from(slot).expect("there are few slots");
        sqlx::query("select pg_advisory_lock($1, $2)")
            .bind(SLOT_LOCK)
            .bind(slot)
            .execute(&mut connection)
            .await
            .expect("a slot");
        connection
    }
}

/// The name of a test's database, which is dropped with it.
struct Name {
    text: String,
    cluster: Cluster,
    _slot: PgConnection,
}

impl Name {
    fn fresh(cluster: Cluster, slot: PgConnection) -> Self {
        Self { text: format!("housing_test_{}", store::platform::token::short_id()), cluster, _slot: slot }
    }

    fn files(&self) -> PathBuf {
        std::env::temp_dir().join(&self.text)
    }
}

impl Drop for Name {
    /// Also after a failed test. On a thread of its own, because the test's runtime may be gone.
    fn drop(&mut self) {
        let (cluster, statement) =
            (self.cluster.clone(), format!("drop database if exists {} with (force)", self.text));
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async { run(&mut cluster.connect().await, &statement).await });
        });
        let _ = dropped.join();
        let _ = std::fs::remove_dir_all(self.files());
    }
}

async fn run(connection: &mut PgConnection, statement: &str) {
    sqlx::query(AssertSqlSafe(statement.to_owned()))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// Makes the owner, with the password that the cluster has this time. Under [`TEMPLATE_LOCK`].
async fn owner_ensure(cluster: &Cluster, postgres: &mut PgConnection) {
    let known = sqlx::query("select from pg_roles where rolname = $1").bind(OWNER);
    if known.fetch_optional(&mut *postgres).await.expect("roles").is_none() {
        run(postgres, &format!("create role {OWNER} login createrole")).await;
    }
    run(postgres, &format!("alter role {OWNER} nosuperuser nobypassrls password '{}'", cluster.password)).await;
}

/// The name of the template, made unless it is there. It is known by the newest source it is made of, so that
/// new code never meets an old template; older ones of the same checkout are dropped. Under [`TEMPLATE_LOCK`].
async fn template(cluster: &Cluster, postgres: &mut PgConnection) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("migrations").is_dir());
    let root = root.expect("the tests run in their checkout");
    let mut hasher = DefaultHasher::new();
    root.hash(&mut hasher);
    let family = format!("housing_template_{:x}_", hasher.finish());
    let sources = ["migrations", "app/domain/src", "server/store/src", "server/store/tests/support"];
    let newest = sources.iter().map(|source| newest(&root.join(source))).max().expect("there are sources");
    let template = format!("{family}{:x}", newest.duration_since(UNIX_EPOCH).expect("after 1970").as_millis());
    let known: Vec<String> = sqlx::query_scalar("select datname::text from pg_database where datname like $1")
        .bind(format!("{}%", family.replace('_', "\\_")))
        .fetch_all(&mut *postgres)
        .await
        .expect("databases");
    if !known.contains(&template) {
        for old in known {
            run(postgres, &format!("drop database {old} with (force)")).await;
        }
        template_make(cluster, postgres, &template).await;
    }
    template
}

/// When anything in a folder was last changed.
fn newest(folder: &Path) -> SystemTime {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let times = entries.flatten().map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => newest(&entry.path()),
        _ => entry.metadata().and_then(|file| file.modified()).unwrap_or(UNIX_EPOCH),
    });
    times.max().unwrap_or(UNIX_EPOCH)
}

/// Under another name until it is complete: a run that is cut off leaves nothing that looks finished.
async fn template_make(cluster: &Cluster, postgres: &mut PgConnection, template: &str) {
    let draft = format!("{template}_draft");
    run(postgres, &format!("drop database if exists {draft} with (force)")).await;
    run(postgres, &format!("create database {draft} owner {OWNER}")).await;
    let database =
        Database::open(cluster.owner(&draft).to_url_lossy().as_str(), 4).await.expect("the template is migrated");
    super::city::fill(&database).await;
    database.close().await;
    run(postgres, &format!("alter database {draft} rename to {template}")).await;
}
