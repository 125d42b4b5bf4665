//! The button that prints: it is noted first, then the file comes.

use super::api::print_create;
use crate::ui::deed::{Deed, deed};
use domain::platform::print::{PaperKind, PrintForm};
use leptos::prelude::*;

/// Has the browser save the file of a print; the page stays.
pub(super) fn saved(print: i64) {
    drop(window().location().assign(&format!("/files/print/{print}")));
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
