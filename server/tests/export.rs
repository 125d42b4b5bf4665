//! Exports as people get them: every row once, however many there are.

use crate::support::{Answer, Site, city, request};
use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use calamine::{Reader as _, Xlsx, open_workbook_from_rs};
use domain::export::DIRECT_ROWS;
use std::{collections::HashSet, io::Cursor};

/// Asks for an export as its form does.
async fn asked(site: &Site, list: &str, rows: u32, session: &str) -> Answer {
    let head = request(Method::POST, &format!("/files/export/{list}"), Some(session));
    let head = head.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    site.ask(head.body(Body::from(format!("rows={rows}"))).expect("a request")).await
}

/// The data rows of an export, each as one text: sent at once, or made by the job that a worker carries out.
async fn exported(site: &Site, list: &str, rows: u32) -> Vec<String> {
    let session = site.session("city").await;
    let mut answer = asked(site, list, rows, &session).await;
    if rows > DIRECT_ROWS {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{list}: {}", answer.text());
        let job = answer.header("location").strip_prefix("/platform/jobs/").expect("its page").to_owned();
        server::export::run_job(&site.test.database, &job).await.expect("the work");
        server::export::run_job(&site.test.database, &job).await.expect("nothing is left to do");
        answer = site.get(&format!("/files/job/{job}"), Some(&session)).await;
    }
    assert_eq!(answer.status, StatusCode::OK, "{list}: {}", answer.text());
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(&answer.body)).expect("a workbook");
    let sheet = book.worksheet_range_at(0).expect("a sheet").expect("it is readable");
    sheet.rows().skip(1).map(|row| format!("{row:?}")).collect()
}

/// Behind the ten thousandth row too.
#[tokio::test]
async fn an_export_holds_every_row_once() {
    let site = Site::open().await.with_queue().await;
    sqlx::raw_sql(
        "insert into room (district_id, estate_id, unit_id, name, type)
         select district_id, estate_id, id, 'B' || n, 'BED' from unit, generate_series(1, 500) n;
         insert into estate (district_id, name, address)
         select d.id, '苑' || n, '路' from organization d, generate_series(1, 11000) n where d.code = '810101'",
    )
    .execute(&site.test.admin)
    .await
    .expect("stock");
    for (list, expected) in [("room", 24 * 501), ("estate", 11_003), ("operator", 2), ("organization", 9)] {
        let rows = exported(&site, list, 50_000).await;
        assert_eq!(rows.len(), expected, "{list}");
        assert_eq!(rows.iter().collect::<HashSet<_>>().len(), expected, "{list}: no row twice");
    }
    assert_eq!(exported(&site, "room", 7).await.len(), 7);
    let told: Vec<String> = sqlx::query_scalar("select content from message order by id")
        .fetch_all(&site.test.admin)
        .await
        .expect("messages");
    assert_eq!(told[0], "任务“导出房间”已完成：共12024条");
}

/// A report as a file says what its page says, under its own name, and is noted like any export.
#[tokio::test]
async fn a_report_is_taken_along_with_its_head_and_total() {
    let site = Site::open().await;
    let session = site.session("district-a").await;
    let answer = site.get("/files/export/report?report=occupancy&by=estate&rows=5000", Some(&session)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(answer.header("content-disposition").contains(&domain::list::percent_encode("空关率统计表")));
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(&answer.body)).expect("a workbook");
    let page = book.worksheet_range_at(0).expect("a sheet").expect("it is readable");
    let first = |row| page.get_value((row, 0)).map(ToString::to_string).unwrap_or_default();
    assert_eq!(
        (first(2).as_str(), first(3).as_str(), first(4).as_str(), first(5).as_str()),
        ("小区", "阳光苑", "月光苑", "合计")
    );
    assert!(first(1).contains("单位：甲区"), "{}", first(1));
    assert_eq!(page.get_value((5, 1)).and_then(calamine::DataType::as_i64), Some(city::UNITS_A));
    let noted = "select count(*) from audit_log where action = 'EXPORT' and object_type = 'report' and rows < 5000 and after -> 'filter' ->> 'report' = 'occupancy'";
    assert_eq!(site.id(noted).await, 1);
    let answer = site.get("/files/export/report?rows=5000", Some(&session)).await;
    assert_eq!((answer.status, answer.text().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "请选择报表"));
    let operator = site.session("operator").await;
    let answer = site.get("/files/export/report?report=occupancy&rows=5000", Some(&operator)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "who reads may not take along");
}

