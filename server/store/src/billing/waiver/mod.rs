//! 减免 and 坏账核销 of bills (domain.md §3.6 L8, §6.4): asked for by an accountant, agreed to by the head of finance, and above
//! the limit by the city's leader. What is forgiven leaves 应收款 for 减免 or 坏账; what was paid of the bill stays paid.

mod decide;
mod read;
mod write;

pub use decide::{waiver_decide, waiver_withdraw};
pub(crate) use read::push_turn;
pub use read::{waiver_get, waiver_list};
pub use write::{waiver_create, waiver_offer};

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
};
use domain::{failure::Failure, platform::permission::Permission};

/// Whoever reads bills, or agrees to a waiver.
fn require_read(ctx: &Ctx) -> Result<()> {
    if domain::billing::waiver::may_read_waivers(ctx.actor()) { Ok(()) } else { Err(Failure::Forbidden.into()) }
}

/// Whoever may agree: the head of finance, or the city's leader.
fn require_check(ctx: &Ctx) -> Result<()> {
    ctx.require(Permission::WaiverCheck)
}

/// A line of a document's timeline.
async fn history_add(tx: &mut Tx, ctx: &Ctx, id: i64, event: &str, reason: Option<&str>) -> Result<()> {
    sqlx::query!(
        "insert into waiver_history (district_id, estate_id, waiver_id, at, actor_id, event, reason)
         select district_id, estate_id, id, $2, $3, $4, $5 from waiver where id = $1",
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
