//! Amounts of single reports: rent as it is paid today, what an exit settles, what the bank debited, who took the money.

use super::{lines, number, report, run, today, total};
use crate::support::{
    TestDatabase, city,
    tenancy::{ROWS, rent_data, tenant},
};

#[tokio::test(flavor = "multi_thread")]
async fn rent_is_that_of_running_contracts_as_agreed_to_last() {
    let test = TestDatabase::with_city().await;
    rent_data(&test).await;
    let city = city::ctx(&test.database, "city").await;
    let rent = async || lines(&report(&city, "rent", &[("by", "estate")]).await);
    assert_eq!(rent().await[0], ["阳光苑", "一号标准 2.6元/㎡", "2", "86.00", "223.60", "0.00", "223.60", "2.60", "0"]);
    let today = today();
    run(
        &test,
        &format!(
            "insert into rent_standard (code, name, district_id, category, basis, unit_rate, valid_from, doc_no)
             select 'BZ-NEU', '新标准', district_id, category, basis, 30000, valid_from, doc_no from rent_standard order by id limit 1;
             insert into rent_adjustment (district_id, estate_id, kind, target, month, doc_no, maker_id, status, checker_id, checked_at)
             select district_id, estate_id, k.kind, '测试', '2026-01-01', '测发1号', 1, 'APPROVED', 2, now()
             from (select * from contract limit 1) c cross join (values ('STANDARD'), ('MARKET')) as k (kind);
             insert into rent_change (district_id, estate_id, adjustment_id, contract_id, old_rate, new_rate, old_base_fen, old_rent_fen,
                 new_base_fen, new_rent_fen, from_on, status, rent_standard_id)
             select c.district_id, c.estate_id, a.id, c.id, 26000, 30000, 11180, 11180, 12900, 10000, '{today}', 'APPROVED',
                 (select id from rent_standard where name = '新标准')
             from (select * from contract order by id limit 1) c cross join rent_adjustment a where a.kind = 'STANDARD';",
        ),
    )
    .await;
    // 129.00 under the standard that the change names, of which 29.00 are taken off.
    assert_eq!(
        rent().await[..3],
        [
            ["阳光苑", "一号标准 2.6元/㎡", "1", "43.00", "111.80", "0.00", "111.80", "2.60", "0"],
            ["阳光苑", "新标准 3元/㎡", "1", "43.00", "129.00", "29.00", "100.00", "3.00", "1"],
            ["阳光苑", "小计", "2", "86.00", "240.80", "29.00", "211.80", "2.80", "1"],
        ]
    );
    // A rent that follows no published standard says so, and the day's last one holds.
    run(
        &test,
        &format!(
            "delete from rent_change;
             insert into rent_change (district_id, estate_id, adjustment_id, contract_id, old_rate, new_rate, old_base_fen, old_rent_fen,
                 new_base_fen, new_rent_fen, from_on, status)
             select c.district_id, c.estate_id, a.id, c.id, 26000, 30000, 11180, 11180, 12900, 12900, '{today}', 'APPROVED'
             from (select * from contract order by id limit 1) c cross join rent_adjustment a where a.kind = 'MARKET';"
        ),
    )
    .await;
    assert_eq!(rent().await[1][1..], ["未公布标准 3元/㎡", "1", "43.00", "129.00", "0.00", "129.00", "3.00", "1"]);
    // A contract whose rent begins later pays none yet.
    run(
        &test,
        "set session_replication_role = replica;
         update contract set rent_start_on = '2099-01-01' where contract_no = 'HT-RENT-2';
         set session_replication_role = origin",
    )
    .await;
    assert_eq!(rent().await.len(), 2, "one line and the total");
}

