//! The payment companies' daily bills over a real connection: fetched once, held against the orders, and what comes of what does not
//! agree.

use crate::support::{city, desk::Desk};
use chrono::{DateTime, Days, TimeDelta, Utc};
use domain::{billing::pay_odd::PayOddOutcome, failure::Failure, list::ListQuery};
use server::pay::{
    bill::reconcile,
    simulate::{Behaviour, Company},
};
use store::{
    billing::{
        bank::statement::reconciliation_list,
        pay_order::{pay_odd_decide, pay_odd_list, pay_odd_propose},
    },
    ctx::{china_day, china_midnight},
};

const BOTH: [(Company, &str); 2] = [(Company::WeChat, "WECHAT"), (Company::Alipay, "ALIPAY")];

/// An hour of tomorrow in China.
fn tomorrow(hour: i64) -> DateTime<Utc> {
    let midnight = china_day(Utc::now()).checked_add_days(Days::new(1)).and_then(china_midnight).expect("a day");
    midnight + TimeDelta::hours(hour)
}

/// A household that has paid, and how its payment was told.
async fn paid(company: Company, channel: &str, behaviour: Behaviour) -> (Desk, String) {
    let desk = Desk::open(company, behaviour).await;
    let secret = desk.sign_in().await;
    let no = desk.order(&secret, channel).await;
    desk.pay(&secret, &no).await;
    if behaviour != Behaviour::Silent {
        desk.heard(1).await;
    }
    (desk, no)
}

/// Reason, status, order and amount of all that waits.
async fn pool(desk: &Desk) -> String {
    desk.site
        .text(
            "select coalesce(string_agg(reason || ' ' || status || ' ' || (order_id is not null) || ' ' || amount_fen, ',' order by id), '')
             from pay_odd",
        )
        .await
}

async fn ordered(desk: &Desk) -> i64 {
    desk.site.id("select amount_fen from pay_order").await
}

/// Lines and differences of the days, and whether the three sides say the same.
async fn days(desk: &Desk) -> String {
    desk.site
        .text(
            "select coalesce(string_agg(channel || ' ' || lines || ' ' || differences || ' ' ||
                 (own_fen = channel_fen and channel_fen = their_fen), ',' order by district_id nulls last), '') from reconciliation",
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_agrees_is_reconciled_once_and_not_before_ten() {
    for (company, channel) in BOTH {
        let (desk, _) = paid(company, channel, Behaviour::Told).await;
        let database = &desk.site.test.database;
        assert_eq!(reconcile(database, &desk.till, tomorrow(9)).await, Ok(None), "it is not there yet");
        let said = reconcile(database, &desk.till, tomorrow(10)).await.expect("a round").expect("a bill");
        assert_eq!(said, "核对支付渠道账单1份，1笔，补入账0笔，账单与订单一致");
        assert_eq!((days(&desk).await, pool(&desk).await), (format!("{channel} 1 0 true"), String::new()));
        assert_eq!(reconcile(database, &desk.till, tomorrow(11)).await, Ok(None), "the same day again");
        assert_eq!((desk.payments().await, desk.site.id("select count(*) from pay_bill_line").await), (1, 1));
        // A day on which nobody paid has no bill, and is noted as well.
        let said = reconcile(database, &desk.till, tomorrow(34)).await.expect("a round").expect("a day");
        assert_eq!(said, "核对支付渠道账单1份，0笔，补入账0笔，账单与订单一致");
        assert_eq!(desk.site.id("select count(*) from pay_bill").await, 2);
    }
}

