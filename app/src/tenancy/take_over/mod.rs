//! 存量合同接管 (domain.md §3.27): batches, their rows, and the page of a batch with its control totals.
//!
//! A lazy route of its own: a city is taken over once.

mod api;
mod detail;

use crate::{
    shell::may,
    ui::{
        list::{ListActions, ListFrame, framed_list_page},
        tabs::{ListTab, list_tabs},
    },
};
use domain::{
    import::SheetKey,
    platform::permission::Permission,
    tenancy::take_over::{TAKE_OVER_ITEM_LIST, TAKE_OVER_LIST},
};
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// All pages of taking over.
pub struct TakeOvers;

#[lazy_route]
impl LazyRoute for TakeOvers {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let last = super::use_last_part();
        (move || match last.get().as_str() {
            "take-overs" => list_view(),
            "items" => items_view(),
            id if id.parse::<i64>().is_ok() => detail::detail_view(),
            // On the way to another module.
            _ => ().into_any(),
        })
        .into_any()
    }
}

fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("存量合同接管"),
        empty: Some("暂无接管批次，可导入“存量合同接管”文件"),
        tabs: Some(|| {
            let turn = may(Permission::TakeOverCheck).then_some(ListTab {
                filter: Some(("turn", "MINE")),
                sort: None,
                says: "待我审批",
            });
            list_tabs(TAKE_OVER_LIST.path, [ListTab::ALL].into_iter().chain(turn).collect())
        }),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions {
        add: None,
        import: may(Permission::TakeOverWrite).then(|| SheetKey::TakeOver.code()),
        export: may(Permission::ContractExport),
    });
    framed_list_page(&TAKE_OVER_LIST, frame, actions, api::take_over_list)
}

fn items_view() -> AnyView {
    let frame = ListFrame { title: Some("接管明细"), empty: Some("没有接管明细"), ..ListFrame::default() };
    let actions = Signal::derive(|| ListActions { export: may(Permission::ContractExport), ..ListActions::default() });
    framed_list_page(&TAKE_OVER_ITEM_LIST, frame, actions, api::take_over_item_list)
}
