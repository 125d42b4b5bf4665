//! 交房管理 (S4-1.5.3): what waits to be handed over and what was, the form and the record.

mod api;
mod detail;
mod fields;
mod form;

use super::{nowhere, use_last_part};
use crate::{
    shell::may,
    ui::{
        list::{ListActions, ListFrame, framed_list_page},
        tabs::{ListTab, list_tabs},
    },
};
use domain::{
    platform::permission::Permission,
    tenancy::hand_over_sheet::{DONE, HAND_OVER_LIST, WAITING},
};
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// Everything about hand-overs.
pub struct HandOvers;

#[lazy_route]
impl LazyRoute for HandOvers {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let last = use_last_part();
        (move || match last.get().as_str() {
            "hand-overs" => list_view(),
            "new" => form::new_view(),
            "edit" => form::edit_view(),
            id if id.parse::<i64>().is_ok() => detail::detail_view(),
            _ => nowhere(),
        })
        .into_any()
    }
}

fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("交房入住"),
        empty: Some("没有符合条件的记录。合同生效后，房屋在“待入住”中等待交房"),
        tabs: Some(|| {
            let waiting = ListTab { filter: Some(("state", WAITING)), sort: Some("start_on"), says: "待入住" };
            let done = ListTab { filter: Some(("state", DONE)), sort: Some("-handed_on"), says: "交房记录" };
            list_tabs(HAND_OVER_LIST.path, vec![ListTab::ALL, waiting, done])
        }),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { add: None, import: None, export: may(Permission::ContractExport) });
    framed_list_page(&HAND_OVER_LIST, frame, actions, api::hand_over_list)
}
