//! Keeps the index of the search up with the database, and takes queries that a browser sends as a form: the only way
//! by which a number of a person reaches the search, because a form's body stands in no address and no log.

use crate::router::{AppState, page};
use app::context::{SearchedNumber, Visit};
use axum::{
    Extension, Form,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Redirect, Response},
};
use domain::{list::percent_encode, search::personal_number};
use serde::Deserialize;
use std::time::Duration;
use store::{Database, search::search_refresh};
use tokio::{sync::watch, task::JoinHandle, time};

/// How long what was entered waits until it can be found.
const EVERY: Duration = Duration::from_secs(1);

/// Indexes what was changed, for ever; every process looks, one at a time works.
pub fn start(database: Database, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = time::interval(EVERY);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = async { drop(stopping.wait_for(|stopping| *stopping).await) } => return,
                _ = ticks.tick() => {}
            }
            // After an import there is much to do; the pause only comes when nothing is left.
            while !*stopping.borrow() {
                match search_refresh(&database).await {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(%error, "could not index what was changed; tried again");
                        break;
                    }
                }
            }
        }
    })
}

/// What the box of the search sends.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
}

/// `POST /search`: leads to the address of the query, so that it can be kept and sent to others; unless it holds a
/// number, whose bearers are shown at once under an address without it.
pub async fn submit(state: State<AppState>, visit: Extension<Visit>, Form(asked): Form<Asked>) -> Response {
    let Some(number) = personal_number(&asked.q) else {
        return Redirect::to(&format!("/search?q={}", percent_encode(asked.q.trim()))).into_response();
    };
    let Ok(mut request) = Request::builder().uri("/search").body(Body::empty()) else {
        return Redirect::to("/search").into_response();
    };
    request.extensions_mut().insert(SearchedNumber(number));
    page(state, visit, request).await
}
