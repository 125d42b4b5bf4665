//! Giving money back, and the cashier's drawer.

use crate::support::{
    TestDatabase, city,
    database::KEY,
    tenancy::{active, assigned, form, tenant, vacant},
};
use domain::{
    billing::{
        bill::BillRow,
        payment::PaymentForm,
        refund::{RefundForm, RefundStatus},
        shift::ShiftCloseForm,
    },
    dictionary::{BillStatus, FeeItem},
    failure::{Failure, FieldErrors},
    id::AccountId,
    list::ListQuery,
    value::Money,
};
use store::{
    Ctx,
    billing::{
        account::account_get,
        bill::{bill_get, bill_list, bill_refund},
        payment::{payment_take, payment_void},
        refund::{refund_create, refund_decide, refund_get, refund_list, refund_pay},
        shift::{shift_close, shift_get, shift_hand_in, shift_list, shift_open, shift_open_get},
    },
    platform::{
        cipher::{KeyRing, Kind},
        key::keys_rotate,
    },
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn refusal<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    failure(result).to_string()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

/// A household that has paid everything, and 50.00 ahead.
async fn ahead(test: &TestDatabase) -> AccountId {
    let (_, account) = active(test, &form(assigned(test, tenant(test, 0).await, vacant(test, 0).await).await)).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let owed = account_get(&cashier, account).await.expect("the account").row.outstanding;
    pay(&cashier, account, 1, owed + Money::from_fen(5_000), "CASH").await;
    account
}

async fn pay(ctx: &Ctx, account: AccountId, nth: u32, amount: Money, method: &str) -> domain::id::PaymentId {
    let form = PaymentForm {
        request: format!("00000000-0000-4000-8000-{nth:012x}"),
        amount: amount.to_string().replace(',', ""),
        method: method.into(),
        bank_serial: if method == "CASH" { String::new() } else { "0001".into() },
        prepay: true,
        ..PaymentForm::default()
    };
    payment_take(ctx, account, &form).await.expect("a payment")
}

fn back(nth: u32, amount: &str) -> RefundForm {
    RefundForm {
        request: format!("00000000-0000-4000-9000-{nth:012x}"),
        kind: "REFUND_BAL".into(),
        amount: amount.into(),
        reason: "多缴退回".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_goes_back_by_two_people_and_only_once() {
    let test = TestDatabase::with_city().await;
    let account = ahead(&test).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let head = city::ctx(&test.database, "finhead").await;
    assert_eq!(
        failure(refund_create(&cashier, account, &back(1, "50.01")).await),
        complaint("amount", "退费金额不能大于可退余额50.00元")
    );
    let deposit = RefundForm { kind: "REFUND_DEP".into(), ..back(1, "1") };
    assert_eq!(
        failure(refund_create(&cashier, account, &deposit).await),
        complaint("kind", "合同履行期间不能退押金，请在退租结算时办理")
    );
    let id = refund_create(&cashier, account, &back(1, "30")).await.expect("a refund");
    assert_eq!(refund_create(&cashier, account, &back(1, "30")).await.expect("the same"), id);
    // What is asked for cannot be asked for again.
    assert_eq!(
        failure(refund_create(&cashier, account, &back(2, "20.01")).await),
        complaint("amount", "退费金额不能大于可退余额20.00元")
    );
    assert_eq!(failure(refund_decide(&cashier, id, 1, true, "").await), Failure::Forbidden);
    assert_eq!(refusal(refund_pay(&cashier, id, 1, true, "0001").await), "退费状态为“待审批”，请刷新后再办理");
    assert!(refund_get(&head, id).await.expect("it is seen").decidable);
    assert_eq!(refund_decide(&head, id, 1, true, "").await.expect("it is agreed to"), RefundStatus::Approved);
    assert_eq!(failure(refund_pay(&cashier, id, 2, true, " ").await), complaint("opinion", "请填写原因"));
    assert_eq!(refund_pay(&cashier, id, 2, true, "0001").await.expect("it is paid"), RefundStatus::Paid);
    assert_eq!(account_get(&cashier, account).await.expect("the account").row.balance.fen(), 2_000);
    assert_eq!(refusal(refund_pay(&cashier, id, 3, true, "0002").await), "退费状态为“已退”，请刷新后再办理");
    // One that the bank could not pay leaves the money where it is.
    let id = refund_create(&cashier, account, &back(3, "20")).await.expect("a refund");
    refund_decide(&head, id, 1, true, "").await.expect("it is agreed to");
    assert_eq!(refund_pay(&cashier, id, 2, false, "户名不符").await.expect("it failed"), RefundStatus::Failed);
    assert_eq!(account_get(&cashier, account).await.expect("the account").row.balance.fen(), 2_000);
    assert_eq!(refund_list(&head, &ListQuery::default()).await.expect("a page").total, 2);
    let other = city::ctx(&test.database, "district-b").await;
    assert_eq!(refund_list(&other, &ListQuery::default()).await.expect("a page").total, 0);
    let same = "update refund set checker_id = maker_id, checked_at = now(), status = 'APPROVED' where id = $1";
    let error = sqlx::query(same).bind(id).execute(&test.admin).await.expect_err("a refusal").to_string();
    assert!(error.contains("refund_checker_check") || error.contains("refund_paid_check"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_was_used_meanwhile_does_not_go_back() {
    let test = TestDatabase::with_city().await;
    let account = ahead(&test).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let head = city::ctx(&test.database, "finhead").await;
    let id = refund_create(&cashier, account, &back(1, "50")).await.expect("a refund");
    refund_decide(&head, id, 1, true, "").await.expect("it is agreed to");
    // The payment that made the balance is taken back before the bank paid.
    let payment: i64 = sqlx::query_scalar("select id from payment").fetch_one(&test.admin).await.expect("a payment");
    payment_void(&cashier, domain::id::PaymentId(payment), 1, "录错").await.expect("it is voided");
    assert_eq!(refusal(refund_pay(&cashier, id, 2, true, "0001").await), "账户余额不足");
    assert_eq!(refund_get(&head, id).await.expect("it is seen").status, RefundStatus::Approved);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawer_is_counted_and_its_cash_handed_in() {
    let test = TestDatabase::with_city().await;
    let cashier = city::ctx(&test.database, "cashier").await;
    assert_eq!(failure(shift_open(&cashier, "-1").await), complaint("opening_cash", "应为不小于0的数字，最多2位小数"));
    let id = shift_open(&cashier, "100").await.expect("a shift");
    assert_eq!(refusal(shift_open(&cashier, "0").await), "班次未结，不能重新开班");
    let account = ahead(&test).await;
    let void = pay(&cashier, account, 2, Money::from_fen(700), "CASH").await;
    payment_void(&cashier, void, 1, "录错").await.expect("it is voided");
    pay(&cashier, account, 3, Money::from_fen(900), "POS").await;
    let shift = shift_open_get(&cashier).await.expect("the shift").expect("it is open");
    assert_eq!((shift.row.id, shift.own, shift.totals.len()), (id, true, 2));
    let cash = shift.totals[0];
    assert_eq!((cash.payments, cash.voided, cash.voided_amount.fen()), (1, 1, 700));
    assert_eq!(
        shift.row.system_cash,
        cash.amount + Money::from_fen(10_000),
        "what was there, and the cash that stands"
    );
    let counted = |amount: Money, explanation: &str| ShiftCloseForm {
        counted_cash: amount.to_string().replace(',', ""),
        explanation: explanation.into(),
    };
    let short = shift.row.system_cash - Money::from_fen(100);
    assert_eq!(
        failure(shift_close(&cashier, id, 1, &counted(short, "")).await),
        complaint("explanation", "班次存在差额，请填写说明")
    );
    shift_close(&cashier, id, 1, &counted(short, "找零差错")).await.expect("it is closed");
    assert_eq!(refusal(shift_close(&cashier, id, 2, &counted(short, "x")).await), "班次已结");
    // What a closed shift took is settled.
    let payment: i64 = sqlx::query_scalar("select id from payment where method = 'POS'")
        .fetch_one(&test.admin)
        .await
        .expect("a payment");
    assert_eq!(
        refusal(payment_void(&cashier, domain::id::PaymentId(payment), 1, "录错").await),
        "该收款的班次已结，请办理退费"
    );
    shift_hand_in(&cashier, id, 2, "JK0001").await.expect("the cash is at the bank");
    let row = shift_get(&cashier, id).await.expect("the shift").row;
    assert_eq!((row.state(), row.difference().map(Money::fen)), ("已交款", Some(-100)));
    // The next payment opens a shift of its own.
    pay(&cashier, account, 4, Money::from_fen(100), "CASH").await;
    let next = shift_open_get(&cashier).await.expect("the shift").expect("it is open");
    assert_eq!(next.row.system_cash.fen(), 100);
    for (login, seen) in [("finance", 2), ("district-b", 0)] {
        let page = shift_list(&city::ctx(&test.database, login).await, &ListQuery::default()).await;
        assert_eq!(page.map(|page| page.total).unwrap_or_default(), seen, "{login}");
    }
}

/// What was approved stays as it was approved, but the key under it is replaced, and forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_seals_contracts_and_refunds() {
    let test = TestDatabase::with_city().await;
    let account = ahead(&test).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let refund = refund_create(&cashier, account, &back(1, "30")).await.expect("a refund");
    let new = KeyRing::new_line(2);
    let during = test.second_with(&[&new, KEY]).await.expect("both keys");
    let renewed = keys_rotate(&during, chrono::Utc::now()).await.expect("rotated");
    let count = |noun: &str| renewed.iter().find(|renewed| renewed.counted == noun).expect("a noun").count;
    assert_eq!((count("份合同"), count("笔退费")), (1, 1));
    test.second_with(&[&new]).await.expect("the old key is forgotten");
    let ring = KeyRing::parse(&new).expect("the new key alone");
    let sealed: Vec<[Vec<u8>; 4]> = sqlx::query_scalar(
        "select array[c.id_number, c.phone, c.bank_no, r.bank_no] from contract c join refund r on r.account_id = c.account_id where r.id = $1",
    )
    .bind(refund)
    .fetch_all(&test.admin)
    .await
    .expect("a contract and its refund");
    let [[number, phone, card, paid_to]] = &sealed[..] else { panic!("one of each") };
    assert!(ring.open(Kind::IdNumber, number).is_ok() && ring.open(Kind::Phone, phone).is_ok());
    let card = ring.open(Kind::BankAccount, card).expect("the account");
    assert_eq!(ring.open(Kind::BankAccount, paid_to).expect("the same account"), card);
}

/// L9: what was paid of a bill goes back as a whole; bill and receipt stay, and neither counts any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_bill_is_given_back() {
    let test = TestDatabase::with_city().await;
    let account = ahead(&test).await;
    let (cashier, head) = (city::ctx(&test.database, "cashier").await, city::ctx(&test.database, "finhead").await);
    let finance = city::ctx(&test.database, "finance").await;
    let bills = || async { bill_list(&finance, &ListQuery::default()).await.expect("bills").rows };
    let found = |rows: Vec<BillRow>, item: FeeItem| rows.into_iter().find(|row| row.fee_item == item).expect("a bill");
    let rent = found(bills().await, FeeItem::Rent);
    let version = || async { bill_get(&finance, rent.id).await.expect("the bill").version };
    let status = || async { found(bills().await, FeeItem::Rent).status };
    assert_eq!(rent.status, BillStatus::Paid);
    assert_eq!(failure(bill_refund(&finance, rent.id, version().await, "误收").await), Failure::Forbidden);
    assert_eq!(failure(bill_refund(&cashier, rent.id, version().await - 1, "误收").await), Failure::Conflict);
    let nothing = bill_refund(&cashier, rent.id, version().await, " ").await;
    assert_eq!(failure(nothing), complaint("opinion", "请填写原因"));
    let deposit = found(bills().await, FeeItem::Deposit);
    let of_deposit = bill_get(&finance, deposit.id).await.expect("the deposit").version;
    let sentence = "押金请在租金账户中办理退押金";
    assert_eq!(refusal(bill_refund(&cashier, deposit.id, of_deposit, "误收").await), sentence);

    // Refused, it is paid as before; so it is when the bank could not pay.
    let first = bill_refund(&cashier, rent.id, version().await, "误收").await.expect("asked for");
    assert_eq!(status().await, BillStatus::Refunding);
    let row = refund_get(&cashier, first).await.expect("the refund");
    assert_eq!((row.amount, row.bill.map(|(id, _)| id)), (rent.amount, Some(rent.id)));
    let payment: i64 = sqlx::query_scalar("select id from payment").fetch_one(&test.admin).await.expect("the payment");
    let void = payment_void(&cashier, domain::id::PaymentId(payment), 1, "录错").await;
    assert!(refusal(void).contains("不能作废其收款"), "its money is on its way");
    refund_decide(&head, first, 1, false, "无须退款").await.expect("refused");
    assert_eq!(status().await, BillStatus::Paid);
    let second = bill_refund(&cashier, rent.id, version().await, "误收").await.expect("asked for again");
    refund_decide(&head, second, 1, true, "").await.expect("agreed to");
    refund_pay(&cashier, second, 2, false, "账号有误").await.expect("the bank could not");
    assert_eq!(status().await, BillStatus::Paid);

    // The balance is another matter.
    let ahead = account_get(&cashier, account).await.expect("the account").row.balance;
    assert_eq!(ahead, Money::from_fen(5_000));
    let third = bill_refund(&cashier, rent.id, version().await, "误收").await.expect("asked for once more");
    let form = RefundForm {
        request: "00000000-0000-4000-9000-0000000000b1".into(),
        kind: "REFUND_BAL".into(),
        amount: "50".into(),
        reason: "退余额".into(),
    };
    let of_balance = refund_create(&cashier, account, &form).await.expect("all of the balance is free");
    refund_decide(&head, of_balance, 1, false, "不退").await.expect("refused");
    refund_decide(&head, third, 1, true, "").await.expect("agreed to");
    refund_pay(&cashier, third, 2, true, "0001").await.expect("paid");
    assert_eq!(status().await, BillStatus::Refunded);
    let kept = bill_get(&finance, rent.id).await.expect("the bill");
    assert_eq!((kept.row.amount, kept.row.paid), (rent.amount, rent.amount), "the original is kept");
    assert_eq!(account_get(&cashier, account).await.expect("the account").row.balance, ahead);
    let sum = |debit: &'static str, credit: &'static str| {
        let asked = sqlx::query_scalar::<_, i64>(
            "select coalesce(sum(case when debit = $1 then amount_fen when credit = $1 then -amount_fen end), 0)::bigint
             from ledger_entry where bill_id = $2 and ($3 = '' or credit = $3)",
        );
        asked.bind(debit).bind(rent.id.0).bind(credit).fetch_one(&test.admin)
    };
    assert_eq!(sum("INCOME", "").await.expect("income"), 0, "nothing was earned");
    assert_eq!(sum("RECEIVABLE", "").await.expect("receivable"), 0, "nothing is owed");
    assert_eq!(sum("BALANCE", "BANK").await.expect("the bank"), rent.amount.fen(), "the bank has paid it");
    let counted: i64 = sqlx::query_scalar(
        "select coalesce(sum(charged_fen + paid_fen), 0)::bigint from bill_tally where fee_item = 'RENT'",
    )
    .fetch_one(&test.admin)
    .await
    .expect("the tally");
    assert_eq!(counted, 0, "it counts as neither charged nor received");
    let again = bill_refund(&cashier, rent.id, version().await, "误收").await;
    assert_eq!(refusal(again), "账单状态为“已退款”，不能申请退款");
}
