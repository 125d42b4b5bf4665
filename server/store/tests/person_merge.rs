//! Two records of one human become one; a record that never mattered is deleted.

use crate::support::{TestDatabase, city};
use domain::{
    failure::{Failure, FieldErrors},
    id::PersonId,
    list::ListQuery,
    person::{
        PersonForm,
        merge::{Likeness, MergeField, MergeForm},
    },
};
use store::{
    Ctx,
    person::{
        person_create, person_delete, person_find, person_get, person_likely, person_list, person_merge, person_update,
    },
};

async fn organization(test: &TestDatabase, code: &str) -> String {
    sqlx::query_scalar::<_, i64>("select id from organization where code = $1")
        .bind(code)
        .fetch_one(&test.admin)
        .await
        .expect("an organisation")
        .to_string()
}

async fn enter(test: &TestDatabase, ctx: &Ctx, keeper: &str, id_type: &str, number: &str, phone: &str) -> PersonId {
    let form = PersonForm {
        name: "测试人甲".into(),
        person_type: "TENANT".into(),
        organization: organization(test, keeper).await,
        id_type: id_type.into(),
        id_number: number.into(),
        birth: "1990-03-07".into(),
        phone: phone.into(),
        employer: if keeper == "OP1" { "安居厂".into() } else { String::new() },
        ..PersonForm::default()
    };
    person_create(ctx, &form).await.expect("created")
}

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn form(survivor: PersonId, merged: PersonId) -> MergeForm {
    MergeForm {
        survivor: survivor.0,
        survivor_version: 1,
        merged: merged.0,
        merged_version: 1,
        taken: vec![MergeField::Document, MergeField::Employer],
        reason: "同一人两次登记".into(),
    }
}

#[tokio::test]
async fn pairs_are_found_by_what_two_humans_do_not_share() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let a = enter(&test, &ctx, "810101", "PASSPORT", "E1234567", "13800001234").await;
    let b = enter(&test, &ctx, "OP1", "OFFICER", "X7654321", "13800001234").await;
    let c = enter(&test, &ctx, "810102", "OTHER", "E123-4567", "13900001234").await;
    enter(&test, &ctx, "810102", "OTHER", "F0000001", "13900009999").await;
    let pairs: Vec<_> = person_likely(&ctx)
        .await
        .expect("pairs")
        .into_iter()
        .map(|likely| (likely.likeness, likely.pair.map(|person| person.id)))
        .collect();
    assert_eq!(pairs, [(Likeness::Number, [a, c]), (Likeness::Phone, [a, b])]);
    let entry = city::ctx(&test.database, "entry").await;
    assert_eq!(failure(person_likely(&entry).await), Failure::Forbidden);
}

