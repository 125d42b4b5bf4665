//! 减免 and 坏账核销 (domain.md §3.6 L8, §6.4): what is open of bills is forgiven or given up, asked for by an accountant,
//! agreed to by the head of finance, and above a limit by the city's leader.
//!
//! This is not the 核销 of payments (L6): here nothing was paid.

use crate::{
    billing::{bill_status::BillEvent, ledger::Subject, payment::is_uuid, reduction::Note},
    dictionary::{BillStatus, FeeItem, dictionary},
    failure::{Failure, FieldErrors},
    id::{AccountId, BillId},
    platform::{actor::Actor, permission::Permission},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, TURN, cell_or_empty},
    value::{Complaint, Money, required, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

dictionary! {
    /// 减免类型
    WaiverKind = "3.6.L8" "减免类型" {
        Waive = "WAIVE" "减免",
        WriteOff = "WRITE_OFF" "坏账核销",
    }
}

dictionary! {
    /// 减免状态
    WaiverStatus = "3.6.L8.status" "减免状态" {
        Pending = "PENDING" "待审批",
        Approved = "APPROVED" "已批准",
        Refused = "REFUSED" "已驳回",
        Withdrawn = "WITHDRAWN" "已撤回",
    }
}

/// What happens to a waiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaiverEvent {
    Approve,
    Refuse,
    Withdraw,
}

impl WaiverStatus {
    /// The status after the event. This is the whole state machine; what was refused is asked for anew.
    ///
    /// # Errors
    /// The sentence, when the event does not exist in this status.
    pub fn next(self, event: WaiverEvent) -> Result<Self, Failure> {
        match (event, self) {
            (WaiverEvent::Approve, Self::Pending) => Ok(Self::Approved),
            (WaiverEvent::Refuse, Self::Pending) => Ok(Self::Refused),
            (WaiverEvent::Withdraw, Self::Pending) => Ok(Self::Withdrawn),
            _ => Err(Failure::refused(format!("减免状态为“{self}”，请刷新后再办理"))),
        }
    }
}

impl WaiverKind {
    /// What it does to a bill (L8).
    #[must_use]
    pub const fn event(self) -> BillEvent {
        match self {
            Self::Waive => BillEvent::Waive,
            Self::WriteOff => BillEvent::WriteOff,
        }
    }

    /// What the bill then is.
    #[must_use]
    pub const fn decision(self) -> BillStatus {
        match self {
            Self::Waive => BillStatus::Waived,
            Self::WriteOff => BillStatus::WrittenOff,
        }
    }

    /// The subject that takes what is owed no more.
    #[must_use]
    pub const fn subject(self) -> Subject {
        match self {
            Self::Waive => Subject::Waiver,
            Self::WriteOff => Subject::BadDebt,
        }
    }

    /// Whether the head of finance alone may not agree to so much (§6.4).
    #[must_use]
    pub fn needs_leader(self, amount: Money, limit: Money) -> bool {
        self == Self::WriteOff && amount > limit
    }
}

/// Whoever reads bills, or agrees to a waiver.
#[must_use]
pub fn may_read_waivers(actor: &Actor) -> bool {
    actor.may(Permission::BillRead) || actor.may(Permission::WaiverCheck)
}

/// Bills that one document may name.
pub const BILLS_MAX: usize = 200;
/// 押金 is not income: nothing was charged that could be forgiven.
pub const IS_DEPOSIT: &str = "押金账单不能减免，请作废";

/// What an accountant enters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WaiverForm {
    /// id of the request, drawn by the browser (a UUID): pressed twice it makes one document
    pub request: String,
    pub kind: String,
    /// ids of the bills, all of one account
    pub bills: Vec<String>,
    pub doc_no: String,
    pub reason: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverFields {
    pub request: String,
    pub kind: WaiverKind,
    pub bills: Vec<BillId>,
    pub doc_no: String,
    pub reason: String,
}

impl WaiverForm {
    /// Checks every field.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<WaiverFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let kind = errors.take("kind", WaiverKind::from_code(&self.kind).ok_or(Complaint::says("请选择减免类型")));
        let doc_no = errors.take("doc_no", required(&self.doc_no).and_then(|text| text_max(&text, 50)));
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        let mut bills: Vec<BillId> = self.bills.iter().filter_map(|text| text.parse().ok()).collect();
        bills.sort_unstable();
        bills.dedup();
        if bills.is_empty() {
            errors.add("bills", "请选择账单");
        } else if bills.len() > BILLS_MAX {
            errors.add("bills", format!("一次最多选择{BILLS_MAX}张账单"));
        }
        if !is_uuid(&self.request) {
            errors.add("doc_no", "页面已过期，请刷新后再办理");
        }
        match (kind, doc_no, reason) {
            (Some(kind), Some(doc_no), Some(reason)) if errors.is_empty() => {
                Ok(WaiverFields { request: self.request.clone(), kind, bills, doc_no, reason })
            }
            _ => Err(errors),
        }
    }
}

