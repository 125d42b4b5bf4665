//! Accounts, roles and parameters under maker and checker (S1-9.2, 9.3, 9.6; domain.md §6.4).

mod reach;

use crate::support::{
    TestDatabase,
    city::{self, PASSWORD},
    database::KEY,
    door::enters,
};
use chrono::{TimeDelta, Utc};
use domain::{
    dictionary::{ApprovalStatus, UserStatus},
    failure::Failure,
    id::{ApprovalId, OrganizationId, RoleId, UserId},
    list::ListQuery,
    platform::{
        approval::Verdict,
        parameter::ParameterForm,
        permission::Permission,
        role::RoleForm,
        setting::code,
        user_form::{GrantForm, UserForm},
    },
};
use store::{
    Ctx, Database, Error,
    platform::{
        approval::{approval_end, approval_get, approval_list},
        cipher::KeyRing,
        parameter::{parameter_list, parameter_request},
        role::{role_delete, role_get, role_list, role_request},
        session::{password_change, session_ctx},
        setting::{setting_put, settings_get},
        user::{
            UserRef, user_choices, user_ctx, user_get, user_grant_request, user_list, user_password_new, user_reach,
            user_register, user_rotate, user_sessions_end, user_status_set, user_unlock, user_update,
        },
    },
};

/// Who takes part.
struct Office {
    test: TestDatabase,
    admin: Ctx,
    security: Ctx,
}

async fn office() -> Office {
    let test = TestDatabase::with_city().await;
    let admin = city::ctx(&test.database, "admin").await;
    let security = city::ctx(&test.database, "security").await;
    Office { test, admin, security }
}

impl Office {
    async fn id(&self, query: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned()))
            .fetch_one(&self.test.admin)
            .await
            .unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    async fn role(&self, code: &str) -> RoleId {
        RoleId(self.id(&format!("select id from role where code = '{code}'")).await)
    }

    async fn organization(&self, code: &str) -> String {
        self.id(&format!("select id from organization where code = '{code}'")).await.to_string()
    }

    async fn grant(&self, organization: &str, roles: &[&str]) -> GrantForm {
        let mut ids = Vec::new();
        for code in roles {
            ids.push(self.role(code).await.to_string());
        }
        GrantForm {
            organization: self.organization(organization).await,
            roles: ids,
            districts: Vec::new(),
            estates: Vec::new(),
            reason: "新员工入职".into(),
        }
    }

    async fn version(&self, id: UserId) -> i32 {
        user_get(&self.admin, id).await.expect("it is there").version
    }

    async fn pending(&self) -> ApprovalId {
        ApprovalId(self.id("select id from approval where status = 'PENDING' order by id desc limit 1").await)
    }

    async fn approve(&self, by: &Ctx) {
        approval_end(by, self.pending().await, Verdict::Approve, "").await.expect("approved");
    }

    /// An account that works: asked for and agreed to. Answers its first password.
    async fn account(&self, login: &str, grant: &GrantForm) -> (UserId, String) {
        let made = user_register(&self.admin, &form(login), grant).await.expect("registered");
        self.approve(&self.security).await;
        made
    }
}

/// No two logins of these tests have the same length.
fn form(login: &str) -> UserForm {
    UserForm {
        login: login.into(),
        name: format!("新人{login}"),
        phone: format!("138000000{:02}", login.len()),
        ..UserForm::default()
    }
}

fn field(error: Error, field: &str) -> String {
    match error {
        Error::Failure(Failure::Invalid(errors)) => {
            errors.get(field).unwrap_or_else(|| panic!("no complaint about {field}: {errors:?}")).to_owned()
        }
        other => panic!("no complaint: {other}"),
    }
}

async fn attempt(database: &Database, login: &str, password: &str) -> Result<String, String> {
    enters(database, login, password, Utc::now()).await
}

