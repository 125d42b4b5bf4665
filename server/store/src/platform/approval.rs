//! Maker and checker (domain.md §0.5 rule 5, §6.4): a request is kept with what it would do, and done in the
//! transaction in which the last one agrees whom the workflow of its kind asks for ([`super::workflow`]).

use super::{
    calendar::calendar_load,
    message::message_send,
    parameter::parameter_apply,
    role::role_apply,
    task::{Course, overdue, push_turn, steps_load, task_add, task_possible},
    user::{
        grant_apply,
        import::{import_apply, import_drop, passwords_due},
    },
    workflow::{workflow_apply, workflows_kept, workflows_passable},
};
use crate::{
    Ctx, Error, Result, Scope,
    ctx::{Tx, china_day, connection},
    error::stored,
    housing::{
        rent_standard::{rent_standard_apply, rent_standard_end},
        unit::unit_offshelf_apply,
    },
    list::{SmallList, push_code},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    dictionary::{ApprovalKind, ApprovalStatus, OffshelfGround},
    failure::{Failure, FieldErrors},
    housing::rent_standard_form::NewStandard,
    id::{ApprovalId, RentStandardId, RoleId, UnitId, UserId, WorkflowId},
    list::{ListQuery, Page},
    platform::{
        approval::{Approval, ApprovalRow, ApprovalSeen, ChangeLine, OVERDUE, Verdict},
        calendar::WorkCalendar,
        message::Notice,
        parameter::ParameterFields,
        role::RoleFields,
        task::Due,
        user_form::GrantFields,
    },
};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

/// What will be done when it is approved; with what was there when it was asked for, so that nobody approves the
/// change of something else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Change {
    UserGrant {
        user: UserId,
        before: GrantFields,
        after: GrantFields,
    },
    /// accounts that a file has brought, which have nothing yet
    UserImport {
        grants: Vec<(UserId, GrantFields)>,
    },
    Role {
        role: Option<RoleId>,
        version: i32,
        fields: RoleFields,
    },
    Parameter(ParameterFields),
    /// the draft as it was read
    Workflow {
        workflow: WorkflowId,
        revision: i32,
    },
    RentStandard(NewStandard),
    /// with the last day that it had
    RentStandardEnd {
        standard: RentStandardId,
        before: Option<NaiveDate>,
        valid_to: NaiveDate,
    },
    /// of the unit as it was
    UnitOffshelf {
        unit: UnitId,
        version: i32,
        ground: OffshelfGround,
        document: String,
    },
}

impl Change {
    /// Whether it gives rights to somebody who has an account.
    fn grants_to(&self, id: UserId) -> bool {
        matches!(self, Self::UserGrant { user, .. } if *user == id)
    }
}

/// A request on its way in.
pub(crate) struct Request {
    pub kind: ApprovalKind,
    /// in words
    pub subject: String,
    /// of which one request at a time may wait
    pub subject_key: String,
    pub change: Change,
    pub lines: Vec<ChangeLine>,
    pub reason: String,
}

/// Keeps a request.
///
/// # Errors
/// A refusal when nothing would change, or when a request about the same thing waits already.
pub(crate) async fn approval_submit(tx: &mut Tx, ctx: &Ctx, request: Request) -> Result<ApprovalId> {
    if request.lines.is_empty() {
        return Err(Failure::refused("没有需要变更的内容").into());
    }
    let id = sqlx::query_scalar!(
        "insert into approval (kind, subject, subject_key, change, lines, reason, made_by, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (kind, subject_key) where status = 'PENDING' do nothing returning id",
        request.kind.code(),
        request.subject,
        request.subject_key,
        Json(&request.change) as _,
        Json(&request.lines) as _,
        request.reason,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_optional(connection(tx))
    .await?;
    match id {
        Some(id) => Ok(ApprovalId(id)),
        None => Err(waits_already().into()),
    }
}

/// The refusal of a second request about the same thing.
pub(crate) fn waits_already() -> Failure {
    Failure::refused("该对象已有待复核的变更，请等待处理或先撤回")
}

/// The request that waits about something.
pub(crate) async fn approval_pending(tx: &mut Tx, kind: ApprovalKind, subject_key: &str) -> Result<Option<ApprovalId>> {
    let id = sqlx::query_scalar!(
        "select id from approval where kind = $1 and subject_key = $2 and status = 'PENDING'",
        kind.code(),
        subject_key
    )
    .fetch_optional(connection(tx))
    .await?;
    Ok(id.map(ApprovalId))
}

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    kind: String,
    subject: String,
    status: String,
    maker: String,
    made_at: DateTime<Utc>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    node: String,
    node_at: DateTime<Utc>,
    days: Option<i16>,
}

impl Record {
    fn told(self, calendar: &WorkCalendar, today: NaiveDate) -> Result<ApprovalRow> {
        let status = stored(&self.status, ApprovalStatus::from_code)?;
        let pending = status == ApprovalStatus::Pending;
        let due = if pending { Due::of(calendar, china_day(self.node_at), self.days, today) } else { Due::Never };
        Ok(ApprovalRow {
            id: ApprovalId(self.id),
            kind: stored(&self.kind, ApprovalKind::from_code)?,
            subject: self.subject,
            status,
            maker: self.maker,
            made_at: self.made_at,
            checker: self.checker,
            checked_at: self.checked_at,
            node: pending.then_some(self.node),
            due,
        })
    }
}

