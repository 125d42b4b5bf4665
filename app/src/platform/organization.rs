//! Organisations (S1-9.5): list and detail.

use crate::{
    ApiError,
    shell::may,
    ui::{
        detail::{RecordPage, record_view, text_cell},
        list::{ListActions, list_page},
    },
};
use domain::{
    id::OrganizationId,
    list::{ListQuery, Page},
    platform::{
        organization::{Organization, OrganizationRow},
        organization_sheet::ORGANIZATION_LIST,
        permission::Permission,
    },
    sheet::Cell,
};
use leptos::{prelude::*, server_fn::codec::Json};

/// A page of organisations.
#[server(endpoint = "organization_list", input = Json)]
pub async fn organization_list(query: ListQuery) -> Result<Page<OrganizationRow>, ApiError> {
    Ok(store::platform::organization::organization_list(&crate::context::ctx()?, &query).await?)
}

/// One organisation.
#[server(endpoint = "organization_get", input = Json)]
pub async fn organization_get(id: OrganizationId) -> Result<Organization, ApiError> {
    Ok(store::platform::organization::organization_get(&crate::context::ctx()?, id).await?)
}

pub fn list_view() -> AnyView {
    let actions = Signal::derive(|| ListActions {
        add: None,
        import: may(Permission::OrganizationWrite).then_some("organization"),
        export: may(Permission::StockExport),
    });
    list_page(&ORGANIZATION_LIST, actions, organization_list)
}

pub fn detail_view() -> AnyView {
    record_view(|id| organization_get(OrganizationId(id)), detail)
}

fn detail(organization: Organization) -> RecordPage {
    let mut fields = ORGANIZATION_LIST.fields(&organization.row);
    fields.extend([
        ("机构简称", text_cell(organization.short_name.as_ref())),
        ("统一社会信用代码", text_cell(organization.uscc.as_ref())),
        ("联系电话", text_cell(organization.phone.as_ref())),
        ("地址", text_cell(organization.address.as_ref())),
        ("排序", Cell::Number(organization.sort.into())),
        ("备注", text_cell(organization.remark.as_ref())),
    ]);
    RecordPage {
        title: organization.row.name,
        back: (ORGANIZATION_LIST.path, ORGANIZATION_LIST.noun),
        links: Vec::new(),
        groups: vec![("基本信息", fields)],
    }
}
