//! Signing in (S1-1.1): account, password, captcha, and then the code of a second factor. Works without JavaScript too.

use super::session::{CaptchaImage, FactorVerify, SignIn, SignOut, captcha_create};
use crate::{
    shell::use_frame,
    ui::{
        changing::changing,
        icon,
        post::{Sent, post_form},
        resource::{Loaded, resource},
    },
};
use domain::{failure::Failure, platform::forgotten::PAGE};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

#[component]
pub fn SignInPage() -> impl IntoView {
    let frame = use_frame();
    let city = move || frame.with(|frame| frame.settings.city_name.clone());
    let factor_due = Memo::new(move |_| frame.with(|frame| frame.factor_due));
    let sign_in = expect_context::<ServerAction<SignIn>>();
    let verify = expect_context::<ServerAction<FactorVerify>>();
    let refreshed = RwSignal::new(0);
    // A captcha is good for one try: after each try there is a new one.
    let captcha = resource(
        move || (factor_due.get(), refreshed.get(), sign_in.version().get()),
        |(factor_due, ..)| async move { if factor_due { Ok(None) } else { captcha_create().await.map(Some) } },
    );
    // What was said of an earlier code does not greet the next person.
    Effect::new(move |before: Option<bool>| {
        let due = factor_due.get();
        if due && before == Some(false) {
            verify.clear();
        }
        due
    });
    view! {
        <Title text="登录" />
        <main class="sign-in">
            <section class="sign-in-card">
                <div class="app-brand text-xl">{icon("brand")}<h1>{changing(city)}</h1></div>
                {changing(move || if factor_due.get() { factor_form(verify) } else { password_form(sign_in, captcha, refreshed) })}
            </section>
        </main>
    }
}

/// The first step.
fn password_form(
    sign_in: ServerAction<SignIn>,
    captcha: Loaded<Option<CaptchaImage>>,
    refreshed: RwSignal<u32>,
) -> AnyView {
    let refusal = move || sign_in.value().get().and_then(Result::err).map(|error| error.to_string());
    let query = use_query_map();
    let fields = view! {
        <label class="form-field"><span>"账号"</span>
            <input class="input w-full" name="login" required maxlength="30" autocomplete="username" autofocus />
        </label>
        <label class="form-field"><span>"密码"</span>
            <input class="input w-full" name="password" type="password" required maxlength="128" autocomplete="current-password" />
        </label>
        {captcha_field(captcha, refreshed)}
        <p class="field-error" role="alert">{changing(refusal)}</p>
        <button type="submit" class="btn btn-primary w-full" disabled=sign_in.pending()>"登录"</button>
    };
    let read = |sent: &Sent| SignIn {
        login: sent.text("login"),
        password: sent.text("password"),
        captcha_id: sent.text("captcha_id"),
        captcha: sent.text("captcha"),
    };
    view! {
        {changing(move || query.read().get("reset").map(|_| view! { <p class="alert alert-success alert-soft" role="status">"密码已重置，请使用新密码登录。"</p> }))}
        {post_form(sign_in, read, "flex flex-col gap-4", fields)}
        <p class="text-sm opacity-80">"账号由系统管理员分配。"<a class="link" href=PAGE>"忘记密码"</a></p>
    }
    .into_any()
}

/// The field for what a captcha shows, and its picture, which a click replaces.
pub(super) fn captcha_field(captcha: Loaded<Option<CaptchaImage>>, refreshed: RwSignal<u32>) -> AnyView {
    view! {
        <div class="form-field">
            <label for="captcha">"图形验证码"</label>
            <div class="flex gap-2">
                <input id="captcha" class="input grow min-w-0" name="captcha" required minlength="4" maxlength="6" autocomplete="off" autocapitalize="off" spellcheck="false" />
                <Transition fallback=|| view! { <span class="captcha-image skeleton"></span> }>
                    {changing(move || Suspend::new(async move {
                        match captcha.await {
                            Ok(None) => ().into_any(),
                            Ok(Some(captcha)) => view! {
                                <input type="hidden" name="captcha_id" value=captcha.id />
                                <button type="button" class="captcha-button" title="看不清？点击刷新" on:click=move |_| refreshed.update(|count| *count += 1)>
                                    <img class="captcha-image" src=captcha.image alt="图形验证码，点击刷新" width="160" height="56" />
                                </button>
                            }
                            .into_any(),
                            Err(error) => view! { <span class="field-error">{error.to_string()}</span> }.into_any(),
                        }
                    }))}
                </Transition>
            </div>
            <p class="text-sm opacity-80">"五分钟内有效，点击图片可刷新"</p>
        </div>
    }
    .into_any()
}

/// The second step: the code that the phone shows, or one of the recovery codes.
fn factor_form(verify: ServerAction<FactorVerify>) -> AnyView {
    let sign_out = expect_context::<ServerAction<SignOut>>();
    let answer = move || verify.value().get().and_then(Result::err);
    // It waited too long, or too many wrong codes have ended it: the first step is due again.
    let over = move || answer().is_some_and(|error| error.0 == Failure::NotSignedIn);
    let fields = view! {
        <label class="form-field"><span>"验证码"</span>
            <input class="input w-full" name="code" required maxlength="20" autocomplete="one-time-code" autocapitalize="off" spellcheck="false" autofocus aria-describedby="code-hint" />
        </label>
        <p class="text-sm opacity-80" id="code-hint">"密码正确。请输入手机验证器显示的6位验证码；手机不在身边时可输入一个恢复码。"</p>
        <p class="field-error" role="alert">{changing(move || answer().map(|error| error.to_string()))}</p>
        <button type="submit" class="btn btn-primary w-full" disabled=move || verify.pending().get() || over()>"验证并登录"</button>
    };
    view! {
        {post_form(verify, |sent| FactorVerify { code: sent.text("code") }, "flex flex-col gap-4", fields)}
        {post_form(sign_out, |_| SignOut {}, "", view! { <button type="submit" class="btn btn-ghost w-full">"返回，重新登录"</button> })}
    }
    .into_any()
}
