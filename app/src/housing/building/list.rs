//! The list of buildings.

use super::api::building_list;
use crate::{
    housing::list_actions,
    shell::may,
    ui::list::{ListActions, list_page},
};
use domain::{housing::building_sheet::BUILDING_LIST, platform::permission::Permission};
use leptos::prelude::*;

pub fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions {
        add: None,
        import: may(Permission::UnitWrite).then_some("building"),
        export: may(Permission::StockExport),
    });
    list_page(&BUILDING_LIST, actions, building_list)
}
