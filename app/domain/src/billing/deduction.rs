//! 银行代扣 (E-48, E-49, S0-12, domain.md §3.7): what lists and pages show of batches, items and the difference pool.

use crate::{
    billing::{deduction_status::DeductionEvent, payment::is_uuid},
    dictionary::{
        BankFileKind, BankFileState, DeductFail, DeductStatus, DeductionStatus, DifferenceKind, DifferenceStatus,
        Resolution,
    },
    failure::FieldErrors,
    form::{date, pick},
    id::{AccountId, BankDifferenceId, ContractId, DeductionBatchId, DeductionItemId, OrganizationId, PaymentId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, TURN, cell_or_empty},
    value::{Complaint, Money},
};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// What is said of a request that does not hold any more.
pub const PAGE_EXPIRED: &str = "页面已过期，请刷新后再制作批次";

/// The furthest day that a batch may collect for: what is due later is not owed yet.
pub const DUE_AHEAD_DAYS: u64 = 31;

/// A batch, as the list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeductionRow {
    pub id: DeductionBatchId,
    pub batch_no: String,
    pub district: String,
    pub due_by: NaiveDate,
    pub status: DeductionStatus,
    /// whether all accounts were looked at
    pub built: bool,
    pub items: i32,
    pub amount: Money,
    /// 余额抵扣 (PRM-47) before the bank was asked
    pub balance: Money,
    pub success: i32,
    pub partial: i32,
    pub failed: i32,
    pub deducted: Money,
    pub maker: Option<String>,
    /// made by the server on its day (PRM-46), and by nobody
    pub automatic: bool,
    pub made_at: DateTime<Utc>,
}

impl DeductionRow {
    fn maker(&self) -> Cell {
        if self.automatic { Cell::text("系统自动") } else { Cell::text(self.maker.as_deref().unwrap_or_default()) }
    }
}

/// A batch with all that happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deduction {
    pub row: DeductionRow,
    pub checker: Option<String>,
    pub opinion: Option<String>,
    pub sender: Option<String>,
    /// what happened when, in order
    pub steps: Vec<(DeductionStatus, DateTime<Utc>)>,
    pub message: Option<String>,
    pub files: Vec<BankFileRow>,
    /// differences that nobody has decided about
    pub open_differences: i64,
    /// what the one who asks may do with it now
    pub events: Vec<DeductionEvent>,
    pub version: i32,
}

/// A file of a batch, of either direction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BankFileRow {
    pub kind: BankFileKind,
    pub name: String,
    pub state: BankFileState,
    pub lines: i32,
    pub digest: Option<String>,
    pub message: Option<String>,
    pub made_at: DateTime<Utc>,
}

/// An item: a row of 房租扣费记录.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeductionItemRow {
    pub id: DeductionItemId,
    pub batch_id: DeductionBatchId,
    pub batch_no: String,
    pub seq: i32,
    pub account_id: AccountId,
    pub contract_id: ContractId,
    pub contract_no: Option<String>,
    pub payer: String,
    pub address: String,
    /// its first day
    pub month: NaiveDate,
    pub due: Money,
    pub deducted: Money,
    pub status: DeductStatus,
    pub fail_reason: Option<DeductFail>,
    pub fail_text: Option<String>,
    pub retry_on: Option<NaiveDate>,
    pub deducted_at: Option<DateTime<Utc>>,
    pub bank_serial: Option<String>,
    pub payment_id: Option<PaymentId>,
    pub created_at: DateTime<Utc>,
    /// whether the one who asks may take it out of its batch
    pub cancellable: bool,
}

/// Something that our books and the bank's file say differently.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DifferenceRow {
    pub id: BankDifferenceId,
    pub kind: DifferenceKind,
    pub batch_id: Option<DeductionBatchId>,
    pub batch_no: Option<String>,
    pub seq: Option<i64>,
    pub payer: Option<String>,
    /// the payment at a counter that it is about
    pub payment: Option<(PaymentId, String)>,
    pub own: Money,
    pub their: Money,
    pub bank_serial: Option<String>,
    pub status: DifferenceStatus,
    pub resolution: Option<Resolution>,
    pub opinion: Option<String>,
    pub resolved_by: Option<String>,
    pub resolved_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    /// what the one who asks may decide
    pub choices: Vec<Resolution>,
    pub version: i32,
}

