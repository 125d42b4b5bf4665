//! The pieces pages are made of. Compiled once: nothing here is generic over a noun.

pub mod changing;
mod columns;
pub mod combo;
mod conflict;
pub mod deed;
pub mod detail;
pub mod dialog;
mod dropdown;
pub mod field;
pub mod form;
#[cfg(debug_assertions)]
pub mod gallery;
mod guard;
mod input;
pub mod label;
pub mod lines;
pub mod list;
pub mod live;
mod pager;
pub mod pay;
pub mod person_picker;
pub mod place;
pub mod post;
pub mod qr;
pub mod remove;
pub mod request;
pub mod resource;
pub mod reveal;
pub mod rows;
pub mod select;
pub mod table;
pub mod tabs;
pub mod toast;
pub mod unit_picker;
pub mod upload;
pub mod visit;
pub mod wording;

#[cfg(feature = "hydrate")]
pub mod asset;
#[cfg(feature = "hydrate")]
pub mod chart;
#[cfg(feature = "hydrate")]
pub mod map;
#[cfg(feature = "hydrate")]
pub mod map_pick;

use crate::{ApiError, shell::use_frame};
use domain::{dictionary::UnitStatus, failure::Failure};
use leptos::{prelude::*, wasm_bindgen::JsCast as _};
use leptos_meta::Title;
use leptos_router::hooks::use_location;

/// A page's heading: where it stands, its title, what can be done there; on paper also whose it is and of which day.
///
/// `trail` leads from the home page down to `back`, the page right above.
#[component]
pub fn PageHead(
    #[prop(into)] title: String,
    #[prop(optional)] trail: Vec<(String, String)>,
    #[prop(optional)] back: Option<(String, String)>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let frame = use_frame();
    // The home page stands above all others, and nothing above it.
    let above = use_location().pathname.with_untracked(|path| path != "/").then(|| ("/".to_owned(), "首页".to_owned()));
    let crumbs: Vec<_> = above
        .into_iter()
        .chain(trail)
        .chain(back)
        .map(|(href, label)| view! { <li><a href=href>{label}</a></li> })
        .collect();
    let paper = frame.with_untracked(|frame| {
        let who = frame.actor.as_ref().map(|actor| actor.name.clone()).unwrap_or_default();
        format!("{}　打印日期：{}　打印人：{who}", frame.settings.city_name, frame.day)
    });
    // Known while the page is made: the mark is set when the first page of a visit is whole.
    let onward = cfg!(feature = "hydrate") && document().body().is_some_and(|body| body.has_attribute("data-hydrated"));
    Effect::new(move |_| {
        if onward {
            take_over_focus();
        }
    });
    view! {
        <Title text=title.clone() />
        <div class="page-head">
            {(!crumbs.is_empty()).then(|| view! { <nav aria-label="面包屑" class="crumbs"><ol>{crumbs}</ol></nav> })}
            <p class="paper-only">{paper}</p>
            <h1>{title}</h1>
            <div class="page-actions">{children.map(|children| children())}</div>
        </div>
    }
}

/// On the way from page to page the keyboard's place goes with the link that was followed: it goes on at the text.
fn take_over_focus() {
    request_animation_frame(|| {
        let page = document();
        let lost = page.active_element().is_none_or(|active| active.tag_name() == "BODY");
        if lost && let Some(text) = page.get_element_by_id("page-text") {
            let _ = text.unchecked_into::<web_sys::HtmlElement>().focus();
        }
    });
}

/// 打印: the browser's own dialog; what stands on paper is the style sheet's business.
pub fn print_button() -> impl IntoView {
    let print = |_| {
        // It fails only where printing is forbidden, and then says so itself.
        let _ = window().print();
    };
    view! { <button type="button" class="btn btn-outline btn-sm needs-script" on:click=print>{icon("print")}"打印"</button> }
}

/// A failure as people see it: what happened and what to do.
#[must_use]
pub fn error_view(error: &ApiError) -> AnyView {
    let sign_in = error.0 == Failure::NotSignedIn;
    view! {
        <div role="alert" class="alert alert-error alert-soft m-4">
            <span>{error.to_string()}</span>
            {sign_in.then(|| view! { <a class="btn btn-sm" href="/sign-in" rel="external">"去登录"</a> })}
        </div>
    }
    .into_any()
}

