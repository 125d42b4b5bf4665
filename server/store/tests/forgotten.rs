//! A forgotten password (S1-1.1): a code to the registered telephone, the same answers for everybody, and what a reset does.

use crate::support::{
    TestDatabase,
    city::{self, PASSWORD},
    door::enters,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    failure::{Failure, FieldErrors},
    platform::{audit::AuditAction, user_form::UserForm},
    portal::sign_in::{CODE_IS_OVER, CODE_IS_SPENT, CODE_IS_WRONG},
};
use store::platform::{
    audit::audit_get,
    forgotten::{CodeAsked, CodeRequest, NewPassword, password_code_create, password_forgotten_set},
    phone_code::{PhoneCode, phone_code_sent},
    session::captcha_create,
    user::{user_get, user_status_set, user_update},
};

const PHONE: &str = "13900000777";
const NEW: &str = "Another-Horse-8";
const ADDRESS: &str = "192.0.2.7";

/// A city in which a district's clerk has registered a telephone.
async fn registered() -> TestDatabase {
    let test = TestDatabase::with_city().await;
    phone(&test, "district-a", PHONE).await;
    test
}

async fn phone(test: &TestDatabase, login: &str, phone: &str) {
    let admin = city::ctx(&test.database, "admin").await;
    let id = city::ctx(&test.database, login).await.actor().id;
    let user = user_get(&admin, id).await.expect("an account");
    let form = UserForm { phone: phone.into(), name: "测试".into(), ..UserForm::default() };
    user_update(&admin, id, user.version, &form).await.expect("a telephone");
}

/// Asks for a code with a captcha that was read right.
async fn ask(test: &TestDatabase, login: &str, phone: &str, now: DateTime<Utc>) -> store::Result<CodeAsked> {
    let captcha_id = captcha_create(&test.database, "K7PQ", now).await.expect("a captcha");
    let request = CodeRequest { login, phone, captcha_id: &captcha_id, captcha: "k7pq", address: ADDRESS };
    password_code_create(&test.database, request, now).await
}

async fn asked(test: &TestDatabase, login: &str, phone: &str, now: DateTime<Utc>) -> CodeAsked {
    ask(test, login, phone, now).await.expect("a code")
}

/// The code as it stands in the message.
fn code_of(asked: &CodeAsked) -> String {
    let content = &asked.message.as_ref().expect("a message").content;
    content.chars().filter(char::is_ascii_digit).take(6).collect()
}

async fn set(test: &TestDatabase, ticket: &str, code: &str, new: &str, now: DateTime<Utc>) -> store::Result<()> {
    let (ticket, code, new) = (ticket.to_owned(), code.to_owned(), new.to_owned());
    let entered = NewPassword { ticket, code, again: new.clone(), new, address: ADDRESS.to_owned() };
    password_forgotten_set(&test.database, entered, now).await
}

/// The sentence of a refusal, of a form that of the field.
fn said<T>(result: store::Result<T>, field: &str) -> String {
    match Failure::from(result.err().expect("a refusal")) {
        Failure::Invalid(errors) => errors.get(field).unwrap_or_else(|| panic!("{errors:?}")).to_owned(),
        other => other.to_string(),
    }
}

async fn text(test: &TestDatabase, query: &str) -> String {
    sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned())).fetch_one(&test.admin).await.expect(query)
}

