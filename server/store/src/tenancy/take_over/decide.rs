//! Submitting a batch, agreeing to it, refusing it, giving it up. What is agreed to is known by its digest: not a row can change
//! between the two people, and before the first row is written the digest is held against the rows once more.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    platform::{
        cipher::Kind,
        job::{enqueue, job_id},
    },
    tenancy::assignment::opinion_check,
};
use domain::{
    failure::Failure,
    platform::{job::JobKind, permission::Permission},
    tenancy::take_over::{TakeOverEvent, TakeOverStatus},
};
use sha2::{Digest as _, Sha256};

/// A batch whose row is locked.
struct Held {
    maker: i64,
    batch_no: String,
    digest: Option<String>,
    status: TakeOverStatus,
    rows: i32,
}

async fn hold(tx: &mut Tx, id: i64, version: i32) -> Result<Held> {
    let row = sqlx::query!(
        r#"select maker_id, batch_no as "batch_no!", digest, status, rows, version from take_over where id = $1 for update"#,
        id
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    Ok(Held {
        maker: row.maker_id,
        batch_no: row.batch_no,
        digest: row.digest,
        status: stored(&row.status, TakeOverStatus::from_code)?,
        rows: row.rows,
    })
}

/// Why a batch could not be written as it stands: the import that stages it is under way, or a month is closed whose balances
/// an entry at its cut-off would change.
pub(super) async fn obstacle(tx: &mut Tx, id: i64) -> Result<Option<String>> {
    let row = sqlx::query!(
        r#"select take_over_running(b.job_id) as "staging!",
                  exists (select from ledger_period p where p.district_id = b.district_id
                          and p.month >= date_trunc('month', b.cutoff_on)::date) as "closed!"
           from take_over b where b.id = $1 and b.status in ('DRAFT', 'PENDING', 'APPROVED')"#,
        id
    )
    .fetch_optional(connection(tx))
    .await?;
    Ok(row.and_then(|row| match (row.staging, row.closed) {
        (true, _) => Some("文件尚在导入，请在导入完成后办理".to_owned()),
        (_, true) => Some("接管日所在月份或以后的会计期间已结账，不能接管".to_owned()),
        (false, false) => None,
    }))
}

async fn require_open(tx: &mut Tx, id: i64) -> Result<()> {
    match obstacle(tx, id).await? {
        Some(sentence) => Err(Failure::refused(sentence).into()),
        None => Ok(()),
    }
}

/// SHA-256 over those of the rows, in the order of the file. Keys change under what they sealed, so sealed columns are left out;
/// their masks are not.
pub(super) async fn digest(tx: &mut Tx, id: i64) -> Result<String> {
    let content = sqlx::query_scalar!(
        r#"select encode(sha256(string_agg(sha256(convert_to(row(row_no, district_id, estate_id, unit_id, contract_no, lessor_id,
                  person_id, household_id, lessee_name, id_number_mask, phone_mask, address, layout, building_area, usable_area,
                  category, rent_standard_id, unit_rate, area_basis, rent_area, base_rent_fen, reduction_fen, monthly_rent_fen,
                  contract_deposit_fen, start_on, end_on, pay_cycle, split, due_day, bank_name, bank_no_mask, bank_holder,
                  debit_agreement_no, sign_on, remark, balance_fen, deposit_fen, arrears_fen, arrears_from, arrears_to,
                  charged_to)::text, 'UTF8')), ''::bytea order by row_no)), 'hex') as "digest"
           from take_over_row where take_over_id = $1"#,
        id
    )
    .fetch_one(connection(tx))
    .await?;
    let batch =
        sqlx::query_scalar!(r#"select batch_no || ' ' || cutoff_on as "batch!" from take_over where id = $1"#, id)
            .fetch_one(connection(tx))
            .await?;
    let mut hash = Sha256::new();
    hash.update(batch.as_bytes());
    hash.update(content.unwrap_or_default().as_bytes());
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Sends a batch to whoever agrees to it, and fixes its digest.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for somebody else's, for an empty one, and of [`obstacle`].
pub async fn take_over_submit(ctx: &Ctx, id: i64, version: i32) -> Result<TakeOverStatus> {
    ctx.require(Permission::TakeOverWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.maker != ctx.actor().id.0 {
        return Err(Failure::refused("只能提交本人导入的接管批次").into());
    }
    let next = held.status.next(TakeOverEvent::Submit)?;
    if held.rows == 0 {
        return Err(Failure::refused("该批次没有可接管的合同").into());
    }
    require_open(&mut tx, id).await?;
    let digest = digest(&mut tx, id).await?;
    sqlx::query!(
        "update take_over set status = $2, digest = $3, submitted_at = $4, version = version + 1 where id = $1",
        id,
        next.code(),
        digest,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(next)
}

/// Agrees to a batch, which then is written by a job, or refuses it. The digest is that of what the checker has seen.
///
/// # Errors
/// [`Failure::Conflict`], also when the digest is another; a refusal for one's own; a missing opinion when it is refused.
pub async fn take_over_decide(
    ctx: &Ctx,
    id: i64,
    version: i32,
    seen: &str,
    approve: bool,
    opinion: &str,
) -> Result<TakeOverStatus> {
    ctx.require(Permission::TakeOverCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.maker == ctx.actor().id.0 {
        return Err(Failure::refused("不能审批本人导入的接管批次").into());
    }
    let event = if approve { TakeOverEvent::Approve } else { TakeOverEvent::Refuse };
    let next = held.status.next(event)?;
    let job = if approve {
        require_open(&mut tx, id).await?;
        if held.digest.as_deref() != Some(seen) {
            return Err(Failure::Conflict.into());
        }
        Some(job_create(&mut tx, ctx, id, &held).await?)
    } else {
        None
    };
    sqlx::query!(
        "update take_over set status = $2, checker_id = $3, checked_at = $4, opinion = $5, write_job_id = $6::text::uuid,
                version = version + 1 where id = $1",
        id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
        job,
    )
    .execute(connection(&mut tx))
    .await?;
    if !approve {
        rows_free(&mut tx, ctx, id, &held).await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(next)
}

/// Lets the writing of a batch go on whose job has ended before all was written: what it has written stays.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one that is not agreed to, and while its job is at work.
pub async fn take_over_resume(ctx: &Ctx, id: i64, version: i32) -> Result<()> {
    ctx.require(Permission::TakeOverCheck)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.status != TakeOverStatus::Approved {
        return Err(Failure::refused("该批次不在接管中，请刷新后再办理").into());
    }
    require_idle(&mut tx, id).await?;
    require_open(&mut tx, id).await?;
    let job = job_create(&mut tx, ctx, id, &held).await?;
    sqlx::query!("update take_over set write_job_id = $2::text::uuid, version = version + 1 where id = $1", id, job)
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(())
}

async fn require_idle(tx: &mut Tx, id: i64) -> Result<()> {
    let running =
        sqlx::query_scalar!(r#"select take_over_running(write_job_id) as "running!" from take_over where id = $1"#, id)
            .fetch_one(connection(tx))
            .await?;
    if running { Err(Failure::refused("接管任务正在进行，请稍后查看").into()) } else { Ok(()) }
}

/// Gives up the rest of a batch whose job has ended before all was written: what it has written stays, and what is left was not
/// taken over, so that the totals show the difference and the homes are free.
///
/// # Errors
/// [`Failure::Conflict`]; a missing reason; a refusal for one's own, for one that is not agreed to, and while its job is at work.
pub async fn take_over_abandon(ctx: &Ctx, id: i64, version: i32, reason: &str) -> Result<TakeOverStatus> {
    ctx.require(Permission::TakeOverCheck)?;
    let reason = opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.maker == ctx.actor().id.0 {
        return Err(Failure::refused("不能终止本人导入的接管批次").into());
    }
    let next = held.status.next(TakeOverEvent::Abandon)?;
    require_idle(&mut tx, id).await?;
    sqlx::query!(
        "update take_over set status = $2, end_reason = $3, failed_rows = rows - written_rows, finished_at = $4, version = version + 1
         where id = $1",
        id,
        next.code(),
        reason,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    rows_free(&mut tx, ctx, id, &held).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(next)
}

/// Gives up a batch that nobody has agreed to: its homes are free to be brought anew.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for somebody else's.
pub async fn take_over_withdraw(ctx: &Ctx, id: i64, version: i32) -> Result<TakeOverStatus> {
    ctx.require(Permission::TakeOverWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.maker != ctx.actor().id.0 {
        return Err(Failure::refused("只能作废本人导入的接管批次").into());
    }
    let next = held.status.next(TakeOverEvent::Withdraw)?;
    sqlx::query!("update take_over set status = $2, version = version + 1 where id = $1", id, next.code())
        .execute(connection(&mut tx))
        .await?;
    rows_free(&mut tx, ctx, id, &held).await?;
    tx.commit().await?;
    Ok(next)
}

/// Frees the homes and people of a batch that has ended: the first of them at once, what is left by a job.
async fn rows_free(tx: &mut Tx, ctx: &Ctx, id: i64, held: &Held) -> Result<()> {
    if free(tx, id).await? == FREED {
        job_create(tx, ctx, id, held).await?;
    }
    Ok(())
}

/// Rows that are freed in one transaction.
pub(super) const FREED: u64 = 5_000;

/// The next rows of a batch that has ended go the way of the batch, and forget what they kept sealed; answers how many.
pub(super) async fn free(tx: &mut Tx, id: i64) -> Result<u64> {
    let freed = sqlx::query!(
        "update take_over_row t set state = case b.status when 'DONE' then 'FAILED' else 'DROPPED' end,
                message = case b.status when 'DONE' then '已终止接管：' || b.end_reason end,
                id_number = null, phone = null, bank_no = null, key_id = null
         from take_over b
         where b.id = $1 and b.status in ('DONE', 'REFUSED', 'WITHDRAWN') and t.id in (
             select r.id from take_over_row r where r.take_over_id = $1 and r.state = 'STAGED' order by r.id limit $2)",
        id,
        i64::try_from(FREED).unwrap_or(i64::MAX),
    )
    .execute(connection(tx))
    .await?;
    Ok(freed.rows_affected())
}

/// Puts the writing of a batch into the queue, in the name of whoever agreed to it.
async fn job_create(tx: &mut Tx, ctx: &Ctx, id: i64, held: &Held) -> Result<String> {
    let job = sqlx::query_scalar!(
        "insert into job (kind, request_id, actor_id, sheet, file_name, status, total, created_at)
         values ('TAKE_OVER', gen_random_uuid(), $1, $2, $3, 'UPLOADED', $4, $5) returning id",
        ctx.actor().id.0,
        held.batch_no,
        format!("{} {}", JobKind::TakeOver.label(), held.batch_no),
        held.rows,
        ctx.now(),
    )
    .fetch_one(connection(tx))
    .await?;
    let ring = ctx.database().keys()?;
    let asked =
        serde_json::to_vec(&super::job::Asked { take_over: id }).map_err(|error| Error::Broken(error.to_string()))?;
    sqlx::query!(
        "insert into job_file (job_id, content, key_id) values ($1, $2, $3)",
        job,
        ring.seal_bytes(Kind::JobFile, &asked),
        ring.active()
    )
    .execute(connection(tx))
    .await?;
    enqueue(tx, JobKind::TakeOver, job_id(&job.to_string())?).await?;
    Ok(job.to_string())
}
