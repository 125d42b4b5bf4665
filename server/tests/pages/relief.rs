//! Pages of rent reductions and waivers.

use super::{hides, shows};
use crate::support::{
    Site, billing_pages,
    relief_pages::{pages, reduction, waiver},
    tenancy_pages::tenancy,
};
use axum::http::StatusCode;

/// Address patterns that are looked at here.
pub const PATTERNS: [&str; 7] = [
    "/billing/reductions",
    "/billing/reductions/new",
    "/billing/reductions/:id",
    "/billing/reductions/:id/stop",
    "/billing/waivers",
    "/billing/waivers/:id",
    "/billing/accounts/:id/waive",
];

#[tokio::test]
async fn what_is_taken_off_and_forgiven_is_shown() {
    let site = Site::open().await;
    let contract = tenancy(&site).await.contract.0;
    let person = site.id("select min(id) from person").await;
    let account = billing_pages::account(&site, person).await.0;
    let (reduction, waiver) = (reduction(&site, contract).await, waiver(&site, account).await);
    let all = pages(reduction, waiver, account);
    for pattern in PATTERNS {
        assert!(all.iter().flatten().any(|(known, ..)| *known == pattern), "{pattern} is looked at");
    }
    for (login, pages) in ["city", "finance"].into_iter().zip(all) {
        let session = site.session(login).await;
        for (_, path, texts) in pages {
            let page = site.get(&path, Some(&session)).await;
            shows(&page, &path, &texts);
            // One way of writing what is taken off: a clerk read it twice, once with a sign and once without.
            hides(&page, &path, &["-100.62"]);
            let outside = site.get(&path, None).await;
            assert_eq!((outside.status, outside.header("location")), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
        }
    }
    // The head of finance and the city's leader decide about a waiver.
    for login in ["finhead", "leader"] {
        let session = site.session(login).await;
        let path = format!("/billing/waivers/{waiver}");
        shows(&site.get(&path, Some(&session)).await, &path, &["同意", "驳回"]);
    }
    // The other district sees nothing of it, and who has no right is told so.
    let b = site.session("district-b").await;
    for path in ["/billing/reductions", "/billing/waivers"] {
        hides(&site.get(path, Some(&b)).await, path, &["阳光苑", "111.80"]);
    }
    for path in [format!("/billing/reductions/{reduction}"), format!("/billing/waivers/{waiver}")] {
        let page = site.get(&path, Some(&b)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        hides(&page, &path, &["阳光苑", "111.80"]);
    }
    let admin = site.session("admin").await;
    for path in ["/billing/reductions", "/billing/waivers"] {
        let page = site.get(path, Some(&admin)).await;
        assert!(page.text().contains("您没有此项操作的权限"), "{path}");
    }
    let path = format!("/billing/accounts/{account}/waive");
    let cashier = site.session("cashier").await;
    assert!(site.get(&path, Some(&cashier)).await.text().contains("您没有此项操作的权限"), "{path}");
}
