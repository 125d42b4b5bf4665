//! Notices, what is done by hand, and how pauses and plans meet what waits.

use super::desk::{at, change, ctx_on, household, level, number, pay, published, refusal, text};
use crate::support::TestDatabase;
use domain::{
    billing::{
        dunning_form::DunningForm,
        instalment::{InstalmentForm, LineForm, PauseForm},
    },
    id::AccountId,
    list::ListQuery,
    value::Money,
};
use store::{
    Ctx,
    billing::{
        arrears::arrears_follow,
        dunning::{
            dunning_account_get, dunning_create, dunning_get, dunning_list, dunning_print, dunning_run,
            instalment_create, instalment_decide, instalment_list, pause_create, pause_decide, pause_end,
        },
    },
    insight::reminder::reminder_list,
};

/// A household of which the run of a day has said what the rules say.
async fn reminded(test: &TestDatabase, day: &str) -> AccountId {
    let account = household(test).await;
    published(test, day).await;
    arrears_follow(&test.database, at(day, 0)).await.expect("a count");
    dunning_run(&test.database, at(day, 1)).await.expect("a run");
    account
}

async fn paused(test: &TestDatabase, account: AccountId, day: &str, until: &str) -> i64 {
    let form = PauseForm { ground: "DISPUTE".into(), until: until.into(), reason: "核实中".into() };
    let id = pause_create(&ctx_on(test, "finance", day).await, account, &form).await.expect("it is asked for");
    pause_decide(&ctx_on(test, "finhead", day).await, id, 1, true, "").await.expect("it is confirmed");
    id
}

/// A plan of two lines for all that is overdue.
async fn plan(clerk: &Ctx, account: AccountId) -> i64 {
    let debt = dunning_account_get(clerk, account).await.expect("the household").debt;
    let first = Money::from_fen(10_000);
    let line = |day: &str, amount: Money| LineForm { due_on: day.into(), amount: amount.to_string().replace(',', "") };
    let form = InstalmentForm {
        request: "00000000-0000-4000-b000-000000000009".into(),
        reason: "暂时困难".into(),
        lines: vec![line("2014-12-31", first), line("2015-01-31", debt - first)],
    };
    instalment_create(clerk, account, &form).await.expect("it is asked for")
}

