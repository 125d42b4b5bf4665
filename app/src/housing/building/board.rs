//! The board of a building: floor × unit, coloured by status or by payment, live; a drawer shows one unit.

use super::{
    api::{building_board_get, building_delete},
    facts::building_facts,
    menu::{Opened, cell_menu},
    pay::{Pays, color_hear, pay_summary, pays_get, pays_set},
};
use crate::ui::label::told;
use crate::{
    housing::{unit::panel::unit_panel, use_id},
    platform::attachment::attachments_panel,
    shell::may,
    ui::{
        PageHead,
        changing::changing,
        empty_view, error_view, icon,
        live::{Heard, use_coalesced, use_live},
        loading_view,
        pay::{MODE, Shade, kept, mode_switch, unit_words, use_pay_mode},
        print_button,
        remove::delete_button,
        resource::resource,
        status_tile, tone,
    },
};
use domain::{
    dictionary::{AttachmentOwner, UnitStatus},
    housing::{
        building::{BoardUnit, BuildingBoard},
        unit_status::UnitEvent,
    },
    id::{BuildingId, UnitId},
    insight::stock::StockFigures,
    platform::permission::Permission,
    value::Area,
};
use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    prelude::*,
    wasm_bindgen::JsCast as _,
};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use std::collections::HashMap;

/// The status of every unit on the board, by id; what a live change writes to.
type Statuses = RwSignal<HashMap<i64, RwSignal<UnitStatus>>>;

/// What the parts of the page share.
#[derive(Clone, Copy)]
pub(super) struct Board {
    statuses: Statuses,
    /// the one status that is not dimmed; none: all
    sought: RwSignal<Option<UnitStatus>>,
    /// whether the address asks for payment colours, and then how every unit stands
    pay: Memo<bool>,
    pub pays: Pays,
    /// the one colour that is not dimmed
    pub sought_pay: RwSignal<Option<Shade>>,
    /// the unit that the address names, shown in the drawer
    unit: Memo<Option<i64>>,
    /// the unit that was last brought into view, once: a refreshed board must not jump back to it
    met: StoredValue<Option<i64>>,
    /// the menu of one unit
    pub menu: RwSignal<Option<Opened>>,
    /// what was chosen there, for the drawer to carry out
    pub chosen: RwSignal<Option<(UnitId, UnitEvent)>>,
}

impl Board {
    /// The address of this board in its present colours, with a unit in the drawer or with none.
    pub fn address(self, unit: Option<i64>) -> String {
        // Other colours draw all of it anew.
        address(self.pay.get_untracked(), unit)
    }
}

fn address(pay: bool, unit: Option<i64>) -> String {
    let parts: Vec<String> =
        pay.then(|| MODE.to_owned()).into_iter().chain(unit.map(|id| format!("unit={id}"))).collect();
    format!("?{}", parts.join("&"))
}

pub fn board_view() -> AnyView {
    let id = use_id();
    let pay = use_pay_mode();
    let board = resource(move || id.get(), |id| building_board_get(BuildingId(id)));
    let pays = resource(move || (id.get(), pay.get()), pays_get);
    let query = use_query_map();
    let page = Board {
        statuses: RwSignal::new(HashMap::new()),
        sought: RwSignal::new(None),
        pay,
        pays: RwSignal::new(HashMap::new()),
        sought_pay: RwSignal::new(None),
        unit: Memo::new(move |_| query.read().get("unit").and_then(|id| id.parse().ok())),
        met: StoredValue::new(None),
        menu: RwSignal::new(None),
        chosen: RwSignal::new(None),
    };
    let look_again = use_coalesced(move || {
        board.refetch();
        pays.refetch();
    });
    let pays_again = use_coalesced(move || {
        if pay.get_untracked() {
            pays.refetch();
        }
    });
    let connected = use_live(Signal::derive(move || format!("building={}", id.get())), move |heard| match heard {
        Heard::Change(change) if change.color.is_some() => {
            color_hear(page.pays, &change);
            pays_again();
        }
        Heard::Change(change) => {
            // Let or not any more: that is another colour.
            pays_again();
            let known = change.unit.and_then(|unit| page.statuses.with_untracked(|known| known.get(&unit).copied()));
            match (known, change.status.as_deref().and_then(UnitStatus::from_code)) {
                (Some(known), Some(status)) => known.set(status),
                _ => look_again(),
            }
        }
        Heard::Refresh => look_again(),
    });
    view! {
        <main class="page board-page">
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match (board.await, pays.await) {
                        (Ok(board), Ok(pays)) => {
                            pays_set(page.pays, pays);
                            board_page(board, page, connected).into_any()
                        }
                        (Err(error), _) | (_, Err(error)) => error_view(&error),
                    }
                }))}
            </Transition>
            {attachments_panel(AttachmentOwner::Building, id.into())}
            {drawer(page)}
            {cell_menu(page)}
        </main>
    }
    .into_any()
}

