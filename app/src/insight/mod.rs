//! Maps and boards: what the leadership looks at.

pub(crate) mod home;
pub(crate) mod map;

use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// The module's pages.
pub struct Insight;

#[lazy_route]
impl LazyRoute for Insight {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        (move || match path.get().as_str() {
            "/" => home::home_view(),
            "/map" => map::map_view(),
            // On the way to another module.
            _ => ().into_any(),
        })
        .into_any()
    }
}
