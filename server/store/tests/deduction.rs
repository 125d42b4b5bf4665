//! 银行代扣 from the making of a batch to its entering (domain.md §3.7): two people, locked bills, what does not agree, and
//! nothing entered twice.

mod many;
mod planned;
mod twice;
mod unreadable;

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, batch_form, form, tenant, vacant},
};
use chrono::{DateTime, Days, Months, NaiveDate, Utc};
use domain::{
    billing::{
        deduction::{Deduction, DeductionForm},
        deduction_status::DeductionEvent,
        payment::PaymentForm,
        plan::month_of,
    },
    dictionary::{BankFileKind, DeductFail, DeductStatus, DeductionStatus, DifferenceKind, Resolution},
    failure::{Failure, FieldErrors},
    id::{AccountId, BankDifferenceId, DeductionBatchId},
    list::ListQuery,
    tenancy::contract_form::ContractForm,
    value::Money,
};
use store::{
    Ctx, Database,
    billing::{
        account::account_get,
        bank::Received,
        deduction::{
            deduction_check, deduction_close, deduction_create, deduction_discard, deduction_get,
            deduction_item_cancel, deduction_item_list, deduction_send, deductions_build, deductions_post,
            difference_list, difference_resolve,
            request::{
                DeductionRequest, Receipt, RequestLine, deduction_receipt, deduction_request_lines,
                deduction_request_next, deduction_request_sent,
            },
            response::{ResponseLine, response_begin, response_lines, response_reconcile, response_refuse},
        },
        payment::{payment_take, payment_void},
    },
    platform::user::{NewUser, user_create},
};

fn refusal<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    Failure::from(result.expect_err("a refusal")).to_string()
}

fn today() -> NaiveDate {
    store::ctx::china_day(Utc::now())
}

/// A city with two accountants, and a household that owes three months and its deposit.
struct Office {
    test: TestDatabase,
    maker: Ctx,
    checker: Ctx,
}

impl Office {
    async fn open() -> Self {
        let test = TestDatabase::with_city().await;
        let second = NewUser {
            login: "finance-2",
            name: "测试复核会计",
            organization_code: "810101",
            roles: &["FINANCE"],
            password: city::PASSWORD.to_owned(),
            must_change_password: false,
            demo: false,
        };
        user_create(&test.database, second).await.expect("an account");
        let (maker, checker) =
            (city::ctx(&test.database, "finance").await, city::ctx(&test.database, "finance-2").await);
        Self { test, maker, checker }
    }

    async fn household(&self, nth: usize) -> AccountId {
        let unit = vacant(&self.test, 0).await;
        let assignment = assigned(&self.test, tenant(&self.test, nth).await, unit).await;
        let start = month_of(today()).checked_sub_months(Months::new(2)).expect("a day");
        let form = ContractForm {
            start_on: start.to_string(),
            end_on: start
                .checked_add_months(Months::new(60))
                .and_then(|day| day.pred_opt())
                .expect("a day")
                .to_string(),
            sign_on: start.to_string(),
            explained_on: start.to_string(),
            ..form(assignment)
        };
        active(&self.test, &form).await.1
    }

    fn database(&self) -> &Database {
        &self.test.database
    }

    fn due_by() -> NaiveDate {
        today().checked_add_days(Days::new(31)).expect("a day")
    }

    async fn create(&self, due_by: NaiveDate) -> store::Result<DeductionBatchId> {
        deduction_create(&self.maker, &batch_form(self.maker.actor().organization_id, due_by)).await
    }

    async fn get(&self, id: DeductionBatchId) -> Deduction {
        deduction_get(&self.checker, id).await.expect("a batch")
    }

    async fn version(&self, id: DeductionBatchId) -> i32 {
        self.get(id).await.version
    }

