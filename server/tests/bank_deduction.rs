//! Direct debits and the bank, file by file (domain.md §3.7): whatever way the simulated bank answers, over a real folder, the
//! batch ends where it should and nothing is entered twice.

use crate::support::{
    city,
    database::TestDatabase,
    tenancy::{active, assigned, batch_form, form, tenant, vacant},
};
use chrono::{DateTime, Days, Months, Utc};
use domain::{
    billing::plan::month_of,
    dictionary::{BankFileState, DeductionStatus, DifferenceKind},
    id::DeductionBatchId,
    list::ListQuery,
    platform::actor::Actor,
    tenancy::contract_form::ContractForm,
    value::Money,
};
use server::bank::{
    Bank, Encoding,
    exchange::exchange,
    folder::Folder,
    layout::Writer,
    simulate::{Behaviour, Simulator},
};
use std::{fs, path::PathBuf};
use store::{
    Ctx,
    billing::{
        bank::statement::reconciliation_list,
        deduction::{
            deduction_check, deduction_create, deduction_get, deduction_item_list, deduction_send, difference_list,
        },
    },
    platform::user::{NewUser, user_create},
};

/// Two accountants, a household that owes, and a bank behind a folder.
struct Desk {
    test: TestDatabase,
    folder: PathBuf,
    encoding: Encoding,
    bank: Bank,
    maker: Ctx,
    checker: Ctx,
    now: DateTime<Utc>,
}

/// How a batch ended: its status, and how many items succeeded, succeeded in part and failed.
type End = (DeductionStatus, i32, i32, i32);

impl Desk {
    async fn open(encoding: Encoding) -> Self {
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
        household(&test, 0).await;
        let folder = test.files().join("bank");
        let gateway = Box::new(Folder::open(&folder).expect("a folder"));
        let bank = Bank { gateway, unit: "0371".into(), encoding };
        let (maker, checker) =
            (city::ctx(&test.database, "finance").await, city::ctx(&test.database, "finance-2").await);
        Self { test, folder, encoding, bank, maker, checker, now: Utc::now() }
    }

    /// A batch that was released to the bank.
    async fn released(&self) -> DeductionBatchId {
        let due_by = self.maker.today().checked_add_days(Days::new(31)).expect("a day");
        let Actor { organization_id, .. } = self.maker.actor();
        let form = batch_form(organization_id, due_by);
        let id = deduction_create(&self.maker, &form).await.expect("a batch");
        let version = async || deduction_get(&self.checker, id).await.expect("a batch").version;
        deduction_check(&self.checker, id, version().await, "").await.expect("checked");
        deduction_send(&self.checker, id, version().await).await.expect("released");
        id
    }

    async fn round(&self) -> String {
        exchange(&self.test.database, Some(&self.bank), self.now).await.expect("a round").unwrap_or_default()
    }

    async fn answer(&self, behaviour: Behaviour) -> usize {
        let folder = Folder::open(&self.folder).expect("a folder");
        Simulator::new(folder, self.encoding, behaviour).answer().await.expect("an answer").len()
    }

    async fn end(&self, id: DeductionBatchId) -> End {
        let row = deduction_get(&self.checker, id).await.expect("a batch").row;
        (row.status, row.success, row.partial, row.failed)
    }

    async fn number(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.test.admin).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// What has been paid is what the bank says that it took, once.
    async fn paid_once(&self) {
        let paid = self.number("select coalesce(sum(amount_fen), 0)::bigint from payment where method = 'DEBIT'").await;
        let taken = self.number("select coalesce(sum(deducted_fen), 0)::bigint from deduction_item").await;
        assert_eq!(paid, taken);
        let twice = "select count(*) from payment p join payment q using (account_id) where p.id < q.id";
        assert_eq!(self.number(twice).await, 0);
        let shares =
            self.number("select coalesce(sum(principal_fen + late_fee_fen), 0)::bigint from payment_share").await;
        let bills = self.number("select coalesce(sum(paid_fen + late_paid_fen), 0)::bigint from bill").await;
        assert_eq!(shares, bills);
    }

