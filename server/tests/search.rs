//! The search as a browser gets it: a person's number goes by the body of a form and stands in no address.

use crate::support::{Answer, Site, city, form, request};
use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use domain::{list::percent_encode, person::PersonForm};

const FOUND: &str = "甲区租户";
const NUMBER: &str = "13800000000";

/// A site with one person, indexed.
async fn site() -> Site {
    let site = Site::open().await;
    let person = PersonForm {
        name: FOUND.into(),
        person_type: "TENANT".into(),
        organization: site.id("select id from organization where code = '810101'").await.to_string(),
        id_type: "PASSPORT".into(),
        id_number: "A1234567".into(),
        phone: NUMBER.into(),
        ..Default::default()
    };
    let ctx = city::ctx(&site.test.database, "city").await;
    store::person::person_create(&ctx, &person).await.expect("a person");
    while store::search::search_refresh(&site.test.database).await.expect("indexed") > 0 {}
    site
}

async fn sent(site: &Site, session: Option<&str>, query: &str) -> Answer {
    let head = request(Method::POST, "/search", session)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin");
    site.ask(head.body(Body::from(form(&[("q", query)]))).expect("a request")).await
}

#[tokio::test]
async fn a_number_is_answered_under_an_address_without_it() {
    let site = site().await;
    let city = site.session("city").await;
    let page = sent(&site, Some(&city), "138 0000 0000").await;
    assert_eq!(page.status, StatusCode::OK);
    let html = page.text();
    assert!(html.contains(FOUND) && html.contains("A****67"), "{html}");
    assert!(!html.contains(NUMBER) && !html.contains("138 0000 0000"), "the number is not sent back");
    let counted = site.id("select count(*) from person_search where hits = 1").await;
    assert_eq!(counted, 1);
    // Typed into the address all the same, it finds nothing and counts nothing.
    let refused = site.get(&format!("/search?q={NUMBER}"), Some(&city)).await;
    let html = refused.text();
    assert!(html.contains("不在地址栏中查找") && !html.contains(FOUND), "{html}");
    assert_eq!(site.id("select count(*) from person_search").await, 1);
}

#[tokio::test]
async fn what_is_no_number_gets_an_address_to_keep() {
    let site = site().await;
    let city = site.session("city").await;
    let led = sent(&site, Some(&city), " 阳光苑 ").await;
    assert_eq!(led.status, StatusCode::SEE_OTHER);
    assert_eq!(led.header("location"), format!("/search?q={}", percent_encode("阳光苑")));
    let page = site.get(led.header("location"), Some(&city)).await;
    assert!(page.text().contains("data-hits=\"小区\""), "{}", page.text());
    let elsewhere = site.session("district-b").await;
    let page = site.get(led.header("location"), Some(&elsewhere)).await;
    assert!(page.text().contains("没有找到"), "{}", page.text());
    let outside = sent(&site, None, NUMBER).await;
    assert_eq!((outside.status, outside.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
}
