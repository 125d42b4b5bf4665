//! What the pages of a tenant carry (domain.md S4-2.1 to S4-2.3, S4-2.6).

use crate::{
    billing::{
        allocation::Debt,
        pay_order::{PayChannel, PayOrderStatus},
        refund::RefundKind,
    },
    dictionary::{ContractStatus, DeductFail, DeductStatus, FeeItem, PayMethod, PaymentStatus, Relation},
    id::{AccountId, BillId, ContractId, PaymentId},
    value::{Area, Money},
};
use chrono::{DateTime, NaiveDate, Utc};

/// The newest of a list that are shown.
pub const SHOWN: i64 = 100;

/// A home of a tenant: his account with what is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Home {
    pub account_id: AccountId,
    pub account_no: String,
    pub lessee: String,
    pub estate: String,
    pub address: String,
    /// 账户余额
    pub balance: Money,
    /// what is open, oldest first
    pub bills: Vec<OpenBill>,
    /// a payment that was begun and is neither paid nor closed
    pub paying: Option<String>,
}

impl Home {
    /// What would be paid for all of it today.
    #[must_use]
    pub fn owed(&self) -> Money {
        self.bills.iter().map(|bill| bill.debt.total()).sum()
    }
}

/// A bill that is open.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenBill {
    pub id: BillId,
    pub bill_no: String,
    pub fee_item: FeeItem,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// what is owed today
    pub debt: Debt,
    /// behind its day and the days of grace
    pub late: bool,
    /// the bank is being asked for it (§3.7)
    pub in_batch: bool,
}

/// A bill that is not open any more.
#[derive(Clone, Debug, PartialEq)]
pub struct PastBill {
    pub bill_no: String,
    pub address: String,
    pub fee_item: FeeItem,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub due_on: NaiveDate,
    pub amount: Money,
    pub late_fee: Money,
}

/// A payment in the list of receipts (S0-13).
#[derive(Clone, Debug, PartialEq)]
pub struct Paid {
    pub id: PaymentId,
    pub receipt_no: String,
    pub method: PayMethod,
    pub amount: Money,
    pub paid_at: DateTime<Utc>,
    pub status: PaymentStatus,
}

/// Money that the bank has paid back, in the same list.
#[derive(Clone, Debug, PartialEq)]
pub struct PaidBack {
    pub kind: RefundKind,
    pub amount: Money,
    pub paid_at: DateTime<Utc>,
    /// to which account
    pub bank_no_mask: String,
}

/// A direct debit (S0-12).
#[derive(Clone, Debug, PartialEq)]
pub struct Debit {
    pub month: NaiveDate,
    pub due: Money,
    pub deducted: Money,
    pub status: DeductStatus,
    /// why the bank did not, or not all of it
    pub failed: Option<DeductFail>,
    pub deducted_at: Option<DateTime<Utc>>,
}

/// A receipt (S4-2.3).
#[derive(Clone, Debug, PartialEq)]
pub struct PaidReceipt {
    pub row: Paid,
    pub payer: String,
    pub address: String,
    pub bank_serial: Option<String>,
    pub void_reason: Option<String>,
    pub lines: Vec<PaidLine>,
    /// what went to the balance of the account
    pub to_balance: Money,
}

/// What a payment paid.
#[derive(Clone, Debug, PartialEq)]
pub struct PaidLine {
    pub bill_no: String,
    pub fee_item: FeeItem,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub principal: Money,
    pub late_fee: Money,
}

/// A contract (S4-2.2), numbers masked as everywhere.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantContract {
    pub id: ContractId,
    pub contract_no: String,
    pub status: ContractStatus,
    pub lessor: String,
    pub lessee: String,
    pub id_number_mask: String,
    pub phone_mask: String,
    pub address: String,
    pub building_area: Area,
    pub usable_area: Area,
    pub monthly_rent: Money,
    /// 物业费 a month; none: the contract has none
    pub property_fee: Option<Money>,
    pub deposit: Money,
    pub start_on: NaiveDate,
    pub end_on: NaiveDate,
    pub due_day: i16,
    pub bank_name: String,
    pub bank_no_mask: String,
    /// 同住人
    pub residents: Vec<(String, Option<Relation>)>,
}

/// A message that was sent to the household (S4-2.6).
#[derive(Clone, Debug, PartialEq)]
pub struct TenantNotice {
    pub at: DateTime<Utc>,
    pub content: String,
}

/// An order of a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantOrder {
    pub id: i64,
    pub order_no: String,
    pub channel: PayChannel,
    pub status: PayOrderStatus,
    pub amount: Money,
    pub subject: String,
    pub address: String,
    pub made_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// where it is paid; while it can be
    pub pay_url: Option<String>,
    /// whether the company can be asked for an address at which it is paid: there is none, or it is dead
    pub placeable: bool,
    pub paid_at: Option<DateTime<Utc>>,
    pub payment_id: Option<PaymentId>,
    pub message: Option<String>,
}
