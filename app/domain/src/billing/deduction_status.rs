//! The life of a deduction batch (代扣批次) and of its items: the state machines of domain.md §3.7.
//!
//! Owns which event leads from which status to which. Who may cause an event is the caller's; what it brings about (bills,
//! payments) too.

use crate::{
    dictionary::{DeductStatus, DeductionStatus, dictionary},
    failure::Failure,
};
use std::fmt;

dictionary! {
    /// What can happen to a batch. The label completes `不能…`.
    DeductionEvent = "E-48.event" "代扣批次事件" {
        Check = "CHECK" "复核",
        // To be sent: the request is fixed. Once more, when the bank refused the file.
        Export = "EXPORT" "发送",
        Send = "SEND" "登记已发送",
        Accept = "ACCEPT" "登记受理",
        // Nothing of it can be sent: no account of it can be read.
        Withhold = "WITHHOLD" "登记未发送",
        // The bank refused our file, or its response cannot be read.
        RejectFile = "REJECT_FILE" "登记文件被拒",
        Receive = "RECEIVE" "接收回盘",
        Parse = "PARSE" "解析回盘",
        Reconcile = "RECONCILE" "对账",
        Differ = "DIFFER" "登记差异",
        // Every difference was decided about.
        Resolve = "RESOLVE" "处理差异",
        Post = "POST" "入账",
        Close = "CLOSE" "关闭",
        // Given up before the bank took it: its bills can be paid otherwise.
        Discard = "DISCARD" "撤销",
    }
}

dictionary! {
    /// What can happen to an item.
    DeductEvent = "E-48.item_event" "代扣明细事件" {
        Send = "SEND" "发送",
        Succeed = "SUCCEED" "扣款成功",
        Part = "PART" "部分扣款",
        Fail = "FAIL" "扣款失败",
        Cancel = "CANCEL" "撤销",
    }
}

/// An event that the batch's status does not allow; reads `代扣批次状态为“已发送”，不能复核`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: DeductionStatus,
    pub event: DeductionEvent,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "代扣批次状态为“{}”，不能{}", self.status, self.event)
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.to_string())
    }
}

impl DeductionStatus {
    /// The status after the event (domain.md §3.7). This is the whole state machine. A batch whose file was rejected waits
    /// for a response that can be read, is sent again, or is given up – that the bank did not take it is the caller's to ask.
    ///
    /// # Errors
    /// A [`Refusal`] when the event does not exist in this status.
    pub fn next(self, event: DeductionEvent) -> Result<Self, Refusal> {
        use DeductionEvent as E;
        Ok(match (event, self) {
            (E::Check, Self::Created) => Self::Checked,
            (E::Export, Self::Checked | Self::FileRejected) => Self::Exported,
            (E::Send, Self::Exported) => Self::Sent,
            (E::Accept, Self::Sent) => Self::Accepted,
            (E::Receive, Self::Sent | Self::Accepted | Self::FileRejected) => Self::Responded,
            (E::Withhold, Self::Exported) | (E::RejectFile, Self::Sent | Self::Accepted | Self::Responded) => {
                Self::FileRejected
            }
            (E::Parse, Self::Responded) => Self::Parsed,
            (E::Reconcile, Self::Parsed) => Self::Reconciled,
            (E::Differ, Self::Parsed) => Self::ReconDiff,
            (E::Resolve, Self::ReconDiff) => Self::Reconciled,
            (E::Post, Self::Reconciled) => Self::Posted,
            (E::Close, Self::Posted) | (E::Discard, Self::Created | Self::Checked | Self::FileRejected) => Self::Closed,
            (event, status) => return Err(Refusal { status, event }),
        })
    }

    /// Whether items can still be taken out: nothing of it has left the house.
    #[must_use]
    pub const fn is_inside(self) -> bool {
        matches!(self, Self::Created | Self::Checked)
    }

    /// Whether the bank is to say something.
    #[must_use]
    pub const fn waits_for_bank(self) -> bool {
        matches!(self, Self::Sent | Self::Accepted | Self::FileRejected)
    }
}