/// What home says to somebody of dunning.
async fn home(ctx: &Ctx) -> Vec<(String, i64)> {
    let all = reminder_list(ctx).await.expect("reminders").into_iter();
    all.filter(|reminder| reminder.link.contains("/dunning")).map(|reminder| (reminder.label, reminder.count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_states_what_is_owed_when_it_is_printed() {
    let test = TestDatabase::with_city().await;
    reminded(&test, "2014-12-11").await;
    let id = number(&test, "select id from dunning_record where way = 'WRITTEN'").await;
    arrears_follow(&test.database, at("2014-12-16", 0)).await.expect("a count");
    let clerk = ctx_on(&test, "finance", "2014-12-16").await;
    assert_eq!(dunning_get(&clerk, id).await.expect("the notice").periods, 2);
    dunning_print(&clerk, id, 1).await.expect("it is printed");
    let notice = dunning_get(&clerk, id).await.expect("the notice");
    assert_eq!(notice.periods, 3);
    assert_eq!(notice.amount.fen(), number(&test, "select amount_fen from arrears where level <> 'L0'").await);
    assert!(notice.content.contains("截至2014-12-16") && notice.content.contains("15日内"), "{}", notice.content);
    let number = notice.notice_no.expect("a number");
    let found = dunning_list(&clerk, &ListQuery { q: number, ..ListQuery::default() }).await.expect("a page");
    assert_eq!(found.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_sent_a_message_by_hand_unless_its_dunning_rests() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    arrears_follow(&test.database, at("2014-12-11", 0)).await.expect("a count");
    let clerk = ctx_on(&test, "finance", "2014-12-11").await;
    let form = |nth: u32| DunningForm {
        request: format!("00000000-0000-4000-a000-{nth:012x}"),
        way: "SMS".into(),
        ..DunningForm::default()
    };
    dunning_create(&clerk, account, &form(1)).await.expect("a message");
    let told =
        text(&test, "select s.status || s.content from sms s join dunning_record k on k.id = s.dunning_id").await;
    assert!(told.starts_with("QUEUED您已经欠费2个月，请尽快补交房租费，共"), "{told}");
    paused(&test, account, "2014-12-11", "2014-12-20").await;
    assert_eq!(text(&test, "select status || message from sms").await, "CANCELLED暂停催缴");
    assert_eq!(refusal(dunning_create(&clerk, account, &form(2)).await), "该承租人暂停催缴至2014-12-20");
    change(&test, "update dunning_pause set status = 'ENDED', ended_at = now()").await;
    change(&test, "update sms_template set enabled = false").await;
    assert_eq!(refusal(dunning_create(&clerk, account, &form(2)).await), "短信模板已停用");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_says_why_it_ended() {
    let test = TestDatabase::with_city().await;
    let account = reminded(&test, "2014-12-11").await;
    let month = number(&test, "select amount_fen from bill where kind = 'RENT' order by due_on limit 1").await;
    pay(&ctx_on(&test, "cashier", "2014-12-11").await, account, 1, month).await;
    assert_eq!(level(&test, account).await, "L1");
    let why =
        "select string_agg(distinct status || coalesce(result, ''), ',') from dunning_record where bill_id is null";
    assert_eq!(text(&test, why).await, "CANCELLED欠费等级已下降");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_ends_what_waits_and_is_somebodys_turn() {
    let test = TestDatabase::with_city().await;
    let account = reminded(&test, "2014-12-16").await;
    let clerk = ctx_on(&test, "finance", "2014-12-16").await;
    let checker = ctx_on(&test, "finhead", "2014-12-16").await;
    let id = plan(&clerk, account).await;
    assert_eq!(home(&clerk).await, [("待办理的催缴任务".to_owned(), 2)]);
    assert_eq!(home(&checker).await, [("待我复核的分期还款".to_owned(), 1)]);
    let mine = ListQuery::from_params([("turn", "MINE")]);
    assert_eq!(instalment_list(&checker, &mine).await.expect("a page").total, 1);
    let late = ctx_on(&test, "finhead", "2015-01-01").await;
    assert_eq!(refusal(instalment_decide(&late, id, 1, true, "").await), "首期还款日已过，请驳回后重新申请");
    change(&test, "update bill set late_fee_fen = 100 where kind = 'RENT'").await;
    instalment_decide(&checker, id, 1, true, "").await.expect("a late fee is no payment");
    let why = "select string_agg(distinct status || result, ',') from dunning_record";
    assert_eq!(text(&test, why).await, "CANCELLED分期还款");
    assert!(home(&clerk).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_breaks_in_a_pause_leads_back_afterwards() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    arrears_follow(&test.database, at("2014-12-16", 0)).await.expect("a count");
    let id = plan(&ctx_on(&test, "finance", "2014-12-16").await, account).await;
    // Meanwhile an approval led to L3; that is where a broken plan leads back to.
    change(&test, "update arrears set level = 'L3' where level = 'L2'").await;
    let checker = ctx_on(&test, "finhead", "2014-12-16").await;
    instalment_decide(&checker, id, 1, true, "").await.expect("it is confirmed");
    let pause = paused(&test, account, "2014-12-16", "2015-03-01").await;
    assert_eq!(dunning_run(&test.database, at("2015-01-02", 1)).await.expect("a run").ended, 1);
    assert_eq!(level(&test, account).await, "L0", "nothing rises in a pause");
    let checker = ctx_on(&test, "finhead", "2015-01-03").await;
    pause_end(&checker, pause, 2, "已核实").await.expect("it is ended");
    assert_eq!(level(&test, account).await, "L3");
}
