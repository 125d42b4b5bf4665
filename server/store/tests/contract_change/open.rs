//! What stands in each other's way: renewals, exits, and changes that somebody gives up.

use super::desk::{NEW_BANK, asked, desk, failure};
use crate::support::{self, city};
use chrono::Utc;
use domain::{
    failure::Failure,
    platform::setting::code,
    tenancy::{
        change::{CHANGE_BEFORE_RENEWAL, ChangeForm, ChangeKind, ChangeStatus, RENEWAL_IS_OPEN},
        contract_form::{ContractForm, ResidentForm},
    },
};
use store::{
    billing::bank::contract_file::{ContractAnswer, contract_file_next},
    platform::setting::setting_put,
    tenancy::{
        change::{change_create, change_decide, change_get, change_revoke, change_withdraw, changes_apply},
        contract::{contract_get, contract_renew, contract_renewal_offer},
    },
};

fn account(nth: u32) -> ChangeForm {
    ChangeForm { bank_name: "新银行".into(), bank_no: NEW_BANK.into(), ..asked(ChangeKind::Account, nth) }
}

/// The contract that follows has lessee, account and last day as they were when it was entered: neither is begun while the other
/// is under way, and what slipped through is not agreed to.
#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_renewed_or_changed() {
    let desk = desk().await;
    setting_put(&desk.test.database, code::RENEWAL_WINDOW, "1830/0").await.expect("a parameter");
    let offer = contract_renewal_offer(&desk.entry, desk.contract).await.expect("an offer").form();
    let renewal = ContractForm { explained_on: offer.sign_on.clone(), ..offer };
    let shorter = contract_get(&desk.entry, desk.contract).await.expect("it").row.end_on.pred_opt().expect("a day");
    let term = ChangeForm { end_on: shorter.to_string(), ..asked(ChangeKind::Term, 1) };
    let id = desk.ask(&term).await;
    let refused = contract_renew(&desk.entry, desk.contract, &renewal, true).await;
    assert_eq!(failure(refused), Failure::refused(CHANGE_BEFORE_RENEWAL));
    change_withdraw(&desk.entry, id, 2).await.expect("taken back");
    contract_renew(&desk.entry, desk.contract, &renewal, true).await.expect("a renewal");
    let lessee = ChangeForm {
        person: desk.spouse.to_string(),
        ground: "DEATH".into(),
        residents: vec![ResidentForm { person: desk.child.to_string(), relation: "CHILD".into() }],
        kind: ChangeKind::Lessee.code().into(),
        ..account(2)
    };
    let phone = ChangeForm { phone: "13800009999".into(), ..asked(ChangeKind::Phone, 3) };
    for form in [&lessee, &account(4), &phone, &ChangeForm { request: asked(ChangeKind::Term, 5).request, ..term }] {
        let refused = change_create(&desk.entry, desk.contract, form, true).await;
        assert_eq!(failure(refused), Failure::refused(RENEWAL_IS_OPEN), "{}", form.kind);
    }
    // As if it had been asked for in the same moment.
    desk.execute("update contract_change set status = 'PENDING'").await;
    let refused = change_decide(&desk.approver, id, 3, true, "").await;
    assert_eq!(failure(refused), Failure::refused(RENEWAL_IS_OPEN));
    desk.execute("update contract_change set status = 'APPROVED', checker_id = 1, checked_at = now()").await;
    assert_eq!(changes_apply(&desk.test.database, Utc::now()).await.expect("the day's work"), 0);
    assert_eq!(desk.status(id).await, ChangeStatus::Lapsed);
}

/// While the contract is being left nobody takes the lessee's place; the bank's answer waits until it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_leaving_keeps_his_place_and_pays_from_another_account() {
    let desk = desk().await;
    let wanted = ChangeForm {
        person: desk.spouse.to_string(),
        ground: "DIVORCE".into(),
        kind: ChangeKind::Lessee.code().into(),
        ..account(1)
    };
    let id = desk.ask(&wanted).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Approved);
    let file = contract_file_next(&desk.test.database, Utc::now()).await.expect("asked").expect("a file");
    assert_eq!(file.lines[0].account_no, NEW_BANK);
    desk.execute("update contract set status = 'CANCEL_PENDING'").await;
    assert_eq!(changes_apply(&desk.test.database, Utc::now()).await.expect("the day's work"), 0);
    desk.answer(1, ContractAnswer::SUCCESS).await;
    assert_eq!(desk.status(id).await, ChangeStatus::Approved, "it waits");
    desk.execute("update contract set status = 'ACTIVE'").await;
    desk.answer(20, ContractAnswer::SUCCESS).await;
    assert_eq!(desk.status(id).await, ChangeStatus::Effective);
    // Whoever leaves may still pay from another account.
    let id = desk.ask(&ChangeForm { bank_no: support::tenancy::BANK.into(), ..account(2) }).await;
    desk.agree(id).await;
    desk.execute("update contract set status = 'CANCEL_PENDING'").await;
    desk.answer(40, ContractAnswer::SUCCESS).await;
    assert_eq!(desk.status(id).await, ChangeStatus::Effective);
}

