//! Accounts from a file (domain.md §7.0, E-02): judged as in the form, agreed to together, handed their passwords once.

use crate::support::{
    TestDatabase, city,
    door::enters,
    sheet::{Cells, complaint, import, numbered, row, take, told},
};
use chrono::Utc;
use domain::{
    dictionary::{ApprovalStatus, UserStatus},
    failure::Failure,
    id::{ApprovalId, UserId},
    import::SheetKey,
    platform::{approval::Verdict, permission::Permission, user_form::GrantForm},
};
use store::{
    Ctx,
    import::{
        Import,
        job::{job_note, job_rows},
    },
    platform::{
        approval::{approval_end, approval_get},
        session::session_ctx,
        user::{passwords_draw, user_get, user_grant_request},
    },
};

const SHEET: SheetKey = SheetKey::User;

fn user(login: &str, phone: &str, more: Cells) -> Vec<String> {
    let cells: Vec<(&str, &str)> =
        [("账号", login), ("手机号", phone)].into_iter().chain(more.iter().copied()).collect();
    row(SHEET, &cells)
}

async fn id(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned()))
        .fetch_one(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

async fn pending(test: &TestDatabase) -> ApprovalId {
    ApprovalId(id(test, "select id from approval where status = 'PENDING'").await)
}

async fn account(test: &TestDatabase, login: &str) -> UserId {
    UserId(id(test, &format!("select id from app_user where login = '{login}'")).await)
}

/// Imports rows as a job of the log; answers its id.
async fn job(ctx: &Ctx, rows: Vec<Vec<String>>) -> String {
    let job = job_note(ctx, SHEET, "新员工.xlsx", "00").await.expect("a job");
    let mut import = Import::start(ctx, SHEET, true).await.expect("started");
    import.chunk(numbered(rows), Some(&job.id)).await.expect("taken");
    import.end(&job.id).await.expect("ended");
    job.id
}

#[tokio::test]
async fn what_a_row_may_not_ask_for() {
    let test = TestDatabase::with_city().await;
    let admin = city::ctx(&test.database, "admin").await;
    for (changes, expected) in [
        (&[("账号", "city")][..], "账号已存在"),
        (&[("账号", "王丽")], "账号须为2至30个字母、数字、点、横线或下划线"),
        (&[("所属机构", "丁区")], "所属机构不存在或已停用"),
        (&[("所属机构", "810102")], ""),
        (&[("角色", "勤杂工")], "角色【勤杂工】不存在"),
        (&[("角色", "DISTRICT、区县住房保障部门，STREET")], ""),
        (&[("角色", "系统管理员、安全管理员")], "角色【SYS_ADMIN】与【SEC_ADMIN】互斥，不能授予同一个账号"),
        (&[("手机号", "138")], "【手机号】格式不正确"),
    ] {
        assert_eq!(complaint(&admin, SHEET, changes).await, expected, "{changes:?}");
    }
    // Roles that exclude each other only by what they grant (domain.md §6.4).
    sqlx::raw_sql(
        "insert into role (code, name) values ('CLERKS', '用户岗'), ('READERS', '房源岗');
         insert into role_permission select id, 'platform:user:write' from role where code = 'CLERKS';
         insert into role_permission select id, 'housing:unit:read' from role where code = 'READERS'",
    )
    .execute(&test.admin)
    .await
    .expect("roles");
    let told = complaint(&admin, SHEET, &[("角色", "用户岗、房源岗")]).await;
    assert_eq!(told, "角色存在互斥权限：维护用户与查看房源");
    for login in ["city", "security", "auditor"] {
        assert!(Import::start(&city::ctx(&test.database, login).await, SHEET, false).await.is_err(), "{login}");
    }
}

#[tokio::test]
async fn accounts_of_a_file_open_when_another_person_agrees() {
    let test = TestDatabase::with_city().await;
    let database = &test.database;
    let (admin, security) = (city::ctx(database, "admin").await, city::ctx(database, "security").await);
    let rows = vec![
        user("new.one", "13900000011", &[("姓名", "新一"), ("部门", "业务科")]),
        user("new.two", "13900000012", &[("姓名", "新二"), ("角色", "街道/镇住保窗口、ENTRY"), ("所属机构", "810102")]),
        user("new.three", "13900000012", &[]),
        user("new.watch", "13900000013", &[("姓名", "新四"), ("角色", "安全管理员"), ("所属机构", "CITY")]),
    ];
    let job = job(&admin, rows).await;
    let failed: Vec<_> =
        job_rows(&admin, &job, 0, 10).await.expect("rows").iter().map(|row| (row.row_no, row.reason())).collect();
    assert_eq!(failed, [(4, "文件内第3行与第4行的手机号重复".to_owned())]);
    let (one, two) = (account(&test, "new.one").await, account(&test, "new.two").await);
    let waiting = user_get(&admin, one).await.expect("there");
    let request = pending(&test).await;
    assert_eq!(
        (waiting.row.status, waiting.pending, waiting.row.phone.as_deref()),
        (UserStatus::New, Some(request), Some("139****0011"))
    );
    let grant = GrantForm {
        organization: waiting.organization_id.to_string(),
        roles: vec![id(&test, "select id from role where code = 'STREET'").await.to_string()],
        districts: Vec::new(),
        estates: Vec::new(),
        reason: "另行申请".into(),
    };
    let told = user_grant_request(&admin, one, 1, &grant).await.unwrap_err().to_string();
    assert_eq!(told, "该对象已有待复核的变更，请等待处理或先撤回");
    assert_eq!(passwords_draw(&admin, request).await.unwrap_err().to_string(), "申请复核通过后才能领取初始密码");

    let told = approval_get(&security, request).await.expect("readable");
    assert_eq!(
        (told.row.subject.as_str(), told.reason.as_str()),
        ("批量导入用户：new.one等3个账号", "批量导入：新员工.xlsx")
    );
    let lines: Vec<_> =
        told.lines.iter().map(|line| (line.label.as_str(), line.after.as_deref().unwrap_or_default())).collect();
    assert_eq!(
        lines,
        [
            ("new.one 新一", "甲区；区县住房保障部门；139****0011"),
            ("new.two 新二", "乙区；街道/镇住保窗口、录入管理员；139****0012"),
            ("new.watch 新四", "测试市住房保障中心；安全管理员；139****0013"),
        ]
    );
    assert!(approval_end(&admin, request, Verdict::Approve, "").await.is_err(), "not by who asked");
    approval_end(&security, request, Verdict::Approve, "").await.expect("agreed");
    let opened = user_get(&admin, two).await.expect("there");
    assert_eq!((opened.row.status, opened.roles.len(), opened.pending), (UserStatus::On, 2, None));
    assert!(city::ctx(database, "new.one").await.actor().may(Permission::EstateWrite));

    // No password opens them before one was handed out, to who brought them and once.
    for guess in ["", "!"] {
        assert_eq!(enters(database, "new.one", guess, Utc::now()).await, Err("账号或密码错误".to_owned()));
    }
    assert_eq!(
        approval_get(&admin, request).await.expect("readable").passwords_due,
        2,
        "who will agree to requests gets his elsewhere"
    );
    assert_eq!(approval_get(&security, request).await.expect("readable").passwords_due, 0, "not for the checker");
    assert!(matches!(passwords_draw(&security, request).await.map_err(Failure::from), Err(Failure::Forbidden)));
    let drawn = passwords_draw(&admin, request).await.expect("drawn");
    let logins: Vec<_> = drawn.iter().map(|first| (first.login.as_str(), first.name.as_str())).collect();
    assert_eq!(logins, [("new.one", "新一"), ("new.two", "新二")]);
    let again = passwords_draw(&admin, request).await.unwrap_err().to_string();
    assert_eq!(again, "初始密码已领取；遗失的请在用户页面逐个重置密码");
    let session = enters(database, "new.two", &drawn[1].password, Utc::now()).await.expect("welcome");
    let ctx = session_ctx(database, &session, Utc::now()).await.expect("an answer").expect("a session");
    assert!(ctx.actor().must_change_password);
}

#[tokio::test]
async fn what_nobody_agrees_to_leaves_nothing_behind() {
    let test = TestDatabase::with_city().await;
    let database = &test.database;
    let (admin, security) = (city::ctx(database, "admin").await, city::ctx(database, "security").await);
    let rows = || vec![user("new.one", "13900000011", &[]), user("new.two", "13900000012", &[])];
    for (by, verdict, opinion) in [(&security, Verdict::Reject, "角色有误，请更正"), (&admin, Verdict::Withdraw, "")]
    {
        import(&admin, SHEET, rows()).await;
        let request = pending(&test).await;
        approval_end(by, request, verdict, opinion).await.expect("ended");
        assert_eq!(id(&test, "select count(*) from app_user where login like 'new.%'").await, 0, "{verdict:?}");
        assert_eq!(id(&test, "select count(*) from user_phone").await, 0, "{verdict:?}");
    }
    import(&admin, SHEET, rows()).await;
    let request = pending(&test).await;
    // One of them is gone meanwhile: the checker would agree to what is not there.
    sqlx::query("delete from app_user where login = 'new.two'").execute(&test.admin).await.expect("gone");
    let told = approval_end(&security, request, Verdict::Approve, "").await.unwrap_err().to_string();
    assert_eq!(told, "该对象在提交后已发生变化，请驳回后重新提交");
    let one = account(&test, "new.one").await;
    assert_eq!(user_get(&admin, one).await.expect("there").row.status, UserStatus::New, "all of them or none");
    assert_eq!(approval_get(&admin, request).await.expect("readable").row.status, ApprovalStatus::Pending);
}

#[tokio::test]
async fn a_role_that_changed_meanwhile_is_judged_anew() {
    let test = TestDatabase::with_city().await;
    let (admin, security) = (city::ctx(&test.database, "admin").await, city::ctx(&test.database, "security").await);
    import(&admin, SHEET, vec![user("new.one", "13900000011", &[("角色", "STREET、ENTRY")])]).await;
    sqlx::query("insert into role_permission select id, 'platform:user:write' from role where code = 'STREET'")
        .execute(&test.admin)
        .await
        .expect("a role grows");
    let request = pending(&test).await;
    let told = approval_end(&security, request, Verdict::Approve, "").await.unwrap_err().to_string();
    assert!(told.starts_with("角色存在互斥权限：维护用户与"), "{told}");
}

#[tokio::test]
async fn many_accounts_come_in_requests_that_can_be_read() {
    let test = TestDatabase::with_city().await;
    let admin = city::ctx(&test.database, "admin").await;
    let rows = (0..250).map(|number| user(&format!("clerk{number}"), &format!("139{number:08}"), &[])).collect();
    import(&admin, SHEET, rows).await;
    let sizes: Vec<i64> = sqlx::query_scalar("select jsonb_array_length(lines)::bigint from approval order by id")
        .fetch_all(&test.admin)
        .await
        .expect("requests");
    assert_eq!(sizes, [200, 50]);
    // What stands in a request or in the log names nobody's telephone.
    let dump: String = sqlx::query_scalar(
        "select (select string_agg(a::text, '') from approval a) || (select string_agg(l::text, '') from audit_log l)
             || (select string_agg(u::text, '') from app_user u)",
    )
    .fetch_one(&test.admin)
    .await
    .expect("a dump");
    assert!(dump.contains("clerk249") && !dump.contains("13900000249"));
}

#[tokio::test]
async fn who_was_faster_keeps_login_and_telephone() {
    let test = TestDatabase::with_city().await;
    let admin = city::ctx(&test.database, "admin").await;
    let mut tries = Vec::new();
    for _ in 0..3 {
        let admin = admin.clone();
        tries.push(tokio::spawn(async move {
            let rows = vec![user("new.one", "13900000011", &[]), user("new.two", "13900000012", &[])];
            told(&take(&admin, SHEET, true, rows).await)
        }));
    }
    let mut clean = 0;
    for one in tries {
        match one.await.expect("a try ends").as_slice() {
            [] => clean += 1,
            failed => assert!(failed.iter().all(|(_, reason)| reason.contains("账号已存在")), "{failed:?}"),
        }
    }
    assert_eq!((clean, id(&test, "select count(*) from app_user where login like 'new.%'").await), (1, 2));
    assert_eq!(id(&test, "select count(*) from approval").await, 1);
}
