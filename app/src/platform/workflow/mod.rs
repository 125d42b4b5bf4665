//! Workflow definitions (S1-9.9): list, record, and the form of a new version. Few open them, so they travel apart.

mod api;
mod detail;
mod edit;

use super::use_place;
use crate::ui::{
    empty_view,
    list::{ListActions, ListFrame, framed_list_page},
};
use domain::platform::workflow::WORKFLOW_LIST;
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// The module's pages.
pub struct Workflows;

#[lazy_route]
impl LazyRoute for Workflows {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = use_place();
        (move || {
            place.with(|(one, action)| match (one.as_str(), action.as_str()) {
                ("", _) => list_view(),
                (_, "") => detail::detail_view(),
                (_, "edit") => edit::edit_view(),
                _ => empty_view("页面不存在，请检查地址"),
            })
        })
        .into_any()
    }
}

fn list_view() -> AnyView {
    let frame = ListFrame { title: Some(WORKFLOW_LIST.noun), ..ListFrame::default() };
    framed_list_page(&WORKFLOW_LIST, frame, Signal::derive(ListActions::default), api::workflow_list)
}
