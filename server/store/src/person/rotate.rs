//! Going over to a new key (domain.md §2.6): what the old one sealed is sealed anew, while everybody works on. Persons,
//! and what imports keep of their files.

use super::number::{Holder, Index, Numbers};
use crate::{
    Database, Result,
    ctx::{Tx, begin_city, connection},
    platform::cipher::{KeyRing, Kind},
};
use domain::person::Secret;

/// Persons or failed rows per transaction: they are held meanwhile.
const CHUNK: i64 = 500;

/// Seals with the key in use whatever another key of the ring sealed; answers of how many persons, failed rows and
/// files. Servers that have the new key go on with their work; the old key is forgotten when one starts without it.
///
/// # Errors
/// When the database fails, or a number cannot be opened.
pub async fn person_rotate(database: &Database) -> Result<u64> {
    let ring = database.keys()?;
    let mut done = 0;
    loop {
        let mut tx = begin_city(database).await?;
        // Also those whose document was entered before it was indexed without its type.
        let ids = sqlx::query_scalar!(
            "select id from person p where key_id <> $1 or (deleted_at is null and not exists (
                 select from person_number n where n.person_id = p.id and n.kind = 'PAPER')) order by id limit $2",
            ring.active(),
            CHUNK
        )
        .fetch_all(connection(&mut tx))
        .await?;
        if ids.is_empty() {
            break;
        }
        done += persons_renew(&mut tx, ring, &ids).await?;
        tx.commit().await?;
    }
    Ok(done + rows_rotate(database, ring).await? + files_rotate(database, ring).await?)
}

/// Seals the numbers of these persons with the key in use, and indexes them under every key.
pub(super) async fn persons_renew(tx: &mut Tx, ring: &KeyRing, ids: &[i64]) -> Result<u64> {
    let mut holders = Numbers::load_all(tx, ids).await?;
    let mut index = Index::default();
    for holder in &mut holders {
        holder.numbers.renew(ring)?;
        // The numbers of a deleted record are free.
        if !holder.deleted {
            index.add(ring, holder.id, holder.id_type, &holder.numbers)?;
        }
    }
    index.write(connection(tx), true).await?;
    write(tx, ring, &holders).await?;
    Ok(holders.len() as u64)
}

/// One statement for the chunk, so that it is one line of the operation log.
async fn write(tx: &mut Tx, ring: &KeyRing, renewed: &[Holder]) -> Result<()> {
    let ids: Vec<i64> = renewed.iter().map(|holder| holder.id).collect();
    let column = |secret| renewed.iter().map(|holder| holder.numbers.bytes(secret)).collect::<Vec<_>>();
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

async fn rows_rotate(database: &Database, ring: &KeyRing) -> Result<u64> {
    let mut done = 0;
    loop {
        let mut tx = begin_city(database).await?;
        let rows = sqlx::query!(
            r#"select job_id, row_no, sealed as "sealed!" from import_row where key_id <> $1
               order by job_id, row_no limit $2 for update"#,
            ring.active(),
            CHUNK
        )
        .fetch_all(connection(&mut tx))
        .await?;
        if rows.is_empty() {
            return Ok(done);
        }
        let sealed = rows
            .iter()
            .map(|row| Ok(ring.seal(Kind::ImportRow, &ring.open(Kind::ImportRow, &row.sealed)?)))
            .collect::<Result<Vec<_>>>()?;
        let jobs: Vec<_> = rows.iter().map(|row| row.job_id).collect();
        let row_nos: Vec<i32> = rows.iter().map(|row| row.row_no).collect();
        sqlx::query!(
            "update import_row r set sealed = n.sealed, key_id = $4
             from unnest($1::uuid[], $2::int[], $3::bytea[]) as n (job_id, row_no, sealed)
             where r.job_id = n.job_id and r.row_no = n.row_no",
            &jobs,
            &row_nos,
            &sealed,
            ring.active(),
        )
        .execute(connection(&mut tx))
        .await?;
        tx.commit().await?;
        done += rows.len() as u64;
    }
}

/// Uploads that wait for an answer or a worker: few, and each may be large.
async fn files_rotate(database: &Database, ring: &KeyRing) -> Result<u64> {
    let mut done = 0;
    loop {
        let mut tx = begin_city(database).await?;
        let file =
            sqlx::query!("select job_id, content from job_file where key_id <> $1 limit 1 for update", ring.active())
                .fetch_optional(connection(&mut tx))
                .await?;
        let Some(file) = file else { return Ok(done) };
        let sealed = ring.seal_bytes(Kind::JobFile, &ring.open_bytes(Kind::JobFile, &file.content)?);
        sqlx::query!(
            "update job_file set content = $2, key_id = $3 where job_id = $1",
            file.job_id,
            sealed,
            ring.active()
        )
        .execute(connection(&mut tx))
        .await?;
        tx.commit().await?;
        done += 1;
    }
}
