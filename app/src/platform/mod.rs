//! Platform pages: signing in, the own password, organisations, the operation log, jobs, messages, and administration.

mod approval;
pub(crate) mod attachment;
mod audit;
mod calendar;
mod dictionary;
mod forgotten;
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

use crate::ui::changing::changing;
use crate::ui::empty_view;
use domain::failure::FieldErrors;
use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_location, use_params_map, use_query_map},
    lazy_route,
};

/// The noun of the address: the routes of one module differ in it, so it stays as long as the module's view does.
fn noun() -> String {
    use_location().pathname.get_untracked().split('/').nth(2).unwrap_or_default().to_owned()
}

/// Organisations and the operation log.
pub struct Organizations;

#[lazy_route]
impl LazyRoute for Organizations {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let (noun, place, query) = (noun(), use_place(), use_query_map());
        let editing = Memo::new(move |_| query.read().get("edit").is_some());
        // Tracked: when a link is followed inside the page, the query arrives a moment after the parameters.
        let parent = Memo::new(move |_| query.read().get("parent").unwrap_or_default());
        (move || {
            place.with(|(one, _)| match (noun.as_str(), one.as_str(), editing.get()) {
                ("audit", "", _) => audit::list_view(),
                ("audit", ..) => audit::detail_view(),
                (_, "", _) => organization::list_view(),
                (_, "new", _) => organization_form::new_view(&parent.get()),
                (_, "tree", _) => organization::tree_view(),
                (_, id, true) => organization_form::edit_view(id.parse().unwrap_or(-1)),
                _ => organization::detail_view(),
            })
        })
        .into_any()
    }
}

/// What the city numbers and counts days by for itself: number ranges, the calendar.
pub struct Tables;

#[lazy_route]
impl LazyRoute for Tables {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        match noun().as_str() {
            "numbers" => numbering::list_view(),
            _ => calendar::year_view(),
        }
    }
}

/// The words of the city's own choice lists.
pub struct Dictionaries;

#[lazy_route]
impl LazyRoute for Dictionaries {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = use_place();
        (move || {
            place.with(|(one, _)| match one.as_str() {
                "" => dictionary::list_view(),
                "new" => dictionary::new_view(),
                _ => dictionary::detail_view(),
            })
        })
        .into_any()
    }
}

/// What is under way: jobs and their plans, messages.
pub struct Work;

#[lazy_route]
impl LazyRoute for Work {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let (noun, place) = (noun(), use_place());
        let id = Memo::new(move |_| place.with(|(id, _)| id.clone()));
        (move || {
            place.with(|(one, _)| match (noun.as_str(), one.as_str()) {
                ("plans", _) => plan::list_view(),
                ("messages", "") => message::list_view(),
                ("messages", _) => message::detail_view(),
                ("message-templates", "") => message::templates_view(),
                ("message-templates", _) => message::template_view(id.into()),
                (_, "") => job::list_view(),
                _ => job::detail_view(id.into()),
            })
        })
        .into_any()
    }
}

/// What waits for a second person.
pub struct Approvals;

#[lazy_route]
impl LazyRoute for Approvals {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = use_place();
        (move || place.with(|(one, _)| if one.is_empty() { approval::list_view() } else { approval::detail_view() }))
            .into_any()
    }
}

/// The menu as the city orders it.
pub struct Menus;

#[lazy_route]
impl LazyRoute for Menus {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        menu::list_view()
    }
}

/// What is a person's own: the password, also a forgotten one, and the second factor.
pub struct Own;

#[lazy_route]
impl LazyRoute for Own {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        match noun().as_str() {
            "second-factor" => second_factor::factor_view(),
            "forgotten" => forgotten::forgotten_view(),
            _ => password::password_view(),
        }
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
            <p class="field-error" id=format!("{name}-error") role="alert">{changing(error)}</p>
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

/// Roles and parameters.
pub struct Administration;

#[lazy_route]
impl LazyRoute for Administration {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let (noun, place) = (noun(), use_place());
        (move || {
            place.with(|(one, action)| match (noun.as_str(), one.as_str(), action.as_str()) {
                ("roles", "", _) => role::list_view(),
                ("roles", "new", "") => role::new_view(),
                ("roles", _, "") => role::detail_view(),
                ("roles", _, "edit") => role::edit_view(),
                ("roles", _, "copy") => role::copy_view(),
                ("parameters", "", _) => parameter::list_view(),
                ("parameters", _, "") => parameter::detail_view(),
                _ => empty_view("页面不存在，请检查地址"),
            })
        })
        .into_any()
    }
}
