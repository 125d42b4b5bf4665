//! Requests walk the nodes of the workflow under which they began (E-127, S1-9.9; domain.md §6.4).

use crate::support::{
    TestDatabase,
    city::{self, PASSWORD},
};
use chrono::{NaiveDate, TimeDelta};
use domain::{
    dictionary::{ApprovalKind, ApprovalStatus, WorkflowStatus},
    id::{ApprovalId, RoleId, WorkflowId},
    list::ListQuery,
    platform::{
        approval::{ApprovalSeen, OVERDUE, Verdict},
        parameter::ParameterForm,
        role::RoleForm,
        setting::code,
        task::{Due, StepState},
        workflow::{NodeForm, WorkflowForm},
    },
};
use store::{
    Ctx, Result,
    insight::reminder::reminder_list,
    platform::{
        approval::{approval_end, approval_get, approval_list},
        parameter::{parameter_list, parameter_request},
        role::{role_delete, role_get, role_request},
        user::{NewUser, user_create},
        workflow::{workflow_delete, workflow_draft, workflow_get, workflow_list, workflow_request, workflow_update},
    },
};

/// The parameter's workflow is rebuilt by `admin` and `security`; `city` asks, three checkers agree.
struct Desk {
    test: TestDatabase,
    admin: Ctx,
    security: Ctx,
    maker: Ctx,
    checkers: [Ctx; 3],
}

async fn desk() -> Desk {
    let test = TestDatabase::with_city().await;
    for login in ["check-two", "check-three"] {
        let user = NewUser {
            login,
            name: login,
            organization_code: "CITY",
            roles: &["CITY_CHECK"],
            password: PASSWORD.to_owned(),
            must_change_password: false,
            demo: false,
        };
        assert!(user_create(&test.database, user).await.expect("an account"));
    }
    let ctx = async |login| city::ctx(&test.database, login).await;
    Desk {
        admin: ctx("admin").await,
        security: ctx("security").await,
        maker: ctx("city").await,
        checkers: [ctx("city-check").await, ctx("check-two").await, ctx("check-three").await],
        test,
    }
}

fn node(name: &str, persons: i16) -> NodeForm {
    NodeForm { name: name.into(), persons: persons.to_string(), ..NodeForm::default() }
}

fn form(nodes: &[(&str, i16)]) -> WorkflowForm {
    WorkflowForm { nodes: nodes.iter().map(|(name, persons)| node(name, *persons)).collect() }
}

impl Desk {
    async fn id(&self, query: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned()))
            .fetch_one(&self.test.admin)
            .await
            .unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    async fn present(&self, kind: ApprovalKind) -> WorkflowId {
        let query = format!("select id from workflow where kind = '{}' and status = 'ON'", kind.code());
        WorkflowId(self.id(&query).await)
    }

    /// Brings nodes into force for requests about parameters.
    async fn publish(&self, form: &WorkflowForm) -> WorkflowId {
        let base = self.present(ApprovalKind::Parameter).await;
        let draft = workflow_draft(&self.admin, base, form).await.expect("a draft");
        let request = workflow_request(&self.admin, draft, 1, "加强复核").await.expect("asked for");
        approval_end(&self.security, request, Verdict::Approve, "").await.expect("agreed");
        draft
    }

    async fn ask(&self) -> ApprovalId {
        let form = ParameterForm {
            district: String::new(),
            code: code::ADDRESS_TEMPLATE.into(),
            value: "{building}-{entrance}-{room}".into(),
            valid_from: self.maker.today().to_string(),
            reason: "统一地址写法".into(),
        };
        parameter_request(&self.maker, 0, &form).await.expect("asked for")
    }

    /// Another value, after the first one is in force.
    async fn ask_again(&self) -> ApprovalId {
        let form = ParameterForm {
            district: String::new(),
            code: code::ADDRESS_TEMPLATE.into(),
            value: "{building}/{entrance}/{room}".into(),
            valid_from: self.maker.today().to_string(),
            reason: "改用斜线".into(),
        };
        parameter_request(&self.maker, 1, &form).await.expect("asked for")
    }

    async fn agree(&self, by: usize, request: ApprovalId) -> Result<()> {
        approval_end(&self.checkers[by], request, Verdict::Approve, "").await
    }

    async fn status(&self, request: ApprovalId) -> (ApprovalStatus, Option<String>) {
        let row = approval_get(&self.maker, request).await.expect("readable").row;
        (row.status, row.node)
    }

    /// How often the change was carried out.
    async fn values(&self) -> usize {
        let rows = parameter_list(&self.maker).await.expect("rows");
        rows.iter().find(|row| row.code == code::ADDRESS_TEMPLATE).expect("it is there").values.len()
    }

    /// The role that a node asks for, with the right to check parameters; a checker holds it.
    async fn head(&self) -> RoleId {
        sqlx::raw_sql(
            "insert into role (code, name) values ('PARAMETER_HEAD', '参数负责人');
             insert into role_permission select r.id, p from role r,
                 unnest(array['platform:parameter:read', 'platform:parameter:check']) p where r.code = 'PARAMETER_HEAD';
             insert into user_role select u.id, r.id from app_user u, role r
                 where u.login = 'check-two' and r.code = 'PARAMETER_HEAD'",
        )
        .execute(&self.test.admin)
        .await
        .expect("a head");
        RoleId(self.id("select id from role where code = 'PARAMETER_HEAD'").await)
    }

    /// What a reminder counts for somebody, which the list that it leads to shows as well.
    async fn waiting(&self, login: &str) -> i64 {
        let ctx = city::ctx(&self.test.database, login).await;
        let told = reminder_list(&ctx).await.expect("reminders");
        let count = told.iter().find(|told| told.label == "待我复核").map_or(0, |told| {
            assert_eq!((told.link.as_str(), told.lines.len()), ("/platform/approvals?turn=MINE", 1));
            told.count
        });
        let turn = ListQuery::from_params([("turn", "MINE")]);
        assert_eq!(approval_list(&ctx, &turn).await.expect("a page").total, count, "{login}");
        count
    }

    async fn refused(&self, by: &Ctx, request: ApprovalId) -> String {
        approval_end(by, request, Verdict::Approve, "").await.expect_err("refused").to_string()
    }
}

