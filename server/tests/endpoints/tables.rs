//! Who may keep dictionaries, the calendar, number ranges and the menu.

use super::entries::{Entry, Told, reads};
use Told::{Forbidden, Good, Refused};
use serde_json::{Value, json};

/// A server function that the system administrator may call, and nobody who works with homes.
fn kept(at: &'static str, arguments: Value) -> Entry {
    Entry { right: ("admin", Good), ..reads(at, arguments, Forbidden, "city", Forbidden) }
}

/// One that more may read.
fn read(at: &'static str, arguments: Value) -> Entry {
    Entry { wrong_role: ("finance", Forbidden), ..kept(at, arguments) }
}

/// Server functions of what administrators keep.
pub fn tables(list: &Value) -> Vec<Entry> {
    let item = json!({"code": "DORM", "label": "集体宿舍", "sort": "", "color": "", "standard_code": "", "is_default": false, "off": false});
    let own = json!({"code": "complaint", "name": "投诉类型", "off": false});
    let day = json!({"date": "2026-10-01", "kind": "REST", "name": "国庆节"});
    let rule = json!({"prefix": "ZC", "date_part": "NONE", "length": "6", "reset": "NONE", "serial": "0"});
    let entry = json!({"directory": false, "name": "空置", "icon": "unit", "path": "/housing/units?status=VACANT", "permission": "", "parent": "housing", "sort": "1", "visible": true});
    let noise = json!({"code": "NOISE", "label": "噪声", "sort": "", "color": "", "standard_code": "", "is_default": false, "off": false});
    let body = json!({"code": "U1", "name": "新单位", "short_name": "", "kind": "MGMT_UNIT", "parent": "810101", "division_code": "810101", "uscc": "", "leader": "", "phone": "", "address": "", "sort": "0", "status": "ON", "remark": ""});
    let mut district = body.clone();
    district["code"] = json!("810101");
    vec![
        // Their names are no secret to whoever works here.
        Entry { wrong_role: ("nobody-at-all", Forbidden), elsewhere: Good, ..kept("organization_tree", json!({})) },
        kept("organization_create", json!({"form": body})),
        // Fields that stay, and an organisation that much hangs on: that it is tried at all is what counts here.
        Entry {
            right: ("admin", Refused),
            ..kept("organization_update", json!({"id": 1, "version": 1, "form": district}))
        },
        Entry { right: ("admin", Refused), ..kept("organization_delete", json!({"id": 1, "version": 1})) },
        read("dictionary_list", list.clone()),
        read("dictionary_get", json!({"code": "D-04"})),
        kept("dictionary_create", json!({"form": own})),
        kept("dictionary_update", json!({"code": "complaint", "version": 1, "form": own})),
        kept("dictionary_item_save", json!({"dictionary": "D-04", "code": "DORM", "version": 0, "form": item})),
        kept("dictionary_item_save", json!({"dictionary": "complaint", "code": null, "version": 0, "form": noise})),
        kept("dictionary_item_delete", json!({"dictionary": "complaint", "code": "NOISE"})),
        kept("dictionary_delete", json!({"code": "complaint"})),
        // A district counts deadlines as well.
        Entry { elsewhere: Good, ..read("calendar_get", json!({"year": 2026})) },
        kept("calendar_day_set", json!({"form": day})),
        Entry { elsewhere: Good, ..read("calendar_deadline", json!({"from": "2026-09-25", "days": "5"})) },
        read("number_list", json!({})),
        kept("number_rule_save", json!({"kind": "ASSET_MASTER", "version": 0, "form": rule})),
        kept("menu_list", json!({})),
        kept("menu_save", json!({"key": null, "version": 0, "form": entry})),
        kept("menu_delete", json!({"key": "m1"})),
    ]
}