/// Accounts, roles, requests and the log itself go with whoever reads them, and the log says how much went.
#[tokio::test]
async fn administration_is_taken_along_by_whoever_reads_it() {
    let site = Site::open().await;
    let (admin, auditor, operator) =
        (site.session("admin").await, site.session("auditor").await, site.session("operator").await);
    for (list, name, session) in [
        ("user", "用户", &admin),
        ("role", "角色", &admin),
        ("approval", "复核", &admin),
        ("audit", "操作日志", &auditor),
    ] {
        let path = format!("/files/export/{list}?rows=5000");
        let answer = site.get(&path, Some(session)).await;
        assert_eq!(answer.status, StatusCode::OK, "{list}: {}", answer.text());
        assert!(answer.header("content-disposition").contains(&domain::list::percent_encode(name)), "{list}");
        let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(&answer.body)).expect("a workbook");
        let rows = book.worksheet_range_at(0).expect("a sheet").expect("it is readable").height() as i64 - 1;
        let noted = format!("select rows::bigint from audit_log where action = 'EXPORT' and object_type = '{list}'");
        assert_eq!(site.id(&noted).await, rows.max(0), "{list}");
        let all = format!("select count(*) from {}", if list == "user" { "app_user" } else { list });
        if list != "audit" {
            assert_eq!(site.id(&all).await, rows, "{list}");
        }
        assert_eq!(site.get(&path, Some(&operator)).await.status, StatusCode::FORBIDDEN, "{list}");
    }
    assert_eq!(site.get("/files/export/audit?rows=10", Some(&admin)).await.status, StatusCode::FORBIDDEN);
}

/// A long one is not waited for, and none is longer than the city allows.
#[tokio::test]
async fn an_export_is_as_long_as_it_may_be() {
    let site = Site::open().await.with_queue().await;
    let session = site.session("city").await;
    let answer = site.get("/files/export/unit?rows=5001", Some(&session)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.text(), "超过5000条的数据请在列表页点击“导出”，在后台生成");
    for rows in [0, 50_001] {
        let answer = asked(&site, "unit", rows, &session).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{rows}");
        assert_eq!(answer.text(), "导出条数须为1至50000，请减少条数或缩小查询范围");
    }
    let finance = site.session("admin").await;
    assert_eq!(asked(&site, "unit", 6_000, &finance).await.status, StatusCode::FORBIDDEN);
    assert_eq!(asked(&site, "castle", 6_000, &session).await.status, StatusCode::NOT_FOUND);
}

/// Who lost the account while the job was waiting gets nothing, and the job says so.
#[tokio::test]
async fn an_export_of_somebody_switched_off_fails() {
    let site = Site::open().await.with_queue().await;
    let session = site.session("city").await;
    let answer = asked(&site, "unit", 6_000, &session).await;
    let job = answer.header("location").strip_prefix("/platform/jobs/").expect("its page").to_owned();
    sqlx::raw_sql("update app_user set status = 'OFF' where login = 'city'")
        .execute(&site.test.admin)
        .await
        .expect("off");
    server::export::run_job(&site.test.database, &job).await.expect("it ends");
    let ended: (String, String) =
        sqlx::query_as("select status, message from job").fetch_one(&site.test.admin).await.expect("a job");
    assert_eq!(ended, ("FAILED".to_owned(), "账号不存在或已停用".to_owned()));
}

/// A page has a size that a person may choose, however it is asked for.
#[tokio::test]
async fn a_server_function_answers_a_page_and_not_the_table() {
    let site = Site::open().await;
    let session = site.session("city").await;
    let asked = |size: u32| serde_json::json!({"query": {"q": "", "filter": {}, "sort": "", "descending": false, "size": size, "at": {"Page": 1}}});
    for (size, rows) in [(10, 10), (65_535, 20), (1_000, 20), (0, 20)] {
        let answer = site.call("unit_list", &asked(size), Some(&session)).await;
        assert_eq!(answer.json()["rows"].as_array().map(Vec::len), Some(rows), "{size}");
    }
}
