//! The second factor over HTTP: two steps at the door, nothing behind it before the second, and who has to set one up.

use crate::support::{Answer, Site, city::PASSWORD, phone};
use axum::http::StatusCode;
use chrono::Utc;
use serde_json::json;
use store::platform::setting::setting_put;

/// The first step, as a browser without JavaScript takes it.
async fn sign_in(site: &Site, login: &str, password: &str) -> Answer {
    let captcha = site.call("captcha_create", &json!({}), None).await.json();
    let id = captcha["id"].as_str().expect("an id").to_owned();
    let fields = [("login", login), ("password", password), ("captcha_id", &id), ("captcha", "K7PQ")];
    site.submit("sign_in", &fields, None).await
}

/// Takes a phone into use; answers its key, the session that follows and the recovery codes.
async fn enrol(site: &Site, session: &str, password: &str) -> (String, String, Vec<String>) {
    let offered = site.call("factor_offer", &json!({}), Some(session)).await.json();
    let key = offered["key"].as_str().unwrap_or_else(|| panic!("{offered}")).to_owned();
    assert!(key.split(' ').count() == 8 && key.split(' ').all(|group| group.len() == 4), "{key}");
    assert!(offered["code"]["path"].as_str().is_some_and(|path| path.starts_with("M0 0h7")), "{offered}");
    let code = phone::code(&key, Utc::now() - chrono::TimeDelta::seconds(30));
    let confirmed = site.call("factor_confirm", &json!({"code": code, "password": password}), Some(session)).await;
    let fresh = confirmed.session().unwrap_or_else(|| panic!("{}", confirmed.text()));
    let answer = confirmed.json();
    let codes = answer[1].as_array().expect("codes").iter().map(|code| code.as_str().expect("a code").to_owned());
    (key, fresh, codes.collect())
}

#[tokio::test]
async fn the_door_has_two_steps() {
    let site = Site::open().await;
    let first = sign_in(&site, "leader", PASSWORD).await.session().expect("a session");
    let (key, fresh, _) = enrol(&site, &first, PASSWORD).await;
    assert_eq!(site.get("/", Some(&first)).await.header("location"), "/sign-in", "the session rotates");
    assert_eq!(site.get("/", Some(&fresh)).await.status, StatusCode::OK);
    site.submit("sign_out", &[], Some(&fresh)).await;

    let answer = sign_in(&site, "leader", PASSWORD).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/sign-in"));
    let pending = answer.session().expect("a session that waits");
    let door = site.get("/sign-in", Some(&pending)).await;
    assert_eq!(door.status, StatusCode::OK);
    let html = door.text();
    for text in ["密码正确", "name=\"code\"", "action=\"/api/factor_verify\"", "返回，重新登录"] {
        assert!(html.contains(text), "{text}:\n{html}");
    }
    for text in ["name=\"password\"", "修改密码", "测试leader"] {
        assert!(!html.contains(text), "{text}:\n{html}");
    }
    for path in ["/", "/map", "/password", "/platform/second-factor", "/housing/units", "/search?q=x"] {
        let answer = site.get(path, Some(&pending)).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
    }
    let frame = site.call("frame_get", &json!({}), Some(&pending)).await.json();
    assert_eq!((&frame["actor"], &frame["factor_due"]), (&json!(null), &json!(true)));
    let change = [("old", PASSWORD), ("new", "Another-Horse-8"), ("again", "Another-Horse-8")];
    assert!(site.submit("password_change", &change, Some(&pending)).await.session().is_none());

    // A refusal comes back as the page, and says what was wrong.
    let wrong = site.submit("factor_verify", &[("code", "12345")], Some(&pending)).await;
    assert_eq!(wrong.status, StatusCode::FOUND);
    let back = wrong.header("location").to_owned();
    let page = site.get(back.strip_prefix("http://housing.example").unwrap_or(&back), Some(&pending)).await;
    assert!(page.text().contains("请输入验证器显示的6位验证码，或一个10位恢复码"), "{}", page.text());

    let code = phone::code(&key, Utc::now());
    let entered = site.submit("factor_verify", &[("code", &code)], Some(&pending)).await;
    assert_eq!((entered.status, entered.header("location")), (StatusCode::FOUND, "/"));
    let session = entered.session().expect("a session");
    assert!(session != pending && site.get("/", Some(&session)).await.status == StatusCode::OK);
    assert_eq!(site.get("/", Some(&pending)).await.header("location"), "/sign-in");
    let frame = site.call("frame_get", &json!({}), Some(&pending)).await.json();
    assert_eq!(frame["factor_due"], false, "and nothing is awaited any more");
}

