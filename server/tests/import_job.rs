//! Import jobs between browser, queue and command line: requests that come twice, attempts that fail, processes that
//! are killed.

use crate::support::{
    TestDatabase,
    city::{UNITS, ctx},
    sheet::row,
};
use domain::import::{ImportJob, ImportStatus, SheetKey};
use server::{
    import::{Command as Line, CommandEnd, import_files, run_job},
    jobs::run_attempt,
    workbook::{template::template_of, write},
};
use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use store::{
    Database,
    import::{
        CHUNK_ROWS,
        job::{Upload, job_confirm, job_create, job_get, job_note, jobs_settle},
    },
    platform::{
        job::{job_cancel, job_retry},
        token::{hex, random_bytes, short_id},
    },
};

const SHEET: SheetKey = SheetKey::Building;

/// `count` flats, the last digit of whose number says what is wrong: 3 a bad layout, 7 the number of the one before.
fn flats(count: usize) -> Vec<u8> {
    let flat = |number: usize| {
        let room = if number % 10 == 7 { number - 1 } else { number };
        let layout = if number % 10 == 3 { "大平层" } else { "两居室" };
        row(SHEET, &[("楼栋号", &(number / 500).to_string()), ("房号", &room.to_string()), ("户型", layout)])
    };
    let template = template_of(SHEET);
    let rows = (1..=count).map(|number| flat(number).into_iter().map(Cow::Owned).collect());
    write::rows(template.title, &template.headers(), rows).expect("a workbook")
}

/// A queue without anybody who works on it.
async fn with_queue() -> TestDatabase {
    let test = TestDatabase::with_city().await;
    let queue = server::jobs::start(&test.database, std::future::ready(())).await.expect("the queue's tables");
    queue.await.expect("the worker ends at once");
    test
}

async fn upload(database: &Database, content: &[u8]) -> String {
    let request_id = hex(&random_bytes()[..16]);
    let upload =
        Upload { sheet: SHEET, file_name: "flats.xlsx", content, request_id: &request_id, update_known: false };
    job_create(&ctx(database, "district-a").await, upload).await.expect("a job")
}

async fn job(test: &TestDatabase, id: &str) -> ImportJob {
    job_get(&ctx(&test.database, "city").await, id).await.expect("the job is in the log")
}

async fn number(test: &TestDatabase, statement: &str) -> i64 {
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(statement.to_owned()));
    query.fetch_one(&test.admin).await.unwrap_or_else(|error| panic!("{statement}: {error}"))
}

async fn execute(test: &TestDatabase, statement: &'static str) {
    sqlx::raw_sql(statement).execute(&test.admin).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// The browser sends again what it does not know to have arrived, also while the first is still on its way.
#[tokio::test]
async fn the_same_request_many_times_at_once_is_one_job() {
    let test = with_queue().await;
    let (actor, content, request_id) = (ctx(&test.database, "city").await, flats(1), hex(&random_bytes()[..16]));
    let mut sent = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (actor, content, request_id) = (actor.clone(), content.clone(), request_id.clone());
        sent.spawn(async move {
            let upload = Upload {
                sheet: SHEET,
                file_name: "a.xlsx",
                content: &content,
                request_id: &request_id,
                update_known: false,
            };
            job_create(&actor, upload).await.expect("every one of them is answered")
        });
    }
    let mut ids = sent.join_all().await;
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(number(&test, "select count(*) from job").await, 1);
    assert_eq!(number(&test, "select count(*) from job_file").await, 1);
    // Of another person it is another request.
    let other = ctx(&test.database, "district-a").await;
    let upload =
        Upload { sheet: SHEET, file_name: "a.xlsx", content: &content, request_id: &request_id, update_known: false };
    assert_ne!(job_create(&other, upload).await.expect("a job"), ids[0]);
}

/// Makes every write of a unit fail, as a full disk would.
const BREAK: &str =
    "create function broken() returns trigger language plpgsql as $$ begin raise exception 'no space'; end $$;
     create trigger broken before insert on unit execute function broken()";