#[tokio::test]
async fn one_survives_and_both_documents_lead_to_it() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let a = enter(&test, &ctx, "810101", "PASSPORT", "E1234567", "13800001234").await;
    let b = enter(&test, &ctx, "OP1", "OFFICER", "X7654321", "13900001234").await;
    let entry = city::ctx(&test.database, "entry").await;
    assert_eq!(failure(person_merge(&entry, &form(a, b)).await), Failure::Forbidden);
    assert_eq!(failure(person_merge(&ctx, &form(a, a)).await), Failure::refused("不能与自身合并"));
    let hasty = MergeForm { reason: "是".into(), ..form(a, b) };
    assert_eq!(failure(person_merge(&ctx, &hasty).await), FieldErrors::from(("reason", "请填写原因，4至200字")).into());
    for stale in [MergeForm { survivor_version: 7, ..form(a, b) }, MergeForm { merged_version: 7, ..form(a, b) }] {
        assert_eq!(failure(person_merge(&ctx, &stale).await), Failure::Conflict, "somebody was faster");
    }
    assert_eq!(person_merge(&ctx, &form(a, b)).await.expect("merged"), a);

    let survivor = person_get(&ctx, a).await.expect("the survivor");
    assert_eq!((survivor.id_type.code(), survivor.id_number.as_str()), ("OFFICER", "X****21"));
    assert_eq!((survivor.employer.as_deref(), survivor.version), (Some("安居厂"), 2));
    assert_eq!(survivor.history.len(), 1);
    assert_eq!(survivor.history[0].reason, "同一人两次登记");
    let closed = person_get(&ctx, b).await.expect("the other one");
    assert_eq!((closed.merged_into, closed.id_number.as_str()), (Some(a), "E****67"), "nothing is lost");
    // Also for who keeps the survivor and never saw the other.
    for number in ["E1234567", "X7654321", "13800001234", "13900001234"] {
        let found = person_find(&entry, number).await.expect("a search");
        assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [a], "{number}");
    }
    assert_eq!(person_list(&ctx, &ListQuery::default()).await.expect("a list").rows.len(), 1);
    let sentence = Failure::refused("该记录已合并，请到合并后的人员办理");
    assert_eq!(failure(person_update(&ctx, b, 2, &PersonForm::from(&closed)).await), sentence);
    assert_eq!(failure(person_delete(&ctx, b, 2, "误录此人").await), sentence);
    assert_eq!(
        failure(person_delete(&ctx, a, 2, "误录此人").await),
        Failure::refused("已有其他记录合并至该人员，不能删除")
    );
    // A merged document is registered, as it was before.
    let again = PersonForm { id_type: "PASSPORT".into(), id_number: "E1234567".into(), ..PersonForm::from(&survivor) };
    let again = PersonForm { phone: "13700001234".into(), ..again };
    assert_eq!(failure(person_create(&ctx, &again).await), FieldErrors::from(("id_number", "人员已存在")).into());
    // A survivor that is merged in turn takes its own along.
    let c = enter(&test, &ctx, "810102", "OTHER", "F0000001", "13600001234").await;
    let onward = MergeForm { survivor: c.0, merged: a.0, merged_version: 2, taken: Vec::new(), ..form(c, a) };
    person_merge(&ctx, &onward).await.expect("merged");
    assert_eq!(person_get(&ctx, b).await.expect("the first").merged_into, Some(c));
    let district = city::ctx(&test.database, "district-b").await;
    assert_eq!(person_find(&district, "E1234567").await.expect("a search")[0].id, c);
    let lines: i64 =
        sqlx::query_scalar("select count(*) from audit_log where object_type = 'person' and action = 'UPDATE'")
            .fetch_one(&test.admin)
            .await
            .expect("a count");
    assert!(lines > 0, "the operation log tells of it");
}

#[tokio::test]
async fn a_deleted_record_frees_its_numbers() {
    let test = TestDatabase::with_city().await;
    let entry = city::ctx(&test.database, "entry").await;
    let id = enter(&test, &entry, "810101", "PASSPORT", "E1234567", "13800001234").await;
    assert_eq!(
        failure(person_delete(&entry, id, 1, " ").await),
        FieldErrors::from(("reason", "请填写原因，4至200字")).into()
    );
    assert_eq!(failure(person_delete(&entry, id, 3, "误录此人").await), Failure::Conflict);
    let district = city::ctx(&test.database, "district-a").await;
    assert_eq!(failure(person_delete(&district, id, 1, "误录此人").await), Failure::Forbidden);
    let operator = city::ctx(&test.database, "operator").await;
    assert_eq!(failure(person_delete(&operator, id, 1, "误录此人").await), Failure::NotFound);
    person_delete(&entry, id, 1, "误录此人").await.expect("deleted");
    assert_eq!(failure(person_get(&entry, id).await), Failure::NotFound);
    assert_eq!(person_find(&entry, "E1234567").await.expect("a search").len(), 0);
    let again = enter(&test, &operator, "OP1", "PASSPORT", "E1234567", "13800001234").await;
    assert_ne!(again, id);
    let kept: String =
        sqlx::query_scalar("select reason from person_history where person_id = $1 and event = 'DELETE'")
            .bind(id.0)
            .fetch_one(&test.admin)
            .await
            .expect("a line");
    assert_eq!(kept, "误录此人");
    // A new key also seals what is only kept; its numbers stay free.
    let new = store::platform::cipher::KeyRing::new_line(2);
    let during = test.second_with(&[&new, crate::support::database::KEY]).await.expect("both");
    assert_eq!(store::person::person_rotate(&during).await.expect("rotated"), 2);
    assert_eq!(person_find(&city::ctx(&during, "city").await, "E1234567").await.expect("a search").len(), 1);
}
