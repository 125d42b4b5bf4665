//! 语音 and 诉讼: a call goes the way of a text message, and a court is gone to by hand.

use super::desk::{change, complaint, ctx_on, failure, household, number, pay, published_as, refusal, text};
use crate::support::TestDatabase;
use domain::{
    billing::{
        dunning::RuleForm,
        dunning_form::{DoneForm, DunningForm},
        sms::{Channel, Prices},
    },
    failure::Failure,
    list::ListQuery,
    platform::print::{PaperKind, PrintForm},
    value::Money,
};
use store::{
    billing::{
        arrears::arrears_follow,
        dunning::{dunning_create, dunning_done, dunning_get, dunning_run, trial_list},
    },
    platform::sms::{sms_claim, sms_list, sms_month_list, sms_receipt, sms_sent},
    tenancy::paper::{print_create, print_get},
};

const PRICES: Prices = Prices { part: Money::from_fen(5), call: Money::from_fen(9) };

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_calls_who_is_behind() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    let call = RuleForm { anchor: "L2".into(), days: "0".into(), way: "VOICE".into(), template: "ARREARS_L2".into() };
    let set = published_as(&test, "2014-12-11", |form| {
        let rules = vec![call.clone()];
        domain::billing::dunning::RuleSetForm { rules, ..form }
    })
    .await;
    arrears_follow(&test.database, super::at("2014-12-11", 0)).await.expect("a count");
    let finance = ctx_on(&test, "finance", "2014-12-11").await;
    let set = set.to_string();
    let query = ListQuery::from_params([("set", set.as_str()), ("month", "2014-12"), ("way", "VOICE")]);
    let trial = trial_list(&finance, &query).await.expect("a trial").rows;
    assert_eq!((trial.len(), trial[0].outcome.code()), (1, "CONTACT"));
    dunning_run(&test.database, super::at("2014-12-11", 1)).await.expect("a run");
    let page = sms_list(&finance, &ListQuery::from_params([("channel", "VOICE")])).await.expect("a page");
    assert_eq!((page.rows.len(), page.rows[0].channel, page.rows[0].parts), (1, Channel::Voice, 1));
    // It wakes nobody; and a landline can be called.
    assert!(sms_claim(&test.database, 10, super::at("2014-12-11", 7)).await.expect("a claim").is_empty());
    let nine = super::at("2014-12-11", 9);
    let claimed = sms_claim(&test.database, 10, nine).await.expect("a claim");
    assert_eq!(claimed.iter().map(|message| message.channel).collect::<Vec<_>>(), [Channel::Voice]);
    sms_sent(&test.database, claimed[0].id, "VOICE1", PRICES.of(Channel::Voice), nine).await.expect("it is taken");
    assert!(sms_receipt(&test.database, claimed[0].id, (true, "ANSWERED"), PRICES, nine).await.expect("a receipt"));
    assert_eq!(text(&test, "select status || result from dunning_record").await, "DONE语音已送达");
    let month = sms_month_list(&finance, &ListQuery::default()).await.expect("a page").rows;
    assert!(month.iter().all(|row| row.channel == Channel::Voice && row.cost == Money::from_fen(9)), "{month:?}");
    // A call by hand that waits is ended by what is paid.
    let form = DunningForm {
        request: "00000000-0000-4000-a000-000000000001".into(),
        way: "VOICE".into(),
        ..DunningForm::default()
    };
    let by_hand = dunning_create(&finance, account, &form).await.expect("a call");
    let owed = number(&test, "select amount_fen from arrears").await;
    let cashier = ctx_on(&test, "cashier", "2014-12-11").await;
    pay(&cashier, account, 1, owed).await;
    assert_eq!(dunning_get(&finance, by_hand).await.expect("it").result.as_deref(), Some("已缴清"));
    assert_eq!(number(&test, "select count(*) from sms where status = 'CANCELLED'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_court_is_gone_to_with_a_pack_and_proof() {
    let test = TestDatabase::with_city().await;
    let account = household(&test).await;
    arrears_follow(&test.database, super::at("2014-12-16", 0)).await.expect("a count");
    let clerk = ctx_on(&test, "finance", "2014-12-16").await;
    let form = DunningForm {
        request: "00000000-0000-4000-a000-000000000001".into(),
        way: "LAWSUIT".into(),
        court: "甲区人民法院".into(),
        case_no: "（2014）甲01民初1号".into(),
        filed_on: "2014-12-15".into(),
        ..DunningForm::default()
    };
    let early = "诉讼用于累计欠费达到六个月（L4）的承租人";
    assert_eq!(refusal(dunning_create(&clerk, account, &form).await), early);
    change(&test, "update arrears set level = 'L4'").await;
    let id = dunning_create(&clerk, account, &form).await.expect("a lawsuit");
    let record = dunning_get(&clerk, id).await.expect("it");
    assert_eq!(record.suit.map(|suit| suit.case_no).as_deref(), Some("（2014）甲01民初1号"));
    // The pack: how it stands, the contract in clear, which is noted, and what is behind.
    let print = PrintForm { paper: PaperKind::Lawsuit.code().into(), id, ..PrintForm::default() };
    assert_eq!(failure(print_create(&clerk, &print).await), Failure::Forbidden, "contracts in clear are not for all");
    change(
        &test,
        "insert into role_permission (role_id, permission) select id, 'tenancy:contract:print' from role where code = 'FINANCE'",
    )
    .await;
    let clerk = ctx_on(&test, "finance", "2014-12-16").await;
    let noted = print_create(&clerk, &print).await.expect("a pack");
    let papers = print_get(&clerk, noted).await.expect("its papers").papers;
    assert_eq!(papers.len(), 2);
    for said in ["甲区人民法院", "（2014）甲01民初1号", "测试租户0", "合计335.40元"] {
        assert!(papers[0].content().contains(said), "{said}: {}", papers[0].content());
    }
    assert_eq!(papers[1].mark, "复印件");
    let revealed = "select count(*) from audit_log where action = 'REVEAL' and object_type = 'contract'";
    assert_eq!(number(&test, revealed).await, 1);
    print_create(&clerk, &print).await.expect("again, as things stand then");
    // What came of it is proven, and money ends no lawsuit.
    let cashier = ctx_on(&test, "cashier", "2014-12-16").await;
    pay(&cashier, account, 1, 33_540).await;
    let done = DoneForm { result: "判决支付".into(), ..DoneForm::default() };
    assert_eq!(failure(dunning_done(&clerk, id, 1, &done).await), complaint("result", "请先上传法院文书等诉讼材料"));
    let file = "insert into attachment (owner, owner_id, kind, file_name, media, bytes, sha256, object_key, key_id, created_by, created_at)
        select 'DUNNING', id, 'OTHER', 'x.pdf', 'PDF', 1, sha256('x'), 'x' || id, (select min(id) from cipher_key), 1, now()
        from dunning_record";
    change(&test, file).await;
    dunning_done(&clerk, id, 1, &done).await.expect("it is decided");
}
