//! 公租房房源: projects, estates, buildings, units, rooms, rent standards.

pub mod choice;

mod building;
mod estate;
mod project;
mod rent_standard;
mod room;
mod unit;

use crate::ui::{detail::use_id, empty_view, list::ListActions};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};

/// The module's pages, loaded when somebody first goes to one of them.
pub struct Housing;

#[lazy_route]
impl LazyRoute for Housing {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let params = use_params_map();
        let noun = Memo::new(move |_| params.read().get("noun").unwrap_or_default());
        // `new` is an id that nothing has yet.
        let page = Memo::new(move |_| match (params.read().get("id"), params.read().get("action")) {
            (None, _) => Page::List,
            (Some(id), None) if id == "new" => Page::New,
            (Some(_), None) => Page::Detail,
            (Some(_), Some(action)) => Page::Action(action),
        });
        (move || match (noun.get().as_str(), page.get()) {
            ("projects", Page::List) => project::list_view(),
            ("projects", Page::Detail) => project::detail_view(),
            ("estates", Page::List) => estate::list::list_view(),
            ("estates", Page::New) => estate::edit::new_view(),
            ("estates", Page::Detail) => estate::detail::detail_view(),
            ("estates", Page::Action(action)) if action == "edit" => estate::edit::edit_view(),
            ("buildings", Page::List) => building::list::list_view(),
            ("buildings", Page::Detail) => building::board::board_view(),
            ("buildings", Page::Action(action)) if action == "new-unit" => unit::edit::new_view(),
            ("units", Page::List) => unit::list::list_view(),
            ("units", Page::Detail) => unit::detail::detail_view(),
            ("units", Page::Action(action)) if action == "edit" => unit::edit::edit_view(),
            ("rooms", Page::List) => room::list_view(),
            ("rooms", Page::Detail) => room::detail_view(),
            ("rent-standards", Page::List) => rent_standard::list_view(),
            ("rent-standards", Page::Detail) => rent_standard::detail_view(),
            // On the way to another module.
            ("", _) => ().into_any(),
            _ => empty_view("页面不存在，请检查地址"),
        })
        .into_any()
    }
}

/// Which page of a noun is meant.
#[derive(Clone, PartialEq)]
enum Page {
    List,
    New,
    Detail,
    Action(String),
}

/// What the actor may do on a list.
fn list_actions(actions: impl Fn() -> ListActions + Send + Sync + 'static) -> Signal<ListActions> {
    Signal::derive(actions)
}
