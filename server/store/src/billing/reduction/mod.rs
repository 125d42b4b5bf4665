//! Rent reduction (E-56, §4.3): asked for by an accountant, agreed to by a property approver or the city. What is agreed to
//! lies over the rents of the contract's terms (`tenancy::contract::terms`), from which every plan is computed.

mod decide;
mod read;
mod write;

pub use decide::{reduction_decide, reduction_stop, reduction_stop_decide, reduction_withdraw};
pub(crate) use read::{push_reduction_ending, push_turn};
pub use read::{reduction_get, reduction_list};
pub use write::{reduction_create, reduction_preview};

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
};

/// A line of a reduction's timeline.
async fn history_add(tx: &mut Tx, ctx: &Ctx, id: i64, event: &str, reason: Option<&str>) -> Result<()> {
    sqlx::query!(
        "insert into rent_reduction_history (district_id, estate_id, reduction_id, at, actor_id, event, reason)
         select district_id, estate_id, id, $2, $3, $4, $5 from rent_reduction where id = $1",
        id,
        ctx.now(),
        ctx.actor_id(),
        event,
        reason,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
