//! What stays as it was, who waits for whom, and what imports make of a document.

use super::*;
use crate::support::sheet::numbered;
use domain::billing::adjustment::IS_LEAVING;
use sqlx::{AssertSqlSafe, raw_sql};
use std::time::Duration;
use store::{billing::adjustment::adjustment_offer, import::Import};

async fn execute(test: &TestDatabase, statements: &str) {
    raw_sql(AssertSqlSafe(statements.to_owned())).execute(&test.admin).await.expect(statements);
}

async fn number(test: &TestDatabase, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&test.admin).await.expect(query)
}

/// Noon of the twentieth of the next month: what was due in it is late.
async fn ctx_late(test: &TestDatabase, login: &str) -> Ctx {
    let at = later() + chrono::TimeDelta::days(14);
    user_ctx(&test.database, UserRef::Login(login), at).await.expect("an account")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_any_more_is_left_out_and_told() {
    let test = TestDatabase::with_city().await;
    let (_, first) = household(&test, 0).await;
    let (second, planned) = household(&test, 1).await;
    standard(&test).await;
    let id =
        adjustment_create(&city::ctx(&test.database, "finance").await, &asked(&test, 1).await).await.expect("asked");
    let finance = ctx_later(&test, "finance").await;
    let district = number(&test, "select min(district_id) from account").await;
    bills_run(&finance, OrganizationId(district), next_month(), |_| {}).await.expect("a run");
    // The second household pays its rent by instalments, the bank is asked for the first one's.
    let month = next_month();
    let planned_bill = format!(
        "begin;
         insert into instalment (district_id, estate_id, account_id, request_id, debt_fen, reason, level_before, maker_id, made_at)
         select district_id, estate_id, account_id, gen_random_uuid(), amount_fen, '测试', 'L1', 1, now() from bill
         where account_id = {planned} and month = '{month}';
         insert into instalment_line select id, 1, district_id, estate_id, '{month}', debt_fen from instalment;
         insert into instalment_bill select i.id, b.id, i.district_id, i.estate_id, i.debt_fen, 0
         from instalment i join bill b using (account_id) where b.month = '{month}';
         commit;
         insert into deduction_batch (district_id, batch_no, due_by, month, maker_id, made_at)
         values ({district}, 'DK1', '{month}', '{month}', 1, now());
         update bill set in_batch = (select id from deduction_batch) where account_id = {first} and month = '{month}'"
    );
    execute(&test, &planned_bill).await;
    let approver = ctx_late(&test, "approver").await;
    let waits = "有账单正在银行扣款中，请于回盘后再审批";
    assert_eq!(failure(adjustment_decide(&approver, id, 1, true, "").await), Failure::refused(waits));
    execute(&test, "update bill set in_batch = null").await;
    adjustment_decide(&approver, id, 1, true, "").await.expect("it is agreed to");
    let seen = adjustment_get(&finance, id).await.expect("it is seen");
    let told: Vec<_> = seen.changes.iter().map(|row| (row.status, row.remark.as_deref())).collect();
    let reason = "执行日期之后的账单已列入分期还款";
    assert_eq!(told, [(Some(AdjustStatus::Approved), None), (None, Some(reason))]);
    assert_eq!(seen.lapsed, [(reason.to_owned(), 1)]);
    let lapsed = ListQuery::from_params([("status", "LAPSED")]);
    assert_eq!(rent_change_list(&finance, &lapsed).await.expect("a page").total, 1);
    assert_eq!(number(&test, "select count(*) from bill where reverses_id is not null").await, 1);
    // Nobody is late with a bill that he could not know.
    let due: Vec<NaiveDate> =
        sqlx::query_scalar("select due_on from bill where decision is null and account_id = $1 and month = $2")
            .bind(first.0)
            .bind(month)
            .fetch_all(&test.admin)
            .await
            .expect("bills");
    assert_eq!(due, [approver.today()]);
    // Contracts are chosen by the standard that is in force now.
    let then = month_text(month.checked_add_months(Months::new(2)).expect("a month"));
    let again = AdjustmentForm { kind: "CORRECT".into(), new_rate: "4".into(), month: then, ..asked(&test, 2).await };
    let of = |standard: i64| AdjustmentForm { estate: String::new(), standard: standard.to_string(), ..again.clone() };
    for (code, rate) in [("ZJ-30", "3.00"), ("ZJ-01", "2.60")] {
        let standard = number(&test, &format!("select id from rent_standard where code = '{code}'")).await;
        let preview = adjustment_preview(&finance, &of(standard)).await.expect("a preview");
        assert_eq!((preview.contracts, preview.changes[0].old_rate.to_string().as_str()), (1, rate));
    }
    execute(&test, "update rent_standard set status = 'OFF' where code = 'ZJ-01'").await;
    let offer = adjustment_offer(&finance).await.expect("an offer");
    assert!(offer.standards.iter().any(|(_, label)| label.starts_with("ZJ-01") && label.ends_with("（停用）")));
    // Who begins to leave meanwhile is not charged anew.
    let id = adjustment_create(&finance, &again).await.expect("asked again");
    assert_eq!(adjustment_get(&finance, id).await.expect("it is seen").changes.len(), 2);
    let leaving = format!(
        "insert into exit_case (district_id, estate_id, unit_id, contract_id, account_id, type, exit_on, reason, maker_id)
         select district_id, estate_id, unit_id, id, account_id, 'VOLUNTARY', '{month}', '测试', 1 from contract where id = {second}"
    );
    execute(&test, &leaving).await;
    adjustment_decide(&approver, id, 1, true, "").await.expect("it is agreed to");
    let seen = adjustment_get(&finance, id).await.expect("it is seen");
    assert_eq!(seen.lapsed, [("合同正在办理退租".to_owned(), 1)]);
    let later = month_text(month.checked_add_months(Months::new(3)).expect("a month"));
    let third = AdjustmentForm { new_rate: "5".into(), month: later, ..asked(&test, 3).await };
    let preview = adjustment_preview(&finance, &AdjustmentForm { kind: "CORRECT".into(), ..third }).await;
    assert_eq!(preview.expect("a preview").left_out, [(IS_LEAVING.to_owned(), 1)]);
}

/// A run that waited for an approval bills what was approved.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_behind_an_approval_sees_it() {
    let test = TestDatabase::with_city().await;
    household(&test, 0).await;
    standard(&test).await;
    let (_, new) = rents(&test).await;
    adjustment_create(&city::ctx(&test.database, "finance").await, &asked(&test, 1).await).await.expect("asked");
    let finance = ctx_later(&test, "finance").await;
    let district = number(&test, "select district_id from account").await;
    let mut approval = test.admin.begin().await.expect("a transaction");
    for step in ["select id from contract for no key update", "update rent_change set status = 'APPROVED'"] {
        sqlx::query(step).execute(&mut *approval).await.expect(step);
    }
    let run = tokio::spawn(async move { bills_run(&finance, OrganizationId(district), next_month(), |_| {}).await });
    while number(&test, "select count(*) from pg_locks where not granted").await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    approval.commit().await.expect("it is agreed to");
    let run = run.await.expect("it ends").expect("a run");
    assert_eq!((run.bills, run.amount), (1, new));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_grows_by_its_import_and_its_checker_looks_again() {
    let test = TestDatabase::with_city().await;
    rent_data(&test).await;
    // The second lies in another estate.
    execute(
        &test,
        "begin; set local session_replication_role = replica;
         update contract set estate_id = (select id from estate where name = '月光苑') where contract_no = 'HT-RENT-2'; commit",
    )
    .await;
    let finance = city::ctx(&test.database, "finance").await;
    let sheet = SheetKey::RentAdjustment;
    let mut import = Import::start(&finance, sheet, true).await.expect("started");
    let named: &[(&str, &str)] = &[("承租人", "某人"), ("房屋地址", "某处")];
    import.chunk(numbered(vec![row(sheet, named)]), None).await.expect("a chunk");
    let of: &dyn Fn(&str) -> String = &|columns| format!("select {columns}::bigint from rent_adjustment");
    assert_eq!(number(&test, &of("(estate_id is not null)::int")).await, 1);
    let second = row(sheet, &[("合同编号", "HT-RENT-2")]);
    import.chunk(numbered(vec![vec![], second]), None).await.expect("a chunk");
    assert_eq!(number(&test, &of("contracts * 100 + version * 10 + (estate_id is null)::int")).await, 221);
    let approver = city::ctx(&test.database, "approver").await;
    let page = adjustment_list(&approver, &ListQuery::default()).await.expect("a page");
    let id = page.rows[0].id;
    let seen = adjustment_get(&approver, id).await.expect("it is seen");
    assert_eq!((seen.differing, seen.short_notice), (1, false));
    assert_eq!(failure(adjustment_decide(&approver, id, 1, true, "").await), Failure::Conflict);
    // A change out of sight is not decided about.
    execute(&test, "update rent_adjustment set contracts = 3").await;
    assert_eq!(failure(adjustment_decide(&approver, id, 2, true, "").await), Failure::Conflict);
    assert_eq!(failure(adjustment_decide(&approver, id, 2, false, "不同意").await), Failure::Conflict);
    execute(&test, "update rent_adjustment set contracts = 2").await;
    adjustment_decide(&approver, id, 2, false, "不同意").await.expect("it is refused");
    // Of two at once one finds nothing left, and leaves no document.
    let mut one = Import::start(&finance, sheet, true).await.expect("started");
    let mut other = Import::start(&finance, sheet, true).await.expect("started");
    let rows = || numbered(vec![row(sheet, &[])]);
    let (one, other) = tokio::join!(one.chunk(rows(), None), other.chunk(rows(), None));
    assert_eq!(one.expect("taken").succeeded + other.expect("taken").succeeded, 1);
    assert_eq!(number(&test, "select count(*) from rent_adjustment where contracts = 0").await, 0);
    assert_eq!(number(&test, "select count(*) from rent_adjustment where status = 'PENDING'").await, 1);
}

/// Another category: its own standard, and what is left to pay is said.
#[tokio::test]
async fn another_category_has_another_standard_and_reduction() {
    let test = TestDatabase::with_city().await;
    rent_data(&test).await;
    execute(
        &test,
        "insert into rent_standard (code, name, category, unit_rate, basis, doc_no, valid_from)
         values ('ZJ-31', '中等偏下', 'LOWMID', 31000, 'USABLE', '测发〔2026〕12号', '2026-01-01')",
    )
    .await;
    let finance = city::ctx(&test.database, "finance").await;
    let sheet = SheetKey::RentAdjustment;
    let cells = |kind: &'static str, rent: &'static str| {
        vec![row(sheet, &[("调整类型", kind), ("新租金标准", "3.10"), ("新月租金(元)", rent)])]
    };
    let outcome = take(&finance, sheet, false, cells("标准调整", "133.30")).await;
    assert_eq!(told(&outcome), [(2, NO_STANDARD.to_owned())]);
    import(&finance, sheet, cells("保障类别变化", "100.00")).await;
    assert_eq!(
        number(&test, "select new_base_fen * 100000 + new_rent_fen from rent_change").await,
        13_330 * 100_000 + 10_000
    );
}
