//! Which columns of a list are shown: chosen in a GET form, kept in the address like all list state, and remembered by
//! the browser in a cookie per list – so the server draws the list as it was left, and nothing jumps.

use super::{
    changing::changing,
    dropdown::{close_dropdown, dropdown},
    icon,
    resource::Carried,
    visit::use_visit,
};
use domain::{list::ListQuery, sheet::ListSpec};
use leptos::{ev, prelude::*, wasm_bindgen::JsCast as _};
use web_sys::{HtmlFormElement, HtmlInputElement};

/// A year: who works with a list keeps its columns.
const REMEMBERED_SECONDS: u32 = 365 * 24 * 60 * 60;

/// The columns of one list.
#[derive(Clone, Copy)]
pub struct Columns {
    /// what the address says, else what was chosen last; none: all
    pub chosen: Memo<Vec<String>>,
    remembered: RwSignal<Vec<String>>,
}

/// The columns of a list; `list` is its sheet's key.
pub fn use_columns(list: &'static str, query: Memo<ListQuery>) -> Columns {
    // From the page that the server drew: another tab may have chosen since.
    let known = SharedValue::<String, Carried>::new_with_encoding(move || cookie(list)).into_inner();
    let remembered = RwSignal::new(split(&known));
    let chosen = Memo::new(move |_| match query.with(|query| query.columns.clone()) {
        columns if columns.is_empty() => remembered.get(),
        columns => columns,
    });
    Columns { chosen, remembered }
}

/// The button 列 and the form behind it.
pub fn chooser(spec: &ListSpec, query: Memo<ListQuery>, columns: Columns) -> AnyView {
    let (list, path) = (spec.key, spec.path);
    let for_boxes = spec.clone();
    let shown = Memo::new(move |_| columns.chosen.with(|chosen| for_boxes.shown(chosen)));
    let boxes = spec
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            // The first names the row and leads to it.
            if place == 0 {
                return view! {
                    <input type="hidden" name="cols" value=column.key />
                    <label class="check-box"><input type="checkbox" class="checkbox checkbox-sm" checked disabled />{column.header}</label>
                }
                .into_any();
            }
            let held = move || shown.with(|shown| shown.contains(&place));
            view! {
                <label class="check-box">
                    <input type="checkbox" class="checkbox checkbox-sm" name="cols" value=column.key autocomplete="off" checked=held prop:checked=held />
                    {column.header}
                </label>
            }
            .into_any()
        })
        .collect_view();
    let kept = move || {
        let params = query.with(|query| query.with_columns(Vec::new()).to_params());
        params.into_iter().map(|(key, value)| view! { <input type="hidden" name=key value=value /> }).collect_view()
    };
    let all = move || format!("{path}{}", query.with(|query| query.with_columns(Vec::new()).to_search()));
    let visit = use_visit();
    let choose = move |event: ev::SubmitEvent| {
        let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        remember(list, columns, form.map(|form| checked(&form)).unwrap_or_default());
        close_dropdown(&event);
        visit(event);
    };
    let forget = move |event: ev::MouseEvent| {
        remember(list, columns, Vec::new());
        close_dropdown(&event);
    };
    let form = view! {
        <form method="get" action=path class="dropdown-form" aria-label="显示的列" on:submit=choose>
            {changing(kept)}
            <div class="column-boxes">{boxes}</div>
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary btn-sm">"应用"</button>
                <a class="btn btn-ghost btn-sm" href=all on:click=forget>"全部列"</a>
            </div>
        </form>
    };
    dropdown(view! { {icon("columns")}"列" }, form)
}

/// Which columns an export takes, where some are not shown.
pub fn export_choice(spec: &ListSpec, chosen: &[String]) -> AnyView {
    let shown = spec.shown(chosen);
    if shown.len() == spec.columns.len() {
        return ().into_any();
    }
    let keys: Vec<&str> = shown.into_iter().map(|place| spec.columns[place].key).collect();
    view! {
        <fieldset>
            <legend class="text-sm">"导出列"</legend>
            <label class="check-box"><input type="radio" class="radio radio-sm" name="cols" value=keys.join(".") checked />{format!("显示的{}列", keys.len())}</label>
            <label class="check-box"><input type="radio" class="radio radio-sm" name="cols" value="" />"全部列"</label>
        </fieldset>
    }
    .into_any()
}

fn split(text: &str) -> Vec<String> {
    text.split('.').filter(|key| !key.is_empty()).map(ToOwned::to_owned).collect()
}

/// The keys of the boxes that are marked, with the first column's; none when all are.
fn checked(form: &HtmlFormElement) -> Vec<String> {
    let Ok(found) = form.query_selector_all("input[name=cols]") else { return Vec::new() };
    let inputs = (0..found.length()).filter_map(|place| found.item(place)?.dyn_into::<HtmlInputElement>().ok());
    let inputs: Vec<HtmlInputElement> = inputs.collect();
    let held = inputs.iter().filter(|input| input.type_() == "hidden" || input.checked());
    let keys: Vec<String> = held.map(HtmlInputElement::value).collect();
    if keys.len() == inputs.len() { Vec::new() } else { keys }
}

/// Notes the choice in this browser. It names columns and nobody's data.
fn remember(list: &'static str, columns: Columns, keys: Vec<String>) {
    let life = if keys.is_empty() { 0 } else { REMEMBERED_SECONDS };
    let page = document().unchecked_into::<web_sys::HtmlDocument>();
    // A browser that keeps no cookies forgets the choice with the address.
    let _ = page.set_cookie(&format!("cols-{list}={}; Path=/; Max-Age={life}; SameSite=Lax", keys.join(".")));
    columns.remembered.set(keys);
}

/// What this browser remembers of a list's columns.
fn cookie(list: &str) -> String {
    let name = format!("cols-{list}=");
    let own =
        |cookies: &str| cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix(&name).map(ToOwned::to_owned));
    own(&cookies()).unwrap_or_default()
}

#[cfg(feature = "ssr")]
fn cookies() -> String {
    let request = use_context::<http::request::Parts>();
    let header = request.as_ref().and_then(|request| request.headers.get(http::header::COOKIE)?.to_str().ok());
    header.unwrap_or_default().to_owned()
}

#[cfg(not(feature = "ssr"))]
fn cookies() -> String {
    document().unchecked_into::<web_sys::HtmlDocument>().cookie().unwrap_or_default()
}
