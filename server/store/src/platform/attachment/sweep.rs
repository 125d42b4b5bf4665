//! What keeps the store of files and its rows together: leftovers of killed processes go, what was deleted goes later, and
//! a new key seals what an old one sealed.

use super::thumbnail_key;
use crate::{
    Database, Error, Result,
    ctx::{begin_city, connection},
    files::Files,
    platform::cipher::{KeyRing, Kind},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::platform::attachment::DELETED_DAYS;

/// No upload takes as long: whoever made such a draft is no more.
const DRAFT_HOURS: i64 = 1;
/// Files per transaction.
const CHUNK: i64 = 100;

/// Drops files that have no row, and those whose row was deleted [`DELETED_DAYS`] ago; answers of how many files. Any
/// number of processes may do so at once.
///
/// # Errors
/// When the database or the store fails; what is done until then is done.
pub async fn attachments_sweep(database: &Database, now: DateTime<Utc>) -> Result<u64> {
    let files = database.files()?;
    Ok(drafts_drop(database, files, now).await? + deleted_drop(database, files, now).await?)
}

async fn drafts_drop(database: &Database, files: &Files, now: DateTime<Utc>) -> Result<u64> {
    let mut done = 0;
    loop {
        let mut tx = begin_city(database).await?;
        // Held until the files are gone: an upload that is late after all finds no draft and says so.
        let keys = sqlx::query_scalar!(
            "delete from object_draft where object_key in (
                 select object_key from object_draft where made_at < $1 order by made_at limit $2 for update skip locked)
             returning object_key",
            now - TimeDelta::hours(DRAFT_HOURS),
            CHUNK,
        )
        .fetch_all(connection(&mut tx))
        .await?;
        for key in &keys {
            drop_both(files, key).await?;
        }
        tx.commit().await?;
        done += keys.len() as u64;
        if keys.is_empty() {
            return Ok(done);
        }
    }
}

async fn deleted_drop(database: &Database, files: &Files, now: DateTime<Utc>) -> Result<u64> {
    let mut done = 0;
    loop {
        let mut tx = begin_city(database).await?;
        let rows = sqlx::query!(
            r#"select id, object_key as "object_key!" from attachment
               where deleted_at < $1 and object_key is not null order by deleted_at limit $2 for update skip locked"#,
            now - TimeDelta::days(DELETED_DAYS),
            CHUNK,
        )
        .fetch_all(connection(&mut tx))
        .await?;
        if rows.is_empty() {
            return Ok(done);
        }
        for row in &rows {
            drop_both(files, &row.object_key).await?;
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        sqlx::query!("update attachment set object_key = null, key_id = null where id = any($1)", &ids)
            .execute(connection(&mut tx))
            .await?;
        tx.commit().await?;
        done += rows.len() as u64;
    }
}

async fn drop_both(files: &Files, key: &str) -> Result<()> {
    files.delete(key).await?;
    files.delete(&thumbnail_key(key)).await
}

/// Takes back at once what an upload has written that did not come to its row. What fails is left to the sweeper.
pub(super) async fn draft_drop(database: &Database, key: &str) {
    let dropped = async {
        let mut tx = begin_city(database).await?;
        // A row that is there after all, although its writer was told otherwise, keeps its file.
        let draft = sqlx::query!("delete from object_draft where object_key = $1", key).execute(connection(&mut tx));
        if draft.await?.rows_affected() > 0 {
            drop_both(database.files()?, key).await?;
        }
        tx.commit().await?;
        Ok::<_, Error>(())
    };
    if let Err(error) = dropped.await {
        tracing::warn!(%error, key, "a file without a row is left to the sweeper");
    }
}

/// What became of the files that another key had sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    pub renewed: u64,
    /// of which the store has not what it should have: they stay with their key
    pub left: u64,
}

/// Seals with the key in use whatever another key of the ring sealed; what is due to be dropped is dropped and needs no
/// key any more. A file that is missing or damaged is named in the log and left with its key: it may yet be found.
///
/// # Errors
/// When the database or the store fails.
pub async fn attachment_rotate(database: &Database, now: DateTime<Utc>) -> Result<Rotated> {
    let (ring, files) = (database.keys()?, database.files()?);
    deleted_drop(database, files, now).await?;
    let (mut rotated, mut behind) = (Rotated::default(), 0);
    loop {
        let mut tx = begin_city(database).await?;
        let rows = sqlx::query!(
            r#"select id, owner, owner_id, object_key as "object_key!", thumbnail_sha256 is not null as "drawn!"
               from attachment where key_id <> $1 and id > $2 order by id limit $3 for update"#,
            ring.active(),
            behind,
            CHUNK,
        )
        .fetch_all(connection(&mut tx))
        .await?;
        let Some(last) = rows.last() else { return Ok(rotated) };
        behind = last.id;
        let mut ids = Vec::with_capacity(rows.len());
        for row in &rows {
            match renew(ring, files, &row.object_key, row.drawn).await {
                Ok(()) => ids.push(row.id),
                Err(Error::Broken(error)) => {
                    tracing::error!(
                        id = row.id,
                        owner = row.owner,
                        owner_id = row.owner_id,
                        error,
                        "a file keeps its old key"
                    );
                    rotated.left += 1;
                }
                Err(error) => return Err(error),
            }
        }
        sqlx::query!("update attachment set key_id = $2 where id = any($1)", &ids, ring.active())
            .execute(connection(&mut tx))
            .await?;
        tx.commit().await?;
        rotated.renewed += ids.len() as u64;
    }
}

/// Seals a file anew in its old place: until its row says so too it can be opened with either key.
async fn renew(ring: &KeyRing, files: &Files, key: &str, drawn: bool) -> Result<()> {
    let one = async |key: &str, kind| {
        files.put(key, ring.seal_bytes(kind, &ring.open_bytes(kind, &files.get(key).await?)?)).await
    };
    one(key, Kind::Attachment).await?;
    if drawn {
        one(&thumbnail_key(key), Kind::Thumbnail).await?;
    }
    Ok(())
}
