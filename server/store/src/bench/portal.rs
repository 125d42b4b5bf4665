//! A tenant for the figures of the tenants' pages.

use crate::{Database, Result, platform::cipher::Kind};

/// The telephone of a household with something open: the carrier of the benchmark rings it. None: nobody owes anything.
///
/// # Errors
/// When the database fails, or the key ring lacks the key of the number.
pub async fn tenant_phone(database: &Database) -> Result<Option<String>> {
    let ring = database.keys()?;
    let mut tx = database.owner().begin().await?;
    sqlx::query("select set_config('app.districts', '*', true)").execute(&mut *tx).await?;
    let sealed: Option<Vec<u8>> = sqlx::query_scalar(
        "select p.phone from bill b join account a on a.id = b.account_id join person p on p.id = a.person_id
         where b.decision is null and b.paid_fen < b.amount_fen and a.status = 'ON' order by b.account_id limit 1",
    )
    .fetch_optional(&mut *tx)
    .await?;
    sealed.map(|sealed| ring.open(Kind::Phone, &sealed)).transpose()
}
