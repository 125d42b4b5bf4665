//! Organisations one by one (S1-9.5): the rules of the import, and what stays.

use crate::support::{TestDatabase, city};
use domain::{
    failure::Failure,
    id::{OperatorId, OrganizationId},
    platform::organization_form::OrganizationEdit,
};
use store::{
    Ctx, Error,
    platform::{
        contact::{operator_reveal, organization_reveal},
        organization::{organization_get, organization_tree},
        organization_write::{organization_create, organization_delete, organization_update},
    },
};

fn told(error: Error, field: &str) -> String {
    match error {
        Error::Failure(Failure::Invalid(errors)) => {
            errors.get(field).unwrap_or_else(|| panic!("no complaint about {field}: {errors:?}")).to_owned()
        }
        Error::Failure(failure) => failure.to_string(),
        other => panic!("no complaint: {other}"),
    }
}

fn station(code: &str, name: &str, parent: &str) -> OrganizationEdit {
    OrganizationEdit {
        code: code.into(),
        name: name.into(),
        kind: "MGMT_UNIT".into(),
        division_code: "810101".into(),
        ..OrganizationEdit::below(parent)
    }
}

async fn form(ctx: &Ctx, id: OrganizationId) -> (OrganizationEdit, i32) {
    let organization = organization_get(ctx, id).await.expect("it is there");
    (OrganizationEdit::from(&organization), organization.version)
}

#[tokio::test]
async fn an_organisation_is_made_moved_and_deleted() {
    let test = TestDatabase::with_city().await;
    let admin = city::ctx(&test.database, "admin").await;
    let noted = OrganizationEdit { remark: "试点".into(), ..station("S1", "一站", "810101") };
    let first = organization_create(&admin, &noted).await.expect("made");
    assert_eq!(organization_get(&admin, first).await.expect("there").remark.as_deref(), Some("试点"));
    assert_eq!(told(organization_create(&admin, &noted).await.unwrap_err(), "code"), "机构编码已存在");
    let same = organization_create(&admin, &station("S2", "一站", "810101")).await.unwrap_err();
    assert_eq!(told(same, "name"), "同级机构名称重复");
    let nowhere = organization_create(&admin, &station("S2", "二站", "XX")).await.unwrap_err();
    assert_eq!(told(nowhere, "parent"), "上级机构【XX】不存在");
    let second = organization_create(&admin, &station("S2", "二站", "S1")).await.expect("made below");
    assert!(organization_tree(&admin).await.expect("a tree").iter().any(|node| node.parent == Some(first)));

    let (present, version) = form(&admin, first).await;
    let circle = OrganizationEdit { parent: "S2".into(), ..present.clone() };
    let refused = organization_update(&admin, first, version, &circle).await.unwrap_err();
    assert_eq!(told(refused, "parent"), "上级不能是自己或自己的下级");
    let abroad = OrganizationEdit { parent: "810102".into(), ..present.clone() };
    let refused = organization_update(&admin, first, version, &abroad).await.unwrap_err();
    assert_eq!(told(refused, "parent"), "不能移到其他区县之下，请在目标区县新建机构");
    let recoded = OrganizationEdit { code: "S9".into(), ..present.clone() };
    let refused = organization_update(&admin, first, version, &recoded).await.unwrap_err();
    assert_eq!(told(refused, "code"), "机构编码不可修改");

    let (present, version) = form(&admin, second).await;
    let moved = OrganizationEdit { parent: "810101".into(), name: "一站".into(), ..present.clone() };
    let refused = organization_update(&admin, second, version, &moved).await.unwrap_err();
    assert_eq!(told(refused, "name"), "同级机构名称重复");
    let moved = OrganizationEdit { name: "二站".into(), leader: "李四".into(), ..moved };
    organization_update(&admin, second, version, &moved).await.expect("moved");
    assert!(matches!(
        organization_update(&admin, second, version, &moved).await,
        Err(Error::Failure(Failure::Conflict))
    ));
    let now = organization_get(&admin, second).await.expect("there");
    assert_eq!((now.parent_code.as_deref(), now.row.leader.as_deref()), (Some("810101"), Some("李四")));
    organization_delete(&admin, second, now.version).await.expect("nothing hangs on it");
    organization_delete(&admin, first, 1).await.expect("nor on this");
}

