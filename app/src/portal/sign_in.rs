//! Signing in by telephone: the number, then the code.

use super::{Frame, alert, page};
use leptos::prelude::*;

/// What the page that asks for the number shows besides.
#[derive(Clone, Debug, Default)]
pub struct Door {
    pub complaint: Option<String>,
    /// as it was entered
    pub phone: String,
    /// id and picture of a captcha that is wanted
    pub captcha: Option<(String, String)>,
}

/// The page that asks for the number.
#[must_use]
pub fn sign_in(frame: &Frame, door: &Door) -> String {
    let captcha = door.captcha.clone().map(|(id, picture)| {
        view! {
            <input type="hidden" name="captcha_id" value=id />
            <label for="captcha">"图形验证码"</label>
            <p><img src=picture alt="图形验证码，五个字母或数字" width="200" height="70" /></p>
            <input id="captcha" name="captcha" autocomplete="off" autocapitalize="off" maxlength="8" />
            <p class="hint">"看不清的可直接提交，将更换图片"</p>
        }
    });
    page(
        frame,
        "租户登录",
        view! {
            {alert(door.complaint.clone())}
            <form method="post" action="/my/sign-in/code">
                <label for="phone">"手机号"</label>
                <input id="phone" name="phone" type="tel" inputmode="numeric" autocomplete="tel-national" maxlength="20" value=door.phone.clone() required />
                <p class="hint">"请使用签订合同时登记的手机号"</p>
                {captcha}
                <button>"获取验证码"</button>
            </form>
            <p class="hint">"手机号已更换的，请持身份证到管理单位变更"</p>
        },
    )
}

/// The page that asks for the code; `demo`: where the demo's telephone can be read.
#[must_use]
pub fn code(
    frame: &Frame,
    ticket: String,
    phone: Option<String>,
    complaint: Option<String>,
    demo: Option<String>,
) -> String {
    let sent = phone.map(|phone| format!("如该手机号已登记，验证码将发送至{phone}"));
    page(
        frame,
        "输入验证码",
        view! {
            {sent.map(|sent| view! { <p>{sent}</p> })}
            {demo.map(|demo| view! { <p class="hint">{format!("演示环境：短信内容见{demo}")}</p> })}
            {alert(complaint)}
            <form method="post" action="/my/sign-in">
                <input type="hidden" name="ticket" value=ticket />
                <label for="code">"短信验证码"</label>
                <input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="8" required />
                <button>"登录"</button>
            </form>
            <p><a href="/my/sign-in">"没有收到？重新获取"</a></p>
        },
    )
}
