//! What the meters show when somebody leaves is his last reading, and is billed before he is settled with (§4.12).

use crate::desk::{Desk, sheet};
use domain::{
    billing::meter_form::MeterForm,
    dictionary::{ExitLineKind, FeeItem},
    platform::setting::code,
    tenancy::exit_inspection::InspectionForm,
};
use store::{
    billing::meter::meter_create,
    platform::setting::setting_put,
    tenancy::exit::{exit_bill_make, exit_get, exit_inspect},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_the_meter_shows_at_the_exit_is_billed() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let meter = MeterForm {
        meter_no: "S-1".into(),
        meter: "WATER".into(),
        unit: home.unit.to_string(),
        install_on: "2020-01-01".into(),
        initial: "1200".into(),
        max_value: "9999".into(),
        ..MeterForm::default()
    };
    meter_create(&desk.entry, &meter).await.expect("a meter");
    let id = desk.accepted(&home).await;
    let signed = InspectionForm { water: "1236".into(), ..sheet("120.50") };
    exit_inspect(&desk.operator, id, 2, &signed).await.expect("it is inspected");
    // Nobody has set what water costs.
    let refused = exit_bill_make(&desk.finance, id, desk.version(id).await, &desk.bill()).await;
    assert_eq!(crate::refusal(refused), "请先在收费标准下设置水费");
    setting_put(&desk.test.database, code::WATER_PRICE, "3.15").await.expect("a price");
    exit_bill_make(&desk.finance, id, desk.version(id).await, &desk.bill()).await.expect("a bill");
    let lines = exit_get(&desk.entry, id).await.expect("it").bill.expect("its bill").lines;
    let water = lines.iter().find(|line| line.kind == ExitLineKind::Owed && line.fee_item == FeeItem::Water);
    assert_eq!(water.expect("what his meter measured").amount.to_string(), "113.40");
    // Made anew it is not charged twice; another value now goes by a correction.
    exit_bill_make(&desk.finance, id, desk.version(id).await, &desk.bill()).await.expect("the same");
    let bills: i64 = sqlx::query_scalar("select count(*) from bill where kind = 'METER' and decision is null")
        .fetch_one(&desk.test.admin)
        .await
        .expect("a count");
    assert_eq!(bills, 1);
}
