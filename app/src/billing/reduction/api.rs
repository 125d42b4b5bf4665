//! Server functions of rent reductions.

use crate::{Api, ApiError};
use domain::{
    billing::reduction::{ReductionForm, ReductionRecord, ReductionRow},
    list::{ListQuery, Page},
    value::Money,
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {crate::context::ctx, store::billing::reduction};

/// A page of reductions.
#[server(endpoint = "reduction_list", protocol = Api)]
pub async fn reduction_list(query: ListQuery) -> Result<Page<ReductionRow>, ApiError> {
    Ok(reduction::reduction_list(&ctx()?, &query).await?)
}

/// One reduction.
#[server(endpoint = "reduction_get", protocol = Api)]
pub async fn reduction_get(id: i64) -> Result<ReductionRecord, ApiError> {
    Ok(reduction::reduction_get(&ctx()?, id).await?)
}

/// What a reduction would come to: full, taken off, to be paid.
#[server(endpoint = "reduction_preview_get", protocol = Api)]
pub async fn reduction_preview_get(form: ReductionForm) -> Result<(Money, Money, Money), ApiError> {
    Ok(reduction::reduction_preview(&ctx()?, &form).await?)
}

/// Asks for a reduction.
#[server(endpoint = "reduction_create", protocol = Api)]
pub async fn reduction_create(form: ReductionForm) -> Result<i64, ApiError> {
    Ok(reduction::reduction_create(&ctx()?, &form).await?)
}

/// Agrees to a reduction or refuses it.
#[server(endpoint = "reduction_decide", protocol = Api)]
pub async fn reduction_decide(id: i64, version: i32, approve: bool, opinion: String) -> Result<(), ApiError> {
    Ok(reduction::reduction_decide(&ctx()?, id, version, approve, &opinion).await.map(drop)?)
}

/// Takes back an own reduction.
#[server(endpoint = "reduction_withdraw", protocol = Api)]
pub async fn reduction_withdraw(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(reduction::reduction_withdraw(&ctx()?, id, version).await.map(drop)?)
}

/// Asks for the end of a reduction behind a month.
#[server(endpoint = "reduction_stop", protocol = Api)]
pub async fn reduction_stop(id: i64, version: i32, last: String, opinion: String) -> Result<(), ApiError> {
    Ok(reduction::reduction_stop(&ctx()?, id, version, &last, &opinion).await?)
}

/// Agrees to the end of a reduction or refuses it.
#[server(endpoint = "reduction_stop_decide", protocol = Api)]
pub async fn reduction_stop_decide(id: i64, version: i32, approve: bool, opinion: String) -> Result<(), ApiError> {
    Ok(reduction::reduction_stop_decide(&ctx()?, id, version, approve, &opinion).await.map(drop)?)
}