impl DeductStatus {
    /// The status of an item after the event; none: the event does not exist in this status.
    #[must_use]
    pub const fn next(self, event: DeductEvent) -> Option<Self> {
        use DeductEvent as E;
        match (event, self) {
            (E::Send, Self::Wait) => Some(Self::Sent),
            (E::Succeed, Self::Sent) => Some(Self::Success),
            (E::Part, Self::Sent) => Some(Self::Partial),
            // From WAIT on our own side: the household's account cannot be read, and nothing is sent.
            (E::Fail, Self::Wait | Self::Sent) => Some(Self::Fail),
            (E::Cancel, Self::Wait | Self::Sent) => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// Whether the bank has, or may have, still to do with it: its bills are locked.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Wait | Self::Sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeductionEvent as E;
    use DeductionStatus as S;

    const TABLE: [(S, &[(E, S)]); 12] = [
        (S::Created, &[(E::Check, S::Checked), (E::Discard, S::Closed)]),
        (S::Checked, &[(E::Export, S::Exported), (E::Discard, S::Closed)]),
        (S::Exported, &[(E::Send, S::Sent), (E::Withhold, S::FileRejected)]),
        (S::Sent, &[(E::Accept, S::Accepted), (E::RejectFile, S::FileRejected), (E::Receive, S::Responded)]),
        (S::Accepted, &[(E::RejectFile, S::FileRejected), (E::Receive, S::Responded)]),
        (S::Responded, &[(E::RejectFile, S::FileRejected), (E::Parse, S::Parsed)]),
        (S::Parsed, &[(E::Reconcile, S::Reconciled), (E::Differ, S::ReconDiff)]),
        (S::Reconciled, &[(E::Post, S::Posted)]),
        (S::Posted, &[(E::Close, S::Closed)]),
        (S::Closed, &[]),
        (S::FileRejected, &[(E::Export, S::Exported), (E::Receive, S::Responded), (E::Discard, S::Closed)]),
        (S::ReconDiff, &[(E::Resolve, S::Reconciled)]),
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
        assert_eq!(S::Sent.next(E::Check).unwrap_err().to_string(), "代扣批次状态为“已发送”，不能复核");
    }

    #[test]
    fn the_straight_way_is_the_one_of_the_specification() {
        let way = [E::Check, E::Export, E::Send, E::Accept, E::Receive, E::Parse, E::Reconcile, E::Post, E::Close];
        let mut status = S::Created;
        let mut passed = vec![status.code()];
        for event in way {
            status = status.next(event).expect("the way goes on");
            passed.push(status.code());
        }
        assert_eq!(
            passed.join(" → "),
            "CREATED → CHECKED → EXPORTED → SENT → ACCEPTED_BY_BANK → RESPONSE_RECEIVED → PARSED → RECONCILED → POSTED → CLOSED"
        );
    }

    /// Money that the bank may have taken is never given up: only what is inside, or what it refused, can be discarded.
    #[test]
    fn nothing_is_discarded_while_the_bank_works_on_it() {
        for status in S::ALL {
            let discarded = status.next(E::Discard).is_ok();
            assert_eq!(discarded, status.is_inside() || *status == S::FileRejected, "{status}");
        }
    }

    #[test]
    fn every_event_of_an_item() {
        use {DeductEvent as E, DeductStatus as S};
        let table: [(S, &[(E, S)]); 6] = [
            (S::Wait, &[(E::Send, S::Sent), (E::Fail, S::Fail), (E::Cancel, S::Cancelled)]),
            (
                S::Sent,
                &[(E::Succeed, S::Success), (E::Part, S::Partial), (E::Fail, S::Fail), (E::Cancel, S::Cancelled)],
            ),
            (S::Success, &[]),
            (S::Partial, &[]),
            (S::Fail, &[]),
            (S::Cancelled, &[]),
        ];
        assert_eq!(table.map(|(status, _)| status), S::ALL);
        for (status, allowed) in table {
            assert_eq!(status.is_open(), !allowed.is_empty());
            for event in E::ALL {
                let to = allowed.iter().find(|(known, _)| known == event).map(|(_, to)| *to);
                assert_eq!(status.next(*event), to, "{status} {event}");
            }
        }
    }
}
