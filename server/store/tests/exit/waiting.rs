//! What waits while somebody leaves: the contract that was to follow, and a bank that was quicker than we.

use super::{
    desk::{Desk, keys, today},
    refusal,
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::{AttachmentKind, AttachmentOwner, BankFileKind, ContractStatus, ExitStatus},
    platform::{attachment::content::Media, setting::code},
    tenancy::contract_form::ContractForm,
};
use store::{
    billing::bank::{
        Received, bank_file_sent,
        contract_file::{ContractAnswer, contract_answers, contract_file_next},
    },
    platform::{
        attachment::{Upload, attachment_create},
        setting::setting_put,
    },
    tenancy::{
        contract::{
            SyncAnswer, contract_decide, contract_get, contract_renew, contract_renewal_offer, contract_synced,
        },
        exit::{exit_debt_acknowledge, exit_get, exit_keys, exit_tell_again},
    },
};

/// A renewal that waits for its day is void when the household leaves, and blocks nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_ends_with_the_exit() {
    let desk = Desk::open().await;
    setting_put(&desk.test.database, code::RENEWAL_WINDOW, "1830/0").await.expect("a parameter");
    let home = desk.lived_in(0).await;
    let proposed = contract_renewal_offer(&desk.entry, home.contract).await.expect("an offer").form();
    let wanted = ContractForm { explained_on: proposed.sign_on.clone(), ..proposed };
    let second = contract_renew(&desk.entry, home.contract, &wanted, true).await.expect("a renewal");
    let version = contract_get(&desk.entry, second).await.expect("it").row.version;
    contract_decide(&desk.approver, second, version, true, "").await.expect("it is approved");
    let id = desk.inspected(&home).await;
    desk.settled(id).await;

    // Its day has come and the one before is being left: the bank does not hear of it.
    let start: chrono::NaiveDate = wanted.start_on.parse().expect("a day");
    let later: DateTime<Utc> = store::ctx::china_midnight(start).expect("a moment");
    assert!(contract_file_next(&desk.test.database, later).await.expect("asked").is_none());
    desk.left_owing(&home, id).await;
    let renewal = contract_get(&desk.entry, second).await.expect("it");
    assert_eq!(renewal.row.status, ContractStatus::Void);
    let told = renewal.history.first().and_then(|line| line.reason.clone());
    assert_eq!(told.as_deref(), Some("原合同已退租"));
    assert!(contract_file_next(&desk.test.database, later).await.expect("asked").is_none());
    let number = renewal.row.contract_no.expect("a number");
    let answer = SyncAnswer::Known { agreement_no: None };
    let status = contract_synced(&desk.test.database, &number, answer, later).await.expect("read");
    assert_eq!(status, ContractStatus::Void, "an answer that comes too late changes nothing");
}

/// An end that the bank knows and that our own rules stand against is not told again, but entered when they do not any more.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_bank_has_forgotten_is_not_told_again() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let id = desk.inspected(&home).await;
    desk.settled(id).await;
    exit_debt_acknowledge(&desk.head, id, desk.version(id).await, "已签欠款确认书").await.expect("acknowledged");
    exit_keys(&desk.operator, id, desk.version(id).await, &keys()).await.expect("keys are back");
    let status = |to: &'static str| {
        let admin = desk.test.admin.clone();
        let set = sqlx::query("update unit set status = $2 where id = $1").bind(home.unit.0).bind(to);
        async move { set.execute(&admin).await.expect("a status") }
    };
    status("REPAIR").await;
    let now = Utc::now();
    let file = contract_file_next(&desk.test.database, now).await.expect("asked").expect("a file");
    bank_file_sent(&desk.test.database, file.id, "x", "x", now).await.expect("sent");
    let answer = ContractAnswer {
        seq: 1,
        contract_no: file.lines[0].contract_no.clone(),
        result: ContractAnswer::SUCCESS.to_owned(),
        agreement_no: None,
        message: None,
    };
    let received = Received { kind: BankFileKind::ContractAnswer, name: "a", digest: "a", file_no: &file.file_no };
    contract_answers(&desk.test.database, &received, &[answer], now).await.expect("read");
    let exit = exit_get(&desk.entry, id).await.expect("it");
    assert_eq!((exit.row.status, exit.bank_forgot, exit.turns.tell), (ExitStatus::KeysReturned, true, true));
    let tomorrow = now + chrono::TimeDelta::days(1);
    assert!(contract_file_next(&desk.test.database, tomorrow).await.expect("asked").is_none(), "it is not told again");
    assert!(exit_tell_again(&desk.entry, id, exit.row.version).await.is_err(), "nothing has changed");
    status("OCCUPIED").await;
    exit_tell_again(&desk.entry, id, exit.row.version).await.expect("it is closed");
    assert_eq!(desk.status(id).await.0, ExitStatus::Closed);
    assert_eq!(today(), desk.today());
}

/// Finance adds the settlement sheet that was signed, and nobody adds anything once it is over.
#[tokio::test(flavor = "multi_thread")]
async fn finance_keeps_the_signed_sheet() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let id = desk.inspected(&home).await;
    desk.settled(id).await;
    let paper = |kind| Upload {
        owner: AttachmentOwner::Exit,
        owner_id: id.0,
        kind,
        file_name: "结算单.pdf",
        media: Media::Pdf,
        content: b"%PDF-1.7",
        thumbnail: None,
    };
    let sheet = paper(AttachmentKind::SettlementSheet);
    attachment_create(&desk.finance, &sheet).await.expect("it is kept");
    assert_eq!(refusal(attachment_create(&desk.finance, &paper(AttachmentKind::Photo)).await), "请选择附件类型");
    assert!(attachment_create(&desk.entry, &sheet).await.is_err());
    desk.left_owing(&home, id).await;
    assert_eq!(refusal(attachment_create(&desk.finance, &sheet).await), "退租已完成，不能增删附件");
}
