//! Signing in, staying in, being thrown out (S1-1.1, domain.md §2.6). Time is passed in, never waited for.

use crate::support::{
    TestDatabase,
    city::{self, PASSWORD},
    door::{ctx_of, entered, enters},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    failure::Failure,
    list::ListQuery,
    platform::{
        actor::{DESK_HOURS, KIOSK_DAYS, LOCK_AFTER, LOCK_MINUTES, SessionKind},
        permission::Permission,
    },
};
use store::{
    Database,
    housing::{estate::estate_list, unit_list::unit_list},
    insight::home::home_figures_get,
    platform::{
        session::{SignIn, kiosk_start, password_change, session_peek, sign_in, sign_out},
        user::{NewUser, user_create, user_password_reset},
    },
};

const NEW_PASSWORD: &str = "Another-Horse-8";

async fn signed_in(database: &Database, login: &str, now: DateTime<Utc>) -> String {
    enters(database, login, PASSWORD, now).await.unwrap_or_else(|sentence| panic!("{login}: {sentence}"))
}

fn refused(sentence: &str) -> Result<String, String> {
    Err(sentence.to_owned())
}

#[tokio::test]
async fn a_captcha_is_good_once_and_for_five_minutes() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let mut form = entered(database, "city", PASSWORD, now).await;
    " k7pq ".clone_into(&mut form.captcha);
    assert!(sign_in(database, form.clone(), now).await.is_ok(), "capitals and spaces do not matter");
    assert_eq!(sign_in(database, form, now).await.unwrap_err().to_string(), "验证码已过期，请刷新", "used already");

    let mut wrong = entered(database, "city", PASSWORD, now).await;
    "K7PZ".clone_into(&mut wrong.captcha);
    assert_eq!(sign_in(database, wrong.clone(), now).await.unwrap_err().to_string(), "验证码错误");
    "K7PQ".clone_into(&mut wrong.captcha);
    assert_eq!(
        sign_in(database, wrong, now).await.unwrap_err().to_string(),
        "验证码已过期，请刷新",
        "a wrong answer uses it up too"
    );

    for (seconds, good) in [(300, true), (301, false)] {
        let form = entered(database, "city", PASSWORD, now).await;
        let done = sign_in(database, form, now + TimeDelta::seconds(seconds)).await.map_err(|error| error.to_string());
        assert_eq!(done.is_ok(), good, "{seconds} s: {done:?}");
        assert!(good || done == refused("验证码已过期，请刷新"));
    }
    let nonsense = SignIn { captcha_id: "1".into(), ..entered(database, "city", PASSWORD, now).await };
    assert_eq!(sign_in(database, nonsense, now).await.unwrap_err().to_string(), "验证码已过期，请刷新");
}

#[tokio::test]
async fn one_captcha_does_not_open_two_doors_at_once() {
    let test = TestDatabase::with_city().await;
    let now = Utc::now();
    let form = entered(&test.database, "city", PASSWORD, now).await;
    let tries: Vec<_> = (0..4)
        .map(|_| {
            let (database, form) = (test.database.clone(), form.clone());
            tokio::spawn(async move { sign_in(&database, form, now).await.is_ok() })
        })
        .collect();
    let mut opened = 0;
    for done in tries {
        opened += i32::from(done.await.expect("a try ends"));
    }
    assert_eq!(opened, 1);
}

#[tokio::test]
async fn an_unknown_account_and_a_wrong_password_read_the_same() {
    let test = TestDatabase::with_city().await;
    let now = Utc::now();
    assert_eq!(enters(&test.database, "nobody", PASSWORD, now).await, refused("账号或密码错误"));
    assert_eq!(enters(&test.database, "city", "wrong", now).await, refused("账号或密码错误"));
}

