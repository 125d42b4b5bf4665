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

/// The module's pages.
pub struct Persons;

#[lazy_route]
impl LazyRoute for Persons {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let params = use_params_map();
        let place = Memo::new(move |_| {
            params.with(|params| (params.get("id").unwrap_or_default(), params.get("action").is_some()))
        });
        (move || match place.get() {
            (id, _) if id.is_empty() => list_view(),
            (id, _) if id == "new" => edit::new_view(),
            (_, true) => edit::edit_view(),
            (_, false) => detail::detail_view(),
        })
        .into_any()
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
