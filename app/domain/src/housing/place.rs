//! Where something stands: the three columns 经度, 纬度, 坐标系, which come all or not at all (§2.5).

use crate::{
    failure::FieldErrors,
    sheet::RowCheck,
    value::{Check, Complaint, CoordinateSystem, Point, convert, normalize, parse_degrees},
};
use serde::{Deserialize, Serialize};

/// A position as entered: the original pair and its system are kept beside the converted one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub point: Point,
    pub system: CoordinateSystem,
}

impl Place {
    /// The point in the coordinate system of the city's map (PRM-07).
    #[must_use]
    pub fn on_map(&self, map: CoordinateSystem) -> Point {
        convert(self.point, self.system, map)
    }
}

/// The three columns while they are being read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlaceForm {
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub system: Option<CoordinateSystem>,
}

impl PlaceForm {
    /// Reads 经度.
    ///
    /// # Errors
    /// `格式不正确` for what is no number of degrees with at most 7 decimals.
    pub fn read_lng(&mut self, text: &str) -> Check<()> {
        self.lng = Some(parse_degrees(text)?);
        Ok(())
    }

    /// Reads 纬度.
    ///
    /// # Errors
    /// As [`Self::read_lng`].
    pub fn read_lat(&mut self, text: &str) -> Check<()> {
        let lat = parse_degrees(text)?;
        if lat.abs() > 90.0 {
            return Err(Complaint::about("格式不正确"));
        }
        self.lat = Some(lat);
        Ok(())
    }

    /// Reads 坐标系.
    ///
    /// # Errors
    /// `取值不在字典范围内`.
    pub fn read_system(&mut self, text: &str) -> Check<()> {
        self.system = Some(CoordinateSystem::parse(text)?);
        Ok(())
    }

    /// Reads the fields 经度, 纬度, 坐标系 of a form: all three, or neither number (a system alone says nothing).
    pub fn of_texts(lng: &str, lat: &str, system: &str, errors: &mut FieldErrors) -> Option<Place> {
        let mut place = Self::default();
        for (field, text, read) in
            [("lng", lng, Self::read_lng as fn(&mut Self, &str) -> Check<()>), ("lat", lat, Self::read_lat)]
        {
            let text = normalize(text);
            if !text.is_empty() {
                errors.take(field, read(&mut place, &text));
            }
        }
        if place.lng.is_none() && place.lat.is_none() {
            return None;
        }
        errors.take("system", place.read_system(&normalize(system)));
        if place.place().is_none() {
            errors.add("lng", "经度、纬度、坐标系须同时填写或同时为空");
        }
        place.place()
    }

    /// All three, or none; anything between is a complaint on the row. `lng` and `lat` are the headers of the sheet.
    pub fn check(&self, row: &mut RowCheck<'_>, lng: &str, lat: &str) {
        let some = self.lng.is_some() || self.lat.is_some() || self.system.is_some();
        row.rule(
            &["坐标系", lng, lat],
            some && self.place().is_none(),
            "【经度】【纬度】【坐标系】须同时填写或同时为空",
        );
    }

    /// The position, when all three are there.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        Some(Place { point: Point { lng: self.lng?, lat: self.lat? }, system: self.system? })
    }
}
