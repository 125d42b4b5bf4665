//! What the bank says about a contract (C4): it knows it, and then the contract is in force; or it does not, and somebody
//! has to see why.
//!
//! A contract in APPROVED_SYNCING waits for the gateway: the status is the queue, and nothing else has to be kept.

use super::{
    Held, history_add, hold,
    renew::{deposit_of, succeed},
    terms::billed_read_one,
    void::forgotten,
};
use crate::{
    Ctx, Database, Result,
    billing::{Charge, post, rule::billing_rule, run::charges_until},
    ctx::{Tx, connection},
    housing::unit::{Moved, unit_move},
    platform::calendar::calendar_load,
    tenancy::exit::{cancel_refused, exit_close},
};
use chrono::{DateTime, Utc};
use domain::{
    billing::plan::{PlannedBill, PlannedLine},
    dictionary::{BillKind, ContractStatus, FeeItem},
    failure::Failure,
    housing::unit_status::UnitEvent,
    id::{ContractId, UnitId},
    platform::permission::Permission,
    tenancy::contract_status::ContractEvent,
    value::Money,
};

/// How often the bank is told of a contract, or of its end, by itself (C4).
pub(crate) const TRIES: i32 = 3;

/// What the bank answered about a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncAnswer {
    /// it knows the contract, and the number of the agreement to debit
    Known { agreement_no: Option<String> },
    /// it refused, in its own words
    Refused { message: String },
    /// it has forgotten a contract that ended (C7)
    Cancelled,
    /// it did not, in its own words
    CancelRefused { message: String },
    /// it has, but our own rules stand against it: somebody has to look
    CancelStuck { message: String },
}

/// Enters what the bank answered. An answer that was entered already changes nothing.
///
/// # Errors
/// [`Failure::NotFound`] for a number that no contract has; a refusal when the home is not as it was when it was approved.
pub async fn contract_synced(
    database: &Database,
    contract_no: &str,
    answer: SyncAnswer,
    now: DateTime<Utc>,
) -> Result<ContractStatus> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let id = sqlx::query_scalar!("select id from contract where contract_no = $1 and deleted_at is null", contract_no)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let held = hold(&mut tx, ContractId(id)).await?;
    let status = match (held.status, answer) {
        (ContractStatus::ApprovedSyncing, SyncAnswer::Known { agreement_no }) => {
            activate(&mut tx, &ctx, &held, agreement_no.as_deref()).await?
        }
        (ContractStatus::ApprovedSyncing, SyncAnswer::Refused { message }) => {
            refused(&mut tx, &ctx, &held, &message).await?
        }
        (ContractStatus::CancelSyncing, SyncAnswer::Cancelled) => exit_close(&mut tx, &ctx, &held).await?,
        (ContractStatus::Void, SyncAnswer::Cancelled) => forgotten(&mut tx, &ctx, &held).await?,
        (ContractStatus::CancelSyncing | ContractStatus::Void, SyncAnswer::CancelRefused { message }) => {
            cancel_refused(&mut tx, &ctx, &held, &message, 1).await?
        }
        (ContractStatus::CancelSyncing, SyncAnswer::CancelStuck { message }) => {
            cancel_refused(&mut tx, &ctx, &held, &message, TRIES).await?
        }
        (status, _) => status,
    };
    tx.commit().await?;
    database.announce();
    Ok(status)
}

/// The bank refused: it is told again some times, then somebody has to look.
async fn refused(tx: &mut Tx, ctx: &Ctx, held: &Held, message: &str) -> Result<ContractStatus> {
    let message: String = message.chars().take(200).collect();
    let tries = sqlx::query_scalar!(
        "update contract set sync_tries = sync_tries + 1, sync_message = $2, updated_at = $3, version = version + 1
         where id = $1 returning sync_tries",
        held.id,
        message,
        ctx.now(),
    )
    .fetch_one(connection(tx))
    .await?;
    if tries < TRIES {
        history_add(tx, ctx, held.id, "同步失败，自动重试", (Some(held.status), held.status), Some(&message)).await?;
        return Ok(held.status);
    }
    let next = held.status.next(ContractEvent::SyncFailed).map_err(Failure::from)?;
    status_set(tx, ctx, held.id, next).await?;
    history_add(tx, ctx, held.id, "同步失败", (Some(held.status), next), Some(&message)).await?;
    Ok(next)
}

