//! Jobs (E-124, E-129, S1-9.11): work that somebody starts and nobody waits for, and work that the server does by itself
//! to a plan.
//!
//! The states are those of domain.md §3.25. A job ends once; cancelled or failed it may go on from its mark.

use crate::sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, TURN, cell_or_empty};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How long a job that failed or was cancelled keeps what it was given, to be tried again.
pub const RETRY_DAYS: i64 = 7;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobKind {
    Import,
    Export,
    /// the bills of a district's month (domain.md §3.6 L2)
    BillRun,
    /// the contracts of a batch that are taken over (domain.md §3.27)
    TakeOver,
}

impl JobKind {
    pub const ALL: [Self; 4] = [Self::Import, Self::Export, Self::BillRun, Self::TakeOver];

    /// As stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Import => "IMPORT",
            Self::Export => "EXPORT",
            Self::BillRun => "BILL_RUN",
            Self::TakeOver => "TAKE_OVER",
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Import => "导入",
            Self::Export => "导出",
            Self::BillRun => "生成账单",
            Self::TakeOver => "存量合同接管",
        }
    }

    /// What its progress counts.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Import | Self::Export => "行",
            Self::BillRun | Self::TakeOver => "份合同",
        }
    }

    /// The kind of a stored code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    fn choices() -> Vec<(&'static str, &'static str)> {
        Self::ALL.map(|kind| (kind.code(), kind.label())).to_vec()
    }
}

/// Where a job stands (domain.md §3.25).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobStatus {
    /// waits for a worker
    Uploaded,
    /// rows of a file are being checked; nothing is written
    Parsing,
    /// checked: the person sees what would fail and confirms
    Validated,
    /// under way
    Executing,
    Finished,
    /// refused as a whole or broken off, with a message
    Failed,
    /// not confirmed, or stopped by somebody
    Cancelled,
}

impl JobStatus {
    pub const ALL: [Self; 7] = [
        Self::Uploaded,
        Self::Parsing,
        Self::Validated,
        Self::Executing,
        Self::Finished,
        Self::Failed,
        Self::Cancelled,
    ];

    /// As stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Uploaded => "UPLOADED",
            Self::Parsing => "PARSING",
            Self::Validated => "VALIDATED",
            Self::Executing => "EXECUTING",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Uploaded => "排队中",
            Self::Parsing => "校验中",
            Self::Validated => "待确认",
            Self::Executing => "进行中",
            Self::Finished => "已完成",
            Self::Failed => "失败",
            Self::Cancelled => "已取消",
        }
    }

    /// The status of a stored code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// Code and label of every status: for filters.
    #[must_use]
    pub fn choices() -> Vec<(&'static str, &'static str)> {
        Self::ALL.map(|status| (status.code(), status.label())).to_vec()
    }

    /// Whether a worker still has something to do.
    #[must_use]
    pub fn is_running(self) -> bool {
        matches!(self, Self::Uploaded | Self::Parsing | Self::Executing)
    }

    /// Whether somebody can still stop it.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.is_running() || self == Self::Validated
    }
}

/// A job without what it works on: no row, no keyword, and of others no name of a file. So a system administrator may look at
/// everybody's (domain.md §6.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRow {
    /// uuid
    pub id: String,
    pub kind: JobKind,
    /// `导入建筑信息`
    pub title: String,
    /// of one's own; empty of anybody else's, because it may say what is in it
    pub file_name: String,
    pub status: JobStatus,
    pub actor: String,
    /// whether the asking person started it
    pub mine: bool,
    /// rows in all, once they are known
    pub total: Option<i32>,
    pub done: i32,
    /// what came of it, or why it ended
    pub result: Option<String>,
    /// whether its starter can fetch what it made
    pub file: bool,
    /// whether its starter can let it go on
    pub retriable: bool,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

impl JobRow {
    /// `120 / 500`; nothing before it began.
    #[must_use]
    pub fn progress(&self) -> Option<String> {
        match (self.status, self.total) {
            (JobStatus::Uploaded, _) | (_, None) => (self.done > 0).then(|| self.done.to_string()),
            (_, Some(total)) => Some(format!("{} / {total}", self.done)),
        }
    }

