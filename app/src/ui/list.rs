//! The list page: one for all nouns. Its state lives in the address, every change of it is a link or
//! a GET form, so it works before hydration and without JavaScript.

use super::{
    PageHead, empty_view, error_view,
    field::{chosen, coded},
    icon,
    label::cell_label,
    loading_view,
    pager::pager,
    select::{Chosen, Selection},
    table::{cell_view, kind_class},
};
use crate::{
    ApiError,
    housing::choice::stock_choices_get,
    ui::resource::{Loaded, resource},
};
use domain::{
    housing::choice::StockChoices,
    list::{EXPORT_MAX, ListQuery, Page, Position},
    sheet::{Cell, Choices, ListSheet, ListSpec},
};
use leptos::{prelude::*, wasm_bindgen::JsCast as _};
use leptos_router::{components::Form, hooks::use_query_map};
use serde::{Deserialize, Serialize};
use std::future::Future;

/// A page of rows, ready to be shown.
pub type CellPage = Page<ListRow>;

/// One row: its cells, and what a choice of rows calls it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListRow {
    /// empty where rows cannot be chosen
    key: String,
    cells: Vec<Cell>,
}

/// What a list offers besides its rows.
#[derive(Clone, Copy, Default)]
pub struct ListActions {
    /// address and label of the page that adds a row
    pub add: Option<(&'static str, &'static str)>,
    /// code of the import template
    pub import: Option<&'static str>,
    pub export: bool,
}

/// What a list page says and offers where it differs from the others.
#[derive(Clone, Copy, Default)]
pub struct ListFrame {
    /// instead of `…管理`
    pub title: Option<&'static str>,
    /// instead of what one can do about an empty list
    pub empty: Option<&'static str>,
    /// more to do there, beside the actions
    pub tools: Option<fn() -> AnyView>,
}

/// Loads the rows of the list around it once more: for tools that change them.
#[derive(Clone, Copy)]
pub struct ListAgain(RwSignal<u32>);

impl ListAgain {
    pub fn run(self) {
        self.0.update(|times| *times += 1);
    }
}

/// What makes rows choosable: what can be done with them, and what each is called; and what helps to find them.
pub struct Choosing<R> {
    /// what stands at the side of filters and rows
    pub side: Option<fn() -> AnyView>,
    /// none for an actor who may do nothing with them
    pub selection: Signal<Option<Selection>>,
    pub key: fn(&R) -> String,
}