    async fn locked(&self) -> i64 {
        self.number("select count(*) from bill where in_batch is not null").await
    }

    fn names(&self, part: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join(part)).expect("a folder").flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names
    }
}

/// A household that has lived there for two months.
async fn household(test: &TestDatabase, nth: usize) {
    let unit = vacant(test, 0).await;
    let assignment = assigned(test, tenant(test, nth).await, unit).await;
    let start = month_of(store::ctx::china_day(Utc::now())).checked_sub_months(Months::new(2)).expect("a day");
    let form = ContractForm {
        start_on: start.to_string(),
        end_on: start.checked_add_months(Months::new(60)).and_then(|day| day.pred_opt()).expect("a day").to_string(),
        sign_on: start.to_string(),
        explained_on: start.to_string(),
        ..form(assignment)
    };
    active(test, &form).await;
}

/// Makes the account of a household unreadable, as a change of its contract that broke it.
async fn spoil(test: &TestDatabase, nth: usize) {
    let sql = format!(
        "select set_config('app.contract', 'change', true);
         update contract set bank_no = set_byte(bank_no, 20, get_byte(bank_no, 20) # 1) where lessee_name = '测试租户{nth}'"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&test.admin).await.expect("spoilt");
}

/// One account that cannot be read is left out, and the rest of its batch goes on.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_read_holds_nobody_up() {
    let desk = Desk::open(Encoding::Utf8).await;
    household(&desk.test, 1).await;
    let id = desk.released().await;
    spoil(&desk.test, 0).await;
    assert_eq!(desk.round().await, "发送批次1个");
    desk.answer(Behaviour::Ok).await;
    desk.round().await;
    assert_eq!(desk.end(id).await, (DeductionStatus::Posted, 1, 0, 1));
    assert_eq!(desk.locked().await, 0);
    desk.paid_once().await;
    // Nobody is left: the batch waits to be given up, and the round is no failure.
    let none = desk.released().await;
    assert_eq!(desk.round().await, "");
    assert_eq!(desk.end(none).await, (DeductionStatus::FileRejected, 0, 0, 1));
    assert!(desk.names("out").is_empty());
}

/// Each way of answering that needs nobody, with the end it leads to.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_ends_as_the_bank_answers() {
    use DeductionStatus as S;
    for (behaviour, encoding, end, locked) in [
        (Behaviour::Ok, Encoding::Gbk, (S::Posted, 1, 0, 0), 0),
        (Behaviour::Nsf, Encoding::Utf8, (S::Posted, 0, 0, 1), 0),
        (Behaviour::Partial, Encoding::Utf8, (S::Posted, 0, 1, 0), 0),
        (Behaviour::WrongAccount, Encoding::Utf8, (S::Posted, 0, 0, 1), 0),
        (Behaviour::Duplicate, Encoding::Utf8, (S::Posted, 1, 0, 0), 0),
        (Behaviour::Refuse, Encoding::Utf8, (S::FileRejected, 0, 0, 0), 4),
        (Behaviour::Truncated, Encoding::Utf8, (S::FileRejected, 0, 0, 0), 4),
        (Behaviour::UnknownSeq, Encoding::Utf8, (S::ReconDiff, 0, 0, 0), 4),
        (Behaviour::RepeatedSeq, Encoding::Utf8, (S::ReconDiff, 0, 0, 0), 4),
        (Behaviour::MissingSeq, Encoding::Utf8, (S::ReconDiff, 0, 0, 0), 4),
        (Behaviour::OverDeduct, Encoding::Utf8, (S::ReconDiff, 0, 0, 0), 4),
    ] {
        let desk = Desk::open(encoding).await;
        let id = desk.released().await;
        assert_eq!(desk.round().await, "发送批次1个", "{behaviour:?}");
        assert_eq!(desk.answer(behaviour).await, 1, "{behaviour:?}");
        desk.round().await;
        assert_eq!(desk.end(id).await, end, "{behaviour:?}");
        assert_eq!(desk.locked().await, locked, "{behaviour:?}");
        desk.paid_once().await;
        // Whatever lies there was dealt with, and another round finds nothing.
        assert!(desk.names("in").is_empty(), "{behaviour:?}: {:?}", desk.names("in"));
        assert_eq!(desk.round().await, "", "{behaviour:?}");
        assert_eq!(desk.end(id).await, end, "{behaviour:?}");
        desk.test.database.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_response_twice_is_noted_and_enters_nothing() {
    let desk = Desk::open(Encoding::Utf8).await;
    let id = desk.released().await;
    desk.round().await;
    desk.answer(Behaviour::Duplicate).await;
    assert_eq!(desk.names("in").len(), 3, "a receipt and twice the response");
    let done = desk.round().await;
    assert!(done.contains("该回盘文件已处理") && done.contains("入账批次1个"), "{done}");
    assert_eq!(desk.end(id).await, (DeductionStatus::Posted, 1, 0, 0));
    // And once more, days later.
    let name = desk.names("done").into_iter().find(|name| name.ends_with("response.txt")).expect("it was put away");
    fs::copy(desk.folder.join("done").join(&name), desk.folder.join("in").join(&name)).expect("sent again");
    assert!(desk.round().await.contains("该回盘文件已处理"));
    desk.paid_once().await;
    let batch = deduction_get(&desk.checker, id).await.expect("a batch");
    let rejected = batch.files.iter().filter(|file| file.state == BankFileState::Rejected).count();
    assert_eq!((rejected, batch.open_differences), (2, 0), "{:?}", batch.files);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_was_cut_off_is_made_good_by_a_whole_one() {
    let desk = Desk::open(Encoding::Utf8).await;
    let id = desk.released().await;
    desk.round().await;
    let request = desk.names("out").remove(0);
    desk.answer(Behaviour::Truncated).await;
    desk.round().await;
    assert_eq!(desk.end(id).await.0, DeductionStatus::FileRejected);
    // The bank answers the same request once more: it says that it knows it, and the operator has it send the response again.
    let collected = desk.folder.join("collected").join(&request);
    fs::rename(&collected, desk.folder.join("out").join(&request)).expect("laid before it once more");
    desk.answer(Behaviour::Ok).await;
    desk.round().await;
    assert_eq!(desk.end(id).await, (DeductionStatus::Posted, 1, 0, 0));
    desk.paid_once().await;
    assert_eq!(desk.locked().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_response_is_waited_for() {
    let mut desk = Desk::open(Encoding::Utf8).await;
    let id = desk.released().await;
    desk.round().await;
    assert_eq!(desk.answer(Behaviour::Late).await, 0);
    desk.now += chrono::TimeDelta::days(3);
    assert_eq!(desk.round().await, "");
    assert_eq!((desk.end(id).await.0, desk.locked().await), (DeductionStatus::Sent, 4));
    assert_eq!(desk.answer(Behaviour::Late).await, 1);
    desk.round().await;
    assert_eq!(desk.end(id).await, (DeductionStatus::Posted, 1, 0, 0));
    desk.paid_once().await;
}

/// The process ended after a file was sent and before that was noted: it goes out again under the same name, and the bank,
/// which has it, answers once.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_sent_twice_is_debited_once() {
    let desk = Desk::open(Encoding::Utf8).await;
    let id = desk.released().await;
    desk.round().await;
    desk.answer(Behaviour::Ok).await;
    sqlx::raw_sql(
        "update bank_file set state = 'MADE', digest = null, done_at = null where kind = 'REQUEST';
         update deduction_batch set status = 'EXPORTED', sent_at = null; update deduction_item set status = 'WAIT'",
    )
    .execute(&desk.test.admin)
    .await
    .expect("as if it was not noted");
    let done = desk.round().await;
    assert!(done.starts_with("发送批次1个"), "{done}");
    assert_eq!(desk.end(id).await, (DeductionStatus::Posted, 1, 0, 0));
    desk.answer(Behaviour::Ok).await;
    desk.round().await;
    assert_eq!(desk.end(id).await, (DeductionStatus::Posted, 1, 0, 0));
    desk.paid_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_bank_a_batch_waits() {
    let desk = Desk::open(Encoding::Utf8).await;
    let id = desk.released().await;
    let said = exchange(&desk.test.database, None, desk.now).await;
    assert_eq!(said, Ok(Some("未配置银行接口".to_owned())));
    assert_eq!(desk.end(id).await.0, DeductionStatus::Exported);
    let items = deduction_item_list(&desk.maker, &ListQuery::default()).await.expect("items").rows;
    assert_eq!(items.len(), 1);
}

/// The day after: three sides that say the same, and then a statement that says something else.
#[tokio::test(flavor = "multi_thread")]
async fn the_statement_is_held_against_responses_and_books() {
    let desk = Desk::open(Encoding::Utf8).await;
    desk.released().await;
    desk.round().await;
    desk.answer(Behaviour::Ok).await;
    desk.round().await;
    let tomorrow = desk.maker.today().succ_opt().expect("a day");
    let simulator = Simulator::new(Folder::open(&desk.folder).expect("a folder"), desk.encoding, Behaviour::Ok);
    assert!(simulator.statements(desk.maker.today()).await.expect("asked").is_empty(), "the day is not over");
    assert_eq!(simulator.statements(tomorrow).await.expect("written").len(), 1);
    assert!(simulator.statements(tomorrow).await.expect("asked").is_empty(), "once");
    let done = desk.round().await;
    assert_eq!(done, format!("{}银行流水1笔，差异0条", desk.maker.today()));
    let days = reconciliation_list(&desk.maker, &ListQuery::default()).await.expect("days").rows;
    let taken = desk.number("select sum(deducted_fen)::bigint from deduction_item").await;
    assert_eq!(days.len(), 1);
    assert!(days[0].agrees() && days[0].own.fen() == taken, "{days:?}");
    // The same statement again, and another one of the day.
    let name = desk.names("done").into_iter().find(|name| name.starts_with("LS")).expect("it was put away");
    fs::copy(desk.folder.join("done").join(&name), desk.folder.join("in").join(&name)).expect("sent again");
    assert!(desk.round().await.contains("该回盘文件已处理"));
    let other = statement("LS2", &desk.maker.today().format("%Y%m%d").to_string(), &[]);
    fs::write(desk.folder.join("in/LS2.statement.txt"), other).expect("written");
    assert!(desk.round().await.contains("银行流水已对账"));
    let other = city::ctx(&desk.test.database, "district-b").await;
    assert!(reconciliation_list(&other, &ListQuery::default()).await.expect("days").rows.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_one_side_says_is_a_difference() {
    let desk = Desk::open(Encoding::Utf8).await;
    let id = desk.released().await;
    desk.round().await;
    desk.answer(Behaviour::Ok).await;
    desk.round().await;
    let today = desk.maker.today().format("%Y%m%d").to_string();
    let batch = deduction_get(&desk.checker, id).await.expect("a batch").row;
    let (serial, fen): (String, i64) = sqlx::query_as("select bank_serial, deducted_fen from deduction_item")
        .fetch_one(&desk.test.admin)
        .await
        .expect("one");
    let less = Money::from_fen(fen - 1).to_string();
    let strange = ["S9", "DK9", "5.00"];
    let nobodys = ["S9", &batch.batch_no, "7.00"];
    let lines =
        [[serial.as_str(), &batch.batch_no, &less], strange, nobodys, [serial.as_str(), &batch.batch_no, "1.00"]];
    fs::write(desk.folder.join("in/LS1.statement.txt"), statement("LS1", &today, &lines)).expect("written");
    assert_eq!(desk.round().await, format!("{}银行流水4笔，差异4条", desk.maker.today()));
    let city = city::ctx(&desk.test.database, "city").await;
    let kinds = async |ctx: &Ctx| {
        let rows = difference_list(ctx, &ListQuery::default()).await.expect("the pool").rows;
        let mut kinds: Vec<_> = rows.iter().map(|row| (row.kind, row.own.fen(), row.their.fen())).collect();
        kinds.sort();
        kinds
    };
    use DifferenceKind as D;
    let district = [(D::BankOnly, 0, 100), (D::BankOnly, 0, 700), (D::AmountDiffers, fen, fen - 1)];
    assert_eq!(kinds(&desk.maker).await, district);
    let all = [(D::BankOnly, 0, 100), (D::BankOnly, 0, 500), (D::BankOnly, 0, 700), (D::AmountDiffers, fen, fen - 1)];
    assert_eq!(kinds(&city).await, all, "money of which nobody knows whose it is, the city sees");
    let days = reconciliation_list(&city, &ListQuery::default()).await.expect("days").rows;
    assert_eq!(days.iter().map(|day| (day.district.is_some(), day.differences)).collect::<Vec<_>>().len(), 2);
    desk.paid_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deduction_that_did_not_arrive_is_missed() {
    let desk = Desk::open(Encoding::Utf8).await;
    desk.released().await;
    desk.round().await;
    desk.answer(Behaviour::Ok).await;
    desk.round().await;
    let today = desk.maker.today().format("%Y%m%d").to_string();
    fs::write(desk.folder.join("in/LS1.statement.txt"), statement("LS1", &today, &[])).expect("written");
    assert_eq!(desk.round().await, format!("{}银行流水0笔，差异1条", desk.maker.today()));
    let rows = difference_list(&desk.maker, &ListQuery::default()).await.expect("the pool").rows;
    assert_eq!(rows.iter().map(|row| row.kind).collect::<Vec<_>>(), [DifferenceKind::BookOnly]);
    let days = reconciliation_list(&desk.maker, &ListQuery::default()).await.expect("days").rows;
    assert!(!days[0].agrees() && days[0].their == Money::ZERO && days[0].own > Money::ZERO, "{days:?}");
}

/// A statement of the counters' terminals takes the same way.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_terminals_is_read() {
    let desk = Desk::open(Encoding::Gbk).await;
    let today = desk.maker.today();
    let day = today.format("%Y%m%d").to_string();
    let lines = [["0001", "T0001", "5.00"]];
    fs::write(desk.folder.join("in/PS1.pos.txt"), statement("PS1", &day, &lines)).expect("written");
    assert_eq!(desk.round().await, format!("{today}POS对账单1笔，差异1条"));
    let city = city::ctx(&desk.test.database, "city").await;
    let rows = difference_list(&city, &ListQuery::default()).await.expect("the pool").rows;
    assert_eq!(
        rows.iter().map(|row| (row.kind, row.their.fen())).collect::<Vec<_>>(),
        [(DifferenceKind::BankOnly, 500)]
    );
    let again = statement("PS2", &day, &[]);
    fs::write(desk.folder.join("in/PS2.pos.txt"), again).expect("written");
    assert!(desk.round().await.contains("POS对账单已对账"));
}

/// A statement of serial, batch or terminal, and amount.
fn statement(number: &str, day: &str, lines: &[[&str; 3]]) -> Vec<u8> {
    let sum: Money = lines.iter().filter_map(|line| Money::parse_yuan(line[2]).ok()).sum();
    let (count, sum) = (lines.len().to_string(), sum.to_string());
    let mut writer = Writer::new(Encoding::Utf8, &[number, "0371", &count, &sum, day]);
    for (index, [serial, batch, amount]) in lines.iter().enumerate() {
        writer.detail(&[&(index + 1).to_string(), serial, batch, amount, "", ""]);
    }
    writer.finish()
}
