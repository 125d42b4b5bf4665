//! Reading the ledger: an account explained, a month's trial balance, closing it, and the levels above the household.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{Months, NaiveDate, Utc};
use domain::{
    billing::{
        ledger::{LevelSum, PeriodForm, Subject},
        payment::PaymentForm,
        plan::month_of,
    },
    failure::Failure,
    id::AccountId,
    list::{ListQuery, Position},
    value::Money,
};
use store::{
    Ctx,
    billing::{
        account::account_get,
        book::{account_entries, account_levels, entry_list, ledger_close, ledger_month},
        payment::{payment_take, payment_void, payments_verify},
    },
};

fn refusal<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    Failure::from(result.expect_err("a refusal")).to_string()
}

fn this_month() -> NaiveDate {
    month_of(store::ctx::china_day(Utc::now()))
}

async fn period(test: &TestDatabase, month: NaiveDate) -> PeriodForm {
    let district: i64 = sqlx::query_scalar("select id from organization where code = '810101'")
        .fetch_one(&test.admin)
        .await
        .expect("a district");
    PeriodForm { district: district.to_string(), month: month.format("%Y-%m").to_string() }
}

async fn household(test: &TestDatabase) -> AccountId {
    active(test, &form(assigned(test, tenant(test, 0).await, vacant(test, 0).await).await)).await.1
}

