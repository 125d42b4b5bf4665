//! Imports from the file to the database: the queue's task and the command line, good files and bad ones.

use crate::support::{
    TestDatabase,
    city::{PASSWORD, UNITS, ctx},
    database::EmptyDatabase,
    sheet::{Cells, numbered, row},
};
use domain::{
    import::{ImportJob, ImportReport, ImportStatus, SheetKey},
    platform::setting::code,
};
use server::{
    hdb,
    import::{Command, CommandEnd, import_files, run_command, run_job},
    workbook::{template::template_of, write},
};
use std::{borrow::Cow, path::PathBuf, process::ExitCode};
use store::{
    Database,
    import::{
        CHUNK_ROWS, Import,
        job::{Upload, job_confirm, job_create, job_get, job_load, job_rows},
    },
    platform::{
        division::division_put,
        organization::city_seed,
        setting::setting_put,
        token::{hex, random_bytes},
        user::{NewUser, user_create},
    },
};

/// Rows of the sheet as a file.
fn file(sheet: SheetKey, rows: &[Vec<String>]) -> Vec<u8> {
    let template = template_of(sheet);
    let rows = rows.iter().map(|row| row.iter().map(|cell| Cow::Owned(cell.clone())).collect());
    write::rows(template.title, &template.headers(), rows).expect("a workbook")
}

