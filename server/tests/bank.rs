//! Contracts and the bank, file by file (domain.md §3.5 C4): our side and the simulated bank over a real folder.

use crate::support::{
    city,
    database::TestDatabase,
    tenancy::{approved, assigned, form, tenant, vacant},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{dictionary::ContractStatus, id::ContractId};
use server::bank::{
    Bank, Encoding,
    exchange::exchange,
    folder::Folder,
    simulate::{Behaviour, Simulator},
};
use std::{fs, path::PathBuf};
use store::{
    billing::bank::contract_file::contract_file_next,
    platform::user::{UserRef, user_ctx},
    tenancy::contract::{contract_get, contract_sync_again},
};

/// A city with a bank behind a folder.
struct Desk {
    test: TestDatabase,
    folder: PathBuf,
    encoding: Encoding,
    bank: Bank,
    now: DateTime<Utc>,
}

impl Desk {
    async fn open(encoding: Encoding) -> Self {
        let test = TestDatabase::with_city().await;
        let folder = test.files().join("bank");
        let gateway = Box::new(Folder::open(&folder).expect("a folder"));
        let bank = Bank { gateway, unit: "0371".into(), encoding };
        Self { test, folder, encoding, bank, now: Utc::now() }
    }

    /// A contract that waits for the bank.
    async fn contract(&self, nth: usize) -> ContractId {
        let (person, unit) = (tenant(&self.test, nth).await, vacant(&self.test, 0).await);
        approved(&self.test, &form(assigned(&self.test, person, unit).await)).await
    }

    async fn round(&self) -> Result<Option<String>, String> {
        exchange(&self.test.database, Some(&self.bank), self.now).await
    }

    async fn answer(&self, behaviour: Behaviour) -> Vec<String> {
        let folder = Folder::open(&self.folder).expect("a folder");
        Simulator::new(folder, self.encoding, behaviour).answer().await.expect("an answer")
    }

    fn names(&self, part: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join(part)).expect("a folder").flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names
    }

    async fn status(&self, id: ContractId) -> (ContractStatus, Option<String>) {
        let contract = contract_get(&city::ctx(&self.test.database, "city").await, id).await.expect("it is there");
        let message = sqlx::query_scalar("select sync_message from contract where id = $1").bind(id.0);
        (contract.row.status, message.fetch_one(&self.test.admin).await.expect("a contract"))
    }

    async fn files(&self) -> Vec<(String, String, Option<String>)> {
        sqlx::query_as("select kind, state, message from bank_file order by id")
            .fetch_all(&self.test.admin)
            .await
            .expect("files")
    }
}

#[tokio::test]
async fn a_contract_that_the_bank_knows_comes_into_force() {
    for encoding in [Encoding::Utf8, Encoding::Gbk] {
        let desk = Desk::open(encoding).await;
        assert_eq!(desk.round().await, Ok(None), "nothing waits");
        let id = desk.contract(0).await;
        assert_eq!(desk.round().await, Ok(Some("发送合同1份".into())));
        let [name] = &desk.names("out")[..] else { panic!("one file: {:?}", desk.names("out")) };
        let content = fs::read(desk.folder.join("out").join(name)).expect("the file");
        let text = match encoding {
            Encoding::Utf8 => String::from_utf8(content).expect("text"),
            Encoding::Gbk => encoding_rs::GBK.decode(&content).0.into_owned(),
        };
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('|').collect()).collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!((lines[0][0], lines[0][2], lines[0][3]), ("H", "0371", "1"));
        let [_, seq, number, what, account, holder, id_last, bank, ..] = lines[1][..] else { panic!("{text}") };
        assert_eq!((seq, what, account, holder), ("1", "ADD", crate::support::tenancy::BANK, "测试租户0"));
        assert_eq!((id_last, bank), ("070017", "测试银行"));
        assert!(number.starts_with("HT") && name.starts_with(lines[0][1]));
        assert_eq!(desk.round().await, Ok(None), "it is told once");

        assert_eq!(desk.answer(Behaviour::Ok).await.len(), 1);
        assert_eq!(desk.status(id).await.0, ContractStatus::ApprovedSyncing, "not by the answer's being there");
        assert_eq!(desk.round().await, Ok(Some("合同应答：生效1".into())));
        assert_eq!(desk.status(id).await, (ContractStatus::Active, None));
        assert!(desk.names("in").is_empty() && desk.names("out").is_empty());
        assert_eq!(desk.names("done").len(), 1);
        let agreement: Option<String> = sqlx::query_scalar("select debit_agreement_no from contract")
            .fetch_one(&desk.test.admin)
            .await
            .expect("one");
        assert_eq!(agreement, Some(format!("XY{}", &number[2..])));
    }
}

#[tokio::test]
async fn a_refusal_is_tried_three_times_and_then_somebody_looks() {
    let mut desk = Desk::open(Encoding::Utf8).await;
    let id = desk.contract(0).await;
    for time in 1..=3 {
        assert_eq!(desk.round().await, Ok(Some("发送合同1份".into())), "time {time}");
        desk.answer(Behaviour::WrongAccount).await;
        assert_eq!(desk.round().await, Ok(Some("合同应答：失败1".into())), "time {time}");
        assert_eq!(desk.round().await, Ok(None), "not at once");
        desk.now += TimeDelta::minutes(11);
    }
    let words = Some("MISMATCH 户名账号不符".to_owned());
    assert_eq!(desk.status(id).await, (ContractStatus::SyncFailed, words));
    assert_eq!(desk.round().await, Ok(None), "it waits for somebody");
    // A minute later by the clock that the rounds go by.
    desk.now += TimeDelta::minutes(1);
    let entry = user_ctx(&desk.test.database, UserRef::Login("entry"), desk.now).await.expect("the clerk");
    let version = contract_get(&entry, id).await.expect("it is there").row.version;
    contract_sync_again(&entry, id, version).await.expect("told again");
    assert_eq!(desk.round().await, Ok(Some("发送合同1份".into())), "whoever has it told again does not wait");
    desk.answer(Behaviour::Ok).await;
    desk.round().await.expect("a round");
    assert_eq!(desk.status(id).await.0, ContractStatus::Active);
}

