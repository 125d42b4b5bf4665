//! A home that pays by telephone what the bank is to be asked for (domain.md §3.7): before the batch is sent, and behind that.

use super::*;
use crate::support::tenancy::batch_form;
use domain::{
    dictionary::{BankFileKind, DeductStatus, DeductionStatus},
    id::DeductionBatchId,
};
use store::{
    Ctx,
    billing::{
        bank::Received,
        deduction::{
            deduction_check, deduction_create, deduction_get, deduction_item_list, deduction_send, deductions_post,
            request::{deduction_request_lines, deduction_request_next, deduction_request_sent},
            response::{ResponseLine, response_begin, response_lines, response_reconcile},
        },
    },
    platform::user::{NewUser, user_create},
};

const IS_IN_BATCH: &str = "该账单正在银行扣款中，请于回盘后再缴";

/// A batch of all that is due today.
async fn batch(finance: &Ctx) -> DeductionBatchId {
    deduction_create(finance, &batch_form(finance.actor().organization_id, finance.today())).await.expect("a batch")
}

/// Another accountant, who checks and sends.
async fn checker(test: &TestDatabase) -> Ctx {
    let second = NewUser {
        login: "finance-2",
        name: "测试复核会计",
        organization_code: "810101",
        roles: &["FINANCE"],
        password: city::PASSWORD.to_owned(),
        must_change_password: false,
        demo: false,
    };
    user_create(&test.database, second).await.expect("an account");
    city::ctx(&test.database, "finance-2").await
}

async fn checked(checker: &Ctx, id: DeductionBatchId) {
    let version = deduction_get(checker, id).await.expect("the batch").version;
    deduction_check(checker, id, version, "").await.expect("checked");
}

async fn items(ctx: &Ctx, id: DeductionBatchId) -> Vec<DeductStatus> {
    let query = ListQuery { filter: [("batch".into(), id.to_string())].into(), ..ListQuery::default() };
    let mut rows = deduction_item_list(ctx, &query).await.expect("items").rows;
    rows.sort_by_key(|row| row.seq);
    rows.into_iter().map(|row| row.status).collect()
}

/// An order whose end came before any money; the money comes late.
async fn given_up(test: &TestDatabase, tenant: &Tenant, account: AccountId, bills: &[BillId]) -> Order {
    let order = order(tenant, account, bills, 1).await;
    order_close(&test.database, order.id, "超时未支付", None, Utc::now()).await.expect("closed");
    order
}

/// The bank is not asked for what is being paid by telephone at that moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_leaves_out_who_is_paying() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    household(&test, 1).await;
    let order = order(&tenant, account, &bills(&tenant).await[..1], 1).await;
    let finance = city::ctx(&test.database, "finance").await;
    let items = async || {
        let id = batch(&finance).await;
        deduction_get(&finance, id).await.expect("the batch").row.items
    };
    assert_eq!(items().await, 1, "the neighbour");
    order_close(&test.database, order.id, "已取消", None, Utc::now()).await.expect("closed");
    assert_eq!(items().await, 1, "and the next batch takes what is left");
}

