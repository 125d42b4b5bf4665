//! Server functions of buildings.

use crate::ApiError;
use domain::{
    housing::building::{BuildingBoard, BuildingRow},
    id::BuildingId,
    list::{ListQuery, Page},
};
use leptos::{prelude::*, server_fn::codec::Json};

/// A page of buildings.
#[server(endpoint = "building_list", input = Json)]
pub async fn building_list(query: ListQuery) -> Result<Page<BuildingRow>, ApiError> {
    Ok(store::housing::building::building_list(&crate::context::ctx()?, &query).await?)
}

/// The board of a building.
#[server(endpoint = "building_board_get", input = Json)]
pub async fn building_board_get(id: BuildingId) -> Result<BuildingBoard, ApiError> {
    Ok(store::housing::building::building_board_get(&crate::context::ctx()?, id).await?)
}
