//! Bills by hand and taken back, and the lists: each bill is found under the one status that its row shows.

mod edit;
mod lists;

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    billing::{
        bill::{BillRow, DueFilter},
        bill_form::{BillForm, TakeBack},
        payment::PaymentForm,
        plan::month_of,
    },
    dictionary::{BillStatus, FeeItem},
    failure::{Failure, FieldErrors},
    id::{AccountId, BillId, OrganizationId},
    list::{ListQuery, Position},
    value::Money,
};
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use std::collections::{BTreeMap, BTreeSet};
use store::{
    Ctx,
    billing::{
        account::{account_get, account_list},
        bill::{bill_create, bill_get, bill_list, bill_reverse, bill_totals},
        payment::{payment_list, payment_take, payments_chosen, payments_verify},
        run::bills_run,
    },
    insight::reminder::reminder_list,
    platform::user::{NewUser, UserRef, user_create, user_ctx},
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn refusal<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    failure(result).to_string()
}

fn today() -> NaiveDate {
    store::ctx::china_day(Utc::now())
}

fn request(nth: u64) -> String {
    format!("5b0c2d1e-8f7a-4b3c-9d2e-{nth:012x}")
}

fn damage(nth: u64, amount: &str) -> BillForm {
    BillForm {
        request: request(nth),
        fee_item: "DAMAGE".into(),
        amount: amount.into(),
        due_on: today().to_string(),
        remark: "门锁".into(),
    }
}

fn cash(nth: u64, amount: Money, bills: Vec<i64>) -> PaymentForm {
    let amount = amount.to_string().replace(',', "");
    PaymentForm { request: request(nth), amount, method: "CASH".into(), bills, ..PaymentForm::default() }
}

async fn household(test: &TestDatabase, nth: usize) -> AccountId {
    let unit = vacant(test, 0).await;
    let assignment = assigned(test, tenant(test, nth).await, unit).await;
    active(test, &form(assignment)).await.1
}

/// What the account owes by the ledger, in fen.
async fn owed(test: &TestDatabase, account: AccountId) -> i64 {
    sqlx::query_scalar(
        "select coalesce(sum(amount_fen * ((debit = 'RECEIVABLE')::int - (credit = 'RECEIVABLE')::int)), 0)::bigint
         from ledger_entry where account_id = $1",
    )
    .bind(account.0)
    .fetch_one(&test.admin)
    .await
    .expect("a sum")
}

async fn version(test: &TestDatabase, bill: BillId) -> i32 {
    let version = sqlx::query_scalar("select version from bill where id = $1").bind(bill.0);
    version.fetch_one(&test.admin).await.expect("a version")
}

