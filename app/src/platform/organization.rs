//! Organisations (S1-9.5): list.

use crate::{
    ApiError,
    shell::may,
    ui::list::{ListActions, list_page},
};
use domain::{
    list::{ListQuery, Page},
    platform::{organization::OrganizationRow, organization_sheet::ORGANIZATION_LIST, permission::Permission},
};
use leptos::{prelude::*, server_fn::codec::Json};

/// A page of organisations.
#[server(endpoint = "organization_list", input = Json)]
pub async fn organization_list(query: ListQuery) -> Result<Page<OrganizationRow>, ApiError> {
    Ok(store::platform::organization::organization_list(&crate::context::ctx()?, &query).await?)
}

pub fn list_view() -> AnyView {
    let actions = Signal::derive(|| ListActions {
        add: None,
        import: may(Permission::OrganizationWrite).then_some("organization"),
        export: may(Permission::StockExport),
    });
    list_page(&ORGANIZATION_LIST, actions, organization_list)
}
