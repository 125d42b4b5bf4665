//! Meters (E-101, E-102, §4.12): from a reading to a bill in the ledger, by three people; corrections, the door, shared meters.

mod chain;
mod photo;

use crate::support::{
    TestDatabase, city,
    sheet::{import, row, take, told},
    tenancy::{active, assigned, form, meter_data, tenant, vacant},
};
use chrono::{Months, NaiveDate, Utc};
use domain::{
    billing::{
        meter::IS_LESS,
        meter_form::{AutoForm, MeterForm, ReplaceForm},
        meter_grid::{EnteredReading, ReadingsForm},
        meter_reading::{CorrectForm, PeriodForm, PeriodStatus, ReadingStatus},
        payment::PaymentForm,
        plan::month_of,
        reduction::last_day,
        run::month_text,
    },
    failure::{Failure, FieldErrors},
    id::{AccountId, ContractId, UnitId},
    import::SheetKey,
    list::ListQuery,
    platform::setting::code,
    tenancy::{
        contract_form::ContractForm,
        hand_over::{HandOverForm, ItemForm, Reading},
    },
    value::Money,
};
use store::{
    billing::{
        account::account_get,
        bill::bill_get,
        meter::{
            meter_create, meter_get, meter_list, meter_period_bill, meter_period_check, meter_period_close,
            meter_period_get, meter_period_list, meter_period_open, meter_period_return, meter_reading_get,
            meter_reading_list, meter_remove, meter_replace, meter_update, meters_create, reading_confirm,
            reading_correct, readings_save,
        },
        payment::payment_take,
    },
    platform::setting::setting_put,
    tenancy::hand_over::{hand_over_create, hand_over_offer},
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

fn today() -> NaiveDate {
    store::ctx::china_day(Utc::now())
}

/// The first of a month that has gone by.
fn month(ago: u32) -> NaiveDate {
    month_of(today()).checked_sub_months(Months::new(ago)).expect("a month")
}

/// A household of 月光苑, which the entry clerk looks after, and its home: since three months ago.
async fn household(test: &TestDatabase, nth: usize) -> (ContractId, AccountId, UnitId) {
    household_since(test, nth, month(3)).await
}

async fn household_since(test: &TestDatabase, nth: usize, start: NaiveDate) -> (ContractId, AccountId, UnitId) {
    let unit = vacant(test, 0).await;
    let assignment = assigned(test, tenant(test, nth).await, unit).await;
    let end = start.checked_add_months(Months::new(60)).and_then(|day| day.pred_opt()).expect("a day");
    let since = ContractForm {
        start_on: start.to_string(),
        end_on: end.to_string(),
        sign_on: start.to_string(),
        explained_on: start.to_string(),
        ..form(assignment)
    };
    let (contract, account) = active(test, &since).await;
    (contract, account, unit)
}

fn water(no: &str, unit: UnitId) -> MeterForm {
    MeterForm {
        meter_no: no.into(),
        meter: "WATER".into(),
        unit: unit.to_string(),
        install_on: month(3).to_string(),
        initial: "1200".into(),
        ..MeterForm::default()
    }
}

async fn estate(test: &TestDatabase) -> i64 {
    sqlx::query_scalar("select id from estate where name = '月光苑'").fetch_one(&test.admin).await.expect("the estate")
}

async fn period(test: &TestDatabase, months_ago: u32) -> PeriodForm {
    let month = month(months_ago);
    PeriodForm {
        estate: estate(test).await.to_string(),
        meter: "WATER".into(),
        month: month_text(month),
        from: month.to_string(),
        to: last_day(month).to_string(),
    }
}

fn entered(readings: &[(i64, i32, &str)]) -> ReadingsForm {
    entered_on(today(), readings)
}

fn entered_on(day: NaiveDate, readings: &[(i64, i32, &str)]) -> ReadingsForm {
    let one = |(id, version, closing): &(i64, i32, &str)| EnteredReading {
        id: *id,
        version: *version,
        closing: (*closing).into(),
        ..EnteredReading::default()
    };
    ReadingsForm { read_on: day.to_string(), readings: readings.iter().map(one).collect() }
}

/// Opens a period and enters values, on its last day.
async fn read(test: &TestDatabase, months_ago: u32, values: &[&str]) -> i64 {
    let entry = city::ctx(&test.database, "entry").await;
    let id = meter_period_open(&entry, &period(test, months_ago).await).await.expect("a period");
    let rows = meter_period_get(&entry, id).await.expect("its rows").readings;
    let values: Vec<_> = rows.iter().zip(values).map(|(row, value)| (row.id, row.version, *value)).collect();
    let day = last_day(month(months_ago)).min(today());
    readings_save(&entry, id, &entered_on(day, &values)).await.expect("they are saved");
    id
}

/// Has a period checked and billed.
async fn bill(test: &TestDatabase, id: i64) -> store::Result<Money> {
    let approver = city::ctx(&test.database, "approver").await;
    let version = meter_period_get(&approver, id).await.expect("it is there").row.version;
    meter_period_check(&approver, id, version).await.expect("it is checked");
    let finance = city::ctx(&test.database, "finance").await;
    let version = meter_period_get(&finance, id).await.expect("it is there").row.version;
    meter_period_bill(&finance, id, version).await
}

/// Opens a period, enters one value, has it checked and billed.
async fn billed(test: &TestDatabase, months_ago: u32, values: &[&str]) -> (i64, Money) {
    let id = read(test, months_ago, values).await;
    (id, bill(test, id).await.expect("it is billed"))
}

/// Receivables of the ledger, and what bills say is open.
async fn books(test: &TestDatabase) -> (i64, i64) {
    sqlx::query_as(
        "select (select coalesce(sum(amount_fen * ((debit = 'RECEIVABLE')::int - (credit = 'RECEIVABLE')::int)), 0)::bigint from ledger_entry),
                (select coalesce(sum(amount_fen - paid_fen), 0)::bigint from bill where decision is null and fee_item <> 'DEPOSIT')",
    )
    .fetch_one(&test.admin)
    .await
    .expect("sums")
}

/// The worked example of §4.12, from the meter to the ledger.
#[tokio::test(flavor = "multi_thread")]
async fn thirty_six_cubic_metres_are_a_bill_of_113_40() {
    let test = TestDatabase::with_city().await;
    let (_, account, unit) = household(&test, 0).await;
    let entry = city::ctx(&test.database, "entry").await;
    let finance = city::ctx(&test.database, "finance").await;
    let approver = city::ctx(&test.database, "approver").await;
    assert_eq!(failure(meter_create(&finance, &water("S-1", unit)).await), Failure::Forbidden);
    let meter = meter_create(&entry, &water("S-1", unit)).await.expect("a meter");
    let double = meter_create(&entry, &water("S-1", vacant(&test, 0).await)).await;
    assert_eq!(failure(double), complaint("meter_no", "表具编号已存在"));
    let second = meter_create(&entry, &water("S-2", unit)).await;
    assert_eq!(failure(second), complaint("unit", "该房间已有在用的同类表具，请办理换表"));
    let renamed = meter_update(&entry, meter, 1, &water("S-9", unit)).await;
    assert_eq!(failure(renamed), complaint("meter_no", "表具编号不能修改"));
    let unpriced = meter_period_open(&entry, &period(&test, 0).await).await;
    assert_eq!(failure(unpriced), complaint("meter", "请先在收费标准下设置水费"));
    setting_put(&test.database, code::WATER_PRICE, "3.15").await.expect("a price");
    let id = meter_period_open(&entry, &period(&test, 0).await).await.expect("a period");
    assert_eq!(
        failure(meter_period_open(&entry, &period(&test, 0).await).await),
        complaint("month", "该小区本期已建立")
    );
    let other = meter_period_open(&entry, &period(&test, 1).await).await;
    assert_eq!(failure(other), complaint("estate", "该小区此类表具有未出账的抄表期间，请先办结"));
    let row = meter_period_get(&entry, id).await.expect("its rows").readings.remove(0);
    assert_eq!((row.opening, row.status), (Some(Reading(120_000)), ReadingStatus::Empty));
    let field = format!("closing-{}", row.id);
    let less = readings_save(&entry, id, &entered(&[(row.id, row.version, "1199.99")])).await;
    assert_eq!(failure(less), complaint(&field, IS_LESS));
    // Nothing used where somebody lives has to be confirmed.
    readings_save(&entry, id, &entered(&[(row.id, row.version, "1200")])).await.expect("it is saved");
    let strange = meter_period_get(&entry, id).await.expect("its rows");
    assert_eq!(strange.readings[0].status, ReadingStatus::Abnormal);
    assert_eq!(strange.readings[0].note.as_deref(), Some("有人居住，用量为零"));
    let unconfirmed = meter_period_check(&approver, id, strange.row.version).await;
    assert_eq!(failure(unconfirmed), Failure::refused("还有1块表的读数异常，请先确认"));
    let stale = readings_save(&entry, id, &entered(&[(row.id, row.version, "1236")])).await;
    assert_eq!(failure(stale), Failure::Conflict);
    reading_confirm(&entry, row.id, strange.readings[0].version, "门锁着").await.expect("it is confirmed");
    let version = meter_period_get(&entry, id).await.expect("its rows").readings[0].version;
    readings_save(&entry, id, &entered(&[(row.id, version, "1236")])).await.expect("it is saved anew");
    let version = meter_period_get(&entry, id).await.expect("it is there").row.version;
    assert_eq!(failure(meter_period_check(&entry, id, version).await), Failure::Forbidden);
    assert_eq!(
        failure(meter_period_bill(&finance, id, version).await),
        Failure::refused("抄表期间状态为“抄表中”，请刷新后再办理")
    );
    meter_period_check(&approver, id, version).await.expect("it is checked");
    let late = readings_save(&entry, id, &entered(&[(row.id, 5, "1237")])).await;
    assert_eq!(failure(late), Failure::refused("抄表期间状态为“已审核”，请刷新后再办理"));
    meter_period_return(&approver, id, version + 1, "重抄").await.expect("it goes back");
    meter_period_check(&approver, id, version + 2).await.expect("it is checked");
    let amount = meter_period_bill(&finance, id, version + 3).await.expect("it is billed");
    assert_eq!(amount.to_string(), "113.40");
    let reading = meter_reading_get(&finance, row.id).await.expect("the reading");
    assert_eq!((reading.row.amount, reading.row.usage), (Some(amount), Some(3_600)));
    let (bill, _) = reading.charges[0].bill.clone().expect("a bill");
    let bill = bill_get(&finance, bill).await.expect("the bill");
    assert_eq!((bill.row.fee_item.code(), bill.row.kind.code(), bill.row.amount), ("WATER", "METER", amount));
    assert_eq!(bill.lines[0].formula, "水表S-1 36.00 × 3.15元");
    assert_eq!((bill.entries.len(), bill.entries[0].amount), (1, amount));
    let (price, quantity): (i32, i64) = sqlx::query_as("select unit_price, quantity from bill_line where bill_id = $1")
        .bind(bill.row.id.0)
        .fetch_one(&test.admin)
        .await
        .expect("the line");
    assert_eq!((price, quantity), (31_500, 3_600));
    assert!(account_get(&finance, account).await.expect("the account").bills.iter().any(|open| open.id == bill.row.id));
    let (booked, open) = books(&test).await;
    assert_eq!(booked, open, "the books say what the bills say");
    // The next one begins where this one ended; the other district sees nothing of all this.
    assert_eq!(meter_get(&entry, meter).await.expect("the meter").row.last, Some(Reading(123_600)));
    let b = city::ctx(&test.database, "district-b").await;
    assert_eq!(meter_list(&b, &ListQuery::default()).await.expect("a page").total, 0);
    assert_eq!(meter_period_list(&b, &ListQuery::default()).await.expect("a page").total, 0);
    assert_eq!(meter_reading_list(&b, &ListQuery::default()).await.expect("a page").total, 0);
    assert_eq!(failure(meter_get(&b, meter).await), Failure::NotFound);
    assert_eq!(failure(meter_period_get(&b, id).await), Failure::NotFound);
    assert_eq!(failure(meter_reading_get(&b, row.id).await), Failure::NotFound);
    assert_eq!(meter_reading_list(&finance, &ListQuery::default()).await.expect("a page").total, 1);
}

/// L11: of an unpaid bill reversal and new bill; of a paid one the difference.
#[tokio::test(flavor = "multi_thread")]
async fn a_billed_reading_is_corrected_by_reversal() {
    let test = TestDatabase::with_city().await;
    let (_, account, unit) = household(&test, 0).await;
    setting_put(&test.database, code::WATER_PRICE, "3.15").await.expect("a price");
    let entry = city::ctx(&test.database, "entry").await;
    let finance = city::ctx(&test.database, "finance").await;
    meter_create(&entry, &water("S-1", unit)).await.expect("a meter");
    let (period, _) = billed(&test, 1, &["1236"]).await;
    let reading = meter_period_get(&finance, period).await.expect("its rows").readings.remove(0);
    let correct =
        |closing: &str| CorrectForm { closing: closing.into(), rolled: String::new(), reason: "抄错".into() };
    assert_eq!(failure(reading_correct(&entry, reading.id, reading.version, &correct("1")).await), Failure::Forbidden);
    let less = reading_correct(&finance, reading.id, reading.version, &correct("1199")).await;
    assert_eq!(failure(less), complaint("closing", IS_LESS));
    reading_correct(&finance, reading.id, reading.version, &correct("1226")).await.expect("it is corrected");
    let bills: Vec<(i64, Option<String>)> =
        sqlx::query_as("select amount_fen, decision from bill where fee_item = 'WATER' order by id")
            .fetch_all(&test.admin)
            .await
            .expect("bills");
    let reversed = Some("REVERSED".to_owned());
    assert_eq!(bills, [(11_340, reversed.clone()), (-11_340, reversed), (8_190, None)]);
    // It is paid, and then corrected once more, both ways.
    let water_bill: i64 = sqlx::query_scalar("select id from bill where fee_item = 'WATER' and decision is null")
        .fetch_one(&test.admin)
        .await
        .expect("the bill");
    let pay = PaymentForm {
        request: "00000000-0000-4000-8000-0000000000aa".into(),
        amount: "81.90".into(),
        method: "CASH".into(),
        bills: vec![water_bill],
        ..PaymentForm::default()
    };
    payment_take(&city::ctx(&test.database, "cashier").await, account, &pay).await.expect("a payment");
    let version = meter_reading_get(&finance, reading.id).await.expect("it is there").row.version;
    reading_correct(&finance, reading.id, version, &correct("1220")).await.expect("it is corrected");
    // 6 × 3.15 comes back to the balance.
    assert_eq!(account_get(&finance, account).await.expect("the account").row.balance.fen(), 1_890);
    reading_correct(&finance, reading.id, version + 1, &correct("1230")).await.expect("it is corrected");
    let more: i64 = sqlx::query_scalar(
        "select amount_fen from bill where fee_item = 'WATER' and decision is null and paid_fen = 0",
    )
    .fetch_one(&test.admin)
    .await
    .expect("the bill of the rest");
    assert_eq!(more, 3_150);
    let net: i64 = sqlx::query_scalar("select sum(amount_fen)::bigint from meter_charge where not taken_back")
        .fetch_one(&test.admin)
        .await
        .expect("a sum");
    assert_eq!(net, 9_450, "30 × 3.15");
    let (booked, open) = books(&test).await;
    assert_eq!(booked, open, "the books say what the bills say");
    // Behind a later reading, and in a closed period, nothing is corrected.
    let version = meter_period_get(&finance, period).await.expect("it is there").row.version;
    assert_eq!(meter_period_close(&finance, period, version).await.expect("it is closed"), PeriodStatus::Closed);
    let closed = reading_correct(&finance, reading.id, 5, &correct("1231")).await;
    assert_eq!(failure(closed), Failure::refused("抄表期间已关闭，不能更正"));
    let (next, amount) = billed(&test, 0, &["1240"]).await;
    assert_eq!(amount.fen(), 3_150, "it begins where the correction ended");
    assert!(next > period);
}

/// A meter that is replaced carries what it measured; one that is shared is divided to the last fen.
#[tokio::test(flavor = "multi_thread")]
async fn meters_are_replaced_and_shared() {
    let test = TestDatabase::with_city().await;
    let (_, _, unit) = household(&test, 0).await;
    household(&test, 1).await;
    setting_put(&test.database, code::WATER_PRICE, "3.15").await.expect("a price");
    let entry = city::ctx(&test.database, "entry").await;
    let meter = meter_create(&entry, &water("S-1", unit)).await.expect("a meter");
    let replace = ReplaceForm {
        final_value: "1210".into(),
        meter_no: "S-1B".into(),
        initial: "5".into(),
        replaced_on: month(3).checked_add_days(chrono::Days::new(9)).expect("a day").to_string(),
        reason: "表坏".into(),
        ..ReplaceForm::default()
    };
    let less = ReplaceForm { final_value: "1".into(), ..replace.clone() };
    assert_eq!(failure(meter_replace(&entry, meter, 1, &less).await), complaint("final_value", IS_LESS));
    meter_replace(&entry, meter, 1, &replace).await.expect("a new one");
    assert_eq!(failure(meter_remove(&entry, meter, 2, "x").await), Failure::refused("该表具已拆除"));
    // 10 of the old one and 26 of the new one.
    let (period, amount) = billed(&test, 2, &["31"]).await;
    assert_eq!(amount.to_string(), "113.40");
    assert_eq!(meter_period_get(&entry, period).await.expect("its rows").readings.len(), 1);
    let shared = MeterForm {
        meter_no: "GT-1".into(),
        estate: estate(&test).await.to_string(),
        share: "AREA".into(),
        initial: "0".into(),
        unit: String::new(),
        ..water("", unit)
    };
    meter_create(&entry, &shared).await.expect("a shared meter");
    let (period, amount) = billed(&test, 1, &["32", "100"]).await;
    let rows = meter_period_get(&entry, period).await.expect("its rows").readings;
    let shared_row = rows.iter().find(|row| row.meter_no == "GT-1").expect("the shared one");
    let finance = city::ctx(&test.database, "finance").await;
    let record = meter_reading_get(&finance, shared_row.id).await.expect("the reading");
    let parts: Money = record.charges.iter().map(|charge| charge.amount).sum();
    assert_eq!((record.charges.len(), Some(parts)), (2, record.row.amount));
    assert_eq!(amount - parts, Money::from_fen(315), "and one of the home's own");
    // Corrected it is shared by the same households.
    let correct = CorrectForm { closing: "150".into(), rolled: String::new(), reason: "抄错".into() };
    reading_correct(&finance, shared_row.id, record.row.version, &correct).await.expect("it is corrected");
    let record = meter_reading_get(&finance, shared_row.id).await.expect("the reading");
    let stand = record.charges.iter().filter(|charge| !charge.taken_back);
    assert_eq!(Some(stand.map(|charge| charge.amount).sum()), record.row.amount);
    // Everybody gets a meter at once, and only who has none.
    let auto = AutoForm { estate: estate(&test).await.to_string(), meter: "WATER".into() };
    assert_eq!(meters_create(&entry, &auto).await.expect("they are made"), (3, 0));
    assert_eq!(meters_create(&entry, &auto).await.expect("none is made"), (0, 0));
    let (booked, open) = books(&test).await;
    assert_eq!(booked, open, "the books say what the bills say");
}

/// What a meter shows when the home is handed over is where its lessee begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_lessee_begins_with_what_was_read_at_the_door() {
    let test = TestDatabase::with_city().await;
    let (contract, _, unit) = household(&test, 0).await;
    setting_put(&test.database, code::WATER_PRICE, "3.15").await.expect("a price");
    let entry = city::ctx(&test.database, "entry").await;
    let meter = meter_create(&entry, &water("S-1", unit)).await.expect("a meter");
    let given = "update estate set operator_id = (select id from operator where code = 'OP1') where name = '月光苑'";
    sqlx::query(given).execute(&test.admin).await.expect("the operator's");
    let operator = city::ctx(&test.database, "operator").await;
    let offer = hand_over_offer(&operator, contract).await.expect("an offer");
    let handed = HandOverForm {
        keys: "2".into(),
        signed: true,
        items: vec![ItemForm { name: "床".into(), quantity: "2".into(), state: "GOOD".into() }],
        ..offer.proposal()
    };
    let less = HandOverForm { water: "1199".into(), ..handed.clone() };
    let said = failure(hand_over_create(&operator, contract, &less).await);
    assert_eq!(said, complaint("water", "须不小于上次抄表的1200.00，且不大于表具最大读数"));
    hand_over_create(&operator, contract, &HandOverForm { water: "1210".into(), ..handed })
        .await
        .expect("it is handed over");
    assert_eq!(meter_get(&entry, meter).await.expect("the meter").row.last, Some(Reading(121_000)));
    let (_, amount) = billed(&test, 0, &["1246"]).await;
    assert_eq!(amount.to_string(), "113.40", "what was used before is nobody's");
}

