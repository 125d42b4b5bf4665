//! 待核实到账 (S4-1.21 error pool): money that a payment company has and that is not what an order asked for. One person says what
//! becomes of it, another one agrees.

use crate::{
    dictionary::dictionary,
    failure::Failure,
    id::{AccountId, PaymentId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
    value::Money,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::pay_order::PayChannel;

dictionary! {
    /// 待核实原因
    PayOddReason = "PayOdd.reason" "待核实原因" {
        Amount = "AMOUNT" "金额不符",
        Second = "SECOND" "重复支付",
        Unknown = "UNKNOWN" "订单不存在",
        Missing = "MISSING" "渠道账单无此交易",
    }
}

dictionary! {
    /// 待核实到账状态
    PayOddStatus = "PayOdd.status" "待核实到账状态" {
        Open = "OPEN" "待处理",
        Proposed = "PROPOSED" "待复核",
        Done = "DONE" "已处理",
    }
}

dictionary! {
    /// 待核实到账处理方式
    PayOddOutcome = "PayOdd.outcome" "待核实到账处理方式" {
        Balance = "BALANCE" "转入账户余额",
        Returned = "RETURNED" "已原路退回",
        Noted = "NOTED" "已核对，无需入账",
    }
}

impl PayOddReason {
    /// What may become of it. `entered`: the trade is entered already, as that of its order, so that only the difference is to
    /// be explained; entering it as balance would be entering it twice. Of what the company does not have nothing can be given
    /// back either.
    #[must_use]
    pub const fn outcomes(self, entered: bool) -> &'static [PayOddOutcome] {
        match (self, entered) {
            (Self::Missing, _) => &[PayOddOutcome::Noted],
            (_, true) => &[PayOddOutcome::Noted, PayOddOutcome::Returned],
            (_, false) => &[PayOddOutcome::Balance, PayOddOutcome::Returned],
        }
    }
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayOddEvent {
    Propose,
    Agree,
    Refuse,
}

impl PayOddStatus {
    /// The status after the event: the whole state machine.
    ///
    /// # Errors
    /// A sentence that says how it stands.
    pub fn next(self, event: PayOddEvent) -> Result<Self, Failure> {
        match (event, self) {
            (PayOddEvent::Propose, Self::Open) => Ok(Self::Proposed),
            (PayOddEvent::Agree, Self::Proposed) => Ok(Self::Done),
            (PayOddEvent::Refuse, Self::Proposed) => Ok(Self::Open),
            _ => Err(Failure::refused(format!("该笔到账{}，请刷新", self.label()))),
        }
    }
}

/// A row of the pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PayOddRow {
    pub id: i64,
    pub reason: PayOddReason,
    pub channel: PayChannel,
    /// the payment company's own number
    pub trade_no: String,
    pub order_no: String,
    /// what the order asked for; none: we do not know it
    pub asked: Option<Money>,
    /// what the company has; nothing of what its bill does not name
    pub amount: Money,
    /// the trade is entered as that of its order
    pub entered: bool,
    pub paid_at: DateTime<Utc>,
    pub found_at: DateTime<Utc>,
    pub account_id: Option<AccountId>,
    pub lessee: String,
    pub address: String,
    pub status: PayOddStatus,
    pub outcome: Option<PayOddOutcome>,
    pub opinion: Option<String>,
    pub maker: Option<String>,
    pub made_at: Option<DateTime<Utc>>,
    pub checker: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    pub payment_id: Option<PaymentId>,
    /// whether the one who asks may say what becomes of it
    pub proposable: bool,
    /// whether the one who asks may agree or refuse
    pub decidable: bool,
    pub version: i32,
}

/// 待核实到账 list.
#[rustfmt::skip] // a table: one line per column
pub const PAY_ODD_LIST: ListSheet<PayOddRow> = ListSheet {
    key: "pay_odd",
    noun: "待核实到账",
    path: "/billing/pay-odds",
    search_hint: "交易流水号、订单号",
    columns: &[
        ListColumn { key: "trade_no", header: "交易流水号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.trade_no, format!("/billing/pay-odds/{}", row.id)) },
        ListColumn { key: "reason", header: "原因", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(row.reason.label()) },
        ListColumn { key: "channel", header: "支付渠道", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.channel.label()) },
        ListColumn { key: "order_no", header: "订单号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.order_no) },
        ListColumn { key: "asked", header: "订单金额(元)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.asked, Cell::Money) },
        ListColumn { key: "amount", header: "到账金额(元)", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Money(row.amount) },
        ListColumn { key: "paid_at", header: "支付时间", kind: Kind::Time, sortable: false, essential: false, cell: |row| Cell::Time(row.paid_at) },
        ListColumn { key: "found_at", header: "发现时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.found_at) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| cell_or_empty(row.account_id, |id| Cell::link(&row.lessee, format!("/billing/accounts/{id}"))) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "outcome", header: "处理方式", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.outcome, |outcome| Cell::text(outcome.label())) },
        ListColumn { key: "opinion", header: "处理说明", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.opinion.as_deref(), Cell::text) },
        ListColumn { key: "maker", header: "处理人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.maker.as_deref(), Cell::text) },
        ListColumn { key: "checker", header: "复核人", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.checker.as_deref(), Cell::text) },
        ListColumn { key: "payment", header: "收据", kind: Kind::Text, sortable: false, essential: false, cell: |row| cell_or_empty(row.payment_id, |id| Cell::link("查看收据", format!("/billing/payments/{id}"))) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::text(row.status.label()) },
    ],
    filters: &[
        Filter { key: "status", label: "状态", choices: Choices::Of(PayOddStatus::choices) },
        Filter { key: "reason", label: "原因", choices: Choices::Of(PayOddReason::choices) },
        Filter { key: "channel", label: "支付渠道", choices: Choices::Of(PayChannel::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
    ],
    default_sort: ("found_at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_state_machine() {
        use PayOddEvent::{Agree, Propose, Refuse};
        use PayOddStatus::{Done, Open, Proposed};
        for (from, propose, agree, refuse) in
            [(Open, Some(Proposed), None, None), (Proposed, None, Some(Done), Some(Open)), (Done, None, None, None)]
        {
            assert_eq!(from.next(Propose).ok(), propose, "{from:?}");
            assert_eq!(from.next(Agree).ok(), agree, "{from:?}");
            assert_eq!(from.next(Refuse).ok(), refuse, "{from:?}");
        }
        assert_eq!(Done.next(Propose).unwrap_err().to_string(), "该笔到账已处理，请刷新");
    }

    #[test]
    fn what_is_entered_or_was_never_there_does_not_become_balance() {
        for &reason in PayOddReason::ALL {
            let balance = |entered| reason.outcomes(entered).contains(&PayOddOutcome::Balance);
            assert_eq!((balance(false), balance(true)), (reason != PayOddReason::Missing, false), "{reason:?}");
            assert!(reason.outcomes(true).contains(&PayOddOutcome::Noted), "{reason:?}");
        }
    }
}
