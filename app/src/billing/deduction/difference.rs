//! 银行差异 (E-49): the pool, and one difference with what can be decided about it.

use super::{
    api::{difference_get, difference_list, difference_resolve},
    tabs,
};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::awaited,
        deed::{Deed, deed},
        detail::{field_group, use_id},
        list::{ListActions, ListFrame, framed_list_page},
        resource::resource,
    },
};
use domain::{
    billing::deduction::{DIFFERENCE_LIST, DifferenceRow},
    dictionary::Resolution,
    id::BankDifferenceId,
    platform::permission::Permission,
};
use leptos::prelude::*;

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("银行差异"),
        empty: Some("没有差异，系统与银行一致"),
        tabs: Some(|| tabs(DIFFERENCE_LIST.path)),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
    framed_list_page(&DIFFERENCE_LIST, frame, actions, difference_list)
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let difference = resource(move || id.get(), |id| difference_get(BankDifferenceId(id)));
    let again = Callback::new(move |()| difference.refetch());
    view! {
        <main class="page">
            {awaited(difference, move |difference| page(&difference, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(difference: &DifferenceRow, again: Callback<()>) -> impl IntoView + use<> {
    let (id, version) = (difference.id, difference.version);
    let decide = move |resolution: Resolution| {
        let (label, class, question) = match resolution {
            Resolution::Enter => (
                "按银行结果入账",
                "btn btn-primary btn-sm",
                "按银行实扣金额入账，多扣部分转入账户余额。请填写与银行核对的情况。",
            ),
            Resolution::Note => (
                "仅登记，不入账",
                "btn btn-outline btn-sm",
                "系统不入账，款项由财务与银行另行处理。请填写与银行核对的情况。",
            ),
        };
        deed(
            Deed { label, class, question, word: Some(("opinion", "处理说明")) },
            move |opinion| difference_resolve(id, version, resolution, opinion),
            move |()| again.run(()),
        )
    };
    let deeds = difference.choices.iter().map(|resolution| decide(*resolution)).collect_view();
    let mut fields = DIFFERENCE_LIST.fields(difference);
    fields.push(("处理时间", domain::sheet::cell_or_empty(difference.resolved_at, domain::sheet::Cell::Time)));
    view! {
        <PageHead title=format!("银行差异 {}", difference.kind) back=(DIFFERENCE_LIST.path.to_owned(), DIFFERENCE_LIST.noun.to_owned()) />
        <div class="deed-row">{deeds}</div>
        {field_group("差异信息", fields)}
    }
}
