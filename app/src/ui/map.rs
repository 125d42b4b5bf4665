//! The thin adapter to Leaflet, in a chunk of its own that loads with the first map.

use super::asset::{letter_size, load_script, load_style};
use crate::insight::map::{map_marks_get, rate_tone};
use domain::{
    insight::{MapMark, MapMarks, MapView, MarkLevel},
    list::group_thousands,
};
use js_sys::{Array, Object, Reflect};
use leaflet::{DivIconOptions, LatLng, LatLngBounds, LayerGroup, Map, MapOptions, Marker, MarkerOptions, TileLayer};
use leptos::{
    __reexports::send_wrapper::SendWrapper,
    lazy,
    prelude::*,
    wasm_bindgen::{JsCast as _, JsValue, closure::Closure},
};
use wasm_bindgen_futures::JsFuture;

/// Puts the city map into the element of that id and keeps `shown` at what is in view.
pub fn use_city_map(id: &'static str, shown: RwSignal<Option<MapMarks>>) {
    let frame = crate::shell::use_frame();
    let query = leptos_router::hooks::use_query_map();
    let kept = StoredValue::new_local(None::<CityMap>);
    Effect::new(move |_| {
        let place = asked_place(&query.read());
        // Following a link to another place moves the map that is there.
        let there = kept.with_value(|map| map.as_ref().map(|map| map.go(place)).is_some());
        if there {
            return;
        }
        let tiles = frame.with_untracked(|frame| frame.settings.map_tiles.clone());
        leptos::task::spawn_local(async move {
            if let Some(map) = open(id, tiles, place, shown).await.take() {
                kept.set_value(Some(map));
            }
        });
    });
    on_cleanup(move || {
        kept.try_update_value(|map| {
            if let Some(map) = map.take() {
                map.close();
            }
        });
    });
}

/// The place that the address names: longitude, latitude, zoom.
type Place = Option<(f64, f64, f64)>;

fn asked_place(query: &leptos_router::params::ParamsMap) -> Place {
    let number = |key| query.get(key).and_then(|text| text.parse::<f64>().ok()).filter(|number| number.is_finite());
    Some((number("lng")?, number("lat")?, number("zoom")?))
}

/// A map on the page, with all that must live as long as it.
pub struct CityMap {
    map: Map,
    _moved: Closure<dyn Fn()>,
}

impl CityMap {
    fn go(&self, place: Place) {
        if let Some((lng, lat, zoom)) = place {
            let center = self.map.get_center();
            let here = (center.lng() - lng).abs() < 1e-5
                && (center.lat() - lat).abs() < 1e-5
                && (self.map.get_zoom() - zoom).abs() < 0.01;
            if !here {
                self.map.set_view(&LatLng::new(lat, lng), zoom);
            }
        }
    }

    fn close(&self) {
        self.map.remove();
    }
}

#[lazy]
async fn open(
    id: &'static str,
    tiles: String,
    place: Place,
    shown: RwSignal<Option<MapMarks>>,
) -> SendWrapper<Option<CityMap>> {
    load_style("map.css");
    if !load_script("map.js").await || document().get_element_by_id(id).is_none() {
        return SendWrapper::new(None);
    }
    let options = MapOptions::new();
    options.set_zoom_control(true);
    // Only tiles have somebody to name; the outlines are the city's own.
    options.set_attribution_control(!tiles.is_empty());
    options.set_min_zoom(3.0);
    options.set_max_zoom(19.0);
    let Ok(map) = Map::new(id, &options) else { return SendWrapper::new(None) };
    map.set_view(&LatLng::new(0.0, 0.0), 3.0);
    if !tiles.is_empty() {
        TileLayer::new(&tiles).add_to(&map);
    }
    if let Some(bounds) = outlines(&map).await
        && place.is_none()
    {
        map.fit_bounds(&bounds);
    }
    if let Some((lng, lat, zoom)) = place {
        map.set_view(&LatLng::new(lat, lng), zoom);
    }
    let layer = LayerGroup::new();
    layer.add_to(&map);
    remember(&map);
    refresh(map.clone(), layer.clone(), shown).await;
    let moved = Closure::<dyn Fn()>::new({
        let map = map.clone();
        move || {
            remember(&map);
            leptos::task::spawn_local(refresh(map.clone(), layer.clone(), shown));
        }
    });
    map.on("moveend", moved.as_ref());
    SendWrapper::new(Some(CityMap { map, _moved: moved }))
}

/// The address follows the map without a new entry in the history for every drag.
fn remember(map: &Map) {
    let center = map.get_center();
    let address = format!("/map?lng={:.6}&lat={:.6}&zoom={}", center.lng(), center.lat(), map.get_zoom());
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&history.state().unwrap_or(JsValue::NULL), "", Some(&address));
    }
}

