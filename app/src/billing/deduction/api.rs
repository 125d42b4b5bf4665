//! Server functions of direct debits.

use crate::{Api, ApiError};
use domain::{
    billing::{
        deduction::{Deduction, DeductionForm, DeductionItemRow, DeductionOffer, DeductionRow, DifferenceRow},
        reconciliation::ReconciliationRow,
    },
    dictionary::Resolution,
    id::{BankDifferenceId, DeductionBatchId, DeductionItemId},
    list::{ListQuery, Page},
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {
    crate::context::ctx,
    store::billing::{bank::statement, deduction},
};

/// A page of batches.
#[server(endpoint = "deduction_list", protocol = Api)]
pub async fn deduction_list(query: ListQuery) -> Result<Page<DeductionRow>, ApiError> {
    Ok(deduction::deduction_list(&ctx()?, &query).await?)
}

/// What the form of a new batch begins with.
#[server(endpoint = "deduction_offer_get", protocol = Api)]
pub async fn deduction_offer_get() -> Result<DeductionOffer, ApiError> {
    Ok(deduction::deduction_offer(&ctx()?).await?)
}

/// Makes a batch.
#[server(endpoint = "deduction_create", protocol = Api)]
pub async fn deduction_create(form: DeductionForm) -> Result<DeductionBatchId, ApiError> {
    Ok(deduction::deduction_create(&ctx()?, &form).await?)
}

/// One batch.
#[server(endpoint = "deduction_get", protocol = Api)]
pub async fn deduction_get(id: DeductionBatchId) -> Result<Deduction, ApiError> {
    Ok(deduction::deduction_get(&ctx()?, id).await?)
}

/// Confirms a batch that another made.
#[server(endpoint = "deduction_check", protocol = Api)]
pub async fn deduction_check(id: DeductionBatchId, version: i32, opinion: String) -> Result<(), ApiError> {
    Ok(deduction::deduction_check(&ctx()?, id, version, &opinion).await?)
}

/// Releases a batch to the bank.
#[server(endpoint = "deduction_send", protocol = Api)]
pub async fn deduction_send(id: DeductionBatchId, version: i32) -> Result<(), ApiError> {
    Ok(deduction::deduction_send(&ctx()?, id, version).await?)
}

/// Gives a batch up.
#[server(endpoint = "deduction_discard", protocol = Api)]
pub async fn deduction_discard(id: DeductionBatchId, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(deduction::deduction_discard(&ctx()?, id, version, &reason).await?)
}

/// Closes a batch.
#[server(endpoint = "deduction_close", protocol = Api)]
pub async fn deduction_close(id: DeductionBatchId, version: i32) -> Result<(), ApiError> {
    Ok(deduction::deduction_close(&ctx()?, id, version).await?)
}

/// A page of 房租扣费记录.
#[server(endpoint = "deduction_item_list", protocol = Api)]
pub async fn deduction_item_list(query: ListQuery) -> Result<Page<DeductionItemRow>, ApiError> {
    Ok(deduction::deduction_item_list(&ctx()?, &query).await?)
}

/// One of them.
#[server(endpoint = "deduction_item_get", protocol = Api)]
pub async fn deduction_item_get(id: DeductionItemId) -> Result<DeductionItemRow, ApiError> {
    Ok(deduction::deduction_item_get(&ctx()?, id).await?)
}

/// Takes an item out of its batch.
#[server(endpoint = "deduction_item_cancel", protocol = Api)]
pub async fn deduction_item_cancel(id: DeductionItemId) -> Result<(), ApiError> {
    Ok(deduction::deduction_item_cancel(&ctx()?, id).await?)
}

/// A page of differences.
#[server(endpoint = "difference_list", protocol = Api)]
pub async fn difference_list(query: ListQuery) -> Result<Page<DifferenceRow>, ApiError> {
    Ok(deduction::difference_list(&ctx()?, &query).await?)
}

/// One of them.
#[server(endpoint = "difference_get", protocol = Api)]
pub async fn difference_get(id: BankDifferenceId) -> Result<DifferenceRow, ApiError> {
    Ok(deduction::difference_get(&ctx()?, id).await?)
}

/// Decides about a difference.
#[server(endpoint = "difference_resolve", protocol = Api)]
pub async fn difference_resolve(
    id: BankDifferenceId,
    version: i32,
    resolution: Resolution,
    opinion: String,
) -> Result<(), ApiError> {
    Ok(deduction::difference_resolve(&ctx()?, id, version, resolution, &opinion).await?)
}

/// A page of reconciled days.
#[server(endpoint = "reconciliation_list", protocol = Api)]
pub async fn reconciliation_list(query: ListQuery) -> Result<Page<ReconciliationRow>, ApiError> {
    Ok(statement::reconciliation_list(&ctx()?, &query).await?)
}
