//! To whom a home is let, on its page and in the drawer beside a board.

use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        changing::changing, detail::field_group, error_view, label::told, loading_view, resource::resource,
        table::cell_view,
    },
};
use domain::{id::UnitId, platform::permission::Permission, sheet::Cell, tenancy::lease::UnitLease};
use leptos::prelude::*;

/// The contract of a home.
#[server(endpoint = "unit_lease_get", protocol = Api)]
pub async fn unit_lease_get(id: UnitId) -> Result<Option<UnitLease>, ApiError> {
    Ok(store::tenancy::lease::unit_lease(&crate::context::ctx()?, id).await?)
}

/// On the page of a home; whoever may not know contracts sees nothing of it.
pub fn lease_panel(unit: Signal<i64>) -> AnyView {
    drawn(unit, |lease| field_group("配租信息", facts(lease)).into_any())
}

/// The same in few lines, beside a board.
pub fn lease_facts(unit: i64) -> AnyView {
    drawn(Signal::stored(unit), |lease| {
        let facts = facts(lease)
            .into_iter()
            .map(|(label, cell)| view! { <div class="detail-field"><dt>{label}</dt><dd>{cell_view(cell)}</dd></div> })
            .collect_view();
        view! { <h3 class="font-semibold mt-2">"配租信息"</h3><dl class="detail-list">{facts}</dl> }.into_any()
    })
}

fn drawn(unit: Signal<i64>, draw: fn(&UnitLease) -> AnyView) -> AnyView {
    let load = |(unit, allowed): (i64, bool)| async move {
        if allowed { unit_lease_get(UnitId(unit)).await } else { Ok(None) }
    };
    let found = resource(move || (unit.get(), may(Permission::ContractRead)), load);
    view! {
        <Transition fallback=loading_view>
            {changing(move || Suspend::new(async move {
                match found.await {
                    Ok(Some(lease)) => draw(&lease),
                    Ok(None) => ().into_any(),
                    Err(error) => error_view(&error),
                }
            }))}
        </Transition>
    }
    .into_any()
}

fn facts(lease: &UnitLease) -> Vec<(&'static str, Cell)> {
    let number = lease.contract_no.as_deref().unwrap_or("（待编号）");
    let mut facts = vec![
        ("承租人", Cell::text(&lease.lessee)),
        ("合同", Cell::link(number, format!("/tenancy/contracts/{}", lease.contract))),
        ("合同状态", Cell::Text(told(lease.status))),
        ("租期", Cell::Text(format!("{} 至 {}", lease.start_on, lease.end_on))),
        ("月租金", Cell::Text(format!("{} 元", lease.rent))),
    ];
    if let Some(books) = &lease.books {
        facts.push(("租金账户", Cell::link(books.text(), format!("/billing/accounts/{}", books.account))));
    }
    facts
}
