//! Makes WASM and JavaScript small, with the tools that `style/package.json` pins.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{bind::Files, cache::Cache, compress::in_parallel};

/// Relative to the repository's root, from where the tool is run.
const MODULES: &str = "style/node_modules";

/// npm's binaryen (Debian's version 108 writes modules whose table cannot grow), for any number of files.
const WASM_OPT: &str = "style/wasm-opt.mjs";

/// The loader's and the bindings' exports and imports are names between files, so: no bundling.
const ESBUILD: &[&str] = &["--minify", "--format=esm", "--target=es2020", "--loader=js", "--log-level=error"];

/// Replaces every `.wasm` and `.js` by its smaller form; two at a time on two cores.
pub fn shrink_all(files: &mut Files, work: &Path, cache: &Cache) -> Result<()> {
    let wasm_opt = WasmOpt::find()?;
    let esbuild = format!("esbuild {} {}", version("esbuild")?, ESBUILD.join(" "));
    let scratch = work.join("shrink");
    fs::create_dir_all(&scratch)?;
    let jobs = files.iter().filter(|(name, _)| is(name, "wasm") || is(name, "js"));
    let jobs = jobs.map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
    let made = in_parallel(jobs, |(name, bytes)| {
        let source = scratch.join(name.replace('/', "_"));
        let small = if is(name, "wasm") {
            cache.get_or_make(&wasm_opt.operation, bytes, || wasm_opt.run(&source, bytes))
        } else {
            cache.get_or_make(&esbuild, bytes, || minified(&source, bytes))
        };
        Ok((name.clone(), small.with_context(|| name.clone())?))
    })?;
    files.extend(made);
    Ok(fs::remove_dir_all(&scratch)?)
}

fn is(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

/// The version of a tool that npm has installed: a part of what is remembered of its results.
fn version(package: &str) -> Result<String> {
    let manifest = Path::new(MODULES).join(package).join("package.json");
    let text = fs::read(&manifest)
        .with_context(|| format!("{} is missing; run `.ci/setup` from the repository's root", manifest.display()))?;
    Ok(serde_json::from_slice::<serde_json::Value>(&text)?["version"].to_string())
}

/// esbuild's transform, from standard input to standard output.
fn minified(source: &Path, bytes: &[u8]) -> Result<Vec<u8>> {
    fs::write(source, bytes)?;
    let program = Path::new(MODULES).join(".bin/esbuild");
    let mut command = Command::new(&program);
    command.args(ESBUILD).stdin(fs::File::open(source)?);
    let output = command.output().with_context(|| format!("cannot start {}", program.display()))?;
    if !output.status.success() {
        bail!("esbuild: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// Processes of [`WASM_OPT`], as many as are at work at once: there are thousands of chunks, and starting one takes longer than
/// most of them.
struct WasmOpt {
    idle: Mutex<Vec<Worker>>,
    /// for the cache: a newer tool or other options give other results
    operation: String,
}

impl WasmOpt {
    fn find() -> Result<Self> {
        let script = fs::read_to_string(WASM_OPT).with_context(|| WASM_OPT.to_owned())?;
        Ok(Self { idle: Mutex::default(), operation: format!("binaryen {} {script}", version("binaryen")?) })
    }

    fn run(&self, source: &Path, bytes: &[u8]) -> Result<Vec<u8>> {
        let target = source.with_extension("small");
        fs::write(source, bytes)?;
        let idle = self.idle.lock().expect("no holder of this lock panics").pop();
        let mut worker = idle.map_or_else(Worker::start, Ok)?;
        worker.run(source, &target)?;
        self.idle.lock().expect("no holder of this lock panics").push(worker);
        Ok(fs::read(&target)?)
    }
}

/// One process; it ends with its standard input.
struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Worker {
    fn start() -> Result<Self> {
        let mut command = Command::new("node");
        command.arg(WASM_OPT).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start node")?;
        let (input, output) = (child.stdin.take(), child.stdout.take().context("no output")?);
        Ok(Self { child, input, output: BufReader::new(output) })
    }

    fn run(&mut self, source: &Path, target: &Path) -> Result<()> {
        let input = self.input.as_mut().context("it has ended")?;
        writeln!(input, "{}\t{}", source.display(), target.display())?;
        input.flush()?;
        let mut done = String::new();
        self.output.read_line(&mut done)?;
        ensure!(Path::new(done.trim_end()) == target, "{WASM_OPT} ended before it was done with it");
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
