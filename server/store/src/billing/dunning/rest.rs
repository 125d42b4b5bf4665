//! What pauses, plans and sets of rules have in common: that one waits for somebody else than who made it.

use crate::Ctx;
use domain::platform::permission::Permission;
use sqlx::{Postgres, QueryBuilder};

/// Adds that the row waits for the actor, who checks and did not make it.
pub(super) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx, table: &str) {
    sql.push(format!(" and {table}.status = 'PENDING' and {table}.maker_id <> ")).push_bind(ctx.actor().id.0);
    sql.push(" and ").push_bind(ctx.actor().may(Permission::DunningCheck));
}
