//! Reminders on the home page (S4-1.1): what waits for the person who looks, first how many, then which.

use serde::{Deserialize, Serialize};

/// Lines that a reminder shows; the list behind it has all.
pub const LINES_SHOWN: usize = 5;

/// In which block a reminder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReminderGroup {
    /// 流程提醒 (S4-1.1.8): somebody else waits for a decision
    Flow,
    /// 工作提醒: something is due
    Work,
}

impl ReminderGroup {
    pub const ALL: [Self; 2] = [Self::Flow, Self::Work];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Flow => "流程提醒",
            Self::Work => "工作提醒",
        }
    }
}

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reminder {
    pub group: ReminderGroup,
    pub label: String,
    pub count: i64,
    /// the list of them all
    pub link: String,
    /// the first of them
    pub lines: Vec<ReminderLine>,
}

/// One of what waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReminderLine {
    pub text: String,
    pub link: String,
}
