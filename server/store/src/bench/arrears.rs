//! Households that are behind, for the figure of how fast a payment is seen on the boards.

use crate::{Database, Result};

/// Account, unit and what is owed in fen of up to so many households that are behind. Their homes are lived in from now on:
/// contracts that were made at once have moved nobody in, and a home without anybody has no payment colour.
///
/// # Errors
/// When the database fails.
pub async fn households_behind(database: &Database, most: i64) -> Result<Vec<(i64, i64, i64)>> {
    let mut tx = database.owner().begin().await?;
    sqlx::query("select set_config('app.districts', '*', true)").execute(&mut *tx).await?;
    let behind: Vec<(i64, i64, i64)> = sqlx::query_as(
        "select account_id, unit_id, amount_fen from arrears where level <> 'L0' order by account_id desc limit $1",
    )
    .bind(most)
    .fetch_all(&mut *tx)
    .await?;
    let units: Vec<i64> = behind.iter().map(|(_, unit, _)| *unit).collect();
    sqlx::query("update unit set status = 'OCCUPIED' where id = any($1)").bind(&units).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(behind)
}
