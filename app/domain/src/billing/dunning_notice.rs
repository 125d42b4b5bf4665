//! 催缴通知书 (domain.md §3.8 L2, E-52): what it says, and what printing many of them at once came to.

use super::{
    dunning::LeftOut,
    notice::{NoticeLine, bill_table},
};
use crate::{
    dictionary::{ArrearsLevel, LabelBook},
    id::AccountId,
    list::ListQuery,
    paper::{Block, Paper, day_text},
    tenancy::{
        contract_paper::capital,
        template::{TemplateKind, merge},
    },
    value::{Check, Money},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Households whose notices are printed at once.
pub const BATCH_MAX: usize = 300;

/// Whom a notice names and what it lists. It is kept as it was printed first: a copy says the same, whatever is paid since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeFacts {
    pub lessee: String,
    pub account_no: String,
    pub manager: String,
    pub estate: String,
    pub address: String,
    /// the overdue bills
    pub lines: Vec<NoticeLine>,
}

/// A notice of a household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DunningNotice {
    pub number: String,
    pub content: String,
    pub periods: i64,
    pub amount: Money,
    pub since: Option<NaiveDate>,
    pub printed_on: NaiveDate,
    pub facts: NoticeFacts,
}

impl DunningNotice {
    fn value(&self, city: &str, name: &str) -> Option<String> {
        let facts = &self.facts;
        Some(match name {
            "城市" => city.to_owned(),
            "管理单位" => facts.manager.clone(),
            "通知书编号" => self.number.clone(),
            "承租人" => facts.lessee.clone(),
            "账户号" => facts.account_no.clone(),
            "小区" => facts.estate.clone(),
            "房屋地址" => facts.address.clone(),
            "催缴内容" => self.content.clone(),
            "欠费月数" => self.periods.to_string(),
            "欠费金额" => self.amount.to_string(),
            "欠费金额大写" => capital(self.amount),
            "最早应缴日期" => self.since.map(day_text)?,
            "开具日期" => day_text(self.printed_on),
            _ => return None,
        })
    }

    /// The notice on paper, with a place for who receives it and who brings it. Bills are listed only when they come to the
    /// amount that the notice states: one that was made by hand on another day states the amount of that day.
    ///
    /// # Errors
    /// For a body that this version of the program cannot read.
    pub fn paper(&self, (title, body): (&str, &str), (city, labels): (&str, &LabelBook), mark: &str) -> Check<Paper> {
        let lines = &self.facts.lines;
        let listed = lines.iter().map(NoticeLine::total).sum::<Money>() == self.amount;
        let table = listed.then(|| bill_table(lines.iter().map(|line| line.cells(labels))));
        let mut blocks = merge(TemplateKind::Dunning, body, |name| self.value(city, name), table.as_ref())?;
        blocks.push(Block::Sign { names: vec!["签收人：".to_owned(), "送达人：".to_owned()] });
        Ok(Paper {
            title: title.to_owned(),
            number: format!("编号：{}", self.number),
            mark: mark.to_owned(),
            blocks,
            ..Paper::default()
        })
    }
}

/// A household as it stands before its notice is printed.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    pub level: ArrearsLevel,
    pub paused: bool,
    /// a notice was printed and waits for its service
    pub waiting: bool,
    pub lessee: &'a str,
    pub address: &'a str,
}

impl Standing<'_> {
    /// Why no notice is printed; none: it is. A notice is for who owes two months or more (§3.8 L2).
    #[must_use]
    pub fn left_out(self) -> Option<LeftOut> {
        match self.level {
            ArrearsLevel::L0 => Some(LeftOut::Paid),
            ArrearsLevel::L1 => Some(LeftOut::Below),
            _ if self.paused => Some(LeftOut::Paused),
            _ if self.waiting => Some(LeftOut::Waiting),
            _ if self.lessee.trim().is_empty() => Some(LeftOut::NoLessee),
            _ if self.address.trim().is_empty() => Some(LeftOut::NoAddress),
            _ => None,
        }
    }
}

/// Whose notices are wanted: households that were chosen, or all of a list as it is filtered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticesForm {
    pub accounts: Vec<AccountId>,
    pub list: Option<ListQuery>,
}

/// A household whose notice was not printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutRow {
    pub account_id: AccountId,
    pub lessee: String,
    pub address: String,
    pub why: LeftOut,
    /// number and record of the notice that waits
    pub notice: Option<(String, i64)>,
}

/// What printing many came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticesMade {
    /// under which number their file is fetched; none: nothing was printed
    pub batch: Option<i64>,
    pub printed: usize,
    pub left_out: Vec<LeftOutRow>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::FeeItem;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn notice() -> DunningNotice {
        let line = |month: &str| NoticeLine {
            fee_item: FeeItem::Rent,
            month: day(month),
            due_on: day(month),
            principal: Money::from_fen(11_180),
            late_fee: Money::ZERO,
        };
        DunningNotice {
            number: "CJ0000000007".into(),
            content: "请缴纳".into(),
            periods: 2,
            amount: Money::from_fen(22_360),
            since: Some(day("2026-10-01")),
            printed_on: day("2026-11-28"),
            facts: NoticeFacts {
                lessee: "某甲".into(),
                account_no: "ZH1".into(),
                manager: "管理处".into(),
                estate: "阳光苑".into(),
                address: "示例路1号".into(),
                lines: vec![line("2026-10-01"), line("2026-11-01")],
            },
        }
    }

    #[test]
    fn every_name_of_a_notice_has_a_value() {
        for field in TemplateKind::Dunning.fields().iter().filter(|field| !field.sample.is_empty()) {
            assert!(notice().value("示例市", field.name).is_some(), "{}", field.name);
        }
    }

    #[test]
    fn bills_are_listed_only_when_they_come_to_what_is_stated() {
        let labels = LabelBook::default();
        let listed = |notice: &DunningNotice| {
            let paper = notice.paper(("催缴通知书", "{催缴内容}\n{账单明细}"), ("示例市", &labels), "").unwrap();
            assert_eq!(paper.number, "编号：CJ0000000007");
            paper.blocks.iter().any(|block| matches!(block, Block::Table { rows, .. } if rows.len() == 2))
        };
        assert!(listed(&notice()));
        assert!(!listed(&DunningNotice { amount: Money::from_fen(11_180), ..notice() }));
    }

    #[test]
    fn a_notice_is_for_who_owes_two_months() {
        use ArrearsLevel as L;
        let why =
            |level, paused, waiting, lessee, address| Standing { level, paused, waiting, lessee, address }.left_out();
        let plain = |level| why(level, false, false, "某甲", "1号");
        assert_eq!(
            L::ALL.iter().map(|level| plain(*level)).collect::<Vec<_>>(),
            [Some(LeftOut::Paid), Some(LeftOut::Below), None, None, None]
        );
        assert_eq!(why(L::L2, true, true, "某甲", "1号"), Some(LeftOut::Paused));
        assert_eq!(why(L::L3, false, true, "某甲", "1号"), Some(LeftOut::Waiting));
        assert_eq!(why(L::L2, false, false, " ", "1号"), Some(LeftOut::NoLessee));
        assert_eq!(why(L::L2, false, false, "某甲", ""), Some(LeftOut::NoAddress));
    }
}
