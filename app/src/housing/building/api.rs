//! Server functions of buildings.

use crate::{Api, ApiError};
use domain::{
    housing::{
        building::{Building, BuildingBoard, BuildingRow},
        building_form::BuildingForm,
    },
    id::{BuildingId, EstateId},
    insight::pay::UnitPay,
    list::{ListQuery, Page},
};
use leptos::prelude::*;

/// A page of buildings.
#[server(endpoint = "building_list", protocol = Api)]
pub async fn building_list(query: ListQuery) -> Result<Page<BuildingRow>, ApiError> {
    Ok(store::housing::building::building_list(&crate::context::ctx()?, &query).await?)
}

/// The board of a building.
#[server(endpoint = "building_board_get", protocol = Api)]
pub async fn building_board_get(id: BuildingId) -> Result<BuildingBoard, ApiError> {
    Ok(store::housing::building::building_board_get(&crate::context::ctx()?, id).await?)
}

/// How the units of a building stand with their rent.
#[server(endpoint = "building_pay_get", protocol = Api)]
pub async fn building_pay_get(id: BuildingId) -> Result<Vec<UnitPay>, ApiError> {
    Ok(store::insight::pay::building_pay_get(&crate::context::ctx()?, id).await?)
}

/// One building, for its form.
#[server(endpoint = "building_get", protocol = Api)]
pub async fn building_get(id: BuildingId) -> Result<Building, ApiError> {
    Ok(store::housing::building::building_get(&crate::context::ctx()?, id).await?)
}

/// Enters a building into an estate.
#[server(endpoint = "building_create", protocol = Api)]
pub async fn building_create(estate: EstateId, form: BuildingForm) -> Result<BuildingId, ApiError> {
    Ok(store::housing::building::building_create(&crate::context::ctx()?, estate, &form).await?)
}

/// Changes a building's fields.
#[server(endpoint = "building_update", protocol = Api)]
pub async fn building_update(id: BuildingId, version: i32, form: BuildingForm) -> Result<(), ApiError> {
    Ok(store::housing::building::building_update(&crate::context::ctx()?, id, version, &form).await?)
}

/// Deletes a building without units.
#[server(endpoint = "building_delete", protocol = Api)]
pub async fn building_delete(id: BuildingId, version: i32) -> Result<(), ApiError> {
    Ok(store::housing::building::building_delete(&crate::context::ctx()?, id, version).await?)
}