#[tokio::test]
async fn an_account_opens_when_another_person_agrees() {
    let office = office().await;
    let grant = office.grant("810101", &["DISTRICT"]).await;
    let (id, password) = user_register(&office.admin, &form("clerk"), &grant).await.expect("registered");
    let user = user_get(&office.admin, id).await.expect("it is there");
    assert_eq!((user.row.status, user.row.phone.as_deref()), (UserStatus::New, Some("138****0005")));
    assert_eq!(user.pending, Some(office.pending().await));
    assert_eq!(attempt(&office.test.database, "clerk", &password).await, Err("账号已停用".into()));

    let request = approval_get(&office.security, office.pending().await).await.expect("readable");
    assert!(request.checkable && !request.own);
    let lines: Vec<_> = request.lines.iter().map(|line| (line.label.as_str(), line.after.as_deref())).collect();
    assert_eq!(lines, [("所属机构", Some("甲区")), ("角色", Some("区县住房保障部门"))]);
    office.approve(&office.security).await;

    let secret = attempt(&office.test.database, "clerk", &password).await.expect("welcome");
    let ctx = session_ctx(&office.test.database, &secret, Utc::now()).await.expect("an answer").expect("a session");
    assert!(ctx.actor().must_change_password, "the first password is not kept");
    let clerk = user_ctx(&office.test.database, UserRef::Login("clerk"), Utc::now()).await.expect("a clerk");
    assert!(clerk.actor().may(Permission::UnitRead) && !clerk.actor().may(Permission::UserRead));
}

#[tokio::test]
async fn who_asks_for_rights_never_holds_the_password_of_who_agrees() {
    let office = office().await;
    let grant = office.grant("CITY", &["SEC_ADMIN"]).await;
    let (id, password) = office.account("second", &grant).await;
    assert_eq!(attempt(&office.test.database, "second", &password).await, Err("账号或密码错误".into()));
    let refused = user_password_new(&office.admin, id).await.unwrap_err().to_string();
    assert!(refused.starts_with("复核人的密码不能由提交人重置"), "{refused}");
    // Nor by an account that becomes one before its owner has ever come in.
    let (id, password) = office.account("third", &office.grant("CITY", &["AUDITOR"]).await).await;
    assert!(attempt(&office.test.database, "third", &password).await.is_ok());
    let version = office.version(id).await;
    user_grant_request(&office.admin, id, version, &grant).await.expect("asked for");
    office.approve(&office.security).await;
    assert_eq!(attempt(&office.test.database, "third", &password).await, Err("账号或密码错误".into()));
}

#[tokio::test]
async fn what_is_wrong_with_an_account_is_told_beside_the_field() {
    let office = office().await;
    let grant = office.grant("810101", &["DISTRICT"]).await;
    office.account("clerk", &grant).await;
    let told = async |form: &UserForm, grant: &GrantForm, name: &str| {
        field(user_register(&office.admin, form, grant).await.expect_err("refused"), name)
    };
    assert_eq!(told(&form("clerk"), &grant, "phone").await, "手机号已被使用");
    let other_phone = UserForm { phone: "13900000000".into(), ..form("clerk") };
    assert_eq!(told(&other_phone, &grant, "login").await, "账号已存在");
    let both = office.grant("810101", &["SYS_ADMIN", "SEC_ADMIN"]).await;
    assert_eq!(told(&form("second"), &both, "roles").await, "角色【SYS_ADMIN】与【SEC_ADMIN】互斥，不能授予同一个账号");
    let nowhere = GrantForm { organization: "0".into(), ..grant.clone() };
    assert_eq!(told(&form("second"), &nowhere, "organization").await, "所属机构不存在或已停用");
    let star = office.id("select id from estate where name = '星光苑'").await;
    let elsewhere = GrantForm { estates: vec![star.to_string()], ..grant.clone() };
    assert_eq!(told(&form("second"), &elsewhere, "estates").await, "负责楼盘须在账号的可见范围内");
    assert_eq!(office.id("select count(*) from app_user where login = 'second'").await, 0, "nothing is half made");
    let city = city::ctx(&office.test.database, "city").await;
    assert!(user_register(&city, &form("second"), &grant).await.is_err());
    assert!(user_list(&city, &ListQuery::default()).await.is_err());
    assert!(user_choices(&office.security).await.is_err(), "the checker makes nothing");
}

