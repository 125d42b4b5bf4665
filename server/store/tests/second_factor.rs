//! The second factor (domain.md §2.6): set up, asked for, used once, lost and taken away. Time is passed in, never waited
//! for.

use crate::support::{
    TestDatabase,
    city::{self, PASSWORD},
    database::KEY,
    door::{ctx_of, enters},
    phone,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    id::UserId,
    platform::{
        actor::{LOCK_AFTER, LOCK_MINUTES, SessionKind},
        permission::Permission,
        second_factor::{DUE_MINUTES, RECOVERY_CODES},
        setting::code,
    },
};
use store::{
    Database, Error,
    platform::{
        cipher::KeyRing,
        second_factor::{
            factor_codes_renew, factor_confirm, factor_disable, factor_offer, factor_state, factor_verify,
        },
        session::{kiosk_start, session_factor_due, session_peek, sign_out},
        setting::setting_put,
        user::{factor_rotate, user_factor_drop, user_factor_remove, user_get},
    },
};

/// Signs in with the password; answers the cookie's secret or the sentence.
async fn password(database: &Database, login: &str, now: DateTime<Utc>) -> Result<String, String> {
    enters(database, login, PASSWORD, now).await
}

async fn verify(database: &Database, pending: &str, code: &str, now: DateTime<Utc>) -> Result<String, String> {
    factor_verify(database, pending, code, "10.0.0.7", now).await.map_err(|error| error.to_string())
}

/// Somebody who has a phone.
struct Holder {
    key: String,
    codes: Vec<String>,
    session: String,
}

/// Signs in and takes a phone into use, a minute before `now`.
async fn holder(database: &Database, login: &str, now: DateTime<Utc>) -> Holder {
    let then = now - TimeDelta::minutes(1);
    let session = password(database, login, then).await.expect("no factor yet");
    let ctx = ctx_of(database, &session, then).await.expect("a session");
    let key = factor_offer(&ctx).await.expect("an offer").key;
    let (session, codes) = factor_confirm(&ctx, &phone::code(&key, then), PASSWORD.into()).await.expect("confirmed");
    Holder { key, codes, session }
}

fn field(error: Error) -> String {
    match error {
        Error::Failure(domain::failure::Failure::Invalid(errors)) => errors.get("code").unwrap_or_default().to_owned(),
        other => panic!("no complaint: {other}"),
    }
}

const WRONG: &str = "验证码错误或已使用过，请核对手机时间，用验证器最新显示的验证码重试";

