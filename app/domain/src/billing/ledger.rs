//! 总账 (architecture: append-only double entry): the subjects between which money moves, and what is read from it.
//!
//! A transfer belongs to one household's account: what the household owes is RECEIVABLE, what it paid ahead is BALANCE
//! (账户余额), what it left as security is DEPOSIT. The others are the city's side. What moves between these alone belongs to
//! nobody's account: the cash of a cashier's shift on its way to the bank.

use crate::{
    billing::payment::ACCOUNT_LIST,
    dictionary::{FeeItem, PayMethod, dictionary},
    failure::FieldErrors,
    form::pick,
    id::{BillId, OrganizationId, PaymentId},
    list::Page,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::{Check, Complaint, Money, normalize},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

dictionary! {
    /// 会计科目
    Subject = "ledger.subject" "会计科目" {
        Receivable = "RECEIVABLE" "应收款",
        Balance = "BALANCE" "预收款(账户余额)",
        Deposit = "DEPOSIT" "存入保证金",
        Income = "INCOME" "租金及其他收入",
        Cash = "CASH" "库存现金",
        Bank = "BANK" "银行存款",
        Clearing = "CLEARING" "第三方支付待结算",
        // what a drawer had too much or too little of, until somebody has decided about it outside of this ledger
        CashDifference = "CASH_DIFF" "待处理现金长短款",
        Waiver = "WAIVER" "减免",
        BadDebt = "BAD_DEBT" "坏账",
        Opening = "OPENING" "期初结转",
        // between two accounts of one household
        Moved = "MOVED" "调换结转",
    }
}

impl Subject {
    /// Where money paid in some way arrives.
    #[must_use]
    pub const fn of(method: PayMethod) -> Self {
        match method {
            PayMethod::Cash => Self::Cash,
            PayMethod::Pos | PayMethod::Transfer | PayMethod::Debit | PayMethod::SubsidyOffset => Self::Bank,
            PayMethod::WeChat | PayMethod::Alipay | PayMethod::UnionPay => Self::Clearing,
            PayMethod::Balance => Self::Balance,
            PayMethod::DepositOffset => Self::Deposit,
        }
    }

    /// Whether it usually stands on the debit side: what the city has or is owed, and what it forgave.
    #[must_use]
    pub const fn is_debit(self) -> bool {
        matches!(
            self,
            Self::Receivable
                | Self::Cash
                | Self::Bank
                | Self::Clearing
                | Self::CashDifference
                | Self::Waiver
                | Self::BadDebt
        )
    }
}

/// A subject in a month (科目余额表). Amounts on its usual side are positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialLine {
    pub subject: Subject,
    pub opening: Money,
    pub debit: Money,
    pub credit: Money,
}

impl TrialLine {
    /// 期末余额 on the subject's usual side.
    #[must_use]
    pub fn closing(&self) -> Money {
        let moved = self.debit - self.credit;
        self.opening + if self.subject.is_debit() { moved } else { Money::ZERO - moved }
    }
}

/// A month of a district: its trial balance, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerMonth {
    pub district_id: OrganizationId,
    pub district: String,
    pub month: NaiveDate,
    pub lines: Vec<TrialLine>,
    pub closed_at: Option<DateTime<Utc>>,
    pub closed_by: Option<String>,
    /// what stands against closing it, in sentences; empty: it can be closed
    pub obstacles: Vec<String>,
}

impl LedgerMonth {
    /// Debits and credits of the month; the two are equal by construction, and the screen shows that they are.
    #[must_use]
    pub fn sums(&self) -> (Money, Money) {
        let sum = |side: fn(&TrialLine) -> Money| self.lines.iter().map(side).sum();
        (sum(|line| line.debit), sum(|line| line.credit))
    }
}

/// A transfer as lists show it: 账户流水 (E-45) and 分录.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryRow {
    pub id: i64,
    pub booked_on: NaiveDate,
    pub at: DateTime<Utc>,
    /// id and number; none of what moves on the city's side alone
    pub account: Option<(i64, String)>,
    pub lessee: String,
    pub debit: Subject,
    pub credit: Subject,
    pub fee_item: FeeItem,
    pub amount: Money,
    pub reason: String,
    pub bill: Option<(BillId, String)>,
    pub payment: Option<(PaymentId, String)>,
    /// the shift whose cash it is
    pub shift: Option<i64>,
    pub actor: Option<String>,
    /// 账户余额 behind it, in a list of one account in the order of time; otherwise none
    pub balance: Option<Money>,
}

/// The sums of a level above the household's accounts (三级账户): of a door or of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelRow {
    pub id: i64,
    pub name: String,
    /// a door, and not a project
    pub door: bool,
    pub sum: LevelSum,
}

/// What the accounts below a level come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelSum {
    pub accounts: i64,
    pub balance: Money,
    pub deposit: Money,
    pub outstanding: Money,
}

/// A page of a level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelPage {
    pub page: Page<LevelRow>,
    /// of all its pages
    pub sum: LevelSum,
}

impl LevelRow {
    /// From a project to its doors, and from a door to its accounts.
    fn name(&self) -> Cell {
        if self.door {
            Cell::link(&self.name, format!("{}?unit={}", ACCOUNT_LIST.path, self.id))
        } else {
            Cell::link(&self.name, format!("{}?project={}", LEVEL_LIST.path, self.id))
        }
    }
}

