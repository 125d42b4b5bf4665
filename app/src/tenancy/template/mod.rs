//! 文书与打印 (S2-3.7, E-105, E-106, S1-12.7): the wording of contracts and notices, printing them, and the log of
//! prints. Two lazy routes of their own.

mod api;
mod copy;
mod detail;
mod edit;
mod notice;
mod print;
mod queue;

pub(crate) use api::print_create;
pub(crate) use print::{batch_href, fetched, print_deed, saved};

use crate::{
    shell::may,
    ui::list::{ListActions, ListFrame, framed_list_page},
};
use domain::{
    platform::{permission::Permission, print::PRINT_LIST, print_queue::FINDING_LIST},
    tenancy::template::TEMPLATE_LIST,
};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// Which page the parts of the address name.
fn use_page(of: fn(&[&str]) -> u8) -> Memo<u8> {
    let path = use_location().pathname;
    Memo::new(move |_| path.with(|path| of(&path.trim_matches('/').split('/').collect::<Vec<_>>())))
}

/// Templates, and 付款通知单.
pub struct Papers;

/// What was printed, and what waits to be.
pub struct Prints;

#[lazy_route]
impl LazyRoute for Papers {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let page = use_page(|parts| match parts {
            ["tenancy", "templates"] => 1,
            ["tenancy", "templates", "new"] => 2,
            ["tenancy", "templates", _] => 3,
            ["tenancy", "templates", _, "edit"] => 4,
            ["billing", "notices"] => 5,
            // On the way to another module.
            _ => 0,
        });
        (move || match page.get() {
            1 => templates_view(),
            2 => edit::new_view(),
            3 => detail::detail_view(),
            4 => edit::edit_view(),
            5 => notice::notice_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}

#[lazy_route]
impl LazyRoute for Prints {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let page = use_page(|parts| match parts {
            ["tenancy", "prints"] => 1,
            ["tenancy", "prints", "audit"] => 2,
            ["tenancy", "prints", _] => 3,
            ["tenancy", "print-queue"] => 4,
            ["tenancy", "print-queue", "selected"] => 5,
            ["tenancy", "print-queue", "skipped"] => 6,
            // On the way to another module.
            _ => 0,
        });
        (move || match page.get() {
            1 => prints_view(),
            2 => queue::findings_view(),
            3 => copy::copy_view(),
            4 => queue::list_view(),
            5 => queue::selected_view(),
            6 => queue::skipped_view(),
            _ => ().into_any(),
        })
        .into_any()
    }
}

fn templates_view() -> AnyView {
    let frame = ListFrame { title: Some("文书模板"), empty: Some("暂无模板"), ..ListFrame::default() };
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::TemplateWrite).then_some(("/tenancy/templates/new", "新增版本")),
        ..ListActions::default()
    });
    framed_list_page(&TEMPLATE_LIST, frame, actions, api::template_list)
}

fn prints_view() -> AnyView {
    let frame = ListFrame {
        title: Some("打印记录"),
        empty: Some("暂无打印记录，可在待打印、合同、收据、催缴和缴费通知单页面打印"),
        tools: Some(|| view! { <a class="btn btn-outline btn-sm" href=FINDING_LIST.path>"编号核查"</a> }.into_any()),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { export: may(Permission::ContractExport), ..ListActions::default() });
    framed_list_page(&PRINT_LIST, frame, actions, api::print_list)
}
