//! The stock written by hand at every level (S1-4.1, S1-4.2): what goes in, what is refused, what is deleted.

use crate::support::{TestDatabase, city};
use domain::{
    failure::{Failure, FieldErrors},
    housing::{building_form::BuildingForm, project_form::ProjectForm, room::RoomForm, unit::UnitForm},
    id::{BuildingId, EstateId, ProjectId, RoomId, UnitId},
    list::ListQuery,
};
use sqlx::AssertSqlSafe;
use store::{
    Ctx,
    housing::{
        building::{building_create, building_delete, building_get, building_update},
        estate::{estate_delete, estate_get},
        project::{project_create, project_delete, project_get, project_list, project_update},
        room::{room_create, room_delete, room_get, room_list, room_update},
        unit::{unit_delete, unit_get, unit_update},
        unit_list::unit_list,
    },
};

async fn id(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_one(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

async fn run(test: &TestDatabase, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&test.admin).await.expect(statement);
}

async fn estate(test: &TestDatabase, name: &str) -> EstateId {
    EstateId(id(test, &format!("select id from estate where name = '{name}'")).await)
}

async fn building(test: &TestDatabase, estate: &str, no: &str) -> BuildingId {
    let query = format!(
        "select b.id from building b join estate e on e.id = b.estate_id where e.name = '{estate}' and b.no = '{no}'"
    );
    BuildingId(id(test, &query).await)
}

async fn project(test: &TestDatabase, name: &str) -> ProjectId {
    ProjectId(id(test, &format!("select id from project where name = '{name}'")).await)
}

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

async fn project_form(test: &TestDatabase, district: &str) -> ProjectForm {
    ProjectForm {
        name: "新项目".into(),
        district: id(test, &format!("select id from organization where code = '{district}'")).await.to_string(),
        address: "新路1号".into(),
        category: "PRH".into(),
        source: "NEW".into(),
        investment: "GOV".into(),
        owner_unit: id(test, "select id from organization where code = 'M1'").await.to_string(),
        units_planned: "10".into(),
        fund_city: "120.50".into(),
        accept_on: "2026-05-01".into(),
        status: "BUILDING".into(),
        lng: "113.25".into(),
        lat: "34.25".into(),
        system: "WGS84".into(),
        ..ProjectForm::default()
    }
}

async fn building_form(test: &TestDatabase) -> BuildingForm {
    BuildingForm {
        project: project(test, "甲项目").await.to_string(),
        no: "3号楼".into(),
        floors_up: "6".into(),
        entrances: "2".into(),
        has_elevator: "YES".into(),
        height: "18.5".into(),
        ..BuildingForm::default()
    }
}

#[tokio::test]
async fn a_project_is_entered_changed_and_its_trace_kept() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let made = project_create(&ctx, &project_form(&test, "810101").await).await.expect("created");
    let read = project_get(&ctx, made).await.expect("a project");
    assert_eq!((read.name.as_str(), read.version, read.units_planned), ("新项目", 1, 10));
    assert_eq!(read.funds.city.map(|money| money.fen()), Some(12_050));
    assert_eq!(read.position.map(|point| (point.lng, point.lat)), Some((113.25, 34.25)));
    assert_eq!(read.updated_by.as_deref(), Some("测试district-a"));
    // What the form reads is what it wrote.
    let again = ProjectForm::from(&read);
    project_update(&ctx, made, 1, &ProjectForm { remark: "二期".into(), ..again.clone() }).await.expect("changed");
    let after = project_get(&ctx, made).await.expect("a project");
    assert_eq!((after.version, after.remark.as_deref()), (2, Some("二期")));
    assert_eq!(ProjectForm { remark: String::new(), ..ProjectForm::from(&after) }, again);
    assert_eq!(failure(project_update(&ctx, made, 1, &again).await), Failure::Conflict);
    let trace: (String, i64) = sqlx::query_as(
        "select action, object_id from audit_log where object_type = 'project' order by id desc limit 1",
    )
    .fetch_one(&test.admin)
    .await
    .expect("a trace");
    assert_eq!(trace, ("UPDATE".to_owned(), made.0));
}

