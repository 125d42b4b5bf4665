//! The papers of an exit: 退租结算单 (S1-7.4), which says what was entered, and 退租验房单 (domain.md §3.26 X7), which the household
//! signs before it is settled.

use crate::{
    dictionary::{ExitBillStatus, LabelBook},
    failure::Failure,
    paper::{Block, Paper},
    tenancy::{
        contract_paper::capital,
        exit::Exit,
        exit_bill::{ExitBill, ExitBillLine, settle},
        exit_inspection::Inspection,
    },
    value::Money,
};
use chrono::NaiveDate;

/// What is told before the bill is entered: what is signed is what is entered.
pub const NOT_ENTERED: &str = "退租账单复核通过后才能打印结算单";
/// What is told before there is a sheet.
pub const NOT_INSPECTED: &str = "登记验房后才能打印验房单";

fn pair(label: &str, text: impl Into<String>) -> (String, String) {
    (label.to_owned(), text.into())
}

fn titles<const N: usize>(titles: [&str; N]) -> Vec<String> {
    titles.map(ToOwned::to_owned).to_vec()
}

/// Of whom and of which home.
fn about(exit: &Exit, labels: &LabelBook) -> Vec<(String, String)> {
    let row = &exit.row;
    vec![
        pair("承租人", row.lessee.clone()),
        pair("合同编号", row.contract_no.clone().unwrap_or_default()),
        pair("房屋地址", format!("{} {}", row.estate, row.address)),
        pair("退租类型", labels.label(row.kind)),
        pair("退租日期", row.exit_on.to_string()),
    ]
}

fn period(from: Option<NaiveDate>, to: Option<NaiveDate>) -> String {
    match from.zip(to) {
        Some((from, to)) if from == to => from.to_string(),
        Some((from, to)) => format!("{from} 至 {to}"),
        None => String::new(),
    }
}

/// 退租结算单; `mark`: which copy it is.
///
/// # Errors
/// [`NOT_ENTERED`].
pub fn settlement_paper(exit: &Exit, mark: String, (city, labels): (&str, &LabelBook)) -> Result<Paper, Failure> {
    let entered = exit.bill.as_ref().filter(|bill| bill.status == ExitBillStatus::Approved);
    let bill = entered.ok_or(Failure::refused(NOT_ENTERED))?;
    let mut pairs = about(exit, labels);
    pairs.push(pair("费用结算日", bill.settle_on.to_string()));
    let mut blocks = vec![Block::Fields { pairs }, costs(bill, labels), result(bill)];
    if let Some((amount, reason, _)) = &exit.debt {
        let text = format!("欠款确认：承租人确认尚欠{amount}元（{}）。{reason}", capital(*amount));
        blocks.push(Block::Text { text });
    }
    blocks.push(Block::Fields {
        pairs: vec![
            pair("制单", bill.maker.clone().unwrap_or_default()),
            pair("复核", bill.checker.clone().unwrap_or_default()),
        ],
    });
    blocks.push(Block::Sign { names: titles(["承租人（签字）：", "出租方（盖章）："]) });
    Ok(Paper {
        title: format!("{city} 退租结算单"),
        number: format!("编号：{}", exit.row.exit_no),
        mark,
        blocks,
        ..Paper::default()
    })
}

fn costs(bill: &ExitBill, labels: &LabelBook) -> Block {
    let line = |line: &ExitBillLine| {
        vec![
            line.note.clone(),
            labels.label(line.kind),
            labels.label(line.fee_item),
            period(line.from, line.to),
            line.amount.to_string(),
        ]
    };
    Block::Table {
        columns: titles(["说明", "费用", "费项", "账期", "金额(元)"]),
        words: 4,
        rows: bill.lines.iter().map(line).collect(),
    }
}

fn result(bill: &ExitBill) -> Block {
    let done = settle(&bill.lines, bill.balance, bill.deposit);
    let (label, amount) = if done.to_pay > Money::ZERO { ("应补", done.to_pay) } else { ("应退", done.to_return) };
    Block::Table {
        columns: titles(["结算", "金额(元)"]),
        words: 1,
        rows: vec![
            vec!["费用合计".to_owned(), done.charges.to_string()],
            vec!["账户余额抵扣".to_owned(), done.by_balance.to_string()],
            vec!["押金抵扣".to_owned(), done.by_deposit.to_string()],
            vec![format!("{label}金额（大写）：{}", capital(amount)), amount.to_string()],
        ],
    }
}

/// 退租验房单; `mark`: which copy it is.
///
/// # Errors
/// [`NOT_INSPECTED`].
pub fn inspection_paper(exit: &Exit, mark: String, (city, labels): (&str, &LabelBook)) -> Result<Paper, Failure> {
    let sheet = exit.inspection.as_ref().ok_or(Failure::refused(NOT_INSPECTED))?;
    let mut pairs = about(exit, labels);
    pairs.push(pair("验房日期", sheet.inspected_on.to_string()));
    pairs.push(pair("验房人", sheet.by.clone().unwrap_or_default()));
    for (meter, reading) in &sheet.readings {
        pairs.push((format!("{}表读数", labels.label(*meter)), reading.to_string()));
    }
    if let Some(keys) = exit.keys_then {
        pairs.push(pair("交房时钥匙", format!("{keys}把")));
    }
    if let Some(keys) = &exit.keys {
        pairs.push(pair("交还", format!("{} 钥匙{}把，门卡{}张", keys.on, keys.keys, keys.cards)));
    }
    let mut blocks = vec![Block::Fields { pairs }, items(sheet, labels)];
    let text = format!("赔偿合计（大写）：{}　¥{}", capital(sheet.damages()), sheet.damages());
    blocks.push(Block::Heading { text });
    if let Some(remark) = &sheet.remark {
        blocks.push(Block::Text { text: format!("备注：{remark}") });
    }
    blocks.push(Block::Text {
        text: "以上验房结果、表具读数和赔偿金额经双方当面核对无误，签字后作为退租结算的依据。".to_owned(),
    });
    blocks
        .push(Block::Sign { names: vec![format!("承租方（{}）：", sheet.signed_by), "验房人：".to_owned()] });
    Ok(Paper {
        title: format!("{city} 退租验房单"),
        number: format!("编号：{}", exit.row.exit_no),
        mark,
        blocks,
        ..Paper::default()
    })
}

fn items(sheet: &Inspection, labels: &LabelBook) -> Block {
    let row = |item: &crate::tenancy::exit_inspection::InspectedItem| {
        vec![
            item.name.clone(),
            labels.label(item.state),
            item.damage.clone().unwrap_or_default(),
            item.quantity.to_string(),
            item.amount.to_string(),
        ]
    };
    Block::Table {
        columns: titles(["物品", "状态", "损坏情况", "数量", "赔偿(元)"]),
        words: 3,
        rows: sheet.items.iter().map(row).collect(),
    }
}
