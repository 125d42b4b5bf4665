//! Import jobs (E-124): two workers on one job, a job whose process is gone, and the log (S1-3.2).

use crate::support::{
    TestDatabase, city,
    sheet::{Cells, numbered, row},
};
use chrono::{DateTime, Utc};
use domain::{
    failure::Failure,
    import::{ImportStatus, SheetKey},
    list::ListQuery,
};
use store::{
    Ctx, Error,
    import::{
        Import, RawRow,
        job::{
            job_check_begin, job_earlier, job_failures, job_get, job_list, job_note, job_refuse, job_rows, job_total,
        },
    },
};

const SHEET: SheetKey = SheetKey::Building;

async fn execute(test: &TestDatabase, statement: &'static str, job: &str) {
    sqlx::query(statement).bind(job).execute(&test.admin).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

async fn units(test: &TestDatabase) -> i64 {
    let sql = "select count(*) from unit u join estate e on e.id = u.estate_id where e.name = '新苑'";
    sqlx::query_scalar(sql).fetch_one(&test.admin).await.expect("a count")
}

/// Forty flats, of which every tenth fails.
fn flats() -> Vec<RawRow> {
    let flat = |number: usize| {
        let layout = if number.is_multiple_of(10) { "大平层" } else { "两居室" };
        row(SHEET, &[("房号", &number.to_string()), ("户型", layout)])
    };
    numbered((1..=40).map(flat).collect())
}

fn refused(result: Result<impl Sized, Error>) -> Option<Failure> {
    result.err().map(Failure::from)
}

/// Status, successes and failures as the log has them, and the failed rows there.
async fn counts(ctx: &Ctx, job: &str) -> (ImportStatus, i32, i32, usize) {
    let told = job_get(ctx, job).await.expect("the job");
    let rows = job_rows(ctx, job, 0, 100).await.expect("rows");
    (told.status, told.succeeded, told.failed, rows.len())
}

/// A worker that was paused wakes up when another has taken its job over: it stops, and nothing counts twice.
#[tokio::test]
async fn two_workers_on_one_import_do_the_work_of_one() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let job = job_note(&ctx, SHEET, "flats.xlsx", "d1").await.expect("a job").id;
    let rows = flats();
    let mut paused = Import::start(&ctx, SHEET, true).await.expect("started");
    paused.chunk(rows[..10].to_vec(), Some(&job)).await.expect("its first chunk");

    let mut other = Import::start(&ctx, SHEET, true).await.expect("started");
    other.replay(&rows[..10], &[11].into());
    other.chunk(rows[10..20].to_vec(), Some(&job)).await.expect("the other goes on");
    for late in [&rows[10..20], &rows[10..15], &rows[20..30]] {
        assert_eq!(refused(paused.chunk(late.to_vec(), Some(&job)).await), Some(Failure::Conflict));
    }
    assert_eq!(refused(paused.end(&job).await), Some(Failure::Conflict), "it did not see the end");
    assert_eq!(counts(&ctx, &job).await, (ImportStatus::Executing, 18, 2, 2));
    other.chunk(rows[20..].to_vec(), Some(&job)).await.expect("the rest");
    other.end(&job).await.expect("the end");
    assert_eq!(counts(&ctx, &job).await, (ImportStatus::Finished, 36, 4, 4));
    assert_eq!(units(&test).await, 36);

    // Whatever comes late finds the job ended.
    assert_eq!(refused(paused.chunk(rows[10..20].to_vec(), Some(&job)).await), Some(Failure::Conflict));
    assert_eq!(refused(paused.end(&job).await), Some(Failure::Conflict));
    assert_eq!(refused(other.end(&job).await), Some(Failure::Conflict));
    job_refuse(&test.database, &job, "太迟").await.expect("nothing happens");
    assert_eq!(counts(&ctx, &job).await, (ImportStatus::Finished, 36, 4, 4));
}

