//! Pages of hand-overs, of who lives where, and of households.

use super::{hides, shows};
use crate::support::{
    Site,
    move_in_pages::{MoveIn, move_in, pages},
    tenancy_pages::CLERK,
};
use axum::http::StatusCode;

/// Address patterns that are looked at here.
pub const PATTERNS: [&str; 10] = [
    "/tenancy/hand-overs",
    "/tenancy/hand-overs/new",
    "/tenancy/hand-overs/:id",
    "/tenancy/hand-overs/:id/:action",
    "/tenancy/residents",
    "/tenancy/residents/new",
    "/persons/households",
    "/persons/households/new",
    "/persons/households/:id",
    "/persons/households/:id/:action",
];

#[tokio::test]
async fn who_moves_in_is_shown() {
    let site = Site::open().await;
    let at = move_in(&site).await;
    let all = pages(&at);
    for pattern in PATTERNS {
        assert!(all.iter().flatten().any(|(known, ..)| *known == pattern), "{pattern} is looked at");
    }
    for (login, pages) in ["city", CLERK, "operator"].into_iter().zip(all) {
        let session = site.session(login).await;
        for (_, path, texts) in pages {
            shows(&site.get(&path, Some(&session)).await, &path, &texts);
            let outside = site.get(&path, None).await;
            assert_eq!((outside.status, outside.header("location")), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
        }
    }
    the_wall_holds(&site, &at).await;
}

/// The other district sees nothing of it, and who has no right is told so.
async fn the_wall_holds(site: &Site, at: &MoveIn) {
    let b = site.session("district-b").await;
    for path in ["/tenancy/hand-overs", "/tenancy/residents", "/persons/households"] {
        let page = site.get(path, Some(&b)).await;
        shows(&page, path, &[]);
        hides(&page, path, &["阳光苑", "待租户"]);
    }
    for path in [format!("/tenancy/hand-overs/{}", at.done), format!("/persons/households/{}", at.household)] {
        let page = site.get(&path, Some(&b)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        hides(&page, &path, &["阳光苑", "待租户"]);
    }
    let finance = site.session("finance").await;
    for path in [
        format!("/tenancy/hand-overs/new?contract={}", at.waiting),
        format!("/tenancy/residents/new?unit={}", at.unit),
        format!("/persons/households/{}", at.household),
    ] {
        let page = site.get(&path, Some(&finance)).await;
        assert!(page.text().contains("您没有此项操作的权限"), "{path}");
        hides(&page, &path, &["阳光苑", "待租户"]);
    }
}
