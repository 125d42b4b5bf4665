//! 待复核的变更 (domain.md §0.5 rule 5, §6.4): what one person asks for and another agrees to.
//!
//! The rule is the same for all of them: the maker cannot check, one request per object waits at a time, and nothing
//! happens before it is approved.

use crate::{
    dictionary::{ApprovalKind, ApprovalStatus},
    id::{ApprovalId, WorkflowId},
    platform::{
        permission::Permission,
        task::{Due, Step},
    },
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, TURN},
    value::{Check, Complaint, normalize},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Characters of a reason or an opinion.
pub const REASON_MIN: usize = 2;
pub const REASON_MAX: usize = 200;

impl ApprovalKind {
    /// Who may ask.
    #[must_use]
    pub fn maker(self) -> Permission {
        match self {
            Self::UserGrant => Permission::UserWrite,
            Self::Role => Permission::RoleWrite,
            Self::Parameter => Permission::ParameterWrite,
            Self::Workflow => Permission::WorkflowWrite,
            Self::RentStandard => Permission::RentStandardWrite,
            Self::UnitOffshelf => Permission::UnitOffshelfWrite,
        }
    }

    /// Who may agree.
    #[must_use]
    pub fn checker(self) -> Permission {
        match self {
            Self::UserGrant => Permission::UserCheck,
            Self::Role => Permission::RoleCheck,
            Self::Parameter => Permission::ParameterCheck,
            Self::Workflow => Permission::WorkflowCheck,
            Self::RentStandard => Permission::RentStandardCheck,
            Self::UnitOffshelf => Permission::UnitOffshelfCheck,
        }
    }

    /// The kinds whose requests somebody with these rights may read.
    #[must_use]
    pub fn readable(may: impl Fn(Permission) -> bool) -> Vec<Self> {
        let reads = |kind: &Self| match kind {
            Self::UserGrant => may(Permission::UserRead),
            Self::Role => may(Permission::RoleRead),
            Self::Parameter => may(Permission::ParameterRead),
            Self::Workflow => may(Permission::WorkflowRead),
            // Standards are public; what is asked about them is not.
            Self::RentStandard | Self::UnitOffshelf => may(kind.maker()) || may(kind.checker()),
        };
        Self::ALL.iter().copied().filter(reads).collect()
    }
}

/// What the checker compares: one line of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeLine {
    pub label: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl ChangeLine {
    /// The line, unless nothing changes.
    #[must_use]
    pub fn of(label: &str, before: Option<String>, after: Option<String>) -> Option<Self> {
        (before != after).then(|| Self { label: label.to_owned(), before, after })
    }
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApprovalRow {
    pub id: ApprovalId,
    pub kind: ApprovalKind,
    pub subject: String,
    pub status: ApprovalStatus,
    pub maker: String,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    /// the node at which it waits; none once it has ended
    pub node: Option<String>,
    pub due: Due,
}

/// A request as somebody read it. What he decides counts for the node that he saw; whoever names none means the present
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalSeen {
    pub id: ApprovalId,
    pub node: Option<i16>,
}

impl From<ApprovalId> for ApprovalSeen {
    fn from(id: ApprovalId) -> Self {
        Self { id, node: None }
    }
}

/// A request with what it would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    pub row: ApprovalRow,
    pub reason: String,
    pub opinion: Option<String>,
    pub lines: Vec<ChangeLine>,
    /// whether the reader is its maker: he can withdraw it, and nothing else
    pub own: bool,
    /// whether the reader may approve or reject it
    pub checkable: bool,
    /// how many accounts of the reader's approved import wait for their first password
    pub passwords_due: i64,
    /// the version of the workflow that it keeps
    pub workflow: (WorkflowId, i32),
    /// position of the node at which it stands or ended
    pub node: i16,
    pub steps: Vec<Step>,
}

/// What ends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    Approve,
    Reject,
    Withdraw,
}

