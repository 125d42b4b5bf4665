//! Going over to a new key (domain.md §2.6): the columns of a table are sealed anew.

use super::cipher::Kind;
use crate::{
    Database, Result,
    ctx::{begin_city, connection},
};
use sqlx::{Postgres, QueryBuilder};

/// Rows per transaction: they are held meanwhile.
const CHUNK: i64 = 500;

/// Seals with the key in use whatever another key of the ring sealed in these columns, which are never null where `key_id`
/// is not; answers of how many rows. Names come from the program.
///
/// # Errors
/// When the database fails, or a value cannot be opened.
pub(crate) async fn columns_rotate<const N: usize>(
    database: &Database,
    table: &str,
    columns: [(&str, Kind); N],
) -> Result<u64> {
    let ring = database.keys()?;
    let names = columns.map(|(name, _)| name);
    let mut done = 0;
    loop {
        let mut tx = begin_city(database).await?;
        let mut read = QueryBuilder::<Postgres>::new(format!(
            "select id, array[{}] from {table} where key_id <> ",
            names.join(", ")
        ));
        read.push_bind(ring.active()).push(" order by id limit ").push_bind(CHUNK).push(" for update");
        let rows: Vec<(i64, Vec<Vec<u8>>)> = read.build_query_as().fetch_all(connection(&mut tx)).await?;
        if rows.is_empty() {
            return Ok(done);
        }
        done += rows.len() as u64;
        let mut ids = Vec::with_capacity(rows.len());
        let mut sealed: [Vec<Vec<u8>>; N] = std::array::from_fn(|_| Vec::with_capacity(rows.len()));
        for (id, values) in rows {
            ids.push(id);
            for ((column, value), (_, kind)) in sealed.iter_mut().zip(values).zip(columns) {
                column.push(ring.renewed(kind, value)?);
            }
        }
        let set = names.map(|name| format!("{name} = n.{name}")).join(", ");
        let mut write = QueryBuilder::<Postgres>::new(format!("update {table} t set {set}, key_id = "));
        write.push_bind(ring.active()).push(" from unnest(").push_bind(ids);
        for column in sealed {
            write.push(", ").push_bind(column);
        }
        write.push(format!(") as n (id, {}) where t.id = n.id", names.join(", ")));
        write.build().execute(connection(&mut tx)).await?;
        tx.commit().await?;
    }
}
