//! Divisions and their outlines (E-07): the offline base of the map, and the box that coordinates
//! must lie in (domain.md §2.5).

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    platform::setting::settings_load,
};
use domain::{
    failure::FieldErrors,
    housing::place::Place,
    platform::permission::Permission,
    value::{BoundingBox, Point, ring_area_km2},
};
use serde_json::{Value, json};

/// Sets name and outline of a division. `outline` is a GeoJSON geometry in the city's map system.
///
/// # Errors
/// Without [`Permission::DivisionWrite`].
pub async fn division_put(ctx: &Ctx, code: &str, name: &str, outline: &Value, bounds: BoundingBox) -> Result<()> {
    ctx.require(Permission::DivisionWrite)?;
    let mut tx = ctx.begin().await?;
    sqlx::query!(
        "insert into division (code, name, outline, min_lng, min_lat, max_lng, max_lat, area_km2)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (code) do update set name = excluded.name, outline = excluded.outline, min_lng = excluded.min_lng,
             min_lat = excluded.min_lat, max_lng = excluded.max_lng, max_lat = excluded.max_lat, area_km2 = excluded.area_km2",
        code,
        name,
        outline,
        bounds.min_lng,
        bounds.min_lat,
        bounds.max_lng,
        bounds.max_lat,
        outline_area_km2(outline),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Area of a GeoJSON polygon or of several, less their holes; 0 for any other geometry.
fn outline_area_km2(outline: &Value) -> f64 {
    let corners = |ring: &Value| -> Vec<Point> {
        let pairs = ring.as_array().into_iter().flatten();
        pairs.filter_map(|pair| Some(Point { lng: pair[0].as_f64()?, lat: pair[1].as_f64()? })).collect()
    };
    let polygon = |rings: &Value| -> f64 {
        let mut areas = rings.as_array().into_iter().flatten().map(|ring| ring_area_km2(&corners(ring)));
        let outer = areas.next().unwrap_or_default();
        (outer - areas.sum::<f64>()).max(0.0)
    };
    let coordinates = &outline["coordinates"];
    match outline["type"].as_str() {
        Some("Polygon") => polygon(coordinates),
        Some("MultiPolygon") => coordinates.as_array().into_iter().flatten().map(polygon).sum(),
        _ => 0.0,
    }
}

/// All outlines as one GeoJSON feature collection: the base map, no secret inside the house.
///
/// # Errors
/// Without [`Permission::MapRead`].
pub async fn outlines_get(ctx: &Ctx) -> Result<Value> {
    ctx.require(Permission::MapRead)?;
    let mut tx = ctx.begin().await?;
    let rows = sqlx::query!(
        r#"select v.code, v.name, v.outline as "outline!", o.id as "district_id?"
           from division v left join organization o on o.division_code = v.code and o.type = 'DISTRICT'
           where v.outline is not null order by v.code"#
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let features: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            let mine = row.district_id.is_some_and(|district| ctx.sees_district(district));
            json!({
                "type": "Feature",
                "properties": {"name": row.name, "code": row.code, "district": row.district_id, "mine": mine},
                "geometry": row.outline,
            })
        })
        .collect();
    Ok(json!({"type": "FeatureCollection", "features": features}))
}

/// Whether a point lies inside the outline box of a district's division; a district without an
/// outline has no box to be outside of.
pub(crate) async fn place_check(tx: &mut Tx, district: i64, point: Point) -> Result<bool> {
    Ok(district_box(tx, district).await?.is_none_or(|bounds| bounds.contains(point)))
}

/// An entered position on the city's map (PRM-07); it must lie inside the outline box of the district (§2.5).
pub(crate) async fn place_on_map(tx: &mut Tx, district: i64, place: Option<Place>) -> Result<Option<Point>> {
    let Some(place) = place else { return Ok(None) };
    let settings = settings_load(tx).await?;
    let point = place.on_map(settings.map_system);
    if !place_check(tx, district, point).await? {
        return Err(FieldErrors::from(("lng", "坐标不在所属区县范围内")).into());
    }
    Ok(Some(point))
}

/// The outline box of a district, if its outline is known.
pub(crate) async fn district_box(tx: &mut Tx, district: i64) -> Result<Option<BoundingBox>> {
    let bounds = sqlx::query!(
        r#"select v.min_lng as "min_lng!", v.min_lat as "min_lat!", v.max_lng as "max_lng!", v.max_lat as "max_lat!"
           from organization o join division v on v.code = o.division_code where o.id = $1 and v.outline is not null"#,
        district
    )
    .fetch_optional(connection(tx))
    .await?;
    Ok(bounds.map(|row| BoundingBox {
        min_lng: row.min_lng,
        min_lat: row.min_lat,
        max_lng: row.max_lng,
        max_lat: row.max_lat,
    }))
}
