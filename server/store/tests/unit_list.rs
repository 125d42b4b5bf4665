//! The list of units over ten thousand rows: every way through it meets every row once, in order, and
//! no way through it reads the whole table.

use crate::support::{TestDatabase, city};
use domain::{
    housing::unit::UnitRow,
    list::{ListQuery, PAGE_REACH, Page, Position},
};
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;
use store::{
    Ctx, Database,
    housing::unit_list::{unit_list, unit_rows},
};

/// Units that [`with_stock`] adds: 3 districts × 3 estates × 4 buildings × 300.
const ADDED: i64 = 10_800;

/// Stock in all three districts. Many units share a moment of change, some layouts are rare, and some
/// units are deleted.
async fn with_stock() -> TestDatabase {
    let test = TestDatabase::with_city().await;
    sqlx::raw_sql(
        "insert into estate (district_id, name, address)
         select d.id, d.name || n || '期花园', '花园路' || n || '号' from organization d, generate_series(1, 3) n
         where d.type = 'DISTRICT' order by d.id, n;
         insert into building (district_id, estate_id, project_id, seq, no, no_key, floors_up)
         select e.district_id, e.id, (select min(id) from project), s, s || '号楼', s::text, 60
         from estate e cross join generate_series(1, 4) as g (s) where e.name like '%花园' order by e.id, g.s;
         insert into unit (district_id, estate_id, building_id, code, entrance, floor, room_no, position_key, address, mgmt_unit_id,
                           category, layout, building_area, usable_area, status, vacant_since, updated_at)
         select b.district_id, b.estate_id, b.id, e.code || '-' || lpad(b.seq::text, 3, '0') || '-' || lpad(n::text, 4, '0'), '1', n / 10 + 1,
                to_char(n, 'FM0000'), to_char(n, 'FM0000'), b.no || '1单元' || to_char(n, 'FM0000') || '室', (select min(id) from organization),
                case when n % 11 = 0 then 'AFFORD' else 'PRH' end,
                case when b.seq = 4 and n % 50 = 0 then 'DORM' when n % 3 = 0 then 'ONE' else 'TWO' end, 5000 + n, 4000,
                case when n % 4 = 0 then 'OCCUPIED' else 'VACANT' end, '2026-01-01', timestamptz '2026-01-01 08:00+08' + (n % 9) * interval '1 day'
         from building b join estate e on e.id = b.estate_id, generate_series(1, 300) n where e.name like '%花园' order by b.id, n;
         update unit set deleted_at = now() where room_no = '0007';
         update unit u set category = 'COMMERCIAL' from estate e where e.id = u.estate_id and e.name like '丙区%' and u.floor > 5;
         analyze;
         select pg_stat_force_next_flush()",
    )
    .execute(&test.admin)
    .await
    .expect("stock");
    test
}

/// The ids that a list must show, by a query without any cleverness.
async fn expected(test: &TestDatabase, condition: &str, order: &str) -> Vec<i64> {
    let sql = format!(
        "select u.id from unit u join estate e on e.id = u.estate_id join building b on b.id = u.building_id
         where u.deleted_at is null and {condition} order by {order}"
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&test.admin).await.expect("ids")
}

async fn page(ctx: &Ctx, query: &ListQuery) -> Page<UnitRow> {
    unit_list(ctx, query).await.unwrap_or_else(|error| panic!("{query:?}: {error}"))
}

fn ids(rows: &[UnitRow]) -> Vec<i64> {
    rows.iter().map(|row| row.id.0).collect()
}

/// Follows `next` (or `previous`) from a position to the end.
async fn walk(ctx: &Ctx, query: &ListQuery, from: Position, forwards: bool) -> Vec<i64> {
    let mut found = Vec::new();
    let mut at = Some(from);
    while let Some(position) = at {
        let page = page(ctx, &query.at(position)).await;
        if forwards {
            found.extend(ids(&page.rows));
            at = page.next;
        } else {
            found.splice(0..0, ids(&page.rows));
            at = page.previous;
        }
        assert!(found.len() < 20_000, "the walk does not end");
    }
    found
}

const SORTS: [(&str, bool, &str); 4] = [
    ("code", false, "u.code"),
    ("code", true, "u.code desc"),
    ("updated_at", false, "u.updated_at, u.id"),
    ("updated_at", true, "u.updated_at desc, u.id desc"),
];

