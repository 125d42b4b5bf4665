//! Arrears: the worked example of domain.md §4.11 through real bills and a clock, counters that equal a recount whatever
//! happens, colours that follow at once, and who sees them.

mod model;

use crate::support::{
    TestDatabase, city,
    tenancy::{approved, assigned, form, tenant, vacant},
};
use chrono::{DateTime, NaiveDate, TimeZone as _, Utc};
use domain::{
    billing::{
        arrears::{Arrears, ArrearsRule, RentDue},
        bill_form::TakeBack,
        payment::PaymentForm,
    },
    dictionary::{ArrearsLevel, FeeItem, PayColor},
    failure::Failure,
    id::{AccountId, BillId, BuildingId, ContractId, EstateId, OrganizationId, UnitId},
    insight::{MapView, pay::PayCounts},
    list::ListQuery,
    platform::setting::code,
    tenancy::contract_form::ContractForm,
    value::Money,
};
use sqlx::AssertSqlSafe;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use store::{
    Ctx,
    billing::{
        account::account_get,
        arrears::{arrears_follow, arrears_list},
        bill::bill_reverse,
        payment::{payment_take, payment_void},
        run::bills_run,
    },
    insight::{
        map::map_marks_get,
        pay::{building_pay_get, estate_pay_get},
        reminder::reminder_list,
    },
    live::{Change, Feed},
    platform::user::{UserRef, user_ctx},
    tenancy::contract::{SyncAnswer, contract_get, contract_synced},
};
use tokio::{sync::broadcast::Receiver, time::timeout};

/// Noon of a day in China.
fn noon(day: &str) -> DateTime<Utc> {
    let day: NaiveDate = day.parse().expect("a day");
    Utc.from_utc_datetime(&day.and_hms_opt(4, 0, 0).expect("an hour"))
}

async fn ctx_on(test: &TestDatabase, login: &str, day: &str) -> Ctx {
    user_ctx(&test.database, UserRef::Login(login), noon(day)).await.expect("an account")
}

fn cash(nth: u64, amount: Money) -> PaymentForm {
    PaymentForm {
        request: format!("5b0c2d1e-8f7a-4b3c-9d2e-{nth:012x}"),
        amount: amount.to_string().replace(',', ""),
        method: "CASH".into(),
        prepay: true,
        ..PaymentForm::default()
    }
}

/// The household of §4.11: it moved in on 1 October 2014, pays monthly on the 10th, and the bank knows it since 9 December.
async fn household(test: &TestDatabase) -> (ContractId, AccountId, UnitId) {
    let unit = vacant(test, 0).await;
    let assignment = assigned(test, tenant(test, 0).await, unit).await;
    let start = "2014-10-01".to_owned();
    let terms = ContractForm {
        start_on: start.clone(),
        end_on: "2019-09-30".into(),
        sign_on: start.clone(),
        explained_on: start,
        deposit: "0".into(),
        ..form(assignment)
    };
    let id = approved(test, &terms).await;
    let city = city::ctx(&test.database, "city").await;
    let number = contract_get(&city, id).await.expect("it is there").row.contract_no.expect("a number");
    let answer = SyncAnswer::Known { agreement_no: None };
    contract_synced(&test.database, &number, answer, noon("2014-12-09")).await.expect("the bank's answer");
    let account = contract_get(&city, id).await.expect("it is there").account_id.expect("an account");
    (id, account, unit)
}

/// Level, periods and fen of an account.
async fn stands(test: &TestDatabase, account: AccountId) -> (String, i32, i64) {
    sqlx::query_as("select level, periods, amount_fen from arrears where account_id = $1")
        .bind(account.0)
        .fetch_one(&test.admin)
        .await
        .expect("its arrears")
}

async fn number(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&test.admin).await.expect(query)
}

async fn version(test: &TestDatabase, bill: BillId) -> i32 {
    sqlx::query_scalar("select version from bill where id = $1")
        .bind(bill.0)
        .fetch_one(&test.admin)
        .await
        .expect("a bill")
}

async fn run(test: &TestDatabase, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&test.admin).await.expect(statement);
}

