//! Taking changes into their contracts: on their day, and where the account changes when the bank knows.

use super::{Held, charged_from, content, decide::note, hold, read::state, renewal_is_open, status_set, swap};
use crate::{
    Ctx, Database, Error, Result,
    ctx::{Tx, connection},
    tenancy::contract::hold as contract_hold,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    failure::Failure,
    id::{ContractId, PersonId},
    tenancy::change::{ChangeEvent, ChangeKind, ChangeStatus, Fit, NOT_IN_FORCE, RENEWAL_IS_OPEN},
};

/// Changes that are read at once.
const PAGE: usize = 1_000;

/// Takes in the changes whose day has come and of which the bank need not know; answers how many. One whose contract is not as
/// it was any more lapses, and says why; so does one that waits for the bank when its contract has ended. One that cannot be
/// taken in by a fault of ours stops no other: it is tried again at the next look.
///
/// # Errors
/// When the database fails.
pub async fn changes_apply(database: &Database, now: DateTime<Utc>) -> Result<usize> {
    let ctx = Ctx::server(database, now);
    let (mut taken, mut behind) = (0, (NaiveDate::default(), 0));
    loop {
        let page = due(&ctx, behind).await?;
        for (effective_on, id) in &page {
            behind = (*effective_on, *id);
            match apply_one(&ctx, *id).await {
                Ok(Some(ChangeStatus::Effective)) => taken += 1,
                Ok(_) => {}
                Err(error) => tracing::error!(id, %error, "a change of a contract was not taken in"),
            }
        }
        if page.len() < PAGE {
            break;
        }
    }
    database.announce();
    Ok(taken)
}

