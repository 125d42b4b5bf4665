//! Submitting, approving, refusing and deleting contracts (C1 to C3).

use super::{Held, approve::sentence, history_add, hold, home_load, renew::succession_check};
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    platform::{attachment::attachments_delete, cipher::Kind, numbering::number_take},
    tenancy::assignment::opinion_check,
};
use domain::{
    dictionary::{AssignmentStatus, AttachmentOwner, ContractStatus, NumberKind},
    failure::Failure,
    id::ContractId,
    platform::permission::Permission,
    tenancy::{contract::CONTRACT_IS_APPROVED, contract_status::ContractEvent},
};
use sha2::{Digest as _, Sha256};

/// Sends a draft to the approver.
///
/// # Errors
/// The state machine's refusal; [`Failure::Conflict`].
pub async fn contract_submit(ctx: &Ctx, id: ContractId, version: i32) -> Result<()> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    submit(&mut tx, ctx, held.id, held.status).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn submit(tx: &mut Tx, ctx: &Ctx, id: i64, status: ContractStatus) -> Result<()> {
    let next = status.next(ContractEvent::Submit).map_err(Failure::from)?;
    sqlx::query!(
        "update contract set status = $2, submitted_at = $3, updated_at = $3, updated_by = $4, version = version + 1 where id = $1",
        id,
        next.code(),
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(tx))
    .await?;
    history_add(tx, ctx, id, ContractEvent::Submit.label(), (Some(status), next), None).await
}

