//! 缴费 (E-46, S0-10, S0-13, S4-1.10): the counter's form, a receipt, and the lists of accounts and payments.

use crate::{
    billing::{allocation::Debt, bill::BillRow},
    dictionary::{PaidFirst, PayKind, PayMethod, PaymentStatus},
    failure::FieldErrors,
    form::optional_text,
    id::{AccountId, BillId, ContractId, PaymentId, UnitId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
    value::{Check, Complaint, Money, required},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// What a counter takes.
pub const COUNTER_METHODS: [PayMethod; 6] =
    [PayMethod::Cash, PayMethod::Pos, PayMethod::Transfer, PayMethod::WeChat, PayMethod::Alipay, PayMethod::UnionPay];
/// The most that one payment at a counter can be: more is a slip of the finger.
pub const PAYMENT_MAX: Money = Money::from_fen(100_000_000);

/// A row of 租金管理列表 (S0-9): a household's account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountRow {
    pub id: AccountId,
    pub account_no: String,
    pub mgmt_unit: String,
    pub person: String,
    pub id_number_mask: String,
    pub unit_id: UnitId,
    pub estate: String,
    pub address: String,
    pub contract_id: Option<ContractId>,
    pub contract_no: Option<String>,
    pub start_on: Option<NaiveDate>,
    pub end_on: Option<NaiveDate>,
    pub monthly_rent: Option<Money>,
    /// 账户余额
    pub balance: Money,
    pub deposit: Money,
    /// what is posted and not paid
    pub outstanding: Money,
}

/// The account at the counter: what is open, and what was paid last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub row: AccountRow,
    /// what is open, oldest first
    pub bills: Vec<BillRow>,
    /// what is owed for each of them today: with the late fee that a payment of today would charge
    pub debts: Vec<Debt>,
    /// PRM-45, of the district
    pub first: PaidFirst,
    pub payments: Vec<PaymentRow>,
}

/// A payment, as lists and the counter show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentRow {
    pub id: PaymentId,
    pub receipt_no: String,
    pub account_id: AccountId,
    pub payer: String,
    pub id_number_mask: String,
    pub address: String,
    pub kind: PayKind,
    pub method: PayMethod,
    pub amount: Money,
    pub paid_at: DateTime<Utc>,
    pub cashier: Option<String>,
    pub status: PaymentStatus,
    pub verified_at: Option<DateTime<Utc>>,
    /// 线上收款: it lies in no drawer and cannot be taken back, only refunded
    pub online: bool,
    pub version: i32,
}

/// A receipt as it is printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub row: PaymentRow,
    pub estate: String,
    pub contract_no: Option<String>,
    pub bank_serial: Option<String>,
    pub remark: Option<String>,
    pub lines: Vec<ReceiptLine>,
    /// what went to the balance of the account
    pub to_balance: Money,
    pub void_reason: Option<String>,
    pub verified_by: Option<String>,
    /// that its verification was taken back, the last time
    pub unverified: Option<Unverified>,
    /// how often it was printed before
    pub printed: i32,
}

/// 反核销 (domain.md §3.6 L7): for those who look at the receipt, not for who gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unverified {
    pub at: DateTime<Utc>,
    pub by: Option<String>,
    pub reason: String,
}

impl Unverified {
    /// One sentence of it.
    #[must_use]
    pub fn told(&self) -> String {
        let by = self.by.as_deref().unwrap_or_default();
        format!("{} {by}反核销：{}", crate::sheet::time_text(self.at), self.reason)
    }
}

/// What a payment paid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceiptLine {
    pub bill_id: BillId,
    pub bill_no: String,
    pub fee_item: crate::dictionary::FeeItem,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub principal: Money,
    pub late_fee: Money,
}

/// What a cashier enters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PaymentForm {
    /// id of the request, drawn by the browser once per payment (a UUID)
    pub request: String,
    pub amount: String,
    pub method: String,
    /// number of the bank's or the terminal's slip
    pub bank_serial: String,
    /// ids of the bills that the debtor chose, in his order; empty: the oldest first
    pub bills: Vec<i64>,
    /// what is more than the debts may be kept as balance (预存)
    pub prepay: bool,
    pub remark: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFields {
    pub request: String,
    pub amount: Money,
    pub method: PayMethod,
    pub bank_serial: Option<String>,
    pub bills: Vec<BillId>,
    pub prepay: bool,
    pub remark: Option<String>,
}

impl PaymentForm {
    /// Checks every field: negative, nothing and three decimals are refused.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<PaymentFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let amount = errors.take("amount", required(&self.amount).and_then(|text| amount(&text)));
        let method = errors.take("method", counter_method(&self.method));
        let bank_serial = errors.take("bank_serial", optional_text(&self.bank_serial, 40)).flatten();
        let remark = errors.take("remark", optional_text(&self.remark, 200)).flatten();
        if !is_uuid(&self.request) {
            errors.add("amount", "页面已过期，请刷新后再收款");
        }
        if method.is_some_and(|method| method != PayMethod::Cash) && bank_serial.is_none() {
            errors.add("bank_serial", "请填写交易流水号");
        }
        let mut bills: Vec<BillId> = Vec::new();
        for bill in &self.bills {
            if !bills.contains(&BillId(*bill)) {
                bills.push(BillId(*bill));
            }
        }
        match (amount, method) {
            (Some(amount), Some(method)) if errors.is_empty() => Ok(PaymentFields {
                request: self.request.clone(),
                amount,
                method,
                bank_serial,
                bills,
                prepay: self.prepay,
                remark,
            }),
            _ => Err(errors),
        }
    }
}