/// The list page of a noun: loads typed rows and shows them through the noun's sheet.
pub fn list_page<R, F, L>(sheet: &'static ListSheet<R>, actions: Signal<ListActions>, load: L) -> AnyView
where
    R: Send + Sync + 'static,
    F: Future<Output = Result<Page<R>, ApiError>> + Send + 'static,
    L: Fn(ListQuery) -> F + Send + Sync + 'static,
{
    framed_list_page(sheet, ListFrame::default(), actions, load)
}

/// A list page with words of its own.
pub fn framed_list_page<R, F, L>(
    sheet: &'static ListSheet<R>,
    frame: ListFrame,
    actions: Signal<ListActions>,
    load: L,
) -> AnyView
where
    R: Send + Sync + 'static,
    F: Future<Output = Result<Page<R>, ApiError>> + Send + 'static,
    L: Fn(ListQuery) -> F + Send + Sync + 'static,
{
    let choosing = Choosing { side: None, selection: Signal::derive(|| None), key: |_: &R| String::new() };
    choosing_list_page(sheet, frame, choosing, actions, load)
}

/// A list page whose rows can be chosen.
pub fn choosing_list_page<R, F, L>(
    sheet: &'static ListSheet<R>,
    frame: ListFrame,
    choosing: Choosing<R>,
    actions: Signal<ListActions>,
    load: L,
) -> AnyView
where
    R: Send + Sync + 'static,
    F: Future<Output = Result<Page<R>, ApiError>> + Send + 'static,
    L: Fn(ListQuery) -> F + Send + Sync + 'static,
{
    let query = use_list_query();
    let Choosing { side, selection, key } = choosing;
    let again = RwSignal::new(0);
    provide_context(ListAgain(again));
    let page = resource(
        move || (query.get(), again.get()),
        move |(query, _)| {
            let rows = load(query);
            async move { rows.await.map(|page| page.map(|row| ListRow { key: key(&row), cells: sheet.cells(&row) })) }
        },
    );
    list_view(sheet.spec(), (frame, side), selection, actions, query, page)
}

/// The list state that the address holds.
#[must_use]
pub fn use_list_query() -> Memo<ListQuery> {
    let params = use_query_map();
    Memo::new(move |_| {
        let params = params.get();
        let pairs: Vec<(String, String)> = params.into_iter().map(|(key, value)| (key.to_string(), value)).collect();
        ListQuery::from_params(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    })
}

fn list_view(
    spec: ListSpec,
    (frame, side): (ListFrame, Option<fn() -> AnyView>),
    selection: Signal<Option<Selection>>,
    actions: Signal<ListActions>,
    query: Memo<ListQuery>,
    page: Loaded<CellPage>,
) -> AnyView {
    let needs_choices = spec.filters.iter().any(|filter| matches!(filter.choices, Choices::Districts));
    let choices = resource(
        || (),
        move |()| async move { if needs_choices { stock_choices_get().await } else { Ok(StockChoices::default()) } },
    );
    let title = frame.title.map_or_else(|| format!("{}管理", spec.noun), ToOwned::to_owned);
    let more = frame.tools.map(|tools| tools());
    let for_tools = spec.clone();
    let for_filters = spec.clone();
    let body = view! {
            <Transition fallback=loading_view>
                {move || {
                    let spec = for_filters.clone();
                    Suspend::new(async move { filter_form(&spec, query, choices.await.unwrap_or_default()) })
                }}
            </Transition>
            <section class="card-table" aria-label="列表">
                <Transition fallback=loading_view>
                    {move || {
                        let spec = spec.clone();
                        let query = query.get();
                        Suspend::new(async move {
                            match page.await {
                                Ok(page) => rows_view(&spec, &query, page, frame.empty, selection.get_untracked()),
                                Err(error) => error_view(&error),
                            }
                        })
                    }}
                </Transition>
            </section>
    };
    let body = match side {
        Some(side) => view! { <div class="with-side">{side()}<div class="side-main">{body}</div></div> }.into_any(),
        None => body.into_any(),
    };
    view! {
        <main class="page">
            <PageHead title=title>{move || tools(&for_tools, actions.get(), &query.get())}{more}</PageHead>
            {body}
        </main>
    }
    .into_any()
}

fn tools(spec: &ListSpec, actions: ListActions, query: &ListQuery) -> impl IntoView + use<> {
    let export = actions.export.then(|| export_form(spec, query));
    let import = actions.import.map(|sheet| {
        view! { <a class="btn btn-outline btn-sm" href=format!("/imports?new={sheet}")>{icon("import")}"导入"</a> }
    });
    let add =
        actions.add.map(|(href, label)| view! { <a class="btn btn-primary btn-sm" href=href>{icon("add")}{label}</a> });
    view! { {export}{import}{add} }
}

/// Export asks how many rows (seed 001: 输入需导出的数据条数).
fn export_form(spec: &ListSpec, query: &ListQuery) -> impl IntoView + use<> {
    let hidden = query
        .to_params()
        .into_iter()
        .filter(|(key, _)| !matches!(key.as_str(), "page" | "size" | "after" | "before" | "from" | "last"))
        .map(|(key, value)| view! { <input type="hidden" name=key value=value /> })
        .collect_view();
    view! {
        <details class="dropdown dropdown-end">
            <summary class="btn btn-outline btn-sm">{icon("export")}"导出"</summary>
            <form method="get" action=format!("/files/export/{}", spec.key) class="dropdown-content export-form" on:submit=close_dropdown>
                {hidden}
                <label class="text-sm" for="export-rows">"导出条数"</label>
                <input id="export-rows" class="input input-sm w-32" type="number" name="rows" min="1" max=EXPORT_MAX.to_string() value="1000" required />
                <p class="text-xs opacity-80">{format!("最多{EXPORT_MAX}条，按当前筛选和排序导出")}</p>
                <button type="submit" class="btn btn-primary btn-sm">"导出Excel"</button>
            </form>
        </details>
    }
}

/// The form is drawn once and follows the address from then on, so that nobody loses the field he is in. It is
/// sent by 查询 or Enter only: a select that sent itself would do so with every arrow key.
fn filter_form(spec: &ListSpec, query: Memo<ListQuery>, choices: StockChoices) -> impl IntoView + use<> {
    let bar = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| {
        let query = query.get();
        if let Some(bar) = bar.get() {
            fields_follow(&bar, &query);
        }
    });
    let (path, hint) = (spec.path, spec.search_hint);
    let fields: Vec<AnyView> = spec
        .filters
        .iter()
        .filter_map(|filter| {
            let (key, label) = (filter.key, filter.label);
            let options = match filter.choices {
                Choices::Of(values) => coded(values()).all(),
                Choices::Fixed(values) => coded(values()).all(),
                Choices::Districts if choices.districts.len() < 2 => return None,
                Choices::Districts => chosen(choices.districts.clone()),
                Choices::Text(hint) => return Some(typed_filter(key, label, "text", hint, query)),
                Choices::Day => return Some(typed_filter(key, label, "date", "", query)),
                Choices::Linked => return Some((move || linked_filter(path, key, label, &query.get())).into_any()),
            };
            Some(filter_select(key, label, options, query))
        })
        .collect();
    let kept = move || {
        let query = query.get();
        let size = if query.size == 20 { String::new() } else { query.size.to_string() };
        [("sort", sort_param(&query)), ("size", size)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| view! { <input type="hidden" name=key value=value /> })
            .collect_view()
    };
    let emptied = move |_| {
        if let Some(bar) = bar.get_untracked() {
            fields_follow(&bar, &ListQuery::default());
        }
    };
    view! {
        <Form method="GET" action=path attr:role="search" attr:autocomplete="off">
            <div class="filter-bar" node_ref=bar>
                <label class="input input-sm filter-search">
                    {icon("search")}
                    <input type="search" name="q" value=move || query.with(|query| query.q.clone()) placeholder=hint aria-label="关键字" maxlength="100" />
                </label>
                {fields}
                {kept}
                <button type="submit" class="btn btn-sm btn-primary">"查询"</button>
                <a class="btn btn-sm btn-ghost" href=path on:click=emptied>"重置"</a>
            </div>
        </Form>
    }
}

fn filter_select(
    key: &'static str,
    label: &'static str,
    options: Vec<(String, String)>,
    query: Memo<ListQuery>,
) -> AnyView {
    let options = options
        .into_iter()
        .map(|(code, label)| {
            let own = code.clone();
            let selected = move || query.with(|query| query.filter(key) == Some(own.as_str()));
            view! { <option value=code selected=selected>{label}</option> }
        })
        .collect_view();
    view! {
        <label class="filter-field">
            <span>{label}</span>
            <select name=key class="select select-sm">
                <option value="">"全部"</option>
                {options}
            </select>
        </label>
    }
    .into_any()
}

/// A filter that a link has set and only a link takes away, e.g. the units of one building.
fn linked_filter(path: &'static str, key: &'static str, label: &'static str, query: &ListQuery) -> Option<AnyView> {
    let value = query.filter(key)?.to_owned();
    let mut without = query.at(Position::Page(1));
    without.filter.remove(key);
    let href = format!("{path}{}", without.to_search());
    Some(
        view! {
            <input type="hidden" name=key value=value />
            <a class="btn btn-sm btn-soft" href=href aria-label=format!("取消{label}筛选")>{format!("限定{label}")}{icon("close")}</a>
        }
        .into_any(),
    )
}

/// Shows in the fields what the address says. Their attributes alone do not: a browser no longer looks at
/// these once somebody has typed or chosen.
fn fields_follow(bar: &web_sys::Element, query: &ListQuery) {
    let Ok(fields) = bar.query_selector_all("select, input:not([type=hidden])") else { return };
    for field in (0..fields.length()).filter_map(|place| fields.item(place)) {
        if let Some(input) = field.dyn_ref::<web_sys::HtmlInputElement>() {
            let name = input.name();
            input.set_value(if name == "q" { &query.q } else { query.filter(&name).unwrap_or_default() });
        } else if let Some(select) = field.dyn_ref::<web_sys::HtmlSelectElement>() {
            select.set_value(query.filter(&select.name()).unwrap_or_default());
        }
    }
}

/// A filter that is written, not chosen.
fn typed_filter(
    key: &'static str,
    label: &'static str,
    kind: &'static str,
    hint: &'static str,
    query: Memo<ListQuery>,
) -> AnyView {
    let value = move || query.with(|query| query.filter(key).unwrap_or_default().to_owned());
    view! {
        <label class="filter-field">
            <span>{label}</span>
            <input type=kind name=key value=value placeholder=hint maxlength="100" class="input input-sm w-36" />
        </label>
    }
    .into_any()
}

fn sort_param(query: &ListQuery) -> String {
    if query.sort.is_empty() {
        String::new()
    } else {
        format!("{}{}", if query.descending { "-" } else { "" }, query.sort)
    }
}

/// The download starts; what asked for it is done.
fn close_dropdown(event: leptos::ev::SubmitEvent) {
    let form = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    if let Some(dropdown) = form.and_then(|form| form.closest("details").ok().flatten()) {
        let _ = dropdown.remove_attribute("open");
    }
}

fn rows_view(
    spec: &ListSpec,
    query: &ListQuery,
    page: CellPage,
    empty: Option<&'static str>,
    selection: Option<Selection>,
) -> AnyView {
    if page.rows.is_empty() && page.total == 0 {
        let searched = !query.q.is_empty() || !query.filter.is_empty();
        return empty_view(if searched {
            "没有符合条件的记录，请调整查询条件"
        } else {
            empty.unwrap_or("暂无数据，可通过新增或导入录入")
        });
    }
    let head = spec.columns.iter().map(|column| {
        let active = query.sort == column.key || (query.sort.is_empty() && spec.default_sort.0 == column.key);
        let descending = if query.sort.is_empty() { spec.default_sort.1 } else { query.descending };
        let class = format!("{} {}", kind_class(column.kind), if column.essential { "" } else { "desk-only" });
        if !column.sortable {
            return view! { <th scope="col" class=class>{column.header}</th> }.into_any();
        }
        let next = ListQuery { sort: column.key.to_owned(), descending: active && !descending, at: Position::Page(1), ..query.clone() };
        let direction = if !active { "none" } else if descending { "descending" } else { "ascending" };
        view! {
            <th scope="col" class=class aria-sort=direction>
                <a class="sort-link" href=format!("{}{}", spec.path, next.to_search())>{column.header}<span class="sort-mark" data-sort=direction></span></a>
            </th>
        }
        .into_any()
    });
    let head: Vec<_> = head.collect();
    let chosen = selection.map(Chosen::new);
    let columns = spec.columns.clone();
    let rows = page
        .rows
        .iter()
        .map(|row| {
            let choice =
                chosen.map(|chosen| chosen.row(&row.key, &row.cells.first().map(cell_text).unwrap_or_default()));
            let cells = row
                .cells
                .iter()
                .zip(&columns)
                .map(|(cell, column)| {
                    let class =
                        format!("{} {}", kind_class(column.kind), if column.essential { "" } else { "desk-only" });
                    view! { <td class=class>{cell_view(cell.clone())}</td> }
                })
                .collect_view();
            view! { <tr>{choice}{cells}</tr> }
        })
        .collect_view();
    view! {
        {chosen.map(Chosen::bar)}
        <div class="table-scroll" tabindex="0" role="region" aria-label=format!("{}列表", spec.noun)>
            <table class="table table-sm data-table">
                <thead><tr>{chosen.map(Chosen::head)}{head}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {pager(spec, query, &page)}
    }
    .into_any()
}

/// A cell in words, to name a row by.
fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) | Cell::Link { text, .. } => text.clone(),
        Cell::Coded { dictionary, code, label, .. } => cell_label(dictionary, code, label).0,
        _ => String::new(),
    }
}
