//! What becomes of reminders after they were made: nothing is said twice, nothing of what was paid, and nothing too late.

use super::desk::{at, change, ctx_on, household, number, pay, published, published_as, records, refusal, text};
use crate::support::{TestDatabase, tenancy::tenant};
use domain::{
    billing::{
        dunning::RuleSetForm,
        instalment::PauseForm,
        sms::{Resent, SmsStatus},
    },
    id::AccountId,
    list::ListQuery,
    value::Money,
};
use store::{
    billing::{
        arrears::arrears_follow,
        dunning::{dunning_run, pause_create, pause_decide, pause_end, trial_list},
    },
    platform::sms::{
        sms_block_create, sms_claim, sms_expire, sms_put_back, sms_receipt, sms_resend, sms_resend_failed, sms_settle,
    },
};

/// A household of which the run of 11 December has said four things, two of them by text message.
async fn reminded(test: &TestDatabase) -> AccountId {
    let account = household(test).await;
    published(test, "2014-12-11").await;
    arrears_follow(&test.database, at("2014-12-11", 0)).await.expect("a count");
    assert_eq!(run(test, "2014-12-11").await, 4);
    account
}

async fn run(test: &TestDatabase, day: &str) -> u64 {
    dunning_run(&test.database, at(day, 1)).await.expect("a run").made
}

async fn debt(test: &TestDatabase) -> i64 {
    number(test, "select sum(amount_fen)::bigint from bill where kind = 'RENT'").await
}

