//! Households (E-05): everybody belongs to one in the whole city, their size says which homes they may have (PRM-21), and
//! what hangs on a person's record keeps it and goes with it (S1-5.4).

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use domain::{
    dictionary::{ContractStatus, LayoutType, Relation},
    failure::{Failure, FieldErrors},
    id::{HouseholdId, PersonId, UnitId},
    list::ListQuery,
    person::{
        PersonForm,
        household::{HouseholdForm, MemberForm},
        merge::MergeForm,
    },
    tenancy::{assignment::AssignmentForm, binding::BindingForm, contract_form::ContractForm},
};
use store::{
    Ctx,
    person::{
        household::{household_close, household_create, household_get, household_list, household_update},
        person_create, person_delete, person_get, person_merge, person_update,
    },
    platform::setting::setting_put,
    tenancy::{
        assignment::{assignment_create, assignment_decide, assignment_list},
        binding::{binding_create, resident_list},
        contract::{contract_create, contract_get},
    },
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn field(name: &str, sentence: &str) -> Failure {
    FieldErrors::from((name, sentence)).into()
}

fn of(head: PersonId, members: &[(PersonId, &str)]) -> HouseholdForm {
    HouseholdForm {
        head: head.to_string(),
        members: members
            .iter()
            .map(|(person, relation)| MemberForm { person: person.to_string(), relation: (*relation).into() })
            .collect(),
        category: "LOWINC".into(),
        special_tags: vec!["DISABLED".into()],
        annual_income: "31200".into(),
        ..HouseholdForm::default()
    }
}

async fn clerk(test: &TestDatabase) -> Ctx {
    city::ctx(&test.database, "entry").await
}

/// The members of a household: who, as what, and whether he belongs to it now.
async fn members(ctx: &Ctx, id: HouseholdId) -> Vec<(PersonId, Relation, bool)> {
    let household = household_get(ctx, id).await.expect("a household");
    household.members.iter().map(|member| (member.person_id, member.relation, member.left_on.is_none())).collect()
}

async fn version(ctx: &Ctx, id: HouseholdId) -> i32 {
    household_get(ctx, id).await.expect("a household").version
}

#[tokio::test]
async fn who_belongs_together() {
    let test = TestDatabase::with_city().await;
    let ctx = clerk(&test).await;
    let (a, b, c) = (tenant(&test, 0).await, tenant(&test, 1).await, tenant(&test, 2).await);
    let id = household_create(&ctx, &of(a, &[(b, "SPOUSE")])).await.expect("a household");
    let household = household_get(&ctx, id).await.expect("it is there");
    let year = ctx.today().format("%Y").to_string();
    assert_eq!(household.row.household_no, format!("JT{year}000001"));
    assert_eq!((household.row.size, household.row.income_per_head().to_string()), (2, "1,300.00".to_owned()));
    assert_eq!(members(&ctx, id).await, [(a, Relation::Oneself, true), (b, Relation::Spouse, true)]);
    // Nobody belongs to two, be it as the head or as a member.
    assert_eq!(failure(household_create(&ctx, &of(b, &[])).await), field("head", "测试租户1已属于其他家庭"));
    assert_eq!(
        failure(household_create(&ctx, &of(c, &[(a, "PARENT")])).await),
        field("members", "测试租户0已属于其他家庭")
    );
    // One comes, one leaves, and the head is another.
    let changed = HouseholdForm { annual_income: "36000".into(), ..of(b, &[(a, "SPOUSE"), (c, "CHILD")]) };
    household_update(&ctx, id, 1, &changed).await.expect("changed");
    assert_eq!(failure(household_update(&ctx, id, 1, &changed).await), Failure::Conflict);
    assert_eq!(
        members(&ctx, id).await,
        [(b, Relation::Oneself, true), (a, Relation::Spouse, true), (c, Relation::Child, true)]
    );
    household_update(&ctx, id, 2, &of(b, &[])).await.expect("changed");
    let now = members(&ctx, id).await;
    assert_eq!(now[0], (b, Relation::Oneself, true));
    assert!(now[1..].iter().all(|(_, _, belongs)| !belongs), "who left stays in the record");
    let household = household_get(&ctx, id).await.expect("it is there");
    assert_eq!((household.row.size, household.history.len()), (1, 3));
    let change = &household.history[0].changes[0];
    assert_eq!(
        (change.field.as_str(), change.before.as_str(), change.after.as_str()),
        ("家庭成员", "测试租户1（本人）、测试租户0（配偶）、测试租户2（子女）", "测试租户1（本人）")
    );
    household_create(&ctx, &of(a, &[(c, "CHILD")])).await.expect("who left can belong to another");
}

#[tokio::test]
async fn a_closed_household_lets_everybody_go() {
    let test = TestDatabase::with_city().await;
    let ctx = clerk(&test).await;
    let (a, b) = (tenant(&test, 0).await, tenant(&test, 1).await);
    let id = household_create(&ctx, &of(a, &[(b, "SPOUSE")])).await.expect("a household");
    assert_eq!(failure(household_close(&ctx, id, 1, " ").await), field("reason", "请填写原因，4至200字"));
    assert_eq!(failure(household_close(&ctx, id, 7, "两人离婚").await), Failure::Conflict);
    household_close(&ctx, id, 1, "两人离婚").await.expect("closed");
    let closed = Failure::refused("家庭已销户，不能修改");
    assert_eq!(failure(household_close(&ctx, id, 2, "两人离婚").await), closed);
    assert_eq!(failure(household_update(&ctx, id, 2, &of(a, &[])).await), closed);
    household_create(&ctx, &of(a, &[])).await.expect("his own");
    household_create(&ctx, &of(b, &[])).await.expect("her own");
    let asked = |filters: &[(&str, &str)]| ListQuery::from_params(filters.iter().copied());
    for (filters, total) in [
        (&[][..], 3),
        (&[("state", "OPEN")], 2),
        (&[("state", "CLOSED")], 1),
        (&[("tag", "DISABLED")], 3),
        (&[("tag", "HERO")], 0),
        (&[("category", "DIBAO")], 0),
        (&[("q", "测试租户1")], 1),
    ] {
        assert_eq!(household_list(&ctx, &asked(filters)).await.expect("a list").total, total, "{filters:?}");
    }
    let person = b.to_string();
    assert_eq!(household_list(&ctx, &asked(&[("person", &person)])).await.expect("a list").total, 2);
}

#[tokio::test]
async fn a_household_is_seen_by_who_sees_its_head() {
    let test = TestDatabase::with_city().await;
    let ctx = clerk(&test).await;
    let (a, b) = (tenant(&test, 0).await, tenant(&test, 1).await);
    let id = household_create(&ctx, &of(a, &[])).await.expect("a household");
    for (login, sees) in
        [("city", true), ("district-a", true), ("auditor", true), ("district-b", false), ("operator", false)]
    {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(household_get(&ctx, id).await.is_ok(), sees, "{login}");
        let total = household_list(&ctx, &ListQuery::default()).await.expect("a list").total;
        assert_eq!(total, i64::from(sees), "{login}");
    }
    for login in ["finance", "leader", "cashier"] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(failure(household_get(&ctx, id).await), Failure::Forbidden, "{login}");
    }
    let district = city::ctx(&test.database, "district-a").await;
    assert_eq!(failure(household_create(&district, &of(b, &[])).await), Failure::Forbidden);
    // Who is not in sight cannot be put into a household.
    let operator: i64 =
        sqlx::query_scalar("select id from organization where code = 'OP1'").fetch_one(&test.admin).await.expect("OP1");
    let city = city::ctx(&test.database, "city").await;
    let far = PersonForm {
        name: "远方人".into(),
        person_type: "TENANT".into(),
        organization: operator.to_string(),
        id_type: "PASSPORT".into(),
        id_number: "F0000001".into(),
        phone: "13800008888".into(),
        ..PersonForm::default()
    };
    let far = person_create(&city, &far).await.expect("a person");
    assert_eq!(
        failure(household_create(&ctx, &of(b, &[(far, "CHILD")])).await),
        field("members", "人员不存在，或不在您的管辖范围内")
    );
    // The head goes to another keeper, and the household with him.
    let moved = PersonForm {
        organization: operator.to_string(),
        ..PersonForm::from(&person_get(&city, a).await.expect("him"))
    };
    person_update(&city, a, 1, &moved).await.expect("moved");
    assert_eq!(failure(household_get(&ctx, id).await), Failure::NotFound);
    let keeper = city::ctx(&test.database, "operator").await;
    assert!(household_get(&keeper, id).await.is_ok());
}

