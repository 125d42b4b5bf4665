//! 费用明细 of a contract: the bills of its whole term, computed from the terms and not yet receivable; those of the rent, and beside
//! them those of the property fee (S4-1.2.1).

use crate::ui::empty_view;
use domain::{billing::plan::PlannedBill, tenancy::contract::Contract, value::Money};
use leptos::prelude::*;

/// The tables; a contract without a property fee has one.
pub(super) fn plan_view(contract: &Contract) -> AnyView {
    let fees = (!contract.property_plan.is_empty()).then(|| property_plan(&contract.property_plan));
    view! { {rent_plan(contract)}{fees} }.into_any()
}

fn rent_plan(contract: &Contract) -> AnyView {
    if contract.plan.is_empty() {
        return view! { <section class="panel"><h2>"费用明细"</h2>{empty_view("租期内没有应缴的账期")}</section> }
            .into_any();
    }
    let rows = contract
        .plan
        .iter()
        .enumerate()
        .map(|(place, bill)| {
            let (amount, reduction) = (bill.amount(), bill.reduction());
            view! {
                <tr>
                    <td class="figures desk-only">{place + 1}</td>
                    <td class="whitespace-nowrap tabular-nums">{bill.from.to_string()}</td>
                    <td class="whitespace-nowrap tabular-nums">{bill.to.to_string()}</td>
                    <td class="whitespace-nowrap tabular-nums desk-only">{bill.due_on.to_string()}</td>
                    <td class="figures desk-only">{(amount + reduction).to_string()}</td>
                    <td class="figures desk-only">{reduction.to_string()}</td>
                    <td class="figures">{amount.to_string()}</td>
                </tr>
            }
        })
        .collect_view();
    let total = sum(&contract.plan);
    view! {
        <section class="panel">
            <h2>"费用明细"</h2>
            <p class="form-note">{format!("按合同条款计算，共{}期，租金合计{total}元；押金{}元在合同生效时另行收取。", contract.plan.len(), contract.deposit)}</p>
            <div class="table-scroll" tabindex="0" role="region" aria-label="费用明细">
                <table class="table table-sm data-table">
                    <thead><tr>
                        <th scope="col" class="figures desk-only">"期次"</th><th scope="col">"账期起"</th><th scope="col">"账期止"</th>
                        <th scope="col" class="desk-only">"应缴日"</th><th scope="col" class="figures desk-only">"应收租金(元)"</th>
                        <th scope="col" class="figures desk-only">"核减(元)"</th><th scope="col" class="figures">"应缴(元)"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn property_plan(plan: &[PlannedBill]) -> AnyView {
    let rows = plan
        .iter()
        .enumerate()
        .map(|(place, bill)| {
            view! {
                <tr>
                    <td class="figures desk-only">{place + 1}</td>
                    <td class="whitespace-nowrap tabular-nums">{bill.from.to_string()}</td>
                    <td class="whitespace-nowrap tabular-nums">{bill.to.to_string()}</td>
                    <td class="whitespace-nowrap tabular-nums desk-only">{bill.due_on.to_string()}</td>
                    <td class="figures">{bill.amount().to_string()}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel">
            <h2>"物业费明细"</h2>
            <p class="form-note">{format!("账期和缴费日与租金相同，共{}期，物业费合计{}元；免租期内照收，不享受租金核减。", plan.len(), sum(plan))}</p>
            <div class="table-scroll" tabindex="0" role="region" aria-label="物业费明细">
                <table class="table table-sm data-table">
                    <thead><tr>
                        <th scope="col" class="figures desk-only">"期次"</th><th scope="col">"账期起"</th><th scope="col">"账期止"</th>
                        <th scope="col" class="desk-only">"应缴日"</th><th scope="col" class="figures">"应缴(元)"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn sum(plan: &[PlannedBill]) -> Money {
    plan.iter().map(PlannedBill::amount).sum()
}
