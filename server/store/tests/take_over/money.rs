//! What a take-over means for money: which periods are charged by whom, which months may be closed, and how a batch that went wrong
//! ends.

use super::{SHEET, agreed, cutoff, failure, fen, number, people, rows, running_city, staged, today};
use crate::support::{
    TestDatabase, city,
    sheet::{complaint, row},
};
use chrono::{DateTime, Days, Months, NaiveDate, Utc};
use domain::{
    billing::{ledger::PeriodForm, plan::month_of, run::month_text},
    dictionary::ContractStatus,
    failure::Failure,
    id::OrganizationId,
    list::ListQuery,
    platform::setting::code,
    tenancy::take_over::TakeOverStatus,
};
use store::{
    Ctx,
    billing::{account::account_get, book::ledger_close, run::bills_run},
    platform::{
        job::{job_cancel, job_get},
        setting::setting_put,
        user::{UserRef, user_ctx},
    },
    tenancy::{
        contract::{contract_get, contract_list},
        take_over::{
            take_over_abandon, take_over_decide, take_over_get, take_over_submit, take_over_withdraw, take_over_work,
        },
    },
};

async fn execute(test: &TestDatabase, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&test.admin).await.expect(sql);
}

/// Staged, agreed to and written; answers the batch.
async fn taken_over(test: &TestDatabase, rows: Vec<Vec<String>>) -> i64 {
    let id = staged(test, rows).await.row.id;
    let job = agreed(test, id).await.job.expect("a job");
    take_over_work(&test.database, &job, Utc::now()).await.expect("it is written");
    id
}

fn moment(day: NaiveDate) -> DateTime<Utc> {
    store::ctx::china_midnight(day).expect("a moment") + chrono::TimeDelta::hours(12)
}

async fn at(test: &TestDatabase, login: &str, day: NaiveDate) -> Ctx {
    user_ctx(&test.database, UserRef::Login(login), moment(day)).await.expect("an account")
}

fn ahead(months: u32) -> NaiveDate {
    month_of(today()).checked_add_months(Months::new(months)).expect("a month")
}

/// A quarterly contract that the old system has charged two months ahead: this system begins behind them, with quarters of its
/// own, and neither forgets a month nor charges one twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_quarterly_contract_goes_on_where_the_old_system_stopped() {
    let test = running_city().await;
    let day = cutoff().to_string();
    let charged = ahead(2).pred_opt().expect("a day");
    let cells = [("接管日", day.as_str()), ("缴费周期", "季")];
    let entry = city::ctx(&test.database, "entry").await;
    assert_eq!(complaint(&entry, SHEET, &cells).await, "缴费周期不是月的，须填写已出账至");
    let charged_text = charged.to_string();
    let cells = [cells.as_slice(), &[("已出账至", charged_text.as_str())]].concat();
    taken_over(&test, vec![row(SHEET, &cells)]).await;
    assert_eq!(number(&test, "select count(*) from bill").await, 0, "nothing is to be charged yet");
    let district = number(&test, "select district_id from contract").await;
    for months in 0..5 {
        let finance = at(&test, "finance", ahead(months)).await;
        bills_run(&finance, OrganizationId(district), ahead(months), |_| {}).await.expect("a run");
    }
    let bills: Vec<(NaiveDate, NaiveDate)> =
        sqlx::query_as("select period_from, period_to from bill order by period_from")
            .fetch_all(&test.admin)
            .await
            .expect("bills");
    assert_eq!(bills, [(ahead(2), ahead(5).pred_opt().expect("a day"))]);
    // What was charged ahead and is not paid may be told.
    let contract = contract_list(&entry, &ListQuery::default()).await.expect("contracts").rows[0].id;
    let plan = contract_get(&entry, contract).await.expect("it").plan;
    assert!(plan.windows(2).all(|pair| pair[0].to.succ_opt() == Some(pair[1].from)));
}

