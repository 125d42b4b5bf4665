//! The two lists: documents, and the contracts that they change.

use super::api::{adjustment_list, rent_change_list};
use crate::{
    shell::may,
    ui::list::{ListActions, ListFrame, framed_list_page},
};
use domain::{
    billing::adjustment_sheet::{ADJUSTMENT_LIST, RENT_CHANGE_LIST},
    import::SheetKey,
    platform::permission::Permission,
};
use leptos::prelude::*;

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("租金调整"),
        empty: Some("暂无租金调整"),
        tabs: Some(|| tabs(ADJUSTMENT_LIST.path)),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::RentAdjust).then_some(("/billing/adjustments/new", "办理租金调整")),
        import: may(Permission::RentAdjust).then(|| SheetKey::RentAdjustment.code()),
        export: may(Permission::BillExport),
    });
    framed_list_page(&ADJUSTMENT_LIST, frame, actions, adjustment_list)
}

pub(super) fn changes_view() -> AnyView {
    let frame = ListFrame {
        title: Some("租金调整明细"),
        empty: Some("暂无租金调整"),
        tabs: Some(|| tabs(RENT_CHANGE_LIST.path)),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
    framed_list_page(&RENT_CHANGE_LIST, frame, actions, rent_change_list)
}

fn tabs(here: &'static str) -> AnyView {
    let tab = |href: &'static str, label: &'static str| {
        let current = (href == here).then_some("page");
        view! { <a class="btn btn-sm btn-ghost" class:btn-active=current.is_some() href=href aria-current=current>{label}</a> }
    };
    view! {
        <nav class="deed-row" aria-label="租金调整">
            {tab(ADJUSTMENT_LIST.path, "调整单")}
            {tab(RENT_CHANGE_LIST.path, "合同明细")}
        </nav>
    }
    .into_any()
}
