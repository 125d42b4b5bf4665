//! The life of a contract (合同): the state machine of domain.md §3.5.
//!
//! Owns which event leads from which status to which, and what each status allows. Who may cause an event is the
//! caller's; what it brings about elsewhere (unit, bills, cards) too.

use crate::{
    dictionary::{ContractStatus, dictionary},
    failure::Failure,
};
use std::fmt;

dictionary! {
    /// What can happen to a contract, C1 to C11 of domain.md §3.5. The label completes `不能…`.
    ContractEvent = "E-40.event" "合同事件" {
        // C1
        Submit = "SUBMIT" "提交审批",
        // C2, C3
        Approve = "APPROVE" "审批通过",
        Reject = "REJECT" "驳回",
        // C4: what the bank answers; a failed one is sent again.
        Synced = "SYNCED" "确认同步",
        SyncFailed = "SYNC_FAILED" "登记同步失败",
        SyncAgain = "SYNC_AGAIN" "重新同步",
        // C5, C6
        RequestCancel = "REQUEST_CANCEL" "申请注销",
        RefuseCancel = "REFUSE_CANCEL" "驳回注销",
        ApproveCancel = "APPROVE_CANCEL" "同意注销",
        // X11: the exit is revoked before the bank was told.
        RevokeCancel = "REVOKE_CANCEL" "撤销注销",
        // C7
        CancelSynced = "CANCEL_SYNCED" "确认注销同步",
        // C8
        Expire = "EXPIRE" "到期",
        // C9: the contract that follows became ACTIVE.
        Renew = "RENEW" "续签",
        // the contract for the home of the other became ACTIVE.
        Swap = "SWAP" "调换",
        // C11
        Void = "VOID" "作废",
    }
}

/// An event that the contract's status does not allow; reads `合同状态为“履行中”，不能驳回`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status the contract is in and stays in.
    pub status: ContractStatus,
    /// What was tried.
    pub event: ContractEvent,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "合同状态为“{}”，不能{}", self.status, self.event)
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.to_string())
    }
}

impl ContractStatus {
    /// The status after the event (domain.md §3.5). This is the whole state machine.
    ///
    /// # Errors
    /// A [`Refusal`] when the event does not exist in this status.
    pub fn next(self, event: ContractEvent) -> Result<Self, Refusal> {
        use ContractEvent as E;
        Ok(match (event, self) {
            (E::Submit, Self::Draft) => Self::Pending,
            (E::Approve, Self::Pending) => Self::ApprovedSyncing,
            (E::Reject, Self::Pending) => Self::Rejected,
            (E::Synced, Self::ApprovedSyncing) => Self::Active,
            (E::SyncFailed, Self::ApprovedSyncing) => Self::SyncFailed,
            (E::SyncAgain, Self::SyncFailed) => Self::ApprovedSyncing,
            // X1: also of one whose term is over and whose home was not given back.
            (E::RequestCancel, Self::Active | Self::Expired) => Self::CancelPending,
            // One whose term is over expires at once again, which is the caller's to do.
            (E::RefuseCancel, Self::CancelPending) | (E::RevokeCancel, Self::CancelPending | Self::CancelSyncing) => {
                Self::Active
            }
            (E::ApproveCancel, Self::CancelPending) => Self::CancelSyncing,
            (E::CancelSynced, Self::CancelSyncing) => Self::Terminated,
            (E::Expire, Self::Active) => Self::Expired,
            (E::Renew, Self::Active | Self::Expired) | (E::Swap, Self::Active) => Self::Renewed,
            // C11; that nothing was paid on an ACTIVE one, and that the city does it, is the caller's to ask. One that was to
            // follow a contract whose household left is void, too, whether or not it was approved.
            (E::Void, Self::Draft | Self::Pending | Self::ApprovedSyncing | Self::SyncFailed | Self::Active) => {
                Self::Void
            }
            (event, status) => return Err(Refusal { status, event }),
        })
    }

    /// The events that this status allows, in the order of §3.5: what a screen may offer.
    #[must_use]
    pub fn events(self) -> Vec<ContractEvent> {
        ContractEvent::ALL.iter().copied().filter(|event| self.next(*event).is_ok()).collect()
    }

    /// Whether its fields can be changed: before it is approved (seed 001 §5.5).
    #[must_use]
    pub const fn is_editable(self) -> bool {
        matches!(self, Self::Draft | Self::Pending)
    }

    /// Whether it can be deleted: as long as nobody approved it.
    #[must_use]
    pub const fn is_deletable(self) -> bool {
        matches!(self, Self::Draft | Self::Pending | Self::Rejected)
    }

    /// Whether it holds its unit and its household: from the draft until it has ended in one way or another.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Rejected | Self::Terminated | Self::Expired | Self::Renewed | Self::Void)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContractEvent as E;
    use ContractStatus as S;

    /// The table of domain.md §3.5: every status, and where its events lead.
    const TABLE: [(S, &[(E, S)]); 12] = [
        (S::Draft, &[(E::Submit, S::Pending), (E::Void, S::Void)]),
        (S::Pending, &[(E::Approve, S::ApprovedSyncing), (E::Reject, S::Rejected), (E::Void, S::Void)]),
        (S::Rejected, &[]),
        (S::ApprovedSyncing, &[(E::Synced, S::Active), (E::SyncFailed, S::SyncFailed), (E::Void, S::Void)]),
        (S::SyncFailed, &[(E::SyncAgain, S::ApprovedSyncing), (E::Void, S::Void)]),
        (
            S::Active,
            &[
                (E::RequestCancel, S::CancelPending),
                (E::Expire, S::Expired),
                (E::Renew, S::Renewed),
                (E::Swap, S::Renewed),
                (E::Void, S::Void),
            ],
        ),
        (
            S::CancelPending,
            &[(E::RefuseCancel, S::Active), (E::ApproveCancel, S::CancelSyncing), (E::RevokeCancel, S::Active)],
        ),
        (S::CancelSyncing, &[(E::CancelSynced, S::Terminated), (E::RevokeCancel, S::Active)]),
        (S::Terminated, &[]),
        (S::Expired, &[(E::RequestCancel, S::CancelPending), (E::Renew, S::Renewed)]),
        (S::Renewed, &[]),
        (S::Void, &[]),
    ];

    #[test]
    fn every_event_in_every_status() {
        assert_eq!(TABLE.map(|(status, _)| status), S::ALL);
        for (status, allowed) in TABLE {
            for event in E::ALL {
                let to = allowed.iter().find(|(known, _)| known == event).map(|(_, to)| *to);
                assert_eq!(status.next(*event).ok(), to, "{status} {event}");
            }
        }
    }

    #[test]
    fn what_each_status_allows() {
        let those = |is: fn(S) -> bool| S::ALL.iter().copied().filter(|status| is(*status)).collect::<Vec<_>>();
        assert_eq!(those(S::is_editable), [S::Draft, S::Pending]);
        assert_eq!(those(S::is_deletable), [S::Draft, S::Pending, S::Rejected]);
        assert_eq!(
            those(S::is_open),
            [S::Draft, S::Pending, S::ApprovedSyncing, S::SyncFailed, S::Active, S::CancelPending, S::CancelSyncing]
        );
    }

    #[test]
    fn a_refusal_says_why() {
        let refusal = S::Active.next(E::Reject).unwrap_err();
        assert_eq!(refusal.to_string(), "合同状态为“履行中”，不能驳回");
    }
}
