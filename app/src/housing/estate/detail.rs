//! The estate view (S0-6 level 2): its figures and its buildings, coloured by occupancy or by payment.

use super::{
    api::{estate_buildings, estate_delete, estate_get},
    pay::{building_pay_card, pay_summary, pays_get},
};
use crate::ui::label::told;
use crate::{
    ApiError,
    housing::use_id,
    platform::attachment::attachments_panel,
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        detail::{field_group, text_cell},
        empty_view, error_view, icon,
        live::{use_coalesced, use_live},
        loading_view,
        pay::{MODE, mode_switch, use_pay_mode},
        print_button,
        remove::delete_button,
        resource::resource,
        status_tile, tone,
    },
};
use domain::{
    dictionary::{AttachmentOwner, UnitStatus},
    housing::{
        building::BuildingRow,
        estate::{Estate, facilities_text, percent_text},
        place::Place,
    },
    id::{BuildingId, EstateId},
    insight::{StatusCounts, pay::PayCounts, stock::StockFigures},
    list::group_thousands,
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;
use std::collections::HashMap;

pub fn detail_view() -> AnyView {
    let id = use_id();
    let estate = resource(move || id.get(), |id| estate_get(EstateId(id)));
    let pay = use_pay_mode();
    let buildings = resource(
        move || (id.get(), pay.get()),
        |(id, pay)| async move { Ok::<_, ApiError>((estate_buildings(EstateId(id)).await?, pays_get(id, pay).await?)) },
    );
    // An import tells of every building: they are looked at again together.
    let look_again = use_coalesced(move || buildings.refetch());
    use_live(Signal::derive(move || format!("estate={}", id.get())), move |_| look_again());
    view! {
        <main class="page">
            {awaited(estate, move |estate| head(&estate).into_any())}
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match (buildings.await, estate.await) {
                        (Ok((buildings, pays)), Ok(_)) => {
                            buildings_view(id.get_untracked(), buildings, pays, pay).into_any()
                        }
                        (Err(error), Ok(_)) => error_view(&error),
                        // Said above already.
                        (_, Err(_)) => ().into_any(),
                    }
                }))}
            </Transition>
            <Transition>
                {changing(move || Suspend::new(async move { estate.await.ok().map(|estate| fields(&estate)) }))}
            </Transition>
            {attachments_panel(AttachmentOwner::Estate, id.into())}
        </main>
    }
    .into_any()
}

fn head(estate: &Estate) -> impl IntoView + use<> {
    let (id, version) = (estate.id, estate.version);
    let name = estate.name.clone();
    let back = ("/housing/estates".to_owned(), "小区".to_owned());
    let on_map = estate.position.map(|point| format!("/map?lng={:.6}&lat={:.6}&zoom=16", point.lng, point.lat));
    view! {
        <PageHead title=estate.name.clone() back=back>
            {print_button()}
            {on_map.map(|href| view! { <a class="btn btn-outline btn-sm" href=href>{icon("map")}"地图位置"</a> })}
            <a class="btn btn-outline btn-sm" href=format!("/housing/units?estate={id}")>{icon("unit")}"房源列表"</a>
            {changing(move || may(Permission::BuildingWrite).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/housing/buildings/new?estate={id}")>{icon("add")}"新增楼栋"</a>
            }))}
            {changing(move || may(Permission::EstateWrite).then(|| view! {
                <a class="btn btn-primary btn-sm" href=format!("/housing/estates/{id}/edit")>{icon("edit")}"编辑"</a>
                {delete_button("小区", name.clone(), "/housing/estates".to_owned(), move || Box::pin(estate_delete(id, version)))}
            }))}
        </PageHead>
    }
}

fn buildings_view(
    estate: i64,
    buildings: Vec<(BuildingRow, StockFigures)>,
    pays: Option<HashMap<BuildingId, PayCounts>>,
    pay: Memo<bool>,
) -> impl IntoView {
    if buildings.is_empty() {
        return empty_view("该小区暂无楼栋，可新增楼栋或导入建筑信息");
    }
    let count = buildings.len() as i64;
    let address = |query: &str| Signal::stored(format!("/housing/estates/{estate}{query}"));
    let switch = mode_switch(address(""), address(&format!("?{MODE}")), pay);
    let (summary, cards) = match pays {
        Some(pays) => {
            let of = |row: &BuildingRow| pays.get(&row.id).copied().unwrap_or_default();
            let mut total = PayCounts::default();
            buildings.iter().for_each(|(row, _)| total.merge(of(row)));
            let cards = buildings.iter().map(|(row, _)| building_pay_card(row, &of(row))).collect_view();
            (pay_summary(estate, count, &total).into_any(), cards.into_any())
        }
        None => {
            let mut total = StockFigures::default();
            buildings.iter().for_each(|(_, figures)| total.merge(*figures));
            let cards = buildings.into_iter().map(|(row, figures)| building_card(row, figures.units)).collect_view();
            (summary(estate, count, &total).into_any(), cards.into_any())
        }
    };
    view! {
        <section class="panel">
            <div class="board-head"><h2>"楼栋"</h2>{switch}</div>
            {summary}
            <ul class="building-grid">{cards}</ul>
        </section>
    }
    .into_any()
}

