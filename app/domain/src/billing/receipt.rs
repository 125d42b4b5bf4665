//! A receipt on paper (R-132, E-46): one number per payment, the amount also in words, what it paid, and how often it
//! was printed before.

use crate::{
    billing::payment::Receipt,
    dictionary::{LabelBook, PaymentStatus},
    paper::{Block, Paper},
    tenancy::contract_paper::capital,
    value::Money,
};

/// The receipt on a sheet of A5; `before` is how often it was printed before.
#[must_use]
pub fn receipt_paper(receipt: &Receipt, before: i32, paid_at: String, (city, labels): (&str, &LabelBook)) -> Paper {
    let row = &receipt.row;
    let void = row.status == PaymentStatus::Void;
    let pair = |label: &str, text: String| (!text.is_empty()).then(|| (label.to_owned(), text));
    let pairs = [
        pair("收款时间", paid_at),
        pair("缴款人", row.payer.clone()),
        pair("合同编号", receipt.contract_no.clone().unwrap_or_default()),
        pair("住房地址", format!("{} {}", receipt.estate, row.address)),
        pair("缴费类型", labels.label(row.kind)),
        pair("支付方式", labels.label(row.method)),
        pair("交易流水号", receipt.bank_serial.clone().unwrap_or_default()),
        pair("备注", receipt.remark.clone().unwrap_or_default()),
        pair("作废原因", receipt.void_reason.clone().unwrap_or_default()),
    ];
    let mut rows: Vec<Vec<String>> = receipt
        .lines
        .iter()
        .map(|line| {
            vec![
                labels.label(line.fee_item),
                if line.from == line.to { line.from.to_string() } else { format!("{} 至 {}", line.from, line.to) },
                line.principal.to_string(),
                line.late_fee.to_string(),
                (line.principal + line.late_fee).to_string(),
            ]
        })
        .collect();
    if receipt.to_balance > Money::ZERO {
        let empty = String::new;
        rows.push(vec!["转入账户余额".to_owned(), empty(), empty(), empty(), receipt.to_balance.to_string()]);
    }
    let cashier = row.cashier.clone().unwrap_or_default();
    Paper {
        title: format!("{city} 收款收据"),
        number: format!("收据号：{}", row.receipt_no),
        mark: if before > 0 { format!("补打第{before}次") } else { String::new() },
        watermark: if void { "作废".to_owned() } else { String::new() },
        small: true,
        blocks: vec![
            Block::Fields { pairs: pairs.into_iter().flatten().collect() },
            Block::Table {
                columns: ["费项", "账期", "本金(元)", "滞纳金(元)", "金额(元)"].map(ToOwned::to_owned).to_vec(),
                words: 2,
                rows,
            },
            Block::Heading { text: format!("合计（大写）：{}　¥{}", capital(row.amount), row.amount) },
            Block::Fields {
                pairs: vec![("收款人".to_owned(), cashier), ("收款单位（盖章）".to_owned(), String::new())],
            },
        ],
        foot: String::new(),
    }
}
