//! 物业费 of a household that leaves (E-53): for no day longer than it stayed, and a line of its own.

use super::desk::{Desk, request, today};
use chrono::{Datelike as _, Months, NaiveDate};
use domain::{
    billing::plan::month_of,
    dictionary::{ExitLineKind, FeeItem},
    failure::{Failure, FieldErrors},
    id::{AccountId, OrganizationId},
    tenancy::contract_form::ContractForm,
    value::{Money, round_half_up},
};
use store::{
    billing::{account::account_get, run::bills_run},
    tenancy::exit::{exit_bill_make, exit_bill_offer, exit_create, exit_decide, exit_revoke},
};

/// An amount that was agreed to, a month.
const FEE: i64 = 8_000;

fn with_fee(terms: ContractForm) -> ContractForm {
    ContractForm { property_fee: "80".into(), ..terms }
}

fn days_of(day: NaiveDate) -> u32 {
    let next = month_of(day).checked_add_months(Months::new(1)).expect("a month");
    next.pred_opt().expect("a day").day()
}

/// The fee of the days of a month up to one.
fn until(day: NaiveDate) -> i64 {
    round_half_up(i128::from(FEE) * i128::from(day.day()), i128::from(days_of(day)))
}

/// What is charged of it by the bills that stand, and what the ledger says was.
async fn charged(desk: &Desk, account: AccountId) -> (i64, i64) {
    sqlx::query_as(
        "select (select coalesce(sum(amount_fen), 0)::bigint from bill
                 where account_id = $1 and fee_item = 'PROPERTY' and decision is null and reverses_id is null),
                (select coalesce(sum(amount_fen * ((credit = 'INCOME')::int - (debit = 'INCOME')::int)), 0)::bigint from ledger_entry
                 where account_id = $1 and fee_item = 'PROPERTY')",
    )
    .bind(account.0)
    .fetch_one(&desk.test.admin)
    .await
    .expect("sums")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exit_cuts_it_off() {
    let desk = Desk::open().await;
    let home = desk.let_for(0, 0, with_fee).await;
    assert_eq!(charged(&desk, home.account).await, (FEE, FEE));
    let owed = account_get(&desk.cashier, home.account).await.expect("the account").row.outstanding;
    desk.pay(home.account, 1, owed).await;
    let id = desk.inspected(&home).await;

    let offer = exit_bill_offer(&desk.finance, id, None).await.expect("a proposal");
    let of_fee = offer.lines.iter().filter(|line| line.fee_item == FeeItem::Property);
    let told: Vec<_> = of_fee.map(|line| (line.kind, line.amount.fen(), line.to)).collect();
    let last = today().day() == days_of(today());
    let end = month_of(today()).with_day(days_of(today()));
    let expected = [(ExitLineKind::Reverse, -FEE, end), (ExitLineKind::Property, until(today()), Some(today()))];
    assert_eq!(told, if last { &[][..] } else { &expected[..] });

    // Nobody pays twice for the same days.
    let mut by_hand = desk.bill();
    by_hand.others[0].fee_item = FeeItem::Property.code().to_owned();
    let twice = exit_bill_make(&desk.finance, id, desk.version(id).await, &by_hand).await;
    let sentence = "合同约定了物业费，已按合同结算至退租日，不能另行录入";
    let twice: Failure = twice.expect_err("a complaint").into();
    assert_eq!(twice, FieldErrors::from(("others", sentence)).into());

    desk.settled(id).await;
    assert_eq!(charged(&desk, home.account).await, (until(today()), until(today())));
    // Nothing more is made of it, whichever month is run.
    let next = month_of(today()).checked_add_months(Months::new(1)).expect("a month");
    let account = home.account;
    let desk = desk.on(next).await;
    let district: i64 =
        sqlx::query_scalar("select district_id from contract limit 1").fetch_one(&desk.test.admin).await.expect("one");
    bills_run(&desk.finance, OrganizationId(district), next, |_| {}).await.expect("a run");
    assert_eq!(charged(&desk, account).await.0, until(today()));
}

/// Who stays after all is charged for what was left out, the fee beside the rent.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_exit_goes_on_with_it() {
    let desk = Desk::open().await;
    let home = desk.let_for(0, 0, with_fee).await;
    let id = exit_create(&desk.entry, home.contract, &request(today())).await.expect("an exit");
    exit_decide(&desk.approver, id, 1, true, "同意").await.expect("it is agreed to");
    let next = month_of(today()).checked_add_months(Months::new(1)).expect("a month");
    let desk = desk.on(next).await;
    let district: i64 =
        sqlx::query_scalar("select district_id from contract limit 1").fetch_one(&desk.test.admin).await.expect("one");
    bills_run(&desk.finance, OrganizationId(district), next, |_| {}).await.expect("a run");
    assert_eq!(charged(&desk, home.account).await.0, FEE, "the month behind its day is not charged");
    exit_revoke(&desk.district, id, desk.version(id).await, "不退了").await.expect("it stays");
    assert_eq!(charged(&desk, home.account).await, (2 * FEE, 2 * FEE));
    let owed = account_get(&desk.cashier, home.account).await.expect("the account").row.outstanding;
    assert!(owed > Money::from_fen(2 * FEE), "beside the rents");
}
