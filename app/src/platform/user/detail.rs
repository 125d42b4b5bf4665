//! The record of an account, and what an administrator does to it at once.

use super::api::{user_factor_remove, user_get, user_password_new, user_sessions_end, user_status_set, user_unlock};
use crate::{
    ApiError,
    shell::{may, use_frame},
    ui::{
        PageHead,
        changing::{awaited, changing},
        detail::{field_group, text_cell, use_id},
        dialog::Ask,
        error_view, icon,
        resource::resource,
        table::time_text,
        toast,
    },
};
use domain::{
    dictionary::UserStatus,
    id::UserId,
    platform::{
        approval::REASON_MAX,
        permission::Permission,
        user_form::{USER_LIST, User},
    },
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

/// What is done without a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Password,
    Close,
    Open,
    Unlock,
    SignOut,
    Factor,
}

impl Deed {
    fn label(self) -> &'static str {
        match self {
            Self::Password => "重置密码",
            Self::Close => "停用",
            Self::Open => "启用",
            Self::Unlock => "解锁",
            Self::SignOut => "强制下线",
            Self::Factor => "解除二次验证",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Password => "将生成新的初始密码，原密码立即失效，该账号的所有登录会话结束。首次登录须修改密码。",
            Self::Close => "停用后该账号不能登录，正在使用的会话立即结束。",
            Self::Open => "启用后该账号可以登录，权限与停用前相同。",
            Self::Unlock => "解除因密码或验证码错误造成的锁定，密码不变。",
            Self::SignOut => "结束该账号的所有登录会话，密码不变，可重新登录。",
            Self::Factor => {
                "用于手机和恢复码都已丢失的账号：原验证器、恢复码和密码立即失效，所有登录会话结束，并生成新的初始密码；本人登录后须修改密码、重新启用二次验证。解除前请核实本人身份。"
            }
        }
    }

    /// Answers the new password, where there is one; `reason` is what was written where one is asked for.
    async fn done(self, id: UserId, reason: String) -> Result<Option<String>, ApiError> {
        match self {
            Self::Password => user_password_new(id).await.map(Some),
            Self::Close => user_status_set(id, false).await.map(|()| None),
            Self::Open => user_status_set(id, true).await.map(|()| None),
            Self::Unlock => user_unlock(id).await.map(|()| None),
            Self::SignOut => user_sessions_end(id).await.map(|()| None),
            Self::Factor => user_factor_remove(id, reason).await.map(Some),
        }
    }
}

pub fn detail_view() -> AnyView {
    let id = use_id();
    let user = resource(move || id.get(), |id| user_get(UserId(id)));
    let again = Callback::new(move |()| user.refetch());
    view! {
        <main class="page">
            {awaited(user, move |user| record(&user, again).into_any())}
        </main>
    }
    .into_any()
}

