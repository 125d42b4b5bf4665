//! Who may use which server function of exits and renewals.

use super::entries::{
    Entry,
    Told::{Forbidden, Good, Hidden, NotFound, Refused},
    reads, writes,
};
use crate::support::{
    Site, city,
    exit_pages::{asked, bill, request, sheet, today},
    tenancy_pages::CLERK,
};
use domain::{
    id::{ContractId, ExitId, HandOverId},
    platform::setting::code,
};
use serde_json::{Value, json};
use store::{platform::setting::setting_put, tenancy::contract::contract_renewal_offer};

pub struct ExitWorld {
    exit: ExitId,
    /// of another contract, which is asked for on the way
    next: ExitId,
    running: ContractId,
    renewal: Value,
}

/// Of the homes that people have moved into.
pub async fn exit_world(site: &Site, running: ContractId, done: HandOverId) -> ExitWorld {
    let contract = site.id(&format!("select contract_id from hand_over where id = {done}")).await;
    let exit = asked(site, ContractId(contract)).await;
    setting_put(&site.test.database, code::RENEWAL_WINDOW, "1830/0").await.expect("a parameter");
    let clerk = city::ctx(&site.test.database, CLERK).await;
    let form = contract_renewal_offer(&clerk, running).await.expect("an offer").form();
    let renewal = serde_json::to_value(form).expect("a form");
    ExitWorld { exit, next: ExitId(exit.0 + 1), running, renewal }
}

/// Each step follows from the one before: a clerk asks, an approver agrees, an operator inspects, finance settles by two, the
/// keys come back, the bank is told.
pub fn functions(at: &ExitWorld, list: &Value) -> Vec<Entry> {
    let read = |name, arguments, elsewhere| reads(name, arguments, Forbidden, "admin", elsewhere);
    let by = |login, name, arguments, told, wrong| Entry {
        right: (login, told),
        ..writes(name, arguments, wrong, Forbidden)
    };
    let id = at.exit;
    let inspection = serde_json::to_value(sheet()).expect("a form");
    let settle = serde_json::to_value(bill()).expect("a form");
    let asked = serde_json::to_value(request()).expect("a form");
    let keys = json!({"keys": "3", "cards": "0", "on": today()});
    let agreed = |version: i32| json!({"id": id, "version": version, "approve": true, "opinion": ""});
    vec![
        read("exit_list", list.clone(), Hidden),
        read("exit_get", json!({"id": id}), NotFound),
        by(CLERK, "contract_renewal_offer_get", json!({"id": at.running}), Good, "city"),
        by(CLERK, "contract_renew", json!({"id": at.running, "form": at.renewal, "submit": false}), Good, "city"),
        // Its term is not over.
        by(CLERK, "contract_stay_offer_get", json!({"id": at.running}), Refused, "city"),
        by(CLERK, "contract_stay_create", json!({"id": at.running, "version": 1, "form": {}}), Refused, "city"),
        by(
            "approver",
            "contract_stay_decide",
            json!({"id": 1, "version": 1, "approve": true, "opinion": ""}),
            NotFound,
            CLERK,
        ),
        by(CLERK, "exit_offer_get", json!({"contract": at.running}), Good, "city"),
        by(CLERK, "exit_create", json!({"contract": at.running, "form": asked}), Good, "city"),
        by("approver", "exit_decide", agreed(1), Good, CLERK),
        by("operator", "exit_inspection_offer_get", json!({"id": id}), Good, "city"),
        by("operator", "exit_inspect", json!({"id": id, "version": 2, "form": inspection}), Good, "city"),
        by("finance", "exit_bill_offer_get", json!({"id": id}), Good, "cashier"),
        by("finance", "exit_bill_make", json!({"id": id, "version": 3, "form": settle}), Good, "cashier"),
        by("finhead", "exit_bill_decide", agreed(4), Good, "cashier"),
        by(
            "finhead",
            "exit_debt_acknowledge",
            json!({"id": id, "version": 5, "reason": "已签确认书"}),
            Good,
            "cashier",
        ),
        // It is clear already.
        by("cashier", "exit_clear", json!({"id": id, "version": 6}), Refused, "finance"),
        by("operator", "exit_keys", json!({"id": id, "version": 6, "form": keys}), Good, "city"),
        by(CLERK, "exit_tell_again", json!({"id": id, "version": 7}), Good, "city"),
        Entry {
            elsewhere: NotFound,
            ..by("district-a", "exit_revoke", json!({"id": at.next, "version": 1, "reason": "承租人撤回"}), Good, CLERK)
        },
    ]
}
