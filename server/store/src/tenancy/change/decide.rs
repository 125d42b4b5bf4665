//! Submitting, agreeing to, refusing and taking back changes.

use super::{
    Held,
    apply::{take_in, tell_anew},
    charged_from, hold, renewal_is_open, status_set, swap,
};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    tenancy::{
        assignment::opinion_check,
        contract::{TRIES, history_add, hold as contract_hold},
    },
};
use domain::{
    dictionary::ContractStatus,
    failure::Failure,
    id::ContractId,
    platform::permission::Permission,
    tenancy::change::{ChangeEvent, ChangeKind, ChangeStatus, NOT_IN_FORCE, RENEWAL_IS_OPEN},
};

async fn hold_version(tx: &mut Tx, id: i64, version: i32) -> Result<Held> {
    let held = hold(tx, id).await?;
    if held.version == version { Ok(held) } else { Err(Failure::Conflict.into()) }
}

/// Sends a draft to the approver.
///
/// # Errors
/// [`Failure::Conflict`]; the state machine's refusal; a refusal for somebody else's.
pub async fn change_submit(ctx: &Ctx, id: i64, version: i32) -> Result<ChangeStatus> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold_version(&mut tx, id, version).await?;
    if held.maker != ctx.actor().id.0 {
        return Err(Failure::refused("只能提交本人录入的变更").into());
    }
    held.status.next(ChangeEvent::Submit)?;
    let next = submit(&mut tx, ctx, &held.ids()).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(next)
}

