//! 与原合同的差异 (S1-5.6): what a contract says otherwise than the one that it follows.

use crate::ui::{empty_view, label::told};
use domain::tenancy::{contract::Contract, contract_difference::differences};
use leptos::prelude::*;

/// The table; nothing for a contract that follows none.
pub(super) fn difference_view(contract: &Contract) -> Option<AnyView> {
    let before = contract.before.as_ref()?;
    let found = differences(before, &contract.compared(), told);
    if found.is_empty() {
        let none = empty_view("各项条款与原合同相同");
        return Some(view! { <section class="panel"><h2>"与原合同的差异"</h2>{none}</section> }.into_any());
    }
    let rows = found
        .into_iter()
        .map(|one| view! { <tr><th scope="row">{one.label}</th><td>{one.before}</td><td>{one.now}</td></tr> })
        .collect_view();
    Some(
        view! {
            <section class="panel">
                <h2>"与原合同的差异"</h2>
                <div class="table-scroll" tabindex="0" role="region" aria-label="与原合同的差异">
                    <table class="table table-sm">
                        <thead><tr><th scope="col">"项目"</th><th scope="col">"原合同"</th><th scope="col">"本合同"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        }
        .into_any(),
    )
}
