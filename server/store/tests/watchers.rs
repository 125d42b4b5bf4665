//! Whoever asks for rights must not be able to act as the person who agrees to them (domain.md §6.4).

use crate::support::{
    TestDatabase,
    asset::id,
    city::{self, PASSWORD},
    door::{ctx_of, enters},
};
use chrono::Utc;
use domain::{
    id::{ApprovalId, RoleId, UserId},
    platform::{approval::Verdict, role::RoleForm, user_form::GrantForm},
};
use store::platform::{
    approval::{approval_end, approval_get},
    role::{role_get, role_request},
    user::{user_get, user_grant_request},
};

async fn pending(test: &TestDatabase) -> ApprovalId {
    ApprovalId(id(test, "select id from approval where status = 'PENDING'").await)
}

/// A role that becomes one of those who agree: its holder begins anew, whatever he had chosen himself.
#[tokio::test]
async fn a_role_that_begins_to_watch_lets_its_holders_begin_anew() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let (admin, security) = (city::ctx(database, "admin").await, city::ctx(database, "security").await);
    sqlx::raw_sql(
        "insert into role (code, name) values ('READER', '查阅');
         insert into role_permission select id, 'platform:user:read' from role where code = 'READER';
         insert into user_role select u.id, r.id from app_user u, role r where u.login = 'auditor' and r.code = 'READER'",
    )
    .execute(&test.admin)
    .await
    .expect("a role");
    let session = enters(database, "auditor", PASSWORD, now).await.expect("welcome");
    let reader = RoleId(id(&test, "select id from role where code = 'READER'").await);
    for (permission, stays) in [("platform:role:read", true), ("platform:workflow:check", false)] {
        let (role, _) = role_get(&security, reader).await.expect("there");
        let mut form = RoleForm { reason: "增加权限".into(), ..RoleForm::from(&role) };
        form.permissions.push(permission.into());
        role_request(&security, Some((reader, role.version)), &form).await.expect("asked for");
        approval_end(&admin, pending(&test).await, Verdict::Approve, "").await.expect("approved");
        assert_eq!(ctx_of(database, &session, now).await.is_some(), stays, "{permission}");
        let told = enters(database, "auditor", PASSWORD, now).await;
        assert_eq!(told.is_ok(), stays, "{permission}: {told:?}");
    }
    // Who watches already is let alone.
    let watching = enters(database, "security", PASSWORD, now).await.expect("welcome");
    let (role, _) = role_get(&security, reader).await.expect("there");
    let mut form = RoleForm { reason: "增加权限".into(), ..RoleForm::from(&role) };
    form.permissions.push("platform:calendar:read".into());
    role_request(&security, Some((reader, role.version)), &form).await.expect("asked for");
    approval_end(&admin, pending(&test).await, Verdict::Approve, "").await.expect("approved");
    assert!(ctx_of(database, &watching, now).await.is_some());
}

#[tokio::test]
async fn nobody_agrees_to_rights_of_his_own() {
    let test = TestDatabase::with_city().await;
    let database = &test.database;
    let (admin, security) = (city::ctx(database, "admin").await, city::ctx(database, "security").await);
    let own: UserId = security.actor().id;
    let grant = GrantForm {
        organization: id(&test, "select id from organization where code = '810101'").await.to_string(),
        roles: vec![id(&test, "select id from role where code = 'SEC_ADMIN'").await.to_string()],
        districts: Vec::new(),
        estates: Vec::new(),
        reason: "调岗".into(),
    };
    let version = user_get(&admin, own).await.expect("there").version;
    user_grant_request(&admin, own, version, &grant).await.expect("asked for");
    let request = pending(&test).await;
    assert!(!approval_get(&security, request).await.expect("readable").checkable);
    let refused = approval_end(&security, request, Verdict::Approve, "").await.unwrap_err().to_string();
    assert_eq!(refused, "不能复核对本人账号的授权变更");
}
