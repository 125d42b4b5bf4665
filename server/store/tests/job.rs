//! Jobs (S1-9.11): stopping, trying again, whose they are, and what somebody without business rights sees of them.

use crate::support::{
    TestDatabase, city,
    sheet::{numbered, row},
};
use chrono::{TimeDelta, Utc};
use domain::{
    failure::Failure,
    import::SheetKey,
    list::ListQuery,
    platform::job::{JobKind, JobStatus, Plan},
};
use store::{
    Ctx, Error,
    export::{export_create, export_end, export_load, export_progress},
    import::{
        Import, RawRow,
        job::{Upload, job_check_begin, job_confirm, job_create, job_load, job_rows},
    },
    platform::{
        job::{job_cancel, job_get, job_list, job_refuse, job_result, job_retry},
        plan::{plan_ask, plan_list, plan_switch, plan_take},
        token::{hex, random_bytes},
    },
};

const SHEET: SheetKey = SheetKey::Building;

fn refused(result: Result<impl Sized, Error>) -> Option<Failure> {
    result.err().map(Failure::from)
}

/// A database whose queue takes jobs that nobody works on: the functions are the migration's, the queue is not.
async fn with_queue() -> TestDatabase {
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
    test
}

fn flats() -> Vec<RawRow> {
    numbered((1..=40).map(|number: usize| row(SHEET, &[("房号", &number.to_string())])).collect())
}

async fn units(test: &TestDatabase) -> i64 {
    let sql = "select count(*) from unit u join estate e on e.id = u.estate_id where e.name = '新苑'";
    sqlx::query_scalar(sql).fetch_one(&test.admin).await.expect("a count")
}

async fn uploaded(ctx: &Ctx) -> String {
    let request_id = hex(&random_bytes()[..16]);
    let upload =
        Upload { sheet: SHEET, file_name: "张三.xlsx", content: b"x", request_id: &request_id, update_known: false };
    job_create(ctx, upload).await.expect("a job")
}

/// An import of forty flats that was checked and confirmed.
async fn confirmed(test: &TestDatabase, ctx: &Ctx) -> String {
    let job = uploaded(ctx).await;
    job_check_begin(&test.database, &job, 40).await.expect("begun");
    let mut check = Import::start(ctx, SHEET, false).await.expect("started");
    check.chunk(flats(), Some(&job)).await.expect("checked");
    check.end(&job).await.expect("the end of the check");
    job_confirm(ctx, &job).await.expect("confirmed");
    job
}

async fn messages(test: &TestDatabase, login: &str) -> Vec<String> {
    sqlx::query_scalar(
        "select m.content from message m join app_user u on u.id = m.receiver_id where u.login = $1 order by m.id",
    )
    .bind(login)
    .fetch_all(&test.admin)
    .await
    .expect("messages")
}

/// What was saved stays and is counted; tried again, the import goes on behind it.
#[tokio::test]
async fn a_cancelled_import_stops_at_its_next_chunk_and_goes_on_from_there() {
    let test = with_queue().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let job = confirmed(&test, &ctx).await;
    let rows = flats();
    let mut import = Import::start(&ctx, SHEET, true).await.expect("started");
    import.chunk(rows[..10].to_vec(), Some(&job)).await.expect("a chunk");
    assert_eq!(
        refused(job_cancel(&city::ctx(&test.database, "district-b").await, &job).await),
        Some(Failure::NotFound)
    );
    job_cancel(&ctx, &job).await.expect("cancelled");
    job_cancel(&ctx, &job).await.expect("said twice it is said once");
    assert_eq!(refused(import.chunk(rows[10..20].to_vec(), Some(&job)).await), Some(Failure::Conflict));
    let told = job_get(&ctx, &job).await.expect("the job");
    assert_eq!((told.status, told.done, told.retriable), (JobStatus::Cancelled, 10, true));
    assert_eq!(told.result.as_deref(), Some("已取消，已导入的行保留；成功10条，失败0条"));
    assert_eq!(units(&test).await, 10);
    assert!(job_load(&test.database, &job).await.expect("asked").is_none(), "a worker finds nothing to do");

    assert_eq!(refused(job_retry(&city::ctx(&test.database, "city").await, &job).await), Some(Failure::NotFound));
    job_retry(&ctx, &job).await.expect("tried again");
    job_retry(&ctx, &job).await.expect("said twice it is said once");
    let work = job_load(&test.database, &job).await.expect("asked").expect("work");
    assert_eq!(
        (work.status, work.done_row, work.content.as_slice()),
        (JobStatus::Executing, rows[9].row_no, &b"x"[..])
    );
    let mut import = Import::start(&ctx, SHEET, true).await.expect("started");
    import.replay(&rows[..10], &[].into());
    import.chunk(rows[10..].to_vec(), Some(&job)).await.expect("the rest");
    import.end(&job).await.expect("the end");
    let told = job_get(&ctx, &job).await.expect("the job");
    assert_eq!((told.status, told.done, told.retriable), (JobStatus::Finished, 40, false));
    assert_eq!(units(&test).await, 40, "nothing is there twice");
    assert_eq!(messages(&test, "district-a").await, ["任务“导入建筑信息”已完成：成功40条，失败0条"]);
    assert_eq!(refused(job_retry(&ctx, &job).await), Some(Failure::refused("该任务不能重试，请重新发起")));
}

