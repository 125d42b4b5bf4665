//! The list page: one for all nouns. Its state lives in the address, every change of it is a link or
//! a GET form, so it works before hydration and without JavaScript.

use super::{
    PageHead,
    changing::changing,
    columns::{chooser, export_choice, use_columns},
    dropdown::{close_dropdown, dropdown},
    error_view,
    field::{chosen, coded},
    icon, loading_view, print_button,
    rows::rows_view,
    select::Selection,
    visit::use_visit,
};
use crate::{
    ApiError,
    housing::choice::stock_choices_get,
    shell::use_frame,
    ui::resource::{Loaded, resource},
};
use domain::{
    export::DIRECT_ROWS,
    housing::choice::StockChoices,
    list::{ListQuery, Page, Position},
    sheet::{Cell, Choices, ListSheet, ListSpec},
};
use leptos::{prelude::*, wasm_bindgen::JsCast as _};
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use std::future::Future;

/// A page of rows, ready to be shown.
pub type CellPage = Page<ListRow>;

/// One row: its cells, and what a choice of rows calls it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListRow {
    /// empty where rows cannot be chosen
    pub key: String,
    pub cells: Vec<Cell>,
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
    /// ways to look at it, above its filters
    pub tabs: Option<fn() -> AnyView>,
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
    // Other columns are no other rows.
    let asked = Memo::new(move |_| query.with(|query| query.with_columns(Vec::new())));
    let Choosing { side, selection, key } = choosing;
    let again = RwSignal::new(0);
    provide_context(ListAgain(again));
    let page = resource(
        move || (asked.get(), again.get()),
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
    let columns = use_columns(spec.key, query);
    let title = frame.title.map_or_else(|| format!("{}管理", spec.noun), ToOwned::to_owned);
    let more = frame.tools.map(|tools| tools());
    let for_tools = spec.clone();
    let for_filters = spec.clone();
    let body = view! {
            <Transition fallback=loading_view>
                {changing(move || {
                    let spec = for_filters.clone();
                    Suspend::new(async move { filter_form(&spec, query, choices.await.unwrap_or_default()) })
                })}
            </Transition>
            <section class="card-table" aria-label="列表">
                <Transition fallback=loading_view>
                    {changing(move || {
                        let spec = spec.clone();
                        let (query, chosen) = (query.get(), columns.chosen.get());
                        Suspend::new(async move {
                            match page.await {
                                Ok(page) => rows_view(&spec, &query, &chosen, page, frame.empty, selection.get_untracked()),
                                Err(error) => error_view(&error),
                            }
                        })
                    })}
                </Transition>
            </section>
    };
    let body = match side {
        Some(side) => view! { <div class="with-side">{side()}<div class="side-main">{body}</div></div> }.into_any(),
        None => body.into_any(),
    };
    view! {
        <main class="page">
            <PageHead title=title>
                {print_button()}
                {chooser(&for_tools, query, columns)}
                {changing(move || tools(&for_tools, actions.get(), &query.get(), &columns.chosen.get()))}
                {more}
            </PageHead>
            {frame.tabs.map(|tabs| tabs())}
            {body}
        </main>
    }
    .into_any()
}

fn tools(spec: &ListSpec, actions: ListActions, query: &ListQuery, columns: &[String]) -> impl IntoView + use<> {
    let export = actions.export.then(|| export_form(spec, query, columns));
    let import = actions.import.map(|sheet| {
        view! { <a class="btn btn-outline btn-sm" href=format!("/imports?new={sheet}")>{icon("import")}"导入"</a> }
    });
    let add =
        actions.add.map(|(href, label)| view! { <a class="btn btn-primary btn-sm" href=href>{icon("add")}{label}</a> });
    view! { {export}{import}{add} }
}

/// Export asks how many rows (seed 001: 输入需导出的数据条数), and which columns where some are not shown.
fn export_form(spec: &ListSpec, query: &ListQuery, columns: &[String]) -> impl IntoView + use<> {
    let most = use_frame().with_untracked(|frame| frame.settings.export_rows);
    let hidden = query
        .to_params()
        .into_iter()
        .filter(|(key, _)| !matches!(key.as_str(), "page" | "size" | "after" | "before" | "from" | "last" | "cols"))
        .map(|(key, value)| view! { <input type="hidden" name=key value=value /> })
        .collect_view();
    let form = view! {
        // The download starts, or the job; what asked for it is done.
        <form method="post" action=format!("/files/export/{}", spec.key) class="dropdown-form" on:submit=|event| close_dropdown(&event)>
            {hidden}
            <label class="text-sm" for="export-rows">"导出条数"</label>
            <input id="export-rows" class="input input-sm w-32" type="number" name="rows" min="1" max=most.to_string() value="1000" required />
            {export_choice(spec, columns)}
            <p class="text-xs opacity-80">{format!("最多{most}条，按当前筛选和排序导出；超过{DIRECT_ROWS}条时在后台生成，完成后下载")}</p>
            <button type="submit" class="btn btn-primary btn-sm">"导出Excel"</button>
        </form>
    };
    dropdown(view! { {icon("export")}"导出" }, form)
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
    let (path, hint, visit) = (spec.path, spec.search_hint, use_visit());
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
        [("sort", sort_param(&query)), ("size", size), ("cols", query.columns.join("."))]
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
        <form method="get" action=path role="search" autocomplete="off" on:submit=visit>
            <div class="filter-bar" node_ref=bar>
                <label class="input input-sm filter-search">
                    {icon("search")}
                    <input type="search" name="q" value=move || query.with(|query| query.q.clone()) placeholder=hint aria-label="关键字" maxlength="100" />
                </label>
                {fields}
                {changing(kept)}
                <button type="submit" class="btn btn-sm btn-primary">"查询"</button>
                <a class="btn btn-sm btn-ghost" href=path on:click=emptied>"重置"</a>
            </div>
        </form>
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
