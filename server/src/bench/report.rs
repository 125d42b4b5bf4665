//! What was measured, as a table for people and as JSON for machines.

use super::timing::Times;
use serde::Serialize;
use std::{fmt::Write as _, path::Path};

/// One figure beside what it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    /// the least that this could be, measured in the same run
    pub floor: Option<f64>,
    pub limit: Option<f64>,
    pub ok: bool,
    /// the limit is the least and not the most
    #[serde(skip)]
    at_least: bool,
}

/// All figures of a run, in the order of the issue.
#[derive(Debug, Default)]
pub struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// A figure that is shown and judged by nobody.
    pub fn tell(&mut self, name: impl Into<String>, value: f64, unit: &'static str, floor: Option<f64>) {
        self.figures.push(Figure { name: name.into(), value, unit, floor, limit: None, ok: true, at_least: false });
    }

    /// A figure that must not exceed its limit.
    pub fn at_most(&mut self, name: impl Into<String>, value: f64, unit: &'static str, floor: Option<f64>, limit: f64) {
        self.figures.push(Figure {
            name: name.into(),
            value,
            unit,
            floor,
            limit: Some(limit),
            ok: value <= limit,
            at_least: false,
        });
    }

    /// A figure that must reach its limit.
    pub fn at_least(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        floor: Option<f64>,
        limit: f64,
    ) {
        self.figures.push(Figure {
            name: name.into(),
            value,
            unit,
            floor,
            limit: Some(limit),
            ok: value >= limit,
            at_least: true,
        });
    }

    /// The middle and the slow end of some times; the slow end has the limit.
    pub fn times(&mut self, name: &str, times: &Times, floor: Option<&Times>, limit: f64) {
        self.tell(format!("{name}, p50"), times.percentile(50), "ms", floor.map(|floor| floor.percentile(50)));
        self.at_most(
            format!("{name}, p99"),
            times.percentile(99),
            "ms",
            floor.map(|floor| floor.percentile(99)),
            limit,
        );
    }

    /// Adds the figures of another report behind these.
    pub fn append(&mut self, mut other: Self) {
        self.figures.append(&mut other.figures);
    }

    /// How many figures miss their limit.
    #[must_use]
    pub fn over(&self) -> usize {
        self.figures.iter().filter(|figure| !figure.ok).count()
    }

    /// Writes the figures as a JSON array. A run that measured only a part takes the place of its own figures, by name, and
    /// leaves the others in the file as they are.
    ///
    /// # Errors
    /// When the file cannot be written, or a part would be put into what cannot be read.
    pub fn write(&self, path: &Path, whole: bool) -> Result<(), String> {
        let named = |error: String| format!("{}: {error}", path.display());
        let mut all: Vec<serde_json::Value> = Vec::new();
        if !whole && path.exists() {
            let text = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
            all = serde_json::from_str(&text).map_err(|error| named(error.to_string()))?;
        }
        for figure in &self.figures {
            let value = serde_json::to_value(figure).map_err(|error| error.to_string())?;
            match all.iter_mut().find(|known| known["name"] == value["name"]) {
                Some(known) => *known = value,
                None => all.push(value),
            }
        }
        let text = serde_json::to_string_pretty(&all).map_err(|error| error.to_string())?;
        std::fs::write(path, text + "\n").map_err(|error| named(error.to_string()))
    }

    /// The table, ending with the line that says how many limits were missed.
    #[must_use]
    pub fn table(&self) -> String {
        let width = self.figures.iter().map(|figure| figure.name.len()).max().unwrap_or_default();
        let mut text = format!(
            "{:width$}  {:>10} {:<5} {:>10} {:>8} {:>12}\n",
            "figure", "value", "unit", "floor", "x floor", "limit"
        );
        for figure in &self.figures {
            let floor = figure.floor.map_or_else(|| "-".to_owned(), number);
            let times = figure
                .floor
                .filter(|floor| *floor > 0.0)
                .map_or_else(|| "-".to_owned(), |floor| format!("{:.2}", figure.value / floor));
            let sign = if figure.at_least { ">=" } else { "<=" };
            let limit = figure.limit.map_or_else(|| "-".to_owned(), |limit| format!("{sign} {}", number(limit)));
            let verdict = match (figure.limit, figure.ok) {
                (None, _) => "",
                (_, true) => "ok",
                (_, false) => "OVER",
            };
            let (name, value, unit) = (&figure.name, number(figure.value), figure.unit);
            let _ =
                writeln!(text, "{name:width$}  {value:>10} {unit:<5} {floor:>10} {times:>8} {limit:>12}  {verdict}");
        }
        let judged = self.figures.iter().filter(|figure| figure.limit.is_some()).count();
        let _ = writeln!(text, "{} of {judged} limits missed", self.over());
        text
    }
}

/// Three digits that matter are enough for a table.
fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 1000.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_the_most_or_the_least() {
        let mut report = Report::default();
        report.tell("told", 1.0, "s", Some(0.5));
        report.at_most("reached", 4.0, "s", None, 4.0);
        report.at_most("exceeded", 4.1, "s", None, 4.0);
        report.at_least("enough", 500.0, "1/s", None, 500.0);
        report.at_least("too few", 499.0, "1/s", None, 500.0);
        assert_eq!(report.over(), 2);
        let table = report.table();
        assert!(table.ends_with("2 of 4 limits missed\n"), "{table}");
        assert!(table.lines().nth(1).is_some_and(|line| line.contains("2.00")), "{table}");
        assert_eq!(table.matches("OVER").count(), 2, "{table}");
    }

    #[test]
    fn a_part_takes_the_place_of_its_own_figures() {
        let path = std::env::temp_dir().join(format!("figures-{}.json", std::process::id()));
        let written = |figures: &[(&str, f64)], whole| {
            let mut report = Report::default();
            figures.iter().for_each(|(name, value)| report.tell(*name, *value, "s", None));
            report.write(&path, whole).expect("written");
            let text = std::fs::read_to_string(&path).expect("figures");
            let all: Vec<serde_json::Value> = serde_json::from_str(&text).expect("an array");
            let told = |figure: &serde_json::Value| {
                (figure["name"].as_str().unwrap_or_default().to_owned(), figure["value"].as_f64())
            };
            all.iter().map(told).collect::<Vec<_>>()
        };
        let expected = |figures: &[(&str, f64)]| {
            figures.iter().map(|(name, value)| ((*name).to_owned(), Some(*value))).collect::<Vec<_>>()
        };
        written(&[("home", 1.0), ("map", 2.0)], true);
        let merged = written(&[("map", 3.0), ("size", 4.0)], false);
        assert_eq!(merged, expected(&[("home", 1.0), ("map", 3.0), ("size", 4.0)]));
        assert_eq!(written(&[("home", 5.0)], true), expected(&[("home", 5.0)]), "a whole run leaves nothing old");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(written(&[("home", 6.0)], false), expected(&[("home", 6.0)]), "the first run has nothing to keep");
        std::fs::remove_file(&path).expect("removed");
    }

    #[test]
    fn the_json_has_what_a_reader_needs() {
        let mut report = Report::default();
        report.at_least("many", 600.0, "1/s", Some(900.0), 500.0);
        let value = serde_json::to_value(&report.figures).expect("plain data");
        assert_eq!(
            value,
            serde_json::json!([{"name": "many", "value": 600.0, "unit": "1/s", "floor": 900.0, "limit": 500.0, "ok": true}])
        );
    }
}