fn board_page(board: BuildingBoard, page: Board, connected: RwSignal<bool>) -> impl IntoView {
    let by_id = board.units.iter().map(|unit| (unit.id.0, RwSignal::new(unit.status))).collect();
    page.statuses.set(by_id);
    Effect::new(move |_| {
        let unit = page.unit.get();
        if let Some(unit) = unit.filter(|_| page.met.get_value() != unit) {
            request_animation_frame(move || bring_into_view(&tile_selector(unit)));
        }
        page.met.set_value(unit);
    });
    let building = &board.building;
    let pay = page.pay.get_untracked();
    let back = (kept(format!("/housing/estates/{}", building.estate_id), pay), building.estate.clone());
    let title = format!("{} {}", building.estate, building.title());
    let (id, version) = (building.id, building.version);
    let (name, estate_page) = (title.clone(), format!("/housing/estates/{}", building.estate_id));
    view! {
        <PageHead title=title trail=vec![("/housing/estates".to_owned(), "小区".to_owned())] back=back>
            <span class="live-mark" data-live=move || connected.get().to_string() role="status">
                {changing(move || if connected.get() { "实时更新" } else { "连接中…" })}
            </span>
            {print_button()}
            <a class="btn btn-outline btn-sm" href=format!("/housing/units?building={id}")>{icon("unit")}"房源列表"</a>
            <a class="btn btn-outline btn-sm" href=format!("/housing/buildings/{id}/labels")>{icon("label")}"标签"</a>
            <a class="btn btn-outline btn-sm" href=format!("/files/board/{id}") download="" rel="external">{icon("export")}"导出图片"</a>
            {changing(move || may(Permission::BuildingWrite).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/housing/buildings/{id}/edit")>{icon("edit")}"编辑楼栋"</a>
                {delete_button("楼栋", name.clone(), estate_page.clone(), move || Box::pin(building_delete(id, version)))}
            }))}
            {changing(move || may(Permission::UnitWrite).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/housing/buildings/{id}/generate")>{icon("batch")}"批量生成"</a>
                <a class="btn btn-primary btn-sm" href=format!("/housing/buildings/{id}/new-unit")>{icon("add")}"新增房源"</a>
            }))}
        </PageHead>
        {summary(&board, page)}
        {building_facts(building)}
        {if board.units.is_empty() { empty_view("该楼栋暂无房源，可新增房源、批量生成或导入建筑信息") } else { matrices(&board, page).into_any() }}
    }
}

