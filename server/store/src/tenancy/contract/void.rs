//! 作废 (C11): a draft by its clerk; one in force by the city, with all that came of it. What was to follow a contract whose
//! household has left is void by itself (`cancel`).

use super::{Held, cancel::coming_void, history_add, hold};
use crate::{
    Ctx, Result,
    billing::{
        account::account_close,
        contract_void::{contract_bills_void, contract_paid},
    },
    ctx::{Tx, connection},
    housing::unit::{Moved, unit_move},
    tenancy::{
        assignment::{self, opinion_check},
        binding::{House, bindings_end},
    },
};
use domain::{
    dictionary::ContractStatus,
    failure::Failure,
    housing::unit_status::UnitEvent,
    id::{AssignmentId, ContractId, UnitId},
    platform::permission::Permission,
    tenancy::{
        contract_status::ContractEvent,
        contract_void::{Concluded, may_void, voided_by_clerk},
    },
};

/// Voids a contract that was concluded by mistake (C11).
///
/// # Errors
/// Without [`Permission::ContractWrite`] for one that nobody approved, and [`Permission::ContractVoid`] for one in force; a
/// missing reason; [`Failure::Conflict`]; a refusal of what has happened under it already, of one's own, and when the month is
/// closed.
pub async fn contract_void(ctx: &Ctx, id: ContractId, version: i32, reason: &str) -> Result<()> {
    if !ctx.actor().may(Permission::ContractWrite) {
        ctx.require(Permission::ContractVoid)?;
    }
    let reason = opinion_check(reason, true)?.unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if voided_by_clerk(held.status) {
        ctx.require(Permission::ContractWrite)?;
    } else {
        ctx.require(Permission::ContractVoid)?;
    }
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    if voided_by_clerk(held.status) {
        set_void(&mut tx, ctx, &held, &reason).await?;
    } else {
        undo(&mut tx, ctx, &held, &reason).await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}

async fn set_void(tx: &mut Tx, ctx: &Ctx, held: &Held, reason: &str) -> Result<()> {
    let next = held.status.next(ContractEvent::Void).map_err(Failure::from)?;
    sqlx::query!(
        "update contract set status = $2, voided_by = $3, voided_at = $4, void_reason = $5, sync_tries = 0, sync_message = null,
                updated_at = $4, updated_by = $3, version = version + 1 where id = $1",
        held.id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        reason,
    )
    .execute(connection(tx))
    .await?;
    history_add(tx, ctx, held.id, ContractEvent::Void.label(), (Some(held.status), next), Some(reason)).await
}

/// One in force: its bills are void, its home is assigned as before, and the bank is told to forget it (the queue is the
/// status, as everywhere).
async fn undo(tx: &mut Tx, ctx: &Ctx, held: &Held, reason: &str) -> Result<()> {
    let row = sqlx::query!(
        r#"select c.account_id, c.checker_id, c.take_over_id is not null as "taken_over!", c.prev_contract_id is not null as "follows!",
                  u.status <> 'SIGNED' or exists (select from hand_over h where h.contract_id = c.id) as "moved_in!",
                  exists (select from contract_change h where h.contract_id = c.id and h.status in ('DRAFT', 'PENDING', 'APPROVED')) as "changing!"
           from contract c join unit u on u.id = c.unit_id where c.id = $1"#,
        held.id
    )
    .fetch_one(connection(tx))
    .await?;
    let me = ctx.actor().id.0;
    let mut concluded = Concluded {
        own: held.authors.contains(&me) || row.checker_id == Some(me),
        taken_over: row.taken_over,
        follows: row.follows,
        moved_in: row.moved_in,
        changing: row.changing,
        ..Concluded::default()
    };
    // Of money is asked last: whoever asks holds the account.
    may_void(held.status, concluded)?;
    let account = row.account_id.ok_or(Failure::NotFound)?;
    (concluded.paid, concluded.asked) = contract_paid(tx, account, held.id).await?;
    may_void(held.status, concluded)?;
    set_void(tx, ctx, held, reason).await?;
    coming_void(tx, ctx, held, "原合同作废").await?;
    contract_bills_void(tx, ctx, account, held.id, reason).await?;
    let house = House { unit: held.unit_id, contract: Some(held.id), from_on: ctx.today() };
    bindings_end(tx, ctx, &house, ctx.today(), "合同作废").await?;
    unit_move(tx, ctx, UnitId(held.unit_id), Moved { event: UnitEvent::Unsign, reason: Some("合同作废") }).await?;
    if let Some(id) = held.assignment_id {
        assignment::reopen(tx, ctx, AssignmentId(id)).await?;
    }
    account_close(tx, ctx, account).await
}

/// The bank has forgotten a contract that is void.
pub(super) async fn forgotten(tx: &mut Tx, ctx: &Ctx, held: &Held) -> Result<ContractStatus> {
    sqlx::query!(
        "update contract set synced_at = $2, sync_message = null, updated_at = $2, version = version + 1 where id = $1",
        held.id,
        ctx.now()
    )
    .execute(connection(tx))
    .await?;
    let label = ContractEvent::CancelSynced.label();
    history_add(tx, ctx, held.id, label, (Some(held.status), held.status), None).await?;
    Ok(held.status)
}
