//! 二次验证 of the own account: taking a phone into use, recovery codes, giving it up; the only page that is open to
//! somebody who must set one up.

use super::session::Frame;
use crate::{
    Api, ApiError,
    shell::use_frame,
    ui::{
        PageHead, changing::changing, detail::field_group, dialog::Ask, error_view, icon, loading_view, qr::QrCode,
        resource::resource,
    },
};
use domain::{
    platform::second_factor::{FactorState, RECOVERY_CODES},
    sheet::Cell,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
#[cfg(feature = "ssr")]
use {crate::context::ctx, store::platform::second_factor as factor};

/// A secret to be scanned, or to be typed in groups of four.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offered {
    pub key: String,
    pub code: QrCode,
}

/// Where the own account stands.
#[server(endpoint = "factor_get", protocol = Api)]
pub async fn factor_get() -> Result<FactorState, ApiError> {
    Ok(factor::factor_state(&ctx()?).await?)
}

/// Draws a secret for a phone.
#[server(endpoint = "factor_offer", protocol = Api)]
pub async fn factor_offer() -> Result<Offered, ApiError> {
    use domain::{failure::Failure, platform::second_factor::grouped};
    let offer = factor::factor_offer(&ctx()?).await?;
    let city = crate::context::process().settings.borrow().city_name.clone();
    let code = QrCode::draw(&offer.address(&city), qrcode::EcLevel::M)
        .ok_or_else(|| ApiError::from(Failure::refused("平台名称过长，无法生成二维码，请手工输入密钥")))?;
    Ok(Offered { key: grouped(&offer.key, 4, " "), code })
}

/// Takes the secret into use; answers the recovery codes and the frame of the session that follows.
#[server(endpoint = "factor_confirm", protocol = Api)]
pub async fn factor_confirm(code: String, password: String) -> Result<(Frame, Vec<String>), ApiError> {
    let (secret, codes) = factor::factor_confirm(&ctx()?, &code, password).await?;
    Ok((super::session::enter(&secret).await?, codes))
}

/// Draws new recovery codes.
#[server(endpoint = "factor_codes_renew", protocol = Api)]
pub async fn factor_codes_renew(code: String) -> Result<Vec<String>, ApiError> {
    Ok(factor::factor_codes_renew(&ctx()?, &code).await?)
}

/// Gives the factor up; answers the frame, in which another one may have to be set up.
#[server(endpoint = "factor_disable", protocol = Api)]
pub async fn factor_disable(code: String) -> Result<Frame, ApiError> {
    factor::factor_disable(&ctx()?, &code).await?;
    super::session::frame_of(&crate::context::visit().secret.unwrap_or_default()).await
}

pub fn factor_view() -> AnyView {
    let frame = use_frame();
    let state = resource(|| (), |()| factor_get());
    // Shown once; they are forgotten with the page.
    let codes = RwSignal::new(None::<Vec<String>>);
    let again = Callback::new(move |()| {
        codes.set(None);
        state.refetch();
    });
    let forced = Memo::new(move |_| frame.with(|frame| frame.actor.as_ref().is_some_and(|actor| actor.must_enrol)));
    view! {
        <main class="page">
            <PageHead title="二次验证" />
            {changing(move || forced.get().then(|| view! {
                <div class="alert alert-warning alert-soft">"您的账号须启用二次验证，启用后方可使用系统：登录时除密码外，还要输入手机验证器显示的验证码。"</div>
            }))}
            {changing(move || match codes.get() {
                Some(codes) => codes_view(codes, again).into_any(),
                None => view! {
                    <Transition fallback=loading_view>
                        {changing(move || Suspend::new(async move {
                            match state.await {
                                Ok(found) if found.since.is_some() => in_use_view(&found, codes, again).into_any(),
                                Ok(_) => offer_view(codes).into_any(),
                                Err(error) => error_view(&error),
                            }
                        }))}
                    </Transition>
                }
                .into_any(),
            })}
        </main>
    }
    .into_any()
}

