//! Tenants over HTTP: signing in, looking, paying through a simulated payment company that speaks its protocol over a real
//! connection, and what is not believed.

use crate::support::{
    Answer,
    desk::{Desk, PHONE, value_of},
    request,
};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use chrono::Utc;
use server::{
    pay::{
        Till, exchange,
        simulate::{Behaviour, Company},
    },
    portal::COOKIE,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_signs_in_pays_and_has_a_receipt() {
    for (company, channel) in [(Company::WeChat, "WECHAT"), (Company::Alipay, "ALIPAY")] {
        let desk = Desk::open(company, Behaviour::Twice).await;
        let secret = desk.sign_in().await;
        let home = desk.get("/my", Some(&secret)).await.text();
        assert!(home.contains("月光苑") && home.contains("去缴费") && home.contains("138****1200"), "{home}");
        let no = desk.order(&secret, channel).await;
        assert_eq!(desk.status(&no).await, "PAYING");
        let paid = desk.pay(&secret, &no).await;
        assert!(paid.headers()["location"].to_str().expect("text").ends_with(&format!("/my/pay/{no}")));
        let answers = desk.heard(2).await;
        assert!(answers.len() == 2 && answers.iter().all(|status| matches!(status, 200 | 204)), "{answers:?}");
        assert_eq!((desk.status(&no).await.as_str(), desk.payments().await), ("PAID", 1), "told twice, entered once");
        let page = desk.get(&format!("/my/pay/{no}"), Some(&secret)).await.text();
        let receipt = page
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .find(|url| url.starts_with("/my/receipts/"));
        let receipt = desk.get(receipt.expect("a receipt"), Some(&secret)).await;
        assert_eq!(receipt.status, StatusCode::OK);
        assert!(receipt.text().contains("收据号") && receipt.text().contains("大写"), "{}", receipt.text());
        let bills = desk.get("/my/bills", Some(&secret)).await.text();
        assert!(bills.contains("没有待缴账单") && bills.contains("已结清账单"), "{bills}");
        for path in ["/my/contract", "/my/notices", "/my/receipts"] {
            assert_eq!(desk.get(path, Some(&secret)).await.status, StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_believed_pays_nothing() {
    for (company, channel) in [(Company::WeChat, "WECHAT"), (Company::Alipay, "ALIPAY")] {
        for behaviour in [Behaviour::Forged, Behaviour::Old] {
            let desk = Desk::open(company, behaviour).await;
            let secret = desk.sign_in().await;
            let no = desk.order(&secret, channel).await;
            desk.pay(&secret, &no).await;
            assert_eq!(desk.heard(1).await.first(), Some(&401), "{company:?} {behaviour:?}");
            assert_eq!(
                (desk.status(&no).await.as_str(), desk.payments().await),
                ("PAYING", 0),
                "{company:?} {behaviour:?}"
            );
        }
    }
    let desk = Desk::open(Company::WeChat, Behaviour::Told).await;
    for (path, body) in [("wechat", "{}"), ("wechat", ""), ("alipay", "sign=x&notify_time=x"), ("alipay", "\u{0}")] {
        let sent =
            request(Method::POST, &format!("/pay/notify/{path}"), None).body(Body::from(body)).expect("a request");
        let answer = desk.site.ask(sent).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path} {body:?}: {}", answer.text());
    }
}

/// The company is told that we have understood, once the money is kept; and the home can pay again.
#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_not_the_orders_is_kept_and_blocks_nobody() {
    for (company, channel) in [(Company::WeChat, "WECHAT"), (Company::Alipay, "ALIPAY")] {
        for (behaviour, reason, status) in
            [(Behaviour::Stranger, "UNKNOWN", "PAYING"), (Behaviour::Short, "AMOUNT", "CLOSED")]
        {
            let desk = Desk::open(company, behaviour).await;
            let secret = desk.sign_in().await;
            let no = desk.order(&secret, channel).await;
            desk.pay(&secret, &no).await;
            assert!(matches!(desk.heard(1).await.first(), Some(200 | 204)), "{company:?} {behaviour:?}");
            assert_eq!((desk.status(&no).await.as_str(), desk.payments().await), (status, 0), "{company:?}");
            assert_eq!(desk.site.text("select reason from pay_odd").await, reason);
            let later = Utc::now() + chrono::TimeDelta::minutes(45);
            let till = Till::new(vec![desk.company.gateway(&desk.folder.join("pay")).expect("settings")], "http://x");
            exchange::exchange(&desk.site.test.database, &till, later).await.expect("the plan is not red");
            if behaviour == Behaviour::Short {
                let page = desk.get(&format!("/my/pay/{no}"), Some(&secret)).await.text();
                assert!(page.contains("金额不符") && page.contains("请勿重复支付"), "{page}");
                assert_ne!(desk.order(&secret, channel).await, no, "the home can pay again");
            }
        }
    }
}

/// A company that is not worked with any more leaves nobody waiting.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_nobody_can_be_asked_about_ends() {
    let desk = Desk::open(Company::Alipay, Behaviour::Told).await;
    let secret = desk.sign_in().await;
    let no = desk.order(&secret, "ALIPAY").await;
    let (database, till) = (&desk.site.test.database, Till::default());
    let later = |minutes| Utc::now() + chrono::TimeDelta::minutes(minutes);
    assert!(exchange::exchange(database, &till, later(45)).await.is_err(), "somebody has to look");
    assert_eq!(desk.status(&no).await, "PAYING");
    let ended = exchange::exchange(database, &till, later(95)).await.expect("a round");
    assert_eq!(ended.as_deref(), Some("查询支付订单：到账0笔，关闭1笔"));
    assert_eq!(desk.status(&no).await, "CLOSED");
    assert_eq!(exchange::exchange(database, &till, later(60 * 24)).await, Ok(None), "and is not red for it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_company_is_asked() {
    for (company, channel) in [(Company::WeChat, "WECHAT"), (Company::Alipay, "ALIPAY")] {
        let desk = Desk::open(company, Behaviour::Silent).await;
        let secret = desk.sign_in().await;
        let no = desk.order(&secret, channel).await;
        let check = format!("/my/pay/{no}/check");
        let early = desk.post(&check, &[], Some(&secret)).await;
        assert!(early.text().contains("尚未收到付款结果"), "{}", early.text());
        let soon = desk.post(&check, &[], Some(&secret)).await;
        assert!(soon.text().contains("操作过于频繁，请于5秒后再试"), "{}", soon.text());
        desk.pay(&secret, &no).await;
        sqlx::query("update pay_order set pressed_at = null").execute(&desk.site.test.admin).await.expect("later");
        // The payer comes back and asks; a plan would have asked by itself.
        let late = desk.post(&check, &[], Some(&secret)).await;
        assert_eq!(late.status, StatusCode::SEE_OTHER, "{}", late.text());
        assert_eq!((desk.status(&no).await.as_str(), desk.payments().await), ("PAID", 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_cancelled_or_ends_by_the_plan() {
    for (company, channel) in [(Company::WeChat, "WECHAT"), (Company::Alipay, "ALIPAY")] {
        let desk = Desk::open(company, Behaviour::Told).await;
        let secret = desk.sign_in().await;
        let first = desk.order(&secret, channel).await;
        let bills = desk.get("/my/bills", Some(&secret)).await.text();
        assert!(bills.contains("有一笔支付尚未完成") && !bills.contains("name=\"channel\""), "{bills}");
        let gone = desk.post(&format!("/my/pay/{first}/cancel"), &[], Some(&secret)).await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.text());
        assert_eq!(desk.status(&first).await, "CLOSED");
        let second = desk.order(&secret, channel).await;
        let database = &desk.site.test.database;
        let till =
            Till::new(vec![desk.company.gateway(&desk.folder.join("pay")).expect("settings")], "http://127.0.0.1:1");
        let later = |minutes| Utc::now() + chrono::TimeDelta::minutes(minutes);
        assert_eq!(exchange::exchange(database, &till, later(2)).await, Ok(None), "it can still be paid");
        assert_eq!(desk.status(&second).await, "PAYING");
        let ended = exchange::exchange(database, &till, later(45)).await.expect("a round");
        assert_eq!(ended.as_deref(), Some("查询支付订单：到账0笔，关闭1笔"));
        assert_eq!(desk.status(&second).await, "CLOSED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_what_is_somebody_elses() {
    let desk = Desk::open(Company::WeChat, Behaviour::Told).await;
    let secret = desk.sign_in().await;
    let no = desk.order(&secret, "WECHAT").await;
    let staff = desk.site.session("city").await;
    for path in
        ["/my", "/my/bills", "/my/contract", "/my/notices", "/my/receipts", "/my/receipts/1", &format!("/my/pay/{no}")]
    {
        for session in [None, Some("x"), Some(staff.as_str())] {
            let answer = desk.get(path, session).await;
            assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/my/sign-in"), "{path}");
        }
        // A session of the staff opens nothing here, and one of a tenant nothing there.
        assert_eq!(desk.site.get(path, Some(&staff)).await.header("location"), "/my/sign-in", "{path}");
    }
    for path in
        ["/my/pay", &format!("/my/pay/{no}/cancel"), &format!("/my/pay/{no}/check"), &format!("/my/pay/{no}/place")]
    {
        assert_eq!(desk.post(path, &[], None).await.header("location"), "/my/sign-in", "{path}");
    }
    assert_eq!(desk.site.get("/units", Some(&secret)).await.header("location"), "/sign-in");
    // Somebody else's records are not there, nor is what there is no page of.
    for path in ["/my/receipts/999999", "/my/receipts/x", "/my/pay/ZF00000000000000", "/my/x", "/my/x/y"] {
        let answer = desk.get(path, Some(&secret)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.text().contains("记录不存在，或不属于您"), "{path}");
    }
    assert_eq!(desk.get("/my/pay/%00", Some(&secret)).await.status, StatusCode::BAD_REQUEST);
    // A form of another site.
    let forged = Request::builder()
        .method(Method::POST)
        .uri(format!("/my/pay/{no}/cancel"))
        .header(header::HOST, "housing.example")
        .header("sec-fetch-site", "cross-site")
        .header(header::COOKIE, format!("{COOKIE}={secret}"));
    let forged = desk.site.ask(forged.body(Body::empty()).expect("a request")).await;
    assert_eq!((forged.status, desk.status(&no).await.as_str()), (StatusCode::FORBIDDEN, "PAYING"));
    let out = desk.post("/my/sign-out", &[], Some(&secret)).await;
    assert_eq!(out.header("location"), "/my/sign-in");
    assert_eq!(desk.get("/my", Some(&secret)).await.header("location"), "/my/sign-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_light_and_has_no_script() {
    let desk = Desk::open(Company::WeChat, Behaviour::Told).await;
    let secret = desk.sign_in().await;
    let packed = |path: String| {
        let builder = Request::builder()
            .uri(path)
            .header(header::HOST, "housing.example")
            .header(header::ACCEPT_ENCODING, "br")
            .header(header::COOKIE, format!("{COOKIE}={secret}"));
        builder.body(Body::empty()).expect("a request")
    };
    let page = desk.get("/my/bills", Some(&secret)).await;
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'self'"));
    assert_eq!(page.header("cache-control"), "no-store");
    let text = page.text();
    assert!(!text.contains("<script") && !text.contains("/pkg/"), "{text}");
    let style =
        text.split("href=\"").find_map(|rest| rest.starts_with("/my/style.css").then(|| rest.split('"').next()));
    let style = style.flatten().expect("a sheet").to_owned();
    let (page, sheet) = (desk.site.ask(packed("/my/bills".into())).await, desk.site.ask(packed(style)).await);
    assert_eq!((page.header("content-encoding"), sheet.header("content-encoding")), ("br", "br"));
    let bytes = page.body.len() + sheet.body.len();
    println!("the bill page with all that it loads: {bytes} bytes of brotli");
    assert!(bytes < 20_000, "{bytes} bytes: the page may weigh 230 KB and has no reason to");
    assert!(sheet.header("cache-control").contains("immutable"));
    // 大字版 is kept and leads back to where it was asked for, and nowhere else.
    let large = desk.post("/my/size", &[("large", "1"), ("back", "/my/bills")], Some(&secret)).await;
    assert_eq!(large.header("location"), "/my/bills");
    assert!(large.header("set-cookie").starts_with("housing_large=1"));
    // What is only posted to is no page to come back to.
    let code = desk.post("/my/sign-in/code", &[("phone", "13899990000")], None).await.text();
    let back = value_of(&code, "back");
    let again = desk.post("/my/size", &[("large", "1"), ("back", &back)], None).await;
    assert_eq!(desk.get(again.header("location"), None).await.status, StatusCode::OK, "{back}");
    let away = desk.post("/my/size", &[("large", "1"), ("back", "/my/../../evil.example")], Some(&secret)).await;
    assert_eq!(away.header("location"), "/my");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_says_the_same_to_everybody() {
    let desk = Desk::open(Company::WeChat, Behaviour::Told).await;
    let known = desk.post("/my/sign-in/code", &[("phone", PHONE)], None).await;
    let unknown = desk.post("/my/sign-in/code", &[("phone", "13899990000")], None).await;
    let strip = |answer: &Answer, end: &str| {
        let text = answer.text();
        text.replace(&value_of(&text, "ticket"), "").replace(end, "")
    };
    assert_eq!(strip(&known, "138****1200"), strip(&unknown, "138****0000"));
    assert!(!known.text().contains(PHONE), "the number stands nowhere");
    let soon = desk.post("/my/sign-in/code", &[("phone", PHONE)], None).await;
    assert!(soon.text().contains("操作过于频繁，请于"), "{}", soon.text());
    let wrong = desk.post("/my/sign-in", &[("ticket", "x"), ("code", "1")], None).await;
    assert!(wrong.text().contains("验证码已过期，请重新获取"), "{}", wrong.text());
    let none = desk.post("/my/sign-in/code", &[("phone", "1380000<b>")], None).await;
    assert!(none.text().contains("请输入11位手机号") && !none.text().contains("<b>"), "{}", none.text());
    assert_eq!(value_of(&none.text(), "phone"), "1380000&lt;b&gt;", "what was entered stays");
    // The third of a day wants a captcha, and then it is sent.
    let earlier = "update tenant_code set sent_at = sent_at - interval '61 seconds'";
    for nth in 0..2 {
        sqlx::query(earlier).execute(&desk.site.test.admin).await.expect("a minute passed");
        let answer = desk.post("/my/sign-in/code", &[("phone", "138 0000 1200")], None).await;
        assert_eq!(answer.status, if nth == 0 { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY });
        if nth == 1 {
            let page = answer.text();
            assert!(page.contains("请输入图形验证码") && page.contains("data:image/png;base64,"), "{page}");
            let id = value_of(&page, "captcha_id");
            let read = desk.site.text(&format!("select answer from captcha where id = '{id}'")).await;
            let fields = [("phone", PHONE), ("captcha_id", id.as_str()), ("captcha", read.as_str())];
            assert_eq!(desk.post("/my/sign-in/code", &fields, None).await.status, StatusCode::OK);
        }
    }
}
