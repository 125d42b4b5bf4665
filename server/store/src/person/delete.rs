//! Deleting a person's record that never mattered (domain.md §0.5 no. 4).

use super::{binds, merge, person_load};
use crate::{Ctx, Result, ctx::connection, platform::attachment::attachments_delete};
use domain::{
    dictionary::AttachmentOwner, failure::Failure, id::PersonId, person::merge::reason_check,
    platform::permission::Permission,
};

/// Marks a record as deleted, for a reason. Its numbers are free again: whoever bears them can be entered anew.
///
/// A record that others were merged into has effects and stays, as does one with a contract, a household or a room.
///
/// # Errors
/// A complaint about the reason; [`Failure::NotFound`] outside the scope; [`Failure::Conflict`] when somebody changed it
/// since version `version`; a refusal of a record that is needed.
pub async fn person_delete(ctx: &Ctx, id: PersonId, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::PersonDelete)?;
    let reason = reason_check(reason)?;
    let mut tx = ctx.begin().await?;
    let person = person_load(&mut tx, id).await?;
    if person.merged_into.is_some() {
        return Err(merge::closed());
    }
    let needed = sqlx::query_scalar!(r#"select exists (select from person where merged_into = $1) as "needed!""#, id.0)
        .fetch_one(connection(&mut tx))
        .await?;
    if needed {
        return Err(Failure::refused("已有其他记录合并至该人员，不能删除").into());
    }
    // Held before it is asked: whoever binds a person to something shares his row.
    sqlx::query!("select id from person where id = $1 for update", id.0).fetch_one(connection(&mut tx)).await?;
    binds::require_free(&mut tx, id).await?;
    sqlx::query!(
        "insert into person_history (person_id, at, actor_id, event, reason) values ($1, $2, $3, 'DELETE', $4)",
        id.0,
        ctx.now(),
        ctx.actor().id.0,
        reason
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!("delete from person_number where person_id = $1", id.0).execute(connection(&mut tx)).await?;
    let deleted = sqlx::query!(
        "update person set deleted_at = $3, updated_at = $3, updated_by = $4, version = version + 1
         where id = $1 and version = $2 and deleted_at is null",
        id.0,
        version,
        ctx.now(),
        ctx.actor().id.0
    )
    .execute(connection(&mut tx))
    .await?;
    if deleted.rows_affected() == 0 {
        return Err(Failure::Conflict.into());
    }
    // Nobody needs the papers of a record that never mattered.
    attachments_delete(&mut tx, ctx, AttachmentOwner::Person, id.0).await?;
    tx.commit().await?;
    Ok(())
}
