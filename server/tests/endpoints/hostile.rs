//! What no page of ours sends: every server function, raw route and page with bodies, numbers, texts and addresses that
//! are broken, huge, deep or somebody else's, asked by an account that may do everything. The answer is a refusal with a
//! sentence – or the deed, where what was sent is right after all – and never a failure of ours: no status from 500 on,
//! no panic, no line at the level of errors.
//!
//! Each place is tried with some of the values, the next place with the next ones; `FUZZ_ALL=1` tries all everywhere.

use super::{
    entries::{Ask, Entry, functions, routes},
    prepared,
};
use crate::support::{Answer, Site, multipart, request};
use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use domain::{
    housing::{
        asset_change::ASSET_CHANGE_LIST,
        asset_count::ASSET_COUNT_LIST,
        asset_sheet::{ASSET_MASTER_LIST, ASSET_SUB_LIST},
        building_sheet::BUILDING_LIST,
        estate_sheet::ESTATE_LIST,
        project_sheet::PROJECT_LIST,
        room::ROOM_LIST,
        unit_sheet::UNIT_LIST,
    },
    list::percent_encode,
    person::sheet::PERSON_LIST,
    platform::{
        approval::APPROVAL_LIST, audit::AUDIT_LIST, permission::Permission, role::ROLE_LIST, user_form::USER_LIST,
    },
};
use serde_json::{Value, json};
use std::{
    io::Write,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// Stands in a body where a value is to be tried that [`Value`] cannot hold.
const PLACE: &str = "@@place@@";

/// JSON as it is sent, good and bad, to stand in for any value.
static SNIPPETS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let text = |text: &str| Value::from(text).to_string();
    let mut snippets = vec![
        r#""\u0000""#.to_owned(),
        r#""甲\u0000乙""#.to_owned(),
        r#""\ud800""#.to_owned(),
        r#""\udc00\ud800""#.to_owned(),
        text(""),
        text(" \u{3000} "),
        text("-1"),
        text("9223372036854775807"),
        text("9223372036854775808"),
        text("99999999999999.99"),
        text("2147483648"),
        text("٣"),
        text("\u{202e}\u{feff}\u{10ffff}"),
        text("'; drop table unit; -- %_\\"),
        text("0000-01-01"),
        text("9999-12-31"),
        text("262143-01-01"),
        text("master:9223372036854775807"),
        text(&"长".repeat(340_000)),
        "0".to_owned(),
        "-1".to_owned(),
        "1".to_owned(),
        "9223372036854775807".to_owned(),
        "-9223372036854775808".to_owned(),
        "9223372036854775808".to_owned(),
        "2147483648".to_owned(),
        "1.5".to_owned(),
        "1e308".to_owned(),
        "1e999".to_owned(),
        "null".to_owned(),
        "true".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        format!("[{}]", vec![r#""1""#; 20_000].join(",")),
        format!("{}{}", "[".repeat(100), "]".repeat(100)),
    ];
    snippets.push(format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)));
    snippets
});

/// Whole bodies.
fn bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> =
        ["", "{", "{}", "null", "[]", "\"x\"", "{\"id\":", "\u{feff}{}", "id=1&id=2", "%00=%ff"]
            .map(|body| body.as_bytes().to_vec())
            .to_vec();
    bodies.push(b"\xff\xfe\x00{}".to_vec());
    bodies.push(b"{\"query\":\"\xc3\x28\"}".to_vec());
    bodies.push(vec![0; 64]);
    bodies.push("{\"a\":".repeat(20_000).into_bytes());
    bodies.push(format!("{{\"form\":{:?}}}", "x".repeat(1 << 20)).into_bytes());
    bodies.push(vec![b' '; 3 << 20]);
    bodies
}

/// Whether this place is tried with this value; in turn, so that all values are tried somewhere.
fn is_due(place: usize, value: usize) -> bool {
    static ALL: LazyLock<bool> = LazyLock::new(|| std::env::var_os("FUZZ_ALL").is_some());
    *ALL || (place * 5 + value).is_multiple_of(19)
}

