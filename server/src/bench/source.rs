//! Block lists to measure with: a real one, or one made from the shipped extract, which is real but small.

use crate::hdb;
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};

/// Units of the city that the figures are about.
pub const CITY_UNITS: u32 = 1_056_940;
/// The extract's towns are repeated under these of the codes that `hdb` knows.
const TOWNS: [&str; 25] = [
    "AMK", "BB", "BD", "BH", "BM", "BP", "BT", "CCK", "CL", "CT", "GL", "HG", "JE", "JW", "KWN", "MP", "PRC", "PG",
    "QT", "SB", "SGN", "SK", "TAP", "TP", "WL",
];
/// Degrees between two repeated towns: further than a town is wide.
const TOWN_STEP: f64 = 0.12;
/// Blocks per town of the small city.
const SMALL_BLOCKS: usize = 3;
/// A list without flats must not be repeated for ever.
const REPEATS_MAX: u32 = 10_000;

/// A block list and the areas of its towns, as [`hdb::City::read`] takes them.
#[derive(Clone, Debug)]
pub struct Source {
    pub blocks: String,
    pub areas: String,
}

impl Source {
    /// A block list of the HDB form and its areas.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(blocks: &Path, areas: &Path) -> Result<Self, String> {
        let text = |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
        Ok(Self { blocks: text(blocks)?, areas: text(areas)? })
    }

    /// The shipped extract as it is.
    fn demo() -> Self {
        let (blocks, areas) = hdb::demo_source();
        Self { blocks: blocks.to_owned(), areas: areas.to_owned() }
    }

    /// Some blocks of every town of the shipped extract.
    ///
    /// # Errors
    /// Never, unless the shipped files were changed.
    pub fn small() -> Result<Self, String> {
        let demo = Self::demo();
        let list = List::read(&demo.blocks)?;
        let rows: Vec<Row> =
            list.by_town()?.into_values().flat_map(|blocks| blocks.into_iter().take(SMALL_BLOCKS)).collect();
        Ok(Self { blocks: list.text(&rows), areas: demo.areas })
    }

    /// A city of this many units: the extract's towns by turns, each moved to a place of its own and grown by
    /// repeating its blocks in further streets, nearer and nearer to the middle.
    ///
    /// # Errors
    /// Never, unless the shipped files were changed.
    pub fn synthetic(units: u32) -> Result<Self, String> {
        let demo = Self::demo();
        let list = List::read(&demo.blocks)?;
        let areas: Value = serde_json::from_str(&demo.areas).map_err(|error| error.to_string())?;
        let areas = areas["features"].as_array().ok_or("the extract has no areas")?;
        let towns: Vec<(String, Vec<Row>)> = list.by_town()?.into_iter().collect();
        let (mut rows, mut features) = (Vec::new(), Vec::new());
        for (index, code) in (0_u32..).zip(TOWNS) {
            let (model, blocks) = &towns[index as usize % towns.len()];
            let step = (f64::from(index % 5) * TOWN_STEP, f64::from(index / 5) * TOWN_STEP);
            let share = units / TOWNS.len() as u32 + u32::from(index < units % TOWNS.len() as u32);
            for mut row in list.grown(blocks, share, "Sector", true)? {
                list.set(&mut row, "town_code", code)?;
                list.shift(&mut row, step)?;
                rows.push(row);
            }
            let area = areas
                .iter()
                .find(|area| area["properties"]["town_code"] == json!(model))
                .ok_or("a town has no area")?;
            let mut area = area.clone();
            area["properties"] = json!({"name": code});
            shifted(&mut area["geometry"]["coordinates"], step);
            features.push(area);
        }
        let areas = json!({"type": "FeatureCollection", "features": features}).to_string();
        Ok(Self { blocks: list.text(&rows), areas })
    }

    /// A list of this many further units in the first town: its blocks again, in streets that `label` tells
    /// from those that are there.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn addition(&self, units: u32, label: &str) -> Result<Self, String> {
        let list = List::read(&self.blocks)?;
        let (_, blocks) = list.by_town()?.into_iter().next().ok_or("the block list is empty")?;
        let rows = list.grown(&blocks, units, label, false)?;
        Ok(Self { blocks: list.text(&rows), areas: self.areas.clone() })
    }
}

type Row = Vec<String>;

/// A block list as a table of text.
struct List {
    header: Vec<String>,
    rows: Vec<Row>,
}

const COUNTS: [&str; 5] =
    ["units_1room_rental", "units_2room_rental", "units_3room_rental", "units_other_rental", "units_sold"];

impl List {
    fn read(text: &str) -> Result<Self, String> {
        let cells = |line: &str| line.split(',').map(|cell| cell.trim().to_owned()).collect();
        let mut lines = text.trim_start_matches('\u{FEFF}').lines().filter(|line| !line.trim().is_empty());
        let header = cells(lines.next().ok_or("the block list is empty")?);
        Ok(Self { header, rows: lines.map(cells).collect() })
    }