/// With late fees on: two people agreed to what is owed at the cut-off, and whatever was late before is in it; bills that nobody
/// could know of are due today.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_late_in_the_old_systems_time() {
    let test = running_city().await;
    setting_put(&test.database, code::LATE_FEE, "0.0005/5/100").await.expect("a parameter");
    execute(&test, "update parameter set valid_from = '2000-01-01' where code = 'PRM-43'").await;
    // Two months ago: bills of two months are made at once.
    let early = month_of(cutoff()).pred_opt().expect("a day");
    let (day, month) = (early.to_string(), month_text(month_of(early)));
    let cells =
        [("接管日", day.as_str()), ("欠费金额(元)", "111.80"), ("欠费起始月份", &month), ("欠费截止月份", &month)];
    taken_over(&test, vec![row(SHEET, &cells)]).await;
    let bills: Vec<(i64, Option<NaiveDate>, NaiveDate)> =
        sqlx::query_as("select amount_fen, late_to, due_on from bill order by period_from")
            .fetch_all(&test.admin)
            .await
            .expect("bills");
    assert_eq!((bills.len(), bills[0].0, bills[0].1), (3, 11_180, Some(early)), "late fees begin behind the cut-off");
    assert!(bills[1..].iter().all(|bill| bill.2 >= today()), "nobody is late with what he could not know");
    let behind = number(&test, "select coalesce(max(periods), 0)::bigint from arrears").await;
    assert!(behind <= 1, "only the opening bill is late: {behind}");
}

/// A month is not closed while a batch waits whose entries it would have, nor is a batch entered before a closed month.
#[tokio::test(flavor = "multi_thread")]
async fn no_month_is_closed_over_a_batch() {
    let test = running_city().await;
    let id = staged(&test, rows()).await.row.id;
    let (entry, approver) = people(&test).await;
    let version = take_over_get(&entry, id).await.expect("it").row.version;
    take_over_submit(&entry, id, version).await.expect("submitted");
    let district = number(&test, "select district_id from take_over").await;
    let period = PeriodForm { district: district.to_string(), month: month_text(month_of(cutoff())) };
    let head = city::ctx(&test.database, "finhead").await;
    let refused = failure(ledger_close(&head, &period).await).to_string();
    assert!(refused.contains("有待审批或接管中的存量合同接管批次"), "{refused}");
    // A later month is closed, and that of the cut-off has no row: its balances would change.
    execute(
        &test,
        "insert into ledger_period (district_id, month)
         select district_id, date_trunc('month', cutoff_on) + interval '1 month' from take_over",
    )
    .await;
    let seen = take_over_get(&approver, id).await.expect("it");
    let digest = seen.row.digest.clone().expect("a digest");
    let refused = take_over_decide(&approver, id, seen.row.version, &digest, true, "").await;
    assert_eq!(failure(refused), Failure::refused("接管日所在月份或以后的会计期间已结账，不能接管"));
    // Closed between the agreement and the job: the job says so, and the batch is given up.
    execute(&test, "delete from ledger_period").await;
    take_over_decide(&approver, id, seen.row.version, &digest, true, "").await.expect("agreed to");
    execute(
        &test,
        "insert into ledger_period (district_id, month)
         select district_id, date_trunc('month', cutoff_on) + interval '1 month' from take_over",
    )
    .await;
    let batch = take_over_get(&approver, id).await.expect("it");
    let job = batch.job.expect("a job");
    take_over_work(&test.database, &job, Utc::now()).await.expect("it ends");
    let ended = job_get(&approver, &job).await.expect("the job");
    assert_eq!(ended.result.as_deref(), Some("接管日所在月份或以后的会计期间已结账，不能接管"));
    assert_eq!(number(&test, "select count(*) from contract").await, 0);
    let row = take_over_get(&approver, id).await.expect("it").row;
    assert!(row.resumable);
    let status = take_over_abandon(&approver, id, row.version, "会计期间已结账").await.expect("given up");
    assert_eq!(status, TakeOverStatus::Done);
}