const ONCE: &str = "您已办理过该申请，同一人只能办理一个节点，请等待其他人办理";

#[tokio::test]
async fn a_request_passes_its_nodes_and_each_person_acts_once() {
    let desk = desk().await;
    desk.publish(&form(&[("初审", 1), ("终审", 2)])).await;
    let before = desk.values().await;
    let request = desk.ask().await;
    assert_eq!(desk.refused(&desk.maker, request).await, "您没有此项操作的权限，如需办理请联系系统管理员");

    desk.agree(0, request).await.expect("the first node");
    assert_eq!(desk.status(request).await, (ApprovalStatus::Pending, Some("终审".into())));
    assert_eq!(desk.refused(&desk.checkers[0], request).await, ONCE);
    assert!(!approval_get(&desk.checkers[0], request).await.expect("readable").checkable);
    // What was decided in front of the first node does not count for the second.
    let stale = ApprovalSeen { id: request, node: Some(1) };
    let told = approval_end(&desk.checkers[1], stale, Verdict::Approve, "").await.expect_err("refused").to_string();
    assert_eq!(told, "该申请已进入其他节点，请刷新查看后再办理");

    desk.agree(1, request).await.expect("one of two");
    let told = approval_get(&desk.checkers[2], request).await.expect("readable");
    assert!(told.checkable);
    let states: Vec<_> = told.steps.iter().map(|step| (step.name.as_str(), step.state, step.missing())).collect();
    assert_eq!(states, [("初审", StepState::Passed, 0), ("终审", StepState::Present, 1)]);
    assert_eq!(desk.refused(&desk.checkers[1], request).await, ONCE);
    assert_eq!(desk.values().await, before, "nothing is done before the last one agrees");

    desk.agree(2, request).await.expect("the last one");
    assert_eq!(desk.status(request).await, (ApprovalStatus::Approved, None));
    assert_eq!(desk.values().await, before + 1);
    let told = approval_get(&desk.maker, request).await.expect("readable");
    assert!(told.steps.iter().all(|step| step.state == StepState::Passed));
    assert_eq!(told.steps[1].acts.len(), 2);
}

