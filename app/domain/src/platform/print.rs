//! 打印 (S0-5, E-128, S1-12.7): who printed what, when, which copy and why again.

use crate::{
    billing::run::month_text,
    dictionary::{Item, dictionary},
    failure::{Failure, FieldErrors},
    form::optional_text,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
    value::{Complaint, required, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Whoever printed may fetch the file so long; after that it is a reprint.
pub const FETCH_MINUTES: i64 = 30;

dictionary! {
    /// 文书 (E-128 `doc_type`)
    PaperKind = "E-128.doc_type" "文书" {
        Contract = "CONTRACT" "租赁合同",
        Receipt = "RECEIPT" "收款收据",
        Notice = "NOTICE" "缴费通知单",
        Notices = "NOTICES" "批量缴费通知单",
        Dunning = "DUNNING" "催缴通知书",
        Lawsuit = "LAWSUIT" "诉讼材料",
        ExitBill = "EXIT_BILL" "退租结算单",
        ExitSheet = "EXIT_SHEET" "退租验房单",
    }
}

dictionary! {
    /// 打印类型 (S0-5)
    PrintKind = "E-128.kind" "打印类型" {
        Draft = "DRAFT" "草稿",
        First = "FIRST" "首次打印",
        Reprint = "REPRINT" "补打",
    }
}

dictionary! {
    /// 文书状态 (§3.12)
    PrintStatus = "E-128.status" "文书状态" {
        ToPrint = "TO_PRINT" "待打印",
        Printed = "PRINTED" "已打印",
        Issued = "ISSUED" "已发放",
        Returned = "RETURNED" "已收回",
        Void = "VOID" "已作废",
    }
}

/// What happens to a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrintEvent {
    Print,
    Issue,
    Return,
    Void,
}

impl PrintStatus {
    /// The status after the event: the whole state machine of §3.12. What is to be printed is a line of the queue; the log
    /// begins with the print, and a copy printed again is another line.
    ///
    /// # Errors
    /// The sentence, when the event does not exist in this status.
    pub fn next(self, event: PrintEvent) -> Result<Self, Failure> {
        use PrintEvent as E;
        match (event, self) {
            (E::Print, Self::ToPrint) => Ok(Self::Printed),
            (E::Issue, Self::Printed) => Ok(Self::Issued),
            (E::Return, Self::Issued) => Ok(Self::Returned),
            (E::Void, Self::Printed | Self::Issued) => Ok(Self::Void),
            _ => Err(Failure::refused(format!("文书状态为“{self}”，请刷新后再办理"))),
        }
    }
}

/// What is entered about a copy: to whom it is handed out, or why it comes back or is void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyForm {
    pub event: PrintEvent,
    pub text: String,
}

impl CopyForm {
    /// # Errors
    /// For a missing name or reason.
    pub fn check(&self) -> Result<String, FieldErrors> {
        let most = if self.event == PrintEvent::Issue { 50 } else { 200 };
        let text = required(&self.text).and_then(|text| text_max(&text, most));
        text.map_err(|complaint| FieldErrors::from(("text", complaint.text())))
    }
}

/// A print, as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintRow {
    pub id: i64,
    pub paper: PaperKind,
    /// what was printed: a contract, a payment, an account, an estate, a record of dunning or an exit
    pub object_id: i64,
    /// number of the contract, the receipt or the notice, of the account, or name of the estate
    pub number: String,
    /// of a notice
    pub month: Option<NaiveDate>,
    pub template: Option<String>,
    pub kind: PrintKind,
    /// which print of the paper it was; drafts are not counted
    pub nth: Option<i32>,
    pub copies: i32,
    pub reason: Option<String>,
    /// how it begins: all of it would let what stands on the paper be guessed
    pub digest: String,
    pub printed_by: Option<String>,
    pub at: DateTime<Utc>,
    /// the one who asks printed it and can still fetch the file, so that one that failed is no reprint
    pub open: bool,
    pub status: PrintStatus,
    pub issued_to: Option<String>,
    pub issued_at: Option<DateTime<Utc>>,
    pub issued_by: Option<String>,
    /// came back or is void: when, why, by whom
    pub ended_at: Option<DateTime<Utc>>,
    pub end_reason: Option<String>,
    pub ended_by: Option<String>,
    pub version: i32,
}

impl PaperKind {
    /// The page of what a paper is about.
    #[must_use]
    pub fn href(self, id: i64) -> String {
        match self {
            Self::Contract => format!("/tenancy/contracts/{id}"),
            Self::Receipt => format!("/billing/payments/{id}"),
            Self::Notice => format!("/billing/accounts/{id}"),
            Self::Notices => format!("/housing/estates/{id}"),
            Self::Dunning | Self::Lawsuit => format!("/billing/dunning/{id}"),
            Self::ExitBill | Self::ExitSheet => format!("/tenancy/exits/{id}"),
        }
    }
}

/// What somebody wants to print.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PrintForm {
    pub paper: String,
    pub id: i64,
    /// `2026-12`, of a notice
    pub month: String,
    /// why it is printed again (S1-12.7)
    pub reason: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintFields {
    pub paper: PaperKind,
    pub id: i64,
    pub month: Option<NaiveDate>,
    pub reason: Option<String>,
}

