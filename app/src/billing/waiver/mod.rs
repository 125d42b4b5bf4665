//! 减免 and 坏账核销 (domain.md §3.6 L8, RP-17): the list, a document with what is decided about it, and the form.
//!
//! A lazy route of its own: who collects does not forgive.

mod api;
mod detail;
mod form;

use crate::{
    shell::may,
    ui::list::{ListActions, ListFrame, framed_list_page},
};
use domain::{billing::waiver::WAIVER_LIST, platform::permission::Permission};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// All pages of waivers.
pub struct Waivers;

#[lazy_route]
impl LazyRoute for Waivers {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        let place = Memo::new(move |_| {
            path.with(|path| {
                let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
                match parts.as_slice() {
                    ["billing", "waivers"] => 1,
                    ["billing", "waivers", _] => 2,
                    ["billing", "accounts", _, "waive"] => 3,
                    _ => 0,
                }
            })
        });
        (move || match place.get() {
            1 => list_view(),
            2 => detail::detail_view(),
            3 => form::new_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}

fn list_view() -> AnyView {
    let frame =
        ListFrame {
            title: Some("减免核销"), empty: Some("暂无减免核销，可在租金账户中申请"), ..ListFrame::default()
        };
    let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
    framed_list_page(&WAIVER_LIST, frame, actions, api::waiver_list)
}
