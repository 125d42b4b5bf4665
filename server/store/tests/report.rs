//! Reports and what stands ready for them: tallies are what bills and ledger say, at every moment and melted; rates are weighed;
//! nobody sees another's figures.

mod amounts;
mod carried;
mod tallies;

use crate::support::{TestDatabase, city, tenancy::tenant};
use chrono::{Datelike as _, NaiveDate, Utc};
use domain::{
    failure::Failure,
    insight::{
        report::{By, Report},
        report_sheet::REPORTS,
    },
    list::ListQuery,
    sheet::Cell,
    value::Money,
};
use sqlx::AssertSqlSafe;
use store::{
    Ctx,
    insight::{figure::figures_follow, home::home_figures_get, report::report_get},
};

async fn run(test: &TestDatabase, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
}

async fn number(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_one(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

async fn told(ctx: &Ctx, key: &str, wishes: &[(&str, &str)]) -> store::Result<Report> {
    let pairs = wishes.iter().copied().chain([("report", key)]);
    report_get(ctx, &ListQuery::from_params(pairs), 1_000).await
}

async fn report(ctx: &Ctx, key: &str, wishes: &[(&str, &str)]) -> Report {
    told(ctx, key, wishes).await.unwrap_or_else(|error| panic!("{key} {wishes:?}: {error}"))
}

/// The cells of all lines, as text.
fn lines(report: &Report) -> Vec<Vec<String>> {
    let sheet = report.sheet().expect("a sheet");
    let text = |cell: &Cell| match cell {
        Cell::Text(text) | Cell::Link { text, .. } | Cell::Coded { label: text, .. } => text.clone(),
        Cell::Money(money) => money.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Area(area) => area.to_string(),
        _ => String::new(),
    };
    let line = |line: domain::insight::report::Line| line.names.iter().chain(&line.cells).map(text).collect();
    report.lines(sheet).into_iter().map(line).collect()
}

fn total(report: &Report) -> Vec<i64> {
    report.total(report.sheet().expect("a sheet"))
}

fn today() -> NaiveDate {
    store::ctx::china_day(Utc::now())
}

/// The example of §4.9 in fen, in 阳光苑 and 月光苑 of 甲区; and what does not count.
async fn example(test: &TestDatabase) {
    let year = today().year();
    tenant(test, 3).await;
    run(
        test,
        &format!(
            "create temporary table home as
             select distinct on (u.estate_id) u.*, e.name as estate, (select max(id) from person) as person_id
             from unit u join estate e on e.id = u.estate_id order by u.estate_id, u.id;
             insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
             select district_id, estate_id, building_id, id, person_id, '{year}-01-01' from home;
             insert into bill (district_id, estate_id, unit_id, account_id, kind, fee_item, month, period_from, period_to, due_on,
                 amount_fen, late_fee_fen, paid_fen, late_paid_fen, verified_fen, decision, reverses_id)
             select a.district_id, a.estate_id, a.unit_id, a.id, 'OTHER', b.item, '{year}-01-01', '{year}-01-01', '{year}-01-31', b.due::date,
                 b.amount, b.late, b.paid, b.late_paid, b.verified, b.decision, null
             from (values
                 ('阳光苑', 'RENT', '{year}-01-10', 11990000, 10000, 9890000, 10000, 9800000, null),
                 ('月光苑', 'PROPERTY', '{year}-12-31', 3000000, 0, 3000000, 0, 3000000, null),
                 -- a deposit is owed back and no receivable
                 ('月光苑', 'DEPOSIT', '{year}-12-31', 100000, 0, 100000, 0, 100000, null),
                 -- of a waived one what was paid before
                 ('月光苑', 'PROPERTY', '{year}-03-10', 500000, 0, 0, 0, 0, 'WAIVED'),
                 ('月光苑', 'RENT', '{year}-03-10', 700000, 0, 0, 0, 0, 'VOID'),
                 ('阳光苑', 'RENT', '{year}-03-10', 700000, 0, 0, 0, 0, 'REVERSED'),
                 -- another year
                 ('阳光苑', 'RENT', '{}-12-31', 900000, 0, 0, 0, 0, null)) as b (estate, item, due, amount, late, paid, late_paid, verified, decision)
             join home h on h.estate = b.estate join account a on a.unit_id = h.id;
             insert into bill (district_id, estate_id, unit_id, account_id, kind, fee_item, month, period_from, period_to, due_on,
                 amount_fen, decision, reverses_id)
             select district_id, estate_id, unit_id, account_id, kind, fee_item, month, period_from, period_to, due_on, -amount_fen,
                 decision, id from bill where decision in ('VOID', 'REVERSED');
             drop table home;",
            year - 1
        ),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_collection_rate_of_section_4_9() {
    let test = TestDatabase::with_city().await;
    example(&test).await;
    let district = city::ctx(&test.database, "district-a").await;
    for melted in [false, true] {
        let by_estate = report(&district, "collection", &[]).await;
        assert_eq!(by_estate.by, By::Estate, "the level below a district");
        assert_eq!(
            lines(&by_estate),
            [
                ["阳光苑", "1", "120,000.00", "99,000.00", "98,000.00", "21,000.00", "81.67%"],
                ["月光苑", "2", "30,000.00", "30,000.00", "30,000.00", "0.00", "100.00%"],
                ["合计", "3", "150,000.00", "129,000.00", "128,000.00", "21,000.00", "85.33%"],
            ],
            "melted: {melted}"
        );
        let city = city::ctx(&test.database, "city").await;
        let by_district = report(&city, "collection", &[]).await;
        assert_eq!((by_district.by, by_district.of.as_str()), (By::District, "测试市住房保障中心"));
        assert_eq!(lines(&by_district).len(), 2, "甲区 and the total");
        let by_item = lines(&report(&city, "collection", &[("by", "item")]).await);
        // Late fees are no rent: what is verified is so of the rent first.
        assert_eq!(
            by_item[..3],
            [
                ["滞纳金", "0", "100.00", "100.00", "0.00", "0.00", "0.00%"],
                ["物业费", "2", "30,000.00", "30,000.00", "30,000.00", "0.00", "100.00%"],
                ["租金", "1", "119,900.00", "98,900.00", "98,000.00", "21,000.00", "81.73%"],
            ]
        );
        let (january, december) = (format!("{}-01", today().year()), format!("{}-12", today().year()));
        let by_month = lines(&report(&city, "collection", &[("by", "month"), ("item", "RENT")]).await);
        assert_eq!(by_month.iter().map(|line| line[0].as_str()).collect::<Vec<_>>(), [january.as_str(), "合计"]);
        // The year before comes along when it is asked for.
        let before = format!("{}-01", today().year() - 1);
        let by_year = lines(&report(&city, "collection", &[("by", "year"), ("start", &before)]).await);
        assert_eq!(by_year.iter().map(|line| line[6].as_str()).collect::<Vec<_>>(), ["0.00%", "85.33%", "80.50%"]);
        let last = lines(&report(&city, "collection", &[("start", &december), ("end", &december)]).await);
        assert_eq!(last[0][6], "100.00%");
        // Who sees one estate, and who sees another district.
        let operator = city::ctx(&test.database, "operator").await;
        assert_eq!(lines(&report(&operator, "collection", &[]).await)[1][6], "81.67%");
        let other = city::ctx(&test.database, "district-b").await;
        assert_eq!(report(&other, "collection", &[]).await.rows, []);
        // Home: nothing before the first count; who has no bills yet is shown none of others.
        let at_home = async |ctx: &Ctx| home_figures_get(ctx).await.expect("figures").money.map(|money| money.rate());
        let expected = melted.then(|| "85.33%".to_owned());
        assert_eq!((at_home(&city).await, at_home(&district).await), (expected.clone(), expected));
        assert_eq!(at_home(&operator).await, melted.then(|| "81.67%".to_owned()));
        assert_eq!(at_home(&other).await, melted.then(|| "--".to_owned()));
        figures_follow(&test.database, Utc::now()).await.expect("counted");
    }
    assert_eq!(figures_follow(&test.database, Utc::now()).await.expect("counted"), 0, "nothing has moved");
}

#[tokio::test(flavor = "multi_thread")]
async fn debts_are_told_apart_by_age() {
    let test = TestDatabase::with_city().await;
    tenant(&test, 3).await;
    run(
        &test,
        "insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
         select district_id, estate_id, building_id, id, (select max(id) from person), '2020-01-01' from unit order by id limit 1;
         insert into bill (district_id, estate_id, unit_id, account_id, kind, fee_item, month, period_from, period_to, due_on, amount_fen,
             paid_fen)
         select a.district_id, a.estate_id, a.unit_id, a.id, 'OTHER', 'RENT', '2020-01-01', '2020-01-01', '2020-01-31',
             (now() at time zone 'Asia/Shanghai')::date - b.days, b.amount, b.paid
         from account a cross join (values (0, 1, 0), (1, 10, 0), (27, 100, 0), (40, 1000, 500), (100, 10000, 0), (200, 100000, 0),
             (400, 1000000, 0), (500, 7, 7)) as b (days, amount, paid);
         update arrears set level = 'L2', periods = 2, consecutive = 2, amount_fen = 1, since = '2020-01-01';",
    )
    .await;
    let city = city::ctx(&test.database, "city").await;
    let fen = [110, 500, 10_000, 100_000, 1_000_000, 1_110_610, 0, 1, 0, 0];
    assert_eq!(total(&report(&city, "ageing", &[]).await), fen, "what is due today is not overdue");
    // A household once a year, with what is due until the month ends.
    let debt = report(&city, "debt", &[]).await;
    let years = number(
        &test,
        "select count(distinct extract(year from due_on)) from bill where paid_fen = 0 or amount_fen > paid_fen",
    )
    .await;
    assert_eq!(total(&debt), [years, 1_110_611]);
    figures_follow(&test.database, Utc::now()).await.expect("counted");
    assert_eq!(total(&report(&city, "ageing", &[]).await), fen);
    let money = home_figures_get(&city).await.expect("figures").money.expect("it was counted");
    assert_eq!(money.ages.map(Money::fen), [110, 500, 10_000, 100_000, 1_000_000]);
    // Tomorrow what is due today is overdue, although nothing has moved.
    let tomorrow = Utc::now() + chrono::TimeDelta::days(1);
    figures_follow(&test.database, tomorrow).await.expect("counted");
    let money = home_figures_get(&city).await.expect("figures").money.expect("it was counted");
    assert_eq!(money.overdue().fen(), 1_110_611);
    assert_eq!(
        money.as_of,
        Some(today() + chrono::TimeDelta::days(1)),
        "of another day than the one on which it is read"
    );
    // What moves in one estate is counted there, and the others stay as they were counted.
    run(&test, "update estate_money set receivable_fen = 1").await;
    run(&test, "update bill set paid_fen = amount_fen where amount_fen = 1000000").await;
    figures_follow(&test.database, tomorrow).await.expect("counted");
    let money = home_figures_get(&city).await.expect("figures").money.expect("it was counted");
    assert_eq!(money.overdue().fen(), 110_611);
    assert_eq!(number(&test, "select count(*) from estate_money where receivable_fen <> 1").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn occupancy_is_counted_by_homes_and_area() {
    let test = TestDatabase::with_city().await;
    let city = city::ctx(&test.database, "city").await;
    let found = report(&city, "occupancy", &[]).await;
    let sums = total(&found);
    let count = async |condition: &str| number(&test, &format!("select count(*) from unit where {condition}")).await;
    assert_eq!(sums[0], city::UNITS);
    assert_eq!(sums[2], count("status in ('SIGNED', 'OCCUPIED')").await);
    assert_eq!(sums[6], count("status in ('VACANT', 'RESERVED', 'ASSIGNED', 'REPAIR', 'FROZEN')").await);
    assert_eq!(
        sums[5],
        number(&test, "select sum(building_area)::bigint from unit where status in ('SIGNED', 'OCCUPIED', 'SOLD')")
            .await
    );
    // One in preparation is neither lived in nor vacant.
    assert_eq!(sums[0], sums[4] + sums[6] + 1);
    let moon = number(&test, "select id from estate where name = '月光苑'").await.to_string();
    let buildings = report(&city, "occupancy", &[("estate", &moon)]).await;
    assert_eq!((buildings.by, buildings.of.as_str()), (By::Building, "月光苑"));
    assert_eq!(lines(&buildings)[0][..2], ["月光苑 1号楼", "4"]);
    assert!(lines(&buildings)[0].contains(&"50.00%".to_owned()), "one let and one sold of four");
}

/// Every report by every group for every kind of account; what is not in scope does not exist.
#[tokio::test(flavor = "multi_thread")]
async fn every_report_is_counted_for_every_scope() {
    let test = TestDatabase::with_city().await;
    tenant(&test, 0).await;
    sqlx::raw_sql(crate::support::tenancy::ROWS).execute(&test.admin).await.expect("contracts and money");
    run(
        &test,
        "update deduction_batch set status = 'SENT', checker_id = 2, checked_at = now(), sender_id = 3, exported_at = now(), sent_at = now(),
             built_at = now(), items = 1, amount_fen = 100, failed = 1;
         update deduction_item set status = 'FAIL', fail_reason = 'NSF';
         update exit_case set status = 'CLOSED', checker_id = 2, checked_at = now(), inspected_on = '2026-01-31', signed_by = '甲',
             keys_returned = 1, cards_returned = 1, keys_on = '2026-01-31', closed_at = now();
         insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason, payment_id)
         select district_id, estate_id, account_id, '2026-01-10', 'CASH', 'BALANCE', 'RENT', 100, '预存', id from payment;",
    )
    .await;
    let names = [("city", 2), ("district-a", 1), ("district-b", 1), ("operator", 1)];
    for sheet in REPORTS {
        for (login, places) in names {
            let ctx = city::ctx(&test.database, login).await;
            for by in sheet.groups {
                let wide =
                    if sheet.period == domain::insight::report_query::Period::Days { "2026-01-01" } else { "2026-01" };
                let found = report(&ctx, sheet.key, &[("by", by.named().0), ("start", wide)]).await;
                assert!(found.rows.iter().all(|row| row.sums.len() == sheet.width()), "{}", sheet.no);
                // Rent is of contracts that run, and those of these rows are drafts.
                let none = sheet.key == "rent";
                if *by == By::Estate && !none && sheet.key != "occupancy" {
                    assert_eq!(
                        found.rows.iter().map(|row| row.id).collect::<std::collections::BTreeSet<_>>().len(),
                        places,
                        "{} {login}",
                        sheet.no
                    );
                }
                assert!(none || !found.rows.is_empty(), "{} {login} {by:?}", sheet.no);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_or_not_ones_own_is_refused() {
    let test = TestDatabase::with_city().await;
    let (city, other) = (city::ctx(&test.database, "city").await, city::ctx(&test.database, "district-b").await);
    let failure = |result: store::Result<Report>| Failure::from(result.expect_err("a refusal"));
    let district = number(&test, "select id from organization where code = '810101'").await.to_string();
    let other_district = number(&test, "select id from organization where code = '810102'").await.to_string();
    let sun = number(&test, "select id from estate where name = '阳光苑'").await.to_string();
    assert_eq!(failure(told(&other, "income", &[("district", &district)]).await), Failure::NotFound);
    assert_eq!(failure(told(&other, "occupancy", &[("estate", &sun)]).await), Failure::NotFound);
    assert_eq!(failure(told(&city, "nonsense", &[]).await), Failure::NotFound);
    assert_eq!(failure(told(&city, "income", &[("district", "x")]).await), Failure::NotFound);
    assert_eq!(failure(report_get(&city, &ListQuery::default(), 1).await), Failure::refused("请选择报表"));
    let Failure::Invalid(errors) =
        failure(told(&city, "occupancy", &[("district", &other_district), ("estate", &sun)]).await)
    else {
        panic!("by field")
    };
    assert_eq!(errors.get("district"), Some("限定的小区不在所选区县"));
    // A total of some of the lines is none.
    let occupancy = ListQuery::from_params([("report", "occupancy"), ("by", "estate")]);
    let most = u32::try_from(report_get(&city, &occupancy, 1_000).await.expect("all lines").rows.len()).expect("few");
    assert_eq!(report_get(&city, &occupancy, most).await.expect("just as many").rows.len(), most as usize);
    assert_eq!(
        failure(report_get(&city, &occupancy, most - 1).await),
        Failure::refused(format!("报表超过{}行，请选择区县、缩短期间或改用上一级分组", most - 1))
    );
    let Failure::Invalid(errors) = failure(told(&city, "income", &[("start", "2026-13")]).await) else {
        panic!("by field")
    };
    assert_eq!(errors.get("start"), Some("月份格式应为YYYY-MM"));
    let admin = city::ctx(&test.database, "admin").await;
    assert_eq!(failure(told(&admin, "income", &[]).await), Failure::Forbidden);
}
