//! What people do with a batch: check and send by another than made it (§6.4), give up, close; and taking one item out while
//! nothing has left the house.

use super::{By, Held, bills_free, hold};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
    tenancy::assignment::opinion_check,
};
use domain::{
    billing::deduction_status::{DeductEvent, DeductionEvent},
    dictionary::{DeductStatus, DeductionStatus},
    failure::Failure,
    id::{DeductionBatchId, DeductionItemId},
    platform::permission::Permission,
};

/// Confirms a batch that another made.
///
/// # Errors
/// Without [`Permission::DeductionCheck`]; a refusal for one's own batch, for one that is still being made, and for an empty
/// one; [`Failure::Conflict`].
pub async fn deduction_check(ctx: &Ctx, id: DeductionBatchId, version: i32, opinion: &str) -> Result<()> {
    ctx.require(Permission::DeductionCheck)?;
    let opinion = opinion_check(opinion, false)?;
    let mut tx = ctx.begin().await?;
    let batch = hold(&mut tx, By::Id(id)).await?.of_version(version)?.by_another(ctx, "复核")?;
    if !batch.built {
        return Err(Failure::refused("批次尚在生成，请稍候再复核").into());
    }
    if batch.items == 0 {
        return Err(Failure::refused("批次没有可扣款的账单，请撤销").into());
    }
    let next = batch.next(DeductionEvent::Check)?;
    sqlx::query!(
        "update deduction_batch set status = $2, checker_id = $3, checked_at = $4, opinion = $5, version = version + 1 where id = $1",
        batch.id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Releases a checked batch to the bank: its content is fixed from now on. Items whose contract has ended meanwhile are taken
/// out. A batch that the bank refused can be sent again; one that it accepted cannot, or accounts would be debited twice.
///
/// # Errors
/// As [`deduction_check`]; a refusal for who checked a batch that nobody made.
pub async fn deduction_send(ctx: &Ctx, id: DeductionBatchId, version: i32) -> Result<()> {
    ctx.require(Permission::DeductionCheck)?;
    let mut tx = ctx.begin().await?;
    let batch = hold(&mut tx, By::Id(id)).await?.of_version(version)?.by_another(ctx, "发送")?.by_two(ctx)?;
    if batch.at_bank {
        return Err(Failure::refused("银行已受理该批次，不能重新发送，请等待银行重新回盘").into());
    }
    let next = batch.next(DeductionEvent::Export)?;
    if batch.status == DeductionStatus::Checked {
        ended_cancel(&mut tx, &batch).await?;
    }
    let left = sqlx::query_scalar!("select items from deduction_batch where id = $1", batch.id)
        .fetch_one(connection(&mut tx))
        .await?;
    if left == 0 {
        return Err(Failure::refused("批次没有可扣款的账单，请撤销").into());
    }
    sqlx::query!(
        "update deduction_batch set status = $2, sender_id = $3, exported_at = $4, message = null, version = version + 1 where id = $1",
        batch.id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!(
        "insert into bank_file (district_id, direction, kind, name, file_no, state, lines, amount_fen, made_at)
         select district_id, 'OUT', 'REQUEST', '', batch_no, 'MADE', items, amount_fen, $2 from deduction_batch where id = $1
         on conflict (kind, file_no) where direction = 'OUT' do update set state = 'MADE', digest = null, done_at = null",
        batch.id,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Takes out the items whose contract is not in force any more.
async fn ended_cancel(tx: &mut Tx, batch: &Held) -> Result<()> {
    let ended = sqlx::query_scalar!(
        "select i.id from deduction_item i join contract c on c.id = i.contract_id
         where i.batch_id = $1 and i.status = 'WAIT' and c.status not in ('ACTIVE', 'CANCEL_PENDING')
             and not (c.status = 'CANCEL_SYNCING' and exit_goes_on(c.id, $2))",
        batch.id,
        batch.made_on
    )
    .fetch_all(connection(tx))
    .await?;
    items_cancel(tx, batch.id, &ended).await
}

/// Cancels waiting items: their bills are free, and the batch is smaller.
async fn items_cancel(tx: &mut Tx, batch: i64, items: &[i64]) -> Result<()> {
    sqlx::query!(
        "with cancelled as (update deduction_item set status = 'CANCELLED' where id = any($2) and status = 'WAIT' returning due_fen)
         update deduction_batch set items = items - (select count(*)::integer from cancelled),
                amount_fen = amount_fen - (select coalesce(sum(due_fen), 0)::bigint from cancelled), version = version + 1
         where id = $1",
        batch,
        items
    )
    .execute(connection(tx))
    .await?;
    bills_free(tx, items).await
}

/// Locks the batches that have collected some bills and from which nothing has left the house; answers them.
pub(in crate::billing) async fn unsent_hold(tx: &mut Tx, bills: &[i64]) -> Result<Vec<i64>> {
    let held = sqlx::query_scalar!(
        "select id from deduction_batch where status in ('CREATED', 'CHECKED')
             and id in (select in_batch from bill where id = any($1))
         order by id for update",
        bills
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(held)
}

/// Takes the items of a locked account out of locked batches that ask for one of some bills: they are being paid otherwise. What
/// else an item asked for is free with them, and collected by the next batch.
pub(in crate::billing) async fn items_paid_elsewhere(
    tx: &mut Tx,
    batches: &[i64],
    account: i64,
    bills: &[i64],
) -> Result<()> {
    let items = sqlx::query!(
        "select i.id, i.batch_id from deduction_item i
         where i.batch_id = any($1) and i.account_id = $2 and i.status = 'WAIT'
             and exists (select from deduction_item_bill p where p.item_id = i.id and p.bill_id = any($3))
         order by i.id",
        batches,
        account,
        bills
    )
    .fetch_all(connection(tx))
    .await?;
    for item in items {
        items_cancel(tx, item.batch_id, &[item.id]).await?;
    }
    Ok(())
}

/// Takes one item out of a batch, so that it can be paid otherwise.
///
/// # Errors
/// Without [`Permission::DeductionWrite`]; a refusal once the batch was sent.
pub async fn deduction_item_cancel(ctx: &Ctx, id: DeductionItemId) -> Result<()> {
    ctx.require(Permission::DeductionWrite)?;
    let mut tx = ctx.begin().await?;
    let batch = sqlx::query_scalar!("select batch_id from deduction_item where id = $1", id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let batch = hold(&mut tx, By::Id(DeductionBatchId(batch))).await?;
    let status = sqlx::query_scalar!("select status from deduction_item where id = $1", id.0)
        .fetch_one(connection(&mut tx))
        .await?;
    let open = stored(&status, DeductStatus::from_code)?.next(DeductEvent::Cancel).is_some();
    if !open || !batch.status.is_inside() {
        return Err(Failure::refused("批次已发送，不能撤销其中的明细").into());
    }
    items_cancel(&mut tx, batch.id, &[id.0]).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives a batch up that the bank never took: all its bills are free.
///
/// # Errors
/// Without [`Permission::DeductionWrite`]; a refusal for one that the bank has accepted or answered; a missing reason;
/// [`Failure::Conflict`].
pub async fn deduction_discard(ctx: &Ctx, id: DeductionBatchId, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::DeductionWrite)?;
    let reason = opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    let batch = hold(&mut tx, By::Id(id)).await?.of_version(version)?;
    if batch.at_bank {
        return Err(Failure::refused("银行已受理该批次，不能撤销").into());
    }
    let next = batch.next(DeductionEvent::Discard)?;
    sqlx::query!(
        "update deduction_item set status = 'CANCELLED' where batch_id = $1 and status in ('WAIT', 'SENT')",
        batch.id
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!("update bill set in_batch = null, version = version + 1 where in_batch = $1", batch.id)
        .execute(connection(&mut tx))
        .await?;
    closed_set(&mut tx, ctx, batch.id, next, reason.as_deref()).await?;
    tx.commit().await?;
    Ok(())
}

/// Closes a batch that is entered.
///
/// # Errors
/// Without [`Permission::DeductionCheck`]; a refusal while a difference of it is open; [`Failure::Conflict`].
pub async fn deduction_close(ctx: &Ctx, id: DeductionBatchId, version: i32) -> Result<()> {
    ctx.require(Permission::DeductionCheck)?;
    let mut tx = ctx.begin().await?;
    let batch = hold(&mut tx, By::Id(id)).await?.of_version(version)?;
    let next = batch.next(DeductionEvent::Close)?;
    let open = sqlx::query_scalar!(
        r#"select count(*) as "open!" from bank_difference where batch_id = $1 and status = 'OPEN'"#,
        batch.id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if open > 0 {
        return Err(Failure::refused(format!("该批次还有{open}条差异待处理")).into());
    }
    closed_set(&mut tx, ctx, batch.id, next, None).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn closed_set(
    tx: &mut Tx,
    ctx: &Ctx,
    id: i64,
    status: DeductionStatus,
    message: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "update deduction_batch set status = $2, closed_at = $3, closed_by = $4, message = coalesce($5, message), version = version + 1
         where id = $1",
        id,
        status.code(),
        ctx.now(),
        ctx.actor_id(),
        message,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
