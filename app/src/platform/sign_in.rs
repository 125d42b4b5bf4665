//! Signing in (S1-1.1): account, password, captcha. Works without JavaScript too.

use super::session::{SignIn, captcha_create};
use crate::{
    shell::use_frame,
    ui::{icon, resource::resource},
};
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn SignInPage() -> impl IntoView {
    let sign_in = expect_context::<ServerAction<SignIn>>();
    let frame = use_frame();
    let refreshed = RwSignal::new(0);
    // A captcha is good for one try: after each try there is a new one.
    let captcha = resource(move || (refreshed.get(), sign_in.version().get()), |_| captcha_create());
    let refusal = move || sign_in.value().get().and_then(Result::err).map(|error| error.to_string());
    let city = move || frame.with(|frame| frame.settings.city_name.clone());
    view! {
        <Title text="登录" />
        <main class="sign-in">
            <section class="sign-in-card">
                <div class="app-brand text-xl">{icon("brand")}<h1>{city}</h1></div>
                <ActionForm action=sign_in attr:class="flex flex-col gap-4">
                    <label class="form-field"><span>"账号"</span>
                        <input class="input w-full" name="login" required maxlength="30" autocomplete="username" autofocus />
                    </label>
                    <label class="form-field"><span>"密码"</span>
                        <input class="input w-full" name="password" type="password" required maxlength="128" autocomplete="current-password" />
                    </label>
                    <div class="form-field">
                        <label for="captcha">"图形验证码"</label>
                        <div class="flex gap-2">
                            <input id="captcha" class="input grow min-w-0" name="captcha" required minlength="4" maxlength="6" autocomplete="off" autocapitalize="off" spellcheck="false" />
                            <Transition fallback=|| view! { <span class="captcha-image skeleton"></span> }>
                                {move || Suspend::new(async move {
                                    match captcha.await {
                                        Ok(captcha) => view! {
                                            <input type="hidden" name="captcha_id" value=captcha.id />
                                            <button type="button" class="captcha-button" title="看不清？点击刷新" on:click=move |_| refreshed.update(|count| *count += 1)>
                                                <img class="captcha-image" src=captcha.image alt="图形验证码，点击刷新" width="160" height="56" />
                                            </button>
                                        }
                                        .into_any(),
                                        Err(error) => view! { <span class="field-error">{error.to_string()}</span> }.into_any(),
                                    }
                                })}
                            </Transition>
                        </div>
                        <p class="text-sm opacity-80">"五分钟内有效，点击图片可刷新"</p>
                    </div>
                    <p class="field-error" role="alert">{refusal}</p>
                    <button type="submit" class="btn btn-primary w-full" disabled=move || sign_in.pending().get()>"登录"</button>
                </ActionForm>
                <p class="text-sm opacity-80">"账号由系统管理员分配；忘记密码请联系系统管理员重置。"</p>
            </section>
        </main>
    }
}
