//! 调换 (R-19, C10): two households exchange their homes; two contracts in one transaction, both or neither.

mod desk;
mod homes;
mod refused;

use chrono::NaiveDate;
use desk::{AHEAD, Desk, asked, desk, desk_with, failure, month_ahead, noon, today};
use domain::{
    dictionary::{ContractStatus, UnitStatus},
    failure::Failure,
    list::ListQuery,
    tenancy::{change::ChangeStatus, contract::Contract, contract_form::ContractForm},
};
use store::{
    billing::{
        account::{account_get, account_list},
        bank::contract_file::{ToldAction, contract_file_next},
        book::account_entries,
    },
    housing::unit::unit_get,
    insight::reminder::reminder_list,
    tenancy::{
        change::{change_get, change_list, swap_create, swap_offer},
        contract::contract_get,
        hand_over::hand_over_list,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn two_households_exchange_their_homes() {
    let desk = desk().await;
    let [first, second] = desk.houses;
    let day = month_ahead(1);
    let offer = swap_offer(&desk.entry, first.contract, second.contract).await.expect("an offer");
    assert_eq!((offer.days.first(), offer.obstacles.as_slice()), (Some(&day), &[][..]));
    let [a, b] = &offer.sides;
    assert_eq!((a.new_rent, b.new_rent), (b.rent, a.rent), "the rent is the home's");
    assert_ne!(a.rent, b.rent);
    assert_eq!((a.from.unit_id, a.to.unit_id, b.to.unit_id), (first.unit, second.unit, first.unit));
    let wanted = asked(&desk, 1);
    let finance = desk.at("finance", today()).await;
    assert_eq!(failure(swap_create(&finance, &wanted, true).await), Failure::Forbidden);
    let id = desk.ask(&wanted).await;
    assert_eq!(desk.ask(&wanted).await, id, "pressed twice it is one");
    asked_for(&desk, id).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Approved);
    let plan = contract_get(&desk.entry, first.contract).await.expect("the contract").plan;
    assert_eq!(plan.last().map(|bill| bill.to), day.pred_opt(), "nothing is planned from the day on");
    // The accountant may be faster than the server, or slower.
    assert_eq!(desk.run(day).await, 0);
    assert_eq!(desk.work(day.pred_opt().expect("a day")).await, 0);
    assert_eq!(desk.work(day).await, 1);
    assert_eq!(desk.work(day).await, 0, "once");
    assert_eq!(desk.statuses(id).await, ["EFFECTIVE", "EFFECTIVE"]);
    let new = followers(&desk, id).await;
    assert_eq!(desk.run(day).await, 0, "the first bills were made with the swap");
    money_went_along(&desk, &new).await;
    told_to_the_bank(&desk, &new, day).await;
    rents_of_each_home(&desk, day).await;
}

/// One request: two rows, one thing to decide, in both districts' lists nothing else.
async fn asked_for(desk: &Desk, id: i64) {
    let list = change_list(&desk.entry, &ListQuery::default()).await.expect("a list");
    assert_eq!(list.total, 2);
    let waiting = reminder_list(&desk.approver).await.expect("reminders");
    assert!(waiting.iter().any(|reminder| reminder.label == "待我审批的合同变更" && reminder.count == 1));
    let seen = change_get(&desk.approver, id + 1).await.expect("it is seen");
    assert_eq!(
        seen.swap.iter().map(|side| side.contract_id).collect::<Vec<_>>(),
        [desk.houses[1].contract, desk.houses[0].contract]
    );
    assert!(seen.row.decidable && !change_get(&desk.entry, id).await.expect("it").row.decidable);
    assert_eq!(seen.swap[0].consent_no.as_deref(), Some("同意书乙"));
    let other = crate::support::city::ctx(&desk.test.database, "district-b").await;
    assert_eq!(failure(change_get(&other, id).await), Failure::NotFound);
}

/// The contracts that followed, in the order of the households.
async fn followers(desk: &Desk, id: i64) -> [Contract; 2] {
    let day = month_ahead(1);
    let at = desk.at("entry", day).await;
    let mut new = Vec::new();
    for (place, house) in desk.houses.iter().enumerate() {
        let old = contract_get(&at, house.contract).await.expect("the old one");
        assert_eq!((old.row.status, old.ended_on), (ContractStatus::Renewed, day.pred_opt()));
        assert!(old.history[0].event == "调换" && old.history[0].reason.is_some());
        let side = change_get(&at, id + i64::try_from(place).expect("small")).await.expect("it").swap.remove(0);
        let (follower, number) = side.follower.expect("it was followed");
        let contract = contract_get(&at, follower).await.expect("the new one");
        assert_eq!(contract.row.contract_no.as_deref(), Some(number.as_str()));
        assert_eq!(contract.row.status, ContractStatus::Active);
        assert_eq!(contract.row.unit_id, desk.houses[1 - place].unit);
        assert_eq!((contract.row.start_on, contract.row.end_on), (day, old.row.end_on), "the rest of its own term");
        assert_eq!(contract.person_id, house.person);
        assert_eq!(contract.previous.as_ref().map(|(id, _)| *id), Some(house.contract));
        assert_eq!((contract.deposit, contract.bank_no_mask.as_str()), (old.deposit, old.bank_no_mask.as_str()));
        assert_eq!(contract.debit_agreement_no, old.debit_agreement_no);
        assert!(contract.digest.is_some() && contract.checker.is_some());
        assert_eq!(contract.row.monthly_rent, side.new_rent);
        assert_eq!(side.first_bill.as_ref(), contract.plan.first(), "what was shown is what is charged");
        let unit = unit_get(&at, contract.row.unit_id).await.expect("the home");
        assert_eq!((unit.status, unit.history[0].event.as_str()), (UnitStatus::Occupied, "调换"));
        new.push(contract);
    }
    let waiting = hand_over_list(&at, &ListQuery::from_params([("state", "WAITING")])).await.expect("a list");
    assert_eq!(waiting.total, 2, "both homes are handed over");
    new.try_into().expect("two")
}

/// Balance and deposit are on the account of the new home, explained by its entries; nothing of the city's side has moved.
async fn money_went_along(desk: &Desk, new: &[Contract; 2]) {
    let finance = desk.at("finhead", month_ahead(1)).await;
    for ((house, contract), ahead) in desk.houses.iter().zip(new).zip(AHEAD) {
        let account = contract.account_id.expect("an account");
        assert_ne!(account, house.account, "an account is of one home");
        let (old, now) = (
            account_get(&finance, house.account).await.expect("the old one").row,
            account_get(&finance, account).await.expect("the new one").row,
        );
        assert_eq!((old.balance.fen(), old.deposit.fen()), (0, 0));
        assert_eq!((now.balance.fen(), now.deposit.fen()), (ahead, 100_000));
        let entries = account_entries(&finance, account).await.expect("entries");
        assert_eq!(entries.iter().filter(|entry| entry.reason.ends_with("调换住房")).count(), 2);
    }
    let open = account_list(&finance, &ListQuery::default()).await.expect("accounts").total;
    assert_eq!(open, 4, "the old ones wait for what their meters will show");
    let moved = "select coalesce(sum(amount_fen * ((debit = 'MOVED')::int - (credit = 'MOVED')::int)), 0)::bigint from ledger_entry";
    assert_eq!(desk.number(moved).await, 0);
    let wrong = "select count(*) from account a cross join lateral (
                 select coalesce(sum(amount_fen * ((credit = 'BALANCE')::int - (debit = 'BALANCE')::int)), 0)::bigint as balance,
                        coalesce(sum(amount_fen * ((credit = 'DEPOSIT')::int - (debit = 'DEPOSIT')::int)), 0)::bigint as deposit
                 from ledger_entry where account_id = a.id) l
             where (a.balance_fen, a.deposit_fen) is distinct from (l.balance, l.deposit)";
    assert_eq!(desk.number(wrong).await, 0, "balances are what their entries say");
}

