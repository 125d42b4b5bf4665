//! How many requests are too many.
//!
//! Three limits, each a bucket that is full after a quiet minute:
//! - the door (signing in, captchas, changing a password), per network address: what guessing needs many of, and what
//!   costs us most, a slow hash per try. A single account is guarded by its own lock (S1-1.1); this is about trying
//!   many accounts from one place. A hall of clerks behind one address comes in at eight with two requests each, so
//!   sixty of them within one minute are let in at the default, and a larger hall raises it;
//! - what one session may ask, far above what hands can do, below what a script does;
//! - what one address may ask, before the database is asked whose session it is: ten sessions' worth.
//!
//! Each process counts for itself: behind a balancer over N of them a limit is up to N times as high, which is no
//! reason to ask a shared store about every request.

use super::Front;
use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use domain::failure::Failure;
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    state::keyed::HashMapStateStore,
};
use std::{
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

/// Addresses of the door. The pages of the door are among them: they draw a captcha.
const DOOR: [&str; 11] = [
    "/sign-in",
    domain::platform::forgotten::PAGE,
    "/api/sign_in",
    "/api/password_code_create",
    "/api/password_forgotten_set",
    "/api/captcha_create",
    "/api/password_change",
    "/api/factor_verify",
    "/api/factor_confirm",
    "/my/sign-in",
    "/my/sign-in/code",
];
/// So many sessions' worth may come from one address.
const SESSIONS_PER_ADDRESS: u32 = 10;
/// After so many questions, keys whose bucket is full again are forgotten.
const SWEEP_EVERY: u32 = 4096;

/// Requests per minute; zero is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerMinute {
    /// at the door, per address
    pub door: u32,
    /// per session; an address may ten times as many
    pub session: u32,
}

/// The buckets; clones share them. The default has none.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    door: Option<Arc<Buckets<IpAddr>>>,
    address: Option<Arc<Buckets<IpAddr>>>,
    session: Option<Arc<Buckets<u64>>>,
}

#[derive(Debug)]
struct Buckets<K: Hash + Eq + Clone> {
    governor: RateLimiter<K, HashMapStateStore<K>, DefaultClock>,
    asked: AtomicU32,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(per_minute: u32) -> Option<Arc<Self>> {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute)?);
        Some(Arc::new(Self { governor: RateLimiter::hashmap(quota), asked: AtomicU32::new(0) }))
    }

    /// Takes a drop out of the bucket; when it is empty, answers after how many seconds to come again.
    fn take(&self, key: &K) -> Result<(), u64> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.governor.retain_recent();
        }
        self.governor
            .check_key(key)
            .map_err(|until| until.wait_time_from(self.governor.clock().now()).as_secs().saturating_add(1))
    }
}

impl Limits {
    #[must_use]
    pub fn new(per_minute: PerMinute) -> Self {
        Self {
            door: Buckets::new(per_minute.door),
            address: Buckets::new(per_minute.session.saturating_mul(SESSIONS_PER_ADDRESS)),
            session: Buckets::new(per_minute.session),
        }
    }
}

impl Front {
    /// Asked first, when only the address is known. `None`: it may go on.
    #[must_use]
    pub fn refuse_address(&self, address: Option<IpAddr>, path: &str, asked: Asked) -> Option<Response> {
        // An address that nobody named is one address.
        let address = network(address.unwrap_or(IpAddr::from([0, 0, 0, 0])));
        if DOOR.contains(&path)
            && let Some(Err(seconds)) = self.limits.door.as_ref().map(|buckets| buckets.take(&address))
        {
            return Some(self.refused("door", seconds, asked));
        }
        let Err(seconds) = self.limits.address.as_ref()?.take(&address) else { return None };
        Some(self.refused("address", seconds, asked))
    }

    /// Asked when the session is known to be one.
    #[must_use]
    pub fn refuse_session(&self, secret: &str, asked: Asked) -> Option<Response> {
        let buckets = self.limits.session.as_ref()?;
        let digest = store::platform::token::digest(secret.as_bytes());
        let key = u64::from_be_bytes(digest[..8].try_into().unwrap_or_default());
        let Err(seconds) = buckets.take(&key) else { return None };
        Some(self.refused("session", seconds, asked))
    }

    /// 429 in the form that was asked for (domain.md §0.5 rule 11).
    fn refused(&self, limit: &'static str, seconds: u64, asked: Asked) -> Response {
        self.metrics.limited(limit);
        let sentence = format!("操作过于频繁，请于{seconds}秒后再试");
        let mut response = match asked {
            Asked::Data => axum::Json(Failure::refused(sentence)).into_response(),
            Asked::File => sentence.into_response(),
            Asked::Page => Html(page(&sentence)).into_response(),
        };
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// In which form an answer is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// a server function called by a page
    Data,
    /// a file or a stream
    File,
    /// a page, or a form without JavaScript
    Page,
}

impl Asked {
    #[must_use]
    pub fn of(method: &Method, path: &str, headers: &HeaderMap) -> Self {
        let accepts = |kind| {
            headers
                .get(header::ACCEPT)
                .and_then(|accept| accept.to_str().ok())
                .is_some_and(|accept| accept.contains(kind))
        };
        match path {
            _ if path.starts_with("/api/") && !accepts("text/html") => Self::Data,
            _ if ["/files/", "/live", "/map/outlines"].iter().any(|start| path.starts_with(start)) => Self::File,
            _ if accepts("text/html") || *method == Method::GET => Self::Page,
            _ => Self::File,
        }
    }
}

/// Whoever has one address of the new family has 2⁶⁴ of them.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// Drawn without the application, which would cost what the limit is to save.
fn page(sentence: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>操作过于频繁</title></head><body><main><h1>操作过于频繁</h1><p>{sentence}</p>\
         <p><a href=\"/\">返回首页</a></p></main></body></html>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_emptied_and_says_when_to_come_again() {
        let buckets = Buckets::new(3).expect("a limit");
        assert_eq!((1..=3).map(|_| buckets.take(&1)).collect::<Vec<_>>(), [Ok(()); 3]);
        let seconds = buckets.take(&1).expect_err("the fourth within a minute");
        assert!((19..=21).contains(&seconds), "one of three per minute: {seconds}");
        assert_eq!(buckets.take(&2), Ok(()), "another one's bucket is full");
        assert!(Buckets::<u8>::new(0).is_none(), "zero is no limit");
    }

    #[test]
    fn buckets_that_are_full_again_are_forgotten() {
        let buckets = Buckets::new(u32::MAX).expect("a limit");
        for key in 0..SWEEP_EVERY - 1 {
            let _ = buckets.take(&key);
        }
        let before = buckets.governor.len();
        let _ = buckets.take(&0);
        assert!(buckets.governor.len() < before, "{before} keys are still there");
    }

    #[test]
    fn a_house_of_the_new_family_is_one_address() {
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert_eq!(network(address("2001:db8:1:2:3::4")), network(address("2001:db8:1:2:ffff::1")));
        assert_ne!(network(address("2001:db8:1:2::")), network(address("2001:db8:1:3::")));
        assert_ne!(network(address("192.0.2.1")), network(address("192.0.2.2")));
    }
}
