//! The city map's marks (S0-6 level 1, S1-2.2): aggregated here for the visible area and zoom, so
//! that a browser never gets more than it can show.

use crate::{Ctx, Result, ctx::Tx, ctx::connection, error::stored};
use domain::{
    dictionary::UnitStatus,
    insight::{BUILDING_ZOOM, ESTATE_ZOOM, MapMark, MapMarks, MapView, MarkLevel, Occupancy},
    platform::permission::Permission,
};
use std::collections::HashMap;

/// Most marks one answer may hold; beyond it neighbours are clustered.
const MARKS_MAX: usize = 600;
/// Clusters are this wide on the screen, in pixels.
const CLUSTER_PIXELS: f64 = 56.0;

/// The marks of a view, with occupancy.
///
/// # Errors
/// Without [`Permission::MapRead`].
pub async fn map_marks_get(ctx: &Ctx, view: MapView) -> Result<MapMarks> {
    ctx.require(Permission::MapRead)?;
    let mut tx = ctx.begin().await?;
    let marks = if view.zoom < ESTATE_ZOOM {
        district_marks(&mut tx).await?
    } else if view.zoom < BUILDING_ZOOM {
        clustered(estate_marks(&mut tx, view).await?, view.zoom)
    } else {
        building_marks(&mut tx, view).await?
    };
    let unlocated = sqlx::query_scalar!(
        r#"select count(*) as "count!" from estate e where deleted_at is null and map_lng is null
           and not exists (select from building b where b.estate_id = e.id and b.map_lng is not null)"#
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(MapMarks { marks, unlocated })
}

struct Row {
    id: i64,
    status: Option<String>,
    units: i64,
}

/// Adds the counters up by place.
fn occupancies(rows: Vec<Row>) -> Result<HashMap<i64, Occupancy>> {
    let mut found: HashMap<i64, Occupancy> = HashMap::new();
    for row in rows {
        let occupancy = found.entry(row.id).or_default();
        if let Some(status) = row.status {
            occupancy.add(stored(&status, UnitStatus::from_code)?, row.units);
        }
    }
    Ok(found)
}

async fn district_marks(tx: &mut Tx) -> Result<Vec<MapMark>> {
    // A district stands in the middle of its stock, which need not be the middle of its outline.
    let places = sqlx::query!(
        r#"select p.district_id as "id!", d.name as "name!", avg(p.lng) as "lng!", avg(p.lat) as "lat!", count(*) as "estates!"
           from (select e.district_id, coalesce(e.map_lng, avg(b.map_lng)) as lng, coalesce(e.map_lat, avg(b.map_lat)) as lat
                 from estate e left join building b on b.estate_id = e.id and b.map_lng is not null
                 where e.deleted_at is null group by e.id) p
           join organization d on d.id = p.district_id where p.lng is not null group by 1, 2"#
    )
    .fetch_all(connection(tx))
    .await?;
    let tally = sqlx::query_as!(
        Row,
        r#"select district_id as id, status as "status?", sum(units)::bigint as "units!" from building_tally group by 1, 2"#
    )
    .fetch_all(connection(tx))
    .await?;
    let occupancy = occupancies(tally)?;
    Ok(places
        .into_iter()
        .map(|row| MapMark {
            level: MarkLevel::District,
            id: row.id,
            name: row.name,
            lng: row.lng,
            lat: row.lat,
            estates: row.estates,
            occupancy: occupancy.get(&row.id).copied().unwrap_or_default(),
        })
        .collect())
}

async fn estate_marks(tx: &mut Tx, view: MapView) -> Result<Vec<MapMark>> {
    let places = sqlx::query!(
        r#"select p.id as "id!", p.name as "name!", p.lng as "lng!", p.lat as "lat!"
           from (select e.id, e.name, coalesce(e.map_lng, avg(b.map_lng)) as lng, coalesce(e.map_lat, avg(b.map_lat)) as lat
                 from estate e left join building b on b.estate_id = e.id and b.map_lng is not null
                 where e.deleted_at is null group by e.id) p
           where p.lng between $1 and $2 and p.lat between $3 and $4"#,
        view.min_lng,
        view.max_lng,
        view.min_lat,
        view.max_lat,
    )
    .fetch_all(connection(tx))
    .await?;
    let ids: Vec<i64> = places.iter().map(|row| row.id).collect();
    let tally = sqlx::query_as!(
        Row,
        r#"select estate_id as id, status as "status?", sum(units)::bigint as "units!" from building_tally
           where estate_id = any($1) group by 1, 2"#,
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    let occupancy = occupancies(tally)?;
    Ok(places
        .into_iter()
        .map(|row| MapMark {
            level: MarkLevel::Estate,
            id: row.id,
            name: row.name,
            lng: row.lng,
            lat: row.lat,
            estates: 1,
            occupancy: occupancy.get(&row.id).copied().unwrap_or_default(),
        })
        .collect())
}

async fn building_marks(tx: &mut Tx, view: MapView) -> Result<Vec<MapMark>> {
    let places = sqlx::query!(
        r#"select b.id, e.name || ' ' || b.no as "name!", b.map_lng as "lng!", b.map_lat as "lat!"
           from building b join estate e on e.id = b.estate_id
           where b.deleted_at is null and b.map_lng between $1 and $2 and b.map_lat between $3 and $4
           order by b.id limit $5"#,
        view.min_lng,
        view.max_lng,
        view.min_lat,
        view.max_lat,
        i64::try_from(MARKS_MAX).unwrap_or(i64::MAX),
    )
    .fetch_all(connection(tx))
    .await?;
    let ids: Vec<i64> = places.iter().map(|row| row.id).collect();
    let tally = sqlx::query_as!(
        Row,
        r#"select building_id as id, status as "status?", sum(units)::bigint as "units!" from building_tally
           where building_id = any($1) group by 1, 2"#,
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    let occupancy = occupancies(tally)?;
    Ok(places
        .into_iter()
        .map(|row| MapMark {
            level: MarkLevel::Building,
            id: row.id,
            name: row.name,
            lng: row.lng,
            lat: row.lat,
            estates: 1,
            occupancy: occupancy.get(&row.id).copied().unwrap_or_default(),
        })
        .collect())
}

/// Merges estates that would overlap on the screen, cell by cell of a grid that is fixed to the
/// earth (not to the view), so that clusters do not jump while the map is dragged.
fn clustered(marks: Vec<MapMark>, zoom: u8) -> Vec<MapMark> {
    let degrees_per_cell = CLUSTER_PIXELS * 360.0 / (256.0 * f64::from(1u32 << zoom.min(20)));
    if zoom > 14 && marks.len() <= MARKS_MAX {
        return marks;
    }
    let mut cells: HashMap<(i64, i64), MapMark> = HashMap::new();
    for mark in marks {
        let cell = ((mark.lng / degrees_per_cell).floor() as i64, (mark.lat / degrees_per_cell).floor() as i64);
        match cells.entry(cell) {
            std::collections::hash_map::Entry::Vacant(free) => drop(free.insert(mark)),
            std::collections::hash_map::Entry::Occupied(mut taken) => merge(taken.get_mut(), mark),
        }
    }
    let mut marks: Vec<MapMark> = cells.into_values().collect();
    marks.sort_by_key(|mark| mark.id);
    marks
}

/// Adds an estate to a cluster; the centre is weighted by units, name and id are of the largest.
fn merge(cluster: &mut MapMark, mark: MapMark) {
    let (a, b) = (cluster.occupancy.units.max(1), mark.occupancy.units.max(1));
    let weigh = |x: f64, y: f64| (x * a as f64 + y * b as f64) / (a + b) as f64;
    cluster.lng = weigh(cluster.lng, mark.lng);
    cluster.lat = weigh(cluster.lat, mark.lat);
    if b > a {
        cluster.id = mark.id;
        cluster.name = mark.name;
    }
    cluster.level = MarkLevel::Cluster;
    cluster.estates += mark.estates;
    cluster.occupancy.merge(mark.occupancy);
}
