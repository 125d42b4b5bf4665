//! Units: what one change writes, in one transaction, and what it refuses (domain.md §3.27, E-13).

use crate::support::{TestDatabase, city};
use domain::{
    dictionary::UnitStatus,
    failure::{Failure, FieldErrors},
    housing::{
        unit::{Unit, UnitForm},
        unit_status::UnitEvent,
    },
    id::{BuildingId, UnitId},
};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use store::{
    Ctx,
    housing::unit::{unit_create, unit_get, unit_transition, unit_update},
};

async fn id(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_one(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// 1号楼 of 阳光苑 (甲区, run by the operator), and 2号楼 of 星光苑 (乙区).
async fn building(test: &TestDatabase, estate: &str, no: &str) -> BuildingId {
    BuildingId(id(test, &format!("select b.id from building b join estate e on e.id = b.estate_id where e.name = '{estate}' and b.no = '{no}'")).await)
}

/// A unit by estate and status.
async fn unit_of(test: &TestDatabase, estate: &str, status: &str) -> UnitId {
    UnitId(id(test, &format!("select u.id from unit u join estate e on e.id = u.estate_id where e.name = '{estate}' and u.status = '{status}' order by u.id limit 1")).await)
}

async fn form(test: &TestDatabase, ctx: &Ctx) -> UnitForm {
    let unit = unit_get(ctx, unit_of(test, "阳光苑", "VACANT").await).await.expect("a unit");
    UnitForm { entrance: "1".into(), floor: "4".into(), room_no: "401".into(), ..UnitForm::from(&unit) }
}

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

/// The newest audit row about a table.
async fn audited(
    test: &TestDatabase,
    table: &str,
) -> (Option<i64>, String, Option<i64>, i32, Option<Value>, Option<Value>) {
    sqlx::query_as("select actor_id, action, object_id, rows, before, after from audit_log where object_type = $1 order by id desc limit 1")
        .bind(table)
        .fetch_one(&test.admin)
        .await
        .expect("an audit row")
}

#[tokio::test]
async fn a_new_unit_has_a_room_a_history_a_notice_and_an_audit_row() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let sun = building(&test, "阳光苑", "1号楼").await;
    let unit = unit_create(&ctx, sun, UnitStatus::Vacant, &form(&test, &ctx).await).await.expect("created");

    let made = unit_get(&ctx, unit).await.expect("readable");
    assert_eq!((made.code.as_str(), made.address.as_str()), ("XQ000001-001-0013", "1号楼1单元401室"));
    assert_eq!((made.status, made.vacant_since, made.version), (UnitStatus::Vacant, Some(ctx.today()), 1));
    assert_eq!(made.rooms.len(), 1);
    assert_eq!((made.rooms[0].name.as_str(), made.rooms[0].area), ("401", Some(made.building_area)));
    assert_eq!(made.history.len(), 1);
    let first = &made.history[0];
    assert_eq!(
        (first.event.as_str(), first.from, first.to, first.actor.as_deref()),
        ("新增", None, UnitStatus::Vacant, Some("测试district-a"))
    );

    let notice: (i64, Option<i64>) =
        sqlx::query_as("select building_id, unit_id from change order by seq desc limit 1")
            .fetch_one(&test.admin)
            .await
            .expect("a notice");
    assert_eq!(notice, (sun.0, None), "the board looks at the whole building again");
    for (table, object) in [("unit", unit.0), ("room", made.rooms[0].id.0)] {
        let (actor, action, about, rows, before, after) = audited(&test, table).await;
        assert_eq!(
            (actor, action.as_str(), about, rows, before),
            (Some(ctx.actor().id.0), "INSERT", Some(object), 1, None),
            "{table}"
        );
        assert_eq!(after.expect("what came in")["id"], object, "{table}");
    }
}

#[tokio::test]
async fn a_new_unit_is_checked() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let (sun, star) = (building(&test, "阳光苑", "1号楼").await, building(&test, "星光苑", "2号楼").await);
    let good = form(&test, &ctx).await;
    let create = |building, status, form: UnitForm| {
        let ctx = ctx.clone();
        async move { failure(unit_create(&ctx, building, status, &form).await) }
    };
    let vacant = UnitStatus::Vacant;
    assert_eq!(create(star, vacant, good.clone()).await, Failure::NotFound, "a building of another district");
    assert_eq!(
        create(sun, UnitStatus::Occupied, good.clone()).await,
        complaint("status", "新增房源只能为筹建中或闲置房")
    );
    assert_eq!(
        create(sun, vacant, UnitForm { floor: "7".into(), ..good.clone() }).await,
        complaint("floor", "楼层不能大于楼栋的地上层数")
    );
    assert_eq!(
        create(sun, vacant, UnitForm { floor: "0".into(), ..good.clone() }).await,
        complaint("floor", "不能为0层")
    );
    assert_eq!(
        create(sun, vacant, UnitForm { room_no: "101".into(), ..good.clone() }).await,
        complaint("room_no", "该房号已存在")
    );
    assert_eq!(
        create(sun, vacant, UnitForm { mgmt_unit: "999999".into(), ..good.clone() }).await,
        complaint("mgmt_unit", "住房管理单位不存在")
    );
    assert_eq!(
        create(sun, vacant, UnitForm { rent_standard: "999999".into(), ..good.clone() }).await,
        complaint("rent_standard", "租金标准已失效或不适用于该区县，请重新选择")
    );
    assert_eq!(
        create(sun, vacant, UnitForm { usable_area: "99".into(), ..good.clone() }).await,
        complaint("usable_area", "使用面积不能大于建筑面积")
    );
    assert_eq!(id(&test, "select count(*) from unit").await, city::UNITS, "nothing was half saved");
    assert_eq!(id(&test, "select count(*) from room").await, city::UNITS);
    for login in ["leader", "finance", "admin"] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(failure(unit_create(&ctx, sun, vacant, &good).await), Failure::Forbidden, "{login}");
    }
}

