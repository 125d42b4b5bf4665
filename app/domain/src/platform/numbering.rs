//! 编码规则 (S1-9.10): how numbers are made that nobody types. The serial itself is the store's
//! (`store::platform::numbering`), which gives each number once.

use crate::{
    dictionary::{NumberKind, NumberPeriod},
    failure::{Failure, FieldErrors},
    sheet::{Cell, Kind, ListColumn, ListSheet},
    value::{Check, Complaint, text_max},
};
use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

/// Most digits of a serial.
pub const LENGTH_MAX: u8 = 12;

/// How the numbers of a kind are made: prefix, day, serial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRule {
    pub prefix: String,
    /// what of the day stands in the number
    pub date_part: NumberPeriod,
    /// digits of the serial
    pub length: u8,
    /// how often the serial begins again at 1
    pub reset: NumberPeriod,
}

impl NumberRule {
    /// The rule of a kind of which the city has said nothing.
    #[must_use]
    pub fn of(kind: NumberKind) -> Self {
        let (prefix, date_part, length, reset) = match kind {
            NumberKind::AssetMaster => ("ZC", NumberPeriod::Ever, 6, NumberPeriod::Ever),
            NumberKind::AssetSub => ("ZK", NumberPeriod::Ever, 8, NumberPeriod::Ever),
            NumberKind::AssetCount => ("PD", NumberPeriod::Year, 4, NumberPeriod::Year),
            NumberKind::Contract => ("HT", NumberPeriod::Year, 6, NumberPeriod::Year),
            NumberKind::Receipt => ("SJ", NumberPeriod::Day, 6, NumberPeriod::Day),
            NumberKind::Deduction => ("DK", NumberPeriod::Day, 3, NumberPeriod::Day),
            NumberKind::Household => ("JT", NumberPeriod::Year, 6, NumberPeriod::Year),
        };
        Self { prefix: prefix.to_owned(), date_part, length, reset }
    }

    /// The number with this serial on this day. What counts for itself (a district, by its division code) stands before the
    /// serial; empty for the whole city.
    ///
    /// # Errors
    /// When the serial has outgrown its digits: a longer number would be sorted and read wrongly.
    pub fn number(&self, day: NaiveDate, scope: &str, serial: i64) -> Result<String, Failure> {
        let width = usize::from(self.length);
        let digits = format!("{serial:0width$}");
        if digits.len() > width {
            return Err(Failure::refused("编号流水已用完，请联系系统管理员在编码规则中加长流水位数"));
        }
        Ok(format!("{}{}{scope}{digits}", self.prefix, period_text(self.date_part, day)))
    }

    /// The period in which a serial counts on, as it is stored.
    #[must_use]
    pub fn period(&self, day: NaiveDate) -> String {
        period_text(self.reset, day)
    }

    /// The rule in words: `ZC + 年 + 6位流水，每年重置`.
    #[must_use]
    pub fn text(&self) -> String {
        let prefix = if self.prefix.is_empty() { String::new() } else { format!("{} + ", self.prefix) };
        let date = match self.date_part {
            NumberPeriod::Ever => String::new(),
            part => format!("{} + ", part.label()),
        };
        let reset = match self.reset {
            NumberPeriod::Ever => "不重置",
            NumberPeriod::Year => "每年重置",
            NumberPeriod::Month => "每月重置",
            NumberPeriod::Day => "每日重置",
        };
        format!("{prefix}{date}{}位流水，{reset}", self.length)
    }
}

fn period_text(period: NumberPeriod, day: NaiveDate) -> String {
    match period {
        NumberPeriod::Ever => String::new(),
        NumberPeriod::Year => format!("{:04}", day.year()),
        NumberPeriod::Month => format!("{:04}{:02}", day.year(), day.month()),
        NumberPeriod::Day => format!("{:04}{:02}{:02}", day.year(), day.month(), day.day()),
    }
}

/// A kind with its rule and how far its serial is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRow {
    pub kind: NumberKind,
    pub rule: NumberRule,
    /// the last serial of the present period, 0 when it has none yet
    pub serial: i64,
    /// the number that would be given now; none: the serial has outgrown its digits
    pub next: Option<String>,
    /// 0 for the program's own rule
    pub version: i32,
}

/// What is entered for a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberForm {
    pub prefix: String,
    pub date_part: String,
    pub length: String,
    pub reset: String,
    /// the last number that was used elsewhere, on paper for example
    pub serial: String,
}

impl From<&NumberRow> for NumberForm {
    fn from(row: &NumberRow) -> Self {
        Self {
            prefix: row.rule.prefix.clone(),
            date_part: row.rule.date_part.code().to_owned(),
            length: row.rule.length.to_string(),
            reset: row.rule.reset.code().to_owned(),
            serial: row.serial.to_string(),
        }
    }
}

