//! What is owed and what is kept, month by month and level by level: every line adds up, a month opens with what the one before
//! has closed with, and children come to their parent.

use super::{lines, number, report, run, told, total};
use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{Days, Months, NaiveDate, NaiveTime, Utc};
use domain::{
    billing::{
        bill_form::TakeBack, payment::PaymentForm, plan::month_of, reduction::ReductionForm, run::month_text,
        waiver::WaiverForm,
    },
    failure::Failure,
    id::{AccountId, BillId, OrganizationId, PaymentId},
    insight::report::{By, Report},
    list::ListQuery,
    sheet::Cell,
};
use std::collections::BTreeSet;
use store::{
    Ctx,
    billing::{
        bill::{bill_list, bill_reverse},
        payment::{payment_take, payment_void},
        reduction::{reduction_create, reduction_decide},
        run::bills_run,
        waiver::{waiver_create, waiver_decide},
    },
    insight::figure::figures_follow,
    platform::user::{UserRef, user_ctx},
};

fn month(ahead: u32) -> NaiveDate {
    month_of(store::ctx::china_day(Utc::now())).checked_add_months(Months::new(ahead)).expect("a month")
}

/// An account on the sixth of a month ahead.
async fn later(test: &TestDatabase, login: &str, ahead: u32) -> Ctx {
    let day = month(ahead).checked_add_days(Days::new(5)).expect("a day");
    user_ctx(&test.database, UserRef::Login(login), day.and_time(NaiveTime::MIN).and_utc()).await.expect("an account")
}

fn request(nth: u32) -> String {
    format!("00000000-0000-4000-8000-{nth:012x}")
}

async fn pay(ctx: &Ctx, account: AccountId, nth: u32, amount: &str) -> PaymentId {
    let form = PaymentForm {
        request: request(nth),
        amount: amount.into(),
        method: "CASH".into(),
        prepay: true,
        ..PaymentForm::default()
    };
    payment_take(ctx, account, &form).await.expect("a payment")
}

async fn version(test: &TestDatabase, table: &str, id: i64) -> i32 {
    let version = number(test, &format!("select version::bigint from {table} where id = {id}")).await;
    version.try_into().expect("small")
}

/// The bill of a month of rent that stands.
async fn rent_of(test: &TestDatabase, account: AccountId, ahead: u32) -> i64 {
    let month = month(ahead);
    number(
        test,
        &format!(
            "select id from bill where account_id = {account} and fee_item = 'RENT' and month = '{month}' and decision is null"
        ),
    )
    .await
}

/// Two households through four months: payments, one of them taken back; a month that is made anew with less; one that is
/// forgiven, and one that was a mistake.
async fn history(test: &TestDatabase) -> (AccountId, AccountId) {
    let (first, account) =
        active(test, &form(assigned(test, tenant(test, 0).await, vacant(test, 0).await).await)).await;
    let (_, other) = active(test, &form(assigned(test, tenant(test, 1).await, vacant(test, 0).await).await)).await;
    let district = OrganizationId(number(test, &format!("select district_id from account where id = {account}")).await);
    let cashier = city::ctx(&test.database, "cashier").await;
    let wrong = pay(&cashier, account, 1, "50.00").await;
    payment_void(&cashier, wrong, version(test, "payment", wrong.0).await, "收错").await.expect("it is taken back");
    pay(&cashier, account, 2, "1020.00").await;
    let asked = ReductionForm {
        request: request(3),
        contract_no: sqlx::query_scalar("select contract_no from contract where id = $1")
            .bind(first.0)
            .fetch_one(&test.admin)
            .await
            .expect("its number"),
        category: "DIBAO".into(),
        percent: "10".into(),
        standard_area: "500".into(),
        from: month_text(month(1)),
        to: month_text(month(2)),
        doc_no: "测发〔2026〕9号".into(),
        ..ReductionForm::default()
    };
    let reduction = reduction_create(&city::ctx(&test.database, "finance").await, &asked).await.expect("asked for");
    for ahead in 1..=3 {
        bills_run(&later(test, "finance", ahead).await, district, month(ahead), |_| {}).await.expect("a run");
        match ahead {
            1 => drop(
                reduction_decide(&later(test, "approver", 1).await, reduction, 1, true, "")
                    .await
                    .expect("it is agreed to"),
            ),
            2 => {
                let waiver = WaiverForm {
                    request: request(4),
                    kind: "WAIVE".into(),
                    bills: vec![rent_of(test, other, 1).await.to_string()],
                    doc_no: "测发1号".into(),
                    reason: "特困家庭".into(),
                };
                let id = waiver_create(&later(test, "finance", 2).await, other, &waiver).await.expect("asked for");
                waiver_decide(&later(test, "finhead", 2).await, id, 1, true, "").await.expect("it is agreed to");
                pay(&later(test, "cashier", 2).await, other, 5, "1200.00").await;
            }
            _ => {
                let bill = rent_of(test, other, 3).await;
                let version = version(test, "bill", bill).await;
                bill_reverse(&later(test, "finance", 3).await, BillId(bill), version, TakeBack::Reverse, "错误")
                    .await
                    .expect("it is reversed");
            }
        }
    }
    (account, other)
}

