//! 手机支付 (S4-1.21): one order with what happened to it; the pool of money that is not what an order asked for, and one of it with
//! what can be decided.

use super::{
    api::{pay_odd_decide, pay_odd_get, pay_odd_list, pay_odd_propose, pay_order_get},
    notes_panel,
};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::awaited,
        deed::{Deed, deed},
        detail::{field_group, use_id},
        list::{ListActions, ListFrame, framed_list_page},
        resource::resource,
    },
};
use domain::{
    billing::{
        pay_odd::{PAY_ODD_LIST, PayOddOutcome, PayOddReason, PayOddRow},
        pay_order_sheet::PAY_ORDER_LIST,
        reconciliation::RECONCILIATION_LIST,
    },
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

/// The lists of what came by telephone, each a step from the others, and the days on which the companies' bills were held against it.
pub(super) fn tabs(here: &'static str) -> AnyView {
    let tab = |href: &'static str, label: &'static str| {
        let current = (href == here).then_some("page");
        view! { <a class="btn btn-sm btn-ghost" class:btn-active=current.is_some() href=href aria-current=current>{label}</a> }
    };
    view! {
        <nav class="deed-row" aria-label="手机支付">
            {tab(PAY_ORDER_LIST.path, PAY_ORDER_LIST.noun)}
            {tab(PAY_ODD_LIST.path, PAY_ODD_LIST.noun)}
            {tab(RECONCILIATION_LIST.path, "渠道对账")}
        </nav>
    }
    .into_any()
}

pub(super) fn order_view() -> AnyView {
    let id = use_id();
    let order = resource(move || id.get(), pay_order_get);
    view! {
        <main class="page">
            {awaited(order, |order| {
                view! {
                    <PageHead title=format!("支付订单 {}", order.row.order_no) back=(PAY_ORDER_LIST.path.to_owned(), PAY_ORDER_LIST.noun.to_owned()) />
                    {field_group("订单信息", PAY_ORDER_LIST.fields(&order.row))}
                    {notes_panel(&order.notes)}
                }
                .into_any()
            })}
        </main>
    }
    .into_any()
}

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("待核实到账"),
        empty: Some("没有待核实的到账，订单与支付渠道一致"),
        tabs: Some(|| tabs(PAY_ODD_LIST.path)),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
    framed_list_page(&PAY_ODD_LIST, frame, actions, pay_odd_list)
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let odd = resource(move || id.get(), pay_odd_get);
    let again = Callback::new(move |()| odd.refetch());
    view! {
        <main class="page">
            {awaited(odd, move |odd| page(&odd, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(odd: &PayOddRow, again: Callback<()>) -> impl IntoView + use<> {
    let proposals = odd.proposable.then(|| proposals(odd, again));
    let decisions = odd.decidable.then(|| decisions(odd, again));
    let mut fields = PAY_ODD_LIST.fields(odd);
    fields.push(("处理时间", cell_or_empty(odd.made_at, Cell::Time)));
    fields.push(("复核时间", cell_or_empty(odd.checked_at, Cell::Time)));
    view! {
        <PageHead title=format!("待核实到账 {}", odd.reason) back=(PAY_ODD_LIST.path.to_owned(), PAY_ODD_LIST.noun.to_owned()) />
        <div class="deed-row">{proposals} {decisions}</div>
        {field_group("到账信息", fields)}
    }
}

/// What may become of it. Where no order of ours says whose the money is, the account is asked for.
fn proposals(odd: &PayOddRow, again: Callback<()>) -> impl IntoView + use<> {
    let (id, version, known) = (odd.id, odd.version, odd.reason != PayOddReason::Unknown);
    let proposal = |(nth, outcome): (usize, &PayOddOutcome)| {
        let outcome = *outcome;
        let question = match outcome {
            PayOddOutcome::Balance => "该笔款项经复核后转入租户账户余额，并开具收据。",
            PayOddOutcome::Returned => "款项已在支付渠道的商户平台原路退回，系统不入账。请填写退款单号及核对情况。",
            PayOddOutcome::Noted => "已与支付渠道核对清楚，系统账目无需变动。请填写核对情况。",
        };
        let by_account = outcome == PayOddOutcome::Balance && !known;
        let offered = Deed {
            label: outcome.label(),
            class: if nth == 0 { "btn btn-primary btn-sm" } else { "btn btn-outline btn-sm" },
            question,
            word: Some(if by_account { ("account_no", "转入账户号") } else { ("opinion", "处理说明") }),
        };
        deed(
            offered,
            move |word| {
                let (account_no, opinion) = if by_account { (word, String::new()) } else { (String::new(), word) };
                pay_odd_propose(id, version, outcome, account_no, opinion)
            },
            move |()| again.run(()),
        )
    };
    odd.reason.outcomes(odd.entered).iter().enumerate().map(proposal).collect_view()
}

fn decisions(odd: &PayOddRow, again: Callback<()>) -> impl IntoView + use<> {
    let (id, version) = (odd.id, odd.version);
    let agree = Deed {
        label: "复核通过",
        class: "btn btn-primary btn-sm",
        question: "请与支付渠道账单核对交易流水号和金额后复核。转入余额的将立即入账。",
        word: Some(("opinion", "复核意见")),
    };
    let refuse = Deed {
        label: "退回",
        class: "btn btn-outline btn-error btn-sm",
        question: "退回后由经办人重新处理。",
        word: Some(("opinion", "退回原因")),
    };
    view! {
        {deed(agree, move |opinion| pay_odd_decide(id, version, true, opinion), move |()| again.run(()))}
        {deed(refuse, move |opinion| pay_odd_decide(id, version, false, opinion), move |()| again.run(()))}
    }
}
