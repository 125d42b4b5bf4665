//! Tenants: who is let in by a code, how often one may be asked for and guessed at, and what a tenant's transaction sees.

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    billing::payment::PaymentForm,
    failure::Failure,
    id::{AccountId, PaymentId},
    platform::setting::code,
    portal::sign_in::{CODE_IS_OVER, CODE_IS_SPENT, CODE_IS_WRONG},
    value::Money,
};
use store::{
    billing::payment::payment_take,
    platform::setting::setting_put,
    portal::{
        CodeAsked, Tenant, bill_past_list, contract_list, home_list, notice_list, paid_get, paid_list,
        tenant_code_create, tenant_code_sent, tenant_ctx, tenant_sign_in, tenant_sign_out,
    },
};
use support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};

const PHONE: &str = "13800001200";
const NOBODY: &str = "13899990000";

/// A city with one household, whose telephone is [`PHONE`].
async fn household() -> TestDatabase {
    let test = TestDatabase::with_city().await;
    active(&test, &form(assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await)).await;
    test
}

async fn asked(test: &TestDatabase, phone: &str, now: DateTime<Utc>) -> CodeAsked {
    tenant_code_create(&test.database, phone, "192.0.2.1", now).await.expect("a code")
}

/// The code as it stands in the message.
fn code_of(asked: &CodeAsked) -> String {
    let content = &asked.message.as_ref().expect("a message").content;
    content.chars().filter(char::is_ascii_digit).take(6).collect()
}

async fn signed_in(test: &TestDatabase, now: DateTime<Utc>) -> (String, Tenant) {
    let asked = asked(test, PHONE, now).await;
    let secret = tenant_sign_in(&test.database, &asked.ticket, &code_of(&asked), now).await.expect("a session");
    let tenant = tenant_ctx(&test.database, &secret, now).await.expect("asked").expect("a tenant");
    (secret, tenant)
}

fn refusal<T>(result: store::Result<T>) -> String {
    match result.err().map(Failure::from) {
        Some(Failure::Invalid(errors)) => errors.get("phone").or(errors.get("code")).unwrap_or_default().to_owned(),
        Some(failure) => failure.to_string(),
        None => "it went through".to_owned(),
    }
}

/// A second household, with a payment of 100 yuan of each; answers both accounts.
async fn neighbours(test: &TestDatabase) -> [AccountId; 2] {
    let first = AccountId(count(test, "select id from account").await);
    let (_, second) = active(test, &form(assigned(test, tenant(test, 1).await, vacant(test, 0).await).await)).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    for (nth, account) in [first, second].into_iter().enumerate() {
        let form = PaymentForm {
            request: format!("5b0c2d1e-8f7a-4b3c-9d2e-{nth:012x}"),
            amount: "100".into(),
            method: "CASH".into(),
            ..PaymentForm::default()
        };
        payment_take(&cashier, account, &form).await.expect("a payment");
    }
    [first, second]
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
    tenant_code_sent(&test.database, message.id, Ok("SMS1")).await.expect("noted");
    let code = code_of(&asked);
    let secret = tenant_sign_in(&test.database, &asked.ticket, &format!(" {code} "), now).await.expect("a session");
    assert_eq!(refusal(tenant_sign_in(&test.database, &asked.ticket, &code, now).await), CODE_IS_OVER);
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
    let at_once = |phone| tenant_code_create(&test.database, phone, "192.0.2.1", now + TimeDelta::seconds(59));
    assert_eq!(refusal(at_once(PHONE).await), "操作过于频繁，请于1秒后再试");
    assert_eq!(refusal(at_once(NOBODY).await), "操作过于频繁，请于1秒后再试");
    let wrong = if code_of(&known) == "000000" { "000001" } else { "000000" };
    for ticket in [&known.ticket, &unknown.ticket] {
        let mut said = Vec::new();
        for _ in 0..6 {
            said.push(refusal(tenant_sign_in(&test.database, ticket, wrong, now).await));
        }
        let wrong = CODE_IS_WRONG;
        assert_eq!(said, [wrong, wrong, wrong, wrong, CODE_IS_SPENT, CODE_IS_SPENT]);
    }
    // Guessed at too often, the right one does not help any more.
    let late = tenant_sign_in(&test.database, &known.ticket, &code_of(&known), now).await;
    assert_eq!(refusal(late), CODE_IS_SPENT);
    // Nor does a person's second number, or one without a home.
    for phone in ["", "1380000120", "0371-63390000"] {
        let asked = tenant_code_create(&test.database, phone, "192.0.2.1", now).await;
        assert_eq!(refusal(asked), "请输入11位手机号", "{phone}");
    }
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
    assert_eq!(refusal(tenant_sign_in(&test.database, &first.ticket, &code_of(&first), later).await), CODE_IS_OVER);
    let older = asked(&test, PHONE, later).await;
    let newer = asked(&test, PHONE, later + TimeDelta::seconds(60)).await;
    let at = later + TimeDelta::seconds(61);
    assert_eq!(refusal(tenant_sign_in(&test.database, &older.ticket, &code_of(&older), at).await), CODE_IS_OVER);
    tenant_sign_in(&test.database, &newer.ticket, &code_of(&newer), at).await.expect("the newest counts");
    for nth in 3..10 {
        asked(&test, PHONE, later + TimeDelta::minutes(nth)).await;
    }
    let eleventh = tenant_code_create(&test.database, PHONE, "192.0.2.2", later + TimeDelta::hours(1)).await;
    assert_eq!(refusal(eleventh), "今日获取验证码次数已达上限，请明日再试");
    asked(&test, PHONE, morning + TimeDelta::days(1)).await;
    // PRM-03 of the city.
    setting_put(&test.database, code::SMS_CODE, "4/60/30/50/1").await.expect("a rule");
    let short = asked(&test, PHONE, morning + TimeDelta::hours(30)).await;
    assert!(short.message.as_ref().is_some_and(|message| message.content.contains("1分钟内有效")));
    // One address asks for many numbers.
    let many = morning + TimeDelta::hours(40);
    for nth in 0..60 {
        let phone = format!("1390000{nth:04}");
        tenant_code_create(&test.database, &phone, "192.0.2.9", many).await.expect("a code");
    }
    let more = tenant_code_create(&test.database, "13911110000", "192.0.2.9", many).await;
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
    let (secret, _) = signed_in(&test, now + TimeDelta::days(1)).await;
    sqlx::query("delete from person_number where kind = 'PHONE'").execute(&test.admin).await.expect("taken out");
    let now = now + TimeDelta::days(1);
    assert!(tenant_ctx(&test.database, &secret, now).await.expect("asked").is_none());
    assert!(tenant_ctx(&test.database, "x", now).await.expect("asked").is_none());
}

