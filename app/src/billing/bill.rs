//! The page of a bill: 应收、核减、实际应缴, what was paid of it, its transfers down to the subjects, and its timeline.

use super::{
    api::{bill_get, bill_refund, bill_reverse},
    figure, table_panel,
};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, text_cell, use_id},
        empty_view,
        label::told,
        print_button,
        resource::resource,
        table::time_text,
    },
};
use domain::{
    billing::{
        bill::{BILL_LIST, Bill},
        bill_form::TakeBack,
        bill_status::BillEvent,
    },
    dictionary::FeeItem,
    id::BillId,
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
    value::Money,
};
use leptos::prelude::*;

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let bill = resource(move || id.get(), |id| bill_get(BillId(id)));
    let again = Callback::new(move |()| bill.refetch());
    view! {
        <main class="page">
            {awaited(bill, move |bill| page(&bill, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(bill: &Bill, again: Callback<()>) -> impl IntoView + use<> {
    view! {
        {head(bill)}
        {deeds(bill, again)}
        {figures(bill)}
        {fields(bill)}
        {lines(bill)}
        {shares(bill)}
        {entries(bill)}
        {history(bill)}
    }
}

fn head(bill: &Bill) -> impl IntoView + use<> {
    let (id, account) = (bill.row.id, bill.row.account_id);
    // A counter-bill says what it takes back, and nothing of its own.
    let editable = bill.row.amount >= Money::ZERO;
    let open = bill.row.status.is_unpaid();
    view! {
        <PageHead title=format!("账单 {}", bill.row.bill_no) back=(BILL_LIST.path.to_owned(), BILL_LIST.noun.to_owned())>
            {print_button()}
            {changing(move || if open && may(Permission::PaymentTake) {
                view! { <a class="btn btn-primary btn-sm" href=format!("/billing/accounts/{account}")>"缴费"</a> }.into_any()
            } else {
                view! { <a class="btn btn-outline btn-sm" href=format!("/billing/accounts/{account}")>"账户"</a> }.into_any()
            })}
            {changing(move || (editable && may(Permission::BillWrite)).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("{}/{id}/edit", BILL_LIST.path)>"编辑"</a>
            }))}
            {changing(move || (open && may(Permission::WaiverWrite)).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/billing/accounts/{account}/waive")>"申请减免核销"</a>
            }))}
        </PageHead>
    }
}

/// 作废 and 冲销 (L10, L11); of one that was paid in part neither, before the money is given back. 退款 (L9) of one that was paid.
fn deeds(bill: &Bill, again: Callback<()>) -> AnyView {
    let (id, version) = (bill.row.id, bill.version);
    let counter = bill.row.amount < Money::ZERO;
    let open = |how: TakeBack| !counter && bill.row.paid == Money::ZERO && bill.row.status.next(how.event()).is_ok();
    let (voidable, reversible) = (open(TakeBack::Void), open(TakeBack::Reverse));
    let back = move |how: TakeBack, label, question, word| {
        deed(
            Deed { label, class: "btn btn-outline btn-error btn-sm", question, word: Some(("opinion", word)) },
            move |reason| bill_reverse(id, version, how, reason),
            move |()| again.run(()),
        )
    };
    let buttons = move || {
        view! {
            {voidable.then(|| back(TakeBack::Void, "作废", "误生成的账单作废后不再应缴，并生成红字账单。确定作废吗？", "作废原因"))}
            {reversible.then(|| back(TakeBack::Reverse, "冲销", "冲销后生成等额红字账单，更正后的账单须重新生成或新增。确定冲销吗？", "冲销原因"))}
        }
    };
    // L9: what was paid goes back, as a refund that another agrees to.
    let refundable = !counter
        && bill.row.paid > Money::ZERO
        && bill.row.fee_item != FeeItem::Deposit
        && bill.row.status.next(BillEvent::RequestRefund).is_ok();
    let refund = move || {
        deed(
            Deed {
                label: "申请退款",
                class: "btn btn-outline btn-error btn-sm",
                question: "误收的账单全额退款，经财务负责人审批、付款后账单为已退款，原账单和收据保留。确定申请吗？",
                word: Some(("opinion", "退款原因")),
            },
            move |reason| bill_refund(id, version, reason),
            move |_: i64| again.run(()),
        )
    };
    view! {
        <div class="deed-row">
            {changing(move || may(Permission::BillWrite).then(buttons))}
            {changing(move || (refundable && may(Permission::RefundWrite)).then(refund))}
        </div>
    }
    .into_any()
}

fn figures(bill: &Bill) -> impl IntoView + use<> {
    let row = &bill.row;
    let full = row.amount + bill.reduction;
    view! {
        <section class="panel" aria-label="金额">
            <div class="figure-row">
                {figure("状态", told(row.status))}
                {figure("应收(元)", full.to_string())}
                {figure("核减(元)", (-bill.reduction).to_string())}
                {figure("实际应缴(元)", row.amount.to_string())}
                {figure("滞纳金(元)", row.late_fee.to_string())}
                {figure("已收(元)", row.paid.to_string())}
                {figure("未收(元)", row.outstanding.to_string())}
            </div>
        </section>
    }
}

