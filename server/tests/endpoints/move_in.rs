//! Who may use which server function of hand-overs, of who lives where, and of households.

use super::entries::{
    Entry,
    Told::{Forbidden, Good, Hidden, NotFound},
    reads, writes,
};
use crate::support::{
    Site, city,
    move_in_pages::{MoveIn, alone, by_hand, filled, head, move_in},
    tenancy_pages::{CLERK, tenant},
};
use serde_json::{Value, json};
use store::tenancy::hand_over::hand_over_offer;

pub struct MoveInWorld {
    pub at: MoveIn,
    hand_over: Value,
    binding: Value,
    /// a household that is not there yet, and the one that is
    new: Value,
    known: Value,
}

pub async fn move_in_world(site: &Site) -> MoveInWorld {
    let at = move_in(site).await;
    let operator = city::ctx(&site.test.database, "operator").await;
    let form = filled(&hand_over_offer(&operator, at.waiting).await.expect("an offer"));
    let known = site.id(&format!("select head_id from household where id = {}", at.household)).await;
    let value = |form| serde_json::to_value(form).expect("a form");
    MoveInWorld {
        hand_over: serde_json::to_value(form).expect("a form"),
        binding: serde_json::to_value(by_hand(at.unit, at.room, tenant(site, 7).await)).expect("a form"),
        new: value(alone(head(site, "新户主", "H1000002").await)),
        known: value(alone(domain::id::PersonId(known))),
        at,
    }
}

/// An operator hands over; a clerk enters who lives where and who belongs together; districts look on.
pub fn functions(world: &MoveInWorld, list: &Value) -> Vec<Entry> {
    let MoveInWorld { at, hand_over, binding, new, known } = world;
    let read = |name, arguments, elsewhere| reads(name, arguments, Forbidden, "admin", elsewhere);
    let operator = |name, arguments| Entry { right: ("operator", Good), ..writes(name, arguments, "city", Forbidden) };
    let clerk = |name, arguments| Entry { right: (CLERK, Good), ..writes(name, arguments, "finance", Forbidden) };
    let household = at.household;
    vec![
        read("resident_list", list.clone(), Hidden),
        clerk("binding_offer_get", json!({"unit": at.unit})),
        clerk("binding_create", json!({"form": binding})),
        read("hand_over_list", list.clone(), Hidden),
        read("hand_over_get", json!({"id": at.done}), NotFound),
        operator("hand_over_offer_get", json!({"contract": at.waiting})),
        operator("hand_over_create", json!({"contract": at.waiting, "form": hand_over})),
        operator("hand_over_update", json!({"id": at.done, "version": 1, "form": hand_over})),
        Entry { wrong_role: ("finance", Forbidden), ..read("household_list", list.clone(), Hidden) },
        Entry { wrong_role: ("finance", Forbidden), ..read("household_get", json!({"id": household}), NotFound) },
        clerk("household_create", json!({"form": new})),
        clerk("household_update", json!({"id": household, "version": 1, "form": known})),
        clerk("household_close", json!({"id": household, "version": 2, "reason": "重复登记的家庭"})),
    ]
}
