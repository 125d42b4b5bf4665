//! Taking over a running city (domain.md §3.27): what is staged, who agrees to it, and what is there afterwards.

mod list;
mod money;

use crate::support::{
    TestDatabase, city,
    sheet::{complaint, import, row, take, told},
    tenancy::tenant,
};
use chrono::{Months, NaiveDate, Utc};
use domain::{
    billing::{plan::month_of, run::month_text},
    dictionary::{ContractStatus, UnitStatus},
    failure::{Failure, FieldErrors},
    id::OrganizationId,
    import::SheetKey,
    list::ListQuery,
    platform::job::{JobKind, JobStatus},
    tenancy::{
        contract::sync_text,
        take_over::{TakeOver, TakeOverState, TakeOverStatus, TakeOverTotals},
    },
    value::Money,
};
use store::{
    Ctx,
    billing::{account::account_get, run::bills_run},
    insight::reminder::reminder_list,
    platform::job::{job_cancel, job_get},
    tenancy::{
        contract::{contract_get, contract_list},
        take_over::{
            take_over_decide, take_over_get, take_over_item_list, take_over_list, take_over_resume, take_over_submit,
            take_over_withdraw, take_over_work,
        },
    },
};

const SHEET: SheetKey = SheetKey::TakeOver;

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn today() -> NaiveDate {
    store::ctx::china_day(Utc::now())
}

fn cutoff() -> NaiveDate {
    month_of(today()).pred_opt().expect("a day")
}

fn fen(fen: i64) -> Money {
    Money::from_fen(fen)
}

/// Three homes of 月光苑 that people live in, and the tenants 0, 1 and 3.
async fn running_city() -> TestDatabase {
    let test = TestDatabase::with_city().await;
    for nth in [0, 1, 3] {
        tenant(&test, nth).await;
    }
    sqlx::query(
        "update unit set status = 'OCCUPIED', vacant_since = null where status = 'VACANT'
             and estate_id = (select id from estate where name = '月光苑')",
    )
    .execute(&test.admin)
    .await
    .expect("homes");
    // The queue is the server's; here nobody works on it.
    sqlx::raw_sql(
        "create schema graphile_worker; grant usage on schema graphile_worker to public;
         create function graphile_worker.add_job(task text, payload json, job_key text, max_attempts smallint) returns void
             language sql as 'select'",
    )
    .execute(&test.admin)
    .await
    .expect("a queue");
    test
}

/// One who has paid ahead, one who is three months behind with 20.00 paid on the oldest, and one who is even.
fn rows() -> Vec<Vec<String>> {
    let day = cutoff().to_string();
    let behind = month_of(cutoff()).checked_sub_months(Months::new(2)).expect("a month");
    let (from, to) = (month_text(behind), month_text(month_of(cutoff())));
    vec![
        row(SHEET, &[("接管日", &day), ("账户余额(元)", "50.00"), ("已收押金(元)", "1000.00")]),
        row(
            SHEET,
            &[
                ("接管日", &day),
                ("合同编号", "JQ-2"),
                ("房号", "101"),
                ("承租人姓名", "测试租户0"),
                ("证件号码", "810101199003070017"),
                ("户名", "测试租户0"),
                ("已收押金(元)", "1000.00"),
                ("欠费金额(元)", "315.40"),
                ("欠费起始月份", &from),
                ("欠费截止月份", &to),
            ],
        ),
        row(
            SHEET,
            &[
                ("接管日", &day),
                ("合同编号", "JQ-3"),
                ("房号", "102"),
                ("承租人姓名", "测试租户1"),
                ("证件号码", "81010119900307005X"),
                ("户名", "测试租户1"),
            ],
        ),
    ]
}

/// The batch that a file has made.
async fn staged(test: &TestDatabase, rows: Vec<Vec<String>>) -> TakeOver {
    let entry = city::ctx(&test.database, "entry").await;
    import(&entry, SHEET, rows).await;
    let page = take_over_list(&entry, &ListQuery::default()).await.expect("batches");
    take_over_get(&entry, page.rows[0].id).await.expect("the batch")
}

