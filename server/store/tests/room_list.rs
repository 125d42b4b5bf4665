//! Long lists to their end: more than ten thousand rooms (and estates), each met once, whatever the way.

use crate::support::{TestDatabase, city};
use domain::{
    housing::room::RoomRow,
    list::{ListQuery, PAGE_REACH, Page, Position},
};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, HashSet};
use store::{
    Ctx,
    housing::{estate::estate_list, room::room_list},
};

/// Every unit of the small city gets 480 beds, changed on nine days.
async fn with_rooms() -> TestDatabase {
    let test = TestDatabase::with_city().await;
    sqlx::raw_sql(
        "insert into room (district_id, estate_id, unit_id, name, type, updated_at)
         select district_id, estate_id, id, 'B' || to_char(n, 'FM000'), 'BED', timestamptz '2026-01-01 08:00+08' + (n % 9) * interval '1 day'
         from unit, generate_series(1, 480) n order by n, id;
         analyze",
    )
    .execute(&test.admin)
    .await
    .expect("rooms");
    test
}

/// The ids that a list must show, by a query without any cleverness.
async fn expected(test: &TestDatabase, condition: &str, order: &str) -> Vec<i64> {
    let sql = format!(
        "select r.id from room r join unit u on u.id = r.unit_id join estate e on e.id = u.estate_id
         join building b on b.id = u.building_id where {condition} order by {order}"
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&test.admin).await.expect("ids")
}

async fn page(ctx: &Ctx, query: &ListQuery) -> Page<RoomRow> {
    room_list(ctx, query).await.unwrap_or_else(|error| panic!("{query:?}: {error}"))
}

/// Follows `next` (or `previous`) from a position to the end.
async fn walk(ctx: &Ctx, query: &ListQuery, from: Position, forwards: bool) -> Vec<i64> {
    let mut found = Vec::new();
    let mut at = Some(from);
    while let Some(position) = at {
        let page = page(ctx, &query.at(position)).await;
        let ids = page.rows.iter().map(|row| row.id.0);
        if forwards {
            found.extend(ids);
            at = page.next;
        } else {
            found.splice(0..0, ids);
            at = page.previous;
        }
        assert!(found.len() < 20_000, "the walk does not end");
    }
    found
}

const SORTS: [(&str, bool, &str); 4] = [
    ("unit", false, "u.code, r.id"),
    ("unit", true, "u.code desc, r.id desc"),
    ("updated_at", false, "r.updated_at, r.id"),
    ("updated_at", true, "r.updated_at desc, r.id desc"),
];

/// Every sort, direction and position for one account, whose scope `condition` says in plain SQL.
#[tokio::test]
async fn every_way_through_the_rooms() {
    let test = with_rooms().await;
    for (login, condition) in [
        ("city", "true"),
        ("district-b", "u.district_id = (select id from organization where code = '810102')"),
        ("operator", "e.name = '阳光苑'"),
    ] {
        let ctx = city::ctx(&test.database, login).await;
        for (sort, descending, order) in SORTS {
            let told = format!("{login} by {order}");
            let all = expected(&test, condition, order).await;
            let query = ListQuery { sort: sort.into(), descending, size: 100, ..ListQuery::default() };
            assert_eq!(walk(&ctx, &query.in_steps(), Position::Page(1), true).await, all, "{told}: an export");
            assert_eq!(walk(&ctx, &query.in_steps(), Position::Last, false).await, all, "{told}: back from the end");
            if login != "city" {
                assert_eq!(walk(&ctx, &query, Position::Page(1), true).await, all, "{told}: pages");
            }
            let first = page(&ctx, &query).await;
            let exact = all.len() <= PAGE_REACH as usize;
            assert_eq!((first.total, first.exact), (all.len().min(PAGE_REACH as usize) as i64, exact), "{told}: total");
            // The last page that has a number, and the first behind it.
            if !exact {
                let hundredth = page(&ctx, &query.at(Position::Page(100))).await;
                let ids: Vec<i64> = hundredth.rows.iter().map(|row| row.id.0).collect();
                assert_eq!(ids, all[9_900..10_000], "{told}");
                let behind = page(&ctx, &query.at(hundredth.next.expect("there are more"))).await;
                assert_eq!(behind.rows[0].id.0, all[10_000], "{told}: no row twice");
            }
        }
    }
}

