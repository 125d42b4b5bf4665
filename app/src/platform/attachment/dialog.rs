//! What is done with one file: asks for the reason where one is needed, shows the picture, saves, deletes.

use super::api::{attachment_delete, attachment_link};
use crate::ui::changing::changing;
use crate::{ApiError, ui::error_view};
use domain::{
    dictionary::AttachmentOwner,
    platform::attachment::{Attachment, Link, REASON_MAX, View},
};
use leptos::{html::Dialog, prelude::*};

/// What can be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Preview,
    Download,
    Delete,
}

impl Deed {
    pub fn label(self) -> &'static str {
        match self {
            Self::Preview => "预览",
            Self::Download => "下载",
            Self::Delete => "删除",
        }
    }

    pub fn icon(self) -> &'static str {
        match self {
            Self::Preview => "search",
            Self::Download => "export",
            Self::Delete => "delete",
        }
    }
}

/// What somebody wants to do with which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    deed: Deed,
    file: Attachment,
}

impl Wish {
    pub fn new(deed: Deed, file: Attachment) -> Self {
        Self { deed, file }
    }

    fn needs_reason(&self, owner: AttachmentOwner) -> bool {
        self.deed == Deed::Delete || owner.is_personal()
    }
}

/// A wish with its reason, and the opening of the dialog that it belongs to.
type Asked = (u32, Wish, String);

async fn carry_out(wish: Wish, reason: String) -> Result<Option<Link>, ApiError> {
    match wish.deed {
        Deed::Preview => attachment_link(wish.file.id, View::Picture, reason).await.map(Some),
        Deed::Download => attachment_link(wish.file.id, View::Download, reason).await.map(Some),
        Deed::Delete => attachment_delete(wish.file.id, reason).await.map(|()| None),
    }
}

#[component]
pub fn DeedDialog(owner: AttachmentOwner, wish: RwSignal<Option<Wish>>, changed: Callback<()>) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let reason = RwSignal::new(String::new());
    // An answer that comes after the dialog was closed is nobody's.
    let opening = RwSignal::new(0_u32);
    let act = Action::new(move |(opening, wish, reason): &Asked| {
        let (opening, wish, reason) = (*opening, wish.clone(), reason.clone());
        async move { (opening, carry_out(wish, reason).await) }
    });
    let answer = Signal::derive(move || {
        act.value().get().filter(|(asked, _)| *asked == opening.get()).map(|(_, answer)| answer)
    });
    Effect::new(move |_| {
        let (Some(wanted), Some(dialog)) = (wish.get(), dialog.get()) else { return };
        if !dialog.open() {
            // It fails only for a dialog that is open or not in the page.
            let _ = dialog.show_modal();
        }
        if !wanted.needs_reason(owner) {
            act.dispatch((opening.get_untracked(), wanted, String::new()));
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    Effect::new(move |_| match (answer.get(), wish.get_untracked().map(|wish| wish.deed)) {
        (Some(Ok(Some(link))), Some(Deed::Download)) => {
            // The answer is a file to be saved: the page stays.
            let _ = window().location().assign(&link.to_string());
            close();
        }
        (Some(Ok(None)), _) => {
            close();
            changed.run(());
        }
        _ => {}
    });
    let forget = move |_| {
        wish.set(None);
        opening.update(|opening| *opening += 1);
        reason.set(String::new());
        act.clear();
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(wish) = wish.get_untracked() {
            act.dispatch((opening.get_untracked(), wish, reason.get_untracked()));
        }
    };
    let title = move || wish.get().map(|wish| format!("{}附件", wish.deed.label())).unwrap_or_default();
    let body = move || {
        let wish = wish.get()?;
        Some(match answer.get() {
            Some(Ok(Some(link))) if wish.deed == Deed::Preview => picture(&link, &wish.file.file_name),
            Some(Err(error)) if !wish.needs_reason(owner) => error_view(&error),
            failed if wish.needs_reason(owner) => reason_form(&wish, failed.and_then(Result::err), reason, submit, act.pending()),
            _ => view! { <p class="py-6 text-center" role="status"><span class="loading loading-spinner"></span>"正在打开…"</p> }.into_any(),
        })
    };
    view! {
        <dialog class="modal" node_ref=dialog on:close=forget aria-labelledby="attachment-title">
            <div class="modal-box attachment-box">
                <h2 id="attachment-title" class="text-lg font-semibold">{changing(title)}</h2>
                {changing(body)}
                <div class="form-buttons"><button type="button" class="btn btn-ghost" on:click=move |_| close()>"关闭"</button></div>
            </div>
        </dialog>
    }
}

fn picture(link: &Link, name: &str) -> AnyView {
    let broken = RwSignal::new(false);
    let sentence = move || broken.get().then_some("图片未能显示，请关闭后重新打开，或下载后查看");
    view! {
        <p class="attachment-facts">{name.to_owned()}</p>
        <img class="attachment-preview" class:hidden=broken src=link.to_string() alt=name.to_owned() on:error=move |_| broken.set(true) />
        <p class="field-error" role="alert">{changing(sentence)}</p>
    }
    .into_any()
}

fn reason_form(
    wish: &Wish,
    refused: Option<ApiError>,
    reason: RwSignal<String>,
    submit: impl Fn(leptos::ev::SubmitEvent) + 'static,
    pending: Memo<bool>,
) -> AnyView {
    let complaint = refused.map(|error| {
        error
            .fields()
            .and_then(|fields| fields.get("reason").map(ToOwned::to_owned))
            .unwrap_or_else(|| error.to_string())
    });
    let (label, class) = match wish.deed {
        Deed::Delete => ("删除原因", "btn btn-error"),
        _ => ("查看原因", "btn btn-primary"),
    };
    let note = match wish.deed {
        Deed::Delete => "删除后不再显示，操作日志中保留记录。",
        _ => "附件含个人信息，查看记入操作日志。",
    };
    let wrong = complaint.is_some();
    view! {
        <p class="pt-2">{wish.file.file_name.clone()}</p>
        <p class="attachment-facts">{note}</p>
        <form class="flex flex-col gap-3 pt-3" on:submit=submit>
            <div class="form-field" class:has-error=wrong>
                <label for="attachment-reason">{label}<span class="required" aria-hidden="true">"*"</span></label>
                <input id="attachment-reason" class="input" required maxlength=REASON_MAX autocomplete="off"
                    aria-describedby="attachment-reason-error" prop:value=reason on:input=move |event| reason.set(event_target_value(&event)) />
                <p class="field-error" id="attachment-reason-error" role="alert">{complaint}</p>
            </div>
            <div class="form-buttons"><button type="submit" class=class disabled=pending>{wish.deed.label()}</button></div>
        </form>
    }
    .into_any()
}
