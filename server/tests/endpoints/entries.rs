//! Who may use which address, and what the others are told.

use crate::{
    assets,
    support::{self, Site, city},
};
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
    /// stock that only exists to be written: an empty project, estate and building, and a unit with two rooms
    spare: Spare,
    person: i64,
    person_form: Value,
    waiting: [String; 2],
    /// somebody else's account, a role that nobody holds, and a request that waits
    user: i64,
    role: i64,
    approval: i64,
    assets: assets::AssetWorld,
}

/// Stock of 甲区 that nothing else is about.
struct Spare {
    project: i64,
    estate: i64,
    building: i64,
    unit: i64,
    room: i64,
    project_form: Value,
    building_form: Value,
}

async fn spare(site: &Site) -> Spare {
    use domain::housing::{building_form::BuildingForm, project_form::ProjectForm, room::RoomForm, unit::UnitForm};
    let ctx = city::ctx(&site.test.database, "district-a").await;
    let district = site.id("select id from organization where code = '810101'").await.to_string();
    let project_form = ProjectForm {
        name: "阳光苑备用项目".into(),
        district: district.clone(),
        address: "备用路1号".into(),
        category: "PRH".into(),
        source: "NEW".into(),
        investment: "GOV".into(),
        owner_unit: site.id("select id from organization where code = 'M1'").await.to_string(),
        units_planned: "10".into(),
        status: "OPERATING".into(),
        ..ProjectForm::default()
    };
    let project = store::housing::project::project_create(&ctx, &project_form).await.expect("a project");
    let estate_form = domain::housing::estate::EstateForm {
        name: "阳光苑备用小区".into(),
        district,
        address: "备用路1号".into(),
        ..Default::default()
    };
    let estate = store::housing::estate::estate_create(&ctx, &estate_form).await.expect("an estate");
    let building_form = BuildingForm {
        project: site.id("select id from project where name = '甲项目'").await.to_string(),
        no: "备用".into(),
        floors_up: "3".into(),
        entrances: "1".into(),
        ..BuildingForm::default()
    };
    let sun = domain::id::EstateId(site.id("select id from estate where name = '阳光苑'").await);
    let building = store::housing::building::building_create(&ctx, sun, &building_form).await.expect("a building");
    let place = domain::id::BuildingId(site.id("select min(building_id) from unit").await);
    let model = site.id("select min(id) from unit where status = 'VACANT'").await;
    let model = store::housing::unit::unit_get(&ctx, domain::id::UnitId(model)).await.expect("a unit");
    let unit_form = UnitForm { room_no: "808".into(), ..UnitForm::from(&model) };
    let unit = store::housing::unit::unit_create(&ctx, place, domain::dictionary::UnitStatus::Vacant, &unit_form)
        .await
        .expect("a unit");
    let room_form = RoomForm { name: "备用".into(), kind: "ROOM".into(), ..RoomForm::default() };
    let room = store::housing::room::room_create(&ctx, unit, &room_form).await.expect("a room");
    Spare {
        project: project.0,
        estate: estate.0,
        building: building.0,
        unit: unit.0,
        room: room.0,
        project_form: serde_json::to_value(ProjectForm { name: "备用二".into(), ..project_form }).expect("a form"),
        building_form: serde_json::to_value(BuildingForm { no: "备用二".into(), ..building_form }).expect("a form"),
    }
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
    sqlx::raw_sql("update import_job set status = 'VALIDATED'; insert into import_row select id, 2, array['阳光苑'], '[]' from import_job")
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
    World {
        user: site.id("select id from app_user where login = 'leader'").await,
        role,
        approval,
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
        spare: spare(site).await,
        waiting: waiting.try_into().expect("two jobs"),
        assets: assets::asset_world(site).await,
    }
}

/// A role that nobody holds, and a request of the system administrator that waits.
async fn requests(site: &Site) -> (i64, i64) {
    let admin = city::ctx(&site.test.database, "admin").await;
    let role = site.id("insert into role (code, name) values ('IDLE', '闲置角色') returning id").await;
    let (form, grant) = account("waiting", "13900000001");
    let (form, mut grant): (domain::platform::user_form::UserForm, domain::platform::user_form::GrantForm) =
        (serde_json::from_value(form).expect("a form"), serde_json::from_value(grant).expect("a grant"));
    grant.organization = site.id("select id from organization where code = '810101'").await.to_string();
    store::platform::user::user_register(&admin, &form, &grant).await.expect("an account");
    (role, site.id("select id from approval where status = 'PENDING'").await)
}

