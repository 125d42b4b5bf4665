//! The history of a card: requests with their decisions, newest first; the open one can be decided there.

use super::api::asset_change_decide;
use crate::ui::label::told;
use crate::ui::{changing::changing, empty_view, error_view, field::bind, table::time_text};
use domain::{
    failure::FieldErrors,
    housing::asset_change::{AssetChange, AssetDecisionForm, ChangeState},
    id::AssetChangeId,
};
use leptos::prelude::*;

pub(super) fn changes_view(changes: &[AssetChange], again: Callback<()>) -> AnyView {
    if changes.is_empty() {
        return view! { <section class="panel"><h2>"变更记录"</h2>{empty_view("暂无登记、变更或处置事项")}</section> }
            .into_any();
    }
    let items = changes.iter().map(|change| item(change, again)).collect_view();
    view! { <section class="panel"><h2>"变更记录"</h2><ol class="timeline-list detail-list">{items}</ol></section> }
        .into_any()
}

fn item(change: &AssetChange, again: Callback<()>) -> impl IntoView + use<> {
    let what = change.sub.as_ref().map_or_else(|| "主卡片".to_owned(), |(_, number)| format!("子卡片 {number}"));
    let open = change.state == ChangeState::Pending;
    let line = |label: &'static str, text: Option<&String>| text.map(|text| view! { <p>{label}"："{text.clone()}</p> });
    let differences = change.differences().into_iter().map(|text| view! { <p>{text}</p> }).collect_view();
    let decided = change.checked_at.map(|at| {
        let checker = change.checker.clone().unwrap_or_default();
        view! { <p>{told(change.state)}"："{checker}" "<time>{time_text(at)}</time></p> }
    });
    view! {
        <li>
            <p class="font-semibold">{told(change.kind)}" · "{what}" · "{told(change.state)}</p>
            <p>"申请："{change.maker.clone().unwrap_or_default()}" "<time>{time_text(change.made_at)}</time></p>
            {differences}
            {line("原因", change.reason.as_ref())}
            {line("批准文号", change.document_no.as_ref())}
            {decided}
            {line("会计凭证号", change.voucher_no.as_ref())}
            {line("意见", change.opinion.as_ref())}
            {change.decidable.then(|| decision(change.id, again))}
            {(open && !change.decidable).then(|| view! { <p class="opacity-80">"等待其他审核人审核（不能审核本人提交或编辑的事项）"</p> })}
        </li>
    }
}

fn decision(id: AssetChangeId, again: Callback<()>) -> impl IntoView {
    let form = RwSignal::new(AssetDecisionForm::default());
    let errors = RwSignal::new(FieldErrors::default());
    let decide = Action::new(move |form: &AssetDecisionForm| asset_change_decide(id, form.clone()));
    Effect::new(move |_| match decide.value().get() {
        Some(Ok(())) => again.run(()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let run = move |approve: bool| {
        form.update(|form| form.approve = approve);
        match form.with_untracked(AssetDecisionForm::check) {
            Ok(_) => {
                errors.set(FieldErrors::default());
                decide.dispatch(form.get_untracked());
            }
            Err(found) => errors.set(found),
        }
    };
    let refused = move || decide.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    let idle = move || !alive.get() || decide.pending().get();
    view! {
        <form class="form-grid pt-2" aria-label="审核" on:submit=move |event| { event.prevent_default(); run(true); } novalidate>
            {bind(form, errors, "voucher_no", "会计凭证号", true, |form| &mut form.voucher_no).text("text", "通过时填写")}
            {bind(form, errors, "opinion", "审核意见", false, |form| &mut form.opinion).text("text", "退回时须填写原因")}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary btn-sm" disabled=idle>"审核通过"</button>
                <button type="button" class="btn btn-outline btn-sm" disabled=idle on:click=move |_| run(false)>"退回"</button>
            </div>
            <div class="col-span-full">{changing(move || refused().map(|error| error_view(&error)))}</div>
        </form>
    }
}
