//! The address patterns of the pages, as the application itself lists them, in the spelling of the server's router:
//! what is logged and counted of a request is its pattern.

use crate::context::{Process, Visit};
use leptos::prelude::{Owner, provide_context};
use leptos_meta::ServerMetaContext;
use leptos_router::{PathSegment, RouteList, location::RequestUrl};

/// Every pattern, e.g. `/housing/{noun}/{id}`.
#[must_use]
pub fn page_patterns(process: &Process) -> Vec<String> {
    let owner = Owner::new_root(None);
    let routes = owner.with(|| {
        provide_context(RequestUrl::new(""));
        provide_context(ServerMetaContext::new().0);
        provide_context(process.clone());
        provide_context(Visit::default());
        RouteList::generate(crate::App)
    });
    routes.map(RouteList::into_inner).unwrap_or_default().iter().map(|route| pattern(route.path())).collect()
}

fn pattern(segments: &[PathSegment]) -> String {
    let mut text = String::new();
    for segment in segments {
        let name = segment.as_raw_str().trim_start_matches('/');
        match segment {
            PathSegment::Static(_) if !name.is_empty() => text.extend(["/", name]),
            PathSegment::Param(_) | PathSegment::OptionalParam(_) => text.extend(["/{", name, "}"]),
            PathSegment::Splat(_) => text.extend(["/{*", name, "}"]),
            PathSegment::Unit | PathSegment::Static(_) => {}
        }
    }
    if text.is_empty() { "/".to_owned() } else { text }
}
