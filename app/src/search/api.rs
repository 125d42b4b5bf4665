//! Server function of the search.

use crate::{Api, ApiError};
use domain::search::{HitGroup, HitKind};
use leptos::prelude::*;

/// Everything that a query names, or more of one kind. A query with a person's number is refused: it goes to `person_find`.
#[server(endpoint = "search_get", protocol = Api)]
pub async fn search_get(query: String, only: Option<HitKind>) -> Result<Vec<HitGroup>, ApiError> {
    Ok(store::search::search(&crate::context::ctx()?, &query, only).await?)
}
