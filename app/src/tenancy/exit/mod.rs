//! 退租管理 (S0-17, S1-5.6, S1-7.4, S4-1.5.4): the list, an exit with its steps, and the forms of each step.
//!
//! Two lazy routes: who looks and decides does not load the forms.

mod api;
mod bill;
mod bill_form;
mod detail;
mod inspection_form;
mod inspection_items;
mod keys_form;
mod request_form;

use super::{nowhere, use_last_part};
use crate::{
    shell::may,
    ui::{
        list::{ListActions, ListFrame, framed_list_page},
        tabs::{ListTab, list_tabs},
    },
};
use domain::{platform::permission::Permission, tenancy::exit_sheet::EXIT_LIST};
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// The list, and one exit.
pub struct Exits;

#[lazy_route]
impl LazyRoute for Exits {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let last = use_last_part();
        (move || match last.get().as_str() {
            "exits" => list_view(),
            id if id.parse::<i64>().is_ok() => detail::detail_view(),
            // On the way to another module.
            _ => ().into_any(),
        })
        .into_any()
    }
}

/// The forms: the request, the inspection, the exit bill, the keys.
pub struct ExitForms;

#[lazy_route]
impl LazyRoute for ExitForms {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let last = use_last_part();
        (move || match last.get().as_str() {
            "new" => request_form::new_view(),
            "inspection" => inspection_form::form_page(),
            "bill" => bill_form::form_page(),
            "keys" => keys_form::form_page(),
            _ => nowhere(),
        })
        .into_any()
    }
}

fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("退租管理"),
        empty: Some("没有符合条件的退租。履行中或已到期的合同可在合同页面申请退租"),
        tabs: Some(|| {
            let tab = |filter, says| ListTab { filter: Some(filter), sort: None, says };
            let tabs = vec![
                ListTab::ALL,
                tab(("turn", "MINE"), "待我办理"),
                tab(("status", "APPLIED"), "待审批"),
                tab(("status", "ACCEPTED"), "待验房"),
                tab(("status", "SETTLEMENT"), "结算中"),
            ];
            list_tabs(EXIT_LIST.path, tabs)
        }),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { add: None, import: None, export: may(Permission::ContractExport) });
    framed_list_page(&EXIT_LIST, frame, actions, api::exit_list)
}
