//! What waits to be printed, what becomes of a copy, and numbers that are odd.

use super::{failure, refusal};
use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use domain::{
    billing::payment::PaymentForm,
    failure::{Failure, FieldErrors},
    list::ListQuery,
    platform::{
        print::{CopyForm, PaperKind, PrintEvent, PrintForm, PrintStatus},
        print_queue::{NumberFinding, QueueForm, QueueRow},
    },
};
use store::{
    billing::payment::payment_take,
    tenancy::paper::{
        print_batch_get, print_copy_get, print_create, print_finding_list, print_list, print_move, print_queue_list,
        print_queue_print, print_queue_restore, print_queue_skip,
    },
};

async fn queue(ctx: &store::Ctx, filters: &[(&'static str, &'static str)]) -> Vec<QueueRow> {
    let query = ListQuery::from_params(filters.iter().copied());
    print_queue_list(ctx, &query).await.expect("a page").rows
}

fn items(rows: &[QueueRow]) -> QueueForm {
    QueueForm { items: rows.iter().map(QueueRow::key).collect() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_printed_waits_until_it_is_or_is_skipped() {
    let test = TestDatabase::with_city().await;
    let (contract, account) =
        active(&test, &form(assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await)).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let payment = PaymentForm {
        request: "00000000-0000-4000-8000-000000000001".into(),
        amount: "100".into(),
        method: "CASH".into(),
        ..PaymentForm::default()
    };
    let payment = payment_take(&cashier, account, &payment).await.expect("a payment");
    // Whoever prints contracts sees them, whoever takes money its receipts.
    let entry = city::ctx(&test.database, "entry").await;
    let waiting = queue(&entry, &[("paper", "CONTRACT")]).await;
    assert_eq!(
        waiting.iter().map(|row| (row.paper, row.object_id)).collect::<Vec<_>>(),
        [(PaperKind::Contract, contract.0)]
    );
    let receipts = queue(&cashier, &[]).await;
    assert_eq!(
        receipts.iter().map(|row| (row.paper, row.object_id)).collect::<Vec<_>>(),
        [(PaperKind::Receipt, payment.0)]
    );
    let b = city::ctx(&test.database, "district-b").await;
    assert_eq!(failure(print_queue_list(&b, &ListQuery::default()).await), Failure::Forbidden);
    // Skipped with a reason, and back again.
    let form = items(&receipts);
    assert_eq!(failure(print_queue_skip(&cashier, &form, " ").await), FieldErrors::from(("reason", "不能为空")).into());
    assert_eq!(print_queue_skip(&cashier, &form, "电子收据").await.expect("it is skipped"), 1);
    assert_eq!(refusal(print_queue_skip(&cashier, &form, "电子收据").await), "所选文书已打印或已跳过，请刷新");
    assert!(queue(&cashier, &[]).await.is_empty());
    assert_eq!(queue(&cashier, &[("state", "SKIPPED")]).await[0].skipped.as_deref(), Some("电子收据"));
    assert_eq!(print_queue_restore(&cashier, &form).await.expect("it is back"), 1);
    assert_eq!(refusal(print_queue_restore(&cashier, &form).await), "所选文书不在已跳过中，请刷新");
    // Printed as one file; what cannot be is named.
    let form =
        QueueForm { items: [form.items, vec!["RECEIPT-999999".into(), format!("CONTRACT-{contract}")]].concat() };
    let done = print_queue_print(&cashier, &form).await.expect("an answer");
    assert_eq!(done.printed, 1);
    assert_eq!(
        done.left_out.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
        ["RECEIPT-999999", form.items[2].as_str()]
    );
    let file = print_batch_get(&cashier, done.batch.expect("a file")).await.expect("its papers");
    assert_eq!(file.papers.len(), 1);
    assert!(queue(&cashier, &[]).await.is_empty());
    let again = print_queue_print(&cashier, &items(&receipts)).await.expect("an answer");
    assert_eq!((again.batch, again.left_out[0].1.as_str()), (None, "已打印过，请在打印记录中补打"));
    let printed = print_queue_print(&entry, &items(&waiting)).await.expect("an answer");
    let file = print_batch_get(&entry, printed.batch.expect("a file")).await.expect("its papers");
    assert_eq!(file.papers.len(), 2, "two copies of a contract");
    assert!(queue(&entry, &[("paper", "CONTRACT")]).await.is_empty());
    // What is two months old was printed elsewhere.
    for statement in [
        "delete from print_log where paper = 'CONTRACT'",
        "update contract set checked_at = now() - interval '61 days'",
    ] {
        sqlx::query(statement).execute(&test.admin).await.expect(statement);
    }
    assert!(queue(&entry, &[("paper", "CONTRACT")]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_handed_out_comes_back_or_is_void() {
    let test = TestDatabase::with_city().await;
    let (contract, _) =
        active(&test, &form(assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await)).await;
    let entry = city::ctx(&test.database, "entry").await;
    let print = PrintForm { paper: "CONTRACT".into(), id: contract.0, ..PrintForm::default() };
    let first = print_create(&entry, &print).await.expect("a print");
    let act = |event, text: &str| CopyForm { event, text: text.into() };
    let moved = |id, version, form: CopyForm| {
        let entry = entry.clone();
        async move { print_move(&entry, id, version, &form).await }
    };
    assert_eq!(refusal(moved(first, 1, act(PrintEvent::Return, "x")).await), "文书状态为“已打印”，请刷新后再办理");
    assert!(moved(first, 1, act(PrintEvent::Issue, "")).await.is_err(), "to somebody");
    assert_eq!(moved(first, 1, act(PrintEvent::Issue, "本人")).await.expect("it is out"), PrintStatus::Issued);
    assert_eq!(failure(moved(first, 1, act(PrintEvent::Void, "x")).await), Failure::Conflict);
    assert_eq!(moved(first, 2, act(PrintEvent::Return, "签字有误")).await.expect("it is back"), PrintStatus::Returned);
    let row = print_copy_get(&entry, first).await.expect("a line");
    assert_eq!((row.issued_to.as_deref(), row.end_reason.as_deref()), (Some("本人"), Some("签字有误")));
    let city = city::ctx(&test.database, "city").await;
    assert_eq!(failure(print_move(&city, first, 3, &act(PrintEvent::Void, "x")).await), Failure::Forbidden);
    let b = city::ctx(&test.database, "district-b").await;
    assert_eq!(failure(print_copy_get(&b, first).await), Failure::NotFound);

    // Everything that was printed under a number is void, and nobody printed it again.
    assert_eq!(print_finding_list(&entry, &ListQuery::default()).await.expect("a page").total, 0);
    let second = print_create(&entry, &PrintForm { reason: "污损".into(), ..print.clone() }).await.expect("a copy");
    moved(second, 1, act(PrintEvent::Void, "卡纸")).await.expect("it is void");
    assert_eq!(print_list(&entry, &ListQuery::from_params([("status", "VOID")])).await.expect("a page").total, 1);
    sqlx::query("update print_log set status = 'VOID' where status = 'RETURNED'")
        .execute(&test.admin)
        .await
        .expect("void");
    let found = || async {
        let page = print_finding_list(&entry, &ListQuery::default()).await.expect("a page");
        page.rows.into_iter().map(|row| (row.finding, row.prints, row.void)).collect::<Vec<_>>()
    };
    assert_eq!(found().await, [(NumberFinding::AllVoid, 2, 2)]);
    // Somebody meddled with the log.
    for (statement, finding) in [
        ("update print_log set nth = 3, digest = digest || 'x' where nth = 2", NumberFinding::Missing),
        ("update print_log set nth = 2 where nth = 3", NumberFinding::Differs),
        ("update print_log set number = number || nth", NumberFinding::Numbers),
    ] {
        sqlx::query(statement).execute(&test.admin).await.expect(statement);
        assert_eq!(found().await, [(finding, 2, 2)], "{statement}");
    }
    assert_eq!(print_finding_list(&b, &ListQuery::default()).await.expect("a page").total, 0);
}
