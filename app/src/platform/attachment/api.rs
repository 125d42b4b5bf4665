//! Server functions of files that belong to a record. Upload and content travel by raw routes.

use crate::{Api, ApiError};
use domain::{
    dictionary::AttachmentOwner,
    id::AttachmentId,
    platform::attachment::{Attachments, Link, View},
};
use leptos::prelude::*;

/// The files of a record.
#[server(endpoint = "attachment_list", protocol = Api)]
pub async fn attachment_list(owner: AttachmentOwner, owner_id: i64) -> Result<Attachments, ApiError> {
    Ok(store::platform::attachment::attachment_list(&crate::context::ctx()?, owner, owner_id).await?)
}

/// A link to a file, for a reason when it shows a human.
#[server(endpoint = "attachment_link", protocol = Api)]
pub async fn attachment_link(id: AttachmentId, view: View, reason: String) -> Result<Link, ApiError> {
    Ok(store::platform::attachment::attachment_link(&crate::context::ctx()?, id, view, &reason).await?)
}

/// Deletes a file, for a reason.
#[server(endpoint = "attachment_delete", protocol = Api)]
pub async fn attachment_delete(id: AttachmentId, reason: String) -> Result<(), ApiError> {
    Ok(store::platform::attachment::attachment_delete(&crate::context::ctx()?, id, &reason).await?)
}
