//! Figures for operators, in the text format that Prometheus reads.
//!
//! They are answered at an address of their own (`--metrics-listen`, none by default) and never at the public port:
//! they tell strangers when the city works, how busy it is and where it fails, a rule "the proxy forbids this path"
//! is forgotten with the next proxy, and a scrape must get through when the public port is full. The address takes
//! no password, so it is to be one that only the scraper reaches: loopback, or the machines' own network.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use prometheus_client::{
    encoding::{
        EncodeLabelSet,
        text::{encode_eof, encode_registry},
    },
    metrics::{
        counter::Counter,
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};
use std::{sync::Arc, time::Duration};
use store::{Database, measure};

/// Seconds. From a cached answer to what people give up at.
const BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// What a scrape waits for the database; the rest is told also when that is away.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    /// `2xx` …, or `abandoned` when the browser went away first
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    limit: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: String,
    state: &'static str,
}

/// What is counted as it happens. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Counted>);

#[derive(Debug)]
struct Counted {
    /// a histogram's count is the number of requests
    requests: Family<Answered, Histogram, fn() -> Histogram>,
    limited: Family<Refused, Counter>,
    streams: Gauge,
    registry: Registry,
}

impl Default for Metrics {
    fn default() -> Self {
        let requests: Family<Answered, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(BUCKETS));
        let (limited, streams) = (Family::default(), Gauge::default());
        let mut registry = Registry::with_prefix("housing");
        registry.register_with_unit("http_request", "Time to the head of the answer", Unit::Seconds, requests.clone());
        registry.register("http_limited", "Requests refused because there were too many", limited.clone());
        registry.register("live_streams", "Browsers that listen to changes now", streams.clone());
        Self(Arc::new(Counted { requests, limited, streams, registry }))
    }
}

impl Metrics {
    /// One request that is over; no status: its browser went away.
    pub fn request(&self, method: &'static str, route: &str, status: Option<u16>, took: Duration) {
        let status = match status.map(|status| status / 100) {
            Some(1) => "1xx",
            Some(2) => "2xx",
            Some(3) => "3xx",
            Some(4) => "4xx",
            Some(_) => "5xx",
            None => "abandoned",
        };
        let answered = Answered { method, route: route.to_owned(), status };
        self.0.requests.get_or_create(&answered).observe(took.as_secs_f64());
    }

    /// One request that was refused by a limit.
    pub fn limited(&self, limit: &'static str) {
        self.0.limited.get_or_create(&Refused { limit }).inc();
    }

    /// Counts a live stream for as long as the answer is kept.
    #[must_use]
    pub fn stream(&self) -> Streaming {
        self.0.streams.inc();
        Streaming(self.0.streams.clone())
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        encode_registry(text, &self.0.registry)
    }
}

/// A live stream that goes on.
#[derive(Debug)]
pub struct Streaming(Gauge);

impl Drop for Streaming {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The routes of the operators' address.
pub fn router(metrics: Metrics, database: Database) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state((metrics, database))
}

/// `GET /metrics`
async fn scrape(State((metrics, database)): State<(Metrics, Database)>) -> Response {
    let figures = match tokio::time::timeout(PATIENCE, measure::figures(&database)).await {
        Ok(Ok(figures)) => Some(figures),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database gives no figures");
            None
        }
        Err(_) => None,
    };
    let mut text = String::new();
    let registry = asked(&database, figures.as_ref());
    match metrics
        .write(&mut text)
        .and_then(|()| encode_registry(&mut text, &registry))
        .and_then(|()| encode_eof(&mut text))
    {
        Ok(()) => ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What is asked for at the moment of a scrape.
fn asked(database: &Database, figures: Option<&measure::Figures>) -> Registry {
    let mut registry = Registry::with_prefix("housing");
    let number = |value: i64| ConstGauge::new(value);
    registry.register("database_up", "Whether the database gave its figures", number(figures.is_some().into()));
    let connections = Family::<Kind, Gauge>::default();
    for pool in measure::pools(database) {
        for (state, count) in [("open", i64::from(pool.size)), ("idle", whole(pool.idle)), ("most", pool.most.into())] {
            connections.get_or_create(&Kind { kind: pool.name.to_owned(), state }).set(count);
        }
    }
    registry.register("database_connections", "Connections by pool", connections);
    if let Some(figures) = figures {
        let jobs = Family::<Kind, Gauge>::default();
        for queue in &figures.queue {
            for (state, count) in [
                ("waiting", queue.waiting),
                ("running", queue.running),
                ("retrying", queue.retrying),
                ("failed", queue.failed),
            ] {
                jobs.get_or_create(&Kind { kind: queue.task.clone(), state }).set(count);
            }
        }
        registry.register("jobs", "Jobs in the queue; retrying ones are also waiting", jobs);
        registry.register("audit_unsealed_lines", "Lines of the operation log in no block", number(figures.unsealed));
        let lag = ConstGauge::new(figures.unsealed_seconds);
        registry.register_with_unit("audit_seal_lag", "Age of the oldest unsealed line", Unit::Seconds, lag);
    }
    if let Some(bytes) = resident() {
        registry.register_with_unit("process_resident_memory", "Memory in use", Unit::Bytes, number(bytes));
    }
    registry
}

fn whole(count: usize) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// Only where there is a /proc, which costs nothing to read.
fn resident() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok()? * 1024)
}
