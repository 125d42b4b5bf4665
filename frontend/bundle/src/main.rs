//! Build tool: turns the one WASM file that cargo makes into what a browser loads.
//!
//! split by module → wasm-bindgen → (release: wasm-opt, esbuild) → all parts into one file → brotli and gzip
//! → one versioned directory. It must not know the application: module names come out of the WASM itself.

mod bind;
mod cache;
mod compress;
mod loader;
mod part;
mod publish;
mod shrink;
mod stamp;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

/// The stem of the entry files; the server sets the same as `LeptosOptions::output_name`.
const OUTPUT_NAME: &str = "housing";

const USAGE: &str = "usage: bundle <input.wasm> <site dir> [--release] [--assets <dir>] [--public <dir>]";

/// What the command line asks for.
pub struct Order {
    /// The `cdylib` of crate `frontend`, linked with `--emit-relocs`.
    pub input: PathBuf,
    /// Where the server finds `pkg/<hash>/` and `build.txt`.
    pub site: PathBuf,
    /// Style sheets and vendor scripts, already built, that go into the versioned directory.
    pub assets: Option<PathBuf>,
    /// Static files with names of their own (`favicon.ico`), copied to the site's root.
    pub public: Option<PathBuf>,
    /// Make it small (slow) instead of quickly.
    pub release: bool,
}

impl Order {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self> {
        let (mut free, mut assets, mut public, mut release) = (Vec::new(), None, None, false);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--release" => release = true,
                "--assets" => assets = Some(PathBuf::from(args.next().context(USAGE)?)),
                "--public" => public = Some(PathBuf::from(args.next().context(USAGE)?)),
                flag if flag.starts_with('-') => bail!("unknown option {flag}; {USAGE}"),
                _ => free.push(PathBuf::from(arg)),
            }
        }
        let Ok([input, site]) = <[PathBuf; 2]>::try_from(free) else { bail!(USAGE) };
        Ok(Self { input, site, assets, public, release })
    }

    /// Scratch space beside the site, so that nothing unfinished is ever below the served root.
    fn work(&self) -> PathBuf {
        let mut name = self.site.file_name().unwrap_or_default().to_owned();
        name.push(".work");
        self.site.with_file_name(name)
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bundle: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let order = Order::parse(std::env::args().skip(1))?;
    let work = order.work();
    let stamp = stamp::of(&order)?;
    if stamp::matches(&work, &stamp) && publish::is_complete(&order.site) {
        return Ok(());
    }
    std::fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;

    let mut clock = Stopwatch::start();
    let (mut files, mut modules) = bind::split_and_bind(&order.input, &work.join("bound"), order.release)?;
    let parts = part::plan(&mut modules)?;
    loader::ask_for_parts(&mut files, &parts)?;
    loader::forgive(&mut files)?;
    files.insert(bind::MANIFEST.to_owned(), serde_json::to_vec(&modules)?);
    clock.lap("split and bind");
    let mut cache = cache::Cache::open(work.join("cache"))?;
    if order.release {
        shrink::shrink_all(&mut files, &work, &cache)?;
        clock.lap("wasm-opt and esbuild");
    }
    let sizes = part::gather(&mut files, &parts, order.release)?;
    clock.lap("gather");
    if let Some(assets) = &order.assets {
        add_assets(&mut files, assets)?;
    }
    let packed = compress::compress_all(files, order.release, &cache)?;
    clock.lap("compress");
    let site = publish::publish(&order, &packed, sizes)?;
    cache.forget_unused()?;
    stamp::write(&work, &stamp)?;
    clock.lap("publish");
    publish::print_table(&site, &packed, &clock);
    Ok(())
}

/// Adds the style sheets and vendor scripts; a name that the WASM side already uses is a mistake.
fn add_assets(files: &mut bind::Files, dir: &Path) -> Result<()> {
    for (name, bytes) in bind::read_tree(dir)? {
        if files.insert(name.clone(), bytes).is_some() {
            bail!("{} of {} would overwrite a generated file", name, dir.display());
        }
    }
    Ok(())
}

/// Seconds per step, for the last line of the table.
pub struct Stopwatch {
    last: Instant,
    laps: Vec<(&'static str, f64)>,
}

impl Stopwatch {
    fn start() -> Self {
        Self { last: Instant::now(), laps: Vec::new() }
    }

    fn lap(&mut self, name: &'static str) {
        self.laps.push((name, self.last.elapsed().as_secs_f64()));
        self.last = Instant::now();
    }
}
