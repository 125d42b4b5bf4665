//! The papers of an exit (S1-7.4, X7): the sheet that is signed, and the settlement that was entered, each copy of them noted.

use super::{desk::Desk, failure, refusal};
use crate::support::city;
use domain::{
    failure::{Failure, FieldErrors},
    id::ExitId,
    list::ListQuery,
    paper::{Block, Paper},
    platform::print::{PaperKind, PrintForm, PrintKind},
    tenancy::{
        exit_bill::settle,
        exit_paper::{NOT_ENTERED, NOT_INSPECTED},
    },
};
use store::{
    Ctx,
    tenancy::{
        exit::exit_get,
        paper::{print_create, print_get, print_list},
    },
};

fn wanted(paper: PaperKind, exit: ExitId, reason: &str) -> PrintForm {
    PrintForm { paper: paper.code().into(), id: exit.0, reason: reason.into(), ..PrintForm::default() }
}

async fn printed(ctx: &Ctx, form: &PrintForm) -> Paper {
    let id = print_create(ctx, form).await.expect("it is noted");
    let [paper] = print_get(ctx, id).await.expect("the papers").papers.try_into().expect("one");
    paper
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_is_printed() {
    let desk = Desk::open().await;
    let home = desk.lived_in(0).await;
    let id = desk.accepted(&home).await;
    let sheet = wanted(PaperKind::ExitSheet, id, "");
    assert_eq!(refusal(print_create(&desk.operator, &sheet).await), NOT_INSPECTED);
    let inspected = super::sheet("120.50");
    store::tenancy::exit::exit_inspect(&desk.operator, id, 2, &inspected).await.expect("it is inspected");
    assert_eq!(failure(print_create(&desk.cashier, &sheet).await), Failure::Forbidden);
    let paper = printed(&desk.operator, &sheet).await;
    let number = exit_get(&desk.entry, id).await.expect("it").row.exit_no;
    assert_eq!((&paper.number, paper.mark.as_str()), (&format!("编号：{number}"), ""));
    assert!(paper.title.ends_with("退租验房单"), "{}", paper.title);
    let told = paper.content();
    let sum = format!("人民币{}", domain::value::Money::from_fen(12_050).capital());
    for said in ["测试租户0", "门锁", "锁芯损坏", "120.50", sum.as_str(), "水表读数\t12.50", "交房时钥匙\t2把"]
    {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert!(paper.blocks.iter().any(|block| matches!(block, Block::Sign { names } if names.len() == 2)));

    let settlement = wanted(PaperKind::ExitBill, id, "");
    assert_eq!(refusal(print_create(&desk.finance, &settlement).await), NOT_ENTERED);
    desk.settled(id).await;
    let other = city::ctx(&desk.test.database, "district-b").await;
    assert_eq!(failure(print_create(&other, &settlement).await), Failure::NotFound);
    let first = printed(&desk.finance, &settlement).await;
    let bill = exit_get(&desk.entry, id).await.expect("it").bill.expect("a bill");
    let done = settle(&bill.lines, bill.balance, bill.deposit);
    let told = first.content();
    for said in [
        format!("应补金额（大写）：人民币{}\t{}", done.to_pay.capital(), done.to_pay),
        format!("费用合计\t{}", done.charges),
        "水表10→12.5".to_owned(),
        "复核\t测试finance-2".to_owned(),
    ] {
        assert!(told.contains(&said), "{said}: {told}");
    }
    // Again only with a reason, and then it says so; what it says is the same.
    let complaint: Failure = FieldErrors::from(("reason", "该结算单已打印过，请填写补打原因")).into();
    assert_eq!(failure(print_create(&desk.finance, &settlement).await), complaint);
    let again = printed(&desk.finance, &wanted(PaperKind::ExitBill, id, "原件遗失")).await;
    assert_eq!((again.mark.as_str(), again.content()), ("补打第1次", told));
    let log = print_list(&desk.finance, &ListQuery::from_params([("paper", "EXIT_BILL")])).await.expect("a page").rows;
    let kinds: Vec<_> = log.iter().map(|row| (row.kind, row.nth, row.number.clone())).collect();
    let line = |kind, nth| (kind, Some(nth), number.clone());
    assert_eq!(kinds, [line(PrintKind::Reprint, 2), line(PrintKind::First, 1)]);
}
