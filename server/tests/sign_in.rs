//! Signing in over HTTP: the form works without JavaScript, cookies are what they must be, and requests
//! from other sites are refused.

use crate::support::{Answer, Site, city::PASSWORD, form, form_request, request};
use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::json;
use tower::ServiceExt as _;

/// Signs in as a person does: the captcha's answer is in the database, there is no other way.
async fn sign_in(site: &Site, login: &str, password: &str) -> Answer {
    let captcha = site.call("captcha_create", &json!({}), None).await.json();
    assert!(captcha["image"].as_str().is_some_and(|image| image.starts_with("data:image/png;base64,")), "{captcha}");
    let id = captcha["id"].as_str().expect("an id").to_owned();
    let answer = site.text(&format!("select answer from captcha where id = '{id}'")).await;
    site.submit("sign_in", &[("login", login), ("password", password), ("captcha_id", &id), ("captcha", &answer)], None)
        .await
}

#[tokio::test]
async fn the_door_is_drawn_without_a_session() {
    let site = Site::open().await;
    let page = site.get("/sign-in", None).await;
    assert_eq!(page.status, StatusCode::OK);
    let html = page.text();
    for text in
        ["登录", "账号", "密码", "图形验证码", "name=\"captcha_id\"", "action=\"/api/sign_in\"", "公租房管理平台"]
    {
        assert!(html.contains(text), "{text}:\n{html}");
    }
    assert!(page.session().is_none());
    assert_eq!(site.id("select count(*) from captcha").await, 1, "one picture, one answer");
}

#[tokio::test]
async fn whoever_signs_in_gets_in() {
    let site = Site::open().await;
    let answer = sign_in(&site, "city", PASSWORD).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/"));
    let cookie = answer.header("set-cookie").to_owned();
    let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    assert_eq!(attributes, ["Path=/", "HttpOnly", "SameSite=Lax"], "and not Secure: nobody said that TLS is in front");
    let session = answer.session().expect("a session");
    assert_eq!(session.len(), 64);
    assert_eq!(
        site.id(&format!("select count(*) from session where encode(token_digest, 'hex') = '{session}'")).await,
        0,
        "only its digest is kept"
    );
    let home = site.get("/", Some(&session)).await;
    assert_eq!(home.status, StatusCode::OK);
    assert!(home.text().contains("测试city"));
    let door = site.get("/sign-in", Some(&session)).await;
    assert_eq!((door.status, door.header("location")), (StatusCode::SEE_OTHER, "/"), "who is in needs no door");

    let out = site.submit("sign_out", &[], Some(&session)).await;
    assert_eq!(
        (out.status, out.header("location"), out.session().as_deref()),
        (StatusCode::FOUND, "/sign-in", Some(""))
    );
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(site.get("/", Some(&session)).await.header("location"), "/sign-in");
}

/// The page's own call wants data back and follows by itself; only a form without JavaScript is sent on.
#[tokio::test]
async fn the_page_that_signs_in_gets_its_frame() {
    let site = Site::open().await;
    let captcha = site.call("captcha_create", &json!({}), None).await.json();
    let id = captcha["id"].as_str().expect("an id").to_owned();
    let fields = [("login", "city"), ("password", PASSWORD), ("captcha_id", &id), ("captcha", "K7PQ")];
    let request = request(Method::POST, "/api/sign_in", None)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .header("sec-fetch-site", "same-origin");
    let answer = site.ask(request.body(Body::from(form(&fields))).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("location"), "/");
    assert_eq!(answer.json()["actor"]["name"], "测试city");
}

#[tokio::test]
async fn behind_a_proxy_every_cookie_is_secure() {
    let site = Site::behind_proxy().await;
    let answer = sign_in(&site, "city", PASSWORD).await;
    assert!(answer.header("set-cookie").ends_with("; Secure"), "{}", answer.header("set-cookie"));
    let session = answer.session().expect("a session");
    let wall = site.submit("kiosk_start", &[], Some(&session)).await;
    assert!(wall.header("set-cookie").ends_with("; Secure") && wall.session().is_some_and(|secret| secret != session));
    let out = site.submit("sign_out", &[], wall.session().as_deref()).await;
    assert!(out.header("set-cookie").ends_with("; Secure"));
}