impl DifferenceKind {
    /// What can be decided about it: entered is only what belongs to an item and brought money, everything else is noted and
    /// settled with the bank.
    #[must_use]
    pub fn resolutions(self, has_item: bool, their: Money) -> Vec<Resolution> {
        let of_item = matches!(self, Self::OverDeducted | Self::AmountChanged | Self::Contradiction);
        if of_item && has_item && their > Money::ZERO {
            vec![Resolution::Enter, Resolution::Note]
        } else {
            vec![Resolution::Note]
        }
    }
}

/// What is entered for a new batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeductionForm {
    /// id of the request, drawn by the browser (a UUID): pressed twice it makes one batch
    pub request: String,
    pub district: String,
    pub due_by: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeductionFields {
    pub request: String,
    pub district: OrganizationId,
    pub due_by: NaiveDate,
}

/// What the form is filled with before anybody has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeductionOffer {
    /// id and name
    pub districts: Vec<(OrganizationId, String)>,
    /// the next day of direct debit (PRM-46)
    pub due_by: NaiveDate,
    /// after it nothing is collected yet
    pub latest: NaiveDate,
}

impl DeductionForm {
    /// Checks every field.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<DeductionFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let district = errors.take("district", pick(&self.district, "请选择区县"));
        let latest = latest(today);
        let due_by = errors.take(
            "due_by",
            date(&self.due_by).and_then(|day| {
                if day <= latest { Ok(day) } else { Err(Complaint::says(format!("扣款日不能晚于{latest}"))) }
            }),
        );
        if !is_uuid(&self.request) {
            errors.add("due_by", PAGE_EXPIRED);
        }
        match (district, due_by) {
            (Some(district), Some(due_by)) if errors.is_empty() => {
                Ok(DeductionFields { request: self.request.clone(), district: OrganizationId(district), due_by })
            }
            _ => Err(errors),
        }
    }
}

/// The latest day that can be collected for today.
#[must_use]
pub fn latest(today: NaiveDate) -> NaiveDate {
    today.checked_add_days(Days::new(DUE_AHEAD_DAYS)).unwrap_or(today)
}

