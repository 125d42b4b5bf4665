//! What was depreciated of a card, month by month.

use super::api::depreciation_lines;
use crate::ui::{changing::changing, empty_view, error_view, loading_view, resource::resource, table::time_text};
use domain::{
    housing::asset_depreciation::DepreciationLine,
    id::{AssetMasterId, AssetSubId},
};
use leptos::prelude::*;

/// The months of a card with their running sum.
pub(super) fn lines_view(master: AssetMasterId, sub: Option<AssetSubId>, note: String) -> AnyView {
    let lines = resource(|| (), move |()| depreciation_lines(master, sub));
    view! {
        <section class="panel">
            <h2>"折旧明细"</h2>
            <p>{note}</p>
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match lines.await {
                        Ok(lines) if lines.is_empty() => empty_view("尚未计提折旧"),
                        Ok(lines) => table(lines).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </section>
    }
    .into_any()
}

fn table(lines: Vec<DepreciationLine>) -> impl IntoView {
    let rows = lines
        .into_iter()
        .map(|line| {
            view! {
                <tr>
                    <td class="tabular-nums">{line.period.to_string()}</td>
                    <td>{if line.counter { "冲回" } else { "计提" }}</td>
                    <td class="figures">{line.amount.to_string()}</td>
                    <td class="whitespace-nowrap tabular-nums desk-only">{time_text(line.at)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="折旧明细">
            <table class="table table-sm data-table">
                <thead><tr><th scope="col">"会计期间"</th><th scope="col">"类型"</th><th scope="col" class="figures">"折旧额(元)"</th><th scope="col" class="desk-only">"办理时间"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
