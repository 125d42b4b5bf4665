//! The end of a contract as its exit brings it about (C5 to C7, X11). The exit itself is `tenancy::exit`; here is only what
//! the contract becomes.

use super::{Held, history_add, hold_all};
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
};
use chrono::NaiveDate;
use domain::{dictionary::ContractStatus, failure::Failure, tenancy::contract_status::ContractEvent};

/// C5: the end is asked for.
///
/// # Errors
/// The state machine's refusal.
pub(in crate::tenancy) async fn cancel_request(tx: &mut Tx, ctx: &Ctx, held: &Held, reason: &str) -> Result<()> {
    let next = held.status.next(ContractEvent::RequestCancel).map_err(Failure::from)?;
    set(tx, ctx, held, next, ContractEvent::RequestCancel, Some(reason)).await
}

/// C6 and X11: agreed to, refused, or revoked. One that goes on although its term is over has expired. Answers what it is
/// now.
///
/// # Errors
/// The state machine's refusal.
pub(in crate::tenancy) async fn cancel_decide(
    tx: &mut Tx,
    ctx: &Ctx,
    held: &Held,
    event: ContractEvent,
    reason: Option<&str>,
) -> Result<ContractStatus> {
    let mut next = held.status.next(event).map_err(Failure::from)?;
    let expired =
        sqlx::query_scalar!(r#"select expired_on is not null as "expired!" from contract where id = $1"#, held.id)
            .fetch_one(connection(tx))
            .await?;
    if next == ContractStatus::Active && expired {
        next = next.next(ContractEvent::Expire).map_err(Failure::from)?;
    }
    set(tx, ctx, held, next, event, reason).await?;
    Ok(next)
}

/// C7: the bank knows that it has ended.
///
/// # Errors
/// The state machine's refusal.
pub(in crate::tenancy) async fn cancel_close(
    tx: &mut Tx,
    ctx: &Ctx,
    held: &Held,
    ended_on: NaiveDate,
) -> Result<ContractStatus> {
    let next = held.status.next(ContractEvent::CancelSynced).map_err(Failure::from)?;
    set(tx, ctx, held, next, ContractEvent::CancelSynced, None).await?;
    sqlx::query!(
        "update contract set ended_on = $2, synced_at = $3, sync_message = null where id = $1",
        held.id,
        ended_on,
        ctx.now()
    )
    .execute(connection(tx))
    .await?;
    Ok(next)
}

/// Voids what was to follow a contract whose household has left, or that never was: nobody is to live there under it, and it
/// would hold the home and the lessee's place for ever. The home is locked, so that nobody brings another meanwhile.
///
/// # Errors
/// The state machine's refusal.
pub(in crate::tenancy) async fn coming_void(tx: &mut Tx, ctx: &Ctx, held: &Held, why: &str) -> Result<()> {
    let coming = sqlx::query_scalar!(
        "select id from contract where prev_contract_id = $1 and deleted_at is null
             and status in ('DRAFT', 'PENDING', 'APPROVED_SYNCING', 'SYNC_FAILED')",
        held.id
    )
    .fetch_all(connection(tx))
    .await?;
    for renewal in hold_all(tx, &coming).await? {
        let next = renewal.status.next(ContractEvent::Void).map_err(Failure::from)?;
        set(tx, ctx, &renewal, next, ContractEvent::Void, Some(why)).await?;
    }
    Ok(())
}

async fn set(
    tx: &mut Tx,
    ctx: &Ctx,
    held: &Held,
    next: ContractStatus,
    event: ContractEvent,
    reason: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "update contract set status = $2, updated_at = $3, updated_by = $4, version = version + 1 where id = $1",
        held.id,
        next.code(),
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await
    .map_err(|error| match &error {
        // It ran, its end was asked for, and meanwhile another has begun to run.
        sqlx::Error::Database(taken)
            if matches!(taken.constraint(), Some("contract_unit_running_key" | "contract_person_running_key")) =>
        {
            Failure::refused("承租人或该房间已有其他履行中的合同").into()
        }
        _ => Error::from(error),
    })?;
    history_add(tx, ctx, held.id, event.label(), (Some(held.status), next), reason).await
}