#[tokio::test]
async fn five_wrong_passwords_lock_the_account_for_half_an_hour() {
    let test = TestDatabase::with_city().await;
    let (database, start) = (&test.database, Utc::now());
    for _ in 0..4 {
        assert_eq!(enters(database, "city", "wrong", start).await, refused("账号或密码错误"));
    }
    assert_eq!(enters(database, "city", "wrong", start).await, refused("账号已锁定，请30分钟后重试"));
    let soon = start + TimeDelta::seconds(30);
    assert_eq!(
        enters(database, "city", PASSWORD, soon).await,
        refused("账号已锁定，请30分钟后重试"),
        "also with the right one"
    );
    assert_eq!(
        enters(database, "city", PASSWORD, start + TimeDelta::seconds(29 * 60 + 1)).await,
        refused("账号已锁定，请1分钟后重试")
    );
    assert!(enters(database, "leader", PASSWORD, soon).await.is_ok(), "others are not locked");

    // A wrong password after the lock counts from one again, and a right one clears the count.
    let after = start + TimeDelta::minutes(31);
    assert_eq!(enters(database, "city", "wrong", after).await, refused("账号或密码错误"));
    assert!(enters(database, "city", PASSWORD, after).await.is_ok());
    for _ in 0..4 {
        assert_eq!(enters(database, "city", "wrong", after).await, refused("账号或密码错误"));
    }
    assert!(enters(database, "city", PASSWORD, after).await.is_ok());
}

/// Guesses that come at once are counted one after the other.
#[tokio::test]
async fn the_lock_cannot_be_outrun() {
    let test = TestDatabase::with_city().await;
    let now = Utc::now();
    let guesses: Vec<_> = (0..8)
        .map(|_| {
            let database = test.database.clone();
            tokio::spawn(async move { enters(&database, "city", "wrong", now).await })
        })
        .collect();
    for guess in guesses {
        assert!(guess.await.expect("a guess ends").is_err());
    }
    let results: Vec<(String, i64)> =
        sqlx::query_as("select result, count(*) from login_attempt where login = 'city' group by 1 order by 1")
            .fetch_all(&test.admin)
            .await
            .expect("attempts");
    assert_eq!(results, [("LOCKED".to_owned(), 3), ("PASSWORD".to_owned(), 5)]);
}

#[tokio::test]
async fn a_disabled_account_is_told_so_after_its_password() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let before = signed_in(database, "city", now).await;
    sqlx::query("update app_user set status = 'OFF' where login = 'city'")
        .execute(&test.admin)
        .await
        .expect("disabled");
    assert_eq!(
        enters(database, "city", "wrong", now).await,
        refused("账号或密码错误"),
        "who does not know the password learns nothing"
    );
    assert_eq!(enters(database, "city", PASSWORD, now).await, refused("账号已停用"));
    assert!(ctx_of(database, &before, now).await.is_none(), "open sessions end too");
}

#[tokio::test]
async fn an_account_of_a_closed_organisation_is_told_so_too() {
    let test = TestDatabase::with_city().await;
    let now = Utc::now();
    sqlx::query("update organization set status = 'OFF' where code = '810101'")
        .execute(&test.admin)
        .await
        .expect("closed");
    assert_eq!(enters(&test.database, "district-a", PASSWORD, now).await, refused("账号已停用"));
}

#[tokio::test]
async fn a_desk_ends_after_half_an_hour_without_work() {
    let test = TestDatabase::with_city().await;
    let (database, start) = (&test.database, Utc::now());
    let secret = signed_in(database, "city", start).await;
    let at = |minutes| start + TimeDelta::minutes(minutes);
    assert!(ctx_of(database, &secret, at(29)).await.is_some());
    assert!(ctx_of(database, &secret, at(58)).await.is_some(), "work prolongs");
    // An open stream looks, but is no person at work.
    assert!(session_peek(database, &secret, at(80)).await.expect("a look").is_some());
    assert!(ctx_of(database, &secret, at(89)).await.is_none());
    assert!(session_peek(database, &secret, at(89)).await.expect("a look").is_none());
}