/// An accountant of the other district.
async fn stranger(test: &TestDatabase) -> Ctx {
    let user = NewUser {
        login: "finance-b",
        name: "测试乙区财务",
        organization_code: "810102",
        roles: &["FINANCE"],
        password: city::PASSWORD.to_owned(),
        must_change_password: false,
        demo: false,
    };
    assert!(user_create(&test.database, user).await.expect("an account"));
    city::ctx(&test.database, "finance-b").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_by_hand_is_owed_once() {
    let test = TestDatabase::with_city().await;
    let account = household(&test, 0).await;
    let (finance, cashier) = (city::ctx(&test.database, "finance").await, city::ctx(&test.database, "cashier").await);
    let before = owed(&test, account).await;
    let lock = damage(1, "120.50");
    let twice = tokio::join!(bill_create(&finance, account, &lock), bill_create(&finance, account, &lock));
    let id = twice.0.expect("a bill");
    assert_eq!(twice.1.expect("the same bill"), id);
    assert_eq!(refusal(bill_create(&finance, account, &damage(1, "120.51")).await), "页面已过期，请刷新后再录入");
    // Two broken locks on one day are two bills.
    let other = bill_create(&finance, account, &damage(2, "120.50")).await.expect("another bill");
    assert_ne!(other, id);
    let bill = bill_get(&finance, id).await.expect("the bill");
    assert_eq!((bill.row.fee_item, bill.row.amount.fen(), bill.row.status), (FeeItem::Damage, 12_050, BillStatus::Due));
    assert_eq!((bill.remark.as_deref(), bill.row.lessee.as_str()), (Some("门锁"), "测试租户0"));
    assert!(bill.lines.len() == 1 && bill.lines[0].formula == "损坏赔偿120.50元", "{:?}", bill.lines);
    assert_eq!(owed(&test, account).await, before + 2 * 12_050);
    // A deposit is no income: it is owed, and not yet booked.
    let deposit = BillForm { fee_item: "DEPOSIT".into(), ..damage(3, "50") };
    let deposit = bill_create(&finance, account, &deposit).await.expect("a deposit");
    assert_eq!(owed(&test, account).await, before + 2 * 12_050);
    payment_take(&cashier, account, &cash(9, Money::from_fen(5_000), vec![deposit.0])).await.expect("a payment");
    // Who may not, and where.
    assert_eq!(failure(bill_create(&cashier, account, &damage(4, "1")).await), Failure::Forbidden);
    assert_eq!(failure(bill_create(&stranger(&test).await, account, &damage(4, "1")).await), Failure::NotFound);
    let wrong = BillForm { fee_item: "RENT".into(), due_on: "2000-01-01".into(), ..damage(4, "-1") };
    let Failure::Invalid(errors) = failure(bill_create(&finance, account, &wrong).await) else { panic!("complaints") };
    assert!(["fee_item", "due_on", "amount"].iter().all(|field| errors.get(field).is_some()), "{errors:?}");
    sqlx::query("update account set status = 'OFF', closed_on = opened_on").execute(&test.admin).await.expect("closed");
    assert_eq!(refusal(bill_create(&finance, account, &damage(5, "1")).await), "账户已销户，不能新增账单");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_that_is_taken_back_leaves_nothing_owed() {
    let test = TestDatabase::with_city().await;
    let account = household(&test, 0).await;
    let finance = city::ctx(&test.database, "finance").await;
    let before = owed(&test, account).await;
    for (nth, how, status) in [(1, TakeBack::Void, BillStatus::Void), (2, TakeBack::Reverse, BillStatus::Reversed)] {
        let id = bill_create(&finance, account, &damage(nth, "120.50")).await.expect("a bill");
        let version = version(&test, id).await;
        assert_eq!(
            failure(bill_reverse(&finance, id, version, how, " ").await),
            FieldErrors::from(("opinion", "请填写原因")).into()
        );
        assert_eq!(failure(bill_reverse(&finance, id, version - 1, how, "误录").await), Failure::Conflict);
        bill_reverse(&finance, id, version, how, "误录").await.expect("it is taken back");
        let bill = bill_get(&finance, id).await.expect("the bill");
        assert_eq!(
            (bill.row.status, bill.row.outstanding, bill.history[0].reason.as_deref()),
            (status, Money::ZERO, Some("误录"))
        );
        let counter = bill_get(&finance, bill.reversal.expect("a counter-bill")).await.expect("the counter-bill");
        assert_eq!((counter.row.amount, counter.row.status, counter.reversal), (-bill.row.amount, status, Some(id)));
        assert_eq!(counter.lines.iter().map(|line| line.amount).sum::<Money>(), -bill.row.amount);
        // The bill shows its transfers and how they were taken back.
        let sides: Vec<_> =
            bill.entries.iter().map(|entry| (entry.debit.code(), entry.credit.code(), entry.amount)).collect();
        assert_eq!(sides, [("RECEIVABLE", "INCOME", bill.row.amount), ("INCOME", "RECEIVABLE", bill.row.amount)]);
        assert_eq!(owed(&test, account).await, before);
        let again = refusal(bill_reverse(&finance, id, bill.version, how, "再来").await);
        assert_eq!(again, format!("账单状态为“{status}”，不能{}", how.event()));
        let counter_back = bill_reverse(&finance, counter.row.id, counter.version, how, "再来").await;
        assert_eq!(refusal(counter_back), format!("红字账单不能{}", how.event()));
    }
    // Two at once: one takes it back, the other hears of it.
    let id = bill_create(&finance, account, &damage(3, "1")).await.expect("a bill");
    let version = version(&test, id).await;
    let both = tokio::join!(
        bill_reverse(&finance, id, version, TakeBack::Void, "一"),
        bill_reverse(&finance, id, version, TakeBack::Reverse, "二")
    );
    assert_eq!([both.0.is_ok(), both.1.is_ok()].iter().filter(|done| **done).count(), 1);
    assert_eq!(owed(&test, account).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_is_given_back_first() {
    let test = TestDatabase::with_city().await;
    let account = household(&test, 0).await;
    let (finance, cashier) = (city::ctx(&test.database, "finance").await, city::ctx(&test.database, "cashier").await);
    let id = bill_create(&finance, account, &damage(1, "120.50")).await.expect("a bill");
    for (nth, fen) in [(2, 50), (3, 12_000)] {
        payment_take(&cashier, account, &cash(nth, Money::from_fen(fen), vec![id.0])).await.expect("a payment");
        for how in [TakeBack::Void, TakeBack::Reverse] {
            let result = bill_reverse(&finance, id, version(&test, id).await, how, "误录").await;
            assert_eq!(refusal(result), format!("已收款账单不能{}，请先办理退费", how.event()));
        }
    }
    let unpaid = bill_create(&finance, account, &damage(4, "1")).await.expect("a bill");
    let back = async |ctx: &Ctx| bill_reverse(ctx, unpaid, 1, TakeBack::Void, "误录").await;
    assert_eq!(failure(back(&cashier).await), Failure::Forbidden);
    assert_eq!(failure(back(&stranger(&test).await).await), Failure::NotFound);
    sqlx::query("insert into ledger_period (district_id, month) select district_id, $1 from account")
        .bind(month_of(today()))
        .execute(&test.admin)
        .await
        .expect("a closed month");
    let version = version(&test, unpaid).await;
    assert_eq!(refusal(bill_reverse(&finance, unpaid, version, TakeBack::Void, "误录").await), "会计期间已结账");
    assert_eq!(bill_get(&finance, unpaid).await.expect("the bill").row.status, BillStatus::Due);
}

/// A late fee that was charged goes with the bill, and a rent bill makes room for its month's run.
#[tokio::test(flavor = "multi_thread")]
async fn a_rent_bill_that_is_taken_back_is_made_anew() {
    let test = TestDatabase::with_city().await;
    let account = household(&test, 0).await;
    let finance = city::ctx(&test.database, "finance").await;
    let rent = account_get(&finance, account).await.expect("the account").bills;
    let rent = rent.iter().find(|bill| bill.fee_item == FeeItem::Rent).expect("a rent bill").clone();
    // As a payment leaves it that was voided: the fee was charged, nothing is paid.
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "update bill set late_fee_fen = 123 where id = {0};
         insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason, bill_id)
         select district_id, estate_id, account_id, due_on, 'RECEIVABLE', 'INCOME', 'LATE', 123, '计收滞纳金', id from bill where id = {0}",
        rent.id
    )))
    .execute(&test.admin)
    .await
    .expect("a late fee");
    let before = owed(&test, account).await;
    let version = version(&test, rent.id).await;
    bill_reverse(&finance, rent.id, version, TakeBack::Reverse, "租金有误").await.expect("it is taken back");
    assert_eq!(owed(&test, account).await, before - rent.amount.fen() - 123);
    let bill = bill_get(&finance, rent.id).await.expect("the bill");
    let counter = bill_get(&finance, bill.reversal.expect("a counter-bill")).await.expect("the counter-bill");
    assert_eq!(counter.row.amount.fen(), -(rent.amount.fen() + 123));
    assert_eq!(counter.lines.iter().map(|line| line.amount).sum::<Money>(), counter.row.amount);
    let district: i64 =
        sqlx::query_scalar("select district_id from account").fetch_one(&test.admin).await.expect("a district");
    let run = bills_run(&finance, OrganizationId(district), month_of(rent.from), |_| {}).await.expect("a run");
    assert_eq!((run.bills, run.amount), (1, rent.amount));
    assert_eq!(owed(&test, account).await, before - 123);
}