/// The example of §4.3: 低保, 43 m², 10 % of 2.60.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_off_for_some_months_is_no_rent() {
    let test = TestDatabase::with_city().await;
    rent_data(&test).await;
    let city = city::ctx(&test.database, "city").await;
    let today = today();
    let reduction = |no: &str, status: &str, from: &str, to: &str| {
        format!(
            "insert into rent_reduction (district_id, estate_id, request_id, contract_id, category, percent, standard_area, from_on, to_on,
                 doc_no, full_fen, payable_fen, maker_id, status, checker_id, checked_at)
             select district_id, estate_id, gen_random_uuid(), id, 'DIBAO', 10, 5000, {from}, {to}, '测发1号', 11180, 1118, 1, '{status}',
                 {checker}
             from contract where contract_no = 'HT-RENT-{no}'",
            checker = if status == "PENDING" { "null, null" } else { "2, now()" },
        )
    };
    let month = format!("date_trunc('month', date '{today}')::date");
    let end = format!("({month} + interval '2 month - 1 day')::date");
    run(&test, &reduction("1", "APPROVED", &month, &end)).await;
    // Neither one that nobody has agreed to, nor one that is over.
    run(&test, &reduction("2", "PENDING", &month, &end)).await;
    run(&test, &reduction("2", "APPROVED", "'2026-01-01'", "'2026-01-31'")).await;
    let rent = report(&city, "rent", &[("by", "estate")]).await;
    assert_eq!(
        lines(&rent)[0],
        ["阳光苑", "一号标准 2.6元/㎡", "2", "86.00", "223.60", "100.62", "122.98", "2.60", "0"]
    );
    let paid = format!("select sum(contract_rent_on(id, '{today}', monthly_rent_fen))::bigint from contract");
    assert_eq!(total(&rent)[4], number(&test, &paid).await, "bills and report have one rule");
    assert_eq!(rent.capital(rent.sheet().expect("a sheet")).expect("money"), "壹佰贰拾贰元玖角捌分");
}

/// The example of §4.4: an exit on 5 December; and rent that had been paid, which is given back and not owed.
#[tokio::test(flavor = "multi_thread")]
async fn an_exit_settles_what_was_owed() {
    let test = TestDatabase::with_city().await;
    tenant(&test, 0).await;
    sqlx::raw_sql(ROWS).execute(&test.admin).await.expect("contracts and money");
    let settled = async |values: &str| {
        run(
            &test,
            &format!(
                "delete from exit_bill_line;
                 insert into exit_bill_line (exit_bill_id, seq, district_id, estate_id, kind, fee_item, bill_id, period_from, period_to,
                     amount_fen, note)
                 select x.id, v.seq, x.district_id, x.estate_id, v.kind, v.item, case when v.bill then b.id end, v.day::date, v.day::date,
                     v.fen, '测试'
                 from exit_bill x join bill b using (account_id) cross join (values {values}) as v (seq, kind, item, bill, day, fen)"
            ),
        )
        .await;
        number(&test, "select exit_rent_owed(max(id)) from exit_bill").await
    };
    let owed = "(1, 'OWED', 'RENT', true, '2014-12-01', 11180)";
    let (back, anew) =
        ("(2, 'REVERSE', 'RENT', true, '2014-12-01', -11180)", "(3, 'RENT', 'RENT', false, '2014-12-01', 1803)");
    assert_eq!(settled(owed).await, 11_180, "what stays charged");
    assert_eq!(settled(&format!("{owed}, {back}, {anew}")).await, 1_803, "what is charged instead");
    assert_eq!(settled(&format!("{back}, {anew}")).await, 0, "it was paid");
    let part = "(1, 'OWED', 'RENT', true, '2014-12-01', 10180)";
    assert_eq!(settled(&format!("{part}, {back}, {anew}")).await, 803, "of which ten yuan were paid");
    assert_eq!(settled(anew).await, 1_803, "a period that was not charged before");
    let other = "(4, 'OWED', 'WATER', true, '2014-12-01', 500), (5, 'DAMAGE', 'DAMAGE', false, '2014-12-01', 700)";
    assert_eq!(settled(&format!("{owed}, {back}, {anew}, {other}")).await, 1_803, "water and damage are no rent");
    // The report adds up what was agreed to of exits that came to their end.
    run(
        &test,
        "update exit_bill set status = 'APPROVED', checker_id = 2, checked_at = now();
         update exit_case set status = 'CLOSED', checker_id = 2, checked_at = now(), inspected_on = '2026-01-31', signed_by = '甲',
             keys_returned = 1, cards_returned = 1, keys_on = '2026-01-31', closed_at = now()",
    )
    .await;
    let city = city::ctx(&test.database, "city").await;
    let exit = total(&report(&city, "exit", &[]).await);
    assert_eq!((exit[0], exit[2]), (2, 2 * 1_803));
}