#[tokio::test]
async fn a_phone_is_taken_into_use_with_its_first_code() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let session = password(database, "leader", now).await.expect("welcome");
    let other_desk = password(database, "leader", now).await.expect("welcome");
    let ctx = ctx_of(database, &session, now).await.expect("a session");
    let state = factor_state(&ctx).await.expect("a state");
    assert_eq!((state.since, state.recovery_left, state.required), (None, 0, false));
    assert!(
        factor_confirm(&ctx, "123456", PASSWORD.into()).await.unwrap_err().to_string().starts_with("请先扫描二维码")
    );

    let first = factor_offer(&ctx).await.expect("an offer").key;
    let key = factor_offer(&ctx).await.expect("another offer").key;
    assert!(first != key && key.len() == 32);
    assert_eq!(
        field(factor_confirm(&ctx, &phone::code(&first, now), PASSWORD.into()).await.unwrap_err()),
        WRONG,
        "forgotten"
    );
    assert_eq!(
        field(factor_confirm(&ctx, "ABCDE-23456", PASSWORD.into()).await.unwrap_err()),
        "请输入验证器显示的6位验证码"
    );
    let at_once = password(database, "leader", now).await.expect("welcome");
    assert!(ctx_of(database, &at_once, now).await.is_some(), "an offer alone changes nothing");
    let stranger = factor_confirm(&ctx, &phone::code(&key, now), "not his".into()).await.unwrap_err();
    assert!(
        matches!(&stranger, Error::Failure(domain::failure::Failure::Invalid(errors)) if errors.get("password") == Some("密码错误"))
    );

    for _ in 2..LOCK_AFTER {
        let _ = factor_confirm(&ctx, &phone::code(&key, now), "not his".into()).await;
    }
    for entered in ["not his", "not his", PASSWORD] {
        let told = factor_confirm(&ctx, &phone::code(&key, now), entered.into()).await.unwrap_err();
        let Error::Failure(domain::failure::Failure::Invalid(errors)) = told else { panic!("{told}") };
        assert!(errors.get("password").is_some_and(|told| told.starts_with("账号已锁定")), "{errors:?}");
    }
    sqlx::query("update app_user set locked_until = null, failed_attempts = 0 where login = 'leader'")
        .execute(&test.admin)
        .await
        .expect("unlocked");

    let (fresh, codes) = factor_confirm(&ctx, &phone::code(&key, now), PASSWORD.into()).await.expect("confirmed");
    assert_eq!(codes.len(), RECOVERY_CODES);
    for ended in [&session, &other_desk] {
        assert!(ctx_of(database, ended, now).await.is_none(), "the session rotates, and other desks sign in anew");
    }
    let ctx = ctx_of(database, &fresh, now).await.expect("a session");
    let state = factor_state(&ctx).await.expect("a state");
    assert_eq!((state.since.is_some(), state.recovery_left), (true, RECOVERY_CODES));
    assert_eq!(factor_offer(&ctx).await.unwrap_err().to_string(), "已启用二次验证；更换手机请先停用");
    // Neither secret nor codes lie in the database or its log.
    let dump: String = sqlx::query_scalar(
        "select (select string_agg(f::text, '') from user_factor f) || (select string_agg(a::text, '') from audit_log a)",
    )
    .fetch_one(&test.admin)
    .await
    .expect("a dump");
    // Bytes stand in a dump as hexadecimal digits.
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(dump.contains("user_factor") && !dump.contains(&key) && !dump.contains(&hex(&phone::secret(&key))));
    for code in &codes {
        let plain = code.replace('-', "");
        assert!(!dump.contains(&plain) && !dump.contains(code) && !dump.contains(&hex(plain.as_bytes())));
    }
}

#[tokio::test]
async fn the_password_alone_opens_nothing() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let holder = holder(database, "leader", now).await;
    let pending = password(database, "leader", now).await.expect("the first step");
    assert!(ctx_of(database, &pending, now).await.is_none());
    assert!(session_peek(database, &pending, now).await.expect("an answer").is_none());
    assert!(session_factor_due(database, &pending, now).await.expect("an answer"));
    assert!(!session_factor_due(database, &holder.session, now).await.expect("an answer"));
    assert!(!session_factor_due(database, "x", now).await.expect("an answer"));

    let over = now + TimeDelta::minutes(DUE_MINUTES);
    assert!(!session_factor_due(database, &pending, over).await.expect("an answer"), "it does not wait for ever");
    let late = verify(database, &pending, &phone::code(&holder.key, over), over).await;
    assert_eq!(late, Err("登录已失效，请重新登录".to_owned()));
    for none in ["x", "", holder.session.as_str()] {
        let told = verify(database, none, &phone::code(&holder.key, now), now).await;
        assert_eq!(told, Err("登录已失效，请重新登录".to_owned()), "{none}");
    }

    let secret = verify(database, &pending, &phone::code(&holder.key, now), now).await.expect("welcome");
    assert_ne!(secret, pending, "the session's id rotates");
    assert!(ctx_of(database, &secret, now).await.is_some());
    assert!(!session_factor_due(database, &pending, now).await.expect("an answer"));
    assert!(ctx_of(database, &pending, now).await.is_none());
    let outcomes: Vec<String> =
        sqlx::query_scalar("select result from login_attempt where login = 'leader' order by id desc limit 2")
            .fetch_all(&test.admin)
            .await
            .expect("attempts");
    assert_eq!(outcomes, ["OK", "FACTOR_DUE"]);

    let pending = password(database, "leader", now).await.expect("the first step");
    sign_out(database, &pending).await.expect("another account, please");
    assert!(!session_factor_due(database, &pending, now).await.expect("an answer"));
}

