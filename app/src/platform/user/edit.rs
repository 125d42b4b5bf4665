//! The forms of accounts: a new one, who it belongs to, what it may do.

use super::api::{user_choices_get, user_estates, user_get, user_grant_request, user_register, user_update};
use crate::{
    ApiError,
    ui::{
        PageHead,
        combo::Pick,
        detail::use_id,
        error_view,
        field::{bind, checks, fixed},
        loading_view,
        resource::resource,
    },
};
use domain::{
    failure::FieldErrors,
    id::{OrganizationId, UserId},
    platform::{
        organization::OrganizationChoice,
        user_form::{GrantForm, USER_LIST, User, UserChoices, UserForm},
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

pub fn new_view() -> AnyView {
    let choices = resource(|| (), |()| user_choices_get());
    view! {
        <main class="page">
            <PageHead title="新增用户" back=(USER_LIST.path.to_owned(), USER_LIST.noun.to_owned()) />
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match choices.await {
                        Ok(choices) => new_form(choices).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

pub fn edit_view() -> AnyView {
    loaded_view("编辑用户", |user, _| edit_form(user).into_any())
}

pub fn grant_view() -> AnyView {
    loaded_view("变更授权", |user, choices| grant_form(user, choices).into_any())
}

/// A form about one account.
fn loaded_view(title: &'static str, form: fn(User, UserChoices) -> AnyView) -> AnyView {
    let id = use_id();
    let loaded = resource(
        move || id.get(),
        |id| async move { Ok::<_, ApiError>((user_get(UserId(id)).await?, user_choices_get().await?)) },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match loaded.await {
                        Ok((user, choices)) => {
                            let back = (format!("/platform/users/{}", user.row.id), user.row.login.clone());
                            view! { <PageHead title=title back=back />{form(user, choices)} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

/// Until the page is alive there is nobody to take a form: without a button it cannot be sent.
fn alive() -> RwSignal<bool> {
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    alive
}

/// The complaint of a failed action that belongs to no field.
fn refused<I, T>(action: Action<I, Result<T, ApiError>>) -> impl Fn() -> Option<AnyView> + Send + 'static
where
    I: 'static,
    T: Clone + Send + Sync + 'static,
{
    move || {
        action
            .value()
            .get()
            .and_then(Result::err)
            .filter(|error| error.fields().is_none())
            .map(|error| error_view(&error))
    }
}

fn user_fields(form: RwSignal<UserForm>, errors: RwSignal<FieldErrors>, known: bool) -> impl IntoView {
    let field = move |name, label, required, text| bind(form, errors, name, label, required, text);
    view! {
        {if known {
            fixed("login", "账号", form.with_untracked(|form| form.login.clone())).into_any()
        } else {
            field("login", "账号", true, |form| &mut form.login).text("text", "字母、数字、点、横线、下划线").into_any()
        }}
        {field("name", "姓名", true, |form| &mut form.name).text("text", "")}
        {field("department", "部门", false, |form| &mut form.department).text("text", "")}
        {field("phone", "手机号", !known, |form| &mut form.phone).text("tel", if known { "留空不修改" } else { "" })}
        {field("valid_from", "有效期起", false, |form| &mut form.valid_from).text("date", "")}
        {field("valid_to", "有效期止", false, |form| &mut form.valid_to).text("date", "")}
    }
}

fn grant_fields(grant: RwSignal<GrantForm>, errors: RwSignal<FieldErrors>, choices: UserChoices) -> impl IntoView {
    let pick = |choice: OrganizationChoice| Pick {
        code: choice.id.to_string(),
        label: choice.name,
        depth: choice.depth,
        ..Pick::default()
    };
    let organizations = choices.organizations.into_iter().map(pick).collect();
    let roles = choices.roles.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    let organization = Memo::new(move |_| grant.with(|grant| grant.organization.clone()));
    let estates = resource(
        move || organization.get(),
        |organization| async move {
            match organization.parse() {
                Ok(id) => user_estates(OrganizationId(id)).await,
                Err(_) => Ok(Vec::new()),
            }
        },
    );
    let chosen_roles = Signal::derive(move || grant.with(|grant| grant.roles.clone()));
    let set_roles = Callback::new(move |roles| grant.update(|grant| grant.roles = roles));
    let chosen_estates = Signal::derive(move || grant.with(|grant| grant.estates.clone()));
    let set_estates = Callback::new(move |estates| grant.update(|grant| grant.estates = estates));
    view! {
        {bind(grant, errors, "organization", "所属机构", true, |grant| &mut grant.organization).pick(organizations)}
        {checks("roles", "角色", true, roles, chosen_roles, set_roles, errors)}
        <Transition fallback=loading_view>
            {move || Suspend::new(async move {
                match estates.await {
                    Ok(estates) if estates.is_empty() => ().into_any(),
                    Ok(estates) => {
                        let estates = estates.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
                        checks("estates", "负责楼盘（不选为所属机构管辖的全部）", false, estates, chosen_estates, set_estates, errors).into_any()
                    }
                    Err(error) => error_view(&error),
                }
            })}
        </Transition>
        {bind(grant, errors, "reason", "变更原因", true, |grant| &mut grant.reason).text("text", "供复核人判断，如 新员工入职")}
    }
}

fn new_form(choices: UserChoices) -> impl IntoView {
    let (form, grant) = (RwSignal::new(UserForm::default()), RwSignal::new(GrantForm::default()));
    let errors = RwSignal::new(FieldErrors::default());
    let save = Action::new(|(form, grant): &(UserForm, GrantForm)| user_register(form.clone(), grant.clone()));
    Effect::new(move |_| {
        if let Some(Err(error)) = save.value().get() {
            errors.set(error.fields().cloned().unwrap_or_default());
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let mut found = form.get().check(false).err().unwrap_or_default();
        for (field, message) in grant.get().check().err().unwrap_or_default().0 {
            found.add(&field, message);
        }
        let clean = found.is_empty();
        errors.set(found);
        if clean {
            save.dispatch((form.get(), grant.get()));
        }
    };
    let alive = alive();
    let choices = StoredValue::new(choices);
    move || {
        match save.value().get() {
        Some(Ok((id, password))) => made_view(id, &password).into_any(),
        _ => view! {
            <form class="panel form-grid" method="post" on:submit=submit novalidate autocomplete="off">
                {refused(save)}
                {user_fields(form, errors, false)}
                {grant_fields(grant, errors, choices.get_value())}
                <p class="form-note">"保存后由安全管理员复核授权，复核通过前不能登录。"</p>
                <div class="form-buttons">
                    <button type="submit" class="btn btn-primary" disabled=move || !alive.get() || save.pending().get()>"提交复核"</button>
                    <a class="btn btn-ghost" href=USER_LIST.path>"取消"</a>
                </div>
            </form>
        }
        .into_any(),
    }
    }
}

/// What is told after an account was made: its first password, once.
fn made_view(id: UserId, password: &str) -> impl IntoView + use<> {
    view! {
        <section class="panel" role="status">
            <h2>"账号已建立，授权待复核"</h2>
            <p>"初始密码（只显示这一次，请当面或以安全方式告知本人；首次登录须修改）："</p>
            <p class="py-4 text-xl font-semibold break-all" data-clear>{password.to_owned()}</p>
            <div class="form-buttons">
                <a class="btn btn-primary" href=format!("/platform/users/{id}")>"查看账号"</a>
                <a class="btn btn-ghost" href=USER_LIST.path>"返回用户列表"</a>
            </div>
        </section>
    }
}

fn edit_form(user: User) -> impl IntoView {
    let (id, version, has_phone) = (user.row.id, user.version, user.row.phone.is_some());
    let form = RwSignal::new(UserForm::from(&user));
    let errors = RwSignal::new(FieldErrors::default());
    let save = Action::new(move |form: &UserForm| user_update(id, version, form.clone()));
    let navigate = use_navigate();
    Effect::new(move |_| match save.value().get() {
        Some(Ok(())) => navigate(&format!("/platform/users/{id}"), Default::default()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let found = form.get().check(has_phone).err().unwrap_or_default();
        let clean = found.is_empty();
        errors.set(found);
        if clean {
            save.dispatch(form.get());
        }
    };
    let alive = alive();
    view! {
        <form class="panel form-grid" method="post" on:submit=submit novalidate autocomplete="off">
            {refused(save)}
            {user_fields(form, errors, true)}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=move || !alive.get() || save.pending().get()>"保存"</button>
                <a class="btn btn-ghost" href=format!("/platform/users/{id}")>"取消"</a>
            </div>
        </form>
    }
}

fn grant_form(user: User, choices: UserChoices) -> impl IntoView {
    let id = user.row.id;
    let grant = RwSignal::new(GrantForm::from(&user));
    let errors = RwSignal::new(FieldErrors::default());
    let save = Action::new(move |grant: &GrantForm| user_grant_request(id, grant.clone()));
    let navigate = use_navigate();
    Effect::new(move |_| match save.value().get() {
        Some(Ok(request)) => navigate(&format!("/platform/approvals/{request}"), Default::default()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let found = grant.get().check().err().unwrap_or_default();
        let clean = found.is_empty();
        errors.set(found);
        if clean {
            save.dispatch(grant.get());
        }
    };
    let alive = alive();
    view! {
        <form class="panel form-grid" method="post" on:submit=submit novalidate autocomplete="off">
            {refused(save)}
            {grant_fields(grant, errors, choices)}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=move || !alive.get() || save.pending().get()>"提交复核"</button>
                <a class="btn btn-ghost" href=format!("/platform/users/{id}")>"取消"</a>
            </div>
        </form>
    }
}
