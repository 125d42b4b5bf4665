//! The kept counters, the audit of bulk work: what the database does by itself with every change of units.

use crate::support::{
    TestDatabase, city,
    sheet::{import, row},
};
use domain::{
    dictionary::UnitStatus,
    failure::Failure,
    housing::{
        unit::UnitForm,
        unit_status::{Grounds, UnitEvent},
    },
    id::{BuildingId, UnitId},
    import::SheetKey,
};
use sqlx::AssertSqlSafe;
use store::{
    Ctx,
    housing::unit::{unit_create, unit_get, unit_transition, unit_update},
    insight::home::home_figures_get,
};

/// Where the counters differ from a count of the units; empty when they are right.
async fn wrong_counters(test: &TestDatabase) -> Vec<String> {
    let differences = |table: &str, key: &str| {
        format!(
            "select to_jsonb(d)::text from (
               (select {key}, category, layout, status, units::bigint, building_area::bigint from {table} where units <> 0 or building_area <> 0
                except select {key}, category, layout, status, count(*), sum(building_area) from unit where deleted_at is null group by 1, 2, 3, 4)
               union all
               (select {key}, category, layout, status, count(*), sum(building_area) from unit where deleted_at is null group by 1, 2, 3, 4
                except select {key}, category, layout, status, units::bigint, building_area::bigint from {table})) d"
        )
    };
    let mut wrong = Vec::new();
    for (table, key) in [("building_tally", "building_id"), ("district_tally", "district_id")] {
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(differences(table, key)))
            .fetch_all(&test.admin)
            .await
            .expect("a comparison");
        wrong.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    wrong
}

/// The same numbers in every run: a failure can be looked at again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

/// One clerk's day: creates, changes and moves units at random. A refusal of the rules is part of it;
/// anything else is not.
async fn work(ctx: Ctx, units: Vec<i64>, buildings: Vec<i64>, seed: u64, steps: usize) {
    let mut dice = Dice(seed);
    for step in 0..steps {
        let unit = UnitId(*dice.one(&units));
        let read = unit_get(&ctx, unit).await.expect("a unit of the scope");
        let done = match dice.roll(4) {
            0 => {
                let form = UnitForm {
                    floor: "2".into(),
                    entrance: "9".into(),
                    room_no: format!("{seed}-{step}"),
                    ..UnitForm::from(&read)
                };
                let status = *dice.one(&[UnitStatus::Prep, UnitStatus::Vacant]);
                unit_create(&ctx, BuildingId(*dice.one(&buildings)), status, &form).await.map(|_| ())
            }
            1 => {
                let form = UnitForm {
                    layout: (*dice.one(&["ONE", "TWO", "DORM"])).into(),
                    category: (*dice.one(&["PRH", "AFFORD", "TALENT"])).into(),
                    building_area: format!("{}.5", 50 + dice.roll(20)),
                    ..UnitForm::from(&read)
                };
                unit_update(&ctx, unit, read.version, &form).await
            }
            _ => {
                let order = Grounds { reason: "试验".into(), document: "（2026）1号".into() };
                let event = *dice.one(&[
                    UnitEvent::Lock,
                    UnitEvent::Unlock,
                    UnitEvent::Freeze,
                    UnitEvent::Unfreeze,
                    UnitEvent::UnfreezeToRepair,
                    UnitEvent::FinishRepair,
                    UnitEvent::Deliver,
                    UnitEvent::Sell,
                ]);
                unit_transition(&ctx, unit, read.version, event, order).await.map(|_| ())
            }
        };
        match done.map_err(Failure::from) {
            Ok(()) | Err(Failure::Refused(_) | Failure::Conflict | Failure::Invalid(_)) => {}
            Err(failure) => panic!("seed {seed}, step {step}: {failure}"),
        }
    }
}

async fn numbers(test: &TestDatabase, query: &str) -> Vec<i64> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(&test.admin).await.expect("numbers")
}

/// Clerks of every scope work at the same time in the same buildings: the counters still equal a recount,
/// and nobody waits for somebody who waits for him.
#[tokio::test]
async fn counters_equal_a_recount_whatever_happens() {
    let test = TestDatabase::with_city().await;
    assert_eq!(wrong_counters(&test).await, Vec::<String>::new(), "after the import");
    let mut clerks = Vec::new();
    for (seed, (login, estates)) in (1..).zip([
        ("city", "'阳光苑', '月光苑', '星光苑'"),
        ("district-a", "'阳光苑', '月光苑'"),
        ("operator", "'阳光苑'"),
        ("entry", "'月光苑'"),
    ]) {
        let units = numbers(
            &test,
            &format!("select u.id from unit u join estate e on e.id = u.estate_id where e.name in ({estates})"),
        )
        .await;
        let buildings = numbers(
            &test,
            &format!("select b.id from building b join estate e on e.id = b.estate_id where e.name in ({estates})"),
        )
        .await;
        clerks.push(tokio::spawn(work(city::ctx(&test.database, login).await, units, buildings, seed * 7919, 60)));
    }
    for clerk in clerks {
        clerk.await.expect("no clerk fails");
    }
    assert!(numbers(&test, "select count(*) from unit").await[0] > city::UNITS, "something was created");
    assert!(
        numbers(&test, "select count(*) from unit_history where from_status is not null").await[0] > 10,
        "something moved"
    );
    assert_eq!(wrong_counters(&test).await, Vec::<String>::new());
    assert_eq!(numbers(&test, "select count(*) from building_tally where units < 0").await, [0]);
}

