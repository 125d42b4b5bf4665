//! The life of asset cards (domain.md §3.19 T1–T4): registration, change and disposal, each asked for by one person
//! and decided by another (§0.5 rule 5, §6.4).
//!
//! Owns the state machine and what a request and a decision must say. That maker and checker differ is the store's
//! check and a constraint of the database.

use crate::{
    dictionary::{AssetStatus, AssetUse, dictionary},
    failure::{Failure, FieldErrors},
    form::{optional, optional_text},
    housing::{
        asset_master::{coded_or_none, parse_amount},
        asset_sub::AREA_MAX,
    },
    id::{AssetChangeId, AssetMasterId, AssetSubId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, TURN},
    value::{Area, Complaint, Money, required, text_max},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

dictionary! {
    /// What is asked for.
    ChangeKind = "E-15.change_kind" "审批事项" {
        Register = "REGISTER" "登记",
        Change = "CHANGE" "变更",
        Dispose = "DISPOSE" "处置",
    }
}

dictionary! {
    /// What became of it.
    ChangeState = "E-15.change_state" "审批状态" {
        Pending = "PENDING" "待审核",
        Approved = "APPROVED" "已通过",
        Rejected = "REJECTED" "已退回",
    }
}

dictionary! {
    /// What can happen to a card, T1 to T4 of §3.19. The label completes `不能…`.
    AssetEvent = "E-15.event" "卡片事件" {
        Edit = "EDIT" "修改",
        Delete = "DELETE" "删除",
        // T1, T2
        Submit = "SUBMIT" "提交审核",
        Register = "REGISTER" "登记",
        Return = "RETURN" "退回",
        // T3
        Change = "CHANGE" "变更",
        // T4
        AskDisposal = "ASK_DISPOSAL" "申请处置",
        Dispose = "DISPOSE" "处置",
        RefuseDisposal = "REFUSE_DISPOSAL" "退回处置申请",
        // T4 of a card that was changed before (T3), and stays so
        RefuseDisposalOfChanged = "REFUSE_DISPOSAL_OF_CHANGED" "退回处置申请",
    }
}

/// An event that the card's status does not allow; reads `资产卡片为“待审核”，不能修改`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardRefusal {
    pub status: AssetStatus,
    pub event: AssetEvent,
}

impl fmt::Display for CardRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "资产卡片为“{}”，不能{}", self.status, self.event)
    }
}

impl From<CardRefusal> for Failure {
    fn from(refusal: CardRefusal) -> Self {
        Self::refused(refusal.to_string())
    }
}

impl AssetStatus {
    /// The status after the event (§3.19). This is the whole state machine.
    ///
    /// # Errors
    /// When the status does not allow it.
    pub fn next(self, event: AssetEvent) -> Result<Self, CardRefusal> {
        use AssetEvent as E;
        match (self, event) {
            (Self::Draft, E::Edit | E::Delete) => Ok(Self::Draft),
            (Self::Draft, E::Submit) => Ok(Self::Pending),
            (Self::Pending, E::Register) => Ok(Self::Registered),
            (Self::Pending, E::Return) => Ok(Self::Draft),
            (Self::Registered | Self::Changed, E::Change) => Ok(Self::Changed),
            (Self::Registered | Self::Changed, E::AskDisposal) => Ok(Self::DisposalPending),
            (Self::DisposalPending, E::Dispose) => Ok(Self::Disposed),
            (Self::DisposalPending, E::RefuseDisposal) => Ok(Self::Registered),
            (Self::DisposalPending, E::RefuseDisposalOfChanged) => Ok(Self::Changed),
            (status, event) => Err(CardRefusal { status, event }),
        }
    }

    /// Whether the card stands in the books and is depreciated.
    #[must_use]
    pub fn is_booked(self) -> bool {
        matches!(self, Self::Registered | Self::Changed | Self::DisposalPending)
    }
}

/// The values that a change may set (T3: value, area, use).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeValues {
    pub original: Money,
    pub fiscal_part: Option<Money>,
    pub area: Area,
    pub use_status: AssetUse,
}

/// A request with its decision: one line of a card's history (`changes[]`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetChange {
    pub id: AssetChangeId,
    pub kind: ChangeKind,
    pub state: ChangeState,
    pub master_id: AssetMasterId,
    pub master_no: String,
    pub master_name: String,
    /// id and number of the sub card that it is about, else the master card
    pub sub: Option<(AssetSubId, String)>,
    pub district: String,
    pub before: Option<ChangeValues>,
    pub after: Option<ChangeValues>,
    pub reason: Option<String>,
    pub document_no: Option<String>,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub voucher_no: Option<String>,
    pub opinion: Option<String>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    /// whether the actor may decide: it is open, and none of it is his own work
    pub decidable: bool,
}

