//! How a contract ends (domain.md §3.5 C5 to C8, §3.15, §3.26): by whom, what it costs, what comes back, and what is free
//! afterwards.

mod days;
mod desk;
mod meter;
mod money;
mod papers;
mod property;
mod stay;
mod waiting;

use crate::support::city;
use chrono::Utc;
use desk::{Desk, Let, bill, keys, request, sheet, today};
use domain::{
    billing::{payment::PaymentForm, plan::month_of},
    dictionary::{BillStatus, ContractStatus, ExitLineKind, ExitStatus, UnitStatus},
    failure::{Failure, FieldErrors},
    id::ExitId,
    list::ListQuery,
    tenancy::{exit_bill::settle, exit_inspection::InspectionForm},
    value::Money,
};
use store::{
    Ctx,
    billing::{
        account::account_get,
        bank::contract_file::{ToldAction, contract_file_next},
        bill::bill_list,
        book::account_entries,
        payment::payment_take,
        refund::{refund_create, refund_decide, refund_pay},
    },
    housing::unit::unit_get,
    tenancy::{
        binding::{binding_offer, resident_list},
        contract::{SyncAnswer, contract_get, contract_synced, contracts_expire},
        exit::{
            exit_bill_decide, exit_bill_make, exit_bill_offer, exit_clear, exit_create, exit_debt_acknowledge,
            exit_decide, exit_get, exit_inspect, exit_inspection_offer, exit_keys, exit_list, exit_offer, exit_revoke,
            exit_tell_again,
        },
    },
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn refusal<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    failure(result).to_string()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

/// The rent of this month's days until today, as the plan has it.
async fn rent_until_today(desk: &Desk, home: &Let) -> Money {
    let rent = contract_get(&desk.entry, home.contract).await.expect("the contract").row.monthly_rent;
    let next = month_of(today()).checked_add_months(chrono::Months::new(1)).expect("a month");
    let of = (next - month_of(today())).num_days();
    let days = (today() - month_of(today())).num_days() + 1;
    if days == of {
        rent
    } else {
        Money::from_fen(domain::value::round_half_up(i128::from(rent.fen() * days), i128::from(of)))
    }
}

/// From the request to the bank's answer, everything paid before and the deposit given back.
#[tokio::test(flavor = "multi_thread")]
async fn a_household_leaves_and_gets_back_what_is_left() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let owed = account_get(&desk.cashier, home.account).await.expect("the account").row.outstanding;
    desk.pay(home.account, 1, owed).await;
    let offer = exit_offer(&desk.entry, home.contract).await.expect("an offer");
    assert_eq!((offer.term.owed, offer.funds.deposit.fen()), (Money::ZERO, 100_000));
    assert_eq!(
        failure(exit_create(&desk.entry, home.contract, &request(today() - chrono::Days::new(400))).await),
        complaint("exit_on", &format!("退租日期不能早于起租或入住日期{}", today()))
    );
    assert_eq!(failure(exit_create(&desk.approver, home.contract, &request(today())).await), Failure::Forbidden);
    let id = exit_create(&desk.entry, home.contract, &request(today())).await.expect("an exit");
    assert_eq!(refusal(exit_create(&desk.entry, home.contract, &request(today())).await), "该合同已有办理中的退租");
    assert_eq!(contract_get(&desk.entry, home.contract).await.expect("it").row.status, ContractStatus::CancelPending);
    assert_eq!((desk.reminded(&desk.approver).await, desk.reminded(&desk.operator).await), (1, 0));
    assert_eq!(refusal(exit_inspect(&desk.operator, id, 1, &sheet("1")).await), "退租状态为“待审批”，不能登记验房");
    assert_eq!(failure(exit_decide(&desk.approver, id, 2, true, "").await), Failure::Conflict);
    exit_decide(&desk.approver, id, 1, true, "同意").await.expect("it is agreed to");
    assert_eq!(contract_get(&desk.entry, home.contract).await.expect("it").row.status, ContractStatus::CancelSyncing);
    assert_eq!((desk.reminded(&desk.approver).await, desk.reminded(&desk.operator).await), (0, 1));

    let inspection = exit_inspection_offer(&desk.operator, id).await.expect("an offer");
    assert_eq!((inspection.then.keys, inspection.then.items.len()), (Some(2), 1));
    let less = InspectionForm { water: "9".into(), ..sheet("120.50") };
    assert_eq!(
        failure(exit_inspect(&desk.operator, id, 2, &less).await),
        complaint("water", "读数小于交房读数，表具更换或回零请在备注中说明")
    );
    exit_inspect(&desk.operator, id, 2, &sheet("120.50")).await.expect("it is inspected");

    // This month was paid: what lies behind today comes back; damage and water are charged.
    let offer = exit_bill_offer(&desk.finance, id, None).await.expect("a proposal");
    let rent = contract_get(&desk.entry, home.contract).await.expect("it").row.monthly_rent;
    let due = rent_until_today(&desk, &home).await;
    let changed = due != rent;
    let kinds: Vec<_> = offer.lines.iter().map(|line| (line.kind, line.amount.fen())).collect();
    let mut expected = Vec::new();
    if changed {
        expected.extend([(ExitLineKind::Reverse, -rent.fen()), (ExitLineKind::Rent, due.fen())]);
    }
    expected.push((ExitLineKind::Damage, 12_050));
    assert_eq!(kinds, expected);
    exit_bill_make(&desk.finance, id, desk.version(id).await, &bill()).await.expect("a bill");
    assert_eq!(
        refusal(exit_bill_decide(&desk.finance, id, desk.version(id).await, true, "").await),
        "不能复核本人制作的退租账单"
    );
    assert_eq!((desk.reminded(&desk.finance).await, desk.reminded(&desk.second).await), (0, 1));
    exit_bill_decide(&desk.second, id, desk.version(id).await, true, "").await.expect("it is entered");
    let left = 100_000 + (rent - due).fen() - 12_050 - 750;
    let funds = exit_get(&desk.entry, id).await.expect("it").funds;
    assert_eq!((funds.balance + funds.deposit).fen(), left);
    assert_eq!(funds.outstanding, Money::ZERO);
    let entries = account_entries(&desk.finance, home.account).await.expect("entries");
    assert_eq!(entries.last().and_then(|entry| entry.balance), Some(funds.balance), "the ledger says the same");

    refund(&desk, &home, id).await;
    close(&desk, &home, id).await;
}