fn readable(ctx: &Ctx) -> Result<Vec<String>> {
    let mut kinds = ApprovalKind::readable(|permission| ctx.actor().may(permission));
    // Requests name no district: what is asked about homes only the city reads.
    if !matches!(ctx.scope(), Scope::City { .. }) {
        kinds.retain(|kind| *kind != ApprovalKind::UnitOffshelf);
    }
    if kinds.is_empty() {
        return Err(Failure::Forbidden.into());
    }
    Ok(kinds.into_iter().map(|kind| kind.code().to_owned()).collect())
}

/// A page of requests about what the actor may read.
///
/// # Errors
/// [`Failure::Forbidden`] when there is nothing of the kind.
pub async fn approval_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<ApprovalRow>> {
    let kinds = readable(ctx)?;
    let mut tx = ctx.begin_platform().await?;
    let calendar = calendar_load(&mut tx).await?;
    let late = match query.filter("due") {
        Some(OVERDUE) => Some(overdue(&mut tx, &calendar, ctx.today()).await?),
        _ => None,
    };
    let page = SmallList {
        columns: "a.id, a.kind, a.subject, a.status, m.name as maker, a.made_at, c.name as checker, a.checked_at, n.name as node,
            a.node_at, n.days",
        from: "from approval a join app_user m on m.id = a.made_by left join app_user c on c.id = a.checked_by
            join workflow_node n on n.workflow_id = a.workflow_id and n.position = a.node where true",
        searched: &["a.subject", "m.name"],
        filter: &|sql| {
            sql.push(" and a.kind = any(").push_bind(kinds.clone()).push(")");
            push_code(sql, query, "status", "a.status");
            push_code(sql, query, "kind", "a.kind");
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
            if let Some(late) = &late {
                sql.push(" and a.id = any(").push_bind(late.clone()).push(")");
            }
        },
        order: "a.made_at",
        descending: query.sort.is_empty() || query.descending,
        tie: "a.id",
    }
    .page_in::<Record>(tx, query)
    .await?;
    page.try_map(|record| record.told(&calendar, ctx.today()))
}

