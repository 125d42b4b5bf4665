//! Text messages through a real folder: our side and the simulated carrier.

use crate::support::{
    city,
    database::TestDatabase,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use domain::{billing::sms::Prices, value::Money};
use futures_util::future::BoxFuture;
use server::{
    bank::folder::Folder,
    sms::{
        Carrier, FolderGateway, Receipt, SmsGateway, Unsent,
        exchange::exchange,
        simulate::{Behaviour, Simulator},
    },
};
use std::{fs, path::PathBuf};
use store::platform::sms::Outgoing;

/// A city with a carrier behind a folder, and messages that wait.
struct Desk {
    test: TestDatabase,
    folder: PathBuf,
    carrier: Carrier,
    now: DateTime<Utc>,
}

impl Desk {
    async fn open() -> Self {
        let test = TestDatabase::with_city().await;
        let folder = test.files().join("sms");
        let gateway = Box::new(FolderGateway(Folder::open(&folder).expect("a folder")));
        let carrier = Carrier { gateway, prices: Prices { part: Money::from_fen(5), call: Money::from_fen(9) } };
        // Ten o'clock in China.
        let now = Utc.with_ymd_and_hms(2026, 11, 28, 2, 0, 0).single().expect("a moment");
        active(&test, &form(assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await)).await;
        Self { test, folder, carrier, now }
    }

    async fn queue(&self, key: &str) {
        sqlx::query(
            "insert into sms (district_id, estate_id, account_id, contract_id, template, told_key, sign, params, content, phone_mask,
                 queued_at, not_before, parts)
             select district_id, estate_id, account_id, id, 'OVERDUE', $1, '测试', '{}', '请缴租金', phone_mask, $2, $2, 1
             from contract where account_id is not null",
        )
        .bind(key)
        .bind(self.now)
        .execute(&self.test.admin)
        .await
        .expect("a message");
    }

    async fn round(&self, minutes: i64) -> String {
        let now = self.now + TimeDelta::minutes(minutes);
        exchange(&self.test.database, Some(&self.carrier), now).await.expect("a round").unwrap_or_default()
    }

    async fn answer(&self, behaviour: Behaviour) -> usize {
        let carrier = Simulator::new(Folder::open(&self.folder).expect("a folder"), behaviour);
        carrier.answer(self.now).await.expect("an answer")
    }

    async fn statuses(&self) -> Vec<String> {
        sqlx::query_scalar("select status from sms order by id").fetch_all(&self.test.admin).await.expect("messages")
    }

    fn files(&self, part: &str) -> usize {
        fs::read_dir(self.folder.join(part)).expect("a folder").flatten().count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_out_and_receipts_come_back() {
    let desk = Desk::open().await;
    desk.queue("A").await;
    assert!(desk.round(0).await.starts_with("发送短信1条"), "it is handed over");
    assert_eq!(desk.files("out"), 1);
    assert_eq!(desk.answer(Behaviour::Duplicate).await, 1);
    assert_eq!(desk.files("out"), 0, "the carrier keeps no number");
    assert!(desk.round(1).await.contains("回执1条"), "of two receipts one counts");
    assert_eq!(desk.statuses().await, ["DELIVERED"]);
    desk.queue("B").await;
    desk.round(2).await;
    desk.answer(Behaviour::Failed).await;
    desk.round(3).await;
    assert_eq!(desk.statuses().await, ["DELIVERED", "FAILED"]);
    desk.queue("C").await;
    desk.round(4).await;
    desk.answer(Behaviour::Silent).await;
    desk.round(5).await;
    assert_eq!(desk.statuses().await, ["DELIVERED", "FAILED", "SENT"]);
    // Ten o'clock of the fourth day.
    assert!(desk.round(4 * 24 * 60).await.contains("无回执1条"));
    assert_eq!(desk.statuses().await, ["DELIVERED", "FAILED", "SILENT"]);
}

/// A carrier that takes nothing.
struct Refusing;

impl SmsGateway for Refusing {
    fn send<'a>(&'a self, _: &'a Outgoing) -> BoxFuture<'a, Result<String, Unsent>> {
        Box::pin(async { Err(Unsent::Refused("no".to_owned())) })
    }

    fn receipts(&self) -> BoxFuture<'_, Result<Vec<Receipt>, String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn acknowledge<'a>(&'a self, _: &'a Receipt) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_refuses_is_tried_three_times() {
    let desk = Desk::open().await;
    desk.queue("A").await;
    let carrier =
        Carrier { gateway: Box::new(Refusing), prices: Prices { part: Money::from_fen(5), call: Money::from_fen(9) } };
    for minutes in [0, 6, 40] {
        let now = desk.now + TimeDelta::minutes(minutes);
        assert!(exchange(&desk.test.database, Some(&carrier), now).await.is_err(), "{minutes}");
    }
    assert_eq!(desk.statuses().await, ["FAILED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_is_away_costs_no_message_its_attempts() {
    let desk = Desk::open().await;
    for key in ["A", "B", "C", "D", "E"] {
        desk.queue(key).await;
    }
    fs::remove_dir_all(desk.folder.join("out")).expect("the folder goes away");
    for minutes in [0, 6, 40, 80] {
        let now = desk.now + TimeDelta::minutes(minutes);
        assert!(exchange(&desk.test.database, Some(&desk.carrier), now).await.is_err(), "{minutes}");
    }
    assert_eq!(desk.statuses().await, ["QUEUED"; 5], "also those that were not tried");
    fs::create_dir(desk.folder.join("out")).expect("it is back");
    assert!(desk.round(120).await.starts_with("发送短信5条"));
    desk.queue("F").await;
    let night = desk.now + TimeDelta::hours(12);
    assert_eq!(exchange(&desk.test.database, Some(&desk.carrier), night).await, Ok(None), "nothing is sent at night");
    assert_eq!(exchange(&desk.test.database, None, desk.now).await, Ok(Some("未配置短信接口".to_owned())));
    let late = desk.now + TimeDelta::hours(49);
    let told = exchange(&desk.test.database, None, late).await;
    assert_eq!(told, Ok(Some("未配置短信接口，超时取消1条".to_owned())));
    drop(city::ctx(&desk.test.database, "city").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_receipt_keeps_no_other_waiting_and_a_late_message_is_dropped() {
    let desk = Desk::open().await;
    desk.queue("A").await;
    desk.round(0).await;
    let path = |name: &str| desk.folder.join("in").join(name);
    fs::write(path("a.json"), "x".repeat(70_000)).expect("a file");
    fs::write(path("b.json"), "{").expect("a file");
    let id: i64 = sqlx::query_scalar("select id from sms").fetch_one(&desk.test.admin).await.expect("a message");
    fs::write(path("c.json"), format!(r#"{{"id": {id}, "delivered": true, "code": "A\u0000B"}}"#)).expect("a receipt");
    assert!(desk.round(1).await.contains("回执1条"));
    assert_eq!(desk.statuses().await, ["DELIVERED"]);
    assert_eq!((desk.files("in"), desk.files("done")), (0, 3));
    desk.queue("B").await;
    desk.round(2).await;
    // The carrier comes to it in the evening.
    let carrier = Simulator::new(Folder::open(&desk.folder).expect("a folder"), Behaviour::Delivered);
    carrier.answer(desk.now + TimeDelta::hours(11)).await.expect("an answer");
    desk.round(3).await;
    assert_eq!(desk.statuses().await, ["DELIVERED", "FAILED"]);
}
