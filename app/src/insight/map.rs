//! The city map (S0-6 level 1, S1-2.2): outlines as the base, marks sized by stock and coloured by
//! occupancy, figures aggregated by the server for what is in view. The address says where one is.

use crate::{
    ApiError,
    ui::{PageHead, error_view, loading_view},
};
use domain::{
    insight::{MapMark, MapMarks, MapView, MarkLevel},
    list::group_thousands,
};
use leptos::{prelude::*, server_fn::codec::Json};

/// The marks of a view.
#[server(endpoint = "map_marks_get", input = Json)]
pub async fn map_marks_get(view: MapView) -> Result<MapMarks, ApiError> {
    Ok(store::insight::map::map_marks_get(&crate::context::ctx()?, view).await?)
}

/// The whole world at a zoom that shows districts: what the list beside the map starts with.
const EVERYWHERE: MapView = MapView { min_lng: -180.0, min_lat: -90.0, max_lng: 180.0, max_lat: 90.0, zoom: 0 };

pub(super) fn map_view() -> AnyView {
    let shown = RwSignal::new(None::<MapMarks>);
    let first = Resource::new(|| (), |()| map_marks_get(EVERYWHERE));
    #[cfg(feature = "hydrate")]
    crate::ui::map::use_city_map("city-map", shown);
    let marks = move || shown.get().map(Ok);
    view! {
        <main class="page map-page">
            <PageHead title="房源分布">
                <ul class="map-legend" aria-label="出租率图例">
                    {[("none", "无可租"), ("low", "低于80%"), ("middle", "80%至95%"), ("high", "95%以上")]
                        .map(|(tone, label)| view! { <li><span class="map-dot" data-rate=tone></span>{label}</li> })
                        .collect_view()}
                </ul>
            </PageHead>
            <div class="map-layout">
                <div id="city-map" class="city-map" aria-label="城市地图" role="application"></div>
                <aside class="panel map-side" aria-label="图上房源">
                    <Transition fallback=loading_view>
                        {move || Suspend::new(async move {
                            let found = match marks() {
                                Some(found) => found,
                                None => first.await,
                            };
                            match found {
                                Ok(found) => side_list(found).into_any(),
                                Err(error) => error_view(&error),
                            }
                        })}
                    </Transition>
                </aside>
            </div>
        </main>
    }
    .into_any()
}

/// The same marks as a list: for keyboards, screen readers and small screens.
fn side_list(found: MapMarks) -> impl IntoView {
    let unlocated = found.unlocated;
    let mut marks = found.marks;
    marks.sort_by_key(|mark| std::cmp::Reverse(mark.occupancy.units));
    let count = marks.len();
    let items = marks.into_iter().take(100).map(side_item).collect_view();
    view! {
        {(unlocated > 0).then(|| view! {
            <a class="alert alert-warning alert-soft mb-3" href="/housing/estates?located=no">{format!("{}个小区尚未标注坐标，点击完善", group_thousands(unlocated))}</a>
        })}
        {(count == 0).then(|| view! { <p class="opacity-80">"当前视野内没有房源，请移动或缩小地图"</p> })}
        <ul class="mark-list">{items}</ul>
    }
}

fn side_item(mark: MapMark) -> impl IntoView {
    let href = match mark.level {
        MarkLevel::District | MarkLevel::Cluster => format!(
            "/map?lng={:.6}&lat={:.6}&zoom={}",
            mark.lng,
            mark.lat,
            if mark.level == MarkLevel::District { 13 } else { 15 }
        ),
        MarkLevel::Estate => format!("/housing/estates/{}", mark.id),
        MarkLevel::Building => format!("/housing/buildings/{}", mark.id),
    };
    let name =
        if mark.level == MarkLevel::Cluster { format!("{}等{}个小区", mark.name, mark.estates) } else { mark.name };
    let note = format!(
        "{}套 · 可租{} · 空置{}",
        group_thousands(mark.occupancy.units),
        group_thousands(mark.occupancy.lettable),
        group_thousands(mark.occupancy.vacant)
    );
    view! {
        <li><a href=href>
            <span class="map-dot" data-rate=rate_tone(mark.occupancy.percent())></span>
            <span class="grow min-w-0"><b class="block truncate">{name}</b><small>{note}</small></span>
            <span class="figures">{mark.occupancy.rate()}</span>
        </a></li>
    }
}

/// The class of a rate: four steps that also differ in lightness.
#[must_use]
pub fn rate_tone(percent: Option<i64>) -> &'static str {
    match percent {
        None => "none",
        Some(0..=79) => "low",
        Some(80..=94) => "middle",
        Some(_) => "high",
    }
}
