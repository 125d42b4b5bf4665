//! 临时账单 (S1-7.3 新增) and the taking back of a bill (domain.md §3.6 L10, L11): what is entered.

use crate::{
    billing::{
        bill_status::BillEvent,
        payment::{PAYMENT_MAX, is_uuid},
    },
    dictionary::{BillKind, FeeItem},
    failure::FieldErrors,
    form::optional_text,
    value::{Check, Complaint, Money, required, text_max},
};
use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// What can be charged by hand: all of D-30 but rent, which follows from the contract (a rent bill that was taken back is
/// made anew by running its month), and late fees, which follow from the days.
#[must_use]
pub fn temporary_items() -> Vec<FeeItem> {
    FeeItem::ALL.iter().copied().filter(|item| !matches!(item, FeeItem::Rent | FeeItem::Late)).collect()
}

/// What kind of bill (E-42 `kind`) a fee item makes.
#[must_use]
pub const fn kind_of(item: FeeItem) -> BillKind {
    match item {
        FeeItem::Rent => BillKind::Rent,
        FeeItem::Property => BillKind::Property,
        FeeItem::Deposit => BillKind::Deposit,
        FeeItem::Water | FeeItem::Electricity | FeeItem::Gas | FeeItem::Heating => BillKind::Meter,
        _ => BillKind::Other,
    }
}

/// What an accountant enters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BillForm {
    /// id of the request, drawn by the browser (a UUID): pressed twice it makes one bill
    pub request: String,
    pub fee_item: String,
    pub amount: String,
    pub due_on: String,
    pub remark: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillFields {
    pub request: String,
    pub fee_item: FeeItem,
    pub amount: Money,
    pub due_on: NaiveDate,
    pub remark: Option<String>,
}

impl BillForm {
    /// Checks every field on a day.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<BillFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let item = FeeItem::from_code(&self.fee_item).filter(|item| temporary_items().contains(item));
        let fee_item = errors.take("fee_item", item.ok_or(Complaint::says("请选择费项")));
        let amount = errors.take("amount", required(&self.amount).and_then(|text| amount(&text)));
        let due_on = errors.take("due_on", required(&self.due_on).and_then(|text| due_on(&text, today)));
        let remark = errors.take("remark", optional_text(&self.remark, 200)).flatten();
        if !is_uuid(&self.request) {
            errors.add("amount", "页面已过期，请刷新后再录入");
        }
        match (fee_item, amount, due_on) {
            (Some(fee_item), Some(amount), Some(due_on)) if errors.is_empty() => {
                Ok(BillFields { request: self.request.clone(), fee_item, amount, due_on, remark })
            }
            _ => Err(errors),
        }
    }
}

fn amount(text: &str) -> Check<Money> {
    match Money::parse_yuan(text).ok().filter(|amount| *amount > Money::ZERO) {
        Some(amount) if amount <= PAYMENT_MAX => Ok(amount),
        Some(_) => Err(Complaint::says("单笔账单不能超过100万元")),
        None => Err(Complaint::about("应为大于0的数字，最多2位小数")),
    }
}

/// Nobody can be late with what he did not know yesterday.
fn due_on(text: &str, today: NaiveDate) -> Check<NaiveDate> {
    let last = today.checked_add_months(Months::new(12)).unwrap_or(today);
    match text.parse::<NaiveDate>() {
        Ok(day) if day < today => Err(Complaint::says("到期日不能早于今天")),
        Ok(day) if day > last => Err(Complaint::says("到期日不能晚于一年之后")),
        Ok(day) => Ok(day),
        Err(_) => Err(Complaint::says("请填写完整的日期，如 2026-03-01")),
    }
}

/// What is changed of a posted bill (编辑, domain.md §3.6 L11): when it is due and what is remarked, never what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BillEdit {
    pub due_on: String,
    pub remark: String,
    /// why, for the timeline
    pub reason: String,
}

/// A change that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillChange {
    pub due_on: NaiveDate,
    pub remark: Option<String>,
    pub reason: String,
}

