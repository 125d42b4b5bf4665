//! What must not break a page, and what a page says when something inside breaks.

use super::*;

/// A page must not break at a name, nor a name at a page.
#[tokio::test]
async fn names_are_text_and_never_markup() {
    let site = Site::open().await;
    let at = places(&site).await;
    let name = "</title></script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;";
    sqlx::query("update estate set name = $1, address = $1 where id = $2")
        .bind(name)
        .bind(at.sun)
        .execute(&site.test.admin)
        .await
        .expect("a name");
    sqlx::query("update app_user set name = $1 where login = 'city'")
        .bind(name)
        .execute(&site.test.admin)
        .await
        .expect("a name");
    let city = site.session("city").await;
    for path in [
        "/housing/estates".to_owned(),
        format!("/housing/estates/{}", at.sun),
        format!("/housing/estates/{}/edit", at.sun),
        format!("/housing/buildings/{}", at.building),
        format!("/housing/units/{}", at.unit),
        "/housing/units".to_owned(),
        "/map".to_owned(),
        format!("/housing/units?q={}", percent_encode(name)),
    ] {
        let page = site.get(&path, Some(&city)).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let html = page.text();
        assert!(!html.contains("<script>alert(1)") && !html.contains("<img src=x"), "{path} runs what somebody typed");
        assert!(html.contains("alert(1)"), "{path} shows it as text");
    }
}

/// What breaks inside is written into the log; the person gets a number to ask about.
#[tokio::test]
async fn a_failure_shows_nothing_of_the_inside() {
    let site = Site::open().await;
    let city = site.session("city").await;
    sqlx::raw_sql("alter table unit rename column address to address_gone")
        .execute(&site.test.admin)
        .await
        .expect("something breaks");
    let inside = ["address_gone", "column", "relation", "PgDatabaseError", "sqlx", "select ", ".rs", "panicked"];
    let list = serde_json::json!({"query": {"q": "", "filter": {}, "sort": "", "descending": false, "size": 20, "at": {"Page": 1}}});
    let call = site.call("unit_list", &list, Some(&city)).await;
    assert!(call.text().starts_with(r#"{"Internal":""#), "{}", call.text());
    hides(&call, "the call", &inside);
    let page = site.get("/housing/units", Some(&city)).await;
    assert!(page.text().contains("系统出现故障，请稍后重试；如仍不能解决，请将编号"), "{}", page.text());
    hides(&page, "the page", &["address_gone", "PgDatabaseError", "sqlx", "panicked"]);
    let export = site.get("/files/export/unit", Some(&city)).await;
    assert_eq!(export.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(export.text().starts_with("系统出现故障"), "{}", export.text());
    hides(&export, "the export", &inside);
    for nonsense in [serde_json::json!({"query": 7}), serde_json::json!({}), serde_json::json!([])] {
        let call = site.call("unit_list", &nonsense, Some(&city)).await;
        assert_eq!(call.text(), r#"{"Refused":"提交的内容无法识别，请刷新页面后重试"}"#, "{nonsense}");
    }

    sqlx::raw_sql("alter table session rename to session_gone")
        .execute(&site.test.admin)
        .await
        .expect("everything breaks");
    for path in ["/", "/api/frame_get", "/files/export/unit"] {
        let answer = site.get(path, Some(&city)).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        hides(&answer, path, &["session_gone", "relation", "sqlx"]);
    }
}
