//! Pages of dunning and of text messages.

use super::{hides, shows};
use crate::support::{
    Site,
    dunning_pages::{dunned, pages},
    tenancy_pages::tenancy,
};
use axum::http::StatusCode;

/// Address patterns that are looked at here.
pub const PATTERNS: [&str; 19] = [
    "/billing/dunning",
    "/billing/dunning/rules",
    "/billing/dunning/rules/new",
    "/billing/dunning/rules/:id",
    "/billing/dunning/trial",
    "/billing/dunning/pauses",
    "/billing/dunning/pauses/:id",
    "/billing/dunning/instalments",
    "/billing/dunning/instalments/:id",
    "/billing/dunning/notices",
    "/billing/dunning/accounts/:id",
    "/billing/dunning/accounts/:id/:action",
    "/billing/dunning/:id",
    "/billing/sms",
    "/billing/sms/months",
    "/billing/sms/blocks",
    "/billing/sms/:id",
    "/platform/sms-templates",
    "/platform/sms-templates/:id",
];

#[tokio::test]
async fn who_is_dunned_is_shown() {
    let site = Site::open().await;
    let contract = tenancy(&site).await.contract.0;
    let finance = site.session("finance").await;
    let empty = site.get("/billing/dunning", Some(&finance)).await;
    shows(&empty, "/billing/dunning", &["暂无催缴记录"]);
    let at = dunned(&site, contract).await;
    let all = pages(&at);
    let templates = ["/platform/sms-templates", "/platform/sms-templates/:id"];
    for pattern in PATTERNS.into_iter().filter(|pattern| !templates.contains(pattern)) {
        assert!(all.iter().any(|(known, ..)| *known == pattern), "{pattern} is looked at");
    }
    let other = site.session("district-b").await;
    for (pattern, path, texts) in &all {
        shows(&site.get(path, Some(&finance)).await, path, texts);
        let outside = site.get(path, None).await;
        assert_eq!((outside.status, outside.header("location")), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
        // Rules are everybody's; whom they reach is not.
        if !pattern.contains("rules") {
            hides(&site.get(path, Some(&other)).await, path, &["阳光苑", "223.60"]);
        }
    }
    let head = site.session("finhead").await;
    let path = format!("/billing/dunning/rules/{}", at.waiting_set);
    shows(&site.get(&path, Some(&head)).await, &path, &["发布", "驳回"]);
    let admin = site.session("admin").await;
    let page = site.get("/billing/dunning", Some(&admin)).await;
    assert!(page.text().contains("您没有此项操作的权限"), "the list");
    shows(&site.get(templates[0], Some(&admin)).await, templates[0], &["短信模板", "逾期催缴", "公租房中心"]);
    let path = "/platform/sms-templates/OVERDUE";
    shows(&site.get(path, Some(&admin)).await, path, &["{到期日}", "短信签名", "预览"]);
}