#[tokio::test]
async fn the_maker_acts_at_no_node_even_with_the_right() {
    let desk = desk().await;
    desk.publish(&form(&[("初审", 1), ("终审", 1)])).await;
    let request = desk.ask().await;
    sqlx::query("insert into role_permission select id, 'platform:parameter:check' from role where code = 'CITY'")
        .execute(&desk.test.admin)
        .await
        .expect("a mistake");
    let maker = city::ctx(&desk.test.database, "city").await;
    assert_eq!(desk.refused(&maker, request).await, "提交人不能复核自己提交的变更");
    desk.agree(0, request).await.expect("the first node");
    assert_eq!(desk.refused(&maker, request).await, "提交人不能复核自己提交的变更");
    // The database refuses both as well.
    let by_hand = "insert into approval_task (approval_id, workflow_id, node, made_by, checker, verdict, at)
                   select id, workflow_id, node, made_by, $2, 'APPROVE', now() from approval where id = $1";
    for (who, constraint) in [
        (maker.actor().id.0, "approval_task_two_persons"),
        (desk.checkers[0].actor().id.0, "approval_task_checker_key"),
    ] {
        let refused = sqlx::query(by_hand).bind(request.0).bind(who).execute(&desk.test.admin).await.unwrap_err();
        assert_eq!(refused.as_database_error().and_then(|error| error.constraint()), Some(constraint));
    }
    approval_end(&maker, request, Verdict::Withdraw, "").await.expect("withdrawn half way");
    assert_eq!(desk.status(request).await.0, ApprovalStatus::Withdrawn);
}

/// What waits for somebody is what he could act on now, in the reminder and in the list.
#[tokio::test]
async fn a_request_waits_for_those_who_can_act_on_it() {
    let desk = desk().await;
    desk.head().await;
    let head = NodeForm { role: "PARAMETER_HEAD".into(), ..node("终审", 1) };
    desk.publish(&WorkflowForm { nodes: vec![node("初审", 1), head] }).await;
    let request = desk.ask().await;
    let all = async || {
        let mut counts = Vec::new();
        for login in ["city", "city-check", "check-two", "check-three"] {
            counts.push(desk.waiting(login).await);
        }
        counts
    };
    assert_eq!(all().await, [0, 1, 1, 1], "not for its maker");
    desk.agree(0, request).await.expect("the first node");
    assert_eq!(all().await, [0, 0, 1, 0], "for whoever holds the role of the second node");
    let head = city::ctx(&desk.test.database, "check-two").await;
    approval_end(&head, request, Verdict::Approve, "").await.expect("the head");
    assert_eq!(all().await, [0; 4]);
    let next = desk.ask_again().await;
    approval_end(&head, next, Verdict::Approve, "").await.expect("the head at the first node");
    assert_eq!(all().await, [0; 4], "he has acted, and nobody else holds the role");
}

/// The role of a node in force keeps the right to check, or nobody could pass there.
#[tokio::test]
async fn a_role_that_a_node_asks_for_keeps_its_right() {
    let desk = desk().await;
    let role = desk.head().await;
    let told = "流程【参数设置】第2版的节点【复核】由该角色办理，不能移除权限【复核参数】，请先发布不用该角色的新版本";
    let without = async || {
        let (role, _) = role_get(&desk.security, role).await.expect("the role");
        let permissions = vec!["platform:parameter:read".into()];
        let form = RoleForm { permissions, reason: "收回权限".into(), ..RoleForm::from(&role) };
        role_request(&desk.security, Some((role.row.id, role.version)), &form).await
    };
    let early = without().await.expect("no node asks for it");
    let with_head = WorkflowForm { nodes: vec![NodeForm { role: "PARAMETER_HEAD".into(), ..node("复核", 1) }] };
    desk.publish(&with_head).await;
    assert_eq!(desk.refused(&desk.admin, early).await, told, "published since");
    approval_end(&desk.admin, early, Verdict::Reject, "流程在用").await.expect("rejected");
    assert_eq!(without().await.expect_err("refused").to_string(), told);
    desk.publish(&form(&[("复核", 1)])).await;
    let late = without().await.expect("an old version may name it");
    approval_end(&desk.admin, late, Verdict::Approve, "").await.expect("agreed");
    let kept = role_delete(&desk.security, role).await.expect_err("refused").to_string();
    assert_eq!(kept, "角色已分配用户，不能删除");
}

#[tokio::test]
async fn a_refusal_at_any_node_ends_the_request() {
    let desk = desk().await;
    desk.publish(&form(&[("初审", 1), ("终审", 2)])).await;
    let before = desk.values().await;
    let request = desk.ask().await;
    desk.agree(0, request).await.expect("the first node");
    approval_end(&desk.checkers[1], request, Verdict::Reject, "写法不妥").await.expect("rejected");
    let told = approval_get(&desk.maker, request).await.expect("readable");
    assert_eq!((told.row.status, told.opinion.as_deref()), (ApprovalStatus::Rejected, Some("写法不妥")));
    assert_eq!(told.steps[1].state, StepState::Ended);
    assert_eq!(desk.refused(&desk.checkers[2], request).await, "该变更已处理，请刷新查看");
    assert_eq!(desk.values().await, before);
}

