//! Telephones of organisations and operators in clear (domain.md §2.7, §0.5 rule 9): masked everywhere, and shown to whoever may
//! see contacts and says why. Who looked, and why, stands in the operation log before the number is shown.

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
};
use domain::{
    failure::Failure,
    id::{OperatorId, OrganizationId},
    person::reveal_reason,
    platform::permission::Permission,
};

/// The telephone of an organisation of the city or of a district that the actor sees.
///
/// # Errors
/// Without [`Permission::OrganizationRead`] and [`Permission::ContactClear`]; a complaint about the reason;
/// [`Failure::NotFound`] outside the scope or when it has none.
pub async fn organization_reveal(ctx: &Ctx, id: OrganizationId, reason: &str) -> Result<String> {
    ctx.require(Permission::OrganizationRead)?;
    ctx.require(Permission::ContactClear)?;
    let reason = reveal_reason(reason)?;
    let mut tx = ctx.begin().await?;
    // Names of organisations are no secret and have no scope; their telephones have that of the districts.
    let phone = sqlx::query_scalar!(
        r#"select phone as "phone!" from organization o
           where o.id = $1 and o.deleted_at is null and o.phone is not null
             and ((select scope_city()) or o.district_id is null or o.district_id = any ((select scope_districts())::bigint[])
                  or o.id = (select scope_organization())
                  or exists (select from estate e where e.district_id = o.district_id))"#,
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    note(&mut tx, ctx, "organization", id.0, &reason).await?;
    tx.commit().await?;
    Ok(phone)
}

/// The telephone of an operator that runs an estate which the actor sees, or is the actor's own.
///
/// # Errors
/// Without [`Permission::OperatorRead`] and [`Permission::ContactClear`]; a complaint about the reason;
/// [`Failure::NotFound`] outside the scope or when it has none.
pub async fn operator_reveal(ctx: &Ctx, id: OperatorId, reason: &str) -> Result<String> {
    ctx.require(Permission::OperatorRead)?;
    ctx.require(Permission::ContactClear)?;
    let reason = reveal_reason(reason)?;
    let mut tx = ctx.begin().await?;
    let phone = sqlx::query_scalar!(
        r#"select phone as "phone!" from operator o
           where o.id = $1 and o.phone is not null
             and ((select scope_city()) or o.organization_id = $2
                  or exists (select from estate e where e.operator_id = o.id and e.deleted_at is null))"#,
        id.0,
        ctx.actor().organization_id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    note(&mut tx, ctx, "operator", id.0, &reason).await?;
    tx.commit().await?;
    Ok(phone)
}

async fn note(tx: &mut Tx, ctx: &Ctx, table: &str, id: i64, reason: &str) -> Result<()> {
    sqlx::query!(
        "insert into audit_log (actor_id, action, object_type, object_id, rows, after)
         values ($1, 'REVEAL', $2, $3, 1, jsonb_build_object('field', 'phone', 'reason', $4::text))",
        ctx.actor().id.0,
        table,
        id,
        reason,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
