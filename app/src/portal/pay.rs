//! An order: where it is paid, how it stands, how it is given up.

use super::{Frame, alert, facts, page, yuan};
use domain::{billing::pay_order::PayOrderStatus, portal::view::TenantOrder, sheet::time_text};
use leptos::prelude::*;

/// 支付.
#[must_use]
pub fn pay(frame: &Frame, order: TenantOrder, complaint: Option<String>) -> String {
    let mut rows = vec![
        ("住房", order.address.clone()),
        ("缴费内容", order.subject.clone()),
        ("支付方式", order.channel.label().to_owned()),
        ("订单号", order.order_no.clone()),
        ("下单时间", time_text(order.made_at)),
    ];
    rows.extend(order.paid_at.map(|at| ("支付时间", time_text(at))));
    rows.extend(order.message.clone().map(|message| ("说明", message)));
    let open = order.status.is_open();
    let action = |what: &str| format!("/my/pay/{}/{what}", order.order_no);
    let label = order.channel.label();
    let go = order.pay_url.clone().map(|url| {
        view! {
            <p><a class="button" href=url>{format!("去{label}付款")}</a></p>
            <p class="hint">{format!("请在{}前完成付款", time_text(order.expires_at))}</p>
        }
    });
    let again = order.placeable.then(|| {
        let label = if order.status == PayOrderStatus::New { "提交支付" } else { "重新获取支付链接" };
        view! { <form method="post" action=action("place")><button>{label}</button></form> }
    });
    let check = open.then(|| {
        view! {
            <form method="post" action=action("check")><button class="second">"已付款，查看结果"</button></form>
            <form method="post" action=action("cancel")><button class="second">"取消支付"</button></form>
        }
    });
    let receipt =
        order.payment_id.map(|id| view! { <p><a class="button" href=format!("/my/receipts/{id}")>"查看收据"</a></p> });
    let back = (!open).then(|| view! { <p><a href="/my/bills">"返回账单"</a></p> });
    page(
        frame,
        "支付",
        view! {
            {alert(complaint)}
            <p class="sum" role="status"><span class="tag">{order.status.label()}</span>" "<b>{yuan(order.amount)}</b></p>
            {go}
            {again}
            {check}
            {receipt}
            {facts(rows)}
            {back}
        },
    )
}
