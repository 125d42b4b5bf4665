//! The list of estates.

use super::api::estate_list;
use crate::{
    housing::{choice::stock_choices_get, list_actions},
    shell::may,
    ui::{
        list::{ListActions, list_page},
        resource::resource,
    },
};
use domain::{housing::estate_sheet::ESTATE_LIST, platform::permission::Permission};
use leptos::prelude::*;

pub fn list_view() -> AnyView {
    // Whoever looks after some estates and no district can enter none. The form needs a browser, so the
    // way to it may wait for one.
    let choices = resource(|| (), |()| stock_choices_get());
    let districts = RwSignal::new(false);
    Effect::new(move |_| {
        if let Some(Ok(choices)) = choices.get() {
            districts.set(!choices.districts.is_empty());
        }
    });
    let actions = list_actions(move || ListActions {
        add: (districts.get() && may(Permission::EstateWrite)).then_some(("/housing/estates/new", "新增小区")),
        import: may(Permission::EstateWrite).then_some("estate"),
        export: may(Permission::StockExport),
    });
    list_page(&ESTATE_LIST, actions, estate_list)
}
