//! Platform pages: signing in, the own password, organisations.

pub mod organization;
pub mod password;
pub mod session;
pub mod sign_in;

use crate::ui::empty_view;
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_location, lazy_route};

/// The module's pages, loaded when somebody first goes to one of them.
pub struct Platform;

#[lazy_route]
impl LazyRoute for Platform {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        (move || match path.get().as_str() {
            "/password" => password::password_view(),
            "/platform/organizations" => organization::list_view(),
            path if path.starts_with("/platform/") => empty_view("页面不存在，请检查地址"),
            // On the way to another module.
            _ => ().into_any(),
        })
        .into_any()
    }
}