/// Two of them at the very same moment: the row of the job lets one through.
#[tokio::test]
async fn two_workers_at_once() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let job = job_note(&ctx, SHEET, "flats.xlsx", "d1").await.expect("a job").id;
    let mut one = Import::start(&ctx, SHEET, true).await.expect("started");
    let mut other = Import::start(&ctx, SHEET, true).await.expect("started");
    let (one, other) = tokio::join!(one.chunk(flats(), Some(&job)), other.chunk(flats(), Some(&job)));
    assert_ne!(one.is_ok(), other.is_ok());
    assert_eq!(refused(one).or(refused(other)), Some(Failure::Conflict));
    assert_eq!(counts(&ctx, &job).await, (ImportStatus::Executing, 36, 4, 4));
}

#[tokio::test]
async fn a_check_cannot_touch_what_is_past_its_check() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let job = job_note(&ctx, SHEET, "flats.xlsx", "d1").await.expect("a job").id;
    let set = "update job set status = 'UPLOADED' where id = $1::uuid";
    execute(&test, set, &job).await;
    job_check_begin(&test.database, &job, 40).await.expect("begun");
    let mut paused = Import::start(&ctx, SHEET, false).await.expect("started");
    paused.chunk(flats(), Some(&job)).await.expect("checked");
    // Another worker begins anew: what the first one saw to its end is not the end of this.
    job_check_begin(&test.database, &job, 40).await.expect("begun anew");
    assert_eq!(refused(paused.end(&job).await), Some(Failure::Conflict));
    let mut other = Import::start(&ctx, SHEET, false).await.expect("started");
    other.chunk(flats(), Some(&job)).await.expect("checked");
    other.end(&job).await.expect("the end");
    assert_eq!(counts(&ctx, &job).await, (ImportStatus::Validated, 36, 4, 4));
    for status in ["VALIDATED", "EXECUTING", "FINISHED", "FAILED", "CANCELLED"] {
        let set = sqlx::query("update job set status = $2 where id = $1::uuid").bind(&job).bind(status);
        set.execute(&test.admin).await.expect("a status");
        assert_eq!(refused(job_check_begin(&test.database, &job, 1).await), Some(Failure::Conflict), "{status}");
        assert_eq!(refused(paused.chunk(flats(), Some(&job)).await), Some(Failure::Conflict), "{status}");
        let told = job_get(&ctx, &job).await.expect("the job");
        assert_eq!((told.status.code(), told.total, told.succeeded), (status, Some(40), 36));
    }
}

/// A file that is refused during its check has no rows that went in.
#[tokio::test]
async fn a_check_that_is_given_up_counts_nothing() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    for (status, expected) in [("PARSING", (0, 0)), ("EXECUTING", (3, 2))] {
        let job = job_note(&ctx, SHEET, "flats.xlsx", "d1").await.expect("a job").id;
        let set = "update job set status = $2, succeeded = 3, failed = 2 where id = $1::uuid";
        sqlx::query(set).bind(&job).bind(status).execute(&test.admin).await.expect("a stage");
        job_refuse(&test.database, &job, "没有完成").await.expect("refused");
        let told = job_get(&ctx, &job).await.expect("the job");
        assert_eq!((told.status, told.succeeded, told.failed), (ImportStatus::Failed, expected.0, expected.1));
    }
}