#[tokio::test]
async fn a_request_keeps_its_version_while_a_new_one_is_published() {
    let desk = desk().await;
    let first = desk.present(ApprovalKind::Parameter).await;
    let request = desk.ask().await;
    let draft = workflow_draft(&desk.admin, first, &form(&[("初审", 1), ("终审", 1)])).await.expect("a draft");
    let second = workflow_draft(&desk.admin, first, &form(&[("别的", 1)])).await.expect_err("one draft").to_string();
    assert_eq!(second, "该流程已有草稿，请在草稿上修改，或先删除草稿");
    workflow_update(&desk.admin, draft, 1, &form(&[("初审", 1), ("复审", 1)])).await.expect("changed");
    assert!(workflow_update(&desk.admin, draft, 1, &form(&[("初审", 1)])).await.is_err(), "somebody else changed it");
    let publication = workflow_request(&desk.admin, draft, 2, "增加复审").await.expect("asked for");
    let waits = workflow_update(&desk.admin, draft, 2, &form(&[("初审", 1)])).await.expect_err("it waits").to_string();
    assert_eq!(waits, "该版本正在等待复核，请先撤回发布申请");
    let lines = approval_get(&desk.security, publication).await.expect("readable").lines;
    assert_eq!(lines[0].before.as_deref(), Some("复核，1人，5个工作日"));
    assert_eq!(lines[1].after.as_deref(), Some("复审，1人，不限时"));
    approval_end(&desk.security, publication, Verdict::Approve, "").await.expect("agreed");

    let old = workflow_get(&desk.admin, first).await.expect("there");
    assert_eq!((old.row.status, old.running), (WorkflowStatus::Off, 1));
    let new = workflow_get(&desk.admin, draft).await.expect("there");
    assert_eq!((new.row.status, new.row.version, new.nodes[1].able), (WorkflowStatus::On, 2, 3));
    assert!(workflow_update(&desk.admin, draft, 2, &form(&[("初审", 1)])).await.is_err(), "published");
    assert!(workflow_delete(&desk.admin, draft, 2).await.is_err(), "published");
    let by_hand = sqlx::query("update workflow_node set persons = 2 where workflow_id = $1").bind(first.0);
    assert!(by_hand.execute(&desk.test.admin).await.is_err(), "the database keeps it too");

    desk.agree(0, request).await.expect("the one node of the old version");
    assert_eq!(desk.status(request).await, (ApprovalStatus::Approved, None));
    let next = desk.ask_again().await;
    desk.agree(0, next).await.expect("the first of the new version");
    assert_eq!(desk.status(next).await, (ApprovalStatus::Pending, Some("复审".into())));
}

#[tokio::test]
async fn of_two_last_agreements_at_once_one_carries_it_out() {
    let desk = desk().await;
    let before = desk.values().await;
    let request = desk.ask().await;
    let (one, two) = tokio::join!(desk.agree(0, request), desk.agree(1, request));
    let refused = [one, two].into_iter().filter_map(std::result::Result::err).map(|error| error.to_string());
    assert_eq!(refused.collect::<Vec<_>>(), ["该变更已处理，请刷新查看"]);
    assert_eq!(desk.values().await, before + 1);

    // With two needed both count, and the second of them ends it.
    desk.publish(&form(&[("会签", 2)])).await;
    let request = desk.ask_again().await;
    let (one, two) = tokio::join!(desk.agree(0, request), desk.agree(1, request));
    one.and(two).expect("both");
    assert_eq!(desk.status(request).await.0, ApprovalStatus::Approved);
}