/// Has the bank told again: of a contract that it refused (C4), or that it is to forget because it is void (C11).
///
/// # Errors
/// Without [`Permission::ContractWrite`]; the state machine's refusal; [`Failure::Conflict`].
pub async fn contract_sync_again(ctx: &Ctx, id: ContractId, version: i32) -> Result<()> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    let next = if is_untold(&mut tx, &held).await? {
        held.status
    } else {
        held.status.next(ContractEvent::SyncAgain).map_err(Failure::from)?
    };
    status_set(&mut tx, ctx, held.id, next).await?;
    sqlx::query!("update contract set sync_tries = 0, sync_message = null where id = $1", held.id)
        .execute(connection(&mut tx))
        .await?;
    history_add(&mut tx, ctx, held.id, ContractEvent::SyncAgain.label(), (Some(held.status), next), None).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether the bank was told too often in vain to forget a contract that is void.
async fn is_untold(tx: &mut Tx, held: &Held) -> Result<bool> {
    Ok(held.status == ContractStatus::Void
        && sqlx::query_scalar!(
            r#"select active_at is not null and sync_tries >= $2 as "untold!" from contract where id = $1"#,
            held.id,
            TRIES
        )
        .fetch_one(connection(tx))
        .await?)
}

async fn status_set(tx: &mut Tx, ctx: &Ctx, id: i64, status: ContractStatus) -> Result<()> {
    sqlx::query!(
        "update contract set status = $2, updated_at = $3, updated_by = $4, version = version + 1 where id = $1",
        id,
        status.code(),
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// C4: the account is opened, the home is SIGNED, the deposit and the bills that are due begin.
async fn activate(tx: &mut Tx, ctx: &Ctx, held: &Held, agreement_no: Option<&str>) -> Result<ContractStatus> {
    let next = held.status.next(ContractEvent::Synced).map_err(Failure::from)?;
    let account = account_open(tx, ctx, held.id).await?;
    // The home of a renewed contract stays as it is: its household goes on living there.
    let renewed = succeed(tx, ctx, held).await?;
    if !renewed {
        unit_move(tx, ctx, UnitId(held.unit_id), Moved { event: UnitEvent::Sign, reason: None }).await?;
    }
    sqlx::query!(
        "update contract set status = $2, account_id = $3, synced_at = $4, active_at = $4, sync_message = null,
                debit_agreement_no = coalesce($5, debit_agreement_no), updated_at = $4, version = version + 1 where id = $1",
        held.id,
        next.code(),
        account,
        ctx.now(),
        agreement_no,
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("update assignment set status = 'SIGNED', version = version + 1 where id = $1", held.assignment_id)
        .execute(connection(tx))
        .await?;
    history_add(tx, ctx, held.id, ContractEvent::Synced.label(), (Some(held.status), next), None).await?;
    first_bills(tx, ctx, held, renewed).await?;
    Ok(next)
}

/// The household's account for this home; one that is open already goes on.
pub(super) async fn account_open(tx: &mut Tx, ctx: &Ctx, contract: i64) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        "insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
         select c.district_id, c.estate_id, u.building_id, c.unit_id, c.person_id, $2
         from contract c join unit u on u.id = c.unit_id where c.id = $1
         on conflict (unit_id, person_id) where status = 'ON' do update set version = account.version + 1
         returning id",
        contract,
        ctx.today(),
    )
    .fetch_one(connection(tx))
    .await?)
}

/// The deposit, and the rent from the first period to the present month; the first bill also when its month has not come.
async fn first_bills(tx: &mut Tx, ctx: &Ctx, held: &Held, renewed: bool) -> Result<()> {
    let rule = billing_rule(tx, held.district_id, ctx.today()).await?;
    let calendar = calendar_load(tx).await?;
    let (contract, mut deposit) = billed_read_one(tx, held.id).await?;
    if renewed {
        deposit = deposit_of(tx, contract.account_id, deposit).await?;
    }
    let mut charges = charges_until(&contract, ctx.today(), &rule, &calendar);
    if deposit > Money::ZERO {
        let day = contract.start_on;
        let line =
            PlannedLine { from: day, to: day, days: 1, of: 1, monthly: deposit, full: deposit, payable: deposit };
        let bill = PlannedBill { from: day, to: day, months: 0, due_on: day, lines: vec![line] };
        charges.push(Charge::of(&contract, BillKind::Deposit, FeeItem::Deposit, bill));
    }
    post(tx, ctx, &charges, None, ctx.today()).await?;
    Ok(())
}
