//! 物业费 of a contract (S4-1.2.1): offered by the rooms, fixed with the contract, billed beside the rent by the same periods, paid, and
//! carried on by a renewal. What an exit makes of it stands in `exit::property`.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, approved, assigned, form, tenant, vacant},
};
use chrono::{Datelike as _, Days, Months, NaiveDate, TimeDelta, Utc};
use domain::{
    billing::{bill_form::TakeBack, payment::PaymentForm, plan::month_of},
    dictionary::FeeItem,
    failure::{Failure, FieldErrors},
    id::{AccountId, AssignmentId, BillId, ContractId, OrganizationId, UnitId},
    list::ListQuery,
    platform::setting::code,
    sheet::Cell,
    tenancy::{
        contract::CONTRACT_LIST, contract_difference::differences, contract_form::ContractForm,
        property_fee::PropertyFee,
    },
    value::{Money, Rate, round_half_up},
};
use store::{
    billing::{
        account::account_get,
        bill::{bill_get, bill_list, bill_reverse},
        payment::payment_take,
        run::bills_run,
    },
    platform::{
        setting::setting_put,
        user::{UserRef, user_ctx},
    },
    tenancy::change::change_offer,
    tenancy::contract::{
        contract_create, contract_get, contract_list, contract_offer, contract_renew, contract_renewal_offer,
        contract_update,
    },
};

/// 57 m² at 2.50.
const FEE: i64 = 14_250;

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn today() -> NaiveDate {
    store::ctx::china_day(Utc::now())
}

/// Of an amount for a whole month so many of its days.
fn part(monthly: i64, days: u32, of: u32) -> i64 {
    round_half_up(i128::from(monthly) * i128::from(days), i128::from(of))
}

fn days_of(month: NaiveDate) -> u32 {
    month_of(month).checked_add_months(Months::new(1)).and_then(|day| day.pred_opt()).expect("a day").day()
}

/// A home of 57 m² by its building and 43 to live in, assigned to a tenant.
async fn home(test: &TestDatabase, nth: usize) -> (AssignmentId, UnitId) {
    let unit = vacant(test, 0).await;
    let sized = "update unit set building_area = 5700, usable_area = 4300 where id = $1";
    sqlx::query(sized).bind(unit.0).execute(&test.admin).await.expect("its areas");
    (assigned(test, tenant(test, nth).await, unit).await, unit)
}

fn priced(assignment: AssignmentId) -> ContractForm {
    ContractForm { property_rate: "2.5".into(), ..form(assignment) }
}

/// The property bills that stand of an account: days from and to, months, due day and fen.
async fn bills(
    test: &TestDatabase,
    account: AccountId,
    fee: FeeItem,
) -> Vec<(NaiveDate, NaiveDate, i16, NaiveDate, i64)> {
    sqlx::query_as(
        "select period_from, period_to, months, due_on, amount_fen from bill
         where account_id = $1 and fee_item = $2 and decision is null order by period_from",
    )
    .bind(account.0)
    .bind(fee.code())
    .fetch_all(&test.admin)
    .await
    .expect("bills")
}

