//! Buildings: list, and the board of one building (楼盘表, S0-6 level 3).

pub mod api;
pub mod board;
pub mod facts;
pub mod list;
mod menu;
mod pay;

use super::record_pages;
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// One building: its board.
pub struct BuildingPages;

#[lazy_route]
impl LazyRoute for BuildingPages {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        record_pages(|_, _| board::board_view())
    }
}
