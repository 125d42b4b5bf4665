//! The rows of a list page: head, cells, choice, pager; ↑ and ↓ go from row to row.

use super::{
    empty_view,
    label::cell_label,
    list::{CellPage, ListRow},
    pager::pager,
    select::{Chosen, Selection},
    table::{cell_view, kind_class},
};
use domain::{
    list::{ListQuery, Position},
    sheet::{Cell, ColumnSpec, ListSpec},
};
use leptos::{ev, prelude::*, wasm_bindgen::JsCast as _};
use web_sys::{Element, HtmlElement};

/// What a list shows of a page of rows; `chosen` are the keys of the columns that are wanted.
pub fn rows_view(
    spec: &ListSpec,
    query: &ListQuery,
    chosen: &[String],
    page: CellPage,
    empty: Option<&'static str>,
    selection: Option<Selection>,
) -> AnyView {
    if page.rows.is_empty() && page.total == 0 {
        let searched = !query.q.is_empty() || !query.filter.is_empty();
        return empty_view(if searched {
            "没有符合条件的记录，请调整查询条件"
        } else {
            empty.unwrap_or("暂无数据，可通过新增或导入录入")
        });
    }
    // Who chose columns gets them, also on a phone.
    let fixed = !chosen.is_empty();
    let columns: Vec<(usize, ColumnSpec, String)> = spec
        .shown(chosen)
        .into_iter()
        .map(|place| {
            let column = spec.columns[place];
            let phone = if column.essential || fixed { "" } else { "desk-only" };
            (place, column, format!("{} {phone}", kind_class(column.kind)))
        })
        .collect();
    let head = columns.iter().map(|(_, column, class)| head_cell(spec, query, column, class.clone())).collect_view();
    let chosen = selection.map(Chosen::new);
    let rows = page.rows.iter().map(|row| row_view(row, &columns, chosen)).collect_view();
    view! {
        {chosen.map(Chosen::bar)}
        <div class="table-scroll" tabindex="0" role="region" aria-label=format!("{}列表", spec.noun) on:keydown=walk>
            <table class="table table-sm data-table">
                <thead><tr>{chosen.map(Chosen::head)}{head}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {pager(spec, query, &page)}
    }
    .into_any()
}

fn head_cell(spec: &ListSpec, query: &ListQuery, column: &ColumnSpec, class: String) -> AnyView {
    if !column.sortable {
        return view! { <th scope="col" class=class>{column.header}</th> }.into_any();
    }
    let active = query.sort == column.key || (query.sort.is_empty() && spec.default_sort.0 == column.key);
    let descending = if query.sort.is_empty() { spec.default_sort.1 } else { query.descending };
    let sort = column.key.to_owned();
    let next = ListQuery { sort, descending: active && !descending, at: Position::Page(1), ..query.clone() };
    let direction = match (active, descending) {
        (false, _) => "none",
        (true, true) => "descending",
        (true, false) => "ascending",
    };
    view! {
        <th scope="col" class=class aria-sort=direction>
            <a class="sort-link" href=format!("{}{}", spec.path, next.to_search())>{column.header}<span class="sort-mark" data-sort=direction></span></a>
        </th>
    }
    .into_any()
}

fn row_view(row: &ListRow, columns: &[(usize, ColumnSpec, String)], chosen: Option<Chosen>) -> impl IntoView + use<> {
    let choice = chosen.map(|chosen| chosen.row(&row.key, &row.cells.first().map(cell_text).unwrap_or_default()));
    let cells = columns
        .iter()
        .map(|(place, _, class)| {
            let cell = row.cells.get(*place).cloned().unwrap_or(Cell::Empty);
            view! { <td class=class.clone()>{cell_view(cell)}</td> }
        })
        .collect_view();
    view! { <tr>{choice}{cells}</tr> }
}

/// A cell in words, to name a row by.
fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) | Cell::Link { text, .. } => text.clone(),
        Cell::Coded { dictionary, code, label, .. } => cell_label(dictionary, code, label).0,
        _ => String::new(),
    }
}

/// ↑ and ↓ go to the same column of the neighbouring row, so that a list is walked without the mouse.
fn walk(event: ev::KeyboardEvent) {
    let down = match event.key().as_str() {
        "ArrowDown" => true,
        "ArrowUp" => false,
        _ => return,
    };
    let at = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let Some(cell) = at.and_then(|at| at.closest("tbody td").ok().flatten()) else { return };
    let Some(row) = cell.parent_element() else { return };
    let next = if down { row.next_element_sibling() } else { row.previous_element_sibling() };
    let Some(next) = next else { return };
    let place = std::iter::successors(cell.previous_element_sibling(), Element::previous_element_sibling).count();
    let same = u32::try_from(place).ok().and_then(|place| next.children().item(place));
    let goal = same.and_then(|cell| cell.query_selector("a, input, button").ok().flatten());
    let goal = goal.or_else(|| next.query_selector("a, input, button").ok().flatten());
    if let Some(goal) = goal.and_then(|goal| goal.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        let _ = goal.focus();
    }
}
