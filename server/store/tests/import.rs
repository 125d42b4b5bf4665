//! The course of every import (domain.md §7.0): what counts, which of two rows wins, that a check says
//! the same as the import, and that a crash in the middle neither loses nor repeats a row.

mod mixed;

use crate::support::{
    TestDatabase, city,
    sheet::{importer, numbered, row, take, told},
};
use domain::{
    failure::Failure,
    import::{ImportStatus, SheetKey},
};
use mixed::mixed;
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, HashSet};
use store::{
    Ctx,
    import::{
        Import, Outcome, RawRow,
        job::{job_cancel, job_confirm, job_get, job_load, job_note, job_refuse, job_rows, job_total},
    },
};

async fn count(test: &TestDatabase, what: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {what}")))
        .fetch_one(&test.admin)
        .await
        .expect("a count")
}

/// The number of rows of every table, to see that nothing was written.
async fn everything(test: &TestDatabase) -> BTreeMap<String, i64> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r'",
    )
    .fetch_all(&test.admin)
    .await
    .expect("tables");
    let mut counts = BTreeMap::new();
    for table in tables {
        let rows = count(test, &table).await;
        counts.insert(table, rows);
    }
    counts
}

#[tokio::test]
async fn a_check_writes_nothing_and_says_what_the_import_says() {
    let test = TestDatabase::with_city().await;
    crate::support::tenancy::rent_data(&test).await;
    crate::support::tenancy::meter_data(&test).await;
    crate::support::tenancy::lease_data(&test).await;
    for sheet in SheetKey::ALL {
        let ctx = city::ctx(&test.database, importer(sheet)).await;
        let before = everything(&test).await;
        let checked = take(&ctx, sheet, false, mixed(sheet)).await;
        assert_eq!(everything(&test).await, before, "{sheet:?}: a check writes nothing");
        let table = match sheet {
            SheetKey::Building => "unit",
            SheetKey::User => "app_user",
            SheetKey::Calendar => "holiday",
            SheetKey::RentAdjustment => "rent_change",
            // The rows are there; each that is read is noted.
            SheetKey::MeterReading => "meter_history",
            SheetKey::TakeOver => "take_over_row",
            other => other.code(),
        };
        let rows = count(&test, table).await;
        let taken = take(&ctx, sheet, true, mixed(sheet)).await;
        assert_eq!((checked.succeeded, told(&checked)), (taken.succeeded, told(&taken)), "{sheet:?}: check and import");
        assert_eq!(
            count(&test, table).await - rows,
            i64::from(taken.succeeded),
            "{sheet:?}: what is told is what is there"
        );
        assert!(taken.succeeded > 0 && taken.failed.len() > 1, "{sheet:?} has rows of both kinds");
    }
}

/// Takes every row in a chunk of its own, as rows far apart in a long file are.
async fn take_apart(ctx: &Ctx, sheet: SheetKey, write: bool) -> (u32, Vec<(i32, String)>) {
    let mut import = Import::start(ctx, sheet, write).await.expect("started");
    let (mut succeeded, mut failed) = (0, Vec::new());
    for row in numbered(mixed(sheet)) {
        let outcome = import.chunk(vec![row], None).await.expect("a chunk");
        succeeded += outcome.succeeded;
        failed.extend(told(&outcome));
    }
    (succeeded, failed)
}

#[tokio::test]
async fn it_does_not_matter_how_far_apart_rows_are() {
    let test = TestDatabase::with_city().await;
    crate::support::tenancy::rent_data(&test).await;
    crate::support::tenancy::meter_data(&test).await;
    crate::support::tenancy::lease_data(&test).await;
    for sheet in SheetKey::ALL {
        let ctx = city::ctx(&test.database, importer(sheet)).await;
        let together = take(&ctx, sheet, false, mixed(sheet)).await;
        let together = (together.succeeded, told(&together));
        assert_eq!(take_apart(&ctx, sheet, false).await, together, "{sheet:?}: checked");
        assert_eq!(take_apart(&ctx, sheet, true).await, together, "{sheet:?}: imported");
    }
}

#[tokio::test]
async fn of_duplicates_in_a_file_the_first_good_one_wins() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let estate = |address: &str| row(SheetKey::Estate, &[("小区地址", address)]);
    let rows = vec![
        estate(""),
        estate("一路"),
        estate("二路"),
        row(SheetKey::Estate, &[("所属区县", "810101"), ("小区地址", "三路")]),
    ];
    let outcome = take(&ctx, SheetKey::Estate, true, rows).await;
    let expected = vec![
        (2, "第2行【小区地址】不能为空".to_owned()),
        (4, "文件内第3行与第4行重复".to_owned()),
        (5, "文件内第3行与第5行重复".to_owned()),
    ];
    assert_eq!((outcome.succeeded, told(&outcome)), (1, expected));
    assert_eq!(count(&test, "estate where name = '新苑' and address = '一路'").await, 1);
}

