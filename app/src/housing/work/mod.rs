//! Work on many units at once: the units of a building by pattern, one change of chosen units, labels to print.

mod batch;
mod generate;
pub mod label;

use super::nowhere;
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// By the address: `/housing/units/batch`, `/housing/buildings/<id>/generate`, `…/labels`, `/housing/units/<id>/label`.
pub struct StockWork;

#[lazy_route]
impl LazyRoute for StockWork {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        (move || {
            let path = path.get();
            match path.trim_matches('/').split('/').collect::<Vec<_>>().as_slice() {
                ["housing", "units", "batch"] => batch::batch_view(),
                ["housing", "units", _, "label"] => label::unit_view(),
                ["housing", "buildings", _, "generate"] => generate::generate_view(),
                ["housing", "buildings", _, "labels"] => label::building_view(),
                ["housing", _, _, _] => nowhere(),
                // On the way to another module.
                _ => ().into_any(),
            }
        })
        .into_any()
    }
}