/// A waiver, as lists and its page show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaiverRow {
    pub id: i64,
    pub waiver_no: String,
    pub account_id: AccountId,
    pub account_no: String,
    pub lessee: String,
    pub address: String,
    pub kind: WaiverKind,
    pub bills: i64,
    pub amount: Money,
    pub doc_no: String,
    pub reason: String,
    pub status: WaiverStatus,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    pub version: i32,
    /// whether the one who asks may decide about it, or take it back
    pub decidable: bool,
    pub withdrawable: bool,
}

/// A bill that is to be forgiven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaivedBill {
    pub id: BillId,
    pub bill_no: String,
    pub fee_item: FeeItem,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub due_on: NaiveDate,
    pub principal: Money,
    pub late_fee: Money,
}

/// One document with its bills and timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaiverRecord {
    pub row: WaiverRow,
    pub bills: Vec<WaivedBill>,
    pub history: Vec<Note>,
    /// only the city's leader may agree to it
    pub for_leader: bool,
}

/// What can be asked for of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaiverOffer {
    pub account_id: AccountId,
    pub lessee: String,
    pub address: String,
    pub bills: Vec<WaivedBill>,
}

/// 减免核销 list (RP-17).
#[rustfmt::skip] // a table: one line per column
pub const WAIVER_LIST: ListSheet<WaiverRow> = ListSheet {
    key: "waiver",
    noun: "减免核销",
    path: "/billing/waivers",
    search_hint: "减免单号、承租人、账户号、批准文号",
    columns: &[
        ListColumn { key: "waiver_no", header: "减免单号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.waiver_no, format!("/billing/waivers/{}", row.id)) },
        ListColumn { key: "kind", header: "减免类型", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.lessee) },
        ListColumn { key: "account_no", header: "账户号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.account_no, format!("/billing/accounts/{}", row.account_id)) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "bills", header: "账单(张)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.bills) },
        ListColumn { key: "amount", header: "金额(元)", kind: Kind::Number, sortable: true, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "doc_no", header: "批准文号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.doc_no) },
        ListColumn { key: "maker", header: "经办人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.maker.as_deref().unwrap_or_default()) },
        ListColumn { key: "made_at", header: "提交时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "checker", header: "审批人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.checker.as_deref().unwrap_or_default()) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(WaiverStatus::choices) },
        Filter { key: "kind", label: "减免类型", choices: Choices::Of(WaiverKind::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "account", label: "账户", choices: Choices::Linked },
        TURN,
    ],
    default_sort: ("made_at", true),
    jumps: false,
};

/// A waiver as label and value.
#[must_use]
pub fn waiver_fields(row: &WaiverRow) -> Vec<(&'static str, Cell)> {
    let mut fields = WAIVER_LIST.fields(row);
    fields.extend([
        ("原因", Cell::text(&row.reason)),
        ("审批时间", cell_or_empty(row.checked_at, Cell::Time)),
        ("审批意见", cell_or_empty(row.opinion.as_ref(), |text| Cell::text(text))),
    ]);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use WaiverEvent as E;
    use WaiverStatus as S;

    #[test]
    fn the_life_of_a_waiver() {
        let events = [E::Approve, E::Refuse, E::Withdraw];
        let table = [
            (S::Pending, [Some(S::Approved), Some(S::Refused), Some(S::Withdrawn)]),
            (S::Approved, [None; 3]),
            (S::Refused, [None; 3]),
            (S::Withdrawn, [None; 3]),
        ];
        assert_eq!(table.map(|(status, _)| status), S::ALL);
        for (status, to) in table {
            assert_eq!(events.map(|event| status.next(event).ok()), to, "{status}");
        }
        for kind in WaiverKind::ALL {
            assert_eq!(BillStatus::Due.next(kind.event()), Ok(kind.decision()));
            assert!(kind.subject().is_debit());
        }
    }

    #[test]
    fn above_the_limit_the_leader_decides() {
        let limit = Money::from_fen(500_000);
        let more = Money::from_fen(500_001);
        assert!(WaiverKind::WriteOff.needs_leader(more, limit) && !WaiverKind::WriteOff.needs_leader(limit, limit));
        assert!(!WaiverKind::Waive.needs_leader(more, limit));
    }

    #[test]
    fn a_form_names_its_mistakes() {
        let form = WaiverForm {
            request: "5b0c2d1e-8f7a-4b3c-9d2e-1f0a6b7c8d9e".into(),
            kind: "WAIVE".into(),
            bills: vec!["2".into(), "1".into(), "2".into()],
            doc_no: "测发1号".into(),
            reason: "困难家庭".into(),
        };
        assert_eq!(form.check().unwrap().bills, [BillId(1), BillId(2)]);
        for (bad, field) in [
            (WaiverForm { kind: "X".into(), ..form.clone() }, "kind"),
            (WaiverForm { bills: vec!["x".into()], ..form.clone() }, "bills"),
            (WaiverForm { bills: (0..201).map(|id| id.to_string()).collect(), ..form.clone() }, "bills"),
            (WaiverForm { doc_no: " ".into(), ..form.clone() }, "doc_no"),
            (WaiverForm { request: String::new(), ..form.clone() }, "doc_no"),
            (WaiverForm { reason: String::new(), ..form }, "reason"),
        ] {
            assert!(bad.check().unwrap_err().get(field).is_some(), "{field}");
        }
    }
}