#[tokio::test]
async fn a_typed_value_is_where_the_rooms_go_on() {
    let test = with_rooms().await;
    let ctx = city::ctx(&test.database, "city").await;
    let all = expected(&test, "true", "u.code, r.id").await;
    let star: String = sqlx::query_scalar("select code from estate where name = '星光苑'")
        .fetch_one(&test.admin)
        .await
        .expect("a code");
    let start = expected(&test, &format!("u.code < '{star}'"), "u.code, r.id").await.len();
    assert!(start > 0 && start < all.len());
    let query = ListQuery::default().in_steps();
    assert_eq!(walk(&ctx, &query, Position::From(star), true).await, all[start..]);
    let by_day = ListQuery { sort: "updated_at".into(), ..query };
    let later = expected(&test, "r.updated_at >= timestamptz '2026-01-05 00:00+08'", "r.updated_at, r.id").await;
    assert_eq!(walk(&ctx, &by_day, Position::From("2026-01-05".into()), true).await, later);
}

/// 小区 楼栋 房号, or a code from its start; and the filters that other pages link with.
#[tokio::test]
async fn rooms_are_found_by_word_and_filter() {
    let test = with_rooms().await;
    let number = async |query: &'static str| {
        sqlx::query_scalar::<_, i64>(query).fetch_one(&test.admin).await.expect("an id").to_string()
    };
    let (sun, unit) = (
        number("select id from estate where name = '阳光苑'").await,
        number("select min(u.id) from unit u join estate e on e.id = u.estate_id where e.name = '月光苑'").await,
    );
    for (login, keyword, filter, condition) in [
        ("city", "阳光苑", None, "e.name = '阳光苑'".to_owned()),
        ("city", "阳光苑 10号楼", None, "e.name = '阳光苑' and b.no = '10号楼'".to_owned()),
        ("city", "阳光苑 1号楼 201", None, "e.name = '阳光苑' and b.no = '1号楼' and u.room_no = '201'".to_owned()),
        ("city", "xq000001-002", None, "u.code like 'XQ000001-002%'".to_owned()),
        ("district-a", "光明路", None, "e.name in ('阳光苑', '月光苑')".to_owned()),
        ("district-b", "阳光苑", None, "false".to_owned()),
        ("district-b", "XQ000001", None, "false".to_owned()),
        ("operator", "月光苑", None, "false".to_owned()),
        ("city", "%", None, "false".to_owned()),
        ("city", "", Some(("estate", &sun)), "e.name = '阳光苑'".to_owned()),
        ("city", "", Some(("unit", &unit)), format!("u.id = {unit}")),
        ("city", "月光苑", Some(("unit", &unit)), format!("u.id = {unit}")),
        ("city", "星光苑", Some(("unit", &unit)), "false".to_owned()),
        ("district-b", "", Some(("estate", &sun)), "false".to_owned()),
        ("operator", "", Some(("unit", &unit)), "false".to_owned()),
    ] {
        let ctx = city::ctx(&test.database, login).await;
        let filter: BTreeMap<String, String> =
            filter.into_iter().map(|(key, value)| (key.to_owned(), value.clone())).collect();
        for (sort, descending, order) in [SORTS[0], SORTS[3]] {
            let query = ListQuery {
                q: keyword.into(),
                filter: filter.clone(),
                sort: sort.into(),
                descending,
                ..ListQuery::default()
            };
            let all = expected(&test, &condition, order).await;
            assert!(!all.is_empty() || condition == "false", "{keyword} {filter:?} is a fair question");
            assert_eq!(
                walk(&ctx, &query.in_steps(), Position::Page(1), true).await,
                all,
                "{login} {keyword} {filter:?}"
            );
            assert_eq!(page(&ctx, &query).await.total, all.len() as i64, "{login} {keyword} {filter:?}: total");
        }
    }
}

/// A list by page number ends at ten thousand rows for people, and not at all for an export.
#[tokio::test]
async fn a_small_list_that_grew_repeats_nothing() {
    let test = TestDatabase::with_city().await;
    sqlx::raw_sql(
        "insert into estate (district_id, name, address) select d.id, '苑' || n, '路' from organization d, generate_series(1, 11500) n
         where d.code = '810101'",
    )
    .execute(&test.admin)
    .await
    .expect("estates");
    let ctx = city::ctx(&test.database, "city").await;
    let mut query = ListQuery::default().in_steps();
    let mut seen = HashSet::new();
    loop {
        let page = estate_list(&ctx, &query).await.expect("a step");
        for row in &page.rows {
            assert!(seen.insert(row.id), "{} comes twice", row.name);
        }
        match page.next {
            Some(next) => query.at = next,
            None => break,
        }
    }
    assert_eq!(seen.len(), 11_503);
    let last = ListQuery { size: 100, at: Position::Page(100), ..ListQuery::default() };
    let page = estate_list(&ctx, &last).await.expect("a page");
    assert_eq!((page.rows.len(), page.total, page.next), (100, 11_503, None));
}