async fn pay(ctx: &Ctx, account: AccountId, nth: u32, fen: i64) -> domain::id::PaymentId {
    let form = PaymentForm {
        request: format!("00000000-0000-4000-8000-{nth:012x}"),
        amount: Money::from_fen(fen).to_string().replace(',', ""),
        method: "CASH".into(),
        prepay: true,
        ..PaymentForm::default()
    };
    payment_take(ctx, account, &form).await.expect("a payment")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_is_explained_by_its_entries() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let void = pay(&cashier, account, 1, 500_000).await;
    payment_void(&cashier, void, 1, "录错").await.expect("it is voided");
    pay(&cashier, account, 2, 400_000).await;
    let entries = account_entries(&cashier, account).await.expect("entries");
    let seen = account_get(&cashier, account).await.expect("the account").row;
    assert_eq!(entries.last().and_then(|entry| entry.balance), Some(seen.balance));
    assert!(seen.balance > Money::ZERO);
    let reasons: Vec<_> = entries.iter().map(|entry| entry.reason.as_str()).collect();
    assert_eq!(reasons, ["转应收", "缴费", "缴费", "预存", "录错", "录错", "录错", "缴费", "缴费", "预存"]);
    // What is taken back stands there twice, and is nothing.
    let finance = city::ctx(&test.database, "finance").await;
    let page = entry_list(&finance, &ListQuery::default()).await.expect("a page");
    assert_eq!(page.total, 10);
    for (login, sees) in [("finhead", true), ("district-b", false)] {
        let page = entry_list(&city::ctx(&test.database, login).await, &ListQuery::default()).await.expect("a page");
        assert_eq!(page.total > 0, sees, "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_balances_and_is_closed_once_all_is_verified() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    let (cashier, finance) = (city::ctx(&test.database, "cashier").await, city::ctx(&test.database, "finance").await);
    let head = city::ctx(&test.database, "finhead").await;
    let payment = pay(&cashier, account, 1, 300_000).await;
    let now = period(&test, this_month()).await;
    let month = ledger_month(&finance, &now).await.expect("the month");
    let (debit, credit) = month.sums();
    assert_eq!((debit, debit > Money::ZERO), (credit, true));
    let of = |subject| month.lines.iter().find(|line| line.subject == subject).expect("a subject");
    assert_eq!(of(Subject::Cash).closing().fen(), 300_000);
    assert_eq!(of(Subject::Receivable).closing(), Money::ZERO, "all is paid");
    assert_eq!(of(Subject::Deposit).closing().fen(), 100_000);
    let (owned, owed): (Vec<_>, Vec<_>) = month.lines.iter().partition(|line| line.subject.is_debit());
    let sum = |lines: Vec<&domain::billing::ledger::TrialLine>| lines.iter().map(|line| line.closing()).sum::<Money>();
    assert_eq!(sum(owned), sum(owed));
    assert!(refusal(ledger_close(&head, &now).await).contains("该月尚未结束；有1笔收款未核销"));
    // As if all that had been a month ago.
    sqlx::raw_sql("alter table ledger_entry disable trigger ledger_refuse").execute(&test.admin).await.expect("a way");
    for statement in ["update ledger_entry set booked_on = $1", "update payment set paid_at = $1::date::timestamptz"] {
        let day = this_month().checked_sub_months(Months::new(1)).expect("a month");
        sqlx::query(statement).bind(day).execute(&test.admin).await.expect(statement);
    }
    let before = period(&test, this_month().checked_sub_months(Months::new(1)).expect("a month")).await;
    assert_eq!(refusal(ledger_close(&head, &before).await), "不能结账：有1笔收款未核销");
    payments_verify(&finance, &[payment]).await.expect("it is verified");
    assert_eq!(refusal(ledger_close(&finance, &before).await), Failure::Forbidden.to_string());
    ledger_close(&head, &before).await.expect("it is closed");
    assert_eq!(refusal(ledger_close(&head, &before).await), "会计期间已结账");
    let closed = ledger_month(&finance, &before).await.expect("the month");
    assert!(closed.closed_at.is_some() && closed.closed_by.is_some() && closed.obstacles.is_empty());
    // What comes now is of this month, and the sums go on from there.
    pay(&cashier, account, 2, 100).await;
    let month = ledger_month(&finance, &now).await.expect("the month");
    let cash = month.lines.iter().find(|line| line.subject == Subject::Cash).expect("cash");
    assert_eq!((cash.opening.fen(), cash.closing().fen()), (300_000, 300_100));
    // An account that is not what its transfers say is found.
    sqlx::query("update account set balance_fen = balance_fen + 1").execute(&test.admin).await.expect("a lie");
    let month = ledger_month(&finance, &now).await.expect("the month");
    assert!(month.obstacles.iter().any(|text| text.contains("有1个账户余额与分录不符")), "{:?}", month.obstacles);
}

#[tokio::test(flavor = "multi_thread")]
async fn project_and_door_are_sums_of_their_households() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    pay(&cashier, account, 1, 400_000).await;
    let finance = city::ctx(&test.database, "finance").await;
    let seen = account_get(&cashier, account).await.expect("the account").row;
    let projects = account_levels(&finance, &ListQuery::default()).await.expect("projects");
    let doors = account_levels(&finance, &doors_of(projects.page.rows[0].id, 20, 1)).await.expect("doors");
    for level in [&projects, &doors] {
        assert_eq!((level.page.rows.len(), level.page.total, level.sum), (1, 1, level.page.rows[0].sum));
        assert_eq!(
            (level.sum.accounts, level.sum.balance, level.sum.deposit, level.sum.outstanding),
            (1, seen.balance, seen.deposit, seen.outstanding)
        );
    }
    let name = &doors.page.rows[0].name;
    assert!(name.starts_with("月光苑") && doors.page.rows[0].door, "{name}");
    let elsewhere = city::ctx(&test.database, "district-b").await;
    let nothing = account_levels(&elsewhere, &ListQuery::default()).await.expect("projects");
    assert_eq!((nothing.page.total, nothing.sum), (0, LevelSum::default()));
}

fn doors_of(project: i64, size: u16, page: u32) -> ListQuery {
    let filter = [("project".to_owned(), project.to_string())].into();
    ListQuery { filter, size, at: Position::Page(page), ..ListQuery::default() }
}

/// However many doors there are, each is on one page, and the sum is of all of them on every page, also behind the last.
#[tokio::test(flavor = "multi_thread")]
async fn no_door_is_left_out_of_a_project_and_the_sum_is_of_all_of_them() {
    let test = TestDatabase::with_city().await;
    household(&test).await;
    // Whatever else stands in the project of that home: each a door with an account of its own.
    sqlx::query(
        "insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on, balance_fen)
         select u.district_id, u.estate_id, u.building_id, u.id, a.person_id, a.opened_on, 100
         from account a join building h on h.id = a.building_id
         join building b on b.project_id = h.project_id join unit u on u.building_id = b.id and u.id <> a.unit_id",
    )
    .execute(&test.admin)
    .await
    .expect("accounts");
    let finance = city::ctx(&test.database, "finance").await;
    let project = account_levels(&finance, &ListQuery::default()).await.expect("projects").page.rows[0].clone();
    let doors = project.sum.accounts;
    assert!(doors > 2, "{doors} doors are too few");
    let mut names = std::collections::BTreeSet::new();
    let pages = u32::try_from(doors).expect("few");
    for place in 1..=pages {
        let door = account_levels(&finance, &doors_of(project.id, 1, place)).await.expect("a page");
        assert_eq!((door.page.rows.len(), door.page.total, door.sum), (1, doors, project.sum), "page {place}");
        assert_eq!(door.page.next.is_some(), place < pages, "page {place}");
        names.insert(door.page.rows[0].id);
    }
    assert_eq!(i64::try_from(names.len()).expect("few"), doors, "each door once");
    let behind = account_levels(&finance, &doors_of(project.id, 1, pages + 1)).await.expect("a page");
    assert_eq!((behind.page.rows.len(), behind.page.total, behind.sum), (0, doors, project.sum));
    let strange = ListQuery { filter: [("project".into(), "x".into())].into(), ..ListQuery::default() };
    assert_eq!(account_levels(&finance, &strange).await.expect("no project").page.total, 0);
}
