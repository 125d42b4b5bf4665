//! The readings of a meter are a chain: who pays which part of it, whatever is entered late, and what is corrected.

use super::*;
use chrono::Days;
use domain::{billing::meter_grid::opening_field, id::ContractId};
use store::billing::meter::meter_period_cancel;

async fn price(test: &TestDatabase) {
    setting_put(&test.database, code::WATER_PRICE, "3.15").await.expect("a price");
}

async fn operated(test: &TestDatabase) -> store::Ctx {
    let given = "update estate set operator_id = (select id from operator where code = 'OP1') where name = '月光苑'";
    sqlx::query(given).execute(&test.admin).await.expect("the operator's");
    city::ctx(&test.database, "operator").await
}

async fn handed(operator: &store::Ctx, contract: ContractId, day: NaiveDate, water: &str) -> store::Result<()> {
    let offer = hand_over_offer(operator, contract).await.expect("an offer");
    let form = HandOverForm {
        handed_on: day.to_string(),
        keys: "2".into(),
        signed: true,
        water: water.into(),
        items: vec![ItemForm { name: "床".into(), quantity: "2".into(), state: "GOOD".into() }],
        ..offer.proposal()
    };
    hand_over_create(operator, contract, &form).await.map(drop)
}

/// What every reading of the meters measured together is what the last one shows less what the first began with.
async fn unbroken(test: &TestDatabase) {
    let (sum, span): (i64, i64) = sqlx::query_as(
        "select sum(usage)::bigint, (max(closing) - min(opening))::bigint from meter_reading where closing is not null",
    )
    .fetch_one(&test.admin)
    .await
    .expect("the chain");
    assert_eq!(sum, span, "nothing is lost, and nothing counts twice");
}

async fn water_bills(test: &TestDatabase) -> Vec<i64> {
    sqlx::query_scalar("select amount_fen from bill where fee_item = 'WATER' and decision is null order by id")
        .fetch_all(&test.admin)
        .await
        .expect("bills")
}

/// What was measured before somebody came is not his.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_pays_for_those_before_him() {
    let test = TestDatabase::with_city().await;
    price(&test).await;
    let entry = city::ctx(&test.database, "entry").await;
    let unit = vacant(&test, 0).await;
    meter_create(&entry, &water("S-1", unit)).await.expect("a meter");
    // The builders used twelve, and the contract began behind that reading.
    let before = read(&test, 1, &["1212"]).await;
    household_since(&test, 0, month(0)).await;
    assert_eq!(bill(&test, before).await.expect("it is billed"), Money::ZERO);
    assert_eq!(water_bills(&test).await, Vec::<i64>::new());
    let (_, amount) = billed(&test, 0, &["1222"]).await;
    assert_eq!(amount.fen(), 3_150, "what he used himself");
    unbroken(&test).await;
}

/// A hand-over that is entered late divides the reading behind it.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_hand_over_finds_its_place() {
    let test = TestDatabase::with_city().await;
    price(&test).await;
    let (contract, _, unit) = household(&test, 0).await;
    let operator = operated(&test).await;
    let entry = city::ctx(&test.database, "entry").await;
    meter_create(&entry, &water("S-1", unit)).await.expect("a meter");
    let period = read(&test, 0, &["1236"]).await;
    let day = month(1);
    assert_eq!(
        failure(handed(&operator, contract, day, "").await),
        complaint("water", "该房间有在用的表具，请填写读数")
    );
    let more = failure(handed(&operator, contract, day, "1240").await);
    assert_eq!(more, complaint("water", &format!("须不大于{}抄表的1236.00", today())));
    handed(&operator, contract, day, "1210").await.expect("it is handed over");
    assert_eq!(bill(&test, period).await.expect("it is billed").fen(), 8_190, "26 of the 36");
    unbroken(&test).await;
}

/// A meter that was registered after the hand-over and measured across it: somebody has to say what it showed.
#[tokio::test(flavor = "multi_thread")]
async fn a_reading_across_a_hand_over_is_refused() {
    let test = TestDatabase::with_city().await;
    price(&test).await;
    let (contract, _, unit) = household(&test, 0).await;
    let operator = operated(&test).await;
    let day = month(3).checked_add_days(Days::new(20)).expect("a day");
    handed(&operator, contract, day, "").await.expect("it is handed over");
    let entry = city::ctx(&test.database, "entry").await;
    meter_create(&entry, &water("S-1", unit)).await.expect("a meter");
    let period = read(&test, 0, &["1236"]).await;
    let said = failure(bill(&test, period).await);
    assert_eq!(said, Failure::refused(format!("表具S-1的用量跨越{day}的交房，请先在交房记录中补录读数")));
}

/// A value behind which the meter was read again stays as it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_on_is_not_changed() {
    let test = TestDatabase::with_city().await;
    price(&test).await;
    let (contract, _, unit) = household(&test, 0).await;
    let operator = operated(&test).await;
    let entry = city::ctx(&test.database, "entry").await;
    meter_create(&entry, &water("S-1", unit)).await.expect("a meter");
    let period = read(&test, 1, &["1210"]).await;
    handed(&operator, contract, today(), "1220").await.expect("it is handed over");
    let row = meter_period_get(&entry, period).await.expect("its rows").readings.remove(0);
    let form = entered_on(last_day(month(1)), &[(row.id, row.version, "1215")]);
    let said = failure(readings_save(&entry, period, &form).await);
    assert_eq!(said, complaint(&format!("closing-{}", row.id), "该表已有后续抄表，不能修改"));
    let version = meter_period_get(&entry, period).await.expect("it").row.version;
    let said = failure(meter_period_cancel(&entry, period, version).await);
    assert_eq!(said, Failure::refused("本期有读数已出账或已有后续抄表，不能作废"));
    unbroken(&test).await;
}

