//! 租金核减 (E-56, S2-2.4): the list, a reduction with what is decided about it, and the form with its figures.
//!
//! A lazy route of its own: a few people use it a few times a year.

mod api;
mod detail;
mod form;
mod list;

use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// All pages of rent reductions.
pub struct Reductions;

#[lazy_route]
impl LazyRoute for Reductions {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        let place = Memo::new(move |_| {
            path.with(|path| {
                let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
                match parts.as_slice() {
                    ["billing", "reductions"] => 1,
                    ["billing", "reductions", "new"] => 2,
                    ["billing", "reductions", _] => 3,
                    ["billing", "reductions", _, "stop"] => 4,
                    _ => 0,
                }
            })
        });
        (move || match place.get() {
            1 => list::list_view(),
            2 => form::new_view(),
            3 => detail::detail_view(),
            4 => form::stop_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}
