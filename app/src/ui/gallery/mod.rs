//! `/ui`, only while developing: every piece of the kit in every state, in both themes. What a designer, a tester and
//! axe look at; a release has no such page (`route::PIECES`). Its records exist nowhere else.

mod fields;
mod looks;
mod pages;
mod sample;

use crate::ui::empty_view;
use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_params_map, use_query_map},
    lazy_route,
};

/// The overview and the whole pages.
pub struct Gallery;

#[lazy_route]
impl LazyRoute for Gallery {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let params = use_params_map();
        let piece = Memo::new(move |_| params.read().get("piece").unwrap_or_default());
        let query = use_query_map();
        let theme = move || if query.read().get("theme").as_deref() == Some("wall") { "wall" } else { "desk" };
        view! {
            <div data-theme=theme class="grow">
                {move || match piece.get().as_str() {
                    "" => looks::overview(),
                    "list" => pages::list_view(),
                    "list-empty" => pages::empty_list_view(),
                    "list-error" => pages::broken_list_view(),
                    "form" => pages::form_view(),
                    "record" => pages::record_view(),
                    _ => empty_view("页面不存在，请检查地址"),
                }}
            </div>
        }
        .into_any()
    }
}
