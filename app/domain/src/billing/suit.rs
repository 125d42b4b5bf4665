//! 诉讼材料 (domain.md §3.8 L4): the first page of what a court is given about a household that does not pay.

use super::{
    dunning::{DunningStatus, DunningWay, Service},
    dunning_form::Suit,
    notice::{NoticeLine, bill_table},
};
use crate::{
    dictionary::LabelBook,
    paper::{Block, Paper, day_text},
    tenancy::contract_paper::capital,
    value::Money,
};
use chrono::NaiveDate;

/// What was done about the household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuitRecord {
    pub on: NaiveDate,
    pub way: DunningWay,
    pub amount: Money,
    pub status: DunningStatus,
    pub notice_no: Option<String>,
    pub served: Option<(Service, NaiveDate)>,
    pub result: Option<String>,
}

/// The household, its debt of today, and what proves that it was asked to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuitPack {
    pub lessee: String,
    pub address: String,
    pub account_no: String,
    pub contract_no: String,
    pub suit: Suit,
    pub today: NaiveDate,
    /// overdue rent
    pub lines: Vec<NoticeLine>,
    pub records: Vec<SuitRecord>,
    /// names and digests of the files of these records
    pub files: Vec<(String, String)>,
    /// numbers of the notices that lie behind
    pub notices: Vec<String>,
}

impl SuitPack {
    /// Its first page: who, how much, what was done, and what lies behind.
    #[must_use]
    pub fn cover(&self, number: &str, labels: &LabelBook) -> Paper {
        let total: Money = self.lines.iter().map(NoticeLine::total).sum();
        let pairs = [
            ("法院", self.suit.court.clone()),
            ("案号", self.suit.case_no.clone()),
            ("立案日期", day_text(self.suit.filed_on)),
            ("制作日期", day_text(self.today)),
            ("被告（承租人）", self.lessee.clone()),
            ("合同编号", self.contract_no.clone()),
            ("房屋地址", self.address.clone()),
            ("租金账户", self.account_no.clone()),
        ];
        let heading = |text: &str| Block::Heading { text: text.to_owned() };
        let mut blocks = vec![
            Block::Fields { pairs: pairs.map(|(label, value)| (label.to_owned(), value)).to_vec() },
            heading("一、材料目录"),
        ];
        let listed = std::iter::once(format!("租赁合同 {}", self.contract_no))
            .chain(self.notices.iter().map(|notice| format!("催缴通知书 {notice}")))
            .enumerate();
        blocks.extend(listed.map(|(place, name)| Block::Text { text: format!("{}. {name}", place + 1) }));
        blocks.push(heading("二、欠缴租金明细"));
        blocks.push(bill_table(self.lines.iter().map(|line| line.cells(labels))));
        blocks.push(Block::Text { text: format!("合计{total}元（{}）。", capital(total)) });
        blocks.push(heading("三、催缴记录"));
        blocks.push(Block::Table {
            columns: ["日期", "方式", "催缴金额(元)", "通知书", "送达", "结果"].map(ToOwned::to_owned).to_vec(),
            words: 6,
            rows: self.records.iter().map(|record| record.cells(labels)).collect(),
        });
        if !self.files.is_empty() {
            blocks.push(heading("四、另附凭证"));
            let file =
                |(name, digest): &(String, String)| Block::Text { text: format!("{name}（SHA-256：{digest}）") };
            blocks.extend(self.files.iter().map(file));
        }
        Paper { title: "诉讼材料".to_owned(), number: format!("编号：{number}"), blocks, ..Paper::default() }
    }
}

impl SuitRecord {
    fn cells(&self, labels: &LabelBook) -> Vec<String> {
        let served = self.served.map(|(how, on)| format!("{on} {}", labels.label(how))).unwrap_or_default();
        let result = self.result.clone().unwrap_or_else(|| labels.label(self.status));
        vec![
            self.on.to_string(),
            labels.label(self.way),
            self.amount.to_string(),
            self.notice_no.clone().unwrap_or_default(),
            served,
            result,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::FeeItem;

    #[test]
    fn the_first_page_names_the_debt_and_what_proves_it() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let pack = SuitPack {
            lessee: "某甲".into(),
            address: "示例路1号".into(),
            account_no: "ZH1".into(),
            contract_no: "HT1".into(),
            suit: Suit {
                court: "演示区人民法院".into(),
                case_no: "（2026）演01民初1号".into(),
                filed_on: day("2026-11-20"),
            },
            today: day("2026-11-28"),
            lines: vec![NoticeLine {
                fee_item: FeeItem::Rent,
                month: day("2026-10-01"),
                due_on: day("2026-10-10"),
                principal: Money::from_fen(11_180),
                late_fee: Money::from_fen(112),
            }],
            records: vec![SuitRecord {
                on: day("2026-11-01"),
                way: DunningWay::Written,
                amount: Money::from_fen(11_180),
                status: DunningStatus::Done,
                notice_no: Some("CJ0000000007".into()),
                served: Some((Service::Left, day("2026-11-02"))),
                result: None,
            }],
            files: vec![("回证.pdf".into(), "ab12".into())],
            notices: vec!["CJ0000000007".into()],
        };
        let said = pack.cover("SS0000000001", &LabelBook::default()).content();
        for part in [
            "编号：SS0000000001",
            "演示区人民法院",
            "1. 租赁合同 HT1",
            "2. 催缴通知书 CJ0000000007",
            "合计112.92元（人民币壹佰壹拾贰元玖角贰分）",
            "2026-11-01\t书面\t111.80\tCJ0000000007\t2026-11-02 留置送达\t已办理",
            "回证.pdf（SHA-256：ab12）",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!SuitPack { files: Vec::new(), ..pack }.cover("x", &LabelBook::default()).content().contains("四、"));
    }
}
