//! The files of a record, on its page: what there is, adding, looking, saving and deleting.

pub mod api;
mod dialog;

use crate::{
    shell::{may, use_frame},
    ui::{
        changing::changing,
        error_view, icon, loading_view,
        resource::resource,
        table::time_text,
        upload::{Kinds, upload_zone},
    },
};
use api::attachment_list;
use dialog::{Deed, DeedDialog, Wish};
use domain::{
    dictionary::AttachmentOwner,
    failure::Failure,
    platform::{
        actor::SessionKind,
        attachment::{Attachment, Attachments, size_text},
    },
};
use leptos::prelude::*;

/// The panel 附件 of a record; a wall, which is unattended, has none.
pub fn attachments_panel(owner: AttachmentOwner, id: Signal<i64>) -> AnyView {
    let session = use_frame().with_untracked(|frame| frame.actor.as_ref().map(|actor| actor.session));
    if session == Some(SessionKind::Kiosk) {
        return ().into_any();
    }
    let files = resource(move || id.get(), move |id| attachment_list(owner, id));
    let again = Callback::new(move |()| files.refetch());
    let wish = RwSignal::new(None::<Wish>);
    // A page that says itself that there is no such record needs no second voice.
    let nowhere = RwSignal::new(false);
    view! {
        <section class="panel attachments" aria-label="附件" class:hidden=nowhere>
            <h2>"附件"</h2>
            {changing(move || {
                let kinds = kinds(owner);
                (!kinds.is_empty()).then(|| upload_zone(address(owner, id.get()), kinds, again))
            })}
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    let found = files.await;
                    nowhere.set(found.as_ref().is_err_and(|error| error.0 == Failure::NotFound));
                    match found {
                        Ok(found) => list(owner, &found, wish),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Transition>
            <DeedDialog owner=owner wish=wish changed=again />
        </section>
    }
    .into_any()
}

fn address(owner: AttachmentOwner, id: i64) -> String {
    format!("/files/attachment/{}/{id}", owner.path())
}

/// What the signed-in person may add.
fn kinds(owner: AttachmentOwner) -> Kinds {
    owner.kinds_of(may).into_iter().map(|kind| (kind.code(), kind.label())).collect()
}

fn list(owner: AttachmentOwner, found: &Attachments, wish: RwSignal<Option<Wish>>) -> AnyView {
    if found.rows.is_empty() {
        return view! { <p class="attachment-none">"暂无附件"</p> }.into_any();
    }
    let opens = found.opens;
    let note = (!opens).then(|| view! { <p class="attachment-none">"附件含个人信息，查看原件需要相应权限"</p> });
    let rows = found.rows.iter().map(|file| row(owner, file, opens, wish)).collect_view();
    view! { {note}<ul class="attachment-list">{rows}</ul> }.into_any()
}

fn row(owner: AttachmentOwner, file: &Attachment, opens: bool, wish: RwSignal<Option<Wish>>) -> impl IntoView + use<> {
    let name = file.file_name.clone();
    let facts = format!("{} · {}", file.kind.label(), size_text(file.bytes));
    let who = format!("{} · {}", file.uploaded_by.clone().unwrap_or_default(), time_text(file.uploaded_at));
    let picture = match &file.thumbnail {
        Some(link) => view! { <img src=link.to_string() alt="" loading="lazy" /> }.into_any(),
        None => {
            view! { <span class="attachment-letters">{if file.media.is_picture() { "图片" } else { "PDF" }}</span> }
                .into_any()
        }
    };
    let kind = file.kind;
    let (previews, file) = (opens && file.media.is_picture(), StoredValue::new(file.clone()));
    let ask = move |deed| wish.set(Some(Wish::new(deed, file.get_value())));
    let button = move |deed: Deed, name: &str| {
        let label = format!("{}{name}", deed.label());
        view! { <button type="button" class="btn btn-ghost btn-xs" aria-label=label on:click=move |_| ask(deed)>{icon(deed.icon())}{deed.label()}</button> }
    };
    view! {
        <li class="attachment">
            <div class="attachment-picture">{picture}</div>
            <div class="attachment-words">
                <p class="attachment-name" title=name.clone()>{name.clone()}</p>
                <p class="attachment-facts">{facts}</p>
                <p class="attachment-facts">{who}</p>
                <div class="attachment-tools">
                    {previews.then(|| button(Deed::Preview, &name))}
                    {opens.then(|| button(Deed::Download, &name))}
                    {changing(move || owner.writes(kind, may).then(|| button(Deed::Delete, &name)))}
                </div>
            </div>
        </li>
    }
}