/// Every sort, direction and position for one account, whose scope `condition` says in plain SQL.
async fn every_way(login: &str, condition: &str) {
    let test = with_stock().await;
    let ctx = city::ctx(&test.database, login).await;
    for (sort, descending, order) in SORTS {
        let all = expected(&test, condition, order).await;
        assert!(all.len() > 3, "{login} has something to walk through");
        let told = format!("{login} by {order}");
        // Some pages in every case, but not so many that this takes long.
        let some_pages = |most| u16::try_from(all.len() / 6).map_or(most, |size| size.clamp(3, most));
        let query = ListQuery { sort: sort.into(), descending, size: some_pages(100), ..ListQuery::default() };
        // By number as far as numbers reach, then by value; pages too large for numbers go by value at once.
        assert_eq!(walk(&ctx, &query, Position::Page(1), true).await, all, "{told}: pages");
        let query = ListQuery { size: some_pages(999), ..query };
        assert_eq!(walk(&ctx, &query, Position::Page(1), true).await, all, "{told}: large pages");
        assert_eq!(walk(&ctx, &query, Position::Last, false).await, all, "{told}: back from the end");
        let first = page(&ctx, &query).await;
        assert_eq!((first.total, first.exact), (all.len() as i64, true), "{told}: total");
        assert_eq!(first.previous, None, "{told}: nothing before the first page");

        // From the middle, by the value that a person types, both ways.
        let middle = all.len() / 2;
        let (code, day): (String, String) = sqlx::query_as(
            "select code, to_char(updated_at at time zone 'Asia/Shanghai', 'YYYY-MM-DD') from unit where id = $1",
        )
        .bind(all[middle])
        .fetch_one(&test.admin)
        .await
        .expect("a unit");
        let (value, start) = if sort == "code" {
            (code, middle)
        } else {
            let same_day = format!("{condition} and (u.updated_at at time zone 'Asia/Shanghai')::date = '{day}'");
            let first_of_day = expected(&test, &same_day, order).await[0];
            (day, all.iter().position(|id| *id == first_of_day).expect("it is in the list"))
        };
        let from = Position::From(value);
        assert_eq!(walk(&ctx, &query, from.clone(), true).await, all[start..], "{told}: from {from:?}");
        let there = page(&ctx, &query.at(from)).await;
        let before = walk(&ctx, &query, there.previous.expect("something before"), false).await;
        assert_eq!(before, all[..start], "{told}: back from the middle");
    }
}

#[tokio::test]
async fn every_way_through_the_city() {
    assert!(ADDED + city::UNITS > i64::from(PAGE_REACH), "pages by number end inside this list");
    every_way("city", "true").await;
}

#[tokio::test]
async fn every_way_through_a_district() {
    every_way("district-a", "u.district_id = (select id from organization where code = '810101')").await;
}

#[tokio::test]
async fn every_way_through_some_estates() {
    every_way("operator", "e.name = '阳光苑'").await;
}

/// Filters by key; the same in plain SQL.
#[tokio::test]
async fn filters_find_what_they_say() {
    let test = with_stock().await;
    let id = async |query: &'static str| {
        sqlx::query_scalar::<_, i64>(query).fetch_one(&test.admin).await.expect("an id").to_string()
    };
    let district = id("select id from organization where code = '810103'").await;
    let other = id("select id from organization where code = '810102'").await;
    let estate = id("select id from estate where name = '甲区2期花园'").await;
    let building = id(
        "select b.id from building b join estate e on e.id = b.estate_id where e.name = '甲区2期花园' and b.seq = 4",
    )
    .await;
    type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, String);
    let cases: Vec<Case> = vec![
        ("city", vec![("status", "OCCUPIED")], "u.status = 'OCCUPIED'".into()),
        ("city", vec![("layout", "TWO")], "u.layout = 'TWO'".into()),
        // Rare: served building by building.
        ("city", vec![("layout", "DORM")], "u.layout = 'DORM'".into()),
        ("district-a", vec![("layout", "DORM")], "u.layout = 'DORM' and e.name like '甲区%'".into()),
        (
            "city",
            vec![("layout", "DORM"), ("status", "OCCUPIED")],
            "u.layout = 'DORM' and u.status = 'OCCUPIED'".into(),
        ),
        (
            "city",
            vec![("category", "AFFORD"), ("status", "VACANT")],
            "u.category = 'AFFORD' and u.status = 'VACANT'".into(),
        ),
        ("city", vec![("district", &district)], format!("u.district_id = {district}")),
        (
            "city",
            vec![("district", &district), ("layout", "DORM")],
            format!("u.district_id = {district} and u.layout = 'DORM'"),
        ),
        (
            "city",
            vec![("estate", &estate), ("status", "VACANT")],
            format!("u.estate_id = {estate} and u.status = 'VACANT'"),
        ),
        (
            "district-a",
            vec![("building", &building), ("layout", "DORM")],
            format!("u.building_id = {building} and u.layout = 'DORM'"),
        ),
        // Beyond the wall, or nothing at all.
        ("district-a", vec![("district", &other)], "false".into()),
        ("district-b", vec![("estate", &estate)], "false".into()),
        ("operator", vec![("building", &building)], "false".into()),
        ("city", vec![("status", "BURNT")], "false".into()),
        ("city", vec![("estate", "x")], "false".into()),
        ("city", vec![("layout", "THREE")], "false".into()),
    ];
    for (login, filter, condition) in cases {
        let ctx = city::ctx(&test.database, login).await;
        let filter: BTreeMap<String, String> =
            filter.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        for (sort, descending, order) in [SORTS[0], SORTS[3]] {
            let query = ListQuery {
                filter: filter.clone(),
                sort: sort.into(),
                descending,
                size: 1_000,
                ..ListQuery::default()
            };
            let all = expected(&test, &condition, order).await;
            assert_eq!(walk(&ctx, &query, Position::Page(1), true).await, all, "{login} {filter:?} by {order}");
            assert_eq!(page(&ctx, &query).await.total, all.len() as i64, "{login} {filter:?}: total");
        }
    }
}

