//! Units (S1-4.2): list, detail, form, and the panel that boards show.

pub mod api;
pub mod detail;
pub mod edit;
pub mod list;
mod offshelf;
pub mod panel;

use super::{nowhere, record_pages};
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// One unit: its page and its forms, also that of a new unit in a building.
pub struct UnitPages;

#[lazy_route]
impl LazyRoute for UnitPages {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        record_pages(|id, action| match (id, action) {
            ("", None) => detail::detail_view(),
            ("", Some("edit")) => edit::edit_view(),
            ("", Some("offshelf")) => offshelf::offshelf_view(),
            ("", Some("new-unit")) => edit::new_view(),
            _ => nowhere(),
        })
    }
}
