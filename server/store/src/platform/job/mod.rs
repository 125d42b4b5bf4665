//! Jobs (E-124, E-129, S1-9.11): what people do with any job, whatever it works on. [`work`] is what workers do; what a
//! kind of job is about stands with its noun (`import::job`, `export`).

mod work;

pub(crate) use work::{ended, hold};
pub use work::{job_is_over, job_refuse, jobs_settle};

use crate::{
    Ctx, Result, Scope,
    ctx::{Tx, begin_city, china_midnight, connection},
    error::stored,
    export::export_require,
    list::{SmallList, push_code},
    platform::cipher::Kind,
};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::{
    export::Export,
    failure::Failure,
    import::SheetKey,
    list::{ListQuery, Page},
    platform::{
        job::{JOB_LIST, JobKind, JobRow, JobStatus, RETRY_DAYS},
        permission::Permission,
    },
};
use sqlx::{Postgres, QueryBuilder, types::Uuid};

pub(crate) fn job_id(id: &str) -> Result<Uuid> {
    id.parse().map_err(|_| Failure::NotFound.into())
}

/// Puts a job into the queue.
pub(crate) async fn enqueue(tx: &mut Tx, kind: JobKind, id: Uuid) -> Result<()> {
    let task = kind.code().to_ascii_lowercase();
    sqlx::query!(
        "select job_enqueue($1, $2, $3, $4)",
        task,
        serde_json::json!({"job": id.to_string()}),
        format!("{task}:{id}"),
        5_i16
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(())
}

/// What people call a job, by what it works on: a template or a list.
fn title(kind: JobKind, sheet: &str) -> Result<String> {
    let noun = match kind {
        JobKind::Import => stored(sheet, SheetKey::from_code)?.title(),
        JobKind::Export => stored(sheet, Export::of)?.noun,
        // the month, or the batch
        JobKind::BillRun | JobKind::TakeOver => return Ok(format!("{} {sheet}", kind.label())),
    };
    Ok(format!("{}{noun}", kind.label()))
}

/// Refuses to whoever lacks the right that a job needs: to start it, to let it go on, to take what it made.
fn require(ctx: &Ctx, kind: JobKind, sheet: &str) -> Result<()> {
    ctx.require(match kind {
        JobKind::Import => stored(sheet, SheetKey::from_code)?.permission(),
        JobKind::Export => return export_require(ctx, stored(sheet, Export::of)?),
        JobKind::BillRun => Permission::BillWrite,
        JobKind::TakeOver => Permission::TakeOverCheck,
    })
}

#[derive(sqlx::FromRow)]
struct Record {
    id: Uuid,
    kind: String,
    sheet: String,
    file_name: String,
    status: String,
    actor_id: i64,
    actor: String,
    total: Option<i32>,
    succeeded: i32,
    failed: i32,
    message: Option<String>,
    filed: bool,
    resumes: bool,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// `成功n条，失败m条`, `共n条` or `合同n份`.
fn counts(kind: JobKind, succeeded: i32, failed: i32) -> String {
    match kind {
        JobKind::Import => format!("成功{succeeded}条，失败{failed}条"),
        JobKind::Export => format!("共{succeeded}条"),
        JobKind::BillRun | JobKind::TakeOver => format!("合同{succeeded}份"),
    }
}

/// What came of a job: why it ended, and what it had done by then.
fn result(kind: JobKind, status: JobStatus, message: Option<&str>, succeeded: i32, failed: i32) -> Option<String> {
    let counted = (succeeded + failed > 0).then(|| counts(kind, succeeded, failed));
    match status {
        // What its worker said about it, if it said anything.
        JobStatus::Finished => Some(message.map_or_else(|| counts(kind, succeeded, failed), ToOwned::to_owned)),
        JobStatus::Failed | JobStatus::Cancelled => {
            let told: Vec<String> = [message.map(ToOwned::to_owned), counted]
                .into_iter()
                .flatten()
                .filter(|text| !text.is_empty())
                .collect();
            (!told.is_empty()).then(|| told.join("；"))
        }
        _ => None,
    }
}

impl Record {
    fn row(self, ctx: &Ctx) -> Result<JobRow> {
        let kind = stored(&self.kind, JobKind::from_code)?;
        let status = stored(&self.status, JobStatus::from_code)?;
        let mine = self.actor_id == ctx.actor().id.0;
        Ok(JobRow {
            id: self.id.to_string(),
            kind,
            title: title(kind, &self.sheet)?,
            file_name: if mine { self.file_name } else { String::new() },
            status,
            actor: self.actor,
            mine,
            total: self.total,
            done: self.succeeded + self.failed,
            result: result(kind, status, self.message.as_deref(), self.succeeded, self.failed),
            file: mine && kind == JobKind::Export && status == JobStatus::Finished && self.filed,
            retriable: mine && self.resumes && self.filed,
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
        })
    }
}

/// One's own jobs, and for whoever watches over them everybody's; newest first. Filters: kind, status, turn, since, until.
///
/// # Errors
/// [`Failure::Forbidden`] for a wall and for a newcomer.
pub async fn job_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<JobRow>> {
    ctx.require_desk()?;
    let all = ctx.actor().may(Permission::JobRead);
    // Everybody's are read with the server's own eyes: a system administrator has no scope of business data, and what
    // is read here is none.
    let tx = if all { begin_city(ctx.database()).await? } else { ctx.begin().await? };
    let me = ctx.actor().id.0;
    let (_, descending) = JOB_LIST.sort(query);
    let page = SmallList {
        columns:
            "j.id, j.kind, j.sheet, j.file_name, j.status, j.actor_id, u.name as actor, j.total, j.succeeded, j.failed, j.message,
             exists (select from job_file f where f.job_id = j.id) as filed, j.resumes is not null as resumes,
             j.created_at, j.started_at, j.finished_at",
        from: "from job j join app_user u on u.id = j.actor_id where true",
        searched: &["u.login", "u.name"],
        filter: &|sql| {
            if !all {
                sql.push(" and j.actor_id = ").push_bind(me);
            }
            if let Some(id) = query.filter("id").and_then(|id| id.parse::<Uuid>().ok()) {
                sql.push(" and j.id = ").push_bind(id);
            }
            push_code(sql, query, "kind", "j.kind");
            push_code(sql, query, "status", "j.status");
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
            push_days(sql, query, "j.created_at");
        },
        order: "j.created_at",
        descending,
        tie: "j.id",
    }
    .page_in::<Record>(tx, query)
    .await?;
    page.try_map(|record| record.row(ctx))
}

/// One job.
///
/// # Errors
/// [`Failure::NotFound`] for one that [`job_list`] does not show; as there.
pub async fn job_get(ctx: &Ctx, id: &str) -> Result<JobRow> {
    let mut query = ListQuery::default();
    query.filter.insert("id".to_owned(), job_id(id)?.to_string());
    job_list(ctx, &query).await?.rows.pop().ok_or_else(|| Failure::NotFound.into())
}

/// Adds that the job `j` is the actor's own and waits for him: it is to be confirmed, or failed and can still be tried
/// again. Of the reminders and the list behind them.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and j.actor_id = ").push_bind(ctx.actor().id.0);
    sql.push(" and (j.status = 'VALIDATED' or j.status = 'FAILED' and j.finished_at > ");
    sql.push_bind(ctx.now() - TimeDelta::days(RETRY_DAYS)).push(")");
}

/// From the first moment of one day in China to the last of another, both inclusive (domain.md §0.5 rule 3); what is
/// no day finds nothing.
pub(crate) fn push_days(sql: &mut QueryBuilder<Postgres>, query: &ListQuery, column: &str) {
    for (key, later, compared) in [("since", 0, ">="), ("until", 1, "<")] {
        let Some(text) = query.filter(key) else { continue };
        let day = text.parse::<NaiveDate>().ok().and_then(|day| day.checked_add_days(Days::new(later)));
        match day.and_then(china_midnight) {
            Some(at) => sql.push(format!(" and {column} {compared} ")).push_bind(at),
            None => sql.push(" and false"),
        };
    }
}

/// Stops a job: one that waits never begins, one under way ends with the step it is at. What it has saved stays and is
/// counted. Said twice it is said once. Whoever watches over jobs may stop anybody's, and its starter is told.
///
/// # Errors
/// [`Failure::NotFound`] for somebody else's; a refusal when the job has ended otherwise.
pub async fn job_cancel(ctx: &Ctx, id: &str) -> Result<()> {
    ctx.require_desk()?;
    let id = job_id(id)?;
    let any = ctx.actor().may(Permission::JobRun);
    let mut tx = if any { begin_city(ctx.database()).await? } else { ctx.begin().await? };
    // Waits for the step under way, whose transaction holds the row.
    let job = sqlx::query!("select kind, sheet, status, actor_id from job where id = $1 for update", id)
        .fetch_optional(connection(&mut tx))
        .await?
        .filter(|job| any || job.actor_id == ctx.actor().id.0)
        .ok_or(Failure::NotFound)?;
    let kind = stored(&job.kind, JobKind::from_code)?;
    if !any {
        require(ctx, kind, &job.sheet)?;
    }
    let status = stored(&job.status, JobStatus::from_code)?;
    match status {
        JobStatus::Cancelled => return Ok(()),
        status if !status.is_open() => {
            return Err(Failure::refused("该任务已结束，请刷新查看结果").into());
        }
        _ => {}
    }
    // An import under way goes on behind its last saved row; everything else begins anew.
    let resumes = match (status, kind) {
        (JobStatus::Validated, _) => None,
        (JobStatus::Executing, JobKind::Import) => Some(JobStatus::Executing),
        _ => Some(JobStatus::Uploaded),
    };
    let saved = resumes == Some(JobStatus::Executing);
    sqlx::query!(
        "update job set status = 'CANCELLED', finished_at = $2, cancelled_by = $3, message = $4,
                resumes = case when exists (select from job_file f where f.job_id = $1) then $5 end,
                succeeded = case when $6 then succeeded else 0 end, failed = case when $6 then failed else 0 end
         where id = $1",
        id,
        ctx.now(),
        ctx.actor().id.0,
        match (saved, kind) {
            (true, _) => "已取消，已导入的行保留",
            (false, JobKind::Import) => "已取消，未写入任何数据",
            (false, JobKind::Export) => "已取消",
            (false, JobKind::BillRun) => "已取消，已生成的账单保留",
            (false, JobKind::TakeOver) => "已取消，已接管的合同保留",
        },
        resumes.map(JobStatus::code),
        saved,
    )
    .execute(connection(&mut tx))
    .await?;
    ended(&mut tx, id).await?;
    // Nobody waits for an answer any more.
    if status == JobStatus::Validated {
        sqlx::query!("delete from job_file where job_id = $1", id).execute(connection(&mut tx)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Lets one's own job that failed or was cancelled go on from its mark. Said twice it is said once.
///
/// # Errors
/// [`Failure::NotFound`] for somebody else's; without the right that the job needs; a refusal of one that cannot.
pub async fn job_retry(ctx: &Ctx, id: &str) -> Result<()> {
    ctx.require_desk()?;
    let id = job_id(id)?;
    let mut tx = ctx.begin().await?;
    let job = sqlx::query!(
        r#"select kind, sheet, status, resumes is not null and exists (select from job_file f where f.job_id = job.id) as "resumes!"
           from job where id = $1 and actor_id = $2 for update"#,
        id,
        ctx.actor().id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let kind = stored(&job.kind, JobKind::from_code)?;
    require(ctx, kind, &job.sheet)?;
    if stored(&job.status, JobStatus::from_code)?.is_running() {
        return Ok(());
    }
    if !job.resumes {
        return Err(Failure::refused("该任务不能重试，请重新发起").into());
    }
    sqlx::query!(
        "update job set status = resumes, resumes = null, message = null, finished_at = null, cancelled_by = null where id = $1",
        id
    )
    .execute(connection(&mut tx))
    .await?;
    enqueue(&mut tx, kind, id).await?;
    tx.commit().await?;
    Ok(())
}

/// What a finished export has made: the file's name and the file. Nobody else's, whatever rights one has.
///
/// # Errors
/// [`Failure::NotFound`] also when it was dropped; without the right to export, which may have gone since; a refusal when
/// the account sees something else now than when the file was made (domain.md §6.2).
pub async fn job_result(ctx: &Ctx, id: &str) -> Result<(String, Vec<u8>)> {
    ctx.require_desk()?;
    let mut tx = ctx.begin().await?;
    let file = sqlx::query!(
        "select j.sheet, j.file_name, j.scope, f.content from job j join job_file f on f.job_id = j.id
         where j.id = $1 and j.actor_id = $2 and j.kind = 'EXPORT' and j.status = 'FINISHED'",
        job_id(id)?,
        ctx.actor().id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    require(ctx, JobKind::Export, &file.sheet)?;
    let covered = matches!(ctx.scope(), Scope::City { .. }) || file.scope == Some(ctx.reach());
    if !covered {
        return Err(Failure::refused("数据范围已变更，请重新导出").into());
    }
    Ok((file.file_name, ctx.database().keys()?.open_bytes(Kind::JobFile, &file.content)?))
}
