//! Import jobs (E-124): what people do with them besides what they do with any job (`platform::job`). [`log`] shows
//! them, [`work`] carries them on.

mod log;
mod work;

pub(crate) use crate::platform::job::hold;
pub use crate::platform::job::{job_cancel, job_refuse, jobs_settle};
pub use log::{job_earlier, job_failures, job_get, job_list, job_rows};
pub use work::{JobWork, job_check_begin, job_load, job_total};
pub(crate) use work::{end, progress};

use crate::{
    Ctx, Database, Result,
    ctx::{Tx, connection},
    error::stored,
    platform::{
        cipher::Kind,
        job::{enqueue, job_id},
        token::{digest, hex},
    },
};
use domain::{
    failure::Failure,
    import::{ImportStatus, SheetKey, may_import},
    platform::job::JobKind,
};
use sqlx::{Postgres, pool::PoolConnection, types::Uuid};

/// A file that somebody uploaded.
#[derive(Debug)]
pub struct Upload<'a> {
    pub sheet: SheetKey,
    pub file_name: &'a str,
    pub content: &'a [u8],
    /// made by the browser; the same upload sent twice is one job
    pub request_id: &'a str,
    /// what is there already is changed instead of refused (option 更新)
    pub update_known: bool,
}

/// Takes an upload and puts its check into the queue, in one transaction.
///
/// # Errors
/// Without the permission of the sheet.
pub async fn job_create(ctx: &Ctx, upload: Upload<'_>) -> Result<String> {
    ctx.require(upload.sheet.permission())?;
    let request: Uuid = upload.request_id.parse().map_err(|_| Failure::refused("请求编号无效，请刷新页面后重试"))?;
    let mut tx = ctx.begin().await?;
    let file_name: String = upload.file_name.chars().filter(|c| !c.is_control()).take(200).collect();
    let file_digest = hex(&digest(upload.content));
    let Some(id) = job_insert(&mut tx, ctx, upload.sheet, &file_name, &file_digest, request).await? else {
        // The same request came before, or comes at this moment on another connection: its job is the answer.
        let known = sqlx::query_scalar!(
            "select id from job where actor_id = $1 and request_id = $2",
            ctx.actor().id.0,
            request
        );
        return Ok(known.fetch_one(connection(&mut tx)).await?.to_string());
    };
    let ring = ctx.database().keys()?;
    sqlx::query!(
        "insert into job_file (job_id, content, key_id) values ($1, $2, $3)",
        id,
        ring.seal_bytes(Kind::JobFile, upload.content),
        ring.active()
    )
    .execute(connection(&mut tx))
    .await?;
    if upload.update_known && upload.sheet.can_update() {
        sqlx::query!("update job set update_known = true where id = $1", id).execute(connection(&mut tx)).await?;
    }
    enqueue(&mut tx, JobKind::Import, id).await?;
    tx.commit().await?;
    Ok(id.to_string())
}

/// An import of the command line, which works by itself without the queue. As long as this lives its session holds a
/// lock, and by that others see that somebody is at work: [`jobs_settle`].
#[derive(Debug)]
pub struct NotedJob {
    pub id: String,
    _lock: PoolConnection<Postgres>,
}

/// Notes an import of the command line.
///
/// # Errors
/// Without the permission of the sheet.
pub async fn job_note(ctx: &Ctx, sheet: SheetKey, file_name: &str, file_digest: &str) -> Result<NotedJob> {
    ctx.require(sheet.permission())?;
    let mut tx = ctx.begin().await?;
    let request = Uuid::from_bytes(random_id());
    let id = job_insert(&mut tx, ctx, sheet, file_name, file_digest, request).await?.ok_or(Failure::Conflict)?;
    sqlx::query!("update job set status = 'EXECUTING', started_at = $2 where id = $1", id, ctx.now())
        .execute(connection(&mut tx))
        .await?;
    // Before anybody can see the job.
    let lock = lock_take(ctx.database(), id).await?;
    tx.commit().await?;
    Ok(NotedJob { id: id.to_string(), _lock: lock })
}

async fn lock_take(database: &Database, id: Uuid) -> Result<PoolConnection<Postgres>> {
    let mut connection = database.owner().acquire().await?;
    // The lock goes with its session, however the process ends: the session must not go back into the pool.
    connection.close_on_drop();
    sqlx::query!("select pg_advisory_lock(hashtextextended($1::uuid::text, 0))", id).execute(&mut *connection).await?;
    Ok(connection)
}

fn random_id() -> [u8; 16] {
    crate::platform::token::random_bytes()[..16].try_into().expect("32 bytes hold 16")
}

/// None when the actor sent this request before.
async fn job_insert(
    tx: &mut Tx,
    ctx: &Ctx,
    sheet: SheetKey,
    file_name: &str,
    file_digest: &str,
    request: Uuid,
) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "insert into job (request_id, actor_id, district_id, sheet, file_name, digest, status, created_at)
         values ($1, $2, $3, $4, $5, $6, 'UPLOADED', $7)
         on conflict (actor_id, request_id) do nothing returning id",
        request,
        ctx.actor().id.0,
        ctx.only_district(),
        sheet.code(),
        file_name,
        file_digest,
        ctx.now(),
    )
    .fetch_optional(connection(tx))
    .await?)
}

/// The person has seen the preview and wants the rows in. Said twice it is said once.
///
/// # Errors
/// When the job is not waiting for that.
pub async fn job_confirm(ctx: &Ctx, id: &str) -> Result<()> {
    require_log(ctx)?;
    let id = job_id(id)?;
    let mut tx = ctx.begin().await?;
    let (sheet, status) = own(&mut tx, ctx, id).await?;
    ctx.require(sheet.permission())?;
    match status {
        ImportStatus::Validated => {}
        ImportStatus::Executing | ImportStatus::Finished => return Ok(()),
        _ => return Err(answered()),
    }
    sqlx::query!("delete from import_row where job_id = $1", id).execute(connection(&mut tx)).await?;
    sqlx::query!("update job set status = 'EXECUTING', done_row = 0, succeeded = 0, failed = 0 where id = $1", id)
        .execute(connection(&mut tx))
        .await?;
    enqueue(&mut tx, JobKind::Import, id).await?;
    tx.commit().await?;
    Ok(())
}

/// The actor's own job, locked: nobody else answers for it.
async fn own(tx: &mut Tx, ctx: &Ctx, id: Uuid) -> Result<(SheetKey, ImportStatus)> {
    let row = sqlx::query!(
        "select sheet, status from job where id = $1 and actor_id = $2 and kind = 'IMPORT' for update",
        id,
        ctx.actor().id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    Ok((stored(&row.sheet, SheetKey::from_code)?, stored(&row.status, ImportStatus::from_code)?))
}

fn answered() -> crate::Error {
    Failure::refused("该导入任务已处理，请刷新查看结果").into()
}

/// Who may look at the import log (S1-3.2): whoever may import anything.
fn require_log(ctx: &Ctx) -> Result<()> {
    if may_import(ctx.actor()) { Ok(()) } else { Err(Failure::Forbidden.into()) }
}

/// Codes of the sheets whose jobs the actor reads, whoever's they are: rows of other sheets hold what his role is not for.
fn readable(ctx: &Ctx) -> Vec<String> {
    SheetKey::ALL
        .into_iter()
        .filter(|sheet| ctx.actor().may(sheet.permission()))
        .map(|sheet| sheet.code().to_owned())
        .collect()
}