/// Submitted by its maker and agreed to by another.
async fn agreed(test: &TestDatabase, id: i64) -> TakeOver {
    let (entry, approver) = people(test).await;
    let version = take_over_get(&entry, id).await.expect("it").row.version;
    take_over_submit(&entry, id, version).await.expect("submitted");
    let seen = take_over_get(&approver, id).await.expect("it").row;
    let digest = seen.digest.expect("a digest");
    take_over_decide(&approver, id, seen.version, &digest, true, "").await.expect("agreed to");
    take_over_get(&approver, id).await.expect("it")
}

async fn people(test: &TestDatabase) -> (Ctx, Ctx) {
    (city::ctx(&test.database, "entry").await, city::ctx(&test.database, "approver").await)
}

async fn number(test: &TestDatabase, sql: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&test.admin).await.expect(sql)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_city_is_taken_over_once() {
    let test = running_city().await;
    let batch = staged(&test, rows()).await;
    let totals = TakeOverTotals { rows: 3, balance: fen(5_000), deposit: fen(200_000), arrears: fen(31_540) };
    assert_eq!((batch.row.status, batch.row.staged, batch.row.cutoff_on), (TakeOverStatus::Draft, totals, cutoff()));
    assert_eq!(number(&test, "select count(*) from contract").await, 0, "nothing is in force yet");
    let batch = agreed(&test, batch.row.id).await;
    assert_eq!(batch.row.status, TakeOverStatus::Approved);
    let job = batch.job.clone().expect("a job");
    for _ in 0..2 {
        take_over_work(&test.database, &job, Utc::now()).await.expect("it is done, and done once");
    }
    let (entry, approver) = people(&test).await;
    let done = take_over_get(&entry, batch.row.id).await.expect("the batch");
    assert_eq!((done.row.status, done.row.written, done.row.balanced()), (TakeOverStatus::Done, totals, Some(true)));
    assert!(done.items.iter().all(|item| item.state == TakeOverState::Written && item.contract_id.is_some()));
    let ended = job_get(&approver, &job).await.expect("the job");
    assert_eq!((ended.kind, ended.status), (JobKind::TakeOver, JobStatus::Finished));
    assert_eq!(ended.result.as_deref(), Some("接管合同3份，未接管0份"));

    let contracts = contract_list(&entry, &ListQuery::default()).await.expect("contracts").rows;
    assert_eq!(contracts.len(), 3);
    for row in &contracts {
        assert_eq!((row.status, sync_text(row)), (ContractStatus::Active, "接管"));
        let contract = contract_get(&entry, row.id).await.expect("a contract");
        assert_eq!(contract.plan.first().map(|bill| bill.from), Some(month_of(today())), "behind the cut-off");
        assert_eq!(contract.digest, done.row.digest);
        assert_eq!(contract.history.last().map(|line| line.event.as_str()), Some("接管"));
        let account = account_get(&approver, contract.account_id.expect("an account")).await.expect("it").row;
        let money = (account.balance.fen(), account.deposit.fen(), account.outstanding.fen());
        let wanted = match row.contract_no.as_deref() {
            Some("JQ-1") => (5_000, 100_000, 11_180),
            Some("JQ-2") => (0, 100_000, 31_540 + 11_180),
            _ => (0, 0, 11_180),
        };
        assert_eq!(money, wanted, "{:?}", row.contract_no);
    }
    let homes: Vec<String> =
        sqlx::query_scalar("select distinct u.status from unit u join contract c on c.unit_id = u.id")
            .fetch_all(&test.admin)
            .await
            .expect("homes");
    assert_eq!(homes, [UnitStatus::Occupied.code()]);
    books_are_right(&test).await;

    // The accountant's run of the last month charges nothing that the system before has charged.
    let district = number(&test, "select distinct district_id from contract").await;
    let finance = city::ctx(&test.database, "finance").await;
    let run = bills_run(&finance, OrganizationId(district), month_of(cutoff()), |_| {}).await.expect("a run");
    assert_eq!(run.bills, 0);
    // Nothing is taken over twice.
    let again = take(&entry, SHEET, true, rows()).await;
    assert!(told(&again).iter().all(|(_, sentence)| sentence.contains("合同编号已存在")), "{:?}", told(&again));
}