/// Opening, posted, reduced, of which taken back and forgiven, paid and outstanding of a row of the ledger itself.
async fn booked(test: &TestDatabase, condition: &str, from: NaiveDate) -> [i64; 7] {
    let next = from.checked_add_months(Months::new(1)).expect("a month");
    let sum = async |signed: &str, more: &str| {
        let sum = format!(
            "select coalesce(sum({signed} amount_fen), 0)::bigint from ledger_entry
             where fee_item <> 'DEPOSIT' and {condition} and {more}"
        );
        number(test, &sum).await
    };
    let within = |text: &str| format!("booked_on >= '{from}' and booked_on < '{next}' and {text}");
    let open = "(case 'RECEIVABLE' when debit then 1 when credit then -1 else 0 end) *";
    let voids = sum("", &within("debit = 'RECEIVABLE' and credit not in ('INCOME', 'OPENING')")).await;
    let reversed = sum("", &within("debit = 'INCOME' and credit = 'RECEIVABLE'")).await;
    let waived = sum("", &within("debit in ('WAIVER', 'BAD_DEBT') and credit = 'RECEIVABLE'")).await;
    let paid = sum("", &within("credit = 'RECEIVABLE' and debit not in ('INCOME', 'WAIVER', 'BAD_DEBT')")).await;
    [
        sum(open, &format!("booked_on < '{from}'")).await,
        sum("", &within("debit = 'RECEIVABLE' and credit = 'INCOME'")).await,
        reversed + waived,
        reversed,
        waived,
        paid - voids,
        sum(open, &format!("booked_on < '{next}'")).await,
    ]
}

