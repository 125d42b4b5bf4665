//! The forms of accounts: a new one, who it belongs to, what it may do.

use super::api::{user_choices_get, user_get, user_grant_request, user_reach, user_register, user_update};
use crate::{
    ApiError,
    ui::{
        PageHead,
        changing::changing,
        combo::Pick,
        detail::use_id,
        error_view,
        field::fixed,
        form::{Deeds, Edit, Newer, use_edit},
        loading_view,
        resource::resource,
    },
};
use domain::{
    failure::FieldErrors,
    id::{OrganizationId, UserId},
    platform::{
        organization::OrganizationChoice,
        user_form::{GrantForm, Reachable, USER_LIST, User, UserChoices, UserForm},
    },
};
use leptos::prelude::*;
use std::sync::Arc;

/// What the forms enter: who an account belongs to, and what it may do. Each draws its part.
#[derive(Clone, Default)]
struct Entered {
    user: UserForm,
    grant: GrantForm,
}

impl From<&User> for Entered {
    fn from(user: &User) -> Self {
        Self { user: user.into(), grant: user.into() }
    }
}

pub fn new_view() -> AnyView {
    let choices = resource(|| (), |()| user_choices_get());
    view! {
        <main class="page">
            <PageHead title="新增用户" back=(USER_LIST.path.to_owned(), USER_LIST.noun.to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match choices.await {
                        Ok(choices) => new_form(choices).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
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
                {changing(move || Suspend::new(async move {
                    match loaded.await {
                        Ok((user, choices)) => {
                            let back = (format!("/platform/users/{}", user.row.id), user.row.login.clone());
                            view! { <PageHead title=title back=back />{form(user, choices)} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

/// How an account is read again, when somebody else has changed it.
fn newer(user: &User) -> Newer<Entered> {
    Newer { form: user.into(), version: user.version, at: user.updated_at, by: user.updated_by.clone() }
}

/// A form about an account that is there.
fn use_known(
    user: &User,
    check: impl Fn(&Entered) -> Result<(), FieldErrors> + Send + Sync + 'static,
    save: fn(UserId, i32, Entered) -> crate::ui::form::Call<String>,
) -> Edit<Entered> {
    let id = user.row.id;
    let deeds = Deeds {
        check: Box::new(check),
        save: Arc::new(move |form, version| save(id, version.unwrap_or_default(), form)),
        reload: Some(Arc::new(move || Box::pin(async move { Ok(newer(&user_get(id).await?)) }))),
    };
    use_edit(user.into(), Some(user.version), deeds)
}

fn user_fields(edit: Edit<Entered>, known: bool) -> impl IntoView {
    view! {
        {if known {
            fixed("login", "账号", edit.form.with_untracked(|form| form.user.login.clone())).into_any()
        } else {
            edit.text("login", "账号", true, |form| &mut form.user.login, ("text", "字母、数字、点、横线、下划线"))
        }}
        {edit.text("name", "姓名", true, |form| &mut form.user.name, ("text", ""))}
        {edit.text("department", "部门", false, |form| &mut form.user.department, ("text", ""))}
        {if known {
            edit.secret("phone", "手机号", false, |form| &mut form.user.phone, ("tel", "留空不修改"))
        } else {
            edit.text("phone", "手机号", true, |form| &mut form.user.phone, ("tel", ""))
        }}
        {edit.text("valid_from", "有效期起", false, |form| &mut form.user.valid_from, ("date", ""))}
        {edit.text("valid_to", "有效期止", false, |form| &mut form.user.valid_to, ("date", ""))}
    }
}

/// Ids with their names, as options.
fn options<I: ToString>(named: Vec<(I, String)>) -> Vec<(String, String)> {
    named.into_iter().map(|(id, name)| (id.to_string(), name)).collect()
}

fn grant_fields(edit: Edit<Entered>, choices: UserChoices) -> impl IntoView {
    let pick = |choice: OrganizationChoice| Pick {
        code: choice.id.to_string(),
        label: choice.name,
        depth: choice.depth,
        ..Pick::default()
    };
    let organizations = choices.organizations.into_iter().map(pick).collect();
    let asked =
        Memo::new(move |_| edit.form.with(|form| (form.grant.organization.clone(), form.grant.districts.clone())));
    let reach = resource(
        move || asked.get(),
        |(organization, districts)| async move {
            match organization.parse() {
                Ok(id) => {
                    let districts = districts.iter().filter_map(|id| id.parse().ok()).map(OrganizationId);
                    user_reach(OrganizationId(id), districts.collect()).await
                }
                Err(_) => Ok(Reachable::default()),
            }
        },
    );
    let roles = options(choices.roles);
    view! {
        {edit.pick("organization", "所属机构", true, |form| &mut form.grant.organization, organizations)}
        {edit.checks("roles", "角色", true, |form| &mut form.grant.roles, roles)}
        <Transition fallback=loading_view>
            {changing(move || Suspend::new(async move {
                match reach.await {
                    Ok(reach) => {
                        let districts = (!reach.districts.is_empty()).then(|| {
                            let label = "可见区县（自定义范围；不选为所属机构管辖的范围）";
                            edit.checks("districts", label, false, |form| &mut form.grant.districts, options(reach.districts))
                        });
                        let estates = (!reach.estates.is_empty()).then(|| {
                            let label = "负责楼盘（不选为可见范围内的全部）";
                            edit.checks("estates", label, false, |form| &mut form.grant.estates, options(reach.estates))
                        });
                        (districts, estates).into_any()
                    }
                    Err(error) => error_view(&error),
                }
            }))}
        </Transition>
        {edit.text("reason", "变更原因", true, |form| &mut form.grant.reason, ("text", "供复核人判断，如 新员工入职"))}
    }
}

fn new_form(choices: UserChoices) -> impl IntoView {
    let made = RwSignal::new(None);
    let deeds = Deeds {
        check: Box::new(|form: &Entered| {
            let mut found = form.user.check(false).err().unwrap_or_default();
            for (field, message) in form.grant.check().err().unwrap_or_default().0 {
                found.add(&field, message);
            }
            if found.is_empty() { Ok(()) } else { Err(found) }
        }),
        save: Arc::new(move |form, _| {
            Box::pin(async move {
                made.set(Some(user_register(form.user, form.grant).await?));
                Ok(String::new())
            })
        }),
        reload: None,
    };
    let edit = use_edit(Entered::default(), None, deeds);
    let choices = StoredValue::new(choices);
    move || match made.get() {
        Some((id, password)) => made_view(id, &password).into_any(),
        None => {
            let fields = view! {
                {user_fields(edit, false)}
                {grant_fields(edit, choices.get_value())}
                <p class="form-note">"保存后由安全管理员复核授权，复核通过前不能登录。"</p>
            };
            edit.view_of(fields, "提交复核", USER_LIST.path.to_owned())
        }
    }
}

/// What is told after an account was made: its first password, once.
fn made_view(id: UserId, password: &str) -> impl IntoView + use<> {
    view! {
        <section class="panel" role="status">
            <h2>"账号已建立，授权待复核"</h2>
            <p>"初始密码（只显示这一次，请当面或以安全方式告知本人；首次登录须修改）。授予复核权限或角色维护权限的账号，此密码在复核通过时失效，须由服务器管理员执行 server user password 设置："</p>
            <p class="py-4 text-xl font-semibold break-all" data-clear>{password.to_owned()}</p>
            <div class="form-buttons">
                <a class="btn btn-primary" href=format!("/platform/users/{id}")>"查看账号"</a>
                <a class="btn btn-ghost" href=USER_LIST.path>"返回用户列表"</a>
            </div>
        </section>
    }
}

fn edit_form(user: User) -> impl IntoView {
    let has_phone = user.row.phone.is_some();
    let check = move |form: &Entered| form.user.check(has_phone).map(drop);
    let edit = use_known(&user, check, |id, version, form| {
        Box::pin(async move {
            user_update(id, version, form.user).await?;
            Ok(format!("/platform/users/{id}"))
        })
    });
    edit.view(user_fields(edit, true), format!("/platform/users/{}", user.row.id))
}

fn grant_form(user: User, choices: UserChoices) -> impl IntoView {
    let check = |form: &Entered| form.grant.check().map(drop);
    let edit = use_known(&user, check, |id, version, form| {
        Box::pin(async move {
            let request = user_grant_request(id, version, form.grant).await?;
            Ok(format!("/platform/approvals/{request}"))
        })
    });
    edit.view_of(grant_fields(edit, choices), "提交复核", format!("/platform/users/{}", user.row.id))
}
