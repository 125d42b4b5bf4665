//! The estate view (S0-6 level 2): its figures and its buildings, coloured by occupancy.

use super::api::{estate_buildings, estate_get};
use crate::{
    housing::use_id,
    shell::may,
    ui::{
        PageHead,
        detail::{field_group, text_cell},
        empty_view, error_view, icon,
        live::use_live,
        loading_view,
    },
};
use domain::{
    housing::{
        building::BuildingRow,
        estate::{Estate, facilities_text, percent_text},
        place::Place,
    },
    id::EstateId,
    insight::Occupancy,
    list::group_thousands,
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

pub fn detail_view() -> AnyView {
    let id = use_id();
    let estate = Resource::new(move || id.get(), |id| estate_get(EstateId(id)));
    let buildings = Resource::new(move || id.get(), |id| estate_buildings(EstateId(id)));
    use_live(Signal::derive(move || format!("estate={}", id.get())), move |_| buildings.refetch());
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match estate.await {
                        Ok(estate) => head(&estate).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Transition>
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match buildings.await {
                        Ok(buildings) => buildings_view(buildings).into_any(),
                        // What is wrong with the estate itself is said above.
                        Err(error) if estate.await.is_ok() => error_view(&error),
                        Err(_) => ().into_any(),
                    }
                })}
            </Transition>
            <Transition>
                {move || Suspend::new(async move { estate.await.ok().map(|estate| fields(&estate)) })}
            </Transition>
        </main>
    }
    .into_any()
}

fn head(estate: &Estate) -> impl IntoView + use<> {
    let id = estate.id;
    let back = ("/housing/estates".to_owned(), "小区".to_owned());
    let on_map = estate.position.map(|point| format!("/map?lng={:.6}&lat={:.6}&zoom=16", point.lng, point.lat));
    view! {
        <PageHead title=estate.name.clone() back=back>
            {on_map.map(|href| view! { <a class="btn btn-outline btn-sm" href=href>{icon("map")}"地图位置"</a> })}
            <a class="btn btn-outline btn-sm" href=format!("/housing/units?estate={id}")>{icon("unit")}"房源列表"</a>
            {move || may(Permission::EstateWrite).then(|| view! {
                <a class="btn btn-primary btn-sm" href=format!("/housing/estates/{id}/edit")>{icon("edit")}"编辑"</a>
            })}
        </PageHead>
    }
}

fn buildings_view(buildings: Vec<(BuildingRow, Occupancy)>) -> impl IntoView {
    if buildings.is_empty() {
        return empty_view("该小区暂无楼栋，可通过导入建筑信息录入");
    }
    let mut total = Occupancy::default();
    for (_, occupancy) in &buildings {
        total.merge(*occupancy);
    }
    let count = buildings.len() as i64;
    let cards = buildings.into_iter().map(|(row, occupancy)| building_card(row, occupancy)).collect_view();
    view! {
        <section class="panel">
            <h2>"楼栋"</h2>
            <div class="figure-row">
                {figure("楼栋", group_thousands(count), "栋")}
                {figure("房源", group_thousands(total.units), "套")}
                {figure("已租", group_thousands(total.rented), "套")}
                {figure("空置", group_thousands(total.vacant), "套")}
                {figure("已售", group_thousands(total.sold), "套")}
                {figure("出租率", total.rate(), "")}
            </div>
            <ul class="building-grid">{cards}</ul>
        </section>
    }
    .into_any()
}

fn building_card(row: BuildingRow, occupancy: Occupancy) -> impl IntoView {
    let parts = [
        ("occupied", occupancy.rented),
        ("vacant", occupancy.vacant),
        ("sold", occupancy.sold),
        ("prep", occupancy.units - occupancy.rented - occupancy.vacant - occupancy.sold),
    ];
    let bar = parts
        .into_iter()
        .filter(|(_, units)| *units > 0)
        .map(|(tone, units)| view! { <span data-status=tone style=format!("flex-grow:{units}")></span> })
        .collect_view();
    view! {
        <li>
            <a class="building-card" href=format!("/housing/buildings/{}", row.id)>
                <span class="building-no">{row.no}</span>
                <span class="building-rate">{occupancy.rate()}</span>
                <span class="occupancy-bar" aria-hidden="true">{bar}</span>
                <span class="building-note">{format!("{}层 · {}套 · 空置{}套", row.floors_up, group_thousands(occupancy.units), group_thousands(occupancy.vacant))}</span>
            </a>
        </li>
    }
}

fn figure(label: &'static str, value: String, unit: &'static str) -> impl IntoView {
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
