//! Who may use which address of files that belong to records.

use super::entries::{
    Ask, Entry,
    Told::{Forbidden, NotFound, Refused},
    raw, reads, writes,
};
use domain::{
    dictionary::{AttachmentKind, AttachmentOwner},
    platform::attachment::content::Media,
};
use serde_json::json;
use store::{
    Ctx,
    platform::attachment::{Upload, attachment_create, attachment_list},
};

/// A file of 阳光苑, and a link of 甲区 to its small picture.
pub struct FileWorld {
    estate: i64,
    file: i64,
    link: String,
}

pub async fn file_world(ctx: &Ctx, estate: i64) -> FileWorld {
    let upload = Upload {
        owner: AttachmentOwner::Estate,
        owner_id: estate,
        kind: AttachmentKind::Photo,
        file_name: "大门.jpg",
        media: Media::Jpeg,
        content: b"a picture",
        thumbnail: Some(b"a small picture"),
    };
    let file = attachment_create(ctx, &upload).await.expect("a file").0;
    let list = attachment_list(ctx, AttachmentOwner::Estate, estate).await.expect("a list");
    let link = list.rows[0].thumbnail.as_ref().expect("a small picture").to_string();
    FileWorld { estate, file, link }
}

/// Server functions; the one that deletes comes last.
pub fn functions(world: &FileWorld) -> Vec<Entry> {
    let FileWorld { estate, file, .. } = world;
    vec![
        reads("attachment_list", json!({"owner": "ESTATE", "owner_id": estate}), Forbidden, "admin", NotFound),
        reads("attachment_link", json!({"id": file, "view": "download", "reason": ""}), Forbidden, "admin", NotFound),
        writes("attachment_delete", json!({"id": file, "reason": "上传错误"}), "finance", NotFound),
    ]
}

/// A spreadsheet, which is no file of a record: that it is looked at at all is what counts here. Whose record it is is
/// looked at when it is to be kept (`tests/attachment.rs`).
pub fn upload(world: &FileWorld) -> Entry {
    Entry {
        ask: Ask::Upload(format!("/files/attachment/estate/{}", world.estate)),
        right: ("district-a", Refused),
        ..raw("/files/attachment/{owner}/{owner_id}", "", Forbidden, "finance", Refused)
    }
}

/// The link of one account is worth nothing to any other, and none to a wall.
pub fn link(world: &FileWorld) -> Entry {
    Entry {
        wrong_role: ("admin", Refused),
        ..raw("/files/attachment/{id}", world.link.clone(), Forbidden, "admin", Refused)
    }
}
