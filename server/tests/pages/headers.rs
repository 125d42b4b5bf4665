//! What travels with a page: headers, and the policy of its scripts.

use crate::support::{self, Site};
use std::collections::BTreeSet;

#[tokio::test]
async fn every_answer_carries_its_headers() {
    let site = Site::with(false, Some("https://tiles.example")).await;
    let city = site.session("city").await;
    let asset = format!("/pkg/{}/housing.css", support::BUILD);
    for (path, session, cached) in [
        ("/sign-in", None, "no-store"),
        ("/", Some(&city), "no-store"),
        ("/nowhere", Some(&city), "no-store"),
        ("/files/template/estate", Some(&city), "no-store"),
        ("/map/outlines", Some(&city), "private, max-age=300"),
        (asset.as_str(), None, "public, max-age=31536000, immutable"),
    ] {
        let answer = site.get(path, session.map(String::as_str)).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cache-control"), cached, "{path}");
    }
    let call = site.call("frame_get", &serde_json::json!({}), Some(&city)).await;
    assert_eq!(call.header("cache-control"), "no-store");
}

/// Only our own scripts run: each carries the nonce of this very page.
#[tokio::test]
async fn the_policy_names_the_scripts_of_the_page() {
    let site = Site::with(false, Some("https://tiles.example")).await;
    let city = site.session("city").await;
    let mut nonces = BTreeSet::new();
    for (path, session) in [("/sign-in", None), ("/", Some(&city)), ("/housing/units", Some(&city)), ("/", Some(&city))]
    {
        let page = site.get(path, session.map(String::as_str)).await;
        let policy = page.header("content-security-policy").to_owned();
        for part in [
            "default-src 'self'",
            "style-src 'self';",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "connect-src 'self'",
            "img-src 'self' data: https://tiles.example;",
        ] {
            assert!(policy.contains(part), "{path}: {part} in {policy}");
        }
        assert!(!policy.contains("unsafe-eval'") || policy.contains("'wasm-unsafe-eval'"), "{policy}");
        let script =
            policy.split("script-src").nth(1).and_then(|rest| rest.split(';').next()).expect("a rule for scripts");
        assert!(
            !script.contains("unsafe-inline")
                && !script.contains(" 'unsafe-eval'")
                && script.contains("'strict-dynamic'"),
            "{script}"
        );
        let nonce =
            script.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce").to_owned();
        let html = page.text();
        let scripts = html.matches("<script").count();
        assert!(
            scripts > 0 && html.matches(&format!("nonce=\"{nonce}\"")).count() >= scripts,
            "{path}: every script carries the nonce"
        );
        assert!(!html.contains(" onclick=") && !html.contains("javascript:"), "{path}: no script in attributes");
        for outside in ["src=\"http", "src=\"//", "href=\"http", "href=\"//"] {
            assert!(!html.contains(outside), "{path} loads from another host");
        }
        nonces.insert(nonce);
    }
    assert_eq!(nonces.len(), 4, "a nonce is used once");
}
