//! Server functions of units.

use crate::{Api, ApiError};
use domain::{
    dictionary::UnitStatus,
    housing::{
        tree::{StockNode, TreeLevel},
        unit::{Unit, UnitForm, UnitRow},
        unit_batch::UnitBatchForm,
        unit_change::{BatchOutcome, ChosenRow, ChosenUnit, UnitChangeForm},
        unit_offshelf::OffshelfForm,
        unit_status::{Grounds, UnitEvent},
    },
    id::{ApprovalId, BuildingId, UnitId},
    list::{ListQuery, Page},
};
use leptos::prelude::*;

/// A page of units.
#[server(endpoint = "unit_list", protocol = Api)]
pub async fn unit_list(query: ListQuery) -> Result<Page<UnitRow>, ApiError> {
    Ok(store::housing::unit_list::unit_list(&crate::context::ctx()?, &query).await?)
}

/// One unit.
#[server(endpoint = "unit_get", protocol = Api)]
pub async fn unit_get(id: UnitId) -> Result<Unit, ApiError> {
    Ok(store::housing::unit::unit_get(&crate::context::ctx()?, id).await?)
}

/// Enters a unit into a building.
#[server(endpoint = "unit_create", protocol = Api)]
pub async fn unit_create(building: BuildingId, status: UnitStatus, form: UnitForm) -> Result<UnitId, ApiError> {
    Ok(store::housing::unit::unit_create(&crate::context::ctx()?, building, status, &form).await?)
}

/// Changes a unit's fields.
#[server(endpoint = "unit_update", protocol = Api)]
pub async fn unit_update(id: UnitId, version: i32, form: UnitForm) -> Result<(), ApiError> {
    Ok(store::housing::unit::unit_update(&crate::context::ctx()?, id, version, &form).await?)
}

/// Changes a unit's status by an event.
#[server(endpoint = "unit_transition", protocol = Api)]
pub async fn unit_transition(
    id: UnitId,
    version: i32,
    event: UnitEvent,
    grounds: Grounds,
) -> Result<UnitStatus, ApiError> {
    Ok(store::housing::unit::unit_transition(&crate::context::ctx()?, id, version, event, grounds).await?)
}

/// Asks that a unit goes off the shelf; a second person decides.
#[server(endpoint = "unit_offshelf_request", protocol = Api)]
pub async fn unit_offshelf_request(id: UnitId, version: i32, form: OffshelfForm) -> Result<ApprovalId, ApiError> {
    Ok(store::housing::unit::unit_offshelf_request(&crate::context::ctx()?, id, version, &form).await?)
}

/// Deletes a unit that never bound anybody.
#[server(endpoint = "unit_delete", protocol = Api)]
pub async fn unit_delete(id: UnitId, version: i32) -> Result<(), ApiError> {
    Ok(store::housing::unit::unit_delete(&crate::context::ctx()?, id, version).await?)
}

/// Makes the units of a building by pattern; answers how many.
#[server(endpoint = "unit_generate", protocol = Api)]
pub async fn unit_generate(building: BuildingId, form: UnitBatchForm) -> Result<u32, ApiError> {
    Ok(store::housing::unit::unit_generate(&crate::context::ctx()?, building, &form).await?)
}

/// The units chosen in a list, as they are now.
#[server(endpoint = "units_chosen", protocol = Api)]
pub async fn units_chosen(chosen: Vec<ChosenUnit>) -> Result<Vec<ChosenRow>, ApiError> {
    Ok(store::housing::unit::units_chosen(&crate::context::ctx()?, &chosen).await?)
}

/// Changes fields of many units.
#[server(endpoint = "units_change", protocol = Api)]
pub async fn units_change(chosen: Vec<ChosenUnit>, form: UnitChangeForm) -> Result<BatchOutcome, ApiError> {
    Ok(store::housing::unit::units_change(&crate::context::ctx()?, &chosen, &form).await?)
}

/// Locks or unlocks many units.
#[server(endpoint = "units_transition", protocol = Api)]
pub async fn units_transition(
    chosen: Vec<ChosenUnit>,
    event: UnitEvent,
    grounds: Grounds,
) -> Result<BatchOutcome, ApiError> {
    Ok(store::housing::unit::units_transition(&crate::context::ctx()?, &chosen, event, grounds).await?)
}

/// What lies below a node of the stock's tree.
#[server(endpoint = "stock_children", protocol = Api)]
pub async fn stock_children(node: StockNode, word: String) -> Result<TreeLevel, ApiError> {
    Ok(store::housing::tree::stock_children(&crate::context::ctx()?, &node, &word).await?)
}
