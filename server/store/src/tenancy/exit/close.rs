//! The last steps (X10, C7): keys and cards come back, the bank is told, and with its answer the contract, the home and the
//! account are free.

use super::{Held, hold};
use crate::{
    Ctx, Result,
    billing::{account::account_close, meter::exit_readings_end},
    ctx::{Tx, connection},
    housing::unit::{Moved, unit_move},
    tenancy::{
        binding::{House, bindings_end},
        contract,
    },
};
use domain::{
    dictionary::ContractStatus,
    failure::Failure,
    housing::unit_status::UnitEvent,
    id::{ExitId, UnitId},
    platform::permission::Permission,
    tenancy::exit::{ExitEvent, KeysForm},
};

/// Keys and cards are back: now the bank is told.
///
/// # Errors
/// Without [`Permission::ExitInspect`]; complaints by field; [`Failure::Conflict`]; a refusal in another status, and before the
/// day of the exit.
pub async fn exit_keys(ctx: &Ctx, id: ExitId, version: i32, form: &KeysForm) -> Result<()> {
    ctx.require(Permission::ExitInspect)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    held.seen(version)?;
    let next = held.status.next(ExitEvent::ReturnKeys)?;
    // Until then the household may stay, and its rent goes on.
    if held.exit_on > ctx.today() {
        return Err(Failure::refused("退租日期未到，不能登记交还钥匙").into());
    }
    let inspected_on = held.inspected_on.ok_or_else(|| Failure::refused("尚未登记验房"))?;
    let fields = form.check(inspected_on, ctx.today())?;
    // The status and what belongs to it in one statement: a constraint looks at both.
    sqlx::query!(
        "update exit_case set status = $2, keys_returned = $3, cards_returned = $4, keys_on = $5, keys_by = $6, version = version + 1
         where id = $1",
        held.id,
        next.code(),
        i16::from(fields.keys),
        i16::from(fields.cards),
        fields.on,
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    let told = format!("钥匙{}把，门卡{}张", fields.keys, fields.cards);
    let label = ExitEvent::ReturnKeys.label();
    super::history_add(&mut tx, ctx, held.id, label, (Some(held.status), next), Some(&told)).await?;
    tell(&mut tx, ctx, &held).await?;
    tx.commit().await?;
    Ok(())
}

/// Has the bank told of the end again, after it refused too often. Where it has forgotten the contract already, and only our
/// own rules stood against it, the exit is closed now.
///
/// # Errors
/// Without [`Permission::ContractWrite`]; [`Failure::Conflict`]; a refusal in another status, and of what still stands against
/// it.
pub async fn exit_tell_again(ctx: &Ctx, id: ExitId, version: i32) -> Result<()> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    held.seen(version)?;
    held.status.next(ExitEvent::Close)?;
    if bank_forgot(&mut tx, held.contract.id).await? {
        exit_close(&mut tx, ctx, &held.contract).await?;
        tx.commit().await?;
        ctx.database().announce();
        return Ok(());
    }
    tell(&mut tx, ctx, &held).await?;
    super::history_add(&mut tx, ctx, held.id, "重新通知银行", (Some(held.status), held.status), None).await?;
    sqlx::query!("update exit_case set version = version + 1 where id = $1", held.id)
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Whether the bank has said that it forgot a contract.
pub(super) async fn bank_forgot(tx: &mut Tx, contract: i64) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from contract_told where contract_id = $1 and action = 'CANCEL' and result = 'SUCCESS') as "forgot!""#,
        contract
    )
    .fetch_one(connection(tx))
    .await?)
}

/// The queue of the bank's gateway is the contract in CANCEL_SYNCING whose keys are back.
async fn tell(tx: &mut Tx, ctx: &Ctx, held: &Held) -> Result<()> {
    sqlx::query!(
        "update contract set sync_tries = 0, sync_message = null, updated_at = $2, version = version + 1 where id = $1",
        held.contract.id,
        ctx.now()
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// The bank has forgotten the contract (C7): it is TERMINATED, what was to follow it is void, nobody lives in the home any more, which is looked after
/// before it is let again, and the account is closed if nothing is open on it.
///
/// # Errors
/// A refusal when the home is not as it was.
pub(in crate::tenancy) async fn exit_close(tx: &mut Tx, ctx: &Ctx, of: &contract::Held) -> Result<ContractStatus> {
    let exit = sqlx::query_scalar!(
        "select id from exit_case where contract_id = $1 and status = 'KEYS_RETURNED' for update",
        of.id
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or_else(|| Failure::refused("没有待完成的退租"))?;
    let held = hold(tx, ExitId(exit)).await?;
    let next = held.status.next(ExitEvent::Close)?;
    let status = contract::cancel_close(tx, ctx, &held.contract, held.exit_on).await?;
    contract::coming_void(tx, ctx, &held.contract, "原合同已退租").await?;
    exit_readings_end(tx, held.id).await?;
    let home = UnitId(held.contract.unit_id);
    unit_move(tx, ctx, home, Moved { event: UnitEvent::MoveOut, reason: Some("退租") }).await?;
    let house = House { unit: home.0, contract: Some(held.contract.id), from_on: held.exit_on };
    bindings_end(tx, ctx, &house, held.exit_on, "退租").await?;
    sqlx::query!(
        "update exit_case set status = $2, closed_at = $3, version = version + 1 where id = $1",
        held.id,
        next.code(),
        ctx.now()
    )
    .execute(connection(tx))
    .await?;
    super::history_add(tx, ctx, held.id, ExitEvent::Close.label(), (Some(held.status), next), None).await?;
    account_close(tx, ctx, held.account).await?;
    Ok(status)
}

/// The bank did not take the end note: it is told again some times, then somebody has to look. `tries`: how many this
/// counts for.
pub(in crate::tenancy) async fn cancel_refused(
    tx: &mut Tx,
    ctx: &Ctx,
    of: &contract::Held,
    message: &str,
    tries: i32,
) -> Result<ContractStatus> {
    let message: String = message.chars().take(200).collect();
    sqlx::query!(
        "update contract set sync_tries = sync_tries + $4, sync_message = $2, updated_at = $3, version = version + 1 where id = $1",
        of.id,
        message,
        ctx.now(),
        tries,
    )
    .execute(connection(tx))
    .await?;
    contract::history_add(tx, ctx, of.id, "注销同步失败", (Some(of.status), of.status), Some(&message)).await?;
    Ok(of.status)
}
