//! 手机支付 list: the orders of tenants as the staff sees them.

use crate::{
    billing::{
        pay_order::{PayChannel, PayOrderStatus},
        reduction::Note,
    },
    id::{AccountId, PaymentId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::Money,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An order in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PayOrderRow {
    pub id: i64,
    pub order_no: String,
    pub account_id: AccountId,
    pub lessee: String,
    pub address: String,
    pub channel: PayChannel,
    pub amount: Money,
    pub status: PayOrderStatus,
    pub made_at: DateTime<Utc>,
    pub paid_at: Option<DateTime<Utc>>,
    /// the payment company's own number
    pub trade_no: Option<String>,
    pub payment_id: Option<PaymentId>,
    /// why it was closed
    pub message: Option<String>,
    /// numbers of the bills that it is for
    pub bills: String,
}

/// An order with its timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PayOrder {
    pub row: PayOrderRow,
    /// what happened, newest first; nobody of the staff does any of it
    pub notes: Vec<Note>,
}

/// 手机支付 list.
#[rustfmt::skip] // a table: one line per column
pub const PAY_ORDER_LIST: ListSheet<PayOrderRow> = ListSheet {
    key: "pay_order",
    noun: "支付订单",
    path: "/billing/pay-orders",
    search_hint: "订单号、交易流水号、承租人、账户号、合同编号、住房地址",
    columns: &[
        ListColumn { key: "order_no", header: "订单号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.order_no, format!("/billing/pay-orders/{}", row.id)) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.lessee, format!("/billing/accounts/{}", row.account_id)) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "bills", header: "账单", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.bills) },
        ListColumn { key: "channel", header: "支付渠道", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.channel.label()) },
        ListColumn { key: "amount", header: "金额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::text(row.status.label()) },
        ListColumn { key: "made_at", header: "下单时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.made_at) },
        ListColumn { key: "paid_at", header: "支付时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| cell_or_empty(row.paid_at, Cell::Time) },
        ListColumn { key: "trade_no", header: "交易流水号", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.trade_no.as_deref(), Cell::text) },
        ListColumn { key: "payment", header: "收据", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.payment_id, |id| Cell::link("查看收据", format!("/billing/payments/{id}"))) },
        ListColumn { key: "message", header: "说明", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.message.as_deref(), Cell::text) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(PayOrderStatus::choices) },
        Filter { key: "channel", label: "支付渠道", choices: Choices::Of(PayChannel::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "account", label: "账户", choices: Choices::Linked },
        Filter { key: "since", label: "起始日期", choices: Choices::Day },
        Filter { key: "until", label: "截止日期", choices: Choices::Day },
    ],
    default_sort: ("made_at", true),
    jumps: false,
};
