//! Server functions of imports. The upload itself is a raw route: it carries a file.

use crate::{Api, ApiError};
use domain::{
    import::{FailedRows, ImportJob},
    list::{ListQuery, Page},
};
use leptos::prelude::*;

/// The import log.
#[server(endpoint = "import_list", protocol = Api)]
pub async fn import_list(query: ListQuery) -> Result<Page<ImportJob>, ApiError> {
    Ok(store::import::job::job_list(&crate::context::ctx()?, &query).await?)
}

/// One job.
#[server(endpoint = "import_get", protocol = Api)]
pub async fn import_get(id: String) -> Result<ImportJob, ApiError> {
    Ok(store::import::job::job_get(&crate::context::ctx()?, &id).await?)
}

/// The first failed rows of a job.
#[server(endpoint = "import_rows", protocol = Api)]
pub async fn import_rows(id: String) -> Result<FailedRows, ApiError> {
    Ok(store::import::job::job_failures(&crate::context::ctx()?, &id).await?)
}

/// Go ahead.
#[server(endpoint = "import_confirm", protocol = Api)]
pub async fn import_confirm(id: String) -> Result<(), ApiError> {
    Ok(store::import::job::job_confirm(&crate::context::ctx()?, &id).await?)
}
