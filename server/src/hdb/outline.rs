//! Outlines of districts as GeoJSON: areas are read, joined to towns, and written for the map.

use domain::value::{BoundingBox, Point};
use serde_json::{Value, json};

/// The outline of a district, as the map and the import's check of coordinates want it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    pub division_code: String,
    pub name: String,
    /// a GeoJSON geometry, longitude before latitude
    pub geometry: Value,
    pub bounds: BoundingBox,
}

/// One area of the source.
#[derive(Debug)]
pub struct Area {
    pub name: String,
    /// polygons, each an outer ring and its holes
    polygons: Vec<Vec<Vec<Point>>>,
    /// the same as the file has it
    coordinates: Vec<Value>,
    bounds: BoundingBox,
}

impl Area {
    /// Whether the point lies inside: the rings around it decide, holes included.
    pub fn contains(&self, point: Point) -> bool {
        self.bounds.contains(point)
            && self.polygons.iter().any(|rings| rings.iter().filter(|ring| around(ring, point)).count() % 2 == 1)
    }
}

/// Whether a ray from the point to the east crosses the ring an odd number of times.
fn around(ring: &[Point], point: Point) -> bool {
    let edges = ring.iter().zip(ring.iter().cycle().skip(1));
    let crossings = edges.filter(|(a, b)| {
        (a.lat > point.lat) != (b.lat > point.lat)
            && point.lng < (b.lng - a.lng) * (point.lat - a.lat) / (b.lat - a.lat) + a.lng
    });
    crossings.count() % 2 == 1
}

/// Reads the areas of a feature collection, named by the property `name`.
pub fn areas_read(text: &str) -> Result<Vec<Area>, String> {
    features(text)?
        .iter()
        .map(|feature| {
            let name = property(feature, "name")?;
            let coordinates =
                polygons_of(&feature["geometry"]).ok_or_else(|| format!("{name}的轮廓不是Polygon或MultiPolygon"))?;
            let polygons = coordinates.iter().map(rings_of).collect::<Option<Vec<_>>>();
            let polygons = polygons.ok_or_else(|| format!("{name}的轮廓坐标无法读取"))?;
            let bounds = BoundingBox::of_points(polygons.iter().flatten().flatten().copied());
            let bounds = bounds.ok_or_else(|| format!("{name}的轮廓没有坐标"))?;
            Ok(Area { name, polygons, coordinates, bounds })
        })
        .collect()
}

/// Reads outlines that [`outlines_text`] wrote or somebody drew: features with the properties
/// `division_code` and `name`.
///
/// # Errors
/// With the feature that is wrong.
pub fn outlines_read(text: &str) -> Result<Vec<Outline>, String> {
    let codes: Vec<String> =
        features(text)?.iter().map(|feature| property(feature, "division_code")).collect::<Result<_, _>>()?;
    Ok(areas_read(text)?.into_iter().zip(codes).map(|(area, code)| outline_of(code, &area.name, &[&area])).collect())
}

/// The outlines as one feature collection.
pub fn outlines_text(outlines: &[&Outline]) -> String {
    let features: Vec<Value> = outlines
        .iter()
        .map(|outline| {
            json!({
                "type": "Feature",
                "properties": {"division_code": outline.division_code, "name": outline.name},
                "geometry": outline.geometry,
            })
        })
        .collect();
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

/// Joins areas to the outline of one district.
pub fn outline_of(division_code: String, name: &str, areas: &[&Area]) -> Outline {
    let coordinates: Vec<&Value> = areas.iter().flat_map(|area| &area.coordinates).collect();
    let corners = areas.iter().flat_map(|area| {
        let BoundingBox { min_lng, min_lat, max_lng, max_lat } = area.bounds;
        [Point { lng: min_lng, lat: min_lat }, Point { lng: max_lng, lat: max_lat }]
    });
    Outline {
        division_code,
        name: name.to_owned(),
        geometry: json!({"type": "MultiPolygon", "coordinates": coordinates}),
        bounds: BoundingBox::of_points(corners).expect("a district has at least one area"),
    }
}

fn features(text: &str) -> Result<Vec<Value>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("轮廓文件不是有效的GeoJSON：{error}"))?;
    match value["features"].as_array() {
        Some(features) if !features.is_empty() => Ok(features.clone()),
        _ => Err("轮廓文件中没有区域".to_owned()),
    }
}

