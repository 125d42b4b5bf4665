//! Every address that answers data × who asks (architecture §4). A server function or raw route without
//! an entry here fails the test: whoever adds one says who may use it.

mod support;

use axum::{
    body::{Body, to_bytes},
    http::{Method, StatusCode, header},
};
use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};
use serde_json::{Value, json};
use std::{collections::BTreeSet, io::Cursor};
use support::{Site, city, multipart, request, sheet};
use tower::ServiceExt as _;

/// A name that only 甲区 and the city may see.
const SECRET: &str = "阳光苑";

/// What a caller gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Good,
    /// the same answer, but nothing of 甲区 in it
    Hidden,
    NotSignedIn,
    Forbidden,
    NotFound,
    /// a complaint about a field or a rule: the request was understood, and refused by its content
    Refused,
}
use Told::{Forbidden, Good, Hidden, NotFound, NotSignedIn, Refused};

enum Ask {
    /// a server function with its arguments
    Function(Value),
    /// a server function as a form
    Form(&'static [(&'static str, &'static str)]),
    /// a raw route as it is really called
    Get(String),
    Upload(String),
}

/// One endpoint: who may, and what the others are told.
struct Entry {
    /// name of the server function, or the route as the router has it
    at: &'static str,
    ask: Ask,
    nobody: Told,
    /// has still to change the first password
    newcomer: Told,
    /// a wall of the city
    wall: Told,
    /// an account whose roles do not grant it, and what it is told
    wrong_role: (&'static str, Told),
    /// the same role in another district
    elsewhere: Told,
    /// who may, and what comes back
    right: (&'static str, Told),
}

/// What the requests are about.
struct World {
    estate: i64,
    building: i64,
    unit: i64,
    room: i64,
    project: i64,
    standard: i64,
    operator: i64,
    organization: i64,
    unit_form: Value,
    estate_form: Value,
    waiting: [String; 2],
}

async fn world(site: &Site) -> World {
    let a = city::ctx(&site.test.database, "district-a").await;
    let estate = site.id("select id from estate where name = '阳光苑'").await;
    let unit = site
        .id(&format!("select id from unit where estate_id = {estate} and status = 'VACANT' order by id limit 1"))
        .await;
    let read = store::housing::unit::unit_get(&a, domain::id::UnitId(unit)).await.expect("a unit");
    let mut waiting = Vec::new();
    for name in ["阳光苑一.xlsx", "阳光苑二.xlsx"] {
        let noted =
            store::import::job::job_note(&a, domain::import::SheetKey::Estate, name, "00").await.expect("a job");
        waiting.push(noted.id);
    }
    sqlx::raw_sql("update import_job set status = 'VALIDATED'; insert into import_row select id, 2, array['阳光苑'], '[]' from import_job")
        .execute(&site.test.admin)
        .await
        .expect("jobs that wait");
    World {
        estate,
        building: read.building_id.0,
        unit,
        room: read.rooms[0].id.0,
        standard: site.id("select id from rent_standard where code = 'ZJ-01'").await,
        operator: site.id("select id from operator where code = 'OP1'").await,
        organization: site.id("select id from organization where code = 'M1'").await,
        project: site.id("select id from project where name = '甲项目'").await,
        unit_form: serde_json::to_value(domain::housing::unit::UnitForm::from(&read)).expect("a form"),
        estate_form: serde_json::to_value(domain::housing::estate::EstateForm {
            name: "新苑".into(),
            district: site.id("select id from organization where code = '810101'").await.to_string(),
            address: "新路1号".into(),
            ..Default::default()
        })
        .expect("a form"),
        waiting: waiting.try_into().expect("two jobs"),
    }
}

/// A server function whose answer holds what only its district may see.
fn reads(at: &'static str, arguments: Value, wall: Told, wrong_role: &'static str, elsewhere: Told) -> Entry {
    Entry {
        at,
        ask: Ask::Function(arguments),
        nobody: NotSignedIn,
        newcomer: Forbidden,
        wall,
        wrong_role: (wrong_role, Forbidden),
        elsewhere,
        right: ("district-a", Good),
    }
}

/// A server function about the operation log, which belongs to no district: whoever may read it reads all of it.
fn audits(at: &'static str, arguments: Value) -> Entry {
    Entry { right: ("auditor", Good), ..reads(at, arguments, Forbidden, "city", Forbidden) }
}

/// A server function that changes something of a district.
fn writes(at: &'static str, arguments: Value, wrong_role: &'static str, elsewhere: Told) -> Entry {
    reads(at, arguments, Forbidden, wrong_role, elsewhere)
}

/// A server function that everybody may call who is signed in, or not even that.
fn open(at: &'static str, ask: Ask, nobody: Told) -> Entry {
    Entry {
        at,
        ask,
        nobody,
        newcomer: Good,
        wall: Good,
        wrong_role: ("finance", Good),
        elsewhere: Good,
        right: ("district-a", Good),
    }
}

fn raw(at: &'static str, path: impl Into<String>, wall: Told, wrong_role: &'static str, elsewhere: Told) -> Entry {
    Entry { ask: Ask::Get(path.into()), ..reads(at, Value::Null, wall, wrong_role, elsewhere) }
}

/// Server functions, in the order of the menu.
fn functions(world: &World) -> Vec<Entry> {
    let World {
        estate,
        building,
        unit,
        room,
        project,
        standard,
        operator,
        organization,
        unit_form,
        estate_form,
        waiting,
    } = world;
    let list =
        json!({"query": {"q": "", "filter": {}, "sort": "", "descending": false, "size": 100, "at": {"Page": 1}}});
    let new_unit = {
        let mut form = unit_form.clone();
        form["room_no"] = json!("909");
        json!({"building": building, "status": "VACANT", "form": form})
    };
    vec![
        open("frame_get", Ask::Function(json!({})), Good),
        open("captcha_create", Ask::Function(json!({})), Good),
        // Wrong captcha: that it is tried at all is what counts here.
        Entry {
            newcomer: Refused,
            wall: Refused,
            wrong_role: ("finance", Refused),
            elsewhere: Refused,
            right: ("district-a", Refused),
            ..open(
                "sign_in",
                Ask::Form(&[("login", "city"), ("password", "x"), ("captcha_id", "x"), ("captcha", "x")]),
                Refused,
            )
        },
        open("sign_out", Ask::Form(&[]), Good),
        Entry {
            newcomer: Forbidden,
            wall: Forbidden,
            wrong_role: ("finance", Forbidden),
            ..open("kiosk_start", Ask::Form(&[]), NotSignedIn)
        },
        Entry {
            wall: Forbidden,
            ..open(
                "password_change",
                Ask::Form(&[("old", city::PASSWORD), ("new", "Another-Horse-8"), ("again", "Another-Horse-8")]),
                NotSignedIn,
            )
        },
        reads("home_figures_get", json!({}), Good, "finance", Good),
        reads(
            "map_marks_get",
            json!({"view": {"min_lng": 73.0, "min_lat": 3.0, "max_lng": 136.0, "max_lat": 54.0, "zoom": 15}}),
            Good,
            "finance",
            Hidden,
        ),
        reads("project_list", list.clone(), Forbidden, "admin", Good),
        reads("project_get", json!({"id": project}), Forbidden, "admin", NotFound),
        reads("estate_list", list.clone(), Good, "admin", Hidden),
        reads("estate_get", json!({"id": estate}), Good, "admin", NotFound),
        reads("estate_buildings", json!({"id": estate}), Good, "admin", Hidden),
        writes("estate_create", json!({"form": estate_form}), "finance", Refused),
        writes(
            "estate_update",
            json!({"id": estate, "version": 1, "form": {"name": SECRET, "district": estate_form["district"], "address": "光明路1号", "street": "", "community": "", "property_company": "", "operator": "", "green_rate": "", "households_planned": "", "parking_total": "", "contact": "", "phone": "", "lng": "", "lat": "", "system": "", "remark": ""}}),
            "finance",
            NotFound,
        ),
        reads("building_list", list.clone(), Good, "admin", Hidden),
        reads("building_board_get", json!({"id": building}), Good, "admin", NotFound),
        reads("unit_list", list.clone(), Good, "admin", Hidden),
        reads("unit_get", json!({"id": unit}), Good, "admin", NotFound),
        writes("unit_create", new_unit, "finance", NotFound),
        writes("unit_update", json!({"id": unit, "version": 1, "form": unit_form}), "finance", NotFound),
        writes(
            "unit_transition",
            json!({"id": unit, "version": 2, "event": "LOCK", "grounds": {"reason": "留用", "document": ""}}),
            "finance",
            NotFound,
        ),
        reads("room_list", list.clone(), Forbidden, "admin", Hidden),
        reads("room_get", json!({"id": room}), Forbidden, "admin", NotFound),
        reads("rent_standard_list", list.clone(), Forbidden, "admin", Good),
        reads("rent_standard_get", json!({"id": standard}), Forbidden, "admin", Good),
        reads("stock_choices_get", json!({}), Good, "admin", Good),
        reads("operator_list", list.clone(), Forbidden, "admin", Good),
        reads("operator_get", json!({"id": operator}), Forbidden, "admin", Good),
        audits("audit_list", list.clone()),
        audits("audit_get", json!({"id": 1})),
        audits("audit_verify", json!({})),
        reads("organization_list", list.clone(), Forbidden, "nobody-at-all", Good),
        reads("organization_get", json!({"id": organization}), Forbidden, "nobody-at-all", Good),
        // Raw rows hold telephone numbers: who may import nothing reads none of them.
        reads("import_list", list, Forbidden, "finance", Hidden),
        reads("import_get", json!({"id": waiting[0]}), Forbidden, "finance", NotFound),
        reads("import_rows", json!({"id": waiting[0]}), Forbidden, "finance", NotFound),
        // Only the person who uploaded a file answers for it.
        writes("import_confirm", json!({"id": waiting[0]}), "finance", NotFound),
        writes("import_cancel", json!({"id": waiting[1]}), "finance", NotFound),
    ]
}

/// Raw routes, in the order of the router.
fn routes(world: &World) -> Vec<Entry> {
    let public = |at, path: &str| Entry { nobody: Good, ..open(at, Ask::Get(path.into()), Good) };
    vec![
        raw("/files/template/{sheet}", "/files/template/estate", Forbidden, "finance", Good),
        Entry {
            ask: Ask::Upload("/files/import/estate".into()),
            ..raw("/files/import/{sheet}", "", Forbidden, "finance", Good)
        },
        raw(
            "/files/import/{id}/failed.xlsx",
            format!("/files/import/{}/failed.xlsx", world.waiting[1]),
            Forbidden,
            "finance",
            NotFound,
        ),
        raw("/files/export/{list}", "/files/export/unit?rows=100", Forbidden, "finance", Hidden),
        raw("/map/outlines", "/map/outlines", Good, "finance", Good),
        // What a stream says is looked at in `pages.rs`.
        raw("/live", format!("/live?building={}", world.building), Good, "admin", Good),
        public("/healthz", "/healthz"),
        public("/pkg", &format!("/pkg/{}/housing.css", support::BUILD)),
        public("/favicon.svg", "/favicon.svg"),
    ]
}

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
            site.ask(head.body(Body::from(support::form(fields))).expect("a request")).await
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
            support::Answer { status: parts.status, headers: parts.headers, body }
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
    let wall = site.session_of("city", "KIOSK").await;
    let wrong_role = site.session(entry.wrong_role.0).await;
    let elsewhere = site.session("district-b").await;
    let right = site.session(entry.right.0).await;
    for (who, session, expected) in [
        ("nobody", None, entry.nobody),
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

#[tokio::test]
async fn every_raw_route_has_an_entry_and_keeps_to_it() {
    let (site, world) = prepared().await;
    let source = std::fs::read_to_string(support::root().join("server/src/router.rs")).expect("the router's source");
    let calls = [".route(", ".nest(", ".route_service(", ".nest_service("];
    let registered: BTreeSet<String> = calls
        .iter()
        .flat_map(|call| source.split(call).skip(1))
        .filter_map(|rest| rest.trim_start().strip_prefix('"'))
        .filter_map(|rest| rest.split('"').next())
        .filter(|path| *path != "/api/{name}")
        .map(ToOwned::to_owned)
        .collect();
    let entries = routes(&world);
    let listed: BTreeSet<String> = entries.iter().map(|entry| entry.at.to_owned()).collect();
    assert_eq!(registered, listed, "left: in router.rs, right: listed here");
    assert_eq!(
        calls.iter().map(|call| source.matches(call).count()).sum::<usize>(),
        listed.len() + 1,
        "every address is written as a text"
    );
    for entry in &entries {
        check(&site, entry).await;
    }
}
