//! Imports (S1-3): upload, preview, confirm, progress, result, log.

mod api;
mod job;
mod log;
mod upload;

use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_location, use_params_map, use_query_map},
    lazy_route,
};

/// The module's pages.
pub struct Imports;

#[lazy_route]
impl LazyRoute for Imports {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let params = use_params_map();
        let query = use_query_map();
        let path = use_location().pathname;
        (move || match (params.read().get("id"), query.read().get("new")) {
            // On the way to another module.
            _ if !path.get().starts_with("/imports") => ().into_any(),
            (Some(id), _) => job::job_view(id),
            (None, Some(sheet)) => upload::upload_view(sheet),
            (None, None) => log::log_view(),
        })
        .into_any()
    }
}
