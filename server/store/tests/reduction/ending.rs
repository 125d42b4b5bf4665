//! A reduction ends by itself, and whoever asked for it is told in time to review it (S2-2.4).

use super::*;
use domain::insight::reminder::Reminder;
use store::platform::user::{NewUser, user_create};

const LABEL: &str = "即将到期的租金核减";

/// An account some days before a day.
async fn before(test: &TestDatabase, login: &str, day: NaiveDate, days: u64) -> Ctx {
    let at = day.checked_sub_days(Days::new(days)).expect("a day").and_time(NaiveTime::MIN).and_utc();
    user_ctx(&test.database, UserRef::Login(login), at).await.expect("an account")
}

async fn reminded(ctx: &Ctx) -> Option<Reminder> {
    reminder_list(ctx).await.expect("reminders").into_iter().find(|reminder| reminder.label == LABEL)
}

/// What the list behind the reminder has.
async fn listed(ctx: &Ctx) -> i64 {
    let ending = ListQuery::from_params([("ending", "SOON"), ("sort", "to")]);
    reduction_list(ctx, &ending).await.expect("a page").total
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_for_a_reduction_is_told_before_it_ends() {
    let test = TestDatabase::with_city().await;
    let (contract, _) = household(&test, 0).await;
    let finance = city::ctx(&test.database, "finance").await;
    let form = asked(&test, contract, 1).await;
    let id = reduction_create(&finance, &form).await.expect("it is asked for");
    let last = domain::billing::reduction::last_day(month(2));
    assert_eq!(reminded(&before(&test, "finance", last, 3).await).await, None, "nobody has agreed to it");
    reduction_decide(&city::ctx(&test.database, "approver").await, id, 1, true, "").await.expect("agreed");
    // Thirty days before its last one, and on this day still.
    for (days, told) in [(31, false), (30, true), (0, true)] {
        let ctx = before(&test, "finance", last, days).await;
        assert_eq!((reminded(&ctx).await.is_some(), listed(&ctx).await), (told, i64::from(told)), "{days} days before");
    }
    let over = user_ctx(
        &test.database,
        UserRef::Login("finance"),
        last.succ_opt().expect("a day").and_time(NaiveTime::MIN).and_utc(),
    );
    assert_eq!(reminded(&over.await.expect("an account")).await, None, "it is over");
    let reminder = reminded(&before(&test, "finance", last, 3).await).await.expect("a reminder");
    assert_eq!((reminder.count, reminder.link.as_str()), (1, "/billing/reductions?ending=SOON&sort=to"));
    let row = reduction_get(&finance, id).await.expect("it is seen").row;
    assert_eq!(reminder.lines[0].link, format!("/billing/reductions/{id}"));
    assert_eq!(reminder.lines[0].text, format!("{} {}，{last}到期，须复核", row.reduction_no, row.lessee));
    // Only who asks for reductions is told, and only of the own district.
    for login in ["approver", "cashier", "entry"] {
        assert_eq!(reminded(&before(&test, login, last, 3).await).await, None, "{login}");
    }
    let other = NewUser {
        login: "finance-b",
        name: "乙区会计",
        organization_code: "810102",
        roles: &["FINANCE"],
        password: city::PASSWORD.to_owned(),
        must_change_password: false,
        demo: false,
    };
    assert!(user_create(&test.database, other).await.expect("an account"));
    let b = before(&test, "finance-b", last, 3).await;
    assert_eq!((reminded(&b).await, listed(&b).await), (None, 0), "another district's");
    // The city says itself how early.
    setting_put(&test.database, code::REDUCTION_DAYS, "45").await.expect("a parameter");
    for (days, told) in [(46, false), (45, true)] {
        let ctx = before(&test, "finance", last, days).await;
        assert_eq!((reminded(&ctx).await.is_some(), listed(&ctx).await), (told, i64::from(told)), "{days} days before");
    }
    // The next one is asked for: nothing is left to be reviewed. Refused, it is.
    let next = ReductionForm { request: request(2), from: month_text(month(3)), to: month_text(month(4)), ..form };
    let next = reduction_create(&finance, &next).await.expect("it is asked for");
    assert_eq!(reminded(&before(&test, "finance", last, 3).await).await, None);
    let approver = city::ctx(&test.database, "approver").await;
    reduction_decide(&approver, next, 1, false, "材料不全").await.expect("refused");
    assert_eq!(reminded(&before(&test, "finance", last, 3).await).await.map(|reminder| reminder.count), Some(1));
}
