//! Who may read and write persons.

use super::entries::{
    Entry,
    Told::{Forbidden, Good, Hidden, NotFound, Refused},
    World, reads, writes,
};
use serde_json::{Value, json};

/// Server functions of persons, whose numbers nobody sees without a right of its own.
pub fn persons(world: &World, list: &Value) -> Vec<Entry> {
    let (id, form) = (world.person, &world.person_form);
    // A district reads persons; to enter them is the work of clerks, operators and the city.
    let clerk = |entry: Entry| Entry { wrong_role: ("finance", Forbidden), right: ("city", Good), ..entry };
    vec![
        reads("person_list", list.clone(), Forbidden, "admin", Hidden),
        reads("person_find", json!({"number": "13800000000"}), Forbidden, "admin", Hidden),
        reads("person_get", json!({"id": id}), Forbidden, "admin", NotFound),
        reads(
            "person_reveal",
            json!({"id": id, "secret": "IdNumber", "reason": "核对身份"}),
            Forbidden,
            "finance",
            NotFound,
        ),
        clerk(writes("person_keepers", json!({}), "finance", Forbidden)),
        clerk(writes("person_create", json!({"form": form}), "finance", Forbidden)),
        clerk(writes(
            "person_update",
            json!({"id": id, "version": 1, "form": form_of_present(form)}),
            "finance",
            Forbidden,
        )),
        // A version that is none any more, and a record with itself: that it is tried at all is what counts here.
        Entry {
            right: ("city", Refused),
            ..clerk(writes("person_delete", json!({"id": id, "version": 1, "reason": "误录"}), "finance", Forbidden))
        },
        clerk(writes("person_likely", json!({}), "finance", Forbidden)),
        Entry {
            right: ("city", Refused),
            ..clerk(writes(
                "person_merge",
                json!({"form": {"survivor": id, "survivor_version": 1, "merged": id, "merged_version": 1, "taken": [], "reason": "重复登记"}}),
                "finance",
                Forbidden,
            ))
        },
    ]
}

/// The form as the page of a known person sends it: what is hidden stays.
fn form_of_present(form: &Value) -> Value {
    let mut form = form.clone();
    form["id_number"] = json!("");
    form["phone"] = json!("");
    form
}
