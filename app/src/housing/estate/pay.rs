//! The estate by payment colour (缴费情况, domain.md S0-6 level 2): totals, and a card for every building.

use super::{api::estate_pay_get, detail::figure};
use crate::{
    ApiError,
    shell::may,
    ui::pay::{Shade, kept, pay_tile, pay_words},
};
use domain::{
    dictionary::PayColor,
    housing::building::BuildingRow,
    id::{BuildingId, EstateId},
    insight::pay::PayCounts,
    list::group_thousands,
    platform::permission::Permission,
};
use leptos::prelude::*;
use std::collections::HashMap;

/// The buildings by payment colour, if the page is to show it.
pub(super) async fn pays_get(id: i64, pay: bool) -> Result<Option<HashMap<BuildingId, PayCounts>>, ApiError> {
    if !pay {
        return Ok(None);
    }
    Ok(Some(estate_pay_get(EstateId(id)).await?.into_iter().collect()))
}

/// Figures and legend; from those who are behind a way leads to their list.
pub(super) fn pay_summary(estate: i64, buildings: i64, total: &PayCounts) -> impl IntoView + use<> {
    let booked = total.units() - total.of(PayColor::Grey);
    let legend = Shade::present(total).map(|(shade, units)| legend_item(estate, shade, units)).collect_view();
    view! {
        <div class="figure-row">
            {figure("楼栋", group_thousands(buildings), "栋")}
            {figure("房源", group_thousands(total.units()), "套")}
            {figure("已建账", group_thousands(booked), "套")}
            {figure("欠费", group_thousands(total.behind()), "套")}
            {figure("已出租未建账", group_thousands(total.unbooked()), "套")}
        </div>
        <ul class="legend mb-4" aria-label="缴费情况合计">{legend}</ul>
    }
}

fn legend_item(estate: i64, shade: Shade, units: i64) -> AnyView {
    let content = view! { {pay_tile(shade)}{shade.label()}" "<b>{group_thousands(units)}</b> };
    let behind = matches!(shade.color, PayColor::Yellow | PayColor::Red);
    if behind && may(Permission::BillRead) {
        let href = format!("/billing/arrears?estate={estate}");
        view! { <li><a class="legend-item" href=href>{content}</a></li> }.into_any()
    } else {
        view! { <li><span class="legend-item">{content}</span></li> }.into_any()
    }
}

/// A building: the share of each colour, and how many are behind.
pub(super) fn building_pay_card(row: &BuildingRow, counts: &PayCounts) -> impl IntoView + use<> {
    let bar = Shade::present(counts)
        .map(|(shade, units)| view! { <span data-pay=shade.tone() style=format!("flex-grow:{units}")></span> })
        .collect_view();
    // The bar in words: on hover, and for who does not see it.
    let words = pay_words(counts);
    let booked = counts.units() - counts.of(PayColor::Grey);
    let note = format!("已建账{}套 · 未建账{}套", group_thousands(booked), group_thousands(counts.unbooked()));
    view! {
        <li>
            <a class="building-card" href=kept(format!("/housing/buildings/{}", row.id), true)>
                <span class="building-no">{row.no.clone()}</span>
                <span class="building-rate">{format!("欠费{}套", group_thousands(counts.behind()))}</span>
                <span class="occupancy-bar" role="img" aria-label=words.clone() title=words>{bar}</span>
                <span class="building-note">{note}</span>
            </a>
        </li>
    }
}
