//! What stands in front of the pages: every request leaves a trace without anybody's data, limits, readiness, figures.

use crate::support::{Site, request};
use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode},
};
use serde_json::{Value, json};
use server::front::{limit::PerMinute, metrics};
use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;

/// A log that is kept in memory, in the form that machines read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Of this thread, which is the only one of a test.
    fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter("warn,server=info,store=info")
            .with_writer(log.clone())
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    fn lines(&self) -> Vec<Value> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }

    /// The line about the answer with this id.
    fn answered(&self, id: &str) -> Value {
        let of = |line: &&Value| line["span"]["id"] == id && line["message"] == "answered";
        self.lines().iter().find(of).unwrap_or_else(|| panic!("no line of {id} in\n{}", self.text())).clone()
    }
}

#[tokio::test]
async fn every_request_leaves_one_line_and_nobodys_data() {
    let (log, _guard) = Log::start();
    let site = Site::open().await;
    let city = site.session("city").await;
    for (path, session, route, status) in [
        ("/sign-in", None, "/sign-in", 200),
        ("/housing/units?q=%E5%BC%A0%E4%B8%89", Some(&city), "/housing/{noun}", 200),
        ("/housing/estates/810101199001011234/edit", Some(&city), "/housing/estates/{id}/{action}", 404),
        ("/files/export/person?q=13800001111", Some(&city), "/files/export/{list}", 200),
        ("/files/template/castle", Some(&city), "/files/template/{sheet}", 404),
        ("/secret-810101199001011234", Some(&city), "none", 404),
        ("/pkg/nothing.js", None, "/pkg", 404),
    ] {
        let answer = site.get(path, session.map(String::as_str)).await;
        let id = answer.header("x-request-id");
        assert_eq!(id.len(), 16, "{path}");
        let line = log.answered(id);
        assert_eq!((line["route"].as_str(), line["status"].as_i64()), (Some(route), Some(status)), "{path}: {line}");
        assert_eq!((line["method"].as_str(), line["level"].as_str()), (Some("GET"), Some("INFO")), "{line}");
        assert!(line["ms"].as_f64().is_some_and(|ms| ms > 0.0), "{line}");
    }
    let called = site.call("frame_get", &json!({}), Some(&city)).await;
    assert_eq!(log.answered(called.header("x-request-id"))["route"], "/api/frame_get");
    let unknown = site.call("frame_of_810101199001011234", &json!({}), Some(&city)).await;
    assert_eq!(log.answered(unknown.header("x-request-id"))["route"], "/api/{name}");
    site.get("/healthz", None).await;
    let text = log.text();
    for private in ["810101199001011234", "13800001111", "%E5%BC%A0", "张三", &city, "healthz", "?"] {
        assert!(!text.contains(private), "{private} is in the log:\n{text}");
    }
}

/// The number that a person reads from the screen finds the line, and the line names the request.
#[tokio::test]
async fn a_failure_is_found_by_the_number_that_was_shown() {
    let (log, _guard) = Log::start();
    let site = Site::open().await;
    let city = site.session("city").await;
    sqlx::raw_sql("alter table unit rename column address to address_gone")
        .execute(&site.test.admin)
        .await
        .expect("something breaks");
    for path in ["/housing/units", "/files/export/unit"] {
        let answer = site.get(path, Some(&city)).await;
        let text = answer.text();
        let shown = text.split("请将编号").nth(1).and_then(|rest| rest.split("告知").next());
        // A page carries text between comments of the framework.
        let shown = shown.unwrap_or_else(|| panic!("{path}: {text}")).replace("<!>", "");
        let lines = log.lines();
        let line = lines.iter().find(|line| line["id"] == *shown).unwrap_or_else(|| panic!("{path}: {shown}"));
        assert_eq!(line["span"]["id"], answer.header("x-request-id"), "{path}: {line}");
        assert!(line["error"].as_str().is_some_and(|error| error.contains("address")), "{line}");
    }
}

#[tokio::test]
async fn only_a_trusted_proxy_names_request_and_visitor() {
    for (proxy, id, address) in [(true, Some("edge-1"), "198.51.100.7"), (false, None, "")] {
        let site = if proxy { Site::behind_proxy().await } else { Site::open().await };
        let asked = request(Method::GET, "/sign-in", None).header("x-request-id", "edge-1");
        let answer = site.ask(asked.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.header("x-request-id") == "edge-1", id.is_some(), "{}", answer.header("x-request-id"));

        let fields = [("login", "city"), ("password", "x"), ("captcha_id", "x"), ("captcha", "x")];
        let asked = crate::support::form_request("sign_in", &fields, None)
            .header("x-forwarded-for", "203.0.113.9")
            .header("x-forwarded-for", "10.0.0.1, 198.51.100.7");
        site.ask(asked.body(Body::from(crate::support::form(&fields))).expect("a request")).await;
        assert_eq!(site.text("select address from login_attempt").await, address);
    }
}

