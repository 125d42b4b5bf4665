//! Values whose constructor is the check: once a `Money`, an `Area` or an `IdNumber` exists, it is right.
//!
//! Owns the number and text formats of domain.md §2.4, §2.5, §4.1 and §7.0, and the one shape in
//! which a failed check speaks. Knows no noun, no form and no column name.

pub mod area;
pub mod bank_account;
pub mod credit_code;
pub mod day_number;
pub mod geo;
pub mod id_number;
pub mod money;
pub mod phone;
pub mod rate;
pub mod text;

pub use area::Area;
pub use bank_account::{BankCard, Passbook};
pub use credit_code::CreditCode;
pub use geo::{BoundingBox, CoordinateSystem, Point, convert, parse_degrees, ring_area_km2};
pub use id_number::IdNumber;
pub use money::{Money, round_half_up, split};
pub use phone::Phone;
pub use rate::{Rate, monthly_rent};
pub use text::{decimal, decimal_text, natural_key, normalize, required, text_max};

use std::{borrow::Cow, fmt};

/// Why a text was not accepted, as the person who typed it may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// A predicate about the column: a form shows it beside the field, an import puts the column's
    /// name in front (`【建筑面积(㎡)】应为大于0的数字，最多2位小数`, domain.md §7.0).
    About(Cow<'static, str>),
    /// A whole sentence, shown word for word everywhere (`身份证号码校验位错误`).
    Says(Cow<'static, str>),
}

/// The outcome of a check.
pub type Check<T> = Result<T, Complaint>;

impl Complaint {
    /// A complaint that needs the column's name in front where columns are listed.
    pub fn about(text: impl Into<Cow<'static, str>>) -> Self {
        Self::About(text.into())
    }

    /// A complaint that is a whole sentence.
    pub fn says(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Says(text.into())
    }

    /// As an import's failure list shows it.
    #[must_use]
    pub fn in_column(&self, column: &str) -> String {
        match self {
            Self::About(text) => format!("【{column}】{text}"),
            Self::Says(text) => text.to_string(),
        }
    }

    /// As a form shows it beside the field.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::About(text) | Self::Says(text) => text,
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Complaint {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predicate_takes_the_column_and_a_sentence_does_not() {
        let about = Complaint::about("不能为空");
        assert_eq!(about.in_column("项目名称"), "【项目名称】不能为空");
        assert_eq!(about.text(), "不能为空");
        assert_eq!(about.to_string(), "不能为空");

        let says = Complaint::says("身份证号码校验位错误");
        assert_eq!(says.in_column("证件号码"), "身份证号码校验位错误");
        assert_eq!(says.to_string(), "身份证号码校验位错误");
    }
}