/// What was logged as an error and what panicked, in this process.
#[derive(Clone, Default)]
struct Trouble(Arc<Mutex<Vec<u8>>>);

impl Write for Trouble {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Trouble {
    /// Begins to listen; once in a process.
    fn listen() -> Self {
        static TROUBLE: LazyLock<Trouble> = LazyLock::new(|| {
            let trouble = Trouble::default();
            let (logged, panicked, before) = (trouble.clone(), trouble.clone(), std::panic::take_hook());
            let log = tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_ansi(false);
            log.with_writer(move || logged.clone()).init();
            std::panic::set_hook(Box::new(move |panic| {
                let _ = writeln!(panicked.clone(), "{panic}");
                before(panic);
            }));
            trouble
        });
        TROUBLE.clone()
    }

    fn take(&self) -> String {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&std::mem::take(&mut *heard)).into_owned()
    }
}

/// A site, somebody who may do everything in it, and what went wrong.
struct Siege {
    site: Site,
    session: String,
    trouble: Trouble,
    failed: Vec<String>,
    asked: usize,
}

impl Siege {
    async fn lay(site: Site) -> Self {
        let made = sqlx::raw_sql(
            "insert into role (code, name) values ('EVERYTHING', '全部');
             insert into app_user (login, name, organization_id, password_hash, must_change_password)
             select 'everything', '全能', organization_id, password_hash, false from app_user where login = 'city';
             insert into user_role select u.id, r.id from app_user u, role r
             where u.login = 'everything' and r.code = 'EVERYTHING'",
        );
        made.execute(&site.test.admin).await.expect("an account");
        let codes: Vec<&str> = Permission::ALL.iter().map(|permission| permission.code()).collect();
        let granted = "insert into role_permission select id, unnest($1::text[]) from role where code = 'EVERYTHING'";
        sqlx::query(granted).bind(&codes).execute(&site.test.admin).await.expect("every permission");
        let session = site.session("everything").await;
        Self { site, session, trouble: Trouble::listen(), failed: Vec::new(), asked: 0 }
    }

    async fn ask(&mut self, method: Method, path: &str, kind: Option<&str>, body: Vec<u8>) {
        let mut head = request(method, path, Some(&self.session)).header(header::ACCEPT, "application/json");
        if let Some(kind) = kind {
            head = head.header(header::CONTENT_TYPE, kind);
        }
        let shown = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        let Ok(asked) = head.body(Body::from(body)) else { return };
        let answer = self.site.ask(asked).await;
        self.judge(path, &shown, &answer);
        // Signing out, changing the password and the like are among what is tried.
        if answer.status == StatusCode::UNAUTHORIZED {
            self.session = self.site.session("everything").await;
        }
    }

    fn judge(&mut self, path: &str, body: &str, answer: &Answer) {
        self.asked += 1;
        let (text, trouble) = (answer.text(), self.trouble.take());
        let inside = ["sqlx", "PgDatabase", "panicked", "invalid byte sequence"].iter().any(|word| text.contains(word));
        let wordless = answer.status.is_client_error() && text.trim().is_empty();
        if answer.status.is_server_error() || inside || wordless || !trouble.is_empty() {
            let text: String = text.chars().take(200).collect();
            self.failed.push(format!("{path} {body}\n  {} {text}\n  {trouble}", answer.status));
        }
    }

    async fn function(&mut self, name: &str, kind: &str, body: String) {
        self.ask(Method::POST, &format!("/api/{name}"), Some(kind), body.into_bytes()).await;
    }

    fn ended(self) {
        println!("{} requests", self.asked);
        let few: Vec<_> = self.failed.iter().take(25).cloned().collect();
        assert!(self.failed.is_empty(), "{} of {} requests:\n{}", self.failed.len(), self.asked, few.join("\n"));
    }
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Every place of a value, as a path of keys.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, field)| places(field, &format!("{path}/{key}"), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| places(item, &format!("{path}/{at}"), found))
        }
        _ => {}
    }
    if !path.is_empty() {
        found.push(path.to_owned());
    }
}