#[tokio::test]
async fn what_nobody_could_pass_is_not_published() {
    let desk = desk().await;
    let base = desk.present(ApprovalKind::Role).await;
    let draft = workflow_draft(&desk.admin, base, &form(&[("初审", 1), ("终审", 1)])).await.expect("a draft");
    let told = workflow_request(&desk.admin, draft, 1, "双人复核").await.expect_err("refused").to_string();
    assert!(told.starts_with("节点【初审】【终审】共需2人办理，有权办理的账号只有1个"), "{told}");
    assert!(workflow_request(&desk.security, draft, 1, "双人复核").await.is_err(), "the checker makes nothing");
    workflow_delete(&desk.admin, draft, 1).await.expect("deleted");

    // A role narrows who acts; it has to hold the right.
    let with_role = |code: &str| WorkflowForm { nodes: vec![NodeForm { role: code.into(), ..node("复核", 1) }] };
    let wrong = workflow_draft(&desk.admin, base, &with_role("CITY")).await.expect_err("refused");
    let domain::failure::Failure::Invalid(errors) = wrong.into() else { panic!("no complaint") };
    assert_eq!(errors.get("role-1"), Some("所选角色不存在，或没有复核该事项的权限"));
    sqlx::raw_sql(
        "insert into role (code, name) values ('PARAMETER_HEAD', '参数负责人');
         insert into role_permission select id, 'platform:parameter:check' from role where code = 'PARAMETER_HEAD'",
    )
    .execute(&desk.test.admin)
    .await
    .expect("a role");
    let base = desk.present(ApprovalKind::Parameter).await;
    let draft = workflow_draft(&desk.admin, base, &with_role("PARAMETER_HEAD")).await.expect("a draft");
    let told = workflow_request(&desk.admin, draft, 1, "负责人复核").await.expect_err("refused").to_string();
    assert!(told.starts_with("节点【复核】共需1人办理，有权办理的账号只有0个"), "{told}");
    let role = RoleId(desk.id("select id from role where code = 'PARAMETER_HEAD'").await);
    let kept = role_delete(&desk.security, role).await.expect_err("refused").to_string();
    assert_eq!(kept, "角色用于流程定义的节点，不能删除");
    sqlx::query(
        "insert into user_role select u.id, r.id from app_user u, role r
         where u.login = 'check-two' and r.code = 'PARAMETER_HEAD'",
    )
    .execute(&desk.test.admin)
    .await
    .expect("a head");
    let request = workflow_request(&desk.admin, draft, 1, "负责人复核").await.expect("asked for");
    approval_end(&desk.security, request, Verdict::Approve, "").await.expect("agreed");
    let request = desk.ask().await;
    assert_eq!(desk.refused(&desk.checkers[0], request).await, "当前节点须由角色【参数负责人】的人员办理");
    let head = city::ctx(&desk.test.database, "check-two").await;
    approval_end(&head, request, Verdict::Approve, "").await.expect("the head");
    let named = ListQuery { q: "复核".into(), ..ListQuery::default() };
    assert!(workflow_list(&desk.admin, &named).await.expect("a page").total >= 4);
    assert!(workflow_list(&desk.maker, &named).await.is_err(), "the city does not read them");
}

#[tokio::test]
async fn what_is_late_is_counted_in_working_days() {
    let desk = desk().await;
    let request = desk.ask().await;
    let late = ListQuery::from_params([("due", OVERDUE)]);
    let due = async || approval_get(&desk.maker, request).await.expect("readable").row.due;
    sqlx::query("delete from holiday").execute(&desk.test.admin).await.expect("no calendar");
    assert!(matches!(due().await, Due::Unknown(reason) if reason.contains("年的节假日未录入")));
    assert_eq!(approval_list(&desk.maker, &late).await.expect("a page").total, 0, "nothing is counted");

    let today = desk.maker.today();
    for years in -1..=1 {
        let day = NaiveDate::from_yo_opt(chrono::Datelike::year(&today) + years, 1).expect("a day");
        sqlx::query("insert into holiday (date, kind, name) values ($1, 'REST', '元旦')")
            .bind(day)
            .execute(&desk.test.admin)
            .await
            .expect("a calendar");
    }
    assert!(matches!(due().await, Due::On(day, _) if day > today));
    assert_eq!(approval_list(&desk.maker, &late).await.expect("a page").total, 0);
    let begun = desk.maker.now() - TimeDelta::days(30);
    sqlx::query("update approval set node_at = $2 where id = $1")
        .bind(request.0)
        .bind(begun)
        .execute(&desk.test.admin)
        .await
        .expect("time passes");
    assert!(due().await.is_overdue());
    let page = approval_list(&desk.maker, &late).await.expect("a page");
    assert_eq!(page.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [request]);
    desk.agree(0, request).await.expect("late, but agreed");
    assert_eq!(due().await, Due::Never);
    assert_eq!(approval_list(&desk.maker, &late).await.expect("a page").total, 0);
}
