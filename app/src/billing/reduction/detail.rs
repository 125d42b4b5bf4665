//! A reduction: what was asked for, what it comes to, and what is decided about it.

use super::api::{reduction_decide, reduction_get, reduction_stop_decide, reduction_withdraw};
use crate::{
    billing::{figure, notes_panel},
    ui::{
        PageHead,
        changing::awaited,
        deed::{Verdict, verdict, withdrawal},
        detail::{field_group, use_id},
        print_button,
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
            {awaited(record, move |record| page(&record, again).into_any())}
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
                {figure("应收月租金(元)", row.full.to_string())}
                {figure("核减额(元)", row.off().to_string())}
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
    const VERDICT: Verdict = Verdict::plain(
        "同意后核减期间的账单按核减后的租金生成，其间已生成的账单将冲销重开，已缴的多余部分转入账户余额。确定同意吗？",
        "驳回后租金不变。请填写原因。",
    );
    const END: Verdict = Verdict {
        agree: ("同意终止", "终止后的月份恢复原租金，其间已生成的账单将冲销重开。确定同意吗？"),
        refuse: ("驳回终止", "驳回后核减继续有效。请填写原因。"),
        ..VERDICT
    };
    let decisions =
        move || verdict(VERDICT, move |agreed, opinion| reduction_decide(id, version, agreed, opinion), again);
    let ends = move || verdict(END, move |agreed, opinion| reduction_stop_decide(id, version, agreed, opinion), again);
    let withdraw = move || withdrawal("撤回后可重新办理。确定撤回吗？", move || reduction_withdraw(id, version), again);
    view! {
        <div class="deed-row">
            {row.stop_decidable.then(ends)}
            {row.decidable.then(decisions)}
            {row.withdrawable.then(withdraw)}
        </div>
    }
    .into_any()
}