/// Nothing to show, and what to do about it.
#[must_use]
pub fn empty_view(sentence: &'static str) -> AnyView {
    view! { <div class="empty-state">{icon("empty")}<p>{sentence}</p></div> }.into_any()
}

/// While something is on its way.
#[must_use]
pub fn loading_view() -> AnyView {
    view! { <div class="loading-state" role="status"><span class="loading loading-spinner"></span>"正在加载…"</div> }
        .into_any()
}

/// The square that stands for a status: colour and letter, so that it also reads without colour.
#[must_use]
pub fn status_tile(status: UnitStatus) -> impl IntoView {
    view! { <span class="status-tile" data-status=tone(status)></span> }
}

/// The tone of a status, as in the CSS variables `--status-…`.
#[must_use]
pub fn tone(status: UnitStatus) -> String {
    status.code().to_ascii_lowercase()
}

/// A line icon of 24 × 24; decorative, so hidden from screen readers.
#[must_use]
pub fn icon(name: &str) -> impl IntoView + use<> {
    let path = match name {
        "menu" => "M4 6h16M4 12h16M4 18h16",
        "down" => "M6 9l6 6 6-6",
        "back" => "M15 6l-6 6 6 6",
        "home" => "M4 11l8-7 8 7M6 10v10h12V10",
        "map" => "M9 4L3 6v14l6-2 6 2 6-2V4l-6 2-6-2zM9 4v14M15 6v14",
        "project" => "M4 20h16M6 20V8l6-4 6 4v12M10 20v-5h4v5",
        "estate" => "M3 20h18M5 20V6h6v14M13 20V10h6v10M7 9h2M7 12h2M7 15h2M15 13h2M15 16h2",
        "building" => "M6 20V4h12v16M4 20h16M9 8h2M13 8h2M9 12h2M13 12h2M11 20v-4h2v4",
        "unit" => "M5 20V4h11v16M3 20h18M13 12h.01M16 8h3v12",
        "room" => "M4 18v-7a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v7M4 14h16M8 9V7h8v2",
        "rent" => "M6 4l6 8 6-8M6 12h12M6 16h12M12 12v8",
        "person" => "M9 8a3 3 0 1 0 6 0 3 3 0 0 0-6 0zM5 20a7 7 0 0 1 14 0",
        "operator" => "M5 20V9h14v11M3 20h18M9 9V5h6v4M9 13h6",
        "organization" => "M9 4h6v5H9zM4 15h6v5H4zM14 15h6v5h-6zM12 9v3M7 15v-3h10v3",
        "asset" => "M4 7h16v13H4zM8 7V4h8v3M4 12h16M10 12v3h4v-3",
        "calendar" => "M5 6h14v14H5zM5 10h14M9 4v4M15 4v4M9 14h2M13 14h2",
        "audit" => "M7 4h10v16H7zM10 8h4M10 12h4M10 16h2",
        "approve" => "M5 12l4 4L19 6M4 20h16",
        "import" => "M12 4v11M8 11l4 4 4-4M4 19h16",
        "export" => "M12 15V4M8 8l4-4 4 4M4 19h16",
        "bell" => "M6 16V11a6 6 0 0 1 12 0v5l2 2H4l2-2zM10 20h4",
        "columns" => "M4 5h16v14H4zM9.5 5v14M14.5 5v14",
        "print" => "M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z",
        "search" => "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM20 20l-4-4",
        "add" => "M12 5v14M5 12h14",
        "edit" => "M4 20h4L19 9l-4-4L4 16v4z",
        "delete" => "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v6M14 11v6",
        "batch" => "M4 6h4v4H4zM4 14h4v4H4zM11 8h9M11 16h9",
        "label" => "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h3v3h-3zM17 17h3v3h-3z",
        "tree" => "M4 5h6M8 5v14M8 12h4M8 19h4M14 12h6M14 19h6",
        "close" => "M6 6l12 12M18 6L6 18",
        "full" => "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
        "empty" => "M4 8l8-4 8 4v8l-8 4-8-4V8zM4 8l8 4 8-4M12 12v8",
        "brand" => "M3 20h18M5 20V9l5-4v15M10 20V7l9 4v9M7 12h.01M7 15h.01M14 13h.01M14 16h.01M17 16h.01",
        _ => "M12 12h.01",
    };
    view! {
        <svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
            <path d=path></path>
        </svg>
    }
}
