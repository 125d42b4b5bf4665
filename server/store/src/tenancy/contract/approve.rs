//! Approving many contracts at once (S1-5.6): each is judged and written as one alone would be, in one transaction.

use super::{
    decide::{decide, judge},
    hold_all,
};
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
};
use domain::{
    failure::Failure,
    id::ContractId,
    platform::permission::Permission,
    tenancy::{
        contract_batch::{APPROVE_MAX, ApproveOutcome, CHANGED_MEANWHILE, StayedContract},
        contract_status::ContractEvent,
    },
};
use std::collections::{HashMap, HashSet};

/// Approves the chosen contracts, each in the version in which it was seen; tells which stayed as they were, and why.
///
/// # Errors
/// Without [`Permission::ContractCheck`]; a refusal of none and of more than fifty.
pub async fn contracts_approve(ctx: &Ctx, chosen: &[(ContractId, i32)]) -> Result<ApproveOutcome> {
    ctx.require(Permission::ContractCheck)?;
    few(chosen.len())?;
    let mut tx = ctx.begin().await?;
    let ids: Vec<i64> = chosen.iter().map(|(id, _)| id.0).collect();
    let held: HashMap<i64, _> = hold_all(&mut tx, &ids).await?.into_iter().map(|held| (held.id, held)).collect();
    let (mut fit, mut stayed, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (id, version) in chosen.iter().filter(|(id, _)| seen.insert(id.0)) {
        let Some(held) = held.get(&id.0) else {
            stayed.push((*id, Failure::NotFound.to_string()));
            continue;
        };
        match judge(&mut tx, ctx, held, *version, ContractEvent::Approve).await {
            Ok(next) => fit.push((held, next)),
            Err(Error::Failure(failure)) => stayed.push((*id, sentence(&failure))),
            Err(error) => return Err(error),
        }
    }
    for (held, next) in &fit {
        decide(&mut tx, ctx, held, (ContractEvent::Approve, *next), None).await?;
    }
    let stayed = named(&mut tx, stayed).await?;
    tx.commit().await?;
    Ok(ApproveOutcome { approved: u32::try_from(fit.len()).unwrap_or(u32::MAX), stayed })
}

/// A choice is there, and small enough for one transaction.
pub(super) fn few(count: usize) -> Result<()> {
    match count {
        0 => Err(Failure::refused("请先选择合同").into()),
        1..=APPROVE_MAX => Ok(()),
        _ => Err(Failure::refused(format!("一次最多审批{APPROVE_MAX}份，请分批处理")).into()),
    }
}

/// What stands against a contract, in one sentence.
pub(super) fn sentence(failure: &Failure) -> String {
    match failure {
        Failure::Conflict => CHANGED_MEANWHILE.to_owned(),
        Failure::Invalid(errors) => errors.0.values().next().cloned().unwrap_or_else(|| failure.to_string()),
        failure => failure.to_string(),
    }
}

/// With whose and of which home each contract is.
async fn named(tx: &mut Tx, stayed: Vec<(ContractId, String)>) -> Result<Vec<StayedContract>> {
    if stayed.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = stayed.iter().map(|(id, _)| id.0).collect();
    let names: HashMap<i64, String> = sqlx::query!(
        r#"select id, lessee_name || ' ' || address as "name!" from contract where id = any($1) and deleted_at is null"#,
        &ids
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| (row.id, row.name))
    .collect();
    let told = |(id, reason): (ContractId, String)| StayedContract {
        name: names.get(&id.0).cloned().unwrap_or_default(),
        id,
        reason,
    };
    Ok(stayed.into_iter().map(told).collect())
}