/// Neither notice nor question: the money is entered by the bill alone.
#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_bill_tells_is_entered() {
    for (company, channel) in BOTH {
        let (desk, no) = paid(company, channel, Behaviour::Silent).await;
        assert_eq!((desk.status(&no).await.as_str(), desk.payments().await), ("PAYING", 0));
        let said =
            reconcile(&desk.site.test.database, &desk.till, tomorrow(10)).await.expect("a round").expect("a bill");
        assert!(said.contains("补入账1笔，账单与订单一致"), "{said}");
        assert_eq!((desk.status(&no).await.as_str(), desk.payments().await), ("PAID", 1));
        assert_eq!(days(&desk).await, format!("{channel} 1 0 true"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_agree_waits_in_the_pool() {
    for (company, channel) in BOTH {
        let (desk, _) = paid(company, channel, Behaviour::BillOther).await;
        let more = ordered(&desk).await + 1;
        reconcile(&desk.site.test.database, &desk.till, tomorrow(10)).await.expect("a round");
        assert_eq!(pool(&desk).await, format!("AMOUNT OPEN true {more}"));
        assert_eq!(days(&desk).await, format!("{channel} 1 1 false"));

        let (desk, _) = paid(company, channel, Behaviour::BillStranger).await;
        let amount = ordered(&desk).await;
        reconcile(&desk.site.test.database, &desk.till, tomorrow(10)).await.expect("a round");
        assert_eq!(pool(&desk).await, format!("UNKNOWN OPEN false {amount}"));
        assert_eq!(
            days(&desk).await,
            format!("{channel} 1 0 true,{channel} 1 1 false"),
            "one that nobody knows whose it is"
        );
        reconcile(&desk.site.test.database, &desk.till, tomorrow(11)).await.expect("a round");
        assert_eq!(pool(&desk).await, format!("UNKNOWN OPEN false {amount}"), "once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_the_bill_lacks_waits_in_the_pool() {
    for (company, channel) in BOTH {
        let desk = Desk::open(company, Behaviour::BillMissing).await;
        let secret = desk.sign_in().await;
        let (database, till) = (&desk.site.test.database, &desk.till);
        let first = desk.order_of(&secret, channel, 1).await;
        desk.pay(&secret, &first).await;
        desk.heard(1).await;
        // The company says that there is no bill at all: somebody has to look.
        let said = reconcile(database, till, tomorrow(10)).await.expect_err("nothing is noted");
        assert!(said.contains("although 1 orders were paid"), "{said}");
        assert_eq!((pool(&desk).await, desk.site.id("select count(*) from pay_bill").await), (String::new(), 0));
        let second = desk.order(&secret, channel).await;
        desk.pay(&secret, &second).await;
        desk.heard(2).await;
        reconcile(database, till, tomorrow(11)).await.expect("a round");
        assert_eq!(pool(&desk).await, "MISSING OPEN true 0");
        assert_eq!(days(&desk).await, format!("{channel} 1 1 false"));
        let (cashier, head) = (city::ctx(database, "cashier").await, city::ctx(database, "finhead").await);
        let day =
            &reconciliation_list(&cashier, &ListQuery::from_params([("by", channel)])).await.expect("days").rows[0];
        assert_eq!((day.by.code(), day.differences, day.open, day.agrees()), (channel, 1, 1, false));
        let odd = pay_odd_list(&cashier, &ListQuery::default()).await.expect("the pool").rows.remove(0);
        for outcome in [PayOddOutcome::Balance, PayOddOutcome::Returned] {
            let refused =
                pay_odd_propose(&cashier, odd.id, odd.version, outcome, "", "x").await.expect_err("never there");
            assert!(Failure::from(refused).to_string().starts_with("渠道账单无此交易的款项不能"));
        }
        let noted = pay_odd_propose(&cashier, odd.id, odd.version, PayOddOutcome::Noted, "", "列入次日账单").await;
        noted.expect("proposed");
        pay_odd_decide(&head, odd.id, odd.version + 1, true, "").await.expect("agreed");
        assert_eq!((pool(&desk).await.as_str(), desk.payments().await), ("MISSING DONE true 0", 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_bill_is_refused_and_fetched_again() {
    for (company, channel) in BOTH {
        let (desk, _) = paid(company, channel, Behaviour::BillDamaged).await;
        let (database, till) = (&desk.site.test.database, &desk.till);
        let said = reconcile(database, till, tomorrow(10)).await.expect_err("a damaged file");
        assert!(said.contains(if company == Company::WeChat { "hash is wrong" } else { "damaged ZIP" }), "{said}");
        assert_eq!(desk.site.id("select count(*) from pay_bill").await, 0, "nothing is noted of it");
        reconcile(database, till, tomorrow(11)).await.expect("a round").expect("a bill");
        assert_eq!(days(&desk).await, format!("{channel} 1 0 true"));
    }
}
