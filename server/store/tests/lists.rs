//! The lists over small tables, the home page and the map: order, pages, filters, sums.

use crate::support::{TestDatabase, city};
use domain::{
    failure::Failure,
    housing::{
        building_sheet::BUILDING_LIST, estate_sheet::ESTATE_LIST, project_sheet::PROJECT_LIST,
        rent_standard::RENT_STANDARD_LIST, room::ROOM_LIST, unit_sheet::UNIT_LIST,
    },
    id::{BuildingId, EstateId, OperatorId, OrganizationId, ProjectId, RentStandardId, RoomId},
    insight::{BUILDING_ZOOM, ESTATE_ZOOM, MapView, MarkLevel, stock::StockFigures},
    list::{ListQuery, Page, Position},
    operator::OPERATOR_LIST,
    platform::organization_sheet::ORGANIZATION_LIST,
    sheet::{Cell, ListSheet},
    value::{Money, Rate},
};
use sqlx::AssertSqlSafe;
use std::{collections::HashSet, future::Future};
use store::{
    Ctx,
    housing::{
        building::{building_board_get, building_list, estate_buildings},
        choice::stock_choices_get,
        estate::estate_list,
        project::{project_get, project_list},
        rent_standard::{rent_standard_get, rent_standard_list},
        room::{room_get, room_list},
        unit_list::unit_list,
    },
    insight::{home::home_figures_get, map::map_marks_get},
    operator::{operator_get, operator_list},
    platform::{
        division::outlines_get,
        organization::{organization_get, organization_list},
    },
};

async fn id(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_one(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// A row as one text, to tell rows apart.
fn text<R>(sheet: &ListSheet<R>, row: &R) -> String {
    format!("{:?}", sheet.cells(row))
}

/// Every sortable column, both directions, in pages of two: the pages together are the whole list, and the
/// two directions are each other's mirror.
async fn sorted_pages<R, F>(sheet: &ListSheet<R>, load: impl Fn(ListQuery) -> F)
where
    F: Future<Output = store::Result<Page<R>>>,
{
    for column in sheet.columns.iter().filter(|column| column.sortable) {
        let query = |descending, size, page| ListQuery {
            sort: column.key.into(),
            descending,
            size,
            at: Position::Page(page),
            ..ListQuery::default()
        };
        let mut whole = Vec::new();
        for descending in [false, true] {
            let all = load(query(descending, 100, 1))
                .await
                .unwrap_or_else(|error| panic!("{} by {}: {error}", sheet.key, column.key));
            assert_eq!((all.total, all.next), (all.rows.len() as i64, None), "{} by {}", sheet.key, column.key);
            let all: Vec<String> = all.rows.iter().map(|row| text(sheet, row)).collect();
            assert!(
                all.len() > 2 && all.iter().collect::<HashSet<_>>().len() == all.len(),
                "{} has rows to sort",
                sheet.key
            );
            let mut paged = Vec::new();
            for page in 1.. {
                let page = load(query(descending, 2, page)).await.expect("a page");
                paged.extend(page.rows.iter().map(|row| text(sheet, row)));
                if page.next.is_none() {
                    break;
                }
            }
            assert_eq!(paged, all, "{} by {}: pages of two", sheet.key, column.key);
            whole.push(all);
        }
        let mut mirrored = whole.pop().expect("both directions");
        mirrored.reverse();
        // Empty values stand last in both directions.
        if sheet.key != "project" && column.key != "rate" {
            assert_eq!(mirrored, whole[0], "{} by {}: downwards", sheet.key, column.key);
        }
    }
}

#[tokio::test]
async fn every_list_sorts_by_every_column_it_offers() {
    let test = TestDatabase::with_city().await;
    // Differing values in every sorted column.
    sqlx::raw_sql(
        "update project set start_on = date '2024-01-01' + id::int where id > 1; update rent_standard set unit_rate = unit_rate + id;
         insert into organization (code, name, type, division_code) values ('OP3', '乐居公司', 'OPERATOR', '810000');
         insert into operator (organization_id, code, name, type, uscc) select id, code, name, 'AGENCY', '91990100MA0000009X' from organization where code = 'OP3';
         update estate set operator_id = (select id from operator where code = 'OP2') where name <> '阳光苑';
         update building set updated_at = updated_at + id * interval '1 s'; update estate set updated_at = updated_at + id * interval '1 s'",
    )
    .execute(&test.admin)
    .await
    .expect("values");
    let ctx = city::ctx(&test.database, "city").await;
    macro_rules! sorts {
        ($($sheet:expr, $load:path;)+) => {$(
            sorted_pages(&$sheet, |query| { let ctx = ctx.clone(); async move { $load(&ctx, &query).await } }).await;
        )+};
    }
    sorts! {
        ORGANIZATION_LIST, organization_list;
        OPERATOR_LIST, operator_list;
        PROJECT_LIST, project_list;
        ESTATE_LIST, estate_list;
        BUILDING_LIST, building_list;
        UNIT_LIST, unit_list;
        ROOM_LIST, room_list;
        RENT_STANDARD_LIST, rent_standard_list;
    }
}

/// 1号楼 before 10号楼.
#[tokio::test]
async fn buildings_stand_in_natural_order() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "operator").await;
    let sun = EstateId(id(&test, "select id from estate where name = '阳光苑'").await);
    let buildings = estate_buildings(&ctx, sun).await.expect("buildings");
    let told: Vec<_> = buildings
        .iter()
        .map(|(row, counts)| (row.no.as_str(), counts.units.occupancy()))
        .map(|(no, occupancy)| (no, occupancy.units, occupancy.rented, occupancy.lettable))
        .collect();
    assert_eq!(told, [("1号楼", 12, 6, 12), ("10号楼", 2, 0, 1)]);
    assert_eq!(estate_buildings(&city::ctx(&test.database, "district-b").await, sun).await.expect("nothing").len(), 0);

    let board = building_board_get(&ctx, buildings[0].0.id).await.expect("a board");
    assert_eq!((board.entrances(), board.floors()), (vec!["1".to_owned(), "2".to_owned()], vec![3, 2, 1]));
    // What the counters say of homes and areas is what the board shows one by one (§4.9).
    for (row, figures) in &buildings {
        let mut counted = StockFigures::default();
        for unit in building_board_get(&ctx, row.id).await.expect("a board").units {
            counted.add(unit.status, 1, unit.building_area);
        }
        assert_eq!(*figures, counted, "{}", row.no);
        assert!(figures.area().hundredths() > 0 && figures.empty_units() > 0, "{}", row.no);
    }
    let rooms: Vec<&str> = board.units.iter().take(6).map(|unit| unit.room_no.as_str()).collect();
    assert_eq!(rooms, ["101", "102", "201", "202", "301", "302"]);
    let other = city::ctx(&test.database, "district-b").await;
    assert!(building_board_get(&other, buildings[0].0.id).await.is_err());
}