/// 三级账户: projects, or the doors of the one that the filter names.
#[rustfmt::skip] // a table: one line per column
pub const LEVEL_LIST: ListSheet<LevelRow> = ListSheet {
    key: "account_level",
    noun: "三级账户",
    path: "/billing/levels",
    search_hint: "",
    columns: &[
        ListColumn { key: "name", header: "名称", kind: Kind::Text, sortable: false, essential: true, cell: LevelRow::name },
        ListColumn { key: "accounts", header: "分户数", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.sum.accounts) },
        ListColumn { key: "balance", header: "账户余额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.sum.balance) },
        ListColumn { key: "deposit", header: "保证金(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.sum.deposit) },
        ListColumn { key: "outstanding", header: "未缴(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.sum.outstanding) },
    ],
    filters: &[Filter { key: "project", label: "项目", choices: Choices::Linked }],
    default_sort: ("name", false),
    jumps: false,
};

/// What is entered to close a month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeriodForm {
    pub district: String,
    /// `2026-11`
    pub month: String,
}

impl PeriodForm {
    /// Checks both fields.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<(OrganizationId, NaiveDate), FieldErrors> {
        let mut errors = FieldErrors::default();
        let district = errors.take("district", pick(&self.district, "请选择区县"));
        let month = errors.take("month", parse_month(&self.month));
        match (district, month) {
            (Some(district), Some(month)) => Ok((OrganizationId(district), month)),
            _ => Err(errors),
        }
    }
}

/// A month as `2026-11`, by its first day.
///
/// # Errors
/// `月份格式应为YYYY-MM`.
pub fn parse_month(text: &str) -> Check<NaiveDate> {
    let text = normalize(text);
    let shape =
        text.len() == 7 && text.bytes().enumerate().all(|(i, b)| if i == 4 { b == b'-' } else { b.is_ascii_digit() });
    shape
        .then(|| format!("{text}-01").parse::<NaiveDate>().ok())
        .flatten()
        .filter(|day| (2000..=2999).contains(&chrono::Datelike::year(day)))
        .ok_or(Complaint::about("月份格式应为YYYY-MM"))
}

/// 分录 list.
#[rustfmt::skip] // a table: one line per column
pub const ENTRY_LIST: ListSheet<EntryRow> = ListSheet {
    key: "ledger_entry",
    noun: "分录",
    path: "/billing/entries",
    search_hint: "账户号、承租人、账单号、收据号",
    columns: &[
        ListColumn { key: "booked_on", header: "记账日期", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.booked_on) },
        ListColumn { key: "account_no", header: "账户号", kind: Kind::Text, sortable: false, essential: true, cell: |row| cell_or_empty(row.account.as_ref(), |(id, no)| Cell::link(no, format!("/billing/accounts/{id}"))) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.lessee) },
        ListColumn { key: "reason", header: "摘要", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.reason) },
        ListColumn { key: "debit", header: "借方科目", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.debit) },
        ListColumn { key: "credit", header: "贷方科目", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.credit) },
        ListColumn { key: "fee_item", header: "费项", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.fee_item) },
        ListColumn { key: "amount", header: "金额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "balance", header: "账户余额(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.balance, Cell::Money) },
        ListColumn { key: "source", header: "凭据", kind: Kind::Text, sortable: false, essential: false, cell: source },
        ListColumn { key: "actor", header: "经办人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.actor.as_deref().unwrap_or("系统")) },
    ],
    filters: &[
        Filter { key: "debit", label: "借方科目", choices: Choices::Of(Subject::choices) },
        Filter { key: "credit", label: "贷方科目", choices: Choices::Of(Subject::choices) },
        Filter { key: "fee_item", label: "费项", choices: Choices::Of(FeeItem::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "account", label: "账户", choices: Choices::Linked },
        Filter { key: "shift", label: "收款班次", choices: Choices::Linked },
        Filter { key: "month", label: "月份", choices: Choices::Linked },
    ],
    default_sort: ("booked_on", true),
    jumps: false,
};

/// The receipt, the bill or the shift that a transfer comes from.
fn source(row: &EntryRow) -> Cell {
    match (&row.payment, &row.bill, row.shift) {
        (Some((id, no)), ..) => Cell::link(no, format!("/billing/payments/{id}")),
        (None, Some((id, no)), _) => Cell::link(no, format!("/billing/bills/{id}")),
        (None, None, Some(id)) => Cell::link("收款班次", format!("/billing/shifts/{id}")),
        (None, None, None) => Cell::text(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_grows_on_its_usual_side() {
        let line = |subject| TrialLine {
            subject,
            opening: Money::from_fen(100),
            debit: Money::from_fen(30),
            credit: Money::from_fen(50),
        };
        assert_eq!(line(Subject::Cash).closing().fen(), 80);
        assert_eq!(line(Subject::Income).closing().fen(), 120);
    }

    #[test]
    fn money_arrives_where_it_is_paid() {
        let arrives = |method| Subject::of(method);
        assert_eq!(arrives(PayMethod::Cash), Subject::Cash);
        assert_eq!(arrives(PayMethod::Debit), Subject::Bank);
        assert_eq!(arrives(PayMethod::WeChat), Subject::Clearing);
        assert_eq!(arrives(PayMethod::Balance), Subject::Balance);
    }

    #[test]
    fn a_month_is_a_month() {
        assert_eq!(parse_month("2026-11").map(|day| day.to_string()), Ok("2026-11-01".into()));
        for text in ["", "2026-13", "2026-1", "26-11", "2026/11", "2026-11-01", "1999-12"] {
            assert!(parse_month(text).is_err(), "{text}");
        }
        let errors = PeriodForm::default().check().unwrap_err();
        assert!(errors.get("district").is_some() && errors.get("month").is_some());
    }
}