fn units(changes: &[Cells<'_>]) -> Vec<Vec<String>> {
    changes.iter().map(|changes| row(SheetKey::Building, changes)).collect()
}

/// Puts a file where the queue would find it; no worker runs here, so the tests say when it works.
async fn upload(database: &Database, login: &str, sheet: SheetKey, content: &[u8]) -> String {
    let queue = server::jobs::start(database, std::future::ready(())).await.expect("the queue's tables");
    queue.await.expect("the worker ends at once");
    let request_id = hex(&random_bytes()[..16]);
    job_create(
        &ctx(database, login).await,
        Upload { sheet, file_name: "<b>房源</b>.xlsx", content, request_id: &request_id, update_known: false },
    )
    .await
    .expect("a job")
}

async fn job(database: &Database, id: &str) -> ImportJob {
    job_get(&ctx(database, "city").await, id).await.expect("the job is in the log")
}

/// Row number and reason of the rows that failed.
async fn failures(database: &Database, id: &str) -> Vec<(i32, String)> {
    let rows = job_rows(&ctx(database, "city").await, id, 0, 1_000).await.expect("failed rows");
    rows.iter().map(|row| (row.row_no, row.reason())).collect()
}

async fn units_there(test: &TestDatabase) -> i64 {
    sqlx_count(test, "select count(*) from unit").await
}

async fn sqlx_count(test: &TestDatabase, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(&test.admin).await.expect("a count")
}

#[tokio::test]
async fn good_rows_go_in_though_others_fail() {
    let test = TestDatabase::with_city().await;
    let rows = units(&[
        &[("房号", "101")],
        &[("房号", "102"), ("户型", "豪宅")],
        &[("房号", "101"), ("朝向", "南")],
        &[("房号", "103")],
    ]);
    let id = upload(&test.database, "city", SheetKey::Building, &file(SheetKey::Building, &rows)).await;

    run_job(&test.database, &id).await.expect("the check");
    let checked = job(&test.database, &id).await;
    assert_eq!(
        (checked.status, checked.total, checked.result_text().as_str()),
        (ImportStatus::Validated, Some(4), "成功2条，失败2条")
    );
    assert_eq!(units_there(&test).await, UNITS);

    job_confirm(&ctx(&test.database, "city").await, &id).await.expect("confirmed");
    run_job(&test.database, &id).await.expect("the import");
    let done = job(&test.database, &id).await;
    assert_eq!((done.status, done.result_text().as_str()), (ImportStatus::Finished, "成功2条，失败2条"));
    assert_eq!(units_there(&test).await, UNITS + 2);
    assert_eq!(
        failures(&test.database, &id).await,
        [(3, "【户型】取值不在字典范围内：豪宅".to_owned()), (4, "文件内第2行与第4行重复".to_owned())]
    );
    // Every unit has its room and its history; a further run has nothing to do.
    assert_eq!(
        sqlx_count(&test, "select count(*) from unit u where not exists (select from room r where r.unit_id = u.id)")
            .await,
        0
    );
    run_job(&test.database, &id).await.expect("nothing to do");
    assert_eq!(units_there(&test).await, UNITS + 2);
}

#[tokio::test]
async fn a_refused_file_ends_its_job() {
    let test = TestDatabase::with_city().await;
    let good = file(SheetKey::Building, &units(&[&[]]));
    let mut headers = template_of(SheetKey::Building).headers();
    let mut with = |change: fn(&mut Vec<String>)| {
        change(&mut headers);
        write::rows("数据", &headers, [vec![Cow::Borrowed("x")]]).expect("a workbook")
    };
    for (content, sentence) in [
        (b"a,b\n1,2".to_vec(), "文件类型不正确，请上传.xlsx或.xls文件"),
        (good[..good.len() / 2].to_vec(), "文件已损坏或加密，无法读取"),
        (file(SheetKey::Estate, &[]), "模板格式不正确，请下载最新模板"),
        (file(SheetKey::Building, &[]), "文件中没有数据"),
        (with(|headers| drop(headers.pop())), "模板版本过旧，请重新下载"),
        (with(|headers| headers.swap(0, 1)), "模板格式不正确，请下载最新模板"),
    ] {
        let id = upload(&test.database, "city", SheetKey::Building, &content).await;
        run_job(&test.database, &id).await.expect("the check");
        let refused = job(&test.database, &id).await;
        assert_eq!((refused.status, refused.message.as_deref()), (ImportStatus::Failed, Some(sentence)));
        assert!(job_load(&test.database, &id).await.expect("the database works").is_none(), "nothing is left to do");
    }
    assert_eq!(sqlx_count(&test, "select count(*) from job_file").await, 0);
}

#[tokio::test]
async fn an_import_cut_off_in_the_middle_goes_on_where_it_was() {
    let test = TestDatabase::with_city().await;
    // One chunk and a bit; a row of the second chunk repeats one of the first, and one that failed there.
    let count = CHUNK_ROWS + 100;
    let mut rows: Vec<Vec<String>> =
        (0..count).map(|room| row(SheetKey::Building, &[("房号", &format!("{room}"))])).collect();
    rows[5] = row(SheetKey::Building, &[("房号", "5"), ("建筑面积(㎡)", "-1")]);
    rows[CHUNK_ROWS + 10] = row(SheetKey::Building, &[("房号", "7")]);
    rows[CHUNK_ROWS + 20] = row(SheetKey::Building, &[("房号", "5")]);
    let id = upload(&test.database, "district-a", SheetKey::Building, &file(SheetKey::Building, &rows)).await;
    run_job(&test.database, &id).await.expect("the check");
    let actor = ctx(&test.database, "district-a").await;
    job_confirm(&actor, &id).await.expect("confirmed");

    // The first chunk as the worker writes it, and then the worker is gone.
    let mut import = Import::start(&actor, SheetKey::Building, true).await.expect("the import starts");
    import.chunk(numbered(rows[..CHUNK_ROWS].to_vec()), Some(&id)).await.expect("the first chunk");
    drop(import);
    assert_eq!(job(&test.database, &id).await.status, ImportStatus::Executing);

    run_job(&test.database, &id).await.expect("the rest");
    let done = job(&test.database, &id).await;
    let succeeded = i32::try_from(count).expect("a small number") - 2;
    assert_eq!((done.status, done.succeeded, done.failed), (ImportStatus::Finished, succeeded, 2));
    assert_eq!(units_there(&test).await, UNITS + i64::from(succeeded));
    let repeated = i32::try_from(CHUNK_ROWS).expect("a small number") + 12;
    assert_eq!(
        failures(&test.database, &id).await,
        [
            (7, "【建筑面积(㎡)】应为大于0的数字，最多2位小数".to_owned()),
            (repeated, format!("文件内第9行与第{repeated}行重复"))
        ]
    );
}

#[tokio::test]
async fn a_person_who_lost_the_right_imports_nothing() {
    let test = TestDatabase::with_city().await;
    let id = upload(&test.database, "district-a", SheetKey::Building, &file(SheetKey::Building, &units(&[&[]]))).await;
    sqlx::query("update app_user set status = 'OFF' where login = 'district-a'")
        .execute(&test.admin)
        .await
        .expect("switched off");
    run_job(&test.database, &id).await.expect("the job ends");
    let refused = job(&test.database, &id).await;
    assert_eq!((refused.status, refused.message.as_deref()), (ImportStatus::Failed, Some("账号不存在或已停用")));
}

#[tokio::test]
async fn every_bad_row_gets_its_sentence() {
    let test = TestDatabase::with_city().await;
    let places: Cells<'_> = &[("楼栋号", "9"), ("楼栋经度", "120.5"), ("楼栋纬度", "34.5"), ("坐标系", "WGS84")];
    let cases: [(Cells<'_>, &str); 12] = [
        (&[("房号", "2"), ("建筑面积(㎡)", "-57")], "【建筑面积(㎡)】应为大于0的数字，最多2位小数"),
        (&[("房号", "3"), ("建筑面积(㎡)", "NaN")], "【建筑面积(㎡)】应为大于0的数字，最多2位小数"),
        (&[("房号", "4"), ("使用面积(㎡)", "58")], "使用面积不能大于建筑面积"),
        (&[("房号", "5"), ("户型", "")], "第5行【户型】不能为空"),
        (&[("房号", "6"), ("装修", "豪华")], "【装修】取值不在字典范围内：豪华"),
        (&[("房号", "7"), ("项目名称", "<script>")], "项目【<script>】不存在，请先导入项目"),
        (&[("房号", "8"), ("所属区县", "乙区")], "无权导入机构【乙区】的数据"),
        (&[("房号", "9"), ("所属区县", "丁区")], "所属区县不存在"),
        (places, "坐标不在【甲区】范围内"),
        (&[("小区名称", "阳光苑"), ("小区地址", "光明路2号")], "小区已存在但地址不一致"),
        (
            &[("小区名称", "阳光苑"), ("小区地址", "光明路1号"), ("楼栋号", "1号楼"), ("房号", "101")],
            "阳光苑1号楼1101已存在，不能重复导入",
        ),
        (&[("房号", "12"), ("租金标准编码", "ZJ-02")], "租金标准【ZJ-02】不存在或不在有效期内"),
    ];
    let mut rows: Vec<Vec<String>> = cases.iter().map(|(changes, _)| row(SheetKey::Building, changes)).collect();
    // Full-width digits are digits, and HTML in a name is a name.
    rows.push(row(
        SheetKey::Building,
        &[("小区名称", "<b>新</b>苑"), ("房号", "１３"), ("建筑面积(㎡)", "５７．５"), ("楼层", "１")],
    ));
    let (_folder, path) = stored("bad", &file(SheetKey::Building, &rows));
    let CommandEnd::Done(report) = import_files(&test.database, &command(vec![path], "district-a")).await else {
        panic!("refused")
    };
    let told: Vec<(u32, &str)> = report.errors.iter().map(|error| (error.row, error.message.as_str())).collect();
    let expected: Vec<(u32, &str)> = (2..).zip(cases.iter().map(|(_, sentence)| *sentence)).collect();
    assert_eq!(told, expected);
    assert_eq!((report.total, report.succeeded, report.failed), (13, 1, 12));
    assert_eq!(units_there(&test).await, UNITS + 1);
    assert_eq!(sqlx_count(&test, "select count(*) from unit u join estate e on e.id = u.estate_id where e.name = '<b>新</b>苑' and u.room_no = '13' and u.building_area = 5750").await, 1);
}

/// A file in a folder that goes with the guard.
fn stored(name: &str, content: &[u8]) -> (Folder, PathBuf) {
    let folder = Folder(std::env::temp_dir().join(format!("import-{}", hex(&random_bytes()[..8]))));
    std::fs::create_dir_all(&folder.0).expect("a folder");
    let path = folder.0.join(format!("{name}.xlsx"));
    std::fs::write(&path, content).expect("a file");
    (folder, path)
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn command(files: Vec<PathBuf>, login: &str) -> Command {
    Command { sheet: SheetKey::Building, files, login: login.to_owned(), dry_run: false, update: false, json: true }
}

#[tokio::test]
async fn the_command_line_says_what_happened() {
    let test = TestDatabase::with_city().await;
    let (_first, good) = stored("good", &file(SheetKey::Building, &units(&[&[("房号", "1")], &[("房号", "2")]])));
    let (_second, mixed) = stored("mixed", &file(SheetKey::Building, &units(&[&[("房号", "2")], &[("房号", "3")]])));
    let (_third, wrong) = stored("wrong", &file(SheetKey::Estate, &[]));

    // One refused file, also one that is not there, refuses all before anything is written.
    for bad in [wrong.clone(), PathBuf::from("/nowhere.xlsx")] {
        let CommandEnd::Refused(report) =
            import_files(&test.database, &command(vec![good.clone(), bad.clone()], "city")).await
        else {
            panic!("taken")
        };
        assert_eq!((report.total, report.errors.len(), report.errors[0].row), (0, 1, 0));
        assert_eq!(report.errors[0].file, bad.display().to_string());
    }
    let dry = Command { dry_run: true, ..command(vec![good.clone()], "city") };
    let CommandEnd::Done(report) = import_files(&test.database, &dry).await else { panic!("refused") };
    assert_eq!(report, ImportReport { total: 2, succeeded: 2, ..ImportReport::default() });
    assert_eq!((units_there(&test).await, sqlx_count(&test, "select count(*) from job").await), (UNITS, 0));

    // The second file repeats a row of the first, which is in the database by then.
    assert_eq!(run_command(&test.database, &command(vec![good.clone(), mixed], "city")).await, ExitCode::from(3));
    assert_eq!(units_there(&test).await, UNITS + 3);
    assert_eq!(run_command(&test.database, &command(vec![wrong], "city")).await, ExitCode::from(2));
    let (_fourth, more) = stored("more", &file(SheetKey::Building, &units(&[&[("房号", "4")]])));
    assert_eq!(run_command(&test.database, &command(vec![more], "city")).await, ExitCode::SUCCESS);

    // Every file is one job of the log, and its failed rows are kept there.
    let log =
        "select count(*) from job where status = 'FINISHED' and total = succeeded + failed and finished_at is not null";
    assert_eq!((sqlx_count(&test, log).await, sqlx_count(&test, "select count(*) from import_row").await), (3, 1));
}

#[tokio::test]
async fn the_command_line_knows_whom_it_works_for() {
    let test = TestDatabase::with_city().await;
    let (_folder, path) = stored("good", &file(SheetKey::Building, &units(&[&[]])));
    for (login, sentence) in
        [("nobody", "账号不存在或已停用"), ("admin", "您没有此项操作的权限，如需办理请联系系统管理员")]
    {
        let CommandEnd::Refused(report) = import_files(&test.database, &command(vec![path.clone()], login)).await
        else {
            panic!("{login}")
        };
        assert_eq!((report.errors[0].file.as_str(), report.errors[0].message.as_str()), (login, sentence));
    }
    let CommandEnd::Done(report) = import_files(&test.database, &command(vec![path], "district-b")).await else {
        panic!("refused")
    };
    assert_eq!(report.errors[0].message, "无权导入机构【甲区】的数据");
}

/// What the first start of a demo does, and what anybody does with a block list of his own.
#[tokio::test]
async fn the_demo_city_goes_in_without_a_single_complaint() {
    let empty = EmptyDatabase::create("").await;
    let database = Database::open(&empty.url, 4).await.expect("a migrated database");
    city_seed(&database, "CITY", "测试市住房保障中心", "990100").await.expect("a city");
    setting_put(&database, code::MAP_SYSTEM, "WGS84").await.expect("the map's system");
    for (login, role) in [("admin", "SYS_ADMIN"), ("city", "CITY")] {
        let user = NewUser {
            login,
            name: login,
            organization_code: "CITY",
            roles: &[role],
            password: PASSWORD.to_owned(),
            must_change_password: false,
            demo: true,
        };
        assert!(user_create(&database, user).await.expect("an account"));
    }
    let city = hdb::demo_city(Some("CITY".to_owned())).expect("the shipped files are right");
    let mapper = ctx(&database, "city").await;
    for outline in city.outlines() {
        division_put(&mapper, &outline.division_code, &outline.name, &outline.geometry, outline.bounds)
            .await
            .expect("an outline");
    }
    for (sheet, content) in hdb::demo_workbooks(Some("CITY".to_owned())).expect("the demo's files") {
        let (_folder, path) = stored(sheet.code(), &content);
        let login = if sheet == SheetKey::Organization { "admin" } else { "city" };
        let command =
            Command { sheet, files: vec![path], login: login.to_owned(), dry_run: false, update: false, json: true };
        let CommandEnd::Done(report) = import_files(&database, &command).await else { panic!("{sheet:?} was refused") };
        assert_eq!((report.failed, report.errors.first()), (0, None), "{sheet:?}");
    }
    let tally: Vec<(String, i64)> =
        sqlx::query_as("select status, sum(units)::bigint from district_tally group by 1 order by 1")
            .fetch_all(&empty.admin)
            .await
            .expect("the tally");
    let units = |status: &str| tally.iter().find(|(known, _)| known == status).map_or(0, |(_, units)| *units);
    assert_eq!((units("SOLD"), units("OCCUPIED") + units("VACANT"), tally.len()), (7_659, 1_313, 3));
    let mapped: i64 =
        sqlx::query_scalar("select count(*) from estate where map_lng is not null and operator_id is not null")
            .fetch_one(&empty.admin)
            .await
            .expect("estates");
    assert_eq!(mapped, 6);
    database.close().await;
}
