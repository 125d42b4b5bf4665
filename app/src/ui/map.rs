//! The thin adapter to Leaflet, in a chunk of its own that loads with the first map.

use super::{
    asset::{letter_size, load_script, load_style},
    live::{use_coalesced_within, use_live, use_refresh},
    pay::{Shade, kept, pay_words},
    tone,
};
use crate::insight::map::{
    MapFilter, MapPage, Place, asked_place, map_marks_get, mark_name, pay_of, rate_tone, sought,
};
use crate::ui::label::told;
use domain::{
    insight::{MapMark, MapView, MarkLevel, pay::PayCounts},
    list::group_thousands,
};
use js_sys::{Array, Object, Reflect};
use leaflet::{DivIconOptions, LatLng, LatLngBounds, LayerGroup, Map, MapOptions, Marker, MarkerOptions, TileLayer};
use leptos::{
    __reexports::send_wrapper::SendWrapper,
    lazy,
    prelude::*,
    task::spawn_local,
    wasm_bindgen::{JsCast as _, JsValue, closure::Closure},
};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};
use wasm_bindgen_futures::JsFuture;

/// How often marks that nobody moves are drawn anew: a wall has no hand on it.
const REFRESH: Duration = Duration::from_secs(60);
/// Changes within this time are answered by one look: the whole city is heard here, and an import tells of every building.
const FOLLOW: Duration = Duration::from_secs(2);
/// What the ring of shares takes of a mark, in pixels.
const RING: f64 = 12.0;
/// Where a city without outlines and without places begins.
const CHINA: Place = (105.0, 35.0, 4.0);

/// Puts the city map into the element of that id and keeps the page at what is in view.
pub fn use_city_map(id: &'static str, page: MapPage) {
    let frame = crate::shell::use_frame();
    let query = leptos_router::hooks::use_query_map();
    let navigate = use_navigate();
    let leave = Callback::new(move |(address, replace): (String, bool)| {
        // The map follows the address without a new entry in the history for every drag.
        navigate(&address, NavigateOptions { replace, scroll: !replace, ..NavigateOptions::default() });
    });
    let shown = StoredValue::new_local(None::<CityMap>);
    Effect::new(move |before: Option<MapFilter>| {
        let place = asked_place(&query.read());
        let filter = page.filter.get();
        if let Some(map) = shown.get_value() {
            // Following a link to another place moves the map that is there.
            if !map.go(place) && before != Some(filter) {
                map.refresh();
            }
        } else if before.is_none() {
            let tiles = frame.with_untracked(|frame| frame.settings.map_tiles.clone());
            spawn_local(async move {
                if let Some(map) = open(id, tiles, place, page, leave).await.take() {
                    // Both may have changed while the map was on its way.
                    map.go(query.try_with_untracked(asked_place).flatten());
                    shown.set_value(Some(map));
                }
            });
        }
        filter
    });
    let look_again = move || {
        if let Some(map) = shown.try_get_value().flatten() {
            map.refresh();
        }
    };
    use_refresh(REFRESH, look_again);
    let follow = use_coalesced_within(FOLLOW, look_again);
    use_live(Signal::stored(String::new()), move |_| follow());
    on_cleanup(move || {
        if let Some(map) = shown.try_update_value(Option::take).flatten() {
            map.close();
        }
    });
}

/// A map on the page, with all that must live as long as it.
#[derive(Clone)]
struct CityMap(Rc<Shown>);

struct Shown {
    map: Map,
    layer: LayerGroup,
    page: MapPage,
    leave: Callback<(String, bool)>,
    /// what the map opens at when the address names no place
    home: RefCell<Option<LatLngBounds>>,
    /// counts the questions to the server: only the answer to the last one is drawn
    asked: Cell<u32>,
    /// false once the page has gone; a map that is taken away still ends its last movement
    open: Cell<bool>,
    moved: RefCell<Option<Closure<dyn Fn()>>>,
}

