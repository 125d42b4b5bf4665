//! Whether somebody is in front of an open page, whether the system was replaced behind it, and what is said when a
//! part of it does not come.

use crate::{
    ApiError,
    platform::session::{Frame, frame_get},
    shell::use_frame,
};
use domain::platform::actor::SessionKind;
use leptos::{leptos_dom::helpers::WindowListenerHandle, prelude::*};
use std::{sync::OnceLock, time::Duration};

/// Messages that wait at the bell. Beside the frame, because nothing else on the page depends on it.
#[derive(Clone, Copy)]
pub(crate) struct Unread(pub RwSignal<i64>);

/// How often an open page may say that somebody is in front of it. Far below the idle limit (domain.md §2.6).
const PRESENCE_SECONDS: u64 = 60;

/// The build of the program that runs here, and what is known of the newest.
static BUILDS: OnceLock<(String, RwSignal<String>)> = OnceLock::new();

/// Whether an answer comes from the build that runs here; that of another is noted as the newest. On the server, and of
/// whoever does not say, always.
pub(crate) fn is_own_build(build: String) -> bool {
    let Some((own, newest)) = BUILDS.get() else { return true };
    let is_own = build.is_empty() || build == *own;
    if !is_own {
        newest.set(build);
    }
    is_own
}

/// Asks for the frame once a minute when a hand was on the page since: that keeps the session of a person at
/// work, who may well type for half an hour without sending anything, and no other; and it tells an old tab
/// that the system was replaced under it. A wall, which nobody touches, asks all the same. Answers the build
/// that the server last spoke of.
pub(crate) fn use_presence(frame: RwSignal<Frame>) -> RwSignal<String> {
    let newest_build = RwSignal::new(frame.with_untracked(|frame| frame.build.clone()));
    if cfg!(feature = "hydrate") {
        let _ = BUILDS.set((newest_build.get_untracked(), newest_build));
    }
    let unread = RwSignal::new(frame.with_untracked(|frame| frame.unread));
    provide_context(Unread(unread));
    // Who signs in or out brings the number along.
    Effect::new(move |_| unread.set(frame.with(|frame| frame.unread)));
    let take_over = move |answer: Result<Frame, ApiError>| {
        let Ok(fresh) = answer else { return };
        if fresh.actor.is_some() {
            unread.set(fresh.unread);
        }
        // Other rights are taken over. That nobody is signed in any more does not empty the page under
        // somebody's hands: whatever he does next tells him. And who has just signed out stays out.
        let changed = |known: &Frame| known.actor.is_some() && known.actor != fresh.actor;
        let next_day = frame.with_untracked(|frame| frame.day != fresh.day);
        if fresh.actor.is_some() && (frame.with_untracked(changed) || next_day) {
            frame.set(fresh);
        }
    };
    Effect::new(move |_| {
        let touched = StoredValue::new(false);
        let hands = [
            window_event_listener(leptos::ev::pointerdown, move |_| touched.set_value(true)),
            window_event_listener(leptos::ev::keydown, move |_| touched.set_value(true)),
            window_event_listener(leptos::ev::wheel, move |_| touched.set_value(true)),
        ];
        let ask = move || {
            let session = frame.with_untracked(|frame| frame.actor.as_ref().map(|actor| actor.session));
            let present = touched.try_update_value(std::mem::take).unwrap_or_default();
            if session == Some(SessionKind::Kiosk) || (present && session.is_some()) {
                leptos::task::spawn_local(async move { take_over(frame_get().await) });
            }
        };
        let timer = set_interval_with_handle(ask, Duration::from_secs(PRESENCE_SECONDS));
        on_cleanup(move || {
            hands.into_iter().for_each(WindowListenerHandle::remove);
            if let Ok(timer) = timer {
                timer.clear();
            }
        });
    });
    newest_build
}

/// Says that the page is older than the system, and how to get the new one. A wall helps itself.
#[component]
pub(crate) fn Outdated(newest_build: RwSignal<String>) -> impl IntoView {
    let frame = use_frame();
    let drawn_by = newest_build.get_untracked();
    let outdated = Memo::new(move |_| newest_build.with(|newest| *newest != drawn_by));
    let reload = || drop(window().location().reload());
    Effect::new(move |_| {
        let wall = frame.with(|frame| frame.actor.as_ref().is_some_and(|actor| actor.session == SessionKind::Kiosk));
        if outdated.get() && wall {
            reload();
        }
    });
    move || {
        outdated.get().then(|| {
            view! {
                <div class="alert alert-info alert-soft rounded-none py-2" role="status">
                    <span>"系统已更新，请刷新页面"</span>
                    <button type="button" class="btn btn-sm btn-primary" on:click=move |_| reload()>"刷新"</button>
                </div>
            }
        })
    }
}

/// Says that a part of the program did not come. The loader of the parts shows it and listens to its button
/// (`frontend/bundle/src/loader.js`), because a page whose own part is missing has nobody else.
#[component]
pub(crate) fn PartMissing() -> impl IntoView {
    view! {
        <div class="alert alert-warning alert-soft rounded-none py-2" role="alert" data-part-missing hidden>
            <span>"页面的一部分未能加载，请检查网络后重试"</span>
            <button type="button" class="btn btn-sm btn-primary">"重试"</button>
            <a class="btn btn-sm btn-ghost" href="" rel="external">"刷新页面"</a>
        </div>
    }
}
