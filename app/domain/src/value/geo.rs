//! Coordinates and the three systems in daily use (domain.md §2.5).
//!
//! The only place with floating point. Whether a city converts at all is PRM-07 and the caller's
//! business; never mix points of two systems in one calculation.

use super::{
    Check, Complaint,
    text::{DECIMAL_LIMIT, decimal},
};
use crate::dictionary::dictionary;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

dictionary! {
    /// The system a coordinate pair is given in. Upper or lower case; with or without hyphen.
    CoordinateSystem = "PRM-07" "坐标系" {
        Wgs84 = "WGS84" "WGS-84" | "CGCS2000",
        Gcj02 = "GCJ02" "GCJ-02",
        Bd09 = "BD09" "BD-09",
    }
}

/// A place: longitude and latitude in degrees, of a system that the field's name or a neighbour tells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Degrees east.
    pub lng: f64,
    /// Degrees north.
    pub lat: f64,
}

/// A rectangle of degrees, edges included: the outline box of a division, or the view of a map.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoundingBox {
    /// Western edge, degrees.
    pub min_lng: f64,
    /// Southern edge, degrees.
    pub min_lat: f64,
    /// Eastern edge, degrees.
    pub max_lng: f64,
    /// Northern edge, degrees.
    pub max_lat: f64,
}

/// Points outside are never converted (domain.md §2.5): a safety net, not a border.
const CHINA: BoundingBox = BoundingBox { min_lng: 72.004, min_lat: 0.8293, max_lng: 137.8347, max_lat: 55.8271 };

/// Semi-major axis in metres and squared eccentricity of the ellipsoid behind GCJ-02.
const AXIS: f64 = 6_378_245.0;
const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;

/// The sinusoids of BD-09 turn this often per degree of the circle.
const BD_WAVE: f64 = PI * 3000.0 / 180.0;

/// Degrees: −180 to 180, at most 7 decimals, no exponent. That a latitude ends at 90 is checked by
/// whoever knows that it is one.
///
/// # Errors
/// About `格式不正确`.
pub fn parse_degrees(text: &str) -> Check<f64> {
    // Both numbers of the division are exact, so the quotient is the double nearest to the text.
    const { assert!(DECIMAL_LIMIT < 1 << 53) };
    decimal(text, 7)
        .map(|scaled| scaled as f64 / 1e7)
        .filter(|value| value.abs() <= 180.0)
        .ok_or(Complaint::about("格式不正确"))
}

/// Mean radius of the earth in km.
const EARTH_KM: f64 = 6371.0088;

/// Area in km² within a closed ring of corners on the sphere, whichever way round it goes. Corners of
/// one system; the shift between two systems does not change an area that anybody could measure.
#[must_use]
pub fn ring_area_km2(ring: &[Point]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    let slices = ring.iter().zip(next).map(|(from, to)| {
        let width = (to.lng - from.lng).to_radians();
        width * (2.0 + from.lat.to_radians().sin() + to.lat.to_radians().sin())
    });
    (slices.sum::<f64>() * EARTH_KM * EARTH_KM / 2.0).abs()
}

/// The same place in another system. Points outside China come back unchanged.
///
/// Ways back are found by iteration; a round trip is off by less than 1e-7 degrees (about 1 cm).
#[must_use]
pub fn convert(point: Point, from: CoordinateSystem, to: CoordinateSystem) -> Point {
    use CoordinateSystem::{Bd09, Gcj02, Wgs84};
    if from == to || !CHINA.contains(point) {
        return point;
    }
    let gcj = match from {
        Wgs84 => wgs_to_gcj(point),
        Gcj02 => point,
        Bd09 => invert(gcj_to_bd, point),
    };
    match to {
        Wgs84 => invert(wgs_to_gcj, gcj),
        Gcj02 => gcj,
        Bd09 => gcj_to_bd(gcj),
    }
}

fn wgs_to_gcj(point: Point) -> Point {
    let (x, y) = (point.lng - 105.0, point.lat - 35.0);
    let wave = |size: f64, angle: f64| size * (angle * PI).sin();
    let ripple = wave(20.0, 6.0 * x) + wave(20.0, 2.0 * x);
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + (ripple + wave(20.0, y) + wave(40.0, y / 3.0)) * 2.0 / 3.0
        + (wave(160.0, y / 12.0) + wave(320.0, y / 30.0)) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + (ripple + wave(20.0, x) + wave(40.0, x / 3.0)) * 2.0 / 3.0
        + (wave(150.0, x / 12.0) + wave(300.0, x / 30.0)) * 2.0 / 3.0;
    let (sin, cos) = point.lat.to_radians().sin_cos();
    let m = 1.0 - ECCENTRICITY * sin * sin;
    let meridian = AXIS * (1.0 - ECCENTRICITY) / (m * m.sqrt());
    let parallel = AXIS / m.sqrt() * cos;
    Point { lng: point.lng + (east / parallel).to_degrees(), lat: point.lat + (north / meridian).to_degrees() }
}

