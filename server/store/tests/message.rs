//! Messages (E-126), their templates (S1-9.8), and the reminders of home (S4-1.1).

use crate::support::{
    TestDatabase,
    asset::{grant, master_form},
    city,
};
use domain::{
    failure::Failure,
    id::ApprovalId,
    insight::reminder::ReminderGroup,
    list::ListQuery,
    platform::{
        approval::Verdict,
        message::{Notice, TemplateForm},
        parameter::ParameterForm,
    },
};
use store::{
    Ctx, Error,
    housing::{
        asset_change::{asset_change_list, asset_submit},
        asset_count::asset_count_list,
        asset_master::asset_master_create,
        rent_standard::rent_standard_list,
    },
    insight::reminder::reminder_list,
    platform::{
        approval::{approval_end, approval_list},
        job::job_list,
        message::{message_list, message_open, message_read_all, message_template_list, message_template_update},
        parameter::{parameter_list, parameter_request},
        user::user_list,
    },
};

fn refused(result: Result<impl Sized, Error>) -> Option<Failure> {
    result.err().map(Failure::from)
}

async fn asked(ctx: &Ctx, value: &str) -> ApprovalId {
    let form = ParameterForm {
        district: String::new(),
        code: "PASSWORD_DAYS".into(),
        value: value.into(),
        valid_from: "2099-01-01".into(),
        reason: "加强管理".into(),
    };
    let rows = parameter_list(ctx).await.expect("the parameters");
    let read = rows.iter().find(|row| row.code == form.code).expect("it is there").version;
    parameter_request(ctx, read, &form).await.expect("a request")
}

async fn inbox(ctx: &Ctx) -> Vec<String> {
    let page = message_list(ctx, &ListQuery::default()).await.expect("messages");
    page.rows.into_iter().map(|row| row.content).collect()
}

/// Group, label, number and lines of what waits.
async fn waiting(ctx: &Ctx) -> Vec<(ReminderGroup, String, i64, Vec<String>)> {
    let reminders = reminder_list(ctx).await.expect("reminders");
    let told = reminders.into_iter().map(|reminder| {
        let lines = reminder.lines.into_iter().map(|line| line.text).collect();
        (reminder.group, reminder.label, reminder.count, lines)
    });
    told.collect()
}

#[tokio::test]
async fn a_maker_is_told_what_became_of_his_request_and_nobody_else() {
    let test = TestDatabase::with_city().await;
    let (maker, checker) = (city::ctx(&test.database, "city").await, city::ctx(&test.database, "city-check").await);
    let first = asked(&maker, "60").await;
    assert!(inbox(&checker).await.is_empty(), "what waits is a reminder, no message");
    approval_end(&checker, first, Verdict::Reject, "依据不足").await.expect("rejected");
    let second = asked(&maker, "120").await;
    approval_end(&checker, second, Verdict::Approve, "").await.expect("approved");
    approval_end(&maker, asked(&maker, "150").await, Verdict::Withdraw, "").await.expect("withdrawn");
    let told = inbox(&maker).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("您提交的参数设置“") && told[0].ends_with("”已由测试city-check通过"), "{told:?}");
    assert!(told[1].ends_with("”被测试city-check驳回：依据不足"), "{told:?}");

    let newest = message_list(&maker, &ListQuery::default()).await.expect("messages").rows.remove(0);
    assert_eq!((newest.notice, newest.link), (Notice::ApprovalApproved, format!("/platform/approvals/{second}")));
    // The platform's own eyes see everybody's rows, but the list is a person's.
    for login in ["admin", "city-check", "district-a"] {
        let other = city::ctx(&test.database, login).await;
        assert!(inbox(&other).await.is_empty(), "{login}");
        assert_eq!(refused(message_open(&other, newest.id).await), Some(Failure::NotFound), "{login}");
    }
    let (opened, unread) = message_open(&maker, newest.id).await.expect("a message");
    assert!(opened.read_at.is_some() && unread == 1);
    let read_at = message_open(&maker, newest.id).await.expect("a message").0.read_at;
    assert_eq!(read_at, opened.read_at, "it was read the first time");
    let mut unread = ListQuery::default();
    unread.filter.insert("status".into(), "UNREAD".into());
    assert_eq!(message_list(&maker, &unread).await.expect("messages").total, 1);
    message_read_all(&maker).await.expect("read");
    assert_eq!(message_list(&maker, &unread).await.expect("messages").total, 0);
}

