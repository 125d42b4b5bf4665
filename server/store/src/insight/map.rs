//! The city map's marks (S0-6 level 1, S1-2.2): aggregated here for the visible area and zoom, so
//! that a browser never gets more than it can show.

use super::pay::{Counted, Places, places_counted};
use crate::{Ctx, Result, ctx::Tx, ctx::connection};
use domain::{
    dictionary::HousingCategory,
    insight::{BUILDING_ZOOM, ESTATE_ZOOM, MapMark, MapMarks, MapView, MarkLevel, pay::PayCounts},
    platform::permission::Permission,
};
use std::{
    cmp::Reverse,
    collections::{HashMap, hash_map::Entry},
};

/// Most marks one answer may hold; beyond it neighbours are clustered.
pub const MARKS_MAX: usize = 600;
/// Clusters are this wide on the screen, in pixels.
const CLUSTER_PIXELS: f64 = 56.0;

/// The marks of a view, with units by status and, if the view asks for it, by payment colour. Nothing in view is ever left
/// out: where single marks would be too many, neighbours stand together in one.
///
/// # Errors
/// Without [`Permission::MapRead`].
pub async fn map_marks_get(ctx: &Ctx, view: MapView) -> Result<MapMarks> {
    ctx.require(Permission::MapRead)?;
    let mut tx = ctx.begin().await?;
    let buildings = if view.zoom < BUILDING_ZOOM { None } else { building_marks(&mut tx, view).await? };
    let marks = match buildings {
        Some(marks) => marks,
        None if view.zoom < ESTATE_ZOOM => district_marks(&mut tx, view).await?,
        None => clustered(estate_marks(&mut tx, view).await?, view.zoom),
    };
    let unlocated = sqlx::query_scalar!(
        r#"select count(*) as "count!" from estate e where deleted_at is null and map_lng is null
           and not exists (select from building b where b.estate_id = e.id and b.map_lng is not null and b.deleted_at is null)"#
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(MapMarks { marks, unlocated })
}

/// Where something stands on the map.
struct Place {
    id: i64,
    name: String,
    lng: f64,
    lat: f64,
    estates: i64,
    area_km2: Option<f64>,
}

/// Places with what is counted there. Whoever asks for one category sees only places that have some of it.
fn marked(level: MarkLevel, places: Vec<Place>, counted: &Counted, view: MapView) -> Vec<MapMark> {
    let places = places.into_iter().filter(|place| view.category.is_none() || counted.contains_key(&place.id));
    places
        .map(|Place { id, name, lng, lat, estates, area_km2 }| {
            let (counts, pay) = counted.get(&id).copied().unwrap_or_default();
            let pay = pay.or(view.pay.then(PayCounts::default));
            MapMark { level, counts, id, name, lng, lat, estates, area_km2, pay }
        })
        .collect()
}

async fn district_marks(tx: &mut Tx, view: MapView) -> Result<Vec<MapMark>> {
    // A district stands in the middle of its stock, which need not be the middle of its outline.
    let places = sqlx::query_as!(
        Place,
        r#"select d.id as "id!", d.name as "name!", avg(p.lng) as "lng!", avg(p.lat) as "lat!", count(*) as "estates!",
                  v.area_km2 as "area_km2?"
           from (select e.district_id, coalesce(e.map_lng, avg(b.map_lng)) as lng, coalesce(e.map_lat, avg(b.map_lat)) as lat
                 from estate e left join building b on b.estate_id = e.id and b.map_lng is not null and b.deleted_at is null
                 where e.deleted_at is null group by e.id) p
           join organization d on d.id = p.district_id left join division v on v.code = d.division_code
           where p.lng is not null group by d.id, v.code"#
    )
    .fetch_all(connection(tx))
    .await?;
    let counted = places_counted(tx, Places { by: "district_id", within: None }, view.category, view.pay).await?;
    Ok(marked(MarkLevel::District, places, &counted, view))
}

async fn estate_marks(tx: &mut Tx, view: MapView) -> Result<Vec<MapMark>> {
    let places = sqlx::query_as!(
        Place,
        r#"select p.id as "id!", p.name as "name!", p.lng as "lng!", p.lat as "lat!", 1::bigint as "estates!",
                  null::float8 as "area_km2?"
           from (select e.id, e.name, coalesce(e.map_lng, avg(b.map_lng)) as lng, coalesce(e.map_lat, avg(b.map_lat)) as lat
                 from estate e left join building b on b.estate_id = e.id and b.map_lng is not null and b.deleted_at is null
                 where e.deleted_at is null group by e.id) p
           where p.lng between $1 and $2 and p.lat between $3 and $4"#,
        view.min_lng,
        view.max_lng,
        view.min_lat,
        view.max_lat,
    )
    .fetch_all(connection(tx))
    .await?;
    let ids: Vec<i64> = places.iter().map(|place| place.id).collect();
    let counted =
        places_counted(tx, Places { by: "estate_id", within: Some(("estate_id", &ids)) }, view.category, view.pay)
            .await?;
    Ok(marked(MarkLevel::Estate, places, &counted, view))
}

/// Single buildings; none when they are too many to be told apart.
async fn building_marks(tx: &mut Tx, view: MapView) -> Result<Option<Vec<MapMark>>> {
    let places = sqlx::query_as!(
        Place,
        r#"select b.id, e.name || ' ' || b.no as "name!", b.map_lng as "lng!", b.map_lat as "lat!", 1::bigint as "estates!",
                  null::float8 as "area_km2?"
           from building b join estate e on e.id = b.estate_id
           where b.deleted_at is null and b.map_lng between $1 and $2 and b.map_lat between $3 and $4
             and ($5::text is null or exists (
                 select from building_tally t where t.building_id = b.id and t.category = $5 and t.units > 0))
           order by b.id limit $6"#,
        view.min_lng,
        view.max_lng,
        view.min_lat,
        view.max_lat,
        view.category.map(HousingCategory::code),
        MARKS_MAX as i64 + 1,
    )
    .fetch_all(connection(tx))
    .await?;
    if places.len() > MARKS_MAX {
        return Ok(None);
    }
    let ids: Vec<i64> = places.iter().map(|place| place.id).collect();
    let counted =
        places_counted(tx, Places { by: "building_id", within: Some(("building_id", &ids)) }, view.category, view.pay)
            .await?;
    Ok(Some(marked(MarkLevel::Building, places, &counted, view)))
}

/// Merges estates that would overlap on the screen, cell by cell of a grid that is fixed to the
/// earth (not to the view), so that clusters do not jump while the map is dragged. The cells grow
/// until one answer holds all that is in view.
fn clustered(mut marks: Vec<MapMark>, zoom: u8) -> Vec<MapMark> {
    let mut degrees_per_cell = CLUSTER_PIXELS * 360.0 / (256.0 * f64::from(1u32 << zoom.min(20)));
    if zoom <= 14 {
        marks = gathered(marks, degrees_per_cell);
    }
    while marks.len() > MARKS_MAX && degrees_per_cell < 360.0 {
        marks = gathered(marks, degrees_per_cell);
        degrees_per_cell *= 2.0;
    }
    marks
}

/// One mark per cell that has some, named after the largest in it.
fn gathered(mut marks: Vec<MapMark>, degrees_per_cell: f64) -> Vec<MapMark> {
    marks.sort_by_key(|mark| (Reverse(mark.counts.occupancy().units), mark.id));
    let mut cells: HashMap<(i64, i64), MapMark> = HashMap::new();
    for mark in marks {
        let cell = ((mark.lng / degrees_per_cell).floor() as i64, (mark.lat / degrees_per_cell).floor() as i64);
        match cells.entry(cell) {
            Entry::Vacant(free) => drop(free.insert(mark)),
            Entry::Occupied(mut taken) => merge(taken.get_mut(), mark),
        }
    }
    let mut marks: Vec<MapMark> = cells.into_values().collect();
    marks.sort_by_key(|mark| mark.id);
    marks
}

/// Adds an estate to a cluster, whose centre is weighted by units.
fn merge(cluster: &mut MapMark, mark: MapMark) {
    let (a, b) = (cluster.counts.occupancy().units.max(1), mark.counts.occupancy().units.max(1));
    let weigh = |x: f64, y: f64| (x * a as f64 + y * b as f64) / (a + b) as f64;
    cluster.lng = weigh(cluster.lng, mark.lng);
    cluster.lat = weigh(cluster.lat, mark.lat);
    cluster.level = MarkLevel::Cluster;
    cluster.estates += mark.estates;
    cluster.counts.merge(mark.counts);
    cluster.pay = cluster.pay.zip(mark.pay).map(|(mut pay, other)| {
        pay.merge(other);
        pay
    });
}
