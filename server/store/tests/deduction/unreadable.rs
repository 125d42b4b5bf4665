//! One household whose account cannot be read holds nobody else up (domain.md §3.7): it is left out with a reason that
//! somebody sees.

use super::*;
use crate::support::{
    database::KEY,
    tenancy::{BANK, approved},
};
use chrono::TimeDelta;
use domain::{dictionary::ContractStatus, id::ContractId};
use store::{
    billing::{bank::contract_file::contract_file_next, deduction::request::deduction_request_withhold},
    platform::{
        cipher::{KeyRing, Kind},
        message::message_list,
    },
    tenancy::contract::contract_get,
};

/// SQL: what is left of a sealed number that was changed, whose key is missing, or that was cut off.
const WAYS: [&str; 3] = [
    "set_byte(bank_no, length(bank_no) - 1, get_byte(bank_no, length(bank_no) - 1) # 1)",
    "'\\x7fff'::bytea || substr(bank_no, 3)",
    "'\\x00'",
];

/// Makes the account number of some contracts so.
async fn spoil(office: &Office, which: &str, how: &str) {
    // As a change of contract says of itself.
    let sql =
        format!("select set_config('app.contract', 'change', true); update contract set bank_no = {how} where {which}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&office.test.admin).await.expect("spoilt");
}

impl Office {
    /// A batch that was released, of so many households.
    async fn released(&self, households: usize) -> DeductionBatchId {
        for nth in 0..households {
            self.household(nth).await;
        }
        let id = self.create(Self::due_by()).await.expect("a batch");
        deduction_check(&self.checker, id, self.version(id).await, "").await.expect("checked");
        deduction_send(&self.checker, id, self.version(id).await).await.expect("released");
        id
    }

    /// What the gateway does before it sends: whoever cannot be read is taken out. Answers how many that were.
    async fn withheld(&self) -> usize {
        let now = Utc::now();
        let request = deduction_request_next(self.database(), now).await.expect("asked").expect("a request");
        let portion = deduction_request_lines(self.database(), request.batch_id, 0, 100, now).await.expect("lines");
        let count = portion.unreadable.len();
        deduction_request_withhold(self.database(), &request, &portion.unreadable, now).await.expect("taken out");
        count
    }

    async fn messages(&self, ctx: &Ctx) -> Vec<String> {
        let rows = message_list(ctx, &ListQuery::default()).await.expect("messages").rows;
        rows.into_iter().map(|row| format!("{} {}", row.link, row.content)).collect()
    }

    async fn reasons(&self, id: DeductionBatchId) -> Vec<Option<String>> {
        let query = ListQuery { filter: [("batch".into(), id.to_string())].into(), ..ListQuery::default() };
        let mut rows = deduction_item_list(&self.maker, &query).await.expect("items").rows;
        rows.sort_by_key(|row| row.seq);
        rows.into_iter().map(|row| row.fail_text).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_read_fails_alone_and_the_others_are_debited() {
    for how in WAYS {
        let office = Office::open().await;
        let id = office.released(2).await;
        spoil(&office, "lessee_name = '测试租户0'", how).await;
        assert_eq!(office.withheld().await, 1, "{how}");
        let (request, lines) = office.sent().await;
        assert_eq!((request.count, lines.len(), lines[0].holder.as_str()), (1, 1, "测试租户1"), "{how}");
        let batch = office.get(id).await;
        assert_eq!((batch.row.items, batch.row.failed, batch.row.amount), (1, 1, lines[0].amount));
        assert_eq!(batch.message.as_deref(), Some("1笔的账号或证件号码无法读取，未发送银行，原因见代扣明细"));
        assert_eq!(batch.files[0].lines, 1);
        let why = "未发送银行：银行账号无法读取（密钥缺失或数据损坏），请重新登记扣款账号";
        assert_eq!(office.reasons(id).await, [Some(why.to_owned()), None]);
        assert_eq!(office.locked().await, 4, "the other's");

        // Who made it and who sent it are told, once.
        let told = format!(
            "/billing/deductions/{id} 代扣批次{}中1笔的账号或证件号码无法读取，未发送银行；请查看代扣明细并重新登记扣款账号",
            request.batch_no
        );
        for ctx in [&office.maker, &office.checker] {
            assert_eq!(office.messages(ctx).await, [told.as_str()]);
        }
        let status = office.respond(&request.batch_no, "d1", &all_paid(&lines)).await.expect("read");
        assert_eq!(status, DeductionStatus::Reconciled, "it is no difference");
        deductions_post(office.database(), Utc::now()).await.expect("entered");
        let items = office.items(id).await;
        assert_eq!(items[0], (DeductStatus::Fail, Money::ZERO, Some(DeductFail::Other), None));
        assert_eq!((items[1].0, items[1].1), (DeductStatus::Success, lines[0].amount));
        assert_eq!((office.get(id).await.row.status, office.locked().await), (DeductionStatus::Posted, 0));
        // Our fault is no message to the household.
        assert_eq!(office.number("select count(*) from sms where template = 'DEDUCT_FAIL'").await, 0);
        office.books_hold().await;

        // The number is registered anew, and the next batch asks for what is left.
        let ring = KeyRing::parse(KEY).expect("the key");
        let sealed: String = ring.seal(Kind::BankAccount, BANK).iter().map(|byte| format!("{byte:02x}")).collect();
        spoil(&office, "lessee_name = '测试租户0'", &format!("'\\x{sealed}'")).await;
        let next = office.create(Office::due_by()).await.expect("a batch");
        assert_eq!(office.get(next).await.row.items, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_account_number_is_not_sent_either() {
    let office = Office::open().await;
    let id = office.released(2).await;
    let ring = KeyRing::parse(KEY).expect("the key");
    let sealed: String = ring.seal(Kind::BankAccount, "张三|6217").iter().map(|byte| format!("{byte:02x}")).collect();
    spoil(&office, "lessee_name = '测试租户1'", &format!("'\\x{sealed}'")).await;
    assert_eq!(office.withheld().await, 1);
    assert_eq!(office.sent().await.1.len(), 1);
    let why = "未发送银行：银行账号格式不正确，请重新登记扣款账号";
    assert_eq!(office.reasons(id).await, [None, Some(why.to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_which_nothing_can_be_sent_is_given_up() {
    let office = Office::open().await;
    let id = office.released(1).await;
    spoil(&office, "true", WAYS[0]).await;
    assert_eq!(office.withheld().await, 1);
    let next = deduction_request_next(office.database(), Utc::now()).await.expect("asked");
    assert!(next.is_none(), "an empty request is none");
    let batch = office.get(id).await;
    assert_eq!((batch.row.status, batch.row.items), (DeductionStatus::FileRejected, 0));
    assert_eq!(office.number("select count(*) from bank_file where kind = 'REQUEST' and state = 'REJECTED'").await, 1);
    assert_eq!(office.locked().await, 0, "they can be paid at the counter");
    let version = office.version(id).await;
    assert_eq!(refusal(deduction_send(&office.checker, id, version).await), "批次没有可扣款的账单，请撤销");
    deduction_discard(&office.maker, id, version, "账号须重新登记").await.expect("given up");
    assert_eq!(office.get(id).await.row.status, DeductionStatus::Closed);
}

/// Contracts that wait for the bank, the first of which it cannot be told of.
async fn waiting(office: &Office, count: usize) -> Vec<ContractId> {
    let mut ids = Vec::new();
    for nth in 0..count {
        let (person, unit) = (tenant(&office.test, nth).await, vacant(&office.test, 0).await);
        ids.push(approved(&office.test, &form(assigned(&office.test, person, unit).await)).await);
    }
    spoil(office, &format!("id = {}", ids[0]), WAYS[1]).await;
    ids
}

async fn sync(office: &Office, id: ContractId) -> (ContractStatus, i32, Option<String>) {
    let contract = contract_get(&city::ctx(office.database(), "city").await, id).await.expect("it is there");
    let message = sqlx::query_scalar("select sync_message from contract where id = $1").bind(id.0);
    let message = message.fetch_one(&office.test.admin).await.expect("a contract");
    (contract.row.status, contract.sync_tries, message)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_cannot_be_read_is_refused_and_the_others_are_told() {
    let office = Office::open().await;
    let ids = waiting(&office, 2).await;
    let mut now = Utc::now();
    let file = contract_file_next(office.database(), now).await.expect("asked").expect("a file");
    assert_eq!((file.lines.len(), file.lines[0].account_no.as_str(), file.lines[0].seq), (1, BANK, 2));
    let words = "未发送 银行账号无法读取（密钥缺失或数据损坏），请重新登记扣款账号";
    assert_eq!(sync(&office, ids[0]).await, (ContractStatus::ApprovedSyncing, 1, Some(words.to_owned())));
    assert_eq!(sync(&office, ids[1]).await, (ContractStatus::ApprovedSyncing, 0, None));
    // Asked for once more before it was sent, it is the same file, and the refusal counts once.
    let again = contract_file_next(office.database(), now).await.expect("asked").expect("a file");
    assert_eq!((again.id, again.lines.len(), sync(&office, ids[0]).await.1), (file.id, 1, 1));
    store::billing::bank::bank_file_sent(office.database(), file.id, "x.txt", "aa", now).await.expect("sent");
    // Tried like a refusal of the bank, three times; a file of nothing never goes out.
    for tries in 2..=3 {
        assert!(contract_file_next(office.database(), now).await.expect("asked").is_none(), "not at once");
        now += TimeDelta::minutes(11);
        assert!(contract_file_next(office.database(), now).await.expect("asked").is_none(), "nothing is left of it");
        assert_eq!(sync(&office, ids[0]).await.1, tries);
    }
    assert_eq!(sync(&office, ids[0]).await.0, ContractStatus::SyncFailed, "somebody finds it at home");
    now += TimeDelta::minutes(11);
    assert!(contract_file_next(office.database(), now).await.expect("asked").is_none());
    let files = "select count(*) from bank_file where direction = 'OUT' and kind = 'CONTRACT' and state = ";
    for (state, count) in [("'REJECTED'", 2), ("'SENT'", 1), ("'MADE'", 0)] {
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("{files}{state}")))
            .fetch_one(&office.test.admin)
            .await
            .expect("files");
        assert_eq!(found, count, "{state}");
    }
}
