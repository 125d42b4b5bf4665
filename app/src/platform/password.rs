//! Changing the own password; the only page that a first sign-in can open.

use super::session::PasswordChange;
use crate::{
    shell::use_frame,
    ui::{
        PageHead,
        changing::changing,
        error_view,
        post::{Sent, post_form},
    },
};
use leptos::prelude::*;

pub fn password_view() -> AnyView {
    // Of the application, not of this page: its answer is needed when this page is gone, and then forgotten.
    let change = expect_context::<ServerAction<PasswordChange>>();
    on_cleanup(move || change.clear());
    let frame = use_frame();
    let forced = move || frame.with(|frame| frame.actor.as_ref().is_some_and(|actor| actor.must_change_password));
    let complaint = move |field: &'static str| {
        change
            .value()
            .get()
            .and_then(Result::err)
            .and_then(|error| error.fields().and_then(|fields| fields.get(field).map(ToOwned::to_owned)))
    };
    let refused = move || change.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    let field = move |name: &'static str, label: &'static str, complete: &'static str| {
        view! {
            <div class="form-field" class:has-error=move || complaint(name).is_some()>
                <label for=name>{label}</label>
                <input id=name name=name type="password" class="input" autocomplete=complete required maxlength="128" aria-describedby=format!("{name}-error") />
                <p class="field-error" id=format!("{name}-error") role="alert">{changing(move || complaint(name))}</p>
            </div>
        }
    };
    let fields = view! {
        {changing(move || refused().map(|error| error_view(&error)))}
        {field("old", "原密码", "current-password")}
        {field("new", "新密码", "new-password")}
        {field("again", "再次输入新密码", "new-password")}
        <p class="text-sm opacity-80">"至少10位，包含大写字母、小写字母、数字、符号中的三类，且不含账号。"</p>
        <button type="submit" class="btn btn-primary" disabled=change.pending()>"确定"</button>
    };
    let read = |sent: &Sent| PasswordChange { old: sent.text("old"), new: sent.text("new"), again: sent.text("again") };
    view! {
        <main class="page">
            <PageHead title="修改密码" />
            {changing(move || forced().then(|| view! { <div class="alert alert-warning alert-soft">"首次登录须修改初始密码；密码被重置或到期后也须修改。修改后方可使用系统。"</div> }))}
            {post_form(change, read, "panel max-w-md flex flex-col gap-3", fields)}
        </main>
    }
    .into_any()
}
