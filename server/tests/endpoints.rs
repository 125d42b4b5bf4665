//! Every address that answers data × who asks (architecture §4). A server function or raw route without
//! an entry here fails the test: whoever adds one says who may use it.

mod adjustment;
mod administration;
mod assets;
mod billing;
mod books;
mod change;
mod deductions;
mod dunning;
mod entries;
mod exit;
mod files;
mod hostile;
mod jobs;
mod meter;
mod move_in;
mod papers;
mod persons;
mod relief;
mod stock;
mod tables;
mod tenancy;
mod tenants;

use crate::support::{Site, multipart, request, sheet};
use axum::{
    body::{Body, to_bytes},
    http::{Method, StatusCode, header},
};
use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};
use entries::Told::{Forbidden, Good, Hidden, NotFound, NotSignedIn, Refused};
use entries::{Ask, Entry, SECRET, Told, World, functions, routes, world};
use std::{collections::BTreeSet, io::Cursor};
use tower::ServiceExt as _;

/// The text of a workbook, or of any other answer.
fn readable(kind: &str, body: &[u8]) -> String {
    if !kind.contains("spreadsheetml") {
        return String::from_utf8_lossy(body).into_owned();
    }
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(body)).expect("a workbook");
    let sheet = book.worksheet_range_at(0).expect("a sheet").expect("it is readable");
    sheet
        .cells()
        .map(|(_, _, cell)| if let Data::String(text) = cell { text.as_str() } else { "" })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Asks, and says in one word what came back.