/// From the beginning to the first code.
fn offer_view(codes: RwSignal<Option<Vec<String>>>) -> impl IntoView {
    let frame = use_frame();
    let offer = Action::new(|(): &()| factor_offer());
    let code = RwSignal::new(String::new());
    let word = RwSignal::new(String::new());
    let confirm = Action::new(move |(): &()| factor_confirm(code.get_untracked(), word.get_untracked()));
    Effect::new(move |_| {
        if let Some(Ok((fresh, drawn))) = confirm.value().get() {
            codes.set(Some(drawn));
            frame.set(fresh);
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        confirm.dispatch(());
    };
    let refused = Signal::derive(move || confirm.value().get().and_then(Result::err));
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    view! {
        <section class="panel max-w-3xl flex flex-col gap-4">
            <h2>"启用二次验证"</h2>
            <p>"在手机上准备一个支持TOTP的验证器（手机自带的密码管理，或任一身份验证器应用），按以下步骤绑定。手机无需联网，但时间须准确。"</p>
            {changing(move || match offer.value().get() {
                Some(Ok(offered)) => view! {
                    <ol class="steps-list">
                        <li>"用验证器扫描二维码"
                            <div class="factor-code py-2">{offered.code.view("验证器绑定二维码".to_owned())}</div>
                            <p>"不能扫描时，手工输入密钥："</p>
                            <p class="text-lg font-semibold tabular-nums break-words" data-key>{offered.key}</p>
                        </li>
                        <li>"输入登录密码和验证器显示的6位验证码"
                            <form class="flex flex-col gap-2 py-2 max-w-sm" method="post" on:submit=submit novalidate autocomplete="off">
                                {entry(PASSWORD, word, refused)}
                                {code_field(code, refused)}
                                <div class="form-buttons">
                                    <button type="submit" class="btn btn-primary" disabled=confirm.pending()>"确认启用"</button>
                                </div>
                            </form>
                        </li>
                    </ol>
                }
                .into_any(),
                answer => view! {
                    {answer.and_then(Result::err).map(|error| error_view(&error))}
                    <div class="form-buttons">
                        <button type="button" class="btn btn-primary" disabled=move || !alive.get() || offer.pending().get() on:click=move |_| { offer.dispatch(()); }>"开始绑定手机"</button>
                    </div>
                }
                .into_any(),
            })}
        </section>
    }
}

/// What a field asks for: its name, label, type, longest content, and what a browser may fill in.
type Asked = (&'static str, &'static str, &'static str, u32, &'static str);

const CODE: Asked = ("code", "验证码", "text", 20, "one-time-code");
const PASSWORD: Asked = ("password", "登录密码", "password", 128, "current-password");

/// The field of a code, below what was wrong with the whole.
fn code_field(code: RwSignal<String>, refused: Signal<Option<ApiError>>) -> impl IntoView {
    view! {
        {changing(move || refused.get().filter(|error| error.fields().is_none()).map(|error| error_view(&error)))}
        {entry(CODE, code, refused)}
    }
}

/// A field with what was wrong with its last content.
fn entry(
    (name, label, kind, longest, fill): Asked,
    value: RwSignal<String>,
    refused: Signal<Option<ApiError>>,
) -> impl IntoView {
    let complaint = move || {
        refused.get().and_then(|error| error.fields().and_then(|fields| fields.get(name).map(ToOwned::to_owned)))
    };
    view! {
        <div class="form-field" class:has-error=move || complaint().is_some()>
            <label for=name>{label}</label>
            <input id=name name=name type=kind class="input" maxlength=longest required autocomplete=fill autocapitalize="off" spellcheck="false"
                aria-describedby=format!("{name}-error") prop:value=value on:input=move |event| value.set(event_target_value(&event)) />
            <p class="field-error" id=format!("{name}-error") role="alert">{changing(complaint)}</p>
        </div>
    }
}

/// Recovery codes, this one time.
fn codes_view(codes: Vec<String>, again: Callback<()>) -> impl IntoView {
    let list = codes.into_iter().map(|code| view! { <li>{code}</li> }).collect_view();
    let print = move |_| {
        let _ = window().print();
    };
    view! {
        <section class="panel max-w-3xl flex flex-col gap-4" role="status">
            <h2>"恢复码"</h2>
            <p>"手机不在身边或丢失时，可用恢复码代替验证码登录，每个只能用一次。恢复码只显示这一次，请抄写或打印后妥善保管；以前的恢复码已失效。"</p>
            <ul class="recovery-codes" data-clear>{list}</ul>
            <div class="form-buttons">
                <a class="btn btn-primary" href="/">"已保存，进入系统"</a>
                <button type="button" class="btn btn-outline" on:click=print>{icon("label")}"打印"</button>
                <button type="button" class="btn btn-ghost" on:click=move |_| again.run(())>"查看二次验证状态"</button>
            </div>
        </section>
    }
}

/// What is done with a factor in use; each needs a code, so that a desk left open gives nothing away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Renew,
    Disable,
}

impl Deed {
    fn label(self) -> &'static str {
        match self {
            Self::Renew => "更换恢复码",
            Self::Disable => "停用或更换手机",
        }
    }

    fn sentence(self, required: bool) -> &'static str {
        match (self, required) {
            (Self::Renew, _) => "将生成一组新的恢复码，原有的恢复码立即失效。",
            (Self::Disable, true) => "原验证器和恢复码立即失效。您的账号须使用二次验证，停用后请随即绑定新的手机。",
            (Self::Disable, false) => "原验证器和恢复码立即失效，以后登录只需密码；更换手机时，停用后重新启用即可。",
        }
    }
}