/// 代扣批次 list.
#[rustfmt::skip] // a table: one line per column
pub const DEDUCTION_LIST: ListSheet<DeductionRow> = ListSheet {
    key: "deduction",
    noun: "代扣批次",
    path: "/billing/deductions",
    search_hint: "批次号",
    columns: &[
        ListColumn { key: "batch_no", header: "批次号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.batch_no, format!("/billing/deductions/{}", row.id)) },
        ListColumn { key: "district", header: "所属区县", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "due_by", header: "扣款日", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.due_by) },
        ListColumn { key: "items", header: "笔数", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.items.into()) },
        ListColumn { key: "amount", header: "应扣金额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "deducted", header: "实扣金额(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.deducted) },
        ListColumn { key: "results", header: "成功/部分/失败", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::Text(format!("{}/{}/{}", row.success, row.partial, row.failed)) },
        ListColumn { key: "balance", header: "余额抵扣(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.balance) },
        ListColumn { key: "maker", header: "制作人", kind: Kind::Text, sortable: false, essential: false, cell: DeductionRow::maker },
        ListColumn { key: "made_at", header: "制作时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(DeductionStatus::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        TURN,
    ],
    default_sort: ("made_at", true),
    jumps: false,
};

/// 房租扣费记录 (S0-12), and the items of one batch.
#[rustfmt::skip] // a table: one line per column
pub const DEDUCTION_ITEM_LIST: ListSheet<DeductionItemRow> = ListSheet {
    key: "deduction_item",
    noun: "房租扣费记录",
    path: "/billing/deductions/records",
    search_hint: "户名、合同编号、住房地址",
    columns: &[
        ListColumn { key: "batch_no", header: "批次号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.batch_no, format!("/billing/deductions/{}", row.batch_id)) },
        ListColumn { key: "seq", header: "序号", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::link(row.seq.to_string(), format!("/billing/deductions/records/{}", row.id)) },
        ListColumn { key: "payer", header: "户名", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.payer, format!("/billing/accounts/{}", row.account_id)) },
        ListColumn { key: "contract_no", header: "合同编号", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.contract_no.as_deref(), |no| Cell::link(no, format!("/tenancy/contracts/{}", row.contract_id))) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "year", header: "年份", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Text(row.month.year().to_string()) },
        ListColumn { key: "month", header: "月份", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Text(row.month.month().to_string()) },
        ListColumn { key: "due", header: "应扣金额", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.due) },
        ListColumn { key: "deducted", header: "实扣金额", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.deducted) },
        ListColumn { key: "status", header: "扣费状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.status) },
        ListColumn { key: "fail_reason", header: "失败原因", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.fail_reason, Cell::coded) },
        ListColumn { key: "fail_text", header: "失败说明", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.fail_text.as_deref().unwrap_or_default()) },
        ListColumn { key: "retry_on", header: "下次扣款日", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.retry_on, Cell::Date) },
        ListColumn { key: "deducted_at", header: "扣费时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.deducted_at, Cell::Time) },
        ListColumn { key: "created_at", header: "创建时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.created_at) },
    ],
    filters: &[
        Filter { key: "status", label: "扣费状态", choices: Choices::Of(DeductStatus::choices) },
        Filter { key: "fail_reason", label: "失败原因", choices: Choices::Of(DeductFail::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "batch", label: "批次", choices: Choices::Linked },
        Filter { key: "account", label: "账户", choices: Choices::Linked },
    ],
    default_sort: ("created_at", true),
    jumps: false,
};

/// 差异池 (E-49) list.
#[rustfmt::skip] // a table: one line per column
pub const DIFFERENCE_LIST: ListSheet<DifferenceRow> = ListSheet {
    key: "bank_difference",
    noun: "银行差异",
    path: "/billing/deductions/differences",
    search_hint: "批次号、户名、收据号、银行流水号",
    columns: &[
        ListColumn { key: "kind", header: "差异", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(row.kind.label(), format!("/billing/deductions/differences/{}", row.id)) },
        ListColumn { key: "batch_no", header: "批次号", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.batch_no.as_deref().zip(row.batch_id), |(no, id)| Cell::link(no, format!("/billing/deductions/{id}"))) },
        ListColumn { key: "seq", header: "序号", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.seq, Cell::Number) },
        ListColumn { key: "payer", header: "户名", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(row.payer.as_deref().unwrap_or_default()) },
        ListColumn { key: "receipt_no", header: "收据号", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.payment.as_ref(), |(id, no)| Cell::link(no, format!("/billing/payments/{id}"))) },
        ListColumn { key: "own", header: "系统金额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.own) },
        ListColumn { key: "their", header: "银行金额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.their) },
        ListColumn { key: "bank_serial", header: "银行流水号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.bank_serial.as_deref().unwrap_or_default()) },
        ListColumn { key: "created_at", header: "发现时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.created_at) },
        ListColumn { key: "resolution", header: "处理方式", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.resolution, Cell::coded) },
        ListColumn { key: "opinion", header: "处理说明", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.opinion.as_deref().unwrap_or_default()) },
        ListColumn { key: "resolved_by", header: "处理人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.resolved_by.as_deref().unwrap_or_default()) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(DifferenceStatus::choices) },
        Filter { key: "kind", label: "差异", choices: Choices::Of(DifferenceKind::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "batch", label: "批次", choices: Choices::Linked },
    ],
    default_sort: ("created_at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_of_a_district_and_collects_what_is_due() {
        let today: NaiveDate = "2026-11-01".parse().unwrap();
        let form = |district: &str, due_by: &str| DeductionForm {
            request: "5b0c2d1e-8f7a-4b3c-9d2e-1f0a6b7c8d9e".into(),
            district: district.into(),
            due_by: due_by.into(),
        };
        assert_eq!(form("7", "2026-11-15").check(today).map(|fields| fields.district), Ok(OrganizationId(7)));
        let errors = DeductionForm { request: "1".into(), ..form("7", "2026-11-15") }.check(today).unwrap_err();
        assert_eq!(errors.get("due_by"), Some(PAGE_EXPIRED));
        assert!(form("7", "2026-12-02").check(today).is_ok());
        let errors = form("", "2026-12-03").check(today).unwrap_err();
        assert_eq!(errors.get("district"), Some("请选择区县"));
        assert_eq!(errors.get("due_by"), Some("扣款日不能晚于2026-12-02"));
        assert!(form("7", "").check(today).unwrap_err().get("due_by").is_some());
    }

    #[test]
    fn only_money_of_an_item_is_entered() {
        let some = Money::from_fen(1);
        for kind in DifferenceKind::ALL {
            let both = matches!(
                kind,
                DifferenceKind::OverDeducted | DifferenceKind::AmountChanged | DifferenceKind::Contradiction
            );
            assert_eq!(kind.resolutions(true, some).contains(&Resolution::Enter), both, "{kind}");
            assert_eq!(kind.resolutions(false, some), [Resolution::Note], "{kind}");
            assert_eq!(kind.resolutions(true, Money::ZERO), [Resolution::Note], "{kind}");
        }
    }
}
