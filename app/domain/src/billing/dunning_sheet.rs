//! The lists of dunning (S0-19, E-52): sets of rules, what a trial says of each household, and what was done.

use crate::{
    billing::{
        dunning::{Anchor, DunningStatus, DunningWay, Rule, RuleSetStatus, Service, TrialOutcome},
        dunning_form::Suit,
        sms::{SmsKind, SmsStatus},
    },
    dictionary::ArrearsLevel,
    id::AccountId,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::Money,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A set of rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleSetRow {
    pub id: i64,
    /// none: the whole city
    pub district: Option<String>,
    pub valid_from: NaiveDate,
    pub status: RuleSetStatus,
    /// 沿用全市规则
    pub follows: bool,
    pub lines: i64,
    pub reason: String,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub version: i32,
}

impl RuleSetRow {
    /// Where it holds.
    #[must_use]
    pub fn place(&self) -> &str {
        self.district.as_deref().unwrap_or("全市")
    }
}

/// What waits for whoever looks.
pub(super) fn turns() -> Vec<(&'static str, &'static str)> {
    vec![("MINE", "待我复核")]
}

fn tasks() -> Vec<(&'static str, &'static str)> {
    vec![("OPEN", "待办任务")]
}

/// 催缴规则 list.
#[rustfmt::skip] // a table: one line per column
pub const RULE_SET_LIST: ListSheet<RuleSetRow> = ListSheet {
    key: "dunning_rule_set",
    noun: "催缴规则",
    path: "/billing/dunning/rules",
    search_hint: "说明",
    columns: &[
        ListColumn { key: "place", header: "适用范围", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(row.place(), format!("/billing/dunning/rules/{}", row.id)) },
        ListColumn { key: "valid_from", header: "生效日期", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.valid_from) },
        ListColumn { key: "lines", header: "规则条数", kind: Kind::Number, sortable: false, essential: false, cell: |row| if row.follows { Cell::text("沿用全市规则") } else { Cell::Number(row.lines) } },
        ListColumn { key: "reason", header: "说明", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.reason) },
        ListColumn { key: "maker", header: "编制人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.maker.as_deref(), Cell::text) },
        ListColumn { key: "made_at", header: "编制时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "checker", header: "复核人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.checker.as_deref(), Cell::text) },
        ListColumn { key: "checked_at", header: "复核时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.checked_at, Cell::Time) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(RuleSetStatus::choices) },
        Filter { key: "turn", label: "待办", choices: Choices::Fixed(turns) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
    ],
    default_sort: ("valid_from", true),
    jumps: false,
};

/// What a set of rules would do about a household in a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRow {
    pub account_id: AccountId,
    pub account_no: String,
    pub lessee: String,
    pub district: String,
    pub estate: String,
    pub address: String,
    pub phone_mask: String,
    pub anchor: Anchor,
    pub days: i16,
    pub way: DunningWay,
    pub template: Option<SmsKind>,
    /// on which day
    pub day: NaiveDate,
    pub due_on: Option<NaiveDate>,
    pub periods: i64,
    pub amount: Money,
    pub outcome: TrialOutcome,
}

impl TrialRow {
    fn rule(&self) -> String {
        Rule { anchor: self.anchor, days: self.days, way: self.way, template: self.template }.told()
    }
}

/// 催缴试算 list: of one set, which the filter `set` names, in one month.
#[rustfmt::skip] // a table: one line per column
pub const TRIAL_LIST: ListSheet<TrialRow> = ListSheet {
    key: "dunning_trial",
    noun: "催缴试算",
    path: "/billing/dunning/trial",
    search_hint: "承租人、账户号、住房地址",
    columns: &[
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.lessee, format!("/billing/dunning/accounts/{}", row.account_id)) },
        ListColumn { key: "account_no", header: "账户号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.account_no) },
        ListColumn { key: "district", header: "所属区县", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&format!("{}{}", row.estate, row.address)) },
        ListColumn { key: "phone", header: "手机号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.phone_mask) },
        ListColumn { key: "day", header: "催缴日期", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Date(row.day) },
        ListColumn { key: "rule", header: "依据", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.rule()) },
        ListColumn { key: "due_on", header: "应缴日", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.due_on, Cell::Date) },
        ListColumn { key: "periods", header: "欠费月数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.periods) },
        ListColumn { key: "amount", header: "催缴金额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "outcome", header: "结果", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.outcome) },
    ],
    filters: &[
        Filter { key: "set", label: "规则", choices: Choices::Linked },
        Filter { key: "month", label: "月份", choices: Choices::Text("如2026-11") },
        Filter { key: "outcome", label: "结果", choices: Choices::Of(TrialOutcome::choices) },
        Filter { key: "way", label: "方式", choices: Choices::Of(DunningWay::by_rule) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
    ],
    default_sort: ("day", false),
    jumps: false,
};

/// What was or is to be done about a household (E-52).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DunningRow {
    pub id: i64,
    pub account_id: AccountId,
    pub account_no: String,
    pub lessee: String,
    pub address: String,
    pub way: DunningWay,
    pub level: ArrearsLevel,
    pub periods: i64,
    pub amount: Money,
    pub content: String,
    pub status: DunningStatus,
    pub at: DateTime<Utc>,
    /// none: by the rules
    pub actor: Option<String>,
    pub done_at: Option<DateTime<Utc>>,
    pub done_by: Option<String>,
    pub result: Option<String>,
    pub notice_no: Option<String>,
    pub printed_on: Option<NaiveDate>,
    pub served_how: Option<Service>,
    pub served_on: Option<NaiveDate>,
    pub received_by: Option<String>,
    /// of the newest text message of it, and its id
    pub sms: Option<(i64, SmsStatus)>,
    /// of a lawsuit
    pub suit: Option<Suit>,
    pub version: i32,
}

/// 催缴记录 list.
#[rustfmt::skip] // a table: one line per column
pub const DUNNING_LIST: ListSheet<DunningRow> = ListSheet {
    key: "dunning",
    noun: "催缴记录",
    path: "/billing/dunning",
    search_hint: "承租人、账户号、住房地址、通知书编号",
    columns: &[
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.lessee, format!("/billing/dunning/{}", row.id)) },
        ListColumn { key: "account_no", header: "账户号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.account_no, format!("/billing/dunning/accounts/{}", row.account_id)) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "way", header: "催缴方式", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.way) },
        ListColumn { key: "level", header: "欠费等级", kind: Kind::Badge, sortable: false, essential: false, cell: |row| Cell::status(row.level) },
        ListColumn { key: "periods", header: "欠费月数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.periods) },
        ListColumn { key: "amount", header: "催缴金额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "at", header: "生成时间", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Time(row.at) },
        ListColumn { key: "actor", header: "经办人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.actor.as_deref().unwrap_or("系统")) },
        ListColumn { key: "done_at", header: "办理时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.done_at, Cell::Time) },
        ListColumn { key: "notice_no", header: "通知书编号", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.notice_no.as_deref(), Cell::text) },
        ListColumn { key: "served_on", header: "送达日期", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.served_on, Cell::Date) },
        ListColumn { key: "sms", header: "短信语音状态", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.sms, |(_, status)| Cell::coded(status)) },
        ListColumn { key: "result", header: "结果", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.result.as_deref(), Cell::text) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "way", label: "催缴方式", choices: Choices::Of(DunningWay::choices) },
        Filter { key: "status", label: "状态", choices: Choices::Of(DunningStatus::choices) },
        Filter { key: "task", label: "待办", choices: Choices::Fixed(tasks) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "account", label: "账户", choices: Choices::Linked },
    ],
    default_sort: ("at", true),
    jumps: false,
};
