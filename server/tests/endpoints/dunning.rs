//! Who may use which server function of dunning and of text messages.

use super::entries::{
    Entry,
    Told::{Forbidden, Good, Hidden, NotFound, Refused},
    raw, reads, writes,
};
use crate::support::{
    Site, city,
    dunning_pages::{Dunned, dunned},
};
use domain::platform::print::PrintForm;
use serde_json::{Value, json};
use store::tenancy::paper::print_create;

/// Of a contract of 阳光苑 that there is already.
pub async fn dunning_world(site: &Site, contract: i64) -> Dunned {
    let at = dunned(site, contract).await;
    // A notice that the accountant printed as one of a batch.
    let printed = site
        .id(&format!(
            "insert into dunning_record (district_id, estate_id, account_id, contract_id, month, way, level, periods, amount_fen, content, at,
                 printed_on)
             select district_id, estate_id, account_id, contract_id, month, way, level, periods, amount_fen, content, at, current_date
             from dunning_record where id = {} returning id",
            at.notice
        ))
        .await;
    let finance = city::ctx(&site.test.database, "finance").await;
    let form = PrintForm { paper: "DUNNING".into(), id: printed, ..PrintForm::default() };
    let print = print_create(&finance, &form).await.expect("a print");
    site.id(&format!("update print_log set batch = {BATCH} where id = {print} returning id")).await;
    at
}

/// The number of the file.
const BATCH: i64 = 77;

/// The notices of a batch come to whoever printed them.
pub fn file() -> Entry {
    let path = format!("/files/print/batch/{BATCH}");
    Entry {
        right: ("finance", Good),
        wrong_role: ("cashier", NotFound),
        ..raw("/files/print/batch/{id}", path, Forbidden, "cashier", NotFound)
    }
}

/// Who works with money reads; an accountant makes, the head of finance agrees; administrators word the messages.
pub fn functions(at: &Dunned, list: &Value) -> Vec<Entry> {
    let read = |name, arguments, elsewhere| reads(name, arguments, Forbidden, "admin", elsewhere);
    let finance =
        |name, arguments, told| Entry { right: ("finance", told), ..writes(name, arguments, "cashier", Forbidden) };
    // The other district checks too, and finds nothing of this one.
    let head =
        |name, arguments, told| Entry { right: ("finhead", told), ..writes(name, arguments, "finance", NotFound) };
    let admin = |name, arguments, told| Entry {
        right: ("admin", told),
        elsewhere: Forbidden,
        ..writes(name, arguments, "finance", Forbidden)
    };
    let decide = |id: i64, approve: bool| json!({"id": id, "version": 1, "approve": approve, "opinion": "不同意"});
    let to = |form: Value| json!({"account": at.account, "form": form});
    let request = "00000000-0000-4000-8000-000000000001";
    let template =
        json!({"kind": "OVERDUE", "version": 1, "form": {"content": "{没有}", "sign": "测试", "enabled": "true"}});
    let set = json!({"form": {"district": "", "valid_from": "2000-01-01", "reason": "测试", "rules": []}});
    let submit = json!({"id": at.draft_set, "version": 1, "event": "Submit", "opinion": ""});
    vec![
        reads("dunning_rule_set_list", list.clone(), Forbidden, "admin", Good),
        reads("dunning_rule_set_get", json!({"id": at.waiting_set}), Forbidden, "admin", Good),
        Entry { elsewhere: Forbidden, ..finance("dunning_rule_set_places", json!({}), Good) },
        // Not in the past.
        Entry { elsewhere: Forbidden, ..finance("dunning_rule_set_create", set, Refused) },
        Entry { elsewhere: Forbidden, ..finance("dunning_rule_set_decide", submit, Good) },
        reads(
            "dunning_trial_list",
            json!({"query": {"q": "", "filter": {"set": at.draft_set.to_string()}, "sort": "", "descending": false, "size": 20, "at": {"Page": 1}}}),
            Forbidden,
            "admin",
            Hidden,
        ),
        // Who checks the rules of the city looks at what they do.
        Entry { right: ("city-check", Good), ..read("dunning_list", list.clone(), Hidden) },
        read("dunning_get", json!({"id": at.notice}), NotFound),
        read("dunning_account_get", json!({"id": at.account}), NotFound),
        // In no known way.
        finance("dunning_create", to(json!({"request": request, "way": "FAX", "content": ""})), Refused),
        finance("dunning_print", json!({"id": at.notice, "version": 1}), Good),
        finance(
            "dunning_done",
            json!({"id": at.call, "version": 1, "form": {"served_how": "", "served_on": "", "received_by": "", "result": "已告知"}}),
            Good,
        ),
        finance("dunning_cancel", json!({"id": at.notice, "version": 2, "reason": "重复"}), Good),
        read("dunning_pause_list", list.clone(), Hidden),
        read("dunning_pause_get", json!({"id": at.pause}), NotFound),
        // One waits already.
        finance(
            "dunning_pause_create",
            to(json!({"ground": "DISPUTE", "until": "2000-01-01", "reason": "测试"})),
            Refused,
        ),
        head("dunning_pause_decide", decide(at.pause, false), Good),
        // It was refused.
        head("dunning_pause_end", json!({"id": at.pause, "version": 2, "reason": "测试"}), Refused),
        read("instalment_list", list.clone(), Hidden),
        read("instalment_get", json!({"id": at.plan}), NotFound),
        finance("instalment_create", to(json!({"request": request, "reason": "测试", "lines": []})), Refused),
        head("instalment_decide", decide(at.plan, false), Good),
        read("sms_list", list.clone(), Hidden),
        read("sms_get", json!({"id": at.message}), NotFound),
        // On the black list.
        finance("sms_resend", json!({"id": at.message}), Refused),
        // Nothing of it failed.
        finance("sms_resend_failed", list.clone(), Good),
        // Sums of the own district, without a name.
        read("sms_month_list", list.clone(), Good),
        read("sms_block_list", list.clone(), Hidden),
        finance("sms_block_create", json!({"account": at.account, "reason": "测试"}), Refused),
        head("sms_block_end", json!({"id": at.block, "reason": "测试"}), Good),
        admin("sms_template_list", json!({}), Good),
        // There is no such placeholder.
        admin("sms_template_update", template, Refused),
        // It owes one month: it is left out.
        finance("dunning_notices_print", json!({"form": {"accounts": [at.account], "list": null}}), Good),
    ]
}
