//! Keeps the index of the search up with the database, and takes queries that a browser sends as a form: the only way
//! by which a number of a person reaches the search, because a form's body stands in no address and no log.

use crate::{
    plan,
    router::{AppState, page},
};
use app::context::{SearchedNumber, Visit};
use axum::{
    Extension, Form,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Redirect, Response},
};
use domain::{list::percent_encode, platform::job::Plan, search::personal_number};
use serde::Deserialize;
use store::{Database, platform::plan::Outcome, search::search_refresh};
use tokio::{sync::watch, task::JoinHandle};

/// Indexes what was changed, a second later, until the process is to end.
pub fn start(database: Database, stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut stop = stopping.clone();
        let stop = async move { drop(stop.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| {
            let stopping = stopping.clone();
            async move { refresh(&database, &stopping).await }
        };
        plan::keep(database, Plan::SearchIndex, stop, work).await;
    })
}

/// After an import there is much to do: until nothing is left, or the process is to end.
async fn refresh(database: &Database, stopping: &watch::Receiver<bool>) -> Outcome {
    let mut indexed = 0;
    loop {
        match search_refresh(database).await.map_err(|error| error.to_string())? {
            0 => break,
            count => indexed += count,
        }
        if *stopping.borrow() {
            break;
        }
    }
    Ok((indexed > 0).then(|| format!("更新{indexed}条")))
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
