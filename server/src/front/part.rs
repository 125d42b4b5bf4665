//! The lazy modules of the browser's side, each as one file with the shared chunks that the page does not have yet.
//!
//! `parts.json` and `parts.bin` of a build, written by the `bundle` tool, say what a part consists of. What was put together
//! and compressed is kept: most pages begin with one of a few dozen parts and go on in the same ways.

use crate::router::AppState;
use axum::{
    Router,
    extract::{self, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use hashlink::LruCache;
use serde::Deserialize;
use std::{
    collections::HashMap,
    fs::File,
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};
use tokio::sync::{OnceCell, Semaphore};

/// Answers that are kept, of 20 to 200 KB each.
const KEPT: usize = 160;
/// Compressed well at once, on however many processors. Who comes when these are taken gets his quickly and larger: the
/// address says what to leave out, so anybody can think of new ones.
const COMPRESSED_AT_ONCE: usize = 2;
const QUICKLY: u32 = 2;
/// How well brotli works on what many ask for: ten times as long for 6 % less, one after the other and behind what people wait for.
const BEST: u32 = 11;
const MANY: u32 = 8;
/// Bits of brotli's window: it holds any part whole.
const WINDOW: u32 = 24;
/// An empty WASM module, which the sections follow.
const HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// The parts of every build that lies there.
pub struct Parts {
    folder: PathBuf,
    builds: Mutex<HashMap<String, Arc<Build>>>,
    compressing: Semaphore,
    improving: Arc<Semaphore>,
}

/// One build.
struct Build {
    index: Index,
    pieces: File,
    made: Mutex<LruCache<Wanted, Arc<Kept>>>,
}

/// What was put together once, at first well and later as well as it can be.
#[derive(Default)]
struct Kept {
    made: OnceCell<Mutex<Made>>,
    asked: AtomicU32,
    best: AtomicBool,
}

/// `parts.json`.
#[derive(Deserialize)]
struct Index {
    /// how well brotli is to work; a quick build's parts travel as they are
    quality: Option<u32>,
    /// start and length of each section in `parts.bin`, in bytes
    pieces: Vec<(u64, usize)>,
    /// what each part consists of, its own module last
    parts: Vec<Vec<u32>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Encoding {
    Brotli,
    Gzip,
    Plain,
}

/// Which pieces, and how they are to travel.
type Wanted = (Encoding, Vec<u32>);

/// What was put together, in the form in which it travels.
type Made = axum::body::Bytes;

/// Nobody's turn yet.
struct Busy;

/// Which parts the page has already, by their numbers.
#[derive(Deserialize)]
pub struct Having {
    #[serde(default)]
    have: String,
}

/// The address of parts; `folder` holds a folder for each build.
pub fn routes(folder: PathBuf) -> Router<AppState> {
    let (compressing, improving) = (Semaphore::new(COMPRESSED_AT_ONCE), Arc::new(Semaphore::new(1)));
    let parts = Parts { folder, builds: Mutex::default(), compressing, improving };
    Router::new().route("/{build}/part/{part}", get(answer)).with_state(Arc::new(parts))
}

async fn answer(
    State(parts): State<Arc<Parts>>,
    extract::Path((build, part)): extract::Path<(String, String)>,
    Query(having): Query<Having>,
    headers: HeaderMap,
) -> Response {
    let Some(build) = parts.build(&build) else { return StatusCode::NOT_FOUND.into_response() };
    let part = part.strip_suffix(".wasm").and_then(|number| number.parse().ok());
    let Some(pieces) = part.and_then(|part| build.index.missing(part, &having.have)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let encoding = if build.index.quality.is_none() { Encoding::Plain } else { Encoding::of(&headers) };
    match parts.made(build, encoding, pieces).await {
        Ok(body) => {
            let mut response =
                ([(header::CONTENT_TYPE, "application/wasm"), (header::VARY, "accept-encoding")], body).into_response();
            if let Some(name) = encoding.name() {
                response.headers_mut().insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(name));
            }
            response
        }
        Err(error) => {
            tracing::error!(%error, "a part of the browser's side cannot be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl Parts {
    /// A build that lies there. There are two at most, see the `bundle` tool.
    fn build(&self, hash: &str) -> Option<Arc<Build>> {
        if hash.is_empty() || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut builds = self.builds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(build) = builds.get(hash) {
            return Some(build.clone());
        }
        let build = Arc::new(Build::open(&self.folder.join(hash)).ok()?);
        builds.retain(|known, _| self.folder.join(known).is_dir());
        builds.insert(hash.to_owned(), build.clone());
        Some(build)
    }

    async fn made(&self, build: Arc<Build>, encoding: Encoding, pieces: Vec<u32>) -> io::Result<Made> {
        let kept = {
            let mut made = build.made.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (encoding, pieces.clone());
            match made.get(&key) {
                Some(kept) => kept.clone(),
                None => {
                    let kept = Arc::new(Kept::default());
                    made.insert(key, kept.clone());
                    kept
                }
            }
        };
        if let Some(made) = kept.now() {
            if encoding == Encoding::Brotli {
                self.improve(build, kept, pieces);
            }
            return Ok(made);
        }
        let well = kept
            .made
            .get_or_try_init(async || {
                let turn = self.compressing.try_acquire().map_err(|_| Ok(Busy))?;
                let quality = build.index.quality.unwrap_or_default();
                let made = make(build.clone(), encoding, pieces.clone(), quality).await.map_err(Err);
                drop(turn);
                made.map(Mutex::new)
            })
            .await;
        match well {
            Ok(made) => Ok(made.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            Err(Ok(Busy)) => make(build, encoding, pieces, QUICKLY).await,
            Err(Err(error)) => Err(error),
        }
    }

    /// Makes the best of what was asked for many times, once: what finds others at work comes back.
    fn improve(&self, build: Arc<Build>, kept: Arc<Kept>, pieces: Vec<u32>) {
        let few = kept.asked.fetch_add(1, Ordering::Relaxed) < MANY;
        let busy = self.compressing.available_permits() < COMPRESSED_AT_ONCE;
        if few || busy || kept.best.load(Ordering::Relaxed) {
            return;
        }
        let Ok(turn) = self.improving.clone().try_acquire_owned() else { return };
        kept.best.store(true, Ordering::Relaxed);
        tokio::spawn(async move {
            // What was made well stays when this fails.
            if let (Ok(best), Some(made)) = (make(build, Encoding::Brotli, pieces, BEST).await, kept.made.get()) {
                *made.lock().unwrap_or_else(PoisonError::into_inner) = best;
            }
            drop(turn);
        });
    }
}

impl Kept {
    fn now(&self) -> Option<Made> {
        self.made.get().map(|made| made.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// What parts weigh as they travel when many have asked for them, in bytes: each one's own code alone, and with all that it shares.
///
/// # Errors
/// When the folder holds no build.
pub fn weights(folder: &Path) -> io::Result<Vec<(usize, usize)>> {
    let build = Build::open(folder)?;
    let weigh = |pieces: &[u32]| Ok::<_, io::Error>(Encoding::Brotli.encode(build.together(pieces)?, BEST)?.len());
    build
        .index
        .parts
        .iter()
        .map(|pieces| Ok((weigh(pieces.last().map_or(&[][..], std::slice::from_ref))?, weigh(pieces)?)))
        .collect()
}

async fn make(build: Arc<Build>, encoding: Encoding, pieces: Vec<u32>, quality: u32) -> io::Result<Made> {
    tokio::task::spawn_blocking(move || Ok(encoding.encode(build.together(&pieces)?, quality)?.into()))
        .await
        .map_err(io::Error::other)?
}

impl Build {
    fn open(folder: &Path) -> io::Result<Self> {
        let index = serde_json::from_slice(&std::fs::read(folder.join("parts.json"))?)?;
        let pieces = File::open(folder.join("parts.bin"))?;
        Ok(Self { index, pieces, made: Mutex::new(LruCache::new(KEPT)) })
    }

    /// The sections of these pieces as one module.
    fn together(&self, pieces: &[u32]) -> io::Result<Vec<u8>> {
        let mut file = HEADER.to_vec();
        for piece in pieces {
            let (start, length) = self.index.pieces[*piece as usize];
            let end = file.len();
            file.resize(end + length, 0);
            self.pieces.read_exact_at(&mut file[end..], start)?;
        }
        Ok(file)
    }
}

impl Index {
    /// What a part needs and those that the page has did not bring; `None` for numbers that no part has.
    fn missing(&self, part: usize, have: &str) -> Option<Vec<u32>> {
        let mut brought = vec![false; self.pieces.len()];
        for part in have.split(',').filter(|part| !part.is_empty()) {
            for piece in self.parts.get(part.parse::<usize>().ok()?)? {
                *brought.get_mut(*piece as usize)? = true;
            }
        }
        let pieces = self.parts.get(part)?;
        let missing = |piece: &&u32| brought.get(**piece as usize).is_some_and(|brought| !brought);
        Some(pieces.iter().filter(missing).copied().collect())
    }
}

impl Encoding {
    /// The best that the browser reads. Over plain HTTP browsers offer no brotli.
    fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut names = accepted.split(',').map(|one| one.split(';').next().unwrap_or_default().trim());
        match (names.clone().any(|name| name == "br"), names.any(|name| name == "gzip")) {
            (true, _) => Self::Brotli,
            (false, true) => Self::Gzip,
            (false, false) => Self::Plain,
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Plain => None,
        }
    }

    fn encode(self, plain: Vec<u8>, quality: u32) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain => Ok(plain),
            Self::Brotli => {
                let mut small = brotli::CompressorWriter::new(Vec::new(), plain.len().max(1), quality, WINDOW);
                small.write_all(&plain)?;
                Ok(small.into_inner())
            }
            Self::Gzip => {
                let mut small = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(quality.min(9)));
                small.write_all(&plain)?;
                small.finish()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let pieces = vec![(0, 3), (3, 2), (5, 4), (9, 1)];
        Index { quality: Some(9), pieces, parts: vec![vec![0, 2], vec![0, 1, 3]] }
    }

    #[test]
    fn a_part_comes_with_what_the_page_lacks() {
        assert_eq!(index().missing(1, ""), Some(vec![0, 1, 3]));
        assert_eq!(index().missing(1, "0"), Some(vec![1, 3]));
        assert_eq!(index().missing(1, "0,1"), Some(Vec::new()));
        assert_eq!(index().missing(2, ""), None);
        assert_eq!(index().missing(0, "7"), None);
        assert_eq!(index().missing(0, "-1"), None);
        assert_eq!(index().missing(0, "ein"), None);
    }

    #[test]
    fn every_encoding_is_read_back() {
        let plain = b"housing".repeat(5_000);
        let mut read = Vec::new();
        let small = Encoding::Brotli.encode(plain.clone(), 9).expect("compressed");
        brotli::BrotliDecompress(&mut small.as_slice(), &mut read).expect("brotli");
        assert!(read == plain && small.len() < 200);
        let small = Encoding::Gzip.encode(plain.clone(), 9).expect("compressed");
        let mut read = Vec::new();
        io::Read::read_to_end(&mut flate2::read::GzDecoder::new(small.as_slice()), &mut read).expect("gzip");
        assert!(read == plain && small.len() < 400);
        assert!(Encoding::Plain.encode(plain.clone(), 9).expect("as it is") == plain);
    }

    #[test]
    fn the_best_encoding_that_is_offered() {
        for (offered, encoding) in [("gzip, deflate, br", "br"), ("gzip;q=0.8", "gzip"), ("identity", ""), ("", "")] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, offered.parse().expect("a header"));
            assert_eq!(Encoding::of(&headers).name().unwrap_or_default(), encoding);
        }
    }
}
