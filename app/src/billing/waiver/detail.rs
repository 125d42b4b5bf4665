//! A waiver: its bills, and what is decided about it.

use super::api::{waiver_decide, waiver_get, waiver_withdraw};
use crate::{
    billing::{notes_panel, table_panel},
    ui::{
        PageHead,
        changing::awaited,
        deed::{Verdict, verdict, withdrawal},
        detail::{field_group, use_id},
        label::told,
        print_button,
        resource::resource,
    },
};
use domain::billing::waiver::{WAIVER_LIST, WaivedBill, WaiverRecord, WaiverRow, waiver_fields};
use leptos::prelude::*;

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), waiver_get);
    let again = Callback::new(move |()| record.refetch());
    view! {
        <main class="page">
            {awaited(record, move |record| page(&record, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(record: &WaiverRecord, again: Callback<()>) -> impl IntoView + use<> {
    let row = &record.row;
    view! {
        <PageHead title=format!("{} {}", row.kind, row.waiver_no) back=(WAIVER_LIST.path.to_owned(), WAIVER_LIST.noun.to_owned())>
            {print_button()}
        </PageHead>
        {record.for_leader.then(|| view! { <p role="status" class="alert alert-warning alert-soft">"金额超过核销限额，须由市领导审批。"</p> })}
        {deeds(row, again)}
        {field_group("减免信息", waiver_fields(row))}
        {bills_view(&record.bills)}
        {notes_panel(&record.history)}
    }
}

fn bills_view(bills: &[WaivedBill]) -> AnyView {
    let head = view! {
        <th scope="col">"账单号"</th><th scope="col">"费项"</th><th scope="col" class="desk-only">"账期"</th>
        <th scope="col" class="desk-only">"到期日"</th><th scope="col" class="figures">"本金(元)"</th><th scope="col" class="figures">"滞纳金(元)"</th>
    }
    .into_any();
    let rows = bills
        .iter()
        .map(|bill| {
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=format!("/billing/bills/{}", bill.id)>{bill.bill_no.clone()}</a></td>
                    <td>{told(bill.fee_item)}</td>
                    <td class="whitespace-nowrap tabular-nums desk-only">{format!("{} 至 {}", bill.from, bill.to)}</td>
                    <td class="whitespace-nowrap tabular-nums desk-only">{bill.due_on.to_string()}</td>
                    <td class="figures">{bill.principal.to_string()}</td>
                    <td class="figures">{bill.late_fee.to_string()}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    table_panel("涉及账单", head, rows, "没有账单")
}

/// What the reader may do about it now.
fn deeds(row: &WaiverRow, again: Callback<()>) -> AnyView {
    let (id, version) = (row.id, row.version);
    const VERDICT: Verdict = Verdict::plain(
        "同意后所列账单的未缴金额不再收取，并记入总账，不能撤销。确定同意吗？",
        "驳回后账单仍须缴纳。请填写原因。",
    );
    let decisions = move || verdict(VERDICT, move |agreed, opinion| waiver_decide(id, version, agreed, opinion), again);
    let withdraw = move || withdrawal("撤回后可重新申请。确定撤回吗？", move || waiver_withdraw(id, version), again);
    view! {
        <div class="deed-row">
            {row.decidable.then(decisions)}
            {row.withdrawable.then(withdraw)}
        </div>
    }
    .into_any()
}
