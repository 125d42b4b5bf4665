//! Files that belong to records: taking them in, and handing them out by signed links.
//!
//! What comes in is looked at as a whole before anything is kept: what it is, whether it is one thing only, and, of a
//! picture, whether it can really be drawn. Nothing of it is ever executed or shown as a page.

mod picture;

use crate::files::{Refused, ctx};
use app::context::Visit;
use axum::{
    Extension,
    extract::{
        Multipart, Path, Query,
        multipart::{Field, MultipartError},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use domain::{
    dictionary::{AttachmentKind, AttachmentOwner},
    failure::Failure,
    id::AttachmentId,
    list::percent_encode,
    platform::attachment::{
        FILE_BYTES_MAX, Link, View,
        content::{Media, broken, content_check, file_name_clean, too_large},
    },
};
use serde::Deserialize;
use store::{
    Ctx,
    platform::attachment::{Upload, attachment_create, attachment_open},
};
use tokio::sync::Semaphore;

/// A request with one file, its kind and the words around them.
pub const BODY_BYTES_MAX: usize = FILE_BYTES_MAX + 64 * 1024;
/// Pictures that are drawn at once: each may need [`picture::MEMORY_MAX`].
static DRAWING: Semaphore = Semaphore::const_new(2);

/// What a form brings.
#[derive(Default)]
struct Sent {
    kind: String,
    file: Option<(String, Vec<u8>)>,
}

/// `POST /files/attachment/{owner}/{id}` with `kind` and `file`: adds a file to a record. Answers nothing to a script and
/// the record's page to a form that was sent without one.
pub async fn upload(
    Extension(visit): Extension<Visit>,
    Path((owner, owner_id)): Path<(String, i64)>,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Response, Refused> {
    let ctx = ctx(visit)?;
    let owner = AttachmentOwner::from_path(&owner).ok_or(Failure::NotFound)?;
    // Before anything is read.
    if owner.kinds_of(|right| ctx.actor().may(right)).is_empty() {
        return Err(Failure::Forbidden.into());
    }
    take(&ctx, owner, owner_id, receive(form).await?).await?;
    let wants_page = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if wants_page.is_some_and(|accept| accept.contains("text/html")) {
        return Ok(Redirect::to(&owner.href(owner_id)).into_response());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn receive(mut form: Multipart) -> Result<Sent, Refused> {
    let mut sent = Sent::default();
    while let Some(mut field) = form.next_field().await.map_err(|error| cut_off(&error, ""))? {
        match field.name() {
            Some("kind") => sent.kind = field.text().await.map_err(|error| cut_off(&error, ""))?,
            Some("file") if sent.file.is_none() => {
                let name = field.file_name().unwrap_or_default().to_owned();
                let content = read(&mut field, &name).await?;
                sent.file = Some((name, content));
            }
            Some("file") => return Err(Failure::refused("一次请只选择一个文件").into()),
            _ => {}
        }
    }
    Ok(sent)
}

/// Reads a file as far as it may be long.
async fn read(field: &mut Field<'_>, name: &str) -> Result<Vec<u8>, Refused> {
    let mut content = Vec::new();
    while let Some(part) = field.chunk().await.map_err(|error| cut_off(&error, name))? {
        if content.len() + part.len() > FILE_BYTES_MAX {
            return Err(about(name, too_large().text()));
        }
        content.extend_from_slice(&part);
    }
    Ok(content)
}

fn cut_off(error: &MultipartError, name: &str) -> Refused {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        about(name, too_large().text())
    } else {
        Failure::refused("上传中断，请重试").into()
    }
}

/// A sentence about a file.
fn about(name: &str, complaint: &str) -> Refused {
    let name = if name.is_empty() { "文件".to_owned() } else { format!("文件“{name}”") };
    Failure::refused(format!("{name}{complaint}")).into()
}

async fn take(ctx: &Ctx, owner: AttachmentOwner, owner_id: i64, sent: Sent) -> Result<AttachmentId, Refused> {
    let Some((name, content)) = sent.file.filter(|(name, content)| !name.is_empty() || !content.is_empty()) else {
        return Err(Failure::refused("请选择文件").into());
    };
    let kind = AttachmentKind::from_code(&sent.kind).ok_or(Failure::refused("请选择附件类型"))?;
    let media = content_check(&content).map_err(|complaint| about(&name, complaint.text()))?;
    let side = if owner.is_paper(kind) { picture::SIDE_OF_PAPERS } else { picture::SIDE };
    let _permit = DRAWING.acquire().await.map_err(|_| Failure::refused("系统正在停止，请稍后重试"))?;
    let drawn = tokio::task::spawn_blocking(move || {
        let thumbnail = media.is_picture().then(|| picture::thumbnail(&content, media, side)).transpose();
        (content, thumbnail)
    });
    let (content, thumbnail) =
        drawn.await.map_err(|error| store::Error::Broken(format!("a picture could not be drawn: {error}")))?;
    let thumbnail = thumbnail.map_err(|unreadable| match unreadable {
        picture::Unreadable::TooLarge => about(&name, "的像素过多，请缩小图片后再上传"),
        picture::Unreadable::Broken => about(&name, broken().text()),
    })?;
    let file_name = file_name_clean(&name, media);
    let upload = Upload {
        owner,
        owner_id,
        kind,
        file_name: &file_name,
        media,
        content: &content,
        thumbnail: thumbnail.as_deref(),
    };
    Ok(attachment_create(ctx, &upload).await?)
}

/// What stands in a link besides the file's id.
#[derive(Deserialize)]
pub struct LinkQuery {
    view: View,
    until: i64,
    signature: String,
}

/// `GET /files/attachment/{id}?…`: what a signed link leads to.
pub async fn open(
    Extension(visit): Extension<Visit>,
    Path(id): Path<i64>,
    Query(LinkQuery { view, until, signature }): Query<LinkQuery>,
) -> Result<Response, Refused> {
    let ctx = ctx(visit)?;
    let opened = attachment_open(&ctx, &Link { id: AttachmentId(id), view, until, signature }).await?;
    // Of what is shown in the page only pictures; a PDF would bring a program of its own.
    let inline = view != View::Download && opened.media.is_picture();
    Ok(answer(&opened.file_name, opened.media, opened.content, inline))
}

fn answer(name: &str, media: Media, content: Vec<u8>, inline: bool) -> Response {
    let disposition = if inline {
        "inline".to_owned()
    } else {
        format!("attachment; filename=\"download\"; filename*=UTF-8''{}", percent_encode(name))
    };
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.mime()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    );
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