#[tokio::test]
async fn nobody_checks_his_own_request() {
    let office = office().await;
    let grant = office.grant("810101", &["DISTRICT"]).await;
    let (id, _) = office.account("clerk", &grant).await;
    let more = office.grant("810101", &["DISTRICT", "STREET"]).await;
    let stale = user_grant_request(&office.admin, id, 1, &more).await;
    assert!(matches!(stale, Err(Error::Failure(Failure::Conflict))), "its first rights were agreed to since");
    let request = user_grant_request(&office.admin, id, office.version(id).await, &more).await.expect("asked for");
    let refused = user_grant_request(&office.admin, id, office.version(id).await, &more).await.unwrap_err().to_string();
    assert_eq!(refused, "该对象已有待复核的变更，请等待处理或先撤回");
    // Also when somebody is given both rights, which no role has.
    sqlx::query(
        "insert into role_permission select r.id, 'platform:user:check' from role r where r.code = 'SYS_ADMIN'",
    )
    .execute(&office.test.admin)
    .await
    .expect("a mistake");
    let both = city::ctx(&office.test.database, "admin").await;
    let refused = approval_end(&both, request, Verdict::Approve, "").await.unwrap_err().to_string();
    assert_eq!(refused, "提交人不能复核自己提交的变更");
    let by_hand =
        sqlx::query("update approval set status = 'APPROVED', checked_by = made_by, checked_at = now() where id = $1")
            .bind(request.0)
            .execute(&office.test.admin)
            .await;
    assert!(by_hand.is_err(), "the database refuses it too");
    assert!(approval_end(&office.security, request, Verdict::Withdraw, "").await.is_err(), "only the maker withdraws");
    approval_end(&both, request, Verdict::Withdraw, "").await.expect("withdrawn");
    let refused = approval_end(&office.security, request, Verdict::Approve, "").await.unwrap_err().to_string();
    assert_eq!(refused, "该变更已处理，请刷新查看");
    assert_eq!(user_get(&office.admin, id).await.expect("it is there").roles.len(), 1, "nothing has happened");
}

#[tokio::test]
async fn a_request_about_what_has_changed_since_is_not_carried_out() {
    let office = office().await;
    let grant = office.grant("810101", &["DISTRICT"]).await;
    let (id, _) = office.account("clerk", &grant).await;
    let more = office.grant("810101", &["DISTRICT", "STREET"]).await;
    user_grant_request(&office.admin, id, office.version(id).await, &more).await.expect("asked for");
    sqlx::query(
        "insert into user_role select u.id, r.id from app_user u, role r where u.login = 'clerk' and r.code = 'ENTRY'",
    )
    .execute(&office.test.admin)
    .await
    .expect("another way");
    let request = office.pending().await;
    let refused = approval_end(&office.security, request, Verdict::Approve, "").await.unwrap_err().to_string();
    assert_eq!(refused, "该对象在提交后已发生变化，请驳回后重新提交");
    assert_eq!(
        field(approval_end(&office.security, request, Verdict::Reject, " ").await.unwrap_err(), "opinion"),
        "驳回须填写复核意见"
    );
    approval_end(&office.security, request, Verdict::Reject, "请重新提交").await.expect("rejected");
    let told = approval_get(&office.admin, request).await.expect("readable");
    assert_eq!((told.row.status, told.opinion.as_deref()), (ApprovalStatus::Rejected, Some("请重新提交")));
}

#[tokio::test]
async fn an_administrator_closes_opens_and_signs_out_accounts() {
    let office = office().await;
    let database = &office.test.database;
    let grant = office.grant("810101", &["DISTRICT"]).await;
    let (id, _) = office.account("clerk", &grant).await;
    let password = user_password_new(&office.admin, id).await.expect("a password");
    let secret = attempt(database, "clerk", &password).await.expect("welcome");
    user_sessions_end(&office.admin, id).await.expect("signed out");
    assert!(session_ctx(database, &secret, Utc::now()).await.expect("an answer").is_none());
    for _ in 0..5 {
        let _ = attempt(database, "clerk", "wrong").await;
    }
    assert!(user_get(&office.admin, id).await.expect("there").row.locked_until.is_some());
    user_unlock(&office.admin, id).await.expect("unlocked");
    let secret = attempt(database, "clerk", &password).await.expect("welcome");
    user_status_set(&office.admin, id, false).await.expect("closed");
    assert!(session_ctx(database, &secret, Utc::now()).await.expect("an answer").is_none());
    assert_eq!(attempt(database, "clerk", &password).await, Err("账号已停用".into()));
    user_status_set(&office.admin, id, true).await.expect("open again");
    assert!(attempt(database, "clerk", &password).await.is_ok());
    let own = office.admin.actor().id;
    assert_eq!(user_status_set(&office.admin, own, false).await.unwrap_err().to_string(), "不能停用自己");
    assert!(user_password_new(&office.admin, own).await.is_err());
    let refused = user_password_new(&office.admin, office.security.actor().id).await.unwrap_err().to_string();
    assert!(refused.starts_with("复核人的密码不能由提交人重置"), "{refused}");
    assert!(user_grant_request(&office.admin, own, 1, &grant).await.is_err());

    let user = user_get(&office.admin, id).await.expect("there");
    let dated = UserForm { valid_to: "2026-01-31".into(), ..UserForm::from(&user) };
    user_update(&office.admin, id, user.version, &dated).await.expect("changed");
    assert_eq!(attempt(database, "clerk", &password).await, Err("账号已停用".into()), "its time is over");
    assert!(matches!(
        user_update(&office.admin, id, user.version, &dated).await,
        Err(Error::Failure(Failure::Conflict))
    ));
}

