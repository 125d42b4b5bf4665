//! Taking a payment back (作废): at the counter and on its receipt.

use super::api::payment_void;
use crate::{
    shell::{may, use_frame},
    ui::deed::{Deed, deed},
};
use domain::{
    billing::payment::PaymentRow, dictionary::PaymentStatus, platform::permission::Permission, sheet::time_text,
};
use leptos::prelude::*;

/// The button with its question, for whom and what it may be; nothing otherwise. The store asks once more.
pub(super) fn void_deed(payment: &PaymentRow, again: Callback<()>) -> AnyView {
    let (id, version) = (payment.id, payment.version);
    // Only on its own day: money of yesterday is in yesterday's books.
    let fresh = use_frame().with_untracked(|frame| time_text(payment.paid_at).starts_with(&frame.day));
    let open = fresh && payment.status == PaymentStatus::Normal && payment.verified_at.is_none() && !payment.online;
    let button = move || {
        deed(
            Deed {
                label: "作废",
                class: "btn btn-outline btn-error btn-sm",
                question: "作废后账单恢复为未缴，收据号保留并标记作废，现金请当面退还。确定作废吗？",
                word: Some(("opinion", "作废原因")),
            },
            move |reason| payment_void(id, version, reason),
            move |()| again.run(()),
        )
    };
    (move || (open && may(Permission::PaymentTake)).then(button)).into_any()
}
