//! 缴退记录 (S0-13): payments and refunds as one list, with its filters, its order and its scope.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use domain::{
    billing::{
        pay_record::{Moved, PayRecordRow},
        payment::PaymentForm,
        refund::{RefundForm, RefundKind},
    },
    dictionary::{PayMethod, PaymentStatus},
    id::{AccountId, PaymentId},
    list::{ListQuery, Position},
    value::Money,
};
use store::{
    Ctx,
    billing::{
        account::account_get,
        pay_record::pay_record_list,
        payment::{payment_take, payment_void, receipt_get},
        refund::{refund_create, refund_decide, refund_pay},
    },
};

/// By a session of its own, whose clock has gone on.
async fn pay(test: &TestDatabase, account: AccountId, nth: u32, amount: Money) -> PaymentId {
    let form = PaymentForm {
        request: format!("00000000-0000-4000-8000-{nth:012x}"),
        amount: amount.to_string().replace(',', ""),
        method: "CASH".into(),
        prepay: true,
        ..PaymentForm::default()
    };
    payment_take(&city::ctx(&test.database, "cashier").await, account, &form).await.expect("a payment")
}

/// A refund that was agreed to; it is paid, has failed, or waits.
async fn refund(test: &TestDatabase, account: AccountId, nth: u32, paid: Option<bool>) -> i64 {
    let cashier = city::ctx(&test.database, "cashier").await;
    let head = city::ctx(&test.database, "finhead").await;
    let form = RefundForm {
        request: format!("00000000-0000-4000-9000-{nth:012x}"),
        kind: "REFUND_BAL".into(),
        amount: "10".into(),
        reason: "多缴退回".into(),
    };
    let id = refund_create(&cashier, account, &form).await.expect("a refund");
    refund_decide(&head, id, 1, true, "").await.expect("it is agreed to");
    if let Some(paid) = paid {
        refund_pay(&cashier, id, 2, paid, &format!("TK{nth:04}")).await.expect("it is entered");
    }
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_and_refunds_are_one_list() {
    let test = TestDatabase::with_city().await;
    let (_, account) =
        active(&test, &form(assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await)).await;
    let (_, other) = active(&test, &form(assigned(&test, tenant(&test, 1).await, vacant(&test, 0).await).await)).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let finance = city::ctx(&test.database, "finance").await;
    let owed = account_get(&cashier, account).await.expect("the account").row.outstanding;
    let first = pay(&test, account, 1, owed + Money::from_fen(5_000)).await;
    let void = pay(&test, account, 2, Money::from_fen(700)).await;
    payment_void(&cashier, void, 1, "录错").await.expect("it is voided");
    let back = refund(&test, account, 1, Some(true)).await;
    refund(&test, account, 2, Some(false)).await;
    refund(&test, account, 3, None).await;
    pay(&test, other, 4, Money::from_fen(900)).await;
    let asked = async |ctx: &Ctx, params: &[(&str, &str)]| {
        pay_record_list(ctx, &ListQuery::from_params(params.iter().copied())).await.expect("records")
    };
    // What has not been paid out is no record.
    let here = account.to_string();
    let page = asked(&finance, &[("account", &here)]).await;
    let moved: Vec<Moved> = page.rows.iter().map(|row| row.moved).collect();
    assert_eq!(page.total, 3);
    assert_eq!(moved[0], Moved::Out { refund: back, kind: RefundKind::Balance }, "the newest first");
    let told = |row: &PayRecordRow| match row.moved {
        Moved::In { payment, status, .. } => (payment.0, status == PaymentStatus::Void, row.method, row.amount.fen()),
        Moved::Out { refund, .. } => (-refund, false, row.method, row.amount.fen()),
    };
    assert_eq!(
        page.rows.iter().map(told).collect::<Vec<_>>(),
        [
            (-back, false, PayMethod::Transfer, 1_000),
            (void.0, true, PayMethod::Cash, 700),
            (first.0, false, PayMethod::Cash, owed.fen() + 5_000),
        ]
    );
    assert!(
        page.rows
            .iter()
            .all(|row| row.person == "测试租户0" && row.actor.is_some() && row.id_number_mask.contains('*'))
    );
    assert_eq!(page.rows[0].number, "TK0001");
    let today = finance.today().to_string();
    let tomorrow = finance.today().succ_opt().expect("a day").to_string();
    let receipt = receipt_get(&finance, first).await.expect("a receipt").row.receipt_no;
    for (params, total) in [
        (&[][..], 4),
        (&[("flow", "IN")], 3),
        (&[("flow", "OUT")], 1),
        (&[("flow", "X")], 0),
        (&[("kind", "REFUND_BAL")], 1),
        (&[("kind", "REFUND_DEP")], 0),
        (&[("method", "TRANSFER")], 1),
        (&[("status", "VOID")], 1),
        (&[("status", "NORMAL")], 3),
        (&[("since", today.as_str()), ("until", today.as_str())], 4),
        (&[("since", tomorrow.as_str())], 0),
        (&[("q", "租户0")], 3),
        (&[("q", receipt.as_str())], 1),
        (&[("q", "租户9")], 0),
    ] {
        let page = asked(&finance, params).await;
        assert_eq!((page.total, page.rows.len() as i64), (total, total), "{params:?}");
    }
    // Walked by value, forwards and backwards, each row is there once.
    let cursor = |row: &PayRecordRow| format!("{}~{}", row.at.timestamp_micros(), told(row).0);
    for sort in ["at", "-at"] {
        let mut query = ListQuery { size: 1, ..ListQuery::from_params([("sort", sort)]) };
        let mut seen = Vec::new();
        while let Some(row) = pay_record_list(&finance, &query).await.expect("records").rows.first() {
            seen.push((row.at, told(row).0));
            query.at = Position::After(cursor(row));
            assert!(seen.len() <= 4, "{seen:?}");
        }
        let mut ordered = seen.clone();
        ordered.sort_unstable();
        ordered.dedup();
        if sort == "-at" {
            ordered.reverse();
        }
        assert_eq!((seen.len(), &seen), (4, &ordered), "{sort}");
    }
    let last = ListQuery { at: Position::Last, ..ListQuery::default() };
    assert_eq!(pay_record_list(&finance, &last).await.expect("records").rows.len(), 4);
    for (login, seen) in [("city", 4_i64), ("entry", 4), ("operator", 0), ("district-b", 0)] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(asked(&ctx, &[]).await.total, seen, "{login}");
        assert_eq!(asked(&ctx, &[("account", &here)]).await.total, seen.min(3), "{login}");
    }
    assert!(pay_record_list(&city::ctx(&test.database, "admin").await, &ListQuery::default()).await.is_err());
}