#[tokio::test]
async fn after_the_last_attempt_a_job_says_so() {
    let test = with_queue().await;
    let id = upload(&test.database, &flats(5)).await;
    run_job(&test.database, &id).await.expect("the check");
    job_confirm(&ctx(&test.database, "district-a").await, &id).await.expect("confirmed");
    execute(&test, BREAK).await;
    for last in [false, true] {
        let work = run_job(&test.database, &id);
        let error = run_attempt(&test.database, &id, last, work).await.expect_err("it is broken");
        assert!(error.contains("no space"), "{error}");
        let told = job(&test, &id).await;
        assert_eq!(told.status, if last { ImportStatus::Failed } else { ImportStatus::Executing });
    }
    let message = job(&test, &id).await.message.expect("a sentence");
    assert!(
        message.starts_with("多次尝试后仍未能完成（已保存的内容保留），可以重试") && !message.contains("no space"),
        "{message}"
    );
    // Mended, it goes on with the file that it was given.
    assert!(job_get(&ctx(&test.database, "district-a").await, &id).await.expect("the job").retriable);
    execute(&test, "drop trigger broken on unit").await;
    job_retry(&ctx(&test.database, "district-a").await, &id).await.expect("tried again");
    run_job(&test.database, &id).await.expect("the import");
    let done = job(&test, &id).await;
    assert_eq!((done.status, i64::from(done.succeeded)), (ImportStatus::Finished, good(5)));
    let told: Vec<String> =
        sqlx::query_scalar("select content from message order by id").fetch_all(&test.admin).await.expect("messages");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("任务“导入建筑信息”未能完成：多次尝试后仍未能完成"), "{told:?}");
    assert_eq!(told[1], "任务“导入建筑信息”已完成：成功4条，失败1条");
}

/// Jobs that nobody comes back to are ended; all others are left alone.
#[tokio::test]
async fn only_what_nobody_works_on_is_settled() {
    let test = with_queue().await;
    let database = &test.database;
    let actor = ctx(database, "district-a").await;
    let waiting = upload(database, &flats(1)).await;
    let checked = upload(database, &flats(1)).await;
    run_job(database, &checked).await.expect("the check");
    let given_up = upload(database, &flats(1)).await;
    let at_work = job_note(&actor, SHEET, "a.xlsx", "d1").await.expect("a job");
    let gone = job_note(&actor, SHEET, "b.xlsx", "d2").await.expect("a job").id;
    execute(&test, "update job set succeeded = 3, failed = 1 where digest = 'd2'").await;
    let exhaust =
        sqlx::query("update graphile_worker._private_jobs set attempts = max_attempts where key = 'import:' || $1");
    exhaust.bind(&given_up).execute(&test.admin).await.expect("the queue gave up");
    eventually("the lock of the dropped job is free", async || jobs_settle(database).await.expect("settled") > 0).await;
    while jobs_settle(database).await.expect("settled") > 0 {}
    for (id, status) in [
        (&waiting, ImportStatus::Uploaded),
        (&checked, ImportStatus::Validated),
        (&given_up, ImportStatus::Failed),
        (&at_work.id, ImportStatus::Executing),
        (&gone, ImportStatus::Failed),
    ] {
        assert_eq!(job(&test, id).await.status, status, "{id}");
    }
    let told = job(&test, &gone).await;
    assert_eq!((told.message.as_deref(), told.succeeded, told.failed), (Some("导入进程中断，已导入的行保留"), 3, 1));
    assert_eq!(job(&test, &given_up).await.message.as_deref(), Some("校验进程中断，请重试"));
}