async fn layout(test: &TestDatabase, unit: UnitId, layout: LayoutType) {
    sqlx::query("update unit set layout = $2 where id = $1")
        .bind(unit.0)
        .bind(layout.code())
        .execute(&test.admin)
        .await
        .expect("a layout");
}

fn wanted(person: PersonId, unit: UnitId) -> AssignmentForm {
    AssignmentForm {
        person: person.to_string(),
        unit: unit.to_string(),
        reason: "测试分配".into(),
        ..AssignmentForm::default()
    }
}

/// PRM-21: 1 → STUDIO/ONE, 2–3 → ONE/TWO, ≥ 4 → TWO/THREE; a dormitory is open to everybody.
#[tokio::test]
async fn a_home_fits_its_household() {
    let test = TestDatabase::with_city().await;
    let ctx = clerk(&test).await;
    let city = city::ctx(&test.database, "city").await;
    let (a, b, alone) = (tenant(&test, 0).await, tenant(&test, 1).await, tenant(&test, 2).await);
    let unit = vacant(&test, 0).await;
    let id = household_create(&ctx, &of(a, &[(b, "SPOUSE")])).await.expect("a household");
    for wrong in [LayoutType::Studio, LayoutType::Three] {
        layout(&test, unit, wrong).await;
        assert_eq!(
            failure(assignment_create(&city, &wanted(a, unit)).await),
            field("unit", "户型与家庭人口不匹配"),
            "{wrong}"
        );
    }
    // Of somebody without a household nothing is known.
    layout(&test, unit, LayoutType::Three).await;
    let other = vacant(&test, 1).await;
    layout(&test, other, LayoutType::Three).await;
    assignment_create(&city, &wanted(alone, other)).await.expect("nothing stands against it");
    layout(&test, unit, LayoutType::Dormitory).await;
    let assignment = assignment_create(&city, &wanted(a, unit)).await.expect("everybody may");
    // The household is another one when the second person looks at it.
    layout(&test, unit, LayoutType::Two).await;
    household_update(&ctx, id, version(&ctx, id).await, &of(a, &[])).await.expect("smaller");
    let checker = city::ctx(&test.database, "district-a").await;
    let refused = Failure::refused("户型与家庭人口不匹配");
    assert_eq!(failure(assignment_decide(&checker, assignment, 1, true, "").await), refused);
    // A city that says otherwise.
    setting_put(&test.database, "PRM-21", "1+=ONE/TWO/THREE").await.expect("set");
    assignment_decide(&checker, assignment, 1, true, "").await.expect("confirmed");
}

