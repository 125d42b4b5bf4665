//! The course of a request through the nodes of its workflow (E-127): one task per person who acted, only ever added.

use crate::{
    Ctx, Result,
    ctx::{Tx, china_day, connection},
    error::stored,
};
use chrono::NaiveDate;
use domain::{
    dictionary::{ApprovalKind, ApprovalStatus},
    failure::Failure,
    id::{ApprovalId, WorkflowId},
    platform::{
        actor::Actor,
        approval::Verdict,
        calendar::WorkCalendar,
        task::{Act, Due, Step},
    },
};
use serde_json::json;
use sqlx::{Postgres, QueryBuilder};

/// Where a locked request stands.
pub(crate) struct Course {
    pub id: ApprovalId,
    pub workflow: WorkflowId,
    pub node: i16,
    pub made_by: i64,
}

fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "APPROVE",
        Verdict::Reject => "REJECT",
        Verdict::Withdraw => "WITHDRAW",
    }
}

fn verdict_of(code: &str) -> Option<Verdict> {
    [Verdict::Approve, Verdict::Reject].into_iter().find(|verdict| self::code(*verdict) == code)
}

/// Whether the actor may act where the request stands: he holds the role of the node, and has not acted before.
///
/// # Errors
/// The sentence that says why not.
async fn turn_check(tx: &mut Tx, ctx: &Ctx, course: &Course) -> Result<Turn> {
    let node = sqlx::query!(
        r#"select n.persons, r.code as "role_code?", r.name as "role?",
                  (select count(*) from approval_task t
                   where t.approval_id = $1 and t.node = n.position and t.verdict = 'APPROVE') as "agreed!",
                  exists (select from approval_task t where t.approval_id = $1 and t.checker = $4) as "acted!",
                  exists (select from workflow_node m where m.workflow_id = $2 and m.position = n.position + 1) as "more!"
           from workflow_node n left join role r on r.id = n.role_id
           where n.workflow_id = $2 and n.position = $3"#,
        course.id.0,
        course.workflow.0,
        course.node,
        ctx.actor().id.0,
    )
    .fetch_one(connection(tx))
    .await?;
    if node.acted {
        return Err(Failure::refused("您已办理过该申请，同一人只能办理一个节点，请等待其他人办理").into());
    }
    if node.role_code.is_some_and(|code| !ctx.actor().roles.contains(&code)) {
        let role = node.role.unwrap_or_default();
        return Err(Failure::refused(format!("当前节点须由角色【{role}】的人员办理")).into());
    }
    Ok(Turn { last: node.agreed + 1 >= node.persons.into(), more: node.more })
}

/// What one more agreement would do.
struct Turn {
    /// nobody else is needed at this node
    last: bool,
    /// there is another node
    more: bool,
}

/// Whether the actor could act on a request that waits.
pub(crate) async fn task_possible(tx: &mut Tx, ctx: &Ctx, course: &Course) -> Result<bool> {
    match turn_check(tx, ctx, course).await {
        Ok(_) => Ok(true),
        Err(crate::Error::Failure(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The kinds of requests that somebody may read and decide.
pub(crate) fn kinds_checked(actor: &Actor) -> Vec<String> {
    let kinds = ApprovalKind::readable(|permission| actor.may(permission)).into_iter();
    kinds.filter(|kind| actor.may(kind.checker())).map(|kind| kind.code().to_owned()).collect()
}

/// Adds that the request `a` waits for the actor, who could act on it now: what [`turn_check`] and `approval_end` ask of
/// one request, for the reminder of all of them and the list behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    let (actor, me) = (ctx.actor(), ctx.actor().id.0);
    sql.push(" and a.status = 'PENDING' and a.kind = any(").push_bind(kinds_checked(actor));
    sql.push(") and a.made_by <> ").push_bind(me);
    sql.push(" and not a.change @> ").push_bind(json!({"UserGrant": {"user": me}}));
    sql.push(" and not exists (select from approval_task t where t.approval_id = a.id and t.checker = ").push_bind(me);
    sql.push(
        ") and not exists (select from workflow_node m join role r on r.id = m.role_id
           where m.workflow_id = a.workflow_id and m.position = a.node and r.code <> all(",
    );
    sql.push_bind(actor.roles.clone()).push("))");
}

/// Notes what somebody decided and moves the request on. Answers whether it has ended with that: refused, or agreed to by
/// the last one of the last node. The request is locked, so of two who agree at once the second finds the first one's.
///
/// # Errors
/// A refusal to whoever has acted on the request before, or lacks the node's role.
pub(crate) async fn task_add(
    tx: &mut Tx,
    ctx: &Ctx,
    course: &Course,
    verdict: Verdict,
    opinion: Option<&str>,
) -> Result<bool> {
    let turn = turn_check(tx, ctx, course).await?;
    sqlx::query!(
        "insert into approval_task (approval_id, workflow_id, node, made_by, checker, verdict, opinion, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        course.id.0,
        course.workflow.0,
        course.node,
        course.made_by,
        ctx.actor().id.0,
        code(verdict),
        opinion,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    if verdict == Verdict::Approve && turn.last && turn.more {
        sqlx::query!("update approval set node = node + 1, node_at = $2 where id = $1", course.id.0, ctx.now())
            .execute(connection(tx))
            .await?;
    }
    Ok(verdict == Verdict::Reject || (turn.last && !turn.more))
}

/// Every node of the version that a request keeps, with what was done there.
pub(crate) async fn steps_load(tx: &mut Tx, course: &Course, status: ApprovalStatus) -> Result<Vec<Step>> {
    let nodes = sqlx::query!(
        r#"select n.position, n.name, n.persons, n.days, r.name as "role?"
           from workflow_node n left join role r on r.id = n.role_id where n.workflow_id = $1 order by n.position"#,
        course.workflow.0
    )
    .fetch_all(connection(tx))
    .await?;
    let tasks = sqlx::query!(
        "select t.node, u.name, t.verdict, t.opinion, t.at from approval_task t join app_user u on u.id = t.checker
         where t.approval_id = $1 order by t.at, t.id",
        course.id.0
    )
    .fetch_all(connection(tx))
    .await?;
    let mut steps: Vec<Step> = nodes
        .into_iter()
        .map(|node| Step {
            state: Step::state_of(node.position, course.node, status),
            position: node.position,
            name: node.name,
            persons: node.persons,
            days: node.days,
            role: node.role,
            acts: Vec::new(),
        })
        .collect();
    for task in tasks {
        let act =
            Act { checker: task.name, verdict: stored(&task.verdict, verdict_of)?, opinion: task.opinion, at: task.at };
        if let Some(step) = steps.iter_mut().find(|step| step.position == task.node) {
            step.acts.push(act);
        }
    }
    Ok(steps)
}

/// Requests whose present node should have been passed before today. Counted anew each time: when the calendar changes,
/// so does what is late.
pub(crate) async fn overdue(tx: &mut Tx, calendar: &WorkCalendar, today: NaiveDate) -> Result<Vec<i64>> {
    let waiting = sqlx::query!(
        "select a.id, a.node_at, n.days from approval a
         join workflow_node n on n.workflow_id = a.workflow_id and n.position = a.node
         where a.status = 'PENDING' and n.days is not null"
    )
    .fetch_all(connection(tx))
    .await?;
    let late =
        waiting.into_iter().filter(|row| Due::of(calendar, china_day(row.node_at), row.days, today).is_overdue());
    Ok(late.map(|row| row.id).collect())
}