/// The payers stay; the bank hears of the contracts that it debits for now.
async fn told_to_the_bank(desk: &Desk, new: &[Contract; 2], day: NaiveDate) {
    let file = contract_file_next(&desk.test.database, noon(day)).await.expect("asked").expect("a file");
    let mut told: Vec<_> = file.lines.iter().map(|line| (line.action, line.contract_no.clone())).collect();
    told.sort_by(|a, b| a.1.cmp(&b.1));
    let mut expected: Vec<_> =
        new.iter().map(|contract| (ToldAction::Change, contract.row.contract_no.clone().expect("a number"))).collect();
    expected.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(told, expected);
    assert!(file.lines.iter().all(|line| line.agreement_no.as_deref() == Some("XY0001")));
}

/// Over the months around the day every household pays each home's rent for the time in which it had it, no day twice and none
/// not at all.
async fn rents_of_each_home(desk: &Desk, day: NaiveDate) {
    assert_eq!(desk.run(month_ahead(2)).await, 2);
    let rents = [
        desk.number("select base_rent_fen from contract where swapped order by id desc limit 1").await,
        desk.number("select base_rent_fen from contract where swapped order by id limit 1").await,
    ];
    for (place, house) in desk.houses.iter().enumerate() {
        let charged = desk.charged(house.person).await;
        let expected: Vec<_> = (0..3)
            .map(|month| {
                let from = month_ahead(month);
                let place = if from < day { place } else { 1 - place };
                let to = month_ahead(month + 1).pred_opt().expect("a day");
                (desk.houses[place].unit.0, from, to, rents[place])
            })
            .collect();
        assert_eq!(charged, expected);
    }
}