/// Approves or refuses what another entered (C2, C3). Approved, its number and its content are fixed, and the bank is told.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one's own, for a rent that is not the assessed one any more, and without the
/// explanation of R-13; a missing opinion when it is refused.
pub async fn contract_decide(
    ctx: &Ctx,
    id: ContractId,
    version: i32,
    approve: bool,
    opinion: &str,
) -> Result<ContractStatus> {
    ctx.require(Permission::ContractCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    let event = if approve { ContractEvent::Approve } else { ContractEvent::Reject };
    let next = judge(&mut tx, ctx, &held, version, event).await?;
    decide(&mut tx, ctx, &held, (event, next), opinion.as_deref()).await?;
    tx.commit().await?;
    Ok(next)
}

/// Whether the actor may decide so about a contract; answers the status that follows.
pub(super) async fn judge(
    tx: &mut Tx,
    ctx: &Ctx,
    held: &Held,
    version: i32,
    event: ContractEvent,
) -> Result<ContractStatus> {
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    if held.authors.contains(&ctx.actor().id.0) {
        return Err(Failure::refused("不能审批本人录入或修改的合同").into());
    }
    let next = held.status.next(event).map_err(Failure::from)?;
    if event == ContractEvent::Approve {
        ready_check(tx, ctx, held).await?;
    }
    Ok(next)
}

/// Writes the decision down. Whoever decides about several has judged all of them before: the number comes last, because
/// its row is everybody's of the district.
pub(super) async fn decide(
    tx: &mut Tx,
    ctx: &Ctx,
    held: &Held,
    (event, next): (ContractEvent, ContractStatus),
    opinion: Option<&str>,
) -> Result<()> {
    let (digest, number) = if event == ContractEvent::Approve {
        (Some(digest(tx, ctx, held.id).await?), number(tx, ctx, held.id).await?)
    } else {
        (None, None)
    };
    sqlx::query!(
        "update contract set status = $2, checker_id = $3, checked_at = $4, opinion = $5, digest = $6,
                contract_no = coalesce(contract_no, $7), updated_at = $4, updated_by = $3, version = version + 1 where id = $1",
        held.id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
        digest,
        number,
    )
    .execute(connection(tx))
    .await?;
    history_add(tx, ctx, held.id, event.label(), (Some(held.status), next), opinion).await
}

/// `HT{yyyy}{district6}{6 digits}`, each district counting for itself; none is taken for a contract that brought one (§7.10). One
/// that another system gave to a contract of ours is left out.
pub(super) async fn number(tx: &mut Tx, ctx: &Ctx, contract: i64) -> Result<Option<String>> {
    let row = sqlx::query!(
        r#"select left(o.division_code, 6) as "code!", c.contract_no from contract c join organization o on o.id = c.district_id
           where c.id = $1"#,
        contract
    )
    .fetch_one(connection(tx))
    .await?;
    if row.contract_no.is_some() {
        return Ok(None);
    }
    loop {
        let number = number_take(tx, NumberKind::Contract, &row.code, ctx.today()).await?;
        let known = sqlx::query_scalar!(
            r#"select exists (select from contract_numbers_known(array[$1], true)) as "known!""#,
            number
        )
        .fetch_one(connection(tx))
        .await?;
        if !known {
            return Ok(Some(number));
        }
    }
}

/// What must hold when a contract is approved.
async fn ready_check(tx: &mut Tx, ctx: &Ctx, held: &Held) -> Result<()> {
    let contract = sqlx::query!(
        r#"select c.explained_on, c.start_on, c.base_rent_fen, c.unit_rate, a.status as "assigned?", c.prev_contract_id
           from contract c left join assignment a on a.id = c.assignment_id where c.id = $1"#,
        held.id
    )
    .fetch_one(connection(tx))
    .await?;
    if contract.explained_on.is_none() {
        return Err(Failure::refused("尚未登记合同条款说明日期，不能审批通过").into());
    }
    if contract.prev_contract_id.is_none() && contract.assigned.as_deref() != Some(AssignmentStatus::Confirmed.code()) {
        return Err(Failure::refused("房屋状态不是已分配，不能签订").into());
    }
    // Whoever approves has no field to correct.
    succession_check(tx, held.id, contract.start_on).await.map_err(|error| match error {
        Error::Failure(failure) => Failure::refused(sentence(&failure)).into(),
        error => error,
    })?;
    let home = home_load(tx, ctx, held.unit_id).await?;
    if home.assessed.rent.fen() != contract.base_rent_fen {
        return Err(Failure::refused("月租金与核定租金不一致").into());
    }
    Ok(())
}

/// SHA-256 of all that the contract says, in clear: what is printed later can be held against it. It says who people are by
/// name and number; which record is theirs may change (S1-5.4).
pub(super) async fn digest(tx: &mut Tx, ctx: &Ctx, id: i64) -> Result<String> {
    let ring = ctx.database().keys()?;
    let row = sqlx::query!(
        r#"select id_number, phone, bank_no,
                  to_jsonb(c) - contract_moving() - array['assignment_id', 'person_id', 'household_id', 'created_at', 'created_by'] as "content!"
           from contract c where id = $1"#,
        id
    )
    .fetch_one(connection(tx))
    .await?;
    let residents = sqlx::query_scalar!(
        r#"select coalesce(jsonb_agg(jsonb_build_array(name, relation) order by name, relation), '[]') as "residents!"
           from contract_resident where contract_id = $1"#,
        id
    )
    .fetch_one(connection(tx))
    .await?;
    let mut hash = Sha256::new();
    // jsonb has one order of keys, so the same content is the same text.
    for part in [row.content.to_string(), residents.to_string()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    for (kind, sealed) in
        [(Kind::IdNumber, &row.id_number), (Kind::Phone, &row.phone), (Kind::BankAccount, &row.bank_no)]
    {
        hash.update(ring.open(kind, sealed)?.as_bytes());
        hash.update([0]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Deletes a contract that nobody approved.
///
/// # Errors
/// A refusal for one that was; [`Failure::Conflict`].
pub async fn contract_delete(ctx: &Ctx, id: ContractId, version: i32) -> Result<()> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if !held.status.is_deletable() {
        return Err(Failure::refused(CONTRACT_IS_APPROVED).into());
    }
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    sqlx::query!(
        "update contract set deleted_at = $2, updated_at = $2, updated_by = $3, version = version + 1 where id = $1",
        held.id,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    attachments_delete(&mut tx, ctx, AttachmentOwner::Contract, held.id).await?;
    history_add(&mut tx, ctx, held.id, "删除", (Some(held.status), held.status), None).await?;
    tx.commit().await?;
    Ok(())
}
