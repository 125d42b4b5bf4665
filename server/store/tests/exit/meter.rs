//! What the meters show when somebody leaves is his last reading, and is billed before he is settled with (§4.12).

use super::desk::{Desk, Let, sheet};
use crate::support::city;
use domain::{
    billing::{
        meter_form::MeterForm,
        meter_grid::{EnteredReading, ReadingsForm},
        meter_reading::{PeriodForm, ReadingStatus},
        plan::month_of,
        reduction::last_day,
        run::month_text,
    },
    dictionary::{ExitLineKind, FeeItem},
    failure::{Failure, FieldErrors},
    id::ExitId,
    platform::setting::code,
    tenancy::{exit_bill::ExitBillForm, exit_inspection::InspectionForm},
    value::Money,
};
use store::{
    billing::meter::{
        meter_create, meter_period_bill, meter_period_check, meter_period_get, meter_period_open, meter_reading_get,
        reading_confirm, readings_save,
    },
    platform::setting::setting_put,
    tenancy::exit::{exit_bill_decide, exit_bill_make, exit_bill_offer, exit_get, exit_inspect, exit_revoke},
};

async fn metered(desk: &Desk, home: &Let) {
    let meter = MeterForm {
        meter_no: "S-1".into(),
        meter: "WATER".into(),
        unit: home.unit.to_string(),
        install_on: desk.today().to_string(),
        initial: "1200".into(),
        max_value: "9999".into(),
        ..MeterForm::default()
    };
    meter_create(&desk.entry, &meter).await.expect("a meter");
}

async fn price(desk: &Desk) {
    setting_put(&desk.test.database, code::WATER_PRICE, "3.15").await.expect("a price");
}

/// A period of this month.
async fn period(desk: &Desk) -> i64 {
    let month = month_of(desk.today());
    let estate: i64 = sqlx::query_scalar("select id from estate where name = '月光苑'")
        .fetch_one(&desk.test.admin)
        .await
        .expect("the estate");
    let form = PeriodForm {
        estate: estate.to_string(),
        meter: "WATER".into(),
        month: month_text(month),
        from: month.to_string(),
        to: last_day(month).to_string(),
    };
    meter_period_open(&desk.entry, &form).await.expect("a period")
}

async fn read(desk: &Desk, period: i64, closing: &str) -> i64 {
    let row = meter_period_get(&desk.entry, period).await.expect("its rows").readings.remove(0);
    let entered =
        EnteredReading { id: row.id, version: row.version, closing: closing.into(), ..EnteredReading::default() };
    let form = ReadingsForm { read_on: desk.today().to_string(), readings: vec![entered] };
    // At this moment, not at the one at which the desk was opened: of two readings of a day the later one is behind.
    let now = city::ctx(&desk.test.database, "entry").await;
    readings_save(&now, period, &form).await.expect("it is read");
    row.id
}

async fn bill_period(desk: &Desk, period: i64) -> Money {
    let version = meter_period_get(&desk.entry, period).await.expect("it").row.version;
    meter_period_check(&desk.approver, period, version).await.expect("it is checked");
    meter_period_bill(&desk.finance, period, version + 1).await.expect("it is billed")
}

fn shows(water: &str) -> InspectionForm {
    InspectionForm { water: water.into(), ..sheet("120.50") }
}

async fn inspect(desk: &Desk, id: ExitId, form: &InspectionForm) -> store::Result<()> {
    let now = city::ctx(&desk.test.database, "operator").await;
    exit_inspect(&now, id, desk.version(id).await, form).await
}

/// Without a charge by hand.
fn plain(desk: &Desk) -> ExitBillForm {
    ExitBillForm { others: Vec::new(), ..desk.bill() }
}

/// What the bill of an exit says of water.
async fn water(desk: &Desk, id: ExitId) -> Money {
    let lines = exit_get(&desk.entry, id).await.expect("it").bill.expect("its bill").lines;
    let water = lines.iter().filter(|line| line.kind == ExitLineKind::Owed && line.fee_item == FeeItem::Water);
    water.map(|line| line.amount).sum()
}

async fn charged(desk: &Desk) -> Vec<i64> {
    sqlx::query_scalar("select amount_fen from bill where kind = 'METER' and decision is null order by id")
        .fetch_all(&desk.test.admin)
        .await
        .expect("bills")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_meter_shows_at_the_exit_is_billed() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    metered(&desk, &home).await;
    let id = desk.accepted(&home).await;
    let silent: Failure = inspect(&desk, id, &shows("")).await.expect_err("a complaint").into();
    assert_eq!(silent, FieldErrors::from(("water", "该房间有在用的表具，请填写读数")).into());
    inspect(&desk, id, &shows("1236")).await.expect("it is inspected");
    // Nobody has set what water costs.
    let refused = exit_bill_make(&desk.finance, id, desk.version(id).await, &plain(&desk)).await;
    assert_eq!(super::refusal(refused), "请先在收费标准下设置水费");
    price(&desk).await;
    // Nobody pays twice for the same water, and who makes the bill sees what he makes.
    let twice = exit_bill_make(&desk.finance, id, desk.version(id).await, &desk.bill()).await;
    let twice: Failure = twice.expect_err("a complaint").into();
    let sentence = "该房间有在用的表具，水费按读数出账，不能另行录入";
    assert_eq!(twice, FieldErrors::from(("others", sentence)).into());
    let offer = exit_bill_offer(&desk.finance, id, None).await.expect("an offer");
    let offered: Money = offer.lines.iter().map(|line| line.amount).sum();
    assert_eq!(charged(&desk).await, Vec::<i64>::new(), "an offer enters nothing");
    exit_bill_make(&desk.finance, id, desk.version(id).await, &plain(&desk)).await.expect("a bill");
    assert_eq!(water(&desk, id).await.to_string(), "113.40");
    let made: i64 =
        sqlx::query_scalar("select charges_fen from exit_bill").fetch_one(&desk.test.admin).await.expect("it");
    assert_eq!(made, offered.fen(), "what was seen");
    // Made anew it is not charged twice; another value now goes by a correction.
    exit_bill_make(&desk.finance, id, desk.version(id).await, &plain(&desk)).await.expect("the same");
    assert_eq!(charged(&desk).await, [11_340]);
}