/// A wall's browser restarts at night by itself: its cookie lives as long as its session, a desk's does not.
#[tokio::test]
async fn a_wall_outlives_its_browser() {
    let site = Site::open().await;
    let session = sign_in(&site, "city", PASSWORD).await.session().expect("a session");
    let wall = site.submit("kiosk_start", &[], Some(&session)).await;
    assert!(wall.header("set-cookie").contains("; Max-Age=2592000"), "{}", wall.header("set-cookie"));
    let days = "select extract(epoch from expires_at - now())::bigint / 86400 from session where kind = 'KIOSK'";
    assert!((29..=30).contains(&site.id(days).await), "as long as the session itself");
}

/// The idle limit (domain.md §2.6) is about people. What an open page asks for by itself counts for nothing.
#[tokio::test]
async fn an_open_page_is_nobody_at_work() {
    let site = Site::open().await;
    let session = site.session("city").await;
    let idle = "select extract(epoch from now() - seen_at)::bigint / 60 from session";
    let rest = async || {
        sqlx::query("update session set seen_at = now() - interval '10 minutes'")
            .execute(&site.test.admin)
            .await
            .expect("ten minutes pass");
    };
    rest().await;
    let asked = request(Method::GET, "/live", Some(&session)).body(Body::empty()).expect("a request");
    assert_eq!(site.router.clone().oneshot(asked).await.expect("an answer").status(), StatusCode::OK);
    for (function, arguments) in [
        ("home_get", json!({})),
        ("import_get", json!({"id": "00000000-0000-0000-0000-000000000000"})),
        ("import_rows", json!({"id": "00000000-0000-0000-0000-000000000000"})),
        ("building_board_get", json!({"id": 1})),
    ] {
        site.call(function, &arguments, Some(&session)).await;
        assert_eq!(site.id(idle).await, 10, "{function}");
    }
    // A page opened, a file fetched, and a page that says that a hand was on it.
    for path in ["/", "/housing/units", "/files/template/estate"] {
        rest().await;
        assert_eq!(site.get(path, Some(&session)).await.status, StatusCode::OK, "{path}");
        assert_eq!(site.id(idle).await, 0, "{path}");
    }
    rest().await;
    let frame = site.call("frame_get", &json!({}), Some(&session)).await.json();
    assert_eq!(
        (frame["actor"]["name"].as_str(), frame["build"].as_str()),
        (Some("测试city"), Some(crate::support::BUILD))
    );
    assert_eq!(site.id(idle).await, 0);
}

/// The address of the visitor is logged as the proxy names it, and only believed behind one.
#[tokio::test]
async fn the_visitors_address_is_the_proxys_word() {
    for (proxy, expected) in [(true, "203.0.113.9"), (false, "")] {
        let site = if proxy { Site::behind_proxy().await } else { Site::open().await };
        let fields = [("login", "city"), ("password", "x"), ("captcha_id", "x"), ("captcha", "x")];
        let head = form_request("sign_in", &fields, None).header("x-forwarded-for", "10.0.0.1, 203.0.113.9");
        site.ask(head.body(Body::from(form(&fields))).expect("a request")).await;
        assert_eq!(site.text("select coalesce(address, '') from login_attempt").await, expected, "proxy: {proxy}");
    }
}

/// Without JavaScript a refusal comes back as a page: with the sentence, without the password.
#[tokio::test]
async fn a_refusal_is_a_page_again() {
    let site = Site::open().await;
    let answer = sign_in(&site, "city", "Wrong-Horse-99").await;
    assert!(answer.session().is_none());
    assert_eq!(answer.status, StatusCode::FOUND);
    let back = answer.header("location").to_owned();
    assert!(!back.contains("Wrong-Horse-99"), "{back}");
    let path = back.strip_prefix("http://housing.example").unwrap_or(&back);
    let page = site.get(path, None).await;
    assert_eq!(page.status, StatusCode::OK, "{path}");
    assert!(page.text().contains("账号或密码错误"), "{}", page.text());
}