/// Filters that some list knows; the others ignore them.
const FILTERS: [&str; 24] = [
    "acquire_mode",
    "action",
    "building",
    "category",
    "class",
    "district",
    "entrance",
    "estate",
    "id",
    "id_type",
    "kind",
    "layout",
    "located",
    "master",
    "object",
    "object_id",
    "operator",
    "person_type",
    "project",
    "state",
    "status",
    "type",
    "unit",
    "use_status",
];

fn with_filters(arguments: &Value) -> Value {
    let mut arguments = arguments.clone();
    if let Some(filter) = arguments.pointer_mut("/query/filter") {
        *filter = FILTERS.iter().map(|key| ((*key).to_owned(), json!(""))).collect();
    }
    arguments
}

async fn besiege(siege: &mut Siege, entry: &Entry, nth: usize) {
    for (number, body) in bodies().into_iter().enumerate() {
        for kind in [Some(JSON), Some(FORM), Some("text/plain"), None] {
            if is_due(nth + number, kind.map_or(0, str::len)) {
                siege.ask(Method::POST, &format!("/api/{}", entry.at), kind, body.clone()).await;
            }
        }
    }
    match &entry.ask {
        Ask::Function(arguments) => {
            let arguments = with_filters(arguments);
            let whole = arguments.to_string();
            siege.function(entry.at, JSON, whole.chars().take(whole.chars().count() / 2).collect()).await;
            siege.function(entry.at, FORM, whole).await;
            let mut found = Vec::new();
            places(&arguments, "", &mut found);
            for (place, path) in found.iter().enumerate() {
                let mut tried = arguments.clone();
                *tried.pointer_mut(path).expect("it is there") = json!(PLACE);
                let tried = tried.to_string();
                for (number, snippet) in SNIPPETS.iter().enumerate() {
                    if is_due(nth + place, number) {
                        siege.function(entry.at, JSON, tried.replace(&format!("\"{PLACE}\""), snippet)).await;
                    }
                }
            }
        }
        Ask::Form(fields) => {
            for (place, (name, _)) in fields.iter().enumerate() {
                for (number, value) in ADDRESSED.iter().enumerate() {
                    let others = fields.iter().filter(|(other, _)| other != name);
                    let mut body: Vec<String> =
                        others.map(|(other, value)| format!("{other}={}", percent_encode(value))).collect();
                    body.push(format!("{name}={value}"));
                    if is_due(nth + place, number) || fields.len() < 5 {
                        siege.function(entry.at, FORM, body.join("&")).await;
                    }
                }
            }
        }
        Ask::Get(_) | Ask::Upload(_) => {}
    }
}

/// Percent-encoded texts, as they stand in addresses and forms.
static ADDRESSED: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut texts: Vec<String> = [
        "%00",
        "a%00b",
        "%",
        "%zz",
        "%ff%fe",
        "",
        "..%2f..%2fetc%2fpasswd",
        "0",
        "-1",
        "1e9",
        "%E2%80%AE",
        "%0d%0aset-cookie:%20a",
        "new",
        "null",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.extend(
        ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "00000000-0000-0000-0000-000000000000"]
            .map(str::to_owned),
    );
    texts.push(percent_encode("'; drop table unit; -- %_\\ 甲"));
    texts.push(percent_encode(&"甲 ".repeat(900)));
    texts
});

#[tokio::test]
async fn no_body_breaks_a_server_function() {
    let (site, world) = prepared().await;
    let mut siege = Siege::lay(site).await;
    for (nth, entry) in functions(&world).iter().enumerate() {
        besiege(&mut siege, entry, nth).await;
    }
    siege.ended();
}

