//! How a household stands with dunning, and what is written to it (domain.md §3.8).

use super::{
    dunning_form::Suit,
    dunning_sheet::DunningRow,
    instalment::{InstalmentRow, PauseRow},
};
use crate::{dictionary::ArrearsLevel, id::AccountId, value::Money};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What the page of a household shows about its arrears.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DunningAccount {
    pub account_id: AccountId,
    pub account_no: String,
    pub lessee: String,
    pub address: String,
    pub phone_mask: String,
    pub level: ArrearsLevel,
    pub periods: i64,
    pub amount: Money,
    pub since: Option<NaiveDate>,
    /// overdue rent of today, which a plan of instalments has to come to
    pub debt: Money,
    /// its entry on the black list of text messages
    pub blocked: Option<i64>,
    pub pause: Option<PauseRow>,
    pub instalment: Option<InstalmentRow>,
    /// the newest first
    pub records: Vec<DunningRow>,
    pub today: NaiveDate,
}

/// The text of 催缴通知书, which gives so many days (PRM-49).
#[must_use]
pub fn notice_text(
    (lessee, address): (&str, &str),
    today: NaiveDate,
    (periods, amount): (i64, Money),
    days: u32,
) -> String {
    format!(
        "{lessee}：截至{today}，您承租的{address}欠缴租金{periods}个月，共{amount}元。\
         请于收到本通知之日起{days}日内缴清；逾期未缴的，将按合同约定和有关规定处理。"
    )
}

/// What a task of a call or a visit says.
#[must_use]
pub fn task_text(periods: i64, amount: Money) -> String {
    format!("欠缴租金{periods}个月，共{amount}元，请联系承租人催缴并登记结果")
}

/// What a record of a lawsuit says.
#[must_use]
pub fn suit_text(suit: Option<&Suit>, periods: i64, amount: Money) -> String {
    let case =
        suit.map(|suit| format!("{}{}立案，案号{}。", suit.filed_on, suit.court, suit.case_no)).unwrap_or_default();
    format!("{case}累计欠缴租金{periods}个月，共{amount}元")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_says_how_much_and_since_when() {
        let day = "2026-11-28".parse().unwrap();
        let text = notice_text(("张三", "1号楼101室"), day, (2, Money::from_fen(22_360)), 15);
        assert!(text.starts_with("张三：截至2026-11-28，您承租的1号楼101室欠缴租金2个月，共223.60元。请于"), "{text}");
        assert!(text.contains("15日内缴清"));
        assert!(task_text(2, Money::from_fen(22_360)).contains("2个月，共223.60元"));
    }
}
