//! Roles (S1-9.2): list, what each grants, and the form that asks for a change.

use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        PageHead,
        changing::changing,
        detail::{field_group, use_id},
        dialog::Ask,
        error_view,
        field::fixed,
        form::{Deeds, Newer, Reload, use_edit},
        icon,
        list::{ListActions, list_page},
        loading_view,
        resource::resource,
        toast,
    },
};
use domain::{
    id::{ApprovalId, RoleId},
    list::{ListQuery, Page},
    platform::{
        permission::{MODULES, Permission},
        role::{ROLE_LIST, Role, RoleForm, RoleRow},
    },
    sheet::Cell,
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use std::sync::Arc;

/// A page of roles.
#[server(endpoint = "role_list", protocol = Api)]
pub async fn role_list(query: ListQuery) -> Result<Page<RoleRow>, ApiError> {
    Ok(store::platform::role::role_list(&crate::context::ctx()?, &query).await?)
}

/// One role, and the request that waits about it.
#[server(endpoint = "role_get", protocol = Api)]
pub async fn role_get(id: RoleId) -> Result<(Role, Option<ApprovalId>), ApiError> {
    Ok(store::platform::role::role_get(&crate::context::ctx()?, id).await?)
}

/// Asks for a new role (without an id) or for the change of one.
#[server(endpoint = "role_request", protocol = Api)]
pub async fn role_request(role: Option<(RoleId, i32)>, form: RoleForm) -> Result<ApprovalId, ApiError> {
    Ok(store::platform::role::role_request(&crate::context::ctx()?, role, &form).await?)
}

/// Deletes a role that nobody holds.
#[server(endpoint = "role_delete", protocol = Api)]
pub async fn role_delete(id: RoleId) -> Result<(), ApiError> {
    Ok(store::platform::role::role_delete(&crate::context::ctx()?, id).await?)
}

pub fn list_view() -> AnyView {
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::RoleWrite).then_some(("/platform/roles/new", "新增角色")),
        import: None,
        export: true,
    });
    list_page(&ROLE_LIST, actions, role_list)
}