#[tokio::test]
async fn an_account_can_be_limited_to_estates_of_its_organisation() {
    let office = office().await;
    let organization = office.organization("810101").await.parse().expect("an id");
    assert_eq!(
        names(&user_reach(&office.admin, organization, &[]).await.expect("estates").estates),
        ["阳光苑", "月光苑"]
    );
    let moon = office.id("select id from estate where name = '月光苑'").await;
    let grant = GrantForm { estates: vec![moon.to_string()], ..office.grant("810101", &["ENTRY"]).await };
    let (id, _) = office.account("clerk", &grant).await;
    assert_eq!(user_get(&office.admin, id).await.expect("there").estates[0].1, "月光苑");
    let clerk = city::ctx(&office.test.database, "clerk").await;
    assert_eq!(*clerk.scope(), store::Scope::Estates(vec![moon]));
}

fn names<I>(named: &[(I, String)]) -> Vec<&str> {
    named.iter().map(|(_, name)| name.as_str()).collect()
}

#[tokio::test]
async fn a_role_is_changed_by_one_and_agreed_to_by_another() {
    let office = office().await;
    let form = RoleForm {
        code: "AREA_READER".into(),
        name: "片区查看".into(),
        permissions: vec!["housing:unit:read".into(), "housing:estate:read".into()],
        reason: "片区巡查需要".into(),
        ..RoleForm::default()
    };
    assert!(role_request(&office.admin, None, &form).await.is_err(), "the system administrator grants nothing");
    role_request(&office.security, None, &form).await.expect("asked for");
    office.approve(&office.admin).await;
    let id = office.role("AREA_READER").await;
    let taken = RoleForm { name: "别的名称".into(), ..form.clone() };
    assert_eq!(field(role_request(&office.security, None, &taken).await.unwrap_err(), "code"), "角色编码已存在");

    let grant = office.grant("810101", &["AREA_READER", "STREET"]).await;
    office.account("reader", &grant).await;
    let reader = city::ctx(&office.test.database, "reader").await;
    assert!(reader.actor().may(Permission::UnitRead) && !reader.actor().may(Permission::UnitWrite));

    let (role, _) = role_get(&office.security, id).await.expect("there");
    let mut more = RoleForm { reason: "增加维护".into(), ..RoleForm::from(&role) };
    more.permissions.push("housing:unit:write".into());
    role_request(&office.security, Some((id, role.version)), &more).await.expect("asked for");
    office.approve(&office.admin).await;
    let reader = city::ctx(&office.test.database, "reader").await;
    assert!(reader.actor().may(Permission::UnitWrite), "at once");
    let stale = role_request(&office.security, Some((id, role.version)), &more).await;
    assert!(matches!(stale, Err(Error::Failure(Failure::Conflict))));

    // Alone it would be a role; with the other one that the reader holds it is not.
    let (role, _) = role_get(&office.security, id).await.expect("there");
    let technical = RoleForm { permissions: vec!["platform:user:write".into()], ..more.clone() };
    let told =
        field(role_request(&office.security, Some((id, role.version)), &technical).await.unwrap_err(), "permissions");
    assert!(told.starts_with("账号【reader】还有其他角色，合计后角色存在互斥权限：维护用户与"), "{told}");
    assert_eq!(role_delete(&office.security, id).await.unwrap_err().to_string(), "角色已分配用户，不能删除");
    let system = office.role("STREET").await;
    assert_eq!(role_delete(&office.security, system).await.unwrap_err().to_string(), "系统内置角色不能删除");
    assert_eq!(
        role_list(&office.admin, &ListQuery { q: "片区".into(), ..ListQuery::default() }).await.expect("a page").total,
        1
    );
}

