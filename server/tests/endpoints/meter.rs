//! Who may use which server function of meters.

use super::entries::{
    Entry,
    Told::{Forbidden, Good, Hidden, NotFound, Refused},
    reads, writes,
};
use crate::support::meter_pages::Metered;
use serde_json::{Value, json};

/// Who looks after an estate reads its meters, a supervisor checks, an accountant bills.
pub fn functions(at: Metered, list: &Value) -> Vec<Entry> {
    let read = |name, arguments, elsewhere| reads(name, arguments, Forbidden, "admin", elsewhere);
    let operator =
        |name, arguments, told| Entry { right: ("operator", told), ..writes(name, arguments, "finance", Forbidden) };
    // A district checks its own.
    let approver =
        |name, arguments, told| Entry { right: ("approver", told), ..writes(name, arguments, "finance", NotFound) };
    let finance =
        |name, arguments, told| Entry { right: ("finance", told), ..writes(name, arguments, "approver", Forbidden) };
    let Metered { meter, period, reading } = at;
    vec![
        read("meter_list", list.clone(), Hidden),
        read("meter_get", json!({"id": meter}), NotFound),
        read("meter_period_list", list.clone(), Hidden),
        read("meter_period_get", json!({"id": period}), NotFound),
        read("meter_reading_list", list.clone(), Hidden),
        read("meter_reading_get", json!({"id": reading}), NotFound),
        operator("meter_offer_get", json!({}), Good),
        operator("meter_create", json!({"form": {}}), Refused),
        operator("meter_update", json!({"id": meter, "version": 1, "form": {}}), Refused),
        operator("meters_create", json!({"form": {}}), Refused),
        operator("meter_replace", json!({"id": meter, "version": 1, "form": {}}), Refused),
        operator("meter_remove", json!({"id": meter, "version": 1, "reason": ""}), Refused),
        operator("meter_period_offer_get", json!({}), Good),
        operator("meter_period_open", json!({"form": {}}), Refused),
        operator("meter_period_sync", json!({"id": period, "version": 1}), Good),
        operator("meter_readings_save", json!({"period": period, "form": {}}), Refused),
        // It is not strange.
        operator("meter_reading_confirm", json!({"id": reading, "version": 1, "reason": "x"}), Refused),
        approver("meter_period_check", json!({"id": period, "version": 2}), Good),
        approver("meter_period_return", json!({"id": period, "version": 3, "reason": "重抄"}), Good),
        // It is not checked any more.
        finance("meter_period_bill", json!({"id": period, "version": 4}), Refused),
        finance("meter_period_close", json!({"id": period, "version": 4}), Refused),
        finance("meter_reading_correct", json!({"id": reading, "version": 1, "form": {}}), Refused),
        operator("meter_period_cancel", json!({"id": period, "version": 4}), Good),
    ]
}