pub fn detail_view() -> AnyView {
    let id = use_id();
    let role = resource(move || id.get(), |id| role_get(RoleId(id)));
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match role.await {
                        Ok((role, pending)) => record(&role, pending).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

fn record(role: &Role, pending: Option<ApprovalId>) -> impl IntoView + use<> {
    let id = role.row.id;
    let deleting = RwSignal::new(false);
    let deletable = !role.row.system && role.row.users == 0;
    let mut fields = ROLE_LIST.fields(&role.row);
    fields.push(("权限数", Cell::Number(role.permissions.len() as i64)));
    let notice = pending.map(|request| {
        view! { <div class="alert alert-warning alert-soft">"该角色有待复核的变更。"<a class="link" href=format!("/platform/approvals/{request}")>"查看"</a></div> }
    });
    let tools = move || {
        may(Permission::RoleWrite).then(|| view! {
            {deletable.then(|| view! { <button type="button" class="btn btn-outline btn-sm" on:click=move |_| deleting.set(true)>"删除"</button> })}
            <a class="btn btn-outline btn-sm" href=format!("/platform/roles/{id}/copy")>"复制"</a>
            {pending.is_none().then(|| view! { <a class="btn btn-primary btn-sm" href=format!("/platform/roles/{id}/edit")>{icon("edit")}"编辑"</a> })}
        })
    };
    let granted = MODULES
        .iter()
        .filter_map(|(module, title)| {
            let labels: Vec<_> = role
                .permissions
                .iter()
                .filter(|permission| permission.module() == *module)
                .map(|permission| permission.label())
                .collect();
            (!labels.is_empty()).then(|| {
                view! {
                    <div class="detail-field"><dt>{*title}</dt><dd>{labels.join("、")}</dd></div>
                }
            })
        })
        .collect_view();
    view! {
        <PageHead title=role.row.name.clone() back=(ROLE_LIST.path.to_owned(), ROLE_LIST.noun.to_owned())>{changing(tools)}</PageHead>
        {notice}
        {field_group("角色", fields)}
        <section class="panel"><h2>"权限"</h2><dl class="grid gap-3">{granted}</dl></section>
        <DeleteDialog id=id open=deleting />
    }
}

#[component]
fn DeleteDialog(id: RoleId, open: RwSignal<bool>) -> impl IntoView {
    let delete = Action::new(move |(): &()| role_delete(id));
    let navigate = use_navigate();
    Effect::new(move |_| {
        if let Some(Ok(())) = delete.value().get() {
            toast::tell("已删除角色");
            navigate(ROLE_LIST.path, Default::default());
        }
    });
    view! {
        <Ask open=open title=Signal::derive(|| "删除角色".to_owned())>
            <p class="py-4">"该角色没有分配给任何用户。删除后不能恢复。"</p>
            {changing(move || delete.value().get().and_then(Result::err).map(|error| error_view(&error)))}
            <div class="form-buttons">
                <button type="button" class="btn btn-primary" disabled=delete.pending() on:click=move |_| drop(delete.dispatch(()))>"删除"</button>
                <button type="button" class="btn btn-ghost" on:click=move |_| open.set(false)>"取消"</button>
            </div>
        </Ask>
    }
}

pub fn new_view() -> AnyView {
    view! {
        <main class="page">
            <PageHead title="新增角色" back=(ROLE_LIST.path.to_owned(), ROLE_LIST.noun.to_owned()) />
            {form_view(None, RoleForm::default(), false)}
        </main>
    }
    .into_any()
}

/// A new role that begins as another.
pub fn copy_view() -> AnyView {
    loaded_view("新增角色", |role| {
        let name = format!("{}（副本）", role.row.name);
        form_view(None, RoleForm { code: String::new(), name, ..RoleForm::from(role) }, false).into_any()
    })
}

pub fn edit_view() -> AnyView {
    loaded_view("编辑角色", |role| {
        form_view(Some((role.row.id, role.version)), RoleForm::from(role), role.row.system).into_any()
    })
}

/// A form that begins with one role.
fn loaded_view(title: &'static str, form: fn(&Role) -> AnyView) -> AnyView {
    let id = use_id();
    let role = resource(move || id.get(), |id| role_get(RoleId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match role.await {
                        Ok((role, _)) => view! {
                            <PageHead title=title back=(format!("/platform/roles/{}", role.row.id), role.row.name.clone()) />
                            {form(&role)}
                        }
                        .into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(known: Option<(RoleId, i32)>, start: RoleForm, system: bool) -> impl IntoView {
    let id = known.map(|(id, _)| id);
    let deeds = Deeds {
        check: Box::new(|form: &RoleForm| form.check().map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                let request = role_request(id.zip(version), form).await?;
                Ok(format!("/platform/approvals/{request}"))
            })
        }),
        reload: id.map(|id| -> Reload<RoleForm> {
            Arc::new(move || {
                Box::pin(async move {
                    let (role, _) = role_get(id).await?;
                    let form = RoleForm::from(&role);
                    Ok(Newer { form, version: role.version, at: role.row.updated_at, by: role.updated_by })
                })
            })
        }),
    };
    let edit = use_edit(start, known.map(|(_, version)| version), deeds);
    let groups = MODULES
        .iter()
        .map(|(module, title)| {
            let options = Permission::ALL.iter().filter(|permission| permission.module() == *module);
            let options = options.map(|permission| (permission.code().to_owned(), permission.label().to_owned()));
            edit.checks(module, title, false, |form| &mut form.permissions, options.collect())
        })
        .collect_view();
    let complaint = move || edit.errors.with(|errors| errors.get("permissions").map(ToOwned::to_owned));
    let fields = view! {
        {edit.text("name", "角色名称", true, |form| &mut form.name, ("text", ""))}
        {if system {
            fixed("code", "角色编码", edit.form.with_untracked(|form| form.code.clone())).into_any()
        } else {
            edit.text("code", "角色编码", true, |form| &mut form.code, ("text", "大写字母、数字、下划线"))
        }}
        {edit.text("description", "说明", false, |form| &mut form.description, ("text", ""))}
        <p class="field-error form-note" role="alert">{changing(complaint)}</p>
        {groups}
        {edit.text("reason", "变更原因", true, |form| &mut form.reason, ("text", "供复核人判断"))}
    };
    let cancel = id.map_or_else(|| ROLE_LIST.path.to_owned(), |id| format!("/platform/roles/{id}"));
    edit.view_of(fields, "提交复核", cancel)
}
