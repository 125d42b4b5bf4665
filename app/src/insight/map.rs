//! The city map (S0-6 level 1, S1-2.2): outlines as the base, marks sized by stock and coloured by
//! occupancy or by payment, figures aggregated by the server for what is in view. The address says where
//! one is and what one looks for.

use crate::ui::label::told;
use crate::{
    Api, ApiError,
    ui::{
        PageHead,
        changing::changing,
        error_view,
        field::coded,
        loading_view,
        pay::{MODE, Shade, kept, mode_switch, pay_tile, pay_words, use_pay_mode},
        resource::resource,
        tone,
    },
};
use domain::{
    dictionary::{HousingCategory, PayColor, UnitStatus},
    insight::{MapMark, MapMarks, MapView, MarkLevel, pay::PayCounts},
    list::group_thousands,
};
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate, hooks::use_query_map, params::ParamsMap};
use std::fmt::Write as _;

/// The marks of a view.
#[server(endpoint = "map_marks_get", protocol = Api)]
pub async fn map_marks_get(view: MapView) -> Result<MapMarks, ApiError> {
    Ok(store::insight::map::map_marks_get(&crate::context::ctx()?, view).await?)
}

/// Most marks the list beside the map names.
const LISTED_MAX: usize = 100;

/// What is looked for on the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapFilter {
    /// only units of this category are counted, and places without any are not shown
    pub category: Option<HousingCategory>,
    /// marks tell how many units have this status, and places without any are not shown
    pub status: Option<UnitStatus>,
    /// marks are coloured by payment and not by occupancy
    pub pay: bool,
    /// then: they tell how many units have this colour, and places without any are not shown
    pub color: Option<PayColor>,
}

/// Longitude, latitude, zoom.
pub type Place = (f64, f64, f64);

impl MapFilter {
    fn of(query: &ParamsMap) -> Self {
        let pay = query.get("mode").as_deref() == Some("pay");
        Self {
            category: query.get("category").and_then(|code| HousingCategory::from_code(&code)),
            status: query.get("status").and_then(|code| UnitStatus::from_code(&code)).filter(|_| !pay),
            pay,
            color: query.get("color").and_then(|code| PayColor::from_code(&code)).filter(|_| pay),
        }
    }

    /// The same places in the other colours.
    fn toned(self, pay: bool) -> Self {
        Self { pay, status: self.status.filter(|_| !pay), color: self.color.filter(|_| pay), ..self }
    }

    /// The address of the map with this filter, at a place.
    #[must_use]
    pub fn address(self, place: Option<Place>) -> String {
        let mut address = "/map?".to_owned();
        if let Some((lng, lat, zoom)) = place {
            let _ = write!(address, "lng={lng:.6}&lat={lat:.6}&zoom={zoom}&");
        }
        if self.pay {
            let _ = write!(address, "{MODE}&");
        }
        for (key, code) in [
            ("category", self.category.map(HousingCategory::code)),
            ("status", self.status.map(UnitStatus::code)),
            ("color", self.color.map(PayColor::code)),
        ] {
            if let Some(code) = code {
                let _ = write!(address, "{key}={code}&");
            }
        }
        address.pop();
        address
    }

    /// Whether a place has any of what is looked for.
    #[must_use]
    pub fn finds(self, mark: &MapMark) -> bool {
        self.status.is_none_or(|status| mark.counts.of(status) > 0)
            && self.color.is_none_or(|color| pay_of(mark).of(color) > 0)
    }
}

/// The payment colours of a mark that was asked for with them.
#[must_use]
pub fn pay_of(mark: &MapMark) -> PayCounts {
    mark.pay.unwrap_or_default()
}

/// The place that the address names.
#[must_use]
pub fn asked_place(query: &ParamsMap) -> Option<Place> {
    let number = |key| query.get(key).and_then(|text| text.parse::<f64>().ok()).filter(|number| number.is_finite());
    Some((number("lng")?, number("lat")?, number("zoom")?))
}

/// What the map and the page around it tell each other.
#[derive(Clone, Copy)]
pub struct MapPage {
    /// the latest answer about what is in view; none before the first
    pub shown: RwSignal<Option<Result<MapMarks, ApiError>>>,
    /// the map itself could not be loaded
    pub failed: RwSignal<bool>,
    pub filter: Memo<MapFilter>,
}