#[tokio::test]
async fn duplicates_are_found_across_chunks() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let mut import = Import::start(&ctx, SheetKey::Building, false).await.expect("started");
    let rows = numbered(vec![row(SheetKey::Building, &[]), row(SheetKey::Building, &[])]);
    assert_eq!(told(&import.chunk(vec![rows[0].clone()], None).await.expect("a chunk")), []);
    assert_eq!(
        told(&import.chunk(vec![rows[1].clone()], None).await.expect("a chunk")),
        [(3, "文件内第2行与第3行重复".to_owned())]
    );
}

/// A file of `rooms` flats; every tenth row is bad, every seventh repeats the one before it.
fn flats(rooms: usize) -> Vec<RawRow> {
    let rows = (1..=rooms).map(|number| {
        let room = if number % 7 == 0 { number - 1 } else { number };
        let layout = if number % 10 == 0 { "大平层" } else { "两居室" };
        row(SheetKey::Building, &[("房号", &room.to_string()), ("户型", layout)])
    });
    numbered(rows.collect())
}

/// What a run without interruption says about [`flats`].
fn judged(rooms: usize) -> (usize, BTreeMap<i32, String>) {
    let (mut first, mut failed) = (BTreeMap::new(), BTreeMap::new());
    for number in 1..=rooms {
        let row_no = i32::try_from(number + 1).expect("a small file");
        let room = if number % 7 == 0 { number - 1 } else { number };
        if number % 10 == 0 {
            failed.insert(row_no, "【户型】取值不在字典范围内：大平层".to_owned());
        } else if let Some(earlier) = first.get(&room) {
            failed.insert(row_no, format!("文件内第{earlier}行与第{row_no}行重复"));
        } else {
            first.insert(room, row_no);
        }
    }
    (first.len(), failed)
}

/// An import under way, with a file that a worker would load.
async fn new_job(test: &TestDatabase, ctx: &Ctx) -> String {
    let job = job_note(ctx, SheetKey::Building, "flats.xlsx", "d1").await.expect("a job").id;
    sqlx::query("insert into job_file values ($1::uuid, '\\x00')")
        .bind(&job)
        .execute(&test.admin)
        .await
        .expect("a file");
    job
}

/// The server is killed after some chunks, once even inside one; the next run begins where the database says.
#[tokio::test]
async fn after_a_crash_the_counts_are_exact_and_nothing_is_there_twice() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let (rows, job) = (flats(200), new_job(&test, &ctx).await);
    job_total(&test.database, &job, 200).await.expect("a total");
    let mut killed_after = [3_usize, 2, 0, 9].into_iter();
    let mut runs = 0;
    while let Some(work) = job_load(&test.database, &job).await.expect("the job") {
        runs += 1;
        assert_eq!((work.status, work.actor), (ImportStatus::Executing, ctx.actor().id.0));
        let failed: HashSet<u32> = work.failed_rows.into_iter().collect();
        let mut import = Import::start(&ctx, SheetKey::Building, true).await.expect("started");
        let (done, left): (Vec<RawRow>, Vec<RawRow>) =
            rows.iter().cloned().partition(|row| row.row_no <= work.done_row);
        import.replay(&done, &failed);
        let chunks: Vec<&[RawRow]> = left.chunks(20).collect();
        let until = killed_after.next().unwrap_or(usize::MAX);
        for chunk in chunks.iter().take(until) {
            import.chunk(chunk.to_vec(), Some(&job)).await.expect("a chunk");
        }
        if until >= chunks.len() {
            import.end(&job).await.expect("the end");
        } else {
            // The next chunk is under way when the process dies: its transaction never ends.
            let open = tokio::time::timeout(
                std::time::Duration::from_micros(200),
                import.chunk(chunks[until].to_vec(), Some(&job)),
            );
            assert!(open.await.is_err(), "it was cut off");
        }
    }
    assert_eq!(runs, 4);
    let (succeeded, failed) = judged(200);
    let told = job_get(&ctx, &job).await.expect("the job");
    assert_eq!(
        (told.status, told.total, told.succeeded, told.failed),
        (ImportStatus::Finished, Some(200), succeeded as i32, failed.len() as i32)
    );
    assert_eq!(told.result_text(), format!("成功{succeeded}条，失败{}条", failed.len()));
    let rows = job_rows(&ctx, &job, 0, 1_000).await.expect("failed rows");
    assert_eq!(rows.iter().map(|row| (row.row_no, row.reason())).collect::<BTreeMap<_, _>>(), failed);
    for table in ["unit", "room", "unit_history"] {
        assert_eq!(
            count(&test, &format!("{table} t join estate e on e.id = t.estate_id where e.name = '新苑'")).await,
            succeeded as i64,
            "{table}"
        );
    }
    assert_eq!(count(&test, "job_file").await, 0, "the file is dropped with the end");
    assert!(job_load(&test.database, &job).await.expect("the job").is_none(), "nothing is left to do");
}

