//! Asset cards for tests: those of 阳光苑, entered by the district and checked by the city.

use super::{TestDatabase, city};
use domain::{
    housing::{
        asset_change::AssetDecisionForm,
        asset_master::{AssetMaster, AssetMasterForm},
        asset_sub::{AssetSub, AssetSubForm},
    },
    id::{AssetChangeId, AssetMasterId, AssetSubId},
};
use sqlx::AssertSqlSafe;
use store::{
    Ctx,
    housing::{
        asset_change::{asset_change_decide, asset_submit},
        asset_master::{asset_master_create, asset_master_get},
        asset_sub::{asset_sub_create, asset_sub_get},
    },
};

pub async fn id(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_one(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// A master card of 甲项目: 180,000.00 over 50 years, as domain.md §4.13 counts.
pub async fn master_form(test: &TestDatabase) -> AssetMasterForm {
    AssetMasterForm {
        card_no: "ZC-001".into(),
        asset_code: "2026-001".into(),
        asset_name: "阳光苑住宅".into(),
        class: "A01010500".into(),
        category: "PRH".into(),
        project: id(test, "select id from project where name = '甲项目'").await.to_string(),
        owner: "测试市住房保障中心".into(),
        manager: "甲区管理中心".into(),
        acquire_mode: "BUILT".into(),
        acquired_on: "2020-01-15".into(),
        value_type: "ORIGINAL".into(),
        original: "180,000.00".into(),
        fiscal_part: "100,000".into(),
        method: "STRAIGHT".into(),
        structure: "RC".into(),
        total_area: "800".into(),
        units_count: "14".into(),
        location: "光明路1号".into(),
        use_status: "LET".into(),
        subject: "1811".into(),
        ..AssetMasterForm::default()
    }
}

/// Units of 阳光苑 in the order of their codes; the first six are occupied, the others vacant.
pub async fn units(test: &TestDatabase) -> Vec<i64> {
    sqlx::query_scalar(
        "select u.id from unit u join estate e on e.id = u.estate_id where e.name = '阳光苑' order by u.code",
    )
    .fetch_all(&test.admin)
    .await
    .expect("units")
}

pub fn sub_form(card_no: &str, unit: i64, original: &str) -> AssetSubForm {
    AssetSubForm {
        card_no: card_no.into(),
        unit: unit.to_string(),
        asset_name: format!("住宅{card_no}"),
        location: "光明路1号".into(),
        building_area: "57".into(),
        usable_area: "43".into(),
        layout: "TWO".into(),
        original: original.into(),
        acquired_on: "2020-01-15".into(),
        use_status: "LET".into(),
        ..AssetSubForm::default()
    }
}

pub fn approved() -> AssetDecisionForm {
    AssetDecisionForm { approve: true, voucher_no: "记-0001".into(), opinion: String::new() }
}

pub async fn approve(test: &TestDatabase, change: AssetChangeId) {
    asset_change_decide(&city::ctx(&test.database, "city").await, change, &approved()).await.expect("approved");
}

/// A registered master card with sub cards of these units and values.
pub async fn registered(test: &TestDatabase, subs: &[(i64, &str)]) -> (AssetMasterId, Vec<AssetSubId>) {
    let maker = city::ctx(&test.database, "district-a").await;
    let master = asset_master_create(&maker, &master_form(test).await).await.expect("a master card");
    let mut made = Vec::new();
    for (place, (unit, original)) in subs.iter().enumerate() {
        let form = sub_form(&format!("ZK-{place:03}"), *unit, original);
        made.push(asset_sub_create(&maker, master, &form).await.expect("a sub card"));
    }
    let change = asset_submit(&maker, master, 1).await.expect("submitted");
    approve(test, change).await;
    (master, made)
}

pub async fn master(ctx: &Ctx, id: AssetMasterId) -> AssetMaster {
    asset_master_get(ctx, id).await.expect("a master card")
}

pub async fn sub(ctx: &Ctx, id: AssetSubId) -> AssetSub {
    asset_sub_get(ctx, id).await.expect("a sub card")
}

/// Gives an account a role more.
pub async fn grant(test: &TestDatabase, login: &str, role: &str) {
    let granted = sqlx::query(
        "insert into user_role select u.id, r.id from app_user u, role r where u.login = $1 and r.code = $2",
    )
    .bind(login)
    .bind(role)
    .execute(&test.admin)
    .await
    .expect("a grant");
    assert_eq!(granted.rows_affected(), 1, "{login} {role}");
}
