//! Households that are behind, for the figure of how fast a payment is seen on the boards.

use crate::{Database, Result};

/// Account, unit and what is owed in fen of up to so many households that are behind and give their unit its colour.
///
/// # Errors
/// When the database fails.
pub async fn households_behind(database: &Database, most: i64) -> Result<Vec<(i64, i64, i64)>> {
    let mut tx = database.owner().begin().await?;
    sqlx::query("select set_config('app.districts', '*', true)").execute(&mut *tx).await?;
    Ok(sqlx::query_as(
        "select account_id, unit_id, amount_fen from arrears where shown and level <> 'L0' and amount_fen > 0
         order by account_id desc limit $1",
    )
    .bind(most)
    .fetch_all(&mut *tx)
    .await?)
}
