//! 公租房房源: projects, estates, buildings, units, rooms, rent standards.
//!
//! Six lazy routes: the lists with what is only read there, the pages of an estate, of a building and of a unit, the
//! other forms, and the work on many units. Whoever looks at a list does not load the forms. Asset cards have four of
//! their own (`asset`).

pub mod choice;

mod asset;
mod building;
mod estate;
mod forms;
mod project;
mod rent_standard;
mod room;
pub(crate) mod tree;
mod unit;
mod work;

pub use asset::{AssetCards, AssetForms, AssetSheets, Assets};
pub use building::BuildingPages;
pub use estate::EstatePages;
pub use forms::StockForms;
pub use unit::UnitPages;
pub(crate) use unit::api::{unit_get, unit_list};
pub use work::StockWork;

use crate::ui::{detail::use_id, empty_view, list::ListActions};
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};

/// The lists, and the nouns that are only read.
pub struct Housing;

#[lazy_route]
impl LazyRoute for Housing {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let params = use_params_map();
        let noun = Memo::new(move |_| params.read().get("noun").unwrap_or_default());
        let one = Memo::new(move |_| params.read().get("id").is_some());
        (move || match (noun.get().as_str(), one.get()) {
            ("projects", false) => project::list_view(),
            ("projects", true) => project::detail_view(),
            ("estates", false) => estate::list::list_view(),
            ("buildings", false) => building::list::list_view(),
            ("units", false) => unit::list::list_view(),
            ("rooms", false) => room::list_view(),
            ("rooms", true) => room::detail_view(),
            ("rent-standards", false) => rent_standard::list_view(),
            ("rent-standards", true) => rent_standard::detail_view(),
            // On the way to another module.
            ("", _) => ().into_any(),
            _ => nowhere(),
        })
        .into_any()
    }
}

/// The pages of one record, by the last parts of its address: the id (`new` is an id that nothing has yet) and
/// what is to be done with it. Without an id the browser is on its way to another module.
fn record_pages(draw: impl Fn(&str, Option<&str>) -> AnyView + Send + 'static) -> AnyView {
    let params = use_params_map();
    let page = Memo::new(move |_| {
        let params = params.read();
        let id = params.get("id")?;
        Some((if id == "new" { id } else { String::new() }, params.get("action")))
    });
    (move || page.get().map(|(id, action)| draw(&id, action.as_deref()))).into_any()
}

fn nowhere() -> AnyView {
    empty_view("页面不存在，请检查地址")
}

/// What the actor may do on a list.
fn list_actions(actions: impl Fn() -> ListActions + Send + Sync + 'static) -> Signal<ListActions> {
    Signal::derive(actions)
}
