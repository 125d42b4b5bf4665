//! Workflow definitions (E-127, S1-9.9): written as a draft, published when another person agrees, and then kept as they
//! are by every request that began under them.

use super::approval::{Change, Request, approval_pending, approval_submit, outdated};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code},
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::{ApprovalKind, WorkflowStatus},
    failure::{Failure, FieldErrors},
    id::{ApprovalId, WorkflowId},
    list::{ListQuery, Page},
    platform::{
        approval::{ChangeLine, reason_check},
        permission::Permission,
        workflow::{Node, NodeRow, WORKFLOW_LIST, Workflow, WorkflowForm, WorkflowRow, nodes_told, passable_check},
    },
    value::Complaint,
};
use std::collections::BTreeSet;

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    kind: String,
    version: i32,
    nodes: i64,
    status: String,
    published_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Record> for WorkflowRow {
    type Error = crate::Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: WorkflowId(record.id),
            kind: stored(&record.kind, ApprovalKind::from_code)?,
            version: record.version,
            nodes: record.nodes,
            status: stored(&record.status, WorkflowStatus::from_code)?,
            published_at: record.published_at,
            updated_at: record.updated_at,
        })
    }
}

/// A page of versions.
///
/// # Errors
/// Without [`Permission::WorkflowRead`].
pub async fn workflow_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<WorkflowRow>> {
    ctx.require(Permission::WorkflowRead)?;
    let (sort, descending) = WORKFLOW_LIST.sort(query);
    let order = match sort {
        "published_at" => "w.published_at",
        "updated_at" => "w.updated_at",
        _ => "w.kind",
    };
    let page = SmallList {
        columns: "w.id, w.kind, w.version, w.status, w.published_at, w.updated_at,
            (select count(*) from workflow_node n where n.workflow_id = w.id) as nodes",
        from: "from workflow w cross join lateral
            (select string_agg(n.name, ' ') as names from workflow_node n where n.workflow_id = w.id) as named where true",
        searched: &["named.names"],
        filter: &|sql| {
            push_code(sql, query, "kind", "w.kind");
            push_code(sql, query, "status", "w.status");
        },
        order,
        descending,
        tie: "w.version",
    }
    .page_in::<Record>(ctx.begin_platform().await?, query)
    .await?;
    page.try_map(WorkflowRow::try_from)
}

