//! Handing homes over (S4-1.5.3, domain.md §3.27 U6): what waits, what follows from the deed, and what cannot be done twice.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, approved, assigned, form, tenant, vacant},
};
use domain::{
    dictionary::{AttachmentKind, AttachmentOwner, UnitStatus},
    failure::{Failure, FieldErrors},
    id::{ContractId, PersonId, UnitId},
    list::ListQuery,
    platform::attachment::content::Media,
    tenancy::{
        binding::BindingForm,
        contract_form::ResidentForm,
        hand_over::{HandOver, HandOverForm, HandOverOffer, ItemForm, OccupantForm},
    },
};
use store::{
    Ctx,
    housing::unit::unit_get,
    insight::reminder::reminder_list,
    platform::attachment::{Upload, attachment_create, attachment_list},
    tenancy::{
        binding::{binding_create, binding_offer, resident_list},
        contract::contract_get,
        hand_over::{hand_over_create, hand_over_get, hand_over_list, hand_over_offer, hand_over_update},
    },
};

/// The operator, to whom 月光苑 is given.
async fn operator(test: &TestDatabase) -> Ctx {
    let given = "update estate set operator_id = (select id from operator where code = 'OP1') where name = '月光苑'";
    sqlx::query(given).execute(&test.admin).await.expect("the operator's");
    city::ctx(&test.database, "operator").await
}

/// A contract in force with one co-resident.
struct Let {
    contract: ContractId,
    unit: UnitId,
    lessee: PersonId,
    resident: PersonId,
}

async fn a_let_home(test: &TestDatabase) -> Let {
    let (lessee, resident) = (tenant(test, 0).await, tenant(test, 1).await);
    let unit = vacant(test, 0).await;
    let assignment = assigned(test, lessee, unit).await;
    let residents = vec![ResidentForm { person: resident.to_string(), relation: "SPOUSE".into() }];
    let (contract, _) =
        active(test, &domain::tenancy::contract_form::ContractForm { residents, ..form(assignment) }).await;
    Let { contract, unit, lessee, resident }
}

fn filled(offer: &HandOverOffer) -> HandOverForm {
    let room = offer.rooms[0].id.to_string();
    HandOverForm {
        handed_on: offer.today.to_string(),
        keys: "3".into(),
        water: "12.5".into(),
        power: "0".into(),
        items: vec![ItemForm { name: "床".into(), quantity: "2".into(), state: "GOOD".into() }],
        signed_by: offer.row.lessee.clone(),
        signed: true,
        occupants: offer
            .people
            .iter()
            .map(|one| OccupantForm { person: one.person_id.to_string(), room: room.clone() })
            .collect(),
        ..HandOverForm::default()
    }
}

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn field(name: &str, sentence: &str) -> Failure {
    FieldErrors::from((name, sentence)).into()
}

async fn total(ctx: &Ctx, filters: &[(&str, &str)]) -> i64 {
    hand_over_list(ctx, &ListQuery::from_params(filters.iter().copied())).await.expect("a list").total
}

/// What home reminds of, by its label.
async fn reminded(ctx: &Ctx) -> i64 {
    let reminders = reminder_list(ctx).await.expect("reminders");
    let found = reminders.into_iter().find(|reminder| reminder.label == "待客户入住");
    found.map_or(0, |reminder| {
        assert_eq!(reminder.link, "/tenancy/hand-overs?state=WAITING");
        reminder.count
    })
}

