//! Estates (S1-4.2): list, detail with its buildings, form.

pub mod api;
pub mod detail;
pub mod edit;
pub mod list;
mod pay;

use super::{nowhere, record_pages};
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// One estate: its page and its form.
pub struct EstatePages;

#[lazy_route]
impl LazyRoute for EstatePages {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        record_pages(|id, action| match (id, action) {
            ("new", None) => edit::new_view(),
            (_, None) => detail::detail_view(),
            ("", Some("edit")) => edit::edit_view(),
            _ => nowhere(),
        })
    }
}