/// Nothing has left the house: the telephone pays, and the bank is not asked.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_before_the_batch_is_sent_leaves_it() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    let (other, _) = household(&test, 1).await;
    let (now, all) = (Utc::now(), bills(&tenant).await);
    let order = given_up(&test, &tenant, account, &all[..2]).await;
    let (finance, second) = (city::ctx(&test.database, "finance").await, checker(&test).await);
    let id = batch(&finance).await;
    // From the making of the batch on nobody begins to pay it otherwise, at the counter or by telephone.
    let again = order_create(&tenant, account, &all[..1], PayChannel::Alipay, &request(2)).await;
    assert_eq!(refusal(again), IS_IN_BATCH);
    checked(&second, id).await;
    let (rows, sum) = {
        let row = deduction_get(&second, id).await.expect("the batch").row;
        (row.items, row.amount)
    };
    let asked: Money = account_get(&second, other).await.expect("the account").row.outstanding;
    let entered = order_paid(&test.database, &told(&order, "4200001", now), now).await;
    assert_eq!(entered.expect("entered"), Verdict::Entered);
    assert_eq!(items(&second, id).await, [DeductStatus::Cancelled, DeductStatus::Wait]);
    let left = deduction_get(&second, id).await.expect("the batch").row;
    assert_eq!((rows, left.items), (2, 1));
    assert!(left.amount < sum && left.amount <= asked, "the neighbour's alone");
    let seen = account_get(&second, account).await.expect("the account");
    assert_eq!(seen.row.balance, Money::ZERO, "its own bills were paid");
    assert_eq!(seen.bills.len(), all.len() - 2);
    let locked: i64 = sqlx::query_scalar("select count(*) from bill where account_id = $1 and in_batch is not null")
        .bind(account.0)
        .fetch_one(&test.admin)
        .await
        .expect("a number");
    assert_eq!(locked, 0, "what else the item asked for is free");
    agrees(&test, account).await;
    // Told once more it takes nobody out of anything.
    let next = batch(&finance).await;
    assert_eq!(order_paid(&test.database, &told(&order, "4200001", now), now).await.expect("known"), Verdict::Known);
    assert_eq!(items(&second, next).await, [DeductStatus::Wait], "what was not paid is collected by the next batch");
}

/// The bank has the batch: what comes by telephone is kept as balance, and what the bank takes pays the bills.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_behind_the_sending_is_balance() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    let (now, all) = (Utc::now(), bills(&tenant).await);
    let order = given_up(&test, &tenant, account, &all[..2]).await;
    let (finance, second) = (city::ctx(&test.database, "finance").await, checker(&test).await);
    let id = batch(&finance).await;
    checked(&second, id).await;
    let version = deduction_get(&second, id).await.expect("the batch").version;
    deduction_send(&second, id, version).await.expect("released");
    let again = order_create(&tenant, account, &all[..1], PayChannel::Alipay, &request(2)).await;
    assert_eq!(refusal(again), IS_IN_BATCH);
    let entered = order_paid(&test.database, &told(&order, "4200001", now), now).await;
    assert_eq!(entered.expect("entered"), Verdict::Entered);
    let seen = account_get(&second, account).await.expect("the account").row;
    assert_eq!(seen.balance, order.amount);
    let asked = deduction_request_next(&test.database, now).await.expect("asked").expect("a request");
    let lines = deduction_request_lines(&test.database, asked.batch_id, 0, 100, now).await.expect("lines").lines;
    assert_eq!(lines.iter().map(|line| line.amount).sum::<Money>(), asked.total);
    deduction_request_sent(&test.database, &asked, "x.txt", "aa", now).await.expect("sent");
    let file = Received { kind: BankFileKind::Response, name: "y.txt", file_no: &asked.batch_no, digest: "d1" };
    let answers: Vec<ResponseLine> = lines
        .iter()
        .map(|line| ResponseLine {
            line: line.seq + 1,
            seq: line.seq.into(),
            due: line.amount,
            result: "SUCCESS".into(),
            deducted: line.amount,
            serial: Some("S1".into()),
            at: Some(now),
            message: None,
        })
        .collect();
    let mut reading = response_begin(&test.database, &file, &asked.batch_no, now).await.expect("begun");
    response_lines(&test.database, &mut reading, &answers, now).await.expect("lines");
    let status = response_reconcile(&test.database, reading, now).await.expect("reconciled");
    assert_eq!(status, DeductionStatus::Reconciled);
    deductions_post(&test.database, now).await.expect("entered");
    assert_eq!(items(&second, id).await, [DeductStatus::Success]);
    let seen = account_get(&second, account).await.expect("the account").row;
    assert_eq!((seen.balance, payments(&test).await), (order.amount, 2), "nothing is paid twice, and nothing is lost");
    agrees(&test, account).await;
}