impl PrintForm {
    /// Checks every field; a notice is one of a month.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<PrintFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let paper = errors.take("paper", PaperKind::from_code(&self.paper).ok_or(Complaint::says("请选择文书")));
        let reason = errors.take("reason", optional_text(&self.reason, 200)).flatten();
        let of_month = matches!(paper, Some(PaperKind::Notice | PaperKind::Notices));
        let month =
            of_month.then(|| format!("{}-01", self.month).parse().ok().filter(|_| self.month.len() == 7)).flatten();
        if of_month && month.is_none() {
            errors.add("month", "请选择账期");
        }
        match paper {
            Some(paper) if errors.is_empty() => Ok(PrintFields { paper, id: self.id, month, reason }),
            _ => Err(errors),
        }
    }
}

/// What a line of the log can be.
fn printed_states() -> Vec<Item> {
    PrintStatus::ALL[1..].iter().copied().map(Item::from).collect()
}

/// 打印记录 list (S1-12.7).
#[rustfmt::skip] // a table: one line per column
pub const PRINT_LIST: ListSheet<PrintRow> = ListSheet {
    key: "print",
    noun: "打印记录",
    path: "/tenancy/prints",
    search_hint: "合同编号、收据号、账户号、通知书编号、退租编号",
    columns: &[
        ListColumn { key: "number", header: "编号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.number, row.paper.href(row.object_id)) },
        ListColumn { key: "paper", header: "文书", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.paper) },
        ListColumn { key: "month", header: "账期", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::Text(row.month.map(month_text).unwrap_or_default()) },
        ListColumn { key: "template", header: "模板", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.template.as_deref().unwrap_or_default()) },
        ListColumn { key: "kind", header: "打印类型", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "nth", header: "第几次", kind: Kind::Number, sortable: false, essential: false, cell: |row| crate::sheet::cell_or_empty(row.nth, |nth| Cell::Number(nth.into())) },
        ListColumn { key: "copies", header: "份数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.copies.into()) },
        ListColumn { key: "reason", header: "补打原因", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.reason.as_deref().unwrap_or_default()) },
        ListColumn { key: "digest", header: "文本摘要", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.digest) },
        ListColumn { key: "printed_by", header: "打印人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.printed_by.as_deref().unwrap_or_default()) },
        ListColumn { key: "at", header: "打印时间", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Time(row.at) },
        ListColumn { key: "issued_to", header: "领取人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.issued_to.as_deref().unwrap_or_default()) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
        ListColumn { key: "copy", header: "操作", kind: Kind::Action, sortable: false, essential: false, cell: |row| Cell::link("办理", format!("/tenancy/prints/{}", row.id)) },
        ListColumn { key: "file", header: "文件", kind: Kind::Action, sortable: false, essential: true, cell: |row| if row.open { Cell::link("下载", format!("/files/print/{}", row.id)) } else { Cell::Empty } },
    ],
    filters: &[
        Filter { key: "paper", label: "文书", choices: Choices::Of(PaperKind::choices) },
        Filter { key: "kind", label: "打印类型", choices: Choices::Of(PrintKind::choices) },
        Filter { key: "status", label: "状态", choices: Choices::Of(printed_states) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "object", label: "对象", choices: Choices::Linked },
        Filter { key: "batch", label: "批次", choices: Choices::Linked },
    ],
    default_sort: ("at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_life_of_a_copy() {
        use PrintEvent as E;
        use PrintStatus as S;
        let leads = |event| S::ALL.iter().map(|status| status.next(event).ok()).collect::<Vec<_>>();
        assert_eq!(leads(E::Print), [Some(S::Printed), None, None, None, None]);
        assert_eq!(leads(E::Issue), [None, Some(S::Issued), None, None, None]);
        assert_eq!(leads(E::Return), [None, None, Some(S::Returned), None, None]);
        assert_eq!(leads(E::Void), [None, Some(S::Void), Some(S::Void), None, None]);
        let form = |event, text: &str| CopyForm { event, text: text.into() }.check();
        assert_eq!(form(E::Issue, " 本人 "), Ok("本人".to_owned()));
        assert!(form(E::Issue, &"长".repeat(51)).is_err() && form(E::Void, &"长".repeat(51)).is_ok());
        assert!(form(E::Return, "").is_err());
    }

    #[test]
    fn a_notice_is_one_of_a_month() {
        let form = |paper: &str, month: &str| PrintForm {
            paper: paper.into(),
            id: 7,
            month: month.into(),
            ..PrintForm::default()
        };
        assert_eq!(form("NOTICE", "2026-12").check().unwrap().month, NaiveDate::from_ymd_opt(2026, 12, 1));
        for month in ["", "2026", "2026-13", "2026-12-01", "十二月"] {
            assert!(form("NOTICES", month).check().unwrap_err().get("month").is_some(), "{month}");
        }
        assert_eq!(form("CONTRACT", "x").check().unwrap().month, None);
        assert!(form("", "").check().is_err());
    }
}
