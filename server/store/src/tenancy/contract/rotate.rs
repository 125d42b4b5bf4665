//! Going over to a new key (domain.md §2.6): document, telephone and account of a contract are sealed anew, also when it was
//! approved; what they say, and so its digest, stays.

use crate::{
    Database, Result,
    ctx::{begin_city, connection},
    platform::cipher::Kind,
};

/// Contracts per transaction: their rows are held meanwhile.
const CHUNK: i64 = 500;

/// Seals with the key in use whatever another key of the ring sealed; answers of how many contracts.
///
/// # Errors
/// When the database fails, or a number cannot be opened.
pub async fn contract_rotate(database: &Database) -> Result<u64> {
    let ring = database.keys()?;
    let mut done = 0;
    loop {
        let mut tx = begin_city(database).await?;
        let rows = sqlx::query!(
            "select id, id_number, phone, bank_no from contract where key_id <> $1 order by id limit $2 for update",
            ring.active(),
            CHUNK
        )
        .fetch_all(connection(&mut tx))
        .await?;
        if rows.is_empty() {
            return Ok(done);
        }
        done += rows.len() as u64;
        let (mut ids, mut numbers, mut phones, mut accounts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            ids.push(row.id);
            numbers.push(ring.renewed(Kind::IdNumber, row.id_number)?);
            phones.push(ring.renewed(Kind::Phone, row.phone)?);
            accounts.push(ring.renewed(Kind::BankAccount, row.bank_no)?);
        }
        sqlx::query!(
            "update contract c set id_number = n.id_number, phone = n.phone, bank_no = n.bank_no, key_id = $5
             from unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[]) as n (id, id_number, phone, bank_no)
             where c.id = n.id",
            &ids,
            &numbers,
            &phones,
            &accounts,
            ring.active(),
        )
        .execute(connection(&mut tx))
        .await?;
        tx.commit().await?;
    }
}
