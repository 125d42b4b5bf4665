//! A reduction: what was asked for, what it comes to, and what is decided about it.

use super::api::{reduction_decide, reduction_get, reduction_stop_decide, reduction_withdraw};
use crate::{
    billing::{figure, notes_panel},
    ui::{
        PageHead,
        deed::{Deed, deed},
        detail::{field_group, use_id},
        error_view, loading_view, print_button,
        resource::resource,
    },
};
use domain::billing::reduction::{REDUCTION_LIST, ReductionRecord, ReductionRow, reduction_fields};
use leptos::prelude::*;

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), reduction_get);
    let again = Callback::new(move |()| record.refetch());
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match record.await {
                        Ok(record) => page(&record, again).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Transition>
        </main>
    }
    .into_any()
}

fn page(record: &ReductionRecord, again: Callback<()>) -> impl IntoView + use<> {
    let row = &record.row;
    let stop = row.stoppable.then(|| format!("{}/{}/stop", REDUCTION_LIST.path, row.id));
    view! {
        <PageHead title=format!("租金核减 {}", row.reduction_no) back=(REDUCTION_LIST.path.to_owned(), REDUCTION_LIST.noun.to_owned())>
            {print_button()}
            {stop.map(|href| view! { <a class="btn btn-outline btn-sm" href=href>"提前终止"</a> })}
        </PageHead>
        {deeds(row, again)}
        <section class="panel" aria-label="月租金">
            <div class="figure-row">
                {figure("应收(元)", row.full.to_string())}
                {figure("核减(元)", (row.payable - row.full).to_string())}
                {figure("实际应缴(元)", row.payable.to_string())}
            </div>
        </section>
        {field_group("核减信息", reduction_fields(row))}
        {notes_panel(&record.history)}
    }
}

/// What the reader may do about it now.
fn deeds(row: &ReductionRow, again: Callback<()>) -> AnyView {
    let (id, version) = (row.id, row.version);
    let decide = move |approve: bool, label, question, class| {
        deed(
            Deed { label, class, question, word: Some(("opinion", "审批意见")) },
            move |opinion| reduction_decide(id, version, approve, opinion),
            move |()| again.run(()),
        )
    };
    let withdraw = move || {
        let question = "撤回后可重新办理。确定撤回吗？";
        deed(
            Deed { label: "撤回", class: "btn btn-outline btn-sm", question, word: None },
            move |_| reduction_withdraw(id, version),
            move |()| again.run(()),
        )
    };
    let decisions = move || {
        view! {
            {decide(true, "同意", "同意后核减期间的账单按核减后的租金生成，其间已生成的账单将冲销重开，已缴的多余部分转入账户余额。确定同意吗？", "btn btn-primary btn-sm")}
            {decide(false, "驳回", "驳回后租金不变。请填写原因。", "btn btn-outline btn-error btn-sm")}
        }
    };
    let end = move |approve: bool, label, question, class| {
        deed(
            Deed { label, class, question, word: Some(("opinion", "审批意见")) },
            move |opinion| reduction_stop_decide(id, version, approve, opinion),
            move |()| again.run(()),
        )
    };
    let ends = move || {
        view! {
            {end(true, "同意终止", "终止后的月份恢复原租金，其间已生成的账单将冲销重开。确定同意吗？", "btn btn-primary btn-sm")}
            {end(false, "驳回终止", "驳回后核减继续有效。请填写原因。", "btn btn-outline btn-error btn-sm")}
        }
    };
    view! {
        <div class="deed-row">
            {row.stop_decidable.then(ends)}
            {row.decidable.then(decisions)}
            {row.withdrawable.then(withdraw)}
        </div>
    }
    .into_any()
}