#[tokio::test]
async fn a_code_is_good_once_and_one_step_around_now() {
    let test = TestDatabase::with_city().await;
    let database = &test.database;
    // The start of a step, so that what is off by one is known.
    let now = DateTime::from_timestamp(Utc::now().timestamp() / 30 * 30, 0).expect("a moment");
    let holder = holder(database, "leader", now).await;
    let step = |steps: i32| now + TimeDelta::seconds(30) * steps;
    let attempt = async |code_of: DateTime<Utc>, at: DateTime<Utc>| {
        let pending = password(database, "leader", at).await.expect("the first step");
        verify(database, &pending, &phone::code(&holder.key, code_of), at).await
    };
    assert_eq!(attempt(step(2), now).await, Err(WRONG.to_owned()), "two steps ahead");
    assert!(attempt(step(-1), now).await.is_ok(), "one behind");
    assert_eq!(attempt(step(-1), now).await, Err(WRONG.to_owned()), "and never again");
    assert!(attempt(step(1), now).await.is_ok(), "one ahead");
    assert_eq!(attempt(step(0), now).await, Err(WRONG.to_owned()), "older than the one that was used");
    // The clock is put back by ten minutes: no code up to the used one comes alive again.
    let back = step(-20);
    assert_eq!(attempt(back, back).await, Err(WRONG.to_owned()));
    assert!(attempt(step(2), step(2)).await.is_ok(), "when the time is reached again");
}

#[tokio::test]
async fn one_code_opens_one_door_of_two_at_once() {
    let test = TestDatabase::with_city().await;
    let now = Utc::now();
    let holder = holder(&test.database, "leader", now).await;
    let mut tries = Vec::new();
    for _ in 0..4 {
        let pending = password(&test.database, "leader", now).await.expect("the first step");
        let (database, code) = (test.database.clone(), phone::code(&holder.key, now));
        tries.push(tokio::spawn(async move { verify(&database, &pending, &code, now).await.is_ok() }));
    }
    let mut opened = 0;
    for one in tries {
        opened += i32::from(one.await.expect("a try ends"));
    }
    assert_eq!(opened, 1);
}

#[tokio::test]
async fn wrong_codes_lock_like_wrong_passwords() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let holder = holder(database, "leader", now).await;
    let wrong = if phone::code(&holder.key, now) == "000000" { "999999" } else { "000000" };
    let mut told = Ok(String::new());
    for round in 0..LOCK_AFTER {
        // Entering the password again does not begin the count anew.
        let pending = password(database, "leader", now).await.unwrap_or_else(|error| panic!("{round}: {error}"));
        told = verify(database, &pending, wrong, now).await;
        if round == LOCK_AFTER - 1 {
            assert!(!session_factor_due(database, &pending, now).await.expect("an answer"), "the lock ends what waits");
        }
    }
    assert_eq!(told, Err(format!("账号已锁定，请{LOCK_MINUTES}分钟后重试")));
    assert!(password(database, "leader", now).await.unwrap_err().starts_with("账号已锁定"));
    // A desk that is open cannot be used to go on guessing either.
    let desk = ctx_of(database, &holder.session, now).await.expect("a session");
    assert!(field(factor_disable(&desk, &phone::code(&holder.key, now)).await.unwrap_err()).starts_with("账号已锁定"));
    let later = now + TimeDelta::minutes(LOCK_MINUTES);
    let pending = password(database, "leader", later).await.expect("the lock is over");
    assert!(verify(database, &pending, &phone::code(&holder.key, later), later).await.is_ok());
    let counted: i32 = sqlx::query_scalar("select failed_attempts from app_user where login = 'leader'")
        .fetch_one(&test.admin)
        .await
        .expect("a count");
    assert_eq!(counted, 0);
}

#[tokio::test]
async fn a_recovery_code_opens_once() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let holder = holder(database, "leader", now).await;
    let attempt = async |code: &str| {
        let pending = password(database, "leader", now).await.expect("the first step");
        verify(database, &pending, code, now).await
    };
    let spelled = holder.codes[0].to_lowercase().replace('-', " ");
    let secret = attempt(&spelled).await.expect("welcome");
    assert_eq!(attempt(&holder.codes[0]).await, Err("恢复码错误或已使用过".to_owned()));
    assert!(attempt("23456-23456").await.is_err());
    let ctx = ctx_of(database, &secret, now).await.expect("a session");
    assert_eq!(factor_state(&ctx).await.expect("a state").recovery_left, RECOVERY_CODES - 1);
    let used: i64 = sqlx::query_scalar(
        "select count(*) from audit_log where object_type = 'user_factor' and object_id = $1 and actor_id = $1
           and (after ->> 'recovery_codes')::int = 9",
    )
    .bind(ctx.actor().id.0)
    .fetch_one(&test.admin)
    .await
    .expect("the log");
    assert_eq!(used, 1, "it stands in the log, as the person's own deed");

    assert_eq!(field(factor_codes_renew(&ctx, "000000").await.unwrap_err()), WRONG);
    let renewed = factor_codes_renew(&ctx, &phone::code(&holder.key, now)).await.expect("renewed");
    assert_eq!(attempt(&holder.codes[1]).await, Err("恢复码错误或已使用过".to_owned()), "of the old list");
    assert!(attempt(&renewed[9]).await.is_ok());
}