impl CityMap {
    /// Moves to a place; answers whether there was a way to go.
    fn go(&self, place: Option<Place>) -> bool {
        let map = &self.0.map;
        let Some((lng, lat, zoom)) = place else {
            if let Some(home) = self.0.home.borrow().as_ref() {
                map.fit_bounds(home);
            }
            return false;
        };
        let center = map.get_center();
        let here = (center.lng() - lng).abs() < 1e-5
            && (center.lat() - lat).abs() < 1e-5
            && (map.get_zoom() - zoom).abs() < 0.01;
        if !here {
            map.set_view(&LatLng::new(lat, lng), zoom);
        }
        !here
    }

    fn close(&self) {
        self.0.open.set(false);
        self.0.map.remove();
        self.0.moved.take();
    }

    /// The address says where the map is, so that it can be sent to a colleague and come back to.
    fn remember(&self) {
        let center = self.0.map.get_center();
        let place = (center.lng(), center.lat(), self.0.map.get_zoom());
        let Some(filter) = self.0.page.filter.try_get_untracked() else { return };
        self.0.leave.run((filter.address(Some(place)), true));
    }

    /// Asks what is in view and draws it. A slow older answer must not cover a newer one.
    fn refresh(&self) {
        let turn = self.0.asked.get() + 1;
        self.0.asked.set(turn);
        let shown = self.clone();
        spawn_local(async move {
            let Shown { map, layer, page, asked, open, .. } = &*shown.0;
            let Some(filter) = page.filter.try_get_untracked() else { return };
            let found = map_marks_get(in_view(map, filter)).await;
            if !open.get() || asked.get() != turn {
                return;
            }
            if let Ok(found) = &found {
                layer.clear_layers();
                for mark in found.marks.iter().filter(|mark| filter.finds(mark)) {
                    shown.draw(mark, filter);
                }
            }
            page.shown.try_set(Some(found));
        });
    }

    /// A round mark: its size says how many units, its colour how many of them are let, its text both.
    /// The list beside the map is the way of the keyboard.
    fn draw(&self, mark: &MapMark, filter: MapFilter) {
        // By payment a mark is as large as the stock, or small places that are behind would hide large ones.
        let units =
            if filter.pay && filter.color.is_none() { mark.counts.occupancy().units } else { sought(mark, filter) };
        let size = mark_size(mark.level, units) + if filter.pay { RING } else { 0.0 };
        let label = if filter.pay { pay_of(mark).label(filter.color) } else { mark.label(filter.status) };
        let named = matches!(mark.level, MarkLevel::District);
        let name =
            if named { format!("<span class=\"mark-name\">{}</span>", escape(&mark.name)) } else { String::new() };
        let look = match (filter.status, filter.color) {
            (Some(status), _) => format!("tone-{}", tone(status)),
            (None, Some(color)) => format!("pay-{}", color.code().to_ascii_lowercase()),
            (None, None) if filter.pay => "pay-mixed".to_owned(),
            (None, None) => format!("rate-{}", rate_tone(mark.counts.occupancy().percent())),
        };
        let ring = if filter.pay && filter.color.is_none() {
            format!("<span class=\"pay-ring\" style=\"{}\"></span>", pay_ring(&pay_of(mark)))
        } else {
            String::new()
        };
        let options = DivIconOptions::new();
        options.set_class_name(format!("map-mark {look}"));
        options.set_html(format!("{ring}<span class=\"mark-label\">{label}</span>{name}"));
        let _ = Reflect::set(&options, &"iconSize".into(), &Array::of2(&size.into(), &size.into()));
        let Some(icon) = made("divIcon", &options, &JsValue::UNDEFINED) else { return };
        let marker_options = MarkerOptions::new();
        for (key, value) in [
            ("icon", icon),
            ("title", mark_title(mark, filter).into()),
            ("keyboard", JsValue::FALSE),
            // The fewer units, the further up, or the small ones could not be reached.
            ("zIndexOffset", (-units.min(10_000) as f64).into()),
        ] {
            let _ = Reflect::set(&marker_options, &key.into(), &value);
        }
        let marker = Marker::new_with_options(&LatLng::new(mark.lat, mark.lng), &marker_options);
        let clicked = self.click(mark, filter.pay);
        marker.on("click", clicked.as_ref());
        // The marker goes with its layer; what it calls is small and goes with the page.
        clicked.forget();
        self.0.layer.add_layer(&marker);
    }