fn record(user: &User, again: Callback<()>) -> impl IntoView + use<> {
    let id = user.row.id;
    let asked = RwSignal::new(None::<Deed>);
    let own = use_frame().with_untracked(|frame| frame.actor.as_ref().is_some_and(|actor| actor.id == id));
    let status = match user.row.locked_until {
        Some(until) => Cell::badge("LOCKED", &format!("锁定至{}", time_text(until))),
        None => Cell::status(user.row.status),
    };
    let districts = user.districts.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join("、");
    let estates = user.estates.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join("、");
    let pending = user.pending.map(|request| {
        view! { <div class="alert alert-warning alert-soft">"该账号有待复核的授权变更。"<a class="link" href=format!("/platform/approvals/{request}")>"查看"</a></div> }
    });
    let deeds = deeds(user, own, asked);
    view! {
        <PageHead title=user.row.login.clone() back=(USER_LIST.path.to_owned(), USER_LIST.noun.to_owned())>{deeds}</PageHead>
        {pending}
        {field_group("账号", vec![
            ("账号", Cell::text(&user.row.login)),
            ("姓名", Cell::text(&user.row.name)),
            ("部门", text_cell(user.department.as_ref())),
            ("手机号", text_cell(user.row.phone.as_ref())),
            ("状态", status),
            ("有效期起", cell_or_empty(user.valid_from, Cell::Date)),
            ("有效期止", cell_or_empty(user.valid_to, Cell::Date)),
            ("密码更换时间", Cell::Time(user.password_changed_at)),
            ("须修改密码", Cell::text(if user.must_change_password { "是" } else { "否" })),
            ("二次验证", Cell::text(if user.row.second_factor { "已启用" } else { "未启用" })),
            ("最后登录", cell_or_empty(user.row.last_login_at, Cell::Time)),
        ])}
        {field_group("授权", vec![
            ("所属机构", Cell::text(&user.row.organization)),
            ("角色", Cell::text(if user.row.roles.is_empty() { "尚未授权" } else { &user.row.roles })),
            ("可见区县", Cell::text(if districts.is_empty() { "所属机构管辖的范围" } else { &districts })),
            ("负责楼盘", Cell::text(if estates.is_empty() { "可见范围内的全部" } else { &estates })),
        ])}
        {sessions(user)}
        {attempts(user)}
        <DeedDialog id=id asked=asked again=again />
    }
}

fn deeds(user: &User, own: bool, asked: RwSignal<Option<Deed>>) -> impl IntoView + use<> {
    let id = user.row.id;
    let waiting = user.pending.is_some();
    let mut offered = Vec::new();
    if !own {
        match user.row.status {
            UserStatus::On => offered.extend([Deed::Password, Deed::SignOut, Deed::Close]),
            UserStatus::Off => offered.extend([Deed::Password, Deed::Open]),
            UserStatus::New => offered.push(Deed::Password),
        }
        if user.row.locked_until.is_some() {
            offered.push(Deed::Unlock);
        }
        if user.row.second_factor {
            offered.push(Deed::Factor);
        }
    }
    move || {
        may(Permission::UserWrite).then(|| {
            let buttons = offered
                .iter()
                .map(|deed| {
                    let deed = *deed;
                    view! { <button type="button" class="btn btn-outline btn-sm" on:click=move |_| asked.set(Some(deed))>{deed.label()}</button> }
                })
                .collect_view();
            view! {
                {buttons}
                {(!own && !waiting).then(|| view! { <a class="btn btn-outline btn-sm" href=format!("/platform/users/{id}/grant")>"变更授权"</a> })}
                <a class="btn btn-primary btn-sm" href=format!("/platform/users/{id}/edit")>{icon("edit")}"编辑"</a>
            }
        })
    }
}

