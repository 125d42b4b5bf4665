//! The days of an exit: one that comes later, one behind the term, and the months that a revoked one missed.

use super::{
    desk::{Desk, keys, request, sheet, today},
    failure, refusal,
};
use crate::support::tenancy::batch_form;
use chrono::{Datelike as _, Days, Months, NaiveDate};
use domain::{
    billing::plan::month_of,
    dictionary::{ContractStatus, DeductionStatus, ExitLineKind},
    failure::Failure,
    list::ListQuery,
    tenancy::{
        exit::KeysForm,
        exit_bill::{ExitBillForm, OtherForm},
        exit_inspection::InspectionForm,
    },
};
use store::{
    billing::{
        bill::bill_list,
        deduction::{deduction_create, deduction_get, deductions_build},
        run::bills_run,
    },
    tenancy::{
        contract::{contract_get, contracts_expire},
        exit::{
            exit_bill_decide, exit_bill_make, exit_bill_offer, exit_create, exit_debt_acknowledge, exit_decide,
            exit_get, exit_inspect, exit_keys, exit_revoke,
        },
    },
};

fn month_after(day: NaiveDate, months: u32) -> NaiveDate {
    month_of(day).checked_add_months(Months::new(months)).expect("a month")
}

/// Until its day the household lives there: its rent is charged and collected, and the keys do not come back.
#[tokio::test(flavor = "multi_thread")]
async fn rent_goes_on_until_the_day_of_the_exit() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let next = month_after(today(), 1);
    let leaves = next + Days::new(19);
    let id = exit_create(&desk.entry, home.contract, &request(leaves)).await.expect("an exit");
    exit_decide(&desk.approver, id, 1, true, "同意").await.expect("it is agreed to");

    let desk = desk.on(next + Days::new(9)).await;
    let district = desk.finance.actor().organization_id;
    let run = bills_run(&desk.finance, district, next, |_| {}).await.expect("a run");
    assert_eq!((run.contracts, run.bills), (1, 1), "the month of the exit");
    let wanted = batch_form(district, desk.today());
    let batch = deduction_create(&desk.finance, &wanted).await.expect("a batch");
    deductions_build(&desk.test.database, desk.finance.now()).await.expect("built");
    let batch = deduction_get(&desk.finance, batch).await.expect("the batch");
    assert_eq!((batch.row.status, batch.row.items), (DeductionStatus::Created, 1), "the bank is asked");
    sqlx::query("update bill set in_batch = null").execute(&desk.test.admin).await.expect("free");

    let seen = InspectionForm { inspected_on: desk.today().to_string(), ..sheet("120.50") };
    exit_inspect(&desk.operator, id, 2, &seen).await.expect("it is inspected");
    // The bill of the month is cut at the day of the exit.
    let offer = exit_bill_offer(&desk.finance, id, None).await.expect("a proposal");
    let rent = offer.lines.iter().find(|line| line.kind == ExitLineKind::Rent).expect("the cut rent");
    assert_eq!((rent.from, rent.to), (Some(next), Some(leaves)));
    desk.settled(id).await;
    let after = bills_run(&desk.finance, district, next, |_| {}).await.expect("a run");
    assert_eq!(after.contracts, 0, "once it is settled nothing more is charged");
    exit_debt_acknowledge(&desk.head, id, desk.version(id).await, "已签欠款确认书").await.expect("acknowledged");
    let back = KeysForm { on: desk.today().to_string(), ..keys() };
    let version = desk.version(id).await;
    assert_eq!(refusal(exit_keys(&desk.operator, id, version, &back).await), "退租日期未到，不能登记交还钥匙");
    assert!(!exit_get(&desk.operator, id).await.expect("it").turns.keys);
    let desk = desk.on(leaves).await;
    assert_eq!(desk.reminded(&desk.operator).await, 1);
    exit_keys(&desk.operator, id, version, &back).await.expect("keys are back");
}

