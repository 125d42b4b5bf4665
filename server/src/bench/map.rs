//! The city map's data (issue 2, Measured) as the browser gets it: the marks of a view, compressed. The floor is
//! the store call behind it.

use super::{
    city::{Ground, text},
    http::{Accept, Client, Request},
    list::repeated,
    report::Report,
    timing::{Times, milliseconds},
};
use domain::{
    insight::{BUILDING_ZOOM, ESTATE_ZOOM, MapView},
    value::BoundingBox,
};
use serde_json::json;
use std::{collections::BTreeMap, net::SocketAddr, time::Instant};
use store::insight::map::map_marks_get;

const RUNS: usize = 500;
const TIME_LIMIT: f64 = 50.0;
const SIZE_LIMIT: f64 = 100.0;

/// Measures the views that people begin with, and the one with most marks.
///
/// # Errors
/// One line that says what failed.
pub async fn measure(
    ground: &Ground,
    address: SocketAddr,
    sessions: &BTreeMap<&str, String>,
    report: &mut Report,
) -> Result<(), String> {
    let [city, district] = ground.boxes();
    let views = [
        ("whole city, its districts", "city", view(city, ESTATE_ZOOM - 1)),
        ("whole city, its estates", "city", view(city, ESTATE_ZOOM)),
        ("one district, its estates", "district", view(district, ESTATE_ZOOM + 1)),
        ("one district, its buildings", "city", view(district, BUILDING_ZOOM)),
    ];
    let mut client = Client::connect(address).await?;
    for (name, login, view) in views {
        eprintln!("bench: map, {name}");
        let session = &sessions[login];
        let store = calls(ground, login, view).await?;
        let request = Request::post(
            "/api/map_marks_get",
            "application/json",
            &json!({ "view": view }).to_string(),
            Some(session),
        );
        let times = repeated(ground, &mut client, &request).await?;
        report.times(&format!("map, {name}"), &times, Some(&store), TIME_LIMIT);
        report.at_most(format!("map, {name}: size"), kilobytes(&client), "KB", None, SIZE_LIMIT);
    }
    let request = Request::get("/map/outlines", Some(&sessions["city"]), Accept::Brotli);
    let times = repeated(ground, &mut client, &request).await?;
    report.tell("map, outlines of the whole city, p99", times.percentile(99), "ms", None);
    report.tell("map, outlines of the whole city: size", kilobytes(&client), "KB", None);
    Ok(())
}

fn view(bounds: BoundingBox, zoom: u8) -> MapView {
    let BoundingBox { min_lng, min_lat, max_lng, max_lat } = bounds;
    MapView { min_lng, min_lat, max_lng, max_lat, zoom, category: None, pay: false }
}

fn kilobytes(client: &Client) -> f64 {
    client.body.len() as f64 / 1000.0
}

async fn calls(ground: &Ground, login: &str, view: MapView) -> Result<Times, String> {
    let ctx = ground.ctx(login).await?;
    let mut times = Vec::new();
    for _ in 0..ground.runs(RUNS) {
        let began = Instant::now();
        let marks = map_marks_get(&ctx, view).await.map_err(text)?;
        times.push(milliseconds(began.elapsed()));
        if marks.marks.is_empty() {
            return Err("the map is empty".to_owned());
        }
    }
    Ok(Times::new(times))
}
