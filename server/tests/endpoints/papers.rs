//! Who may use which server function and address of templates and prints.

use super::entries::{
    Entry,
    Told::{Forbidden, Good, Hidden, NotFound, Refused},
    raw, reads, writes,
};
use crate::support::{Site, city};
use domain::platform::print::PrintForm;
use serde_json::{Value, json};
use store::tenancy::paper::print_create;

pub struct PaperWorld {
    /// a draft of a contract, and the next template
    draft: i64,
    body: String,
    notice: String,
    payment: i64,
    /// of 甲区
    print: i64,
}

/// Behind the world of billing.
pub async fn paper_world(site: &Site) -> PaperWorld {
    let payment = site.id("select min(id) from payment").await;
    let body = async |kind: &str| {
        site.text(&format!("select body from document_template where kind = '{kind}' and version = 1")).await
    };
    let district = city::ctx(&site.test.database, "district-a").await;
    let form = PrintForm { paper: "RECEIPT".into(), id: payment, ..PrintForm::default() };
    let print = print_create(&district, &form).await.expect("a print");
    // Notices of a whole estate carry its name.
    site.id(&format!(
        "insert into print_log (district_id, estate_id, paper, object_id, number, month, kind, nth, copies, digest, printed_by)
         select district_id, estate_id, 'NOTICES', estate_id, '阳光苑', '2026-01-01', 'FIRST', 1, 1, 'x', printed_by
         from print_log where id = {print} returning id"
    ))
    .await;
    PaperWorld {
        draft: site
            .id("insert into document_template (kind, version, name, body, effective_on, maker_id)
                 select 'CONTRACT', 2, name, body, current_date + 9, (select id from app_user where login = 'city')
                 from document_template where kind = 'CONTRACT' returning id")
            .await,
        body: body("CONTRACT").await,
        notice: body("NOTICE").await,
        payment,
        print,
    }
}

/// The city writes, its checker publishes; whoever collects prints.
pub fn functions(at: &PaperWorld, list: &Value) -> Vec<Entry> {
    let by =
        |login, name, arguments, wrong| Entry { right: (login, Good), ..writes(name, arguments, wrong, Forbidden) };
    let day = (chrono::Utc::now() + chrono::TimeDelta::days(20)).format("%Y-%m-%d").to_string();
    let contract = json!({"kind": "CONTRACT", "name": "合同", "effective_on": day, "body": at.body});
    let notice = json!({"kind": "NOTICE", "name": "通知单", "effective_on": day, "body": at.notice});
    let (draft, next) = (at.draft, at.draft + 1);
    let print =
        |paper: &str, id: i64| json!({"form": {"paper": paper, "id": id, "month": "2099-12", "reason": "原件遗失"}});
    vec![
        by("city", "template_list", list.clone(), "finance"),
        by("city", "template_get", json!({"id": draft}), "finance"),
        by("city", "template_create", json!({"form": notice}), "city-check"),
        by("city", "template_delete", json!({"id": next, "revision": 1}), "city-check"),
        by("city", "template_update", json!({"id": draft, "revision": 1, "form": contract}), "city-check"),
        by("city", "template_submit", json!({"id": draft, "revision": 2}), "city-check"),
        by(
            "city-check",
            "template_decide",
            json!({"id": draft, "revision": 3, "publish": true, "opinion": ""}),
            "city",
        ),
        reads("print_create", print("RECEIPT", at.payment), Forbidden, "admin", NotFound),
        Entry { wrong_role: ("approver", Forbidden), ..reads("print_list", list.clone(), Forbidden, "admin", Hidden) },
        by("cashier", "print_estates", json!({}), "approver"),
        reads("print_copy_get", json!({"id": at.print}), Forbidden, "admin", NotFound),
        Entry {
            wrong_role: ("approver", Forbidden),
            ..reads("print_finding_list", list.clone(), Forbidden, "admin", Good)
        },
        // Whoever prints and hands out; a district only looks.
        by(
            "cashier",
            "print_move",
            json!({"id": at.print, "version": 1, "form": {"event": "Issue", "text": "本人"}}),
            "city",
        ),
        by("cashier", "print_queue_list", list.clone(), "city"),
        by("cashier", "print_queue_print", json!({"form": {"items": ["RECEIPT-0"]}}), "city"),
        Entry {
            right: ("cashier", Refused),
            ..writes("print_queue_skip", json!({"form": {"items": []}, "reason": "x"}), "city", Forbidden)
        },
        Entry {
            right: ("cashier", Refused),
            ..writes("print_queue_restore", json!({"form": {"items": []}}), "city", Forbidden)
        },
    ]
}

/// The file of a print comes to whoever asked for it.
pub fn file(at: &PaperWorld) -> Entry {
    let path = format!("/files/print/{}", at.print);
    Entry { wrong_role: ("city", NotFound), ..raw("/files/print/{id}", path, Forbidden, "city", NotFound) }
}

/// A specimen, for whoever may read templates.
pub fn specimen(at: &PaperWorld) -> Entry {
    let path = format!("/files/print/template/{}", at.draft);
    Entry { right: ("city", Good), ..raw("/files/print/template/{id}", path, Forbidden, "finance", Forbidden) }
}
