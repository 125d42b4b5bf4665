//! Files that belong to a record (附件, E-23): list, upload, links, reading, deleting.
//!
//! The row says what a file is; the content lies sealed in the store of files ([`crate::files`]). Nothing is ever there
//! without being known: before a file is written a draft is noted, which goes with the transaction that makes the row.

mod link;
mod sweep;

pub use link::{Opened, attachment_link, attachment_open};
pub use sweep::{Rotated, attachment_rotate, attachments_sweep};

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    platform::{
        cipher::Kind,
        token::{digest, hex, random_bytes},
    },
};
use domain::{
    dictionary::{AttachmentKind, AttachmentOwner},
    failure::Failure,
    id::AttachmentId,
    person::merge::reason_check,
    platform::{
        attachment::{Attachment, Attachments, FILES_MAX, THUMBNAIL_SECONDS, View, content::Media},
        permission::Permission,
    },
};
use sqlx::{Postgres, QueryBuilder};

/// A file that was looked at and found good.
#[derive(Clone, Debug)]
pub struct Upload<'a> {
    pub owner: AttachmentOwner,
    pub owner_id: i64,
    pub kind: AttachmentKind,
    /// cleaned
    pub file_name: &'a str,
    pub media: Media,
    pub content: &'a [u8],
    /// of a picture, and of nothing else
    pub thumbnail: Option<&'a [u8]>,
}

/// The files of a record, the newest first, with links to their small pictures.
///
/// # Errors
/// Without the right to read the record, and on a wall, which is unattended; [`Failure::NotFound`] outside the scope.
pub async fn attachment_list(ctx: &Ctx, owner: AttachmentOwner, owner_id: i64) -> Result<Attachments> {
    ctx.require_desk()?;
    ctx.require(owner.read())?;
    let opens = may_open(ctx, owner);
    let mut tx = ctx.begin().await?;
    if !owner_is_there(&mut tx, owner, owner_id).await? {
        return Err(Failure::NotFound.into());
    }
    let rows = sqlx::query!(
        r#"select id, kind, file_name, media, bytes, thumbnail_sha256 is not null as "drawn!", user_name(created_by) as uploaded_by,
                  created_at
           from attachment where owner = $1 and owner_id = $2 and deleted_at is null order by id desc"#,
        owner.code(),
        owner_id,
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let rows = rows
        .into_iter()
        .map(|row| {
            let (id, kind) = (AttachmentId(row.id), stored(&row.kind, AttachmentKind::from_code)?);
            let shown = row.drawn && (opens || !owner.is_paper(kind));
            let thumbnail = shown.then(|| link::sign(ctx, id, View::Thumbnail, THUMBNAIL_SECONDS)).transpose()?;
            Ok(Attachment {
                id,
                kind,
                file_name: row.file_name,
                media: stored(&row.media, Media::from_code)?,
                bytes: row.bytes,
                uploaded_by: row.uploaded_by,
                uploaded_at: row.created_at,
                thumbnail,
            })
        })
        .collect::<Result<_>>()?;
    Ok(Attachments { rows, opens })
}

/// Whether this person may look at such files themselves.
fn may_open(ctx: &Ctx, owner: AttachmentOwner) -> bool {
    !owner.is_personal() || ctx.actor().may(Permission::AttachmentClear)
}

/// Refuses who has no such right on any kind of record, before it is known of which kind this one is.
fn require_any(ctx: &Ctx, reaches: fn(AttachmentOwner, &dyn Fn(Permission) -> bool) -> bool) -> Result<()> {
    let may = |right| ctx.actor().may(right);
    let any = AttachmentOwner::ALL.iter().any(|owner| reaches(*owner, &may));
    if any { Ok(()) } else { Err(Failure::Forbidden.into()) }
}

/// Whether the right to read the record reaches as far as the file.
fn require_open(ctx: &Ctx, owner: AttachmentOwner) -> Result<()> {
    ctx.require(owner.read())?;
    if may_open(ctx, owner) { Ok(()) } else { Err(Failure::Forbidden.into()) }
}

/// Adds a file to a record: draft, content, row, in this order.
///
/// # Errors
/// Without the right to change the record; [`Failure::NotFound`] outside the scope; a refusal of a kind that such a
/// record does not have, of more than [`FILES_MAX`] files, or when the content could not be stored.
pub async fn attachment_create(ctx: &Ctx, upload: &Upload<'_>) -> Result<AttachmentId> {
    let writes = upload.owner.kinds_of(|right| ctx.actor().may(right));
    if writes.is_empty() {
        return Err(Failure::Forbidden.into());
    }
    if !writes.contains(&upload.kind) {
        return Err(Failure::refused("请选择附件类型").into());
    }
    let ring = ctx.database().keys()?;
    let mut tx = ctx.begin().await?;
    room_for_one(&mut tx, upload).await?;
    let key = draft_note(&mut tx, ctx).await?;
    tx.commit().await?;
    let files = ctx.database().files()?;
    let written = async {
        files.put(&key, ring.seal_bytes(Kind::Attachment, upload.content)).await?;
        if let Some(thumbnail) = upload.thumbnail {
            files.put(&thumbnail_key(&key), ring.seal_bytes(Kind::Thumbnail, thumbnail)).await?;
        }
        row_write(ctx, upload, &key, ring.active()).await
    };
    let written = written.await;
    if written.is_err() {
        // Whoever is killed before this leaves it to the sweeper.
        sweep::draft_drop(ctx.database(), &key).await;
    }
    written
}

/// Where the small picture of a file lies.
fn thumbnail_key(key: &str) -> String {
    format!("{key}.thumbnail")
}

/// Notes a fresh key, which tells nothing of the file.
async fn draft_note(tx: &mut Tx, ctx: &Ctx) -> Result<String> {
    let name = hex(&random_bytes()[..16]);
    // No folder becomes too full.
    let key = format!("{}/{name}", &name[..2]);
    sqlx::query!(
        "insert into object_draft (object_key, made_by, made_at) values ($1, $2, $3)",
        key,
        ctx.actor().id.0,
        ctx.now()
    )
    .execute(connection(tx))
    .await?;
    Ok(key)
}

/// Makes sure that the record is there and holds it, and that it has not too many files yet.
async fn room_for_one(tx: &mut Tx, upload: &Upload<'_>) -> Result<()> {
    require_hold(tx, upload.owner, upload.owner_id).await?;
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from attachment where owner = $1 and owner_id = $2 and deleted_at is null"#,
        upload.owner.code(),
        upload.owner_id,
    )
    .fetch_one(connection(tx))
    .await?;
    if count >= FILES_MAX {
        return Err(Failure::refused(format!("附件已有{FILES_MAX}个，请先删除不再需要的附件")).into());
    }
    Ok(())
}

