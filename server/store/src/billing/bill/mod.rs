//! Bills. What is paid and what is late is computed when it is asked (domain.md §3.6 L3 to L7).

mod list;
mod read;
mod refund;
mod write;

pub use list::{bill_list, bill_totals};
pub use read::bill_get;
pub(super) use read::open_bills;
pub use refund::bill_refund;
pub(super) use refund::{refund_ended, refund_paid};
pub use write::{bill_create, bill_reverse, bill_update};
pub(super) use write::{counter_bill, counter_bills};

use crate::{Result, billing::rule::Graces, error::stored};
use chrono::{Datelike as _, Days, NaiveDate};
use domain::{
    billing::{bill::BillRow, bill_status::Paid},
    dictionary::{BillKind, BillStatus, FeeItem},
    id::{AccountId, BillId, ContractId, UnitId},
    value::Money,
};

// Reminders: those that named the bill, and while it is open those that named all that was late (S1-7.2 提醒次数).
const COLUMNS: &str =
    "r.id, r.district_id, r.bill_no, r.contract_id, c.contract_no, r.account_id, coalesce(c.lessee_name, p.name, '') as lessee,
     r.unit_id, u.address, r.kind, r.fee_item, r.period_from, r.period_to, r.due_on, r.amount_fen, r.late_fee_fen, r.paid_fen,
     r.late_paid_fen, r.verified_fen, r.decision,
     (select count(*) from dunning_record d where d.account_id = r.account_id and d.status <> 'CANCELLED'
          and (d.bill_id = r.id or (d.bill_id is null and r.decision is null
               and r.amount_fen + r.late_fee_fen > r.paid_fen + r.late_paid_fen
               and (d.at at time zone 'Asia/Shanghai')::date > r.due_on))) as reminded";
const JOINS: &str = "join unit u on u.id = r.unit_id left join contract c on c.id = r.contract_id
     join account a on a.id = r.account_id left join person p on p.id = a.person_id";
/// Something of it is to be paid.
pub(super) const OPEN: &str =
    " and r.decision is null and r.amount_fen + r.late_fee_fen > r.paid_fen + r.late_paid_fen";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    district_id: i64,
    bill_no: String,
    contract_id: Option<i64>,
    contract_no: Option<String>,
    account_id: i64,
    lessee: String,
    unit_id: i64,
    address: String,
    kind: String,
    fee_item: String,
    period_from: NaiveDate,
    period_to: NaiveDate,
    due_on: NaiveDate,
    amount_fen: i64,
    late_fee_fen: i64,
    paid_fen: i64,
    late_paid_fen: i64,
    verified_fen: i64,
    decision: Option<String>,
    reminded: i64,
}

/// The status of a bill by its money and the day, unless somebody decided about it.
fn status(
    decision: Option<&str>,
    due_on: NaiveDate,
    (amount, paid, verified): (i64, i64, i64),
    grace: u32,
    today: NaiveDate,
) -> Result<BillStatus> {
    if let Some(decision) = decision {
        return stored(decision, BillStatus::from_code);
    }
    let last = due_on.checked_add_days(Days::new(grace.into())).unwrap_or(due_on);
    // A receivable is due from the first day of the month in which it has to be paid.
    let first = due_on.with_day(1).unwrap_or(due_on);
    Ok(BillStatus::of(Paid {
        amount: Money::from_fen(amount),
        paid: Money::from_fen(paid),
        verified: Money::from_fen(verified),
        is_due: today >= first,
        is_late: today > last,
    }))
}

impl Record {
    fn read(self, graces: &Graces, today: NaiveDate) -> Result<BillRow> {
        let (amount, paid) = (self.amount_fen + self.late_fee_fen, self.paid_fen + self.late_paid_fen);
        let money = (amount, paid, self.verified_fen);
        let status = status(self.decision.as_deref(), self.due_on, money, graces.of(self.district_id), today)?;
        let open = status.is_unpaid();
        Ok(BillRow {
            id: BillId(self.id),
            bill_no: self.bill_no,
            contract_id: self.contract_id.map(ContractId),
            contract_no: self.contract_no,
            account_id: AccountId(self.account_id),
            lessee: self.lessee,
            unit_id: UnitId(self.unit_id),
            address: self.address,
            kind: stored(&self.kind, BillKind::from_code)?,
            fee_item: stored(&self.fee_item, FeeItem::from_code)?,
            from: self.period_from,
            to: self.period_to,
            due_on: self.due_on,
            amount: Money::from_fen(self.amount_fen),
            late_fee: Money::from_fen(self.late_fee_fen),
            paid: Money::from_fen(paid),
            outstanding: Money::from_fen(if open { amount - paid } else { 0 }),
            status,
            reminded: self.reminded,
            days_left: open.then(|| i32::try_from((self.due_on - today).num_days()).unwrap_or(i32::MAX)),
        })
    }
}
