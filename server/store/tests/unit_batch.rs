//! Many units at once (S1-4.2): made by pattern, changed, locked – all in one transaction, each judged by itself.

use crate::support::{TestDatabase, city};
use domain::{
    dictionary::UnitStatus,
    failure::{Failure, FieldErrors},
    housing::{
        tree::StockNode,
        unit_batch::{PositionForm, UnitBatchForm},
        unit_change::{BatchOutcome, CHANGED_MEANWHILE, ChosenUnit, UnitChangeForm},
        unit_status::UnitEvent,
    },
    id::{BuildingId, EstateId, UnitId},
    list::ListQuery,
};
use sqlx::AssertSqlSafe;
use store::{
    Ctx,
    housing::{
        label::{building_labels_get, unit_label_get},
        tree::stock_children,
        unit::{unit_generate, unit_get, unit_update, units_change, units_chosen, units_transition},
        unit_list::unit_list,
    },
};

async fn id(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_one(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

async fn building(test: &TestDatabase, estate: &str, no: &str) -> BuildingId {
    let query = format!(
        "select b.id from building b join estate e on e.id = b.estate_id where e.name = '{estate}' and b.no = '{no}'"
    );
    BuildingId(id(test, &query).await)
}

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

async fn form(test: &TestDatabase) -> UnitBatchForm {
    let position = |layout: &str, building: &str, usable: &str| PositionForm {
        layout: layout.into(),
        building_area: building.into(),
        usable_area: usable.into(),
        orientation: "S".into(),
    };
    UnitBatchForm {
        entrances: "1、3".into(),
        floor_from: "2".into(),
        floor_to: "6".into(),
        pattern: "{floor}{seq2}".into(),
        positions: vec![position("ONE", "45", "36"), position("TWO", "60.5", "48")],
        mgmt_unit: id(test, "select id from organization where code = 'M1'").await.to_string(),
        category: "PRH".into(),
        rent_standard: id(test, "select id from rent_standard where code = 'ZJ-01'").await.to_string(),
        decoration: "SIMPLE".into(),
        status: "VACANT".into(),
    }
}

/// The units of 阳光苑 in a status, as a list would have them chosen.
async fn chosen(test: &TestDatabase, status: &str) -> Vec<ChosenUnit> {
    let rows: Vec<(i64, i32)> = sqlx::query_as(
        "select u.id, u.version from unit u join estate e on e.id = u.estate_id where e.name = '阳光苑' and u.status = $1 order by u.id",
    )
    .bind(status)
    .fetch_all(&test.admin)
    .await
    .expect("units");
    rows.into_iter().map(|(id, version)| ChosenUnit { id: UnitId(id), version }).collect()
}

fn told(outcome: &BatchOutcome) -> Vec<(&str, &str)> {
    outcome.refused.iter().map(|refusal| (refusal.address.as_str(), refusal.reason.as_str())).collect()
}

#[tokio::test]
async fn a_building_is_filled_by_pattern() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    let place = building(&test, "阳光苑", "10号楼").await;
    assert_eq!(unit_generate(&ctx, place, &form(&test).await).await.expect("made"), 20);
    let of_place =
        ListQuery { filter: [("building".to_owned(), place.to_string())].into(), size: 50, ..ListQuery::default() };
    let rows = unit_list(&ctx, &of_place).await.expect("a list");
    assert_eq!(rows.total, 22, "the two that were there stay");
    let made = rows.rows.iter().find(|row| row.address == "10号楼3单元602室").expect("the last one");
    assert_eq!((made.usable_area.hundredths(), made.status), (4_800, UnitStatus::Vacant));
    let unit = unit_get(&ctx, made.id).await.expect("a unit");
    assert_eq!((unit.rooms.len(), unit.rooms[0].name.as_str()), (1, "602"));
    assert_eq!((unit.history.len(), unit.history[0].event.as_str()), (1, "批量生成"));
    assert_eq!(unit.history[0].actor.as_deref(), Some("测试operator"));
    assert_eq!(unit.vacant_since, Some(ctx.today()));
    let codes: i64 = id(&test, &format!("select count(distinct code) from unit where building_id = {place}")).await;
    assert_eq!(codes, 22);
    assert_eq!(id(&test, &format!("select entrances::bigint from building where id = {place}")).await, 2);
    assert_eq!(id(&test, &format!("select sum(units) from building_tally where building_id = {place}")).await, 22);
    // Entrance by entrance, as the tree asks.
    let third = ListQuery {
        filter: [("building".to_owned(), place.to_string()), ("entrance".to_owned(), "3".to_owned())].into(),
        ..ListQuery::default()
    };
    assert_eq!(unit_list(&ctx, &third).await.expect("a list").total, 10);
}

#[tokio::test]
async fn nothing_is_half_made() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    let place = building(&test, "阳光苑", "10号楼").await;
    let good = form(&test).await;
    let units = "select count(*) from unit";
    let before = id(&test, units).await;
    for (form, expected) in [
        (
            UnitBatchForm { floor_from: "1".into(), ..good.clone() },
            Failure::refused("1单元101室、1单元102室已存在（共2套），未生成任何房源，请调整后重试"),
        ),
        (
            UnitBatchForm { floor_to: "7".into(), ..good.clone() },
            complaint("floor_to", "终止楼层不能大于楼栋的地上层数（6层）"),
        ),
        (
            UnitBatchForm {
                mgmt_unit: id(&test, "select id from organization where code = 'PC1'").await.to_string(),
                ..good.clone()
            },
            complaint("mgmt_unit", "住房管理单位不存在或已停用，请重新选择"),
        ),
        (
            UnitBatchForm {
                rent_standard: id(&test, "select id from rent_standard where code = 'ZJ-02'").await.to_string(),
                ..good.clone()
            },
            complaint("rent_standard", "租金标准已失效或不适用于该区县，请重新选择"),
        ),
    ] {
        assert_eq!(failure(unit_generate(&ctx, place, &form).await), expected);
    }
    assert_eq!(id(&test, units).await, before);
    let star = building(&test, "星光苑", "2号楼").await;
    assert_eq!(failure(unit_generate(&ctx, star, &good).await), Failure::NotFound);
    let leader = city::ctx(&test.database, "leader").await;
    assert_eq!(failure(unit_generate(&leader, place, &good).await), Failure::Forbidden);
}

