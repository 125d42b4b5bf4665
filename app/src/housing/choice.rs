//! What forms and filters offer.

use crate::{ApiError, Terse};
use domain::housing::choice::StockChoices;
use leptos::{prelude::*, server_fn::codec::Json};

/// The choices of the actor's scope.
#[server(endpoint = "stock_choices_get", input = Json, output = Terse)]
pub async fn stock_choices_get() -> Result<StockChoices, ApiError> {
    Ok(store::housing::choice::stock_choices_get(&crate::context::ctx()?).await?)
}