fn in_use_view(
    state: &FactorState,
    codes: RwSignal<Option<Vec<String>>>,
    again: Callback<()>,
) -> impl IntoView + use<> {
    let FactorState { since, recovery_left, required } = state.clone();
    let frame = use_frame();
    let (open, deed, code) = (RwSignal::new(false), RwSignal::new(Deed::Renew), RwSignal::new(String::new()));
    let renew = Action::new(move |(): &()| factor_codes_renew(code.get_untracked()));
    let disable = Action::new(move |(): &()| factor_disable(code.get_untracked()));
    Effect::new(move |_| {
        if let Some(Ok(drawn)) = renew.value().get() {
            open.set(false);
            codes.set(Some(drawn));
        }
    });
    Effect::new(move |_| {
        if let Some(Ok(fresh)) = disable.value().get() {
            open.set(false);
            frame.set(fresh);
            again.run(());
        }
    });
    let ask = move |chosen| {
        deed.set(chosen);
        code.set(String::new());
        renew.clear();
        disable.clear();
        open.set(true);
    };
    let refused = Signal::derive(move || match deed.get() {
        Deed::Renew => renew.value().get().and_then(Result::err),
        Deed::Disable => disable.value().get().and_then(Result::err),
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match deed.get_untracked() {
            Deed::Renew => drop(renew.dispatch(())),
            Deed::Disable => drop(disable.dispatch(())),
        }
    };
    let left = if recovery_left == 0 {
        "已用完，请尽快更换恢复码".to_owned()
    } else {
        format!("{recovery_left} / {RECOVERY_CODES}")
    };
    view! {
        {field_group("状态", vec![
            ("二次验证", Cell::text("已启用")),
            ("启用时间", since.map_or(Cell::Empty, Cell::Time)),
            ("剩余恢复码", Cell::text(&left)),
            ("是否必须使用", Cell::text(if required { "是" } else { "否" })),
        ])}
        <div class="form-buttons">
            <button type="button" class="btn btn-outline" on:click=move |_| ask(Deed::Renew)>{Deed::Renew.label()}</button>
            <button type="button" class="btn btn-outline" on:click=move |_| ask(Deed::Disable)>{Deed::Disable.label()}</button>
        </div>
        <Ask open=open title=Signal::derive(move || deed.get().label().to_owned())>
            <p class="py-3">{changing(move || deed.get().sentence(required))}</p>
            <form class="flex flex-col gap-2" method="post" on:submit=submit novalidate autocomplete="off">
                {code_field(code, refused)}
                <div class="form-buttons">
                    <button type="submit" class="btn btn-primary" disabled=move || renew.pending().get() || disable.pending().get()>"确定"</button>
                    <button type="button" class="btn btn-ghost" on:click=move |_| open.set(false)>"取消"</button>
                </div>
            </form>
        </Ask>
    }
}