/// Nothing goes on before the refund is agreed to.
async fn refund(desk: &Desk, home: &Let, id: ExitId) {
    let funds = exit_get(&desk.entry, id).await.expect("it").funds;
    let sentence = format!("应退{}元尚未办理退费审批，请先申请退费", funds.balance + funds.deposit);
    assert_eq!(refusal(exit_clear(&desk.cashier, id, desk.version(id).await).await), sentence);
    let back = |nth: u32, kind: &str, amount: Money| domain::billing::refund::RefundForm {
        request: format!("00000000-0000-4000-9000-{nth:012x}"),
        kind: kind.into(),
        amount: amount.to_string().replace(',', ""),
        reason: "退租结算".into(),
    };
    let mut refunds = vec![
        refund_create(&desk.cashier, home.account, &back(1, "REFUND_DEP", funds.deposit)).await.expect("a refund"),
    ];
    if funds.balance > Money::ZERO {
        refunds.push(
            refund_create(&desk.cashier, home.account, &back(2, "REFUND_BAL", funds.balance)).await.expect("a refund"),
        );
    }
    for refund in &refunds {
        refund_decide(&desk.head, *refund, 1, true, "").await.expect("it is agreed to");
    }
    assert_eq!(
        exit_clear(&desk.cashier, id, desk.version(id).await).await.expect("cleared"),
        ExitStatus::RefundPending
    );
    for refund in refunds {
        refund_pay(&desk.cashier, refund, 2, true, "0001").await.expect("it is paid");
    }
}

/// The keys, the bank, and what is free then.
async fn close(desk: &Desk, home: &Let, id: ExitId) {
    let none = contract_file_next(&desk.test.database, Utc::now()).await.expect("asked");
    assert!(none.is_none(), "the bank hears nothing before the keys are back");
    exit_keys(&desk.operator, id, desk.version(id).await, &keys()).await.expect("keys are back");
    let file = contract_file_next(&desk.test.database, Utc::now()).await.expect("asked").expect("a file");
    assert_eq!(file.lines.iter().map(|line| line.action).collect::<Vec<_>>(), [ToldAction::Cancel]);
    let number = &file.lines[0].contract_no;
    // An answer about something else ends nothing.
    let stale = SyncAnswer::Known { agreement_no: None };
    assert_eq!(
        contract_synced(&desk.test.database, number, stale, Utc::now()).await.expect("read"),
        ContractStatus::CancelSyncing
    );
    let status = contract_synced(&desk.test.database, number, SyncAnswer::Cancelled, Utc::now()).await.expect("read");
    assert_eq!(status, ContractStatus::Terminated);
    let contract = contract_get(&desk.entry, home.contract).await.expect("it");
    assert_eq!((contract.row.status, contract.ended_on), (ContractStatus::Terminated, Some(today())));
    assert_eq!(desk.status(id).await.0, ExitStatus::Closed);
    let unit = unit_get(&desk.operator, home.unit).await.expect("the home");
    assert_eq!((unit.status, unit.history[0].event.as_str()), (UnitStatus::Repair, "办理退租"));
    let living = resident_list(&desk.entry, &ListQuery::from_params([("state", "LIVING")])).await.expect("a list");
    assert_eq!(living.total, 0, "nobody lives there");
    let account: String = sqlx::query_scalar("select status from account where id = $1")
        .bind(home.account.0)
        .fetch_one(&desk.test.admin)
        .await
        .expect("the account");
    assert_eq!(account, "OFF");
    // The same answer once more changes nothing.
    contract_synced(&desk.test.database, number, SyncAnswer::Cancelled, Utc::now()).await.expect("read");
    assert_eq!(
        refusal(exit_revoke(&desk.district, id, desk.version(id).await, "x").await),
        "退租状态为“已退租”，不能撤销退租"
    );
}