#[tokio::test]
async fn what_waits_and_is_cancelled_never_begins() {
    let test = with_queue().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let waiting = uploaded(&ctx).await;
    job_cancel(&ctx, &waiting).await.expect("cancelled");
    assert!(job_load(&test.database, &waiting).await.expect("asked").is_none());
    assert_eq!(refused(job_check_begin(&test.database, &waiting, 1).await), Some(Failure::Conflict));
    job_retry(&ctx, &waiting).await.expect("tried again");
    assert_eq!(job_get(&ctx, &waiting).await.expect("the job").status, JobStatus::Uploaded);
    // Not confirmed: its file goes at once, and with it the way back.
    let checked = uploaded(&ctx).await;
    sqlx::query("update job set status = 'VALIDATED' where id = $1::uuid")
        .bind(&checked)
        .execute(&test.admin)
        .await
        .expect("set");
    job_cancel(&ctx, &checked).await.expect("cancelled");
    let told = job_get(&ctx, &checked).await.expect("the job");
    assert_eq!((told.status, told.retriable), (JobStatus::Cancelled, false));
    assert_eq!(messages(&test, "district-a").await, [""; 0], "he did it himself");
}

/// SYS_ADMIN watches over all jobs and sees of none what it works on; everybody else sees his own.
#[tokio::test]
async fn a_system_administrator_sees_jobs_without_what_they_hold() {
    let test = with_queue().await;
    let (a, b) = (city::ctx(&test.database, "district-a").await, city::ctx(&test.database, "district-b").await);
    let admin = city::ctx(&test.database, "admin").await;
    let (mine, other) = (confirmed(&test, &a).await, uploaded(&b).await);
    let all = job_list(&admin, &ListQuery::default()).await.expect("jobs");
    assert_eq!(all.rows.len(), 2);
    let shown = serde_json::to_string(&all).expect("json");
    assert!(!shown.contains("张三"), "{shown}");
    assert!(all.rows.iter().all(|job| !job.mine && !job.file && !job.retriable && job.kind == JobKind::Import));
    assert_eq!(refused(job_rows(&admin, &mine, 0, 10).await), Some(Failure::NotFound));
    assert_eq!(refused(job_retry(&admin, &mine).await), Some(Failure::NotFound));
    let own: Vec<String> =
        job_list(&a, &ListQuery::default()).await.expect("jobs").rows.into_iter().map(|job| job.id).collect();
    assert_eq!(own, [mine.as_str()]);
    assert_eq!(refused(job_get(&a, &other).await), Some(Failure::NotFound));
    assert!(
        job_list(&city::ctx(&test.database, "city").await, &ListQuery::default()).await.expect("jobs").rows.is_empty()
    );

    job_cancel(&admin, &mine).await.expect("the administrator stops it");
    assert_eq!(messages(&test, "district-a").await, ["任务“导入建筑信息”已被测试admin取消：已取消，已导入的行保留"]);
    assert!(job_get(&a, &mine).await.expect("the job").retriable, "its starter may go on");
}

