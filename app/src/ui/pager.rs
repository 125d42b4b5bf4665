//! Below a list: how many rows there are, how many one sees, and the way to the others.

use super::{list::CellPage, visit::use_visit};
use domain::{
    list::{ListQuery, PAGE_SIZES, Position},
    sheet::ListSpec,
};
use leptos::prelude::*;

/// The pager below a list's rows.
pub(super) fn pager(spec: &ListSpec, query: &ListQuery, page: &CellPage) -> impl IntoView + use<> {
    let href = |position: &Position| format!("{}{}", spec.path, query.at(position.clone()).to_search());
    let step = |position: Option<&Position>, label: &'static str| match position {
        Some(position) => view! { <a class="join-item btn btn-sm" href=href(position)>{label}</a> }.into_any(),
        None => {
            view! { <span class="join-item btn btn-sm btn-disabled" aria-disabled="true">{label}</span> }.into_any()
        }
    };
    let place = match &query.at {
        Position::Page(number) => format!("第 {number} 页"),
        Position::Last => "末页".to_owned(),
        _ => "按值定位".to_owned(),
    };
    let sizes = PAGE_SIZES
        .iter()
        .map(|size| {
            let other = ListQuery { size: *size, at: Position::Page(1), ..query.clone() };
            let current = *size == query.size;
            view! { <a class="link link-hover px-1" class=("font-semibold", current) aria-current=current.then_some("true") href=format!("{}{}", spec.path, other.to_search())>{size.to_string()}</a> }
        })
        .collect_view();
    let first = (!matches!(query.at, Position::Page(1))).then_some(Position::Page(1));
    let last = (spec.jumps && page.next.is_some()).then_some(Position::Last);
    view! {
        <div class="pager">
            <span class="pager-total">{page.total_label()}</span>
            <span class="pager-sizes">"每页"{sizes}"条"</span>
            {spec.jumps.then(|| jump_form(spec, query))}
            <nav class="join" aria-label="分页">
                {step(first.as_ref(), "首页")}
                {step(page.previous.as_ref(), "上一页")}
                <span class="join-item btn btn-sm pager-place">{place}</span>
                {step(page.next.as_ref(), "下一页")}
                {spec.jumps.then(|| step(last.as_ref(), "末页"))}
            </nav>
        </div>
    }
}

/// Jump by value: to a code, or to a day when the list is sorted by time.
fn jump_form(spec: &ListSpec, query: &ListQuery) -> impl IntoView + use<> {
    let visit = use_visit();
    let by_time = query.sort == "updated_at";
    let hidden = query
        .at(Position::Page(1))
        .to_params()
        .into_iter()
        .map(|(key, value)| view! { <input type="hidden" name=key value=value /> })
        .collect_view();
    let kind = if by_time { "date" } else { "text" };
    let label = if by_time { "定位到日期" } else { "定位到编码" };
    view! {
        <form method="get" action=spec.path class="pager-jump" on:submit=visit>
            {hidden}
            <label><span class="sr-only">{label}</span><input class="input input-sm w-36" type=kind name="from" placeholder=label required /></label>
            <button type="submit" class="btn btn-sm">"定位"</button>
        </form>
    }
}
