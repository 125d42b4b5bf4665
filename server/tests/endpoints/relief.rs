//! Who may use which server function of rent reductions and waivers.

use super::entries::{
    Entry,
    Told::{Forbidden, Good, Hidden, NotFound, Refused},
    reads, writes,
};
use crate::support::{
    Site,
    relief_pages::{reduction, waiver},
};
use serde_json::{Value, json};

/// Of each one that waits for its checker; a waiver that is taken back.
pub struct ReliefWorld {
    account: i64,
    reduction: i64,
    waivers: [i64; 2],
}

/// Of a contract and an account of 阳光苑 that there are already.
pub async fn relief_world(site: &Site, contract: i64, account: i64) -> ReliefWorld {
    ReliefWorld {
        account,
        reduction: reduction(site, contract).await,
        waivers: [waiver(site, account).await, waiver(site, account).await],
    }
}

/// Who works with money reads; an accountant asks, a property approver or the head of finance agrees.
pub fn functions(at: &ReliefWorld, list: &Value) -> Vec<Entry> {
    let read = |name, arguments, elsewhere| reads(name, arguments, Forbidden, "admin", elsewhere);
    let finance =
        |name, arguments, told| Entry { right: ("finance", told), ..writes(name, arguments, "approver", Forbidden) };
    let approver =
        |name, arguments, told| Entry { right: ("approver", told), ..writes(name, arguments, "finance", Forbidden) };
    let refuse = |id| json!({"id": id, "version": 1, "approve": false, "opinion": "资料不全"});
    let stop = json!({"id": at.reduction, "version": 1, "last": "", "opinion": ""});
    vec![
        read("reduction_list", list.clone(), Hidden),
        read("reduction_get", json!({"id": at.reduction}), NotFound),
        finance("reduction_preview_get", json!({"form": {}}), Refused),
        finance("reduction_create", json!({"form": {}}), Refused),
        // Of another state: that it is looked at at all is what counts here.
        finance("reduction_withdraw", json!({"id": at.reduction, "version": 1}), Good),
        approver(
            "reduction_decide",
            json!({"id": at.reduction, "version": 2, "approve": true, "opinion": ""}),
            Refused,
        ),
        finance("reduction_stop", stop, Refused),
        // Nobody has asked for it.
        approver(
            "reduction_stop_decide",
            json!({"id": at.reduction, "version": 2, "approve": true, "opinion": ""}),
            Refused,
        ),
        read("waiver_list", list.clone(), Hidden),
        read("waiver_get", json!({"id": at.waivers[0]}), NotFound),
        finance("waiver_offer_get", json!({"account": at.account}), Good),
        finance("waiver_create", json!({"account": at.account, "form": {}}), Refused),
        Entry { right: ("finhead", Good), ..writes("waiver_decide", refuse(at.waivers[0]), "finance", Forbidden) },
        finance("waiver_withdraw", json!({"id": at.waivers[1], "version": 1}), Good),
    ]
}
