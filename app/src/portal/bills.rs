//! Homes with what is to be paid, and the bills to choose from.

use super::{Frame, alert, facts, page, period, yuan};
use domain::{
    billing::pay_order::{BILLS_MAX, PayChannel},
    portal::view::{Home, OpenBill, PastBill},
    value::Money,
};
use leptos::prelude::*;

/// 首页 (S4-2.1).
#[must_use]
pub fn home(frame: &Frame, homes: Vec<Home>) -> String {
    let none = homes.is_empty().then(|| view! { <p>"暂无在租住房"</p> });
    let homes: Vec<_> = homes
        .into_iter()
        .map(|home| {
            let owed = home.owed();
            let payable = home.bills.iter().any(|bill| !bill.in_batch);
            let late = home.bills.iter().any(|bill| bill.late);
            let said = match (owed > Money::ZERO, late) {
                (false, _) => "已缴清",
                (true, false) => "待缴",
                (true, true) => "已逾期",
            };
            let rows = vec![
                ("承租人", home.lessee.clone()),
                ("账户余额", yuan(home.balance)),
                ("账户号", home.account_no.clone()),
            ];
            view! {
                <section>
                    <h2>{format!("{}{}", home.estate, home.address)}</h2>
                    <p class="sum">
                        <span class=if late { "tag late" } else { "tag" }>{said}</span>
                        <b>{yuan(owed)}</b>
                    </p>
                    {payable.then(|| view! { <p><a class="button" href="/my/bills">"去缴费"</a></p> })}
                    {facts(rows)}
                </section>
            }
        })
        .collect();
    page(frame, "我的住房", view! { {none} {homes} })
}

/// 账单 (S4-2.3): what is open, to be chosen and paid; behind it what is not open any more. `request`: id of the payment that the
/// form would begin, by home.
#[must_use]
pub fn bills(
    frame: &Frame,
    homes: Vec<(Home, String)>,
    past: Vec<PastBill>,
    channels: &[PayChannel],
    complaint: Option<String>,
) -> String {
    let open: Vec<_> = homes.into_iter().map(|(home, request)| home_bills(home, request, channels)).collect();
    let past: Vec<_> = past
        .into_iter()
        .map(|bill| {
            view! {
                <li>
                    <b>{bill.fee_item.label()}</b>
                    " "
                    <span class="figure">{yuan(bill.amount + bill.late_fee)}</span>
                    <br />
                    <small>{format!("{} · {}", period(bill.from, bill.to), bill.address)}</small>
                </li>
            }
        })
        .collect();
    let past =
        (!past.is_empty()).then(|| view! { <section><h2>"已结清账单"</h2><ul class="rows">{past}</ul></section> });
    page(frame, "账单缴费", view! { {alert(complaint)} {open} {past} })
}

fn home_bills(home: Home, request: String, channels: &[PayChannel]) -> impl IntoView + use<> {
    let title = format!("{}{}", home.estate, home.address);
    let paying = home.paying.clone().map(|no| {
        view! { <p class="alert">"有一笔支付尚未完成 "<a href=format!("/my/pay/{no}")>"继续支付或取消"</a></p> }
    });
    let payable = home.paying.is_none() && home.bills.iter().any(|bill| !bill.in_batch);
    // What is chosen to begin with.
    let owed: Money =
        home.bills.iter().filter(|bill| !bill.in_batch).take(BILLS_MAX).map(|bill| bill.debt.total()).sum();
    let none = home.bills.is_empty().then(|| view! { <p>"没有待缴账单"</p> });
    let many = home.bills.len() > 1;
    let buttons: Vec<_> = channels
        .iter()
        .map(|channel| {
            view! { <button name="channel" value=channel.code()>{channel.label()}</button> }
        })
        .collect();
    let closed =
        channels.is_empty().then(|| view! { <p class="hint">"暂未开通手机支付，请到缴费窗口办理或等待银行代扣"</p> });
    let bottom = (payable && !channels.is_empty()).then(|| {
        view! {
            <p class="sum">"合计 "<b>{yuan(owed)}</b></p>
            {many.then(|| view! { <p class="hint">"只缴一部分时，请取消其他账单的勾选，金额以下一页为准"</p> })}
            {buttons}
        }
    });
    // No more are chosen than one order takes; the oldest come first.
    let mut room = BILLS_MAX;
    let choice = |bill: OpenBill| {
        let choosable = payable && !bill.in_batch;
        let chosen = choosable && room > 0;
        room -= usize::from(chosen);
        open_bill(bill, choosable, chosen)
    };
    let bills: Vec<_> = home.bills.into_iter().map(choice).collect();
    view! {
        <section>
            <h2>{title}</h2>
            {paying}
            {none}
            <form method="post" action="/my/pay">
                <input type="hidden" name="account" value=home.account_id.to_string() />
                <input type="hidden" name="request" value=request />
                <ul class="rows">{bills}</ul>
                {bottom}
            </form>
            {closed}
        </section>
    }
}

fn open_bill(bill: OpenBill, choosable: bool, chosen: bool) -> impl IntoView {
    let late_fee = (bill.debt.late_fee > Money::ZERO).then(|| format!("，含滞纳金{}元", bill.debt.late_fee));
    let said = match (bill.in_batch, bill.late) {
        (true, _) => Some("银行扣款中"),
        (_, true) => Some("已逾期"),
        _ => None,
    };
    let choice =
        choosable.then(|| view! { <input type="checkbox" name="bill" value=bill.id.to_string() checked=chosen /> });
    let class = if bill.in_batch { "tag" } else { "tag late" };
    view! {
        <li>
            <label>
                {choice}
                <b>{bill.fee_item.label()}</b>
                " "
                <span class="figure">{yuan(bill.debt.total())}</span>
                {said.map(|said| view! { " "<span class=class>{said}</span> })}
                <br />
                <small>
                    {format!("{}，{}到期{}", period(bill.from, bill.to), bill.debt.due_on, late_fee.unwrap_or_default())}
                </small>
            </label>
        </li>
    }
}
