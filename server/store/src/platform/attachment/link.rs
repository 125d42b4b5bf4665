//! Links to files: who gets one, and what it is worth when it comes back.

use super::{Record, as_stored, load, require_any, require_open, thumbnail_key};
use crate::{Ctx, Result, ctx::connection, platform::cipher::Kind};
use domain::{
    failure::Failure,
    id::AttachmentId,
    person::merge::reason_check,
    platform::attachment::{Link, ORIGINAL_SECONDS, View, content::Media},
};

/// What a link led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub file_name: String,
    pub media: Media,
    pub content: Vec<u8>,
}

/// A link of this account.
pub(super) fn sign(ctx: &Ctx, id: AttachmentId, view: View, seconds: i64) -> Result<Link> {
    let until = ctx.now().timestamp() + seconds;
    let signature = ctx.database().keys()?.sign(&Link::message(ctx.actor().id.0, id, view, until));
    Ok(Link { id, view, until, signature })
}

/// A link to the file itself. Of a file that shows a human, who opened it and why stands in the operation log before
/// there is a link (domain.md §2.7, R-119).
///
/// # Errors
/// Without the right, and on a wall; a complaint about the reason, which is asked for such files only;
/// [`Failure::NotFound`] outside the scope.
pub async fn attachment_link(ctx: &Ctx, id: AttachmentId, view: View, reason: &str) -> Result<Link> {
    ctx.require_desk()?;
    require_any(ctx, |owner, may| may(owner.read()))?;
    let mut tx = ctx.begin().await?;
    let file = load(&mut tx, id).await?;
    require_open(ctx, file.owner)?;
    if view == View::Picture && !file.media.is_picture() {
        return Err(Failure::refused("该文件不能预览，请下载后查看").into());
    }
    if file.owner.is_personal() {
        let reason = reason_check(reason)?;
        sqlx::query!(
            "insert into audit_log (actor_id, action, object_type, object_id, rows, after)
             values ($1, 'REVEAL', 'attachment', $2, 1,
                     jsonb_build_object('owner', $3::text, 'owner_id', $4::bigint, 'kind', $5::text, 'reason', $6::text))",
            ctx.actor().id.0,
            id.0,
            file.owner.code(),
            file.owner_id,
            file.kind.code(),
            reason,
        )
        .execute(connection(&mut tx))
        .await?;
    }
    tx.commit().await?;
    sign(ctx, id, view, ORIGINAL_SECONDS)
}

/// Follows a link: of this account, in time, and to a file that this account may still see.
///
/// # Errors
/// [`Failure::Forbidden`] on a wall; a refusal of a link that is too old or of somebody else; [`Failure::NotFound`] outside
/// the scope; [`crate::Error::Broken`] when the store has not what it should have.
pub async fn attachment_open(ctx: &Ctx, link: &Link) -> Result<Opened> {
    ctx.require_desk()?;
    let message = Link::message(ctx.actor().id.0, link.id, link.view, link.until);
    if ctx.now().timestamp() > link.until || !ctx.database().keys()?.is_signed(&message, &link.signature) {
        return Err(Failure::refused("链接已失效，请返回页面重新打开").into());
    }
    let mut tx = ctx.begin().await?;
    let file = load(&mut tx, link.id).await?;
    tx.commit().await?;
    ctx.require(file.owner.read())?;
    if link.view != View::Thumbnail || file.owner.is_paper(file.kind) {
        require_open(ctx, file.owner)?;
    }
    let (ring, files) = (ctx.database().keys()?, ctx.database().files()?);
    let Record { object_key: key, sha256, thumbnail_sha256, file_name, media, .. } = file;
    if link.view == View::Thumbnail {
        let sha256 = thumbnail_sha256.ok_or(Failure::NotFound)?;
        let key = thumbnail_key(&key);
        let content = as_stored(ring.open_bytes(Kind::Thumbnail, &files.get(&key).await?)?, &sha256, &key)?;
        return Ok(Opened { file_name, media: Media::Jpeg, content });
    }
    let content = as_stored(ring.open_bytes(Kind::Attachment, &files.get(&key).await?)?, &sha256, &key)?;
    Ok(Opened { file_name, media, content })
}