impl AssetChange {
    /// `原值 100.00 → 200.00` and the like, for each value that differs.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let (Some(before), Some(after)) = (self.before, self.after) else { return Vec::new() };
        let money = |amount: Option<Money>| amount.map_or_else(|| "—".to_owned(), |amount| amount.to_string());
        [
            ("原值(元)", before.original.to_string(), after.original.to_string()),
            ("财政性资金(元)", money(before.fiscal_part), money(after.fiscal_part)),
            ("建筑面积(㎡)", before.area.to_string(), after.area.to_string()),
            ("使用状况", before.use_status.label().to_owned(), after.use_status.label().to_owned()),
        ]
        .into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(label, before, after)| format!("{label} {before} → {after}"))
        .collect()
    }
}

/// What a person types to ask for a change or a disposal; an empty value stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetChangeForm {
    pub reason: String,
    pub document_no: String,
    pub original: String,
    pub fiscal_part: String,
    pub area: String,
    pub use_status: String,
}

/// A request that passed its check.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetChangeFields {
    pub reason: String,
    pub document_no: String,
    pub after: ChangeValues,
}

impl AssetChangeForm {
    /// Checks a request against the card as it is. A master card has a fiscal part, a sub card has not.
    ///
    /// # Errors
    /// One sentence per field; a change that changes nothing is none.
    pub fn check(
        &self,
        kind: ChangeKind,
        before: ChangeValues,
        master: bool,
    ) -> Result<AssetChangeFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, 200)));
        let document_no = errors.take(
            "document_no",
            required(&self.document_no)
                .map_err(|_| Complaint::says("请填写批准文号"))
                .and_then(|text| text_max(&text, 50)),
        );
        let mut after = before;
        if kind == ChangeKind::Change {
            let original = errors.take("original", optional(&self.original, parse_amount)).flatten();
            let fiscal_part = errors.take("fiscal_part", optional(&self.fiscal_part, parse_amount)).flatten();
            let area = errors.take("area", optional(&self.area, Area::parse)).flatten();
            let use_status = errors.take("use_status", coded_or_none(&self.use_status, AssetUse::from_code)).flatten();
            after = ChangeValues {
                original: original.unwrap_or(before.original),
                fiscal_part: if master { fiscal_part.or(before.fiscal_part) } else { None },
                area: area.unwrap_or(before.area),
                use_status: use_status.unwrap_or(before.use_status),
            };
            if after.fiscal_part.is_some_and(|part| part > after.original) {
                errors.add("fiscal_part", "财政性资金不能大于账面原值");
            }
            if !master && after.area > AREA_MAX {
                errors.add("area", "不能大于100000㎡");
            }
            if errors.is_empty() && after == before {
                errors.add("original", "没有变更内容，请填写变更后的原值、面积或使用状况");
            }
        }
        match (reason, document_no) {
            (Some(reason), Some(document_no)) if errors.is_empty() => {
                Ok(AssetChangeFields { reason, document_no, after })
            }
            _ => Err(errors),
        }
    }
}

/// What the checker decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetDecisionForm {
    pub approve: bool,
    pub voucher_no: String,
    pub opinion: String,
}

/// A decision that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetDecision {
    pub approve: bool,
    pub voucher_no: Option<String>,
    pub opinion: Option<String>,
}

impl AssetDecisionForm {
    /// An approval names the accounting voucher (T2), a return says why.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<AssetDecision, FieldErrors> {
        let mut errors = FieldErrors::default();
        let voucher_no = errors.take("voucher_no", optional_text(&self.voucher_no, 50)).flatten();
        let opinion = errors.take("opinion", optional_text(&self.opinion, 200)).flatten();
        if self.approve && voucher_no.is_none() {
            errors.add("voucher_no", "请填写会计凭证号");
        }
        if !self.approve && opinion.is_none() {
            errors.add("opinion", "请填写退回原因");
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(AssetDecision { approve: self.approve, voucher_no: voucher_no.filter(|_| self.approve), opinion })
    }
}