#[tokio::test]
async fn an_update_keeps_the_status_and_shows_before_and_after() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    let unit = unit_of(&test, "阳光苑", "VACANT").await;
    let before = unit_get(&ctx, unit).await.expect("a unit");
    let form = UnitForm {
        layout: "THREE".into(),
        building_area: "80.5".into(),
        remark: "<b>改</b>".into(),
        ..UnitForm::from(&before)
    };
    unit_update(&ctx, unit, before.version, &form).await.expect("updated");

    let after = unit_get(&ctx, unit).await.expect("a unit");
    assert_eq!(
        (after.status, after.version, after.building_area.hundredths()),
        (UnitStatus::Vacant, before.version + 1, 8050)
    );
    assert_eq!(after.remark.as_deref(), Some("<b>改</b>"), "text is kept as it is");
    assert_eq!(after.updated_by.as_deref(), Some("测试operator"));
    assert_eq!(after.history.len(), before.history.len(), "no change of status");
    let (actor, action, about, rows, old, new) = audited(&test, "unit").await;
    assert_eq!((actor, action.as_str(), about, rows), (Some(ctx.actor().id.0), "UPDATE", Some(unit.0), 1));
    let (old, new) = (old.expect("before"), new.expect("after"));
    assert_eq!((&old["layout"], &new["layout"]), (&Value::from("TWO"), &Value::from("THREE")));
    assert_eq!((&old["building_area"], &new["building_area"]), (&Value::from(5700), &Value::from(8050)));
}

#[tokio::test]
async fn an_update_of_what_somebody_else_changed_is_refused() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let unit = unit_of(&test, "阳光苑", "VACANT").await;
    let read = unit_get(&ctx, unit).await.expect("a unit");
    let form = UnitForm { remark: "甲".into(), ..UnitForm::from(&read) };
    unit_update(&ctx, unit, read.version, &form).await.expect("the first");
    assert_eq!(failure(unit_update(&ctx, unit, read.version, &form).await), Failure::Conflict);
    assert_eq!(failure(unit_transition(&ctx, unit, read.version, UnitEvent::Lock, "留用").await), Failure::Conflict);

    let now = read.version + 1;
    assert_eq!(
        failure(unit_update(&ctx, unit, now, &UnitForm { room_no: "102".into(), ..form.clone() }).await),
        complaint("room_no", "该房号已存在")
    );
    assert_eq!(
        failure(unit_update(&ctx, unit, now, &UnitForm { floor: "7".into(), ..form }).await),
        complaint("floor", "楼层不能大于楼栋的地上层数")
    );
}