#[tokio::test]
async fn a_desk_ends_after_its_working_day() {
    let test = TestDatabase::with_city().await;
    let (database, start) = (&test.database, Utc::now());
    let secret = signed_in(database, "city", start).await;
    for minutes in (20..DESK_HOURS * 60).step_by(20) {
        assert!(ctx_of(database, &secret, start + TimeDelta::minutes(minutes)).await.is_some(), "{minutes}");
    }
    assert!(ctx_of(database, &secret, start + TimeDelta::hours(DESK_HOURS)).await.is_none());
}

#[tokio::test]
async fn a_wall_stays_on_and_can_only_read() {
    let test = TestDatabase::with_city().await;
    let (database, start) = (&test.database, Utc::now());
    let desk = signed_in(database, "city", start).await;
    let ctx = ctx_of(database, &desk, start).await.expect("a session");
    let wall = kiosk_start(&ctx, &desk).await.expect("a wall");
    assert!(ctx_of(database, &desk, start).await.is_none(), "the desk's session became the wall's");

    let later = ctx_of(database, &wall, start + TimeDelta::days(KIOSK_DAYS - 1)).await.expect("no idle limit");
    assert_eq!(later.actor().session, SessionKind::Kiosk);
    let held: Vec<&str> =
        Permission::ALL.iter().filter(|permission| later.actor().may(**permission)).map(|held| held.code()).collect();
    assert_eq!(
        held,
        ["housing:estate:read", "housing:building:read", "housing:unit:read", "insight:home:read", "insight:map:read"]
    );
    assert!(home_figures_get(&later).await.is_ok());
    assert!(kiosk_start(&later, &wall).await.is_err(), "a wall makes no walls");
    assert!(ctx_of(database, &wall, start + TimeDelta::days(KIOSK_DAYS)).await.is_none());
}

/// Whoever finds a screen on a wall must not get a desk out of it.
#[tokio::test]
async fn a_wall_does_not_change_a_password() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let desk = signed_in(database, "city", now).await;
    let wall = kiosk_start(&ctx_of(database, &desk, now).await.expect("a session"), &desk).await.expect("a wall");
    let wall = ctx_of(database, &wall, now).await.expect("a session");
    let changed = password_change(&wall, PASSWORD.into(), NEW_PASSWORD.into(), NEW_PASSWORD).await;
    assert!(changed.is_err(), "the password was changed from a wall");
}

#[tokio::test]
async fn a_person_without_the_right_starts_no_wall() {
    let test = TestDatabase::with_city().await;
    let now = Utc::now();
    let desk = signed_in(&test.database, "finance", now).await;
    let ctx = ctx_of(&test.database, &desk, now).await.expect("a session");
    assert!(kiosk_start(&ctx, &desk).await.is_err());
    assert!(ctx_of(&test.database, &desk, now).await.is_some(), "and keeps his desk");
}

#[tokio::test]
async fn signing_out_ends_this_session_alone() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let (here, there) = (signed_in(database, "city", now).await, signed_in(database, "city", now).await);
    sign_out(database, &here).await.expect("signed out");
    assert!(ctx_of(database, &here, now).await.is_none());
    assert!(ctx_of(database, &there, now).await.is_some());
    assert!(ctx_of(database, "0000", now).await.is_none());
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let (here, there) = (signed_in(database, "city", now).await, signed_in(database, "city", now).await);
    let other = signed_in(database, "leader", now).await;
    let ctx = ctx_of(database, &here, now).await.expect("a session");
    let fresh = password_change(&ctx, PASSWORD.into(), NEW_PASSWORD.into(), NEW_PASSWORD).await.expect("changed");
    assert!(ctx_of(database, &fresh, now).await.is_some());
    for ended in [&here, &there] {
        assert!(ctx_of(database, ended, now).await.is_none());
    }
    assert!(ctx_of(database, &other, now).await.is_some(), "other people stay");
    assert_eq!(enters(database, "city", PASSWORD, now).await, refused("账号或密码错误"));
    assert!(enters(database, "city", NEW_PASSWORD, now).await.is_ok());
}