#[tokio::test]
async fn from_the_contract_to_who_lives_there() {
    let test = TestDatabase::with_city().await;
    let ctx = operator(&test).await;
    let home = a_let_home(&test).await;
    for (filters, expected) in [(&[("state", "WAITING")][..], 1), (&[("state", "DONE")], 0), (&[], 1)] {
        assert_eq!(total(&ctx, filters).await, expected, "{filters:?}");
    }
    assert_eq!(reminded(&ctx).await, 1, "home says what the list says");
    let offer = hand_over_offer(&ctx, home.contract).await.expect("an offer");
    assert_eq!(offer.people.iter().map(|one| one.person_id).collect::<Vec<_>>(), [home.lessee, home.resident]);
    let id = hand_over_create(&ctx, home.contract, &filled(&offer)).await.expect("handed over");

    let unit = unit_get(&ctx, home.unit).await.expect("the home");
    assert_eq!(unit.status, UnitStatus::Occupied);
    assert_eq!(unit.history[0].event, "办理入住");
    let living = resident_list(&ctx, &ListQuery::default()).await.expect("a list");
    let mut living: Vec<_> =
        living.rows.iter().map(|row| (row.person_id, row.relation.code(), row.contract_id)).collect();
    living.sort();
    let mut expected =
        vec![(home.lessee, "LESSEE", Some(home.contract)), (home.resident, "CO_RESIDENT", Some(home.contract))];
    expected.sort();
    assert_eq!(living, expected);
    let record = hand_over_get(&ctx, id).await.expect("the record");
    let done = record.row.done.as_ref().expect("it is done");
    assert_eq!((done.keys, done.signed_by.as_str(), done.handed_on), (3, "测试租户0", offer.today));
    assert_eq!(
        record.readings.iter().map(|(meter, reading)| format!("{meter}{reading}")).collect::<Vec<_>>(),
        ["水12.50", "电0.00"]
    );
    assert_eq!(record.items.iter().map(ToString::to_string).collect::<Vec<_>>(), ["床×2（完好）"]);
    let contract = contract_get(&ctx, home.contract).await.expect("the contract");
    assert_eq!(contract.history[0].event, "交房入住");
    assert_eq!((total(&ctx, &[("state", "WAITING")]).await, total(&ctx, &[("state", "DONE")]).await), (0, 1));
    assert_eq!(reminded(&ctx).await, 0);
    assert_eq!(failure(hand_over_offer(&ctx, home.contract).await), Failure::refused("该合同已办理交房"));
    assert_eq!(
        failure(hand_over_create(&ctx, home.contract, &filled(&offer)).await),
        Failure::refused("该合同已办理交房")
    );
}

#[tokio::test]
async fn what_is_not_in_force_is_not_handed_over() {
    let test = TestDatabase::with_city().await;
    let ctx = operator(&test).await;
    let assignment = assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await;
    let entry = city::ctx(&test.database, "entry").await;
    let draft = store::tenancy::contract::contract_create(&entry, &form(assignment), false).await.expect("a draft");
    let complete = HandOverForm { signed: true, ..HandOverForm::default() };
    for told in [failure(hand_over_offer(&ctx, draft).await), failure(hand_over_create(&ctx, draft, &complete).await)] {
        assert_eq!(told, Failure::refused("合同未复核"));
    }
    let version = contract_get(&entry, draft).await.expect("a draft").row.version;
    store::tenancy::contract::contract_delete(&entry, draft, version).await.expect("deleted");
    let waiting = approved(&test, &form(assignment)).await;
    assert_eq!(
        failure(hand_over_create(&ctx, waiting, &complete).await),
        Failure::refused("合同状态为“审批通过待同步”，不能办理入住")
    );
    assert_eq!(total(&ctx, &[("state", "WAITING")]).await, 0);
    for (login, told) in [("entry", Failure::Forbidden), ("city", Failure::Forbidden)] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(failure(hand_over_create(&ctx, waiting, &complete).await), told, "{login}");
    }
}

#[tokio::test]
async fn a_home_that_is_not_signed_is_refused_by_its_own_state() {
    let test = TestDatabase::with_city().await;
    let ctx = operator(&test).await;
    let home = a_let_home(&test).await;
    let offer = hand_over_offer(&ctx, home.contract).await.expect("an offer");
    sqlx::query("update unit set status = 'OCCUPIED' where id = $1")
        .bind(home.unit.0)
        .execute(&test.admin)
        .await
        .expect("as it should not be");
    assert_eq!(
        failure(hand_over_create(&ctx, home.contract, &filled(&offer)).await),
        Failure::refused("房源状态为“已入住”，不能办理入住")
    );
    for table in ["hand_over", "hand_over_item", "binding"] {
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&test.admin)
            .await
            .expect("a count");
        assert_eq!(left, 0, "nothing of {table} is left");
    }
}

