//! The parts of the browser's side: a module with the chunks that the page does not have yet.

use crate::support::{Site, request};
use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use std::time::Duration;

const HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// A build of two parts that share a piece.
fn publish(site: &Site, hash: &str) {
    let folder = site.folder.join("pkg").join(hash);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("parts.bin"), "abbccc").expect("a file");
    let index = r#"{"quality": null, "pieces": [[0, 1], [1, 2], [3, 3]], "parts": [[0, 1], [0, 2]]}"#;
    std::fs::write(folder.join("parts.json"), index).expect("a file");
}

#[tokio::test]
async fn a_part_brings_what_the_page_lacks() {
    let site = Site::open().await;
    publish(&site, "00ff");
    for (address, pieces) in [("0.wasm", "abb"), ("1.wasm", "accc"), ("1.wasm?have=0", "ccc"), ("0.wasm?have=1,0", "")]
    {
        let answer = site.get(&format!("/pkg/00ff/part/{address}"), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}");
        assert_eq!(answer.body, [HEADER, pieces.as_bytes()].concat(), "{address}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/wasm");
        assert!(answer.headers[header::CACHE_CONTROL].to_str().expect("a text").contains("immutable"));
    }
}

#[tokio::test]
async fn what_many_ask_for_gets_smaller() {
    let site = Site::open().await;
    let folder = site.folder.join("pkg/00fe");
    std::fs::create_dir_all(&folder).expect("a folder");
    let piece = &include_str!("../../Cargo.lock")[..20_000];
    std::fs::write(folder.join("parts.bin"), piece).expect("a file");
    let index = format!(r#"{{"quality": 5, "pieces": [[0, {}]], "parts": [[0]]}}"#, piece.len());
    std::fs::write(folder.join("parts.json"), index).expect("a file");
    let ask = async || {
        let asked = request(Method::GET, "/pkg/00fe/part/0.wasm", None).header(header::ACCEPT_ENCODING, "gzip, br");
        let answer = site.ask(asked.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.headers[header::CONTENT_ENCODING], "br");
        answer.body
    };
    let first = ask().await;
    let smaller = async {
        loop {
            let now = ask().await;
            if now.len() < first.len() {
                break now;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let best = tokio::time::timeout(Duration::from_secs(60), smaller).await.expect("made better by and by");
    for small in [&first, &best] {
        let mut read = Vec::new();
        brotli::BrotliDecompress(&mut small.as_slice(), &mut read).expect("brotli");
        assert!(read == [HEADER, piece.as_bytes()].concat());
    }
}

#[tokio::test]
async fn what_no_build_has_is_not_there_and_not_kept() {
    let site = Site::open().await;
    publish(&site, "00ff");
    publish(&site, "not-a-build");
    let wrong = [
        "00ff/part/2.wasm",
        "00ff/part/0",
        "00ff/part/x.wasm",
        "00ff/part/0.wasm?have=7",
        "00ff/part/0.wasm?have=..",
        "0123/part/0.wasm",
        "not-a-build/part/0.wasm",
        "..%2F00ff/part/0.wasm",
        "00ff/none.css",
    ];
    for address in wrong {
        let answer = site.get(&format!("/pkg/{address}"), None).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
        // Tomorrow there may be one of that name.
        assert!(!answer.headers.contains_key(header::CACHE_CONTROL), "{address}");
    }
}
