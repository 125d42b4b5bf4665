//! Read-only details: label and value, in groups; and the page of one record.

use super::{PageHead, changing::awaited, print_button, table::cell_view};
use crate::{ApiError, ui::resource::resource};
use domain::sheet::Cell;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde::{Serialize, de::DeserializeOwned};
use std::future::Future;

/// Label and value.
pub type FieldCell = (&'static str, Cell);

/// A group of fields under a heading.
#[must_use]
pub fn field_group(title: &'static str, fields: Vec<FieldCell>) -> impl IntoView {
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

/// The id in the address; −1, which nothing has, when it is no number. It is read from the path, as the modules read from it
/// what to show: the parameters of a route follow a moment later, and a page would ask for what it is about to leave.
#[must_use]
pub fn use_id() -> Memo<i64> {
    let path = use_location().pathname;
    let here = path.with_untracked(|path| numbered(path).map(|(place, _)| place.to_owned()));
    Memo::new(move |before: Option<&i64>| {
        path.with(|path| match numbered(path) {
            Some((place, id)) if Some(place) == here.as_deref() => id,
            // On the way to another page this one stays as it is.
            _ => before.copied().unwrap_or(-1),
        })
    })
}

/// What a page of a noun is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// what has no number: a form of something new, or a page about several
    Word,
    /// the record of that number
    One,
}

/// Whether the path ends in `word` or in a number; none on the way to another page.
#[must_use]
pub fn use_about(word: &'static str) -> Memo<Option<About>> {
    let last = use_last_part();
    Memo::new(move |_| {
        last.with(|last| match last.parse::<i64>() {
            Ok(_) => Some(About::One),
            Err(_) => (last == word).then_some(About::Word),
        })
    })
}

/// The last part of the address.
#[must_use]
pub fn use_last_part() -> Memo<String> {
    let path = use_location().pathname;
    Memo::new(move |_| path.with(|path| path.rsplit('/').next().unwrap_or_default().to_owned()))
}

/// A path up to its last number, and that number.
fn numbered(path: &str) -> Option<(&str, i64)> {
    let mut end = path.len();
    while let Some(slash) = path[..end].rfind('/') {
        if let Ok(id) = path[slash + 1..end].parse() {
            return Some((&path[..slash], id));
        }
        end = slash;
    }
    None
}

/// What the page of one record shows.
pub struct RecordPage {
    pub title: String,
    /// address and name of the list it stands in
    pub back: (&'static str, &'static str),
    /// address and name of the lists of what belongs to it
    pub links: Vec<(String, &'static str)>,
    pub groups: Vec<(&'static str, Vec<FieldCell>)>,
}

/// What more the page of a record says and offers.
#[derive(Default)]
pub struct RecordExtra {
    /// what is to be looked into
    pub notice: Option<String>,
    /// what can be done with the record
    pub tools: Option<Box<dyn Fn() -> AnyView + Send>>,
}

/// The read-only page of a noun: loads the record that the address names and shows it.
pub fn record_view<T, F>(load: impl Fn(i64) -> F + Send + Sync + 'static, page: fn(T) -> RecordPage) -> AnyView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    record_view_with(load, page, |_| RecordExtra::default())
}

/// The page of a noun whose records can be changed from there.
pub fn record_view_with<T, F>(
    load: impl Fn(i64) -> F + Send + Sync + 'static,
    page: fn(T) -> RecordPage,
    extra: fn(&T) -> RecordExtra,
) -> AnyView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    record_view_above(load, page, extra, |_| ().into_any())
}

/// The same above what belongs to the record and is loaded for itself.
pub fn record_view_above<T, F>(
    load: impl Fn(i64) -> F + Send + Sync + 'static,
    page: fn(T) -> RecordPage,
    extra: fn(&T) -> RecordExtra,
    below: fn(Memo<i64>) -> AnyView,
) -> AnyView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let id = use_id();
    let record = resource(move || id.get(), load);
    let record = awaited(record, move |record| {
        let extra = extra(&record);
        record_page(page(record), extra)
    });
    view! { <main class="page">{record}{below(id)}</main> }.into_any()
}

fn record_page(page: RecordPage, extra: RecordExtra) -> AnyView {
    let RecordPage { title, back, links, groups } = page;
    let RecordExtra { notice, tools } = extra;
    let links = links
        .into_iter()
        .map(|(href, label)| view! { <a class="btn btn-outline btn-sm" href=href>{label}</a> })
        .collect_view();
    let groups = groups.into_iter().map(|(title, fields)| field_group(title, fields)).collect_view();
    view! {
        <PageHead title=title back=(back.0.to_owned(), back.1.to_owned())>{print_button()}{links}{tools}</PageHead>
        {notice.map(|notice| view! { <p role="status" class="alert alert-warning alert-soft">{notice}</p> })}
        {groups}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn the_last_number_of_a_path_is_the_id() {
        assert_eq!(numbered("/persons/households/12"), Some(("/persons/households", 12)));
        assert_eq!(numbered("/billing/accounts/7/new-bill"), Some(("/billing/accounts", 7)));
        assert_eq!(numbered("/persons/households/new"), None);
        assert_eq!(numbered("/"), None);
        assert_eq!(numbered("/housing/units/99999999999999999999"), None);
    }
}