/// What nobody charged while the term ran is charged afterwards; the days behind it by hand.
#[tokio::test(flavor = "multi_thread")]
async fn days_behind_the_term_are_charged_by_hand() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let end = contract_get(&desk.entry, home.contract).await.expect("it").row.end_on;
    let desk = desk.on(end + Days::new(10)).await;
    assert_eq!(contracts_expire(&desk.test.database, desk.entry.now()).await.expect("looked"), 1);
    let run = bills_run(&desk.finance, desk.finance.actor().organization_id, month_of(end), |_| {}).await;
    assert_eq!(run.expect("a run").bills, 1, "its last month");

    let id = exit_create(&desk.entry, home.contract, &request(desk.today())).await.expect("an exit");
    exit_decide(&desk.approver, id, 1, true, "同意").await.expect("it is agreed to");
    let seen = InspectionForm { inspected_on: desk.today().to_string(), ..sheet("120.50") };
    exit_inspect(&desk.operator, id, 2, &seen).await.expect("it is inspected");
    let offer = exit_bill_offer(&desk.finance, id, None).await.expect("a proposal");
    assert_eq!(offer.notices(), [format!("合同已于{end}到期，合同到期后的使用费请在其他费用中录入")]);
    assert!(offer.lines.iter().all(|line| line.to.is_none_or(|day| day <= end)), "the plan ends with the term");
    let used = OtherForm { fee_item: "RENT".into(), amount: "36.10".into(), note: "到期后10天".into() };
    let bill = ExitBillForm { settle_on: desk.today().to_string(), others: vec![used] };
    exit_bill_make(&desk.finance, id, 3, &bill).await.expect("a bill");
    exit_bill_decide(&desk.second, id, 4, true, "").await.expect("it is entered");
    let bills = bill_list(&desk.finance, &ListQuery::default()).await.expect("bills").rows;
    assert!(bills.iter().any(|bill| bill.fee_item.code() == "RENT" && bill.amount.fen() == 3_610), "it is owed");
}

/// A contract that goes on is charged what it missed, and nobody is late with it; what was void stays so.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_exit_charges_what_was_missed() {
    let desk = Desk::open().await;
    let home = desk.let_since(0, 2).await;
    let id = desk.accepted(&home).await;
    let void = "update bill set decision = 'VOID' where contract_id = $1 and month = $2 and fee_item = 'RENT'";
    let first = month_of(today()).checked_sub_months(Months::new(2)).expect("a month");
    sqlx::query(void).bind(home.contract.0).bind(first).execute(&desk.test.admin).await.expect("a void bill");
    let next = month_after(today(), 1);
    let desk = desk.on(month_after(today(), 2) + Days::new(19)).await;
    exit_revoke(&desk.district, id, 2, "承租人撤回").await.expect("it is revoked");
    assert_eq!(contract_get(&desk.entry, home.contract).await.expect("it").row.status, ContractStatus::Active);
    let missed: Vec<(NaiveDate, NaiveDate)> =
        sqlx::query_as("select month, due_on from bill where contract_id = $1 and posted_at = $2 order by month")
            .bind(home.contract.0)
            .bind(desk.district.now())
            .fetch_all(&desk.test.admin)
            .await
            .expect("bills");
    let months: Vec<_> = missed.iter().map(|(month, _)| *month).collect();
    assert_eq!(months, [next, month_after(today(), 2)], "not the one that was void");
    assert!(missed.iter().all(|(_, due)| *due >= desk.today()), "{missed:?}");
    assert_eq!(desk.today().day(), 20);
}

/// A sheet that was wrong is corrected once the bill that was made from it is sent back.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_sheet_is_corrected_after_the_bill_is_refused() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let id = desk.inspected(&home).await;
    exit_bill_make(&desk.finance, id, 3, &desk.bill()).await.expect("a bill");
    let right = sheet("20.50");
    assert_eq!(refusal(exit_inspect(&desk.operator, id, 4, &right).await), "退租账单待复核，请先退回账单");
    assert!(!exit_get(&desk.operator, id).await.expect("it").turns.inspect);
    exit_bill_decide(&desk.second, id, 4, false, "赔偿金额有误").await.expect("it is sent back");
    let version = desk.version(id).await;
    assert!(exit_get(&desk.operator, id).await.expect("it").turns.inspect);
    exit_inspect(&desk.operator, id, version, &right).await.expect("it is corrected");
    let early = ExitBillForm { settle_on: (desk.today() - Days::new(1)).to_string(), others: Vec::new() };
    let version = desk.version(id).await;
    let sentence = format!("费用结算日不能早于验房日期{}", desk.today());
    let complaint: Failure = domain::failure::FieldErrors::from(("settle_on", sentence.as_str())).into();
    assert_eq!(failure(exit_bill_make(&desk.finance, id, version, &early).await), complaint);
    desk.settled(id).await;
    let bill = exit_get(&desk.entry, id).await.expect("it").bill.expect("a bill");
    let damage = bill.lines.iter().find(|line| line.kind == ExitLineKind::Damage).expect("the lock");
    assert_eq!(damage.amount.fen(), 2_050);
    assert_eq!(
        refusal(exit_inspect(&desk.operator, id, desk.version(id).await, &right).await),
        "退租账单已入账，不能修改验房"
    );
}
