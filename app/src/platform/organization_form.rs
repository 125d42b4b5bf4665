//! The form of an organisation (S1-9.5): new, below another, and changed.

use super::organization::{organization_create, organization_get, organization_update};
use crate::ui::{
    PageHead,
    changing::changing,
    error_view,
    field::{coded, fixed},
    form::{Deeds, Edit, Newer, Reload, use_edit},
    loading_view,
    resource::resource,
};
use domain::{
    dictionary::{OrganizationStatus, OrganizationType},
    id::OrganizationId,
    platform::{
        organization::Organization, organization_form::OrganizationEdit, organization_sheet::ORGANIZATION_LIST,
    },
};
use leptos::prelude::*;
use std::sync::Arc;

fn back() -> (String, String) {
    (ORGANIZATION_LIST.path.to_owned(), "组织机构".to_owned())
}

pub fn new_view(parent: &str) -> AnyView {
    view! {
        <main class="page">
            <PageHead title="新增机构" back=back() />
            {form_view(OrganizationEdit::below(parent), None)}
        </main>
    }
    .into_any()
}

pub fn edit_view(id: i64) -> AnyView {
    let organization = resource(move || id, |id| organization_get(OrganizationId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match organization.await {
                        Ok(organization) => {
                            let name = organization.row.name.clone();
                            let start = OrganizationEdit::from(&organization);
                            view! { <PageHead title=format!("编辑{name}") back=back() />{form_view(start, Some(organization))} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(start: OrganizationEdit, known: Option<Organization>) -> AnyView {
    let id = known.as_ref().map(|organization| organization.row.id);
    let deeds = Deeds {
        check: Box::new(|form: &OrganizationEdit| form.check().map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                let id = match id.zip(version) {
                    Some((id, version)) => organization_update(id, version, form).await.map(|()| id),
                    None => organization_create(form).await,
                };
                id.map(|id| format!("{}/{id}", ORGANIZATION_LIST.path))
            })
        }),
        reload: id.map(|id| -> Reload<OrganizationEdit> {
            Arc::new(move || {
                Box::pin(async move {
                    let now = organization_get(id).await?;
                    let form = OrganizationEdit::from(&now);
                    Ok(Newer { form, version: now.version, at: now.row.updated_at, by: None })
                })
            })
        }),
    };
    let edit = use_edit(start, known.as_ref().map(|organization| organization.version), deeds);
    let cancel = id.map_or_else(|| ORGANIZATION_LIST.path.to_owned(), |id| format!("{}/{id}", ORGANIZATION_LIST.path));
    edit.view(fields(edit, known), cancel)
}

fn fields(edit: Edit<OrganizationEdit>, known: Option<Organization>) -> impl IntoView {
    let phone_hint = if known.is_some() { "留空不修改" } else { "手机或固定电话" };
    let place = match known {
        // The stock and the scope of accounts hang on these three.
        Some(Organization { row, .. }) => view! {
            {fixed("code", "机构编码", row.code)}
            {fixed("kind", "类型", crate::ui::label::told(row.kind))}
            {fixed("division_code", "行政区划代码", row.division_code)}
        }
        .into_any(),
        None => view! {
            {edit.text("code", "机构编码", true, |form| &mut form.code, ("text", "最长20字，全市唯一"))}
            {edit.select("kind", "类型", true, |form| &mut form.kind, coded(OrganizationType::choices()))}
            {edit.text("division_code", "行政区划代码", true, |form| &mut form.division_code, ("text", "6、9或12位数字"))}
        }
        .into_any(),
    };
    view! {
        {place}
        {edit.text("name", "机构名称", true, |form| &mut form.name, ("text", "同级不得重复"))}
        {edit.text("short_name", "机构简称", false, |form| &mut form.short_name, ("text", ""))}
        {edit.text("parent", "上级", false, |form| &mut form.parent, ("text", "上级机构的编码或名称，市级机构不填"))}
        {edit.text("uscc", "统一社会信用代码", false, |form| &mut form.uscc, ("text", "运营主体、物业公司等企业必填"))}
        {edit.text("leader", "负责人", false, |form| &mut form.leader, ("text", ""))}
        {edit.text("phone", "联系电话", false, |form| &mut form.phone, ("tel", phone_hint))}
        {edit.text("address", "地址", false, |form| &mut form.address, ("text", ""))}
        {edit.text("sort", "排序", false, |form| &mut form.sort, ("number", "从小到大"))}
        {edit.select("status", "状态", true, |form| &mut form.status, coded(OrganizationStatus::choices()))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", ""))}
    }
}
