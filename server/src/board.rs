//! The board of a building as a picture (楼盘表, domain.md S2-4.5: export image): an SVG that any browser and office
//! program shows, in the colours and with the letters of the screen.

use chrono::NaiveDate;
use domain::{
    dictionary::{LabelBook, UnitStatus},
    housing::building::{BoardUnit, BuildingBoard},
    insight::StatusCounts,
};
use std::fmt::Write as _;

/// The one place where the colours of a status stand.
const TOKENS: &str = include_str!("../../style/tokens.css");

const CELL: (usize, usize) = (112, 52);
const GAP: usize = 6;
const MARGIN: usize = 24;
/// For the number of the floor.
const FLOOR: usize = 56;
const HEAD: usize = 64;
const LEGEND: usize = 30;
const LEGEND_ITEM: usize = 150;
const CAPTION: usize = 34;

/// A floor and its units.
type Floor<'a> = (i32, Vec<&'a BoardUnit>);

/// Draws the board as it is on that day, in the city's words.
#[must_use]
pub fn svg(board: &BuildingBoard, labels: &LabelBook, on: NaiveDate) -> String {
    let entrances: Vec<(String, Vec<Floor<'_>>)> = board
        .entrances()
        .into_iter()
        .map(|entrance| {
            let units = || board.units.iter().filter(|unit| unit.entrance == entrance);
            let mut floors: Vec<i32> = units().map(|unit| unit.floor).collect();
            floors.sort_unstable_by(|a, b| b.cmp(a));
            floors.dedup();
            let rows = floors.into_iter().map(|floor| (floor, units().filter(|unit| unit.floor == floor).collect()));
            let rows = rows.collect();
            (entrance, rows)
        })
        .collect();
    let widest = entrances.iter().flat_map(|(_, floors)| floors).map(|(_, units)| units.len()).max().unwrap_or(0);
    let width = (2 * MARGIN + FLOOR + widest * (CELL.0 + GAP)).max(2 * MARGIN + 4 * LEGEND_ITEM);
    let mut body = String::new();
    let mut top = head(&mut body, (board, labels), on, width);
    for (entrance, floors) in &entrances {
        text(&mut body, (MARGIN, top + 22), "font-weight=\"600\" font-size=\"16\"", &format!("{entrance}单元"));
        top += CAPTION;
        for (floor, units) in floors {
            let middle = top + CELL.1 / 2 + 5;
            let right = "text-anchor=\"end\" font-size=\"14\"";
            text(&mut body, (MARGIN + FLOOR - 12, middle), right, &format!("{floor}层"));
            for (place, unit) in units.iter().enumerate() {
                tile(&mut body, (MARGIN + FLOOR + place * (CELL.0 + GAP), top), unit, labels);
            }
            top += CELL.1 + GAP;
        }
    }
    let height = top + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" fill=\"#14181f\"><rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>{body}</svg>\n"
    )
}

/// Title and legend; answers where the board goes on.
fn head(body: &mut String, (board, labels): (&BuildingBoard, &LabelBook), on: NaiveDate, width: usize) -> usize {
    let building = &board.building;
    let mut counts = StatusCounts::default();
    board.units.iter().for_each(|unit| counts.add(unit.status, 1));
    let title = format!("{} {} 楼盘表", building.estate, building.title());
    text(body, (MARGIN, MARGIN + 16), "font-size=\"20\" font-weight=\"600\"", &title);
    let facts = format!("{} · {} · 共{}套 · {on}", building.district, building.project, board.units.len());
    text(body, (MARGIN, MARGIN + 40), "font-size=\"13\"", &facts);
    let there = UnitStatus::ALL.iter().copied().filter(|status| counts.of(*status) > 0);
    let in_row = (width - 2 * MARGIN) / LEGEND_ITEM;
    let mut rows = 0;
    for (place, status) in there.enumerate() {
        rows = place / in_row + 1;
        let (left, top) = (MARGIN + place % in_row * LEGEND_ITEM, MARGIN + HEAD + place / in_row * LEGEND);
        square(body, (left, top), (22, 22), status);
        let mark = format!("text-anchor=\"middle\" font-size=\"13\" fill=\"{}\"", token(status, "-ink"));
        text(body, (left + 11, top + 16), &mark, token(status, "-mark").trim_matches('"'));
        let label = format!("{} {}", labels.label(status), counts.of(status));
        text(body, (left + 30, top + 16), "font-size=\"13\"", &label);
    }
    MARGIN + HEAD + rows * LEGEND
}

fn tile(body: &mut String, (left, top): (usize, usize), unit: &BoardUnit, labels: &LabelBook) {
    square(body, (left, top), CELL, unit.status);
    let ink = token(unit.status, "-ink");
    let mark = token(unit.status, "-mark").trim_matches('"');
    let line = |size: usize| format!("font-size=\"{size}\" fill=\"{ink}\"");
    text(body, (left + 8, top + 21), &(line(15) + " font-weight=\"600\""), &unit.room_no);
    text(body, (left + CELL.0 - 8, top + 21), &(line(13) + " text-anchor=\"end\""), mark);
    text(body, (left + 8, top + 41), &line(12), &format!("{} {}㎡", labels.label(unit.layout), unit.building_area));
}

fn square(body: &mut String, (left, top): (usize, usize), (width, height): (usize, usize), status: UnitStatus) {
    let (fill, line) = (token(status, ""), value("--status-line"));
    let _ = write!(
        body,
        "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"4\" fill=\"{fill}\" stroke=\"{line}\"/>"
    );
}

fn text(body: &mut String, (left, base): (usize, usize), style: &str, text: &str) {
    let _ = write!(body, "<text x=\"{left}\" y=\"{base}\" {style}>{}</text>", escaped(text));
}

/// What people have written is text and no markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A design token of a status on the desk.
fn token(status: UnitStatus, part: &str) -> &'static str {
    value(&format!("--status-{}{part}", status.code().to_ascii_lowercase()))
}

fn value(name: &str) -> &'static str {
    let found = TOKENS.split_once(&format!("{name}: ")).and_then(|(_, rest)| rest.split_once(';'));
    found.map_or("#ffffff", |(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_tokens() {
        for status in UnitStatus::ALL {
            for part in ["", "-ink"] {
                let colour = token(*status, part);
                assert!(colour.len() == 7 && colour.starts_with('#'), "{status}{part}: {colour}");
            }
            assert_eq!(token(*status, "-mark").trim_matches('"').chars().count(), 1, "{status}");
        }
        assert_ne!(token(UnitStatus::Vacant, ""), token(UnitStatus::Occupied, ""));
    }

    #[test]
    fn names_are_no_markup() {
        assert_eq!(escaped("<b>\"甲\"&乙"), "&lt;b&gt;&quot;甲&quot;&amp;乙");
    }
}
