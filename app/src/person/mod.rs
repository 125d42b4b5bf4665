//! Persons (S1-5.4): list, record and form.

pub(crate) mod api;
mod delete;
mod detail;
mod edit;
mod find;
mod household;
mod merge;

pub use household::Households;

use crate::{
    shell::may,
    ui::changing::changing,
    ui::list::{ListActions, ListFrame, framed_list_page},
};
use domain::{person::sheet::PERSON_LIST, platform::permission::Permission};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};

/// The list and the record.
pub struct Persons;

#[lazy_route]
impl LazyRoute for Persons {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let params = use_params_map();
        let one = Memo::new(move |_| params.read().get("id").is_some());
        (move || if one.get() { detail::detail_view() } else { list_view() }).into_any()
    }
}

/// The form, apart from what most people come for: its checks and dictionaries are half of the module.
pub struct PersonForms;

#[lazy_route]
impl LazyRoute for PersonForms {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let params = use_params_map();
        let known = Memo::new(move |_| params.read().get("id").is_some());
        (move || if known.get() { edit::edit_view() } else { edit::new_view() }).into_any()
    }
}

/// Making one of two records: the city's work, seldom done.
pub struct PersonMerge;

#[lazy_route]
impl LazyRoute for PersonMerge {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let params = use_params_map();
        let pair = Memo::new(move |_| {
            let id = |key| params.read().get(key)?.parse::<i64>().ok();
            Some((id("id")?, id("other")?))
        });
        (move || match pair.get() {
            Some((a, b)) => merge::pair_view(a, b),
            None => merge::likely_view(),
        })
        .into_any()
    }
}

/// What stands beside the title of the list.
fn list_tools() -> AnyView {
    let likely = move || {
        may(Permission::PersonMerge)
            .then(|| view! { <a class="btn btn-outline btn-sm" href="/persons/duplicates">"重复人员"</a> })
    };
    view! { {find::find_tool()}{changing(likely)} }.into_any()
}

fn list_view() -> AnyView {
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::PersonWrite).then_some(("/persons/new", "新增人员")),
        import: may(Permission::PersonImport).then_some("person"),
        export: may(Permission::PersonExport),
    });
    framed_list_page(
        &PERSON_LIST,
        ListFrame { tools: Some(list_tools), ..ListFrame::default() },
        actions,
        api::person_list,
    )
}