/// RP-18: batches of the district, and of them the items of single estates.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_bank_debited_is_told_by_batch_and_by_estate() {
    let test = TestDatabase::with_city().await;
    tenant(&test, 0).await;
    sqlx::raw_sql(ROWS).execute(&test.admin).await.expect("contracts and money");
    run(
        &test,
        "update deduction_batch set status = 'SENT', checker_id = 2, checked_at = now(), sender_id = 3, exported_at = now(), sent_at = now(),
             built_at = now(), items = 1, amount_fen = 100, failed = 1;
         update deduction_item set status = 'FAIL', fail_reason = 'NSF'",
    )
    .await;
    let expected = [1, 100, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0];
    let sun = number(&test, "select id from estate where name = '阳光苑'").await.to_string();
    let all = [("start", "2026-01"), ("end", "2026-01")];
    for login in ["district-a", "operator"] {
        let ctx = city::ctx(&test.database, login).await;
        assert_eq!(total(&report(&ctx, "deduction", &all).await), expected, "{login}");
        let of_estate = [all[0], all[1], ("estate", &sun)];
        assert_eq!(total(&report(&ctx, "deduction", &of_estate).await), expected, "{login}, one estate");
    }
    let operator = city::ctx(&test.database, "operator").await;
    assert_eq!(lines(&report(&operator, "deduction", &all).await)[0][..3], ["甲区", "2026-01", "1"]);
    let moon = number(&test, "select id from estate where name = '月光苑'").await.to_string();
    let district = city::ctx(&test.database, "district-a").await;
    assert_eq!(report(&district, "deduction", &[all[0], all[1], ("estate", &moon)]).await.rows, []);
}

/// Two people of one name are two lines that can be told apart, without a subtotal between them.
#[tokio::test(flavor = "multi_thread")]
async fn cashiers_of_one_name_are_told_apart() {
    let test = TestDatabase::with_city().await;
    tenant(&test, 0).await;
    sqlx::raw_sql(ROWS).execute(&test.admin).await.expect("contracts and money");
    run(
        &test,
        "update app_user set name = '张伟' where login in ('cashier', 'finance');
         insert into payment (district_id, estate_id, account_id, receipt_no, request_id, kind, method, amount_fen, payer, paid_at, cashier_id)
         select a.district_id, a.estate_id, a.id, 'ZW' || u.id, gen_random_uuid(), 'RECHARGE', 'CASH', 100, '甲', now(), u.id
         from (select * from account order by id limit 1) a cross join app_user u where u.name = '张伟';
         insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason, payment_id)
         select district_id, estate_id, account_id, (now() at time zone 'Asia/Shanghai')::date, 'CASH', 'BALANCE', 'RENT', 100, '预存', id
         from payment",
    )
    .await;
    let city = city::ctx(&test.database, "city").await;
    let told = report(&city, "receipt", &[("by", "cashier")]).await;
    let firsts: Vec<[String; 3]> =
        lines(&told).iter().map(|line| [line[0].clone(), line[1].clone(), line[2].clone()]).collect();
    assert_eq!(
        firsts,
        [
            ["张伟（cashier）", "1", "1.00"],
            ["张伟（finance）", "1", "1.00"],
            ["系统", "2", "2.00"],
            ["合计", "4", "4.00"]
        ]
    );
    let width = told.columns(told.sheet().expect("a sheet")).len();
    assert!(lines(&told).iter().all(|line| line.len() == width), "no line is longer than its head");
}