#[tokio::test]
async fn a_change_of_many_names_those_that_stay() {
    let test = TestDatabase::with_city().await;
    let ctx: Ctx = city::ctx(&test.database, "operator").await;
    let mut units = chosen(&test, "VACANT").await;
    let vacant = units.len();
    let occupied = chosen(&test, "OCCUPIED").await[0];
    // Somebody is faster with the first; one is let; one lies in another district.
    let faster = units[0];
    let mut other = domain::housing::unit::UnitForm::from(&unit_get(&ctx, faster.id).await.expect("a unit"));
    other.remark = "先改".into();
    unit_update(&ctx, faster.id, faster.version, &other).await.expect("faster");
    let foreign =
        id(&test, "select min(u.id) from unit u join estate e on e.id = u.estate_id where e.name = '星光苑'").await;
    units.extend([occupied, ChosenUnit { id: UnitId(foreign), version: 1 }, occupied]);
    let change =
        UnitChangeForm { building_area: "58".into(), title_holder: "甲区".into(), ..UnitChangeForm::default() };
    let outcome = units_change(&ctx, &units, &change).await.expect("changed");
    assert_eq!(outcome.changed as usize, vacant - 1);
    assert_eq!(
        told(&outcome),
        [
            ("1号楼2单元101室", CHANGED_MEANWHILE),
            ("1号楼1单元101室", "该房源已签约或入住，面积须通过合同变更修改"),
            ("", "记录不存在，或不在您的管辖范围内"),
        ]
    );
    let after = unit_get(&ctx, units[1].id).await.expect("a unit");
    assert_eq!((after.building_area.hundredths(), after.title_holder.as_deref()), (5_800, Some("甲区")));
    assert_eq!((after.usable_area.hundredths(), after.version), (4_300, units[1].version + 1));
    assert_eq!(
        (after.history[0].event.as_str(), after.history[0].reason.as_deref()),
        ("批量修改", Some("建筑面积、产权单位"))
    );
    assert_eq!(unit_get(&ctx, faster.id).await.expect("a unit").building_area.hundredths(), 5_700, "it stayed");
    assert_eq!(
        id(&test, &format!("select count(*) from unit where id = {foreign} and building_area = 5700")).await,
        1,
        "the wall held"
    );
    // Chosen anew, the very same goes through.
    let again = units_change(&ctx, &chosen(&test, "VACANT").await, &change).await.expect("changed");
    assert_eq!((again.changed as usize, again.refused.len()), (vacant, 0));
}

