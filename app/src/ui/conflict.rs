//! Two versions of a record, when somebody else saved first.

use super::table::time_text;
use chrono::{DateTime, Utc};
use leptos::prelude::*;

/// What differs in one field.
pub(super) struct Difference {
    pub label: &'static str,
    pub mine: String,
    pub theirs: String,
}

/// Both versions beside each other, and the two ways on.
pub(super) fn conflict_view(
    differences: Vec<Difference>,
    at: DateTime<Utc>,
    by: Option<String>,
    keep: Box<dyn Fn() + Send + Sync>,
    take: Box<dyn Fn() + Send + Sync>,
) -> AnyView {
    let heading = NodeRef::<leptos::html::H2>::new();
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    let who = by.unwrap_or_else(|| "他人".to_owned());
    let same = differences.is_empty();
    let shown = |text: String| if text.is_empty() { "（空）".to_owned() } else { text };
    let rows = differences
        .into_iter()
        .map(|Difference { label, mine, theirs }| {
            view! { <tr><th scope="row">{label}</th><td>{shown(mine)}</td><td>{shown(theirs)}</td></tr> }
        })
        .collect_view();
    view! {
        <section class="panel conflict" role="alert" aria-labelledby="conflict-title">
            <h2 id="conflict-title" node_ref=heading tabindex="-1">"记录已被他人修改"</h2>
            <p>{format!("{who}于{}保存了该记录。", time_text(at))}{if same { "内容与您填写的相同。" } else { "以下内容与您填写的不同，请选择保留哪一份：" }}</p>
            {(!same).then(|| view! {
                <div class="table-scroll" tabindex="0" role="region" aria-label="两份内容的差异">
                    <table class="table table-sm">
                        <thead><tr><th scope="col">"项目"</th><th scope="col">"我填写的"</th><th scope="col">"现在的"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            })}
            <div class="form-buttons">
                <button type="button" class="btn btn-primary btn-sm" on:click=move |_| keep()>"保存我填写的"</button>
                <button type="button" class="btn btn-outline btn-sm" on:click=move |_| take()>"采用现在的内容"</button>
            </div>
        </section>
    }
    .into_any()
}