#[tokio::test]
async fn a_password_a_factor_and_then_the_home_page() {
    let site = Site::open().await;
    setting_put(&site.test.database, "SECOND_FACTOR", "true").await.expect("set");
    sqlx::query("update app_user set password_changed_at = now() - interval '91 days' where login = 'city'")
        .execute(&site.test.admin)
        .await
        .expect("time passes");
    let answer = sign_in(&site, "city", PASSWORD).await;
    assert_eq!(answer.header("location"), "/password", "it has expired");
    let session = answer.session().expect("a session");
    let refused = site.call("factor_offer", &json!({}), Some(&session)).await;
    assert_eq!(refused.text(), r#""Forbidden""#, "one thing after the other");
    let fields = [("old", PASSWORD), ("new", "Another-Horse-8"), ("again", "Another-Horse-8")];
    let changed = site.submit("password_change", &fields, Some(&session)).await;
    assert_eq!(changed.header("location"), "/platform/second-factor");
    let session = changed.session().expect("a session");
    for path in ["/", "/housing/units", "/password", "/sign-in"] {
        let answer = site.get(path, Some(&session)).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (StatusCode::SEE_OTHER, "/platform/second-factor"),
            "{path}"
        );
    }
    let page = site.get("/platform/second-factor", Some(&session)).await;
    assert!(page.text().contains("您的账号须启用二次验证"), "{}", page.text());
    assert_eq!(site.call("home_get", &json!({}), Some(&session)).await.text(), r#""Forbidden""#);

    let (key, session, codes) = enrol(&site, &session, "Another-Horse-8").await;
    assert_eq!(site.get("/", Some(&session)).await.status, StatusCode::OK);
    let page = site.get("/platform/second-factor", Some(&session)).await;
    assert!(page.text().contains("已启用") && page.text().contains("10 / 10"), "{}", page.text());
    let wrong = site.call("factor_codes_renew", &json!({"code": "000000"}), Some(&session)).await;
    assert!(wrong.text().contains("验证码错误或已使用过"), "{}", wrong.text());

    // An expired password is changed behind the second step, never before it.
    sqlx::query("update app_user set password_changed_at = now() - interval '91 days' where login = 'city'")
        .execute(&site.test.admin)
        .await
        .expect("time passes");
    let pending = sign_in(&site, "city", "Another-Horse-8").await.session().expect("a session that waits");
    let entered = site.submit("factor_verify", &[("code", &codes[0])], Some(&pending)).await;
    assert_eq!(entered.header("location"), "/password");
    let session = entered.session().expect("a session");
    let fields = [("old", "Another-Horse-8"), ("new", "Another-Horse-9"), ("again", "Another-Horse-9")];
    let changed = site.submit("password_change", &fields, Some(&session)).await;
    assert_eq!(changed.header("location"), "/", "the phone is at hand already");
    let session = changed.session().expect("a session");

    // Given up, it has to be set up again at once.
    let disabled = site.call("factor_disable", &json!({"code": phone::code(&key, Utc::now())}), Some(&session)).await;
    assert_eq!(disabled.json()["actor"]["must_enrol"], true, "{}", disabled.text());
    assert_eq!(site.get("/", Some(&session)).await.header("location"), "/platform/second-factor");
}

/// What an open stream tells ends with the session's rights; a session that waits never gets one.
#[tokio::test]
async fn files_and_streams_know_nobody_who_waits() {
    let site = Site::open().await;
    let first = sign_in(&site, "leader", PASSWORD).await.session().expect("a session");
    enrol(&site, &first, PASSWORD).await;
    let pending = sign_in(&site, "leader", PASSWORD).await.session().expect("a session that waits");
    for path in ["/live", "/map/outlines", "/files/export/unit?rows=10", "/files/template/estate"] {
        assert_eq!(site.get(path, Some(&pending)).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}
