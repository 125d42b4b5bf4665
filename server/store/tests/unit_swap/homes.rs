//! After the day: both homes are handed over, with keys and readings, and who used what pays for it.

use super::desk::{Desk, House, desk, desk_with, month_ahead, noon};
use crate::support::city;
use chrono::{Days, NaiveDate};
use domain::{
    billing::meter_form::MeterForm,
    dictionary::UnitStatus,
    id::ContractId,
    list::ListQuery,
    platform::setting::code,
    tenancy::{
        contract_form::ContractForm,
        hand_over::{HandOverForm, ItemForm},
    },
    value::Money,
};
use store::{
    Ctx,
    billing::meter::meter_create,
    housing::unit::unit_get,
    platform::{
        setting::setting_put,
        user::{UserRef, user_ctx},
    },
    tenancy::{
        binding::resident_list,
        change::change_get,
        contract::contract_get,
        exit::exit_offer,
        hand_over::{hand_over_create, hand_over_list, hand_over_offer},
    },
};

async fn operator(desk: &Desk, day: NaiveDate) -> Ctx {
    desk.execute("update estate set operator_id = (select id from operator where code = 'OP1') where name = '月光苑'")
        .await;
    user_ctx(&desk.test.database, UserRef::Login("operator"), noon(day)).await.expect("the operator")
}

async fn handed(operator: &Ctx, contract: ContractId, day: NaiveDate, water: &str) -> store::Result<()> {
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

/// The contract that followed that of a household.
async fn follower(desk: &Desk, house: House) -> ContractId {
    ContractId(desk.number(&format!("select id from contract where prev_contract_id = {}", house.contract)).await)
}

async fn water(desk: &Desk, account: i64) -> Vec<i64> {
    sqlx::query_scalar("select amount_fen from bill where fee_item = 'WATER' and account_id = $1 order by id")
        .bind(account)
        .fetch_all(&desk.test.admin)
        .await
        .expect("bills")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_pays_until_the_hand_over() {
    let desk = desk().await;
    let [first, second] = desk.houses;
    setting_put(&desk.test.database, code::WATER_PRICE, "3.15").await.expect("a price");
    let entry = city::ctx(&desk.test.database, "entry").await;
    let meter = MeterForm {
        meter_no: "S-1".into(),
        meter: "WATER".into(),
        unit: first.unit.to_string(),
        install_on: month_ahead(0).to_string(),
        initial: "1200".into(),
        ..MeterForm::default()
    };
    meter_create(&entry, &meter).await.expect("a meter");
    // They lived there before anything was written down here, too.
    desk.execute(&format!(
        "insert into binding (district_id, estate_id, unit_id, room_id, person_id, person_name, relation, from_on)
         select u.district_id, u.estate_id, u.id, (select min(r.id) from room r where r.unit_id = u.id), {}, '测试租户0', 'LESSEE', '{}'
         from unit u where u.id = {}",
        first.person,
        month_ahead(0),
        first.unit
    ))
    .await;
    desk.agreed(1).await;
    let day = month_ahead(1);
    assert_eq!(desk.work(day).await, 1);
    let later = day + Days::new(3);
    let operator = operator(&desk, later).await;
    let living = resident_list(&operator, &ListQuery::from_params([("state", "LIVING")])).await.expect("a list");
    assert_eq!(living.total, 0, "their rooms are free for the others");
    // The second household gets the first one's home, three days later.
    let contract = follower(&desk, second).await;
    let early = handed(&operator, contract, day - Days::new(1), "1212").await;
    assert!(early.is_err(), "before the day it was not theirs");
    handed(&operator, contract, later, "1212").await.expect("it is handed over");
    assert_eq!(water(&desk, first.account.0).await, [3_780], "twelve, on the account of the home that was left");
    let waiting = hand_over_list(&operator, &ListQuery::from_params([("state", "WAITING")])).await.expect("a list");
    assert_eq!(waiting.total, 1);
    let unit = unit_get(&operator, first.unit).await.expect("the home");
    assert_eq!((unit.status, unit.history[0].event.as_str()), (UnitStatus::Occupied, "调换入住"));
    let living = resident_list(&operator, &ListQuery::from_params([("state", "LIVING")])).await.expect("a list");
    assert_eq!(
        living.rows.iter().map(|row| (row.person_id, row.contract_id)).collect::<Vec<_>>(),
        [(second.person, Some(contract))]
    );
    // Where nothing is open the old account is closed; the other waits for what was used.
    handed(&operator, follower(&desk, first).await, later, "").await.expect("it is handed over");
    let (old, other) = (first.account, second.account);
    let open = format!("select array_agg(id) from account where status = 'ON' and id in ({old}, {other})");
    let open = || async {
        sqlx::query_scalar::<_, Option<Vec<i64>>>(sqlx::AssertSqlSafe(open.clone())).fetch_one(&desk.test.admin).await
    };
    assert_eq!(open().await.expect("accounts"), Some(vec![old.0]));
    desk.pay(old, 0).await;
    assert_eq!(open().await.expect("accounts"), None, "with the last debt the old account is closed");
    // Who leaves one day leaves the new home, as it was handed over to him.
    let offer = exit_offer(&desk.at("entry", later).await, contract).await.expect("an offer");
    assert_eq!(offer.unit_id, first.unit);
}

/// 物业费 goes with the home as the rent does: who moves in pays what was agreed to for it, and who moves out nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn the_property_fee_is_the_homes() {
    let desk = desk_with([|form| form, |form| ContractForm { property_rate: "2.5".into(), ..form }]).await;
    let [first, second] = desk.houses;
    // 70 m² at 2.50.
    let fee = Some(Money::from_fen(17_500));
    let id = desk.agreed(1).await;
    let sides = change_get(&desk.entry, id).await.expect("it is seen").swap;
    let told: Vec<_> = sides.iter().map(|side| (side.from.property, side.to.property)).collect();
    assert_eq!(told, [(None, fee), (fee, None)]);
    assert_eq!(desk.work(month_ahead(1)).await, 1);
    let at = desk.at("entry", month_ahead(1)).await;
    for (house, pays) in [(first, fee), (second, None)] {
        let new = contract_get(&at, follower(&desk, house).await).await.expect("the new one");
        assert_eq!(new.row.property.map(|fee| fee.monthly), pays);
        assert_eq!(
            new.property_plan.first().map(|bill| (bill.from, bill.amount())),
            pays.map(|fee| (month_ahead(1), fee))
        );
        assert!(pays.is_none() || new.property_plan.len() == new.plan.len(), "the rest of the term");
    }
    let charged: Vec<(i64, NaiveDate, i64)> = sqlx::query_as(
        "select a.person_id, b.period_from, b.amount_fen from bill b join account a on a.id = b.account_id
         where b.fee_item = 'PROPERTY' and b.decision is null order by b.period_from",
    )
    .fetch_all(&desk.test.admin)
    .await
    .expect("bills");
    assert_eq!(charged, [(second.person.0, month_ahead(0), 17_500), (first.person.0, month_ahead(1), 17_500)]);
}
