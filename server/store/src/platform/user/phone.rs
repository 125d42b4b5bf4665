//! The telephone of an account (E-02): sealed, masked, and one account per number.

use crate::{
    Database, Error, Result,
    ctx::{Tx, begin_platform, connection},
    platform::cipher::{KeyRing, Kind},
};
use domain::{failure::FieldErrors, value::Phone};

/// Accounts per transaction of a rotation.
const CHUNK: i64 = 500;

/// Seals a telephone into an account.
///
/// # Errors
/// A complaint about `phone` when another account has it (S1-9.3).
pub(super) async fn phone_put(tx: &mut Tx, ring: &KeyRing, user: i64, phone: &Phone) -> Result<()> {
    sqlx::query!(
        "update app_user set phone = $2, phone_mask = $3, key_id = $4 where id = $1",
        user,
        ring.seal(Kind::Phone, phone.as_str()),
        phone.masked(),
        ring.active(),
    )
    .execute(connection(tx))
    .await?;
    let taken = Error::or_field;
    index(tx, ring, user, phone.as_str())
        .await
        .map_err(|error| taken(error, &[("user_phone_digest_key", "phone", "手机号已被使用")]))
}

/// Writes the digests of a telephone under every key of the ring.
async fn index(tx: &mut Tx, ring: &KeyRing, user: i64, phone: &str) -> Result<()> {
    let keys: Vec<i16> = ring.checks().into_iter().map(|(key, _)| key).collect();
    sqlx::query!("delete from user_phone where user_id = $1", user).execute(connection(tx)).await?;
    sqlx::query!(
        "insert into user_phone (user_id, key_id, digest)
         select $1::bigint, key_id, digest from unnest($2::smallint[], $3::bytea[]) as t (key_id, digest)",
        user,
        &keys,
        &ring.indexes(Kind::Phone, phone),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Whether another account has a telephone, before anything is written.
pub(super) async fn phone_free(tx: &mut Tx, ring: &KeyRing, own: Option<i64>, phone: &Phone) -> Result<()> {
    let digests = ring.indexes(Kind::Phone, phone.as_str());
    let taken = sqlx::query_scalar!(
        r#"select exists (select from user_phone where digest = any($1) and user_id is distinct from $2) as "taken!""#,
        &digests,
        own,
    )
    .fetch_one(connection(tx))
    .await?;
    if taken { Err(FieldErrors::from(("phone", "手机号已被使用")).into()) } else { Ok(()) }
}

/// Seals with the key in use the telephones that another key sealed; answers of how many accounts.
///
/// # Errors
/// When the database fails, or a number cannot be opened.
pub async fn user_rotate(database: &Database) -> Result<u64> {
    let ring = database.keys()?;
    let mut done = 0;
    loop {
        let mut tx = begin_platform(database).await?;
        let rows = sqlx::query!(
            r#"select id, phone as "phone!", phone_mask from app_user where key_id <> $1 order by id limit $2 for update"#,
            ring.active(),
            CHUNK
        )
        .fetch_all(connection(&mut tx))
        .await?;
        if rows.is_empty() {
            return Ok(done);
        }
        for row in &rows {
            let plain = ring.open(Kind::Phone, &row.phone)?;
            sqlx::query!(
                "update app_user set phone = $2, key_id = $3 where id = $1",
                row.id,
                ring.seal(Kind::Phone, &plain),
                ring.active()
            )
            .execute(connection(&mut tx))
            .await?;
            index(&mut tx, ring, row.id, &plain).await?;
        }
        tx.commit().await?;
        done += rows.len() as u64;
    }
}
