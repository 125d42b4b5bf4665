//! Server functions of units.

use crate::ApiError;
use domain::{
    dictionary::UnitStatus,
    housing::{
        unit::{Unit, UnitForm, UnitRow},
        unit_status::{Grounds, UnitEvent},
    },
    id::{BuildingId, UnitId},
    list::{ListQuery, Page},
};
use leptos::{prelude::*, server_fn::codec::Json};

/// A page of units.
#[server(endpoint = "unit_list", input = Json)]
pub async fn unit_list(query: ListQuery) -> Result<Page<UnitRow>, ApiError> {
    Ok(store::housing::unit_list::unit_list(&crate::context::ctx()?, &query).await?)
}

/// One unit.
#[server(endpoint = "unit_get", input = Json)]
pub async fn unit_get(id: UnitId) -> Result<Unit, ApiError> {
    Ok(store::housing::unit::unit_get(&crate::context::ctx()?, id).await?)
}

/// Enters a unit into a building.
#[server(endpoint = "unit_create", input = Json)]
pub async fn unit_create(building: BuildingId, status: UnitStatus, form: UnitForm) -> Result<UnitId, ApiError> {
    Ok(store::housing::unit::unit_create(&crate::context::ctx()?, building, status, &form).await?)
}

/// Changes a unit's fields.
#[server(endpoint = "unit_update", input = Json)]
pub async fn unit_update(id: UnitId, version: i32, form: UnitForm) -> Result<(), ApiError> {
    Ok(store::housing::unit::unit_update(&crate::context::ctx()?, id, version, &form).await?)
}

/// Changes a unit's status by an event.
#[server(endpoint = "unit_transition", input = Json)]
pub async fn unit_transition(
    id: UnitId,
    version: i32,
    event: UnitEvent,
    grounds: Grounds,
) -> Result<UnitStatus, ApiError> {
    Ok(store::housing::unit::unit_transition(&crate::context::ctx()?, id, version, event, grounds).await?)
}