/// The ledger says what accounts and bills say, dated at the cut-off against the opening balance.
async fn books_are_right(test: &TestDatabase) {
    let opening = "select coalesce(sum(amount_fen), 0)::bigint from ledger_entry where booked_on =
         (select cutoff_on from take_over limit 1) and ";
    for (side, wanted) in [
        ("debit = 'OPENING' and credit = 'BALANCE'", 5_000),
        ("debit = 'OPENING' and credit = 'DEPOSIT'", 200_000),
        ("debit = 'RECEIVABLE' and credit = 'OPENING'", 31_540),
        ("'OPENING' not in (debit, credit)", 0),
    ] {
        assert_eq!(number(test, &format!("{opening}{side}")).await, wanted, "{side}");
    }
    let booked = "select sum(amount_fen * ((debit = 'RECEIVABLE')::int - (credit = 'RECEIVABLE')::int))::bigint from ledger_entry";
    let open = "select sum(amount_fen - paid_fen)::bigint from bill where decision is null and fee_item = 'RENT'";
    assert_eq!(number(test, booked).await, number(test, open).await);
    let bills: Vec<(i64, i64)> = sqlx::query_as(
        "select b.amount_fen, (select sum(l.amount_fen)::bigint from bill_line l where l.bill_id = b.id)
         from bill b join contract c on c.id = b.contract_id where c.contract_no = 'JQ-2' order by b.period_from",
    )
    .fetch_all(&test.admin)
    .await
    .expect("bills");
    assert_eq!(bills, [(9_180, 9_180), (11_180, 11_180), (11_180, 11_180), (11_180, 11_180)]);
    let periods = number(
        test,
        "select periods::bigint from arrears a join contract c on c.account_id = a.account_id where c.contract_no = 'JQ-2'",
    )
    .await;
    assert!(periods >= 3, "who was behind is behind: {periods}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_and_the_digest_between_them() {
    let test = running_city().await;
    let id = staged(&test, rows()).await.row.id;
    let (entry, approver) = people(&test).await;
    let version = take_over_get(&entry, id).await.expect("it").row.version;
    let finance = city::ctx(&test.database, "finance").await;
    assert_eq!(failure(take_over_submit(&finance, id, version).await), Failure::Forbidden);
    assert_eq!(failure(take_over_submit(&entry, id, version + 1).await), Failure::Conflict);
    take_over_submit(&entry, id, version).await.expect("submitted");
    let row = take_over_get(&approver, id).await.expect("it").row;
    let digest = row.digest.clone().expect("a digest");
    assert!(row.decidable && digest.len() == 64);
    assert_eq!(failure(take_over_decide(&entry, id, row.version, &digest, true, "").await), Failure::Forbidden);
    assert_eq!(failure(take_over_decide(&approver, id, row.version, "0", true, "").await), Failure::Conflict);
    let unsaid = failure(take_over_decide(&approver, id, row.version, &digest, false, " ").await);
    assert_eq!(unsaid, FieldErrors::from(("opinion", "请填写原因")).into());
    let waiting = reminder_list(&approver).await.expect("reminders");
    assert!(waiting.iter().any(|reminder| reminder.label == "待我审批的存量合同接管" && reminder.count == 1));
    // Another district sees nothing of it.
    let other = city::ctx(&test.database, "district-b").await;
    assert_eq!(take_over_list(&other, &ListQuery::default()).await.expect("a page").total, 0);
    assert_eq!(take_over_item_list(&other, &ListQuery::default()).await.expect("a page").total, 0);
    assert_eq!(failure(take_over_get(&other, id).await), Failure::NotFound);
    // What was staged cannot be changed, by nobody.
    for (sql, constraint) in [
        ("update take_over_row set balance_fen = 1", "take_over_row_hold"),
        (
            "update take_over set checker_id = maker_id, checked_at = now(), status = 'APPROVED'",
            "take_over_checker_check",
        ),
    ] {
        let error = sqlx::query(sql).execute(&test.admin).await.expect_err("a refusal");
        let refused = error.as_database_error().and_then(|error| error.constraint().map(ToOwned::to_owned));
        assert_eq!(refused.as_deref(), Some(constraint));
    }
    // In a month that is closed nothing is entered.
    let closed = "insert into ledger_period (district_id, month)
         select district_id, date_trunc('month', cutoff_on) from take_over";
    sqlx::query(closed).execute(&test.admin).await.expect("a closed month");
    let sentence = failure(take_over_decide(&approver, id, row.version, &digest, true, "").await);
    assert_eq!(sentence, Failure::refused("接管日所在月份或以后的会计期间已结账，不能接管"));
    sqlx::query("delete from ledger_period").execute(&test.admin).await.expect("opened");
    // Staged homes are not staged again; refused, they are free.
    let again = take(&entry, SHEET, true, rows()).await;
    assert_eq!(again.succeeded, 0);
    take_over_decide(&approver, id, row.version, &digest, false, "押金有误").await.expect("refused");
    let anew = staged(&test, rows()).await;
    assert_eq!((anew.row.staged.rows, anew.row.id == id), (3, false));
    take_over_withdraw(&entry, anew.row.id, anew.row.version).await.expect("given up");
    assert_eq!(number(&test, "select count(*) from take_over_row where state = 'DROPPED'").await, 6);
}

/// A row that was overtaken is told why; a job that was stopped goes on, and nothing is written twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_told_and_what_was_stopped_goes_on() {
    let test = running_city().await;
    let id = staged(&test, rows()).await.row.id;
    let batch = agreed(&test, id).await;
    let job = batch.job.expect("a job");
    let (entry, approver) = people(&test).await;
    assert_eq!(
        failure(take_over_resume(&approver, id, batch.row.version).await),
        Failure::refused("接管任务正在进行，请稍后查看")
    );
    job_cancel(&approver, &job).await.expect("stopped");
    take_over_work(&test.database, &job, Utc::now()).await.expect("there is nothing to do");
    assert_eq!(number(&test, "select count(*) from contract").await, 0);
    // Meanwhile somebody left the home of the second.
    sqlx::query(
        "update unit set status = 'REPAIR' where id = (select unit_id from take_over_row where contract_no = 'JQ-2')",
    )
    .execute(&test.admin)
    .await
    .expect("a status");
    let version = take_over_get(&approver, id).await.expect("it").row.version;
    take_over_resume(&approver, id, version).await.expect("it goes on");
    let job = take_over_get(&approver, id).await.expect("it").job.expect("a job");
    take_over_work(&test.database, &job, Utc::now()).await.expect("it is done");
    let done = take_over_get(&entry, id).await.expect("it");
    assert_eq!((done.row.status, done.row.written.rows, done.row.failed), (TakeOverStatus::Done, 2, 1));
    assert_eq!((done.row.balanced(), done.row.written.arrears), (Some(false), Money::ZERO));
    assert_eq!(done.items[0].message.as_deref(), Some("房屋状态不是已入住"), "what failed stands first");
    assert_eq!(number(&test, "select count(*) from contract").await, 2);
    assert_eq!(number(&test, "select count(*) from account").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_over_is_said_row_by_row() {
    let test = running_city().await;
    let entry = city::ctx(&test.database, "entry").await;
    let tomorrow = today().succ_opt().expect("a day").to_string();
    sqlx::query("update unit set status = 'VACANT', vacant_since = now() where room_no = '102' and estate_id = (select id from estate where name = '月光苑')")
        .execute(&test.admin)
        .await
        .expect("a home");
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], ""),
        (&[("房号", "102")], "房屋状态不是已入住，不能接管"),
        (&[("接管日", &tomorrow)], "接管日不能晚于今天"),
        (&[("租金标准(元/㎡·月)", "2.61"), ("月租金(元)", "112.23")], "租金标准未批准"),
        (&[("月租金(元)", "1.00")], "月租金应为111.80元"),
        (&[("合同编号", "")], "第2行【合同编号】不能为空"),
        (&[("证件号码", "810101199003070092")], "承租人不存在，请先登记人员"),
        (&[("已收押金(元)", "-1")], "【已收押金(元)】应为不小于0的数字，最多2位小数"),
    ];
    for (cells, sentence) in cases {
        assert_eq!(complaint(&entry, SHEET, cells).await, *sentence, "{cells:?}");
    }
    // One person in two homes: the second is told, whether the file is checked or imported.
    let two = || vec![row(SHEET, &[]), row(SHEET, &[("合同编号", "JQ-9"), ("房号", "101")])];
    for write in [false, true] {
        let outcome = take(&entry, SHEET, write, two()).await;
        assert_eq!(told(&outcome), [(3, "承租人已在待接管的批次中".to_owned())]);
    }
}
