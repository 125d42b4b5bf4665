//! Accounts from a file: by the command line, by the queue, and the file with their first passwords.

use crate::support::{Site, city, request, sheet};
use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use calamine::{Reader as _, Xlsx, open_workbook_from_rs};
use domain::{
    id::ApprovalId,
    import::{ImportStatus, SheetKey},
    platform::approval::Verdict,
};
use server::{
    import::{Command, CommandEnd, import_files, run_job},
    workbook::{template::template_of, write},
};
use std::{borrow::Cow, io::Cursor, path::PathBuf};
use store::{
    import::job::{Upload, job_confirm, job_create, job_get},
    platform::{
        approval::approval_end,
        token::{hex, random_bytes},
    },
};

fn file(rows: &[Vec<String>]) -> Vec<u8> {
    let template = template_of(SheetKey::User);
    let rows = rows.iter().map(|row| row.iter().map(|cell| Cow::Owned(cell.clone())).collect());
    write::rows(template.title, &template.headers(), rows).expect("a workbook")
}

fn rows() -> Vec<Vec<String>> {
    let row = |login, phone| sheet::row(SheetKey::User, &[("账号", login), ("手机号", phone)]);
    vec![row("new.one", "13900000011"), row("city", "13900000012"), row("new.two", "13900000013")]
}

fn command(path: PathBuf, login: &str, dry_run: bool) -> Command {
    Command { sheet: SheetKey::User, files: vec![path], login: login.to_owned(), dry_run, update: false, json: true }
}

/// Agrees to the request that waits; answers it.
async fn agree(site: &Site) -> ApprovalId {
    let request = ApprovalId(site.id("select id from approval where status = 'PENDING'").await);
    let security = city::ctx(&site.test.database, "security").await;
    approval_end(&security, request, Verdict::Approve, "").await.expect("agreed");
    request
}

#[tokio::test]
async fn the_command_line_asks_for_accounts_too() {
    let site = Site::open().await;
    let path = std::env::temp_dir().join(format!("housing-users-{}.xlsx", hex(&random_bytes()[..6])));
    std::fs::write(&path, file(&rows())).expect("a file");
    let CommandEnd::Done(report) = import_files(&site.test.database, &command(path.clone(), "admin", true)).await
    else {
        panic!("refused")
    };
    assert_eq!((report.succeeded, report.failed), (2, 1));
    assert_eq!(site.id("select count(*) from approval").await, 0, "a check asks for nothing");
    let CommandEnd::Done(report) = import_files(&site.test.database, &command(path.clone(), "admin", false)).await
    else {
        panic!("refused")
    };
    assert_eq!((report.succeeded, report.failed), (2, 1));
    assert_eq!((report.errors[0].row, report.errors[0].message.as_str()), (3, "账号已存在"));
    assert!(matches!(
        import_files(&site.test.database, &command(path.clone(), "security", false)).await,
        CommandEnd::Refused(_)
    ));
    std::fs::remove_file(&path).expect("gone");
    assert_eq!(site.id("select count(*) from app_user where status = 'NEW'").await, 2);
    agree(&site).await;
    assert_eq!(site.id("select count(*) from app_user where status = 'NEW'").await, 0);
}

#[tokio::test]
async fn first_passwords_come_as_a_file_once() {
    let site = Site::open().await.with_queue().await;
    let database = &site.test.database;
    let admin = city::ctx(database, "admin").await;
    let request_id = hex(&random_bytes()[..16]);
    let content = file(&rows());
    let upload = Upload {
        sheet: SheetKey::User,
        file_name: "新员工.xlsx",
        content: &content,
        request_id: &request_id,
        update_known: false,
    };
    let job = job_create(&admin, upload).await.expect("a job");
    run_job(database, &job).await.expect("the check");
    job_confirm(&admin, &job).await.expect("confirmed");
    run_job(database, &job).await.expect("the import");
    let done = job_get(&admin, &job).await.expect("a job");
    assert_eq!((done.status, done.result_text().as_str()), (ImportStatus::Finished, "成功2条，失败1条"));
    let id = agree(&site).await;

    let session = site.session("admin").await;
    let page = site.get(&format!("/platform/approvals/{id}"), Some(&session)).await;
    let form = format!("action=\"/files/passwords/{id}\"");
    assert!(page.text().contains(&form) && page.text().contains("2个账号已启用，尚无密码"), "{}", page.text());
    let ask = async || {
        let asked = request(Method::POST, &format!("/files/passwords/{id}"), Some(&session))
            .header("sec-fetch-site", "same-origin");
        site.ask(asked.body(Body::empty()).expect("a request")).await
    };
    let answer = ask().await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"));
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(answer.body)).expect("a workbook");
    let range = book.worksheet_range_at(0).expect("a sheet").expect("readable");
    let lines: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0][..3], ["账号", "姓名", "初始密码"]);
    assert_eq!((lines[1][0].as_str(), lines[2][0].as_str(), lines[1][2].len()), ("new.one", "new.two", 16));
    let hash = site.text("select password_hash from app_user where login = 'new.one'").await;
    assert!(store::platform::password::password_matches(lines[1][2].clone(), Some(hash)).await.expect("compared"));
    let again = ask().await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.text().starts_with("初始密码已领取"), "{}", again.text());
    let page = site.get(&format!("/platform/approvals/{id}"), Some(&session)).await;
    assert!(!page.text().contains(&form));
}
