//! Platform pages: signing in, the own password, organisations, the operation log.

pub mod audit;
pub mod organization;
pub mod password;
pub mod session;
pub mod sign_in;

use crate::ui::empty_view;
use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_location, use_params_map},
    lazy_route,
};

/// The module's pages, loaded when somebody first goes to one of them.
pub struct Platform;

#[lazy_route]
impl LazyRoute for Platform {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        let params = use_params_map();
        let noun = Memo::new(move |_| params.read().get("noun").unwrap_or_default());
        let one = Memo::new(move |_| params.read().get("id").is_some());
        (move || match (noun.get().as_str(), one.get()) {
            ("organizations", false) => organization::list_view(),
            ("organizations", true) => organization::detail_view(),
            ("audit", false) => audit::list_view(),
            ("audit", true) => audit::detail_view(),
            ("", _) if path.get() == "/password" => password::password_view(),
            // On the way to another module.
            ("", _) => ().into_any(),
            _ => empty_view("页面不存在，请检查地址"),
        })
        .into_any()
    }
}
