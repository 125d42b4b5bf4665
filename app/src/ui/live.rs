//! Live changes: one stream of server-sent events per page (architecture §2).

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast as _, closure::Closure},
};
use serde::Deserialize;
use std::time::Duration;
use web_sys::{EventSource, MessageEvent};

/// Pause before a refused stream is asked for again.
const RETRY: Duration = Duration::from_secs(3);

/// One change, as the stream words it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct LiveChange {
    pub estate: i64,
    pub building: i64,
    /// none: something in the building changed, look again
    pub unit: Option<i64>,
    pub status: Option<String>,
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
pub fn use_live(filter: Signal<String>, hear: impl Fn(Heard) + Copy + 'static) -> RwSignal<bool> {
    let connected = RwSignal::new(false);
    let tries = RwSignal::new(0_u32);
    Effect::new(move |_| {
        tries.track();
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
        let kept = send_wrapper(source, (opened, broken, changed, refreshed));
        on_cleanup(move || kept.close());
    });
    connected
}

/// Keeps the stream and what it calls alive until the page goes.
struct Kept<T> {
    source: EventSource,
    _calls: T,
}

impl<T> Kept<T> {
    fn close(&self) {
        self.source.close();
    }
}

fn send_wrapper<T: 'static>(source: EventSource, calls: T) -> leptos::__reexports::send_wrapper::SendWrapper<Kept<T>> {
    leptos::__reexports::send_wrapper::SendWrapper::new(Kept { source, _calls: calls })
}