async fn found(ctx: &Ctx, q: &str, filter: &[(&str, String)]) -> Vec<String> {
    let filter = filter.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let query = ListQuery { q: q.into(), filter, ..ListQuery::default() };
    estate_list(ctx, &query).await.expect("estates").rows.into_iter().map(|row| row.name).collect()
}

#[tokio::test]
async fn estates_are_found_by_word_and_filter() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let b = id(&test, "select id from organization where code = '810102'").await;
    let project = id(&test, "select id from project where name = '甲项目'").await;
    assert_eq!(found(&ctx, "", &[]).await, ["星光苑", "阳光苑", "月光苑"]);
    assert_eq!(found(&ctx, "阳光", &[]).await, ["阳光苑"]);
    assert_eq!(found(&ctx, "光明路 月", &[]).await, ["月光苑"], "every word must fit");
    assert_eq!(found(&ctx, "%", &[]).await, Vec::<String>::new(), "a sign is a sign");
    assert_eq!(found(&ctx, "", &[("district", b.to_string())]).await, ["星光苑"]);
    assert_eq!(found(&ctx, "", &[("project", project.to_string())]).await, ["阳光苑", "月光苑"]);
    assert_eq!(found(&ctx, "", &[("located", "no".into())]).await, ["月光苑"]);
    assert_eq!(found(&ctx, "", &[("district", "x".into())]).await, Vec::<String>::new());
    let a = city::ctx(&test.database, "district-a").await;
    assert_eq!(found(&a, "", &[("district", b.to_string())]).await, Vec::<String>::new(), "a filter opens no wall");
}

/// Sums of §4.9: SOLD and PREP are not lettable; everybody's sums are those of his scope.
#[tokio::test]
async fn home_counts_the_scope_of_the_account() {
    let test = TestDatabase::with_city().await;
    for (login, projects, estates, units, lettable, rented, districts) in [
        ("city", 3, 3, 24, 22, 11, 2),
        ("district-a", 2, 2, 18, 16, 7, 1),
        ("district-b", 1, 1, 6, 6, 4, 1),
        ("operator", 1, 1, 14, 13, 6, 1),
        ("entry", 1, 1, 4, 3, 1, 1),
    ] {
        let figures = home_figures_get(&city::ctx(&test.database, login).await).await.expect("figures");
        let sums = figures.occupancy;
        assert_eq!(
            (figures.projects, figures.estates, sums.units, sums.lettable, sums.rented),
            (projects, estates, units, lettable, rented),
            "{login}"
        );
        assert_eq!(figures.districts.len(), districts, "{login}");
        for total in [
            figures.by_status.iter().map(|(_, n)| n).sum::<i64>(),
            figures.by_layout.iter().map(|(_, n)| n).sum(),
            figures.by_category.iter().map(|(_, n)| n).sum(),
        ] {
            assert_eq!(total, units, "{login}");
        }
    }
    assert!(home_figures_get(&city::ctx(&test.database, "finance").await).await.is_err());
}

