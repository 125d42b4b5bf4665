//! Money at the counter: division among debts, balances by the ledger, taking back, verifying, and what is refused.

mod example;
mod unverify;

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{Datelike as _, Months, NaiveDate, Utc};
use domain::{
    billing::{payment::PaymentForm, plan::month_of},
    dictionary::{BillStatus, FeeItem},
    failure::{Failure, FieldErrors},
    id::{AccountId, ContractId, OrganizationId, PaymentId},
    platform::setting::code,
    tenancy::contract_form::ContractForm,
    value::Money,
};
use proptest::{prelude::*, strategy::ValueTree as _};
use std::collections::BTreeMap;
use store::{
    Ctx,
    billing::{
        account::account_get,
        bill::bill_get,
        payment::{payment_take, payment_void, payments_verify, receipt_get, receipt_print},
        run::bills_run,
    },
    platform::setting::setting_put,
    tenancy::contract::contract_get,
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn refusal<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    failure(result).to_string()
}

fn today() -> NaiveDate {
    store::ctx::china_day(Utc::now())
}

fn request(nth: u64) -> String {
    format!("5b0c2d1e-8f7a-4b3c-9d2e-{nth:012x}")
}

fn cash(nth: u64, amount: Money) -> PaymentForm {
    PaymentForm {
        request: request(nth),
        amount: amount.to_string().replace(',', ""),
        method: "CASH".into(),
        prepay: true,
        ..PaymentForm::default()
    }
}

/// A household that has lived there since so many months before this one, and owes all of it.
async fn household(test: &TestDatabase, nth: usize, months: u32) -> (ContractId, AccountId) {
    let unit = vacant(test, 0).await;
    let assignment = assigned(test, tenant(test, nth).await, unit).await;
    let start = month_of(today()).checked_sub_months(Months::new(months)).expect("a day");
    let form = ContractForm {
        start_on: start.to_string(),
        end_on: start.checked_add_months(Months::new(60)).and_then(|day| day.pred_opt()).expect("a day").to_string(),
        sign_on: start.to_string(),
        explained_on: start.to_string(),
        ..form(assignment)
    };
    active(test, &form).await
}

/// What the ledger says of an account: balance, deposit and what is owed, in fen.
async fn ledger(test: &TestDatabase, account: AccountId) -> (i64, i64, i64) {
    sqlx::query_as(
        "select coalesce(sum(amount_fen * ((credit = 'BALANCE')::int - (debit = 'BALANCE')::int)), 0)::bigint,
                coalesce(sum(amount_fen * ((credit = 'DEPOSIT')::int - (debit = 'DEPOSIT')::int)), 0)::bigint,
                coalesce(sum(amount_fen * ((debit = 'RECEIVABLE')::int - (credit = 'RECEIVABLE')::int)), 0)::bigint
         from ledger_entry where account_id = $1",
    )
    .bind(account.0)
    .fetch_one(&test.admin)
    .await
    .expect("the ledger")
}

