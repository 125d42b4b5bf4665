//! 流转 (E-127): who did what at which node of a request, what comes next, and by when.

use crate::{
    dictionary::ApprovalStatus,
    platform::{approval::Verdict, calendar::WorkCalendar},
    sheet::Cell,
};
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
    /// When a node that began on a day with a limit of some working days has to be passed, and how that stands today
    /// (domain.md §4.18: the day of the event is day 0).
    #[must_use]
    pub fn of(calendar: &WorkCalendar, since: NaiveDate, days: Option<i16>, today: NaiveDate) -> Self {
        let Some(days) = days.and_then(|days| u32::try_from(days).ok()) else { return Self::Never };
        let told = calendar.add_working_days(since, days).and_then(|day| {
            let state = match calendar.working_days(today, day)? {
                _ if today > day => DueState::Overdue,
                0 | 1 => DueState::Soon,
                _ => DueState::Ahead,
            };
            Ok(Self::On(day, state))
        });
        told.unwrap_or_else(|missing| Self::Unknown(missing.to_string()))
    }

    #[must_use]
    pub fn is_overdue(&self) -> bool {
        matches!(self, Self::On(_, DueState::Overdue))
    }

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
    use crate::dictionary::DayKind;

    #[test]
    fn a_limit_is_counted_in_working_days() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        // Thursday 1 October 2026 to Wednesday 7 is free, Saturday 10 is worked.
        let free = (1..=7).map(|of| (day(&format!("2026-10-0{of}")), DayKind::Rest));
        let calendar: WorkCalendar = free.chain([(day("2026-10-10"), DayKind::Work)]).collect();
        let due = |today: &str| Due::of(&calendar, day("2026-09-30"), Some(3), day(today));
        let end = day("2026-10-10");
        assert_eq!(due("2026-09-30"), Due::On(end, DueState::Ahead));
        assert_eq!(due("2026-10-08"), Due::On(end, DueState::Ahead));
        assert_eq!(due("2026-10-09"), Due::On(end, DueState::Soon));
        assert_eq!(due("2026-10-10"), Due::On(end, DueState::Soon), "the last day is still in time");
        assert!(due("2026-10-11").is_overdue());
        assert_eq!(Due::of(&calendar, end, None, end), Due::Never);
        let unknown = Due::of(&calendar, day("2026-12-31"), Some(1), day("2026-12-31"));
        assert!(matches!(unknown, Due::Unknown(reason) if reason.starts_with("2027年的节假日未录入")));
    }

    #[test]
    fn nodes_are_passed_one_after_the_other() {
        use StepState::{Coming, Ended, Passed, Present, Unreached};
        let states = |node, status| [1, 2, 3].map(|position| Step::state_of(position, node, status));
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