#[tokio::test]
async fn the_map_shows_the_scope_at_every_zoom() {
    let test = TestDatabase::with_city().await;
    let everywhere = |zoom| MapView::everywhere(zoom, None);
    for (login, districts, estates, units, unlocated) in [
        ("city", 2, 2, 24, 1),
        ("district-a", 1, 1, 18, 1),
        ("district-b", 1, 1, 6, 0),
        ("operator", 1, 1, 14, 0),
        ("entry", 0, 0, 0, 1),
    ] {
        let ctx = city::ctx(&test.database, login).await;
        let far = map_marks_get(&ctx, everywhere(0)).await.expect("marks");
        assert!(far.marks.iter().all(|mark| mark.level == MarkLevel::District));
        assert_eq!((far.marks.len(), far.unlocated), (districts, unlocated), "{login}");
        assert_eq!(far.marks.iter().map(|mark| mark.counts.occupancy().units).sum::<i64>(), units, "{login}");
        let near = map_marks_get(&ctx, everywhere(ESTATE_ZOOM)).await.expect("marks");
        assert_eq!(near.marks.iter().map(|mark| mark.estates).sum::<i64>(), estates, "{login}: estates with a place");
        let nothing = MapView {
            min_lng: 0.0,
            max_lng: 1.0,
            min_lat: 0.0,
            max_lat: 1.0,
            ..MapView::everywhere(BUILDING_ZOOM, None)
        };
        assert!(map_marks_get(&ctx, nothing).await.expect("marks").marks.is_empty(), "{login}: outside the view");
    }
}

/// Outlines are the base map; which of them are one's own is marked.
#[tokio::test]
async fn outlines_say_which_are_mine() {
    let test = TestDatabase::with_city().await;
    for (login, mine) in [("city", [true, true]), ("district-a", [true, false]), ("operator", [false, false])] {
        let shapes = outlines_get(&city::ctx(&test.database, login).await).await.expect("shapes");
        let told: Vec<bool> = shapes["features"]
            .as_array()
            .expect("features")
            .iter()
            .map(|shape| shape["properties"]["mine"] == true)
            .collect();
        assert_eq!(told, mine, "{login}");
    }
}

#[tokio::test]
async fn forms_offer_the_scope_of_the_account() {
    let test = TestDatabase::with_city().await;
    for (login, districts) in
        [("city", vec!["丙区", "甲区", "乙区"]), ("district-a", vec!["甲区"]), ("operator", vec![])]
    {
        let choices = stock_choices_get(&city::ctx(&test.database, login).await).await.expect("choices");
        assert_eq!(
            choices.districts.iter().map(|choice| choice.label.as_str()).collect::<Vec<_>>(),
            districts,
            "{login}"
        );
        assert_eq!(
            choices.rent_standards.iter().map(|choice| choice.label.as_str()).collect::<Vec<_>>(),
            ["ZJ-01 一号标准"],
            "those in force"
        );
    }
    let b = city::ctx(&test.database, "district-b").await;
    let operators = operator_list(&b, &ListQuery::default()).await.expect("operators");
    assert_eq!(operators.total, 2);
    assert!(operators.rows.iter().all(|operator| operator.estates == 0), "estates of another district are not counted");
}

/// What a list shows is text, whatever somebody typed.
#[tokio::test]
async fn names_are_shown_as_they_were_typed() {
    let test = TestDatabase::with_city().await;
    sqlx::query("update estate set name = '<img src=x>' where name = '阳光苑'")
        .execute(&test.admin)
        .await
        .expect("a name");
    let ctx = city::ctx(&test.database, "operator").await;
    let rows = estate_list(&ctx, &ListQuery::default()).await.expect("estates").rows;
    let cells = ESTATE_LIST.cells(&rows[0]);
    assert!(matches!(&cells[0], Cell::Link { text, .. } if text == "<img src=x>"), "{:?}", cells[0]);
}

#[tokio::test]
async fn operators_are_found_by_word_and_filter() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    for (q, filter, names) in [
        ("安居", None, vec!["安居公司"]),
        ("91350100M", None, vec!["宜居公司"]),
        ("", Some(("status", "ON")), vec!["安居公司", "宜居公司"]),
        ("", Some(("status", "OFF")), vec![]),
        ("", Some(("type", "AGENCY")), vec![]),
    ] {
        let filter = filter.into_iter().map(|(key, value): (&str, &str)| (key.to_owned(), value.to_owned())).collect();
        let query = ListQuery { q: q.into(), filter, ..ListQuery::default() };
        let rows = operator_list(&ctx, &query).await.expect("operators").rows;
        assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), names, "{query:?}");
    }
}

