//! Dunning: rules by two people and what they would do, the daily run, what a payment ends, and the two ways in which
//! arrears rest.

mod desk;
mod later;
mod notices;
mod rests;
mod ways;

use crate::support::{TestDatabase, city};
use desk::{at, change, complaint, ctx_on, failure, household, level, number, pay, published, records, refusal, told};
use domain::{
    billing::{
        bill::BillRow,
        dunning::{DunningStatus, RuleSetEvent, RuleSetForm, RuleSetStatus},
        dunning_form::{DoneForm, DunningForm},
        instalment::{InstalmentForm, InstalmentStatus, LineForm, PauseForm, PauseStatus},
        sms::{Prices, SmsKind, SmsStatus, SmsTemplateForm},
    },
    failure::Failure,
    id::AttachmentId,
    list::ListQuery,
    value::Money,
};
use store::{
    billing::{
        arrears::arrears_follow,
        bill::bill_list,
        dunning::{
            Ran, dunning_account_get, dunning_cancel, dunning_create, dunning_done, dunning_get, dunning_list,
            dunning_print, dunning_run, instalment_create, instalment_decide, instalment_get, instalment_list,
            pause_create, pause_decide, pause_end, pause_get, rule_set_create, rule_set_decide, rule_set_get,
            rule_set_list, trial_list,
        },
    },
    platform::attachment::attachment_delete,
    platform::sms::{
        sms_block_create, sms_block_end, sms_claim, sms_list, sms_month_list, sms_receipt, sms_refused, sms_resend,
        sms_sent, sms_settle, sms_template_list, sms_template_update,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_published_by_a_second_person_after_a_trial() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    let maker = ctx_on(&test, "finance", "2014-12-09").await;
    let city_wide = RuleSetForm { valid_from: "2014-12-09".into(), reason: "启用".into(), ..RuleSetForm::proposal() };
    assert_eq!(failure(rule_set_create(&maker, &city_wide).await), complaint("district", "请选择本人管辖的区县"));
    let set = published(&test, "2014-12-09").await;
    assert_eq!(rule_set_get(&maker, set).await.expect("the set").row.status, RuleSetStatus::Published);
    assert_eq!(
        refusal(rule_set_decide(&maker, set, 3, RuleSetEvent::Discard, "").await),
        "规则状态为“已发布”，请刷新后再办理"
    );
    assert_eq!(rule_set_list(&maker, &ListQuery::default()).await.expect("a page").total, 1);
    // Whom it would reach in December: the bills of all three months lie behind or on the 10th.
    let set = set.to_string();
    let query = |more: &[(&'static str, &'static str)]| {
        let fixed = [("set", set.as_str()), ("month", "2014-12")];
        ListQuery::from_params(fixed.into_iter().chain(more.iter().copied()))
    };
    let page = trial_list(&maker, &query(&[])).await.expect("a trial");
    assert!(page.rows.iter().all(|row| row.account_id == account));
    let reached: Vec<(String, String)> =
        page.rows.iter().map(|row| (row.day.to_string(), row.outcome.code().to_owned())).collect();
    assert!(reached.contains(&("2014-12-07".into(), "PAST".into())), "before the set holds: {reached:?}");
    assert!(reached.contains(&("2014-12-25".into(), "CONTACT".into())), "{reached:?}");
    sms_block_create(&maker, account, "号码非本人").await.expect("it is blocked");
    let blocked = trial_list(&maker, &query(&[("outcome", "BLOCKED")])).await.expect("a trial");
    assert!(blocked.total >= 4, "who is on the black list gets nothing");
    assert_eq!(number(&test, "select count(*) from dunning_record").await, 0, "a trial writes nothing");
    let other = ctx_on(&test, "district-b", "2014-12-09").await;
    assert_eq!(trial_list(&other, &query(&[])).await.expect("a page").total, 0);
    // Also the database knows two people.
    let same = sqlx::query("update dunning_rule_set set checker_id = maker_id").execute(&test.admin).await;
    assert!(same.expect_err("a refusal").to_string().contains("dunning_rule_set_checker_check"));
    let checker = ctx_on(&test, "finhead", "2014-12-09").await;
    let block = number(&test, "select id from sms_block").await;
    assert_eq!(failure(sms_block_end(&maker, block, "x").await), Failure::Forbidden);
    sms_block_end(&checker, block, "已更正").await.expect("it is let off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_reminds_once_and_a_payment_ends_it() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    assert_eq!(
        dunning_run(&test.database, at("2014-12-09", 1)).await.expect("a run"),
        Ran::default(),
        "nothing is published"
    );
    published(&test, "2014-12-11").await;
    arrears_follow(&test.database, at("2014-12-11", 0)).await.expect("a count");
    // The 11th: one day after the bill of December was due; and the household stands at L2.
    let ran = dunning_run(&test.database, at("2014-12-11", 1)).await.expect("a run");
    assert_eq!(ran.made, u64::try_from(number(&test, "select count(*) from dunning_record").await).expect("a number"));
    assert_eq!(level(&test, account).await, "L2");
    let made = records(&test).await;
    let debt = number(&test, "select sum(amount_fen)::bigint from bill where kind = 'RENT'").await;
    let overdue = number(&test, "select amount_fen from arrears where level <> 'L0'").await;
    assert_eq!(
        made,
        told(&[
            ("SMS", "OPEN", debt),
            ("SMS", "OPEN", overdue),
            ("WRITTEN", "OPEN", overdue),
            ("PHONE", "OPEN", overdue)
        ])
    );
    assert_eq!(dunning_run(&test.database, at("2014-12-11", 2)).await.expect("a run").made, 0, "each once");
    let clerk = ctx_on(&test, "finance", "2014-12-11").await;
    let waiting = sms_list(&clerk, &ListQuery::default()).await.expect("a page");
    assert_eq!(waiting.total, 2);
    assert_eq!(waiting.rows[0].not_before, at("2014-12-11", 8), "it waits for the morning");
    assert!(sms_claim(&test.database, 10, at("2014-12-11", 7)).await.expect("a claim").is_empty(), "quiet hours");
    // A part is paid: what waits says so.
    let cashier = ctx_on(&test, "cashier", "2014-12-11").await;
    pay(&cashier, account, 1, 1_000).await;
    assert_eq!(records(&test).await[0].2, debt - 1_000);
    let said = sms_list(&clerk, &ListQuery::default())
        .await
        .expect("a page")
        .rows
        .iter()
        .map(|row| row.content.clone())
        .collect::<Vec<_>>();
    let left = Money::from_fen(debt - 1_000).to_string();
    assert!(said.iter().any(|text| text.contains(&left)), "{said:?}");
    // All is paid: nothing of it is sent.
    pay(&cashier, account, 2, debt - 1_000).await;
    assert!(records(&test).await.iter().all(|(_, status, _)| status == "CANCELLED"));
    let page = sms_list(&clerk, &ListQuery::default()).await.expect("a page");
    assert!(page.rows.iter().all(|row| row.status == SmsStatus::Cancelled));
    assert!(sms_claim(&test.database, 10, at("2014-12-11", 9)).await.expect("a claim").is_empty());
    let other = ctx_on(&test, "district-b", "2014-12-11").await;
    assert_eq!(dunning_list(&other, &ListQuery::default()).await.expect("a page").total, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_tried_again_and_ended_by_its_receipt() {
    let test = TestDatabase::with_city().await;
    household(&test).await;
    published(&test, "2014-12-11").await;
    arrears_follow(&test.database, at("2014-12-11", 0)).await.expect("a count");
    dunning_run(&test.database, at("2014-12-11", 1)).await.expect("a run");
    let (database, nine) = (&test.database, at("2014-12-11", 9));
    let price = Prices { part: Money::from_fen(5), call: Money::from_fen(9) };
    let claimed = sms_claim(database, 10, nine).await.expect("a claim");
    assert_eq!(claimed.len(), 2);
    assert_eq!(claimed[0].phone, "13800001200");
    assert!(sms_claim(database, 10, nine).await.expect("a claim").is_empty(), "each by one");
    let (first, second) = (claimed[0].id, claimed[1].id);
    sms_sent(database, first, "SMS1", Money::from_fen(5), nine).await.expect("it is sent");
    assert!(sms_receipt(database, first, (true, "DELIVRD\0"), price, nine).await.expect("a receipt"));
    assert!(
        !sms_receipt(database, first, (true, "DELIVRD\0"), price, nine).await.expect("a receipt"),
        "twice changes nothing"
    );
    // The other one is not taken three times.
    for hour in [9, 10, 11] {
        if hour > 9 {
            assert_eq!(sms_claim(database, 10, at("2014-12-11", hour)).await.expect("a claim").len(), 1);
        }
        sms_refused(database, second, "短信接口未接受", at("2014-12-11", hour)).await.expect("it is noted");
    }
    let clerk = ctx_on(&test, "finance", "2014-12-11").await;
    let rows = sms_list(&clerk, &ListQuery::default()).await.expect("a page").rows;
    let of = |id: i64| rows.iter().find(|row| row.id == id).expect("a message");
    assert_eq!(
        (of(first).status, of(second).status, of(second).attempts),
        (SmsStatus::Delivered, SmsStatus::Failed, 3)
    );
    assert_eq!(of(first).cost, Money::from_fen(i64::from(of(first).parts) * 5));
    assert!(!of(first).phone_mask.contains("00001200"), "nobody reads the number");
    assert_eq!(refusal(sms_resend(&clerk, first).await), "短信状态为“已送达”，不能重发");
    let again = sms_resend(&clerk, second).await.expect("it is sent again");
    assert_eq!(refusal(sms_resend(&clerk, second).await), "该短信已重发，或承租人在短信黑名单中");
    let noon = at("2014-12-11", 13);
    assert_eq!(sms_claim(database, 10, noon).await.expect("a claim").len(), 1);
    sms_sent(database, again, "SMS3", Money::from_fen(5), noon).await.expect("it is sent");
    // Nothing is heard of it.
    assert_eq!(sms_settle(database, at("2014-12-15", 9)).await.expect("settled"), 1);
    let rows = sms_list(&clerk, &ListQuery::default()).await.expect("a page").rows;
    assert_eq!(rows.iter().find(|row| row.id == again).map(|row| row.status), Some(SmsStatus::Silent));
    assert_eq!(records(&test).await.iter().filter(|(_, status, _)| status == "DONE").count(), 2, "none waits for ever");
    let months = sms_month_list(&clerk, &ListQuery::default()).await.expect("months").rows;
    let sent: i64 = months.iter().map(|row| row.messages).sum();
    assert_eq!((sent, months[0].month.as_str()), (2, "2014-12"));
    // Administrators word what is sent.
    let admin = city::ctx(database, "admin").await;
    let template = sms_template_list(&admin).await.expect("templates").remove(0);
    let form = SmsTemplateForm { content: "{不存在}".into(), ..SmsTemplateForm::from(&template) };
    let refused = failure(sms_template_update(&admin, SmsKind::DueSoon, 1, &form).await).to_string();
    assert!(!refused.is_empty());
    let form = SmsTemplateForm { content: "请缴{金额}元".into(), ..form };
    sms_template_update(&admin, SmsKind::DueSoon, 1, &form).await.expect("it is worded");
    assert_eq!(failure(sms_template_update(&admin, SmsKind::DueSoon, 1, &form).await), Failure::Conflict);
    assert_eq!(failure(sms_template_list(&clerk).await), Failure::Forbidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_printed_and_its_service_proven() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    arrears_follow(&test.database, at("2014-12-11", 0)).await.expect("a count");
    let clerk = ctx_on(&test, "finance", "2014-12-11").await;
    let form = |nth: u32, way: &str| DunningForm {
        request: format!("00000000-0000-4000-a000-{nth:012x}"),
        way: way.into(),
        ..DunningForm::default()
    };
    let id = dunning_create(&clerk, account, &form(1, "WRITTEN")).await.expect("a notice");
    assert_eq!(dunning_create(&clerk, account, &form(1, "WRITTEN")).await.expect("the same"), id);
    let notice = dunning_get(&clerk, id).await.expect("the notice");
    assert!(notice.notice_no.is_some() && notice.content.contains("欠缴租金2个月"), "{notice:?}");
    let served = DoneForm {
        served_how: "DIRECT".into(),
        served_on: "2014-12-11".into(),
        received_by: "本人".into(),
        ..DoneForm::default()
    };
    assert_eq!(failure(dunning_done(&clerk, id, 1, &served).await), complaint("served_on", "通知书尚未打印"));
    dunning_print(&clerk, id, 1).await.expect("it is printed");
    dunning_done(&clerk, id, 2, &served).await.expect("it is served");
    let notice = dunning_get(&clerk, id).await.expect("the notice");
    assert_eq!((notice.status, notice.served_on), (DunningStatus::Done, "2014-12-11".parse().ok()));
    assert_eq!(notice.done_by.as_deref(), Some("测试finance"));
    // Whoever takes it signs; anything else is proven by a file.
    let second = dunning_create(&clerk, account, &form(4, "WRITTEN")).await.expect("a notice");
    dunning_print(&clerk, second, 1).await.expect("it is printed");
    let posted = DoneForm { served_how: "POST".into(), ..served.clone() };
    let unproven = complaint("served_how", "请先上传送达凭证");
    assert_eq!(failure(dunning_done(&clerk, second, 2, &posted).await), unproven);
    let file = "insert into attachment (owner, owner_id, kind, file_name, media, bytes, sha256, object_key, key_id, created_by, created_at)
        select 'DUNNING', id, 'OTHER', 'x.pdf', 'PDF', 1, sha256('x'), 'x' || id, (select min(id) from cipher_key), 1, now()
        from dunning_record";
    change(&test, file).await;
    dunning_done(&clerk, second, 2, &posted).await.expect("it is served");
    let proof = AttachmentId(number(&test, "select max(id) from attachment").await);
    assert_eq!(refusal(attachment_delete(&clerk, proof, "上传了重复的附件").await), "催缴已办理，凭证不能删除");
    let task = dunning_create(&clerk, account, &form(2, "PHONE")).await.expect("a task");
    assert_eq!(failure(dunning_print(&clerk, task, 1).await), Failure::refused("只有书面催缴可以打印通知书"));
    dunning_cancel(&clerk, task, 1, "重复").await.expect("it is taken back");
    assert_eq!(refusal(dunning_cancel(&clerk, task, 2, "重复").await), "催缴状态为“已取消”，请刷新后再办理");
    // Every bill that was late then was named twice; the call that was taken back counts for none.
    let query = ListQuery { filter: [("account".into(), account.to_string())].into(), ..ListQuery::default() };
    let bills = bill_list(&clerk, &query).await.expect("bills").rows;
    let late = |bill: &&BillRow| bill.outstanding > Money::ZERO && bill.due_on < clerk.today();
    assert!(bills.iter().filter(late).count() >= 2, "{bills:?}");
    assert!(bills.iter().all(|bill| bill.reminded == if late(&bill) { 2 } else { 0 }), "{bills:?}");
    let cashier = ctx_on(&test, "cashier", "2014-12-11").await;
    assert_eq!(failure(dunning_create(&cashier, account, &form(3, "VISIT")).await), Failure::Forbidden);
    let shown = dunning_account_get(&cashier, account).await.expect("the household");
    assert_eq!((shown.records.len(), shown.periods), (3, 2));
    let unserved = sqlx::query("update dunning_record set served_on = '2014-12-01' where way = 'WRITTEN'")
        .execute(&test.admin)
        .await;
    assert!(unserved.expect_err("a refusal").to_string().contains("dunning_record_served_check"));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_dunning_is_suspended_no_level_rises() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    let clerk = ctx_on(&test, "finance", "2014-12-09").await;
    let form = PauseForm { ground: "SUBSIDY".into(), until: "2014-12-20".into(), reason: "补贴审批中".into() };
    let id = pause_create(&clerk, account, &form).await.expect("it is asked for");
    assert_eq!(failure(pause_create(&clerk, account, &form).await), complaint("ground", "该承租人已有暂停催缴"));
    assert_eq!(failure(pause_decide(&clerk, id, 1, true, "").await), Failure::Forbidden);
    let checker = ctx_on(&test, "finhead", "2014-12-09").await;
    assert_eq!(pause_decide(&checker, id, 1, true, "").await.expect("it is confirmed"), PauseStatus::Active);
    let before = level(&test, account).await;
    published(&test, "2014-12-16").await;
    arrears_follow(&test.database, at("2014-12-16", 0)).await.expect("a count");
    assert_eq!(level(&test, account).await, before, "the third month is overdue, and nothing rises");
    assert_eq!(dunning_run(&test.database, at("2014-12-16", 1)).await.expect("a run"), Ran::default());
    let ran = dunning_run(&test.database, at("2014-12-21", 1)).await.expect("a run");
    assert_eq!(ran.ended, 1);
    assert_eq!(pause_get(&checker, id).await.expect("the pause").status, PauseStatus::Ended);
    assert_eq!(level(&test, account).await, "L2");
    let checker = ctx_on(&test, "finhead", "2014-12-21").await;
    assert_eq!(refusal(pause_end(&checker, id, 3, "x").await), "暂停状态为“已恢复”，请刷新后再办理");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_instalments_rests_the_arrears_while_it_is_kept() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    arrears_follow(&test.database, at("2014-12-16", 0)).await.expect("a count");
    let clerk = ctx_on(&test, "finance", "2014-12-16").await;
    let debt = dunning_account_get(&clerk, account).await.expect("the household").debt;
    let first = Money::from_fen(10_000);
    let line =
        |due_on: &str, amount: Money| LineForm { due_on: due_on.into(), amount: amount.to_string().replace(',', "") };
    let plan = |second: Money| InstalmentForm {
        request: "00000000-0000-4000-b000-000000000001".into(),
        reason: "暂时困难".into(),
        lines: vec![line("2014-12-31", first), line("2015-01-31", second)],
    };
    let short = failure(instalment_create(&clerk, account, &plan(first)).await).to_string();
    assert!(!short.is_empty(), "its lines are not the debt");
    let id = instalment_create(&clerk, account, &plan(debt - first)).await.expect("it is asked for");
    assert_eq!(instalment_create(&clerk, account, &plan(debt - first)).await.expect("the same"), id);
    let checker = ctx_on(&test, "finhead", "2014-12-16").await;
    assert_eq!(instalment_decide(&checker, id, 1, true, "").await.expect("it is confirmed"), InstalmentStatus::Active);
    assert_eq!(level(&test, account).await, "L0", "it counts as no arrears");
    // A late fee that is charged meanwhile is no part of what was agreed upon.
    change(&test, "update bill set late_fee_fen = 700 where kind = 'RENT'").await;
    assert_eq!(instalment_get(&checker, id).await.expect("the plan").1.len(), 2);
    // The first line is kept; the second is not, and the household stands where it stood.
    let cashier = ctx_on(&test, "cashier", "2014-12-30").await;
    pay(&cashier, account, 3, first.fen()).await;
    assert_eq!(dunning_run(&test.database, at("2015-01-02", 1)).await.expect("a run").ended, 0);
    assert_eq!(level(&test, account).await, "L0");
    assert_eq!(dunning_run(&test.database, at("2015-02-01", 1)).await.expect("a run").ended, 1);
    let row = instalment_list(&checker, &ListQuery::default()).await.expect("a page").rows.remove(0);
    let fees = Money::from_fen(700 * number(&test, "select count(*) from instalment_bill").await);
    assert_eq!((row.status, row.outstanding), (InstalmentStatus::Broken, debt - first + fees));
    assert_eq!(level(&test, account).await, "L2");
    let same = sqlx::query("update instalment set checker_id = maker_id").execute(&test.admin).await;
    assert!(same.expect_err("a refusal").to_string().contains("instalment_checker_check"));
    let sum = sqlx::query("update instalment set debt_fen = debt_fen + 1").execute(&test.admin).await;
    assert!(sum.is_err(), "its lines come to the debt");
}
