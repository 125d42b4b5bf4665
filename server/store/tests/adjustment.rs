//! Rent adjustments (E-55, S1-7.1, I-12): who is affected, who decides, and what plans and bills come to.

mod left_out;

use crate::support::{
    TestDatabase, city,
    sheet::{import, row, take, told},
    tenancy::{active, assigned, form, rent_data, tenant, vacant},
};
use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, Utc};
use domain::{
    billing::{
        adjustment::{AdjustStatus, AdjustmentForm, IS_BILLED, IS_PENDING, NO_CONTRACT, NO_STANDARD, NOTICE_DAYS},
        payment::PaymentForm,
        plan::month_of,
        run::month_text,
    },
    failure::{Failure, FieldErrors},
    id::{AccountId, ContractId, OrganizationId},
    import::SheetKey,
    list::ListQuery,
    value::Money,
};
use store::{
    Ctx,
    billing::{
        account::account_get,
        adjustment::{
            adjustment_create, adjustment_decide, adjustment_get, adjustment_list, adjustment_preview,
            adjustment_withdraw, rent_change_list,
        },
        payment::payment_take,
        run::bills_run,
    },
    insight::reminder::reminder_list,
    platform::user::{UserRef, user_ctx},
    tenancy::contract::contract_get,
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

fn next_month() -> NaiveDate {
    month_of(store::ctx::china_day(Utc::now())).checked_add_months(Months::new(1)).expect("a month")
}

/// Noon of the sixth of the next month.
fn later() -> DateTime<Utc> {
    next_month().checked_add_days(Days::new(5)).expect("a day").and_time(NaiveTime::MIN).and_utc()
}

async fn ctx_later(test: &TestDatabase, login: &str) -> Ctx {
    user_ctx(&test.database, UserRef::Login(login), later()).await.expect("an account")
}

/// A household in 月光苑, whose rent of this month is billed.
async fn household(test: &TestDatabase, nth: usize) -> (ContractId, AccountId) {
    let unit = vacant(test, 0).await;
    let assignment = assigned(test, tenant(test, nth).await, unit).await;
    active(test, &form(assignment)).await
}

/// All contracts of 月光苑 at 3.00 from the next month on.
async fn asked(test: &TestDatabase, nth: u32) -> AdjustmentForm {
    let estate: (i64, i64) = sqlx::query_as("select id, district_id from estate where name = '月光苑'")
        .fetch_one(&test.admin)
        .await
        .expect("the estate");
    AdjustmentForm {
        request: format!("00000000-0000-4000-8000-{nth:012x}"),
        district: estate.1.to_string(),
        estate: estate.0.to_string(),
        kind: "STANDARD".into(),
        new_rate: "3".into(),
        month: month_text(next_month()),
        doc_no: "测发〔2026〕12号".into(),
        ..AdjustmentForm::default()
    }
}

async fn standard(test: &TestDatabase) {
    sqlx::query(
        "insert into rent_standard (code, name, unit_rate, basis, doc_no, valid_from)
         values ('ZJ-30', '新标准', 30000, 'USABLE', '测发〔2026〕12号', '2026-01-01')",
    )
    .execute(&test.admin)
    .await
    .expect("a standard");
}

/// The rents of the plan's first bills.
async fn plan(test: &TestDatabase, contract: ContractId) -> Vec<Money> {
    let contract = contract_get(&city::ctx(&test.database, "city").await, contract).await.expect("the contract");
    contract.plan.iter().take(3).map(domain::billing::plan::PlannedBill::amount).collect()
}

/// What is asked for a household, and its rent as it would be.
async fn rents(test: &TestDatabase) -> (Money, Money) {
    let (old, area): (i64, i32) =
        sqlx::query_as("select monthly_rent_fen, rent_area from contract order by id limit 1")
            .fetch_one(&test.admin)
            .await
            .expect("a contract");
    (Money::from_fen(old), Money::from_fen(i64::from(area) * 3))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rent_changes_by_two_people_and_from_a_period_on() {
    let test = TestDatabase::with_city().await;
    let (contract, account) = household(&test, 0).await;
    let (old, new) = rents(&test).await;
    let finance = city::ctx(&test.database, "finance").await;
    let approver = city::ctx(&test.database, "approver").await;
    let wanted = asked(&test, 1).await;
    let number = contract_get(&finance, contract).await.expect("the contract").row.contract_no.expect("a number");
    let single = AdjustmentForm { contract_no: number, estate: String::new(), ..wanted.clone() };
    let fails = |form: AdjustmentForm| {
        let finance = finance.clone();
        async move { failure(adjustment_preview(&finance, &form).await) }
    };
    assert_eq!(fails(single.clone()).await, complaint("new_rate", NO_STANDARD));
    standard(&test).await;
    let now = month_text(month_of(finance.today()));
    assert_eq!(fails(AdjustmentForm { month: now, ..single.clone() }).await, complaint("month", IS_BILLED));
    let unknown = AdjustmentForm { contract_no: "HT0".into(), ..single.clone() };
    assert_eq!(fails(unknown).await, complaint("contract_no", NO_CONTRACT));
    let preview = adjustment_preview(&finance, &wanted).await.expect("a preview");
    assert_eq!((preview.contracts, preview.old_total, preview.new_total), (1, old, new));
    assert_eq!((preview.changes[0].from_on, preview.left_out.len()), (next_month(), 0));
    assert_eq!(failure(adjustment_create(&approver, &wanted).await), Failure::Forbidden);
    let id = adjustment_create(&finance, &wanted).await.expect("an adjustment");
    assert_eq!(adjustment_create(&finance, &wanted).await.expect("the same"), id);
    let second = AdjustmentForm { request: "00000000-0000-4000-8000-000000000009".into(), ..single };
    assert_eq!(failure(adjustment_create(&finance, &second).await), complaint("contract_no", IS_PENDING));
    assert_eq!(plan(&test, contract).await, [old, old, old], "nothing is decided");
    assert_eq!(failure(adjustment_decide(&finance, id, 1, true, "").await), Failure::Forbidden);
    assert_eq!(failure(adjustment_decide(&approver, id, 1, false, " ").await), complaint("opinion", "请填写原因"));
    let waiting = reminder_list(&approver).await.expect("reminders");
    assert!(waiting.iter().any(|reminder| reminder.label == "待我审批的租金调整" && reminder.count == 1));
    let seen = adjustment_get(&approver, id).await.expect("it is seen");
    let soon = (next_month() - approver.today()).num_days() < NOTICE_DAYS;
    assert_eq!((seen.row.decidable, seen.short_notice), (true, soon));
    let status = adjustment_decide(&approver, id, 1, true, "").await.expect("it is agreed to");
    assert_eq!(status, AdjustStatus::Approved);
    assert_eq!(failure(adjustment_decide(&approver, id, 1, true, "").await), Failure::Conflict);
    assert_eq!(plan(&test, contract).await, [old, new, new]);
    let seen = contract_get(&finance, contract).await.expect("the contract");
    assert!(seen.history.iter().any(|line| line.event == "租金调整"));
    // Until then the household pays what it paid.
    let now = account_get(&finance, account).await.expect("the account").row.monthly_rent;
    let then = account_get(&ctx_later(&test, "finance").await, account).await.expect("the account").row.monthly_rent;
    assert_eq!((now, then.is_some()), (Some(old), true));
    assert_eq!(rent_change_list(&finance, &ListQuery::default()).await.expect("a page").total, 1);
    let other = city::ctx(&test.database, "district-b").await;
    assert_eq!(adjustment_list(&other, &ListQuery::default()).await.expect("a page").total, 0);
    assert_eq!(rent_change_list(&other, &ListQuery::default()).await.expect("a page").total, 0);
    assert_eq!(failure(adjustment_get(&other, id).await), Failure::NotFound);
    // The month is billed at the new rent.
    let finance = ctx_later(&test, "finance").await;
    let district: i64 =
        sqlx::query_scalar("select district_id from account").fetch_one(&test.admin).await.expect("a district");
    let run = bills_run(&finance, OrganizationId(district), next_month(), |_| {}).await.expect("a run");
    assert_eq!((run.bills, run.amount), (1, new));
    for (sql, constraint) in [
        ("update rent_adjustment set checker_id = maker_id", "rent_adjustment_checker_check"),
        ("update rent_change set new_rent_fen = 1", "rent_change_hold"),
    ] {
        let error = sqlx::query(sql).execute(&test.admin).await.expect_err("a refusal");
        let refused = error.as_database_error().and_then(|error| error.constraint().map(ToOwned::to_owned));
        assert_eq!(refused.as_deref(), Some(constraint));
    }
}

/// L11: reversal and new bill, as long as nothing was paid.
#[tokio::test(flavor = "multi_thread")]
async fn bills_that_were_posted_meanwhile_are_made_anew() {
    let test = TestDatabase::with_city().await;
    let (_, account) = household(&test, 0).await;
    standard(&test).await;
    let (old, new) = rents(&test).await;
    let id =
        adjustment_create(&city::ctx(&test.database, "finance").await, &asked(&test, 1).await).await.expect("asked");
    let finance = ctx_later(&test, "finance").await;
    let approver = ctx_later(&test, "approver").await;
    let district: i64 =
        sqlx::query_scalar("select district_id from account").fetch_one(&test.admin).await.expect("a district");
    let before = account_get(&finance, account).await.expect("the account").row.outstanding;
    bills_run(&finance, OrganizationId(district), next_month(), |_| {}).await.expect("a run");
    let billed = account_get(&finance, account).await.expect("the account").row.outstanding;
    assert_eq!(billed - before, old);
    adjustment_decide(&approver, id, 1, true, "").await.expect("it is agreed to");
    let anew = account_get(&finance, account).await.expect("the account").row.outstanding;
    assert_eq!(anew - before, new);
    let bills: Vec<(i64, Option<String>)> =
        sqlx::query_as("select amount_fen, decision from bill where fee_item = 'RENT' and month = $1 order by id")
            .bind(next_month())
            .fetch_all(&test.admin)
            .await
            .expect("bills");
    let reversed = Some("REVERSED".to_owned());
    assert_eq!(bills, [(old.fen(), reversed.clone()), (-old.fen(), reversed), (new.fen(), None)]);
    let booked: i64 = sqlx::query_scalar(
        "select sum(amount_fen * ((debit = 'RECEIVABLE')::int - (credit = 'RECEIVABLE')::int))::bigint from ledger_entry",
    )
    .fetch_one(&test.admin)
    .await
    .expect("a sum");
    let open: i64 =
        sqlx::query_scalar("select sum(amount_fen)::bigint from bill where fee_item = 'RENT' and decision is null")
            .fetch_one(&test.admin)
            .await
            .expect("a sum");
    assert_eq!(booked, open, "the books say what the bills say");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_meanwhile_is_not_changed() {
    let test = TestDatabase::with_city().await;
    let (contract, account) = household(&test, 0).await;
    standard(&test).await;
    let (old, new) = rents(&test).await;
    let early = city::ctx(&test.database, "finance").await;
    let id = adjustment_create(&early, &asked(&test, 1).await).await.expect("asked");
    let finance = ctx_later(&test, "finance").await;
    let approver = ctx_later(&test, "approver").await;
    let district: i64 =
        sqlx::query_scalar("select district_id from account").fetch_one(&test.admin).await.expect("a district");
    bills_run(&finance, OrganizationId(district), next_month(), |_| {}).await.expect("a run");
    let owed = account_get(&finance, account).await.expect("the account").row.outstanding;
    let paid = PaymentForm {
        request: "00000000-0000-4000-8000-0000000000aa".into(),
        amount: owed.to_string().replace(',', ""),
        method: "CASH".into(),
        ..PaymentForm::default()
    };
    payment_take(&ctx_later(&test, "cashier").await, account, &paid).await.expect("a payment");
    let said = failure(adjustment_decide(&approver, id, 1, true, "").await).to_string();
    assert_eq!(said, "没有可以执行的合同（执行日期之后的账单已收款或已处理），请驳回");
    assert_eq!(plan(&test, contract).await, [old, old, old], "all of it was undone");
    adjustment_decide(&approver, id, 1, false, "改下月").await.expect("it is refused");
    // Another one, taken back by who asked for it, and nobody else.
    let month = next_month().checked_add_months(Months::new(1)).expect("a month");
    let wanted = AdjustmentForm { month: month_text(month), ..asked(&test, 2).await };
    let id = adjustment_create(&finance, &wanted).await.expect("asked anew");
    assert_eq!(failure(adjustment_withdraw(&approver, id, 1).await), Failure::Forbidden);
    assert_eq!(adjustment_withdraw(&finance, id, 1).await.expect("taken back"), AdjustStatus::Withdrawn);
    let again = AdjustmentForm { request: asked(&test, 3).await.request, ..wanted };
    let id = adjustment_create(&finance, &again).await.expect("asked anew");
    // A contract that has ended stays as it is, and a document of nothing else is refused.
    sqlx::query("update contract set status = 'TERMINATED', ended_on = current_date")
        .execute(&test.admin)
        .await
        .expect("it ended");
    let said = failure(adjustment_decide(&approver, id, 1, true, "").await).to_string();
    assert_eq!(said, "没有可以执行的合同（合同已终止），请驳回");
    assert_eq!(plan(&test, contract).await, [old, old, old]);
    assert!(new > old);
}

/// I-12, every complaint of domain.md §7.12.
#[tokio::test(flavor = "multi_thread")]
async fn new_rents_come_by_a_file() {
    let test = TestDatabase::with_city().await;
    rent_data(&test).await;
    let finance = city::ctx(&test.database, "finance").await;
    let sheet = SheetKey::RentAdjustment;
    for (cells, sentence) in [
        (&[("合同编号", "HT-RENT-9")][..], NO_CONTRACT),
        (&[("原租金标准", "2.50")], "原租金标准与现行标准2.60不一致"),
        (&[("新月租金(元)", "130.00")], "新月租金应为129.00元"),
        (&[("调整类型", "标准调整")], NO_STANDARD),
        (&[("调整类型", "核减"), ("新月租金(元)", "129.01")], "新月租金不能高于核定租金129.00元"),
        (&[("生效月份", "2100-01")], "生效月份晚于合同期限"),
        (&[("新租金标准", "2.60"), ("新月租金(元)", "111.80")], "新租金与现租金相同"),
        (&[("新租金标准", "0")], "【新租金标准】应为大于0的数字，最多4位小数"),
    ] {
        let outcome = take(&finance, sheet, false, vec![row(sheet, cells)]).await;
        assert_eq!(told(&outcome), [(2, sentence.to_owned())], "{cells:?}");
    }
    // Both of one document; a reduction is another.
    let second: &[(&str, &str)] = &[("合同编号", "HT-RENT-2")];
    import(&finance, sheet, vec![row(sheet, &[]), row(sheet, second)]).await;
    let page = adjustment_list(&finance, &ListQuery::default()).await.expect("a page");
    assert_eq!((page.total, page.rows[0].contracts, page.rows[0].new_total.fen()), (1, 2, 25_800));
    let again = take(&finance, sheet, true, vec![row(sheet, second)]).await;
    assert_eq!(told(&again), [(2, IS_PENDING.to_owned())]);
    let approver = city::ctx(&test.database, "approver").await;
    adjustment_decide(&approver, page.rows[0].id, 1, true, "").await.expect("it is agreed to");
    let outcome = take(&finance, sheet, true, vec![row(sheet, second)]).await;
    assert_eq!(told(&outcome), [(2, "该合同已有同期或更晚生效的租金调整".to_owned())]);
    let less: &[(&str, &str)] =
        &[("合同编号", "HT-RENT-2"), ("生效月份", "2091-01"), ("调整类型", "核减"), ("新月租金(元)", "12.90")];
    import(&finance, sheet, vec![row(sheet, less)]).await;
    // Once its month is billed it is too late.
    sqlx::query(
        "insert into bill (district_id, estate_id, unit_id, account_id, contract_id, kind, fee_item, month, period_from, period_to,
                           due_on, amount_fen)
         select district_id, estate_id, unit_id, account_id, id, 'RENT', 'RENT', '2092-01-01', '2092-01-01', '2092-01-31',
                '2092-01-10', 12900 from contract where contract_no = 'HT-RENT-1'",
    )
    .execute(&test.admin)
    .await
    .expect("a bill");
    let outcome = take(
        &finance,
        sheet,
        false,
        vec![row(sheet, &[("生效月份", "2092-01"), ("新租金标准", "3.20"), ("新月租金(元)", "137.60")])],
    )
    .await;
    assert_eq!(told(&outcome), [(2, IS_BILLED.to_owned())]);
}