/// 小区 楼栋 房号, as people write an address; or a code from its start.
#[tokio::test]
async fn keywords_find_what_people_mean() {
    let test = with_stock().await;
    let code: String = sqlx::query_scalar("select code from estate where name = '丙区3期花园'")
        .fetch_one(&test.admin)
        .await
        .expect("a code");
    let (prefix, whole) = (format!("{}-002-00", code.to_lowercase()), format!("{code}-002-0005"));
    for (login, keyword, condition) in [
        ("city", "甲区1期花园", "e.name = '甲区1期花园'".to_owned()),
        ("city", "1期花园", "e.name like '%1期花园'".to_owned()),
        ("city", "花园路2号", "e.address = '花园路2号'".to_owned()),
        ("city", "甲区1期花园 3号楼", "e.name = '甲区1期花园' and b.no = '3号楼'".to_owned()),
        (
            "city",
            "甲区1期花园 3号楼 0105",
            "e.name = '甲区1期花园' and b.no = '3号楼' and u.room_no = '0105'".to_owned(),
        ),
        (
            "city",
            "甲区1期花园 3号楼 0105室",
            "e.name = '甲区1期花园' and b.no = '3号楼' and u.room_no = '0105'".to_owned(),
        ),
        ("city", "甲区1期花园 0105", "e.name = '甲区1期花园' and u.room_no = '0105'".to_owned()),
        ("city", "10号楼", "b.no = '10号楼'".to_owned()),
        ("city", &prefix, format!("u.code like '{}%'", prefix.to_uppercase())),
        ("city", &whole, format!("u.code = '{whole}'")),
        ("district-a", &whole, "false".to_owned()),
        ("district-b", "甲区1期花园", "false".to_owned()),
        ("operator", "阳光苑 10号楼", "e.name = '阳光苑' and b.no = '10号楼'".to_owned()),
        ("city", "100%", "false".to_owned()),
        ("city", "_期花园", "false".to_owned()),
        ("city", "没有的小区", "false".to_owned()),
        ("city", "' or 1=1 --", "false".to_owned()),
    ] {
        let ctx = city::ctx(&test.database, login).await;
        let query = ListQuery { q: keyword.into(), size: 1_000, ..ListQuery::default() };
        let all = expected(&test, &condition, "u.code").await;
        assert!(!all.is_empty() || condition == "false", "{keyword} is a fair question");
        assert_eq!(walk(&ctx, &query, Position::Page(1), true).await, all, "{login}: {keyword}");
        assert_eq!(page(&ctx, &query).await.total, all.len() as i64, "{login}: {keyword}: total");
    }
}

/// A keyword, a filter and a way back at once.
#[tokio::test]
async fn a_filtered_list_is_walked_backwards_too() {
    let test = with_stock().await;
    let ctx = city::ctx(&test.database, "city").await;
    let query = ListQuery {
        q: "花园".into(),
        filter: [("layout".into(), "DORM".into())].into(),
        size: 10,
        ..ListQuery::default()
    };
    for (sort, descending, order) in SORTS {
        let query = ListQuery { sort: sort.into(), descending, ..query.clone() };
        let all = expected(&test, "u.layout = 'DORM' and e.name like '%花园%'", order).await;
        assert_eq!(all.len(), 54);
        assert_eq!(walk(&ctx, &query, Position::Last, false).await, all, "{order}");
        let seventh = page(&ctx, &query.at(Position::Page(2))).await;
        assert_eq!((ids(&seventh.rows), seventh.previous), (all[10..20].to_vec(), Some(Position::Page(1))), "{order}");
    }
}

