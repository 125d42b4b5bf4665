//! The record of a hand-over: what was handed over to whom, what was corrected, and its files.

use super::{api::hand_over_get, form::contract_view};
use crate::{
    platform::attachment::attachments_panel,
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        detail::{field_group, text_cell, use_id},
        icon,
        label::told,
        print_button,
        resource::resource,
        table::time_text,
    },
};
use domain::{
    dictionary::AttachmentOwner,
    id::HandOverId,
    platform::permission::Permission,
    sheet::Cell,
    tenancy::{
        hand_over::{HandOver, HandOverLine},
        hand_over_sheet::HAND_OVER_LIST,
    },
};
use leptos::prelude::*;

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), |id| hand_over_get(HandOverId(id)));
    view! {
        <main class="page">
            {awaited(record, move |record| record_view(id.get_untracked(), &record))}
            {attachments_panel(AttachmentOwner::HandOver, id.into())}
        </main>
    }
    .into_any()
}

fn record_view(id: i64, record: &HandOver) -> AnyView {
    let open = record.contract_status.is_open();
    let done = record.row.done.as_ref();
    let mut fields = vec![
        ("交房日期", done.map_or(Cell::Empty, |done| Cell::Date(done.handed_on))),
        ("钥匙数", done.map_or(Cell::Empty, |done| Cell::Number(done.keys.into()))),
        ("签收人", done.map_or(Cell::Empty, |done| Cell::text(&done.signed_by))),
        ("经办", done.and_then(|done| done.clerk.as_ref()).map_or(Cell::Empty, |clerk| Cell::text(clerk))),
        ("办理时间", Cell::Time(record.created_at)),
        ("备注", text_cell(record.remark.as_ref())),
    ];
    let readings = record.readings.iter().map(|(meter, reading)| format!("{} {reading}", told(*meter)));
    fields.push(("表具读数", Cell::text(&readings.collect::<Vec<_>>().join("，"))));
    view! {
        <PageHead title=format!("{} 交房记录", record.row.lessee) back=(HAND_OVER_LIST.path.to_owned(), "交房入住".to_owned())>
            {print_button()}
            {changing(move || (open && may(Permission::HandOverWrite)).then(|| view! {
                <a class="btn btn-primary btn-sm" href=format!("{}/{id}/edit", HAND_OVER_LIST.path)>{icon("edit")}"修改"</a>
            }))}
        </PageHead>
        {contract_view(&record.row)}
        {field_group("交房", fields)}
        {items_view(record)}
        {history_view(&record.history)}
    }
    .into_any()
}

fn items_view(record: &HandOver) -> impl IntoView + use<> {
    let lines = record
        .items
        .iter()
        .map(|item| view! { <tr><td>{item.name.clone()}</td><td class="figures">{item.quantity}</td><td>{told(item.state)}</td></tr> })
        .collect_view();
    view! {
        <section class="panel">
            <h2>"物品清单"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="物品清单">
                <table class="table table-sm">
                    <thead><tr><th scope="col">"物品"</th><th scope="col" class="figures">"数量"</th><th scope="col">"状态"</th></tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </section>
    }
}

fn history_view(history: &[HandOverLine]) -> impl IntoView + use<> {
    let lines = history
        .iter()
        .map(|line| {
            let changes = line
                .changes
                .iter()
                .map(|change| {
                    let said = |text: &str| if text.is_empty() { "（空）".to_owned() } else { text.to_owned() };
                    view! { <p>{format!("{}：{} → {}", change.field, said(&change.before), said(&change.after))}</p> }
                })
                .collect_view();
            view! {
                <tr>
                    <td class="whitespace-nowrap tabular-nums">{time_text(line.at)}</td>
                    <td>{line.event.clone()}</td>
                    <td>{line.actor.clone()}</td>
                    <td>{changes}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel">
            <h2>"办理记录"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="办理记录">
                <table class="table table-sm">
                    <thead><tr><th scope="col">"时间"</th><th scope="col">"事项"</th><th scope="col">"操作人"</th><th scope="col">"变更"</th></tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </section>
    }
}
