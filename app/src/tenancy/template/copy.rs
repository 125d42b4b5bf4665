//! A print with what becomes of its copy (domain.md §3.12): handed out, taken back, void, printed again.

use super::{
    api::{print_copy_get, print_move},
    print::print_deed,
};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, text_cell, use_id},
        resource::resource,
    },
};
use domain::{
    platform::{
        permission::Permission,
        print::{CopyForm, PRINT_LIST, PaperKind, PrintEvent, PrintKind, PrintRow},
    },
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

pub(super) fn copy_view() -> AnyView {
    let id = use_id();
    let copy = resource(move || id.get(), print_copy_get);
    let again = Callback::new(move |()| copy.refetch());
    view! {
        <main class="page">
            {awaited(copy, move |copy| page(&copy, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(copy: &PrintRow, again: Callback<()>) -> impl IntoView + use<> {
    let mut fields = PRINT_LIST.fields(copy);
    fields.extend([
        ("发放时间", cell_or_empty(copy.issued_at, Cell::Time)),
        ("发放人", text_cell(copy.issued_by.as_ref())),
        ("收回或作废时间", cell_or_empty(copy.ended_at, Cell::Time)),
        ("收回或作废原因", text_cell(copy.end_reason.as_ref())),
        ("收回或作废人", text_cell(copy.ended_by.as_ref())),
    ]);
    let title = format!("{} {}", copy.paper.label(), copy.number);
    let about = copy.paper.href(copy.object_id);
    let all = format!("{}?paper={}&object={}", PRINT_LIST.path, copy.paper.code(), copy.object_id);
    view! {
        <PageHead title=title back=(PRINT_LIST.path.to_owned(), PRINT_LIST.noun.to_owned())>
            <a class="btn btn-outline btn-sm" href=about>"查看业务"</a>
            <a class="btn btn-outline btn-sm" href=all>"全部打印"</a>
        </PageHead>
        {deeds(copy, again)}
        {field_group("打印记录", fields)}
    }
}

fn deeds(copy: &PrintRow, again: Callback<()>) -> AnyView {
    let (id, version, status, object) = (copy.id, copy.version, copy.status, copy.object_id);
    let draft = copy.kind == PrintKind::Draft;
    let act = move |event: PrintEvent, label, question, word, class| {
        (!draft && status.next(event).is_ok()).then(|| {
            deed(
                Deed { label, class, question, word: Some(("text", word)) },
                move |text| print_move(id, version, CopyForm { event, text }),
                move |_| again.run(()),
            )
        })
    };
    let moves = move || {
        view! {
            {act(PrintEvent::Issue, "发放", "登记已交给谁。请填写领取人。", "领取人", "btn btn-primary btn-sm")}
            {act(PrintEvent::Return, "收回", "登记文书已收回。请填写原因。", "原因", "btn btn-outline btn-sm")}
            {act(PrintEvent::Void, "作废", "作废后这份文书不再有效，需要时另行补打。请填写原因。", "原因", "btn btn-outline btn-error btn-sm")}
        }
    };
    // What says how an account stands is made anew, as of today, where it belongs.
    let right = match copy.paper {
        PaperKind::Contract => Some(Permission::ContractPrint),
        PaperKind::Receipt | PaperKind::ExitBill => Some(Permission::BillRead),
        PaperKind::ExitSheet => Some(Permission::ExitInspect),
        PaperKind::Dunning => Some(Permission::DunningWrite),
        PaperKind::Notice | PaperKind::Notices | PaperKind::Lawsuit => None,
    };
    let paper = copy.paper;
    let reprint =
        move || print_deed(paper, object, ("补打", "内容与首次打印相同，标注“补打第n次”。请填写补打原因。"), again);
    view! {
        <div class="deed-row">
            {changing(move || may(Permission::PrintWrite).then(moves))}
            {changing(move || right.filter(|right| !draft && may(*right)).map(|_| reprint()))}
        </div>
    }
    .into_any()
}
