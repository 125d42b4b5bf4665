//! What forms and filters offer.

use crate::{Api, ApiError};
use domain::housing::choice::StockChoices;
use leptos::prelude::*;

/// The choices of the actor's scope.
#[server(endpoint = "stock_choices_get", protocol = Api)]
pub async fn stock_choices_get() -> Result<StockChoices, ApiError> {
    Ok(store::housing::choice::stock_choices_get(&crate::context::ctx()?).await?)
}
