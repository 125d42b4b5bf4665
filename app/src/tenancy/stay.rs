//! 到期处置 on the page of a contract: what was entered since it has expired, and what the reader decides about it.

use super::api::contract_stay_decide;
use crate::ui::{
    deed::{Verdict, verdict},
    label::told,
    table::time_text,
};
use domain::tenancy::{
    contract::Contract,
    stay::{Stay, StayKind},
};
use leptos::prelude::*;

/// What waits for the reader's approval.
pub(super) fn stay_deeds(contract: &Contract, again: Callback<()>) -> Option<AnyView> {
    const VERDICT: Verdict = Verdict {
        agree: ("同意到期处置", "同意后补计到期以来的账单，并按月计费至截止日期。"),
        refuse: ("驳回到期处置", "驳回后须重新申请，或办理续签、退租。"),
        words: ("意见（选填）", "驳回原因"),
    };
    const END: Verdict = Verdict {
        agree: ("同意提前终止", "同意后只计费至最后计费日期，其后的账单冲销，已收款转入账户余额。"),
        refuse: ("驳回提前终止", "驳回后仍按原截止日期计费。"),
        ..VERDICT
    };
    let stay = contract.stays.iter().find(|stay| stay.decidable)?;
    let (id, version) = (stay.id, stay.version);
    let asked = if stay.kind == StayKind::End { END } else { VERDICT };
    Some(verdict(asked, move |agreed, opinion| contract_stay_decide(id, version, agreed, opinion), again))
}

/// All of them, the last first; nothing where there are none.
pub(super) fn stays_view(contract: &Contract) -> Option<AnyView> {
    let rows = contract.stays.iter().map(row).collect_view();
    (!contract.stays.is_empty()).then(|| {
        view! {
            <section class="panel">
                <h2>"到期处置"</h2>
                <div class="table-scroll" tabindex="0" role="region" aria-label="到期处置">
                    <table class="table table-sm data-table">
                        <thead><tr>
                            <th scope="col">"方式"</th><th scope="col">"起止"</th><th scope="col" class="figures">"月租金(元)"</th>
                            <th scope="col">"异议送达"</th><th scope="col">"原因"</th><th scope="col">"状态"</th><th scope="col">"办理"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        }
        .into_any()
    })
}

fn row(stay: &Stay) -> impl IntoView + use<> {
    let served = stay.served.as_ref().map(|(day, way, number)| format!("{day} {} {number}", told(*way)));
    let made = format!("{} {}", stay.maker.as_deref().unwrap_or_default(), time_text(stay.made_at));
    let checker = stay.checker.as_deref().unwrap_or_default();
    let checked = stay.checked_at.map(|at| format!("；{checker} {}", time_text(at)));
    let opinion = stay.opinion.as_ref().map(|opinion| format!("：{opinion}"));
    // Of days that are taken back: up to which the others are charged.
    let (days, rent) = match stay.kind {
        StayKind::End => {
            (format!("计费至 {}（原截止 {}）", stay.from.pred_opt().unwrap_or(stay.from), stay.to), String::new())
        }
        StayKind::Relocation | StayKind::Market => {
            (format!("{} 至 {}", stay.from, stay.to), stay.market.unwrap_or(stay.rent).to_string())
        }
    };
    view! {
        <tr>
            <td>{told(stay.kind)}</td>
            <td class="tabular-nums">{days}</td>
            <td class="figures">{rent}</td>
            <td>{served}</td>
            <td>{stay.reason.clone()}</td>
            <td>{told(stay.status)}</td>
            <td>{made}{checked}{opinion}</td>
        </tr>
    }
}