#[tokio::test]
async fn a_transition_writes_its_line_into_the_timeline() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let unit = unit_of(&test, "月光苑", "VACANT").await;
    let read = || async { unit_get(&ctx, unit).await.expect("a unit") };
    assert_eq!(
        unit_transition(&ctx, unit, read().await.version, UnitEvent::Lock, " 应急备用 ").await.expect("locked"),
        UnitStatus::Reserved
    );
    let locked: Unit = read().await;
    assert_eq!(
        (locked.status, locked.lock_reason.as_deref(), locked.vacant_since),
        (UnitStatus::Reserved, Some("应急备用"), Some(ctx.today()))
    );
    // PostgreSQL keeps microseconds.
    assert_eq!(locked.status_since.timestamp_micros(), ctx.now().timestamp_micros());
    let line = &locked.history[0];
    assert_eq!(
        (line.event.as_str(), line.from, line.to, line.reason.as_deref(), line.actor.as_deref()),
        ("锁定", Some(UnitStatus::Vacant), UnitStatus::Reserved, Some("应急备用"), Some("测试district-a"))
    );
    let notice: (Option<i64>, Option<String>) =
        sqlx::query_as("select unit_id, status from change order by seq desc limit 1")
            .fetch_one(&test.admin)
            .await
            .expect("a notice");
    assert_eq!(notice, (Some(unit.0), Some("RESERVED".into())));

    unit_transition(&ctx, unit, locked.version, UnitEvent::Unlock, "").await.expect("unlocked");
    let free = read().await;
    assert_eq!((free.status, free.lock_reason, free.vacant_since), (UnitStatus::Vacant, None, Some(ctx.today())));
    assert_eq!(free.history.len(), 3, "imported, locked, unlocked");
    assert_eq!(free.history[0].reason, None);
}

#[tokio::test]
async fn a_transition_that_may_not_be_changes_nothing() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let (occupied, vacant) = (unit_of(&test, "阳光苑", "OCCUPIED").await, unit_of(&test, "阳光苑", "VACANT").await);
    let history = id(&test, "select count(*) from unit_history").await;
    let refused = Failure::refused;
    for (unit, event, reason, expected) in [
        (occupied, UnitEvent::Lock, "留用", refused("房源状态为“已入住”，不能锁定")),
        (vacant, UnitEvent::Lock, " ", complaint("reason", "请填写原因")),
        (vacant, UnitEvent::Assign, "", refused("分配须在相应业务中办理，不能直接操作")),
        (vacant, UnitEvent::Deregister, "拆除", refused("注销须在相应业务中办理，不能直接操作")),
        (vacant, UnitEvent::Sell, "", refused("只有经适房、配售型保障房可以出售")),
        (unit_of(&test, "星光苑", "VACANT").await, UnitEvent::Lock, "留用", Failure::NotFound),
    ] {
        assert_eq!(failure(unit_transition(&ctx, unit, 1, event, reason).await), expected, "{event:?}");
    }
    assert_eq!(
        failure(unit_transition(&city::ctx(&test.database, "leader").await, vacant, 1, UnitEvent::Lock, "留用").await),
        Failure::Forbidden
    );
    assert_eq!(id(&test, "select count(*) from unit_history").await, history);
    assert_eq!(id(&test, "select count(*) from unit where version <> 1").await, 0);
}

/// Two clerks press the button at once: one of them is told.
#[tokio::test]
async fn of_two_at_once_one_wins() {
    let test = TestDatabase::with_city().await;
    let unit = unit_of(&test, "阳光苑", "VACANT").await;
    let mut tries = Vec::new();
    for login in ["district-a", "operator", "city"] {
        let ctx = city::ctx(&test.database, login).await;
        tries.push(tokio::spawn(async move {
            unit_transition(&ctx, unit, 1, UnitEvent::Lock, "留用").await.map_err(Failure::from)
        }));
    }
    let mut outcomes = Vec::new();
    for one in tries {
        outcomes.push(one.await.expect("a try ends"));
    }
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Ok(UnitStatus::Reserved)).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(Failure::Conflict)).count(), 2);
}

#[tokio::test]
async fn units_made_at_once_get_codes_of_their_own() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let (sun, form) = (building(&test, "阳光苑", "1号楼").await, form(&test, &ctx).await);
    let tries: Vec<_> = (1..=6)
        .map(|door| {
            let (ctx, form) = (ctx.clone(), UnitForm { room_no: format!("40{door}"), ..form.clone() });
            tokio::spawn(async move { unit_create(&ctx, sun, UnitStatus::Prep, &form).await.expect("created") })
        })
        .collect();
    for one in tries {
        one.await.expect("a try ends");
    }
    let last: String = sqlx::query_scalar("select max(code) from unit where building_id = $1")
        .bind(sun.0)
        .fetch_one(&test.admin)
        .await
        .expect("a code");
    assert_eq!(last, "XQ000001-001-0018", "twelve were there, no number is left out");
}