/// One request with what it would change.
///
/// # Errors
/// [`Failure::NotFound`], also for a kind that the actor may not read.
pub async fn approval_get(ctx: &Ctx, id: ApprovalId) -> Result<Approval> {
    let kinds = readable(ctx)?;
    let mut tx = ctx.begin_platform().await?;
    let row = sqlx::query!(
        r#"select a.id, a.kind, a.subject, a.status, m.name as maker, a.made_at, c.name as "checker?", a.checked_at,
                  a.made_by, a.reason, a.opinion, a.lines as "lines: Json<Vec<ChangeLine>>",
                  a.workflow_id, w.version, a.node as position, n.name as node, a.node_at, n.days,
                  coalesce((a.change -> 'UserGrant' ->> 'user')::bigint = $3, false) as "to_self!"
           from approval a join app_user m on m.id = a.made_by left join app_user c on c.id = a.checked_by
           join workflow w on w.id = a.workflow_id
           join workflow_node n on n.workflow_id = a.workflow_id and n.position = a.node
           where a.id = $1 and a.kind = any($2)"#,
        id.0,
        &kinds,
        ctx.actor().id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let own = row.made_by == ctx.actor().id.0;
    let passwords_due = match own && row.status == ApprovalStatus::Approved.code() {
        true => passwords_due(&mut tx, id).await?,
        false => 0,
    };
    let workflow = WorkflowId(row.workflow_id);
    let course = Course { id, workflow, node: row.position, made_by: row.made_by };
    let record = Record {
        id: row.id,
        kind: row.kind,
        subject: row.subject,
        status: row.status,
        maker: row.maker,
        made_at: row.made_at,
        checker: row.checker,
        checked_at: row.checked_at,
        node: row.node,
        node_at: row.node_at,
        days: row.days,
    };
    let told = record.told(&calendar_load(&mut tx).await?, ctx.today())?;
    let pending = told.status == ApprovalStatus::Pending;
    let steps = steps_load(&mut tx, &course, told.status).await?;
    let able = pending && !own && !row.to_self && ctx.actor().may(told.kind.checker());
    let checkable = able && task_possible(&mut tx, ctx, &course).await?;
    tx.commit().await?;
    Ok(Approval {
        own: own && pending,
        checkable,
        workflow: (workflow, row.version),
        node: course.node,
        steps,
        row: told,
        reason: row.reason,
        opinion: row.opinion,
        lines: row.lines.0,
        passwords_due,
    })
}

/// Withdraws a request, refuses it, or agrees to it at the node where it stands. With the last agreement it is carried out
/// in the same transaction.
///
/// # Errors
/// Without the checker's permission; a refusal to the maker, to whoever has acted on it before or lacks the node's role, of
/// a request that has moved on or ended, or of one whose object has changed since; a complaint about the opinion.
pub async fn approval_end(ctx: &Ctx, seen: impl Into<ApprovalSeen>, verdict: Verdict, opinion: &str) -> Result<()> {
    let ApprovalSeen { id, node: seen } = seen.into();
    let kinds = readable(ctx)?;
    let opinion = verdict
        .opinion_check(opinion)
        .map_err(|complaint| Error::from(FieldErrors::from(("opinion", complaint.text()))))?;
    let mut tx = ctx.begin_platform().await?;
    let row = sqlx::query!(
        r#"select kind, subject, status, made_by, workflow_id, node, change as "change: Json<Change>" from approval
           where id = $1 and kind = any($2) for update"#,
        id.0,
        &kinds
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let kind = stored(&row.kind, ApprovalKind::from_code)?;
    let own = row.made_by == ctx.actor().id.0;
    match verdict {
        Verdict::Withdraw if !own => return Err(Failure::Forbidden.into()),
        Verdict::Withdraw => {}
        Verdict::Approve | Verdict::Reject => {
            ctx.require(kind.checker())?;
            if own {
                return Err(Failure::refused("提交人不能复核自己提交的变更").into());
            }
            if row.change.0.grants_to(ctx.actor().id) {
                return Err(Failure::refused("不能复核对本人账号的授权变更").into());
            }
        }
    }
    if row.status != ApprovalStatus::Pending.code() {
        return Err(Failure::refused("该变更已处理，请刷新查看").into());
    }
    if verdict != Verdict::Withdraw {
        if seen.is_some_and(|seen| seen != row.node) {
            return Err(Failure::refused("该申请已进入其他节点，请刷新查看后再办理").into());
        }
        let course = Course { id, workflow: WorkflowId(row.workflow_id), node: row.node, made_by: row.made_by };
        if !task_add(&mut tx, ctx, &course, verdict, opinion.as_deref()).await? {
            tx.commit().await?;
            return Ok(());
        }
    }
    sqlx::query!(
        "update approval set status = $2, checked_by = $3, checked_at = $4, opinion = $5 where id = $1",
        id.0,
        verdict.status().code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
    )
    .execute(connection(&mut tx))
    .await?;
    maker_tell(&mut tx, ctx, row.made_by, (id, kind, &row.subject), verdict, opinion.as_deref()).await?;
    if verdict != Verdict::Approve {
        if matches!(row.change.0, Change::UserImport { .. }) {
            import_drop(&mut tx, id).await?;
        }
    } else {
        let passable = workflows_passable(&mut tx, ctx).await?;
        match row.change.0 {
            Change::UserImport { grants } => import_apply(&mut tx, ctx, id, &grants).await?,
            Change::UserGrant { user, before, after } => grant_apply(&mut tx, ctx, user, &before, &after).await?,
            Change::Role { role, version, fields } => role_apply(&mut tx, ctx, role, version, &fields).await?,
            Change::Parameter(fields) => parameter_apply(&mut tx, ctx, id, &fields).await?,
            Change::Workflow { workflow, revision } => workflow_apply(&mut tx, ctx, id, workflow, revision).await?,
            Change::RentStandard(standard) => rent_standard_apply(&mut tx, ctx, row.made_by, &standard).await?,
            Change::RentStandardEnd { standard, before, valid_to } => {
                rent_standard_end(&mut tx, ctx, standard, before, valid_to).await?;
            }
            Change::UnitOffshelf { unit, version, ground, document } => {
                unit_offshelf_apply(&mut tx, ctx, unit, version, (ground, &document)).await?;
            }
        }
        workflows_kept(&mut tx, ctx, &passable).await?;
    }
    tx.commit().await?;
    // What was agreed to may be seen on a board.
    ctx.database().announce();
    Ok(())
}

/// Tells the maker what was decided; of what he withdrew himself he knows.
async fn maker_tell(
    tx: &mut Tx,
    ctx: &Ctx,
    maker: i64,
    (id, kind, subject): (ApprovalId, ApprovalKind, &str),
    verdict: Verdict,
    opinion: Option<&str>,
) -> Result<()> {
    let notice = match verdict {
        Verdict::Approve => Notice::ApprovalApproved,
        Verdict::Reject => Notice::ApprovalRejected,
        Verdict::Withdraw => return Ok(()),
    };
    let params = [
        ("事项", kind.label()),
        ("对象", subject),
        ("复核人", ctx.actor().name.as_str()),
        ("意见", opinion.unwrap_or_default()),
    ];
    message_send(tx, maker, notice, &params, &format!("/platform/approvals/{id}")).await
}

/// The refusal of a request whose object has changed since.
pub(crate) fn outdated() -> Error {
    Failure::refused("该对象在提交后已发生变化，请驳回后重新提交").into()
}

/// Complaints by field as one sentence, for the checker, who has no such fields before him.
pub(super) fn refused_as_one(error: Error) -> Error {
    match error {
        Error::Failure(Failure::Invalid(fields)) => {
            Failure::refused(fields.0.into_values().collect::<Vec<_>>().join("；")).into()
        }
        other => other,
    }
}
