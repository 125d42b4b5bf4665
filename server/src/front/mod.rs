//! What stands between the network and the pages: who is believed about addresses, the trace of every request,
//! limits, what is turned away unread, readiness, headers, figures for operators.

pub mod header;
pub mod limit;
pub mod metrics;
pub mod part;
pub mod plain;
pub mod ready;
pub mod tls;
pub mod trace;

use axum::{
    extract::{ConnectInfo, Request},
    http::HeaderName,
};
use limit::Limits;
use metrics::Metrics;
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::AtomicBool},
};

/// Shared by all requests.
#[derive(Clone, Debug, Default)]
pub struct Front {
    /// a trusted proxy is in front: what it says of the visitor's address and of the request's id is believed
    pub behind_proxy: bool,
    /// people reach us by HTTPS only, through our own TLS or the proxy's
    pub https: bool,
    pub limits: Limits,
    pub metrics: Metrics,
    /// every migration was found applied; that stays so while the process runs
    pub migrated: Arc<AtomicBool>,
}

impl Front {
    /// The visitor's network address; behind a trusted proxy the last one it names.
    #[must_use]
    pub fn address(&self, request: &Request) -> Option<IpAddr> {
        let direct = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let named = self.behind_proxy.then(|| self.named(request)).flatten();
        // A server that listens on both families sees the old one in the clothes of the new one.
        named.or(direct).map(|address| address.to_canonical())
    }

    fn named(&self, request: &Request) -> Option<IpAddr> {
        // A proxy may send the list in one header or one header per address: the last one is its own word.
        let lines = request.headers().get_all(HeaderName::from_static("x-forwarded-for"));
        lines.iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    }
}