impl BillEdit {
    /// Checks every field on a day; the due day that there is may stay, though it is over.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, known: NaiveDate, today: NaiveDate) -> Result<BillChange, FieldErrors> {
        let mut errors = FieldErrors::default();
        let stays = |text: &str| text.parse() == Ok(known);
        let due_on = errors.take(
            "due_on",
            required(&self.due_on).and_then(|text| if stays(&text) { Ok(known) } else { due_on(&text, today) }),
        );
        let remark = errors.take("remark", optional_text(&self.remark, 200));
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        match (due_on, remark, reason) {
            (Some(due_on), Some(remark), Some(reason)) => Ok(BillChange { due_on, remark, reason }),
            _ => Err(errors),
        }
    }
}

/// How a posted bill is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TakeBack {
    /// 作废 (L10): it was posted in error, and nothing was paid
    Void,
    /// 冲销 (L11): it is to be replaced by another
    Reverse,
}

impl TakeBack {
    /// The event of the state machine.
    #[must_use]
    pub const fn event(self) -> BillEvent {
        match self {
            Self::Void => BillEvent::Void,
            Self::Reverse => BillEvent::Reverse,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> NaiveDate {
        "2026-03-15".parse().unwrap()
    }

    fn form() -> BillForm {
        BillForm {
            request: "5b0c2d1e-8f7a-4b3c-9d2e-1f0a6b7c8d9e".into(),
            fee_item: "DAMAGE".into(),
            amount: "120.5".into(),
            due_on: "2026-03-15".into(),
            remark: " 门锁 ".into(),
        }
    }

    #[test]
    fn a_bill_names_its_fee_amount_and_day() {
        let fields = form().check(today()).unwrap();
        assert_eq!((fields.fee_item, fields.amount.fen(), fields.due_on), (FeeItem::Damage, 12_050, today()));
        assert_eq!(fields.remark.as_deref(), Some("门锁"));
        let nothing = BillForm::default().check(today()).unwrap_err();
        assert!(["fee_item", "amount", "due_on"].iter().all(|field| nothing.get(field).is_some()));
    }

    #[test]
    fn a_change_leaves_the_amount_and_says_why() {
        let known = "2026-03-10".parse().unwrap();
        let edit = |due_on: &str, reason: &str| BillEdit {
            due_on: due_on.into(),
            remark: String::new(),
            reason: reason.into(),
        };
        assert_eq!(edit("2026-03-10", "补登").check(known, today()).unwrap().due_on, known);
        assert!(edit("2026-03-20", "银行延后").check(known, today()).is_ok());
        assert!(edit("2026-03-11", "补登").check(known, today()).unwrap_err().get("due_on").is_some());
        assert!(edit("", "补登").check(known, today()).unwrap_err().get("due_on").is_some());
        assert!(edit("2026-03-20", " ").check(known, today()).unwrap_err().get("reason").is_some());
    }

    #[test]
    fn rent_and_late_fees_are_not_charged_by_hand() {
        for item in ["RENT", "LATE", "", "damage"] {
            let form = BillForm { fee_item: item.into(), ..form() };
            assert!(form.check(today()).unwrap_err().get("fee_item").is_some(), "{item}");
        }
        assert_eq!(temporary_items().len(), FeeItem::ALL.len() - 2);
    }

    #[test]
    fn amounts_and_days_that_are_none() {
        for amount in ["", "0", "-1", "1.234", "1000000.01", "九"] {
            let form = BillForm { amount: amount.into(), ..form() };
            assert!(form.check(today()).unwrap_err().get("amount").is_some(), "{amount}");
        }
        for day in ["", "2026-03-14", "2027-03-16", "15.3.2026", "-"] {
            let form = BillForm { due_on: day.into(), ..form() };
            assert!(form.check(today()).unwrap_err().get("due_on").is_some(), "{day}");
        }
        assert!(BillForm { due_on: "2027-03-15".into(), ..form() }.check(today()).is_ok());
        assert!(BillForm { request: "1".into(), ..form() }.check(today()).is_err());
    }
}
