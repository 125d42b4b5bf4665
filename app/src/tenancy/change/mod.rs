//! 合同变更 (C10, S0-4): the list, a change with its difference, and the form of a new one.
//!
//! Two lazy routes: who looks and decides does not load the forms.

mod api;
mod detail;
mod form;
mod swap_form;
mod swap_view;

use super::use_last_part;
use crate::{
    shell::may,
    ui::{
        list::{ListActions, ListFrame, framed_list_page},
        tabs::{ListTab, list_tabs},
    },
};
use domain::{platform::permission::Permission, tenancy::change_sheet::CHANGE_LIST};
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// The list, and one change.
pub struct ContractChanges;

#[lazy_route]
impl LazyRoute for ContractChanges {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let last = use_last_part();
        (move || match last.get().as_str() {
            "changes" => list_view(),
            id if id.parse::<i64>().is_ok() => detail::detail_view(),
            // On the way to another module.
            _ => ().into_any(),
        })
        .into_any()
    }
}

/// The form of a new change, and that of two households who exchange their homes.
pub struct ContractChangeForm;

#[lazy_route]
impl LazyRoute for ContractChangeForm {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let last = use_last_part();
        (move || match last.get().as_str() {
            "new" => form::new_view(),
            "swap" => swap_form::new_view(),
            // On the way to another module.
            _ => ().into_any(),
        })
        .into_any()
    }
}

fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("合同变更"),
        empty: Some("暂无合同变更，履行中的合同可在合同页面办理"),
        tabs: Some(|| {
            let tab = |filter, says| ListTab { filter: Some(filter), sort: None, says };
            let turn = may(Permission::ContractCheck).then_some(tab(("turn", "MINE"), "待我审批"));
            let rest = [tab(("status", "PENDING"), "待审批"), tab(("status", "APPROVED"), "待生效")];
            list_tabs(CHANGE_LIST.path, [ListTab::ALL].into_iter().chain(turn).chain(rest).collect())
        }),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::ContractWrite).then_some(("/tenancy/changes/swap", "两户调换")),
        export: may(Permission::ContractExport),
        ..ListActions::default()
    });
    framed_list_page(&CHANGE_LIST, frame, actions, api::contract_change_list)
}
