//! The board of a building by payment colour (缴费情况, domain.md S0-6 level 3, S1-5.10): figures and legend, and how each
//! unit stands. Colours come with the page and then live.

use super::{api::building_pay_get, board::Board};
use crate::{
    ApiError,
    ui::{
        changing::changing,
        live::LiveChange,
        pay::{Shade, pay_tile},
    },
};
use domain::{
    dictionary::PayColor,
    id::BuildingId,
    insight::pay::{PayCounts, UnitPay},
    list::group_thousands,
};
use leptos::prelude::*;
use std::collections::HashMap;

/// How every unit on the board stands, by id; what a live change writes to. Empty while the board shows statuses.
pub(super) type Pays = RwSignal<HashMap<i64, RwSignal<UnitPay>>>;

/// How the units of a building stand, if the board is to show it.
pub(super) async fn pays_get((id, pay): (i64, bool)) -> Result<Vec<UnitPay>, ApiError> {
    if pay { building_pay_get(BuildingId(id)).await } else { Ok(Vec::new()) }
}

/// Takes over what the server says.
pub(super) fn pays_set(pays: Pays, units: Vec<UnitPay>) {
    pays.set(units.into_iter().map(|unit| (unit.id.0, RwSignal::new(unit))).collect());
}

/// Colours the unit that a change tells of. Its words are asked for besides, because a change tells nobody what is owed.
pub(super) fn color_hear(pays: Pays, change: &LiveChange) {
    let unit = change.unit.and_then(|unit| pays.with_untracked(|known| known.get(&unit).copied()));
    if let (Some(unit), Some(color)) = (unit, change.color.as_deref().and_then(PayColor::from_code)) {
        unit.update(|unit| (unit.color, unit.booked) = (color, true));
    }
}

/// Figures, legend and filter in one; pressing a colour dims all others.
pub(super) fn pay_summary(page: Board) -> impl IntoView {
    let counts = Memo::new(move |_| {
        page.pays.with(|known| {
            let mut counts = PayCounts::default();
            for unit in known.values() {
                unit.with(|unit| counts.add(unit.color, unit.booked));
            }
            counts
        })
    });
    let sought = page.sought_pay;
    let legend = Shade::all()
        .map(|shade| {
            let units = move || shade.units(&counts.get());
            let press = move |_| sought.update(|sought| *sought = (*sought != Some(shade)).then_some(shade));
            view! {
                <li class:is-none=move || units() == 0>
                    <button type="button" class="legend-item" aria-pressed=move || (sought.get() == Some(shade)).to_string() on:click=press>
                        {pay_tile(shade)}{shade.label()}" "<b>{changing(units)}</b>
                    </button>
                </li>
            }
        })
        .collect_view();
    view! {
        <p class="board-rate">{changing(move || rate_words(&counts.get()))}</p>
        <ul class="legend" aria-label="按缴费情况筛选">{legend}</ul>
    }
}

/// Of the units that are let and have an account, how many are behind.
pub(crate) fn rate_words(counts: &PayCounts) -> String {
    let booked = counts.units() - counts.of(PayColor::Grey);
    format!("已建账{}套，其中欠费{}套", group_thousands(booked), group_thousands(counts.behind()))
}