#[tokio::test]
async fn a_new_password_is_checked() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    for (old, new, again, field, sentence) in [
        ("wrong", NEW_PASSWORD, NEW_PASSWORD, "old", "原密码错误"),
        (PASSWORD, NEW_PASSWORD, "Another-Horse-9", "again", "两次输入的密码不一致"),
        (PASSWORD, PASSWORD, PASSWORD, "new", "新密码不能与原密码相同"),
        (PASSWORD, "Short-1", "Short-1", "new", "密码长度应为10至128位"),
        (PASSWORD, "alllowercase1", "alllowercase1", "new", "密码须包含大写字母、小写字母、数字、符号中的至少三类"),
        (PASSWORD, "The-City-2026", "The-City-2026", "new", "密码不能包含账号"),
    ] {
        let failure: Failure = password_change(&ctx, old.into(), new.into(), again).await.unwrap_err().into();
        let Failure::Invalid(errors) = failure else { panic!("{new}: {failure}") };
        assert_eq!(errors.get(field), Some(sentence), "{new}");
    }
}

#[tokio::test]
async fn a_first_sign_in_can_do_nothing_but_change_the_password() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    sqlx::query("update app_user set must_change_password = true where login = 'city'")
        .execute(&test.admin)
        .await
        .expect("a new account");
    let secret = signed_in(database, "city", now).await;
    let ctx = ctx_of(database, &secret, now).await.expect("a session");
    assert!(Permission::ALL.iter().all(|permission| !ctx.actor().may(*permission)));
    let query = ListQuery::default();
    assert!(estate_list(&ctx, &query).await.is_err());
    assert!(unit_list(&ctx, &query).await.is_err());
    assert!(home_figures_get(&ctx).await.is_err());
    assert!(
        store::housing::choice::stock_choices_get(&ctx).await.is_err(),
        "not even the names of districts and operators"
    );
    assert!(store::import::job::job_list(&ctx, &query).await.is_err(), "nor what others have imported");
    let fresh = password_change(&ctx, PASSWORD.into(), NEW_PASSWORD.into(), NEW_PASSWORD).await.expect("changed");
    let ctx = ctx_of(database, &fresh, now).await.expect("a session");
    assert!(estate_list(&ctx, &query).await.is_ok());
}

#[tokio::test]
async fn every_attempt_is_logged_and_no_password_is() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let mut wrong_captcha = entered(database, "city", PASSWORD, now).await;
    "XXXX".clone_into(&mut wrong_captcha.captcha);
    let _ = sign_in(database, wrong_captcha, now).await;
    let _ = enters(database, "nobody", "Secret-Guess-1", now).await;
    let _ = enters(database, "city", "Secret-Guess-1", now).await;
    let _ = enters(database, "city", PASSWORD, now).await;
    let rows: Vec<(String, bool, String, String)> =
        sqlx::query_as("select login, user_id is not null, address, result from login_attempt order by id")
            .fetch_all(&test.admin)
            .await
            .expect("rows");
    let line = |login: &str, known, result: &str| (login.to_owned(), known, "10.0.0.7".to_owned(), result.to_owned());
    assert_eq!(
        rows,
        [
            line("city", false, "CAPTCHA"),
            line("nobody", false, "PASSWORD"),
            line("city", true, "PASSWORD"),
            line("city", true, "OK")
        ]
    );
    for table in ["login_attempt", "audit_log", "session", "app_user"] {
        let text: Option<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select string_agg(t::text, ' ') from {table} t")))
                .fetch_one(&test.admin)
                .await
                .expect("text");
        let text = text.unwrap_or_default();
        assert!(!text.contains("Secret-Guess-1") && !text.contains(PASSWORD), "{table}");
    }
}

