//! What can be done to one unit of a board, at its tile: by the right button, by ⋯, or by Shift+F10.

use super::board::{Board, focus_on, tile_selector};
use crate::ui::changing::changing;
use crate::{housing::unit::api::unit_get, shell::may, ui::resource::resource};
use domain::{housing::unit_status::UnitEvent, id::UnitId, platform::permission::Permission};
use leptos::{
    ev::{KeyboardEvent, MouseEvent, PointerEvent},
    html,
    prelude::*,
    wasm_bindgen::JsCast as _,
};
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// Space that the menu needs to the right of and below where it opens, in CSS pixels.
const ROOM: (f64, f64) = (200.0, 340.0);

/// The menu of a unit, and where it stands.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Opened {
    unit: UnitId,
    left: f64,
    top: f64,
}

impl Opened {
    /// Where the hand is.
    pub fn at(unit: UnitId, event: &MouseEvent) -> Self {
        Self::within(unit, (event.client_x().into(), event.client_y().into()))
    }

    /// Below the unit's tile, for whoever has no pointer.
    pub fn below(unit: UnitId) -> Option<Self> {
        let tile = document().query_selector(&tile_selector(unit.0)).ok().flatten()?.get_bounding_client_rect();
        Some(Self::within(unit, (tile.left(), tile.bottom())))
    }

    /// Moved so far that all of it can be seen.
    fn within(unit: UnitId, (left, top): (f64, f64)) -> Self {
        let size = |length: Result<leptos::wasm_bindgen::JsValue, _>| length.ok().and_then(|length| length.as_f64());
        let moved = |place: f64, length: Option<f64>, room: f64| place.min(length.unwrap_or(f64::MAX) - room).max(0.0);
        Self {
            unit,
            left: moved(left, size(window().inner_width()), ROOM.0),
            top: moved(top, size(window().inner_height()), ROOM.1),
        }
    }
}

/// The menu that is open, if one is.
pub(super) fn cell_menu(page: Board) -> impl IntoView {
    move || page.menu.get().map(|opened| menu(opened, page))
}

fn menu(opened: Opened, page: Board) -> impl IntoView {
    let id = opened.unit;
    let list = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if list.get().is_some() {
            step(list, 0);
        }
    });
    // A press elsewhere, or scrolling the tile away from under it, closes it.
    let outside = move |target: Option<web_sys::EventTarget>| {
        let node = target.and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        list.get_untracked().is_none_or(|list| !list.contains(node.as_ref()))
    };
    let press = window_event_listener(leptos::ev::pointerdown, move |event: PointerEvent| {
        if outside(event.target()) {
            page.menu.set(None);
        }
    });
    on_cleanup(move || press.remove());
    let by_key = move |event: KeyboardEvent| {
        let moved = match event.key().as_str() {
            "ArrowDown" => Some(1),
            "ArrowUp" => Some(-1),
            "Escape" | "Tab" => None,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        match moved {
            Some(by) => step(list, by),
            None => {
                page.menu.set(None);
                focus_on(&tile_selector(id.0));
            }
        }
    };
    let close = move |_| page.menu.set(None);
    let navigate = use_navigate();
    let choose = Callback::new(move |event: UnitEvent| {
        page.menu.set(None);
        page.chosen.set(Some((id, event)));
        let here = NavigateOptions { scroll: false, ..NavigateOptions::default() };
        navigate(&page.address(Some(id.0)), here);
    });
    view! {
        <div class="board-menu no-print" role="menu" aria-label="房源操作" tabindex="-1" node_ref=list on:keydown=by_key style=format!("left:{}px;top:{}px", opened.left, opened.top)>
            <a role="menuitem" tabindex="-1" href=page.address(Some(id.0)) data-noscroll="" on:click=close>"查看房源"</a>
            <a role="menuitem" tabindex="-1" href=format!("/housing/units/{id}")>"完整资料"</a>
            {may(Permission::UnitWrite).then(|| view! { <a role="menuitem" tabindex="-1" href=format!("/housing/units/{id}/edit")>"编辑房源"</a> })}
            <a role="menuitem" tabindex="-1" href=format!("/housing/units/{id}/label")>"打印标签"</a>
            {may(Permission::UnitTransition).then(|| changes(id, choose))}
        </div>
    }
}

/// The changes of status that are open to the unit as it is now.
fn changes(id: UnitId, choose: Callback<UnitEvent>) -> impl IntoView {
    let unit = resource(move || id, unit_get);
    view! {
        <hr />
        <Suspense fallback=|| note("正在读取可办理的操作…")>
            {changing(move || Suspend::new(async move {
                match unit.await {
                    Ok(unit) => {
                        let offers = unit.circumstances().offers();
                        if offers.is_empty() {
                            return note("当前状态没有可直接办理的变更").into_any();
                        }
                        offers
                            .into_iter()
                            .map(|event| view! { <button type="button" role="menuitem" tabindex="-1" on:click=move |_| choose.run(event)>{event.label()}</button> })
                            .collect_view()
                            .into_any()
                    }
                    Err(error) => note(error.to_string()).into_any(),
                }
            }))}
        </Suspense>
    }
}

/// What cannot be chosen; an item all the same, because a menu has nothing else.
fn note(text: impl Into<String>) -> impl IntoView {
    view! { <span class="board-menu-note" role="menuitem" aria-disabled="true" tabindex="-1">{text.into()}</span> }
}

/// Moves the keyboard so many items on, round and round; 0: to the first.
fn step(list: NodeRef<html::Div>, by: i32) {
    let Some(list) = list.get_untracked() else { return };
    let Ok(found) = list.query_selector_all("[role=menuitem]") else { return };
    let items: Vec<web_sys::HtmlElement> =
        (0..found.length()).filter_map(|place| found.get(place)?.dyn_into().ok()).collect();
    let active = document().active_element();
    let now = items.iter().position(|item| active.as_ref().is_some_and(|active| item.is_same_node(Some(active))));
    let count = items.len() as i32;
    let next = match now {
        Some(now) if by != 0 && count > 0 => (now as i32 + by).rem_euclid(count),
        _ if by < 0 => count - 1,
        _ => 0,
    };
    if let Some(item) = items.get(next as usize) {
        let _ = item.focus();
    }
}