/// A bill as money and days make it.
#[derive(Clone, Debug)]
struct Made {
    due_in: i64,
    amount: i64,
    late_fee: i64,
    /// of both, in percent
    paid: i64,
    verified: i64,
    decision: Option<&'static str>,
}

fn made() -> impl Strategy<Value = Made> {
    const DECISIONS: &[&str] = &["WAIVED", "WRITTEN_OFF", "REFUNDING", "REFUNDED", "REVERSED", "VOID"];
    let share = prop_oneof![3 => Just(0i64), 2 => 1i64..100, 3 => Just(100)];
    (
        -70i64..70,
        prop_oneof![1 => Just(0i64), 9 => 1i64..100_000],
        prop_oneof![3 => Just(0i64), 1 => 1i64..5_000],
        (share.clone(), share),
        prop_oneof![5 => Just(None), 1 => proptest::sample::select(DECISIONS).prop_map(Some)],
    )
        .prop_map(|(due_in, amount, late_fee, (paid, verified), decision)| Made {
            due_in,
            amount,
            late_fee,
            paid,
            verified,
            decision,
        })
}

async fn bills_make(test: &TestDatabase, account: AccountId, count: usize) {
    let mut runner = TestRunner::deterministic();
    for _ in 0..count {
        let made = made().new_tree(&mut runner).expect("a bill").current();
        let (paid, late_paid) = (made.amount * made.paid / 100, made.late_fee * made.paid / 100);
        let due = today().checked_add_signed(chrono::TimeDelta::days(made.due_in)).expect("a day");
        sqlx::query(
            "insert into bill (district_id, estate_id, unit_id, account_id, kind, fee_item, month, period_from, period_to, months, due_on,
                               amount_fen, late_fee_fen, paid_fen, late_paid_fen, verified_fen, decision)
             select district_id, estate_id, unit_id, id, 'OTHER', 'TEMP', date_trunc('month', $2::date)::date, $2, $2, 0, $2, $3, $4, $5, $6, $7, $8
             from account where id = $1",
        )
        .bind(account.0)
        .bind(due)
        .bind(made.amount)
        .bind(made.late_fee)
        .bind(paid)
        .bind(late_paid)
        .bind((paid + late_paid) * made.verified / 100)
        .bind(made.decision)
        .execute(&test.admin)
        .await
        .expect("a bill");
    }
}