#[tokio::test]
async fn complaints_stand_beside_the_fields() {
    let test = TestDatabase::with_city().await;
    let ctx = operator(&test).await;
    let home = a_let_home(&test).await;
    let offer = hand_over_offer(&ctx, home.contract).await.expect("an offer");
    let good = filled(&offer);
    let stranger = tenant(&test, 2).await;
    let with = |occupants: Vec<OccupantForm>| HandOverForm { occupants, ..good.clone() };
    let occupant = |person: PersonId, room: &str| OccupantForm { person: person.to_string(), room: room.into() };
    let room = offer.rooms[0].id.to_string();
    for (wrong, name, sentence) in [
        (HandOverForm { keys: "0".into(), ..good.clone() }, "keys", "应为1至99的整数"),
        (HandOverForm { handed_on: "2999-01-01".into(), ..good.clone() }, "handed_on", "不能晚于今天"),
        (HandOverForm { handed_on: "2020-01-01".into(), ..good.clone() }, "handed_on", "不能早于合同签订日期"),
        (with(vec![occupant(home.lessee, "")]), "occupants", "请选择承租人入住的房间"),
        (
            with(vec![occupant(home.lessee, &room), occupant(stranger, &room)]),
            "occupants",
            "入住人员与合同不一致，请刷新后重新填写",
        ),
        (with(vec![occupant(home.lessee, "1")]), "occupants", "房间不存在，或已停用"),
    ] {
        assert_eq!(failure(hand_over_create(&ctx, home.contract, &wrong).await), field(name, sentence));
    }
    sqlx::query("update room set capacity = 1").execute(&test.admin).await.expect("a capacity");
    assert_eq!(failure(hand_over_create(&ctx, home.contract, &good).await), field("occupants", "超过房间可住人数"));
    // Who comes later is entered by hand, as soon as there is a place.
    let alone = with(vec![occupant(home.lessee, &room), occupant(home.resident, "")]);
    hand_over_create(&ctx, home.contract, &alone).await.expect("handed over");
    sqlx::query("update room set capacity = 3").execute(&test.admin).await.expect("a capacity");
    let entry = city::ctx(&test.database, "entry").await;
    let by_hand = |person: PersonId, relation: &str| BindingForm {
        unit: home.unit.to_string(),
        room: room.clone(),
        person: person.to_string(),
        relation: relation.into(),
        from_on: offer.today.to_string(),
    };
    let named = binding_offer(&entry, home.unit).await.expect("a home").tenants.expect("a contract");
    assert_eq!((named.lessee, named.residents), (home.lessee.0, vec![home.resident.0]));
    assert_eq!(
        failure(binding_create(&entry, &by_hand(stranger, "CO_RESIDENT")).await),
        field("relation", "不是该房屋合同的同住人，请先办理合同变更")
    );
    assert_eq!(
        failure(binding_create(&entry, &by_hand(stranger, "LESSEE")).await),
        field("relation", "该房间已有承租人")
    );
    binding_create(&entry, &by_hand(home.resident, "CO_RESIDENT")).await.expect("the co-resident");
}

/// Somebody who lives elsewhere cannot be handed a home, and nothing of it happens.
#[tokio::test]
async fn nobody_lives_in_two_homes() {
    let test = TestDatabase::with_city().await;
    let ctx = operator(&test).await;
    let home = a_let_home(&test).await;
    let entry = city::ctx(&test.database, "entry").await;
    let (unit, room): (i64, i64) = sqlx::query_as(
        "select u.id, r.id from unit u join estate e on e.id = u.estate_id join room r on r.unit_id = u.id
         where e.name = '月光苑' and u.status = 'OCCUPIED' limit 1",
    )
    .fetch_one(&test.admin)
    .await
    .expect("a home that was taken over");
    let elsewhere = BindingForm {
        unit: unit.to_string(),
        room: room.to_string(),
        person: home.resident.to_string(),
        relation: "CO_RESIDENT".into(),
        from_on: "2026-01-01".into(),
    };
    binding_create(&entry, &elsewhere).await.expect("a binding");
    let offer = hand_over_offer(&ctx, home.contract).await.expect("an offer");
    assert_eq!(
        failure(hand_over_create(&ctx, home.contract, &filled(&offer)).await),
        field("occupants", "测试租户1已绑定房间月光苑1号楼1单元103室")
    );
    assert_eq!(unit_get(&ctx, home.unit).await.expect("the home").status, UnitStatus::Signed);
}

/// Two clerks hand over together: one does.
#[tokio::test]
async fn it_is_done_once() {
    let test = TestDatabase::with_city().await;
    let ctx = operator(&test).await;
    let home = a_let_home(&test).await;
    let form = filled(&hand_over_offer(&ctx, home.contract).await.expect("an offer"));
    let (a, b) =
        tokio::join!(hand_over_create(&ctx, home.contract, &form), hand_over_create(&ctx, home.contract, &form));
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    assert_eq!(total(&ctx, &[("state", "DONE")]).await, 1);
}

