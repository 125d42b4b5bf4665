//! The worked example of domain.md §4.10 and the account of seed 000, through bills, payment and ledger.

use super::*;
use crate::support::tenancy::rent_data;
use chrono::Days;
use store::platform::user::{UserRef, user_ctx};

async fn on(test: &TestDatabase, login: &str, day: NaiveDate) -> Ctx {
    let noon = store::ctx::china_midnight(day).expect("a moment") + chrono::TimeDelta::hours(12);
    user_ctx(&test.database, UserRef::Login(login), noon).await.expect("an account")
}

fn yuan(text: &str) -> Money {
    Money::parse_yuan(text).expect("an amount")
}

#[tokio::test(flavor = "multi_thread")]
async fn october_with_its_late_fee_then_november_in_part() {
    let test = TestDatabase::with_city().await;
    setting_put(&test.database, code::LATE_FEE, "0.0005/5/100").await.expect("a late fee");
    let since = "update parameter set valid_from = '2000-01-01' where code = $1";
    sqlx::query(since).bind(code::LATE_FEE).execute(&test.admin).await.expect("for ever");
    rent_data(&test).await;
    let account: i64 = sqlx::query_scalar("select account_id from contract where contract_no = 'HT-RENT-1'")
        .fetch_one(&test.admin)
        .await
        .expect("the account");
    let account = AccountId(account);
    let month = |month: u32| NaiveDate::from_ymd_opt(2026, month, 1).expect("a day");
    let finance = on(&test, "finance", month(11)).await;
    let district: i64 =
        sqlx::query_scalar("select district_id from account").fetch_one(&test.admin).await.expect("a district");
    for charged in [10, 11] {
        bills_run(&finance, OrganizationId(district), month(charged), |_| {}).await.expect("a run");
    }
    let open = account_get(&finance, account).await.expect("the account").bills;
    assert_eq!(open.iter().map(|bill| bill.amount).collect::<Vec<_>>(), [yuan("111.80"), yuan("111.80")]);
    // Twenty days behind the grace.
    let cashier = on(&test, "cashier", open[0].due_on + Days::new(25)).await;
    let id = payment_take(&cashier, account, &cash(1, yuan("200"))).await.expect("a payment");
    let lines = receipt_get(&cashier, id).await.expect("a receipt").lines;
    let told: Vec<_> = lines.iter().map(|line| (line.bill_id, line.principal, line.late_fee)).collect();
    assert_eq!(told, [(open[0].id, yuan("111.80"), yuan("1.12")), (open[1].id, yuan("87.08"), Money::ZERO)]);
    let november = bill_get(&cashier, open[1].id).await.expect("the bill").row;
    assert_eq!((november.status, november.outstanding), (BillStatus::Partial, yuan("24.72")));
    // Seed 000: a balance of 571.00, and 1,000.00 more.
    payment_take(&cashier, account, &cash(2, yuan("24.72") + yuan("571"))).await.expect("a payment");
    assert_eq!(account_get(&cashier, account).await.expect("the account").row.balance, yuan("571.00"));
    payment_take(&cashier, account, &cash(3, yuan("1000"))).await.expect("a payment");
    assert_eq!(account_get(&cashier, account).await.expect("the account").row.balance, yuan("1571.00"));
    agrees(&test, &cashier, account).await;
}

/// Nothing is owed under an account that was closed, and nobody would look for money there.
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_account_takes_no_money() {
    let test = TestDatabase::with_city().await;
    let (_, account) = household(&test, 0, 0).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    for left in
        ["update contract set status = 'TERMINATED'", "update account set status = 'OFF', closed_on = current_date"]
    {
        sqlx::query(left).execute(&test.admin).await.expect("it has left");
    }
    let refused = payment_take(&cashier, account, &cash(1, Money::from_fen(500))).await;
    assert_eq!(refusal(refused), "账户已销户，不能收款");
}