#[tokio::test]
async fn an_answer_tells_browsers_what_not_to_do() {
    for (proxy, transport) in [(true, "max-age=63072000"), (false, "")] {
        let site = if proxy { Site::behind_proxy().await } else { Site::open().await };
        for path in ["/sign-in", "/healthz", "/nowhere", "/pkg/nothing.js", "/api/nothing", "/live"] {
            let answer = site.get(path, None).await;
            assert_eq!(answer.header("strict-transport-security"), transport, "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
            assert!(answer.header("permissions-policy").contains("geolocation=()"), "{path}");
            assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_door_gives_way_to_no_crowd() {
    let site = Site::limited(PerMinute { door: 3, session: 0 }).await;
    for _ in 0..3 {
        assert_eq!(site.call("captcha_create", &json!({}), None).await.status, StatusCode::OK);
    }
    let refused = site.call("captcha_create", &json!({}), None).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=21).contains(&seconds), "{seconds}");
    assert_eq!(refused.json(), json!({"Refused": format!("操作过于频繁，请于{seconds}秒后再试")}));
    let page = site.get("/sign-in", None).await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::TOO_MANY_REQUESTS, "text/html; charset=utf-8"));
    assert!(page.text().contains("操作过于频繁，请于") && page.text().contains("秒后再试"), "{}", page.text());
    assert_eq!(page.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    let attempts = site.submit("sign_in", &[("login", "city")], None).await;
    assert_eq!((attempts.status, attempts.header("location")), (StatusCode::TOO_MANY_REQUESTS, ""));
    assert_eq!(site.id("select count(*) from login_attempt").await, 0, "nobody looked at the password");
    // The rest of the house stays open, and everybody else's door.
    let city = site.session("city").await;
    assert_eq!(site.get("/", Some(&city)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_may_ask_often_and_not_without_end() {
    let site = Site::limited(PerMinute { door: 0, session: 4 }).await;
    let (city, district) = (site.session("city").await, site.session("district-a").await);
    for _ in 0..4 {
        assert_eq!(site.call("frame_get", &json!({}), Some(&city)).await.status, StatusCode::OK);
    }
    assert_eq!(site.call("frame_get", &json!({}), Some(&city)).await.status, StatusCode::TOO_MANY_REQUESTS);
    let file = site.get("/files/template/estate", Some(&city)).await;
    assert_eq!(file.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(file.text().starts_with("操作过于频繁，请于"), "{}", file.text());
    assert_eq!(site.call("frame_get", &json!({}), Some(&district)).await.status, StatusCode::OK, "another session");
    // A cookie that is nobody's session opens no bucket of its own: its address pays, ten sessions' worth.
    let mut status = StatusCode::OK;
    for number in 0..40 {
        status = site.call("frame_get", &json!({}), Some(&format!("{number:064}"))).await.status;
        if status == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn readiness_says_why_not() {
    let ready = async |site: &Site| {
        let answer = site.get("/readyz", None).await;
        (answer.status, answer.json())
    };
    let not = |reason: &str| (StatusCode::SERVICE_UNAVAILABLE, json!({"ready": false, "reason": reason}));
    let site = Site::open().await;
    let newest = async |by: &str| {
        let sql = format!(
            "update _sqlx_migrations set version = version {by}
             where version = (select max(version) from _sqlx_migrations)"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&site.test.admin).await.expect("another database");
    };
    newest("+ 1").await;
    assert_eq!(ready(&site).await, not("migrations_missing"));
    newest("- 1").await;
    assert_eq!(ready(&site).await, (StatusCode::OK, json!({"ready": true, "reason": null})));
    site.test.database.close().await;
    assert_eq!(ready(&site).await, not("database_unreachable"));
    let alive = site.get("/healthz", None).await;
    assert_eq!((alive.status, alive.text().as_str()), (StatusCode::OK, "ok"), "a restart would bring no database back");
    site.shut_down();
    assert_eq!(ready(&site).await, not("stopping"));
}

#[tokio::test]
async fn figures_are_told_at_an_address_of_their_own() {
    let site = Site::open().await.with_queue().await;
    let city = site.session("city").await;
    site.get("/housing/units?q=7", Some(&city)).await;
    let listening =
        site.router.clone().oneshot(request(Method::GET, "/live", Some(&city)).body(Body::empty()).expect("a request"));
    let listening = listening.await.expect("a stream");
    assert_eq!(listening.status(), StatusCode::OK);
    assert_eq!(site.get("/metrics", Some(&city)).await.status, StatusCode::NOT_FOUND, "not at the public port");
    sqlx::raw_sql(
        "update estate set address = address || '。';
         select graphile_worker.add_job('import', '{}'::json, max_attempts => 1)",
    )
    .execute(&site.test.admin)
    .await
    .expect("work");

    let figures = async || {
        let router = metrics::router(site.metrics.clone(), site.test.database.clone());
        let answer = router.oneshot(Request::get("/metrics").body(Body::empty()).expect("a request")).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.expect("a body").to_vec()).expect("text")
    };
    let text = figures().await;
    for line in [
        r#"housing_http_request_seconds_count{method="GET",route="/housing/{noun}",status="2xx"} 1"#,
        "housing_live_streams 1",
        "housing_database_up 1",
        r#"housing_database_connections{kind="application",state="most"} 8"#,
        r#"housing_jobs{kind="import",state="waiting"} 1"#,
        r#"housing_jobs{kind="import",state="failed"} 0"#,
        "# EOF",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
    }
    let figure = |text: &str, name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.trim().parse().expect("a number")
    };
    assert!(figure(&text, "housing_audit_unsealed_lines ") >= 1.0);
    assert!(figure(&text, "housing_audit_seal_lag_seconds ") > 0.0);
    assert!(figure(&text, "housing_process_resident_memory_bytes ") > 1e6);
    assert!(!text.contains("q=7"));

    drop(listening);
    // Other tests' transactions in the same cluster hold the seal back, on a busy machine for long.
    let mut text = text;
    for _ in 0..600 {
        store::platform::audit::audit_seal(&site.test.database).await.expect("sealed");
        text = figures().await;
        if figure(&text, "housing_audit_unsealed_lines ") < 1.0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(figure(&text, "housing_audit_unsealed_lines ") < 1.0 && text.contains("housing_live_streams 0"), "{text}");
    site.test.database.close().await;
    assert!(figures().await.contains("housing_database_up 0"));
}
