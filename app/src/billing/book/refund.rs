//! 退费 (S0-11): the list, and a refund with what is decided about it.

use super::api::{refund_decide, refund_get, refund_list, refund_pay};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Verdict, verdict},
        detail::{field_group, text_cell, use_id},
        list::{ListActions, ListFrame, framed_list_page},
        resource::resource,
    },
};
use domain::{
    billing::refund::{REFUND_LIST, RefundRow, RefundStatus},
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("退费"), empty: Some("暂无退费，可在租金账户中申请"), ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
    framed_list_page(&REFUND_LIST, frame, actions, refund_list)
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let refund = resource(move || id.get(), refund_get);
    let again = Callback::new(move |()| refund.refetch());
    view! {
        <main class="page">
            {awaited(refund, move |refund| page(&refund, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(refund: &RefundRow, again: Callback<()>) -> impl IntoView + use<> {
    let mut fields = REFUND_LIST.fields(refund);
    fields.extend([
        (
            "退款账单",
            cell_or_empty(refund.bill.as_ref(), |(id, number)| Cell::link(number, format!("/billing/bills/{id}"))),
        ),
        ("退费原因", Cell::text(&refund.reason)),
        ("开户行", Cell::text(&refund.bank_name)),
        ("户名", Cell::text(&refund.bank_holder)),
        ("审批人", text_cell(refund.checker.as_ref())),
        ("审批意见", text_cell(refund.opinion.as_ref())),
        (
            if refund.status == RefundStatus::Failed { "失败原因" } else { "银行流水号" },
            text_cell(refund.bank_serial.as_ref()),
        ),
    ]);
    let account = format!("/billing/accounts/{}", refund.account_id);
    view! {
        <PageHead title=format!("退费 {}", refund.lessee) back=(REFUND_LIST.path.to_owned(), REFUND_LIST.noun.to_owned())>
            <a class="btn btn-outline btn-sm" href=account>"账户"</a>
        </PageHead>
        {deeds(refund, again)}
        {field_group("退费信息", fields)}
    }
}

/// What the reader may do about it now.
fn deeds(refund: &RefundRow, again: Callback<()>) -> AnyView {
    let (id, version) = (refund.id, refund.version);
    const VERDICT: Verdict = Verdict::plain("同意后由出纳办理付款。确定同意吗？", "驳回后款项留在账户中。请填写原因。");
    const PAID: Verdict = Verdict {
        agree: ("登记已付", "银行已付款后登记，款项从账户中扣除。"),
        refuse: ("登记失败", "付款失败时登记，款项留在账户中。"),
        words: ("银行流水号", "失败原因"),
    };
    let decidable = refund.decidable;
    let payable = refund.status == RefundStatus::Approved;
    let decisions = move || verdict(VERDICT, move |agreed, opinion| refund_decide(id, version, agreed, opinion), again);
    let payments = move || verdict(PAID, move |paid, words| refund_pay(id, version, paid, words), again);
    view! {
        <div class="deed-row">
            {decidable.then(decisions)}
            {changing(move || (payable && may(Permission::RefundWrite)).then(payments))}
        </div>
    }
    .into_any()
}