/// Every row of a list, page by page, as people walk it.
async fn walked(ctx: &Ctx, filters: &[(&str, &str)]) -> Vec<BillRow> {
    let mut query = ListQuery::from_params(filters.iter().copied());
    query.size = 50;
    let (mut rows, mut total) = (Vec::new(), None);
    loop {
        let page = bill_list(ctx, &query).await.expect("a page");
        assert!(total.replace(page.total).is_none_or(|total| total == page.total) && page.exact);
        rows.extend(page.rows);
        match page.next {
            Some(next) => query.at = next,
            None => break,
        }
    }
    assert_eq!(Some(rows.len() as i64), total, "{filters:?}");
    rows
}

fn ids(rows: &[BillRow]) -> BTreeSet<i64> {
    rows.iter().map(|row| row.id.0).collect()
}

/// The law of the status filter: what SQL finds under a status are exactly the bills whose rows show it, whatever the day,
/// the money and the days of grace, and no bill is found twice or nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn every_bill_is_found_under_the_one_status_that_it_shows() {
    let test = TestDatabase::with_city().await;
    let account = household(&test, 0).await;
    bills_make(&test, account, 260).await;
    // The city's grace, and the district's own instead.
    for grace in [None, Some(0), Some(11)] {
        if let Some(grace) = grace {
            sqlx::query(
                "insert into parameter (code, district_id, value, valid_from)
                 select 'PRM-43', district_id, 'off/' || $1, '2000-01-01' from account
                 on conflict do nothing",
            )
            .bind(grace.to_string())
            .execute(&test.admin)
            .await
            .expect("a parameter");
            sqlx::query("update parameter set value = 'off/' || $1 where code = 'PRM-43' and district_id is not null")
                .bind(grace.to_string())
                .execute(&test.admin)
                .await
                .expect("a parameter");
        }
        for later in [0u64, 1, 5, 6, 17, 40] {
            let at: DateTime<Utc> = store::ctx::china_midnight(today() + Days::new(later)).expect("a moment");
            let ctx = user_ctx(&test.database, UserRef::Login("finance"), at).await.expect("an accountant");
            statuses_agree(&ctx).await;
        }
    }
}

