//! Live changes: one stream of server-sent events per page (architecture §2).

use leptos::{
    __reexports::send_wrapper::SendWrapper,
    prelude::*,
    wasm_bindgen::{JsCast as _, closure::Closure},
};
use serde::Deserialize;
use std::time::Duration;
use web_sys::{EventSource, MessageEvent};

/// Pause before a refused stream is asked for again.
const RETRY: Duration = Duration::from_secs(3);
/// Reasons to look again that come within this time are answered by one look.
const COALESCE: Duration = Duration::from_millis(300);

/// One change, as the stream words it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct LiveChange {
    pub estate: i64,
    pub building: i64,
    /// none: something in the building changed, look again
    pub unit: Option<i64>,
    pub status: Option<String>,
    /// the payment colour that the unit has taken on, or shows another debt under
    pub color: Option<String>,
}

/// What a page hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Change(LiveChange),
    /// (Re)connected, or too much was missed: everything on the page may be stale.
    Refresh,
}

/// Follows changes under `filter` (`building=5`, `estate=3`, or nothing) as long as the page lives.
/// A stream that breaks is opened again by the browser, one that is refused (a proxy without a server
/// behind it) by us; after each connection the page is told to look again, so a
/// change between drawing and listening is not missed either.
///
/// A tab that nobody sees holds no stream: a browser opens six connections to one host, and the seventh
/// tab would wait for ever. It listens, and looks, again when it comes to the front.
pub fn use_live(filter: Signal<String>, hear: impl Fn(Heard) + Copy + 'static) -> RwSignal<bool> {
    let connected = RwSignal::new(false);
    let tries = RwSignal::new(0_u32);
    let in_front = use_in_front();
    Effect::new(move |_| {
        tries.track();
        if !in_front.get() {
            return connected.set(false);
        }
        let Ok(source) = EventSource::new(&format!("/live?{}", filter.get())) else { return };
        let opened = Closure::<dyn Fn()>::new(move || {
            connected.set(true);
            hear(Heard::Refresh);
        });
        let broken = Closure::<dyn Fn()>::new({
            let source = source.clone();
            move || {
                connected.set(false);
                if source.ready_state() == EventSource::CLOSED {
                    set_timeout(
                        move || {
                            tries.try_update(|tries| *tries += 1);
                        },
                        RETRY,
                    );
                }
            }
        });
        let changed = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            if let Ok(change) = serde_json::from_str(&text) {
                hear(Heard::Change(change));
            }
        });
        let refreshed = Closure::<dyn Fn()>::new(move || hear(Heard::Refresh));
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(broken.as_ref().unchecked_ref()));
        source.set_onmessage(Some(changed.as_ref().unchecked_ref()));
        let _ = source.add_event_listener_with_callback("refresh", refreshed.as_ref().unchecked_ref());
        let kept = SendWrapper::new(Kept { source, _calls: (opened, broken, changed, refreshed) });
        on_cleanup(move || kept.source.close());
    });
    connected
}

/// Whether the tab is the one that is seen.
pub fn use_in_front() -> ReadSignal<bool> {
    let (in_front, set) = signal(true);
    Effect::new(move |_| {
        set.set(!document().hidden());
        let changed = Closure::<dyn Fn()>::new(move || {
            set.try_set(!document().hidden());
        });
        let _ = document().add_event_listener_with_callback("visibilitychange", changed.as_ref().unchecked_ref());
        let changed = SendWrapper::new(changed);
        on_cleanup(move || {
            let call = changed.as_ref().unchecked_ref();
            let _ = document().remove_event_listener_with_callback("visibilitychange", call);
        });
    });
    in_front
}

/// A call that may be asked for in bursts (an import tells of every building) and is made once per burst.
pub fn use_coalesced(call: impl Fn() + Copy + 'static) -> impl Fn() + Copy + 'static {
    use_coalesced_within(COALESCE, call)
}

/// The same, where one call within so long is enough.
pub fn use_coalesced_within(within: Duration, call: impl Fn() + Copy + 'static) -> impl Fn() + Copy + 'static {
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    on_cleanup(move || {
        if let Some(timer) = waiting.try_get_value().flatten() {
            timer.clear();
        }
    });
    move || {
        if waiting.try_with_value(Option::is_none) != Some(true) {
            return;
        }
        let timer = set_timeout_with_handle(
            move || {
                waiting.try_update_value(Option::take);
                call();
            },
            within,
        );
        waiting.set_value(timer.ok());
    }
}

/// Keeps the stream and what it calls alive until the page goes.
struct Kept<T> {
    source: EventSource,
    _calls: T,
}

/// Looks again every so often while the tab is seen, and at once when it comes back to the front.
pub fn use_refresh(every: Duration, look: impl Fn() + Copy + 'static) {
    let in_front = use_in_front();
    Effect::new(move |before: Option<bool>| {
        let seen = in_front.get();
        if seen && before == Some(false) {
            look();
        }
        if seen && let Ok(timer) = set_interval_with_handle(look, every) {
            on_cleanup(move || timer.clear());
        }
        seen
    });
}