#[tokio::test]
async fn a_code_sets_another_password_once_and_ends_every_session() {
    let test = registered().await;
    let now = Utc::now();
    let database = &test.database;
    enters(database, "district-a", PASSWORD, now).await.expect("a session");
    for _ in 0..5 {
        let _ = enters(database, "district-a", "wrong", now).await;
    }
    let asked = asked(&test, "district-a", " 139 0000 0777 ", now).await;
    let message = asked.message.as_ref().expect("a message");
    assert_eq!(message.phone, PHONE);
    assert!(!message.sign.is_empty() && message.content.contains("重置登录密码"), "{}", message.content);
    phone_code_sent(database, PhoneCode::Password, message.id, Ok("SMS9")).await.expect("noted");
    let code = code_of(&asked);

    // A slip in the password costs no try, and what was used lately is refused.
    assert_eq!(said(set(&test, &asked.ticket, &code, "short", now).await, "new"), "密码长度应为10至128位");
    assert_eq!(said(set(&test, &asked.ticket, &code, "District-A-77", now).await, "new"), "密码不能包含账号");
    set(&test, &asked.ticket, &code, NEW, now).await.expect("another password");
    assert_eq!(said(set(&test, &asked.ticket, &code, "Third-Horse-99", now).await, "code"), CODE_IS_OVER, "once");

    let sessions =
        "select count(*)::text from session s join app_user u on u.id = s.user_id where u.login = 'district-a'";
    assert_eq!(text(&test, sessions).await, "0");
    assert!(enters(database, "district-a", PASSWORD, now).await.is_err(), "the old one is over");
    enters(database, "district-a", NEW, now).await.expect("the lock is open, and the new one opens the door");

    let again = asked_later(&test, now).await;
    let remembered = set(&test, &again.ticket, &code_of(&again), NEW, now + TimeDelta::minutes(2)).await;
    assert_eq!(said(remembered, "new"), "新密码不能与最近5次使用过的密码相同");
    set(&test, &again.ticket, &code_of(&again), "Third-Horse-99", now + TimeDelta::minutes(2))
        .await
        .expect("no try lost");

    // The log of attempts and the operation log tell of it, and hold neither number nor code.
    let tried = "select string_agg(result, ' ' order by id) from login_attempt where login = 'district-a' and result like 'RESET%'";
    assert_eq!(text(&test, tried).await, "RESET_ASKED RESET RESET_ASKED RESET");
    let line: (i64, i64, bool) = sqlx::query_as(
        "select a.id, a.object_id, a.actor_id = a.object_id from audit_log a where a.after ->> 'password' = '已更换' order by a.id limit 1",
    )
    .fetch_one(&test.admin)
    .await
    .expect("a line");
    assert!(line.2, "the owner did it");
    let auditor = city::ctx(database, "auditor").await;
    let entry = audit_get(&auditor, line.0, None, 1).await.expect("a line");
    assert_eq!((entry.row.action, entry.row.login.as_deref()), (AuditAction::Update, Some("district-a")));
    let stored = text(&test, "select string_agg(c::text, '') from password_code c").await;
    assert!(!stored.contains(PHONE) && !stored.contains(&code), "{stored}");
    assert_eq!(text(&test, "select count(*)::text from password_code where gateway_no = 'SMS9'").await, "1");
}

async fn asked_later(test: &TestDatabase, now: DateTime<Utc>) -> CodeAsked {
    asked(test, "district-a", PHONE, now + TimeDelta::minutes(1)).await
}

/// Nobody learns which accounts there are, or whose telephone a number is.
#[tokio::test]
async fn who_is_nobody_is_answered_like_anybody() {
    let test = registered().await;
    let now = Utc::now();
    let known = asked(&test, "district-a", PHONE, now).await;
    let mut tickets = vec![known.ticket.clone()];
    for (login, phone) in [("nobody", "13900000001"), ("district-a", "13900000002"), ("city", "13900000003")] {
        let unknown = asked(&test, login, phone, now).await;
        assert!(unknown.message.is_none(), "{login} {phone}");
        assert_eq!(unknown.ticket.len(), known.ticket.len());
        tickets.push(unknown.ticket);
    }
    let soon = now + TimeDelta::seconds(59);
    for (login, phone) in [("district-a", PHONE), ("nobody", "13900000001")] {
        assert_eq!(said(ask(&test, login, phone, soon).await, ""), "操作过于频繁，请于1秒后再试");
    }
    let wrong = if code_of(&known) == "000000" { "000001" } else { "000000" };
    for ticket in &tickets {
        let mut told = Vec::new();
        for _ in 0..6 {
            told.push(said(set(&test, ticket, wrong, NEW, now).await, "code"));
        }
        assert_eq!(told, [CODE_IS_WRONG, CODE_IS_WRONG, CODE_IS_WRONG, CODE_IS_WRONG, CODE_IS_SPENT, CODE_IS_SPENT]);
    }
    // Guessed at too often, the right one does not help any more.
    assert_eq!(said(set(&test, &known.ticket, &code_of(&known), NEW, now).await, "code"), CODE_IS_SPENT);
    for ticket in ["", "x", "00000000-0000-4000-8000-000000000000"] {
        assert_eq!(said(set(&test, ticket, "000000", NEW, now).await, "code"), CODE_IS_OVER);
    }
    enters(&test.database, "district-a", PASSWORD, now).await.expect("nothing has happened");
}