/// Read in a period, inspected, and then the period is billed: he pays both parts, by his exit bill.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_before_the_inspection_waits_for_it() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    metered(&desk, &home).await;
    price(&desk).await;
    let period = period(&desk).await;
    let reading = read(&desk, period, "1210").await;
    let id = desk.accepted(&home).await;
    inspect(&desk, id, &shows("1236")).await.expect("it is inspected");
    assert_eq!(bill_period(&desk, period).await, Money::ZERO);
    let row = meter_reading_get(&desk.finance, reading).await.expect("it").row;
    assert_eq!(row.status, ReadingStatus::Read, "it waits");
    exit_bill_make(&desk.finance, id, desk.version(id).await, &plain(&desk)).await.expect("a bill");
    assert_eq!(water(&desk, id).await.to_string(), "113.40");
    assert_eq!(charged(&desk).await, [3_150, 8_190]);
}

/// The same, and he stays: what waited is charged to him, and what was signed is taken back.
#[tokio::test(flavor = "multi_thread")]
async fn who_stays_pays_what_waited() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    metered(&desk, &home).await;
    price(&desk).await;
    let period = period(&desk).await;
    read(&desk, period, "1210").await;
    let id = desk.accepted(&home).await;
    inspect(&desk, id, &shows("1236")).await.expect("it is inspected");
    bill_period(&desk, period).await;
    exit_revoke(&desk.district, id, desk.version(id).await, "承租人撤回").await.expect("it is revoked");
    assert_eq!(charged(&desk).await, [3_150]);
    let waiting: i64 = sqlx::query_scalar("select count(*) from meter_reading where status <> 'BILLED'")
        .fetch_one(&desk.test.admin)
        .await
        .expect("a count");
    assert_eq!(waiting, 0, "nothing stands against 换表");
}

/// Something was read behind what was signed: that stays in the chain, and is charged when he stays.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_on_is_charged_when_he_stays() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    metered(&desk, &home).await;
    price(&desk).await;
    let id = desk.accepted(&home).await;
    inspect(&desk, id, &shows("1220")).await.expect("it is inspected");
    let period = period(&desk).await;
    read(&desk, period, "1236").await;
    exit_revoke(&desk.district, id, desk.version(id).await, "承租人撤回").await.expect("it is revoked");
    assert_eq!(charged(&desk).await, [6_300]);
    assert_eq!(bill_period(&desk, period).await.fen(), 5_040);
}

/// A value below the last one is a mistake unless somebody says that it rolled over, and then somebody looks at it.
#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_value_is_no_roll_over() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    metered(&desk, &home).await;
    price(&desk).await;
    let period = period(&desk).await;
    read(&desk, period, "1236").await;
    assert_eq!(bill_period(&desk, period).await.fen(), 11_340);
    let id = desk.accepted(&home).await;
    let mistyped: Failure = inspect(&desk, id, &shows("1226")).await.expect_err("a complaint").into();
    let sentence = "须不小于上次抄表的1236.00，且不大于表具最大读数，归零的表请勾选“已归零”";
    assert_eq!(mistyped, FieldErrors::from(("water", sentence)).into());
    let rolled = InspectionForm { rolled: vec!["WATER".into()], ..shows("1226") };
    inspect(&desk, id, &rolled).await.expect("it is inspected");
    let refused = exit_bill_make(&desk.finance, id, desk.version(id).await, &plain(&desk)).await;
    assert_eq!(super::refusal(refused), "表具S-1的读数异常，请先在抄表记录中确认");
    let strange: i64 = sqlx::query_scalar("select id from meter_reading where status = 'ABNORMAL'")
        .fetch_one(&desk.test.admin)
        .await
        .expect("the reading");
    reading_confirm(&desk.operator, strange, 1, "现场核对").await.expect("it is confirmed");
    exit_bill_make(&desk.finance, id, desk.version(id).await, &plain(&desk)).await.expect("a bill");
    assert_eq!(water(&desk, id).await.to_string(), "31,581.90");
}

/// What was read behind the inspection is nobody's once he has left.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_behind_him_is_nobodys() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    metered(&desk, &home).await;
    price(&desk).await;
    let id = desk.accepted(&home).await;
    inspect(&desk, id, &shows("1210")).await.expect("it is inspected");
    let period = period(&desk).await;
    let reading = read(&desk, period, "1215").await;
    assert_eq!(bill_period(&desk, period).await, Money::ZERO);
    exit_bill_make(&desk.finance, id, desk.version(id).await, &plain(&desk)).await.expect("a bill");
    exit_bill_decide(&desk.second, id, desk.version(id).await, true, "").await.expect("it is entered");
    desk.left_owing(&home, id).await;
    let row = meter_reading_get(&desk.finance, reading).await.expect("it").row;
    assert_eq!((row.status, row.amount), (ReadingStatus::Billed, Some(Money::ZERO)));
    assert_eq!(charged(&desk).await, [3_150]);
}