/// Figures, legend and filter in one: how many units are in which status, with the square that stands for it;
/// pressing one dims all others.
fn summary(board: &BuildingBoard, page: Board) -> impl IntoView + use<> {
    let building = &board.building;
    let areas: HashMap<i64, Area> = board.units.iter().map(|unit| (unit.id.0, unit.building_area)).collect();
    let counts = Memo::new(move |_| {
        page.statuses.with(|known| {
            let mut counts = StockFigures::default();
            for (id, status) in known {
                counts.add(status.get(), 1, areas.get(id).copied().unwrap_or(Area::ZERO));
            }
            counts
        })
    });
    let occupancy = move || counts.get().units.occupancy();
    let sought = page.sought;
    let legend = UnitStatus::ALL
        .iter()
        .copied()
        .map(|status| {
            let units = move || counts.get().units.of(status);
            let pressed = move || sought.get() == Some(status);
            let press = move |_| sought.update(|sought| *sought = (*sought != Some(status)).then_some(status));
            view! {
                <li class:is-none=move || units() == 0>
                    <button type="button" class="legend-item" aria-pressed=move || pressed().to_string() on:click=press>
                        {status_tile(status)}{told(status)}" "<b>{changing(units)}</b>
                    </button>
                </li>
            }
        })
        .collect_view();
    let facts = [
        Some(building.district.clone()),
        Some(building.project.clone()),
        building.structure.map(told),
        Some(format!("地上{}层", building.floors_up)),
        Some(format!("{}个单元", building.entrances)),
    ];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let to = move |pay: bool| Signal::derive(move || address(pay, page.unit.get()));
    let figures = if page.pay.get_untracked() {
        pay_summary(page).into_any()
    } else {
        view! {
            <p class="board-rate">
                "配租率 "<b>{changing(move || occupancy().letting_rate())}</b>{changing(move || format!("（已租{}套 / 可租{}套）", occupancy().rented, occupancy().lettable))}
                " · 入住率 "<b>{changing(move || occupancy().occupancy_rate())}</b>
            </p>
            <ul class="legend" aria-label="按状态筛选">{legend}</ul>
        }
        .into_any()
    };
    view! {
        <section class="panel" aria-label="统计与图例">
            <div class="board-head"><p class="opacity-80">{facts}</p>{mode_switch(to(false), to(true), page.pay)}</div>
            {figures}
            <p class="board-rate">
                "总面积 "<b>{changing(move || counts.get().area().to_string())}</b>"㎡ · 入住户数 "<b>{changing(move || counts.get().lived_units())}</b>
                " · 入住面积 "<b>{changing(move || counts.get().lived_area().to_string())}</b>"㎡ · 空关户数 "<b>{changing(move || counts.get().empty_units())}</b>
                " · 空关面积 "<b>{changing(move || counts.get().empty_area().to_string())}</b>"㎡ · 空关率 "<b>{changing(move || counts.get().empty_rate())}</b>
            </p>
        </section>
    }
}

/// One table per entrance: a row per floor from the top, a cell per unit.
fn matrices(board: &BuildingBoard, page: Board) -> impl IntoView + use<> {
    let entrances = board.entrances();
    let many = entrances.len() > 1;
    let tables = entrances
        .into_iter()
        .map(|entrance| {
            let units: Vec<&BoardUnit> = board.units.iter().filter(|unit| unit.entrance == entrance).collect();
            let mut floors: Vec<i32> = units.iter().map(|unit| unit.floor).collect();
            floors.sort_unstable_by(|a, b| b.cmp(a));
            floors.dedup();
            let rows = floors
                .into_iter()
                .map(|floor| {
                    let cells = units.iter().filter(|unit| unit.floor == floor).map(|unit| unit_cell(unit, page)).collect_view();
                    view! { <tr><th scope="row">{format!("{floor}层")}</th><td><div class="board-floor">{cells}</div></td></tr> }
                })
                .collect_view();
            view! {
                <table class="board">
                    {many.then(|| view! { <caption>{format!("{entrance}单元")}</caption> })}
                    <tbody>{rows}</tbody>
                </table>
            }
        })
        .collect_view();
    view! { <section class="panel board-scroll" tabindex="0" aria-label="楼盘表">{tables}</section> }
}

fn unit_cell(unit: &BoardUnit, page: Board) -> impl IntoView + use<> {
    let id = unit.id;
    let status =
        page.statuses.with_untracked(|known| known.get(&id.0).copied()).unwrap_or_else(|| RwSignal::new(unit.status));
    let room = unit.room_no.clone();
    let facts = format!(
        "{}室 · {} · 建筑{}㎡ · 使用{}㎡",
        unit.room_no,
        told(unit.layout),
        unit.building_area,
        unit.usable_area
    );
    let pay = page.pays.with_untracked(|known| known.get(&id.0).copied());
    let label = move || match pay {
        Some(pay) => format!("{facts} · {}", pay.with(unit_words)),
        None => format!("{facts} · {}", told(status.get())),
    };
    let for_title = label.clone();
    let size = format!("{} {}㎡", told(unit.layout), unit.building_area);
    let menu_label = format!("{room}室操作");
    let open_menu = move |event: MouseEvent| {
        event.prevent_default();
        page.menu.set(Some(Opened::at(id, &event)));
    };
    let current = move || page.unit.get() == Some(id.0);
    let dimmed = move || match pay {
        Some(pay) => page.sought_pay.get().is_some_and(|sought| sought != pay.with(|pay| Shade::from(pay))),
        None => page.sought.get().is_some_and(|sought| sought != status.get()),
    };
    // The drawer stands far behind in the document; the key leads to it as if it came right after its tile.
    let by_key = move |event: KeyboardEvent| match (event.key().as_str(), event.shift_key()) {
        ("Tab", false) if page.unit.get_untracked() == Some(id.0) => {
            event.prevent_default();
            focus_on(DRAWER);
        }
        ("F10", true) | ("ContextMenu", _) => {
            event.prevent_default();
            page.menu.set(Opened::below(id));
        }
        _ => {}
    };
    // Already open: the address does not change, but the drawer is wanted.
    let again = move |_| {
        if page.unit.get_untracked() == Some(id.0) {
            focus_on(DRAWER);
        }
    };
    view! {
        <div class="board-cell" on:contextmenu=open_menu>
        <a
            class="board-unit"
            class:is-dimmed=dimmed
            href=page.address(Some(id.0))
            data-noscroll=""
            data-unit=id.to_string()
            data-status=move || pay.is_none().then(|| tone(status.get()))
            data-pay=move || pay.map(|pay| pay.with(|pay| Shade::from(pay).tone()))
            data-tip=for_title
            aria-label=label
            aria-current=move || current().then_some("true")
            aria-haspopup="menu"
            aria-keyshortcuts="Shift+F10"
            on:keydown=by_key
            on:click=again
        >
            <span class="board-room">{room}</span>
            <span class="board-size">{size}</span>
        </a>
        // The keyboard opens the same menu from the tile itself; a stop of its own would double the way through a board.
        <button type="button" class="board-more no-print" tabindex="-1" aria-label=menu_label on:click=open_menu>"⋯"</button>
        </div>
    }
}

