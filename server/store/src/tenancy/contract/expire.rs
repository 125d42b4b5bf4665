//! What the calendar does to contracts (C8): a term that is over ends the contract, and with it the charging of rent.

use super::{history_add, hold};
use crate::{Ctx, Database, Error, Result, ctx::connection};
use chrono::{DateTime, Utc};
use domain::{dictionary::ContractStatus, failure::Failure, id::ContractId, tenancy::contract_status::ContractEvent};

/// Contracts in one look; what is left comes with the next.
const MOST: i64 = 1_000;

/// Ends the contracts whose last day has passed; answers how many. One whose end is being asked for goes its own way.
///
/// # Errors
/// When the database fails.
pub async fn contracts_expire(database: &Database, now: DateTime<Utc>) -> Result<usize> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let due = sqlx::query_scalar!(
        "select id from contract where status = 'ACTIVE' and end_on < $1 order by end_on, id limit $2",
        ctx.today(),
        MOST
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let mut expired = 0;
    for id in due {
        let mut tx = ctx.begin().await?;
        let held = match hold(&mut tx, ContractId(id)).await {
            Ok(held) => held,
            Err(Error::Failure(Failure::NotFound)) => continue,
            Err(error) => return Err(error),
        };
        // Between the question and the lock somebody may have asked for its end.
        if held.status != ContractStatus::Active {
            tx.rollback().await?;
            continue;
        }
        let next = held.status.next(ContractEvent::Expire).map_err(Failure::from)?;
        sqlx::query!(
            "update contract set status = $2, expired_on = $3, updated_at = $4, version = version + 1 where id = $1",
            held.id,
            next.code(),
            ctx.today(),
            ctx.now(),
        )
        .execute(connection(&mut tx))
        .await?;
        history_add(&mut tx, &ctx, held.id, ContractEvent::Expire.label(), (Some(held.status), next), None).await?;
        tx.commit().await?;
        expired += 1;
    }
    database.announce();
    Ok(expired)
}