/// An operator sees some estates of a district and not the district's sum; his change counts in it.
#[tokio::test]
async fn an_operators_change_counts_for_the_district() {
    let test = TestDatabase::with_city().await;
    let operator = city::ctx(&test.database, "operator").await;
    let unit = UnitId(numbers(&test, "select u.id from unit u join estate e on e.id = u.estate_id where e.name = '阳光苑' and u.status = 'VACANT' limit 1").await[0]);
    let vacant = |login: &'static str| {
        let database = test.database.clone();
        async move { home_figures_get(&city::ctx(&database, login).await).await.expect("figures").occupancy.vacant }
    };
    let before =
        (vacant("operator").await, vacant("district-a").await, vacant("city").await, vacant("district-b").await);
    unit_transition(&operator, unit, 1, UnitEvent::Lock, "留用").await.expect("locked");
    let after =
        (vacant("operator").await, vacant("district-a").await, vacant("city").await, vacant("district-b").await);
    assert_eq!(after, (before.0 - 1, before.1 - 1, before.2 - 1, before.3));
    assert_eq!(wrong_counters(&test).await, Vec::<String>::new());
}

/// A trigger that counts with the city's eyes must give them back.
#[tokio::test]
async fn counting_does_not_widen_the_scope() {
    let test = TestDatabase::with_city().await;
    let mut app = test.application().await;
    let mut tx = sqlx::Connection::begin(&mut app).await.expect("a transaction");
    let sun = numbers(&test, "select id from estate where name = '阳光苑'").await[0];
    sqlx::query("select set_config('app.estates', $1, true)")
        .bind(sun.to_string())
        .execute(&mut *tx)
        .await
        .expect("a scope");
    let updated = sqlx::query("update unit set layout = 'ONE'").execute(&mut *tx).await.expect("an update");
    assert_eq!(updated.rows_affected() as i64, city::UNITS_SUN);
    let seen: i64 = sqlx::query_scalar("select count(*) from unit").fetch_one(&mut *tx).await.expect("a count");
    assert_eq!(seen, city::UNITS_SUN);
}

#[tokio::test]
async fn a_deleted_unit_is_not_counted() {
    let test = TestDatabase::with_city().await;
    sqlx::query("update unit set deleted_at = now() where status = 'SOLD'")
        .execute(&test.admin)
        .await
        .expect("deleted");
    assert_eq!(wrong_counters(&test).await, Vec::<String>::new());
    sqlx::query("update unit set deleted_at = null").execute(&test.admin).await.expect("restored");
    assert_eq!(wrong_counters(&test).await, Vec::<String>::new());
}

/// A million imported flats must not become a million lines of the log: bulk statements leave lines of up to two hundred rows, each
/// with what the row is; twenty are still written one by one.
#[tokio::test]
async fn bulk_work_is_logged_in_lines_of_many_rows() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let rooms = |floor: i32, count: i32| {
        (1..=count)
            .map(|door| {
                row(SheetKey::Building, &[("楼层", &floor.to_string()), ("房号", &format!("{floor}{door:02}"))])
            })
            .collect()
    };
    let last = numbers(&test, "select max(id) from audit_log").await[0];
    import(&ctx, SheetKey::Building, rooms(1, 21)).await;
    type Row = (Option<i64>, Option<i64>, i32, Vec<i64>, serde_json::Value);
    let rows: Vec<Row> = sqlx::query_as(
        "select actor_id, object_id, rows, object_ids, after from audit_log where object_type = 'unit' and id > $1",
    )
    .bind(last)
    .fetch_all(&test.admin)
    .await
    .expect("rows");
    let [(actor, None, 21, logged, after)] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(*actor, Some(ctx.actor().id.0));
    let ids = numbers(&test, "select id from unit u where exists (select from estate e where e.id = u.estate_id and e.name = '新苑') order by id").await;
    assert_eq!(*logged, ids);
    let told: Vec<i64> = after.as_array().expect("a list").iter().filter_map(|unit| unit["id"].as_i64()).collect();
    assert_eq!(told, ids, "each with its row");
    assert!(after.as_array().is_some_and(|units| units.iter().any(|unit| unit["room_no"] == "121")), "{after}");

    let last = numbers(&test, "select max(id) from audit_log").await[0];
    import(&ctx, SheetKey::Building, rooms(2, 20)).await;
    assert_eq!(
        numbers(
            &test,
            &format!("select count(*) from audit_log where object_type = 'unit' and rows = 1 and id > {last}")
        )
        .await,
        [20]
    );
    assert_eq!(wrong_counters(&test).await, Vec::<String>::new());
}
