//! Pages of rent adjustments.

use super::{hides, shows};
use crate::support::{
    Site,
    adjustment_pages::{adjustment, pages},
    tenancy_pages::tenancy,
};
use axum::http::StatusCode;

/// Address patterns that are looked at here.
pub const PATTERNS: [&str; 4] =
    ["/billing/adjustments", "/billing/adjustments/new", "/billing/adjustments/contracts", "/billing/adjustments/:id"];

#[tokio::test]
async fn what_is_to_be_adjusted_is_shown() {
    let site = Site::open().await;
    let contract = tenancy(&site).await.contract.0;
    let city = site.session("city").await;
    let empty = site.get("/billing/adjustments", Some(&city)).await;
    shows(&empty, "/billing/adjustments", &["暂无租金调整"]);
    let id = adjustment(&site, contract).await;
    let all = pages(id);
    for pattern in PATTERNS {
        assert!(all.iter().flatten().any(|(known, ..)| *known == pattern), "{pattern} is looked at");
    }
    for (login, pages) in ["city", "finance"].into_iter().zip(all) {
        let session = site.session(login).await;
        for (_, path, texts) in pages {
            shows(&site.get(&path, Some(&session)).await, &path, &texts);
            let outside = site.get(&path, None).await;
            assert_eq!((outside.status, outside.header("location")), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
        }
    }
    shows(&site.get("/", Some(&city)).await, "/", &["待我审批的租金调整"]);
    // The other district sees nothing of it, and who has no right is told so.
    let b = site.session("district-b").await;
    for path in ["/billing/adjustments", "/billing/adjustments/contracts"] {
        hides(&site.get(path, Some(&b)).await, path, &["阳光苑", "129.00"]);
    }
    let path = format!("/billing/adjustments/{id}");
    let page = site.get(&path, Some(&b)).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    hides(&page, &path, &["阳光苑", "129.00"]);
    let cashier = site.session("cashier").await;
    let page = site.get("/billing/adjustments/new", Some(&cashier)).await;
    assert!(page.text().contains("您没有此项操作的权限"), "the form");
    let admin = site.session("admin").await;
    let page = site.get("/billing/adjustments", Some(&admin)).await;
    assert!(page.text().contains("您没有此项操作的权限"), "the list");
}