/// One version, and the others of its kind.
///
/// # Errors
/// Without [`Permission::WorkflowRead`]; [`Failure::NotFound`].
pub async fn workflow_get(ctx: &Ctx, id: WorkflowId) -> Result<Workflow> {
    ctx.require(Permission::WorkflowRead)?;
    let mut tx = ctx.begin_platform().await?;
    let head = sqlx::query!(
        r#"select kind, revision, approval_id, user_name(updated_by) as updated_by,
                  (select count(*) from approval a where a.workflow_id = w.id and a.status = 'PENDING') as "running!"
           from workflow w where id = $1"#,
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let kind = stored(&head.kind, ApprovalKind::from_code)?;
    let versions = versions_load(&mut tx, kind).await?;
    let row = versions.iter().find(|row| row.id == id).cloned().ok_or(Failure::NotFound)?;
    let nodes = nodes_load(&mut tx, id).await?;
    let able = able_load(&mut tx, ctx, kind, &nodes).await?;
    let roles = roles_load(&mut tx, kind).await?;
    let role_name = |code: &str| roles.iter().find(|(own, _)| own == code).map(|(_, name)| name.clone());
    let nodes = nodes
        .into_iter()
        .zip(able)
        .map(|(node, able)| NodeRow {
            // A role that has lost the right since keeps its code.
            role: node.role.as_ref().map(|code| role_name(code).unwrap_or_else(|| code.clone())),
            able: able.len() as i64,
            node,
        })
        .collect();
    let pending = approval_pending(&mut tx, ApprovalKind::Workflow, kind.code()).await?;
    tx.commit().await?;
    Ok(Workflow {
        row,
        nodes,
        revision: head.revision,
        updated_by: head.updated_by,
        approval: head.approval_id.map(ApprovalId),
        running: head.running,
        versions,
        pending,
        roles,
    })
}

async fn versions_load(tx: &mut Tx, kind: ApprovalKind) -> Result<Vec<WorkflowRow>> {
    let rows = sqlx::query_as!(
        Record,
        r#"select w.id, w.kind, w.version, w.status, w.published_at, w.updated_at,
                  (select count(*) from workflow_node n where n.workflow_id = w.id) as "nodes!"
           from workflow w where w.kind = $1 order by w.version desc"#,
        kind.code()
    )
    .fetch_all(connection(tx))
    .await?;
    rows.into_iter().map(WorkflowRow::try_from).collect()
}

async fn nodes_load(tx: &mut Tx, id: WorkflowId) -> Result<Vec<Node>> {
    let nodes = sqlx::query_as!(
        Node,
        r#"select n.name, n.persons, n.days, r.code as "role?"
           from workflow_node n left join role r on r.id = n.role_id where n.workflow_id = $1 order by n.position"#,
        id.0
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(nodes)
}

/// A node of any version that asks for a role.
pub(crate) struct Asking {
    pub kind: ApprovalKind,
    pub version: i32,
    pub node: String,
    /// whether the version is in force
    pub on: bool,
}

/// The nodes that ask for a role.
pub(crate) async fn nodes_asking(tx: &mut Tx, role: i64) -> Result<Vec<Asking>> {
    let rows = sqlx::query!(
        r#"select w.kind, w.version, w.status = 'ON' as "on!", n.name from workflow_node n
           join workflow w on w.id = n.workflow_id where n.role_id = $1 order by w.kind, w.version, n.position"#,
        role
    )
    .fetch_all(connection(tx))
    .await?;
    let asking = rows.into_iter().map(|row| {
        let kind = stored(&row.kind, ApprovalKind::from_code)?;
        Ok(Asking { kind, version: row.version, node: row.name, on: row.on })
    });
    asking.collect()
}

/// Roles that hold the right to check: code and name.
async fn roles_load(tx: &mut Tx, kind: ApprovalKind) -> Result<Vec<(String, String)>> {
    let rows = sqlx::query!(
        "select r.code, r.name from role r join role_permission p on p.role_id = r.id
         where p.permission = $1 order by r.code",
        kind.checker().code()
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows.into_iter().map(|row| (row.code, row.name)).collect())
}

/// By node, the accounts that could act there today.
async fn able_load(tx: &mut Tx, ctx: &Ctx, kind: ApprovalKind, nodes: &[Node]) -> Result<Vec<BTreeSet<i64>>> {
    let holders = sqlx::query!(
        r#"select u.id, array(select r.code from user_role h join role r on r.id = h.role_id where h.user_id = u.id) as "roles!"
           from app_user u join organization o on o.id = u.organization_id
           where u.status = 'ON' and u.deleted_at is null and o.status = 'ON'
             and $2 between coalesce(u.valid_from, '-infinity') and coalesce(u.valid_to, 'infinity')
             and exists (select from user_role h join role_permission p on p.role_id = h.role_id
                         where h.user_id = u.id and p.permission = $1)"#,
        kind.checker().code(),
        ctx.today(),
    )
    .fetch_all(connection(tx))
    .await?;
    let able = |node: &Node| {
        let fits = |roles: &[String]| node.role.as_ref().is_none_or(|role| roles.contains(role));
        holders.iter().filter(|holder| fits(&holder.roles)).map(|holder| holder.id).collect()
    };
    Ok(nodes.iter().map(able).collect())
}

/// A version that is written, locked until the transaction ends.
struct Draft {
    kind: ApprovalKind,
    version: i32,
}

/// # Errors
/// [`Failure::NotFound`]; [`Failure::Conflict`] when it was changed since it was read; a refusal when it is published, or
/// waits for that.
async fn draft_lock(tx: &mut Tx, id: WorkflowId, revision: i32) -> Result<Draft> {
    let row = sqlx::query!("select kind, version, status, revision from workflow where id = $1 for update", id.0)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let kind = stored(&row.kind, ApprovalKind::from_code)?;
    if row.status != WorkflowStatus::Draft.code() {
        return Err(Failure::refused("已发布的版本不能修改，请制定新版本").into());
    }
    if row.revision != revision {
        return Err(Failure::Conflict.into());
    }
    if approval_pending(tx, ApprovalKind::Workflow, kind.code()).await?.is_some() {
        return Err(Failure::refused("该版本正在等待复核，请先撤回发布申请").into());
    }
    Ok(Draft { kind, version: row.version })
}

/// Writes a new version that begins as another one, and answers it.
///
/// # Errors
/// Without [`Permission::WorkflowWrite`]; complaints by field; a refusal when a version is being written already.
pub async fn workflow_draft(ctx: &Ctx, base: WorkflowId, form: &WorkflowForm) -> Result<WorkflowId> {
    ctx.require(Permission::WorkflowWrite)?;
    let nodes = form.check()?;
    let mut tx = ctx.begin_platform().await?;
    let id = sqlx::query_scalar!(
        "insert into workflow (kind, version, updated_at, updated_by)
         select b.kind, (select max(v.version) + 1 from workflow v where v.kind = b.kind), $2, $3
         from workflow b where b.id = $1
         on conflict do nothing returning id",
        base.0,
        ctx.now(),
        ctx.actor().id.0,
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let Some(id) = id.map(WorkflowId) else {
        let known = sqlx::query_scalar!("select id from workflow where id = $1", base.0);
        known.fetch_optional(connection(&mut tx)).await?.ok_or(Failure::NotFound)?;
        return Err(Failure::refused("该流程已有草稿，请在草稿上修改，或先删除草稿").into());
    };
    nodes_put(&mut tx, id, &nodes).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a draft.
///
/// # Errors
/// Without [`Permission::WorkflowWrite`]; complaints by field; what [`draft_lock`] refuses.
pub async fn workflow_update(ctx: &Ctx, id: WorkflowId, revision: i32, form: &WorkflowForm) -> Result<()> {
    ctx.require(Permission::WorkflowWrite)?;
    let nodes = form.check()?;
    let mut tx = ctx.begin_platform().await?;
    draft_lock(&mut tx, id, revision).await?;
    sqlx::query!("delete from workflow_node where workflow_id = $1", id.0).execute(connection(&mut tx)).await?;
    nodes_put(&mut tx, id, &nodes).await?;
    sqlx::query!(
        "update workflow set revision = revision + 1, updated_at = $2, updated_by = $3 where id = $1",
        id.0,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

async fn nodes_put(tx: &mut Tx, id: WorkflowId, nodes: &[Node]) -> Result<()> {
    let kind = sqlx::query_scalar!("select kind from workflow where id = $1", id.0).fetch_one(connection(tx)).await?;
    let roles = roles_load(tx, stored(&kind, ApprovalKind::from_code)?).await?;
    let mut errors = FieldErrors::default();
    for (node, place) in nodes.iter().zip(1i16..) {
        if node.role.as_ref().is_some_and(|code| !roles.iter().any(|(own, _)| own == code)) {
            errors.add(&format!("role-{place}"), "所选角色不存在，或没有复核该事项的权限");
            continue;
        }
        sqlx::query!(
            "insert into workflow_node (workflow_id, position, name, persons, days, role_id)
             values ($1, $2, $3, $4, $5, (select id from role where code = $6))",
            id.0,
            place,
            node.name,
            node.persons,
            node.days,
            node.role,
        )
        .execute(connection(tx))
        .await?;
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

/// Deletes a draft.
///
/// # Errors
/// Without [`Permission::WorkflowWrite`]; what [`draft_lock`] refuses.
pub async fn workflow_delete(ctx: &Ctx, id: WorkflowId, revision: i32) -> Result<()> {
    ctx.require(Permission::WorkflowWrite)?;
    let mut tx = ctx.begin_platform().await?;
    draft_lock(&mut tx, id, revision).await?;
    // A request that was refused or withdrawn told of it in words and keeps these.
    sqlx::query!("delete from workflow where id = $1", id.0).execute(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(())
}

/// Asks that a draft comes into force.
///
/// # Errors
/// Without [`Permission::WorkflowWrite`]; a complaint about the reason; a refusal of nodes that nobody could pass, and what
/// [`draft_lock`] refuses.
pub async fn workflow_request(ctx: &Ctx, id: WorkflowId, revision: i32, reason: &str) -> Result<ApprovalId> {
    ctx.require(Permission::WorkflowWrite)?;
    let reason = reason_check(reason).map_err(|complaint| FieldErrors::from(("reason", complaint.text())))?;
    let mut tx = ctx.begin_platform().await?;
    let Draft { kind, version } = draft_lock(&mut tx, id, revision).await?;
    let nodes = nodes_load(&mut tx, id).await?;
    passable(&mut tx, ctx, kind, &nodes).await?;
    let present = versions_load(&mut tx, kind).await?.into_iter().find(|row| row.status == WorkflowStatus::On);
    let before = match &present {
        Some(row) => nodes_load(&mut tx, row.id).await?,
        None => Vec::new(),
    };
    let roles = roles_load(&mut tx, kind).await?;
    let request = Request {
        kind: ApprovalKind::Workflow,
        subject: format!("流程：{} 第{version}版", kind.label()),
        subject_key: kind.code().to_owned(),
        lines: lines(&before, &nodes, &roles),
        change: Change::Workflow { workflow: id, revision },
        reason,
    };
    let id = approval_submit(&mut tx, ctx, request).await?;
    tx.commit().await?;
    Ok(id)
}

fn lines(before: &[Node], after: &[Node], roles: &[(String, String)]) -> Vec<ChangeLine> {
    let name = |code: &str| {
        roles.iter().find(|(own, _)| own == code).map_or_else(|| code.to_owned(), |(_, name)| name.clone())
    };
    let (before, after) = (nodes_told(before, name), nodes_told(after, name));
    (0..before.len().max(after.len()))
        .filter_map(|place| {
            ChangeLine::of(&format!("节点{}", place + 1), before.get(place).cloned(), after.get(place).cloned())
        })
        .collect()
}

async fn passable(tx: &mut Tx, ctx: &Ctx, kind: ApprovalKind, nodes: &[Node]) -> Result<()> {
    let able = able_load(tx, ctx, kind, nodes).await?;
    passable_check(nodes, &able).map_err(|complaint: Complaint| Failure::refused(complaint.text()).into())
}

/// The matters whose requests can be decided today: what to ask before accounts or rights are taken away.
pub(crate) async fn workflows_passable(tx: &mut Tx, ctx: &Ctx) -> Result<Vec<ApprovalKind>> {
    let mut kinds = Vec::new();
    for kind in ApprovalKind::ALL {
        if impassable(tx, ctx, *kind).await?.is_none() {
            kinds.push(*kind);
        }
    }
    Ok(kinds)
}

/// Refuses what has left one of these matters with nobody who decides it.
///
/// # Errors
/// A refusal that names the matter and its nodes.
pub(crate) async fn workflows_kept(tx: &mut Tx, ctx: &Ctx, before: &[ApprovalKind]) -> Result<()> {
    for kind in before {
        if let Some(complaint) = impassable(tx, ctx, *kind).await? {
            return Err(Failure::refused(format!("【{}】将无人可以复核：{complaint}", kind.label())).into());
        }
    }
    Ok(())
}

/// Why the version in force cannot be passed; none when it can.
async fn impassable(tx: &mut Tx, ctx: &Ctx, kind: ApprovalKind) -> Result<Option<String>> {
    let rows = versions_load(tx, kind).await?;
    let Some(present) = rows.iter().find(|row| row.status == WorkflowStatus::On) else { return Ok(None) };
    let nodes = nodes_load(tx, present.id).await?;
    let able = able_load(tx, ctx, kind, &nodes).await?;
    Ok(passable_check(&nodes, &able).err().map(|complaint| complaint.text().to_owned()))
}

/// Brings a draft into force in place of the version that is; what runs under that one goes on under it.
pub(crate) async fn workflow_apply(
    tx: &mut Tx,
    ctx: &Ctx,
    approval: ApprovalId,
    id: WorkflowId,
    revision: i32,
) -> Result<()> {
    let draft = sqlx::query!(
        "select kind from workflow where id = $1 and status = 'DRAFT' and revision = $2 for update",
        id.0,
        revision
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or_else(outdated)?;
    let kind = stored(&draft.kind, ApprovalKind::from_code)?;
    // Accounts may have been closed since.
    let nodes = nodes_load(tx, id).await?;
    passable(tx, ctx, kind, &nodes).await?;
    sqlx::query!("update workflow set status = 'OFF' where kind = $1 and status = 'ON'", kind.code())
        .execute(connection(tx))
        .await?;
    sqlx::query!(
        "update workflow set status = 'ON', published_at = $2, approval_id = $3 where id = $1",
        id.0,
        ctx.now(),
        approval.0,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
