//! Going over to a new key (domain.md §2.6): what the old one sealed is sealed anew, while everybody works on.

use super::number::Numbers;
use crate::{
    Database, Result,
    ctx::{Tx, begin_city, connection},
    error::stored,
    platform::cipher::KeyRing,
};
use domain::{dictionary::IdType, id::PersonId, person::Secret};

/// Persons per transaction: their rows are held meanwhile.
const CHUNK: i64 = 500;

/// Seals with the key in use whatever another key of the ring sealed; answers of how many persons. Servers that have
/// the new key go on with their work; the old key is forgotten when one starts without it.
///
/// # Errors
/// When the database fails, or a number cannot be opened.
pub async fn person_rotate(database: &Database) -> Result<u64> {
    let ring = database.keys()?;
    let mut done = 0;
    loop {
        let mut tx = begin_city(database).await?;
        let rows = sqlx::query!(
            "select id, id_type from person where key_id <> $1 order by id limit $2 for update",
            ring.active(),
            CHUNK
        )
        .fetch_all(connection(&mut tx))
        .await?;
        if rows.is_empty() {
            return Ok(done);
        }
        let mut renewed = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = PersonId(row.id);
            let mut numbers = Numbers::load(&mut tx, id).await?;
            numbers.renew(ring)?;
            numbers.index(&mut tx, ring, id, stored(&row.id_type, IdType::from_code)?).await?;
            renewed.push((id, numbers));
        }
        write(&mut tx, ring, &renewed).await?;
        tx.commit().await?;
        done += rows.len() as u64;
    }
}

/// One statement for the chunk, so that it is one line of the operation log.
async fn write(tx: &mut Tx, ring: &KeyRing, renewed: &[(PersonId, Numbers)]) -> Result<()> {
    let ids: Vec<i64> = renewed.iter().map(|(id, _)| id.0).collect();
    let column = |secret| renewed.iter().map(|(_, numbers)| numbers.bytes(secret)).collect::<Vec<_>>();
    sqlx::query!(
        "update person p set id_number = n.id_number, phone = n.phone, phone2 = n.phone2, hukou_address = n.hukou_address,
                live_address = n.live_address, bank_no = n.bank_no, emergency_phone = n.emergency_phone, key_id = $9
         from unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[])
              as n (id, id_number, phone, phone2, hukou_address, live_address, bank_no, emergency_phone)
         where p.id = n.id",
        &ids,
        &column(Secret::IdNumber) as _,
        &column(Secret::Phone) as _,
        &column(Secret::Phone2) as _,
        &column(Secret::HukouAddress) as _,
        &column(Secret::LiveAddress) as _,
        &column(Secret::BankNo) as _,
        &column(Secret::EmergencyPhone) as _,
        ring.active(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
