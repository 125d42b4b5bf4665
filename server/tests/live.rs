//! The live stream over HTTP: it ends with its session, however much there is to tell.

use crate::support::{Site, request};
use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use futures_util::StreamExt as _;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tower::ServiceExt as _;

/// Something happens in every building.
async fn change(site: &Site) {
    sqlx::raw_sql(
        "insert into change (district_id, estate_id, building_id) select district_id, estate_id, id from building;
         select pg_notify('look', '')",
    )
    .execute(&site.test.admin)
    .await
    .expect("a change");
}

/// A clerk who was dismissed does not go on watching because the board is busy.
#[tokio::test]
async fn a_stream_ends_with_its_session_also_on_a_busy_board() {
    let site = Site::open().await;
    let session = site.session("city").await;
    let asked = request(Method::GET, "/live", Some(&session)).body(Body::empty()).expect("a request");
    let response = site.router.clone().oneshot(asked).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    let mut stream = response.into_body().into_data_stream();
    change(&site).await;
    let told = timeout(Duration::from_secs(5), stream.next()).await.expect("told in time").expect("an event");
    let told = String::from_utf8_lossy(&told.expect("bytes")).into_owned();
    assert!(told.contains("\"building\":"), "{told}");

    sqlx::query("update session set expires_at = now() - interval '1 s'")
        .execute(&site.test.admin)
        .await
        .expect("ended");
    // Something is told more often than the check comes round, for ten times as long.
    let late = Instant::now() + Duration::from_secs(5);
    while Instant::now() < late {
        change(&site).await;
        loop {
            match timeout(Duration::from_millis(50), stream.next()).await {
                Ok(None) => return,
                Ok(Some(event)) => drop(event.expect("bytes")),
                Err(_) => break,
            }
        }
    }
    panic!("the stream goes on without a session");
}
