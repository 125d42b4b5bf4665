//! Server functions of hand-overs.

use crate::{Api, ApiError};
use domain::{
    id::{ContractId, HandOverId},
    list::{ListQuery, Page},
    tenancy::hand_over::{HandOver, HandOverForm, HandOverOffer, HandOverRow},
};
use leptos::prelude::*;

/// A page of hand-overs, done or to be done.
#[server(endpoint = "hand_over_list", protocol = Api)]
pub async fn hand_over_list(query: ListQuery) -> Result<Page<HandOverRow>, ApiError> {
    Ok(store::tenancy::hand_over::hand_over_list(&crate::context::ctx()?, &query).await?)
}

/// What the form of a new one shows of its contract.
#[server(endpoint = "hand_over_offer_get", protocol = Api)]
pub async fn hand_over_offer_get(contract: ContractId) -> Result<HandOverOffer, ApiError> {
    Ok(store::tenancy::hand_over::hand_over_offer(&crate::context::ctx()?, contract).await?)
}

/// One hand-over.
#[server(endpoint = "hand_over_get", protocol = Api)]
pub async fn hand_over_get(id: HandOverId) -> Result<HandOver, ApiError> {
    Ok(store::tenancy::hand_over::hand_over_get(&crate::context::ctx()?, id).await?)
}

/// Hands a home over.
#[server(endpoint = "hand_over_create", protocol = Api)]
pub async fn hand_over_create(contract: ContractId, form: HandOverForm) -> Result<HandOverId, ApiError> {
    Ok(store::tenancy::hand_over::hand_over_create(&crate::context::ctx()?, contract, &form).await?)
}

/// Corrects a record.
#[server(endpoint = "hand_over_update", protocol = Api)]
pub async fn hand_over_update(id: HandOverId, version: i32, form: HandOverForm) -> Result<(), ApiError> {
    Ok(store::tenancy::hand_over::hand_over_update(&crate::context::ctx()?, id, version, &form).await?)
}
