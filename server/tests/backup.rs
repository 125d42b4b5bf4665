//! The drill: what was backed up comes back after everything else is gone, and a backup that is not what it was is
//! refused before anything is touched.

use crate::support::{
    city::PASSWORD,
    database::{EmptyDatabase, KEY, TestDatabase},
};
use chrono::Utc;
use domain::{
    dictionary::{AttachmentKind, AttachmentOwner},
    id::AttachmentId,
    list::ListQuery,
    person::Secret,
    platform::{
        attachment::{View, content::Media},
        audit::AuditReport,
    },
};
use server::{
    audit,
    backup::{archive::Archive, backup, restore},
    config::Config,
    demo, export, keys,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use store::{
    Database,
    person::{person_list, person_reveal},
    platform::{
        attachment::{Upload, attachment_create, attachment_link, attachment_open},
        session::{SignIn, captcha_create, session_ctx, sign_in},
        user::{UserRef, user_ctx},
    },
};
use tokio::sync::watch;

struct Folder(PathBuf);

impl Folder {
    fn create() -> Self {
        let path = std::env::temp_dir().join(format!("housing-backup-{}", store::platform::token::short_id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn config(&self, name: &str) -> Config {
        let data = self.0.join(name);
        fs::create_dir_all(&data).expect("a folder");
        Config { data, ..Config::default() }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Seals what there is and anchors it, as a running server does.
async fn seal(database: &Database, data: &Path) {
    let (stop, stopping) = watch::channel(false);
    let sealer = audit::start(database.clone(), audit::anchor_file(data), stopping);
    let _ = stop.send(true);
    sealer.await.expect("sealed");
}

async fn enters(database: &Database, login: &str, password: &str) -> bool {
    let captcha_id = captcha_create(database, "K7PQ", Utc::now()).await.expect("a captcha");
    let entered = SignIn {
        login: login.to_owned(),
        password: password.to_owned(),
        captcha_id,
        captcha: "K7PQ".to_owned(),
        address: String::new(),
    };
    let Ok(secret) = sign_in(database, entered, Utc::now()).await else { return false };
    session_ctx(database, &secret, Utc::now()).await.expect("a session").is_some()
}

/// The documents of the first persons that the account sees, in clear.
async fn documents(database: &Database, login: &str) -> Vec<String> {
    let ctx = user_ctx(database, UserRef::Login(login), Utc::now()).await.expect("an account");
    let persons = person_list(&ctx, &ListQuery::default()).await.expect("persons").rows;
    let mut documents = Vec::new();
    for person in persons {
        documents.push(person_reveal(&ctx, person.id, Secret::IdNumber, "恢复演练核对").await.expect("in clear"));
    }
    documents
}

const PAPER: &[u8] = b"%PDF-1.7 a paper";

/// A paper of the first person that the city sees.
async fn paper_create(database: &Database) -> AttachmentId {
    let ctx = user_ctx(database, UserRef::Login("city"), Utc::now()).await.expect("an account");
    let person = person_list(&ctx, &ListQuery::default()).await.expect("persons").rows[0].id;
    let upload = Upload {
        owner: AttachmentOwner::Person,
        owner_id: person.0,
        kind: AttachmentKind::IdCard,
        file_name: "身份证.pdf",
        media: Media::Pdf,
        content: PAPER,
        thumbnail: None,
    };
    attachment_create(&ctx, &upload).await.expect("stored")
}

async fn paper_read(database: &Database, id: AttachmentId) -> Vec<u8> {
    let ctx = user_ctx(database, UserRef::Login("city"), Utc::now()).await.expect("an account");
    let link = attachment_link(&ctx, id, View::Download, "恢复演练核对").await.expect("a link");
    attachment_open(&ctx, &link).await.expect("opened").content
}

/// A city in a private cluster: filled, backed up, destroyed, restored into a new cluster.
#[tokio::test]
async fn a_city_comes_back_after_everything_is_gone() {
    let folder = Folder::create();
    let config = folder.config("old");
    let opened = config.open().await.expect("a private cluster");
    let printed = demo::ensure(&opened.database, &config.data).await.expect("a demo city");
    let line = printed.lines().find(|line| line.trim_start().starts_with("operator")).expect("an account");
    let password = line.split_whitespace().nth(1).expect("a password").to_owned();
    let before = documents(&opened.database, "city").await;
    assert!(before.len() >= 20, "{before:?}");
    let paper = paper_create(&opened.database).await;
    seal(&opened.database, &config.data).await;
    fs::create_dir_all(config.data.join("files/z")).expect("a folder");
    fs::write(config.data.join("files/z/附件.pdf"), b"a stored file").expect("written");
    // Backed up while the server that started the cluster goes on with it.
    let made = backup(&config, &folder.0, true).await.expect("a backup");
    assert!(made.file.starts_with(&folder.0) && made.manifest.has("keys"), "{made:?}");
    assert_eq!(fs::metadata(&made.file).expect("a file").permissions().mode() & 0o777, 0o600);
    assert!(backup(&config, &made.file, true).await.expect_err("refused").contains("exists already"));
    // What is sealed after the backup is lost with the city, and its anchor with it.
    documents(&opened.database, "city").await;
    seal(&opened.database, &config.data).await;
    opened.close().await;
    fs::remove_dir_all(&config.data).expect("destroyed");
    let left: Vec<_> = fs::read_dir(&folder.0).expect("a folder").flatten().map(|entry| entry.path()).collect();
    assert!(matches!(&left[..], [only] if *only == made.file), "nothing but the backup: {left:?}");

    let config = folder.config("new");
    let restored = restore(&config, &made.file, false).await.expect("restored");
    assert_eq!(restored.manifest, made.manifest);
    assert!(restored.audit.findings.is_empty() && restored.audit.rows > 0, "{:?}", restored.audit);
    let opened = config.open().await.expect("it starts");
    assert!(enters(&opened.database, "operator", &password).await, "signing in works");
    assert_eq!(documents(&opened.database, "city").await, before, "numbers are readable");
    assert_eq!(paper_read(&opened.database, paper).await, PAPER, "and so are papers");
    assert_eq!(fs::read(config.data.join("files/z/附件.pdf")).expect("a file"), b"a stored file");
    // The triggers work again, and the chain goes on from where it ended.
    seal(&opened.database, &config.data).await;
    let anchors = audit::anchors(&audit::anchor_file(&config.data));
    let report = store::platform::audit::verify(&opened.database, &anchors).await.expect("verified");
    assert!(report.findings.is_empty() && report.rows > restored.audit.rows, "{report:?}");

    let table = folder.0.join("persons.xlsx");
    assert!(export::to_file(&opened.database, "person", &table, "operator").await.expect("exported") > 1_000);
    let again = export::to_file(&opened.database, "person", &table, "operator").await.expect_err("refused");
    assert!(again.contains("persons.xlsx"), "{again}");
    let admin = export::to_file(&opened.database, "person", &folder.0.join("no.xlsx"), "admin").await;
    assert!(admin.expect_err("no right").contains("没有此项操作的权限") && !folder.0.join("no.xlsx").exists());
    opened.close().await;
    let twice = restore(&config, &made.file, false).await.expect_err("a city is there");
    assert!(twice.contains("--force"), "{twice}");
    halfway(&config, &made.file).await;
}

/// A restore that fails at its files leaves the city with the keys that it has by now, which the backup does not have.
async fn halfway(config: &Config, file: &Path) {
    let keys = config.data.join("keys");
    let present = format!("{}\n{}", keys::next(&config.data).expect("a key"), fs::read_to_string(&keys).expect("keys"));
    fs::write(&keys, &present).expect("written");
    let opened = config.open().await.expect("with a new key");
    let paper = paper_create(&opened.database).await;
    opened.close().await;
    let anchors = fs::read(audit::anchor_file(&config.data)).expect("anchors");
    // In the way of a folder.
    fs::rename(config.data.join("files/z"), config.data.join("files/y")).expect("moved");
    fs::write(config.data.join("files/z"), b"").expect("written");
    let error = restore(config, file, true).await.expect_err("no room for a file");
    assert!(error.contains("附件.pdf"), "{error}");
    assert_eq!(fs::read_to_string(&keys).expect("keys"), present);
    assert_eq!(fs::read(audit::anchor_file(&config.data)).expect("anchors"), anchors);
    let opened = config.open().await.expect("it starts");
    assert_eq!(paper_read(&opened.database, paper).await, PAPER, "the database and the keys that it had");
    opened.close().await;
    let left =
        fs::read_dir(&config.data).expect("a folder").flatten().map(|entry| entry.file_name()).collect::<Vec<_>>();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{left:?}");
}

/// A login that sees all rows, beside the owner, who does not.
async fn reader(test: &TestDatabase) -> String {
    let name = format!("housing_backup_{}", store::platform::token::short_id());
    let url = plain(&test.url());
    let database = url.rsplit('/').next().expect("a name").to_owned();
    for sql in [
        format!("create role {name} login bypassrls password 'for-the-test'"),
        format!("grant pg_read_all_data to {name}"),
        format!("grant connect on database {database} to {name}"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&test.admin).await.expect("a login");
    }
    let (_, rest) = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).expect("an address");
    format!("postgres://{name}:for-the-test@{rest}")
}

/// Without what only sqlx understands.
fn plain(url: &str) -> String {
    url.split('?').next().unwrap_or_default().to_owned()
}

/// A city's own PostgreSQL, where nobody of ours is superuser.
#[tokio::test]
async fn a_city_of_its_own_server_is_moved_to_another_one() {
    let (folder, test) = (Folder::create(), TestDatabase::with_city().await);
    let mut config = Config { database_url: Some(plain(&test.url())), ..folder.config("old") };
    fs::write(config.data.join("keys"), KEY).expect("keys");
    let partial = backup(&config, &folder.0.join("a.zip"), true).await.expect_err("the owner does not see all rows");
    assert!(partial.contains("row-level security") && partial.contains("--backup-url"), "{partial}");
    let left = fs::read_dir(&folder.0).expect("a folder").flatten().map(|entry| entry.file_name()).collect::<Vec<_>>();
    assert_eq!(left, ["old"], "no half of a backup");

    sqlx::raw_sql("insert into person_search (actor_id, at, hits) select id, now(), 0 from app_user")
        .execute(&test.admin)
        .await
        .expect("rows that even the city does not see");
    config.backup_url = Some(reader(&test).await);
    let file = folder.0.join("a.zip");
    backup(&config, &file, false).await.expect("a backup");

    // Dropped with the test; two at once would wait for each other's place.
    let units: i64 = count(&test.admin, "unit").await;
    let searches: i64 = count(&test.admin, "person_search").await;
    drop(test);
    let empty = EmptyDatabase::create("").await;
    let target = Config { database_url: Some(plain(&empty.url)), ..folder.config("new") };
    let error = restore(&target, &file, false).await.expect_err("its keys are missing");
    assert!(error.contains("without its keys"), "{error}");
    fs::write(target.data.join("keys"), KEY).expect("keys");
    let restored = restore(&target, &file, false).await.expect("restored");
    assert_eq!(restored.audit.findings, AuditReport::default().findings);
    assert_eq!((count(&empty.admin, "unit").await, count(&empty.admin, "person_search").await), (units, searches));
    assert_eq!(count(&empty.admin, "session").await, 0);
    let open: bool = sqlx::query_scalar("select has_database_privilege('public', current_database(), 'connect')")
        .fetch_one(&empty.admin)
        .await
        .expect("a right");
    assert!(!open, "the door of the database is closed as a migration closes it");
    let opened = target.open().await.expect("it starts");
    assert!(enters(&opened.database, "city", PASSWORD).await);

    let busy = restore(&target, &file, true).await.expect_err("a server works on it");
    assert!(busy.contains("stop it"), "{busy}");
    opened.close().await;
    sqlx::raw_sql("delete from person_search").execute(&empty.admin).await.expect("something to be replaced");
    restore(&target, &file, true).await.expect("by force");
    // Keys of another day, put aside by some restore, are in no backup without keys.
    fs::write(target.data.join("keys.before-restore-0"), KEY).expect("written");
    let reader = Config { backup_url: Some(superuser(&empty)), ..target.clone() };
    let made = backup(&reader, &folder.0.join("c.zip"), false).await.expect("a backup");
    let named: Vec<&str> = made.manifest.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(named, ["database.dump"], "{named:?}");
    assert_eq!(count(&empty.admin, "person_search").await, searches);
    spoiled(&target, &file, &empty).await;
}

/// The cluster's superuser, in the database of a test.
fn superuser(empty: &EmptyDatabase) -> String {
    let database = plain(&empty.url).rsplit('/').next().expect("a name").to_owned();
    let cluster = std::env::var("DATABASE_URL").expect("a cluster");
    format!("{}/{database}", cluster.rsplit_once('/').expect("an address").0)
}

async fn count(admin: &sqlx::PgPool, table: &str) -> i64 {
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")));
    query.fetch_one(admin).await.unwrap_or_else(|error| panic!("{table}: {error}"))
}

/// One byte of the dump is another: nothing is restored, not even by force.
async fn spoiled(target: &Config, file: &Path, empty: &EmptyDatabase) {
    let mut bytes = fs::read(file).expect("a backup");
    let dump = bytes.windows(5).position(|window| window == b"PGDMP").expect("a dump");
    bytes[dump + 4_000] ^= 1;
    let copy = file.with_file_name("b.zip");
    fs::write(&copy, &bytes).expect("written");
    let units = count(&empty.admin, "unit").await;
    let error = restore(target, &copy, true).await.expect_err("refused");
    assert!(error.contains("database.dump is not as it was written"), "{error}");
    bytes.truncate(bytes.len() / 2);
    fs::write(&copy, &bytes).expect("written");
    assert!(restore(target, &copy, true).await.expect_err("refused").contains("is no backup, or is cut off"));
    assert_eq!(count(&empty.admin, "unit").await, units);
    assert!(Archive::open(file).is_ok(), "the good one is still good");
}
