//! 催缴记录: the list, and a record with what can be done about it: a notice is printed and served, a task done.

use super::{
    api::{dunning_cancel, dunning_done, dunning_get, dunning_list, dunning_print},
    tabs,
};
use crate::{
    platform::attachment::attachments_panel,
    shell::may,
    tenancy::template::{print_create, print_deed, saved},
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, text_cell, use_id},
        field::coded,
        form::{Deeds, use_edit},
        label::told,
        list::{ListActions, ListFrame, framed_list_page},
        resource::resource,
    },
};
use chrono::NaiveDate;
use domain::{
    billing::{
        dunning::{DunningStatus, DunningWay, Service},
        dunning_form::DoneForm,
        dunning_sheet::{DUNNING_LIST, DunningRow},
    },
    dictionary::AttachmentOwner,
    platform::{
        permission::Permission,
        print::{PaperKind, PrintForm},
    },
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("催缴"),
        empty: Some("暂无催缴记录，发布催缴规则后每日生成"),
        tabs: Some(|| tabs(DUNNING_LIST.path)),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
    framed_list_page(&DUNNING_LIST, frame, actions, dunning_list)
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), dunning_get);
    let again = Callback::new(move |()| record.refetch());
    view! {
        <main class="page">
            {awaited(record, move |record| page(&record, again).into_any())}
            {attachments_panel(AttachmentOwner::Dunning, id.into())}
        </main>
    }
    .into_any()
}

fn page(record: &DunningRow, again: Callback<()>) -> impl IntoView + use<> {
    let mut fields = DUNNING_LIST.fields(record);
    fields.extend([
        ("法院", text_cell(record.suit.as_ref().map(|suit| &suit.court))),
        ("案号", text_cell(record.suit.as_ref().map(|suit| &suit.case_no))),
        ("立案日期", cell_or_empty(record.suit.as_ref(), |suit| Cell::Date(suit.filed_on))),
        ("打印日期", cell_or_empty(record.printed_on, Cell::Date)),
        ("送达方式", cell_or_empty(record.served_how, Cell::coded)),
        ("签收情况", text_cell(record.received_by.as_ref())),
        ("办理人", text_cell(record.done_by.as_ref())),
    ]);
    let account = format!("/billing/dunning/accounts/{}", record.account_id);
    let way = record.way;
    let message = record.sms.map(|(id, _)| {
        view! { <a class="btn btn-outline btn-sm" href=format!("/billing/sms/{id}")>{told(way)}</a> }
    });
    let content = match record.way {
        DunningWay::Written => notice(record).into_any(),
        _ => view! { <section class="panel"><h2>"内容"</h2><p>{record.content.clone()}</p></section> }.into_any(),
    };
    view! {
        <PageHead title=format!("催缴 {}", record.lessee) back=(DUNNING_LIST.path.to_owned(), DUNNING_LIST.noun.to_owned())>
            {message}
            <a class="btn btn-outline btn-sm" href=account>"催缴情况"</a>
        </PageHead>
        {deeds(record, again)}
        {content}
        {field_group("催缴记录", fields)}
    }
}

/// What 催缴通知书 says.
fn notice(record: &DunningRow) -> impl IntoView + use<> {
    let printed = record.printed_on.map(|day| format!("打印日期：{day}")).unwrap_or_default();
    view! {
        <section class="panel" aria-label="催缴通知书">
            <h2>"催缴通知书"</h2>
            <p>{format!("编号：{}", record.notice_no.clone().unwrap_or_default())}</p>
            <p class="my-4">{record.content.clone()}</p>
            <p>{printed}</p>
        </section>
    }
}

