//! Settings that take effect while the process runs.

use crate::support::Site;

/// A page may only load tiles from where its own settings say they are.
#[tokio::test]
async fn the_policy_follows_the_tiles() {
    let site = Site::open().await;
    let city = site.session("city").await;
    for (tiles, rule) in [
        ("", "img-src 'self' data: ;"),
        ("https://{s}.tiles.example/{z}/{x}/{y}.png", "img-src 'self' data: https://*.tiles.example;"),
        ("", "img-src 'self' data: ;"),
    ] {
        site.settings.send_modify(|settings| tiles.clone_into(&mut settings.map_tiles));
        let page = site.get("/map", Some(&city)).await;
        let policy = page.header("content-security-policy");
        assert!(policy.contains(rule), "{tiles}: {policy}");
    }
}
