//! Cells and tables.

pub use domain::sheet::time_text;

use super::label::cell_label;
use domain::{
    list::group_thousands,
    sheet::{Cell, Kind},
};
use leptos::prelude::*;

/// One cell.
#[must_use]
pub fn cell_view(cell: Cell) -> AnyView {
    match cell {
        Cell::Empty => view! { <span class="opacity-70">"—"</span> }.into_any(),
        Cell::Text(text) => text.into_any(),
        Cell::Number(number) => group_thousands(number).into_any(),
        Cell::Money(money) => money.to_string().into_any(),
        Cell::Area(area) => area.to_string().into_any(),
        Cell::Date(date) => date.to_string().into_any(),
        Cell::Time(at) => time_text(at).into_any(),
        Cell::Coded { dictionary, code, label, badge } => {
            let (label, color) = cell_label(&dictionary, &code, &label);
            if !badge && color.is_none() {
                return label.into_any();
            }
            // The letter of the tile stays the value's own, whatever its colour.
            let tone = color.map(|color| format!("--tone:var(--status-{color});--tone-ink:var(--status-{color}-ink)"));
            let code = code.to_ascii_lowercase();
            view! { <span class="status-badge"><span class="status-tile" data-status=code style=tone></span>{label}</span> }
                .into_any()
        }
        Cell::Badge { tone, label } => {
            view! { <span class="status-badge"><span class="status-tile" data-status=tone></span>{label}</span> }
                .into_any()
        }
        // A file is none of the pages: its refusal is read beside them.
        Cell::Link { text, href } if href.starts_with("/files/") => {
            view! { <a class="link link-primary link-hover" href=href rel="external" target="_blank">{text}</a> }
                .into_any()
        }
        Cell::Link { text, href } => view! { <a class="link link-primary link-hover" href=href>{text}</a> }.into_any(),
    }
}

/// How a column of this kind is set.
#[must_use]
pub fn kind_class(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "figures",
        Kind::Time => "whitespace-nowrap tabular-nums",
        Kind::Action => "whitespace-nowrap",
        Kind::Text | Kind::Badge => "",
    }
}