/// The run of a month, on its tenth day.
async fn run(test: &TestDatabase, month: NaiveDate) -> i32 {
    let now = store::ctx::china_midnight(month + Days::new(9)).expect("a moment") + TimeDelta::hours(12);
    let finance = user_ctx(&test.database, UserRef::Login("finance"), now).await.expect("an account");
    let district: i64 = sqlx::query_scalar("select district_id from contract limit 1")
        .fetch_one(&test.admin)
        .await
        .expect("a district");
    let before =
        sqlx::query_scalar::<_, i64>("select count(*) from bill").fetch_one(&test.admin).await.expect("a count");
    bills_run(&finance, OrganizationId(district), month, |_| {}).await.expect("a run");
    let after =
        sqlx::query_scalar::<_, i64>("select count(*) from bill").fetch_one(&test.admin).await.expect("a count");
    i32::try_from(after - before).expect("few")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rooms_offer_it_and_the_contract_fixes_it() {
    let test = TestDatabase::with_city().await;
    let (assignment, unit) = home(&test, 0).await;
    let entry = city::ctx(&test.database, "entry").await;
    let offered = async || contract_offer(&entry, assignment).await.expect("an offer").property_rate;
    let execute = async |sql: &'static str| {
        sqlx::query(sql).bind(unit.0).execute(&test.admin).await.expect("rooms");
    };
    execute("update room set property_rate = null where unit_id = $1").await;
    assert_eq!(offered().await, None);
    execute("update room set property_rate = 25000 where unit_id = $1").await;
    assert_eq!(offered().await, Some(Rate::from_ten_thousandths(25_000)));
    // Rooms of one home at several prices offer none.
    execute(
        "insert into room (district_id, estate_id, unit_id, name, type, property_rate)
         select district_id, estate_id, id, '另一间', 'ROOM', 30000 from unit where id = $1",
    )
    .await;
    assert_eq!(offered().await, None);
    execute("update room set deleted_at = now() where unit_id = $1 and name = '另一间'").await;
    assert_eq!(offered().await, Some(Rate::from_ten_thousandths(25_000)));

    let with = |rate: &str, fee: &str| ContractForm {
        property_rate: rate.into(),
        property_fee: fee.into(),
        ..form(assignment)
    };
    for (form, field, sentence) in [
        (with("-2.5", ""), "property_rate", "应为大于0的数字，最多4位小数"),
        (with("0", ""), "property_rate", "应为大于0的数字，最多4位小数"),
        (with("2.50001", ""), "property_rate", "应为大于0的数字，最多4位小数"),
        (with("100.0001", ""), "property_rate", "物业费单价不能超过100元/㎡·月"),
        (with("", "-80"), "property_fee", "应为大于0的数字，最多2位小数"),
        (with("", "80.001"), "property_fee", "应为大于0的数字，最多2位小数"),
        (with("", "100000.01"), "property_fee", "物业费不能超过每月10万元"),
        (with("2.5", "80"), "property_fee", "已填写单价，金额按建筑面积计算，请留空"),
    ] {
        let complaint: Failure = FieldErrors::from((field, sentence)).into();
        assert_eq!(failure(contract_create(&entry, &form, true).await), complaint, "{field}");
    }

    let id = contract_create(&entry, &with("2.5", ""), false).await.expect("a draft");
    let contract = contract_get(&entry, id).await.expect("it is there");
    let rate = Some(Rate::from_ten_thousandths(25_000));
    assert_eq!(contract.row.property, Some(PropertyFee { rate, monthly: Money::from_fen(FEE) }));
    assert_eq!(contract.row.monthly_rent, contract.assessed.rent, "the rent is by another area");
    assert_eq!((contract.form().property_rate.as_str(), contract.form().property_fee.as_str()), ("2.50", ""));
    let days = |plan: &[domain::billing::plan::PlannedBill]| -> Vec<_> {
        plan.iter().map(|bill| (bill.from, bill.to, bill.due_on)).collect()
    };
    assert_eq!(days(&contract.property_plan), days(&contract.plan));
    assert!(contract.property_plan.iter().all(|bill| bill.amount().fen() == FEE && bill.lines.len() == 1));
    let listed = contract_list(&entry, &ListQuery::default()).await.expect("a list").rows.remove(0);
    let cell = |key: &str| {
        let column = CONTRACT_LIST.columns.iter().find(|column| column.key == key).expect("a column");
        (column.cell)(&listed)
    };
    assert_eq!(
        (cell("property_rate"), cell("property_fee")),
        (Cell::Text("2.50".into()), Cell::Money(Money::from_fen(FEE)))
    );

    // Until it is approved it may be an amount, or nothing.
    let version = contract.row.version;
    contract_update(&entry, id, version, &with("", "80")).await.expect("it is changed");
    let contract = contract_get(&entry, id).await.expect("it is there");
    assert_eq!(contract.row.property, Some(PropertyFee { rate: None, monthly: Money::from_fen(8_000) }));
    assert_eq!((contract.form().property_rate.as_str(), contract.form().property_fee.as_str()), ("", "80.00"));
    contract_update(&entry, id, version + 1, &with("", "")).await.expect("it is changed");
    let contract = contract_get(&entry, id).await.expect("it is there");
    assert_eq!((contract.row.property, contract.property_plan.len()), (None, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_it_once_it_was_approved() {
    let test = TestDatabase::with_city().await;
    let (assignment, _) = home(&test, 0).await;
    let id = approved(&test, &priced(assignment)).await;
    for (change, refusal) in [
        ("update contract set property_rate = null, property_fee_fen = null where id = $1", "合同已审批"),
        ("update contract set property_rate = null where id = $1", "合同已审批"),
        ("update contract set property_fee_fen = 1 where id = $1", "合同已审批"),
    ] {
        let error = sqlx::query(change).bind(id.0).execute(&test.admin).await.expect_err(change).to_string();
        assert!(error.contains(refusal), "{error}");
    }
    // Not even a change of the contract says a sum that is not that of the price.
    let mut tx = test.admin.begin().await.expect("a transaction");
    sqlx::query("select set_config('app.contract', 'change', true)").execute(&mut *tx).await.expect("a change");
    let wrong = "update contract set property_fee_fen = property_fee_fen + 1 where id = $1";
    let error = sqlx::query(wrong).bind(id.0).execute(&mut *tx).await.expect_err("a sum of its own").to_string();
    assert!(error.contains("contract_property_check"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_bills_come_with_those_of_the_rent_and_are_paid_for_themselves() {
    let test = TestDatabase::with_city().await;
    let (assignment, _) = home(&test, 0).await;
    let (contract, account) = active(&test, &priced(assignment)).await;
    let (plain, _) = home(&test, 1).await;
    let (_, other) = active(&test, &form(plain)).await;
    // What is taken off of the rent is taken off of the rent only.
    sqlx::query(
        "insert into rent_reduction (district_id, estate_id, request_id, contract_id, category, percent, standard_area, from_on, to_on,
                                     doc_no, full_fen, payable_fen, status, maker_id, checker_id, checked_at)
         select district_id, estate_id, gen_random_uuid(), id, 'DIBAO', 10, 5000, start_on, end_on, 'x', base_rent_fen,
                base_rent_fen / 10, 'APPROVED', 1, 2, now() from contract where id = $1",
    )
    .bind(contract.0)
    .execute(&test.admin)
    .await
    .expect("it is reduced");
    let next = month_of(today()).checked_add_months(Months::new(1)).expect("a month");
    assert_eq!(run(&test, next).await, 3, "two rents and one fee");
    assert_eq!(run(&test, next).await, 0, "each once");
    let (rents, fees) = (bills(&test, account, FeeItem::Rent).await, bills(&test, account, FeeItem::Property).await);
    let days = |all: &[(NaiveDate, NaiveDate, i16, NaiveDate, i64)]| -> Vec<_> {
        all.iter().map(|bill| (bill.0, bill.1, bill.2, bill.3)).collect()
    };
    assert_eq!(days(&rents), days(&fees));
    assert_eq!(fees.iter().map(|bill| bill.4).collect::<Vec<_>>(), [FEE, FEE]);
    assert!(rents[1].4 < rents[0].4, "{rents:?}");
    assert!(bills(&test, other, FeeItem::Property).await.is_empty());

    let finance = city::ctx(&test.database, "finance").await;
    let listed = bill_list(&finance, &ListQuery::from_params([("fee_item", "PROPERTY")])).await.expect("bills").rows;
    let first = listed.iter().min_by_key(|row| row.id.0).expect("a bill");
    let bill = bill_get(&finance, first.id).await.expect("the bill");
    assert_eq!(bill.lines.iter().map(|line| line.formula.as_str()).collect::<Vec<_>>(), ["物业费142.50元"]);
    let sides: Vec<_> =
        bill.entries.iter().map(|entry| (entry.debit.code(), entry.credit.code(), entry.amount.fen())).collect();
    assert_eq!(sides, [("RECEIVABLE", "INCOME", FEE)]);

    let cashier = city::ctx(&test.database, "cashier").await;
    let owed = account_get(&cashier, account).await.expect("the account").row.outstanding;
    let paid = PaymentForm {
        request: "5b0c2d1e-8f7a-4b3c-9d2e-00000000a001".into(),
        amount: "142.50".into(),
        method: "CASH".into(),
        bills: vec![first.id.0],
        ..PaymentForm::default()
    };
    payment_take(&cashier, account, &paid).await.expect("a payment");
    let left = account_get(&cashier, account).await.expect("the account").row.outstanding;
    assert_eq!(owed - left, Money::from_fen(FEE));
    let kind: String = sqlx::query_scalar("select kind from payment").fetch_one(&test.admin).await.expect("a payment");
    assert_eq!(kind, "PROPERTY_IN", "交物业费");
}

/// Rent and fee have the same periods and are taken back each for itself: a period of which one stands has been charged (C10).
#[tokio::test(flavor = "multi_thread")]
async fn a_period_whose_fee_stands_is_charged() {
    let test = TestDatabase::with_city().await;
    let (assignment, _) = home(&test, 0).await;
    let (contract, _) = active(&test, &priced(assignment)).await;
    let next = month_of(today()).checked_add_months(Months::new(1)).expect("a month");
    assert_eq!(run(&test, next).await, 2, "rent and fee");
    let entry = city::ctx(&test.database, "entry").await;
    let finance = city::ctx(&test.database, "finance").await;
    let first = async || change_offer(&entry, contract).await.expect("an offer").periods.first().copied();
    let behind = next.checked_add_months(Months::new(1));
    assert_eq!(first().await, behind);
    for (fee_item, open) in [("RENT", behind), ("PROPERTY", Some(next))] {
        let (bill, version): (i64, i32) =
            sqlx::query_as("select id, version from bill where fee_item = $1 and period_from = $2")
                .bind(fee_item)
                .bind(next)
                .fetch_one(&test.admin)
                .await
                .expect("a bill");
        bill_reverse(&finance, BillId(bill), version, TakeBack::Reverse, "错误").await.expect("taken back");
        assert_eq!(first().await, open, "{fee_item} was taken back");
    }
}

/// A contract from the fifteenth on: by natural months its first bill is of the days that are left, by contract months of a month.
#[tokio::test(flavor = "multi_thread")]
async fn partial_months_are_charged_as_the_rents_are() {
    let test = TestDatabase::with_city().await;
    let start = month_of(today()) - Days::new(1);
    let start = start.with_day(15).expect("a day");
    let end = start.checked_add_months(Months::new(24)).and_then(|day| day.pred_opt()).expect("a day");
    let mut found = Vec::new();
    for (nth, split) in ["NATURAL", "CONTRACT"].into_iter().enumerate() {
        let (assignment, _) = home(&test, nth).await;
        let terms = ContractForm {
            start_on: start.to_string(),
            end_on: end.to_string(),
            sign_on: start.to_string(),
            explained_on: start.to_string(),
            // Free of rent for two weeks, and not of this.
            rent_start_on: (start + Days::new(14)).to_string(),
            split: split.into(),
            ..priced(assignment)
        };
        let (_, account) = active(&test, &terms).await;
        let fees = bills(&test, account, FeeItem::Property).await;
        let rents = bills(&test, account, FeeItem::Rent).await;
        assert!(fees.iter().zip(&rents).all(|(fee, rent)| (fee.0, fee.1, fee.3) == (rent.0, rent.1, rent.3)));
        found.push((fees[0].0, fees[0].4));
    }
    let (of, natural) = (days_of(start), days_of(start) - 14);
    assert_eq!(found, [(start, part(FEE, natural, of)), (start, FEE)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_continues_it() {
    let test = TestDatabase::with_city().await;
    setting_put(&test.database, code::RENEWAL_WINDOW, "1830/0").await.expect("a parameter");
    let (assignment, unit) = home(&test, 0).await;
    let (first, _) = active(&test, &priced(assignment)).await;
    let entry = city::ctx(&test.database, "entry").await;
    let offer = contract_renewal_offer(&entry, first).await.expect("an offer");
    let proposed = offer.form();
    assert_eq!(proposed.property_rate, "2.50");
    let wanted = ContractForm { explained_on: proposed.sign_on.clone(), ..proposed };
    // The home was measured anew: the price holds for the area of today.
    sqlx::query("update unit set building_area = 6000 where id = $1")
        .bind(unit.0)
        .execute(&test.admin)
        .await
        .expect("larger");
    let second: ContractId = contract_renew(&entry, first, &wanted, true).await.expect("a renewal");
    let new = contract_get(&entry, second).await.expect("the renewal");
    assert_eq!(new.row.property.map(|fee| fee.monthly.fen()), Some(15_000));
    assert_eq!(new.property_plan[0].from, offer.contract.row.end_on.succ_opt().expect("a day"));
    let held = new.before.as_ref().expect("the one before");
    let found = differences(held, &new.compared(), |item| item.label.to_owned());
    let told: Vec<_> = found.iter().map(|one| (one.label, one.before.as_str(), one.now.as_str())).collect();
    assert!(told.contains(&("物业费(元/月)", "142.50", "150.00")), "{told:?}");
    assert!(!told.iter().any(|one| one.0.starts_with("物业费单价")), "{told:?}");
}