    /// Where it is looked at: an import of one's own on the page where it is confirmed and its failed rows are.
    #[must_use]
    pub fn href(&self) -> String {
        let own_import = self.mine && self.kind == JobKind::Import;
        format!("{}/{}", if own_import { "/imports" } else { JOB_LIST.path }, self.id)
    }
}

/// 任务 list (S1-9.11).
#[rustfmt::skip] // a table: one line per column
pub const JOB_LIST: ListSheet<JobRow> = ListSheet {
    key: "job",
    noun: "任务",
    path: "/platform/jobs",
    search_hint: "发起人账号或姓名",
    columns: &[
        ListColumn { key: "title", header: "任务", kind: Kind::Text, sortable: false, essential: true, cell: |job| Cell::link(&job.title, job.href()) },
        ListColumn { key: "file_name", header: "文件", kind: Kind::Text, sortable: false, essential: false, cell: |job| Cell::text(&job.file_name) },
        ListColumn { key: "actor", header: "发起人", kind: Kind::Text, sortable: false, essential: false, cell: |job| Cell::text(&job.actor) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |job| Cell::text(job.status.label()) },
        ListColumn { key: "progress", header: "进度", kind: Kind::Number, sortable: false, essential: true, cell: |job| cell_or_empty(job.progress(), |text| Cell::text(&text)) },
        ListColumn { key: "created_at", header: "发起时间", kind: Kind::Time, sortable: true, essential: false, cell: |job| Cell::Time(job.created_at) },
        ListColumn { key: "started_at", header: "开始", kind: Kind::Time, sortable: false, essential: false, cell: |job| cell_or_empty(job.started_at, Cell::Time) },
        ListColumn { key: "finished_at", header: "结束", kind: Kind::Time, sortable: false, essential: false, cell: |job| cell_or_empty(job.finished_at, Cell::Time) },
        ListColumn { key: "result", header: "结果", kind: Kind::Text, sortable: false, essential: false, cell: |job| cell_or_empty(job.result.as_deref(), Cell::text) },
    ],
    filters: &[
        Filter { key: "kind", label: "类型", choices: Choices::Fixed(JobKind::choices) },
        Filter { key: "status", label: "状态", choices: Choices::Fixed(JobStatus::choices) },
        TURN,
        Filter { key: "since", label: "起始日期", choices: Choices::Day },
        Filter { key: "until", label: "截止日期", choices: Choices::Day },
    ],
    default_sort: ("created_at", true),
    jumps: false,
};

/// What the server does by itself, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Plan {
    AuditSeal,
    SearchIndex,
    Housekeeping,
    JobSettle,
    BankExchange,
    /// the bills of a month on its day, what was paid ahead, and the batches of a day of direct debit (domain.md PRM-40, PRM-47,
    /// PRM-46)
    Billing,
    /// who has fallen behind with the rent since yesterday (domain.md §3.6 L4)
    ArrearsCount,
    /// whose term has ended, and which homes nobody signed for (domain.md §3.5 C8, §3.27 U4)
    ContractExpire,
    /// who is reminded today, and which pauses and plans have ended (S0-19)
    Dunning,
    SmsSend,
    /// what became of orders of which the payment company said nothing
    PayQuery,
    /// whether the payment companies' daily bills say what was entered (domain.md E-49)
    PayBill,
    /// what home and reports add up (domain.md §4.9, §8)
    Figures,
}

impl Plan {
    pub const ALL: [Self; 13] = [
        Self::AuditSeal,
        Self::SearchIndex,
        Self::Housekeeping,
        Self::JobSettle,
        Self::BankExchange,
        Self::Billing,
        Self::ArrearsCount,
        Self::ContractExpire,
        Self::Dunning,
        Self::SmsSend,
        Self::PayQuery,
        Self::PayBill,
        Self::Figures,
    ];

