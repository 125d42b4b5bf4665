//! Server functions of estates.

use crate::{Api, ApiError};
use domain::{
    housing::{
        building::BuildingRow,
        estate::{Estate, EstateForm, EstateRow},
    },
    id::{BuildingId, EstateId},
    insight::{pay::PayCounts, stock::StockFigures},
    list::{ListQuery, Page},
};
use leptos::prelude::*;

/// A page of estates.
#[server(endpoint = "estate_list", protocol = Api)]
pub async fn estate_list(query: ListQuery) -> Result<Page<EstateRow>, ApiError> {
    Ok(store::housing::estate::estate_list(&crate::context::ctx()?, &query).await?)
}

/// One estate.
#[server(endpoint = "estate_get", protocol = Api)]
pub async fn estate_get(id: EstateId) -> Result<Estate, ApiError> {
    Ok(store::housing::estate::estate_get(&crate::context::ctx()?, id).await?)
}

/// The buildings of an estate by payment colour.
#[server(endpoint = "estate_pay_get", protocol = Api)]
pub async fn estate_pay_get(id: EstateId) -> Result<Vec<(BuildingId, PayCounts)>, ApiError> {
    Ok(store::insight::pay::estate_pay_get(&crate::context::ctx()?, id).await?)
}

/// The buildings of an estate with their units by status.
#[server(endpoint = "estate_buildings", protocol = Api)]
pub async fn estate_buildings(id: EstateId) -> Result<Vec<(BuildingRow, StockFigures)>, ApiError> {
    Ok(store::housing::building::estate_buildings(&crate::context::ctx()?, id).await?)
}

/// Enters an estate.
#[server(endpoint = "estate_create", protocol = Api)]
pub async fn estate_create(form: EstateForm) -> Result<EstateId, ApiError> {
    Ok(store::housing::estate::estate_create(&crate::context::ctx()?, &form).await?)
}

/// Changes an estate.
#[server(endpoint = "estate_update", protocol = Api)]
pub async fn estate_update(id: EstateId, version: i32, form: EstateForm) -> Result<(), ApiError> {
    Ok(store::housing::estate::estate_update(&crate::context::ctx()?, id, version, &form).await?)
}

/// Deletes an estate without buildings.
#[server(endpoint = "estate_delete", protocol = Api)]
pub async fn estate_delete(id: EstateId, version: i32) -> Result<(), ApiError> {
    Ok(store::housing::estate::estate_delete(&crate::context::ctx()?, id, version).await?)
}
