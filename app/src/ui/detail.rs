//! Read-only details: label and value, in groups.

use super::table::cell_view;
use domain::sheet::Cell;
use leptos::prelude::*;

/// A group of fields under a heading.
#[must_use]
pub fn field_group(title: &'static str, fields: Vec<(&'static str, Cell)>) -> impl IntoView {
    let fields = fields
        .into_iter()
        .map(|(label, cell)| view! { <div class="detail-field"><dt>{label}</dt><dd>{cell_view(cell)}</dd></div> })
        .collect_view();
    view! { <section class="panel"><h2>{title}</h2><dl class="detail-grid">{fields}</dl></section> }
}

/// An optional text.
#[must_use]
pub fn text_cell(text: Option<&String>) -> Cell {
    text.map_or(Cell::Empty, |text| Cell::text(text))
}