#[tokio::test]
async fn a_change_that_cannot_be_is_refused_as_a_whole() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    let units = chosen(&test, "VACANT").await;
    let empty = UnitChangeForm::default();
    assert_eq!(failure(units_change(&ctx, &units, &empty).await), complaint("form", "请至少填写一项要修改的内容"));
    let expired = id(&test, "select id from rent_standard where code = 'ZJ-02'").await.to_string();
    let form = UnitChangeForm { rent_standard: expired, ..UnitChangeForm::default() };
    assert_eq!(
        failure(units_change(&ctx, &units, &form).await),
        complaint("rent_standard", "租金标准已失效，请重新选择")
    );
    assert_eq!(failure(units_change(&ctx, &[], &form).await), Failure::refused("请先选择房源"));
    let many = vec![units[0]; 501];
    assert_eq!(failure(units_change(&ctx, &many, &form).await), Failure::refused("一次最多处理500套，请分批处理"));
    let leader = city::ctx(&test.database, "leader").await;
    assert_eq!(failure(units_change(&leader, &units, &form).await), Failure::Forbidden);
    assert_eq!(failure(units_transition(&leader, &units, UnitEvent::Lock, "x").await), Failure::Forbidden);
    assert_eq!(units_chosen(&leader, &units).await.expect("to look at is allowed").len(), units.len());
}

/// S4-1.3.2: the price of property services, of all rooms of the chosen homes.
#[tokio::test]
async fn the_rooms_of_many_get_one_price() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    let units = chosen(&test, "OCCUPIED").await;
    let priced = async |rate: i64| id(&test, &format!("select count(*) from room where property_rate = {rate}")).await;
    let of = |rate: &str| UnitChangeForm { property_rate: rate.into(), ..UnitChangeForm::default() };
    for (rate, sentence) in [("-1", "应为大于0的数字，最多4位小数"), ("2.50001", "应为大于0的数字，最多4位小数")]
    {
        assert_eq!(failure(units_change(&ctx, &units, &of(rate)).await), complaint("property_rate", sentence));
    }
    let before = priced(26_500).await;
    let outcome = units_change(&ctx, &units, &of("2.65")).await.expect("changed");
    assert_eq!((outcome.changed as usize, outcome.refused.len()), (units.len(), 0));
    let ids: Vec<String> = units.iter().map(|unit| unit.id.to_string()).collect();
    let rooms = format!("select count(*) from room where deleted_at is null and unit_id in ({})", ids.join(", "));
    assert_eq!((before, priced(26_500).await), (0, id(&test, &rooms).await), "theirs and no other");
    let after = unit_get(&ctx, units[0].id).await.expect("a unit");
    assert_eq!(after.history[0].reason.as_deref(), Some("物业费单价"));
}

