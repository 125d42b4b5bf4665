//! Headers that every answer carries. The content security policy of a page is the page's own (`router`), because
//! it names the nonce of that very page.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// Two years, as browsers' lists of HTTPS hosts ask for. Without `includeSubDomains` and `preload`: the neighbours
/// of this host belong to others, and nobody gets out of that list in a hurry.
const TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// What is the same for all answers. `frame-ancestors` and the old `x-frame-options` say the same, and so do
/// opener and resource policy: no page of another origin shows, opens or embeds anything of this one.
const ALWAYS: [(HeaderName, HeaderValue); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()"),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    // Of what is no page nothing runs and nothing loads, should a browser ever take it for one.
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// Adds what is missing; what a handler has set stays.
pub fn complete(headers: &mut HeaderMap, https: bool) {
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
    if https {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(TRANSPORT);
    }
}
