//! Pages of meters.

use super::{hides, shows};
use crate::support::{
    Site,
    meter_pages::{metered, pages},
};
use axum::http::StatusCode;

/// Address patterns that are looked at here.
pub const PATTERNS: [&str; 10] = [
    "/billing/meters",
    "/billing/meters/new",
    "/billing/meters/auto",
    "/billing/meters/periods",
    "/billing/meters/periods/new",
    "/billing/meters/periods/:id",
    "/billing/meters/readings",
    "/billing/meters/readings/:id",
    "/billing/meters/:id",
    "/billing/meters/:id/:action",
];

#[tokio::test]
async fn meters_are_shown() {
    let site = Site::open().await;
    let at = metered(&site).await;
    let all = pages(at);
    for pattern in PATTERNS {
        assert!(all.iter().flatten().any(|(known, ..)| *known == pattern), "{pattern} is looked at");
    }
    for (login, pages) in ["city", "operator"].into_iter().zip(all) {
        let session = site.session(login).await;
        for (_, path, texts) in pages {
            shows(&site.get(&path, Some(&session)).await, &path, &texts);
            let outside = site.get(&path, None).await;
            assert_eq!((outside.status, outside.header("location")), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
        }
    }
    // The other district sees nothing of it, and who has no right is told so.
    let b = site.session("district-b").await;
    for path in ["/billing/meters", "/billing/meters/periods", "/billing/meters/readings"] {
        hides(&site.get(path, Some(&b)).await, path, &["阳光苑"]);
    }
    for path in [
        format!("/billing/meters/{}", at.meter),
        format!("/billing/meters/periods/{}", at.period),
        format!("/billing/meters/readings/{}", at.reading),
    ] {
        let page = site.get(&path, Some(&b)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        hides(&page, &path, &["阳光苑"]);
    }
    let cashier = site.session("cashier").await;
    for path in ["/billing/meters", "/billing/meters/new", "/billing/meters/periods/new"] {
        let page = site.get(path, Some(&cashier)).await;
        assert!(page.text().contains("您没有此项操作的权限"), "{path}");
    }
}
