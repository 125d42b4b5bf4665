//! Import jobs (E-124): made by an upload, worked on by the queue, looked at in the import log.

use super::Outcome;
use crate::{
    Ctx, Database, Error, Result,
    ctx::{Tx, begin_city, connection},
    error::stored,
    platform::token::{digest, hex},
};
use chrono::{DateTime, Utc};
use domain::{
    failure::Failure,
    import::{ImportJob, ImportRow, ImportStatus, SheetKey},
    list::{ListQuery, Page},
    platform::permission::Permission,
    sheet::RowError,
};
use sqlx::types::Uuid;

/// The queue's name for the work on an import.
pub const TASK: &str = "import";

/// Who may look at the import log: what the menu asks for. Neither a wall nor somebody who has still to
/// change the first password holds it.
const LOG_READ: Permission = Permission::OrganizationRead;

/// A file that somebody uploaded.
#[derive(Debug)]
pub struct Upload<'a> {
    pub sheet: SheetKey,
    pub file_name: &'a str,
    pub content: &'a [u8],
    /// made by the browser; the same upload sent twice is one job
    pub request_id: &'a str,
}

/// Takes an upload and puts its check into the queue, in one transaction.
///
/// # Errors
/// Without the permission of the sheet.
pub async fn job_create(ctx: &Ctx, upload: Upload<'_>) -> Result<String> {
    ctx.require(upload.sheet.permission())?;
    let request: Uuid = upload.request_id.parse().map_err(|_| Failure::refused("请求编号无效，请刷新页面后重试"))?;
    let mut tx = ctx.begin().await?;
    let known = sqlx::query_scalar!(
        "select id from import_job where actor_id = $1 and request_id = $2",
        ctx.actor().id.0,
        request
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    if let Some(id) = known {
        return Ok(id.to_string());
    }
    let file_name: String = upload.file_name.chars().filter(|c| !c.is_control()).take(200).collect();
    let id = job_insert(&mut tx, ctx, upload.sheet, &file_name, &hex(&digest(upload.content)), request).await?;
    sqlx::query!("insert into import_file (job_id, content) values ($1, $2)", id, upload.content)
        .execute(connection(&mut tx))
        .await?;
    enqueue(&mut tx, id).await?;
    tx.commit().await?;
    Ok(id.to_string())
}

/// Notes an import of the command line, which works by itself without the queue.
///
/// # Errors
/// Without the permission of the sheet.
pub async fn job_note(ctx: &Ctx, sheet: SheetKey, file_name: &str, file_digest: &str) -> Result<String> {
    ctx.require(sheet.permission())?;
    let mut tx = ctx.begin().await?;
    let id = job_insert(&mut tx, ctx, sheet, file_name, file_digest, Uuid::from_bytes(random_id())).await?;
    sqlx::query!("update import_job set status = 'EXECUTING', started_at = $2 where id = $1", id, ctx.now())
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(id.to_string())
}

fn random_id() -> [u8; 16] {
    crate::platform::token::random_bytes()[..16].try_into().expect("32 bytes hold 16")
}

async fn job_insert(
    tx: &mut Tx,
    ctx: &Ctx,
    sheet: SheetKey,
    file_name: &str,
    file_digest: &str,
    request: Uuid,
) -> Result<Uuid> {
    let district = match ctx.scope() {
        crate::Scope::Districts(districts) => districts.first().copied(),
        _ => None,
    };
    Ok(sqlx::query_scalar!(
        "insert into import_job (request_id, actor_id, district_id, sheet, file_name, digest, status, created_at)
         values ($1, $2, $3, $4, $5, $6, 'UPLOADED', $7) returning id",
        request,
        ctx.actor().id.0,
        district,
        sheet.code(),
        file_name,
        file_digest,
        ctx.now(),
    )
    .fetch_one(connection(tx))
    .await?)
}

async fn enqueue(tx: &mut Tx, id: Uuid) -> Result<()> {
    sqlx::query!(
        "select job_enqueue($1, $2, $3, $4)",
        TASK,
        serde_json::json!({"job": id.to_string()}),
        format!("import:{id}"),
        5_i16
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(())
}

/// The person has seen the preview and wants the rows in.
///
/// # Errors
/// When the job is not waiting for that.
pub async fn job_confirm(ctx: &Ctx, id: &str) -> Result<()> {
    ctx.require(LOG_READ)?;
    let id = job_id(id)?;
    let mut tx = ctx.begin().await?;
    let sheet = own_waiting(&mut tx, ctx, id).await?;
    ctx.require(sheet.permission())?;
    sqlx::query!("delete from import_row where job_id = $1", id).execute(connection(&mut tx)).await?;
    sqlx::query!(
        "update import_job set status = 'EXECUTING', done_row = 0, succeeded = 0, failed = 0 where id = $1",
        id
    )
    .execute(connection(&mut tx))
    .await?;
    enqueue(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

/// The person does not want the rows in.
///
/// # Errors
/// When the job is not waiting for an answer.
pub async fn job_cancel(ctx: &Ctx, id: &str) -> Result<()> {
    ctx.require(LOG_READ)?;
    let id = job_id(id)?;
    let mut tx = ctx.begin().await?;
    own_waiting(&mut tx, ctx, id).await?;
    sqlx::query!("update import_job set status = 'CANCELLED', finished_at = $2 where id = $1", id, ctx.now())
        .execute(connection(&mut tx))
        .await?;
    sqlx::query!("delete from import_file where job_id = $1", id).execute(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(())
}

async fn own_waiting(tx: &mut Tx, ctx: &Ctx, id: Uuid) -> Result<SheetKey> {
    let row = sqlx::query!(
        "select sheet, status from import_job where id = $1 and actor_id = $2 for update",
        id,
        ctx.actor().id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if row.status != "VALIDATED" {
        return Err(Failure::refused("该导入任务已处理，请刷新查看结果").into());
    }
    stored(&row.sheet, SheetKey::from_code)
}

/// One job with its counts.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn job_get(ctx: &Ctx, id: &str) -> Result<ImportJob> {
    let mut query = ListQuery::default();
    query.filter.insert("id".to_owned(), job_id(id)?.to_string());
    job_list(ctx, &query).await?.rows.pop().ok_or_else(|| Failure::NotFound.into())
}

#[derive(sqlx::FromRow)]
struct Record {
    id: Uuid,
    sheet: String,
    file_name: String,
    status: String,
    actor: Option<String>,
    total: Option<i32>,
    succeeded: i32,
    failed: i32,
    message: Option<String>,
    repeats: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

/// The import log (S1-3.2), newest first.
///
/// # Errors
/// Without the right to look at the log.
pub async fn job_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<ImportJob>> {
    ctx.require(LOG_READ)?;
    let page = crate::list::SmallList {
        columns: "j.id, j.sheet, j.file_name, j.status, user_name(j.actor_id) as actor, j.total, j.succeeded, j.failed, j.message,
                  (select max(e.created_at) from import_job e where e.sheet = j.sheet and e.digest = j.digest and e.id <> j.id
                     and e.status = 'FINISHED' and e.created_at < j.created_at) as repeats,
                  j.created_at, j.finished_at",
        from: "from import_job j where true",
        searched: &["j.file_name"],
        filter: &|sql| {
            if let Some(id) = query.filter("id").and_then(|id| id.parse::<Uuid>().ok()) {
                sql.push(" and j.id = ").push_bind(id);
            }
            crate::list::push_code(sql, query, "sheet", "j.sheet");
            crate::list::push_code(sql, query, "status", "j.status");
        },
        order: "j.created_at",
        descending: true,
        tie: "j.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|row| {
        Ok(ImportJob {
            id: row.id.to_string(),
            sheet: stored(&row.sheet, SheetKey::from_code)?,
            file_name: row.file_name,
            status: stored(&row.status, ImportStatus::from_code)?,
            actor: row.actor.unwrap_or_default(),
            total: row.total,
            succeeded: row.succeeded,
            failed: row.failed,
            message: row.message,
            repeats: row.repeats,
            created_at: row.created_at,
            finished_at: row.finished_at,
        })
    })
}

/// Failed rows of a job in file order, `most` of them behind row `after`.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn job_rows(ctx: &Ctx, id: &str, after: i32, most: i64) -> Result<Vec<ImportRow>> {
    ctx.require(LOG_READ)?;
    let id = job_id(id)?;
    let mut tx = ctx.begin().await?;
    let known = sqlx::query_scalar!(r#"select exists (select from import_job where id = $1) as "known!""#, id)
        .fetch_one(connection(&mut tx))
        .await?;
    if !known {
        return Err(Failure::NotFound.into());
    }
    let rows = sqlx::query!(
        "select row_no, raw, errors from import_row where job_id = $1 and row_no > $2 order by row_no limit $3",
        id,
        after,
        most
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|row| {
            let errors: Vec<RowError> =
                serde_json::from_value(row.errors).map_err(|error| Error::Broken(error.to_string()))?;
            Ok(ImportRow { row_no: row.row_no, raw: row.raw, errors })
        })
        .collect()
}

/// What a worker needs to begin or go on.
#[derive(Debug)]
pub struct JobWork {
    pub actor: i64,
    pub sheet: SheetKey,
    pub status: ImportStatus,
    pub file_name: String,
    pub content: Vec<u8>,
    /// all rows up to here are decided
    pub done_row: u32,
    /// of those, the ones that failed
    pub failed_rows: Vec<u32>,
}

/// Loads a job for the worker; `None` when there is nothing left to do.
///
/// # Errors
/// When the database fails.
pub async fn job_load(database: &Database, id: &str) -> Result<Option<JobWork>> {
    let id = job_id(id)?;
    let mut tx = begin_city(database).await?;
    let row = sqlx::query!(
        r#"select j.actor_id, j.sheet, j.status, j.file_name, j.done_row, f.content as "content?"
           from import_job j left join import_file f on f.job_id = j.id where j.id = $1"#,
        id
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let Some(row) = row else { return Ok(None) };
    let status = stored(&row.status, ImportStatus::from_code)?;
    let (true, Some(content)) = (status.is_running(), row.content) else { return Ok(None) };
    let failed = sqlx::query_scalar!("select row_no from import_row where job_id = $1", id)
        .fetch_all(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(Some(JobWork {
        actor: row.actor_id,
        sheet: stored(&row.sheet, SheetKey::from_code)?,
        status,
        file_name: row.file_name,
        content,
        done_row: row.done_row.unsigned_abs(),
        failed_rows: failed.into_iter().map(i32::unsigned_abs).collect(),
    }))
}

/// Begins a check or goes on with it: `UPLOADED → PARSING`. A check writes nothing but its findings,
/// so a restart begins it anew.
///
/// # Errors
/// When the database fails.
pub async fn job_check_begin(database: &Database, id: &str, total: u32) -> Result<()> {
    let id = job_id(id)?;
    let mut tx = begin_city(database).await?;
    sqlx::query!("delete from import_row where job_id = $1", id).execute(connection(&mut tx)).await?;
    sqlx::query!(
        "update import_job set status = 'PARSING', total = $2, done_row = 0, succeeded = 0, failed = 0,
                started_at = coalesce(started_at, now()) where id = $1",
        id,
        i32::try_from(total).unwrap_or(i32::MAX)
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Ends a stage: the check (`→ VALIDATED`) or the import (`→ FINISHED`, the file is dropped).
///
/// # Errors
/// When the database fails.
pub async fn job_end(database: &Database, id: &str, status: ImportStatus) -> Result<()> {
    let id = job_id(id)?;
    let mut tx = begin_city(database).await?;
    let finished = status == ImportStatus::Finished;
    sqlx::query!(
        "update import_job set status = $2, finished_at = case when $3 then now() end where id = $1",
        id,
        status.code(),
        finished
    )
    .execute(connection(&mut tx))
    .await?;
    if finished {
        sqlx::query!("delete from import_file where job_id = $1", id).execute(connection(&mut tx)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Refuses a file as a whole.
///
/// # Errors
/// When the database fails.
pub async fn job_refuse(database: &Database, id: &str, sentence: &str) -> Result<()> {
    let id = job_id(id)?;
    let mut tx = begin_city(database).await?;
    sqlx::query!(
        "update import_job set status = 'FAILED', message = $2, finished_at = now() where id = $1",
        id,
        sentence
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!("delete from import_file where job_id = $1", id).execute(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(())
}

/// Sets the number of rows, once the whole file was read.
///
/// # Errors
/// When the database fails.
pub async fn job_total(database: &Database, id: &str, total: u32) -> Result<()> {
    let mut tx = begin_city(database).await?;
    sqlx::query!(
        "update import_job set total = $2 where id = $1",
        job_id(id)?,
        i32::try_from(total).unwrap_or(i32::MAX)
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Moves the mark of a job and writes its failed rows, in the transaction of the chunk.
pub(crate) async fn progress(tx: &mut Tx, id: &str, last_row: u32, outcome: &Outcome) -> Result<()> {
    let id = job_id(id)?;
    let row_nos: Vec<i32> = outcome.failed.iter().map(|row| row.row_no).collect();
    // A workbook can hold the character 0, a PostgreSQL text cannot.
    let storable = |row: &ImportRow| row.raw.iter().map(|cell| cell.replace('\0', "")).collect::<serde_json::Value>();
    let raws: Vec<serde_json::Value> = outcome.failed.iter().map(storable).collect();
    let errors: Vec<serde_json::Value> = outcome.failed.iter().map(|row| serde_json::json!(row.errors)).collect();
    sqlx::query!(
        "insert into import_row (job_id, row_no, raw, errors)
         select $1, r.row_no, array(select jsonb_array_elements_text(r.raw)), r.errors
         from unnest($2::int[], $3::jsonb[], $4::jsonb[]) as r (row_no, raw, errors)",
        id,
        &row_nos,
        &raws,
        &errors,
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "update import_job set done_row = $2, succeeded = succeeded + $3, failed = failed + $4 where id = $1",
        id,
        i32::try_from(last_row).unwrap_or(i32::MAX),
        i32::try_from(outcome.succeeded).unwrap_or(i32::MAX),
        i32::try_from(outcome.failed.len()).unwrap_or(i32::MAX),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

fn job_id(id: &str) -> Result<Uuid> {
    id.parse().map_err(|_| Failure::NotFound.into())
}
