//! Pages of changes of contracts, and of taking over a running city.

use super::{hides, shows};
use crate::support::{
    Site,
    change_pages::{changed, pages},
    tenancy_pages::{CLERK, tenancy},
};
use axum::http::StatusCode;

/// Address patterns that are looked at here.
pub const PATTERNS: [&str; 7] = [
    "/tenancy/changes",
    "/tenancy/changes/new",
    "/tenancy/changes/swap",
    "/tenancy/changes/:id",
    "/tenancy/take-overs",
    "/tenancy/take-overs/items",
    "/tenancy/take-overs/:id",
];

#[tokio::test]
async fn what_is_to_be_changed_and_taken_over_is_shown() {
    let site = Site::open().await;
    let contract = tenancy(&site).await.contract.0;
    let city = site.session("city").await;
    shows(&site.get("/tenancy/changes", Some(&city)).await, "/tenancy/changes", &["暂无合同变更"]);
    shows(&site.get("/tenancy/take-overs", Some(&city)).await, "/tenancy/take-overs", &["暂无接管批次"]);
    let at = changed(&site, contract).await;
    let all = pages(&at);
    for pattern in PATTERNS {
        assert!(all.iter().flatten().any(|(known, ..)| *known == pattern), "{pattern} is looked at");
    }
    for (login, pages) in ["city", CLERK].into_iter().zip(all) {
        let session = site.session(login).await;
        for (_, path, texts) in pages {
            shows(&site.get(&path, Some(&session)).await, &path, &texts);
            let outside = site.get(&path, None).await;
            assert_eq!((outside.status, outside.header("location")), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
        }
    }
    // The other district sees nothing of it, and who has no right is told so.
    let b = site.session("district-b").await;
    for path in ["/tenancy/changes", "/tenancy/take-overs", "/tenancy/take-overs/items"] {
        hides(&site.get(path, Some(&b)).await, path, &["阳光苑"]);
    }
    for path in [format!("/tenancy/changes/{}", at.change), format!("/tenancy/take-overs/{}", at.batch)] {
        let page = site.get(&path, Some(&b)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        hides(&page, &path, &["阳光苑"]);
    }
    let finance = site.session("finance").await;
    let page = site.get(&format!("/tenancy/changes/new?contract={contract}"), Some(&finance)).await;
    assert!(page.text().contains("您没有此项操作的权限"), "the form");
    let page = site.get(&format!("/tenancy/changes/swap?first={contract}"), Some(&b)).await;
    hides(&page, "the form of a swap", &["阳光苑"]);
    let admin = site.session("admin").await;
    for path in ["/tenancy/changes", "/tenancy/take-overs"] {
        assert!(site.get(path, Some(&admin)).await.text().contains("您没有此项操作的权限"), "{path}");
    }
}
