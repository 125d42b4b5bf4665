//! The tree 小区 > 楼栋 > 单元 > 房源 beside the list of units (S1-4.2). A navigation tree as WAI-ARIA describes it: one
//! stop for the Tab key, arrows inside, every line a link that narrows the list. Levels are loaded when they are opened.
//! On a phone it is a drawer.

use super::unit::api::stock_children;
use crate::ui::label::told;
use crate::ui::{changing::changing, error_view, icon, loading_view, resource::resource, status_tile};
use domain::{
    housing::tree::{LEVEL_MAX, StockNode, TreeItem, TreeLevel},
    list::group_thousands,
};
use leptos::{
    attr::custom::custom_attribute, ev::KeyboardEvent, prelude::*, task::spawn_local, wasm_bindgen::JsCast as _,
};
use leptos_router::hooks::use_location;

/// What the lines share.
#[derive(Clone, Copy)]
struct Tree {
    /// the address of the line that the Tab key comes to; none yet: the first
    stop: RwSignal<Option<String>>,
    /// the address of the list, to mark the line it belongs to
    here: Memo<String>,
    /// whether the drawer of a phone is open
    drawer: RwSignal<bool>,
}

/// The tree as the side of a list.
pub fn tree_view() -> AnyView {
    let location = use_location();
    let (path, search) = (location.pathname, location.search);
    let tree = Tree {
        stop: RwSignal::new(None),
        here: Memo::new(move |_| format!("{}?{}", path.get(), search.get().trim_start_matches('?'))),
        drawer: RwSignal::new(false),
    };
    let word = RwSignal::new(String::new());
    let typed = RwSignal::new(String::new());
    let estates = resource(move || word.get(), |word| stock_children(StockNode::Root, word));
    let search = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tree.stop.set(None);
        word.set(typed.get_untracked());
    };
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            tree.drawer.set(false);
        }
    };
    view! {
        <button type="button" class="btn btn-outline btn-sm side-opener" aria-expanded=move || tree.drawer.get().to_string()
            aria-controls="stock-tree" on:click=move |_| tree.drawer.update(|open| *open = !*open)>{icon("tree")}"小区楼栋"</button>
        <aside id="stock-tree" class="side-tree" class:is-open=move || tree.drawer.get() aria-label="小区楼栋" on:keydown=escape>
            <form class="tree-search" role="search" on:submit=search>
                <input type="search" class="input input-sm" placeholder="小区名称" aria-label="查找小区" maxlength="50"
                    prop:value=typed on:input=move |event| typed.set(event_target_value(&event)) />
                <button type="submit" class="btn btn-sm">"查找"</button>
                <button type="button" class="btn btn-ghost btn-sm btn-square side-closer" aria-label="收起" on:click=move |_| tree.drawer.set(false)>{icon("close")}</button>
            </form>
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match estates.await {
                        Ok(level) if level.items.is_empty() => view! { <p class="tree-note" role="status">"没有符合的小区"</p> }.into_any(),
                        Ok(level) => {
                            let more = level.more.then(more_note);
                            view! { <ul role="tree" aria-label="小区楼栋" class="tree">{lines(tree, level, 1)}</ul>{more} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Transition>
        </aside>
    }
    .into_any()
}

fn more_note() -> AnyView {
    view! { <p class="tree-note">{format!("仅显示前{LEVEL_MAX}项，请输入名称查找")}</p> }.into_any()
}

fn lines(tree: Tree, level: TreeLevel, depth: u8) -> AnyView {
    let count = level.items.len();
    let lines = level.items.into_iter().enumerate();
    lines.map(|(index, item)| line(tree, item, depth, (index, count))).collect_view().into_any()
}

/// What is known of the level below a line.
#[derive(Clone)]
enum Below {
    Unknown,
    Loading,
    Known(TreeLevel),
    Failed(String),
}

fn line(tree: Tree, item: TreeItem, depth: u8, (index, count): (usize, usize)) -> AnyView {
    let open = RwSignal::new(false);
    let below = RwSignal::new(Below::Unknown);
    let TreeItem { label, node, href, status, units } = item;
    let branches = node.is_some();
    let load = move || {
        let Some(node) = node.clone() else { return };
        if matches!(below.get_untracked(), Below::Known(_) | Below::Loading) {
            return;
        }
        below.set(Below::Loading);
        spawn_local(async move {
            // The tree may have gone meanwhile.
            below.try_set(match stock_children(node, String::new()).await {
                Ok(level) => Below::Known(level),
                Err(error) => Below::Failed(error.to_string()),
            });
        });
    };
    let load = StoredValue::new(load);
    let toggle = move |wanted: bool| {
        open.set(wanted);
        if wanted {
            load.with_value(|load| load());
        }
    };
    let own = StoredValue::new(href.clone());
    let stops = move || {
        tree.stop.with(|stop| match stop {
            Some(stop) => own.with_value(|own| stop == own),
            None => depth == 1 && index == 0,
        })
    };
    let current = move || tree.here.with(|here| own.with_value(|own| here == own)).then_some("page");
    let keys = move |event: KeyboardEvent| {
        let handled = match event.key().as_str() {
            "ArrowRight" if branches && !open.get_untracked() => {
                toggle(true);
                true
            }
            "ArrowRight" => branches && go(&event, Way::Next),
            "ArrowLeft" if branches && open.get_untracked() => {
                toggle(false);
                true
            }
            "ArrowLeft" => go(&event, Way::Up),
            "ArrowDown" => go(&event, Way::Next),
            "ArrowUp" => go(&event, Way::Previous),
            "Home" => go(&event, Way::First),
            "End" => go(&event, Way::Last),
            " " if branches => {
                toggle(!open.get_untracked());
                true
            }
            letter if letter.chars().count() == 1 && !event.ctrl_key() && !event.meta_key() && !event.alt_key() => {
                go(&event, Way::Named(letter))
            }
            _ => false,
        };
        if handled {
            event.prevent_default();
        }
    };
    let twisty = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        event.stop_propagation();
        toggle(!open.get_untracked());
    };
    let mark = branches.then(
        || view! { <span class="tree-twisty" class:is-open=move || open.get() on:click=twisty>{icon("down")}</span> },
    );
    let group = move || {
        open.get().then(|| match below.get() {
            Below::Known(level) if level.items.is_empty() => {
                view! { <ul role="group"><li role="none" class="tree-note">"暂无下级"</li></ul> }.into_any()
            }
            Below::Known(level) => {
                let more = level.more.then(|| view! { <li role="none">{more_note()}</li> });
                view! { <ul role="group">{lines(tree, level, depth + 1)}{more}</ul> }.into_any()
            }
            Below::Failed(sentence) => {
                view! { <p class="tree-note field-error" role="alert">{sentence}</p> }.into_any()
            }
            _ => view! { <p class="tree-note" role="status">"正在加载…"</p> }.into_any(),
        })
    };
    view! {
        <li role="none">
            <a
                {..custom_attribute("aria-level", depth.to_string())}
                role="treeitem"
                class="tree-line"
                style=format!("--depth:{depth}")
                href=href
                aria-posinset=(index + 1).to_string()
                aria-setsize=count.to_string()
                aria-expanded=move || branches.then(|| open.get().to_string())
                aria-current=current
                tabindex=move || if stops() { "0" } else { "-1" }
                on:keydown=keys
                on:focus=move |_| tree.stop.set(Some(own.get_value()))
                on:click=move |_| tree.drawer.set(false)
            >
                {mark}
                {status.map(status_tile)}
                <span class="tree-label">{label}</span>
                {status.map(|status| view! { <span class="sr-only">{told(status)}</span> })}
                {units.map(|units| view! { <span class="tree-count">{group_thousands(units)}</span> })}
            </a>
            {changing(group)}
        </li>
    }
    .into_any()
}

/// Where a key leads.
#[derive(Clone, Copy)]
enum Way<'a> {
    Next,
    Previous,
    First,
    Last,
    Up,
    /// the next line that begins like this
    Named(&'a str),
}

/// Moves the keyboard along the lines that are open; answers whether there was a way to go.
fn go(event: &KeyboardEvent, way: Way) -> bool {
    let Some(here) = event.current_target().and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok()) else {
        return false;
    };
    let Ok(Some(tree)) = here.closest("[role=tree]") else { return false };
    let Ok(found) = tree.query_selector_all("[role=treeitem]") else { return false };
    let lines: Vec<web_sys::HtmlElement> =
        (0..found.length()).filter_map(|place| found.item(place)?.dyn_into().ok()).collect();
    let Some(place) = lines.iter().position(|line| *line == here) else { return false };
    let level = |line: &web_sys::HtmlElement| line.get_attribute("aria-level").and_then(|text| text.parse::<u8>().ok());
    let next = match way {
        Way::Next => lines.get(place + 1),
        Way::Previous => place.checked_sub(1).and_then(|place| lines.get(place)),
        Way::First => lines.first(),
        Way::Last => lines.last(),
        Way::Up => lines[..place].iter().rev().find(|line| level(line) < level(&here)),
        Way::Named(letter) => {
            let (before, after) = lines.split_at(place + 1);
            let begins = |line: &&web_sys::HtmlElement| {
                line.query_selector(".tree-label")
                    .ok()
                    .flatten()
                    .and_then(|label| label.text_content())
                    .is_some_and(|text| text.to_lowercase().starts_with(&letter.to_lowercase()))
            };
            after.iter().chain(before).find(begins)
        }
    };
    next.is_some_and(|line| line.focus().is_ok())
}
