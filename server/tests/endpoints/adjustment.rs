//! Who may use which server function of rent adjustments.

use super::entries::{
    Entry,
    Told::{Forbidden, Good, Hidden, NotFound, Refused},
    reads, writes,
};
use crate::support::{
    Site,
    adjustment_pages::{adjustment, document},
};
use serde_json::{Value, json};

pub struct AdjustmentWorld {
    /// one that waits with its contract, and one that is taken back
    waiting: i64,
    own: i64,
}

/// Of a contract of 阳光苑 that there is already.
pub async fn adjustment_world(site: &Site, contract: i64) -> AdjustmentWorld {
    AdjustmentWorld { waiting: adjustment(site, contract).await, own: document(site, contract, 0).await }
}

/// Who works with money reads; an accountant asks, a property approver agrees.
pub fn functions(at: &AdjustmentWorld, list: &Value) -> Vec<Entry> {
    let read = |name, arguments, elsewhere| reads(name, arguments, Forbidden, "admin", elsewhere);
    let finance =
        |name, arguments, told| Entry { right: ("finance", told), ..writes(name, arguments, "approver", Forbidden) };
    let form = json!({"form": {
        "request": "00000000-0000-4000-8000-000000000001", "contract_no": "HT0", "kind": "CORRECT", "new_rate": "3",
        "month": "2027-01", "doc_no": "测发1号",
    }});
    let refuse = json!({"id": at.waiting, "version": 1, "approve": false, "opinion": "资料不全"});
    vec![
        read("adjustment_list", list.clone(), Hidden),
        read("rent_change_list", list.clone(), Hidden),
        read("adjustment_get", json!({"id": at.waiting}), NotFound),
        finance("adjustment_offer_get", json!({}), Good),
        // There is no such contract.
        finance("adjustment_preview_get", form.clone(), Refused),
        finance("adjustment_create", form, Refused),
        Entry { right: ("approver", Good), ..writes("adjustment_decide", refuse, "finance", Forbidden) },
        finance("adjustment_withdraw", json!({"id": at.own, "version": 1}), Good),
    ]
}