/// Every noun has a page of its own; telephone numbers are masked there, and the wall holds.
#[tokio::test]
async fn one_of_each() {
    let test = TestDatabase::with_city().await;
    sqlx::raw_sql(
        "update organization set phone = '13812345678', address = '光明路9号', uscc = '91990100MA0000002K' where code = 'PC1';
         update operator set phone = '0371-63391234' where code = 'OP1';
         update rent_standard set market_rate = 52000, ratio = 5000 where code = 'ZJ-01';
         update room set bed_count = 2, capacity = 4;
         update project set land_no = '土〔2026〕1号', accept_on = '2026-07-01', fund_central_fen = 100, fund_own_fen = 50 where name = '甲项目';
         update building set name = '甲座', floors_down = 2, height = 5450, has_elevator = true, elevators = 2, warranty = '防水至2031年', build_year = 2025",
    )
    .execute(&test.admin)
    .await
    .expect("facts");
    let (a, b) = (city::ctx(&test.database, "district-a").await, city::ctx(&test.database, "district-b").await);
    let failure = |error: store::Error| Failure::from(error);

    let company = OrganizationId(id(&test, "select id from organization where code = 'PC1'").await);
    let told = organization_get(&a, company).await.expect("an organisation");
    assert_eq!(
        (told.row.name.as_str(), told.phone.as_deref(), told.address.as_deref()),
        ("暖心物业", Some("138****5678"), Some("光明路9号"))
    );
    assert_eq!(told.uscc.as_deref(), Some("91990100MA0000002K"));
    assert_eq!(organization_get(&a, OrganizationId(-1)).await.map_err(failure), Err(Failure::NotFound));

    let operator = OperatorId(id(&test, "select id from operator where code = 'OP1'").await);
    let told = operator_get(&a, operator).await.expect("an operator");
    assert_eq!((told.row.name.as_str(), told.row.estates, told.phone.as_deref()), ("安居公司", 1, Some("037****1234")));
    assert_eq!(operator_get(&b, operator).await.expect("an operator").row.estates, 0, "not of this district");
    assert_eq!(operator_get(&a, OperatorId(-1)).await.map_err(failure), Err(Failure::NotFound));

    let standard = RentStandardId(id(&test, "select id from rent_standard where code = 'ZJ-01'").await);
    let told = rent_standard_get(&a, standard).await.expect("a standard");
    assert_eq!(
        (told.market_rate, told.ratio),
        (Some(Rate::from_ten_thousandths(52_000)), Some(Rate::from_ten_thousandths(5_000)))
    );
    assert_eq!(rent_standard_get(&a, RentStandardId(-1)).await.map_err(failure), Err(Failure::NotFound));

    let room = RoomId(
        id(&test, "select min(r.id) from room r join estate e on e.id = r.estate_id where e.name = '阳光苑'").await,
    );
    let told = room_get(&a, room).await.expect("a room");
    assert_eq!(
        (told.row.estate.as_str(), told.row.bed_count, told.row.capacity, told.version),
        ("阳光苑", Some(2), Some(4), 1)
    );
    assert_eq!(room_get(&b, room).await.map_err(failure), Err(Failure::NotFound), "of another district");

    let project = ProjectId(id(&test, "select id from project where name = '甲项目'").await);
    let told = project_get(&a, project).await.expect("a project");
    assert_eq!(
        (told.land_no.as_deref(), told.accept_on.map(|day| day.to_string()).as_deref()),
        (Some("土〔2026〕1号"), Some("2026-07-01"))
    );
    assert_eq!(
        (told.funds.central, told.funds.own, told.funds.loan),
        (Some(Money::from_fen(100)), Some(Money::from_fen(50)), None)
    );

    let building = BuildingId(id(&test, "select min(id) from building").await);
    let told = building_board_get(&a, building).await.expect("a board").building;
    assert_eq!(
        (told.name.as_deref(), told.floors_down, told.height, told.has_elevator),
        (Some("甲座"), Some(2), Some(5450), Some(true))
    );
    assert_eq!((told.warranty.as_deref(), told.build_year), (Some("防水至2031年"), Some(2025)));
    let nobody = city::ctx(&test.database, "admin").await;
    for refused in [
        operator_get(&nobody, operator).await.map(|_| ()),
        rent_standard_get(&nobody, standard).await.map(|_| ()),
        room_get(&nobody, room).await.map(|_| ()),
    ] {
        assert_eq!(refused.map_err(failure), Err(Failure::Forbidden));
    }
}