fn deeds(record: &DunningRow, again: Callback<()>) -> AnyView {
    let (id, version, way, printed) = (record.id, record.version, record.way, record.printed_on);
    let (open, cancelled) = (record.status == DunningStatus::Open, record.status == DunningStatus::Cancelled);
    let print = move || {
        deed(
            Deed {
                label: "打印通知书",
                class: "btn btn-primary btn-sm",
                question: "登记打印日期为今天，按规则生成的通知书按今天的欠费更新，列明欠缴账单；之后登记送达。",
                word: None,
            },
            move |_| async move {
                dunning_print(id, version).await?;
                let form = PrintForm { paper: PaperKind::Dunning.code().to_owned(), id, ..PrintForm::default() };
                print_create(form).await
            },
            move |print| {
                saved(print);
                again.run(());
            },
        )
    };
    let pack = move || {
        let says = "按今天的欠费生成一个文件：目录、欠缴明细、催缴记录、租赁合同和已打印的催缴通知书；附件请另行下载。";
        print_deed(PaperKind::Lawsuit, id, ("生成诉讼材料", says), again)
    };
    let suable = way == DunningWay::Lawsuit && !cancelled;
    let reprint = move || {
        print_deed(PaperKind::Dunning, id, ("生成PDF", "内容与首次打印相同；再次打印的标注“补打第n次”。"), again)
    };
    let cancel = move || {
        deed(
            Deed {
                label: "取消",
                class: "btn btn-outline btn-error btn-sm",
                question: "取消后不再办理，尚未发送的短信不再发送。请填写原因。",
                word: Some(("opinion", "原因")),
            },
            move |reason| dunning_cancel(id, version, reason),
            move |()| again.run(()),
        )
    };
    let written = way == DunningWay::Written;
    let done = move || way.channel().is_none().then(|| done_form(id, version, way, printed, again));
    view! {
        <div class="deed-row">
            {changing(move || (written && printed.is_some() && !cancelled && may(Permission::DunningWrite)).then(reprint))}
            {changing(move || (suable && may(Permission::DunningWrite) && may(Permission::ContractPrint)).then(pack))}
            {changing(move || (open && written && printed.is_none() && may(Permission::DunningWrite)).then(print))}
            {changing(move || (open && may(Permission::DunningWrite)).then(cancel))}
        </div>
        {changing(move || (open && may(Permission::DunningWrite)).then(done))}
    }
    .into_any()
}

/// What came of a task, or how a notice was served.
fn done_form(id: i64, version: i32, way: DunningWay, printed: Option<NaiveDate>, again: Callback<()>) -> AnyView {
    let written = way == DunningWay::Written;
    if written && printed.is_none() {
        return view! { <p class="page-note">"通知书打印后，可登记送达情况。"</p> }.into_any();
    }
    let deeds = Deeds {
        // The day of the server is asked there.
        check: Box::new(move |form: &DoneForm| form.check(way, printed, NaiveDate::MAX).map(drop)),
        save: Arc::new(move |form, _| {
            Box::pin(async move {
                dunning_done(id, version, form).await?;
                again.run(());
                Ok(String::new())
            })
        }),
        reload: None,
    };
    let edit = use_edit(DoneForm::default(), None, deeds);
    let fields = if written {
        view! {
            <p class="form-note">"直接送达以外的，请先在下方上传送达凭证。"</p>
            {edit.select("served_how", "送达方式", true, |form| &mut form.served_how, coded(Service::choices()))}
            {edit.text("served_on", "送达日期", true, |form| &mut form.served_on, ("date", ""))}
            {edit.text("received_by", "签收人", false, |form| &mut form.received_by, ("text", "直接送达须填写"))}
            {edit.text("result", "说明", false, |form| &mut form.result, ("text", "如拒签、见证人、邮寄单号"))}
        }
        .into_any()
    } else {
        view! { {edit.text("result", "结果", true, |form| &mut form.result, ("text", "如承诺本周五前缴清"))} }
            .into_any()
    };
    let title = if written { "登记送达" } else { "登记结果" };
    view! { <section class="panel" aria-label=title><h2>{title}</h2>{edit.view_of(fields, title, DUNNING_LIST.path.to_owned())}</section> }
        .into_any()
}
