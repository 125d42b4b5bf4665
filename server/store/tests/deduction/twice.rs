//! A batch that is asked for twice is made once (domain.md §0.5 rule 10): a double click, an answer that was lost.

use super::*;
use domain::billing::deduction::PAGE_EXPIRED;

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_asked_for_twice_is_made_once() {
    let office = Office::open().await;
    office.household(0).await;
    let form = batch_form(office.maker.actor().organization_id, Office::due_by());
    let process = office.test.second().await;
    let again = city::ctx(&process, "finance").await;
    let (one, two) = tokio::join!(deduction_create(&office.maker, &form), deduction_create(&again, &form));
    let (one, two) = (one.expect("a batch"), two.expect("the same batch"));
    assert_eq!(one, two);
    assert_eq!(deduction_create(&office.maker, &form).await.expect("the answer was lost"), one);
    deductions_build(office.database(), Utc::now()).await.expect("built");
    let count = "select count(*) from deduction_batch";
    assert_eq!((office.number(count).await, office.get(one).await.row.items), (1, 1));

    // The number is this one batch's, and nobody else's.
    let other = DeductionForm { due_by: today().to_string(), ..form.clone() };
    assert_eq!(refusal(deduction_create(&office.maker, &other).await), PAGE_EXPIRED);
    assert_eq!(refusal(deduction_create(&office.checker, &form).await), PAGE_EXPIRED);
    let without = DeductionForm { request: String::new(), ..form.clone() };
    let refused = deduction_create(&office.maker, &without).await.expect_err("no number");
    assert_eq!(Failure::from(refused), FieldErrors::from(("due_by", PAGE_EXPIRED)).into());

    // Given up it stays: what comes late makes no other.
    deduction_discard(&office.maker, one, office.version(one).await, "试").await.expect("given up");
    assert_eq!(deduction_create(&office.maker, &form).await.expect("the same batch"), one);
    assert_eq!((office.number(count).await, office.locked().await), (1, 0));
    // A number of its own makes one, with the next batch number.
    let next = office.create(Office::due_by()).await.expect("a batch");
    assert_ne!(next, one);
    let serial =
        async |id: DeductionBatchId| office.get(id).await.row.batch_no.chars().rev().take(3).collect::<String>();
    assert_eq!((serial(one).await, serial(next).await), ("100".into(), "200".into()), "no number was lost");
}
