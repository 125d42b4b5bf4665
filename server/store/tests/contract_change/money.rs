//! What a change means for the bills: no day is charged twice, and none is forgotten.

use super::desk::{Desk, asked, desk, is_whole, month_ahead, noon};
use chrono::{Days, NaiveDate};
use domain::tenancy::change::{ChangeForm, ChangeKind, ChangeStatus};
use store::{
    billing::bank::contract_file::{ToldAction, contract_file_next},
    tenancy::change::changes_apply,
};

fn term(day: NaiveDate, nth: u32) -> ChangeForm {
    ChangeForm { end_on: day.to_string(), ..asked(ChangeKind::Term, nth) }
}

/// The last month of a term is charged to its end, then the term is made longer: the rest of the month is charged at once, and the
/// next month by its run.
#[tokio::test(flavor = "multi_thread")]
async fn a_longer_term_is_charged_behind_a_part_of_a_month() {
    let desk = desk().await;
    let next = month_ahead(1);
    let end = next + Days::new(14);
    assert_eq!(desk.changed_on(super::desk::today(), &term(end, 1)).await, ChangeStatus::Effective);
    assert_eq!(desk.run(next).await, 1);
    assert_eq!(desk.charged().await.last(), Some(&(next, end)), "half of the month");
    let far = month_ahead(6).pred_opt().expect("a day");
    assert_eq!(desk.changed_on(next + Days::new(9), &term(far, 2)).await, ChangeStatus::Effective);
    let rest = (end.succ_opt().expect("a day"), month_ahead(2).pred_opt().expect("a day"));
    assert_eq!(desk.charged().await.last(), Some(&rest), "nobody has to run the month again");
    assert_eq!(desk.run(next + Days::new(10)).await, 0, "and who does charges nothing twice");
    assert_eq!(desk.run(month_ahead(2)).await, 1);
    let charged = desk.charged().await;
    assert!(is_whole(&charged) && charged.len() == 4, "{charged:?}");
    assert_eq!(charged.last().map(|bill| bill.1), month_ahead(3).pred_opt());
    let due = desk.number("select count(*) from bill b where due_on < posted_at::date and period_from > (select min(period_from) from bill)").await;
    assert_eq!(due, 0, "nobody is late with what he could not know");
    told_of_the_last_day(&desk, far).await;
}

/// The bank has the last day of the agreement: it is told of the new one, and nobody waits for it.
async fn told_of_the_last_day(desk: &Desk, end: NaiveDate) {
    let now = noon(month_ahead(2));
    let file = contract_file_next(&desk.test.database, now).await.expect("asked").expect("a file");
    let changes: Vec<_> = file.lines.iter().filter(|line| line.action == ToldAction::Change).collect();
    assert!(changes.iter().any(|line| line.end_on == end && line.account_no == crate::support::tenancy::BANK));
}

/// A last quarter of two months was charged, then the term was made longer: the third month is charged.
#[tokio::test(flavor = "multi_thread")]
async fn a_longer_term_is_charged_behind_a_part_of_a_quarter() {
    let desk = desk().await;
    let quarter = ChangeForm { pay_cycle: "QUARTER".into(), ..asked(ChangeKind::Cycle, 1) };
    let next = month_ahead(1);
    let id = desk.ask(&ChangeForm { effective_on: next.to_string(), ..quarter }).await;
    assert_eq!(desk.agree(id).await, ChangeStatus::Approved);
    assert_eq!(changes_apply(&desk.test.database, noon(next)).await.expect("the day's work"), 1);
    let end = month_ahead(3).pred_opt().expect("a day");
    assert_eq!(desk.changed_on(next, &term(end, 2)).await, ChangeStatus::Effective);
    assert_eq!(desk.run(next).await, 1);
    assert_eq!(desk.charged().await.last(), Some(&(next, end)), "two months");
    assert_eq!(desk.changed_on(month_ahead(2), &term(month_ahead(12), 3)).await, ChangeStatus::Effective);
    assert_eq!(desk.run(month_ahead(3)).await, 1);
    let charged = desk.charged().await;
    assert_eq!(charged.last(), Some(&(month_ahead(3), month_ahead(6).pred_opt().expect("a day"))));
    assert!(is_whole(&charged), "{charged:?}");
}

/// A cycle from which a bill was made holds, whatever becomes of the contract: without it the months would be charged again.
#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_with_bills_does_not_lapse() {
    for (status, next_run) in [("CANCEL_PENDING", 0), ("EXPIRED", 0)] {
        let desk = desk().await;
        let quarter = ChangeForm { pay_cycle: "QUARTER".into(), ..asked(ChangeKind::Cycle, 1) };
        let id = desk.ask(&ChangeForm { effective_on: month_ahead(1).to_string(), ..quarter }).await;
        assert_eq!(desk.agree(id).await, ChangeStatus::Approved);
        assert_eq!(desk.run(month_ahead(1)).await, 1, "three months");
        desk.execute(&format!("update contract set status = '{status}'")).await;
        assert_eq!(changes_apply(&desk.test.database, noon(month_ahead(1))).await.expect("the day's work"), 1);
        assert_eq!(desk.status(id).await, ChangeStatus::Effective, "{status}");
        assert_eq!(desk.run(month_ahead(2)).await, next_run, "its months are charged");
        assert!(is_whole(&desk.charged().await));
    }
    // Nothing was charged from it yet: it ends with its contract.
    let desk = desk().await;
    let quarter = ChangeForm { pay_cycle: "QUARTER".into(), ..asked(ChangeKind::Cycle, 1) };
    let id = desk.ask(&ChangeForm { effective_on: month_ahead(1).to_string(), ..quarter }).await;
    desk.agree(id).await;
    desk.execute("update contract set status = 'TERMINATED', ended_on = current_date").await;
    assert_eq!(changes_apply(&desk.test.database, noon(month_ahead(1))).await.expect("the day's work"), 0);
    assert_eq!(desk.status(id).await, ChangeStatus::Lapsed);
}
