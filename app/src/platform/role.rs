//! Roles (S1-9.2): list, what each grants, and the form that asks for a change.

use crate::{
    ApiError,
    shell::may,
    ui::{
        PageHead,
        detail::{field_group, use_id},
        dialog::Ask,
        error_view,
        field::{bind, checks},
        icon,
        list::{ListActions, list_page},
        loading_view,
        resource::resource,
        toast,
    },
};
use domain::{
    failure::FieldErrors,
    id::{ApprovalId, RoleId},
    list::{ListQuery, Page},
    platform::{
        permission::{MODULES, Permission},
        role::{ROLE_LIST, Role, RoleForm, RoleRow},
    },
    sheet::Cell,
};
use leptos::{prelude::*, server_fn::codec::Json};
use leptos_router::hooks::use_navigate;

/// A page of roles.
#[server(endpoint = "role_list", input = Json)]
pub async fn role_list(query: ListQuery) -> Result<Page<RoleRow>, ApiError> {
    Ok(store::platform::role::role_list(&crate::context::ctx()?, &query).await?)
}

/// One role, and the request that waits about it.
#[server(endpoint = "role_get", input = Json)]
pub async fn role_get(id: RoleId) -> Result<(Role, Option<ApprovalId>), ApiError> {
    Ok(store::platform::role::role_get(&crate::context::ctx()?, id).await?)
}

/// Asks for a new role (without an id) or for the change of one.
#[server(endpoint = "role_request", input = Json)]
pub async fn role_request(role: Option<(RoleId, i32)>, form: RoleForm) -> Result<ApprovalId, ApiError> {
    Ok(store::platform::role::role_request(&crate::context::ctx()?, role, &form).await?)
}

/// Deletes a role that nobody holds.
#[server(endpoint = "role_delete", input = Json)]
pub async fn role_delete(id: RoleId) -> Result<(), ApiError> {
    Ok(store::platform::role::role_delete(&crate::context::ctx()?, id).await?)
}

pub fn list_view() -> AnyView {
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::RoleWrite).then_some(("/platform/roles/new", "新增角色")),
        import: None,
        export: false,
    });
    list_page(&ROLE_LIST, actions, role_list)
}

pub fn detail_view() -> AnyView {
    let id = use_id();
    let role = resource(move || id.get(), |id| role_get(RoleId(id)));
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match role.await {
                        Ok((role, pending)) => record(&role, pending).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
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
        <PageHead title=role.row.name.clone() back=(ROLE_LIST.path.to_owned(), ROLE_LIST.noun.to_owned())>{tools}</PageHead>
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
            {move || delete.value().get().and_then(Result::err).map(|error| error_view(&error))}
            <div class="form-buttons">
                <button type="button" class="btn btn-primary" disabled=move || delete.pending().get() on:click=move |_| drop(delete.dispatch(()))>"删除"</button>
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
                {move || Suspend::new(async move {
                    match role.await {
                        Ok((role, _)) => view! {
                            <PageHead title=title back=(format!("/platform/roles/{}", role.row.id), role.row.name.clone()) />
                            {form(&role)}
                        }
                        .into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(known: Option<(RoleId, i32)>, start: RoleForm, system: bool) -> impl IntoView {
    let form = RwSignal::new(start);
    let errors = RwSignal::new(FieldErrors::default());
    let save = Action::new(move |form: &RoleForm| role_request(known, form.clone()));
    let navigate = use_navigate();
    Effect::new(move |_| match save.value().get() {
        Some(Ok(request)) => navigate(&format!("/platform/approvals/{request}"), Default::default()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let found = form.get().check().err().unwrap_or_default();
        let clean = found.is_empty();
        errors.set(found);
        if clean {
            save.dispatch(form.get());
        }
    };
    // Until the page is alive there is nobody to take the form: without a button it cannot be sent.
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let refused = move || save.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    let field = move |name, label, required, text| bind(form, errors, name, label, required, text);
    let chosen = Signal::derive(move || form.with(|form| form.permissions.clone()));
    let set = Callback::new(move |permissions| form.update(|form| form.permissions = permissions));
    let nowhere = RwSignal::new(FieldErrors::default());
    let groups = MODULES
        .iter()
        .map(|(module, title)| {
            let options = Permission::ALL.iter().filter(|permission| permission.module() == *module);
            let options = options.map(|permission| (permission.code().to_owned(), permission.label().to_owned()));
            checks(module, title, false, options.collect(), chosen, set, nowhere)
        })
        .collect_view();
    let complaint = move || errors.with(|errors| errors.get("permissions").map(ToOwned::to_owned));
    view! {
        <form class="panel form-grid" method="post" on:submit=submit novalidate autocomplete="off">
            {move || refused().map(|error| error_view(&error))}
            {field("name", "角色名称", true, |form| &mut form.name).text("text", "")}
            {if system {
                crate::ui::field::fixed("code", "角色编码", form.with_untracked(|form| form.code.clone())).into_any()
            } else {
                field("code", "角色编码", true, |form| &mut form.code).text("text", "大写字母、数字、下划线").into_any()
            }}
            {field("description", "说明", false, |form| &mut form.description).text("text", "")}
            <p class="field-error form-note" role="alert">{complaint}</p>
            {groups}
            {field("reason", "变更原因", true, |form| &mut form.reason).text("text", "供复核人判断")}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=move || !alive.get() || save.pending().get()>"提交复核"</button>
                <a class="btn btn-ghost" href=known.map_or_else(|| ROLE_LIST.path.to_owned(), |(id, _)| format!("/platform/roles/{id}"))>"取消"</a>
            </div>
        </form>
    }
}
