//! How single fields of a form are read, whatever the noun.

use crate::value::{Check, Complaint, normalize, text_max};
use chrono::{Datelike as _, NaiveDate};

/// The id behind a chosen option.
///
/// # Errors
/// The sentence, when nothing (or nonsense) is chosen.
pub fn pick(text: &str, sentence: &'static str) -> Check<i64> {
    text.parse().map_err(|_| Complaint::Says(sentence.into()))
}

/// Reads a field that may stay empty.
///
/// # Errors
/// What `parse` complains about a text that is there.
pub fn optional<T>(text: &str, parse: impl Fn(&str) -> Check<T>) -> Check<Option<T>> {
    let text = normalize(text);
    if text.is_empty() { Ok(None) } else { parse(&text).map(Some) }
}

/// An optional text of limited length.
///
/// # Errors
/// `长度不能超过{n}`.
pub fn optional_text(text: &str, most: usize) -> Check<Option<String>> {
    optional(text, |text| text_max(text, most))
}

/// A date as `2026-03-01` (a spreadsheet date arrives in the same form).
///
/// # Errors
/// `日期格式应为YYYY-MM-DD`.
pub fn date(text: &str) -> Check<NaiveDate> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    shape
        .then(|| text.parse::<NaiveDate>().ok())
        .flatten()
        // There is no year 0, also not for the database.
        .filter(|date| date.year() > 0)
        .ok_or_else(|| Complaint::About("日期格式应为YYYY-MM-DD".into()))
}