/// I-15, every complaint of domain.md §7.14.
#[tokio::test(flavor = "multi_thread")]
async fn readings_come_by_a_file() {
    let test = TestDatabase::with_city().await;
    meter_data(&test).await;
    sqlx::query("update meter_reading set opening = 3000").execute(&test.admin).await.expect("they showed 30");
    let operator = city::ctx(&test.database, "operator").await;
    let sheet = SheetKey::MeterReading;
    for (cells, sentence) in [
        (&[("表具编号", "SB-9")][..], "表具不存在"),
        (&[("期末值", "29.99")], IS_LESS),
        (&[("期间", "2001-01")], "该小区本期尚未建立抄表期间"),
        (&[("抄表日期", "2999-01-01")], "抄表日期不能晚于今天"),
        (&[("抄表日期", "2019-01-01")], "抄表日期早于上次抄表"),
    ] {
        let outcome = take(&operator, sheet, false, vec![row(sheet, cells)]).await;
        assert_eq!(told(&outcome), [(2, sentence.to_owned())], "{cells:?}");
    }
    sqlx::query("update meter_reading set opening = null").execute(&test.admin).await.expect("nobody has looked");
    let outcome = take(&operator, sheet, false, vec![row(sheet, &[])]).await;
    assert_eq!(told(&outcome), [(2, "首次抄表请填写期初值".to_owned())]);
    sqlx::query(
        "update meter_reading set opening = 3000 where meter_id = (select id from meter where meter_no = 'SB-2')",
    )
    .execute(&test.admin)
    .await
    .expect("it showed 30");
    import(
        &operator,
        sheet,
        vec![row(sheet, &[("抄表人", "甲"), ("期初值", "30")]), row(sheet, &[("表具编号", "SB-2"), ("期末值", "30")])],
    )
    .await;
    let outcome = take(&operator, sheet, true, vec![row(sheet, &[])]).await;
    assert_eq!(told(&outcome), [(2, "本期已抄".to_owned())]);
    let rows = meter_reading_list(&operator, &ListQuery::default()).await.expect("a page").rows;
    let read = rows.iter().find(|row| row.meter_no == "SB-1").expect("it was read");
    assert_eq!((read.usage, read.status, read.reader.as_deref()), (Some(600), ReadingStatus::Read, Some("甲")));
    let period = meter_period_list(&operator, &ListQuery::default()).await.expect("a page").rows.remove(0);
    assert_eq!((period.status, period.read), (PeriodStatus::Reading, 2));
}