/// What is entered for an account; organisation and role are the first ones there are.
fn account(login: &str, phone: &str) -> (Value, Value) {
    (
        json!({"login": login, "name": "新人", "department": "", "phone": phone, "valid_from": "", "valid_to": ""}),
        json!({"organization": "1", "roles": ["4"], "estates": [], "reason": "新员工入职"}),
    )
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

/// A server function of administration, open to one office and to nobody else.
fn governs(at: &'static str, arguments: Value, office: &'static str) -> Entry {
    Entry { right: (office, Good), ..reads(at, arguments, Forbidden, "finance", Forbidden) }
}

/// A server function that changes something of a district.
pub fn writes(at: &'static str, arguments: Value, wrong_role: &'static str, elsewhere: Told) -> Entry {
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
        reads("search_get", json!({"query": SECRET}), Good, "admin", Hidden),
        reads("import_list", list.clone(), Forbidden, "finance", Hidden),
        reads("import_get", json!({"id": waiting[0]}), Forbidden, "finance", NotFound),
        reads("import_rows", json!({"id": waiting[0]}), Forbidden, "finance", NotFound),
        // Only the person who uploaded a file answers for it.
        writes("import_confirm", json!({"id": waiting[0]}), "finance", NotFound),
        writes("import_cancel", json!({"id": waiting[1]}), "finance", NotFound),
    ];
    entries.extend(stock(world));
    entries.extend(assets::functions(&world.assets, &list));
    entries.extend(persons(world, &list));
    entries.extend(administration(world, &list));
    entries
}

/// Server functions of accounts, roles, parameters and requests: the city reads none of the first two.
fn administration(world: &World, list: &Value) -> Vec<Entry> {
    let World { user, role, approval, .. } = world;
    let city_refused = |entry: Entry| Entry { wrong_role: ("city", Forbidden), ..entry };
    let (form, grant) = account("second", "13900000002");
    let role_form = json!({"code": "AREA", "name": "片区", "description": "", "permissions": ["housing:unit:read"], "reason": "片区巡查"});
    let parameter = json!({"code": "PASSWORD_DAYS", "value": "60", "valid_from": "2099-01-01", "reason": "加强管理"});
    vec![
        city_refused(governs("user_list", list.clone(), "admin")),
        city_refused(governs("user_get", json!({"id": user}), "auditor")),
        city_refused(governs("user_choices_get", json!({}), "admin")),
        city_refused(governs("user_estates", json!({"organization": 1}), "admin")),
        Entry { wrong_role: ("security", Forbidden), ..governs("user_register", json!({"form": form, "grant": grant}), "admin") },
        Entry {
            wrong_role: ("security", Forbidden),
            ..governs("user_update", json!({"id": user, "version": 1, "form": form}), "admin")
        },
        Entry {
            wrong_role: ("security", Forbidden),
            ..governs("user_grant_request", json!({"id": user, "grant": grant}), "admin")
        },
        city_refused(governs("user_status_set", json!({"id": user, "on": true}), "admin")),
        city_refused(governs("user_unlock", json!({"id": user}), "admin")),
        city_refused(governs("user_password_new", json!({"id": user}), "admin")),
        city_refused(governs("user_sessions_end", json!({"id": user}), "admin")),
        city_refused(governs("role_list", list.clone(), "security")),
        city_refused(governs("role_get", json!({"id": role}), "security")),
        Entry { wrong_role: ("admin", Forbidden), ..governs("role_request", json!({"role": null, "form": role_form}), "security") },
        Entry { wrong_role: ("admin", Forbidden), ..governs("role_delete", json!({"id": role}), "security") },
        governs("parameter_list", json!({}), "city"),
        Entry { wrong_role: ("city-check", Forbidden), ..governs("parameter_request", json!({"form": parameter}), "city") },
        governs("approval_list", list.clone(), "city-check"),
        // The city reads what is asked for its parameters; of an account it learns nothing.
        Entry { wrong_role: ("city", NotFound), ..governs("approval_get", json!({"id": approval}), "security") },
        Entry {
            wrong_role: ("admin", Forbidden),
            ..governs("approval_end", json!({"id": approval, "verdict": "Approve", "opinion": ""}), "security")
        },
    ]
}

