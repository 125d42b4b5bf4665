//! What follows from the calendar: the month's run on its day (PRM-40), and balances that pay what is due (PRM-47).

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use domain::{billing::payment::PaymentForm, id::AccountId, platform::setting::code};
use store::{
    billing::{
        daily::{Followed, billing_follow},
        payment::payment_take,
    },
    platform::setting::setting_put,
};

/// A household that owes nothing, because what it was charged is void.
async fn household() -> (TestDatabase, AccountId) {
    let test = TestDatabase::with_city().await;
    let unit = vacant(&test, 0).await;
    let assignment = assigned(&test, tenant(&test, 0).await, unit).await;
    let (_, account) = active(&test, &form(assignment)).await;
    sqlx::raw_sql("update bill set decision = 'VOID'").execute(&test.admin).await.expect("void");
    (test, account)
}

async fn number(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned())).fetch_one(&test.admin).await.expect(query)
}

/// Noon of a day of next month, as the server counts it.
fn next_month(day: u32) -> DateTime<Utc> {
    use chrono::Datelike as _;
    let today: NaiveDate = store::ctx::china_day(Utc::now());
    let day = today.checked_add_months(Months::new(1)).and_then(|later| later.with_day(day)).expect("a day");
    day.and_hms_opt(4, 0, 0).expect("noon in China").and_utc()
}

async fn follow(test: &TestDatabase, now: DateTime<Utc>) -> Followed {
    billing_follow(&test.database, now).await.expect("followed")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_billed_on_its_day_and_once() {
    let (test, _) = household().await;
    setting_put(&test.database, code::BILL_DAY, "5").await.expect("set");
    assert_eq!(follow(&test, next_month(4)).await.bills, 0, "its day has not come");
    assert_eq!(follow(&test, next_month(5)).await.bills, 1);
    assert_eq!(follow(&test, next_month(6)).await.bills, 0, "and it was done");
    assert_eq!(number(&test, "select count(*) from bill where decision is null and fee_item = 'RENT'").await, 1);
    assert_eq!(number(&test, "select count(*) from bill_run where started_by is null and status = 'DONE'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_may_leave_it_to_its_accountants() {
    let (test, _) = household().await;
    setting_put(&test.database, code::BILL_DAY, "off").await.expect("set");
    assert_eq!(follow(&test, next_month(28)).await, Followed::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_ahead_pays_what_has_become_due() {
    let (test, account) = household().await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let ahead = PaymentForm {
        request: "5b0c2d1e-8f7a-4b3c-9d2e-000000000001".into(),
        amount: "5000".into(),
        method: "CASH".into(),
        prepay: true,
        ..PaymentForm::default()
    };
    payment_take(&cashier, account, &ahead).await.expect("kept as balance");
    // The bill is made on the 1st and due on the 10th.
    assert_eq!(follow(&test, next_month(2)).await.payments, 0, "it is not due");
    let owed = number(&test, "select amount_fen from bill where decision is null and fee_item = 'RENT'").await;
    setting_put(&test.database, code::BALANCE_FIRST, "false").await.expect("set");
    assert_eq!(follow(&test, next_month(20)).await.payments, 0, "the city does not want it");
    setting_put(&test.database, code::BALANCE_FIRST, "true").await.expect("set");
    let done = follow(&test, next_month(20) + TimeDelta::hours(1)).await;
    assert_eq!((done.payments, done.paid.fen()), (1, owed));
    assert_eq!(follow(&test, next_month(20) + TimeDelta::hours(2)).await.payments, 0, "and once");
    assert_eq!(number(&test, "select balance_fen from account").await, 500_000 - owed);
    assert_eq!(number(&test, "select count(*) from bill where decision is null and paid_fen < amount_fen").await, 0);
    assert_eq!(number(&test, "select count(*) from payment where method = 'BALANCE' and cashier_id is null").await, 1);
}
