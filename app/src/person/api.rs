//! Server functions of persons.

use crate::{Api, ApiError};
use domain::{
    id::PersonId,
    list::{ListQuery, Page},
    person::{
        Person, PersonForm, PersonRow, Secret,
        merge::{Likely, MergeForm},
    },
};
use leptos::prelude::*;

/// A page of persons.
#[server(endpoint = "person_list", protocol = Api)]
pub async fn person_list(query: ListQuery) -> Result<Page<PersonRow>, ApiError> {
    Ok(store::person::person_list(&crate::context::ctx()?, &query).await?)
}

/// The persons who bear a number. By POST: a number never stands in an address.
#[server(endpoint = "person_find", protocol = Api)]
pub async fn person_find(number: String) -> Result<Vec<PersonRow>, ApiError> {
    Ok(store::person::person_find(&crate::context::ctx()?, &number).await?)
}

/// One person.
#[server(endpoint = "person_get", protocol = Api)]
pub async fn person_get(id: PersonId) -> Result<Person, ApiError> {
    Ok(store::person::person_get(&crate::context::ctx()?, id).await?)
}

/// Organisations that a person can be entered for: id and name.
#[server(endpoint = "person_keepers", protocol = Api)]
pub async fn person_keepers() -> Result<Vec<(String, String)>, ApiError> {
    let keepers = store::person::person_keepers(&crate::context::ctx()?).await?;
    Ok(keepers.into_iter().map(|(id, name)| (id.to_string(), name)).collect())
}

/// Enters a person.
#[server(endpoint = "person_create", protocol = Api)]
pub async fn person_create(form: PersonForm) -> Result<PersonId, ApiError> {
    Ok(store::person::person_create(&crate::context::ctx()?, &form).await?)
}

/// Changes a person.
#[server(endpoint = "person_update", protocol = Api)]
pub async fn person_update(id: PersonId, version: i32, form: PersonForm) -> Result<(), ApiError> {
    Ok(store::person::person_update(&crate::context::ctx()?, id, version, &form).await?)
}

/// Marks a person's record as deleted.
#[server(endpoint = "person_delete", protocol = Api)]
pub async fn person_delete(id: PersonId, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(store::person::person_delete(&crate::context::ctx()?, id, version, &reason).await?)
}

/// Pairs of records that look like one human.
#[server(endpoint = "person_likely", protocol = Api)]
pub async fn person_likely() -> Result<Vec<Likely>, ApiError> {
    Ok(store::person::person_likely(&crate::context::ctx()?).await?)
}

/// Makes one of two records.
#[server(endpoint = "person_merge", protocol = Api)]
pub async fn person_merge(form: MergeForm) -> Result<PersonId, ApiError> {
    Ok(store::person::person_merge(&crate::context::ctx()?, &form).await?)
}

/// A hidden field in clear, for a reason that is written down.
#[server(endpoint = "person_reveal", protocol = Api)]
pub async fn person_reveal(id: PersonId, secret: Secret, reason: String) -> Result<String, ApiError> {
    Ok(store::person::person_reveal(&crate::context::ctx()?, id, secret, &reason).await?)
}
