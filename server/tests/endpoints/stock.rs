//! Who may write the stock.

use super::entries::{Entry, Told, World, reads, writes};
use crate::support::{Site, city};
use Told::{Forbidden, Good, Hidden, NotFound, Refused};
use serde_json::{Value, json};

/// Stock of 甲区 that nothing else is about.
pub struct Spare {
    project: i64,
    estate: i64,
    building: i64,
    unit: i64,
    room: i64,
    project_form: Value,
    building_form: Value,
}

pub async fn spare(site: &Site) -> Spare {
    use domain::housing::{building_form::BuildingForm, project_form::ProjectForm, room::RoomForm};
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
    let unit = home(site, "808").await;
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

/// A vacant home that no other test takes for itself: those below 800 are anybody's.
pub async fn home(site: &Site, room_no: &str) -> domain::id::UnitId {
    use domain::{dictionary::UnitStatus, housing::unit::UnitForm};
    let ctx = city::ctx(&site.test.database, "district-a").await;
    let place = domain::id::BuildingId(site.id("select min(building_id) from unit").await);
    let model = domain::id::UnitId(site.id("select min(id) from unit").await);
    let model = store::housing::unit::unit_get(&ctx, model).await.expect("a unit");
    let form = UnitForm { room_no: room_no.into(), ..UnitForm::from(&model) };
    store::housing::unit::unit_create(&ctx, place, UnitStatus::Vacant, &form).await.expect("a unit")
}

/// Server functions that write the stock at its levels, and the work on many units. What is tried by nobody with a right
/// comes first, so the one that may finds everything as it was.
pub fn stock(world: &World) -> Vec<Entry> {
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
        // The city alone asks; without a paper: that it is tried at all is what counts here.
        Entry {
            right: ("city", Refused),
            ..writes("unit_offshelf_request", json!({"id": world.unit, "version": 1, "form": {}}), "finance", Forbidden)
        },
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
