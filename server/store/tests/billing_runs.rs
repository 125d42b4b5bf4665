//! A monthly run as a job: started twice it is one, stopped it keeps what it made, and it says what it did.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{Months, NaiveDate, Utc};
use domain::{
    billing::{plan::month_of, run::RunForm},
    failure::Failure,
    list::ListQuery,
    platform::job::{JobKind, JobStatus},
};
use store::{
    billing::{
        run_job::{bill_run_create, bill_run_work},
        run_list::bill_run_list,
    },
    platform::job::{job_cancel, job_get, job_refuse, job_retry, jobs_settle},
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn today() -> NaiveDate {
    store::ctx::china_day(Utc::now())
}

/// A queue that takes jobs and on which nobody works; a household is in it whose bill of this month was taken away.
async fn with_household() -> (TestDatabase, RunForm) {
    let test = TestDatabase::with_city().await;
    sqlx::raw_sql(
        "create or replace function job_enqueue(task text, payload jsonb, job_key text, max_attempts smallint) returns void
             language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin end $$;
         create or replace function job_queued(wanted_key text) returns boolean
             language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin return false; end $$",
    )
    .execute(&test.admin)
    .await
    .expect("a queue");
    let unit = vacant(&test, 0).await;
    let assignment = assigned(&test, tenant(&test, 0).await, unit).await;
    active(&test, &form(assignment)).await;
    sqlx::raw_sql("update bill set decision = 'VOID' where fee_item = 'RENT'")
        .execute(&test.admin)
        .await
        .expect("void");
    let district: i64 =
        sqlx::query_scalar("select district_id from account").fetch_one(&test.admin).await.expect("a district");
    let form = RunForm {
        request: "5b0c2d1e-8f7a-4b3c-9d2e-000000000001".into(),
        district: district.to_string(),
        month: today().format("%Y-%m").to_string(),
    };
    (test, form)
}

async fn rent_bills(test: &TestDatabase) -> i64 {
    let count = sqlx::query_scalar("select count(*) from bill where fee_item = 'RENT' and decision is null");
    count.fetch_one(&test.admin).await.expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_a_job_that_says_what_it_did() {
    let (test, form) = with_household().await;
    let finance = city::ctx(&test.database, "finance").await;
    let job = bill_run_create(&finance, &form).await.expect("a job");
    assert_eq!(bill_run_create(&finance, &form).await.expect("the same job"), job);
    let waiting = job_get(&finance, &job).await.expect("the job");
    assert_eq!((waiting.kind, waiting.status), (JobKind::BillRun, JobStatus::Uploaded));
    assert_eq!(waiting.title, format!("生成账单 {}", form.month));
    for _ in 0..2 {
        bill_run_work(&test.database, &job, Utc::now()).await.expect("it is done, and done once");
    }
    let done = job_get(&finance, &job).await.expect("the job");
    assert_eq!((done.status, done.progress().as_deref(), done.retriable), (JobStatus::Finished, Some("1 / 1"), false));
    let told = done.result.expect("a result");
    assert!(told.starts_with("合同1份，本账期累计账单1张、应收"), "{told}");
    assert_eq!(rent_bills(&test).await, 1);
    let told: String = sqlx::query_scalar("select params::text from message order by id desc limit 1")
        .fetch_one(&test.admin)
        .await
        .expect("a message");
    assert!(told.contains("本账期累计账单1张"), "{told}");
    // A second run of the month looks at the same contracts again and makes nothing.
    let again = RunForm { request: "5b0c2d1e-8f7a-4b3c-9d2e-000000000002".into(), ..form };
    let job = bill_run_create(&finance, &again).await.expect("a job");
    bill_run_work(&test.database, &job, Utc::now()).await.expect("it is done");
    let page = bill_run_list(&finance, &ListQuery::default()).await.expect("runs");
    assert_eq!(page.total, 1);
    let run = &page.rows[0];
    assert_eq!((run.month, run.done, run.contracts, run.bills), (month_of(today()), true, 1, 1));
    assert_eq!(run.started_by.as_deref(), Some("测试finance"));
    // A run is a district's.
    for (login, seen) in [("city", 1), ("cashier", 1), ("entry", 0), ("district-b", 0)] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(bill_run_list(&ctx, &ListQuery::default()).await.expect("runs").total, seen, "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_run_and_what_cannot_be_run_is_told_at_once() {
    let (test, form) = with_household().await;
    let finance = city::ctx(&test.database, "finance").await;
    for login in ["cashier", "city", "district-a"] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(failure(bill_run_create(&ctx, &form).await), Failure::Forbidden, "{login}");
    }
    let elsewhere: i64 = sqlx::query_scalar("select id from organization where code = '810102'")
        .fetch_one(&test.admin)
        .await
        .expect("a district");
    let strange = RunForm { district: elsewhere.to_string(), ..form.clone() };
    assert_eq!(failure(bill_run_create(&finance, &strange).await), Failure::NotFound);
    let next = month_of(today()).checked_add_months(Months::new(1)).expect("a month");
    let early = RunForm { month: next.format("%Y-%m").to_string(), ..form.clone() };
    let Failure::Invalid(errors) = failure(bill_run_create(&finance, &early).await) else { panic!("a complaint") };
    assert_eq!(errors.get("month"), Some("该月份尚未开始，不能生成账单"));
    assert!(bill_run_create(&finance, &RunForm { request: "1".into(), ..form }).await.is_err());
    let jobs: i64 = sqlx::query_scalar("select count(*) from job where kind = 'BILL_RUN'")
        .fetch_one(&test.admin)
        .await
        .expect("a count");
    assert_eq!(jobs, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_or_cut_off_goes_on() {
    let (test, form) = with_household().await;
    let finance = city::ctx(&test.database, "finance").await;
    let job = bill_run_create(&finance, &form).await.expect("a job");
    job_cancel(&finance, &job).await.expect("it is stopped");
    bill_run_work(&test.database, &job, Utc::now()).await.expect("nothing is left to do");
    let stopped = job_get(&finance, &job).await.expect("the job");
    assert_eq!((stopped.status, stopped.retriable), (JobStatus::Cancelled, true));
    assert_eq!(stopped.result.as_deref(), Some("已取消，已生成的账单保留"));
    assert_eq!(rent_bills(&test).await, 0);
    job_retry(&finance, &job).await.expect("it goes on");
    // Its worker is gone before it did anything.
    sqlx::raw_sql("update job set status = 'EXECUTING'").execute(&test.admin).await.expect("a worker");
    assert_eq!(jobs_settle(&test.database).await.expect("settled"), 1);
    let settled = job_get(&finance, &job).await.expect("the job");
    assert_eq!((settled.status, settled.retriable), (JobStatus::Failed, true));
    assert_eq!(settled.result.as_deref(), Some("生成账单中断，已生成的账单保留，请重试"));
    job_retry(&finance, &job).await.expect("it goes on");
    bill_run_work(&test.database, &job, Utc::now()).await.expect("it is done");
    assert_eq!(job_get(&finance, &job).await.expect("the job").status, JobStatus::Finished);
    assert_eq!(rent_bills(&test).await, 1);
}

/// What the run itself refuses ends the job with its sentence; the queue does not try it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_run_ends_with_the_sentence() {
    let (test, form) = with_household().await;
    let finance = city::ctx(&test.database, "finance").await;
    let job = bill_run_create(&finance, &form).await.expect("a job");
    sqlx::query("insert into ledger_period (district_id, month) select district_id, $1 from account")
        .bind(month_of(today()))
        .execute(&test.admin)
        .await
        .expect("a closed month");
    bill_run_work(&test.database, &job, Utc::now()).await.expect("it ends");
    let ended = job_get(&finance, &job).await.expect("the job");
    assert_eq!((ended.status, ended.result.as_deref()), (JobStatus::Failed, Some("会计期间已结账")));
    assert!(ended.retriable, "when the month is open again");
    assert_eq!(rent_bills(&test).await, 0);
    job_refuse(&test.database, &job, "再来").await.expect("it stays as it is");
    assert_eq!(job_get(&finance, &job).await.expect("the job").result.as_deref(), Some("会计期间已结账"));
}
