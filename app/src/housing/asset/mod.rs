//! Asset cards (S1-4.3, S1-4.4): lists, cards, requests, depreciation, stock-taking.
//!
//! Four lazy routes, because together they would be several times what a module may weigh: the lists, the cards, the
//! forms, and the sheets (requests, count sheets, printed cards).

mod api;
mod changes;
mod count;
mod count_sheet;
mod depreciation;
mod depreciation_runs;
mod list;
mod master;
mod master_form;
mod print;
mod request;
mod sub;
mod sub_form;

use super::nowhere;
use leptos::prelude::*;
use leptos_router::{
    LazyRoute,
    hooks::{use_location, use_params_map},
    lazy_route,
};

/// The noun, id and action of the address; none of them on the way to another module.
fn use_place() -> Memo<(String, Option<String>, Option<String>)> {
    let params = use_params_map();
    Memo::new(move |_| {
        let params = params.read();
        (params.get("noun").unwrap_or_default(), params.get("id"), params.get("action"))
    })
}

/// The lists.
pub struct Assets;

#[lazy_route]
impl LazyRoute for Assets {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = use_place();
        let noun = Memo::new(move |_| place.with(|(noun, ..)| noun.clone()));
        (move || match noun.get().as_str() {
            "masters" => list::masters_view(),
            "subs" => list::subs_view(),
            "changes" => list::changes_view(),
            "depreciation" => depreciation_runs::list_view(),
            "counts" => list::counts_view(),
            "" => ().into_any(),
            _ => nowhere(),
        })
        .into_any()
    }
}

/// The pages of a card.
pub struct AssetCards;

#[lazy_route]
impl LazyRoute for AssetCards {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = use_place();
        let noun = Memo::new(move |_| place.with(|(noun, ..)| noun.clone()));
        (move || match noun.get().as_str() {
            "masters" => master::detail_view(),
            "subs" => sub::detail_view(),
            "" => ().into_any(),
            _ => nowhere(),
        })
        .into_any()
    }
}

/// The forms: of a new card, of a draft, of a new count sheet.
pub struct AssetForms;

#[lazy_route]
impl LazyRoute for AssetForms {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let path = use_location().pathname;
        let place = use_place();
        let form = Memo::new(move |_| {
            let action = path.with(|path| path.rsplit('/').next().unwrap_or_default().to_owned());
            place.with(|(noun, id, _)| (noun.clone(), id.is_some(), action))
        });
        (move || {
            let (noun, one, action) = form.get();
            match (noun.as_str(), one, action.as_str()) {
                ("masters", false, "new") => master_form::new_view(),
                ("counts", false, "new") => count::new_view(),
                ("masters", true, "edit") => master_form::edit_view(),
                ("masters", true, "new-sub") => sub_form::new_view(),
                ("subs", true, "edit") => sub_form::edit_view(),
                ("", ..) => ().into_any(),
                _ => nowhere(),
            }
        })
        .into_any()
    }
}

/// Requests, count sheets and printed cards.
pub struct AssetSheets;

#[lazy_route]
impl LazyRoute for AssetSheets {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let place = use_place();
        (move || {
            let (noun, _, action) = place.get();
            match (noun.as_str(), action.as_deref()) {
                ("masters", Some("change")) => request::master_view(false),
                ("masters", Some("dispose")) => request::master_view(true),
                ("masters", Some("print")) => print::master_view(),
                ("subs", Some("change")) => request::sub_view(false),
                ("subs", Some("dispose")) => request::sub_view(true),
                ("subs", Some("print")) => print::sub_view(),
                ("counts", Some("sheet")) => count_sheet::sheet_view(),
                // On the way to another module.
                (_, None) => ().into_any(),
                _ => nowhere(),
            }
        })
        .into_any()
    }
}
