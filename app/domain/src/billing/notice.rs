//! 缴费通知单 (E-106): what a household has to pay up to a month, on paper.

use crate::{
    dictionary::{FeeItem, LabelBook},
    paper::{Block, Paper, day_text, month_text},
    tenancy::{
        contract_paper::capital,
        template::{TemplateKind, merge},
    },
    value::{Check, Money},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Households whose notices go into one file.
pub const NOTICES_MAX: usize = 1_000;

/// A bill that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeLine {
    pub fee_item: FeeItem,
    /// accounting month, by its first day
    pub month: NaiveDate,
    pub due_on: NaiveDate,
    /// what is still to be paid of it
    pub principal: Money,
    /// up to the day of the notice
    pub late_fee: Money,
}

impl NoticeLine {
    /// What is to be paid of it.
    #[must_use]
    pub fn total(&self) -> Money {
        self.principal + self.late_fee
    }

    /// Its row in [`bill_table`].
    #[must_use]
    pub fn cells(&self, labels: &LabelBook) -> Vec<String> {
        vec![
            labels.label(self.fee_item),
            month_text(self.month),
            self.due_on.to_string(),
            self.principal.to_string(),
            self.late_fee.to_string(),
            self.total().to_string(),
        ]
    }
}

/// A household and what it owes; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub account_no: String,
    pub lessee: String,
    pub manager: String,
    pub estate: String,
    pub address: String,
    pub balance: Money,
    pub lines: Vec<NoticeLine>,
}

/// The table of bills; the cells of a row are 费项, 账期, 到期日, 应缴, 滞纳金, 合计.
#[must_use]
pub fn bill_table(rows: impl IntoIterator<Item = Vec<String>>) -> Block {
    Block::Table {
        columns: ["费项", "账期", "缴费期限", "应缴(元)", "滞纳金(元)", "合计(元)"].map(ToOwned::to_owned).to_vec(),
        words: 3,
        rows: rows.into_iter().collect(),
    }
}

impl Notice {
    /// Its number: one for a household and a month (E-106 `no`).
    #[must_use]
    pub fn number(&self, month: NaiveDate) -> String {
        format!("TD{}{}", month.format("%Y%m"), self.account_no)
    }

    /// What is owed altogether.
    #[must_use]
    pub fn total(&self) -> Money {
        self.lines.iter().map(NoticeLine::total).sum()
    }

    /// The last day of what is not late yet; when all is late, `today`.
    fn due_on(&self, today: NaiveDate) -> NaiveDate {
        self.lines.iter().map(|line| line.due_on).filter(|day| *day >= today).min().unwrap_or(today)
    }

    fn value(&self, month: NaiveDate, today: NaiveDate, city: &str, name: &str) -> Option<String> {
        let principal = |own: bool| -> Money {
            self.lines.iter().filter(|line| (line.month >= month) == own).map(|line| line.principal).sum()
        };
        let late: Money = self.lines.iter().map(|line| line.late_fee).sum();
        Some(match name {
            "城市" => city.to_owned(),
            "管理单位" => self.manager.clone(),
            "缴款人" => self.lessee.clone(),
            "账户号" => self.account_no.clone(),
            "小区" => self.estate.clone(),
            "房屋地址" => self.address.clone(),
            "账期" => month_text(month),
            "本期应缴" => principal(true).to_string(),
            "往期欠费" => principal(false).to_string(),
            "滞纳金" => late.to_string(),
            "合计" => self.total().to_string(),
            "合计大写" => capital(self.total()),
            "账户余额" => self.balance.to_string(),
            "缴费截止日期" => day_text(self.due_on(today)),
            "开具日期" => day_text(today),
            _ => return None,
        })
    }

    /// The notice on paper.
    ///
    /// # Errors
    /// For a body that this version of the program cannot read.
    pub fn paper(
        &self,
        (title, body): (&str, &str),
        (month, today): (NaiveDate, NaiveDate),
        (city, labels): (&str, &LabelBook),
    ) -> Check<Paper> {
        let table = bill_table(self.lines.iter().map(|line| line.cells(labels)));
        Ok(Paper {
            title: title.to_owned(),
            number: format!("编号：{}", self.number(month)),
            blocks: merge(TemplateKind::Notice, body, |name| self.value(month, today, city, name), Some(&table))?,
            ..Paper::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, month, day).unwrap()
    }

    fn notice() -> Notice {
        let line = |month: u32, late_fee: i64| NoticeLine {
            fee_item: FeeItem::Rent,
            month: day(month, 1),
            due_on: day(month, 10),
            principal: Money::from_fen(11_180),
            late_fee: Money::from_fen(late_fee),
        };
        Notice {
            account_no: "ZH0000000001".into(),
            lessee: "某甲".into(),
            manager: "管理处".into(),
            estate: "阳光苑".into(),
            address: "示例路1号".into(),
            balance: Money::ZERO,
            lines: vec![line(10, 112), line(11, 0)],
        }
    }

    #[test]
    fn the_present_month_stands_apart_from_the_months_before() {
        let notice = notice();
        let value = |name: &str| notice.value(day(11, 1), day(11, 2), "示例市", name).unwrap();
        assert_eq!(value("本期应缴"), "111.80");
        assert_eq!(value("往期欠费"), "111.80");
        assert_eq!(value("滞纳金"), "1.12");
        assert_eq!(value("合计"), "224.72");
        assert_eq!(value("合计大写"), "人民币贰佰贰拾肆元柒角贰分");
        assert_eq!(value("缴费截止日期"), "2026年11月10日");
        assert_eq!(notice.value(day(11, 1), day(12, 1), "示例市", "缴费截止日期").unwrap(), "2026年12月1日");
        assert_eq!(notice.number(day(11, 1)), "TD202611ZH0000000001");
    }

    #[test]
    fn every_name_of_a_notice_has_a_value() {
        for field in TemplateKind::Notice.fields().iter().filter(|field| !field.sample.is_empty()) {
            assert!(notice().value(day(11, 1), day(11, 2), "示例市", field.name).is_some(), "{}", field.name);
        }
    }
}