#[tokio::test]
async fn what_an_export_made_is_its_starters_alone() {
    let test = with_queue().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let query = ListQuery { q: "李四".into(), ..ListQuery::default() };
    let job = export_create(&ctx, "unit", &query, 6_000).await.expect("a job");
    let noted = "select count(*) from audit_log where action = 'EXPORT'";
    assert_eq!(
        sqlx::query_scalar::<_, i64>(noted).fetch_one(&test.admin).await.expect("a count"),
        0,
        "nothing has left"
    );
    let rest: i64 = sqlx::query_scalar("select count(*) from job j where j::text like '%李四%'")
        .fetch_one(&test.admin)
        .await
        .expect("a count");
    assert_eq!(rest, 0, "what was searched for is sealed");

    let work = export_load(&test.database, &job).await.expect("asked").expect("work");
    assert_eq!((work.list.as_str(), work.rows, &work.query), ("unit", 6_000, &query));
    export_progress(&test.database, &job, 0, 1_000).await.expect("progress");
    assert_eq!(
        refused(export_progress(&test.database, &job, 0, 1_000).await),
        Some(Failure::Conflict),
        "another worker"
    );
    assert_eq!(job_get(&ctx, &job).await.expect("the job").progress().as_deref(), Some("1000 / 6000"));
    assert_eq!(refused(job_result(&ctx, &job).await), Some(Failure::NotFound), "not yet");

    job_cancel(&ctx, &job).await.expect("cancelled");
    assert_eq!(refused(export_progress(&test.database, &job, 1_000, 2_000).await), Some(Failure::Conflict));
    assert_eq!(refused(export_end(&ctx, &job, 1_000, b"late").await), Some(Failure::Conflict));
    job_retry(&ctx, &job).await.expect("tried again");
    export_load(&test.database, &job).await.expect("asked").expect("it begins anew");
    export_progress(&test.database, &job, 0, 18).await.expect("progress");
    export_end(&ctx, &job, 18, b"PK the file").await.expect("the end");
    let noted: Vec<(String, i32, bool)> = sqlx::query_as(
        "select a.object_type, a.rows, u.login = 'district-a' from audit_log a join app_user u on u.id = a.actor_id
         where a.action = 'EXPORT'",
    )
    .fetch_all(&test.admin)
    .await
    .expect("lines");
    assert_eq!(noted, [("unit".to_owned(), 18, true)], "what it holds, not the 6000 that were asked for");
    assert_eq!(job_result(&ctx, &job).await.expect("the file"), ("房源.xlsx".to_owned(), b"PK the file".to_vec()));
    let at_rest: Vec<u8> =
        sqlx::query_scalar("select content from job_file").fetch_one(&test.admin).await.expect("a file");
    assert!(!at_rest.windows(3).any(|part| part == b"PK "), "it is sealed");
    for login in ["city", "district-b", "admin", "finance"] {
        let other = city::ctx(&test.database, login).await;
        assert_eq!(refused(job_result(&other, &job).await), Some(Failure::NotFound), "{login}");
    }
    assert_eq!(messages(&test, "district-a").await, ["任务“导出房源”已完成：共18条"]);
    // Whoever sees something else since does not get it, and whoever sees the whole city does.
    let outside = Some(Failure::refused("数据范围已变更，请重新导出"));
    let moved = async |organization: &str| {
        sqlx::query(
            "update app_user set organization_id = (select id from organization where code = $1) where login = 'district-a'",
        )
        .bind(organization)
        .execute(&test.admin)
        .await
        .expect("moved");
        refused(job_result(&city::ctx(&test.database, "district-a").await, &job).await)
    };
    assert_eq!(moved("810102").await, outside);
    assert_eq!(moved("CITY").await, None);
    assert_eq!(moved("810101").await, None);
    sqlx::raw_sql(
        "insert into user_estate select u.id, e.id from app_user u, estate e
         where u.login = 'district-a' and e.name = '月光苑'",
    )
    .execute(&test.admin)
    .await
    .expect("limited");
    assert_eq!(moved("810101").await, outside, "one estate of the district");
    sqlx::raw_sql("delete from user_estate where user_id = (select id from app_user where login = 'district-a')")
        .execute(&test.admin)
        .await
        .expect("as before");
    // Whoever lost the right since does not get what he took with it.
    sqlx::raw_sql("delete from role_permission where permission = 'housing:stock:export'")
        .execute(&test.admin)
        .await
        .expect("set");
    let ctx = city::ctx(&test.database, "district-a").await;
    assert_eq!(refused(job_result(&ctx, &job).await), Some(Failure::Forbidden));
}