#[tokio::test]
async fn what_a_project_must_not_be() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let good = project_form(&test, "810101").await;
    let company = id(&test, "select id from organization where code = 'PC1'").await.to_string();
    for (form, expected) in [
        (ProjectForm { name: "甲项目".into(), ..good.clone() }, complaint("name", "项目名称已存在")),
        (project_form(&test, "810102").await, complaint("district", "无权在该区县新增项目")),
        (ProjectForm { lng: "114.5".into(), ..good.clone() }, complaint("lng", "坐标不在所属区县范围内")),
        (
            ProjectForm { owner_unit: company, ..good.clone() },
            complaint("owner_unit", "产权单位不存在或已停用，请重新选择"),
        ),
        (
            ProjectForm { operator: "999999".into(), ..good.clone() },
            complaint("operator", "运营主体不存在或已停用，请重新选择"),
        ),
    ] {
        assert_eq!(failure(project_create(&ctx, &form).await), expected, "{form:?}");
    }
    for login in ["leader", "operator", "entry", "finance"] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(failure(project_create(&ctx, &good).await), Failure::Forbidden, "{login}");
    }
    let b = city::ctx(&test.database, "district-b").await;
    let own = project(&test, "甲项目").await;
    assert_eq!(failure(project_delete(&b, own, 1).await), Failure::NotFound, "another district's");
}

#[tokio::test]
async fn only_what_has_nothing_below_it_is_deleted() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let refused = Failure::refused;
    let own = project(&test, "甲项目").await;
    assert_eq!(failure(project_delete(&ctx, own, 1).await), refused("项目下存在楼栋，不能删除"));
    let moon = estate(&test, "月光苑").await;
    assert_eq!(failure(estate_delete(&ctx, moon, 1).await), refused("小区下存在楼栋，不能删除"));
    let full = building(&test, "月光苑", "1号楼").await;
    assert_eq!(failure(building_delete(&ctx, full, 1).await), refused("楼栋下存在房源，不能删除"));
    let empty = project(&test, "甲经适项目").await;
    assert_eq!(failure(project_delete(&ctx, empty, 2).await), Failure::Conflict);
    project_delete(&ctx, empty, 1).await.expect("deleted");
    assert_eq!(failure(project_get(&ctx, empty).await), Failure::NotFound);
    assert_eq!(project_list(&ctx, &ListQuery::default()).await.expect("a list").total, 1);
    assert_eq!(
        id(&test, "select count(*) from project where name = '甲经适项目' and deleted_at is not null").await,
        1,
        "it is kept"
    );
    // Its name is free again.
    let again = ProjectForm { name: "甲经适项目".into(), ..project_form(&test, "810101").await };
    project_create(&ctx, &again).await.expect("the name is free");
}

/// From the flat up to the estate, each once the level below is gone; the counters follow.
#[tokio::test]
async fn an_estate_is_taken_down_from_below() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    run(&test, "update unit set status = 'VACANT', vacant_since = '2026-01-01' from estate e where e.id = estate_id and e.name = '月光苑'").await;
    let ever: Vec<(i64, bool)> = sqlx::query_as(
        "select u.id, exists (select from unit_history h where h.unit_id = u.id and h.to_status in ('OCCUPIED', 'SOLD'))
         from unit u join estate e on e.id = u.estate_id where e.name = '月光苑' order by u.id",
    )
    .fetch_all(&test.admin)
    .await
    .expect("units");
    for (unit, bound) in &ever {
        let outcome = unit_delete(&ctx, UnitId(*unit), 1).await;
        if *bound {
            let Failure::Refused(sentence) = failure(outcome) else { panic!("a refusal") };
            assert!(sentence.ends_with("须保留记录，不能删除"), "{sentence}");
        } else {
            outcome.expect("deleted");
            assert_eq!(failure(unit_get(&ctx, UnitId(*unit)).await), Failure::NotFound);
        }
    }
    assert_eq!(ever.iter().filter(|(_, bound)| *bound).count(), 2);
    let (moon, place) = (estate(&test, "月光苑").await, building(&test, "月光苑", "1号楼").await);
    let filter =
        |key: &str, id: i64| ListQuery { filter: [(key.to_owned(), id.to_string())].into(), ..ListQuery::default() };
    assert_eq!(unit_list(&ctx, &filter("estate", moon.0)).await.expect("a list").total, 2);
    assert_eq!(
        room_list(&ctx, &filter("estate", moon.0)).await.expect("a list").total,
        2,
        "their rooms went with them"
    );
    assert_eq!(id(&test, &format!("select sum(units) from building_tally where estate_id = {moon}")).await, 2);
    assert_eq!(failure(building_delete(&ctx, place, 1).await), Failure::refused("楼栋下存在房源，不能删除"));
    run(&test, &format!("update unit set deleted_at = now() where building_id = {place}")).await;
    building_delete(&ctx, place, 1).await.expect("deleted");
    assert_eq!(failure(building_get(&ctx, place).await), Failure::NotFound);
    // Who looks after the estate does not decide that there is none.
    let entry = city::ctx(&test.database, "entry").await;
    assert_eq!(
        failure(estate_delete(&entry, moon, 1).await),
        Failure::refused("小区由市、区县住房保障部门删除，您不能删除")
    );
    estate_delete(&ctx, moon, 1).await.expect("deleted");
    assert_eq!(failure(estate_get(&ctx, moon).await), Failure::NotFound);
}

