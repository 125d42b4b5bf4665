//! Who may use which server function of assignments and contracts.

use super::{
    entries::{
        Entry, SECRET,
        Told::{Forbidden, Good, Hidden, NotFound, Refused},
        reads, writes,
    },
    stock::home,
};
use crate::support::{
    self, Site,
    tenancy_pages::{CLERK, confirmed, contract, proposed},
};
use serde_json::{Value, json};

/// Homes of 阳光苑 that are being let.
pub struct TenancyWorld {
    /// a person without a home, and a home for him
    person: i64,
    pub unit: i64,
    /// one that waits for its checker, one to be given back, one to be signed
    waiting: i64,
    released: i64,
    chosen: i64,
    /// a draft, and its home
    pub contract: i64,
    promised: i64,
    form: Value,
    kept: Value,
}

pub async fn tenancy_world(site: &Site, person: i64) -> TenancyWorld {
    let form = support::tenancy::form(confirmed(site, 0).await);
    let draft = contract(site, &form, false).await;
    let promised = sqlx::query_scalar("select unit_id from contract where id = $1").bind(draft.0);
    let chosen = confirmed(site, 1).await;
    TenancyWorld {
        waiting: proposed(site, 2).await.0,
        released: proposed(site, 3).await.0,
        chosen: chosen.0,
        person,
        unit: home(site, "809").await.0,
        contract: draft.0,
        promised: promised.fetch_one(&site.test.admin).await.expect("its home"),
        kept: serde_json::to_value(&form).expect("a form"),
        form: serde_json::to_value(support::tenancy::form(chosen)).expect("a form"),
    }
}

/// Server functions of homes that are let: city and district assign, a clerk draws up, a property approver approves. Each
/// step follows from the one before: the contract is changed, submitted, refused and deleted in this order.
pub fn functions(at: &TenancyWorld, list: &Value) -> Vec<Entry> {
    let read = |name, arguments, elsewhere| reads(name, arguments, Forbidden, "admin", elsewhere);
    let write = |name, arguments| Entry { right: (CLERK, Good), ..writes(name, arguments, "city", Forbidden) };
    let check = |name, arguments| Entry { right: ("approver", Good), ..writes(name, arguments, CLERK, Forbidden) };
    let new =
        json!({"person": at.person.to_string(), "unit": at.unit.to_string(), "reason": "特殊困难", "document_no": ""});
    let (id, waiting) = (at.contract, at.waiting);
    vec![
        read("assignment_list", list.clone(), Hidden),
        read("assignment_get", json!({"id": waiting}), NotFound),
        writes("assignment_create", json!({"form": new}), CLERK, Refused),
        writes(
            "assignment_decide",
            json!({"id": waiting, "version": 1, "approve": false, "opinion": format!("{SECRET}另有安排")}),
            CLERK,
            NotFound,
        ),
        writes("assignment_release", json!({"id": at.released, "version": 1, "reason": "另行安排"}), CLERK, NotFound),
        read("contract_list", list.clone(), Hidden),
        read("contracts_chosen", json!({"ids": [id]}), Hidden),
        read("contract_get", json!({"id": id}), NotFound),
        // Of a home elsewhere the answer is that it is let to nobody.
        read("unit_lease_get", json!({"id": at.promised}), Good),
        write("contract_offer_get", json!({"assignment": at.chosen})),
        write("contract_create", json!({"form": at.form, "submit": false})),
        // Nobody has approved it.
        Entry {
            right: (CLERK, Refused),
            ..write(
                "contract_file",
                json!({"id": id, "version": 1, "form": {"filing_no": "BA-1", "filed_on": "2026-11-01"}}),
            )
        },
        write("contract_update", json!({"id": id, "version": 1, "form": at.kept})),
        write("contract_submit", json!({"id": id, "version": 2})),
        // Without a reason, so that it goes on.
        Entry {
            right: (CLERK, Refused),
            ..writes("contract_void", json!({"id": id, "version": 3, "reason": ""}), "approver", Forbidden)
        },
        // The bank knows nothing of it: that it is tried at all is what counts here.
        Entry { right: (CLERK, Refused), ..write("contract_sync_again", json!({"id": id, "version": 3})) },
        check("contracts_approve", json!({"chosen": [[id, 1]]})),
        check("contract_decide", json!({"id": id, "version": 3, "approve": false, "opinion": "资料不全"})),
        write("contract_delete", json!({"id": id, "version": 4})),
    ]
}