    /// A batch that the bank has accepted, with what it asks for.
    async fn at_bank(&self) -> (DeductionBatchId, DeductionRequest, Vec<RequestLine>) {
        let id = self.create(Self::due_by()).await.expect("a batch");
        deduction_check(&self.checker, id, self.version(id).await, "").await.expect("checked");
        deduction_send(&self.checker, id, self.version(id).await).await.expect("released");
        let (request, lines) = self.sent().await;
        let receipt = Receipt {
            batch_no: request.batch_no.clone(),
            result: "ACCEPTED".into(),
            digest: "aa".into(),
            message: None,
        };
        let file = received(BankFileKind::Receipt, &request.batch_no, "r1");
        let status = deduction_receipt(self.database(), &file, &receipt, Utc::now()).await.expect("a receipt");
        assert_eq!(status, DeductionStatus::Accepted);
        (id, request, lines)
    }

    /// Passes a released batch on to the bank, as the gateway does.
    async fn sent(&self) -> (DeductionRequest, Vec<RequestLine>) {
        let now = Utc::now();
        let request = deduction_request_next(self.database(), now).await.expect("asked").expect("a request");
        let asked = deduction_request_lines(self.database(), request.batch_id, 0, 1_000_000, now).await.expect("lines");
        assert!(asked.unreadable.is_empty());
        let lines = asked.lines;
        assert_eq!(lines.len(), usize::try_from(request.count).expect("a count"));
        assert_eq!(lines.iter().map(|line| line.amount).sum::<Money>(), request.total);
        deduction_request_sent(self.database(), &request, "x.txt", "aa", now).await.expect("sent");
        (request, lines)
    }

    /// Reads a response as the gateway does.
    async fn respond(&self, batch_no: &str, digest: &str, lines: &[ResponseLine]) -> store::Result<DeductionStatus> {
        respond(self.database(), batch_no, digest, lines).await
    }

    async fn items(&self, id: DeductionBatchId) -> Vec<(DeductStatus, Money, Option<DeductFail>, Option<NaiveDate>)> {
        let query = ListQuery { filter: [("batch".into(), id.to_string())].into(), ..ListQuery::default() };
        let mut rows = deduction_item_list(&self.maker, &query).await.expect("items").rows;
        rows.sort_by_key(|row| row.seq);
        rows.into_iter().map(|row| (row.status, row.deducted, row.fail_reason, row.retry_on)).collect()
    }

    async fn number(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.test.admin).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    async fn locked(&self) -> i64 {
        self.number("select count(*) from bill where in_batch is not null").await
    }

    /// The books hold: balances are what the ledger yields, bills owe what was booked and not paid, and a payment is the sum
    /// of its parts.
    async fn books_hold(&self) {
        for broken in [
            "select count(*) from account a where balance_fen <> (select coalesce(sum(amount_fen * ((credit = 'BALANCE')::int
                 - (debit = 'BALANCE')::int)), 0) from ledger_entry e where e.account_id = a.id)",
            "select count(*) from account a where (select coalesce(sum(amount_fen + late_fee_fen - paid_fen - late_paid_fen), 0) from bill b
                 where b.account_id = a.id and fee_item <> 'DEPOSIT')
                 <> (select coalesce(sum(amount_fen * ((debit = 'RECEIVABLE')::int - (credit = 'RECEIVABLE')::int)), 0)
                     from ledger_entry e where e.account_id = a.id)",
            "select count(*) from bill b where paid_fen + late_paid_fen <> (select coalesce(sum(principal_fen + late_fee_fen), 0)
                 from payment_share s join payment p on p.id = s.payment_id and p.status = 'NORMAL' where s.bill_id = b.id)",
            "select count(*) from deduction_item i join payment p on p.id = i.payment_id
             where i.deducted_fen <> p.amount_fen or p.method <> 'DEBIT' or p.account_id <> i.account_id",
            "select count(*) from payment p where p.method = 'DEBIT'
                 and not exists (select from deduction_item i where i.payment_id = p.id)",
        ] {
            assert_eq!(self.number(broken).await, 0, "{broken}");
        }
    }
}

