//! 催缴通知书 of many households: each has its number, its record and its line in the log, and who gets none is named.

use super::{
    desk::{change, complaint, ctx_on, failure, household, number, pay, published, refusal, text, told},
    records,
};
use crate::support::TestDatabase;
use domain::{
    billing::{
        dunning::LeftOut,
        dunning_form::DoneForm,
        dunning_notice::{BATCH_MAX, NoticesForm},
    },
    failure::Failure,
    id::AccountId,
    list::ListQuery,
    paper::Block,
    platform::print::{PaperKind, PrintForm, PrintKind},
};
use store::{
    billing::{
        arrears::arrears_follow,
        dunning::{dunning_done, dunning_notices_print, dunning_run},
    },
    tenancy::paper::{print_batch_get, print_create, print_get, print_list},
};

fn chosen(accounts: &[AccountId]) -> NoticesForm {
    NoticesForm { accounts: accounts.to_vec(), list: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_of_many_are_one_file_and_wait_for_their_service() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    let finance = ctx_on(&test, "finance", "2014-12-16").await;
    // Before the daily count, which the print does for itself: the bill of December is overdue since today.
    let made = dunning_notices_print(&finance, &chosen(&[account, AccountId(-1)])).await.expect("a batch");
    assert_eq!((made.printed, made.left_out.len()), (1, 0));
    let batch = made.batch.expect("its number");
    let owed = number(&test, "select amount_fen from arrears").await;
    assert_eq!(records(&test).await, told(&[("WRITTEN", "OPEN", owed)]));
    let (id, notice) = (
        number(&test, "select id from dunning_record where printed_on = '2014-12-16'").await,
        text(&test, "select notice_no from dunning_record").await,
    );
    let printed = print_batch_get(&finance, batch).await.expect("the file");
    assert_eq!(printed.papers.len(), 1);
    let paper = &printed.papers[0];
    assert_eq!(paper.number, format!("编号：{notice}"));
    for said in ["欠缴租金3个月，共335.40元", "人民币叁佰叁拾伍元肆角整", "测试租户0"] {
        assert!(paper.content().contains(said), "{said}: {}", paper.content());
    }
    let bills = paper
        .blocks
        .iter()
        .find_map(|block| if let Block::Table { rows, .. } = block { Some(rows.len()) } else { None });
    assert_eq!(bills, Some(3));
    let log = print_list(&finance, &ListQuery::default()).await.expect("a page").rows;
    assert_eq!((log.len(), log[0].paper, log[0].kind, log[0].nth), (1, PaperKind::Dunning, PrintKind::First, Some(1)));
    assert_eq!((log[0].number.as_str(), log[0].object_id), (notice.as_str(), id));
    let operator = ctx_on(&test, "operator", "2014-12-16").await;
    assert_eq!(failure(print_batch_get(&operator, batch).await), Failure::NotFound, "it is who printed it");
    // Asked for once more it prints nothing, and says which notice waits.
    let again = dunning_notices_print(&finance, &chosen(&[account])).await.expect("an answer");
    assert_eq!((again.batch, again.printed), (None, 0));
    assert_eq!(
        (again.left_out[0].why, again.left_out[0].notice.clone()),
        (LeftOut::Waiting, Some((notice.clone(), id)))
    );
    assert_eq!(number(&test, "select count(*) from dunning_record").await, 1);
    let served = DoneForm {
        served_how: "DIRECT".into(),
        served_on: "2014-12-16".into(),
        received_by: "本人".into(),
        ..DoneForm::default()
    };
    dunning_done(&finance, id, 2, &served).await.expect("it is served");

    // What is paid changes nothing on it: a copy says what the first said, and why there is one.
    let cashier = ctx_on(&test, "cashier", "2014-12-16").await;
    pay(&cashier, account, 1, owed).await;
    let copy = PrintForm { paper: PaperKind::Dunning.code().into(), id, ..PrintForm::default() };
    assert_eq!(failure(print_create(&finance, &copy).await), complaint("reason", "该通知书已打印过，请填写补打原因"));
    let copy = PrintForm { reason: "法院要求".into(), ..copy };
    let print = print_create(&finance, &copy).await.expect("a copy");
    let second = print_get(&finance, print).await.expect("its paper").papers.remove(0);
    assert_eq!((second.content(), second.mark.as_str()), (paper.content(), "补打第1次"));
    assert_eq!(failure(print_create(&cashier, &copy).await), Failure::Forbidden);
    // Who has paid gets none.
    let paid = dunning_notices_print(&finance, &chosen(&[account])).await.expect("an answer");
    assert_eq!((paid.batch, paid.left_out[0].why), (None, LeftOut::Paid));
    assert_eq!(paid.left_out[0].lessee, "测试租户0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_of_the_rules_is_printed_and_the_list_is_one_too() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    published(&test, "2014-12-11").await;
    arrears_follow(&test.database, super::at("2014-12-11", 0)).await.expect("a count");
    dunning_run(&test.database, super::at("2014-12-11", 1)).await.expect("a run");
    let before = number(&test, "select amount_fen from dunning_record where way = 'WRITTEN'").await;
    // A week later one more bill is overdue; the notice of the rules says so.
    let finance = ctx_on(&test, "finance", "2014-12-18").await;
    arrears_follow(&test.database, super::at("2014-12-18", 0)).await.expect("a count");
    let other = ctx_on(&test, "district-b", "2014-12-18").await;
    assert_eq!(failure(dunning_notices_print(&other, &chosen(&[account])).await), Failure::Forbidden);
    let all = NoticesForm { accounts: Vec::new(), list: Some(ListQuery::default()) };
    let made = dunning_notices_print(&finance, &all).await.expect("a batch");
    assert_eq!(made.printed, 1);
    assert_eq!(number(&test, "select count(*) from dunning_record where way = 'WRITTEN'").await, 1, "it is the same");
    assert!(number(&test, "select amount_fen from dunning_record where way = 'WRITTEN'").await > before);
    // Nobody there any more who owes two months.
    change(&test, "update arrears set level = 'L1'").await;
    assert_eq!(refusal(dunning_notices_print(&finance, &all).await), "没有符合条件的欠费租户");
    let many: Vec<AccountId> = (1..=i64::try_from(BATCH_MAX).expect("a number") + 1).map(AccountId).collect();
    assert_eq!(
        refusal(dunning_notices_print(&finance, &chosen(&many)).await),
        "一次最多打印300户的通知书，请缩小筛选范围后分批打印"
    );
    // Without a home's address nobody could be found; the others are not kept from their paper by it.
    change(&test, "update dunning_record set status = 'DONE', done_at = now() where way = 'WRITTEN'").await;
    change(&test, "update unit set address = '' where id = (select unit_id from account)").await;
    let none = dunning_notices_print(&finance, &chosen(&[account])).await.expect("an answer");
    assert_eq!((none.printed, none.left_out[0].why), (0, LeftOut::NoAddress));
}