#[tokio::test]
async fn an_export_takes_the_first_rows_in_order() {
    let test = with_stock().await;
    let ctx = city::ctx(&test.database, "city").await;
    let query = ListQuery { sort: "updated_at".into(), descending: true, ..ListQuery::default() };
    let all = expected(&test, "true", "u.updated_at desc, u.id desc").await;
    assert_eq!(ids(&unit_rows(&ctx, &query, 2_500).await.expect("rows")), all[..2_500]);
    assert_eq!(unit_rows(&ctx, &query, 50_000).await.expect("rows").len(), all.len());
}

/// How often the whole table was read, how often an index of it, and how many of its rows were looked at, as
/// PostgreSQL counts it once a connection has ended.
async fn reads(test: &TestDatabase) -> (i64, i64, i64) {
    let mut admin = test.admin.acquire().await.expect("a connection");
    sqlx::query("select pg_stat_clear_snapshot()").execute(&mut *admin).await.expect("a fresh look");
    sqlx::query_as(
        "select seq_scan, coalesce(idx_scan, 0), seq_tup_read + coalesce(idx_tup_fetch, 0)
         from pg_stat_user_tables where relname = 'unit'",
    )
    .fetch_one(&mut *admin)
    .await
    .expect("counts")
}

/// Runs one list in connections of its own and answers how often it read the whole table, and how many rows
/// it looked at.
async fn cost(test: &TestDatabase, login: &str, query: &ListQuery) -> (i64, i64) {
    let (whole, used, rows) = reads(test).await;
    let database: Database = test.second().await;
    assert!(!page(&city::ctx(&database, login).await, query).await.rows.is_empty(), "{login} {query:?}");
    database.close().await;
    for _ in 0..200 {
        let (whole_now, uses, rows_now) = reads(test).await;
        if uses > used || whole_now > whole {
            return (whole_now - whole, rows_now - rows);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{login} {query:?}: PostgreSQL counted no read at all");
}

/// An index without the scope column was fast for one district and took 800 ms for another; and an index that
/// is walked from end to end for matches that are not there is as slow as the table itself.
#[tokio::test]
async fn no_page_reads_the_whole_table() {
    let test = with_stock().await;
    let mut admin = test.admin.acquire().await.expect("a connection");
    let middle: String =
        sqlx::query_scalar("select code from unit where deleted_at is null order by code offset 5000 limit 1")
            .fetch_one(&mut *admin)
            .await
            .expect("a code");
    // What the test itself reads is counted now, and not a second later.
    sqlx::query("select pg_stat_force_next_flush()").execute(&mut *admin).await.expect("counted");
    drop(admin);
    // 甲区 was inserted first; its units lie at the front of the table, 丙区's at the end.
    let districts: Vec<i64> = sqlx::query_scalar("select id from organization where type = 'DISTRICT' order by id")
        .fetch_all(&test.admin)
        .await
        .expect("districts");
    let mut queries = Vec::new();
    for (sort, descending, _) in SORTS {
        let query = ListQuery { sort: sort.into(), descending, ..ListQuery::default() };
        queries.push(("city", query.clone()));
        queries.push(("district-a", query.clone()));
        queries.push(("operator", query.clone()));
        queries.push(("city", query.at(Position::Last)));
        for district in &districts {
            queries.push((
                "city",
                ListQuery { filter: [("district".into(), district.to_string())].into(), ..query.clone() },
            ));
        }
    }
    let filtered =
        |key: &str, value: &str| ListQuery { filter: [(key.into(), value.into())].into(), ..ListQuery::default() };
    queries.push(("city", ListQuery { at: Position::From(middle), ..ListQuery::default() }));
    queries.push(("city", filtered("status", "OCCUPIED")));
    queries.push(("city", filtered("layout", "DORM")));
    queries.push(("district-a", filtered("layout", "DORM")));
    queries.push(("city", ListQuery { q: "甲区1期花园 3号楼 0105".into(), ..ListQuery::default() }));
    // A town's name, an estate's, one that only the last district has: their estates are looked into, not the city.
    for q in ["丙区", "丙区3期花园", "3期花园"] {
        queries.push(("city", ListQuery { q: q.into(), ..ListQuery::default() }));
        queries.push(("city", ListQuery { q: q.into(), at: Position::Last, ..ListQuery::default() }));
    }
    for value in ["AFFORD", "COMMERCIAL"] {
        queries.push(("city", filtered("category", value)));
    }
    for (login, query) in queries {
        let (whole, rows) = cost(&test, login, &query).await;
        assert_eq!(whole, 0, "{login} {query:?}");
        // Few matches: whole buildings are read, or many rows passed, but never most of the table.
        let rare =
            query.filter.values().any(|value| ["DORM", "AFFORD"].contains(&value.as_str())) || query.q.contains("花园");
        assert!(rows <= if rare { 3_000 } else { 500 }, "{login} {query:?} looks at {rows} rows");
    }
}