pub(super) fn map_view() -> AnyView {
    let query = use_query_map();
    let filter = Memo::new(move |_| MapFilter::of(&query.read()));
    let page = MapPage { shown: RwSignal::new(None), failed: RwSignal::new(false), filter };
    // What the list beside the map starts with: all districts.
    let first = resource(
        || (),
        move |()| {
            let MapFilter { category, pay, .. } = filter.get_untracked();
            map_marks_get(MapView::everywhere(0, category).with_pay(pay))
        },
    );
    #[cfg(feature = "hydrate")]
    crate::ui::map::use_city_map("city-map", page);
    view! {
        <main class="page map-page">
            <PageHead title="房源分布">{filter_fields(query, filter)}</PageHead>
            <div class="map-layout">
                <div class="map-frame">
                    <div id="city-map" class="city-map" aria-label="城市地图" role="application"></div>
                    {changing(move || legend(page.filter.get()))}
                    {changing(move || page.failed.get().then(|| view! { <p class="map-failed alert alert-error" role="alert">"地图加载失败，请刷新重试；右侧列表仍可使用"</p> }))}
                </div>
                <aside class="panel map-side" aria-label="图上房源">
                    <Transition fallback=loading_view>
                        {changing(move || Suspend::new(async move {
                            let found = match page.shown.get() {
                                Some(found) => found,
                                None => first.await,
                            };
                            match found {
                                Ok(found) => side_list(found, page.filter.get()).into_any(),
                                Err(error) => error_view(&error),
                            }
                        }))}
                    </Transition>
                </aside>
            </div>
        </main>
    }
    .into_any()
}