/// Where the drawer is found.
const DRAWER: &str = ".unit-drawer";

/// Moves the keyboard to an element.
pub(super) fn focus_on(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Moves what is around an element just so far that it can be seen.
fn bring_into_view(selector: &str) {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    options.set_inline(web_sys::ScrollLogicalPosition::Nearest);
    if let Ok(Some(element)) = document().query_selector(selector) {
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// The unit that the address names, beside the board. Opening leads the keyboard into it, closing back to the tile.
fn drawer(page: Board) -> impl IntoView {
    let (unit, statuses) = (page.unit, page.statuses);
    let navigate = use_navigate();
    let close = move || {
        navigate(&page.address(None), NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    let by_key = {
        let close = close.clone();
        move |event: KeyboardEvent| {
            if event.key() == "Escape" && unit.get_untracked().is_some() {
                close();
            }
        }
    };
    let escape = window_event_listener_untyped_guard(by_key);
    on_cleanup(move || {
        if let Some(escape) = escape {
            escape.remove();
        }
    });
    Effect::new(move |before: Option<Option<i64>>| {
        let now = unit.get();
        match (before, now) {
            // As the page came: nobody has pressed anything yet.
            (None, _) => {}
            (Some(_), Some(_)) if before != Some(now) => request_animation_frame(|| focus_on(DRAWER)),
            (Some(Some(left)), None) => request_animation_frame(move || focus_on(&tile_selector(left))),
            _ => {}
        }
        now
    });
    // Backwards from its beginning leads to the tile again.
    let to_tile = move |event: KeyboardEvent| {
        let first = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let first = first.is_some_and(|first| first.matches(".unit-drawer, .unit-drawer-close").unwrap_or(false));
        if let (true, "Tab", true, Some(id)) = (first, event.key().as_str(), event.shift_key(), unit.get_untracked()) {
            event.prevent_default();
            focus_on(&tile_selector(id));
        }
    };
    move || {
        let close = close.clone();
        unit.get().map(|id| {
            view! {
                <aside class="unit-drawer" aria-label="房源详情" tabindex="-1" on:keydown=to_tile>
                    <button type="button" class="btn btn-ghost btn-sm btn-square unit-drawer-close" aria-label="关闭" on:click=move |_| close()>{icon("close")}</button>
                    {unit_panel(UnitId(id), page.chosen, Signal::derive(move || statuses.with(|known| known.get(&id).and_then(|status| status.try_get()))))}
                </aside>
            }
        })
    }
}

pub(super) fn tile_selector(unit: i64) -> String {
    format!(".board-unit[data-unit=\"{unit}\"]")
}

/// Listens to keys while the page lives; nothing on the server.
fn window_event_listener_untyped_guard(handler: impl Fn(KeyboardEvent) + 'static) -> Option<WindowListenerHandle> {
    cfg!(feature = "hydrate").then(|| window_event_listener(leptos::ev::keydown, handler))
}
