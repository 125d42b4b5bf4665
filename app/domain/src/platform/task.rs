//! 流转 (E-127): who did what at which node of a request, what comes next, and by when.

use crate::{dictionary::ApprovalStatus, platform::approval::Verdict, sheet::Cell};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// What one person did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub checker: String,
    pub verdict: Verdict,
    pub opinion: Option<String>,
    pub at: DateTime<Utc>,
}

/// Where a node stands in the course of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepState {
    /// as many as were needed have agreed
    Passed,
    /// it waits for somebody
    Present,
    Coming,
    /// the request ended here without being agreed to
    Ended,
    /// the request ended before
    Unreached,
}

impl StepState {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Passed => "已通过",
            Self::Present => "办理中",
            Self::Coming => "待流转",
            Self::Ended => "已终止",
            Self::Unreached => "未到达",
        }
    }

    /// The colour of its tile: that of the request's own states.
    #[must_use]
    pub fn tone(self) -> &'static str {
        match self {
            Self::Passed => "approved",
            Self::Present => "pending",
            Self::Ended => "rejected",
            Self::Coming | Self::Unreached => "coming",
        }
    }
}

/// A node of the version that a request keeps, with what was done there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub position: i16,
    pub name: String,
    pub persons: i16,
    /// time limit in working days
    pub days: Option<i16>,
    /// name of the role that acts there; none: whoever may check
    pub role: Option<String>,
    pub state: StepState,
    pub acts: Vec<Act>,
}

impl Step {
    /// Where the node at a position stands while the request is at `node`.
    #[must_use]
    pub fn state_of(position: i16, node: i16, status: ApprovalStatus) -> StepState {
        let pending = status == ApprovalStatus::Pending;
        match position.cmp(&node) {
            std::cmp::Ordering::Less => StepState::Passed,
            std::cmp::Ordering::Equal if pending => StepState::Present,
            std::cmp::Ordering::Equal if status == ApprovalStatus::Approved => StepState::Passed,
            std::cmp::Ordering::Equal => StepState::Ended,
            std::cmp::Ordering::Greater if pending => StepState::Coming,
            std::cmp::Ordering::Greater => StepState::Unreached,
        }
    }

    /// How many have still to agree here.
    #[must_use]
    pub fn missing(&self) -> i16 {
        let agreed = self.acts.iter().filter(|act| act.verdict == Verdict::Approve).count();
        self.persons - i16::try_from(agreed).unwrap_or(self.persons)
    }
}

/// How near the end of a time limit is (domain.md §3.1: green, yellow, red).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DueState {
    Ahead,
    /// one working day is left at most
    Soon,
    Overdue,
}

/// By when the present node has to be passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Due {
    /// no limit, or nothing waits any more
    Never,
    /// up to and with this day
    On(NaiveDate, DueState),
    /// why it cannot be told
    Unknown(String),
}

impl Due {
    /// As a list shows it.
    #[must_use]
    pub fn cell(&self) -> Cell {
        match self {
            Self::Never => Cell::Empty,
            Self::On(day, DueState::Ahead) => Cell::badge("ahead", &day.to_string()),
            Self::On(day, DueState::Soon) => Cell::badge("soon", &format!("{day} 将到期")),
            Self::On(day, DueState::Overdue) => Cell::badge("overdue", &format!("{day} 逾期")),
            Self::Unknown(reason) => Cell::text(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_passed_one_after_the_other() {
        let states = |node, status| [1, 2, 3].map(|position| Step::state_of(position, node, status));
        use StepState::{Coming, Ended, Passed, Present, Unreached};
        assert_eq!(states(2, ApprovalStatus::Pending), [Passed, Present, Coming]);
        assert_eq!(states(3, ApprovalStatus::Approved), [Passed, Passed, Passed]);
        assert_eq!(states(2, ApprovalStatus::Rejected), [Passed, Ended, Unreached]);
        assert_eq!(states(1, ApprovalStatus::Withdrawn), [Ended, Unreached, Unreached]);
    }

    #[test]
    fn a_node_says_how_many_are_missing() {
        let act = |verdict| Act { checker: "甲".into(), verdict, opinion: None, at: DateTime::UNIX_EPOCH };
        let mut step = Step {
            position: 1,
            name: "复核".into(),
            persons: 2,
            days: None,
            role: None,
            state: StepState::Present,
            acts: vec![act(Verdict::Approve)],
        };
        assert_eq!(step.missing(), 1);
        step.acts.push(act(Verdict::Reject));
        assert_eq!(step.missing(), 1);
    }
}