/// Sets something of the small city right for a test.
async fn set(test: &TestDatabase, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
}

#[tokio::test]
async fn what_the_form_says_is_kept() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let sun = building(&test, "阳光苑", "1号楼").await;
    let form = UnitForm {
        inner_area: "45".into(),
        shared_area: "12".into(),
        facilities: "床、衣柜，热水器".into(),
        market_rent: "1,234.5".into(),
        house_code: "a".repeat(26),
        real_estate_no: "b".repeat(28),
        cert_no: "证001".into(),
        deliver_on: "2026-03-01".into(),
        supply_pool: "人才池".into(),
        title_holder: "测试市国有资产公司".into(),
        orientation: "SN".into(),
        decoration: "FINE".into(),
        remark: "备注".into(),
        ..form(&test, &ctx).await
    };
    let unit = unit_create(&ctx, sun, UnitStatus::Prep, &form).await.expect("created");
    let made = unit_get(&ctx, unit).await.expect("readable");
    let expected = UnitForm {
        inner_area: "45.00".into(),
        shared_area: "12.00".into(),
        facilities: "床、衣柜、热水器".into(),
        market_rent: "1,234.50".into(),
        house_code: "A".repeat(26),
        real_estate_no: "B".repeat(28),
        ..form
    };
    assert_eq!(UnitForm::from(&made), expected, "as the form shows it again");
    let emptied = UnitForm {
        shared_area: String::new(),
        facilities: String::new(),
        market_rent: String::new(),
        house_code: String::new(),
        deliver_on: String::new(),
        supply_pool: String::new(),
        ..expected
    };
    unit_update(&ctx, unit, made.version, &emptied).await.expect("updated");
    assert_eq!(UnitForm::from(&unit_get(&ctx, unit).await.expect("readable")), emptied);
}

/// What a unit may be charged by: in force today, and made for its district; what it has it may keep.
#[tokio::test]
async fn a_rent_standard_must_be_in_force_here() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let sun = building(&test, "阳光苑", "1号楼").await;
    let unit = unit_of(&test, "阳光苑", "VACANT").await;
    set(
        &test,
        "insert into rent_standard (code, name, district_id, unit_rate, basis, doc_no, valid_from, status)
         select 'ZJ-' || o.code, '区标准', o.id, 30000, 'USABLE', '1号', '2020-01-01', 'ON' from organization o where o.type = 'DISTRICT';
         insert into rent_standard (code, name, unit_rate, basis, doc_no, valid_from, status)
         values ('ZJ-OFF', '停用标准', 30000, 'USABLE', '1号', '2020-01-01', 'OFF')",
    )
    .await;
    let read = unit_get(&ctx, unit).await.expect("a unit");
    let refused = complaint("rent_standard", "租金标准已失效或不适用于该区县，请重新选择");
    for (code, allowed) in [
        ("ZJ-01", true),
        ("ZJ-02", false),
        ("ZJ-03", false),
        ("ZJ-OFF", false),
        ("ZJ-810101", true),
        ("ZJ-810102", false),
    ] {
        let standard = id(&test, &format!("select id from rent_standard where code = '{code}'")).await.to_string();
        let new = UnitForm { rent_standard: standard.clone(), room_no: format!("40{code}"), ..form(&test, &ctx).await };
        let created = unit_create(&ctx, sun, UnitStatus::Vacant, &new).await.map(|_| ()).map_err(Failure::from);
        assert_eq!(created, if allowed { Ok(()) } else { Err(refused.clone()) }, "new: {code}");
        let version = unit_get(&ctx, unit).await.expect("a unit").version;
        let changed = UnitForm { rent_standard: standard.clone(), ..UnitForm::from(&read) };
        let updated = unit_update(&ctx, unit, version, &changed).await.map_err(Failure::from);
        assert_eq!(updated, if allowed { Ok(()) } else { Err(refused.clone()) }, "changed: {code}");
        // It has it already, from better days.
        set(&test, &format!("update unit set rent_standard_id = {standard} where id = {}", unit.0)).await;
        let version = unit_get(&ctx, unit).await.expect("a unit").version;
        unit_update(&ctx, unit, version, &changed).await.unwrap_or_else(|error| panic!("kept: {code}: {error}"));
        set(
            &test,
            &format!(
                "update unit set rent_standard_id = {} where id = {}",
                read.rent.as_ref().expect("a rent").standard_id,
                unit.0
            ),
        )
        .await;
    }
}
