//! Server functions of templates and of printing.

use crate::{Api, ApiError};
use domain::{
    housing::choice::Choice,
    list::{ListQuery, Page},
    platform::{
        print::{CopyForm, PrintForm, PrintRow, PrintStatus},
        print_queue::{FindingRow, QueueForm, QueuePrinted, QueueRow},
    },
    tenancy::template::{Template, TemplateForm, TemplateRow, TemplateStatus},
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {
    crate::context::ctx,
    store::tenancy::{paper, template},
};

/// A page of versions.
#[server(endpoint = "template_list", protocol = Api)]
pub async fn template_list(query: ListQuery) -> Result<Page<TemplateRow>, ApiError> {
    Ok(template::template_list(&ctx()?, &query).await?)
}

/// One version with its wording.
#[server(endpoint = "template_get", protocol = Api)]
pub async fn template_get(id: i64) -> Result<Template, ApiError> {
    Ok(template::template_get(&ctx()?, id).await?)
}

/// Begins a new version.
#[server(endpoint = "template_create", protocol = Api)]
pub async fn template_create(form: TemplateForm) -> Result<i64, ApiError> {
    Ok(template::template_create(&ctx()?, &form).await?)
}

/// Changes a draft.
#[server(endpoint = "template_update", protocol = Api)]
pub async fn template_update(id: i64, revision: i32, form: TemplateForm) -> Result<(), ApiError> {
    Ok(template::template_update(&ctx()?, id, revision, &form).await?)
}

/// Drops a draft.
#[server(endpoint = "template_delete", protocol = Api)]
pub async fn template_delete(id: i64, revision: i32) -> Result<(), ApiError> {
    Ok(template::template_delete(&ctx()?, id, revision).await?)
}

/// Sends a draft to whoever publishes.
#[server(endpoint = "template_submit", protocol = Api)]
pub async fn template_submit(id: i64, revision: i32) -> Result<(), ApiError> {
    Ok(template::template_submit(&ctx()?, id, revision).await?)
}

/// Publishes what another wrote, or gives it back.
#[server(endpoint = "template_decide", protocol = Api)]
pub async fn template_decide(
    id: i64,
    revision: i32,
    publish: bool,
    opinion: String,
) -> Result<TemplateStatus, ApiError> {
    Ok(template::template_decide(&ctx()?, id, revision, publish, &opinion).await?)
}

/// Notes a print; answers the id under which its file is fetched.
#[server(endpoint = "print_create", protocol = Api)]
pub async fn print_create(form: PrintForm) -> Result<i64, ApiError> {
    Ok(paper::print_create(&ctx()?, &form).await?)
}

/// A page of the log of prints.
#[server(endpoint = "print_list", protocol = Api)]
pub async fn print_list(query: ListQuery) -> Result<Page<PrintRow>, ApiError> {
    Ok(paper::print_list(&ctx()?, &query).await?)
}

/// The estates whose notices can be printed.
#[server(endpoint = "print_estates", protocol = Api)]
pub async fn print_estates() -> Result<Vec<Choice>, ApiError> {
    Ok(paper::print_estates(&ctx()?).await?)
}

/// One line of the log.
#[server(endpoint = "print_copy_get", protocol = Api)]
pub async fn print_copy_get(id: i64) -> Result<PrintRow, ApiError> {
    Ok(paper::print_copy_get(&ctx()?, id).await?)
}

/// Hands a copy out, takes it back or declares it void.
#[server(endpoint = "print_move", protocol = Api)]
pub async fn print_move(id: i64, version: i32, form: CopyForm) -> Result<PrintStatus, ApiError> {
    Ok(paper::print_move(&ctx()?, id, version, &form).await?)
}

/// A page of numbers of which the log says something odd.
#[server(endpoint = "print_finding_list", protocol = Api)]
pub async fn print_finding_list(query: ListQuery) -> Result<Page<FindingRow>, ApiError> {
    Ok(paper::print_finding_list(&ctx()?, &query).await?)
}

/// A page of what waits to be printed.
#[server(endpoint = "print_queue_list", protocol = Api)]
pub async fn print_queue_list(query: ListQuery) -> Result<Page<QueueRow>, ApiError> {
    Ok(paper::print_queue_list(&ctx()?, &query).await?)
}

/// Prints papers of the queue as one file.
#[server(endpoint = "print_queue_print", protocol = Api)]
pub async fn print_queue_print(form: QueueForm) -> Result<QueuePrinted, ApiError> {
    Ok(paper::print_queue_print(&ctx()?, &form).await?)
}

/// Takes papers out of the queue.
#[server(endpoint = "print_queue_skip", protocol = Api)]
pub async fn print_queue_skip(form: QueueForm, reason: String) -> Result<u64, ApiError> {
    Ok(paper::print_queue_skip(&ctx()?, &form, &reason).await?)
}

/// Puts papers back into the queue.
#[server(endpoint = "print_queue_restore", protocol = Api)]
pub async fn print_queue_restore(form: QueueForm) -> Result<u64, ApiError> {
    Ok(paper::print_queue_restore(&ctx()?, &form).await?)
}
