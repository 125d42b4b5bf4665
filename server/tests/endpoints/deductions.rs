//! Who may use which server function of direct debits.

use super::entries::{
    Entry,
    Told::{Forbidden, Good, Hidden, NotFound},
    reads, writes,
};
use crate::support::{
    Site,
    deduction_pages::{Batch, batch},
};
use domain::id::AccountId;
use serde_json::{Value, json};

/// Batches that somebody else made.
pub struct DeductionWorld {
    district: i64,
    read: Batch,
    /// to be checked, sent, given up, closed, and one of which an item is taken out
    check: Batch,
    send: Batch,
    discard: Batch,
    close: Batch,
    cancel: Batch,
}

/// Behind the world of billing, whose account it is.
pub async fn deduction_world(site: &Site, account: i64) -> DeductionWorld {
    let account = AccountId(account);
    let close = batch(site, account, "POSTED").await;
    site.id(&format!(
        "update bank_difference set status = 'RESOLVED', resolution = 'NOTE', opinion = '测试', resolved_at = now(), resolved_by = 1
         where id = {} returning id",
        close.difference
    ))
    .await;
    DeductionWorld {
        district: site.id("select district_id from account").await,
        read: batch(site, account, "CREATED").await,
        check: batch(site, account, "CREATED").await,
        send: batch(site, account, "CHECKED").await,
        discard: batch(site, account, "CREATED").await,
        close,
        cancel: batch(site, account, "CREATED").await,
    }
}

/// Everybody who works with money reads; accountants make, check and send.
pub fn functions(at: &DeductionWorld, list: &Value) -> Vec<Entry> {
    let read = |name, arguments, elsewhere| reads(name, arguments, Forbidden, "admin", elsewhere);
    let finance = |name, arguments| Entry { right: ("finance", Good), ..writes(name, arguments, "cashier", Forbidden) };
    let today = store::ctx::china_day(chrono::Utc::now());
    vec![
        read("deduction_list", list.clone(), Hidden),
        read("deduction_get", json!({"id": at.read.batch}), NotFound),
        read("deduction_item_list", list.clone(), Hidden),
        read("deduction_item_get", json!({"id": at.read.item}), NotFound),
        read("difference_list", list.clone(), Hidden),
        read("difference_get", json!({"id": at.read.difference}), NotFound),
        // Its rows are sums of a district's day: nothing in them bears a name. That they are hidden is shown by the bank's tests.
        read("reconciliation_list", list.clone(), Good),
        finance("deduction_offer_get", json!({})),
        finance(
            "deduction_create",
            json!({"form": {
                "request": "5b0c2d1e-8f7a-4b3c-9d2e-000000000d01", "district": at.district.to_string(), "due_by": today.to_string(),
            }}),
        ),
        finance("deduction_check", json!({"id": at.check.batch, "version": 1, "opinion": ""})),
        finance("deduction_send", json!({"id": at.send.batch, "version": 1})),
        finance("deduction_discard", json!({"id": at.discard.batch, "version": 1, "reason": "误制"})),
        finance("deduction_close", json!({"id": at.close.batch, "version": 1})),
        finance("deduction_item_cancel", json!({"id": at.cancel.item})),
        finance(
            "difference_resolve",
            json!({"id": at.read.difference, "version": 1, "resolution": "ENTER", "opinion": "已核对"}),
        ),
    ]
}
