//! Server functions of who lives where.

use crate::{Api, ApiError};
use domain::{
    id::{BindingId, UnitId},
    list::{ListQuery, Page},
    tenancy::binding::{BindingForm, BindingOffer, BindingRow},
};
use leptos::prelude::*;

/// A page of who lives or lived where.
#[server(endpoint = "resident_list", protocol = Api)]
pub async fn resident_list(query: ListQuery) -> Result<Page<BindingRow>, ApiError> {
    Ok(store::tenancy::binding::resident_list(&crate::context::ctx()?, &query).await?)
}

/// A home with its rooms, as the form shows it.
#[server(endpoint = "binding_offer_get", protocol = Api)]
pub async fn binding_offer_get(unit: UnitId) -> Result<BindingOffer, ApiError> {
    Ok(store::tenancy::binding::binding_offer(&crate::context::ctx()?, unit).await?)
}

/// Enters by hand that somebody lives in a room.
#[server(endpoint = "binding_create", protocol = Api)]
pub async fn binding_create(form: BindingForm) -> Result<BindingId, ApiError> {
    Ok(store::tenancy::binding::binding_create(&crate::context::ctx()?, &form).await?)
}