fn fields(bill: &Bill) -> impl IntoView + use<> {
    let row = &bill.row;
    let reversal = cell_or_empty(bill.reversal, |other| {
        let text = if row.amount < Money::ZERO { "查看原账单" } else { "查看红字账单" };
        Cell::link(text, format!("{}/{other}", BILL_LIST.path))
    });
    let mut fields: Vec<_> = BILL_LIST
        .fields(row)
        .into_iter()
        // Said above.
        .filter(|(label, _)| !matches!(*label, "应收(元)" | "滞纳金(元)" | "已收(元)" | "未收(元)" | "状态"))
        .collect();
    fields.extend([
        ("账单类型", Cell::coded(row.kind)),
        ("转应收时间", Cell::Time(bill.posted_at)),
        ("操作人", text_cell(bill.posted_by.as_ref())),
        ("红冲", reversal),
        ("备注", text_cell(bill.remark.as_ref())),
    ]);
    field_group("账单信息", fields)
}

fn lines(bill: &Bill) -> AnyView {
    let rows = bill
        .lines
        .iter()
        .map(|line| {
            let period = line.from.zip(line.to).map(|(from, to)| format!("{from} 至 {to}"));
            view! {
                <tr>
                    <td>{told(line.fee_item)}</td>
                    <td class="whitespace-nowrap tabular-nums desk-only">{period}</td>
                    <td class="figures desk-only">{line.days}</td>
                    <td>{line.formula.clone()}</td>
                    <td class="figures">{line.amount.to_string()}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let head = view! {
        <th scope="col">"费项"</th><th scope="col" class="desk-only">"账期"</th><th scope="col" class="figures desk-only">"天数"</th>
        <th scope="col">"计算依据"</th><th scope="col" class="figures">"金额(元)"</th>
    };
    table_panel("费用明细", head.into_any(), rows, "没有费用明细")
}

fn shares(bill: &Bill) -> AnyView {
    let rows = bill
        .shares
        .iter()
        .map(|share| {
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=format!("/billing/payments/{}", share.payment_id)>{share.receipt_no.clone()}</a></td>
                    <td class="whitespace-nowrap tabular-nums desk-only">{time_text(share.paid_at)}</td>
                    <td class="figures">{share.principal.to_string()}</td>
                    <td class="figures">{share.late_fee.to_string()}</td>
                    <td>{if share.void { "作废" } else { "正常" }}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let head = view! {
        <th scope="col">"收据号"</th><th scope="col" class="desk-only">"缴费时间"</th><th scope="col" class="figures">"本金(元)"</th>
        <th scope="col" class="figures">"滞纳金(元)"</th><th scope="col">"状态"</th>
    };
    table_panel("缴费记录", head.into_any(), rows, "尚未缴费")
}

fn entries(bill: &Bill) -> AnyView {
    let rows = bill
        .entries
        .iter()
        .map(|entry| {
            view! {
                <tr>
                    <td class="whitespace-nowrap tabular-nums">{entry.booked_on.to_string()}</td>
                    <td>{entry.debit.label()}</td>
                    <td>{entry.credit.label()}</td>
                    <td class="desk-only">{told(entry.fee_item)}</td>
                    <td class="figures">{entry.amount.to_string()}</td>
                    <td class="desk-only">{entry.reason.clone()}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let head = view! {
        <th scope="col">"记账日期"</th><th scope="col">"借方科目"</th><th scope="col">"贷方科目"</th>
        <th scope="col" class="desk-only">"费项"</th><th scope="col" class="figures">"金额(元)"</th><th scope="col" class="desk-only">"摘要"</th>
    };
    table_panel("账目", head.into_any(), rows, "没有账目，押金在缴纳时入账")
}

fn history(bill: &Bill) -> AnyView {
    if bill.history.is_empty() {
        return view! { <section class="panel"><h2>"办理记录"</h2>{empty_view("暂无办理记录")}</section> }.into_any();
    }
    let notes = bill
        .history
        .iter()
        .map(|note| {
            let amount = note.amount.map(|amount| format!(" {amount}元"));
            let who = note.actor.clone().unwrap_or_else(|| "系统".to_owned());
            view! {
                <li>
                    <p class="font-semibold">{note.event.clone()}{amount}</p>
                    <p>{who}" "<time>{time_text(note.at)}</time></p>
                    {note.reason.clone().map(|reason| view! { <p>"原因："{reason}</p> })}
                </li>
            }
        })
        .collect_view();
    view! { <section class="panel"><h2>"办理记录"</h2><ol class="timeline-list detail-list">{notes}</ol></section> }
        .into_any()
}
