//! 催缴规则: the sets, one set with its lines and what may be done about it, and its trial.

use super::{
    api::{rule_set_decide, rule_set_get, rule_set_list, trial_list},
    tabs,
};
use crate::{
    billing::table_panel,
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, text_cell, use_id},
        list::{ListActions, ListFrame, framed_list_page},
        resource::resource,
    },
};
use domain::{
    billing::{
        dunning::{RuleSet, RuleSetEvent, RuleSetStatus},
        dunning_sheet::{RULE_SET_LIST, TRIAL_LIST},
    },
    platform::permission::Permission,
};
use leptos::prelude::*;

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("催缴规则"),
        empty: Some("暂无催缴规则，未发布规则时不催缴"),
        tabs: Some(|| tabs(RULE_SET_LIST.path)),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::DunningRule).then_some(("/billing/dunning/rules/new", "编制规则")),
        export: may(Permission::BillExport),
        ..ListActions::default()
    });
    framed_list_page(&RULE_SET_LIST, frame, actions, rule_set_list)
}

pub(super) fn trial_view() -> AnyView {
    let frame = ListFrame {
        title: Some("催缴试算"),
        empty: Some("该月没有需要催缴的租户，或未选择规则：请从催缴规则进入试算"),
        tabs: Some(|| {
            view! {
                {tabs(TRIAL_LIST.path)}
                <p class="page-note">"按现有账单和欠费等级试算，不发送短信；短信在8:00至21:00之间发送。"</p>
            }
            .into_any()
        }),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
    framed_list_page(&TRIAL_LIST, frame, actions, trial_list)
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let set = resource(move || id.get(), rule_set_get);
    let again = Callback::new(move |()| set.refetch());
    view! {
        <main class="page">
            {awaited(set, move |set| page(&set, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(set: &RuleSet, again: Callback<()>) -> impl IntoView + use<> {
    let mut fields = RULE_SET_LIST.fields(&set.row);
    fields.push(("复核意见", text_cell(set.opinion.as_ref())));
    let head = view! { <th scope="col">"序号"</th><th scope="col">"规则"</th> }.into_any();
    let rows = (1..)
        .zip(&set.rules)
        .map(|(nth, rule): (u32, _)| view! { <tr><td>{nth}</td><td>{rule.told()}</td></tr> }.into_any())
        .collect();
    let trial = format!("{}?set={}", TRIAL_LIST.path, set.row.id);
    let seen = move || may(Permission::BillRead);
    view! {
        <PageHead title=format!("催缴规则 {}", set.row.place()) back=(RULE_SET_LIST.path.to_owned(), RULE_SET_LIST.noun.to_owned())>
            {changing(move || seen().then(|| view! { <a class="btn btn-outline btn-sm" href=trial.clone()>"试算"</a> }))}
        </PageHead>
        {deeds(set, again)}
        {field_group("催缴规则", fields)}
        {table_panel("规则明细", head, rows, if set.row.follows { "沿用全市规则" } else { "没有规则，生效后不催缴" })}
    }
}

fn deeds(set: &RuleSet, again: Callback<()>) -> AnyView {
    let (id, version, status) = (set.row.id, set.row.version, set.row.status);
    let act = move |event: RuleSetEvent, label, question, word, class| {
        deed(
            Deed { label, class, question, word },
            move |opinion| rule_set_decide(id, version, event, opinion),
            move |()| again.run(()),
        )
    };
    let opinion = Some(("opinion", "复核意见"));
    let own = set.own;
    let draft = own && matches!(status, RuleSetStatus::Draft | RuleSetStatus::Refused);
    let waiting = own && status == RuleSetStatus::Pending;
    let decisions = move || {
        view! {
            {act(RuleSetEvent::Publish, "发布", "发布后自生效日期起每日按此催缴。请先试算。确定发布吗？", opinion, "btn btn-primary btn-sm")}
            {act(RuleSetEvent::Refuse, "驳回", "驳回后由编制人处理。请填写原因。", opinion, "btn btn-outline btn-error btn-sm")}
        }
    };
    view! {
        <div class="deed-row">
            {draft.then(|| act(RuleSetEvent::Submit, "提交复核", "提交后由他人复核发布。确定提交吗？", None, "btn btn-primary btn-sm"))}
            {draft.then(|| act(RuleSetEvent::Discard, "作废", "作废后不再使用。确定作废吗？", None, "btn btn-outline btn-error btn-sm"))}
            {waiting.then(|| act(RuleSetEvent::Withdraw, "撤回", "撤回后成为草稿。确定撤回吗？", None, "btn btn-outline btn-sm"))}
            {set.decidable.then(decisions)}
        </div>
    }
    .into_any()
}
