//! The life of a bill (账单): the state machine of domain.md §3.6.
//!
//! What is paid, and what is verified, follows from the payments that were allocated to it and is computed
//! ([`BillStatus::of`]); a person decides the rest ([`BillEvent`]).

use crate::{
    dictionary::{BillStatus, dictionary},
    failure::Failure,
    value::Money,
};
use std::fmt;

dictionary! {
    /// What a person or a run does to a bill (L2, L8 to L11 of domain.md §3.6). The label completes `不能…`.
    BillEvent = "E-42.event" "账单事件" {
        // L2
        Post = "POST" "转为应收",
        // L8
        Waive = "WAIVE" "减免",
        WriteOff = "WRITE_OFF" "坏账核销",
        // L9
        RequestRefund = "REQUEST_REFUND" "申请退款",
        RefuseRefund = "REFUSE_REFUND" "驳回退款",
        Refund = "REFUND" "退款",
        // L10, L11
        Void = "VOID" "作废",
        Reverse = "REVERSE" "冲销",
    }
}

/// An event that the bill's status does not allow; reads `账单状态为“已缴”，不能作废`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status the bill is in and stays in.
    pub status: BillStatus,
    /// What was tried.
    pub event: BillEvent,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "账单状态为“{}”，不能{}", self.status, self.event)
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.to_string())
    }
}

/// What is known of the money of a posted bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    pub amount: Money,
    /// allocated to it by payments that stand
    pub paid: Money,
    /// of that, by payments that an accountant has verified
    pub verified: Money,
    /// its day has come (today is not before the first day on which it can be paid as due)
    pub is_due: bool,
    /// its day and the grace have passed
    pub is_late: bool,
}

impl BillStatus {
    /// The status of a posted bill by its money and the day (L3 to L7).
    #[must_use]
    pub fn of(paid: Paid) -> Self {
        if paid.paid >= paid.amount {
            return if paid.verified >= paid.amount { Self::Verified } else { Self::Paid };
        }
        match (paid.is_late, paid.paid > Money::ZERO) {
            (true, true) => Self::OverduePartial,
            (true, false) => Self::Overdue,
            (false, true) => Self::Partial,
            (false, false) if paid.is_due => Self::Due,
            (false, false) => Self::DueFuture,
        }
    }

    /// The status after what somebody decided (domain.md §3.6). A posted bill that comes back from a refused refund is
    /// computed anew.
    ///
    /// # Errors
    /// A [`Refusal`] when the event does not exist in this status.
    pub fn next(self, event: BillEvent) -> Result<Self, Refusal> {
        use BillEvent as E;
        Ok(match (event, self) {
            (E::Post, Self::Planned) => Self::DueFuture,
            (E::Waive, status) if status.is_unpaid() => Self::Waived,
            (E::WriteOff, status) if status.is_unpaid() => Self::WrittenOff,
            (E::RequestRefund, Self::Paid | Self::Verified) => Self::Refunding,
            (E::RefuseRefund, Self::Refunding) => Self::Paid,
            (E::Refund, Self::Refunding) => Self::Refunded,
            (E::Void, Self::Planned | Self::DueFuture | Self::Due | Self::Overdue) => Self::Void,
            (E::Reverse, status) if status.is_posted() => Self::Reversed,
            (event, status) => return Err(Refusal { status, event }),
        })
    }

    /// Posted, and something of it is still to be paid.
    #[must_use]
    pub const fn is_unpaid(self) -> bool {
        matches!(self, Self::DueFuture | Self::Due | Self::Partial | Self::Overdue | Self::OverduePartial)
    }

    /// Whether it counts as receivable: posted, and neither waived, void nor reversed (domain.md §4.9).
    #[must_use]
    pub const fn is_posted(self) -> bool {
        self.is_unpaid() || matches!(self, Self::Paid | Self::Verified | Self::Refunding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BillEvent as E;
    use BillStatus as S;

    const TABLE: [(S, &[(E, S)]); 14] = [
        (S::Planned, &[(E::Post, S::DueFuture), (E::Void, S::Void)]),
        (S::DueFuture, OPEN),
        (S::Due, OPEN),
        (S::Partial, PART),
        (S::Paid, &[(E::RequestRefund, S::Refunding), (E::Reverse, S::Reversed)]),
        (S::Verified, &[(E::RequestRefund, S::Refunding), (E::Reverse, S::Reversed)]),
        (S::Overdue, OPEN),
        (S::OverduePartial, PART),
        (S::Waived, &[]),
        (S::WrittenOff, &[]),
        (S::Refunding, &[(E::RefuseRefund, S::Paid), (E::Refund, S::Refunded), (E::Reverse, S::Reversed)]),
        (S::Refunded, &[]),
        (S::Reversed, &[]),
        (S::Void, &[]),
    ];
    const OPEN: &[(E, S)] =
        &[(E::Waive, S::Waived), (E::WriteOff, S::WrittenOff), (E::Void, S::Void), (E::Reverse, S::Reversed)];
    /// Of what is paid in part nothing is undone but by a reversal.
    const PART: &[(E, S)] = &[(E::Waive, S::Waived), (E::WriteOff, S::WrittenOff), (E::Reverse, S::Reversed)];

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
    fn money_and_the_day_say_the_rest() {
        let of = |paid: i64, verified: i64, is_due: bool, is_late: bool| {
            S::of(Paid {
                amount: Money::from_fen(100),
                paid: Money::from_fen(paid),
                verified: Money::from_fen(verified),
                is_due,
                is_late,
            })
        };
        assert_eq!(of(0, 0, false, false), S::DueFuture);
        assert_eq!(of(0, 0, true, false), S::Due);
        assert_eq!(of(0, 0, true, true), S::Overdue);
        assert_eq!(of(1, 1, true, false), S::Partial);
        assert_eq!(of(99, 0, true, true), S::OverduePartial);
        assert_eq!(of(100, 99, true, true), S::Paid);
        assert_eq!(of(100, 100, true, true), S::Verified);
    }
}