    fn text(&self, rows: &[Row]) -> String {
        std::iter::once(&self.header).chain(rows).map(|row| row.join(",") + "\n").collect()
    }

    fn column(&self, name: &str) -> Result<usize, String> {
        self.header
            .iter()
            .position(|header| header == name)
            .ok_or_else(|| format!("the block list has no column {name}"))
    }

    fn get<'a>(&self, row: &'a Row, name: &str) -> Result<&'a str, String> {
        row.get(self.column(name)?).map(String::as_str).ok_or_else(|| format!("a block has no {name}"))
    }

    fn set(&self, row: &mut Row, name: &str, value: impl ToString) -> Result<(), String> {
        let column = self.column(name)?;
        *row.get_mut(column).ok_or_else(|| format!("a block has no {name}"))? = value.to_string();
        Ok(())
    }

    fn number(&self, row: &Row, name: &str) -> Result<f64, String> {
        self.get(row, name)?.parse().map_err(|_| format!("a block's {name} is no number"))
    }

    fn by_town(&self) -> Result<BTreeMap<String, Vec<Row>>, String> {
        let mut towns: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in &self.rows {
            towns.entry(self.get(row, "town_code")?.to_owned()).or_default().push(row.clone());
        }
        Ok(towns)
    }

    /// Repeats blocks in streets with a further name until there are exactly `units` flats; the last block
    /// is cut. With `inwards` every round lies nearer to the middle, so that estates do not lie on each other.
    fn grown(&self, blocks: &[Row], units: u32, label: &str, inwards: bool) -> Result<Vec<Row>, String> {
        let middle = (self.mean(blocks, "lon")?, self.mean(blocks, "lat")?);
        let (mut rows, mut missing) = (Vec::new(), units);
        for round in 1..REPEATS_MAX {
            for block in blocks {
                if missing == 0 {
                    return Ok(rows);
                }
                let mut row = block.clone();
                self.set(&mut row, "street", format!("{} {label} {round}", self.get(block, "street")?))?;
                if inwards {
                    let share = 1.0 / f64::from(round).sqrt();
                    for (name, middle) in [("lon", middle.0), ("lat", middle.1)] {
                        self.set(
                            &mut row,
                            name,
                            format!("{:.6}", middle + (self.number(block, name)? - middle) * share),
                        )?;
                    }
                }
                let flats = self.number(block, "units")? as u32;
                if flats > missing {
                    COUNTS.iter().try_for_each(|name| self.set(&mut row, name, 0))?;
                    self.set(&mut row, "units_sold", missing)?;
                    self.set(&mut row, "units", missing)?;
                }
                missing -= flats.min(missing);
                rows.push(row);
            }
        }
        Err("the block list has too few flats".to_owned())
    }

    fn mean(&self, blocks: &[Row], name: &str) -> Result<f64, String> {
        let sum = blocks.iter().try_fold(0.0, |sum, block| self.number(block, name).map(|number| sum + number))?;
        Ok(sum / blocks.len().max(1) as f64)
    }

    fn shift(&self, row: &mut Row, (lng, lat): (f64, f64)) -> Result<(), String> {
        for (name, step) in [("lon", lng), ("lat", lat)] {
            let moved = self.number(row, name)? + step;
            self.set(row, name, format!("{moved:.6}"))?;
        }
        Ok(())
    }
}

/// Moves all positions of a GeoJSON geometry.
fn shifted(coordinates: &mut Value, step: (f64, f64)) {
    let Some(parts) = coordinates.as_array_mut() else { return };
    if let [Value::Number(lng), Value::Number(lat)] = &parts[..] {
        let moved = |number: &serde_json::Number, step: f64| json!(number.as_f64().unwrap_or_default() + step);
        *coordinates = json!([moved(lng, step.0), moved(lat, step.1)]);
        return;
    }
    parts.iter_mut().for_each(|part| shifted(part, step));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hdb::{City, Options};

    #[test]
    fn a_city_of_the_real_size_can_be_made_of_the_extract() {
        let source = Source::synthetic(CITY_UNITS).expect("made");
        let summary = City::read(&source.blocks, &source.areas, Options::default())
            .map(|city| city.summary())
            .expect("a good list");
        assert_eq!((summary.units, summary.towns), (u64::from(CITY_UNITS), TOWNS.len()));
        assert!(summary.rented_out > 0 && summary.estates > 500, "{summary:?}");
    }

    #[test]
    fn an_addition_is_new_and_exactly_as_large_as_asked() {
        let source = Source::demo();
        let addition = source.addition(12_345, "Round 7").expect("made");
        let city = City::read(&addition.blocks, &addition.areas, Options::default()).expect("a good list");
        assert_eq!((city.summary().units, city.summary().towns), (12_345, 1));
        assert!(!source.blocks.contains("Round") && addition.blocks.contains("Round 7"));
    }
}
