//! Compresses at build time, so that the server only ever copies bytes.

use std::{
    io::Write as _,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::Result;

use crate::{bind::Files, cache::Cache};

/// One file in every form in which it is served.
pub struct Packed {
    pub name: String,
    pub plain: Vec<u8>,
    pub brotli: Option<Vec<u8>>,
    /// Browsers offer brotli over TLS and on localhost only; a plain-HTTP office network gets this.
    pub gzip: Option<Vec<u8>>,
}

/// Pictures and fonts are compressed already.
const TEXT_LIKE: &[&str] = &["css", "html", "js", "json", "map", "svg", "txt", "wasm", "webmanifest"];

const BROTLI_RELEASE: i32 = 11;
const BROTLI_DEV: i32 = 5;

/// Adds the compressed forms. While developing only a quick brotli is made.
pub fn compress_all(files: Files, release: bool, cache: &Cache) -> Result<Vec<Packed>> {
    let quality = if release { BROTLI_RELEASE } else { BROTLI_DEV };
    let mut packed = in_parallel(files.into_iter().collect(), |(name, plain)| {
        let text_like = is_text_like(name);
        let brotli = text_like
            .then(|| cache.get_or_make(&format!("brotli {quality}"), plain, || brotli(plain, quality)))
            .transpose()?;
        let gzip = (text_like && release).then(|| cache.get_or_make("gzip", plain, || gzip(plain))).transpose()?;
        Ok(Packed { name: name.clone(), plain: plain.clone(), brotli, gzip })
    })?;
    packed.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packed)
}

fn is_text_like(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| TEXT_LIKE.iter().any(|known| found == *known))
}

/// Brotli of this quality, 0 to 11.
pub fn brotli(mut plain: &[u8], quality: i32) -> Result<Vec<u8>> {
    // 24 bits of window hold the whole file of any module; every browser takes it.
    let params = brotli::enc::BrotliEncoderParams { quality, lgwin: 24, size_hint: plain.len(), ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut plain, &mut out, &params)?;
    Ok(out)
}

fn gzip(plain: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?)
}

/// Runs `work` over `jobs` on every core, biggest first, because the main module outweighs all others.
/// The results come in no particular order.
pub fn in_parallel<R: Send>(
    mut jobs: Vec<(String, Vec<u8>)>,
    work: impl Fn(&(String, Vec<u8>)) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    jobs.sort_by_key(|(_, bytes)| std::cmp::Reverse(bytes.len()));
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(2, usize::from).min(jobs.len());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(job);
                    results.lock().expect("no holder of this lock panics").push(result);
                }
            });
        }
    });
    results.into_inner().expect("no holder of this lock panics").into_iter().collect()
}
