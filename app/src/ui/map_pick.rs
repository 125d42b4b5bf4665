//! Pointing at a place: a small Leaflet map with one mark, in the chunk of the city's map.

use super::{
    asset::{load_script, load_style},
    map::{made, outlines},
    place::Picker,
};
use domain::value::Point;
use js_sys::{Array, Reflect};
use leaflet::{DivIconOptions, LatLng, Map, MapOptions, Marker, MarkerOptions, TileLayer};
use leptos::{
    __reexports::send_wrapper::SendWrapper,
    lazy,
    prelude::*,
    task::spawn_local,
    wasm_bindgen::{JsValue, closure::Closure},
};
use std::{cell::RefCell, rc::Rc};

/// How near the map comes to a place that is known.
const ZOOM: f64 = 15.0;

/// A map with its mark, and the listener that must live as long as it.
struct Shown {
    map: Map,
    mark: RefCell<Option<Marker>>,
    _clicked: Closure<dyn Fn(JsValue)>,
}

/// Opens the map when it is first wanted, and keeps its mark where the fields say.
pub fn use_picker(id: &'static str, picker: Picker) {
    let tiles = crate::shell::use_frame().with_untracked(|frame| frame.settings.map_tiles.clone());
    let kept = StoredValue::new_local(None::<Rc<Shown>>);
    let asked = StoredValue::new(false);
    Effect::new(move |_| {
        let point = picker.point.get();
        if !picker.open.get() {
            return;
        }
        if let Some(shown) = kept.get_value() {
            // It may have been hidden while the fields changed.
            shown.map.invalidate_size(false);
            shown.show(point);
        } else if !asked.get_value() {
            asked.set_value(true);
            let tiles = tiles.clone();
            spawn_local(async move {
                match open(id, tiles, picker).await.take() {
                    Some(shown) if kept.try_set_value(Some(shown.clone())).is_none() => {}
                    Some(shown) => drop(shown.map.remove()),
                    None => {
                        // The next press tries anew.
                        asked.try_set_value(false);
                        picker.failed.try_set(true);
                    }
                }
            });
        }
    });
    on_cleanup(move || {
        if let Some(shown) = kept.try_update_value(Option::take).flatten() {
            shown.map.remove();
        }
    });
}

impl Shown {
    /// Puts the mark there, or takes it away.
    fn show(&self, point: Option<Point>) {
        let mut mark = self.mark.borrow_mut();
        match (point, mark.as_ref()) {
            (Some(point), Some(mark)) => mark.set_lat_lng(&LatLng::new(point.lat, point.lng)),
            (Some(point), None) => {
                if let Some(new) = pin(point) {
                    new.add_to(&self.map);
                    *mark = Some(new);
                }
            }
            (None, Some(old)) => {
                old.remove();
                *mark = None;
            }
            (None, None) => {}
        }
    }
}

fn pin(point: Point) -> Option<Marker> {
    let options = DivIconOptions::new();
    // Leaflet places the mark itself by a transform; what turns it is inside.
    options.set_class_name("place-mark".to_owned());
    options.set_html("<span class=\"place-pin\"></span>".to_owned());
    let _ = Reflect::set(&options, &"iconSize".into(), &Array::of2(&20.into(), &20.into()));
    let icon = made("divIcon", &options, &JsValue::UNDEFINED)?;
    let options = MarkerOptions::new();
    let _ = Reflect::set(&options, &"icon".into(), &icon);
    let _ = Reflect::set(&options, &"keyboard".into(), &JsValue::FALSE);
    Some(Marker::new_with_options(&LatLng::new(point.lat, point.lng), &options))
}

#[lazy]
async fn open(id: &'static str, tiles: String, picker: Picker) -> SendWrapper<Option<Rc<Shown>>> {
    load_style("map.css");
    let loaded = load_script("map.js").await;
    let options = MapOptions::new();
    options.set_attribution_control(!tiles.is_empty());
    options.set_min_zoom(3.0);
    options.set_max_zoom(19.0);
    let Some(map) = loaded.then(|| Map::new(id, &options).ok()).flatten() else { return SendWrapper::new(None) };
    map.set_view(&LatLng::new(35.0, 105.0), 4.0);
    if !tiles.is_empty() {
        TileLayer::new(&tiles).add_to(&map);
    }
    let home = outlines(&map).await;
    let Some(point) = picker.point.try_get_untracked() else {
        map.remove();
        return SendWrapper::new(None);
    };
    match (point, home) {
        (Some(point), _) => drop(map.set_view(&LatLng::new(point.lat, point.lng), ZOOM)),
        (None, Some(home)) => drop(map.fit_bounds(&home)),
        (None, None) => {}
    }
    let clicked = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
        let Ok(at) = Reflect::get(&event, &"latlng".into()) else { return };
        let number = |key: &str| Reflect::get(&at, &key.into()).ok().and_then(|value| value.as_f64());
        if let (Some(lng), Some(lat)) = (number("lng"), number("lat")) {
            picker.pick.try_run(Point { lng, lat });
        }
    });
    map.on("click", clicked.as_ref());
    let shown = Shown { map, mark: RefCell::new(None), _clicked: clicked };
    shown.show(point);
    SendWrapper::new(Some(Rc::new(shown)))
}
