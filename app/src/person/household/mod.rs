//! Households (E-05): list, record and form.

mod api;
mod detail;
mod fields;
mod form;

use crate::{
    shell::may,
    ui::list::{ListActions, list_page},
};
use domain::{person::household::HOUSEHOLD_LIST, platform::permission::Permission};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// Everything about households.
pub struct Households;

#[lazy_route]
impl LazyRoute for Households {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        let last = Memo::new(move |_| path.with(|path| path.rsplit('/').next().unwrap_or_default().to_owned()));
        (move || match last.get().as_str() {
            "households" => list_view(),
            "new" => form::new_view(),
            "edit" => form::edit_view(),
            id if id.parse::<i64>().is_ok() => detail::detail_view(),
            // On the way to another module.
            _ => ().into_any(),
        })
        .into_any()
    }
}

fn list_view() -> AnyView {
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::HouseholdWrite).then_some(("/persons/households/new", "登记家庭")),
        import: None,
        export: may(Permission::PersonExport) && may(Permission::HouseholdRead),
    });
    list_page(&HOUSEHOLD_LIST, actions, api::household_list)
}
