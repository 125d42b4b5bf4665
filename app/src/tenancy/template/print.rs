//! The button that prints: it is noted first, then the file comes.

use super::api::print_create;
use crate::ui::deed::{Deed, deed};
use domain::platform::print::{PaperKind, PrintForm};
use leptos::prelude::*;

/// Has the browser fetch the file of a print.
pub(crate) fn saved(print: i64) {
    fetched(&format!("/files/print/{print}"));
}

/// The file of papers that were printed together.
pub(crate) fn batch_href(batch: i64) -> String {
    format!("/files/print/batch/{batch}")
}

/// Has the browser fetch a file beside the page, where a refusal can be read; the page stays. Where windows may not be opened
/// it comes into this one.
pub(crate) fn fetched(href: &str) {
    if !matches!(window().open_with_url_and_target(href, "_blank"), Ok(Some(_))) {
        drop(window().location().assign(href));
    }
}

/// A button that asks why (of a reprint) and prints. `done` looks at the record again.
pub(crate) fn print_deed(
    paper: PaperKind,
    id: i64,
    (label, question): (&'static str, &'static str),
    done: Callback<()>,
) -> AnyView {
    let about =
        Deed {
            label, class: "btn btn-outline btn-sm", question, word: Some(("reason", "补打原因（首次打印可不填）"))
        };
    deed(
        about,
        move |reason| print_create(PrintForm { paper: paper.code().to_owned(), id, reason, ..PrintForm::default() }),
        move |print| {
            saved(print);
            done.run(());
        },
    )
}