/// A draft, in the transaction of its caller; of a swap both.
pub(super) async fn submit(tx: &mut Tx, ctx: &Ctx, ids: &[i64]) -> Result<ChangeStatus> {
    let next = ChangeStatus::Draft.next(ChangeEvent::Submit)?;
    sqlx::query!(
        "update contract_change set status = $2, submitted_at = $3, updated_at = $3, version = version + 1
         where id = any($1)",
        ids,
        next.code(),
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    Ok(next)
}

/// Agrees to a change or refuses it. Where the bank need not know and the day has come, the contract is changed at once.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one's own, and of a contract that is not in force any more; a missing opinion when it is
/// refused.
pub async fn change_decide(ctx: &Ctx, id: i64, version: i32, approve: bool, opinion: &str) -> Result<ChangeStatus> {
    ctx.require(Permission::ContractCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let held = hold_version(&mut tx, id, version).await?;
    if held.maker == ctx.actor().id.0 {
        return Err(Failure::refused("不能审批本人录入的变更").into());
    }
    let next = held.status.next(if approve { ChangeEvent::Approve } else { ChangeEvent::Refuse })?;
    if approve {
        for one in held.all() {
            fits(&mut tx, one).await?;
        }
        if held.kind == ChangeKind::Swap {
            swap::ready(&mut tx, ctx, &held).await?;
        }
    }
    sqlx::query!(
        "update contract_change set status = $2, checker_id = $3, checked_at = $4, opinion = $5, updated_at = $4,
                version = version + 1 where id = any($1)",
        &held.ids(),
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
    )
    .execute(connection(&mut tx))
    .await?;
    let mut status = next;
    if approve {
        for one in held.all() {
            let told = format!("{} {}，自{}起", one.change_no, one.kind, one.effective_on);
            note(&mut tx, ctx, one, "变更审批通过", &told).await?;
        }
        if !held.kind.tells_bank() && held.effective_on <= ctx.today() {
            status = take_in(&mut tx, ctx, &held.now(next)).await?;
        }
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(status)
}

/// Whether a contract still is as a change of it needs it.
async fn fits(tx: &mut Tx, held: &Held) -> Result<()> {
    let contract = contract_hold(tx, ContractId(held.contract)).await?;
    if contract.status != ContractStatus::Active {
        return Err(Failure::refused(NOT_IN_FORCE).into());
    }
    if held.kind.is_renewed() && renewal_is_open(tx, held.contract).await? {
        return Err(Failure::refused(RENEWAL_IS_OPEN).into());
    }
    // A plan with other months, or of another contract, would leave days out that are charged already.
    if matches!(held.kind, ChangeKind::Cycle | ChangeKind::Swap) && charged_from(tx, held).await? {
        return Err(Failure::refused("该账期已生成账单，请驳回后改为以后的账期").into());
    }
    Ok(())
}

/// A line of the contract's timeline, whose status stays.
pub(super) async fn note(tx: &mut Tx, ctx: &Ctx, held: &Held, event: &str, told: &str) -> Result<()> {
    let contract = contract_hold(tx, ContractId(held.contract)).await?;
    let stays = (Some(contract.status), contract.status);
    history_add(tx, ctx, held.contract, event, stays, Some(told)).await
}

/// Takes back what nobody has agreed to.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for somebody else's.
pub async fn change_withdraw(ctx: &Ctx, id: i64, version: i32) -> Result<ChangeStatus> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold_version(&mut tx, id, version).await?;
    if held.maker != ctx.actor().id.0 {
        return Err(Failure::refused("只能撤回本人录入的变更").into());
    }
    let next = held.status.next(ChangeEvent::Withdraw)?;
    status_set(&mut tx, ctx, &held.ids(), next, None).await?;
    tx.commit().await?;
    Ok(next)
}

/// Gives up a change that was agreed to and does not hold yet: the bank refuses it for good, or things have gone another way. A
/// bank that may know the new account is told the old one again.
///
/// # Errors
/// Without [`Permission::ContractCheck`]; [`Failure::Conflict`]; a missing reason; a refusal for one's own, and of another cycle
/// from which bills follow already.
pub async fn change_revoke(ctx: &Ctx, id: i64, version: i32, reason: &str) -> Result<ChangeStatus> {
    ctx.require(Permission::ContractCheck)?;
    let reason = opinion_check(reason, true)?.unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let held = hold_version(&mut tx, id, version).await?;
    if held.maker == ctx.actor().id.0 {
        return Err(Failure::refused("不能撤销本人录入的变更").into());
    }
    let next = held.status.next(ChangeEvent::Revoke)?;
    if held.kind == ChangeKind::Cycle && charged_from(&mut tx, &held).await? {
        return Err(Failure::refused("已按新的缴费周期生成账单，不能撤销").into());
    }
    status_set(&mut tx, ctx, &held.ids(), next, Some(&format!("已撤销：{reason}"))).await?;
    let told = sqlx::query_scalar!(
        r#"select exists (select from contract_told where change_id = $1 and (result is null or result = 'SUCCESS')) as "told!""#,
        id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if told {
        tell_anew(&mut tx, ctx, &held).await?;
    }
    for one in held.all() {
        let told = format!("{} {}：{reason}", one.change_no, one.kind);
        note(&mut tx, ctx, one, "变更撤销", &told).await?;
        if one.kind == ChangeKind::Swap {
            swap::goes_on(&mut tx, ctx, one).await?;
        }
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(next)
}

/// Has the bank told of a new account again that it refused three times.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal of one that the bank is not to be told of.
pub async fn change_sync_again(ctx: &Ctx, id: i64, version: i32) -> Result<()> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold_version(&mut tx, id, version).await?;
    if held.status != ChangeStatus::Approved || !held.kind.tells_bank() {
        return Err(Failure::refused(format!("变更状态为“{}”，请刷新后再办理", held.status)).into());
    }
    let again = sqlx::query!(
        "update contract_change set sync_tries = 0, message = null, updated_at = $2, version = version + 1
         where id = $1 and sync_tries >= $3",
        id,
        ctx.now(),
        TRIES,
    )
    .execute(connection(&mut tx))
    .await?;
    if again.rows_affected() == 0 {
        return Err(Failure::refused("银行正在处理，请稍后查看").into());
    }
    tx.commit().await?;
    Ok(())
}