#[tokio::test]
async fn a_correction_says_what_was_and_what_is() {
    let test = TestDatabase::with_city().await;
    let ctx = operator(&test).await;
    let home = a_let_home(&test).await;
    let offer = hand_over_offer(&ctx, home.contract).await.expect("an offer");
    // The contract was signed on the first of the month.
    let later = HandOverForm { handed_on: offer.sign_on.to_string(), ..filled(&offer) };
    let id = hand_over_create(&ctx, home.contract, &later).await.expect("handed over");
    let record: HandOver = hand_over_get(&ctx, id).await.expect("the record");
    let again = HandOverForm::from(&record);
    assert_eq!(
        failure(hand_over_update(&ctx, id, 1, &again).await),
        field("signed", "请确认签收人已在交房确认单上签字")
    );
    let changed = HandOverForm { signed: true, keys: "4".into(), handed_on: offer.today.to_string(), ..again.clone() };
    hand_over_update(&ctx, id, 1, &changed).await.expect("corrected");
    assert_eq!(failure(hand_over_update(&ctx, id, 1, &changed).await), Failure::Conflict);
    let record = hand_over_get(&ctx, id).await.expect("the record");
    assert_eq!((record.version, record.history.len(), record.history[0].event.as_str()), (2, 2, "修改"));
    let keys = record.history[0].changes.iter().find(|change| change.field == "钥匙数").expect("a change");
    assert_eq!((keys.before.as_str(), keys.after.as_str()), ("3", "4"));
    let living = resident_list(&ctx, &ListQuery::default()).await.expect("a list");
    assert!(living.rows.iter().all(|row| row.from_on == offer.today), "who lives there does so since that day");
    let city = city::ctx(&test.database, "city").await;
    assert_eq!(failure(hand_over_update(&city, id, 2, &changed).await), Failure::Forbidden);
    assert!(hand_over_get(&city, id).await.is_ok(), "who reads contracts reads it");
    let other = city::ctx(&test.database, "district-b").await;
    assert_eq!(failure(hand_over_get(&other, id).await), Failure::NotFound);
    let contract_ended = "update contract set status = 'TERMINATED', ended_on = current_date where id = $1";
    sqlx::query(contract_ended).bind(home.contract.0).execute(&test.admin).await.expect("ended");
    assert_eq!(
        failure(hand_over_update(&ctx, id, 2, &changed).await),
        Failure::refused("合同已结束，交房记录不能修改")
    );
}

/// Photos belong to the hand-over, the signed paper to the contract; each is seen by who sees the record.
#[tokio::test]
async fn files_of_contracts_and_hand_overs() {
    let test = TestDatabase::with_city().await;
    let ctx = operator(&test).await;
    let home = a_let_home(&test).await;
    let offer = hand_over_offer(&ctx, home.contract).await.expect("an offer");
    let id = hand_over_create(&ctx, home.contract, &filled(&offer)).await.expect("handed over");
    let sheet = Upload {
        owner: AttachmentOwner::HandOver,
        owner_id: id.0,
        kind: AttachmentKind::HandOverSheet,
        file_name: "交房确认单.pdf",
        media: Media::Pdf,
        content: b"%PDF-1.7 startxref %%EOF",
        thumbnail: None,
    };
    attachment_create(&ctx, &sheet).await.expect("stored");
    let scan = Upload {
        owner: AttachmentOwner::Contract,
        owner_id: home.contract.0,
        kind: AttachmentKind::ContractScan,
        ..sheet.clone()
    };
    assert_eq!(failure(attachment_create(&ctx, &scan).await), Failure::Forbidden, "the operator writes no contracts");
    let entry = city::ctx(&test.database, "entry").await;
    attachment_create(&entry, &scan).await.expect("stored");
    let found = attachment_list(&ctx, AttachmentOwner::HandOver, id.0).await.expect("a list");
    assert_eq!((found.rows.len(), found.opens), (1, true));
    let found = attachment_list(&ctx, AttachmentOwner::Contract, home.contract.0).await.expect("a list");
    assert_eq!((found.rows.len(), found.opens), (1, false), "a contract holds numbers");
    let approver = city::ctx(&test.database, "approver").await;
    assert!(attachment_list(&approver, AttachmentOwner::Contract, home.contract.0).await.expect("a list").opens);
    let other = city::ctx(&test.database, "district-b").await;
    for (owner, record) in [(AttachmentOwner::HandOver, id.0), (AttachmentOwner::Contract, home.contract.0)] {
        assert_eq!(failure(attachment_list(&other, owner, record).await), Failure::NotFound);
    }
}
