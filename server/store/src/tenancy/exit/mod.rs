//! 退租 (E-80, domain.md §3.15, §3.26 X1, X7 to X11): asked for by a clerk, agreed to by a property approver, inspected,
//! settled by two people of finance, keys given back, and over when the bank has answered.
//!
//! Whoever writes takes the rows in one order: the home, the contract, the exit, the account.

mod close;
mod inspect;
mod read;
mod request;
mod settle;

pub(super) use close::{cancel_refused, exit_close};
pub use close::{exit_keys, exit_tell_again};
pub use inspect::{exit_inspect, exit_inspection_offer};
pub(crate) use read::push_turn;
pub use read::{exit_get, exit_list};
pub use request::{exit_create, exit_decide, exit_offer, exit_revoke};
pub use settle::{exit_bill_decide, exit_bill_make, exit_bill_offer, exit_clear, exit_debt_acknowledge};

use super::contract;
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
};
use chrono::NaiveDate;
use domain::{
    dictionary::{ExitBillStatus, ExitStatus},
    failure::Failure,
    id::{ContractId, ExitId},
    tenancy::exit::ExitEvent,
};

/// An exit whose row, behind those of its home and its contract, is locked.
struct Held {
    id: i64,
    contract: contract::Held,
    account: i64,
    exit_on: NaiveDate,
    status: ExitStatus,
    maker_id: i64,
    inspected_on: Option<NaiveDate>,
    bill: Option<HeldBill>,
    version: i32,
}

/// Its bill, where there is one.
struct HeldBill {
    id: i64,
    status: ExitBillStatus,
    maker_id: i64,
    settle_on: NaiveDate,
}

impl Held {
    /// Refuses whoever saw another version.
    fn seen(&self, version: i32) -> Result<()> {
        if self.version == version { Ok(()) } else { Err(Failure::Conflict.into()) }
    }

    /// Whether its bill was entered: then the money has moved.
    fn is_entered(&self) -> bool {
        self.bill.as_ref().is_some_and(|bill| bill.status == ExitBillStatus::Approved)
    }
}

async fn hold(tx: &mut Tx, id: ExitId) -> Result<Held> {
    let contract = sqlx::query_scalar!("select contract_id from exit_case where id = $1", id.0)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let contract = contract::hold(tx, ContractId(contract)).await?;
    let row = sqlx::query!(
        "select account_id, exit_on, status, maker_id, inspected_on, version from exit_case where id = $1 for update",
        id.0
    )
    .fetch_one(connection(tx))
    .await?;
    let bill =
        sqlx::query!("select id, status, maker_id, settle_on from exit_bill where exit_id = $1 for update", id.0)
            .fetch_optional(connection(tx))
            .await?;
    let bill = match bill {
        Some(bill) => Some(HeldBill {
            id: bill.id,
            status: stored(&bill.status, ExitBillStatus::from_code)?,
            maker_id: bill.maker_id,
            settle_on: bill.settle_on,
        }),
        None => None,
    };
    Ok(Held {
        id: id.0,
        contract,
        account: row.account_id,
        exit_on: row.exit_on,
        status: stored(&row.status, ExitStatus::from_code)?,
        maker_id: row.maker_id,
        inspected_on: row.inspected_on,
        bill,
        version: row.version,
    })
}

/// Moves an exit on, with a line of its timeline. What belongs to the new status is written before.
async fn moved(tx: &mut Tx, ctx: &Ctx, held: &Held, event: ExitEvent, reason: Option<&str>) -> Result<ExitStatus> {
    let next = held.status.next(event)?;
    sqlx::query!("update exit_case set status = $2, version = version + 1 where id = $1", held.id, next.code())
        .execute(connection(tx))
        .await?;
    history_add(tx, ctx, held.id, event.label(), (Some(held.status), next), reason).await?;
    Ok(next)
}

/// A line of the timeline.
async fn history_add(
    tx: &mut Tx,
    ctx: &Ctx,
    exit: i64,
    event: &str,
    (from, to): (Option<ExitStatus>, ExitStatus),
    reason: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "insert into exit_history (district_id, estate_id, exit_id, at, actor_id, event, from_status, to_status, reason)
         select district_id, estate_id, id, $2, $3, $4, $5, $6, $7 from exit_case where id = $1",
        exit,
        ctx.now(),
        ctx.actor_id(),
        event,
        from.map(ExitStatus::code),
        to.code(),
        reason,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
