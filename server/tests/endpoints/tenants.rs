//! The addresses of tenants and payment companies: no session of the staff opens any of them. What a tenant's own session opens
//! is asked in `tests/portal.rs`.

use super::routed;
use crate::support::{Site, request};
use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use std::collections::BTreeSet;

/// What is answered to whoever has no session of a tenant.
#[derive(Clone, Copy)]
enum Told {
    /// led to the tenants' door
    Door,
    /// led to another page, as everybody is
    Led,
    Page,
    /// the form has a complaint
    Complaint,
    NotThere,
    /// no signature of a payment company
    NotBelieved,
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;

/// Address as the router has it, address as it is asked, method, answer.
const TENANTS: [(&str, &str, Method, Told); 21] = [
    ("/my", "/my", GET, Told::Door),
    ("/my/", "/my/", GET, Told::Led),
    ("/my/sign-in", "/my/sign-in", GET, Told::Page),
    ("/my/sign-in", "/my/sign-in", POST, Told::Complaint),
    ("/my/sign-in/code", "/my/sign-in/code", POST, Told::Complaint),
    ("/my/sign-out", "/my/sign-out", POST, Told::Door),
    ("/my/bills", "/my/bills", GET, Told::Door),
    ("/my/pay", "/my/pay", GET, Told::Led),
    ("/my/pay", "/my/pay", POST, Told::Door),
    ("/my/pay/{no}", "/my/pay/ZF1", GET, Told::Door),
    ("/my/pay/{no}/place", "/my/pay/ZF1/place", POST, Told::Door),
    ("/my/pay/{no}/check", "/my/pay/ZF1/check", POST, Told::Door),
    ("/my/pay/{no}/cancel", "/my/pay/ZF1/cancel", POST, Told::Door),
    ("/my/receipts", "/my/receipts", GET, Told::Door),
    ("/my/receipts/{id}", "/my/receipts/1", GET, Told::Door),
    ("/my/contract", "/my/contract", GET, Told::Door),
    ("/my/notices", "/my/notices", GET, Told::Door),
    ("/my/size", "/my/size", POST, Told::Led),
    ("/my/{*rest}", "/my/x", GET, Told::NotThere),
    ("/my/{*rest}", "/my/x", POST, Told::NotThere),
    ("/my/style.css", "/my/style.css", GET, Told::Page),
];
const COMPANIES: [(&str, &str, Method, Told); 2] = [
    ("/pay/notify/wechat", "/pay/notify/wechat", POST, Told::NotBelieved),
    ("/pay/notify/alipay", "/pay/notify/alipay", POST, Told::NotBelieved),
];

#[tokio::test]
async fn every_address_of_tenants_has_an_entry_and_opens_to_nobody_else() {
    for (file, entries) in [("server/src/portal/mod.rs", &TENANTS[..]), ("server/src/pay/notify.rs", &COMPANIES[..])] {
        let listed: BTreeSet<String> = entries.iter().map(|(at, ..)| (*at).to_owned()).collect();
        assert_eq!(routed(file).1, listed, "left: in {file}, right: listed here");
    }
    let site = Site::open().await;
    let staff = [site.session("city").await, site.session("cashier").await, site.session("district-b").await];
    let staff: Vec<Option<&str>> = staff.iter().map(|session| Some(session.as_str())).collect();
    for (_, path, method, told) in TENANTS.iter().chain(&COMPANIES) {
        for session in [None].iter().chain(&staff) {
            for body in ["", "phone=x&code=x&ticket=x", "\u{0}=%ff&&&"] {
                let head = request(method.clone(), path, *session)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                let body = if *method == GET { "" } else { body };
                let answer = site.ask(head.body(Body::from(body)).expect("a request")).await;
                let (status, location) = (answer.status, answer.header("location").to_owned());
                let right = match told {
                    Told::Door => status == StatusCode::SEE_OTHER && location == "/my/sign-in",
                    Told::Led => status == StatusCode::SEE_OTHER && location.starts_with("/my"),
                    Told::Page => status == StatusCode::OK,
                    Told::Complaint => status == StatusCode::UNPROCESSABLE_ENTITY,
                    Told::NotThere => status == StatusCode::NOT_FOUND,
                    Told::NotBelieved => status == StatusCode::UNAUTHORIZED,
                };
                assert!(right, "{method} {path} {body:?}: {status} {location} {}", answer.text());
            }
        }
    }
}