/// What `server user password` does for somebody who forgot his.
#[tokio::test]
async fn a_new_password_opens_the_lock_and_ends_the_sessions() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let before = signed_in(database, "city", now).await;
    for _ in 0..5 {
        let _ = enters(database, "city", "wrong", now).await;
    }
    user_password_reset(database, "city", NEW_PASSWORD.into(), true, now).await.expect("renewed");
    assert!(ctx_of(database, &before, now).await.is_none());
    assert_eq!(enters(database, "city", PASSWORD, now).await, refused("账号或密码错误"));
    let fresh = enters(database, "city", NEW_PASSWORD, now).await.expect("the new one, without waiting");
    assert!(ctx_of(database, &fresh, now).await.expect("a session").actor().must_change_password);
    let unknown = user_password_reset(database, "nobody", NEW_PASSWORD.into(), true, now).await;
    assert_eq!(unknown.unwrap_err().to_string(), "账号【nobody】不存在");
}

/// At a desk that was left open nobody tries passwords without end, nor opens a lock with a wrong one.
#[tokio::test]
async fn a_wrong_old_password_counts_as_at_the_door() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let desk = ctx_of(database, &signed_in(database, "city", now).await, now).await.expect("a session");
    let change = async |old: &str| match password_change(&desk, old.into(), NEW_PASSWORD.into(), NEW_PASSWORD)
        .await
        .map_err(Failure::from)
    {
        Err(Failure::Invalid(errors)) => errors.get("old").unwrap_or_default().to_owned(),
        other => panic!("{other:?}"),
    };
    for _ in 1..LOCK_AFTER {
        assert_eq!(change("wrong").await, "原密码错误");
    }
    for old in ["wrong", "wrong", PASSWORD] {
        assert_eq!(change(old).await, format!("账号已锁定，请{LOCK_MINUTES}分钟后重试"));
    }
    assert!(enters(database, "city", PASSWORD, now).await.unwrap_err().starts_with("账号已锁定"));
}

/// What `server user add` refuses, each with the sentence that says what to do.
#[tokio::test]
async fn an_account_that_cannot_be_is_refused() {
    let test = TestDatabase::with_city().await;
    let make = async |login: &str, organization_code: &str, roles: &[&str]| {
        let user = NewUser {
            login,
            name: "测试",
            organization_code,
            roles,
            password: PASSWORD.to_owned(),
            must_change_password: true,
            demo: false,
        };
        user_create(&test.database, user).await.map_err(|error| error.to_string())
    };
    assert_eq!(make("zhang", "810101", &["DISTRICT", "ENTRY"]).await, Ok(true));
    assert_eq!(make("zhang", "810101", &["DISTRICT"]).await, Ok(false), "its login is taken");
    let nowhere = make("li", "nowhere", &["DISTRICT"]).await.unwrap_err();
    assert_eq!(nowhere, "机构编码【nowhere】不存在或已停用，请先导入组织机构");
    let role = make("li", "810101", &["DISTRIKT"]).await.unwrap_err();
    assert!(role.starts_with("角色【DISTRIKT】不存在，可选：CITY_LEADER、CITY、"), "{role}");
    let both = make("li", "810101", &["ENTRY", "PROPERTY_APPROVER"]).await.unwrap_err();
    assert_eq!(both, "角色【ENTRY】与【PROPERTY_APPROVER】互斥，不能授予同一个账号");
    assert!(make("李四", "810101", &["ENTRY"]).await.is_err());
    let left: i64 = sqlx::query_scalar("select count(*) from app_user where login like 'li%'")
        .fetch_one(&test.admin)
        .await
        .expect("a count");
    assert_eq!(left, 0, "a refusal leaves no account behind");
    let zhang = city::ctx(&test.database, "zhang").await;
    assert_eq!(zhang.actor().roles, ["DISTRICT", "ENTRY"]);
}