fn adds_up(told: &Report) {
    assert!(!told.rows.is_empty());
    for row in &told.rows {
        let sums = &row.sums;
        assert_eq!(sums[0] + sums[1] - sums[2] - sums[5], sums[6], "{row:?}");
        assert_eq!(sums[3] + sums[4], sums[2], "{row:?}");
    }
    for pair in told.rows.windows(2).filter(|pair| pair[0].name == pair[1].name) {
        assert_eq!(pair[0].sums[6], pair[1].sums[0], "{pair:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receivables_are_told_by_item_and_month() {
    let test = TestDatabase::with_city().await;
    history(&test).await;
    let finance = city::ctx(&test.database, "finance").await;
    let (first, last) = (month_text(month(0)), month_text(month(3)));
    let all = [("start", first.as_str()), ("end", last.as_str())];
    for melted in [false, true] {
        let by_item = report(&finance, "receivable", &all).await;
        assert_eq!(by_item.by, By::Item, "its first shape");
        adds_up(&by_item);
        let months: Vec<(u32, [i64; 7])> = {
            let mut months = Vec::new();
            for ahead in 0..4 {
                months.push((ahead, booked(&test, "fee_item = 'RENT'", month(ahead)).await));
            }
            months
        };
        let rent: Vec<_> =
            by_item.rows.iter().filter(|row| row.name == Cell::coded(domain::dictionary::FeeItem::Rent)).collect();
        assert_eq!(rent.len(), 4, "every month of it");
        for (row, (ahead, expected)) in rent.iter().zip(&months) {
            assert_eq!(row.second, Some(Cell::Text(month_text(month(*ahead)))));
            assert_eq!(row.sums, expected, "melted: {melted}");
        }
        // Nothing of what is told apart is nothing: the history has all of it.
        let parts: Vec<i64> = (1..6).map(|place| months.iter().map(|(_, sums)| sums[place]).sum()).collect();
        assert!(parts.iter().all(|part| *part > 0), "{parts:?}");
        // By whatever it is grouped, the whole is the same.
        for by in ["item", "district", "estate"] {
            let grouped = report(&finance, "receivable", &[all[0], all[1], ("by", by)]).await;
            adds_up(&grouped);
            assert_eq!(total(&grouped), total(&by_item), "{by}");
        }
        // A report that begins later opens with what the one before closes with.
        let (second, third) = (month_text(month(1)), month_text(month(2)));
        let before = total(&report(&finance, "receivable", &[("start", &first), ("end", &second)]).await);
        let after = total(&report(&finance, "receivable", &[("start", &third), ("end", &last)]).await);
        assert_eq!((before[6], after[6]), (after[0], total(&by_item)[6]));
        figures_follow(&test.database, Utc::now()).await.expect("melted");
    }
    let other = city::ctx(&test.database, "district-b").await;
    assert_eq!(report(&other, "receivable", &all).await.rows, []);
}

/// What a month leads to: the bills of which something was booked in it.
#[tokio::test(flavor = "multi_thread")]
async fn the_bills_behind_a_month() {
    let test = TestDatabase::with_city().await;
    history(&test).await;
    let finance = city::ctx(&test.database, "finance").await;
    for ahead in 0..4 {
        let month = month(ahead);
        let next = month.checked_add_months(Months::new(1)).expect("a month");
        let expected: Vec<i64> = sqlx::query_scalar(
            "select distinct bill_id from ledger_entry where fee_item = 'RENT' and 'RECEIVABLE' in (debit, credit)
             and booked_on >= $1 and booked_on < $2",
        )
        .bind(month)
        .bind(next)
        .fetch_all(&test.admin)
        .await
        .expect("bills");
        let query = ListQuery::from_params([("fee_item", "RENT"), ("booked", &month_text(month)), ("size", "100")]);
        let found = bill_list(&finance, &query).await.expect("a page");
        let found: BTreeSet<i64> = found.rows.iter().map(|row| row.id.0).collect();
        assert_eq!(found, expected.into_iter().collect(), "{month}");
        assert!(!found.is_empty());
    }
    for nonsense in ["2026-13", "x", "1"] {
        let query = ListQuery::from_params([("booked", nonsense)]);
        assert_eq!(bill_list(&finance, &query).await.expect("a page").total, 0, "{nonsense}");
    }
}

/// Balances and deposits of three months: two households behind one door, one that has left, and one of another estate and project.
async fn kept(test: &TestDatabase) {
    let (account, other) = history(test).await;
    run(
        test,
        &format!(
            "insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on, status, closed_on)
             select district_id, estate_id, building_id, unit_id, (select max(id) from person), '2020-01-01', 'OFF', '2020-12-31'
             from account where id = {account};
             insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
             select u.district_id, u.estate_id, u.building_id, u.id, (select max(id) from person), '2020-01-01'
             from unit u join estate e on e.id = u.estate_id where e.name = '星光苑' order by u.id limit 1;
             insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason)
             select a.district_id, a.estate_id, a.id, m.day::date, m.debit, m.credit, m.item, m.fen, '测试'
             from account a cross join (values
                 ('{before}', 'CASH', 'BALANCE', 'RENT', 70000), ('{before}', 'CASH', 'DEPOSIT', 'DEPOSIT', 50000),
                 ('{within}', 'CASH', 'BALANCE', 'RENT', 3000), ('{within}', 'BALANCE', 'CASH', 'RENT', 1000),
                 ('{within}', 'DEPOSIT', 'BALANCE', 'DEPOSIT', 20000), ('{after}', 'BALANCE', 'CASH', 'RENT', 500),
                 ('{after}', 'BANK', 'DEPOSIT', 'DEPOSIT', 900)) as m (day, debit, credit, item, fen)
             where a.id <> {other}",
            before = month(0),
            within = month(1),
            after = month(3),
        ),
    )
    .await;
}

/// Sums of what an account was kept, from the ledger itself.
async fn truth(test: &TestDatabase, accounts: &str, first: NaiveDate, last: NaiveDate) -> Vec<i64> {
    let mut all = Vec::new();
    for subject in ["BALANCE", "DEPOSIT"] {
        let (mut opening, mut moved) = (String::new(), Vec::new());
        for (sign, side) in [("", "credit"), ("-", "debit")] {
            opening = format!("{opening} + {sign}(amount_fen * ({side} = '{subject}')::int)");
            moved.push(format!("amount_fen * ({side} = '{subject}')::int"));
        }
        let sum = async |what: &str, days: &str| {
            let of = format!(
                "select coalesce(sum({what}), 0)::bigint from ledger_entry where account_id in ({accounts}) and {days}"
            );
            number(test, &of).await
        };
        let within = format!("booked_on between '{first}' and '{last}'");
        all.extend([
            sum(&opening, &format!("booked_on < '{first}'")).await,
            sum(&moved[0], &within).await,
            sum(&moved[1], &within).await,
            sum(&opening, &format!("booked_on <= '{last}'")).await,
        ]);
    }
    let both: Vec<i64> = (0..4).map(|place| all[place] + all[place + 4]).collect();
    all.extend(both);
    all
}

fn closes(told: &Report) {
    for row in &told.rows {
        for [opening, more, less, closing] in row.sums.as_chunks::<4>().0 {
            assert_eq!(opening + more - less, *closing, "{row:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_adds_up_at_every_level() {
    let test = TestDatabase::with_city().await;
    kept(&test).await;
    let city = city::ctx(&test.database, "city").await;
    let (start, end) = (month_text(month(1)), month_text(month(2)));
    let last = month(3).pred_opt().expect("a day");
    let wish = |more: &[(&'static str, String)]| -> Vec<(&'static str, String)> {
        [("start", start.clone()), ("end", end.clone())].into_iter().chain(more.iter().cloned()).collect()
    };
    let of = async |ctx: &Ctx, more: &[(&'static str, String)]| {
        let wishes = wish(more);
        let wishes: Vec<(&str, &str)> = wishes.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let told = report(ctx, "balance", &wishes).await;
        closes(&told);
        told
    };
    let projects = of(&city, &[]).await;
    assert_eq!((projects.by, projects.rows.len()), (By::Project, 2));
    assert_eq!(total(&projects), truth(&test, "select id from account", month(1), last).await);
    // The districts, whose sums come from the tallies, say the same.
    assert_eq!(total(&of(&city, &[("by", "district".into())]).await), total(&projects));
    let mut households = Vec::new();
    for project in &projects.rows {
        let id = project.id.expect("a project").to_string();
        let doors = of(&city, &[("project", id.clone())]).await;
        assert_eq!((doors.by, &Cell::text(&doors.of)), (By::Unit, &project.name));
        assert_eq!(total(&doors), project.sums, "the doors of {:?}", project.name);
        for door in &doors.rows {
            let id = door.id.expect("a door").to_string();
            let accounts = of(&city, &[("unit", id.clone())]).await;
            assert_eq!((accounts.by, &Cell::text(&accounts.of)), (By::Account, &door.name));
            assert_eq!(total(&accounts), door.sums, "the households of {:?}", door.name);
            households.extend(accounts.rows.iter().map(|row| (door.name.clone(), row.name.clone(), row.sums.clone())));
            for account in &accounts.rows {
                let id = account.id.expect("an account").to_string();
                assert_eq!(account.sums, truth(&test, &id, month(1), last).await, "{:?}", account.name);
            }
        }
    }
    assert_eq!(households.len(), 4, "two of them behind one door: {households:#?}");
    let accounts = of(&city, &[("by", "account".into())]).await;
    assert_eq!(accounts.rows.len(), 4);
    assert!(lines(&accounts)[0][0].starts_with("ZH"), "by number and name");
    // A month that is over opens the next.
    let next = month_text(month(3));
    let after = report(&city, "balance", &[("by", "account"), ("start", &next), ("end", &next)]).await;
    let (before, after) = (total(&projects), total(&after));
    assert_eq!((before[3], before[7], before[11]), (after[0], after[4], after[8]));
    // Whoever sees some estates sees what is kept there, and of the others nothing.
    run(
        &test,
        "update estate set operator_id = (select min(id) from operator where name = '安居公司') where name = '月光苑'",
    )
    .await;
    let operator = city::ctx(&test.database, "operator").await;
    let run_by_it =
        "select a.id from account a join estate e on e.id = a.estate_id where e.name in ('阳光苑', '月光苑')";
    assert_eq!(total(&of(&operator, &[]).await), truth(&test, run_by_it, month(1), last).await);
    let other = city::ctx(&test.database, "district-b").await;
    let theirs = of(&other, &[]).await;
    assert_eq!(theirs.rows.len(), 1);
    let own = |id: i64| theirs.rows.iter().any(|row| row.id == Some(id));
    let foreign = projects.rows.iter().filter_map(|row| row.id).find(|id| !own(*id)).expect("one").to_string();
    let refused = told(&other, "balance", &[("project", &foreign)]).await.expect_err("it is not theirs");
    assert_eq!(Failure::from(refused), Failure::NotFound);
}
