//! Who may use which address, and what the others are told.

use super::{
    adjustment,
    administration::{administration, requests, workflows},
    assets, billing, books, change, deductions, dunning, exit, files, jobs, meter, move_in, papers, persons, relief,
    stock::{Spare, spare, stock},
    tables, tenancy,
};
use crate::support::{self, Site, city};
use serde_json::{Value, json};

/// A name that only 甲区 and the city may see.
pub const SECRET: &str = "阳光苑";

/// What a caller gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
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

pub enum Ask {
    /// a server function with its arguments
    Function(Value),
    /// a server function as a form
    Form(&'static [(&'static str, &'static str)]),
    /// a raw route as it is really called
    Get(String),
    Upload(String),
}

/// One endpoint: who may, and what the others are told.
pub struct Entry {
    /// name of the server function, or the route as the router has it
    pub at: &'static str,
    pub ask: Ask,
    pub nobody: Told,
    /// has still to change the first password
    pub newcomer: Told,
    /// a wall of the city
    pub wall: Told,
    /// an account whose roles do not grant it, and what it is told
    pub wrong_role: (&'static str, Told),
    /// the same role in another district
    pub elsewhere: Told,
    /// who may, and what comes back
    pub right: (&'static str, Told),
}

/// What the requests are about.
pub struct World {
    pub estate: i64,
    pub building: i64,
    pub unit: i64,
    pub room: i64,
    pub project: i64,
    pub standard: i64,
    pub operator: i64,
    pub organization: i64,
    pub unit_form: Value,
    pub estate_form: Value,
    /// stock that only exists to be written: an empty project, estate and building, and a unit with two rooms
    pub spare: Spare,
    pub person: i64,
    pub person_form: Value,
    pub waiting: [String; 2],
    /// somebody else's account, a role that nobody holds, and a request that waits
    pub user: i64,
    pub role: i64,
    pub approval: i64,
    /// a version in force, a draft to be published, and one to be deleted
    pub workflows: [i64; 3],
    pub assets: assets::AssetWorld,
    pub billing: billing::BillingWorld,
    pub books: books::BookWorld,
    pub deductions: deductions::DeductionWorld,
    pub jobs: jobs::JobWorld,
    pub files: files::FileWorld,
    pub tenancy: tenancy::TenancyWorld,
    pub move_in: move_in::MoveInWorld,
    pub exit: exit::ExitWorld,
    pub adjustment: adjustment::AdjustmentWorld,
    pub change: support::change_pages::Changed,
    pub dunning: support::dunning_pages::Dunned,
    pub meter: support::meter_pages::Metered,
    pub relief: relief::ReliefWorld,
}

pub async fn world(site: &Site) -> World {
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
    sqlx::raw_sql(
        "update job set status = 'VALIDATED'; insert into import_row select id, 2, array['阳光苑'], '[]' from job",
    )
    .execute(&site.test.admin)
    .await
    .expect("jobs that wait");
    let person_form = domain::person::PersonForm {
        name: "阳光苑租户".into(),
        person_type: "TENANT".into(),
        organization: site.id("select id from organization where code = '810101'").await.to_string(),
        id_type: "PASSPORT".into(),
        id_number: "X1234567".into(),
        phone: "13800000000".into(),
        ..Default::default()
    };
    let entry = city::ctx(&site.test.database, "city").await;
    let person = store::person::person_create(&entry, &person_form).await.expect("a person");
    let (role, approval) = requests(site).await;
    while store::search::search_refresh(&site.test.database).await.expect("indexed") > 0 {}
    let billing = billing::billing_world(site, person.0).await;
    let tenancy = tenancy::tenancy_world(site, person.0).await;
    let behind =
        "update arrears set level = 'L1', periods = 1, consecutive = 1, amount_fen = 11180, since = current_date";
    sqlx::query(behind).execute(&site.test.admin).await.expect("a household that is behind");
    // Before the homes that are only proposed: those that are vacant are few.
    let move_in = move_in::move_in_world(site).await;
    World {
        adjustment: adjustment::adjustment_world(site, tenancy.contract).await,
        change: change::change_world(site, tenancy.contract).await,
        dunning: dunning::dunning_world(site, tenancy.contract).await,
        meter: support::meter_pages::metered(site).await,
        relief: relief::relief_world(site, tenancy.contract, billing.account).await,
        exit: exit::exit_world(site, move_in.at.waiting, move_in.at.done).await,
        user: site.id("select id from app_user where login = 'leader'").await,
        role,
        approval,
        workflows: workflows(site).await,
        estate,
        person: person.0,
        person_form: serde_json::to_value(domain::person::PersonForm { id_number: "X7654321".into(), ..person_form })
            .expect("a form"),
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
        assets: assets::asset_world(site).await,
        books: books::book_world(site, billing.account, billing.bills[0]).await,
        deductions: deductions::deduction_world(site, billing.account).await,
        billing,
        jobs: jobs::job_world(site).await,
        files: files::file_world(&a, estate).await,
        move_in,
        spare: spare(site).await,
        tenancy,
    }
}

/// A server function whose answer holds what only its district may see.
pub fn reads(at: &'static str, arguments: Value, wall: Told, wrong_role: &'static str, elsewhere: Told) -> Entry {
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
pub fn writes(at: &'static str, arguments: Value, wrong_role: &'static str, elsewhere: Told) -> Entry {
    reads(at, arguments, Forbidden, wrong_role, elsewhere)
}

/// About a file of a sheet that FINANCE does not import.
fn unread(entry: Entry) -> Entry {
    Entry { wrong_role: ("finance", NotFound), ..entry }
}

/// A server function about the own account, for everybody at a desk.
fn owns(at: &'static str, arguments: Value, told: Told) -> Entry {
    Entry {
        newcomer: Forbidden,
        wall: Forbidden,
        wrong_role: ("finance", told),
        elsewhere: told,
        right: ("district-a", told),
        ..open(at, Ask::Function(arguments), NotSignedIn)
    }
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

/// One that everybody may call, refused by what is entered.
fn tried(at: &'static str, fields: &'static [(&'static str, &'static str)]) -> Entry {
    Entry {
        newcomer: Refused,
        wall: Refused,
        wrong_role: ("finance", Refused),
        elsewhere: Refused,
        right: ("district-a", Refused),
        ..open(at, Ask::Form(fields), Refused)
    }
}

pub fn raw(at: &'static str, path: impl Into<String>, wall: Told, wrong_role: &'static str, elsewhere: Told) -> Entry {
    Entry { ask: Ask::Get(path.into()), ..reads(at, Value::Null, wall, wrong_role, elsewhere) }
}

/// Server functions, in the order of the menu.
pub fn functions(world: &World) -> Vec<Entry> {
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
        ..
    } = world;
    let list =
        json!({"query": {"q": "", "filter": {}, "sort": "", "descending": false, "size": 100, "at": {"Page": 1}}});
    let new_unit = {
        let mut form = unit_form.clone();
        form["room_no"] = json!("909");
        json!({"building": building, "status": "VACANT", "form": form})
    };
    let mut entries = vec![
        open("frame_get", Ask::Function(json!({})), Good),
        open("captcha_create", Ask::Function(json!({})), Good),
        // Wrong captcha, and no code: that they are tried at all is what counts here.
        tried("sign_in", &[("login", "city"), ("password", "x"), ("captcha_id", "x"), ("captcha", "x")]),
        tried(
            "password_code_create",
            &[("login", "city"), ("phone", "13800000000"), ("captcha_id", "x"), ("captcha", "x")],
        ),
        tried("password_forgotten_set", &[("ticket", "x"), ("code", "0"), ("new", "x"), ("again", "x")]),
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
        // Whose second factor is due has a row of its own in `check`.
        Entry {
            newcomer: NotSignedIn,
            wall: NotSignedIn,
            wrong_role: ("finance", NotSignedIn),
            elsewhere: NotSignedIn,
            right: ("district-a", NotSignedIn),
            ..open("factor_verify", Ask::Form(&[("code", "000000")]), NotSignedIn)
        },
        owns("factor_get", json!({}), Good),
        owns("factor_offer", json!({}), Good),
        // A code that is none: that it is tried at all is what counts here.
        owns("factor_confirm", json!({"code": "0", "password": "x"}), Refused),
        owns("factor_codes_renew", json!({"code": "000000"}), Refused),
        owns("factor_disable", json!({"code": "000000"}), Refused),
        Entry { wall: Good, ..owns("home_get", json!({}), Good) },
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
        // Sums, and no names.
        reads("estate_pay_get", json!({"id": estate}), Good, "admin", Good),
        writes("estate_create", json!({"form": estate_form}), "finance", Refused),
        writes(
            "estate_update",
            json!({"id": estate, "version": 1, "form": {"name": SECRET, "district": estate_form["district"], "address": "光明路1号", "street": "", "community": "", "property_company": "", "operator": operator.to_string(), "green_rate": "", "households_planned": "", "parking_total": "", "contact": "", "phone": "", "lng": "", "lat": "", "system": "", "remark": ""}}),
            "finance",
            NotFound,
        ),
        reads("building_list", list.clone(), Good, "admin", Hidden),
        reads("building_board_get", json!({"id": building}), Good, "admin", NotFound),
        reads("building_pay_get", json!({"id": building}), Good, "admin", NotFound),
        reads("arrears_list", list.clone(), Forbidden, "leader", Hidden),
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
        // Without a reason: that it is tried at all is what counts here.
        Entry {
            right: ("district-a", Refused),
            ..reads("operator_reveal", json!({"id": operator, "reason": ""}), Forbidden, "finance", Refused)
        },
        audits("audit_list", list.clone()),
        audits("audit_get", json!({"id": 1, "object": null, "page": 1})),
        audits("audit_verify", json!({})),
        reads("organization_list", list.clone(), Forbidden, "nobody-at-all", Good),
        reads("organization_get", json!({"id": organization}), Forbidden, "nobody-at-all", Good),
        Entry {
            right: ("district-a", Refused),
            ..reads("organization_reveal", json!({"id": organization, "reason": ""}), Forbidden, "admin", Refused)
        },
        // Raw rows hold telephone numbers: who may import nothing reads none of them.
        reads("search_get", json!({"query": SECRET, "only": null}), Good, "admin", Hidden),
        // FINANCE imports rents, and reads nothing of other files.
        Entry { wrong_role: ("finance", Hidden), ..reads("import_list", list.clone(), Forbidden, "finance", Hidden) },
        unread(reads("import_get", json!({"id": waiting[0]}), Forbidden, "finance", NotFound)),
        unread(reads("import_rows", json!({"id": waiting[0]}), Forbidden, "finance", NotFound)),
        // Only the person who uploaded a file answers for it.
        unread(writes("import_confirm", json!({"id": waiting[0]}), "finance", NotFound)),
    ];
    // Rates of the estates of whoever asks.
    let mut report = list.clone();
    report["query"]["filter"] = json!({"report": "occupancy", "by": "estate"});
    entries.push(reads("report_get", report, Forbidden, "admin", Hidden));
    entries.extend(stock(world));
    entries.extend(assets::functions(&world.assets, &list));
    entries.extend(billing::functions(&world.billing, &list));
    entries.extend(books::functions(&world.books, &list));
    entries.extend(deductions::functions(&world.deductions, &list));
    entries.extend(persons::persons(world, &list));
    // Before its contract is deleted.
    entries.extend(change::functions(&world.change, &list));
    entries.extend(tenancy::functions(&world.tenancy, &list));
    entries.extend(move_in::functions(&world.move_in, &list));
    entries.extend(exit::functions(&world.exit, &list));
    entries.extend(adjustment::functions(&world.adjustment, &list));
    entries.extend(dunning::functions(&world.dunning, &list));
    entries.extend(meter::functions(world.meter, &list));
    entries.extend(relief::functions(&world.relief, &list));
    entries.extend(files::functions(&world.files));
    entries.extend(administration(world, &list));
    entries.extend(tables::tables(&list));
    entries.extend(jobs::jobs(world, &list));
    entries
}

/// Raw routes, in the order of the router.
pub fn routes(world: &World) -> Vec<Entry> {
    let public = |at, path: &str| Entry { nobody: Good, ..open(at, Ask::Get(path.into()), Good) };
    vec![
        raw("/files/template/{sheet}", "/files/template/estate", Forbidden, "finance", Good),
        Entry {
            ask: Ask::Upload("/files/import/estate".into()),
            ..raw("/files/import/{sheet}", "", Forbidden, "finance", Good)
        },
        unread(raw(
            "/files/import/{id}/failed.xlsx",
            format!("/files/import/{}/failed.xlsx", world.waiting[1]),
            Forbidden,
            "finance",
            NotFound,
        )),
        raw("/files/export/{list}", "/files/export/unit?rows=100", Forbidden, "finance", Hidden),
        // Not agreed to yet: that it is looked at at all is what counts here.
        Entry {
            ask: Ask::Upload(format!("/files/passwords/{}", world.approval)),
            right: ("admin", Refused),
            ..raw("/files/passwords/{id}", "", Forbidden, "security", Forbidden)
        },
        raw("/files/board/{building}", format!("/files/board/{}", world.building), Good, "admin", NotFound),
        jobs::result(world),
        files::upload(&world.files),
        files::link(&world.files),
        papers::file(&world.billing.papers),
        papers::specimen(&world.billing.papers),
        dunning::file(),
        raw("/map/outlines", "/map/outlines", Good, "finance", Good),
        // A page: who is not signed in is led to the door, and what is found is looked at in `pages.rs`.
        Entry {
            nobody: Good,
            wall: Good,
            wrong_role: ("finance", Good),
            newcomer: Good,
            ..raw("/search", "/search?q=x", Good, "finance", Good)
        },
        // What a stream says is looked at in `pages.rs`.
        raw("/live", format!("/live?building={}", world.building), Good, "admin", Good),
        public("/healthz", "/healthz"),
        public("/readyz", "/readyz"),
        public("/pkg", &format!("/pkg/{}/housing.css", support::BUILD)),
        public("/favicon.svg", "/favicon.svg"),
    ]
}