async fn color(test: &TestDatabase, unit: UnitId) -> (PayColor, bool) {
    let city = city::ctx(&test.database, "city").await;
    let building = number(test, &format!("select building_id from unit where id = {unit}")).await;
    let units = building_pay_get(&city, BuildingId(building)).await.expect("colours");
    let found = units.into_iter().find(|found| found.id == unit).expect("the unit");
    (found.color, found.booked)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worked_example_through_bills_and_a_clock() {
    let test = TestDatabase::with_city().await;
    let (contract, account, unit) = household(&test).await;
    let rent = contract_get(&city::ctx(&test.database, "city").await, contract).await.expect("it").row.monthly_rent;
    // October and November were due when the bank got to know of them.
    assert_eq!(stands(&test, account).await, ("L2".into(), 2, rent.fen() * 2));
    assert_eq!(color(&test, unit).await, (PayColor::Yellow, true));
    let cashier = ctx_on(&test, "cashier", "2014-12-09").await;
    payment_take(&cashier, account, &cash(1, rent)).await.expect("October, late");
    let days = [
        ("2014-12-09", "L1", 1),
        ("2014-12-11", "L1", 1),
        ("2014-12-15", "L1", 1),
        // The grace of December's bill has ended.
        ("2014-12-16", "L2", 2),
        ("2014-12-31", "L2", 2),
    ];
    for (day, level, periods) in days {
        arrears_follow(&test.database, noon(day)).await.expect("followed");
        assert_eq!(stands(&test, account).await, (level.into(), periods, rent.fen() * i64::from(periods)), "{day}");
    }
    // Whoever pays is counted in the same transaction.
    let cashier = ctx_on(&test, "cashier", "2014-12-31").await;
    let both = payment_take(&cashier, account, &cash(2, Money::from_fen(rent.fen() * 2))).await.expect("a payment");
    assert_eq!(stands(&test, account).await, ("L0".into(), 0, 0));
    assert_eq!(color(&test, unit).await, (PayColor::Green, true));
    payment_void(&cashier, both, 1, "金额录错").await.expect("it is voided");
    assert_eq!(stands(&test, account).await, ("L2".into(), 2, rent.fen() * 2));
    // A bill that is taken back is owed no more.
    let finance = ctx_on(&test, "finance", "2014-12-31").await;
    let open = account_get(&finance, account).await.expect("the account").bills;
    let november = open.iter().find(|bill| bill.due_on.to_string() == "2014-11-10").expect("November");
    let version = version(&test, november.id).await;
    bill_reverse(&finance, november.id, version, TakeBack::Void, "重复出账").await.expect("it is void");
    assert_eq!(stands(&test, account).await, ("L1".into(), 1, rent.fen()));
    // Run anew, the month is charged again and was due long ago.
    let district = number(&test, "select district_id from arrears limit 1").await;
    let month = "2014-11-01".parse().expect("a day");
    let summary = bills_run(&finance, OrganizationId(district), month, |_| {}).await.expect("a run");
    assert_eq!(summary.bills, 1);
    assert_eq!(stands(&test, account).await, ("L2".into(), 2, rent.fen() * 2));
    // Every step stands in the timeline, and only steps.
    let told: Vec<String> = sqlx::query_scalar("select from_level || '-' || to_level from arrears_history order by id")
        .fetch_all(&test.admin)
        .await
        .expect("the timeline");
    assert_eq!(told, ["L0-L2", "L2-L1", "L1-L2", "L2-L0", "L0-L2", "L2-L1", "L1-L2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_holds_from_its_day_and_a_count_that_was_cut_off_goes_on() {
    let test = TestDatabase::with_city().await;
    let (_, account, _) = household(&test).await;
    assert_eq!(arrears_follow(&test.database, noon("2014-12-16")).await.expect("followed"), 1);
    assert_eq!(arrears_follow(&test.database, noon("2014-12-16")).await.expect("followed"), 0, "once a day");
    assert_eq!(stands(&test, account).await.1, 3);
    // A longer grace: December's bill is not overdue any more, and nobody has touched it.
    let rule = async |code: &str, value: &str| {
        let put = format!(
            "insert into parameter (code, value) values ('{code}', '{value}')
             on conflict (code, district_id, valid_from) do update set value = excluded.value"
        );
        run(&test, &put).await;
        arrears_follow(&test.database, noon("2014-12-16")).await.expect("followed")
    };
    assert_eq!(rule(code::LATE_FEE, "off/20").await, 1);
    assert_eq!(stands(&test, account).await.1, 2);
    rule(code::ARREARS_LEVELS, "3/4/5/6").await;
    assert_eq!(stands(&test, account).await.0, "L0", "two periods are none of these steps");
    rule(code::ARREARS_LEVELS, "1/2/3/6").await;
    assert_eq!(stands(&test, account).await.0, "L2");
    // Cut off behind this account on the 31st: on that day it is not looked at again, on the next it is.
    let counted = "update arrears_count set doing_on = '2014-12-31', doing_rule = rule, done_to = ";
    run(&test, &format!("{counted}{account}")).await;
    assert_eq!(arrears_follow(&test.database, noon("2014-12-31")).await.expect("followed"), 0);
    assert_eq!(stands(&test, account).await.1, 2, "its portion was saved, as far as anybody knows");
    run(&test, &format!("update arrears_count set counted_on = '2014-12-16'; {counted}{account}")).await;
    assert_eq!(arrears_follow(&test.database, noon("2015-01-01")).await.expect("followed"), 1);
    assert_eq!(stands(&test, account).await.1, 3, "another day is another count");
}

async fn heard(receiver: &mut Receiver<Arc<Change>>) -> Change {
    loop {
        let change =
            timeout(Duration::from_secs(1), receiver.recv()).await.expect("heard in time").expect("the feed runs");
        if change.color.is_some() {
            return Change::clone(&change);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_seen_on_the_boards_at_once() {
    let test = TestDatabase::with_city().await;
    let (contract, account, unit) = household(&test).await;
    let rent = contract_get(&city::ctx(&test.database, "city").await, contract).await.expect("it").row.monthly_rent;
    let feed = Feed::start(test.database.clone()).await.expect("a feed");
    let mut receiver = feed.subscribe();
    let cashier = ctx_on(&test, "cashier", "2014-12-09").await;
    for (nth, amount, told) in
        [(1, rent.fen(), "YELLOW"), (2, 100, "YELLOW"), (3, rent.fen() - 100, "GREEN"), (4, rent.fen(), "")]
    {
        payment_take(&cashier, account, &cash(nth, Money::from_fen(amount))).await.expect("a payment");
        if told.is_empty() {
            // What is not due yet was paid: the board shows nothing else than before.
            let more = timeout(Duration::from_millis(300), receiver.recv()).await;
            assert!(more.is_err(), "{more:?}");
        } else {
            assert_eq!(heard(&mut receiver).await.color, Some((unit.0, told.to_owned())), "payment {nth}");
        }
    }
}

/// Every home that is let or could be gets a household whose contract has come to its end: with six months of rent, of which
/// the first so many are paid. Answers the accounts.
async fn settle(test: &TestDatabase) -> Vec<AccountId> {
    tenant(test, 3).await;
    run(
        test,
        "create temporary table home as
         select u.*, (select max(id) from person) as person_id, (select min(id) from rent_standard) as standard_id,
                (select min(id) from cipher_key) as key_id
         from unit u where u.status in ('VACANT', 'OCCUPIED');
         insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
         select district_id, estate_id, building_id, id, person_id, '2026-01-01' from home;
         insert into contract (district_id, estate_id, unit_id, account_id, contract_no, digest, lessor_id, person_id, lessee_name,
             id_number, id_number_mask, phone, phone_mask, address, layout, building_area, usable_area, category, rent_standard_id,
             unit_rate, area_basis, rent_area, base_rent_fen, monthly_rent_fen, deposit_fen, start_on, end_on, rent_start_on, pay_cycle,
             split, due_day, bank_name, bank_no, bank_no_mask, bank_holder, sign_on, sign_mode, key_id, status, checker_id, checked_at)
         select h.district_id, h.estate_id, h.id, a.id, 'HT' || h.id, 'x', mgmt_unit_id, h.person_id, '张小三', '\\x00', '*', '\\x00', '*',
             address, layout, building_area, usable_area, 'LOWINC', standard_id, 26000, 'USABLE', usable_area, 10000, 10000, 0,
             '2026-01-01', '2026-12-31', '2026-01-01', 1, 'NATURAL', 10, '甲', '\\x00', '*', '甲', '2026-01-01', 'PAPER', key_id, 'EXPIRED',
             1, now()
         from home h join account a on a.unit_id = h.id;
         insert into bill (district_id, estate_id, unit_id, account_id, contract_id, kind, fee_item, month, period_from, period_to, months,
             due_on, amount_fen, paid_fen)
         select c.district_id, c.estate_id, c.unit_id, c.account_id, c.id, 'RENT', 'RENT', d, d, d + 27, 1, d + 9, 10000,
             case when n <= c.id % 7 then 10000 else 0 end
         from contract c cross join generate_series(1, 6) n cross join lateral make_date(2026, n, 1) d where c.status = 'EXPIRED';
         drop table home;",
    )
    .await;
    let ids: Vec<i64> =
        sqlx::query_scalar("select id from account order by id").fetch_all(&test.admin).await.expect("accounts");
    ids.into_iter().map(AccountId).collect()
}

/// Every account counted by the rule from its bills, one after the other.
async fn model(test: &TestDatabase, day: NaiveDate) -> BTreeMap<i64, Arrears> {
    let rows: Vec<(i64, NaiveDate, i16, i64)> = sqlx::query_as(
        "select a.id, b.due_on, b.months, case when b.decision is null then b.amount_fen - b.paid_fen else 0 end
         from account a join bill b on b.account_id = a.id
         where b.kind = 'RENT' and b.amount_fen > 0 and coalesce(b.decision, '') not in ('VOID', 'REVERSED') order by a.id, b.due_on",
    )
    .fetch_all(&test.admin)
    .await
    .expect("bills");
    let mut dues: BTreeMap<i64, Vec<RentDue>> = BTreeMap::new();
    for (account, due_on, months, open) in rows {
        let due = RentDue { due_on, periods: months.into(), outstanding: Money::from_fen(open) };
        dues.entry(account).or_default().push(due);
    }
    let rule = ArrearsRule::default();
    dues.into_iter().map(|(account, dues)| (account, rule.count(&dues, day))).collect()
}

/// What is kept is what a recount yields: every account's arrears, the counters, and whose colour a unit shows.
async fn agrees(test: &TestDatabase, day: &str) {
    let rule = ArrearsRule::default();
    let rows: Vec<(i64, String, i32, i32, i64, Option<NaiveDate>)> = sqlx::query_as(
        "select account_id, level, periods, consecutive, amount_fen, since from arrears order by account_id",
    )
    .fetch_all(&test.admin)
    .await
    .expect("arrears");
    let model = model(test, day.parse().expect("a day")).await;
    for (account, level, periods, consecutive, amount, since) in rows {
        let expected = model.get(&account).copied().unwrap_or_default();
        let kept = (i64::from(periods), i64::from(consecutive), amount, since);
        assert_eq!(kept, (expected.periods, expected.consecutive, expected.amount.fen(), expected.since), "{account}");
        let level = ArrearsLevel::from_code(&level).expect("a level");
        assert_eq!(level, rule.standing(level, &expected), "{account}");
    }
    let wrong_shown = "select count(*) from arrears r join unit u on u.id = r.unit_id
        where r.shown is distinct from (u.status in ('SIGNED', 'OCCUPIED') and u.deleted_at is null and exists (
            select from contract c where c.account_id = r.account_id and c.status in ('ACTIVE', 'EXPIRED')
            and not exists (select from contract n where n.unit_id = c.unit_id and n.id > c.id and n.status in ('ACTIVE', 'EXPIRED'))))
           or r.category <> u.category";
    assert_eq!(number(test, wrong_shown).await, 0, "whose colour a unit shows");
    for (table, key) in [("building_arrears_tally", "building_id"), ("district_arrears_tally", "district_id")] {
        let kept = format!("select {key}, category, level, shown, accounts::bigint from {table} where accounts <> 0");
        let counted = format!("select {key}, category, level, shown, count(*) from arrears group by 1, 2, 3, 4");
        for (one, other) in [(&kept, &counted), (&counted, &kept)] {
            assert_eq!(number(test, &format!("select count(*) from ({one} except {other}) d")).await, 0, "{table}");
        }
    }
    boards_agree(test).await;
}

/// Boards of buildings, of estates and the map say the same of the same homes.
async fn boards_agree(test: &TestDatabase) {
    let city = city::ctx(&test.database, "city").await;
    let mut all = PayCounts::default();
    for estate in sqlx::query_scalar::<_, i64>("select id from estate").fetch_all(&test.admin).await.expect("estates") {
        for (building, counted) in estate_pay_get(&city, EstateId(estate)).await.expect("colours") {
            let mut listed = PayCounts::default();
            for unit in building_pay_get(&city, building).await.expect("colours") {
                listed.add(unit.color, unit.booked);
            }
            assert_eq!(counted, listed, "{building:?}");
            all.merge(counted);
        }
    }
    assert_eq!(all.units(), number(test, "select count(*) from unit where deleted_at is null").await);
    let marks = map_marks_get(&city, MapView::everywhere(0, None).with_pay(true)).await.expect("marks").marks;
    let located: i64 = marks.iter().filter_map(|mark| mark.pay).map(|pay| pay.units()).sum();
    assert_eq!(located, marks.iter().map(|mark| mark.counts.occupancy().units).sum::<i64>());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_told_by_the_building() {
    let test = TestDatabase::with_city().await;
    settle(&test).await;
    run(&test, "update unit set status = 'OCCUPIED' where status = 'VACANT'; update bill set paid_fen = 0").await;
    let before = number(&test, "select coalesce(max(seq), 0) from change").await;
    arrears_follow(&test.database, noon("2026-11-28")).await.expect("followed");
    // Sixteen homes of 甲区 are more than are told one by one, the six of 乙区 are not.
    for (district, told, counted) in [
        ("810101", "unit_id is null and color is null", "distinct building_id"),
        ("810102", "unit_id > 0 and color = 'YELLOW'", "*"),
    ] {
        let there = format!("district_id = (select id from organization where code = '{district}')");
        let all = format!("select count(*) from change where seq > {before} and status is null and {there}");
        let expected = number(&test, &format!("select count({counted}) from arrears where shown and {there}")).await;
        assert!(expected > 1, "{district}");
        assert_eq!(number(&test, &all).await, expected, "{district}");
        assert_eq!(number(&test, &format!("{all} and {told}")).await, expected, "{district}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_his_own_and_money_is_for_who_may_see_bills() {
    let test = TestDatabase::with_city().await;
    settle(&test).await;
    arrears_follow(&test.database, noon("2026-11-28")).await.expect("followed");
    let all = number(&test, "select count(*) from arrears where level <> 'L0'").await;
    assert!(all > 10);
    let query = ListQuery { size: 100, ..ListQuery::default() };
    for (login, place) in [
        ("city", "true"),
        ("finance", "district_id = (select id from organization where code = '810101')"),
        ("district-b", "district_id = (select id from organization where code = '810102')"),
        ("operator", "estate_id = (select id from estate where name = '阳光苑')"),
        ("entry", "estate_id = (select id from estate where name = '月光苑')"),
    ] {
        let ctx = city::ctx(&test.database, login).await;
        let expected = number(&test, &format!("select count(*) from arrears where level <> 'L0' and {place}")).await;
        let page = arrears_list(&ctx, &query).await.expect("a list");
        assert_eq!((page.rows.len() as i64, page.total), (expected, expected), "{login}");
        assert!(page.rows.is_sorted_by_key(|row| row.since), "those first who have been behind for longest");
        // Home says the number of the list.
        let reminders = reminder_list(&ctx).await.expect("reminders");
        let told = reminders.iter().find(|reminder| reminder.label == "项目欠费").map_or(0, |reminder| reminder.count);
        assert_eq!(told, expected, "{login}");
    }
    for login in ["leader", "admin", "security"] {
        let refused = arrears_list(&city::ctx(&test.database, login).await, &query).await.expect_err("no right");
        assert_eq!(Failure::from(refused), Failure::Forbidden, "{login}");
    }
    let building = |name: &str| {
        format!("select min(b.id) from building b join estate e on e.id = b.estate_id where e.name = '{name}'")
    };
    let (sun, star) = (number(&test, &building("阳光苑")).await, number(&test, &building("星光苑")).await);
    let seen = |login: &'static str, building: i64| {
        let database = test.database.clone();
        async move { building_pay_get(&city::ctx(&database, login).await, BuildingId(building)).await }
    };
    let told = seen("operator", sun).await.expect("colours");
    let household = told.iter().find_map(|unit| unit.household.clone()).expect("a household");
    assert_eq!(household.lessee, "张*三");
    assert!(told.iter().any(|unit| unit.household.as_ref().is_some_and(|household| household.periods > 0)));
    let colors = |units: &[domain::insight::pay::UnitPay]| units.iter().map(|unit| unit.color).collect::<Vec<_>>();
    let leader = seen("leader", sun).await.expect("colours");
    assert_eq!(colors(&leader), colors(&told), "the colours are the same");
    assert!(leader.iter().all(|unit| unit.household.is_none()), "who lives there and what he owes is not the leader's");
    assert_eq!(Failure::from(seen("operator", star).await.expect_err("elsewhere")), Failure::NotFound);
    assert_eq!(Failure::from(seen("admin", sun).await.expect_err("no right")), Failure::Forbidden);
    let level = ListQuery { filter: [("level".to_owned(), "L1".to_owned())].into(), ..query };
    let rows = arrears_list(&city::ctx(&test.database, "city").await, &level).await.expect("a list").rows;
    assert_eq!(rows.len() as i64, number(&test, "select count(*) from arrears where level = 'L1'").await);
}

/// A home that was taken over with its tenants in it, before their contract was entered: nothing is known, so it is not green.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_let_without_an_account_is_grey_and_said_so() {
    let test = TestDatabase::with_city().await;
    let (contract, account, unit) = household(&test).await;
    let occupied = UnitId(
        number(&test, "select min(u.id) from unit u join estate e on e.id = u.estate_id where e.name = '月光苑' and u.status = 'OCCUPIED'").await,
    );
    assert_eq!(color(&test, occupied).await, (PayColor::Grey, false));
    assert_eq!(
        color(&test, vacant(&test, 0).await).await,
        (PayColor::Grey, true),
        "what is not let has nothing to be entered"
    );
    let estate = number(&test, &format!("select estate_id from unit where id = {unit}")).await;
    let counted = || async {
        let city = city::ctx(&test.database, "city").await;
        estate_pay_get(&city, EstateId(estate)).await.expect("colours")[0].1
    };
    let pay = counted().await;
    let by = |color| pay.of(color);
    assert_eq!((by(PayColor::Yellow), by(PayColor::Grey), pay.unbooked()), (1, 3, 1));
    // The contract was ended: there is no household any more, whatever it still owes.
    run(&test, &format!("update contract set status = 'TERMINATED' where id = {contract}")).await;
    assert_eq!(color(&test, unit).await, (PayColor::Grey, false), "still let, by nobody we know of");
    run(&test, &format!("update unit set status = 'REPAIR' where id = {unit}")).await;
    assert_eq!((color(&test, unit).await, counted().await.unbooked()), ((PayColor::Grey, true), 1));
    assert_eq!(stands(&test, account).await.0, "L2");
    let city = city::ctx(&test.database, "city").await;
    let rows = arrears_list(&city, &ListQuery::default()).await.expect("a list").rows;
    assert_eq!(rows.iter().map(|row| row.account_id).collect::<Vec<_>>(), [account], "and is still dunned");
}