#[tokio::test]
async fn codes_end_are_counted_and_cost_a_captcha() {
    let test = registered().await;
    // Noon in China, so that the day does not end in between.
    let now = Utc::now().date_naive().and_hms_opt(4, 0, 0).expect("a time").and_utc();
    let first = asked(&test, "district-a", PHONE, now).await;
    let late = now + TimeDelta::seconds(301);
    assert_eq!(said(set(&test, &first.ticket, &code_of(&first), NEW, late).await, "code"), CODE_IS_OVER);
    for minute in 1..10 {
        asked(&test, "nobody", PHONE, now + TimeDelta::minutes(minute)).await;
    }
    let more = ask(&test, "district-a", PHONE, now + TimeDelta::minutes(10)).await;
    assert_eq!(said(more, ""), "今日获取验证码次数已达上限，请明日再试", "counted by telephone");
    asked(&test, "district-a", PHONE, now + TimeDelta::hours(24)).await;
    let request =
        CodeRequest { login: "district-a", phone: "13900000005", captcha_id: "x", captcha: "x", address: ADDRESS };
    let unread = password_code_create(&test.database, request, now).await;
    assert_eq!(said(unread, "captcha"), "验证码已过期，请刷新");
    let captcha_id = captcha_create(&test.database, "K7PQ", now).await.expect("a captcha");
    let misread = CodeRequest { captcha_id: &captcha_id, ..request };
    assert_eq!(said(password_code_create(&test.database, misread, now).await, "captcha"), "验证码错误");
    let empty = password_code_create(&test.database, CodeRequest { login: "", phone: "1", ..request }, now).await;
    let errors = match Failure::from(empty.err().expect("a refusal")) {
        Failure::Invalid(FieldErrors(errors)) => errors,
        other => panic!("{other:?}"),
    };
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["login", "phone"]);
    for nth in 0..60 {
        let made = "insert into password_code (login, phone_digest, code_signature, address, sent_at, expires_at)
                    values ('x', sha256($1::text::bytea), 'x', $2, $3, $3)";
        sqlx::query(made).bind(nth.to_string()).bind(ADDRESS).bind(now).execute(&test.admin).await.expect("a code");
    }
    let crowd = ask(&test, "district-a", "13900000006", now + TimeDelta::minutes(1)).await;
    assert_eq!(said(crowd, ""), "当前网络获取验证码次数过多，请稍后再试");
}

/// A closed account stays closed, and who watches over administrators is not let in by a telephone that these can set.
#[tokio::test]
async fn a_closed_account_and_a_watcher_get_no_code() {
    let test = registered().await;
    let now = Utc::now();
    phone(&test, "security", "13900000778").await;
    assert!(asked(&test, "security", "13900000778", now).await.message.is_none());
    let before = asked(&test, "district-a", PHONE, now).await;
    let admin = city::ctx(&test.database, "admin").await;
    let clerk = city::ctx(&test.database, "district-a").await.actor().id;
    user_status_set(&admin, clerk, false).await.expect("closed");
    let closed = set(&test, &before.ticket, &code_of(&before), NEW, now).await;
    assert_eq!(said(closed, "code"), CODE_IS_WRONG, "closed in between");
    assert!(asked_later(&test, now).await.message.is_none());
}
