//! Both households of a swap (调换): the old home beside the new one, the rents and the first bill.

use crate::ui::table::cell_view;
use domain::tenancy::{
    change::{ChangeKind, ChangeStatus, ContractChange},
    swap::{SWAP_ELSEWHERE, SwapSide, swap_fields, swap_lines},
};
use leptos::prelude::*;

/// The households one beside the other; on a narrow screen one below the other.
pub(super) fn swap_view(sides: &[SwapSide]) -> AnyView {
    let shown = sides.iter().map(side_view).collect_view();
    view! { <div class="grid gap-4 lg:grid-cols-2">{shown}</div> }.into_any()
}

fn side_view(side: &SwapSide) -> AnyView {
    let lines = swap_lines(side)
        .into_iter()
        .map(|(label, before, after)| {
            view! { <tr><th scope="row">{label}</th><td>{cell_view(before)}</td><td><strong>{cell_view(after)}</strong></td></tr> }
        })
        .collect_view();
    let fields = swap_fields(side)
        .into_iter()
        .map(|(label, cell)| view! { <div class="detail-field"><dt>{label}</dt><dd>{cell_view(cell)}</dd></div> })
        .collect_view();
    let name = format!("{}调换前后", side.lessee);
    let title = match &side.change {
        Some((_, number)) => format!("{}（{number}）", side.lessee),
        None => side.lessee.clone(),
    };
    view! {
        <section class="panel min-w-0">
            <h2>{title}</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label=name>
                <table class="table table-sm data-table">
                    <thead><tr><th scope="col">"项目"</th><th scope="col">"调换前"</th><th scope="col">"调换后"</th></tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
            <dl class="detail-grid mt-4">{fields}</dl>
        </section>
    }
    .into_any()
}

/// What the two households and the operator do once it holds; and who sees one of the two homes only is told so.
pub(super) fn swap_waiting(record: &ContractChange) -> Option<AnyView> {
    if record.row.kind == ChangeKind::Swap && record.swap.is_empty() {
        return Some(view! { <p role="status" class="alert alert-warning alert-soft">{SWAP_ELSEWHERE}</p> }.into_any());
    }
    let holds = record.row.status == ChangeStatus::Effective && !record.swap.is_empty();
    holds.then(|| {
        view! {
            <p role="status" class="alert alert-info alert-soft">
                <span>"合同已调换，请为两套住房分别"<a class="link" href="/tenancy/hand-overs?state=WAITING">"办理交房"</a>
                "：登记钥匙、表具读数和入住房间，此前的用量计入原住户。"</span>
            </p>
        }
        .into_any()
    })
}

/// On paper both lessees and the lessor sign.
pub(super) fn swap_signatures(record: &ContractChange) -> Option<AnyView> {
    let agreed = matches!(record.row.status, ChangeStatus::Approved | ChangeStatus::Effective);
    let numbers = record.swap.iter().map(|side| side.contract_no.clone()).collect::<Vec<_>>().join("、");
    agreed.then(|| {
        let lessees = record
            .swap
            .iter()
            .map(|side| view! { <span>{format!("承租人{}（签字）：＿＿＿＿＿＿", side.lessee)}</span> })
            .collect_view();
        view! {
            <section class="panel">
                <h2>"调换协议"</h2>
                <p>{format!(
                    "经出租方同意，合同{numbers}的承租人自{}起互换住房。租金按所住住房的核定租金计收，租期为各自合同的剩余租期，押金和账户余额随户结转，原住房未缴费用仍由原承租人缴纳。",
                    record.row.effective_on,
                )}</p>
                <p class="flex flex-wrap gap-x-8 gap-y-4 mt-4">
                    <span>"出租方（盖章）：＿＿＿＿＿＿＿＿"</span>
                    {lessees}
                    <span>"日期：＿＿＿＿＿＿"</span>
                </p>
            </section>
        }
        .into_any()
    })
}