async fn row_write(ctx: &Ctx, upload: &Upload<'_>, key: &str, key_id: i16) -> Result<AttachmentId> {
    let mut tx = ctx.begin().await?;
    // Meanwhile the record may be gone, or others may have added theirs.
    room_for_one(&mut tx, upload).await?;
    let draft =
        sqlx::query!("delete from object_draft where object_key = $1", key).execute(connection(&mut tx)).await?;
    if draft.rows_affected() == 0 {
        return Err(Failure::refused("上传时间过长，请重新上传").into());
    }
    let id = sqlx::query_scalar!(
        "insert into attachment (owner, owner_id, kind, file_name, media, bytes, sha256, thumbnail_sha256, object_key, key_id,
                                 created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id",
        upload.owner.code(),
        upload.owner_id,
        upload.kind.code(),
        upload.file_name,
        upload.media.code(),
        upload.content.len() as i64,
        &digest(upload.content)[..],
        upload.thumbnail.map(|thumbnail| digest(thumbnail).to_vec()),
        key,
        key_id,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(AttachmentId(id))
}

/// Deletes a file, for a reason. Its content is kept for [`domain::platform::attachment::DELETED_DAYS`] more.
///
/// # Errors
/// Without the right to change the record; a complaint about the reason; [`Failure::NotFound`] outside the scope.
pub async fn attachment_delete(ctx: &Ctx, id: AttachmentId, reason: &str) -> Result<()> {
    let reason = reason_check(reason);
    require_any(ctx, |owner, may| !owner.kinds_of(may).is_empty())?;
    let mut tx = ctx.begin().await?;
    let file = load(&mut tx, id).await?;
    if !file.owner.writes(file.kind, |right| ctx.actor().may(right)) {
        return Err(Failure::Forbidden.into());
    }
    let reason = reason?;
    require_hold(&mut tx, file.owner, file.owner_id).await?;
    require_loose(&mut tx, file.owner, file.owner_id).await?;
    let deleted = sqlx::query!(
        "update attachment set deleted_at = $2, deleted_by = $3, delete_reason = $4 where id = $1 and deleted_at is null",
        id.0,
        ctx.now(),
        ctx.actor().id.0,
        reason
    )
    .execute(connection(&mut tx))
    .await?;
    if deleted.rows_affected() == 0 {
        return Err(Failure::NotFound.into());
    }
    tx.commit().await?;
    Ok(())
}

/// Deletes the files of a record that is deleted in this transaction (domain.md §0.5 no. 4). Called once the transaction
/// holds the record's row: an upload holds it too until its own row is in, so none slips in between.
pub(crate) async fn attachments_delete(tx: &mut Tx, ctx: &Ctx, owner: AttachmentOwner, id: i64) -> Result<()> {
    sqlx::query!(
        "update attachment set deleted_at = $3, deleted_by = $4, delete_reason = '所属记录已删除'
         where owner = $1 and owner_id = $2 and deleted_at is null",
        owner.code(),
        id,
        ctx.now(),
        ctx.actor().id.0
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Gives the files of a person's record to the one that it is merged into, where they are looked for from now on
/// (S1-5.4). Called once the transaction holds both rows.
pub(crate) async fn attachments_merge(tx: &mut Tx, survivor: i64, merged: i64) -> Result<()> {
    sqlx::query!("update attachment set owner_id = $1 where owner = 'PERSON' and owner_id = $2", survivor, merged)
        .execute(connection(tx))
        .await?;
    Ok(())
}

/// A row, as far as it is needed to read its content.
struct Record {
    owner: AttachmentOwner,
    owner_id: i64,
    kind: AttachmentKind,
    file_name: String,
    media: Media,
    sha256: Vec<u8>,
    thumbnail_sha256: Option<Vec<u8>>,
    object_key: String,
}

/// A file of a record that is there and in scope.
async fn load(tx: &mut Tx, id: AttachmentId) -> Result<Record> {
    let row = sqlx::query!(
        r#"select owner, owner_id, kind, file_name, media, sha256, thumbnail_sha256, object_key as "object_key!"
           from attachment where id = $1 and deleted_at is null"#,
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let owner = stored(&row.owner, AttachmentOwner::from_code)?;
    if !owner_is_there(tx, owner, row.owner_id).await? {
        return Err(Failure::NotFound.into());
    }
    Ok(Record {
        owner,
        owner_id: row.owner_id,
        kind: stored(&row.kind, AttachmentKind::from_code)?,
        file_name: row.file_name,
        media: stored(&row.media, Media::from_code)?,
        sha256: row.sha256,
        thumbnail_sha256: row.thumbnail_sha256,
        object_key: row.object_key,
    })
}

/// The table of a record that files belong to, when its rows are there, and when they take files.
fn table(owner: AttachmentOwner) -> (&'static str, &'static str, &'static str) {
    const KEPT: &str = "deleted_at is null";
    match owner {
        AttachmentOwner::Person => ("person", KEPT, "deleted_at is null and merged_into is null"),
        AttachmentOwner::Project => ("project", KEPT, KEPT),
        AttachmentOwner::Estate => ("estate", KEPT, KEPT),
        AttachmentOwner::Building => ("building", KEPT, KEPT),
        AttachmentOwner::Unit => ("unit", KEPT, KEPT),
        AttachmentOwner::AssetMaster => ("asset_master", KEPT, KEPT),
        AttachmentOwner::Contract => ("contract", KEPT, KEPT),
        AttachmentOwner::HandOver => ("hand_over", "true", "true"),
        AttachmentOwner::Dunning => ("dunning_record", "true", "true"),
        // What an exit that is over was settled by stays as it was.
        AttachmentOwner::Exit => ("exit_case", "true", "status <> 'CLOSED'"),
        AttachmentOwner::MeterReading => ("meter_reading", "true", "true"),
    }
}

/// Whether the record is there and in scope, also one that was merged into another.
async fn owner_is_there(tx: &mut Tx, owner: AttachmentOwner, id: i64) -> Result<bool> {
    let (table, there, _) = table(owner);
    let mut sql = QueryBuilder::<Postgres>::new(format!("select exists (select from {table} where {there} and id = "));
    sql.push_bind(id).push(")");
    Ok(sql.build_query_scalar().fetch_one(connection(tx)).await?)
}

/// Holds a record that is in scope and takes files until the transaction ends.
async fn require_hold(tx: &mut Tx, owner: AttachmentOwner, id: i64) -> Result<()> {
    let (table, _, open) = table(owner);
    let mut sql = QueryBuilder::<Postgres>::new(format!("select id from {table} where {open} and id = "));
    sql.push_bind(id).push(" for no key update");
    let found: Option<i64> = sql.build_query_scalar().fetch_optional(connection(tx)).await?;
    if found.is_some() {
        Ok(())
    } else if owner_is_there(tx, owner, id).await? {
        Err(Failure::refused(match owner {
            AttachmentOwner::Exit => "退租已完成，不能增删附件",
            _ => "该记录已合并，请到合并后的人员办理",
        })
        .into())
    } else {
        Err(Failure::NotFound.into())
    }
}

/// Refuses to take a file from a record that it proves: a notice that was served (§3.8), a value that somebody was charged for.
async fn require_loose(tx: &mut Tx, owner: AttachmentOwner, id: i64) -> Result<()> {
    let (proven, sentence) = match owner {
        AttachmentOwner::Dunning => (
            sqlx::query_scalar!(r#"select status = 'DONE' as "proven!" from dunning_record where id = $1"#, id)
                .fetch_one(connection(tx))
                .await?,
            "催缴已办理，凭证不能删除",
        ),
        AttachmentOwner::MeterReading => (
            sqlx::query_scalar!(r#"select status = 'BILLED' as "proven!" from meter_reading where id = $1"#, id)
                .fetch_one(connection(tx))
                .await?,
            "读数已出账，照片不能删除",
        ),
        _ => return Ok(()),
    };
    if proven { Err(Failure::refused(sentence).into()) } else { Ok(()) }
}

/// What came back from the store must be what went in: somebody may have exchanged two files there.
fn as_stored(content: Vec<u8>, sha256: &[u8], key: &str) -> Result<Vec<u8>> {
    if digest(&content)[..] == *sha256 {
        Ok(content)
    } else {
        Err(Error::Broken(format!("file {key} is not the one that was stored there")))
    }
}
