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
use chrono::Months;
use domain::{failure::Failure, platform::permission::Permission, value::Money};

/// Whoever reads bills, or agrees to a waiver.
fn require_read(ctx: &Ctx) -> Result<()> {
    if domain::billing::waiver::may_read_waivers(ctx.actor()) { Ok(()) } else { Err(Failure::Forbidden.into()) }
}

/// Whoever may agree: the head of finance, or the city's leader.
fn require_check(ctx: &Ctx) -> Result<()> {
    ctx.require(Permission::WaiverCheck)
}

/// What was written off of an account in the last twelve months: the limit is one for all of it, not for each document.
async fn written_off(tx: &mut Tx, ctx: &Ctx, account: i64) -> Result<Money> {
    let since = ctx.now().checked_sub_months(Months::new(12)).unwrap_or(ctx.now());
    let fen = sqlx::query_scalar!(
        r#"select coalesce(sum(amount_fen), 0)::bigint as "fen!" from waiver
           where account_id = $1 and kind = 'WRITE_OFF' and status = 'APPROVED' and checked_at > $2"#,
        account,
        since
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(Money::from_fen(fen))
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
