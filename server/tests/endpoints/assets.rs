//! Who may use which server function of asset cards.

use super::entries::{
    Entry,
    Told::{Forbidden, Good, Hidden, NotFound, Refused},
    reads, writes,
};
use crate::support::{self, Site, city};
use serde_json::{Value, json};

/// Asset cards of 阳光苑: of every kind of card one in the right status.
pub struct AssetWorld {
    draft: i64,
    draft_sub: i64,
    deleted: i64,
    submitted: i64,
    booked: i64,
    booked_sub: i64,
    change: i64,
    count: i64,
    line: i64,
    run: i64,
    master_form: Value,
    sub_form: Value,
    sub_unit: String,
    period: String,
}

pub async fn asset_world(site: &Site) -> AssetWorld {
    use domain::{housing::asset_count::AssetCountForm, id::AssetSubId};
    use store::housing::{
        asset_change::{asset_change_decide, asset_submit},
        asset_count::{asset_count_create, asset_count_get},
        asset_depreciation::depreciation_run,
        asset_master::asset_master_create,
        asset_sub::asset_sub_create,
    };
    let test = &site.test;
    let maker = city::ctx(&test.database, "district-a").await;
    let form = support::asset::master_form(test).await;
    let all = support::asset::units(test).await;
    let mut masters = Vec::new();
    for place in 0..5 {
        let card_no = format!("ZC-{place}");
        let form = domain::housing::asset_master::AssetMasterForm { card_no, ..form.clone() };
        masters.push(asset_master_create(&maker, &form).await.expect("a card"));
    }
    let sub = async |master: usize, unit: usize| -> AssetSubId {
        let form = support::asset::sub_form(&format!("ZK-{unit}"), all[unit], "100");
        asset_sub_create(&maker, masters[master], &form).await.expect("a sub card")
    };
    let draft_sub = sub(0, 0).await;
    let booked_sub = sub(3, 6).await;
    let change = asset_submit(&maker, masters[3], 1).await.expect("submitted");
    let city = city::ctx(&test.database, "city").await;
    asset_change_decide(&city, change, &support::asset::approved()).await.expect("registered");
    let change = asset_submit(&maker, masters[4], 1).await.expect("submitted");
    let count = AssetCountForm {
        title: "阳光苑盘点".into(),
        planned_on: "2026-12-01".into(),
        subject: format!("master:{}", masters[3]),
    };
    let count = asset_count_create(&maker, &count).await.expect("a sheet");
    let period = domain::housing::asset_depreciation::Month::of(city.today()).to_string();
    depreciation_run(&city, &period).await.expect("a run");
    AssetWorld {
        draft: masters[0].0,
        draft_sub: draft_sub.0,
        deleted: masters[1].0,
        submitted: masters[2].0,
        booked: masters[3].0,
        booked_sub: booked_sub.0,
        change: change.0,
        count: count.0,
        line: asset_count_get(&maker, count).await.expect("a sheet").lines[0].id,
        run: site.id("select max(id) from asset_depreciation_run").await,
        master_form: serde_json::to_value(form).expect("a form"),
        sub_form: serde_json::to_value(support::asset::sub_form("ZK-9", all[9], "1")).expect("a form"),
        sub_unit: all[0].to_string(),
        period,
    }
}

/// Server functions of asset cards: finance of city and district keep them, a second person of the city checks.
pub fn functions(at: &AssetWorld, list: &Value) -> Vec<Entry> {
    let read = |name, arguments, elsewhere| reads(name, arguments, Forbidden, "admin", elsewhere);
    let write = |name, arguments, elsewhere| writes(name, arguments, "auditor", elsewhere);
    // The city decides; a district is not asked.
    let check = |entry: Entry| Entry { right: ("city", Good), ..entry };
    let asked = json!({"reason": "改造", "document_no": "房〔2026〕1号", "original": "", "fiscal_part": "", "area": "", "use_status": "IDLE"});
    let entry = json!({"line": at.line, "result": "FOUND", "condition": "GOOD", "place": "", "note": ""});
    vec![
        read("asset_master_list", list.clone(), Hidden),
        read("asset_master_get", json!({"id": at.booked}), NotFound),
        read("asset_sub_list", list.clone(), Good),
        read("asset_sub_get", json!({"id": at.booked_sub}), NotFound),
        read("asset_change_list", list.clone(), Hidden),
        read("depreciation_list", list.clone(), Good),
        read("depreciation_lines", json!({"master": at.booked, "sub": null}), NotFound),
        read("asset_count_list", list.clone(), Hidden),
        read("asset_count_get", json!({"id": at.count}), NotFound),
        reads("asset_choices_get", json!({}), Forbidden, "auditor", Good),
        write("asset_master_create", json!({"form": at.master_form}), Refused),
        write(
            "asset_master_update",
            json!({"id": at.draft, "version": 1, "form": with(&at.master_form, "card_no", "ZC-0")}),
            NotFound,
        ),
        write("asset_master_delete", json!({"id": at.deleted, "version": 1}), NotFound),
        write("asset_submit", json!({"id": at.submitted, "version": 1}), NotFound),
        write(
            "asset_master_request",
            json!({"id": at.booked, "version": 3, "kind": "CHANGE", "form": asked}),
            NotFound,
        ),
        write("asset_sub_create", json!({"master": at.draft, "form": at.sub_form}), NotFound),
        write(
            "asset_sub_update",
            json!({"id": at.draft_sub, "version": 1, "form": with(&with(&at.sub_form, "card_no", "ZK-8"), "unit", &at.sub_unit)}),
            NotFound,
        ),
        write("asset_sub_delete", json!({"id": at.draft_sub, "version": 2}), NotFound),
        write(
            "asset_sub_request",
            json!({"id": at.booked_sub, "version": 3, "kind": "CHANGE", "form": asked}),
            NotFound,
        ),
        check(writes(
            "asset_change_decide",
            json!({"id": at.change, "form": {"approve": false, "voucher_no": "", "opinion": "缺附件"}}),
            "finance",
            Forbidden,
        )),
        write(
            "asset_count_create",
            json!({"form": {"title": "再盘", "planned_on": "2026-12-01", "subject": format!("master:{}", at.booked)}}),
            Refused,
        ),
        write("asset_count_enter", json!({"id": at.count, "entry": entry}), NotFound),
        write("asset_count_finish", json!({"id": at.count}), NotFound),
        check(writes("asset_count_confirm", json!({"id": at.count, "handling": ""}), "finance", Forbidden)),
        // Whose district has no cards has nothing to depreciate.
        write("depreciation_run", json!({"period": at.period}), Good),
        write("depreciation_reverse", json!({"id": at.run, "reason": "重算"}), NotFound),
        Entry { right: ("city", Refused), ..writes("depreciation_close", json!({"id": at.run}), "finance", Forbidden) },
    ]
}

/// A form with one field set.
fn with(form: &Value, field: &str, value: &str) -> Value {
    let mut form = form.clone();
    form[field] = json!(value);
    form
}