#[tokio::test]
async fn no_address_breaks_a_page_or_a_raw_route() {
    let (site, world) = prepared().await;
    let mut siege = Siege::lay(site).await;
    let pages = siege.site.patterns.clone();
    let raw = routes(&world);
    let raw = raw.iter().filter(|entry| matches!(entry.ask, Ask::Get(_)) && entry.at != "/live" && entry.at != "/pkg");
    let lists =
        [UNIT_LIST.path, ESTATE_LIST.path, BUILDING_LIST.path, PROJECT_LIST.path, ROOM_LIST.path, USER_LIST.path];
    let lists = lists.into_iter().chain([ROLE_LIST.path, AUDIT_LIST.path, APPROVAL_LIST.path, PERSON_LIST.path]);
    let lists =
        lists.chain([ASSET_MASTER_LIST.path, ASSET_SUB_LIST.path, ASSET_CHANGE_LIST.path, ASSET_COUNT_LIST.path]);
    let raw = raw.map(|entry| entry.at.to_owned());
    let patterns: Vec<String> = pages.into_iter().chain(raw).chain(lists.map(ToOwned::to_owned)).collect();
    for (nth, pattern) in patterns.iter().enumerate() {
        for (number, text) in ADDRESSED.iter().enumerate() {
            if pattern.contains('{') && is_due(nth, number) {
                siege.ask(Method::GET, &filled(pattern, text), None, Vec::new()).await;
            }
        }
        let id = filled(pattern, "1");
        for (number, text) in ADDRESSED.iter().enumerate() {
            for (place, key) in QUERIES.iter().chain(&FILTERS).enumerate() {
                if is_due(nth + place, number * 3) && (nth + place + number).is_multiple_of(5) {
                    siege.ask(Method::GET, &format!("{id}?{key}={text}"), None, Vec::new()).await;
                }
            }
        }
    }
    for text in ADDRESSED.iter() {
        siege.ask(Method::POST, "/search", Some(FORM), format!("q={text}").into_bytes()).await;
        siege.ask(Method::GET, &format!("/files/export/unit?rows=5&q={text}"), None, Vec::new()).await;
        siege.ask(Method::GET, &format!("/search?q={text}"), None, Vec::new()).await;
    }
    for body in bodies() {
        for kind in [FORM, JSON, "multipart/form-data", "multipart/form-data; boundary=x"] {
            siege.ask(Method::POST, "/search", Some(kind), body.clone()).await;
            siege.ask(Method::POST, "/files/import/estate?request=00", Some(kind), body.clone()).await;
        }
    }
    siege.ended();
}

/// Parameters that pages read.
const QUERIES: [&str; 14] = [
    "q", "sort", "size", "page", "after", "before", "from", "last", "rows", "survivor", "merged", "subject", "back",
    "__err",
];

/// A pattern with this text in each of its places; the nouns of lists stay such.
fn filled(pattern: &str, text: &str) -> String {
    pattern
        .split('/')
        .map(|step| match step {
            "{noun}" => "units",
            step if step.starts_with('{') => text,
            step => step,
        })
        .collect::<Vec<_>>()
        .join("/")
}

#[tokio::test]
async fn no_upload_breaks_the_import() {
    let (site, _) = prepared().await;
    let mut siege = Siege::lay(site.with_worker().await).await;
    let names = ["a\u{0}b.xlsx", "", "..\\..\\a.xlsx", "甲\u{202e}.xlsx", "a\"b.xlsx", &"长".repeat(5_000)];
    for (nth, name) in names.into_iter().enumerate() {
        let (kind, body) = multipart(name, b"PK\x03\x04 no workbook");
        let path = format!("/files/import/estate?request=00000000-0000-0000-0000-00000000000{nth}");
        siege.ask(Method::POST, &path, Some(&kind), body).await;
    }
    for number in ["", "x", "%00", "00000000-0000-0000-0000-000000000001"] {
        let (kind, body) = multipart("a.xlsx", b"x");
        siege.ask(Method::POST, &format!("/files/import/estate?request={number}&update=x"), Some(&kind), body).await;
    }
    siege.ended();
}
