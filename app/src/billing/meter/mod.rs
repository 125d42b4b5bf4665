//! 表具与抄表 (S4-1.3.3, S4-1.6): the register, periods with the grid of their readings, and what was read.
//!
//! Two lazy routes: the register with its forms, and what is read.

mod api;
mod form;
mod grid;
mod list;
mod period;
mod reading;
mod register;

use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// The register of meters.
pub struct Meters;

/// Periods and readings.
pub struct Readings;

/// Which page an address names; 0 on the way to another module.
fn places() -> Memo<u8> {
    let path = use_location().pathname;
    Memo::new(move |_| {
        path.with(|path| {
            let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
            match parts.as_slice() {
                ["billing", "meters"] => 1,
                ["billing", "meters", "new"] => 2,
                ["billing", "meters", "auto"] => 3,
                ["billing", "meters", "periods"] => 4,
                ["billing", "meters", "periods", "new"] => 5,
                ["billing", "meters", "periods", _] => 6,
                ["billing", "meters", "readings"] => 7,
                ["billing", "meters", "readings", _] => 8,
                ["billing", "meters", _] => 9,
                ["billing", "meters", _, "edit"] => 10,
                ["billing", "meters", _, "replace"] => 11,
                _ => 0,
            }
        })
    })
}

#[lazy_route]
impl LazyRoute for Meters {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = places();
        (move || match place.get() {
            1 => list::meters_view(),
            2 => form::new_view(),
            3 => form::auto_view(),
            9 => register::detail_view(),
            10 => form::edit_view(),
            11 => form::replace_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}

#[lazy_route]
impl LazyRoute for Readings {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = places();
        (move || match place.get() {
            4 => list::periods_view(),
            5 => period::new_view(),
            6 => period::detail_view(),
            7 => list::readings_view(),
            8 => reading::detail_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}