#[tokio::test]
async fn who_has_power_sets_one_up_where_the_city_asks_for_it() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    setting_put(database, code::SECOND_FACTOR, "true").await.expect("set");
    for (login, wanted) in [
        ("admin", true),
        ("security", true),
        ("city", true),
        ("city-check", true),
        ("leader", true),
        ("auditor", false),
        ("cashier", false),
    ] {
        let session = password(database, login, now).await.expect("welcome");
        let ctx = ctx_of(database, &session, now).await.expect("a session");
        assert_eq!(ctx.actor().must_enrol, wanted, "{login}");
        assert_eq!(ctx.actor().forced_page(), wanted.then_some("/platform/second-factor"), "{login}");
        assert_eq!(ctx.actor().may(ctx.actor().permissions[0]), !wanted, "{login} can do nothing else");
        assert_eq!(factor_state(&ctx).await.expect("a state").required, wanted, "{login}");
    }
    let holder = holder(database, "city", now).await;
    let ctx = ctx_of(database, &holder.session, now).await.expect("a session");
    assert!(!ctx.actor().must_enrol && ctx.actor().may(Permission::ParameterWrite));
    // A wall was started by somebody who had proven himself, and nobody stands there.
    let wall = kiosk_start(&ctx, &holder.session).await.expect("a wall");
    let wall = ctx_of(database, &wall, now).await.expect("a wall");
    assert_eq!(wall.actor().session, SessionKind::Kiosk);
    for refused in [factor_offer(&wall).await.map(|_| ()), factor_disable(&wall, "000000").await] {
        assert!(matches!(refused, Err(Error::Failure(domain::failure::Failure::Forbidden))));
    }
    // Commands and jobs act for an account without its phone.
    assert!(city::ctx(database, "admin").await.actor().may(Permission::UserWrite));
    setting_put(database, code::SECOND_FACTOR, "false").await.expect("set");
    let session = password(database, "admin", now).await.expect("welcome");
    assert!(!ctx_of(database, &session, now).await.expect("a session").actor().must_enrol);
}

#[tokio::test]
async fn a_factor_is_given_up_with_a_code() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let holder = holder(database, "leader", now).await;
    let ctx = ctx_of(database, &holder.session, now).await.expect("a session");
    assert_eq!(field(factor_disable(&ctx, "x").await.unwrap_err()), "请输入验证器显示的6位验证码，或一个10位恢复码");
    factor_disable(&ctx, &holder.codes[3]).await.expect("given up");
    let session = password(database, "leader", now).await.expect("welcome");
    let ctx = ctx_of(database, &session, now).await.expect("the password is enough");
    assert!(!ctx.actor().must_enrol, "nobody asks for one");
    assert!(factor_offer(&ctx).await.is_ok(), "and another phone can be taken into use");
    let secrets: i64 =
        sqlx::query_scalar("select count(*) from user_factor where removed_at is not null and secret is null")
            .fetch_one(&test.admin)
            .await
            .expect("a count");
    assert_eq!(secrets, 1, "the old secret is gone");
}

