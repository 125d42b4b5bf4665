//! Server functions of households.

use crate::{Api, ApiError};
use domain::{
    id::HouseholdId,
    list::{ListQuery, Page},
    person::household::{Household, HouseholdForm, HouseholdRow},
};
use leptos::prelude::*;

/// A page of households.
#[server(endpoint = "household_list", protocol = Api)]
pub async fn household_list(query: ListQuery) -> Result<Page<HouseholdRow>, ApiError> {
    Ok(store::person::household::household_list(&crate::context::ctx()?, &query).await?)
}

/// One household.
#[server(endpoint = "household_get", protocol = Api)]
pub async fn household_get(id: HouseholdId) -> Result<Household, ApiError> {
    Ok(store::person::household::household_get(&crate::context::ctx()?, id).await?)
}

/// Enters a household.
#[server(endpoint = "household_create", protocol = Api)]
pub async fn household_create(form: HouseholdForm) -> Result<HouseholdId, ApiError> {
    Ok(store::person::household::household_create(&crate::context::ctx()?, &form).await?)
}

/// Changes a household.
#[server(endpoint = "household_update", protocol = Api)]
pub async fn household_update(id: HouseholdId, version: i32, form: HouseholdForm) -> Result<(), ApiError> {
    Ok(store::person::household::household_update(&crate::context::ctx()?, id, version, &form).await?)
}

/// Closes a household.
#[server(endpoint = "household_close", protocol = Api)]
pub async fn household_close(id: HouseholdId, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(store::person::household::household_close(&crate::context::ctx()?, id, version, &reason).await?)
}
