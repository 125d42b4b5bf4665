//! Server functions of workflow definitions.

use crate::{Api, ApiError};
use domain::{
    id::{ApprovalId, WorkflowId},
    list::{ListQuery, Page},
    platform::workflow::{Workflow, WorkflowForm, WorkflowRow},
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {crate::context::ctx, store::platform::workflow};

/// A page of versions.
#[server(endpoint = "workflow_list", protocol = Api)]
pub async fn workflow_list(query: ListQuery) -> Result<Page<WorkflowRow>, ApiError> {
    Ok(workflow::workflow_list(&ctx()?, &query).await?)
}

/// One version.
#[server(endpoint = "workflow_get", protocol = Api)]
pub async fn workflow_get(id: WorkflowId) -> Result<Workflow, ApiError> {
    Ok(workflow::workflow_get(&ctx()?, id).await?)
}

/// Writes a new version that begins as another one.
#[server(endpoint = "workflow_draft", protocol = Api)]
pub async fn workflow_draft(base: WorkflowId, form: WorkflowForm) -> Result<WorkflowId, ApiError> {
    Ok(workflow::workflow_draft(&ctx()?, base, &form).await?)
}

/// Changes a draft.
#[server(endpoint = "workflow_update", protocol = Api)]
pub async fn workflow_update(id: WorkflowId, revision: i32, form: WorkflowForm) -> Result<(), ApiError> {
    Ok(workflow::workflow_update(&ctx()?, id, revision, &form).await?)
}

/// Deletes a draft.
#[server(endpoint = "workflow_delete", protocol = Api)]
pub async fn workflow_delete(id: WorkflowId, revision: i32) -> Result<(), ApiError> {
    Ok(workflow::workflow_delete(&ctx()?, id, revision).await?)
}

/// Asks that a draft comes into force.
#[server(endpoint = "workflow_request", protocol = Api)]
pub async fn workflow_request(id: WorkflowId, revision: i32, reason: String) -> Result<ApprovalId, ApiError> {
    Ok(workflow::workflow_request(&ctx()?, id, revision, &reason).await?)
}
