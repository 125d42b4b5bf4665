//! What the HTTP tests share: the real router over a database of their own, asked without a network.
#![allow(dead_code, reason = "what the SQL tests share comes along whole")]

pub mod adjustment_pages;
#[path = "../../store/tests/support/asset.rs"]
pub mod asset;
pub mod asset_pages;
pub mod billing_pages;
pub mod book_pages;
pub mod change_pages;
#[path = "../../store/tests/support/city.rs"]
pub mod city;
#[path = "../../store/tests/support/database.rs"]
pub mod database;
pub mod deduction_pages;
pub mod desk;
pub mod dunning_pages;
pub mod exit_pages;
pub mod meter_pages;
pub mod move_in_pages;
#[path = "../../store/tests/support/phone.rs"]
pub mod phone;
pub mod relief_pages;
#[path = "../../store/tests/support/sheet.rs"]
pub mod sheet;
#[path = "../../store/tests/support/tenancy.rs"]
pub mod tenancy;
pub mod tenancy_pages;

use app::context::{Process, SESSION_COOKIE};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use chrono::Utc;
pub use database::TestDatabase;
use domain::platform::setting::CitySettings;
use leptos::config::LeptosOptions;
use server::{
    front::{
        Front,
        limit::{Limits, PerMinute},
        metrics::Metrics,
    },
    pay::Till,
    router::{AppState, router},
    sms::Carrier,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use store::{live::Feed, platform::token};
use tokio::sync::watch;
use tower::ServiceExt as _;

/// The name of the browser bundle in these tests.
pub const BUILD: &str = "0123456789abcdef";

/// A running process without its network.
pub struct Site {
    pub test: TestDatabase,
    pub router: Router,
    /// what the city has set, as the process would have read it
    pub settings: watch::Sender<CitySettings>,
    pub metrics: Metrics,
    /// of the pages, as the log names them
    pub patterns: Vec<String>,
    pub folder: PathBuf,
    stop: watch::Sender<bool>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("a header is text")).unwrap_or_default()
    }

    /// The session that the answer hands out; empty when it takes one away.
    pub fn session(&self) -> Option<String> {
        let cookie = self.header("set-cookie").strip_prefix(SESSION_COOKIE)?.strip_prefix('=')?;
        cookie.split(';').next().map(ToOwned::to_owned)
    }
}

impl Site {
    pub async fn open() -> Self {
        Self::with(false, None).await
    }

    /// As with a certificate of our own.
    pub async fn over_tls() -> Self {
        Self::behind(Front { https: true, ..Front::default() }, None).await
    }

    /// With limits.
    pub async fn limited(per_minute: PerMinute) -> Self {
        Self::behind(Front { limits: Limits::new(per_minute), ..Front::default() }, None).await
    }

    /// As behind TLS or a trusted proxy.
    pub async fn behind_proxy() -> Self {
        Self::with(true, None).await
    }

    pub async fn with(proxy: bool, tile_origin: Option<&str>) -> Self {
        Self::behind(Front { behind_proxy: proxy, https: proxy, ..Front::default() }, tile_origin).await
    }

    async fn behind(front: Front, tile_origin: Option<&str>) -> Self {
        Self::made(front, tile_origin, Till::default(), None).await
    }

    /// With payment companies and a carrier of text messages.
    pub async fn paying(till: Till, carrier: Option<Arc<Carrier>>) -> Self {
        Self::made(Front::default(), None, till, carrier).await
    }