/// Who owes more than the deposit pays, or acknowledges it.
#[tokio::test(flavor = "multi_thread")]
async fn a_debt_is_paid_or_acknowledged() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    // Neither the deposit nor the rent was paid.
    let id = desk.inspected(&home).await;
    let offer = exit_bill_offer(&desk.finance, id, None).await.expect("a proposal");
    let done = settle(&offer.lines, offer.balance, offer.deposit);
    assert_eq!(
        done.to_pay,
        rent_until_today(&desk, &home).await + Money::from_fen(12_050),
        "no deposit is asked for any more"
    );
    desk.settled(id).await;
    let owed = exit_get(&desk.entry, id).await.expect("it").funds.outstanding;
    assert_eq!(owed, done.to_pay + Money::from_fen(750));
    let sentence = format!("存在欠费{owed}元，请先收款，或由财务负责人确认欠款");
    assert_eq!(refusal(exit_clear(&desk.cashier, id, desk.version(id).await).await), sentence);
    assert_eq!(
        failure(exit_debt_acknowledge(&desk.cashier, id, desk.version(id).await, "x").await),
        Failure::Forbidden
    );
    assert_eq!(
        failure(exit_debt_acknowledge(&desk.head, id, desk.version(id).await, " ").await),
        complaint("opinion", "请填写原因")
    );
    assert_eq!(desk.reminded(&desk.head).await, 1);
    assert!(exit_get(&desk.head, id).await.expect("it").turns.acknowledge);
    exit_debt_acknowledge(&desk.head, id, desk.version(id).await, "已签欠款确认书").await.expect("acknowledged");
    let exit = exit_get(&desk.entry, id).await.expect("it");
    assert_eq!((exit.row.status, exit.debt.map(|(fen, ..)| fen)), (ExitStatus::Paid, Some(owed)));
    let bills = bill_list(&desk.finance, &ListQuery::default()).await.expect("bills").rows;
    let deposit =
        bills.iter().find(|row| row.fee_item.code() == "DEPOSIT" && row.amount > Money::ZERO).expect("the deposit");
    assert_eq!(deposit.status, BillStatus::Reversed);
}

/// What was agreed to is what the books said; when they say something else it is made anew.
#[tokio::test(flavor = "multi_thread")]
async fn books_that_changed_are_looked_at_again() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let id = desk.inspected(&home).await;
    exit_bill_make(&desk.finance, id, 3, &bill()).await.expect("a bill");
    desk.pay(home.account, 1, Money::from_fen(1_000)).await;
    assert_eq!(
        refusal(exit_bill_decide(&desk.second, id, 4, true, "").await),
        "账目或验房结果已变化，请退回后重新生成退租账单"
    );
    assert_eq!(failure(exit_bill_decide(&desk.second, id, 4, false, "").await), complaint("opinion", "请填写原因"));
    exit_bill_decide(&desk.second, id, 4, false, "请重新生成").await.expect("it is sent back");
    assert_eq!(desk.reminded(&desk.finance).await, 1);
    let again = exit_bill_offer(&desk.finance, id, None).await.expect("a proposal");
    assert_eq!(again.others.len(), 1, "what was added by hand is kept");
    // Money that nobody verified is looked at first.
    let form = PaymentForm {
        request: "00000000-0000-4000-8000-0000000000aa".into(),
        amount: "1".into(),
        method: "CASH".into(),
        ..PaymentForm::default()
    };
    payment_take(&desk.cashier, home.account, &form).await.expect("a payment");
    assert_eq!(refusal(exit_bill_make(&desk.finance, id, 5, &bill()).await), "存在未核销的收款，请核销后再结算");
    desk.verify().await;
    desk.settled(id).await;
    assert_eq!(
        refusal(exit_revoke(&desk.district, id, desk.version(id).await, "x").await),
        "退租账单已入账，不能撤销退租"
    );
}

