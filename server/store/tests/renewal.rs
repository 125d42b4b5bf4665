//! The contract that follows another (C9): entered from it, in force when its own term begins, with the account, the deposit
//! and the people of the one before.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::{ContractStatus, UnitStatus},
    failure::{Failure, FieldErrors},
    list::ListQuery,
    platform::setting::code,
    tenancy::{contract_difference::differences, contract_form::ContractForm},
};
use store::{
    billing::{bank::contract_file::contract_file_next, bill::bill_list},
    housing::unit::unit_get,
    platform::setting::setting_put,
    tenancy::contract::{
        SyncAnswer, contract_decide, contract_get, contract_renew, contract_renewal_offer, contract_synced,
        contract_update, contracts_expire,
    },
};

/// Renewals have their whole term for it.
async fn any_time(test: &TestDatabase) {
    setting_put(&test.database, code::RENEWAL_WINDOW, "1830/0").await.expect("a parameter");
}

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_goes_on_under_a_new_contract() {
    let test = TestDatabase::with_city().await;
    let unit = vacant(&test, 0).await;
    let assignment = assigned(&test, tenant(&test, 0).await, unit).await;
    let (first, account) = active(&test, &form(assignment)).await;
    let (entry, approver) = (city::ctx(&test.database, "entry").await, city::ctx(&test.database, "approver").await);
    // Five years before its end (PRM-31).
    let early = failure(contract_renewal_offer(&entry, first).await).to_string();
    assert!(early.starts_with("续签须在合同到期前180天内办理，即"), "{early}");
    any_time(&test).await;
    let finance = city::ctx(&test.database, "finance").await;
    let before = contract_get(&entry, first).await.expect("the contract");
    assert_eq!(failure(contract_renewal_offer(&approver, first).await), Failure::Forbidden);
    let offer = contract_renewal_offer(&entry, first).await.expect("an offer");
    let proposed = offer.form();
    let start = before.row.end_on.succ_opt().expect("a day");
    assert_eq!((proposed.start_on.as_str(), proposed.assignment.as_str()), (start.to_string().as_str(), ""));
    let wanted = ContractForm { explained_on: proposed.sign_on.clone(), deposit: "1200".into(), ..proposed };
    let early = ContractForm { start_on: before.row.end_on.to_string(), end_on: start.to_string(), ..wanted.clone() };
    let sentence = format!("续签合同须自原合同到期次日{start}开始");
    let complaint: Failure = FieldErrors::from(("start_on", sentence.as_str())).into();
    assert_eq!(failure(contract_renew(&entry, first, &early, true).await), complaint);
    let second = contract_renew(&entry, first, &wanted, true).await.expect("a renewal");
    let complaint: Failure = FieldErrors::from(("assignment", "该房间已有待审批的合同")).into();
    assert_eq!(failure(contract_renew(&entry, first, &wanted, true).await), complaint);
    let new = contract_get(&entry, second).await.expect("the renewal");
    assert_eq!(new.previous.as_ref().map(|(id, _)| *id), Some(first));
    // What its approver reads (S1-5.6).
    let held = new.before.as_ref().expect("the one before");
    let found = differences(held, &new.compared(), |item| item.label.to_owned());
    let told: Vec<_> = found.iter().map(|one| (one.label, one.before.as_str(), one.now.as_str())).collect();
    assert_eq!(
        (told.len(), told[2]),
        (3, ("押金(元)", "1,000.00", "1,200.00")),
        "both ends of the term, and the deposit: {told:?}"
    );
    assert!(before.before.is_none(), "the first follows none");
    assert_eq!((new.bank_no_mask.as_str(), new.row.status), (before.bank_no_mask.as_str(), ContractStatus::Pending));
    contract_decide(&approver, second, new.row.version, true, "").await.expect("it is approved");

    // The bank hears of it when its term begins; until then the first one is in force.
    let now = Utc::now();
    assert!(contract_file_next(&test.database, now).await.expect("asked").is_none(), "not yet");
    let later: DateTime<Utc> = store::ctx::china_midnight(start).expect("a moment");
    assert_eq!(contracts_expire(&test.database, later).await.expect("looked"), 1);
    let file = contract_file_next(&test.database, later).await.expect("asked").expect("a file");
    let number = file.lines[0].contract_no.clone();
    let deposits = || async {
        let bills = bill_list(&finance, &ListQuery::from_params([("fee_item", "DEPOSIT")])).await.expect("bills");
        bills.rows.iter().map(|row| row.amount.fen()).collect::<Vec<_>>()
    };
    assert_eq!(deposits().await, [100_000]);
    // What was taken off of its rent was agreed to for three months behind its term.
    let reduced = "insert into rent_reduction (district_id, estate_id, request_id, contract_id, category, percent, standard_area, from_on,
                                               to_on, doc_no, full_fen, payable_fen, status, maker_id, checker_id, checked_at)
                   select district_id, estate_id, gen_random_uuid(), id, 'DIBAO', 10, 5000, (end_on + 1 - interval '1 month')::date,
                          (end_on + 1 + interval '3 months')::date - 1, 'x', 100, 10, 'APPROVED', 1, 2, now()
                   from contract where id = $1";
    sqlx::query(reduced).bind(first.0).execute(&test.admin).await.expect("it is reduced");
    let answer = SyncAnswer::Known { agreement_no: None };
    assert_eq!(contract_synced(&test.database, &number, answer, later).await.expect("read"), ContractStatus::Active);
    let (old, new) = (contract_get(&entry, first).await.expect("it"), contract_get(&entry, second).await.expect("it"));
    assert_eq!((old.row.status, old.ended_on), (ContractStatus::Renewed, Some(before.row.end_on)));
    assert_eq!((new.row.status, new.account_id), (ContractStatus::Active, Some(account)), "the account goes on");
    let goes_on: bool = sqlx::query_scalar(
        "select d.from_on = c.start_on and d.to_on = (c.start_on + interval '3 months')::date - 1 and d.status = 'APPROVED'
         from rent_reduction d join contract c on c.id = d.contract_id where c.id = $1",
    )
    .bind(second.0)
    .fetch_one(&test.admin)
    .await
    .expect("the rest of the reduction");
    assert!(goes_on, "what was agreed to holds under the new contract");
    let mut asked = deposits().await;
    asked.sort_unstable();
    assert_eq!(asked, [20_000, 100_000], "only what is missing is asked for");
    assert_eq!(unit_get(&entry, unit).await.expect("the home").status, UnitStatus::Signed, "the home stays as it is");
    assert_eq!(failure(contract_renewal_offer(&entry, first).await), Failure::refused("合同状态为“已续签”，不能续签"));
}