/// The second wall: whatever a query of a tenant's asked for, the database shows the own rows, and lets none be changed.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_shows_a_tenant_the_own_rows_alone() {
    let test = household().await;
    let own_account = neighbours(&test).await[0];
    let (person, account): (i64, i64) = sqlx::query_as("select person_id, id from account where id = $1")
        .bind(own_account.0)
        .fetch_one(&test.admin)
        .await
        .expect("the household");
    let mut application = test.application().await;
    let mut tx = sqlx::Connection::begin(&mut application).await.expect("a transaction");
    sqlx::query("select set_config('app.persons', $1, true), set_config('app.accounts', $2, true)")
        .bind(person.to_string())
        .bind(account.to_string())
        .execute(&mut *tx)
        .await
        .expect("settings");
    for (table, column) in [
        ("account", "id"),
        ("bill", "account_id"),
        ("payment", "account_id"),
        ("sms", "account_id"),
        ("pay_order", "account_id"),
    ] {
        let strange: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select count(*) from {table} where {column} <> {account}"
        )))
        .fetch_one(&mut *tx)
        .await
        .expect("a number");
        assert_eq!(strange, 0, "{table}");
    }
    let own: i64 = sqlx::query_scalar("select count(*) from bill").fetch_one(&mut *tx).await.expect("a number");
    assert_eq!(own, 2);
    for table in [
        "person",
        "unit",
        "estate",
        "ledger_entry",
        "tenant_code",
        "tenant_session",
        "audit_log",
        "deduction_item",
        "pay_order_event",
        "user_phone",
    ] {
        let seen: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut *tx)
            .await
            .expect("a number");
        assert_eq!(seen, 0, "{table}");
    }
    for table in ["account", "bill", "contract", "payment", "pay_order", "sms"] {
        let version = if table == "sms" { "attempts" } else { "version" };
        let done = sqlx::query(sqlx::AssertSqlSafe(format!("update {table} set {version} = {version}")))
            .execute(&mut *tx)
            .await;
        assert_eq!(done.expect("it is tried").rows_affected(), 0, "{table}");
    }
    // Without these two settings there is nothing at all.
    sqlx::query("select set_config('app.persons', '', true), set_config('app.accounts', '', true)")
        .execute(&mut *tx)
        .await
        .expect("settings");
    for table in [
        "account",
        "bill",
        "payment",
        "payment_share",
        "contract",
        "contract_resident",
        "sms",
        "pay_order",
        "rent_change",
    ] {
        let seen: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut *tx)
            .await
            .expect("a number");
        assert_eq!(seen, 0, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_receipt_is_not_there() {
    let test = household().await;
    let [own, _] = neighbours(&test).await;
    let receipt = count(&test, &format!("select id from payment where account_id = {own}")).await;
    let now = Utc::now();
    let asked = asked(&test, "13800001201", now).await;
    let secret = tenant_sign_in(&test.database, &asked.ticket, &code_of(&asked), now).await.expect("a session");
    let neighbour = tenant_ctx(&test.database, &secret, now).await.expect("asked").expect("a tenant");
    assert!(matches!(paid_get(&neighbour, PaymentId(receipt)).await.map_err(Failure::from), Err(Failure::NotFound)));
    assert_eq!(home_list(&neighbour).await.expect("homes").len(), 1);
    let (_, tenant) = signed_in(&test, now).await;
    let receipt = paid_get(&tenant, PaymentId(receipt)).await.expect("the own one");
    assert_eq!(
        (receipt.row.amount, receipt.lines.len(), receipt.to_balance),
        (Money::from_fen(10_000), 1, Money::ZERO)
    );
    assert!(receipt.address.starts_with("月光苑"), "{}", receipt.address);
}