#[tokio::test]
async fn many_are_locked_and_unlocked() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let mut units = chosen(&test, "VACANT").await;
    let vacant = units.len();
    units.push(chosen(&test, "OCCUPIED").await[0]);
    assert_eq!(failure(units_transition(&ctx, &units, UnitEvent::Lock, " ").await), complaint("reason", "请填写原因"));
    assert_eq!(failure(units_transition(&ctx, &units, UnitEvent::Sell, "").await), Failure::refused("出售须逐套办理"));
    let since = unit_get(&ctx, units[0].id).await.expect("a unit").vacant_since;
    let outcome = units_transition(&ctx, &units, UnitEvent::Lock, "留作人才房").await.expect("locked");
    assert_eq!(outcome.changed as usize, vacant);
    assert_eq!(told(&outcome), [("1号楼1单元101室", "房源状态为“已入住”，不能锁定")]);
    let locked = unit_get(&ctx, units[0].id).await.expect("a unit");
    assert_eq!((locked.status, locked.lock_reason.as_deref()), (UnitStatus::Reserved, Some("留作人才房")));
    assert_eq!(locked.vacant_since, since, "the vacancy goes on");
    assert_eq!((locked.history[0].event.as_str(), locked.history[0].reason.as_deref()), ("锁定", Some("留作人才房")));
    assert_eq!(
        id(&test, "select count(*) from change where status = 'RESERVED' and unit_id is not null").await as usize,
        vacant,
        "every board hears of each"
    );
    assert_eq!(
        id(&test, "select sum(t.units) from building_tally t join estate e on e.id = t.estate_id where e.name = '阳光苑' and t.status = 'RESERVED'").await as usize,
        vacant
    );
    let unlocked =
        units_transition(&ctx, &chosen(&test, "RESERVED").await, UnitEvent::Unlock, "").await.expect("unlocked");
    assert_eq!((unlocked.changed as usize, unlocked.refused.len()), (vacant, 0));
    let free = unit_get(&ctx, units[0].id).await.expect("a unit");
    assert_eq!((free.status, free.lock_reason), (UnitStatus::Vacant, None));
}

#[tokio::test]
async fn the_tree_shows_what_is_in_scope_level_by_level() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let labels = async |ctx: &Ctx, node: StockNode, word: &str| -> Vec<String> {
        let level = stock_children(ctx, &node, word).await.expect("a level");
        level.items.into_iter().map(|item| item.label).collect()
    };
    assert_eq!(labels(&ctx, StockNode::Root, "").await, ["阳光苑", "月光苑"]);
    assert_eq!(labels(&ctx, StockNode::Root, "月").await, ["月光苑"]);
    let sun = EstateId(id(&test, "select id from estate where name = '阳光苑'").await);
    assert_eq!(labels(&ctx, StockNode::Estate(sun), "").await, ["1号楼", "10号楼"]);
    let first = building(&test, "阳光苑", "1号楼").await;
    assert_eq!(labels(&ctx, StockNode::Building(first), "").await, ["1单元", "2单元"]);
    let entrance = StockNode::Entrance(first, "2".into());
    assert_eq!(labels(&ctx, entrance.clone(), "").await, ["101", "102", "201", "202", "301", "302"]);
    let b = city::ctx(&test.database, "district-b").await;
    assert_eq!(labels(&b, StockNode::Root, "").await, ["星光苑"]);
    for node in [StockNode::Estate(sun), StockNode::Building(first), entrance] {
        assert!(labels(&b, node.clone(), "").await.is_empty(), "{node:?}");
    }
    let admin = city::ctx(&test.database, "admin").await;
    assert_eq!(failure(stock_children(&admin, &StockNode::Root, "").await), Failure::Forbidden);
}

#[tokio::test]
async fn labels_are_those_of_the_building() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    let place = building(&test, "阳光苑", "10号楼").await;
    let labels = building_labels_get(&ctx, place).await.expect("labels");
    let addresses: Vec<&str> = labels.iter().map(|label| label.address.as_str()).collect();
    assert_eq!(addresses, ["10号楼1单元101室", "10号楼1单元102室"]);
    assert_eq!(unit_label_get(&ctx, labels[0].id).await.expect("a label"), labels[0]);
    let b = city::ctx(&test.database, "district-b").await;
    assert_eq!(failure(building_labels_get(&b, place).await), Failure::NotFound);
    assert_eq!(failure(unit_label_get(&b, labels[0].id).await), Failure::NotFound);
}
