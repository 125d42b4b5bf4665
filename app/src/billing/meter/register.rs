//! A meter with its timeline.

use super::api::{meter_get, meter_remove};
use crate::{
    billing::notes_panel,
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, use_id},
        print_button,
        resource::resource,
    },
};
use domain::{
    billing::{
        meter::{Meter, MeterStatus},
        meter_sheet::{METER_LIST, READING_LIST, meter_fields},
        reduction::Note,
    },
    platform::permission::Permission,
};
use leptos::prelude::*;

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), meter_get);
    let again = Callback::new(move |()| record.refetch());
    view! {
        <main class="page">
            {awaited(record, move |record| page(&record, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(record: &Meter, again: Callback<()>) -> impl IntoView + use<> {
    let row = &record.row;
    let (id, version) = (row.id, row.version);
    let on = row.status == MeterStatus::On;
    let at = format!("{}/{id}", METER_LIST.path);
    let (edit, replace) = (format!("{at}/edit"), format!("{at}/replace"));
    let notes: Vec<Note> = record
        .history
        .iter()
        .map(|note| Note {
            at: note.at,
            actor: note.actor.clone(),
            event: note.event.clone(),
            reason: note.reason.clone(),
        })
        .collect();
    let remove = move || {
        deed(
            Deed {
                label: "拆除",
                class: "btn btn-outline btn-error btn-sm",
                question: "拆除后不再抄表，最近一次抄表之后的用量不再收取。确定拆除吗？",
                word: Some(("opinion", "拆除原因")),
            },
            move |reason| meter_remove(id, version, reason),
            move |()| again.run(()),
        )
    };
    view! {
        <PageHead title=format!("表具 {}", row.meter_no) back=(METER_LIST.path.to_owned(), METER_LIST.noun.to_owned())>
            {print_button()}
            <a class="btn btn-outline btn-sm" href=format!("{}?meter_id={id}", READING_LIST.path)>"抄表记录"</a>
            {changing(move || (on && may(Permission::MeterWrite)).then(|| view! {
                <a class="btn btn-outline btn-sm" href=edit.clone()>"编辑"</a>
                <a class="btn btn-outline btn-sm" href=replace.clone()>"换表"</a>
            }))}
        </PageHead>
        <div class="deed-row">{changing(move || (on && may(Permission::MeterWrite)).then(remove))}</div>
        {field_group("表具信息", meter_fields(row))}
        {notes_panel(&notes)}
    }
}