/// Waits for what another process or task brings about.
async fn eventually(what: &str, mut happened: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !happened().await {
        assert!(began.elapsed() < Duration::from_secs(90), "{what} never happened");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A folder that goes with its guard.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = Self(std::env::temp_dir().join(format!("import-{}", short_id())));
        std::fs::create_dir_all(&folder.0).expect("a folder");
        folder
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program itself, killed with its guard.
struct Process(Child);

impl Process {
    fn start(test: &TestDatabase, folder: &Folder, arguments: &[&str]) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_server"));
        // With the keys of this database: what was uploaded is sealed.
        let program = program.args(arguments).env("HOUSING_KEYS", crate::support::database::KEY);
        let program = program.env("DATABASE_URL", test.url()).env("HOUSING_DATA", &folder.0);
        let child = program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        Self(child.expect("the program starts"))
    }

    fn serve(test: &TestDatabase, folder: &Folder) -> Self {
        folder.file("build.txt", b"0123456789abcdef");
        let site = folder.0.display().to_string();
        Self::start(test, folder, &["serve", "--listen", "127.0.0.1:0", "--site", &site])
    }

    fn import(test: &TestDatabase, folder: &Folder, file: &Path) -> Self {
        let file = file.display().to_string();
        Self::start(test, folder, &["import", SHEET.code(), &file, "--as", "district-a", "--json"])
    }

    /// As the kernel kills: without a word.
    fn kill(mut self) {
        self.0.kill().expect("it was alive");
        self.0.wait().expect("it is gone");
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()).status();
        assert!(sent.expect("kill is there").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until some rows of the running import are in, but not all.
async fn in_the_middle(test: &TestDatabase, total: usize) {
    eventually("the import reached its middle", async || {
        number(test, "select coalesce(max(done_row), 0)::bigint from job where status = 'EXECUTING'").await > 0
    })
    .await;
    let done = number(test, "select max(succeeded + failed)::bigint from job where status = 'EXECUTING'").await;
    assert!(done > 0 && done < total as i64, "{done} of {total}: it was not in the middle");
}

/// No unit without its room and history, and all sums are what is there.
async fn whole(test: &TestDatabase, written: i64) {
    assert_eq!(number(test, "select count(*) from unit").await, UNITS + written);
    for other in ["room", "unit_history"] {
        let half =
            format!("select count(*) from unit u where (select count(*) from {other} x where x.unit_id = u.id) <> 1");
        assert_eq!(number(test, &half).await, 0, "{other}");
    }
    for tally in ["building_tally", "district_tally"] {
        assert_eq!(number(test, &format!("select sum(units)::bigint from {tally}")).await, UNITS + written, "{tally}");
    }
}

/// How many of so many flats go in.
fn good(count: usize) -> i64 {
    (1..=count).filter(|number| !matches!(number % 10, 3 | 7)).count() as i64
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_the_middle_of_an_import_goes_on_after_its_restart() {
    let test = with_queue().await;
    let (folder, count) = (Folder::new(), 4 * CHUNK_ROWS + 100);
    let id = upload(&test.database, &flats(count)).await;
    let first = Process::serve(&test, &folder);
    eventually("the check ended", async || job(&test, &id).await.status == ImportStatus::Validated).await;
    job_confirm(&ctx(&test.database, "district-a").await, &id).await.expect("confirmed");
    in_the_middle(&test, count).await;
    first.kill();
    let left = job(&test, &id).await;
    assert_eq!(left.status, ImportStatus::Executing, "nobody is there to say more");
    whole(&test, left.succeeded.into()).await;

    let _second = Process::serve(&test, &folder);
    eventually("the import ended", async || !job(&test, &id).await.status.is_running()).await;
    let done = job(&test, &id).await;
    assert_eq!((done.status, done.total), (ImportStatus::Finished, Some(count as i32)));
    assert_eq!((i64::from(done.succeeded), done.failed), (good(count), count as i32 - done.succeeded));
    assert_eq!(number(&test, "select count(*) from import_row").await, i64::from(done.failed));
    whole(&test, good(count)).await;
}

/// Two servers on one queue: an import is stopped under way, one of the servers is killed, the other goes on with it.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_the_work_of_a_job_that_is_cancelled_and_tried_again() {
    let test = with_queue().await;
    let (folders, count) = ([Folder::new(), Folder::new()], 4 * CHUNK_ROWS + 100);
    let actor = ctx(&test.database, "district-a").await;
    let id = upload(&test.database, &flats(count)).await;
    let first = Process::serve(&test, &folders[0]);
    let _second = Process::serve(&test, &folders[1]);
    eventually("the check ended", async || job(&test, &id).await.status == ImportStatus::Validated).await;
    job_confirm(&actor, &id).await.expect("confirmed");
    in_the_middle(&test, count).await;
    job_cancel(&actor, &id).await.expect("cancelled");
    let stopped = job(&test, &id).await;
    let decided = usize::try_from(stopped.succeeded + stopped.failed).expect("a count");
    assert_eq!(stopped.status, ImportStatus::Cancelled);
    assert!(decided > 0 && decided < count && decided.is_multiple_of(CHUNK_ROWS), "{decided}");
    assert_eq!(i64::from(stopped.succeeded), good(decided));
    whole(&test, stopped.succeeded.into()).await;

    job_retry(&actor, &id).await.expect("tried again");
    eventually("somebody went on", async || {
        let now = job(&test, &id).await;
        now.succeeded > stopped.succeeded || !now.status.is_running()
    })
    .await;
    first.kill();
    eventually("the import ended", async || !job(&test, &id).await.status.is_running()).await;
    let done = job(&test, &id).await;
    assert_eq!((done.status, i64::from(done.succeeded)), (ImportStatus::Finished, good(count)));
    whole(&test, good(count)).await;
    assert_eq!(number(&test, "select count(*) from message").await, 1, "one end, one message");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_killed_in_the_middle_is_seen_to_be_gone() {
    let test = with_queue().await;
    let (folder, count) = (Folder::new(), 4 * CHUNK_ROWS + 100);
    let file = folder.file("flats.xlsx", &flats(count));
    let command = Process::import(&test, &folder, &file);
    in_the_middle(&test, count).await;
    assert_eq!(jobs_settle(&test.database).await.expect("settled"), 0, "it is at work");
    command.kill();
    // The server that starts next, or that runs already, ends its job.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = server::jobs::start(&test.database, async {
        let _ = stopped.await;
    });
    let worker = worker.await.expect("a worker");
    eventually("the job was ended", async || {
        number(&test, "select count(*) from job where status = 'FAILED'").await == 1
    })
    .await;
    drop(stop);
    worker.await.expect("the worker ends");
    let id: String = sqlx::query_scalar("select id::text from job").fetch_one(&test.admin).await.expect("a job");
    let told = job(&test, &id).await;
    assert_eq!(told.message.as_deref(), Some("导入进程中断，已导入的行保留"));
    let decided = usize::try_from(told.succeeded + told.failed).expect("a count");
    assert!(decided > 0 && decided < count && decided.is_multiple_of(CHUNK_ROWS), "{decided}");
    assert_eq!(i64::from(told.succeeded), good(decided));
    whole(&test, told.succeeded.into()).await;
}

/// The service manager, or a terminal that is closed, asks it to stop: it says what is in, and the log says the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_told_to_stop_ends_its_job_itself() {
    for signal in ["TERM", "HUP"] {
        let test = TestDatabase::with_city().await;
        let (folder, count) = (Folder::new(), 4 * CHUNK_ROWS);
        let file = folder.file("flats.xlsx", &flats(count));
        let mut command = Process::import(&test, &folder, &file);
        in_the_middle(&test, count).await;
        command.signal(signal);
        assert_eq!(command.0.wait().expect("it ends").code(), Some(1), "{signal}");
        let (status, message, succeeded): (String, String, i32) =
            sqlx::query_as("select status, message, succeeded from job").fetch_one(&test.admin).await.expect("a job");
        assert_eq!((status.as_str(), message.as_str()), ("FAILED", "导入被中断，已导入的行保留"), "{signal}");
        whole(&test, succeeded.into()).await;
    }
}

/// A dry run of several files says what their import says, and writes nothing.
#[tokio::test]
async fn a_check_of_several_files_sees_what_is_in_two_of_them() {
    let test = TestDatabase::with_city().await;
    let folder = Folder::new();
    let file = |name: &str, rooms: &[&str]| {
        let template = template_of(SHEET);
        let rows = rooms.iter().map(|room| row(SHEET, &[("房号", room)]).into_iter().map(Cow::Owned).collect());
        folder.file(name, &write::rows(template.title, &template.headers(), rows).expect("a workbook"))
    };
    let files = vec![file("a.xlsx", &["1", "2", "1"]), file("b.xlsx", &["3", "2", "3"])];
    let line = |dry_run| Line {
        sheet: SHEET,
        files: files.clone(),
        login: "city".to_owned(),
        dry_run,
        update: false,
        json: true,
    };
    let mut reports = Vec::new();
    for dry_run in [true, false] {
        let CommandEnd::Done(report) = import_files(&test.database, &line(dry_run)).await else { panic!("refused") };
        let told: Vec<&str> = report.errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(
            told,
            ["文件内第2行与第4行重复", "新苑112已存在，不能重复导入", "文件内第2行与第4行重复"],
            "{dry_run}"
        );
        reports.push(report);
        assert_eq!(number(&test, "select count(*) from unit").await, UNITS + if dry_run { 0 } else { 3 });
    }
    assert_eq!(reports[0], reports[1]);
}

/// The very same file a second time: taken, with a word about it (S1-3.1).
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_points_out_a_file_that_was_imported_before() {
    let test = TestDatabase::with_city().await;
    let folder = Folder::new();
    let file = folder.file("flats.xlsx", &flats(2));
    for known in [false, true] {
        let mut command = Process::import(&test, &folder, &file);
        let mut told = String::new();
        std::io::Read::read_to_string(&mut command.0.stderr.take().expect("a pipe"), &mut told).expect("text");
        command.0.wait().expect("it ends");
        assert_eq!(told.contains("flats.xlsx：该文件曾于2") && told.contains("导入"), known, "{told}");
    }
}