fn summary(estate: i64, buildings: i64, total: &StockFigures) -> impl IntoView + use<> {
    let occupancy = total.units.occupancy();
    let legend = total.units.present().map(|(status, units)| legend_item(estate, status, units)).collect_view();
    view! {
        <div class="figure-row">
            {figure("楼栋", group_thousands(buildings), "栋")}
            {figure("房源", group_thousands(occupancy.units), "套")}
            {figure("可租", group_thousands(occupancy.lettable), "套")}
            {figure("已租", group_thousands(occupancy.rented), "套")}
            {figure("入住率", occupancy.occupancy_rate(), "")}
            {figure("配租率", occupancy.letting_rate(), "")}
            {figure("总面积", total.area().to_string(), "㎡")}
            {figure("入住户数", group_thousands(total.lived_units()), "户")}
            {figure("入住面积", total.lived_area().to_string(), "㎡")}
            {figure("空关户数", group_thousands(total.empty_units()), "户")}
            {figure("空关面积", total.empty_area().to_string(), "㎡")}
            {figure("空关率", total.empty_rate(), "")}
        </div>
        <ul class="legend mb-4" aria-label="房源状态合计">{legend}</ul>
    }
}

/// What a colour stands for, how many units of the estate have it, and the way to them.
fn legend_item(estate: i64, status: UnitStatus, units: i64) -> impl IntoView {
    let href = format!("/housing/units?estate={estate}&status={}", status.code());
    view! { <li><a class="legend-item" href=href>{status_tile(status)}{told(status)}" "<b>{group_thousands(units)}</b></a></li> }
}

fn building_card(row: BuildingRow, counts: StatusCounts) -> impl IntoView {
    let occupancy = counts.occupancy();
    let bar = counts
        .present()
        .map(|(status, units)| view! { <span data-status=tone(status) style=format!("flex-grow:{units}")></span> })
        .collect_view();
    // The bar in words: on hover, and for who does not see it.
    let words: Vec<String> =
        counts.present().map(|(status, units)| format!("{}{}套", told(status), group_thousands(units))).collect();
    let words = if words.is_empty() { "暂无房源".to_owned() } else { words.join("，") };
    view! {
        <li>
            <a class="building-card" href=format!("/housing/buildings/{}", row.id)>
                <span class="building-no">{row.no}</span>
                <span class="building-rate"><span class="sr-only">"配租率"</span>{occupancy.letting_rate()}</span>
                <span class="occupancy-bar" role="img" aria-label=words.clone() title=words>{bar}</span>
                <span class="building-note">{format!("{}层 · {}套 · 空置{}套", row.floors_up, group_thousands(occupancy.units), group_thousands(occupancy.vacant))}</span>
            </a>
        </li>
    }
}

pub(super) fn figure(label: &'static str, value: String, unit: &'static str) -> impl IntoView {
    view! { <div class="figure-item"><span class="figure-label">{label}</span><span class="figure-value">{value}<small>{unit}</small></span></div> }
}

fn fields(estate: &Estate) -> impl IntoView + use<> {
    let place_cell = |text: fn(Place) -> String| cell_or_empty(estate.place, |place| Cell::Text(text(place)));
    view! {
        {field_group("基本信息", vec![
            ("小区编码", Cell::text(&estate.code)),
            ("所属区县", Cell::text(&estate.district)),
            ("街道", text_cell(estate.street.as_ref())),
            ("社区", text_cell(estate.community.as_ref())),
            ("小区地址", Cell::text(&estate.address)),
            ("物业公司", text_cell(estate.property_company.as_ref())),
            ("运营主体", text_cell(estate.operator.as_ref())),
            ("经度", place_cell(|place| place.point.lng.to_string())),
            ("纬度", place_cell(|place| place.point.lat.to_string())),
            ("坐标系", place_cell(|place| place.system.label().to_owned())),
            ("规划户数", cell_or_empty(estate.households_planned, |count| Cell::Number(count.into()))),
            ("车位数", cell_or_empty(estate.parking_total, |count| Cell::Number(count.into()))),
            ("绿化率(%)", cell_or_empty(estate.green_rate, |rate| Cell::Text(percent_text(rate)))),
            ("容积率", cell_or_empty(estate.far, |rate| Cell::Text(percent_text(rate)))),
            ("出入口数", cell_or_empty(estate.gates, |count| Cell::Number(count.into()))),
            ("配套设施", Cell::text(&facilities_text(&estate.facilities))),
            ("联系人", text_cell(estate.contact.as_ref())),
            ("联系电话", text_cell(estate.phone.as_ref())),
            ("备注", text_cell(estate.remark.as_ref())),
            ("更新时间", Cell::Time(estate.updated_at)),
            ("更新人", text_cell(estate.updated_by.as_ref())),
        ])}
    }
}
