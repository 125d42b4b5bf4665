//! A database on its first day: who may migrate it, and what it must be like.

use crate::support::database::EmptyDatabase;
use sqlx::AssertSqlSafe;
use store::Database;

async fn truth(empty: &EmptyDatabase, question: &str) -> bool {
    sqlx::query_scalar(AssertSqlSafe(question.to_owned()))
        .fetch_one(&empty.admin)
        .await
        .unwrap_or_else(|error| panic!("{question}: {error}"))
}

/// Two servers start at the same moment on an empty database.
#[tokio::test]
async fn two_at_once_both_open_it() {
    let empty = EmptyDatabase::create("").await;
    let (one, other) = tokio::join!(Database::open(&empty.url, 4), Database::open(&empty.url, 4));
    let (one, other) = (one.expect("the first opens"), other.expect("the second opens"));
    one.ping().await.expect("the first works");
    other.ping().await.expect("the second works");
    assert!(
        truth(&empty, "select count(*) = count(distinct version) and bool_and(success) from _sqlx_migrations").await,
        "each migration ran once"
    );
    let again = Database::open(&empty.url, 4).await.expect("and opens again");
    for database in [one, other, again] {
        database.close().await;
    }
}

/// The owner of a city's database is an ordinary account.
#[tokio::test]
async fn its_owner_is_no_superuser() {
    let empty = EmptyDatabase::create("").await;
    let database = Database::open(&empty.url, 4).await.expect("it opens");
    let flags: (bool, bool) =
        sqlx::query_as("select rolsuper, rolbypassrls from pg_roles where rolname = current_user")
            .fetch_one(database.owner())
            .await
            .expect("the owner");
    assert_eq!(flags, (false, false));
    let foreign = "select not exists (select from pg_class c where c.relnamespace = 'public'::regnamespace and pg_get_userbyid(c.relowner) <> 'housing_test')";
    assert!(truth(&empty, foreign).await, "everything belongs to the owner");
    // Forced: not even its owner sees a row without a scope.
    sqlx::query("insert into organization (code, name, type, division_code) values ('X', 'X', 'CITY', '810000')")
        .execute(&empty.admin)
        .await
        .expect("a row");
    sqlx::query("insert into estate (district_id, name, address) select id, 'X', 'X' from organization")
        .execute(&empty.admin)
        .await
        .expect("a row");
    let seen: i64 =
        sqlx::query_scalar("select count(*) from estate").fetch_one(database.owner()).await.expect("a count");
    assert_eq!(seen, 0);
    database.close().await;
}

/// Lists sort as people count and spell.
#[tokio::test]
async fn the_order_of_names_is_natural() {
    let empty = EmptyDatabase::create("").await;
    let database = Database::open(&empty.url, 4).await.expect("it opens");
    let sorted: Vec<String> = sqlx::query_scalar("select name from unnest(array['10号楼', '9号楼', '阳光苑', '北苑', '安居苑', '9号楼B', 'a2', 'A10']) as t (name) order by name collate natural_order")
        .fetch_all(database.owner())
        .await
        .expect("an order");
    // Numbers as numbers, Chinese by pinyin (北 stands before 安 in Unicode).
    assert_eq!(sorted, ["9号楼", "9号楼B", "10号楼", "安居苑", "北苑", "阳光苑", "a2", "A10"]);
    database.close().await;
}

#[tokio::test]
async fn a_database_that_cannot_hold_chinese_is_refused_with_a_reason() {
    for (options, reason) in [
        (
            "encoding 'SQL_ASCII' template template0 lc_collate 'C' lc_ctype 'C'",
            "the database is SQL_ASCII with ctype C: create it with encoding UTF8",
        ),
        (
            "encoding 'UTF8' template template0 lc_collate 'C' lc_ctype 'C'",
            "the database is UTF8 with ctype C: create it with encoding UTF8 and a UTF-8 ctype",
        ),
    ] {
        let empty = EmptyDatabase::create(options).await;
        let error = Database::open(&empty.url, 4).await.expect_err("it is refused").to_string();
        assert!(error.starts_with(reason), "{error}");
        assert!(truth(&empty, "select to_regclass('_sqlx_migrations') is null").await, "nothing was begun");
    }
}

#[tokio::test]
async fn a_wrong_address_is_an_error_and_no_panic() {
    assert!(Database::open("not an address", 1).await.is_err());
}

/// The application's role belongs to the whole cluster: who may become it elsewhere must not get in here.
#[tokio::test]
async fn a_neighbour_does_not_get_in() {
    let empty = EmptyDatabase::create("").await;
    let door = "select has_database_privilege('public', current_database(), 'connect')";
    assert!(truth(&empty, door).await, "PostgreSQL's default");
    Database::open(&empty.url, 4).await.expect("it opens").close().await;
    assert!(!truth(&empty, door).await);
    assert!(!truth(&empty, "select has_database_privilege('housing_app', current_database(), 'connect')").await);
    let database = Database::open(&empty.url, 4).await.expect("its owner still gets in, also as the application");
    database.ping().await.expect("and works");
    database.close().await;
}