/// Contract months, quarters beside months, and a reduction that lies over the day: the same law.
#[tokio::test(flavor = "multi_thread")]
async fn no_day_is_charged_twice_in_contract_months() {
    let quarters = |form: ContractForm| ContractForm {
        split: "CONTRACT".into(),
        pay_cycle: "QUARTER".into(),
        first_pay_months: "3".into(),
        ..form
    };
    let desk = desk_with([quarters, |form| ContractForm { split: "CONTRACT".into(), ..form }]).await;
    let [first, second] = desk.houses;
    // 低保: a tenth of the rent of 50 ㎡, for six months from this one on.
    desk.execute(&format!(
        "insert into rent_reduction (district_id, estate_id, request_id, contract_id, category, percent, standard_area, from_on, to_on,
                                     doc_no, full_fen, payable_fen, status, maker_id, checker_id, checked_at)
         select district_id, estate_id, gen_random_uuid(), id, 'DIBAO', 10, 5000, date_trunc('month', start_on)::date,
                (date_trunc('month', start_on) + interval '6 months')::date - 1, 'x', base_rent_fen, base_rent_fen / 10, 'APPROVED', 1, 2, now()
         from contract where id = {}",
        second.contract
    ))
    .await;
    let offer = swap_offer(&desk.entry, first.contract, second.contract).await.expect("an offer");
    let day = month_ahead(3);
    assert_eq!(offer.days.first(), Some(&day), "the first is charged for a quarter already");
    let id = desk.ask(&domain::tenancy::swap::SwapForm { effective_on: day.to_string(), ..asked(&desk, 1) }).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Approved);
    for month in 1..3 {
        assert_eq!(desk.run(month_ahead(month)).await, 1, "the second pays by the month");
        let at = desk.number(&format!("select account_id from contract where id = {}", second.contract)).await;
        desk.pay(domain::id::AccountId(at), 0).await;
    }
    let shown: Vec<_> =
        change_get(&desk.entry, id).await.expect("it").swap.into_iter().map(|side| side.first_bill).collect();
    assert_eq!(desk.work(day).await, 1);
    let at = desk.at("entry", day).await;
    let made: Vec<_> = change_get(&at, id).await.expect("it").swap.into_iter().map(|side| side.first_bill).collect();
    assert_eq!(shown, made, "the form has shown the bill that is made");
    for house in desk.houses {
        let charged = desk.charged(house.person).await;
        assert!(charged.windows(2).all(|pair| pair[0].2.succ_opt() == Some(pair[1].1)), "{charged:?}");
        assert!(charged.iter().all(|bill| (bill.0 == house.unit.0) == (bill.1 < day)), "{charged:?}");
    }
    let second_home = desk.charged(second.person).await.pop().expect("a bill");
    let full = desk
        .number(&format!("select base_rent_fen from contract where person_id = {} and swapped", second.person))
        .await;
    assert_eq!(second_home.3, (full + 5) / 10, "what is taken off goes along, of the rent of the new home");
    let first_home = desk.charged(first.person).await.pop().expect("a bill");
    assert_eq!(first_home.2, month_ahead(6).pred_opt().expect("a day"), "a quarter, as before");
}
