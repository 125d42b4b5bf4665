//! The life of a unit (domain.md §3.27) where it takes more than the status: project, freeze, vacancy.

use crate::support::{TestDatabase, city};
use domain::{
    dictionary::{ProjectStatus, UnitStatus},
    failure::{Failure, FieldErrors},
    housing::unit_status::{Grounds, UnitEvent},
    id::UnitId,
};
use sqlx::AssertSqlSafe;
use store::housing::unit::{unit_get, unit_transition};

/// A unit of 阳光苑 in a status.
async fn unit_in(test: &TestDatabase, status: &str) -> UnitId {
    let query =
        "select min(u.id) from unit u join estate e on e.id = u.estate_id where e.name = '阳光苑' and u.status = $1";
    UnitId(sqlx::query_scalar(query).bind(status).fetch_one(&test.admin).await.expect("a unit"))
}

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

/// Sets something of the small city right for a test.
async fn set(test: &TestDatabase, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// U2: a unit is delivered when its project is completed, not before.
#[tokio::test]
async fn a_unit_waits_for_its_project() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    let unit = unit_in(&test, "PREP").await;
    set(&test, "update project set status = 'BUILDING'").await;
    assert_eq!(unit_get(&ctx, unit).await.expect("a unit").project_status, ProjectStatus::Building);
    assert_eq!(
        failure(unit_transition(&ctx, unit, 1, UnitEvent::Deliver, "").await),
        Failure::refused("项目状态为“在建”，项目竣工后才能交付房源")
    );
    set(&test, "update project set status = 'COMPLETED'").await;
    assert_eq!(unit_transition(&ctx, unit, 1, UnitEvent::Deliver, "").await.expect("delivered"), UnitStatus::Vacant);
    assert_eq!(unit_get(&ctx, unit).await.expect("a unit").vacant_since, Some(ctx.today()));
}

/// U8: back to where it was frozen from, with the paper's number in the timeline.
#[tokio::test]
async fn a_frozen_unit_goes_back_where_it_came_from() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let unit = unit_in(&test, "VACANT").await;
    set(&test, &format!("update unit set status = 'REPAIR', vacant_since = null where id = {}", unit.0)).await;
    let step = |version, event, grounds: Grounds| {
        let ctx = ctx.clone();
        async move { unit_transition(&ctx, unit, version, event, grounds).await.map_err(Failure::from) }
    };
    let order = Grounds { reason: "法院查封".into(), document: " （2026）执1号 ".into() };
    assert_eq!(step(1, UnitEvent::Freeze, order).await, Ok(UnitStatus::Frozen));
    let frozen = unit_get(&ctx, unit).await.expect("a unit");
    assert_eq!((frozen.frozen_from, frozen.lock_reason.as_deref()), (Some(UnitStatus::Repair), Some("法院查封")));
    let line = &frozen.history[0];
    assert_eq!((line.reason.as_deref(), line.document.as_deref()), (Some("法院查封"), Some("（2026）执1号")));
    assert_eq!(frozen.circumstances().offers(), [UnitEvent::UnfreezeToRepair]);
    assert_eq!(
        step(2, UnitEvent::Unfreeze, Grounds::default()).await,
        Err(Failure::refused("房源冻结前为“维修整备中”，只能恢复为该状态"))
    );
    assert_eq!(step(2, UnitEvent::UnfreezeToRepair, Grounds::default()).await, Ok(UnitStatus::Repair));

    // The last freeze counts, not the first.
    assert_eq!(step(3, UnitEvent::FinishRepair, Grounds::default()).await, Ok(UnitStatus::Vacant));
    let unpapered = FieldErrors::from(("document", "请填写文号"));
    assert_eq!(step(4, UnitEvent::Freeze, "争议".into()).await, Err(unpapered.into()));
    let dispute = Grounds { reason: "争议".into(), document: "（2026）2号".into() };
    assert_eq!(step(4, UnitEvent::Freeze, dispute).await, Ok(UnitStatus::Frozen));
    assert!(matches!(step(5, UnitEvent::UnfreezeToRepair, Grounds::default()).await, Err(Failure::Refused(_))));
    assert_eq!(step(5, UnitEvent::Unfreeze, Grounds::default()).await, Ok(UnitStatus::Vacant));
    let long = Grounds { reason: "因".repeat(201), document: String::new() };
    assert_eq!(step(6, UnitEvent::Lock, long).await, Err(FieldErrors::from(("reason", "长度不能超过200")).into()));
}

/// §4.9 counts the days from VACANT to SIGNED: a lock that is taken back does not start them anew.
#[tokio::test]
async fn a_vacancy_outlasts_a_lock() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let unit = unit_in(&test, "VACANT").await;
    set(&test, &format!("update unit set vacant_since = '2025-01-01' where id = {}", unit.0)).await;
    let began = chrono::NaiveDate::from_ymd_opt(2025, 1, 1);
    for (version, event, since) in [
        (1, UnitEvent::Lock, began),
        (2, UnitEvent::Unlock, began),
        (3, UnitEvent::Freeze, None),
        (4, UnitEvent::Unfreeze, Some(ctx.today())),
    ] {
        let grounds = Grounds { reason: "留用".into(), document: "（2026）3号".into() };
        unit_transition(&ctx, unit, version, event, grounds).await.expect("moved");
        assert_eq!(unit_get(&ctx, unit).await.expect("a unit").vacant_since, since, "{event:?}");
    }
}
