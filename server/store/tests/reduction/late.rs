//! What happens meanwhile: months that were paid, a household that leaves, a contract that was taken over, a payment that is
//! taken back, and documents that follow one another.

use super::*;
use domain::{
    id::PaymentId,
    tenancy::{contract_form::ContractForm, exit::ExitForm},
};
use store::{
    billing::payment::{payment_unverify, payment_void, payments_verify},
    tenancy::exit::exit_create,
};

async fn pay(test: &TestDatabase, account: AccountId, nth: u32, bill: i64, amount: &str) -> PaymentId {
    let form = PaymentForm {
        request: request(nth),
        amount: amount.into(),
        method: "CASH".into(),
        bills: vec![bill],
        ..PaymentForm::default()
    };
    payment_take(&city::ctx(&test.database, "cashier").await, account, &form).await.expect("a payment");
    PaymentId(sqlx::query_scalar("select max(id) from payment").fetch_one(&test.admin).await.expect("it"))
}

/// A household that owes the rents of two months and of this one.
async fn owing(test: &TestDatabase) -> AccountId {
    let assignment = assigned(test, tenant(test, 0).await, vacant(test, 0).await).await;
    let usual = form(assignment);
    let start = month(0).checked_sub_months(Months::new(2)).expect("a month");
    let since = ContractForm {
        start_on: start.to_string(),
        end_on: start.checked_add_months(Months::new(60)).and_then(|day| day.pred_opt()).expect("a day").to_string(),
        sign_on: start.to_string(),
        explained_on: start.to_string(),
        ..usual
    };
    active(test, &since).await.1
}

/// What a payment had left open was forgiven: the payment stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_a_waived_bill_is_not_voided() {
    let test = TestDatabase::with_city().await;
    let (_, account) = household(&test, 0).await;
    let bill = open_bills(&test, account).await[0];
    let payment = pay(&test, account, 99, bill, "10.00").await;
    let finance = city::ctx(&test.database, "finance").await;
    let id = waiver_create(&finance, account, &waiver(1, "WAIVE", &[bill])).await.expect("asked");
    waiver_decide(&city::ctx(&test.database, "finhead").await, id, 1, true, "").await.expect("agreed");
    let cashier = city::ctx(&test.database, "cashier").await;
    let refused = failure(payment_void(&cashier, payment, 1, "收错").await).to_string();
    assert!(refused.contains("已减免、核销或冲销，不能作废其收款"), "{refused}");
    let (booked, open) = books(&test).await;
    assert_eq!((booked, open), (0, 0), "nothing is owed");
}

/// Of no bill more is forgiven than was asked for, and the limit is one for all documents of a year.
#[tokio::test(flavor = "multi_thread")]
async fn documents_are_looked_at_bill_by_bill_and_together() {
    let test = TestDatabase::with_city().await;
    let account = owing(&test).await;
    let finance = city::ctx(&test.database, "finance").await;
    let head = city::ctx(&test.database, "finhead").await;
    let bills = open_bills(&test, account).await;
    let id = waiver_create(&finance, account, &waiver(1, "WAIVE", &bills[..2])).await.expect("asked");
    // One was paid down, the other has grown: the sum is the same.
    let moved = "update waiver_bill set principal_fen = principal_fen + case bill_id when $1 then 100 else -100 end";
    sqlx::query(moved).bind(bills[0]).execute(&test.admin).await.expect("it is moved");
    let refused = failure(waiver_decide(&head, id, 1, true, "").await).to_string();
    assert!(refused.ends_with("的未缴金额已增加，请驳回后重新申请"), "{refused}");
    waiver_withdraw(&finance, id, 1).await.expect("taken back");
    let one = Money::from_fen(
        sqlx::query_scalar("select amount_fen from bill where id = $1")
            .bind(bills[0])
            .fetch_one(&test.admin)
            .await
            .expect("it"),
    );
    setting_put(&test.database, code::WRITE_OFF_LIMIT, &one.to_string().replace(',', "")).await.expect("a limit");
    let first = waiver_create(&finance, account, &waiver(2, "WRITE_OFF", &bills[..1])).await.expect("asked");
    waiver_decide(&head, first, 1, true, "").await.expect("it is within the limit");
    let second = waiver_create(&finance, account, &waiver(3, "WRITE_OFF", &bills[1..2])).await.expect("asked");
    assert!(waiver_get(&head, second).await.expect("it is seen").for_leader);
    let refused = failure(waiver_decide(&head, second, 1, true, "").await).to_string();
    assert!(refused.starts_with("该账户一年内的坏账核销超过限额"), "{refused}");
}

