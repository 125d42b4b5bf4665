//! 反核销 (domain.md §3.6 L7): by the supervisor, with a reason, while the month is open.

use super::*;
use store::billing::payment::payment_unverify;

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_is_taken_back_while_its_month_is_open() {
    let test = TestDatabase::with_city().await;
    let (contract, account) = household(&test, 0, 0).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let finance = city::ctx(&test.database, "finance").await;
    let head = city::ctx(&test.database, "finhead").await;
    let rent = contract_get(&cashier, contract).await.expect("the contract").row.monthly_rent;
    let all = Money::from_fen(100_000 + rent.fen());
    let id = payment_take(&cashier, account, &cash(1, all)).await.expect("a payment");
    assert_eq!(refusal(payment_unverify(&head, id, 1, "误核").await), "该收款未核销");
    payments_verify(&finance, &[id]).await.expect("it is verified");
    assert_eq!(failure(payment_unverify(&finance, id, 2, "误核").await), Failure::Forbidden);
    assert_eq!(
        failure(payment_unverify(&head, id, 2, " ").await),
        Failure::from(FieldErrors::from(("opinion", "请填写原因")))
    );
    assert_eq!(failure(payment_unverify(&head, id, 1, "误核").await), Failure::Conflict);
    let other = city::ctx(&test.database, "district-b").await;
    assert!(payment_unverify(&other, id, 2, "误核").await.is_err());
    payment_unverify(&head, id, 2, "票据不符").await.expect("it is taken back");
    assert_eq!(failure(payment_unverify(&head, id, 2, "票据不符").await), Failure::Conflict, "once");
    let receipt = receipt_get(&finance, id).await.expect("a receipt");
    let bill = bill_get(&finance, receipt.lines[1].bill_id).await.expect("the bill");
    assert_eq!((bill.row.status, receipt.verified_by), (BillStatus::Paid, None));
    assert_eq!(bill.history[0].event, "反核销");
    let told = receipt.unverified.expect("it is told").told();
    assert!(told.ends_with("测试finhead反核销：票据不符"), "{told}");
    // It may be verified again, or taken back as a whole.
    payments_verify(&finance, &[id]).await.expect("again");
    let verified: i64 =
        sqlx::query_scalar("select sum(verified_fen)::bigint from bill").fetch_one(&test.admin).await.expect("a sum");
    assert_eq!(verified, all.fen());
    sqlx::query("insert into ledger_period (district_id, month) select district_id, $1 from account")
        .bind(month_of(today()))
        .execute(&test.admin)
        .await
        .expect("a closed month");
    assert_eq!(refusal(payment_unverify(&head, id, 4, "误核").await), "会计期间已结账");
    let own =
        "update payment set unverified_by = cashier_id, unverified_at = now(), unverify_reason = '试' where id = $1";
    let error = sqlx::query(own).bind(id.0).execute(&test.admin).await.expect_err("a refusal").to_string();
    assert!(error.contains("payment_unverified_check"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_verified_any_more_can_be_voided() {
    let test = TestDatabase::with_city().await;
    let (_, account) = household(&test, 0, 0).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let id = payment_take(&cashier, account, &cash(1, Money::from_fen(500))).await.expect("a payment");
    payments_verify(&city::ctx(&test.database, "finance").await, &[id]).await.expect("it is verified");
    payment_unverify(&city::ctx(&test.database, "finhead").await, id, 2, "误收").await.expect("it is taken back");
    payment_void(&cashier, id, 3, "误收").await.expect("it is voided");
    agrees(&test, &cashier, account).await;
}