#[tokio::test]
async fn a_building_is_bound_to_estate_and_project() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    let sun = estate(&test, "阳光苑").await;
    let good = building_form(&test).await;
    let made = building_create(&ctx, sun, &good).await.expect("created");
    let read = building_get(&ctx, made).await.expect("a building");
    assert_eq!((read.estate_id, read.project.as_str(), read.floors_up, read.height), (sun, "甲项目", 6, Some(1850)));
    assert_eq!(BuildingForm::from(&read), BuildingForm { status: "ON".into(), height: "18.50".into(), ..good.clone() });
    let foreign = project(&test, "乙项目").await.to_string();
    for (form, expected) in [
        (good.clone(), complaint("no", "楼栋号已存在")),
        (
            BuildingForm { no: "4号楼".into(), project: String::new(), ..good.clone() },
            complaint("project", "请选择项目"),
        ),
        (
            BuildingForm { no: "4号楼".into(), project: foreign, ..good.clone() },
            complaint("project", "项目不存在或不属于该区县，请重新选择"),
        ),
    ] {
        assert_eq!(failure(building_create(&ctx, sun, &form).await), expected, "{form:?}");
    }
    assert_eq!(
        id(&test, &format!("select building_seq::bigint from estate where id = {sun}")).await,
        3,
        "what was refused drew no number"
    );
    let star = estate(&test, "星光苑").await;
    assert_eq!(failure(building_create(&ctx, star, &good).await), Failure::NotFound, "outside the scope");
    assert_eq!(
        failure(building_create(&city::ctx(&test.database, "finance").await, sun, &good).await),
        Failure::Forbidden
    );
    let gone = project(&test, "甲经适项目").await;
    let district = city::ctx(&test.database, "district-a").await;
    project_delete(&district, gone, 1).await.expect("deleted");
    let bound = BuildingForm { no: "4号楼".into(), project: gone.to_string(), ..good };
    assert_eq!(
        failure(building_create(&district, sun, &bound).await),
        complaint("project", "项目不存在或不属于该区县，请重新选择")
    );
}

#[tokio::test]
async fn the_addresses_follow_the_number_of_their_building() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let place = building(&test, "阳光苑", "10号楼").await;
    let before = building_get(&ctx, place).await.expect("a building");
    let form = BuildingForm { no: "11号楼".into(), ..BuildingForm::from(&before) };
    let low = BuildingForm { floors_up: "0".into(), ..form.clone() };
    assert_eq!(
        failure(building_update(&ctx, place, before.version, &low).await),
        complaint("floors_up", "应为1至60之间的整数")
    );
    building_update(&ctx, place, before.version, &form).await.expect("changed");
    let addresses: Vec<String> =
        sqlx::query_scalar("select address from unit where building_id = $1 order by position_key")
            .bind(place.0)
            .fetch_all(&test.admin)
            .await
            .expect("addresses");
    assert_eq!(addresses, ["11号楼1单元101室", "11号楼1单元102室"]);
    assert_eq!(failure(building_update(&ctx, place, before.version, &form).await), Failure::Conflict);
    let tall = building(&test, "阳光苑", "1号楼").await;
    let tall_now = building_get(&ctx, tall).await.expect("a building");
    let cut = BuildingForm { floors_up: "2".into(), ..BuildingForm::from(&tall_now) };
    assert_eq!(
        failure(building_update(&ctx, tall, tall_now.version, &cut).await),
        complaint("floors_up", "已有第3层的房源，地上层数不能小于3")
    );
}

