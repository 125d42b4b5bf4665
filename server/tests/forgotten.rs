//! A forgotten password over HTTP: as a browser without JavaScript asks, with a code that a real folder's carrier was handed.

use crate::support::{
    Answer, Site,
    city::{self, PASSWORD},
    form, form_request,
};
use axum::{body::Body, http::StatusCode};
use domain::{
    billing::sms::Prices,
    platform::{forgotten::PAGE, user_form::UserForm},
    value::Money,
};
use serde_json::json;
use server::{
    bank::folder::Folder,
    pay::Till,
    sms::{Carrier, FolderGateway},
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use store::platform::user::{user_get, user_update};

const PHONE: &str = "13900000777";
const NEW: &str = "Another-Horse-8";

/// A site with a carrier behind a folder, where a clerk of the city has registered a telephone.
async fn open() -> (Site, PathBuf) {
    let folder = std::env::temp_dir().join(format!("housing-forgotten-{}", store::platform::token::short_id()));
    let gateway = Box::new(FolderGateway(Folder::open(&folder).expect("a folder")));
    let prices = Prices { part: Money::from_fen(5), call: Money::from_fen(9) };
    let site = Site::paying(Till::default(), Some(Arc::new(Carrier { gateway, prices }))).await;
    let admin = city::ctx(&site.test.database, "admin").await;
    let id = city::ctx(&site.test.database, "city").await.actor().id;
    let user = user_get(&admin, id).await.expect("an account");
    let entered = UserForm { phone: PHONE.into(), name: "测试".into(), ..UserForm::default() };
    user_update(&admin, id, user.version, &entered).await.expect("a telephone");
    (site, folder)
}

/// What a captcha asks for: the answer is in the database, there is no other way.
async fn captcha(site: &Site) -> (String, String) {
    let captcha = site.call("captcha_create", &json!({}), None).await.json();
    let id = captcha["id"].as_str().expect("an id").to_owned();
    let answer = site.text(&format!("select answer from captcha where id = '{id}'")).await;
    (id, answer)
}

/// Sends a form from the page of forgotten passwords.
async fn submit(site: &Site, function: &str, fields: &[(&str, &str)], query: &str) -> Answer {
    let mut head = form_request(function, fields, None);
    let referer = format!("http://housing.example{PAGE}{query}");
    head.headers_mut().expect("headers").insert("referer", referer.parse().expect("an address"));
    site.ask(head.body(Body::from(form(fields))).expect("a request")).await
}

async fn ask(site: &Site, login: &str, phone: &str) -> Answer {
    let (id, answer) = captcha(site).await;
    let fields = [("login", login), ("phone", phone), ("captcha_id", &*id), ("captcha", &*answer)];
    submit(site, "password_code_create", &fields, "").await
}

/// The page that a form was led to.
async fn landed(site: &Site, answer: &Answer) -> String {
    let to = answer.header("location").to_owned();
    site.get(to.strip_prefix("http://housing.example").unwrap_or(&to), None).await.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced_without_javascript() {
    let (site, folder) = open().await;
    let door = site.get("/sign-in", None).await.text();
    assert!(door.contains(&format!("href=\"{PAGE}\"")) && door.contains("忘记密码"), "{door}");
    let page = site.get(PAGE, None).await;
    assert_eq!(page.status, StatusCode::OK);
    for text in
        ["忘记密码", "name=\"login\"", "name=\"phone\"", "name=\"captcha_id\"", "action=\"/api/password_code_create\""]
    {
        assert!(page.text().contains(text), "{text}: {}", page.text());
    }
    let session = site.session("city").await;
    assert_eq!(site.get(PAGE, Some(&session)).await.header("location"), "/", "who is in forgot nothing");

    let asked = ask(&site, "city", PHONE).await;
    assert_eq!(asked.status, StatusCode::FOUND);
    let ticket = asked.header("location").split("ticket=").nth(1).expect("a ticket").to_owned();
    let page = landed(&site, &asked).await;
    assert!(page.contains("name=\"code\"") && page.contains(&ticket), "{page}");
    let code = code(&folder).await;

    let query = format!("?ticket={ticket}");
    let slip = [("ticket", &*ticket), ("code", &*code), ("new", NEW), ("again", "Another-Horse-9")];
    let refused = submit(&site, "password_forgotten_set", &slip, &query).await;
    assert!(!refused.header("location").contains(NEW), "{}", refused.header("location"));
    assert!(landed(&site, &refused).await.contains("两次输入的密码不一致"));
    let entered = [("ticket", &*ticket), ("code", &*code), ("new", NEW), ("again", NEW)];
    let set = submit(&site, "password_forgotten_set", &entered, &query).await;
    assert_eq!((set.status, set.header("location")), (StatusCode::FOUND, "/sign-in?reset=1"));
    assert!(set.session().is_none(), "the door is still to be passed");
    assert!(landed(&site, &set).await.contains("密码已重置"));
    assert_eq!(site.get("/", Some(&session)).await.header("location"), "/sign-in", "all sessions have ended");
    for (password, led) in [(PASSWORD, false), (NEW, true)] {
        let (id, answer) = captcha(&site).await;
        let fields = [("login", "city"), ("password", password), ("captcha_id", &*id), ("captcha", &*answer)];
        assert_eq!(site.submit("sign_in", &fields, None).await.session().is_some(), led, "{password}");
    }
    let _ = std::fs::remove_dir_all(folder);
}

/// The code that the carrier was handed.
async fn code(folder: &std::path::Path) -> String {
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let out = std::fs::read_dir(folder.join("out")).expect("a folder").flatten();
        let file = out.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "json"));
        if let Some(file) = file {
            let message: serde_json::Value =
                serde_json::from_slice(&std::fs::read(file).expect("a message")).expect("JSON");
            assert_eq!(message["phone"], PHONE);
            return message["content"].as_str().expect("text").chars().filter(char::is_ascii_digit).take(6).collect();
        }
    }
    panic!("no message went out")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_led_to_the_same_page_and_no_message_goes_out() {
    let (site, folder) = open().await;
    let stranger = ask(&site, "nobody", "13900000001").await;
    assert_eq!(stranger.status, StatusCode::FOUND);
    assert!(landed(&site, &stranger).await.contains("name=\"code\""));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(std::fs::read_dir(folder.join("out")).expect("a folder").count(), 0);
    let refused = ask(&site, "nobody", "12").await;
    assert!(landed(&site, &refused).await.contains("请输入11位手机号"));
    let _ = std::fs::remove_dir_all(folder);
}

/// Where no carrier is configured it says so.
#[tokio::test]
async fn without_a_carrier_the_administrator_helps() {
    let site = Site::open().await;
    let refused = ask(&site, "city", PHONE).await;
    assert!(landed(&site, &refused).await.contains("请联系系统管理员重置密码"));
    assert_eq!(site.id("select count(*) from password_code").await, 0);
}