/// A batch that was agreed to and stopped is given up: its totals show the difference, and its homes are free.
#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_batch_is_given_up() {
    let test = running_city().await;
    let id = staged(&test, rows()).await.row.id;
    let batch = agreed(&test, id).await;
    let (entry, approver) = people(&test).await;
    let refused = take_over_abandon(&approver, id, batch.row.version, "文件有误").await;
    assert_eq!(failure(refused), Failure::refused("接管任务正在进行，请稍后查看"));
    let job = batch.job.expect("a job");
    job_cancel(&approver, &job).await.expect("stopped");
    let row = take_over_get(&approver, id).await.expect("it").row;
    assert!(take_over_abandon(&approver, id, row.version, " ").await.is_err(), "why?");
    assert_eq!(failure(take_over_abandon(&entry, id, row.version, "文件有误").await), Failure::Forbidden);
    take_over_abandon(&approver, id, row.version, "文件有误").await.expect("given up");
    let done = take_over_get(&entry, id).await.expect("it");
    assert_eq!((done.row.failed, done.row.balanced()), (3, Some(false)));
    assert_eq!(done.items[0].message.as_deref(), Some("已终止接管：文件有误"));
    let sealed =
        "select count(*) from take_over_row where key_id is not null or bank_no is not null or id_number is not null";
    assert_eq!(number(&test, sealed).await, 0, "what nobody needs is not kept");
    let anew = staged(&test, rows()).await;
    assert_eq!((anew.row.staged.rows, anew.row.id == id), (3, false), "the homes are free");
    // A draft of somebody who has left is put aside by another.
    let seen = take_over_get(&approver, anew.row.id).await.expect("it").row;
    assert!(seen.refusable);
    take_over_decide(&approver, seen.id, seen.version, "", false, "经办人已离职").await.expect("put aside");
    let third = staged(&test, rows()).await.row;
    take_over_withdraw(&entry, third.id, third.version).await.expect("given up");
}

/// Rows that somebody changed behind the agreement are not written.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_what_was_agreed_to() {
    let test = running_city().await;
    let id = staged(&test, rows()).await.row.id;
    let job = agreed(&test, id).await.job.expect("a job");
    execute(
        &test,
        "alter table take_over_row disable trigger take_over_row_hold; update take_over_row set balance_fen = balance_fen + 1;
         alter table take_over_row enable trigger take_over_row_hold",
    )
    .await;
    take_over_work(&test.database, &job, Utc::now()).await.expect("it ends");
    let (_, approver) = people(&test).await;
    let ended = job_get(&approver, &job).await.expect("the job");
    assert_eq!(ended.result.as_deref(), Some("接管数据与审批时的摘要不符，不能接管"));
    assert_eq!(number(&test, "select count(*) from contract").await, 0);
}

/// A household whose term is over and who is still there comes with what it owes; nothing more is charged.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_contract_is_taken_over_with_its_debts() {
    let test = running_city().await;
    let end = cutoff() - Days::new(40);
    let month = month_text(month_of(end));
    let (day, end_text) = (cutoff().to_string(), end.to_string());
    let cells = [
        ("接管日", day.as_str()),
        ("租赁开始日期", "2015-01-01"),
        ("签订日期", "2015-01-01"),
        ("租赁结束日期", &end_text),
        ("已收押金(元)", "1000.00"),
        ("欠费金额(元)", "100.00"),
        ("欠费起始月份", &month),
        ("欠费截止月份", &month),
    ];
    taken_over(&test, vec![row(SHEET, &cells)]).await;
    let (entry, approver) = people(&test).await;
    let contract = contract_list(&entry, &ListQuery::default()).await.expect("contracts").rows[0].clone();
    assert_eq!(contract.status, ContractStatus::Expired);
    let account = contract_get(&entry, contract.id).await.expect("it").account_id.expect("an account");
    let money = account_get(&approver, account).await.expect("the account").row;
    assert_eq!((money.deposit, money.outstanding), (fen(100_000), fen(10_000)));
    assert_eq!(number(&test, "select count(*) from bill").await, 1);
}
