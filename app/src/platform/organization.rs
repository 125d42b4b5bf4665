//! Organisations (S1-9.5): list, tree and detail.

use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        PageHead,
        changing::changing,
        detail::{RecordExtra, RecordPage, record_view_with, text_cell},
        error_view, icon,
        label::told,
        list::{ListActions, ListFrame, framed_list_page},
        loading_view,
        remove::delete_button,
        resource::resource,
        reveal::phone_button,
    },
};
use domain::{
    dictionary::OrganizationStatus,
    id::OrganizationId,
    list::{ListQuery, Page, percent_encode},
    platform::{
        organization::{Organization, OrganizationNode, OrganizationRow},
        organization_form::OrganizationEdit,
        organization_sheet::ORGANIZATION_LIST,
        permission::Permission,
    },
    sheet::Cell,
};
use leptos::prelude::*;

/// A page of organisations.
#[server(endpoint = "organization_list", protocol = Api)]
pub async fn organization_list(query: ListQuery) -> Result<Page<OrganizationRow>, ApiError> {
    Ok(store::platform::organization::organization_list(&crate::context::ctx()?, &query).await?)
}

/// One organisation.
#[server(endpoint = "organization_get", protocol = Api)]
pub async fn organization_get(id: OrganizationId) -> Result<Organization, ApiError> {
    Ok(store::platform::organization::organization_get(&crate::context::ctx()?, id).await?)
}

/// All organisations, by what hangs below what.
#[server(endpoint = "organization_tree", protocol = Api)]
pub async fn organization_tree() -> Result<Vec<OrganizationNode>, ApiError> {
    Ok(store::platform::organization::organization_tree(&crate::context::ctx()?).await?)
}

/// Makes an organisation.
#[server(endpoint = "organization_create", protocol = Api)]
pub async fn organization_create(form: OrganizationEdit) -> Result<OrganizationId, ApiError> {
    Ok(store::platform::organization_write::organization_create(&crate::context::ctx()?, &form).await?)
}

/// Changes an organisation.
#[server(endpoint = "organization_update", protocol = Api)]
pub async fn organization_update(id: OrganizationId, version: i32, form: OrganizationEdit) -> Result<(), ApiError> {
    Ok(store::platform::organization_write::organization_update(&crate::context::ctx()?, id, version, &form).await?)
}

/// Deletes an organisation on which nothing hangs.
#[server(endpoint = "organization_delete", protocol = Api)]
pub async fn organization_delete(id: OrganizationId, version: i32) -> Result<(), ApiError> {
    Ok(store::platform::organization_write::organization_delete(&crate::context::ctx()?, id, version).await?)
}

/// An organisation's telephone in clear, for a reason that is written down.
#[server(endpoint = "organization_reveal", protocol = Api)]
pub async fn organization_reveal(id: OrganizationId, reason: String) -> Result<String, ApiError> {
    Ok(store::platform::contact::organization_reveal(&crate::context::ctx()?, id, &reason).await?)
}

pub fn list_view() -> AnyView {
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::OrganizationWrite).then_some(("/platform/organizations/new", "新增机构")),
        import: may(Permission::OrganizationWrite).then_some("organization"),
        export: may(Permission::StockExport),
    });
    let tree = || {
        view! { <a class="btn btn-outline btn-sm" href="/platform/organizations/tree">{icon("tree")}"树形"</a> }
            .into_any()
    };
    let frame = ListFrame { tools: Some(tree), ..ListFrame::default() };
    framed_list_page(&ORGANIZATION_LIST, frame, actions, organization_list)
}

/// Everything at a glance: what hangs below what, each part to be folded.
pub fn tree_view() -> AnyView {
    let nodes = resource(|| (), |()| organization_tree());
    view! {
        <main class="page">
            <PageHead title="机构树" back=(ORGANIZATION_LIST.path.to_owned(), "组织机构".to_owned()) />
            <section class="panel" aria-label="机构树">
                <Suspense fallback=loading_view>
                    {changing(move || Suspend::new(async move {
                        match nodes.await {
                            Ok(nodes) => branch(&nodes, None, 0),
                            Err(error) => error_view(&error),
                        }
                    }))}
                </Suspense>
            </section>
        </main>
    }
    .into_any()
}

/// Deeper than this nothing of a city hangs, and a circle, which the store refuses, would not end.
const DEPTH_MAX: usize = 10;

fn branch(nodes: &[OrganizationNode], parent: Option<OrganizationId>, depth: usize) -> AnyView {
    let here: Vec<_> = nodes.iter().filter(|node| node.parent == parent && depth < DEPTH_MAX).collect();
    let lines = here
        .into_iter()
        .map(|node| {
            let name = view! {
                <a class="link link-primary link-hover" href=format!("{}/{}", ORGANIZATION_LIST.path, node.id)>{node.name.clone()}</a>
                <span class="opacity-80 ps-2">{told(node.kind)}{(node.status == OrganizationStatus::Off).then_some(" · 停用")}</span>
            };
            if nodes.iter().any(|other| other.parent == Some(node.id)) {
                // The link stands below: what opens and closes holds no second control.
                let label = format!("{}下级", node.name);
                view! {
                    <li class="py-1">
                        {name}
                        <details open=depth < 2><summary class="ps-2">{label}</summary>{branch(nodes, Some(node.id), depth + 1)}</details>
                    </li>
                }
                .into_any()
            } else {
                view! { <li class="py-1">{name}</li> }.into_any()
            }
        })
        .collect_view();
    view! { <ul class="ps-5">{lines}</ul> }.into_any()
}

pub fn detail_view() -> AnyView {
    record_view_with(|id| organization_get(OrganizationId(id)), detail, extra)
}

/// What can be done with an organisation.
fn extra(organization: &Organization) -> RecordExtra {
    let (id, version, known) = (organization.row.id, organization.version, organization.phone.is_some());
    let (code, name) = (organization.row.code.clone(), organization.row.name.clone());
    let tools = move || {
        let below = format!("{}/new?parent={}", ORGANIZATION_LIST.path, percent_encode(&code));
        let name = name.clone();
        let phone = (known && may(Permission::ContactClear))
            .then(|| phone_button(move |reason| Box::pin(organization_reveal(id, reason))));
        let changes = may(Permission::OrganizationWrite)
            .then(|| view! {
                {delete_button("机构", name, ORGANIZATION_LIST.path.to_owned(), move || Box::pin(organization_delete(id, version)))}
                <a class="btn btn-outline btn-sm" href=below>{icon("add")}"添加下级"</a>
                <a class="btn btn-primary btn-sm" href=format!("{}/{id}?edit=1", ORGANIZATION_LIST.path)>{icon("edit")}"编辑"</a>
            });
        view! { {phone}{changes} }.into_any()
    };
    RecordExtra { notice: None, tools: Some(Box::new(tools)) }
}

fn detail(organization: Organization) -> RecordPage {
    let links = vec![(format!("{}?parent={}", ORGANIZATION_LIST.path, organization.row.id), "下级机构")];
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
        links,
        groups: vec![("基本信息", fields)],
    }
}