/// The list of requests: what waits for a checker, and what was decided.
#[rustfmt::skip] // a table: one line per column
pub const ASSET_CHANGE_LIST: ListSheet<AssetChange> = ListSheet {
    key: "asset_change",
    noun: "资产审批",
    path: "/assets/changes",
    search_hint: "卡片编号、资产名称、文号、原因",
    columns: &[
        ListColumn { key: "kind", header: "事项", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "card", header: "卡片编号", kind: Kind::Text, sortable: false, essential: true, cell: |row| match &row.sub {
            Some((id, number)) => Cell::link(number, format!("/assets/subs/{id}?tab=changes")),
            None => Cell::link(&row.master_no, format!("/assets/masters/{}?tab=changes", row.master_id)),
        } },
        ListColumn { key: "name", header: "资产名称", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.master_name) },
        ListColumn { key: "district", header: "所属区县", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "what", header: "内容", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.differences().join("；")) },
        ListColumn { key: "reason", header: "原因", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.reason.as_deref().unwrap_or_default()) },
        ListColumn { key: "document_no", header: "批准文号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.document_no.as_deref().unwrap_or_default()) },
        ListColumn { key: "maker", header: "申请人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.maker.as_deref().unwrap_or_default()) },
        ListColumn { key: "made_at", header: "申请时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "state", header: "状态", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.state) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "state", label: "状态", choices: Choices::Of(ChangeState::choices) },
        Filter { key: "kind", label: "事项", choices: Choices::Of(ChangeKind::choices) },
        TURN,
    ],
    default_sort: ("made_at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of status and event, as §3.19 draws them.
    #[test]
    fn the_whole_state_machine() {
        use AssetEvent as E;
        use AssetStatus as S;
        let allowed = [
            (S::Draft, E::Edit, S::Draft),
            (S::Draft, E::Delete, S::Draft),
            (S::Draft, E::Submit, S::Pending),
            (S::Pending, E::Register, S::Registered),
            (S::Pending, E::Return, S::Draft),
            (S::Registered, E::Change, S::Changed),
            (S::Changed, E::Change, S::Changed),
            (S::Registered, E::AskDisposal, S::DisposalPending),
            (S::Changed, E::AskDisposal, S::DisposalPending),
            (S::DisposalPending, E::Dispose, S::Disposed),
            (S::DisposalPending, E::RefuseDisposal, S::Registered),
            (S::DisposalPending, E::RefuseDisposalOfChanged, S::Changed),
        ];
        for status in S::ALL.iter().copied() {
            for event in E::ALL.iter().copied() {
                let expected = allowed.iter().find(|(from, by, _)| (*from, *by) == (status, event)).map(|line| line.2);
                assert_eq!(status.next(event).ok(), expected, "{status:?} {event:?}");
            }
        }
        assert_eq!(S::Pending.next(E::Edit).unwrap_err().to_string(), "资产卡片为“待审核”，不能修改");
        assert_eq!(S::ALL.iter().filter(|status| status.is_booked()).count(), 3);
    }

    fn before() -> ChangeValues {
        ChangeValues {
            original: Money::from_fen(10_000),
            fiscal_part: Some(Money::from_fen(5_000)),
            area: Area::from_hundredths(5_700),
            use_status: AssetUse::InUse,
        }
    }

    #[test]
    fn a_request_says_why_and_by_which_document() {
        let errors = AssetChangeForm::default().check(ChangeKind::Dispose, before(), true).unwrap_err();
        assert_eq!((errors.get("reason"), errors.get("document_no")), (Some("不能为空"), Some("请填写批准文号")));
        let form =
            AssetChangeForm { reason: "改造".into(), document_no: "房〔2026〕1号".into(), ..Default::default() };
        assert!(form.check(ChangeKind::Dispose, before(), true).is_ok());
        let errors = form.check(ChangeKind::Change, before(), true).unwrap_err();
        assert_eq!(errors.get("original"), Some("没有变更内容，请填写变更后的原值、面积或使用状况"));
        let less = AssetChangeForm { original: "49.99".into(), ..form.clone() };
        let errors = less.check(ChangeKind::Change, before(), true).unwrap_err();
        assert_eq!(errors.get("fiscal_part"), Some("财政性资金不能大于账面原值"));
        let more = AssetChangeForm { original: "150".into(), use_status: "IDLE".into(), ..form };
        let fields = more.check(ChangeKind::Change, before(), true).unwrap();
        assert_eq!((fields.after.original.fen(), fields.after.use_status), (15_000, AssetUse::Idle));
        assert_eq!(fields.after.area, before().area);
    }

    #[test]
    fn a_decision_has_its_voucher_or_its_reason() {
        let form = |approve, voucher: &str, opinion: &str| {
            AssetDecisionForm { approve, voucher_no: voucher.into(), opinion: opinion.into() }.check()
        };
        assert_eq!(form(true, "", "同意").unwrap_err().get("voucher_no"), Some("请填写会计凭证号"));
        assert_eq!(form(false, "", "").unwrap_err().get("opinion"), Some("请填写退回原因"));
        assert!(form(true, "记-12", "").is_ok());
        assert_eq!(form(false, "记-12", "缺附件").map(|decision| decision.voucher_no), Ok(None));
    }
}
