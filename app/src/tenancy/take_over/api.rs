//! Server functions of taking over a running city.

use crate::{Api, ApiError};
use domain::{
    list::{ListQuery, Page},
    tenancy::take_over::{TakeOver, TakeOverItem, TakeOverRow},
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {crate::context::ctx, store::tenancy::take_over};

/// A page of batches.
#[server(endpoint = "take_over_list", protocol = Api)]
pub async fn take_over_list(query: ListQuery) -> Result<Page<TakeOverRow>, ApiError> {
    Ok(take_over::take_over_list(&ctx()?, &query).await?)
}

/// A page of the rows of batches.
#[server(endpoint = "take_over_item_list", protocol = Api)]
pub async fn take_over_item_list(query: ListQuery) -> Result<Page<TakeOverItem>, ApiError> {
    Ok(take_over::take_over_item_list(&ctx()?, &query).await?)
}

/// One batch.
#[server(endpoint = "take_over_get", protocol = Api)]
pub async fn take_over_get(id: i64) -> Result<TakeOver, ApiError> {
    Ok(take_over::take_over_get(&ctx()?, id).await?)
}

/// Sends a batch to whoever agrees to it.
#[server(endpoint = "take_over_submit", protocol = Api)]
pub async fn take_over_submit(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(take_over::take_over_submit(&ctx()?, id, version).await.map(drop)?)
}

/// Agrees to a batch, by the digest that was seen, or refuses it.
#[server(endpoint = "take_over_decide", protocol = Api)]
pub async fn take_over_decide(
    id: i64,
    version: i32,
    digest: String,
    approve: bool,
    opinion: String,
) -> Result<(), ApiError> {
    Ok(take_over::take_over_decide(&ctx()?, id, version, &digest, approve, &opinion).await.map(drop)?)
}

/// Gives up an own batch.
#[server(endpoint = "take_over_withdraw", protocol = Api)]
pub async fn take_over_withdraw(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(take_over::take_over_withdraw(&ctx()?, id, version).await.map(drop)?)
}

/// Lets the writing of a batch go on.
#[server(endpoint = "take_over_resume", protocol = Api)]
pub async fn take_over_resume(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(take_over::take_over_resume(&ctx()?, id, version).await?)
}

/// Gives up the rest of a batch whose job has ended.
#[server(endpoint = "take_over_abandon", protocol = Api)]
pub async fn take_over_abandon(id: i64, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(take_over::take_over_abandon(&ctx()?, id, version, &reason).await.map(drop)?)
}