fn property(feature: &Value, name: &str) -> Result<String, String> {
    let text = feature["properties"][name].as_str().filter(|text| !text.is_empty());
    text.map(ToOwned::to_owned).ok_or_else(|| format!("轮廓文件的区域缺少属性{name}"))
}

fn polygons_of(geometry: &Value) -> Option<Vec<Value>> {
    match geometry["type"].as_str()? {
        "Polygon" => Some(vec![geometry["coordinates"].clone()]),
        "MultiPolygon" => geometry["coordinates"].as_array().cloned(),
        _ => None,
    }
}

fn rings_of(polygon: &Value) -> Option<Vec<Vec<Point>>> {
    let rings = polygon.as_array()?.iter().map(|ring| ring.as_array()?.iter().map(point_of).collect());
    rings.collect()
}

fn point_of(position: &Value) -> Option<Point> {
    let (lng, lat) = (position.get(0)?.as_f64()?, position.get(1)?.as_f64()?);
    (lng.abs() <= 180.0 && lat.abs() <= 90.0).then_some(Point { lng, lat })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREAS: &str = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"name":"Ring"},"geometry":{"type":"Polygon","coordinates":
            [[[0,0],[10,0],[10,10],[0,10],[0,0]],[[4,4],[6,4],[6,6],[4,6],[4,4]]]}},
        {"type":"Feature","properties":{"name":"Isles"},"geometry":{"type":"MultiPolygon","coordinates":
            [[[[20,0],[21,0],[21,1],[20,0]]],[[[30,0],[31,0],[31,1],[30,0]]]]}}]}"#;

    #[test]
    fn inside_outside_and_in_the_hole() {
        let areas = areas_read(AREAS).unwrap();
        for (lng, lat, names) in [
            (1.0, 1.0, vec!["Ring"]),
            (5.0, 5.0, vec![]),
            (11.0, 1.0, vec![]),
            (20.9, 0.5, vec!["Isles"]),
            (30.9, 0.5, vec!["Isles"]),
            (25.0, 0.5, vec![]),
        ] {
            let found: Vec<&str> =
                areas.iter().filter(|area| area.contains(Point { lng, lat })).map(|area| area.name.as_str()).collect();
            assert_eq!(found, names, "{lng} {lat}");
        }
    }

    #[test]
    fn outlines_come_back_as_they_were_written() {
        let areas = areas_read(AREAS).unwrap();
        let outline = outline_of("990101".to_owned(), "示例区", &areas.iter().collect::<Vec<_>>());
        assert_eq!(outline.bounds, BoundingBox { min_lng: 0.0, min_lat: 0.0, max_lng: 31.0, max_lat: 10.0 });
        assert_eq!(outline.geometry["coordinates"].as_array().unwrap().len(), 3);
        assert_eq!(outlines_read(&outlines_text(&[&outline])).unwrap(), [outline]);
    }

    #[test]
    fn a_broken_file_is_named() {
        assert!(areas_read("{").is_err());
        assert!(areas_read("{\"features\":[]}").is_err());
        assert!(outlines_read(AREAS).unwrap_err().contains("division_code"));
        let point = AREAS.replace("Polygon", "Point").replace("MultiPoint", "Point");
        assert!(areas_read(&point).unwrap_err().contains("Ring"));
        assert!(areas_read(&AREAS.replace("[20,0]", "[\"x\",0]")).unwrap_err().contains("Isles"));
        assert!(areas_read(&AREAS.replace("[20,0]", "[200,0]")).unwrap_err().contains("Isles"));
    }
}