#[tokio::test]
async fn a_contract_notes_its_household() {
    let test = TestDatabase::with_city().await;
    let ctx = clerk(&test).await;
    let (a, b) = (tenant(&test, 0).await, tenant(&test, 1).await);
    let household = household_create(&ctx, &of(a, &[(b, "SPOUSE")])).await.expect("a household");
    let (first, second) = (vacant(&test, 0).await, vacant(&test, 1).await);
    let with = contract_create(&ctx, &form(assigned(&test, b, first).await), false).await.expect("a contract");
    let alone = tenant(&test, 2).await;
    let without = contract_create(&ctx, &form(assigned(&test, alone, second).await), false).await.expect("a contract");
    let noted: Vec<(i64, Option<i64>)> = sqlx::query_as("select id, household_id from contract order by id")
        .fetch_all(&test.admin)
        .await
        .expect("contracts");
    assert_eq!(noted, [(with.0, Some(household.0)), (without.0, None)], "also of a member who is not the head");
}

async fn person(test: &TestDatabase, number: &str) -> PersonId {
    let city = city::ctx(&test.database, "city").await;
    let organization: i64 = sqlx::query_scalar("select id from organization where code = '810101'")
        .fetch_one(&test.admin)
        .await
        .expect("甲区");
    let form = PersonForm {
        name: "重复人".into(),
        person_type: "TENANT".into(),
        organization: organization.to_string(),
        id_type: "PASSPORT".into(),
        id_number: number.into(),
        phone: "13800007777".into(),
        ..PersonForm::default()
    };
    person_create(&city, &form).await.expect("a person")
}