impl NumberForm {
    /// Checks a rule; answers it with the serial. Whether that was used already is the store's to say.
    ///
    /// # Errors
    /// Complaints by field.
    pub fn check(&self) -> Result<(NumberRule, i64), FieldErrors> {
        let mut errors = FieldErrors::default();
        let prefix = errors.take("prefix", prefix_check(&self.prefix));
        let date_part = errors.take("date_part", period(&self.date_part));
        let reset = errors.take("reset", period(&self.reset));
        let length = match self.length.trim().parse() {
            Ok(length @ 1..=LENGTH_MAX) => Some(length),
            _ => {
                errors.add("length", format!("流水位数须为1至{LENGTH_MAX}"));
                None
            }
        };
        let serial = match self.serial.trim().parse::<i64>() {
            Ok(serial) if serial >= 0 && length.is_none_or(|length| serial < 10_i64.pow(length.into())) => Some(serial),
            _ => {
                errors.add("serial", "当前流水须为不小于0的整数，且不超过流水位数");
                None
            }
        };
        // A serial that begins again needs the period in the number, or numbers would come twice.
        if let (Some(date_part), Some(reset)) = (date_part, reset)
            && reset > date_part
        {
            errors.add("reset", "重置周期不能短于编号中的日期，否则编号会重复");
        }
        match (prefix, date_part, length, reset, serial) {
            (Some(prefix), Some(date_part), Some(length), Some(reset), Some(serial)) if errors.is_empty() => {
                Ok((NumberRule { prefix, date_part, length, reset }, serial))
            }
            _ => Err(errors),
        }
    }
}

fn period(code: &str) -> Check<NumberPeriod> {
    NumberPeriod::from_code(code).ok_or_else(|| Complaint::says("请选择列表中的周期"))
}

/// A prefix ends in no digit, which would read as part of the day or the serial.
fn prefix_check(prefix: &str) -> Check<String> {
    let prefix = text_max(prefix, 10)?;
    let plain = |letter: char| letter.is_alphanumeric() || "-_/".contains(letter);
    if prefix.chars().all(plain) && !prefix.ends_with(|last: char| last.is_ascii_digit()) {
        Ok(prefix)
    } else {
        Err(Complaint::says("前缀为不超过10个字母、汉字、数字、横线或斜线，不能以数字结尾"))
    }
}

/// 编码规则 list (S1-9.10).
#[rustfmt::skip] // a table: one line per column
pub const NUMBER_LIST: ListSheet<NumberRow> = ListSheet {
    key: "numbering",
    noun: "编码规则",
    path: "/platform/numbers",
    search_hint: "业务",
    columns: &[
        ListColumn { key: "kind", header: "业务", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "rule", header: "规则", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::Text(row.rule.text()) },
        ListColumn { key: "serial", header: "当前流水", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.serial) },
        ListColumn { key: "next", header: "下一个编号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(row.next.as_deref().unwrap_or("流水已用完")) },
    ],
    filters: &[],
    default_sort: ("kind", false),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day() -> NaiveDate {
        "2026-11-07".parse().expect("a day")
    }

    #[test]
    fn a_number_is_prefix_day_and_serial() {
        let rule = |date_part, length| NumberRule { prefix: "HT".into(), date_part, length, reset: NumberPeriod::Ever };
        assert_eq!(rule(NumberPeriod::Ever, 6).number(day(), "", 7), Ok("HT000007".into()));
        assert_eq!(rule(NumberPeriod::Year, 4).number(day(), "", 12), Ok("HT20260012".into()));
        assert_eq!(rule(NumberPeriod::Month, 3).number(day(), "", 999), Ok("HT202611999".into()));
        assert_eq!(rule(NumberPeriod::Day, 2).number(day(), "", 1), Ok("HT2026110701".into()));
        assert!(rule(NumberPeriod::Day, 2).number(day(), "", 100).is_err(), "it does not grow longer");
        assert_eq!(NumberRule::of(NumberKind::AssetCount).text(), "PD + 年 + 4位流水，每年重置");
    }

    #[test]
    fn a_rule_gives_no_number_twice() {
        let form = NumberForm {
            prefix: "ZC-".into(),
            date_part: "YEAR".into(),
            length: "5".into(),
            reset: "YEAR".into(),
            serial: "12".into(),
        };
        assert!(form.check().is_ok());
        let complaint = |form: NumberForm, field: &str| form.check().unwrap_err().get(field).map(ToOwned::to_owned);
        let monthly = NumberForm { reset: "MONTH".into(), ..form.clone() };
        assert_eq!(complaint(monthly, "reset").as_deref(), Some("重置周期不能短于编号中的日期，否则编号会重复"));
        assert!(complaint(NumberForm { length: "13".into(), ..form.clone() }, "length").is_some());
        assert!(complaint(NumberForm { serial: "100000".into(), ..form.clone() }, "serial").is_some());
        assert!(complaint(NumberForm { serial: "-1".into(), ..form.clone() }, "serial").is_some());
        assert!(complaint(NumberForm { prefix: "ZC1".into(), ..form.clone() }, "prefix").is_some());
        assert!(complaint(NumberForm { prefix: "Z C".into(), ..form }, "prefix").is_some());
    }

    proptest! {
        #[test]
        fn numbers_of_one_period_differ_and_keep_their_order(
            a in 0i64..10_000, b in 0i64..10_000,
            date_part in prop::sample::select(NumberPeriod::ALL),
        ) {
            let rule = NumberRule { prefix: "A".into(), date_part, length: 4, reset: date_part };
            let (first, second) = (rule.number(day(), "", a).expect("it fits"), rule.number(day(), "", b).expect("it fits"));
            prop_assert_eq!(a.cmp(&b), first.cmp(&second));
        }
    }
}