/// The account is what the ledger yields, and what is owed is what the bills say.
async fn agrees(test: &TestDatabase, ctx: &Ctx, account: AccountId) {
    let (balance, deposit, owed) = ledger(test, account).await;
    let seen = account_get(ctx, account).await.expect("the account");
    assert_eq!((seen.row.balance.fen(), seen.row.deposit.fen()), (balance, deposit));
    let rent = seen.bills.iter().filter(|bill| bill.fee_item != FeeItem::Deposit);
    assert_eq!(rent.map(|bill| bill.outstanding.fen()).sum::<i64>(), owed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_pays_the_oldest_debt_first_and_the_rest_is_kept() {
    let test = TestDatabase::with_city().await;
    let (contract, account) = household(&test, 0, 2).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let rent = contract_get(&cashier, contract).await.expect("the contract").row.monthly_rent;
    let before = account_get(&cashier, account).await.expect("the account");
    assert_eq!(before.bills.len(), 4, "three months and the deposit");
    // The deposit is due on the first day, before the first rent.
    let amount = Money::from_fen(100_000 + rent.fen() + 100);
    let id = payment_take(&cashier, account, &cash(1, amount)).await.expect("a payment");
    let receipt = receipt_get(&cashier, id).await.expect("a receipt");
    let told: Vec<_> = receipt.lines.iter().map(|line| (line.fee_item, line.principal)).collect();
    assert_eq!(
        told,
        [(FeeItem::Deposit, Money::from_fen(100_000)), (FeeItem::Rent, rent), (FeeItem::Rent, Money::from_fen(100))]
    );
    assert!(receipt.row.receipt_no.starts_with("SJ"), "{}", receipt.row.receipt_no);
    agrees(&test, &cashier, account).await;
    // More than is owed is kept only where the debtor wants it.
    let much = Money::from_fen(rent.fen() * 3);
    let refused = failure(payment_take(&cashier, account, &PaymentForm { prepay: false, ..cash(2, much) }).await);
    assert!(format!("{refused:?}").contains("收款金额与明细不符"), "{refused:?}");
    payment_take(&cashier, account, &cash(2, much)).await.expect("a payment");
    let after = account_get(&cashier, account).await.expect("the account");
    assert!(after.bills.is_empty());
    assert_eq!(after.row.balance, Money::from_fen(rent.fen() + 100));
    assert_eq!(after.row.deposit, Money::from_fen(100_000));
    agrees(&test, &cashier, account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_debtor_may_choose_and_a_late_fee_follows_its_bill() {
    let test = TestDatabase::with_city().await;
    setting_put(&test.database, code::LATE_FEE, "0.0005/5/100").await.expect("a late fee");
    let (contract, account) = household(&test, 0, 2).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let rent = contract_get(&cashier, contract).await.expect("the contract").row.monthly_rent;
    let open = account_get(&cashier, account).await.expect("the account").bills;
    let oldest = open.iter().find(|bill| bill.fee_item == FeeItem::Rent).expect("a rent bill");
    let days = (today() - oldest.due_on).num_days() - 5;
    assert!(days > 20 && oldest.status == BillStatus::Overdue, "{days}");
    let fee = (rent.fen() * days * 5 * 2 + 10_000) / 20_000;
    let chosen = PaymentForm { bills: vec![oldest.id.0], ..cash(1, Money::from_fen(rent.fen() + fee)) };
    payment_take(&cashier, account, &chosen).await.expect("a payment");
    let bill = bill_get(&cashier, oldest.id).await.expect("the bill");
    assert_eq!((bill.row.late_fee.fen(), bill.row.status, bill.row.outstanding), (fee, BillStatus::Paid, Money::ZERO));
    let reasons: Vec<_> = bill.entries.iter().map(|entry| entry.reason.as_str()).collect();
    assert_eq!(reasons, ["转应收", "计收滞纳金", "缴费", "缴滞纳金"]);
    agrees(&test, &cashier, account).await;
    let again = PaymentForm { bills: vec![oldest.id.0], ..cash(2, rent) };
    assert_eq!(refusal(payment_take(&cashier, account, &again).await), "所选账单已缴清或已变更，请刷新后重新选择");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_takes_money_once_and_many_at_once_lose_none() {
    let test = TestDatabase::with_city().await;
    let (_, account) = household(&test, 0, 2).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let one = Money::from_fen(777);
    let same = cash(1, one);
    let twice = tokio::join!(payment_take(&cashier, account, &same), payment_take(&cashier, account, &same));
    assert_eq!(twice.0.expect("a payment"), twice.1.expect("the same payment"));
    let other = payment_take(&cashier, account, &cash(1, Money::from_fen(778))).await;
    assert_eq!(refusal(other), "页面已过期，请刷新后再收款");
    let tasks: Vec<_> = (2..26)
        .map(|nth| {
            let cashier = cashier.clone();
            tokio::spawn(async move { payment_take(&cashier, account, &cash(nth, one)).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("a payment");
    }
    let count: i64 = sqlx::query_scalar("select count(*) from payment").fetch_one(&test.admin).await.expect("a count");
    assert_eq!(count, 25);
    agrees(&test, &cashier, account).await;
    let received: i64 = sqlx::query_scalar("select sum(amount_fen)::bigint from ledger_entry where debit = 'CASH'")
        .fetch_one(&test.admin)
        .await
        .expect("a sum");
    assert_eq!(received, 25 * 777);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_verified_by_another_and_voided_before_that() {
    let test = TestDatabase::with_city().await;
    let (contract, account) = household(&test, 0, 0).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let finance = city::ctx(&test.database, "finance").await;
    let rent = contract_get(&cashier, contract).await.expect("the contract").row.monthly_rent;
    let all = Money::from_fen(100_000 + rent.fen());
    let first = payment_take(&cashier, account, &cash(1, all)).await.expect("a payment");
    assert_eq!(
        failure(payment_void(&cashier, first, 1, "").await),
        Failure::from(FieldErrors::from(("opinion", "请填写原因")))
    );
    payment_void(&cashier, first, 1, "金额录错").await.expect("it is voided");
    assert_eq!(refusal(payment_void(&cashier, first, 2, "再来").await), "该收款已作废");
    assert_eq!(account_get(&cashier, account).await.expect("the account").bills.len(), 2, "all is owed again");
    agrees(&test, &cashier, account).await;
    let second = payment_take(&cashier, account, &cash(2, all)).await.expect("a payment");
    assert_eq!(failure(payments_verify(&cashier, &[second]).await), Failure::Forbidden);
    assert!(refusal(payments_verify(&finance, &[first, second]).await).contains("已作废"));
    assert_eq!(payments_verify(&finance, &[second]).await.expect("it is verified"), 1);
    assert!(refusal(payments_verify(&finance, &[second]).await).contains("已核销"));
    assert_eq!(refusal(payment_void(&cashier, second, 2, "后悔").await), "该收款已核销，请办理退费");
    let receipt = receipt_get(&finance, second).await.expect("a receipt");
    let bill = bill_get(&finance, receipt.lines[1].bill_id).await.expect("the bill");
    assert_eq!(bill.row.status, BillStatus::Verified);
    let prints = [
        receipt_print(&cashier, second).await.expect("a print"),
        receipt_print(&cashier, second).await.expect("a print"),
    ];
    assert_eq!(prints, [0, 1]);
    // The database holds maker and checker apart, whoever asks.
    let same = "update payment set verified_by = cashier_id where id = $1";
    let error = sqlx::query(same).bind(second.0).execute(&test.admin).await.expect_err("a refusal").to_string();
    assert!(error.contains("payment_verified_check"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_month_and_the_past_stay_as_they_are() {
    let test = TestDatabase::with_city().await;
    let (_, account) = household(&test, 0, 0).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    payment_take(&cashier, account, &cash(1, Money::from_fen(500))).await.expect("a payment");
    sqlx::query("insert into ledger_period (district_id, month) select district_id, $1 from account")
        .bind(month_of(today()))
        .execute(&test.admin)
        .await
        .expect("a closed month");
    assert_eq!(refusal(payment_take(&cashier, account, &cash(2, Money::from_fen(500))).await), "会计期间已结账");
    let count: i64 = sqlx::query_scalar("select count(*) from payment").fetch_one(&test.admin).await.expect("a count");
    assert_eq!(count, 1, "nothing of the refused one is left");
    for change in ["update ledger_entry set amount_fen = 1", "delete from ledger_entry", "truncate ledger_entry"] {
        let error = sqlx::query(change).execute(&test.admin).await.expect_err(change).to_string();
        assert!(error.contains("账目只能冲销"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_billed_once_however_often_it_runs() {
    let test = TestDatabase::with_city().await;
    let (contract, account) = household(&test, 0, 3).await;
    let finance = city::ctx(&test.database, "finance").await;
    let district: i64 =
        sqlx::query_scalar("select district_id from account").fetch_one(&test.admin).await.expect("a district");
    let month = month_of(today());
    for _ in 0..2 {
        let summary = bills_run(&finance, OrganizationId(district), month, |_| {}).await.expect("a run");
        assert_eq!(summary.bills, 0, "the bank's answer has posted it");
    }
    // A bill that was posted in error makes room for the right one.
    sqlx::query("update bill set decision = 'VOID' where contract_id = $1 and month = $2 and fee_item = 'RENT'")
        .bind(contract.0)
        .bind(month)
        .execute(&test.admin)
        .await
        .expect("a void bill");
    let summary = bills_run(&finance, OrganizationId(district), month, |_| {}).await.expect("a run");
    let rent = contract_get(&finance, contract).await.expect("the contract").row.monthly_rent;
    assert_eq!((summary.bills, summary.amount), (1, rent));
    let next = month.checked_add_months(Months::new(1)).expect("a month");
    assert_eq!(
        refusal(bills_run(&finance, OrganizationId(district), next, |_| {}).await),
        "该月份尚未开始，不能生成账单"
    );
    let bills = account_get(&finance, account).await.expect("the account").bills;
    let months: Vec<_> =
        bills.iter().filter(|bill| bill.fee_item == FeeItem::Rent).map(|bill| bill.from.month()).collect();
    assert_eq!(months.len(), 4);
    let outside = city::ctx(&test.database, "city").await;
    assert_eq!(failure(bills_run(&outside, OrganizationId(district), month, |_| {}).await), Failure::Forbidden);
}

/// What a cashier or an accountant does next.
#[derive(Clone, Debug)]
enum Step {
    Pay { fen: i64, prepay: bool },
    PayNewest { fen: i64 },
    Void { nth: usize },
    Verify { nth: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1i64..300_000, any::<bool>()).prop_map(|(fen, prepay)| Step::Pay { fen, prepay }),
        1 => (1i64..50_000).prop_map(|fen| Step::PayNewest { fen }),
        2 => (0usize..8).prop_map(|nth| Step::Void { nth }),
        2 => (0usize..8).prop_map(|nth| Step::Verify { nth }),
    ];
    proptest::collection::vec(step, 1..25)
}

/// The reference: what is open by bill in the order of their days, and what each payment paid.
#[derive(Default)]
struct Model {
    open: Vec<(i64, i64)>,
    balance: i64,
    payments: Vec<Paid>,
}

struct Paid {
    id: PaymentId,
    shares: BTreeMap<i64, i64>,
    rest: i64,
    void: bool,
    verified: bool,
}

impl Model {
    fn pay(&mut self, bills: &[i64], fen: i64) -> (BTreeMap<i64, i64>, i64) {
        let (mut left, mut shares) = (fen, BTreeMap::new());
        for bill in bills {
            let open = self.open.iter_mut().find(|(id, _)| id == bill).expect("a bill");
            let part = open.1.min(left);
            if part > 0 {
                open.1 -= part;
                left -= part;
                shares.insert(*bill, part);
            }
        }
        (shares, left)
    }
}

/// Any sequence of paying, taking back and verifying leaves the accounts as a few lines of arithmetic say, and the ledger
/// in balance.
#[tokio::test(flavor = "multi_thread")]
async fn any_sequence_agrees_with_the_reference() {
    let test = TestDatabase::with_city().await;
    let (_, account) = household(&test, 0, 3).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let finance = city::ctx(&test.database, "finance").await;
    let bills = account_get(&cashier, account).await.expect("the account").bills;
    let mut model =
        Model { open: bills.iter().map(|bill| (bill.id.0, bill.outstanding.fen())).collect(), ..Model::default() };
    let order: Vec<i64> = bills.iter().map(|bill| bill.id.0).collect();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut nth = 100;
    for _ in 0..12 {
        let steps = steps().new_tree(&mut runner).expect("steps").current();
        for step in steps {
            nth += 1;
            take(&test, &mut model, (&cashier, &finance), account, &order, nth, &step).await;
        }
        let seen = account_get(&cashier, account).await.expect("the account");
        assert_eq!(seen.row.balance.fen(), model.balance);
        let open: BTreeMap<i64, i64> = model.open.iter().copied().filter(|(_, fen)| *fen > 0).collect();
        let told: BTreeMap<i64, i64> = seen.bills.iter().map(|bill| (bill.id.0, bill.outstanding.fen())).collect();
        assert_eq!(told, open);
        agrees(&test, &cashier, account).await;
    }
    assert!(model.payments.iter().any(|paid| paid.void) && model.payments.iter().any(|paid| paid.verified));
}

async fn take(
    test: &TestDatabase,
    model: &mut Model,
    (cashier, finance): (&Ctx, &Ctx),
    account: AccountId,
    order: &[i64],
    nth: u64,
    step: &Step,
) {
    match *step {
        Step::Pay { fen, prepay } => {
            let form = PaymentForm { prepay, ..cash(nth, Money::from_fen(fen)) };
            let owed: i64 = model.open.iter().map(|(_, fen)| fen).sum();
            let result = payment_take(cashier, account, &form).await;
            if fen > owed && !prepay {
                assert!(result.is_err());
                return;
            }
            let (shares, rest) = model.pay(order, fen);
            model.balance += rest;
            model.payments.push(Paid { id: result.expect("a payment"), shares, rest, void: false, verified: false });
        }
        Step::PayNewest { fen } => {
            let Some((bill, open)) = model.open.iter().rev().copied().find(|(_, open)| *open > 0) else { return };
            let form = PaymentForm { bills: vec![bill], ..cash(nth, Money::from_fen(fen.min(open))) };
            let id = payment_take(cashier, account, &form).await.expect("a payment");
            let (shares, rest) = model.pay(&[bill], fen.min(open));
            model.payments.push(Paid { id, shares, rest, void: false, verified: false });
        }
        Step::Void { nth } => {
            let Some(paid) = model.payments.iter_mut().rev().nth(nth) else { return };
            let version: i32 = sqlx::query_scalar("select version from payment where id = $1")
                .bind(paid.id.0)
                .fetch_one(&test.admin)
                .await
                .expect("a version");
            let result = payment_void(cashier, paid.id, version, "测试").await;
            assert_eq!(result.is_ok(), !paid.void && !paid.verified && paid.rest <= model.balance);
            if result.is_ok() {
                paid.void = true;
                model.balance -= paid.rest;
                for (bill, fen) in &paid.shares {
                    model.open.iter_mut().find(|(id, _)| id == bill).expect("a bill").1 += fen;
                }
            }
        }
        Step::Verify { nth } => {
            let Some(paid) = model.payments.iter_mut().rev().nth(nth) else { return };
            let result = payments_verify(finance, &[paid.id]).await;
            assert_eq!(result.is_ok(), !paid.void && !paid.verified);
            paid.verified |= result.is_ok();
        }
    }
}