async fn merge(test: &TestDatabase, survivor: PersonId, merged: PersonId) -> store::Result<PersonId> {
    let city = city::ctx(&test.database, "city").await;
    let versions = (
        person_get(&city, survivor).await.expect("one").version,
        person_get(&city, merged).await.expect("the other").version,
    );
    let form = MergeForm {
        survivor: survivor.0,
        survivor_version: versions.0,
        merged: merged.0,
        merged_version: versions.1,
        taken: Vec::new(),
        reason: "同一人两次登记".into(),
    };
    person_merge(&city, &form).await
}

/// 月光苑's home that was taken over.
async fn live(test: &TestDatabase, person: PersonId, relation: &str) {
    let (unit, room): (i64, i64) = sqlx::query_as(
        "select u.id, r.id from unit u join estate e on e.id = u.estate_id join room r on r.unit_id = u.id
         where e.name = '月光苑' and u.room_no = '103'",
    )
    .fetch_one(&test.admin)
    .await
    .expect("a home");
    let form = BindingForm {
        unit: unit.to_string(),
        room: room.to_string(),
        person: person.to_string(),
        relation: relation.into(),
        from_on: "2026-01-01".into(),
    };
    binding_create(&clerk(test).await, &form).await.expect("a binding");
}

#[tokio::test]
async fn a_record_that_something_hangs_on_is_not_deleted() {
    let test = TestDatabase::with_city().await;
    let ctx = clerk(&test).await;
    let city = city::ctx(&test.database, "city").await;
    let deleted = async |person: PersonId| {
        let version = person_get(&city, person).await.expect("a person").version;
        person_delete(&city, person, version, "误录此人").await.map_err(Failure::from)
    };
    let (bound, head, member, chosen) = (
        person(&test, "A0000001").await,
        person(&test, "A0000002").await,
        person(&test, "A0000003").await,
        person(&test, "A0000004").await,
    );
    live(&test, bound, "LESSEE").await;
    household_create(&ctx, &of(head, &[(member, "CHILD")])).await.expect("a household");
    assignment_create(&city, &wanted(chosen, vacant(&test, 0).await)).await.expect("an assignment");
    for (person, sentence) in [
        (bound, "该人员已有入住记录，不能删除"),
        (head, "该人员已登记家庭，不能删除"),
        (member, "该人员已登记家庭，不能删除"),
        (chosen, "该人员已有直接分配，不能删除"),
    ] {
        assert_eq!(deleted(person).await, Err(Failure::refused(sentence)));
    }
    let (lessee, resident) = (tenant(&test, 0).await, tenant(&test, 1).await);
    let residents =
        vec![domain::tenancy::contract_form::ResidentForm { person: resident.to_string(), relation: "SPOUSE".into() }];
    let assignment = assigned(&test, lessee, vacant(&test, 1).await).await;
    active(&test, &ContractForm { residents, ..form(assignment) }).await;
    for person in [lessee, resident] {
        assert_eq!(deleted(person).await, Err(Failure::refused("该人员已有合同，不能删除")));
    }
    assert_eq!(deleted(person(&test, "A0000005").await).await, Ok(()), "nothing hangs on him");
}

