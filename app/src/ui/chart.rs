//! The thin adapter to `charming` (Apache ECharts), in a chunk of its own that loads with the first chart.

use super::asset::{letter_size, load_script};
use charming::{
    Chart, WasmRenderer,
    component::{Axis, Grid, Legend},
    datatype::DataPointItem,
    element::{AxisLabel, AxisType, Color, ItemStyle, Label, Tooltip, Trigger},
    series::{Bar, Pie},
};
use domain::{dictionary::UnitStatus, insight::HomeFigures};
use leptos::{lazy, prelude::*};

/// Draws one chart of the home page into the element of that id.
#[lazy]
pub async fn draw_home(id: &'static str, figures: HomeFigures) {
    if !load_script("echarts.js").await {
        return;
    }
    // The page may have gone while the script was on its way.
    let Some(element) = document().get_element_by_id(id) else { return };
    let (width, height) = (element.client_width().unsigned_abs(), element.client_height().unsigned_abs());
    if width == 0 || height == 0 {
        return;
    }
    let chart = match id {
        "chart-districts" => districts(&figures),
        "chart-status" => statuses(&figures),
        _ => layouts(&figures),
    };
    let _ = WasmRenderer::new(width, height).render(id, &chart);
}

fn ink() -> String {
    variable("--color-base-content")
}

/// The value of a CSS variable where the page stands, so that charts follow the theme.
fn variable(name: &str) -> String {
    let root = document().query_selector("[data-theme]").ok().flatten();
    root.and_then(|root| window().get_computed_style(&root).ok().flatten())
        .and_then(|style| style.get_property_value(name).ok())
        .map(|value| value.trim().to_owned())
        .unwrap_or_default()
}

fn color(name: &str) -> Color {
    Color::Value(variable(name))
}

/// Size of the letters in a chart, a little smaller than the page's.
fn letters() -> f64 {
    letter_size() * 0.8
}

fn districts(figures: &HomeFigures) -> Chart {
    let names: Vec<String> = figures.districts.iter().map(|row| row.district.clone()).collect();
    let lettable: Vec<i64> = figures.districts.iter().map(|row| row.occupancy.lettable).collect();
    let rented: Vec<i64> = figures.districts.iter().map(|row| row.occupancy.rented).collect();
    let label = || AxisLabel::new().font_size(letters()).color(Color::Value(ink()));
    Chart::new()
        .color(vec![color("--status-vacant"), color("--status-occupied")])
        .tooltip(Tooltip::new().trigger(Trigger::Axis))
        .legend(
            Legend::new()
                .top("0")
                .data(vec!["可租", "已租"])
                .text_style(charming::element::TextStyle::new().font_size(letters()).color(Color::Value(ink()))),
        )
        .grid(Grid::new().left("3%").right("3%").bottom("3%").top("15%").contain_label(true))
        .x_axis(
            Axis::new()
                .type_(AxisType::Category)
                .data(names)
                .axis_label(label().rotate(if figures.districts.len() > 8 { 40 } else { 0 })),
        )
        .y_axis(Axis::new().type_(AxisType::Value).axis_label(label()))
        .series(Bar::new().name("可租").data(lettable))
        .series(Bar::new().name("已租").data(rented))
}

fn statuses(figures: &HomeFigures) -> Chart {
    let parts: Vec<DataPointItem> = figures
        .by_status
        .iter()
        .map(|(status, units)| {
            DataPointItem::new(*units)
                .name(status.label())
                .item_style(ItemStyle::new().color(color(&format!("--status-{}", status_tone(*status)))))
        })
        .collect();
    ring(parts)
}

fn status_tone(status: UnitStatus) -> String {
    status.code().to_ascii_lowercase()
}

fn layouts(figures: &HomeFigures) -> Chart {
    let parts: Vec<DataPointItem> =
        figures.by_layout.iter().map(|(layout, units)| DataPointItem::new(*units).name(layout.label())).collect();
    ring(parts).color(
        ["signed", "assigned", "vacant", "sold", "reserved"].map(|tone| color(&format!("--status-{tone}"))).to_vec(),
    )
}

fn ring(parts: Vec<DataPointItem>) -> Chart {
    Chart::new().tooltip(Tooltip::new().trigger(Trigger::Item).formatter("{b}: {c}套 ({d}%)")).series(
        Pie::new()
            .radius(vec!["48%", "76%"])
            .label(Label::new().font_size(letters()).color(Color::Value(ink())))
            .data(parts),
    )
}
