//! Live changes to browsers: one stream of server-sent events each (architecture §2).

use crate::{front::metrics::Streaming, router::AppState};
use app::context::Visit;
use axum::{
    Extension,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::platform::permission::Permission;
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use store::{
    Ctx,
    live::{Change, changes_after},
};
use tokio::{
    sync::{broadcast, watch},
    time::Interval,
};

/// Most missed changes that are sent again; behind that the page loads anew.
const REPLAY_MAX: i64 = 500;
/// The session and its scope are checked again this often while a stream is open.
pub const RECHECK: Duration = Duration::from_secs(20);

/// What a page wants to hear of.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Wanted {
    estate: Option<i64>,
    building: Option<i64>,
}

#[derive(Serialize)]
struct Told<'a> {
    estate: i64,
    building: i64,
    unit: Option<i64>,
    status: Option<&'a str>,
    /// the payment colour that the unit has taken on
    color: Option<&'a str>,
}

/// `GET /live?building=5`: changes in the actor's scope from now on, or from `Last-Event-ID` on.
pub async fn stream(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let (Some(ctx), Some(secret)) = (visit.ctx, visit.secret) else { return StatusCode::UNAUTHORIZED.into_response() };
    // What a stream tells is what boards show; whoever may not open these hears nothing either.
    if ctx.require(Permission::BuildingRead).is_err() {
        return StatusCode::FORBIDDEN.into_response();
    }
    // Subscribed before reading what was missed: a change between the two comes twice, never not at all.
    let receiver = state.feed.subscribe();
    let mut waiting = VecDeque::new();
    if let Some(mark) = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok()) {
        match changes_after(ctx.database(), mark, REPLAY_MAX).await {
            Ok(Some(missed)) => waiting.extend(missed.iter().filter(|change| hears(&ctx, wanted, change)).map(event)),
            Ok(None) | Err(_) => waiting.push_back(refresh()),
        }
    }
    let recheck = tokio::time::interval_at(tokio::time::Instant::now() + state.stream_recheck, state.stream_recheck);
    let counted = state.front.metrics.stream();
    let listener =
        Listener { ctx, secret, wanted, receiver, waiting, recheck, stopping: state.stopping, _counted: counted };
    Sse::new(listener.events()).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

struct Listener {
    ctx: Ctx,
    secret: String,
    wanted: Wanted,
    receiver: broadcast::Receiver<Arc<Change>>,
    waiting: VecDeque<Event>,
    /// lives as long as the stream: begun anew with every event it would never come on a busy board
    recheck: Interval,
    stopping: watch::Receiver<bool>,
    _counted: Streaming,
}

impl Listener {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut listener| async move { listener.next().await.map(|event| (Ok(event), listener)) })
    }

    /// The next event, or the end: on shutdown, and when the session is no longer good.
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(event);
        }
        loop {
            tokio::select! {
                // In this order: an event does not slip out before a check that is due.
                biased;
                () = stopped(&mut self.stopping) => return None,
                _ = self.recheck.tick() => {
                    let now = chrono::Utc::now();
                    self.ctx = store::platform::session::session_peek(self.ctx.database(), &self.secret, now).await.ok()??;
                }
                received = self.receiver.recv() => match received {
                    Ok(change) if hears(&self.ctx, self.wanted, &change) => return Some(event(&change)),
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Lagged(_)) => return Some(refresh()),
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
            }
        }
    }
}

/// Ends when the process is to end.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Whether a change lies in the actor's scope and in what the page shows.
fn hears(ctx: &Ctx, wanted: Wanted, change: &Change) -> bool {
    ctx.sees(change.district_id, change.estate_id)
        && wanted.estate.is_none_or(|estate| estate == change.estate_id)
        && wanted.building.is_none_or(|building| building == change.building_id)
}

/// The id of an event is the mark up to which nothing is missing, so that a reconnecting browser
/// names a place from which nothing gets lost.
fn event(change: &Change) -> Event {
    let told = Told {
        estate: change.estate_id,
        building: change.building_id,
        unit: change.unit.as_ref().or(change.color.as_ref()).map(|(unit, _)| *unit),
        status: change.unit.as_ref().map(|(_, status)| status.as_str()),
        color: change.color.as_ref().map(|(_, color)| color.as_str()),
    };
    let data = serde_json::to_string(&told).unwrap_or_default();
    Event::default().id(change.mark.to_string()).data(data)
}

fn refresh() -> Event {
    Event::default().event("refresh").data("")
}