/// Each chunk moves the job's mark in its own transaction: the bar moves, and never runs ahead.
#[tokio::test]
async fn progress_is_what_is_saved() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let job = new_job(&test, &ctx).await;
    let mut import = Import::start(&ctx, SheetKey::Building, true).await.expect("started");
    for (done, chunk) in (1..).zip(flats(60).chunks(20)) {
        import.chunk(chunk.to_vec(), Some(&job)).await.expect("a chunk");
        let told = job_get(&ctx, &job).await.expect("the job");
        assert_eq!(told.succeeded + told.failed, done * 20);
        assert_eq!(
            count(&test, "unit u join estate e on e.id = u.estate_id where e.name = '新苑'").await,
            i64::from(told.succeeded)
        );
    }
}

#[tokio::test]
async fn a_chunk_that_breaks_saves_nothing_of_itself() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let mut import = Import::start(&ctx, SheetKey::Building, true).await.expect("started");
    let before = everything(&test).await;
    // No such job: the last step of the chunk fails, as any other could.
    let broken = import.chunk(flats(20), Some("00000000-0000-0000-0000-000000000000")).await;
    assert!(broken.is_err());
    assert_eq!(everything(&test).await, before);
}

/// Signs that no sheet of paper shows must not stop the whole file on their way into the log.
#[tokio::test]
async fn a_failed_row_is_logged_with_any_text_in_it() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let job = new_job(&test, &ctx).await;
    let mut import = Import::start(&ctx, SheetKey::Building, true).await.expect("started");
    let strange = "<img src=x onerror=alert(1)>\u{0}\u{1}\"'\\{},\u{1F3E0}";
    let rows = numbered(vec![
        row(SheetKey::Building, &[("户型", "没有"), ("备注", strange)]),
        row(SheetKey::Building, &[("备注", strange)]),
    ]);
    let outcome: Outcome = import.chunk(rows, Some(&job)).await.expect("the chunk is not lost");
    assert_eq!((outcome.succeeded, outcome.failed.len()), (1, 1));
    let logged = job_rows(&ctx, &job, 0, 10).await.expect("the log");
    assert!(logged[0].raw.iter().any(|cell| cell.starts_with("<img src=x onerror=alert(1)>")), "{:?}", logged[0].raw);
}

/// A job belongs to its person and is seen in its district.
#[tokio::test]
async fn jobs_are_answered_by_their_person() {
    let test = TestDatabase::with_city().await;
    let (mine, other) = (city::ctx(&test.database, "district-a").await, city::ctx(&test.database, "district-b").await);
    let job = new_job(&test, &mine).await;
    assert!(job_get(&mine, &job).await.is_ok());
    assert!(job_get(&mine, &job).await.expect("the job").mine);
    assert!(!job_get(&city::ctx(&test.database, "city").await, &job).await.expect("seen by the city").mine);
    // Who may import nothing reads nobody's rows, and who imports another sheet none of this one, also in the own district.
    for (login, told) in [("leader", Failure::Forbidden), ("finance", Failure::NotFound)] {
        let ctx = city::ctx(&test.database, login).await;
        for failure in [job_get(&ctx, &job).await.err(), job_rows(&ctx, &job, 0, 10).await.err()] {
            assert_eq!(failure.map(Failure::from), Some(told.clone()), "{login}");
        }
    }
    for failure in [
        job_get(&other, &job).await.err(),
        job_rows(&other, &job, 0, 10).await.err(),
        job_confirm(&other, &job).await.err(),
    ] {
        assert_eq!(failure.map(Failure::from), Some(Failure::NotFound));
    }
    assert!(job_confirm(&mine, &job).await.is_ok(), "said twice it is said once");
    assert_eq!(job_cancel(&other, &job).await.map_err(Failure::from), Err(Failure::NotFound));
    job_refuse(&test.database, &job, "文件已损坏或加密，无法读取").await.expect("refused");
    let told = job_get(&mine, &job).await.expect("the job");
    assert_eq!((told.status, told.message.as_deref()), (ImportStatus::Failed, Some("文件已损坏或加密，无法读取")));
    assert_eq!(
        job_confirm(&mine, &job).await.map_err(Failure::from),
        Err(Failure::refused("该导入任务已处理，请刷新查看结果")),
        "it was refused"
    );
    assert_eq!(
        job_cancel(&mine, &job).await.map_err(Failure::from),
        Err(Failure::refused("该任务已结束，请刷新查看结果")),
        "it has ended"
    );
}

/// The same file again is taken, with a warning (S1-3.1).
#[tokio::test]
async fn a_file_imported_before_is_pointed_out() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let first = new_job(&test, &ctx).await;
    Import::start(&ctx, SheetKey::Building, true).await.expect("started").end(&first).await.expect("the end");
    let again = job_note(&city::ctx(&test.database, "district-a").await, SheetKey::Building, "again.xlsx", "d1")
        .await
        .expect("a job")
        .id;
    let told = job_get(&ctx, &again).await.expect("the job");
    assert_eq!(
        told.repeats.map(|at| at.timestamp_micros()),
        Some(job_get(&ctx, &first).await.expect("the first").created_at.timestamp_micros())
    );
    let other = job_note(&ctx, SheetKey::Building, "other.xlsx", "d2").await.expect("a job").id;
    assert_eq!(job_get(&ctx, &other).await.expect("the job").repeats, None);
}