#[tokio::test]
async fn a_unit_keeps_a_room() {
    let test = TestDatabase::with_city().await;
    let ctx: Ctx = city::ctx(&test.database, "operator").await;
    let unit = UnitId(id(&test, "select min(u.id) from unit u join estate e on e.id = u.estate_id where e.name = '阳光苑' and u.status = 'VACANT'").await);
    let form = RoomForm {
        name: "A".into(),
        kind: "ROOM".into(),
        area: "12.5".into(),
        capacity: "2".into(),
        property_rate: "1.2345".into(),
        ..RoomForm::default()
    };
    let made = room_create(&ctx, unit, &form).await.expect("created");
    let read = room_get(&ctx, made).await.expect("a room");
    assert_eq!(RoomForm::from(&read), RoomForm { area: "12.50".into(), status: "ON".into(), ..form.clone() });
    assert_eq!(failure(room_create(&ctx, unit, &form).await), complaint("name", "房间已存在"));
    room_update(&ctx, made, 1, &RoomForm { capacity: "3".into(), ..form.clone() }).await.expect("changed");
    assert_eq!(failure(room_update(&ctx, made, 1, &form).await), Failure::Conflict);
    assert_eq!(failure(unit_delete(&ctx, unit, 1).await), Failure::refused("房源下存在房间，不能删除，请先删除房间"));
    assert_eq!(unit_get(&ctx, unit).await.expect("a unit").rooms.len(), 2, "the refusal undid what it had begun");
    let first = RoomId(id(&test, &format!("select min(id) from room where unit_id = {unit}")).await);
    room_delete(&ctx, first, 1).await.expect("deleted");
    assert_eq!(failure(room_delete(&ctx, made, 2).await), Failure::refused("房源至少保留一个房间，不能删除"));
    assert_eq!(failure(room_get(&ctx, first).await), Failure::NotFound);
    unit_delete(&ctx, unit, 1).await.expect("deleted with its last room");
    let b = city::ctx(&test.database, "district-b").await;
    assert_eq!(failure(room_update(&b, made, 2, &form).await), Failure::NotFound);
}

/// S1-4.2: area changes on a unit with a tenant need a change order.
#[tokio::test]
async fn the_area_of_a_let_unit_stays() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    let unit = UnitId(id(&test, "select min(u.id) from unit u join estate e on e.id = u.estate_id where e.name = '阳光苑' and u.status = 'OCCUPIED'").await);
    let form = UnitForm::from(&unit_get(&ctx, unit).await.expect("a unit"));
    let larger = UnitForm { building_area: "60".into(), ..form.clone() };
    assert_eq!(
        failure(unit_update(&ctx, unit, 1, &larger).await),
        complaint("building_area", "该房源已签约或入住，面积须通过合同变更修改")
    );
    let inner = UnitForm { inner_area: "44".into(), ..form.clone() };
    unit_update(&ctx, unit, 1, &inner).await.expect("no rent hangs on it");
    // … unless it is what the rent is reckoned by.
    sqlx::query("update rent_standard set basis = 'INNER'").execute(&test.admin).await.expect("set");
    let other = UnitForm { inner_area: "45".into(), ..form };
    assert_eq!(
        failure(unit_update(&ctx, unit, 2, &other).await),
        complaint("inner_area", "该房源已签约或入住，面积须通过合同变更修改")
    );
    let remarked = UnitForm { remark: "已核对".into(), ..inner };
    unit_update(&ctx, unit, 2, &remarked).await.expect("anything else may change");
}