#[tokio::test]
async fn a_lost_factor_is_taken_away_by_an_administrator() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let (admin, security) = (city::ctx(database, "admin").await, city::ctx(database, "security").await);
    let holder = holder(database, "leader", now).await;
    let id = city::ctx(database, "leader").await.actor().id;
    assert!(user_get(&admin, id).await.expect("there").row.second_factor);
    assert!(user_factor_remove(&security, id, "手机遗失").await.is_err(), "the checker makes nothing");
    let unsaid = user_factor_remove(&admin, id, " ").await.unwrap_err().to_string();
    assert_eq!(unsaid, "填写内容有误，请按提示修改");
    let fresh = user_factor_remove(&admin, id, "手机遗失，已当面核实").await.expect("taken away");
    assert!(ctx_of(database, &holder.session, now).await.is_none(), "its sessions end");
    assert!(!user_get(&admin, id).await.expect("there").row.second_factor);
    assert_eq!(user_factor_remove(&admin, id, "再来一次").await.unwrap_err().to_string(), "该账号未启用二次验证");
    let log: String = sqlx::query_scalar(
        "select after ->> 'reason' from audit_log where object_type = 'user_factor' and object_id = $1 and actor_id = $2",
    )
    .bind(id.0)
    .bind(admin.actor().id.0)
    .fetch_one(&test.admin)
    .await
    .expect("the log");
    assert_eq!(log, "手机遗失，已当面核实");

    // The factor stood against whoever knows the old password. Whatever the city asks for, another one is set up.
    assert_eq!(password(database, "leader", now).await, Err("账号或密码错误".into()));
    let session = enters(database, "leader", &fresh, now).await.expect("welcome");
    let actor = ctx_of(database, &session, now).await.expect("a session");
    assert!(actor.actor().must_enrol && actor.actor().must_change_password);
    sqlx::query(
        "update app_user set must_change_password = false,
                password_hash = (select password_hash from app_user where login = 'city') where login = 'leader'",
    )
    .execute(&test.admin)
    .await
    .expect("the password of all accounts here");
    let again = self::holder(database, "leader", now).await;
    assert!(!ctx_of(database, &again.session, now).await.expect("a session").actor().must_enrol);
}

#[tokio::test]
async fn nobody_takes_the_checkers_factor_away_nor_his_own() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let admin = city::ctx(database, "admin").await;
    let security = holder(database, "security", now).await;
    let checker: UserId = city::ctx(database, "security").await.actor().id;
    let rules: UserId = city::ctx(database, "city-check").await.actor().id;
    for watching in [checker, rules] {
        let refused = user_factor_remove(&admin, watching, "手机遗失").await.unwrap_err().to_string();
        assert!(refused.starts_with("复核人的二次验证不能由提交人解除"), "{refused}");
    }
    let own = user_factor_remove(&admin, admin.actor().id, "手机遗失").await.unwrap_err().to_string();
    assert!(own.starts_with("不能解除自己的二次验证"), "{own}");
    assert!(ctx_of(database, &security.session, now).await.is_some());
    // From the machine itself.
    user_factor_drop(database, "security", "Fresh-horse-7".into(), now).await.expect("taken away");
    assert!(ctx_of(database, &security.session, now).await.is_none());
    // The factor stood against whoever knows the old password.
    assert_eq!(password(database, "security", now).await, Err("账号或密码错误".into()));
    let session = enters(database, "security", "Fresh-horse-7", now).await.expect("welcome");
    assert!(ctx_of(database, &session, now).await.expect("a session").actor().must_enrol, "as after an administrator");
    assert_eq!(
        user_factor_drop(database, "security", "Fresh-horse-7".into(), now).await.unwrap_err().to_string(),
        "该账号未启用二次验证"
    );
    assert_eq!(
        user_factor_drop(database, "who", "Fresh-horse-7".into(), now).await.unwrap_err().to_string(),
        "账号【who】不存在"
    );
}

#[tokio::test]
async fn secrets_follow_a_new_key() {
    let test = TestDatabase::with_city().await;
    let now = Utc::now();
    let holder = holder(&test.database, "leader", now).await;
    let fresh = KeyRing::new_line(2);
    let both = test.second_with(&[&fresh, KEY]).await.expect("both keys");
    assert_eq!(factor_rotate(&both).await.expect("rotated"), 1);
    assert_eq!(factor_rotate(&both).await.expect("rotated"), 0, "once is enough");
    drop(both);
    let renewed = test.second_with(&[&fresh]).await.expect("the old key seals nothing any more");
    let pending = password(&renewed, "leader", now).await.expect("the first step");
    assert!(verify(&renewed, &pending, &phone::code(&holder.key, now), now).await.is_ok());
    let pending = password(&renewed, "leader", now).await.expect("the first step");
    assert!(verify(&renewed, &pending, &holder.codes[0], now).await.is_ok(), "recovery codes too");
    let missing = test.second_with(&[&KeyRing::new_line(3)]).await;
    assert!(missing.is_err(), "a ring without the key of a secret is refused");
}