    /// Districts and clusters lead closer, estates and buildings to their pages.
    fn click(&self, mark: &MapMark, pay: bool) -> Closure<dyn Fn()> {
        let (level, id, lng, lat) = (mark.level, mark.id, mark.lng, mark.lat);
        let (map, leave) = (self.0.map.clone(), self.0.leave);
        Closure::new(move || match level {
            MarkLevel::District => drop(map.set_view(&LatLng::new(lat, lng), 13.0)),
            MarkLevel::Cluster => drop(map.set_view(&LatLng::new(lat, lng), map.get_zoom() + 2.0)),
            MarkLevel::Estate => leave.run((kept(format!("/housing/estates/{id}"), pay), false)),
            MarkLevel::Building => leave.run((kept(format!("/housing/buildings/{id}"), pay), false)),
        })
    }
}

#[lazy]
async fn open(
    id: &'static str,
    tiles: String,
    place: Option<Place>,
    page: MapPage,
    leave: Callback<(String, bool)>,
) -> SendWrapper<Option<CityMap>> {
    load_style("map.css");
    let loaded = load_script("map.js").await;
    // The page may have gone while the script was on its way.
    let Some(filter) = page.filter.try_get_untracked() else { return SendWrapper::new(None) };
    let options = MapOptions::new();
    options.set_zoom_control(true);
    // Only tiles have somebody to name; the outlines are the city's own.
    options.set_attribution_control(!tiles.is_empty());
    options.set_min_zoom(3.0);
    options.set_max_zoom(19.0);
    let Some(map) = loaded.then(|| Map::new(id, &options).ok()).flatten() else {
        page.failed.try_set(true);
        return SendWrapper::new(None);
    };
    map.set_view(&LatLng::new(CHINA.1, CHINA.0), CHINA.2);
    if !tiles.is_empty() {
        TileLayer::new(&tiles).add_to(&map);
    }
    let home = match outlines(&map).await {
        Some(bounds) => Some(bounds),
        None => bounds_of_marks(filter).await,
    };
    match (place, &home) {
        (Some((lng, lat, zoom)), _) => drop(map.set_view(&LatLng::new(lat, lng), zoom)),
        (None, Some(home)) => drop(map.fit_bounds(home)),
        (None, None) => {}
    }
    let layer = LayerGroup::new();
    layer.add_to(&map);
    let shown = CityMap(Rc::new(Shown {
        map,
        layer,
        page,
        leave,
        home: RefCell::new(home),
        asked: Cell::new(0),
        open: Cell::new(page.filter.try_get_untracked().is_some()),
        moved: RefCell::new(None),
    }));
    if !shown.0.open.get() {
        shown.close();
        return SendWrapper::new(None);
    }
    shown.remember();
    shown.refresh();
    let moved = Closure::<dyn Fn()>::new({
        let shown = Rc::downgrade(&shown.0);
        move || {
            if let Some(shown) = shown.upgrade().map(CityMap).filter(|shown| shown.0.open.get()) {
                shown.remember();
                shown.refresh();
            }
        }
    });
    shown.0.map.on("moveend", moved.as_ref());
    shown.0.moved.replace(Some(moved));
    SendWrapper::new(Some(shown))
}

