//! What may be changed of a posted bill (domain.md §3.6 L11).

use super::{TestDatabase, cash, city, damage, failure, household, refusal, today, version};
use chrono::Days;
use domain::{
    billing::bill_form::{BillEdit, TakeBack},
    dictionary::BillStatus,
    failure::{Failure, FieldErrors},
};
use store::billing::{
    bill::{bill_create, bill_get, bill_reverse, bill_update},
    payment::payment_take,
};

fn edit(later: u64, remark: &str) -> BillEdit {
    let due_on = today().checked_add_days(Days::new(later)).expect("a day");
    BillEdit { due_on: due_on.to_string(), remark: remark.into(), reason: "银行延后".into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_due_day_and_remark_change_and_nothing_else() {
    let test = TestDatabase::with_city().await;
    let account = household(&test, 0).await;
    let (finance, cashier) = (city::ctx(&test.database, "finance").await, city::ctx(&test.database, "cashier").await);
    let id = bill_create(&finance, account, &damage(1, "120.50")).await.expect("a bill");
    let before = bill_get(&finance, id).await.expect("the bill");
    assert_eq!(before.row.status, BillStatus::Due);
    assert_eq!(failure(bill_update(&cashier, id, before.version, &edit(5, "")).await), Failure::Forbidden);
    assert_eq!(failure(bill_update(&finance, id, before.version - 1, &edit(5, "")).await), Failure::Conflict);
    let silent = BillEdit { reason: " ".into(), ..edit(5, "") };
    assert_eq!(
        failure(bill_update(&finance, id, before.version, &silent).await),
        FieldErrors::from(("reason", "不能为空")).into()
    );
    let same = edit(0, before.remark.as_deref().unwrap_or_default());
    assert_eq!(
        failure(bill_update(&finance, id, before.version, &same).await),
        FieldErrors::from(("due_on", "到期日和备注均未修改")).into()
    );
    bill_update(&finance, id, before.version, &edit(5, "卧室门锁")).await.expect("it is changed");
    let after = bill_get(&finance, id).await.expect("the bill");
    assert_eq!(after.row.due_on, today() + Days::new(5));
    assert_eq!((after.remark.as_deref(), after.version), (Some("卧室门锁"), before.version + 1));
    assert_eq!((after.row.amount, after.row.outstanding), (before.row.amount, before.row.outstanding));
    assert_eq!((&after.lines, &after.entries), (&before.lines, &before.entries));
    let told = after.history[0].reason.clone().expect("why");
    assert!(told.starts_with("银行延后（到期日：") && told.contains("→ 卧室门锁"), "{told}");

    // What the bank is asked for stays due as it is; the remark is of no account to it.
    let asked = format!(
        "begin; set local session_replication_role = replica; update bill set in_batch = 1 where id = {id}; commit"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(asked)).execute(&test.admin).await.expect("the bank is asked");
    assert_eq!(
        failure(bill_update(&finance, id, after.version, &edit(9, "")).await),
        FieldErrors::from(("due_on", "该账单正在银行扣款中，请于回盘后再改")).into()
    );
    bill_update(&finance, id, after.version, &edit(5, "门锁")).await.expect("a remark");
    sqlx::query("update bill set in_batch = null where id = $1")
        .bind(id.0)
        .execute(&test.admin)
        .await
        .expect("it is free");

    // Of what is paid no day is late any more.
    payment_take(&cashier, account, &cash(2, before.row.amount, vec![id.0])).await.expect("a payment");
    let paid = version(&test, id).await;
    assert_eq!(
        failure(bill_update(&finance, id, paid, &edit(9, "门锁")).await),
        FieldErrors::from(("due_on", "账单已缴清或已办结，不能修改到期日")).into()
    );
    bill_update(&finance, id, paid, &edit(5, "门锁（已换）")).await.expect("a remark");

    // A counter-bill says what it takes back.
    let wrong = bill_create(&finance, account, &damage(3, "1")).await.expect("a bill");
    bill_reverse(&finance, wrong, version(&test, wrong).await, TakeBack::Void, "误录").await.expect("it is void");
    let counter = bill_get(&finance, wrong).await.expect("the bill").reversal.expect("a counter-bill");
    assert_eq!(refusal(bill_update(&finance, counter, 1, &edit(5, "x")).await), "红字账单不能修改");
}
