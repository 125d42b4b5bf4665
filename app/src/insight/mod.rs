//! Maps and boards: what the leadership looks at.
//!
//! Three routes, because everybody's first page is home, and neither the map nor reports are needed for it.

pub(crate) mod home;
pub(crate) mod map;
mod reminder;
pub(crate) mod report;

use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// Everybody's first page.
pub struct Home;

#[lazy_route]
impl LazyRoute for Home {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        home::home_view()
    }
}

/// The stock on the city's map.
pub struct CityMap;

#[lazy_route]
impl LazyRoute for CityMap {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        map::map_view()
    }
}
