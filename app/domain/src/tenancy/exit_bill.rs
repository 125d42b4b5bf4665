//! 退租账单 (E-53, S1-7.4, domain.md §4.4 "Exit in the seed sample"): what a household that leaves still owes, what it gets
//! back, and how its balance and its deposit are used for it.
//!
//! The rent is the plan's, cut off at the day of the exit: a posted bill that reaches beyond it is reversed and made anew for
//! the days that are left, one that begins behind it is reversed, and what the plan holds and nobody charged is charged.

use crate::{
    billing::{
        allocation::Debt,
        bill_form::temporary_items,
        plan::{self, PlannedBill, Terms},
    },
    dictionary::{ExitBillStatus, ExitLineKind, FeeItem},
    failure::FieldErrors,
    form::date,
    id::BillId,
    value::{Check, Complaint, Money, required, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Most lines that are entered by hand.
pub const OTHERS_MAX: usize = 20;
/// Most that one of them can come to, in fen.
const OTHER_MAX: Money = Money::from_fen(10_000_000);
/// What is told when the books are not what they were when the bill was made.
pub const BOOKS_CHANGED: &str = "账目或验房结果已变化，请退回后重新生成退租账单";

/// An exit bill with its lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExitBill {
    pub settle_on: NaiveDate,
    pub lines: Vec<ExitBillLine>,
    pub balance: Money,
    pub deposit: Money,
    pub status: ExitBillStatus,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    pub version: i32,
}

/// What the form shows: the lines that follow from the books, and what the account holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExitBillOffer {
    pub exit_no: String,
    pub lessee: String,
    pub place: String,
    pub exit_on: NaiveDate,
    /// the last day of the contract
    pub end_on: NaiveDate,
    /// the last day that was agreed to since it has expired
    pub stay_to: Option<NaiveDate>,
    pub inspected_on: NaiveDate,
    pub settle_on: NaiveDate,
    pub lines: Vec<ExitBillLine>,
    pub balance: Money,
    pub deposit: Money,
    /// lines by hand of a bill that is made anew
    pub others: Vec<OtherForm>,
    pub version: i32,
    pub today: NaiveDate,
}

impl ExitBillOffer {
    /// What follows from nothing in the books and has to be charged by hand: days for which there was no rent.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let late = self.inspected_on > self.exit_on;
        let uncharged = match self.stay_to {
            Some(day) => (self.exit_on > day)
                .then(|| format!("合同到期后的租金按到期处置计至{day}，此后的使用费请在其他费用中录入")),
            None => (self.exit_on > self.end_on)
                .then(|| format!("合同已于{}到期，合同到期后的使用费请在其他费用中录入", self.end_on)),
        };
        [uncharged, late.then(|| format!("验房日期{}晚于退租日期，期间的使用费请在其他费用中录入", self.inspected_on))]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// A line; what is given back is negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitBillLine {
    pub kind: ExitLineKind,
    pub fee_item: FeeItem,
    pub bill: Option<BillId>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub amount: Money,
    pub note: String,
}

/// How an exit bill is settled out of what the account holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// 费用合计
    pub charges: Money,
    /// 余额抵扣 and 押金抵扣
    pub by_balance: Money,
    pub by_deposit: Money,
    /// 应补 and 应退; one of them is nothing
    pub to_pay: Money,
    pub to_return: Money,
}

/// Settles lines out of a balance and a deposit. What a reversed bill had been paid is balance again, so a sum below
/// nothing raises what is given back.
#[must_use]
pub fn settle(lines: &[ExitBillLine], balance: Money, deposit: Money) -> Settlement {
    let charges: Money = lines.iter().map(|line| line.amount).sum();
    let owed = charges.max(Money::ZERO);
    let by_balance = owed.min(balance);
    let by_deposit = (owed - by_balance).min(deposit);
    let total = charges - balance - deposit;
    Settlement {
        charges,
        by_balance,
        by_deposit,
        to_pay: total.max(Money::ZERO),
        to_return: (Money::ZERO - total).max(Money::ZERO),
    }
}

/// A rent bill of the contract that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedRent {
    pub bill: i64,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// with the late fee that was charged
    pub charged: Money,
}

/// What becomes of the rent when a contract ends on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RentCut {
    /// places among the posted ones
    pub reversed: Vec<usize>,
    pub charged: Vec<PlannedBill>,
}