    /// As stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AuditSeal => "AUDIT_SEAL",
            Self::SearchIndex => "SEARCH_INDEX",
            Self::Housekeeping => "HOUSEKEEPING",
            Self::JobSettle => "JOB_SETTLE",
            Self::BankExchange => "BANK_EXCHANGE",
            Self::Billing => "BILLING",
            Self::ArrearsCount => "ARREARS_COUNT",
            Self::Dunning => "DUNNING",
            Self::SmsSend => "SMS_SEND",
            Self::PayQuery => "PAY_QUERY",
            Self::PayBill => "PAY_BILL",
            Self::Figures => "FIGURES",
            Self::ContractExpire => "CONTRACT_EXPIRE",
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::AuditSeal => "操作日志存证",
            Self::SearchIndex => "查找索引更新",
            Self::Housekeeping => "过期数据清理",
            Self::JobSettle => "中断任务收尾",
            Self::BankExchange => "银行文件交换",
            Self::Billing => "每月出账、余额抵扣和代扣批次",
            Self::ArrearsCount => "每日欠费重算",
            Self::Dunning => "每日催缴",
            Self::SmsSend => "短信发送",
            Self::PayQuery => "支付订单查询",
            Self::PayBill => "支付渠道对账",
            Self::Figures => "统计数据汇总",
            Self::ContractExpire => "每日合同到期处理",
        }
    }

    /// The plan of a stored code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.code() == code)
    }

    /// Seconds from one run to the next.
    #[must_use]
    pub fn every_seconds(self) -> u32 {
        match self {
            Self::AuditSeal => 2,
            Self::SearchIndex => 1,
            // Soon after midnight, wherever the clock stood when the server was started; once a day there is something to do.
            Self::Housekeeping
            | Self::Billing
            | Self::ArrearsCount
            | Self::ContractExpire
            | Self::Dunning
            | Self::PayBill => 60 * 60,
            Self::JobSettle => 5,
            Self::BankExchange | Self::SmsSend | Self::PayQuery => 30,
            Self::Figures => 60,
        }
    }

    /// `每2秒`, `每小时`.
    #[must_use]
    pub fn schedule(self) -> String {
        match self.every_seconds() {
            3_600 => "每小时".to_owned(),
            seconds if seconds % 60 == 0 => format!("每{}分钟", seconds / 60),
            seconds => format!("每{seconds}秒"),
        }
    }

    /// Whether it runs so often that its clock is the process's own, and its runs are noted once a minute.
    #[must_use]
    pub fn is_constant(self) -> bool {
        self.every_seconds() < 60
    }

    /// Whether it can be switched off: what proves and what mends cannot.
    #[must_use]
    pub fn can_stop(self) -> bool {
        matches!(self, Self::SearchIndex | Self::Housekeeping | Self::BankExchange | Self::Dunning | Self::SmsSend)
    }
}

/// A plan with its last run (S1-9.11).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRow {
    pub plan: Plan,
    pub enabled: bool,
    /// somebody has asked for a run that has not begun yet
    pub asked: bool,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// none before the first run
    pub ok: Option<bool>,
    pub result: Option<String>,
    pub next_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_back() {
        for status in JobStatus::ALL {
            assert_eq!(JobStatus::from_code(status.code()), Some(status));
        }
        for kind in JobKind::ALL {
            assert_eq!(JobKind::from_code(kind.code()), Some(kind));
        }
        for plan in Plan::ALL {
            assert_eq!(Plan::from_code(plan.code()), Some(plan));
        }
    }

    #[test]
    fn schedules_are_said_in_words() {
        assert_eq!(
            Plan::ALL.map(Plan::schedule),
            [
                "每2秒",
                "每1秒",
                "每小时",
                "每5秒",
                "每30秒",
                "每小时",
                "每小时",
                "每小时",
                "每小时",
                "每30秒",
                "每30秒",
                "每小时",
                "每1分钟"
            ]
        );
        assert_eq!(
            Plan::ALL.map(Plan::is_constant),
            [true, true, false, true, true, false, false, false, false, true, true, false, false]
        );
    }

    #[test]
    fn only_what_has_not_ended_can_be_stopped() {
        let open = JobStatus::ALL.map(JobStatus::is_open);
        assert_eq!(open, [true, true, true, true, false, false, false]);
    }
}
