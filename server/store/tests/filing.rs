//! A contract in force is filed with the authority: once, correctly, and home says of which it was not yet.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::TimeDelta;
use domain::{
    failure::{Failure, FieldErrors},
    list::ListQuery,
    tenancy::filing::{FilingForm, filing_until},
};
use store::{
    Ctx,
    insight::reminder::reminder_list,
    platform::user::{UserRef, user_ctx},
    tenancy::contract::{contract_create, contract_file, contract_get, contract_list},
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

async fn found(ctx: &Ctx, state: &str) -> i64 {
    let query = ListQuery { filter: [("filing".into(), state.into())].into(), ..ListQuery::default() };
    contract_list(ctx, &query).await.expect("a page").total
}

async fn reminded(ctx: &Ctx) -> Option<(i64, String)> {
    let all = reminder_list(ctx).await.expect("reminders").into_iter();
    let own = all.into_iter().find(|reminder| reminder.label == "待备案的合同")?;
    Some((own.count, own.lines[0].text.clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_waited_for_until_its_number_is_there() {
    let test = TestDatabase::with_city().await;
    let entry = city::ctx(&test.database, "entry").await;
    let unit = vacant(&test, 0).await;
    let of_draft = form(assigned(&test, tenant(&test, 1).await, unit).await);
    let draft = contract_create(&entry, &of_draft, false).await.expect("a draft");
    let filed =
        |number: &str, day: chrono::NaiveDate| FilingForm { filing_no: number.into(), filed_on: day.to_string() };
    assert_eq!(
        failure(contract_file(&entry, draft, 1, &filed("BA-1", entry.today())).await).to_string(),
        "合同状态为“待提交”，不能登记备案"
    );
    assert_eq!(reminded(&entry).await, None);

    let unit = vacant(&test, 0).await;
    let (id, _) = active(&test, &form(assigned(&test, tenant(&test, 0).await, unit).await)).await;
    let contract = contract_get(&entry, id).await.expect("the contract");
    let (count, text) = reminded(&entry).await.expect("it is waited for");
    assert!(count == 1 && text.ends_with(&format!("备案期限{}", filing_until(contract.sign_on))), "{text}");
    assert_eq!((found(&entry, "OPEN").await, found(&entry, "DONE").await), (1, 0));
    let version = contract.row.version;
    let approver = city::ctx(&test.database, "approver").await;
    assert_eq!(failure(contract_file(&approver, id, version, &filed("BA-1", entry.today())).await), Failure::Forbidden);
    assert_eq!(failure(contract_file(&entry, id, version - 1, &filed("BA-1", entry.today())).await), Failure::Conflict);
    assert_eq!(
        failure(contract_file(&entry, id, version, &filed("BA-1", entry.today() + TimeDelta::days(1))).await),
        FieldErrors::from(("filed_on", "备案日期不能晚于今天")).into()
    );
    contract_file(&entry, id, version, &filed("BA-1", entry.today())).await.expect("it is filed");
    assert_eq!(reminded(&entry).await, None);
    assert_eq!((found(&entry, "OPEN").await, found(&entry, "LATE").await, found(&entry, "DONE").await), (0, 0, 1));
    let contract = contract_get(&entry, id).await.expect("the contract");
    assert_eq!((contract.filing_no.as_deref(), contract.filed_on), (Some("BA-1"), Some(entry.today())));
    let again = contract_file(&entry, id, version + 1, &filed("BA-1", entry.today())).await;
    assert_eq!(failure(again), Failure::refused("备案信息未修改"));
    contract_file(&entry, id, version + 1, &filed("BA-2", entry.today())).await.expect("it is corrected");
    let told = contract_get(&entry, id).await.expect("the contract").history[0].reason.clone().expect("what");
    assert!(told.starts_with("备案号BA-1（") && told.contains("改为BA-2"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_are_over_are_seen() {
    let test = TestDatabase::with_city().await;
    let entry = city::ctx(&test.database, "entry").await;
    let unit = vacant(&test, 0).await;
    active(&test, &form(assigned(&test, tenant(&test, 0).await, unit).await)).await;
    assert_eq!(found(&entry, "LATE").await, 0);
    let year = entry.now() + TimeDelta::days(400);
    let later = user_ctx(&test.database, UserRef::Login("entry"), year).await.expect("an account");
    assert_eq!(found(&later, "LATE").await, 1);
}
