//! Who may use which server function of changes of contracts, and of taking over a running city.

use super::entries::{
    Entry,
    Told::{Forbidden, Good, Hidden, NotFound, Refused},
    reads, writes,
};
use crate::support::{
    Site,
    change_pages::{Changed, changed},
    tenancy_pages::CLERK,
};
use serde_json::{Value, json};

/// Of a contract of 阳光苑 that there is already.
pub async fn change_world(site: &Site, contract: i64) -> Changed {
    changed(site, contract).await
}

/// Who works with contracts reads; a clerk asks, a property approver agrees. Each step follows from the one before.
pub fn functions(at: &Changed, list: &Value) -> Vec<Entry> {
    let read = |name, arguments, elsewhere| reads(name, arguments, Forbidden, "admin", elsewhere);
    let write = |name, arguments, told| Entry { right: (CLERK, told), ..writes(name, arguments, "city", Forbidden) };
    let check =
        |name, arguments, told| Entry { right: ("approver", told), ..writes(name, arguments, CLERK, Forbidden) };
    let form = json!({
        "request": "00000000-0000-4000-8000-000000000001", "kind": "PHONE", "effective_on": "2027-01-01", "phone": "13800000001",
        "reason": "换号",
    });
    let swap = json!({
        "request": "00000000-0000-4000-8000-000000000002", "first": at.contract.to_string(), "second": (at.contract + 1).to_string(),
        "effective_on": "2027-01-01", "signed_on": "2026-01-01", "first_consent": "1", "second_consent": "2", "doc_no": "3", "reason": "4",
    });
    let decide = |id: i64, version: i32| json!({"id": id, "version": version, "approve": false, "opinion": "资料不全"});
    let batch = json!({"id": at.batch, "version": 1});
    vec![
        read("contract_change_list", list.clone(), Hidden),
        read("contract_change_get", json!({"id": at.change}), NotFound),
        // The contract is not in force.
        write("contract_change_offer_get", json!({"contract": at.contract}), Refused),
        write("contract_change_create", json!({"contract": at.contract, "form": form, "submit": true}), Refused),
        write("contract_swap_offer_get", json!({"first": at.contract, "second": at.contract}), Refused),
        write("contract_swap_create", json!({"form": swap, "submit": true}), Refused),
        write("contract_change_submit", json!({"id": at.change, "version": 1}), Good),
        check("contract_change_decide", decide(at.change, 2), Good),
        // It is refused already.
        write("contract_change_withdraw", json!({"id": at.change, "version": 3}), Refused),
        write("contract_change_sync_again", json!({"id": at.change, "version": 3}), Refused),
        check("contract_change_revoke", json!({"id": at.change, "version": 3, "reason": "不再需要"}), Refused),
        read("take_over_list", list.clone(), Hidden),
        // The batch has no rows: what of them another sees is tried in the store.
        read("take_over_item_list", list.clone(), Good),
        read("take_over_get", json!({"id": at.batch}), NotFound),
        // There is nothing in it.
        write("take_over_submit", batch.clone(), Refused),
        write("take_over_withdraw", batch.clone(), Good),
        check(
            "take_over_decide",
            json!({"id": at.batch, "version": 2, "digest": "", "approve": true, "opinion": ""}),
            Refused,
        ),
        check("take_over_resume", json!({"id": at.batch, "version": 2}), Refused),
        check("take_over_abandon", json!({"id": at.batch, "version": 2, "reason": "不再需要"}), Refused),
    ]
}