/// Everything of the record that is given up goes to the one that stays, whatever was approved.
#[tokio::test]
async fn a_merge_hands_everything_over() {
    let test = TestDatabase::with_city().await;
    let ctx = clerk(&test).await;
    let city = city::ctx(&test.database, "city").await;
    let (stays, given_up) = (person(&test, "B0000001").await, tenant(&test, 0).await);
    let (contract, account) = active(&test, &form(assigned(&test, given_up, vacant(&test, 0).await).await)).await;
    live(&test, given_up, "CO_RESIDENT").await;
    let spouse = tenant(&test, 1).await;
    let household = household_create(&ctx, &of(given_up, &[(spouse, "SPOUSE")])).await.expect("a household");
    assert_eq!(merge(&test, stays, given_up).await.expect("merged"), stays);

    let read = contract_get(&city, contract).await.expect("the contract");
    assert_eq!((read.person_id, read.row.status), (stays, ContractStatus::Active));
    assert_eq!(read.row.lessee, "测试租户0", "as he signed");
    assert_eq!(read.history[0].event, "承租人记录合并");
    let owner: i64 = sqlx::query_scalar("select person_id from account where id = $1")
        .bind(account.0)
        .fetch_one(&test.admin)
        .await
        .expect("the account");
    assert_eq!(owner, stays.0);
    let listed = assignment_list(&city, &ListQuery::default()).await.expect("assignments");
    assert!(listed.rows.iter().all(|row| row.person_id == stays));
    let living = resident_list(&city, &ListQuery::default()).await.expect("residents");
    assert_eq!(living.rows.iter().map(|row| row.person_id).collect::<Vec<_>>(), [stays]);
    assert_eq!(members(&ctx, household).await, [(stays, Relation::Oneself, true), (spouse, Relation::Spouse, true)]);
    assert_eq!(household_get(&ctx, household).await.expect("it is there").row.head_id, stays);
    // What was approved is held again.
    let held = sqlx::query("update contract set person_id = $2 where id = $1")
        .bind(contract.0)
        .bind(given_up.0)
        .execute(&test.admin)
        .await;
    assert!(held.is_err(), "nobody changes a contract besides");
}

#[tokio::test]
async fn two_who_both_have_what_one_has_once_are_two() {
    let test = TestDatabase::with_city().await;
    let ctx = clerk(&test).await;
    let (a, b) = (tenant(&test, 0).await, tenant(&test, 1).await);
    active(&test, &form(assigned(&test, a, vacant(&test, 0).await).await)).await;
    // The first home is no longer vacant.
    active(&test, &form(assigned(&test, b, vacant(&test, 0).await).await)).await;
    assert_eq!(failure(merge(&test, a, b).await), Failure::refused("两条记录均有履行中或办理中的合同，不能合并"));
    let (c, d) = (person(&test, "C0000001").await, person(&test, "C0000002").await);
    household_create(&ctx, &of(c, &[])).await.expect("his");
    let hers = household_create(&ctx, &of(d, &[])).await.expect("hers");
    assert_eq!(
        failure(merge(&test, c, d).await),
        Failure::refused("两条记录均已登记家庭，不能合并，请先从家庭中移出其中一条")
    );
    household_close(&ctx, hers, 1, "重复登记的家庭").await.expect("closed");
    live(&test, c, "LESSEE").await;
    live(&test, d, "CO_RESIDENT").await;
    // One room for both would be one room: she lives in another one.
    sqlx::query(
        "update binding b set unit_id = r.unit_id, room_id = r.id from room r
         where b.person_id = $1 and r.id = (select max(id) from room o where o.estate_id = b.estate_id and o.unit_id <> b.unit_id)",
    )
    .bind(d.0)
    .execute(&test.admin)
    .await
    .expect("another room");
    assert_eq!(failure(merge(&test, c, d).await), Failure::refused("两条记录均有入住房间，不能合并"));
    sqlx::query(
        "update binding set to_on = current_date, ended_reason = '退租', ended_at = now() where person_id = $1",
    )
    .bind(d.0)
    .execute(&test.admin)
    .await
    .expect("he left");
    assert_eq!(merge(&test, c, d).await.expect("merged"), c);
    let city = city::ctx(&test.database, "city").await;
    let both = resident_list(&city, &ListQuery::default()).await.expect("residents");
    assert_eq!(both.rows.iter().map(|row| row.person_id).collect::<Vec<_>>(), [c, c], "what was goes along");
}

/// Lessee and co-resident of one contract turn out to be one human.
#[tokio::test]
async fn of_a_contract_in_which_both_are_named_one_stays() {
    let test = TestDatabase::with_city().await;
    let (lessee, resident) = (tenant(&test, 0).await, tenant(&test, 1).await);
    let residents =
        vec![domain::tenancy::contract_form::ResidentForm { person: resident.to_string(), relation: "OTHER".into() }];
    let assignment = assigned(&test, lessee, vacant(&test, 0).await).await;
    let (contract, _) = active(&test, &ContractForm { residents, ..form(assignment) }).await;
    assert_eq!(merge(&test, resident, lessee).await.expect("merged"), resident);
    let city = city::ctx(&test.database, "city").await;
    let read = contract_get(&city, contract).await.expect("the contract");
    assert_eq!((read.person_id, read.residents.len()), (resident, 0));
}