async fn statuses(test: &TestDatabase) -> Vec<String> {
    sqlx::query_scalar("select status from sms order by id").fetch_all(&test.admin).await.expect("messages")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_set_repeats_nothing_and_a_district_may_go_back_to_the_city() {
    let test = TestDatabase::with_city().await;
    reminded(&test).await;
    published(&test, "2014-12-12").await;
    assert_eq!(run(&test, "2014-12-12").await, 0, "it was said this month");
    // A month that begins repeats nothing of the week before.
    change(&test, "update dunning_record set at = '2014-12-28 04:00+00'").await;
    assert_eq!(run(&test, "2015-01-01").await, 0);
    assert_eq!(run(&test, "2015-01-04").await, 3);
    let district = number(&test, "select id from organization where code = '810101'").await.to_string();
    let back = |form| RuleSetForm { district: district.clone(), content: RuleSetForm::CITY.into(), ..form };
    published_as(&test, "2015-02-01", back).await;
    assert_eq!(run(&test, "2015-02-01").await, 0, "the city has no rules");
    let set = published_as(&test, "2015-02-02", |form| form).await.to_string();
    let checker = ctx_on(&test, "city-check", "2015-02-02").await;
    let query = ListQuery::from_params([("set", set.as_str()), ("month", "2015-02"), ("outcome", "CONTACT")]);
    assert_eq!(trial_list(&checker, &query).await.expect("a trial").total, 3, "who checks may try");
    assert_eq!(run(&test, "2015-02-02").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_while_it_is_sent_is_not_sent_again() {
    let test = TestDatabase::with_city().await;
    let account = reminded(&test).await;
    let claimed = sms_claim(&test.database, 10, at("2014-12-11", 9)).await.expect("a claim");
    let ids: Vec<i64> = claimed.iter().map(|message| message.id).collect();
    assert_eq!(claimed[0].send_before, at("2014-12-11", 21));
    pay(&ctx_on(&test, "cashier", "2014-12-11").await, account, 1, debt(&test).await).await;
    sms_put_back(&test.database, &ids, "短信接口未响应", at("2014-12-11", 9)).await.expect("put back");
    assert_eq!(number(&test, "select max(attempts)::bigint from sms").await, 0, "the carrier was away");
    assert!(sms_claim(&test.database, 10, at("2014-12-11", 10)).await.expect("a claim").is_empty());
    assert_eq!(statuses(&test).await, ["CANCELLED", "CANCELLED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_once_more_for_what_is_owed() {
    let test = TestDatabase::with_city().await;
    let account = reminded(&test).await;
    change(&test, "update sms set status = 'FAILED', attempts = 3").await;
    change(&test, "update dunning_record set status = 'DONE', done_at = at where way = 'SMS'").await;
    let (first, second) =
        (number(&test, "select min(id) from sms").await, number(&test, "select max(id) from sms").await);
    let clerk = ctx_on(&test, "finance", "2014-12-11").await;
    let checker = ctx_on(&test, "finhead", "2014-12-11").await;
    let form = PauseForm { ground: "DISPUTE".into(), until: "2014-12-20".into(), reason: "核实中".into() };
    let pause = pause_create(&clerk, account, &form).await.expect("it is asked for");
    pause_decide(&checker, pause, 1, true, "同意").await.expect("it is confirmed");
    assert_eq!(refusal(sms_resend(&clerk, first).await), "该承租人暂停催缴至2014-12-20");
    pause_end(&checker, pause, 2, "已核实").await.expect("it is ended");
    let told = text(&test, "select opinion || end_reason || (ended_by = checker_id) from dunning_pause").await;
    assert_eq!(told, "同意已核实true");
    sms_resend(&clerk, first).await.expect("it is sent again");
    assert_eq!(number(&test, "select count(*) from dunning_record where way = 'SMS' and status = 'OPEN'").await, 1);
    pay(&ctx_on(&test, "cashier", "2014-12-11").await, account, 1, debt(&test).await).await;
    assert_eq!(statuses(&test).await, ["FAILED", "FAILED", "CANCELLED"]);
    assert_eq!(refusal(sms_resend(&clerk, second).await), "已缴清，无需重发");
    let all = sms_resend_failed(&clerk, &ListQuery::default()).await.expect("it is tried");
    assert_eq!(all, Resent { sent: 0, left_out: 1 });
    assert_eq!(statuses(&test).await.len(), 3, "a refusal leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_to_the_number_of_today() {
    let test = TestDatabase::with_city().await;
    let account = reminded(&test).await;
    let other = tenant(&test, 1).await;
    let statement = format!(
        "update person p set phone = o.phone, phone_mask = o.phone_mask from person o
         where p.id = (select person_id from account where id = {account}) and o.id = {other}"
    );
    change(&test, &statement).await;
    let nine = at("2014-12-11", 9);
    let claimed = sms_claim(&test.database, 10, nine).await.expect("a claim");
    assert_eq!(claimed.iter().map(|message| message.phone.as_str()).collect::<Vec<_>>(), ["13800001201"; 2]);
    let masks = number(
        &test,
        "select count(*) from sms s join account a on a.id = s.account_id join person p on p.id = a.person_id
        where s.phone_mask = p.phone_mask",
    )
    .await;
    assert_eq!(masks, 2);
    // One that cannot be opened stops nobody.
    let ids: Vec<i64> = claimed.iter().map(|message| message.id).collect();
    sms_put_back(&test.database, &ids, "短信接口未响应", nine).await.expect("put back");
    change(&test, "update person set phone = '\\x00'").await;
    assert!(sms_claim(&test.database, 1, at("2014-12-11", 10)).await.expect("a claim").is_empty());
    assert_eq!(statuses(&test).await, ["FAILED", "FAILED"]);
    assert_eq!(text(&test, "select distinct message from sms").await, "联系电话无法读取");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_too_long_is_not_sent() {
    let test = TestDatabase::with_city().await;
    reminded(&test).await;
    assert_eq!(sms_expire(&test.database, at("2014-12-13", 0)).await.expect("47 hours"), 0);
    assert_eq!(sms_expire(&test.database, at("2014-12-13", 2)).await.expect("49 hours"), 2);
    assert_eq!(statuses(&test).await, ["CANCELLED", "CANCELLED"]);
    let told = text(&test, "select distinct status || result from dunning_record where way = 'SMS'").await;
    assert_eq!(told, "CANCELLED超过48小时未发送");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_after_all_counts_and_costs() {
    let test = TestDatabase::with_city().await;
    reminded(&test).await;
    let claimed = sms_claim(&test.database, 10, at("2014-12-11", 9)).await.expect("a claim");
    change(&test, "update sms set attempts = 3").await;
    assert_eq!(sms_settle(&test.database, at("2014-12-11", 10)).await.expect("settled"), 2);
    let heard = |delivered| {
        let receipt = (delivered, "DELIVRD");
        sms_receipt(
            &test.database,
            claimed[0].id,
            receipt,
            domain::billing::sms::Prices { part: Money::from_fen(5), call: Money::from_fen(9) },
            at("2014-12-11", 11),
        )
    };
    assert!(heard(true).await.expect("a receipt"));
    assert!(!heard(false).await.expect("a receipt"), "the first counts");
    assert_eq!(statuses(&test).await, [SmsStatus::Delivered.code(), SmsStatus::Failed.code()]);
    assert_eq!(number(&test, "select cost_fen / parts from sms order by id limit 1").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_that_is_not_so_any_more() {
    let test = TestDatabase::with_city().await;
    let account = reminded(&test).await;
    // The template is off when a part is paid.
    change(&test, "update sms_template set enabled = false").await;
    pay(&ctx_on(&test, "cashier", "2014-12-11").await, account, 1, 1_000).await;
    assert_eq!(text(&test, "select distinct status || message from sms").await, "CANCELLED短信模板已停用");
    let waiting: Vec<String> =
        records(&test).await.into_iter().filter(|(_, status, _)| status == "OPEN").map(|(way, ..)| way).collect();
    assert_eq!(waiting, ["WRITTEN", "PHONE"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_before_the_day_names_its_own_bill() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    published(&test, "2014-12-07").await;
    arrears_follow(&test.database, at("2014-12-07", 0)).await.expect("a count");
    assert_eq!(run(&test, "2014-12-07").await, 4);
    let own = "select (k.amount_fen = b.amount_fen)::text from dunning_record k join bill b on b.id = k.bill_id";
    assert_eq!(text(&test, own).await, "true");
    // On the black list nothing waits for ever.
    sms_block_create(&ctx_on(&test, "finance", "2014-12-07").await, account, "号码非本人")
        .await
        .expect("it is blocked");
    let told = text(&test, "select distinct status || result from dunning_record where way = 'SMS'").await;
    assert_eq!(told, "CANCELLED已列入短信黑名单");
}
