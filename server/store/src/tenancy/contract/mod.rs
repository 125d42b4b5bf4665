//! Contracts (domain.md §3.5, E-40): entered by one, approved by another, then told to the bank, and only then in force.
//!
//! Whoever writes takes the rows in one order: the home, the assignment, the contract. What was approved is held by the
//! database (`contract_hold`).

mod approve;
mod before;
mod cancel;
mod decide;
mod expire;
mod filing;
mod home;
mod read;
mod renew;
mod stay;
mod swap;
mod sync;
pub(crate) mod terms;
mod void;
mod write;

pub use approve::contracts_approve;
pub(super) use cancel::{cancel_close, cancel_decide, cancel_request, coming_void};
pub use decide::{contract_decide, contract_delete, contract_submit};
pub use expire::contracts_expire;
pub use filing::contract_file;
pub(crate) use filing::push_unfiled;
pub(super) use home::{Home, home_load, property_stored};
pub use read::{contract_get, contract_list, contract_offer, contracts_chosen};
pub(crate) use read::{push_contract_ending, push_turn};
pub use renew::{contract_renew, contract_renewal_offer};
pub use stay::{contract_stay_create, contract_stay_decide, contract_stay_offer};
pub(crate) use stay::{push_overdue, push_stay_turn};
pub(super) use swap::{Following, swap_end, swap_follow};
pub(crate) use sync::TRIES;
pub use sync::{SyncAnswer, contract_sync_again, contract_synced};
pub use void::contract_void;
pub use write::{contract_create, contract_update};

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{dictionary::ContractStatus, failure::Failure, id::ContractId};

/// A contract whose row, behind that of its home, is locked.
pub(super) struct Held {
    pub id: i64,
    pub district_id: i64,
    pub unit_id: i64,
    assignment_id: Option<i64>,
    pub status: ContractStatus,
    authors: Vec<i64>,
    pub version: i32,
}

pub(super) async fn hold(tx: &mut Tx, id: ContractId) -> Result<Held> {
    hold_all(tx, &[id.0]).await?.pop().ok_or_else(|| Failure::NotFound.into())
}

/// Locks the homes of contracts and then the contracts, each in the order of their ids, so that two who hold several never
/// wait for each other. Of those that are not there, or not in sight, nothing is answered.
pub(super) async fn hold_all(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Held>> {
    sqlx::query!(
        "select id from unit where id in (select unit_id from contract where id = any($1) and deleted_at is null)
         order by id for update",
        ids
    )
    .fetch_all(connection(tx))
    .await?;
    let rows = sqlx::query!(
        "select id, district_id, unit_id, assignment_id, status, created_by, author_ids, version
         from contract where id = any($1) and deleted_at is null order by id for update",
        ids
    )
    .fetch_all(connection(tx))
    .await?;
    rows.into_iter()
        .map(|row| {
            let mut authors = row.author_ids;
            authors.extend(row.created_by);
            Ok(Held {
                id: row.id,
                district_id: row.district_id,
                unit_id: row.unit_id,
                assignment_id: row.assignment_id,
                status: stored(&row.status, ContractStatus::from_code)?,
                authors,
                version: row.version,
            })
        })
        .collect()
}

/// A line of the timeline.
pub(super) async fn history_add(
    tx: &mut Tx,
    ctx: &Ctx,
    contract: i64,
    event: &str,
    (from, to): (Option<ContractStatus>, ContractStatus),
    reason: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "insert into contract_history (district_id, estate_id, contract_id, at, actor_id, event, from_status, to_status, reason)
         select district_id, estate_id, id, $2, $3, $4, $5, $6, $7 from contract where id = $1",
        contract,
        ctx.now(),
        ctx.actor_id(),
        event,
        from.map(ContractStatus::code),
        to.code(),
        reason,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