/// Draws the outlines of the divisions, the base that needs no other host; answers their bounds.
async fn outlines(map: &Map) -> Option<LatLngBounds> {
    let response = JsFuture::from(window().fetch_with_str("/map/outlines")).await.ok()?;
    let response: web_sys::Response = response.dyn_into().ok()?;
    let shapes = JsFuture::from(response.json().ok()?).await.ok()?;
    let options = Object::new();
    let style = Closure::<dyn Fn(JsValue) -> JsValue>::new(|feature: JsValue| {
        let mine = Reflect::get(&feature, &"properties".into())
            .and_then(|known| Reflect::get(&known, &"mine".into()))
            .is_ok_and(|mine| mine.is_truthy());
        let style = Object::new();
        let _ = Reflect::set(
            &style,
            &"className".into(),
            &if mine { "district-shape district-mine" } else { "district-shape" }.into(),
        );
        let _ = Reflect::set(&style, &"interactive".into(), &false.into());
        style.into()
    });
    let _ = Reflect::set(&options, &"style".into(), style.as_ref());
    let layer: leaflet::GeoJson = made("geoJSON", &shapes, &options)?.unchecked_into();
    // Leaflet keeps the style function as long as the layer lives, which is as long as the page.
    style.forget();
    layer.add_to(map);
    let bounds: LatLngBounds =
        js_sys::Function::from(Reflect::get(&layer, &"getBounds".into()).ok()?).call0(&layer).ok()?.unchecked_into();
    // No outline yet gives a box without corners.
    let drawn = Reflect::get(&bounds, &"_southWest".into()).is_ok_and(|corner| corner.is_truthy());
    drawn.then_some(bounds)
}

async fn refresh(map: Map, layer: LayerGroup, shown: RwSignal<Option<MapMarks>>) {
    let bounds = map.get_bounds();
    let (low, high) = (bounds.get_south_west(), bounds.get_north_east());
    let view = MapView {
        min_lng: low.lng(),
        min_lat: low.lat(),
        max_lng: high.lng(),
        max_lat: high.lat(),
        zoom: map.get_zoom().clamp(0.0, 22.0) as u8,
    };
    let Ok(found) = map_marks_get(view).await else { return };
    layer.clear_layers();
    for mark in &found.marks {
        draw_mark(&map, &layer, mark);
    }
    shown.try_set(Some(found));
}

/// A round mark: its size says how many units, its colour how many of them are let, its text both.
fn draw_mark(map: &Map, layer: &LayerGroup, mark: &MapMark) {
    let size = mark_size(mark);
    let label = if mark.occupancy.lettable > 0 {
        format!("{}%", mark.occupancy.percent().unwrap_or(0))
    } else {
        "售".to_owned()
    };
    let named = matches!(mark.level, MarkLevel::District);
    let name = if named { format!("<span class=\"mark-name\">{}</span>", escape(&mark.name)) } else { String::new() };
    let options = DivIconOptions::new();
    options.set_class_name(format!("map-mark rate-{}", rate_tone(mark.occupancy.percent())));
    options.set_html(format!("<span class=\"mark-label\">{label}</span>{name}"));
    let _ = Reflect::set(&options, &"iconSize".into(), &Array::of2(&size.into(), &size.into()));
    let Some(icon) = made("divIcon", &options, &JsValue::UNDEFINED) else { return };
    let marker_options = MarkerOptions::new();
    let _ = Reflect::set(&marker_options, &"icon".into(), &icon);
    let title = format!(
        "{}{}：{}套，可租{}，已租{}，空置{}，出租率{}",
        mark.name,
        if mark.level == MarkLevel::Cluster { format!("等{}个小区", mark.estates) } else { String::new() },
        group_thousands(mark.occupancy.units),
        group_thousands(mark.occupancy.lettable),
        group_thousands(mark.occupancy.rented),
        group_thousands(mark.occupancy.vacant),
        mark.occupancy.rate(),
    );
    let _ = Reflect::set(&marker_options, &"title".into(), &title.as_str().into());
    let _ = Reflect::set(&marker_options, &"alt".into(), &title.into());
    let marker = Marker::new_with_options(&LatLng::new(mark.lat, mark.lng), &marker_options);
    let clicked = click(map.clone(), mark);
    marker.on("click", clicked.as_ref());
    // The marker goes with its layer; what it calls is small and goes with the page.
    clicked.forget();
    layer.add_layer(&marker);
}

/// Calls one of Leaflet's factories by name: the crate keeps `geoJSON` to itself and makes a plain icon
/// of its `DivIcon`.
fn made(factory: &str, first: &JsValue, second: &JsValue) -> Option<JsValue> {
    let leaflet = Reflect::get(&window(), &"L".into()).ok()?;
    let factory = Reflect::get(&leaflet, &factory.into()).ok()?;
    js_sys::Function::from(factory).call2(&leaflet, first, second).ok()
}

/// Districts and clusters lead closer, estates and buildings to their pages.
fn click(map: Map, mark: &MapMark) -> Closure<dyn Fn()> {
    let (level, id, lng, lat) = (mark.level, mark.id, mark.lng, mark.lat);
    Closure::new(move || {
        let page = match level {
            MarkLevel::District => return drop(map.set_view(&LatLng::new(lat, lng), 13.0)),
            MarkLevel::Cluster => return drop(map.set_view(&LatLng::new(lat, lng), map.get_zoom() + 2.0)),
            MarkLevel::Estate => format!("/housing/estates/{id}"),
            MarkLevel::Building => format!("/housing/buildings/{id}"),
        };
        // A full visit: the map is left anyway, and the back button finds the place in the address.
        let _ = window().location().set_href(&page);
    })
}

/// Pixels across: area grows with the number of units.
fn mark_size(mark: &MapMark) -> f64 {
    let units = mark.occupancy.units.max(1) as f64;
    let (least, per_root) = match mark.level {
        MarkLevel::District => (44.0, 0.12),
        MarkLevel::Cluster => (38.0, 0.3),
        MarkLevel::Estate => (30.0, 0.5),
        MarkLevel::Building => (28.0, 1.0),
    };
    (least + units.sqrt() * per_root).min(88.0) * letter_size() / 16.0
}

/// Names come from people: nothing of them may become markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