fn counter_method(text: &str) -> Check<PayMethod> {
    PayMethod::from_code(text)
        .filter(|method| COUNTER_METHODS.contains(method))
        .ok_or(Complaint::says("请选择支付方式"))
}

fn amount(text: &str) -> Check<Money> {
    let amount = Money::parse_yuan(text).ok().filter(|amount| *amount > Money::ZERO);
    match amount {
        Some(amount) if amount <= PAYMENT_MAX => Ok(amount),
        Some(_) => Err(Complaint::says("单笔收款不能超过100万元")),
        None => Err(Complaint::about("应为大于0的数字，最多2位小数")),
    }
}

/// Whether a text is a UUID in its usual form: what a browser draws for a request that moves money (domain.md §0.5 rule 10).
#[must_use]
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// 租金管理 list (S0-9).
#[rustfmt::skip] // a table: one line per column
pub const ACCOUNT_LIST: ListSheet<AccountRow> = ListSheet {
    key: "account",
    noun: "租金账户",
    path: "/billing/accounts",
    search_hint: "申请人、账户号、合同编号、住房地址",
    columns: &[
        ListColumn { key: "account_no", header: "账户号", kind: Kind::Text, sortable: true, essential: false, cell: |row| Cell::link(&row.account_no, format!("/billing/accounts/{}", row.id)) },
        ListColumn { key: "mgmt_unit", header: "房源管理单位", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.mgmt_unit) },
        ListColumn { key: "person", header: "申请人姓名", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.person, format!("/billing/accounts/{}", row.id)) },
        ListColumn { key: "id_number", header: "身份证号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.id_number_mask) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "start_on", header: "配租开始时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| crate::sheet::cell_or_empty(row.start_on, Cell::Date) },
        ListColumn { key: "end_on", header: "配租结束时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| crate::sheet::cell_or_empty(row.end_on, Cell::Date) },
        ListColumn { key: "monthly_rent", header: "月租金(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| crate::sheet::cell_or_empty(row.monthly_rent, Cell::Money) },
        ListColumn { key: "balance", header: "账户余额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.balance) },
        ListColumn { key: "outstanding", header: "未缴(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.outstanding) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "unit", label: "房源", choices: Choices::Linked },
        Filter { key: "owing", label: "欠费", choices: Choices::Fixed(|| vec![("1", "有到期未缴账单")]) },
    ],
    default_sort: ("account_no", true),
    jumps: false,
};

/// 缴费记录 list: what is verified, voided and printed; with refunds it is 缴退记录 (`pay_record`).
#[rustfmt::skip] // a table: one line per column
pub const PAYMENT_LIST: ListSheet<PaymentRow> = ListSheet {
    key: "payment",
    noun: "缴费记录",
    path: "/billing/payments",
    search_hint: "收据号、姓名、住房地址",
    columns: &[
        ListColumn { key: "receipt_no", header: "收据号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.receipt_no, format!("/billing/payments/{}", row.id)) },
        ListColumn { key: "payer", header: "住用人姓名", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.payer, format!("/billing/accounts/{}", row.account_id)) },
        ListColumn { key: "id_number", header: "身份证号码", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.id_number_mask) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "kind", header: "缴费类型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "method", header: "方式", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.method) },
        ListColumn { key: "amount", header: "缴退金额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "paid_at", header: "缴费时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.paid_at) },
        ListColumn { key: "cashier", header: "操作员", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.cashier.as_deref().unwrap_or_default()) },
        ListColumn { key: "verified", header: "核销", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(if row.verified_at.is_some() { "已核销" } else { "未核销" }) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "method", label: "方式", choices: Choices::Of(PayMethod::choices) },
        Filter { key: "status", label: "状态", choices: Choices::Of(PaymentStatus::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "account", label: "账户", choices: Choices::Linked },
        Filter { key: "since", label: "起始日期", choices: Choices::Day },
        Filter { key: "until", label: "截止日期", choices: Choices::Day },
        Filter { key: "unverified", label: "核销", choices: Choices::Fixed(|| vec![("1", "待核销")]) },
    ],
    default_sort: ("paid_at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    fn form(amount: &str) -> PaymentForm {
        PaymentForm {
            request: "5b0c2d1e-8f7a-4b3c-9d2e-1f0a6b7c8d9e".into(),
            amount: amount.into(),
            method: "CASH".into(),
            ..Default::default()
        }
    }

    #[test]
    fn amounts_that_are_none() {
        for amount in ["", "0", "-1", "1.234", "1e3", "1000000.01", "九"] {
            assert!(form(amount).check().unwrap_err().get("amount").is_some(), "{amount}");
        }
        assert_eq!(form("111.80").check().map(|fields| fields.amount.fen()), Ok(11180));
        assert_eq!(form("1000000").check().map(|fields| fields.amount), Ok(PAYMENT_MAX));
    }

    #[test]
    fn what_is_not_cash_has_a_slip() {
        let pos = PaymentForm { method: "POS".into(), ..form("1") };
        assert!(pos.check().unwrap_err().get("bank_serial").is_some());
        assert!(PaymentForm { bank_serial: "0042".into(), ..pos }.check().is_ok());
        for method in ["DEBIT", "BALANCE", "", "cash"] {
            let form = PaymentForm { method: method.into(), bank_serial: "1".into(), ..form("1") };
            assert!(form.check().unwrap_err().get("method").is_some(), "{method}");
        }
    }

    #[test]
    fn a_request_has_an_id_and_a_bill_stands_once() {
        assert!(PaymentForm { request: "1".into(), ..form("1") }.check().is_err());
        let twice = PaymentForm { bills: vec![7, 8, 7], ..form("1") }.check().unwrap();
        assert_eq!(twice.bills, [BillId(7), BillId(8)]);
    }
}