/// Refused or revoked, the contract goes on, and its rent with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_contract_goes_on_when_its_exit_does_not() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let id = exit_create(&desk.entry, home.contract, &request(today())).await.expect("an exit");
    exit_decide(&desk.approver, id, 1, false, "材料不全").await.expect("it is refused");
    assert_eq!(desk.status(id).await.0, ExitStatus::Revoked);
    assert_eq!(contract_get(&desk.entry, home.contract).await.expect("it").row.status, ContractStatus::Active);
    let id = desk.accepted(&home).await;
    assert_eq!(failure(exit_revoke(&desk.entry, id, 2, "x").await), Failure::Forbidden);
    let bills = |ctx: Ctx| async move { bill_list(&ctx, &ListQuery::default()).await.expect("bills").total };
    let before = bills(desk.finance.clone()).await;
    exit_revoke(&desk.district, id, 2, "承租人撤回").await.expect("it is revoked");
    assert_eq!(contract_get(&desk.entry, home.contract).await.expect("it").row.status, ContractStatus::Active);
    assert_eq!(bills(desk.finance.clone()).await, before, "what was charged is not charged again");
    let other = city::ctx(&desk.test.database, "district-b").await;
    assert_eq!(failure(exit_get(&other, id).await), Failure::NotFound);
    assert_eq!(exit_list(&other, &ListQuery::default()).await.expect("a list").total, 0);
    let same = "update exit_case set checker_id = maker_id where id = $1";
    let error = sqlx::query(same).bind(id.0).execute(&desk.test.admin).await.expect_err("a refusal").to_string();
    assert!(error.contains("exit_case_checker_check"), "{error}");
}

/// A term that is over (C8) still has to be left (X1); refused, it is over again.
#[tokio::test(flavor = "multi_thread")]
async fn a_term_that_is_over_is_left_in_order() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let end = contract_get(&desk.entry, home.contract).await.expect("it").row.end_on;
    let after = store::ctx::china_midnight(end.succ_opt().expect("a day")).expect("a moment");
    let before = store::ctx::china_midnight(end).expect("a moment");
    assert_eq!(contracts_expire(&desk.test.database, before).await.expect("looked"), 0);
    assert_eq!(contracts_expire(&desk.test.database, after).await.expect("looked"), 1);
    assert_eq!(contract_get(&desk.entry, home.contract).await.expect("it").row.status, ContractStatus::Expired);
    let tenants = binding_offer(&desk.operator, home.unit).await.expect("an offer").tenants;
    assert!(tenants.is_some(), "its household lives there until it leaves");
    let id = exit_create(&desk.entry, home.contract, &request(today())).await.expect("an exit");
    exit_decide(&desk.approver, id, 1, false, "请补材料").await.expect("it is refused");
    assert_eq!(contract_get(&desk.entry, home.contract).await.expect("it").row.status, ContractStatus::Expired);
    desk.accepted(&home).await;
    assert_eq!(contract_get(&desk.entry, home.contract).await.expect("it").row.status, ContractStatus::CancelSyncing);
    let housed = sqlx::query_scalar("select person_is_housed(person_id) from contract where id = $1");
    let housed: bool = housed.bind(home.contract.0).fetch_one(&desk.test.admin).await.expect("an answer");
    assert!(!housed, "another home can be assigned, as the contract's own index allows");
}

/// What the bank refuses is told again three times, and then by hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_does_not_forget_is_told_again() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let id = desk.inspected(&home).await;
    desk.settled(id).await;
    exit_debt_acknowledge(&desk.head, id, desk.version(id).await, "已签欠款确认书").await.expect("acknowledged");
    exit_keys(&desk.operator, id, desk.version(id).await, &keys()).await.expect("keys are back");
    let number = contract_get(&desk.entry, home.contract).await.expect("it").row.contract_no.expect("a number");
    for _ in 0..3 {
        let answer = SyncAnswer::CancelRefused { message: "账户冻结".into() };
        contract_synced(&desk.test.database, &number, answer, Utc::now()).await.expect("read");
    }
    let exit = exit_get(&desk.entry, id).await.expect("it");
    assert_eq!((exit.sync_message.as_deref(), exit.turns.tell), (Some("账户冻结"), true));
    assert_eq!(desk.reminded(&desk.entry).await, 1, "somebody is told");
    let none = contract_file_next(&desk.test.database, Utc::now()).await.expect("asked");
    assert!(none.is_none(), "it waits for somebody");
    exit_tell_again(&desk.entry, id, exit.row.version).await.expect("told again");
    let file = contract_file_next(&desk.test.database, Utc::now()).await.expect("asked").expect("a file");
    assert_eq!(file.lines.len(), 1);
}
