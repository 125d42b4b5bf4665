//! Persons (S1-5.4): list, record and form.

mod api;
mod detail;
mod edit;
mod find;

use crate::{
    shell::may,
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

fn list_view() -> AnyView {
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::PersonWrite).then_some(("/persons/new", "新增人员")),
        import: None,
        export: may(Permission::PersonExport),
    });
    framed_list_page(
        &PERSON_LIST,
        ListFrame { tools: Some(find::find_tool), ..ListFrame::default() },
        actions,
        api::person_list,
    )
}