/// Server functions that write the stock at its levels, and the work on many units. What is tried by nobody with a right
/// comes first, so the one that may finds everything as it was.
fn stock(world: &World) -> Vec<Entry> {
    let Spare { project, estate, building, unit, room, project_form, building_form } = &world.spare;
    let renamed = {
        let mut form = project_form.clone();
        form["name"] = json!("备用三");
        form
    };
    let room_form = json!({"name": "新", "kind": "ROOM", "area": "", "capacity": "", "bed_count": "", "property_rate": "", "status": "ON"});
    let chosen = json!([{"id": world.unit, "version": 1}]);
    let position = json!({"layout": "ONE", "building_area": "40", "usable_area": "30", "orientation": ""});
    let batch = json!({"entrances": "9", "floor_from": "1", "floor_to": "2", "pattern": "{floor}{seq2}", "positions": [position],
                       "mgmt_unit": world.unit_form["mgmt_unit"], "category": "PRH",
                       "rent_standard": world.unit_form["rent_standard"], "decoration": "", "status": "VACANT"});
    vec![
        reads(
            "project_choices_get",
            json!({"district": world.estate_form["district"].as_str().and_then(|id| id.parse::<i64>().ok())}),
            Forbidden,
            "admin",
            Hidden,
        ),
        writes("project_create", json!({"form": project_form}), "operator", Refused),
        writes("project_update", json!({"id": project, "version": 1, "form": renamed}), "operator", NotFound),
        writes("project_delete", json!({"id": project, "version": 2}), "operator", NotFound),
        writes("estate_delete", json!({"id": estate, "version": 1}), "finance", NotFound),
        reads("building_get", json!({"id": world.building}), Good, "admin", NotFound),
        writes("building_create", json!({"estate": world.estate, "form": building_form}), "finance", NotFound),
        writes(
            "building_update",
            json!({"id": building, "version": 1, "form": {"no": "备用三", "project": building_form["project"], "floors_up": "3", "entrances": "1"}}),
            "finance",
            NotFound,
        ),
        writes("building_delete", json!({"id": building, "version": 2}), "finance", NotFound),
        writes("unit_generate", json!({"building": world.building, "form": batch}), "finance", NotFound),
        reads("units_chosen", json!({"chosen": chosen}), Good, "admin", Hidden),
        // Whose unit it is not is told so in the outcome: nothing was done.
        writes("units_change", json!({"chosen": chosen, "form": {"supply_pool": "一池"}}), "finance", Good),
        writes(
            "units_transition",
            json!({"chosen": chosen, "event": "LOCK", "grounds": {"reason": "留用", "document": ""}}),
            "finance",
            Good,
        ),
        reads("stock_children", json!({"node": "Root", "word": ""}), Good, "admin", Hidden),
        reads("building_labels_get", json!({"id": world.building}), Good, "admin", NotFound),
        reads("unit_label_get", json!({"id": world.unit}), Good, "admin", NotFound),
        writes("room_create", json!({"unit": unit, "form": room_form}), "finance", NotFound),
        writes(
            "room_update",
            json!({"id": room, "version": 1, "form": {"name": "改", "kind": "ROOM"}}),
            "finance",
            NotFound,
        ),
        writes("room_delete", json!({"id": room, "version": 2}), "finance", NotFound),
        // It still has the room that was entered just now: refused by its content.
        Entry {
            right: ("district-a", Refused),
            ..writes("unit_delete", json!({"id": unit, "version": 1}), "finance", NotFound)
        },
    ]
}

/// Server functions of persons, whose numbers nobody sees without a right of its own.
fn persons(world: &World, list: &Value) -> Vec<Entry> {
    let (id, form) = (world.person, &world.person_form);
    // A district reads persons; to enter them is the work of clerks, operators and the city.
    let clerk = |entry: Entry| Entry { wrong_role: ("finance", Forbidden), right: ("city", Good), ..entry };
    vec![
        reads("person_list", list.clone(), Forbidden, "admin", Hidden),
        reads("person_find", json!({"number": "13800000000"}), Forbidden, "admin", Hidden),
        reads("person_get", json!({"id": id}), Forbidden, "admin", NotFound),
        reads(
            "person_reveal",
            json!({"id": id, "secret": "IdNumber", "reason": "核对身份"}),
            Forbidden,
            "finance",
            NotFound,
        ),
        clerk(writes("person_keepers", json!({}), "finance", Forbidden)),
        clerk(writes("person_create", json!({"form": form}), "finance", Forbidden)),
        clerk(writes(
            "person_update",
            json!({"id": id, "version": 1, "form": form_of_present(form)}),
            "finance",
            Forbidden,
        )),
        // A version that is none any more, and a record with itself: that it is tried at all is what counts here.
        Entry {
            right: ("city", Refused),
            ..clerk(writes("person_delete", json!({"id": id, "version": 1, "reason": "误录"}), "finance", Forbidden))
        },
        clerk(writes("person_likely", json!({}), "finance", Forbidden)),
        Entry {
            right: ("city", Refused),
            ..clerk(writes(
                "person_merge",
                json!({"form": {"survivor": id, "survivor_version": 1, "merged": id, "merged_version": 1, "taken": [], "reason": "重复登记"}}),
                "finance",
                Forbidden,
            ))
        },
    ]
}

/// The form as the page of a known person sends it: what is hidden stays.
fn form_of_present(form: &Value) -> Value {
    let mut form = form.clone();
    form["id_number"] = json!("");
    form["phone"] = json!("");
    form
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
        raw(
            "/files/import/{id}/failed.xlsx",
            format!("/files/import/{}/failed.xlsx", world.waiting[1]),
            Forbidden,
            "finance",
            NotFound,
        ),
        raw("/files/export/{list}", "/files/export/unit?rows=100", Forbidden, "finance", Hidden),
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
