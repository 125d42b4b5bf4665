//! Server functions of waivers.

use crate::{Api, ApiError};
use domain::{
    billing::waiver::{WaiverForm, WaiverOffer, WaiverRecord, WaiverRow},
    id::AccountId,
    list::{ListQuery, Page},
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {crate::context::ctx, store::billing::waiver};

/// A page of waivers.
#[server(endpoint = "waiver_list", protocol = Api)]
pub async fn waiver_list(query: ListQuery) -> Result<Page<WaiverRow>, ApiError> {
    Ok(waiver::waiver_list(&ctx()?, &query).await?)
}

/// One waiver.
#[server(endpoint = "waiver_get", protocol = Api)]
pub async fn waiver_get(id: i64) -> Result<WaiverRecord, ApiError> {
    Ok(waiver::waiver_get(&ctx()?, id).await?)
}

/// What of an account can be asked for.
#[server(endpoint = "waiver_offer_get", protocol = Api)]
pub async fn waiver_offer_get(account: AccountId) -> Result<WaiverOffer, ApiError> {
    Ok(waiver::waiver_offer(&ctx()?, account).await?)
}

/// Asks for a waiver.
#[server(endpoint = "waiver_create", protocol = Api)]
pub async fn waiver_create(account: AccountId, form: WaiverForm) -> Result<i64, ApiError> {
    Ok(waiver::waiver_create(&ctx()?, account, &form).await?)
}

/// Agrees to a waiver or refuses it.
#[server(endpoint = "waiver_decide", protocol = Api)]
pub async fn waiver_decide(id: i64, version: i32, approve: bool, opinion: String) -> Result<(), ApiError> {
    Ok(waiver::waiver_decide(&ctx()?, id, version, approve, &opinion).await.map(drop)?)
}

/// Takes back an own waiver.
#[server(endpoint = "waiver_withdraw", protocol = Api)]
pub async fn waiver_withdraw(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(waiver::waiver_withdraw(&ctx()?, id, version).await.map(drop)?)
}
