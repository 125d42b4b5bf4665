//! Two records of one human who lives, belongs and pays once (S1-5.4), and what stands against making them one.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use domain::{
    failure::Failure,
    id::PersonId,
    person::merge::MergeForm,
    tenancy::change::{ChangeForm, ChangeKind},
};
use store::{
    Ctx,
    person::{person_delete, person_get, person_merge},
    tenancy::change::{change_create, change_get, change_withdraw},
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

async fn merge_form(ctx: &Ctx, survivor: PersonId, merged: PersonId) -> MergeForm {
    MergeForm {
        survivor: survivor.0,
        survivor_version: person_get(ctx, survivor).await.expect("a person").version,
        merged: merged.0,
        merged_version: person_get(ctx, merged).await.expect("a person").version,
        taken: Vec::new(),
        reason: "同一人两次登记".into(),
    }
}

async fn number(test: &TestDatabase, sql: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&test.admin).await.expect(sql)
}

/// Both records in one room and in one household, each with an account of the home.
async fn twice(test: &TestDatabase, kept: PersonId, double: PersonId) {
    let sql = format!(
        "insert into binding (district_id, estate_id, unit_id, room_id, person_id, person_name, relation, from_on)
         select c.district_id, c.estate_id, c.unit_id, (select min(r.id) from room r where r.unit_id = c.unit_id), p.id, p.name,
             case when p.id = {double} then 'LESSEE' else 'CO_RESIDENT' end, '2026-01-01'
         from contract c, person p where c.person_id = {kept} and p.id in ({kept}, {double});
         insert into household (household_no, organization_id, district_id, head_id, size, category, annual_income_fen)
         select 'JT-D', organization_id, district_id, id, 2, 'LOWINC', 0 from person where id = {double};
         insert into household_member (household_id, person_id, person_name, relation, joined_on)
         select h.id, p.id, p.name, case when p.id = {double} then 'SELF' else 'SIBLING' end, '2026-01-01'
         from household h, person p where p.id in ({kept}, {double});
         insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
         select district_id, estate_id, building_id, unit_id, {double}, '2026-01-01' from account where person_id = {kept}"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&test.admin).await.expect("two records");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_both_say_is_said_once() {
    let test = TestDatabase::with_city().await;
    let (kept, double) = (tenant(&test, 0).await, tenant(&test, 1).await);
    let (contract, account) = active(&test, &form(assigned(&test, kept, vacant(&test, 0).await).await)).await;
    twice(&test, kept, double).await;
    let city = city::ctx(&test.database, "city").await;
    // As long as a change names the record that is given up, it stays.
    let entry = city::ctx(&test.database, "entry").await;
    let wanted = ChangeForm {
        request: "00000000-0000-4000-8000-000000000001".into(),
        kind: ChangeKind::Residents.code().into(),
        effective_on: entry.today().to_string(),
        reason: "测试".into(),
        residents: vec![domain::tenancy::contract_form::ResidentForm {
            person: double.to_string(),
            relation: "SIBLING".into(),
        }],
        ..ChangeForm::default()
    };
    let change = change_create(&entry, contract, &wanted, true).await.expect("a change");
    let refused = person_merge(&city, &merge_form(&city, kept, double).await).await;
    assert_eq!(failure(refused), Failure::refused("被合并的记录有办理中的合同变更，不能合并"));
    let version = change_get(&entry, change).await.expect("it").row.version;
    change_withdraw(&entry, change, version).await.expect("taken back");
    person_merge(&city, &merge_form(&city, kept, double).await).await.expect("merged");
    let lives =
        format!("select count(*) from binding where to_on is null and relation = 'LESSEE' and person_id = {kept}");
    assert_eq!(number(&test, &lives).await, 1);
    assert_eq!(number(&test, "select count(*) from binding where to_on is null").await, 1);
    let belongs = format!(
        "select count(*) from household_member where left_on is null and relation = 'SELF' and person_id = {kept}"
    );
    assert_eq!(number(&test, &belongs).await, 1);
    assert_eq!(number(&test, "select count(*) from household_member where left_on is null").await, 1);
    assert_eq!(number(&test, "select size::bigint from household").await, 1);
    let open: Vec<i64> = sqlx::query_scalar("select id from account where status = 'ON'")
        .fetch_all(&test.admin)
        .await
        .expect("accounts");
    assert_eq!(open, [account.0], "the one that nothing was left on is closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_money_on_it_stands_against_it() {
    let test = TestDatabase::with_city().await;
    let (kept, double) = (tenant(&test, 0).await, tenant(&test, 1).await);
    active(&test, &form(assigned(&test, kept, vacant(&test, 0).await).await)).await;
    twice(&test, kept, double).await;
    let paid = format!(
        "insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason)
         select district_id, estate_id, id, current_date, 'CASH', 'BALANCE', 'RENT', 100, '测试' from account where person_id = {double}"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(paid)).execute(&test.admin).await.expect("money");
    let city = city::ctx(&test.database, "city").await;
    let refused = person_merge(&city, &merge_form(&city, kept, double).await).await;
    assert_eq!(failure(refused), Failure::refused("两条记录在同一房屋均有未结清的租金账户，不能合并"));
    assert_eq!(number(&test, "select count(*) from binding where to_on is null").await, 2, "all of it was undone");
}

/// §0.5 rule 4: what had no effect binds nobody.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_only_proposed_can_be_deleted() {
    let test = TestDatabase::with_city().await;
    let person = tenant(&test, 0).await;
    let assignment = assigned(&test, person, vacant(&test, 0).await).await;
    let city = city::ctx(&test.database, "city").await;
    let version = person_get(&city, person).await.expect("a person").version;
    let refused = person_delete(&city, person, version, "误录此人").await;
    assert_eq!(failure(refused), Failure::refused("该人员已有直接分配，不能删除"));
    store::tenancy::assignment::assignment_release(&city, assignment, 2, "不再需要").await.expect("released");
    person_delete(&city, person, version, "误录此人").await.expect("deleted");
}
