//! Letting a home: assignment by two people, contract under maker and checker, the bank's answer, and what follows.

use crate::support::{
    TestDatabase, city,
    tenancy::{self, active, approved, assigned, form, tenant, vacant},
};
use chrono::Utc;
use domain::{
    dictionary::{AssignmentStatus, BillKind, ContractStatus, UnitStatus},
    failure::{Failure, FieldErrors},
    id::ContractId,
    list::ListQuery,
    platform::setting::code,
    tenancy::{assignment::AssignmentForm, contract_form::ContractForm},
    value::Money,
};
use store::{
    billing::account::account_get,
    housing::unit::unit_get,
    platform::setting::setting_put,
    tenancy::{
        assignment::{
            assignment_create, assignment_decide, assignment_get, assignment_list, assignment_release,
            assignments_lapse,
        },
        contract::{
            SyncAnswer, contract_create, contract_decide, contract_delete, contract_get, contract_list, contract_offer,
            contract_sync_again, contract_synced, contract_update,
        },
        lease::unit_lease,
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

#[tokio::test(flavor = "multi_thread")]
async fn a_home_is_assigned_by_two_people_and_free_again_when_nobody_signs() {
    let test = TestDatabase::with_city().await;
    let (person, unit) = (tenant(&test, 0).await, vacant(&test, 0).await);
    let city = city::ctx(&test.database, "city").await;
    let wanted = AssignmentForm {
        person: person.to_string(),
        unit: unit.to_string(),
        reason: "特殊困难".into(),
        document_no: "住保〔2026〕1号".into(),
    };
    let id = assignment_create(&city, &wanted).await.expect("an assignment");
    assert_eq!(
        failure(
            assignment_create(&city, &AssignmentForm { person: tenant(&test, 1).await.to_string(), ..wanted.clone() })
                .await
        ),
        complaint("unit", "该房间已分配给他人，待复核或待签约")
    );
    assert_eq!(
        failure(assignment_create(&city, &AssignmentForm { unit: vacant(&test, 1).await.to_string(), ..wanted }).await),
        complaint("person", "该人员已有待复核或待签约的房源")
    );
    assert_eq!(refusal(assignment_decide(&city, id, 1, true, "").await), "不能复核本人经办的直接分配");
    let checker = city::ctx(&test.database, "district-a").await;
    assert!(assignment_get(&checker, id).await.expect("it is seen").decidable);
    assert_eq!(
        failure(assignment_decide(&city::ctx(&test.database, "district-b").await, id, 1, true, "").await),
        Failure::NotFound
    );
    assert_eq!(
        assignment_decide(&checker, id, 1, true, "").await.expect("it is confirmed"),
        AssignmentStatus::Confirmed
    );
    assert_eq!(unit_get(&city, unit).await.expect("the home").status, UnitStatus::Assigned);
    // Nobody signs: the day after the last one the home is free.
    let last = assignment_get(&city, id).await.expect("it is seen").expires_on.expect("a last day");
    let on = |days| store::ctx::china_midnight(last + chrono::Days::new(days)).expect("a day");
    assert_eq!(assignments_lapse(&test.database, on(0)).await.expect("nothing is due"), 0);
    assert_eq!(assignments_lapse(&test.database, on(1)).await.expect("one is due"), 1);
    assert_eq!(assignment_get(&city, id).await.expect("it is seen").status, AssignmentStatus::Lapsed);
    let unit = unit_get(&city, unit).await.expect("the home");
    assert_eq!((unit.status, unit.history[0].actor.as_deref()), (UnitStatus::Vacant, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_home_is_free_unless_a_contract_is_under_way() {
    let test = TestDatabase::with_city().await;
    let (person, unit) = (tenant(&test, 0).await, vacant(&test, 0).await);
    let id = assigned(&test, person, unit).await;
    let (city, entry) = (city::ctx(&test.database, "city").await, city::ctx(&test.database, "entry").await);
    let contract = contract_create(&entry, &form(id), false).await.expect("a contract");
    assert_eq!(refusal(assignment_release(&city, id, 2, "选错").await), "已录入合同，请先删除或作废合同");
    contract_delete(&entry, contract, 1).await.expect("a draft can be deleted");
    assert_eq!(failure(assignment_release(&city, id, 2, " ").await), complaint("opinion", "请填写原因"));
    assignment_release(&city, id, 2, "选错").await.expect("it is released");
    assert_eq!(unit_get(&city, unit).await.expect("the home").status, UnitStatus::Vacant);
    let query = ListQuery { filter: [("status".into(), "RELEASED".into())].into(), ..ListQuery::default() };
    assert_eq!(assignment_list(&city, &query).await.expect("a page").total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_goes_from_the_form_to_the_bank_and_into_force() {
    let test = TestDatabase::with_city().await;
    let (person, unit) = (tenant(&test, 0).await, vacant(&test, 0).await);
    let assignment = assigned(&test, person, unit).await;
    let entry = city::ctx(&test.database, "entry").await;
    let offer = contract_offer(&entry, assignment).await.expect("an offer");
    let assessed = offer.assessed.expect("a rent");
    assert_eq!(offer.deposit, Some(Money::from_fen(100_000)));
    setting_put(&test.database, code::DEPOSIT, "MONTHS/3").await.expect("another deposit");
    let offer = contract_offer(&entry, assignment).await.expect("an offer");
    assert_eq!(offer.deposit, Some(Money::from_fen(assessed.rent.fen() * 3)));
    let id = contract_create(&entry, &form(assignment), true).await.expect("a contract");
    let contract = contract_get(&entry, id).await.expect("it is there");
    assert_eq!((contract.row.status, contract.row.contract_no.as_deref()), (ContractStatus::Pending, None));
    assert_eq!((contract.row.monthly_rent, contract.plan.len()), (assessed.rent, 60));
    assert!(!contract.decidable, "nobody approves what he entered");
    let approver = city::ctx(&test.database, "approver").await;
    assert!(contract_get(&approver, id).await.expect("it is seen").decidable);
    let status = contract_decide(&approver, id, contract.row.version, true, "同意").await.expect("it is approved");
    assert_eq!(status, ContractStatus::ApprovedSyncing);
    let contract = contract_get(&entry, id).await.expect("it is there");
    let number = contract.row.contract_no.clone().expect("a number");
    assert!(number.starts_with("HT") && number.contains("810101") && number.len() == 18, "{number}");
    assert_eq!(contract.digest.as_ref().map(String::len), Some(64));
    // Twice told is once done.
    for _ in 0..2 {
        let answer = SyncAnswer::Known { agreement_no: Some("XY0001".into()) };
        let status = contract_synced(&test.database, &number, answer, Utc::now()).await.expect("the bank's answer");
        assert_eq!(status, ContractStatus::Active);
    }
    let city = city::ctx(&test.database, "city").await;
    let contract = contract_get(&city, id).await.expect("it is there");
    assert_eq!(contract.debit_agreement_no.as_deref(), Some("XY0001"));
    assert_eq!(unit_get(&city, unit).await.expect("the home").status, UnitStatus::Signed);
    assert_eq!(assignment_get(&city, assignment).await.expect("it is seen").status, AssignmentStatus::Signed);
    let account = account_get(&city, contract.account_id.expect("an account")).await.expect("it is seen");
    let kinds: Vec<_> = account.bills.iter().map(|bill| (bill.kind, bill.amount)).collect();
    assert_eq!(kinds, [(BillKind::Deposit, contract.deposit), (BillKind::Rent, contract.row.monthly_rent)]);
    let events: Vec<_> = contract.history.iter().rev().map(|line| line.event.as_str()).collect();
    assert_eq!(events, ["录入", "提交审批", "审批通过", "确认同步"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_what_he_wrote_and_nobody_changes_what_was_approved() {
    let test = TestDatabase::with_city().await;
    let assignment = assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await;
    let id = approved(&test, &form(assignment)).await;
    let entry = city::ctx(&test.database, "entry").await;
    let version = contract_get(&entry, id).await.expect("it is there").row.version;
    assert_eq!(refusal(contract_update(&entry, id, version, &form(assignment)).await), "合同已审批，不能修改或删除");
    assert_eq!(refusal(contract_delete(&entry, id, version).await), "合同已审批，不能修改或删除");
    // The database refuses as well, whoever asks.
    for change in [
        "update contract set monthly_rent_fen = 1, base_rent_fen = 1 where id = $1",
        "update contract set end_on = end_on + 1 where id = $1",
        "update contract set bank_holder = '他人' where id = $1",
        "update contract set checker_id = created_by where id = $1",
        "insert into contract_resident (contract_id, person_id, district_id, estate_id, name, relation)
         select id, person_id, district_id, estate_id, '他人', 'OTHER' from contract where id = $1",
    ] {
        let error = sqlx::query(change).bind(id.0).execute(&test.admin).await.expect_err(change).to_string();
        assert!(error.contains("合同已审批") || error.contains("contract_checker_check"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_says_to_whom_it_is_let() {
    let test = TestDatabase::with_city().await;
    let unit = vacant(&test, 0).await;
    let ask = async |login: &str| unit_lease(&city::ctx(&test.database, login).await, unit).await;
    assert_eq!(ask("finance").await.expect("an answer"), None);
    let assignment = assigned(&test, tenant(&test, 0).await, unit).await;
    let (id, account) = active(&test, &form(assignment)).await;
    let lease = ask("finance").await.expect("an answer").expect("a contract");
    assert_eq!((lease.contract, lease.status), (id, ContractStatus::Active));
    let books = lease.books.expect("finance knows the books");
    assert_eq!(books.account, account);
    sqlx::raw_sql("update arrears set periods = 2, consecutive = 2, amount_fen = 22360")
        .execute(&test.admin)
        .await
        .expect("behind");
    let behind = ask("finance").await.expect("an answer").expect("a contract").books.expect("the books");
    assert_eq!(behind.text(), "欠费2个月，共223.60元");
    assert_eq!(ask("district-b").await.expect("an answer"), None, "another district's");
    assert_eq!(failure(ask("admin").await), Failure::Forbidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_is_for_whom_it_is_for() {
    let test = TestDatabase::with_city().await;
    let assignment = assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await;
    let entry = city::ctx(&test.database, "entry").await;
    sqlx::raw_sql("update rent_standard set category = 'TALENT'").execute(&test.admin).await.expect("set");
    assert_eq!(
        failure(contract_create(&entry, &form(assignment), false).await),
        complaint("category", "该房源的租金标准适用于“引进人才”，与所选保障类别不一致")
    );
    let talent = ContractForm { category: "TALENT".into(), ..form(assignment) };
    contract_create(&entry, &talent, false).await.expect("a contract");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_contract_can_only_be_deleted() {
    let test = TestDatabase::with_city().await;
    let assignment = assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await;
    let entry = city::ctx(&test.database, "entry").await;
    let approver = city::ctx(&test.database, "approver").await;
    let id = contract_create(&entry, &form(assignment), true).await.expect("a contract");
    assert_eq!(failure(contract_decide(&approver, id, 2, false, "").await), complaint("opinion", "请填写原因"));
    contract_decide(&approver, id, 2, false, "押金有误").await.expect("it is refused");
    assert_eq!(refusal(contract_update(&entry, id, 3, &form(assignment)).await), "审批未通过的合同仅可删除");
    assert_eq!(refusal(contract_decide(&approver, id, 3, true, "").await), "合同状态为“审批不通过”，不能审批通过");
    contract_delete(&entry, id, 3).await.expect("it is deleted");
    contract_create(&entry, &form(assignment), false).await.expect("another one for the same home");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bank_is_told_three_times_and_then_somebody_looks() {
    let test = TestDatabase::with_city().await;
    let assignment = assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await;
    let id = approved(&test, &form(assignment)).await;
    let entry = city::ctx(&test.database, "entry").await;
    let number = contract_get(&entry, id).await.expect("it is there").row.contract_no.expect("a number");
    let mut states = Vec::new();
    for _ in 0..3 {
        let answer = SyncAnswer::Refused { message: "户名账号不符".into() };
        states.push(contract_synced(&test.database, &number, answer, Utc::now()).await.expect("an answer"));
    }
    assert_eq!(states, [ContractStatus::ApprovedSyncing, ContractStatus::ApprovedSyncing, ContractStatus::SyncFailed]);
    let contract = contract_get(&entry, id).await.expect("it is there");
    assert_eq!((contract.sync_tries, contract.row.sync_message.as_deref()), (3, Some("户名账号不符")));
    contract_sync_again(&entry, id, contract.row.version).await.expect("it is told again");
    assert_eq!(contract_get(&entry, id).await.expect("it is there").row.status, ContractStatus::ApprovedSyncing);
    assert_eq!(
        failure(contract_synced(&test.database, "HT0", SyncAnswer::Known { agreement_no: None }, Utc::now()).await),
        Failure::NotFound
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_against_a_contract_is_said_beside_its_field() {
    let test = TestDatabase::with_city().await;
    let (person, unit) = (tenant(&test, 0).await, vacant(&test, 0).await);
    let assignment = assigned(&test, person, unit).await;
    let entry = city::ctx(&test.database, "entry").await;
    let with = |change: &dyn Fn(&mut ContractForm)| {
        let mut form = form(assignment);
        change(&mut form);
        form
    };
    for (form, field, sentence) in [
        (with(&|form| form.reduction = "999999".into()), "reduction", "核减额不能大于核定租金"),
        (with(&|form| form.bank_holder = "他人".into()), "bank_holder", "代扣账户户名与承租人不一致"),
        (with(&|form| form.assignment = "999999".into()), "assignment", "请选择待签约的房源"),
        (with(&|form| form.end_on = "2099-12-31".into()), "end_on", "租赁期限不得超过60个月"),
    ] {
        assert_eq!(failure(contract_create(&entry, &form, true).await), complaint(field, sentence));
    }
    let without = with(&|form| form.explained_on.clear());
    let id = contract_create(&entry, &without, true).await.expect("a contract");
    let approver = city::ctx(&test.database, "approver").await;
    assert_eq!(refusal(contract_decide(&approver, id, 2, true, "").await), "尚未登记合同条款说明日期，不能审批通过");
    assert_eq!(
        failure(contract_create(&entry, &form(assignment), true).await),
        complaint("assignment", "承租人已有履行中的合同"),
        "also one that waits counts"
    );
    // A standard that changed between entry and approval is the approver's to see.
    let edited = with(&|form| form.remark = "补录".into());
    contract_update(&entry, id, 2, &edited).await.expect("it can be edited while it waits");
    sqlx::query("update rent_standard set unit_rate = unit_rate + 1000")
        .execute(&test.admin)
        .await
        .expect("a new rate");
    assert_eq!(refusal(contract_decide(&approver, id, 3, true, "").await), "月租金与核定租金不一致");
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_are_seen_where_the_home_lies() {
    let test = TestDatabase::with_city().await;
    let assignment = assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await;
    let (id, account) = active(&test, &form(assignment)).await;
    let everything = ListQuery::default();
    for (login, seen) in
        [("city", true), ("district-a", true), ("district-b", false), ("operator", false), ("finance", true)]
    {
        let ctx = city::ctx(&test.database, login).await;
        let page = contract_list(&ctx, &everything).await.expect("a page");
        assert_eq!(page.total, i64::from(seen), "{login}");
        assert_eq!(contract_get(&ctx, id).await.is_ok(), seen, "{login}");
        assert_eq!(account_get(&ctx, account).await.is_ok(), seen, "{login}");
    }
    let outsider = city::ctx(&test.database, "admin").await;
    assert_eq!(failure(contract_list(&outsider, &everything).await), Failure::Forbidden);
    assert_eq!(failure(contract_get(&outsider, ContractId(id.0)).await), Failure::Forbidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_a_contract_are_sealed() {
    let test = TestDatabase::with_city().await;
    let assignment = assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await;
    approved(&test, &form(assignment)).await;
    let text: String = sqlx::query_scalar("select string_agg(t::text, '') from contract t")
        .fetch_one(&test.admin)
        .await
        .expect("the rows");
    for number in [tenancy::BANK, "810101199003070017", "13800001200"] {
        assert!(!text.contains(number) && !text.contains(&hex(number)), "{number}");
    }
}

/// As a dump would print the bytes of a text.
fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
