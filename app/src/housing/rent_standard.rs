//! Rent standards: list.

use super::list_actions;
use crate::{
    ApiError,
    shell::may,
    ui::list::{ListActions, list_page},
};
use domain::{
    housing::rent_standard::{RENT_STANDARD_LIST, RentStandardRow},
    list::{ListQuery, Page},
    platform::permission::Permission,
};
use leptos::{prelude::*, server_fn::codec::Json};

/// A page of rent standards.
#[server(endpoint = "rent_standard_list", input = Json)]
pub async fn rent_standard_list(query: ListQuery) -> Result<Page<RentStandardRow>, ApiError> {
    Ok(store::housing::rent_standard::rent_standard_list(&crate::context::ctx()?, &query).await?)
}

pub(super) fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions {
        add: None,
        import: may(Permission::RentStandardWrite).then_some("rent_standard"),
        export: may(Permission::StockExport),
    });
    list_page(&RENT_STANDARD_LIST, actions, rent_standard_list)
}