/// A month that was paid is made anew as well: what was paid too much is the household's balance.
#[tokio::test(flavor = "multi_thread")]
async fn a_paid_month_is_reduced_too() {
    let test = TestDatabase::with_city().await;
    let (contract, account) = household(&test, 0).await;
    let finance = city::ctx(&test.database, "finance").await;
    let form = asked(&test, contract, 1).await;
    let (full, _, payable) = reduction_preview(&finance, &form).await.expect("figures");
    let id = reduction_create(&finance, &form).await.expect("it is asked for");
    let later = ctx_later(&test, "finance", 1).await;
    bills_run(&later, district(&test).await, month(1), |_| {}).await.expect("a run");
    let bill: i64 = sqlx::query_scalar("select id from bill where fee_item = 'RENT' and month = $1")
        .bind(month(1))
        .fetch_one(&test.admin)
        .await
        .expect("the bill");
    pay(&test, account, 98, bill, &full.to_string().replace(',', "")).await;
    reduction_decide(&ctx_later(&test, "approver", 1).await, id, 1, true, "").await.expect("agreed");
    let fresh: (i64, i64) = sqlx::query_as(
        "select amount_fen, paid_fen from bill where fee_item = 'RENT' and month = $1 and decision is null",
    )
    .bind(month(1))
    .fetch_one(&test.admin)
    .await
    .expect("the new bill");
    assert_eq!(fresh, (payable.fen(), payable.fen()), "it is paid at once");
    assert_eq!(account_get(&finance, account).await.expect("the account").row.balance, full - payable);
    let (booked, open) = books(&test).await;
    assert_eq!(booked, open, "the books say what the bills say");
}

/// While somebody leaves nothing of his rent changes; what another system had charged is not ours to change.
#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_and_what_was_taken_over() {
    let test = TestDatabase::with_city().await;
    let (contract, _) = household(&test, 0).await;
    let finance = city::ctx(&test.database, "finance").await;
    let later = ctx_later(&test, "finance", 1).await;
    let decider = ctx_later(&test, "approver", 1).await;
    let form = asked(&test, contract, 1).await;
    let id = reduction_create(&finance, &form).await.expect("it is asked for");
    bills_run(&later, district(&test).await, month(1), |_| {}).await.expect("a run");
    // As if the month had been brought from another system.
    for unsealed in [
        "alter table contract disable trigger contract_hold",
        "alter table contract drop constraint contract_taken_over_check",
    ] {
        sqlx::query(unsealed).execute(&test.admin).await.expect("it is not held");
    }
    let cut =
        "update contract set taken_over_on = $1::date + 14, charged_to = ($1::date + interval '1 month - 1 day')::date";
    sqlx::query(cut).bind(month(1)).execute(&test.admin).await.expect("it was taken over");
    let again = ReductionForm { request: request(7), ..form.clone() };
    let said = failure(reduction_create(&finance, &again).await);
    assert_eq!(said, complaint("from", "起始月份须晚于接管截止日，之前的租金由原系统收取"));
    reduction_decide(&decider, id, 1, true, "").await.expect("agreed");
    let reversed: i64 = sqlx::query_scalar("select count(*) from bill where decision = 'REVERSED'")
        .fetch_one(&test.admin)
        .await
        .expect("a count");
    assert_eq!(reversed, 0);
    let leaves = ExitForm {
        kind: "VOLUNTARY".into(),
        exit_on: month(1).to_string(),
        reason: "购买了住房".into(),
        carry: true,
        ..ExitForm::default()
    };
    exit_create(&city::ctx(&test.database, "entry").await, contract, &leaves).await.expect("an exit");
    let refused = failure(reduction_stop(&later, id, 2, &month_text(month(1)), "复核不符").await);
    assert_eq!(refused, Failure::refused("合同正在办理退租，租金核减不能变更"));
}

/// A bill was paid, then made anew by a reduction that was agreed to, then the payment is verified: what it had paid of the old
/// bill is no bill's any more, and nothing stands in the way of verifying it or of taking that back.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_a_bill_that_was_made_anew_is_verified() {
    let test = TestDatabase::with_city().await;
    let (contract, account) = household(&test, 0).await;
    let bill: i64 = sqlx::query_scalar("select id from bill where fee_item = 'RENT'")
        .fetch_one(&test.admin)
        .await
        .expect("the rent");
    let payment = pay(&test, account, 99, bill, "10.00").await;
    let finance = city::ctx(&test.database, "finance").await;
    let form = ReductionForm { from: month_text(month(0)), ..asked(&test, contract, 1).await };
    let id = reduction_create(&finance, &form).await.expect("asked");
    reduction_decide(&city::ctx(&test.database, "approver").await, id, 1, true, "").await.expect("agreed");
    assert_eq!(payments_verify(&finance, &[payment]).await.expect("it is verified"), 1);
    let head = city::ctx(&test.database, "finhead").await;
    payment_unverify(&head, payment, 2, "票据不符").await.expect("and taken back");
    payments_verify(&finance, &[payment]).await.expect("and verified again");
    let verified: i64 = sqlx::query_scalar("select sum(verified_fen)::bigint from bill where amount_fen > 0")
        .fetch_one(&test.admin)
        .await
        .expect("a sum");
    assert_eq!(verified, 0, "the payment out of the balance is another one");
    let (booked, open) = books(&test).await;
    assert_eq!(booked, open);
}
