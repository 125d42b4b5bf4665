//! A household that is dunned, and what tests ask about it.

use crate::support::{
    TestDatabase, city,
    tenancy::{approved, assigned, form, tenant, vacant},
};
use chrono::{DateTime, NaiveDate, TimeZone as _, Utc};
use domain::{
    billing::{
        dunning::{RuleSetEvent, RuleSetForm},
        payment::PaymentForm,
    },
    failure::{Failure, FieldErrors},
    id::AccountId,
    tenancy::contract_form::ContractForm,
    value::Money,
};
use sqlx::AssertSqlSafe;
use store::{
    Ctx,
    billing::{
        dunning::{rule_set_create, rule_set_decide},
        payment::payment_take,
    },
    platform::user::{UserRef, user_ctx},
    tenancy::contract::{SyncAnswer, contract_get, contract_synced},
};

/// A moment of a day in China.
pub fn at(day: &str, hour: u32) -> DateTime<Utc> {
    let day: NaiveDate = day.parse().expect("a day");
    Utc.from_utc_datetime(&day.and_hms_opt(hour, 0, 0).expect("an hour")) - chrono::TimeDelta::hours(8)
}

pub async fn ctx_on(test: &TestDatabase, login: &str, day: &str) -> Ctx {
    user_ctx(&test.database, UserRef::Login(login), at(day, 12)).await.expect("an account")
}

pub fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

pub fn refusal<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    failure(result).to_string()
}

pub fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

/// A household that moved in on 1 October 2014 and pays monthly on the 10th; the bank has known it since 9 December, when its
/// first three months were charged.
pub async fn household(test: &TestDatabase) -> AccountId {
    let assignment = assigned(test, tenant(test, 0).await, vacant(test, 0).await).await;
    let start = "2014-10-01".to_owned();
    let terms = ContractForm {
        start_on: start.clone(),
        end_on: "2019-09-30".into(),
        sign_on: start.clone(),
        explained_on: start,
        deposit: "0".into(),
        ..form(assignment)
    };
    let id = approved(test, &terms).await;
    let city = city::ctx(&test.database, "city").await;
    let number = contract_get(&city, id).await.expect("it is there").row.contract_no.expect("a number");
    let answer = SyncAnswer::Known { agreement_no: None };
    contract_synced(&test.database, &number, answer, at("2014-12-09", 12)).await.expect("the bank's answer");
    contract_get(&city, id).await.expect("it is there").account_id.expect("an account")
}

pub async fn level(test: &TestDatabase, account: AccountId) -> String {
    sqlx::query_scalar("select level from arrears where account_id = $1")
        .bind(account.0)
        .fetch_one(&test.admin)
        .await
        .expect("its arrears")
}

pub async fn number(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&test.admin).await.expect(query)
}

/// The proposed rules for 甲区, published on a day.
pub async fn published(test: &TestDatabase, day: &str) -> i64 {
    let maker = ctx_on(test, "finance", day).await;
    let district = number(test, "select id from organization where code = '810101'").await.to_string();
    let form = RuleSetForm { district, valid_from: day.into(), reason: "启用".into(), ..RuleSetForm::proposal() };
    let set = rule_set_create(&maker, &form).await.expect("a draft");
    rule_set_decide(&maker, set, 1, RuleSetEvent::Submit, "").await.expect("it is submitted");
    let checker = ctx_on(test, "finhead", day).await;
    rule_set_decide(&checker, set, 2, RuleSetEvent::Publish, "").await.expect("it is published");
    set
}

pub async fn pay(ctx: &Ctx, account: AccountId, nth: u64, amount: i64) {
    let form = PaymentForm {
        request: format!("5b0c2d1e-8f7a-4b3c-9d2e-{nth:012x}"),
        amount: Money::from_fen(amount).to_string().replace(',', ""),
        method: "CASH".into(),
        prepay: true,
        ..PaymentForm::default()
    };
    payment_take(ctx, account, &form).await.expect("a payment");
}

/// What waits or was done, as way, status and fen.
pub async fn records(test: &TestDatabase) -> Vec<(String, String, i64)> {
    sqlx::query_as("select way, status, amount_fen from dunning_record order by rule_id, id")
        .fetch_all(&test.admin)
        .await
        .expect("records")
}

pub fn told(rows: &[(&str, &str, i64)]) -> Vec<(String, String, i64)> {
    rows.iter().map(|(way, status, fen)| ((*way).to_owned(), (*status).to_owned(), *fen)).collect()
}

/// Runs a statement as the owner.
pub async fn change(test: &TestDatabase, statement: &str) {
    sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&test.admin).await.expect(statement);
}

/// Text of the first row.
pub async fn text(test: &TestDatabase, query: &str) -> String {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&test.admin).await.expect(query)
}

/// A set of rules of 甲区, or of the whole city, published on a day by a second person.
pub async fn published_as(test: &TestDatabase, day: &str, change: impl Fn(RuleSetForm) -> RuleSetForm) -> i64 {
    let maker = ctx_on(test, "city", day).await;
    let proposed = RuleSetForm { valid_from: day.into(), reason: "启用".into(), ..RuleSetForm::proposal() };
    let set = rule_set_create(&maker, &change(proposed)).await.expect("a draft");
    rule_set_decide(&maker, set, 1, RuleSetEvent::Submit, "").await.expect("it is submitted");
    let checker = ctx_on(test, "city-check", day).await;
    rule_set_decide(&checker, set, 2, RuleSetEvent::Publish, "").await.expect("it is published");
    set
}