    async fn made(front: Front, tile_origin: Option<&str>, till: Till, carrier: Option<Arc<Carrier>>) -> Self {
        let test = TestDatabase::with_city().await;
        let folder = std::env::temp_dir().join(format!("housing-site-{}", token::short_id()));
        let package = folder.join("pkg").join(BUILD);
        std::fs::create_dir_all(&package).expect("a folder");
        std::fs::write(folder.join("build.txt"), BUILD).expect("a file");
        std::fs::write(folder.join("favicon.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").expect("a file");
        std::fs::write(package.join("housing.css"), "body{}").expect("a file");
        let (stop, stopping) = watch::channel(false);
        let map_tiles = tile_origin.map(|origin| format!("{origin}/{{z}}/{{x}}/{{y}}.png")).unwrap_or_default();
        let settings = watch::Sender::new(CitySettings { map_tiles, ..CitySettings::default() });
        let metrics = front.metrics.clone();
        let state = AppState {
            process: Process {
                database: test.database.clone(),
                draw_captcha: || ("K7PQ".to_owned(), b"\x89PNG".to_vec()),
                secure_cookies: front.https,
                settings: settings.subscribe(),
                tables: watch::Sender::default(),
                audit_anchors: Arc::new(Vec::new),
                send_code: carrier.clone().map(|carrier| server::sms::code::sender(test.database.clone(), carrier)),
                build: BUILD.to_owned(),
            },
            options: LeptosOptions::builder()
                .output_name("housing")
                .site_root(folder.display().to_string())
                .site_pkg_dir(format!("pkg/{BUILD}"))
                .build(),
            feed: Feed::start(test.database.clone()).await.expect("a feed"),
            front,
            stopping,
            fonts: Arc::new(print::Fonts::find(None)),
            till,
            carrier,
            demo_phone: None,
            stream_recheck: std::time::Duration::from_millis(500),
        };
        let patterns = app::page_patterns(&state.process);
        Self { router: router(state, &folder), test, settings, metrics, patterns, folder, stop }
    }

    /// Prepares the queue, so that uploads find it, and lets its worker run until the site ends.
    pub async fn with_worker(self) -> Self {
        let mut stopping = self.stop.subscribe();
        let stop = async move {
            let _ = stopping.wait_for(|stopping| *stopping).await;
        };
        server::jobs::start(&self.test.database, stop).await.expect("the queue");
        self
    }

    /// Prepares the queue without anybody who works on it.
    pub async fn with_queue(self) -> Self {
        let worker = server::jobs::start(&self.test.database, async {}).await.expect("the queue");
        worker.await.expect("the worker ends");
        self
    }

    /// Tells open streams and the worker to end.
    pub fn shut_down(&self) {
        let _ = self.stop.send(true);
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 64 << 20).await.expect("the answer ends").to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn get(&self, path: &str, session: Option<&str>) -> Answer {
        self.ask(request(Method::GET, path, session).body(Body::empty()).expect("a request")).await
    }

    /// Calls a server function as the browser does, with JSON.
    pub async fn call(&self, function: &str, arguments: &serde_json::Value, session: Option<&str>) -> Answer {
        let request = request(Method::POST, &format!("/api/{function}"), session);
        let request =
            request.header(header::CONTENT_TYPE, "application/json").header(header::ACCEPT, "application/json");
        self.ask(request.body(Body::from(arguments.to_string())).expect("a request")).await
    }

    /// Sends a form as a browser without JavaScript does.
    pub async fn submit(&self, function: &str, fields: &[(&str, &str)], session: Option<&str>) -> Answer {
        self.ask(form_request(function, fields, session).body(Body::from(form(fields))).expect("a request")).await
    }

    /// A session of an account, as after signing in.
    pub async fn session(&self, login: &str) -> String {
        self.session_of(login, "DESK").await
    }

    pub async fn session_of(&self, login: &str, kind: &str) -> String {
        let secret = token::secret();
        let made = sqlx::query(
            "insert into session (token_digest, user_id, kind, created_at, seen_at, expires_at)
             select $1, id, $2, $3, $3, $3 + interval '1 hour' from app_user where login = $4",
        )
        .bind(&token::digest(secret.as_bytes())[..])
        .bind(kind)
        .bind(Utc::now())
        .bind(login)
        .execute(&self.test.admin)
        .await
        .expect("a session");
        assert_eq!(made.rows_affected(), 1, "{login}");
        secret
    }

    pub async fn id(&self, query: &str) -> i64 {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned()));
        query.fetch_one(&self.test.admin).await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub async fn text(&self, query: &str) -> String {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned()));
        query.fetch_one(&self.test.admin).await.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shut_down();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A request with a session's cookie.
pub fn request(method: Method, path: &str, session: Option<&str>) -> axum::http::request::Builder {
    let builder = Request::builder().method(method).uri(path).header(header::HOST, "housing.example");
    match session {
        Some(secret) => builder.header(header::COOKIE, format!("theme=dark; {SESSION_COOKIE}={secret}")),
        None => builder,
    }
}

/// The head of a form of ours, sent from our own page.
pub fn form_request(function: &str, fields: &[(&str, &str)], session: Option<&str>) -> axum::http::request::Builder {
    debug_assert!(fields.len() < 100);
    request(Method::POST, &format!("/api/{function}"), session)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "text/html")
        .header(header::REFERER, "http://housing.example/sign-in")
        .header("sec-fetch-site", "same-origin")
}

pub fn form(fields: &[(&str, &str)]) -> String {
    let encoded = |text: &str| domain::list::percent_encode(text);
    fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect::<Vec<_>>().join("&")
}

/// The body of an upload and its content type.
pub fn multipart(file_name: &str, content: &[u8]) -> (String, Vec<u8>) {
    let boundary = "----housing-test-boundary";
    let mut body = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{file_name}\"\r\ncontent-type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// The workspace's own folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the server lies in the workspace")
}
