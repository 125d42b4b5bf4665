//! The forms of projects, buildings, rooms and rent standards, apart from the pages that show them.

mod building;
mod project;
mod rent_standard;
mod room;

use super::nowhere;
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// New and change, by the address: `/housing/<noun>/new`, `/housing/<noun>/<id>/edit`.
pub struct StockForms;

#[lazy_route]
impl LazyRoute for StockForms {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        (move || {
            let path = path.get();
            match path.trim_matches('/').split('/').collect::<Vec<_>>().as_slice() {
                ["housing", "projects", "new"] => project::new_view(),
                ["housing", "projects", _, "edit"] => project::edit_view(),
                ["housing", "buildings", "new"] => building::new_view(),
                ["housing", "buildings", _, "edit"] => building::edit_view(),
                ["housing", "units", _, "new-room"] => room::new_view(),
                ["housing", "rooms", _, "edit"] => room::edit_view(),
                ["housing", "rent-standards", "new"] => rent_standard::new_view(),
                ["housing", "rent-standards", _, "end"] => rent_standard::end_view(),
                ["housing", _, _, _] => nowhere(),
                // On the way to another module.
                _ => ().into_any(),
            }
        })
        .into_any()
    }
}
