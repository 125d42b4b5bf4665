//! Asset cards (S1-4.3, S1-4.4): lists, cards, requests, depreciation, stock-taking.
//!
//! Two lazy routes: what most people look at, and the forms with the printed card.

mod act;
mod api;
mod changes;
mod count;
mod count_sheet;
mod depreciation;
mod list;
mod master;
mod master_form;
mod print;
mod request;
mod sub;
mod sub_form;

use super::nowhere;
use leptos::prelude::*;
use leptos_router::{LazyRoute, hooks::use_params_map, lazy_route};

/// The noun, id and action of the address; none of them on the way to another module.
fn use_place() -> Memo<(String, Option<String>, Option<String>)> {
    let params = use_params_map();
    Memo::new(move |_| {
        let params = params.read();
        (params.get("noun").unwrap_or_default(), params.get("id"), params.get("action"))
    })
}

/// The lists and the cards.
pub struct Assets;

#[lazy_route]
impl LazyRoute for Assets {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = use_place();
        let place = Memo::new(move |_| place.with(|(noun, id, _)| (noun.clone(), id.is_some())));
        (move || {
            let (noun, one) = place.get();
            match (noun.as_str(), one) {
                ("masters", false) => list::masters_view(),
                ("masters", true) => master::detail_view(),
                ("subs", false) => list::subs_view(),
                ("subs", true) => sub::detail_view(),
                ("changes", false) => list::changes_view(),
                ("depreciation", false) => depreciation::list_view(),
                ("counts", false) => list::counts_view(),
                ("", _) => ().into_any(),
                _ => nowhere(),
            }
        })
        .into_any()
    }
}

/// The forms, the count sheet and the printed card.
pub struct AssetForms;

#[lazy_route]
impl LazyRoute for AssetForms {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = use_place();
        let place = Memo::new(move |_| place.with(|(noun, id, action)| (noun.clone(), id.is_some(), action.clone())));
        (move || {
            let (noun, one, action) = place.get();
            match (noun.as_str(), one, action.as_deref()) {
                ("masters", false, None) => master_form::new_view(),
                ("masters", true, Some("edit")) => master_form::edit_view(),
                ("masters", true, Some("new-sub")) => sub_form::new_view(),
                ("masters", true, Some("change")) => request::master_view(false),
                ("masters", true, Some("dispose")) => request::master_view(true),
                ("masters", true, Some("print")) => print::master_view(),
                ("subs", true, Some("edit")) => sub_form::edit_view(),
                ("subs", true, Some("change")) => request::sub_view(false),
                ("subs", true, Some("dispose")) => request::sub_view(true),
                ("subs", true, Some("print")) => print::sub_view(),
                ("counts", false, None) => count::new_view(),
                ("counts", true, Some("sheet")) => count_sheet::sheet_view(),
                ("", ..) => ().into_any(),
                _ => nowhere(),
            }
        })
        .into_any()
    }
}