/// Asks, does it, and shows a new password once.
#[component]
fn DeedDialog(id: UserId, asked: RwSignal<Option<Deed>>, again: Callback<()>) -> impl IntoView {
    let open = RwSignal::new(false);
    let reason = RwSignal::new(String::new());
    let run = Action::new(move |deed: &Deed| deed.done(id, reason.get_untracked()));
    let last = RwSignal::new(Deed::Password);
    Effect::new(move |_| {
        if let Some(deed) = asked.get() {
            last.set(deed);
            reason.set(String::new());
            run.clear();
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() && asked.get_untracked().is_some() {
            asked.set(None);
            // A password that was shown is forgotten with the dialog.
            run.clear();
        }
    });
    Effect::new(move |_| match run.value().get() {
        Some(Ok(None)) => {
            toast::tell(&format!("已完成：{}", last.get_untracked().label()));
            open.set(false);
            again.run(());
        }
        Some(Ok(Some(_))) => {}
        _ => {}
    });
    let close = move |_| {
        let shown = run.value().get_untracked().is_some_and(|answer| answer.is_ok());
        open.set(false);
        if shown {
            again.run(());
        }
    };
    view! {
        <Ask open=open title=Signal::derive(move || last.get().label().to_owned())>
            {changing(move || match run.value().get() {
                Some(Ok(Some(password))) => password_view(password, close).into_any(),
                answer => view! {
                    <p class="py-4">{last.get().sentence()}</p>
                    {(last.get() == Deed::Factor).then(|| reason_field(reason, answer.clone().and_then(Result::err)))}
                    {answer.and_then(Result::err).filter(|error| error.fields().is_none()).map(|error| error_view(&error))}
                    <div class="form-buttons">
                        <button type="button" class="btn btn-primary" disabled=run.pending() on:click=move |_| drop(run.dispatch(last.get_untracked()))>"确定"</button>
                        <button type="button" class="btn btn-ghost" on:click=close>"取消"</button>
                    </div>
                }
                .into_any(),
            })}
        </Ask>
    }
}

/// Why it is done, for the operation log.
fn reason_field(reason: RwSignal<String>, refused: Option<ApiError>) -> impl IntoView {
    let complaint = refused.and_then(|error| error.fields()?.get("reason").map(ToOwned::to_owned));
    let wrong = complaint.is_some();
    view! {
        <div class="form-field pb-4" class:has-error=wrong>
            <label for="deed-reason">"变更原因"<span class="required" aria-hidden="true">"*"</span></label>
            <input id="deed-reason" class="input w-full" maxlength=REASON_MAX autocomplete="off" placeholder="记入操作日志，如 手机遗失，已当面核实"
                aria-describedby="deed-reason-error" prop:value=reason on:input=move |event| reason.set(event_target_value(&event)) />
            <p class="field-error" id="deed-reason-error" role="alert">{complaint}</p>
        </div>
    }
}

/// The first password of an account; there is no other way to see it.
fn password_view(password: String, close: impl Fn(leptos::ev::MouseEvent) + 'static) -> impl IntoView {
    view! {
        <p class="pt-4">"新的初始密码（只显示这一次，请当面或以安全方式告知本人）："</p>
        <p class="py-4 text-xl font-semibold break-all" data-clear>{password}</p>
        <div class="form-buttons"><button type="button" class="btn btn-primary" on:click=close>"已告知，关闭"</button></div>
    }
}

fn sessions(user: &User) -> impl IntoView + use<> {
    let rows = user
        .sessions
        .iter()
        .map(|session| {
            let kind = if session.kiosk { "大屏" } else { "桌面" };
            view! { <tr><td>{kind}</td><td class="whitespace-nowrap tabular-nums">{time_text(session.created_at)}</td><td class="whitespace-nowrap tabular-nums">{time_text(session.seen_at)}</td></tr> }
        })
        .collect_view();
    plain_table("登录会话", &["类型", "登录时间", "最近活动"], user.sessions.is_empty(), "当前没有登录", rows)
}

fn attempts(user: &User) -> impl IntoView + use<> {
    let rows = user
        .attempts
        .iter()
        .map(|attempt| {
            let address = attempt.address.clone().unwrap_or_default();
            view! { <tr><td class="whitespace-nowrap tabular-nums">{time_text(attempt.at)}</td><td>{address}</td><td>{attempt.outcome.clone()}</td></tr> }
        })
        .collect_view();
    plain_table("最近登录尝试", &["时间", "网络地址", "结果"], user.attempts.is_empty(), "没有登录记录", rows)
}

fn plain_table(
    title: &'static str,
    head: &[&'static str],
    empty: bool,
    nothing: &'static str,
    rows: impl IntoView + 'static,
) -> AnyView {
    let head = head.iter().map(|title| view! { <th scope="col">{*title}</th> }).collect_view();
    view! {
        <section class="panel">
            <h2>{title}</h2>
            {if empty {
                view! { <p class="opacity-80">{nothing}</p> }.into_any()
            } else {
                view! {
                    <div class="table-scroll" tabindex="0" role="region" aria-label=title>
                        <table class="table table-sm"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>
                    </div>
                }
                .into_any()
            }}
        </section>
    }
    .into_any()
}
