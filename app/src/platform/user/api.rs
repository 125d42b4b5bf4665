//! Server functions of accounts.

use crate::{Api, ApiError};
use domain::{
    id::{ApprovalId, OrganizationId, UserId},
    list::{ListQuery, Page},
    platform::user_form::{GrantForm, Reachable, User, UserChoices, UserForm, UserRow},
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {crate::context::ctx, store::platform::user};

/// A page of accounts.
#[server(endpoint = "user_list", protocol = Api)]
pub async fn user_list(query: ListQuery) -> Result<Page<UserRow>, ApiError> {
    Ok(user::user_list(&ctx()?, &query).await?)
}

/// One account.
#[server(endpoint = "user_get", protocol = Api)]
pub async fn user_get(id: UserId) -> Result<User, ApiError> {
    Ok(user::user_get(&ctx()?, id).await?)
}

/// What the forms choose from.
#[server(endpoint = "user_choices_get", protocol = Api)]
pub async fn user_choices_get() -> Result<UserChoices, ApiError> {
    Ok(user::user_choices(&ctx()?).await?)
}

/// The districts and estates that an account of an organisation can be limited to.
#[server(endpoint = "user_reach", protocol = Api)]
pub async fn user_reach(organization: OrganizationId, districts: Vec<OrganizationId>) -> Result<Reachable, ApiError> {
    Ok(user::user_reach(&ctx()?, organization, &districts).await?)
}

/// Makes an account that waits for its checker; answers its first password.
#[server(endpoint = "user_register", protocol = Api)]
pub async fn user_register(form: UserForm, grant: GrantForm) -> Result<(UserId, String), ApiError> {
    Ok(user::user_register(&ctx()?, &form, &grant).await?)
}

/// Changes who an account belongs to.
#[server(endpoint = "user_update", protocol = Api)]
pub async fn user_update(id: UserId, version: i32, form: UserForm) -> Result<(), ApiError> {
    Ok(user::user_update(&ctx()?, id, version, &form).await?)
}

/// Asks for other rights of an account.
#[server(endpoint = "user_grant_request", protocol = Api)]
pub async fn user_grant_request(id: UserId, version: i32, grant: GrantForm) -> Result<ApprovalId, ApiError> {
    Ok(user::user_grant_request(&ctx()?, id, version, &grant).await?)
}

/// Closes or opens an account.
#[server(endpoint = "user_status_set", protocol = Api)]
pub async fn user_status_set(id: UserId, on: bool) -> Result<(), ApiError> {
    Ok(user::user_status_set(&ctx()?, id, on).await?)
}

/// Opens an account that wrong passwords have locked.
#[server(endpoint = "user_unlock", protocol = Api)]
pub async fn user_unlock(id: UserId) -> Result<(), ApiError> {
    Ok(user::user_unlock(&ctx()?, id).await?)
}

/// Gives an account a new password; answers it.
#[server(endpoint = "user_password_new", protocol = Api)]
pub async fn user_password_new(id: UserId) -> Result<String, ApiError> {
    Ok(user::user_password_new(&ctx()?, id).await?)
}

/// Takes a lost second factor away from an account.
#[server(endpoint = "user_factor_remove", protocol = Api)]
pub async fn user_factor_remove(id: UserId, reason: String) -> Result<String, ApiError> {
    Ok(user::user_factor_remove(&ctx()?, id, &reason).await?)
}

/// Signs an account out everywhere.
#[server(endpoint = "user_sessions_end", protocol = Api)]
pub async fn user_sessions_end(id: UserId) -> Result<(), ApiError> {
    Ok(user::user_sessions_end(&ctx()?, id).await?)
}
