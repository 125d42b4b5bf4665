//! Changes of contracts (domain.md §3.5 C10): two people, the day, the bank, and what the contract says afterwards.

mod desk;
mod money;
mod open;

use crate::support::{city, tenancy::tenant};
use chrono::{Months, NaiveDate, Utc};
use desk::{NEW_BANK, asked, complaint, desk, failure, today};
use domain::{
    billing::plan::month_of,
    dictionary::PayCycle,
    failure::Failure,
    list::ListQuery,
    tenancy::{
        change::{CHANGE_IS_OPEN, ChangeForm, ChangeKind, ChangeStatus, NO_PERIOD, NOT_IN_FORCE, differences},
        contract_form::ResidentForm,
    },
    value::BankCard,
};
use store::{
    billing::{
        account::account_get,
        bank::contract_file::{ContractAnswer, contract_file_next},
    },
    insight::reminder::reminder_list,
    platform::user::{UserRef, user_ctx},
    tenancy::{
        change::{
            change_create, change_decide, change_get, change_list, change_offer, change_submit, change_sync_again,
            change_withdraw, changes_apply,
        },
        contract::contract_get,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_account_holds_when_the_bank_knows_it() {
    let desk = desk().await;
    let old = desk.account_no().await;
    let wanted =
        ChangeForm { bank_name: "新银行".into(), bank_no: NEW_BANK.into(), ..asked(ChangeKind::Account, 1) };
    let finance = city::ctx(&desk.test.database, "finance").await;
    assert_eq!(failure(change_create(&finance, desk.contract, &wanted, true).await), Failure::Forbidden);
    let id = desk.ask(&wanted).await;
    assert_eq!(desk.ask(&wanted).await, id, "pressed twice it is one");
    let second = ChangeForm { request: asked(ChangeKind::Phone, 9).request, ..wanted.clone() };
    let refused = change_create(&desk.entry, desk.contract, &second, true).await;
    assert_eq!(failure(refused), complaint("kind", CHANGE_IS_OPEN));
    let seen = change_get(&desk.approver, id).await.expect("it is seen");
    let lines = differences(&seen.before, &seen.after);
    assert_eq!(lines.iter().map(|line| line.field).collect::<Vec<_>>(), ["开户行", "银行卡号"]);
    assert!(!lines[1].after.contains(&NEW_BANK[6..12]), "numbers are masked");
    let waiting = reminder_list(&desk.approver).await.expect("reminders");
    assert!(waiting.iter().any(|reminder| reminder.label == "待我审批的合同变更" && reminder.count == 1));
    // Neither the maker nor another district.
    assert_eq!(failure(change_decide(&desk.entry, id, 2, true, "").await), Failure::Forbidden);
    let other = city::ctx(&desk.test.database, "district-b").await;
    assert_eq!(failure(change_get(&other, id).await), Failure::NotFound);
    assert_eq!(change_list(&other, &ListQuery::default()).await.expect("a page").total, 0);
    assert_eq!(desk.agree(id).await, ChangeStatus::Approved, "the bank does not know yet");
    assert_eq!(desk.account_no().await, old);
    assert_eq!(changes_apply(&desk.test.database, Utc::now()).await.expect("the day's work"), 0);
    // Refused three times it waits for somebody; told again it is known.
    for nth in 1..=3 {
        let (account, holder) = desk.answer(nth, "ACCOUNT_UNKNOWN").await;
        assert_eq!((account.as_str(), holder.as_str()), (NEW_BANK, "测试租户0"));
    }
    let late = Utc::now() + chrono::TimeDelta::hours(5);
    assert!(contract_file_next(&desk.test.database, late).await.expect("no file").is_none());
    let stuck = change_get(&desk.entry, id).await.expect("it is seen").row;
    assert!(stuck.repeatable && stuck.message.as_deref().is_some_and(|message| message.contains("ACCOUNT_UNKNOWN")));
    change_sync_again(&desk.entry, id, stuck.version).await.expect("told again");
    desk.answer(40, ContractAnswer::SUCCESS).await;
    assert_eq!(desk.status(id).await, ChangeStatus::Effective);
    assert_eq!(desk.account_no().await, BankCard::parse(NEW_BANK).expect("an account").masked());
    let contract = contract_get(&desk.entry, desk.contract).await.expect("the contract");
    assert_eq!((contract.bank_name.as_str(), contract.debit_agreement_no.as_deref()), ("新银行", Some("XY-NEW")));
    assert!(contract.history.iter().any(|line| line.event == "变更生效"));
    for (sql, constraint) in [
        ("update contract_change set checker_id = maker_id", "contract_change_checker_check"),
        ("update contract_change set reason = '别的'", "contract_change_hold"),
        ("update contract set bank_name = '别的'", "contract_hold"),
    ] {
        let error = sqlx::query(sql).execute(&desk.test.admin).await.expect_err("a refusal");
        let refused = error.as_database_error().and_then(|error| error.constraint().map(ToOwned::to_owned));
        assert_eq!(refused.as_deref(), Some(constraint));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn telephone_and_residents_change_on_their_day() {
    let desk = desk().await;
    let phone = ChangeForm { phone: "13800009999".into(), ..asked(ChangeKind::Phone, 1) };
    let id = desk.ask(&phone).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Effective, "its day is today");
    assert_eq!(contract_get(&desk.entry, desk.contract).await.expect("it").phone_mask, "138****9999");
    // One that is to come waits for its day.
    let tomorrow = today().succ_opt().expect("a day");
    let fewer = ChangeForm {
        effective_on: tomorrow.to_string(),
        residents: vec![ResidentForm { person: desk.child.to_string(), relation: "CHILD".into() }],
        ..asked(ChangeKind::Residents, 2)
    };
    let id = change_create(&desk.entry, desk.contract, &fewer, false).await.expect("a draft");
    assert_eq!(desk.status(id).await, ChangeStatus::Draft);
    assert_eq!(change_submit(&desk.entry, id, 1).await.expect("submitted"), ChangeStatus::Pending);
    assert_eq!(failure(change_decide(&desk.approver, id, 2, false, " ").await), complaint("opinion", "请填写原因"));
    assert_eq!(desk.agree(id).await, ChangeStatus::Approved);
    assert_eq!(changes_apply(&desk.test.database, Utc::now()).await.expect("the day's work"), 0);
    let then = Utc::now() + chrono::TimeDelta::days(1);
    assert_eq!(changes_apply(&desk.test.database, then).await.expect("the day's work"), 1);
    assert_eq!(changes_apply(&desk.test.database, then).await.expect("once"), 0);
    let residents = contract_get(&desk.entry, desk.contract).await.expect("it").residents;
    assert_eq!(residents.iter().map(|resident| resident.person_id).collect::<Vec<_>>(), [desk.child]);
    // The same once more changes nothing; what nobody has agreed to is taken back.
    let same = ChangeForm { request: asked(ChangeKind::Residents, 3).request, ..fewer };
    let refused = change_create(&desk.entry, desk.contract, &same, true).await;
    assert_eq!(failure(refused), Failure::refused("内容与现合同相同，无需变更"));
    let id = desk.ask(&ChangeForm { phone: "13800008888".into(), ..asked(ChangeKind::Phone, 4) }).await;
    assert_eq!(change_withdraw(&desk.entry, id, 2).await.expect("taken back"), ChangeStatus::Withdrawn);
}

/// after a death one of the household goes on, with account, deposit and debts.
#[tokio::test(flavor = "multi_thread")]
async fn another_of_the_household_becomes_the_lessee() {
    let desk = desk().await;
    let before = contract_get(&desk.entry, desk.contract).await.expect("the contract");
    let money = account_get(&desk.approver, desk.account).await.expect("the account").row;
    let wanted = ChangeForm {
        person: desk.spouse.to_string(),
        ground: "DEATH".into(),
        bank_name: "新银行".into(),
        bank_no: NEW_BANK.into(),
        residents: vec![ResidentForm { person: desk.child.to_string(), relation: "CHILD".into() }],
        ..asked(ChangeKind::Lessee, 1)
    };
    let (entry, contract) = (desk.entry.clone(), desk.contract);
    let create = move |form: ChangeForm| {
        let entry = entry.clone();
        async move { failure(change_create(&entry, contract, &form, true).await) }
    };
    let stranger = tenant(&desk.test, 3).await;
    let strange = ChangeForm { person: stranger.to_string(), ..wanted.clone() };
    assert_eq!(create(strange).await, complaint("person", "新承租人须为合同登记的同住人"));
    let same = ChangeForm { person: before.person_id.to_string(), ..wanted.clone() };
    assert_eq!(create(same).await, complaint("person", "新承租人就是现承租人"));
    let stays = ResidentForm { person: before.person_id.to_string(), relation: "SPOUSE".into() };
    let ghost = ChangeForm { residents: vec![stays], ..wanted.clone() };
    assert_eq!(create(ghost).await, complaint("residents", "原承租人已不在此居住，请从同住人中移除"));
    let id = desk.ask(&wanted).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Approved);
    let (account, holder) = desk.answer(1, ContractAnswer::SUCCESS).await;
    assert_eq!((account.as_str(), holder.as_str()), (NEW_BANK, "测试租户1"));
    assert_eq!(desk.status(id).await, ChangeStatus::Effective);
    let after = contract_get(&desk.entry, desk.contract).await.expect("the contract");
    assert_eq!(
        (after.person_id, after.row.lessee.as_str(), after.bank_holder.as_str()),
        (desk.spouse, "测试租户1", "测试租户1")
    );
    assert_ne!(after.row.id_number_mask, before.row.id_number_mask);
    assert_eq!(after.residents.iter().map(|resident| resident.person_id).collect::<Vec<_>>(), [desk.child]);
    assert_eq!(after.row.contract_no, before.row.contract_no);
    let kept = account_get(&desk.approver, desk.account).await.expect("the account").row;
    assert_eq!((kept.person.as_str(), kept.balance, kept.deposit), ("测试租户1", money.balance, money.deposit));
    assert_eq!(kept.outstanding, money.outstanding, "what is owed is owed by who goes on");
    let owner: i64 = sqlx::query_scalar("select person_id from account where id = $1")
        .bind(desk.account.0)
        .fetch_one(&desk.test.admin)
        .await
        .expect("the account");
    assert_eq!(owner, desk.spouse.0);
}

/// C10: from the first day of a bill period that is not charged yet, and the plan follows.
#[tokio::test(flavor = "multi_thread")]
async fn another_cycle_begins_with_a_period() {
    let desk = desk().await;
    let next = month_of(today()).checked_add_months(Months::new(1)).expect("a month");
    let offer = change_offer(&desk.entry, desk.contract).await.expect("an offer");
    assert_eq!(offer.periods.first(), Some(&next), "this month is charged");
    let wanted = ChangeForm {
        pay_cycle: "QUARTER".into(),
        effective_on: next.succ_opt().expect("a day").to_string(),
        ..asked(ChangeKind::Cycle, 1)
    };
    let refused = change_create(&desk.entry, desk.contract, &wanted, true).await;
    assert_eq!(failure(refused), complaint("effective_on", NO_PERIOD));
    let wanted = ChangeForm { effective_on: next.to_string(), ..wanted };
    let id = desk.ask(&wanted).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Approved);
    let contract = contract_get(&desk.entry, desk.contract).await.expect("the contract");
    let months: Vec<u8> = contract.plan.iter().take(3).map(|bill| bill.months).collect();
    assert_eq!((months, contract.pay_cycle), (vec![1, 3, 3], PayCycle::Month));
    let then = next.and_time(chrono::NaiveTime::MIN).and_utc();
    assert_eq!(changes_apply(&desk.test.database, then).await.expect("the day's work"), 1);
    let later = user_ctx(&desk.test.database, UserRef::Login("entry"), then).await.expect("an account");
    assert_eq!(contract_get(&later, desk.contract).await.expect("it").pay_cycle, PayCycle::Quarter);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_term_changes_within_the_law_and_only_while_the_contract_runs() {
    let desk = desk().await;
    let contract = contract_get(&desk.entry, desk.contract).await.expect("the contract");
    let later = contract.row.end_on.succ_opt().expect("a day");
    let term = |day: NaiveDate, nth| ChangeForm { end_on: day.to_string(), ..asked(ChangeKind::Term, nth) };
    let refused = change_create(&desk.entry, desk.contract, &term(later, 1), true).await;
    assert_eq!(failure(refused), complaint("end_on", "租赁期限不得超过60个月"));
    // This month is charged to its end.
    let early =
        change_create(&desk.entry, desk.contract, &term(desk.last_charged().pred_opt().expect("a day"), 2), true).await;
    assert_eq!(failure(early), complaint("end_on", desk.too_early()));
    let shorter = contract.row.end_on.checked_sub_months(Months::new(12)).expect("a day");
    let id = desk.ask(&term(shorter, 3)).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Effective);
    assert_eq!(contract_get(&desk.entry, desk.contract).await.expect("it").row.end_on, shorter);
    // One that waits for its day lapses when the contract has ended by then.
    let tomorrow = today().succ_opt().expect("a day");
    let phone =
        ChangeForm { phone: "13800007777".into(), effective_on: tomorrow.to_string(), ..asked(ChangeKind::Phone, 4) };
    let id = desk.ask(&phone).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Approved);
    sqlx::query("update contract set status = 'TERMINATED', ended_on = current_date")
        .execute(&desk.test.admin)
        .await
        .expect("it ended");
    let then = Utc::now() + chrono::TimeDelta::days(1);
    assert_eq!(changes_apply(&desk.test.database, then).await.expect("the day's work"), 0);
    let lapsed = change_get(&desk.entry, id).await.expect("it is seen").row;
    assert_eq!((lapsed.status, lapsed.message.as_deref()), (ChangeStatus::Lapsed, Some(NOT_IN_FORCE)));
    assert_eq!(failure(change_offer(&desk.entry, desk.contract).await), Failure::refused(NOT_IN_FORCE));
}
