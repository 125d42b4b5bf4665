//! A tenant's telephone before the real router at a real address, with a simulated payment company and a carrier's folder.

use super::{
    Answer, Site, form,
    tenancy::{active, assigned, form as contract_form, tenant, vacant},
};
use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use domain::{billing::sms::Prices, value::Money};
use server::{
    bank::folder::Folder,
    pay::{
        Till,
        simulate::{Behaviour, Company, Simulator},
    },
    portal::COOKIE,
    sms::{Carrier, FolderGateway},
};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::net::TcpListener;

pub const PHONE: &str = "13800001200";

/// A city whose tenants pay, at a real address, with one household.
pub struct Desk {
    pub site: Site,
    pub company: Simulator,
    pub till: Till,
    pub folder: PathBuf,
}

impl Desk {
    pub async fn open(company: Company, behaviour: Behaviour) -> Self {
        let folder = std::env::temp_dir().join(format!("housing-portal-{}", store::platform::token::short_id()));
        let ours = TcpListener::bind("127.0.0.1:0").await.expect("an address");
        let theirs = TcpListener::bind("127.0.0.1:0").await.expect("an address");
        let public = format!("http://{}", ours.local_addr().expect("an address"));
        let company = Simulator::start(company, behaviour, theirs).expect("a company");
        let till = Till::new(vec![company.gateway(&folder.join("pay")).expect("its settings")], &public);
        let gateway = Box::new(FolderGateway(Folder::open(&folder.join("sms")).expect("a folder")));
        let carrier =
            Arc::new(Carrier { gateway, prices: Prices { part: Money::from_fen(5), call: Money::from_fen(10) } });
        let site = Site::paying(till.clone(), Some(carrier)).await;
        let router: Router = site.router.clone();
        tokio::spawn(
            async move { axum::serve(ours, router.into_make_service_with_connect_info::<SocketAddr>()).await },
        );
        active(
            &site.test,
            &contract_form(assigned(&site.test, tenant(&site.test, 0).await, vacant(&site.test, 0).await).await),
        )
        .await;
        Self { site, company, till, folder }
    }

    pub async fn get(&self, path: &str, secret: Option<&str>) -> Answer {
        let builder = Request::builder().uri(path).header(header::HOST, "housing.example");
        let builder = match secret {
            Some(secret) => builder.header(header::COOKIE, format!("{COOKIE}={secret}")),
            None => builder,
        };
        self.site.ask(builder.body(Body::empty()).expect("a request")).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)], secret: Option<&str>) -> Answer {
        let builder = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, "housing.example")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let builder = match secret {
            Some(secret) => builder.header(header::COOKIE, format!("{COOKIE}={secret}")),
            None => builder,
        };
        self.site.ask(builder.body(Body::from(form(fields))).expect("a request")).await
    }

    /// Signs in as a browser without JavaScript does, with the code that the carrier was handed.
    pub async fn sign_in(&self) -> String {
        let asked = self.post("/my/sign-in/code", &[("phone", PHONE)], None).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
        let ticket = value_of(&asked.text(), "ticket");
        let mut code = String::new();
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let out = std::fs::read_dir(self.folder.join("sms/out")).expect("a folder").flatten();
            let file = out.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "json"));
            if let Some(file) = file {
                let message: serde_json::Value =
                    serde_json::from_slice(&std::fs::read(file).expect("a message")).expect("JSON");
                assert_eq!(message["phone"], PHONE);
                code =
                    message["content"].as_str().expect("text").chars().filter(char::is_ascii_digit).take(6).collect();
                break;
            }
        }
        let entered = self.post("/my/sign-in", &[("ticket", &ticket), ("code", &code)], None).await;
        assert_eq!((entered.status, entered.header("location")), (StatusCode::SEE_OTHER, "/my"), "{}", entered.text());
        let cookie = entered.header("set-cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        let value = cookie.strip_prefix(&format!("{COOKIE}=")).and_then(|rest| rest.split(';').next());
        value.expect("a session").to_owned()
    }

    /// Begins a payment of all bills; answers the number of its order.
    pub async fn order(&self, secret: &str, channel: &str) -> String {
        self.order_of(secret, channel, usize::MAX).await
    }

    /// As [`Self::order`], of so many bills.
    pub async fn order_of(&self, secret: &str, channel: &str, most: usize) -> String {
        let page = self.get("/my/bills", Some(secret)).await.text();
        let bills = values_of(&page, "bill");
        let (account, request) = (value_of(&page, "account"), value_of(&page, "request"));
        let mut fields = vec![("account", account.as_str()), ("request", request.as_str()), ("channel", channel)];
        fields.extend(bills.iter().take(most).map(|bill| ("bill", bill.as_str())));
        let made = self.post("/my/pay", &fields, Some(secret)).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
        made.header("location").rsplit('/').next().expect("a number").to_owned()
    }

    /// The payer follows the link and presses 支付.
    pub async fn pay(&self, secret: &str, no: &str) -> reqwest::Response {
        let page = self.get(&format!("/my/pay/{no}"), Some(secret)).await;
        assert_eq!(page.header("referrer-policy"), "strict-origin-when-cross-origin", "WeChat wants to know the site");
        let page = page.text();
        let url =
            page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).find(|url| url.starts_with("http"));
        let url = url.unwrap_or_else(|| panic!("no address to pay at: {page}")).replace("&amp;", "&");
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        // A browser tells where the link stood, as far as the page's policy lets it.
        let entered =
            client.get(url).header("referer", "http://housing.example/").send().await.expect("the company answers");
        let cashier = format!("{}{}", self.company.service(), entered.headers()["location"].to_str().expect("text"));
        let shown = client.get(&cashier).send().await.expect("a page").text().await.expect("text");
        assert!(shown.contains("支付") && shown.contains("放弃"), "{shown}");
        client.post(format!("{cashier}/pay")).send().await.expect("paid")
    }

    pub async fn status(&self, no: &str) -> String {
        self.site.text(&format!("select status from pay_order where order_no = '{no}'")).await
    }

    pub async fn payments(&self) -> i64 {
        self.site.id("select count(*) from payment").await
    }

    /// Waits until the company was answered so often.
    pub async fn heard(&self, times: usize) -> Vec<u16> {
        for _ in 0..200 {
            if self.company.heard().len() >= times {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.company.heard()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Values of the fields of a name, in the order of the page.
pub fn values_of(page: &str, name: &str) -> Vec<String> {
    let inputs = page.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
    inputs
        .filter(|input| input.contains(&format!("name=\"{name}\"")))
        .filter_map(|input| input.split("value=\"").nth(1)?.split('"').next().map(ToOwned::to_owned))
        .collect()
}

pub fn value_of(page: &str, name: &str) -> String {
    values_of(page, name).into_iter().next().unwrap_or_else(|| panic!("no field {name}: {page}"))
}