#[tokio::test]
async fn an_export_has_bounds_and_a_failure_is_told() {
    let test = with_queue().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let query = ListQuery::default();
    let sentence = "导出条数须为1至50000，请减少条数或缩小查询范围";
    for rows in [0, 50_001] {
        assert_eq!(refused(export_create(&ctx, "unit", &query, rows).await), Some(Failure::refused(sentence)));
    }
    sqlx::raw_sql("insert into parameter (code, value, valid_from) values ('PRM-01', '7000', '2020-01-01')")
        .execute(&test.admin)
        .await
        .expect("set");
    assert!(refused(export_create(&ctx, "unit", &query, 7_001).await).is_some(), "the city allows fewer");
    assert_eq!(refused(export_create(&ctx, "nothing", &query, 10).await), Some(Failure::NotFound));
    let entry = city::ctx(&test.database, "admin").await;
    assert_eq!(refused(export_create(&entry, "unit", &query, 10).await), Some(Failure::Forbidden));
    let job = export_create(&ctx, "unit", &query, 7_000).await.expect("a job");
    job_refuse(&test.database, &job, "没有完成").await.expect("refused");
    let told = job_get(&ctx, &job).await.expect("the job");
    assert_eq!((told.status, told.retriable, told.result.as_deref()), (JobStatus::Failed, true, Some("没有完成")));
    assert_eq!(messages(&test, "district-a").await, ["任务“导出房源”未能完成：没有完成"]);
}

/// One instance at a time, by whatever process; on, off, and now.
#[tokio::test]
async fn plans_run_one_at_a_time() {
    let test = TestDatabase::with_city().await;
    let database = &test.database;
    let (admin, city) = (city::ctx(database, "admin").await, city::ctx(database, "city").await);
    let now = Utc::now();
    let sweep = Plan::Housekeeping;
    let turn = plan_take(database, sweep, now, false).await.expect("asked").expect("it never ran: it is due");
    assert!(plan_take(database, sweep, now, false).await.expect("asked").is_none(), "somebody is at it");
    assert!(
        plan_take(database, Plan::SearchIndex, now, false).await.expect("asked").is_some(),
        "another plan is not held"
    );
    let shown = plan_list(&admin).await.expect("plans");
    for plan in Plan::ALL {
        assert!(shown.iter().any(|row| row.plan == plan), "{plan:?} has no row: nobody would get a turn at it");
    }
    let running = shown.iter().find(|row| row.plan == sweep).expect("a row");
    assert!(running.started_at.is_some() && running.ended_at.is_none());
    turn.end(database, &Ok(Some("清理：会话1".to_owned())), now).await.expect("ended");
    assert!(plan_take(database, sweep, now, false).await.expect("asked").is_none(), "it is not due");
    // By somebody who comes after that run has begun.
    plan_ask(&city::ctx(database, "admin").await, sweep).await.expect("asked for");
    let later = Utc::now() + TimeDelta::seconds(5);
    let turn = plan_take(database, sweep, later, false).await.expect("asked").expect("asked for");
    turn.end(database, &Err("坏了".to_owned()), later).await.expect("ended");
    assert!(plan_take(database, sweep, later, false).await.expect("asked").is_none(), "asked for once");
    let shown = plan_list(&admin).await.expect("plans");
    let row = shown.iter().find(|row| row.plan == sweep).expect("a row");
    assert_eq!((row.ok, row.result.as_deref(), row.asked), (Some(false), Some("坏了"), false));

    plan_switch(&admin, sweep, false).await.expect("switched off");
    assert!(plan_take(database, sweep, now + TimeDelta::days(1), false).await.expect("asked").is_none());
    assert_eq!(refused(plan_ask(&admin, sweep).await), Some(Failure::refused("任务已停用，请先启用")));
    let sentence = "“操作日志存证”是系统运行所必需的，不能停用";
    assert_eq!(refused(plan_switch(&admin, Plan::AuditSeal, false).await), Some(Failure::refused(sentence)));
    assert_eq!(refused(plan_switch(&city, sweep, true).await), Some(Failure::Forbidden));
    assert_eq!(refused(plan_list(&city).await), Some(Failure::Forbidden));
    let noted = "select count(*) from audit_log where object_type = 'job_plan' and action = 'UPDATE'";
    assert_eq!(sqlx::query_scalar::<_, i64>(noted).fetch_one(&test.admin).await.expect("a count"), 2);
}