async fn statuses_agree(ctx: &Ctx) {
    let all = walked(ctx, &[]).await;
    let sorted = all.iter().rev().is_sorted_by_key(|row| (row.due_on, row.id.0));
    assert!(sorted && ids(&all).len() == all.len(), "each once, the latest first");
    let mut found = BTreeMap::new();
    for status in BillStatus::ALL {
        for row in walked(ctx, &[("status", status.code())]).await {
            assert_eq!(row.status, *status, "{row:?}");
            assert_eq!(found.insert(row.id.0, *status), None, "{row:?}");
        }
    }
    let shown: BTreeMap<i64, BillStatus> = all.iter().map(|row| (row.id.0, row.status)).collect();
    assert_eq!(found, shown);
    for row in &all {
        // A page of one bill says what its list says.
        assert_eq!(row.days_left.is_some(), row.status.is_unpaid());
        assert_eq!(row.outstanding > Money::ZERO, row.status.is_unpaid());
    }
    for due in DueFilter::ALL {
        let wanted = all.iter().filter(|row| match due {
            DueFilter::Late => matches!(row.status, BillStatus::Overdue | BillStatus::OverduePartial),
            DueFilter::Within(days) => row.days_left.is_some_and(|left| (0..=i32::from(days)).contains(&left)),
        });
        let wanted: BTreeSet<i64> = wanted.map(|row| row.id.0).collect();
        assert_eq!(ids(&walked(ctx, &[("due", due.code())]).await), wanted, "{due:?}");
    }
    for filters in [&[][..], &[("status", "OVERDUE")], &[("due", "30")], &[("fee_item", "TEMP")]] {
        let rows = walked(ctx, filters).await;
        let sums = bill_totals(ctx, &ListQuery::from_params(filters.iter().copied())).await.expect("sums");
        let sum = |of: fn(&BillRow) -> Money| rows.iter().map(of).sum::<Money>();
        assert_eq!(sums.bills, rows.len() as i64);
        assert_eq!(
            (sums.amount, sums.paid, sums.outstanding),
            (sum(|row| row.amount + row.late_fee), sum(|row| row.paid), sum(|row| row.outstanding))
        );
    }
    for nonsense in [("status", "LOST"), ("due", "0"), ("month", "2026-3"), ("account", "x"), ("contract", "x")] {
        assert_eq!(walked(ctx, &[nonsense]).await.len(), 0, "{nonsense:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bill_shows_the_status_of_its_row() {
    let test = TestDatabase::with_city().await;
    let account = household(&test, 0).await;
    bills_make(&test, account, 60).await;
    let finance = city::ctx(&test.database, "finance").await;
    for row in walked(&finance, &[]).await {
        assert_eq!(bill_get(&finance, row.id).await.expect("the bill").row, row);
    }
    let open: BTreeSet<i64> = ids(&account_get(&finance, account).await.expect("the account").bills);
    let all = walked(&finance, &[]).await;
    assert_eq!(open, all.iter().filter(|row| row.status.is_unpaid()).map(|row| row.id.0).collect());
}