/// The next changes behind one, in the order of their days.
async fn due(ctx: &Ctx, (day, id): (NaiveDate, i64)) -> Result<Vec<(NaiveDate, i64)>> {
    let mut tx = ctx.begin().await?;
    let rows = sqlx::query!(
        "select h.id, h.effective_on from contract_change h join contract c on c.id = h.contract_id
         where h.status = 'APPROVED' and (h.effective_on, h.id) > ($2, $3)
             and (h.kind not in ('ACCOUNT', 'LESSEE') and h.effective_on <= $1
                  or c.status not in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING'))
         order by h.effective_on, h.id limit $4",
        ctx.today(),
        day,
        id,
        i64::try_from(PAGE).unwrap_or(i64::MAX),
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(|row| (row.effective_on, row.id)).collect())
}

/// One change by itself; none when somebody has dealt with it meanwhile.
async fn apply_one(ctx: &Ctx, id: i64) -> Result<Option<ChangeStatus>> {
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if held.status != ChangeStatus::Approved {
        return Ok(None);
    }
    match take_in(&mut tx, ctx, &held).await {
        Ok(status) => {
            tx.commit().await?;
            Ok(Some(status))
        }
        Err(Error::Failure(failure)) => {
            tx.rollback().await?;
            lapse(ctx, id, &sentence(&failure), false).await.map(Some)
        }
        Err(error) => Err(error),
    }
}

fn sentence(failure: &Failure) -> String {
    match failure {
        Failure::Invalid(errors) => errors.0.values().next().cloned().unwrap_or_else(|| failure.to_string()),
        failure => failure.to_string(),
    }
}

/// A change that cannot be taken in: the contract stays as it is. `tell`: the bank knows the new account, and has to be told
/// the old one again.
async fn lapse(ctx: &Ctx, id: i64, why: &str, tell: bool) -> Result<ChangeStatus> {
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    let next = held.status.next(ChangeEvent::Lapse)?;
    status_set(&mut tx, ctx, &held.ids(), next, Some(why)).await?;
    if tell {
        tell_anew(&mut tx, ctx, &held).await?;
    }
    for one in held.all() {
        note(&mut tx, ctx, one, "变更未生效", &format!("{} {}：{why}", one.change_no, one.kind)).await?;
        if one.kind == ChangeKind::Swap {
            swap::goes_on(&mut tx, ctx, one).await?;
        }
    }
    tx.commit().await?;
    Ok(next)
}

/// From now on the bank is to be told how the contract stands, though nobody waits for its answer. Once is enough.
pub(super) async fn tell_anew(tx: &mut Tx, ctx: &Ctx, held: &Held) -> Result<()> {
    sqlx::query!(
        "update contract_change set tell_at = case when id = $1 then $2::timestamptz end, sync_tries = case when id = $1 then 0 else sync_tries end
         where id = $1 or contract_id = $3 and tell_at is not null",
        held.id,
        ctx.now(),
        held.contract,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// What the bank answered about a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChangeAnswer {
    Known { agreement_no: Option<String> },
    Refused { message: String },
}

/// Enters what the bank answered to what it was told at a time: the change is taken in, or told again some times, or waits for
/// somebody. An answer that was entered already changes nothing. Answers whether the bank knows the contract as it stands now,
/// with the words to note.
pub(crate) async fn change_answered(
    ctx: &Ctx,
    id: i64,
    told_at: DateTime<Utc>,
    answer: ChangeAnswer,
) -> Result<(bool, String)> {
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    match (held.status, answer) {
        (ChangeStatus::Approved, ChangeAnswer::Known { agreement_no }) => {
            match take_in(&mut tx, ctx, &held).await {
                Ok(ChangeStatus::Effective) => {
                    agreement_note(&mut tx, held.contract, agreement_no.as_deref()).await?;
                    tx.commit().await?;
                    ctx.database().announce();
                    Ok((true, String::new()))
                }
                // It is told again when the contract goes on.
                Ok(_) => Ok((false, "合同正在办理退租，暂不变更".to_owned())),
                Err(Error::Failure(failure)) => {
                    tx.rollback().await?;
                    let why = sentence(&failure);
                    lapse(ctx, id, &why, true).await?;
                    Ok((false, why))
                }
                Err(error) => Err(error),
            }
        }
        (_, ChangeAnswer::Known { .. }) => {
            // Of what it was told before it need not be told again; what came behind it waits for an answer of its own.
            sqlx::query!("update contract_change set tell_at = null where id = $1 and tell_at <= $2", id, told_at)
                .execute(connection(&mut tx))
                .await?;
            tx.commit().await?;
            Ok((held.status == ChangeStatus::Effective, String::new()))
        }
        (_, ChangeAnswer::Refused { message }) => {
            let message = message.chars().take(200).collect::<String>();
            sqlx::query!(
                "update contract_change set sync_tries = sync_tries + 1,
                        message = case when status = 'APPROVED' then $2 else message end, updated_at = $3, version = version + 1
                 where id = $1 and (status = 'APPROVED' or tell_at <= $4)",
                id,
                message,
                ctx.now(),
                told_at,
            )
            .execute(connection(&mut tx))
            .await?;
            tx.commit().await?;
            Ok((false, message))
        }
    }
}

/// A new account has a new agreement; one that the bank does not name is none.
async fn agreement_note(tx: &mut Tx, contract: i64, agreement_no: Option<&str>) -> Result<()> {
    sqlx::query!("update contract set debit_agreement_no = $2 where id = $1", contract, agreement_no)
        .execute(connection(tx))
        .await?;
    Ok(())
}

/// Changes the contract as was agreed to, in the transaction of its caller. While the contract is being left some changes wait.
///
/// # Errors
/// A refusal when the contract is not as it was when the change was agreed to.
pub(super) async fn take_in(tx: &mut Tx, ctx: &Ctx, held: &Held) -> Result<ChangeStatus> {
    if held.kind == ChangeKind::Swap {
        return swap::take_in(tx, ctx, held).await;
    }
    let next = held.status.next(ChangeEvent::Take)?;
    let contract = contract_hold(tx, ContractId(held.contract)).await?;
    match held.kind.fit(contract.status) {
        Fit::Now => {}
        Fit::Later => return Ok(held.status),
        // Bills stand that follow from it: without it their months would be charged again.
        Fit::Never if held.kind == ChangeKind::Cycle && charged_from(tx, held).await? => {}
        Fit::Never => return Err(Failure::refused(NOT_IN_FORCE).into()),
    }
    if held.kind.is_renewed() && renewal_is_open(tx, held.contract).await? {
        return Err(Failure::refused(RENEWAL_IS_OPEN).into());
    }
    write(tx, ctx, held).await?;
    status_set(tx, ctx, &[held.id], next, None).await?;
    note(tx, ctx, held, "变更生效", &format!("{} {}", held.change_no, held.kind)).await?;
    Ok(next)
}

async fn write(tx: &mut Tx, ctx: &Ctx, held: &Held) -> Result<()> {
    let row = sqlx::query!("select after, person_id, ground from contract_change where id = $1", held.id)
        .fetch_one(connection(tx))
        .await?;
    let after = state(row.after)?;
    // What was approved is held by the database; this is the way in which it changes (contract_hold).
    sqlx::query!("select set_config('app.contract', 'change', true) as held").fetch_one(connection(tx)).await?;
    match held.kind {
        ChangeKind::Account => content::account(tx, ctx, held, &after).await?,
        ChangeKind::Phone => content::phone(tx, ctx, held, &after).await?,
        ChangeKind::Residents => content::residents(tx, ctx, held.contract, after.residents.as_deref()).await?,
        ChangeKind::Lessee => {
            let person =
                row.person_id.ok_or_else(|| Error::Broken("a change of the lessee names nobody".to_owned()))?;
            content::account(tx, ctx, held, &after).await?;
            content::lessee(tx, ctx, held, PersonId(person), row.ground.as_deref()).await?;
            content::residents(tx, ctx, held.contract, after.residents.as_deref()).await?;
        }
        // The plan follows from the changes that are agreed to (`contract::terms`).
        ChangeKind::Cycle => {}
        ChangeKind::Term => {
            content::term(tx, ctx, held, &after).await?;
            tell_anew(tx, ctx, held).await?;
        }
        ChangeKind::Swap => return Err(Error::Broken("a swap is taken in as two".to_owned())),
    }
    sqlx::query!(
        "update contract set version = version + 1, updated_at = $2, updated_by = $3 where id = $1",
        held.contract,
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("select set_config('app.contract', '', true) as held").fetch_one(connection(tx)).await?;
    Ok(())
}