async fn told(site: &Site, entry: &Entry, session: Option<&str>) -> (Told, String) {
    let answer = match &entry.ask {
        Ask::Function(arguments) => site.call(entry.at, arguments, session).await,
        Ask::Form(fields) => {
            let head = request(Method::POST, &format!("/api/{}", entry.at), session);
            let head = head
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(header::ACCEPT, "application/json");
            site.ask(head.body(Body::from(crate::support::form(fields))).expect("a request")).await
        }
        Ask::Upload(path) => {
            let content = server::workbook::write::rows(
                "小区数据",
                &server::workbook::template::template_of(domain::import::SheetKey::Estate).headers(),
                [sheet::row(domain::import::SheetKey::Estate, &[]).into_iter().map(Into::into).collect()],
            )
            .expect("a workbook");
            let (kind, body) = multipart("a.xlsx", &content);
            let number = store::platform::token::hex(&store::platform::token::random_bytes()[..16]);
            let head =
                request(Method::POST, &format!("{path}?request={number}"), session).header(header::CONTENT_TYPE, kind);
            site.ask(head.body(Body::from(body)).expect("a request")).await
        }
        Ask::Get(path) if path.starts_with("/live") => {
            // A stream does not end: its head says what there is to say.
            let asked = request(Method::GET, path, session).body(Body::empty()).expect("a request");
            let response = site.router.clone().oneshot(asked).await.expect("an answer");
            let (parts, body) = response.into_parts();
            let body = if parts.status == StatusCode::OK {
                Vec::new()
            } else {
                to_bytes(body, 1 << 20).await.expect("a body").to_vec()
            };
            crate::support::Answer { status: parts.status, headers: parts.headers, body }
        }
        Ask::Get(path) => site.get(path, session).await,
    };
    let text = readable(answer.header("content-type"), &answer.body);
    let told = match answer.status {
        StatusCode::OK | StatusCode::FOUND | StatusCode::SEE_OTHER => Good,
        StatusCode::UNAUTHORIZED => NotSignedIn,
        StatusCode::FORBIDDEN => Forbidden,
        StatusCode::NOT_FOUND => NotFound,
        StatusCode::UNPROCESSABLE_ENTITY => Refused,
        _ => match text.trim() {
            r#""NotSignedIn""# => NotSignedIn,
            r#""Forbidden""# => Forbidden,
            r#""NotFound""# => NotFound,
            refused if refused.starts_with(r#"{"Refused""#) || refused.starts_with(r#"{"Invalid""#) => Refused,
            other => panic!("{}: {} {other}", entry.at, answer.status),
        },
    };
    (told, text)
}

async fn check(site: &Site, entry: &Entry) {
    // Whoever changed the password is no newcomer any more.
    let renew = sqlx::query("update app_user set must_change_password = true where login = 'newcomer'");
    renew.execute(&site.test.admin).await.expect("a newcomer");
    let newcomer = site.session("newcomer").await;
    // The password was right, the code of the second factor is awaited: to everything else that is nobody.
    let factor_due = site.session("newcomer").await;
    let due = sqlx::query("update session set factor_due = true where token_digest = $1")
        .bind(&store::platform::token::digest(factor_due.as_bytes())[..]);
    due.execute(&site.test.admin).await.expect("a session that waits");
    let wall = site.session_of("city", "KIOSK").await;
    let wrong_role = site.session(entry.wrong_role.0).await;
    let elsewhere = site.session("district-b").await;
    let right = site.session(entry.right.0).await;
    for (who, session, expected) in [
        ("nobody", None, entry.nobody),
        ("a session that waits", Some(&factor_due), if entry.at == "factor_verify" { Refused } else { entry.nobody }),
        ("a newcomer", Some(&newcomer), entry.newcomer),
        ("a wall", Some(&wall), entry.wall),
        (entry.wrong_role.0, Some(&wrong_role), entry.wrong_role.1),
        ("the other district", Some(&elsewhere), entry.elsewhere),
        // Last, because it may change what the others were refused.
        (entry.right.0, Some(&right), entry.right.1),
    ] {
        let (told, text) = told(site, entry, session.map(String::as_str)).await;
        let expected_word = if expected == Hidden { Good } else { expected };
        assert_eq!(told, expected_word, "{} asked by {who}: {text}", entry.at);
        if who == "the other district" {
            assert!(!text.contains(SECRET), "{} tells the other district: {text}", entry.at);
        }
        if who == entry.right.0 && entry.elsewhere == Hidden {
            assert!(text.contains(SECRET), "{} has something to hide: {text}", entry.at);
        }
        assert!(
            !["select ", "sqlx", "PgDatabase", "panicked"].iter().any(|word| text.contains(word)),
            "{} shows its insides: {text}",
            entry.at
        );
    }
}

/// Accounts that the small city lacks: somebody new, and somebody without any role.
async fn prepared() -> (Site, World) {
    let site = Site::open().await.with_queue().await;
    sqlx::raw_sql(
        "insert into app_user (login, name, organization_id, password_hash, must_change_password)
         select 'newcomer', '新人', organization_id, password_hash, true from app_user where login = 'city';
         insert into app_user (login, name, organization_id, password_hash, must_change_password)
         select 'nobody-at-all', '无角色', organization_id, password_hash, false from app_user where login = 'district-a';
         insert into user_role select n.id, r.role_id from app_user n, user_role r join app_user u on u.id = r.user_id
         where n.login = 'newcomer' and u.login = 'city'",
    )
    .execute(&site.test.admin)
    .await
    .expect("accounts");
    let world = world(&site).await;
    (site, world)
}

#[tokio::test]
async fn every_server_function_has_an_entry_and_keeps_to_it() {
    let (site, world) = prepared().await;
    // The program mentions `app`, so that its functions are linked in and register themselves.
    let _ = app::document;
    let registered: BTreeSet<&str> =
        leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path.trim_start_matches("/api/")).collect();
    let entries = functions(&world);
    let listed: BTreeSet<&str> = entries.iter().map(|entry| entry.at).collect();
    assert_eq!(registered, listed, "left: registered, right: listed here");
    for entry in &entries {
        check(&site, entry).await;
    }
}

/// What makes an address.
const CALLS: [&str; 4] = [".route(", ".nest(", ".route_service(", ".nest_service("];

/// A file of the server and the addresses that it makes.
fn routed(file: &str) -> (String, BTreeSet<String>) {
    let source = std::fs::read_to_string(crate::support::root().join(file)).expect("the source");
    let registered = CALLS
        .iter()
        .flat_map(|call| source.split(call).skip(1))
        .filter_map(|rest| rest.trim_start().strip_prefix('"'))
        .filter_map(|rest| rest.split('"').next())
        .map(ToOwned::to_owned)
        .collect();
    (source, registered)
}

#[tokio::test]
async fn every_raw_route_has_an_entry_and_keeps_to_it() {
    let (site, world) = prepared().await;
    let (source, mut registered) = routed("server/src/router.rs");
    registered.remove("/api/{name}");
    let entries = routes(&world);
    let listed: BTreeSet<String> = entries.iter().map(|entry| entry.at.to_owned()).collect();
    assert_eq!(registered, listed, "left: in router.rs, right: listed here");
    assert_eq!(
        CALLS.iter().map(|call| source.matches(call).count()).sum::<usize>(),
        listed.len() + 1,
        "every address is written as a text"
    );
    for entry in &entries {
        check(&site, entry).await;
    }
}