#[tokio::test]
async fn a_parameter_is_in_force_from_its_day_on() {
    let office = office().await;
    let database = &office.test.database;
    let (maker, checker) = (city::ctx(database, "city").await, city::ctx(database, "city-check").await);
    let form = |value: &str, day: chrono::NaiveDate| ParameterForm {
        district: String::new(),
        code: code::ADDRESS_TEMPLATE.into(),
        value: value.into(),
        valid_from: day.to_string(),
        reason: "统一地址写法".into(),
    };
    let today = maker.today();
    assert!(parameter_request(&checker, 0, &form("{building}-{entrance}-{room}", today)).await.is_err());
    parameter_request(&maker, 0, &form("{building}-{entrance}-{room}", today)).await.expect("asked for");
    assert_ne!(settings_get(database).await.expect("settings").address_template, "{building}-{entrance}-{room}");
    assert!(approval_end(&maker, office.pending().await, Verdict::Approve, "").await.is_err());
    office.approve(&checker).await;
    assert_eq!(settings_get(database).await.expect("settings").address_template, "{building}-{entrance}-{room}");

    let later = today + TimeDelta::days(30);
    let stale = parameter_request(&maker, 0, &form("{building}/{entrance}/{room}", later)).await;
    assert!(matches!(stale, Err(Error::Failure(Failure::Conflict))), "another administrator was faster");
    parameter_request(&maker, 1, &form("{building}/{entrance}/{room}", later)).await.expect("asked for");
    office.approve(&checker).await;
    assert_eq!(settings_get(database).await.expect("settings").address_template, "{building}-{entrance}-{room}");
    let rows = parameter_list(&checker).await.expect("rows");
    let row = rows.iter().find(|row| row.code == code::ADDRESS_TEMPLATE).expect("it is there");
    assert_eq!((row.value.as_str(), row.since), ("{building}-{entrance}-{room}", Some(today)));
    assert_eq!(row.values[0].valid_from, later);
    assert_eq!((row.version, row.updated_by.as_deref()), (2, Some("测试city")));
    assert_eq!(
        (row.values[0].maker.as_deref(), row.values[0].checker.as_deref()),
        (Some("测试city"), Some("测试city-check"))
    );

    // Who reads accounts does not read what the city decides, and the other way round.
    assert_eq!(approval_list(&office.security, &ListQuery::default()).await.expect("a page").total, 0);
    assert_eq!(approval_list(&checker, &ListQuery::default()).await.expect("a page").total, 2);
}

#[tokio::test]
async fn passwords_grow_old_and_do_not_come_back() {
    let office = office().await;
    let database = &office.test.database;
    let secret = attempt(database, "city", PASSWORD).await.expect("welcome");
    let mut password = PASSWORD.to_owned();
    let mut secret = secret;
    for round in 0..2 {
        let ctx = session_ctx(database, &secret, Utc::now()).await.expect("an answer").expect("a session");
        let next = format!("Fresh-horse-{round}");
        secret = password_change(&ctx, password, next.clone(), &next).await.expect("changed");
        password = next;
    }
    let ctx = session_ctx(database, &secret, Utc::now()).await.expect("an answer").expect("a session");
    let again = password_change(&ctx, password.clone(), "Fresh-horse-0".into(), "Fresh-horse-0").await.unwrap_err();
    assert_eq!(field(again, "new"), "新密码不能与最近5次使用过的密码相同");

    sqlx::query("update app_user set password_changed_at = now() - interval '91 days' where login = 'city'")
        .execute(&office.test.admin)
        .await
        .expect("time passes");
    let secret = attempt(database, "city", &password).await.expect("welcome");
    let expired = async || {
        let ctx = session_ctx(database, &secret, Utc::now()).await.expect("an answer").expect("a session");
        ctx.actor().must_change_password
    };
    assert!(expired().await);
    setting_put(database, code::PASSWORD_DAYS, "0").await.expect("for ever");
    assert!(!expired().await);
}

#[tokio::test]
async fn telephones_of_accounts_are_sealed_and_follow_a_new_key() {
    let office = office().await;
    let grant = office.grant("810101", &["DISTRICT"]).await;
    office.account("clerk", &grant).await;
    let dump: String = sqlx::query_scalar("select string_agg(u::text, '') || (select coalesce(string_agg(a::text, ''), '') from audit_log a) from app_user u")
        .fetch_one(&office.test.admin)
        .await
        .expect("everything");
    assert!(!dump.contains("13800000005"));
    let log: String = sqlx::query_scalar(
        "select string_agg(a::text, '') from audit_log a where object_type in ('app_user', 'user_role')",
    )
    .fetch_one(&office.test.admin)
    .await
    .expect("the log");
    assert!(log.contains("clerk") && !log.contains("argon2"), "{log}");

    let fresh = KeyRing::new_line(2);
    let renewed = office.test.second_with(&[&fresh, KEY]).await.expect("both keys");
    assert_eq!(user_rotate(&renewed).await.expect("rotated"), 1);
    let admin = city::ctx(&renewed, "admin").await;
    let taken = UserForm { login: "other".into(), ..form("clerk") };
    assert_eq!(field(user_register(&admin, &taken, &grant).await.unwrap_err(), "phone"), "手机号已被使用");
}
