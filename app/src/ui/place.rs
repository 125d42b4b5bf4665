//! The fields 经度, 纬度, 坐标系 of a form, and the map to point at instead of typing. The fields are the way of the
//! keyboard, and all there is without JavaScript.

use super::{changing::changing, field::coded, form::Edit, icon};
use crate::shell::use_frame;
use domain::{
    housing::place::{Place, PlaceForm},
    value::{CoordinateSystem, Point, convert},
};
use leptos::prelude::*;

/// What the map and the fields tell each other, in the system of the city's map (PRM-07).
#[derive(Clone, Copy)]
pub struct Picker {
    /// where the fields say it is
    pub point: Signal<Option<Point>>,
    /// somebody pointed at the map
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code))]
    pub pick: Callback<Point>,
    /// the map is wanted: it loads with the first look at it
    pub open: RwSignal<bool>,
    pub failed: RwSignal<bool>,
}

/// The three fields with their map.
pub fn place_fields<F: Clone + Send + Sync + 'static>(
    edit: Edit<F>,
    lng: fn(&mut F) -> &mut String,
    lat: fn(&mut F) -> &mut String,
    system: fn(&mut F) -> &mut String,
) -> AnyView {
    let map = use_frame().with_untracked(|frame| frame.settings.map_system);
    let form = edit.form;
    let point = Signal::derive(move || {
        let mut form = form.get();
        let (lng, lat, system) = (lng(&mut form).clone(), lat(&mut form).clone(), system(&mut form).clone());
        place_of(&lng, &lat, &system).map(|place| place.on_map(map))
    });
    let pick = Callback::new(move |point: Point| {
        form.update(|form| {
            // Into the system that was chosen; that of the map when none was.
            let chosen = CoordinateSystem::from_code(system(form)).unwrap_or(map);
            let point = convert(point, map, chosen);
            chosen.code().clone_into(system(form));
            *lng(form) = format!("{:.7}", point.lng);
            *lat(form) = format!("{:.7}", point.lat);
        });
    });
    view! {
        {edit.text("lng", "经度", false, lng, ("text", "如 113.6253680"))}
        {edit.text("lat", "纬度", false, lat, ("text", "如 34.7465990"))}
        {edit.select("system", "坐标系", false, system, coded(CoordinateSystem::choices()))}
        {picker_view(Picker { point, pick, open: RwSignal::new(false), failed: RwSignal::new(false) })}
    }
    .into_any()
}

/// The place that three texts name, if they are whole.
fn place_of(lng: &str, lat: &str, system: &str) -> Option<Place> {
    let mut place = PlaceForm::default();
    place.read_lng(lng.trim()).ok()?;
    place.read_lat(lat.trim()).ok()?;
    place.read_system(system).ok()?;
    place.place()
}

fn picker_view(picker: Picker) -> AnyView {
    #[cfg(feature = "hydrate")]
    super::map_pick::use_picker(MAP, picker);
    let told = move || {
        picker
            .point
            .get()
            .map_or_else(|| "尚未标注位置".to_owned(), |point| format!("地图位置：{:.6}，{:.6}", point.lng, point.lat))
    };
    view! {
        <div class="place-picker">
            <button type="button" class="btn btn-outline btn-sm" aria-expanded=move || picker.open.get().to_string() aria-controls=MAP
                on:click=move |_| picker.open.update(|open| *open = !*open)>{icon("map")}"在地图上选择位置"</button>
            <span class="text-sm" role="status">{changing(told)}</span>
            {changing(move || picker.failed.get().then(|| view! { <p class="field-error" role="alert">"地图加载失败，请直接填写经纬度"</p> }))}
            <div id=MAP class="city-map place-map" class:hidden=move || !picker.open.get() role="application" aria-label="点击地图选择位置，也可直接填写经纬度"></div>
        </div>
    }
    .into_any()
}

/// The map's element.
const MAP: &str = "place-map";
