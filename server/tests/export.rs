//! Exports as people get them: every row once, however many there are.

mod support;

use axum::http::StatusCode;
use calamine::{Reader as _, Xlsx, open_workbook_from_rs};
use std::{collections::HashSet, io::Cursor};
use support::Site;

/// The data rows of an export, each as one text.
async fn exported(site: &Site, list: &str, rows: u32) -> Vec<String> {
    let session = site.session("city").await;
    let answer = site.get(&format!("/files/export/{list}?rows={rows}"), Some(&session)).await;
    assert_eq!(answer.status, StatusCode::OK, "{list}: {}", answer.text());
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(&answer.body)).expect("a workbook");
    let sheet = book.worksheet_range_at(0).expect("a sheet").expect("it is readable");
    sheet.rows().skip(1).map(|row| format!("{row:?}")).collect()
}

/// Behind the ten thousandth row too.
#[tokio::test]
async fn an_export_holds_every_row_once() {
    let site = Site::open().await;
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
