//! 租金调整 (S1-7.1): documents, their contracts, and the form with its preview.
//!
//! A lazy route of its own: a few people use it a few times a year.

mod api;
mod detail;
mod form;
mod list;

use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// All pages of rent adjustments.
pub struct Adjustments;

#[lazy_route]
impl LazyRoute for Adjustments {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        let place = Memo::new(move |_| {
            path.with(|path| {
                let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
                match parts.as_slice() {
                    ["billing", "adjustments"] => 1,
                    ["billing", "adjustments", "new"] => 2,
                    ["billing", "adjustments", "contracts"] => 3,
                    ["billing", "adjustments", _] => 4,
                    _ => 0,
                }
            })
        });
        (move || match place.get() {
            1 => list::list_view(),
            2 => form::new_view(),
            3 => list::changes_view(),
            4 => detail::detail_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}
