//! Tenants: who is let in by a code, how often one may be asked for and guessed at, and what a tenant's transaction sees.

mod back;
mod own;

use crate::support::{
    TestDatabase, city,
    database::KEY,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    billing::payment::PaymentForm,
    failure::Failure,
    id::{AccountId, PaymentId},
    platform::setting::code as setting,
    portal::sign_in::{CAPTCHA_IS_WANTED, CAPTCHA_IS_WRONG, CODE_IS_OVER, CODE_IS_SPENT, CODE_IS_WRONG},
    value::Money,
};
use store::{
    billing::payment::payment_take,
    housekeeping::sweep,
    platform::{
        cipher::KeyRing,
        key::keys_rotate,
        phone_code::{PhoneCode, phone_code_sent},
        session::captcha_create,
        setting::setting_put,
    },
    portal::{
        CodeAsked, CodeRequest, Tenant, bill_past_list, contract_list, home_list, notice_list, paid_get, paid_list,
        tenant_code_create, tenant_ctx, tenant_sign_in, tenant_sign_out,
    },
};

const PHONE: &str = "13800001200";
const NOBODY: &str = "13899990000";
const NETWORK: &str = "192.0.2.1";

/// A city with one household, whose telephone is [`PHONE`].
async fn household() -> TestDatabase {
    let test = TestDatabase::with_city().await;
    active(&test, &form(assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await)).await;
    test
}

/// Asks for a code without a captcha.
async fn code(test: &TestDatabase, phone: &str, network: &str, now: DateTime<Utc>) -> store::Result<CodeAsked> {
    let request = CodeRequest { phone, network, captcha_id: "", captcha: "" };
    tenant_code_create(&test.database, request, now).await
}

/// Asks for a code with a captcha that was read right, or not.
async fn read(
    test: &TestDatabase,
    phone: &str,
    network: &str,
    captcha: &str,
    now: DateTime<Utc>,
) -> store::Result<CodeAsked> {
    let captcha_id = captcha_create(&test.database, "K7PQ", now).await.expect("a captcha");
    let request = CodeRequest { phone, network, captcha_id: &captcha_id, captcha };
    tenant_code_create(&test.database, request, now).await
}

async fn asked(test: &TestDatabase, phone: &str, now: DateTime<Utc>) -> CodeAsked {
    code(test, phone, NETWORK, now).await.expect("a code")
}

/// The code as it stands in the message.
fn code_of(asked: &CodeAsked) -> String {
    let content = &asked.message.as_ref().expect("a message").content;
    content.chars().filter(char::is_ascii_digit).take(6).collect()
}

async fn signed_in(test: &TestDatabase, now: DateTime<Utc>) -> (String, Tenant) {
    let asked = asked(test, PHONE, now).await;
    let secret =
        tenant_sign_in(&test.database, &asked.ticket, &code_of(&asked), NETWORK, now).await.expect("a session");
    let tenant = tenant_ctx(&test.database, &secret, now).await.expect("asked").expect("a tenant");
    (secret, tenant)
}

fn refusal<T>(result: store::Result<T>) -> String {
    match result.err().map(Failure::from) {
        Some(Failure::Invalid(errors)) => {
            errors.get("phone").or(errors.get("captcha")).or(errors.get("code")).unwrap_or_default().to_owned()
        }
        Some(failure) => failure.to_string(),
        None => "it went through".to_owned(),
    }
}