fn gcj_to_bd(point: Point) -> Point {
    let Point { lng, lat } = point;
    let z = lng.hypot(lat) + 0.00002 * (lat * BD_WAVE).sin();
    let theta = lat.atan2(lng) + 0.000003 * (lng * BD_WAVE).cos();
    Point { lng: z * theta.cos() + 0.0065, lat: z * theta.sin() + 0.006 }
}

/// The point which `forward` moves onto the target. Every step shrinks the error at least
/// thirtyfold, because `forward` moves neighbouring points by nearly the same offset.
fn invert(forward: fn(Point) -> Point, target: Point) -> Point {
    const CLOSE_ENOUGH: f64 = 1e-11;
    let mut guess = target;
    for _ in 0..20 {
        let image = forward(guess);
        let (off_lng, off_lat) = (image.lng - target.lng, image.lat - target.lat);
        guess = Point { lng: guess.lng - off_lng, lat: guess.lat - off_lat };
        if off_lng.abs().max(off_lat.abs()) < CLOSE_ENOUGH {
            break;
        }
    }
    guess
}

impl BoundingBox {
    /// The smallest box around the points; `None` when there are none.
    pub fn of_points(points: impl IntoIterator<Item = Point>) -> Option<Self> {
        let mut points = points.into_iter();
        let Point { lng, lat } = points.next()?;
        let mut bounds = Self { min_lng: lng, min_lat: lat, max_lng: lng, max_lat: lat };
        points.for_each(|point| bounds.extend(point));
        Some(bounds)
    }

    /// Grows just enough to hold the point.
    pub fn extend(&mut self, point: Point) {
        self.min_lng = self.min_lng.min(point.lng);
        self.min_lat = self.min_lat.min(point.lat);
        self.max_lng = self.max_lng.max(point.lng);
        self.max_lat = self.max_lat.max(point.lat);
    }

    /// True for points inside and on the edge.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        (self.min_lng..=self.max_lng).contains(&point.lng) && (self.min_lat..=self.max_lat).contains(&point.lat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A degree by a degree is 111.2 km high and as wide as its parallel.
    #[test]
    fn areas_of_rings() {
        let square = |lat: f64| {
            [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(lng, up)| Point { lng: 113.0 + lng, lat: lat + up })
        };
        let near = |area: f64, wanted: f64| assert!((area / wanted - 1.0).abs() < 0.001, "{area} is not {wanted}");
        near(ring_area_km2(&square(0.0)), 12_363.7);
        near(ring_area_km2(&square(34.0)), 10_189.0);
        let mut closed_and_turned = square(34.0).to_vec();
        closed_and_turned.push(closed_and_turned[0]);
        closed_and_turned.reverse();
        near(ring_area_km2(&closed_and_turned), 10_189.0);
        near(1.0 + ring_area_km2(&[]), 1.0);
    }
    use CoordinateSystem::{Bd09, Gcj02, Wgs84};
    use proptest::prelude::*;

    fn point(lng: f64, lat: f64) -> Point {
        Point { lng, lat }
    }

    fn distance(a: Point, b: Point) -> f64 {
        (a.lng - b.lng).abs().max((a.lat - b.lat).abs())
    }

    #[test]
    fn vectors_of_section_2_5() {
        for (wgs, gcj, bd) in [
            (point(116.404, 39.915), point(116.410244499, 39.916404282), point(116.416627244, 39.922699552)),
            (point(113.625368, 34.746599), point(113.631414637, 34.745416415), point(113.637815405, 34.751721806)),
        ] {
            let systems = [(Wgs84, wgs), (Gcj02, gcj), (Bd09, bd)];
            for (from, start) in systems {
                for (to, end) in systems {
                    let off = distance(convert(start, from, to), end);
                    assert!(off < 2e-9, "{from} to {to} is off by {off}");
                }
            }
        }
    }

