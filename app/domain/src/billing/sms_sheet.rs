//! The lists of text messages and calls (S0-19): what was sent, what months came to, and who is sent nothing.

use super::sms::{Channel, SmsKind, SmsStatus};
use crate::{
    id::AccountId,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::Money,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A message of the sending list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmsRow {
    pub id: i64,
    pub account_id: AccountId,
    pub lessee: String,
    pub address: String,
    pub phone_mask: String,
    pub channel: Channel,
    pub kind: SmsKind,
    pub content: String,
    pub status: SmsStatus,
    pub queued_at: DateTime<Utc>,
    pub not_before: DateTime<Utc>,
    pub attempts: i16,
    pub sent_at: Option<DateTime<Utc>>,
    pub receipt_at: Option<DateTime<Utc>>,
    pub receipt_code: Option<String>,
    pub parts: i16,
    pub cost: Money,
    /// why it was not sent
    pub message: Option<String>,
    pub resent: bool,
    pub dunning_id: Option<i64>,
}

/// 短信发送记录 list.
#[rustfmt::skip] // a table: one line per column
pub const SMS_LIST: ListSheet<SmsRow> = ListSheet {
    key: "sms",
    noun: "短信",
    path: "/billing/sms",
    search_hint: "承租人、住房地址",
    columns: &[
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.lessee, format!("/billing/sms/{}", row.id)) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::link(&row.address, format!("/billing/dunning/accounts/{}", row.account_id)) },
        ListColumn { key: "phone", header: "手机号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.phone_mask) },
        ListColumn { key: "channel", header: "渠道", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.channel) },
        ListColumn { key: "kind", header: "模板", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "content", header: "内容", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.content) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
        ListColumn { key: "queued_at", header: "生成时间", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Time(row.queued_at) },
        ListColumn { key: "not_before", header: "最早发送", kind: Kind::Time, sortable: false, essential: false, cell: |row| Cell::Time(row.not_before) },
        ListColumn { key: "sent_at", header: "提交时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.sent_at, Cell::Time) },
        ListColumn { key: "receipt_at", header: "回执时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.receipt_at, Cell::Time) },
        ListColumn { key: "receipt_code", header: "回执", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.receipt_code.as_deref(), Cell::text) },
        ListColumn { key: "attempts", header: "提交次数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.attempts.into()) },
        ListColumn { key: "parts", header: "计费条数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.parts.into()) },
        ListColumn { key: "cost", header: "费用(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Money(row.cost) },
        ListColumn { key: "message", header: "说明", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.message.as_deref(), Cell::text) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(SmsStatus::choices) },
        Filter { key: "channel", label: "渠道", choices: Choices::Of(Channel::choices) },
        Filter { key: "kind", label: "模板", choices: Choices::Of(SmsKind::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "since", label: "起始日期", choices: Choices::Day },
        Filter { key: "until", label: "截止日期", choices: Choices::Day },
    ],
    default_sort: ("queued_at", true),
    jumps: false,
};

/// What a month's messages came to, by district and template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmsMonthRow {
    /// `2026-11`
    pub month: String,
    pub district: String,
    pub channel: Channel,
    pub kind: SmsKind,
    pub messages: i64,
    pub delivered: i64,
    pub failed: i64,
    pub silent: i64,
    pub parts: i64,
    pub cost: Money,
}

/// 短信费用 list.
#[rustfmt::skip] // a table: one line per column
pub const SMS_MONTH_LIST: ListSheet<SmsMonthRow> = ListSheet {
    key: "sms_month",
    noun: "短信费用",
    path: "/billing/sms/months",
    search_hint: "区县",
    columns: &[
        ListColumn { key: "month", header: "月份", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::text(&row.month) },
        ListColumn { key: "district", header: "区县", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.district) },
        ListColumn { key: "channel", header: "渠道", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.channel) },
        ListColumn { key: "kind", header: "模板", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "messages", header: "提交短信", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Number(row.messages) },
        ListColumn { key: "delivered", header: "已送达", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.delivered) },
        ListColumn { key: "failed", header: "失败", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.failed) },
        ListColumn { key: "silent", header: "无回执", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.silent) },
        ListColumn { key: "parts", header: "计费条数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.parts) },
        ListColumn { key: "cost", header: "费用(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.cost) },
    ],
    filters: &[Filter { key: "district", label: "所属区县", choices: Choices::Districts }],
    default_sort: ("month", true),
    jumps: false,
};

/// A household that is sent nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmsBlockRow {
    pub id: i64,
    pub account_id: AccountId,
    pub lessee: String,
    pub address: String,
    pub phone_mask: String,
    pub reason: String,
    pub maker: Option<String>,
    pub made_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub end_reason: Option<String>,
}

fn block_states() -> Vec<(&'static str, &'static str)> {
    vec![("OPEN", "生效中"), ("ENDED", "已移除")]
}

/// 短信黑名单 list.
#[rustfmt::skip] // a table: one line per column
pub const SMS_BLOCK_LIST: ListSheet<SmsBlockRow> = ListSheet {
    key: "sms_block",
    noun: "短信黑名单",
    path: "/billing/sms/blocks",
    search_hint: "承租人、住房地址、原因",
    columns: &[
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.lessee, format!("/billing/dunning/accounts/{}", row.account_id)) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "phone", header: "手机号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.phone_mask) },
        ListColumn { key: "reason", header: "原因", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.reason) },
        ListColumn { key: "maker", header: "登记人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.maker.as_deref(), Cell::text) },
        ListColumn { key: "made_at", header: "登记时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "state", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::text(if row.ended_at.is_some() { "已移除" } else { "生效中" }) },
        ListColumn { key: "end_reason", header: "移除原因", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.end_reason.as_deref(), Cell::text) },
    ],
    filters: &[
        Filter { key: "state", label: "状态", choices: Choices::Fixed(block_states) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
    ],
    default_sort: ("made_at", true),
    jumps: false,
};
