//! What the first start leaves, also when it is cut off or two servers start at once.

use crate::support::database::EmptyDatabase;
use domain::list::ListQuery;
use server::{demo, keys};
use std::{path::PathBuf, time::Duration};
use store::{
    Database,
    platform::user::{UserRef, user_ctx},
};

/// A folder of its own for the notes.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Self {
        let path = std::env::temp_dir().join(format!("housing-demo-{}", store::platform::token::short_id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn number(empty: &EmptyDatabase, query: &str) -> i64 {
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned()));
    query.fetch_one(&empty.admin).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Whether the password that was printed for the account is the one it has.
async fn enters(empty: &EmptyDatabase, printed: &str, login: &str) -> bool {
    let line = printed.lines().find(|line| line.trim_start().starts_with(login)).unwrap_or_else(|| panic!("{printed}"));
    let password = line.split_whitespace().nth(1).expect("a password").to_owned();
    let hash: String = sqlx::query_scalar("select password_hash from app_user where login = $1")
        .bind(login)
        .fetch_one(&empty.admin)
        .await
        .expect("an account");
    store::platform::password::password_matches(password, Some(hash)).await.expect("compared")
}

#[tokio::test]
async fn a_demo_that_was_cut_off_is_taken_up_again() {
    let (empty, folder) = (EmptyDatabase::create("").await, Folder::create());
    let database = Database::open(&empty.url, 6).await.expect("a migrated database");
    let database = keys::take(database, &folder.0).await.expect("its keys");
    // As Ctrl-C does, in the middle of the flats: what was committed stays, and no password was written down.
    let cut_off = async {
        while number(&empty, "select count(*) from unit").await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        done = demo::ensure(&database, &folder.0) => panic!("too fast to be cut off: {done:?}"),
        () = cut_off => {}
    }
    let begun = number(&empty, "select count(*) from unit").await;
    assert!(begun > 0 && !folder.0.join("demo-accounts.txt").exists());

    let printed = demo::ensure(&database, &folder.0).await.expect("taken up again");
    for login in ["admin", "leader", "city", "district", "operator", "entry"] {
        assert!(enters(&empty, &printed, login).await, "{login}");
    }
    assert_eq!(number(&empty, "select count(*) from unit").await, 8_972, "of which {begun} were there before");
    assert_eq!(number(&empty, "select sum(units)::bigint from district_tally").await, 8_972);

    // Complete is complete: nothing is drawn or loaded again.
    assert_eq!(demo::ensure(&database, &folder.0).await.as_deref(), Ok(printed.as_str()));
    assert!(enters(&empty, &printed, "city").await);
    database.close().await;
}

/// Somebody's own city is not filled with a demo, whatever the command line says.
#[tokio::test]
async fn a_demo_goes_into_no_city_of_others() {
    let (empty, folder) = (EmptyDatabase::create("").await, Folder::create());
    let database = Database::open(&empty.url, 4).await.expect("a migrated database");
    demo::first_administrator(&database).await.expect("an administrator");
    assert_eq!(demo::ensure(&database, &folder.0).await.as_deref(), Ok(""));
    assert_eq!(number(&empty, "select count(*) from app_user").await, 1);
    database.close().await;
}

/// Two servers start on an empty database: one prints a password, and it is the right one.
#[tokio::test]
async fn the_first_administrator_is_told_one_password() {
    let empty = EmptyDatabase::create("").await;
    let (one, other) = tokio::join!(Database::open(&empty.url, 4), Database::open(&empty.url, 4));
    let (one, other) = (one.expect("it opens"), other.expect("it opens"));
    let (first, second) = tokio::join!(demo::first_administrator(&one), demo::first_administrator(&other));
    let (first, second) = (first.expect("it starts"), second.expect("it starts"));
    assert!(first.is_empty() != second.is_empty(), "{first:?} {second:?}");
    let printed = format!("{first}{second}");
    let password =
        printed.split("初始密码 ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a password");
    assert!(enters(&empty, &format!("admin {password}"), "admin").await);
    let admin = user_ctx(&one, UserRef::Login("admin"), chrono::Utc::now()).await.expect("an account");
    assert!(store::platform::organization::organization_list(&admin, &ListQuery::default()).await.is_ok());
    assert_eq!(demo::first_administrator(&one).await.as_deref(), Ok(""), "and never again");
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn keys_are_made_once_and_never_made_up() {
    use std::os::unix::fs::PermissionsExt as _;
    let (empty, folder) = (EmptyDatabase::create("").await, Folder::create());
    let open = async || Database::open(&empty.url, 4).await.expect("it opens");
    keys::take(open().await, &folder.0).await.expect("made");
    let file = folder.0.join("keys");
    let made = std::fs::read_to_string(&file).expect("a key file");
    assert_eq!(std::fs::metadata(&file).expect("a key file").permissions().mode() & 0o777, 0o600);
    keys::take(open().await, &folder.0).await.expect("taken again");
    assert_eq!(std::fs::read_to_string(&file).expect("a key file"), made);

    std::fs::remove_file(&file).expect("lost");
    keys::take(open().await, &folder.0).await.expect("nothing is sealed yet: another one will do");

    sqlx::raw_sql(
        "insert into organization (code, name, type, division_code) values ('CITY', '测试市', 'CITY', '990000');
         insert into person (organization_id, name, person_type, id_type, id_number, id_number_mask, id_verified, phone,
                             phone_mask, key_id)
         select id, '测试人', 'TENANT', 'OTHER', '\\x00', '*', 'UNVERIFIED', '\\x00', '*', 1 from organization",
    )
    .execute(&empty.admin)
    .await
    .expect("a person");
    std::fs::remove_file(&file).expect("lost");
    let error = keys::take(open().await, &folder.0).await.expect_err("nothing is made up");
    assert!(error.contains("put back the key file of this database"), "{error}");
    assert!(!file.exists());
    std::fs::write(&file, "1:not a key").expect("written");
    let error = keys::take(open().await, &folder.0).await.expect_err("refused");
    assert!(error.ends_with("key 1 is not 64 hexadecimal digits"), "{error}");
}
