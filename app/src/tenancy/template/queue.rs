//! 待打印 (S1-12.6): what waits, chosen and printed as one file, or taken out of the queue; and 编号核查 (S1-12.7).

use super::{
    api::{print_finding_list, print_queue_list, print_queue_print, print_queue_restore, print_queue_skip},
    print::{batch_href, fetched},
};
use crate::{
    billing::table_panel,
    shell::may,
    ui::{
        PageHead,
        changing::changing,
        deed::{Deed, deed},
        list::{Choosing, ListActions, ListFrame, choosing_list_page, framed_list_page, use_list_query},
        select::Selection,
        tabs::{ListTab, list_tabs},
    },
};
use domain::{
    failure::FieldErrors,
    platform::{
        permission::Permission,
        print::{PRINT_LIST, PaperKind},
        print_queue::{FINDING_LIST, QUEUE_LIST, QUEUE_MAX, QueueForm, QueuePrinted, QueueRow},
    },
};
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};

/// What is done with chosen papers, and with those that were skipped.
const PRINT: Selection = Selection { action: "/tenancy/print-queue/selected", name: "item", label: "打印或跳过" };
const RESTORE: Selection = Selection { action: "/tenancy/print-queue/skipped", name: "item", label: "恢复待打印" };

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("待打印"),
        empty: Some("没有待打印的文书"),
        tabs: Some(|| {
            let paper =
                |paper: PaperKind| ListTab { filter: Some(("paper", paper.code())), sort: None, says: paper.label() };
            let kinds = [PaperKind::Contract, PaperKind::Receipt, PaperKind::Dunning].map(paper);
            let skipped = ListTab { filter: Some(("state", "SKIPPED")), sort: None, says: "已跳过" };
            list_tabs(QUEUE_LIST.path, [ListTab::ALL].into_iter().chain(kinds).chain([skipped]).collect())
        }),
        ..ListFrame::default()
    };
    let query = use_list_query();
    let choosing = Choosing {
        side: None,
        selection: Signal::derive(move || {
            let skipped = query.with(|query| query.filter("state").is_some());
            may(Permission::PrintWrite).then_some(if skipped { RESTORE } else { PRINT })
        }),
        key: QueueRow::key,
    };
    choosing_list_page(&QUEUE_LIST, frame, choosing, Signal::stored(ListActions::default()), print_queue_list)
}

/// The chosen papers, as the address names them.
fn chosen() -> Memo<QueueForm> {
    let query = use_query_map();
    Memo::new(move |_| QueueForm { items: query.read().get_all("item").unwrap_or_default() })
}

pub(super) fn selected_view() -> AnyView {
    let chosen = chosen();
    let done = RwSignal::new(None::<QueuePrinted>);
    view! {
        <main class="page">
            <PageHead title="打印文书" back=(QUEUE_LIST.path.to_owned(), "待打印".to_owned())>
                <a class="btn btn-outline btn-sm" href=PRINT_LIST.path>"打印记录"</a>
            </PageHead>
            {changing(move || match done.get() {
                Some(done) => outcome(&done),
                None => chosen.with(|form| question(form, done)),
            })}
        </main>
    }
    .into_any()
}

/// That nothing, or too much, is chosen.
fn wrong(errors: &FieldErrors) -> AnyView {
    let sentence = errors.get("items").unwrap_or_default().to_owned();
    view! { <p class="page-note" role="status">{sentence}</p> }.into_any()
}

fn question(form: &QueueForm, done: RwSignal<Option<QueuePrinted>>) -> AnyView {
    if let Err(errors) = form.check() {
        return wrong(&errors);
    }
    let navigate = StoredValue::new(use_navigate());
    let count = form.items.len();
    let (form, skipped) = (form.clone(), form.clone());
    let print = deed(
        Deed {
            label: "打印",
            class: "btn btn-primary btn-sm",
            question: "合并为一个文件，各自登记打印记录；不能打印的列出原因，不影响其他文书。确定打印吗？",
            word: None,
        },
        move |_| print_queue_print(form.clone()),
        move |printed: QueuePrinted| {
            if let Some(batch) = printed.batch {
                fetched(&batch_href(batch));
            }
            done.set(Some(printed));
        },
    );
    let skip = deed(
        Deed {
            label: "跳过",
            class: "btn btn-outline btn-sm",
            question: "跳过后不再列入待打印，可恢复，也可在合同、收据和催缴页面打印。请填写原因。",
            word: Some(("reason", "原因")),
        },
        move |reason| print_queue_skip(skipped.clone(), reason),
        move |_| navigate.with_value(|navigate| navigate(QUEUE_LIST.path, Default::default())),
    );
    view! {
        <p class="page-note">{format!("已选{count}份文书，一次最多{QUEUE_MAX}份。合同每份一式两份。")}</p>
        <div class="deed-row">{print}{skip}</div>
    }
    .into_any()
}

fn outcome(done: &QueuePrinted) -> AnyView {
    let row = |(key, why): &(String, String)| {
        let paper = key.split_once('-').and_then(|(paper, id)| Some((PaperKind::from_code(paper)?, id.parse().ok()?)));
        let name = paper.map(|(paper, id): (PaperKind, i64)| {
            view! { <a class="link link-primary" href=paper.href(id)>{paper.label()}</a> }
        });
        view! { <tr><td>{name}</td><td>{why.clone()}</td></tr> }.into_any()
    };
    let left_out = (!done.left_out.is_empty()).then(|| {
        let head = view! { <th scope="col">"文书"</th><th scope="col">"原因"</th> };
        table_panel("未打印", head.into_any(), done.left_out.iter().map(row).collect(), "")
    });
    let again = done.batch.map(|batch| {
        view! { <a class="btn btn-outline btn-sm" href=batch_href(batch) rel="external" target="_blank">"下载文件"</a> }
    });
    view! {
        <p class="page-note" role="status">{format!("已打印{}份，未打印{}份。", done.printed, done.left_out.len())}</p>
        <div class="deed-row">{again}</div>
        {left_out}
    }
    .into_any()
}

pub(super) fn skipped_view() -> AnyView {
    let chosen = chosen();
    let navigate = StoredValue::new(use_navigate());
    let restore = move || {
        let form = chosen.get();
        if let Err(errors) = form.check() {
            return wrong(&errors);
        }
        let count = form.items.len();
        let restore = deed(
            Deed {
                label: "恢复待打印",
                class: "btn btn-primary btn-sm",
                question: "恢复后重新列入待打印。确定恢复吗？",
                word: None,
            },
            move |_| print_queue_restore(form.clone()),
            move |_| navigate.with_value(|navigate| navigate(QUEUE_LIST.path, Default::default())),
        );
        view! { <p class="page-note">{format!("已选{count}份文书。")}</p><div class="deed-row">{restore}</div> }
            .into_any()
    };
    view! {
        <main class="page">
            <PageHead title="恢复待打印" back=(QUEUE_LIST.path.to_owned(), "待打印".to_owned()) />
            {changing(restore)}
        </main>
    }
    .into_any()
}

pub(super) fn findings_view() -> AnyView {
    let frame =
        ListFrame {
            title: Some("编号核查"), empty: Some("打印次数、编号和内容均一致"), ..ListFrame::default()
        };
    framed_list_page(&FINDING_LIST, frame, Signal::stored(ListActions::default()), print_finding_list)
}
