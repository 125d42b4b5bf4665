//! The lists of accounts (S0-9), bills (S1-7.2, S1-7.3), payments, and of payments and refunds as one (S0-13).

use super::{
    api::{account_list, bill_list, bill_totals, pay_order_list, pay_record_list, payment_list},
    pay_odd::tabs,
};
use crate::{
    shell::may,
    ui::{
        changing::changing,
        error_view,
        list::{Choosing, ListActions, ListFrame, choosing_list_page, framed_list_page, use_list_query},
        select::Selection,
    },
};
use domain::{
    billing::{
        bill::BILL_LIST,
        pay_order_sheet::PAY_ORDER_LIST,
        pay_record::PAY_RECORD_LIST,
        payment::{ACCOUNT_LIST, PAYMENT_LIST, PaymentRow},
    },
    list::{ListQuery, group_thousands},
    platform::permission::Permission,
};
use leptos::prelude::*;

/// What is done with chosen payments.
const VERIFY: Selection = Selection { action: "/billing/payments/verify", name: "payment", label: "核销" };

fn actions() -> Signal<ListActions> {
    Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() })
}

pub(super) fn accounts_view() -> AnyView {
    let frame =
        ListFrame {
            title: Some("租金管理"), empty: Some("暂无租金账户，合同生效后自动开户"), ..ListFrame::default()
        };
    framed_list_page(&ACCOUNT_LIST, frame, actions(), account_list)
}

pub(super) fn bills_view() -> AnyView {
    let frame = ListFrame {
        title: Some("账单"),
        empty: Some("暂无账单，可在“生成账单”中按月生成"),
        tools: Some(totals_tool),
        ..ListFrame::default()
    };
    framed_list_page(&BILL_LIST, frame, actions(), bill_list)
}

pub(super) fn payments_view() -> AnyView {
    let frame =
        ListFrame {
            title: Some("缴费记录"), empty: Some("暂无缴费记录，收款后在此显示"), ..ListFrame::default()
        };
    let choosing = Choosing {
        side: None,
        selection: Signal::derive(|| may(Permission::PaymentVerify).then_some(VERIFY)),
        key: |row: &PaymentRow| row.id.to_string(),
    };
    choosing_list_page(&PAYMENT_LIST, frame, choosing, actions(), payment_list)
}

pub(super) fn records_view() -> AnyView {
    let frame = ListFrame {
        title: Some("缴退记录"),
        empty: Some("暂无缴退记录，收款和退费后在此显示"),
        ..ListFrame::default()
    };
    framed_list_page(&PAY_RECORD_LIST, frame, actions(), pay_record_list)
}

pub(super) fn pay_orders_view() -> AnyView {
    let frame = ListFrame {
        title: Some("手机支付"),
        empty: Some("暂无支付订单，租户在手机上缴费后在此显示"),
        tabs: Some(|| tabs(PAY_ORDER_LIST.path)),
        ..ListFrame::default()
    };
    framed_list_page(&PAY_ORDER_LIST, frame, actions(), pay_order_list)
}

/// 合计 over all pages of the list as it is filtered: asked for by a press, because it looks at every one of them.
fn totals_tool() -> AnyView {
    let query = use_list_query();
    // Sums of other filters are none of these.
    let sum = Action::new(move |of: &ListQuery| {
        let of = of.clone();
        async move { bill_totals(of.clone()).await.map(|totals| (of, totals)) }
    });
    let told = move || sum.value().get().and_then(Result::ok);
    let sentence = move || {
        told().filter(|(of, _)| query.with(|query| query.filter == of.filter && query.q == of.q)).map(|(_, totals)| {
            let text = format!(
                "合计{}张，应收{}元，已收{}元，未收{}元",
                group_thousands(totals.bills),
                totals.amount,
                totals.paid,
                totals.outstanding
            );
            view! { <p class="w-full text-end figures" role="status">{text}</p> }
        })
    };
    let refused = move || sum.value().get().and_then(Result::err).map(|error| error_view(&error));
    view! {
        <button type="button" class="btn btn-outline btn-sm needs-script" disabled=sum.pending() on:click=move |_| { sum.dispatch(query.get_untracked()); }>"合计"</button>
        {changing(sentence)}
        {changing(refused)}
    }
    .into_any()
}
