//! Going over to a new key (domain.md §2.6): the telephone numbers of owners are sealed anew.

use crate::{
    Database, Result,
    ctx::{begin_city, connection},
    platform::cipher::Kind,
};

/// Rooms per transaction: their rows are held meanwhile.
const CHUNK: i64 = 2_000;

/// Seals with the key in use whatever another key of the ring sealed; answers of how many rooms.
///
/// # Errors
/// When the database fails, or a number cannot be opened.
pub async fn room_rotate(database: &Database) -> Result<u64> {
    let ring = database.keys()?;
    let mut done = 0;
    loop {
        let mut tx = begin_city(database).await?;
        let rows = sqlx::query!(
            r#"select id, owner_phone as "phone!" from room where key_id is not null and key_id <> $1
               order by id limit $2 for update"#,
            ring.active(),
            CHUNK
        )
        .fetch_all(connection(&mut tx))
        .await?;
        if rows.is_empty() {
            return Ok(done);
        }
        let (mut ids, mut phones) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in &rows {
            ids.push(row.id);
            phones.push(ring.seal(Kind::Phone, &ring.open(Kind::Phone, &row.phone)?));
        }
        sqlx::query!(
            "update room r set owner_phone = n.phone, key_id = $3
             from unnest($1::bigint[], $2::bytea[]) as n (id, phone) where r.id = n.id",
            &ids,
            &phones,
            ring.active(),
        )
        .execute(connection(&mut tx))
        .await?;
        tx.commit().await?;
        done += rows.len() as u64;
    }
}