fn received<'a>(kind: BankFileKind, file_no: &'a str, digest: &'a str) -> Received<'a> {
    Received { kind, name: "x.txt", file_no, digest }
}

async fn respond(
    database: &Database,
    batch_no: &str,
    digest: &str,
    lines: &[ResponseLine],
) -> store::Result<DeductionStatus> {
    let now = Utc::now();
    let file = received(BankFileKind::Response, batch_no, digest);
    let mut reading = response_begin(database, &file, batch_no, now).await?;
    response_lines(database, &mut reading, lines, now).await?;
    response_reconcile(database, reading, now).await
}

/// The bank's line for a requested one.
fn line(asked: &RequestLine, result: &str, deducted: Money) -> ResponseLine {
    ResponseLine {
        line: asked.seq + 1,
        seq: asked.seq.into(),
        due: asked.amount,
        result: result.into(),
        deducted,
        serial: Some(format!("S{}", asked.seq)),
        at: Some(Utc::now()),
        message: None,
    }
}

fn all_paid(lines: &[RequestLine]) -> Vec<ResponseLine> {
    lines.iter().map(|asked| line(asked, "SUCCESS", asked.amount)).collect()
}

fn cash(nth: u32, amount: &str) -> PaymentForm {
    PaymentForm {
        request: format!("5b0c2d1e-8f7a-4b3c-9d2e-{nth:012x}"),
        amount: amount.into(),
        method: "CASH".into(),
        prepay: true,
        ..PaymentForm::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_takes_what_is_due_uses_the_balance_first_and_locks_its_bills() {
    let office = Office::open().await;
    let account = office.household(0).await;
    let cashier = city::ctx(office.database(), "cashier").await;
    let owed = account_get(&cashier, account).await.expect("the account").row.outstanding;
    // Paid ahead, and more than the deposit: kept as balance, because the bills were paid by nobody yet.
    sqlx::query("insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason)
                 select district_id, estate_id, id, current_date, 'CASH', 'BALANCE', 'RENT', 5000, '预存' from account")
        .execute(&office.test.admin)
        .await
        .expect("a balance");
    assert!(refusal(deduction_create(&cashier, &DeductionForm::default()).await).contains("权限"));
    let id = office.create(Office::due_by()).await.expect("a batch");
    let batch = office.get(id).await;
    assert_eq!((batch.row.status, batch.row.built, batch.row.items), (DeductionStatus::Created, true, 1));
    assert_eq!(batch.row.amount, owed - Money::from_fen(5000));
    assert_eq!(batch.row.balance, Money::from_fen(5000));
    assert!(batch.row.batch_no.starts_with("DK"), "{}", batch.row.batch_no);
    let seen = account_get(&cashier, account).await.expect("the account");
    assert_eq!((seen.row.balance, seen.row.outstanding), (Money::ZERO, batch.row.amount));
    assert_eq!(seen.payments.len(), 1, "the balance paid");
    office.books_hold().await;
    // 该账单正在银行扣款中，请于回盘后再缴: whatever the cashier chooses.
    let sentence = "该账单正在银行扣款中，请于回盘后再缴";
    assert_eq!(refusal(payment_take(&cashier, account, &cash(1, "1")).await), sentence);
    let chosen = PaymentForm { bills: vec![seen.bills[1].id.0], ..cash(1, "1") };
    assert_eq!(refusal(payment_take(&cashier, account, &chosen).await), sentence);
    // Nor by whoever forgets to ask.
    let forgotten = sqlx::query("update bill set decision = 'WAIVED' where id = $1").bind(seen.bills[0].id.0);
    let error = forgotten.execute(&office.test.admin).await.expect_err("held by the database");
    assert!(error.to_string().contains(sentence), "{error}");
    // What the balance paid is no counter's to take back.
    let paid = &seen.payments[0];
    assert!(refusal(payment_void(&cashier, paid.id, paid.version, "试").await).contains("只能作废柜台收款"));
    // A second batch of the same district finds nothing more.
    let second = office.create(Office::due_by()).await.expect("a batch");
    assert_eq!(office.get(second).await.row.items, 0);
    let version = office.version(second).await;
    assert_eq!(refusal(deduction_check(&office.checker, second, version, "").await), "批次没有可扣款的账单，请撤销");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_makes_it_and_another_checks_and_sends_it() {
    let office = Office::open().await;
    office.household(0).await;
    let id = office.create(Office::due_by()).await.expect("a batch");
    let version = office.version(id).await;
    assert_eq!(refusal(deduction_check(&office.maker, id, version, "").await), "不能复核本人制作的代扣批次");
    assert_eq!(deduction_get(&office.maker, id).await.expect("a batch").events, [DeductionEvent::Discard]);
    assert_eq!(office.get(id).await.events, [DeductionEvent::Check, DeductionEvent::Discard]);
    assert_eq!(refusal(deduction_send(&office.checker, id, version).await), "代扣批次状态为“待复核”，不能发送");
    assert_eq!(refusal(deduction_check(&office.checker, id, version - 1, "").await), Failure::Conflict.to_string());
    deduction_check(&office.checker, id, version, "金额无误").await.expect("checked");
    let version = office.version(id).await;
    assert_eq!(refusal(deduction_send(&office.maker, id, version).await), "不能发送本人制作的代扣批次");
    deduction_send(&office.checker, id, version).await.expect("released");
    assert_eq!(office.get(id).await.row.status, DeductionStatus::Exported);
    let (request, lines) = office.sent().await;
    assert_eq!(office.get(id).await.row.status, DeductionStatus::Sent);
    assert_eq!((lines[0].account_no.as_str(), lines[0].holder.as_str()), (crate::support::tenancy::BANK, "测试租户0"));
    assert_eq!((lines[0].id_last.as_str(), request.count), ("070017", 1));
    assert!(deduction_request_next(office.database(), Utc::now()).await.expect("asked").is_none(), "sent once");
    // The database says the same, whoever asks it.
    for column in ["checker_id", "sender_id"] {
        let statement = format!("update deduction_batch set {column} = maker_id");
        let done = sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&office.test.admin).await;
        assert!(done.expect_err("refused").to_string().contains("deduction_batch_"), "{column}");
    }
    assert!(refusal(deduction_discard(&office.maker, id, office.version(id).await, "错").await).contains("不能撤销"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bank_took_is_paid_once() {
    let office = Office::open().await;
    let account = office.household(0).await;
    let (id, request, lines) = office.at_bank().await;
    let status = office.respond(&request.batch_no, "d1", &all_paid(&lines)).await.expect("read");
    assert_eq!(status, DeductionStatus::Reconciled);
    assert_eq!(office.locked().await, 4, "not before it is entered");
    // Two processes at once.
    let second = office.test.second().await;
    let now = Utc::now();
    let (one, two) = tokio::join!(deductions_post(office.database(), now), deductions_post(&second, now));
    assert!(one.expect("entered") + two.expect("entered") >= 1);
    let batch = office.get(id).await;
    assert_eq!((batch.row.status, batch.row.success, batch.row.deducted), (DeductionStatus::Posted, 1, request.total));
    let seen = account_get(&office.maker, account).await.expect("the account");
    assert_eq!((seen.row.outstanding, seen.row.balance, seen.payments.len()), (Money::ZERO, Money::ZERO, 1));
    assert_eq!((seen.payments[0].amount, seen.payments[0].cashier.as_deref()), (request.total, None));
    assert_eq!(office.locked().await, 0);
    office.books_hold().await;
    // 该回盘文件已处理, and another one after it is a matter for a person.
    assert_eq!(refusal(office.respond(&request.batch_no, "d1", &all_paid(&lines)).await), "该回盘文件已处理");
    assert_eq!(
        refusal(office.respond(&request.batch_no, "d2", &all_paid(&lines)).await),
        "该批次已有回盘，本文件未处理"
    );
    assert_eq!(refusal(office.respond("DK9", "d1", &[]).await), "没有代扣批次DK9");
    deductions_post(office.database(), Utc::now()).await.expect("nothing more");
    assert_eq!(office.number("select count(*) from payment").await, 1);
    let pool = difference_list(&office.checker, &ListQuery::default()).await.expect("the pool").rows;
    assert_eq!(pool.iter().map(|row| row.kind).collect::<Vec<_>>(), [DifferenceKind::LateFile]);
    let version = office.version(id).await;
    assert_eq!(refusal(deduction_close(&office.checker, id, version).await), "该批次还有1条差异待处理");
    let own = difference_resolve(&office.maker, pool[0].id, pool[0].version, Resolution::Note, "已核对").await;
    assert_eq!(refusal(own), "该代扣批次由您制作，差异须由另一人处理");
    resolve(&office, pool[0].id, Resolution::Note).await.expect("resolved");
    deduction_close(&office.checker, id, version).await.expect("closed");
    assert_eq!(office.get(id).await.row.status, DeductionStatus::Closed);
}

async fn resolve(office: &Office, id: BankDifferenceId, resolution: Resolution) -> store::Result<()> {
    let rows = difference_list(&office.checker, &ListQuery::default()).await.expect("the pool").rows;
    let row = rows.into_iter().find(|row| row.id == id).expect("a difference");
    difference_resolve(&office.checker, id, row.version, resolution, "已与银行核对").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_tried_again_on_the_next_day_of_direct_debit() {
    let office = Office::open().await;
    let account = office.household(0).await;
    let (id, request, lines) = office.at_bank().await;
    office.respond(&request.batch_no, "d1", &[line(&lines[0], "NSF", Money::ZERO)]).await.expect("read");
    deductions_post(office.database(), Utc::now()).await.expect("entered");
    let items = office.items(id).await;
    let retry = domain::billing::deduction_result::DeductionDays::default().after(today());
    assert_eq!(items, [(DeductStatus::Fail, Money::ZERO, Some(DeductFail::Nsf), Some(retry))]);
    assert_eq!(office.locked().await, 0, "it can be paid at the counter");
    office.books_hold().await;
    // The household hears of it, once.
    let told = "select status, content, coalesce(message, '') from sms where template = 'DEDUCT_FAIL'";
    let told = || sqlx::query_as::<_, (String, String, String)>(told).fetch_all(&office.test.admin);
    let [(status, content, _)] = &told().await.expect("messages")[..] else { panic!("one message") };
    assert!(status == "QUEUED" && content.contains("余额不足") && content.contains(&retry.to_string()), "{content}");
    // Before that day nothing of it is asked for; on the day all of it.
    let before = office.create(retry.pred_opt().expect("a day")).await.expect("a batch");
    assert_eq!(office.get(before).await.row.items, 0);
    deduction_discard(&office.maker, before, office.version(before).await, "无账单").await.expect("given up");
    let again = office.create(retry).await.expect("a batch");
    assert_eq!(office.get(again).await.row.items, 1);
    // The tenant stands at the counter: his item is taken out, and he pays.
    let query = ListQuery { filter: [("batch".into(), again.to_string())].into(), ..ListQuery::default() };
    let item = deduction_item_list(&office.maker, &query).await.expect("items").rows.remove(0);
    assert!(item.cancellable);
    deduction_item_cancel(&office.maker, item.id).await.expect("taken out");
    assert_eq!(office.locked().await, 0);
    let cashier = city::ctx(office.database(), "cashier").await;
    payment_take(&cashier, account, &cash(1, "10000")).await.expect("a payment");
    let [(status, _, why)] = &told().await.expect("messages")[..] else { panic!("one message") };
    assert_eq!((status.as_str(), why.as_str()), ("CANCELLED", "已缴费"), "money that came is no news");
    let batch = office.get(again).await;
    assert_eq!((batch.row.items, batch.row.amount), (0, Money::ZERO));
    assert!(refusal(deduction_item_cancel(&office.maker, item.id).await).contains("不能撤销其中的明细"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_in_part_pays_the_oldest_and_the_rest_is_owed() {
    let office = Office::open().await;
    let account = office.household(0).await;
    let before = account_get(&office.maker, account).await.expect("the account");
    let (id, request, lines) = office.at_bank().await;
    let part = Money::from_fen(100_100);
    office.respond(&request.batch_no, "d1", &[line(&lines[0], "PARTIAL", part)]).await.expect("read");
    deductions_post(office.database(), Utc::now()).await.expect("entered");
    let items = office.items(id).await;
    assert_eq!((items[0].0, items[0].1), (DeductStatus::Partial, part));
    let after = account_get(&office.maker, account).await.expect("the account");
    assert_eq!(after.row.outstanding, before.row.outstanding - part);
    assert_eq!(office.locked().await, 0, "the rest is free");
    office.books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_agree_waits_for_somebody() {
    let office = Office::open().await;
    office.household(0).await;
    office.household(1).await;
    let (id, request, lines) = office.at_bank().await;
    assert_eq!(lines.len(), 2);
    let over = lines[0].amount + Money::from_fen(100);
    let strange = ResponseLine { seq: 7, line: 9, ..line(&lines[1], "SUCCESS", lines[1].amount) };
    let twice = ResponseLine { line: 10, ..line(&lines[0], "SUCCESS", over) };
    let response = [line(&lines[0], "SUCCESS", over), strange, twice];
    let status = office.respond(&request.batch_no, "d1", &response).await.expect("read");
    assert_eq!(status, DeductionStatus::ReconDiff);
    assert_eq!(deductions_post(office.database(), Utc::now()).await.expect("asked"), 0, "nothing is entered");
    let pool = difference_list(&office.checker, &ListQuery::default()).await.expect("the pool").rows;
    let mut kinds: Vec<_> = pool.iter().map(|row| (row.kind, row.id, row.choices.clone())).collect();
    kinds.sort_by_key(|(kind, ..)| kind.code());
    let names: Vec<_> = kinds.iter().map(|(kind, ..)| kind.code()).collect();
    assert_eq!(names, ["DUPLICATE_SEQ", "MISSING", "OVER_DEDUCTED", "UNKNOWN_SEQ"]);
    let enter_or_note = [Resolution::Enter, Resolution::Note];
    assert_eq!(kinds[2].2, enter_or_note);
    assert!(
        kinds.iter().filter(|(kind, ..)| *kind != DifferenceKind::OverDeducted).all(|row| row.2 == [Resolution::Note])
    );
    let complaint = FieldErrors::from(("resolution", "该差异不能按银行结果入账"));
    let refused = resolve(&office, kinds[3].1, Resolution::Enter).await.expect_err("nobody knows whose it is");
    assert_eq!(Failure::from(refused), complaint.into());
    for (kind, id, _) in &kinds {
        let how = if *kind == DifferenceKind::OverDeducted { Resolution::Enter } else { Resolution::Note };
        resolve(&office, *id, how).await.expect("resolved");
    }
    assert_eq!(office.get(id).await.row.status, DeductionStatus::Reconciled, "the last one lets it go on");
    deductions_post(office.database(), Utc::now()).await.expect("entered");
    let items = office.items(id).await;
    assert_eq!((items[0].0, items[0].1), (DeductStatus::Success, over));
    assert_eq!((items[1].0, items[1].2), (DeductStatus::Fail, Some(DeductFail::Other)));
    assert_eq!(office.number("select sum(balance_fen)::bigint from account").await, 100, "what was too much is kept");
    office.books_hold().await;
}
