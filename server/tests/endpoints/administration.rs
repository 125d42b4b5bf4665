//! Who may govern accounts, roles and parameters.

use super::entries::{Entry, Told, World, reads};
use crate::support::{Site, city};
use Told::{Forbidden, Good, NotFound};
use serde_json::{Value, json};

/// A role that nobody holds, and a request of the system administrator that waits.
pub async fn requests(site: &Site) -> (i64, i64) {
    let admin = city::ctx(&site.test.database, "admin").await;
    let role = site.id("insert into role (code, name) values ('IDLE', '闲置角色') returning id").await;
    let (form, grant) = account("waiting", "13900000001");
    let (form, mut grant): (domain::platform::user_form::UserForm, domain::platform::user_form::GrantForm) =
        (serde_json::from_value(form).expect("a form"), serde_json::from_value(grant).expect("a grant"));
    grant.organization = site.id("select id from organization where code = '810101'").await.to_string();
    store::platform::user::user_register(&admin, &form, &grant).await.expect("an account");
    (role, site.id("select id from approval where status = 'PENDING'").await)
}

/// A version in force, and the drafts of two other kinds.
pub async fn workflows(site: &Site) -> [i64; 3] {
    let admin = city::ctx(&site.test.database, "admin").await;
    let present =
        async |kind: &str| site.id(&format!("select id from workflow where kind = '{kind}' and status = 'ON'")).await;
    let form: domain::platform::workflow::WorkflowForm = serde_json::from_value(nodes()).expect("a form");
    let mut drafts = Vec::new();
    for kind in ["ROLE", "USER_GRANT"] {
        let base = domain::id::WorkflowId(present(kind).await);
        drafts.push(store::platform::workflow::workflow_draft(&admin, base, &form).await.expect("a draft").0);
    }
    [present("PARAMETER").await, drafts[0], drafts[1]]
}

fn nodes() -> Value {
    json!({"nodes": [{"name": "复核", "persons": "1", "days": "3", "role": ""}]})
}

/// What is entered for an account; organisation and role are the first ones there are.
fn account(login: &str, phone: &str) -> (Value, Value) {
    (
        json!({"login": login, "name": "新人", "department": "", "phone": phone, "valid_from": "", "valid_to": ""}),
        json!({"organization": "1", "roles": ["4"], "estates": [], "reason": "新员工入职"}),
    )
}

/// A server function of administration, open to one office and to nobody else.
fn governs(at: &'static str, arguments: Value, office: &'static str) -> Entry {
    Entry { right: (office, Good), ..reads(at, arguments, Forbidden, "finance", Forbidden) }
}

/// Server functions of accounts, roles, parameters and requests: the city reads none of the first two.
pub fn administration(world: &World, list: &Value) -> Vec<Entry> {
    let World { user, role, approval, workflows: [workflow, draft, waste], .. } = world;
    let city_refused = |entry: Entry| Entry { wrong_role: ("city", Forbidden), ..entry };
    let (form, grant) = account("second", "13900000002");
    let (changed, _) = account("leader", "13900000003");
    let role_form = json!({"code": "AREA", "name": "片区", "description": "", "permissions": ["housing:unit:read"], "reason": "片区巡查"});
    let parameter = json!({"code": "PASSWORD_DAYS", "district": "", "value": "60", "valid_from": "2099-01-01", "reason": "加强管理"});
    let standard = json!({"code": "GZ-99", "name": "基准租金", "unit_rate": "2.6", "basis": "USABLE", "doc_no": "测发〔2026〕9号",
                          "valid_from": "2099-01-01", "reason": "年度调整"});
    vec![
        city_refused(governs("user_list", list.clone(), "admin")),
        city_refused(governs("user_get", json!({"id": user}), "auditor")),
        city_refused(governs("user_choices_get", json!({}), "admin")),
        city_refused(governs("user_reach", json!({"organization": 1, "districts": []}), "admin")),
        Entry {
            wrong_role: ("security", Forbidden),
            ..governs("user_register", json!({"form": form, "grant": grant}), "admin")
        },
        Entry {
            wrong_role: ("security", Forbidden),
            ..governs("user_update", json!({"id": user, "version": 1, "form": changed}), "admin")
        },
        Entry {
            wrong_role: ("security", Forbidden),
            ..governs("user_grant_request", json!({"id": user, "version": 2, "grant": grant}), "admin")
        },
        city_refused(governs("user_status_set", json!({"id": user, "on": true}), "admin")),
        city_refused(governs("user_unlock", json!({"id": user}), "admin")),
        city_refused(governs("user_password_new", json!({"id": user}), "admin")),
        city_refused(governs("user_sessions_end", json!({"id": user}), "admin")),
        // It has none: that it is looked for at all is what counts here.
        Entry {
            wrong_role: ("security", Forbidden),
            right: ("admin", Told::Refused),
            ..governs("user_factor_remove", json!({"id": user, "reason": "手机遗失"}), "admin")
        },
        city_refused(governs("role_list", list.clone(), "security")),
        city_refused(governs("role_get", json!({"id": role}), "security")),
        Entry {
            wrong_role: ("admin", Forbidden),
            ..governs("role_request", json!({"role": null, "form": role_form}), "security")
        },
        Entry { wrong_role: ("admin", Forbidden), ..governs("role_delete", json!({"id": role}), "security") },
        governs("parameter_list", json!({}), "city"),
        Entry {
            wrong_role: ("city-check", Forbidden),
            ..governs("parameter_request", json!({"version": 0, "form": parameter}), "city")
        },
        Entry {
            wrong_role: ("city-check", Forbidden),
            ..governs("rent_standard_request", json!({"form": standard}), "city")
        },
        Entry {
            wrong_role: ("city-check", Forbidden),
            ..governs(
                "rent_standard_end_request",
                json!({"id": world.standard, "form": {"valid_to": "2099-01-01", "reason": "另定标准"}}),
                "city",
            )
        },
        governs("approval_list", list.clone(), "city-check"),
        // The city reads what is asked for its parameters; of an account it learns nothing.
        Entry { wrong_role: ("city", NotFound), ..governs("approval_get", json!({"id": approval}), "security") },
        Entry {
            wrong_role: ("admin", Forbidden),
            ..governs(
                "approval_end",
                json!({"seen": {"id": approval, "node": 1}, "verdict": "Approve", "opinion": ""}),
                "security",
            )
        },
        city_refused(governs("workflow_list", list.clone(), "auditor")),
        city_refused(governs("workflow_get", json!({"id": workflow}), "security")),
        Entry {
            wrong_role: ("security", Forbidden),
            ..governs("workflow_draft", json!({"base": workflow, "form": nodes()}), "admin")
        },
        Entry {
            wrong_role: ("security", Forbidden),
            ..governs("workflow_update", json!({"id": draft, "revision": 1, "form": nodes()}), "admin")
        },
        Entry {
            wrong_role: ("auditor", Forbidden),
            ..governs("workflow_request", json!({"id": draft, "revision": 2, "reason": "缩短时限"}), "admin")
        },
        Entry {
            wrong_role: ("security", Forbidden),
            ..governs("workflow_delete", json!({"id": waste, "revision": 1}), "admin")
        },
    ]
}
