//! The city map: nothing in view is left out, however much there is, and a filter is no lie.

use crate::support::{TestDatabase, city};
use domain::{
    dictionary::{HousingCategory, UnitStatus},
    insight::{BUILDING_ZOOM, ESTATE_ZOOM, MapMarks, MapView, MarkLevel},
};
use sqlx::AssertSqlSafe;
use store::insight::map::{MARKS_MAX, map_marks_get};

async fn run(test: &TestDatabase, statement: &str) {
    sqlx::query(AssertSqlSafe(statement.to_owned()))
        .execute(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
}

async fn seen(test: &TestDatabase, zoom: u8, category: Option<HousingCategory>) -> MapMarks {
    let city = city::ctx(&test.database, "city").await;
    map_marks_get(&city, MapView::everywhere(zoom, category)).await.expect("marks")
}

fn units(found: &MapMarks) -> i64 {
    found.marks.iter().map(|mark| mark.counts.occupancy().units).sum()
}

/// Buildings without units, side by side on a line, until there are so many with a place.
async fn buildings(test: &TestDatabase, many: usize) {
    run(
        test,
        &format!(
            "insert into building (district_id, estate_id, project_id, seq, no, no_key, floors_up, lng, lat, coordinate_system, map_lng, map_lat)
             select b.district_id, b.estate_id, b.project_id, 1000 + n, 'N' || n, 'N' || n, 6, 113 + n * 0.001, 34.5, 'WGS84', 113 + n * 0.001, 34.5
             from (select * from building where map_lng is null order by id limit 1) b,
                  generate_series((select count(*) from building where map_lng is not null) + 1, {many}) n"
        ),
    )
    .await;
}

/// One building more than an answer holds, and all of them are still there: as their estates.
#[tokio::test]
async fn too_many_buildings_are_shown_as_estates() {
    let test = TestDatabase::with_city().await;
    buildings(&test, MARKS_MAX).await;
    let all = seen(&test, BUILDING_ZOOM, None).await;
    assert_eq!(all.marks.len(), MARKS_MAX);
    assert!(all.marks.iter().all(|mark| mark.level == MarkLevel::Building));

    buildings(&test, MARKS_MAX + 1).await;
    let gathered = seen(&test, BUILDING_ZOOM, None).await;
    assert!(gathered.marks.iter().all(|mark| matches!(mark.level, MarkLevel::Estate | MarkLevel::Cluster)));
    assert_eq!(units(&gathered), city::UNITS - 4, "all but the estate without a place");
}

/// More estates than an answer holds stand together until it holds them, at every zoom, and none is lost.
#[tokio::test]
async fn too_many_estates_stand_together() {
    let test = TestDatabase::with_city().await;
    let wanted = MARKS_MAX as i64 * 3;
    run(
        &test,
        &format!(
            "insert into estate (district_id, code, name, address, lng, lat, coordinate_system, map_lng, map_lat)
             select e.district_id, 'ZZ' || n, '连片' || n, '路', 113 + n * 0.0005, 34.2, 'WGS84', 113 + n * 0.0005, 34.2
             from (select * from estate order by id limit 1) e, generate_series(1, {wanted}) n"
        ),
    )
    .await;
    for zoom in [ESTATE_ZOOM, 15, BUILDING_ZOOM - 1] {
        let found = seen(&test, zoom, None).await;
        assert!(found.marks.len() <= MARKS_MAX, "zoom {zoom}: {}", found.marks.len());
        assert_eq!(found.marks.iter().map(|mark| mark.estates).sum::<i64>(), wanted + 2, "zoom {zoom}");
    }
}

/// A cluster is called after its largest estate, whatever the order they come in.
#[tokio::test]
async fn a_cluster_has_the_name_of_its_largest() {
    let test = TestDatabase::with_city().await;
    run(
        &test,
        "update estate set lng = 113.5 + id * 0.00001, lat = 34.5, coordinate_system = 'WGS84',
                map_lng = 113.5 + id * 0.00001, map_lat = 34.5",
    )
    .await;
    let found = seen(&test, ESTATE_ZOOM, None).await;
    let told: Vec<_> = found.marks.iter().map(|mark| (mark.level, mark.name.as_str(), mark.estates)).collect();
    assert_eq!(told, [(MarkLevel::Cluster, "阳光苑", 3)]);
    assert_eq!(units(&found), city::UNITS);
}

/// Only units of the category count, and only places that have some are shown (S1-2.2).
#[tokio::test]
async fn a_category_narrows_every_level() {
    let test = TestDatabase::with_city().await;
    run(&test, "update unit set category = 'TALENT' where estate_id = (select id from estate where name = '星光苑') and status = 'VACANT'").await;
    run(
        &test,
        "update building set lng = 114.5, lat = 34.5, coordinate_system = 'WGS84', map_lng = 114.5, map_lat = 34.5",
    )
    .await;
    for (zoom, level) in
        [(0, MarkLevel::District), (BUILDING_ZOOM - 1, MarkLevel::Estate), (BUILDING_ZOOM, MarkLevel::Building)]
    {
        let found = seen(&test, zoom, Some(HousingCategory::Talent)).await;
        let told: Vec<_> = found.marks.iter().map(|mark| (mark.level, mark.counts.of(UnitStatus::Vacant))).collect();
        assert_eq!(told, [(level, 2)], "zoom {zoom}");
        assert_eq!(units(&found), 2, "zoom {zoom}: the six others of 星光苑 have another category");
        assert!(seen(&test, zoom, Some(HousingCategory::LowRent)).await.marks.is_empty(), "zoom {zoom}");
    }
}

/// Units per km² of the district's outline: both districts of the small city are a degree by a degree.
#[tokio::test]
async fn a_district_tells_its_density() {
    let test = TestDatabase::with_city().await;
    let found = seen(&test, 0, None).await;
    for mark in &found.marks {
        let area = mark.area_km2.expect("the outline is known");
        assert!((area - 10_189.0).abs() < 10.0, "{}: {area} km²", mark.name);
        let density = mark.density().expect("a density");
        assert!((density * area - mark.counts.occupancy().units as f64).abs() < 1e-6);
    }
    run(
        &test,
        "update division set outline = null, min_lng = null, min_lat = null, max_lng = null, max_lat = null, area_km2 = null",
    )
    .await;
    assert!(seen(&test, 0, None).await.marks.iter().all(|mark| mark.density().is_none()));
}
