//! How far an account sees by its organisation and by the estates it looks after (domain.md §6.2).

use crate::support::{TestDatabase, city};
use domain::list::ListQuery;
use std::{
    future::poll_fn,
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};
use store::{
    Scope,
    billing::book::account_levels,
    platform::user::{NewUser, user_create},
};
use tokio::time::sleep;

async fn id(test: &TestDatabase, query: &str) -> i64 {
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned()));
    query.fetch_one(&test.admin).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn estate(test: &TestDatabase, name: &str) -> i64 {
    id(test, &format!("select id from estate where name = '{name}'")).await
}

async fn run(test: &TestDatabase, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
}

/// An organisation below another, in its district.
async fn organization(test: &TestDatabase, code: &str, name: &str, kind: &str, parent: &str) {
    run(
        test,
        &format!(
            "insert into organization (code, name, type, parent_id, district_id, division_code)
             select '{code}', '{name}', '{kind}', id, district_id, division_code from organization where code = '{parent}'"
        ),
    )
    .await;
}

/// The scope of a fresh account with this role in this organisation.
async fn scope(test: &TestDatabase, role: &str, organization: &str) -> Scope {
    let login = format!("{role}.{organization}").to_lowercase();
    let user = NewUser {
        login: &login,
        name: "测试",
        organization_code: organization,
        roles: &[role],
        password: city::PASSWORD.to_owned(),
        must_change_password: false,
        demo: false,
    };
    assert!(user_create(&test.database, user).await.expect("an account"), "{login}");
    city::ctx(&test.database, &login).await.scope().clone()
}

#[tokio::test]
async fn a_street_sees_its_own_estates() {
    let test = TestDatabase::with_city().await;
    run(
        &test,
        "update estate set street = '光明街道', community = '一社区' where name = '阳光苑';
         update estate set street = '解放街道', community = '一社区' where name = '月光苑';
         update estate set street = '光明街道', community = '一社区' where name = '星光苑'",
    )
    .await;
    // 星光苑 lies in a street of the same name in the other district.
    organization(&test, "S1", "光明街道", "STREET", "810101").await;
    organization(&test, "S2", "东风街道", "STREET", "810101").await;
    organization(&test, "C1", "一社区", "COMMUNITY", "S1").await;
    organization(&test, "C2", "二社区", "COMMUNITY", "S1").await;
    organization(&test, "C3", "一社区", "COMMUNITY", "810101").await;
    let (sun, moon) = (estate(&test, "阳光苑").await, estate(&test, "月光苑").await);
    assert_eq!(scope(&test, "STREET", "S1").await, Scope::Estates(vec![sun]));
    assert_eq!(scope(&test, "STREET", "C1").await, Scope::Estates(vec![sun]), "not the same name in another street");
    assert_eq!(scope(&test, "STREET", "C3").await, Scope::Estates(vec![sun.min(moon), sun.max(moon)]));
    for without in ["S2", "C2"] {
        assert_eq!(scope(&test, "STREET", without).await, Scope::Nothing, "{without}");
    }
}

#[tokio::test]
async fn only_branches_of_the_administration_see_a_district() {
    let test = TestDatabase::with_city().await;
    let district = id(&test, "select id from organization where code = '810101'").await;
    organization(&test, "F1", "甲区财政局", "FINANCE", "810101").await;
    organization(&test, "E1", "某工厂", "EMPLOYER", "810101").await;
    organization(&test, "B1", "某银行", "BANK", "810101").await;
    for inside in ["810101", "M1", "F1"] {
        assert_eq!(scope(&test, "FINANCE", inside).await, Scope::Districts(vec![district]), "{inside}");
    }
    for outside in ["E1", "B1"] {
        assert_eq!(scope(&test, "FINANCE", outside).await, Scope::Nothing, "{outside}");
    }
}

/// 负责楼盘 narrows and never widens.
#[tokio::test]
async fn estates_to_look_after_lie_inside_the_organisations_scope() {
    let test = TestDatabase::with_city().await;
    let (moon, star) = (estate(&test, "月光苑").await, estate(&test, "星光苑").await);
    run(
        &test,
        "delete from user_estate;
         insert into user_estate select u.id, e.id from app_user u, estate e
         where u.login in ('entry', 'operator', 'city', 'admin') and e.name in ('月光苑', '星光苑')",
    )
    .await;
    for (login, expected) in [
        // 甲区: of the two only its own
        ("entry", Scope::Estates(vec![moon])),
        // runs 阳光苑, and was given others
        ("operator", Scope::Estates(vec![])),
        ("city", Scope::Estates(vec![moon.min(star), moon.max(star)])),
        // has no business with any
        ("admin", Scope::Nothing),
    ] {
        assert_eq!(*city::ctx(&test.database, login).await.scope(), expected, "{login}");
    }
    // An estate that was given up does not open the whole district again.
    run(&test, "update estate set deleted_at = now() where name in ('月光苑', '星光苑')").await;
    assert_ne!(*city::ctx(&test.database, "city").await.scope(), Scope::City { districts: vec![] });
    assert!(matches!(city::ctx(&test.database, "entry").await.scope(), Scope::Estates(_)));
}

/// Goes on with something so many times and then drops it; whether it had ended before.
async fn dropped(what: impl Future, after: usize) -> bool {
    let mut what = pin!(what);
    for _ in 0..after {
        if poll_fn(|context| Poll::Ready(what.as_mut().poll(context).is_ready())).await {
            return true;
        }
        sleep(Duration::from_millis(2)).await;
    }
    false
}

#[tokio::test]
async fn whoever_goes_away_leaves_no_transaction_open_with_his_scope_in_it() {
    let test = TestDatabase::with_city().await;
    let finance = city::ctx(&test.database, "finance").await;
    let open = "select count(*) from pg_stat_activity
                where datname = current_database() and usename <> current_user and xact_start is not null";
    let mut after = 1;
    while !dropped(account_levels(&finance, &ListQuery::default()), after).await {
        let began = Instant::now();
        while id(&test, open).await > 0 {
            assert!(began.elapsed() < Duration::from_secs(30), "dropped at its step {after} it stays open");
            sleep(Duration::from_millis(2)).await;
        }
        after += 1;
    }
    assert!(after > 2, "it ended at its step {after}: nothing was dropped in the middle");
}
