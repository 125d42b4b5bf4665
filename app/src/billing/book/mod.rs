//! 账务 (S0-11, S4-1.11, S4-1.12): refunds, the cashier's shifts, the ledger's month, its transfers, and the levels of accounts.
//!
//! A lazy route of its own: who keeps books does not load the counter, and the counter not the books.

mod api;
mod entry;
mod level;
mod month;
mod refund;
mod refund_form;
mod shift;
mod shift_form;

use super::use_last_part;
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// Lists and pages of the books.
pub struct Books;

#[lazy_route]
impl LazyRoute for Books {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let last = use_last_part();
        (move || match last.get().as_str() {
            "ledger" => month::month_view(),
            "entries" => entry::list_view(),
            "levels" => level::level_view(),
            "refunds" => refund::list_view(),
            "shifts" => shift::list_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}

/// One account's transfers, one refund, one shift, and the form of a refund.
pub struct BookPages;

#[lazy_route]
impl LazyRoute for BookPages {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = leptos_router::hooks::use_location().pathname;
        let kind = Memo::new(move |_| {
            path.with(|path| {
                let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
                match parts.as_slice() {
                    ["billing", "accounts", _, "entries"] => 1,
                    ["billing", "accounts", _, "refund"] => 2,
                    ["billing", "refunds", _] => 3,
                    ["billing", "shifts", _] => 4,
                    _ => 0,
                }
            })
        });
        (move || match kind.get() {
            1 => entry::account_view(),
            2 => refund_form::new_view(),
            3 => refund::detail_view(),
            4 => shift::detail_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}
