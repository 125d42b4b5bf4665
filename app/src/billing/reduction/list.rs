//! The list of reductions.

use super::api::reduction_list;
use crate::{
    shell::may,
    ui::list::{ListActions, ListFrame, framed_list_page},
};
use domain::{billing::reduction::REDUCTION_LIST, platform::permission::Permission};
use leptos::prelude::*;

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame { title: Some("租金核减"), empty: Some("暂无租金核减"), ..ListFrame::default() };
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::RentAdjust).then_some(("/billing/reductions/new", "办理租金核减")),
        export: may(Permission::BillExport),
        ..ListActions::default()
    });
    framed_list_page(&REDUCTION_LIST, frame, actions, reduction_list)
}