impl Verdict {
    #[must_use]
    pub fn status(self) -> ApprovalStatus {
        match self {
            Self::Approve => ApprovalStatus::Approved,
            Self::Reject => ApprovalStatus::Rejected,
            Self::Withdraw => ApprovalStatus::Withdrawn,
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Approve => "通过",
            Self::Reject => "驳回",
            Self::Withdraw => "撤回",
        }
    }

    /// The opinion that goes with it: whoever refuses says why.
    ///
    /// # Errors
    /// When it is missing or too long.
    pub fn opinion_check(self, opinion: &str) -> Check<Option<String>> {
        let opinion = normalize(opinion);
        let count = opinion.chars().count();
        if count > REASON_MAX {
            return Err(Complaint::says("复核意见最长200字"));
        }
        if self == Self::Reject && count < REASON_MIN {
            return Err(Complaint::says("驳回须填写复核意见"));
        }
        Ok((count > 0).then_some(opinion))
    }
}

/// Why somebody asks for a change.
///
/// # Errors
/// When it is missing, or too long.
pub fn reason_check(reason: &str) -> Check<String> {
    let reason = normalize(reason);
    if (REASON_MIN..=REASON_MAX).contains(&reason.chars().count()) {
        Ok(reason)
    } else {
        Err(Complaint::says("请填写变更原因，2至200字"))
    }
}

/// The filter that leaves what should have been passed before.
pub const OVERDUE: &str = "OVERDUE";

/// 待复核 list.
#[rustfmt::skip] // a table: one line per column
pub const APPROVAL_LIST: ListSheet<ApprovalRow> = ListSheet {
    key: "approval",
    noun: "复核",
    path: "/platform/approvals",
    search_hint: "变更对象、提交人",
    columns: &[
        ListColumn { key: "subject", header: "变更对象", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.subject, format!("/platform/approvals/{}", row.id)) },
        ListColumn { key: "kind", header: "事项", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::status(row.status) },
        ListColumn { key: "node", header: "当前节点", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.node.as_deref().unwrap_or_default()) },
        ListColumn { key: "due", header: "期限", kind: Kind::Badge, sortable: false, essential: true, cell: |row| row.due.cell() },
        ListColumn { key: "maker", header: "提交人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.maker) },
        ListColumn { key: "made_at", header: "提交时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "checker", header: "处理人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.checker.as_deref().unwrap_or_default()) },
        ListColumn { key: "checked_at", header: "处理时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| row.checked_at.map_or(Cell::Empty, Cell::Time) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(ApprovalStatus::choices) },
        Filter { key: "kind", label: "事项", choices: Choices::Of(ApprovalKind::choices) },
        Filter { key: "due", label: "期限", choices: Choices::Fixed(|| vec![(OVERDUE, "逾期")]) },
        TURN,
    ],
    default_sort: ("made_at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::permission::exclusions_check;

    #[test]
    fn nobody_may_be_maker_and_checker() {
        for kind in ApprovalKind::ALL {
            assert!(exclusions_check(&[kind.maker(), kind.checker()]).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn a_refusal_says_why() {
        assert_eq!(Verdict::Approve.opinion_check(" "), Ok(None));
        assert_eq!(Verdict::Approve.opinion_check(" 同意 "), Ok(Some("同意".into())));
        assert!(Verdict::Reject.opinion_check(" ").is_err());
        assert!(Verdict::Withdraw.opinion_check(&"字".repeat(201)).is_err());
        assert_eq!(reason_check(" 新员工入职 ").as_deref(), Ok("新员工入职"));
        assert!(reason_check("无").is_err() && reason_check(&"字".repeat(201)).is_err());
    }

    #[test]
    fn who_reads_accounts_reads_their_requests() {
        let readable = ApprovalKind::readable(|permission| permission == Permission::RoleRead);
        assert_eq!(readable, [ApprovalKind::Role]);
    }
}