#[tokio::test]
async fn a_bank_that_is_silent_late_or_cut_off_is_waited_for() {
    let mut desk = Desk::open(Encoding::Utf8).await;
    let id = desk.contract(0).await;
    desk.round().await.expect("a round");
    assert!(desk.answer(Behaviour::Late).await.is_empty(), "it has seen the file");
    assert_eq!(desk.round().await, Ok(None));
    assert_eq!(desk.answer(Behaviour::Late).await.len(), 1);
    // The answer was lost on its way.
    for name in desk.names("in") {
        fs::remove_file(desk.folder.join("in").join(name)).expect("removed");
    }
    desk.now += TimeDelta::minutes(61);
    assert_eq!(desk.round().await, Ok(None), "an hour is not long");
    desk.now += TimeDelta::minutes(60);
    assert_eq!(desk.round().await, Ok(Some("发送合同1份".into())), "told again");

    desk.answer(Behaviour::Truncated).await;
    let done = desk.round().await.expect("a round").expect("something");
    assert!(done.starts_with("拒绝HTTB") && done.ends_with("文件不完整：缺少文件尾"), "{done}");
    assert_eq!(desk.status(id).await.0, ContractStatus::ApprovedSyncing);
    assert!(desk.names("in").is_empty(), "it is put away");
    let last = desk.files().await.pop().expect("a file");
    assert_eq!((last.0.as_str(), last.1.as_str()), ("CONTRACT_ANSWER", "REJECTED"));

    desk.now += TimeDelta::hours(3);
    desk.round().await.expect("told a third time");
    desk.answer(Behaviour::Duplicate).await;
    assert_eq!(desk.names("in").len(), 2);
    let done = desk.round().await.expect("a round").expect("something");
    assert!(done.contains("合同应答：生效1") && done.contains("该回盘文件已处理"), "{done}");
    assert_eq!(desk.status(id).await.0, ContractStatus::Active);
}

/// One contract whose account cannot be read stops neither the others nor the round.
#[tokio::test]
async fn a_contract_that_cannot_be_read_holds_nobody_up() {
    let desk = Desk::open(Encoding::Utf8).await;
    let (broken, whole) = (desk.contract(0).await, desk.contract(1).await);
    sqlx::raw_sql(
        "select set_config('app.contract', 'change', true);
         update contract set bank_no = set_byte(bank_no, 20, get_byte(bank_no, 20) # 1) where lessee_name = '测试租户0'",
    )
    .execute(&desk.test.admin)
    .await
    .expect("spoilt");
    assert_eq!(desk.round().await, Ok(Some("发送合同1份".into())));
    desk.answer(Behaviour::Ok).await;
    assert_eq!(desk.round().await, Ok(Some("合同应答：生效1".into())));
    assert_eq!(desk.status(whole).await.0, ContractStatus::Active);
    let words = "未发送 银行账号无法读取（密钥缺失或数据损坏），请重新登记扣款账号";
    assert_eq!(desk.status(broken).await, (ContractStatus::ApprovedSyncing, Some(words.into())));
}

/// The process ended after the file was made and before it was sent: the same file goes out.
#[tokio::test]
async fn a_file_that_was_made_is_sent() {
    let desk = Desk::open(Encoding::Utf8).await;
    let id = desk.contract(0).await;
    let first = contract_file_next(&desk.test.database, desk.now).await.expect("asked").expect("a file");
    let second = contract_file_next(&desk.test.database, desk.now).await.expect("asked").expect("a file");
    assert_eq!((first.id, &first.file_no), (second.id, &second.file_no));
    desk.round().await.expect("a round");
    assert_eq!(desk.names("out"), [format!("{}.contract.txt", first.file_no)]);
    desk.answer(Behaviour::Ok).await;
    desk.round().await.expect("a round");
    assert_eq!(desk.status(id).await.0, ContractStatus::Active);
}

/// What lies in the folder besides, and a file that answers nothing we asked.
#[tokio::test]
async fn strange_files_hold_nobody_up() {
    let desk = Desk::open(Encoding::Utf8).await;
    let id = desk.contract(0).await;
    desk.round().await.expect("a round");
    let inbox = desk.folder.join("in");
    fs::write(inbox.join("readme.doc"), b"x").expect("written");
    fs::write(inbox.join("HTTB1.contract.txt"), b"x").expect("written");
    let mut strange = server::bank::layout::Writer::new(Encoding::Utf8, &["HTTB1", "0371", "1", "20260101"]);
    strange.detail(&["1", "HT1", "SUCCESS", "", ""]);
    fs::write(inbox.join("HTTB1.answer.txt"), strange.finish()).expect("written");
    desk.answer(Behaviour::Ok).await;
    let done = desk.round().await.expect("a round").expect("something");
    for said in ["合同应答：生效1", "合同应答：无对应请求1", "忽略文件readme.doc", "拒绝HTTB1.contract.txt"]
    {
        assert!(done.contains(said), "{said}: {done}");
    }
    assert_eq!(desk.status(id).await.0, ContractStatus::Active);
    assert_eq!(desk.names("in"), ["readme.doc"], "what is not ours stays");
}