async fn found(ctx: &Ctx, filters: &[(&str, &str)]) -> Vec<String> {
    let mut query = ListQuery::default();
    query.filter.extend(filters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let page = job_list(ctx, &query).await.expect("the log");
    assert_eq!(page.total, page.rows.len() as i64);
    page.rows.into_iter().map(|job| job.file_name).collect()
}

/// By operator, whose accounts the searching person cannot see, and by days as they are in China.
#[tokio::test]
async fn the_log_is_searched() {
    let test = TestDatabase::with_city().await;
    let city = city::ctx(&test.database, "city").await;
    for (login, file, at) in [
        ("city", "一.xlsx", "2026-03-01T15:59:59Z"),
        ("district-a", "二.xlsx", "2026-03-01T16:00:00Z"),
        ("district-b", "三.xlsx", "2026-03-02T16:00:00Z"),
    ] {
        let ctx = city::ctx(&test.database, login).await;
        let job = job_note(&ctx, SHEET, file, file).await.expect("a job").id;
        let at: DateTime<Utc> = at.parse().expect("an instant");
        let set = sqlx::query("update job set created_at = $2 where id = $1::uuid").bind(&job).bind(at);
        set.execute(&test.admin).await.expect("a time");
    }
    let cases: &[(Cells, &[&str])] = &[
        (&[], &["三.xlsx", "二.xlsx", "一.xlsx"]),
        (&[("operator", "district")], &["三.xlsx", "二.xlsx"]),
        (&[("operator", "测试district-b")], &["三.xlsx"]),
        (&[("operator", "%")], &[]),
        (&[("operator", "nobody")], &[]),
        (&[("since", "2026-03-02")], &["三.xlsx", "二.xlsx"]),
        (&[("until", "2026-03-01")], &["一.xlsx"]),
        (&[("since", "2026-03-02"), ("until", "2026-03-02")], &["二.xlsx"]),
        (&[("since", "2026-03-02"), ("operator", "district-a"), ("status", "EXECUTING")], &["二.xlsx"]),
        (&[("since", "昨天")], &[]),
        (&[("until", "+262142-12-31")], &[]),
        (&[("sheet", "estate")], &[]),
    ];
    for (filters, expected) in cases {
        assert_eq!(found(&city, filters).await, *expected, "{filters:?}");
    }
    // Searching by name shows nobody more than the own district.
    assert_eq!(found(&city::ctx(&test.database, "district-a").await, &[("operator", "d")]).await, ["二.xlsx"]);
    let cashier = city::ctx(&test.database, "cashier").await;
    assert_eq!(refused(job_list(&cashier, &ListQuery::default()).await), Some(Failure::Forbidden));
}

/// Whoever imports rents sees the jobs of that sheet, and nothing of others, not even that there was one.
#[tokio::test]
async fn a_sheet_is_read_by_whoever_imports_it() {
    let test = TestDatabase::with_city().await;
    let a = city::ctx(&test.database, "district-a").await;
    let finance = city::ctx(&test.database, "finance").await;
    let job = job_note(&a, SheetKey::Estate, "小区.xlsx", "d1").await.expect("a job").id;
    execute(&test, "update job set status = 'FINISHED' where id = $1::uuid", &job).await;
    assert_eq!(refused(job_get(&finance, &job).await), Some(Failure::NotFound));
    assert_eq!(refused(job_rows(&finance, &job, 0, 100).await), Some(Failure::NotFound));
    assert_eq!(job_earlier(&finance, SheetKey::Estate, "d1").await.expect("an answer"), None);
    assert!(job_earlier(&a, SheetKey::Estate, "d1").await.expect("an answer").is_some());
    execute(&test, "update job set sheet = 'rent_adjustment' where id = $1::uuid", &job).await;
    assert_eq!(found(&finance, &[]).await, ["小区.xlsx"]);
    assert!(job_earlier(&finance, SheetKey::RentAdjustment, "d1").await.expect("an answer").is_some());
    let told = refused(job_rows(&finance, &job, 0, 100).await);
    assert_eq!(told, Some(Failure::refused("失败数据含个人信息，仅上传人可以查看")));
    execute(&test, "update job set kind = 'EXPORT' where id = $1::uuid", &job).await;
    assert_eq!(job_earlier(&finance, SheetKey::RentAdjustment, "d1").await.expect("an answer"), None);
}

/// The page of a job shows each value under its column.
#[tokio::test]
async fn failed_rows_come_with_their_headers() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let job = job_note(&ctx, SHEET, "flats.xlsx", "d1").await.expect("a job").id;
    job_total(&test.database, &job, 40).await.expect("a total");
    let mut import = Import::start(&ctx, SHEET, true).await.expect("started");
    import.chunk(flats(), Some(&job)).await.expect("a chunk");
    let failed = job_failures(&ctx, &job).await.expect("rows");
    let cells: Vec<(&str, &str)> = failed.cells(&failed.rows[0]).collect();
    assert_eq!(failed.rows[0].row_no, 11);
    assert!(cells.contains(&("户型", "大平层")) && cells.contains(&("房号", "10")), "{cells:?}");
    assert!(cells.iter().all(|(label, value)| !label.is_empty() && !value.is_empty()), "{cells:?}");
}
