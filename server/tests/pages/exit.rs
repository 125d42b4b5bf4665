//! Pages of exits, and of renewals.

use super::{hides, shows};
use crate::support::{
    Site,
    exit_pages::{leaving, pages},
    tenancy_pages::CLERK,
};
use axum::http::StatusCode;

/// Address patterns that are looked at here.
pub const PATTERNS: [&str; 7] = [
    "/tenancy/exits",
    "/tenancy/exits/new",
    "/tenancy/exits/:id",
    "/tenancy/exits/:id/:action",
    "/tenancy/contracts/:id/file",
    "/tenancy/contracts/:id/renew",
    "/tenancy/contracts/:id/stay",
];

#[tokio::test]
async fn who_leaves_is_shown() {
    let site = Site::open().await;
    let at = leaving(&site).await;
    let all = pages(&at);
    for pattern in PATTERNS {
        assert!(all.iter().flatten().any(|(known, ..)| *known == pattern), "{pattern} is looked at");
    }
    for (login, pages) in ["city", CLERK, "operator", "finance"].into_iter().zip(all) {
        let session = site.session(login).await;
        for (_, path, texts) in pages {
            shows(&site.get(&path, Some(&session)).await, &path, &texts);
            let outside = site.get(&path, None).await;
            assert_eq!((outside.status, outside.header("location")), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
        }
    }
    let head = site.session("finhead").await;
    shows(&site.get("/", Some(&head)).await, "/", &["待我办理的退租"]);
    // The other district sees nothing of it, and who has no right is told so.
    let b = site.session("district-b").await;
    let list = site.get("/tenancy/exits", Some(&b)).await;
    shows(&list, "/tenancy/exits", &[]);
    hides(&list, "/tenancy/exits", &["阳光苑", "待租户"]);
    let page = site.get(&format!("/tenancy/exits/{}", at.exit), Some(&b)).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    hides(&page, "an exit", &["阳光苑", "待租户"]);
    let cashier = site.session("cashier").await;
    for action in ["inspection", "bill"] {
        let path = format!("/tenancy/exits/{}/{action}", at.exit);
        let page = site.get(&path, Some(&cashier)).await;
        assert!(page.text().contains("您没有此项操作的权限"), "{path}");
    }
}
