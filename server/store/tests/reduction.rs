//! Rent reductions (E-56, §4.3) and waivers (§3.6 L8): two people, what plans, bills and the ledger come to.

mod ending;
mod late;

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, Utc};
use domain::{
    billing::{
        payment::PaymentForm,
        plan::month_of,
        reduction::{NO_CONTRACT, OVERLAPS, ReductionForm, ReductionStatus},
        run::month_text,
        waiver::{IS_DEPOSIT, WaiverForm, WaiverStatus},
    },
    dictionary::BillStatus,
    failure::{Failure, FieldErrors},
    id::{AccountId, BillId, ContractId, OrganizationId},
    list::ListQuery,
    platform::setting::code,
    value::Money,
};
use store::{
    Ctx,
    billing::{
        account::account_get,
        bill::bill_get,
        payment::payment_take,
        reduction::{
            reduction_create, reduction_decide, reduction_get, reduction_list, reduction_preview, reduction_stop,
            reduction_stop_decide, reduction_withdraw,
        },
        run::bills_run,
        waiver::{waiver_create, waiver_decide, waiver_get, waiver_list, waiver_offer, waiver_withdraw},
    },
    insight::reminder::reminder_list,
    platform::{
        setting::setting_put,
        user::{UserRef, user_ctx},
    },
    tenancy::contract::contract_get,
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

fn month(ahead: u32) -> NaiveDate {
    month_of(store::ctx::china_day(Utc::now())).checked_add_months(Months::new(ahead)).expect("a month")
}

/// The context of an account on the sixth of a month ahead.
async fn ctx_later(test: &TestDatabase, login: &str, ahead: u32) -> Ctx {
    let at: DateTime<Utc> =
        month(ahead).checked_add_days(Days::new(5)).expect("a day").and_time(NaiveTime::MIN).and_utc();
    user_ctx(&test.database, UserRef::Login(login), at).await.expect("an account")
}

async fn household(test: &TestDatabase, nth: usize) -> (ContractId, AccountId) {
    let unit = vacant(test, 0).await;
    let assignment = assigned(test, tenant(test, nth).await, unit).await;
    active(test, &form(assignment)).await
}

async fn number(test: &TestDatabase, contract: ContractId) -> String {
    let city = city::ctx(&test.database, "city").await;
    contract_get(&city, contract).await.expect("the contract").row.contract_no.expect("a number")
}

fn request(nth: u32) -> String {
    format!("00000000-0000-4000-8000-{nth:012x}")
}

/// 10 % of all its rent for two months from the next one on.
async fn asked(test: &TestDatabase, contract: ContractId, nth: u32) -> ReductionForm {
    ReductionForm {
        request: request(nth),
        contract_no: number(test, contract).await,
        category: "DIBAO".into(),
        percent: "10".into(),
        standard_area: "500".into(),
        from: month_text(month(1)),
        to: month_text(month(2)),
        doc_no: "测发〔2026〕9号".into(),
        ..ReductionForm::default()
    }
}

/// What is paid, and what is taken off, of the plan's first bills.
async fn plan(test: &TestDatabase, contract: ContractId) -> Vec<(Money, Money)> {
    let contract = contract_get(&city::ctx(&test.database, "city").await, contract).await.expect("the contract");
    contract.plan.iter().take(4).map(|bill| (bill.amount(), bill.reduction())).collect()
}

async fn district(test: &TestDatabase) -> OrganizationId {
    OrganizationId(sqlx::query_scalar("select district_id from account").fetch_one(&test.admin).await.expect("one"))
}

/// Receivables of the ledger, and what bills say is open.
async fn books(test: &TestDatabase) -> (i64, i64) {
    sqlx::query_as(
        "select (select coalesce(sum(amount_fen * ((debit = 'RECEIVABLE')::int - (credit = 'RECEIVABLE')::int)), 0)::bigint from ledger_entry),
                (select coalesce(sum(amount_fen - paid_fen), 0)::bigint from bill where decision is null and fee_item <> 'DEPOSIT')",
    )
    .fetch_one(&test.admin)
    .await
    .expect("sums")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reduction_is_agreed_to_by_another_and_ends_by_itself() {
    let test = TestDatabase::with_city().await;
    let (contract, _) = household(&test, 0).await;
    let finance = city::ctx(&test.database, "finance").await;
    let approver = city::ctx(&test.database, "approver").await;
    let form = asked(&test, contract, 1).await;
    let unknown = ReductionForm { contract_no: "HT0".into(), ..form.clone() };
    assert_eq!(failure(reduction_preview(&finance, &unknown).await), complaint("contract_no", NO_CONTRACT));
    assert_eq!(failure(reduction_create(&approver, &form).await), Failure::Forbidden);
    let (full, off, payable) = reduction_preview(&finance, &form).await.expect("figures");
    assert_eq!((full + off, (full.fen() + 5) / 10), (payable, payable.fen()));
    let whole = plan(&test, contract).await[1].0;
    assert_eq!(whole, full, "the household pays all of it so far");
    let id = reduction_create(&finance, &form).await.expect("it is asked for");
    assert_eq!(reduction_create(&finance, &form).await.expect("the same"), id);
    let second = ReductionForm { request: request(2), ..form.clone() };
    assert_eq!(failure(reduction_create(&finance, &second).await), complaint("from", OVERLAPS));
    assert_eq!(failure(reduction_decide(&finance, id, 1, true, "").await), Failure::Forbidden);
    assert_eq!(failure(reduction_decide(&approver, id, 1, false, " ").await), complaint("opinion", "请填写原因"));
    let waiting = reminder_list(&approver).await.expect("reminders");
    assert!(waiting.iter().any(|reminder| reminder.label == "待我审批的租金核减" && reminder.count == 1));
    assert_eq!(plan(&test, contract).await[1], (full, Money::ZERO), "nothing is decided");
    // The month is billed before it is decided: reversal and new bill.
    let later = ctx_later(&test, "finance", 1).await;
    bills_run(&later, district(&test).await, month(1), |_| {}).await.expect("a run");
    let decider = ctx_later(&test, "approver", 1).await;
    assert_eq!(reduction_decide(&decider, id, 1, true, "").await.expect("agreed"), ReductionStatus::Approved);
    let told = plan(&test, contract).await;
    assert_eq!(told[1..4], [(payable, full - payable), (payable, full - payable), (full, Money::ZERO)]);
    let bills: Vec<(i64, i64, Option<String>)> = sqlx::query_as(
        "select amount_fen, reduction_fen, decision from bill where fee_item = 'RENT' and month = $1 order by id",
    )
    .bind(month(1))
    .fetch_all(&test.admin)
    .await
    .expect("bills");
    let reversed = Some("REVERSED".to_owned());
    let (f, p) = (full.fen(), payable.fen());
    assert_eq!(bills, [(f, 0, reversed.clone()), (-f, 0, reversed), (p, f - p, None)]);
    let lines: Vec<(String, i64)> = sqlx::query_as(
        "select l.formula, l.amount_fen from bill_line l join bill b on b.id = l.bill_id
         where b.month = $1 and b.decision is null and b.fee_item = 'RENT' order by l.seq",
    )
    .bind(month(1))
    .fetch_all(&test.admin)
    .await
    .expect("lines");
    assert_eq!(lines[1], ("核减".to_owned(), p - f), "应收租金, 核减");
    let (booked, open) = books(&test).await;
    assert_eq!(booked, open, "the books say what the bills say");
    // Its early end is asked for and agreed to by two as well: the second month is paid in full.
    assert_eq!(failure(reduction_stop(&decider, id, 2, &month_text(month(1)), "不符").await), Failure::Forbidden);
    let past = reduction_stop(&later, id, 2, &month_text(month(0)), "不符").await;
    assert_eq!(failure(past), complaint("last", "须不早于本月和核减起始月份，且早于原终止月份"));
    reduction_stop(&later, id, 2, &month_text(month(1)), "不符").await.expect("it is asked for");
    assert_eq!(plan(&test, contract).await[2].0, payable, "nothing is decided");
    assert!(reduction_get(&decider, id).await.expect("it is seen").row.stop_decidable);
    reduction_stop_decide(&decider, id, 3, false, "材料不全").await.expect("it goes on");
    reduction_stop(&later, id, 4, &month_text(month(1)), "复核不符").await.expect("it is asked for again");
    let stopped = reduction_stop_decide(&decider, id, 5, true, "").await.expect("it ends");
    assert_eq!(stopped, ReductionStatus::Stopped);
    assert_eq!(plan(&test, contract).await[1..3], [(payable, full - payable), (full, Money::ZERO)]);
    let record = reduction_get(&finance, id).await.expect("it is seen");
    assert_eq!(
        record.history.iter().map(|note| note.event.as_str()).collect::<Vec<_>>(),
        ["提前终止", "申请提前终止", "驳回提前终止", "申请提前终止", "同意", "提交"]
    );
    let other = city::ctx(&test.database, "district-b").await;
    assert_eq!(reduction_list(&other, &ListQuery::default()).await.expect("a page").total, 0);
    assert_eq!(failure(reduction_get(&other, id).await), Failure::NotFound);
    assert_eq!(reduction_list(&finance, &ListQuery::default()).await.expect("a page").total, 1);
    // What is taken back by who asked for it may be asked for anew; what was paid is not changed.
    let third = ReductionForm { request: request(3), from: month_text(month(3)), to: month_text(month(3)), ..form };
    let id = reduction_create(&finance, &third).await.expect("asked");
    assert_eq!(failure(reduction_withdraw(&approver, id, 1).await), Failure::Forbidden);
    reduction_withdraw(&finance, id, 1).await.expect("taken back");
    let error = sqlx::query("update rent_reduction set checker_id = maker_id where checker_id is not null")
        .execute(&test.admin)
        .await
        .expect_err("a refusal");
    let refused = error.as_database_error().and_then(|error| error.constraint().map(ToOwned::to_owned));
    assert_eq!(refused.as_deref(), Some("rent_reduction_checker_check"));
}

/// The open bills of an account but its deposit.
async fn open_bills(test: &TestDatabase, account: AccountId) -> Vec<i64> {
    sqlx::query_scalar(
        "select id from bill where account_id = $1 and decision is null and paid_fen < amount_fen and fee_item <> 'DEPOSIT' order by id",
    )
    .bind(account.0)
    .fetch_all(&test.admin)
    .await
    .expect("bills")
}

fn waiver(nth: u32, kind: &str, bills: &[i64]) -> WaiverForm {
    WaiverForm {
        request: request(nth),
        kind: kind.into(),
        bills: bills.iter().map(ToString::to_string).collect(),
        doc_no: "测发〔2026〕10号".into(),
        reason: "特困家庭".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgiven_leaves_the_receivables() {
    let test = TestDatabase::with_city().await;
    let (_, account) = household(&test, 0).await;
    let finance = city::ctx(&test.database, "finance").await;
    let head = city::ctx(&test.database, "finhead").await;
    let bill = open_bills(&test, account).await[0];
    // A part of it is paid: only the rest is forgiven.
    let pay = PaymentForm {
        request: request(99),
        amount: "10.00".into(),
        method: "CASH".into(),
        bills: vec![bill],
        ..PaymentForm::default()
    };
    payment_take(&city::ctx(&test.database, "cashier").await, account, &pay).await.expect("a payment");
    let offer = waiver_offer(&finance, account).await.expect("an offer");
    let rest = offer.bills[0].principal;
    assert_eq!(offer.bills[0].id, BillId(bill));
    let form = waiver(1, "WAIVE", &[bill]);
    assert_eq!(failure(waiver_create(&head, account, &form).await), Failure::Forbidden);
    let deposit: i64 = sqlx::query_scalar("select id from bill where fee_item = 'DEPOSIT' and account_id = $1")
        .bind(account.0)
        .fetch_one(&test.admin)
        .await
        .expect("the deposit");
    let refused = waiver_create(&finance, account, &waiver(2, "WAIVE", &[deposit])).await;
    assert_eq!(failure(refused), Failure::refused(IS_DEPOSIT));
    let id = waiver_create(&finance, account, &form).await.expect("it is asked for");
    assert_eq!(waiver_create(&finance, account, &form).await.expect("the same"), id);
    let double = waiver_create(&finance, account, &waiver(3, "WRITE_OFF", &[bill])).await;
    assert_eq!(failure(double), complaint("bills", "所选账单已申请减免或核销"));
    assert_eq!(failure(waiver_decide(&finance, id, 1, true, "").await), Failure::Forbidden);
    let waiting = reminder_list(&head).await.expect("reminders");
    assert!(waiting.iter().any(|reminder| reminder.label == "待我审批的减免核销" && reminder.count == 1));
    assert!(waiver_get(&head, id).await.expect("it is seen").row.decidable);
    assert_eq!(waiver_decide(&head, id, 1, true, "").await.expect("agreed"), WaiverStatus::Approved);
    assert_eq!(failure(waiver_decide(&head, id, 1, true, "").await), Failure::Conflict);
    let seen = bill_get(&finance, BillId(bill)).await.expect("the bill");
    assert_eq!((seen.row.status, seen.row.outstanding, seen.row.paid.fen()), (BillStatus::Waived, Money::ZERO, 1_000));
    let last = seen.entries.last().expect("a transfer");
    assert_eq!((last.debit.code(), last.credit.code(), last.amount), ("WAIVER", "RECEIVABLE", rest));
    assert_eq!(seen.history[0].event, "减免");
    assert_eq!(open_bills(&test, account).await, Vec::<i64>::new());
    let (booked, open) = books(&test).await;
    assert_eq!((booked, open), (0, 0), "nothing is owed");
    let owed = account_get(&finance, account).await.expect("the account");
    assert!(owed.bills.iter().all(|open| open.id != BillId(bill)));
    let again = waiver_create(&finance, account, &waiver(4, "WAIVE", &[bill])).await;
    assert!(failure(again).to_string().ends_with("没有未缴金额，不能减免"));
    let other = city::ctx(&test.database, "district-b").await;
    assert_eq!(waiver_list(&other, &ListQuery::default()).await.expect("a page").total, 0);
    assert_eq!(failure(waiver_get(&other, id).await), Failure::NotFound);
    let error = sqlx::query("update waiver set checker_id = maker_id").execute(&test.admin).await.expect_err("no");
    let refused = error.as_database_error().and_then(|error| error.constraint().map(ToOwned::to_owned));
    assert_eq!(refused.as_deref(), Some("waiver_checker_check"));
}

/// §6.4: above the limit the city's leader decides.
#[tokio::test(flavor = "multi_thread")]
async fn bad_debt_above_the_limit_is_the_leaders() {
    let test = TestDatabase::with_city().await;
    let (_, account) = household(&test, 0).await;
    setting_put(&test.database, code::WRITE_OFF_LIMIT, "1.00").await.expect("a limit");
    let finance = city::ctx(&test.database, "finance").await;
    let head = city::ctx(&test.database, "finhead").await;
    let leader = city::ctx(&test.database, "leader").await;
    let bill = open_bills(&test, account).await[0];
    let id = waiver_create(&finance, account, &waiver(1, "WRITE_OFF", &[bill])).await.expect("asked");
    assert!(waiver_get(&leader, id).await.expect("it is seen").for_leader);
    let alone = waiver_decide(&head, id, 1, true, "").await;
    assert_eq!(failure(alone), Failure::refused("该账户一年内的坏账核销超过限额1.00元，须由市领导审批"));
    // Refused, its bills may be asked for again; taken back as well.
    waiver_decide(&head, id, 1, false, "材料不全").await.expect("it is refused");
    let id = waiver_create(&finance, account, &waiver(2, "WRITE_OFF", &[bill])).await.expect("asked anew");
    assert_eq!(failure(waiver_withdraw(&head, id, 1).await), Failure::Forbidden);
    waiver_withdraw(&finance, id, 1).await.expect("taken back");
    let id = waiver_create(&finance, account, &waiver(3, "WRITE_OFF", &[bill])).await.expect("asked anew");
    waiver_decide(&leader, id, 1, true, "").await.expect("the leader agrees");
    let seen = bill_get(&finance, BillId(bill)).await.expect("the bill");
    assert_eq!(
        (seen.row.status, seen.entries.last().expect("a transfer").debit.code()),
        (BillStatus::WrittenOff, "BAD_DEBT")
    );
    let (booked, open) = books(&test).await;
    assert_eq!((booked, open), (0, 0), "nothing is owed");
    // What is paid while the document waits makes the sum less, and what is paid whole stands against it.
    assert_eq!(waiver_list(&leader, &ListQuery::default()).await.expect("a page").total, 3);
}