/// A renewal is changed like any other contract, and follows the one before until it is approved.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_renewal_still_follows() {
    let test = TestDatabase::with_city().await;
    any_time(&test).await;
    let assignment = assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await;
    let (first, _) = active(&test, &form(assignment)).await;
    let (entry, approver) = (city::ctx(&test.database, "entry").await, city::ctx(&test.database, "approver").await);
    let offer = contract_renewal_offer(&entry, first).await.expect("an offer");
    let (end, wanted) = (offer.contract.row.end_on, offer.form());
    let wanted = ContractForm { explained_on: wanted.sign_on.clone(), ..wanted };
    let second = contract_renew(&entry, first, &wanted, true).await.expect("a renewal");
    let sentence = format!("续签合同须自原合同到期次日{}开始", end.succ_opt().expect("a day"));

    let new = contract_get(&entry, second).await.expect("it");
    let kept = ContractForm { deposit: "1100".into(), ..new.form() };
    contract_update(&entry, second, new.row.version, &kept).await.expect("it is changed");
    let new = contract_get(&entry, second).await.expect("it");
    let shorter = new.row.end_on.pred_opt().expect("a day").to_string();
    let double = ContractForm { start_on: end.to_string(), end_on: shorter, ..new.form() };
    let complaint: Failure = FieldErrors::from(("start_on", sentence.as_str())).into();
    assert_eq!(failure(contract_update(&entry, second, new.row.version, &double).await), complaint);

    // However it came about: nobody pays twice for a day.
    let moved = "update contract set start_on = start_on - 1, rent_start_on = rent_start_on - 1, sign_on = sign_on - 1 where id = $1";
    sqlx::query(moved).bind(second.0).execute(&test.admin).await.expect("moved");
    let decide = contract_decide(&approver, second, new.row.version, true, "").await;
    assert_eq!(failure(decide), Failure::refused(sentence));
}
