//! Server functions of changes of contracts.

use crate::{Api, ApiError};
use domain::{
    id::ContractId,
    list::{ListQuery, Page},
    tenancy::{
        change::{ChangeForm, ChangeOffer, ChangeRow, ContractChange},
        swap::{SwapForm, SwapOffer},
    },
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {crate::context::ctx, store::tenancy::change};

/// A page of changes.
#[server(endpoint = "contract_change_list", protocol = Api)]
pub async fn contract_change_list(query: ListQuery) -> Result<Page<ChangeRow>, ApiError> {
    Ok(change::change_list(&ctx()?, &query).await?)
}

/// One change.
#[server(endpoint = "contract_change_get", protocol = Api)]
pub async fn contract_change_get(id: i64) -> Result<ContractChange, ApiError> {
    Ok(change::change_get(&ctx()?, id).await?)
}

/// What the form of a new change shows.
#[server(endpoint = "contract_change_offer_get", protocol = Api)]
pub async fn contract_change_offer_get(contract: ContractId) -> Result<ChangeOffer, ApiError> {
    Ok(change::change_offer(&ctx()?, contract).await?)
}

/// Asks for a change.
#[server(endpoint = "contract_change_create", protocol = Api)]
pub async fn contract_change_create(contract: ContractId, form: ChangeForm, submit: bool) -> Result<i64, ApiError> {
    Ok(change::change_create(&ctx()?, contract, &form, submit).await?)
}

/// What the form of a swap shows of two contracts.
#[server(endpoint = "contract_swap_offer_get", protocol = Api)]
pub async fn contract_swap_offer_get(first: ContractId, second: ContractId) -> Result<SwapOffer, ApiError> {
    Ok(change::swap_offer(&ctx()?, first, second).await?)
}

/// Asks for a swap of two homes.
#[server(endpoint = "contract_swap_create", protocol = Api)]
pub async fn contract_swap_create(form: SwapForm, submit: bool) -> Result<i64, ApiError> {
    Ok(change::swap_create(&ctx()?, &form, submit).await?)
}

/// Sends a draft to the approver.
#[server(endpoint = "contract_change_submit", protocol = Api)]
pub async fn contract_change_submit(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(change::change_submit(&ctx()?, id, version).await.map(drop)?)
}

/// Agrees to a change or refuses it.
#[server(endpoint = "contract_change_decide", protocol = Api)]
pub async fn contract_change_decide(id: i64, version: i32, approve: bool, opinion: String) -> Result<(), ApiError> {
    Ok(change::change_decide(&ctx()?, id, version, approve, &opinion).await.map(drop)?)
}

/// Takes back an own change.
#[server(endpoint = "contract_change_withdraw", protocol = Api)]
pub async fn contract_change_withdraw(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(change::change_withdraw(&ctx()?, id, version).await.map(drop)?)
}

/// Gives up a change that was agreed to and does not hold yet.
#[server(endpoint = "contract_change_revoke", protocol = Api)]
pub async fn contract_change_revoke(id: i64, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(change::change_revoke(&ctx()?, id, version, &reason).await.map(drop)?)
}

/// Has the bank told again of a new account.
#[server(endpoint = "contract_change_sync_again", protocol = Api)]
pub async fn contract_change_sync_again(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(change::change_sync_again(&ctx()?, id, version).await?)
}
