//! A receipt: one number per payment, the amount also in words, what it paid, and, when it is printed again,
//! how often it was before. For a sheet of A5 or a roll of 80 mm.

use super::{
    api::{receipt_get, receipt_print},
    void::{unverify_deed, void_deed},
};
use crate::{
    shell::{may, use_frame},
    tenancy::template::print_deed,
    ui::{
        PageHead,
        changing::{awaited, changing},
        detail::use_id,
        error_view, icon,
        label::told,
        resource::resource,
        table::time_text,
    },
};
use domain::{
    billing::payment::{PAYMENT_LIST, Receipt, ReceiptLine},
    dictionary::PaymentStatus,
    id::PaymentId,
    platform::{permission::Permission, print::PaperKind},
    value::Money,
};
use leptos::prelude::*;

/// What it is printed on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Paper {
    A5,
    Roll,
}

pub(super) fn receipt_view() -> AnyView {
    let id = use_id();
    let receipt = resource(move || id.get(), |id| receipt_get(PaymentId(id)));
    let again = Callback::new(move |()| receipt.refetch());
    view! {
        <main class="page">
            {awaited(receipt, move |receipt| page(receipt, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(receipt: Receipt, again: Callback<()>) -> impl IntoView {
    let (id, account) = (receipt.row.id, receipt.row.account_id);
    let paper = RwSignal::new(Paper::A5);
    let print = Action::new(move |(): &()| receipt_print(id));
    // Printed before: known only once somebody has asked for this print.
    let before = move || print.value().get().and_then(Result::ok).filter(|before| *before > 0);
    Effect::new(move |_| {
        if let Some(Ok(_)) = print.value().get() {
            // Behind the next frame, so that the mark stands on the paper.
            request_animation_frame(|| drop(window().print()));
        }
    });
    let refused = move || print.value().get().and_then(Result::err);
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let busy = move || !alive.get() || print.pending().get();
    let start = move |on: Paper| {
        paper.set(on);
        print.dispatch(());
    };
    let number = receipt.row.receipt_no.clone();
    let void = void_deed(&receipt.row, again);
    let unverify = unverify_deed(&receipt.row, again);
    let doubted = receipt.unverified.clone();
    let pdf =
        print_deed(PaperKind::Receipt, id.0, ("生成PDF", "生成A5收据文件；再次生成的收据标注“补打第n次”。"), again);
    view! {
        <PageHead title=format!("收据 {number}") back=(PAYMENT_LIST.path.to_owned(), PAYMENT_LIST.noun.to_owned())>
            <button type="button" class="btn btn-primary btn-sm" disabled=busy on:click=move |_| start(Paper::A5)>{icon("print")}"打印收据"</button>
            <button type="button" class="btn btn-outline btn-sm" disabled=busy on:click=move |_| start(Paper::Roll)>"打印小票（80mm）"</button>
            <a class="btn btn-outline btn-sm" href=format!("/billing/accounts/{account}")>{changing(move || if may(Permission::PaymentTake) { "返回收款" } else { "查看账户" })}</a>
        </PageHead>
        <div class="deed-row">{pdf}{void}{unverify}</div>
        {doubted.map(|doubted| view! { <p class="page-note">{doubted.told()}</p> })}
        {changing(move || refused().map(|error| error_view(&error)))}
        {sheet(receipt, paper, before)}
    }
}

fn sheet(
    receipt: Receipt,
    paper: RwSignal<Paper>,
    before: impl Fn() -> Option<i32> + Send + Sync + Copy + 'static,
) -> impl IntoView {
    let city = use_frame().with_untracked(|frame| frame.settings.city_name.clone());
    let row = receipt.row.clone();
    let void = row.status == PaymentStatus::Void;
    let item = |label: &'static str, text: String| {
        (!text.is_empty()).then(|| view! { <div class="receipt-item"><dt>{label}</dt><dd>{text}</dd></div> })
    };
    let lines = receipt.lines.iter().map(line).collect_view();
    let kept = (receipt.to_balance > Money::ZERO).then(|| {
        view! { <tr><td>"转入账户余额"</td><td></td><td></td><td></td><td class="figures">{receipt.to_balance.to_string()}</td></tr> }
    });
    view! {
        <article class="receipt" class=("receipt-roll", move || paper.get() == Paper::Roll) aria-label="收款收据">
            <header>
                <p class="receipt-city">{city}</p>
                <h2>"收款收据"</h2>
                {changing(move || before().map(|times| view! { <p class="receipt-again">{format!("补打第{times}次")}</p> }))}
            </header>
            {void.then(|| view! { <p class="receipt-void" role="status"><b>"作废"</b>{receipt.void_reason.clone().map(|reason| format!("　原因：{reason}"))}</p> })}
            <dl class="receipt-items">
                {item("收据号", row.receipt_no.clone())}
                {item("收款时间", time_text(row.paid_at))}
                {item("缴款人", row.payer.clone())}
                {item("合同编号", receipt.contract_no.clone().unwrap_or_default())}
                {item("住房地址", format!("{} {}", receipt.estate, row.address))}
                {item("缴费类型", told(row.kind))}
                {item("支付方式", told(row.method))}
                {item("交易流水号", receipt.bank_serial.clone().unwrap_or_default())}
            </dl>
            <table class="receipt-table">
                <thead><tr><th scope="col">"费项"</th><th scope="col">"账期"</th><th scope="col" class="figures">"本金"</th><th scope="col" class="figures">"滞纳金"</th><th scope="col" class="figures">"金额(元)"</th></tr></thead>
                <tbody>{lines}{kept}</tbody>
            </table>
            <p class="receipt-total"><span>"合计（大写）"</span><b>{format!("人民币{}", row.amount.capital())}</b><b class="figures">{format!("¥{}", row.amount)}</b></p>
            {receipt.remark.clone().map(|remark| view! { <p>{format!("备注：{remark}")}</p> })}
            <footer class="receipt-foot">
                <span>{format!("收款人：{}", row.cashier.clone().unwrap_or_default())}</span>
                {receipt.verified_by.clone().map(|name| view! { <span>{format!("核销人：{name}")}</span> })}
                <span>"收款单位（盖章）："</span>
            </footer>
        </article>
    }
}

fn line(line: &ReceiptLine) -> impl IntoView + use<> {
    let period = if line.from == line.to { line.from.to_string() } else { format!("{} 至 {}", line.from, line.to) };
    view! {
        <tr>
            <td><a class="link link-hover" href=format!("/billing/bills/{}", line.bill_id)>{told(line.fee_item)}</a></td>
            <td class="tabular-nums">{period}</td>
            <td class="figures">{line.principal.to_string()}</td>
            <td class="figures">{line.late_fee.to_string()}</td>
            <td class="figures">{(line.principal + line.late_fee).to_string()}</td>
        </tr>
    }
}
