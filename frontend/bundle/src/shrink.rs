//! Makes WASM and JavaScript small, with the tools that `style/package.json` pins.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{bind::Files, cache::Cache, compress::in_parallel};

/// Relative to the repository's root, from where the tool is run.
const MODULES: &str = "style/node_modules";

/// npm's binaryen: Debian's version 108 writes modules whose table cannot grow.
///
/// The features are those that rustc switches on for wasm32 by itself; naming them is necessary
/// because the split parts carry no `target_features` section.
const WASM_OPT: &[&str] = &[
    "-Oz",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The loader's and the bindings' exports and imports are names between files, so: no bundling.
const ESBUILD: &[&str] = &["--minify", "--format=esm", "--target=es2020", "--loader=js", "--log-level=error"];

/// Replaces every `.wasm` and `.js` by its smaller form; two at a time on two cores.
pub fn shrink_all(files: &mut Files, work: &Path, cache: &Cache) -> Result<()> {
    let wasm_opt = Tool::find("wasm-opt", "binaryen", WASM_OPT)?;
    let esbuild = Tool::find("esbuild", "esbuild", ESBUILD)?;
    let scratch = work.join("shrink");
    fs::create_dir_all(&scratch)?;
    let jobs: Vec<(String, Vec<u8>)> = files
        .iter()
        .filter(|(name, _)| is(name, "wasm") || is(name, "js"))
        .map(|(name, bytes)| (name.clone(), bytes.clone()))
        .collect();
    let made = in_parallel(jobs, |(name, bytes)| {
        let tool = if is(name, "wasm") { &wasm_opt } else { &esbuild };
        let small = cache.get_or_make(&tool.operation, bytes, || tool.run(name, bytes, &scratch))?;
        Ok((name.clone(), small))
    })?;
    files.extend(made);
    Ok(fs::remove_dir_all(&scratch)?)
}

fn is(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

struct Tool {
    program: PathBuf,
    args: &'static [&'static str],
    /// For the cache: a newer tool or other options give other results.
    operation: String,
}

impl Tool {
    fn find(name: &str, package: &str, args: &'static [&'static str]) -> Result<Self> {
        let manifest = Path::new(MODULES).join(package).join("package.json");
        let text = fs::read(&manifest).with_context(|| {
            format!("{} is missing; run `.ci/setup` from the repository's root", manifest.display())
        })?;
        let version = serde_json::from_slice::<serde_json::Value>(&text)?["version"].to_string();
        Ok(Self {
            program: Path::new(MODULES).join(".bin").join(name),
            args,
            operation: format!("{name} {version} {}", args.join(" ")),
        })
    }

    /// wasm-opt works on files, esbuild's transform from standard input to standard output.
    fn run(&self, name: &str, bytes: &[u8], scratch: &Path) -> Result<Vec<u8>> {
        let source = scratch.join(name.replace('/', "_"));
        let target = source.with_extension("small");
        fs::write(&source, bytes)?;
        let mut command = Command::new(&self.program);
        command.args(self.args);
        if is(name, "wasm") {
            command.arg(&source).arg("-o").arg(&target);
        } else {
            command.stdin(fs::File::open(&source)?);
        }
        let output = command.output().with_context(|| format!("cannot start {}", self.program.display()))?;
        if !output.status.success() {
            bail!("{} failed on {name}: {}", self.program.display(), String::from_utf8_lossy(&output.stderr).trim());
        }
        if is(name, "wasm") { Ok(fs::read(&target)?) } else { Ok(output.stdout) }
    }
}
