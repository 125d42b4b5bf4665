//! 房间入住查询 (S1-5.9 b): who lives where; entering it by hand where a home was taken over; and, on the pages of homes
//! and persons, the part of it that belongs there.

pub(crate) mod api;
mod form;
pub(crate) mod panel;

use super::use_last_part;
use crate::{
    shell::may,
    ui::list::{ListActions, ListFrame, framed_list_page},
};
use domain::{platform::permission::Permission, tenancy::binding_sheet::RESIDENT_LIST};
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// The list, and the form.
pub struct Residents;

#[lazy_route]
impl LazyRoute for Residents {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let last = use_last_part();
        (move || match last.get().as_str() {
            "new" => form::new_view(),
            "residents" => list_view(),
            // On the way to another module.
            _ => ().into_any(),
        })
        .into_any()
    }
}

fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("入住查询"),
        empty: Some("暂无入住记录。办理交房后自动登记，接管的房屋可在房源页面登记或导入"),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions {
        add: None,
        import: may(Permission::BindingWrite).then_some("binding"),
        export: may(Permission::PersonExport),
    });
    framed_list_page(&RESIDENT_LIST, frame, actions, api::resident_list)
}
