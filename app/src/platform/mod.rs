//! Platform pages: signing in, the own password, organisations, the operation log, jobs, messages, and administration.

mod approval;
pub(crate) mod attachment;
mod audit;
mod calendar;
mod dictionary;
pub(crate) mod job;
mod menu;
mod message;
mod numbering;
mod organization;
mod organization_form;
mod parameter;
mod password;
mod plan;
mod role;
mod second_factor;
pub mod session;
pub mod sign_in;
mod user;
pub mod workflow;

use crate::ui::empty_view;
use domain::failure::FieldErrors;
use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_location, use_params_map, use_query_map},
    lazy_route,
};

/// The module's pages, loaded when somebody first goes to one of them.
pub struct Platform;

#[lazy_route]
impl LazyRoute for Platform {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        let params = use_params_map();
        let noun = Memo::new(move |_| params.read().get("noun").unwrap_or_default());
        let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
        let query = use_query_map();
        let editing = Memo::new(move |_| query.read().get("edit").is_some());
        // Tracked: when a link is followed inside the page, the query arrives a moment after the parameters.
        let parent = Memo::new(move |_| query.read().get("parent").unwrap_or_default());
        let one = Memo::new(move |_| params.read().get("id").is_some());
        (move || match (noun.get().as_str(), one.get()) {
            ("organizations", false) => organization::list_view(),
            ("organizations", true) => match (id.get().as_str(), editing.get()) {
                ("new", _) => organization_form::new_view(&parent.get()),
                ("tree", _) => organization::tree_view(),
                (id, true) => organization_form::edit_view(id.parse().unwrap_or(-1)),
                _ => organization::detail_view(),
            },
            ("dictionaries", false) => dictionary::list_view(),
            ("dictionaries", true) if id.get() == "new" => dictionary::new_view(),
            ("dictionaries", true) => dictionary::detail_view(),
            ("calendar", false) => calendar::year_view(),
            ("numbers", false) => numbering::list_view(),
            ("menus", false) => menu::list_view(),
            ("audit", false) => audit::list_view(),
            ("audit", true) => audit::detail_view(),
            ("second-factor", false) => second_factor::factor_view(),
            ("jobs", false) => job::list_view(),
            ("jobs", true) => job::detail_view(id.into()),
            ("plans", false) => plan::list_view(),
            ("messages", false) => message::list_view(),
            ("messages", true) => message::detail_view(),
            ("message-templates", false) => message::templates_view(),
            ("message-templates", true) => message::template_view(id.into()),
            ("", _) if path.get() == "/password" => password::password_view(),
            // On the way to another module.
            ("", _) => ().into_any(),
            _ => empty_view("页面不存在，请检查地址"),
        })
        .into_any()
    }
}

/// `id` (or `new`) and `action` of the address, empty where there is none. From the route's own parameters: the address
/// itself moves on before this route is left.
fn use_place() -> Memo<(String, String)> {
    let params = use_params_map();
    Memo::new(move |_| {
        let params = params.read();
        (params.get("id").unwrap_or_default(), params.get("action").unwrap_or_default())
    })
}

/// True once the page is alive: until then there is nobody to take a form.
fn use_alive() -> RwSignal<bool> {
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    alive
}

/// A yes or no of a form.
fn check_field(
    name: &'static str,
    label: &'static str,
    value: Signal<bool>,
    set: Callback<bool>,
    errors: RwSignal<FieldErrors>,
) -> AnyView {
    let error = move || errors.with(|errors| errors.get(name).map(ToOwned::to_owned));
    view! {
        <div class="form-field" class:has-error=move || error().is_some()>
            <label class="check-box"><input type="checkbox" class="checkbox checkbox-sm" name=name checked=move || value.get() prop:checked=move || value.get() on:change=move |event| set.run(event_target_checked(&event)) aria-describedby=format!("{name}-error") />{label}</label>
            <p class="field-error" id=format!("{name}-error") role="alert">{error}</p>
        </div>
    }
    .into_any()
}

/// Accounts: few open them, so they travel apart.
pub struct Accounts;

#[lazy_route]
impl LazyRoute for Accounts {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = use_place();
        (move || {
            place.with(|(one, action)| match (one.as_str(), action.as_str()) {
                ("", _) => user::list_view(),
                ("new", "") => user::new_view(),
                (_, "") => user::detail_view(),
                (_, "edit") => user::edit_view(),
                (_, "grant") => user::grant_view(),
                _ => empty_view("页面不存在，请检查地址"),
            })
        })
        .into_any()
    }
}

/// Roles, parameters, and what waits for a second person.
pub struct Administration;

#[lazy_route]
impl LazyRoute for Administration {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = use_place();
        // The routes differ in the noun, so it stays as long as this view does.
        let path = use_location().pathname.get_untracked();
        let noun = path.split('/').nth(2).unwrap_or_default().to_owned();
        (move || {
            place.with(|(one, action)| match (noun.as_str(), one.as_str(), action.as_str()) {
                ("roles", "", _) => role::list_view(),
                ("roles", "new", "") => role::new_view(),
                ("roles", _, "") => role::detail_view(),
                ("roles", _, "edit") => role::edit_view(),
                ("roles", _, "copy") => role::copy_view(),
                ("approvals", "", _) => approval::list_view(),
                ("approvals", _, "") => approval::detail_view(),
                ("parameters", "", _) => parameter::list_view(),
                ("parameters", _, "") => parameter::detail_view(),
                _ => empty_view("页面不存在，请检查地址"),
            })
        })
        .into_any()
    }
}
