//! The thin adapter to `charming` (Apache ECharts), in a chunk of its own that loads with the first chart.

use super::asset::{letter_size, load_script};
use crate::insight::home::layout_color;
use crate::ui::label::told;
use charming::{
    Chart, Echarts, WasmRenderer,
    component::{Axis, DataZoom, DataZoomType, FilterMode, Grid, Legend},
    datatype::DataPointItem,
    element::{AxisLabel, AxisType, Color, ItemStyle, Label, LineStyle, SplitLine, TextStyle, Tooltip, Trigger},
    series::{Bar, Pie},
};
use domain::insight::HomeFigures;
use js_sys::{Function, Reflect};
use leptos::{
    __reexports::send_wrapper::SendWrapper,
    lazy,
    prelude::*,
    wasm_bindgen::{JsCast as _, JsValue, closure::Closure},
};
use std::rc::Rc;
use web_sys::ResizeObserver;

/// So many districts stand side by side; a slider leads to the others (S1-2.2 滑动柱).
fn districts_seen() -> usize {
    if is_narrow() { 5 } else { 10 }
}

/// Whether the page stands on a phone.
fn is_narrow() -> bool {
    let width = document().document_element().map_or(0, |root| root.client_width());
    f64::from(width) < 40.0 * letter_size()
}

/// Draws one chart of the home page into the element of that id and keeps it at the figures and at the size of
/// its box as long as the page lives. `failed` turns true when it cannot be drawn.
#[lazy]
pub async fn keep_home_chart(id: &'static str, figures: Memo<HomeFigures>, failed: RwSignal<bool>, page: Owner) {
    let loaded = load_script("echarts.js").await;
    // The page may have gone while the script was on its way.
    let Some(first) = figures.try_get_untracked() else { return };
    let Some(element) = document().get_element_by_id(id).filter(|_| loaded) else {
        failed.try_set(true);
        return;
    };
    // Without a size of ours the chart takes that of its box, also later.
    let Ok(chart) = WasmRenderer::new_opt(None, None).render(id, &home_chart(id, &first, true)) else {
        failed.try_set(true);
        return;
    };
    let chart = Rc::new(chart);
    let resized = Closure::<dyn Fn()>::new({
        let chart = chart.clone();
        move || {
            chart.resize(JsValue::UNDEFINED);
            // Letters grow with the page, too.
            if let Some(figures) = figures.try_get_untracked() {
                WasmRenderer::update(&chart, &home_chart(id, &figures, false));
            }
        }
    });
    let observer = ResizeObserver::new(resized.as_ref().unchecked_ref()).ok();
    if let Some(observer) = &observer {
        observer.observe(&element);
    }
    page.with(|| {
        let drawn = chart.clone();
        Effect::new(move |before: Option<()>| {
            let update = figures.with(|figures| before.map(|()| home_chart(id, figures, false)));
            if let Some(update) = update {
                WasmRenderer::update(&drawn, &update);
            }
        });
        let kept = SendWrapper::new((chart, observer, resized));
        on_cleanup(move || {
            let (chart, observer, _resized) = kept.take();
            if let Some(observer) = observer {
                observer.disconnect();
            }
            dispose(&chart);
        });
    });
}

/// Ends a chart: the crate has no word for it.
fn dispose(chart: &Echarts) {
    let dispose = Reflect::get(chart, &"dispose".into()).ok().and_then(|found| found.dyn_into::<Function>().ok());
    if let Some(dispose) = dispose {
        let _ = dispose.call0(chart);
    }
}

fn home_chart(id: &str, figures: &HomeFigures, first: bool) -> Chart {
    match id {
        "chart-districts" => districts(figures, first),
        "chart-status" => statuses(figures),
        _ => layouts(figures),
    }
}

fn ink() -> Color {
    color("--color-base-content")
}

/// The value of a CSS variable where the page stands, so that charts follow the theme.
fn color(name: &str) -> Color {
    let root = document().query_selector("[data-theme]").ok().flatten();
    let value = root
        .and_then(|root| window().get_computed_style(&root).ok().flatten())
        .and_then(|style| style.get_property_value(name).ok())
        .map(|value| value.trim().to_owned());
    Color::Value(value.unwrap_or_default())
}

/// Size of the letters in a chart, a little smaller than the page's.
fn letters() -> f64 {
    letter_size() * 0.8
}

fn districts(figures: &HomeFigures, first: bool) -> Chart {
    let names: Vec<String> = figures.districts.iter().map(|row| row.district.clone()).collect();
    let lettable: Vec<i64> = figures.districts.iter().map(|row| row.occupancy.lettable).collect();
    let rented: Vec<i64> = figures.districts.iter().map(|row| row.occupancy.rented).collect();
    let label = || AxisLabel::new().font_size(letters()).color(ink());
    let slides = names.len() > districts_seen();
    let bar = |name: &'static str, data| Bar::new().name(name).data(data).bar_width("28%").bar_gap("10%");
    let chart = Chart::new()
        .color(vec![color("--status-vacant"), color("--status-occupied")])
        .tooltip(Tooltip::new().trigger(Trigger::Axis))
        .legend(
            Legend::new()
                .top("0")
                .data(vec!["可租", "已租"])
                .text_style(TextStyle::new().font_size(letters()).color(ink())),
        )
        .grid(
            Grid::new()
                .left("1%")
                .right("1%")
                .bottom(if slides { letters() * 3.5 } else { letters() * 0.5 })
                .top(letters() * 3.0)
                .contain_label(true),
        )
        .x_axis(
            Axis::new()
                .type_(AxisType::Category)
                .data(names)
                .axis_label(label().rotate(if slides || is_narrow() { 30 } else { 0 }).interval(0)),
        )
        .y_axis(
            Axis::new()
                .type_(AxisType::Value)
                .axis_label(label())
                .split_line(SplitLine::new().line_style(LineStyle::new().color(color("--color-base-300")))),
        )
        .series(bar("可租", lettable))
        .series(bar("已租", rented));
    if slides { chart.data_zoom(slider(first)) } else { chart }
}

/// Under the bars; where it stands is the reader's choice after the first time.
fn slider(first: bool) -> DataZoom {
    let slider = DataZoom::new()
        .type_(DataZoomType::Slider)
        .filter_mode(FilterMode::Filter)
        .bottom(0)
        .brush_select(false)
        .text_style(TextStyle::new().font_size(letters()).color(ink()));
    if first { slider.start_value(0).end_value(districts_seen() as i64 - 1) } else { slider }
}

fn statuses(figures: &HomeFigures) -> Chart {
    ring(
        figures
            .by_status
            .iter()
            .map(|(status, units)| part(told(*status), *units, &format!("--status-{}", super::tone(*status)))),
    )
}

fn layouts(figures: &HomeFigures) -> Chart {
    ring(figures.by_layout.iter().map(|(layout, units)| part(told(*layout), *units, layout_color(*layout))))
}

fn part(name: String, units: i64, variable: &str) -> DataPointItem {
    let style = ItemStyle::new().color(color(variable)).border_color(color("--color-base-100")).border_width(1);
    DataPointItem::new(units).name(name).item_style(style)
}

/// A ring without letters: the list beside it names the parts.
fn ring(parts: impl Iterator<Item = DataPointItem>) -> Chart {
    Chart::new()
        .tooltip(Tooltip::new().trigger(Trigger::Item).formatter("{b}: {c}套 ({d}%)"))
        .series(Pie::new().radius(vec!["58%", "96%"]).label(Label::new().show(false)).data(parts.collect::<Vec<_>>()))
}