#[tokio::test]
async fn a_template_words_the_messages_that_follow() {
    let test = TestDatabase::with_city().await;
    let (maker, checker) = (city::ctx(&test.database, "city").await, city::ctx(&test.database, "city-check").await);
    let admin = city::ctx(&test.database, "admin").await;
    let templates = message_template_list(&admin).await.expect("templates");
    assert_eq!(templates.iter().map(|template| template.notice).collect::<Vec<_>>(), Notice::ALL);
    for template in &templates {
        template.notice.content_check(&template.content).unwrap_or_else(|complaint| panic!("{}", complaint.text()));
    }
    let form = |content: &str, enabled: bool| TemplateForm { content: content.into(), enabled: enabled.to_string() };
    let unknown = message_template_update(&admin, Notice::ApprovalApproved, 1, &form("{事项}{密码}", true)).await;
    let Some(Failure::Invalid(fields)) = refused(unknown) else { panic!("an unknown placeholder was taken") };
    assert_eq!(fields.get("content"), Some("没有占位符{密码}，可以使用：{事项}、{对象}、{复核人}"));
    assert_eq!(
        refused(message_template_update(&maker, Notice::JobFailed, 1, &form("好", true)).await),
        Some(Failure::Forbidden)
    );
    message_template_update(&admin, Notice::ApprovalApproved, 1, &form("{复核人}同意了：{事项}", true))
        .await
        .expect("worded");
    let late = message_template_update(&admin, Notice::ApprovalApproved, 1, &form("晚了", true)).await;
    assert_eq!(refused(late), Some(Failure::Conflict));
    approval_end(&checker, asked(&maker, "60").await, Verdict::Approve, "").await.expect("approved");
    assert_eq!(inbox(&maker).await, ["测试city-check同意了：参数设置"]);
    message_template_update(&admin, Notice::ApprovalRejected, 1, &form("不发", false)).await.expect("switched off");
    approval_end(&checker, asked(&maker, "90").await, Verdict::Reject, "依据不足").await.expect("rejected");
    assert_eq!(inbox(&maker).await.len(), 1, "switched off is not sent");
}

#[tokio::test]
async fn what_waits_for_somebody_is_counted_for_him_alone() {
    let test = TestDatabase::with_city().await;
    let (maker, checker) = (city::ctx(&test.database, "city").await, city::ctx(&test.database, "city-check").await);
    assert!(waiting(&checker).await.is_empty());
    let request = asked(&maker, "60").await;
    let flow = waiting(&checker).await;
    assert_eq!((flow[0].0, flow[0].1.as_str(), flow[0].2, flow[0].3.len()), (ReminderGroup::Flow, "待我复核", 1, 1));
    assert!(waiting(&maker).await.is_empty(), "nobody checks his own request");
    assert!(waiting(&city::ctx(&test.database, "security").await).await.is_empty(), "nor requests of another office");
    approval_end(&checker, request, Verdict::Approve, "").await.expect("approved");
    assert!(waiting(&checker).await.is_empty());

    sqlx::raw_sql(
        "update app_user set valid_to = (now() at time zone 'Asia/Shanghai')::date + 30 where login in ('leader', 'finance');
         update app_user set valid_to = (now() at time zone 'Asia/Shanghai')::date + 31 where login = 'auditor';
         update app_user set password_changed_at = now() - interval '85 days' where login = 'district-b';
         update rent_standard set valid_to = (now() at time zone 'Asia/Shanghai')::date + 10 where code = 'ZJ-01';
         insert into job (request_id, actor_id, sheet, file_name, status, message, created_at, finished_at)
         select gen_random_uuid(), u.id, 'estate', f.name, f.status, '坏了', now(), f.at
         from app_user u, (values ('甲.xlsx', 'FAILED', now() - interval '6 days'), ('乙.xlsx', 'FAILED', now() - interval '8 days'),
             ('丙.xlsx', 'VALIDATED', null), ('丁.xlsx', 'FINISHED', now())) as f (name, status, at) where u.login = 'district-a'",
    )
    .execute(&test.admin)
    .await
    .expect("what ends");
    let labels = async |login: &str| {
        let told = waiting(&city::ctx(&test.database, login).await).await;
        told.into_iter()
            .map(|(_, label, count, lines)| format!("{label}{count}:{}", lines.join("、")))
            .collect::<Vec<_>>()
    };
    assert_eq!(labels("district-a").await, ["待确认的导入1:丙.xlsx", "失败的任务1:甲.xlsx：坏了"]);
    assert_eq!(labels("district-b").await, ["密码即将到期1:请在到期前修改登录密码"]);
    let admin = labels("admin").await;
    assert!(admin.len() == 1 && admin[0].starts_with("有效期将满的账号2:测试"), "{admin:?}");
    let city = labels("city").await;
    assert!(city.len() == 1 && city[0].starts_with("即将失效的租金标准1:一号标准（ZJ-01）"), "{city:?}");
}