    #[test]
    fn outside_china_nothing_moves() {
        for abroad in [
            point(72.003, 39.9),
            point(137.8348, 39.9),
            point(116.4, 0.8292),
            point(116.4, 55.8272),
            point(-0.1278, 51.5074),
        ] {
            for from in CoordinateSystem::ALL {
                for to in CoordinateSystem::ALL {
                    assert!(distance(convert(abroad, *from, *to), abroad) <= 0.0);
                }
            }
        }
        for inside in [point(72.005, 39.9), point(137.8346, 39.9), point(116.4, 0.83), point(116.4, 55.827)] {
            assert!(distance(convert(inside, Wgs84, Gcj02), inside) > 1e-4);
        }
    }

    #[test]
    fn systems_go_by_several_names() {
        for (text, system) in [
            ("WGS84", Wgs84),
            ("wgs-84", Wgs84),
            ("CGCS2000", Wgs84),
            ("cgcs2000", Wgs84),
            ("GCJ02", Gcj02),
            ("gcj-02", Gcj02),
            ("BD-09", Bd09),
            (" ＢＤ０９ ", Bd09),
        ] {
            assert_eq!(CoordinateSystem::parse(text), Ok(system), "{text}");
        }
        assert_eq!(CoordinateSystem::parse("UTM"), Err(Complaint::about("取值不在字典范围内：UTM")));
        let codes: Vec<_> = CoordinateSystem::ALL.iter().map(|system| system.code()).collect();
        assert_eq!(codes, ["WGS84", "GCJ02", "BD09"]);
    }

    #[test]
    fn degrees_have_seven_decimals_and_a_range() {
        for (text, value) in [("113.6253681", 113.625_368_1), ("-180", -180.0), ("180.0000000", 180.0)] {
            let read = parse_degrees(text).unwrap();
            assert!((read - value).abs() <= 0.0, "{text} read as {read}");
        }
        let wrong = Err(Complaint::about("格式不正确"));
        for text in ["", "113.62536811", "180.0000001", "-180.0000001", "1e2", "NaN", "inf", "113°37′", "一"] {
            assert_eq!(parse_degrees(text), wrong, "{text}");
        }
    }

    #[test]
    fn boxes_grow_and_hold_their_edges() {
        assert_eq!(BoundingBox::of_points([]), None);
        let mut bounds = BoundingBox::of_points([point(2.0, 1.0), point(1.0, 3.0)]).unwrap();
        assert_eq!(bounds, BoundingBox { min_lng: 1.0, min_lat: 1.0, max_lng: 2.0, max_lat: 3.0 });
        for (inside, place) in [
            (true, point(1.0, 1.0)),
            (true, point(2.0, 3.0)),
            (true, point(1.5, 2.0)),
            (false, point(0.9, 2.0)),
            (false, point(2.1, 2.0)),
            (false, point(1.5, 0.9)),
            (false, point(1.5, 3.1)),
            (false, point(f64::NAN, 2.0)),
        ] {
            assert_eq!(bounds.contains(place), inside, "{place:?}");
        }
        bounds.extend(point(0.5, 4.0));
        assert_eq!(bounds, BoundingBox { min_lng: 0.5, min_lat: 1.0, max_lng: 2.0, max_lat: 4.0 });
        bounds.extend(point(3.0, 0.0));
        assert_eq!(bounds, BoundingBox { min_lng: 0.5, min_lat: 0.0, max_lng: 3.0, max_lat: 4.0 });
    }

    proptest! {
        #[test]
        fn degrees_read_as_the_standard_library_reads_them(scaled in -1_800_000_000i64..=1_800_000_000) {
            let text = crate::value::text::decimal_text(scaled, 7);
            let read = parse_degrees(&text).unwrap();
            prop_assert_eq!(read.to_bits(), text.parse::<f64>().unwrap().to_bits());
        }

        #[test]
        fn there_and_back(
            lng in 72.1f64..137.7, lat in 0.9f64..55.7,
            from in prop::sample::select(CoordinateSystem::ALL),
            to in prop::sample::select(CoordinateSystem::ALL),
        ) {
            let start = point(lng, lat);
            let there = convert(start, from, to);
            prop_assert!(distance(convert(there, to, from), start) < 1e-7);
            // Longest offset between two systems: about 0.02 degrees.
            prop_assert!(distance(there, start) < 0.03);
        }

        #[test]
        fn a_box_holds_its_points(raw in prop::collection::vec((-180f64..180.0, -90f64..90.0), 1..20)) {
            let points: Vec<Point> = raw.into_iter().map(|(lng, lat)| point(lng, lat)).collect();
            let bounds = BoundingBox::of_points(points.iter().copied()).unwrap();
            prop_assert!(points.iter().all(|point| bounds.contains(*point)));
        }
    }
}
