//! The list of estates.

use super::api::estate_list;
use crate::{
    housing::list_actions,
    shell::may,
    ui::list::{ListActions, list_page},
};
use domain::{housing::estate_sheet::ESTATE_LIST, platform::permission::Permission};
use leptos::prelude::*;

pub fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions {
        add: may(Permission::EstateWrite).then_some(("/housing/estates/new", "新增小区")),
        import: may(Permission::EstateWrite).then_some("estate"),
        export: may(Permission::StockExport),
    });
    list_page(&ESTATE_LIST, actions, estate_list)
}
