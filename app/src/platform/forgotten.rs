//! 忘记密码 (S1-1.1): account and telephone, then the code and another password. Works without JavaScript too: where one is stands
//! in the address, and the code's number with it.

use super::{
    session::{CaptchaImage, PasswordCodeCreate, PasswordForgottenSet, captcha_create},
    sign_in::captcha_field,
};
use crate::{
    ApiError,
    shell::use_frame,
    ui::{
        changing::changing,
        icon,
        post::{Sent, post_form},
        resource::{Loaded, resource},
    },
};
use domain::platform::forgotten::{ASKED, PAGE};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

pub fn forgotten_view() -> AnyView {
    let city = use_frame().with_untracked(|frame| frame.settings.city_name.clone());
    let query = use_query_map();
    let ticket = Memo::new(move |_| query.read().get("ticket").filter(|ticket| !ticket.is_empty()));
    let (ask, set) = (ServerAction::<PasswordCodeCreate>::new(), ServerAction::<PasswordForgottenSet>::new());
    let refreshed = RwSignal::new(0);
    // A captcha is good for one try: after each try there is a new one.
    let captcha = resource(
        move || (ticket.with(Option::is_some), refreshed.get(), ask.version().get()),
        |(asked, ..)| async move { if asked { Ok(None) } else { captcha_create().await.map(Some) } },
    );
    // What was said of an earlier code is not said of the next one.
    Effect::new(move |before: Option<Option<String>>| {
        let now = ticket.get();
        if before.is_some_and(|before| before != now) {
            set.clear();
        }
        now
    });
    view! {
        <Title text="忘记密码" />
        <main class="sign-in">
            <section class="sign-in-card">
                <div class="app-brand text-xl">{icon("brand")}<h1>{city}</h1></div>
                <h2 class="text-lg font-semibold">"忘记密码"</h2>
                {changing(move || match ticket.get() {
                    Some(ticket) => code_form(set, ticket),
                    None => ask_form(ask, captcha, refreshed),
                })}
                <p class="text-sm"><a class="link" href="/sign-in">"返回登录"</a></p>
            </section>
        </main>
    }
    .into_any()
}

/// What is said of one field, and of none.
fn complaint(error: &ApiError, field: &str) -> Option<String> {
    error.fields().and_then(|fields| fields.get(field).map(ToOwned::to_owned))
}

/// A field with its complaint.
fn field(
    (name, label, kind, complete): (&'static str, &'static str, &'static str, &'static str),
    most: &'static str,
    error: Signal<Option<ApiError>>,
) -> impl IntoView {
    let said = move || error.with(|error| error.as_ref().and_then(|error| complaint(error, name)));
    view! {
        <div class="form-field" class:has-error=move || said().is_some()>
            <label for=name>{label}</label>
            <input id=name class="input w-full" name=name type=kind required maxlength=most autocomplete=complete autocapitalize="off" spellcheck="false" aria-describedby=format!("{name}-error") />
            <p class="field-error" id=format!("{name}-error") role="alert">{changing(said)}</p>
        </div>
    }
}

/// A refusal that is about no field, or about the captcha.
fn refusal(error: Signal<Option<ApiError>>) -> impl IntoView {
    let said = move || {
        error.with(|error| {
            let error = error.as_ref()?;
            if error.fields().is_none() { Some(error.to_string()) } else { complaint(error, "captcha") }
        })
    };
    view! { <p class="field-error" role="alert">{changing(said)}</p> }
}

/// The first step: whose password it is, and a code to the telephone.
fn ask_form(
    ask: ServerAction<PasswordCodeCreate>,
    captcha: Loaded<Option<CaptchaImage>>,
    refreshed: RwSignal<u32>,
) -> AnyView {
    let error = Signal::derive(move || ask.value().get().and_then(Result::err));
    let fields = view! {
        {field(("login", "账号", "text", "username"), "30", error)}
        {field(("phone", "手机号", "tel", "tel-national"), "20", error)}
        <p class="text-sm opacity-80">"请填写账号登记的手机号；未登记或已更换的，请联系系统管理员。"</p>
        {captcha_field(captcha, refreshed)}
        {refusal(error)}
        <button type="submit" class="btn btn-primary w-full" disabled=ask.pending()>"获取短信验证码"</button>
    };
    let read = |sent: &Sent| PasswordCodeCreate {
        login: sent.text("login"),
        phone: sent.text("phone"),
        captcha_id: sent.text("captcha_id"),
        captcha: sent.text("captcha"),
    };
    post_form(ask, read, "flex flex-col gap-4", fields)
}

/// The second step: the code, and another password.
fn code_form(set: ServerAction<PasswordForgottenSet>, ticket: String) -> AnyView {
    let error = Signal::derive(move || set.value().get().and_then(Result::err));
    let fields = view! {
        <p class="text-sm" role="status">{ASKED}</p>
        <input type="hidden" name="ticket" value=ticket />
        {field(("code", "短信验证码", "text", "one-time-code"), "8", error)}
        {field(("new", "新密码", "password", "new-password"), "128", error)}
        {field(("again", "再次输入新密码", "password", "new-password"), "128", error)}
        <p class="text-sm opacity-80">"至少10位，包含大写字母、小写字母、数字、符号中的三类，且不含账号。重置后须在各处重新登录。"</p>
        {refusal(error)}
        <button type="submit" class="btn btn-primary w-full" disabled=set.pending()>"重置密码"</button>
        <p class="text-sm"><a class="link" href=PAGE>"没有收到？重新获取"</a></p>
    };
    let read = |sent: &Sent| PasswordForgottenSet {
        ticket: sent.text("ticket"),
        code: sent.text("code"),
        new: sent.text("new"),
        again: sent.text("again"),
    };
    post_form(set, read, "flex flex-col gap-4", fields)
}
