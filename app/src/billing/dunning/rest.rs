//! 暂停催缴 and 分期还款: the lists, and one of each with what is decided about it.

use super::{
    api::{instalment_decide, instalment_get, instalment_list, pause_decide, pause_end, pause_get, pause_list},
    tabs,
};
use crate::{
    billing::table_panel,
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, Verdict, deed, verdict},
        detail::{field_group, text_cell, use_id},
        error_view,
        list::{ListActions, ListFrame, framed_list_page},
        loading_view,
        resource::resource,
        table::kind_class,
    },
};
use domain::{
    billing::instalment::{INSTALMENT_LIST, InstalmentLine, InstalmentRow, PAUSE_LIST, PauseRow, PauseStatus},
    platform::permission::Permission,
    sheet::{Cell, Kind, cell_or_empty},
};
use leptos::prelude::*;

fn exported() -> Signal<ListActions> {
    Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() })
}

pub(super) fn pauses_view() -> AnyView {
    let frame = ListFrame {
        title: Some("暂停催缴"),
        empty: Some("暂无暂停催缴，可在租户的催缴页面申请"),
        tabs: Some(|| tabs(PAUSE_LIST.path)),
        ..ListFrame::default()
    };
    framed_list_page(&PAUSE_LIST, frame, exported(), pause_list)
}

pub(super) fn instalments_view() -> AnyView {
    let frame = ListFrame {
        title: Some("分期还款"),
        empty: Some("暂无分期还款，可在租户的催缴页面申请"),
        tabs: Some(|| tabs(INSTALMENT_LIST.path)),
        ..ListFrame::default()
    };
    framed_list_page(&INSTALMENT_LIST, frame, exported(), instalment_list)
}

pub(super) fn pause_view() -> AnyView {
    let id = use_id();
    let pause = resource(move || id.get(), pause_get);
    let again = Callback::new(move |()| pause.refetch());
    view! {
        <main class="page">
            {awaited(pause, move |pause| pause_page(&pause, again).into_any())}
        </main>
    }
    .into_any()
}

fn pause_page(pause: &PauseRow, again: Callback<()>) -> impl IntoView + use<> {
    let (id, version) = (pause.id, pause.version);
    let mut fields = PAUSE_LIST.fields(pause);
    fields.extend([
        ("复核时间", cell_or_empty(pause.checked_at, Cell::Time)),
        ("意见", text_cell(pause.opinion.as_ref())),
        ("恢复时间", cell_or_empty(pause.ended_at, Cell::Time)),
        ("恢复人", text_cell(pause.ender.as_ref())),
        ("恢复原因", text_cell(pause.end_reason.as_ref())),
    ]);
    const VERDICT: Verdict = Verdict::plain("同意后截止日期前不再催缴。确定同意吗？", "驳回后照常催缴。请填写原因。");
    let decisions = move || verdict(VERDICT, move |agreed, opinion| pause_decide(id, version, agreed, opinion), again);
    let end = move || {
        deed(
            Deed {
                label: "恢复催缴",
                class: "btn btn-outline btn-sm",
                question: "提前恢复后，欠费等级立即重算。请填写原因。",
                word: Some(("opinion", "原因")),
            },
            move |reason| pause_end(id, version, reason),
            move |()| again.run(()),
        )
    };
    let active = pause.status == PauseStatus::Active;
    view! {
        <PageHead title=format!("暂停催缴 {}", pause.lessee) back=(PAUSE_LIST.path.to_owned(), PAUSE_LIST.noun.to_owned()) />
        <div class="deed-row">
            {pause.decidable.then(decisions)}
            {changing(move || (active && may(Permission::DunningCheck)).then(end))}
        </div>
        {field_group("暂停催缴", fields)}
    }
}

pub(super) fn instalment_view() -> AnyView {
    let id = use_id();
    let plan = resource(move || id.get(), instalment_get);
    let again = Callback::new(move |()| plan.refetch());
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match plan.await {
                        Ok((plan, lines)) => instalment_page(&plan, lines, again).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

fn instalment_page(plan: &InstalmentRow, lines: Vec<InstalmentLine>, again: Callback<()>) -> impl IntoView + use<> {
    let (id, version) = (plan.id, plan.version);
    let mut fields = INSTALMENT_LIST.fields(plan);
    fields
        .extend([("复核时间", cell_or_empty(plan.checked_at, Cell::Time)), ("意见", text_cell(plan.opinion.as_ref()))]);
    const VERDICT: Verdict =
        Verdict::plain("同意后按期还款期间不计欠费等级。确定同意吗？", "驳回后照常催缴。请填写原因。");
    let decisions =
        move || verdict(VERDICT, move |agreed, opinion| instalment_decide(id, version, agreed, opinion), again);
    let head = view! { <th scope="col">"期次"</th><th scope="col">"还款日期"</th><th scope="col" class=kind_class(Kind::Number)>"金额(元)"</th> }.into_any();
    let rows = (1..)
        .zip(lines)
        .map(|(nth, line): (u32, InstalmentLine)| {
            view! { <tr><td>{nth}</td><td>{line.due_on.to_string()}</td><td class=kind_class(Kind::Number)>{line.amount.to_string()}</td></tr> }.into_any()
        })
        .collect();
    view! {
        <PageHead title=format!("分期还款 {}", plan.lessee) back=(INSTALMENT_LIST.path.to_owned(), INSTALMENT_LIST.noun.to_owned()) />
        <div class="deed-row">{plan.decidable.then(decisions)}</div>
        {field_group("分期还款", fields)}
        {table_panel("分期计划", head, rows, "没有分期")}
    }
}