/// Cuts the rent off behind a day. A bill that was posted for exactly a period of the shortened plan stays as it was posted.
#[must_use]
pub fn rent_cut(terms: &Terms, exit_on: NaiveDate, posted: &[PostedRent]) -> RentCut {
    if exit_on < terms.start_on {
        return RentCut { reversed: (0..posted.len()).collect(), charged: Vec::new() };
    }
    let plan = plan::bills(&Terms { end_on: terms.end_on.min(exit_on), ..terms.clone() });
    // What another system has charged is in no plan of ours.
    let theirs = |rent: &PostedRent| terms.charged_to.is_some_and(|day| rent.from <= day);
    let stays = |rent: &PostedRent| {
        rent.to <= exit_on || theirs(rent) || plan.iter().any(|bill| bill.from == rent.from && bill.to == rent.to)
    };
    let reversed = (0..posted.len()).filter(|place| !stays(&posted[*place])).collect();
    let known = |bill: &PlannedBill| posted.iter().any(|rent| stays(rent) && rent.from == bill.from);
    RentCut { reversed, charged: plan.iter().filter(|bill| !known(bill)).cloned().collect() }
}

/// Who of the debts is paid first by what the household had paid ahead: rent, then the others, then damage; and by the
/// deposit (S1-7.4): damage, then rent, then the others. Among them the oldest.
#[must_use]
pub fn order(debts: &[(Debt, FeeItem)], by_deposit: bool) -> Vec<Debt> {
    let rank = |item: FeeItem| match (item, by_deposit) {
        (FeeItem::Damage, true) => 0,
        (FeeItem::Rent, _) => 1,
        (FeeItem::Damage, false) => 3,
        _ => 2,
    };
    let mut sorted = debts.to_vec();
    sorted.sort_by_key(|(debt, item)| (rank(*item), debt.due_on, debt.bill));
    sorted.into_iter().map(|(debt, _)| debt).collect()
}

/// What is entered to make an exit bill: the day, and lines that follow from nothing in the books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExitBillForm {
    pub settle_on: String,
    pub others: Vec<OtherForm>,
}

/// Another charge: water by the meter, a property fee, a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OtherForm {
    pub fee_item: String,
    pub amount: String,
    pub note: String,
}

/// What can be charged by hand when somebody leaves: also rent, for days behind the term; no deposit, and no damage, which
/// the inspection says.
#[must_use]
pub fn other_items() -> Vec<FeeItem> {
    let usual = temporary_items().into_iter().filter(|item| !matches!(item, FeeItem::Deposit | FeeItem::Damage));
    usual.chain([FeeItem::Rent]).collect()
}

impl ExitBillForm {
    /// The day of settlement: late fees are counted up to it, so it lies neither before the home was inspected nor in days
    /// that have not come.
    ///
    /// # Errors
    /// The sentence.
    pub fn settle_day(&self, inspected_on: NaiveDate, today: NaiveDate) -> Check<NaiveDate> {
        let day = required(&self.settle_on).and_then(|text| date(&text))?;
        if day > today {
            Err(Complaint::says("费用结算日不能晚于今天"))
        } else if day < inspected_on {
            Err(Complaint::says(format!("费用结算日不能早于验房日期{inspected_on}")))
        } else {
            Ok(day)
        }
    }

    /// Checks every field: the day of settlement, and the lines by hand.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(
        &self,
        inspected_on: NaiveDate,
        today: NaiveDate,
    ) -> Result<(NaiveDate, Vec<ExitBillLine>), FieldErrors> {
        let mut errors = FieldErrors::default();
        let settle_on = errors.take("settle_on", self.settle_day(inspected_on, today));
        if self.others.len() > OTHERS_MAX {
            errors.add("others", format!("最多{OTHERS_MAX}项"));
        }
        let mut lines = Vec::new();
        for (place, other) in (1..).zip(self.others.iter().take(OTHERS_MAX)) {
            let about = |complaint: Complaint| Complaint::says(format!("第{place}项{}", complaint.text()));
            lines.extend(errors.take("others", other.check().map_err(about)));
        }
        match settle_on {
            Some(settle_on) if errors.is_empty() => Ok((settle_on, lines)),
            _ => Err(errors),
        }
    }
}

impl OtherForm {
    fn check(&self) -> Check<ExitBillLine> {
        let item = FeeItem::from_code(&self.fee_item).filter(|item| other_items().contains(item));
        let fee_item = item.ok_or(Complaint::about("请选择费项"))?;
        let amount = Money::parse_yuan(&self.amount).ok().filter(|amount| (Money::ZERO..=OTHER_MAX).contains(amount));
        let amount = amount.filter(|amount| *amount > Money::ZERO);
        let amount = amount.ok_or(Complaint::about("金额应为大于0且不超过10万元的数字，最多2位小数"))?;
        let note = required(&self.note).and_then(|text| text_max(&text, 100));
        let note = note.map_err(|complaint| Complaint::about(format!("说明{}", complaint.text())))?;
        Ok(ExitBillLine { kind: ExitLineKind::Other, fee_item, bill: None, from: None, to: None, amount, note })
    }
}

impl From<&ExitBillLine> for OtherForm {
    fn from(line: &ExitBillLine) -> Self {
        Self { fee_item: line.fee_item.code().to_owned(), amount: line.amount.to_string(), note: line.note.clone() }
    }
}

#[cfg(test)]
#[path = "exit_bill_tests.rs"]
mod tests;
