//! What was paid back stands beside what was paid (S0-13), for the household alone.

use super::*;
use domain::billing::refund::{RefundForm, RefundKind};
use store::{
    billing::refund::{refund_create, refund_decide, refund_pay},
    portal::paid_back_list,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_sees_what_was_paid_back() {
    let test = household().await;
    let account = AccountId(count(&test, "select id from account").await);
    let cashier = city::ctx(&test.database, "cashier").await;
    let head = city::ctx(&test.database, "finhead").await;
    let pay = PaymentForm {
        request: "5b0c2d1e-8f7a-4b3c-9d2e-000000000001".into(),
        amount: "5000".into(),
        method: "CASH".into(),
        prepay: true,
        ..PaymentForm::default()
    };
    payment_take(&cashier, account, &pay).await.expect("a payment");
    let form = RefundForm {
        request: "5b0c2d1e-8f7a-4b3c-9d2e-000000000002".into(),
        kind: "REFUND_BAL".into(),
        amount: "30".into(),
        reason: "多缴退回".into(),
    };
    let refund = refund_create(&cashier, account, &form).await.expect("a refund");
    let (_, tenant) = signed_in(&test, Utc::now()).await;
    refund_decide(&head, refund, 1, true, "").await.expect("it is agreed to");
    assert!(paid_back_list(&tenant).await.expect("refunds").is_empty(), "not yet paid");
    refund_pay(&cashier, refund, 2, true, "TK0001").await.expect("it is paid");
    let back = paid_back_list(&tenant).await.expect("refunds");
    assert_eq!(back.len(), 1);
    assert_eq!((back[0].kind, back[0].amount.fen()), (RefundKind::Balance, 3_000));
    assert!(back[0].bank_no_mask.contains('*'), "{}", back[0].bank_no_mask);
}