#[tokio::test]
async fn what_something_hangs_on_stays() {
    let test = TestDatabase::with_city().await;
    let admin = city::ctx(&test.database, "admin").await;
    let id = sqlx::query_scalar("select id from organization where code = '810101'")
        .fetch_one(&test.admin)
        .await
        .expect("a district");
    let refused = organization_delete(&admin, OrganizationId(id), 1).await.unwrap_err();
    assert_eq!(told(refused, ""), "该组织下存在项目/用户/人员，不能删除");
    let clerk = city::ctx(&test.database, "city").await;
    assert!(matches!(
        organization_create(&clerk, &station("S1", "一站", "810101")).await,
        Err(Error::Failure(Failure::Forbidden))
    ));
}

/// An operator is an organisation under another heading: both go by one name.
#[tokio::test]
async fn an_operator_is_renamed_with_its_organisation() {
    let test = TestDatabase::with_city().await;
    let admin = city::ctx(&test.database, "admin").await;
    let id: i64 = sqlx::query_scalar("select organization_id from operator where name = '安居公司'")
        .fetch_one(&test.admin)
        .await
        .expect("an operator");
    let (present, version) = form(&admin, OrganizationId(id)).await;
    let renamed = OrganizationEdit { name: "安居集团".into(), ..present };
    organization_update(&admin, OrganizationId(id), version, &renamed).await.expect("renamed");
    let names: Vec<String> = sqlx::query_scalar("select name from operator where organization_id = $1")
        .bind(id)
        .fetch_all(&test.admin)
        .await
        .expect("names");
    assert_eq!(names, ["安居集团"]);
}

/// Telephones of organisations and operators are masked; in clear they cost a right and a reason, and leave a line (§2.7).
#[tokio::test]
async fn a_telephone_in_clear_takes_a_right_and_a_reason_and_leaves_a_trace() {
    let test = TestDatabase::with_city().await;
    let ids: (i64, i64) = sqlx::query_as(
        "select (select id from organization where code = 'M1'), (select id from operator where code = 'OP1')",
    )
    .fetch_one(&test.admin)
    .await
    .expect("the two");
    let (m1, op1) = (OrganizationId(ids.0), OperatorId(ids.1));
    let district = city::ctx(&test.database, "district-a").await;
    let none = organization_reveal(&district, m1, "核对联系人").await.expect_err("it has none");
    assert!(matches!(none, Error::Failure(Failure::NotFound)));
    sqlx::raw_sql(
        "update organization set phone = '0371-63391234' where code = 'M1';
         update operator set phone = '13812345678' where code = 'OP1'",
    )
    .execute(&test.admin)
    .await
    .expect("telephones");
    let seen = organization_get(&district, m1).await.expect("it is there");
    assert_eq!(seen.phone.as_deref(), Some("037****1234"));
    assert_eq!(organization_reveal(&district, m1, "核对联系人").await.expect("in clear"), "0371-63391234");
    assert_eq!(operator_reveal(&district, op1, "通知检查").await.expect("in clear"), "13812345678");
    let short = told(organization_reveal(&district, m1, " 看 ").await.expect_err("too short"), "reason");
    assert_eq!(short, "请填写查看原因，4至200字");
    // The other district sees neither that office nor an estate of that operator.
    let elsewhere = city::ctx(&test.database, "district-b").await;
    for refused in
        [organization_reveal(&elsewhere, m1, "核对联系人").await, operator_reveal(&elsewhere, op1, "通知检查").await]
    {
        assert!(matches!(refused, Err(Error::Failure(Failure::NotFound))), "{refused:?}");
    }
    // Who keeps organisations works with no contacts.
    for login in ["admin", "finance", "auditor"] {
        let ctx = city::ctx(&test.database, login).await;
        let refused = organization_reveal(&ctx, m1, "核对联系人").await;
        assert!(matches!(refused, Err(Error::Failure(Failure::Forbidden))), "{login}: {refused:?}");
    }
    let own = city::ctx(&test.database, "operator").await;
    assert_eq!(operator_reveal(&own, op1, "核对本单位").await.expect("its own"), "13812345678");
    let traces: Vec<(i64, String, i64, String, String)> = sqlx::query_as(
        "select actor_id, object_type, object_id, after ->> 'field', after ->> 'reason' from audit_log where action = 'REVEAL' order by id",
    )
    .fetch_all(&test.admin)
    .await
    .expect("traces");
    let trace = |ctx: &Ctx, table: &str, id: i64, reason: &str| {
        (ctx.actor().id.0, table.to_owned(), id, "phone".to_owned(), reason.to_owned())
    };
    assert_eq!(
        traces,
        [
            trace(&district, "organization", m1.0, "核对联系人"),
            trace(&district, "operator", op1.0, "通知检查"),
            trace(&own, "operator", op1.0, "核对本单位"),
        ]
    );
}