/// Each reminder of an account: what it is called, how many, and how many the list shows that it leads to.
async fn listed(test: &TestDatabase, login: &str) -> Vec<(String, i64, i64)> {
    let ctx = city::ctx(&test.database, login).await;
    let mut told = Vec::new();
    for reminder in reminder_list(&ctx).await.expect("reminders") {
        let (path, search) = reminder.link.split_once('?').expect("a filter");
        let query = ListQuery::from_params(search.split('&').filter_map(|pair| pair.split_once('=')));
        let total = match path {
            "/assets/changes" => asset_change_list(&ctx, &query).await.map(|page| page.total),
            "/assets/counts" => asset_count_list(&ctx, &query).await.map(|page| page.total),
            "/platform/approvals" => approval_list(&ctx, &query).await.map(|page| page.total),
            "/platform/jobs" => job_list(&ctx, &query).await.map(|page| page.total),
            "/platform/users" => user_list(&ctx, &query).await.map(|page| page.total),
            "/housing/rent-standards" => rent_standard_list(&ctx, &query).await.map(|page| page.total),
            path => panic!("{path}"),
        };
        told.push((reminder.label, reminder.count, total.expect("a page")));
    }
    told
}

fn both(label: &str, count: i64) -> (String, i64, i64) {
    (label.to_owned(), count, count)
}

/// Beside what waits there is what the list would show without the reminder's filter.
#[tokio::test]
async fn a_reminder_and_its_list_say_the_same() {
    let test = TestDatabase::with_city().await;
    sqlx::raw_sql(
        "update app_user set valid_to = (now() at time zone 'Asia/Shanghai')::date + 5 where login in ('leader', 'finance');
         update app_user set status = 'OFF' where login = 'finance';
         update rent_standard set valid_to = (now() at time zone 'Asia/Shanghai')::date + 10 where valid_from < now();
         update rent_standard set status = 'OFF' where code = 'ZJ-01';
         insert into job (request_id, actor_id, sheet, file_name, status, message, created_at, finished_at)
         select gen_random_uuid(), u.id, 'estate', f.name, f.status, '坏了', now(), f.at
         from app_user u, (values ('甲.xlsx', 'FAILED', now() - interval '6 days'), ('乙.xlsx', 'FAILED', now() - interval '8 days'),
             ('丙.xlsx', 'VALIDATED', null)) as f (name, status, at) where u.login in ('admin', 'city');
         insert into approval (kind, subject, subject_key, change, lines, reason, made_by, made_at)
         select 'USER_GRANT', u.login, u.login, jsonb_build_object('UserGrant', jsonb_build_object('user', u.id)), '[]', '换岗', m.id, now()
         from app_user u, app_user m where u.login in ('security', 'leader') and m.login = 'admin'",
    )
    .execute(&test.admin)
    .await
    .expect("what ends");
    assert_eq!(listed(&test, "security").await, [both("待我复核", 1)], "nobody decides on his own rights");
    let standards: i64 =
        sqlx::query_scalar("select count(*) from rent_standard where status = 'ON' and valid_to < '2900-01-01'")
            .fetch_one(&test.admin)
            .await
            .expect("a count");
    let jobs = [both("待确认的导入", 1), both("失败的任务", 1)];
    let [confirm, failed] = jobs.clone();
    assert_eq!(
        listed(&test, "admin").await,
        [confirm, failed, both("有效期将满的账号", 1)],
        "others' jobs are not his"
    );
    let [confirm, failed] = jobs;
    assert_eq!(listed(&test, "city").await, [confirm, failed, both("即将失效的租金标准", standards)]);
}

/// What is decided about assets: none of it one's own work, and master cards by whoever sees them.
#[tokio::test]
async fn assets_wait_for_a_second_person_in_sight() {
    let test = TestDatabase::with_city().await;
    let maker = city::ctx(&test.database, "district-a").await;
    for login in ["district-a", "district-b", "entry"] {
        grant(&test, login, "CITY_CHECK").await;
    }
    let master = asset_master_create(&maker, &master_form(&test).await).await.expect("a master card");
    asset_submit(&maker, master, 1).await.expect("submitted");
    sqlx::raw_sql(
        "insert into asset_count (district_id, estate_id, title, planned_on, status, made_by)
         select e.district_id, e.id, s.status, '2026-11-01', s.status, u.id
         from estate e, app_user u, (values ('TASK'), ('COUNTED'), ('DIFF')) as s (status)
         where e.name = '月光苑' and u.login = 'district-a'",
    )
    .execute(&test.admin)
    .await
    .expect("count sheets");
    let all = [both("待我审核的资产事项", 1), both("待我确认的盘点单", 2)];
    for login in ["city", "city-check"] {
        assert_eq!(listed(&test, login).await, all, "{login}");
    }
    // The clerk of 月光苑 sees the master card of its project, and decides about it.
    assert_eq!(listed(&test, "entry").await, all);
    assert_eq!(listed(&test, "district-a").await, [], "his own work");
    assert_eq!(listed(&test, "district-b").await, [], "another district");
}