/// A city that has no outlines yet begins where its stock is.
async fn bounds_of_marks(filter: MapFilter) -> Option<LatLngBounds> {
    let found = map_marks_get(MapView::everywhere(14, filter.category)).await.ok()?;
    let first = found.marks.first()?;
    let corner = |pick: fn(f64, f64) -> f64, room: f64| {
        let (lng, lat) = found
            .marks
            .iter()
            .fold((first.lng, first.lat), |(lng, lat), mark| (pick(lng, mark.lng), pick(lat, mark.lat)));
        LatLng::new(lat + room, lng + room)
    };
    // A little room around, so that a single estate is not seen from its doorstep.
    Some(LatLngBounds::new(&corner(f64::min, -0.01), &corner(f64::max, 0.01)))
}

/// Draws the outlines of the divisions, the base that needs no other host; answers their bounds.
pub(super) async fn outlines(map: &Map) -> Option<LatLngBounds> {
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

/// What the map shows, as the server is asked for it.
fn in_view(map: &Map, filter: MapFilter) -> MapView {
    let bounds = map.get_bounds();
    let (low, high) = (bounds.get_south_west(), bounds.get_north_east());
    MapView {
        min_lng: low.lng(),
        min_lat: low.lat(),
        max_lng: high.lng(),
        max_lat: high.lat(),
        zoom: map.get_zoom().clamp(0.0, 22.0) as u8,
        category: filter.category,
        pay: filter.pay,
    }
}

/// What a mark says to whoever points at it.
fn mark_title(mark: &MapMark, filter: MapFilter) -> String {
    if filter.pay {
        return format!("{}：{}", mark_name(mark), pay_words(&pay_of(mark)));
    }
    let occupancy = mark.counts.occupancy();
    let density = mark.density().map(|density| format!("，每平方公里{density:.0}套")).unwrap_or_default();
    let statuses: Vec<String> =
        mark.counts.present().map(|(status, units)| format!("{}{}", told(status), group_thousands(units))).collect();
    format!(
        "{}：{}套，配租率{}{density}\n{}",
        mark_name(mark),
        group_thousands(occupancy.units),
        occupancy.letting_rate(),
        statuses.join("，"),
    )
}

/// Calls one of Leaflet's factories by name: the crate keeps `geoJSON` to itself and makes a plain icon
/// of its `DivIcon`.
pub(super) fn made(factory: &str, first: &JsValue, second: &JsValue) -> Option<JsValue> {
    let leaflet = Reflect::get(&window(), &"L".into()).ok()?;
    let factory = Reflect::get(&leaflet, &factory.into()).ok()?;
    js_sys::Function::from(factory).call2(&leaflet, first, second).ok()
}

/// Pixels across: area grows with the number of units.
fn mark_size(level: MarkLevel, units: i64) -> f64 {
    let (least, per_root) = match level {
        MarkLevel::District => (44.0, 0.12),
        MarkLevel::Cluster => (38.0, 0.3),
        MarkLevel::Estate => (30.0, 0.5),
        MarkLevel::Building => (28.0, 1.0),
    };
    (least + (units.max(1) as f64).sqrt() * per_root).min(88.0) * letter_size() / 16.0
}

/// Names come from people: nothing of them may become markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The shares of the colours around a mark, as a gradient that goes around.
fn pay_ring(counts: &PayCounts) -> String {
    let all = counts.units().max(1);
    let mut from = 0;
    let shares: Vec<String> = Shade::present(counts)
        .map(|(shade, units)| {
            let to = from + units;
            let color = shade.color.code().to_ascii_lowercase();
            let share = format!(
                "var(--pay-{color}) {:.2}% {:.2}%",
                from as f64 * 100.0 / all as f64,
                to as f64 * 100.0 / all as f64
            );
            from = to;
            share
        })
        .collect();
    let shares = if shares.is_empty() { "var(--pay-grey) 0% 100%".to_owned() } else { shares.join(",") };
    format!("background:conic-gradient({shares})")
}
