//! Taking a payment back (作废): at the counter and on its receipt; and on the receipt alone, that it was verified (反核销).

use super::api::{payment_unverify, payment_void};
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

/// The supervisor's button (domain.md §3.6 L7); nothing otherwise. Whether the month is still open, the store knows.
pub(super) fn unverify_deed(payment: &PaymentRow, again: Callback<()>) -> AnyView {
    let (id, version, verified) = (payment.id, payment.version, payment.verified_at.is_some());
    let button = move || {
        deed(
            Deed {
                label: "反核销",
                class: "btn btn-outline btn-error btn-sm",
                question: "反核销后该收款不计入实收，须重新核销后才能结账。确定反核销吗？",
                word: Some(("opinion", "反核销原因")),
            },
            move |reason| payment_unverify(id, version, reason),
            move |()| again.run(()),
        )
    };
    (move || (verified && may(Permission::RefundCheck)).then(button)).into_any()
}
