//! Dictionary values as text and as options, in the city's words (`domain::dictionary::LabelBook`).

use crate::platform::session::Frame;
use domain::dictionary::{Item, LabelBook, Offer};
use leptos::prelude::*;

/// Reads the label book that came with the page. It changes a few times a year, so nothing is drawn again for it.
fn with_book<T>(read: impl FnOnce(&LabelBook) -> T) -> T {
    match use_context::<RwSignal<Frame>>() {
        Some(frame) => frame.with_untracked(|frame| read(&frame.labels)),
        None => read(&LabelBook::default()),
    }
}

/// What the city calls a value.
pub fn told(value: impl Into<Item>) -> String {
    let item = value.into();
    with_book(|book| book.label(item))
}

/// The same of a value that came in a cell, with the colour that the city gave it.
#[must_use]
pub fn cell_label(dictionary: &str, code: &str, own: &str) -> (String, Option<String>) {
    with_book(|book| {
        (book.label_of(dictionary, code, own).to_owned(), book.color_of(dictionary, code).map(ToOwned::to_owned))
    })
}

/// The whole book, for what asks it many times.
#[must_use]
pub fn label_book() -> LabelBook {
    with_book(Clone::clone)
}

/// What a select offers.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub list: Vec<Offer>,
    /// with what a new record begins
    pub default: Option<&'static str>,
}

impl From<Vec<(String, String)>> for Options {
    fn from(values: Vec<(String, String)>) -> Self {
        let list = values.into_iter().map(|(code, label)| Offer { code, label, off: false }).collect();
        Self { list, default: None }
    }
}

impl Options {
    /// The options as elements. A disabled value stands in a record that has it already, and can be chosen in none.
    pub fn view(self, is_chosen: impl Fn(&str) -> bool + Clone + Send + 'static) -> impl IntoView {
        self.list
            .into_iter()
            .map(|Offer { code, label, off }| {
                let (own, is_chosen) = (code.clone(), is_chosen.clone());
                let label = if off { format!("{label}（已停用）") } else { label };
                view! { <option value=code hidden=off disabled=off selected=move || is_chosen(&own)>{label}</option> }
            })
            .collect_view()
    }

    /// Code and label of every value, also of the disabled ones: what a filter offers, and what a difference is
    /// written with.
    #[must_use]
    pub fn all(self) -> Vec<(String, String)> {
        self.list.into_iter().map(|offer| (offer.code, offer.label)).collect()
    }
}

/// Dictionary values as options.
#[must_use]
pub fn coded(values: Vec<impl Into<Item>>) -> Options {
    let items: Vec<Item> = values.into_iter().map(Into::into).collect();
    with_book(|book| Options { default: book.default_of(&items), list: book.offers(items) })
}
