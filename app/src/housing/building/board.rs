//! The board of a building: floor × unit, coloured by status, live; a drawer shows one unit.

use super::{api::building_board_get, facts::building_facts};
use crate::{
    housing::{unit::panel::unit_panel, use_id},
    shell::may,
    ui::{
        PageHead, empty_view, error_view, icon,
        live::{Heard, use_live},
        loading_view, tone,
    },
};
use domain::{
    dictionary::UnitStatus,
    housing::building::{BoardUnit, Building, BuildingBoard},
    id::{BuildingId, UnitId},
    insight::Occupancy,
    platform::permission::Permission,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use std::collections::HashMap;

/// The status of every unit on the board, by id; what a live change writes to.
type Statuses = RwSignal<HashMap<i64, RwSignal<UnitStatus>>>;

pub fn board_view() -> AnyView {
    let id = use_id();
    let board = Resource::new(move || id.get(), |id| building_board_get(BuildingId(id)));
    let statuses: Statuses = RwSignal::new(HashMap::new());
    let connected = use_live(Signal::derive(move || format!("building={}", id.get())), move |heard| match heard {
        Heard::Change(change) => {
            let known = change.unit.and_then(|unit| statuses.with_untracked(|known| known.get(&unit).copied()));
            match (known, change.status.as_deref().and_then(UnitStatus::from_code)) {
                (Some(known), Some(status)) => known.set(status),
                _ => board.refetch(),
            }
        }
        Heard::Refresh => board.refetch(),
    });
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match board.await {
                        Ok(board) => board_page(board, statuses, connected).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Transition>
            {drawer(statuses)}
        </main>
    }
    .into_any()
}

fn board_page(board: BuildingBoard, statuses: Statuses, connected: RwSignal<bool>) -> impl IntoView {
    let by_id = board.units.iter().map(|unit| (unit.id.0, RwSignal::new(unit.status))).collect();
    statuses.set(by_id);
    let building = &board.building;
    let back = (format!("/housing/estates/{}", building.estate_id), building.estate.clone());
    let title = format!("{} {}", building.estate, building_title(&building.no));
    let id = building.id;
    view! {
        <PageHead title=title back=back>
            <span class="live-mark" data-live=move || connected.get().to_string() role="status">
                {move || if connected.get() { "实时更新" } else { "连接中…" }}
            </span>
            <a class="btn btn-outline btn-sm" href=format!("/housing/units?building={id}")>{icon("unit")}"房源列表"</a>
            {move || may(Permission::UnitWrite).then(|| view! {
                <a class="btn btn-primary btn-sm" href=format!("/housing/buildings/{id}/new-unit")>{icon("add")}"新增房源"</a>
            })}
        </PageHead>
        {summary(building, statuses)}
        {building_facts(building)}
        {if board.units.is_empty() { empty_view("该楼栋暂无房源，可新增房源或导入建筑信息") } else { matrices(&board, statuses).into_any() }}
    }
}

/// `01` is 01号楼; a number that says so itself stays.
fn building_title(no: &str) -> String {
    if no.chars().last().is_some_and(|last| "楼栋幢座".contains(last)) {
        no.to_owned()
    } else {
        format!("{no}号楼")
    }
}

/// Figures and legend in one: how many units are in which status, with the square that stands for it.
fn summary(building: &Building, statuses: Statuses) -> impl IntoView + use<> {
    let occupancy = move || {
        statuses.with(|known| {
            let mut occupancy = Occupancy::default();
            for status in known.values() {
                occupancy.add(status.get(), 1);
            }
            occupancy
        })
    };
    let counts =
        move |wanted: UnitStatus| statuses.with(|known| known.values().filter(|status| status.get() == wanted).count());
    let legend = UnitStatus::ALL
        .iter()
        .copied()
        .map(|status| {
            view! {
                <li class:is-none=move || counts(status) == 0>
                    <span class="status-tile" data-status=tone(status)></span>{status.label()}" "<b>{move || counts(status)}</b>
                </li>
            }
        })
        .collect_view();
    let facts = [
        Some(building.district.clone()),
        Some(building.project.clone()),
        building.structure.map(|structure| structure.label().to_owned()),
        Some(format!("地上{}层", building.floors_up)),
        Some(format!("{}个单元", building.entrances)),
    ];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        <section class="panel" aria-label="统计与图例">
            <p class="opacity-80">{facts}</p>
            <p class="board-rate">"出租率 "<b>{move || occupancy().rate()}</b>{move || format!("（已租{}套 / 可租{}套）", occupancy().rented, occupancy().lettable)}</p>
            <ul class="legend" aria-label="图例">{legend}</ul>
        </section>
    }
}

/// One table per entrance: a row per floor from the top, a cell per unit.
fn matrices(board: &BuildingBoard, statuses: Statuses) -> impl IntoView + use<> {
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
                    let cells = units.iter().filter(|unit| unit.floor == floor).map(|unit| unit_cell(unit, statuses)).collect_view();
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

fn unit_cell(unit: &BoardUnit, statuses: Statuses) -> impl IntoView + use<> {
    let id = unit.id;
    let status =
        statuses.with_untracked(|known| known.get(&id.0).copied()).unwrap_or_else(|| RwSignal::new(unit.status));
    let room = unit.room_no.clone();
    let facts = format!(
        "{}室 · {} · 建筑{}㎡ · 使用{}㎡",
        unit.room_no,
        unit.layout.label(),
        unit.building_area,
        unit.usable_area
    );
    let label = move || format!("{facts} · {}", status.get().label());
    let for_title = label.clone();
    view! {
        <a class="board-unit" href=format!("?unit={id}") data-unit=id.to_string() data-status=move || tone(status.get()) data-tip=for_title aria-label=label>
            <span class="board-room">{room}</span>
        </a>
    }
}

/// The unit that the address names, beside the board.
fn drawer(statuses: Statuses) -> impl IntoView {
    let query = use_query_map();
    let unit = Memo::new(move |_| query.read().get("unit").and_then(|id| id.parse::<i64>().ok()));
    let navigate = use_navigate();
    let close = move || navigate("?", leptos_router::NavigateOptions { scroll: false, ..Default::default() });
    let by_key = {
        let close = close.clone();
        move |event: leptos::ev::KeyboardEvent| {
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
    move || {
        let close = close.clone();
        unit.get().map(|id| {
            view! {
                <aside class="unit-drawer" aria-label="房源详情">
                    <button type="button" class="btn btn-ghost btn-sm btn-square unit-drawer-close" aria-label="关闭" on:click=move |_| close()>{icon("close")}</button>
                    {unit_panel(UnitId(id), Signal::derive(move || statuses.with(|known| known.get(&id).and_then(|status| status.try_get()))))}
                </aside>
            }
        })
    }
}

/// Listens to keys while the page lives; nothing on the server.
fn window_event_listener_untyped_guard(
    handler: impl Fn(leptos::ev::KeyboardEvent) + 'static,
) -> Option<WindowListenerHandle> {
    cfg!(feature = "hydrate").then(|| window_event_listener(leptos::ev::keydown, handler))
}
