//! What is signed is what the books say, late fees included, and an account is closed with the last of its money.

use super::desk::{Desk, today};
use chrono::Days;
use domain::{
    billing::{payment::PaymentForm, refund::RefundForm},
    dictionary::ExitStatus,
    list::ListQuery,
    tenancy::exit_bill::{ExitBillForm, settle},
    value::Money,
};
use store::{
    billing::{
        account::account_get,
        book::account_entries,
        payment::{payment_take, payment_void},
        refund::{refund_create, refund_decide, refund_list, refund_pay},
    },
    tenancy::exit::{exit_bill_decide, exit_bill_make, exit_bill_offer, exit_clear, exit_get},
};

/// The late fee of what stays open is charged with the bill: the debt that is acknowledged is the sum that is signed.
#[tokio::test(flavor = "multi_thread")]
async fn a_debt_holds_its_late_fees() {
    let desk = Desk::open().await;
    desk.charge_late_fees().await;
    let home = desk.lived_in(0).await;
    let desk = desk.on(today() + Days::new(60)).await;
    let id = desk.inspected(&home).await;
    let offer = exit_bill_offer(&desk.finance, id, None).await.expect("a proposal");
    assert!(offer.lines.iter().any(|line| line.note.contains("含滞纳金")), "{:?}", offer.lines);
    let to_pay = settle(&offer.lines, offer.balance, offer.deposit).to_pay + Money::from_fen(750);
    desk.settled(id).await;
    assert_eq!(exit_get(&desk.entry, id).await.expect("it").funds.outstanding, to_pay);
    let entries = account_entries(&desk.finance, home.account).await.expect("entries");
    assert!(entries.iter().any(|entry| entry.reason == "计收滞纳金"), "it is in the books");

    // It leaves owing; with the last debt the account is closed.
    desk.left_owing(&home, id).await;
    assert!(desk.account_open(&home).await, "something is owed");
    let owed = account_get(&desk.cashier, home.account).await.expect("the account").row.outstanding;
    assert_eq!(owed, to_pay);
    let form = PaymentForm {
        request: "00000000-0000-4000-8000-0000000000ab".into(),
        amount: owed.to_string().replace(',', ""),
        method: "CASH".into(),
        ..PaymentForm::default()
    };
    let payment = payment_take(&desk.cashier, home.account, &form).await.expect("a payment");
    assert!(!desk.account_open(&home).await, "nothing is open any more");
    payment_void(&desk.cashier, payment, 1, "金额录错").await.expect("it is taken back");
    assert!(desk.account_open(&home).await, "it is owed once more");
    desk.pay(home.account, 1, owed).await;
    assert!(!desk.account_open(&home).await, "nothing is open any more");
}

/// A day of settlement before the last count of a late fee does not have those days counted once more.
#[tokio::test(flavor = "multi_thread")]
async fn no_day_is_charged_twice() {
    let desk = Desk::open().await;
    desk.charge_late_fees().await;
    let home = desk.lived_in(0).await;
    let desk = desk.on(today() + Days::new(50)).await;
    let seen_on = desk.today();
    let id = desk.inspected(&home).await;
    let desk = desk.on(seen_on + Days::new(10)).await;
    // The deposit, and a part of the rent: its late fee is counted up to this day.
    desk.pay(home.account, 1, Money::from_fen(101_000)).await;
    let counted = desk.today();
    let offer = exit_bill_offer(&desk.finance, id, Some(seen_on)).await.expect("a proposal");
    assert_eq!(offer.settle_on, seen_on);
    let bill = ExitBillForm { settle_on: seen_on.to_string(), others: Vec::new() };
    exit_bill_make(&desk.finance, id, desk.version(id).await, &bill).await.expect("a bill");
    exit_bill_decide(&desk.second, id, desk.version(id).await, true, "").await.expect("it is entered");
    let to: Vec<chrono::NaiveDate> =
        sqlx::query_scalar("select max(late_to) from bill where account_id = $1 and late_fee_fen > 0")
            .bind(home.account.0)
            .fetch_all(&desk.test.admin)
            .await
            .expect("bills");
    assert_eq!(to, [counted]);
}

/// A refund that was agreed to lets the household go; when the bank has paid it the account is closed.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_closed_with_its_last_refund() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let owed = account_get(&desk.cashier, home.account).await.expect("the account").row.outstanding;
    desk.pay(home.account, 1, owed).await;
    let id = desk.inspected(&home).await;
    desk.settled(id).await;
    let funds = exit_get(&desk.entry, id).await.expect("it").funds;
    for (nth, kind, amount) in [(1, "REFUND_DEP", funds.deposit), (2, "REFUND_BAL", funds.balance)] {
        if amount > Money::ZERO {
            let form = RefundForm {
                request: format!("00000000-0000-4000-9000-{nth:012x}"),
                kind: kind.into(),
                amount: amount.to_string().replace(',', ""),
                reason: "退租结算".into(),
            };
            let refund = refund_create(&desk.cashier, home.account, &form).await.expect("a refund");
            refund_decide(&desk.head, refund, 1, true, "").await.expect("agreed to");
        }
    }
    let status = exit_clear(&desk.cashier, id, desk.version(id).await).await.expect("it is clear");
    assert_eq!(status, ExitStatus::RefundPending);
    desk.gone(&home, id).await;
    assert!(desk.account_open(&home).await, "money is still to be given back");
    for refund in refund_list(&desk.cashier, &ListQuery::default()).await.expect("refunds").rows {
        refund_pay(&desk.cashier, refund.id, refund.version, true, "B0001").await.expect("it is paid");
    }
    assert!(!desk.account_open(&home).await, "nothing is open any more");
}

/// While somebody lives there his account stays open, however little is in it.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_in_use_stays_open() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    sqlx::query("update bill set decision = 'VOID' where fee_item = 'DEPOSIT'")
        .execute(&desk.test.admin)
        .await
        .expect("void");
    let owed = account_get(&desk.cashier, home.account).await.expect("the account").row.outstanding;
    desk.pay(home.account, 1, owed).await;
    assert!(desk.account_open(&home).await);
}