async fn count(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned())).fetch_one(&test.admin).await.expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_lets_in_once_and_shows_the_own_home() {
    let test = household().await;
    let now = Utc::now();
    let asked = asked(&test, PHONE, now).await;
    let message = asked.message.as_ref().expect("a message");
    assert_eq!(message.phone, PHONE);
    assert!(!message.sign.is_empty() && message.content.contains("5分钟内有效"), "{}", message.content);
    assert_eq!(asked.phone_mask, "138****1200");
    phone_code_sent(&test.database, PhoneCode::Tenant, message.id, Ok("SMS1")).await.expect("noted");
    let code = code_of(&asked);
    let secret =
        tenant_sign_in(&test.database, &asked.ticket, &format!(" {code} "), NETWORK, now).await.expect("a session");
    assert_eq!(refusal(tenant_sign_in(&test.database, &asked.ticket, &code, NETWORK, now).await), CODE_IS_OVER);
    let tenant = tenant_ctx(&test.database, &secret, now).await.expect("asked").expect("a tenant");
    assert_eq!(tenant.phone_mask(), "138****1200");
    let homes = home_list(&tenant).await.expect("homes");
    assert_eq!(homes.len(), 1);
    assert_eq!((homes[0].estate.as_str(), homes[0].lessee.as_str()), ("月光苑", "测试租户0"));
    assert_eq!(homes[0].bills.len(), 2, "the deposit and the first month");
    let contracts = contract_list(&tenant).await.expect("contracts");
    assert_eq!(contracts.len(), 1);
    assert!(contracts[0].id_number_mask.contains('*') && contracts[0].phone_mask == "138****1200");
    assert!(bill_past_list(&tenant).await.expect("bills").is_empty());
    assert!(paid_list(&tenant).await.expect("payments").is_empty());
    assert!(notice_list(&tenant).await.expect("messages").is_empty());
    assert_eq!(count(&test, "select count(*) from tenant_code where gateway_no = 'SMS1'").await, 1);
    tenant_sign_out(&test.database, &secret).await.expect("signed out");
    assert!(tenant_ctx(&test.database, &secret, now).await.expect("asked").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_nobody_has_answers_like_any_other() {
    let test = household().await;
    let now = Utc::now();
    let (known, unknown) = (asked(&test, PHONE, now).await, asked(&test, NOBODY, now).await);
    assert!(known.message.is_some() && unknown.message.is_none());
    assert_eq!(known.ticket.len(), unknown.ticket.len());
    let at_once = |phone| code(&test, phone, NETWORK, now + TimeDelta::seconds(59));
    assert_eq!(refusal(at_once(PHONE).await), "操作过于频繁，请于1秒后再试");
    assert_eq!(refusal(at_once(NOBODY).await), "操作过于频繁，请于1秒后再试");
    let wrong = if code_of(&known) == "000000" { "000001" } else { "000000" };
    for ticket in [&known.ticket, &unknown.ticket] {
        let mut said = Vec::new();
        for _ in 0..6 {
            said.push(refusal(tenant_sign_in(&test.database, ticket, wrong, NETWORK, now).await));
        }
        let wrong = CODE_IS_WRONG;
        assert_eq!(said, [wrong, wrong, wrong, wrong, CODE_IS_SPENT, CODE_IS_SPENT]);
    }
    // Guessed at too often, the right one does not help any more.
    let late = tenant_sign_in(&test.database, &known.ticket, &code_of(&known), NETWORK, now).await;
    assert_eq!(refusal(late), CODE_IS_SPENT);
    for phone in ["", "1380000120", "0371-63390000"] {
        assert_eq!(refusal(code(&test, phone, NETWORK, now).await), "请输入11位手机号", "{phone}");
    }
    // Nor does a person's second number, or one without a home.
    let second = "insert into person_number (person_id, kind, digest, key_id)
                  select n.person_id, n.kind, c.phone_digest, n.key_id from person_number n, tenant_code c
                  where n.kind = 'PHONE' and c.person_ids = '{}'";
    sqlx::query(second).execute(&test.admin).await.expect("a second number");
    let later = now + TimeDelta::seconds(60);
    assert!(asked(&test, NOBODY, later).await.message.is_none(), "a second number is sent nothing");
    tenant(&test, 1).await;
    assert!(asked(&test, "13800001201", now).await.message.is_none(), "a person without a home is sent nothing");
    let stored: String = sqlx::query_scalar("select string_agg(c::text, '') from tenant_code c")
        .fetch_one(&test.admin)
        .await
        .expect("rows");
    assert!(!stored.contains(PHONE) && !stored.contains(&code_of(&known)), "neither number nor code is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_end_and_are_counted() {
    let test = household().await;
    // Ten in the morning of China, so that the day does not end meanwhile.
    let morning = (Utc::now() + TimeDelta::days(1)).date_naive().and_hms_opt(2, 0, 0).expect("a moment").and_utc();
    let first = asked(&test, PHONE, morning).await;
    let later = morning + TimeDelta::seconds(300);
    assert_eq!(
        refusal(tenant_sign_in(&test.database, &first.ticket, &code_of(&first), NETWORK, later).await),
        CODE_IS_OVER
    );
    let older = asked(&test, PHONE, later).await;
    // The third of a day wants a captcha, which is read once.
    let third = later + TimeDelta::seconds(60);
    assert_eq!(refusal(code(&test, PHONE, NETWORK, third).await), CAPTCHA_IS_WANTED);
    assert_eq!(refusal(read(&test, PHONE, NETWORK, "XXXX", third).await), CAPTCHA_IS_WRONG);
    let newer = read(&test, PHONE, NETWORK, "k7pq", third).await.expect("a code");
    let at = later + TimeDelta::seconds(61);
    // Whoever asks in somebody else's name does not end the code that he is typing; whoever is in ends all of them.
    let older = tenant_sign_in(&test.database, &older.ticket, &code_of(&older), NETWORK, at).await;
    older.expect("it holds until its end");
    let newer = tenant_sign_in(&test.database, &newer.ticket, &code_of(&newer), NETWORK, at).await;
    assert_eq!(refusal(newer), CODE_IS_OVER);
    for nth in 3..10 {
        read(&test, PHONE, NETWORK, "K7PQ", later + TimeDelta::minutes(nth)).await.expect("a code");
    }
    let eleventh = read(&test, PHONE, "192.0.2.2", "K7PQ", later + TimeDelta::hours(1)).await;
    assert_eq!(refusal(eleventh), "今日获取验证码次数已达上限，请明日再试");
    asked(&test, PHONE, morning + TimeDelta::days(1)).await;
    // PRM-03 of the city.
    setting_put(&test.database, setting::SMS_CODE, "4/60/30/50/1").await.expect("a rule");
    let short = asked(&test, PHONE, morning + TimeDelta::hours(30)).await;
    assert!(short.message.as_ref().is_some_and(|message| message.content.contains("1分钟内有效")));
    let tries: Vec<String> =
        sqlx::query_scalar("select result from tenant_attempt where person_id is not null order by id")
            .fetch_all(&test.admin)
            .await
            .expect("every try is kept");
    assert_eq!(tries, ["OVER", "OK", "OVER"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_network_asks_for_so_many() {
    let test = household().await;
    let many = Utc::now();
    let ask = async |from: i64, to: i64| {
        let made = "insert into tenant_code (phone_digest, code_signature, address, sent_at, expires_at, person_ids)
                    select decode(lpad(n::text, 10, '0'), 'hex'), 'x', $4, $3, $3, '{}' from generate_series($1, $2) n";
        sqlx::query(made).bind(from).bind(to).bind(many).bind(NETWORK).execute(&test.admin).await.expect("codes");
    };
    ask(1, 20).await;
    assert_eq!(refusal(code(&test, PHONE, NETWORK, many).await), CAPTCHA_IS_WANTED);
    code(&test, PHONE, "192.0.2.9", many).await.expect("another network is free");
    ask(21, 600).await;
    let more = read(&test, "13911110000", NETWORK, "K7PQ", many).await;
    assert_eq!(refusal(more), "当前网络获取验证码次数过多，请稍后再试");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_time_and_with_the_number() {
    let test = household().await;
    let now = Utc::now();
    let (secret, _) = signed_in(&test, now).await;
    let seen = |at| tenant_ctx(&test.database, &secret, at);
    assert!(seen(now + TimeDelta::days(6)).await.expect("asked").is_some());
    assert!(seen(now + TimeDelta::days(12)).await.expect("asked").is_some(), "seen six days ago");
    assert!(seen(now + TimeDelta::days(20)).await.expect("asked").is_none(), "seen eight days ago");
    let now = now + TimeDelta::days(1);
    let (secret, _) = signed_in(&test, now).await;
    tenant(&test, 1).await;
    let other = "update person p set phone = o.phone from person o where o.name = '测试租户1' and p.name = '测试租户0'";
    sqlx::query(other).execute(&test.admin).await.expect("another number");
    assert!(tenant_ctx(&test.database, &secret, now).await.expect("asked").is_none());
    assert!(tenant_ctx(&test.database, "x", now).await.expect("asked").is_none());
    let swept = sweep(&test.database, now + TimeDelta::days(40)).await.expect("swept");
    assert_eq!((swept.sessions, count(&test, "select count(*) from tenant_session").await), (2, 0));
    assert_eq!(count(&test, "select count(*) from tenant_code").await, 0);
}

/// Step by step, as the README has it: both keys, all renewed, the old one forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_shuts_nobody_out() {
    let test = household().await;
    let now = Utc::now();
    let (secret, _) = signed_in(&test, now).await;
    let new = KeyRing::new_line(2);
    let during = test.second_with(&[&new, KEY]).await.expect("both keys");
    let later = now + TimeDelta::minutes(2);
    let request = CodeRequest { phone: PHONE, network: NETWORK, captcha_id: "", captcha: "" };
    let asked = tenant_code_create(&during, request, later).await.expect("a code");
    assert!(asked.message.is_some(), "the number stands under the old key alone");
    let in_ = |database: store::Database, at| {
        let secret = secret.clone();
        async move { tenant_ctx(&database, &secret, at).await.expect("asked").is_some() }
    };
    assert!(in_(during.clone(), later).await);
    keys_rotate(&during, later).await.expect("rotated");
    assert!(in_(during.clone(), now + TimeDelta::hours(2)).await, "in the middle");
    let after = test.second_with(&[&new]).await.expect("the old key is forgotten");
    assert!(in_(after, now + TimeDelta::hours(4)).await);
}

/// What is taken off the rent is taken off on the tenant's own telephone too.
#[tokio::test(flavor = "multi_thread")]
async fn a_reduced_rent_is_shown() {
    let test = household().await;
    let now = Utc::now();
    let (_, tenant) = signed_in(&test, now).await;
    let rent = async || contract_list(&tenant).await.expect("contracts")[0].monthly_rent;
    let full = rent().await;
    let reduced = "insert into rent_reduction (district_id, estate_id, request_id, contract_id, category, percent, standard_area, from_on,
                       to_on, doc_no, full_fen, payable_fen, maker_id, status, checker_id, checked_at)
                   select district_id, estate_id, gen_random_uuid(), id, 'DIBAO', 10, 100000, date_trunc('month', current_date),
                       date_trunc('month', current_date) + interval '2 months' - interval '1 day', '测发1号',
                       monthly_rent_fen, 10, 1, 'APPROVED', 2, now() from contract";
    sqlx::query(reduced).execute(&test.admin).await.expect("a reduction");
    assert!(rent().await.fen() * 5 < full.fen(), "{} of {full}", rent().await);
}