/// A choice counts at once: the map stays, nothing loses its place, and no step is added to the history.
fn filter_fields(query: Memo<ParamsMap>, filter: Memo<MapFilter>) -> impl IntoView {
    let navigate = use_navigate();
    let choose = Callback::new(move |filter: MapFilter| {
        let address = filter.address(query.with_untracked(asked_place));
        navigate(&address, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
    });
    let category = map_select(
        "住房类别",
        coded(HousingCategory::choices()).all(),
        Signal::derive(move || filter.get().category.map_or("", HousingCategory::code).to_owned()),
        Callback::new(move |code: String| {
            choose.run(MapFilter { category: HousingCategory::from_code(&code), ..filter.get_untracked() });
        }),
    );
    let status = map_select(
        "房源状态",
        coded(UnitStatus::choices()).all(),
        Signal::derive(move || filter.get().status.map_or("", UnitStatus::code).to_owned()),
        Callback::new(move |code: String| {
            choose.run(MapFilter { status: UnitStatus::from_code(&code), ..filter.get_untracked() });
        }),
    );
    let color = map_select(
        "缴费情况",
        coded(PayColor::choices()).all(),
        Signal::derive(move || filter.get().color.map_or("", PayColor::code).to_owned()),
        Callback::new(move |code: String| {
            choose.run(MapFilter { color: PayColor::from_code(&code), ..filter.get_untracked() });
        }),
    );
    let pay = use_pay_mode();
    let to = move |pay: bool| Signal::derive(move || filter.get().toned(pay).address(query.with(asked_place)));
    view! {
        {mode_switch(to(false), to(true), pay)}
        {category}
        <div class="contents" hidden=move || pay.get()>{status}</div>
        <div class="contents" hidden=move || !pay.get()>{color}</div>
    }
}

fn map_select(
    label: &'static str,
    options: Vec<(String, String)>,
    value: Signal<String>,
    choose: Callback<String>,
) -> impl IntoView {
    let options = options
        .into_iter()
        .map(|(code, label)| {
            let own = code.clone();
            let selected = Signal::derive(move || value.get() == own);
            view! { <option value=code selected=selected prop:selected=selected>{label}</option> }
        })
        .collect_view();
    view! {
        <label class="filter-field">
            <span>{label}</span>
            <select class="select select-sm" autocomplete="off" on:change=move |event| choose.run(event_target_value(&event))>
                <option value="">"全部"</option>
                {options}
            </select>
        </label>
    }
}

fn legend(filter: MapFilter) -> AnyView {
    if filter.pay {
        let shades = Shade::all()
            .filter(|shade| filter.color.is_none_or(|color| color == shade.color && shade.booked))
            .map(|shade| view! { <li>{pay_tile(shade)}{shade.label()}</li> })
            .collect_view();
        let sought = filter.color.map(|_| view! { <li>"套数"</li> });
        return view! { <ul class="map-legend" aria-label="缴费情况图例">{shades}{sought}</ul> }.into_any();
    }
    if let Some(status) = filter.status {
        return view! {
            <ul class="map-legend" aria-label="图例">
                <li><span class="status-tile" data-status=tone(status)></span>{format!("{}套数", told(status))}</li>
            </ul>
        }
        .into_any();
    }
    let steps = [("low", "低于80%"), ("middle", "80%至95%"), ("high", "95%以上"), ("none", "无可租房源")]
        .map(|(tone, label)| view! { <li><span class="map-dot" data-rate=tone></span>{label}</li> })
        .collect_view();
    view! { <ul class="map-legend" aria-label="配租率图例"><li>"配租率"</li>{steps}</ul> }.into_any()
}

/// The same marks as a list: for keyboards, screen readers and small screens.
fn side_list(found: MapMarks, filter: MapFilter) -> impl IntoView {
    // Until the answer with payment colours is there, the last one is shown as what it is.
    let filter = filter.toned(filter.pay && found.marks.iter().all(|mark| mark.pay.is_some()));
    let unlocated = found.unlocated;
    let mut marks: Vec<MapMark> = found.marks.into_iter().filter(|mark| filter.finds(mark)).collect();
    marks.sort_by_key(|mark| std::cmp::Reverse(sought(mark, filter)));
    let count = marks.len();
    let items = marks.into_iter().take(LISTED_MAX).map(|mark| side_item(mark, filter)).collect_view();
    view! {
        {(unlocated > 0).then(|| view! {
            <a class="alert alert-warning alert-soft mb-3" href="/housing/estates?located=no">{format!("{}个小区尚未标注坐标，点击完善", group_thousands(unlocated))}</a>
        })}
        {(count == 0).then(|| view! { <p class="opacity-80">"当前视野内没有符合条件的房源，请移动、缩小地图或调整条件"</p> })}
        {(count > LISTED_MAX).then(|| view! { <p class="text-sm mb-2">{format!("共{count}处，仅列出前{LISTED_MAX}个，放大地图可查看其余")}</p> })}
        <ul class="mark-list">{items}</ul>
    }
}

/// The units that are looked for; by payment, if nothing else is said, those whose households are behind.
#[must_use]
pub fn sought(mark: &MapMark, filter: MapFilter) -> i64 {
    match (filter.status, filter.color) {
        (Some(status), _) => mark.counts.of(status),
        (None, Some(color)) => pay_of(mark).of(color),
        (None, None) if filter.pay => pay_of(mark).behind(),
        (None, None) => mark.counts.occupancy().units,
    }
}

fn side_item(mark: MapMark, filter: MapFilter) -> AnyView {
    let closer = |zoom: f64| filter.address(Some((mark.lng, mark.lat, zoom)));
    let href = match mark.level {
        MarkLevel::District => closer(13.0),
        MarkLevel::Cluster => closer(15.0),
        MarkLevel::Estate => kept(format!("/housing/estates/{}", mark.id), filter.pay),
        MarkLevel::Building => kept(format!("/housing/buildings/{}", mark.id), filter.pay),
    };
    if filter.pay {
        return pay_item(&mark, filter, href).into_any();
    }
    let occupancy = mark.counts.occupancy();
    let figure = match filter.status {
        Some(status) => format!("{}套", group_thousands(mark.counts.of(status))),
        None => occupancy.letting_rate(),
    };
    let mut note = format!(
        "{}套 · 已租{} · 空置{}",
        group_thousands(occupancy.units),
        group_thousands(occupancy.rented),
        group_thousands(occupancy.vacant)
    );
    if let Some(density) = mark.density() {
        let _ = write!(note, " · {density:.0}套/km²");
    }
    let dot = match filter.status {
        Some(status) => view! { <span class="status-tile" data-status=tone(status)></span> }.into_any(),
        None => view! { <span class="map-dot" data-rate=rate_tone(occupancy.percent())></span> }.into_any(),
    };
    view! {
        <li><a href=href>
            {dot}
            <span class="grow min-w-0"><b class="block truncate">{mark_name(&mark)}</b><small>{note}</small></span>
            <span class="figures">{figure}</span>
        </a></li>
    }
    .into_any()
}

fn pay_item(mark: &MapMark, filter: MapFilter, href: String) -> impl IntoView + use<> {
    let counts = pay_of(mark);
    let figure = match filter.color {
        Some(color) => format!("{}套", group_thousands(counts.of(color))),
        None => counts.label(None),
    };
    // As the mark: what is looked for, or the worst that is there.
    let worst = [PayColor::Red, PayColor::Yellow, PayColor::Green].into_iter().find(|color| counts.of(*color) > 0);
    let color = filter.color.or(worst).unwrap_or(PayColor::Grey);
    view! {
        <li><a href=href>
            {pay_tile(Shade { color, booked: true })}
            <span class="grow min-w-0"><b class="block truncate">{mark_name(mark)}</b><small>{pay_words(&counts)}</small></span>
            <span class="figures">{figure}</span>
        </a></li>
    }
}

/// A cluster is called after its largest estate.
#[must_use]
pub fn mark_name(mark: &MapMark) -> String {
    match mark.level {
        MarkLevel::Cluster => format!("{}等{}个小区", mark.name, mark.estates),
        _ => mark.name.clone(),
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