/// Who was charged nothing is known as well: a correction charges him.
#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_cost_nothing_is_corrected() {
    let test = TestDatabase::with_city().await;
    price(&test).await;
    let (_, account, unit) = household(&test, 0).await;
    let entry = city::ctx(&test.database, "entry").await;
    let finance = city::ctx(&test.database, "finance").await;
    meter_create(&entry, &water("S-1", unit)).await.expect("a meter");
    let period = read(&test, 0, &["1200"]).await;
    let row = meter_period_get(&entry, period).await.expect("its rows").readings.remove(0);
    reading_confirm(&entry, row.id, row.version, "出差").await.expect("it is confirmed");
    assert_eq!(bill(&test, period).await.expect("it is billed"), Money::ZERO);
    let record = meter_reading_get(&finance, row.id).await.expect("it");
    assert_eq!((record.charges.len(), record.charges[0].amount), (1, Money::ZERO));
    let correct =
        |closing: &str| CorrectForm { closing: closing.into(), rolled: String::new(), reason: "抄错".into() };
    reading_correct(&finance, row.id, record.row.version, &correct("1236")).await.expect("it is corrected");
    assert_eq!(water_bills(&test).await, [11_340]);
    // Partly paid and corrected downwards: what came in is the balance, and the new bill is all that is open.
    let open: i64 = sqlx::query_scalar("select id from bill where fee_item = 'WATER' and decision is null")
        .fetch_one(&test.admin)
        .await
        .expect("the bill");
    let pay = PaymentForm {
        request: "00000000-0000-4000-8000-0000000000ab".into(),
        amount: "10.00".into(),
        method: "CASH".into(),
        bills: vec![open],
        ..PaymentForm::default()
    };
    payment_take(&city::ctx(&test.database, "cashier").await, account, &pay).await.expect("a payment");
    reading_correct(&finance, row.id, record.row.version + 1, &correct("1210")).await.expect("it is corrected");
    assert_eq!(water_bills(&test).await, [3_150]);
    assert_eq!(account_get(&finance, account).await.expect("the account").row.balance.fen(), 1_000);
    let (booked, open) = books(&test).await;
    assert_eq!(booked, open, "the books say what the bills say");
}

/// Of a meter that was made for a home nobody has looked at yet, the first reading says what it showed before.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_reading_says_where_it_begins() {
    let test = TestDatabase::with_city().await;
    price(&test).await;
    household(&test, 0).await;
    let entry = city::ctx(&test.database, "entry").await;
    let auto = AutoForm { estate: estate(&test).await.to_string(), meter: "WATER".into() };
    assert!(meters_create(&entry, &auto).await.expect("they are made").0 > 0);
    let period = meter_period_open(&entry, &period(&test, 0).await).await.expect("a period");
    let rows = meter_period_get(&entry, period).await.expect("its rows").readings;
    let row = rows.iter().find(|row| row.occupant.is_some()).expect("the household's");
    assert!(row.first && row.opening.is_none());
    let silent = entered(&[(row.id, row.version, "1236")]);
    let said = failure(readings_save(&entry, period, &silent).await);
    assert_eq!(said, complaint(&opening_field(row.id), "首次抄表请填写期初值"));
    let mut form = silent;
    form.readings[0].opening = "1200".into();
    readings_save(&entry, period, &form).await.expect("it is saved");
    assert_eq!(bill(&test, period).await.expect("it is billed").fen(), 11_340);
}

/// A period of a wrong month is taken back, and its days are free; what is billed has its price and its month.
#[tokio::test(flavor = "multi_thread")]
async fn a_period_has_its_days_its_month_and_its_price() {
    let test = TestDatabase::with_city().await;
    price(&test).await;
    household(&test, 0).await;
    let entry = city::ctx(&test.database, "entry").await;
    let unit: i64 = sqlx::query_scalar("select unit_id from account").fetch_one(&test.admin).await.expect("a home");
    meter_create(&entry, &water("S-1", UnitId(unit))).await.expect("a meter");
    let wrong = read(&test, 2, &["1299"]).await;
    let version = meter_period_get(&entry, wrong).await.expect("it").row.version;
    meter_period_cancel(&entry, wrong, version).await.expect("it is taken back");
    let right = period(&test, 2).await;
    let crossing = PeriodForm { from: month(3).to_string(), ..period(&test, 1).await };
    let id = meter_period_open(&entry, &right).await.expect("anew");
    let row = meter_period_get(&entry, id).await.expect("its rows").readings.remove(0);
    let late = readings_save(&entry, id, &entered(&[(row.id, row.version, "1236")])).await;
    let late = format!("{:?}", failure(late));
    assert!(late.contains("抄表日期应在"), "{late}");
    let day = last_day(month(2));
    readings_save(&entry, id, &entered_on(day, &[(row.id, row.version, "1236")])).await.expect("it is saved");
    // The price rises today; the period was over.
    sqlx::query("update parameter set valid_from = '2000-01-01' where code = $1")
        .bind(code::WATER_PRICE)
        .execute(&test.admin)
        .await
        .expect("since ever");
    setting_put(&test.database, code::WATER_PRICE, "9.00").await.expect("a new price");
    assert_eq!(bill(&test, id).await.expect("it is billed").fen(), 11_340);
    let billed: NaiveDate = sqlx::query_scalar("select month from bill where fee_item = 'WATER'")
        .fetch_one(&test.admin)
        .await
        .expect("the bill");
    assert_eq!(billed, month(2), "费用所在月");
    let said = failure(meter_period_open(&entry, &crossing).await);
    assert_eq!(said, complaint("from", &format!("与{}的抄表期间日期重叠", month_text(month(2)))));
}