/// The first password opens one page only.
#[tokio::test]
async fn a_first_sign_in_leads_to_the_password() {
    let site = Site::open().await;
    sqlx::query("update app_user set must_change_password = true where login = 'city'")
        .execute(&site.test.admin)
        .await
        .expect("a new account");
    let answer = sign_in(&site, "city", PASSWORD).await;
    // The page follows by itself, without asking the server for another one.
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/password"));
    let session = answer.session().expect("a session");
    for path in ["/", "/map", "/housing/units", "/imports", "/platform/organizations", "/sign-in", "/nowhere"] {
        let answer = site.get(path, Some(&session)).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/password"), "{path}");
    }
    let page = site.get("/password", Some(&session)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("首次登录须修改初始密码"), "{}", page.text());
    let changed = site
        .submit(
            "password_change",
            &[("old", PASSWORD), ("new", "Another-Horse-8"), ("again", "Another-Horse-8")],
            Some(&session),
        )
        .await;
    assert_eq!((changed.status, changed.header("location")), (StatusCode::FOUND, "/"));
    let fresh = changed.session().expect("a fresh session");
    assert_eq!(site.get("/", Some(&fresh)).await.status, StatusCode::OK);
    assert_eq!(site.get("/", Some(&session)).await.header("location"), "/sign-in", "the old session ended");
}

/// The page that changed the first password gets the rights that it may now use.
#[tokio::test]
async fn a_changed_password_brings_its_frame() {
    let site = Site::open().await;
    sqlx::query("update app_user set must_change_password = true where login = 'city'")
        .execute(&site.test.admin)
        .await
        .expect("a new account");
    let session = site.session("city").await;
    let change = async |again: &str, accept: &str| {
        let fields = [("old", PASSWORD), ("new", "Another-Horse-8"), ("again", again)];
        let request = request(Method::POST, "/api/password_change", Some(&session))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", accept)
            .header("referer", "http://housing.example/password")
            .header("sec-fetch-site", "same-origin");
        site.ask(request.body(Body::from(form(&fields))).expect("a request")).await
    };
    // Without JavaScript a refusal comes back as the page, which says what was wrong.
    let refused = change("Another-Horse-9", "text/html").await;
    assert_eq!(refused.status, StatusCode::FOUND);
    let back = refused.header("location").to_owned();
    let page = site.get(back.strip_prefix("http://housing.example").unwrap_or(&back), Some(&session)).await;
    assert!(page.text().contains("两次输入的密码不一致"), "{}", page.text());

    let changed = change("Another-Horse-8", "application/json").await;
    assert_eq!((changed.status, changed.header("location")), (StatusCode::OK, "/"));
    assert_eq!(changed.json()["actor"]["must_change_password"], false);
    assert!(changed.session().is_some_and(|fresh| fresh != session));
}

/// Cross-site requests (CSRF): whatever another site can make a browser send is refused before anything happens.
#[tokio::test]
async fn a_request_from_another_site_is_refused() {
    let site = Site::open().await;
    let session = site.session("city").await;
    let fields: [(&str, &str); 0] = [];
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "https://housing.example.evil.example"),
    ] {
        for path in ["/api/sign_out", "/api/unit_transition", "/files/import/estate?request=1", "/"] {
            let head = request(Method::POST, path, Some(&session)).header(name, value);
            let answer = site.ask(head.body(Body::from(form(&fields))).expect("a request")).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} with {name}: {value}");
            assert_eq!(answer.text(), "请求来源无效，请从本系统页面操作");
        }
    }
    assert_eq!(site.get("/", Some(&session)).await.status, StatusCode::OK, "still signed in");
    for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", "http://housing.example")] {
        let head = request(Method::POST, "/api/frame_get", Some(&session))
            .header(name, value)
            .header("content-type", "application/json");
        assert_eq!(
            site.ask(head.body(Body::from("{}")).expect("a request")).await.status,
            StatusCode::OK,
            "{name}: {value}"
        );
    }
}

/// What the database ended, no cookie opens.
#[tokio::test]
async fn cookies_that_are_none() {
    let site = Site::open().await;
    let ended = site.session("city").await;
    sqlx::query("update session set expires_at = now() - interval '1 s'")
        .execute(&site.test.admin)
        .await
        .expect("ended");
    for session in [ended.as_str(), "", "x", "' or 1=1 --", &"a".repeat(5_000)] {
        assert_eq!(site.get("/", Some(session)).await.header("location"), "/sign-in", "{session}");
        let call = site.call("home_get", &json!({}), Some(session)).await;
        assert_eq!(call.text(), r#""NotSignedIn""#, "{session}");
    }
}