/// A wrong account is given up by another than who entered it: the next change may be asked for, and the bank, which may know the
/// wrong one, is told the right one again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_agreed_to_can_be_given_up() {
    let desk = desk().await;
    let id = desk.ask(&account(1)).await;
    desk.agree(id).await;
    desk.answer(1, "ACCOUNT_UNKNOWN").await;
    let file = contract_file_next(&desk.test.database, Utc::now() + chrono::TimeDelta::hours(1)).await.expect("asked");
    assert_eq!(file.map(|file| file.lines[0].account_no.clone()).as_deref(), Some(NEW_BANK), "nobody has answered yet");
    let seen = change_get(&desk.approver, id).await.expect("it is seen").row;
    assert!(seen.revocable && !seen.decidable);
    assert_eq!(failure(change_revoke(&desk.entry, id, seen.version, "账号有误").await), Failure::Forbidden);
    assert!(change_revoke(&desk.approver, id, seen.version, " ").await.is_err(), "why?");
    let status = change_revoke(&desk.approver, id, seen.version, "账号有误").await.expect("given up");
    let row = change_get(&desk.entry, id).await.expect("it is seen").row;
    assert_eq!((status, row.message.as_deref()), (ChangeStatus::Lapsed, Some("已撤销：账号有误")));
    let (account_no, holder) = desk.answer(100, ContractAnswer::SUCCESS).await;
    assert_eq!((account_no.as_str(), holder.as_str()), (support::tenancy::BANK, "测试租户0"));
    let late = Utc::now() + chrono::TimeDelta::days(2);
    assert!(
        contract_file_next(&desk.test.database, late).await.expect("asked").is_none(),
        "once it knows, it is told no more"
    );
    let phone = ChangeForm { phone: "13800008888".into(), ..asked(ChangeKind::Phone, 2) };
    let id = desk.ask(&phone).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Effective);
    // A draft of somebody who has left is put aside by the approver.
    let draft = ChangeForm { phone: "13800007777".into(), ..asked(ChangeKind::Phone, 3) };
    let id = change_create(&desk.entry, desk.contract, &draft, false).await.expect("a draft");
    assert!(change_get(&desk.approver, id).await.expect("it").row.refusable);
    let status = change_decide(&desk.approver, id, 1, false, "经办人已离职").await.expect("put aside");
    assert_eq!(status, ChangeStatus::Refused);
}

/// A cycle from which bills follow cannot be given up any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_with_bills_is_not_given_up() {
    let desk = desk().await;
    let next = super::desk::month_ahead(1);
    let quarter =
        ChangeForm { pay_cycle: "QUARTER".into(), effective_on: next.to_string(), ..asked(ChangeKind::Cycle, 1) };
    let id = desk.ask(&quarter).await;
    desk.agree(id).await;
    desk.run(next).await;
    let version = change_get(&desk.approver, id).await.expect("it").row.version;
    let refused = change_revoke(&desk.approver, id, version, "改回").await;
    assert_eq!(failure(refused), Failure::refused("已按新的缴费周期生成账单，不能撤销"));
}

/// The new number is that of the person, by which he is called; who is named no more has left his room.
#[tokio::test(flavor = "multi_thread")]
async fn person_and_room_follow_the_contract() {
    let desk = desk().await;
    desk.execute(&format!(
        "insert into binding (district_id, estate_id, unit_id, room_id, person_id, person_name, relation, from_on, contract_id)
         select c.district_id, c.estate_id, c.unit_id, (select min(id) from room r where r.unit_id = c.unit_id), p.id, p.name,
             case when p.id = c.person_id then 'LESSEE' else 'CO_RESIDENT' end, current_date, c.id
         from contract c join person p on p.id in (c.person_id, {})",
        desk.child
    ))
    .await;
    let id = desk.ask(&ChangeForm { phone: "13800009999".into(), ..asked(ChangeKind::Phone, 1) }).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Effective);
    let masked =
        "select count(*) from person p join contract c on c.person_id = p.id where p.phone_mask = '138****9999'";
    assert_eq!(desk.number(masked).await, 1);
    let city = city::ctx(&desk.test.database, "city").await;
    let found = store::person::person_find(&city, "13800009999").await.expect("a search");
    assert_eq!(found.len(), 1, "he is found by it");
    let spouse = ResidentForm { person: desk.spouse.to_string(), relation: "SPOUSE".into() };
    let id = desk.ask(&ChangeForm { residents: vec![spouse], ..asked(ChangeKind::Residents, 2) }).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Effective);
    assert_eq!(desk.number("select count(*) from binding where to_on is null").await, 1);
    // After a death the room is the successor's.
    let death =
        ChangeForm { person: desk.spouse.to_string(), ground: "DEATH".into(), kind: "LESSEE".into(), ..account(3) };
    let id = desk.ask(&death).await;
    desk.agree(id).await;
    desk.answer(1, ContractAnswer::SUCCESS).await;
    assert_eq!(desk.status(id).await, ChangeStatus::Effective);
    let lessee = "select person_id from binding where to_on is null and relation = 'LESSEE'";
    assert_eq!(desk.number(lessee).await, desk.spouse.0);
}
