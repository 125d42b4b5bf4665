//! Settings: what may be set, and what follows from it (domain.md §2.5, §2.9).

use crate::support::TestDatabase;
use domain::{
    platform::setting::code,
    value::{CoordinateSystem, Point, convert},
};
use store::platform::setting::{setting_put, settings_get};

/// Where estates, buildings and projects stand on the map.
async fn places(test: &TestDatabase) -> Vec<(f64, f64)> {
    sqlx::query_as(
        "select map_lng, map_lat from estate where lng is not null
         union all select map_lng, map_lat from building where lng is not null
         union all select map_lng, map_lat from project where lng is not null",
    )
    .fetch_all(&test.admin)
    .await
    .expect("places")
}

#[tokio::test]
async fn another_map_system_moves_every_place() {
    let test = TestDatabase::with_city().await;
    // One place of each table, entered in three systems.
    sqlx::raw_sql(
        "update estate set (lng, lat, coordinate_system, map_lng, map_lat) = (null, null, null, null, null);
         update estate set (lng, lat, coordinate_system, map_lng, map_lat) = (113.625368, 34.746599, 'WGS84', 1, 1) where name = '阳光苑';
         update building set (lng, lat, coordinate_system, map_lng, map_lat) = (113.631414637, 34.745416415, 'GCJ02', 1, 1) where no = '10号楼';
         update project set (lng, lat, coordinate_system, map_lng, map_lat) = (113.637815405, 34.751721806, 'BD09', 1, 1) where name = '甲项目'",
    )
    .execute(&test.admin)
    .await
    .expect("places");
    let wgs = Point { lng: 113.625_368, lat: 34.746_599 };
    for (value, system) in [
        ("GCJ-02", CoordinateSystem::Gcj02),
        // as domain.md spells it; once it was silently taken for GCJ-02
        ("WGS-84", CoordinateSystem::Wgs84),
        ("BD09", CoordinateSystem::Bd09),
    ] {
        assert_eq!(setting_put(&test.database, code::MAP_SYSTEM, value).await.expect("set"), 3, "{value}");
        assert_eq!(settings_get(&test.database).await.expect("settings").map_system, system);
        let there = convert(wgs, CoordinateSystem::Wgs84, system);
        for (lng, lat) in places(&test).await {
            assert!((lng - there.lng).abs() < 1e-7 && (lat - there.lat).abs() < 1e-7, "{value}: {lng} {lat}");
        }
    }
    let stored: String = sqlx::query_scalar("select value from parameter where code = 'PRM-07'")
        .fetch_one(&test.admin)
        .await
        .expect("one");
    assert_eq!(stored, "BD09");
}

#[tokio::test]
async fn nonsense_is_refused_and_changes_nothing() {
    let test = TestDatabase::with_city().await;
    let before = settings_get(&test.database).await.expect("settings");
    for (code, value, sentence) in [
        (
            "PRM-7",
            "foo",
            "没有参数【PRM-7】，可设置的参数：CITY_NAME、PRM-07、MAP_TILES、PRM-06、PRM-05、PRM-70、PASSWORD_DAYS、SECOND_FACTOR、SESSION_LIMIT、PRM-01、PRM-21、PRM-23、PRM-30、PRM-31、PRM-33、PRM-41、PRM-42、PRM-43、PRM-44、PRM-45、PRM-40、PRM-46、DEDUCTION_AUTO、PRM-47、PRM-48、PRM-49、PRM-51、PRM-03、WATER_PRICE、POWER_PRICE、GAS_PRICE、HEAT_PRICE、PRM-76、WRITE_OFF_LIMIT、REDUCTION_DAYS",
        ),
        ("PRM-07", "UTM", "坐标系【UTM】不存在，可填GCJ-02、BD-09或WGS-84"),
    ] {
        assert_eq!(setting_put(&test.database, code, value).await.unwrap_err().to_string(), sentence);
    }
    assert_eq!(settings_get(&test.database).await.expect("settings"), before);
}
