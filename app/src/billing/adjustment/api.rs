//! Server functions of rent adjustments.

use crate::{Api, ApiError};
use domain::{
    billing::adjustment::{
        Adjustment, AdjustmentForm, AdjustmentOffer, AdjustmentPreview, AdjustmentRow, RentChangeRow,
    },
    list::{ListQuery, Page},
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {crate::context::ctx, store::billing::adjustment};

/// A page of adjustments.
#[server(endpoint = "adjustment_list", protocol = Api)]
pub async fn adjustment_list(query: ListQuery) -> Result<Page<AdjustmentRow>, ApiError> {
    Ok(adjustment::adjustment_list(&ctx()?, &query).await?)
}

/// A page of the contracts of adjustments.
#[server(endpoint = "rent_change_list", protocol = Api)]
pub async fn rent_change_list(query: ListQuery) -> Result<Page<RentChangeRow>, ApiError> {
    Ok(adjustment::rent_change_list(&ctx()?, &query).await?)
}

/// One adjustment.
#[server(endpoint = "adjustment_get", protocol = Api)]
pub async fn adjustment_get(id: i64) -> Result<Adjustment, ApiError> {
    Ok(adjustment::adjustment_get(&ctx()?, id).await?)
}

/// What the form offers.
#[server(endpoint = "adjustment_offer_get", protocol = Api)]
pub async fn adjustment_offer_get() -> Result<AdjustmentOffer, ApiError> {
    Ok(adjustment::adjustment_offer(&ctx()?).await?)
}

/// Who would be affected.
#[server(endpoint = "adjustment_preview_get", protocol = Api)]
pub async fn adjustment_preview_get(form: AdjustmentForm) -> Result<AdjustmentPreview, ApiError> {
    Ok(adjustment::adjustment_preview(&ctx()?, &form).await?)
}

/// Asks for an adjustment.
#[server(endpoint = "adjustment_create", protocol = Api)]
pub async fn adjustment_create(form: AdjustmentForm) -> Result<i64, ApiError> {
    Ok(adjustment::adjustment_create(&ctx()?, &form).await?)
}

/// Agrees to an adjustment or refuses it.
#[server(endpoint = "adjustment_decide", protocol = Api)]
pub async fn adjustment_decide(id: i64, version: i32, approve: bool, opinion: String) -> Result<(), ApiError> {
    Ok(adjustment::adjustment_decide(&ctx()?, id, version, approve, &opinion).await.map(drop)?)
}

/// Takes back an own adjustment.
#[server(endpoint = "adjustment_withdraw", protocol = Api)]
pub async fn adjustment_withdraw(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(adjustment::adjustment_withdraw(&ctx()?, id, version).await.map(drop)?)
}
